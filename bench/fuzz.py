"""Spoiled inputs for everything that reads files or listens: each is taken, or refused in words; none hangs.

``python -m bench.fuzz uf2 100000 --seed 7`` tries a hundred thousand spoiled UF2 files, ``... all 1000`` a thousand of
each kind. The first input that ends in anything but a `TwinError`, or takes longer than `HANGS`, is written to a file
and named. `tests/test_hard_use.py` runs a bounded share of the same in CI.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twins import Twin, saved
from twins.board import Board
from twins.door import Door
from twins.errors import TwinError
from twins.frames import Video, load_picture, png
from twins.gdb import GdbServer
from twins.gdb.rsp import packet
from twins.image import Image
from twins.scripts.language import load as load_script
from twins.sound import Sound
from twins.units import MS
from twins.wokwi import Circuit, Diagram, load_project

IMAGES = Path(__file__).parent.parent / "firmware" / "images"
BOARDS = Path(__file__).parent.parent / "platforms" / "boards"
HANGS = 20
"""Seconds on the wall for one input, on a machine that has other work too."""
REPORT = 20_000
"""Inputs between two lines of progress."""

INTERESTING = (b"\x00", b"\xff", b"\xff\xff\xff\xff", b"\x00\x00\x00\x80", b"\xff\xff\xff\x7f", b"[", b"{", b"\n", b"'")


def spoiled(data: bytes, dice: random.Random) -> bytes:
    """The same with a few bytes changed, cut out, doubled or put in; most of it near the start, where headers are."""
    changed = bytearray(data)
    for _ in range(dice.choice((1, 1, 2, 5, 20))):
        at = dice.randrange(min(len(changed), dice.choice((64, 600, 1 << 20))) or 1)
        match dice.randrange(6):
            case 0:
                changed[at : at + 1] = bytes([dice.randrange(256)])
            case 1:
                changed[at:at] = dice.choice(INTERESTING)
            case 2:
                word = dice.choice(INTERESTING)
                changed[at : at + len(word)] = word
            case 3:
                del changed[at : at + dice.randrange(1, 40)]
            case 4:
                changed[at:at] = changed[at : at + dice.randrange(1, 40)]
            case _:
                del changed[at + dice.randrange(1, 4096) :]
    return bytes(changed)


@dataclass
class Tally:
    """What came of the inputs of one kind."""

    tried: int = 0
    refused: int = 0
    slowest: float = 0.0


class HangError(Exception):
    """An input took too long."""


Try = Callable[[bytes], None]
"""Hands an input over; raises `TwinError` where it is refused."""


@dataclass(frozen=True)
class Kind:
    """A kind of input: whole ones to spoil, and who reads them."""

    originals: Callable[[], list[bytes]]
    opened: Callable[[Path], Any]
    """A context manager that gives a `Try`; it may use a folder of its own."""


# Files


def of_file(name: str, load: Callable[[Path], object]) -> Callable[[Path], Any]:
    """Each input is written to a file of that name, and read."""

    @contextmanager
    def opened(folder: Path) -> Iterator[Try]:
        path = folder / name

        def one(data: bytes) -> None:
            path.write_bytes(data)
            load(path)

        yield one

    return opened


def hex_file() -> bytes:
    """Intel HEX of 1 KB at the start of the RP2040's flash."""
    lines = [bytes([2, 0, 0, 4, 0x10, 0])]
    lines += [bytes([16, at >> 8, at & 0xFF, 0, *range(16)]) for at in range(0, 1024, 16)]
    lines += [bytes([0, 0, 0, 1])]
    return b"".join(b":" + (line + bytes([-sum(line) & 0xFF])).hex().upper().encode() + b"\n" for line in lines)


def image_of_the_esp32s3() -> bytes:
    """The smallest of our images of that chip, with bootloader and partition table."""
    return min(IMAGES.glob("*.bin"), key=lambda path: path.stat().st_size).read_bytes()


