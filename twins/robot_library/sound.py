"""Keywords about sound: who speaks in the room, and what a loudspeaker plays."""

from __future__ import annotations

import numpy as np

from twins.errors import UsageError
from twins.robot_library.parts import PartKeywords
from twins.sound import Sound, level_db

SHORTEST = 16
"""Samples that sound must last for its frequency to be told."""


class SoundKeywords(PartKeywords):
    """Keywords that Renode has not. Only `Hear` takes time."""

    def say(self, part: str, wav: str, azimuth: float = 0.0, level_db: float = -20.0, machine: str = "") -> None:
        """Somebody speaks a WAV file in the scene of a microphone array, from a direction in degrees."""
        self._part(part, machine, "scene").scene.say(wav, azimuth=azimuth, level_db=level_db)

    def say_tone(
        self,
        part: str,
        hertz: float,
        duration: str,
        azimuth: float = 0.0,
        level_db: float = -20.0,
        machine: str = "",
    ) -> None:
        """A tone sounds in the scene of a microphone array, from a direction in degrees.

        | Say Tone | voice | 1000 | 2s | azimuth=60 |
        """
        self._part(part, machine, "scene").scene.say(Sound.tone(hertz, duration), azimuth=azimuth, level_db=level_db)

    def hear(self, speaker: str, duration: str, machine: str = "") -> Sound:
        """Listens to a loudspeaker for a time; returns what it played, for the keywords below.

        | ${heard} | Hear | voice | 400ms |
        """
        part = self._part(speaker, machine, "heard_since")
        mark, _, _ = part.heard_since(0)
        self.run_for(duration, machine)
        _, rate, samples = part.heard_since(mark)
        if not rate or not len(samples):
            raise AssertionError(f"{speaker} got no samples within {duration}")
        return Sound(samples, rate)

    def sound_should_be(
        self, heard: Sound, hertz: float, level: float, tolerance: float = 1.0, share: float = 0.02
    ) -> None:
        """The part of what was heard that is not silence is a tone of a frequency, within a share of it, and of a level
        in dB below full scale, within a tolerance in dB.
        """
        samples = _sounding(heard)
        if len(samples) < SHORTEST:
            raise AssertionError(f"silence for {heard.length}")
        power = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
        loudest, loud = float(np.argmax(power)) * heard.rate / len(samples), level_db(samples)
        if abs(loudest - hertz) > share * hertz:
            raise AssertionError(f"the tone has {loudest:.0f} Hz, not {hertz:g}")
        if abs(loud - level) > tolerance:
            raise AssertionError(f"the sound has {loud:.1f} dB, not {level:g}")

    def sound_should_be_silent(self, heard: Sound) -> None:
        """Nothing but zeros was heard."""
        samples = _sounding(heard)
        if len(samples):
            raise AssertionError(f"{len(samples)} samples sound, at {level_db(samples):.1f} dB")

    def save_sound(self, speaker: str, path: str, machine: str = "") -> str:
        """Writes what a loudspeaker played as WAV; returns its path."""
        part = self._part(speaker, machine, "heard_since")
        _, rate, samples = part.heard_since(0)
        if not rate:
            raise UsageError(f"{speaker} has heard nothing yet: there is no sound")
        return str(Sound(samples, rate).save(path))


def _sounding(heard: Sound) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """From the first sample that is not zero to the last."""
    places = np.flatnonzero(heard.samples)
    return heard.samples[places[0] : places[-1] + 1] if len(places) else heard.samples[:0]
