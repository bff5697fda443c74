"""WS2812 and SK6812. Times: the data sheets' tables as in the parts' headers, and what public drivers send."""

from __future__ import annotations

import numpy as np
import pytest

from peripherals import SK6812, WS2812
from twins.bench import Bench
from twins.errors import UsageError
from twins.units import NS, US, Duration

LED_STRIP = ((300, 900), (900, 300))
"""T0H, T0L and T1H, T1L in ns as espressif/led_strip sends them (led_strip_rmt_encoder.c)."""
QMK_WS2812 = ((350, 900), (900, 350))
"""QMK's defaults for WS2812 (qmk_firmware #18006)."""
QMK_SK6812 = ((400, 750), (500, 450))
"""QMK's defaults for SK6812 (the same)."""
PICO_EXAMPLES = ((375, 875), (750, 500))
"""pico-examples ws2812.pio at 800 kHz: 3 + 3 + 4 cycles of 125 ns."""

Edges = list[tuple[int, int]]


def edges(data: bytes, times: tuple[tuple[int, int], tuple[int, int]], start: int = 0) -> Edges:
    """What a driver with these times puts on the wire."""
    found = []
    at = start
    for bit in np.unpackbits(np.frombuffer(data, np.uint8)).tolist():
        high, low = times[bit]
        found += [(at, 1), (at + high * NS, 0)]
        at += (high + low) * NS
    return found


@pytest.mark.parametrize("times", [LED_STRIP, QMK_WS2812, PICO_EXAMPLES])
@pytest.mark.parametrize("variant", ["WS2812", "WS2812B", "WS2812B-V4", "WS2812B-V5"])
def test_every_variant_understands_the_drivers_in_use(variant: str, times: tuple[tuple[int, int], ...]) -> None:
    bench = Bench()
    strip = bench.add(WS2812(2, variant))
    bench.pulses(strip.data, edges(bytes([0x12, 0x34, 0x56, 0xFE, 0xDC, 0xBA]), (times[0], times[1])))
    bench.run("1ms")
    assert strip.colors.tolist() == [[0x34, 0x12, 0x56], [0xDC, 0xFE, 0xBA]]  # G, R, B on the wire


@pytest.mark.parametrize("times", [((300, 900), (600, 600)), QMK_SK6812])
def test_an_sk6812_understands_its_drivers(times: tuple[tuple[int, int], tuple[int, int]]) -> None:
    bench = Bench()
    strip = bench.add(SK6812(1))
    bench.pulses(strip.data, edges(bytes([0x12, 0x34, 0x56]), times))
    bench.run("1ms")
    assert strip.colors.tolist() == [[0x34, 0x12, 0x56]]


@pytest.mark.parametrize(
    ("part", "longest_0", "shortest_1"),
    [
        (WS2812(1, "WS2812"), 500, 550),  # sheet, and the 0.5 to 0.55 µs that josh.com measured
        (WS2812(1, "WS2812B"), 500, 550),
        (WS2812(1, "WS2812B-V4"), 380, 580),
        (WS2812(1, "WS2812B-V5"), 380, 580),
        (SK6812(1), 449, 451),  # the windows of its sheet meet at 450 ns
    ],
)
def test_the_high_time_alone_tells_0_from_1(part: WS2812, longest_0: int, shortest_1: int) -> None:
    bench = Bench()
    strip = bench.add(part)
    bench.pulses(strip.data, edges(b"\x0f\xaa\x00", ((longest_0, 4000), (shortest_1, 100))))
    bench.run("1ms")
    assert strip.colors.tolist() == [[0xAA, 0x0F, 0x00]]


