"""The probes of the ESP32-S3: what each block does, against the sources named in the probes' tables."""

from __future__ import annotations

import importlib.util
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

import pytest

from tests.probe_wires import SHOWN, Wires
from twins import Board, Twin

if TYPE_CHECKING:
    from tests.probe_parts import SickCard

FIRMWARE = Path(__file__).parent.parent / "firmware"
SOURCES = FIRMWARE / "probes" / "esp32s3"
PROBES = sorted(path.stem for path in SOURCES.glob("*.toml"))
RESULT_WORDS = 2 + 2 * 96

# What a probe needs around the chip.
BOARDS = FIRMWARE.parent / "platforms" / "boards"
PARTS: dict[str, dict[str, dict[str, Any]]] = {
    "wake": {"wave": {"type": "probe_parts:SquareWave", "out": "GPIO4", "sheet": "GPIO2"}},
    "sdhost_faults": {"card": {"type": "probe_parts:SickCard", "clk": "GPIO36", "cmd": "GPIO35", "d0": "GPIO37"}},
    "touch_scan": {"wave": {"type": "probe_parts:SquareWave", "out": "GPIO4", "sheet": "GPIO2"}},
    "wake_touch": {"wave": {"type": "probe_parts:SquareWave", "out": "GPIO4", "sheet": "GPIO2"}},
    "openeth": {"host": {"type": "ethernet_host:EthernetHost"}},
    "twai_bus": {"node": {"type": "probe_parts:CanNode", "bus": "GPIO4", "heard": "GPIO7", "cue": "GPIO5"}},
    "eeprom": {"store": {"type": "Eeprom24", "model": "24C02", "sda": "GPIO8", "scl": "GPIO9"}},
    "sdhost": {
        "card": {
            "type": "Sdcard",
            "clk": "GPIO36",
            "cmd": "GPIO35",
            "d0": "GPIO37",
            "d1": "GPIO38",
            "d2": "GPIO33",
            "d3": "GPIO34",
            "cd": "GPIO39",
            "wp": "GPIO40",
        }
    },
}
# What of the module is another.
MODULES = {
    "psram_quad": {"psram": "8MB quad"},
    "flash_octal": {"flash": "16MB octal"},
    "flash_32mb": {"flash": "32MB octal"},
    "psram_32mb": {"psram": "32MB octal"},
}
WIRES = {
    "i2c": [("GPIO8", "GPIO6"), ("GPIO9", "GPIO7")],
    "i2c_target": [("GPIO8", "GPIO6"), ("GPIO9", "GPIO7")],
    "twai_bus": [("GPIO4", "GPIO7")],
    "spi_lines": [
        (f"GPIO{near}", f"GPIO{far}") for near, far in ((11, 4), (13, 5), (14, 6), (9, 7), (12, 15), (10, 16))
    ],
}
VOLTS = {"adc": {1: 0.85, 2: 0.425}, "adc_dma": {1: 0.85, 2: 0.425}, "adc_units": {1: 0.85, 11: 0.425}}
# Picofarads on a pin, after a while.
TOUCHES = {"touch": [("0ms", "GPIO2", 10), ("0ms", "GPIO5", 12), ("80ms", "GPIO2", 15), ("50ms", "GPIO2", 10)]}
CELSIUS = {"temperature": 40.0}


def tool() -> ModuleType:
    """Return firmware/tools/probe.py, which is no part of a package."""
    spec = importlib.util.spec_from_file_location("probe", FIRMWARE / "tools" / "probe.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", PROBES)
def test_every_expectation_names_its_authority(name: str) -> None:
    rows = tool().table(name, "esp32s3")
    assert rows
    for row in rows.values():
        assert row["authority"], row
        assert ("equals" in row) != ("min" in row and "max" in row), row


def test_every_probe_has_a_table_and_every_table_a_probe() -> None:
    assert {path.stem for path in SOURCES.glob("*.c")} == set(PROBES)


def bench(name: str, image: Path, **named: Any) -> Twin:
    """Return a board with the probe in its flash, and what the probe needs around it. `named` is the twin's."""
    data = tomllib.loads((BOARDS / "esp32s3_devkitc.toml").read_text())
    data["parts"].update(PARTS.get(name, {}))
    data.update(MODULES.get(name, {}))
    twin = Twin(Board.from_data(data), image=image.with_suffix(".bin"), elf=image.with_suffix(".elf"), **named)
    for one, other in WIRES.get(name, ()):
        twin.pins.join(one, other)
    for pin, volts in VOLTS.get(name, {}).items():
        twin.volts(pin, volts)
    twin.temperature = CELSIUS.get(name, twin.temperature)
    for wait, touched, picofarads in TOUCHES.get(name, ()):
        twin.run(wait)
        twin.pins[touched].picofarads = picofarads
    return twin


