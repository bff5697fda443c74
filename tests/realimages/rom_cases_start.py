"""Operands for the functions of the ESP32-S3's mask ROM that its own start-up lives on: exceptions, the download
protocol, tags of the caches, registers saved by DMA; and newlib's way to write several texts at once.
"""

from __future__ import annotations

import struct

from tests.realimages.download import MEM_BEGIN, MEM_DATA, MEM_END, READ_REG, checksum, slip
from tests.realimages.rom_calls import Call, Place
from tests.realimages.rom_cases import Case
from tests.realimages.rom_cases_stdio import WRITES, file_of, reent_of, without_cleanup

START: dict[str, Case] = {}

EXCEPTIONS, INTERRUPTS = 0x3FCE_E068, 0x3FCE_E168
"""Where silicon has them."""
SOFTWARE_INTERRUPTS = 1 << 7 | 1 << 29
"""ESP-IDF xtensa/config/core-isa.h: nothing but INTSET asks for them."""


def _exception(place: Place) -> Call:
    rng = place.rng
    cause = rng.choice((*range(64), *range(64), 64, 77))
    functions = (0, 0x400559A4, 0x40378000, 0x42000010)
    first, second = rng.choice(functions), rng.choice(functions)
    name = "_xtos_set_exception_handler"
    return Call([cause, second], before=[(name, [cause, first])] * rng.randrange(2), after=[(name, [cause, 0])])


def _priorities(place: Place) -> Call:
    masks = [place.rng.getrandbits(32) & SOFTWARE_INTERRUPTS for _ in range(4)]
    room = place.room(8, 4)
    switch = place.rng.choice(("_xtos_ints_on", "_xtos_ints_off"))
    after = [(switch, [masks[2]]), ("memcpy", [room, INTERRUPTS, 8]), ("_xtos_ints_off", [0xFFFFFFFF])]
    return Call([masks[0]], before=[("_xtos_ints_on", [masks[1]])], after=[*after, ("_xtos_set_vpri", [0xFFFFFFFF])])


# UartDevice of rom/uart.h: what has been received, then how far recv_packet is.
RECEIVED, PROGRESS, BUFFER = 0x3FCE_F150, 0x3FCE_F164, 2048
END, ESCAPE = 0xC0, 0xDB


