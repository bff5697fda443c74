"""Operands for the functions of USB On-The-Go in the ESP32-S3's mask ROM, layer by layer.

Its variables lie where silicon has them: a case puts something into them, and looks at them afterwards. So it does with
the controller's registers. What points into the ROM is left out; what a host sees is in test_esp32s3_download_otg.py.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable

from tests.realimages.rom_calls import Call, Place
from tests.realimages.rom_cases import Case

USB: dict[str, Case] = {}

PRESETS, ACM, UPDATER, CONTROLLER, DEVICE, DFU, PERSISTED = (
    0x3FCE_EE34,
    0x3FCE_EEB4,
    0x3FCE_EEB8,
    0x3FCE_EEBC,
    0x3FCE_EFEC,
    0x3FCE_F0C8,
    0x3FCE_F12C,
)
GLUE = 0x3FCE_FFAC
"""firmware/rom/usb.h."""
PRESET_BYTES, CONTROLLER_BYTES, DEVICE_BYTES, DFU_BYTES = 0x80, 0x128, 220, 100
CORE = 0x6008_0000
REGISTERS = [0x0, 0x8, 0xC, 0x18, 0x24, 0x28, 0x104, 0x108, 0x10C, 0x110, 0x800, 0x804, 0x810, 0x814, 0x81C]
REGISTERS += [base + 0x20 * n for base in (0x900, 0x910, 0x918, 0xB00, 0xB10) for n in range(6)]
"""Of ESP-IDF's soc/usb_dwc_struct.h; the interrupts and the RX FIFO are left alone."""

Step = tuple[str, list[int]]


def copied(to: int, data: bytes, place: Place) -> Step:
    return "memcpy", [to, place.put(data, 4), len(data)]


def looked_at(at: int, count: int, place: Place) -> Step:
    return "memcpy", [place.room(count, 4), at, count]


def registers(place: Place, *also: int) -> list[Step]:
    return [looked_at(at, 4, place) for at in (*(CORE + at for at in REGISTERS), *also)]


def pick(place: Place, *values: int) -> int:
    return place.rng.choice(values)


def told(place: Place) -> int:
    """Nobody, or who writes down what it is told."""
    return pick(place, 0, place.hooks["put_two"])


def settled(place: Place, kinds: tuple[int, ...] = (2, 2, 3, 1, 0)) -> list[Step]:
    """A controller that is attached, with endpoints that somebody has set up and enabled."""
    place.hears(400)
    steps: list[Step] = [("usb_dc_reset", []), copied(GLUE, bytes(12), place)]
    steps.append(copied(CONTROLLER, struct.pack("<I", told(place)), place))
    attached = place.rng.random() < 0.9
    steps.append(copied(CONTROLLER + 0x120, bytes([attached, pick(place, 0, 0, 1)]), place))
    for endpoint in place.rng.sample((0, 0x80, 0x81, 0x82, 0x84, 0x85, 1, 2, 3, 5), 4):
        kind = 0 if not endpoint & 0x7F else pick(place, *kinds)
        packet = pick(place, 8, 16, 32, 64, 64, 64)
        steps.append(("usb_dc_ep_configure", [place.put(struct.pack("<BxHI", endpoint, packet, kind), 4)]))
        if place.rng.random() < 0.7:
            steps.append(("usb_dc_ep_set_callback", [endpoint, told(place)]))
        if place.rng.random() < 0.8:
            steps.append(("usb_dc_ep_enable", [endpoint]))
    return steps


def endpoint(place: Place) -> int:
    return pick(place, 0, 0x80, 0x81, 0x82, 0x84, 0x85, 1, 2, 3, 5, 6, 0x86)


def of_controller(name: str, *operands: Callable[[Place], int], words: int = 1, count: int = 60) -> None:
    """A call on a controller that is settled: its registers, and the ROM's own variables of it."""

    def make(place: Place) -> Call:
        before = settled(place)
        after = [*registers(place), looked_at(CONTROLLER, CONTROLLER_BYTES, place)]
        return Call([operand(place) for operand in operands], words, before=before, after=after)

    USB[name] = Case(make, count, 2048, 80)


def _endpoint_data(place: Place) -> int:
    packet = pick(place, 0, 8, 9, 16, 32, 64, 65, 512, 1023, 1024)
    return place.put(struct.pack("<BxHI", endpoint(place), packet, pick(place, 0, 1, 2, 3, 4)), 4)


