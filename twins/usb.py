"""The USB host at the other end of the board's cable."""

from __future__ import annotations

import logging
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from twins.door import Door
from twins.engines.engine import EngineApi
from twins.errors import Timeout, UsageError
from twins.units import Duration, Time, ps
from twins.usb_drive import UsbDrive

if TYPE_CHECKING:
    from twins.usb_dfu import UsbDfu

log = logging.getLogger("twins")

NOBODY = "no device is configured on USB: run until `twin.usb.configured`"
_INTERFACE, _SERIAL_LINE, _SET_CONTROL_LINE_STATE = 4, b"\2\2", 0x22
LOOK = 100_000_000
"""How often a wait for the device looks, in ps: about two packets of bulk data."""
LOOK_AROUND = 50_000_000_000
"""After so long without a packet a wait looks why, in ps."""


@dataclass(frozen=True)
class Endpoint:
    """An endpoint that the device's configuration offers.

    Attributes:
        address: the number, and 0x80 for IN (towards the host).
        kind: 0 control, 1 isochronous, 2 bulk, 3 interrupt (USB 2.0, table 9-13).
        size: the largest packet in bytes.
        interval: the polling interval in frames of 1 ms, for interrupt endpoints.
    """

    address: int
    kind: int
    size: int
    interval: int


@dataclass(frozen=True)
class Report:
    """A packet that the device sent on an interrupt or vendor endpoint.

    Attributes:
        at: when, since power-on.
        data: its bytes.
    """

    at: Duration
    data: bytes


