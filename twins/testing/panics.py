"""Panics as firmware itself reports them, with the names of the functions; and hard faults that it caught."""

from __future__ import annotations

import re

from twins.crash import backtrace
from twins.errors import UsageError
from twins.gdb.target import CORES
from twins.symbols import Symbols
from twins.twin import Twin

LINES = 40
"""Of a panic, at most."""
HARD_FAULT = 3  # exception number, ARMv6-M ARM, B1.5.2

# ESP-IDF's panic handler (esp_system/panic.c), its asserts and its watchdogs; then the runtime of our own images.
_PANIC = re.compile(
    r"^.*(?:Guru Meditation Error|abort\(\) was called at PC|assert failed:|\*\*\*ERROR\*\*\* A stack overflow"
    r"|Task watchdog got triggered|panic on core \d|\*\*\* PANIC \*\*\*).*$",
    re.MULTILINE,
)
_ADDRESS = re.compile(r"\b(?:0x)?([0-9a-f]{8})\b(?::0x[0-9a-f]{8})?", re.IGNORECASE)
_ENDS = ("Rebooting...", "ELF file SHA256", "entry 0x")


def panic_report(text: str, symbols: Symbols) -> str | None:
    """The last panic in what a console showed, an address of code with its function behind it; None without one.

    >>> from twins.symbols import Symbol
    >>> symbols = Symbols([Symbol("app_main", 0x42008e40, 16, True)])
    >>> print(panic_report("Guru Meditation Error: Core  0 panic'ed\\nBacktrace: 0x42008e44:0x3fc9a000\\n", symbols))
    Guru Meditation Error: Core  0 panic'ed
    Backtrace: 0x42008e44:0x3fc9a000 (app_main+0x4)
    """
    starts = list(_PANIC.finditer(text))
    if not starts:
        return None
    lines = []
    for line in text[starts[-1].start() :].splitlines()[:LINES]:
        lines.append(_ADDRESS.sub(lambda found: _named(found, symbols), line.rstrip()))
        if line.startswith(_ENDS):
            break
    return "\n".join(lines).rstrip()


def _named(found: re.Match[str], symbols: Symbols) -> str:
    # Xtensa's windowed calls keep the size of the window in the two upper bits of a return address.
    address = int(found[1], 16)
    candidates = [address] if address >> 30 != 2 else [address, address & 0x3FFF_FFFF | 0x4000_0000]
    for candidate in candidates:
        if symbols.function_at(candidate & ~1):
            return f"{found[0]} ({symbols.name(candidate)})"
    return found[0]


def fault_report(twin: Twin) -> str | None:
    """What a core of an RP2040 that is in its HardFault handler was doing; None where none is."""
    if twin.board.chip.name != "rp2040":
        return None
    words = []
    for core in range(CORES):
        registers = twin.registers(core)
        if registers["xpsr"] & 0x1FF == HARD_FAULT:
            try:
                trace = " < ".join(backtrace(twin, core))
            except UsageError:
                trace = twin.symbols.name(registers["pc"])
            words.append(f"core {core} is in its HardFault handler: {trace}")
    return "\n".join(words) or None
