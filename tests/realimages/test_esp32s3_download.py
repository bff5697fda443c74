"""Download mode of the ESP32-S3: the function level against the silicon's ROM, on our own core.

Both are told the same, packet by packet: what they answer, and what is in flash and memory afterwards, must be the same
to the byte. What the bytes mean is esptool's documentation, "Serial Protocol".
"""

from __future__ import annotations

import contextlib
import random
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.realimages import corpus
from tests.realimages.download import (
    CHANGE_BAUDRATE,
    DEFL_BEGIN,
    DEFL_DATA,
    DEFL_END,
    FLASH_BEGIN,
    FLASH_DATA,
    FLASH_END,
    FLASH_MD5,
    MEM_BEGIN,
    MEM_DATA,
    MEM_END,
    RAM,
    READ_FLASH,
    READ_REG,
    SECURITY_INFO,
    SPI_ATTACH,
    SPI_SET_PARAMS,
    SYNC,
    SYNC_ANSWERS,
    SYNC_DATA,
    WRITE_REG,
    Ask,
    Loader,
    piece,
    slip,
    words,
)
from twins import FirmwareCrashed, Twin

NOISE = random.Random(1).randbytes(0x20000)
MAGIC = 0x4000_1000
"""CHIP_DETECT_MAGIC_REG of esptool's documentation: 9 for this chip."""
MEBIBYTE = 1 << 20
ROM_FLASH = 2 * MEBIBYTE
"""What the ROM takes the flash for until it is told."""

read = Ask(READ_REG, words(MAGIC))
attach = Ask(SPI_ATTACH, words(0, 0))


def set_size(size: int) -> Ask:
    return Ask(SPI_SET_PARAMS, words(0, size, 0x1_0000, 0x1000, 0x100, 0xFFFF))


def flash_begin(size: int, at: int, count: int = 1, block: int = 0x400, command: int = FLASH_BEGIN) -> Ask:
    return Ask(command, words(size, count, block, at, 0))


def mem_begin(size: int, at: int = RAM, count: int = 1, block: int = 0x400) -> Ask:
    return Ask(MEM_BEGIN, words(size, count, block, at))


def deflated(data: bytes, at: int, block: int = 0x400, declared: int | None = None) -> list[Ask]:
    text = zlib.compress(data, 9)
    parts = [text[start : start + block] for start in range(0, len(text), block)]
    first = flash_begin(len(data), at, len(parts) if declared is None else declared, block, DEFL_BEGIN)
    return [first, *(piece(DEFL_DATA, number, part) for number, part in enumerate(parts))]


def digest(at: int, size: int) -> Ask:
    return Ask(FLASH_MD5, words(at, size, 0, 0))


def wrong_sum(text: bytes) -> bytes:
    return text[:-1] + bytes([text[-1] ^ 1])