class UsbHost:
    """A PC at the USB connector: it enumerates the firmware as a device, opens its serial port as a console,
    and keeps what HID and vendor endpoints send.

    An ESP32-S3 is its own USB Serial/JTAG device there (303A:1001) until firmware gives the pins to its USB OTG
    controller.

    >>> from twins import Twin
    >>> with Twin("pico") as pico:
    ...     pico.usb.plugged, pico.usb.configured
    (True, False)
    """

    def __init__(self, engine: EngineApi, door: Door, advance: Callable[[int], object]) -> None:
        self._engine = engine
        self._door = door
        self._advance = advance

    @property
    def plugged(self) -> bool:
        """Is the cable plugged in? It is from power-on."""
        return self._engine.usb()["plugged"]

    @property
    def attached(self) -> bool:
        """Does the firmware show itself as a device, by its pull-up?"""
        return self._engine.usb()["attached"]

    @property
    def configured(self) -> bool:
        """Has the device accepted its configuration?"""
        return self._engine.usb()["configured"]

    @property
    def suspended(self) -> bool:
        """Has the host put the bus to sleep?"""
        return self._engine.usb()["suspended"]

    @property
    def problem(self) -> str | None:
        """Why the host could not enumerate the device."""
        return self._engine.usb()["problem"]

    @property
    def vendor_id(self) -> int | None:
        """idVendor; None until the host has read it."""
        return self._engine.usb()["vendor_id"]

    @property
    def product_id(self) -> int | None:
        """idProduct; None until the host has read it."""
        return self._engine.usb()["product_id"]

    @property
    def manufacturer(self) -> str | None:
        """The manufacturer's name, if the device has one."""
        return self._engine.usb()["manufacturer"]

    @property
    def product(self) -> str | None:
        """The product's name, if the device has one."""
        return self._engine.usb()["product"]

    @property
    def serial(self) -> str | None:
        """The serial number, if the device has one."""
        return self._engine.usb()["serial"]

    @property
    def device_descriptor(self) -> bytes:
        """The device descriptor; empty until the host has read it."""
        return self._engine.usb()["device_descriptor"]

    @property
    def configuration_descriptor(self) -> bytes:
        """The configuration descriptor with interfaces and endpoints; empty until the host has read it."""
        return self._engine.usb()["configuration_descriptor"]

    @property
    def hid_report_descriptors(self) -> dict[int, bytes]:
        """The report descriptors of HID interfaces, by interface number."""
        return self._engine.usb()["hid_report_descriptors"]

    @property
    def dropped(self) -> int:
        """Packets of HID and vendor endpoints that are not kept any more, because so many came after them."""
        return self._engine.usb()["dropped"]

    @property
    def endpoints(self) -> list[Endpoint]:
        """The endpoints in use: those of the interfaces' first settings."""
        return [Endpoint(*endpoint) for endpoint in self._engine.usb()["endpoints"]]

    def reports(self, endpoint: int) -> list[Report]:
        """The packets that an endpoint sent, oldest first; the last 16384 are kept, `dropped` counts the others."""
        if self.dropped:
            log.warning(
                "%d packets of USB endpoints came before the last 16384 that are kept, and are lost", self.dropped
            )
        return [Report(Duration(at), data) for at, data in self._engine.usb_reports(endpoint)]

    def send(self, endpoint: int, data: bytes) -> None:
        """Sends a packet to an OUT endpoint, as soon as the firmware takes it."""
        self._do("send", endpoint, data.decode("latin-1"))

    def _send(self, endpoint: int, data: str) -> None:
        if not self._engine.usb_send(endpoint, data.encode("latin-1")):
            if not self.configured:
                raise UsageError(NOBODY)
            known = ", ".join(f"0x{it.address:02X}" for it in self.endpoints if not it.address & 0x80) or "none"
            raise UsageError(f"no OUT endpoint 0x{endpoint:02X} to send to; the device has {known}")

    def take(self, endpoint: int) -> list[bytes]:
        """The packets that an endpoint sent since the last call; `reports` has them no more."""
        return self._engine.usb_take(endpoint)

    def request(
        self,
        kind: int,
        request: int,
        value: int = 0,
        index: int = 0,
        data: bytes = b"",
        *,
        length: int = 0,
        timeout: Time = "10s",
    ) -> bytes:
        """Makes a request on the default pipe (USB 2.0, 9.3), and runs until the device has answered.

        Args:
            kind: bmRequestType; with 0x80 the device answers with data.
            request: bRequest.
            value: wValue.
            index: wIndex.
            data: what goes to the device.
            length: the most that the device may answer.
            timeout: of virtual time.

        Raises `UsageError` when the device refuses it, or `Timeout`.
        """
        self._engine.usb_answers()
        setup = struct.pack("<BBHHH", kind, request, value, index, length or len(data))
        self._do("ask", setup.decode("latin-1"), data.decode("latin-1"))
        answers: list[bytes | None] = []

        def answered() -> bool:
            answers.extend(self._engine.usb_answers())
            return bool(answers)

        if not self.wait(answered, ps(timeout)):
            raise Timeout(f"the device on USB did not answer request 0x{request:02X} within {Duration(ps(timeout))}")
        if answers[0] is None:
            raise UsageError(f"the device on USB refused request 0x{request:02X} (bmRequestType 0x{kind:02X})")
        return answers[0]

    def _ask(self, setup: str, data: str) -> None:
        if not self._engine.usb_ask(setup.encode("latin-1"), data.encode("latin-1")):
            raise UsageError(NOBODY)

    def wait(self, happened: Callable[[], bool], limit: int, looks: Callable[[], None] | None = None) -> bool:
        """Runs until something has happened, at most for so many ps; `looks` is called when nothing does for long."""
        start = now = self._engine.now
        while not happened():
            if self._engine.now - start >= limit:
                return False
            if looks is not None and self._engine.now - now >= LOOK_AROUND:
                looks()
                now = self._engine.now
            self._advance(self._engine.now + LOOK)
        return True

    @property
    def drive(self) -> UsbDrive:
        """The drive that the device offers (mass storage), as a PC sees it that mounts it now."""
        if not self.configured:
            raise UsageError(NOBODY)
        return UsbDrive(self)

    @property
    def dfu(self) -> UsbDfu:
        """The interface for firmware updates that the device offers (DFU), as dfu-util finds it now."""
        if not self.configured:
            raise UsageError(NOBODY)
        from twins.usb_dfu import UsbDfu  # few want it

        return UsbDfu(self)

    def set_lines(self, dtr: bool, rts: bool) -> None:
        """A program sets the control lines of the serial port that the device offers; without one, nothing happens."""
        self._do("lines", dtr, rts)

    def _lines(self, dtr: bool, rts: bool) -> None:
        rest = self.configuration_descriptor if self.configured else b""
        while rest:
            if rest[1] == _INTERFACE and rest[5:7] == _SERIAL_LINE:
                setup = struct.pack("<BBHHH", 0x21, _SET_CONTROL_LINE_STATE, dtr | rts << 1, rest[2], 0)
                self._engine.usb_ask(setup, b"")
                return
            rest = rest[rest[0] :]

    def plug(self) -> None:
        """Plugs the cable in."""
        self._do("plug", True)

    def unplug(self) -> None:
        """Pulls the cable out."""
        self._do("plug", False)

    def suspend(self) -> None:
        """The host goes to sleep, and the bus with it."""
        self._do("sleep", True)

    def resume(self) -> None:
        """The host wakes up."""
        self._do("sleep", False)

    def _do(self, what: str, *args: Any) -> None:
        self._door.usb(what, *args)
        self._door.let_in()

    def carry_out(self, what: str, args: Sequence[Any]) -> None:
        """What the host does when it comes in by the door."""
        acts: dict[str, Callable[..., None]] = {
            "plug": self._engine.usb_plug,
            "sleep": self._engine.usb_sleep,
            "send": self._send,
            "ask": self._ask,
            "lines": self._lines,
        }
        if what not in acts:
            raise UsageError(f"the USB host cannot {what!r}: it can {', '.join(acts)}")
        acts[what](*args)

    def __repr__(self) -> str:
        if not self.attached:
            return "<UsbHost, nothing attached>"
        if self.vendor_id is None or self.product_id is None:
            return "<UsbHost, a device that is not known yet>"
        return f"<UsbHost, {self.vendor_id:04x}:{self.product_id:04x} {self.product or ''}>"
