"""The audio pipeline: from four microphone signals to azimuths, speech energies and beams.

XMOS XVF3800 user guide, "Beam-forming subsystem and direction of arrival indicator": a free-running beam scans the
surroundings; where it finds a talker, one of two focused beams is sent there; the auto-select beam is the best of them.

The chip's own algorithms are not published. Here the free-running beam follows an SRP-PHAT estimate, speech is what
stands out of the noise by 6 dB, and beams are delay-and-sum. Echo cancelling, noise suppression, de-reverberation and
gain control are not modelled: a beam has the level that the microphones hear.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from peripherals.xvf3800.direction import beam, difference, steering
from twins.scene import Scene
from twins.units import SECOND

Array = npt.NDArray[np.float64]
Positions = tuple[tuple[float, ...], ...]

RATE = 16_000
HOP = 256
SIZE = 2 * HOP
LATENCY = SIZE
"""Samples from a microphone to the output."""
KEPT = 8192
"""Samples of each beam that are kept for the output."""

SPEECH_RATIO = 4.0
"""Speech is 6 dB above the noise."""
SPEECH_LEAST = 10 ** (-75 / 10)
"""Mean square below which nothing is speech."""
NOISE_HOPS = 3 * RATE // HOP
"""The noise is the quietest of the last three seconds."""
HANGOVER = round(0.2 * RATE / HOP)
"""Hops for which speech outlasts its last loud one: pauses between syllables are speech."""
MEMORY = 0.85
"""What a hop leaves of the cross spectra before it: some 100 ms are looked at together."""
NEAR = 30.0
"""Degrees within which the free-running beam is at a focused beam's talker."""
STEADY = 6
"""Hops for which it must have stayed before a focused beam is sent there."""
FOLLOW = 0.15
"""How much of the way a focused beam goes towards its talker in a hop."""
ENERGY = 1e8
"""Speech energies are mean squares of the microphones in these units: devices show some millions for a near talker."""

_WINDOW = np.sqrt(0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(SIZE) + 0.5) / SIZE))
_WINDOW_POWER = float(np.mean(_WINDOW**2))


@dataclass
class Truth:
    """Azimuths from the scene instead of an estimate, with a normally distributed error of so many degrees."""

    error: float
    seed: int = 0


