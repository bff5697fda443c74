"""Snapshots of an ESP32-S3 while a DMA transfer is under way: s3_frame sends pictures by GDMA and SPI2."""

from __future__ import annotations

from pathlib import Path

import pytest

from twins import Image, Twin


@pytest.fixture
def sending(images: Path) -> Twin:
    """A board in the middle of a picture: 320 x 170 pixels of 16 bits take 10.9 ms at 80 MHz."""
    twin = Twin("esp32s3_devkitc", image=Image.load(images / "s3_frame.elf", "esp32s3"))
    sent = twin.symbols["frames"].address
    twin.run_until(lambda: twin.memory.u32(sent) == 2, timeout="500ms")
    twin.run("4ms")
    assert twin.memory.u32(sent) == 2, "the third picture is not out yet"
    return twin


def gdma(twin: Twin) -> list[int]:
    """Where the outgoing links of the five pairs stand: OUT_DSCR of each (ESP-IDF soc/gdma_reg.h)."""
    return [twin.memory.u32(0x6003_F090 + 0xC0 * channel) for channel in range(5)]


def test_a_fork_in_the_middle_of_a_transfer_goes_on_alike(sending: Twin) -> None:
    with sending.fork() as fork:
        assert gdma(fork) == gdma(sending)
        assert any(gdma(fork)), "a channel stands at a descriptor"
        for twin in (sending, fork):
            twin.run("30ms")
        assert fork.trace.sha256 == sending.trace.sha256
        assert fork.instructions == sending.instructions


def test_a_stored_snapshot_goes_on_alike(sending: Twin) -> None:
    snapshot = sending.snapshot()
    sending.run("30ms")
    again = Twin.from_snapshot(snapshot)
    again.run("30ms")
    assert again.trace.sha256 == sending.trace.sha256
    sending.restore(snapshot)
    sending.run("30ms")
    assert again.trace.sha256 == sending.trace.sha256
