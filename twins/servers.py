"""Consoles for programs outside: a pseudo-terminal, or a TCP port on this machine.

A server shows its clients what its console prints from the moment at which they connect, as a serial port does, and
types what they send. Clients that do not read lose the oldest of what they have not taken: a twin does not stand still
for them.

What is on the wire is up to the client's class: `RawClient` sends and takes the console's own bytes; a class for a
protocol such as RFC 2217 translates in `received` and `sent`.
"""

from __future__ import annotations

import logging
import os
import selectors
import socket
import warnings
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from twins.errors import UsageError

if TYPE_CHECKING:
    from twins.console import Console

log = logging.getLogger("twins")

LOOPBACK = "127.0.0.1"
BACKLOG = 1 << 16
"""Bytes that are kept for a client that does not read."""
CHUNK = 4096


class Server(Protocol):
    """Something that `twins.live.Live` looks after."""

    def start(self, selector: selectors.BaseSelector) -> None:
        """The selector waits for its files; their data is what to call."""

    def poll(self) -> None:
        """Called between slices of virtual time."""

    def close(self) -> None:
        """Ends it."""


class RawClient:
    """The end of a client's line: the console's own bytes."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.dropped = 0
        self._unsent = bytearray()

    def received(self, data: bytes) -> bytes:
        """What a client's bytes type on the console."""
        return data

    def sent(self, data: bytes) -> bytes:
        """What the client gets for the console's bytes."""
        return data

    def queue(self, data: bytes) -> None:
        """Bytes for the client. Says so once when some are lost."""
        self._unsent += self.sent(data)
        over = len(self._unsent) - BACKLOG
        if over > 0:
            if not self.dropped:
                log.warning("%s does not read: what it leaves longer than %d bytes is dropped", self.name, BACKLOG)
            self.dropped += over
            del self._unsent[:over]

    def flush(self, write: Callable[[bytes], int]) -> None:
        """Writes as much as the client takes now. Raises `OSError` when it is gone."""
        while self._unsent:
            try:
                del self._unsent[: write(bytes(self._unsent[:CHUNK]))]
            except BlockingIOError:
                return


