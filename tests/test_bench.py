"""The bench: parts without a chip."""

from __future__ import annotations

import pytest

from twins.bench import Bench
from twins.errors import BoardError, UsageError
from twins.ports import (
    EVERY_BYTE,
    AnalogOut,
    DigitalIn,
    DigitalOut,
    I2cTarget,
    Levels,
    Part,
    PulseSink,
    SpiAnswer,
    SpiBatch,
    SpiTarget,
    Times,
)
from twins.units import MS, NS


class Gauge(Part):
    """Something of every port."""

    spi = SpiTarget(dc=True, answers=[0x0A])
    reset = DigitalIn()
    enable = DigitalIn(optional=True, floating=False)
    out = DigitalOut(initial=True)
    alarm = DigitalOut(optional=True)
    data = PulseSink(optional=True)
    level = AnalogOut(optional=True)

    def __init__(self) -> None:
        super().__init__()
        self.log: list[tuple[object, ...]] = []

    def power_on(self) -> None:
        self.log.append(("on", self.now))

    @spi.received
    def _received(self, batch: SpiBatch) -> None:
        self.log.append(("spi", batch.data.tolist(), batch.dc.tolist(), batch.at.tolist(), batch.span.tolist()))

    @spi.answer
    def _answer(self, at: int, byte: int, dc: bool) -> SpiAnswer | None:
        return SpiAnswer(bytes([byte + 1]))

    @spi.selected
    def _selected(self, at: int, selected: bool) -> None:
        self.log.append(("selected", selected))

    @reset.changed
    def _reset(self, at: int, level: bool) -> None:
        self.log.append(("reset", at, level))

    @data.received
    def _data(self, at: Times, level: Levels) -> None:
        self.log.append(("data", at.tolist(), level.tolist()))

    def tick(self, what: str) -> None:
        self.log.append((what, self.now))


class Memory(Part):
    """An I2C target with a byte."""

    bus = I2cTarget()

    def __init__(self) -> None:
        super().__init__()
        self.addresses = [0x20]
        self.byte = 0

    @bus.write
    def _write(self, at: int, byte: int) -> bool:
        self.byte = byte
        return byte != 0xEE

    @bus.read
    def _read(self, at: int) -> int:
        return self.byte


class FullDuplex(Part):
    """A part that is asked for every byte."""

    spi = SpiTarget(answers=EVERY_BYTE)

    @spi.answer
    def _answer(self, at: int, byte: int, dc: bool) -> SpiAnswer | None:
        return SpiAnswer(bytes([byte ^ 0xFF]))


def test_every_pin_gets_a_number_and_the_part_is_powered() -> None:
    bench = Bench()
    first, second = bench.add(Gauge()), bench.add(Gauge())
    used = [pin for gauge in (first, second) for name in gauge.ports() for pin in getattr(gauge, name).pins.values()]
    assert len(used) == len(set(used)) == 22
    assert first.log == [("on", 0)]
    assert bench.level(first.out)


def test_time_moves_by_run_only_and_calls_come_at_their_moment() -> None:
    bench = Bench()
    gauge = bench.add(Gauge())
    gauge.after("3ms", gauge.tick, "late")
    gauge.after("1ms", gauge.tick, "early")
    gauge.after("1ms", gauge.tick, "second of the same moment")
    bench.run("2ms")
    assert gauge.log[1:] == [("early", MS), ("second of the same moment", MS)]
    assert bench.now == 2 * MS
    bench.run("1ms")
    assert gauge.log[-1] == ("late", 3 * MS)


def test_spi_bytes_carry_their_times() -> None:
    bench = Bench()
    gauge = bench.add(Gauge())
    bench.select(gauge.spi, True)
    bench.send(gauge.spi, [1, 2], dc=0, bit="10ns")
    assert gauge.log[1:] == [
        ("selected", True),
        ("spi", [1], [0], [80 * NS], [70 * NS]),
        ("spi", [2], [0], [160 * NS], [70 * NS]),
    ]


def test_only_listed_commands_are_asked_for_an_answer() -> None:
    bench = Bench()
    gauge = bench.add(Gauge())
    assert bench.send(gauge.spi, [0x0A], dc=0) == b"\x0b"
    assert bench.send(gauge.spi, [0x0A], dc=1) == b""
    assert bench.send(bench.add(FullDuplex()).spi, [0x0F]) == b"\xf0"


def test_inputs_tell_of_changes_only() -> None:
    bench = Bench()
    gauge = bench.add(Gauge())
    for level in (True, False, False, True):
        bench.set(gauge.reset, level)
    assert gauge.log[1:] == [("reset", 0, False), ("reset", 0, True)]
    assert gauge.reset.level


def test_open_inputs_have_the_level_of_their_module() -> None:
    bench = Bench()
    gauge = bench.add(Gauge(), without=["enable"])
    assert not gauge.enable.connected
    assert not gauge.enable.level
    assert not bench.add(Gauge()).enable.level


