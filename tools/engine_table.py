"""Writes the table of docs/engines.md that says what each engine can do, from what the adapters declare.

    python tools/engine_table.py [--check]

With --check it writes nothing and ends with 1 where the page is not up to date.
"""

from __future__ import annotations

import sys
from pathlib import Path

from twins.engines import adapter, names
from twins.engines.capabilities import MEANINGS, Capability
from twins.image import TARGETS

PAGE = Path(__file__).resolve().parent.parent / "docs" / "engines.md"
BEGIN, END = "<!-- tools/engine_table.py writes what follows -->", "<!-- up to here -->"


def table() -> str:
    """A row for each capability, a column for each engine."""
    engines = names()
    lines = [
        f"| capability | what it is for | {' | '.join(engines)} |",
        f"|---|---|{'---|' * len(engines)}",
    ]
    for capability in Capability:
        marks = ("yes" if capability in adapter(name).CAPABILITIES else "no" for name in engines)
        lines.append(f"| `{capability}` | {MEANINGS[capability][1]} | {' | '.join(marks)} |")
    chips = (", ".join(TARGETS[chip].title for chip in adapter(name).CHIPS) for name in engines)
    lines.append(f"| | chips | {' | '.join(chips)} |")
    return "\n".join(lines) + "\n"


def page(text: str) -> str:
    """The page with the table as it is now."""
    before, _, rest = text.partition(BEGIN)
    _, _, behind = rest.partition(END)
    return f"{before}{BEGIN}\n\n{table()}\n{END}{behind}"


def main(arguments: list[str]) -> int:
    """Writes or checks."""
    text = PAGE.read_text(encoding="utf-8")
    if text == page(text):
        return 0
    if "--check" in arguments:
        print("docs/engines.md is not up to date: run python tools/engine_table.py", file=sys.stderr)
        return 1
    PAGE.write_text(page(text), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