class _Feed:
    """What a console has shown since the last look."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._seen: dict[str, int] = {}
        self.new()

    def new(self) -> bytes:
        """The bytes of all its consoles, one after the other."""
        found = bytearray()
        for name in self._console.names:
            length = self._console.twin.output_length(name)
            # After the twin went back in time there is less than before.
            seen = min(self._seen.get(name, 0), length)
            if seen < length:
                found += self._console.twin.output(name, seen)
            self._seen[name] = length
        return bytes(found)


class PtyServer:
    """A console on a pseudo-terminal: ``path`` is what to give to mpremote, picocom or pyserial."""

    _master: int | None = None

    def __init__(self, console: Console, client_class: type[RawClient] = RawClient) -> None:
        try:
            import tty
        except ImportError:
            raise UsageError("this system has no pseudo-terminals: serve the console on TCP") from None
        self._console = console
        self._client_class = client_class
        self._client: RawClient | None = None
        self._feed = _Feed(console)
        master, slave = os.openpty()
        self._master = master
        tty.setraw(slave)
        self.path = os.ttyname(slave)
        # With our own end of it closed, the line is hung up unless a client has opened it.
        os.close(slave)
        os.set_blocking(master, False)

    @property
    def connected(self) -> bool:
        """Has a client opened it?"""
        return self._client is not None

    def start(self, selector: selectors.BaseSelector) -> None:
        """A hung up line would wake a selector at once, for ever: it is polled instead."""

    def poll(self) -> None:
        """Takes what was sent, shows what was printed."""
        master = self._master
        if master is None:
            return
        data = self._read(master)
        if data is None:
            self._hang_up(master)
            return
        if self._client is None:
            self._client = self._client_class(f"the client on {self.path}")
            self._feed.new()
            log.info("%s was opened", self.path)
        if data:
            self._console.type_from_outside(self._client.received(data))
        self._client.queue(self._feed.new())
        self._client.flush(lambda data: os.write(master, data))

    @staticmethod
    def _read(master: int) -> bytes | None:
        """What was sent; None while nobody has the line open."""
        try:
            return os.read(master, CHUNK)
        except BlockingIOError:
            return b""
        except OSError:  # EIO: hung up
            return None

    def _hang_up(self, master: int) -> None:
        if self._client is not None:
            import termios
            import tty

            log.info("%s was closed", self.path)
            self._client = None
            # The next client finds it as the first did, whatever this one has set and not read.
            tty.setraw(master)
            termios.tcflush(master, termios.TCOFLUSH)

    def close(self) -> None:
        """The line is gone."""
        if self._master is not None:
            os.close(self._master)
            self._master = None

    def __del__(self) -> None:
        """Nobody has closed the twin: its line is closed now, and that is said, as of a file."""
        if self._master is not None:
            warnings.warn(f"unclosed {self!r}", ResourceWarning, stacklevel=2, source=self)
            self.close()

    def __repr__(self) -> str:
        return f"<PtyServer {self.path}{', open' if self.connected else ''}>"


def hang_up_after(owner: object, *listening: socket.socket) -> set[socket.socket]:
    """The open sockets of a server, to be kept by it: they are closed when nobody holds it, and its twin, any more."""
    sockets = set(listening)

    def hang_up() -> None:
        for one in sockets:
            one.close()

    weakref.finalize(owner, hang_up)
    return sockets


def listen(port: int, what: str) -> socket.socket:
    """Waits for clients of `what` on a port of the loopback interface; 0 is any free one. Raises `UsageError`."""
    listener = socket.socket()
    if os.name == "posix":  # elsewhere the option lets two servers have one port
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
        listener.listen()
    except (OSError, OverflowError) as error:
        listener.close()
        reason = error.strerror if isinstance(error, OSError) else "no such port: 1 to 65535, or 0 for any free one"
        raise UsageError(f"cannot serve {what} on port {port} of {LOOPBACK}: {reason}") from None
    listener.setblocking(False)
    return listener


class TcpServer:
    """A console on a TCP port of the loopback interface; each client sees all of it, and each can type."""

    def __init__(self, console: Console, port: int = 0, client_class: Callable[[str], RawClient] = RawClient) -> None:
        self._console = console
        self._client_class = client_class
        self._clients: dict[socket.socket, RawClient] = {}
        self._feed = _Feed(console)
        self._selector: selectors.BaseSelector | None = None
        self._listener = listen(port, "a console")
        self._open = hang_up_after(self, self._listener)
        self.address: tuple[str, int] = self._listener.getsockname()

    @property
    def clients(self) -> int:
        """How many are connected."""
        return len(self._clients)

    def start(self, selector: selectors.BaseSelector) -> None:
        """Waits for clients."""
        self._selector = selector
        selector.register(self._listener, selectors.EVENT_READ, self._accept)

    def _accept(self) -> None:
        try:
            connection, peer = self._listener.accept()
        except OSError:  # it was there, and left before we came to it
            return
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not self._clients:
            self._feed.new()
        self._open.add(connection)
        self._clients[connection] = self._client_class(f"the client {peer[0]}:{peer[1]}")
        assert self._selector is not None
        self._selector.register(connection, selectors.EVENT_READ, lambda: self._receive(connection))

    def _receive(self, connection: socket.socket) -> None:
        client = self._clients[connection]
        try:
            data = connection.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._console.type_from_outside(client.received(data))
        else:
            self._drop(connection)

    def _drop(self, connection: socket.socket) -> None:
        if self._selector is not None:
            self._selector.unregister(connection)
        del self._clients[connection]
        self._open.discard(connection)
        connection.close()

    def poll(self) -> None:
        """Shows what was printed."""
        if not self._clients:
            return
        data = self._feed.new()
        for connection, client in list(self._clients.items()):
            client.queue(data)
            try:
                client.flush(connection.send)
            except OSError:
                self._drop(connection)

    def close(self) -> None:
        """Hangs up on all clients."""
        for connection in list(self._clients):
            self._drop(connection)
        if self._selector is not None:
            self._selector.unregister(self._listener)
        self._listener.close()

    def __repr__(self) -> str:
        return f"<TcpServer {self.address[0]}:{self.address[1]}, {self.clients} clients>"
