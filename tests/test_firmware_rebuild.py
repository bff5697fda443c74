"""The committed firmware images are what their sources say."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FIRMWARE = Path(__file__).parent.parent / "firmware"
IMAGES = FIRMWARE / "images"
DEBIAN_XTENSA = "xtensa-lx106-elf-"
# By the target of firmware/Makefile: compiler, Debian package, and the kind of file that only its images have.
COMPILERS = {
    "rp2040": ("arm-none-eabi-gcc", "gcc-arm-none-eabi", "uf2"),
    "esp32s3": (f"{DEBIAN_XTENSA}gcc", "gcc-xtensa-lx106", "bin"),
}
XTENSA_CONFIG = FIRMWARE.parent / "build" / "xtensa" / "config.so"


def debian_version(package: str) -> str:
    """Return the installed version of a Debian package, or what stands in its place."""
    if shutil.which("dpkg-query") is None:
        return "not a Debian machine"
    asked = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True, check=False
    )
    return asked.stdout or "not installed"


def test_the_images_are_those_of_the_manifest() -> None:
    """Image and source hashes agree with firmware/images/manifest.json: needs no compiler."""
    checked = subprocess.run(
        [sys.executable, str(FIRMWARE / "tools" / "manifest.py"), "check", str(IMAGES)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("chip", COMPILERS)
def test_the_images_can_be_built_again_byte_for_byte(chip: str, tmp_path: Path) -> None:
    """A build from source elsewhere gives the committed bytes."""
    compiler, package, kind = COMPILERS[chip]
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not on this machine: `apt install {package}` to rebuild the images")
    if chip == "esp32s3" and not XTENSA_CONFIG.exists():
        pytest.skip("no Xtensa configuration: `tools/setup.sh compiler` makes it, to rebuild the images")
    manifest = json.loads((IMAGES / "manifest.json").read_text())
    here = {package: debian_version(package) for package in manifest["toolchain"]}
    built = subprocess.run(
        [
            "make",
            "-C",
            str(FIRMWARE),
            f"BUILD={tmp_path}",
            f"PYTHON={sys.executable}",
            f"S3_CROSS={DEBIAN_XTENSA}",
            chip,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    committed = {name: entry["sha256"] for name, entry in manifest["images"].items() if kind in entry["sha256"]}
    different = [
        f"{name}.{suffix}"
        for name, suffixes in committed.items()
        for suffix in suffixes
        if (tmp_path / f"{name}.{suffix}").read_bytes() != (IMAGES / f"{name}.{suffix}").read_bytes()
    ]
    assert not different, f"{different} differ; built with {here}, committed with {manifest['toolchain']}"
    again = {path.stem for path in tmp_path.glob(f"*.{kind}")}
    assert again == set(committed), "one is built and not committed, or committed and not built"
