"""Writes docs/boards.md and docs/parts.md from the board files and the parts, with pictures that the twins make.

usage: python tools/gallery.py [FOLDER]

The pictures are deterministic: committed images on twins, or a test pattern on a bench.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import peripherals
from peripherals.dcs_display import CASET, COLMOD, DISPON, INVON, MADCTL, RAMWR, RASET, SLPOUT
from twins import Twin
from twins.bench import Bench
from twins.board import Board, boards
from twins.cli.parts import pins
from twins.frames import Frame, enlarged, frame_of, from_png, png
from twins.ports import Part

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
IMAGES = ROOT / "firmware" / "images"


def _turn_the_knob(twin: Twin) -> None:
    twin.run("300ms")
    twin.run(twin.knob.turn(+8))
    twin.run("200ms")


def _touch_the_pad(twin: Twin) -> None:
    twin.run("3s")
    for _ in range(3):
        twin.pad.touch("300ms")
        twin.run("2s")


SHOWN: dict[str, tuple[str, str, Callable[[Twin], None], int]] = {
    "media_controller": ("media_controller.uf2", "lcd", _turn_the_knob, 2),
    "jinny_lamp": ("jinny_lamp.bin", "matrix", _touch_the_pad, 6),
}
"""Board by board: the image that shows something on it, which part, what somebody does, and how much larger."""
TAKEN = {
    "badge": (
        "images/badge.png",
        "Its own firmware, which is not in this repository: see [conformance](conformance.md)",
    )
}
"""Pictures that are in the repository, since the image is not."""

BOARDS_HEAD = """# Boards

The boards that come with the package; `twins boards` lists them too. A board is a TOML file that reads like its
schematic: see [boards and parts of your own](guide/own.md). This page is written by `tools/gallery.py` from the board
files, the pictures are what twins show that run the images of this repository.

"""
PARTS_HEAD = """# Parts

What a board file can name; `twins parts` lists them too, and `twins parts LedMatrix` tells one. Pins in brackets may be
left out, a bus as a whole; options are given in the board file beside the pins. What each does exactly and what it
leaves out is in the [ledger](fidelity.md), what a test can do with it in the
[reference](reference/parts.md). This page is written by `tools/gallery.py`; the pictures are test patterns that were
sent over the parts' pins.

