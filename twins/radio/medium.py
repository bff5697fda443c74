"""The air between stations: who hears which frame, when, how strongly, and what is lost.

A station hands a frame over; the medium waits until the channel is free for that station, carries the frame, decides at
each listener whether it arrives, and sees to the acknowledgement and to repetitions. Sources are named in
`twins.radio.rates`, and here:

| what                       | how                                                                                     |
|----------------------------|-----------------------------------------------------------------------------------------|
| loss by distance           | `PathLoss`: log-distance; 40.2 dB at 1 m (free space, 2.442 GHz), exponent 3 (indoors)  |
| arrives                    | at or above the receiver's sensitivity for the rate; no slope below it                  |
| random loss                | `Medium.loss` for each frame at each receiver, acknowledgements too; from the seed      |
| collision                  | an overlapping frame on the channel, less than `CAPTURE` weaker: neither arrives        |
| waiting                    | carrier sense above -82 dBm (802.11-2020 17.3.10.6), DIFS, then random slots            |
| acknowledgement            | of unicast only, SIFS after the frame, at the basic rate below the frame's              |
| repetitions                | five (espressif/esp-idf issue 9383), the window doubling; the receiver drops doubles    |

Not modelled: fading, adjacent channels, 40 MHz, propagation delay, other networks' traffic.
"""

from __future__ import annotations

import copy
import hashlib
import math
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from twins.errors import UsageError
from twins.radio.frames import FCS, EspNowFrame, is_group, mac_text
from twins.radio.rates import ACK_BYTES, CW_MAX, CW_MIN, DIFS, RATES, SIFS, SLOT, Rate
from twins.units import MS, US, Duration

if TYPE_CHECKING:
    from twins.world import World

SENSE = -82.0
CAPTURE = 10.0
NOISE = -96
CCA = 15 * US
"""How long a frame is on the air before others notice it (802.11-2020 16.3.4, CCA time)."""

SEND_STACK = 150 * US
RECEIVE_STACK = 100 * US
"""From the function's call to the antenna, and from the antenna to the callback: assumed, as nobody publishes them."""

SHORTEST = 24 + 1 + 3 + 4 + 7 + FCS
"""Bytes of an ESP-NOW frame that carries nothing."""

_SOONEST = {code: SEND_STACK + DIFS + rate.airtime(SHORTEST) + RECEIVE_STACK for code, rate in RATES.items()}

SETTLE = 1 * MS
"""From a change of a station's rate until its next frame has it."""

QUIET = 2 * MS
"""How long a radio takes to start at least. As long as none is on, nobody can be heard sooner than that."""


@dataclass(frozen=True)
class PathLoss:
    """Log-distance path loss.

    >>> round(PathLoss().db(10))
    70
    """

    at_1_m: float = 40.2
    exponent: float = 3.0

    def db(self, metres: float) -> float:
        """How much weaker a frame is at a distance."""
        return self.at_1_m + 10 * self.exponent * math.log10(max(metres, 0.1))


@dataclass(frozen=True)
class Packet:
    """A frame that a station wants to be sent.

    Attributes:
        frame: what it says.
        rate: code of its rate.
        key: what it would be encrypted with.
        tag: the sender's own, given back in `Station.sent`.
    """

    frame: EspNowFrame
    rate: int = 0
    key: bytes | None = None
    tag: int = 0


@dataclass(frozen=True)
class Heard:
    """A frame as it arrived at a station."""

    packet: Packet
    rssi: int
    channel: int
    at: int


@dataclass(frozen=True)
class Aired:
    """A frame as it was on the air.

    Attributes:
        at: when its first bit was, in ps.
        attempt: 0 for the first time, then counting.
        received_by: names of the stations that it reached.
        lost: why it did not reach a station in range, by name: "collision", "sending", "chance".
    """

    at: Duration
    until: Duration
    channel: int
    station: str
    frame: EspNowFrame
    rate: str
    attempt: int
    received_by: tuple[str, ...]
    lost: Mapping[str, str]
    acknowledged: bool = False

    @property
    def bytes(self) -> bytes:
        """The frame byte by byte, without the frame check sequence."""
        return replace(self.frame, retry=self.attempt > 0).encode()

    def __str__(self) -> str:
        where = f"{self.at} channel {self.channel} {mac_text(self.frame.source)} > {mac_text(self.frame.destination)}"
        return f"{where} {len(self.frame.data)} bytes, attempt {self.attempt}, reached {', '.join(self.received_by)}"


