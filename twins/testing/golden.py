"""Golden frames: `frame_snapshot`, over syrupy.

The expected pictures are PNG files in ``__snapshots__`` beside the test. ``pytest --snapshot-update`` takes the
pictures as they are now; nothing else ever writes one, and where the variable ``CI`` is set not even that.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.image import PNGImageSnapshotExtension
from syrupy.location import PyTestLocation
from syrupy.types import SnapshotIndex

from twins.errors import FrameMismatch, UsageError
from twins.files import whole_file
from twins.frames import Frame, frame_of, from_png, png, save_png, sha256
from twins.testing.compare import Comparison, Mask, Rectangle, Tolerance, compare, difference, mask_of
from twins.testing.engines import without_engine
from twins.testing.plugin import WATCH, output_folder
from twins.testing.watch import FrameRecord


class _OnAnyEngine(PyTestLocation):
    @property
    def snapshot_name(self) -> str:
        return without_engine(self.item, super().snapshot_name)


class FrameExtension(PNGImageSnapshotExtension):
    """Compares pixels, not the bytes of the file."""

    tolerance: Tolerance | int | None = None
    ignored: Mask | None = None
    comparison: Comparison | None = None

    @classmethod
    def get_snapshot_name(cls, *, test_location: PyTestLocation, index: SnapshotIndex = 0) -> str:
        """The expected picture is the same on every engine."""
        return super().get_snapshot_name(test_location=_OnAnyEngine(test_location.item), index=index)

    def matches(self, *, serialized_data: Any, snapshot_data: Any) -> bool:
        """Is the picture the expected one?"""
        self.comparison = compare(from_png(snapshot_data), from_png(serialized_data), self.tolerance, self.ignored)
        return self.comparison.same


def in_ci(config: pytest.Config) -> bool:
    """Does this run where nobody looks at pictures?"""
    return os.environ.get("CI", "") not in ("", "0", "false") and not config.getoption("twin_update_in_ci")


def pytest_configure(config: pytest.Config) -> None:
    """A frame that is refused is not used; it must not be cleared away for that."""
    if in_ci(config):
        config.option.no_cleanup = True


class FrameSnapshot:
    """Compares the picture of a part with the expected one, see `frame_snapshot`."""

    def __init__(self, snapshot: SnapshotAssertion, item: pytest.Item) -> None:
        self._snapshot = snapshot.use_extension(FrameExtension)
        self._item = item

    def __call__(
        self,
        part: Any,
        name: str | None = None,
        *,
        roi: Rectangle | None = None,
        tolerance: Tolerance | int | None = None,
        mask: Mask | Sequence[Rectangle] | None = None,
    ) -> None:
        """The picture of a part is the expected one.

        Args:
            part: a part that can be seen, or a frame.
            name: of the expected picture; they are counted without it.
            roi: only this rectangle of the picture: left, top, width, height.
            tolerance: how far each channel may be off, of 255, or a `Tolerance`. Exact without it.
            mask: what does not count: rectangles of the picture, or an array of the size of it (of the roi, if given).

        Raises `FrameMismatch`.
        """
        whole = part if isinstance(part, np.ndarray) else frame_of(part)
        frame = _cut(whole, roi)
        label = getattr(part, "label", "frame")
        extension = self._snapshot.extension
        assert isinstance(extension, FrameExtension)
        extension.tolerance, extension.comparison = tolerance, None
        extension.ignored = mask_of(mask, frame.shape, (roi[0], roi[1]) if roi else (0, 0))
        index = name if name is not None else self._snapshot.index
        path = Path(extension.get_location(test_location=self._snapshot.test_location, index=index))
        expected = path.read_bytes() if path.is_file() else None
        self._item.user_properties.append((f"frame_sha256:{name or path.stem}", sha256(frame)))
        updating = self._snapshot.update_snapshots or (self._snapshot.update_new_snapshots_only and expected is None)
        if updating and in_ci(self._item.config):
            raise UsageError(
                f"--snapshot-update would write {path}, and CI is set: expected pictures are made where somebody looks "
                "at them. Run it on your own machine and commit the file, or give --twin-update-in-ci"
            )
        same = self._snapshot(name=name) == png(frame)
        written = same and (expected is None or (updating and not _same(extension)))
        self._judge(same, written, frame, expected, extension.comparison, path, label, name or path.stem)

    def _judge(
        self,
        same: bool,
        written: bool,
        frame: Frame,
        expected: bytes | None,
        comparison: Comparison | None,
        path: Path,
        label: str,
        name: str,
    ) -> None:
        record = FrameRecord(self._item.nodeid, name, "same", "", png(frame), expected)
        self._item.stash[WATCH].frames.append(record)
        if same:
            record.status = "written" if written else "same"
            return
        folder = output_folder(self._item)
        stem = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in name)
        actual = save_png(frame, folder / f"{stem}.actual.png")
        self._property(f"frame.{name}.actual", actual)
        if expected is None:
            record.status, record.why = "missing", "there is no expected picture"
            raise FrameMismatch(
                f"there is no expected picture {path}: look at {actual}; if it is right: pytest --snapshot-update"
            )
        assert comparison is not None
        record.status, record.why = "different", comparison.why
        shown = difference(from_png(expected), frame, comparison)
        record.difference = png(shown)
        with whole_file(folder / f"{stem}.expected.png") as partial:
            partial.write_bytes(expected)
        apart = save_png(shown, folder / f"{stem}.difference.png")
        self._property(f"frame.{name}.expected", folder / f"{stem}.expected.png")
        self._property(f"frame.{name}.difference", apart)
        raise FrameMismatch(
            f"{label} {name!r} is not as expected: {comparison.why}\n"
            f"  expected:   {path}\n  actual:     {actual}\n  difference: {apart}\n"
            "If the picture is right as it is now: pytest --snapshot-update"
        )

    def _property(self, name: str, path: Path) -> None:
        self._item.user_properties.append((f"twin.{name}", str(path)))


def _same(extension: FrameExtension) -> bool:
    return extension.comparison is not None and extension.comparison.same


def _cut(frame: Frame, roi: Rectangle | None) -> Frame:
    if roi is None:
        return frame
    left, top, width, height = roi
    rows, columns = frame.shape[:2]
    if left < 0 or top < 0 or width < 1 or height < 1 or left + width > columns or top + height > rows:
        raise UsageError(f"roi {roi} is not inside the picture of {columns}x{rows}: left, top, width, height")
    return frame[top : top + height, left : left + width]


@pytest.fixture
def frame_snapshot(request: pytest.FixtureRequest, snapshot: SnapshotAssertion) -> FrameSnapshot:
    """Compares pictures with golden ones: ``frame_snapshot(twin.lcd, "menu", tolerance=2, mask=[(0, 0, 40, 12)])``."""
    return FrameSnapshot(snapshot, request.node)