invalid = Ask(0)
CONVERSATIONS: dict[str, list[Ask]] = {
    "a register is read, written, and written in part": [
        read,
        Ask(WRITE_REG, words(RAM, 0x1234_5678, 0xFFFF_FFFF, 0)),
        Ask(READ_REG, words(RAM)),
        Ask(WRITE_REG, words(RAM, 0xA, 0xF, 0)),
        Ask(READ_REG, words(RAM)),
        Ask(WRITE_REG, words(RAM, 1, 0xFF, 0, RAM + 4, 0x55, 0xFFFF_FFFF, 10)),
        Ask(WRITE_REG, words(RAM + 8, 8, 0xFFFF_FFFF, 0, 1)),
        read,
    ],
    "packets that are too short or too long still count": [
        read,
        Ask(READ_REG, b"\0"),
        Ask(READ_REG, words(MAGIC, 5)),
        Ask(READ_REG),
        Ask(READ_REG, words(MAGIC), size=8),
        Ask(WRITE_REG),
    ],
    "what is no command leaves the last one's number in the answer": [
        Ask(READ_REG, words(MAGIC)),
        *(Ask(command) for command in (0, 1, 12, 21, 22, 27, 0xD0, 0xFF)),
        Ask(READ_REG, words(MAGIC), direction=1),
        read,
    ],
    "the last error stays beside some commands": [
        *(
            part
            for known in (attach, digest(0, 16), Ask(SECURITY_INFO), Ask(DEFL_END, words(1)))
            for part in (invalid, known)
        ),
        *(invalid, Ask(CHANGE_BAUDRATE, words(115_200, 0)), invalid, Ask(WRITE_REG, words(RAM, 1, 0xFFFF_FFFF, 0))),
        *(invalid, Ask(SYNC, b"abcd", answers=SYNC_ANSWERS), invalid, set_size(ROM_FLASH), read),
    ],
    "memory is filled": [
        mem_begin(32, count=2, block=16),
        piece(MEM_DATA, 0, NOISE[:16]),
        piece(MEM_DATA, 1, NOISE[16:31]),
        piece(MEM_DATA, 2, b""),
        Ask(MEM_END, words(1, 0)),
        read,
    ],
    "a packet of memory is refused, and its number is used by a wrong sum alone": [
        piece(MEM_DATA, 0, NOISE[:16]),
        mem_begin(64, count=4, block=16),
        piece(MEM_DATA, 0, NOISE[:17]),
        piece(MEM_DATA, 1, NOISE[:16]),
        piece(MEM_DATA, 0, NOISE[:16], total=1),
        piece(MEM_DATA, 0, NOISE[:16]),
        piece(MEM_DATA, 1, NOISE[:16]),
        piece(MEM_DATA, 2, NOISE[:16], size=8),
    ],
    "a block has 6 KB at most": [
        mem_begin(0x1800, block=0x1800),
        piece(MEM_DATA, 0, NOISE[:0x1800]),
        mem_begin(0x1801, block=0x1801),
        flash_begin(0, 0x1000, block=0x1800),
        flash_begin(0, 0x1000, block=0x1801),
        flash_begin(0, 0x1000, block=0x1801, command=DEFL_BEGIN),
        Ask(MEM_BEGIN, words(1, 1, 1)),
        Ask(FLASH_BEGIN, words(0x400, 1, 0x400, 0x1000)),
        Ask(SPI_SET_PARAMS, words(0, ROM_FLASH)),
    ],
    "flash is erased and written": [
        attach,
        flash_begin(0x1801, 0x3000, count=2),
        piece(FLASH_DATA, 0, NOISE[:0x400]),
        piece(FLASH_DATA, 1, NOISE[0x400:0x500]),
        piece(FLASH_DATA, 2, b""),
        digest(0x3000, 0x500),
        digest(0x3001, 7),
        digest(0, 0),
        Ask(READ_FLASH, words(0x3000, 64)),
        Ask(READ_FLASH, words(0x3001, 5)),
        Ask(READ_FLASH, words(0x3000, 65)),
        Ask(READ_FLASH, words(0x3000, 0)),
        read,
    ],
    "a packet of flash is refused": [
        flash_begin(0x400, 0x2000),
        piece(FLASH_DATA, 0, NOISE[:33]),
        piece(FLASH_DATA, 1, NOISE[:32]),
        piece(FLASH_DATA, 0, NOISE[:32], total=0),
        piece(FLASH_DATA, 1, NOISE[:36], size=35),
        piece(FLASH_DATA, 1, NOISE[:36], size=32),
        piece(FLASH_DATA, 2, NOISE[:0x404]),
    ],
    "flash ends where the ROM has been told": [
        flash_begin(0x2000, ROM_FLASH - 0x1000),
        piece(FLASH_DATA, 0, NOISE[:0x400]),
        flash_begin(0x1000, ROM_FLASH - 0x1000),
        *(piece(FLASH_DATA, number, NOISE[:0x400]) for number in range(5)),
        flash_begin(0x400, 0x1100),
        flash_begin(0xFFFF_FFFF, 0),
        digest(ROM_FLASH - 8, 16),
        Ask(READ_FLASH, words(ROM_FLASH, 16)),
        set_size(8 * MEBIBYTE),
        flash_begin(0x2000, ROM_FLASH - 0x1000),
        piece(FLASH_DATA, 0, NOISE[:0x400]),
        digest(ROM_FLASH - 8, 16),
    ],
    "what is deflated is inflated": [attach, *deflated(NOISE[:3000], 0x4000), digest(0x4000, 3000), read],
    "more than the window, of 6 KB each": [*deflated(NOISE[:40001], 0x1_0000, 0x1800), digest(0x1_0000, 40004)],
    "far more than comes in": [*deflated(bytes(100_000), 0x1_0000), digest(0x1_0000, 100_000)],
    "nothing of it is whole words": [*deflated(NOISE[:1001], 0x4000), digest(0x4000, 1008)],
    "fewer or more packets are declared": [
        *deflated(NOISE[:1500], 0x4000, declared=0),
        *deflated(NOISE[:1500], 0x8000, declared=9),
    ],
    "a deflated text ends too early": [
        flash_begin(1000, 0x4000, command=DEFL_BEGIN),
        piece(DEFL_DATA, 0, zlib.compress(NOISE[:500])[:100]),
    ],
    "a deflated text is none, or its sum is wrong": [
        flash_begin(1000, 0x4000, command=DEFL_BEGIN),
        piece(DEFL_DATA, 0, b"\xff" * 100),
        read,
        piece(DEFL_DATA, 0, b"\xff" * 100),
        flash_begin(1000, 0x4000, command=DEFL_BEGIN),
        piece(DEFL_DATA, 0, wrong_sum(zlib.compress(NOISE[:500]))),
    ],
    "plain and deflated blocks are counted apart": [
        mem_begin(64, count=2, block=32),
        *deflated(NOISE[:500], 0x4000)[:1],
        piece(MEM_DATA, 0, NOISE[:32]),
        *deflated(NOISE[:500], 0x4000)[1:],
        piece(MEM_DATA, 1, NOISE[:32]),
        piece(DEFL_DATA, 0, NOISE[:32]),
    ],
    "escapes and ends": [
        read,
        Ask(WRITE_REG, words(RAM, 0xC0DB_C0DB, 0xFFFF_FFFF, 0)),
        Ask(READ_REG, words(RAM)),
        Ask(raw=b"\xc0\x00\x0a\x04\xc0"),
        Ask(raw=b"\xc0\x00\x0a\xdb\x05\x00" + bytes(4) + words(MAGIC) + b"\xc0"),
        Ask(raw=b"hello", answers=0),
        Ask(raw=b"\xc0\xc0", answers=0),
        Ask(raw=slip(b"\0\x0a\x04\0" + bytes(4) + words(MAGIC)) * 5, answers=5),
    ],
    "a packet longer than any buffer": [Ask(READ_REG, words(MAGIC) + bytes(0x3000)), read],
}


