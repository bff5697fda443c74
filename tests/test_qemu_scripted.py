"""The engine qemu against a scripted peer, `tests/fake_qemu.py`: no QEMU is needed. Real ones: `tests/test_qemu.py`."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fake_qemu import CALLER, FUNCTION, RAM
from twins import Twin
from twins.board import Board
from twins.engines import Capability, EngineSpec
from twins.engines.qemu import locate
from twins.engines.qemu import process as process_module
from twins.errors import CapabilityMissing, EngineAbsent, EngineFailed, UsageError

FAKE = Path(__file__).parent / "fake_qemu.py"
Peer = Callable[[str], str]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the lines to QEMU are Unix sockets")


def program(folder: Path, mode: str) -> Path:
    """A qemu-system-xtensa that is the peer."""
    path = folder / "qemu-system-xtensa"
    path.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "{FAKE}" {mode} "$@"\n')
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.fixture
def peer(tmp_path: Path) -> Peer:
    """The engine's name with the path of a peer in a mode."""
    return lambda mode: f"qemu:path={program(tmp_path, mode)}"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test of a net does not wait for the whole of it."""
    monkeypatch.setattr(process_module, "PATIENCE", 3.0)
    monkeypatch.setattr("twins.engines.qemu.engine.PATIENCE", 3.0)


@pytest.fixture
def board() -> Board:
    return Board.load("esp32s3_devkitc")


def children() -> set[str]:
    """The processes of ours that run the peer."""
    listed = subprocess.run(
        ["ps", "-ww", "-o", "args=", "--ppid", str(os.getpid())], capture_output=True, text=True, check=True
    )
    return {line for line in listed.stdout.splitlines() if "fake_qemu" in line}


def test_a_run_shows_the_console_and_reaches_its_time(peer: Peer, board: Board) -> None:
    with Twin(board, engine=peer("well")) as twin:
        twin.run("50ms")
        assert twin.engine_name == "qemu"
        assert twin.now >= 50_000_000_000
        assert twin.consoles["uart0"].text.startswith("boot\r\nat 10 ms\r\nat 20 ms\r\n")
        before = twin.now
        twin.run("1ms")
        assert before + 1_000_000_000 <= twin.now


def test_a_text_is_waited_for(peer: Peer, board: Board) -> None:
    with Twin(board, engine=peer("well")) as twin:
        twin.consoles["uart0"].expect(r"at (\d+) ms", timeout="1s")
        assert twin.consoles["uart0"].match[1] == "10"


def test_what_is_typed_arrives_also_before_the_machine_begins(peer: Peer, board: Board) -> None:
    with Twin(board, engine=peer("well")) as twin:
        twin.consoles["uart0"].send("early")
        twin.consoles["uart0"].expect_exact("early", timeout="1s")
        twin.consoles["uart0"].send("late")
        twin.consoles["uart0"].expect_exact("late", timeout="1s")


def test_memory_and_registers_go_through_the_debugger(peer: Peer, board: Board) -> None:
    with Twin(board, engine=peer("well")) as twin:
        twin.memory.write(RAM + 4, b"abcd")
        assert twin.memory.read(RAM + 2, 8) == b"\0\0abcd\0\0"
        assert twin.registers(1)["pc"] == 0
        with pytest.raises(UsageError, match="0x60000000"):
            twin.memory.read(0x6000_0000, 4)  # a look at UART0's FIFO would take a byte out of it


def test_a_function_is_answered_in_place_of_the_firmware(peer: Peer, board: Board) -> None:
    """Arguments and result by the windowed ABI, Xtensa ISA RM 8.1; the window of the peer's core reaches round AR63."""
    seen: list[tuple[object, ...]] = []
    with Twin(board, engine=peer("well")) as twin:

        def handler(_: object, *args: object) -> int:
            seen.append((twin.now, *args))
            return 0x1234

        found = twin.intercept(FUNCTION, handler, args=("u32", "u32", "u32"))
        twin.run("12ms")
        assert [args for _, *args in seen] == [[1, 2, 3]]
        assert found.calls == 1
        # A10 of the caller, after a CALL8: AR(60 + 10 - 64).
        assert twin.engine.register(0, "ar6") == 0x1234
        assert twin.registers(0)["pc"] == CALLER
        found.remove()
        twin.run("20ms")
        assert len(seen) == 1


def test_a_watched_function_is_executed(peer: Peer, board: Board) -> None:
    with Twin(board, engine=peer("well")) as twin:
        found = twin.intercept(FUNCTION, lambda call: None, watch=True)
        twin.run("30ms")
        assert found.calls == 3
        assert twin.registers(0)["pc"] == FUNCTION + 3


def test_what_a_function_costs_is_refused(peer: Peer, board: Board) -> None:
    with Twin(board, engine=peer("well")) as twin:
        twin.intercept(FUNCTION, lambda call: 0, cost=100)
        with pytest.raises(CapabilityMissing, match="the engine qemu has no timing on wires"):
            twin.run("12ms")


def test_resets_are_told_with_their_reason(peer: Peer, board: Board) -> None:
    with Twin(board, engine=peer("well")) as twin:
        twin.run("1ms")
        twin.reset()
        twin.consoles["uart0"].send("reset")
        twin.run("20ms")
        assert [reason for _, reason in twin.resets] == ["PowerOn", "CoreSoftware"]


