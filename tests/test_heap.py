"""Twins that nobody holds any more are freed, engine and all."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest

from twins import Twin
from twins.world import World


def used(images: Path) -> Twin:
    """A twin with parts that have listened to its chip."""
    twin = Twin("media_controller", image=images / "media_controller.uf2")
    twin.console.expect("ready", timeout="1s")
    twin.live.pace = None
    return twin


def went_back(images: Path) -> Twin:
    """One that has gone back in time, and so is on its second engine."""
    twin = used(images)
    snapshot = twin.snapshot()
    twin.run("1ms")
    twin.restore(snapshot)
    return twin


def in_a_world(images: Path) -> Twin:
    """One of two in a world."""
    world = World()
    world.add(Twin("pico", image=images / "idle.uf2"), name="other")
    twin = world.add(used(images))
    world.run("2ms")
    return twin


@pytest.fixture
def unwatched(monkeypatch: pytest.MonkeyPatch) -> None:
    """The plugin holds the last twins of a test for its evidence; here nobody does."""
    monkeypatch.setattr(Twin, "guards", [])


@pytest.mark.usefixtures("unwatched")
@pytest.mark.parametrize("make", [used, went_back, in_a_world, lambda images: used(images).fork()])
def test_a_twin_that_nobody_holds_is_freed_with_its_engine(make: Callable[[Path], Twin], images: Path) -> None:
    twin = make(images)
    gone = weakref.ref(twin)
    part = weakref.ref(twin.lcd)
    del twin
    gc.collect()
    assert gone() is None
    assert part() is None


def test_many_forks_take_no_more_memory_than_a_few(images: Path) -> None:
    """Each has 2 MB of flash. Before the collector knew of engines, none of them was ever freed."""

    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

    if not Path("/proc/self/statm").exists():
        pytest.skip("NO MEASURE OF MEMORY: this system has no /proc")
    twin = used(images)
    gc.collect()
    before = resident()
    for _ in range(400):
        twin.fork().run("1us")
    assert resident() - before < 700 << 20
