"""Stops the run at a moment of QEMU's virtual clock, which none of its commands does.

What QEMU has is a filter of its network, `filter-buffer`, that keeps a frame until a timer of the virtual clock runs
out, and another, `filter-dump`, that writes a frame to a file and waits until it is written. So a frame is held until
the moment, and then goes through two files that are pipes. The first is the bell: this side hears it. The second is the
gate: it is full, and QEMU stands in the middle of its timer until this side makes room. Meanwhile the debugger's
interrupt is on its way; QEMU finds it as soon as it goes on.
"""

from __future__ import annotations

from pathlib import Path

from twins.engines.qemu.clock import FRAME, quoted
from twins.engines.qemu.process import Process
from twins.engines.qemu.qmp import Qmp
from twins.units import US

LONGEST = 4_000_000_000
"""µs that fit into the filter's interval."""
_NET = "twins_alarm"
_HOLD = "/objects/twins_hold"


class Alarm:
    """One moment at a time."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._here = process.datagrams("waker")
        self._there = process.folder / "alarm"
        self.bell = process.pipe("bell")
        self._gate = process.pipe("gate")

    def arguments(self) -> list[str]:
        """What QEMU is started with."""
        here, there = quoted(Path(self._here.getsockname())), quoted(self._there)
        bell, gate = quoted(self.bell.path), quoted(self._gate.path)
        return [
            "-netdev", f"dgram,id={_NET},local.type=unix,local.path={there},remote.type=unix,remote.path={here}",
            "-netdev", f"hubport,id=twins_alarm_end,hubid=1,netdev={_NET}",
            "-object", f"filter-buffer,id=twins_hold,netdev={_NET},interval={LONGEST}",
            "-object", f"filter-dump,id=twins_bell,netdev={_NET},file={bell}",
            "-object", f"filter-dump,id=twins_gate,netdev={_NET},file={gate}",
        ]  # fmt: skip

    def start(self, qmp: Qmp) -> None:
        """QEMU has opened its files."""
        self._qmp = qmp
        self.bell.take()
        self._gate.take()
        self._gate.fill()

    def set(self, after: int) -> None:
        """It will ring in so many ps, rounded up, or after `LONGEST`. The machine stands still."""
        interval = min(LONGEST, max(1, -(-after // US)))
        self._qmp.set_properties(_HOLD, ("interval", interval), ("status", "off"), ("status", "on"))
        self._here.sendto(FRAME, str(self._there))

    def end(self) -> None:
        """The machine may go on, to where it is stopped."""
        self._gate.take()

    def clear(self) -> None:
        """The machine stands still: nothing will ring any more, and the gate is shut."""
        if not self.bell.take():
            self._qmp.set_properties(_HOLD, ("status", "off"))
            self.bell.take()
        self._gate.take()
        self._gate.fill()
