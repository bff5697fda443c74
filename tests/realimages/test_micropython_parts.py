"""Parts on the pins of a Pico that runs MicroPython, reached by its own drivers and by bit-banging."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest

from tests.realimages.conftest import PROMPT, MicroPython
from twins import Twin
from twins.board import Board
from twins.ports import I2sLink, Part, Times

BOARD = Board.from_data(
    {
        "name": "parts",
        "chip": "rp2040",
        "parts": {
            "strip": {"type": "WS2812", "count": 8, "strict": True, "data": "GPIO16"},
            "eeprom": {"type": "Eeprom24", "model": "24C02", "sda": "GPIO4", "scl": "GPIO5"},
            "pot": {"type": "Potentiometer", "position": 0.5, "wiper": "GPIO26"},
            "knob": {"type": "RotaryEncoder", "bounce": "0ms", "a": "GPIO1", "b": "GPIO2"},
            "speaker": {"type": "Speaker", "channel": "left", "bclk": "GPIO18", "ws": "GPIO19", "din": "GPIO20"},
            "mic": {"type": "Microphone", "model": "ICS-43434", "bclk": "GPIO6", "ws": "GPIO7", "dout": "GPIO8"},
            "button": {"type": "Button", "bounce": "0ms", "pin": "GPIO3"},
            "lcd": {
                "type": "ST7789",
                "sck": "GPIO10",
                "mosi": "GPIO11",
                "miso": "GPIO12",
                "cs": "GPIO13",
                "dc": "GPIO14",
                "rst": "GPIO15",
            },
        },
        "consoles": {"usb": "cdc"},
    }
)

SPI = {
    "hardware": "SPI(1, baudrate=5_000_000, sck=Pin(10), mosi=Pin(11), miso=Pin(12))",
    "bit-banged": "SoftSPI(sck=Pin(10), mosi=Pin(11), miso=Pin(12))",
}
I2C = {
    "hardware": "I2C(0, scl=Pin(5), sda=Pin(4), freq=400000)",
    "bit-banged": "SoftI2C(scl=Pin(5, Pin.OPEN_DRAIN, Pin.PULL_UP), sda=Pin(4, Pin.OPEN_DRAIN, Pin.PULL_UP))",
}


@pytest.fixture(scope="module")
def at_prompt(micropython_image: str) -> Iterator[Twin]:
    with Twin(BOARD, image=micropython_image) as twin:
        twin.console.expect_exact(PROMPT, timeout="10s")
        yield twin


@pytest.fixture
def mpy(at_prompt: Twin) -> Iterator[MicroPython]:
    with at_prompt.fork() as twin:
        yield MicroPython(twin)


def test_led_data_by_bitstream(mpy: MicroPython) -> None:
    """machine.bitstream with MicroPython's own WS2812 times, 400/850/800/450 ns: inside the WS2812B sheet."""
    mpy.run(
        "import machine\n"
        "data = bytes(range(24))\n"
        "machine.bitstream(machine.Pin(16, machine.Pin.OUT), 0, (400, 850, 800, 450), data)\n"
    )
    mpy.twin.run("1ms")
    assert mpy.twin.strip.colors.tolist() == [[n + 1, n, n + 2] for n in range(0, 24, 3)]
    assert mpy.twin.strip.violations == []


def test_led_data_by_pio(mpy: MicroPython) -> None:
    """Bits of ten cycles at 8 MHz: high for 3 or 7, as the WS2812 example of the RP2040 Python SDK book does."""
    mpy.run(
        "import rp2\nfrom machine import Pin\n"
        "@rp2.asm_pio(sideset_init=rp2.PIO.OUT_LOW, out_shiftdir=rp2.PIO.SHIFT_LEFT, autopull=True, pull_thresh=24)\n"
        "def leds():\n"
        "    wrap_target()\n"
        "    label('bit')\n"
        "    out(x, 1).side(0)[2]\n"
        "    jmp(not_x, 'zero').side(1)[2]\n"
        "    jmp('bit').side(1)[3]\n"
        "    label('zero')\n"
        "    nop().side(0)[3]\n"
        "    wrap()\n"
        "sm = rp2.StateMachine(0, leds, freq=8_000_000, sideset_base=Pin(16))\n"
        "sm.active(1)\n"
        "for n in range(8): sm.put((n << 16 | 0x80 + n << 8 | 0xF0 + n) << 8)\n"
    )
    mpy.twin.run("1ms")
    assert mpy.twin.strip.colors.tolist() == [[0x80 + n, n, 0xF0 + n] for n in range(8)]
    assert mpy.twin.strip.violations == []


