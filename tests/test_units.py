"""Durations and moments."""

from __future__ import annotations

import pytest

from twins.errors import UsageError
from twins.units import MS, SECOND, US, Duration, ms, ns, ps, seconds, us


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("2ms", 2 * MS),
        ("1.5 us", 1_500_000),
        ("1µs", US),
        ("2min", 120 * SECOND),
        ("1h", 3600 * SECOND),
        ("0.1s", SECOND // 10),
        ("7ps", 7),
        (0.1, SECOND // 10),
        (3, 3 * SECOND),
        (0, 0),
        (Duration(5), 5),
        (ns(2.5), 2500),
    ],
)
def test_a_time_is_a_text_seconds_or_a_duration(time: str | float, expected: int) -> None:
    assert ps(time) == expected


@pytest.mark.parametrize(
    "time", ["", "2", "ms", "2 parsecs", "-1ms", "1e3s", -1, float("nan"), float("inf"), True, None, Duration(-1), [1]]
)
def test_what_is_no_time_is_refused_with_a_sentence(time: object) -> None:
    with pytest.raises(UsageError, match=r"is no time: |lies in the past"):
        ps(time)  # type: ignore[arg-type]


def test_decimal_fractions_are_exact() -> None:
    """0.3 ms is 300 000 000 ps, though 0.3 is no binary fraction."""
    assert ps("0.3ms") == 300_000_000


@pytest.mark.parametrize(
    ("duration", "text", "exact"),
    [
        (ms(2.5), "2.5ms", "2.5ms"),
        (seconds(90), "90s", "90s"),
        (Duration(999), "999ps", "999ps"),
        (Duration(0), "0ps", "0ps"),
        (us(100), "100us", "100us"),
        (Duration(-1500), "-1.5ns", "-1.5ns"),
        (Duration(500_000_000_016), "500ms", "500.000000016ms"),
    ],
)
def test_durations_print_in_the_unit_that_suits_them(duration: Duration, text: str, exact: str) -> None:
    assert str(duration) == text
    assert repr(duration) == f"Duration('{exact}')"


def test_durations_calculate() -> None:
    assert ms(2) + us(500) == ms(2.5)
    assert sum([ms(1), ms(2)]) == ms(3)
    assert ms(2) - us(500) == us(1500)
    assert 3 * ms(2) == ms(2) * 3 == ms(6)
    assert ms(2) * 0.5 == ms(1)
    assert all(isinstance(d, Duration) for d in (ms(1) + 1, 1 + ms(1), ms(1) - 1, 2 * ms(1), ms(1) * 0.5))
    assert ms(2).seconds == 0.002
