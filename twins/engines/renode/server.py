"""Our end of the bridge: another emulator's processors run a chip of ours. See ``docs/bridge.md``."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Thread, Timer
from time import monotonic
from types import TracebackType
from typing import Protocol

from twins import _engine
from twins.errors import BridgeLost

Stop = tuple[str, int, int, str]

GLANCE = 0.25
"""Seconds between two looks at a client that has not come yet."""
PATIENCE = 5.0
"""Seconds that a mover may take to come back when its emulator is gone."""


class Mover(Protocol):
    """Whoever lets the other emulator run."""

    def move(self, until: int) -> None:
        """Lets its processors run to a moment in ps or a little further, then comes back. In a thread of its own."""


class Server:
    """Runs a chip through a bridge.

    The other emulator is started with `address` and `token`; `accept` waits until it has come. Then `run` is to the
    chip what `run` is to the native engine: time passes in the other emulator, and comes with each of its requests.

    Args:
        chip: the chip; its own processors never run again.
        mover: lets the other emulator run; None where it runs whenever it is answered.
        unix: a Unix socket in a folder that only this user can open, which network namespaces do not cut off; else a
            port of 127.0.0.1.
    """

    def __init__(self, chip: _engine.Engine, mover: Mover | None, *, unix: bool = True) -> None:
        self._chip, self._mover = chip, mover
        self._folder = tempfile.TemporaryDirectory(prefix="twins-bridge-") if unix else None
        self._path = Path(self._folder.name, "bridge.sock") if self._folder is not None else None
        self.token = secrets.token_bytes(16)
        """What the client sends first."""
        self._bridge = _engine.Bridge(self.token, None if self._path is None else str(self._path))
        self._moving: Thread | None = None
        self._failure: Exception | None = None

    @property
    def address(self) -> str:
        """Where the client connects: a path, or ``127.0.0.1:PORT``."""
        return f"127.0.0.1:{self._bridge.port}" if self._path is None else str(self._path)

    def accept(self, seconds: float = 30.0, look: Callable[[], None] | None = None) -> None:
        """Waits for the client, and for its greeting, in which its memories get their contents. Raises `BridgeLost`.

        Args:
            seconds: so long, of wall clock.
            look: called now and then meanwhile; it may raise what is wrong with the client.
        """
        deadline = monotonic() + seconds
        while True:
            try:
                self._bridge.accept(min(seconds, GLANCE))
                break
            except ConnectionError as error:
                if look is not None:
                    look()
                if monotonic() > deadline:
                    raise BridgeLost(str(error)) from None
        patience = Timer(seconds, self._bridge.call_back)
        patience.start()
        kind, *_, text = self._chip.serve(self._bridge, self._chip.now, True)
        patience.cancel()
        if kind == "called back":
            raise BridgeLost(f"the client of the bridge has not said Hello within {seconds:g} s")
        if kind != "time":
            raise BridgeLost(text or "the client of the bridge went without Hello")

    def run(self, until: int, on: bool = False) -> Stop:
        """Runs to `until`, as `twins._engine.Engine.run` does. Raises `BridgeLost`, and what the mover raised.

        It may come back with the other emulator in the middle of a request, which waits until the next run.
        """
        start = None
        while self._chip.now < until:
            if self._mover is not None and self._moving is None:
                if start == self._chip.now:
                    raise BridgeLost("the other emulator ran and sent no Advance: no time passes in the chip")
                start = self._chip.now
                self._begin(partial(self._mover.move, until))
            kind, number, core, text = self._chip.serve(self._bridge, until, on)
            if kind == "called back":
                self._end()
                if self._mover is None:
                    raise BridgeLost("the other emulator ended")
            elif kind == "time":
                break
            elif kind in ("lost", "bye"):
                self._end()
                raise BridgeLost(text or "the other emulator ended its side of the bridge")
            else:
                return (kind, number, core, text)
        if not on:
            self._chip.hand_out()
        return ("time", -1, -1, "")

    def serve_while(self, action: Callable[[], None]) -> None:
        """Serves the other emulator while something is done with it that lets no time pass: a look at a register."""
        self._begin(action)
        while self._moving is not None:
            kind, *_, text = self._chip.serve(self._bridge, self._chip.now, True)
            if kind in ("lost", "bye"):
                self._end()
                raise BridgeLost(text or "the other emulator ended its side of the bridge")
            if kind == "time":
                raise BridgeLost("the other emulator let time pass where none should")
            if kind == "called back":
                self._end()

    def _begin(self, action: Callable[[], None]) -> None:
        def move() -> None:
            try:
                action()
            except Exception as error:  # it is raised where the twin runs
                self._failure = error
            self._bridge.call_back()

        self._moving = Thread(target=move, name="twins-bridge-mover", daemon=True)
        self._moving.start()

    def _end(self) -> None:
        """The mover has come back, or will soon. Raises what it raised."""
        if self._moving is not None:
            self._moving.join(PATIENCE)
            self._moving = None
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def call_back(self) -> None:
        """The run that is under way, or the next one, ends: the other emulator is gone. For another thread."""
        self._bridge.call_back()

    def close(self) -> None:
        """Ends the connection. The mover comes back by itself when its emulator ends."""
        self._bridge.close()
        if self._folder is not None:
            self._folder.cleanup()

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