@pytest.fixture(scope="module")
def loaders() -> Iterator[tuple[Loader, Loader]]:
    """The silicon's ROM, and ours, after their first words with the host."""
    both = Loader.booted(corpus.esp32s3_rom()), Loader.booted(None)
    assert both[0].sync() == both[1].sync() == [bytes.fromhex("0108040007071220 00000000")] * SYNC_ANSWERS
    yield both
    for loader in both:
        loader.twin.close()


def answer_alike(loaders: tuple[Loader, Loader], conversation: list[Ask]) -> None:
    """Each answer of ours is the silicon's, and so are memory and flash afterwards."""
    silicon, ours = (loader.talk(conversation) for loader in loaders)
    for ask, right, own in zip(conversation, silicon.packets, ours.packets, strict=True):
        assert [packet.hex(" ") for packet in own] == [packet.hex(" ") for packet in right], ask
    assert ours.ram == silicon.ram
    assert ours.flash == silicon.flash


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_the_answers_are_the_silicons(name: str, loaders: tuple[Loader, Loader]) -> None:
    answer_alike(loaders, CONVERSATIONS[name])


def fused(folder: Path, *bits: int) -> Path:
    """A file of fuses with these of BLOCK0 burnt beside a module's."""
    path = folder / "fuses"
    with Twin("esp32s3_devkitc") as module:
        fuses = bytearray(module.fuses.read())
    for bit in bits:
        fuses[bit // 8] |= 1 << bit % 8
    path.write_bytes(fuses)
    return path


ENABLE_SECURITY_DOWNLOAD, DIS_DOWNLOAD_MODE, DIS_DOWNLOAD_MANUAL_ENCRYPT = 133, 128, 52
"""ESP-IDF esp_efuse_table.csv."""

EVERY_COMMAND = [
    Ask(command, words(0, 0, 0, 0, 0, 0)) for command in range(1, 23) if command not in (3, 4, 6, 8, 15, 18)
]
WRITTEN = [attach, set_size(MEBIBYTE), flash_begin(0x800, 0x1000, 2), piece(FLASH_DATA, 0, NOISE[:0x400])]
"""Half of what is announced."""
SECURE = {
    "every command": EVERY_COMMAND,
    "flash is written": [*WRITTEN, piece(FLASH_DATA, 1, NOISE[0x400:0x800]), Ask(SECURITY_INFO)],
    "memory is not": [
        mem_begin(16),
        piece(MEM_DATA, 0, NOISE[:16]),
        read,
        Ask(WRITE_REG, words(RAM, 1, 0xFFFF_FFFF, 0)),
    ],
}


@pytest.fixture(scope="module")
def secure_loaders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Loader, Loader]]:
    """As `loaders`, with ENABLE_SECURITY_DOWNLOAD."""
    fuses = fused(tmp_path_factory.mktemp("secure"), ENABLE_SECURITY_DOWNLOAD)
    both = Loader.booted(corpus.esp32s3_rom(), fuses=fuses), Loader.booted(None, fuses=fuses)
    for loader in both:
        assert b"wait uart download(secure mode)" in loader.twin.output("uart0")
        # The silicon's has not made up its mind about the rate by the first; a host asks again.
        tries = (loader.ask(Ask(SYNC, SYNC_DATA, answers=0), pause="200ms") for _ in range(3))
        assert any(len(answers) == SYNC_ANSWERS for answers in tries)
    yield both
    for loader in both:
        loader.twin.close()


