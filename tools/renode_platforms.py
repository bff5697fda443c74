"""Writes what Renode needs to know of each board: `platforms/renode/BOARD.repl` and `BOARD.resc`.

For boards that are not of this package it writes `CHIP.resc`.

    python tools/renode_platforms.py           writes them
    python tools/renode_platforms.py --check   exits 1 where one is not as it would be written

The chips, `rp2040.repl` and `esp32s3.repl`, are written by hand.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from twins.board import Board

ROOT = Path(__file__).parent.parent
BOARDS = ROOT / "platforms" / "boards"
FOLDER = ROOT / "platforms" / "renode"


def repl(board: Board) -> str:
    """The board as Renode sees it: its parts are on our side of the bridge, what is left is the size of the flash."""
    said = (
        f"// {board.name}: written by tools/renode_platforms.py from platforms/boards/{board.name}.toml.\n\n"
        f'using "./{board.chip.name}.repl"\n'
    )
    if board.chip.name == "rp2040":
        said += f"\nflash: {{ size: 0x{board.flash_size:X} }}\n"
    return said


def resc(name: str) -> str:
    """The script that starts a board or a chip by hand."""
    return f""":name: {name}
:description: The processors of {name}; chip and parts are in the twin at the other end of the bridge.
# Written by tools/renode_platforms.py. Start the twin first; it says what to put here.

$bridge?="unix:/tmp/boardtwins/bridge"
$token?="00000000000000000000000000000000"
$quantum?="0.0001"

include $ORIGIN/TwinsFrame.cs
include $ORIGIN/TwinsRegisters.cs
include $ORIGIN/TwinsMemory.cs
include $ORIGIN/TwinsBus.cs

using sysbus
mach create "{name}"
machine LoadPlatformDescription $ORIGIN/{name}.repl

# One core after the other, and no slower than the host can: the same run each time.
emulation SetGlobalSerialExecution true
emulation SetAdvanceImmediately true
emulation SetGlobalQuantum $quantum

twins Connect $bridge $token
"""


def files() -> dict[Path, str]:
    """All that it writes."""
    written = {FOLDER / f"{chip}.resc": resc(chip) for chip in ("rp2040", "esp32s3")}
    for path in sorted(BOARDS.glob("*.toml")):
        board = Board.load(path)
        written[FOLDER / f"{board.name}.repl"] = repl(board)
        written[FOLDER / f"{board.name}.resc"] = resc(board.name)
    return written


def main(arguments: list[str] | None = None) -> int:
    """Runs the tool."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a file is not up to date")
    stale = []
    for path, text in files().items():
        if parser.parse_args(arguments).check:
            if not path.exists() or path.read_text() != text:
                stale.append(path.relative_to(ROOT))
        else:
            path.write_text(text)
    for path in stale:
        print(f"{path} is not what the board file gives: run tools/renode_platforms.py", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
