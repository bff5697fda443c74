"""Parts: one file per part, named after it. Each is loaded when it is asked for."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from peripherals.acs758 import ACS758
    from peripherals.button import Button
    from peripherals.eeprom24 import Eeprom24
    from peripherals.ft5x06 import FT5x06
    from peripherals.ili9341 import ILI9341
    from peripherals.led import Led
    from peripherals.led_matrix import LedMatrix
    from peripherals.microphone import Microphone, PdmMicrophone
    from peripherals.mosfet import Mosfet
    from peripherals.potentiometer import Potentiometer
    from peripherals.rotary_encoder import RotaryEncoder
    from peripherals.sdcard import Sdcard
    from peripherals.sk6812 import SK6812
    from peripherals.speaker import Speaker
    from peripherals.st7789 import ST7789
    from peripherals.touch_pad import TouchPad
    from peripherals.ttp223 import TTP223
    from peripherals.ws2812 import WS2812
    from peripherals.xvf3800 import XVF3800

__all__ = [
    "ACS758",
    "ILI9341",
    "SK6812",
    "ST7789",
    "TTP223",
    "WS2812",
    "XVF3800",
    "Button",
    "Eeprom24",
    "FT5x06",
    "Led",
    "LedMatrix",
    "Microphone",
    "Mosfet",
    "PdmMicrophone",
    "Potentiometer",
    "RotaryEncoder",
    "Sdcard",
    "Speaker",
    "TouchPad",
]

_FILES = {
    "ACS758": "acs758",
    "ILI9341": "ili9341",
    "SK6812": "sk6812",
    "ST7789": "st7789",
    "TTP223": "ttp223",
    "WS2812": "ws2812",
    "XVF3800": "xvf3800",
    "Button": "button",
    "Eeprom24": "eeprom24",
    "FT5x06": "ft5x06",
    "Led": "led",
    "LedMatrix": "led_matrix",
    "Microphone": "microphone",
    "Mosfet": "mosfet",
    "PdmMicrophone": "microphone",
    "Potentiometer": "potentiometer",
    "RotaryEncoder": "rotary_encoder",
    "Sdcard": "sdcard",
    "Speaker": "speaker",
    "TouchPad": "touch_pad",
}
"""Where each of them is."""


def __getattr__(name: str) -> Any:
    if name not in _FILES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found = globals()[name] = getattr(import_module(f"peripherals.{_FILES[name]}"), name)
    return found
