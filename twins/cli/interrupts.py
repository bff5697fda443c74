"""What ends a command from outside: Ctrl-C, and SIGTERM as of `timeout`, a CI job that is called off, or systemd."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

INTERRUPTED, TERMINATED = 130, 143
"""128 and the number of the signal (POSIX.1-2017, Shell and Utilities 2.8.2; signal.h)."""


class Terminated(KeyboardInterrupt):
    """SIGTERM: it ends whatever Ctrl-C ends, and in the same way."""


def exit_code(interrupt: KeyboardInterrupt) -> int:
    """The exit code of a command that was ended so."""
    return TERMINATED if isinstance(interrupt, Terminated) else INTERRUPTED


@contextmanager
def terminable() -> Iterator[None]:
    """Within, SIGTERM raises `Terminated`. Where it is ignored, or the caller's to handle, it stays so."""
    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return

    def came(_number: int, _frame: FrameType | None) -> None:
        raise Terminated

    signal.signal(signal.SIGTERM, came)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