@pytest.mark.parametrize(
    ("part", "reset_us"),
    [
        (WS2812(1, "WS2812"), 50),
        (WS2812(1, "WS2812B"), 50),
        (WS2812(1, "WS2812B-V4"), 280),
        (WS2812(1, "WS2812B-V5"), 280),
        (SK6812(1), 80),
        (SK6812(1, "SK6812W"), 80),
    ],
)
def test_a_line_that_stays_low_for_the_reset_time_latches(part: WS2812, reset_us: int) -> None:
    bench = Bench()
    strip = bench.add(part)
    sent = edges(b"\xff\xff\xff\xff", LED_STRIP)
    bench.pulses(strip.data, sent)
    last = sent[-1][0]
    bench.run_ps(last + reset_us * US - 1)
    assert (strip.frames, bool(strip.colors.any())) == (0, False)
    bench.run_ps(1)
    assert (strip.frames, bool(strip.colors.all())) == (1, True)
    assert strip.latched_at == [last + reset_us * US]


def test_it_is_dark_at_power_on() -> None:
    strip = Bench().add(WS2812(rows=2, columns=3))
    assert strip.frame.shape == (2, 3, 3)
    assert not strip.frame.any()


def test_long_lows_below_the_reset_time_do_not_end_a_frame() -> None:
    """The silicon tolerates lows of 5 µs and more between bits (josh.com, "NeoPixels revealed")."""
    bench = Bench()
    strip = bench.add(WS2812(1))
    bench.pulses(strip.data, edges(b"\x01\x02", LED_STRIP) + edges(b"\x03", LED_STRIP, start=16 * 1200 * NS + 5 * US))
    bench.run("1ms")
    assert strip.colors.tolist() == [[2, 1, 3]]
    assert strip.frames == 1


def test_frames_in_one_batch_are_told_apart_by_the_gap() -> None:
    bench = Bench()
    strip = bench.add(WS2812(1))
    second = 24 * 1200 * NS + 60 * US
    first = edges(b"\x01\x02\x03", LED_STRIP)
    then = edges(b"\x04\x05\x06", LED_STRIP, start=second)
    bench.pulses(strip.data, first + then)
    assert strip.colors.tolist() == [[2, 1, 3]]
    bench.run("1ms")
    assert strip.colors.tolist() == [[5, 4, 6]]
    assert strip.latched_at == [first[-1][0] + 50 * US, then[-1][0] + 50 * US]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 48])
def test_batches_may_be_cut_anywhere(size: int) -> None:
    rng = np.random.default_rng(7)
    data = rng.integers(0, 256, 12, dtype=np.uint8).tobytes()
    sent = edges(data, LED_STRIP) + edges(data[::-1], LED_STRIP, start=400 * US)
    bench = Bench()
    strip = bench.add(WS2812(4, strict=True))
    for start in range(0, len(sent), size):
        part = sent[start : start + size]
        bench.run_ps(part[-1][0] - bench.now)
        bench.pulses(strip.data, [(at - bench.now, level) for at, level in part])
        if part[-1][0] < 400 * US:
            assert strip.frames == 0
    bench.run("1ms")
    expected = np.frombuffer(data[::-1], np.uint8).reshape(-1, 3)[:, [1, 0, 2]]
    assert strip.colors.tolist() == expected.tolist()
    assert strip.frames == 2
    assert strip.violations == []


def test_data_for_more_leds_is_passed_on() -> None:
    bench = Bench()
    strip = bench.add(WS2812(1))
    bench.pulses(strip.data, edges(b"\x01\x02\x03\x0a\x0b\x0c\x0d", LED_STRIP))
    bench.run("1ms")
    assert strip.colors.tolist() == [[2, 1, 3]]
    assert strip.surplus == b"\x0a\x0b\x0c\x0d"


def test_leds_that_get_no_data_keep_their_colour() -> None:
    bench = Bench()
    strip = bench.add(WS2812(2))
    bench.pulses(strip.data, edges(b"\x01\x02\x03\x04\x05\x06", LED_STRIP))
    bench.run("1ms")
    bench.pulses(strip.data, edges(b"\x11\x12\x13\x14", LED_STRIP))  # the second one gets eight bits only
    bench.run("1ms")
    assert strip.colors.tolist() == [[0x12, 0x11, 0x13], [5, 4, 6]]


