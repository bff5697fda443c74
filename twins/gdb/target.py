"""A twin as a debugger holds it: it stands still, or runs until something happens that the debugger wants to know.

While it stands still no virtual time passes, and the program that runs the twin waits in `twins.live.Live.pump`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twins.gdb.registers import LAYOUTS
from twins.units import Duration

if TYPE_CHECKING:
    from twins.engines.engine import EngineApi
    from twins.twin import Twin

Stopped = tuple[str, int, int, str]

SIGINT, SIGTRAP, SIGSEGV = 2, 5, 11
"""GDB's numbers of signals (include/gdb/signals.def)."""

CORES = 2


@dataclass(frozen=True)
class Watchpoint:
    """Bytes that are watched, and for what: the number of GDB's Z packet."""

    kind: int
    address: int
    count: int

    @property
    def loads(self) -> bool:
        """Do loads meet it?"""
        return self.kind in (3, 4)

    @property
    def stores(self) -> bool:
        """Do stores meet it?"""
        return self.kind in (2, 4)


@dataclass(frozen=True)
class Halt:
    """Why a twin came to stand still."""

    signal: int
    core: int
    watchpoint: Watchpoint | None = None
    address: int = 0
    text: str = ""


class Target:
    """The twin. `on_halt` is called when it comes to stand still by itself."""

    def __init__(self, twin: Twin, on_halt: Callable[[Halt], None]) -> None:
        self.twin = twin
        self.layout = LAYOUTS[twin.board.chip.name]
        self.halted = False
        self._on_halt = on_halt
        self._breakpoints: set[int] = set()
        self._watchpoints: set[Watchpoint] = set()
        self._armed: EngineApi | None = None
        self._stepping: int | None = None
        self._resetting = False

    # Running

    def go(self, until: int) -> Stopped:
        """Runs the engine to `until` at the latest, as the debugger wants it."""
        engine = self.twin.engine
        if engine is not self._armed:  # new since the twin went back to a snapshot
            self._armed = engine
            for address in self._breakpoints:
                engine.set_breakpoint(address)
            for watch in self._watchpoints:
                engine.watch(True, watch.address, watch.count, watch.loads, watch.stores)
        return engine.run(until) if self._stepping is None else engine.step(self._stepping, until)

    def stopped(self, stop: Stopped) -> bool:
        """The engine came back with this. True: it concerns the debugger, and nobody else."""
        kind, number, core, text = stop
        if kind == "reset" and self._resetting:
            self._halt(Halt(SIGTRAP, 0))
        elif kind in ("breakpoint", "step"):
            self._halt(Halt(SIGTRAP, core))
        elif kind == "watchpoint":
            self._halt(self._watched(core, number))
        elif kind in ("lockup", "usb boot"):
            self._halt(Halt(SIGSEGV, max(core, 0), text=text))
        else:
            return False
        return True

    def _watched(self, core: int, address: int) -> Halt:
        """The access begins at `address`, and may reach a watched byte further up."""
        near = [watch for watch in self._watchpoints if address - 15 <= watch.address + watch.count - 1 + 15]
        found = min(near, key=lambda watch: abs(watch.address - address), default=None)
        shown = address if found is None else min(max(address, found.address), found.address + found.count - 1)
        return Halt(SIGTRAP, core, found, shown)

    def _halt(self, halt: Halt) -> None:
        self.halted, self._stepping, self._resetting = True, None, False
        self._on_halt(halt)

    def halt(self, core: int = 0) -> None:
        """The debugger stops the twin where it is."""
        self._halt(Halt(SIGINT, core))

    def resume(self, stepping: int | None = None) -> None:
        """The twin runs on; with `stepping`, until that core has executed an instruction."""
        self.halted, self._stepping = False, stepping

    def reset(self) -> None:
        """The chip's reset pin; the twin comes to stand still before the first instruction."""
        self.twin.door.reset()
        self._resetting = True
        self.resume()

    def release(self) -> None:
        """The debugger is gone: nothing of it is left, and the twin runs on."""
        for address in self._breakpoints:
            self.twin.engine.clear_breakpoint(address)
        for watch in self._watchpoints:
            self.twin.engine.watch(False, watch.address, watch.count, watch.loads, watch.stores)
        self._breakpoints.clear()
        self._watchpoints.clear()
        self._resetting = False
        self.resume()

    # What it stops at

    def set_breakpoint(self, address: int, on: bool) -> None:
        """The twin stops before this instruction, or does not any more. It may be in flash or ROM."""
        if on:
            self._breakpoints.add(address)
            self.twin.engine.set_breakpoint(address)
        elif address in self._breakpoints:
            self._breakpoints.remove(address)
            self.twin.engine.clear_breakpoint(address)

    def set_watchpoint(self, watch: Watchpoint, on: bool) -> None:
        """The twin stops before an instruction that accesses these bytes, or does not any more."""
        if on:
            self._watchpoints.add(watch)
        else:
            self._watchpoints.discard(watch)
        self.twin.engine.watch(on, watch.address, watch.count, watch.loads, watch.stores)

    # Memory and registers

    def read(self, address: int, count: int) -> bytes:
        """Memory from `address` on, as far as there is any."""
        whole = self.twin.engine.read(address, count)
        if whole is not None:
            return whole
        found = bytearray()
        while len(found) < count:
            byte = self.twin.engine.read(address + len(found) & 0xFFFF_FFFF, 1)
            if byte is None:
                break
            found += byte
        return bytes(found)

    def write(self, address: int, data: bytes) -> str:
        """Writes RAM; why it cannot be, or nothing."""
        if self.twin.engine.read(address, len(data)) is None:
            return f"there is no memory at 0x{address:08x} to 0x{address + len(data):08x}"
        if not self.twin.engine.write(address, data):
            return (
                f"0x{address:08x} is no RAM: flash is written by the twin's image, so start the twin with another one; "
                "registers are written by firmware"
            )
        return ""

    def register(self, core: int, number: int) -> str:
        """A register's bytes in hexadecimal; ``xx`` for each where it cannot be read."""
        register = self.layout.registers[number]
        value = self.twin.engine.register(core, register.engine) if register.engine else None
        if value is None:
            return "xx" * (register.bits // 8)
        return value.to_bytes(register.bits // 8, "little").hex()

    def set_register(self, core: int, number: int, data: bytes) -> bool:
        """Writes a register. False: it cannot be written."""
        register = self.layout.registers[number]
        if register.engine is None or len(data) != register.bits // 8:
            return False
        return self.twin.engine.set_register(core, register.engine, int.from_bytes(data, "little"))

    def state(self, core: int) -> str:
        """What a core does, in words."""
        pc = self.twin.engine.register(core, "pc") or 0
        asleep = "asleep" if self.twin.engine.is_sleeping(core) else "awake"
        return f"core {core}: {asleep}, pc {self.twin.symbols.name(pc)}"

    def info(self) -> str:
        """The twin in some lines."""
        twin = self.twin
        lines = [f"{twin.board.name} at {Duration(twin.now)}, {twin.engine.cpu_clock / 1e6:g} MHz"]
        lines += [self.state(core) for core in range(CORES)]
        if twin.resets:
            at, why = twin.resets[-1]
            lines.append(f"last reset at {Duration(at)}: {why}")
        lines += [f"not modelled: {name}: {gap.why}" for name, gap in twin.unimplemented.items()]
        return "\n".join(lines) + "\n"
