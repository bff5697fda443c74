"""The engine renode against a scripted peer, `tests/fake_renode.py`: no Renode is needed.

A real one: `tests/test_renode.py`.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from twins import Twin
from twins.board import Board
from twins.engines import Capability, EngineSpec, capabilities_of
from twins.engines.renode import engine as engine_module
from twins.engines.renode import locate
from twins.errors import CapabilityMissing, EngineAbsent, EngineFailed, UsageError

ROOT = Path(__file__).parent.parent
Peer = Callable[[str], str]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the bridge is a Unix socket")


def program(folder: Path, mode: str) -> Path:
    """A renode that is the peer."""
    path = folder / "renode"
    path.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" "{sys.executable}" "{ROOT}/tests/fake_renode.py" {mode} "$@"\n')
    path.chmod(0o755)
    return path


@pytest.fixture
def peer(tmp_path: Path) -> Peer:
    """The engine's name with the path of a peer in a mode."""
    return lambda mode: f"renode:path={program(tmp_path, mode)}"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test of a net does not wait for the whole of it."""
    monkeypatch.setattr(engine_module, "STARTING", 8.0)
    monkeypatch.setattr(engine_module, "PATIENCE", 3.0)


def nobody_is_left(folder: Path) -> bool:
    """No process of ours runs the peer of this folder any more."""
    for _ in range(50):
        listed = subprocess.run(["ps", "-ww", "-eo", "args="], capture_output=True, text=True, check=True).stdout
        if not any("fake_renode" in line and str(folder) in line for line in listed.splitlines()):
            return True
        time.sleep(0.1)
    return False


def test_its_processors_reach_the_chip_and_time_passes(peer: Peer) -> None:
    """GPIO25 is the Pico's LED (Pico datasheet, appendix B)."""
    with Twin("pico", engine=peer("well")) as twin:
        assert twin.engine_name == "renode"
        twin.run("2500us")
        assert not twin.led.on
        assert twin.now == 2_500_000_000
        twin.run("1ms")
        assert twin.led.on


def test_memory_is_the_other_sides(peer: Peer) -> None:
    with Twin("pico", engine=peer("well")) as twin:
        twin.run("1ms")
        twin.memory.write(0x2000_0000, b"over there")
        assert twin.memory.read(0x2000_0000, 10) == b"over there"


@pytest.mark.parametrize(
    ("mode", "says"),
    [
        ("ends", r"Renode ended with code 1 before it came to the bridge: mono: not found; its log is "),
        ("fails", r"Renode could not do what it was told before it came to the bridge: There was an error .*Could not"),
    ],
)
def test_a_start_that_fails_is_one_sentence_and_leaves_nobody(peer: Peer, tmp_path: Path, mode: str, says: str) -> None:
    with Twin("pico", engine=peer(mode)) as twin, pytest.raises(EngineFailed, match=says) as failed:
        twin.run("1ms")
    log = Path(str(failed.value).rpartition("its log is ")[2])
    assert log.read_text()
    log.unlink()
    assert nobody_is_left(tmp_path)


def test_one_that_does_not_come_is_not_waited_for_without_end(
    peer: Peer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "STARTING", 2.0)
    with (
        Twin("pico", engine=peer("stays")) as twin,
        pytest.raises(EngineFailed, match=r"Renode has not come to the bridge within 2 s; its log is") as failed,
    ):
        twin.run("1ms")
    Path(str(failed.value).rpartition("its log is ")[2]).unlink()
    assert nobody_is_left(tmp_path)


@pytest.mark.parametrize(
    ("mode", "says"),
    [
        ("dies", r"Renode ended with code 1 before the run was over: Unhandled exception.*out of luck; its log is "),
        ("leaves", r"Renode left the bridge .*; its log is "),
        ("aborts", r"Renode could not do what it was told before the run was over: .*cpu0: CPU abort .*; its log is "),
        ("stops", r"Renode has not come as far as 14ms within 3 s.*; its log is "),
    ],
)
def test_an_end_in_the_middle_of_a_run_is_one_sentence_and_leaves_nobody(
    peer: Peer, tmp_path: Path, mode: str, says: str
) -> None:
    with Twin("pico", engine=peer(mode)) as twin:
        twin.run("4ms")
        with pytest.raises(EngineFailed, match=says) as failed:
            twin.run("10ms")
    Path(str(failed.value).rpartition("its log is ")[2]).unlink()
    assert nobody_is_left(tmp_path)


