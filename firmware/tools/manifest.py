"""The record of the committed images: what each one is, what it was built from and with.

manifest.py write BUILD --compiler GCC...   after a build: BUILD/manifest.json
manifest.py install BUILD IMAGES            copy the images that are committed, and the record
manifest.py check IMAGES                    are images and sources those of the record?
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

FIRMWARE = Path(__file__).resolve().parent.parent
COMMITTED = (".elf", ".uf2", ".bin")
# The Debian packages of the tools, by the prefix of the compiler.
PACKAGES = {
    "arm-none-eabi-": ("gcc-arm-none-eabi", "binutils-arm-none-eabi"),
    "xtensa-lx106-elf-": ("gcc-xtensa-lx106", "binutils-xtensa-lx106"),
}


def sha256(data: bytes) -> str:
    """Return the SHA-256 of `data` in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def source_hash(sources: list[str]) -> str:
    """Return one hash over names and contents, in the order of the names."""
    lines = [f"{sha256((FIRMWARE / name).read_bytes())}  {name}\n" for name in sorted(sources)]
    return sha256("".join(lines).encode())


def toolchain(compilers: list[str]) -> dict[str, str]:
    """Return the versions that decide the bytes: Debian's, or what the tools say of themselves."""
    versions = {}
    for compiler in compilers:
        prefix = compiler.removesuffix("gcc")
        tools = (compiler, prefix + "ld")
        for package, tool in zip(PACKAGES.get(prefix, tools), tools, strict=True):
            asked = subprocess.run(
                ["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True, check=False
            )
            if asked.returncode == 0:
                versions[package] = asked.stdout
            else:
                said = subprocess.run([tool, "--version"], capture_output=True, text=True, check=True)
                versions[package] = said.stdout.splitlines()[0]
    return versions


def files_of(name: str, folder: Path) -> list[Path]:
    """Return the files of an image that are committed: the ELF, and what is flashed."""
    uf2 = folder / f"{name}.uf2"
    return [folder / f"{name}.elf", uf2 if uf2.exists() else folder / f"{name}.bin"]


def write(build: Path, compilers: list[str]) -> None:
    """Write the record of the images in `build`."""
    images = {}
    for listing in sorted(build.glob("*.sources")):
        name = listing.stem
        sources = listing.read_text().split()
        images[name] = {
            "sha256": {file.suffix[1:]: sha256(file.read_bytes()) for file in files_of(name, build)},
            "source_sha256": source_hash(sources),
            "sources": sources,
        }
    record = {"toolchain": toolchain(compilers), "images": images}
    (build / "manifest.json").write_text(json.dumps(record, indent=1) + "\n")


def install(build: Path, images: Path) -> None:
    """Replace the committed images by those of `build`."""
    images.mkdir(exist_ok=True)
    for old in images.iterdir():
        if old.suffix in COMMITTED:
            old.unlink()
    record = json.loads((build / "manifest.json").read_text())
    for name in record["images"]:
        for file in files_of(name, build):
            shutil.copyfile(file, images / file.name)
    shutil.copyfile(build / "manifest.json", images / "manifest.json")


def check(images: Path) -> list[str]:
    """Return a sentence for each committed image that is not what the record says."""
    record = json.loads((images / "manifest.json").read_text())
    wrong = []
    for name, entry in record["images"].items():
        for kind, expected in entry["sha256"].items():
            file = images / f"{name}.{kind}"
            if not file.exists():
                wrong.append(f"{file.name} is missing: run `make firmware`")
            elif sha256(file.read_bytes()) != expected:
                wrong.append(f"{file.name} is not the file of the manifest: run `make firmware`")
        gone = [source for source in entry["sources"] if not (FIRMWARE / source).exists()]
        if gone or source_hash(entry["sources"]) != entry["source_sha256"]:
            wrong.append(f"{name}: its sources have changed since it was built: run `make firmware`")
    known = {f"{name}.{kind}" for name, entry in record["images"].items() for kind in entry["sha256"]}
    known.add("manifest.json")
    unknown = sorted(file.name for file in images.iterdir() if file.name not in known)
    wrong += [f"{name} is not in the manifest" for name in unknown]
    return wrong


def main() -> int:
    """Run one of the three commands."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    commands = parser.add_subparsers(dest="command", required=True)
    writing = commands.add_parser("write")
    writing.add_argument("build", type=Path)
    writing.add_argument("--compiler", nargs="+", default=["arm-none-eabi-gcc"])
    installing = commands.add_parser("install")
    installing.add_argument("build", type=Path)
    installing.add_argument("images", type=Path)
    checking = commands.add_parser("check")
    checking.add_argument("images", type=Path)
    arguments = parser.parse_args()
    if arguments.command == "write":
        write(arguments.build, arguments.compiler)
    elif arguments.command == "install":
        install(arguments.build, arguments.images)
    else:
        wrong = check(arguments.images)
        print("\n".join(wrong) or "all images are those of the manifest")
        return int(bool(wrong))
    return 0


if __name__ == "__main__":
    sys.exit(main())
