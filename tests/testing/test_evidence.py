"""What a failed test leaves."""

from __future__ import annotations

import struct
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture
from vcd import reader as vcd

from twins import Twin
from twins.saved import load
from twins.testing.evidence import folder_for, registers, trace_lines
from twins.testing.panics import fault_report, panic_report
from twins.trace import PinWindow

IMAGES = Path(__file__).parent.parent.parent / "firmware" / "images"
Run = Callable[..., pytest.RunResult]


def test_a_failure_leaves_log_registers_trace_vcd_pictures_and_a_snapshot(project: pytest.Pytester, run: Run) -> None:
    project.makepyfile(
        """
        def test_it(twin):
            twin.console.expect("ready", timeout="1s")
            twin.knob.turn(+3)
            twin.run("250ms")
            assert twin.console.text.count("volume 50") == 1
        """
    )
    result = run("--junitxml", "junit.xml")
    result.assert_outcomes(failed=1)
    folder = next((project.path / "out" / "twins").glob("*/test_it"))
    assert {path.name for path in folder.iterdir()} == {
        "console-uart0.log", "registers.txt", "trace.txt", "pins.vcd", "lcd.png", "snapshot.twin",
    }  # fmt: skip
    assert b"volume 43" in (folder / "console-uart0.log").read_bytes()
    assert "backtrace: " in (folder / "registers.txt").read_text()
    assert "core 1" in (folder / "registers.txt").read_text()
    assert "GPIO" in (folder / "trace.txt").read_text()
    with Picture.open(folder / "lcd.png") as picture:
        assert picture.size == (320, 240)
    # Paths are printed and are properties of the test in JUnit's file.
    result.stdout.fnmatch_lines(["*console.uart0: out/twins/*-uart0.log", "*twins resume out/twins/*snapshot.twin"])
    properties = {found.get("name"): found.get("value") for found in ET.parse("junit.xml").iter("property")}
    for name in ("console.uart0", "registers", "trace", "vcd", "frame.lcd", "snapshot"):
        assert (project.path / str(properties[f"twin.{name}"])).is_file(), name
    # The snapshot opens, and goes on where the test ended.
    twin = load(folder / "snapshot.twin").restored()
    assert "volume 43" in twin.console.text
    twin.knob.turn(+1)
    assert twin.console.expect(["volume 44"], timeout="200ms") == 0
    resumed = subprocess.run(
        [sys.executable, "-m", "twins", "resume", folder / "snapshot.twin", "--for", "50ms", "--frame", "lcd=on.png"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert resumed.returncode == 0, resumed.stderr
    assert "media_controller with media_controller.uf2 at " in resumed.stderr
    assert "volume" not in resumed.stdout, "what was shown before is not shown again"
    assert Path("on.png").is_file()


def test_a_passed_test_leaves_nothing_and_clears_what_it_left_before(project: pytest.Pytester, run: Run) -> None:
    project.makepyfile("import os\ndef test_it(twin):\n    twin.run('1ms')\n    assert 'GOOD' in os.environ")
    run().assert_outcomes(failed=1)
    assert list(project.path.glob("out/twins/*/test_it/snapshot.twin"))
    project._monkeypatch.setenv("GOOD", "1")
    run().assert_outcomes(passed=1)
    assert not list(project.path.glob("out/twins/*/test_it"))


def test_twins_that_a_test_makes_itself_leave_theirs_too(project: pytest.Pytester, run: Run) -> None:
    project.makepyfile(
        f"""
        from twins import Twin

        def test_it():
            one = Twin("pico", image={str(IMAGES / "idle.uf2")!r})
            one.run("1ms")
            one.fork().run("1ms")
            assert False
        """
    )
    result = run("--twin-vcd", "0")
    result.assert_outcomes(failed=1)
    assert len(list(project.path.glob("out/twins/*/test_it/*_pico/snapshot.twin"))) == 2
    assert not list(project.path.glob("out/twins/*/test_it/*_pico/pins.vcd")), "none was recorded"


def test_a_crash_is_told_with_symbols(project: pytest.Pytester, run: Run) -> None:
    """ARMv6-M ARM, A6.7: movs r0, #3; lsls r0, r0, #28; ldr r0, [r0]: a load where the RP2040 has nothing."""
    project.makepyfile(
        """
        import struct

        def test_it(twin):
            at = twin.symbols["battery_percent"].address - 0x1000_0000
            twin._engine.write_flash(at, struct.pack("<3H", 0x2003, 0x0700, 0x6800))
            twin.run("1s")
        """
    )
    result = run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*FirmwareCrashed: *battery_percent+0x4*", "*core 0 is in its HardFault handler: *"])


def test_a_panic_of_esp_idf_is_told_with_symbols() -> None:
    """The form is that of ESP-IDF's documentation, "Fatal errors"; the addresses are of our own image."""
    twin = Twin("xiao_esp32s3", image=IMAGES / "s3_mix.bin")
    function = twin.symbols["app_main"] if "app_main" in twin.symbols else twin.symbols["main"]
    shown = (
        "hello\n"
        "Guru Meditation Error: Core  0 panic'ed (StoreProhibited). Exception was unhandled.\n"
        "Core  0 register dump:\n"
        f"PC      : 0x{function.address + 4:08x}  PS      : 0x00060330  A0      : 0x00000000\n"
        f"Backtrace: 0x{function.address + 4:08x}:0x3fc9a000 0x12345678:0x3fc9a020\n\n"
        "Rebooting...\nhello again\n"
    )
    report = panic_report(shown, twin.symbols)
    assert report is not None
    assert f"Backtrace: 0x{function.address + 4:08x}:0x3fc9a000 ({function.name}+0x4) 0x12345678:0x3fc9a020\n" in report
    assert report.startswith("Guru Meditation Error")
    assert report.endswith("Rebooting...")
    assert panic_report("hello\n", twin.symbols) is None


def test_a_panic_of_the_firmware_is_in_the_report(project: pytest.Pytester, run: Run) -> None:
    """Xtensa ISA RM, ILL: three bytes of 0. Our runtime shows the address; the report adds the function."""
    project.makepyfile(
        f"""
        import pytest

        @pytest.mark.twin(board="xiao_esp32s3", image={str(IMAGES / "s3_frame.bin")!r})
        def test_it(twin):
            twin.run("30ms")
            twin.memory.write(twin.symbols["spi_exchange"].address, bytes(6))
            twin.run("60ms")
            assert False
        """
    )
    result = run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["panic:", "panic on core 0 *illegal instruction (0) at 4* (spi_exchange), *"])


def test_a_hard_fault_that_a_handler_catches_is_told(images: Path) -> None:
    twin = Twin("media_controller", image=images / "media_controller.elf")
    assert fault_report(twin) is None
    at = twin.symbols["battery_percent"].address - 0x1000_0000
    twin._engine.write_flash(at, struct.pack("<3H", 0x2003, 0x0700, 0x6800))
    with pytest.raises(Exception, match="stopped"):
        twin.run("1s")
    report = fault_report(twin)
    assert report is not None
    assert "battery_percent" in report


def test_the_vcd_holds_the_last_milliseconds(project: pytest.Pytester, run: Run) -> None:
    project.makepyfile(
        """
        def test_it(twin):
            twin.console.expect("ready", timeout="1s")
            twin.knob.turn(+1)
            twin.run("12ms")
            assert False
        """
    )
    run("--twin-vcd", "15ms").assert_outcomes(failed=1)
    path = next(project.path.glob("out/twins/*/test_it/pins.vcd"))
    names, changed, times = {}, set(), []
    with path.open("rb") as file:
        for token in vcd.tokenize(file):
            if token.kind is vcd.TokenKind.VAR:
                names[token.data.id_code] = token.data.reference
            elif token.kind is vcd.TokenKind.CHANGE_TIME and token.data > 0:
                times.append(token.data)
            elif token.kind is vcd.TokenKind.CHANGE_SCALAR and times:
                changed.add(names[token.data.id_code])
    assert {"GPIO10", "GPIO16"} <= changed, "a contact of the encoder, and the display's clock"
    assert 10e6 < times[-1] - times[0] <= 15e6, "nanoseconds"


def test_a_window_of_pins_says_what_is_known(media_controller: Twin) -> None:
    window = PinWindow(1_000_000_000)
    media_controller.pin_log.listen(window)
    media_controller.knob.turn(1)
    media_controller.run("40ms")
    start, before, at, level = window.last(media_controller.now)
    assert start == media_controller.now - 1_000_000_000
    assert (at >= start).all()
    lines = trace_lines(media_controller, before, at, level).splitlines()
    assert len(lines) <= 200
    assert all("GPIO" in line for line in lines)
    assert "core 0" in registers(media_controller)


def test_what_listens_to_pins_does_not_change_the_run(media_controller: Twin) -> None:
    fork = media_controller.fork()
    fork.pin_log.listen(PinWindow(1_000_000))
    for twin in (media_controller, fork):
        twin.knob.turn(2)
        twin.run("200ms")
    assert fork.trace.sha256 == media_controller.trace.sha256
    assert np.array_equal(fork.lcd.frame, media_controller.lcd.frame)


def test_names_of_tests_are_names_of_folders() -> None:
    where = folder_for(Path("out"), 'tests/a/test_x.py::TestY::test_z[a/../b:"c"]')
    assert where == Path("out/tests.a.test_x/TestY.test_z[a_.._b__c_]")
    assert folder_for(Path("out"), "test_x.py::" + "y" * 500).name == "y" * 120


def test_an_error_of_the_package_shows_the_line_of_the_test_alone(project: pytest.Pytester, run: Run) -> None:
    project.makepyfile(
        """
        def helper(twin):
            twin.console.expect("never", timeout="1ms")

        def test_it(twin):
            helper(twin)
        """
    )
    shown = run().stdout.str()
    assert "helper(twin)" in shown
    assert 'twin.console.expect("never", timeout="1ms")' in shown
    assert "ExpectTimeout: did not see 'never' on uart0 within 1ms" in shown
    assert "_timed_out" not in shown
    assert "_timed_out" in run("--full-trace").stdout.str()