def _received(place: Place, data: bytes) -> tuple[str, list[int]]:
    """The call that makes `data` be in the buffer, across its end now and then."""
    start = place.room(BUFFER, 4)
    at = place.rng.choice((0, 7, BUFFER - len(data) // 2))
    for n, byte in enumerate(data):
        place.memory[start - place.address + (at + n) % BUFFER] = byte
    pointers = place.words(start, start + (at + len(data)) % BUFFER, start + at)
    return "memcpy", [RECEIVED, pointers, 12]


def _packet(place: Place) -> Call:
    rng = place.rng
    one_of_two = rng.randrange(2)
    data = bytes(rng.choices((END, ESCAPE, 0xDC, 0xDD, 1, 2, 3), k=rng.randrange(24)))
    if not one_of_two:  # it waits for a whole one
        data += bytes((END, 1, 2, END, 3))
    progress = place.words(rng.choice((0, 2, 2, 3, 3, 4)), rng.choice((0, 0, 3)))
    before = [_received(place, data), ("memcpy", [PROGRESS, progress, 8])]
    after = [("memcpy", [place.room(28, 4), RECEIVED, 28])]
    return Call([place.room(64), rng.choice((1, 5, 64)), one_of_two], before=before, after=after)


UART0 = 0x6000_0000
INT_ENA, CONF0 = UART0 + 0x0C, UART0 + 0x20
PLAIN, LOOPBACK, FIFO_RESET = 0x0400_001C, 1 << 14, 3 << 17


def _download(place: Place) -> Call:
    """Commands by the attached line; the answers come back by the UART's loopback."""
    rng = place.rng
    data, to = rng.randbytes(rng.choice((4, 24))), place.room(64, 4)

    def command(code: int, body: bytes, value: int = 0, direction: int = 0) -> bytes:
        return slip(struct.pack("<BBHI", direction, code, len(body), value) + body)

    words = [
        command(READ_REG, struct.pack("<I", 0x40001000), direction=rng.choice((0, 0, 1))),
        command(rng.choice((MEM_BEGIN, MEM_BEGIN, 0x63)), struct.pack("<4I", len(data), 1, 0x400, to)),
        command(MEM_DATA, struct.pack("<4I", len(data), 0, 0, 0) + data, checksum(data) ^ rng.choice((0, 0, 1))),
        command(MEM_END, struct.pack("<2I", 1, 0x1234)),
        command(MEM_END, struct.pack("<2I", 0, rng.getrandbits(32))),
    ]
    set_up = [(INT_ENA, 0), (CONF0, PLAIN | LOOPBACK | FIFO_RESET), (CONF0, PLAIN | LOOPBACK)]
    before = [("memcpy", [at, place.words(word), 4]) for at, word in set_up]
    after = [("uart_tx_wait_idle", [0]), *[("uart_rx_one_char", [place.room(1)]) for _ in range(90)]]
    after.append(("memcpy", [CONF0, place.words(PLAIN), 4]))
    packet = place.room(0x1000, 4)
    arguments = [packet, 0x1000, place.room(4, 4)]
    return Call(arguments, before=[_received(place, b"".join(words)), *before], after=after)


ICACHE_CTRL, DCACHE_CTRL = 0x600C_4060, 0x600C_4000


def _tags(place: Place) -> Call:
    """The caches in any size, with any ways and lines; all groups, or one by its address."""
    rng = place.rng
    icache = rng.randrange(2)
    address = rng.choice((0, (0x42000000 if icache else 0x3C000000) + rng.getrandbits(20) * 4))
    place.hears(0x2000)
    instructions, data = 1 | rng.getrandbits(3) << 1, 1 | rng.randrange(2) << 2 | rng.randrange(3) << 3
    before = [("memcpy", [ICACHE_CTRL, place.words(instructions), 4]), ("memcpy", [DCACHE_CTRL, place.words(data), 4])]
    mode = place.words(0, icache << 24)
    return Call([mode, address, place.hooks["put_group"]], words=0, before=before)


def _backup(place: Place) -> Call:
    """What it refuses: the rest never comes back."""
    count = place.rng.choice((0, 3))
    return Call([0x60006000, place.room(16, 4) + (1 if count else 0), count, place.rng.randrange(2)])


def _text_file(place: Place) -> int:
    """A `__sFILE` that is a text in memory, the caller's or its own, or no more to grow."""
    size = place.rng.randrange(1, 40)
    base = place.words(size, *[0] * 10) + 4
    held = place.rng.randrange(size)
    flags = WRITES | 0x200 | place.rng.choice((0, 0x80, 0x400))
    head = struct.pack("<IiihhIii", base + held, 0, size - held, flags, 1, base, size, 0)
    return place.put(head + bytes(76), 4)


def _pieces(place: Place) -> Call:
    rng = place.rng
    place.hears(600)
    place.allocates(rng.choice((40, 600)))
    place.patience = rng.choice((0, 2, 1000, 1000))
    texts = [bytes(rng.choices(b"ab\n", [9, 9, 1], k=rng.choice((0, 1, 5, 60)))) for _ in range(rng.randrange(5))]
    rows = [word for text in texts for word in (place.put(text), len(text))]
    pieces = place.words(place.words(*rows, 0, 0), len(texts), sum(map(len, texts)))
    file = _text_file(place) if rng.random() < 0.3 else file_of(place, buffered=rng.random() < 0.7)
    return Call([reent_of(place), file, pieces])


START |= {
    "_xtos_set_exception_handler": Case(_exception, 200, 64, 4),
    "_xtos_set_vpri": Case(_priorities, 60, 64, 6),
    "recv_packet": Case(_packet, 200, 2400, 5),
    "UartDwnLdProc": Case(_download, 12, 0x2000, 100),
    "Cache_Travel_Tag_Memory": Case(_tags, 60, 0x2100, 3),
    "Cache_Travel_Tag_Memory2": Case(_tags, 60, 0x2100, 3),
    "ets_backup_dma_copy": Case(_backup, 8, 64),
    "__sprint_r": Case(_pieces, 300, 3000, settle=without_cleanup),
}
