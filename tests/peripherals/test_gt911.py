"""GT911 touch controller.

Registers are those of Goodix's GT911 Programming Guide, used in the order of Espressif's esp_lcd_touch_gt911.
"""

from __future__ import annotations

from typing import Any

import pytest

from peripherals import GT911
from peripherals.gt911 import COMMAND, CONFIG, CONFIG_CHKSUM, PRODUCT_ID, REFRESH_RATE, SCREEN_OFF, STATUS
from twins.bench import Bench
from twins.errors import UsageError


def on_bench(**options: Any) -> tuple[Bench, GT911]:
    bench = Bench()
    panel = bench.add(GT911(320, 240, **options))
    bench.run("10ms")
    return bench, panel


def read(bench: Bench, panel: GT911, register: int, count: int = 1) -> bytes:
    address = panel.addresses[0]
    assert all(bench.i2c_write(panel.bus, address, [register >> 8, register & 0xFF], stop=False))
    data = bench.i2c_read(panel.bus, address, count)
    assert data is not None
    return data


def write(bench: Bench, panel: GT911, register: int, value: int) -> None:
    assert all(bench.i2c_write(panel.bus, panel.addresses[0], [register >> 8, register & 0xFF, value]))


def report(bench: Bench, panel: GT911) -> list[tuple[int, int, int]] | None:
    """As a driver takes a report: track id, x, y; None where there is none."""
    status = read(bench, panel, STATUS)[0]
    if not status & 0x80:
        return None
    data = read(bench, panel, STATUS + 1, 40)
    write(bench, panel, STATUS, 0)
    points = (data[8 * n : 8 * n + 8] for n in range(status & 0xF))
    return [(p[0], p[1] | p[2] << 8, p[3] | p[4] << 8) for p in points]


def test_it_says_what_it_is() -> None:
    bench, panel = on_bench()
    assert read(bench, panel, PRODUCT_ID, 4) == b"911\0"
    assert read(bench, panel, PRODUCT_ID + 6, 4) == bytes([0x40, 0x01, 0xF0, 0x00])


def test_the_configuration_has_a_right_sum() -> None:
    bench, panel = on_bench()
    config = read(bench, panel, CONFIG, CONFIG_CHKSUM + 1 - CONFIG)
    assert sum(config) & 0xFF == 0
    assert config[1:5] == bytes([0x40, 0x01, 0xF0, 0x00])


def test_fingers_are_told_and_then_that_there_are_none() -> None:
    bench, panel = on_bench()
    assert report(bench, panel) is None
    panel.touch(10, 20)
    panel.touch(319, 239, finger=1)
    bench.run("11ms")
    assert report(bench, panel) == [(0, 10, 20), (1, 319, 239)]
    assert report(bench, panel) is None, "taken"
    panel.release(1)
    panel.move(300, 5)
    bench.run("11ms")
    assert report(bench, panel) == [(0, 300, 5)]
    panel.release()
    bench.run("11ms")
    assert report(bench, panel) == []
    bench.run("50ms")
    assert report(bench, panel) is None


def test_a_report_stays_until_it_is_taken() -> None:
    bench, panel = on_bench()
    panel.touch(10, 20)
    bench.run("11ms")
    panel.move(30, 40)
    bench.run("30ms")
    assert report(bench, panel) == [(0, 10, 20)]
    bench.run("11ms")
    assert report(bench, panel) == [(0, 30, 40)]


def test_int_falls_for_a_report_at_the_rate_of_refresh_rate() -> None:
    bench, panel = on_bench()
    assert bench.level(panel.irq)
    write(bench, panel, REFRESH_RATE, 0)
    panel.touch(10, 20)
    bench.run("5.2ms")
    assert not bench.level(panel.irq)
    bench.run("1ms")
    assert bench.level(panel.irq)


def test_its_address_is_an_option() -> None:
    bench, panel = on_bench(address=0x14)
    assert read(bench, panel, PRODUCT_ID, 3) == b"911"
    with pytest.raises(UsageError, match="0x5D or 0x14"):
        GT911(address=0x38)


def test_turned_off_it_answers_no_more() -> None:
    bench, panel = on_bench()
    write(bench, panel, COMMAND, SCREEN_OFF)
    assert bench.i2c_write(panel.bus, 0x5D, [0x81, 0x40]) == [False]


def test_what_no_hand_can_do_is_refused() -> None:
    _, panel = on_bench()
    with pytest.raises(UsageError, match="not on the panel"):
        panel.touch(320, 0)
    with pytest.raises(UsageError, match="touch it first"):
        panel.release()
    panel.touch(1, 1)
    with pytest.raises(UsageError, match="move it or release it"):
        panel.touch(1, 1)
