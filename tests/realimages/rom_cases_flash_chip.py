"""Operands for the flash drivers in the ESP32-S3's mask ROM, on a flash chip that is there.

The layers are put together as ESP-IDF's memspi_host_driver.h and spi_flash_chip_generic.c do. Each call ends with what
SPI1's registers hold, where that is the driver's own doing.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.realimages.rom_calls import Call, Place
from tests.realimages.rom_cases import Case
from tests.realimages.rom_cases_flash import ROM

SPI0, SPI1 = 0x6000_3000, 0x6000_2000
AREA = 0x40_0000
"""Nobody else uses the flash from here on."""
RTC_SLOW = 0x5000_1000
DEFAULT_CHIP = 0x3FCE_FFDC
SIZES = [0xEF4017, 0x80_0000, 0x1_0000, 0x1000, 0x100, 0xFFFF]
IDLE = [("esp_rom_spiflash_wait_idle", [0])]

HOST_DRIVER = [
    "spi_flash_hal_device_config",
    "spi_flash_hal_common_command",
    "memspi_host_read_id_hs",
    "spi_flash_hal_erase_chip",
    "spi_flash_hal_erase_sector",
    "spi_flash_hal_erase_block",
    "memspi_host_read_status_hs",
    "spi_flash_hal_set_write_protect",
    "spi_flash_hal_program_page",
    "yes",
    "memspi_host_write_data_slicer",
    "spi_flash_hal_read",
    "yes",
    "memspi_host_read_data_slicer",
    "spi_flash_hal_host_idle",
    "spi_flash_hal_configure_host_io_mode",
    "spi_flash_hal_poll_cmd_done",
    "memspi_host_flush_cache",
    "-",
]
BY_COMMANDS = {
    "spi_flash_hal_erase_chip": "memspi_host_erase_chip",
    "spi_flash_hal_erase_sector": "memspi_host_erase_sector",
    "spi_flash_hal_erase_block": "memspi_host_erase_block",
    "spi_flash_hal_set_write_protect": "memspi_host_set_write_protect",
    "spi_flash_hal_program_page": "memspi_host_program_page",
    "spi_flash_hal_read": "memspi_host_read",
}
OS = ["nothing", "nothing", "nothing", "delays", "nothing", "nothing", "nothing", "nothing"]
GENERIC = "spi_flash_chip_generic_"
CHIP_DRIVER = [
    "probe",
    "reset",
    "detect_size",
    "erase_chip",
    "erase_sector",
    "erase_block",
    "4096",
    "65536",
    "get_write_protect",
    "set_write_protect",
    "0",
    "0",
    "-",
    "-",
    "read",
    "write",
    "page_program",
    "256",
    "write_encrypted",
    "wait_idle",
    "set_io_mode",
    "get_io_mode",
    "-",
    "read_reg",
    "yield",
]


def host(place: Place) -> int:
    """A host on SPI1."""
    by_commands = BY_COMMANDS if place.rng.random() < 0.3 else {}
    known = {**ROM, **place.hooks, "-": 0}
    driver = place.words(*(known[by_commands.get(name, name)] for name in HOST_DRIVER))
    return place.words(driver, SPI1, 0, 0x0002_0000, 0x0003_0103, 0, 0)


def chip(place: Place, mode: int | None = None) -> int:
    """A chip on it."""
    whose = host(place)
    system = place.words(*(place.hooks[name] for name in OS))
    times = place.words(500_000, 60_000_000, 4_100_000, 600_000, 10_000)
    entries = (int(name) if name.isdigit() else ROM.get(GENERIC + name, 0) for name in CHIP_DRIVER)
    driver = place.words(0, times, *entries)
    mode = place.rng.randrange(6) if mode is None else mode
    return place.words(whose, driver, system, 0, mode, 0x80_0000, 0xEF4017, 0)


Step = tuple[str, list[int]]


def registers(place: Place, which: str) -> list[Step]:
    """Copies of SPI1's registers, and SPI0's."""
    steps = []
    if "1" in which:
        for first, last in ((0x04, 0x38), (0x98, 0xA8), (0xE0, 0xE4)):
            steps.append(("memcpy", [place.room(last - first, 4), SPI1 + first, last - first]))
    if "0" in which:
        for first, last in ((0x08, 0x24), (0x34, 0x40), (0xDC, 0xE4)):
            steps.append(("memcpy", [place.room(last - first, 4), SPI0 + first, last - first]))
    return steps


def known(place: Place) -> list[Step]:
    """The chip's size, and registers as a boot may leave them."""
    spi1 = [0, 0x2C_A000, 0xFFC, 0, 0x0003_0103, 0x8000_00C0, 0x5C00_0007, 0x7000_0000, 0, 0, 0, 0, 2]
    spi0 = [0x2C_2000, 0, 0x2C21, 0x0003_0103, 0xC0, 0x5C00_0007, 0x7000_0000]
    return [
        ("esp_rom_spiflash_config_param", SIZES),
        ("memcpy", [SPI1 + 4, place.words(*spi1), 4 * len(spi1)]),
        ("memcpy", [SPI0 + 8, place.words(*spi0), 4 * len(spi0)]),
        ("memcpy", [SPI0 + 0x34, place.words(0, 0, 1), 12]),
        ("memcpy", [SPI0 + 0xDC, place.words(0xB084, 0x3020), 8]),
    ]