def wav() -> bytes:
    """A short sound of two channels."""
    with tempfile.TemporaryDirectory() as folder:
        Sound.tone(440, "5ms").save(Path(folder) / "a.wav")
        return (Path(folder) / "a.wav").read_bytes()


def picture() -> bytes:
    """A small PNG."""
    import numpy as np

    return png(np.arange(8 * 9 * 3, dtype=np.uint8).reshape(8, 9, 3))


def video() -> bytes:
    """A GIF of three frames."""
    import numpy as np

    film = Video()
    for number in range(3):
        film.add(np.full((8, 9, 3), 80 * number, np.uint8), number * 50 * MS)
    with tempfile.TemporaryDirectory() as folder:
        film.save(Path(folder) / "a.gif")
        return (Path(folder) / "a.gif").read_bytes()


FLASHER_ARGS = b'{"flash_files": {"0x0": "boot.bin"}, "extra_esptool_args": {"chip": "esp32s3"}}'
SCRIPT = b"""- expect: {text: ready, within: 1s}
- knob.turn: 3
- wait: 10ms
- type: hello
- frame: {lcd: out.png}
- press: {knob: 60ms}
- set: {battery.position: 0.7, GPIO26: 1.2V}
- at: 1.5ms
"""
DIAGRAM = json.dumps(
    {
        "version": 1,
        "parts": [
            {"id": "pico", "type": "wokwi-pi-pico"},
            {"id": "ring", "type": "wokwi-led-ring", "attrs": {"pixels": "3"}},
            {"id": "b", "type": "wokwi-pushbutton"},
        ],
        "connections": [["pico:GP1", "ring:DIN", "", []], ["b:1.l", "pico:GP2", "", []], ["b:2.r", "pico:GND.1"]],
    }
).encode()
WOKWI = b'[wokwi]\nversion = 1\nfirmware = "idle.uf2"\nelf = "idle.elf"\n[[net.forward]]\nfrom = "localhost:8080"\n'
RECORD = (
    b'{"record": "boardtwins door", "version": 1, "board": "pico", "image": null, "seed": 0, "at": 0}\n'
    b'{"at": 1200000000000, "do": "type", "to": "uart0", "args": ["print(1)\\r"]}\n'
    b'{"at": 1500000000000, "do": "call", "to": "knob", "args": ["turn", 3]}\n'
    b'{"at": 2000000000000, "do": "end", "to": "", "args": ["9c"]}\n'
)


def load_wokwi(path: Path) -> None:
    """A project's settings beside a diagram and an image that are whole."""
    if not (path.parent / "idle.uf2").exists():
        (path.parent / "diagram.json").write_bytes(DIAGRAM)
        for name in ("idle.uf2", "idle.elf"):
            (path.parent / name).symlink_to(IMAGES / name)
    load_project(path.parent)


def load_flasher_args(path: Path) -> None:
    """What a build writes for esptool, beside one whole image."""
    if not (path.parent / "boot.bin").exists():
        (path.parent / "boot.bin").write_bytes(image_of_the_esp32s3())
    esp32s3(path)


@contextmanager
def record(folder: Path) -> Iterator[Try]:
    """A record, as a twin without image is given it."""
    path = folder / "a.record"
    with Twin("pico") as twin:

        def one(data: bytes) -> None:
            path.write_bytes(data)
            Door(twin).replay(path, strict=False)

        yield one


def snapshot() -> bytes:
    """A snapshot file of a chip that has not begun."""
    with tempfile.TemporaryDirectory() as folder:
        return saved.save(Twin("pico").snapshot(), Path(folder) / "a.twin").read_bytes()


# Lines that others talk on


def client_of(address: tuple[str, int]) -> socket.socket:
    """Somebody who connects."""
    client = socket.create_connection(address, timeout=10)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.setblocking(False)
    return client


