"""ESP-NOW of an image of ESP-IDF at function level: peers, sending, callbacks of both generations.

Functions and errors are esp_now.h (v4.4 to v6.0) and the programming guide's chapter "ESP-NOW"; the numbers are in
`twins.radio.idf`. The send callback says what the MAC layer knows: whether the other side acknowledged, and of a
broadcast that it was on the air.

Encrypted peers are counted and limited, and their frames carried in clear: one reaches a receiver that has an
encrypted peer with the same two keys, and no other. That is said once.
"""

from __future__ import annotations

import logging
import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from twins.intercept import Call, Guest
from twins.radio import idf, wifi
from twins.radio.frames import ELEMENT_MAX, FCS, V2_MAX, EspNowFrame, is_group, mac_text
from twins.radio.medium import NOISE, Heard, Packet
from twins.radio.wifi import Wifi
from twins.units import US, Duration

if TYPE_CHECKING:
    from twins.abi import Pointer
    from twins.twin import Twin
    from twins.world import World

log = logging.getLogger("twins")

PEERS_MAX = 20
IN_FLIGHT_MAX = 32
"""How many packets wait before ESP_ERR_ESPNOW_NO_MEM: CONFIG_ESP_WIFI_DYNAMIC_TX_BUFFER_NUM's default."""

_PEER = struct.Struct("<6s16sBxIBxxxI")
_KEY = 16
_DEFAULT_PMK = b"pmk1234567890123"
"""Stands for the one that ESP-IDF does not publish."""


@dataclass(frozen=True)
class Peer:
    """One of the list."""

    mac: bytes
    lmk: bytes
    channel: int
    interface: int
    encrypt: bool
    private: int

    @classmethod
    def read(cls, where: Pointer) -> Peer:
        """`esp_now_peer_info_t`."""
        mac, lmk, channel, interface, encrypt, private = _PEER.unpack(where.read(_PEER.size))
        return cls(mac, lmk, channel, interface, bool(encrypt), private)

    def pack(self) -> bytes:
        """`esp_now_peer_info_t`."""
        return _PEER.pack(self.mac, self.lmk, self.channel, self.interface, self.encrypt, self.private)


