"""``twins diff``: compare pictures and videos."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from twins.cli.codes import DIFFERENT, SAME
from twins.errors import UsageError
from twins.units import MS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twins.frames import Frame, Video
    from twins.testing.compare import Tolerance


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    add = parser.add_argument
    add("expected", metavar="A", help="a picture; with --video a .gif or .mp4")
    add("actual", metavar="B", help="the other one")
    add(
        "--video",
        action="store_true",
        help="compare videos frame by frame, as two .gif or .mp4 are anyway",
    )
    add("--tolerance", metavar="N", type=int, default=0, help="how far a channel may be off, of 255 (0)")
    add("--share", metavar="X", type=float, default=0.0, help="the share of pixels that may be off farther (0)")
    add("--structure", metavar="X", type=float, help="the structural score that each channel must have besides")
    add("--out", metavar="FILE", help="picture (.png) of what differs, or with --video a .gif or .mp4 of it")
    add("--report", metavar="FILE.html", help="both pictures with a slider")


def act(options: argparse.Namespace) -> int:
    """Compares; the exit code."""
    from twins.frames import VIDEOS
    from twins.testing.compare import Tolerance

    tolerance = Tolerance(options.tolerance, options.share, options.structure)
    kinds = [Path(path).suffix.lower() in VIDEOS for path in (options.expected, options.actual)]
    if options.video and not all(kinds):
        raise UsageError("--video compares videos: expected a .gif or .mp4 on both sides")
    return _videos(options, tolerance) if options.video or all(kinds) else _pictures(options, tolerance)


def _pictures(options: argparse.Namespace, tolerance: Tolerance) -> int:
    from twins.frames import load_picture, png, save_png
    from twins.testing.compare import compare, difference
    from twins.testing.report import write_report
    from twins.testing.watch import FrameRecord

    expected, actual = load_picture(options.expected), load_picture(options.actual)
    found = compare(expected, actual, tolerance)
    print(found.why)
    shown = difference(expected, actual, found)
    if options.out and not found.same:
        print(f"difference: {save_png(shown, options.out)}")
    if options.report:
        status = "same" if found.same else "different"
        names = f"{options.expected} and {options.actual}"
        record = FrameRecord(
            names, Path(options.actual).name, status, found.why, png(actual), png(expected), png(shown)
        )
        print(f"report: {write_report([record], options.report)}")
    return SAME if found.same else DIFFERENT


def _videos(options: argparse.Namespace, tolerance: Tolerance) -> int:
    """Frames that are shown at the same time are compared, from the start of each video."""
    from twins.frames import Video
    from twins.testing.compare import compare, difference

    first, second = Video.load(options.expected), Video.load(options.actual)
    out, wrong, compared = Video(), 0, 0
    for at, expected, actual in _pairs(first, second):
        found = compare(expected, actual, tolerance)
        compared += 1
        if not found.same:
            wrong += 1
            if wrong <= 10:
                print(f"{at // MS / 1000:.3f} s: {found.why}")
        out.add(difference(expected, actual, found), at)
    if abs(first.length - second.length) > 20 * MS:
        wrong += 1
        print(f"{options.expected} lasts {first.length}, {options.actual} {second.length}")
    print(f"{wrong} of {compared} moments differ" if wrong else f"the same, {compared} frames")
    if options.out and wrong:
        print(f"difference: {out.save(options.out)}")
    return DIFFERENT if wrong else SAME


def _pairs(first: Video, second: Video) -> Iterator[tuple[int, Frame, Frame]]:
    """Each moment at which one of them changes, with what both show then."""
    one, other = list(first), list(second)
    if not one or not other:
        raise UsageError("a video without frames cannot be compared")
    moments = sorted({at - frames[0][0] for frames in (one, other) for at, _ in frames})
    a = b = 0
    for at in moments:
        while a + 1 < len(one) and one[a + 1][0] - one[0][0] <= at:
            a += 1
        while b + 1 < len(other) and other[b + 1][0] - other[0][0] <= at:
            b += 1
        yield at, one[a][1], other[b][1]
