"""The parts of a lamp on a Pico that runs MicroPython: a voice processor, LEDs with their supply, a touch key."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.realimages.conftest import PROMPT, MicroPython
from twins import Twin
from twins.board import Board
from twins.sound import Sound

BOARD = Board.from_data(
    {
        "name": "lamp",
        "chip": "rp2040",
        "parts": {
            "voice": {
                "type": "XVF3800",
                "sda": "GPIO4",
                "scl": "GPIO5",
                "bclk": "GPIO6",
                "ws": "GPIO7",
                "dout": "GPIO8",
            },
            "current": {"type": "ACS758", "variant": "050B", "vcc": 3.3, "viout": "GPIO26"},
            "switch": {"type": "Mosfet", "gate": "voice.x0d11", "supply": "current.ip_minus"},
            "matrix": {
                "type": "LedMatrix",
                "rows": 8,
                "columns": 8,
                "serpentine": True,
                "data": "GPIO16",
                "supply": "switch.load",
            },
            "pad": {"type": "TTP223", "out": "GPIO2"},
        },
        "consoles": {"usb": "cdc"},
    }
)

XVF = (
    "import time, struct\nfrom machine import ADC, I2C, I2S, Pin, bitstream\n"
    "bus = I2C(0, scl=Pin(5), sda=Pin(4), freq=400000)\n"
    "def ask(resource, command, size):\n"
    "    for _ in range(100):\n"
    "        bus.writeto(0x2C, bytes((resource, command | 0x80, size + 1)))\n"
    "        answer = bus.readfrom(0x2C, size + 1)\n"
    "        if answer[0] != 64: return answer\n"
    "        time.sleep_ms(1)\n"
    "    return answer\n"
)


@pytest.fixture(scope="module")
def at_prompt(micropython_image: str) -> Iterator[Twin]:
    with Twin(BOARD, image=micropython_image) as twin:
        twin.console.expect_exact(PROMPT, timeout="10s")
        twin.run("3s")  # the voice processor starts slowly
        yield twin


@pytest.fixture
def mpy(at_prompt: Twin) -> Iterator[MicroPython]:
    with at_prompt.fork() as twin:
        yield MicroPython(twin)


def test_the_voice_processor_is_found_and_tells_its_version(mpy: MicroPython) -> None:
    """Seeed's wiki, "reSpeaker XVF3800 I2C": resource 48, command 0, three bytes."""
    assert mpy.run(XVF + "print(bus.scan(), ask(48, 0, 3), ask(20, 0, 5))\n") == (
        "[44] b'\\x00\\x01\\x00\\x08' b'\\x00\\x00\\x00\\x00\\x01\\x00'\n"
    )


def test_its_output_switches_the_leds_and_the_sensor_sees_their_current(mpy: MicroPython) -> None:
    """ACS758-050B at 3.3 V: 1.65 V at 0 A and 26.4 mV/A; 64 WS2812B in red draw 64 * 20.7 mA."""
    printed = mpy.run(
        XVF
        + "adc = ADC(26)\n"
        + "def volts():\n"
        + "    time.sleep_ms(1)\n"
        + "    return sum(adc.read_u16() for _ in range(64)) / 64 * 3.3 / 65536\n"
        + "def show():\n"
        + "    bitstream(Pin(16, Pin.OUT), 0, (400, 850, 800, 450), bytes((0, 255, 0)) * 64)\n"
        + "    time.sleep_ms(1)\n"
        + "show()\n"
        + "print(volts())\n"
        + "bus.writeto(0x2C, bytes((20, 1, 2, 11, 1)))\n"
        + "show()\n"
        + "print(volts())\n"
        + "bus.writeto(0x2C, bytes((20, 1, 2, 11, 0)))\n"
        + "print(volts())\n"
    )
    off, red, off_again = map(float, printed.split())
    assert off == pytest.approx(1.65, abs=0.003)
    assert red == pytest.approx(1.65 + 0.0264 * 64 * 0.0207, abs=0.003)
    assert off_again == pytest.approx(off, abs=0.002)
    matrix = mpy.twin.matrix
    assert (matrix.frames, matrix.unpowered_edges, bool(matrix.glass.any())) == (1, 64 * 24 * 2, False)
    assert [on for _, on in mpy.twin.switch.switched_at] == [True, False]


