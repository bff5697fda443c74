"""An RP2040 whose processors are elsewhere: interrupts, DMA, resets, flash and time, by the datasheet's sections."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from bridge_client import NEVER, Client, Program
from bridge_twin import connected, lent

from twins import Twin, _engine

IMAGES = Path(__file__).parents[2] / "firmware" / "images"

CLEAR = 0x3000
RESETS = 0x4000_C000
PSM_FRCE_OFF, PSM_WDSEL = 0x4001_0004, 0x4001_0008
TIMERAWL, ALARM0, TIMER_INTR, TIMER_INTE = (0x4005_4000 + offset for offset in (0x28, 0x10, 0x34, 0x38))
WATCHDOG_CTRL, WATCHDOG_TICK = 0x4005_8000, 0x4005_802C
DMA = 0x5000_0000
DMA_INTR, DMA_INTE0 = DMA + 0x400, DMA + 0x404
FIFO_ST, FIFO_WR, FIFO_RD = (0xD000_0000 + offset for offset in (0x50, 0x54, 0x58))
SRAM, FLASH = 0x2000_0000, 0x1000_0000

# The encoder of the media_controller board: A and B.
KNOB = 0b11 << 10

# Interrupt lines, 2.3.2.
TIMER_IRQ_0, DMA_IRQ_0, SIO_IRQ_PROC1 = 1 << 0, 1 << 11, 1 << 16


def played(program: Program, until: int = 10**9) -> tuple[_engine.Engine, Client]:
    """A chip after a program."""
    chip = _engine.Engine.rp2040(1 << 21)
    with connected(chip, "rp2040", program) as (server, client):
        while server.run(until)[0] != "time":
            pass
        return chip, client


def test_a_client_is_told_of_an_interrupt_at_its_moment() -> None:
    """4.6.3: an alarm fires when the timer's low word is it; 4.7.2: a tick each 13 cycles of clk_ref, here 6.5 MHz."""

    def program(client: Client) -> Iterator[int]:
        client.write(RESETS + CLEAR, 1 << 21)
        client.write(WATCHDOG_TICK, 1 << 9 | 13)
        yield 10**8
        client.write(TIMER_INTE, 1)
        client.write(ALARM0, client.read(TIMERAWL) + 100)
        assert client.next - client.now == pytest.approx(200 * 10**6, abs=2 * 10**6)
        due = client.next
        client.advance(due - 200_000)
        assert client.lines == [0, 0]
        client.advance(due)
        assert client.lines == [TIMER_IRQ_0, TIMER_IRQ_0]
        client.write(TIMER_INTR, 1)
        assert client.lines == [0, 0]
        assert client.next == NEVER
        yield NEVER

    played(program)


def test_dma_moves_what_is_in_the_clients_memory() -> None:
    """2.5.7: READ_ADDR, WRITE_ADDR, TRANS_COUNT, CTRL_TRIG: INCR_READ, INCR_WRITE, DATA_SIZE word, TREQ permanent."""
    words = 3000

    def program(client: Client) -> Iterator[int]:
        memory = client.memories[SRAM]
        memory[0x100 : 0x100 + 4 * words] = np.arange(words, dtype="<u4").tobytes()
        memory[0x1_0000:0x1_8000] = b"\xee" * 0x8000
        client.write(RESETS + CLEAR, 1 << 2)
        client.write(DMA_INTE0, 1)
        ctrl = 0x3F << 15 | 1 << 5 | 1 << 4 | 2 << 2 | 1
        for offset, value in ((0, SRAM + 0x100), (4, SRAM + 0x1_0004), (8, words), (0xC, ctrl)):
            client.write(DMA + offset, value)
        client.fetched.clear()
        client.advance(client.now + 10 * 10**6)
        assert client.lines[0] == 0
        # The processor is as quick to change what is not yet fetched, and what the controller does not write.
        memory[0x100 + 4 * (words - 1) : 0x100 + 4 * words] = b"last"
        memory[0x1_0000:0x1_0004] = b"mine"
        client.advance(client.now + 600 * 10**6)
        assert client.lines[0] == DMA_IRQ_0
        moved = memory[0x1_0000 : 0x1_0008 + 4 * words]
        assert moved[:4] == b"mine"
        assert moved[4:-8] == np.arange(words - 1, dtype="<u4").tobytes()
        assert moved[-8:] == b"last\xee\xee\xee\xee"
        assert all(addr % 1024 == 0 and count == 1024 for addr, count in client.fetched)
        assert len(client.fetched) <= 4 * words // 1024 + 3, "a line is fetched once a request"
        client.write(DMA_INTR, 1)
        assert client.lines[0] == 0
        yield NEVER

    played(program, 10**10)


