"""Comparing pictures: exact, or with a tolerance that never lets a colour pass for another.

A tolerance judges each channel of each pixel by itself. A structural score can be demanded on top, never instead: a red
and a blue square have the same structure.

>>> import numpy as np
>>> red, blue = np.zeros((2, 32, 32, 3), np.uint8)
>>> red[8:24, 8:24, 0] = blue[8:24, 8:24, 2] = 255
>>> compare(red, blue, Tolerance(channel=8)).same
False
>>> nearly = red.copy(); nearly[10, 10, 0] = 250
>>> compare(red, nearly).same, compare(red, nearly, Tolerance(channel=8)).same
(False, True)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from twins.errors import UsageError
from twins.frames import Frame

Mask = npt.NDArray[np.bool_]
Rectangle = tuple[int, int, int, int]
"""Left, top, width, height, in pixels."""
NEAR = 4
"""Wrong pixels at most so far apart are one region."""


@dataclass(frozen=True)
class Tolerance:
    """What may differ.

    Attributes:
        channel: how far red, green or blue of a pixel may be off, of 255.
        share: the share of pixels that may be off farther than that.
        structure: the structural similarity (SSIM, Wang et al. 2004) that each channel must have besides; needs
            opencv-python-headless.
    """

    channel: int = 0
    share: float = 0.0
    structure: float | None = None

    @classmethod
    def of(cls, value: int | Tolerance | None) -> Tolerance:
        """A number is one for each channel."""
        return value if isinstance(value, Tolerance) else cls(channel=int(value or 0))

    def __post_init__(self) -> None:
        if not 0 <= self.channel <= 255 or not 0 <= self.share < 1:
            raise UsageError(f"{self}: expected a channel of 0 to 255 and a share of 0 to less than 1")

    def __str__(self) -> str:
        words = [f"{self.channel} of 255 in each channel"] if self.channel else ["exact"]
        if self.share:
            words.append(f"{self.share:.3%} of the pixels may be off farther")
        if self.structure is not None:
            words.append(f"structural score {self.structure} or more")
        return ", ".join(words)


@dataclass(frozen=True)
class Comparison:
    """How two pictures differ.

    Attributes:
        same: within the tolerance.
        wrong: the pixels that are off too far.
        worst: the greatest difference in a channel.
        structure: the structural score, where one was demanded.
        regions: where wrong pixels are, from the largest region to the smallest.
        why: a sentence.
    """

    same: bool
    wrong: Mask
    worst: int
    structure: float | None
    regions: tuple[Rectangle, ...]
    why: str


def mask_of(mask: Mask | Sequence[Rectangle] | None, shape: tuple[int, ...], origin: tuple[int, int] = (0, 0)) -> Mask:
    """The pixels that do not count, as an array; of rectangles in coordinates of the part, or of such an array."""
    if mask is None:
        return np.zeros(shape[:2], np.bool_)
    if isinstance(mask, np.ndarray):
        if mask.shape != tuple(shape[:2]):
            raise UsageError(f"the mask is of {mask.shape}, the picture of {tuple(shape[:2])} rows and columns")
        return mask.astype(np.bool_)
    array = np.zeros(shape[:2], np.bool_)
    for rectangle in mask:
        left, top, width, height = rectangle
        left, top = left - origin[0], top - origin[1]
        array[max(0, top) : max(0, top + height), max(0, left) : max(0, left + width)] = True
    return array


def compare(
    expected: Frame, actual: Frame, tolerance: Tolerance | int | None = None, ignored: Mask | None = None
) -> Comparison:
    """Compares two pictures. `ignored` pixels do not count."""
    tolerance = Tolerance.of(tolerance)
    if expected.shape != actual.shape:
        (rows, columns), (found_rows, found_columns) = expected.shape[:2], actual.shape[:2]
        why = f"expected a picture of {columns}x{rows}, found {found_columns}x{found_rows}"
        return Comparison(False, np.ones(actual.shape[:2], np.bool_), 255, None, (), why)
    off = np.abs(expected.astype(np.int16) - actual.astype(np.int16)).max(axis=2)
    if ignored is not None:
        off[ignored] = 0
    wrong = off > tolerance.channel
    counted = off.size if ignored is None else int((~ignored).sum())
    score = None
    if tolerance.structure is not None:
        score = structure(expected, actual, ignored)
    count = int(wrong.sum())
    too_many = count > tolerance.share * counted
    too_unlike = score is not None and tolerance.structure is not None and score < tolerance.structure
    if not too_many and not too_unlike:
        return Comparison(True, wrong, int(off.max(initial=0)), score, (), "the same")
    found = regions(wrong) if count else ()
    words = []
    if too_many:
        words.append(f"{count} of {counted} pixels differ, by {off.max()} of 255 at the most")
        words.append("in " + ", ".join(f"{w}x{h} at ({x}, {y})" for x, y, w, h in found[:4]))
        if len(found) > 4:
            words.append(f"and {len(found) - 4} more regions")
    if too_unlike:
        words.append(f"the structural score is {score:.4f}, expected {tolerance.structure} or more")
    return Comparison(False, wrong, int(off.max()), score, found, "; ".join(words) + f" (tolerance: {tolerance})")


def structure(expected: Frame, actual: Frame, ignored: Mask | None = None) -> float:
    """The structural similarity of the channel that has the least of it, averaged over the pixels that count."""
    cv2 = _opencv()
    first, second = expected.astype(np.float32), actual.astype(np.float32)

    def blurred(picture: Any) -> Any:
        return cv2.GaussianBlur(picture, (11, 11), 1.5)

    small, smaller = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    mean1, mean2 = blurred(first), blurred(second)
    spread1 = blurred(first * first) - mean1 * mean1
    spread2 = blurred(second * second) - mean2 * mean2
    shared = blurred(first * second) - mean1 * mean2
    score = ((2 * mean1 * mean2 + small) * (2 * shared + smaller)) / (
        (mean1 * mean1 + mean2 * mean2 + small) * (spread1 + spread2 + smaller)
    )
    counts = slice(None) if ignored is None or ignored.all() else ~ignored
    return float(min(score[..., channel][counts].mean() for channel in range(3)))


def regions(wrong: Mask) -> tuple[Rectangle, ...]:
    """The rectangles around wrong pixels that are near each other; around all of them where there is no opencv."""
    try:
        cv2 = _opencv()
    except UsageError:
        return (_around(wrong),)
    near = cv2.dilate(wrong.astype(np.uint8), np.ones((2 * NEAR + 1, 2 * NEAR + 1), np.uint8))
    count, labels = cv2.connectedComponents(near)
    found = [_around((labels == label) & wrong) for label in range(1, count)]
    return tuple(sorted(found, key=lambda region: -region[2] * region[3]))


def _around(wrong: Mask) -> Rectangle:
    rows, columns = np.nonzero(wrong)
    left, top = int(columns.min()), int(rows.min())
    return left, top, int(columns.max()) - left + 1, int(rows.max()) - top + 1


def difference(expected: Frame, actual: Frame, comparison: Comparison) -> Frame:
    """The actual picture, faint; wrong pixels white, brighter for a greater difference; their regions outlined."""
    if expected.shape != actual.shape:
        return np.array(actual, np.uint8)
    picture = np.array(actual // 4, np.uint8)
    off = np.abs(expected.astype(np.int16) - actual.astype(np.int16)).max(axis=2)
    picture[comparison.wrong] = (128 + off[comparison.wrong, None] // 2).astype(np.uint8)
    rows, columns = picture.shape[:2]
    for left, top, width, height in comparison.regions:
        x0, y0 = max(0, left - 2), max(0, top - 2)
        x1, y1 = min(columns - 1, left + width + 1), min(rows - 1, top + height + 1)
        picture[y0, x0 : x1 + 1] = picture[y1, x0 : x1 + 1] = OUTLINE
        picture[y0 : y1 + 1, x0] = picture[y0 : y1 + 1, x1] = OUTLINE
    return picture


OUTLINE = np.array([255, 0, 255], np.uint8)


def _opencv() -> Any:
    try:
        import cv2
    except ImportError:
        raise UsageError(
            "a structural score needs the package opencv-python-headless: pip install 'boardtwins[test]'"
        ) from None
    return cv2
