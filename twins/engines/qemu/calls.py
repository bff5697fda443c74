"""Functions of the firmware that a core is about to enter, as QEMU's debugger shows them: arguments, and what returns.

Authorities: Xtensa ISA RM 8.1 (windowed and CALL0 ABI: six words of arguments in A2 to A7 of the callee, the others on
the stack from the caller's stack pointer on, the result in A2 and A3 of the callee), 4.7.1 (PS.CALLINC, the rotation
that ENTRY is about to do) and chapter 6 (the encodings of ENTRY and J).
"""

from __future__ import annotations

from twins.engines.qemu.gdb import Gdb
from twins.errors import EngineFailed

REGISTER_ARGUMENTS = 6
_ENTRY = 0x36
_J = 0x06
PS, WINDOWBASE = "sr230", "sr72"
WOE = 1 << 18
CALLINC = 16
_AREA = 0xC0000000
"""A windowed return takes the upper two bits of its address from its own PC."""


def begins_with_entry(gdb: Gdb, function: int) -> bool:
    """Is the first instruction ENTRY, or a jump to one, as in the table that a mask ROM begins with?"""
    code = gdb.read(function, 3) or bytes(3)
    if code[0] & 0x3F == _J:
        word = int.from_bytes(code, "little")
        offset = word >> 6 if word < 1 << 23 else (word >> 6) - (1 << 18)
        code = gdb.read(function + 4 + offset, 1) or bytes(1)
    return code[0] == _ENTRY


def callers(gdb: Gdb, core: int) -> list[tuple[int, int]]:
    """Return address and stack pointer of each caller whose frame is still in registers (ISA RM 4.7.1)."""

    def value(name: str) -> int:
        return gdb.register(core, name) or 0

    base, started = value(WINDOWBASE), value("sr73")
    first = base
    found: list[tuple[int, int]] = []
    back = value(f"ar{4 * base % 64}") >> 30
    while back and len(found) < 15:
        base = (base - back) % 16
        if not started >> base & 1 or base == first:
            break
        found.append((value(f"ar{4 * base}"), value(f"ar{4 * base + 1}")))
        back = found[-1][0] >> 30
    return found


class Callee:
    """The function at the PC of a core, of which nothing has been executed."""

    def __init__(self, gdb: Gdb, core: int) -> None:
        self._gdb = gdb
        self._core = core
        self._pc = self._value("pc")
        ps = self._value(PS)
        rotates = bool(ps & WOE) and begins_with_entry(gdb, self._pc)
        self._window = 4 * (ps >> CALLINC & 3) if rotates else 0

    def _value(self, name: str) -> int:
        value = self._gdb.register(self._core, name)
        if value is None:
            raise EngineFailed(f"QEMU's debugger does not tell the register {name}")
        return value

    def _name(self, number: int) -> str:
        """A register of the caller's window, which reaches round the file of 64."""
        return f"ar{(4 * self._value(WINDOWBASE) + number) % 64}"

    @property
    def arguments(self) -> tuple[list[int], int]:
        """The words in registers, and the address of further ones."""
        words = [self._value(self._name(self._window + 2 + n)) for n in range(REGISTER_ARGUMENTS)]
        return words, self._value(self._name(1))

    @property
    def back(self) -> int:
        """Where it returns to."""
        a0 = self._value(self._name(self._window))
        return self._pc & _AREA | a0 & ~_AREA if self._window else a0

    def return_at_once(self, low: int, high: int | None) -> None:
        """It is not executed: it returns this."""
        back = self.back
        results = [
            (self._name(self._window + 2 + n), value) for n, value in enumerate((low, high)) if value is not None
        ]
        for name, value in [*results, ("pc", back)]:
            if not self._gdb.set_register(self._core, name, value):
                raise EngineFailed(f"QEMU's debugger does not set the register {name}")
