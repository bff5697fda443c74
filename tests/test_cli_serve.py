"""The command with people at the board: consoles on ports, pace, records. mpremote's turn is in tests/realimages."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from twins.cli import main


@pytest.fixture
def image(images: Path) -> str:
    return str(images / "media_controller.elf")


def trace(capsys: pytest.CaptureFixture[str]) -> str:
    return str(json.loads(capsys.readouterr().out.splitlines()[-1])["trace_sha256"])


def test_the_places_of_the_consoles_are_said(image: str, capsys: pytest.CaptureFixture[str]) -> None:
    run = ["run", "media_controller", image, "--until", "ready", "--pace", "max", "--pty", "--tcp", "uart0=0"]
    assert main(run) == 0
    first, second, *_ = capsys.readouterr().err.splitlines()
    assert first.startswith("twins: the consoles are at /dev/")
    assert second.startswith("twins: console uart0 is at socket://127.0.0.1:")


def test_a_port_that_is_taken_is_exit_2(image: str, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["run", "media_controller", image, "--tcp", str(port)]) == 2
    assert f"cannot serve a console on port {port} of 127.0.0.1: Address already in use" in capsys.readouterr().err


def test_real_time_is_what_served_boards_run_at(image: str) -> None:
    for options in (["--tcp", "0"], ["--realtime"], ["--pace", "1"]):
        start = time.monotonic()
        assert main(["run", "media_controller", image, "--for", "150ms", *options]) == 0
        assert time.monotonic() - start > 0.145


def test_a_record_of_a_script_replays_to_the_same_trace(
    image: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script, record = tmp_path / "script.yaml", tmp_path / "door.jsonl"
    script.write_text("- expect: ready\n- knob.turn: 2\n- expect: volume 42\n- type: x\n- knob.press: 60ms\n")
    run = ["run", "media_controller", image, "--json"]
    assert main([*run, "--input", str(script), "--for", "600ms", "--record", str(record)]) == 0
    recorded = trace(capsys)
    assert main([*run, "--replay", str(record)]) == 0
    assert trace(capsys) == recorded


def test_a_record_of_another_board_is_refused(
    image: str, images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = tmp_path / "door.jsonl"
    assert main(["run", "media_controller", image, "--for", "1ms", "--record", str(record)]) == 0
    assert main(["run", "pico", str(images / "idle.uf2"), "--replay", str(record)]) == 2
    assert "is of board 'media_controller', this twin has 'pico'" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_served_board_runs_until_a_signal_and_leaves_everything_whole(
    image: str, tmp_path: Path, number: signal.Signals
) -> None:
    """128 and the number of the signal is what a shell shows (POSIX.1-2017, Shell and Utilities 2.8.2)."""
    log, vcd, record, flash = (tmp_path / name for name in ("uart.log", "pins.vcd", "door.jsonl", "flash.bin"))
    command = [sys.executable, "-m", "twins", "run", "media_controller", image, "--tcp", "0", "--uart", str(log)]
    command += ["--vcd", str(vcd), "--record", str(record), "--flash-out", str(flash)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as served:
        try:
            assert served.stderr is not None
            place = served.stderr.readline().split("//")[1].strip()
            host, port = place.split(":")
            with socket.create_connection((host, int(port)), 30) as client:
                client.settimeout(30)
                got = b""
                while b"ready\r\n" not in got:
                    got += client.recv(100)
                served.send_signal(number)
                assert served.wait(30) == 128 + number
                client.settimeout(5)
                assert client.recv(100) == b""
            errors = served.stderr.read()
        finally:
            served.kill()
    assert "twins: interrupted at " in errors
    assert "Traceback" not in errors
    assert log.read_bytes().endswith(b"ready\r\n")
    assert vcd.read_text().splitlines()[-1].startswith("#")
    assert json.loads(record.read_text().splitlines()[-1])["do"] == "end"
    assert flash.stat().st_size == 2 << 20
    assert sorted(tmp_path.iterdir()) == [record, flash, vcd, log]
