"""SD memory card in a socket, on SPI or on the SD bus.

SD Physical Layer Simplified Specification, version 6.00. The interfaces are `peripherals.sdcard.spi` (chapter 7) and
`peripherals.sdcard.bus` (chapter 4), the card behind them `peripherals.sdcard.card`.

Not modelled: 1.8 V signalling and the speeds that need it, password lock (CMD42), write protection groups (CMD28 to
30), PROGRAM_CSD (CMD27), queues and extensions. Such commands are illegal, as they are for a card that does not have
them, and are counted in `Sdcard.unknown`. The 74 clocks before the first command are not asked for.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from peripherals.sdcard.blocks import Blocks
from peripherals.sdcard.bus import BusSide
from peripherals.sdcard.card import Card
from peripherals.sdcard.registers import cid
from peripherals.sdcard.spi import SpiSide
from twins.buses import SdAnswer, SdBlock, SdTarget, SdWritten
from twins.errors import UsageError
from twins.ports import EVERY_BYTE, DigitalOut, Part, SpiAnswer, SpiTarget
from twins.units import Time, ms, ps, us

__all__ = ["Sdcard"]

MIB = 1 << 20
LARGEST_STANDARD = 2048 * MIB
"""A card of standard capacity has 2 GiB at the most (3.2)."""


class Sdcard(Part):
    """An SD memory card in its socket.

    On a board it is wired either to SPI (``sck``, ``mosi``, ``miso``, ``cs``) or to the SD bus (``clk``, ``cmd``,
    ``d0``, and ``d1`` to ``d3`` for four lines). The socket's switches ``cd`` and ``wp`` connect to ground with a card
    in it, and with a card that may be written.

    Args:
        size: bytes in all. Silicon of high capacity is larger than 2 GB; here any multiple of 512 KiB will do.
        image: contents at first, as bytes or as the path of an image file, which `save` may replace.
        high_capacity: SDHC, whose addresses count blocks; else SDSC.
        inserted: a card is in the socket.
        write_protected: its slider is at LOCK. The card itself does not know.
        serial: the serial number in CID.
        access_time: from a read command to the first byte of data.
        write_time: for which it is busy behind a written block.
        erase_time: for which it is busy behind an erase.
        start_time: from the first ACMD41 until it is ready; 1 s at the most.

    Attributes:
        card: memory and registers.

    >>> from twins.bench import Bench
    >>> bench = Bench(); sd = bench.add(Sdcard(size=1 << 20))
    >>> bench.select(sd.spi, True)
    >>> _ = bench.send(sd.spi, [0x40, 0, 0, 0, 0, 0x95]); bench.send(sd.spi, [0xFF]), sd.read(0, 2)
    (b'\\x01', b'\\x00\\x00')
    """

    spi = SpiTarget(answers=EVERY_BYTE, optional=True)
    bus = SdTarget(optional=True)
    cd = DigitalOut(optional=True)
    wp = DigitalOut(optional=True)

    def __init__(
        self,
        size: int = 64 * MIB,
        image: bytes | bytearray | str | Path = b"",
        *,
        high_capacity: bool = True,
        inserted: bool = True,
        write_protected: bool = False,
        serial: int = 1,
        access_time: Time = us(100),
        write_time: Time = us(500),
        erase_time: Time = ms(1),
        start_time: Time = ms(10),
    ) -> None:
        super().__init__()
        if size <= 0 or size % (MIB // 2) or (size > LARGEST_STANDARD and not high_capacity):
            raise UsageError(
                f"a card of {size} bytes: expected a multiple of 512 KiB, without high_capacity up to 2 GiB"
            )
        self.card = Card(
            Blocks(size, image),
            high_capacity,
            cid(0x74, "TW", "TWINS", (1, 0), serial, (2026, 1)),
            ps(access_time),
            ps(write_time),
            ps(erase_time),
            ps(start_time),
        )
        self.inserted = inserted
        self.write_protected = write_protected
        self._spi = SpiSide(self.card)
        self._bus = BusSide(self.card)

    def power_on(self) -> None:
        if not self.spi.connected and not self.bus.connected:
            raise UsageError(f"{self.label} is on no bus: connect sck, mosi, miso and cs, or clk, cmd and d0")
        self._show()

    # The socket

    def insert(self) -> None:
        """Puts the card in: it gets its supply and starts anew."""
        self.inserted = True
        self.card.reset()
        self._spi.power_on()
        self._bus.power_on()
        self._show()

    def eject(self) -> None:
        """Takes the card out. What was written stays on it."""
        self.inserted = False
        if "miso" in self.spi.pins:
            self.host.drive(self.spi.pins["miso"], None, self.now)
        self._show()

    def _show(self) -> None:
        self.cd.set(False if self.inserted else None)
        self.wp.set(False if self.inserted and not self.write_protected else None)

    # The memory

    def read(self, address: int, count: int) -> bytes:
        """Bytes of the card."""
        return self.card.blocks.read(address, count)

    def write(self, address: int, data: bytes) -> None:
        """Changes bytes of the card behind its firmware's back."""
        self.card.blocks.write(address, data)

    def save(self, path: str | Path) -> None:
        """Writes the whole card to an image file."""
        self.card.blocks.save(path)

    @property
    def unknown(self) -> Counter[str]:
        """How often a command came that the card does not have."""
        return Counter([*self._spi.unknown, *self._bus.unknown])

    # SPI

    @spi.selected
    def _selected(self, at: int, selected: bool) -> None:
        """With CS low the card drives its output from the start; socket and module pull it up else."""
        if not selected:
            self._spi.deselect()
        elif self.inserted and self._spi.in_spi_mode and "miso" in self.spi.pins:
            self.host.drive(self.spi.pins["miso"], not self._spi.is_busy(at), at)

    @spi.answer
    def _exchange(self, at: int, byte: int, dc: bool) -> SpiAnswer | None:
        return SpiAnswer(bytes([self._spi.exchange(at, byte)])) if self.inserted else None

    # SD bus

    @bus.command
    def _command(self, at: int, index: int, argument: int) -> SdAnswer | None:
        return self._bus.command(at, index, argument) if self.inserted else None

    @bus.read
    def _send_block(self, at: int, lines: int) -> SdBlock | None:
        return self._bus.read(at, lines) if self.inserted else None

    @bus.write
    def _take_block(self, at: int, lines: int, data: bytes) -> SdWritten | None:
        return self._bus.write(at, lines, data) if self.inserted else None
