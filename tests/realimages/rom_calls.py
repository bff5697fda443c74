"""Calls of single functions of the ESP32-S3's mask ROM, many at a time, by firmware/rom_calls.

A `Batch` holds what each call is given; `run` has the firmware make all its calls, on a twin with either form of the
ROM, and returns what each one answered and left in memory.
"""

from __future__ import annotations

import random
import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from twins import Board, Twin

ROOT = Path(__file__).resolve().parents[2]
IMAGE = ROOT / "firmware" / "images" / "s3_rom_calls"
NAMES = ROOT / "engine" / "esp32s3" / "src" / "rom" / "names"

# struct call of firmware/rom_calls/main.c
_CALL = struct.Struct("<I9I4I6III")
CALLS = 512
ARENA_BYTES = 0x2C000
PATIENCE = "20s"
HOOKS = (
    "compare_bytes",
    "compare_words",
    "put_char",
    "put_buffer",
    "jpeg_in",
    "jpeg_out",
    "put_text",
    "reent",
    "nothing",
    "put_two",
    "put_group",
    "fault",
    "put_file",
)


def functions() -> dict[str, int]:
    """The addresses of the ROM's functions, from ESP-IDF's esp32s3.rom*.ld."""
    rows = (row for file in NAMES.glob("*.rs") for row in re.findall(r'\((0x[0-9a-f]+), "(\w+)"\)', file.read_text()))
    return {name: int(address, 16) for address, name in rows}


@dataclass
class Place:
    """A call's own piece of the arena, which its operands are laid out in."""

    rng: random.Random
    address: int
    size: int
    hooks: dict[str, int]
    memory: bytearray = field(init=False)
    used: int = 0
    source: tuple[int, int] = (0, 0)
    sink: tuple[int, int] = (0, 0)
    heap: tuple[int, int] = (0, 0)
    patience: int = 0xFFFF_FFFF

    def __post_init__(self) -> None:
        self.memory = bytearray(self.rng.randbytes(self.size))

    def room(self, count: int, align: int = 1) -> int:
        """The address of `count` bytes that hold noise."""
        start = -(-self.used // align) * align
        self.used = start + count
        if self.used > self.size:
            raise ValueError(f"{self.used} bytes do not fit into {self.size}")
        return self.address + start

    def anywhere(self, count: int) -> int:
        """As `room`, at any alignment."""
        self.used += self.rng.randrange(4)
        return self.room(count)

    def put(self, data: bytes, align: int = 1) -> int:
        """The address of `data`; without an alignment, any."""
        address = self.anywhere(len(data)) if align == 1 else self.room(len(data), align)
        start = address - self.address
        self.memory[start : start + len(data)] = data
        return address

    def words(self, *values: int) -> int:
        """The address of words."""
        return self.put(struct.pack(f"<{len(values)}I", *(value & 0xFFFF_FFFF for value in values)), 4)

    def text(self, most: int = 40, letters: bytes = b"abAB zZ019_-.\xe4\x80") -> int:
        """The address of a terminated text of few different letters, so that some are found in others."""
        count = self.rng.randrange(most + 1)
        return self.put(bytes(self.rng.choices(letters, k=count)) + b"\0")

    def hears(self, count: int) -> None:
        """Room for what the hooks get."""
        start = self.room(count, 4)
        self.sink = (start, start + count)

    def allocates(self, count: int) -> None:
        """Room for what is allocated."""
        start = self.room(count, 8)
        self.heap = (start, start + count)

    def reads(self, data: bytes) -> None:
        """What the hooks read."""
        start = self.put(data)
        self.source = (start, start + len(data))


@dataclass
class Call:
    """The arguments of one call, and how much of the answer counts: words, and the memory but for `scratch`.

    `before` and `after` it other functions may be called, each given by name and arguments.
    """

    arguments: list[int]
    words: int = 1
    scratch: list[tuple[int, int]] = field(default_factory=list)
    before: list[tuple[str, list[int]]] = field(default_factory=list)
    after: list[tuple[str, list[int]]] = field(default_factory=list)


Maker = Callable[[Place], Call]


@dataclass
class Batch:
    """Calls of one function: what they are given."""

    name: str
    places: list[Place]
    calls: list[Call]


@dataclass
class Answer:
    """What a call answered: its words, its memory, and how far its hooks came."""

    words: tuple[int, ...]
    memory: bytes
    hooks: tuple[int, ...]


class Caller:
    """A twin that makes calls."""

    def __init__(self, rom: Path | None = None) -> None:
        board = Board.load("esp32s3_devkitc")
        self.twin = Twin(board, image=IMAGE.with_suffix(".bin"), elf=IMAGE.with_suffix(".elf"), rom=rom)
        memory = self.twin.memory
        self.twin.run_until(lambda: memory.u32("hook_table") != 0, timeout="1s")
        table = memory.read(memory.u32("hook_table"), 4 * len(HOOKS))
        self.hooks = dict(zip(HOOKS, struct.unpack(f"<{len(HOOKS)}I", table), strict=True))
        self.functions = functions() | self.hooks
        self.arena = memory.u32("arena_start")

    def batches(self, name: str, make: Maker, count: int, size: int, steps: int, seed: int) -> Iterator[Batch]:
        """`count` calls, of `steps` functions at most, as many at a time as there is room for."""
        at_once = min(CALLS // steps, ARENA_BYTES // size)
        rng = random.Random(f"{seed} {name}")
        for start in range(0, count, at_once):
            number = min(at_once, count - start)
            places = [Place(rng, self.arena + n * size, size, self.hooks) for n in range(number)]
            yield Batch(name, places, [make(place) for place in places])

    def run(self, batch: Batch) -> list[Answer]:
        """Makes the calls."""
        memory, size = self.twin.memory, batch.places[0].size
        rows: list[bytes] = []
        ends = []
        for call, place in zip(batch.calls, batch.places, strict=True):
            hooks = (*place.source, *place.sink, *place.heap, place.patience)
            for n, (name, arguments) in enumerate([*call.before, (batch.name, call.arguments), *call.after]):
                words = [value & 0xFFFF_FFFF for value in arguments] + [0] * (9 - len(arguments))
                rows.append(_CALL.pack(self.functions[name], *words, 0, 0, 0, 0, *hooks, n > 0))
            ends.append(len(rows))
        memory.write("call_count", bytes(4))
        memory.write("calls_done", bytes(4))
        memory.write("calls", b"".join(rows))
        memory.write(self.arena, b"".join(bytes(place.memory) for place in batch.places))
        memory.write("call_count", len(rows).to_bytes(4, "little"))
        self.twin.run_until(lambda: memory.u32("calls_done") == len(rows), timeout=PATIENCE, every="500us")
        records = list(_CALL.iter_unpack(memory.read("calls", len(rows) * _CALL.size)))
        arena = memory.read(self.arena, len(batch.calls) * size)
        answers = []
        for n, (end, call, place) in enumerate(zip(ends, batch.calls, batch.places, strict=True)):
            left = bytearray(arena[n * size : (n + 1) * size])
            for start, stop in call.scratch:
                left[start - place.address : stop - place.address] = bytes(stop - start)
            own = records[end - 1 - len(call.after)]
            hooks = tuple(records[end - 1][at] for at in (14, 16, 18, 20))
            answers.append(Answer(own[10 : 10 + call.words], bytes(left), hooks))
        return answers
