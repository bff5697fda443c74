"""The twin of a board: a chip that runs the real image, with the board's parts on its pins."""

from __future__ import annotations

import copy
import heapq
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar

from twins import _engine, heap
from twins.board import Board
from twins.door import Door
from twins.engines import Adapter, Capability, EngineApi, EngineSpec, capabilities_of, missing, name_of, open_engine
from twins.errors import BoardError, FirmwareCrashed, Timeout, UsageError
from twins.files import contents_of
from twins.image import TARGETS, Image
from twins.intercept import Functions, Intercepting, State
from twins.live import Live
from twins.pins import Pins
from twins.ports import Part
from twins.seen import Seen
from twins.units import Duration, Time, ps
from twins.wiring import Wired

if TYPE_CHECKING:
    from twins.console import Console
    from twins.outside import Listener
    from twins.usb_drive import UsbDrive
    from twins.world import World

log = logging.getLogger("twins")

RESERVED = frozenset(
    {"board", "seed", "image", "parts", "resets", "door", "live", "pin_log", "engine", "functions", "guards", "world"}
)
"""What a twin has as attributes of its own beside its class's."""

FORMER = {"save_flash": "flash.save(path)", "speakers": "spoken_consoles"}
"""What had another name."""

POLL = Duration(1_000_000_000)
"""How often `Twin.run_until` looks at its condition."""

GUARDED = Duration(50_000_000_000)
"""How far a twin runs at a time while somebody guards it or listens to its pins."""


@dataclass(frozen=True)
class Snapshot:
    """A twin at rest. Give it to `Twin.restore` or `Twin.from_snapshot`; `twins.saved` writes it to a file.

    >>> with Twin("pico", image="firmware/images/idle.uf2") as pico:
    ...     pico.run("5ms"); kept = pico.snapshot(); pico.run("5ms"); Twin.from_snapshot(kept).time, kept.board.name
    (Duration('5ms'), 'pico')
    """

    board: Board
    image: Image | None
    seed: int
    engine: _engine.Snapshot
    parts: Mapping[str, Mapping[str, Any]]
    ports: Mapping[int, tuple[str, str]]
    calls: Sequence[tuple[int, int, str, str, tuple[Any, ...]]]
    outputs: Mapping[str, bytes]
    speakers: Sequence[str]
    resets: Sequence[tuple[int, str]]
    functions: State


