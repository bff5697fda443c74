"""The ledger of fidelity is the one that the sources give."""

from __future__ import annotations

import runpy
from pathlib import Path

TOOL = Path(__file__).parent.parent / "tools" / "fidelity.py"


def test_the_ledger_is_up_to_date() -> None:
    tool = runpy.run_path(str(TOOL))
    written = tool["LEDGER"].read_text(encoding="utf-8")
    assert written == tool["ledger"](), "docs/fidelity.md is behind its sources: run python tools/fidelity.py"


def test_sources_with_a_section_on_fidelity_are_in_it() -> None:
    chapters = "".join(runpy.run_path(str(TOOL))["sections"]())
    for source in ("engine/armv6m/src/lib.rs", "engine/rp2040/src/uart/mod.rs", "engine/rp2040/src/spi/mod.rs"):
        assert f"`{source}`" in chapters
