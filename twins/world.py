"""Several twins and Python actors on one clock.

>>> from twins.radio import EspNowPeer
>>> world = World(seed=1)
>>> lamp = world.add(EspNowPeer("7c:df:a1:00:00:01", channel=6), name="lamp")
>>> remote = world.add(EspNowPeer("7c:df:a1:00:00:02", channel=6), name="remote", at=(3, 4))
>>> world.at("10ms", lambda world: world["remote"].send("7c:df:a1:00:00:01", b"on"))
>>> world.run("20ms")
>>> lamp.received[0].data, lamp.received[0].rssi
(b'on', -41)

Twins run one after the other, in slices in which none can hear what another does: as long as the air says
(`twins.radio.Medium.lookahead`), or up to the next thing that happens. So nothing arrives in anybody's past, and
neither the order in which members came into the world nor the portions in which it runs change what happens.
"""

from __future__ import annotations

import copy
import hashlib
import heapq
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from twins.errors import Timeout, UsageError
from twins.twin import POLL, Snapshot, Twin
from twins.units import MS, Duration, Time, ps

if TYPE_CHECKING:
    from twins.radio.medium import Medium

Place = tuple[float, float]
"""Where something stands, in metres."""

Event = tuple[int, str, int, str, str, tuple[Any, ...]]
"""When, whose, its number among theirs; at what (a member's name, "air", or "call"), which method, with what."""

ALONE = 10 * MS
"""How long a slice is at most."""


