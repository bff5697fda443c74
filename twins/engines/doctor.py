"""What there is on this machine, and what it enables: `twins doctor`.

>>> found = look(Program("gdb", ("gdb-that-nobody-has",), "debugging", "apt install gdb-multiarch"))
>>> found.there, found.enables
(False, 'debugging')
"""

from __future__ import annotations

import ctypes.util
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from twins.engines import adapter, names
from twins.engines.native import ROM_ELF, ROM_FOLDER
from twins.errors import TwinError
from twins.image import TARGETS

PATIENCE = 10.0
"""Seconds on the wall that a program may take to tell its version."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "firefox")


@dataclass(frozen=True)
class Finding:
    """Something that is there or not.

    Attributes:
        group: "engines", "boot ROM", "people", "compilers", "tools" or "packages".
        there: is it?
        what: path and version, or what is wrong.
        enables: what can be done with it.
        get: how to come by it, where it is not there.
    """

    group: str
    name: str
    there: bool
    what: str
    enables: str
    get: str = ""


@dataclass(frozen=True)
class Program:
    """A program that is looked for on PATH, under any of its names."""

    name: str
    programs: tuple[str, ...]
    enables: str
    get: str
    group: str = "tools"
    asks: tuple[str, ...] = ("--version",)


PROGRAMS = (
    Program(
        "Arm compiler",
        ("arm-none-eabi-gcc",),
        "building firmware for the RP2040",
        "apt install gcc-arm-none-eabi",
        "compilers",
    ),
    Program(
        "Xtensa compiler",
        ("xtensa-esp32s3-elf-gcc", "xtensa-esp-elf-gcc"),
        "building firmware for the ESP32-S3",
        "it comes with ESP-IDF",
        "compilers",
    ),
    Program(
        "Xtensa compiler (lx106)",
        ("xtensa-lx106-elf-gcc",),
        "building this project's own images for the ESP32-S3",
        "apt install gcc-xtensa-lx106",
        "compilers",
    ),
    Program("clang", ("clang",), "building test code for the host", "apt install clang", "compilers"),
    Program(
        "debugger",
        ("gdb-multiarch", "arm-none-eabi-gdb"),
        "twins gdb with an RP2040",
        "apt install gdb-multiarch",
    ),
    Program("Xtensa debugger", ("xtensa-esp32s3-elf-gdb",), "twins gdb with an ESP32-S3", "it comes with ESP-IDF"),
    Program("sigrok", ("sigrok-cli",), "decoding what twins run --vcd wrote", "apt install sigrok-cli"),
    Program(
        "esptool", ("esptool", "esptool.py"), "flashing a twin over --rfc2217", "pip install esptool", asks=("version",)
    ),
    Program("mpremote", ("mpremote",), "MicroPython's own tool on a console of a twin", "pip install mpremote"),
    Program(
        "QEMU for Arm",
        ("qemu-system-arm",),
        "this project's tests of single instructions",
        "apt install qemu-system-arm",
    ),
)
PACKAGES = (
    ("audio", ("pyroomacoustics", "scipy"), "acoustic scenes with a room: twins.room"),
    ("live", ("sounddevice",), "microphone and speakers of this machine"),
    ("robot", ("robot",), "Robot Framework"),
    ("test", ("pytest", "syrupy", "cv2"), "pytest with golden frames"),
    ("video", ("av",), "videos as .mp4"),
    ("view", ("starlette", "uvicorn", "websockets"), "twins view"),
)
"""Extras of the package, by which modules they are known, and what they enable."""


def examine() -> Iterator[Finding]:
    """Looks for everything, one after the other."""
    yield from map(_engine, names())
    yield _boot_rom()
    yield _port_audio()
    yield _browser()
    yield from map(look, PROGRAMS)
    for extra, modules, enables in PACKAGES:
        missing = [module for module in modules if find_spec(module) is None]
        what = f"without {', '.join(missing)}" if missing else ", ".join(modules)
        yield Finding("packages", extra, not missing, what, enables, f"pip install 'boardtwins[{extra}]'")


def _engine(name: str) -> Finding:
    module = adapter(name)
    chips = " and ".join(TARGETS[chip].title for chip in module.CHIPS)
    enables = f"{chips}; {len(module.CAPABILITIES)} capabilities"
    try:
        found = module.find()
        if name == "native":
            _try_native()
    except (TwinError, RuntimeError, OSError) as error:
        return Finding("engines", name, False, str(error), enables, module.INSTALL)
    if found is None:
        return Finding("engines", name, False, "", enables, module.INSTALL)
    return Finding("engines", name, True, f"{found.version}, {found.path} ({found.how})", enables)


def _try_native() -> None:
    """Both chips run for a moment."""
    from twins.board import Board
    from twins.engines import open_engine

    for name in ("pico", "esp32s3_devkitc"):
        engine = open_engine("native", Board.load(name), None)
        engine.run(1_000_000)
        if engine.now < 1_000_000:
            raise RuntimeError(f"{name}: its time does not pass")


def _boot_rom() -> Finding:
    enables = "running the real ROM of the ESP32-S3: --engine native:rom=real"
    get = f"pip install esp-rom-elfs or ESP-IDF, and let {ROM_FOLDER} name its folder"
    folder = os.environ.get(ROM_FOLDER)
    if not folder:
        return Finding("boot ROM", "ESP32-S3", False, f"{ROM_FOLDER} is not set", enables, get)
    path = Path(folder, ROM_ELF)
    what = str(path) if path.is_file() else f"{ROM_FOLDER} is set, but there is no {path}"
    return Finding("boot ROM", "ESP32-S3", path.is_file(), what, enables, get)


def _port_audio() -> Finding:
    library = ctypes.util.find_library("portaudio")
    enables = "hearing a twin's speaker, and speaking into its microphone"
    get = "apt install libportaudio2, pip install 'boardtwins[live]'"
    return Finding("people", "PortAudio", library is not None, library or "", enables, get)


def _browser() -> Finding:
    enables = "twins view, and the tests of its page"
    for program in BROWSERS:
        path = shutil.which(program)
        if path is not None:
            return Finding("people", "browser", True, path, enables)
    cache = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache" / "ms-playwright")
    found = sorted(cache.glob("chromium*")) if cache.is_dir() else []
    if found:
        return Finding("people", "browser", True, f"{found[-1]} (Playwright's)", enables)
    return Finding("people", "browser", False, "", enables, "apt install chromium, or playwright install chromium")


def look(program: Program) -> Finding:
    """Looks for a program and asks for its version."""

    def make(there: bool, what: str) -> Finding:
        return Finding(program.group, program.name, there, what, program.enables, "" if there else program.get)

    for name in program.programs:
        path = shutil.which(name)
        if path is None:
            continue
        try:
            asked = subprocess.run(
                [path, *program.asks],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return make(False, f"{path} does not answer within {PATIENCE:g} s")
        except OSError as error:
            return make(False, f"{path} cannot be run: {error.strerror}")
        if asked.returncode:
            return make(False, f"{path} {' '.join(program.asks)} fails with {asked.returncode}")
        lines = asked.stdout.decode("utf-8", "replace").strip().splitlines()
        return make(True, f"{path}: {lines[0]}" if lines else path)
    return make(False, "")


def package_versions() -> dict[str, str]:
    """Of this package and what it always needs."""
    found = {}
    for name in ("boardtwins", "numpy", "pillow", "pyelftools", "pexpect", "pyyaml"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found
