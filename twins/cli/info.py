"""``twins info``: what a firmware image holds."""

from __future__ import annotations

import argparse
import hashlib
import json

from twins.image import Image


def info(options: argparse.Namespace) -> int:
    """Prints the image; 0."""
    image = Image.load(options.image)
    data = {
        "path": str(image.path),
        "kind": image.kind,
        "chip": image.chip,
        "bytes": image.size,
        "sha256": hashlib.sha256(image.path.read_bytes()).hexdigest(),
        "entry": image.entry,
        "segments": [{"address": segment.address, "bytes": len(segment.data)} for segment in image.segments],
        "symbols": len(image.symbols),
    }
    if options.json:
        print(json.dumps(data))
        return 0
    print(
        f"{image.path}: {image.kind.upper()} for {image.chip.upper()}, {image.size} bytes, {len(image.symbols)} symbols"
    )
    for segment in image.segments:
        print(f"  0x{segment.address:08x} .. 0x{segment.end:08x}  {len(segment.data):8} bytes")
    if image.entry is not None:
        print(f"  entry 0x{image.entry:08x} {image.symbols.name(image.entry) if image.symbols else ''}".rstrip())
    return 0