Operands = Callable[[Place], list[int]]
REAL: dict[str, Case] = {}


def real(
    name: str,
    operands: Operands,
    *,
    which: str = "1",
    words: int = 1,
    before: Callable[[Place], list[Step]] | None = None,
    after: list[Step] | None = None,
    count: int = 40,
    size: int = 2048,
) -> None:
    """A case whose registers count, then steps that end it."""

    def make(place: Place) -> Call:
        first = [*known(place), *(before(place) if before else [])]
        arguments = operands(place)
        usual: list[Step] = [("spi_flash_hal_device_config", [host(place)])] if "hal" in name else []
        return Call(
            arguments,
            words,
            before=first,
            after=[*registers(place, which), *usual, *(IDLE if after is None else after)],
        )

    REAL[name] = Case(make, count, size, steps=18)


def at(place: Place, unit: int = 1) -> int:
    """An address of the area."""
    return AREA + place.rng.randrange(0x2_0000) // unit * unit


def length(place: Place) -> int:
    """Up to a page and a half."""
    return place.rng.choice((1, 3, 4, 15, 16, 32, 64, 200, place.rng.randrange(1, 400)))


def old_chip(place: Place) -> int:
    """`esp_rom_spiflash_chip_t`."""
    return place.words(*SIZES)


def noise(place: Place, count: int, align: int = 1) -> int:
    """Bytes at random."""
    return place.put(place.rng.randbytes(count), align)


# The host's layer.
def _transaction(place: Place) -> list[int]:
    """An identification, a status, SFDP, a read, a write enable, all with whatever else the transaction says."""
    rng = place.rng
    code, address_bits, dummies, count = rng.choice(
        ((0x9F, 0, 0, 3), (0x05, 0, 0, 1), (0x5A, 24, 8, 16), (0x03, 24, 0, 64), (0x06, 0, 0, 0), (0x0B, 24, 8, 33))
    )
    to = place.anywhere(64)
    first = count << 16 | address_bits << 24
    return [host(place), place.words(first, at(place), 0, to, 0, code | dummies << 16, 0)]


def _enabled(place: Place) -> list[Step]:
    return [("spi_flash_hal_set_write_protect", [host(place), 0])]


