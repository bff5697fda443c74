"""Operands for the functions of the ESP32-S3's mask ROM that are little more than registers: the system timer, error
correction, the caches in detail, resets and holds.

A case says which registers hold what before, and which are looked at afterwards.
"""

from __future__ import annotations

from tests.realimages.rom_calls import Answer, Call, Place
from tests.realimages.rom_cases import Case, Operand, small

HAL: dict[str, Case] = {}

Registers = tuple[tuple[int, "int | None"], ...]
"""Addresses, and the bits of them that may hold anything before; None leaves all as it is."""

CLK, RST = 0x600C_0018, 0x600C_0020


def over(registers: Registers, *operands: Operand, words: int = 0, count: int = 40, size: int = 256) -> Case:
    """A call between what is put into registers and what they are found to hold."""

    def make(place: Place) -> Call:
        before = [
            ("memcpy", [at, place.words(place.rng.getrandbits(32) & bits), 4])
            for at, bits in registers
            if bits is not None
        ]
        arguments: list[int] = []
        for operand in operands:
            made = operand(place)
            if isinstance(made, list):
                arguments += [0] * (len(arguments) & 1) + made
            else:
                arguments.append(made)
        after = [("memcpy", [place.room(4, 4), at, 4]) for at, _ in registers]
        return Call(arguments, words, before=before, after=after)

    return Case(make, count, size, 2 * len(registers) + 1)


def room(count: int) -> Operand:
    """Room for so many words."""
    return lambda place: place.room(4 * count, 4)


def anything(bits: int) -> Operand:
    """A number of so many bits."""
    return lambda place: place.rng.getrandbits(bits)


def wide(bits: int) -> Operand:
    """A number of 64 bits, so many of them used."""

    def made(place: Place) -> list[int]:
        value = place.rng.getrandbits(bits)
        return [value & 0xFFFF_FFFF, value >> 32]

    return made


# The system timer, ESP-IDF soc/systimer_reg.h. Counters run on: their loads are looked at, not their values.
TIMER = 0x6002_3000
TARGETS: Registers = tuple((TIMER + at, 0xFFFF_FFFF if at % 8 == 0 else 0xF_FFFF) for at in range(0x1C, 0x34, 4))
CONFS: Registers = tuple((TIMER + at, 0xC3FF_FFFF) for at in range(0x34, 0x40, 4))
ALARM = small(3)
HAL |= {
    "systimer_hal_set_alarm_target": over(TARGETS, ALARM, wide(48)),
    "systimer_hal_set_alarm_period": over(((TIMER, 0), *CONFS), ALARM, anything(26)),
    "systimer_hal_get_alarm_value": over(TARGETS, ALARM, words=2),
    "systimer_hal_enable_alarm_int": over(((TIMER + 0x64, 0),), ALARM),
    "systimer_hal_on_apb_freq_update": over(((TIMER, 0),), anything(28)),
    "systimer_hal_enable_counter": over(((TIMER, 0),), small(2)),
    "systimer_hal_init": over(((TIMER, 0), (CLK, None), (RST, None))),
    "systimer_hal_select_alarm_mode": over(CONFS, ALARM, small(3)),
    "systimer_hal_connect_alarm_counter": over(CONFS, ALARM, small(2)),
}
for _name in ("set_alarm_target", "set_alarm_period"):
    HAL[f"systimer_hal_{_name}"].count = 60


def _ahead_of(place: Place) -> list[tuple[str, list[int]]]:
    ahead = place.rng.randrange(1 << 12) << 32
    return [("systimer_hal_init", []), ("systimer_hal_counter_value_advance", [0, 0, 0, ahead >> 32])]


def _counted(place: Place) -> Call:
    return Call([0], words=2, before=_ahead_of(place))


def _moved(place: Place) -> Call:
    """The upper half goes to the first counter, whichever is named."""
    after = [("memcpy", [place.room(4, 4), TIMER + 0x0C, 4])]
    return Call(
        [place.rng.randrange(2), 0, 0, place.rng.randrange(1 << 12)], words=0, before=_ahead_of(place)[:1], after=after
    )


def _without_the_way(_call: Call, _place: Place, answer: Answer) -> Answer:
    """How long the way there takes is no result."""
    return Answer(answer.words[1:], answer.memory, answer.hooks)


