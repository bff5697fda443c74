"""The thread in which a twin lives while people look at it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from twins import Twin, UsageError
from twins.board import Board
from twins.cli import main
from twins.controls import Control, Hold, Reading, Slide, describe, may_be_called
from twins.ports import DigitalOut, Part
from twins.radio import BROADCAST, EspNowPeer
from twins.view.runner import Runner
from twins.world import World


def until(condition: Callable[[], Any], seconds: float = 30) -> None:
    """Waits on the wall clock."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def text(runner: Runner, console: str = "uart0") -> str:
    return runner.look().texts[console][1].decode()


def test_it_stands_until_it_is_let_go_and_stands_again(runner: Runner) -> None:
    start = runner.look().at
    time.sleep(0.1)
    assert runner.look().at == start
    runner.do(runner.go).result()
    until(lambda: runner.seen.at > start)
    runner.do(runner.pause).result()
    stands = runner.look().at
    time.sleep(0.1)
    assert runner.look().at == stands > start


def test_at_a_pace_it_goes_no_faster_than_the_wall_clock(runner: Runner) -> None:
    runner.do(lambda: runner.set_pace(0.05)).result()
    start, began = runner.look().at, time.monotonic()
    runner.do(runner.go).result()
    until(lambda: runner.seen.at > start + 10_000_000_000)
    runner.do(runner.pause).result()
    virtual, wall = (runner.look().at - start) / 1e12, time.monotonic() - began
    assert virtual <= 0.05 * wall + 0.005


def test_a_turn_of_the_knob_changes_the_picture_and_the_console(runner: Runner) -> None:
    before = runner.look().frames["lcd"]
    runner.do(lambda: runner.act("knob", "turn", 3)).result()
    runner.do(lambda: runner.step("500ms")).result()
    assert text(runner).endswith("volume 43\r\n")
    assert not np.array_equal(before, runner.look().frames["lcd"])
    assert runner.look().values["knob/0"] == {"value": 3}


def test_a_step_to_the_next_picture_ends_where_it_changes(runner: Runner) -> None:
    before = runner.look()
    runner.do(lambda: runner.act("knob", "turn", 1)).result()
    runner.do(runner.step_to_picture).result()
    after = runner.look()
    assert 0 < after.at - before.at < 500_000_000_000
    assert after.frames["lcd"] is not before.frames["lcd"]


def test_a_frame_that_has_not_changed_is_the_same_object(runner: Runner) -> None:
    before = runner.look()
    runner.do(lambda: runner.step("50ms")).result()
    assert runner.look().frames["lcd"] is before.frames["lcd"]


def test_a_short_push_is_held_long_enough_to_be_seen(runner: Runner) -> None:
    """The firmware takes a switch for pushed after 20 ms; a click of a mouse on a slow twin is shorter."""
    runner.do(lambda: runner.hold("knob", "down", "up", True)).result()
    runner.do(lambda: runner.hold("knob", "down", "up", False)).result()
    assert runner.look().values["knob/1"] == {"value": True}
    runner.do(lambda: runner.step("300ms")).result()
    assert runner.look().values["knob/1"] == {"value": False}
    assert text(runner).endswith("play\r\n")


def test_it_goes_back_to_a_saved_moment_with_its_consoles_and_its_script(runner: Runner) -> None:
    number = runner.do(runner.save).result()
    saved = runner.look()
    runner.do(lambda: runner.act("knob", "turn", 3)).result()
    runner.do(lambda: runner.step("500ms")).result()
    assert runner.look().recorded == 1
    runner.do(lambda: runner.restore(number)).result()
    back = runner.look()
    assert (back.at, back.texts, back.recorded) == (saved.at, saved.texts, 0)
    assert np.array_equal(back.frames["lcd"], saved.frames["lcd"])
    with pytest.raises(UsageError, match="no saved moment 9: there are 1"):
        runner.do(lambda: runner.restore(9)).result()


