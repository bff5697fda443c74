"""Exit codes of the command."""

from __future__ import annotations

DONE, FAILED, USAGE, TIME_OVER, CRASHED = 0, 1, 2, 3, 4
INTERRUPTED, UNREAD = 130, 141

SAME, DIFFERENT = 0, 1
"""Of what compares."""
