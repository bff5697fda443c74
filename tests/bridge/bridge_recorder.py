"""What the processors of a native chip do to its blocks, and the same as a program for a client of the bridge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bridge_client import Client, Program

from twins import Twin

RP2040 = [
    (0x1400_0000, 0x1_0000),
    (0x1500_0000, 0x4000),
    (0x1800_0000, 0x4000),
    (0x4000_0000, 0x7_0000),
    (0x5000_0000, 0x50_0000),
    (0xD000_0000, 0x200),
]
ESP32S3 = [(0x6000_0000, 0x2_1000), (0x6002_3000, 0xD_B000)]
RAM = {"rp2040": (0x2000_0000, 264 << 10), "esp32s3": (0x3FC8_8000, 480 << 10)}
"""Which memory a client must have as it was, and how much of it, when a block with a DMA starts."""
DMA = {
    "rp2040": [range(0x5000_0000, 0x5000_1000)],
    # GDMA, and SPI2 and LCD_CAM, which pull when they are started.
    "esp32s3": [range(0x6003_F000, 0x6004_0000), range(0x6002_4000, 0x6002_5000), range(0x6004_1000, 0x6004_2000)],
}
REGISTERS = [f"r{n}" for n in range(13)] + ["sp", "lr", "pc", "xpsr", "msp", "psp", "primask", "control"]
"""The registers of a Trap but VTOR."""

# Load and store of the Xtensa ISA by op0 = 2 and r (ISA RM, 7.3): size and whether it loads.
XTENSA = {0: (1, True), 1: (2, True), 2: (4, True), 4: (1, False), 5: (2, False), 6: (4, False), 9: (2, True)}
XTENSA |= {0xB: (4, True), 0xF: (4, False)}
NARROW = {8: (4, True), 9: (4, False)}

# Load and store with a register offset, ARMv6-M ARM A5.2.4: opB to size and whether it loads.
BY_REGISTER = [(4, False), (2, False), (1, False), (1, True), (4, True), (2, True), (1, True), (2, True)]


@dataclass(frozen=True)
class Access:
    """A load or store of a block's register, or a function of the ROM (of size 0, with registers before and behind)."""

    time: int
    core: int
    addr: int
    size: int
    load: bool = False
    value: int | None = 0
    ram: bytes | None = None
    before: tuple[int, ...] = ()
    behind: tuple[int, ...] = ()


def accesses_of(
    code: int, before: dict[str, int], behind: dict[str, int], addr: int
) -> Iterator[tuple[int, int, bool, int]]:
    """Address, size, whether it loads, and the value, of a load or store instruction."""
    thumb = "r0" in before

    def one(register: int, size: int, load: bool, at: int) -> tuple[int, int, bool, int]:
        value = (behind if load else before)[f"{'r' if thumb else 'a'}{register}"]
        return at, size, load, value & ((1 << 8 * size) - 1)

    if not thumb:
        size, load = XTENSA[code >> 12 & 15] if code & 15 == 2 else NARROW[code & 15]
        yield one(code >> 4 & 15, size, load, addr)
        return
    half = code & 0xFFFF
    group = half >> 12
    if group == 0x5:
        size, load = BY_REGISTER[half >> 9 & 7]
        yield one(half & 7, size, load, addr)
    elif group in (0x6, 0x7, 0x8):
        yield one(half & 7, {6: 4, 7: 1, 8: 2}[group], bool(half & 0x800), addr)
    elif group == 0xC:
        at = before[f"r{half >> 8 & 7}"]
        for n, register in enumerate(n for n in range(8) if half >> n & 1):
            yield one(register, 4, bool(half & 0x800), at + 4 * n)
    else:
        raise AssertionError(f"0x{half:04X} is no load or store that this recorder knows")