def _room(place: Place) -> int:
    return pick(place, 0, place.room(4, 4))


for _name in [
    "usb_dc_ep_set_stall",
    "usb_dc_ep_clear_stall",
    "usb_dc_ep_halt",
    "usb_dc_ep_enable",
    "usb_dc_ep_disable",
]:
    of_controller(_name, endpoint)
for _name in ["usb_ep_set_stall", "usb_ep_clear_stall", "usb_write_would_block", "usb_dc_ep_write_would_block"]:
    of_controller(_name, endpoint)
for _name in ["usb_dc_ep_flush", "usb_dc_ep_mps", "usb_dc_ep_read_continue", "usb_ep_read_continue"]:
    of_controller(_name, endpoint)
of_controller("usb_dc_ep_check_cap", _endpoint_data)
of_controller("usb_dc_ep_configure", _endpoint_data, count=120)
of_controller("usb_dc_ep_is_stalled", endpoint, _room)
of_controller("usb_dc_ep_set_callback", endpoint, told)
of_controller("usb_dc_set_status_callback", told)
of_controller("usb_dc_set_address", lambda place: place.rng.randrange(256))
of_controller("usb_dc_reset")
of_controller("usb_dc_detach")
of_controller("usb_dc_attach", count=20)
of_controller("usb_dc_prepare_persist")
of_controller("usb_dw_ctrl_deinit", words=0)
of_controller("usb_dw_isr_handler", words=0)
of_controller("usb_dc_check_poll_for_interrupts", words=0)
of_controller("usb_disable")
of_controller("usb_deconfig")
of_controller("usb_dev_deinit", words=0, count=4)


def _written(place: Place) -> Call:
    """Data at any alignment. An isochronous endpoint has no FIFO, and is waited for until there is one."""
    before = settled(place, (2, 3))
    count = pick(place, 0, 1, 5, 31, 64, 65, 150, 300)
    data = place.put(place.rng.randbytes(count))
    arguments = [endpoint(place), data, count, _room(place)]
    return Call(arguments, before=before, after=[*registers(place), looked_at(CONTROLLER, CONTROLLER_BYTES, place)])


def _read(place: Place) -> Call:
    """Nothing has come in: of what the variables say is there, the FIFO gives noughts."""
    before = settled(place)
    number = pick(place, 0, 1, 2, 3, 5)
    before.append(copied(CONTROLLER + 144 + 20 * number + 16, struct.pack("<I", pick(place, 0, 3, 8, 30)), place))
    to = pick(place, 0, place.room(40, 4))
    arguments = [
        pick(place, number, number, 0x81),
        to,
        pick(place, 0, 0, 5, 40) if to else pick(place, 0, 4),
        _room(place),
    ]
    return Call(arguments, before=before, after=[looked_at(CONTROLLER, CONTROLLER_BYTES, place), *registers(place)])


USB |= {name: Case(_written, 60, 2048, 80) for name in ("usb_dc_ep_write", "usb_write")}
USB |= {
    name: Case(_read, 60, 2048, 80)
    for name in ("usb_dc_ep_read_wait", "usb_ep_read_wait", "usb_dc_ep_read", "usb_read")
}


# The device


def _configured(place: Place) -> Call:
    """struct usb_cfg_data: what is given replaces what is there."""
    handlers = [pick(place, 0, place.hooks["nothing"]) for _ in range(4)]
    given = struct.pack("<10I", 0, 0, 0, *handlers, 0x1234, 0x5678, 0)
    before = [copied(DEVICE, bytes(DEVICE_BYTES), place)]
    after = [looked_at(DEVICE, DEVICE_BYTES, place)]
    # The handlers of standard and of vendors' requests are the ROM's own.
    start = after[0][1][0]
    own = [(start + at, start + at + 4) for at in (32, 40)]
    return Call([pick(place, place.put(given, 4), place.put(given, 4), 0)], before=before, after=after, scratch=own)


