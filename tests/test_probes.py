"""The probes of the RP2040: what each block does, against the datasheets named in the probes' tables."""

from __future__ import annotations

import importlib.util
import struct
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from twins import Twin

FIRMWARE = Path(__file__).parent.parent / "firmware"
PROBES = sorted(path.stem for path in (FIRMWARE / "probes" / "rp2040").glob("*.toml"))
RESULT_WORDS = 2 + 2 * 96


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
    rows = tool().table(name)
    assert rows
    for row in rows.values():
        assert row["authority"], row
        assert ("equals" in row) != ("min" in row and "max" in row), row


def test_every_probe_has_a_table_and_every_table_a_probe() -> None:
    sources = {path.stem for path in (FIRMWARE / "probes" / "rp2040").glob("*.c")}
    assert sources == set(PROBES)


def wrong(name: str, **named: Any) -> list[str]:
    """Return the results of a probe that are not as its table has them. `named` is the twin's."""
    twin = Twin("pico", image=FIRMWARE / "images" / f"probe_{name}.elf", **named)
    if name == "adc":
        twin.volts(26, 1.65)
        twin.volts(27, 0.825)
    if name == "i2c":
        twin.pins.join("GPIO4", "GPIO6")
        twin.pins.join("GPIO5", "GPIO7")
    if name == "spi":
        for there, back in ((19, 8), (11, 16), (18, 10), (17, 9)):
            twin.pins.join(f"GPIO{there}", f"GPIO{back}")
    twin.run_until(lambda: twin.memory.u32("probe_done") == 1, timeout="15s", every="1ms")
    words = struct.unpack(f"<{RESULT_WORDS}I", twin.memory.read("probe_results", 4 * RESULT_WORDS))
    return list(tool().compare(name, words))


@pytest.mark.parametrize("name", PROBES)
def test_the_block_does_what_its_datasheet_says(name: str) -> None:
    """Runs the probe from power-on, boot ROM and second stage included."""
    found = wrong(name)
    assert not found, "\n".join(found)
