"""Pictures of parts: files for people, hashes for tests.

A part that can be seen has a ``frame``: a numpy array of shape (height, width, 3), uint8, red, green and blue.
"""

from __future__ import annotations

import hashlib
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image as Picture

from twins.errors import UsageError
from twins.files import whole_file
from twins.units import MS, Duration

Frame = npt.NDArray[np.uint8]


def frame_of(part: Any) -> Frame:
    """The frame of a part now. Raises `UsageError` for a part that cannot be seen."""
    frame = getattr(part, "frame", None)
    if not isinstance(frame, np.ndarray) or frame.ndim != 3 or frame.shape[2] != 3:
        raise UsageError(f"{getattr(part, 'label', part)!r} has no picture: a display or an LED matrix has one")
    return frame


def sha256(frame: Frame) -> str:
    """The hash of the pixels."""
    return hashlib.sha256(np.ascontiguousarray(frame).tobytes()).hexdigest()


def save_png(frame: Frame, path: str | Path, scale: int = 1) -> Path:
    """Writes a PNG, each pixel enlarged `scale` times. The same frame gives the same bytes."""
    large = np.repeat(np.repeat(frame, scale, axis=0), scale, axis=1)
    with whole_file(path) as partial:
        Picture.fromarray(large).save(partial, format="PNG", optimize=False)
    return Path(path)


class Video:
    """Gathers frames of a part and writes them as a GIF; a picture that stays is one frame with its time.

    >>> video = Video()
    >>> video.add(np.zeros((2, 2, 3), np.uint8), at=0)
    >>> video.add(np.zeros((2, 2, 3), np.uint8), at=50 * MS)
    >>> video.add(np.full((2, 2, 3), 255, np.uint8), at=100 * MS)
    >>> len(video)
    2
    """

    def __init__(self) -> None:
        self._frames: list[tuple[int, Frame]] = []
        self._end = 0

    def __len__(self) -> int:
        return len(self._frames)

    def add(self, frame: Frame, at: int) -> None:
        """A frame as it is seen at a moment (ps)."""
        self._end = at
        if not self._frames or not np.array_equal(self._frames[-1][1], frame):
            self._frames.append((at, frame.copy()))

    def save_gif(self, path: str | Path, scale: int = 1) -> Path:
        """Writes the GIF. Times are rounded to the hundredths of a second that the format knows."""
        if not self._frames:
            raise UsageError("the video has no frame: let the twin run before it is saved")
        times = [at for at, _ in self._frames] + [max(self._end, self._frames[-1][0] + 500 * MS)]
        durations = [max(20, round((b - a) / MS / 10) * 10) for a, b in pairwise(times)]
        pictures = [
            Picture.fromarray(np.repeat(np.repeat(frame, scale, axis=0), scale, axis=1)).quantize(128)
            for _, frame in self._frames
        ]
        options = {"save_all": True, "append_images": pictures[1:], "duration": durations, "loop": 0, "optimize": False}
        with whole_file(path) as partial:
            pictures[0].save(partial, format="GIF", **options)
        return Path(path)

    @property
    def length(self) -> Duration:
        """From the first frame to the last."""
        return Duration(self._end - self._frames[0][0]) if self._frames else Duration(0)
