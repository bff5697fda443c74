"""One picture by SPI0, by PIO and by bits that the processor sets: the panel takes the same, byte by byte."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from twins import Twin
from twins.board import Board
from twins.ports import SpiBatch

WAYS = {0: "SPI0", 1: "PIO0", 2: "the processor"}
BOARD = Board.from_data(
    {
        "chip": "rp2040",
        "parts": {
            "lcd": {
                "type": "ST7789",
                "sck": "GPIO18",
                "mosi": "GPIO19",
                "cs": "GPIO17",
                "dc": "GPIO20",
                "rst": "GPIO16",
            }
        },
        "consoles": {"uart0": {"tx": "GPIO0", "rx": "GPIO1"}},
    }
)


def drawn(images: Path, way: int) -> tuple[np.ndarray, bytes, Twin]:
    """The frame and the bytes of one way."""
    twin = Twin(BOARD, image=images / "spi_paths.elf")
    for bit, pin in enumerate(("GPIO2", "GPIO3")):
        twin.pins[pin].drive(way >> bit & 1)
    taken = bytearray()
    received = twin.lcd._received

    def note(batch: SpiBatch) -> None:
        taken.extend(batch.data.tobytes())
        received(batch)

    twin.lcd._received = note
    twin.console.expect_exact(f"drawn by way {way}", timeout="3s")
    twin.run("20ms")
    return twin.lcd.frame, bytes(taken), twin


@pytest.fixture(scope="module")
def expected() -> bytes:
    """What firmware/spi_paths sends, from its source: commands, then the numbers of Numerical Recipes' generator."""
    data = bytearray([0x11, 0x3A, 0x55, 0x2A, 0, 0, 0, 239, 0x2B, 0, 0, 319 >> 8, 319 & 0xFF, 0x2C])
    state = 1
    for _ in range(240 * 320):
        state = (state * 1664525 + 1013904223) & 0xFFFF_FFFF
        data += (state >> 16).to_bytes(2, "big")
    return bytes(data + b"\x29")


@pytest.mark.parametrize("way", WAYS, ids=WAYS.values())
def test_every_way_brings_every_byte_and_breaks_no_rule(images: Path, expected: bytes, way: int) -> None:
    _, taken, twin = drawn(images, way)
    assert taken == expected
    assert dict(twin.lcd.violations) == {}


def test_the_three_ways_give_the_same_picture(images: Path) -> None:
    frames = [drawn(images, way)[0] for way in WAYS]
    assert frames[0].shape == (320, 240, 3)
    assert len(np.unique(frames[0])) > 16
    for frame in frames[1:]:
        assert np.array_equal(frame, frames[0])