class Station(Protocol):
    """What sends and hears."""

    @property
    def name(self) -> str:
        """Its name in the world."""

    @property
    def runs(self) -> bool:
        """Does it act at any moment, as a twin does, or only when the world calls it?"""

    @property
    def addresses(self) -> tuple[bytes, ...]:
        """The MAC addresses that it answers for now."""

    @property
    def channel(self) -> int | None:
        """The channel it is on; None while its radio is off."""

    @property
    def power_limit(self) -> float:
        """What it sends with at most, in dBm."""

    def rate_at(self, at: int) -> int:
        """The code of its rate at a moment."""

    def heard(self, heard: Heard) -> None:
        """A frame for it, or for everybody, has arrived."""

    def sent(self, packet: Packet, acknowledged: bool) -> None:
        """The medium has done with a packet."""


@dataclass
class _Flight:
    """A transmission, of a frame or of an acknowledgement."""

    station: str
    channel: int
    start: int
    end: int
    power: float
    busy_until: int


@dataclass
class _Sender:
    """What waits at a station."""

    queue: deque[Packet] = field(default_factory=deque)
    attempt: int = 0
    window: int = CW_MIN
    busy: bool = False
    frames: int = 0


class Medium:
    """The air of a world: ``World(air=Medium(loss=0.3))``.

    Args:
        loss: chance of each frame to be lost at each receiver.
        retries: how often a unicast frame without acknowledgement is sent again.
        path: how a frame weakens with distance.
        seed: of the chances; the world's where none is given.

    >>> from twins import World
    >>> from twins.radio import EspNowPeer
    >>> world = World(air=Medium(loss=1.0))
    >>> near, far = (world.add(EspNowPeer(f"7c:df:a1:00:00:0{n}"), name=f"peer{n}") for n in (1, 2))
    >>> sent = near.send("7c:df:a1:00:00:02", b"on"); world.run("50ms"); far.received, sent.delivered
    ([], False)
    """

    def __init__(
        self, *, loss: float = 0.0, retries: int = 5, path: PathLoss | None = None, seed: int | None = None
    ) -> None:
        if not 0 <= loss <= 1:
            raise UsageError(f"loss {loss!r}: expected a chance from 0 to 1")
        self.loss = loss
        self.retries = retries
        self.path = path or PathLoss()
        self.seed = seed
        self.frames: list[Aired] = []
        """All frames that were on the air, in the order of their ends."""
        self.listeners: list[Callable[[Aired], None]] = []
        """Called with each frame as it ends. A fork of the world has none."""
        self._stations: dict[str, Station] = {}
        self._senders: dict[str, _Sender] = {}
        self._air: list[_Flight] = []
        self._last: dict[tuple[str, bytes], int] = {}
        self._digest = bytes(32)
        self._world: World | None = None

    # The world's side

    def join(self, world: World) -> None:
        """It becomes the air of a world."""
        if self._world is not None and self._world is not world:
            raise UsageError("this medium is the air of another world already")
        self._world = world
        if self.seed is None:
            self.seed = world.seed

    def add(self, station: Station) -> None:
        """A station comes into the air."""
        for other in self._stations.values():
            for address in set(other.addresses) & set(station.addresses):
                raise UsageError(
                    f"{station.name} and {other.name} have the same MAC address {mac_text(address)}: "
                    "give one of them another, as in Twin(..., mac='7c:df:a1:00:00:02')"
                )
        self._stations[station.name] = station
        self._senders.setdefault(station.name, _Sender())

    @property
    def world(self) -> World:
        """The world whose air it is."""
        if self._world is None:
            raise UsageError("this medium is in no world: give it to one, World(air=medium)")
        return self._world

    def lookahead(self) -> int:
        """How far nobody can hear what anybody does from now on, in ps."""
        now = self.world.now
        soonest = QUIET
        for station in self._stations.values():
            if station.runs and station.channel is not None:
                soonest = min(soonest, _SOONEST[station.rate_at(now)], _SOONEST[station.rate_at(now + SETTLE)])
        return soonest

    def alike(self) -> Medium:
        """A medium with the same settings, for another world."""
        return Medium(loss=self.loss, retries=self.retries, path=self.path, seed=self.seed)

    def state(self) -> dict[str, Any]:
        """All that a snapshot must keep."""
        return {
            "senders": copy.deepcopy(self._senders),
            "air": copy.deepcopy(self._air),
            "last": dict(self._last),
            "frames": list(self.frames),
            "digest": self._digest,
            "loss": self.loss,
            "retries": self.retries,
            "path": self.path,
            "seed": self.seed,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes on from a `state`."""
        self._senders = copy.deepcopy(state["senders"])
        self._air = copy.deepcopy(state["air"])
        self._last = dict(state["last"])
        self.frames = list(state["frames"])
        self._digest = state["digest"]
        self.loss, self.retries, self.path = state["loss"], state["retries"], state["path"]
        self.seed = state["seed"]

    @property
    def sha256(self) -> str:
        """A hash of all frames that were on the air, with their times and whom they reached."""
        return self._digest.hex()

    # Strength

    def rssi(self, sender: str, receiver: str, power: float) -> float:
        """How strongly a station hears another, in dBm."""
        return power - self.path.db(math.dist(self.world.position(sender), self.world.position(receiver)))

    # A packet's way

    def send(self, station: Station, packet: Packet, at: int) -> None:
        """A station's software hands a packet over at a moment."""
        self._at(at + SEND_STACK, station.name, "_ready", packet)

    def sequence(self, station: Station) -> int:
        """The number of a station's next frame."""
        sender = self._senders[station.name]
        sender.frames += 1
        return sender.frames

    def _at(self, at: int, station: str, method: str, *args: Any) -> None:
        self.world.post(at, station, "air", method, (station, *args))

    def _ready(self, name: str, packet: Packet) -> None:
        sender = self._senders[name]
        sender.queue.append(packet)
        if not sender.busy:
            sender.busy = True
            self._contend(name, 0)

    def _contend(self, name: str, slots: int) -> None:
        """Waits until the channel has been free for DIFS, and so many slots."""
        now = self.world.now
        free = max(now, self._busy_until(name, now))
        self._at(free + DIFS + slots * SLOT, name, "_attempt")

    def _busy_until(self, name: str, now: int) -> int:
        station = self._stations[name]
        return max(
            (
                flight.busy_until
                for flight in self._air
                if flight.channel == station.channel
                and flight.start + CCA <= now
                and (flight.station == name or self.rssi(flight.station, name, flight.power) >= SENSE)
            ),
            default=0,
        )

    def _attempt(self, name: str) -> None:
        sender, station, now = self._senders[name], self._stations[name], self.world.now
        if station.channel is None:
            self._done(name, False)
            return
        if self._busy_until(name, now) > now:
            self._contend(name, self._slots(name))
            return
        packet = sender.queue[0]
        rate = RATES[packet.rate]
        end = now + rate.airtime(len(packet.frame.encode()) + FCS)
        reserved = end if is_group(packet.frame.destination) else end + SIFS + RATES[rate.ack].airtime(ACK_BYTES)
        flight = self._fly(station, now, end, rate, reserved)
        self._at(end, name, "_ended", flight)

    def _fly(self, station: Station, start: int, end: int, rate: Rate, busy_until: int) -> _Flight:
        assert station.channel is not None
        power = min(rate.power, station.power_limit)
        flight = _Flight(station.name, station.channel, start, end, power, busy_until)
        self._air = [old for old in self._air if old.busy_until > start - 20 * MS]
        self._air.append(flight)
        return flight

    def _draw(self, name: str, what: str) -> int:
        """64 bits of chance that depend on nothing but the seed, the frame and what is asked: on no order."""
        sender = self._senders[name]
        asked = f"{self.seed}/{name}/{sender.queue[0].frame.sequence}/{sender.attempt}/{what}"
        return int.from_bytes(hashlib.blake2b(asked.encode(), digest_size=8).digest(), "little")

    def _slots(self, name: str) -> int:
        return self._draw(name, "slots") % (self._senders[name].window + 1)

    def _fate(self, flight: _Flight, receiver: str, rate: Rate, name: str, what: str) -> str | None:
        """Why a flight does not reach a station; "" where it does, None where it is not to be heard there at all.

        `name` and `what` say which chance decides.
        """
        station = self._stations[receiver]
        strength = self.rssi(flight.station, receiver, flight.power)
        if station.channel != flight.channel or strength < rate.sensitivity:
            return None
        for other in self._air:
            if other == flight or other.start >= flight.end or other.end <= flight.start:
                continue
            if other.station == receiver:
                return "sending"
            if other.channel == flight.channel and self.rssi(other.station, receiver, other.power) > strength - CAPTURE:
                return "collision"
        return "chance" if self.loss and self._draw(name, what) < self.loss * 2**64 else ""

    def _ended(self, name: str, flight: _Flight) -> None:
        sender, now = self._senders[name], self.world.now
        packet = sender.queue[0]
        frame, rate = packet.frame, RATES[packet.rate]
        reached: list[str] = []
        lost: dict[str, str] = {}
        for receiver in sorted(self._stations):
            if receiver == name:
                continue
            fate = self._fate(flight, receiver, rate, name, receiver)
            if fate:
                lost[receiver] = fate
            elif fate is not None:
                reached.append(receiver)
        for receiver in reached:
            if is_group(frame.destination) or frame.destination in self._stations[receiver].addresses:
                self._deliver(receiver, packet, flight)
        whose = [r for r in reached if frame.destination in self._stations[r].addresses]
        self._note(flight, sender, tuple(reached), lost, rate)
        if is_group(frame.destination):
            self._done(name, True)
        elif whose:
            answer = RATES[rate.ack]
            start, end = now + SIFS, now + SIFS + answer.airtime(ACK_BYTES)
            ack = self._fly(self._stations[whose[0]], start, end, answer, end)
            self._at(end, name, "_answered", ack, answer.code)
        else:
            self._at(now + SIFS + SLOT + RATES[rate.ack].preamble, name, "_repeat")

    def _note(
        self, flight: _Flight, sender: _Sender, reached: tuple[str, ...], lost: dict[str, str], rate: Rate
    ) -> None:
        aired = Aired(
            Duration(flight.start),
            Duration(flight.end),
            flight.channel,
            flight.station,
            sender.queue[0].frame,
            rate.name,
            sender.attempt,
            reached,
            lost,
        )
        self.frames.append(aired)
        for listener in self.listeners:
            listener(aired)
        line = f"{flight} {aired.frame} {aired.rate} {aired.attempt} {reached} {lost}"
        self._digest = hashlib.sha256(self._digest + line.encode()).digest()

    def _deliver(self, receiver: str, packet: Packet, flight: _Flight) -> None:
        key = (receiver, packet.frame.source)
        if self._last.get(key) == packet.frame.sequence:
            return
        self._last[key] = packet.frame.sequence
        rssi = round(self.rssi(flight.station, receiver, flight.power))
        heard = Heard(packet, max(-128, min(rssi, 20)), flight.channel, flight.end)
        self._at(flight.end + RECEIVE_STACK, receiver, "_hand_over", heard)

    def _hand_over(self, name: str, heard: Heard) -> None:
        self._stations[name].heard(heard)

    def _answered(self, name: str, ack: _Flight, code: int) -> None:
        if self._fate(ack, name, RATES[code], name, "acknowledgement") == "":
            self._done(name, True)
        else:
            self._repeat(name)

    def _repeat(self, name: str) -> None:
        sender = self._senders[name]
        if sender.attempt >= self.retries:
            self._done(name, False)
            return
        sender.attempt += 1
        sender.window = min(2 * sender.window + 1, CW_MAX)
        self._contend(name, self._slots(name))

    def _done(self, name: str, acknowledged: bool) -> None:
        sender = self._senders[name]
        packet = sender.queue.popleft()
        sender.attempt, sender.window = 0, CW_MIN
        self._at(self.world.now + RECEIVE_STACK, name, "_report", packet, acknowledged)
        if sender.queue:
            self._contend(name, self._slots(name))
        else:
            sender.busy = False

    def _report(self, name: str, packet: Packet, acknowledged: bool) -> None:
        self._stations[name].sent(packet, acknowledged)