HAL["systimer_hal_get_counter_value"] = Case(_counted, 20, 32, 3, _without_the_way)
HAL["systimer_hal_get_time"] = Case(_counted, 20, 32, 3, _without_the_way)
HAL["systimer_hal_counter_value_advance"] = Case(_moved, 20, 32, 3)


# Error correction, ESP-IDF soc/apb_ctrl_reg.h: four regions each of flash and PSRAM.
APB_CTRL, SPI0 = 0x6002_6000, 0x6000_3000
_FLASH: Registers = tuple((APB_CTRL + at, 0xFF) for at in range(0x28, 0x38, 4))
_SRAM: Registers = tuple((APB_CTRL + at, 0xFF) for at in range(0x58, 0x68, 4))
_PAGES: Registers = ((APB_CTRL + 0xA0, 0x003C_0000), (SPI0 + 0xDC, 0x0001_8000))
_MODES: Registers = ((SPI0 + 0x10, 0x4000), (SPI0 + 0xDC, 0x0001_8000))
SIZES: Operand = lambda place: place.rng.choice((0, 255, 256, 512, 700, 1024, 2048, 4096, -5))  # noqa: E731
for _kind, _attributes, _ranges in (("flash", _FLASH, 0x38), ("sram", _SRAM, 0x68)):
    _range: Registers = tuple(
        (APB_CTRL + _ranges + at, 0xFFFF_FFFF if at < 0x10 else 0xFFFF) for at in range(0, 0x20, 4)
    )
    HAL |= {
        f"ets_ecc_{_kind}_enable": over(_attributes, small(4)),
        f"ets_ecc_{_kind}_disable": over(_attributes, small(4)),
        f"ets_ecc_{_kind}_enable_all": over(_attributes),
        f"ets_ecc_{_kind}_disable_all": over(_attributes),
        f"ets_ecc_get_{_kind}_page_size": over(_PAGES, words=1),
        f"ets_ecc_set_{_kind}_page_size": over(_PAGES, SIZES),
        f"ets_ecc_get_{_kind}_byte_mode": over(_MODES, words=1),
        f"ets_ecc_set_{_kind}_byte_mode": over(_MODES, small(3)),
        f"ets_ecc_get_{_kind}_range": over(_range, small(4), room(1), room(1)),
        f"ets_ecc_set_{_kind}_range": over(_range, small(4), anything(32), anything(20)),
    }

# The caches, ESP-IDF soc/extmem_reg.h: what they load ahead. Nothing of it is turned on for long.
_DCACHE: Registers = ((0x600C_404C, 0x1F0), *((0x600C_4050 + at, 0x07FF_FFFF) for at in range(0, 16, 4)))
_ICACHE: Registers = ((0x600C_40A0, 0x1F0), *((0x600C_40A4 + at, 0x07FF_FFFF) for at in range(0, 16, 4)))


def _ahead(place: Place) -> int:
    return place.put(bytes(place.rng.choice((0, 1, 1, 2, 3)) for _ in range(4)), 4)


def _region(bus: int) -> Operand:
    def made(place: Place) -> int:
        at = place.rng.choice((bus, bus, bus + 0x1F0_0000, 0x3FC9_0000)) + place.rng.randrange(0x1000)
        number = place.rng.choice((0, 1, 1, 2))
        head = bytes([number, place.rng.randrange(2), 0, 0])
        return place.put(head + at.to_bytes(4, "little") + place.rng.randrange(1, 0x20_0000).to_bytes(4, "little"), 4)

    return made


def _mode(place: Place) -> int:
    """`struct cache_mode` of rom/cache.h."""
    icache = place.rng.randrange(2)
    size = place.rng.choice((0x4000, 0x8000)) << (1 - icache)
    return place.put(
        size.to_bytes(4, "little") + bytes([place.rng.choice((16, 32)), 0, place.rng.choice((4, 8)), icache]), 4
    )


HAL |= {
    "Cache_Config_ICache_Autoload": over(_ICACHE, _ahead),
    "Cache_Config_DCache_Autoload": over(_DCACHE, _ahead),
    "Cache_Config_ICache_Region_Autoload": over(_ICACHE, _region(0x4200_0000), words=1, count=60),
    "Cache_Config_DCache_Region_Autoload": over(_DCACHE, _region(0x3C00_0000), words=1, count=60),
    "Cache_Get_Virtual_Addr": over((), _mode, small(1 << 14), small(64), words=1),
    "Cache_Get_Memory_BaseAddr": over((), small(2), small(4), words=1, count=16),
    "Cache_Get_Memory_Addr": over((), _mode, anything(16), anything(25), words=1),
}


