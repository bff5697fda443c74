"""What others send to a twin's servers, and what comes of it: the table of the page of errors, carried out."""

from __future__ import annotations

import re
import socket
import struct
from pathlib import Path
from threading import Thread

import pytest

from tests.test_docs import shown_in
from twins import _engine
from twins.rfc2217 import Rfc2217Client

PAGE = Path(__file__).parent.parent / "docs" / "guide" / "errors.md"
ROWS = re.findall(r"^\| `(rfc2217|bridge|robot)` \| (.+) \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
TOKEN = bytes(range(16))


def of(line: str) -> list[tuple[str, str]]:
    rows = [(what, comes) for to, what, comes in ROWS if to == line]
    assert rows, f"the table has no rows for {line}"
    return rows


def code(cell: str) -> str:
    """What stands between backticks at the start of a cell."""
    found = re.match(r"`(.*?)`", cell)
    assert found is not None, cell
    return found[1]


@pytest.mark.parametrize(("what", "comes"), of("rfc2217"))
def test_a_client_of_rfc2217_is_answered_and_types_on(what: str, comes: str) -> None:
    client = Rfc2217Client("the client", lambda dtr, rts: pytest.fail(f"lines were moved: {dtr} {rts}"))
    took: list[bytes] = []

    def take(data: bytes) -> int:
        took.append(data)
        return len(data)

    client.received(bytes([255, 251, 44]))
    client.flush(take)
    took.clear()
    assert client.received(bytes.fromhex(code(what)) + b"typed") == b"typed"
    client.flush(take)
    assert b"".join(took) == (b"" if comes == "nothing" else bytes.fromhex(code(comes)))


@pytest.mark.parametrize(("what", "comes"), of("bridge"))
def test_a_client_of_the_bridge_is_told_why_it_is_sent_away(what: str, comes: str) -> None:
    bridge, chip = _engine.Bridge(TOKEN), _engine.Engine.rp2040(1 << 21)
    hello = struct.pack("<IBHBB", 5, 0x01, 1, 1, 2)
    said = bytes(16) if what == "a wrong token" else TOKEN + hello + bytes.fromhex(code(what))
    with socket.create_connection(("127.0.0.1", bridge.port or 0), timeout=20) as client:
        client.sendall(said)
        if not said.startswith(TOKEN):
            with pytest.raises(ConnectionError) as caught:
                bridge.accept(0.3)
            assert shown_in(comes, str(caught.value)), caught.value
            return
        bridge.accept(5)
        client.shutdown(socket.SHUT_WR)
        reader = Thread(target=lambda: [None for _ in iter(lambda: client.recv(1 << 20), b"")])
        reader.start()
        while (stop := chip.serve(bridge, 10**10))[0] == "time":
            assert chip.now < 10**10
        bridge.close()
        reader.join()
    assert stop[0] == "lost"
    assert shown_in(comes, stop[3]), stop[3]


@pytest.mark.parametrize(("what", "comes"), of("robot"))
def test_a_keyword_fails_with_a_sentence(what: str, comes: str, tmp_path: Path) -> None:
    running = pytest.importorskip("robot.running")
    name, *arguments = re.split(" {4}", code(what))
    suite = running.TestSuite("bad")
    suite.resource.imports.library("twins.robot_library")
    test = suite.tests.create("case")
    test.body.create_keyword(name, args=arguments)
    suite.teardown.config(name="Reset Emulation")
    result = suite.run(output=None, outputdir=str(tmp_path), console="none")
    (ran,) = result.suite.tests
    assert ran.status == "FAIL"
    assert shown_in(comes, ran.message), ran.message
    assert "Traceback" not in ran.message
