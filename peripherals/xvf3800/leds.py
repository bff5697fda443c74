"""The ring of twelve LEDs.

reSpeaker `host_control/README.md`, "LED Control"; the times of breath and rainbow are ours.
"""

from __future__ import annotations

import colorsys
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from peripherals.xvf3800.commands import Value

COUNT = 12
OFF, BREATH, RAINBOW, SINGLE, DOA, RING = range(6)
PERIOD = 4.0
"""Seconds of a breath and of a turn of the rainbow at speed 1."""

Colors = npt.NDArray[np.uint8]


def rgb(color: Value) -> tuple[int, int, int]:
    """A colour 0xRRGGBB, in bytes B, G, R, 0 on the wire."""
    return int(color) >> 16 & 0xFF, int(color) >> 8 & 0xFF, int(color) & 0xFF


def led_at(azimuth: float) -> int:
    """The LED that shows an azimuth.

    >>> [led_at(azimuth) for azimuth in (0, 14, 16, 350)]
    [0, 0, 1, 0]
    """
    return round(azimuth / 30) % COUNT


def ring(
    effect: int,
    seconds: float,
    color: Value,
    brightness: int,
    speed: int,
    doa_colors: Sequence[Value],
    ring_colors: Sequence[Value],
    azimuth: float,
) -> Colors:
    """What the LEDs show, (12, 3) uint8."""
    turn = seconds * max(speed, 1) / PERIOD % 1
    if effect == SINGLE:
        return np.full((COUNT, 3), rgb(color), np.uint8)
    if effect == BREATH:
        share = brightness / 255 * (0.5 - 0.5 * math.cos(2 * math.pi * turn))
        return np.full((COUNT, 3), np.rint(np.array(rgb(color)) * share), np.uint8)
    if effect == RAINBOW:
        hues = [colorsys.hsv_to_rgb((n / COUNT + turn) % 1, 1, brightness / 255) for n in range(COUNT)]
        return np.asarray(np.rint(np.array(hues) * 255), np.uint8)
    if effect == DOA:
        colors = np.full((COUNT, 3), rgb(doa_colors[0]), np.uint8)
        colors[led_at(azimuth)] = rgb(doa_colors[1])
        return colors
    if effect == RING:
        return np.array([rgb(one) for one in ring_colors], np.uint8)
    return np.zeros((COUNT, 3), np.uint8)
