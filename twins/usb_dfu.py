"""Firmware updates that a device on USB takes, as dfu-util brings them: over the real requests, block by block (USB
Device Class Specification for Device Firmware Upgrade, 1.1).

>>> from twins import Twin
>>> with Twin("pico") as pico:
...     pico.usb.dfu
Traceback (most recent call last):
twins.errors.UsageError: no device is configured on USB: run until `twin.usb.configured`
"""

from __future__ import annotations

import contextlib
import enum
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twins.errors import Timeout, UsageError

if TYPE_CHECKING:
    from twins.usb import UsbHost

PATIENCE = 5_000_000_000_000
"""Of virtual time, in ps: how long a device may be gone from the bus, or busy with a block."""

_DETACH, _DNLOAD, _UPLOAD, _GETSTATUS, _CLRSTATUS, _GETSTATE, _ABORT = range(7)
_TO_INTERFACE, _FROM_INTERFACE, _SET_INTERFACE = 0x21, 0xA1, 11
_INTERFACE, _FUNCTIONAL = 4, 0x21
_APPLICATION_SPECIFIC, _DFU, _DFU_MODE = 0xFE, 1, 2
_MILLISECOND = 1_000_000_000


class DfuState(enum.IntEnum):
    """The states of DFU 1.1, 6.1.2."""

    APP_IDLE = 0
    APP_DETACH = 1
    IDLE = 2
    DNLOAD_SYNC = 3
    DNBUSY = 4
    DNLOAD_IDLE = 5
    MANIFEST_SYNC = 6
    MANIFEST = 7
    MANIFEST_WAIT_RESET = 8
    UPLOAD_IDLE = 9
    ERROR = 10


@dataclass(frozen=True)
class DfuStatus:
    """What GETSTATUS answers: bStatus, of which 0 is OK; milliseconds until the next question; the state."""

    status: int
    poll: int
    state: DfuState


class UsbDfu:
    """The interface for updates of the device on USB: `twin.usb.dfu`."""

    def __init__(self, host: UsbHost) -> None:
        self._host = host
        self._look()

    def _look(self) -> None:
        number = mode = None
        rest = self._host.configuration_descriptor
        while rest:
            kind = rest[1]
            if kind == _INTERFACE:
                is_dfu = rest[5:7] == bytes([_APPLICATION_SPECIFIC, _DFU])
                if is_dfu:
                    number, mode = rest[2], rest[7] == _DFU_MODE
            elif kind == _FUNCTIONAL and number is not None:
                self.attributes, self.detach_timeout, self.transfer_size = struct.unpack("<BHH", rest[2:7])
            rest = rest[rest[0] :]
        if number is None or mode is None:
            raise UsageError("the device on USB offers no interface for firmware updates (DFU)")
        self.interface, self.is_ready = number, mode

    def _say(self, request: int, value: int = 0, data: bytes = b"") -> None:
        self._host.request(_TO_INTERFACE, request, value, self.interface, data)

    def _ask(self, request: int, length: int, value: int = 0) -> bytes:
        return self._host.request(_FROM_INTERFACE, request, value, self.interface, length=length)

    @property
    def state(self) -> DfuState:
        """GETSTATE, which changes nothing."""
        return DfuState(self._ask(_GETSTATE, 1)[0])

    def status(self) -> DfuStatus:
        """GETSTATUS, by which the device goes on from one state to the next."""
        answer = self._ask(_GETSTATUS, 6)
        return DfuStatus(answer[0], int.from_bytes(answer[1:4], "little"), DfuState(answer[4]))

    def clear(self) -> None:
        """CLRSTATUS: out of an error."""
        self._say(_CLRSTATUS)

    def abort(self) -> None:
        """ABORT: back to IDLE."""
        self._say(_ABORT)

    def select(self, setting: int) -> None:
        """Selects an alternate setting: what it means is the device's."""
        self._host.request(1, _SET_INTERFACE, setting, self.interface)

    def send_block(self, number: int, data: bytes) -> None:
        """DNLOAD of one block; an empty one ends an update."""
        self._say(_DNLOAD, number & 0xFFFF, data)

    def ask_block(self, number: int, size: int) -> bytes:
        """UPLOAD of one block; one that is not full was the last."""
        return self._ask(_UPLOAD, size, number & 0xFFFF)

    def detach(self) -> None:
        """DETACH: the application makes place for the update, and the device comes back ready for it.

        Where the device leaves the bus before it has answered, dfu-util tells of an error, and goes on; so does this.
        """
        with contextlib.suppress(Timeout, UsageError):
            timeout = self.detach_timeout
            self._host.request(_TO_INTERFACE, _DETACH, timeout, self.interface, timeout=f"{timeout}ms")
        if not self._host.wait(self._is_back, PATIENCE):
            raise Timeout("the device on USB did not come back ready for a firmware update")

    def _is_back(self) -> bool:
        if not self._host.configured:
            return False
        with contextlib.suppress(UsageError):
            self._look()
            return self.is_ready
        return False

    def _settled(self) -> DfuStatus:
        waited = 0
        while (status := self.status()).state in (DfuState.DNLOAD_SYNC, DfuState.DNBUSY, DfuState.MANIFEST):
            waited += max(status.poll, 1) * _MILLISECOND
            if waited > PATIENCE:
                raise Timeout(f"the device on USB stays in {status.state.name}")
            self._host.wait(lambda: False, max(status.poll, 1) * _MILLISECOND)
        if status.status:
            raise UsageError(f"the device on USB refuses the update: status {status.status}, {status.state.name}")
        return status

    def download(self, image: bytes) -> DfuStatus:
        """Brings an update to the device, detached from its application where that runs, and returns its last status.

        The image is what the device understands, without the suffix that dfu-util takes off.
        """
        if not self.is_ready:
            self.detach()
        if self.status().state == DfuState.ERROR:
            self.clear()
        if self.state != DfuState.IDLE:
            self.abort()
        size = self.transfer_size
        for number, start in enumerate(range(0, len(image), size)):
            self.send_block(number, image[start : start + size])
            self._settled()
        self.send_block(-(-len(image) // size), b"")
        return self._settled()

    def upload(self, size: int) -> bytes:
        """So many bytes from the device, or as many as it gives."""
        if not self.is_ready:
            self.detach()
        whole = bytearray()
        number = 0
        while len(whole) < size:
            asked = min(self.transfer_size, size - len(whole))
            block = self.ask_block(number, asked)
            whole += block
            number += 1
            if len(block) < asked:
                return bytes(whole)
        self.abort()
        return bytes(whole)

    def leave(self) -> None:
        """A reset of the bus, by which an update ends: the cable is pulled out and plugged in."""
        self._host.unplug()
        self._host.wait(lambda: False, 10 * _MILLISECOND)
        self._host.plug()

    def __repr__(self) -> str:
        return f"<UsbDfu, interface {self.interface}, {'ready' if self.is_ready else 'beside the application'}>"
