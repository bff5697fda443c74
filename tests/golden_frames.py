"""Pictures to compare with: exact, and with evidence where they differ."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image as Picture

from twins.frames import Frame, save_png

GOLDEN = Path(__file__).parent / "golden"
OUT = Path(__file__).parent.parent / "out" / "golden"


def check_frame(frame: Frame, name: str, golden: Path = GOLDEN, out: Path = OUT) -> None:
    """Compares a frame with ``golden/NAME.png``, pixel by pixel.

    Where they differ ``out`` gets the expected, the actual and the difference, in which each wrong pixel is white. A
    picture that is wanted as it is now becomes the expected one by copying the actual one over it.
    """
    expected_path = golden / f"{name}.png"
    actual_path = out / f"{name}.actual.png"
    if not expected_path.is_file():
        save_png(frame, actual_path)
        raise AssertionError(f"there is no {expected_path}: look at {actual_path} and copy it there if it is right")
    with Picture.open(expected_path) as opened:
        expected = np.asarray(opened.convert("RGB"))
    if expected.shape != frame.shape:
        save_png(frame, actual_path)
        raise AssertionError(f"{name}: expected a frame of {expected.shape}, found {frame.shape}: see {actual_path}")
    wrong = (expected != frame).any(axis=2)
    if wrong.any():
        rows, columns = np.nonzero(wrong)
        save_png(frame, actual_path)
        save_png(expected, out / f"{name}.expected.png")
        save_png(np.repeat(wrong[:, :, None], 3, axis=2).astype(np.uint8) * 255, out / f"{name}.difference.png")
        raise AssertionError(
            f"{name}: {wrong.sum()} pixels differ, from column {columns.min()}, row {rows.min()} to column "
            f"{columns.max()}, row {rows.max()}: see {out}/{name}.*.png"
        )