def _resumed(place: Place) -> Call:
    before = settled(place)
    before += [("usb_set_current_descriptor", [pick(place, 0, 1)]), copied(DEVICE, bytes(DEVICE_BYTES), place)]
    before.append(copied(DEVICE + 28, struct.pack("<I", place.hooks["put_two"]), place))
    after = [*registers(place), looked_at(CONTROLLER, CONTROLLER_BYTES, place), looked_at(DEVICE, DEVICE_BYTES, place)]
    # Whom it tells sees where a frame lies.
    return Call([pick(place, 0, 1)], 0, before=before, after=after, scratch=[place.sink])


def _described(place: Place) -> Call:
    """Where the answer lies is the ROM's own affair."""
    length, data = place.room(4, 4), place.room(4, 4)
    kind = pick(place, 1, 2, 3, 3, 3, 4, 5, 6, 8)
    what = kind << 8 | (0 if kind == 2 else pick(place, 0, 1, 2, 3, 4, 200))
    before: list[Step] = [("usb_set_current_descriptor", [pick(place, 0, 1, 2)])]
    return Call([what, 0x409, length, data], before=before, scratch=[(data, data + 4)])


def _serial(place: Place) -> Call:
    text = "".join(pick(place, ord("x"), ord("y")).to_bytes(1, "little").decode() for _ in range(17))
    data = bytes([36, 3]) + text.encode("utf-16-le")
    return Call([], 0, before=[copied(PRESETS + 0x48, data, place)], after=[looked_at(PRESETS + 0x48, 36, place)])


def _numbered(place: Place) -> Call:
    return Call([], before=[copied(DEVICE + 73, place.rng.randbytes(1), place)])


USB["usb_set_config"] = Case(_configured, 40, 768, 4)
USB["usb_dev_resume"] = Case(_resumed, 30, 2048, 80)
USB["usb_get_descriptor"] = Case(_described, 100, 64, 2)
USB["usb_set_current_descriptor"] = Case(lambda place: Call([pick(place, 0, 1, 2)], 0), 4, 64, 1)
USB["mac_addr_to_serial_str_desc"] = Case(_serial, 20, 128, 3)
USB["usb_dev_get_configuration"] = Case(_numbered, 10, 64, 2)


def _transfers(place: Place) -> list[Step]:
    """Four of them, in every state."""
    steps = settled(place, (2, 3))
    words = []
    for _ in range(4):
        status = pick(place, -16, -16, 0, -22) & 0xFFFF_FFFF
        data = place.put(place.rng.randbytes(64), 4)
        left, done, flags = pick(place, 0, 5, 64), pick(place, 0, 7), pick(place, 1, 2, 6)
        words += [endpoint(place), status, data, left, done, told(place), 0, pick(place, 0, 1), flags]
    return [*steps, copied(DEVICE + 76, struct.pack("<36I", *words), place)]


def _transferred(*operands: Callable[[Place], int], words: int = 1) -> Case:
    def make(place: Place) -> Call:
        before = _transfers(place)
        after = [
            *registers(place),
            looked_at(CONTROLLER, CONTROLLER_BYTES, place),
            looked_at(DEVICE, DEVICE_BYTES, place),
        ]
        return Call([operand(place) for operand in operands], words, before=before, after=after)

    return Case(make, 60, 4096, 80)


def _some(place: Place) -> int:
    return place.put(place.rng.randbytes(80))


_flags: Callable[[Place], int] = lambda place: pick(place, 1, 2, 6)  # noqa: E731
_count: Callable[[Place], int] = lambda place: pick(place, 0, 1, 64, 80)  # noqa: E731
USB["usb_transfer"] = _transferred(endpoint, _some, _count, _flags, told, lambda _place: 0)
USB["usb_cancel_transfer"] = _transferred(endpoint, words=0)
# What is nobody's is read until there is no more, which silicon does not notice of an endpoint that is off.
USB["usb_transfer_ep_callback"] = _transferred(
    lambda place: pick(place, 1, 2, 3, 0x81, 0x82, 0x85), lambda place: pick(place, 0, 1), words=0
)


def _at_once(place: Place) -> Call:
    """None is free: what would wait on the caller's frame is not there to be compared."""
    before = [*settled(place), copied(DEVICE + 76, bytes(144), place)]
    return Call([endpoint(place), _some(place), 5, 2], before=before)


USB["usb_transfer_sync"] = Case(_at_once, 10, 2048, 80)


# The serial line

RING = 40


