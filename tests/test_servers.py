"""Consoles on pseudo-terminals and ports, as programs outside find them."""

from __future__ import annotations

import logging
import os
import socket
import struct
import time
from pathlib import Path

import pytest
import serial

from tests.test_console import echoing
from twins import Twin, UsageError
from twins.servers import BACKLOG, PtyServer, RawClient, TcpServer


def pty_of(twin: Twin) -> PtyServer:
    (server,) = twin.live.servers
    assert isinstance(server, PtyServer)
    return server


def tcp_of(twin: Twin) -> TcpServer:
    (server,) = twin.live.servers
    assert isinstance(server, TcpServer)
    return server


def read_all(port: serial.SerialBase, twin: Twin, end: bytes) -> bytes:
    """What the port gets while the twin runs, up to a text."""
    got = bytearray()

    def came() -> bool:
        got.extend(port.read(4096))
        return got.endswith(end)

    twin.run_until(came, timeout="10s", every="5ms")
    return bytes(got)


def test_pyserial_on_the_pseudo_terminal_types_and_reads(images: Path) -> None:
    with echoing(images) as twin, serial.Serial(twin.console.serve_pty(), 115_200, timeout=0, exclusive=True) as port:
        twin.run("2ms")
        port.write(bytes(range(256)))
        assert read_all(port, twin, bytes(range(250, 256))) == bytes(range(256))


def test_pyserial_on_the_port_types_and_reads(images: Path) -> None:
    with echoing(images) as twin:
        host, number = twin.console.serve_tcp()
        assert host == "127.0.0.1"
        with serial.serial_for_url(f"socket://{host}:{number}", timeout=0) as port:
            twin.run("2ms")
            port.write(bytes(range(256)))
            assert read_all(port, twin, bytes(range(250, 256))) == bytes(range(256))


def test_what_clients_type_is_recorded_and_replayed_to_the_same_trace(images: Path, tmp_path: Path) -> None:
    record = tmp_path / "door.jsonl"
    start = echoing(images).snapshot()
    with Twin.from_snapshot(start) as twin:
        twin.door.record(record)
        with socket.create_connection(twin.consoles["uart0"].serve_tcp()) as client:
            for word in (b"one ", b"two ", b"three"):
                client.sendall(word)
                twin.run("3ms")
        text = twin.console.text
        trace = twin.trace.sha256
    assert text.endswith("one two three")
    with Twin.from_snapshot(start) as again:
        again.advance(again.door.replay(record))
        assert (again.console.text, again.trace.sha256) == (text, trace)


def test_a_pseudo_terminal_echoes_nothing_and_changes_nothing(images: Path) -> None:
    """A fresh terminal line would send back what is printed, and double line ends (termios, ECHO and ONLCR)."""
    with echoing(images) as twin:
        path = twin.console.serve_pty()
        for _ in range(2):
            with Path(path).open("r+b", buffering=0) as terminal:
                before = len(twin.console.log)
                terminal.write(b"a\nb\r\n")
                twin.run("5ms")
                assert b"".join(terminal.read(1) for _ in range(5)) == b"a\nb\r\n"
                twin.run("5ms")
                assert twin.console.log[before:] == b"a\nb\r\n"
            twin.run("2ms")


def test_a_line_that_nobody_closes_is_closed_and_said(media_controller: Twin) -> None:
    """As Python says it of a file (docs.python.org, ResourceWarning)."""
    server = PtyServer(media_controller.console)
    path = server.path
    with pytest.warns(ResourceWarning, match=f"unclosed <PtyServer {path}>"):
        del server
    assert not Path(path).exists()


def test_a_client_sees_what_comes_after_it_has_connected(media_controller: Twin) -> None:
    with media_controller as twin:
        path = twin.console.serve_pty()
        twin.knob.turn(+1)
        twin.run("200ms")
        server = pty_of(twin)
        assert not server.connected
        with serial.Serial(path, timeout=0) as port:
            twin.run("2ms")
            assert server.connected
            twin.knob.turn(+1)
            assert read_all(port, twin, b"volume 42\r\n") == b"volume 42\r\n"
        twin.run("2ms")
        assert not server.connected
        with serial.Serial(path, timeout=0) as port:
            twin.run("2ms")
            twin.knob.turn(+1)
            assert read_all(port, twin, b"volume 43\r\n") == b"volume 43\r\n"