class Actor:
    """Something in a world that is no twin, written in Python.

    >>> class Metronome(Actor):
    ...     def __init__(self) -> None:
    ...         super().__init__()
    ...         self.ticks = 0
    ...     def begin(self) -> None:
    ...         self.after("0s", self.tick)
    ...     def tick(self) -> None:
    ...         self.ticks += 1
    ...         self.after("1ms", self.tick)
    >>> world = World()
    >>> metronome = world.add(Metronome())
    >>> world.run("9.5ms"); metronome.ticks
    10
    """

    def __init__(self) -> None:
        self.name = ""
        self._world: World | None = None

    @property
    def world(self) -> World:
        """The world it is in."""
        if self._world is None:
            raise UsageError(f"{type(self).__name__} is in no world yet: world.add(...)")
        return self._world

    @property
    def now(self) -> int:
        """The present moment in ps."""
        return self.world.now

    def begin(self) -> None:
        """It has come into the world. Override to start something."""

    def after(self, delay: Time, method: Callable[..., None], *args: Any) -> None:
        """Calls a method of this actor after a time. It is kept by name, so that snapshots can hold it."""
        if getattr(method, "__self__", None) is not self:
            raise UsageError(f"{self.name}.after takes a method of the actor itself, so that a snapshot can keep it")
        self.world.post(self.now + ps(delay), self.name, self.name, method.__name__, args)

    def enter(self, world: World, name: str) -> None:
        """What a world does with one that comes in."""
        self.name, self._world = name, world

    def state(self) -> dict[str, Any]:
        """All that a snapshot must keep: by default a deep copy of the actor's attributes."""
        return copy.deepcopy({name: value for name, value in vars(self).items() if name not in self.FRAME})

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes on from a `state`."""
        vars(self).update(copy.deepcopy(dict(state)))

    FRAME = frozenset({"_world"})
    """Attributes that belong to the world and not to a snapshot."""


M = TypeVar("M", bound="Twin | Actor")


@dataclass(frozen=True)
class WorldSnapshot:
    """A world at rest. Give it to `World.restore` or `World.from_snapshot`."""

    now: int
    seed: int
    members: Mapping[str, tuple[Actor, Mapping[str, Any]] | Snapshot]
    radios: Mapping[str, Mapping[str, Any]]
    places: Mapping[str, Place]
    starts: Mapping[str, int]
    events: tuple[Event, ...]
    counts: Mapping[str, int]
    air: tuple[Medium, Mapping[str, Any]] | None


class World:
    """Twins and actors, and the air between them.

    Args:
        seed: for all that is random between them.
        air: the radio medium; a plain `twins.radio.Medium` where none is given and somebody has a radio.
    """

    def __init__(self, seed: int = 0, air: Medium | None = None) -> None:
        self.seed = seed
        self._air = air
        self._now = 0
        self._members: dict[str, Twin | Actor] = {}
        self._radios: dict[str, Any] = {}
        self._places: dict[str, Place] = {}
        self._starts: dict[str, int] = {}
        self._events: list[Event] = []
        self._counts: dict[str, int] = {}
        self._running: str | None = None
        self._happens_at: int | None = None
        self._handed_out_at = 0
        self._busy = False
        if air is not None:
            air.join(self)

    # Who is in it

    def add(self, member: M, name: str | None = None, at: Place = (0.0, 0.0), radio: bool = True) -> M:
        """Puts a twin or an actor into the world, at a place in metres; returns it.

        A twin begins, or goes on, now. One whose image has ESP-NOW gets a radio, unless `radio` is False.
        """
        if any(member is other for other in self._members.values()):
            raise UsageError(f"it is in this world already, as {self.name_of(member)!r}")
        name = self._free_name(member) if name is None else name
        if name in self._members or name in ("", "air", "call"):
            raise UsageError(f"there is a {name!r} in this world already: give another name")
        if isinstance(member, Twin) and member.world is not None:
            raise UsageError("this twin is in another world: fork it")
        self._places[name] = (float(at[0]), float(at[1]))
        self._members[name] = member
        try:
            self._enter(member, name, radio)
        except BaseException:
            del self._members[name], self._places[name]
            raise
        if isinstance(member, Actor):
            member.begin()
        return member

    def _enter(self, member: Twin | Actor, name: str, radio: bool) -> None:
        from twins.radio import EspNow, EspNowPeer  # they know the world

        if isinstance(member, Actor):
            member.enter(self, name)
            if isinstance(member, EspNowPeer):
                self.air.add(member)
            return
        self._starts[name] = self._now - member.now
        if radio and EspNow.fits(member):
            self._radios[name] = EspNow(member, name, self)
            self.air.add(self._radios[name])
        member.world = self

    def _free_name(self, member: Twin | Actor) -> str:
        base = member.board.name if isinstance(member, Twin) else type(member).__name__.lower()
        names = [base, *(f"{base}{number}" for number in range(2, len(self._members) + 3))]
        return next(name for name in names if name not in self._members)

    @property
    def air(self) -> Medium:
        """The radio medium."""
        if self._air is None:
            from twins.radio import Medium

            self._air = Medium()
            self._air.join(self)
        return self._air

    def name_of(self, member: Twin | Actor) -> str:
        """The name of a member."""
        for name, other in self._members.items():
            if other is member:
                return name
        raise UsageError(f"{member!r} is not in this world")

    def radio(self, name: str) -> Any:
        """The ESP-NOW of a twin: its peers, and what it refused."""
        if name not in self._radios:
            raise UsageError(f"{name!r} has no radio; {', '.join(self._radios) or 'nobody'} has")
        return self._radios[name]

    def position(self, name: str) -> Place:
        """Where a member stands."""
        return self._places[name]

    def move(self, name: str, at: Place) -> None:
        """A member stands somewhere else from now on."""
        self[name]
        self._places[name] = (float(at[0]), float(at[1]))

    def __getitem__(self, name: str) -> Any:
        if name not in self._members:
            raise UsageError(f"there is no {name!r} in this world; there are {', '.join(self._members) or 'none'}")
        return self._members[name]

    def __contains__(self, name: object) -> bool:
        return name in self._members

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._members))

    def __len__(self) -> int:
        return len(self._members)

    def __enter__(self) -> World:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes all twins."""
        for member in self._members.values():
            if isinstance(member, Twin):
                member.close()

    # Time

    @property
    def now(self) -> int:
        """The present moment in ps since the world began; while a twin runs, its moment.

        For what happens in the air it is the moment when it happens, which may lie within the slice that has ended.
        """
        if self._running is not None:
            return self.moment_of(self._running)
        return self._now if self._happens_at is None else self._happens_at

    @property
    def time(self) -> Duration:
        """The present moment as a `Duration`."""
        return Duration(self.now)

    def moment_of(self, name: str) -> int:
        """The moment of the world that a twin has reached."""
        return int(self._starts[name] + self[name].now)

    def run(self, duration: Time) -> None:
        """Runs for a time. What a twin raises (`FirmwareCrashed`) comes out here; a later run goes on with the rest."""
        self.advance(self._now + ps(duration))

    def run_until(self, condition: Callable[[], Any], timeout: Time = "10s", every: Time = POLL) -> Duration:
        """Runs until the condition holds, looking at it every so often; returns the time that passed.

        Raises `Timeout`.
        """
        start = self._now
        deadline, step = start + ps(timeout), max(1, ps(every))
        while not condition():
            if self._now >= deadline:
                name = getattr(condition, "__name__", repr(condition))
                raise Timeout(f"{name} did not hold within {Duration(ps(timeout))} of virtual time (now {self.time})")
            self.advance(min(self._now + step, deadline))
        return Duration(self._now - start)

    def at(self, time: Time, function: Callable[[World], Any]) -> None:
        """Calls a function at a moment of the world, with the world: a fork calls it with itself."""
        moment = ps(time)
        if moment < self._now:
            raise UsageError(f"{Duration(moment)} is over: it is {self.time}")
        self.post(moment, "", "call", "", (function,))

    def post(self, at: int, whose: str, target: str, method: str, args: tuple[Any, ...]) -> None:
        """Calls a method of a member (or of the "air") at a moment, in ps. At one moment, names decide the order."""
        self._counts[whose] = number = self._counts.get(whose, 0) + 1
        heapq.heappush(self._events, (at, whose, number, target, method, args))

    def advance(self, until: int) -> None:
        """Runs to a moment in ps."""
        if self._busy:
            raise UsageError("what happens in a world cannot run it: use world.at(...) or after(...) for later")
        self._busy = True
        try:
            while True:
                self._happen()
                if self._now >= until:
                    return
                if not self._slice(min(until, self._goal())):
                    return
        finally:
            self._busy = False
            self._hand_out()

    def advance_with(self, twin: Twin, until: int, stop_at_text: bool) -> tuple[str, int, int, str]:
        """Runs to a moment of a twin, or until it stops for a text or a breakpoint: what `Twin.advance` does here."""
        if self._busy:
            raise UsageError("what happens in a world cannot run it: use world.at(...) or after(...) for later")
        name = self.name_of(twin)
        self._busy = True
        try:
            while True:
                self._happen()
                goal = min(max(self._starts[name] + until, self._now), self._goal())
                stop = self._advance_one(name, goal, stop_at_text)
                self._slice(min(goal, self.moment_of(name)), without=name)
                if stop[0] != "time" or twin.now >= until:
                    self._happen()
                    return stop
        finally:
            self._busy = False
            self._hand_out()

    def _goal(self) -> int:
        """How far all may run without asking: to the next event, and not farther than what one does can be heard."""
        goal = self._now + (ALONE if self._air is None else min(ALONE, self._air.lookahead()))
        return min(goal, self._events[0][0]) if self._events else goal

    def _slice(self, goal: int, without: str = "") -> bool:
        """Everybody runs to the goal; False where a breakpoint stopped one."""
        for name in sorted(self._starts):
            if name != without and self._advance_one(name, goal)[0] == "breakpoint":
                return False
        self._now = goal
        if goal - self._handed_out_at >= ALONE:
            self._hand_out()
        return True

    def _advance_one(self, name: str, goal: int, stop_at_text: bool = False) -> tuple[str, int, int, str]:
        self._running = name
        try:
            twin: Twin = self._members[name]  # type: ignore[assignment]
            return twin.advance_alone(goal - self._starts[name], stop_at_text=stop_at_text, on=True)
        finally:
            self._running = None

    def _happen(self) -> None:
        try:
            while self._events and self._events[0][0] <= self._now:
                self._happens_at, _, _, target, method, args = heapq.heappop(self._events)
                if target != "air" and target not in self._radios:
                    self._hand_out()
                if target == "call":
                    args[0](self)
                else:
                    getattr(self._target(target), method)(*args)
        finally:
            self._happens_at = None

    def _hand_out(self) -> None:
        """Somebody may look, or it becomes much: parts get what the slices have gathered for them."""
        self._handed_out_at = self._now
        for name in self._starts:
            self[name].engine.hand_out()

    def _target(self, name: str) -> Any:
        if name == "air":
            return self.air
        return self._radios[name] if name in self._radios else self._members[name]

    # What is seen

    @property
    def sha256(self) -> str:
        """Equal for two worlds in which the same happened: the traces of all twins, and all that was on the air."""
        lines = [f"{n} {m.trace.sha256}" for n, m in sorted(self._members.items()) if isinstance(m, Twin)]
        if self._air is not None:
            lines.append(f"air {self._air.sha256}")
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    # Snapshots

    def snapshot(self) -> WorldSnapshot:
        """A picture of the world, of all in it and of what is on its way."""
        return WorldSnapshot(
            now=self._now,
            seed=self.seed,
            members={
                name: (member, member.state()) if isinstance(member, Actor) else member.snapshot()
                for name, member in self._members.items()
            },
            radios={name: radio.state() for name, radio in self._radios.items()},
            places=dict(self._places),
            starts=dict(self._starts),
            events=tuple(copy.deepcopy(self._events)),
            counts=dict(self._counts),
            air=None if self._air is None else (self._air, self._air.state()),
        )

    def restore(self, snapshot: WorldSnapshot) -> None:
        """Goes back to a picture of this world."""
        if set(snapshot.members) != set(self._members):
            raise UsageError(
                f"the snapshot is of {', '.join(sorted(snapshot.members))}, in this world are {', '.join(self)}: "
                "use World.from_snapshot"
            )
        for name, kept in snapshot.members.items():
            member = self._members[name]
            if isinstance(kept, Snapshot) and isinstance(member, Twin):
                member.restore(kept)
            elif isinstance(kept, tuple) and isinstance(member, Actor):
                member.restore(kept[1])
        self._go_on(snapshot)

    def _go_on(self, snapshot: WorldSnapshot) -> None:
        for name, state in snapshot.radios.items():
            self._radios[name].restore(state)
        self._now = snapshot.now
        self._places = dict(snapshot.places)
        self._starts = dict(snapshot.starts)
        self._counts = dict(snapshot.counts)
        self._events = copy.deepcopy(list(snapshot.events))
        if snapshot.air is not None:
            self.air.restore(snapshot.air[1])

    @classmethod
    def from_snapshot(cls, snapshot: WorldSnapshot) -> World:
        """A new world that goes on from a picture, with members of its own: ``world["remote"]``."""
        world = cls(snapshot.seed, None if snapshot.air is None else snapshot.air[0].alike())
        for name, kept in snapshot.members.items():
            if isinstance(kept, Snapshot):
                member: Twin | Actor = Twin.copy_of(kept)
            else:
                member = copy.copy(kept[0])
                member._world = None
                member.restore(kept[1])
            world._places[name] = snapshot.places[name]
            world._members[name] = member
            world._enter(member, name, name in snapshot.radios)
        world._go_on(snapshot)
        return world

    def fork(self) -> World:
        """An independent world that goes on from here; this one is not touched."""
        return World.from_snapshot(self.snapshot())

    def __repr__(self) -> str:
        return f"<World of {', '.join(self) or 'nobody'} at {self.time}>"
