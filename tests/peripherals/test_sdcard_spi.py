"""SD card in SPI mode. Sections are those of the SD Physical Layer Simplified Specification 6.00."""

from __future__ import annotations

from pathlib import Path

import pytest

from peripherals import Sdcard
from peripherals.sdcard.registers import crc7, crc16
from tests.peripherals.sdcard_hosts import MIB, SpiHost
from twins.bench import Bench
from twins.errors import BoardError, UsageError

BLOCK = bytes(range(256)) * 2


def test_the_codes_of_the_examples() -> None:
    """4.5: CRC7 of CMD0, of CMD17 with argument 0 and of an answer to it; CRC16 of 512 bytes of FFh."""
    assert crc7([0x40, 0, 0, 0, 0]) == 0b1001010
    assert crc7([0x51, 0, 0, 0, 0]) == 0b0101010
    assert crc7([0x11, 0, 0, 0x09, 0]) == 0b0110011
    assert crc16(b"\xff" * 512) == 0x7FA1


def test_cmd0_needs_its_crc_to_enter_spi_mode() -> None:
    """7.2.2: the card is in SD mode, where CRC is always checked; 7.2.1: its first answer is R1 in idle state."""
    host = SpiHost(started=False)
    assert host.command(0, crc=0xFF) == b""
    assert host.command(8, 0x1AA) == b""
    assert host.command(0) == b"\x01"


def test_cmd8_echoes_voltage_and_pattern() -> None:
    """4.3.13, 7.3.2.6: R7. A voltage that is not accepted comes back as 0."""
    host = SpiHost(started=False)
    host.command(0)
    assert host.command(8, 0x155, 4) == b"\x01\x00\x00\x01\x55"
    assert host.command(8, 0x2AA, 4) == b"\x01\x00\x00\x00\xaa"


def test_cmd8_checks_its_crc_even_with_checks_off() -> None:
    """7.2.2: CRC of CMD8 is always verified; R1 bit 3."""
    host = SpiHost(started=False)
    host.command(0)
    assert host.command(8, 0x1AA, crc=0x01) == b"\x09"
    assert host.command(58, 0, 4, crc=0x01)[0] == 0x01


def test_only_initialization_commands_in_idle_state() -> None:
    """7.2.1: other commands are illegal: R1 bit 2."""
    host = SpiHost(started=False)
    host.command(0)
    assert host.command(17, 0) == b"\x05"
    assert host.command(9) == b"\x05"


def test_acmd41_takes_its_time() -> None:
    host = SpiHost(started=False, start_time="20ms")
    host.command(0)
    host.command(8, 0x1AA, 4)
    assert host.application(41, 1 << 30) == b"\x01"
    host.bench.run("19ms")
    assert host.application(41, 1 << 30) == b"\x01"
    host.bench.run("1ms")
    assert host.application(41, 1 << 30) == b"\x00"


@pytest.mark.parametrize(("sends_cmd8", "argument"), [(True, 0), (False, 1 << 30)])
def test_a_high_capacity_card_waits_for_a_host_that_knows_it(sends_cmd8: bool, argument: int) -> None:
    """4.2.3: without CMD8 or without HCS a high-capacity card never gets ready."""
    host = SpiHost(started=False)
    host.command(0)
    if sends_cmd8:
        host.command(8, 0x1AA, 4)
    host.application(41, argument)
    host.bench.run("2s")
    assert host.application(41, argument) == b"\x01"


def test_cmd58_shows_the_kind_of_card() -> None:
    """5.1: bit 31 ready, bit 30 CCS, bits 23 to 15 the voltages."""
    host = SpiHost(started=False)
    host.command(0)
    assert host.command(58, 0, 4) == b"\x01\x00\xff\x80\x00"
    host.start()
    assert host.command(58, 0, 4) == b"\x00\xc0\xff\x80\x00"
    standard = SpiHost(high_capacity=False)
    assert standard.command(58, 0, 4) == b"\x00\x80\xff\x80\x00"


def test_csd_of_high_capacity_says_its_size() -> None:
    """5.3.3: memory capacity = (C_SIZE + 1) × 512 KByte, C_SIZE is bits 69 to 48; the CRC7 is its own."""
    host = SpiHost(size=96 * MIB)
    assert host.command(9) == b"\x00"
    csd = host.data(16)
    word = int.from_bytes(csd, "big")
    assert word >> 126 == 1
    assert ((word >> 48 & 0x3F_FFFF) + 1) * 512 * 1024 == 96 * MIB
    assert csd[15] == crc7(csd[:15]) << 1 | 1


