"""FT5x06 and FT6x36 touch controllers. Registers are those of the FocalTech application notes."""

from __future__ import annotations

from typing import Any

import pytest

from peripherals import FT5x06
from peripherals.ft5x06 import (
    CIPHER,
    CONTACT,
    DOWN,
    FOCALTECH_ID,
    G_MODE,
    GEST_ID,
    MOVE_RIGHT,
    MOVE_UP,
    PMODE,
    TD_STATUS,
    UP,
)
from twins.bench import Bench
from twins.errors import UsageError


def on_bench(model: str = "FT6236", **options: Any) -> tuple[Bench, FT5x06]:
    bench = Bench()
    panel = bench.add(FT5x06(model, **options))
    bench.run("300ms")
    return bench, panel


def read(bench: Bench, panel: FT5x06, register: int, count: int = 1) -> bytes:
    assert bench.i2c_write(panel.bus, 0x38, [register], stop=False) == [True, True]
    data = bench.i2c_read(panel.bus, 0x38, count)
    assert data is not None
    return data


def fingers(bench: Bench, panel: FT5x06) -> list[tuple[int, int, int, int]]:
    """As a driver decodes them: event, number, x, y."""
    data = read(bench, panel, TD_STATUS, 31)
    found = []
    for place in range(panel.chip.fingers):
        xh, xl, yh, yl = data[1 + 6 * place : 5 + 6 * place]
        if xh != 0xFF:
            found.append((xh >> 6, yh >> 4, (xh & 0xF) << 8 | xl, (yh & 0xF) << 8 | yl))
    return found


@pytest.mark.parametrize(
    ("model", "cipher"),
    [("FT6206", 0x06), ("FT6236", 0x36), ("FT6336U", 0x64), ("FT5206", 0x55)],  # Adafruit_FT6206.h, FT6X36Constants.h
)
def test_the_chip_says_which_one_it_is(model: str, cipher: int) -> None:
    bench, panel = on_bench(model)
    assert read(bench, panel, CIPHER) == bytes([cipher])
    assert read(bench, panel, FOCALTECH_ID) == b"\x11"


def test_it_does_not_answer_before_it_has_started() -> None:
    bench = Bench()
    panel = bench.add(FT5x06())
    assert bench.i2c_write(panel.bus, 0x38, [0]) == [False]
    bench.run("300ms")
    assert bench.i2c_write(panel.bus, 0x38, [0]) == [True, True]


def test_a_touch_goes_from_down_by_contact_to_up() -> None:
    """Event flags: 0 press down, 2 contact, 1 lift up."""
    bench, panel = on_bench()
    assert read(bench, panel, TD_STATUS) == b"\0"
    panel.touch(17, 300)
    assert (read(bench, panel, TD_STATUS), fingers(bench, panel)) == (b"\x01", [(DOWN, 0, 17, 300)])
    bench.run("10ms")
    assert fingers(bench, panel) == [(CONTACT, 0, 17, 300)]
    panel.move(20, 310)
    assert fingers(bench, panel) == [(CONTACT, 0, 20, 310)]
    panel.release()
    assert (read(bench, panel, TD_STATUS), fingers(bench, panel)) == (b"\0", [(UP, 0, 20, 310)])
    bench.run("20ms")
    assert fingers(bench, panel) == []


def test_several_fingers() -> None:
    bench, panel = on_bench("FT5306")
    for number in range(5):
        panel.touch(10 * number, 20 * number, finger=number)
    assert read(bench, panel, TD_STATUS) == b"\x05"
    assert [(number, x, y) for _, number, x, y in fingers(bench, panel)] == [(n, 10 * n, 20 * n) for n in range(5)]
    panel.release(0)
    assert read(bench, panel, TD_STATUS) == b"\x04"
    with pytest.raises(UsageError):
        FT5x06("FT6236").release(1)


def test_int_pulses_for_each_report_in_trigger_mode() -> None:
    """G_MODE 1, as after reset of the FT6236: a pulse for each report, 120 of them a second."""
    bench, panel = on_bench()
    panel.touch(1, 1)
    assert not bench.level(panel.irq)
    bench.run("99us")
    assert not bench.level(panel.irq)
    bench.run("1us")
    assert bench.level(panel.irq)
    bench.run("100ms")
    falls = [at for at, level in bench.edges[panel.irq.pin] if level is False]
    assert len(falls) == 13


def test_int_is_low_while_a_finger_is_on_in_polling_mode() -> None:
    bench, panel = on_bench()
    bench.i2c_write(panel.bus, 0x38, [G_MODE, 0])
    panel.touch(1, 1)
    bench.run("50ms")
    assert not bench.level(panel.irq)
    panel.release()
    assert bench.level(panel.irq)


def test_strokes_are_gestures() -> None:
    """GEST_ID: 10h up, 14h right."""
    bench, panel = on_bench()
    for to, gesture in (((200, 110), MOVE_RIGHT), ((110, 20), MOVE_UP), ((102, 104), 0)):
        panel.touch(100, 100)
        panel.move(*to)
        panel.release()
        assert read(bench, panel, GEST_ID) == bytes([gesture])
        bench.run("20ms")


def test_reset_and_hibernation_silence_it() -> None:
    bench, panel = on_bench()
    bench.i2c_write(panel.bus, 0x38, [PMODE, 3])
    assert bench.i2c_write(panel.bus, 0x38, [0]) == [False]
    bench.set(panel.rst, False)
    bench.run("5ms")
    bench.set(panel.rst, True)
    bench.run("299ms")
    assert bench.i2c_write(panel.bus, 0x38, [0]) == [False]
    bench.run("1ms")
    assert read(bench, panel, PMODE) == b"\0"


def test_registers_that_can_be_written_and_those_that_cannot() -> None:
    bench, panel = on_bench()
    bench.i2c_write(panel.bus, 0x38, [0x80, 40])
    bench.i2c_write(panel.bus, 0x38, [CIPHER, 1])
    assert (read(bench, panel, 0x80), read(bench, panel, CIPHER)) == (b"\x28", b"\x36")


def test_touches_that_cannot_be_are_refused() -> None:
    _, panel = on_bench(width=240, height=320)
    for act in (lambda: panel.touch(240, 0), lambda: panel.touch(0, -1), lambda: panel.move(1, 1)):
        with pytest.raises(UsageError):
            act()
    panel.touch(0, 0)
    with pytest.raises(UsageError):
        panel.touch(1, 1)
    with pytest.raises(UsageError):
        FT5x06("GT911")
