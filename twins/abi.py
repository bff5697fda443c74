"""How C passes values on both chips: types by name, as words, and pointers into the memory of a twin.

Authorities: Procedure Call Standard for the Arm Architecture (AAPCS32) 5 and 6, Xtensa ISA RM 8.1. Integers of up to 32
bits take a word, extended by who passes them; 64 bits take two, of which the first is an even one; floating-point
values go as their bits.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from twins.errors import UsageError
from twins.units import SECOND, Duration, Time, ps

if TYPE_CHECKING:
    from twins.twin import Twin

Value = int | float | bool
"""What goes into a function, and comes out of it."""


@dataclass(frozen=True)
class Type:
    """How C passes a value: so many words, packed and unpacked by `struct` from little-endian bytes."""

    words: int
    form: str


TYPES: Mapping[str, Type] = {
    "u8": Type(1, "B"),
    "i8": Type(1, "b"),
    "u16": Type(1, "H"),
    "i16": Type(1, "h"),
    "u32": Type(1, "I"),
    "i32": Type(1, "i"),
    "bool": Type(1, "?"),
    "ptr": Type(1, "I"),
    "cstr": Type(1, "I"),
    "u64": Type(2, "Q"),
    "i64": Type(2, "q"),
    "float": Type(1, "f"),
    "double": Type(2, "d"),
}


def type_of(name: str) -> Type:
    try:
        return TYPES[name]
    except KeyError:
        raise UsageError(f"{name!r} is no type of an argument: expected {', '.join(TYPES)}") from None


def words_of(name: str, value: object) -> list[int]:
    """A value as words. Integers may be given signed or unsigned."""
    kind = type_of(name)
    if isinstance(value, Pointer):
        value = value.address
    if not isinstance(value, (int, float)):
        raise UsageError(f"{value!r} is no {name}: expected a number")
    if kind.form in "fd":
        data = struct.pack("<" + kind.form, value)
    elif isinstance(value, float):
        raise UsageError(f"{value!r} is no {name}: expected an integer")
    else:
        bits = 32 * kind.words
        if not -(1 << bits - 1) <= value < 1 << bits:
            raise UsageError(f"{value!r} does not fit into {bits} bits")
        data = (value % (1 << bits)).to_bytes(bits // 8, "little")
    return [word for (word,) in struct.iter_unpack("<I", data.ljust(4 * kind.words, b"\0"))]


def value_of(name: str, words: Sequence[int]) -> Value:
    kind = type_of(name)
    data = b"".join(word.to_bytes(4, "little") for word in words)
    if kind.form == "?":
        return data[0] != 0
    value: Value = struct.unpack_from("<" + kind.form, data)[0]
    return value


class Pointer:
    """A place in the memory of the twin, as firmware points to it: readable, writable where it is RAM, checked.

    ``p.read(6)``, ``p.write(b"...")``, ``p[2:8]``, ``p[0] = 3``, ``p.u32(4)``, ``p.cstring()``; false when it is NULL.
    `sized` gives the same place with a length that reads and writes must keep to.

    >>> from twins import Twin
    >>> with Twin("pico", image="firmware/images/idle.elf") as pico:
    ...     place = Pointer(pico, 0x2003_0000, size=8)
    ...     place.write(b"AB\\0"); place[0:2], place.u8(1), place.cstring()
    (b'AB', 66, b'AB')
    """

    def __init__(self, twin: Twin, address: int, size: int | None = None) -> None:
        self._twin = twin
        self.address = address
        self.size = size

    def sized(self, size: int) -> Pointer:
        """The same place, so many bytes of it."""
        return Pointer(self._twin, self.address, size)

    def _check(self, offset: int, count: int, what: str) -> int:
        if not self.address:
            raise UsageError(f"{what} of {count} bytes through a NULL pointer")
        if self.size is not None and not 0 <= offset <= offset + count <= self.size:
            raise UsageError(
                f"{what} of {count} bytes at offset {offset} of the {self.size} bytes at 0x{self.address:08x}"
            )
        return self.address + offset

    def read(self, count: int, offset: int = 0) -> bytes:
        """`count` bytes. Raises `UsageError` where there is no memory, or outside of the length."""
        return self._twin.memory.read(self._check(offset, count, "a read"), count)

    def write(self, data: bytes, offset: int = 0) -> None:
        """Writes RAM. Raises `UsageError` elsewhere, and then nothing is written."""
        address = self._check(offset, len(data), "a write")
        self._twin.memory.read(address, len(data))
        self._twin.memory.write(address, bytes(data))

    def cstring(self, most: int = 4096) -> bytes:
        """The bytes before the first zero."""
        found = bytearray()
        while len(found) < most:
            byte = self.read(1, len(found))
            if byte == b"\0":
                return bytes(found)
            found += byte
        raise UsageError(f"no C string at 0x{self.address:08x}: no zero within {most} bytes")

    def u8(self, offset: int = 0) -> int:
        """The byte there."""
        return self.read(1, offset)[0]

    def u16(self, offset: int = 0) -> int:
        """The little-endian half-word there."""
        return int.from_bytes(self.read(2, offset), "little")

    def u32(self, offset: int = 0) -> int:
        """The little-endian word there."""
        return int.from_bytes(self.read(4, offset), "little")

    def pointer(self, offset: int = 0) -> Pointer:
        """The pointer that is kept there."""
        return Pointer(self._twin, self.u32(offset))

    def _span(self, index: int | slice) -> tuple[int, int]:
        if isinstance(index, int):
            return index, 1
        start, stop = index.start or 0, index.stop if index.stop is not None else self.size
        if stop is None or index.step not in (None, 1) or not 0 <= start <= stop:
            raise UsageError("a slice of a pointer is [start:stop] with 0 <= start <= stop")
        return start, stop - start

    def __getitem__(self, index: int | slice) -> Any:
        offset, count = self._span(index)
        data = self.read(count, offset)
        return data[0] if isinstance(index, int) else data

    def __setitem__(self, index: int | slice, value: int | bytes) -> None:
        offset, count = self._span(index)
        data = bytes([value]) if isinstance(value, int) else bytes(value)
        if len(data) != count:
            raise UsageError(f"{len(data)} bytes do not fill {count}")
        self.write(data, offset)

    def __add__(self, offset: int) -> Pointer:
        return Pointer(self._twin, self.address + offset, None if self.size is None else max(0, self.size - offset))

    def __int__(self) -> int:
        return self.address

    __index__ = __int__

    def __bool__(self) -> bool:
        return self.address != 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, (int, Pointer)) and int(other) == self.address

    def __hash__(self) -> int:
        return hash(self.address)

    def __repr__(self) -> str:
        return f"<Pointer 0x{self.address:08x} ({self._twin.symbols.name(self.address)})>"


def cycles(cost: Time | int, clock: int) -> int:
    """A cost in cycles: a number of them, or a time at a clock in Hz.

    >>> cycles(7, 125_000_000), cycles("2us", 125_000_000)
    (7, 250)
    """
    if isinstance(cost, int) and not isinstance(cost, Duration):
        if cost < 0:
            raise UsageError(f"a cost of {cost} cycles: expected 0 or more")
        return cost
    return round(ps(cost) * clock / SECOND)
