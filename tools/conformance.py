#!/usr/bin/env python3
"""Runs real images on their boards and says which do what their source says: one row of a table for each.

    python tools/conformance.py FOLDER [--cases TABLE.toml] [--only WORD] [--jobs N] [--out FILE.md]

The folder holds the images (they are not ours and never committed); the table says what each should do, see the head of
`tools/conformance_cases.toml`. Each image runs in a process of its own and is stopped after `--patience` seconds.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import tomllib

from twins import Board, FirmwareCrashed, Twin, TwinError

CASES = Path(__file__).with_name("conformance_cases.toml")
MARK = "<!-- tools/conformance.py writes what follows -->"
STEP = 0.02
"""Virtual seconds between two looks at what a case waits for."""
EXIT = "main() returned: the SDK's _exit is a BKPT, on which a processor without debugger locks up"


class Failed(Exception):  # noqa: N818  # what the table says of a case
    """A case did not do what its table says."""


# --- one case ---------------------------------------------------------------------------------------------------------


def board_of(case: Mapping[str, Any]) -> Board:
    """The case's board: a board of the package, with the case's own parts and consoles added."""
    base = Board.load(case.get("board", "pico"))
    assert base.path is not None
    data = tomllib.loads(base.path.read_text(encoding="utf-8"))
    for table in ("parts", "consoles"):
        data[table] = data.get(table, {}) | case.get(table, {})
    return Board.from_data(data, base.path)


def act(twin: Twin, action: str, target: str, value: Any = None) -> None:
    """One thing that the outside world does."""
    if action == "type":
        twin.consoles[target].send(value)
    elif action == "drive":
        twin.pins[target].drive(value)
    elif action == "release":
        twin.pins[target].release()
    elif action == "volts":
        twin.pins[target].voltage = value
    elif action == "call":
        name, _, method = target.partition(".")
        getattr(twin.parts[name], method)(*(value if isinstance(value, list) else [value]))
    else:
        raise ValueError(f"{action!r} is no action")


def missing(patterns: Iterable[str], text: str) -> str | None:
    """The first of the patterns that does not come after those before it."""
    at = 0
    for pattern in patterns:
        found = re.compile(pattern).search(text, at)
        if found is None:
            return pattern
        at = found.end()
    return None


def shown(twin: Twin, console: str) -> str:
    """What a console printed, as text."""
    return twin.output(console).decode("utf-8", "replace") if console in twin.consoles else ""


def decoded(moments: Iterable[int], levels: Iterable[bool], baud: int) -> str:
    """The 8N1 characters on a pin that firmware drives without a UART: each bit is looked at in its middle."""
    bit = 1e12 / baud
    edges = [(0, True), *zip(moments, levels, strict=True)]
    text, free, at = bytearray(), 0.0, 1
    for moment, level in edges:
        if level or moment < free:
            continue
        byte = 0
        for number in range(8):
            middle = moment + (1.5 + number) * bit
            while at < len(edges) and edges[at][0] <= middle:
                at += 1
            byte |= edges[at - 1][1] << number
        text.append(byte)
        free = moment + 9.5 * bit
    return text.decode("utf-8", "replace")


def check_wave(twin: Twin, wave: Mapping[str, Any]) -> None:
    """Lets the twin run for ``over`` seconds and looks at a pin: rising edges per second, share of time high."""
    over = float(wave["over"])
    bit = int(wave["pin"].removeprefix("GPIO"))
    start, level = twin.now, twin.pins[wave["pin"]].level
    twin.trace.record_pins()
    twin.run(over)
    moments, levels = twin.trace.take_pins()
    twin.trace.record_pins(False)
    bits = np.concatenate([[level], (levels >> np.uint64(bit) & np.uint64(1)).astype(bool)])
    spans = np.diff(np.concatenate([[start], moments, [twin.now]]).astype(np.float64))
    duty = float(spans[bits].sum() / spans.sum())
    rising = int((bits[1:] & ~bits[:-1]).sum())
    low, high = (np.array(wave["hz"]) * over) if isinstance(wave["hz"], list) else (wave["hz"] * over,) * 2
    if not low * 0.99 - 1 <= rising <= high * 1.01 + 1:
        raise Failed(f"{wave['pin']}: {rising} rising edges in {over} s, expected about {wave['hz']} a second")
    if "duty" in wave and abs(duty - wave["duty"]) > wave.get("within", 0.02):
        raise Failed(f"{wave['pin']}: high for {duty:.3f} of the time, expected {wave['duty']}")


def check_state(twin: Twin, case: Mapping[str, Any]) -> None:
    """What the case says of the end: levels, waves, memory of parts."""
    for wave in case.get("waves", ()):
        check_wave(twin, wave)
    for expression, wanted in case.get("state", {}).items():
        value: Any = twin
        for name in expression.split("."):
            value = value[name] if isinstance(value, Mapping) else getattr(value, name)
        if value != wanted:
            raise Failed(f"{expression} is {value!r}, expected {wanted!r}")


def follow(twin: Twin, case: Mapping[str, Any], notes: list[str]) -> None:
    """Runs the case until all is seen that it expects, or its time is over; `notes` takes what else there is to say."""
    if "serial" in case:
        pin, baud = case["serial"]["pin"], case["serial"]["baud"]
        twin.trace.record_pins()
        twin.run(case["seconds"])
        moments, levels = twin.trace.take_pins()
        bits = (levels >> np.uint64(int(pin.removeprefix("GPIO"))) & np.uint64(1)).astype(bool)
        text = decoded([int(moment) for moment in moments], [bool(bit) for bit in bits], baud)
        if (gone := missing(case["expect"], text)) is not None:
            raise Failed(f"no {gone!r} in what {pin} sends; it ended with {text[-80:]!r}")
        return
    console = case.get("console", "uart0")
    todo = sorted(case.get("do", ()), key=lambda step: step[0])
    patterns = case.get("expect", ())
    limit = int(float(case.get("seconds", 3)) * 1e12)
    usb = case.get("usb")
    while twin.now < limit:
        while todo and todo[0][0] * 1e12 <= twin.now:
            act(twin, *todo.pop(0)[1:])
        gone = missing(patterns, shown(twin, console)) if patterns else None
        plugged = usb is None or usb_identity(twin) == usb
        if not todo and gone is None and plugged and (patterns or usb) and "ends" not in case:
            break
        wake = min(limit, twin.now + int(STEP * 1e12), *(int(step[0] * 1e12) for step in todo[:1]))
        try:
            twin.advance(max(wake, twin.now + 1))
        except FirmwareCrashed as crash:
            if "ends" in case or "first fault: BKPT" not in str(crash):
                raise
            notes.append(EXIT)
    if usb is not None and usb_identity(twin) != usb:
        raise Failed(f"over USB it is {usb_identity(twin) or 'not configured'}, expected {usb}")
    gone = missing(patterns, shown(twin, console))
    if gone is not None:
        raise Failed(f"no {gone!r} on {console}; it ended with {shown(twin, console)[-80:]!r}")
    if "ends" in case:
        raise Failed(f"did not end in {case['ends']!r}")


def usb_identity(twin: Twin) -> str | None:
    """Vendor and product as the host read them, once the device is configured."""
    usb = getattr(twin, "usb", None)
    return f"{usb.vendor_id:04x}:{usb.product_id:04x}" if usb is not None and usb.configured else None


def run_case(case: Mapping[str, Any], image: Path) -> dict[str, Any]:
    """Runs one case in this process."""
    started = time.process_time()
    row: dict[str, Any] = {"image": case["image"], "result": "pass", "reason": ""}
    notes: list[str] = []
    twin = None
    try:
        elf = image.with_suffix(".elf")
        twin = Twin(board_of(case), image=image, elf=elf if elf.is_file() else None)
        for first, second in case.get("wires", ()):
            twin.pins.join(first, second)
        try:
            follow(twin, case, notes)
            check_state(twin, case)
        except TwinError as error:
            if "ends" not in case or case["ends"] not in str(error):
                raise
            check_state(twin, case)
    except (Failed, TwinError) as error:
        row |= {"result": "fail", "reason": " ".join(f"{error}".split())[:400]}
    except Exception as error:
        row |= {"result": "fail", "reason": f"{type(error).__name__}: {error}"[:400]}
    row["notes"] = notes
    row["cpu_s"] = time.process_time() - started
    if twin is not None:
        row["virtual_s"] = twin.now / 1e12
        row["unimplemented"] = {name: gap.count for name, gap in twin.unimplemented.items()}
        row["printed"] = {name: shown(twin, name)[-4000:] for name in twin.consoles}
        row["registers"] = [twin.registers(core) for core in (0, 1)]
    return row


# --- all of them ------------------------------------------------------------------------------------------------------


def run_apart(number: int, case: Mapping[str, Any], options: argparse.Namespace) -> dict[str, Any]:
    """Runs one case in a process of its own."""
    image = options.folder / case["image"]
    if not image.is_file():
        return {"image": case["image"], "result": "missing", "reason": "not in the folder"}
    command = [sys.executable, __file__, str(options.folder), "--cases", str(options.cases), "--one", str(number)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=options.patience, check=False)
    except subprocess.TimeoutExpired:
        return {
            "image": case["image"],
            "result": "fail",
            "reason": f"not done after {options.patience} s of wall clock",
        }
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        return {"image": case["image"], "result": "fail", "reason": f"the process ended with {done.returncode}: {last}"}
    row: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return row


def table(rows: Iterable[Mapping[str, Any]], cases: Iterable[Mapping[str, Any]]) -> str:
    """A Markdown table."""
    lines = ["| image | result | virtual | speed | not modelled but touched | remark |", "|---|---|---|---|---|---|"]
    for row, case in zip(rows, cases, strict=True):
        virtual, cpu = row.get("virtual_s"), row.get("cpu_s")
        remark = "; ".join(text for text in (row["reason"], case.get("remark", ""), *row.get("notes", ())) if text)
        cells = [
            f"`{row['image']}`",
            row["result"],
            f"{virtual:.2f} s" if virtual is not None else "",
            f"{virtual / cpu:.1f}×" if virtual is not None and cpu else "",
            ", ".join(row.get("unimplemented", ())),
            remark,
        ]
        lines.append("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, help="where the images are")
    parser.add_argument("--cases", type=Path, default=CASES, help="what each should do (TOML)")
    parser.add_argument("--only", default="", help="only images with this in their path")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time")
    parser.add_argument("--patience", type=float, default=120, help="seconds of wall clock for one image")
    parser.add_argument("--out", type=Path, help="write the table to this Markdown file, behind its mark")
    parser.add_argument("--json", type=Path, help="write all that is known of each run here")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    cases = tomllib.loads(options.cases.read_text(encoding="utf-8"))["case"]
    if options.one is not None:
        case = cases[options.one]
        print(json.dumps(run_case(case, options.folder / case["image"])))
        return 0
    chosen = [(number, case) for number, case in enumerate(cases) if options.only in case["image"]]
    with ThreadPoolExecutor(options.jobs) as pool:
        rows = list(pool.map(lambda item: run_apart(*item, options), chosen))
    text = table(rows, [case for _, case in chosen])
    print(text)
    if options.out:
        head = options.out.read_text(encoding="utf-8").partition(MARK)[0] if options.out.is_file() else ""
        options.out.write_text(f"{head}{MARK}\n\n{text}", encoding="utf-8")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    failed = [row for row in rows if row["result"] != "pass"]
    print(f"{len(rows) - len(failed)} of {len(rows)} pass")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
