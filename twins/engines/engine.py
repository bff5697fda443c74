"""What a twin asks of an engine: the vocabulary of the native one, `twins._engine.Engine`.

The native engine has all of it. An engine in another process is an `Adapter`: what it does not override is refused by
one sentence that names the engine and what it lacks.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol

from twins.engines.capabilities import EVERYTHING, Capability, lacks
from twins.errors import CapabilityMissing

if TYPE_CHECKING:
    from twins._engine import Outside, Snapshot, UsbState
    from twins.board import Board
    from twins.image import Image

Stop = tuple[str, int, int, str]
"""Why a run came back, a key or address, a core or console, and words: ``("time", -1, -1, "")``; or "text", "reset",
"intercept", "breakpoint", "lockup", "usb boot"."""


@dataclass(frozen=True)
class Found:
    """An engine on this machine."""

    path: Path
    version: str
    how: str
    """Where it was found: "PATH", "RENODE_PATH", …"""


class AdapterModule(Protocol):
    """What a module `twins.engines.NAME` has."""

    NAME: str
    CAPABILITIES: frozenset[Capability]
    CHIPS: tuple[str, ...]
    OPTIONS: Mapping[str, str]
    """What may stand behind the name, ``NAME:option=value``, and what it says."""
    INSTALL: str
    """How to come by it, in half a sentence."""

    def find(self) -> Found | None:
        """The engine on this machine."""

    def open(
        self, board: Board, image: Image | None, *, seed: int, rom: Path | None, options: Mapping[str, str]
    ) -> EngineApi:
        """A chip as the board has it, at its power-on. The twin loads the image, then runs."""


class InboxApi(Protocol):
    """Changes that parts make while the engine runs."""

    def drive(self, pin: int, level: bool | None, at: int) -> None:
        """A part drives a pin from `at` on."""

    def wake(self, at: int) -> None:
        """The run comes back at `at`."""

    def i2s_clock(self, port: int, rate: int, slots: int, slot_bits: int, delay: bool, at: int) -> None:
        """The part's clock runs at a rate from `at` on."""


def name_of(engine: EngineApi) -> str:
    """The name of an engine."""
    return engine.name if isinstance(engine, Adapter) else "native"


def capabilities_of(engine: EngineApi) -> frozenset[Capability]:
    """What an engine can do."""
    return engine.capabilities if isinstance(engine, Adapter) else EVERYTHING


def missing(engine: EngineApi, capability: Capability) -> CapabilityMissing:
    """What is raised when this engine is asked for what it has not."""
    return lacks(name_of(engine), capability)


