"""What the plugin keeps in view while a test runs: its twins, their pins, and the clock on the wall."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from twins.engines import Capability
from twins.errors import Timeout
from twins.trace import PinWindow
from twins.twin import Twin
from twins.units import SECOND, Duration

KEPT = 8
"""Twins of a test that are kept for its evidence: a test that forks hundreds would else hold them all to its end."""


@dataclass
class FrameRecord:
    """A picture that was compared; pictures as PNG."""

    test: str
    name: str
    status: str
    why: str
    actual: bytes
    expected: bytes | None = None
    difference: bytes | None = None


@dataclass
class Watch:
    """One test. As a guard (`Twin.guards`) it sees each twin that runs in it, the test's own ones too.

    Attributes:
        wall: how long the test's twins may run, in wall-clock seconds; None for a debugger's sake.
        window: how much of the pins is kept, in ps.
    """

    wall: float | None
    window: int
    began: float = field(default_factory=time.monotonic)
    twins: list[Twin] = field(default_factory=list)
    windows: dict[int, PinWindow] = field(default_factory=dict)
    frames: list[FrameRecord] = field(default_factory=list)

    def __call__(self, twin: Twin) -> None:
        self.see(twin)
        spent = time.monotonic() - self.began
        if self.wall is not None and spent > self.wall:
            raise Timeout(
                f"the test ran for {spent:.0f} s on the wall clock, its twin {twin.time} of virtual time: the limit of "
                f"{Duration(round(self.wall * SECOND))} ends it, @pytest.mark.twin(wall=...) or --twin-wall"
            )

    def see(self, twin: Twin) -> None:
        """This twin belongs to the test; where there are more than `KEPT`, it takes the place of the oldest."""
        if any(twin is other for other in self.twins):
            return
        if len(self.twins) == KEPT:
            self.forget(self.twins[0])
        self.twins.append(twin)
        if self.window and Capability.TRACE in twin.capabilities:
            self.windows[id(twin)] = PinWindow(self.window)
            twin.pin_log.listen(self.windows[id(twin)])

    def forget(self, twin: Twin) -> None:
        """This twin is not the test's, but what others are forked from."""
        self.twins = [other for other in self.twins if other is not twin]
        window = self.windows.pop(id(twin), None)
        if window is not None:
            twin.pin_log.ignore(window)

    def end(self) -> None:
        """The test is over."""
        for twin in list(self.twins):
            self.forget(twin)
