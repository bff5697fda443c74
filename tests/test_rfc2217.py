"""A console as an RFC 2217 port, as pyserial finds it, and the reset circuit behind its control lines."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import serial

from tests.test_console import echoing
from twins import Twin
from twins.rfc2217 import Rfc2217Client

# pyserial's own, where it starts its thread.
pytestmark = pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")


def talk(twin: Twin, conversation: Callable[[serial.SerialBase], None], console: str | None = None) -> None:
    """Runs the twin while somebody talks to it over RFC 2217."""
    host, number = (twin.consoles[console] if console else twin.console).serve_rfc2217()
    failed: list[BaseException] = []

    def use() -> None:
        try:
            with serial.serial_for_url(f"rfc2217://{host}:{number}", do_not_open=True, timeout=20) as port:
                conversation(port)
        except BaseException as error:  # told where the test runs
            failed.append(error)

    thread = threading.Thread(target=use)
    thread.start()
    twin.live.pace = 1
    while thread.is_alive():
        twin.run("5ms")
    thread.join()
    twin.close()
    for error in failed:
        raise error


def test_pyserial_types_and_reads_every_value_of_a_byte(images: Path) -> None:
    def use(port: serial.SerialBase) -> None:
        port.baudrate = 921_600
        port.write(bytes(range(256)))
        assert port.read(256) == bytes(range(256))

    with echoing(images) as twin:
        talk(twin, use)


def reset_as_esptool_does(port: serial.SerialBase, dtr_at_the_end: bool) -> None:
    """esptool's documentation, "Boot Mode Selection": RTS holds the chip, DTR asks for download mode."""
    port.dtr = False
    port.rts = True
    port.dtr = dtr_at_the_end
    port.rts = False
    port.dtr = False


def test_rts_resets_the_chip_and_dtr_with_it_asks_for_download_mode(images: Path) -> None:
    twin = Twin("esp32s3_devkitc", image=images / "s3_mix.bin")
    seen = b""

    def use(port: serial.SerialBase) -> None:
        nonlocal seen
        reset_as_esptool_does(port, False)
        seen = port.read_until(b"entry 0x")
        assert b"(SPI_FAST_FLASH_BOOT)" in seen
        reset_as_esptool_does(port, True)
        seen = port.read_until(b"waiting for download")

    talk(twin, use, "uart0")
    assert b"(DOWNLOAD(USB/UART0))" in twin.consoles["uart0"].log
    assert len(twin.resets) == 2


def test_the_chips_own_port_resets_it_as_well(images: Path) -> None:
    """ESP32-S3 TRM, chapter "USB Serial/JTAG Controller": DTR alone asks for download mode, RTS alone resets.

    Reset cause 0x15 is USB_UART.
    """
    twin = Twin("xiao_esp32s3", image=images / "s3_mix.bin")
    twin.run("50ms")

    def lines(dtr: bool, rts: bool) -> None:
        twin.door.lines("usb_jtag", dtr, rts)
        twin.run("20ms")

    for dtr, started in (True, "DOWNLOAD(USB/UART0)"), (False, "SPI_FAST_FLASH_BOOT"):
        lines(False, False)
        lines(dtr, False)
        before = len(twin.consoles["uart0"].log)
        lines(dtr, True)
        lines(False, True)
        lines(False, False)
        text = twin.consoles["uart0"].log[before:].decode()
        assert "rst:0x15 (USB_UART_CHIP_RESET)" in text
        assert started in text
    assert [reason for _, reason in twin.resets] == ["CoreUsbUart", "CoreUsbUart"]


def test_options_are_agreed_once_and_others_refused() -> None:
    """RFC 854: a request for the state that is in force already gets no answer."""
    client = Rfc2217Client("c", lambda dtr, rts: None)
    got = bytearray()
    for data in (b"\xff\xfd\x2c", b"\xff\xfd\x2c", b"\xff\xfb\x2c", b"\xff\xfd\x18", b"\xff\xfb\x18", b"\xff\xfe\x2c"):
        assert client.received(data) == b""

    def take(data: bytes) -> int:
        got.extend(data)
        return len(data)

    client.flush(take)
    assert bytes(got) == b"\xff\xfb\x2c\xff\xfd\x2c\xff\xfc\x18\xff\xfe\x18\xff\xfc\x2c"


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("01 00002580", "65 00002580"),
        ("01 00000000", "65 0001c200"),
        ("02 00", "66 08"),
        ("03 00", "67 01"),
        ("05 08", "69 08"),
        ("05 0a", "69 0c"),
        ("0c 03", "70 03"),
    ],
)
def test_com_port_options_are_acknowledged_with_a_hundred_more(asked: str, answered: str) -> None:
    """RFC 2217, "Com Port Option Commands"."""
    client = Rfc2217Client("c", lambda dtr, rts: None)
    assert client.received(b"\xff\xfa\x2c" + bytes.fromhex(asked) + b"\xff\xf0") == b""
    got = bytearray()
    client.flush(lambda data: (got.extend(data), len(data))[1])
    assert bytes(got) == b"\xff\xfa\x2c" + bytes.fromhex(answered) + b"\xff\xf0"


def test_broken_commands_do_no_harm() -> None:
    client = Rfc2217Client("c", lambda dtr, rts: None)
    for data in (
        b"\xff\xfa\xff\xf0",
        b"\xff\xfa\x2c\xff\xf0",
        b"\xff\xfa\x2c\x01\x00\xff\xf0",
        b"\xff\xf1",
        b"\xff\xfa" + b"z" * 999,
    ):
        client.received(data)
    assert client.received(b"\xff\xf0A") == b"A"
