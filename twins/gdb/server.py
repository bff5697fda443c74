"""GDB's remote serial protocol: what each packet does (GDB manual, appendix E)."""

from __future__ import annotations

import logging
import selectors
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from twins.errors import UsageError
from twins.gdb.rsp import INTERRUPT, LONGEST, Framing, escape, packet, unescape
from twins.gdb.target import CORES, SIGTRAP, Halt, Target, Watchpoint
from twins.servers import hang_up_after, listen

if TYPE_CHECKING:
    from twins.twin import Twin

log = logging.getLogger("twins")

CHUNK = 65536
MOST = LONGEST // 2 - 16
"""Bytes of memory in one packet."""
WATCH_KINDS = {2: "watch", 3: "rwatch", 4: "awatch"}
FEATURES = (
    f"PacketSize={LONGEST:x};QStartNoAckMode+;vContSupported+;qXfer:features:read+;qXfer:threads:read+;"
    "error-message+;hwbreak-;swbreak-"
)
HELP = """reset: the chip's reset pin; halts before the first instruction
halt: halts, where GDB believes that the twin runs
info: time, cores, and what was touched that is not modelled
"""


class GdbServer:
    """A twin for a debugger, on a TCP port of this machine alone.

    With a debugger connected the twin runs when the debugger lets it; without one it runs as if there were no server,
    or, with `wait`, not before one has come. Somebody must run the twin: `Twin.run` comes back when its time is over.

    >>> from twins import Twin
    >>> with Twin("pico", image="firmware/images/idle.elf") as pico:
    ...     GdbServer(pico).address[0]
    '127.0.0.1'
    """

    def __init__(self, twin: Twin, port: int = 0, *, wait: bool = False) -> None:
        if twin.live.debugger is not None:
            raise UsageError(f"there is a server for debuggers already: {twin.live.debugger}")
        self.target = Target(twin, self._halted)
        self.target.halted = wait
        self.killed = False
        self._connection: socket.socket | None = None
        self._framing = Framing()
        self._unsent = bytearray()
        self._core = {"g": 0, "c": 0}
        self._last = Halt(SIGTRAP, 0)
        self._reply_on_halt: Callable[[Halt], bytes] | None = None
        self._selector: selectors.BaseSelector | None = None
        self._listener = listen(port, "a debugger")
        self._open = hang_up_after(self, self._listener)
        self.address: tuple[str, int] = self._listener.getsockname()
        twin.live.add(self)
        twin.live.debugger = self

    @property
    def connected(self) -> bool:
        """Is a debugger there?"""
        return self._connection is not None

    @property
    def halted(self) -> bool:
        """Does the twin stand still?"""
        return self.target.halted

    # The connection

    def start(self, selector: selectors.BaseSelector) -> None:
        """Waits for a debugger."""
        self._selector = selector
        selector.register(self._listener, selectors.EVENT_READ, self._accept)

    def _accept(self) -> None:
        try:
            connection, peer = self._listener.accept()
        except OSError:  # it was there, and left before we came to it
            return
        if self._connection is not None:
            log.warning("a second debugger from %s:%d is turned away", *peer)
            connection.close()
            return
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._open.add(connection)
        self._connection, self._framing = connection, Framing()
        self._unsent.clear()
        self._reply_on_halt = None
        assert self._selector is not None
        self._selector.register(connection, selectors.EVENT_READ, self._receive)
        self.target.halt()

    def _receive(self) -> None:
        assert self._connection is not None
        try:
            data = self._connection.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._drop()
            return
        for body, sign in self._framing.feed(data):
            self._unsent += sign
            if body == INTERRUPT:
                if not self.target.halted:
                    self.target.halt(self._core["g"])
            elif body is not None:
                self._answer(body)
            if self._connection is None:
                return
        self.poll()

    def _answer(self, body: bytes) -> None:
        try:
            answer = self._carry_out(body)
        except (ValueError, IndexError, KeyError) as error:
            log.warning("the debugger sent what cannot be understood: %r: %s", body[:40], error)
            answer = b"E01"
        if answer is not None:
            self._send(answer)

    def _send(self, body: bytes) -> None:
        self._unsent += packet(body)

    def poll(self) -> None:
        """Sends what waits."""
        while self._unsent and self._connection is not None:
            try:
                del self._unsent[: self._connection.send(self._unsent)]
            except BlockingIOError:
                return
            except OSError:
                self._drop()

    def _drop(self) -> None:
        """The debugger is gone; the twin runs on without it."""
        if self._connection is not None:
            if self._selector is not None:
                self._selector.unregister(self._connection)
            self._open.discard(self._connection)
            self._connection.close()
            self._connection = None
            self.target.release()

    def close(self) -> None:
        """Ends it: the debugger sees the program exit."""
        if self._connection is not None:
            if self._reply_on_halt is not None:
                self._send(b"W00")
            self.poll()
        self._drop()
        if self._selector is not None:
            self._selector.unregister(self._listener)
        self._listener.close()
        self.target.twin.live.debugger = None

    # The twin

    def go(self, until: int) -> tuple[str, int, int, str]:
        """Runs the engine as the debugger wants it."""
        return self.target.go(until)

    def stopped(self, stop: tuple[str, int, int, str]) -> bool:
        """The engine came back with this. True: that is the debugger's."""
        return self.connected and self.target.stopped(stop)

    def _halted(self, halt: Halt) -> None:
        self._last = halt
        self._core = {"g": halt.core, "c": halt.core}
        if self._reply_on_halt is not None:
            if halt.text:
                self._say(halt.text + "\n")
            reply, self._reply_on_halt = self._reply_on_halt, None
            self._send(reply(halt))

    def _say(self, text: str) -> None:
        """Something for the person at the debugger."""
        for start in range(0, len(text), MOST):
            self._send(b"O" + text[start : start + MOST].encode().hex().encode())

    def _why(self, halt: Halt) -> bytes:
        reason = f"T{halt.signal:02x}thread:{halt.core + 1:x};core:{halt.core:x};"
        if halt.watchpoint is not None:
            reason += f"{WATCH_KINDS[halt.watchpoint.kind]}:{halt.address:x};"
        return reason.encode()

    # Packets

    def _carry_out(self, body: bytes) -> bytes | None:
        """The answer to a packet; empty where the packet is not known, None where it comes later or never."""
        head, rest = body[:1].decode("latin-1"), body[1:]
        if head in "XM" and head:
            return self._write_memory(rest, binary=head == "X")
        text = rest.decode("latin-1")
        if not self.target.halted and head not in "?qQ":
            return b"E.the twin runs"
        match head:
            case "?":
                return self._why(self._last)
            case "g":
                numbers = range(self.target.layout.general)
                return "".join(self.target.register(self._core["g"], number) for number in numbers).encode()
            case "G":
                return self._write_all(bytes.fromhex(text))
            case "p":
                return self.target.register(self._core["g"], int(text, 16)).encode()
            case "P":
                number, _, value = text.partition("=")
                done = self.target.set_register(self._core["g"], int(number, 16), bytes.fromhex(value))
                return b"OK" if done else b"E.this register cannot be written"
            case "m":
                return self._read_memory(text)
            case "Z" | "z":
                return self._stop_at(text, head == "Z")
            case "c" | "s" | "C" | "S":
                self._resume(self._core["c"] if head in "sS" else None)
                return None
            case "H":
                return self._choose(text)
            case "T":
                return b"OK" if 1 <= int(text, 16) <= CORES else b"E01"
            case "D":
                self._send(b"OK")
                self.poll()
                self._drop()
                return None
            case "k":
                self._kill()
                return None
            case "q" | "Q":
                return self._query(text)
            case "v":
                return self._v(text)
        return b""

    def _kill(self) -> None:
        self.killed = True
        self._drop()

    def _read_memory(self, text: str) -> bytes:
        address, count = (int(number, 16) for number in text.split(","))
        if not 0 <= address < 1 << 32 or count < 0:
            return b"E01"
        found = self.target.read(address, min(count, MOST))
        return found.hex().encode() if found or not count else b"E01"

    def _write_memory(self, rest: bytes, *, binary: bool) -> bytes:
        where, separator, data = rest.partition(b":")
        address, count = (int(number, 16) for number in where.decode("latin-1").split(","))
        data = unescape(data) if binary else bytes.fromhex(data.decode("latin-1"))
        if not separator or len(data) != count or not 0 <= address < 1 << 32:
            return b"E01"
        why = self.target.write(address, data) if data else ""
        return b"E." + why.encode() if why else b"OK"

    def _write_all(self, data: bytes) -> bytes:
        core, at = self._core["g"], 0
        for number, register in enumerate(self.target.layout.registers[: self.target.layout.general]):
            size = register.bits // 8
            if len(data) < at + size:
                return b"E.too few registers"
            # WINDOWBASE comes with all 64 registers behind it, so it does not matter which is first.
            self.target.set_register(core, number, data[at : at + size])
            at += size
        return b"OK"

    def _stop_at(self, text: str, on: bool) -> bytes:
        kind, address, size = (int(number, 16) for number in text.split(";")[0].split(","))
        if not 0 <= address < 1 << 32:
            return b"E01"
        if kind in (0, 1):
            self.target.set_breakpoint(address, on)
        elif kind in WATCH_KINDS and 1 <= size <= 1 << 20:
            self.target.set_watchpoint(Watchpoint(kind, address, size), on)
        else:
            return b""
        return b"OK"

    def _resume(self, stepping: int | None) -> None:
        self._reply_on_halt = self._why
        self.target.resume(stepping)

    def _choose(self, text: str) -> bytes:
        thread = int(text[1:], 16)
        if text[0] not in self._core or not -1 <= thread <= CORES:
            return b"E01"
        # 0 is any thread and -1 all of them: those are for the one that is chosen already.
        if thread > 0:
            self._core[text[0]] = thread - 1
        return b"OK"

    def _v(self, text: str) -> bytes | None:
        if text == "Cont?":
            return b"vCont;c;C;s;S"
        if text.startswith("Cont;"):
            return self._continue(text[5:].split(";"))
        if text.startswith("Flash"):
            return b"E.flash is written by the twin's image: start the twin with another one"
        if text.startswith("Kill"):
            self._send(b"OK")
            self.poll()
            self._kill()
            return None
        return b""

    def _continue(self, actions: list[str]) -> bytes | None:
        """The first core that is to step does; all others run meanwhile."""
        for action in actions:
            what, _, thread = action.partition(":")
            if what[:1] not in ("c", "C", "s", "S"):
                return b"E01"
            number = int(thread, 16) if thread else 0
            if not -1 <= number <= CORES:
                return b"E01"
            if what[0] in "sS":
                self._resume(number - 1 if number > 0 else self._core["c"])
                return None
            if not thread:
                break
        self._resume(None)
        return None

    def _query(self, text: str) -> bytes | None:
        name, _, rest = text.partition(":")
        if text.startswith("StartNoAckMode"):
            self._framing.acknowledges = False
            return b"OK"
        if name == "Supported":
            return FEATURES.encode()
        if text == "C":
            return b"QC%x" % (self._core["g"] + 1)
        if text.startswith("Attached"):
            return b"1"
        if text == "fThreadInfo":
            return b"m" + ",".join(f"{core + 1:x}" for core in range(CORES)).encode()
        if text == "sThreadInfo":
            return b"l"
        if text.startswith("ThreadExtraInfo,"):
            core = int(text.partition(",")[2], 16) - 1
            return self.target.state(core).encode().hex().encode() if 0 <= core < CORES else b"E01"
        if text.startswith("Rcmd,"):
            return self._monitor(bytes.fromhex(text[5:]).decode("latin-1").split())
        if name == "Xfer":
            return self._transfer(rest)
        if text.startswith("Symbol:"):
            return b"OK"
        return b""

    def _transfer(self, text: str) -> bytes:
        thing, action, annex, where = text.split(":")
        offset, count = (int(number, 16) for number in where.split(","))
        if (thing, action, annex) == ("features", "read", "target.xml"):
            whole = self.target.layout.description.encode()
        elif (thing, action, annex) == ("threads", "read", ""):
            whole = self._threads().encode()
        else:
            return b""
        part = whole[offset : offset + min(count, MOST)]
        return (b"l" if offset + len(part) >= len(whole) else b"m") + escape(part)

    def _threads(self) -> str:
        lines = [
            f'<thread id="{core + 1:x}" core="{core}" name="core{core}">{self.target.state(core)}</thread>'
            for core in range(CORES)
        ]
        return f'<?xml version="1.0"?><threads>{"".join(lines)}</threads>'.replace("&", "&amp;")

    def _monitor(self, words: list[str]) -> bytes | None:
        match words:
            case ["reset"] | ["reset", "halt" | "init"]:
                self._reply_on_halt = lambda _: b"OK"
                self.target.reset()
                return None
            case ["halt"]:
                if not self.target.halted:
                    self.target.halt()
            case ["info"]:
                self._say(self.target.info())
            case ["help"] | []:
                self._say(HELP)
            case _:
                self._say(f"there is no command {' '.join(words)!r}:\n{HELP}")
        return b"OK"

    def __repr__(self) -> str:
        doing = "halted" if self.halted else "running"
        return f"<GdbServer {self.address[0]}:{self.address[1]}, {'a debugger, ' if self.connected else ''}{doing}>"