class Line:
    """A client of a server of a twin; one that is hung up on connects again."""

    def __init__(self, twin: Twin, address: tuple[str, int]) -> None:
        self._twin, self._address = twin, address
        self._client = client_of(address)

    def send(self, data: bytes) -> None:
        """Sends it, lets the twin look and run, and takes what comes back."""
        try:
            self._client.send(data)
            self._look()
            while self._client.recv(1 << 16):
                pass
        except BlockingIOError:
            return
        except OSError:
            pass
        self.again()

    def _look(self) -> None:
        self._twin.live.pump()
        with suppress(TwinError):  # what a debugger has written may well crash the chip
            self._twin.run("1us")

    def again(self) -> None:
        """Hangs up and connects anew."""
        self._client.close()
        self._twin.live.pump()
        self._client = client_of(self._address)
        self._twin.live.pump()

    def close(self) -> None:
        """Hangs up."""
        self._client.close()
        self._twin.live.pump()


@contextmanager
def debugger(_: Path) -> Iterator[Try]:
    """A GDB server of each chip in turn; each input is all that one debugger says, and it leaves."""
    firsts = [Twin("pico", image=IMAGES / "idle.elf"), Twin("esp32s3_devkitc", image=IMAGES / "s3_idle.bin")]
    twin, count = firsts[0].fork(), 0
    server = GdbServer(twin)

    def one(data: bytes) -> None:
        nonlocal twin, server, count
        count += 1
        if count % 50 == 0:
            twin.close()
            twin = firsts[count // 50 % 2].fork()
            server = GdbServer(twin)
        # Most have the right checksums, or nothing behind them would ever be tried.
        said = data if count % 8 == 0 else b"".join(map(packet, _BODY.findall(data)))
        with socket.create_connection(server.address, timeout=10) as client:
            client.sendall(said)
            client.shutdown(socket.SHUT_WR)
            twin.live.pump()
            while server.connected:
                with suppress(TwinError):  # what a debugger has written may well crash the chip
                    twin.run("1us")

    yield one
    twin.close()


_BODY = re.compile(rb"\$([^#]*)")
PACKETS = (
    *(b"?", b"g", b"G" + b"00" * 68, b"p0", b"pf", b"P0=00000000", b"m20000000,40", b"M20000000,4:01020304"),
    *(b"X20000000,4:\x01}\x03\x02\x04", b"Z0,10000100,2", b"z0,10000100,2", b"Z2,20000000,4", b"z2,20000000,4"),
    *(b"c", b"s", b"vCont;c", b"vCont;s:1;c", b"vCont?", b"Hg1", b"Hc-1", b"T1", b"D", b"k", b"qSupported:a+"),
    *(b"QStartNoAckMode", b"qC", b"qfThreadInfo", b"qsThreadInfo", b"qThreadExtraInfo,1", b"qRcmd,696e666f"),
    *(b"qRcmd,7265736574", b"qXfer:features:read:target.xml:0,fff", b"qXfer:threads:read::0,fff", b"qSymbol::"),
)


def conversations() -> list[bytes]:
    """Five packets each, as no debugger would send them."""
    dice = random.Random(1)
    return [b"+".join(packet(dice.choice(PACKETS)) for _ in range(5)) for _ in range(200)]


@contextmanager
def rfc2217(_: Path) -> Iterator[Try]:
    """A console of each chip as a port of RFC 2217."""
    twins = [Twin("pico", image=IMAGES / "idle.uf2"), Twin("esp32s3_devkitc", image=IMAGES / "s3_idle.bin")]
    lines = [Line(twin, twin.console.serve_rfc2217()) for twin in twins]
    count = 0

    def one(data: bytes) -> None:
        nonlocal count
        count += 1
        lines[count % 2].send(data)
        if count % 50 == 0:
            lines[count % 2].again()

    yield one
    for line, twin in zip(lines, twins, strict=True):
        line.close()
        twin.close()


TELNET = [
    b"hello\xff\xff\r\n",
    bytes([255, 251, 44, 255, 253, 44, 255, 253, 0]),
    bytes([255, 250, 44, 1, 0, 0, 37, 128, 255, 240]),
    bytes([255, 250, 44, 5, 8, 255, 240, 255, 250, 44, 5, 11, 255, 240, 255, 250, 44, 5, 9, 255, 240]),
    bytes([255, 250, 44, 12, 3, 255, 240, 65, 255, 250, 44, 10, 255, 255, 255, 240]),
]


@contextmanager
def terminal(_: Path) -> Iterator[Try]:
    """A console on a pseudo-terminal, with a client that comes and goes."""
    twin = Twin("pico", image=IMAGES / "idle.uf2")
    path = twin.console.serve_pty()
    line: list[int] = [os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)]
    count = 0

    def one(data: bytes) -> None:
        nonlocal count
        count += 1
        with suppress(BlockingIOError):
            os.write(line[0], data[:2000])
        twin.live.pump()
        twin.run("100us")
        if count % 100 == 0:
            os.close(line[0])
            twin.live.pump()
            line[0] = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)

    yield one
    os.close(line[0])
    twin.close()


