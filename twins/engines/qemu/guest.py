"""Functions of the firmware that a core runs because somebody outside wants it, through QEMU's debugger.

As `engine/xtensa/src/call.rs` does it for the native engine. Authorities: Xtensa ISA RM 8.1 (windowed and CALL0 ABI)
and 8.1.5 (where the registers of callers lie: A0 to A3 below the stack pointer of the callee, the others below that of
the caller's caller).
"""

from __future__ import annotations

import struct

from twins.engines.qemu.calls import CALLINC, PS, REGISTER_ARGUMENTS, WINDOWBASE, WOE, begins_with_entry
from twins.engines.qemu.gdb import Gdb
from twins.errors import EngineFailed

RETURN_ADDRESS = 0x4FFF_FFF0
"""Nothing lies there; a breakpoint stands in its place. Its upper bits are those of all code."""
STACK_ARGUMENTS = 8

_WINDOWSTART, _LCOUNT, _CPENABLE = "sr73", "sr2", "sr224"
_EXCM, _INTLEVEL = 1 << 4, 0xF
_BASE = 16
"""Bytes of a base save area."""
# LBEG, LEND, LCOUNT, SAR, BR, SCOMPARE1, ACCLO, ACCHI, M0 to M3 (ISA RM chapter 5).
_SPECIALS = [f"sr{number}" for number in (0, 1, 2, 3, 4, 12, 16, 17, 32, 33, 34, 35)]
_FLOATS = ["ur232", "ur233", *(f"f{n}" for n in range(16))]
_MARK = 0x5154_4C40
_WINDOWED = 1
_KEPT = 4 + 16 + len(_SPECIALS) + len(_FLOATS)
# WAITI: 0x007s00.
_WAITI, _WAITI_MASK = 0x007000, 0xFFF0FF


class Guest:
    """A core that calls, or comes back."""

    def __init__(self, gdb: Gdb, core: int) -> None:
        self._gdb = gdb
        self._core = core

    def _get(self, name: str) -> int:
        value = self._gdb.register(self._core, name)
        if value is None:
            raise EngineFailed(f"QEMU's debugger does not tell the register {name}")
        return value

    def _set(self, name: str, value: int) -> None:
        if not self._gdb.set_register(self._core, name, value):
            raise EngineFailed(f"QEMU's debugger does not set the register {name}")

    def _name(self, number: int) -> str:
        return f"ar{(4 * self._get(WINDOWBASE) + number) % 64}"

    def _word(self, address: int) -> int:
        data = self._gdb.read(address, 4)
        if data is None:
            raise ValueError("there is no stack")
        return int.from_bytes(data, "little")

    def _put(self, address: int, words: list[int]) -> None:
        if not self._gdb.write(address, struct.pack(f"<{len(words)}I", *words)):
            raise ValueError("there is no RAM for its frame")

    @property
    def is_sleeping(self) -> bool:
        """Does it stand behind WAITI?"""
        code = self._gdb.read(self._get("pc") - 3, 3) or bytes(3)
        return int.from_bytes(code, "little") & _WAITI_MASK == _WAITI

    @property
    def is_interruptible(self) -> bool:
        """Do interrupts reach the program that runs here, and is it none of a handler?"""
        return self._get(PS) & (_INTLEVEL | _EXCM) == 0

    def call(self, function: int, words: list[int], stack: int | None) -> int:
        """The program calls a function, with a frame that keeps all registers; its address. Raises `ValueError`."""
        if len(words) > REGISTER_ARGUMENTS + STACK_ARGUMENTS:
            raise ValueError(f"a call from outside has room for {REGISTER_ARGUMENTS + STACK_ARGUMENTS} words")
        ps = self._get(PS)
        if ps & _EXCM:
            raise ValueError("an exception handler cannot call functions: PS.EXCM is set")
        if ps & WOE:
            self._spill()
        own = self._get(self._name(1))
        top = own - _BASE if stack is None else stack
        frame = top - 4 * (_KEPT + STACK_ARGUMENTS) & ~15
        entry = bool(ps & WOE) and begins_with_entry(self._gdb, function)
        kept = [_MARK | entry * _WINDOWED, self._get("pc"), ps, self._get(_CPENABLE)]
        kept += [self._get(self._name(n)) for n in range(16)]
        kept += [self._get(name) for name in _SPECIALS + _FLOATS]
        self._put(frame + 4 * STACK_ARGUMENTS, kept)
        self._put(frame, words[REGISTER_ARGUMENTS:])
        self._copy_area(own, frame)
        window = 4 if entry else 0
        self._set(self._name(1), frame)
        self._set(PS, ps & ~(3 << CALLINC) | entry << CALLINC)
        self._set(self._name(window), RETURN_ADDRESS & 0x3FFFFFFF | 1 << 30 if entry else RETURN_ADDRESS)
        for n, word in enumerate(words[:REGISTER_ARGUMENTS]):
            self._set(self._name(window + 2 + n), word)
        self._set(_LCOUNT, 0)
        self._set("pc", function)
        return frame

    def end(self) -> tuple[int, int, int]:
        """It has come back, and the program goes on where it was: the frame, and two words of result."""
        frame = self._get(self._name(1))
        data = self._gdb.read(frame + 4 * STACK_ARGUMENTS, 4 * _KEPT) or bytes(4 * _KEPT)
        mark, pc, ps, cpenable, *kept = struct.unpack(f"<{_KEPT}I", data)
        if mark & ~_WINDOWED != _MARK:
            raise ValueError("the frame of a call from outside is lost")
        window = 4 if mark & _WINDOWED else 0
        low, high = (self._get(self._name(window + 2 + n)) for n in range(2))
        if self._get(PS) & WOE:
            self._spill()
        registers, others = kept[:16], kept[16:]
        self._copy_area(frame, registers[1])
        # Another owner's registers are in the FPU when the program has lost it meanwhile.
        owns = cpenable & self._get(_CPENABLE) & 1
        names = _SPECIALS + _FLOATS if owns else _SPECIALS
        for name, value in zip(names, others, strict=False):
            self._set(name, value)
        for n, value in enumerate(registers):
            self._set(self._name(n), value)
        self._set(PS, ps)
        self._set("pc", pc)
        return frame, low, high

    def _copy_area(self, source: int, target: int) -> None:
        self._put(target - _BASE, [self._word(source - _BASE + 4 * n) for n in range(4)])

    def _spill(self) -> None:
        """Saves the frames of callers that lie in the 12 registers behind A3, as the overflow handlers would."""
        base, started = self._get(WINDOWBASE), self._get(_WINDOWSTART)
        for pane in ((base + n) % 16 for n in (1, 2, 3)):
            if not started >> pane & 1:
                continue
            size = next((n for n in (1, 2, 3) if started >> (pane + n) % 16 & 1), None)
            if size is None:
                raise ValueError("the callers in the registers cannot be saved")
            own = [self._get(f"ar{(4 * pane + n) % 64}") for n in range(4 * size)]
            below = self._get(f"ar{(4 * (pane + size) + 1) % 64}") - _BASE
            self._put(below, own[:4])
            if size > 1:
                extra = 4 * (size - 1)
                self._put(self._word(own[1] - _BASE + 4) - _BASE - 4 * extra, own[4:])
            started &= ~(1 << pane)
        self._set(_WINDOWSTART, started)
