"""MicroPython 1.25.0 from Debian's sources, unmodified, on a Pico: boots, talks over USB, drives the chip, keeps files.

Expected values come from MicroPython's own documentation (docs/library, docs/rp2), from CPython for arithmetic, and
from the RP2040 datasheet for what the chip's blocks do; each test names its section.
"""

from __future__ import annotations

import math
import struct

import pytest

from tests.realimages.conftest import PROMPT, MicroPython
from tests.realimages.corpus import FLASH_ID
from twins import Duration, Twin

WHOLE_PULSE = """
from machine import time_pulse_us
def whole(pin, level):
    time_pulse_us(pin, level, 5000)
    return time_pulse_us(pin, level, 5000)
"""
"""docs/library/machine.time_pulse_us starts at once on a pin that has the level already: so the second one counts."""


def test_boots_to_its_banner_over_usb(micropython_image: str) -> None:
    """USB ids: MicroPython's ports/rp2/mpconfigport.h (MICROPY_HW_USB_VID, _PID); the version is the package's."""
    with Twin("pico", image=micropython_image) as pico:
        pico.console.expect_exact(PROMPT, timeout="10s")
        banner = pico.console.before
        assert "MicroPython v1.25.0" in banner
        assert "Raspberry Pi Pico with RP2040" in banner
        assert (pico.usb.vendor_id, pico.usb.product_id) == (0x2E8A, 0x0005)
        assert (pico.usb.manufacturer, pico.usb.product) == ("MicroPython", "Board in FS mode")


