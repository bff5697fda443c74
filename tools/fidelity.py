"""Writes docs/fidelity.md: the chapters of docs/fidelity/, what the engine's sources say of their own fidelity, and
every register field that is not modelled."""

from __future__ import annotations

import re
import sys
from collections import Counter, defaultdict
from itertools import takewhile
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

from twins import _engine

ROOT = Path(__file__).resolve().parent.parent
LEDGER = ROOT / "docs" / "fidelity.md"

HEAD = """# Fidelity: what is exact, what is approximated, what is missing

Written by `tools/fidelity.py` from the chapters in `docs/fidelity/`, the sections "Fidelity" at the head of the
engine's sources, and its register declarations.
A test keeps it up to date. A field that is listed as not modelled keeps what is written to it; each change of it is
counted in `twin.unimplemented`.

"""


def sections() -> list[str]:
    """A chapter for each source whose head has a section "Fidelity"."""
    chapters = []
    for path in sorted((ROOT / "engine").glob("*/src/**/*.rs")):
        head = takewhile(lambda line: line.startswith("//!"), path.read_text(encoding="utf-8").splitlines())
        lines = [line.removeprefix("//!").removeprefix(" ") for line in head]
        if "# Fidelity" not in lines:
            continue
        start = lines.index("# Fidelity") + 1
        body = takewhile(lambda line: not line.startswith("# "), lines[start:])
        where = path.relative_to(ROOT).as_posix()
        chapters.append(f"## {lines[0]}\n\n`{where}`\n\n" + "\n".join(body).strip() + "\n\n")
    return chapters


def devices(chip: str) -> dict[str, str]:
    """The blocks of a chip by the names of their instances, as its table of addresses has them, with their modules."""
    table = (ROOT / "engine" / chip / "src" / "devices.rs").read_text(encoding="utf-8")
    return dict(re.findall(r"^    0x\w+\.\.=0x\w+ (\w+): crate::([\w:]+)::\w+ = ", table, re.MULTILINE))


def probes(chip: str) -> dict[str, list[str]]:
    """The probe firmware that exercises each block, by what the probes' tables say."""
    found = defaultdict(list)
    for path in sorted((ROOT / "firmware" / "probes" / chip).glob("*.toml")):
        for block in tomllib.loads(path.read_text(encoding="utf-8"))["blocks"]:
            found[block].append(path.stem)
    return found


def probe_table(chip: str, name: str) -> list[str]:
    """Which probe exercises which block, and where the block says how true it is."""
    known, sources = probes(chip), ROOT / "engine" / chip / "src"
    parts = [
        f"## {name}: probes of each block\n\nA probe is a firmware of its own, `firmware/probes/{chip}`, with what must"
        " come out of it and who says so; tests run them all.\n\n| block | chapter above | probes |\n|---|---|---|\n"
    ]
    for block, module in devices(chip).items():
        source = sources / module.replace("::", "/")
        path = source / "mod.rs" if source.is_dir() else source.with_suffix(".rs")
        names = ", ".join(f"`{probe}`" for probe in known[block])
        parts.append(f"| {block} | `{path.relative_to(ROOT).as_posix()}` | {names} |\n")
    return [*parts, "\n"]


def tables(chip: str, name: str) -> list[str]:
    """How many fields each block of a chip declares, and which of them are not modelled."""
    fields = _engine.declared(chip)
    declared = Counter(field[0] for field in fields)
    missing = Counter(field[0] for field in fields if field[6])
    parts = [f"## {name}: declared register fields\n\n| block | fields | not modelled |\n|---|---|---|\n"]
    parts += [f"| {block} | {count} | {missing[block] or ''} |\n" for block, count in declared.items()]
    parts.append(f"\n## {name}: fields that are not modelled\n\n| field | bits | what is missing |\n|---|---|---|\n")
    parts += [
        f"| {block}.{register}.{field} | {high}:{low} | {why} |\n"
        for block, register, field, high, low, _, why in fields
        if why
    ]
    return [*parts, "\n"]


def ledger() -> str:
    """The text of the ledger."""
    parts = [HEAD]
    chapters = sorted((ROOT / "docs" / "fidelity").glob("*.md"))
    parts.extend(chapter.read_text(encoding="utf-8").rstrip() + "\n\n" for chapter in chapters)
    parts += sections()
    parts += probe_table("esp32s3", "ESP32-S3")
    for chip, name in (("rp2040", "RP2040"), ("esp32s3", "ESP32-S3")):
        parts += tables(chip, name)
    return "".join(parts).rstrip() + "\n"


def main() -> int:
    """Writes the ledger; with --check only tells whether it is up to date."""
    text = ledger()
    if "--check" in sys.argv:
        return 0 if LEDGER.is_file() and LEDGER.read_text(encoding="utf-8") == text else 1
    LEDGER.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