def test_only_what_controls_name_can_be_done(runner: Runner) -> None:
    for part, method in (("knob", "restore"), ("knob", "mount"), ("lcd", "power_on"), ("nobody", "turn")):
        with pytest.raises(UsageError, match=f"'{part}' has no control that does '{method}'"):
            runner.do(lambda part=part, method=method: runner.act(part, method)).result()  # type: ignore[misc]
    with pytest.raises(UsageError, match=r"knob\.turn: "):
        runner.do(lambda: runner.act("knob", "turn", "far")).result()


def test_the_script_of_a_session_gives_the_same_trace(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = images / "media_controller.uf2"
    with Runner(Twin("media_controller", image=image), pace=None, running=False) as runner:
        for act in (
            lambda: runner.step("401.5ms"),
            lambda: runner.act("knob", "turn", 4),
            lambda: runner.step("33.003ms"),
            lambda: runner.hold("knob", "down", "up", True),
            lambda: runner.step("120ms"),
            lambda: runner.hold("knob", "down", "up", False),
            lambda: runner.act("battery", "move", 0.2),
            lambda: runner.step("300ms"),
        ):
            runner.do(act).result()  # type: ignore[arg-type]
        script = runner.do(runner.recorder.text).result()
        trace, at = runner.do(lambda: (runner.twin.trace.sha256, runner.twin.now)).result()
    (tmp_path / "session.yaml").write_text(script)
    arguments = ["run", "media_controller", str(image), "--input", str(tmp_path / "session.yaml"), "--json"]
    assert main([*arguments, "--for", f"{at}ps"]) == 0
    assert f'"trace_sha256": "{trace}"' in capsys.readouterr().out
    steps = [line for line in script.splitlines() if not line.startswith("- at: ")]
    assert steps[4:] == [
        "- turn: {knob: 4}",
        "- hold: knob",
        "- release: knob",
        "- battery.move: [0.2]",
        f"- trace: {trace}",
    ]


def test_a_crash_stops_it_and_is_said_with_registers_and_a_reset_goes_on(tmp_path: Path) -> None:
    blank = tmp_path / "blank.bin"
    blank.write_bytes(b"\xff" * 4096)
    with Runner(Twin("pico", image=blank), pace=None) as runner:
        until(lambda: runner.seen.crashed)
        seen = runner.look()
        assert not seen.running
        assert "the firmware stopped at" in seen.trouble
        runner.do(runner.power_cycle).result()
        until(lambda: runner.seen.crashed)


class Broken(Part):
    """A part whose reading fails after a while."""

    controls: ClassVar[tuple[Control, ...]] = (Reading("figure"),)
    out = DigitalOut(initial=False)

    @property
    def figure(self) -> float:
        return 1 / (3_000_000_000 - min(self.now, 3_000_000_000))


def test_a_part_that_fails_is_said_and_the_page_lives_on(images: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_text(
        'name = "broken"\nchip = "rp2040"\nflash = "2MB"\n'
        f'[parts.meter]\ntype = "{Broken.__module__}:Broken"\nout = "GPIO3"\n'
    )
    with Runner(Twin(Board.load(tmp_path / "broken.toml"), image=images / "idle.uf2"), pace=None) as runner:
        until(lambda: runner.seen.trouble)
        assert "ZeroDivisionError in a part that is looked at" in runner.seen.trouble
        assert runner.do(lambda: 5).result() == 5


def test_the_buses_are_listed_while_somebody_listens(runner: Runner) -> None:
    runner.do(lambda: runner.act("knob", "turn", 1)).result()
    runner.do(lambda: runner.step("100ms")).result()
    assert runner.look().events == (0, ())
    runner.do(lambda: runner.listen(True)).result()
    runner.do(lambda: runner.act("knob", "turn", 1)).result()
    runner.do(lambda: runner.step("300ms")).result()
    listed = runner.look().events[1]
    assert {(event.bus, event.part) for event in listed} == {("SPI", "lcd")}
    # CASET, RASET, RAMWR (ST7789V datasheet, table 9.1).
    assert any(event.text.startswith("[2A] ") for event in listed)
    assert any("[2C]" in event.text for event in listed)
    runner.do(lambda: runner.listen(False)).result()
    count = runner.events.total
    runner.do(lambda: runner.act("knob", "turn", 1)).result()
    runner.do(lambda: runner.step("300ms")).result()
    assert runner.events.total == count


class Remote(EspNowPeer):
    """Says something every 50 ms."""

    def begin(self) -> None:
        self.after("50ms", self.ask)

    def ask(self) -> None:
        """Says it."""
        self.send(BROADCAST, b"hello")
        self.after("50ms", self.ask)


def test_a_twin_in_a_world_runs_with_it_and_the_air_is_listed(images: Path) -> None:
    world = World(seed=1)
    twin = Twin("esp32s3_devkitc", image=images / "s3_espnow_echo.bin", elf=images / "s3_espnow_echo.elf")
    world.run("30ms")
    world.add(twin, name="echo")
    world.add(Remote("7c:df:a1:00:09:09", channel=6), name="remote", at=(3, 0))
    with Runner(twin, pace=None, running=False) as runner:
        runner.do(lambda: runner.listen(True)).result()
        runner.do(lambda: runner.step("220ms")).result()
        total, listed = runner.look().events
        assert total == len(world.air.frames) == 4
        assert {(event.bus, event.part) for event in listed} == {("radio 6", "remote")}
        assert listed[0].text.startswith("7c:df:a1:00:09:09 > all, 5 bytes: 68 65 6C 6C 6F → ")
        # The world was 30 ms old when the twin came into it.
        assert [event.at + 30_000_000_000 for event in listed] == [int(frame.until) for frame in world.air.frames]
        number = runner.do(runner.save).result()
        kept = world.sha256
        runner.do(lambda: runner.step("100ms")).result()
        assert len(world.air.frames) == 6
        runner.do(lambda: runner.restore(number)).result()
        assert (world.sha256, runner.look().at) == (kept, 220_000_000_000)
        runner.do(lambda: runner.listen(False)).result()
        assert world.air.listeners == []


class Wrong(Part):
    """Its control names what it has not."""

    controls: ClassVar[tuple[Control, ...]] = (Hold("push", "_let_go"), Slide("to", value="at", needs="out"))
    out = DigitalOut(optional=True)

    def push(self) -> None:
        """Nothing."""


def test_a_control_that_names_no_method_is_said() -> None:
    with pytest.raises(UsageError, match="hold names a method '_let_go': it has none"):
        describe(Wrong())


def test_a_control_is_there_only_with_the_port_that_it_needs(media_controller: Twin) -> None:
    assert may_be_called(media_controller.knob) == {"turn", "down", "up"}
    assert may_be_called(Wrong()) == {"push", "_let_go"}


def test_a_panic_that_the_firmware_reports_is_said_until_it_is_dismissed(images: Path) -> None:
    """Xtensa ISA RM, ILL: three bytes of 0. Our runtime shows the address, the view adds the function."""
    twin = Twin("xiao_esp32s3", image=images / "s3_frame.bin")
    with Runner(twin, pace=None, running=False) as runner:
        runner.do(lambda: runner.step("30ms")).result()
        runner.do(lambda: twin.memory.write(twin.symbols["spi_exchange"].address, bytes(6))).result()
        runner.do(lambda: runner.step("20ms")).result()
        panic = runner.look().panic
        assert panic.startswith("panic on core 0")
        assert "(spi_exchange)" in panic
        runner.do(runner.go).result()
        runner.do(lambda: runner.step("5ms")).result()
        assert runner.look().panic == ""


def test_other_threads_go_on_while_the_engine_runs(images: Path) -> None:
    """A page must be served meanwhile: the engine lets go of Python's lock."""
    twin = Twin("pico", image=images / "tight_loop.uf2")
    runs = threading.Thread(target=lambda: twin.run("400ms"))
    turns = 0
    runs.start()
    while runs.is_alive():
        time.sleep(0.001)
        turns += 1
    assert turns > 40
