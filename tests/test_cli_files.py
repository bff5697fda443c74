"""What the command does with files that it cannot read or write: a sentence, exit 2, and nothing left half-written."""

from __future__ import annotations

from pathlib import Path

import pytest

from twins.cli import main

OPTIONS = {
    "--frame": "lcd={}.png",
    "--video": "lcd={}.gif",
    "--vcd": "{}",
    "--uart": "{}",
    "--flash-out": "{}",
    "--record": "{}",
}
"""Every option that writes a file."""


@pytest.fixture
def image(images: Path) -> str:
    return str(images / "media_controller.elf")


def run(image: str, *options: str) -> int:
    return main(["run", "media_controller", image, "--for", "5ms", *options])


@pytest.mark.parametrize("option", OPTIONS)
def test_folders_are_made_and_only_the_file_is_in_them(option: str, image: str, tmp_path: Path) -> None:
    value = OPTIONS[option].format(tmp_path / "deep" / "deeper" / "file")
    assert run(image, option, value) == 0
    (written,) = (tmp_path / "deep" / "deeper").iterdir()
    assert str(written) == value.rpartition("=")[2]
    assert written.stat().st_size > 0 or option == "--uart"


@pytest.mark.parametrize("option", OPTIONS)
def test_a_directory_in_its_place_is_refused_before_the_run(
    option: str, image: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    value = OPTIONS[option].format(tmp_path / "file")
    Path(value.rpartition("=")[2]).mkdir()
    assert run(image, option, value) == 2
    shown = capsys.readouterr()
    assert shown.err == f"twins: cannot write {value.rpartition('=')[2]}: it is a directory\n"
    assert shown.out == ""


@pytest.mark.parametrize("option", OPTIONS)
def test_a_file_in_place_of_its_folder_is_refused_before_the_run(
    option: str, image: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken").write_text("mine")
    value = OPTIONS[option].format(tmp_path / "taken" / "file")
    assert run(image, option, value) == 2
    assert capsys.readouterr().err.endswith(f"{tmp_path / 'taken'} is no directory\n")
    assert (tmp_path / "taken").read_text() == "mine"


def test_a_write_protected_folder_is_refused_before_the_run(
    image: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may write everywhere, so the system's answer is given by the test."""
    monkeypatch.setattr("os.access", lambda path, mode: False)
    assert run(image, "--uart", str(tmp_path / "new" / "a.log")) == 2
    assert capsys.readouterr().err.endswith(f"{tmp_path} is write-protected\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("option", ["--vcd", "--uart", "--flash-out"])
def test_a_disk_that_is_full_is_named(option: str, image: str, capsys: pytest.CaptureFixture[str]) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    assert main(["run", "media_controller", image, "--until", "ready", option, "/dev/full"]) == 2
    assert "twins: cannot write /dev/full: No space left on device" in capsys.readouterr().err
    assert not Path("/dev/full.part").exists()


def test_a_device_is_written_to_and_not_replaced(image: str) -> None:
    assert run(image, "--uart", "/dev/null", "--flash-out", "/dev/null") == 0
    assert Path("/dev/null").is_char_device()


def test_a_run_that_fails_leaves_no_vcd_and_an_older_one_as_it_was(
    image: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script, vcd = tmp_path / "script.yaml", tmp_path / "pins.vcd"
    vcd.write_text("an older one")
    script.write_text("- wait: 1ms\n- knob.turn: {}\n")
    assert run(image, "--vcd", str(vcd), "--input", str(script)) == 2
    assert "line 2: knob.turn: " in capsys.readouterr().err
    assert vcd.read_text() == "an older one"
    assert sorted(tmp_path.iterdir()) == [vcd, script]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- wait: [", "is no YAML"),
        ("\x00", "is no YAML"),
        ("wait: 1ms", "expected a list of steps"),
        ("- wait: soon", "line 1: 'soon' is no time"),
        ("- 3", "line 1: expected one 'action: value'"),
        ("- lcd.explode: 1", "line 1: lcd (ST7789) cannot 'explode'"),
        ("- frame: {knob: a.png}", "line 1: 'knob' has no picture"),
    ],
)
def test_a_script_that_is_wrong_is_refused_before_the_run(
    text: str, says: str, image: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script, vcd = tmp_path / "script.yaml", tmp_path / "pins.vcd"
    script.write_text(text)
    assert run(image, "--input", str(script), "--vcd", str(vcd)) == 2
    shown = capsys.readouterr()
    assert says in shown.err
    assert shown.out == ""
    assert not vcd.exists()


def test_a_run_goes_on_with_the_flash_of_another(
    tmp_path: Path, images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flash = tmp_path / "flash.bin"
    assert main(["run", "pico", str(images / "idle.uf2"), "--for", "20ms", "--flash-out", str(flash)]) == 0
    assert "idle" in capsys.readouterr().out
    assert main(["run", "pico", "--flash", str(flash), "--until", "idle", "--for", "20ms"]) == 0
    short = tmp_path / "short.bin"
    short.write_bytes(b"\xff" * 100)
    assert main(["run", "pico", "--flash", str(short)]) == 2
    assert "100 bytes: the flash of board pico has 2097152" in capsys.readouterr().err
