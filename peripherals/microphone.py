"""Digital microphones: INMP441, ICS-43432 and ICS-43434 with I2S, MP34DT05-A with PDM.

InvenSense data sheets of the INMP441 (DS-INMP441-00 rev. 1.1), ICS-43432 and ICS-43434 (DS-000069 rev. 1.2): 24 bits,
most significant bit first and one clock behind WS, in 32 clocks a channel. L/R low puts them in the left
channel, high in the right one; in the other channel the output is let go, which a pull-down makes 0.

=========  ===========  ================  ===================================
model      sensitivity  sample rates      after power-up
=========  ===========  ================  ===================================
INMP441    -26 dBFS     7.8 to 50 kHz     0 for 2^18 clocks (4096 frames)
ICS-43432  -26 dBFS     7.19 to 52.8 kHz  0 for 4462 clocks, then louder over
                                          256 frames
ICS-43434  -26 dBFS     6.25 to 18.75,    not modelled
                        23 to 51.6 kHz
=========  ===========  ================  ===================================

STMicroelectronics MP34DT05-A data sheet: PDM, clocked at 1.2 to 3.25 MHz, -26 dBFS. L/R low: data is there while the
clock is low (left channel), high: while it is high; else the output is let go.

Sensitivity is the level of a tone of 94 dB SPL. Filters, noise and the acoustic overload point are not modelled.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from twins.audio import frame_rate
from twins.controls import Control, Say
from twins.errors import UsageError
from twins.ports import DigitalIn, I2sLink, Part, PdmLink, Times
from twins.sound import Sound
from twins.units import Time, ps

FULL_SCALE = 2**23 - 1
"""The greatest sample, DS-INMP441-00, "Understanding Sensitivity"."""
PASCAL = 94.0
"""dB SPL of one pascal: where the sensitivity is given."""


@dataclass(frozen=True)
class Model:
    """What the data sheet says of a model: dBFS at 94 dB SPL, bands of sample rates in Hz, silent and muted frames."""

    sensitivity: float
    rates: tuple[tuple[float, float], ...]
    silent: int
    ramp: int = 0


MODELS = {
    "INMP441": Model(-26.0, ((7_800, 50_000),), 2**18 // 64),
    "ICS-43432": Model(-26.0, ((460_000 / 64, 3_379_000 / 64),), -(-4462 // 64), 256),
    "ICS-43434": Model(-26.0, ((6_250, 18_750), (23_000, 51_600)), 0),
}


@dataclass(frozen=True)
class _Playing:
    """A sound in front of the microphone: from when, how fast, again and again?"""

    sound: Sound
    gain: float
    at: int
    loop: bool

    def heard(self, at: Times) -> npt.NDArray[np.float64]:
        """The pressure at these moments, between two samples on a straight line."""
        place = (at.astype(np.int64) - self.at) * (self.sound.rate / 1e12)
        nearest = np.round(place)
        place = np.where(np.abs(place - nearest) < 1e-4, nearest, place)
        samples = self.sound.samples
        length = len(samples)
        if self.loop:
            place = np.where(place >= 0, place % length, place)
        heard: npt.NDArray[np.float64] = np.interp(place, np.arange(length), samples, left=0.0, right=0.0)
        return heard * self.gain


class _Capsule(Part):
    """What microphones have in common: the sounds in front of them."""

    controls: ClassVar[tuple[Control, ...]] = (Say(),)

    sensitivity: float

    def __init__(self) -> None:
        super().__init__()
        self._playing: list[_Playing] = []

    def play(
        self,
        source: Sound | str | Path | npt.ArrayLike,
        rate: int | None = None,
        *,
        level_db: float | None = None,
        spl: float | None = None,
        after: Time = 0,
        loop: bool = False,
    ) -> None:
        """Plays a sound to the microphone, from now on or after a time; several at once add up.

        Args:
            source: a `Sound`, a WAV file, or numbers of which 1.0 is full scale.
            rate: samples in a second, for numbers.
            level_db: the sound is made so loud that it has this level in dBFS; as it is without `level_db` and `spl`.
            spl: or so loud, in dB SPL.
            after: when it begins.
            loop: again and again.
        """
        sound = Sound.of(source, rate)
        if level_db is not None and spl is not None:
            raise UsageError(f"{self.label}.play takes a level in dBFS or in dB SPL, not both")
        wanted = level_db if spl is None else spl - PASCAL + self.sensitivity
        gain = 1.0 if wanted is None or not sound.samples.any() else 10 ** ((wanted - sound.level_db) / 20)
        self._playing.append(_Playing(sound, gain, self.now + ps(after), loop))

    def speak(self, sound: str = "speech", duration: Time = "1s") -> None:
        """Plays one of `twins.sound.NAMED` to it, at 74 dB SPL: somebody who talks loudly a metre away.

        >>> from twins.bench import Bench
        >>> bench = Bench(); mic = bench.add(Microphone("ICS-43434")); mic.speak("tone", "10ms")
        >>> int(bench.record(mic.i2s, 100, rate=48_000).max()) > 0
        True
        """
        self.play(Sound.named(sound, duration), spl=74)

    def silence(self) -> None:
        """All sounds stop at once."""
        self._playing = []

    def heard(self, at: Times) -> npt.NDArray[np.float64]:
        """What all sounds together are at these moments."""
        heard = np.zeros(len(at))
        for playing in self._playing:
            heard += playing.heard(at)
        return heard


def _words(heard: npt.NDArray[np.float64]) -> npt.NDArray[np.int32]:
    """Sound as samples of 24 bits, left-justified."""
    whole = np.clip(np.round(heard * FULL_SCALE), -FULL_SCALE - 1, FULL_SCALE)
    return whole.astype(np.int32) << 8


class Microphone(_Capsule):
    """A microphone that hears what a test plays to it, and silence otherwise.

    Args:
        model: a key of `MODELS`.
        right: L/R is tied high, so that it speaks in the right channel; where L/R is on a pin of the chip, the pin
            decides.

    Attributes:
        frames: how many frames it has given since power-on.
        rate: the sample rate of WS in Hz, measured in the last frames asked for; 0 before.

    >>> from twins.bench import Bench
    >>> bench = Bench(); mic = bench.add(Microphone("ICS-43434"))
    >>> tone = np.sin(2 * np.pi * 1000 * np.arange(48_000) / 48_000)
    >>> mic.play(tone, rate=48_000, spl=94)
    >>> heard = bench.record(mic.i2s, 480, rate=48_000)
    >>> int(heard.max()) >> 8, int(np.abs(heard[:, 1]).max())
    (420426, 0)
    """

    i2s = I2sLink(says=True)
    lr = DigitalIn(optional=True, floating=False)

    def __init__(self, model: str = "INMP441", *, right: bool = False) -> None:
        super().__init__()
        if model not in MODELS:
            raise UsageError(f"microphone {model!r}: expected one of {', '.join(MODELS)}")
        self.model = model
        self.sensitivity = MODELS[model].sensitivity
        self.right = right
        self.frames = 0
        self.rate = 0.0
        self._last: int | None = None

    @property
    def problem(self) -> str | None:
        """Why it is silent though it is clocked; None when it is not."""
        bands = MODELS[self.model].rates
        if not self.rate or any(low <= self.rate <= high for low, high in bands):
            return None
        named = " and ".join(f"{low / 1000:g} to {high / 1000:g} kHz" for low, high in bands)
        return f"WS at {self.rate:.0f} Hz: the {self.model} takes {named}"

    @i2s.wanted
    def _wanted(self, at: Times) -> npt.NDArray[np.int32]:
        times = at if self._last is None else np.concatenate([[np.uint64(self._last)], at])
        self.rate = frame_rate(times) or self.rate
        self._last = int(at[-1])
        heard = self.heard(at)
        if self.problem is not None:
            heard[:] = 0
        model, number = MODELS[self.model], self.frames + np.arange(len(at))
        heard *= np.clip((number - model.silent + 1) / max(model.ramp, 1), 0, 1)
        self.frames += len(at)
        said = np.zeros((len(at), 2), np.int32)
        column = 1 if (self.lr.level if self.lr.connected else self.right) else 0
        said[:, column] = _words(heard)
        return said


class PdmMicrophone(_Capsule):
    """A PDM microphone (MP34DT05-A) that hears what a test plays to it, and silence otherwise.

    Args:
        right: L/R is tied to the supply: it speaks in the right channel.

    >>> from twins.bench import Bench
    >>> bench = Bench(); mic = bench.add(PdmMicrophone(right=True))
    >>> mic.play([0.5], rate=8000)
    >>> bench.record(mic.pdm, 1, rate=16_000).tolist()
    [[0, 1073741824]]
    """

    pdm = PdmLink(says=True, channels="channels")
    sensitivity = -26.0

    def __init__(self, *, right: bool = False) -> None:
        super().__init__()
        self.right = right

    @property
    def channels(self) -> tuple[bool, bool]:
        """Does it speak in the left channel, in the right one?"""
        return not self.right, self.right

    @pdm.wanted
    def _wanted(self, at: Times) -> npt.NDArray[np.int32]:
        said = np.zeros((len(at), 2), np.int32)
        said[:, int(self.right)] = _words(self.heard(at))
        return said
