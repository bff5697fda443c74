"""Ports: the only border between a chip and the parts around it.

A part declares its ports as class attributes and decorates the methods that handle what comes in. A board file
puts the pins of the ports on pins of the chip, or wires them to a pin of another part (`Port.join`; supplies are in
`twins.power`). Data comes in batches with time stamps; a handler is called at
once only where the chip waits for an answer. All times are picoseconds of virtual time.

>>> import numpy as np
>>> class Counter(Part):
...     '''Counts the rising edges on its input and lights its output from the third on.'''
...     clock = PulseSink()
...     lamp = DigitalOut(initial=False)
...     def __init__(self) -> None:
...         super().__init__()
...         self.count = 0
...     @clock.received
...     def _pulses(self, at: np.ndarray, level: np.ndarray) -> None:
...         self.count += int(level.sum())
...         if self.count >= 3:
...             self.lamp.set(True)
>>> from twins.bench import Bench
>>> bench = Bench(); counter = bench.add(Counter())
>>> bench.pulses(counter.clock, [(0, 1), (10, 0), (20, 1), (30, 0), (40, 1)])
>>> counter.count, bench.level(counter.lamp)
(3, True)
"""

from __future__ import annotations

import copy
import importlib
import random
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, overload

from twins.errors import BoardError, UsageError
from twins.host import Host as Host
from twins.units import Time, ps

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from twins.audio import I2sBatch as I2sBatch
    from twins.audio import I2sLink as I2sLink
    from twins.audio import PdmLink as PdmLink
    from twins.controls import Control

    Times = npt.NDArray[np.uint64]
    Bytes = npt.NDArray[np.uint8]
    Levels = npt.NDArray[np.bool_]


def __getattr__(name: str) -> Any:
    """``Times``, ``Bytes`` and ``Levels`` for those who import them, numpy is loaded only then; and audio's ports."""
    if name in ("I2sBatch", "I2sLink", "PdmLink"):
        return getattr(importlib.import_module("twins.audio"), name)
    if name not in ("Times", "Bytes", "Levels"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import numpy as np
    import numpy.typing as npt

    return {"Times": npt.NDArray[np.uint64], "Bytes": npt.NDArray[np.uint8], "Levels": npt.NDArray[np.bool_]}[name]


Handler = TypeVar("Handler", bound=Callable[..., Any])
Q = TypeVar("Q", bound="Port")

EVERY_BYTE = "every byte"
"""For `SpiTarget.answers`: the part is asked for every byte (full-duplex parts such as memory cards)."""


@dataclass(frozen=True)
class SpiBatch:
    """Bytes that an SPI target received while selected, in order.

    Attributes:
        data: the bytes, shape (n,), uint8.
        dc: the level of D/CX at the last bit of each byte, shape (n,), uint8; all 1 without such a pin.
        at: the time of each byte's last sampling edge in ps, shape (n,), uint64.
        span: ps from a byte's first to its last sampling edge (seven bit times), shape (n,), uint32.
    """

    data: Bytes
    dc: Bytes
    at: Times
    span: npt.NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.data)


@dataclass(frozen=True)
class SpiAnswer:
    """What an SPI target shifts out from the next clock on: `dummy` clocks of nothing, then `data`."""

    data: bytes
    dummy: int = 0


