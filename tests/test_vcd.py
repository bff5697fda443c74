"""Value change dumps, against IEEE 1364-2005, 18.2."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from vcd import VCDWriter

from twins import Twin
from twins.vcd import PinRecorder


def recorded(path: Path, *changes: tuple[int, int], initial: int = 0) -> list[str]:
    recorder = PinRecorder(path, {"A": 0, "B": 3}, initial)
    at, level = zip(*changes, strict=True)
    recorder.add(np.array(at, np.uint64), np.array(level, np.uint64))
    recorder.close(90_000)
    return path.read_text().splitlines()


def test_the_header_declares_every_pin_with_its_identifier(tmp_path: Path) -> None:
    lines = recorded(tmp_path / "a.vcd", (10_000, 1))
    assert lines[:8] == [
        "$version boardtwins $end",
        "$timescale 1 ns $end",
        "$scope module board $end",
        "$var wire 1 ! A $end",
        '$var wire 1 " B $end',
        "$upscope $end",
        "$enddefinitions $end",
        "#0",
    ]


def test_the_levels_at_the_start_are_dumped(tmp_path: Path) -> None:
    lines = recorded(tmp_path / "a.vcd", (10_000, 9), initial=8)
    start = lines.index("$dumpvars")
    assert lines[start : start + 4] == ["$dumpvars", "0!", '1"', "$end"]


def test_only_changes_are_written_each_moment_once(tmp_path: Path) -> None:
    lines = recorded(tmp_path / "a.vcd", (10_000, 9), (20_000, 9), (30_000, 0b1101), (40_999, 0b1000))
    assert lines[lines.index("$end") + 1 :] == ["#10", "1!", '1"', "#40", "0!", "#90"]


def test_a_pulse_within_one_nanosecond_ends_with_its_last_level(tmp_path: Path) -> None:
    lines = recorded(tmp_path / "a.vcd", (10_100, 1), (10_900, 0))
    assert lines[lines.index("$end") + 1 :] == ["#10", "1!", "0!", "#90"]


def test_the_pins_of_a_twin_are_recorded_from_the_moment_it_is_asked(media_controller: Twin) -> None:
    media_controller.trace.record_pins()
    media_controller.pins["GPIO5"].drive(True)
    media_controller.run("1us")
    at, level = media_controller.trace.take_pins()
    assert len(at) == 1
    assert int(level[0]) >> 5 & 1 == 1
    media_controller.trace.record_pins(False)
    media_controller.pins["GPIO5"].drive(False)
    media_controller.run("1us")
    assert len(media_controller.trace.take_pins()[0]) == 0


def test_pyvcd_writes_the_same_file_of_the_same_changes(tmp_path: Path) -> None:
    """Its writer is the authority for the format, its order of the two first lines apart (docs/records/0012)."""
    rng = np.random.default_rng(8)
    at = np.cumsum(rng.integers(0, 2_000, 5_000)).astype(np.uint64)
    level = rng.integers(0, 1 << 48, 5_000, dtype=np.uint64)
    pins = {f"GPIO{number}": number for number in range(48)}
    recorder = PinRecorder(tmp_path / "ours.vcd", pins, 5)
    for start in range(0, 5_000, 700):
        recorder.add(at[start : start + 700], level[start : start + 700])
    recorder.close(99_000_000_000)
    with (tmp_path / "theirs.vcd").open("w") as file, VCDWriter(file, "1 ns", date="", version="boardtwins") as writer:
        variables = [writer.register_var("board", name, "wire", 1, 5 >> bit & 1) for name, bit in pins.items()]
        for moment, levels in zip((at // 1_000).tolist(), level.tolist(), strict=True):
            for bit, variable in enumerate(variables):
                writer.change(variable, moment, levels >> bit & 1)
        writer.close(99_000_000)
    ours, theirs = ((tmp_path / f"{name}.vcd").read_text().splitlines() for name in ("ours", "theirs"))
    assert sorted(ours[:2]) == sorted(theirs[:2])
    assert ours[2:] == theirs[2:]
