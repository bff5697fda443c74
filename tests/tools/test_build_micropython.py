"""tools/build_micropython.py: what it reads, checks and writes without a network."""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
import struct
import sys
import urllib.request
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "tools" / "build_micropython.py"


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("build_micropython", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_reads_both_forms_of_apt_sources(tool: ModuleType, tmp_path: Path) -> None:
    """sources.list(5): one-line style with options, deb822 style with several URIs and `Enabled: no`."""
    parts = tmp_path / "sources.list.d"
    parts.mkdir()
    (tmp_path / "sources.list").write_text(
        "# deb http://commented.invalid/debian trixie main\n"
        "deb [ arch=amd64 signed-by=/k.gpg ] http://one.invalid/debian/ bookworm main contrib\n"
        "deb [trusted=yes] http://only-contrib.invalid/debian bookworm contrib  # main\n"
        "deb-src http://one.invalid/debian bookworm main\n"
    )
    (parts / "more.list").write_text("deb http://two.invalid/debian bookworm main\n")
    (parts / "debian.sources").write_text(
        "Types: deb deb-src\n# a comment\nURIs: http://three.invalid/debian\n http://four.invalid/debian\n"
        "Suites: bookworm\nComponents: main\n\n"
        "Enabled: no\nTypes: deb\nURIs: http://off.invalid/debian\nSuites: bookworm\nComponents: main\n"
    )
    assert tool.archives(tmp_path) == [
        "http://one.invalid/debian",
        "http://two.invalid/debian",
        "http://three.invalid/debian",
        "http://four.invalid/debian",
    ]


def test_writes_uf2_as_specified(tool: ModuleType) -> None:
    """The UF2 specification's block: three magic numbers, flags 0x2000 with a family id, 256 bytes of payload."""
    image = bytes(range(256)) * 2 + b"tail"
    blocks = tool.uf2(image)
    assert len(blocks) == 3 * 512
    for number in range(3):
        block = blocks[number * 512 :][:512]
        assert struct.unpack("<8I", block[:32]) == (
            *(0x0A324655, 0x9E5D5157, 0x00002000),
            *(0x10000000 + number * 256, 256, number, 3, 0xE48BFF56),
        )
        assert block[32 : 32 + 256] == image[number * 256 :][:256].ljust(256, b"\0")
        assert block[-4:] == struct.pack("<I", 0x0AB16F30)


def test_refuses_a_file_that_the_index_does_not_promise(tool: ModuleType, tmp_path: Path) -> None:
    """One byte differs: sha256 and size decide, and the message names the file."""
    archive = object.__new__(tool.Archive)
    archive.base = tmp_path.as_uri()
    archive._open = urllib.request.build_opener()
    (tmp_path / "file").write_bytes(b"abc")
    good = hashlib.sha256(b"abc").hexdigest()
    assert archive.fetch("file", good, 3) == b"abc"
    (tmp_path / "file").write_bytes(b"abd")
    with pytest.raises(tool.BuildError, match="file is not the file that the index promises"):
        archive.fetch("file", good, 3)


@pytest.mark.skipif(not shutil.which("gpgv"), reason="needs gpgv")
def test_refuses_an_unsigned_release(tool: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An InRelease that nobody signed is no authority."""
    if not tool.KEYRING.exists():
        pytest.skip("needs the package debian-archive-keyring")
    monkeypatch.setattr(tool, "BUILD", tmp_path / "build")
    release = tmp_path / "dists" / "trixie" / "InRelease"
    release.parent.mkdir(parents=True)
    release.write_text("Origin: Debian\nCodename: trixie\nSHA256:\n 00 0 main/source/Sources.xz\n")
    with pytest.raises(tool.BuildError, match="signature"):
        tool.Archive(tmp_path.as_uri(), urllib.request.build_opener())


def test_takes_the_newest_version_in_debians_order(tool: ModuleType) -> None:
    """deb-version(7): ~ sorts before everything, and 10 is more than 9."""
    entries = [{"Package": "x", "Version": v} for v in ("1.9-1", "1.10-1~deb13u1", "1.10~rc1-1")]
    assert tool.choose(iter(entries), ["x"], "test")["x"]["Version"] == "1.10-1~deb13u1"
    with pytest.raises(tool.BuildError, match="no package y"):
        tool.choose(iter(entries), ["y"], "test")
