"""Operands for newlib-nano's formatted output and files in the ESP32-S3's mask ROM.

Structures: newlib 3's sys/reent.h with _REENT_SMALL (`struct _reent`, `__sFILE`) and nano-vfprintf_local.h
(`struct _prt_data_t`); `va_list` as in the Xtensa ABI: the stack, the registers, how many bytes of them are taken.
"""

from __future__ import annotations

import struct

from tests.realimages.rom_calls import Answer, Call, Place
from tests.realimages.rom_cases import Case

STDIO: dict[str, Case] = {}

REENT_BYTES, FILE_BYTES = 240, 104
LINES, UNBUFFERED, READS, WRITES, BOTH, ORIENTED = 1, 2, 4, 8, 0x10, 0x2000


def reent_of(place: Place) -> int:
    """A `struct _reent` whose __sdidinit may be set."""
    words = [0] * (REENT_BYTES // 4)
    words[6] = place.rng.randrange(2)
    return place.words(*words)


def file_of(place: Place, buffered: bool = False) -> int:
    """A `__sFILE` that can be written to, or nearly so, with something in its buffer."""
    rng = place.rng
    flags = rng.choice((WRITES, WRITES, WRITES | LINES, WRITES | UNBUFFERED, BOTH, BOTH | READS, READS, 0))
    if buffered:
        flags = WRITES | rng.choice((0, LINES))
    flags |= rng.choice((0, ORIENTED))
    size = rng.randrange(1, 40)
    base = place.room(size) if buffered or rng.random() < 0.8 else 0
    held = rng.randrange(size) if base and flags & WRITES and not flags & UNBUFFERED else 0
    line = -size if flags & LINES else 0
    left = -held if flags & (LINES | UNBUFFERED) else size - held
    number = rng.choice((0, 1, 2, -1)) if not buffered else 1
    head = struct.pack("<IiihhIii", base + held, 0, left, flags, number, base, size, line)
    write = place.hooks["put_text"]
    rest = [0, 0, 0, write, 0, 0, *[0] * 13, 0]
    return place.put(head + struct.pack(f"<{len(rest)}I", *rest), 4)


def _conversion(place: Place, code: bytes) -> int:
    """A `struct _prt_data_t`."""
    rng = place.rng
    flags = sum(rng.choice((0, 0, 1 << bit)) for bit in range(9))
    head = [flags, rng.choice((-1, -1, 0, 3, 12)), rng.choice((0, 0, 5)), rng.randrange(20), rng.randrange(8), 77]
    prefix = rng.choice((b"\0", b"\0", b" ", b"+", b"-")) + b"\0x"
    return place.put(struct.pack("<6i", *head) + code + b" 0" + bytes(40) + prefix + bytes(34), 8)


def _common(place: Place) -> Call:
    place.hears(100)
    place.patience = place.rng.choice((3, 1000, 1000))
    what = _conversion(place, b"d")
    return Call([0, what, place.room(4, 4), 0, place.hooks["put_text"]])


def _argument(place: Place) -> int:
    return place.rng.choice((0, 1, 9, 0x80000000, 0xFFFFFFFF, place.rng.getrandbits(32), place.rng.getrandbits(12)))


def _integer(place: Place) -> Call:
    rng = place.rng
    place.hears(200)
    place.patience = rng.choice((4, 1000, 1000))
    code = rng.choice(b"diuoxXpcsn%Z\0")
    value = _argument(place)
    if code == ord("s"):
        value = place.text(30)
    if code == ord("n"):
        value = place.room(4, 4)
    arguments = place.words(0, place.words(value, 5), 0)
    what = _conversion(place, bytes([code]))
    return Call([0, what, 0, place.hooks["put_text"], arguments])


def _format(place: Place, most: int = 5) -> tuple[int, list[int]]:
    """A format and its arguments."""
    rng = place.rng
    text, arguments = b"", list[int]()
    for _ in range(rng.randrange(1, most)):
        text += bytes(rng.choices(b"ab \n:", k=rng.randrange(5)))
        kind = rng.choice(b"diuoxXpcs%")
        text += b"%" + bytes(rng.choices(b"#-0+ ", k=rng.randrange(3)))
        text += rng.choice((b"", b"", b"7", b"12", b"*")) + rng.choice((b"", b"", b".", b".3", b".*"))
        stars = text[text.rindex(b"%") :].count(b"*")
        arguments += [rng.randrange(-9, 15) for _ in range(stars)]
        text += rng.choice((b"", b"", b"l", b"h")) if kind not in b"cs%" else b""
        text += bytes([kind])
        if kind != ord("%"):
            arguments.append(place.text(20) if kind == ord("s") else _argument(place))
    return place.put(text + rng.choice((b"", b"\n", b"end")) + b"\0"), arguments


def _printing(place: Place, name: str) -> Call:
    """What comes out of a file, what is still in it, and how it was left."""
    place.hears(400)
    place.allocates(200)
    place.patience = place.rng.choice((2, 1000, 1000, 1000))
    file, reent = file_of(place, buffered=place.rng.random() < 0.7), reent_of(place)
    head = ([reent] if name.endswith("_r") else []) + [file]
    if "vf" in name:
        form, arguments = _format(place)
        registers = place.words(*arguments, 0)
        # Six words in registers, the rest 32 bytes behind what `va_list` calls the stack.
        return Call([*head, form, registers + 24 - 32, registers, 0])
    form, arguments = _format(place, 3)
    while len(head) + 1 + len(arguments) > 9:
        form, arguments = _format(place, 2)
    return Call([*head, form, *arguments])


def _to_standard_output(place: Place) -> Call:
    place.hears(400)
    form, arguments = _format(place, 3)
    while len(arguments) > 8:
        form, arguments = _format(place, 2)
    where = place.words(file_of(place, buffered=True))
    return Call([form, *arguments], before=[("memcpy", [place.hooks["reent"] + 8, where, 4])])


def _letter(place: Place, name: str) -> Call:
    place.hears(200)
    place.allocates(200)
    place.patience = place.rng.choice((0, 1, 1000))
    letter, file = place.rng.choice((10, 0x41, 0xE4, 0x141)), file_of(place)
    return Call([reent_of(place), letter, file] if name.endswith("_r") else [letter, file])


def _of_file(place: Place, name: str) -> Call:
    place.hears(200)
    place.allocates(place.rng.choice((20, 200)))
    place.patience = place.rng.choice((0, 1, 1000))
    writes = name in ("_fflush_r", "fflush")
    file = file_of(place, buffered=writes)
    head = [] if name == "fflush" else [reent_of(place)]
    if name == "__swhatbuf_r":
        return Call([*head, file, place.room(4, 4), place.room(4, 4)])
    return Call([*head, file], words=int(name != "__smakebuf_r"))


def _of_all_files(place: Place, name: str) -> Call:
    """Two groups of files in a `struct _reent`; its functions get them, or all are flushed."""
    place.hears(400)
    reent = reent_of(place)
    files = [file_of(place, buffered=True) for _ in range(3)]
    together = b"".join(bytes(place.memory[at - place.address : at - place.address + FILE_BYTES]) for at in files)
    array = place.put(together, 4)
    place.memory[array - place.address + 12 : array - place.address + 14] = place.rng.choice(
        (b"\0\0", b"\1\0", b"\x08\0")
    )
    second = place.words(0, 2, array + FILE_BYTES)
    glue = struct.pack("<III", second, 1, array)
    place.memory[reent - place.address + 216 : reent - place.address + 228] = glue
    if name == "fflush":
        where = place.words(reent)
        return Call([0], before=[("memcpy", [0x3FCE_FFD0, where, 4])])
    return Call([reent, 0x4000_150C])


def without_cleanup(call: Call, place: Place, answer: Answer) -> Answer:
    """What a `struct _reent` names for the end is the ROM's own."""
    left = bytearray(answer.memory)
    start = call.arguments[0] - place.address + 40
    if 0 <= start < len(left):
        left[start : start + 4] = bytes(4)
    return Answer(answer.words, bytes(left), answer.hooks)


STDIO["_printf_common"] = Case(_common)
STDIO["_printf_i"] = Case(_integer, size=512)
for _name in (
    "_vfprintf_r",
    "_vfiprintf_r",
    "vfprintf",
    "vfiprintf",
    "_fprintf_r",
    "_fiprintf_r",
    "fprintf",
    "fiprintf",
):
    STDIO[_name] = Case(lambda place, name=_name: _printing(place, name), size=2048, settle=without_cleanup)  # type: ignore[misc]
STDIO["printf"] = Case(_to_standard_output, size=2048, steps=2)
for _name in ("__swbuf_r", "__swbuf"):
    STDIO[_name] = Case(lambda place, name=_name: _letter(place, name), size=1024, settle=without_cleanup)  # type: ignore[misc]
for _name in ("__swsetup_r", "__smakebuf_r", "__swhatbuf_r", "_fflush_r", "fflush"):
    STDIO[_name] = Case(lambda place, name=_name: _of_file(place, name), size=1024, settle=without_cleanup)  # type: ignore[misc]
STDIO["_fwalk_reent"] = Case(lambda place: _of_all_files(place, "_fwalk_reent"), size=2048)
