"""How fast the view is. The bench measures; this catches a view that has become slow (issue 5, section 6)."""

from __future__ import annotations

from bench.view import measure_view


def test_a_twin_keeps_most_of_its_speed_while_a_page_is_sent_whole_pictures() -> None:
    """Asked for are 0.8 and 25 on a machine that does nothing else; tests share theirs with others."""
    ratio, rate = measure_view(turns=3, seconds=1.0)
    assert ratio > 0.4
    assert rate > 8