def _line(place: Place, status: int | None = None) -> int:
    """struct acm, with its ring."""
    flags = [place.rng.randrange(2) for _ in range(4)]
    head = struct.pack("<II4BII", pick(place, 1, 3) if status is None else status, told(place), *flags, *_ends(place))
    tail = place.rng.randbytes(7) + bytes(place.rng.randrange(n) for n in (4, 4, 2, 2, 2))
    return place.put(head + place.rng.randbytes(64) + tail + struct.pack("<I", RING) + place.rng.randbytes(RING), 4)


def _ends(place: Place) -> tuple[int, int]:
    return place.rng.randrange(RING), place.rng.randrange(RING)


def of_line(
    names: str, *operands: Callable[[Place], int], words: int = 1, count: int = 60, status: int | None = None
) -> None:
    def make(place: Place) -> Call:
        place.hears(64)
        before = [copied(CONTROLLER, bytes(CONTROLLER_BYTES), place), copied(GLUE, bytes(12), place)]
        return Call([_line(place, status), *(operand(place) for operand in operands)], words, before=before)

    for name in names.split():
        USB[name] = Case(make, count, 1024, 3)


of_line("cdc_acm_irq_tx_enable cdc_acm_irq_tx_disable cdc_acm_irq_state_enable cdc_acm_irq_state_disable", words=0)
of_line("cdc_acm_irq_rx_enable cdc_acm_irq_rx_disable", words=0)
of_line("cdc_acm_irq_tx_ready cdc_acm_irq_rx_ready cdc_acm_irq_is_pending cdc_acm_rx_fifo_cnt")
of_line("cdc_acm_irq_callback_set", told, words=0)
of_line("cdc_acm_fifo_read", lambda place: place.room(60), lambda place: place.rng.randrange(60))
of_line("cdc_acm_line_ctrl_get", lambda place: pick(place, 1, 2, 4, 8, 16, 0), lambda place: place.room(4, 4))
of_line("cdc_acm_line_ctrl_set", lambda place: pick(place, 1, 2, 4, 8, 16, 0), lambda place: pick(place, 0, 1, 0x1C200))
of_line("cdc_acm_fifo_fill", _some, _count, status=1)
of_line("cdc_acm_poll_out", lambda place: place.rng.randrange(256), status=1)


def _filled(place: Place) -> Call:
    """Where the host has taken the last, or never does, for which it waits 100 ms."""
    before = settled(place)
    count = pick(place, 1, 20, 64)
    return Call([_line(place, 3), place.put(place.rng.randbytes(64)), count], before=before, after=registers(place))


USB["cdc_acm_fifo_fill"] = Case(_filled, 12, 2048, 80)
USB["cdc_acm_poll_out"] = Case(_filled, 4, 2048, 80)
USB["usb_uart_otg_rx_one_char_block"] = Case(lambda _place: Call([], before=[]), 1, 32, 1)


def _asked(requests: list[int]) -> Callable[[Place], Call]:
    def make(place: Place) -> Call:
        place.hears(64)
        line = _line(place)
        state = place.rng.randrange(11)
        dfu = bytearray(DFU_BYTES)
        struct.pack_into("<II", dfu, 0, place.rng.randrange(1000), pick(place, 0, 1, 0x203))
        struct.pack_into("<IIH", dfu, 72, state, place.rng.randrange(16), pick(place, 0, 1, 5))
        dfu[97] = place.rng.randrange(2)
        setup = struct.pack(
            "<BBHHH", 0x21, pick(place, *requests), pick(place, 0, 1, 3, 5), 2, pick(place, 0, 6, 16, 64)
        )
        length, memory = place.words(place.rng.randrange(64)), place.put(place.rng.randbytes(64), 4)
        data = place.words(memory)
        before = [copied(ACM, struct.pack("<I", line), place), copied(DFU, bytes(dfu), place)]
        before += [copied(UPDATER, bytes(4), place), copied(CONTROLLER, bytes(CONTROLLER_BYTES), place)]
        return Call([place.put(setup, 4), length, data], before=before, after=[looked_at(DFU, DFU_BYTES, place)])

    return make


USB["dfu_class_handle_req"] = Case(_asked([1, 2, 3, 4, 5, 6, 7, 0x20]), 150, 1024, 6)
USB["cdc_acm_class_handle_req"] = Case(_asked([1, 3, 5, 0x20, 0x21, 0x22, 0x23]), 150, 1024, 6)


