"""The RUN pin and the flash chip's serial number, as MicroPython sees them."""

from __future__ import annotations

from tests.realimages.conftest import PROMPT, MicroPython
from twins import Twin

CHIP_RESET = "__import__('machine').mem32[0x40064008]"
"""RP2040 datasheet 2.12.8: the reason of the last reset of the chip, HAD_RUN in bit 16 and HAD_POR in bit 8."""


def test_the_chip_knows_that_its_run_pin_was_pulled(mpy: MicroPython) -> None:
    assert int(mpy.run(f"print({CHIP_RESET})")) == 1 << 8
    mpy.twin.reset()
    mpy.console.expect_exact(PROMPT, timeout="10s")
    assert int(mpy.run(f"print({CHIP_RESET})")) == 1 << 16


def test_files_outlive_it_and_usb_comes_back(mpy: MicroPython) -> None:
    mpy.run("f = open('kept', 'w'); f.write('over the reset'); f.close()")
    mpy.twin.reset()
    mpy.twin.run("1ms")
    assert not mpy.twin.usb.attached
    mpy.console.expect_exact(PROMPT, timeout="10s")
    assert mpy.run("print(open('kept').read())") == "over the reset\n"


def test_the_serial_number_is_the_flash_chips(micropython_image: str) -> None:
    """ports/rp2 takes both `machine.unique_id` and the USB serial number from the flash chip."""
    with Twin("pico", image=micropython_image, unique_id="e660583883724a32") as pico:
        pico.console.expect_exact(PROMPT, timeout="10s")
        assert pico.usb.serial == "e660583883724a32"
        assert MicroPython(pico).run("print(__import__('machine').unique_id().hex())") == "e660583883724a32\n"
