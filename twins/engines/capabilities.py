"""What an engine can do, and the one sentence for what it cannot.

>>> str(Capability.PARTS)
'parts-on-pins'
>>> Capability("fork") is Capability.FORK
True
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from twins.errors import CapabilityMissing, UsageError


class Capability(str, Enum):
    """Something that a test may need of its engine."""

    CORES = "cores"
    CONSOLE = "console"
    PARTS = "parts-on-pins"
    TIMING = "timing-on-wires"
    MEMORY = "memory"
    REGISTERS = "registers"
    INSTRUCTIONS = "instructions"
    BREAKPOINTS = "breakpoints"
    RESET = "reset"
    FLASH = "flash"
    INTERCEPTION = "interception"
    DETERMINISM = "determinism"
    TRACE = "trace"
    LEDGER = "ledger"
    USB = "usb"
    SNAPSHOT = "snapshot"
    FORK = "fork"

    def __str__(self) -> str:
        return self.value


EVERYTHING = frozenset(Capability)
"""What the native engine has."""

MEANINGS: dict[Capability, tuple[str, str]] = {
    Capability.CORES: ("way to run both cores", "both cores of the chip run"),
    Capability.CONSOLE: ("consoles", "`twin.console` reads and types"),
    Capability.PARTS: ("parts on pins", "the board's parts are there: displays, sensors, buttons; `twin.pins`"),
    Capability.TIMING: ("timing on wires", "edges and transfers happen when the real chip does them"),
    Capability.MEMORY: ("way into the memory", "`twin.memory`"),
    Capability.REGISTERS: ("way to the registers", "`twin.registers()`"),
    Capability.INSTRUCTIONS: ("count of instructions", "`twin.instructions`, and figures of speed"),
    Capability.BREAKPOINTS: ("breakpoints", "`twins gdb`: breakpoints, watchpoints, single steps"),
    Capability.RESET: ("reset pin", "`twin.reset()`, and the reasons in `twin.resets`"),
    Capability.FLASH: ("way to the flash", "`twin.flash`"),
    Capability.INTERCEPTION: ("interception by symbol", "`twin.functions`, `twin.call()`, radio in a `World`"),
    Capability.DETERMINISM: ("determinism", "the same image and inputs give the same run, to the instruction"),
    Capability.TRACE: ("trace of its pins", "`twin.trace`, VCD files"),
    Capability.LEDGER: ("ledger of what it does not model", "`twin.unimplemented`"),
    Capability.USB: ("USB host", "`twin.usb`, consoles over USB"),
    Capability.SNAPSHOT: ("snapshots", "`twin.snapshot()` and `twin.restore()`"),
    Capability.FORK: ("forks", "`twin.fork()`, tests that go on from a shared boot"),
}
"""The words behind "has no", and what one can do with it."""


def capabilities(names: Iterable[str]) -> frozenset[Capability]:
    """Capabilities by name. Raises `UsageError`.

    >>> sorted(map(str, capabilities(["snapshot", "fork"])))
    ['fork', 'snapshot']
    """
    found = set()
    for name in names:
        try:
            found.add(Capability(name))
        except ValueError:
            known = ", ".join(map(str, Capability))
            raise UsageError(f"there is no capability {name!r} of an engine: there are {known}") from None
    return frozenset(found)


def lacks(engine: str, capability: Capability) -> CapabilityMissing:
    """What is raised when an engine is asked for what it has not.

    >>> print(lacks("abacus", Capability.FORK))
    the engine abacus has no forks: run with engine native
    """
    from twins.engines import who_has

    others = [name for name in who_has(capability) if name != engine]
    return CapabilityMissing(
        f"the engine {engine} has no {MEANINGS[capability][0]}: run with engine {' or '.join(others)}"
    )
