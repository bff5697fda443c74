"""What sigrok's decoders make of a VCD: the very bytes that console and part had. SPI's turn is in test_cli.py."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.test_probes_esp32s3 import bench
from twins import Twin
from twins.vcd import PinRecorder

SIGROK = shutil.which("sigrok-cli")
pytestmark = pytest.mark.skipif(
    SIGROK is None, reason="no sigrok-cli: apt-get install sigrok-cli; VCDs are not decoded"
)


def start(twin: Twin, path: Path) -> PinRecorder:
    """Records all pins from now on."""
    twin.trace.record_pins()
    return PinRecorder(path, {f"GPIO{n}": n for n in range(twin.board.chip.pins)}, twin.pins.levels)


def finish(twin: Twin, recorder: PinRecorder) -> None:
    recorder.add(*twin.trace.take_pins())
    recorder.close(twin.now)


def decoded(path: Path, decoder: str, annotations: str) -> list[str]:
    """The lines of a decoder."""
    command = [SIGROK or "", "-I", "vcd:compress=100000", "-i", str(path), "-P", decoder, "-A", annotations]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def test_a_uart_decodes_to_what_its_console_showed(images: Path, tmp_path: Path) -> None:
    with Twin("media_controller", image=images / "media_controller.elf") as twin:
        recorder = start(twin, tmp_path / "uart.vcd")
        twin.console.expect("ready", timeout="1s")
        twin.run("20ms")
        finish(twin, recorder)
        shown = twin.consoles["uart0"].log
    lines = decoded(tmp_path / "uart.vcd", "uart:tx=GPIO0:baudrate=115200:format=hex", "uart=tx-data")
    assert bytes(int(line.split()[-1], 16) for line in lines) == shown
    assert b"ready" in shown


def test_i2c_decodes_to_what_the_eeprom_took_and_gave(images: Path, tmp_path: Path) -> None:
    twin = bench("eeprom", images / "s3_probe_eeprom")
    seen: list[str] = []
    outside = twin._outside
    starts, writes, reads = outside.i2c_start, outside.i2c_write, outside.i2c_read

    def note_start(port: int, at: int, address: int, read: bool) -> bool:
        seen.append(f"Address {'read' if read else 'write'}: {address:02X}")
        return starts(port, at, address, read)

    def note_write(port: int, at: int, byte: int) -> bool:
        seen.append(f"Data write: {byte:02X}")
        return writes(port, at, byte)

    def note_read(port: int, at: int) -> int:
        byte = reads(port, at)
        seen.append(f"Data read: {byte:02X}")
        return byte

    outside.i2c_start, outside.i2c_write, outside.i2c_read = note_start, note_write, note_read  # type: ignore[method-assign]
    recorder = start(twin, tmp_path / "i2c.vcd")
    twin.run_until(lambda: twin.memory.u32("probe_done") == 1, timeout="5s", every="1ms")
    finish(twin, recorder)
    kinds = "i2c=address-read:address-write:data-read:data-write"
    lines = [re.sub(r"^i2c-1: ", "", line) for line in decoded(tmp_path / "i2c.vcd", "i2c:sda=GPIO8:scl=GPIO9", kinds)]
    assert len(seen) > 50
    # The bit for the direction has a line of its own; at 0x51, where the probe knocks first, there is nobody.
    assert [line for line in lines if line not in ("Write", "Read", "Address write: 51")] == seen


def test_can_decodes_to_the_frames_of_both_nodes(images: Path, tmp_path: Path) -> None:
    """Up to the first frame with an error; of the remote frame the decoder takes the CRC for data."""
    twin = bench("twai_bus", images / "s3_probe_twai_bus")
    recorder = start(twin, tmp_path / "can.vcd")
    twin.run_until(lambda: twin.memory.u32("probe_done") == 1, timeout="5s", every="1ms")
    finish(twin, recorder)
    bus = "can:can_rx=GPIO4:nominal_bitrate=500000:fast_bitrate=500000"
    lines = decoded(tmp_path / "can.vcd", bus, "can=id:full-id:ack-slot:data")
    text = " ".join(line.split()[-1].strip("()") for line in lines)
    extended = "0x48d 0x12345678 0x11 0x22 0x33 0x44 0x55 0x66 0x77 0x88 ACK"
    assert text.startswith(f"0x5a5 0x61 0x62 0x63 ACK {extended} 0x321")
    filtered = "0x111 0x66 ACK 0x222 0x66 ACK 0x333 0x66 ACK"
    assert f"{filtered} 0x5a0 0x77 ACK 0x5a5 0x61 0x62 0x63 ACK" in text
