"""`twins doctor` on machines that have this and that: folders of scripts in place of PATH."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests import abacus
from twins import engines
from twins.cli import main
from twins.engines import doctor, native
from twins.engines.doctor import PROGRAMS, Finding, examine

pytestmark = pytest.mark.usefixtures("machine")


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all of PATH; no home, no ROM, no library."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("ESP_ROM_ELF_DIR", "PLAYWRIGHT_BROWSERS_PATH", "RENODE_PATH", "IDF_TOOLS_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("ctypes.util.find_library", lambda name: None)
    return folder


def program(folder: Path, name: str, script: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def found(name: str) -> Finding:
    return next(finding for finding in examine() if finding.name == name)


def test_an_empty_machine_has_the_native_engine(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    shown = capsys.readouterr().out
    assert "  yes  native: RP2040 and ESP32-S3; 17 capabilities\n" in shown
    for each in PROGRAMS:
        assert f"  no   {each.name}: {each.enables}\n       to get it: {each.get}\n" in shown


@pytest.mark.parametrize("each", PROGRAMS, ids=lambda each: each.name.replace(" ", "_"))
def test_a_program_is_found_under_each_of_its_names(each: doctor.Program, machine: Path) -> None:
    for name in each.programs:
        path = program(machine, name, f'test "$1" = {each.asks[0]} && echo "{name} 1.2.3" && echo second line')
        finding = found(each.name)
        assert (finding.there, finding.what, finding.get) == (True, f"{path}: {name} 1.2.3", "")
        path.unlink()


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("exit 3", "clang --version fails with 3"),
        ("exec sleep 100", "clang does not answer within 0.2 s"),
    ],
)
def test_a_program_that_does_not_work_is_not_there(
    script: str, words: str, machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "PATIENCE", 0.2)
    monkeypatch.setenv("PATH", f"{machine}:/usr/bin:/bin")
    program(machine, "clang", script)
    finding = found("clang")
    assert not finding.there
    assert finding.what.endswith(words)


def test_a_program_that_is_none_is_told(machine: Path) -> None:
    (machine / "clang").write_bytes(b"\x7fELF")
    (machine / "clang").chmod(0o755)
    assert "cannot be run: " in found("clang").what


def test_a_program_that_says_nothing_is_there(machine: Path) -> None:
    path = program(machine, "clang", "")
    assert (found("clang").there, found("clang").what) == (True, str(path))


def test_the_boot_rom_is_looked_for_in_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert found("ESP32-S3").what == "ESP_ROM_ELF_DIR is not set"
    monkeypatch.setenv("ESP_ROM_ELF_DIR", str(tmp_path))
    assert "but there is no " in found("ESP32-S3").what
    (tmp_path / "esp32s3_rev0_rom.elf").touch()
    assert found("ESP32-S3").there


def test_a_browser_is_one_on_the_path_or_of_playwright(machine: Path, tmp_path: Path) -> None:
    assert not found("browser").there
    (tmp_path / ".cache" / "ms-playwright" / "chromium-1200").mkdir(parents=True)
    assert found("browser").what.endswith("chromium-1200 (Playwright's)")
    path = program(machine, "chromium", "")
    assert found("browser").what == str(path)


def test_port_audio_is_a_library(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not found("PortAudio").there
    monkeypatch.setattr("ctypes.util.find_library", lambda name: f"lib{name}.so.2")
    assert found("PortAudio").what == "libportaudio.so.2"


def test_another_engine_is_told_with_path_and_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "names", engines.names)
    abacus.install()
    monkeypatch.setattr(doctor, "names", engines.names)
    assert found("abacus").what == "1.0, abacus (PATH)"
    monkeypatch.setattr(abacus, "here", False)
    assert (found("abacus").there, found("abacus").get) == (False, "string some beads")


def test_a_native_engine_that_does_not_run_is_the_only_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("the library is of another processor")

    monkeypatch.setattr(native, "open", broken)
    assert main(["doctor", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["exit"] == 1
    (engine,) = (finding for finding in told["findings"] if finding["name"] == "native")
    assert engine["what"] == "the library is of another processor"
    assert engine["get"] == "it is part of the package: install boardtwins anew"


def test_json_has_every_finding(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [finding["name"] for finding in told["findings"]] == [finding.name for finding in examine()]
    assert set(told["packages"]) >= {"boardtwins", "numpy"}
