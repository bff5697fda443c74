"""SD card on the SD bus. Sections are those of the SD Physical Layer Simplified Specification 6.00."""

from __future__ import annotations

from tests.peripherals.sdcard_hosts import MIB, BusHost

BLOCK = bytes(range(256)) * 2
IDLE, READY, IDENT, STBY, TRAN, DATA, RCV, PRG = range(8)


def test_identification() -> None:
    """4.2.3: CMD8, ACMD41, CMD2, CMD3; R6 carries the address and the state in which the command came."""
    host = BusHost(started=False)
    assert host.command(0) is None
    assert host.command(8, 0x1AA) == 0x1AA
    assert host.application(41, 0) == 0x00FF_8000
    assert host.application(41, 0x40FF_8000) == 0x00FF_8000
    host.bench.run("10ms")
    assert host.application(41, 0x40FF_8000) == 0xC0FF_8000
    assert host.command(2) is not None
    r6 = host.command(3) or 0
    assert (r6 >> 16 != 0, r6 >> 9 & 0xF) == (True, IDENT)
    host.rca = r6 >> 16
    assert host.state == STBY
    assert host.command(7, host.rca << 16) is not None
    assert host.state == TRAN
    assert host.command(7, 0) is None
    assert host.state == STBY


def test_an_inquiry_does_not_start_the_card() -> None:
    """4.2.3.1: ACMD41 with a voltage window of 0 only asks for OCR."""
    host = BusHost(started=False)
    host.command(0)
    host.command(8, 0x1AA)
    host.application(41, 0)
    host.bench.run("1s")
    assert (host.application(41, 0x40FF_8000) or 0) >> 31 == 0


def test_an_illegal_command_has_no_answer_and_is_told_of_later() -> None:
    """4.10.1: ILLEGAL_COMMAND is bit 22, cleared by reading."""
    host = BusHost()
    assert host.command(2) is None
    assert (host.command(13, host.rca << 16) or 0) >> 22 & 1 == 1
    assert (host.command(13, host.rca << 16) or 0) >> 22 & 1 == 0
    assert host.command(42) is None
    assert host.sd.unknown == {"CMD42": 1}


def test_csd_and_cid_in_standby_only() -> None:
    host = BusHost()
    assert host.command(9, host.rca << 16) is None
    host.command(7, 0)
    csd = host.command(9, host.rca << 16) or 0
    assert ((csd >> 48 & 0x3F_FFFF) + 1) * 512 * 1024 == 64 * MIB
    assert host.command(10, (host.rca + 1) << 16) is None


def test_blocks_on_one_and_four_lines() -> None:
    """4.3.3, ACMD6: argument 2 is four lines. Data on other lines than the card uses does not arrive."""
    host = BusHost()
    host.sd.write(512, BLOCK)
    assert host.command(17, 1) is not None
    assert host.read(4) is None
    assert host.read(1) == BLOCK
    assert host.state == TRAN
    host.application(6, 2)
    host.command(17, 1)
    assert host.read(1) is None
    assert host.read(4) == BLOCK
    host.command(24, 2)
    assert host.write(BLOCK, 1) is False
    assert host.write(BLOCK, 4) is True
    assert host.sd.read(1024, 512) == BLOCK
    assert host.state == PRG
    host.bench.run("500us")
    assert host.state == TRAN


def test_several_blocks_until_cmd12() -> None:
    host = BusHost()
    host.sd.write(0, BLOCK * 3)
    host.command(18, 0)
    assert (host.read(), host.read(), host.state) == (BLOCK, BLOCK, DATA)
    assert host.command(12) is not None
    assert host.state == TRAN
    host.command(25, 8)
    assert (host.write(BLOCK), host.write(BLOCK[::-1]), host.state) == (True, True, RCV)
    before = host.bench.now
    host.command(12)
    assert host.bench.now > before
    assert host.state == TRAN
    assert host.sd.read(8 * 512, 1024) == BLOCK + BLOCK[::-1]


def test_a_block_count_ends_a_transfer_by_itself() -> None:
    """4.3.3, 4.3.4, CMD23."""
    host = BusHost()
    host.command(23, 2)
    host.command(18, 0)
    host.read()
    assert host.state == DATA
    host.read()
    assert host.state == TRAN
    assert host.read() is None
    host.command(23, 1)
    host.command(25, 0)
    host.write(BLOCK)
    host.bench.run("1ms")
    assert host.state == TRAN


def test_addresses_behind_the_end() -> None:
    """4.10.1: OUT_OF_RANGE is bit 31, and no data follows."""
    host = BusHost(size=MIB)
    assert (host.command(17, 2048) or 0) >> 31 == 1
    assert host.read() is None
    assert host.state == TRAN
    host.command(18, 2047)
    assert host.read() == bytes(512)
    assert host.read() is None
    assert (host.command(12) or 0) >> 31 == 1


def test_cmd6_checks_and_switches() -> None:
    """4.3.10.4: bits 415:400 are the functions of group 1, 379:376 the one that is selected, Fh where it cannot be."""
    host = BusHost()
    host.command(6, 0x00FF_FFF1)
    status = int.from_bytes(host.read() or b"", "big")
    assert (status >> 400 & 0xFFFF, status >> 376 & 0xF) == (0x8003, 1)
    assert not host.sd.card.high_speed
    host.command(6, 0x80FF_FFF3)
    assert int.from_bytes(host.read() or b"", "big") >> 376 & 0xF == 0xF
    assert not host.sd.card.high_speed
    host.command(6, 0x80FF_FFF1)
    host.read()
    assert host.sd.card.high_speed
    host.command(7, 0)
    assert (host.command(9, host.rca << 16) or 0) >> 96 & 0xFF == 0x5A  # TRAN_SPEED: 50 MHz


def test_registers_as_data() -> None:
    host = BusHost()
    host.application(51)
    assert len(host.read() or b"") == 8
    host.application(6, 2)
    host.application(13)
    status = host.read(4) or b""
    assert (len(status), status[0] >> 6) == (64, 2)  # 4.10.2: DAT_BUS_WIDTH


def test_erase() -> None:
    host = BusHost(image=b"\x11" * 2048)
    host.command(32, 1)
    host.command(33, 1)
    assert host.command(38) is not None
    assert host.sd.read(511, 514) == b"\x11" + bytes(512) + b"\x11"
    assert host.state == TRAN


def test_an_inactive_card_is_silent_until_it_is_put_in_anew() -> None:
    host = BusHost()
    host.command(15, host.rca << 16)
    assert host.command(0) is None
    assert host.command(13, host.rca << 16) is None
    host.sd.eject()
    host.sd.insert()
    host.rca = 0
    host.start()
    assert host.state == TRAN