class Twin(Wired, Intercepting, Seen):
    """A board with an image, at its power-on.

    Args:
        board: a board's name, a path to a board file, or a `Board`.
        image: the firmware: UF2, ELF, BIN or HEX; for an ESP32-S3 also a build folder, see `twins.espimage`.
            Without one the flash is blank.
        elf: an ELF file with the symbols of the image, where the image itself has none.
        seed: for all that is random in parts and chip. The same seed, image and inputs give the same trace.
        rom: a real boot ROM to run instead of the one at function level: an image or an ELF, or the folder that
            ESP-IDF's `ESP_ROM_ELF_DIR` names.
        flash: contents of the whole flash chip, as written by `Flash.save`, to go on from.
        unique_id: the serial number of the flash chip, instead of the board file's.
        mac: the MAC address in the chip's fuses, instead of the board file's.
        fuses: a file of all the chip's fuses, as written by `Fuses.save`, instead of those that a module has from the
            factory, and of the MAC address above.
        engine: what runs the image: ``"native"``, or another that `twins doctor` lists, see `twins.engines`.

    A part is an attribute under its name in the board file.

    >>> with Twin("media_controller", image="firmware/images/media_controller.uf2") as pico:
    ...     pico.run("500ms"); _ = pico.console.expect("ready", timeout="1s")
    ...     _ = pico.knob.turn(+3); pico.run("100ms")
    ...     pico.lcd.frame.shape
    (240, 320, 3)
    """

    world: World | None = None
    """The world it is in, if any."""

    guards: ClassVar[list[Callable[[Twin], None]]] = []
    """Called between slices with every twin that runs, for test frameworks: an error ends its run."""

    def __init__(
        self,
        board: str | Path | Board,
        image: str | Path | Image | None = None,
        *,
        elf: str | Path | None = None,
        seed: int = 0,
        rom: str | Path | None = None,
        flash: str | Path | None = None,
        unique_id: bytes | str | None = None,
        mac: bytes | str | None = None,
        fuses: str | Path | None = None,
        engine: str | EngineSpec = "native",
    ) -> None:
        self.board = Board.load(board) if mac is None else Board.load(board).with_mac(mac)
        self._check_names()
        self.seed = seed
        self.image = (
            image
            if isinstance(image, Image) or image is None
            else Image.load(image, self.board.chip.name, elf=elf, flash_size=self.board.flash_size)
        )
        self.door, self.live = Door(self), Live(self)
        self._start(open_engine(engine, self.board, self.image, seed=seed, rom=None if rom is None else Path(rom)))
        try:
            if fuses is not None:
                self.fuses.load(fuses)
            self._power_on(unique_id if unique_id is not None else self.board.unique_id, flash)
        except BaseException:
            self.close()
            raise

    def _power_on(self, serial: bytes | str | None, flash: str | Path | None) -> None:
        """All that the board has beside its chip is put there."""
        for console in self.board.consoles:
            self._engine.attach_console(console.name, console.tx, console.rx, console.jtag)
        if serial is not None:
            self.flash.set_unique_id(serial)
        if flash is not None:
            self._use_flash(Path(flash))
        if self.image is not None:
            self._load(self.image)
        if Capability.PARTS not in self.capabilities:
            if self.board.parts:
                log.warning("%s; without: %s", missing(self._engine, Capability.PARTS), ", ".join(self.board.parts))
            return
        self.parts.update(self.board.create_parts())
        for name, part in self.parts.items():
            part.mount(self, name, self.seed)

    def _start(self, engine: EngineApi) -> None:
        # These bring numpy, which `import twins` does not wait for.
        from twins.outside import PartsOutside
        from twins.trace import PinLog

        self._engine: EngineApi = engine
        self.engine: EngineApi = engine
        self.pin_log: PinLog = PinLog(engine, self.__dict__.get("pin_log"))
        self.functions = Functions(self)
        self._inbox = engine.inbox
        self.parts: dict[str, Part] = {}
        self._outside = PartsOutside(self, self.__dict__.get("_outside"))
        self._inside_at: int | None = None
        self._calls: list[tuple[int, int, str, str, tuple[Any, ...]]] = []
        self._call_number = 0
        self._outputs: dict[str, bytearray] = {console.name: bytearray() for console in self.board.consoles}
        self._speakers: list[str] = []
        self._held_by: set[str] = set()
        self._consoles: dict[str | None, Console] = {}
        self.resets: list[tuple[int, str]] = []
        engine.set_outside(self._outside)
        heap.ENGINES.made(self.board.flash_size + self.board.psram_size)

    def _check_names(self) -> None:
        """A part is an attribute under its name: the name must be free."""
        for name in self.board.parts:
            if hasattr(type(self), name) or name in RESERVED or name.startswith("_"):
                raise BoardError(
                    f"board {self.board.name}: a part cannot be named {name!r}, because twin.{name} is something else: "
                    f"give [parts.{name}] another name"
                )

    def _use_flash(self, path: Path) -> None:
        data = contents_of(path, "flash")
        if len(data) != self.board.flash_size:
            raise UsageError(
                f"flash {path}: {len(data)} bytes: the flash of board {self.board.name} has {self.board.flash_size}"
            )
        self._engine.write_flash(0, data)

    def _load(self, image: Image) -> None:
        flash = TARGETS[image.chip].flash
        for segment in image.segments:
            if segment.address in flash:
                self._engine.write_flash(segment.address - flash.start, segment.data)
            else:
                self._engine.write(segment.address, segment.data)
        if image.entry is not None and image.entry not in flash:
            self._engine.start_at(image.entry)

    def __enter__(self) -> Twin:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends servers and record, and an engine that is a process. Nothing else is left running."""
        self.live.close()
        self.door.stop_recording()
        if isinstance(self._engine, Adapter):
            self._engine.close()

    @property
    def engine_name(self) -> str:
        """The name of the engine that runs it."""
        return name_of(self._engine)

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What this engine can do."""
        return capabilities_of(self._engine)

    def __getattr__(self, name: str) -> Any:
        parts = self.__dict__.get("parts", {})
        if name in parts:
            return parts[name]
        if "_engine" in self.__dict__ and name in self.board.parts and Capability.PARTS not in self.capabilities:
            raise missing(self._engine, Capability.PARTS)
        if name in FORMER:
            raise AttributeError(f"twin.{name} is called twin.{FORMER[name]} now")
        known = ", ".join(parts) or "none"
        raise AttributeError(
            f"{type(self).__name__} has no attribute {name!r}, and the board no such part; it has {known}"
        )

    # Time

    @property
    def now(self) -> int:
        """The present moment in ps since power-on."""
        return self._engine.now if self._inside_at is None else self._inside_at

    @property
    def temperature(self) -> float:
        """The die temperature in degrees Celsius."""
        return self._engine.millicelsius / 1000

    @temperature.setter
    def temperature(self, celsius: float) -> None:
        self._engine.millicelsius = round(celsius * 1000)

    @property
    def time(self) -> Duration:
        """The present moment as a `Duration` since power-on."""
        return Duration(self.now)

    def run(self, duration: Time) -> None:
        """Runs for a time.

        Raises `FirmwareCrashed` once when a processor locks up; a later run goes on with the rest of the chip.
        """
        self.advance(self.now + ps(duration))

    def run_until(self, condition: Callable[[], Any], timeout: Time = "10s", every: Time = POLL) -> Duration:
        """Runs until the condition holds, looking at it every so often; returns the time that passed.

        Raises `Timeout`, or `FirmwareCrashed`.
        """
        start = self.now
        deadline, step = start + ps(timeout), max(1, ps(every))
        while not condition():
            if self.now >= deadline:
                name = getattr(condition, "__name__", repr(condition))
                raise Timeout(f"{name} did not hold within {Duration(ps(timeout))} of virtual time (now {self.time})")
            self.advance(min(self.now + step, deadline))
        return Duration(self.now - start)

    def advance(self, until: int, *, stop_at_text: bool = False) -> tuple[str, int, int, str]:
        """Runs to `until`, in a world with all in it. Comes back early for a text or a breakpoint."""
        if self.world is not None:
            return self.world.advance_with(self, until, stop_at_text)
        return self.advance_alone(until, stop_at_text=stop_at_text)

    def advance_alone(self, until: int, *, stop_at_text: bool = False, on: bool = False) -> tuple[str, int, int, str]:
        """Runs to `until`, doing what parts asked for on the way.

        `on` says that the run goes on then: what parts get in batches may stay in the engine until `hand_out`.
        """
        if self._inside_at is not None:
            raise UsageError("a part's handler cannot run the twin: use self.after(...) to do something later")
        while True:
            self._look_outside()
            self.functions.start_waiting()
            goal = self._goal(until)
            on_there = on and goal == until and not (self._calls and self._calls[0][0] <= until)
            goal = max(goal, self._engine.now)
            debugger = self.live.debugger
            stop = self._engine.run(goal, on_there) if debugger is None else debugger.go(goal)
            self._collect()
            kind = stop[0]
            if kind == "reset":
                self.resets.append((self._engine.now, stop[3]))
                log.info("%s: reset (%s)", Duration(self._engine.now), stop[3])
            elif kind == "intercept":
                self.functions.entered(stop[2], stop[1])
            if debugger is not None and debugger.stopped(stop):
                pass
            elif kind in ("lockup", "usb boot"):
                from twins.crash import crash_report

                raise FirmwareCrashed(crash_report(self, stop[2], stop[3]))
            elif kind == "breakpoint" or (kind == "text" and stop_at_text):
                return stop
            self._run_calls()
            if self._engine.now >= until:
                self._look_outside()
                return ("time", -1, -1, "")

    def _goal(self, until: int) -> int:
        """How far the engine may run: to the next moment at which something comes from outside it."""
        if self._calls:
            until = min(until, self._calls[0][0])
        if self.door.due is not None:
            until = min(until, self.door.due)
        until = min(until, self.functions.due)
        if self.live.is_on:
            until = min(until, self._engine.now + self.live.slice)
        if self.guards or self.pin_log.is_on:
            until = min(until, self._engine.now + GUARDED)
        return until

    def _look_outside(self) -> None:
        """Between slices: guards, servers, and what waits at the door."""
        for guard in self.guards:
            guard(self)
        if self.live.is_on:
            self.live.pump()
        self.door.let_in()

    def reset(self) -> None:
        """Somebody pulls the chip's reset pin low and lets go: it starts again. Flash, parts and consoles stay.

        >>> with Twin("pico", image="firmware/images/idle.uf2") as pico:
        ...     pico.run("10ms"); pico.reset(); pico.resets[-1][1]
        'RunPin'
        """
        self.door.reset()
        self.advance(self.now)

    def reset_chip(self) -> None:
        """What `reset` does when it comes in by the door."""
        self._engine.reset()

    def bootsel(self) -> UsbDrive:
        """Somebody holds BOOTSEL down through a reset: the chip waits for an image over USB. Returns its drive.

        See `twins.usb_drive` for what can be done with that. Raises `UsageError` where the chip has no such button.
        """
        self._bootsel(True)
        try:
            self.reset()
            self.run_until(lambda: self.usb.configured and (self.usb.product_id == 3), every="1ms")
        finally:
            self._bootsel(False)
        return self.usb.drive

    def _bootsel(self, held: bool) -> None:
        self.door.bootsel(held)
        self.door.let_in()

    def hold_bootsel(self, held: bool) -> None:
        """What the button does when it comes in by the door."""
        if not self._engine.hold_bootsel(held):
            raise UsageError(f"the {self.board.chip.name} has no BOOTSEL button")

    def set_lines(self, console: str, dtr: bool, rts: bool) -> None:
        """What the control lines of a USB port do when they come in by the door.

        On the port of the ESP32-S3's USB Serial/JTAG controller the chip itself acts on them, on a port that firmware
        offers the firmware. On a board with a USB bridge and a reset circuit:

        RTS alone holds the chip in reset, DTR alone pulls the strapping pin low. The capacitor at the reset pin lets it
        rise behind a change of both, so what counts is how DTR stands when RTS lets go. Held in reset, the chip runs on
        here until then.
        """
        spec = next((spec for spec in self.board.consoles if spec.name == console), None)
        if spec is not None and spec.tx is None and Capability.USB in self.capabilities:
            if spec.jtag:
                self._engine.usb_lines(dtr, rts)
            else:
                self.usb.carry_out("lines", (dtr, rts))
        if spec is None or spec.boot is None:
            return
        boot = spec.boot
        held = console in self._held_by
        if rts and not dtr:
            self._held_by.add(console)
        self._engine.drive(boot, False if dtr and not rts else None, self._engine.now)
        if held and not rts:
            self._held_by.remove(console)
            self.reset_chip()

    def set_slice(self, cycles: int) -> None:
        """How far one core may run ahead of the other between accesses that both can see; 64 without this."""
        self._engine.set_slice(cycles)

    def watch_text(self, text: str, key: int) -> None:
        """`advance` comes back with ``("text", key, console number, "")`` when a console shows the text."""
        self._engine.watch_text(text.encode(), key)

    def unwatch_texts(self) -> None:
        """Nobody waits for texts any more."""
        self._engine.unwatch_texts()

    def _run_calls(self) -> None:
        now = self._engine.now
        while self._calls and self._calls[0][0] <= now:
            at, _, name, method, args = heapq.heappop(self._calls)
            with self.inside(max(at, 0)):
                getattr(self.parts[name], method)(*args)

    @contextmanager
    def inside(self, at: int) -> Iterator[None]:
        """Somebody's handler acts at a moment of the run: it cannot run the twin."""
        self._inside_at = at
        try:
            yield
        finally:
            self._inside_at = None

    def _collect(self) -> None:
        self.pin_log.drain()
        for number, name in enumerate(self._engine.consoles):
            output = self._engine.take_output(number)
            if name not in self._outputs:
                log.warning("%s: the device has a further serial port: console %s", Duration(self._engine.now), name)
                self._outputs[name] = bytearray()
            if output:
                self._outputs[name] += output
                if name in self._speakers:
                    self._speakers.remove(name)
                self._speakers.append(name)
        for message in self._engine.take_messages():
            log.warning("%s: %s", Duration(self._engine.now), message)

    # What parts ask of their host (twins.ports.Host), beside their wires

    def call_at(self, at: int, part: Part, method: str, args: tuple[Any, ...]) -> None:
        """Calls a method of a part at a moment."""
        self._call_number += 1
        heapq.heappush(self._calls, (at, self._call_number, part.label, method, args))
        if self._outside.busy:
            self._inbox.wake(at)

    # What a test looks at

    @property
    def consoles(self) -> Mapping[str, Console]:
        """A console for each of the board's, by name."""
        from twins.console import Console, Consoles

        for name in self._outputs:
            self._consoles.setdefault(name, Console(self, name))
        return Consoles(self.board.name, {name: self._consoles[name] for name in self._outputs})

    @property
    def console(self) -> Console:
        """All consoles of the board together; what is typed goes to the one that spoke last."""
        from twins.console import Console

        return self._consoles.setdefault(None, Console(self))

    def type(self, console: str, data: bytes) -> None:
        """Types on a console."""
        self.door.type(console, data)
        self.door.let_in()

    def type_in(self, console: str, data: bytes) -> None:
        """What `type` does when it comes in by the door."""
        self._engine.type_in(list(self._outputs).index(console), data)

    @property
    def bus_listeners(self) -> list[Listener]:
        """Who is told of each transfer on a bus that a part handled: see `twins.outside.Listener`."""
        return self._outside.listeners

    @property
    def pins(self) -> Pins:
        """The pins of the chip by name: ``twin.pins["GPIO25"].level``."""
        return Pins(self, self._engine, self.board.chip)

    # Snapshots

    def snapshot(self) -> Snapshot:
        """A picture of the twin, with its parts; the twin goes on as if nothing had happened."""
        engine = self._engine.snapshot()
        self._collect()
        return Snapshot(
            board=self.board,
            image=self.image,
            seed=self.seed,
            engine=engine,
            parts={name: part.state() for name, part in self.parts.items()},
            ports=dict(self._outside.ports),
            calls=copy.deepcopy(self._calls),
            outputs={name: bytes(data) for name, data in self._outputs.items()},
            speakers=tuple(self._speakers),
            resets=list(self.resets),
            functions=self.functions.state(),
        )

    def restore(self, snapshot: Snapshot) -> None:
        """Goes back to a picture of this twin."""
        if isinstance(self._engine, Adapter):
            raise missing(self._engine, Capability.SNAPSHOT)
        if snapshot.board != self.board:
            raise UsageError(f"the snapshot is of board {snapshot.board.name!r}, this twin is {self.board.name!r}")
        if self.door.is_recording:
            raise UsageError(
                "a twin that records what comes in cannot go back in time: twin.door.stop_recording() first"
            )
        self._go_back(snapshot)

    def _go_back(self, snapshot: Snapshot) -> None:
        parts = self.parts
        consoles = self._consoles
        self._start(_engine.Engine.restore(snapshot.engine))
        self.image = snapshot.image
        self._call_number = max((call[1] for call in snapshot.calls), default=0)
        self._calls = copy.deepcopy(list(snapshot.calls))
        self._outside.ports.update(snapshot.ports)
        self._outputs = {name: bytearray(data) for name, data in snapshot.outputs.items()}
        self._speakers = list(snapshot.speakers)
        self.resets = list(snapshot.resets)
        for name, part in (parts or self.board.create_parts()).items():
            part.remount(self)
            part.restore(snapshot.parts[name])
            self.parts[name] = part
        self.functions.restore(snapshot.functions)
        for console in consoles.values():
            console.rewind()
        self._consoles = consoles

    @classmethod
    def from_snapshot(cls, snapshot: Snapshot) -> Twin:
        """A new twin that goes on from a picture, in no world: of a world's twin it has not the radio."""
        twin = cls.copy_of(snapshot)
        if twin.functions.lost:
            log.warning("%s: nobody stands in for %s any more: fork the world", twin, ", ".join(twin.functions.lost))
        return twin

    @classmethod
    def copy_of(cls, snapshot: Snapshot) -> Twin:
        """As `from_snapshot`, for a world that adds what its own copy had."""
        twin = cls.__new__(cls)
        twin.board = snapshot.board
        twin.seed = snapshot.seed
        twin.image = snapshot.image
        twin.parts = {}
        twin._consoles = {}
        twin.door, twin.live = Door(twin), Live(twin)
        twin._go_back(snapshot)
        return twin

    def fork(self) -> Twin:
        """An independent twin that goes on from here; this one is not touched."""
        twin = Twin.from_snapshot(self.snapshot())
        for name, console in self._consoles.items():
            twin._consoles[name] = console.copy_to(twin)
        return twin

    def __iter__(self) -> Iterator[str]:
        return iter(self.parts)

    def __repr__(self) -> str:
        return f"<Twin {self.board.name} at {self.time}>"
