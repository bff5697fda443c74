"""The door: what comes in from outside, its record, and the same trace when it is played again."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from twins import ReplayError, Twin, UsageError
from twins.door import ACTIONS, Entry

END = "400ms"


@pytest.fixture
def image(images: Path) -> Path:
    return images / "media_controller.elf"


@pytest.fixture
def record(image: Path, tmp_path: Path) -> Path:
    """What happened while somebody turned the knob, typed, pressed, and pulled the reset pin."""
    path = tmp_path / "door.jsonl"
    with Twin("media_controller", image=image) as twin:
        twin.door.record(path)
        twin.run("250.123ms")
        twin.door.call("knob", "turn", 2)
        twin.console.send("typed \xff\n".encode("latin-1"))
        twin.run("233.3ms")
        twin.door.call("knob", "press", "60ms")
        twin.run("70ms")
        twin.reset()
        twin.run("250ms")
    return path


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_record_has_a_head_the_entries_and_the_hash_of_the_trace(record: Path, image: Path) -> None:
    head, *entries, end = lines(record)
    twin = Twin("media_controller", image=image)
    assert twin.image is not None
    assert head == {
        "record": "boardtwins door",
        "version": 1,
        "board": "media_controller",
        "image": twin.image.sha256,
        "seed": 0,
        "at": 0,
    }
    assert [(entry["do"], entry["to"], entry["args"]) for entry in entries] == [
        ("call", "knob", ["turn", 2]),
        ("type", "uart0", ["typed \xff\n"]),
        ("call", "knob", ["press", "60ms"]),
        ("reset", "", []),
    ]
    assert end["do"] == "end"


@pytest.mark.parametrize("step", ["1s", "7ms", "0.9ms"])
def test_a_replay_gives_the_same_trace_however_the_run_is_cut(record: Path, image: Path, step: str) -> None:
    end = lines(record)[-1]
    with Twin("media_controller", image=image) as twin:
        at = twin.door.replay(record)
        while twin.now < at:
            twin.run(step)
            if step == "1s":
                break
        assert twin.door.due is None
        assert "volume 42" in twin.console.text
        assert [reason for _, reason in twin.resets] == ["RunPin"]
    with Twin("media_controller", image=image) as twin:
        twin.door.replay(record)
        twin.advance(at)
        assert [twin.trace.sha256] == end["args"]


def test_a_replay_can_be_recorded_and_gives_the_same_record(record: Path, image: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.jsonl"
    with Twin("media_controller", image=image) as twin:
        end = twin.door.replay(record)
        twin.door.record(again)
        twin.advance(end)
    assert again.read_bytes() == record.read_bytes()


def test_a_twin_that_goes_another_way_is_found_out(record: Path, image: Path) -> None:
    with Twin("media_controller", image=image) as twin:
        twin.door.replay(record)
        twin.run("100ms")
        twin.pins["GPIO5"].drive(True)
        with pytest.raises(ReplayError, match=r"went another way: at .* the trace is"):
            twin.run("2s")


def test_a_record_of_another_seed_is_refused_unless_only_the_hands_are_wanted(record: Path, image: Path) -> None:
    with Twin("media_controller", image=image, seed=1) as twin:
        with pytest.raises(ReplayError, match="is of seed 0, this twin has 1"):
            twin.door.replay(record)
        twin.door.replay(record, strict=False)
        twin.run("1s")
        assert "volume 42" in twin.console.text


def test_a_record_that_begins_before_the_present_is_refused(record: Path, image: Path) -> None:
    with Twin("media_controller", image=image) as twin:
        twin.run("1ms")
        with pytest.raises(ReplayError, match="begins at 0ps, this twin is at 1ms"):
            twin.door.replay(record)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("volume 3\n", "line 1: "),
        ('{"some": "json"}\n', "line 1: this is no record of a twin's door"),
        ('{"record": "boardtwins door", "version": 9}\n', "line 1: version 9 of the format"),
        ("HEAD{\n", "line 2: "),
        ('HEAD{"at": 5, "do": "explode", "to": "", "args": []}\n', "line 2: unknown action 'explode'"),
        ('HEAD{"at": 5, "do": "reset"}\n', "line 2: 'to'"),
        (
            'HEAD{"at": 5, "do": "reset", "to": "", "args": []}\n{"at": 4, "do": "reset", "to": "", "args": []}\n',
            "line 3",
        ),
    ],
)
def test_a_file_that_is_no_record_is_refused_with_its_line(image: Path, tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "broken.jsonl"
    twin = Twin("media_controller", image=image)
    assert twin.image is not None
    head = {"record": "boardtwins door", "version": 1, "board": "media_controller", "image": twin.image.sha256}
    path.write_text(text.replace("HEAD", json.dumps({**head, "seed": 0, "at": 0}) + "\n"))
    with pytest.raises(ReplayError, match=says):
        twin.door.replay(path)


def test_a_record_that_is_not_there_is_named(image: Path, tmp_path: Path) -> None:
    twin = Twin("media_controller", image=image)
    with pytest.raises(ReplayError, match=r"nothing\.jsonl: No such file"):
        twin.door.replay(tmp_path / "nothing.jsonl")
    with pytest.raises(UsageError, match="Is a directory"):
        twin.door.record(tmp_path)


def test_only_what_can_be_written_down_comes_in(media_controller: Twin) -> None:
    door = media_controller.door
    with pytest.raises(UsageError, match="only numbers, texts and lists"):
        door.call("knob", "turn", object())
    with pytest.raises(UsageError, match="no part 'nob': it has lcd, knob, battery"):
        door.call("nob", "turn", 1)
    with pytest.raises(UsageError, match=r"knob \(RotaryEncoder\) cannot 'fly'"):
        door.call("knob", "fly")
    with pytest.raises(UsageError, match="no console 'usb': it has uart0"):
        door.type("usb", b"x")


def test_another_thread_can_put_things_in_front_of_the_door(media_controller: Twin) -> None:
    thread = threading.Thread(target=media_controller.door.call, args=("knob", "turn", 1))
    thread.start()
    thread.join()
    media_controller.console.expect("volume 41", timeout="500ms")


def test_a_package_can_let_in_something_of_its_own(media_controller: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    def warm(twin: Twin, entry: Entry) -> None:
        twin.temperature = entry.args[0]

    monkeypatch.setitem(ACTIONS, "warm", warm)
    media_controller.door.put(Entry("warm", args=(70.5,)))
    media_controller.run("1ms")
    assert media_controller.temperature == 70.5


def test_a_twin_that_records_does_not_go_back_in_time(media_controller: Twin, tmp_path: Path) -> None:
    snapshot = media_controller.snapshot()
    media_controller.door.record(tmp_path / "door.jsonl")
    with pytest.raises(UsageError, match=r"cannot go back in time: twin\.door\.stop_recording\(\) first"):
        media_controller.restore(snapshot)
    media_controller.door.stop_recording()
    media_controller.restore(snapshot)


def test_a_file_dropped_on_the_boot_drive_is_recorded_and_replayed(images: Path, tmp_path: Path) -> None:
    """BOOTSEL, each packet to the drive and each request come from outside; so do the cable and the host's sleep."""
    path = tmp_path / "door.jsonl"
    with Twin("pico") as pico:
        pico.door.record(path)
        pico.bootsel().copy(images / "idle.uf2")
        pico.run("1s")
        pico.usb.suspend()
        pico.usb.unplug()
        pico.run("10ms")
        pico.usb.plug()
        pico.usb.resume()
        pico.run("10ms")
        flash, resets = pico.flash.read(), pico.resets
    assert [reason for _, reason in resets] == ["RunPin", "WatchdogTimer"]
    done = {(entry["do"], entry["to"]) for entry in lines(path)[1:-1]}
    assert done == {("bootsel", ""), ("reset", ""), *(("usb", what) for what in ("send", "ask", "plug", "sleep"))}
    with Twin("pico") as again:
        again.advance(again.door.replay(path))
        assert again.door.due is None
        assert again.flash.read() == flash
        assert again.resets == resets


def test_a_request_to_the_device_is_recorded_and_replayed(tmp_path: Path) -> None:
    """Interface reset of PICOBOOT, 2.8.5.3; a request that is refused is one, too."""
    path = tmp_path / "door.jsonl"
    with Twin("pico") as pico:
        pico.bootsel()
        pico.door.record(path)
        pico.usb.request(0x41, 0x41, index=1)
        with pytest.raises(UsageError, match="refused request 0x09"):
            pico.usb.request(0x41, 0x09, index=1)
        with pytest.raises(UsageError, match="no OUT endpoint 0x09"):
            pico.usb.send(9, b"nobody")
        snapshot = pico.snapshot()
        pico.door.stop_recording()
    assert [entry["do"] for entry in lines(path)[1:]] == ["usb", "usb", "end"]
    with Twin("pico") as again:
        again.bootsel()
        end = again.door.replay(path)
        again.advance(end)
        assert again.trace.sha256 == Twin.from_snapshot(snapshot).trace.sha256


def test_the_usb_host_does_what_it_can(media_controller: Twin) -> None:
    media_controller.door.usb("explode")
    with pytest.raises(UsageError, match="cannot 'explode': it can plug, sleep, send, ask"):
        media_controller.run("1ms")
