"""The bridge's frames, right and wrong ones: one sentence, no hang, and the chip goes on."""

from __future__ import annotations

import os
import random
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from threading import Thread, Timer

import pytest
from bridge_client import Client, Fault, Refused
from bridge_twin import connected

from twins import _engine
from twins.engines.renode.server import Server
from twins.errors import BridgeLost

TOKEN = bytes(range(16))
CPUID = 0xD000_0000
HELLO = struct.pack("<IBHBB", 5, 0x01, 1, 1, 2)
MOST = 1_048_640


@pytest.fixture
def chip() -> _engine.Engine:
    return _engine.Engine.rp2040(1 << 21)


def says(chip: _engine.Engine, sent: bytes, *, token: bytes = TOKEN, hello: bool = True) -> tuple[str, bytes]:
    """Why the server ends the connection of a client that sends these bytes and goes; and its last frame."""
    bridge = _engine.Bridge(TOKEN)
    with socket.create_connection(("127.0.0.1", bridge.port or 0), timeout=20) as client:
        client.sendall(token + (HELLO if hello else b"") + sent)
        bridge.accept(5)
        client.shutdown(socket.SHUT_WR)
        answers: list[bytes] = []

        def listen() -> None:
            while more := client.recv(1 << 20):
                answers.append(more)

        thread = Thread(target=listen)
        thread.start()
        until = chip.now + 10**10
        while (stop := chip.serve(bridge, until))[0] == "time" and chip.now < until:
            pass
        bridge.close()
        thread.join()
    whole, last = b"".join(answers), b""
    while whole:
        length = int.from_bytes(whole[:4], "little")
        last, whole = whole[4 : 4 + length], whole[4 + length :]
    assert stop[0] in ("lost", "bye", "time", "reset")
    return stop[3], last


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (struct.pack("<IB", 0, 7), "the client sent a frame of 0 bytes: 1 to 1048640"),
        (struct.pack("<IB", MOST + 1, 7), f"the client sent a frame of {MOST + 1} bytes: 1 to 1048640"),
        (struct.pack("<IB", 0xFFFF_FFFF, 7), "the client sent a frame of 4294967295 bytes: 1 to 1048640"),
        (struct.pack("<IB", 1, 0x33), "the client sent a frame of kind 0x33, which there is not"),
        (struct.pack("<IB", 1, 2), "the client sent a Read that is too short"),
        (struct.pack("<IBBBIQB", 16, 2, 0, 4, CPUID, 0, 0), "the client sent a Read with 1 bytes too many"),
        (struct.pack("<IBBBIQ", 15, 2, 2, 4, CPUID, 0), "the client sent a Read by processor 2: there are 0 and 1"),
        (struct.pack("<IBBBIQ", 15, 2, 0, 3, CPUID, 0), "the client sent a Read of 3 bytes: 1, 2 or 4"),
        (
            struct.pack("<IBBBIQ", 15, 2, 0, 4, CPUID + 2, 0),
            "the client sent a Read of 4 bytes at 0xD0000002, which is not aligned",
        ),
        (struct.pack("<IB", 1, 0x42), "the client sent memory that nobody asked for"),
        (HELLO, "the client sent Hello twice"),
        (struct.pack("<IBBIQB", 15, 5, 0, 0x200, 0, 0), "the client sent a Trap with 0 registers: the RP2040 has 22"),
        (
            struct.pack("<IBBIQB22I", 103, 5, 0, 0x2000_0000, 0, 22, *range(22)),
            "the client sent a Trap at 0x20000000, where no function of the ROM is",
        ),
        (struct.pack("<IBBIQB", 15, 5, 0, 0x200, 0, 129), "the client sent a Trap with 129 registers: at most 128"),
        (b"\x0f\0\0", "the client closed the connection within a frame"),
        (b"", "the client closed the connection"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(chip: _engine.Engine, sent: bytes, why: str) -> None:
    said, last = says(chip, sent)
    assert said == why
    if "closed" not in why:
        assert last == b"\x8f" + why.encode()
    chip.run(chip.now + 10**6)


def test_requests_wait_for_a_greeting_of_the_same_version_and_chip(chip: _engine.Engine) -> None:
    early = says(chip, struct.pack("<IB", 1, 7), hello=False)
    assert early[0] == "the client sent a request before Hello"
    newer = says(chip, struct.pack("<IBHBB", 5, 1, 2, 1, 2), hello=False)
    assert newer[0] == "the client speaks version 2 of the bridge, this is 1"
    other = says(chip, struct.pack("<IBHBB", 5, 1, 1, 2, 2), hello=False)
    assert other[0] == "the client has 2 processors of chip 2, the twin has the RP2040: 2 of chip 1"


def test_who_comes_at_the_last_moment_has_time_to_say_the_token() -> None:
    bridge = _engine.Bridge(TOKEN)
    with socket.create_connection(("127.0.0.1", bridge.port or 0), timeout=20) as client:
        late = Timer(0.6, client.sendall, [TOKEN])
        late.start()
        bridge.accept(0.1)
        late.join()
    bridge.close()


def test_who_does_not_know_the_token_is_sent_away() -> None:
    bridge = _engine.Bridge(TOKEN)
    with socket.create_connection(("127.0.0.1", bridge.port or 0), timeout=20) as stranger:
        stranger.sendall(bytes(16) + HELLO)
        with pytest.raises(
            ConnectionError, match=r"no client came to the bridge within 0.3 s; 1 came without the token"
        ):
            bridge.accept(0.3)
        assert stranger.recv(100) == b""


def test_nobody_comes() -> None:
    with pytest.raises(ConnectionError, match=r"no client came to the bridge within 0.1 s"):
        _engine.Bridge(TOKEN).accept(0.1)
    chip = _engine.Engine.rp2040(1 << 21)
    with Server(chip, None) as server, pytest.raises(BridgeLost, match="no client came"):
        server.accept(0.1)


def test_a_client_that_does_not_greet_is_given_up(chip: _engine.Engine) -> None:
    with Server(chip, None) as server:
        client = Client(server.address, server.token)
        with pytest.raises(BridgeLost, match=r"has not said Hello within 0\.2 s"):
            server.accept(0.2)
        client.close()


@pytest.mark.skipif(os.name != "posix", reason="a Unix socket's permissions")
def test_the_socket_is_its_users_alone_and_goes_away(chip: _engine.Engine) -> None:
    with Server(chip, None) as server:
        path = Path(server.address)
        assert path.stat().st_mode & 0o077 == 0
        assert path.parent.stat().st_mode & 0o077 == 0
    assert not path.parent.exists()


def test_both_kinds_of_socket_carry_the_same() -> None:
    def program(client: Client) -> Iterator[int]:
        yield 0
        assert client.read(CPUID) == 0
        assert client.read(CPUID, core=1) == 1
        with pytest.raises(Fault):
            client.read(0x6000_0000)

    for unix in (False, True):
        with connected(_engine.Engine.rp2040(1 << 21), "rp2040", program, unix=unix) as (server, client):
            assert server.run(10**9)[0] == "time"
            assert client.now == 10**9


def test_a_client_that_dies_ends_the_run_with_a_sentence(chip: _engine.Engine) -> None:
    def program(client: Client) -> Iterator[int]:
        yield 10**6
        client.close()
        raise OSError("gone")

    with connected(chip, "rp2040", program) as (server, _), pytest.raises(OSError, match="gone"):
        server.run(10**9)


def test_a_client_that_answers_a_memread_wrongly_is_refused(chip: _engine.Engine) -> None:
    class Wrong(Client):
        def notice(self, kind: int, body: bytes) -> None:
            if kind == 0xC1:
                self.send(0x41, b"short")
            else:
                super().notice(kind, body)

    with Server(chip, None) as server:
        refused: list[str] = []

        def play() -> None:
            client = Wrong(server.address, server.token)
            client.hello()
            try:
                # DMA out of reset, then channel 0: one word from SRAM to SRAM (datasheet 2.5).
                client.write(0x4000_F000, 1 << 2)
                for offset, value in ((0, 0x2000_0000), (4, 0x2000_0100), (8, 1), (0xC, 0x3F << 15 | 2 << 2 | 1)):
                    client.write(0x5000_0000 + offset, value)
                client.advance(10**9)
            except Refused as error:
                refused.append(str(error))
            client.close()

        thread = Thread(target=play)
        thread.start()
        server.accept(20)
        with pytest.raises(BridgeLost, match="answered a MemRead of 1024 bytes with 5"):
            server.run(10**9)
        thread.join()
    assert refused == ["the client answered a MemRead of 1024 bytes with 5"]


def test_random_bytes_end_in_a_sentence(chip: _engine.Engine) -> None:
    dice = random.Random(6)
    for _ in range(150):
        frames = b""
        for _ in range(dice.randrange(1, 6)):
            kind = dice.choice([1, 2, 3, 4, 5, 6, 7, 0x41, 0x42, dice.randrange(256)])
            body = dice.randbytes(dice.choice([0, 1, 8, 9, 14, 18, dice.randrange(60)]))
            # Some times are small, so that requests are carried out and not only awaited.
            if kind in (2, 3) and len(body) >= 14:
                addr = dice.choice([0x4000_0000, 0x5000_0000, CPUID, 0x2000_0000, 0x1800_0000]) + 4 * dice.randrange(64)
                body = struct.pack("<BBI", dice.randrange(2), dice.choice([1, 2, 4]), addr) + body[6:-8] + bytes(8)
            length = len(body) + 1 if dice.random() < 0.9 else dice.randrange(1 << 32)
            frames += struct.pack("<IB", length, kind) + body
        why, _ = says(chip, frames, hello=dice.random() < 0.9)
        assert why == "" or why.startswith("the client ")
    chip.run(chip.now + 10**6)