@pytest.mark.parametrize("size", [MIB // 2, 8 * MIB, 1024 * MIB, 2048 * MIB])
def test_csd_of_standard_capacity_says_its_size(size: int) -> None:
    """5.3.2: (C_SIZE + 1) × 2^(C_SIZE_MULT + 2) × 2^READ_BL_LEN; bits 73:62, 49:47 and 83:80."""
    host = SpiHost(size=size, high_capacity=False)
    assert host.command(9) == b"\x00"
    word = int.from_bytes(host.data(16), "big")
    assert word >> 126 == 0
    assert ((word >> 62 & 0xFFF) + 1) << ((word >> 47 & 7) + 2) << (word >> 80 & 0xF) == size


def test_cid_holds_the_serial_number() -> None:
    """5.2: PSN is bits 55 to 24."""
    host = SpiHost(serial=0xC0FFEE)
    assert host.command(10) == b"\x00"
    assert int.from_bytes(host.data(16), "big") >> 24 & 0xFFFF_FFFF == 0xC0FFEE


def test_a_block_is_written_and_read() -> None:
    """7.2.3, 7.2.4: addresses count blocks; the data response is 00101b, then the card is busy."""
    host = SpiHost(write_time="200us")
    assert host.command(24, 3) == b"\x00"
    assert host.send(BLOCK) == 0b00101
    assert 600 <= host.wait() <= 625  # 200 µs of bytes of 320 ns
    assert host.sd.read(3 * 512, 512) == BLOCK
    assert host.command(17, 3) == b"\x00"
    assert host.data(512) == BLOCK


def test_data_comes_after_the_access_time() -> None:
    host = SpiHost(access_time="50us")
    host.command(17, 0)
    start = host.bench.now
    host.data(512)
    waited = host.bench.now - start - 515 * 320_000
    assert 49_000_000 <= waited <= 50_000_000  # N_CR and R1 have passed already


def test_standard_capacity_counts_bytes() -> None:
    """4.3.14: byte addresses. A block across a boundary of 512 is misaligned: R1 bit 5."""
    host = SpiHost(high_capacity=False)
    host.sd.write(1024, BLOCK)
    assert host.command(17, 1024) == b"\x00"
    assert host.data(512) == BLOCK
    assert host.command(17, 1000) == b"\x20"
    assert host.command(16, 16) == b"\x00"
    assert host.command(17, 1040) == b"\x00"
    assert host.data(16) == BLOCK[16:32]
    assert host.command(16, 513) == b"\x40"


def test_several_blocks_are_read_until_cmd12() -> None:
    host = SpiHost()
    host.sd.write(512, BLOCK + BLOCK[::-1] + bytes(512))
    assert host.command(18, 1) == b"\x00"
    assert host.data(512) == BLOCK
    assert host.data(512) == BLOCK[::-1]
    assert host.command(12) == b"\x00"
    assert host.bytes(600) == b"\xff" * 600


def test_cs_may_go_high_between_blocks() -> None:
    """As the sdcard driver of micropython-lib does."""
    host = SpiHost()
    host.sd.write(0, BLOCK + BLOCK[::-1])
    host.command(18, 0)
    first = host.data(512)
    host.bench.select(host.sd.spi, False)
    host.bench.select(host.sd.spi, True)
    assert (first, host.data(512)) == (BLOCK, BLOCK[::-1])


def test_several_blocks_are_written_until_the_stop_token() -> None:
    """7.2.4, 7.3.3.2: start token FCh, stop token FDh; ACMD22 counts the blocks."""
    host = SpiHost()
    assert host.command(25, 7) == b"\x00"
    for data in (BLOCK, BLOCK[::-1]):
        assert host.send(data, 0xFC) == 0b00101
        host.wait()
    host.byte(0xFD)
    host.byte()
    assert host.byte() == 0x00
    host.wait()
    assert host.sd.read(7 * 512, 1024) == BLOCK + BLOCK[::-1]
    assert host.application(22) == b"\x00"
    assert host.data(4) == b"\0\0\0\x02"


def test_reading_and_writing_behind_the_end() -> None:
    """7.3.2.1 parameter error; 7.3.3.3: data error token, out of range."""
    host = SpiHost(size=MIB)
    assert host.command(17, 2048) == b"\x40"
    assert host.command(24, 2048) == b"\x40"
    assert host.command(18, 2047) == b"\x00"
    assert host.data(512) == bytes(512)
    assert host.data(512) == b"\x08"


def test_crc_is_checked_when_switched_on() -> None:
    """7.2.2, CMD59; data response 01011b: rejected due to a CRC error."""
    host = SpiHost()
    assert host.command(24, 0) == b"\x00"
    assert host.send(BLOCK, crc=0) == 0b00101
    host.wait()
    assert host.command(59, 1) == b"\x00"
    assert host.command(13, 0, crc=0x01)[:1] == b"\x08"
    assert host.command(24, 1) == b"\x00"
    assert host.send(BLOCK, crc=0) == 0b01011
    assert host.sd.read(512, 512) == bytes(512)


def test_erase() -> None:
    """4.3.5, and DATA_STAT_AFTER_ERASE of SCR: erased bits are 0. CMD38 alone is out of sequence: R1 bit 4."""
    host = SpiHost(image=b"\x11" * 4096)
    assert host.command(38) == b"\x10"
    assert host.command(32, 1) == b"\x00"
    assert host.command(33, 2) == b"\x00"
    assert host.command(38) == b"\x00"
    assert host.wait() > 3000
    assert host.sd.read(511, 1026) == b"\x11" + bytes(1024) + b"\x11"


def test_another_command_breaks_an_erase_off() -> None:
    """4.3.5: R1 bit 1, erase reset."""
    host = SpiHost()
    host.command(32, 1)
    assert host.command(9) == b"\x02"
    host.data(16)
    assert host.command(33, 2) == b"\x10"


def test_scr_and_sd_status() -> None:
    """5.6: bits 51:48 are 0101b (1 and 4 lines), bit 55 the state after erase; 4.10.2: 64 bytes."""
    host = SpiHost()
    assert host.application(51) == b"\x00"
    scr = int.from_bytes(host.data(8), "big")
    assert (scr >> 48 & 0xF, scr >> 55 & 1) == (5, 0)
    assert host.application(13, 0, 1) == b"\x00\x00"
    assert len(host.data(64)) == 64


def test_a_command_that_it_does_not_have() -> None:
    host = SpiHost()
    assert host.command(42) == b"\x04"
    assert host.sd.unknown == {"CMD42": 1}


def test_an_image_file_is_read_and_never_written(tmp_path: Path) -> None:
    path = tmp_path / "card.img"
    path.write_bytes(BLOCK * 4)
    host = SpiHost(size=MIB, image=path)
    host.command(24, 1)
    host.send(b"\xab" * 512)
    assert path.read_bytes() == BLOCK * 4
    host.sd.save(path)
    saved = path.read_bytes()
    assert len(saved) == MIB
    assert saved[:2048] == BLOCK + b"\xab" * 512 + BLOCK * 2
    assert not any(saved[2048:])
    again = SpiHost(size=MIB, image=path)
    assert again.sd.read(512, 512) == b"\xab" * 512


def test_a_snapshot_holds_memory_and_what_is_under_way() -> None:
    host = SpiHost()
    host.sd.write(0, BLOCK)
    host.command(17, 0)
    state = host.sd.state()
    host.sd.write(0, bytes(512))
    copy = SpiHost(started=False)
    copy.sd.restore(state)
    copy.bench.run("10ms")
    assert copy.data(512) == BLOCK


def test_an_empty_socket_is_silent() -> None:
    """CD of the socket connects to ground with a card in it."""
    host = SpiHost(started=False, inserted=False)
    assert host.command(0) == b""
    assert host.bench.level(host.sd.cd)
    host.sd.insert()
    assert not host.bench.level(host.sd.cd)
    host.start()
    host.sd.eject()
    assert host.command(13) == b""


def test_what_cannot_be_a_card_is_refused() -> None:
    for size, high_capacity in ((1000, True), (0, True), (4096 * MIB, False)):
        with pytest.raises(UsageError):
            Sdcard(size, high_capacity=high_capacity)
    with pytest.raises(UsageError):
        Sdcard(MIB, image=bytes(2 * MIB))
    with pytest.raises(BoardError, match="'clk' is not connected"):
        Bench().add(Sdcard(), without=["clk"])
    with pytest.raises(UsageError, match="on no bus"):
        Bench().add(Sdcard(), without=["sck", "mosi", "miso", "cs", "clk", "cmd", "d0", "d1", "d2", "d3"])
