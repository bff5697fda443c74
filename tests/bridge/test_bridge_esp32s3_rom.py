"""The ESP32-S3's ROM at function level for processors that are elsewhere: Traps, as docs/bridge.md has them."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import pytest
from bridge_client import Client, Program, Refused
from bridge_twin import connected, lent

from twins import FirmwareCrashed, Twin, _engine
from twins.errors import BridgeLost

SRAM = 0x3FC8_8000
# ESP-IDF, esp_rom/esp32s3/ld/esp32s3.rom*.ld.
MEMCPY, CRC32_LE = 0x4000_11F4, 0x4000_1C98
BTDM_CONTROLLER_ROM_DATA_INIT = 0x4000_2AA8
RESET = 0x4000_0400
VECBASE = 0x4037_4000
# The order of docs/bridge.md.
PC, A, PS, WINDOWBASE, WINDOWSTART, VECTORS, EXCCAUSE, EXCVADDR, EPC1 = 0, 1, 21, 22, 23, 24, 25, 26, 27
COUNT = 34
# PS: WOE, UM, and CALLINC of a CALL8.
WINDOWED, CALL8 = 1 << 18 | 1 << 5, 2 << 16
HOW = {0: "goes on", 1: "again", 2: "event", 3: "stopped"}


def played(program: Program, until: int = 10**9) -> Client:
    chip = _engine.Engine.esp32s3(4 << 20, 2 << 20, False, None, 0)
    with connected(chip, "esp32s3", program) as (server, client):
        while server.run(until)[0] != "time":
            pass
        return client


def called(*arguments: int, window: int = 3) -> list[int]:
    """Registers at the first instruction of a function that a CALL8 from 0x42001000 called."""
    registers = [0] * COUNT
    registers[PS] = WINDOWED | CALL8
    registers[WINDOWBASE], registers[WINDOWSTART], registers[VECTORS] = window, 1 << window, VECBASE
    registers[A + 1] = SRAM + 0x8000
    registers[A + 8] = 2 << 30 | 0x0200_1003
    registers[A + 10 : A + 10 + len(arguments)] = arguments
    return registers


def test_a_function_works_in_the_clients_memory_and_returns_to_its_caller() -> None:
    def program(client: Client) -> Iterator[int]:
        memory = client.memories[SRAM]
        memory[0x100:0x10D] = b"hello, window"
        how, time, registers = client.trap(0, MEMCPY, called(SRAM + 0x400, SRAM + 0x100, 13))
        assert HOW[how] == "goes on"
        assert client.now < time < client.now + 2 * 10**6
        assert memory[0x400:0x40E] == b"hello, window\0"
        expected = called(SRAM + 0x400, SRAM + 0x100, 13)
        expected[PC] = 0x4200_1003
        # CCOUNT has gone on.
        assert registers[:29] == expected[:29]

        how, _, registers = client.trap(1, CRC32_LE, called(0, SRAM + 0x100, 13, window=15))
        assert registers[A + 10] == zlib.crc32(b"hello, window")
        yield 10**9

    played(program)


def test_the_first_trap_is_behind_the_reset_vector_and_sets_the_processor_up() -> None:
    def program(client: Client) -> Iterator[int]:
        rom = client.memories[0x4000_0000]
        # J: 18 bits of offset from the instruction behind it (ISA RM, J).
        word = int.from_bytes(rom[RESET & 0xFFFF : (RESET & 0xFFFF) + 3], "little")
        assert word & 0x3F == 0x06
        trap = RESET + 4 + (word >> 6 ^ 1 << 17) - (1 << 17)
        assert trap in client.traps
        registers = [0] * COUNT
        _, _, registers = client.trap(0, trap, registers)
        assert registers[PC] == trap + 3
        assert registers[PS] == WINDOWED
        assert (registers[WINDOWBASE], registers[WINDOWSTART], registers[VECTORS]) == (0, 1, 0x4000_0000)
        assert SRAM < registers[A + 1] < 0x3FD0_0000
        yield 10**9

    played(program)


def test_an_access_that_faults_is_an_exception_at_the_call() -> None:
    def program(client: Client) -> Iterator[int]:
        _, _, registers = client.trap(0, MEMCPY, called(SRAM + 0x400, 0x2000_0000, 4))
        # ISA RM 4.4.1: the user vector, XCHAL_USER_VECOFS 0x340; LoadStoreErrorCause 3, as nothing is there.
        assert registers[PC] == VECBASE + 0x340
        assert (registers[EPC1], registers[EXCVADDR]) == (MEMCPY, 0x2000_0000)
        assert registers[EXCCAUSE] == 3
        assert registers[PS] & 1 << 4
        yield 10**9

    played(program)


def test_a_place_inside_a_function_stops_the_run_with_its_name() -> None:
    twin = Twin("esp32s3_devkitc")

    def program(client: Client) -> Iterator[int]:
        assert HOW[client.trap(0, MEMCPY + 4, called())[0]] == "stopped"
        yield 10**12

    with (
        lent(twin, program),
        pytest.raises(FirmwareCrashed, match=r"the ROM function memcpy \+ 0x4 at 0x400011F8 is not modelled"),
    ):
        twin.run("1ms")


def test_a_call_of_the_radios_controller_never_returns() -> None:
    def program(client: Client) -> Iterator[int]:
        assert BTDM_CONTROLLER_ROM_DATA_INIT in client.traps
        how, _, registers = client.trap(0, BTDM_CONTROLLER_ROM_DATA_INIT, called())
        assert HOW[how] == "goes on"
        at = registers[PC] & 0xF_FFFF
        # A J to itself.
        assert int.from_bytes(client.memories[0x4000_0000][at : at + 3], "little") == 0x06 | 0x3_FFFC << 6
        yield 10**9

    played(program)


@pytest.mark.parametrize(
    ("pc", "count", "says"),
    [
        (MEMCPY, 22, "a Trap with 22 registers: the ESP32-S3 has 34"),
        (0x4037_4000, COUNT, "a Trap at 0x40374000, where no function of the ROM is"),
    ],
)
def test_a_trap_that_is_none_is_refused(pc: int, count: int, says: str) -> None:
    def program(client: Client) -> Iterator[int]:
        with pytest.raises(Refused, match=says):
            client.trap(0, pc, [0] * count)
        yield 10**9

    chip = _engine.Engine.esp32s3(4 << 20, 2 << 20, False, None, 0)
    # The connection is over, whoever notices first.
    with connected(chip, "esp32s3", program) as (server, _), pytest.raises((OSError, BridgeLost)):
        server.run(10**9)
