"""The report of all frames: one HTML file with nothing beside it."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape
from pathlib import Path

from twins.files import whole_file
from twins.testing.watch import FrameRecord

_ORDER = ("different", "missing", "written", "same")

_HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Frames</title>
<style>
:root { color-scheme: light dark; --line: #8885; --bad: #d33; --new: #c80; --good: #292; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 0 auto; max-width: 78rem; padding: 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1rem; margin: 0; overflow-wrap: anywhere; }
article { border: 1px solid var(--line); border-radius: .5rem; padding: .8rem; margin: 1rem 0; }
.status { border-radius: .3rem; color: #fff; padding: .1rem .45rem; font-size: .8rem; }
.different, .missing { background: var(--bad); } .written { background: var(--new); } .same { background: var(--good); }
.test, .why { margin: .3rem 0; overflow-wrap: anywhere; } .test { opacity: .7; font-size: .85rem; }
.pictures { display: flex; flex-wrap: wrap; gap: 1rem; }
figure { margin: 0; } figcaption { font-size: .8rem; opacity: .7; }
img { image-rendering: pixelated; width: 100%; display: block; background: #000; }
figure, .slider { width: min(100%, var(--width)); }
.slider { position: relative; } .slider .top { position: absolute; inset: 0; }
.slider .top { clip-path: inset(0 calc(100% - var(--at)) 0 0); }
.slider .line { position: absolute; top: 0; bottom: 0; left: var(--at); width: 2px; background: #f0f; }
input[type=range] { width: 100%; margin: .3rem 0 0; }
nav label { margin-right: 1rem; }
body.fewer article[data-status=same] { display: none; }
</style></head><body>
"""
_TAIL = """<script>
for (const slider of document.querySelectorAll("input[type=range]"))
  slider.addEventListener("input", () => slider.previousElementSibling.style.setProperty("--at", slider.value + "%"));
const fewer = document.getElementById("fewer");
fewer.addEventListener("change", () => document.body.classList.toggle("fewer", fewer.checked));
</script></body></html>
"""


def write_report(records: Sequence[FrameRecord], path: str | Path) -> Path:
    """Writes the report: what differs first.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     menu = FrameRecord("test_x.py::test_y", "menu", "same", "", b"")
    ...     path = write_report([menu], Path(folder) / "frames.html")
    ...     "1 of 1 frames are as expected" in path.read_text()
    True
    """
    ordered = sorted(records, key=lambda record: (_ORDER.index(record.status), record.test, record.name))
    good = sum(record.status == "same" for record in records)
    with whole_file(path) as partial, partial.open("w", encoding="utf-8", newline="\n") as file:
        file.write(_HEAD)
        file.write(f"<h1>{good} of {len(records)} frames are as expected</h1>\n")
        file.write('<nav><label><input type="checkbox" id="fewer"> hide those that are</label></nav>\n')
        for record in ordered:
            file.write(_article(record))
        file.write(_TAIL)
    return Path(path)


def _article(record: FrameRecord) -> str:
    why = f'<p class="why">{escape(record.why)}</p>' if record.why else ""
    return (
        f'<article data-status="{record.status}" style="--width: {_width(record.actual)}px">\n'
        f'<h2>{escape(record.name)} <span class="status {record.status}">{record.status}</span></h2>\n'
        f'<p class="test">{escape(record.test)}</p>{why}\n<div class="pictures">{_pictures(record)}</div>\n</article>\n'
    )


def _pictures(record: FrameRecord) -> str:
    if record.expected is None or record.status in ("same", "written"):
        return _figure("as it is", record.actual)
    slider = (
        f'<figure><div class="slider" style="--at: 50%">{_image(record.actual, "actual")}'
        f'<div class="top">{_image(record.expected, "expected")}</div><div class="line"></div></div>'
        '<input type="range" min="0" max="100" value="50" aria-label="expected to the left, actual to the right">'
        "<figcaption>expected | actual</figcaption></figure>"
    )
    rest = [("expected", record.expected), ("actual", record.actual), ("difference", record.difference)]
    return slider + "".join(_figure(name, data) for name, data in rest if data)


def _figure(name: str, data: bytes) -> str:
    return f"<figure>{_image(data, name)}<figcaption>{name}</figcaption></figure>"


def _image(data: bytes, name: str) -> str:
    return f'<img alt="{name}" src="data:image/png;base64,{base64.b64encode(data).decode()}">'


def _width(data: bytes) -> int:
    """A picture is shown at least 240 pixels wide, in whole multiples of its own width."""
    width = int.from_bytes(data[16:20], "big") or 1  # IHDR
    return width * max(1, -(-240 // width))
