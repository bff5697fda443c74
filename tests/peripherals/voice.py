"""A voice for tests: no recording, no licence, the same every time.

Pulses of the vocal folds through three resonances, in syllables (Fant's source and filter; vowels by Peterson and
Barney, "Control methods used in a study of the vowels", 1952, table II, men).
"""

from __future__ import annotations

import numpy as np

from twins.sound import Samples, Sound

VOWELS = ((730, 1090, 2440), (270, 2290, 3010), (300, 870, 2240), (530, 1840, 2480), (570, 840, 2410))
"""F1, F2 and F3 in Hz of the vowels in hod, heed, who'd, head and hawed."""


def _resonance(sound: Samples, hertz: float, width: float, rate: int) -> Samples:
    radius = np.exp(-np.pi * width / rate)
    first, second = -2 * radius * np.cos(2 * np.pi * hertz / rate), radius**2
    out = np.zeros(len(sound) + 2)
    for n, value in enumerate(sound):
        out[n + 2] = value - first * out[n + 1] - second * out[n]
    return out[2:]


def voice(seconds: float = 1.0, seed: int = 0, pitch: float = 120.0, rate: int = 16000) -> Sound:
    """Four syllables a second with short pauses, some breath in each of them."""
    random = np.random.default_rng(seed)
    count = round(seconds * rate)
    said = np.zeros(count)
    for start in range(0, count, rate // 4):
        length = min(round(rate * 0.19), count - start)
        at = np.arange(length) / rate
        turns = np.cumsum(pitch * (1 + 0.1 * np.sin(2 * np.pi * 3 * at))) / rate
        source = np.diff(np.floor(turns), prepend=0.0) + 0.01 * random.standard_normal(length)
        for hertz, width in zip(VOWELS[random.integers(len(VOWELS))], (60, 90, 120), strict=True):
            source = _resonance(source, hertz, width, rate)
        said[start : start + length] += source / np.abs(source).max() * np.hanning(length) ** 0.5
    return Sound.of(0.5 * said, rate)