def test_the_fifo_sends_an_event_and_raises_the_other_processors_line() -> None:
    """2.3.1.4, and table 80: SIO_IRQ_PROC1 is line 16."""

    def program(client: Client) -> Iterator[int]:
        yield 0
        assert client.read(FIFO_ST, core=1) == 0b10
        client.write(FIFO_WR, 0x1234_5678, core=0)
        assert client.events == [0, 1]
        assert client.lines == [0, SIO_IRQ_PROC1]
        assert client.read(FIFO_RD, core=1) == 0x1234_5678
        assert client.lines == [0, 0]
        yield NEVER

    played(program)


def test_processors_are_held_let_go_and_reset() -> None:
    """2.13: FRCE_OFF.PROC1 is bit 16; 4.7: CTRL.TRIGGER restarts what WDSEL selects; 2.4.2.9: SYSRESETREQ."""
    twin = Twin("pico")

    def program(client: Client) -> Iterator[int]:
        assert client.kept == [0, 0]
        client.write(PSM_FRCE_OFF, 1 << 16)
        assert client.kept == [0, 1]
        client.write(PSM_FRCE_OFF, 0)
        assert client.kept == [0, 0]
        yield 10**6
        client.write(PSM_WDSEL, 0x0001_FFFF)
        client.write(WATCHDOG_CTRL, 1 << 31)
        assert client.resets == [(0b11, 3)]
        yield 2 * 10**6
        client.restarted(0)
        yield 3 * 10**6
        client.restarted()
        assert client.resets[1:] == [(0b11, 0)]
        yield NEVER

    with lent(twin, program):
        twin.run("1ms")
    assert [why for _, why in twin.resets] == ["WatchdogForce", "SysResetReq", "PowerOn"]


def rom_table(client: Client) -> dict[str, int]:
    """The ROM's functions by their codes, 2.8.3."""
    rom = client.memories[0]
    at, functions = int.from_bytes(rom[0x14:0x16], "little"), {}
    while code := rom[at : at + 2].decode("latin1").strip("\0"):
        functions[code] = int.from_bytes(rom[at + 2 : at + 4], "little") & ~1
        at += 4
    return functions


def call(client: Client, function: int, *arguments: int) -> list[int]:
    """A function of the ROM by Trap, from an address in SRAM; returns the registers."""
    registers = [*arguments, *(0 for _ in range(13 - len(arguments))), SRAM + 0x4_0000, SRAM + 0x201, 0]
    registers += [1 << 24, SRAM + 0x4_0000, 0, 0, 0, 0]
    while True:
        how, time, registers = client.trap(0, function, registers)
        client.now = max(client.now, time)
        if how == 0:
            # The return that follows the trap is the client's.
            assert registers[15] == function + 2
            return registers


