"""Cards and displays on the pins of a Pico that runs MicroPython: SD on SPI, an 8080 display by PIO, a touch panel."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.realimages.conftest import PROMPT, MicroPython
from twins import Twin
from twins.board import Board

BOARD = Board.from_data(
    {
        "name": "cards",
        "chip": "rp2040",
        "parts": {
            "card": {
                "type": "Sdcard",
                "sck": "GPIO18",
                "mosi": "GPIO19",
                "miso": "GPIO16",
                "cs": "GPIO17",
                "cd": "GPIO22",
            },
            "lcd": {"type": "ILI9341", "wr": "GPIO0", "dc": "GPIO1", "cs": "GPIO2", "rst": "GPIO3"}
            | {f"d{line}": f"GPIO{6 + line}" for line in range(8)},
            "touch": {"type": "FT5x06", "model": "FT6236", "sda": "GPIO4", "scl": "GPIO5", "irq": "GPIO26"},
        },
        "consoles": {"usb": "cdc"},
    }
)

SPI = {
    "hardware": "SPI(0, baudrate=10_000_000, sck=Pin(18), mosi=Pin(19), miso=Pin(16))",
    "bit-banged": "SoftSPI(sck=Pin(18), mosi=Pin(19), miso=Pin(16))",
}

SD_DRIVER = """
import os, time
from machine import Pin, SPI, SoftSPI
cs = Pin(17, Pin.OUT, value=1)
class Card:
    def __init__(self, bus):
        self.bus = bus
        bus.write(b'\\xff' * 10)
        for _ in range(5):
            if self.command(0, 0, 0x95) == 1: break
        else: raise OSError('no card')
        assert self.command(8, 0x1AA, 0x87, 4) == 1 and self.more[2:] == b'\\x01\\xaa'
        while True:
            self.command(55, 0)
            if self.command(41, 0x40000000) == 0: break
        assert self.command(58, 0, 0xFF, 4) == 0 and self.more[0] & 0xC0 == 0xC0
        self.command(9, 0)
        csd = self.block(bytearray(16))
        self.sectors = ((csd[7] & 0x3F) << 16 | csd[8] << 8 | csd[9]) * 1024 + 1024
    def command(self, index, argument, crc=0xFF, more=0):
        cs(1); self.bus.write(b'\\xff'); cs(0)
        self.bus.write(bytes((0x40 | index,)) + argument.to_bytes(4, 'big') + bytes((crc,)))
        for _ in range(8):
            r1 = self.bus.read(1, 0xFF)[0]
            if not r1 & 0x80: break
        self.more = self.bus.read(more, 0xFF)
        return r1
    def block(self, into):
        while self.bus.read(1, 0xFF) != b'\\xfe': pass
        self.bus.readinto(into, 0xFF)
        self.bus.read(2, 0xFF)
        cs(1)
        return into
    def readblocks(self, n, into):
        view = memoryview(into)
        for i in range(len(into) // 512):
            assert self.command(17, n + i) == 0
            self.block(view[i * 512:(i + 1) * 512])
    def writeblocks(self, n, data):
        view = memoryview(data)
        for i in range(len(data) // 512):
            assert self.command(24, n + i) == 0
            self.bus.write(b'\\xff\\xfe'); self.bus.write(view[i * 512:(i + 1) * 512]); self.bus.write(b'\\xff\\xff')
            assert self.bus.read(1, 0xFF)[0] & 0x1F == 5
            while self.bus.read(1, 0xFF) == b'\\x00': pass
            cs(1)
    def ioctl(self, what, argument):
        return self.sectors if what == 4 else 512 if what == 5 else 0
"""

LCD_DRIVER = """
import rp2, time
from machine import Pin
dc, cs, rst = (Pin(n, Pin.OUT, value=1) for n in (1, 2, 3))
@rp2.asm_pio(out_init=(rp2.PIO.OUT_LOW,) * 8,
             sideset_init=rp2.PIO.OUT_HIGH, out_shiftdir=rp2.PIO.SHIFT_RIGHT, autopull=True, pull_thresh=8)
def bus():
    out(pins, 8).side(0)
    nop().side(1)
sm = rp2.StateMachine(0, bus, freq=20_000_000, out_base=Pin(6), sideset_base=Pin(0))
sm.active(1)
def send(data):
    for byte in data: sm.put(byte)
    while sm.tx_fifo(): pass
    time.sleep_us(2)
def command(code, data=b''):
    cs(0); dc(0); send(bytes([code])); dc(1); send(data); cs(1)
rst(0); time.sleep_ms(1); rst(1); time.sleep_ms(120)
command(0x11); time.sleep_ms(120)
command(0x3A, b'\\x55'); command(0x36, b'\\x48'); command(0x29)
command(0x2A, bytes((0, 10, 0, 11))); command(0x2B, bytes((0, 20, 0, 20)))
command(0x2C, bytes((0xF8, 0, 0x07, 0xE0)))
"""

TOUCH_DRIVER = """
import time
from machine import I2C, Pin
time.sleep_ms(300)
bus = I2C(0, scl=Pin(5), sda=Pin(4), freq=400_000)
seen = []
def touched(pin):
    data = bus.readfrom_mem(0x38, 2, 5)
    seen.append((data[0], data[1] >> 6, (data[1] & 15) << 8 | data[2], (data[3] & 15) << 8 | data[4]))
print(bus.scan(), bus.readfrom_mem(0x38, 0xA3, 1))
Pin(26, Pin.IN).irq(touched, Pin.IRQ_FALLING)
"""


@pytest.fixture(scope="module")
def at_prompt(micropython_image: str) -> Iterator[Twin]:
    with Twin(BOARD, image=micropython_image) as twin:
        twin.console.expect_exact(PROMPT, timeout="10s")
        yield twin


@pytest.fixture
def mpy(at_prompt: Twin) -> Iterator[MicroPython]:
    with at_prompt.fork() as twin:
        yield MicroPython(twin)


@pytest.mark.parametrize("bus", SPI)
def test_a_card_holds_a_file_system(mpy: MicroPython, bus: str) -> None:
    """FAT as MicroPython writes it: the card's first block is a boot sector with its signature."""
    printed = mpy.run(
        SD_DRIVER + f"card = Card({SPI[bus]})\n"
        "print(card.sectors)\n"
        "os.VfsFat.mkfs(card)\n"
        "vfs = os.VfsFat(card)\n"
        "os.mount(vfs, '/sd')\n"
        "with open('/sd/hello.txt', 'w') as file: file.write('from the twin')\n"
        "print(os.listdir('/sd'), open('/sd/hello.txt').read())\n"
        "os.umount('/sd')\n",
        timeout="30s",
    )
    assert printed == "131072\n['hello.txt'] from the twin\n"
    card = mpy.twin.card
    assert card.read(510, 2) == b"\x55\xaa"
    assert b"from the twin" in card.read(0, 512 * 512)
    assert card.unknown == {}


def test_a_card_that_is_taken_out_is_missed(mpy: MicroPython) -> None:
    mpy.twin.card.eject()
    script = SD_DRIVER + f"try:\n    Card({SPI['hardware']})\nexcept OSError as error:\n    print(error)\n"
    assert mpy.run(script) == "no card\n"
    assert mpy.run("print(Pin(22, Pin.IN, Pin.PULL_UP)())") == "1\n"
    mpy.twin.card.insert()
    assert mpy.run(f"print(Pin(22)(), Card({SPI['hardware']}).sectors)") == "0 131072\n"


def test_a_display_draws_over_an_8080_bus_made_by_pio(mpy: MicroPython) -> None:
    mpy.run(LCD_DRIVER)
    lcd = mpy.twin.lcd
    assert lcd.frame[20, 239 - 11 : 239 - 9].tolist() == [[0, 255, 0], [255, 0, 0]]
    assert [command.code for command in lcd.wire] == [0x11, 0x3A, 0x36, 0x29, 0x2A, 0x2B, 0x2C]
    assert lcd.violations == {}


def test_a_touch_interrupts(mpy: MicroPython) -> None:
    assert mpy.run(TOUCH_DRIVER) == "[56] b'6'\n"
    mpy.twin.touch.touch(100, 300)
    mpy.twin.run("30ms")
    mpy.twin.touch.release()
    mpy.twin.run("30ms")
    seen = eval(mpy.run("print(seen)"))
    assert seen[0] == (1, 0, 100, 300)
    assert set(seen[1:-1]) == {(1, 2, 100, 300)}
    assert seen[-1] == (0, 1, 100, 300)
