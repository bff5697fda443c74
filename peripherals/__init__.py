"""Parts: one file per part, named after it."""

from peripherals.button import Button
from peripherals.led import Led
from peripherals.rotary_encoder import RotaryEncoder
from peripherals.st7789 import ST7789

__all__ = ["ST7789", "Button", "Led", "RotaryEncoder"]
