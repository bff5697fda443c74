"""A chip of ours that Renode's processors run."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, ClassVar

from twins import _engine
from twins.engines import renode
from twins.engines.capabilities import Capability
from twins.engines.engine import Adapter, Found, InboxApi, Stop, missing
from twins.engines.renode.process import Process
from twins.engines.renode.server import Server
from twins.errors import BridgeLost, UsageError
from twins.units import SECOND, Duration

if TYPE_CHECKING:
    from twins._engine import Outside
    from twins.board import Board

PLATFORMS = Path(__file__).parents[3] / "platforms" / "renode"
STARTING = 180.0
"""Seconds of wall clock that Renode may take until it has come to the bridge."""
PATIENCE = 120.0
"""Seconds of wall clock that it may take for a `STEP` of virtual time."""
STEP = SECOND // 10
_LOOK = 0.5


@dataclass(frozen=True)
class Settings:
    """What the options say."""

    quantum: float = 1e-4
    """Seconds of virtual time that one core runs before the other does."""
    patience: float | None = None
    """Seconds of wall clock instead of `PATIENCE`."""

    @classmethod
    def of(cls, options: Mapping[str, str]) -> Settings:
        """Reads them. Raises `UsageError`."""
        return cls(
            _seconds(options, "quantum", "0.000001", "0.01") or cls.quantum,
            _seconds(options, "patience", "1", "86400"),
        )


def _seconds(options: Mapping[str, str], name: str, least: str, most: str) -> float | None:
    if name not in options:
        return None
    try:
        seconds = float(options[name])
    except ValueError:
        seconds = 0.0
    if not float(least) <= seconds <= float(most):
        raise UsageError(f"renode:{name}={options[name]}: expected seconds from {least} to {most}")
    return seconds


def platform(board: Board) -> str:
    """The name of the board's files for Renode: its own, else those of a board with the same chip."""
    return board.name if (PLATFORMS / f"{board.name}.repl").exists() else board.chip.name


class RenodeEngine(Adapter):
    """Our chip, without its processors; those are Renode's. It starts when first somebody lets time pass."""

    name: ClassVar[str] = renode.NAME
    capabilities: ClassVar[frozenset[Capability]] = renode.CAPABILITIES

    def __init__(self, found: Found, board: Board, chip: _engine.Engine, settings: Settings) -> None:
        self._found, self._board, self._settings = found, board, settings
        self._chip = chip
        self._server: Server | None = None
        self._process: Process | None = None

    # Time

    @property
    def now(self) -> int:
        """The present moment of the chip."""
        return self._chip.now

    def hand_out(self) -> None:
        """Hands parts what the chip gathered for them."""
        self._chip.hand_out()

    def set_outside(self, target: Outside) -> None:
        """Whom it calls while it runs."""
        self._chip.set_outside(target)

    @property
    def inbox(self) -> InboxApi:
        """Where changes go that parts make while it runs."""
        return self._chip.inbox

    def run(self, until: int, on: bool = False) -> Stop:
        """Runs to a moment, or until something stops it. Raises `EngineFailed`."""
        server = self._server or self._start()
        while True:
            goal = min(until, self.now + STEP)
            stop = self._step(server, goal, on or goal < until)
            if stop[0] != "time" or self.now < goal or goal == until:
                return stop

    def _step(self, server: Server, goal: int, on: bool) -> Stop:
        assert self._process is not None
        process, over, silent = self._process, Event(), Event()
        patience = self._settings.patience or PATIENCE

        def watch() -> None:
            deadline = time.monotonic() + patience
            while not over.wait(_LOOK):
                if time.monotonic() > deadline:
                    silent.set()
                if silent.is_set() or process.has_aborted():
                    server.call_back()
                    return

        watcher = Thread(target=watch, name="twins-renode-watch", daemon=True)
        watcher.start()
        try:
            return server.run(goal, on)
        except BridgeLost as error:
            process.check("the run was over")
            if silent.is_set():
                raise process.failure(f"has not come as far as {Duration(goal)} within {patience:g} s") from None
            raise process.failure(f"left the bridge ({error})") from None
        finally:
            over.set()
            watcher.join()

    def _start(self) -> Server:
        process = self._process = Process(self._found.path)
        server = Server(self._chip, None)
        try:
            process.start(self._commands(server), server.call_back)
            server.accept(STARTING, lambda: process.check("it came to the bridge"))
        except BridgeLost:
            server.close()
            raise process.failure(f"has not come to the bridge within {STARTING:g} s") from None
        except BaseException:
            server.close()
            process.close()
            raise
        self._server = server
        return server

    def _commands(self, server: Server) -> list[str]:
        return [
            f'$bridge="unix:{server.address}"',
            f'$token="{server.token.hex()}"',
            f'$quantum="{self._settings.quantum:f}"',
            f"include @{PLATFORMS / platform(self._board)}.resc",
            "start",
        ]

    def close(self) -> None:
        """Ends Renode."""
        server, self._server = self._server, None
        if self._process is not None:
            self._process.close()
        if server is not None:
            with contextlib.suppress(BridgeLost):
                server.close()

    def start_at(self, entry: int) -> None:  # it is the vocabulary's
        """Renode's processors start as after power-on."""
        raise missing(self, Capability.REGISTERS)


def _lend(name: str) -> None:
    """What the chip has, the engine has: a method or an attribute of the same name."""
    there = getattr(_engine.Engine, name)
    if callable(there):

        def method(self: RenodeEngine, *values: Any, **named: Any) -> Any:
            return getattr(self._chip, name)(*values, **named)

        method.__name__, method.__doc__ = name, there.__doc__
        setattr(RenodeEngine, name, method)
        return

    def put(self: RenodeEngine, value: Any) -> None:
        setattr(self._chip, name, value)

    def get(self: RenodeEngine) -> Any:
        return getattr(self._chip, name)

    setattr(RenodeEngine, name, property(get, put, doc=there.__doc__))


_NOT_LENT = {
    # Its own.
    "now", "run", "hand_out", "serve", "set_outside", "inbox", "start_at", "use_rom",
    # What the chip's own processors would answer, which stand still.
    "instructions", "set_slice", "registers", "register", "set_register", "callers", "set_breakpoint",
    "clear_breakpoint", "watch", "step", "intercept", "arguments", "return_at_once", "call", "end_call",
    "return_address", "rom_function", "is_running", "is_interruptible", "core_time", "spend", "snapshot", "restore",
    "rp2040", "esp32s3", "brown_out", "contention",
}  # fmt: skip

for _name in dir(_engine.Engine):
    if not _name.startswith("_") and _name not in _NOT_LENT:
        _lend(_name)
