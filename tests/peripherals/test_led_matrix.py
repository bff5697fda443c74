"""LED matrix: layout, supply, current. Times as in the WS2812 sheets, figures of the lamp from its public board."""

from __future__ import annotations

import numpy as np
import pytest

from peripherals import ACS758, LedMatrix, Mosfet
from twins.bench import Bench
from twins.errors import UsageError
from twins.frames import Video, frame_of, save_png
from twins.units import MS, NS, US

RED = [255, 0, 0]


def show(bench: Bench, matrix: LedMatrix, colors: object) -> None:
    bench.pulses(matrix.data, matrix.encode(colors))
    bench.run("40ms")


def lamp(panel: int = 16) -> tuple[Bench, LedMatrix]:
    """Jinny Lamp: three panels of 16x16 stacked to 16x48, serpentine, row 0 from left to right."""
    bench = Bench()
    return bench, bench.add(LedMatrix(rows=panel, columns=panel, panels=(3, 1), serpentine=True))


@pytest.mark.parametrize(
    ("number", "row", "column"),
    [(0, 0, 0), (15, 0, 15), (16, 1, 15), (31, 1, 0), (255, 15, 0), (256, 16, 0), (272, 17, 15), (767, 47, 0)],
)
def test_the_chain_of_the_lamp_runs_as_it_is_mounted(number: int, row: int, column: int) -> None:
    bench, matrix = lamp()
    colors = np.zeros((768, 3), np.uint8)
    colors[number] = RED
    show(bench, matrix, colors)
    assert matrix.frame.shape == (48, 16, 3)
    assert np.argwhere(matrix.frame[:, :, 0]).tolist() == [[row, column]]


def test_a_whole_frame_of_the_lamp_takes_22_4_ms() -> None:
    """768 x 24 bits of 1.2 µs by espressif/led_strip and 280 µs reset."""
    bench = Bench()
    matrix = bench.add(LedMatrix(rows=16, columns=16, panels=(3, 1), variant="WS2812B-V5"))
    bit = [(0, 1), (300 * NS, 0)]
    sent = [(n * 1200 * NS + at, level) for n in range(768 * 24) for at, level in bit]
    bench.pulses(matrix.data, sent)
    bench.run("30ms")
    took = matrix.latched_at[0] + 900 * NS  # the last low is part of the last bit
    assert took == pytest.approx(22.4 * MS, rel=0.001)


def test_a_row_of_panels_has_them_side_by_side() -> None:
    matrix = Bench().add(LedMatrix(rows=2, columns=2, panels=(1, 2)))
    assert matrix.layout.tolist() == [[0, 1, 4, 5], [2, 3, 6, 7]]


@pytest.mark.parametrize(
    ("rotation", "layout"),
    [
        (0, [[0, 1, 2], [3, 4, 5]]),
        (90, [[3, 0], [4, 1], [5, 2]]),
        (180, [[5, 4, 3], [2, 1, 0]]),
        (270, [[2, 5], [1, 4], [0, 3]]),
    ],
)
def test_rotation_is_clockwise(rotation: int, layout: list[list[int]]) -> None:
    assert LedMatrix(rows=2, columns=3, rotation=rotation).layout.tolist() == layout


def test_it_is_a_picture_for_png_and_gif(tmp_path: object) -> None:
    from pathlib import Path

    folder = Path(str(tmp_path))
    bench, matrix = lamp(4)
    video = Video()
    for step in range(3):
        colors = np.zeros((48, 3), np.uint8)
        colors[step] = RED
        show(bench, matrix, colors)
        video.add(frame_of(matrix), bench.now)
    assert save_png(matrix.glass, folder / "lamp.png", scale=8).read_bytes().startswith(b"\x89PNG")
    assert video.save_gif(folder / "lamp.gif").read_bytes().startswith(b"GIF89a")
    assert len(video) == 3


def switched(**options: float) -> tuple[Bench, Mosfet, LedMatrix]:
    bench = Bench()
    switch = bench.add(Mosfet())
    return bench, switch, bench.add(LedMatrix(rows=2, columns=2, **options), wires={"supply": switch.load})


def test_data_without_supply_lights_nothing_and_is_counted() -> None:
    bench, switch, matrix = switched()
    bench.run("1ms")
    show(bench, matrix, [RED] * 4)
    assert (matrix.frames, bool(matrix.glass.any())) == (0, False)
    assert matrix.unpowered_edges == 4 * 24 * 2
    assert matrix.unpowered_at == 1 * MS
    bench.set(switch.gate, True)
    show(bench, matrix, [RED] * 4)
    assert (matrix.frames, matrix.unpowered_edges, bool(matrix.glass.any())) == (1, 4 * 24 * 2, True)


