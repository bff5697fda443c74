"""What a native twin's processors did, done again from the other end of a bridge.

Every load gives the same, and what is seen on pins, buses and consoles is the same.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from bridge_recorder import program, record
from bridge_twin import lent
from numpy.typing import NDArray

from twins import Twin

IMAGES = Path(__file__).parents[2] / "firmware" / "images"

# A block that goes on by itself after a store does so when the store's instruction is over, which a client does not
# tell: up to so many cycles later than here.
INSTRUCTION = 5

ENTRY = "entry"
"""Instead of a time: where the image begins."""

Log = tuple[NDArray[np.uint64], NDArray[np.uint64]]


def log_of(twin: Twin) -> Log:
    at, level = twin._engine.take_log()
    return np.frombuffer(at, "<u8"), np.frombuffer(level, "<u8")


def run(twin: Twin, until: int) -> None:
    """As the recorder runs: nobody looks on between."""
    while twin._engine.run(until)[0] != "time":
        pass


def run_to_entry(twin: Twin, image: Path) -> None:
    """To where the ROM jumps to: the second word of an image of Espressif's (ESP-IDF, App Image Format)."""
    entry = int.from_bytes(image.read_bytes()[4:8], "little")
    twin._engine.set_breakpoint(entry)
    assert twin._engine.run(10**12)[:2] == ("breakpoint", entry)
    twin._engine.clear_breakpoint(entry)


def both(board: str, image: str, start: str, end: int) -> tuple[Twin, Twin, Log, Log, list[str]]:
    """A twin that ran natively from `start` to `end` ms, one that was lent, what their pins did, loads that differ."""
    native = Twin(board, image=IMAGES / image)
    if start == ENTRY:
        run_to_entry(native, IMAGES / image)
    else:
        native.run(start)
    snapshot = native.snapshot()
    native._engine.keep_log(True)
    done = record(native, end * 10**9)
    assert 100 < len(done) < 20_000
    differ: list[str] = []
    twin = Twin.from_snapshot(snapshot)
    twin._engine.keep_log(True)
    with lent(twin, program(done, differ)):
        run(twin, end * 10**9)
        seen = log_of(twin)
    return native, twin, log_of(native), seen, differ


@pytest.mark.parametrize(
    ("board", "image", "start", "end"),
    [
        # From power-on: the ROM's functions by Trap, second stage, UARTs.
        pytest.param("pico", "probe_uart.uf2", "0ms", 9, id="rp2040-boot"),
        # The controller's transfers from and to the client's SRAM.
        pytest.param("pico", "probe_dma.uf2", "0ms", 30, id="rp2040-dma"),
        pytest.param("pico", "probe_multicore.uf2", "0ms", 30, id="rp2040-multicore"),
        pytest.param("pico", "probe_timer.uf2", "0ms", 9, id="rp2040-timer"),
        pytest.param("esp32s3_devkitc", "s3_probe_gpio.bin", ENTRY, 60, id="esp32s3-gpio"),
        # Linked lists and buffers in the client's SRAM.
        pytest.param("esp32s3_devkitc", "s3_probe_gdma.bin", ENTRY, 60, id="esp32s3-gdma"),
    ],
)
def test_the_same_accesses_show_the_same_outside(board: str, image: str, start: str, end: int) -> None:
    native, twin, log, seen, differ = both(board, image, start, end)
    assert not differ
    assert np.array_equal(log[0], seen[0])
    assert np.array_equal(log[1], seen[1])
    assert native._engine.trace_sha256() == twin._engine.trace_sha256()


@pytest.mark.parametrize(
    ("board", "image", "start", "end", "hertz"),
    [
        pytest.param("pico", "probe_i2c.uf2", "8ms", 9, 125e6, id="rp2040-i2c"),
    ],
)
def test_blocks_that_go_on_by_themselves_do_so_within_an_instruction(
    board: str, image: str, start: str, end: int, hertz: float
) -> None:
    _, _, log, seen, differ = both(board, image, start, end)
    assert not differ
    assert np.array_equal(log[1], seen[1])
    assert np.abs(log[0].astype(np.int64) - seen[0].astype(np.int64)).max() <= INSTRUCTION * 1e12 / hertz


def test_a_picture_drawn_over_the_bridge_is_the_native_one() -> None:
    def drawn(twin: Twin) -> NDArray[np.uint8]:
        return np.array(twin.lcd.frame)

    native = Twin("media_controller", image=IMAGES / "media_controller.uf2")
    # The end of drawing, and the command that turns the display on.
    native.run("212.5ms")
    snapshot = native.snapshot()
    before = drawn(native)
    done = record(native, native.now + 400 * 10**6)
    differ: list[str] = []
    twin = Twin.from_snapshot(snapshot)
    with lent(twin, program(done, differ)):
        run(twin, native.now)
    assert not differ
    assert not np.array_equal(before, drawn(native))
    assert np.array_equal(drawn(twin), drawn(native))
    assert native._engine.trace_sha256() == twin._engine.trace_sha256()
