"""Exit codes of the command."""

from __future__ import annotations

DONE, FAILED, USAGE, TIME_OVER, CRASHED = 0, 1, 2, 3, 4
INTERRUPTED, UNREAD, TERMINATED = 130, 141, 143
"""128 and the number of the signal (POSIX.1-2017, Shell and Utilities 2.8.2; signal.h): SIGINT, SIGPIPE, SIGTERM."""

SAME, DIFFERENT = 0, 1
"""Of what compares."""
