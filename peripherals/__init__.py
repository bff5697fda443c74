"""Parts: one file per part, named after it."""

from peripherals.button import Button
from peripherals.eeprom24 import Eeprom24
from peripherals.led import Led
from peripherals.potentiometer import Potentiometer
from peripherals.rotary_encoder import RotaryEncoder
from peripherals.sdcard import Sdcard
from peripherals.sk6812 import SK6812
from peripherals.st7789 import ST7789
from peripherals.touch_pad import TouchPad
from peripherals.ws2812 import WS2812

__all__ = [
    "SK6812",
    "ST7789",
    "WS2812",
    "Button",
    "Eeprom24",
    "Led",
    "Potentiometer",
    "RotaryEncoder",
    "Sdcard",
    "TouchPad",
]