def test_switching_off_makes_it_dark_at_once_and_it_forgets() -> None:
    bench, switch, matrix = switched()
    bench.set(switch.gate, True)
    show(bench, matrix, [RED] * 4)
    bench.set(switch.gate, False)
    assert not matrix.glass.any()
    bench.set(switch.gate, True)
    assert not matrix.glass.any()


def test_bits_before_a_cut_are_lost_with_it() -> None:
    """No latch afterwards shows what came before."""
    bench, switch, matrix = switched()
    bench.set(switch.gate, True)
    sent = matrix.encode([RED] * 4)
    bench.pulses(matrix.data, sent)
    bench.run_ps(sent[-1][0] + 10 * US)  # not yet the 50 µs of the reset
    bench.set(switch.gate, False)
    bench.run("1ms")
    assert (matrix.frames, bool(matrix.glass.any())) == (0, False)


def test_edges_that_come_late_count_by_the_supply_of_their_time() -> None:
    bench, switch, matrix = switched()
    sent = matrix.encode([RED] * 4)
    bench.run("1ms")
    bench.set(switch.gate, True)
    bench.run("1ms")
    at = np.array([moment + 990 * US for moment, _ in sent], np.uint64)  # 10 µs before the supply came
    matrix.data.handle("received", at, np.array([level for _, level in sent], np.bool_))
    assert matrix.unpowered_edges == int((at < 1 * MS).sum()) > 0
    assert matrix.unpowered_at == 990 * US


def test_the_start_can_be_noise_from_the_seed() -> None:
    first, second, other = [], [], []
    for found, seed in ((first, 1), (second, 1), (other, 2)):
        bench = Bench(seed=seed)
        matrix = bench.add(LedMatrix(rows=16, columns=16, garbage=0.5))
        found.append(matrix.glass.copy())
    assert np.array_equal(first[0], second[0])
    assert not np.array_equal(first[0], other[0])
    assert 0.35 < first[0].any(axis=2).mean() < 0.65


def test_white_draws_three_colours() -> None:
    """60 mA for white (Electric Imp's WS2812 guide), 12 mA a colour for V5; 0.7 mA measured for a dark LED."""
    bench = Bench()
    for variant, milliamperes in (("WS2812B", 60.7), ("WS2812B-V5", 36.7)):
        matrix = bench.add(LedMatrix(rows=1, columns=10, variant=variant))
        assert matrix.amperes == pytest.approx(0.007)
        show(bench, matrix, [[255] * 3] * 10)
        assert matrix.amperes == pytest.approx(milliamperes / 100)


def test_a_frame_above_the_limit_breaks_the_supply_down() -> None:
    bench = Bench()
    matrix = bench.add(LedMatrix(rows=16, columns=16, limit=5.0))
    show(bench, matrix, [[255] * 3] * 256)  # 15.5 A
    assert not matrix.glass.any()
    assert matrix.brownouts == matrix.latched_at
    show(bench, matrix, [[20] * 3] * 256)
    assert matrix.glass.all()
    assert len(matrix.brownouts) == 1


def test_the_current_goes_from_the_leds_through_switch_and_sensor() -> None:
    """ACS758-050B at 5 V: 2.5 V at 0 A, 40 mV/A."""
    bench = Bench()
    sensor = bench.add(ACS758("050B"))
    switch = bench.add(Mosfet(), wires={"supply": sensor.ip_minus})
    matrix = bench.add(LedMatrix(rows=16, columns=16), wires={"supply": switch.load})
    volts = lambda: bench.voltages[sensor.viout.pin]  # noqa: E731
    assert volts() == 2.5
    bench.set(switch.gate, True)
    bench.run("1ms")
    assert volts() == pytest.approx(2.5 + 0.040 * 256 * 0.0007)
    show(bench, matrix, [[255, 0, 0]] * 256)
    assert sensor.amperes == pytest.approx(256 * 0.0207)
    assert volts() == pytest.approx(2.5 + 0.040 * 256 * 0.0207)
    bench.set(switch.gate, False)
    bench.run("1ms")
    assert volts() == 2.5


def test_a_state_goes_on_on_another_bench() -> None:
    bench, switch, matrix = switched()
    bench.set(switch.gate, True)
    show(bench, matrix, [RED] * 4)
    again, its_switch, its_matrix = switched()
    its_switch.restore(switch.state())
    its_matrix.restore(matrix.state())
    assert np.array_equal(its_matrix.glass, matrix.glass)
    assert its_matrix.supply.volts == 5.0
    show(again, its_matrix, [[0, 255, 0]] * 4)
    assert its_matrix.glass[:, :, 1].all()


@pytest.mark.parametrize(
    "options", [{"panels": (0, 1)}, {"panels": (1,)}, {"rotation": 45}, {"garbage": 2.0}, {"variant": "WS2811"}]
)
def test_options_that_make_no_matrix_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="expected"):
        LedMatrix(rows=2, columns=2, **options)  # type: ignore[arg-type]