@pytest.mark.parametrize("name", SECURE)
def test_the_secure_mode_answers_as_the_silicons(name: str, secure_loaders: tuple[Loader, Loader]) -> None:
    answer_alike(secure_loaders, SECURE[name])


@pytest.mark.parametrize("rest", [0, 1], ids=["all", "half"])
@pytest.mark.parametrize("secure", [True, False])
def test_the_end_of_flash_resets_the_chip_when_all_has_come(
    secure: bool, rest: int, secure_loaders: tuple[Loader, Loader], loaders: tuple[Loader, Loader]
) -> None:
    conversation = [*WRITTEN, *([] if rest else [piece(FLASH_DATA, 1, NOISE[0x400:0x800])])]
    answers, resets = [], []
    for loader in secure_loaders if secure else loaders:
        with loader.twin.fork() as twin:
            other = Loader(twin)
            for ask in conversation:
                other.ask(ask)
            twin.console.send(Ask(FLASH_END, words(0)).bytes())
            # With nothing to run the silicon's ends in an instruction for simulators.
            with contextlib.suppress(FirmwareCrashed):
                twin.run("50ms")
            answers.append(bytes(other.console.log[other.read :])[:14])
            resets.append(len(twin.resets) - len(loader.twin.resets))
    assert answers[0] == answers[1][: len(answers[0])]
    assert resets[0] == resets[1] == (secure or not rest)


@pytest.mark.parametrize("rom", [None, "silicon"])
def test_without_a_download_mode_the_chip_starts_over(rom: str | None, tmp_path: Path) -> None:
    fuses = fused(tmp_path, DIS_DOWNLOAD_MODE)
    with Twin("esp32s3_devkitc", rom=corpus.esp32s3_rom() if rom else None, fuses=fuses) as twin:
        twin.boot.down()
        twin.run("10ms")
        twin.reset()
        twin.run("100ms")
        assert twin.output("uart0").count(b"Download boot modes disabled\r\n") > 1


@pytest.mark.parametrize("rom", [None, "silicon"])
def test_the_fuses_can_close_the_usb_serial_jtag(rom: str | None, tmp_path: Path) -> None:
    """DIS_USB_SERIAL_JTAG_DOWNLOAD_MODE is bit 132."""
    fuses = fused(tmp_path, 132)
    loader = Loader.booted(corpus.esp32s3_rom() if rom else None, "usb_jtag", fuses=fuses)
    with loader.twin as twin:
        loader.console.send(Ask(SYNC, SYNC_DATA).bytes())
        twin.run("500ms")
        assert loader.console.log[loader.read :] == b""