@dataclass
class Hearing:
    """What the pipeline has made of what it heard so far. All azimuths are in degrees."""

    positions: Positions
    truth: Truth | None = None
    hop: int = 0
    """The next hop, as a number since power-on."""
    speech: bool = False
    energy: float = 0.0
    free: float = 90.0
    focused: list[float] = field(default_factory=lambda: [0.0, 0.0])
    selected: int = 0
    """Which focused beam the auto-select beam is."""
    fixed: tuple[float, float] | None = None
    """Azimuths of the focused beams where the host holds them."""
    _powers: list[float] = field(default_factory=list)
    _quiet: int = HANGOVER
    _steady: int = 0
    _fresh: bool = True
    _cross: npt.NDArray[np.complex128] | None = None
    _tails: dict[int, Array] = field(default_factory=dict)
    _beams: dict[int, Array] = field(default_factory=dict)
    _beams_end: int = 0

    @property
    def azimuths(self) -> tuple[float, float, float, float]:
        """Beam 1, beam 2, free-running, auto-select."""
        return (*self._focused, self.free, self._focused[self.selected])

    @property
    def _focused(self) -> tuple[float, float]:
        return self.fixed or (self.focused[0], self.focused[1])

    @property
    def energies(self) -> tuple[float, float, float, float]:
        """Speech energies in the same order; 0 without speech."""
        near = [self.energy if self._is_at(azimuth) else 0.0 for azimuth in self._focused]
        return (near[0], near[1], self.energy, near[self.selected])

    def _is_at(self, azimuth: float) -> bool:
        return abs(difference(azimuth, self.free)) <= NEAR

    def skip(self, sample: int) -> None:
        """Without a clock nothing is heard: goes on from a sample."""
        hop = sample // HOP
        if hop > self.hop:
            self.hop = hop
            self._tails = {}
            self._beams = {}

    def listen(self, scene: Scene, until: int, muted: bool, beams: Collection[int] = ()) -> None:
        """Takes all hops that end before a sample (numbered since power-on), for the azimuths and some beams."""
        last = until // HOP - 1
        while self.hop <= last:
            start = (self.hop - 1) * HOP
            heard = scene.hear(self.positions, RATE, max(start, 0), SIZE + min(start, 0))
            if start < 0:
                heard = np.concatenate([np.zeros((-start, len(self.positions))), heard])
            if muted:
                heard = np.zeros_like(heard)
            spectra = np.fft.rfft(heard.T * _WINDOW)
            self._notice(spectra, float(np.mean(np.square(heard * _WINDOW[:, None]))) / _WINDOW_POWER)
            if self.truth is not None:
                self._know(scene, self.truth, muted)
            elif self.speech:
                self._locate(spectra)
            self._focus()
            self._sound(spectra, beams)
            self.hop += 1

    # Is it speech?

    def _notice(self, spectra: npt.NDArray[np.complex128], power: float) -> None:
        noise = min(self._powers, default=power)
        self._powers = [*self._powers[-(NOISE_HOPS - 1) :], power]
        loud = power > max(SPEECH_RATIO * noise, SPEECH_LEAST)
        self._quiet = 0 if loud else self._quiet + 1
        self.speech = self._quiet < HANGOVER
        if not self.speech:
            self.energy = 0.0
            self._cross = None
        elif loud:
            self.energy = ENERGY * (power - noise)

    # Where from?

    def _locate(self, spectra: npt.NDArray[np.complex128]) -> None:
        """In pauses the last direction is held."""
        if self._quiet:
            return
        array = steering(self.positions, RATE, SIZE)
        cross = array.whitened(spectra)
        self._cross = cross if self._cross is None else MEMORY * self._cross + cross
        self._turn(array.azimuth(self._cross))

    def _know(self, scene: Scene, truth: Truth, muted: bool) -> None:
        at = self.hop * HOP * SECOND // RATE
        talkers = [] if muted else scene.speakers(at)
        self.speech = bool(talkers)
        if not talkers:
            self.energy = 0.0
            return
        loudest = max(talkers, key=lambda source: (source.gain * 10 ** (source.sound.level_db / 20), source.at))
        level = loudest.gain * 10 ** (loudest.sound.level_db / 20)
        self.energy = ENERGY * level**2
        error = truth.error * float(np.random.default_rng([truth.seed, self.hop]).standard_normal())
        self._turn((scene.azimuth(loudest, at) + error) % 360)

    def _turn(self, azimuth: float) -> None:
        moved = abs(difference(azimuth, self.free))
        self._steady = self._steady + 1 if moved <= NEAR / 2 else 0
        self.free = azimuth

    # Focused beams and auto-select

    def _focus(self) -> None:
        if not self.speech or self._quiet:
            return
        near = [n for n, azimuth in enumerate(self.focused) if abs(difference(azimuth, self.free)) <= NEAR]
        if near and not self._fresh:
            chosen = self.selected if self.selected in near else near[0]
            step = FOLLOW * difference(self.free, self.focused[chosen])
            self.focused[chosen] = (self.focused[chosen] + step) % 360
        elif self._steady < STEADY:
            return
        else:
            # The beam that was not used last is sent to the new talker.
            chosen = self.selected if self._fresh else 1 - self.selected
            self.focused[chosen] = self.free
            self._fresh = False
        self.selected = chosen
        if self.fixed is not None:
            self.selected = min((0, 1), key=lambda n: abs(difference(self._focused[n], self.free)))

    # Beams

    def _sound(self, spectra: npt.NDArray[np.complex128], beams: Collection[int]) -> None:
        """Overlap-add: a hop completes the samples before its middle."""
        end = self.hop * HOP
        if end != self._beams_end + HOP:
            self._tails, self._beams = {}, {}
        for number in beams:
            weights = beam(self.positions, RATE, SIZE, round(self.azimuths[number]) % 360)
            sound = np.fft.irfft((spectra * weights).sum(axis=0)) * _WINDOW
            tail = self._tails.get(number, np.zeros(HOP))
            before = self._beams.get(number, np.zeros(0))
            self._beams[number] = np.concatenate([before, tail + sound[:HOP]])[-KEPT:]
            self._tails[number] = sound[HOP:]
        for number in [number for number in self._beams if number not in beams]:
            del self._beams[number], self._tails[number]
        self._beams_end = end

    def beam(self, number: int, first: int, count: int) -> Array:
        """Samples of a beam, numbered since power-on; 0 where it has not been listened to."""
        sound = np.zeros(count)
        kept = self._beams.get(number, np.zeros(0))
        start = self._beams_end - len(kept)
        low, high = max(first, start), min(first + count, self._beams_end)
        if low < high:
            sound[low - first : high - first] = kept[low - start : high - start]
        return sound
