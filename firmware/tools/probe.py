"""Compare what a probe left in memory with the table beside its source."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PROBES = Path(__file__).resolve().parent.parent / "probes"
MAGIC = 0x424F5250
HEADER_WORDS = 2
MAX_PAIRS = 96


def table(probe: str, chip: str = "rp2040") -> dict[int, dict[str, Any]]:
    """Return the expectations of a probe by their number."""
    rows = tomllib.loads((PROBES / chip / f"{probe}.toml").read_text())["results"]
    return {row["id"]: row for row in rows}


def compare(probe: str, words: Iterable[int], chip: str = "rp2040") -> list[str]:
    """Return a sentence for everything that is not as the table says.

    `words` are the 32-bit words of the symbol `probe_results`.
    """
    magic, count, *pairs = words
    if magic != MAGIC or count > MAX_PAIRS:
        return [f"{probe}: the probe has not started: magic {magic:#010x}, {count} results"]
    seen = dict(zip(pairs[0 : 2 * count : 2], pairs[1 : 2 * count : 2], strict=True))
    rows = table(probe, chip)
    wrong = [f"{probe} {number}: a result that is not in the table" for number in seen if number not in rows]
    for number, row in rows.items():
        if number not in seen:
            wrong.append(f"{probe} {number}: {row['name']}: no result")
            continue
        low, high = (row["equals"],) * 2 if "equals" in row else (row["min"], row["max"])
        if not low <= seen[number] <= high:
            expected = f"{low:#x}" if low == high else f"{low:#x} to {high:#x}"
            wrong.append(
                f"{probe} {number}: {row['name']}: got {seen[number]:#x} ({seen[number]}), "
                f"expected {expected} ({row['authority']})"
            )
    return wrong