class Port:
    """Base of all ports. On the class it is the declaration, on an instance the connection."""

    PINS: ClassVar[tuple[str, ...]] = ()
    ON_CHIP: ClassVar[bool] = True
    """Can its pins be on pins of the chip?"""

    def __init__(self, *, optional: bool = False) -> None:
        self.name = ""
        self.optional = optional
        self.handlers: dict[str, str] = {}
        self.pins: dict[str, int] = {}
        self.wires: list[Port] = []
        self._part: Part | None = None

    def __set_name__(self, owner: type[Part], name: str) -> None:
        self.name = name

    @overload
    def __get__(self: Q, part: None, owner: type[Part]) -> Q: ...
    @overload
    def __get__(self: Q, part: Part, owner: type[Part]) -> Q: ...
    def __get__(self: Q, part: Part | None, owner: type[Part]) -> Q:
        if part is None:
            return self
        port = part._ports.get(self.name)
        if port is None:
            port = part._ports[self.name] = copy.copy(self)
            port.pins = {}
            port.wires = []
            port._part = part
        return port  # type: ignore[return-value]

    def pin_names(self) -> Mapping[str, bool]:
        """The names a board file uses for the pins of this port, and whether each must be connected."""
        return {self.name: not self.optional}

    def connect(self, pins: Mapping[str, int]) -> None:
        """Puts the pins of this port on pins of the chip."""
        self.pins = dict(pins)

    @property
    def connected(self) -> bool:
        """Is any pin of it on the chip, or wired to another part?"""
        return bool(self.pins or self.wires)

    def join(self, other: Port) -> None:
        """Runs a wire to a port of another part. Raises `BoardError` where the two do not fit."""
        if not (self.fits(other) and other.fits(self)):
            raise BoardError(
                f"{self.part.label}.{self.name} cannot be wired to {other.part.label}.{other.name}: an output goes "
                "to inputs, a supply to what it feeds"
            )
        self.wires.append(other)
        other.wires.append(self)

    def fits(self, other: Port) -> bool:
        """Can it be wired to that port?"""
        return False

    @property
    def part(self) -> Part:
        """The part it belongs to."""
        if self._part is None:
            raise UsageError(f"port {self.name!r} is a declaration: use it through a part")
        return self._part

    def attach(self, host: Host) -> None:
        """Connects to the chip that carries the part."""
        raise NotImplementedError

    def handle(self, event: str, *args: Any) -> Any:
        """Calls the part's handler for an event, if there is one."""
        method = self.handlers.get(event)
        return None if method is None else getattr(self.part, method)(*args)

    def _handler(self, event: str, method: Handler) -> Handler:
        self.handlers[event] = method.__name__
        return method


class _OnePin(Port):
    """A port with one pin, which carries the port's name."""

    @property
    def pin(self) -> int:
        """The chip's pin."""
        if self.name not in self.pins:
            raise UsageError(f"{self.part.label}.{self.name} is not connected: name its pin in the board file")
        return self.pins[self.name]


class DigitalIn(_OnePin):
    """An input whose changes the part must notice at once (reset, enable). For data use `PulseSink`.

    Args:
        floating: the level that the part or its module pulls it to where nothing is connected.

    >>> from twins.bench import Bench
    >>> class Fan(Part):
    ...     '''Runs while its enable pin is high.'''
    ...     enable = DigitalIn(floating=False)
    ...     runs = False
    ...     @enable.changed
    ...     def _enable_changed(self, at, level):
    ...         self.runs = level
    >>> bench = Bench(); fan = bench.add(Fan()); bench.set(fan.enable, True); fan.runs
    True
    """

    def __init__(self, *, optional: bool = False, floating: bool = True) -> None:
        super().__init__(optional=optional)
        self.floating = floating

    def changed(self, method: Handler) -> Handler:
        """Decorates ``method(at, level)``, called at each edge."""
        return self._handler("changed", method)

    @property
    def level(self) -> bool:
        """The level now; `floating` where the pin is not connected, or wired to an output that drives nothing."""
        if self.pins:
            return self.part.host.level(self.pin)
        driven = [wire.driven for wire in self.wires if isinstance(wire, DigitalOut)]
        return next((level for level in driven if level is not None), self.floating)

    def fits(self, other: Port) -> bool:
        return isinstance(other, DigitalOut) and not self.wires

    def hear(self, level: bool | None) -> None:
        """The output of another part that it is wired to has changed."""
        self.handle("changed", self.part.now, self.floating if level is None else level)

    def attach(self, host: Host) -> None:
        if self.pins:
            host.attach_edges(self, self.part)


