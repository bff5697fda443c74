"""The argument ``--engine``, and the twin that the arguments ask for."""

from __future__ import annotations

import argparse

from twins.engines import EngineSpec, adapter
from twins.errors import UsageError
from twins.twin import Twin

OPEN_PORTS = "allow_open_ports"


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


def twin_of(options: argparse.Namespace, flash: str | None = None) -> Twin:
    """The twin that BOARD, IMAGE, ``--elf``, ``--seed``, ``--rom``, ``--fuses``, ``--engine`` ask for, at power-on."""
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
