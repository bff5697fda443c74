"""Operands for the flash drivers in the ESP32-S3's mask ROM.

What they ask of an operating system, of a host and of a chip's driver is written down by firmware/rom_calls, which
answers at random. Structures: firmware/rom/spi_flash.h.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.realimages.rom_calls import Call, Maker, Place, functions
from tests.realimages.rom_cases import Case

ROM = functions()

HOOKS = [
    "plain1",
    "plain2",
    "plain3",
    "plain5",
    "gives_byte",
    "gives_word",
    "gives_long",
    "gives_third",
    "shows",
    "fills",
    "command",
    "start",
    "end",
    "protected_bits",
    "erases",
    "waits",
    "enters",
    "leaves",
    "says",
    "lends",
    "nothing",
    "yes",
    "delays",
    "allocates",
]
"""`flash_hooks` of firmware/rom_calls/flash_hooks.c."""

# struct host_driver, and what stands in for it.
HOST_DRIVER = [
    "plain1",
    "command",
    "gives_word",
    "plain1",
    "erases",
    "erases",
    "gives_byte",
    "plain2",
    "shows",
    "says",
    "memspi_host_write_data_slicer",
    "fills",
    "says",
    "memspi_host_read_data_slicer",
    "plain1",
    "plain5",
    "plain2",
    "plain3",
    "plain1",
]
# struct os_functions.
OS = ["start", "end", "plain3", "waits", "lends", "plain2", "gives_third", "gives_word"]
# struct chip_driver, from its third word on; numbers where there are no functions.
CHIP_DRIVER = [
    "plain2",
    "plain1",
    "gives_word",
    "plain1",
    "erases",
    "erases",
    "-",
    "-",
    "gives_byte",
    "plain2",
    "-",
    "-",
    "gives_long",
    "protected_bits",
    "fills",
    "shows",
    "shows",
    "-",
    "plain1",
    "waits",
    "plain1",
    "gives_word",
    "gives_word",
    "gives_third",
    "plain2",
]


@dataclass
class Words:
    """What the hooks answer."""

    place: Place
    words: list[int] = field(default_factory=list)

    def __call__(self, count: int, errors: float) -> None:
        """Words that say all is well, but for some."""
        rng = self.place.rng
        for _ in range(count):
            some = rng.choice((1, 2, 3, 0x101, 0x103, 0x106, 0x106, 0x107, 0x202, rng.getrandbits(32)))
            self.words.append(some if rng.random() < errors else 0)

    def done(self) -> None:
        """Hands them over, with room for what the hooks are told."""
        self.place.reads(struct.pack(f"<{len(self.words)}I", *self.words))
        self.place.hears(1500)
        self.place.allocates(self.place.rng.choice((0, 64, 200)))


def hooked(place: Place, names: list[str], missing: float = 0.0) -> int:
    """A table of hooks, some of which may be missing."""
    rng = place.rng
    hooks = {**ROM, **place.hooks}
    return place.words(*(0 if rng.random() < missing else hooks[name] for name in names))


def chip(place: Place, missing: float = 0.1) -> int:
    """A chip whose layers are hooks."""
    rng = place.rng
    host_driver = hooked(place, HOST_DRIVER[:17]) if rng.random() < 0.6 else hooked(place, HOST_DRIVER)
    if (host_driver - place.address) + 4 * 17 == place.used:
        place.words(0, 0)
    host = place.words(host_driver, 0x6000_2000, 0, 0, 0, rng.randrange(6), 0)
    system = hooked(place, OS[:2], missing)
    for name in OS[2:]:
        place.words(place.hooks[name] if name in ("waits", "lends", "plain2") or rng.random() > missing else 0)
    regions = place.words(*(rng.choice((0, 0x1000, 0x4000, 0x8000, 0x10000)) for _ in range(8)))
    times = place.words(*(rng.randrange(12) for _ in range(5)))
    sizes = {6: rng.choice((0x1000, 0x1000, 0x1000, 0)), 7: rng.choice((0x10000, 0x4000, 0, 0x1800))}
    words = {**sizes, 10: rng.randrange(5), 11: regions, 17: rng.choice((256, 64))}
    driver = place.words(0, times)
    if rng.random() < missing:
        words.update({12: 0, 13: 0})
    needed = ("gives_long", "protected_bits", "plain2", "waits", "shows", "fills", "gives_third", "gives_byte")
    for n, name in enumerate(CHIP_DRIVER):
        given = words.get(n)
        if given is None:
            given = 0 if rng.random() < missing and name not in needed else place.hooks[name]
        place.words(given)
    identity = rng.choice((0xEF4017, 0xC84015, 0xC86018, 0xC84018, 0, 0xFFFF, 0x20FFFF))
    return place.words(
        host,
        driver,
        system,
        rng.getrandbits(32),
        rng.randrange(7),
        rng.choice((0, 0x40000, 0x80000)),
        identity,
        rng.randrange(2),
    )


def mocked(*operands: str, errors: float = 0.12, words: int = 1, answers: int = 120) -> Case:
    """A chip of hooks, then operands by name."""

    def make(place: Place) -> Call:
        answer = Words(place)
        whole = chip(place, place.rng.choice((0.0, 0.0, 0.15)))
        rng = place.rng
        made: dict[str, Callable[[], int]] = {
            "chip": lambda: whole,
            "host": lambda: struct.unpack("<I", place.memory[whole - place.address :][:4])[0],
            "out": lambda: place.words(rng.getrandbits(32), rng.getrandbits(32)),
            "maybe": lambda: rng.choice((0, place.words(5, 6))),
            "bool": lambda: rng.randrange(2),
            "at": lambda: rng.choice((0, 0x1000, 0x2345, 0x8000, 0x10000, 0x3F000, 0x3FFF0)) + rng.choice((0, 0, 1)),
            "sector": lambda: rng.randrange(70) << 12,
            "sectors": lambda: rng.choice((0, 1, 3, 4, 16, 20)) << 12,
            "few": lambda: rng.randrange(160),
            "memory": lambda: rng.choice((0, *[place.room(200)] * 7)),
            "room": lambda: place.room(200),
            "id": lambda: rng.choice((0xC84018, 0xC86018, 0xC84013, 0xEF4018, 0xC8E018)),
            "time": lambda: rng.randrange(12),
            "timeout": lambda: place.words(rng.randrange(12)),
            "region": lambda: _region(place, whole),
            "read": lambda: ROM["spi_flash_common_read_status_8b_rdsr2"],
            "write": lambda: ROM["spi_flash_common_write_status_8b_wrsr2"],
            "enable": lambda: 2,
            "drivers": lambda: _drivers(place, whole),
        }
        arguments = [made[operand]() for operand in operands]
        answer(answers, place.rng.choice((0.0, errors, errors, 0.5)))
        answer.done()
        return Call(arguments, words)

    return Case(make, count=150, size=4096)


def _region(place: Place, whole: int) -> int:
    """One of the chip's regions, another, or none."""
    if place.rng.random() < 0.2:
        return place.rng.choice((0, place.words(1, 2)))
    (driver,) = struct.unpack("<I", place.memory[whole + 4 - place.address :][:4])
    (regions,) = struct.unpack("<I", place.memory[driver + 52 - place.address :][:4])
    return regions + 8 * place.rng.randrange(4)


