"""Wires between parts of a board, in board files, on benches, through snapshots."""

from __future__ import annotations

from typing import Any

import pytest

from twins import Twin
from twins.bench import Bench
from twins.board import Board
from twins.errors import BoardError
from twins.ports import DigitalIn, DigitalOut, Part, PulseSink

PARTS = {
    "key": {"type": "TTP223", "out": "GPIO2"},
    "latch": {"type": f"{__name__}:Latch", "clock": "GPIO3"},
    "sensor": {"type": "ACS758", "viout": "GPIO26", "vcc": 3.3},
    "fet": {"type": "Mosfet", "gate": "latch.out", "supply": "sensor.ip_minus"},
    "matrix": {"type": "LedMatrix", "rows": 2, "columns": 2, "data": "GPIO4", "supply": "fet.load"},
}


class Latch(Part):
    """Toggles its output at each rising edge, and once more 2 ms later."""

    clock = DigitalIn(floating=False)
    out = DigitalOut(initial=False)

    def __init__(self) -> None:
        super().__init__()
        self.on = False

    @clock.changed
    def _clock(self, at: int, level: bool) -> None:
        if level:
            self.on = not self.on
            self.out.set(self.on)
            self.out.set(not self.on, after="2ms")


class Probe(Part):
    """Keeps what it hears."""

    pin = PulseSink()

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[tuple[int, bool]] = []

    @pin.received
    def _received(self, at: Any, level: Any) -> None:
        self.heard += zip(at.tolist(), level.tolist(), strict=True)


def board(**changes: dict[str, Any]) -> Board:
    return Board.from_data({"chip": "rp2040", "parts": PARTS | changes})


def test_a_board_file_wires_parts_to_each_other() -> None:
    with Twin(board()) as twin:
        assert not twin.fet.on
        twin.pins["GPIO3"].drive(True)
        twin.run("1ms")
        assert (twin.fet.on, twin.matrix.supply.volts) == (True, 5.0)
        assert twin.sensor.amperes == pytest.approx(4 * 0.0007)
        twin.run("2ms")
        assert (twin.fet.on, twin.matrix.supply.volts) == (False, 0.0)


def test_wires_survive_snapshot_and_fork() -> None:
    with Twin(board()) as twin:
        twin.pins["GPIO3"].drive(True)
        twin.run("1ms")
        other = twin.fork()
        picture = twin.snapshot()
        for one in (twin, other):
            one.run("2ms")
            assert not one.fet.on
        assert other.matrix is not twin.matrix
        twin.restore(picture)
        assert twin.fet.on
        twin.run("2ms")
        assert (twin.fet.on, twin.matrix.powered) == (False, False)


def test_the_order_in_the_file_does_not_matter() -> None:
    turned = Board.from_data({"chip": "rp2040", "parts": dict(reversed(PARTS.items()))})
    with Twin(turned) as twin:
        twin.pins["GPIO3"].drive(True)
        twin.run("1ms")
        assert twin.matrix.powered


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"type": "Mosfet", "gate": "nobody.out"}, "there is no part 'nobody'"),
        ({"type": "Mosfet", "gate": "latch.q"}, "latch has no pin 'q'"),
        ({"type": "Mosfet", "gate": "GPIO5", "supply": "GPIO6"}, "supply is no signal"),
        ({"type": "Mosfet", "gate": "latch.out", "supply": "key.out"}, "fet.supply cannot be wired to key.out"),
    ],
)
def test_a_wire_that_leads_nowhere_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(BoardError, match=message):
        board(fet=change).create_parts()


def test_an_output_drives_several_inputs() -> None:
    bench = Bench()
    latch = bench.add(Latch())
    probes = [bench.add(Probe(), wires={"pin": latch.out}) for _ in range(2)]
    bench.set(latch.clock, True)
    bench.run("3ms")
    for probe in probes:
        assert probe.heard == [(0, True), (2_000_000_000, False)]


def test_an_input_has_one_output() -> None:
    bench = Bench()
    one, other = bench.add(Latch()), bench.add(Latch())
    probe = bench.add(Probe(), wires={"pin": one.out})
    with pytest.raises(BoardError, match=r"probe\.pin cannot be wired to latch\.out"):
        probe.pin.join(other.out)
