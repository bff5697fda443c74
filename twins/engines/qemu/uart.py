"""A UART of the machine: what it sends is in a file, of which nothing is lost, and what it gets comes by a pipe."""

from __future__ import annotations

from pathlib import Path

from twins.engines.qemu.clock import quoted
from twins.engines.qemu.process import Process
from twins.errors import EngineFailed


class Uart:
    """One of them."""

    def __init__(self, name: str, process: Process) -> None:
        self.name = name
        self._path = process.folder / name
        self._typing = process.pipe(f"{name}.in")
        self._read = 0

    def arguments(self) -> list[str]:
        """What QEMU is started with."""
        files = f"path={quoted(self._path)},input-path={quoted(self._typing.path)}"
        return ["-chardev", f"file,id={self.name},{files}", "-serial", f"chardev:{self.name}"]

    def type(self, data: bytes) -> None:
        """It waits in the pipe, and what that has no room for, here."""
        self._typing.put(data)

    def take(self) -> bytes:
        """What it has sent since the last look; and what waits goes on its way."""
        self._typing.put(b"")
        try:
            with Path(self._path).open("rb") as file:
                file.seek(self._read)
                data = file.read()
        except OSError as error:
            raise EngineFailed(
                f"the output of {self.name} cannot be read from {self._path}: {error.strerror}"
            ) from None
        self._read += len(data)
        return data