"""


# Boards


def board_page() -> tuple[str, dict[str, Frame]]:
    """The page, and its pictures by name."""
    chapters, pictures = [], {}
    for board in sorted(boards(), key=lambda board: board.name):
        chapter = [f"## {board.name}\n\n{board.title}. Chip: {CHIPS[board.chip.name]}.{_memory(board)}\n"]
        if board.name in SHOWN:
            image, part, _, _ = SHOWN[board.name]
            pictures[f"boards/{board.name}.png"] = picture_of(board.name)
            chapter.append(f"![{part} of {board.name}, running {image}](images/boards/{board.name}.png)\n")
        if board.name in TAKEN:
            path, words = TAKEN[board.name]
            chapter.append(f"![The screen of {board.name}]({path})\n\n{words}.\n")
        if board.parts:
            chapter.append("| part | type | where |\n|---|---|---|\n" + "".join(_rows(board)))
        chapter.append(f"Consoles: {', '.join(f'`{console.name}`' for console in board.consoles) or 'none'}.\n")
        chapters.append("\n".join(chapter))
    return BOARDS_HEAD + "\n".join(chapters), pictures


CHIPS = {"rp2040": "RP2040", "esp32s3": "ESP32-S3"}


def _memory(board: Board) -> str:
    psram = f", PSRAM: {board.psram_size >> 20} MB" if getattr(board, "psram_size", 0) else ""
    return f" Flash: {board.flash_size >> 20} MB{psram}."


def _rows(board: Board) -> Iterator[str]:
    for name, part in board.parts.items():
        pins = [f"{pin} on GPIO{number}" for pin, number in part.pins.items()]
        wires = [f"{pin} on {other}.{its}" for pin, (other, its) in part.wires.items()]
        yield f"| `{name}` | {part.type} | {', '.join([*pins, *wires])} |\n"


def picture_of(board: str) -> Frame:
    """What a board shows with the image that is named for it."""
    image, part, act, scale = SHOWN[board]
    with Twin(board, image=IMAGES / image) as twin:
        act(twin)
        return enlarged(frame_of(twin.parts[part]), scale)


# Parts


def part_page() -> tuple[str, dict[str, Frame]]:
    """The page, and its pictures by name."""
    chapters, pictures = [], {}
    for name in sorted(peripherals.__all__, key=str.lower):
        part = getattr(peripherals, name)
        lines = inspect.cleandoc(part.__doc__ or "").split("\n\n")
        chapter = [f"## {name}\n\n{lines[0]}\n"]
        if name in PATTERNS:
            pictures[f"parts/{name}.png"] = PATTERNS[name]()
            chapter.append(f"![{name} with a test pattern](images/parts/{name}.png)\n")
        chapter.append(f"Pins: {', '.join(f'`{pin}`' for pin in pins(part))}.\n")
        options = list(_options(part))
        chapter.append(f"Options: {', '.join(options)}.\n" if options else "It has no options.\n")
        chapters.append("\n".join(chapter))
    return PARTS_HEAD + "\n".join(chapters), pictures


def _options(part: type[Part]) -> Iterator[str]:
    for name, option in inspect.signature(part).parameters.items():
        if option.kind in (option.POSITIONAL_OR_KEYWORD, option.KEYWORD_ONLY):
            yield f"`{name}`" if option.default is option.empty else f"`{name}` ({_plain(option.default)})"


def _plain(value: Any) -> str:
    return re.sub(r"^'(.*)'$", r"\1", str(value))


def rainbow(height: int, width: int) -> Frame:
    """All hues from left to right, darker downwards."""
    hue = np.linspace(0, 6, width, endpoint=False)[None, :]
    value = np.linspace(255, 40, height)[:, None]
    channels = [np.clip(np.abs((hue + shift) % 6 - 3) - 1, 0, 1) * value for shift in (0, 4, 2)]
    return np.stack(channels, axis=-1).round().astype(np.uint8)


def _display(kind: type[Any], height: int, width: int, mode: int, inverted: bool) -> Frame:
    bench = Bench()
    lcd = bench.add(kind())

    def command(code: int, *parameters: int) -> None:
        bench.send(lcd.spi, [code], dc=0, bit="150ns")
        bench.send(lcd.spi, parameters, bit="150ns")

    bench.run("130ms")
    start = [(SLPOUT, ()), (MADCTL, (mode,)), (COLMOD, (0x55,)), *([(INVON, ())] if inverted else []), (DISPON, ())]
    for code, parameters in start:
        command(code, *parameters)
        bench.run("130ms")
    command(CASET, 0, 0, (width - 1) >> 8, (width - 1) & 255)
    command(RASET, 0, 0, (height - 1) >> 8, (height - 1) & 255)
    red, green, blue = np.moveaxis(rainbow(height, width).astype(np.uint16), -1, 0)
    pixels = (red >> 3 << 11) | (green >> 2 << 5) | (blue >> 3)
    command(RAMWR, *pixels.astype(">u2").tobytes())
    bench.run("100ms")
    return frame_of(lcd)


def _lights(part: Any, rows: int, columns: int, scale: int) -> Frame:
    bench = Bench()
    bench.add(part)
    bench.pulses(part.data, part.encode(rainbow(rows, columns).reshape(-1, 3)))
    bench.run("40ms")
    return enlarged(frame_of(part), scale)


PATTERNS: dict[str, Callable[[], Frame]] = {
    "ILI9341": lambda: _display(peripherals.ILI9341, 320, 240, 0x08, inverted=False),
    "ST7789": lambda: _display(peripherals.ST7789, 320, 240, 0x00, inverted=True),
    "WS2812": lambda: _lights(peripherals.WS2812(count=24), 1, 24, 12),
    "SK6812": lambda: _lights(peripherals.SK6812(count=24), 1, 24, 12),
    "LedMatrix": lambda: _lights(peripherals.LedMatrix(rows=16, columns=16), 16, 16, 12),
}


def behind(folder: Path) -> dict[str, str | Frame]:
    """The files of a folder that are not as they should be, by name, and what should be in them."""
    wrong: dict[str, str | Frame] = {}
    for name, write in (("boards.md", board_page), ("parts.md", part_page)):
        text, pictures = write()
        if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != text:
            wrong[name] = text
        for path, frame in pictures.items():
            there = folder / "images" / path
            if not there.is_file() or not np.array_equal(from_png(there.read_bytes()), frame):
                wrong[f"images/{path}"] = frame
    return wrong


def main() -> int:
    """Writes what is behind."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS
    for name, made in behind(folder).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if isinstance(made, str):
            (folder / name).write_text(made, encoding="utf-8")
        else:
            (folder / name).write_bytes(png(made))
        print(name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
