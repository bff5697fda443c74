"""The microcontroller boards of Wokwi that we have, and what their pins are called there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

GROUND = "GND"


@dataclass(frozen=True)
class Controller:
    """A board.

    Attributes:
        board: our board.
        prefixes: what may stand before the number of a pin of the chip.
        named: pins of the chip that have other names there.
        without: parts of our board that this one has not.
        note: what else is not as on that board.
    """

    board: str
    prefixes: tuple[str, ...]
    named: Mapping[str, int] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    note: str = ""

    def gpio(self, pin: str) -> int | None:
        """The pin of the chip that a pin is."""
        if pin in self.named:
            return self.named[pin]
        for prefix in self.prefixes:
            if re.fullmatch(rf"{prefix}\d{{1,2}}", pin):
                return int(pin[len(prefix) :])
        return None

    @staticmethod
    def supply(pin: str) -> str | None:
        """Ground, or the volts of a supply pin as text; None for others."""
        name = pin.partition(".")[0]
        return _SUPPLIES.get(name)


_SUPPLIES = {
    "GND": GROUND,
    "AGND": GROUND,
    "3V3": "3.3",
    "3V3_OUT": "3.3",
    "5V": "5",
    "VIN": "5",
    "VBUS": "5",
    "VSYS": "5",
}

# wokwi-pi-pico: GP0 to GP28; TP4 is GPIO23, TP5 is GPIO25.
_PICO = {"TP4": 23, "TP5": 25}
# board-esp32-s3-devkitc-1: the numbers of the chip's pins; TX and RX are UART0.
_S3 = {"TX": 43, "RX": 44}
# board-xiao-esp32-s3: D0 to D10 as printed on it (product wiki, pin map).
_XIAO = {f"D{number}": gpio for number, gpio in enumerate((1, 2, 3, 4, 5, 6, 43, 44, 7, 8, 9))}

CONTROLLERS: Mapping[str, Controller] = {
    "wokwi-pi-pico": Controller("pico", ("GP", "GPIO"), _PICO),
    "board-pi-pico": Controller("pico", ("GP", "GPIO"), _PICO),
    "board-pi-pico-w": Controller(
        "pico", ("GP", "GPIO"), {"TP4": 23}, ("led",), "the Pico W's radio and the LED on it are not modelled"
    ),
    "board-esp32-s3-devkitc-1": Controller("esp32s3_devkitc", ("", "GPIO", "IO"), _S3),
    "board-xiao-esp32-s3": Controller("xiao_esp32s3", ("GPIO",), _XIAO),
}
