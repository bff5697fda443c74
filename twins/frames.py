"""Pictures of parts: files for people, hashes for tests.

A part that can be seen has a ``frame``: a numpy array of shape (height, width, 3), uint8, red, green and blue.
"""

from __future__ import annotations

import errno
import hashlib
import io
import struct
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image as Picture
from PIL import ImageSequence

from twins.errors import UsageError
from twins.files import whole_file
from twins.units import MS, SECOND, Duration

Frame = npt.NDArray[np.uint8]
VIDEOS = (".gif", ".mp4")


def frame_of(part: Any) -> Frame:
    """The frame of a part now. Raises `UsageError` for a part that cannot be seen."""
    frame = getattr(part, "frame", None)
    if not isinstance(frame, np.ndarray) or frame.ndim != 3 or frame.shape[2] != 3:
        raise UsageError(f"{getattr(part, 'label', part)!r} has no picture: a display or an LED matrix has one")
    return frame


def sha256(frame: Frame) -> str:
    """The hash of the pixels."""
    return hashlib.sha256(np.ascontiguousarray(frame).tobytes()).hexdigest()


def size_of(frame: Frame) -> str:
    """Its size as people write it, columns first.

    >>> size_of(np.zeros((240, 320, 3), np.uint8))
    '320x240'
    """
    return f"{frame.shape[1]}x{frame.shape[0]}"


def enlarged(frame: Frame, scale: int) -> Frame:
    """Each pixel as a square of `scale` pixels."""
    return np.repeat(np.repeat(frame, scale, axis=0), scale, axis=1) if scale > 1 else frame


def png(frame: Frame) -> bytes:
    """The bytes of a PNG. The same frame gives the same bytes."""
    data = io.BytesIO()
    Picture.fromarray(np.ascontiguousarray(frame)).save(data, format="PNG", optimize=False)
    return data.getvalue()


UNREADABLE = (
    *(OSError, ValueError, SyntaxError, IndexError, AssertionError, struct.error),
    Picture.DecompressionBombError,
)
"""What Pillow raises for a file that is cut off or broken; the last one for a size that no picture has."""
LARGEST = 1 << 24
"""Pixels of a picture from a file: twice a screen of 3840 × 2160."""


def from_png(data: bytes) -> Frame:
    """The frame in a PNG, or any other picture."""
    with Picture.open(io.BytesIO(data)) as opened:
        return _unpacked(opened)


def _unpacked(picture: Picture.Image) -> Frame:
    """Its pixels, unless they are so many that a file says so by mistake."""
    columns, rows = picture.size
    if columns * rows > LARGEST:
        raise OSError(errno.EFBIG, f"{columns} × {rows} pixels, expected {LARGEST} at the most")
    return np.asarray(picture.convert("RGB"))


def _why(error: Exception, expected: str) -> str:
    """What is wrong with a file, for people."""
    return getattr(error, "strerror", None) or f"expected {expected}"


def load_picture(path: str | Path) -> Frame:
    """The frame in a file. Raises `UsageError`."""
    try:
        return from_png(Path(path).read_bytes())
    except UNREADABLE as error:
        why = _why(error, "a PNG, or another format that Pillow reads")
        raise UsageError(f"{path} is no picture that can be read: {why}") from None


def save_png(frame: Frame, path: str | Path, scale: int = 1) -> Path:
    """Writes a PNG, each pixel enlarged `scale` times. The same frame gives the same bytes."""
    with whole_file(path) as partial:
        Picture.fromarray(enlarged(frame, scale)).save(partial, format="PNG", optimize=False)
    return Path(path)