def test_pulses_are_relative_to_now() -> None:
    bench = Bench()
    gauge = bench.add(Gauge())
    bench.run("1ms")
    bench.pulses(gauge.data, [(0, 1), (10, 0)])
    assert gauge.log[1:] == [("data", [MS, MS + 10], [True, False])]


def test_outputs_are_kept_by_time_not_by_the_order_of_calls() -> None:
    bench = Bench()
    gauge = bench.add(Gauge())
    gauge.out.set(False, after="2ms")
    gauge.out.set(None, after="1ms")
    gauge.out.play([3 * MS, 4 * MS], [True, False])
    assert bench.edges[gauge.out.pin] == [(0, True), (MS, None), (2 * MS, False), (3 * MS, True), (4 * MS, False)]
    seen = []
    for _ in range(5):
        seen.append(bench.level(gauge.out))
        bench.run("1ms")
    assert seen == [True, True, False, True, False]


def test_voltages_are_kept() -> None:
    bench = Bench()
    gauge = bench.add(Gauge())
    gauge.level.set(1.2)
    assert bench.voltages == {gauge.level.pin: 1.2}


def test_i2c_acknowledges_by_address_and_by_byte() -> None:
    bench = Bench()
    memory = bench.add(Memory())
    assert bench.i2c_write(memory.bus, 0x21, [1]) == [False]
    assert bench.i2c_read(memory.bus, 0x21, 1) is None
    assert bench.i2c_write(memory.bus, 0x20, [1, 0xEE]) == [True, True, False]
    assert bench.i2c_read(memory.bus, 0x20, 2) == b"\xee\xee"


# twins.ports: what does not depend on the host


def test_a_needed_pin_must_be_connected() -> None:
    with pytest.raises(BoardError, match="gauge: pin 'mosi' is not connected: add mosi = \"GPIOn\""):
        Gauge().connect({"sck": 1, "dc": 2, "reset": 3, "out": 4})


def test_an_unknown_pin_is_refused_with_the_known_ones() -> None:
    with pytest.raises(BoardError, match=r"memory has no pin 'scs': it has scl, sda"):
        Memory().connect({"sda": 1, "scl": 2, "scs": 3})


def test_two_parts_of_a_class_have_connections_of_their_own() -> None:
    one, two = Memory(), Memory()
    one.connect({"sda": 1, "scl": 2})
    two.connect({"sda": 3, "scl": 4})
    assert one.bus.pins == {"sda": 1, "scl": 2}
    assert not Memory.bus.connected
    with pytest.raises(UsageError, match="is a declaration"):
        _ = Memory.bus.part


def test_a_part_on_no_board_says_so() -> None:
    with pytest.raises(UsageError, match="add it to a Twin or a Bench first"):
        _ = Memory().now


def test_the_pin_of_an_open_port_is_an_error_with_the_cure() -> None:
    gauge = Bench().add(Gauge(), without=["alarm"])
    gauge.alarm.set(True)  # nobody is there to see it
    with pytest.raises(UsageError, match=r"gauge.alarm is not connected: name its pin in the board file"):
        _ = gauge.alarm.pin


def test_after_takes_methods_of_the_part_only() -> None:
    bench = Bench()
    one, two = bench.add(Gauge()), bench.add(Gauge())
    for method in (two.tick, print, lambda: None):
        with pytest.raises(UsageError, match="takes a method of the part itself"):
            one.after("1ms", method)


def test_calls_are_kept_by_name_so_that_a_snapshot_can_hold_them() -> None:
    asked: list[tuple[int, Part, str, tuple[object, ...]]] = []

    class Recorder(Bench):
        def call_at(self, at: int, part: Part, method: str, args: tuple[object, ...]) -> None:
            asked.append((at, part, method, args))

    bench = Recorder()
    gauge = bench.add(Gauge())
    bench.run("1ms")
    gauge.after("2ms", gauge.tick, "x")
    assert asked == [(3 * MS, gauge, "tick", ("x",))]


def test_a_state_is_a_copy_without_host_and_ports() -> None:
    bench = Bench()
    gauge = bench.add(Gauge())
    state = gauge.state()
    assert set(state) == {"label", "random", "log", "_driven"}
    gauge.log.append(("later",))
    gauge.random.random()
    expected = gauge.random.random()
    other = Bench().add(Gauge())
    other.restore(state)
    other.random.random()
    assert other.log == [("on", 0)]
    assert other.random.random() == expected
    other.log.append(("mine",))
    assert state["log"] == [("on", 0)]


def test_chance_depends_on_seed_and_label() -> None:
    def draw(seed: int, label: str) -> float:
        gauge = Gauge()
        gauge.label = label
        return Bench(seed).add(gauge).random.random()

    assert draw(1, "a") == draw(1, "a")
    assert len({draw(1, "a"), draw(2, "a"), draw(1, "b")}) == 3


def test_a_subclass_keeps_the_ports_of_its_base() -> None:
    class Quiet(Gauge):
        """A gauge that can be muted."""

        mute = DigitalIn(optional=True)

    assert list(Quiet.ports()) == [*Gauge.ports(), "mute"]