class EngineApi(Protocol):
    """A chip with its flash. Times in ps since power-on. Each method refuses until an engine has its own."""

    # Time

    @property
    @abstractmethod
    def now(self) -> int:
        """The present moment."""

    @abstractmethod
    def run(self, until: int, on: bool = False) -> Stop:
        """Runs to a moment, or until something stops it; `on` says that the run goes on then."""

    @abstractmethod
    def set_outside(self, target: Outside) -> None:
        """Whom it calls while it runs."""

    @property
    def inbox(self) -> InboxApi:
        """Where changes go that parts make while it runs."""
        return _NoInbox(self)

    def hand_out(self) -> None:
        """Hands parts what the engine gathered for them."""

    def take_messages(self) -> list[str]:
        """What it has to say to whoever runs it, since the last look."""
        return []

    def reset(self) -> None:
        """The reset pin is pulled low and let go."""
        raise missing(self, Capability.RESET)

    def brown_out(self) -> bool:
        """The supply drops and comes back; False where the chip's detector is off."""
        raise missing(self, Capability.RESET)

    # Image and flash

    def start_at(self, entry: int) -> None:
        """The first core begins there: an image in RAM."""
        raise missing(self, Capability.REGISTERS)

    def write_flash(self, offset: int, data: bytes) -> None:
        """Puts bytes into the flash chip as a programmer does."""
        raise missing(self, Capability.FLASH)

    def read_flash(self) -> bytes:
        """The whole flash chip."""
        raise missing(self, Capability.FLASH)

    @property
    def unique_id(self) -> bytes:
        """The serial number of the flash chip."""
        raise missing(self, Capability.FLASH)

    @unique_id.setter
    def unique_id(self, value: bytes) -> None:
        raise missing(self, Capability.FLASH)

    def fuses(self, others: list[int] | None = None) -> list[int] | None:
        """The words of the chip's fuses, block by block, after others were put in; None where it has none."""
        raise missing(self, Capability.FLASH)

    # Processors and memory

    @property
    def instructions(self) -> list[int]:
        """How many each core executed."""
        raise missing(self, Capability.INSTRUCTIONS)

    @property
    def cpu_clock(self) -> int:
        """The processors' clock, in Hz."""
        raise missing(self, Capability.CORES)

    def set_slice(self, cycles: int) -> None:
        """How far one core may run ahead of the other."""
        raise missing(self, Capability.CORES)

    def read(self, address: int, count: int) -> bytes | None:
        """Memory as a processor sees it, without side effects; None where there is none."""
        raise missing(self, Capability.MEMORY)

    def write(self, address: int, data: bytes) -> bool:
        """Writes memory; False where there is none."""
        raise missing(self, Capability.MEMORY)

    def registers(self, core: int) -> dict[str, int]:
        """A core's registers by name."""
        raise missing(self, Capability.REGISTERS)

    def register(self, core: int, name: str) -> int | None:
        """A register; None where the core has none of this name."""
        raise missing(self, Capability.REGISTERS)

    def set_register(self, core: int, name: str, value: int) -> bool:
        """Sets a register; False where there is none."""
        raise missing(self, Capability.REGISTERS)

    def callers(self, core: int) -> list[tuple[int, int]]:
        """Return address and stack pointer of callers that a windowed processor holds in registers."""
        raise missing(self, Capability.REGISTERS)

    def is_sleeping(self, core: int) -> bool:
        """Does it wait for an interrupt?"""
        raise missing(self, Capability.REGISTERS)

    def is_running(self, core: int) -> bool:
        """Has it been started?"""
        raise missing(self, Capability.REGISTERS)

    def set_breakpoint(self, address: int) -> None:
        """`run` comes back before this instruction."""
        raise missing(self, Capability.BREAKPOINTS)

    def clear_breakpoint(self, address: int) -> bool:
        """Takes a breakpoint away; False where there was none."""
        raise missing(self, Capability.BREAKPOINTS)

    def watch(self, on: bool, address: int, count: int, loads: bool, stores: bool) -> bool:
        """`run` comes back behind an access to these bytes."""
        raise missing(self, Capability.BREAKPOINTS)

    def step(self, core: int, until: int) -> Stop:
        """One instruction of a core."""
        raise missing(self, Capability.BREAKPOINTS)

    # Functions by symbol: see `twins.intercept`

    def intercept(self, address: int, on: bool) -> None:
        """`run` comes back with "intercept" when a core is about to execute this instruction."""
        raise missing(self, Capability.INTERCEPTION)

    def arguments(self, core: int) -> tuple[list[int], int, int]:
        """The words in registers, the address of further ones, and the return address."""
        raise missing(self, Capability.INTERCEPTION)

    def return_at_once(self, core: int, low: int, high: int | None = None) -> None:
        """The function is not executed: it returns this."""
        raise missing(self, Capability.INTERCEPTION)

    def call(self, core: int, function: int, words: list[int], stack: int | None = None) -> int:
        """The core calls a function; the address of the frame that holds its registers."""
        raise missing(self, Capability.INTERCEPTION)

    def end_call(self, core: int) -> tuple[int, int, int]:
        """The function has returned: the frame, and the two words of its value."""
        raise missing(self, Capability.INTERCEPTION)

    @property
    def return_address(self) -> int:
        """Where a called function returns to."""
        raise missing(self, Capability.INTERCEPTION)

    def rom_function(self, name: str) -> int | None:
        """The address of a function of the boot ROM."""
        raise missing(self, Capability.INTERCEPTION)

    def is_interruptible(self, core: int) -> bool:
        """Is it outside of handlers, with interrupts on?"""
        raise missing(self, Capability.INTERCEPTION)

    def core_time(self, core: int) -> int:
        """The moment at which this core stands."""
        raise missing(self, Capability.INTERCEPTION)

    def spend(self, core: int, cycles: int) -> None:
        """The core stands still for so long."""
        raise missing(self, Capability.INTERCEPTION)

    # Pins, and parts on them

    @property
    def pins(self) -> int:
        """The levels of all pins, a bit each."""
        raise missing(self, Capability.PARTS)

    @property
    def driven(self) -> int:
        """The pins that the chip drives."""
        raise missing(self, Capability.PARTS)

    @property
    def contention(self) -> int:
        """The pins that were driven against each other."""
        raise missing(self, Capability.PARTS)

    def drive(self, pin: int, level: bool | None, at: int) -> None:
        """Something outside drives a pin; None lets go."""
        raise missing(self, Capability.PARTS)

    def drive_series(self, pin: int, at: list[int], level: list[bool]) -> None:
        """The same with many edges."""
        raise missing(self, Capability.PARTS)

    def set_microvolts(self, channel: int, microvolts: int) -> None:
        """A voltage on a channel of the ADC."""
        raise missing(self, Capability.PARTS)

    def set_femtofarads(self, pin: int, femtofarads: int) -> None:
        """A capacitance at a touch pin."""
        raise missing(self, Capability.PARTS)

    @property
    def millicelsius(self) -> int:
        """The temperature of the chip."""
        raise missing(self, Capability.PARTS)

    @millicelsius.setter
    def millicelsius(self, value: int) -> None:
        raise missing(self, Capability.PARTS)

    def join(self, first: int, second: int) -> None:
        """A wire between two pins."""
        raise missing(self, Capability.PARTS)

    def attach_spi(
        self,
        sck: int,
        mosi: int,
        miso: int | None,
        cs: int | None,
        dc: int | None,
        answers: list[int] | None,
        falling: bool,
    ) -> int:
        """An SPI target on pins; its number as a port."""
        raise missing(self, Capability.PARTS)

    def attach_i2c(self, sda: int, scl: int, addresses: list[int]) -> int:
        """An I2C target."""
        raise missing(self, Capability.PARTS)

    def attach_parallel(self, data: list[int], wr: int, cs: int | None, dc: int | None, falling: bool) -> int:
        """A target on a parallel bus."""
        raise missing(self, Capability.PARTS)

    def attach_sd(self, clk: int, cmd: int, dat: list[int | None]) -> int:
        """A card on its bus."""
        raise missing(self, Capability.PARTS)

    def attach_i2s(
        self,
        bclk: int,
        ws: int,
        din: int | None,
        dout: int | None,
        slots: int,
        slot_bits: int,
        delay: bool,
    ) -> int:
        """An audio part."""
        raise missing(self, Capability.PARTS)

    def attach_pdm(self, clk: int, din: int | None, dout: int | None, left: bool, right: bool) -> int:
        """An audio part with pulse density modulation."""
        raise missing(self, Capability.PARTS)

    def i2s_clock(self, port: int, rate: int, slots: int, slot_bits: int, delay: bool, at: int) -> None:
        """An audio part that is the master runs its clock."""
        raise missing(self, Capability.PARTS)

    def attach_ethernet(self) -> int:
        """The other end of the Ethernet cable."""
        raise missing(self, Capability.PARTS)

    def send_frame(self, frame: bytes) -> None:
        """A frame for the chip."""
        raise missing(self, Capability.PARTS)

    def plug_ethernet(self, on: bool) -> None:
        """The cable is plugged in or out."""
        raise missing(self, Capability.PARTS)

    def attach_edges(self, pin: int) -> int:
        """Somebody is told of each edge of a pin."""
        raise missing(self, Capability.PARTS)

    def attach_pulses(self, pin: int) -> int:
        """Somebody is told of a pin's edges, many at a time."""
        raise missing(self, Capability.PARTS)

    # Consoles

    def attach_console(self, name: str, tx: int | None, rx: int | None, jtag: bool = False) -> int:
        """A console on the chip's pins `tx` and `rx`, its USB serial port without them; its number."""
        raise missing(self, Capability.CONSOLE)

    @property
    def consoles(self) -> list[str]:
        """The consoles by number."""
        return []

    def take_output(self, console: int) -> bytes:
        """What it showed since the last look."""
        raise missing(self, Capability.CONSOLE)

    def type_in(self, console: int, data: bytes) -> None:
        """Somebody types."""
        raise missing(self, Capability.CONSOLE)

    def watch_text(self, text: bytes, key: int) -> None:
        """`run` comes back with "text" and the key when a console shows this."""
        raise missing(self, Capability.CONSOLE)

    def unwatch_texts(self) -> None:
        """Nobody waits for texts any more."""
        raise missing(self, Capability.CONSOLE)

    # USB

    def usb(self) -> UsbState:
        """What the host knows of the device."""
        raise missing(self, Capability.USB)

    def usb_reports(self, endpoint: int) -> list[tuple[int, bytes]]:
        """Reports that came."""
        raise missing(self, Capability.USB)

    def usb_send(self, endpoint: int, data: bytes) -> bool:
        """Sends a report."""
        raise missing(self, Capability.USB)

    def usb_ask(self, setup: bytes, data: bytes) -> bool:
        """Makes a request on the default pipe."""
        raise missing(self, Capability.USB)

    def usb_answers(self) -> list[bytes | None]:
        """How those requests went."""
        raise missing(self, Capability.USB)

    def usb_take(self, endpoint: int) -> list[bytes]:
        """Takes what an endpoint sent."""
        raise missing(self, Capability.USB)

    def hold_bootsel(self, held: bool) -> bool:
        """Holds the BOOTSEL button down. False: the chip has none."""
        raise missing(self, Capability.USB)

    def usb_plug(self, on: bool) -> None:
        """The cable is plugged in or out."""
        raise missing(self, Capability.USB)

    def usb_lines(self, dtr: bool, rts: bool) -> bool:
        """A program at the port of the chip's own USB serial controller sets DTR and RTS."""
        raise missing(self, Capability.USB)

    def usb_sleep(self, on: bool) -> None:
        """The host goes to sleep or wakes up."""
        raise missing(self, Capability.USB)

    # What it tells of the run

    def unimplemented(self) -> dict[str, tuple[int, str]]:
        """What the firmware touched that is not modelled: how often, and why."""
        raise missing(self, Capability.LEDGER)

    def trace_sha256(self) -> str:
        """The hash of all that was seen from outside."""
        raise missing(self, Capability.TRACE)

    def keep_log(self, on: bool) -> None:
        """Logs each change of a pin."""
        raise missing(self, Capability.TRACE)

    def take_log(self) -> tuple[bytes, bytes]:
        """The changes since the last look: times, and levels of all pins."""
        raise missing(self, Capability.TRACE)

    def snapshot(self) -> Snapshot:
        """The chip at rest."""
        raise missing(self, Capability.SNAPSHOT)


class Adapter(EngineApi):
    """An engine that is not ours, behind our vocabulary."""

    name: ClassVar[str]
    capabilities: ClassVar[frozenset[Capability]]

    @abstractmethod
    def close(self) -> None:
        """Ends it, and every process that it started. May be called twice."""


class _NoInbox:
    """The inbox of an engine that has no parts."""

    def __init__(self, engine: EngineApi) -> None:
        self._engine = engine

    def drive(self, pin: int, level: bool | None, at: int) -> None:
        """Refused."""
        raise missing(self._engine, Capability.PARTS)

    def wake(self, at: int) -> None:
        """Refused."""
        raise missing(self._engine, Capability.PARTS)

    def i2s_clock(self, port: int, rate: int, slots: int, slot_bits: int, delay: bool, at: int) -> None:
        """Refused."""
        raise missing(self._engine, Capability.PARTS)
