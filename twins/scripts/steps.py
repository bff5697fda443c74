"""The steps of a script: what is checked before the run, and what is done in it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twins.errors import ScriptFailed, UsageError
from twins.texts import Wanted
from twins.units import Duration, ms

if TYPE_CHECKING:
    from twins.scripts.player import Player
    from twins.twin import Twin

POLL = ms(10)
"""How often a picture is looked at while one waits for it."""


@dataclass
class Wait:
    """What a script waits for: a moment, or something that is seen, and until when.

    Attributes:
        until: the moment, in ps.
        seen: is what is waited for there? It is asked at every stop, and every `every` if given.
        wanted: a text at which the engine stops by itself.
        within: how long it may take, in ps.
        words: what to say where it takes longer.
        deadline: when it is too late, in ps; the player's.
    """

    until: int | None = None
    seen: Callable[[], bool] | None = None
    wanted: Wanted | None = None
    every: int | None = None
    within: int | None = None
    words: Callable[[], str] = str
    deadline: int | None = None

    def due(self, now: int) -> int | None:
        """The next moment at which to look."""
        moments = [self.until, self.deadline, now + self.every if self.every else None]
        return min((moment for moment in moments if moment is not None), default=None)


@dataclass(frozen=True)
class Step:
    """One step; `where` names it in messages."""

    where: str

    def check(self, twin: Twin) -> None:
        """Raises `UsageError` for what this twin has not, before anything runs."""

    def act(self, player: Player) -> Wait | None:
        """Does it; what is to be waited for before the next step."""
        raise NotImplementedError


@dataclass(frozen=True)
class Pause(Step):
    """Lets a time pass."""

    duration: int

    def act(self, player: Player) -> Wait | None:
        return Wait(until=player.twin.now + self.duration)


@dataclass(frozen=True)
class At(Step):
    """Waits for a moment of virtual time since power-on."""

    moment: int

    def act(self, player: Player) -> Wait | None:
        now = player.twin.now
        if now > self.moment:
            raise ScriptFailed(f"{self.where}: {Duration(self.moment)} is over, it is {Duration(now)}")
        return Wait(until=self.moment)


@dataclass(frozen=True)
class Expect(Step):
    """Waits until a console shows a text, behind what an earlier step found there."""

    text: str
    console: str | None = None
    within: int | None = None

    def check(self, twin: Twin) -> None:
        _check_console(twin, self.console)

    def act(self, player: Player) -> Wait | None:
        wanted = Wanted(player.twin, self.text, player.read_up_to, self.console)

        def seen() -> bool:
            found = wanted.find()
            if found:
                player.read_up_to[found[0]] = found[1]
            return found is not None

        return Wait(seen=seen, wanted=wanted, within=self.within, words=self.words)

    def words(self) -> str:
        """What did not happen."""
        return f"{self.text!r} was not seen"


@dataclass(frozen=True)
class Forbid(Step):
    """From here on no console may show a text."""

    text: str
    console: str | None = None

    def check(self, twin: Twin) -> None:
        _check_console(twin, self.console)

    def act(self, player: Player) -> Wait | None:
        behind = {name: player.twin.output_length(name) for name in player.twin.console_names}
        player.forbidden.append((self.where, Wanted(player.twin, self.text, behind, self.console)))
        return None


@dataclass(frozen=True)
class Type(Step):
    """Types on a console: the one that spoke last, unless it is named."""

    data: bytes
    console: str | None = None

    def check(self, twin: Twin) -> None:
        _check_console(twin, self.console)

    def act(self, player: Player) -> Wait | None:
        twin = player.twin
        (twin.console if self.console is None else twin.consoles[self.console]).send(self.data)
        return None


@dataclass(frozen=True)
class Call(Step):
    """Somebody does something to a part."""

    part: str
    method: str
    arguments: tuple[Any, ...] = ()

    def check(self, twin: Twin) -> None:
        twin.door.check_call(self.part, self.method)
        _check_arguments(f"{self.part}.{self.method}", getattr(twin.parts[self.part], self.method), self.arguments)

    def act(self, player: Player) -> Wait | None:
        try:
            player.twin.door.call(self.part, self.method, *self.arguments)
            player.twin.door.let_in()
        except (TypeError, ValueError, OverflowError, UsageError) as error:
            raise UsageError(f"{self.where}: {self.part}.{self.method}: {error}") from None
        return None


@dataclass(frozen=True)
class FirstOf(Step):
    """The first of several methods that a part has: it is let go by ``up`` or by ``release``."""

    part: str
    methods: tuple[str, ...]
    arguments: tuple[Any, ...] = ()

    def check(self, twin: Twin) -> None:
        self._call(twin).check(twin)

    def act(self, player: Player) -> Wait | None:
        return self._call(player.twin).act(player)

    def _call(self, twin: Twin) -> Call:
        part = type(find_part(twin, self.part))
        method = next((name for name in self.methods if hasattr(part, name)), self.methods[-1])
        return Call(self.where, self.part, method, self.arguments)


@dataclass(frozen=True)
class Later(Step):
    """Does a step after a time, while the script goes on."""

    after: int
    step: Step

    def check(self, twin: Twin) -> None:
        self.step.check(twin)

    def act(self, player: Player) -> Wait | None:
        player.later(player.twin.now + self.after, self.step)
        return None


@dataclass(frozen=True)
class Set(Step):
    """Moves what stays where it is put: a potentiometer."""

    part: str
    attribute: str
    value: Any

    def check(self, twin: Twin) -> None:
        twin.door.check_set(self.part, self.attribute)

    def act(self, player: Player) -> Wait | None:
        try:
            player.twin.door.set(self.part, self.attribute, self.value)
            player.twin.door.let_in()
        except (TypeError, ValueError, OverflowError, UsageError) as error:
            raise UsageError(f"{self.where}: {self.part}.{self.attribute}: {error}") from None
        return None


@dataclass(frozen=True)
class Volts(Step):
    """Puts a voltage on a pin of the chip."""

    pin: str
    volts: float

    def check(self, twin: Twin) -> None:
        number = twin.pins[self.pin].number
        if number not in twin.board.chip.adc:
            raise UsageError(f"{self.pin} is no analog input of the {twin.board.chip.name}")

    def act(self, player: Player) -> Wait | None:
        player.twin.door.volts(self.pin, self.volts)
        player.twin.door.let_in()
        return None


@dataclass(frozen=True)
class Say(Step):
    """Lets a WAV file sound where a part hears it."""

    part: str
    path: Path
    options: Mapping[str, Any] = field(default_factory=dict)

    def check(self, twin: Twin) -> None:
        twin.door.check_say(self.part)
        part: Any = twin.parts[self.part]
        method = part.scene.say if hasattr(part, "scene") else part.play
        _check_arguments(f"say {self.part}", method, (str(self.path),), self.options)
        if not self.path.is_file():
            raise UsageError(f"there is no sound {self.path}")

    def act(self, player: Player) -> Wait | None:
        try:
            player.twin.door.say(self.part, self.path, **self.options)
            player.twin.door.let_in()
        except (TypeError, ValueError, OverflowError, UsageError) as error:
            raise UsageError(f"{self.where}: say {self.part}: {error}") from None
        return None


@dataclass(frozen=True)
class Reset(Step):
    """Pulls the chip's reset pin low and lets go. What consoles showed before is not looked for any more."""

    def act(self, player: Player) -> Wait | None:
        twin = player.twin
        player.read_up_to.update((name, twin.output_length(name)) for name in twin.console_names)
        twin.door.reset()
        twin.door.let_in()
        return None


