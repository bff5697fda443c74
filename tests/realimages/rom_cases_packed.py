"""Operands for what packs and unpacks in the ESP32-S3's mask ROM: miniz, and the decoder of JPEG."""

from __future__ import annotations

import io
import zlib
from functools import partial

from PIL import Image

from tests.realimages import rom_cases
from tests.realimages.rom_calls import Answer, Call, Place
from tests.realimages.rom_cases import Case, data, small, target, u32

PACKED: dict[str, Case] = {}
case, made = partial(rom_cases.case, into=PACKED), partial(rom_cases.made, into=PACKED)


# miniz. The ROM's was built without malloc, so that whatever would allocate fails.
def _inflated(place: Place) -> Call:
    """A stream that may be cut short, damaged or given room for less than all; its flags."""
    kind = place.rng.randrange(3)
    plain = (place.rng.randbytes(200), place.rng.randbytes(9) * 60, b"the quick brown fox " * 20)[kind]
    packer = zlib.compressobj(place.rng.randrange(10), zlib.DEFLATED, wbits := place.rng.choice((15, -15)))
    packed = bytearray(packer.compress(plain) + packer.flush())
    if place.rng.random() < 0.2:
        packed[place.rng.randrange(len(packed))] ^= 1 << place.rng.randrange(8)
    if place.rng.random() < 0.2:
        del packed[place.rng.randrange(len(packed)) :]
    flags = (wbits > 0) | 4
    return Call(
        [place.room(600), place.rng.choice((600, len(plain), 50)), place.put(bytes(packed)), len(packed), flags]
    )


def _in_pieces(place: Place) -> Call:
    """The first call for a stream: its state is the ROM's own, only its first word and Adler-32 are anybody's."""
    whole = _inflated(place)
    out, room, packed, given, flags = whole.arguments
    state = place.room(10992, 4)
    start = state - place.address
    place.memory[start : start + 4] = bytes(4)
    flags |= place.rng.choice((0, 2, 8))
    return Call(
        [state, packed, place.words(given), out, out, place.words(room), flags], scratch=[(state, state + 10992)]
    )


def _read_ahead(call: Call, place: Place, answer: Answer) -> Answer:
    """How much of the input is in the decoder's hands before the stream is done is its own affair; of a damaged stream,
    what came out too."""
    left = bytearray(answer.memory)
    open_places = [(call.arguments[2], 4)] if answer.words[0] else []
    if answer.words[0] >> 31:
        open_places += [(call.arguments[5], 4), (call.arguments[4], 600)]
    for address, count in open_places:
        left[address - place.address : address - place.address + count] = bytes(count)
    return Answer(answer.words, bytes(left), answer.hooks)


def _without_damage(call: Call, place: Place, answer: Answer) -> Answer:
    """What came out of a damaged stream before that was seen is the decoder's own affair."""
    if answer.words[0] != 0xFFFF_FFFF:
        return answer
    start = call.arguments[0] - place.address
    return Answer(answer.words, answer.memory[:start] + bytes(600) + answer.memory[start + 600 :], answer.hooks)


made("tinfl_decompress_mem_to_mem", _inflated, size=2048, settle=_without_damage)
made("tinfl_decompress", _in_pieces, count=150, size=0x4000, settle=_read_ahead)
case("tinfl_decompress_mem_to_heap", data, small(33), lambda p: p.words(u32(p)), small(2), count=20)
case(
    "tinfl_decompress_mem_to_callback",
    data,
    lambda p: p.words(u32(p)),
    lambda p: p.hooks["put_buffer"],
    u32,
    small(2),
    count=20,
)
case("tdefl_compress_mem_to_heap", data, small(33), lambda p: p.words(u32(p)), small(0x80), count=20)
case("tdefl_compress_mem_to_mem", target, small(80), data, small(33), small(0x80), count=20)
case("tdefl_compress_mem_to_output", data, small(33), lambda p: p.hooks["put_buffer"], u32, small(0x80), count=20)
case("tdefl_write_image_to_png_file_in_memory", data, small(4), small(4), small(4), lambda p: p.words(u32(p)), count=20)
case(
    "tdefl_write_image_to_png_file_in_memory_ex",
    data,
    small(4),
    small(4),
    small(4),
    lambda p: p.words(u32(p)),
    small(10),
    count=20,
)
case("mz_free", data, words=0, count=20)

# `tdefl_compressor` of rom/miniz.h, for TDEFL_LESS_MEMORY: its content is the ROM's own.
TDEFL_BYTES = 0x28E70


def _compressor(place: Place) -> tuple[int, int, bytes]:
    """A compressor's memory, flags of all kinds, and what is to be compressed."""
    rng = place.rng
    state = place.room(TDEFL_BYTES, 4)
    flags = rng.choice((0, 1, 6, 32, 128, 1500, 4095))
    flags |= sum(rng.choice((0, 0, 0, flag)) for flag in (0x4000, 0x10000, 0x20000, 0x40000, 0x80000))
    flags |= rng.choice((0, 0x1000, 0x2000))
    words = [rng.randbytes(rng.randrange(1, 12)) for _ in range(rng.choice((2, 10, 300)))]
    plain = rng.choice(
        (b"", rng.randbytes(500), b"a", b"".join(rng.choices(words, k=300)), bytes(rng.choices(b"aab\0", k=1500)))
    )
    return state, flags, plain


