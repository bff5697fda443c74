"""Packets that a device sends and nobody takes: the host keeps the last ones, and says how many it does not keep."""

from __future__ import annotations

import logging

import pytest

from tests.realimages.conftest import MicroPython

TALKER = """
import machine
d = machine.USBDevice()
d.active(False)
d.builtin_driver = d.BUILTIN_CDC
b = d.builtin_driver
itf, ep = b.itf_max, b.ep_max
cfg = bytearray(b.desc_cfg)
cfg += bytes((9, 4, itf, 0, 1, 255, 0, 0, 0, 7, 5, 0x80 | ep, 2, 64, 0, 0))
cfg[2:4] = len(cfg).to_bytes(2, "little")
cfg[4] = itf + 1
count = 0
def send(*_):
    global count
    count += 1
    d.submit_xfer(0x80 | ep, count.to_bytes(4, "little"))
d.config(bytearray(b.desc_dev), cfg, None, send, None, None, send)
d.active(True)
"""
"""A vendor endpoint that sends a number as soon as the one before it is gone. docs/library/machine.USBDevice."""

KEPT = 16384


def test_the_last_packets_are_kept_and_the_others_counted_and_said(
    mpy: MicroPython, caplog: pytest.LogCaptureFixture
) -> None:
    usb = mpy.twin.usb
    mpy.start(TALKER)
    mpy.twin.run_until(lambda: usb.configured and usb.endpoints[-1].address == 0x83, timeout="1s")
    mpy.twin.run("200ms")
    assert usb.dropped == 0
    with caplog.at_level(logging.WARNING, "twins"):
        assert [int.from_bytes(it.data, "little") for it in usb.reports(0x83)[:3]] == [1, 2, 3]
        assert not [text for text in caplog.messages if "are lost" in text]
        mpy.twin.run_until(lambda: usb.dropped > 0, timeout="20s", every="50ms")
        reports = usb.reports(0x83)
    assert len(reports) == KEPT
    assert int.from_bytes(reports[0].data, "little") == usb.dropped + 1
    assert f"{usb.dropped} packets of USB endpoints" in caplog.messages[-1]
