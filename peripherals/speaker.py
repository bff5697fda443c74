"""MAX98357A: I2S input class D amplifier, with its loudspeaker.

Maxim MAX98357A/MAX98357B data sheet (19-6779): I2S data with the most significant bit one clock behind LRCLK, 16, 24 or
32 clocks a channel, sample rates 8, 16, 32, 44.1, 48, 88.2 and 96 kHz; other ratios and rates leave the output silent.

=========================  ===============================
SD_MODE                    plays
=========================  ===============================
below 0.16 V               nothing: shutdown
0.16 V to 0.77 V           (left/2 + right/2)
0.77 V to 1.4 V            right
above 1.4 V                left
=========================  ===============================

On most boards a resistor sets the level of SD_MODE, and a GPIO on the pin shuts the amplifier down when it is low.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from twins.audio import frame_rate
from twins.controls import Control, Reading, Sounds
from twins.errors import UsageError
from twins.ports import DigitalIn, I2sBatch, I2sLink, Part
from twins.sound import Sound, level_db

RATES = (8_000, 16_000, 32_000, 44_100, 48_000, 88_200, 96_000)
"""LRCLK rates that it plays, in Hz."""
TOLERANCE = 0.02
"""How far a rate may be off; the data sheet gives no figure."""
CLOCKS = (16, 24, 32)
"""BCLK cycles of a channel that it plays."""
CHANNELS = ("mix", "left", "right")
Batch = tuple[npt.NDArray[np.uint64], npt.NDArray[np.int32], bool]
"""Times and samples of frames, and whether their clocks were right."""


class Speaker(Part):
    """An I2S amplifier that remembers what it plays.

    Args:
        channel: what SD_MODE selects while it is not low: ``"mix"`` for (left/2 + right/2), ``"left"`` or ``"right"``.

    Attributes:
        bits: BCLK cycles of a channel, as heard last; 0 before.
        rate: sample rate in Hz, measured in the last batch of frames; 0 before.

    >>> from twins.bench import Bench
    >>> bench = Bench(); speaker = bench.add(Speaker(channel="left"))
    >>> t = np.arange(480) / 48_000
    >>> left = (0.5 * np.sin(2 * np.pi * 1000 * t) * 2**31).astype(np.int32)
    >>> bench.play(speaker.i2s, np.stack([left, 0 * left], axis=1), rate=48_000)
    >>> round(speaker.rate), speaker.bits, round(speaker.level_db, 1), speaker.problem
    (48000, 32, -6.0, None)
    """

    controls: ClassVar[tuple[Control, ...]] = (Sounds(), Reading("problem"))

    i2s = I2sLink(hears=True)
    sd_mode = DigitalIn(optional=True)

    def __init__(self, channel: str = "mix") -> None:
        super().__init__()
        if channel not in CHANNELS:
            raise UsageError(f"channel {channel!r}: expected one of {', '.join(CHANNELS)}")
        self.channel = channel
        self.bits = 0
        self.rate = 0.0
        self._last: int | None = None
        self._batches: list[Batch] = []
        self._switches: list[tuple[int, bool]] = []

    @sd_mode.changed
    def _sd_mode_changed(self, at: int, level: bool) -> None:
        self._switches.append((at, level))

    def power_on(self) -> None:
        self._switches = [(0, self.sd_mode.level)]

    @i2s.received
    def _received(self, batch: I2sBatch) -> None:
        self.bits = batch.bits
        times = batch.at if self._last is None else np.concatenate([[np.uint64(self._last)], batch.at])
        self.rate = frame_rate(times) or self.rate
        self._last = int(batch.at[-1])
        self._batches.append((batch.at, batch.samples, self.problem is None))

    @property
    def problem(self) -> str | None:
        """Why it is silent though it hears frames; None when it plays them."""
        if self.bits not in CLOCKS:
            return f"{self.bits} BCLK cycles a channel: the MAX98357A takes 16, 24 or 32" if self.bits else None
        if self.rate and min(abs(self.rate / rate - 1) for rate in RATES) > TOLERANCE:
            return f"LRCLK at {self.rate:.0f} Hz: the MAX98357A takes 8, 16, 32, 44.1, 48, 88.2 and 96 kHz"
        return None

    @property
    def at(self) -> npt.NDArray[np.uint64]:
        """When each frame began, in ps."""
        return np.concatenate([np.empty(0, np.uint64), *(at for at, _, _ in self._batches)])

    @property
    def frames(self) -> npt.NDArray[np.int32]:
        """All frames heard, one row each: left and right, left-justified in 32 bits."""
        return np.concatenate([np.empty((0, 2), np.int32), *(samples for _, samples, _ in self._batches)])

    @property
    def samples(self) -> npt.NDArray[np.float64]:
        """What it plays, 1.0 is full scale: the selected channel, 0 while it is shut down or refuses the clocks."""
        return self._played(self._batches)

    def heard_since(self, mark: int) -> tuple[int, int, npt.NDArray[np.float64]]:
        """The next mark, the rate, and what it played since a mark; 0 is the first one."""
        batches = self._batches[mark if mark <= len(self._batches) else 0 :]
        return len(self._batches), round(self.rate), self._played(batches)

    def _played(self, batches: list[Batch]) -> npt.NDArray[np.float64]:
        frames = np.concatenate([np.empty((0, 2), np.int32), *(samples for _, samples, _ in batches)])
        left, right = frames.T / 2.0**31
        chosen = {"mix": left / 2 + right / 2, "left": left, "right": right}[self.channel]
        plays = np.concatenate([np.empty(0, bool), *(np.full(len(at), good) for at, _, good in batches)])
        times = np.concatenate([np.empty(0, np.uint64), *(at for at, _, _ in batches)])
        moments = np.array([at for at, _ in self._switches], np.uint64)
        on = np.array([level for _, level in self._switches], bool)
        now = np.maximum(np.searchsorted(moments, times, side="right"), 1) - 1
        played: npt.NDArray[np.float64] = np.where(plays & on[now], chosen, 0.0)
        return played

    @property
    def level_db(self) -> float:
        """The level of all that it played, in dBFS; minus infinity for silence."""
        return level_db(self.samples)

    @property
    def sound(self) -> Sound:
        """What it played, at the measured rate."""
        if not self.rate:
            raise UsageError(f"{self.label} has heard nothing yet: there is no sound")
        return Sound(self.samples, round(self.rate))

    def save(self, path: str | Path, bits: int = 16) -> Path:
        """Writes what it played as a WAV file, at the measured rate."""
        return self.sound.save(path, bits)

    def forget(self) -> None:
        """Forgets what it has heard so far."""
        self._batches = []

    def state(self) -> dict[str, Any]:
        # The batches are never changed: a copy of the list is enough.
        kept = self._batches
        self._batches = []
        try:
            state = super().state()
        finally:
            self._batches = kept
        return state | {"_batches": list(kept)}

    def restore(self, state: Any) -> None:
        batches = list(state["_batches"])
        super().restore({name: value for name, value in state.items() if name != "_batches"})
        self._batches = batches
