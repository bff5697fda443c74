"""Acoustic scenes: who speaks from where, and what microphones hear of it.

Azimuths are in degrees, counted from the x axis towards the y axis; distances in metres from the middle of the
microphones. The level of a sound is what it has at 1 m, in dBFS of the microphones (`twins.sound`); farther away it
falls with the distance. In the free field each microphone hears each source after its own fraction of a sample; in a
`Room` (extra ``audio``) it hears the walls too.

What is heard depends on the scene, the positions and the seed alone: in blocks of any size it is the same.

>>> from twins.sound import Sound, level_db
>>> scene = Scene()
>>> scene.say(Sound.tone(1000, "1s"), azimuth=90, level_db=-20)
>>> heard = scene.hear([[0, 0, 0]], rate=16000, start=0, frames=16000)
>>> heard.shape, round(level_db(heard[200:, 0]), 1)
((16000, 1), -20.0)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from twins.errors import UsageError
from twins.room import Room
from twins.sound import Samples, Sound
from twins.units import MS, SECOND, Duration, Time, ps

SPEED_OF_SOUND = 343.0
"""Metres a second at 20 °C."""
BLOCK = 1024
"""Frames that are made at a time, whatever is asked for."""
TAPS = 64
"""Samples around a moment from which the sound between two samples is made."""
_HALF = TAPS // 2
_PHASES = 512

Way = float | Sequence[tuple[Time, float]]
"""An azimuth or a distance: a number, or points in time (since the sound began) between which it moves evenly."""


@dataclass(frozen=True)
class Source:
    """Something that sounds in a scene."""

    sound: Sound
    at: int
    azimuth: tuple[tuple[int, float], ...]
    distance: tuple[tuple[int, float], ...]
    elevation: float
    gain: float

    @property
    def moves(self) -> bool:
        """Does it move while it sounds?"""
        return len(self.azimuth) > 1 or len(self.distance) > 1

    @property
    def end(self) -> int:
        """When its last sample leaves it, in ps."""
        return self.at + self.sound.length

    def place(self, at: Samples | float) -> npt.NDArray[np.float64]:
        """Where it is, in metres, at seconds since it began; shape (..., 3)."""
        azimuth = np.radians(_along(self.azimuth, at))
        distance = _along(self.distance, at)
        flat = distance * math.cos(math.radians(self.elevation))
        height = distance * math.sin(math.radians(self.elevation))
        return np.stack([flat * np.cos(azimuth), flat * np.sin(azimuth), height], axis=-1)


class Scene:
    """A free field or a room with sources.

    Args:
        noise_db: the level of each microphone's own noise; none without it.
        room: a `Room`; the free field without it.
        seed: for the noise.

    Attributes:
        now: what `say` takes as the present, in ps; the part that hears the scene keeps it.
        sources: what has been said so far and may still be heard.
    """

    def __init__(self, noise_db: float | None = None, room: Room | None = None, seed: int = 0) -> None:
        self.noise_db = noise_db
        self.room = room
        self.seed = seed
        self.now = 0
        self.sources: list[Source] = []
        self._blocks: dict[tuple[Any, ...], Samples] = {}

    def say(
        self,
        sound: Sound | str | Path | npt.ArrayLike,
        azimuth: Way,
        level_db: float | None = None,
        *,
        distance: Way = 1.0,
        elevation: float = 0.0,
        at: Time | None = None,
        rate: int | None = None,
    ) -> None:
        """A sound from a direction. Several may sound at once.

        Args:
            sound: a `Sound`, a WAV file, or an array with its `rate`.
            azimuth, distance: a number, or ``[("0s", 10), ("2s", 80)]`` for a source that moves.
            level_db: its level at 1 m; without it the samples are taken as they are.
            elevation: degrees above the plane of the azimuths.
            at: a moment of virtual time since power-on; now without it.
        """
        sound = Sound.of(sound, rate)
        distances = _way(distance, "distance")
        if min(metres for _, metres in distances) <= 0:
            raise UsageError(f"distance {distance}: expected metres above 0")
        gain = 1.0
        if level_db is not None:
            if sound.level_db == -math.inf:
                raise UsageError(f"{sound} is silent: it cannot be brought to {level_db} dB")
            gain = 10 ** ((level_db - sound.level_db) / 20)
        start = self.now if at is None else ps(at)
        if start < self.now:
            raise UsageError(f"at {Duration(start)}: it is {Duration(self.now)} already: expected now or later")
        source = Source(sound, start, _way(azimuth, "azimuth"), distances, float(elevation), gain)
        self.sources = [old for old in self.sources if old.end > self.now - self._longest_echo()] + [source]
        self._blocks.clear()

    def silence(self) -> None:
        """Everybody stops at once."""
        self.sources = []
        self._blocks.clear()

    def _longest_echo(self) -> int:
        """For how long what has ended may still be heard, in ps."""
        return 2000 * MS

    def speakers(self, at: int) -> list[Source]:
        """Who sounds at a moment."""
        return [source for source in self.sources if source.at <= at < source.end]

    def azimuth(self, source: Source, at: int) -> float:
        """The true azimuth of a source at a moment, 0 to 360 degrees."""
        return float(_along(source.azimuth, (at - source.at) / SECOND)) % 360

    def hear(self, positions: npt.ArrayLike, rate: int, start: int, frames: int) -> Samples:
        """What microphones hear: shape (frames, microphones).

        Args:
            positions: x, y, z of each microphone in metres, shape (microphones, 3).
            rate: frames a second.
            start: the number of the first frame since power-on.
        """
        places = np.array(positions, np.float64)
        if places.ndim != 2 or places.shape[1] != 3 or not len(places):
            raise UsageError(f"positions of shape {places.shape}: expected x, y and z for each microphone")
        first, last = start // BLOCK, (start + frames - 1) // BLOCK
        if frames <= 0:
            return np.zeros((0, len(places)))
        blocks = [self._block(number, places, rate) for number in range(first, last + 1)]
        heard = np.concatenate(blocks)
        return heard[start - first * BLOCK :][:frames]

    def _block(self, number: int, places: Samples, rate: int) -> Samples:
        key = (number, rate, places.tobytes())
        block = self._blocks.get(key)
        if block is None:
            if len(self._blocks) >= 8:
                self._blocks.pop(next(iter(self._blocks)))
            block = self._blocks[key] = self._make(number, places, rate)
        return block

    def _make(self, number: int, places: Samples, rate: int) -> Samples:
        heard = np.zeros((BLOCK, len(places)))
        begin, end = number * BLOCK * SECOND // rate, (number + 1) * BLOCK * SECOND // rate
        for source in self.sources:
            if source.at < end and source.end + self._longest_echo() > begin:
                if self.room is not None:
                    heard += self.room.hear(source, number, BLOCK, places, rate)
                else:
                    heard += _free_field(source, number, places, rate)
        if self.noise_db is not None:
            noise = np.random.default_rng([self.seed, number, rate, len(places)])
            heard += 10 ** (self.noise_db / 20) / math.sqrt(2) * noise.standard_normal(heard.shape)
        return heard

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_blocks"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _blocks={})


def _way(way: Way, what: str) -> tuple[tuple[int, float], ...]:
    if isinstance(way, (int, float)):
        return ((0, float(way)),)
    points = tuple((ps(at), float(value)) for at, value in way)
    if not points or any(later[0] <= earlier[0] for earlier, later in pairwise(points)):
        raise UsageError(f'{what} {way!r}: expected a number, or points in order as in [("0s", 10), ("2s", 80)]')
    return points


def _along(way: tuple[tuple[int, float], ...], at: Samples | float) -> Samples:
    return np.asarray(np.interp(at, [moment / SECOND for moment, _ in way], [value for _, value in way]))


# Free field


def _free_field(source: Source, number: int, places: Samples, rate: int) -> Samples:
    """What a block of frames holds of a source: its samples, later by the way of sound, weaker by the distance."""
    samples = source.sound.at_rate(rate).samples
    whole, rest = divmod(source.at * rate, SECOND)
    since = np.arange(number * BLOCK, (number + 1) * BLOCK) - whole - rest / SECOND
    heard = np.zeros((BLOCK, len(places)))
    for microphone, place in enumerate(places):
        if source.moves:
            way = np.maximum(np.linalg.norm(source.place(since / rate) - place, axis=-1), 0.01)
            heard[:, microphone] = _between(samples, since - way / SPEED_OF_SOUND * rate) / way
        else:
            distance = max(float(np.linalg.norm(source.place(0.0) - place)), 0.01)
            heard[:, microphone] = _shifted(samples, float(since[0]) - distance / SPEED_OF_SOUND * rate) / distance
    return source.gain * heard


def _kernel(fraction: npt.ArrayLike) -> Samples:
    """Weights of the `TAPS` samples around a moment that lies a fraction of a sample behind the middle one.

    A sinc under a Kaiser window of beta 8: flat to 0.9 of half the rate, what it leaves beside is below -80 dB.
    """
    offsets = np.asarray(fraction)[..., None] - np.arange(1 - _HALF, _HALF + 1)
    window = np.i0(8 * np.sqrt(np.maximum(0, 1 - (offsets / _HALF) ** 2))) / np.i0(8.0)
    return np.asarray(np.sinc(offsets) * window)


_TABLE = _kernel(np.arange(_PHASES + 1) / _PHASES)


def _cut(samples: Samples, first: int, count: int) -> Samples:
    """Samples from a number on, silence before and behind them."""
    cut = np.zeros(count)
    low, high = max(first, 0), min(first + count, len(samples))
    if low < high:
        cut[low - first : high - first] = samples[low:high]
    return cut


def _shifted(samples: Samples, first: float) -> Samples:
    """A block of the samples from a place between two of them on."""
    whole = math.floor(first)
    cut = _cut(samples, whole + 1 - _HALF, BLOCK + TAPS - 1)
    return np.correlate(cut, _weights(first - whole), "valid")


@lru_cache(maxsize=1024)
def _weights(fraction: float) -> Samples:
    return _kernel(fraction)


def _between(samples: Samples, at: Samples) -> Samples:
    """The sound at places between the samples, each of them another fraction behind one."""
    whole = np.floor(at).astype(np.int64)
    phase, rest = np.divmod((at - whole) * _PHASES, 1)
    rows = phase.astype(np.int64)
    weights = _TABLE[rows] * (1 - rest[:, None]) + _TABLE[rows + 1] * rest[:, None]
    places = whole[:, None] + np.arange(1 - _HALF, _HALF + 1)
    inside = (places >= 0) & (places < len(samples))
    return np.asarray((np.where(inside, samples[np.clip(places, 0, len(samples) - 1)], 0.0) * weights).sum(axis=1))
