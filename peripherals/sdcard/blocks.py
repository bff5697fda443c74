"""The cells of a memory card: only what was written is kept, so that a card of gigabytes costs nothing."""

from __future__ import annotations

import mmap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twins.errors import UsageError
from twins.files import whole_file

BLOCK = 512


class Blocks:
    """Cells of a card, 0 where nobody wrote.

    Args:
        size: bytes in all.
        base: what they hold at first, bytes or the path of an image file, which is never written to; what it is shorter
            than `size` is 0.

    >>> cells = Blocks(1 << 30, b"MBR"); cells.write(510, b"\\x55\\xaa!")
    >>> cells.read(0, 4), cells.read(509, 5)
    (b'MBR\\x00', b'\\x00U\\xaa!\\x00')
    """

    def __init__(self, size: int, base: bytes | bytearray | str | Path = b"") -> None:
        self.size = size
        self._base: bytes | mmap.mmap = _mapped(Path(base)) if isinstance(base, str | Path) else bytes(base)
        if len(self._base) > size:
            raise UsageError(f"an image of {len(self._base)} bytes does not fit on a card of {size}")
        self._written: dict[int, bytes] = {}

    def __deepcopy__(self, memo: Mapping[int, Any]) -> Blocks:
        copy = Blocks.__new__(Blocks)
        copy.size, copy._base, copy._written = self.size, self._base, dict(self._written)
        return copy

    def _block(self, number: int) -> bytes:
        found = self._written.get(number)
        if found is None:
            found = self._base[number * BLOCK : (number + 1) * BLOCK].ljust(BLOCK, b"\0")
        return found

    def read(self, address: int, count: int) -> bytes:
        """`count` bytes from an address on."""
        self._check(address, count)
        first, last = address // BLOCK, (address + count + BLOCK - 1) // BLOCK
        data = b"".join(self._block(number) for number in range(first, last))
        return data[address % BLOCK :][:count]

    def write(self, address: int, data: bytes | bytearray) -> None:
        """Bytes from an address on."""
        self._check(address, len(data))
        while data:
            number, offset = divmod(address, BLOCK)
            part = bytes(data[: BLOCK - offset])
            if len(part) < BLOCK:
                old = self._block(number)
                self._written[number] = old[:offset] + part + old[offset + len(part) :]
            else:
                self._written[number] = part
            address, data = address + len(part), data[len(part) :]

    def erase(self, first: int, last: int) -> None:
        """Blocks `first` to `last` are 0."""
        kept = [number for number in self._written if first <= number <= last]
        in_base = range(first, min(last + 1, -(-len(self._base) // BLOCK)))
        self._written.update(dict.fromkeys([*kept, *in_base], bytes(BLOCK)))

    def save(self, path: str | Path) -> None:
        """Writes all cells to an image file, whole or not at all; runs of 0 behind the last written block are holes."""
        with whole_file(path) as partial, partial.open("wb") as file:
            for start in range(0, len(self._base), 1 << 20):
                file.write(self._base[start : start + (1 << 20)])
            for number, data in sorted(self._written.items()):
                file.seek(number * BLOCK)
                file.write(data)
            file.truncate(self.size)

    def _check(self, address: int, count: int) -> None:
        if address < 0 or address + count > self.size:
            raise UsageError(f"{count} bytes at {address}: the card has {self.size}")


def _mapped(path: Path) -> bytes | mmap.mmap:
    try:
        with path.open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if path.stat().st_size else b""
    except OSError as error:
        raise UsageError(f"card image {path}: {error.strerror}") from None