@pytest.mark.parametrize("bus", I2C)
def test_an_eeprom_is_written_polled_and_read(mpy: MicroPython, bus: str) -> None:
    """A write rolls over in its page of 8, and the next command is acknowledged after 5 ms."""
    printed = mpy.run(
        "import time\nfrom machine import I2C, Pin, SoftI2C\n"
        f"bus = {I2C[bus]}\n"
        "print(bus.scan())\n"
        "bus.writeto_mem(0x50, 6, b'hello')\n"
        "start = time.ticks_us()\n"
        "while True:\n"
        "    try:\n"
        "        bus.writeto(0x50, b'')\n"
        "        break\n"
        "    except OSError:\n"
        "        pass\n"
        "print(time.ticks_diff(time.ticks_us(), start) // 1000)\n"
        "print(bus.readfrom_mem(0x50, 0, 9))\n"
    )
    found, waited, data = printed.splitlines()
    assert (found, data) == ("[80]", r"b'llo\xff\xff\xffhe\xff'")
    assert waited in ("4", "5")  # whole milliseconds, from the moment when the driver came back
    assert mpy.twin.eeprom.writes == 1


@pytest.mark.parametrize("position", [0.25, 0.75])
def test_a_potentiometer_is_measured(mpy: MicroPython, position: float) -> None:
    mpy.twin.pot.position = position
    measured = int(mpy.run("import machine\nprint(machine.ADC(26).read_u16())"))
    assert measured / 65535 == pytest.approx(position, abs=0.01)


def test_an_encoder_turns_both_ways(mpy: MicroPython) -> None:
    mpy.run(
        "from machine import Pin\n"
        "a, b = Pin(1, Pin.IN, Pin.PULL_UP), Pin(2, Pin.IN, Pin.PULL_UP)\n"
        "position = 0\n"
        "def fell(pin):\n    global position\n    position += 1 if b() else -1\n"
        "a.irq(fell, Pin.IRQ_FALLING)\n"
    )
    for detents, position in ((3, "3"), (-5, "-2")):
        mpy.twin.run(mpy.twin.knob.turn(detents))
        assert mpy.run("print(position)").strip() == position


def test_a_button_is_seen(mpy: MicroPython) -> None:
    mpy.run("from machine import Pin\nkey = Pin(3, Pin.IN, Pin.PULL_UP)")
    mpy.twin.button.down()
    assert mpy.run("print(key())") == "0\n"
    mpy.twin.button.up()
    assert mpy.run("print(key())") == "1\n"


@pytest.mark.parametrize("bus", SPI)
def test_a_display_draws_and_is_read_back(mpy: MicroPython, bus: str) -> None:
    """ST7789V 8.4.3: the ID comes one bit late, behind a dummy clock; RAMRD behind eight."""
    printed = mpy.run(
        "import time\nfrom machine import Pin, SPI, SoftSPI\n"
        f"bus = {SPI[bus]}\n"
        "cs, dc, rst = (Pin(n, Pin.OUT, value=1) for n in (13, 14, 15))\n"
        "rst(0); time.sleep_ms(1); rst(1); time.sleep_ms(120)\n"
        "def command(code, data=b'', count=0):\n"
        "    cs(0); dc(0); bus.write(bytes([code])); dc(1)\n"
        "    if data: bus.write(data)\n"
        "    answer = bus.read(count) if count else b''\n"
        "    cs(1)\n"
        "    return answer\n"
        "command(0x11); time.sleep_ms(120)\n"
        "command(0x3A, b'\\x55'); command(0x36, b'\\x60'); command(0x21); command(0x29)\n"
        "command(0x2A, bytes((0, 10, 0, 11))); command(0x2B, bytes((0, 20, 0, 20)))\n"
        "command(0x2C, bytes((0xF8, 0, 0x07, 0xE0)))\n"
        "print(command(0x04, count=4).hex(), command(0x0B, count=1).hex(), command(0x2E, count=7).hex())\n"
    )
    late = int.from_bytes(b"\x85\x85\x52", "big") << 7
    assert printed == f"{late:08x} 60 00fc000000fc00\n"
    frame = mpy.twin.lcd.frame
    assert frame[10:12, 239 - 20].tolist() == [[255, 0, 0], [0, 255, 0]]
    assert mpy.twin.lcd.violations == {}