def types_hello(twin: Twin) -> None:
    """A terminal at the USB serial JTAG controller."""
    twin.consoles["usb_jtag"].expect_exact("ready", timeout="1s")
    twin.consoles["usb_jtag"].send("hello")


def sends_hello(twin: Twin) -> None:
    """A program that uses the vendor interface of the probe's USB device."""
    twin.run_until(lambda: bool(twin.usb.endpoints), timeout="1s", every="1ms")
    twin.run("50ms")
    twin.usb.send(0x01, b"hello")
    twin.run("20ms")
    assert [report.data for report in twin.usb.reports(0x81)] == [b"olleh"]
    twin.run_until(lambda: len(twin.usb.reports(0x81)) == 2, timeout="2s", every="1ms")
    assert twin.usb.reports(0x81)[1].data == b"again"
    twin.usb.send(0x01, b"dma")


def drops(twin: Twin) -> None:
    """A supply that drops each time when the probe asks for it at GPIO4; the second time the chip resets."""
    for _ in range(2):
        twin.run_until(lambda: not twin.pins["GPIO4"].level, timeout="4s", every="1ms")
        twin.run_until(lambda: twin.pins["GPIO4"].driven and twin.pins["GPIO4"].level, timeout="4s", every="1ms")
        twin.brown_out()
        twin.run("2ms")


def resets_by_lines(twin: Twin) -> None:
    """A terminal that types, then a program that resets the chip by RTS, without DTR: no download mode is asked for."""
    types_hello(twin)
    twin.consoles["usb_jtag"].expect_exact("lines", timeout="1s")
    for rts in (True, False):
        twin.door.lines("usb_jtag", dtr=False, rts=rts)
        twin.run("1ms")


# Who does something meanwhile at the other end of a cable.
HOSTS = {
    "usb_serial_jtag": types_hello,
    "usb_lines": resets_by_lines,
    "usb_otg": sends_hello,
    "resets": drops,
}


def tells_what_is_missing(twin: Twin) -> None:
    """Each page of the radio that the probe touched, and the ULP coprocessor, are said to be missing."""
    ulp = ("RTC_CNTL.ULP_CP_CTRL.ULP_CP_START_TOP", "RTC_CNTL.ULP_CP_CTRL.ULP_CP_FORCE_START_TOP")
    assert {"RADIO_6001C000", "BT", "WIFI", "BLE", *ulp} <= set(twin.unimplemented)


def has_the_blocks(twin: Twin) -> None:
    """What the card got, the last block by the FIFO: a word n holds n four times."""
    written = cast("SickCard", twin.parts["card"]).written
    assert len(written) == 4
    assert written[-1] == bytes(n for n in range(128) for _ in range(4))


# What else must be true when a probe is done; for its wires see probe_wires.
SEEN: dict[str, Callable[[Twin], None]] = {"radio": tells_what_is_missing, "sdhost_faults": has_the_blocks}


def wrong(name: str, *, watch: bool = False, **named: Any) -> list[str]:
    """Return the results of a probe that are not as its table has them. With `watch` its wires must be right too."""
    twin = bench(name, FIRMWARE / "images" / f"s3_probe_{name}", **named)
    wires = Wires(twin) if watch and name in SHOWN else None
    HOSTS.get(name, lambda _: None)(twin)
    twin.run_until(lambda: twin.memory.u32("probe_done") == 1, timeout="5s", every="1ms")
    words = struct.unpack(f"<{RESULT_WORDS}I", twin.memory.read("probe_results", 4 * RESULT_WORDS))
    found = list(tool().compare(name, words, "esp32s3"))
    if not found:
        SEEN.get(name, lambda _: None)(twin)
        if wires:
            SHOWN[name](wires)
    return found


@pytest.mark.parametrize("name", PROBES)
def test_the_block_does_what_its_manual_says(name: str) -> None:
    """Runs the probe from power-on: the ROM loads it from flash 0x0."""
    found = wrong(name, watch=True)
    assert not found, "\n".join(found)