real("spi_flash_hal_device_config", lambda p: [_any_host(p)])
real("spi_flash_hal_configure_host_io_mode", lambda p: [_any_host(p), *_any_mode(p)], count=200)
real("spi_flash_hal_common_command", _transaction)
real("spi_flash_hal_poll_cmd_done", lambda p: [host(p), p.rng.randrange(2)], words=0)
real(
    "spi_flash_hal_read",
    lambda p: [host(p), p.anywhere(64), at(p), p.rng.randrange(1, 65)],
    before=lambda p: [("spi_flash_hal_configure_host_io_mode", [host(p), 0x03, 24, 0, 0])],
)
real("spi_flash_hal_erase_sector", lambda p: [host(p), at(p, 4096)], before=_enabled, words=0, count=10)
real("spi_flash_hal_erase_block", lambda p: [host(p), at(p, 65536)], before=_enabled, words=0, count=4)
real(
    "spi_flash_hal_program_page",
    lambda p: [host(p), noise(p, 64), at(p, 64), p.rng.randrange(1, 65)],
    before=_enabled,
    words=0,
)
real("spi_flash_hal_set_write_protect", lambda p: [host(p), p.rng.randrange(2)])
real("spi_flash_hal_host_idle", lambda p: [host(p)])


def _any_host(place: Place) -> int:
    """A host whose clock, select and dummy clocks are anything."""
    rng = place.rng
    (driver,) = (place.words(*[0] * 19),)
    times = rng.randrange(4) | rng.randrange(256) << 8 | rng.choice((0, 1, 2, 40)) << 16
    return place.words(driver, SPI1, rng.randrange(3), times, rng.getrandbits(32) & 0x800F_0F0F, 0, 0)


def _any_mode(place: Place) -> list[int]:
    rng = place.rng
    mode = rng.randrange(6) | rng.choice((0, 0x8000_0000))
    return [rng.choice((0x03, 0xEB, 0xFF, 0x100, 0x1234)), rng.choice((0, 24, 32)), rng.choice((0, 4, 8)), mode]


# The driver.
real("esp_flash_read_id", lambda p: [chip(p), p.words(0)], count=10)
real("esp_flash_read_chip_id", lambda p: [chip(p), p.words(0)], count=10)
real("esp_flash_get_size", lambda p: [chip(p), p.words(0)], count=5)
real("esp_flash_read", lambda p: [chip(p), p.anywhere(400), at(p), length(p)], count=60)
real("rom_esp_flash_write", lambda p: [chip(p), noise(p, 400), at(p), length(p)], count=60, size=3072)
real(
    "rom_esp_flash_erase_region",
    lambda p: [chip(p), at(p, 4096), p.rng.choice((0x1000, 0x3000, 0x1_1000))],
    count=12,
)
real("esp_flash_get_chip_write_protect", lambda p: [chip(p), p.words(0)], count=10)
real("esp_flash_set_chip_write_protect", lambda p: [chip(p), p.rng.randrange(2)], count=10)
real("esp_flash_get_io_mode", lambda p: [chip(p), p.words(0)], count=5)
real("esp_flash_set_io_mode", lambda p: [chip(p), p.rng.randrange(2)], count=10)
real("spi_flash_chip_generic_reset", lambda p: [chip(p)], count=3)


# The old driver.
def _guarded(place: Place) -> list[Step]:
    place.hears(600)
    place.reads(b"")
    return [
        ("spi_flash_guard_set", [place.words(place.hooks["enters"], place.hooks["leaves"])]),
        ("spi_flash_op_counters_config", [1]),
        ("esp_rom_spiflash_config_param", SIZES),
    ]


UNGUARDED: list[Step] = [("spi_flash_guard_set", [0]), *IDLE]


def _reads(place: Place) -> list[int]:
    """Into DRAM, or where the driver has to go by the stack."""
    return [at(place), place.rng.choice((place.anywhere(400), RTC_SLOW + place.rng.randrange(8))), length(place)]


def _writes(place: Place) -> list[int]:
    source = place.rng.choice((noise(place, 400), noise(place, 400, 4), RTC_SLOW + place.rng.randrange(8)))
    return [at(place), source, length(place)]


def old(name: str, operands: Operands, words: int = 1, count: int = 40, size: int = 3072) -> None:
    """A guarded call; afterwards RTC slow memory is copied."""

    def make(place: Place) -> Call:
        before = _guarded(place)
        arguments = operands(place)
        after = [("memcpy", [place.room(420, 4), RTC_SLOW, 420]), *UNGUARDED]
        return Call(arguments, words, before=before, after=after)

    REAL[name] = Case(make, count, size, steps=8)