class PulseSink(_OnePin):
    """An input whose edges are gathered: LED data, servo pulses, sounders."""

    def received(self, method: Handler) -> Handler:
        """Decorates ``method(at, level)`` with arrays of times (uint64, ps) and levels (bool)."""
        return self._handler("received", method)

    def fits(self, other: Port) -> bool:
        return isinstance(other, DigitalOut) and not self.wires

    def hear(self, level: bool | None) -> None:
        """The output of another part that it is wired to has changed; one that is let go of keeps its level."""
        import numpy as np

        if level is not None:
            self.handle("received", np.array([self.part.now], np.uint64), np.array([level], np.bool_))

    def attach(self, host: Host) -> None:
        if self.pins:
            host.attach_pulses(self, self.part)


class DigitalOut(_OnePin):
    """An output of the part: push-pull, or open drain when it only ever pulls low and lets go.

    Args:
        initial: what it drives when the part is added: True, False, or None for nothing.
    """

    def __init__(self, initial: bool | None = None, *, optional: bool = False) -> None:
        super().__init__(optional=optional)
        self.initial = initial

    @property
    def driven(self) -> bool | None:
        """What it drives onto the wires to other parts."""
        return self.part._driven.get(self.name, self.initial)

    def fits(self, other: Port) -> bool:
        return isinstance(other, (DigitalIn, PulseSink))

    def attach(self, host: Host) -> None:
        if self.initial is not None:
            self.set(self.initial)

    def set(self, level: bool | None, after: Time = 0) -> None:
        """Drives the level, now or after a time; None lets go."""
        host = self.part.host
        if self.pins:
            host.drive(self.pin, level, host.now + ps(after))
        if self.wires:
            self._tell_at(host.now + ps(after), level)

    def play(self, at: Sequence[int] | Times, level: Sequence[bool] | Levels) -> None:
        """Drives a series of levels at absolute times in ps, none of them in the past."""
        if self.pins:
            self.part.host.drive_series(self.pin, at, level)
        if self.wires:
            for moment, value in zip(at, level, strict=True):
                self._tell_at(int(moment), bool(value))

    def _tell_at(self, at: int, level: bool | None) -> None:
        host = self.part.host
        if at > host.now:
            host.call_at(at, self.part, "_tell_wires", (self.name, level))
        else:
            self.part._tell_wires(self.name, level)


class AnalogOut(_OnePin):
    """A voltage of the part on an analog input of the chip.

    >>> from twins.bench import Bench
    >>> class Divider(Part):
    ...     '''Half of 3.3 V.'''
    ...     tap = AnalogOut()
    ...     def power_on(self):
    ...         self.tap.set(1.65)
    >>> bench = Bench(); divider = bench.add(Divider()); bench.voltages[divider.tap.pin]
    1.65
    """

    def attach(self, host: Host) -> None:
        pass

    def set(self, volts: float) -> None:
        """Puts a voltage on the pin from now on."""
        if self.connected:
            self.part.host.volts(self.pin, volts)


class TouchElectrode(_OnePin):
    """A sheet of metal of the part on a pad of the chip's touch sensor.

    >>> from twins.bench import Bench
    >>> class Foil(Part):
    ...     '''Is never touched.'''
    ...     metal = TouchElectrode()
    ...     def power_on(self):
    ...         self.metal.set(8.0)
    >>> bench = Bench(); foil = bench.add(Foil()); bench.capacitances[foil.metal.pin]
    8.0
    """

    def attach(self, host: Host) -> None:
        pass

    def set(self, picofarads: float) -> None:
        """Its capacitance to ground from now on."""
        if self.connected:
            self.part.host.picofarads(self.pin, picofarads)