def test_a_twin_that_nobody_closes_leaves_nobody_either(peer: Peer, tmp_path: Path) -> None:
    """Its process ends with the interpreter."""
    script = f"from twins import Twin; Twin('pico', engine={peer('well')!r}).run('1ms')"
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, timeout=60)
    assert nobody_is_left(tmp_path)


@pytest.mark.parametrize(
    ("mode", "says"),
    [
        ("old", "is Renode 1.13.2: 1.15 or newer is needed"),
        ("foreign", "is no Renode: asked for its version, it said 'Python 3'"),
        ("mute", "is no Renode: asked for its version, it said 'nothing'"),
    ],
)
def test_what_does_not_serve_is_refused_by_a_sentence(tmp_path: Path, mode: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        Twin("pico", engine=f"renode:path={program(tmp_path, mode)}")


def test_one_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be run: No such file"):
        Twin("pico", engine=f"renode:path={tmp_path / 'nowhere'}")


def test_it_is_looked_for_in_renode_path_on_path_and_where_renode_run_puts_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.delenv("RENODE_PATH", raising=False)
    assert locate.look() == (None, [])
    with pytest.raises(EngineAbsent, match=r"the engine renode is not on this machine: install Renode 1\.15 or newer"):
        Twin("pico", engine="renode")

    downloads = tmp_path / locate.DOWNLOADS
    for version in ("renode_1.16.0", "renode_1.9.0"):
        (downloads / version).mkdir(parents=True)
        program(downloads / version, "well")
    found, _ = locate.look()
    assert found is not None
    assert (found.path, found.version, found.how) == (downloads / "renode_1.16.0" / "renode", "1.15.3", "renode-run")

    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    program(folder, "well")
    found, _ = locate.look()
    assert found is not None
    assert found.how == "PATH"

    named = tmp_path / "named"
    named.mkdir()
    monkeypatch.setenv("RENODE_PATH", str(named))
    program(named, "old")
    found, wrong = locate.look()
    assert found is not None
    assert found.how == "PATH"
    assert wrong == [f"{named / 'renode'} is Renode 1.13.2: 1.15 or newer is needed"]


def test_what_it_lacks_is_refused_by_a_sentence(peer: Peer) -> None:
    with Twin("pico", engine=peer("well")) as twin:
        assert Capability.SNAPSHOT not in capabilities_of(twin.engine)
        with pytest.raises(CapabilityMissing, match="the engine renode has no snapshots: run with engine native"):
            twin.snapshot()
        with pytest.raises(CapabilityMissing, match="the engine renode has no way to the registers"):
            twin.registers()


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ("quantum=soon", "from 0.000001 to 0.01"),
        ("quantum=0", "from 0.000001 to 0.01"),
        ("quantum=1", "from 0.000001 to 0.01"),
        ("patience=0.5", "from 1 to 86400"),
        ("patience=none", "from 1 to 86400"),
    ],
)
def test_a_number_of_seconds_that_is_none(peer: Peer, option: str, says: str) -> None:
    with pytest.raises(UsageError, match=f"renode:{option}: expected seconds {says}"):
        Twin("pico", engine=f"{peer('well')},{option}")
    assert EngineSpec.parse("renode:quantum=0.001").options == {"quantum": "0.001"}


def test_its_patience_is_an_option(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "PATIENCE", 600.0)
    with (
        Twin("pico", engine=f"{peer('stops')},patience=1.5") as twin,
        pytest.raises(EngineFailed, match=r"has not come as far as 10ms within 1\.5 s"),
    ):
        twin.run("10ms")


def test_a_real_rom_is_an_option(peer: Peer) -> None:
    with pytest.raises(UsageError, match="rom=real knows the ESP32-S3's: for an RP2040 give rom=PATH"):
        Twin("pico", engine=f"{peer('well')},rom=real")
    with pytest.raises(UsageError, match="boot ROM /nowhere"):
        Twin("pico", engine=f"{peer('well')},rom=/nowhere")


def test_a_board_of_ones_own_runs_on_the_platform_of_its_chip(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('name = "mine"\nchip = "rp2040"\nflash = "4MB"\ntitle = "Mine"\n')
    assert engine_module.platform(Board.load(path)) == "rp2040"
    assert engine_module.platform(Board.load("pico")) == "pico"


def test_the_platform_files_are_as_the_board_files_give_them() -> None:
    done = subprocess.run(
        [sys.executable, "tools/renode_platforms.py", "--check"],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stderr, done.returncode) == ("", 0)
