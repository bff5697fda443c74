"""A host at the other end of an Ethernet cable, for tests: it answers ARP and ping, and pings back once."""

from __future__ import annotations

import struct

from twins.buses import EthernetLink
from twins.ports import Part

ARP, IPV4, EXPERIMENT = 0x0806, 0x0800, 0x88B5
THINKS = "50us"


def checksum(data: bytes) -> int:
    """RFC 1071: 0 over data that contains its checksum."""
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


class EthernetHost(Part):
    """Keeps the frames with their times in `heard`; when its ping is answered it says so, and pulls the plug."""

    cable = EthernetLink()
    mac = bytes([2, 0, 0, 0, 0, 1])
    address = bytes([192, 168, 4, 1])
    ping_data = bytes(range(200, 256))

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[tuple[int, bytes]] = []

    @cable.received
    def _received(self, at: int, frame: bytes) -> None:
        self.heard.append((at, frame))
        (kind,) = struct.unpack(">H", frame[12:14])
        if kind == ARP and frame[20:22] == b"\0\1" and frame[38:42] == self.address:
            asker = frame[22:32]
            answer = struct.pack(">HHBBH", 1, IPV4, 6, 4, 2) + self.mac + self.address + asker
            self._send(frame[6:12], ARP, answer)
        elif kind == IPV4 and frame[23] == 1 and frame[30:34] == self.address:
            (length,) = struct.unpack(">H", frame[16:18])
            self._ping(frame, frame[34 : 14 + length])

    def _ping(self, frame: bytes, icmp: bytes) -> None:
        if checksum(icmp):
            return
        source = frame[6:12]
        if icmp[0] == 8:
            self._send(source, IPV4, self._packet(frame[26:30], 0, icmp[4:8], icmp[8:]))
            self._send(source, IPV4, self._packet(frame[26:30], 8, struct.pack(">HH", 0xBEEF, 1), self.ping_data))
        elif icmp[0] == 0:
            right = icmp[4:6] == b"\xbe\xef" and icmp[8:] == self.ping_data
            self._send(source, EXPERIMENT, bytes([right]))
            self.cable.plug(False, after="1ms")

    def _packet(self, to: bytes, kind: int, ids: bytes, data: bytes) -> bytes:
        icmp = bytes([kind, 0, 0, 0]) + ids + data
        icmp = icmp[:2] + struct.pack(">H", checksum(icmp)) + icmp[4:]
        head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(icmp), 0, 0, 64, 1, 0) + self.address + to
        return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + icmp

    def _send(self, to: bytes, kind: int, data: bytes) -> None:
        self.cable.send(to + self.mac + struct.pack(">H", kind) + data, after=THINKS)
