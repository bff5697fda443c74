"""What the tests of the lamp's hearing share: its counters, what its audio_stream gives out."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt

from twins import Twin
from twins.board import Board
from twins.ports import DigitalIn, DigitalOut, Part
from twins.units import Time, ps

RATE = 16_000
FRAME, FRAMES = 512, 8
"""firmware/jinny_lamp/audio_stream.h"""

XVF_STATS = ("commands", "nacks", "retries", "starved", "refused", "line_errors", "bus_recoveries", "bus_stuck")
DOA_STATS = ("polls", "valid", "invalid", "errors")
I2S_STATS = ("blocks_in", "blocks_out", "overruns", "underruns", "restarts")
STREAM_STATS = ("frames", "drop_frames", "read_errors")


def direction(lamp: Twin) -> tuple[float, float, bool]:
    """What doa_probe has last heard: degrees, level, and whether that is fresh."""
    azimuth, level, _, valid = struct.unpack("<2f2B", lamp.memory.read("doa_last", 10))
    return azimuth, level, bool(valid)


def apart(one: float, other: float) -> float:
    """Degrees between two azimuths."""
    return abs((one - other + 180) % 360 - 180)


class Stream:
    """Reads audio_stream's ring as it is filled, from now on."""

    def __init__(self, lamp: Twin) -> None:
        self.lamp = lamp
        self._next = self._written

    @property
    def _written(self) -> int:
        return self.lamp.memory.u32("audio_written")

    def hear(self, duration: Time) -> npt.NDArray[np.float64]:
        """All samples of the time that follows, -1 to 1."""
        end, pieces = self.lamp.now + ps(duration), []
        while self.lamp.now < end:
            self.lamp.advance(min(end, self.lamp.now + ps("100ms")))
            pieces.append(self._take())
        return np.concatenate(pieces)

    def _take(self) -> npt.NDArray[np.float64]:
        ring = np.frombuffer(self.lamp.memory.read("audio_ring", 2 * FRAME * FRAMES), "<i2")
        written = self._written
        assert written - self._next <= len(ring), "looked too late"
        samples = ring[np.arange(self._next, written) % len(ring)] / 32768
        self._next = written
        return np.asarray(samples)


class Codec(Part):
    """A target on the same bus, that was left in the middle of a byte of zeros: it holds SDA low until SCL has risen so
    many times (UM10204, 3.1.16)."""

    sda = DigitalOut()
    scl = DigitalIn()
    left = 0
    """Clocks that it still waits for."""

    def hang(self, clocks: int) -> None:
        """It is in the middle of a byte from now on."""
        self.left = clocks
        self.sda.set(False)

    @scl.changed
    def _scl_changed(self, at: int, level: bool) -> None:
        if level and self.left:
            self.left -= 1
            if not self.left:
                self.sda.set(None)


def board_with_codec() -> Board:
    """The lamp, with such a target on the voice processor's bus."""
    import tomllib

    path = Path(__file__).parent.parent.parent / "platforms" / "boards" / "jinny_lamp.toml"
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    data["parts"]["codec"] = {"type": "hearing:Codec", "sda": "GPIO5", "scl": "GPIO6"}
    return Board.from_data(data)
