"""The computer's microphone into a scene, and what a part plays out of its loudspeaker (extra ``live``).

For people at a lamp, not for tests: what a microphone hears is never twice the same. The twin has to keep the pace of
the wall. ::

    twin.live.pace = 1
    twin.live.add(LiveAudio(twin.voice, azimuth=60))
    twin.run("60s")
"""

from __future__ import annotations

import queue
import selectors
from typing import Any, Protocol

import numpy as np

from twins.errors import UsageError
from twins.scene import Scene
from twins.sound import Recording, Samples, Sound
from twins.units import Duration


class Ears(Protocol):
    """A part that hears a scene and plays something."""

    @property
    def scene(self) -> Scene:
        """What it hears."""

    @property
    def played(self) -> Recording:
        """What it has played so far."""


class LiveAudio:
    """A server for `twins.live.Live`: one channel in, one channel out, at the rate of what the part plays.

    Args:
        part: who hears and plays.
        azimuth, distance: where the person at the computer stands in the scene.
        audio: the module that talks to the computer's devices; sounddevice without it.
    """

    def __init__(self, part: Ears, azimuth: float = 0.0, distance: float = 1.0, audio: Any = None) -> None:
        self.part = part
        self.azimuth = azimuth
        self.distance = distance
        self.rate = part.played.rate
        self._audio = audio if audio is not None else _sounddevice()
        self._heard: queue.SimpleQueue[Samples] = queue.SimpleQueue()
        self._to_play: queue.SimpleQueue[Samples] = queue.SimpleQueue()
        self._rest = np.zeros(0)
        self._told = part.played.total
        self._said_until = 0
        self._streams: list[Any] = []

    def start(self, selector: selectors.BaseSelector) -> None:
        """Opens both devices. Raises `UsageError` where there is none."""
        options = {"samplerate": self.rate, "channels": 1, "dtype": "float32"}
        try:
            self._streams = [
                self._audio.InputStream(callback=self._from_microphone, **options),
                self._audio.OutputStream(callback=self._to_loudspeaker, **options),
            ]
            for stream in self._streams:
                stream.start()
        except (self._audio.PortAudioError, ValueError) as error:
            self.close()
            raise UsageError(
                f"no microphone and loudspeaker for one channel at {self.rate} Hz on this computer ({error}): connect "
                "them and choose them as the system's default"
            ) from None

    def poll(self) -> None:
        """What the microphone has heard goes into the scene, what was played since goes to the loudspeaker."""
        while not self._heard.empty():
            samples = self._heard.get()
            scene = self.part.scene
            start = max(self._said_until, scene.now)
            scene.say(Sound.of(samples, self.rate), self.azimuth, distance=self.distance, at=Duration(start))
            self._said_until = start + Sound.of(samples, self.rate).length
        played = self.part.played
        if played.total > self._told:
            self._to_play.put(played.since(self._told))
            self._told = played.total

    def close(self) -> None:
        """Closes the devices."""
        for stream in self._streams:
            stream.close()
        self._streams = []

    # Called by the computer's audio, on a thread of its own

    def _from_microphone(self, samples: Any, frames: int, time: Any, status: Any) -> None:
        self._heard.put(np.array(samples[:, 0], np.float64))

    def _to_loudspeaker(self, samples: Any, frames: int, time: Any, status: Any) -> None:
        while len(self._rest) < frames and not self._to_play.empty():
            self._rest = np.concatenate([self._rest, self._to_play.get()])
        samples[:] = 0
        samples[: len(self._rest[:frames]), 0] = self._rest[:frames]
        self._rest = self._rest[frames:]


def _sounddevice() -> Any:
    try:
        import sounddevice
    except ModuleNotFoundError:
        raise UsageError("live sound needs sounddevice: pip install 'boardtwins[live]'") from None
    except OSError:
        raise UsageError(
            "live sound needs the PortAudio library, which is not on this computer: install it, as in "
            "apt install libportaudio2 or brew install portaudio"
        ) from None
    return sounddevice
