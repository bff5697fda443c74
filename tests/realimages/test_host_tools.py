"""Host programs of others at a twin's consoles: mpremote on the pseudo-terminal, pyserial on the port.

mpremote is MicroPython's own tool: what it does with a board on USB it does with the twin.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import serial

from tests.realimages.conftest import PROMPT
from tests.realimages.host_programs import PATIENCE, while_it_runs
from twins import Twin


@pytest.fixture
def pico(micropython_at_prompt: Twin) -> Twin:
    """A Pico at its prompt, for a host program."""
    return micropython_at_prompt.fork()


def mpremote(twin: Twin, path: str, *arguments: str) -> str:
    """What the tool printed while the twin ran."""
    command = [sys.executable, "-m", "mpremote", "connect", path, *arguments]
    code, printed = while_it_runs(twin, command)
    assert code == 0, printed
    return printed


def test_mpremote_runs_code(pico: Twin) -> None:
    with pico:
        assert mpremote(pico, pico.console.serve_pty(), "exec", "print(1+1)") == "2\n"


def test_mpremote_copies_a_file_there_and_back(pico: Twin, tmp_path: Path) -> None:
    sent, back = tmp_path / "sent.bin", tmp_path / "back.bin"
    sent.write_bytes(bytes(range(256)) * 20)
    with pico:
        path = pico.consoles["usb"].serve_pty()
        mpremote(pico, path, "cp", str(sent), ":data.bin")
        assert "5120 data.bin" in mpremote(pico, path, "ls")
        mpremote(pico, path, "cp", ":data.bin", str(back))
    assert back.read_bytes() == sent.read_bytes()


@pytest.mark.parametrize("scheme", ["socket", "rfc2217"])
def test_mpremote_copies_a_file_over_the_network_and_runs_it(pico: Twin, tmp_path: Path, scheme: str) -> None:
    script = tmp_path / "answer.py"
    script.write_text("print('the answer is', 6 * 7)\n")
    with pico:
        pico.live.pace = 1
        console = pico.consoles["usb"]
        host, number = console.serve_tcp() if scheme == "socket" else console.serve_rfc2217()
        mpremote(pico, f"{scheme}://{host}:{number}", "cp", str(script), ":answer.py")
        said = mpremote(pico, f"{scheme}://{host}:{number}", "exec", "import answer")
    assert said == "the answer is 42\n"


def test_the_copy_is_replayed_from_the_record(pico: Twin, tmp_path: Path) -> None:
    sent, record = tmp_path / "sent.txt", tmp_path / "door.jsonl"
    sent.write_text("a line\n" * 100)
    again = pico.fork()
    with pico:
        pico.door.record(record)
        mpremote(pico, pico.console.serve_pty(), "cp", str(sent), ":text")
    with again:
        again.advance(again.door.replay(record))
        assert again.trace.sha256 == pico.trace.sha256
        assert again.flash.read() == pico.flash.read()
        again.console.send("len(open('text').read())\r")
        again.console.expect_exact("\r\n700\r\n", timeout="1s")


def test_pyserial_talks_to_the_prompt_over_tcp(pico: Twin) -> None:
    got = bytearray()

    def answered() -> bool:
        got.extend(port.read(4096))
        return got.endswith(PROMPT.encode())

    with pico:
        host, number = pico.console.serve_tcp()
        with serial.serial_for_url(f"socket://{host}:{number}", timeout=0) as port:
            port.write(b"6*7\r")
            pico.run_until(answered, timeout=PATIENCE)
    assert bytes(got) == b"6*7\r\n42\r\n>>> "


def test_the_command_serves_a_person_until_ctrl_c(micropython_image: str, tmp_path: Path) -> None:
    log, record = tmp_path / "uart.log", tmp_path / "door.jsonl"
    command = [sys.executable, "-m", "twins", "run", "pico", micropython_image, "--pty", "usb", "--tcp", "usb=0"]
    command += ["--uart", str(log), "--record", str(record)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, start_new_session=True) as served:
        try:
            assert served.stderr is not None
            places = [served.stderr.readline().split()[-1] for _ in range(2)]
            assert [place.partition("/")[0] for place in places] == ["", "socket:"]
            with serial.serial_for_url(places[1], timeout=60) as port:
                assert port.read_until(PROMPT.encode()).endswith(PROMPT.encode())
            tool = [sys.executable, "-m", "mpremote", "connect", places[0], "exec", "print(1+1)"]
            assert subprocess.run(tool, capture_output=True, text=True, timeout=60).stdout == "2\n"
            os.kill(served.pid, 2)
            assert served.wait(60) == 130
            assert "twins: interrupted at" in served.stderr.read()
        finally:
            served.kill()
    assert log.read_bytes().count(b"MicroPython v1.25.0") >= 1
    replay = [sys.executable, "-m", "twins", "run", "pico", micropython_image, "--replay", str(record)]
    again = subprocess.run(replay, capture_output=True, text=True, timeout=300)
    assert again.returncode == 0, again.stderr
    assert "print(1+1)" in record.read_text()
