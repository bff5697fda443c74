"""Parts: one file per part, named after it."""

from peripherals.st7789 import ST7789

__all__ = ["ST7789"]
