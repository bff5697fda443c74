"""An incremental rotary encoder with detents and a push switch, such as ALPS EC11 and Bourns PEC11.

A and B are contacts to common C (ground) that close one after the other; both need pull-ups. ALPS EC11 data sheet,
"Output wave" and "Chattering, bounce": up to 3 ms of chatter at an edge and 2 ms of sliding noise at 60 rpm.
"""

from __future__ import annotations

from peripherals.contact import bounce_edges
from twins.errors import UsageError
from twins.ports import DigitalOut, Part
from twins.units import SECOND, Duration, Time, ms, ps

_PHASES = ((False, False), (True, False), (True, True), (False, True))
"""Which of A and B are closed, in the order of a clockwise turn: A leads."""


class RotaryEncoder(Part):
    """A rotary encoder; `turn` moves it by detents, clockwise for positive counts.

    Clockwise A closes first, so a reader that looks at B when A falls finds it high.

    Args:
        detents: detents per revolution.
        edges: quadrature edges per detent: 4 (rests with both contacts open) or 2 (rests open and closed in turn).
        pull: the module has its own pull-up resistors; without them an open contact is not driven.
        bounce: the longest chatter of an edge; 0 for clean contacts.

    >>> from twins.bench import Bench
    >>> bench = Bench(); knob = bench.add(RotaryEncoder(bounce="0ms"))
    >>> _ = knob.turn(+1, rpm=60); bench.run("5ms"); bench.level(knob.a), bench.level(knob.b)
    (False, True)
    >>> bench.run("100ms"); bench.level(knob.a), bench.level(knob.b), knob.position
    (True, True, 1)
    """

    a = DigitalOut()
    b = DigitalOut()
    sw = DigitalOut(optional=True)

    def __init__(
        self, detents: int = 20, edges: int = 4, pull: bool = False, bounce: Time = ms(1), sw_bounce: Time = ms(3)
    ) -> None:
        super().__init__()
        if edges not in (2, 4):
            raise UsageError(f"an encoder with {edges} edges per detent: expected 2 or 4")
        self.detents, self.edges, self.pull = detents, edges, pull
        self.bounce = Duration(ps(bounce))
        self.sw_bounce = Duration(ps(sw_bounce))
        self.position = 0
        self.is_down = False
        self._phase = 0
        self._free_at = 0

    def power_on(self) -> None:
        if self.pull:
            self.a.set(True)
            self.b.set(True)
            self.sw.set(True)

    def turn(self, detents: int, rpm: float = 30) -> Duration:
        """Turns by so many detents at a speed; returns how long it takes.

        The turn begins now, or when a turn under way is over. At 30 rpm and 20 detents a detent takes 100 ms.
        """
        if rpm <= 0:
            raise UsageError(f"a speed of {rpm} rpm: expected more than 0")
        begin = max(self.now, self._free_at)
        step = round(60 * SECOND / (rpm * self.detents * self.edges))
        direction = 1 if detents > 0 else -1
        for number in range(abs(detents) * self.edges):
            self._edge(begin + number * step, direction, step)
        self._free_at = begin + abs(detents) * self.edges * step
        self.position += detents
        return Duration(self._free_at - self.now)

    def _edge(self, at: int, direction: int, step: int) -> None:
        before = _PHASES[self._phase]
        self._phase = (self._phase + direction) % 4
        after = _PHASES[self._phase]
        longest = Duration(min(int(self.bounce), step // 2))
        for port, was, closed in ((self.a, before[0], after[0]), (self.b, before[1], after[1])):
            if was != closed:
                for moment, is_closed in bounce_edges(self.random, at, closed, longest):
                    self.host.drive(port.pin, self._level(is_closed), moment)

    def press(self, duration: Time = ms(100)) -> None:
        """Pushes the knob for a time."""
        self.down()
        self.after(duration, self.up)

    def down(self) -> None:
        """Pushes the knob and holds it."""
        self._switch(True)

    def up(self) -> None:
        """Lets the knob go."""
        self._switch(False)

    def _switch(self, closed: bool) -> None:
        if not self.sw.connected:
            raise UsageError(f"{self.label} has no switch on this board: connect sw in the board file")
        if closed != self.is_down:
            self.is_down = closed
            for moment, is_closed in bounce_edges(self.random, self.now, closed, self.sw_bounce):
                self.host.drive(self.sw.pin, self._level(is_closed), moment)

    def _level(self, closed: bool) -> bool | None:
        return False if closed else (True if self.pull else None)
