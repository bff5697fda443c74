"""MCPWM under a real image: mxdbg (ESP-IDF 5.3.5) has commands for PWM on three pins, over its USB serial port.

A command is ``mxdbg:``, its number, ``:``, its data, ``:`` and CRC-16/MODBUS with the high byte first; the answer has
the number, a return code of 32 bits and data (the package's own client, mxdbg.py). Channels 0 to 2 are on GPIO16 to
GPIO18; the client counts periods in ticks of 80 MHz, whatever resolution it asks for.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest

from tests.realimages import corpus
from twins import Board, Image, Twin

RUN_STOP = 7
CONFIG = 8
PINS = (16, 17, 18)


def crc16_modbus(data: bytes) -> int:
    """The catalogue of parametrised CRC algorithms (reveng): 0x4B37 for "123456789"."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc


def command(twin: Twin, number: int, data: bytes) -> int:
    """Sends a command and returns the code of the answer."""
    packet = b"mxdbg:" + bytes([number]) + b":" + data + b":"
    start = twin.output_length("usb")
    twin.type_in("usb", packet + crc16_modbus(packet).to_bytes(2, "big"))
    twin.run_until(lambda: twin.output_length("usb") >= start + 12, timeout="100ms", every="1ms")
    answer = twin.output("usb", start)
    assert answer[:8] == b"mxdbg:" + bytes([number]) + b":"
    return int.from_bytes(answer[8:12], "big", signed=True)


def settings(channel: int, pin: int, period: int, duty: int, resolution: int) -> bytes:
    return bytes([channel, pin]) + b"".join(value.to_bytes(4, "big") for value in (period, duty, resolution))


@pytest.fixture(scope="module")
def booted() -> Iterator[Twin]:
    files = corpus.esp32s3("mxdbg")
    lamps = {f"lamp{n}": {"type": "Led", "pin": f"GPIO{pin}"} for n, pin in enumerate((*PINS, 5))}
    board = {"name": "pwm", "chip": "esp32s3", "flash": "16MB", "parts": lamps, "consoles": {"usb": "cdc"}}
    image = Image.load(",".join(f"{offset:#x}={path}" for offset, path in files.items()), "esp32s3")
    with Twin(Board.from_data(board), image=image) as twin:
        twin.run_until(lambda: twin.usb.configured and twin.usb.product == "MXDBG", timeout="2s", every="10ms")
        twin.run("300ms")
        yield twin


@pytest.fixture
def twin(booted: Twin) -> Iterator[Twin]:
    with booted.fork() as fork:
        yield fork


def test_the_check_value_of_the_crc() -> None:
    assert crc16_modbus(b"123456789") == 0x4B37


@pytest.mark.parametrize("channel", [0, 1, 2])
def test_a_channel_is_high_for_a_quarter_until_it_is_stopped(twin: Twin, channel: int) -> None:
    lamp = getattr(twin, f"lamp{channel}")
    assert command(twin, CONFIG, settings(channel, PINS[channel], 8000, 2000, 1_000_000)) == 0
    assert command(twin, RUN_STOP, bytes([channel, 1])) == 0
    twin.run("20ms")
    assert lamp.brightness("10ms") == 0.25
    assert command(twin, RUN_STOP, bytes([channel, 0])) == 0
    changes = len(lamp.changes)
    twin.run("20ms")
    assert len(lamp.changes) <= changes + 2


@pytest.mark.parametrize(("duty", "high"), [(2000, 25_000_000), (7999, 99_987_500), (1, 12_500)])
def test_period_duty_and_pin_are_set_to_the_tick(twin: Twin, duty: int, high: int) -> None:
    """8000 ticks of 12.5 ns are 10 kHz."""
    lamp = twin.lamp3
    assert command(twin, CONFIG, settings(0, 5, 8000, duty, 1_000_000)) == 0
    assert command(twin, RUN_STOP, bytes([0, 1])) == 0
    twin.run("20ms")
    changes = lamp.changes[-40:]
    rises = [at for at, lit in changes if lit]
    assert {later - sooner for sooner, later in pairwise(rises)} == {100_000_000}
    falls = [at for at, lit in changes if not lit]
    assert {(fall - rises[0]) % 100_000_000 for fall in falls} == {high}
