"""A twin with people at it: its consoles on PTYs and sockets, and its time held to that of the wall.

Nothing in here is part of the model. Between slices of virtual time the twin calls `Live.pump`: what clients have sent
goes to the twin's door, what the consoles have shown goes to the clients, and, where a pace is set, the wall clock is
waited for. Without a server and without a pace a twin never gets here.
"""

from __future__ import annotations

import selectors
from typing import TYPE_CHECKING

from twins.pacing import Pace
from twins.units import MS, Duration

if TYPE_CHECKING:
    from twins.gdb import GdbServer
    from twins.servers import Server
    from twins.twin import Twin

SLICE = Duration(MS)
"""How often the twin looks outside: a USB frame; of a UART at 115200 baud, eleven bytes."""
HALTED = 0.05
"""Seconds between looks at what cannot wake a selector, while a debugger holds the twin."""


class Live:
    """The servers and the pace of a twin: ``twin.live``.

    >>> from twins import Twin
    >>> with Twin("pico") as pico:
    ...     pico.live.pace = 0.5; pico.live
    <Live, 0.5 times real time, no servers>
    """

    def __init__(self, twin: Twin) -> None:
        self._twin = twin
        self._servers: list[Server] = []
        self._selector = selectors.DefaultSelector()
        self._pace = Pace(lambda: twin.now)
        self.slice = SLICE
        self.debugger: GdbServer | None = None
        """Who may stop the twin."""

    @property
    def is_on(self) -> bool:
        """Is there anybody to look after?"""
        return bool(self._servers) or self._pace.factor is not None

    @property
    def servers(self) -> tuple[Server, ...]:
        """The servers, in the order in which they were started."""
        return tuple(self._servers)

    @property
    def pace(self) -> float | None:
        """Seconds of virtual time per second on the wall: 1 is real time; None as fast as it goes, for tests."""
        return self._pace.factor

    @pace.setter
    def pace(self, pace: float | None) -> None:
        self._pace.factor = pace

    def add(self, server: Server) -> None:
        """A server from now on."""
        self._servers.append(server)
        server.start(self._selector)

    def remove(self, server: Server) -> None:
        """Ends a server; its clients see the end of the line."""
        self._servers.remove(server)
        server.close()

    def pump(self) -> None:
        """Lets the outside act and look, and waits for the wall clock where the twin is ahead of it."""
        for server in self._servers:
            server.poll()
        self._stand_still()
        while True:
            # The wait ends early when a client has sent something: it is taken, and the rest is waited for.
            for key, _ in self._selector.select(max(0.0, self._pace.ahead())):
                key.data()
            self._stand_still()
            if self._pace.ahead() <= 0:
                return

    def _stand_still(self) -> None:
        """While a debugger holds the twin, only the outside goes on."""
        while self.debugger is not None and self.debugger.halted:
            for key, _ in self._selector.select(HALTED):
                key.data()
            for server in self._servers:
                server.poll()

    def close(self) -> None:
        """Ends all servers."""
        for server in self.servers:
            self.remove(server)
        self._pace.factor = None

    def __repr__(self) -> str:
        pace = "as fast as it goes" if self.pace is None else f"{self.pace} times real time"
        return f"<Live, {pace}, {', '.join(map(repr, self._servers)) or 'no servers'}>"