def _compressing(place: Place) -> Call:
    """A stream in pieces, with or without room for what comes out."""
    state, flags, plain = _compressor(place)
    rng = place.rng
    before: list[tuple[str, list[int]]] = [("tdefl_init", [state, 0, 0, flags])]
    for _ in range(rng.randrange(3)):
        piece = plain[: rng.randrange(len(plain) + 1)]
        room = rng.choice((0, 20, 200))
        what = [place.put(piece), place.words(len(piece)), place.room(room), place.words(room)]
        before.append(("tdefl_compress", [state, *what, rng.choice((0, 0, 2, 3))]))
    what = [place.put(plain), place.words(len(plain)), place.room(3300), place.words(rng.choice((3300, 100)))]
    after = [("tdefl_compress", [state, 0, 0, place.room(200), place.words(200), 4])]
    return Call(
        [state, *what, rng.choice((2, 4, 4, 4))], before=before, after=after, scratch=[(state, state + TDEFL_BYTES)]
    )


def _compressing_out(place: Place) -> Call:
    """A stream that a function takes, until it refuses."""
    state, flags, plain = _compressor(place)
    place.hears(6000)
    if place.rng.random() < 0.2:
        place.patience = place.rng.randrange(2)
    before = [("tdefl_init", [state, place.hooks["put_buffer"], 0, flags])]
    before.append(("tdefl_compress_buffer", [state, place.put(plain[:100]), len(plain[:100]), 0]))
    return Call([state, place.put(plain), len(plain), 4], before=before, scratch=[(state, state + TDEFL_BYTES)])


def _asked(place: Place) -> Call:
    """What a compressor says of itself after some work."""
    made = _compressing(place)
    before = [*made.before, ("tdefl_compress", made.arguments)]
    return Call(made.arguments[:1], before=before, scratch=made.scratch)


made("tdefl_compress", _compressing, count=60, size=0x2C000, steps=5)
made("tdefl_compress_buffer", _compressing_out, count=40, size=0x2C000, steps=3)
made("tdefl_get_adler32 tdefl_get_prev_return_status", _asked, count=8, size=0x2C000, steps=5)


# JPEG: `JDEC` of rom/tjpgd.h, a pool, and images that Pillow makes.
JDEC_BYTES = 0x90


def _image(place: Place, sound_head: bool = False) -> bytes:
    """An image that may be damaged; with a sound head only behind it, so that `jd_prepare` is content."""
    size = place.rng.randrange(1, 40), place.rng.randrange(1, 40)
    picture = Image.frombytes("RGB", size, place.rng.randbytes(3 * size[0] * size[1]))
    if place.rng.random() < 0.5:
        picture = picture.resize((40, 33), Image.Resampling.BICUBIC)
    file = io.BytesIO()
    restart = {"restart_marker_blocks": 2} if place.rng.random() < 0.3 else {}
    picture.save(
        file,
        "JPEG",
        quality=place.rng.choice((5, 50, 90, 100)),
        subsampling=place.rng.randrange(3),
        progressive=not sound_head and place.rng.random() < 0.1,
        **restart,
    )
    coded = bytearray(file.getvalue())
    head = coded.index(b"\xff\xda") + 14 if sound_head else 0
    if place.rng.random() < 0.3:
        coded[place.rng.randrange(head, len(coded))] = place.rng.randrange(256)
    if place.rng.random() < 0.1:
        del coded[place.rng.randrange(head, len(coded)) :]
    return bytes(coded)


def _prepared(place: Place, image: bytes | None = None) -> Call:
    """Only `width` and `height` of the structure are anybody's; the pool is the decoder's own."""
    place.reads(_image(place) if image is None else image)
    pool, size = place.room(4096, 4), 4096 if image else place.rng.choice((3100, 4096, 4096, 1500, 2800))
    decoder = place.room(JDEC_BYTES, 4)
    start = decoder - place.address
    place.memory[start : start + JDEC_BYTES] = bytes(JDEC_BYTES)
    own = [(decoder, decoder + 28), (decoder + 36, decoder + JDEC_BYTES), (pool, pool + 4096)]
    return Call([decoder, place.hooks["jpeg_in"], pool, size, u32(place)], scratch=own)


def _decoded(place: Place) -> Call:
    first = _prepared(place, _image(place, sound_head=True))
    place.hears(10_000)
    place.patience = place.rng.choice((0xFFFF_FFFF, 0xFFFF_FFFF, 3))
    second = [first.arguments[0], place.hooks["jpeg_out"], place.rng.choice((0, 0, 1, 2, 3, 4))]
    return Call(second, scratch=first.scratch, before=[("jd_prepare", first.arguments)])


made("jd_prepare", _prepared, count=100, size=0x4000)
made("jd_decomp", _decoded, count=150, size=0x5000, steps=2)
