"""A scripted peer that stands in for Espressif's QEMU: it takes its command line, speaks its lines, has no processor.

Its firmware prints "boot", a line each 10 ms, and what is typed; at 5 ms, 15 ms, … core 0 enters a function at
`FUNCTION`, called from `CALLER` with CALL8 and the arguments 1 to 6 (Xtensa ISA RM 8.1). "reset" typed makes it reset
itself. Memory is a page at `RAM`; RTC_CNTL_RESET_STATE says CoreSoftware after such a reset.

    python fake_qemu.py MODE [argument of QEMU ...]

MODE says how it misbehaves: see `MODES`.
"""

from __future__ import annotations

import json
import os
import select
import socket
import struct
import sys
import time
from itertools import pairwise
from pathlib import Path

MODES = ("well", "old", "foreign", "mute", "ends", "hangs", "refuses", "dies", "still", "shuts")
RAM, PAGE = 0x3FC90000, 4096
FUNCTION, CALLER = 0x42000100, 0x42000200
RESET_STATE = 0x60008038
ENTRY = bytes.fromhex("364100")
TICK = 250
"""µs of virtual time in a slice."""
# Registers by Espressif's numbers: PC, AR0 to AR63, and these.
PC, WINDOWBASE, PS, COUNT = 0, 69, 73, 128
WOE_CALL8 = 1 << 18 | 2 << 16


