"""Value change dumps, against IEEE 1364-2005, 18.2."""

from __future__ import annotations

from pathlib import Path

import numpy as np

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
        "$timescale 1 ns $end",
        "$version boardtwins $end",
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


def test_a_frame_that_is_found_out_at_its_end_is_written_where_it_was(tmp_path: Path) -> None:
    """IEEE 1364-2005, 18.2.1: times in a file only grow."""
    recorder = PinRecorder(tmp_path / "a.vcd", {"A": 0, "B": 3}, 0)
    recorder.add(np.array([40_000], np.uint64), np.array([8], np.uint64))
    recorder.add(np.array([10_000, 20_000, 60_000], np.uint64), np.array([9, 8, 0], np.uint64))
    recorder.close(90_000)
    lines = (tmp_path / "a.vcd").read_text().splitlines()
    assert lines[lines.index("$end") + 1 :] == ["#10", "1!", "#20", "0!", "#40", '1"', "#60", '0"', "#90"]


def test_what_comes_late_and_in_pieces_is_written_as_what_comes_at_once_and_in_order(tmp_path: Path) -> None:
    """Two pins: A as it happens, B in frames of up to 45 ms that are found out at their ends."""
    dice = np.random.default_rng(5)
    a = np.cumsum(dice.integers(100_000, 3_000_000_000, 4000)).astype(np.uint64)
    b = np.unique(dice.integers(0, int(a[-1]), 3000)).astype(np.uint64)
    ends = np.searchsorted(b, np.arange(0, int(b[-1]), 45_000_000_000, dtype=np.uint64))
    found = [(int(moment), [(int(moment), 1)]) for moment in a]
    for start, end in zip(ends, [*ends[1:], len(b)], strict=True):
        if start < end:
            found.append((int(b[end - 1]) + 1, [(int(moment), 8) for moment in b[start:end]]))
    found.sort(key=lambda piece: piece[0])

    def write(path: Path, pieces: list[list[tuple[int, int]]]) -> str:
        recorder, level = PinRecorder(path, {"A": 0, "B": 3}, 0), 0
        for piece in pieces:
            levels = []
            for _, pin in piece:
                level ^= pin
                levels.append(level)
            recorder.add(np.array([at for at, _ in piece], np.uint64), np.array(levels, np.uint64))
        recorder.close(0)
        return path.read_text()

    everything = sorted(change for _, piece in found for change in piece)
    assert write(tmp_path / "pieces.vcd", [piece for _, piece in found]) == write(tmp_path / "once.vcd", [everything])


def test_changes_are_in_the_file_before_it_is_over(tmp_path: Path) -> None:
    """A run of any length takes as much memory as one of a tenth of a second."""
    recorder, path = PinRecorder(tmp_path / "a.vcd", {"A": 0}, 0), tmp_path
    sizes = []
    for piece in range(500):
        at = np.arange(1000, dtype=np.uint64) * np.uint64(1_000_000) + np.uint64(piece * 1_000_000_000)
        recorder.add(at, np.arange(1, 1001, dtype=np.uint64) % np.uint64(2))
        sizes.append(sum(file.stat().st_size for file in path.iterdir()))
    assert sizes[99] > 100_000
    assert sizes[-1] > 4 * sizes[99]
    recorder.abandon()
    assert not list(path.iterdir())
