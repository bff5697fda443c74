"""``twins info``: what a firmware image holds."""

from __future__ import annotations

import argparse
import hashlib
import json
from typing import Any

from twins.espimage import Content, FlashPart, contents
from twins.image import TARGETS, Image, chip_of


def info(options: argparse.Namespace) -> int:
    """Prints the image; 0."""
    image = Image.load(options.image, chip_of(options.image))
    flash = _flash_contents(image)
    data: dict[str, Any] = {
        "path": str(image.path),
        "kind": image.kind,
        "chip": image.chip,
        "bytes": image.size,
        "sha256": hashlib.sha256(image.path.read_bytes()).hexdigest() if image.path.is_file() else None,
        "entry": image.entry,
        "segments": [{"address": segment.address, "bytes": len(segment.data)} for segment in image.segments],
        "symbols": len(image.symbols),
        "contents": [_as_object(content) for content in flash],
    }
    if options.json:
        print(json.dumps(data))
        return 0
    kind = "build folder" if image.kind == "build" else image.kind.upper()
    print(f"{image.path}: {kind} for {TARGETS[image.chip].title}, {image.size} bytes, {len(image.symbols)} symbols")
    for segment in image.segments:
        print(f"  0x{segment.address:08x} .. 0x{segment.end:08x}  {len(segment.data):8} bytes")
    if image.entry is not None:
        print(f"  entry 0x{image.entry:08x} {image.symbols.name(image.entry) if image.symbols else ''}".rstrip())
    for content in flash:
        print(f"  {content.label:16} at 0x{content.offset:06x}, {content.size >> 10:5} KB  {_about(content)}".rstrip())
    return 0


def _flash_contents(image: Image) -> list[Content]:
    """The bootloader and the partitions of an image for the flash of an ESP32-S3."""
    if image.chip != "esp32s3" or image.entry is not None:
        return []
    return contents(FlashPart(segment.address, segment.data, str(image.path)) for segment in image.segments)


def _about(content: Content) -> str:
    if content.app is None:
        return ""
    about, words = content.description, ""
    if about is not None:
        said = [f"{about.project or 'unnamed'} {about.version}".rstrip()]
        said += [f"ESP-IDF {about.idf}"] if about.idf else []
        said += [f"built {about.built}"] if about.built.strip() else []
        words = ", ".join(said) + "; "
    return f"{words}entry 0x{content.app.entry:08x}, {len(content.app.segments)} segments"


def _as_object(content: Content) -> dict[str, Any]:
    about = content.description
    return {
        "label": content.label,
        "offset": content.offset,
        "bytes": content.size,
        "entry": content.app.entry if content.app else None,
        "project": about.project if about else None,
        "version": about.version if about else None,
        "idf": about.idf if about else None,
        "built": about.built if about else None,
    }