def of_updates(name: str, make: Callable[[Place], tuple[list[int], bytes]], words: int = 1) -> None:
    """The variables of updates before, and after."""

    def made(place: Place) -> Call:
        arguments, dfu = make(place)
        return Call(arguments, words, before=[copied(DFU, dfu, place)], after=[looked_at(DFU, DFU_BYTES, place)])

    USB[name] = Case(made, 40, 512, 3)


def _told_of_bus(place: Place) -> tuple[list[int], bytes]:
    """Without what would reset the chip: it has not been configured."""
    dfu = bytearray(DFU_BYTES)
    struct.pack_into("<I", dfu, 72, place.rng.randrange(4))
    dfu[97] = place.rng.randrange(2)
    return [place.rng.randrange(10), 0], bytes(dfu)


def _interface(place: Place) -> tuple[list[int], bytes]:
    setup = struct.pack(
        "<BBHHH", pick(place, 0, 1, 0x21, 0x81, 2), pick(place, 11, 11, 10), place.rng.randrange(600), 2, 0
    )
    return [place.put(setup, 4), place.room(4, 4), 0], place.rng.randbytes(DFU_BYTES)


of_updates("dfu_status_cb", _told_of_bus, words=0)
of_updates("dfu_custom_handle_req", _interface)
of_updates("usb_dfu_init", lambda place: ([], place.rng.randbytes(DFU_BYTES)))
of_updates("usb_dfu_force_detach", lambda place: ([], place.rng.randbytes(DFU_BYTES)), words=0)
of_updates(
    "usb_dfu_set_detach_cb", lambda place: ([place.rng.getrandbits(32)], place.rng.randbytes(DFU_BYTES)), words=0
)


# Archives


def _member(place: Place, name: bytes, data: bytes) -> bytes:
    numbers = [place.rng.getrandbits(20) for _ in range(13)]
    numbers[6], numbers[11] = len(data), len(name) + 1
    digits = b"%08X" if place.rng.random() < 0.5 else b"%08x"
    head = pick(place, 1, 2).__format__("06d").replace("00000", "07070").encode() + b"".join(
        digits % n for n in numbers
    )
    return b"".join(part + bytes(-len(part) % 4) for part in (head + name + b"\0", data))


def _archive(place: Place) -> bytes:
    whole = b"".join(
        _member(place, b"file%d" % n, place.rng.randbytes(place.rng.randrange(90)))
        for n in range(place.rng.randrange(4))
    )
    whole += _member(place, b"TRAILER!!!", b"") + bytes(4)
    if place.rng.random() < 0.2:
        at = place.rng.randrange(len(whole))
        whole = whole[:at] + b"!" + whole[at + 1 :]
    return whole


def _fed(last: str) -> Callable[[Place], Call]:
    """In pieces, of which the last is the call, or after them."""

    def make(place: Place) -> Call:
        place.hears(900)
        whole = _archive(place)
        memory, buffer = place.room(300, 4), pick(place, 0, 1, 16, 64)
        start = ("cpio_start", [place.hooks["put_file"], 0x1234, buffer, memory, 300])
        cuts = sorted(place.rng.randrange(len(whole) + 1) for _ in range(4))
        pieces = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
        feeds: list[Step] = [("cpio_feed", [memory, place.put(piece), len(piece)]) for piece in pieces]
        if last == "cpio_feed":
            return Call(feeds[-1][1], before=[start, *feeds[:-1]], after=[("cpio_done", [memory])])
        return Call([memory], before=[start, *feeds[: place.rng.randrange(5)]])

    return make


def _started(place: Place) -> Call:
    return Call(
        [place.hooks["put_file"], 7, pick(place, 0, 16, 200), place.room(300, 4), pick(place, 100, 164, 165, 200, 300)]
    )


USB["cpio_start"] = Case(_started, 30, 512, 1)
USB["cpio_feed"] = Case(_fed("cpio_feed"), 200, 4096, 8)
USB["cpio_done"] = Case(_fed("cpio_done"), 100, 4096, 8)
USB["cpio_destroy"] = Case(_fed("cpio_destroy"), 4, 4096, 8)


# Flash