class Reader:
    """A pipe that is read like a socket."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    def fileno(self) -> int:
        """For `select`."""
        return self._file

    def recv(self, count: int) -> bytes:
        """What is there."""
        return os.read(self._file, count)


class FakeQemu:
    """The machine, in slices of virtual time."""

    def __init__(self, mode: str, arguments: list[str]) -> None:
        self.mode = mode
        self.lines: dict[str, socket.socket | Reader] = {}
        self.files: dict[str, Path] = {}
        for flag, value in pairwise(arguments):
            if flag in ("-chardev", "-netdev", "-object", "-drive"):
                kind, *pairs = value.split(",")
                self.open(kind, dict(pair.partition("=")[::2] for pair in [kind, *pairs]))
        self.waiting = dict.fromkeys(self.lines, b"")
        self.held: list[bytes] = []
        self.interval = 0
        self.rings_at: int | None = None
        self.now = 0
        self.running = False
        self.registers = [[0] * COUNT for _ in range(2)]
        self.selected = 0
        self.ram = bytearray(PAGE)
        self.breakpoints: set[int] = set()
        self.reason = 1
        self.inside = False
        self.say_qmp({"QMP": {"version": {}, "capabilities": []}})

    def open(self, kind: str, fields: dict[str, str]) -> None:
        """What an option names."""
        if kind == "socket":
            self.lines[fields["id"]] = socket.socket(socket.AF_UNIX)
            self.lines[fields["id"]].connect(fields["path"])
        elif kind == "file":
            self.files[fields["id"]] = Path(fields["path"])
            self.files[fields["id"]].touch()
            self.lines[fields["id"]] = Reader(fields["input-path"])
        elif kind == "dgram":
            name = fields["id"].removeprefix("twins_")
            self.lines[name] = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self.lines[name].bind(fields["local.path"])
        elif kind == "filter-dump":
            name = fields["id"].removeprefix("twins_")
            self.files[name] = Path(fields["file"])
            self.append(name, bytes(24))

    def append(self, name: str, data: bytes) -> None:
        """As QEMU does: it waits where the file is a pipe, and full."""
        with self.files[name].open("ab", buffering=0) as file:
            file.write(data)

    def dump(self, name: str, frame: bytes) -> None:
        """A frame as pcap, with the virtual time."""
        moment = 86400 + self.now // 1_000_000, self.now % 1_000_000
        self.append(name, struct.pack("<IIII", *moment, len(frame), len(frame)) + frame)

    def say_qmp(self, message: object) -> None:
        self.lines["qmp"].sendall(json.dumps(message).encode() + b"\r\n")

    def say_gdb(self, body: str) -> None:
        self.lines["gdb"].sendall(b"$%s#%02x" % (body.encode(), sum(body.encode()) & 0xFF))

    def serve(self) -> None:
        """Until the other side ends it."""
        started = time.monotonic()
        while time.monotonic() - started < 60:
            for line in select.select(list(self.lines.values()), [], [], 0.0005)[0]:
                name = next(name for name, found in self.lines.items() if found is line)
                data = line.recv(65536)
                if not data:
                    return
                self.waiting[name] += data
                getattr(self, "hear_" + name)()
            if self.running and self.mode != "still":
                self.slice()

    def slice(self) -> None:
        """Some virtual time goes by."""
        self.now += TICK
        if self.rings_at is not None and self.now >= self.rings_at:
            self.rings_at = None
            for frame in self.held:
                self.dump("bell", frame)
                self.dump("gate", frame)
            self.held.clear()
        if self.now == TICK:
            self.append("uart0", b"boot\r\n")
        if self.now % 10_000 == 0:
            self.append("uart0", b"at %d ms\r\n" % (self.now // 1000))
        if self.mode == "dies" and self.now > 20_000:
            sys.exit("qemu-system-xtensa: terminating on a signal of the script")
        if self.mode == "shuts" and self.now > 20_000:
            self.say_qmp({"event": "SHUTDOWN", "data": {"guest": True, "reason": "guest-shutdown"}})
        if self.now % 10_000 == 5_000 and FUNCTION in self.breakpoints:
            core = self.registers[0]
            core[PC], core[PS], core[WINDOWBASE] = FUNCTION, WOE_CALL8, 15
            core[1 + 60 + 1] = RAM + 0x100
            for number, value in enumerate([CALLER & 0x3FFFFFFF | 2 << 30, 0, 1, 2, 3, 4, 5, 6]):
                core[1 + (60 + 8 + number) % 64] = value
            self.running = False
            self.say_gdb("T05thread:01;")

    def hear_uart0(self) -> None:
        """The firmware echoes."""
        data, self.waiting["uart0"] = self.waiting["uart0"], b""
        self.append("uart0", data)
        if b"reset" in data:
            self.reason = 3
            self.say_qmp({"event": "RESET", "data": {"guest": True, "reason": "guest-reset"}})

    def hear_uart1(self) -> None:
        """Nobody listens there."""

    def hear_clock(self) -> None:
        """The filter writes the frame behind its time."""
        frame, self.waiting["clock"] = self.waiting["clock"], b""
        self.dump("dump", frame)

    def hear_alarm(self) -> None:
        """The filter holds the frame."""
        self.held.append(self.waiting["alarm"])
        self.waiting["alarm"] = b""

    def hear_qmp(self) -> None:
        """Commands, a line each."""
        while b"\n" in self.waiting["qmp"]:
            text, _, self.waiting["qmp"] = self.waiting["qmp"].partition(b"\n")
            asked = json.loads(text)
            command, given = asked["execute"], asked.get("arguments", {})
            if given.get("property") == "interval":
                self.interval = given["value"]
            elif given.get("property") == "status":
                self.rings_at = self.now + self.interval if given["value"] == "on" else None
                self.held.clear()
            if command == "system_reset" and self.mode == "refuses":
                self.say_qmp({"error": {"class": "GenericError", "desc": "not today"}})
                continue
            self.say_qmp({"event": "RTC_CHANGE", "data": {}})
            self.say_qmp({"return": {}})

    def hear_gdb(self) -> None:
        """Packets, and the interrupt."""
        while data := self.waiting["gdb"]:
            if data[:1] == b"\x03":
                self.waiting["gdb"] = data[1:]
                if self.running:
                    self.running = False
                    self.say_gdb("T02thread:01;")
            elif data[:1] != b"$":
                self.waiting["gdb"] = data[1:]
            elif b"#" in data[:-2]:
                body, _, rest = data[1:].partition(b"#")
                self.waiting["gdb"] = rest[2:]
                self.lines["gdb"].sendall(b"+")
                answer = self.answer(body.decode())
                if answer is not None:
                    self.say_gdb(answer)
            else:
                return

    def answer(self, body: str) -> str | None:  # a packet, an answer
        """None: it comes when the machine stands still."""
        if body == "qfThreadInfo":
            return "m01,02"
        if body == "qsThreadInfo":
            return "l"
        if body == "?":
            return "T02thread:01;"
        if body == "vCont;c":
            self.running = True
            return None
        if body.startswith("vCont;s"):
            self.registers[0][PC] += 3
            return "T05thread:01;"
        if body[0] == "H":
            self.selected = int(body[2:], 16) - 1
            return "OK"
        if body == "g":
            return b"".join(value.to_bytes(4, "little") for value in self.registers[self.selected][:105]).hex()
        if body[0] == "P":
            number, _, value = body[1:].partition("=")
            self.registers[self.selected][int(number, 16)] = int.from_bytes(bytes.fromhex(value), "little")
            return "OK"
        if body[0] in "Zz":
            address = int(body.split(",")[1], 16)
            (self.breakpoints.add if body[0] == "Z" else self.breakpoints.discard)(address)
            return "OK"
        if body[0] in "mM":
            return self.memory(body)
        return ""

    def memory(self, body: str) -> str:
        """Reads and writes."""
        address, count = (int(number, 16) for number in body[1:].partition(":")[0].split(","))
        if address == RESET_STATE:
            return self.reason.to_bytes(count, "little").hex()
        if address == FUNCTION:
            return ENTRY[:count].hex()
        if not RAM <= address <= address + count <= RAM + PAGE:
            return "E14"
        if body[0] == "m":
            return self.ram[address - RAM : address - RAM + count].hex()
        self.ram[address - RAM : address - RAM + count] = bytes.fromhex(body.partition(":")[2])
        return "OK"


def main(mode: str, arguments: list[str]) -> None:
    """As the program does it."""
    if "--version" in arguments:
        number = "8.1.3" if mode == "old" else "9.2.2"
        print("no version" if mode == "mute" else f"QEMU emulator version {number} (esp_develop_9.2.2_20250817)")
    elif "help" in arguments:
        print("Supported machines are:")
        print("sim    sim machine" if mode == "foreign" else "esp32s3    Espressif ESP32S3 machine")
    elif mode == "ends":
        sys.exit("qemu-system-xtensa: -drive file=flash.bin: no such device")
    elif mode == "hangs":
        time.sleep(60)
    else:
        FakeQemu(mode, arguments).serve()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
