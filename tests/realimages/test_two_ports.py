"""A device with two serial ports: MicroPython defines the second one itself, with `machine.USBDevice`.

The descriptors are those of CDC 1.2 with PSTN 1.2: abstract control model, no call management.
"""

from __future__ import annotations

import logging

import pytest

from tests.realimages.conftest import MicroPython
from twins import Twin

SECOND_PORT = """
import machine
d = machine.USBDevice()
d.active(False)
d.builtin_driver = d.BUILTIN_CDC
b = d.builtin_driver
itf, ep = b.itf_max, b.ep_max
cfg = bytearray(b.desc_cfg)
cfg += bytes((8, 11, itf, 2, 2, 2, 0, 0))
cfg += bytes((9, 4, itf, 0, 1, 2, 2, 0, 0, 5, 36, 0, 16, 1, 5, 36, 1, 0, itf + 1, 4, 36, 2, 2, 5, 36, 6, itf, itf + 1))
cfg += bytes((7, 5, 0x80 | ep, 3, 8, 0, 16, 9, 4, itf + 1, 0, 2, 10, 0, 0, 0))
cfg += bytes((7, 5, ep + 1, 2, 64, 0, 0, 7, 5, 0x80 | (ep + 1), 2, 64, 0, 0))
cfg[2:4] = len(cfg).to_bytes(2, "little")
cfg[4] = itf + 2
got = bytearray(64)
def opened(descriptor):
    d.submit_xfer(ep + 1, got)
def control(stage, request):
    return memoryview(bytearray(7)) if stage == 1 and request[1] == 0x20 else True
def done(where, result, count):
    if where == ep + 1:
        d.submit_xfer(0x80 | (ep + 1), bytes(got[:count]).upper())
    else:
        d.submit_xfer(ep + 1, got)
d.config(bytearray(b.desc_dev), cfg, None, opened, None, control, done)
d.active(True)
"""
"""The second port sends back in capitals what it gets. docs/library/machine.USBDevice."""


@pytest.fixture
def two_ports(mpy: MicroPython, caplog: pytest.LogCaptureFixture) -> Twin:
    twin = mpy.twin
    assert twin.console_names == ("uart0", "usb")
    mpy.start(SECOND_PORT)
    with caplog.at_level(logging.WARNING, "twins"):
        twin.run("1s")
    assert any("the device has a further serial port: console usb2" in text for text in caplog.messages)
    return twin


def test_the_second_port_is_a_second_console(two_ports: Twin) -> None:
    assert list(two_ports.consoles) == ["uart0", "usb", "usb2"]
    two_ports.consoles["usb2"].send("to the second port")
    two_ports.consoles["usb2"].expect_exact("TO THE SECOND PORT", timeout="100ms")
    assert "SECOND PORT" not in two_ports.consoles["usb"].text


def test_the_first_port_is_still_the_prompt(two_ports: Twin) -> None:
    two_ports.consoles["usb"].send("\x02print(6*7)\r")
    two_ports.consoles["usb"].expect_exact("\r\n42\r\n", timeout="100ms")


def test_all_consoles_together_include_it(two_ports: Twin) -> None:
    two_ports.consoles["usb2"].send("x")
    two_ports.console.expect_exact("X", timeout="100ms")
    assert two_ports.console.line == "usb2"


def test_it_is_there_in_a_fork(two_ports: Twin) -> None:
    fork = two_ports.fork()
    fork.consoles["usb2"].send("fork")
    fork.consoles["usb2"].expect_exact("FORK", timeout="100ms")
    assert "FORK" not in two_ports.consoles["usb2"].text
