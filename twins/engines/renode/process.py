"""The process of Renode: headless, driven by its monitor over stdin, without a server of its own.

Renode's servers (monitor, Robot's XML-RPC, GDB) listen on all addresses of the machine and cannot be bound to one. None
of them is used: with ``--console`` the monitor is at stdin and stdout, and the bridge is a socket on which this side
listens. So no network namespace is needed.

Every wait ends: with what was waited for, with the end of the process, or with a number of seconds of wall clock.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Thread

from twins.errors import EngineFailed, UsageError

ARGUMENTS = ("--plain", "--console", "--disable-xwt")
LEAVING = 5.0
"""Seconds that it gets to end."""
_ABORTED = re.compile(r"CPU abort|Unhandled exception|Fatal error")
_TROUBLE = re.compile(rf"There was an error|Errors? during compilation|Could not |{_ABORTED.pattern}", re.I)


class Process:
    """A process of Renode in a session of its own, with a folder that goes with it.

    The log of what it said stays when it ended by itself, or did not do what it was told.
    """

    def __init__(self, program: Path) -> None:
        self.program = program
        try:
            self.folder = Path(tempfile.mkdtemp(prefix="twins-renode-"))
        except OSError as error:
            raise UsageError(f"there is no place for the files of Renode: {error.strerror}") from None
        self.log = self.folder / "renode.log"
        self._running: list[subprocess.Popen[bytes]] = []
        # Also when nobody calls it, and at the interpreter's end.
        self.close = weakref.finalize(self, _end, self._running, self.folder)

    def start(self, commands: Sequence[str], ended: Callable[[], None]) -> None:
        """Starts it with commands of the monitor; `ended` is called, in a thread, when it ends."""
        script = self.folder / "start.resc"
        script.write_text("".join(f"{command}\n" for command in commands))
        with self.log.open("wb") as file:
            try:
                process = subprocess.Popen(
                    [self.program, *ARGUMENTS, script],
                    stdin=subprocess.PIPE,
                    stdout=file,
                    stderr=file,
                    cwd=self.folder,
                    start_new_session=True,
                )
            except OSError as error:
                raise UsageError(f"{self.program} cannot be run: {error.strerror}") from None
        self._running.append(process)

        def wait() -> None:
            process.wait()
            ended()

        Thread(target=wait, name="twins-renode", daemon=True).start()

    def check(self, before: str) -> None:
        """Raises `EngineFailed` when it has ended, or has said what went wrong, before something."""
        process = self._running[-1]
        in_trouble = _TROUBLE.search(self.said())
        if in_trouble:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(1.0)
        if process.poll() is not None:
            raise self.failure(f"ended with code {process.returncode} before {before}")
        if in_trouble:
            raise self.failure(f"could not do what it was told before {before}")

    def has_aborted(self) -> bool:
        """It, or one of its processors, has given up."""
        return _ABORTED.search(self.said()) is not None

    def failure(self, what: str) -> EngineFailed:
        """What is raised when it did not do what it should; its log is kept."""
        said = self.said().splitlines()
        trouble = [at for at, line in enumerate(said) if _TROUBLE.search(line)]
        # Behind the line that there was an error comes the one that says which.
        words = said[trouble[0] : trouble[0] + 2] if trouble else [line for line in said if line.strip()][-1:]
        hint = f": {' '.join(word.strip() for word in words)}" if words else ""
        return EngineFailed(f"Renode {what}{hint}; its log is {self._keep_log()}")

    def said(self) -> str:
        """What it wrote, without the colours of a terminal."""
        try:
            text = self.log.read_text(errors="replace")
        except OSError:
            return ""
        return re.sub(r"\x1b\[[\d;]*m", "", text)

    def _keep_log(self) -> Path:
        handle, name = tempfile.mkstemp(prefix="twins-renode-", suffix=".log")
        os.close(handle)
        with contextlib.suppress(OSError):
            shutil.copyfile(self.log, name)
        return Path(name)


def _end(running: list[subprocess.Popen[bytes]], folder: Path) -> None:
    for process in running:
        if process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.close()
        # The launcher of a release is a script: all that it started is in the session of its own.
        for last_word in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, last_word)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(LEAVING)
                break
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)