class Recorder:
    """Runs a native twin until a moment and keeps what its processors do.

    A processor that comes to an access stops there and steps over it. The other one keeps up meanwhile: it may stop at
    an access of its own, and execute it while the first one steps; then nobody sees what a load gave.
    """

    def __init__(self, twin: Twin, until: int) -> None:
        self.engine, self.until, self.chip = twin._engine, until, twin.board.chip.name
        self.before: list[tuple[int, int, dict[str, int], bytes | None] | None] = [None, None]
        self.done: list[Access] = []

    def record(self) -> list[Access]:
        engine = self.engine
        for start, count in RP2040 if self.chip == "rp2040" else ESP32S3:
            engine.watch(True, start, count, True, True)
        rom = (engine.read(0, 0x4000) or b"") if self.chip == "rp2040" else b""
        for at in range(0, len(rom), 2):
            if rom[at + 1] == 0xDE:
                engine.set_breakpoint(at)
        while True:
            stands = next((core for core in (0, 1) if self.before[core] is not None), None)
            stop = engine.run(self.until) if stands is None else engine.step(stands, self.until)
            for core in (0, 1):
                self.settle(core, sure=stop[0] == "step" and core == stands)
            if stop[0] == "time":
                return self.done
            if stop[0] in ("watchpoint", "breakpoint"):
                self.stands(stop[2], 0 if stop[0] == "breakpoint" else stop[1])

    def stands(self, core: int, addr: int) -> None:
        """A processor is about to access a block; an address of 0: to enter a function of the ROM."""
        known = dict(self.engine.registers(core))
        stores = not all(load for _, _, load, _ in accesses_of(self.code(known), known, known, addr)) if addr else True
        moves = not addr or (stores and any(addr in block for block in DMA[self.chip]))
        ram = self.engine.read(*RAM[self.chip]) if moves else None
        self.before[core] = (self.engine.core_time(core), addr, known, ram)

    def code(self, known: dict[str, int]) -> int:
        """The instruction at the PC, and what follows it in three bytes."""
        return int.from_bytes(self.engine.read(known["pc"], 3) or b"", "little")

    def settle(self, core: int, *, sure: bool) -> None:
        """Keeps what a processor was about to do, if it has done it."""
        if (before := self.before[core]) is None:
            return
        time, addr, known, ram = before
        behind = dict(self.engine.registers(core))
        if not sure and behind["pc"] == known["pc"]:
            return
        self.before[core] = None
        if not addr:
            registers = [tuple(both[name] for name in REGISTERS) for both in (known, behind)]
            self.done.append(Access(time, core, known["pc"], 0, False, 0, ram, *registers))
            return
        for at, size, load, value in accesses_of(self.code(known), known, behind, addr):
            self.done.append(Access(time, core, at, size, load, None if load and not sure else value, ram))


def record(twin: Twin, until: int) -> list[Access]:
    """What the processors of a native twin did until a moment, in the order of time."""
    return sorted(Recorder(twin, until).record(), key=lambda access: (access.time, access.core))


def program(accesses: list[Access], differ: list[str]) -> Program:
    """The same as a program for a client; what differs is put into `differ`."""

    def play(client: Client) -> Iterator[int]:
        for access in accesses:
            yield access.time
            if access.ram is not None:
                client.memories[RAM[client.chip][0]][:] = access.ram
            if access.size == 0:
                yield from call(client, access, differ)
            elif access.load:
                value = client.read(access.addr, access.size, access.core)
                if access.value is not None and value != access.value:
                    differ.append(f"{access.time}: 0x{access.addr:08X} gave 0x{value:X}, not 0x{access.value:X}")
            elif access.value is not None:
                client.write(access.addr, access.value, access.size, access.core)

    return play


def call(client: Client, access: Access, differ: list[str]) -> Iterator[int]:
    """A function of the ROM."""
    registers = [*access.before, 0]
    while True:
        how, time, registers = client.trap(access.core, access.addr, registers)
        if how == 0:
            break
        assert how == 1, how
        yield time
    # The engine looks at them behind the return from the function, or where the function jumped to.
    if registers[:13] != list(access.behind[:13]):
        differ.append(
            f"{access.time}: the function at 0x{access.addr:X} gave {registers[:13]}, not {access.behind[:13]}"
        )