class SpiTarget(Port):
    """An SPI target: SCK, MOSI, and as wired MISO, chip select (active low) and D/CX.

    Args:
        dc: the part has a D/CX pin.
        answers: bytes after which the part is asked what it shifts out: with D/CX the read commands, or
            `EVERY_BYTE`. Other bytes arrive in batches.
        falling: it samples on the falling edge (modes 1 and 2).

    >>> from twins.bench import Bench
    >>> class Register(Part):
    ...     '''Keeps the last byte, and shifts it out behind a 0x0F with D/CX low.'''
    ...     spi = SpiTarget(dc=True, answers=[0x0F])
    ...     kept = 0
    ...     @spi.received
    ...     def _received(self, batch):
    ...         self.kept = int(batch.data[-1])
    ...     @spi.answer
    ...     def _answer(self, at, byte, dc):
    ...         return SpiAnswer(bytes([self.kept]))
    >>> bench = Bench(); register = bench.add(Register())
    >>> _ = bench.send(register.spi, [1, 2, 3]); bench.send(register.spi, [0x0F], dc=0)
    b'\\x03'
    """

    def __init__(
        self, *, dc: bool = False, answers: Sequence[int] | str = (), falling: bool = False, optional: bool = False
    ) -> None:
        super().__init__(optional=optional)
        self.has_dc = dc
        self.answers = answers
        self.falling = falling

    def pin_names(self) -> Mapping[str, bool]:
        names = {"sck": True, "mosi": True, "miso": False, "cs": False}
        return names | {"dc": True} if self.has_dc else names

    def received(self, method: Handler) -> Handler:
        """Decorates ``method(batch: SpiBatch)``."""
        return self._handler("received", method)

    def selected(self, method: Handler) -> Handler:
        """Decorates ``method(at, selected)``, called at each edge of the chip select."""
        return self._handler("selected", method)

    def answer(self, method: Handler) -> Handler:
        """Decorates ``method(at, byte, dc) -> SpiAnswer | None``, called after each byte listed in `answers`."""
        return self._handler("answer", method)

    def attach(self, host: Host) -> None:
        host.attach_spi(self, self.part)


class I2cTarget(Port):
    """An I2C target on SDA and SCL, with one or more 7-bit addresses (an attribute ``addresses`` of the part).

    >>> from twins.bench import Bench
    >>> class Expander(Part):
    ...     '''A byte that is written and read.'''
    ...     bus = I2cTarget()
    ...     addresses = (0x20,)
    ...     outputs = 0xFF
    ...     @bus.write
    ...     def _write(self, at, byte):
    ...         self.outputs = byte
    ...         return True
    ...     @bus.read
    ...     def _read(self, at):
    ...         return self.outputs
    >>> bench = Bench(); expander = bench.add(Expander())
    >>> bench.i2c_write(expander.bus, 0x20, [0x5A]), bench.i2c_read(expander.bus, 0x20, 1), expander.outputs
    ([True, True], b'Z', 90)
    """

    def pin_names(self) -> Mapping[str, bool]:
        return {"sda": True, "scl": True}

    def start(self, method: Handler) -> Handler:
        """Decorates ``method(at, address, read) -> bool``: acknowledge? Without it every address is."""
        return self._handler("start", method)

    def write(self, method: Handler) -> Handler:
        """Decorates ``method(at, byte) -> bool``: acknowledge?"""
        return self._handler("write", method)

    def read(self, method: Handler) -> Handler:
        """Decorates ``method(at) -> int``: the next byte."""
        return self._handler("read", method)

    def stop(self, method: Handler) -> Handler:
        """Decorates ``method(at)``, called when STOP ends the transaction."""
        return self._handler("stop", method)

    def restart(self, method: Handler) -> Handler:
        """Decorates ``method(at)``, called when a repeated START ends the transaction instead of STOP."""
        return self._handler("restart", method)

    def attach(self, host: Host) -> None:
        host.attach_i2c(self, self.part)