def test_strict_mode_names_the_bit_the_moment_and_the_window() -> None:
    """WS2812B: T0H 0.4, T1H 0.8, T0L 0.85, T1L 0.45 µs, each ±150 ns."""
    bench = Bench()
    strip = bench.add(WS2812(1, strict=True))
    sent: Edges = []
    at = 0
    for bit in range(24):
        high, low = (800, 450) if bit % 2 else (400, 850)
        high = {3: 951, 4: 249}.get(bit, high)
        low = {6: 1001, 7: 299}.get(bit, low)
        sent += [(at, 1), (at + high * NS, 0)]
        at += (high + low) * NS
    bench.pulses(strip.data, sent)
    bench.run("1ms")
    found = [(v.name, v.bit, v.length, v.expected) for v in strip.violations]
    assert found == [
        ("T1H", 3, Duration(951 * NS), (Duration(650 * NS), Duration(950 * NS))),
        ("T0H", 4, Duration(249 * NS), (Duration(250 * NS), Duration(550 * NS))),
        ("T0L", 6, Duration(1001 * NS), (Duration(700 * NS), Duration(1000 * NS))),
        ("T1L", 7, Duration(299 * NS), (Duration(300 * NS), Duration(600 * NS))),
    ]
    assert strip.violations[0].at == sent[6][0]
    assert strip.violations[2].at == sent[13][0]
    assert str(strip.violations[1]).endswith("T0H of bit 4 is 249ns, expected 250ns to 550ns")


@pytest.mark.parametrize("size", [1, 5, 48])
def test_strict_mode_sees_the_low_time_across_batches(size: int) -> None:
    bench = Bench()
    strip = bench.add(WS2812(1, strict=True))
    sent = edges(b"\x00\x00\x00", ((400, 1100), (800, 450)))
    for start in range(0, len(sent), size):
        bench.pulses(strip.data, sent[start : start + size])
    bench.run("1ms")
    assert [(v.name, v.bit) for v in strip.violations] == [("T0L", bit) for bit in range(23)]


def test_without_strict_mode_nothing_is_reported() -> None:
    bench = Bench()
    strip = bench.add(WS2812(1))
    bench.pulses(strip.data, edges(b"\x00\x00\x00", ((100, 3000), (800, 450))))
    bench.run("1ms")
    assert strip.violations == []


def test_rgbw_has_32_bits_in_the_order_g_r_b_w() -> None:
    bench = Bench()
    strip = bench.add(SK6812(2, "SK6812W"))
    bench.pulses(strip.data, edges(bytes(range(1, 9)), QMK_SK6812))
    bench.run("1ms")
    assert strip.colors.tolist() == [[2, 1, 3, 4], [6, 5, 7, 8]]
    assert strip.frame.tolist() == [[[6, 5, 7], [14, 13, 15]]]


def test_the_order_of_clones_and_a_serpentine_matrix() -> None:
    bench = Bench()
    matrix = bench.add(WS2812(order="RGB", rows=2, columns=2, serpentine=True))
    bench.pulses(matrix.data, edges(bytes(range(12)), LED_STRIP))
    bench.run("1ms")
    assert matrix.colors.tolist() == [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10, 11]]
    assert matrix.frame.tolist() == [[[0, 1, 2], [3, 4, 5]], [[9, 10, 11], [6, 7, 8]]]


def test_a_frame_goes_on_after_a_snapshot() -> None:
    sent = edges(b"\x01\x02\x03", LED_STRIP)
    one, two = Bench(), Bench()
    before, after = one.add(WS2812(1)), two.add(WS2812(1))
    one.pulses(before.data, sent[:21])
    after.restore(before.state())
    two.pulses(after.data, sent[21:])
    two.run("1ms")
    assert after.colors.tolist() == [[2, 1, 3]]
    assert not before.colors.any()


@pytest.mark.parametrize(
    "make",
    [
        lambda: WS2812(),
        lambda: WS2812(0),
        lambda: WS2812(7, rows=2),
        lambda: WS2812(1, "WS2815X"),
        lambda: WS2812(1, order="RGG"),
    ],
)
def test_impossible_chains_are_refused(make: object) -> None:
    assert callable(make)
    with pytest.raises(UsageError):
        make()
