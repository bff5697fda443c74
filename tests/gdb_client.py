"""A client of GDB's remote protocol, written from the GDB manual's appendix E, for tests: in a thread of its own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from types import TracebackType

from twins import Twin
from twins.gdb import GdbServer


class Client:
    """Sends packets and gets answers."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._socket = socket.create_connection(address, timeout=30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest = b""

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def raw(self, data: bytes) -> None:
        """Sends bytes as they are."""
        self._socket.sendall(data)

    def send(self, body: str | bytes) -> None:
        """Sends a packet and nothing else."""
        body = body.encode() if isinstance(body, str) else body
        self.raw(b"$" + body + b"#%02x" % (sum(body) & 0xFF))

    def receive(self) -> str:
        """The next packet's contents; acknowledgements are skipped."""
        while True:
            start = self._rest.find(b"$")
            end = self._rest.find(b"#", start)
            if start >= 0 and end >= 0 and len(self._rest) >= end + 3:
                body, given = self._rest[start + 1 : end], self._rest[end + 1 : end + 3]
                self._rest = self._rest[end + 3 :]
                assert int(given, 16) == sum(body) & 0xFF
                self.raw(b"+")
                return body.decode("latin-1")
            data = self._socket.recv(65536)
            if not data:
                return ""
            self._rest += data

    def ask(self, body: str | bytes) -> str:
        """A packet, and its answer."""
        self.send(body)
        return self.receive()

    def monitor(self, command: str) -> str:
        """What a monitor command prints."""
        self.send("qRcmd," + command.encode().hex())
        said = ""
        while (answer := self.receive()) != "OK":
            assert answer.startswith("O"), answer
            said += bytes.fromhex(answer[1:]).decode()
        return said

    def word(self, address: int) -> int:
        """A word of memory."""
        return int.from_bytes(bytes.fromhex(self.ask(f"m{address:x},4")), "little")

    def register(self, number: int) -> int:
        """A register of 32 bits."""
        return int.from_bytes(bytes.fromhex(self.ask(f"p{number:x}")), "little")


def debug(twin: Twin, conversation: Callable[[Client], None], *, wait: bool = False) -> None:
    """Runs the twin while somebody talks to its server."""
    server = GdbServer(twin, wait=wait)
    failed: list[BaseException] = []

    def talk() -> None:
        try:
            with Client(server.address) as client:
                conversation(client)
        except BaseException as error:  # told where the test runs
            failed.append(error)

    thread = threading.Thread(target=talk)
    thread.start()
    while thread.is_alive():
        twin.run("1ms")
    thread.join()
    twin.live.remove(server)
    if failed:
        raise failed[0]
