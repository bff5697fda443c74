"""The bench images of the ESP32-S3 do what their sources say."""

from __future__ import annotations

from pathlib import Path

from twins import Twin

IMAGES = Path(__file__).parent.parent / "firmware" / "images"
# The result of firmware/bench/esp32s3/mix.c, compiled for another processor.
MIX_CRC = 0x2ADD


def run(name: str, time: str) -> Twin:
    """A twin that has run an image from power-on, loaded by its ROM."""
    image = IMAGES / f"s3_{name}"
    twin = Twin("esp32s3_devkitc", image=image.with_suffix(".bin"), elf=image.with_suffix(".elf"))
    twin.run(time)
    return twin


def test_both_cores_turn_the_same_loop() -> None:
    alone = run("tight_loop", "30ms").memory.u32("tight_loop_counter")
    both = run("dual_busy", "30ms").memory
    assert alone > 100_000
    for core in (0, 1):
        assert abs(both.u32(f"dual_busy_counter_{core}") - alone) < alone // 10


def test_the_mix_gives_the_result_of_another_processor() -> None:
    memory = run("mix", "40ms").memory
    assert memory.u32("mix_rounds") > 20
    assert (memory.u32("mix_crc"), memory.u32("mix_wrong")) == (MIX_CRC, 0)


def test_idle_is_idle_for_seconds() -> None:
    twin = run("idle", "3100ms")
    assert twin.memory.u32("idle_seconds") == 3


def test_a_frame_takes_the_time_of_its_bits() -> None:
    """320 x 170 pixels of 16 bits at 80 MHz: 10.88 ms."""
    twin = run("frame", "30ms")
    before = twin.memory.u32("frames")
    twin.run("1088ms")
    assert 96 <= twin.memory.u32("frames") - before <= 100
