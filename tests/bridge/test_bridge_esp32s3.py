"""An ESP32-S3 whose processors are elsewhere: interrupts, GDMA, what the window of flash and PSRAM shows, resets."""

from __future__ import annotations

from collections.abc import Iterator

from bridge_client import Client, Program
from bridge_twin import connected, lent

from twins import Twin, _engine

# TRM, chapter "System and Memory"; ESP-IDF soc/reg_base.h and the blocks' *_reg.h.
SYSTIMER = 0x6002_3000
CONF, TARGET0_CONF, COMP0_LOAD, INT_ENA, INT_CLR = (SYSTIMER + at for at in (0x00, 0x34, 0x50, 0x64, 0x6C))
PRO_MAP, APP_MAP = 0x600C_2000, 0x600C_2800
SYSTIMER_TARGET0, FROM_CPU_0 = 57, 79
CORE_1_CONTROL_0, CPU_INTR_FROM_CPU_0 = 0x600C_0000, 0x600C_0030
PERIP_CLK_EN1, PERIP_RST_EN1 = 0x600C_001C, 0x600C_0024
GDMA = 0x6003_F000
MMU = 0x600C_5000
INVALID, PSRAM = 1 << 14, 1 << 15
RTC_OPTIONS0 = 0x6000_8000
SRAM, WINDOW = 0x3FC8_8000, 0x3C00_0000
PAGE = 0x1_0000


def played(program: Program, until: int = 10**9) -> Client:
    chip = _engine.Engine.esp32s3(4 << 20, 2 << 20, False, None, 0)
    chip.write_flash(0x3_0000, bytes(range(256)) * 256)
    with connected(chip, "esp32s3", program) as (server, client):
        while server.run(until)[0] != "time":
            pass
        return client


def test_the_interrupt_matrix_is_ours_and_its_lines_are_told() -> None:
    def program(client: Client) -> Iterator[int]:
        assert client.kept == [0, 1]
        client.write(PRO_MAP + 4 * SYSTIMER_TARGET0, 9)
        client.write(APP_MAP + 4 * SYSTIMER_TARGET0, 23)
        client.write(TARGET0_CONF, 1 << 30 | 1600)
        client.write(COMP0_LOAD, 1)
        client.write(INT_ENA, 1)
        client.write(CONF, client.read(CONF) | 1 << 24)
        # 16 MHz: a period of 1600 ticks is 100 us.
        assert abs(client.next - client.now - 100 * 10**6) < 10**6
        due = client.next
        client.advance(due - 10**5)
        assert client.lines == [0, 0]
        client.advance(due)
        assert client.lines == [1 << 9, 1 << 23]
        client.write(INT_CLR, 1)
        assert client.lines == [0, 0]
        client.write(PRO_MAP + 4 * FROM_CPU_0, 4)
        client.write(CPU_INTR_FROM_CPU_0, 1, core=1)
        assert client.lines == [1 << 4, 0]
        yield 10**9

    played(program)


def test_the_second_processor_is_held_stalled_and_let_go() -> None:
    """SYSTEM_CORE_1_CONTROL_0: RESETING 2, CLKGATE_EN 1, RUNSTALL 0."""

    def program(client: Client) -> Iterator[int]:
        seen = []
        for value in (0b110, 0b010, 0b011, 0b010, 0b110):
            client.write(CORE_1_CONTROL_0, value)
            seen.append(client.kept[1])
        assert seen == [1, 0, 2, 0, 1]
        assert client.kept[0] == 0
        yield 10**9

    played(program)


def test_gdma_goes_through_lists_in_the_clients_memory() -> None:
    """TRM 3.4.5: memory to memory by a pair of channels; the descriptor of ESP-IDF hal/dma_types.h."""

    def program(client: Client) -> Iterator[int]:
        memory = client.memories[SRAM]
        sent = bytes(range(200)) * 10
        memory[0x1000:0x17D0] = sent

        def descriptor(at: int, flags: int, buffer: int, length: int) -> None:
            word = 1 << 31 | flags | length << 12 | length
            memory[at : at + 12] = word.to_bytes(4, "little") + buffer.to_bytes(4, "little") + bytes(4)

        descriptor(0x100, 1 << 30, SRAM + 0x1000, 2000)
        descriptor(0x200, 0, SRAM + 0x4000, 2000)
        client.write(PERIP_CLK_EN1, client.read(PERIP_CLK_EN1) | 1 << 6)
        client.write(PERIP_RST_EN1, client.read(PERIP_RST_EN1) & ~(1 << 6))
        client.write(GDMA + 0x00, 1 << 4)
        client.write(GDMA + 0x20, (SRAM + 0x200) & 0xF_FFFF | 1 << 22)
        client.write(GDMA + 0x80, (SRAM + 0x100) & 0xF_FFFF | 1 << 21)
        client.advance(client.now + 10**9)
        assert memory[0x4000:0x47D0] == sent
        assert memory[0x47D0] == 0
        yield 2 * 10**9

    played(program, 2 * 10**9)


def test_the_window_shows_what_the_mmus_table_says() -> None:
    """TRM 4.3.3: an entry is a page number, bit 14 invalid, bit 15 PSRAM."""

    def program(client: Client) -> Iterator[int]:
        window = client.memories[WINDOW]
        client.write(MMU + 4 * 5, 3)
        assert window[5 * PAGE : 6 * PAGE] == bytes(range(256)) * 256
        # PSRAM keeps what the processors stored, wherever it is shown.
        client.write(MMU + 4 * 7, PSRAM | 1)
        assert window[7 * PAGE : 8 * PAGE] == bytes(PAGE)
        window[7 * PAGE : 7 * PAGE + 5] = b"psram"
        client.write(MMU + 4 * 7, INVALID)
        client.write(MMU + 4 * 5, PSRAM | 1)
        assert window[5 * PAGE : 5 * PAGE + 6] == b"psram\0"
        assert client.read(MMU + 4 * 5) == PSRAM | 1
        yield 10**9

    played(program)


def test_resets_are_told_with_their_cause() -> None:
    """RTC_CNTL_OPTIONS0: SW_PROCPU_RST 5, SW_SYS_RST 31; causes of ESP-IDF soc/reset_reasons.h."""
    twin = Twin("esp32s3_devkitc")

    def program(client: Client) -> Iterator[int]:
        yield 10**6
        client.write(RTC_OPTIONS0, client.read(RTC_OPTIONS0) | 1 << 5)
        assert client.resets == [(0b01, 0x0C)]
        yield 2 * 10**6
        client.write(RTC_OPTIONS0, 1 << 31)
        assert client.resets[1:] == [(0b11, 0x03)]
        yield 3 * 10**6
        client.restarted()
        assert client.resets[2:] == [(0b11, 0x01)]
        yield 10**12

    with lent(twin, program):
        twin.run("1ms")
    assert [why for _, why in twin.resets] == ["CpuSoftware", "CoreSoftware", "PowerOn"]
