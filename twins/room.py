"""A room for `twins.scene`: pyroomacoustics finds the ways of the sound by mirror sources (extra ``audio``)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from twins.errors import UsageError
from twins.units import SECOND

if TYPE_CHECKING:
    from twins.scene import Source

Samples = npt.NDArray[np.float64]
Place = tuple[float, float, float]


class Room:
    """A shoebox room.

    Args:
        size: its length, width and height in metres.
        at: where the middle of the microphones is; azimuth 0 looks along the length.
        absorption: how much of its energy sound loses at a wall, 0 to 1.
        order: how many walls on its way sound is followed.

    A source that moves is heard from where it is at the ends of each block, and fades from one to the other.

    >>> from twins.scene import Scene
    >>> from twins.sound import Sound
    >>> scene = Scene(room=Room((5.0, 4.0, 2.7), at=(2.4, 1.9, 1.0), order=2))
    >>> scene.say(Sound.tone(1000, "100ms"), azimuth=90)
    >>> scene.hear([[0, 0, 0]], rate=16000, start=0, frames=1600).shape
    (1600, 1)
    """

    def __init__(
        self,
        size: Sequence[float] = (5.0, 4.0, 2.7),
        at: Sequence[float] = (2.4, 1.9, 1.0),
        absorption: float = 0.3,
        order: int = 10,
    ) -> None:
        if len(size) != 3 or len(at) != 3 or not all(0 < place < wall for place, wall in zip(at, size, strict=True)):
            raise UsageError(f"a place {list(at)} in a room of {list(size)}: expected x, y and z in metres, within it")
        if not 0 < absorption <= 1:
            raise UsageError(f"absorption {absorption}: expected more than 0 (a hall of mirrors) to 1 (no walls)")
        self.size = tuple(map(float, size))
        self.at = tuple(map(float, at))
        self.absorption = float(absorption)
        self.order = order
        _pyroomacoustics()

    def hear(self, source: Source, number: int, block: int, places: Samples, rate: int) -> Samples:
        """A block of what microphones hear of a source."""
        samples = source.sound.at_rate(rate).samples
        whole = round(source.at * rate / SECOND)
        first = number * block
        responses = self._responses(source, first - whole, places, rate)
        heard = _filtered(samples, first - whole, block, responses)
        if source.moves:
            responses = self._responses(source, first + block - whole, places, rate)
            later = _filtered(samples, first - whole, block, responses)
            fade = np.linspace(0, 1, block, endpoint=False)[:, None]
            heard = heard * (1 - fade) + later * fade
        return source.gain * heard

    def _responses(self, source: Source, frame: int, places: Samples, rate: int) -> Samples:
        """What each microphone hears of one sample of a source, where it is at a frame since it began."""
        place = tuple(float(x) for x in source.place(max(frame, 0) / rate) + self.at)
        for x, wall in zip(place, self.size, strict=True):
            if not 0 < x < wall:
                where = ", ".join(f"{x:.2f}" for x in place)
                raise UsageError(
                    f"a source at ({where}) m is not within the room of {list(self.size)} m around the microphones at "
                    f"{list(self.at)}: give it a smaller distance"
                )
        microphones = tuple(tuple(float(x) for x in row) for row in places + np.array(self.at))
        return _responses(self.size, self.absorption, self.order, place, microphones, rate)


@lru_cache(maxsize=64)
def _responses(
    size: Place, absorption: float, order: int, source: Place, microphones: tuple[Place, ...], rate: int
) -> Samples:
    pra = _pyroomacoustics()
    room = pra.ShoeBox(size, fs=rate, materials=pra.Material(absorption), max_order=order)
    room.add_source(source)
    room.add_microphone_array(np.array(microphones).T)
    room.compute_rir()
    # The library puts half of its interpolation filter before every response.
    early = pra.constants.get("frac_delay_length") // 2
    found = [np.asarray(of_microphone[0], np.float64)[early:] for of_microphone in room.rir]
    responses = np.zeros((len(found), max(map(len, found))))
    for row, response in zip(responses, found, strict=True):
        row[: len(response)] = response
    return responses


def _filtered(samples: Samples, first: int, block: int, responses: Samples) -> Samples:
    """A block of the samples from a number on, behind a response for each microphone."""
    length = responses.shape[1]
    cut = np.zeros(block + length - 1)
    start = first - length + 1
    low, high = max(start, 0), min(first + block, len(samples))
    if low >= high:
        return np.zeros((block, len(responses)))
    cut[low - start : high - start] = samples[low:high]
    size = 1 << (len(cut) - 1).bit_length()
    spectrum = np.fft.rfft(cut, size) * np.fft.rfft(responses, size)
    return np.asarray(np.fft.irfft(spectrum, size)[:, length - 1 : length - 1 + block].T)


def _pyroomacoustics() -> Any:
    try:
        import pyroomacoustics
    except ModuleNotFoundError:
        raise UsageError(
            "a room needs pyroomacoustics: pip install 'boardtwins[audio]'; the free field (no room) does without"
        ) from None
    return pyroomacoustics