def test_sound_out_by_pio(mpy: MicroPython) -> None:
    """machine.I2S, which is a PIO program on the RP2040: every edge is made, and the amplifier hears the samples."""
    mpy.run(
        "from machine import I2S, Pin\nimport struct, time\n"
        "i2s = I2S(0, sck=Pin(18), ws=Pin(19), sd=Pin(20), mode=I2S.TX, bits=16, format=I2S.STEREO,\n"
        "          rate=16000, ibuf=4096)\n"
        "i2s.write(b''.join(struct.pack('<hh', n * 100, -n) for n in range(1, 257)))\n"
        "time.sleep_ms(30)\n"
        "i2s.deinit()\n"
    )
    speaker = mpy.twin.speaker
    frames = (speaker.frames >> 16).tolist()
    first = frames.index([100, -1])
    assert frames[first : first + 256] == [[n * 100, -n] for n in range(1, 257)]
    assert (round(speaker.rate), speaker.bits, speaker.problem) == (16_000, 16, None)


def test_sound_in_by_pio(mpy: MicroPython) -> None:
    """A tone of 500 Hz at -6 dBFS comes in as 32 samples a period, 24 bits in the upper bits of the left channel."""
    mpy.twin.mic.play(np.sin(2 * np.pi * np.arange(32) / 32), rate=16_000, level_db=-6, loop=True)
    printed = mpy.run(
        "from machine import I2S, Pin\nimport struct\n"
        "i2s = I2S(1, sck=Pin(6), ws=Pin(7), sd=Pin(8), mode=I2S.RX, bits=32, format=I2S.STEREO, rate=16000,\n"
        "          ibuf=8192)\n"
        "sound = bytearray(8192)\n"
        "i2s.readinto(sound)\n"
        "i2s.deinit()\n"
        "print(struct.unpack('<2048i', sound))\n"
    )
    heard = np.array(ast.literal_eval(printed.strip())).reshape(-1, 2)
    left = heard[8:968, 0] / 2**31  # behind the first frames, in which the two find each other
    assert left.max() == pytest.approx(10 ** (-6 / 20), abs=0.01)
    assert int(np.argmax(np.abs(np.fft.rfft(left)))) == 960 // 32
    assert not heard[:, 1].any()
    assert mpy.twin.mic.rate == pytest.approx(16_000, rel=1e-3)


class Codec(Part):
    """A part that is the master of its I2S wire: 8 kHz, 16 bits a slot, counting frames on the left."""

    i2s = I2sLink(says=True, slot_bits=16)

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def power_on(self) -> None:
        self.i2s.run_clock(8_000)

    @i2s.wanted
    def _wanted(self, at: Times) -> npt.NDArray[np.int32]:
        first, self.count = self.count, self.count + len(at)
        left = np.arange(first, self.count) % 2**15
        return np.stack([left << 16, left * 0 - 65536], axis=1).astype(np.int32)


def test_a_part_gives_the_clock(micropython_image: str) -> None:
    """A state machine that follows bit clock and word select of a part: the first bit comes a clock behind WS."""
    board = Board.from_data(
        {
            "name": "slave",
            "chip": "rp2040",
            "parts": {
                "codec": {"type": f"{__name__}:Codec", "bclk": "GPIO6", "ws": "GPIO7", "dout": "GPIO8"},
            },
            "consoles": {"usb": "cdc"},
        }
    )
    with Twin(board, image=micropython_image) as twin:
        twin.console.expect_exact(PROMPT, timeout="10s")
        printed = MicroPython(twin).run(
            "import rp2\nfrom machine import Pin\n"
            "@rp2.asm_pio(in_shiftdir=rp2.PIO.SHIFT_LEFT, autopush=True, push_thresh=32)\n"
            "def follow():\n"
            "    wait(1, gpio, 7)\n"
            "    wait(0, gpio, 7)\n"
            "    wait(1, gpio, 6)\n"
            "    set(x, 31)\n"
            "    label('bit')\n"
            "    wait(0, gpio, 6)\n"
            "    wait(1, gpio, 6)\n"
            "    in_(pins, 1)\n"
            "    jmp(x_dec, 'bit')\n"
            "sm = rp2.StateMachine(0, follow, in_base=Pin(8, Pin.IN))\n"
            "sm.active(1)\n"
            "print([sm.get() for _ in range(20)])\n"
        )
    words = ast.literal_eval(printed.strip())
    assert {word & 0xFFFF for word in words} == {0xFFFF}
    assert set(np.diff([word >> 16 for word in words])) <= {1, 2}
