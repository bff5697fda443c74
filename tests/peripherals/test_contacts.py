"""Button, RotaryEncoder and the contacts in them.

Authority for times: ALPS EC11 and TE DPL12 data sheets (chatter 3 ms, sliding noise 2 ms at 360° a second).
"""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest

from peripherals import Button, RotaryEncoder
from peripherals.contact import bounce_edges, sliding_edges
from twins.bench import Bench
from twins.errors import UsageError
from twins.ports import DigitalOut
from twins.units import MS, SECOND, US, Duration

Levels = list[tuple[int, bool | None]]

CLOCKWISE = [(True, True), (False, True), (False, False), (True, False)]
"""Levels of A and B with pull-ups, turned clockwise: A closes first (EC11, "Output wave")."""


def edges(bench: Bench, port: DigitalOut) -> Levels:
    return bench.edges.get(port.pin, [])


def states(bench: Bench, knob: RotaryEncoder, step_us: int, count: int) -> list[tuple[bool, bool]]:
    """The levels of A and B in the middle of each step from now on."""
    seen = []
    for _ in range(count):
        bench.run_ps(step_us * US // 2)
        seen.append((bench.level(knob.a), bench.level(knob.b)))
        bench.run_ps(step_us * US - step_us * US // 2)
    return seen


# Contacts


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("closed", [False, True])
def test_a_burst_begins_and_ends_as_it_should_within_its_longest_time(seed: int, closed: bool) -> None:
    found = bounce_edges(Random(seed), 1000, closed, 3 * MS)
    assert found[0] == (1000, closed)
    assert found[-1][1] is closed
    assert found[-1][0] - 1000 < 3 * MS
    assert all(a[0] < b[0] and a[1] is not b[1] for a, b in pairwise(found))


@pytest.mark.parametrize("seed", range(20))
def test_sliding_noise_opens_a_closed_contact_for_moments(seed: int) -> None:
    found = sliding_edges(Random(seed), 0, 2 * MS)
    assert all(a[0] < b[0] and a[1] is not b[1] for a, b in pairwise([(0, True), *found]))
    assert not found or (found[-1][1] and found[-1][0] < 2 * MS)


def test_most_contacts_bounce() -> None:
    assert sum(len(bounce_edges(Random(seed), 0, True)) > 1 for seed in range(100)) > 60


# Button


@pytest.mark.parametrize(
    ("active_low", "pull", "pushed", "released"),
    [(True, False, False, None), (True, True, False, True), (False, False, True, None), (False, True, True, False)],
)
def test_a_button_drives_one_level_and_lets_go(
    active_low: bool, pull: bool, pushed: bool, released: bool | None
) -> None:
    bench = Bench()
    button = bench.add(Button(active_low=active_low, pull=pull, bounce="0ms"))
    button.press("50ms")
    bench.run("100ms")
    moves = [(0, pushed), (50 * MS, released)]
    assert edges(bench, button.pin) == ([(0, released), *moves] if pull else moves)


def test_a_button_bounces_within_its_time_and_by_its_seed() -> None:
    seen = []
    for seed in (1, 1, 2, 3):
        bench = Bench(seed)
        button = bench.add(Button(bounce="3ms"))
        for _ in range(4):
            button.press("50ms")
            bench.run("100ms")
        found = edges(bench, button.pin)
        assert all(at % (50 * MS) < 3 * MS for at, _ in found)
        seen.append(found)
    assert seen[0] == seen[1]
    assert seen[0] != seen[2]
    assert max(map(len, seen)) > 8


def test_a_push_shorter_than_its_bounces_ends_released() -> None:
    for seed in range(20):
        bench = Bench(seed)
        button = bench.add(Button(bounce="3ms"))
        button.press("100us")
        bench.run("50ms")
        found = edges(bench, button.pin)
        assert [at for at, _ in found] == sorted(at for at, _ in found)
        assert found[-1][1] is None
        assert not button.is_down


def test_pushing_twice_pushes_once() -> None:
    bench = Bench()
    button = bench.add(Button(bounce="0ms"))
    button.down()
    button.down()
    assert len(edges(bench, button.pin)) == 1
    assert button.is_down


def test_a_snapshot_holds_the_button_down() -> None:
    one, two = Bench(), Bench()
    button, other = one.add(Button(bounce="0ms")), two.add(Button(bounce="0ms"))
    button.down()
    other.restore(button.state())
    assert other.is_down
    two.run("1ms")
    other.up()
    assert edges(two, other.pin) == [(MS, None)]


# RotaryEncoder


def test_clockwise_a_leads() -> None:
    bench = Bench()
    knob = bench.add(RotaryEncoder(bounce="0ms"))
    knob.turn(+2)
    assert states(bench, knob, 25_000, 8) == (CLOCKWISE[1:] + CLOCKWISE[:1]) * 2


def test_the_other_way_b_leads() -> None:
    bench = Bench()
    knob = bench.add(RotaryEncoder(bounce="0ms"))
    knob.turn(-1)
    assert states(bench, knob, 25_000, 4) == [*CLOCKWISE[:0:-1], CLOCKWISE[0]]


def test_with_two_edges_a_detent_it_rests_open_and_closed_in_turn() -> None:
    """EC11E15204A3 and others: 15 pulses, 30 detents."""
    bench = Bench()
    knob = bench.add(RotaryEncoder(detents=30, edges=2, bounce="0ms"))
    rests = []
    for _ in range(3):
        bench.run(knob.turn(+1))
        rests.append((bench.level(knob.a), bench.level(knob.b)))
    assert rests == [(False, False), (True, True), (False, False)]


@pytest.mark.parametrize(
    ("detents", "rpm", "turns", "takes"),
    [(20, 30, 1, SECOND // 10), (24, 60, 12, SECOND // 2), (30, 20, 1, SECOND // 10)],
)
def test_speed_is_in_revolutions_per_minute(detents: int, rpm: float, turns: int, takes: int) -> None:
    bench = Bench()
    knob = bench.add(RotaryEncoder(detents=detents, bounce="0ms"))
    assert knob.turn(turns, rpm=rpm) == Duration(takes)
    found = sorted(edges(bench, knob.a) + edges(bench, knob.b), key=lambda edge: edge[0])
    assert len(found) == 4 * turns
    assert [at for at, _ in found] == [round(takes * number / (4 * turns)) for number in range(4 * turns)]


def test_turns_queue_behind_each_other() -> None:
    bench = Bench()
    knob = bench.add(RotaryEncoder(bounce="0ms"))
    assert knob.turn(+1) == Duration(100 * MS)
    bench.run("30ms")
    assert knob.turn(-1) == Duration(170 * MS)
    bench.run("500ms")
    assert [at for at, _ in edges(bench, knob.a)] == [0, 50 * MS, 125 * MS, 175 * MS]
    assert knob.position == 0
    assert knob.turn(+1) == Duration(100 * MS)


@pytest.mark.parametrize("seed", range(5))
def test_chatter_never_hides_a_state(seed: int) -> None:
    """A chatter lasts half a step at the most, even at speeds where the sheet's 3 ms would be longer."""
    bench = Bench(seed)
    knob = bench.add(RotaryEncoder(bounce="3ms"))
    knob.turn(+10, rpm=300)
    step = 60 * SECOND // (300 * 80)
    for number in range(40):
        bench.run_ps(step - bench.now % step if number else step - 1)
        assert (bench.level(knob.a), bench.level(knob.b)) == CLOCKWISE[(number + 1) % 4]
        bench.run_ps(step - 1 if number else 0)


def test_chatter_adds_edges() -> None:
    bench = Bench(1)
    knob = bench.add(RotaryEncoder(bounce="3ms"))
    knob.turn(+20)
    assert len(edges(bench, knob.a)) > 40


def test_sliding_noise_opens_closed_contacts_in_the_second_half_of_a_step() -> None:
    bench = Bench(1)
    knob = bench.add(RotaryEncoder(bounce="0ms", sliding_noise="2ms"))
    knob.turn(+20)
    noise = [(at, level) for at, level in edges(bench, knob.b) if at % (25 * MS)]
    assert noise
    assert all(0 < at % (25 * MS) - 25 * MS // 2 < 2 * MS for at, _ in noise)
    clean = [(at, level) for at, level in edges(bench, knob.b) if not at % (25 * MS)]
    assert len(clean) == 40
    bench.run("3s")
    assert bench.level(knob.a)
    assert bench.level(knob.b)


def test_a_module_with_pull_ups_drives_high() -> None:
    bench = Bench()
    knob = bench.add(RotaryEncoder(pull=True, bounce="0ms"))
    assert edges(bench, knob.a) == [(0, True)]
    knob.turn(+1)
    assert {level for _, level in edges(bench, knob.a)} == {True, False}


def test_the_switch_is_a_contact_of_its_own() -> None:
    bench = Bench()
    knob = bench.add(RotaryEncoder(sw_bounce="0ms"))
    knob.press("20ms")
    assert knob.is_down
    bench.run("50ms")
    assert edges(bench, knob.sw) == [(0, False), (20 * MS, None)]


def test_an_encoder_without_switch_says_so() -> None:
    knob = Bench().add(RotaryEncoder(), without=["sw"])
    with pytest.raises(UsageError, match="connect sw in the board file"):
        knob.press()


@pytest.mark.parametrize("options", [{"edges": 3}, {"edges": 1}, {"detents": 0}])
def test_impossible_encoders_are_refused(options: dict[str, int]) -> None:
    with pytest.raises(UsageError):
        RotaryEncoder(**options)  # type: ignore[arg-type]


def test_an_encoder_that_stands_still_has_no_speed() -> None:
    knob = Bench().add(RotaryEncoder())
    with pytest.raises(UsageError, match="0 rpm"):
        knob.turn(1, rpm=0)


def test_a_snapshot_holds_phase_and_queue() -> None:
    one, two = Bench(), Bench()
    knob, other = one.add(RotaryEncoder(edges=2, bounce="0ms")), two.add(RotaryEncoder(edges=2, bounce="0ms"))
    knob.turn(+1)
    other.restore(knob.state())
    assert other.turn(+1) == Duration(200 * MS)
    assert edges(two, other.a) == [(100 * MS, None)]  # from closed to open
    assert other.position == 2
