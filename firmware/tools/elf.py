"""The loadable bytes of an ELF32 file, by the address they are stored at (p_paddr)."""

from __future__ import annotations

import struct
from pathlib import Path

PT_LOAD = 1


def load_segments(path: Path) -> list[tuple[int, bytes]]:
    """Return (address, bytes) of every loadable segment that has bytes in the file."""
    data = path.read_bytes()
    if data[:6] != b"\x7fELF\x01\x01":
        raise SystemExit(f"{path}: not a little-endian ELF32 file")
    phoff, phentsize, phnum = struct.unpack_from("<28xI10xHH", data, 0)
    segments = []
    for i in range(phnum):
        kind, offset, _vaddr, paddr, filesz = struct.unpack_from("<5I", data, phoff + i * phentsize)
        if kind == PT_LOAD and filesz:
            segments.append((paddr, data[offset : offset + filesz]))
    return sorted(segments)


def entry(path: Path) -> int:
    """Return the address at which the file's program starts."""
    (address,) = struct.unpack_from("<24xI", path.read_bytes())
    return int(address)
