"""The process of QEMU, and the lines to it: Unix sockets in a folder of its own, on which this side listens.

Every wait ends: with what was waited for, with the end of the process, or with `PATIENCE` seconds of wall clock.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path

from twins.errors import EngineFailed, UsageError

log = logging.getLogger("twins")

PATIENCE = 30.0
"""Seconds of wall clock that QEMU may take for an answer."""
_LOOK = 0.1
"""Seconds between two looks whether the process is still there."""
_GLANCE = 0.00005
_LEAVING = 5
"""Seconds that it gets to end."""
_CHUNK = 1 << 16


class Line:
    """One socket to QEMU."""

    def __init__(self, name: str, link: socket.socket) -> None:
        self.name = name
        link.setblocking(False)
        self._link = link

    def fileno(self) -> int:
        """For `select`."""
        return self._link.fileno()

    def send(self, data: bytes) -> None:
        """Sends all of it. Raises `EngineFailed` when the other end is gone, or does not read."""
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[self._link.send(rest) :]
            except BlockingIOError:
                if not select.select([], [self._link], [], PATIENCE)[1]:
                    raise EngineFailed(f"QEMU has not read its line {self.name} for {PATIENCE:g} s") from None
            except OSError:
                return  # it has ended: whoever waits for the answer says so

    def take(self) -> bytes:
        """What has come by now."""
        found = b""
        while True:
            try:
                data = self._link.recv(_CHUNK)
            except (BlockingIOError, ConnectionResetError):
                return found
            if not data:
                return found
            found += data


class Pipe:
    """A named pipe, of which this side holds both ends, so that opening it never waits."""

    def __init__(self, path: Path) -> None:
        self.path = path
        os.mkfifo(path)
        self._file = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        self._waiting = b""

    def fileno(self) -> int:
        """For `select`."""
        return self._file

    def put(self, data: bytes) -> None:
        """Writes as much as goes in of what waits and this, and keeps the rest."""
        self._waiting += data
        with contextlib.suppress(BlockingIOError):
            while self._waiting:
                self._waiting = self._waiting[os.write(self._file, self._waiting[:_CHUNK]) :]

    def take(self) -> bytes:
        """All that is in it."""
        found = b""
        with contextlib.suppress(BlockingIOError):
            while True:
                found += os.read(self._file, _CHUNK)
        return found

    def fill(self) -> None:
        """Whoever writes now, waits."""
        for size in (4096, 1):
            with contextlib.suppress(BlockingIOError):
                while True:
                    os.write(self._file, bytes(size))

    def close(self) -> None:
        """Ends it."""
        os.close(self._file)


class Process:
    """A process of QEMU. Its folder goes with it; the log of what it said stays when it ended by itself."""

    def __init__(self, program: Path) -> None:
        self.program = program
        try:
            self.folder = Path(tempfile.mkdtemp(prefix="twins-qemu-"))
        except OSError as error:
            raise UsageError(f"there is no place for the files of QEMU: {error.strerror}") from None
        self.log = self.folder / "qemu.log"
        self._listeners: dict[str, socket.socket] = {}
        self._started: list[subprocess.Popen[bytes]] = []
        self._open = contextlib.ExitStack()
        # Also when nobody calls it, and at the interpreter's end.
        self.close = weakref.finalize(self, _end, self._open, self._started, self.folder)

    def address(self, name: str) -> str:
        """The path of a socket, listened on from now."""
        path = str(self.folder / name)
        listener = self._open.enter_context(socket.socket(socket.AF_UNIX))
        listener.bind(path)
        listener.listen(1)
        self._listeners[name] = listener
        return path

    def pipe(self, name: str) -> Pipe:
        """A pipe in the folder."""
        return self._open.enter_context(contextlib.closing(Pipe(self.folder / name)))

    def datagrams(self, name: str) -> socket.socket:
        """A socket for datagrams to QEMU, with an address in the folder."""
        found = self._open.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        found.bind(str(self.folder / name))
        return found

    def start(self, arguments: Sequence[str]) -> dict[str, Line]:
        """Starts it; returns the lines by name once it has connected all of them."""
        with self.log.open("wb") as file:
            try:
                process = subprocess.Popen(
                    [self.program, *arguments], stdin=subprocess.DEVNULL, stdout=file, stderr=file, cwd=self.folder
                )
            except OSError as error:
                raise UsageError(f"{self.program} cannot be run: {error.strerror}") from None
        self._started.append(process)
        lines = {}
        for name, listener in self._listeners.items():
            self._wait(listener, f"its line {name}")
            lines[name] = Line(name, self._open.enter_context(listener.accept()[0]))
            listener.close()
        return lines

    def wait_for(self, line: Line, what: str) -> bytes:
        """Bytes of a line, at least one. Raises `EngineFailed`."""
        self._wait(line, what)
        data = line.take()
        if not data:
            raise self._ended(what)
        return data

    def wait_until(self, look: Callable[[], bytes | None], what: str) -> bytes:
        """Bytes that do not come by a line: looks for them. Raises `EngineFailed`."""
        deadline = time.monotonic() + PATIENCE
        while (found := look()) is None:
            time.sleep(_GLANCE)
            self.check(what)
            if time.monotonic() > deadline:
                raise self._silent(what)
        return found

    def _wait(self, thing: Line | socket.socket, what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not select.select([thing], [], [], _LOOK)[0]:
            self.check(what)
            if time.monotonic() > deadline:
                raise self._silent(what)

    def _silent(self, what: str) -> EngineFailed:
        return EngineFailed(f"QEMU has not given {what} for {PATIENCE:g} s: its log is {self._keep_log()}")

    def check(self, what: str) -> None:
        """Raises `EngineFailed` when it has ended before `what`."""
        if any(process.poll() is not None for process in self._started):
            raise self._ended(what)

    def _ended(self, what: str) -> EngineFailed:
        for process in self._started:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_LEAVING)
        said = [line.strip() for line in self.said().splitlines() if line.strip() and "warning:" not in line]
        last = f": {said[-1]}" if said else ""
        code = self._started[-1].poll()
        if code is None:
            how = "has closed a line"
        elif code < 0:
            how = f"was ended by {signal.Signals(-code).name}"
        else:
            how = f"ended with code {code}"
        return EngineFailed(f"QEMU {how} before {what}{last}; its log is {self._keep_log()}")

    def said(self) -> str:
        """What it wrote."""
        try:
            return self.log.read_text(errors="replace")
        except OSError:
            return ""

    def _keep_log(self) -> Path:
        """The log, where it outlives the folder."""
        kept = self.folder.with_name(self.folder.name + ".log")
        with contextlib.suppress(OSError):
            shutil.copyfile(self.log, kept)
        return kept


def _end(opened: contextlib.ExitStack, processes: list[subprocess.Popen[bytes]], folder: Path) -> None:
    """No process is left behind, no socket and no folder."""
    opened.close()
    for process in processes:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(_LEAVING)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    shutil.rmtree(folder, ignore_errors=True)
