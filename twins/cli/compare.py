"""``twins compare``: the same image on several engines, and where they part."""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from twins.cli.engine import check_board, with_open_ports
from twins.engines import EngineSpec, absent
from twins.errors import UsageError
from twins.files import check_writable
from twins.units import ps

if TYPE_CHECKING:
    from twins.compare import Comparison, Recording, Rules

SAME, DIFFERENT = 0, 1


def add_compare_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    add = parser.add_argument
    add("board", metavar="BOARD", help="a name (see `twins boards`) or a .toml file")
    add("image", metavar="IMAGE", help=".uf2, .elf, .hex, .bin or a build folder")
    add(
        "--engines",
        metavar="A,B",
        default="native",
        help="each NAME or NAME:option=value,…; the first is compared with",
    )
    add("--with", dest="others", metavar="FILE", action="append", default=[], help="a recording to compare with, too")
    add("--record", metavar="FOLDER", help="keep each run as FOLDER/ENGINE.jsonl")
    add("--for", dest="duration", metavar="TIME", default="1s", help="virtual time to run (1s)")
    add("--elf", metavar="FILE", help="symbols for the image")
    add("--seed", metavar="N", type=int, default=0, help="for all that is random (0)")
    add("--input", metavar="SCRIPT.yaml", help="what a person does meanwhile (see twins.scripts)")
    functions = "compare registers at the entries of these functions: names with * and ?"
    add("--functions", metavar="PATTERN", action="append", default=[], help=functions)
    add("--every", metavar="N", type=int, default=0, help="compare registers every N instructions of the first core")
    add("--memory", metavar="SYMBOL", action="append", default=[], help="compare an object of the image at the end")
    add("--mask", metavar="REGEX", action="append", default=[], help="what this finds in a text does not count")
    add("--apart", metavar="TIME", help="events farther apart than this are different (however far without it)")
    add(
        "--end",
        metavar="TIME",
        default="20ms",
        help="what one alone shows so short before the end does not count (20ms)",
    )
    add("--pictures", metavar="FOLDER", help="write the pictures that differ")
    add("--allow-open-ports", action="store_true", help="let an engine listen where others on the network can reach it")
    add("--json", action="store_true", help="one JSON object")


def compare(options: argparse.Namespace) -> int:
    """Runs, compares, reports; the exit code."""
    from twins.compare import Rules

    check_board(options.board, options.image)
    specs = [_checked(spec, options) for spec in EngineSpec.parse_list(options.engines)]
    if len(specs) + len(options.others) < 2:
        raise UsageError("compare takes two engines at least: --engines native,native:slice=1, or --with FILE")
    rules = Rules(
        masks=[_pattern(text) for text in options.mask],
        end=ps(options.end),
        apart=ps(options.apart) if options.apart is not None else None,
    )
    first, *others = _recordings(specs, options)
    return _report(first, others, rules, options)


def _checked(spec: EngineSpec, options: argparse.Namespace) -> EngineSpec:
    """An engine that is here, or none of the runs begins."""
    if not spec.is_here:
        raise absent(spec.name)
    if options.allow_open_ports and spec.name != "native":
        return with_open_ports(spec, options)
    return spec


def _recordings(specs: list[EngineSpec], options: argparse.Namespace) -> list[Recording]:
    from twins.compare import Recording, Wishes, record
    from twins.compare.report import file_name

    wishes = Wishes(
        options.board,
        options.image,
        ps(options.duration),
        elf=options.elf,
        seed=options.seed,
        functions=tuple(options.functions),
        every=options.every,
        memory=tuple(options.memory),
        script=options.input,
    )
    loaded = [Recording.load(path) for path in options.others]
    paths = [Path(options.record or ".", f"{file_name(str(spec))}.jsonl") for spec in specs]
    if options.record:
        for path in paths:
            check_writable(path)
    made = []
    for spec, path in zip(specs, paths, strict=True):
        made.append(record(wishes, spec))
        if options.record:
            made[-1].save(path)
    return [*made, *loaded]


def _report(first: Recording, others: list[Recording], rules: Rules, options: argparse.Namespace) -> int:
    from twins.compare import compare as put_side_by_side
    from twins.compare.report import as_object, lines, save_pictures

    found: list[Comparison] = [put_side_by_side(first, other, rules) for other in others]
    different = any(comparison.differences for comparison in found)
    for comparison in found:
        if not options.json:
            print("\n".join(lines(comparison)))
        written = save_pictures(comparison, options.pictures) if options.pictures else []
        if not options.json:
            for path in written:
                print(f"  picture: {path}")
    if options.json:
        result = {"exit": DIFFERENT if different else SAME, "comparisons": [as_object(one) for one in found]}
        print(json.dumps(result))
    return DIFFERENT if different else SAME


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise UsageError(f"--mask {text!r}: {error}") from None
