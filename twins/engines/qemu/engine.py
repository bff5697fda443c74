"""The machine esp32s3 of Espressif's QEMU behind the vocabulary of an engine.

Time is QEMU's virtual clock: with ``-icount`` each instruction takes the same time, and while both processors sleep it
goes on at once to the next timer (`sleep=off`). It is read from outside (`twins.engines.qemu.clock`), and a run is
stopped by it (`twins.engines.qemu.alarm`), at the goal or a few turns of the processors behind it; `now` is where.
"""

from __future__ import annotations

import select
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from twins.engines.capabilities import Capability, lacks
from twins.engines.engine import Adapter, Found, Stop
from twins.engines.qemu import CAPABILITIES, NAME, files
from twins.engines.qemu.alarm import Alarm
from twins.engines.qemu.calls import Callee, callers
from twins.engines.qemu.clock import VirtualClock, quoted
from twins.engines.qemu.gdb import Gdb, Stopped
from twins.engines.qemu.guest import RETURN_ADDRESS, Guest
from twins.engines.qemu.process import PATIENCE, Line, Pipe, Process
from twins.engines.qemu.qmp import Qmp
from twins.engines.qemu.uart import Uart
from twins.errors import EngineFailed, UsageError
from twins.files import contents_of
from twins.units import SECOND, US

if TYPE_CHECKING:
    from twins._engine import Outside
    from twins.board import Board

ROM_ELF = "esp32s3_rev0_rom.elf"
"""The mask ROM of every ESP32-S3 in the folder of Espressif's `esp-rom-elfs`."""

# Where a look has no effect: memories of the chip (ESP32-S3 TRM, table 4-1), as far as this machine has them.
FLASH_OR_PSRAM = range(0x3C000000, 0x3E000000)
RAM = (
    FLASH_OR_PSRAM,
    range(0x3FC80000, 0x3FE00000),
    range(0x40370000, 0x403F0000),
    range(0x50000000, 0x50002000),
    range(0x600FE000, 0x60100000),
)
ROM_OR_FLASH = (range(0x3FF00000, 0x3FF20000), range(0x40000000, 0x40060000), range(0x42000000, 0x44000000))
MEMORIES = (*RAM, *ROM_OR_FLASH)
RESET_STATE = 0x60008038
"""RTC_CNTL_RESET_STATE_REG: why the first processor was reset is in its low six bits (TRM, "Low-Power Management")."""
# TRM 8.2, ESP-IDF soc/reset_reasons.h; the words are those of the native engine.
REASONS = {1: "PowerOn", 3: "CoreSoftware", 5: "DeepSleep", 7: "CoreMwdt0", 8: "CoreMwdt1", 9: "CoreRtcWdt"} | {
    11: "CpuMwdt0",
    12: "CpuSoftware",
    13: "CpuRtcWdt",
    15: "BrownOut",
    16: "SystemRtcWdt",
}
UART0_TX = 43
"""The pin of UART0's output after a reset (datasheet, table 2-1)."""
UARTS = ("uart0", "uart1")
"""Those that the machine has; it knows of no pins for them."""

STRAPS = 0x08
"""GPIO_STRAP of a chip with its strapping pins as after power-on: SPI_FAST_FLASH_BOOT (ESP-IDF, boot_mode.h)."""
_LOOK = 0.02
"""Seconds of wall clock between two looks at the consoles."""
_TIME: Stop = ("time", -1, -1, "")


DEFAULTS = {"shift": "2", "turn": "50", "watchdogs": "off", "psram": "on"}
LONGEST_TURN = 100_000