WISHES = [
    json.dumps(wish).encode()
    for wish in (
        {"do": "act", "part": "knob", "method": "turn", "args": [3]},
        {"do": "hold", "part": "knob", "down": "down", "up": "up", "on": True},
        {"do": "type", "console": "uart0", "text": "hello\r"},
        {"do": "step", "time": "1ms"},
        {"do": "pace", "pace": 0.5},
        {"do": "listen", "on": True},
        {"do": "restore", "number": 1},
        {"do": "act", "part": "battery", "method": "move", "args": [0.5]},
        {"do": "go"},
        {"do": "pause"},
        {"do": "reset"},
        {"do": "save"},
        {"do": "power"},
    )
]


@contextmanager
def page(_: Path) -> Iterator[Try]:
    """The web socket of the live view, as uvicorn would call it."""
    from starlette.websockets import WebSocketDisconnect

    from twins.servers import LOOPBACK
    from twins.view.runner import Runner
    from twins.view.server import Server

    def begin() -> Server:
        twin = Twin("media_controller", image=IMAGES / "media_controller.uf2")
        runner = Runner(twin, pace=None, running=False)
        runner.start()
        return Server(runner, 8765, token="token")

    server = begin()
    scope = {
        "type": "websocket",
        "path": "/token/live",
        "query_string": b"",
        "headers": [(b"host", f"{LOOPBACK}:8765".encode()), (b"origin", f"http://{LOOPBACK}:8765".encode())],
        "subprotocols": [],
    }
    count = 0

    def one(data: bytes) -> None:
        nonlocal server, count
        count += 1
        if count % 500 == 0:  # what was saved takes memory
            server.runner.close()
            server = begin()
        text = data.decode("utf-8", "replace")
        waiting: list[dict[str, Any]] = [
            {"type": "websocket.connect"},
            {"type": "websocket.receive", "text": text},
            {"type": "websocket.receive", "text": '{"do": "pause"}'},
            {"type": "websocket.disconnect", "code": 1000},
        ]

        async def receive() -> dict[str, Any]:
            await asyncio.sleep(0)
            return waiting.pop(0)

        async def send(message: Any) -> None:
            assert message["type"] in ("websocket.accept", "websocket.send", "websocket.close"), message

        async def talk() -> None:
            try:
                await server.app(scope, receive, send)
            except WebSocketDisconnect:
                return

        asyncio.run(talk())

    yield one
    server.runner.close()


def files(*names: str) -> Callable[[], list[bytes]]:
    """Images of ours."""
    return lambda: [(IMAGES / name).read_bytes() for name in names]


def just(*inputs: bytes) -> Callable[[], list[bytes]]:
    """These."""
    return lambda: list(inputs)


def esp32s3(path: Path) -> Image:
    """An image for that chip."""
    return Image.load(path, "esp32s3")