def test_encrypted_writes_are_refused_where_the_fuses_say_so(tmp_path: Path) -> None:
    fuses = fused(tmp_path, DIS_DOWNLOAD_MANUAL_ENCRYPT)
    answers = []
    for rom in (corpus.esp32s3_rom(), None):
        loader = Loader.booted(rom, fuses=fuses)
        with loader.twin:
            loader.sync()
            answers.append(
                [loader.ask(ask) for ask in (attach, Ask(FLASH_BEGIN, words(0x400, 1, 0x400, 0x1000, 1)), read)]
            )
    assert answers[0] == answers[1]


def test_the_comparison_sees_a_difference(loaders: tuple[Loader, Loader]) -> None:
    silicon, ours = (loader.talk([Ask(READ_REG, words(0x4000_0570 + 4 * n))]) for n, loader in enumerate(loaders))
    assert ours.packets != silicon.packets


def test_status_and_error_are_where_the_documentation_says(loaders: tuple[Loader, Loader]) -> None:
    """Status bytes after the answer's data: 1 for failure; 7 is a wrong checksum, 11 a text that is not deflated."""
    conversation = [mem_begin(16), piece(MEM_DATA, 0, bytes(16), total=1), flash_begin(16, 0, command=DEFL_BEGIN)]
    conversation.append(piece(DEFL_DATA, 0, b"no"))
    answers = [packet[8:10] for (packet,) in loaders[1].talk(conversation).packets]
    assert answers == [b"\0\0", b"\1\7", b"\0\7", b"\1\13"]


@pytest.mark.parametrize("rom", [None, "silicon"])
def test_the_usb_serial_jtag_is_spoken_to_as_well_and_then_alone(rom: str | None) -> None:
    loader = Loader.booted(corpus.esp32s3_rom() if rom else None, "usb_jtag")
    with loader.twin as twin:
        assert len(loader.sync()) == SYNC_ANSWERS
        assert loader.ask(read) == [bytes.fromhex("010a0400 09000000 00000000")]
        other = Loader(twin, "uart0")
        assert other.ask(Ask(SYNC, SYNC_DATA, answers=0)) == []


def test_flash_defl_end_with_a_0_resets_the_chip(loaders: tuple[Loader, Loader]) -> None:
    for loader in loaders:
        with loader.twin.fork() as twin:
            other = Loader(twin)
            other.console.send(Ask(DEFL_END, words(0)).bytes())
            twin.run("50ms")
            heard = bytes(other.console.log[other.read :])
            assert heard.startswith(slip(bytes.fromhex("01120400 00000000 00000000")))
            assert b"ESP-ROM:esp32s3-20210327" in heard
            assert b"rst:0x3 (RTC_SW_SYS_RST),boot:0x0 (DOWNLOAD(USB/UART0))" in heard


@pytest.mark.parametrize("rom", [None, "silicon"])
def test_a_program_in_memory_is_run(rom: str | None) -> None:
    """It sends a character by uart_tx_one_char, and returns."""
    code = bytes.fromhex(PROGRAM)
    with Loader.booted(corpus.esp32s3_rom() if rom else None).twin as twin:
        loader = Loader(twin)
        loader.sync()
        loader.ask(mem_begin(len(code), 0x4038_0000, block=len(code)))
        loader.ask(piece(MEM_DATA, 0, code))
        loader.console.send(Ask(MEM_END, words(0, 0x4038_0004)).bytes())
        twin.run_until(lambda: loader.console.log.endswith(b"!"), timeout="1s")


PROGRAM = "48060040 364100 a2a021 81fdff e00800 06ffff"
"""A literal, uart_tx_one_char of esp32s3.rom.ld; ENTRY a1, 32; MOVI a10, '!'; L32R a8; CALLX8 a8; J to itself."""


def test_the_speed_is_measured() -> None:
    """Typed bytes come at 115200 baud, and 40 MHz / 115200 is 347: start-up had set 347 and 4 sixteenths."""
    loader = Loader.booted(None)
    with loader.twin as twin:
        loader.sync()
        assert twin.memory.u32(0x6000_0014) == 347
