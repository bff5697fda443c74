"""`twins compare`: runs side by side, and the first event at which they part."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import abacus
from twins import Image, Twin, UsageError, engines
from twins.cli import main
from twins.compare import EngineSpec, Event, Recording, Rules, Wishes, compare, record
from twins.compare.report import lines, save_pictures
from twins.frames import sha256
from twins.units import MS

ROOT = Path(__file__).parent.parent
IMAGES = ROOT / "firmware" / "images"
CONTROLLER = str(IMAGES / "media_controller.uf2")
SCRIPT = str(ROOT / "demo" / "scripts" / "volume.yaml")
NATIVE, SLICED = (EngineSpec.parse(text) for text in ("native", "native:slice=1"))

BOARDS = {"media_controller": "media_controller", "jinny_lamp": "jinny_lamp"}
NO_IMAGE = {"s3_rom"}
"""A program for a test of its own, in place of a boot ROM."""
OTHER_TIMES = {
    # Core 0 measures how long core 1 takes to answer: up to a slice more.
    "probe_multicore": [("memory", "probe_results")],
}
"""Where an engine that interleaves its cores in other portions shows something else, and why."""


@pytest.fixture
def beads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(engines, "names", engines.names)
    abacus.install()
    abacus.opened.clear()
    yield
    assert all(engine.closed for engine in abacus.opened)


def image_of(elf: Path) -> Path:
    return next(path for suffix in (".uf2", ".bin") if (path := elf.with_suffix(suffix)).exists())


@pytest.mark.parametrize("name", sorted({path.stem for path in IMAGES.glob("*.elf")} - NO_IMAGE))
def test_an_image_shows_the_same_however_its_cores_are_interleaved(name: str) -> None:
    elf = IMAGES / f"{name}.elf"
    image = image_of(elf)
    chip = "rp2040" if image.suffix == ".uf2" else "esp32s3"
    board = BOARDS.get(name, "pico" if chip == "rp2040" else "esp32s3_devkitc")
    symbols = Image.load(image, chip, elf=elf).symbols
    results = tuple(symbol for symbol in ("probe_done", "probe_results") if symbol in symbols)
    wishes = Wishes(board, str(image), 100 * MS, elf=str(elf), memory=results)
    found = compare(record(wishes, NATIVE), record(wishes, SLICED))
    parted = [(difference.kind, difference.who) for difference in found.differences]
    assert parted == OTHER_TIMES.get(name, []), "\n".join(lines(found))


# What a run yields


def test_a_run_tells_of_consoles_pictures_buses_and_functions() -> None:
    wishes = Wishes(
        "media_controller",
        CONTROLLER,
        1500 * MS,
        elf=CONTROLLER.replace(".uf2", ".elf"),
        functions=("draw_vol*",),
        memory=("volume_bar",),
        script=SCRIPT,
    )
    made = record(wishes, NATIVE)
    streams = made.streams()
    texts = {key: [event.text for event in events] for key, events in streams.items()}
    assert texts["console", "uart0"][:5] == ["", "media controller", "battery 66%", "volume 40", "pause"]
    # The display is told its picture's format: COLMOD is 3Ah, 55h means 16 bits a pixel (ST7789V, 9.1.32).
    assert "[3a] 55" in texts["bus", "lcd.spi"]
    assert texts["entry", "core 0"].count("draw_volume") >= 2
    assert all("from " in text for text in texts["registers", "draw_volume on core 0"])
    assert texts["memory", "volume_bar"][0].startswith("+0x000 ")
    assert len(texts["frame", "lcd"]) >= 3
    assert made.events[-1][0::3] == ("end", "time")
    assert made.trace is not None


def test_a_picture_is_told_when_it_is_no_longer_drawn() -> None:
    made = record(Wishes("media_controller", CONTROLLER, 400 * MS), NATIVE)
    with Twin("media_controller", image=CONTROLLER) as twin:
        twin.run("400ms")
        picture = sha256(twin.lcd.frame)
    assert made.streams()["frame", "lcd"][-1].text == f"320x240 sha256 {picture}"
    assert made.pictures[picture].startswith(b"\x89PNG")


def test_resets_are_events() -> None:
    made = record(Wishes("esp32s3_devkitc", str(IMAGES / "s3_probe_resets.bin"), 300 * MS), NATIVE)
    assert len(made.streams()["reset", ""]) > 3


def test_a_crash_ends_a_run(tmp_path: Path) -> None:
    """`battery_percent` loads from 0x30000000 in place of what it does; there is nothing (RP2040 datasheet, 2.2)."""
    image = Image.load(IMAGES / "media_controller.elf", "rp2040")
    flash = bytearray(image.segments[-1].end - 0x1000_0000)
    for segment in image.segments:
        flash[segment.address - 0x1000_0000 : segment.end - 0x1000_0000] = segment.data
    # ARMv6-M ARM, A6.7: movs r0, #3; lsls r0, r0, #28; ldr r0, [r0]
    struct.pack_into("<3H", flash, image.symbols["battery_percent"].address - 0x1000_0000, 0x2003, 0x0700, 0x6800)
    (tmp_path / "broken.bin").write_bytes(flash)
    made = record(Wishes("media_controller", str(tmp_path / "broken.bin"), 500 * MS), NATIVE)
    assert made.events[-1].kind == "end"
    assert made.events[-1].text.startswith("core 0 is locked up: ")


def test_registers_every_so_many_instructions() -> None:
    wishes = Wishes("esp32s3_devkitc", str(IMAGES / "s3_mix.bin"), 3 * MS, every=1000)
    made = record(wishes, NATIVE)
    events = made.streams()["registers", "core 0"]
    assert len(events) == made.figures["instructions"] // 1000
    assert not compare(made, record(wishes, SLICED)).differences


def test_a_recording_is_the_same_from_its_file(tmp_path: Path) -> None:
    made = record(Wishes("media_controller", CONTROLLER, 100 * MS), NATIVE)
    made.save(tmp_path / "run.jsonl")
    loaded = Recording.load(tmp_path / "run.jsonl")
    made.pictures.clear()
    assert loaded == made


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it is none that twins compare --record wrote"),
        (b"text\n", "it is none that twins compare --record wrote"),
        (b"\xff\xfe\n", "it is none that twins compare --record wrote"),
        (b"[1]\n", "it is none that twins compare --record wrote"),
        (b'{"twins compare": 1}\n', "it is none that twins compare --record wrote"),
        (b'{"twins compare": 99, "kinds": []}\n', "it is of another version"),
        (None, "recording"),
    ],
)
def test_a_file_that_is_no_recording_is_told(content: bytes | None, words: str, tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=words):
        Recording.load(path)


# Two of them side by side


def made_of(*events: Event, engine: str = "native", kinds: tuple[str, ...] = ("console", "bus", "end")) -> Recording:
    return Recording(engine, "pico", "x.uf2", "00", 100 * MS, kinds, events=list(events))


def line(at: int, text: str, who: str = "usb") -> Event:
    return Event("console", who, at * MS, text)


def test_a_shift_in_time_is_told_and_is_no_difference() -> None:
    found = compare(made_of(line(1, "a"), line(5, "b")), made_of(line(2, "a"), line(8, "b"), engine="renode"))
    assert not found.differences
    assert [(same.count, same.apart) for same in found.same] == [(2, 3 * MS)]


def test_a_shift_in_time_is_a_difference_where_it_is_asked_for() -> None:
    one, other = made_of(line(1, "a"), line(5, "b")), made_of(line(2, "a"), line(8, "b"))
    (found,) = compare(one, other, Rules(apart=2 * MS)).differences
    assert (found.index, found.what) == (1, "another time")


def test_what_a_mask_finds_does_not_count() -> None:
    one, other = made_of(line(1, "up for 12 ms")), made_of(line(1, "up for 13 ms"))
    assert compare(one, other).differences
    assert not compare(one, other, Rules(masks=[re.compile(r"\d+ ms")])).differences


def test_the_end_of_a_run_cuts_off() -> None:
    one, other = made_of(line(1, "a"), line(99, "b")), made_of(line(1, "a"))
    assert [same.cut for same in compare(one, other).same] == [1]
    assert compare(one, other, Rules(end=0)).differences[0].what == "native shows no more"
    assert compare(made_of(line(1, "a"), line(50, "b")), other).differences


def test_a_line_that_is_cut_in_two_at_the_end_is_no_difference() -> None:
    one, other = made_of(line(100, "volume 4")), made_of(line(99, "volume 41"))
    assert not compare(one, other).differences
    assert compare(one, other, Rules(end=0)).differences


def test_the_end_cuts_off_no_memory_and_no_crash() -> None:
    one = made_of(Event("end", "", 100 * MS, "time"))
    other = made_of(Event("end", "", 100 * MS, "core 0 locked up"))
    assert [found.kind for found in compare(one, other).differences] == ["end"]


def test_the_history_and_what_came_behind_are_told() -> None:
    shared = [line(at, f"line {at}") for at in range(1, 9)]
    one = made_of(*shared, line(9, "five"), line(10, "six"), line(11, "seven"), line(12, "eight"))
    other = made_of(*shared, line(9, "fünf"))
    (found,) = compare(one, other).differences
    assert [a.text for a, _ in found.before] == [f"line {number}" for number in range(4, 9)]
    assert [event.text for event in found.first] == ["five", "six", "seven"]
    assert [event.text for event in found.second] == ["fünf"]


def test_the_earliest_difference_is_the_first() -> None:
    one = made_of(line(50, "a", "uart0"), line(20, "a", "usb"), Event("bus", "lcd.spi", 10 * MS, "01"))
    other = made_of(line(50, "b", "uart0"), line(20, "b", "usb"), Event("bus", "lcd.spi", 10 * MS, "02"))
    assert [found.who for found in compare(one, other).differences] == ["lcd.spi", "usb", "uart0"]


def test_what_one_of_them_lacks_is_not_compared_and_told() -> None:
    one, other = made_of(line(1, "a"), Event("bus", "lcd.spi", 5, "01")), made_of(line(1, "a"), kinds=("console",))
    other.not_seen = {"bus": "the engine abacus has no parts on pins"}
    found = compare(one, other)
    assert not found.differences
    assert "  bus: not compared: the engine abacus has no parts on pins" in list(lines(found))


def test_a_single_source_that_one_of_them_lacks_is_not_compared() -> None:
    one, other = made_of(line(1, "a"), line(1, "a", "uart0")), made_of(line(1, "a", "uart0"))
    assert compare(one, other).differences
    other.not_seen = {"console usb": "the engine abacus has no USB host"}
    assert not compare(one, other).differences


@pytest.mark.parametrize(("name", "value"), [("board", "other"), ("sha256", "01"), ("duration", 5)])
def test_two_that_ran_something_else_are_refused(name: str, value: object) -> None:
    other = made_of()
    setattr(other, name, value)
    with pytest.raises(UsageError, match="did not run the same"):
        compare(made_of(), other)


# The command


def test_no_difference_is_exit_0(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["compare", "media_controller", CONTROLLER, "--engines", "native,native:slice=1", "--for", "300ms"]
    assert main(command) == 0
    shown = capsys.readouterr().out
    assert "media_controller, media_controller.uf2, 300ms: native and native:slice=1\n" in shown
    assert "  console uart0: the same, 6 events, at the same times\n" in shown
    assert "  trace: equal, each edge and each byte at its time\n" in shown


@pytest.mark.usefixtures("beads")
def test_a_difference_is_exit_1_with_both_histories(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["compare", "pico", CONTROLLER, "--engines", "abacus,abacus:wrong=4,late=7", "--for", "50ms"]
    assert main(command) == 1
    shown = capsys.readouterr().out
    assert "  console uart0: DIFFERENT at event 4: another text\n" in shown
    assert "    both                   3ms / 3.007ms  3 beads\n" in shown
    assert "    abacus                          4ms  4 beads\n" in shown
    assert "    abacus:wrong=4,late=7       4.007ms  4 six\n" in shown
    assert "  bus: not compared: the engine abacus has no parts on pins\n" in shown
    assert "  console usb: not compared: the engine abacus has no USB host\n" in shown


@pytest.mark.usefixtures("beads")
def test_engines_are_compared_on_what_both_have(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "pico", CONTROLLER, "--engines", "native,abacus", "--for", "30ms", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)["comparisons"][0]
    assert told["differences"][0]["who"] == "uart0"
    assert told["not_compared"]["frame"] == "the engine abacus has no parts on pins"
    assert told["engines"] == ["native", "abacus"]


@pytest.mark.usefixtures("beads")
def test_a_recording_of_another_machine_is_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["compare", "pico", CONTROLLER, "--for", "50ms", "--engines"]
    assert main([*command, "abacus,abacus:late=3", "--record", str(tmp_path)]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["abacus-late=3.jsonl", "abacus.jsonl"]
    capsys.readouterr()
    assert main([*command, "abacus:wrong=2", "--with", str(tmp_path / "abacus.jsonl")]) == 1
    assert "abacus:wrong=2 and abacus" in capsys.readouterr().out


def test_pictures_that_differ_are_written(tmp_path: Path) -> None:
    wishes = Wishes("media_controller", CONTROLLER, 400 * MS)
    one, other = record(wishes, NATIVE), record(wishes, SLICED)
    at = next(number for number, event in enumerate(other.events) if event.kind == "frame")
    other.events[at] = other.events[at]._replace(text=other.events[at].text.replace("sha256 ", "sha256 0"))
    (path,) = save_pictures(compare(one, other), tmp_path)
    assert path.name == "lcd.native.png"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--engines", "native"], "compare takes two engines at least"),
        (["--engines", "native,verilator"], "there is no engine 'verilator'"),
        (["--engines", "native,native", "--for", "soon"], "soon"),
        (["--engines", "native,native", "--mask", "("], "--mask '('"),
        (["--engines", "native,native", "--functions", "nothing*"], "--functions 'nothing*': the image has no such"),
        (["--engines", "native,native", "--memory", "nothing"], "there is no symbol 'nothing'"),
        (["--engines", "native", "--with", "nothing.jsonl"], "nothing.jsonl"),
    ],
)
def test_bad_use_is_exit_2(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "pico", str(IMAGES / "probe_sio.elf"), *arguments]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.usefixtures("beads")
def test_an_engine_that_is_not_here_is_exit_2_before_anything_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(abacus, "here", False)
    assert main(["compare", "pico", CONTROLLER, "--engines", "native,abacus"]) == 2
    assert "the engine abacus is not on this machine: string some beads" in capsys.readouterr().err