class Video:
    """Gathers frames of a part and writes them as a GIF or MP4; a picture that stays is one frame with its time.

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

    def __iter__(self) -> Iterator[tuple[int, Frame]]:
        return iter(self._frames)

    def add(self, frame: Frame, at: int) -> None:
        """A frame as it is seen at a moment (ps)."""
        self._end = at
        if not self._frames or not np.array_equal(self._frames[-1][1], frame):
            self._frames.append((at, frame.copy()))

    def save(self, path: str | Path, scale: int = 1) -> Path:
        """Writes a GIF or an MP4, as the name says."""
        suffix = Path(path).suffix.lower()
        if suffix not in VIDEOS:
            raise UsageError(f"{path}: a video is a .gif or an .mp4")
        return self.save_gif(path, scale) if suffix == ".gif" else self.save_mp4(path, scale)

    def save_gif(self, path: str | Path, scale: int = 1) -> Path:
        """Writes the GIF. Times are rounded to the hundredths of a second that the format knows."""
        times = self._times()
        durations = [max(20, round((b - a) / MS / 10) * 10) for a, b in pairwise(times)]
        pictures = [Picture.fromarray(enlarged(frame, scale)).quantize(128) for _, frame in self._frames]
        options = {"save_all": True, "append_images": pictures[1:], "duration": durations, "loop": 0, "optimize": False}
        with whole_file(path) as partial:
            pictures[0].save(partial, format="GIF", **options)
        return Path(path)

    def save_mp4(self, path: str | Path, scale: int = 1) -> Path:
        """Writes an MP4 (H.264) that any browser plays, each picture at its own time to the millisecond.

        It needs the extra ``video``. Colours are as H.264 keeps them: compare frames by PNG, not by video.
        """
        av = _pyav()
        times = self._times()
        height, width = (side * scale for side in self._frames[0][1].shape[:2])
        with whole_file(path) as partial, av.open(str(partial), "w", format="mp4") as container:
            stream = container.add_stream("libx264", rate=1000, options={"crf": "12", "preset": "fast"})
            # The format halves the resolution of colour: sides are even.
            stream.width, stream.height, stream.pix_fmt = width + width % 2, height + height % 2, "yuv420p"
            stream.codec_context.time_base = Fraction(1, 1000)
            shown = [*self._frames, (times[-1], self._frames[-1][1])]
            stamp = -1
            for at, frame in shown:
                if frame.shape != self._frames[0][1].shape:
                    raise UsageError(f"the video's frames are of {self._frames[0][1].shape} and of {frame.shape}")
                padded = np.pad(enlarged(frame, scale), ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
                picture = av.VideoFrame.from_ndarray(padded, format="rgb24")
                stamp = max(stamp + 1, round((at - times[0]) / MS))
                picture.pts, picture.time_base = stamp, Fraction(1, 1000)
                container.mux(stream.encode(picture))
            container.mux(stream.encode())
        return Path(path)

    def _times(self) -> list[int]:
        """When each frame came, and when the last one went."""
        if not self._frames:
            raise UsageError("the video has no frame: let the twin run before it is saved")
        return [at for at, _ in self._frames] + [max(self._end, self._frames[-1][0] + 500 * MS)]

    @classmethod
    def load(cls, path: str | Path) -> Video:
        """Reads a GIF or an MP4."""
        path, video = Path(path), cls()
        try:
            if path.suffix.lower() == ".mp4":
                with _pyav().open(str(path)) as container:
                    for picture in container.decode(video=0):
                        video.add(picture.to_ndarray(format="rgb24"), round(float(picture.time) * SECOND))
                return video
            with Picture.open(path) as opened:
                at = 0
                for picture in ImageSequence.Iterator(opened):
                    video.add(_unpacked(picture), at)
                    at += int(picture.info.get("duration", 100)) * MS
                video._end = at
        except UNREADABLE as error:
            raise UsageError(f"{path} is no video that can be read: {_why(error, 'a GIF or an MP4')}") from None
        return video

    @property
    def length(self) -> Duration:
        """From the first frame to the last."""
        return Duration(self._end - self._frames[0][0]) if self._frames else Duration(0)


def _pyav() -> Any:
    try:
        import av
    except ImportError:
        raise UsageError("MP4 needs the package av: pip install 'boardtwins[video]', or name a .gif") from None
    return av
