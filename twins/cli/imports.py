"""``twins import``: board files of projects that were made for other tools."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from twins.cli.codes import DONE, FAILED
from twins.files import check_writable, whole_file


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    add = parser.add_argument
    add("kind", choices=["wokwi"], help="whose project it is")
    add("project", metavar="DIR", help="its folder, or its diagram.json")
    add("-o", "--out", metavar="FILE.toml", help="where the board file goes (printed without this)")
    add("--strict", action="store_true", help="exit 1 and write nothing if there is something that we lack")


def act(options: argparse.Namespace) -> int:
    """Writes the board file; the exit code."""
    from twins.wokwi.project import load_circuit

    if options.out:
        check_writable(options.out, ".toml")
    circuit = load_circuit(Path(options.project))
    say_missing(circuit.missing, circuit.notes)
    if circuit.missing and options.strict:
        return FAILED
    if options.out:
        with whole_file(options.out) as partial:
            partial.write_text(circuit.toml(), encoding="utf-8")
        print(options.out)
    else:
        sys.stdout.write(circuit.toml())
    return DONE


def say_missing(missing: list[str] | tuple[str, ...], notes: list[str] | tuple[str, ...]) -> None:
    """One list of what we lack, and what else is left out."""
    if missing:
        count = f"{len(missing)} thing{'s' if len(missing) > 1 else ''}"
        print(f"twins: the diagram has {count} that there are not here:", file=sys.stderr)
    for problem in missing:
        print(f"  {problem}", file=sys.stderr)
    for note in notes:
        print(f"twins: left out: {note}", file=sys.stderr)
