"""A client of QEMU's machine protocol: JSON, a line each way (QEMU, docs/interop/qmp-spec)."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from typing import Any

from twins.engines.qemu.process import Line, Process
from twins.errors import EngineFailed


class Qmp:
    """Commands, their answers, and the events that come between."""

    def __init__(self, line: Line, process: Process) -> None:
        self.line = line
        self._process = process
        self._rest = b""
        self.events: deque[dict[str, Any]] = deque()
        """What QEMU told by itself, the oldest first."""
        self._next("its greeting")
        self.execute("qmp_capabilities")

    def execute(self, command: str, **arguments: Any) -> Any:
        """What a command gives back. Raises `EngineFailed`."""
        self._ask(command, arguments)
        return self._answer(command)

    def set_properties(self, path: str, *properties: tuple[str, Any]) -> None:
        """Sets properties of an object, one after the other, without waiting between them."""
        for name, value in properties:
            self._ask("qom-set", {"path": path, "property": name, "value": value})
        for _ in properties:
            self._answer("qom-set")

    def _ask(self, command: str, arguments: Mapping[str, Any]) -> None:
        request = {"execute": command, "arguments": arguments} if arguments else {"execute": command}
        self.line.send(json.dumps(request).encode() + b"\n")

    def _answer(self, command: str) -> Any:
        while True:
            said = self._next(f"an answer to {command}")
            if "return" in said:
                return said["return"]
            if "error" in said:
                raise EngineFailed(f"QEMU refused {command}: {said['error']['desc']}")

    def take(self) -> None:
        """Takes what has come by now."""
        self._rest += self.line.take()
        while b"\n" in self._rest:
            self._sort(self._one())

    def _one(self) -> dict[str, Any]:
        text, _, self._rest = self._rest.partition(b"\n")
        try:
            said: dict[str, Any] = json.loads(text)
        except ValueError:
            raise EngineFailed(f"QEMU said {text[:80]!r} where JSON was expected") from None
        return said

    def _sort(self, said: dict[str, Any]) -> bool:
        """False: it was an event."""
        if "event" in said:
            self.events.append(said)
            return False
        return True

    def _next(self, what: str) -> dict[str, Any]:
        while True:
            while b"\n" in self._rest:
                said = self._one()
                if self._sort(said):
                    return said
            self._rest += self._process.wait_for(self.line, what)