FLASH_AT, SECTOR = 0x8_0000, 0x1000
UPDATER_BYTES = 0x1824


def _in_flash(place: Place) -> int:
    return FLASH_AT + place.rng.randrange(4) * SECTOR


def _programmed(place: Place) -> Call:
    at, count = _in_flash(place), place.rng.randrange(40)
    before: list[Step] = [("dfu_flash_init", []), ("dfu_flash_erase", [at, SECTOR])]
    after: list[Step] = [("dfu_flash_read", [at, 44, place.room(44, 4)])]
    return Call([at, count, place.put(place.rng.randbytes(count), 4)], 0, before=before, after=after)


def _erased(place: Place) -> Call:
    at = _in_flash(place)
    return Call([at, pick(place, SECTOR, 2 * SECTOR)], 0, after=[("dfu_flash_read", [at, 64, place.room(64, 4)])])


def _flash_read(place: Place) -> Call:
    count = 4 * place.rng.randrange(1, 20)
    return Call([_in_flash(place) + 4 * place.rng.randrange(64), count, place.room(count, 4)], words=0)


USB["dfu_flash_init"] = Case(lambda _place: Call([], 0), 2, 32, 1)
USB["dfu_flash_erase"] = Case(_erased, 6, 128, 2)
USB["dfu_flash_program"] = Case(_programmed, 20, 256, 4)
USB["dfu_flash_read"] = Case(_flash_read, 20, 128, 1)


def _attached(place: Place) -> Call:
    """Pads, then the chip as `esp_rom_spiflash_config_param` has it: sizes that leave the flash as it is."""
    chip = struct.pack("<8I", 0, 0, 0, 0x40_0000, 0x1_0000, SECTOR, 0x100, 0xFFFF)
    return Call([place.put(chip)], 0, after=[("esp_rom_spiflash_read", [FLASH_AT, place.room(16, 4), 16])])


USB["dfu_flash_attach"] = Case(_attached, 2, 128, 2)


def _update(place: Place) -> bytes:
    """An archive for this updater, with all that its list can say; or none at all."""
    if place.rng.random() < 0.2:
        return place.rng.randbytes(place.rng.randrange(1, 700))
    files = []
    for n in range(place.rng.randrange(1, 4)):
        data = place.rng.randbytes(place.rng.randrange(1, 400))
        flags = pick(place, 0, 0, 1, 2, 16, 8)
        at = _in_flash(place) if not flags & 3 else place.room(400, 4) if flags == 1 else place.hooks["put_file"]
        digest = hashlib.md5(data).digest() if place.rng.random() < 0.7 else bytes(16)
        files.append((b"f%d" % n, data, struct.pack("<II64s16s", at, flags, b"f%d" % n, digest)))
    whole = _member(place, b"dfuinfo0.dat", b"".join(line for _, _, line in files))
    sent = files if place.rng.random() < 0.8 else files[:-1]
    return whole + b"".join(_member(place, name, data) for name, data, _ in sent) + _member(place, b"TRAILER!!!", b"")


def of_updater(name: str, words: int, ending: Callable[[Place, list[Step]], tuple[list[int], list[Step]]]) -> None:
    """An update in pieces, in memory of the call's own. Which of the ROM's functions the archive tells is left out."""

    def make(place: Place) -> Call:
        place.hears(1600)
        memory = place.room(0x1C00, 4)
        whole = _update(place)
        start: list[Step] = [("dfu_updater_enable", [memory, 0x1C00]), ("dfu_updater_begin", [])]
        feeds: list[Step] = [
            ("dfu_updater_feed", [place.put(whole[at : at + 200]), len(whole[at : at + 200])])
            for at in range(0, len(whole), 200)
        ]
        arguments, before = ending(place, [*start, *feeds])
        own, parsed = memory + UPDATER_BYTES + 4, memory + UPDATER_BYTES + 124
        # Of what begins with no number the parser makes one of what it finds on its stack.
        scratch = [(own, own + 4)] if whole.startswith(b"0") else [(own, own + 4), (parsed, parsed + 20)]
        return Call(arguments, words, before=before, after=[("dfu_updater_get_err", [])], scratch=scratch)

    USB[name] = Case(make, 12, 0x3800, 24)


