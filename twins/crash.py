"""What a report says when the firmware has stopped for good."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from twins.errors import UsageError
from twins.units import Duration

if TYPE_CHECKING:
    from twins.twin import Twin

_STACK_WORDS = 256
_DEEPEST = 16
# The frame of an exception (ARMv6-M ARM, B1.5.6): R0 to R3, R12, LR, return address, xPSR.
_FRAME, _FRAME_LR, _FRAME_PC = 8, 5, 6
# Xtensa ISA RM: the field of PS, and the first byte of the instruction.
_CALLINC, _ENTRY = 16, 0x36


def crash_report(twin: Twin, core: int, why: str) -> str:
    """Core, reason, registers and backtrace in words."""
    lines = [f"the firmware stopped at {Duration(twin.now)}: {_with_symbols(twin, why)}"]
    if core >= 0:
        pc = twin.registers(core)["pc"]
        lines.append(f"core {core} at {twin.symbols.name(pc)} (pc 0x{pc:08x})")
        lines.extend(register_lines(twin, core))
    return "\n".join(lines)


def register_lines(twin: Twin, core: int) -> list[str]:
    """The registers of a core, four a line, and its backtrace."""
    registers = twin.registers(core)
    names = list(registers)
    rows = (names[start : start + 4] for start in range(0, len(names), 4))
    lines = ["  " + "  ".join(f"{name:>7} 0x{registers[name]:08x}" for name in row) for row in rows]
    return [*lines, "backtrace: " + " < ".join(backtrace(twin, core))]


def _with_symbols(twin: Twin, why: str) -> str:
    """The sentence with the function behind each address that is code."""

    def named(found: re.Match[str]) -> str:
        function = twin.symbols.function_at(int(found[1], 16))
        return f"{found[0]} ({twin.symbols.name(int(found[1], 16))})" if function else found[0]

    return re.sub(r"\bat (0x[0-9a-f]{8})\b", named, why)


def backtrace(twin: Twin, core: int = 0) -> list[str]:
    """The functions on the stack of a core, innermost first, through handlers to what they interrupted.

    Without unwind tables every stacked Thumb address behind a BL or BLX counts, so a stale one may appear.
    """
    registers = twin.registers(core)
    if twin.board.chip.name == "esp32s3":
        return _windowed_backtrace(twin, registers, core)
    addresses = [registers["pc"]]
    words = _stack(twin, registers["sp"])
    if _is_exc_return(registers["lr"]):
        words = [registers["lr"], *words]
    else:
        addresses.append(registers["lr"])
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        if _is_exc_return(word):
            frame = words[at : at + _FRAME] if word & 0xF != 0xD else _stack(twin, registers["psp"])[:_FRAME]
            addresses += frame[_FRAME_PC : _FRAME_PC + 1] + frame[_FRAME_LR : _FRAME_LR + 1]
            at += _FRAME if word & 0xF != 0xD else 0
        elif word & 1 and _follows_call(twin, word & ~1):
            addresses.append(word)
    names = [twin.symbols.name(address) for address in addresses if _is_code(address)]
    return [name for n, name in enumerate(names) if n == 0 or name != names[n - 1]][:_DEEPEST]


def _windowed_backtrace(twin: Twin, registers: dict[str, int], core: int) -> list[str]:
    """Callers in registers first; the others have A0 and A1 in the 16 bytes below their callee's stack pointer.

    Windowed ABI, Xtensa ISA RM 8.1.5.
    """
    pc, a0, sp = registers["pc"], registers["a0"], registers["sp"]
    names = [twin.symbols.name(pc)]
    windows = registers["ps"] >> _CALLINC & 3
    if windows and _waits_for_entry(twin, pc):
        # The call has left its return address where the callee's window will begin.
        pc = (pc & 0xC000_0000) | (registers[f"a{4 * windows}"] & 0x3FFF_FFFF)
        names.append(twin.symbols.name(pc - 3))
    live = iter(twin.callers(core))
    while len(names) < _DEEPEST and a0 >> 30 and a0 & 0x3FFF_FFFF:
        pc = (pc & 0xC000_0000) | (a0 & 0x3FFF_FFFF)
        names.append(twin.symbols.name(pc - 3))
        try:
            a0, below = next(live, None) or (twin.memory.u32(sp - 16), twin.memory.u32(sp - 12))
        except UsageError:
            break
        if below <= sp:
            break
        sp = below
    return names


def _waits_for_entry(twin: Twin, pc: int) -> bool:
    """Is ENTRY still to come? Where the ROM's functions are modelled there is no code, and they run before it."""
    try:
        return twin.memory.read(pc, 1)[0] in (0, _ENTRY)
    except UsageError:
        return True


def _stack(twin: Twin, pointer: int) -> list[int]:
    """The words from the stack pointer to the end of the RAM there, `_STACK_WORDS` of them at most."""
    words = []
    for address in range(pointer & ~3, (pointer & ~3) + 4 * _STACK_WORDS, 4):
        try:
            words.append(twin.memory.u32(address))
        except UsageError:
            break
    return words


def _is_exc_return(word: int) -> bool:
    return word in (0xFFFF_FFF1, 0xFFFF_FFF9, 0xFFFF_FFFD)


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
