"""Consoles: what the firmware prints and reads, with pexpect's words and virtual time-outs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pexpect
from pexpect.expect import Expecter, searcher_re, searcher_string
from pexpect.spawnbase import SpawnBase

from twins.errors import Timeout, UsageError
from twins.units import Duration, Time, ps

if TYPE_CHECKING:
    from twins.servers import RawClient
    from twins.twin import Twin

STEP = Duration(1_000_000_000)
"""How far the twin runs at a time while an expectation waits."""


class ExpectTimeout(Timeout, pexpect.TIMEOUT):  # type: ignore[misc]  # pexpect is not typed
    """The text did not come within the virtual time given."""


class Console(SpawnBase):  # type: ignore[misc]  # pexpect is not typed
    """One console, or all of a board together.

    ``expect``, ``expect_exact``, ``send``, ``sendline``, ``before``, ``after`` and ``match`` are pexpect's. Time-outs
    are virtual and take ``"500ms"`` as well as seconds. While an expectation waits, the twin runs.

    >>> from twins import Twin
    >>> with Twin("media_controller", image="firmware/images/media_controller.uf2") as twin:
    ...     _ = twin.console.expect("ready", timeout="1s")
    """

    def __init__(self, twin: Twin, name: str | None = None) -> None:
        super().__init__(timeout=30, encoding="utf-8", codec_errors="replace")
        self.twin = twin
        self.linesep = "\r\n"
        self._name = name
        self._taken: dict[str, int] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The consoles that it stands for: itself, or all of the board."""
        return self.twin.console_names if self._name is None else (self._name,)

    @property
    def line(self) -> str:
        """Where typing goes: of several consoles the one that spoke last, or the first while none has spoken."""
        if not self.names:
            raise UsageError("the board has no console to type on: add one to the board file under [consoles]")
        return next((name for name in reversed(self.twin.spoken_consoles) if name in self.names), self.names[0])

    @property
    def log(self) -> bytes:
        """Everything that was printed so far."""
        return b"".join(self.twin.output(name) for name in self.names)

    @property
    def text(self) -> str:
        """Everything that was printed so far, as text."""
        return self.log.decode("utf-8", "replace")

    def read_nonblocking(self, size: int = 1, timeout: float | None = -1) -> str:
        """Up to `size` characters that were printed and not read yet."""
        data = self._take(size)
        text = self._decoder.decode(data, final=False)
        self._log(text, "read")
        return str(text)

    def _take(self, size: int = 1 << 20) -> bytes:
        for name in self.names:
            start = self._taken.get(name, 0)
            output = self.twin.output(name, start)[:size]
            if output:
                self._taken[name] = start + len(output)
                return output
        return b""

    def send(self, s: str | bytes) -> int:
        """Types text; returns the number of bytes. Nothing is lost: it waits until the firmware has room."""
        data = s.encode() if isinstance(s, str) else s
        self.twin.type(self.line, data)
        self._log(data.decode("utf-8", "replace"), "send")
        return len(data)

    def sendline(self, s: str | bytes = "") -> int:
        """Types text and Enter."""
        return self.send((s.encode() if isinstance(s, str) else s) + self.linesep.encode())

    def write(self, s: str | bytes) -> None:
        """As `send`, for file-like use."""
        self.send(s)

    def expect(self, pattern: Any, timeout: Time | None = -1, searchwindowsize: int = -1, **_: Any) -> int:
        """Runs the twin until a regular expression matches; returns its index in the list given.

        Raises `ExpectTimeout` (a `Timeout` and a ``pexpect.TIMEOUT``) after `timeout` of virtual time.
        """
        patterns = self.compile_pattern_list(pattern)
        return self._expect(searcher_re(patterns), timeout, searchwindowsize, pattern)

    def expect_list(self, pattern_list: Any, timeout: Time | None = -1, searchwindowsize: int = -1, **_: Any) -> int:
        """As `expect`, with compiled patterns."""
        return self._expect(searcher_re(pattern_list), timeout, searchwindowsize, pattern_list)

    def expect_exact(self, pattern_list: Any, timeout: Time | None = -1, searchwindowsize: int = -1, **_: Any) -> int:
        """As `expect`, for literal text."""
        texts = [pattern_list] if isinstance(pattern_list, (str, bytes)) else list(pattern_list)
        texts = [text.decode() if isinstance(text, bytes) else text for text in texts]
        return self._expect(searcher_string(texts), timeout, searchwindowsize, pattern_list)

    def _expect(self, searcher: Any, timeout: Time | None, window: int, pattern: Any) -> int:
        limit = ps(self.timeout if timeout is None or timeout == -1 else timeout)
        expecter = Expecter(self, searcher, window)
        deadline = self.twin.now + limit
        index = expecter.existing_data()
        while index is None:
            text = self._decoder.decode(self._take(), final=False)
            if text:
                self._log(text, "read")
                index = expecter.new_data(text)
                continue
            left = deadline - self.twin.now
            if left <= 0:
                return self._timed_out(expecter, searcher, pattern, limit)
            self.twin.run(Duration(min(int(STEP), left)))
        return int(index)

    def _timed_out(self, expecter: Any, searcher: Any, pattern: Any, limit: int) -> int:
        try:
            return int(expecter.timeout())
        except pexpect.TIMEOUT:
            seen = str(self.buffer)[-500:]
            names = ", ".join(self.names) or "no console"
            raise ExpectTimeout(
                f"did not see {pattern!r} on {names} within {Duration(limit)} of virtual time "
                f"(now {Duration(self.twin.now)}). Last printed and not yet matched: {seen!r}"
            ) from None

    def rewind(self) -> None:
        """After the twin went back: what it has not printed now is unread again."""
        for name in self.names:
            length = len(self.twin.output(name))
            ahead = self._taken.get(name, 0) - length
            if ahead > 0:
                self._taken[name] = length
                self._unread(self.buffer[: max(0, len(self.buffer) - ahead)])

    def _unread(self, text: str) -> None:
        """This text was read and not matched yet: pexpect keeps it twice."""
        self.buffer = text
        self._before = self.buffer_type()
        self._before.write(text)

    def copy_to(self, twin: Twin) -> Console:
        """The same console of a fork, with the same text read so far."""
        console = Console(twin, self._name)
        console.timeout = self.timeout
        console._taken = dict(self._taken)
        console._unread(self.buffer)
        return console

    # For people and programs outside

    def serve_pty(self) -> str:
        """Puts the console on a pseudo-terminal; returns its path, for ``mpremote connect``, picocom or pyserial.

        Clients come and go while the twin runs. ``twin.live.pace = 1`` holds it to real time, ``twin.close()`` ends it.

        >>> from twins import Twin
        >>> with Twin("media_controller", image="firmware/images/media_controller.uf2") as twin:  # doctest: +ELLIPSIS
        ...     path = twin.console.serve_pty()
        ...     twin.live.servers
        (<PtyServer /dev/pts/...>,)
        """
        from twins.servers import PtyServer

        server = PtyServer(self)
        self.twin.live.add(server)
        return server.path

    def serve_tcp(self, port: int = 0) -> tuple[str, int]:
        """Puts the console on a TCP port of this machine alone, 0 for any free one; returns host and port.

        For pyserial it is ``socket://HOST:PORT``.
        """
        from twins.servers import TcpServer

        server = TcpServer(self, port)
        self.twin.live.add(server)
        return server.address

    def serve_rfc2217(self, port: int = 0) -> tuple[str, int]:
        """Puts the console on a port of this machine as a serial port with control lines; returns host and port.

        For pyserial and esptool it is ``rfc2217://HOST:PORT``.
        """
        from twins.rfc2217 import Rfc2217Client
        from twins.servers import TcpServer

        def client(name: str) -> RawClient:
            return Rfc2217Client(name, lambda dtr, rts: self.twin.door.lines(self.line, dtr, rts))

        server = TcpServer(self, port, client)
        self.twin.live.add(server)
        return server.address

    def type_from_outside(self, data: bytes) -> None:
        """A client has sent this: it waits at the twin's door."""
        if data:
            self.twin.door.type(self.line, data)

    def isalive(self) -> bool:
        """A twin does not end by itself."""
        return True