def _drivers(place: Place, whole: int) -> int:
    """A list of the chip's own driver, some times, after which it has none itself."""
    at = whole + 4 - place.address
    driver = place.memory[at : at + 4]
    place.memory[at : at + 4] = bytes(4)
    return place.words(*[struct.unpack("<I", driver)[0]] * place.rng.randrange(4), 0)


MOCKED = {
    "esp_flash_chip_driver_initialized": mocked("chip"),
    "esp_flash_read_id": mocked("chip", "maybe"),
    "esp_flash_read_chip_id": mocked("chip", "out"),
    "detect_spi_flash_chip": mocked("chip", "drivers", errors=0.3),
    "esp_flash_get_size": mocked("chip", "maybe"),
    "esp_flash_erase_chip": mocked("chip"),
    "rom_esp_flash_erase_region": mocked("chip", "sector", "sectors", errors=0.03),
    "esp_flash_get_chip_write_protect": mocked("chip", "maybe"),
    "esp_flash_set_chip_write_protect": mocked("chip", "bool"),
    "esp_flash_get_protectable_regions": mocked("chip", "maybe", "maybe"),
    "esp_flash_get_protected_region": mocked("chip", "region", "maybe"),
    "esp_flash_set_protected_region": mocked("chip", "region", "bool"),
    "esp_flash_read": mocked("chip", "memory", "at", "few", errors=0.04),
    "rom_esp_flash_write": mocked("chip", "memory", "at", "few", errors=0.04),
    "esp_flash_get_io_mode": mocked("chip", "out"),
    "esp_flash_set_io_mode": mocked("chip", "bool"),
    "spi_flash_chip_generic_probe": mocked("chip", "id"),
    "spi_flash_chip_generic_reset": mocked("chip"),
    "spi_flash_chip_generic_detect_size": mocked("chip", "out"),
    "spi_flash_chip_generic_erase_chip": mocked("chip"),
    "spi_flash_chip_generic_erase_sector": mocked("chip", "sector"),
    "spi_flash_chip_generic_erase_block": mocked("chip", "sector"),
    "spi_flash_chip_generic_page_program": mocked("chip", "room", "at", "few"),
    "spi_flash_chip_generic_write": mocked("chip", "room", "at", "few", errors=0.04),
    "spi_flash_chip_generic_write_encrypted": mocked("chip"),
    "spi_flash_chip_generic_set_write_protect": mocked("chip", "bool"),
    "spi_flash_chip_generic_get_write_protect": mocked("chip", "out"),
    "spi_flash_chip_generic_read_reg": mocked("chip", "bool", "out"),
    "spi_flash_chip_generic_yield": mocked("chip", "bool", errors=0.4),
    "spi_flash_generic_wait_host_idle": mocked("chip", "timeout", errors=0.1),
    "spi_flash_chip_generic_wait_idle": mocked("chip", "time", errors=0.3),
    "spi_flash_chip_generic_config_host_io_mode": mocked("chip", "bool"),
    "spi_flash_chip_generic_read": mocked("chip", "room", "at", "few", errors=0.03),
    "spi_flash_chip_generic_get_io_mode": mocked("chip", "out", errors=0.3),
    "spi_flash_chip_generic_set_io_mode": mocked("chip", errors=0.3),
    "spi_flash_common_read_status_16b_rdsr_rdsr2": mocked("chip", "out", errors=0.3),
    "spi_flash_common_read_status_8b_rdsr2": mocked("chip", "out", errors=0.3),
    "spi_flash_common_read_status_8b_rdsr": mocked("chip", "out", errors=0.3),
    "spi_flash_common_write_status_16b_wrsr": mocked("chip", "few"),
    "spi_flash_common_write_status_8b_wrsr": mocked("chip", "few"),
    "spi_flash_common_write_status_8b_wrsr2": mocked("chip", "few"),
    "spi_flash_common_set_io_mode": mocked("chip", "write", "read", "enable", errors=0.3),
    "spi_flash_chip_gd_get_io_mode": mocked("chip", "out", errors=0.3),
    "spi_flash_chip_gd_probe": mocked("chip", "id"),
    "spi_flash_chip_gd_set_io_mode": mocked("chip", errors=0.3),
    "memspi_host_read_id_hs": mocked("host", "out", errors=0.5),
    "memspi_host_read_status_hs": mocked("host", "out", errors=0.5),
    "memspi_host_flush_cache": mocked("host", "sector", "sectors"),
    "memspi_host_erase_chip": mocked("host", words=0),
    "memspi_host_erase_sector": mocked("host", "at", words=0),
    "memspi_host_erase_block": mocked("host", "at", words=0),
    "memspi_host_program_page": mocked("host", "room", "at", "few", words=0),
    "memspi_host_read": mocked("host", "room", "at", "few"),
    "memspi_host_set_write_protect": mocked("host", "bool"),
}


def _slicer(name: str) -> Maker:
    def make(place: Place) -> Call:
        rng = place.rng
        before = [("memspi_host_set_max_read_len", [rng.choice((16, 32, 64))])] if "read" in name else []
        after = [("memspi_host_set_max_read_len", [64])] if "read" in name else []
        given = [0, rng.randrange(0x1000), rng.randrange(300), place.room(4, 4), rng.choice((256, 64))]
        return Call(given, before=before, after=after)

    return make


for _name in ("memspi_host_read_data_slicer", "memspi_host_write_data_slicer"):
    MOCKED[_name] = Case(_slicer(_name), count=100, steps=3)
