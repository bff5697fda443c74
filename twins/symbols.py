"""Symbols of an ELF file: addresses by name, and names by address for reports."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from twins.errors import UsageError


@dataclass(frozen=True)
class Symbol:
    """A function or an object of the firmware; as a number, its address.

    >>> hex(Symbol("tick_count", 0x20000000, 4, False))
    '0x20000000'
    """

    name: str
    address: int
    size: int
    is_function: bool

    def __int__(self) -> int:
        return self.address

    __index__ = __int__


class Symbols(Mapping[str, Symbol]):
    """The symbols of an image; empty where no ELF was given.

    `thumb`: bit 0 of a code address is no part of it (ARM). Instructions of Xtensa begin at odd addresses as well.

    >>> symbols = Symbols([Symbol("main", 0x10000200, 16, True), Symbol("count", 0x20000000, 4, False)])
    >>> hex(symbols["main"].address), symbols.name(0x10000204)
    ('0x10000200', 'main+0x4')
    """

    def __init__(self, symbols: Iterable[Symbol] = (), *, thumb: bool = True) -> None:
        self._code = ~1 if thumb else ~0
        self._by_name = {symbol.name: symbol for symbol in symbols}
        self._functions = sorted((s for s in self._by_name.values() if s.is_function), key=lambda s: s.address)
        self._starts = [symbol.address for symbol in self._functions]

    def __getitem__(self, name: str) -> Symbol:
        try:
            return self._by_name[name]
        except KeyError:
            import difflib

            close = difflib.get_close_matches(name, self._by_name, n=3)
            hint = f"; did you mean {', '.join(close)}?" if close else ""
            if not self._by_name:
                hint = "; the image has no symbols: give its .elf file with elf="
            raise UsageError(f"there is no symbol {name!r}{hint}") from None

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    def function_at(self, address: int) -> Symbol | None:
        """The function whose code contains the address."""
        index = bisect.bisect_right(self._starts, address) - 1
        if index < 0:
            return None
        found = self._functions[index]
        return found if address < found.address + max(found.size, 2) else None

    def name(self, address: int) -> str:
        """The address in words: ``main+0x4``, or in hexadecimal where no function is known."""
        found = self.function_at(address & self._code)
        if found is None:
            return f"0x{address:08x}"
        offset = (address & self._code) - found.address
        return f"{found.name}+0x{offset:x}" if offset else found.name