def test_tcp_clients_come_and_go_and_all_of_them_see_it(media_controller: Twin) -> None:
    with media_controller as twin:
        address = twin.console.serve_tcp()
        server = tcp_of(twin)
        with socket.create_connection(address, 5) as one, socket.create_connection(address, 5) as two:
            twin.run("2ms")
            assert server.clients == 2
            twin.knob.turn(+1)
            twin.run("200ms")
            assert one.recv(100) == two.recv(100) == b"volume 41\r\n"
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # it leaves with a reset
        twin.knob.turn(+1)
        twin.run("200ms")
        assert server.clients == 0


def test_the_line_ends_for_clients_when_the_twin_is_closed(media_controller: Twin) -> None:
    with media_controller as twin:
        client = socket.create_connection(twin.console.serve_tcp(), 5)
        terminal = os.open(twin.console.serve_pty(), os.O_RDWR | os.O_NOCTTY)
        twin.run("2ms")
    with client:
        assert client.recv(1) == b""
    assert os.read(terminal, 1) == b""
    os.close(terminal)
    assert media_controller.live.servers == ()


@pytest.mark.parametrize("line", ["pty", "tcp"])
def test_who_does_not_read_loses_the_oldest_and_is_told_once(
    images: Path, line: str, caplog: pytest.LogCaptureFixture
) -> None:
    with echoing(images) as twin:
        if line == "pty":
            serial_port = serial.Serial(twin.console.serve_pty(), timeout=0)
        else:
            serial_port = serial.serial_for_url("socket://{}:{}".format(*twin.console.serve_tcp()), timeout=0)
        with serial_port, caplog.at_level(logging.WARNING, "twins"):
            twin.run("2ms")
            # More than the kernel keeps of either kind, plus the backlog.
            for _ in range(20):
                twin._outputs["uart0"] += bytes(1 << 20)
                twin.run("1ms")
            (client,) = _clients(twin)
            warning = f"{client.name} does not read: what it leaves longer than {BACKLOG} bytes is dropped"
            assert [text for text in caplog.messages if "does not read" in text] == [warning]
            twin.console.send("still here")
            twin.console.expect_exact("still here", timeout="50ms")


def _clients(twin: Twin) -> list[RawClient]:
    (server,) = twin.live.servers
    if isinstance(server, PtyServer):
        return [server._client] if server._client else []
    assert isinstance(server, TcpServer)
    return list(server._clients.values())


def test_a_port_that_is_taken_is_refused_with_a_sentence(media_controller: Twin) -> None:
    with media_controller as twin:
        _, port = twin.console.serve_tcp()
        with pytest.raises(
            UsageError, match=rf"cannot serve a console on port {port} of 127\.0\.0\.1: Address already in use"
        ):
            twin.console.serve_tcp(port)
        with pytest.raises(UsageError, match=r"on port 65536 of 127\.0\.0\.1: no such port"):
            twin.console.serve_tcp(65536)
        assert len(twin.live.servers) == 1


def test_a_protocol_can_stand_between_console_and_client(images: Path) -> None:
    """As RFC 2217 will, which doubles the byte 255 in both directions (RFC 854, IAC)."""

    class Telnet(RawClient):
        def received(self, data: bytes) -> bytes:
            return data.replace(b"\xff\xff", b"\xff")

        def sent(self, data: bytes) -> bytes:
            return data.replace(b"\xff", b"\xff\xff")

    with echoing(images) as twin:
        server = TcpServer(twin.console, 0, Telnet)
        twin.live.add(server)
        before = len(twin.console.log)
        with socket.create_connection(server.address, 5) as client:
            twin.run("2ms")
            client.sendall(b"a\xff\xffb")
            twin.run("5ms")
            assert twin.console.log[before:] == b"a\xffb"
            assert client.recv(100) == b"a\xff\xffb"


def test_a_pace_holds_virtual_time_to_the_wall(media_controller: Twin) -> None:
    with media_controller as twin:
        twin.live.pace = 2
        start = time.monotonic()
        twin.run("200ms")
        assert time.monotonic() - start > 0.095
        twin.live.pace = None
        assert not twin.live.is_on


def test_a_pace_does_not_change_the_trace(media_controller: Twin) -> None:
    fork = media_controller.fork()
    with media_controller as paced:
        paced.live.pace = 5
        for twin in (paced, fork):
            twin.knob.turn(+1)
            twin.run("100ms")
        assert paced.trace.sha256 == fork.trace.sha256


@pytest.mark.parametrize("pace", [0, -1, float("inf"), float("nan")])
def test_a_pace_that_is_none_is_refused(media_controller: Twin, pace: float) -> None:
    with pytest.raises(UsageError, match="expected a number above 0"):
        media_controller.live.pace = pace
