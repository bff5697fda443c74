"""The argument ``--engine``, and the twin that the arguments ask for."""

from __future__ import annotations

import argparse
from pathlib import Path

from twins.board import boards
from twins.engines import EngineSpec, adapter
from twins.errors import ImageError, UsageError
from twins.twin import Twin

OPEN_PORTS = "allow_open_ports"
IMAGES = (".uf2", ".elf", ".axf", ".hex", ".ihex", ".bin")


def add_engine_argument(parser: argparse.ArgumentParser) -> None:
    """The arguments for it."""
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


def check_board(board: str, image: str | None) -> None:
    """Is it perhaps an image that stands where the board is expected? Raises `UsageError`."""
    from twins.testing.builds import build_in

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


def twin_of(options: argparse.Namespace, flash: str | None = None) -> Twin:
    """The twin that BOARD, IMAGE, ``--elf``, ``--seed``, ``--rom``, ``--fuses``, ``--engine`` ask for, at power-on."""
    check_board(options.board, options.image)
    return Twin(
        options.board,
        options.image,
        elf=options.elf,
        seed=options.seed,
        rom=options.rom,
        flash=flash,
        fuses=getattr(options, "fuses", None),
        engine=engine_of(options),
    )