def test_it_hears_a_tone_and_its_direction_over_pio(mpy: MicroPython) -> None:
    """I2S by MicroPython's PIO program, 16 kHz, 32 bits: RMS of -20 dBFS (AES17) is 0.0707 of full scale."""
    mpy.start(
        XVF
        + "mic = I2S(0, sck=Pin(6), ws=Pin(7), sd=Pin(8), mode=I2S.RX, bits=32, format=I2S.STEREO, rate=16000,"
        + " ibuf=16384)\n"
        + "frames = bytearray(8 * 512)\n"
        + "mic.readinto(frames)\n"
        + "print('heard', ask(35, 24, 1))\n"
        + "power = 0\n"
        + "for n in range(24):\n"
        + "    mic.readinto(frames)\n"
        + "    if n < 14: continue\n"
        + "    both = struct.unpack('<1024i', frames)\n"
        + "    power += sum((both[i] / 2**31) ** 2 for i in range(0, 1024, 2)) / 512\n"
        + "azimuths = ask(33, 75, 16)\n"
        + "print((power / 10) ** 0.5, *struct.unpack('<4f', azimuths[1:]), azimuths[0])\n"
    )
    console = mpy.twin.console
    console.expect_exact("heard b'\\x00\\x00'", timeout="5s")
    mpy.twin.voice.scene.say(Sound.noise("5s"), azimuth=115, level_db=-20)
    console.expect_exact("\x04", timeout="20s")
    printed = str(console.before)
    console.expect_exact("\x04>", timeout="1s")
    assert not console.before, console.before
    rms, *azimuths, status = map(float, printed.split())
    assert rms == pytest.approx(0.0707, rel=0.1)
    assert status == 0
    assert azimuths[3] == pytest.approx(2.007, abs=0.02)  # 115 degrees


def test_while_i2s_stands_still_the_pipeline_answers_retry(mpy: MicroPython) -> None:
    assert mpy.run(XVF + "print(ask(33, 75, 16)[0], ask(35, 24, 1))\n") == "64 b'\\x00\\x01'\n"


def test_a_device_that_is_not_there_is_an_error_and_passes(mpy: MicroPython) -> None:
    assert heard(mpy, XVF, "nack") == ["1", "error 5", "1"]  # EIO


def test_a_device_that_holds_the_bus_makes_zeros_of_everything(mpy: MicroPython) -> None:
    """By bit-banging: SDA low is an acknowledge, and then zeros."""
    pins = "SoftI2C(scl=Pin(5, Pin.OPEN_DRAIN, Pin.PULL_UP), sda=Pin(4, Pin.OPEN_DRAIN, Pin.PULL_UP))"
    soft = XVF.replace("I2C(0, scl=Pin(5), sda=Pin(4), freq=400000)", pins).replace("ADC, I2C,", "ADC, SoftI2C,")
    assert heard(mpy, soft, "hold") == ["1", "0", "1"]


def heard(mpy: MicroPython, script: str, trouble: str) -> list[str]:
    """What a host that asks for the version 60 times sees of 100 ms of trouble: each change of the major number."""
    mpy.start(
        script
        + "print('ready')\n"
        + "for n in range(60):\n"
        + "    try:\n"
        + "        print(ask(48, 0, 3)[1])\n"
        + "    except OSError as error:\n"
        + "        print('error', error.errno)\n"
        + "    time.sleep_ms(10)\n"
    )
    console, voice = mpy.twin.console, mpy.twin.voice
    console.expect_exact("ready", timeout="5s")
    mpy.twin.run("100ms")
    if trouble == "hold":
        voice.hold_bus("100ms")
    else:
        voice.nack = True
    mpy.twin.run("100ms")
    voice.nack = False
    console.expect_exact("\x04", timeout="20s")
    lines = str(console.before).replace("\r\n", "\n").strip().split("\n")
    return [line for line, before in zip(lines, ["", *lines], strict=False) if line != before]


def test_a_touch_is_seen(mpy: MicroPython) -> None:
    mpy.run("import time\nfrom machine import Pin\npad = Pin(2, Pin.IN)\nassert not pad.value()\n")
    mpy.twin.pad.touch("400ms")
    mpy.twin.run("220ms")
    assert mpy.run("from machine import Pin\nprint(Pin(2, Pin.IN).value())\n") == "1\n"
    mpy.twin.run("500ms")
    assert mpy.run("from machine import Pin\nprint(Pin(2, Pin.IN).value())\n") == "0\n"
