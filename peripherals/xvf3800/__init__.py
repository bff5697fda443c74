"""XVF3800: a voice processor with four microphones, on Seeed's reSpeaker board."""

from peripherals.xvf3800.device import XVF3800

__all__ = ["XVF3800"]
