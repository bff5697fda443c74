"""Sound as numbers: WAV files, and levels in dBFS.

A sound is an array of floats, 1.0 is full scale. Levels follow AES17: 0 dBFS is the RMS of a sine of full scale, so
that the level of a sine is the ratio of its amplitude to full scale.

>>> import numpy as np
>>> tone = 0.5 * np.sin(np.arange(480) * 2 * np.pi / 48)
>>> round(level(tone), 2), round(peak(tone), 2)
(-6.02, -6.02)
"""

from __future__ import annotations

import math
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt

from twins.errors import UsageError

Sound = npt.NDArray[np.float64]


def level(sound: npt.ArrayLike) -> float:
    """The level in dBFS; minus infinity for silence."""
    values = np.asarray(sound, np.float64)
    mean = float(np.mean(values**2)) if values.size else 0.0
    return 10 * math.log10(2 * mean) if mean else -math.inf


def peak(sound: npt.ArrayLike) -> float:
    """The highest amplitude in dB of full scale; minus infinity for silence."""
    values = np.asarray(sound, np.float64)
    highest = float(np.max(np.abs(values))) if values.size else 0.0
    return 20 * math.log10(highest) if highest else -math.inf


def read_wav(path: str | Path) -> tuple[Sound, int]:
    """The sound of a WAV file, one column a channel, and its sample rate. PCM of 8, 16, 24 or 32 bits."""
    try:
        with wave.open(str(path), "rb") as file:
            width, channels, rate = file.getsampwidth(), file.getnchannels(), file.getframerate()
            data = file.readframes(file.getnframes())
    except (OSError, EOFError, wave.Error) as error:
        raise UsageError(f"{path} is no WAV file with PCM samples that can be read: {error}") from error
    if width == 1:
        values = np.frombuffer(data, np.uint8).astype(np.float64) - 128
    else:
        whole = np.frombuffer(data[: len(data) // width * width], np.uint8).reshape(-1, width)
        wide = np.zeros((len(whole), 4), np.uint8)
        wide[:, 4 - width :] = whole
        values = (wide.view("<i4")[:, 0] >> (32 - 8 * width)).astype(np.float64)
    frames = len(values) // channels
    if not frames:
        raise UsageError(f"{path} holds no sound")
    return values[: frames * channels].reshape(frames, channels) / 2 ** (8 * width - 1), rate


def write_wav(path: str | Path, samples: npt.ArrayLike, rate: int, bits: int = 16) -> None:
    """Writes left-justified int32 samples, one column a channel, as PCM of 16, 24 or 32 bits."""
    width = -(-bits // 8)
    if width not in (2, 3, 4):
        raise UsageError(f"a WAV file of {bits} bits: expected 16, 24 or 32")
    columns = np.atleast_2d(np.asarray(samples, np.int32).T).T
    raw = np.ascontiguousarray(columns, "<i4").reshape(-1, 1).view(np.uint8)[:, 4 - width :]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(columns.shape[1])
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(raw.tobytes())