of_updater("dfu_updater_end", 0, lambda _place, steps: ([], steps))
of_updater("dfu_updater_get_err", 1, lambda _place, steps: ([], [*steps, ("dfu_updater_end", [])]))
of_updater("dfu_updater_feed", 0, lambda _place, steps: (steps[-1][1], steps[:-1]))
of_updater("dfu_updater_clear_err", 0, lambda _place, steps: ([], [*steps, ("dfu_updater_end", [])]))
of_updater("dfu_updater_set_raw_addr", 0, lambda place, steps: ([FLASH_AT, place.rng.randrange(99)], steps))
of_updater(
    "dfu_updater_flash_read",
    1,
    lambda place, steps: (
        [place.room(100, 4), 4 * place.rng.randrange(20)],
        [*steps[:2], ("dfu_updater_set_raw_addr", [FLASH_AT, pick(place, 0, 40, 400)])],
    ),
)
of_updater("dfu_updater_begin", 0, lambda _place, steps: ([], steps))
of_updater("dfu_updater_enable", 0, lambda place, steps: ([steps[0][1][0], 0x1C00], steps))


def _of_archive(place: Place) -> Call:
    """One file of an archive for flash, in two pieces or whole."""
    place.hears(400)
    memory = place.room(0x1C00, 4)
    line = struct.pack("<II64s16s", place.room(64, 4), 1, b"file", bytes(16))
    count = place.rng.randrange(64)
    lists = place.words(len(line), place.put(b"dfuinfo0.dat\0"), 0, 0)
    named = place.put(b"none\0" if place.rng.random() < 0.3 else b"file\0")
    before: list[Step] = [
        ("dfu_updater_enable", [memory, 0x1C00]),
        ("dfu_updater_begin", []),
        ("dfu_cpio_callback", [0, lists, 0, len(line), place.put(line), 0]),
    ]
    file = place.words(count, named, 0, 0)
    own = memory + UPDATER_BYTES + 4
    return Call(
        [pick(place, 0, 1, 2, 3), file, 0, count, place.put(place.rng.randbytes(64)), 0],
        0,
        before=before,
        scratch=[(own, own + 4)],
    )


USB["dfu_cpio_callback"] = Case(_of_archive, 24, 0x2400, 8)


# The PHY

WRAP_CONF, FLAGS, USB_CONF = 0x6003_9000, 0x6003_93FC, 0x6000_8120
PADS = [19, 20, 21, *range(38, 43)]
PHY = [WRAP_CONF, FLAGS, USB_CONF, 0x600C_0018, 0x600C_0020, 0x6000_4004, 0x6000_4010, 0x6000_4020, 0x6000_402C]
PHY += [0x6000_4154 + 4 * signal for signal in range(55, 62)] + [0x6000_4554 + 4 * pad for pad in PADS]
PHY += [0x6000_9004 + 4 * pad for pad in PADS]
"""USB_WRAP, RTC_CNTL, SYSTEM, the GPIO matrix and the IO MUX."""


def of_phy(name: str, *operands: Callable[[Place], int], words: int = 1, count: int = 24) -> None:
    def make(place: Place) -> Call:
        before = [
            copied(WRAP_CONF, struct.pack("<I", pick(place, 0, 4, 1 << 18)), place),
            copied(FLAGS, struct.pack("<I", pick(place, 0, 1 << 31, 0x1234_5678)), place),
            copied(USB_CONF, struct.pack("<I", pick(place, 0, 1, 2, 3) << 19 | pick(place, 0, 3) << 17), place),
            copied(PERSISTED, struct.pack("<I", pick(place, 0, 0, 1, 2)), place),
        ]
        after = [looked_at(at, 4, place) for at in (*PHY, PERSISTED)]
        # Nothing of it stays: the next call would see a bus.
        after.append(copied(USB_CONF, bytes(4), place))
        return Call([operand(place) for operand in operands], words, before=before, after=after)

    USB[name] = Case(make, count, 1024, 60)


of_phy("chip_usb_dw_init", count=40)
of_phy("chip_usb_dw_did_persist")
of_phy("chip_usb_detach", words=0)
of_phy("chip_usb_dw_prepare_persist", words=0)
of_phy("chip_usb_get_persist_flags")
of_phy("chip_usb_set_persist_flags", lambda place: place.rng.getrandbits(32), words=0)
