"""The flash chip of a twin, as its programmer sees it."""

from __future__ import annotations

from pathlib import Path

from twins.engines.engine import EngineApi
from twins.errors import UsageError
from twins.files import whole_file

ID_SIZE = 8
"""Bytes of the serial number that serial NOR flash answers to Read Unique ID (W25Q16JV data sheet, 8.2.32)."""


class Flash:
    """``twin.flash``: the contents, and the serial number from which firmware makes its own.

    >>> from twins import Twin
    >>> with Twin("pico", unique_id="e660583883724a32") as pico:
    ...     pico.flash.unique_id.hex(), len(pico.flash.read())
    ('e660583883724a32', 2097152)
    """

    def __init__(self, engine: EngineApi) -> None:
        self._engine = engine

    @property
    def unique_id(self) -> bytes:
        """The chip's serial number, 8 bytes. It can be set."""
        return self._engine.unique_id

    @unique_id.setter
    def unique_id(self, value: bytes) -> None:
        self.set_unique_id(value)

    def set_unique_id(self, value: bytes | str) -> None:
        """Gives the chip a serial number, as bytes or in hexadecimal digits."""
        self._engine.unique_id = unique_id(value)

    def read(self) -> bytes:
        """All cells."""
        return self._engine.read_flash()

    def save(self, path: str | Path) -> None:
        """Writes the cells to a file, whole or not at all."""
        with whole_file(path) as partial:
            partial.write_bytes(self.read())


def unique_id(value: bytes | str) -> bytes:
    """A serial number from bytes or hexadecimal digits. Raises `UsageError`."""
    try:
        data = bytes.fromhex(value) if isinstance(value, str) else bytes(value)
    except ValueError:
        data = b""
    if len(data) != ID_SIZE:
        raise UsageError(
            f"a flash chip's unique id is {ID_SIZE} bytes, or {2 * ID_SIZE} hexadecimal digits, not {value!r}"
        )
    return data
