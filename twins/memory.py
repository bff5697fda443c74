"""The memory of a twin as a debugger sees it."""

from __future__ import annotations

from twins.engines.engine import EngineApi
from twins.errors import UsageError
from twins.symbols import Symbol, Symbols

Address = int | str | Symbol


class TwinMemory:
    """Reads and writes memory without side effects, by address or by the name of a symbol.

    ``twin.memory.u32("tick_count")``, ``twin.memory.read(0x20000000, 16)``.

    >>> from twins import Twin
    >>> with Twin("pico", image="firmware/images/idle.elf") as pico:
    ...     pico.memory.write(0x2003_0000, b"\\x39\\x05\\x00\\x00"); pico.memory.u32(0x2003_0000)
    1337
    """

    def __init__(self, engine: EngineApi, symbols: Symbols) -> None:
        self._engine = engine
        self._symbols = symbols

    def address(self, where: Address) -> int:
        """The address of a symbol, or the address itself."""
        return int(self._symbols[where]) if isinstance(where, str) else int(where)

    def read(self, where: Address, count: int) -> bytes:
        """`count` bytes. Raises `UsageError` where there is no memory."""
        address = self.address(where)
        data = self._engine.read(address, count)
        if data is None:
            raise UsageError(f"there is no memory at 0x{address:08x} to 0x{address + count:08x}")
        return data

    def write(self, where: Address, data: bytes) -> None:
        """Writes RAM. Raises `UsageError` elsewhere."""
        address = self.address(where)
        if not self._engine.write(address, data):
            raise UsageError(f"there is no RAM at 0x{address:08x} to 0x{address + len(data):08x}")

    def u8(self, where: Address) -> int:
        """The byte there."""
        return self.read(where, 1)[0]

    def u16(self, where: Address) -> int:
        """The little-endian half-word there."""
        return int.from_bytes(self.read(where, 2), "little")

    def u32(self, where: Address) -> int:
        """The little-endian word there."""
        return int.from_bytes(self.read(where, 4), "little")