KINDS: dict[str, Kind] = {
    "uf2": Kind(files("tight_loop_ram.uf2"), of_file("a.uf2", Image.load)),
    "elf": Kind(files("tight_loop_ram.elf"), of_file("a.elf", Image.load)),
    "hex": Kind(lambda: [hex_file()], of_file("a.hex", Image.load)),
    "bin of the ESP32-S3": Kind(lambda: [image_of_the_esp32s3()], of_file("a.bin", esp32s3)),
    "flasher_args": Kind(just(FLASHER_ARGS), of_file("flasher_args.json", load_flasher_args)),
    "board": Kind(lambda: [(BOARDS / "media_controller.toml").read_bytes()], of_file("a.toml", Board.load)),
    "script": Kind(just(SCRIPT), of_file("a.yaml", load_script)),
    "diagram": Kind(just(DIAGRAM), of_file("diagram.json", lambda path: Circuit(Diagram.load(path), "bench").toml())),
    "wokwi": Kind(just(WOKWI), of_file("wokwi.toml", load_wokwi)),
    "record": Kind(just(RECORD), record),
    "sound": Kind(lambda: [wav()], of_file("a.wav", Sound.load)),
    "picture": Kind(lambda: [picture()], of_file("a.png", load_picture)),
    "video": Kind(lambda: [video()], of_file("a.gif", Video.load)),
    "snapshot": Kind(lambda: [snapshot()], of_file("a.twin", lambda path: saved.load(path).restored())),
    "gdb": Kind(conversations, debugger),
    "rfc2217": Kind(just(*TELNET), rfc2217),
    "terminal": Kind(just(b"hello\x03\x04\x1b[A\xff\x00\r\n" * 3), terminal),
    "page": Kind(just(*WISHES), page),
}


def fuzz(name: str, inputs: int, seed: int, folder: Path, said: Callable[[str], None] = lambda _: None) -> Tally:
    """Tries spoiled inputs of a kind. Raises what an input ended in, when it is no `TwinError`, having kept it."""
    kind, dice, tally = KINDS[name], random.Random(f"{name} {seed}"), Tally()
    originals = kind.originals()
    with kind.opened(folder) as one, alarm():
        for whole in originals[:5]:
            one(whole)
        for number in range(inputs):
            data = spoiled(dice.choice(originals), dice)
            signal.setitimer(signal.ITIMER_REAL, HANGS)
            began = time.monotonic()
            try:
                one(data)
            except TwinError as error:
                tally.refused += bool(str(error))
            except BaseException as error:
                kept = folder / f"failed-{name.replace(' ', '-')}-{seed}-{number}"
                kept.write_bytes(data)
                if sys.version_info >= (3, 11):
                    error.add_note(f"{name} {number} of seed {seed}: kept as {kept}")
                raise
            tally.tried += 1
            tally.slowest = max(tally.slowest, time.monotonic() - began)
            if tally.tried % REPORT == 0:
                said(f"{name}: {tally}")
        signal.setitimer(signal.ITIMER_REAL, 0)
    return tally


@contextmanager
def alarm() -> Iterator[None]:
    """Raises `Hang` where an input takes too long."""

    def ring(*_: object) -> None:
        raise HangError(f"no end after {HANGS} s")

    before = signal.signal(signal.SIGALRM, ring)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def main() -> int:
    """Tries what the command line asks for; 1 where an input failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=["all", *KINDS])
    parser.add_argument("inputs", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=Path("out/fuzz"), help="where inputs that fail go")
    options = parser.parse_args()
    failed = 0
    for name in KINDS if options.kind == "all" else [options.kind]:
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            try:
                tally = fuzz(name, options.inputs, options.seed, Path(folder), lambda line: print(line, flush=True))
            except BaseException:
                options.keep.mkdir(parents=True, exist_ok=True)
                for kept in Path(folder).glob("failed-*"):
                    shutil.copy(kept, options.keep)
                if options.kind != "all":
                    raise
                import traceback

                traceback.print_exc()
                failed = 1
                continue
        print(f"{name}: {tally}, {time.monotonic() - began:.0f} s", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
