"""ESP-NOW's frame on the air: a vendor-specific action frame of 802.11.

| part            | bytes  | contents                                                                               |
|-----------------|--------|----------------------------------------------------------------------------------------|
| MAC header      | 24     | frame control 0xD0, duration, address 1 to, 2 from, 3 broadcast, sequence control      |
| category, OUI   | 1 + 3  | 127, 18:FE:34                                                                          |
| random values   | 4      | against replay                                                                         |
| elements        | 7 + n  | 221, length, OUI, type 4, version (low four bits) with bit 4 "more data", up to 250    |
| frame check     | 4      | not stored, but on the air                                                             |

Source: ESP-IDF v5.5 programming guide, "ESP-NOW", Frame Format. Version 2 has up to 1470 bytes in several elements.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from twins.errors import UsageError

BROADCAST = b"\xff" * 6
OUI = bytes.fromhex("18fe34")
ELEMENT_MAX = 250
V2_MAX = 1470
FCS = 4
_FIXED = 24 + 1 + 3 + 4
_MORE = 0x10


def mac_bytes(mac: bytes | str) -> bytes:
    """A MAC address as six bytes.

    >>> mac_bytes("7c:df:a1:01:02:03").hex()
    '7cdfa1010203'
    """
    try:
        value = bytes.fromhex(mac.replace(":", "")) if isinstance(mac, str) else bytes(mac)
    except ValueError:
        value = b""
    if len(value) != 6:
        raise UsageError(f"{mac!r} is no MAC address: write six bytes, as in '7c:df:a1:01:02:03'")
    return value


def mac_text(mac: bytes) -> str:
    """A MAC address as people write it."""
    return mac.hex(":")


def is_group(mac: bytes) -> bool:
    """Is it an address of many: broadcast or multicast?"""
    return bool(mac[0] & 1)


@dataclass(frozen=True)
class EspNowFrame:
    """What an ESP-NOW frame says.

    >>> frame = EspNowFrame(mac_bytes("7c:df:a1:00:00:01"), BROADCAST, b"on", version=1, sequence=7)
    >>> EspNowFrame.decode(frame.encode()) == frame
    True
    """

    source: bytes
    destination: bytes
    data: bytes
    version: int
    sequence: int
    retry: bool = False

    def encode(self, nonce: int = 0) -> bytes:
        """The frame as it is on the air, without the frame check sequence.

        >>> frame = EspNowFrame(bytes(6), BROADCAST, b"on", 1, 7).encode()
        >>> len(frame), frame[24], frame[32:39].hex(":"), frame[39:]
        (41, 127, 'dd:07:18:fe:34:04:01', b'on')
        """
        control = 0xD0 | (0x0800 if self.retry else 0)
        head = struct.pack("<HH", control, 0) + self.destination + self.source + BROADCAST
        head += struct.pack("<H", (self.sequence & 0xFFF) << 4) + b"\x7f" + OUI + struct.pack("<I", nonce)
        pieces = [self.data[n : n + ELEMENT_MAX] for n in range(0, len(self.data), ELEMENT_MAX)]
        for number, piece in enumerate(pieces, 1):
            more = _MORE if number < len(pieces) else 0
            head += bytes((221, 5 + len(piece))) + OUI + bytes((4, self.version | more)) + piece
        return head

    @classmethod
    def decode(cls, frame: bytes) -> EspNowFrame | None:
        """What a frame on the air says; None where it is no ESP-NOW frame.

        >>> EspNowFrame.decode(EspNowFrame(bytes(6), BROADCAST, bytes(600), 2, 1).encode()).data == bytes(600)
        True
        """
        if len(frame) < _FIXED or frame[0] != 0xD0 or frame[24:28] != b"\x7f" + OUI:
            return None
        data, version, at = b"", 1, _FIXED
        while at < len(frame):
            if frame[at] != 221 or frame[at + 2 : at + 6] != OUI + b"\x04":
                return None
            length = frame[at + 1]
            version = frame[at + 6] & 0xF
            data += frame[at + 7 : at + 2 + length]
            at += 2 + length
        control, sequence = struct.unpack_from("<H", frame)[0], struct.unpack_from("<H", frame, 22)[0]
        return cls(frame[10:16], frame[4:10], data, version, sequence >> 4, bool(control & 0x0800))