def test_flash_and_fuses_are_files_of_the_size_that_it_needs(peer: Peer, tmp_path: Path) -> None:
    board = Board.load("esp32s3_devkitc").with_mac("7c:df:a1:00:00:02")
    with Twin(board, engine=peer("well")) as twin:
        twin.engine.write_flash(0x1000, b"something")
        twin.run("1ms")
        twin.flash.save(tmp_path / "kept.bin")
        folder = twin.engine._process.folder  # type: ignore[attr-defined]
        assert (folder / "fuses.bin").read_bytes()[0x18:0x1E] == bytes.fromhex("020000a1df7c")
        with pytest.raises(UsageError, match="before its first run only"):
            twin.engine.write_flash(0, b"x")
    kept = (tmp_path / "kept.bin").read_bytes()
    assert len(kept) == board.flash_size
    assert kept[0x1000:0x1009] == b"something"
    assert not folder.exists()


def test_what_it_has_not_is_one_sentence(peer: Peer, board: Board) -> None:
    with Twin(board, engine=peer("well")) as twin:
        with pytest.raises(CapabilityMissing, match="the engine qemu has no snapshots: run with engine native"):
            twin.snapshot()
        with pytest.raises(CapabilityMissing, match="the engine qemu has no parts on pins"):
            twin.pins["GPIO0"].level  # noqa: B018
        with pytest.raises(CapabilityMissing, match="the engine qemu has no USB host"):
            twin.consoles["usb_jtag"].send("x")
        assert Capability.DETERMINISM not in twin.capabilities


def test_no_process_is_left_behind(peer: Peer, board: Board) -> None:
    before = children()
    twin = Twin(board, engine=peer("well"))
    twin.run("1ms")
    assert len(children()) == len(before) + 1
    twin.close()
    twin.close()
    assert children() == before
    with pytest.raises(UsageError, match="has been closed"):
        twin.run("1ms")


# What goes wrong is one sentence, and does not hang


def test_an_end_at_once(peer: Peer, board: Board) -> None:
    with Twin(board, engine=peer("ends")) as twin, pytest.raises(EngineFailed, match="no such device") as caught:
        twin.run("1ms")
    log = Path(str(caught.value).rsplit("its log is ", 1)[1])
    assert "no such device" in log.read_text()
    log.unlink()


def test_a_program_that_never_connects(peer: Peer, board: Board) -> None:
    with (
        Twin(board, engine=peer("hangs")) as twin,
        pytest.raises(EngineFailed, match="not given its line qmp for 3 s"),
    ):
        twin.run("1ms")


def test_an_end_in_the_middle(peer: Peer, board: Board) -> None:
    before = children()
    with (
        Twin(board, engine=peer("dies")) as twin,
        pytest.raises(EngineFailed, match=r"ended with code 1 before .*signal"),
    ):
        twin.run("1s")
    assert children() == before


def test_an_end_by_the_guest(peer: Peer, board: Board) -> None:
    with Twin(board, engine=peer("shuts")) as twin, pytest.raises(EngineFailed, match="shut down \\(guest-shutdown"):
        twin.run("1s")


def test_time_that_stands_still(peer: Peer, board: Board) -> None:
    with Twin(board, engine=peer("still")) as twin, pytest.raises(EngineFailed, match="has stood still for 3 s"):
        twin.run("1s")


def test_a_command_that_is_refused(peer: Peer, board: Board) -> None:
    with Twin(board, engine=peer("refuses")) as twin, pytest.raises(EngineFailed, match="system_reset: not today"):
        twin.reset()


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("old", "is QEMU 8.1.3: 9.0 or newer is needed"),
        ("foreign", "is QEMU 9.2.2 without the machine esp32s3"),
        ("mute", "is no QEMU"),
    ],
)
def test_a_program_that_does_not_serve(peer: Peer, board: Board, mode: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        Twin(board, engine=peer(mode))


def test_a_program_that_is_not_there(board: Board, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be run: No such file"):
        Twin(board, engine=f"qemu:path={tmp_path / 'nothing'}")


def test_a_machine_without_it(board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("IDF_TOOLS_PATH", str(tmp_path))
    with pytest.raises(EngineAbsent, match=r"idf_tools\.py install qemu-xtensa"):
        Twin(board, engine="qemu")


def test_the_newest_of_esp_idf_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("IDF_TOOLS_PATH", str(tmp_path))
    monkeypatch.setattr(locate.shutil, "which", lambda name: None)
    for release in ("esp_develop_9.0.0_20240606", "esp_develop_9.2.2_20250228", "esp_develop_8.2.0_20240122"):
        folder = tmp_path / "tools" / "qemu-xtensa" / release / "qemu" / "bin"
        folder.mkdir(parents=True)
        program(folder, "well")
    found, wrong = locate.look()
    assert found is not None
    assert not wrong
    assert (found.path.parents[2].name, found.how) == ("esp_develop_9.2.2_20250228", "IDF_TOOLS_PATH")
    assert found.version == "9.2.2 (esp_develop_9.2.2_20250817)"


def test_flash_of_a_size_that_it_has_not(peer: Peer, tmp_path: Path) -> None:
    path = tmp_path / "odd.toml"
    path.write_text('name = "odd"\nchip = "esp32s3"\nflash = "32MB"\ntitle = "odd"\n')
    with pytest.raises(UsageError, match="has 32 MB of flash; the engine qemu has flash chips of 2, 4, 8, 16 MB"):
        Twin(path, engine=peer("well"))


@pytest.mark.parametrize(
    "text", ["qemu:shift=eleven", "qemu:watchdogs=1", "qemu:turn=0", "qemu:psram=octal", "qemu:icount=off"]
)
def test_options_are_checked(board: Board, text: str) -> None:
    with pytest.raises(UsageError, match=r"expected|no option"):
        Twin(board, engine=EngineSpec.parse(text))


def test_another_chip_is_refused() -> None:
    with pytest.raises(UsageError, match="the engine qemu runs ESP32-S3"):
        Twin("pico", engine="qemu")
