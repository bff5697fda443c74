"""What the tests of the lamp's light and power share: its console, its counters."""

from __future__ import annotations

from twins import Twin
from twins.units import Time

POWER_OFF, POWER_WAITS, POWER_ON, POWER_SLEEPS = range(4)
"""firmware/jinny_lamp/power_mgr.h"""


def ready(lamp: Twin, timeout: Time = "5s") -> Twin:
    """Runs until light is shown."""
    lamp.run_until(lambda: lamp.matrix.frames > 1, timeout=timeout)
    return lamp


def command(lamp: Twin, line: str, answer: str = "console: ok") -> None:
    """Types a line at the lamp's console and waits for what it says."""
    lamp.console.sendline(line)
    lamp.console.expect_exact(answer, timeout="500ms")


def state(lamp: Twin) -> dict[str, int]:
    """The controlling state, as the console says it."""
    lamp.console.sendline("state")
    lamp.console.expect(r"state: ([a-z0-9 ]+)\r\n", timeout="500ms")
    words = lamp.console.match.group(1).split()
    return {name: int(value) for name, value in zip(words[::2], words[1::2], strict=True)}


def counters(lamp: Twin, symbol: str, *names: str) -> dict[str, int]:
    """A structure of 32-bit counters, by the names of its fields."""
    at = lamp.symbols[symbol].address
    return {name: lamp.memory.u32(at + 4 * n) for n, name in enumerate(names)}


def power(lamp: Twin) -> int:
    """The state of the power management."""
    return lamp.memory.u32("power_state")