class Part:
    """Base of all parts: ports as class attributes, options as constructor arguments, state in plain attributes.

    A subclass calls ``super().__init__()`` first. `power_on` runs when the part is on its board. Everything it
    keeps in attributes is saved by snapshots; attributes that start with ``_host`` or ``_ports`` are the frame's.
    """

    controls: ClassVar[tuple[Control, ...]] = ()
    """What people see of it and do to it, for `twins.view`."""

    def __init__(self) -> None:
        self._ports: dict[str, Port] = {}
        self._host: Host | None = None
        self.label = type(self).__name__.lower()
        self.random = random.Random(0)
        self._driven: dict[str, bool | None] = {}

    @classmethod
    def ports(cls) -> Mapping[str, Port]:
        """The declared ports by name."""
        found = {}
        for base in reversed(cls.__mro__):
            found.update({name: port for name, port in vars(base).items() if isinstance(port, Port)})
        return found

    @property
    def host(self) -> Host:
        """What carries the part."""
        if self._host is None:
            raise UsageError(f"{self.label} is on no board yet: add it to a Twin or a Bench first")
        return self._host

    @property
    def now(self) -> int:
        """The present moment in ps."""
        return self.host.now

    def connect(self, pins: Mapping[str, int], wired: Collection[str] = ()) -> None:
        """Puts pins of the part on pins of the chip; ports named in `wired` get a wire to another part instead."""
        named = [pin for port in self.ports().values() for pin in port.pin_names()]
        for name, declared in self.ports().items():
            if name in wired:
                continue
            port, wanted = getattr(self, name), declared.pin_names()
            missing = [pin for pin, needed in wanted.items() if needed and pin not in pins]
            # Pins that ports share, such as the chip select of two interfaces, do not tell which one is wired.
            begun = any(pin in pins and named.count(pin) == 1 for pin in wanted)
            if missing and (begun or not port.optional):
                raise BoardError(f'{self.label}: pin {missing[0]!r} is not connected: add {missing[0]} = "GPIOn"')
            if not missing:
                port.connect({pin: pins[pin] for pin in wanted if pin in pins})
        unknown = [pin for pin in pins if pin not in named]
        if unknown:
            raise BoardError(f"{self.label} has no pin {unknown[0]!r}: it has {', '.join(sorted(set(named)))}")

    def mount(self, host: Host, label: str | None = None, seed: int = 0) -> None:
        """Puts the part on a host: its ports are attached, then it is powered."""
        self._host = host
        self.label = label or self.label
        self.random = random.Random(f"{seed}/{self.label}")
        for name in self.ports():
            port: Port = getattr(self, name)
            if port.connected:
                port.attach(host)
        self.power_on()

    def remount(self, host: Host) -> None:
        """As `mount` for a copy that goes on from a snapshot: the host restores the connections and the state."""
        self._host = host

    @property
    def mounted(self) -> bool:
        """Is it on a host?"""
        return self._host is not None

    def power_on(self) -> None:
        """The part gets its supply. Override to start timers or drive outputs, and to look at inputs."""

    def after(self, delay: Time, method: Callable[..., None], *args: Any) -> None:
        """Calls a method of this part after a time. It is kept by name, so that snapshots can hold it."""
        if getattr(method, "__self__", None) is not self:
            raise UsageError(f"{self.label}.after takes a method of the part itself, so that a snapshot can keep it")
        self.host.call_at(self.now + ps(delay), self, method.__name__, args)

    def _send_frame(self, frame: bytes) -> None:
        """Its Ethernet port sends a frame: the time for it has come."""
        self.host.send_frame(frame)

    def _plug_ethernet(self, on: bool) -> None:
        """The cable of its Ethernet port goes in or out: the time for it has come."""
        self.host.plug_ethernet(on)

    def _tell_wires(self, name: str, level: bool | None) -> None:
        """An output drives a level onto its wires; a part that is not on the host yet looks when it is."""
        port: DigitalOut = getattr(self, name)
        if port.driven is level and name in self._driven:
            return
        self._driven[name] = level
        for wire in port.wires:
            if wire.part.mounted and isinstance(wire, (DigitalIn, PulseSink)):
                wire.hear(level)

    def state(self) -> dict[str, Any]:
        """All that a snapshot must keep: by default a deep copy of the part's attributes."""
        frame = ("_ports", "_host")
        return copy.deepcopy({name: value for name, value in vars(self).items() if name not in frame})

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes on from a `state`."""
        vars(self).update(copy.deepcopy(dict(state)))
