"""The arguments that say of which board, image and engine a twin is, and the twin that they ask for."""

from __future__ import annotations

import argparse
from pathlib import Path

from twins.board import Board, boards
from twins.engines import EngineSpec, adapter
from twins.errors import ImageError, UsageError
from twins.twin import Twin

OPEN_PORTS = "allow_open_ports"
IMAGES = (".uf2", ".elf", ".axf", ".hex", ".ihex", ".bin")


def add_twin_arguments(parser: argparse.ArgumentParser, board: str = "", image: str = "") -> None:
    """The arguments for it; `board` and `image` are what else those two may be."""
    add = parser.add_argument
    add("board", metavar="BOARD", help=f"a name (see `twins boards`) or a .toml file{board}")
    add("image", metavar="IMAGE", nargs="?", help=f".uf2, .elf, .hex, .bin or a build folder{image}")
    add("--elf", metavar="FILE", help="symbols for the image")
    add("--rom", metavar="PATH", help="a real boot ROM to run: an image, an ELF, or the folder ESP_ROM_ELF_DIR names")
    add("--flash", metavar="FILE", help="contents of the whole flash chip to go on from, as --flash-out writes them")
    add("--fuses", metavar="FILE", help="the fuses of an ESP32-S3, instead of those of a new module")
    add("--seed", metavar="N", type=int, default=0, help="for all that is random (0)")
    parser.add_argument(
        "--engine",
        metavar="ENGINE",
        default="native",
        help="what runs the image: NAME or NAME:option=value,… (native; `twins doctor` lists them)",
    )
    parser.add_argument(
        "--allow-open-ports",
        action="store_true",
        help="let the engine listen where others on the network can reach it, if it cannot help it",
    )


def engine_of(options: argparse.Namespace) -> EngineSpec:
    """The engine that was asked for. Raises `UsageError`."""
    return with_open_ports(EngineSpec.parse(options.engine), options)


def with_open_ports(spec: EngineSpec, options: argparse.Namespace) -> EngineSpec:
    """The engine with what ``--allow-open-ports`` says."""
    if not options.allow_open_ports:
        return spec
    if OPEN_PORTS not in adapter(spec.name).OPTIONS:
        raise UsageError(f"--allow-open-ports: the engine {spec.name} opens none")
    return EngineSpec(spec.name, {**spec.options, OPEN_PORTS: "1"})


def check_board(board: str | Board, image: str | None) -> None:
    """Is it perhaps an image that stands where the board is expected? Raises `UsageError`."""
    from twins.testing.builds import build_in

    if isinstance(board, Board):  # of a project of Wokwi
        return
    path = Path(board)
    is_image = (
        path.suffix.lower() in IMAGES if path.is_file() else path.is_dir() and not (path / "wokwi.toml").is_file()
    )
    if not is_image or board in {known.name for known in boards()}:
        return
    try:
        build = build_in(path)
    except ImageError:
        return
    named = f"{image} {board}" if image is not None else f"{build.board} {board}"
    raise UsageError(f"{board} is an image, and the board comes before it: twins run {named}")


def twin_of(options: argparse.Namespace) -> Twin:
    """The twin that BOARD, IMAGE and the options with them ask for, at power-on."""
    check_board(options.board, options.image)
    return Twin(
        options.board,
        options.image,
        elf=options.elf,
        seed=options.seed,
        rom=options.rom,
        flash=options.flash,
        fuses=options.fuses,
        engine=engine_of(options),
    )