old("spi_flash_reset_counters", lambda p: [], words=0, count=1)
old("spi_flash_get_chip_size", lambda p: [], count=2)
old("spi_flash_unlock", lambda p: [], count=3)
old("spi_flash_read", _reads, count=120)
old("spi_flash_write", _writes, count=120)
old("spi_flash_erase_range", lambda p: [at(p, 2048), p.rng.choice((0, 0x800, 0x1000, 0x3000, 0x2_0000))], count=24)
old("spi_flash_erase_sector", lambda p: [at(p) >> 12], count=6)
old("spi_flash_write_encrypted", lambda p: [at(p, 16), noise(p, 256), p.rng.choice((0, 16, 32, 64, 80, 256, 8))])
old(
    "esp_rom_spiflash_write_encrypted", lambda p: [at(p, 16), noise(p, 256), p.rng.choice((0, 16, 48, 64, 112, 256, 8))]
)
old(
    "esp_rom_spiflash_write_encrypted_dest",
    lambda p: [p.rng.choice((0, 0, 2)), at(p, 16), noise(p, 64), p.rng.choice((16, 64)), 0],
    count=10,
)
old("spi_flash_check_and_flush_cache", lambda p: [at(p), length(p)], count=10)
old("spi_flash_phys2cache", lambda p: [p.rng.randrange(0x80_0000), p.rng.randrange(2)], count=20)
old(
    "spi_flash_cache2phys",
    lambda p: [p.rng.choice((0x3C00_0000, 0x3D00_0000, 0x4200_0000, 0x403A_0000)) + p.rng.randrange(0x20_0000)],
    count=30,
)
old("spi_flash_cache_enabled", lambda p: [], count=2)


def _write_configured(place: Place) -> Call:
    return Call([place.put(place.rng.randbytes(3))], words=0)


REAL["spi_flash_write_config_set"] = Case(_write_configured, count=4)


def _default(place: Place, arguments: list[int]) -> Call:
    """By the default chip."""
    default = place.words(chip(place))
    return Call(arguments, before=[*_guarded(place), ("memcpy", [DEFAULT_CHIP, default, 4])], after=UNGUARDED)


REAL["rom_esp_flash_write_encrypted"] = Case(
    lambda p: _default(p, [p.rng.choice((0, 0, 99)), at(p, 16), noise(p, 64), p.rng.choice((16, 64, 5))]), 12, 2048, 8
)


def _mapped(place: Place) -> Call:
    """Maps, reads what is encrypted, maps the same again, looks around, lets go."""
    place.allocates(1500)
    outs = [place.words(0, 0) for _ in range(4)]
    pages = place.words(0x41, 0x45, 0x42)
    steps: list[Step] = [
        ("esp_rom_spiflash_config_param", SIZES),
        ("spi_flash_mmap_os_func_set", [place.hooks["allocates"], place.hooks["nothing"]]),
        ("spi_flash_mmap_page_num_init", [512]),
        ("rom_spi_flash_mmap", [AREA, 0x2_3000, 0, outs[0], outs[0] + 4]),
        ("rom_spi_flash_mmap", [AREA, 0x1_0000, 1, outs[1], outs[1] + 4]),
        ("rom_spi_flash_mmap_pages", [pages, 3, 0, outs[2], outs[2] + 4]),
        ("rom_spi_flash_mmap", [AREA + 0x1_0000, 0x1_0000, 0, outs[3], outs[3] + 4]),
        ("rom_spi_flash_munmap", [2]),
    ]
    to = place.room(64)
    tables = [("memcpy", [place.room(64, 4), 0x600C_5000 + first, 64]) for first in (0, 0x200, 0x200)]
    room = place.rng.choice((AREA + 0x8000, AREA + 0x1_FFF0))
    after: list[Step] = [
        tables[0],
        tables[1],
        ("spi_flash_check_and_flush_cache", [AREA + 0x1_0100, 64]),
        ("rom_spi_flash_munmap", [1]),
        tables[2],
        ("rom_spi_flash_munmap", [3]),
        ("rom_spi_flash_munmap", [4]),
    ]
    # The list of mappings lies in the heap, and its head where each ROM has it.
    return Call([room, to, 40], before=steps, after=after, scratch=[place.heap])


