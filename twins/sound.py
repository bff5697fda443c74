"""Sounds: one channel of samples with their rate, from WAV files and arrays; and recordings of what a part played.

Samples are numbers from -1 to 1. Levels are in dBFS as AES17 has them: 0 dBFS is the RMS of a sine that just fits.

>>> beep = Sound.tone(1000, "100ms", rate=16000)
>>> beep, round(abs(beep.level_db), 1)
(<Sound of 100ms at 16000 Hz>, 0.0)
"""

from __future__ import annotations

import math
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from twins.errors import UsageError
from twins.files import whole_file
from twins.units import SECOND, Duration, Time, ps

Samples = npt.NDArray[np.float64]

ACCEPTED = "expected a WAV file of one channel, PCM with 16, 24 or 32 bits, 8000 to 192000 Hz"
RATES = range(8_000, 192_001)
NAMED = ("speech", "tone", "noise")
"""Sounds that have names, see `Sound.named`; the tone has 1 kHz."""


@dataclass(frozen=True, eq=False, repr=False)
class Sound:
    """One channel of samples."""

    samples: Samples
    rate: int

    @classmethod
    def of(cls, sound: Sound | str | Path | npt.ArrayLike, rate: int | None = None) -> Sound:
        """A sound from a WAV file or an array; an array needs its rate. Raises `UsageError`."""
        if isinstance(sound, Sound):
            return sound
        if isinstance(sound, (str, Path)):
            return cls.load(sound)
        samples = np.array(sound, np.float64)
        if samples.ndim != 1 or not len(samples) or not np.isfinite(samples).all():
            raise UsageError(f"samples of shape {samples.shape}: expected one channel of finite numbers")
        if rate is None or int(rate) not in RATES:
            raise UsageError(f"a rate of {rate}: an array needs one from 8000 to 192000 Hz, as in rate=16000")
        return cls(_fixed(samples), int(rate))

    @classmethod
    def load(cls, path: str | Path) -> Sound:
        """A sound from a WAV file. Raises `UsageError` and says what is accepted."""
        try:
            with wave.open(str(path), "rb") as file:
                form, data = file.getparams(), file.readframes(file.getnframes())
        except OSError as error:
            raise UsageError(f"WAV file {path}: {error.strerror}") from None
        except (wave.Error, EOFError, RuntimeError) as error:  # RuntimeError: a chunk is longer than the file
            raise UsageError(f"WAV file {path}: {str(error) or 'it ends within its head'}: {ACCEPTED}") from None
        if form.nchannels != 1:
            raise UsageError(f"WAV file {path}: it has {form.nchannels} channels: {ACCEPTED}")
        if form.sampwidth not in (2, 3, 4):
            raise UsageError(f"WAV file {path}: it has {8 * form.sampwidth} bits: {ACCEPTED}")
        if form.framerate not in RATES:
            raise UsageError(f"WAV file {path}: it has {form.framerate} Hz: {ACCEPTED}")
        frames = len(data) // form.sampwidth
        if not frames or frames < form.nframes:
            raise UsageError(f"WAV file {path}: it is truncated: {frames} of {form.nframes} frames: {ACCEPTED}")
        return cls(_fixed(_from_pcm(data, form.sampwidth)), form.framerate)

    @classmethod
    def tone(cls, hertz: float, duration: Time, rate: int = 16000) -> Sound:
        """A sine of full scale."""
        count = round(ps(duration) * rate / SECOND)
        return cls(_fixed(np.sin(2 * np.pi * hertz / rate * np.arange(count))), rate)

    @classmethod
    def noise(cls, duration: Time, rate: int = 16000, seed: int = 0) -> Sound:
        """White noise."""
        count = round(ps(duration) * rate / SECOND)
        return cls(_fixed(0.2 * np.random.default_rng(seed).standard_normal(count)), rate)

    @classmethod
    def speech(cls, duration: Time, seed: int = 0) -> Sound:
        """Something like speech, for a test without a recording: four times a second a hiss, a vowel and a pause.

        16 kHz. The voice has 110 to 140 Hz, and the vowels have men's formants: Peterson and Barney (1952), table II.

        >>> hello = Sound.speech("1s"); len(hello.samples), round(float(np.abs(hello.samples).max()), 2)
        (16000, 0.5)
        """
        rate, random = 16000, np.random.default_rng(seed)
        count = ps(duration) * rate // SECOND
        said = np.zeros(count)
        for start in range(0, count, rate // 4):
            hiss = np.diff(random.standard_normal(800), append=0.0) * np.hanning(800)
            said[start : start + 800] += 0.3 * hiss[: count - start]
            vowel = _vowel(_VOWELS[random.integers(len(_VOWELS))], random.uniform(110, 140), 2600, rate)
            piece = said[start + 500 : start + 500 + len(vowel)]
            piece += vowel[: len(piece)]
        return cls(_fixed(said / (2 * np.abs(said).max())), rate)

    @classmethod
    def named(cls, name: str, duration: Time, rate: int = 16000) -> Sound:
        """One of `NAMED`: what a script or a page can ask for by name.

        >>> Sound.named("speech", "500ms")
        <Sound of 500ms at 16000 Hz>
        """
        if name == "tone":
            return cls.tone(1000, duration, rate)
        if name == "noise":
            return cls.noise(duration, rate)
        if name == "speech":
            return cls.speech(duration).at_rate(rate)
        raise UsageError(f"a sound {name!r}: expected one of {', '.join(NAMED)}")

    def at_rate(self, rate: int) -> Sound:
        """The same sound at another rate; SciPy converts it (extra ``audio``)."""
        if rate == self.rate:
            return self
        try:
            from scipy.signal import resample_poly
        except ModuleNotFoundError:
            raise UsageError(
                f"a sound of {self.rate} Hz where {rate} Hz is wanted: rates are converted by SciPy: "
                "pip install 'boardtwins[audio]', or give it at that rate"
            ) from None
        shared = math.gcd(rate, self.rate)
        samples = np.asarray(resample_poly(self.samples, rate // shared, self.rate // shared), np.float64)
        return Sound(_fixed(samples), rate)

    @property
    def length(self) -> Duration:
        """How long it is."""
        return Duration(len(self.samples) * SECOND // self.rate)

    @property
    def level_db(self) -> float:
        """Its level; minus infinity for silence."""
        return level_db(self.samples)

    def save(self, path: str | Path, bits: int = 16) -> Path:
        """Writes a WAV file, whole or not at all. What is beyond full scale is cut."""
        if bits not in (16, 24, 32):
            raise UsageError(f"{bits} bits: expected 16, 24 or 32")
        with whole_file(path) as partial, wave.open(str(partial), "wb") as file:
            file.setparams((1, bits // 8, self.rate, 0, "NONE", ""))
            file.writeframes(_to_pcm(self.samples, bits // 8))
        return Path(path)

    def __deepcopy__(self, memo: dict[int, Any]) -> Sound:
        return self

    def __repr__(self) -> str:
        return f"<Sound of {self.length} at {self.rate} Hz>"


class Recording:
    """What a part played, sample by sample.

    Args:
        rate: samples a second.
        keep: how much of it is kept; what is older is forgotten.

    Attributes:
        total: how many samples were played so far.

    >>> played = Recording(rate=16000)
    >>> played.add(np.full(1600, 0.1)); played.add(np.zeros(1600))
    >>> played.length, round(played.level_db("0s", "100ms")), played.level_db("100ms")
    (Duration('200ms'), -17, -inf)
    """

    def __init__(self, rate: int, keep: Time = "5min") -> None:
        self.rate = rate
        self.total = 0
        self._most = ps(keep) * rate // SECOND
        self._kept = 0
        self._parts: list[Samples] = []

    def add(self, samples: npt.ArrayLike) -> None:
        """What was played next."""
        part = np.array(samples, np.float64)
        self._parts.append(_fixed(part))
        self.total += len(part)
        self._kept += len(part)
        while self._kept - len(self._parts[0]) >= self._most:
            self._kept -= len(self._parts.pop(0))

    def clear(self) -> None:
        """Forgets what was played so far."""
        self._parts, self._kept = [], 0

    @property
    def samples(self) -> Samples:
        """All that is kept of it."""
        self._parts = [_fixed(np.concatenate(self._parts))] if self._parts else []
        return self._parts[0] if self._parts else np.zeros(0)

    def since(self, total: int) -> Samples:
        """What was played after so many samples."""
        return self.samples[max(0, self._kept - (self.total - total)) :]

    @property
    def sound(self) -> Sound:
        """All of it as a `Sound`."""
        return Sound(self.samples, self.rate)

    @property
    def length(self) -> Duration:
        """How long it is."""
        return Duration(self._kept * SECOND // self.rate)

    def level_db(self, start: Time = 0, end: Time | None = None) -> float:
        """The level of all of it, or between two moments since its beginning."""
        first = ps(start) * self.rate // SECOND
        last = None if end is None else ps(end) * self.rate // SECOND
        return level_db(self.samples[first:last])

    def save(self, path: str | Path, bits: int = 16) -> Path:
        """Writes a WAV file."""
        return self.sound.save(path, bits)

    def __deepcopy__(self, memo: dict[int, Any]) -> Recording:
        """The samples are never changed: a copy shares them."""
        other = Recording.__new__(Recording)
        vars(other).update(vars(self), _parts=list(self._parts))
        return other


def level_db(samples: Samples) -> float:
    """The level in dBFS; minus infinity for silence.

    >>> round(level_db(0.5 * np.sin(np.arange(480) * 2 * np.pi / 48)), 2), level_db(np.zeros(3))
    (-6.02, -inf)
    """
    power = float(np.mean(np.square(samples))) if len(samples) else 0.0
    return 10 * math.log10(2 * power) if power > 0 else -math.inf


def _fixed(samples: Samples) -> Samples:
    samples.setflags(write=False)
    return samples


def _from_pcm(data: bytes, width: int) -> Samples:
    if width == 3:
        wide = np.zeros((len(data) // 3, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        return wide.view("<i4").reshape(-1) / 2.0**31
    return np.frombuffer(data, f"<i{width}") / 2.0 ** (8 * width - 1)


def _to_pcm(samples: Samples, width: int) -> bytes:
    full = 2.0 ** (8 * width - 1)
    numbers = np.clip(np.rint(samples * full), -full, full - 1).astype("<i4" if width > 2 else "<i2")
    if width == 3:
        return numbers.view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
    return numbers.tobytes()


_VOWELS = ((730, 1090, 2440), (270, 2290, 3010), (300, 870, 2240), (530, 1840, 2480), (570, 840, 2410))
"""Formants of men's vowels in Hz."""


def _vowel(formants: tuple[int, ...], pitch: float, count: int, rate: int) -> Samples:
    """Pulses of a voice through the resonances of a throat."""
    pulses = np.zeros(count)
    pulses[(np.arange(0, count * pitch / rate) * rate / pitch).astype(int)] = 1
    hertz = np.fft.rfftfreq(count, 1 / rate)
    throat = sum(1 / (1 + ((hertz - formant) / 60) ** 2) for formant in formants)
    voice = np.fft.irfft(np.fft.rfft(pulses) * throat, count)
    return np.asarray(voice / np.abs(voice).max() * np.hanning(count))
