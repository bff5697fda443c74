"""A world: one clock for several twins and actors, whatever the order and the portions."""

from __future__ import annotations

from typing import Any

import pytest

from twins import Timeout, Twin, UsageError
from twins.radio import EspNowPeer, Medium
from twins.units import ps
from twins.world import Actor, World

IMAGES = "firmware/images"

# A chip stands at the end of a cycle: of 83 ns by the RP2040's crystal, when it begins.
CYCLE = 84_000


class Ping(Actor):
    """Says its name every millisecond."""

    def __init__(self, log: list[tuple[int, str]] | None = None) -> None:
        super().__init__()
        self.log = [] if log is None else log

    def begin(self) -> None:
        self.after("1ms", self.ping)

    def ping(self) -> None:
        self.log.append((self.now, self.name))
        self.after("1ms", self.ping)


def test_things_happen_in_the_order_of_their_times() -> None:
    world, seen = World(), []
    for moment in ("3ms", "1ms", "2ms"):
        world.at(moment, lambda world: seen.append(world.now))
    world.run("10ms")
    assert seen == [10**9, 2 * 10**9, 3 * 10**9]
    assert world.now == 10 * 10**9


def test_at_one_moment_names_decide() -> None:
    shared: list[str] = []

    class Logged(Ping):
        def ping(self) -> None:
            shared.append(self.name)

    for order in ("ab", "ba"):
        world = World()
        shared.clear()
        for name in order:
            world.add(Logged(), name=name)
        world.run("1ms")
        assert shared == ["a", "b"]


def test_the_past_is_over() -> None:
    world = World()
    world.run("5ms")
    with pytest.raises(UsageError, match="4ms is over"):
        world.at("4ms", lambda world: None)


def test_run_until_says_what_did_not_happen() -> None:
    world = World()
    ping = world.add(Ping())
    assert world.run_until(lambda: len(ping.log) == 3, every="100us") == 3 * 10**9

    def never() -> bool:
        return False

    with pytest.raises(Timeout, match="never did not hold within 2ms"):
        world.run_until(never, timeout="2ms")


def test_what_happens_cannot_run_the_world() -> None:
    world = World()
    world.at("1ms", lambda world: world.run("1ms"))
    with pytest.raises(UsageError, match="cannot run it"):
        world.run("2ms")


def test_members_are_found_by_name() -> None:
    world = World()
    first, second = world.add(Ping()), world.add(Ping())
    assert list(world) == ["ping", "ping2"]
    assert world["ping2"] is second
    assert world.name_of(first) == "ping"
    with pytest.raises(UsageError, match="there is no 'pong' in this world; there are ping, ping2"):
        world["pong"]
    with pytest.raises(UsageError, match="already"):
        world.add(Ping(), name="ping")
    with pytest.raises(UsageError, match="already"):
        world.add(first)


def media_controllers(world: World, names: str, **options: Any) -> list[Twin]:
    return [
        world.add(Twin("media_controller", image=f"{IMAGES}/media_controller.uf2", **options), name=name)
        for name in names
    ]


def test_a_twin_does_in_a_world_what_it_does_alone() -> None:
    alone = Twin("media_controller", image=f"{IMAGES}/media_controller.uf2")
    alone.run("700ms")
    world = World()
    left, right = media_controllers(world, "lr")
    world.run("250ms")
    world.run("450ms")
    assert left.now == right.now == alone.now
    assert left.trace.sha256 == right.trace.sha256 == alone.trace.sha256


def test_parts_have_got_everything_when_somebody_looks() -> None:
    moments = ("320ms", "333.3ms", "500ms")
    alone = Twin("media_controller", image=f"{IMAGES}/media_controller.uf2")
    expected = []
    for moment in moments:
        alone.advance(ps(moment))
        expected.append(alone.lcd.frame.copy())
    assert expected[0].any()
    world = World(air=Medium())
    media_controllers(world, "lr")
    seen: list[Any] = []
    for moment in moments:
        world.at(moment, lambda world: seen.append(world["r"].lcd.frame.copy()))
    world.run("600ms")
    for frame, picture in zip(seen, expected, strict=True):
        assert (frame == picture).all()


def test_a_twin_that_waits_takes_the_world_along() -> None:
    world = World()
    left, right = media_controllers(world, "lr")
    ping = world.add(Ping())
    left.console.expect("ready", timeout="1s")
    assert left.now == right.now
    assert 0 <= left.now - world.now < CYCLE
    assert len(ping.log) == left.now // 10**9
    right.run("5ms")
    assert left.now == right.now
    assert 0 <= left.now - world.now < CYCLE


def test_one_that_comes_later_begins_then() -> None:
    world = World()
    (left,) = media_controllers(world, "l")
    world.run("100ms")
    (right,) = media_controllers(world, "r")
    world.run("50ms")
    assert 0 <= left.now - 150 * 10**9 < CYCLE
    assert 0 <= right.now - 50 * 10**9 < CYCLE
    assert 0 <= world.moment_of("r") - world.now < CYCLE


def test_the_same_inputs_give_the_same_hash_in_any_order_and_portions() -> None:
    def play(names: str, portions: list[str]) -> str:
        world = World(seed=4)
        for twin in media_controllers(world, names):
            twin.console.send("hello\r") if world.name_of(twin) == "b" else None
        world.at("30ms", lambda world: world["a"].knob.turn(2))
        for portion in portions:
            world.run(portion)
        return world.sha256

    reference = play("ab", ["200ms"])
    assert play("ba", ["200ms"]) == reference
    assert play("ab", ["0.7ms"] * 10 + ["43ms", "150ms"]) == reference


def test_a_world_goes_back_and_forks() -> None:
    world = World(seed=2)
    left, right = media_controllers(world, "lr")
    ping = world.add(Ping())
    world.at("350ms", lambda world: world["r"].knob.turn(1))
    world.run("300ms")
    picture = world.snapshot()
    world.run("200ms")
    after, heard = world.sha256, list(ping.log)

    fork = World.from_snapshot(picture)
    assert fork.now == 300 * 10**9
    fork.run("200ms")
    assert fork.sha256 == after
    assert fork["ping"].log == heard
    assert fork["ping"] is not ping
    assert fork["l"] is not left

    world.restore(picture)
    assert (world.now, len(ping.log)) == (300 * 10**9, 300)
    world.run("200ms")
    assert world.sha256 == after
    assert world["r"] is right


def test_a_twin_of_a_world_is_in_no_other() -> None:
    world = World()
    (left,) = media_controllers(world, "l")
    with pytest.raises(UsageError, match="in another world"):
        World().add(left)


def test_two_stations_need_two_addresses() -> None:
    world = World(air=Medium())
    world.add(EspNowPeer("7c:df:a1:00:00:01"), name="one")
    with pytest.raises(UsageError, match="same MAC address 7c:df:a1:00:00:01"):
        world.add(EspNowPeer("7c:df:a1:00:00:01"), name="two")
    assert list(world) == ["one"]