@dataclass(frozen=True)
class Lines(Step):
    """Sets the control lines of a console's USB bridge."""

    console: str
    dtr: bool
    rts: bool

    def check(self, twin: Twin) -> None:
        _check_console(twin, self.console)

    def act(self, player: Player) -> Wait | None:
        player.twin.door.lines(self.console, self.dtr, self.rts)
        player.twin.door.let_in()
        return None


@dataclass(frozen=True)
class Bootsel(Step):
    """Holds the BOOTSEL button down, or lets go."""

    held: bool

    def act(self, player: Player) -> Wait | None:
        player.twin.door.bootsel(self.held)
        player.twin.door.let_in()
        return None


@dataclass(frozen=True)
class Usb(Step):
    """The USB host does something; bytes are texts, a character each."""

    what: str
    arguments: tuple[Any, ...]

    def act(self, player: Player) -> Wait | None:
        try:
            player.twin.door.usb(self.what, *self.arguments)
            player.twin.door.let_in()
        except UsageError as error:
            raise UsageError(f"{self.where}: usb: {error}") from None
        return None


@dataclass(frozen=True)
class PinIs(Step):
    """A pin of the chip has a level now."""

    pin: str
    high: bool

    def check(self, twin: Twin) -> None:
        twin.pins[self.pin]

    def act(self, player: Player) -> Wait | None:
        level = player.twin.pins[self.pin].level
        if level != self.high:
            raise ScriptFailed(f"{self.where}: {self.pin} is {_level(level)}, expected {_level(self.high)}")
        return None


@dataclass(frozen=True)
class About(Step):
    """What the script was written for, as far as its head says: ``board``, ``image`` and ``seed``."""

    said: Mapping[str, Any]

    def check(self, twin: Twin) -> None:
        image = twin.image.sha256 if twin.image is not None else None
        for what, mine in (("board", twin.board.name), ("image", image), ("seed", twin.seed)):
            if what in self.said and self.said[what] != mine:
                raise UsageError(
                    f"it is of {what} {self.said[what]!r}, this twin has {mine!r}: "
                    f"without the line '{what}: ...' it is played on any"
                )

    def act(self, player: Player) -> Wait | None:
        return None


@dataclass(frozen=True)
class Trace(Step):
    """What was seen from outside so far is what a record saw."""

    sha256: str

    def act(self, player: Player) -> Wait | None:
        trace = player.twin.trace.sha256
        if trace != self.sha256:
            raise ScriptFailed(
                f"{self.where}: the trace is {trace[:16]}..., recorded was {self.sha256[:16]}...: the image, the seed "
                "or the package is another one, or something acted on the twin beside the script"
            )
        return None


def find_part(twin: Twin, name: str) -> Any:
    """A part of the twin's board by name. Raises `UsageError`."""
    if name not in twin.parts:
        raise UsageError(f"board {twin.board.name} has no part {name!r}: it has {', '.join(twin.parts) or 'none'}")
    return twin.parts[name]


def _check_console(twin: Twin, name: str | None) -> None:
    if not twin.consoles:
        raise UsageError(f"board {twin.board.name} has no console")
    if name is not None and name not in twin.consoles:
        raise UsageError(f"board {twin.board.name} has no console {name!r}: it has {', '.join(twin.consoles)}")


def _check_arguments(
    what: str, method: Any, arguments: tuple[Any, ...], options: Mapping[str, Any] | None = None
) -> None:
    signature = inspect.signature(method)
    try:
        signature.bind(*arguments, **(options or {}))
    except TypeError as error:
        takes = ", ".join(str(parameter).split(":")[0] for parameter in signature.parameters.values())
        raise UsageError(f"{what}: {error}: it takes {takes.replace('*, ', '') or 'nothing'}") from None


def _level(high: bool) -> str:
    return "high" if high else "low"