def test_integers_of_any_size(mpy: MicroPython) -> None:
    """CPython is the authority."""
    wanted = (3**200 // 7**50, -(2**64) % 1_000_003, (1 << 100) >> 67, -7 // 2)
    printed = mpy.run("print((3**200//7**50, -(2**64)%1000003, (1<<100)>>67, -7//2))")
    assert printed.strip() == str(wanted)


def test_single_precision_floats(mpy: MicroPython) -> None:
    """The port computes in 32-bit floats (MICROPY_FLOAT_IMPL_FLOAT): CPython's doubles, rounded to 7 figures."""
    printed = mpy.run(
        "import math\n"
        "for x in (1/3, 1e10/7, math.sqrt(2), math.sin(1), math.exp(2.5), math.pi*1e-20, math.atan2(-1, 2)):\n"
        "    print(x)\n"
        "print(int(1e7/3), float('inf') > 1e38)"
    )
    *floats, whole = printed.split("\n")[:-1]
    wanted = [1 / 3, 1e10 / 7, math.sqrt(2), math.sin(1), math.exp(2.5), math.pi * 1e-20, math.atan2(-1, 2)]
    for got, want in zip(floats, wanted, strict=True):
        assert float(got) == pytest.approx(want, rel=6e-7)  # half a unit of the 7th figure
    assert whole == "3333333 True"


def test_native_viper_and_inline_assembler(mpy: MicroPython) -> None:
    """docs/reference/speed_python: the three emitters that make Thumb code on the chip itself."""
    printed = mpy.run(
        "import micropython\n"
        "@micropython.native\ndef native(n):\n    s = 0\n    for i in range(n): s += i*i\n    return s\n"
        "@micropython.viper\ndef viper(n: int) -> int:\n    s = 0\n"
        "    for i in range(n): s ^= i << (i & 7)\n    return s\n"
        "@micropython.asm_thumb\ndef asm(r0, r1):\n    mul(r0, r1)\n    sub(r0, r0, 5)\n"
        "print(native(100), viper(1000), asm(6, 7))"
    )
    viper = 0
    for i in range(1000):
        viper ^= i << (i & 7)
    assert printed.split() == [str(sum(i * i for i in range(100))), str(viper), "37"]


def test_a_second_of_sleep_is_a_second_of_virtual_time(mpy: MicroPython) -> None:
    """TIMER counts microseconds (datasheet 4.6): what the board measures is what passed on the twin's clock."""
    before = mpy.twin.now
    printed = mpy.run("import time\nt=time.ticks_us()\ntime.sleep(1)\nprint(time.ticks_diff(time.ticks_us(), t))")
    assert 1_000_000 <= int(printed) <= 1_000_500
    assert 1.0 <= Duration(mpy.twin.now - before).seconds < 1.1


def test_the_led_pin(mpy: MicroPython) -> None:
    """GPIO25 drives the LED of the Pico (Pico datasheet, 2.1)."""
    mpy.run("from machine import Pin\nled = Pin('LED', Pin.OUT)\nled.on()")
    assert mpy.twin.pins["GPIO25"].level == 1
    mpy.run("led.off()")
    assert mpy.twin.pins["GPIO25"].level == 0


def test_pulls_inputs_and_edge_interrupts(mpy: MicroPython) -> None:
    """Pad pulls (datasheet 2.19.4) decide an open input; an outside driver wins over them; edges interrupt (2.19.3)."""
    printed = mpy.run(
        "from machine import Pin\n"
        "p = Pin(14, Pin.IN, Pin.PULL_UP); up = p()\n"
        "p = Pin(14, Pin.IN, Pin.PULL_DOWN); print(up, p())\n"
        "seen = []\n"
        "p.irq(lambda p: seen.append(p()), Pin.IRQ_RISING | Pin.IRQ_FALLING)"
    )
    assert printed.split() == ["1", "0"]
    for level in (1, 0, 1):
        mpy.twin.pins["GPIO14"].drive(level)
        mpy.twin.run("5ms")
    assert mpy.run("print(seen, p())") == "[1, 0, 1] 1\n"


def test_pwm_on_a_pin(mpy: MicroPython) -> None:
    """docs/library/machine.PWM: 1 kHz at a quarter (16384/65536) is 250 us high in each 1000 us."""
    printed = mpy.run(
        WHOLE_PULSE + "from machine import Pin, PWM\n"
        "pwm = PWM(Pin(15), freq=1000, duty_u16=16384)\n"
        "print(pwm.freq(), pwm.duty_u16(), whole(Pin(15), 1), whole(Pin(15), 0))"
    )
    freq, duty, high, low = map(int, printed.split())
    assert (freq, duty) == (1000, pytest.approx(16384, abs=2))
    assert (high, low) == (pytest.approx(250, abs=3), pytest.approx(750, abs=3))


def test_adc_temperature_and_an_injected_voltage(mpy: MicroPython) -> None:
    """Datasheet 4.9.5: T = 27 - (V - 0.706)/0.001721. 4.9.2: full scale is 3.3 V; read_u16 scales 12 bits to 16."""
    mpy.twin.pins["GPIO26"].voltage = 1.1
    printed = mpy.run("from machine import ADC\nprint(ADC(ADC.CORE_TEMP).read_u16(), ADC(26).read_u16())")
    temperature, volts = (int(word) * 3.3 / 65535 for word in printed.split())
    assert 27 - (temperature - 0.706) / 0.001721 == pytest.approx(mpy.twin.temperature, abs=1.0)
    assert volts == pytest.approx(1.1, abs=0.005)


def test_spi_in_loopback(mpy: MicroPython) -> None:
    """LBM, bit 0 of SSPCR1 at 0x4003C004, ties the PL022's output to its input (datasheet 4.4.4)."""
    printed = mpy.run(
        "from machine import SPI, mem32\n"
        "spi = SPI(0, baudrate=1_000_000)\nmem32[0x4003C004] |= 1\n"
        "out, back = b'a real image', bytearray(12)\nspi.write_readinto(out, back)\nprint(bytes(back), spi)"
    )
    assert printed.startswith("b'a real image' SPI(0, baudrate=1000000,")  # clk_peri of 48 MHz / (2 * 24)


def test_i2c_without_anybody_there(mpy: MicroPython) -> None:
    """An address nobody answers is EIO in docs/library/machine.I2C; the controller says ABRT_7B_ADDR_NOACK (4.3.17)."""
    printed = mpy.run(
        "from machine import I2C, Pin\n"
        "i2c = I2C(0, scl=Pin(5), sda=Pin(4), freq=400_000)\nprint(i2c.scan())\n"
        "try:\n    i2c.writeto(0x50, b'x')\nexcept OSError as e:\n    print(e)"
    )
    assert printed.split("\n")[:2] == ["[]", "[Errno 5] EIO"]


def test_pio_turns_words_over(mpy: MicroPython) -> None:
    """docs/library/rp2.StateMachine; MOV with inversion is in datasheet 3.4.8."""
    printed = mpy.run(
        "import rp2\n"
        "@rp2.asm_pio()\ndef turn():\n    pull()\n    mov(isr, invert(osr))\n    push()\n"
        "for n in (0, 5):\n"
        "    sm = rp2.StateMachine(n, turn)\n    sm.active(1)\n    sm.put(0x12345678)\n    print(hex(sm.get()))"
    )
    assert printed.split() == ["0xedcba987", "0xedcba987"]


def test_pio_square_wave_on_a_pin(mpy: MicroPython) -> None:
    """Four instructions of 2 high, 2 low with the state machine at 20 kHz: 100 us each way (datasheet 3.5.5)."""
    printed = mpy.run(
        WHOLE_PULSE + "import rp2\nfrom machine import Pin\n"
        "@rp2.asm_pio(set_init=rp2.PIO.OUT_LOW)\ndef square():\n    set(pins, 1) [1]\n    set(pins, 0) [1]\n"
        "rp2.StateMachine(4, square, freq=20_000, set_base=Pin(16)).active(1)\n"
        "print(whole(Pin(16), 1), whole(Pin(16), 0))"
    )
    assert [int(word) for word in printed.split()] == [pytest.approx(100, abs=3)] * 2


def test_pio_interrupts_the_core(mpy: MicroPython) -> None:
    """docs/rp2/quickref: `irq(rel(0))` calls the handler that sm.irq installed, here 5 times at 100 Hz."""
    printed = mpy.run(
        "import rp2, time\n"
        "@rp2.asm_pio()\ndef tick():\n"
        "    irq(rel(0))\n    set(x, 18) [0]\n    label('wait')\n    jmp(x_dec, 'wait') [0]\n"
        "n = 0\ndef count(sm):\n    global n\n    n += 1\n"
        "sm = rp2.StateMachine(0, tick, freq=2100)\nsm.irq(count)\n"
        "sm.active(1)\ntime.sleep_ms(48)\nsm.active(0)\nprint(n)"
    )
    assert printed.strip() == "5"


def test_a_thread_on_core_1(mpy: MicroPython) -> None:
    """docs/library/_thread on rp2 is core 1; CPUID at 0xD0000000 reads 0 or 1 by the core that asks (2.3.1.1)."""
    printed = mpy.run(
        "import _thread, time\nfrom machine import mem32\n"
        "lock, said = _thread.allocate_lock(), []\n"
        "def work(n):\n"
        "    total = 0\n"
        "    for i in range(n):\n"
        "        with lock: total += i\n"
        "    said.append((mem32[0xD0000000], total))\n"
        "_thread.start_new_thread(work, (2000,))\n"
        "mine = 0\n"
        "for i in range(1000):\n"
        "    with lock: mine += 1\n"
        "while not said: time.sleep_ms(1)\n"
        "print(mem32[0xD0000000], mine, said)"
    )
    assert printed.strip() == f"0 1000 [(1, {sum(range(2000))})]"


def test_dma_copies_and_byte_swaps(mpy: MicroPython) -> None:
    """docs/library/rp2.DMA; BSWAP reverses the bytes of each word (datasheet 2.5.7, CTRL_TRIG bit 22)."""
    printed = mpy.run(
        "import rp2\nsrc, dst = bytes(range(64)), bytearray(64)\n"
        "dma = rp2.DMA()\ndma.config(read=src, write=dst, count=16, ctrl=dma.pack_ctrl(bswap=True), trigger=True)\n"
        "while dma.active(): pass\nprint(dst.hex())"
    )
    assert bytes.fromhex(printed.strip()) == b"".join(
        struct.pack(">I", word) for (word,) in struct.iter_unpack("<I", bytes(range(64)))
    )


def test_uart_reaches_its_console(mpy: MicroPython) -> None:
    """docs/library/machine.UART: UART 0 on GPIO0 and GPIO1."""
    mpy.run("from machine import UART, Pin\nu = UART(0, 115200, tx=Pin(0), rx=Pin(1))\nu.write('over the wire\\n')")
    uart = mpy.twin.consoles["uart0"]
    uart.expect_exact("over the wire\n", timeout="100ms")
    uart.send("and back")
    mpy.twin.run("10ms")
    assert mpy.run("print(u.read())") == "b'and back'\n"


def test_rtc_knows_leap_years(mpy: MicroPython) -> None:
    """docs/library/machine.RTC; the RTC knows leap years (datasheet 4.8.1). 29.2.2024 was a Thursday."""
    printed = mpy.run(
        "import time\nfrom machine import RTC\n"
        "rtc = RTC()\nrtc.datetime((2024, 2, 28, 2, 23, 59, 58, 0))\ntime.sleep(3)\nprint(rtc.datetime())"
    )
    year, month, day, weekday, hour, minute, second, _ = eval(printed)
    assert (year, month, day, weekday, hour, minute) == (2024, 2, 29, 3, 0, 0)
    assert second in (0, 1)


def test_timers_call_back(mpy: MicroPython) -> None:
    """docs/library/machine.Timer: every 10 ms for 105 ms is ten calls."""
    printed = mpy.run(
        "import time\nfrom machine import Timer\nn = 0\n"
        "def tick(t):\n    global n\n    n += 1\n"
        "t = Timer(period=10, mode=Timer.PERIODIC, callback=tick)\ntime.sleep_ms(105)\nt.deinit()\nprint(n)"
    )
    assert printed.strip() == "10"


def test_a_faster_clock_computes_faster(mpy: MicroPython) -> None:
    """clk_sys really sets the cores' speed: the same loop at 250 MHz takes half the time it takes at 125 MHz."""
    printed = mpy.run(
        "import time, machine\n"
        "def busy():\n    t = time.ticks_us()\n    for i in range(20000): pass\n"
        "    return time.ticks_diff(time.ticks_us(), t)\n"
        "machine.freq(125_000_000); slow = busy()\nmachine.freq(250_000_000); fast = busy()\n"
        "print(machine.freq(), slow, fast)"
    )
    freq, slow, fast = map(int, printed.split())
    assert freq == 250_000_000
    assert slow / fast == pytest.approx(2.0, rel=0.03)


def test_the_board_id_is_the_flash_id(mpy: MicroPython) -> None:
    """docs/library/machine.unique_id: the RP2040 has none of its own and takes its flash chip's 64 bits."""
    assert bytes.fromhex(mpy.run("import machine\nprint(machine.unique_id().hex())")) == FLASH_ID


def test_files_survive_a_reset_and_main_py_runs(mpy: MicroPython) -> None:
    """docs/rp2/general: littlefs in flash. docs/library/machine: reset() is a hard one, by the watchdog here."""
    mpy.run(
        "with open('/note.txt', 'w') as f: f.write('kept in flash\\n' * 1000)\n"
        "with open('/main.py', 'w') as f: f.write(\"print('main', 'is', 'running')\\n\")"
    )
    mpy.start("import machine\nmachine.reset()")
    mpy.console.expect_exact("main is running", timeout="10s")
    mpy.console.expect_exact(PROMPT, timeout="5s")
    printed = mpy.run(
        "import machine\ntext = open('/note.txt').read()\n"
        "print(len(text), text[:14], machine.reset_cause() == machine.WDT_RESET)"
    )
    assert printed.split("\n") == ["14000 kept in flash", " True", ""]


def test_an_unfed_watchdog_resets(mpy: MicroPython) -> None:
    """docs/library/machine.WDT. It counts twice a microsecond (erratum RP2040-E1), which the port allows for."""
    mpy.start("import machine, time\nmachine.WDT(timeout=500)\ntime.sleep(60)")
    started = mpy.twin.now
    mpy.console.expect_exact("MicroPython v1.25.0", timeout="10s")
    assert 0.5 <= Duration(mpy.twin.now - started).seconds < 5


def test_ctrl_c_and_ctrl_d(mpy: MicroPython) -> None:
    """docs/reference/repl: Ctrl-C interrupts a running program, Ctrl-D soft-resets."""
    mpy.console.send("while True: pass\r\n\r\n")
    mpy.twin.run("200ms")
    mpy.console.send("\x03")
    mpy.console.expect_exact("KeyboardInterrupt", timeout="1s")
    mpy.console.expect_exact(PROMPT, timeout="1s")
    mpy.console.send("\x04")
    mpy.console.expect_exact("MPY: soft reboot", timeout="2s")
    mpy.console.expect_exact(PROMPT, timeout="5s")


def test_light_sleep_passes_time(mpy: MicroPython) -> None:
    """docs/library/machine.lightsleep: execution goes on where it stopped, after the time asked for."""
    printed = mpy.run(
        "import machine, time\nt = time.ticks_ms()\nmachine.lightsleep(400)\nprint(time.ticks_diff(time.ticks_ms(), t))"
    )
    assert 400 <= int(printed) <= 402


def test_two_runs_are_the_same_run(micropython_image: str) -> None:
    """The same image and the same input give the same trace, byte for byte."""
    traces = []
    for _ in range(2):
        with Twin("pico", image=micropython_image) as pico:
            pico.console.expect_exact(PROMPT, timeout="10s")
            MicroPython(pico).run("import os\nopen('/x', 'w').write('y')\nprint(os.listdir())")
            traces.append(pico.trace.sha256)
    assert traces[0] == traces[1]