@dataclass(frozen=True)
class Settings:
    """What is said behind the engine's name."""

    shift: int = 2
    turn: int = 50
    seed: int = 0
    watchdogs: bool = False
    psram: bool = True
    rom: Path | None = None

    @classmethod
    def of(cls, options: Mapping[str, str], seed: int, rom: Path | None) -> Settings:
        """Raises `UsageError`."""
        shift, turn, watchdogs, psram = (options.get(name, default) for name, default in DEFAULTS.items())
        if shift not in map(str, range(11)):
            raise UsageError(f"qemu:shift={shift}: expected a number from 0 to 10")
        if not turn.isdecimal() or not 1 <= int(turn) <= LONGEST_TURN:
            raise UsageError(f"qemu:turn={turn}: expected a number of µs from 1 to {LONGEST_TURN}")
        for name, value in (("watchdogs", watchdogs), ("psram", psram)):
            if value not in ("on", "off"):
                raise UsageError(f"qemu:{name}={value}: expected on or off")
        if rom is not None and rom.is_dir():
            rom /= ROM_ELF
        if rom is not None:
            contents_of(rom, "boot ROM")
        return cls(int(shift), int(turn), seed, watchdogs == "on", psram == "on", rom)


@dataclass
class Console:
    """What a console showed and nobody has taken, and the line behind it, of which a USB console has none."""

    name: str
    uart: str | None
    output: bytearray = field(default_factory=bytearray)
    tail: bytes = b""


