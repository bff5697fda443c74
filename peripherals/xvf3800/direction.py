"""Direction of arrival by SRP-PHAT: which azimuth explains best who hears how much later than the others.

J. H. DiBiase, "A high-accuracy, low-latency technique for talker localization in reverberant environments" (2000),
chapter 4: the cross spectra of all pairs of microphones, whitened (PHAT), are summed along the delays that a plane wave
from each azimuth would have; the azimuth with the largest sum is taken.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations

import numpy as np
import numpy.typing as npt

from twins.scene import SPEED_OF_SOUND

Array = npt.NDArray[np.float64]
Spectra = npt.NDArray[np.complex128]

LOWEST, HIGHEST = 250.0, 6000.0
"""The band that is looked at in Hz: below, an array of some centimetres hears no difference; above, speech is weak."""
FAINT = 1e-3
"""Share of the strongest frequency's power below which a frequency is left out."""
STEP = 3
"""Degrees between the azimuths of the grid; the peak between them is that of a parabola."""


class Steering:
    """What belongs to an array of microphones: its pairs and their delays for each azimuth."""

    def __init__(self, positions: Array, rate: int, size: int) -> None:
        frequencies = np.fft.rfftfreq(size, 1 / rate)
        self.band = np.flatnonzero((frequencies >= LOWEST) & (frequencies <= HIGHEST))
        self.first, self.second = np.array(list(combinations(range(len(positions)), 2))).T
        self._turns = 2 * np.pi * frequencies
        self._places = positions[:, :2]
        delays = self._delays(np.radians(np.arange(0, 360, STEP)))
        later = delays[:, self.first] - delays[:, self.second]
        phases = later[:, :, None] * self._turns[self.band]
        self._grid = np.concatenate([np.cos(phases), -np.sin(phases)], axis=1).reshape(len(delays), -1)

    def _delays(self, azimuth: Array) -> Array:
        """Seconds by which each microphone hears a plane wave later than the middle of the array does."""
        towards = np.stack([np.cos(azimuth), np.sin(azimuth)], axis=-1)
        return np.asarray(-(towards @ self._places.T) / SPEED_OF_SOUND)

    def whitened(self, spectra: Spectra) -> Spectra:
        """The cross spectra of all pairs with all amplitudes 1; what is too faint says nothing of a direction."""
        band = spectra[:, self.band]
        cross = band[self.first] * np.conj(band[self.second])
        size = np.abs(cross)
        return np.asarray(np.divide(cross, size, out=np.zeros_like(cross), where=size > FAINT * size.max()))

    def azimuth(self, cross: Spectra) -> float:
        """The azimuth in degrees, 0 to 360, that explains cross spectra best."""
        power = self._grid @ np.concatenate([cross.real, cross.imag]).reshape(-1)
        peak = int(np.argmax(power))
        left, middle, right = power[peak - 1], power[peak], power[(peak + 1) % len(power)]
        bend = left - 2 * middle + right
        shift = 0.5 * (left - right) / bend if bend < 0 else 0.0
        return float((peak + shift) * STEP % 360)

    def beam(self, azimuth: float) -> Spectra:
        """Weights of a delay-and-sum beam towards an azimuth, (microphones, frequencies)."""
        delays = self._delays(np.radians(np.array([azimuth])))[0]
        return np.asarray(np.exp(1j * delays[:, None] * self._turns) / len(delays))


@lru_cache(maxsize=16)
def steering(positions: tuple[tuple[float, ...], ...], rate: int, size: int) -> Steering:
    """The `Steering` of an array; it is made once."""
    return Steering(np.array(positions), rate, size)


@lru_cache(maxsize=512)
def beam(positions: tuple[tuple[float, ...], ...], rate: int, size: int, azimuth: int) -> Spectra:
    """The weights of a beam towards whole degrees."""
    return steering(positions, rate, size).beam(float(azimuth))


def difference(one: float, other: float) -> float:
    """By how many degrees two azimuths differ, -180 to 180.

    >>> difference(10, 350), difference(350, 10)
    (20.0, -20.0)
    """
    return float((one - other + 180) % 360 - 180)
