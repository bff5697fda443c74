"""Ethernet: frames between the chip and a part at the other end of the cable."""

from __future__ import annotations

from pathlib import Path

import pytest
from ethernet_host import EthernetHost, checksum

from twins import Board, BoardError, Twin

BROADCAST = b"\xff" * 6
OWN = bytes([0x7C, 0xDF, 0xA1, 0, 0, 3])
# IEEE 802.3: 80 ns a byte at 100 Mbit/s; 8 bytes before the frame, 4 of checksum and 12 of silence behind it.
BYTE, AROUND = 80_000, 24


def board(chip: str) -> Board:
    """A board with nothing but a host at its Ethernet."""
    parts = {"host": {"type": "ethernet_host:EthernetHost"}}
    return Board.from_data({"chip": chip, "flash": "8MB", "parts": parts})


def started(images: Path) -> Twin:
    """The probe `openeth`, which asks for the host and pings it."""
    return Twin(board("esp32s3"), image=images / "s3_probe_openeth.bin", elf=images / "s3_probe_openeth.elf")


def host_of(twin: Twin) -> EthernetHost:
    """The host at its other end."""
    host = twin.parts["host"]
    assert isinstance(host, EthernetHost)
    return host


def test_frames_come_as_bytes_with_their_times(images: Path) -> None:
    twin = started(images)
    twin.run_until(lambda: len(host_of(twin).heard) == 3, timeout="1s", every="100us")
    (asked, arp), (pinged, ping), (_, answer) = host_of(twin).heard
    assert arp[:14] == BROADCAST + OWN + b"\x08\x06"
    assert len(arp) == 60, "short frames are filled up by the MAC"
    assert ping[:14] == EthernetHost.mac + OWN + b"\x08\x00"
    assert len(ping) == 442
    assert checksum(ping[14:34]) == checksum(ping[34:]) == 0
    assert answer[34] == 0
    assert answer[42:98] == EthernetHost.ping_data
    # The answer to ARP took 50 us of the host's and its time on the line; then the probe made up its ping.
    assert pinged - asked >= 50_000_000 + BYTE * (60 + AROUND)
    assert pinged - asked < 100_000_000


def test_a_fork_goes_on_with_its_own_host(images: Path) -> None:
    twin = started(images)
    twin.run_until(lambda: len(host_of(twin).heard) == 1, timeout="1s", every="10us")
    other = twin.fork()
    for each in (twin, other):
        each.run_until(lambda each=each: each.memory.u32("probe_done") == 1, timeout="1s", every="1ms")
    assert len(host_of(twin).heard) == 3
    assert host_of(twin).heard == host_of(other).heard
    assert host_of(twin) is not host_of(other)


def test_nobody_hears_what_is_sent_without_a_cable(images: Path) -> None:
    twin = started(images)
    host_of(twin).cable.plug(False)
    twin.run_until(lambda: twin.memory.u32("probe_done") == 1, timeout="1s", every="1ms")
    assert host_of(twin).heard == []


def test_a_chip_without_ethernet_says_so() -> None:
    with pytest.raises(BoardError, match="host: this chip has no Ethernet"):
        Twin(board("rp2040"))