class QemuEngine(Adapter):
    """A chip in a process of QEMU, which begins with the first thing that needs it."""

    name = NAME
    capabilities = CAPABILITIES

    def __init__(self, found: Found, board: Board, settings: Settings) -> None:
        self._board = board
        self._settings = settings
        self._flash = files.flash_file(board)
        self._psram = files.psram_megabytes(board) if settings.psram else 0
        self._process = Process(found.path)
        self._clock = VirtualClock(self._process, settings.turn)
        self._alarm = Alarm(self._process)
        self._uarts = {name: Uart(name, self._process) for name in UARTS}
        self._running = False
        self._lines: dict[str, Line] = {}
        self._consoles: list[Console] = []
        self._texts: dict[bytes, int] = {}
        self._messages: list[str] = []
        self._stops: list[Stop] = []
        self._breakpoints: dict[int, set[str]] = {}
        self._at_breakpoint: tuple[int, int | None] = (-1, None)
        self._now = 0

    # Its process

    def _arguments(self) -> list[str]:
        flash, fuses = self._process.folder / "flash.bin", self._process.folder / "fuses.bin"
        files.write(flash, bytes(self._flash))
        files.write(fuses, files.fuses_file(self._board))
        arguments = ["-no-user-config", "-nodefaults", "-display", "none", "-S", "-machine", "esp32s3"]
        arguments += ["-icount", f"shift={self._settings.shift},sleep=off,align=off"]
        arguments += ["-seed", str(self._settings.seed & 0xFFFFFFFFFFFFFFFF)]
        arguments += ["-drive", f"file={quoted(flash)},if=mtd,format=raw"]
        arguments += ["-drive", f"file={quoted(fuses)},if=none,format=raw,id=efuse"]
        arguments += ["-global", "driver=nvram.esp32s3.efuse,property=drive,value=efuse"]
        arguments += ["-global", f"driver=esp32s3.gpio,property=strap_mode,value={STRAPS}"]
        if not self._settings.watchdogs:
            arguments += ["-global", "driver=timer.esp32s3.timg,property=wdt_disable,value=true"]
        if self._psram:
            arguments += ["-m", f"{self._psram}M"]
            arguments += ["-global", f"driver=ssi_psram,property=is_octal,value={str(self._board.psram_octal).lower()}"]
        if self._settings.rom is not None:
            arguments += ["-bios", str(self._settings.rom)]
        for uart in self._uarts.values():
            arguments += uart.arguments()
        arguments += ["-chardev", self._chardev("qmp"), "-mon", "chardev=qmp,mode=control"]
        arguments += ["-chardev", self._chardev("gdb"), "-gdb", "chardev:gdb"]
        return arguments + self._clock.arguments() + self._alarm.arguments()

    def _chardev(self, name: str) -> str:
        return f"socket,id={name},path={quoted(Path(self._process.address(name)))}"

    def _start(self) -> None:
        if self._running:
            return
        if not self._process.close.alive:
            raise UsageError("the engine qemu has been closed: make a new twin")
        self._lines = self._process.start(self._arguments())
        self._qmp = Qmp(self._lines["qmp"], self._process)
        self._gdb = Gdb(self._lines["gdb"], self._process)
        self._clock.start()
        self._alarm.start(self._qmp)
        self._running = True
        for address in self._breakpoints:
            self._gdb.set_breakpoint(address, True)

    def close(self) -> None:
        """Ends the process."""
        self._running = False
        self._process.close()

    def set_outside(self, target: Outside) -> None:
        """Nothing is outside: there are no pins."""

    def hand_out(self) -> None:
        """Nothing was gathered."""

    def take_messages(self) -> list[str]:
        """What is to be said of the consoles."""
        found, self._messages = self._messages, []
        return found

    # Time

    @property
    def now(self) -> int:
        """The present moment."""
        return self._now

    @property
    def cpu_clock(self) -> int:
        """Instructions in a second of virtual time, of both processors together."""
        return 1_000_000_000 >> self._settings.shift

    @property
    def instructions(self) -> list[int]:
        """Refused: QEMU does not tell."""
        raise UsageError("the engine qemu does not tell how many instructions each core executed")

    def run(self, until: int, on: bool = False) -> Stop:  # nothing waits to be handed out
        """Runs until the clock has reached `until`, or something stops it."""
        self._start()
        while not self._stops and until > self._now:
            self._stand_still(self._run(until))
        return self._stops.pop(0) if self._stops else _TIME

    def _run(self, until: int) -> Stopped:
        """Lets the machine run; it stands still again behind this."""
        self._step_over()
        # Standing still takes a turn.
        self._alarm.set(until - self._now - self._settings.turn * US)
        self._gdb.go()
        looked, before = time.monotonic(), self._now
        stopped = None
        while stopped is None:
            ready = self._listen(_LOOK)
            stopped = self._gdb.stopped()
            if stopped is None and (self._alarm.bell in ready or self._stops):
                self._gdb.interrupt()
                self._alarm.end()
                stopped = self._gdb.wait_stopped()
            if time.monotonic() - looked > PATIENCE:
                looked, before = time.monotonic(), self._moved(before)
        self._alarm.end()
        self._alarm.clear()
        return stopped

    def _moved(self, before: int) -> int:
        """The time now. Raises `EngineFailed` when it has not moved."""
        now = self._clock.now()
        if now <= before:
            raise EngineFailed(f"the virtual time of QEMU has stood still for {PATIENCE:g} s at {now / SECOND} s")
        return now

    def _step_over(self) -> None:
        """Each core that stands before an instruction with a breakpoint executes it."""
        for core in range(self._gdb.cores):
            if self._at_breakpoint == (core, self._gdb.register(core, "pc")):
                self._gdb.go(step=core)
                self._gdb.wait_stopped()
        self._at_breakpoint = (-1, None)

    def _stand_still(self, stopped: Stopped) -> None:
        """The machine stands still: takes what it showed, and says why it does."""
        self._now = max(self._now, self._clock.now())
        self._listen(0)
        self._stops = [self._reason() if stop[0] == "reset" else stop for stop in self._stops]
        pc = self._gdb.register(stopped.core, "pc")
        if stopped.watched is not None:
            self._stops.append(("watchpoint", stopped.watched, stopped.core, ""))
        elif pc in self._breakpoints:
            self._at_breakpoint = (stopped.core, pc)
            self._stops += [(kind, pc, stopped.core, "") for kind in sorted(self._breakpoints[pc], reverse=True)]

    def _reason(self) -> Stop:
        code = int.from_bytes(self._gdb.read(RESET_STATE, 4) or b"", "little") & 0x3F
        return "reset", -1, -1, REASONS.get(code, f"reason {code}")

    def _listen(self, wait: float) -> list[Line | Pipe]:
        """Takes what comes within `wait` seconds; returns who had something."""
        sources: list[Line | Pipe] = [*self._lines.values(), self._alarm.bell]
        ready = select.select(sources, [], [], wait)[0]
        self._qmp.take()
        self._hear_events()
        for uart in self._uarts.values():
            self._hear(uart)
        self._process.check("its standing still")
        return ready

    def _hear_events(self) -> None:
        while self._qmp.events:
            event = self._qmp.events.popleft()
            data = event.get("data", {})
            if event["event"] == "RESET" and data.get("guest"):
                self._stops.append(("reset", -1, -1, ""))
            elif event["event"] == "SHUTDOWN":
                raise EngineFailed(f"QEMU has shut down ({data.get('reason', 'no reason given')})")

    def reset(self) -> None:
        """The reset pin."""
        self._start()
        self._qmp.execute("system_reset")
        self._gdb.forget()
        self._stops.append(("reset", -1, -1, REASONS[1]))

    # Image and flash

    def write_flash(self, offset: int, data: bytes) -> None:
        """Puts bytes into the flash chip, before the machine begins."""
        if self._running:
            raise UsageError("the engine qemu takes contents of the flash before its first run only: make a new twin")
        if offset + len(data) > len(self._flash):
            raise UsageError(f"{len(data)} bytes at 0x{offset:x} do not fit into a flash of {len(self._flash)}")
        self._flash[offset : offset + len(data)] = data

    def read_flash(self) -> bytes:
        """The whole flash chip. QEMU has written all of it to its file when the machine stands still."""
        if self._running:
            self._flash = bytearray(contents_of(self._process.folder / "flash.bin", "flash"))
        return bytes(self._flash)

    def start_at(self, entry: int) -> None:
        """The first core begins there."""
        self._start()
        self._gdb.set_register(0, "pc", entry)

    # Processors and memory

    def read(self, address: int, count: int) -> bytes | None:
        """Memory as the first core sees it; None elsewhere, where a look would be an access."""
        self._start()
        if not _is_memory(address, count, MEMORIES):
            return None
        return self._gdb.read(address, count)

    def write(self, address: int, data: bytes) -> bool:
        """Writes memory."""
        self._start()
        if address in FLASH_OR_PSRAM and not self._psram:
            return False
        return _is_memory(address, len(data), RAM) and self._gdb.write(address, data)

    def registers(self, core: int) -> dict[str, int]:
        """A core's registers by name."""
        base = self._value(core, "sr72")
        found = {"pc": self._value(core, "pc"), "ps": self._value(core, "sr230")}
        window = {f"a{n}": self._value(core, f"ar{(4 * base + n) % 64}") for n in range(16)}
        return found | {"sp": window["a1"]} | window

    def register(self, core: int, name: str) -> int | None:
        """A register by the name that the debugger's table gives it."""
        self._start()
        return self._gdb.register(core, name)

    def _value(self, core: int, name: str) -> int:
        value = self.register(core, name)
        if value is None:
            raise EngineFailed(f"QEMU's debugger does not tell the register {name}")
        return value

    def set_register(self, core: int, name: str, value: int) -> bool:
        """Sets a register."""
        self._start()
        return self._gdb.set_register(core, name, value)

    def core_time(self, core: int) -> int:  # one clock for both
        """The moment at which a core stands."""
        return self._now

    def set_breakpoint(self, address: int) -> None:
        """`run` comes back before this instruction."""
        self._break(address, "breakpoint")

    def clear_breakpoint(self, address: int) -> bool:
        """Takes it away; False where there was none."""
        return self._unbreak(address, "breakpoint")

    def watch(self, on: bool, address: int, count: int, loads: bool, stores: bool) -> bool:
        """`run` comes back behind an access to these bytes."""
        self._start()
        return self._gdb.watch(on, address, count, loads, stores)

    def callers(self, core: int) -> list[tuple[int, int]]:
        """Return address and stack pointer of each caller whose frame is still in registers."""
        self._start()
        return callers(self._gdb, core)

    def step(self, core: int, until: int) -> Stop:  # an instruction is short
        """One instruction of a core."""
        self._start()
        self._gdb.go(step=core)
        stopped = self._gdb.wait_stopped()
        self._at_breakpoint = (-1, None)
        self._now = max(self._now, self._clock.now())
        self._listen(0)
        return "step", -1, stopped.core, ""

    def _break(self, address: int, kind: str) -> None:
        if address not in self._breakpoints and self._running:
            self._gdb.set_breakpoint(address, True)
        self._breakpoints.setdefault(address, set()).add(kind)

    def _unbreak(self, address: int, kind: str) -> bool:
        kinds = self._breakpoints.get(address, set())
        if kind not in kinds:
            return False
        kinds.remove(kind)
        if not kinds:
            del self._breakpoints[address]
            if self._running:
                self._gdb.set_breakpoint(address, False)
        return True

    # Functions by symbol

    def intercept(self, address: int, on: bool) -> None:
        """`run` comes back when a core is about to execute this instruction."""
        if on:
            self._break(address, "intercept")
        else:
            self._unbreak(address, "intercept")

    def arguments(self, core: int) -> tuple[list[int], int, int]:
        """The words in registers, the address of further ones, and the return address."""
        callee = Callee(self._gdb, core)
        words, stack = callee.arguments
        return words, stack, callee.back

    def return_at_once(self, core: int, low: int, high: int | None = None) -> None:
        """The function is not executed: it returns this."""
        Callee(self._gdb, core).return_at_once(low, high)

    def spend(self, core: int, cycles: int) -> None:  # refused for both
        """Nothing, or refused: a core cannot be held."""
        if cycles:
            raise lacks(NAME, Capability.TIMING)

    def rom_function(self, name: str) -> int | None:  # none is known
        """None: QEMU's ROM has no symbols here."""
        return None

    @property
    def return_address(self) -> int:
        """Where a called function returns to."""
        return RETURN_ADDRESS

    def call(self, core: int, function: int, words: list[int], stack: int | None = None) -> int:
        """The core calls a function; the address of the frame that holds its registers."""
        return Guest(self._gdb, core).call(function, words, stack)

    def end_call(self, core: int) -> tuple[int, int, int]:
        """The function has returned: the frame, and the two words of its value."""
        return Guest(self._gdb, core).end()

    def is_sleeping(self, core: int) -> bool:
        """Does it wait for an interrupt?"""
        self._start()
        return Guest(self._gdb, core).is_sleeping

    def is_interruptible(self, core: int) -> bool:
        """Is it outside of handlers, with interrupts on?"""
        self._start()
        return Guest(self._gdb, core).is_interruptible

    # Consoles

    def attach_console(self, name: str, tx: int | None, rx: int | None, jtag: bool = False) -> int:
        """A console; one over USB shows nothing, and UART0 is where its output is after a reset."""
        taken = {console.uart for console in self._consoles}
        uart = UARTS[0] if tx == UART0_TX else UARTS[1]
        if tx is None:
            self._messages.append(f"console {name}: {lacks(NAME, Capability.USB)}")
        elif uart in taken:
            self._messages.append(f"console {name}: the engine qemu has two UARTs, and knows of no pins for them")
        self._consoles.append(Console(name, None if tx is None or uart in taken else uart))
        return len(self._consoles) - 1

    @property
    def consoles(self) -> list[str]:
        """The consoles by number."""
        return [console.name for console in self._consoles]

    def take_output(self, console: int) -> bytes:
        """What it showed since the last look."""
        output = bytes(self._consoles[console].output)
        self._consoles[console].output.clear()
        return output

    def _hear(self, uart: Uart) -> None:
        data = uart.take()
        console = next((console for console in self._consoles if console.uart == uart.name), None)
        if console is None or not data:
            return
        console.output += data
        seen = console.tail + data
        for text, key in self._texts.items():
            if text in seen:
                self._stops.append(("text", key, self._consoles.index(console), ""))
        longest = max(map(len, self._texts), default=1)
        console.tail = seen[len(seen) - longest + 1 :] if longest > 1 else b""

    def type_in(self, console: int, data: bytes) -> None:
        """Somebody types: the line keeps what the firmware has no room for."""
        uart = self._consoles[console].uart
        if uart is None:
            raise lacks(NAME, Capability.USB)
        self._uarts[uart].type(data)

    def watch_text(self, text: bytes, key: int) -> None:
        """`run` comes back when a console shows this."""
        self._texts[text] = key

    def unwatch_texts(self) -> None:
        """Nobody waits for texts any more."""
        self._texts.clear()


def _is_memory(address: int, count: int, memories: Sequence[range]) -> bool:
    return any(address in memory and address + count <= memory.stop for memory in memories)
