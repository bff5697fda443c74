"""A client of QEMU's GDB server (GDB manual, appendix E): processors, memory, breakpoints, running and stopping.

Registers go by the numbers of `twins.gdb.registers`, which are those of Espressif's GDB for this chip.
"""

from __future__ import annotations

from dataclasses import dataclass

from twins.engines.qemu.process import Line, Process
from twins.errors import EngineFailed
from twins.gdb.registers import LAYOUTS
from twins.gdb.rsp import INTERRUPT, Framing, packet

LAYOUT = LAYOUTS["esp32s3"]
NUMBERS = {register.engine: number for number, register in enumerate(LAYOUT.registers) if register.engine}
"""By the engine's names: "pc", "ar0", "sr72", …"""
WORDS = next(number for number, register in enumerate(LAYOUT.registers) if register.bits != 32)
"""So many registers at the beginning of a g packet have a word each."""
MOST = 1024
"""Bytes of memory in a packet; QEMU's takes twice as many digits."""


@dataclass(frozen=True)
class Stopped:
    """The machine stands still: a signal of GDB's, and the processor that it concerns."""

    signal: int
    core: int
    watched: int | None = None
    """The address of an access that somebody watches for."""


class Gdb:
    """The conversation. The machine stands still while anything but `stopped` is asked."""

    def __init__(self, line: Line, process: Process) -> None:
        self.line = line
        self._process = process
        self._framing = Framing()
        self._packets: list[bytes] = []
        self.ask("qSupported")
        self.ask("?")
        self._threads = self._list_threads()
        self._kept: dict[int, bytes] = {}

    def _send(self, body: str) -> None:
        self.line.send(packet(body.encode("ascii")))

    def _feed(self, data: bytes) -> None:
        for body, acknowledgement in self._framing.feed(data):
            self.line.send(acknowledgement)
            if body is not None:
                self._packets.append(body)

    def _next(self, what: str) -> bytes:
        while not self._packets:
            self._feed(self._process.wait_for(self.line, what))
        return self._packets.pop(0)

    def ask(self, body: str) -> str:
        """A packet, and its answer."""
        self._send(body)
        return self._next(f"an answer to {body[:40]}").decode("latin-1")

    def _list_threads(self) -> list[str]:
        found: list[str] = []
        answer = self.ask("qfThreadInfo")
        while answer.startswith("m"):
            found += answer[1:].split(",")
            answer = self.ask("qsThreadInfo")
        if not found:
            raise EngineFailed("QEMU shows its debugger no processor")
        return found

    @property
    def cores(self) -> int:
        """How many processors there are."""
        return len(self._threads)

    # Running

    def go(self, step: int | None = None) -> None:
        """Lets all run; with `step` that core executes one instruction, and the others none."""
        self._kept.clear()
        self._send("vCont;c" if step is None else f"vCont;s:{self._threads[step]}")

    def interrupt(self) -> None:
        """Asks for standing still; `stopped` tells when it does."""
        self.line.send(INTERRUPT)

    def stopped(self) -> Stopped | None:
        """Why it has come to stand still, if it has."""
        self._feed(self.line.take())
        return self._stop(self._packets.pop(0)) if self._packets else None

    def wait_stopped(self) -> Stopped:
        """Why it has come to stand still."""
        return self._stop(self._next("its standing still"))

    def _stop(self, body: bytes) -> Stopped:
        text = body.decode("latin-1")
        if text[:1] not in "TS":
            raise EngineFailed(f"QEMU's debugger said {text[:40]!r} where it was to say why it stands still")
        said = dict(pair.partition(":")[::2] for pair in text[3:].split(";"))
        core = self._threads.index(said["thread"]) if said.get("thread") in self._threads else 0
        watched = next((int(said[name], 16) for name in ("watch", "rwatch", "awatch") if name in said), None)
        return Stopped(int(text[1:3], 16), core, watched)

    def forget(self) -> None:
        """Registers have changed without its doing."""
        self._kept.clear()

    # Breakpoints

    def set_breakpoint(self, address: int, on: bool) -> None:
        """Stops before the instruction there."""
        if self.ask(f"{'Z' if on else 'z'}0,{address:x},3") != "OK":
            raise EngineFailed(f"QEMU refused a breakpoint at 0x{address:08x}")

    def watch(self, on: bool, address: int, count: int, loads: bool, stores: bool) -> bool:
        """Stops behind an access to these bytes; False where that cannot be."""
        kind = {(False, True): 2, (True, False): 3, (True, True): 4}.get((loads, stores))
        return kind is not None and self.ask(f"{'Z' if on else 'z'}{kind},{address:x},{count:x}") == "OK"

    # Registers and memory

    def _registers(self, core: int) -> bytes:
        if core not in self._kept:
            self.ask(f"Hg{self._threads[core]}")
            self._kept[core] = bytes.fromhex(self.ask("g").replace("x", "0"))
        return self._kept[core]

    def register(self, core: int, name: str) -> int | None:
        """A register by the engine's name; None where there is none."""
        number = NUMBERS.get(name)
        if number is None:
            return None
        data = self._registers(core)
        if number < WORDS:
            return int.from_bytes(data[4 * number : 4 * number + 4], "little")
        answer = self.ask(f"p{number:x}")
        return None if answer.startswith("E") or not answer else int.from_bytes(bytes.fromhex(answer), "little")

    def set_register(self, core: int, name: str, value: int) -> bool:
        """Sets a register; False where there is none."""
        number = NUMBERS.get(name)
        if number is None:
            return False
        # Reading first makes QEMU write back the window that it works on, over which it would put the former one.
        self._registers(core)
        self.ask(f"Hg{self._threads[core]}")
        self._kept.pop(core, None)
        size = LAYOUT.registers[number].bits // 8
        data = (value % (1 << 8 * size)).to_bytes(size, "little")
        return self.ask(f"P{number:x}={data.hex()}") == "OK"

    def read(self, address: int, count: int) -> bytes | None:
        """Memory as the first processor sees it."""
        found = b""
        while len(found) < count:
            answer = self.ask(f"m{address + len(found):x},{min(MOST, count - len(found)):x}")
            if answer.startswith("E") or not answer:
                return None
            found += bytes.fromhex(answer)
        return found

    def write(self, address: int, data: bytes) -> bool:
        """Writes memory; False where there is none."""
        for start in range(0, len(data), MOST):
            part = data[start : start + MOST]
            if self.ask(f"M{address + start:x},{len(part):x}:{part.hex()}") != "OK":
                return False
        return True
