"""An ESP-NOW device written in Python: a remote control, a sensor, somebody who only listens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from twins.errors import UsageError
from twins.radio.frames import BROADCAST, ELEMENT_MAX, V2_MAX, EspNowFrame, mac_bytes, mac_text
from twins.radio.medium import Heard, Packet
from twins.radio.rates import RATES
from twins.units import Duration
from twins.world import Actor


@dataclass(frozen=True)
class Received:
    """What has arrived: when, from whom, to whom, what, and how strongly (dBm)."""

    at: Duration
    source: bytes
    destination: bytes
    data: bytes
    rssi: int


@dataclass
class Sent:
    """Something sent. `delivered` is True or False once the medium has done with it: was it acknowledged?

    A broadcast is never acknowledged; it counts as delivered when it was on the air.
    """

    number: int
    destination: bytes
    data: bytes
    delivered: bool | None = None


class EspNowPeer(Actor):
    """A device that speaks ESP-NOW.

    Args:
        mac: its address.
        channel: the Wi-Fi channel that it is on, 1 to 14; None while its radio is off.
        rate: code of its rate, see `twins.radio.rates.RATES`.
        version: of ESP-NOW: a device of version 1 drops what is longer than 250 bytes.
        power: what it sends with at most, in dBm.
        on_receive: called with this peer and each `Received`.

    >>> from twins import World
    >>> world = World()
    >>> remote = world.add(EspNowPeer("7c:df:a1:00:00:01", channel=6), name="remote")
    >>> lamp = world.add(EspNowPeer("7c:df:a1:00:00:02", channel=6), name="lamp")
    >>> sent = remote.send("7c:df:a1:00:00:02", b"on"); world.run("20ms")
    >>> sent.delivered, lamp.received[0].data
    (True, b'on')
    """

    runs = False

    def __init__(
        self,
        mac: bytes | str,
        channel: int | None = 1,
        *,
        rate: int = 0,
        version: int = 2,
        power: float = 20.0,
        on_receive: Callable[[EspNowPeer, Received], Any] | None = None,
    ) -> None:
        super().__init__()
        if channel is not None and not 1 <= channel <= 14:
            raise UsageError(f"channel {channel!r}: expected 1 to 14, or None for a radio that is off")
        if rate not in RATES:
            raise UsageError(f"rate {rate!r}: expected one of {', '.join(f'0x{code:02x}' for code in RATES)}")
        self.mac = mac_bytes(mac)
        self.channel = channel
        self.rate = rate
        self.version = version
        self.power_limit = power
        self.on_receive = on_receive
        self.received: list[Received] = []
        self.sent_log: list[Sent] = []

    @property
    def addresses(self) -> tuple[bytes, ...]:
        """Its only address."""
        return (self.mac,)

    def rate_at(self, at: int) -> int:
        """Its rate, at any moment."""
        return self.rate

    def send(self, destination: bytes | str | None, data: bytes) -> Sent:
        """Sends to an address, or to everybody where it is None. Look at ``sent.delivered`` later."""
        to = BROADCAST if destination is None else mac_bytes(destination)
        most = V2_MAX if self.version >= 2 else ELEMENT_MAX
        if not 0 < len(data) <= most:
            raise UsageError(f"{len(data)} bytes: ESP-NOW version {self.version} takes 1 to {most}")
        if self.channel is None:
            raise UsageError(f"{self.name}: its radio is off")
        sent = Sent(len(self.sent_log), to, bytes(data))
        self.sent_log.append(sent)
        air = self.world.air
        frame = EspNowFrame(self.mac, to, sent.data, self.version if len(data) > ELEMENT_MAX else 1, air.sequence(self))
        air.send(self, Packet(frame, self.rate, tag=sent.number), self.now)
        return sent

    def heard(self, heard: Heard) -> None:
        """A frame has arrived."""
        frame = heard.packet.frame
        if self.version < 2 and len(frame.data) > ELEMENT_MAX:
            return
        received = Received(Duration(self.now), frame.source, frame.destination, frame.data, heard.rssi)
        self.received.append(received)
        if self.on_receive is not None:
            self.on_receive(self, received)

    def sent(self, packet: Packet, acknowledged: bool) -> None:
        """The medium has done with a packet."""
        self.sent_log[packet.tag].delivered = acknowledged

    def __repr__(self) -> str:
        return f"<EspNowPeer {self.name} {mac_text(self.mac)} channel {self.channel}>"