def _operated(place: Place) -> Call:
    """Two functions that get address and lines; either may be missing."""
    place.hears(1200)
    bus = place.rng.choice((0x3C00_0000, 0x4200_0000, 0x3FC9_0000)) + place.rng.randrange(0x400)
    either = [place.rng.choice((0, place.hooks["put_two"], place.hooks["put_two"])) for _ in range(2)]
    sizes = place.rng.choice((1, 40, 300, 2000)), place.rng.choice((16, 32, 64)), place.rng.choice((1, 4, 16))
    return Call([place.rng.randrange(3), bus, *sizes, *either])


HAL["Cache_Op_Addr"] = Case(_operated, 60, 1280, 1)
MEMORY_OF_CACHES = (0x3FCF_0000, 0x3FCF_8004, 0x4037_0000, 0x4037_0013)
HAL["Cache_Get_Memory_value"] = over(((0x600C_1014, None),), lambda p: p.rng.choice(MEMORY_OF_CACHES), words=1, count=8)


# Resets and holds, ESP-IDF soc/rtc_cntl_reg.h. No reset has happened that they could tell of.
HAL |= {
    "analog_super_wdt_reset_happened": over(((0x6000_80B4, None),), small(3), words=1, count=6),
    "jtag_cpu_reset_happened": over(((0x6000_8038, None),), small(2), words=1, count=6),
    "clear_super_wdt_reset_flag": over((), count=2),
    "rtc_select_apb_bridge": over(((0x6000_8018, None),), small(3), count=8),
    "rtc_unhold_all_pads": over(((0x6000_8088, None), (0x6000_8094, None)), count=2),
    "assist_debug_clock_enable": over(((0x600C_0008, None), (0x600C_000C, None)), count=2),
    "assist_debug_record_enable": over(((0x600C_E048, 1), (0x600C_E04C, 1)), count=2),
    "multofup": over((), anything(20), lambda p: p.rng.randrange(1, 900), words=1),
    "__udiv_w_sdiv": over((), room(1), anything(16), anything(32), anything(32), words=1, count=8),
}


def _stack(place: Place) -> Call:
    """Where its own frame lies counts for nothing."""
    return Call([place.rng.randrange(2), place.room(4, 4), place.room(4, 4)], words=0)


def _received(place: Place) -> Call:
    """A ring of 2048 bytes, near its end or not."""
    buffer = place.room(2048)
    write, read = (buffer + place.rng.choice((0, 1, 2046, 2047)) for _ in range(2))
    return Call([place.words(buffer, write, read), place.room(1)], before=[("uart_tx_switch", [0])])


HAL["ets_get_stack_info"] = Case(_stack, 8, 32, 1)
HAL["uart_rx_readbuff"] = Case(_received, 40, 2304, 2)


def _keyed(place: Place) -> Call:
    """HMAC-MD5; at times there is no memory for its pads."""
    if place.rng.random() < 0.8:
        place.allocates(96)
    key = place.rng.choice((0, 5, 64, 65, 100))
    return Call(
        [
            place.put(place.rng.randbytes(key)),
            key,
            place.put(place.rng.randbytes(70)),
            place.rng.randrange(70),
            place.anywhere(16),
        ]
    )


def _keyed_pieces(place: Place) -> Call:
    if place.rng.random() < 0.8:
        place.allocates(96)
    count = place.rng.randrange(7)
    lengths = [place.rng.randrange(20) for _ in range(count)]
    texts = [place.put(place.rng.randbytes(length)) for length in lengths]
    return Call(
        [
            place.put(place.rng.randbytes(80)),
            place.rng.choice((10, 64, 80)),
            count,
            place.words(*texts),
            place.words(*lengths),
            place.anywhere(16),
        ]
    )


def _grown(place: Place) -> Call:
    place.allocates(64)
    return Call([place.rng.randrange(100)])


HAL["sbrk"] = Case(_grown, 20, 128, 1)
HAL["hmac_md5"] = Case(_keyed, 60, 512, 1)
HAL["hmac_md5_vector"] = Case(_keyed_pieces, 60, 512, 1)
