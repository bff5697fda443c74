"""An incremental rotary encoder with detents and a push switch, such as ALPS EC11 and Bourns PEC11.

A and B are contacts to common C (ground) that close one after the other; both need pull-ups. ALPS EC11 data sheet,
"Output wave" and "Chattering, bounce": up to 3 ms of chatter at an edge and 2 ms of sliding noise at 60 rpm.
"""

from __future__ import annotations

from fractions import Fraction
from typing import ClassVar

from peripherals.contact import Contact, Edge, bounce_edges, sliding_edges
from twins.controls import Control, Hold, Turn
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
        sliding_noise: how long a closed contact may lose touch while it slides; 0 for never.
        sw_bounce: the longest bounce of the switch.

    Attributes:
        position: detents from power-on, clockwise, when all turns so far are done.

    >>> from twins.bench import Bench
    >>> bench = Bench(); knob = bench.add(RotaryEncoder(bounce="0ms"))
    >>> _ = knob.turn(+1, rpm=60); bench.run("5ms"); bench.level(knob.a), bench.level(knob.b)
    (False, True)
    >>> bench.run("100ms"); bench.level(knob.a), bench.level(knob.b), knob.position
    (True, True, 1)
    """

    controls: ClassVar[tuple[Control, ...]] = (Turn(), Hold(label="push", needs="sw"))

    a = DigitalOut()
    b = DigitalOut()
    sw = DigitalOut(optional=True)

    def __init__(
        self,
        detents: int = 20,
        edges: int = 4,
        pull: bool = False,
        bounce: Time = ms(1),
        sliding_noise: Time = 0.0,
        sw_bounce: Time = ms(3),
    ) -> None:
        super().__init__()
        if edges not in (2, 4):
            raise UsageError(f"an encoder with {edges} edges per detent: expected 2 or 4")
        if detents < 1:
            raise UsageError(f"an encoder with {detents} detents: expected 1 or more")
        self.detents, self.edges, self.pull = detents, edges, pull
        self.bounce = Duration(ps(bounce))
        self.sliding_noise = Duration(ps(sliding_noise))
        self.position = 0
        self._switch = Contact(Duration(ps(sw_bounce)))
        self._phase = 0
        self._free_at = 0

    def power_on(self) -> None:
        if self.pull:
            self.a.set(True)
            self.b.set(True)
            self.sw.set(True)

    def turn(self, detents: int, rpm: float = 30) -> Duration:
        """Turns by so many detents at a speed; returns how long it takes from now on.

        The turn begins now, or when a turn under way is over. At 30 rpm and 20 detents a detent takes 100 ms.

        >>> from twins.bench import Bench
        >>> bench = Bench(); knob = bench.add(RotaryEncoder())
        >>> knob.turn(+2), knob.turn(-1), knob.position
        (Duration('200ms'), Duration('300ms'), 1)
        """
        if rpm <= 0:
            raise UsageError(f"a speed of {rpm} rpm: expected more than 0")
        begin = max(self.now, self._free_at)
        step = Fraction(60 * SECOND) / (Fraction(rpm) * self.detents * self.edges)
        for number in range(abs(detents) * self.edges):
            self._edge(begin + round(number * step), 1 if detents > 0 else -1, round(step))
        self._free_at = begin + round(abs(detents) * self.edges * step)
        self.position += detents
        return Duration(self._free_at - self.now)

    def _edge(self, at: int, direction: int, step: int) -> None:
        """One of A and B closes or opens and chatters for half a step at the most; a closed one slides on."""
        before = _PHASES[self._phase]
        self._phase = (self._phase + direction) % 4
        after = _PHASES[self._phase]
        for port, was, closed in ((self.a, before[0], after[0]), (self.b, before[1], after[1])):
            if was != closed:
                self._drive(port, bounce_edges(self.random, at, closed, min(self.bounce, step // 2)))
            elif closed:
                self._drive(port, sliding_edges(self.random, at + step // 2, min(self.sliding_noise, step // 2)))

    def _drive(self, port: DigitalOut, edges: list[Edge]) -> None:
        for at, closed in edges:
            self.host.drive(port.pin, False if closed else (True if self.pull else None), at)

    def press(self, duration: Time = ms(100)) -> None:
        """Pushes the knob for a time."""
        self.down()
        self.after(duration, self.up)

    def down(self) -> None:
        """Pushes the knob and holds it."""
        self._push(True)

    def up(self) -> None:
        """Lets the knob go."""
        self._push(False)

    @property
    def is_down(self) -> bool:
        """Is the knob pushed?"""
        return self._switch.closed

    def _push(self, closed: bool) -> None:
        if not self.sw.connected:
            raise UsageError(f"{self.label} has no switch on this board: connect sw in the board file")
        self._drive(self.sw, self._switch.move(self.random, self.now, closed))
