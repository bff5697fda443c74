"""The ROMs of the silicon as a second opinion on ours: our images on both, and what each of them shows.

What is known to differ is listed here and explained in docs/engines.md; what no longer does must leave the list.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import test_probes, test_probes_esp32s3
from tests.realimages import corpus
from tests.test_compare import BOARDS, IMAGES, NATIVE, NO_IMAGE
from twins.compare import EngineSpec, Rules, Wishes, compare, record
from twins.compare.report import lines
from twins.units import MS


CUT = [("console", "uart0")]
TEXTS = {
    # A reset soon after the start loses what is still in the FIFO of UART0: a few characters more or less of the ROM's text.
    "s3_probe_analog": CUT,
    "s3_probe_rtc": CUT,
}


@pytest.fixture(scope="module")
def silicon() -> dict[str, Path]:
    """The ROM of each chip."""
    return {"rp2040": corpus.boot_rom(), "esp32s3": corpus.esp32s3_rom()}


@pytest.mark.parametrize("name", sorted({path.stem for path in IMAGES.glob("*.elf")} - NO_IMAGE))
def test_an_image_shows_the_same_with_the_rom_of_the_silicon(name: str, silicon: dict[str, Path]) -> None:
    image = IMAGES / f"{name}.uf2"
    chip = "rp2040" if image.exists() else "esp32s3"
    image = image if chip == "rp2040" else image.with_suffix(".bin")
    wishes = Wishes(BOARDS.get(name, "pico" if chip == "rp2040" else "esp32s3_devkitc"), str(image), 150 * MS)
    real = EngineSpec("native", {"rom": str(silicon[chip])})
    # Each start takes some 10 ms less with the silicon's ROM: an image with four resets is ahead by 40.
    found = compare(record(wishes, NATIVE), record(wishes, real), Rules(end=60 * MS))
    parted = [(difference.kind, difference.who) for difference in found.differences]
    assert parted == TEXTS.get(name, []), "\n".join(lines(found))


@pytest.mark.parametrize("name", test_probes.PROBES)
def test_a_probe_of_the_rp2040_gives_what_its_table_says(name: str, silicon: dict[str, Path]) -> None:
    assert test_probes.wrong(name, rom=silicon["rp2040"]) == []


@pytest.mark.parametrize("name", test_probes_esp32s3.PROBES)
def test_a_probe_of_the_esp32s3_gives_what_its_table_says(name: str, silicon: dict[str, Path]) -> None:
    assert test_probes_esp32s3.wrong(name, rom=silicon["esp32s3"]) == []
