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
COMPILER = "arm-none-eabi-gcc"


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


def test_the_images_can_be_built_again_byte_for_byte(tmp_path: Path) -> None:
    """A build from source elsewhere gives the committed bytes."""
    if shutil.which(COMPILER) is None:
        pytest.skip(f"{COMPILER} is not on this machine: `apt install gcc-arm-none-eabi` to rebuild the images")
    manifest = json.loads((IMAGES / "manifest.json").read_text())
    here = {package: debian_version(package) for package in manifest["toolchain"]}
    built = subprocess.run(
        ["make", "-C", str(FIRMWARE), f"BUILD={tmp_path}", f"PYTHON={sys.executable}", "all"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    different = [
        f"{name}.{kind}"
        for name, entry in manifest["images"].items()
        for kind in entry["sha256"]
        if (tmp_path / f"{name}.{kind}").read_bytes() != (IMAGES / f"{name}.{kind}").read_bytes()
    ]
    assert not different, f"{different} differ; built with {here}, committed with {manifest['toolchain']}"
    again = {path.stem for path in tmp_path.glob("*.uf2")}
    assert again == set(manifest["images"]), "one is built and not committed, or committed and not built"
