"""Keywords about twins as a whole: making them, going on in time, coming back to a state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from twins.errors import UsageError
from twins.twin import Snapshot, Twin
from twins.units import Duration, seconds


@dataclass
class _State:
    """What ``Provides`` keeps: each twin's picture, and what the testers had read."""

    twins: dict[str, Snapshot]
    testers: dict[str, Any]


class EmulationKeywords:
    """One emulation: twins by name."""

    def __init__(self) -> None:
        self._twins: dict[str, Twin] = {}
        self._states: dict[str, _State] = {}

    def create_twin(
        self, board: str, image: str, name: str = "", elf: str = "", seed: int = 0, engine: str = "native"
    ) -> str:
        """A board with an image in its flash, at power-on. Returns its name, by default the board's.

        | Create Twin | media_controller | ${CURDIR}/media_controller.uf2 |
        """
        label = name or board
        if label in self._twins:
            raise UsageError(f"there is a twin {label!r} already: give this one another name")
        self._twins[label] = Twin(board, image=image, elf=elf or None, seed=seed, engine=engine)
        return label

    def start_emulation(self) -> None:
        """Renode's keyword: time begins to run. Here it runs in the keywords that wait; checks that there is a twin."""
        self._twin()

    def reset_emulation(self) -> None:
        """Ends all twins and testers."""
        for twin in self._twins.values():
            twin.close()
        self._twins.clear()
        self._restore_testers({})

    def provides(self, state: str) -> None:
        """Keeps the present state of all twins and testers under a name, for ``Requires``."""
        self._states[state] = _State(
            {name: twin.snapshot() for name, twin in self._twins.items()}, self._save_testers()
        )

    def requires(self, state: str) -> None:
        """All twins and testers are again as they were at ``Provides``."""
        kept = self._states.get(state)
        if kept is None:
            names = ", ".join(self._states) or "none so far"
            raise UsageError(
                f"required state {state!r} not found: there is {names}; a test before this one Provides it"
            )
        self.reset_emulation()
        self._twins.update({name: Twin.from_snapshot(snapshot) for name, snapshot in kept.twins.items()})
        self._restore_testers(kept.testers)

    def execute_command(self, command: str, machine: str = "") -> None:
        """Renode's keyword for its monitor, which twins have not: fails, and says what to use."""
        raise UsageError(
            f"Execute Command {command!r}: a twin has no monitor; use Create Twin, Run For, Reset Twin, Set Pin, "
            "or a keyword of your own in Python"
        )

    def run_for(self, duration: str, machine: str = "") -> None:
        """Lets virtual time pass: ``100ms``, or seconds."""
        self._twin(machine).run(_time(duration))

    def reset_twin(self, machine: str = "") -> None:
        """Pulls the chip's reset pin."""
        self._twin(machine).reset()

    def set_pin(self, pin: str, level: str, machine: str = "") -> None:
        """Drives a pin of the chip from outside: ``high``, ``low``, or ``open`` to let it go."""
        levels = {"high": True, "1": True, "low": False, "0": False, "open": None}
        if level.lower() not in levels:
            raise UsageError(f"level {level!r}: expected high, low or open")
        driven = levels[level.lower()]
        if driven is None:
            self._twin(machine).pins[pin].release()
        else:
            self._twin(machine).pins[pin].drive(driven)

    def pin_should_be(self, pin: str, level: str, machine: str = "") -> None:
        """The level on a pin: ``high`` or ``low``."""
        is_level = "high" if self._twin(machine).pins[pin].level else "low"
        if is_level != {"1": "high", "0": "low"}.get(level, level.lower()):
            raise AssertionError(f"{pin} is {is_level} at {self._twin(machine).time}, not {level}")

    def virtual_time(self, machine: str = "") -> float:
        """Virtual seconds since power-on."""
        return self._twin(machine).time.seconds

    def trace_hash(self, machine: str = "") -> str:
        """The hash of everything that happened: the same inputs give the same one."""
        return self._twin(machine).trace.sha256

    # For the other rooms

    def _twin(self, machine: str | None = None) -> Twin:
        if machine:
            if machine not in self._twins:
                names = ", ".join(self._twins) or "none"
                raise UsageError(f"machine with name {machine!r} not found: there is {names}")
            return self._twins[machine]
        if len(self._twins) != 1:
            names = ", ".join(self._twins) or "none: Create Twin comes first"
            raise UsageError(f"no machine name given, and there is not exactly one twin: {names}")
        return next(iter(self._twins.values()))

    def _save_testers(self) -> dict[str, Any]:
        """What the testers have read so far, by kind."""
        return {}

    def _restore_testers(self, testers: dict[str, Any]) -> None:
        """Testers as they were; without an entry there are none."""


class Testers:
    """Testers of one kind, by their numbers from 1."""

    def __init__(self, kind: str, keyword: str) -> None:
        self.kind, self.keyword = kind, keyword
        self.by_number: dict[int, Any] = {}
        self.timeout = 0.0

    def add(self, tester: Any) -> int:
        """Its number."""
        number = max(self.by_number, default=0) + 1
        self.by_number[number] = tester
        return number

    def get(self, number: int | None) -> Any:
        """A tester; without a number the only one."""
        if number is None and len(self.by_number) == 1:
            return next(iter(self.by_number.values()))
        if number in self.by_number:
            return self.by_number[number]
        have = ", ".join(map(str, self.by_number)) or f"none: {self.keyword} makes one"
        raise UsageError(f"{self.kind} tester {'without an ID' if number is None else number}: there is {have}")

    def limit(self, timeout: float | None) -> Duration:
        """How long to wait, in virtual time."""
        return seconds(self.timeout if timeout is None else timeout)


def local(name: str) -> str:
    """A peripheral's name without Renode's path before it."""
    return name.rsplit(".", 1)[-1]


def _time(text: str) -> Any:
    try:
        return seconds(float(text))
    except ValueError:
        return text