class EspNow(Wifi):
    """The ESP-NOW of a twin, ``twin.espnow`` in a world.

    Attributes:
        peers: the list of peers, by address.
        dropped: frames that arrived and that nobody was told of, by reason.
    """

    FUNCTIONS: ClassVar[Mapping[str, tuple[str, ...]]] = {
        **Wifi.FUNCTIONS,
        "esp_now_init": (),
        "esp_now_deinit": (),
        "esp_now_get_version": ("ptr",),
        "esp_now_register_recv_cb": ("u32",),
        "esp_now_unregister_recv_cb": (),
        "esp_now_register_send_cb": ("u32",),
        "esp_now_unregister_send_cb": (),
        "esp_now_send": ("ptr", "ptr", "u32"),
        "esp_now_add_peer": ("ptr",),
        "esp_now_del_peer": ("ptr",),
        "esp_now_mod_peer": ("ptr",),
        "esp_now_set_peer_rate_config": ("ptr", "ptr"),
        "esp_now_get_peer": ("ptr", "ptr"),
        "esp_now_fetch_peer": ("bool", "ptr"),
        "esp_now_is_peer_exist": ("ptr",),
        "esp_now_get_peer_num": ("ptr",),
        "esp_now_set_pmk": ("ptr",),
    }

    def __init__(self, twin: Twin, name: str, world: World) -> None:
        self.dropped: dict[str, int] = {}
        super().__init__(twin, name, world)
        self.attach_part(twin)

    @staticmethod
    def fits(twin: Twin) -> bool:
        """Has the image of this twin ESP-NOW?"""
        return twin.board.chip.name == "esp32s3" and "esp_now_init" in twin.symbols

    def attach_part(self, twin: Twin) -> None:
        """It becomes a part of the twin, so that snapshots of the twin hold it, and takes the functions' place."""
        restored = any(found.name == "esp_now_init" for found in twin.intercepts.values())
        twin.parts["espnow"] = self
        self.mount(twin, "espnow", twin.seed)
        if not restored:
            self.attach_to(twin)

    def _forget(self) -> None:
        super()._forget()
        self.ready = False
        self.peers: dict[bytes, Peer] = {}
        self._fetched = 0
        self._receive = self._send = 0
        self._pmk = _DEFAULT_PMK
        self._in_flight = 0

    @property
    def now_version(self) -> int:
        """Of ESP-NOW."""
        return 2 if self.version >= (5, 4, 0) else 1

    @property
    def longest(self) -> int:
        """Bytes that a frame may carry."""
        if self.now_version == 1:
            return ELEMENT_MAX
        return V2_MAX if self.version >= (5, 4, 2) else 1490

    # esp_now.h

    def esp_now_init(self, call: Call) -> int:
        """Begins with no peers."""
        self._awake()
        if not self.initialised:
            return idf.WIFI_NOT_INIT
        self.ready = True
        return idf.OK

    def esp_now_deinit(self, call: Call) -> int:
        """Forgets peers and callbacks."""
        self._awake()
        self.ready = False
        self.peers = {}
        self._receive = self._send = 0
        return idf.OK

    def esp_now_get_version(self, call: Call, version: Pointer) -> int:
        """1 or 2."""
        if not version:
            return idf.NOW_ARG
        version.write(self.now_version.to_bytes(4, "little"))
        return idf.OK

    def _is_ready(self) -> bool:
        self._awake()
        return self.ready

    def esp_now_register_recv_cb(self, call: Call, function: int) -> int:
        """Who is told of frames."""
        if not self._is_ready():
            return idf.NOW_NOT_INIT
        self._receive = function
        return idf.OK

    def esp_now_unregister_recv_cb(self, call: Call) -> int:
        """Nobody is."""
        return self.esp_now_register_recv_cb(call, 0)

    def esp_now_register_send_cb(self, call: Call, function: int) -> int:
        """Who is told what became of what was sent."""
        if not self._is_ready():
            return idf.NOW_NOT_INIT
        self._send = function
        return idf.OK

    def esp_now_unregister_send_cb(self, call: Call) -> int:
        """Nobody is."""
        return self.esp_now_register_send_cb(call, 0)

    def esp_now_send(self, call: Call, address: Pointer, data: Pointer, length: int) -> int:
        """To a peer, or to all of them."""
        if not self._is_ready():
            return idf.NOW_NOT_INIT
        if not data or not 0 < length <= self.longest:
            return idf.NOW_ARG
        if address:
            peer = self.peers.get(address.read(6))
            peers = [peer] if peer is not None else []
        else:
            peers = list(self.peers.values())
        if not peers:
            return idf.NOW_NOT_FOUND
        for peer in peers:
            error = self._check(peer)
            if error != idf.OK:
                return error
        if self._in_flight + len(peers) > IN_FLIGHT_MAX:
            return idf.NOW_NO_MEM
        for peer in peers:
            self._send_to(peer, data.read(length))
        return idf.OK

    def _check(self, peer: Peer) -> int:
        if self.channel is None or not self.mode >> peer.interface & 1:
            return idf.NOW_IF
        if peer.channel not in (0, self.channel):
            return idf.NOW_CHAN if self.version >= (5, 2, 0) else idf.NOW_ARG
        return idf.OK

    def _send_to(self, peer: Peer, data: bytes) -> None:
        self._in_flight += 1
        version = 2 if len(data) > ELEMENT_MAX else 1
        frame = EspNowFrame(self.macs[peer.interface], peer.mac, data, version, self.world.air.sequence(self))
        key = peer.lmk + self._pmk if peer.encrypt else None
        self.transmit(Packet(frame, self.rate_at(self.world.now), key, peer.interface))

    def esp_now_add_peer(self, call: Call, peer: Pointer) -> int:
        """One more."""
        if not self._is_ready():
            return idf.NOW_NOT_INIT
        if not peer:
            return idf.NOW_ARG
        new = Peer.read(peer)
        if new.mac in self.peers:
            return idf.NOW_EXIST
        return self._list(new)

    def esp_now_mod_peer(self, call: Call, peer: Pointer) -> int:
        """What one is, is different now."""
        if not self._is_ready():
            return idf.NOW_NOT_INIT
        if not peer:
            return idf.NOW_ARG
        new = Peer.read(peer)
        if new.mac not in self.peers:
            return idf.NOW_NOT_FOUND
        return self._list(new)

    def _list(self, new: Peer) -> int:
        others = [peer for peer in self.peers.values() if peer.mac != new.mac]
        if new.interface > 1 or new.channel > 14 or (new.encrypt and is_group(new.mac)):
            return idf.NOW_ARG
        if len(others) >= PEERS_MAX or (new.encrypt and self._encrypted(others) >= self._encrypted_max):
            return idf.NOW_FULL
        if new.encrypt:
            self.refused["encryption"] += 1
            if self.refused["encryption"] == 1:
                log.warning(
                    "%s: %s: peer %s is encrypted: frames are carried in clear, only the keys are compared",
                    Duration(self.now),
                    self.name,
                    mac_text(new.mac),
                )
        self.peers[new.mac] = new
        return idf.OK

    @staticmethod
    def _encrypted(peers: list[Peer]) -> int:
        return sum(peer.encrypt for peer in peers)

    def _peer(self, address: Pointer) -> Peer | int:
        if not self._is_ready():
            return idf.NOW_NOT_INIT
        if not address:
            return idf.NOW_ARG
        return self.peers.get(address.read(6), idf.NOW_NOT_FOUND)

    def esp_now_del_peer(self, call: Call, address: Pointer) -> int:
        """One fewer."""
        peer = self._peer(address)
        if isinstance(peer, int):
            return peer
        del self.peers[peer.mac]
        return idf.OK

    def esp_now_set_peer_rate_config(self, call: Call, address: Pointer, config: Pointer) -> int:
        """The rate for a peer; here it becomes that of all."""
        peer = self._peer(address)
        if isinstance(peer, int):
            return peer
        return self.use_rate(call, config.u32(4)) if config else idf.NOW_ARG

    def esp_now_get_peer(self, call: Call, address: Pointer, told: Pointer) -> int:
        """What one is."""
        peer = self._peer(address)
        if isinstance(peer, int):
            return peer
        if not told:
            return idf.NOW_ARG
        told.write(peer.pack())
        return idf.OK

    def esp_now_fetch_peer(self, call: Call, from_head: bool, told: Pointer) -> int:
        """One after the other, without groups."""
        if not self._is_ready():
            return idf.NOW_NOT_INIT
        if not told:
            return idf.NOW_ARG
        single = [peer for peer in self.peers.values() if not is_group(peer.mac)]
        self._fetched = 0 if from_head else self._fetched
        if self._fetched >= len(single):
            return idf.NOW_NOT_FOUND
        told.write(single[self._fetched].pack())
        self._fetched += 1
        return idf.OK

    def esp_now_is_peer_exist(self, call: Call, address: Pointer) -> bool:
        """Is it on the list?"""
        return self._is_ready() and bool(address) and address.read(6) in self.peers

    def esp_now_get_peer_num(self, call: Call, number: Pointer) -> int:
        """How many, and how many of them encrypted."""
        if not self._is_ready():
            return idf.NOW_NOT_INIT
        if not number:
            return idf.NOW_ARG
        number.write(struct.pack("<II", len(self.peers), self._encrypted(list(self.peers.values()))))
        return idf.OK

    def esp_now_set_pmk(self, call: Call, key: Pointer) -> int:
        """The key of keys."""
        if not self._is_ready():
            return idf.NOW_NOT_INIT
        if not key:
            return idf.NOW_ARG
        self._pmk = key.read(_KEY)
        return idf.OK

    # In the driver's task

    def _drop(self, why: str) -> None:
        self.dropped[why] = self.dropped.get(why, 0) + 1

    def _unwanted(self, heard: Heard) -> str:
        """Why nobody is told of a frame; "" where somebody is."""
        frame, key = heard.packet.frame, heard.packet.key
        if not self.ready or not self._receive:
            return "nobody listens"
        peer = self.peers.get(frame.source)
        if key is not None and (peer is None or not peer.encrypt or peer.lmk + self._pmk != key):
            return "another key"
        return "too long for this version" if len(frame.data) > self.longest else ""

    def _heard_in_task(self, call: Call, heard: Heard) -> Guest | None:
        why = self._unwanted(heard)
        if why:
            self._drop(why)
            return None
        frame, memory, buffer = heard.packet.frame, self.twin.memory, self._buffer
        source, destination, control, info, data = (
            buffer + at for at in (wifi.SOURCE_AT, wifi.DESTINATION_AT, wifi.CONTROL_AT, wifi.INFO_AT, wifi.DATA_AT)
        )
        memory.write(source, frame.source)
        memory.write(destination, frame.destination)
        memory.write(data, frame.data)
        if self.version < (5, 0, 1):
            return call.guest(self._receive, source, data, len(frame.data), then=self._next)
        length = len(frame.encode()) + FCS
        since_start = (heard.at - self.world.moment_of(self.name) + self.twin.now) // US
        memory.write(control, idf.rx_ctrl(heard.rssi, heard.packet.rate, heard.channel, since_start, length, NOISE))
        memory.write(info, struct.pack("<III", source, destination, control))
        return call.guest(self._receive, info, data, len(frame.data), then=self._next)

    def _sent_in_task(self, call: Call, packet: Packet, acknowledged: bool) -> Guest | None:
        self._in_flight -= 1
        if not self._send:
            return None
        frame, memory, buffer = packet.frame, self.twin.memory, self._buffer
        source, destination, info, data = (
            buffer + at for at in (wifi.SOURCE_AT, wifi.DESTINATION_AT, wifi.INFO_AT, wifi.DATA_AT)
        )
        memory.write(destination, frame.destination)
        if self.version < (5, 5, 0):
            return call.guest(self._send, destination, int(not acknowledged), then=self._next)
        body = replace(frame, retry=False).encode()
        memory.write(source, frame.source)
        memory.write(data, body[: wifi.BUFFER_BYTES - wifi.DATA_AT])
        told = idf.tx_info(destination, source, packet.tag, data, len(body) - 24, packet.rate, not acknowledged)
        memory.write(info, told)
        return call.guest(self._send, info, int(not acknowledged), then=self._next)
