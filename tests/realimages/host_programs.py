"""Programs of a PC that speak to a twin, on the same machine."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from twins import Twin

PATIENCE = "3600s"
"""Of virtual time: a twin that waits for a program on the same machine runs ahead of it."""


def while_it_runs(twin: Twin, command: Sequence[str]) -> tuple[int, str]:
    """The twin runs until the program has ended: its code, and what it printed."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as tool:
        try:
            twin.run_until(lambda: tool.poll() is not None, timeout=PATIENCE)
        finally:
            tool.kill()
        assert tool.stdout is not None
        printed = tool.stdout.read()
    return tool.returncode, printed
