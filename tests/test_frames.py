"""Pictures and videos: the bytes that are written, and when they change."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture

from twins import Twin, UsageError
from twins.frames import Video, frame_of, load_picture, save_png, sha256
from twins.units import MS


def plain(value: int) -> np.ndarray:
    return np.full((2, 3, 3), value, np.uint8)


def test_a_png_holds_the_pixels_and_the_same_frame_the_same_bytes(tmp_path: Path) -> None:
    frame = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)
    first, second = save_png(frame, tmp_path / "deep" / "a.png"), save_png(frame, tmp_path / "b.png")
    assert first.read_bytes() == second.read_bytes()
    with Picture.open(first) as opened:
        assert np.array_equal(np.asarray(opened), frame)


def test_a_scaled_png_repeats_each_pixel(tmp_path: Path) -> None:
    frame = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)
    with Picture.open(save_png(frame, tmp_path / "a.png", scale=4)) as opened:
        large = np.asarray(opened)
    assert large.shape == (8, 12, 3)
    assert np.array_equal(large[2::4, 1::4], frame)


def test_the_hash_is_that_of_the_pixels_whatever_their_layout() -> None:
    frame = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)
    assert sha256(frame) == sha256(np.asfortranarray(frame)) != sha256(frame + 1)


def test_a_video_shows_each_picture_as_long_as_it_stood(tmp_path: Path) -> None:
    video = Video()
    for at, value in ((0, 0), (50, 0), (100, 255), (340, 128)):
        video.add(plain(value), at * MS)
    assert len(video) == 3
    with Picture.open(video.save_gif(tmp_path / "a.gif")) as opened:
        durations = []
        for number in range(opened.n_frames):
            opened.seek(number)
            durations.append(opened.info["duration"])
    assert durations == [100, 240, 500]


def test_a_frame_that_the_part_changes_later_is_kept_as_it_was() -> None:
    video, frame = Video(), plain(0)
    video.add(frame, 0)
    frame[:] = 9
    video.add(frame, MS)
    assert len(video) == 2


def test_a_video_without_frames_cannot_be_saved(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the video has no frame"):
        Video().save_gif(tmp_path / "a.gif")


def test_a_part_without_a_picture_is_named() -> None:
    with pytest.raises(UsageError, match="'led' has no picture"):
        frame_of(Twin("pico").led)


def test_a_picture_larger_than_any_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    """PNG, 11.2.2: width and height stand at the start of IHDR, bytes 16 to 23 of the file."""
    path = save_png(plain(5), tmp_path / "a.png")
    data = bytearray(path.read_bytes())
    for side, why in ((5_000, "5000 × 5000 pixels, expected 16777216 at the most"), (50_000, "expected a PNG")):
        data[16:24] = side.to_bytes(4, "big") * 2
        data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
        path.write_bytes(data)
        with pytest.raises(UsageError, match=f"no picture that can be read: {why}"):
            load_picture(path)
