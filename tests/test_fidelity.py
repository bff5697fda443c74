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


def test_every_block_of_the_esp32s3_says_how_true_it_is() -> None:
    """A source that declares register groups has a chapter, or the head of its folder has."""
    root = TOOL.parent.parent
    chapters = "".join(runpy.run_path(str(TOOL))["sections"]())
    sources = [
        path
        for path in (root / "engine" / "esp32s3" / "src").rglob("*.rs")
        if "const GROUPS: &'static [Group] = &[" in path.read_text(encoding="utf-8")
    ]
    assert len(sources) > 40
    for source in sources:
        heads = {source.relative_to(root).as_posix(), (source.parent / "mod.rs").relative_to(root).as_posix()}
        assert any(f"`{head}`" in chapters for head in heads), source


def test_every_block_of_the_esp32s3_has_a_probe() -> None:
    """And a probe's table names no other block than those of the table of addresses."""
    tool = runpy.run_path(str(TOOL))
    blocks, probed = tool["devices"]("esp32s3"), tool["probes"]("esp32s3")
    assert len(blocks) > 60
    assert set(blocks) == set(probed)