def test_the_roms_functions_program_flash_that_the_client_maps() -> None:
    """2.8.3.1.3: connect, exit XIP, erase, program, flush; a W25Q's sector of 4 KB takes 45 ms to erase, typically."""

    def program(client: Client) -> Iterator[int]:
        functions = rom_table(client)
        assert set(functions.values()) - set(client.traps) == {functions["DT"], functions["DE"], functions["WV"]}
        flash = client.memories[FLASH]
        assert flash[0x1000:0x3000] == bytes(range(256)) * 32
        client.memories[SRAM][0x300:0x500] = b"twins" * 102 + b"!!"
        call(client, functions["IF"])
        call(client, functions["EX"])
        before = client.now
        call(client, functions["RE"], 0x2000, 0x1000, 1 << 16, 0xD8)
        assert 20 * 10**9 < client.now - before < 500 * 10**9
        assert flash[0x1000:0x2000] == bytes(range(256)) * 16
        assert flash[0x2000:0x3000] == b"\xff" * 0x1000
        call(client, functions["RP"], 0x2100, SRAM + 0x300, 0x200)
        call(client, functions["FC"])
        assert flash[0x2100:0x2300] == b"twins" * 102 + b"!!"
        assert flash[0x2000:0x2100] == b"\xff" * 0x100
        # A function of the soft float table: 2.5 + 2.5.
        rom = client.memories[0]
        codes = int.from_bytes(rom[0x16:0x18], "little")
        data = dict(struct.iter_unpack("<2sH", bytes(rom[codes : codes + 4 * 9])))
        add = int.from_bytes(rom[data[b"SF"] : data[b"SF"] + 4], "little") & ~1
        assert call(client, add, 0x4020_0000, 0x4020_0000)[0] == 0x40A0_0000
        yield NEVER

    chip = _engine.Engine.rp2040(1 << 21)
    chip.write_flash(0x1000, bytes(range(256)) * 32)
    with connected(chip, "rp2040", program) as (server, _):
        server.run(10**12)


def test_a_run_that_ends_shows_the_clients_memory() -> None:
    twin = Twin("pico")
    seen: list[bytes] = []

    def program(client: Client) -> Iterator[int]:
        """UART0 on GPIO0 (2.19.2), 8 bits, at any rate: clk_peri from clk_sys (2.15.3.1)."""
        client.memories[SRAM][0x400:0x405] = b"hello"
        client.write(RESETS + CLEAR, 1 << 5 | 1 << 8 | 1 << 22)
        client.write(0x4000_8048, 1 << 11)
        client.write(0x4001_4004, 2)
        for offset, value in ((0x24, 3), (0x28, 0), (0x2C, 0x70), (0x30, 0x301)):
            client.write(0x4003_4000 + offset, value)
        for letter in b"ready\r\n":
            client.write(0x4003_4000, letter)
        yield 10**9
        client.advance(client.now)
        seen.append(bytes(client.memories[SRAM][0x404:0x408]))
        yield NEVER

    with lent(twin, program) as client:
        twin._engine.watch_text(b"ready", 7)
        assert twin._engine.run(10**10)[:2] == ("text", 7)
        assert twin.now < 10**9 <= client.now
        assert twin._engine.read(SRAM + 0x400, 5) == b"hello"
        assert twin._engine.write(SRAM + 0x405, b"???")
        twin.run("2ms")
    assert seen == [b"o???"]


def test_parts_act_at_their_moments_within_one_long_advance() -> None:
    def turned(twin: Twin) -> list[tuple[int, int]]:
        seen: list[tuple[int, int]] = []
        twin.pin_log.listen(lambda at, level: seen.extend(zip(at.tolist(), level.tolist(), strict=True)))
        twin.knob.turn(+3)
        twin.run("300ms")
        twin.pin_log.drain()
        levels, last = [], None
        for at, level in seen:
            if level & KNOB != last:
                last = level & KNOB
                levels.append((at, last))
        return levels[1:]

    def sleeps(_: Client) -> Iterator[int]:
        yield NEVER

    native = Twin("media_controller", image=IMAGES / "media_controller.uf2")
    native.run("300ms")
    snapshot = native.snapshot()
    expected = turned(native)
    twin = Twin.from_snapshot(snapshot)
    with lent(twin, sleeps):
        assert turned(twin) == expected
    assert len(expected) > 10


def test_an_access_that_comes_late_is_carried_out_now_and_said() -> None:
    def program(client: Client) -> Iterator[int]:
        client.write(RESETS + CLEAR, 1 << 21)
        client.write(WATCHDOG_TICK, 1 << 9 | 13)
        client.advance(10**9)
        now = client.read(TIMERAWL, core=0)
        assert client.read(TIMERAWL, core=1, at=10**8) == now
        client.advance(2 * 10**9)
        assert client.read(TIMERAWL) == now + 500
        yield NEVER

    chip, _ = played(program, 3 * 10**9)
    assert chip.unimplemented()["bridge: access late"][0] == 1
    assert any("came with an access for a time that is over" in text for text in chip.take_messages())