REAL["spi_flash_read_encrypted"] = Case(_mapped, count=1, size=4096, steps=18)

# By SPI1 alone.
real("SPI_WakeUp", lambda p: [], words=0, count=2)
real("SPI_sector_erase", lambda p: [old_chip(p), at(p, 2048)], before=_enabled, count=8)
real("SPI_block_erase", lambda p: [old_chip(p), at(p, 65536)], before=_enabled, count=3)
real(
    "SPI_page_program",
    lambda p: [old_chip(p), at(p, 4), noise(p, 256, 4), p.rng.choice((4, 12, 32, 40, 128, 256, 5))],
)
real(
    "SPI_read_data",
    lambda p: [old_chip(p), at(p), p.room(200, 4), p.rng.choice((1, 4, 16, 20, 33, 100, 190))],
    before=lambda p: [("esp_rom_spiflash_read", [AREA, p.room(4, 4), 4])],
)
real("SPILock", lambda p: [], count=1, after=[*IDLE, ("esp_rom_spiflash_unlock", []), *IDLE])
real("spi_common_set_dummy_output", lambda p: [p.rng.randrange(6)], which="10", words=0, count=12)
real("spi_common_set_flash_cs_timing", lambda p: [], which="10", words=0, count=1)
real("SPIMasterReadModeCnfig", lambda p: [p.rng.randrange(8)], which="10", count=12)
real(
    "esp_rom_spiflash_cache_mode_config",
    lambda p: [p.rng.randrange(8), p.rng.choice((0, p.put(bytes([32, 20, 0xEE, 0x11, 16, 1]), 4), noise(p, 6, 4)))],
    which="0",
    words=0,
)
real(
    "SPI_Common_Command",
    lambda p: [
        p.put(
            bytes([p.rng.choice((0x12, 0x22, 0x11, 0x41, 0x42, 0xC1, 0x15, 0x25, 0x91, p.rng.getrandbits(8)))])
            + bytes([p.rng.choice((0x05, 0x35, 0x9F)), 0x35, 0x04])
            + p.rng.choice((b"\0\0", b"\xff\xff", b"\x02\0"))
            + p.rng.choice((b"\0\0", b"\0\x02", b"\xef\x40")),
            4,
        )
    ],
    count=150,
)
real("esp_rom_spi_flash_send_resume", lambda p: [], words=0, count=2, after=[("esp_rom_spiflash_auto_wait_idle", [0])])
real(
    "esp_rom_spi_flash_auto_sus_res",
    lambda p: [p.rng.randrange(2)],
    words=0,
    count=6,
    after=[("esp_rom_spi_flash_auto_sus_res", [0]), ("esp_rom_spiflash_auto_wait_idle", [0])],
)
real(
    "rom_spi_flash_disable_cache",
    lambda p: [0, p.words(0)],
    which="",
    words=0,
    count=1,
    after=[("spi_flash_enable_cache", [0])],
)
real("esp_enable_cache_flash_wrap", lambda p: [p.rng.randrange(2), p.rng.randrange(2)], which="", words=0, count=4)
real("SPI_init", lambda p: [p.rng.randrange(8), p.rng.randrange(1, 9)], which="10", words=0, count=30)
real(
    "spi_cache_mode_switch",
    lambda p: [p.rng.choice((0, 0x2000, 0x6000, 0x102000, 0x802000, 0x1002000))],
    which="0",
    words=0,
)
real("spi_flash_boot_attach", lambda p: [0, 0, p.rng.randrange(2)], which="10", words=0, count=2)
