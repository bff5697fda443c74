"""Finding what was built: the image, its symbols and its chip, in the folder of a project.

Looked for, in this order: ESP-IDF (``build/flasher_args.json``), PlatformIO (``.pio/build/ENV/``), Arduino
(``build/**/NAME.ino.*``) and pico-sdk (``build/NAME.uf2`` or ``.elf``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from twins.errors import ImageError
from twins.image import chip_of

BOARDS = {"rp2040": "pico", "esp32s3": "esp32s3_devkitc"}
"""The board for a chip, where a test names none."""


@dataclass(frozen=True)
class Build:
    """Something that was built.

    Attributes:
        image: what `Twin` takes as its image: a file, or the folder that holds several.
        elf: the symbols, where they are a file of their own.
        kind: whose build it is.

    >>> build = build_in(Path("firmware/images/s3_idle.bin")); build.chip, build.board
    ('esp32s3', 'esp32s3_devkitc')
    """

    image: Path
    elf: Path | None
    chip: str
    kind: str

    @property
    def name(self) -> str:
        """What tells it from others: the environment of PlatformIO, else the sketch or the program."""
        if self.kind == "PlatformIO":
            return self.image.name if self.image.is_dir() else self.image.parent.name
        if self.kind == "Arduino" and self.image.is_dir():
            return min(self.image.glob("*.ino.bootloader.bin")).name.partition(".")[0]
        return self.image.name.partition(".")[0]

    @property
    def board(self) -> str:
        """The board to take where none was named. Raises `ImageError` for a chip that there is no twin of."""
        if self.chip not in BOARDS:
            raise ImageError(
                f"{self.image}: a build for {self.chip} ({self.kind}): there are twins of {', '.join(BOARDS)}"
            )
        return BOARDS[self.chip]


def find_build(start: Path, top: Path | None = None, env: str | None = None) -> Build:
    """The build of the project around a folder: looked for there, then in the folders above it, up to `top`.

    Args:
        env: which of several PlatformIO environments, sketches or programs.

    Raises `ImageError` where there is none, or one of several must be named.
    """
    looked = []
    for folder in [start, *start.parents]:
        found = list(_builds(folder))
        if found:
            return _one(found, folder, env)
        looked.append(folder)
        if folder == top or top is None:
            break
    raise ImageError(
        f"no firmware found in {looked[0]}{' or above it' if len(looked) > 1 else ''}: expected "
        "build/flasher_args.json (ESP-IDF), .pio/build (PlatformIO), *.ino.* (Arduino) or build/*.uf2 (pico-sdk); "
        "build it first, or name it: @pytest.mark.twin(image=...), --twin-image"
    )


def build_in(path: Path, env: str | None = None) -> Build:
    """The build that a path names: a file, a build folder, or the folder of a project."""
    if path.is_file() or not path.exists():
        return _file(path)
    # What lies in its folder `build` is found by both.
    found = list(dict.fromkeys([*_inside(path), *_builds(path)]))
    if not found:
        raise ImageError(
            f"{path}: no build folder: expected flasher_args.json (ESP-IDF), firmware.bin with bootloader.bin and "
            "partitions.bin (PlatformIO), *.ino.* (Arduino) or a .uf2 (pico-sdk)"
        )
    return _one(found, path, env)


def _one(found: Sequence[Build], folder: Path, env: str | None) -> Build:
    if env is not None:
        named = [build for build in found if env == build.name]
        if not named:
            raise ImageError(f"{folder}: no build is named {env!r}: there are {_names(found)}")
        return named[0]
    if len(found) > 1:
        raise ImageError(
            f"{folder} has several builds: {_names(found)}. Give the path of one; in a test name it: "
            "@pytest.mark.twin(env=...) or --twin-env"
        )
    return found[0]


def _names(found: Sequence[Build]) -> str:
    return ", ".join(build.name for build in found)


def _builds(folder: Path) -> Iterator[Build]:
    """The builds of a project's folder."""
    environments = folder / ".pio" / "build"
    if (folder / "build").is_dir():
        yield from _inside(folder / "build")
    if environments.is_dir():
        for environment in sorted(path for path in environments.iterdir() if path.is_dir()):
            yield from _platformio(environment)


def _inside(build: Path) -> Iterator[Build]:
    """What a build folder itself holds."""
    if (build / "flasher_args.json").is_file():
        yield Build(build, None, _idf_chip(build / "flasher_args.json"), "ESP-IDF")
        return
    platformio = list(_platformio(build))
    if platformio:
        yield from platformio
        return
    sketches = sorted({path.parent for path in build.rglob("*.ino.*") if path.suffix in (".bin", ".uf2")})
    for folder in sketches:
        yield from _arduino(folder)
    if not sketches:
        yield from _pico_sdk(build)


def _idf_chip(path: Path) -> str:
    try:
        return str(json.loads(path.read_text(encoding="utf-8")).get("extra_esptool_args", {}).get("chip", "esp32s3"))
    except (OSError, ValueError, AttributeError) as error:
        raise ImageError(f"{path}: no flasher_args.json of ESP-IDF: {error}") from None


def _platformio(folder: Path) -> Iterator[Build]:
    if (folder / "bootloader.bin").is_file() and (folder / "firmware.bin").is_file():
        yield Build(folder, None, "esp32s3", "PlatformIO")
    elif (folder / "firmware.uf2").is_file():
        yield Build(folder / "firmware.uf2", _there(folder / "firmware.elf"), "rp2040", "PlatformIO")
    elif (folder / "firmware.elf").is_file():
        yield Build(folder / "firmware.elf", None, chip_of(folder / "firmware.elf"), "PlatformIO")


def _arduino(folder: Path) -> Iterator[Build]:
    if any(folder.glob("*.ino.bootloader.bin")):
        yield Build(folder, None, "esp32s3", "Arduino")
        return
    for image in sorted(folder.glob("*.ino.uf2")):
        yield Build(image, _there(image.with_suffix(".elf")), "rp2040", "Arduino")


def _pico_sdk(build: Path) -> Iterator[Build]:
    """Programs in the build folder, or in the folders of its subdirectories' CMakeLists."""
    images = sorted(build.glob("*.uf2")) or sorted(build.glob("*/*.uf2"))
    for image in images:
        yield Build(image, _there(image.with_suffix(".elf")), chip_of(image), "pico-sdk")
    if not images:
        for elf in sorted(build.glob("*.elf")):
            yield Build(elf, None, chip_of(elf), "pico-sdk")


def _file(path: Path) -> Build:
    """A file by itself. One that is not there is told by whoever loads it."""
    chip = chip_of(path) if path.is_file() else "rp2040"
    return Build(path, _there(path.with_suffix(".elf")) if path.suffix != ".elf" else None, chip, "file")


def _there(path: Path) -> Path | None:
    return path if path.is_file() else None
