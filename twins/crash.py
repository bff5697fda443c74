"""What a report says when the firmware has stopped for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twins.errors import UsageError
from twins.units import Duration

if TYPE_CHECKING:
    from twins.twin import Twin

_STACK_WORDS = 256
_DEEPEST = 16


def crash_report(twin: Twin, core: int, why: str) -> str:
    """Core, reason, registers and backtrace in words."""
    lines = [f"the firmware stopped at {Duration(twin.now)}: {why}"]
    if core >= 0:
        registers = twin.registers(core)
        lines.append(f"core {core} at {twin.symbols.name(registers['pc'])} (pc 0x{registers['pc']:08x})")
        names = list(registers)
        rows = (names[start : start + 4] for start in range(0, len(names), 4))
        lines.extend("  " + "  ".join(f"{name:>7} 0x{registers[name]:08x}" for name in row) for row in rows)
        lines.append("backtrace: " + " < ".join(backtrace(twin, core)))
    return "\n".join(lines)


def backtrace(twin: Twin, core: int = 0) -> list[str]:
    """The functions on the stack of a core, innermost first.

    Without unwind tables every stacked Thumb address behind a BL or BLX counts, so a stale one may appear.
    """
    registers = twin.registers(core)
    addresses = [registers["pc"], registers["lr"]]
    try:
        stack = twin.memory.read(registers["sp"] & ~3, 4 * _STACK_WORDS)
    except UsageError:
        stack = b""
    words = [int.from_bytes(stack[n : n + 4], "little") for n in range(0, len(stack), 4)]
    addresses += [word for word in words if word & 1 and _follows_call(twin, word & ~1)]
    names = [twin.symbols.name(address) for address in addresses if _is_code(address)]
    return [name for n, name in enumerate(names) if n == 0 or name != names[n - 1]][:_DEEPEST]


def _is_code(address: int) -> bool:
    return address >> 28 in (0, 1, 2) and address >= 0x100


def _follows_call(twin: Twin, address: int) -> bool:
    if not _is_code(address):
        return False
    try:
        code = twin.memory.read(address - 4, 4)
    except UsageError:
        return False
    first, second = int.from_bytes(code[:2], "little"), int.from_bytes(code[2:], "little")
    bl = first & 0xF800 == 0xF000 and second & 0xD000 == 0xD000
    blx = second & 0xFF87 == 0x4780
    return bl or blx
