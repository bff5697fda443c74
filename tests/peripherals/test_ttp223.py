"""TTP223. Times: Tontek's sheet, "Features" (0.5 s, 60 ms, 220 ms, 4.0 s, 100 s)."""

from __future__ import annotations

import pytest

from peripherals import TTP223
from twins.bench import Bench
from twins.units import MS


def ready(seed: int = 0, **options: bool) -> tuple[Bench, TTP223]:
    bench = Bench(seed)
    key = bench.add(TTP223(**options))
    bench.run("600ms")
    return bench, key


def edges(bench: Bench, key: TTP223) -> list[bool | None]:
    return [level for _, level in bench.edges.get(key.out.pin, [])]


def test_a_touch_within_the_stable_time_is_not_seen_and_calibrated_away() -> None:
    bench = Bench()
    key = bench.add(TTP223())
    key.touch()
    bench.run("60s")
    assert not bench.level(key.out)
    key.release()
    bench.run("4.1s")  # the next calibration
    key.touch()
    bench.run("220ms")
    assert bench.level(key.out)


def test_right_after_such_a_finger_the_key_is_deaf_until_it_calibrates() -> None:
    bench = Bench()
    key = bench.add(TTP223())
    key.touch()
    bench.run("1s")
    key.release()
    bench.run("100ms")
    key.touch("500ms")
    bench.run("1s")
    assert edges(bench, key) == [False]


@pytest.mark.parametrize("seed", range(20))
def test_in_fast_mode_it_answers_within_60_ms(seed: int) -> None:
    bench, key = ready(seed, fast=True)
    bench.run("60s")
    key.touch("300ms")
    bench.run("1s")
    (_, start), (on, high), (off, low) = bench.edges[key.out.pin]
    assert (start, high, low) == (False, True, False)
    assert 0 < on - 60_600 * MS <= 60 * MS
    assert 0 < off - 60_900 * MS <= 60 * MS


def test_in_low_power_mode_it_answers_within_220_ms_and_is_fast_afterwards() -> None:
    slow = []
    for seed in range(20):
        bench, key = ready(seed)
        bench.run("12s")
        assert key.low_power
        key.touch("1s")
        bench.run("2s")
        on = bench.edges[key.out.pin][1][0] - 12_600 * MS
        assert 0 < on <= 220 * MS
        slow.append(on)
        assert not key.low_power
        key.touch("1s")
        bench.run("2s")
        assert 0 < bench.edges[key.out.pin][3][0] - 14_600 * MS <= 60 * MS
    assert max(slow) > 60 * MS


def test_the_output_does_not_bounce() -> None:
    bench, key = ready()
    for _ in range(50):
        key.touch("200ms")
        bench.run("400ms")
    assert edges(bench, key) == [False] + [True, False] * 50


def test_a_brush_is_no_touch() -> None:
    bench, key = ready()
    key.touch("5ms")
    bench.run("1s")
    assert edges(bench, key) == [False]


def test_toggle_changes_with_each_touch() -> None:
    bench, key = ready(toggle=True)
    for expected in (True, False, True):
        key.touch("200ms")
        bench.run("1s")
        assert bench.level(key.out) is expected


def test_active_low_and_open_drain() -> None:
    bench, key = ready(active_low=True)
    key.touch("200ms")
    bench.run("1s")
    assert edges(bench, key) == [True, False, True]
    bench, key = ready(active_low=True, open_drain=True)
    key.touch("200ms")
    bench.run("1s")
    assert edges(bench, key) == [None, False, None]


def test_after_100_s_a_touch_ends_where_the_pad_says_so() -> None:
    for maximum_on in (True, False):
        bench, key = ready(maximum_on=maximum_on)
        key.touch()
        bench.run("99s")
        assert bench.level(key.out)
        bench.run("2s")
        assert bench.level(key.out) is not maximum_on


def test_a_touch_that_is_taken_over_lasts_until_released() -> None:
    bench, key = ready()
    key.touch("200ms")
    bench.run("100ms")
    key.release()
    key.touch()
    bench.run("2s")
    assert key.on
