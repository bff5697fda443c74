"""The XVF3800's control server, pins and ring.

Bytes: JinnyLamp's xvf_i2c.c and the ESPHome component respeaker_xvf3800 (two phases, resource 20 and 33, lengths);
commands and counts: Seeed's xvf_host.py; status numbers: host_xvf_control's control_ret_str_map.h; pins and levels:
reSpeaker's host_control/README.md.
"""

from __future__ import annotations

import math
import struct

import numpy as np
import pytest
from xvf_host import ADDRESS, RETRY, ask, read, started, write

from peripherals import XVF3800, LedMatrix, Mosfet
from peripherals.xvf3800.commands import commands
from twins.bench import Bench
from twins.errors import UsageError
from twins.sound import Sound
from twins.units import SECOND

GPO_READ, GPO_WRITE, AZIMUTHS, VERSION = (20, 0), (20, 1), (33, 75), (48, 0)


def test_it_does_not_answer_while_it_starts() -> None:
    bench = Bench()
    device = bench.add(XVF3800(start_up="2s"))
    bench.run("1.99s")
    assert bench.i2c_read(device.bus, ADDRESS, 1) is None
    assert bench.i2c_write(device.bus, ADDRESS, [48, 0x80, 4]) == [False]
    bench.run("20ms")
    assert bench.i2c_read(device.bus, ADDRESS, 1) == b"\0"  # the presence probe of the ESPHome component


def test_other_addresses_are_not_its_own() -> None:
    bench, device = started()
    assert bench.i2c_read(device.bus, 0x18, 1) is None


@pytest.mark.parametrize("stop", [True, False])
def test_the_first_answer_is_retry_and_then_comes_the_data(stop: bool) -> None:
    """After STOP (JinnyLamp) as after a repeated START (ESPHome); RETRY has no data, SERVICER_COMMAND_RETRY is 64."""
    bench, device = started()
    assert ask(bench, device, *GPO_READ, 5, stop=stop) == bytes([RETRY, 0, 0, 0, 0, 0])
    assert ask(bench, device, *GPO_READ, 5, stop=stop) == bytes([0, 0, 0, 0, 1, 0])  # GPO_READ_VALUES 0 0 0 1 0
    assert ask(bench, device, *GPO_READ, 5, stop=stop)[0] == RETRY


def test_a_host_may_repeat_the_second_phase_alone() -> None:
    bench, device = started()
    assert ask(bench, device, *GPO_READ, 5)[0] == RETRY
    assert bench.i2c_read(device.bus, ADDRESS, 6) == bytes([0, 0, 0, 0, 1, 0])


def test_another_command_of_the_same_servicer_starts_again() -> None:
    bench, device = started()
    assert ask(bench, device, *GPO_READ, 5)[0] == RETRY
    assert ask(bench, device, 20, 12, 1)[0] == RETRY
    assert ask(bench, device, *GPO_READ, 5)[0] == RETRY
    assert ask(bench, device, *VERSION, 3)[0] == RETRY
    assert ask(bench, device, *GPO_READ, 5)[0] == 0


@pytest.mark.parametrize("retries", [0, 1, 7, 100])
def test_a_storm_of_retries_ends(retries: int) -> None:
    bench, device = started(retries=retries)
    assert read(bench, device, *GPO_READ, "5B", tries=retries + 1) == (0, 0, 0, 1, 0)
    assert device.refused["SERVICER_COMMAND_RETRY"] == retries


def test_the_audio_pipeline_answers_retry_for_ever_while_i2s_stands_still() -> None:
    """xmos dfu_commands.cpp: "Check the audio loop is active."; the GPO and application servicers do answer."""
    bench, device = started(image="slave_16k")
    for _ in range(100):
        assert ask(bench, device, *AZIMUTHS, 16) == bytes([RETRY]) + bytes(16)
        bench.run("10ms")
    assert read(bench, device, *GPO_READ, "5B") == (0, 0, 0, 1, 0)
    assert read(bench, device, *VERSION, "3B") == (1, 0, 8)
    assert read(bench, device, 35, 24, "B") == (1,)  # I2S_INACTIVE
    bench.record(device.i2s, 1600, 16000)
    assert read(bench, device, *AZIMUTHS, "4f") == pytest.approx((0, 0, math.pi / 2, 0))
    assert read(bench, device, 35, 24, "B") == (0,)
    bench.run("1s")
    assert ask(bench, device, *AZIMUTHS, 16)[0] == RETRY
    assert read(bench, device, 35, 24, "B") == (1,)


@pytest.mark.parametrize(
    ("resource", "number", "size", "status", "name"),
    [
        (33, 75, 15, 66, "SERVICER_WRONG_COMMAND_LEN"),
        (20, 0, 6, 66, "SERVICER_WRONG_COMMAND_LEN"),
        (20, 99, 1, 65, "SERVICER_WRONG_COMMAND_ID"),
        (48, 9, 1, 65, "SERVICER_WRONG_COMMAND_ID"),  # SAVE_CONFIGURATION is write only
        (99, 0, 1, 5, "BAD_RESOURCE"),
    ],
)
def test_what_it_does_not_know_has_its_status(resource: int, number: int, size: int, status: int, name: str) -> None:
    bench, device = started()
    assert ask(bench, device, resource, number, size) == bytes([status]) + bytes(size)
    assert device.refused == {name: 1}
    assert bench.i2c_read(device.bus, ADDRESS, 1) == b"\0"


@pytest.mark.parametrize(
    ("packet", "name"),
    [
        ([20, 1, 3, 11, 1, 0], "SERVICER_WRONG_COMMAND_LEN"),
        ([20, 1, 2, 11], "SERVICER_WRONG_COMMAND_LEN"),
        ([20, 0, 5, 1, 1, 1, 1, 1], "SERVICER_WRONG_COMMAND_ID"),
        ([20, 1, 2, 12, 1], "SERVICER_WRONG_PAYLOAD"),
        ([20, 12, 1, 6], "SERVICER_WRONG_PAYLOAD"),
        ([20, 1], "MALFORMED_PACKET"),
        ([20, 0x80, 6, 0], "MALFORMED_PACKET"),
    ],
)
def test_wrong_writes_do_nothing_and_are_counted(packet: list[int], name: str) -> None:
    bench, device = started()
    before = device.settings | {}, dict(device.outputs)
    bench.i2c_write(device.bus, ADDRESS, packet)
    assert device.refused == {name: 1}
    assert (device.settings, device.outputs) == before


def test_a_device_that_does_not_acknowledge_and_one_that_holds_the_bus() -> None:
    bench, device = started()
    device.nack = True
    assert bench.i2c_write(device.bus, ADDRESS, [20, 0x80, 6]) == [False]
    device.nack = False
    device.hold_bus("5ms")
    sda = device.bus.pins["sda"]
    assert bench.level(sda) is False
    bench.run("6ms")
    assert bench.level(sda) is True


@pytest.mark.parametrize(
    ("firmware", "doa", "ring"), [("1.0.9", 18, 19), ("1.0.8", 18, 19), ("1.0.7", 19, 18), ("1.0.6", 19, 18)]
)
def test_doa_and_ring_are_swapped_up_to_1_0_7(firmware: str, doa: int, ring: int) -> None:
    """Changelog of the I2S firmware, v1.0.8."""
    bench, device = started(firmware=firmware)
    write(bench, device, 20, ring, struct.pack("<12I", *range(0x010203, 0x01020F)))
    assert read(bench, device, 20, ring, "12I")[11] == 0x01020E
    device.scene.say(Sound.noise("1s"), azimuth=120, level_db=-20)
    bench.run("500ms")
    degrees, speech = read(bench, device, 20, doa, "2H")
    assert (speech, abs(degrees - 120) <= 1) == (1, True)


def test_what_a_version_does_not_have_is_not_there() -> None:
    """DOA_VALUE came with 1.0.6, the ring effect with 1.0.5 (changelog)."""
    names = {firmware: {one.name for one in commands(firmware).values()} for firmware in ((1, 0, 4), (1, 0, 5))}
    assert names[1, 0, 5] - names[1, 0, 4] == {"LED_RING_COLOR"}
    assert "DOA_VALUE" not in names[1, 0, 5]
    bench, device = started(firmware="1.0.4")
    write(bench, device, 20, 12, bytes([5]))
    assert device.refused == {"SERVICER_WRONG_PAYLOAD": 1}


def test_its_microphones_stand_in_a_square_of_66_mm() -> None:
    """XK-VOICE-SQ66; AEC_MIC_ARRAY_TYPE 2 is "squarecular"."""
    bench, device = started()
    assert read(bench, device, 33, 71, "i") == (4,)
    assert read(bench, device, 33, 73, "i") == (2,)
    places = np.array(read(bench, device, 33, 74, "12f")).reshape(4, 3)
    sides = np.linalg.norm(places - np.roll(places, 1, axis=0), axis=1)
    assert sides == pytest.approx([0.066] * 4)


def test_defaults_are_those_of_the_readme() -> None:
    """AUDIO_MGR_REF_GAIN 8.0, MIC_GAIN 90, SYS_DELAY 12, AEC_ASROUTGAIN 1.0, PP_AGCMAXGAIN 64.0, PP_AGCGAIN 2.0."""
    bench, device = started()
    for resource, number, form, value in (
        (35, 1, "f", 8.0),
        (35, 0, "f", 90.0),
        (35, 26, "i", 12),
        (33, 36, "f", 1.0),
        (17, 11, "f", 64.0),
        (17, 13, "f", 2.0),
    ):
        assert read(bench, device, resource, number, form) == (value,)


def test_commands_without_effect_are_kept_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    bench, device = started()
    for _ in range(2):
        write(bench, device, 17, 21, struct.pack("<f", 0.15))  # PP_MIN_NS
    assert read(bench, device, 17, 21, "f") == pytest.approx((0.15,))
    assert device.unmodelled == {"PP_MIN_NS": 3}
    assert sum("PP_MIN_NS has no effect" in record.message for record in caplog.records) == 1


def test_settings_survive_a_reboot_only_when_saved() -> None:
    bench, device = started()
    write(bench, device, 20, 12, bytes([3]))
    write(bench, device, 20, 16, struct.pack("<I", 0x112233))
    write(bench, device, 48, 9, b"\1")  # SAVE_CONFIGURATION
    write(bench, device, 20, 16, struct.pack("<I", 0x445566))
    write(bench, device, *GPO_WRITE, bytes([30, 1]))
    write(bench, device, 48, 7, b"\1")  # REBOOT
    assert bench.i2c_read(device.bus, ADDRESS, 1) is None
    bench.run("3s")
    assert read(bench, device, 20, 12, "B") == (3,)
    assert read(bench, device, 20, 16, "I") == (0x112233,)
    assert read(bench, device, *GPO_READ, "5B") == (0, 0, 0, 1, 0)
    write(bench, device, 48, 10, b"\1")  # CLEAR_CONFIGURATION takes effect with the next start
    assert read(bench, device, 20, 12, "B") == (3,)
    write(bench, device, 48, 7, b"\1")
    bench.run("3s")
    assert read(bench, device, 20, 12, "B") == (4,)


def test_outputs_are_pins_that_other_parts_connect_to() -> None:
    """JinnyLamp: X0D11 is the gate of the LED matrix."""
    bench = Bench()
    device = bench.add(XVF3800(image="master_48k"))
    switch = bench.add(Mosfet(), wires={"gate": device.x0d11})
    matrix = bench.add(LedMatrix(rows=2, columns=2), wires={"supply": switch.load})
    mute = device.x0d30.pin
    assert bench.edges[mute] == [(0, None)]  # floating while it starts
    bench.run("3s")
    assert (bench.level(mute), switch.on) == (False, False)
    write(bench, device, *GPO_WRITE, bytes([11, 1]))
    assert (switch.on, matrix.powered) == (True, True)
    assert read(bench, device, *GPO_READ, "5B") == (1, 0, 0, 1, 0)
    write(bench, device, 48, 7, b"\1")
    assert (switch.on, matrix.powered) == (False, False)


def test_the_mute_button_mutes() -> None:
    bench, device = started()
    bench.set(device.x1d09, False)
    bench.set(device.x1d09, True)
    assert device.muted
    assert bench.level(device.x0d30) is True
    device.scene.say(Sound.noise("1s"), azimuth=120, level_db=-20)
    bench.run("500ms")
    assert not device.speech
    device.press_mute()
    bench.run("200ms")
    assert device.speech


def test_its_inputs_can_be_read() -> None:
    """Seeed's wiki: resource 36, command 0; X1D09 (high when released), X1D13, X1D34: GPI_READ_VALUES 1 0 0."""
    bench, device = started()
    assert read(bench, device, 36, 0, "3B") == (1, 0, 0)
    device.press_mute("300ms")
    bench.set(device.x1d34, True)
    assert read(bench, device, 36, 0, "3B") == (0, 0, 1)
    assert read(bench, device, 36, 6, "I") == (4,)
    bench.run("300ms")
    assert read(bench, device, 36, 0, "3B") == (1, 0, 1)
    assert device.muted


@pytest.mark.parametrize(("azimuth", "led"), [(0, 0), (14, 0), (31, 1), (90, 3), (269, 9), (350, 0)])
def test_the_ring_shows_the_direction(azimuth: int, led: int) -> None:
    """Twelve LEDs, 30 degrees apart; rainbow for two seconds after a start, then doa."""
    bench, device = started()
    assert len({tuple(color) for color in device.leds.tolist()}) == 12
    bench.run("2s")
    device.scene.say(Sound.noise("1s"), azimuth=azimuth, level_db=-20)
    bench.run("500ms")
    base, doa = ((color >> 16, color >> 8 & 255, color & 255) for color in device.settings["LED_DOA_COLOR"])
    assert [tuple(color) for color in device.leds.tolist()] == [doa if n == led else base for n in range(12)]
    assert device.frame.shape == (1, 12, 3)


def test_the_ring_follows_its_effects_and_its_supply() -> None:
    bench, device = started()
    bench.run("2s")
    write(bench, device, 20, 12, bytes([3]))  # single colour
    write(bench, device, 20, 16, struct.pack("<I", 0xFF8800))
    assert (device.leds == [255, 0x88, 0]).all()
    write(bench, device, 20, 12, bytes([5]))  # ring; bytes B, G, R, 0
    write(bench, device, 20, 19, bytes([1, 2, 3, 0]) * 12)
    assert (device.leds == [3, 2, 1]).all()
    write(bench, device, 20, 12, bytes([1]))  # breath
    levels = []
    for _ in range(20):
        bench.run("200ms")
        levels.append(int(device.leds[0, 0]))
    assert min(levels) < 20 < 235 < max(levels)
    write(bench, device, *GPO_WRITE, bytes([33, 0]))
    assert not device.leds.any()
    write(bench, device, *GPO_WRITE, bytes([33, 1]))
    write(bench, device, 20, 12, bytes([0]))
    assert not device.leds.any()


def test_its_version_for_a_firmware_update() -> None:
    """The DFU servicer answers at once (ESPHome reads DFU_GETVERSION with STOP); USB DFU 1.1, 6.1.2: dfuIDLE is 2."""
    bench, device = started()
    assert ask(bench, device, 240, 88, 3) == bytes([0, 1, 0, 8])
    assert ask(bench, device, 240, 5, 1) == bytes([0, 2])


def test_a_snapshot_goes_on() -> None:
    bench, device = started()
    device.scene.say(Sound.noise("2s"), azimuth=200, level_db=-20)
    write(bench, device, 20, 16, struct.pack("<I", 0x123456))
    ask(bench, device, *AZIMUTHS, 16)
    bench.run("300ms")
    other_bench, other = started()
    other.restore(device.state())
    other_bench.now = bench.now
    for one_bench, one in ((bench, device), (other_bench, other)):
        one_bench.run("200ms")
        assert ask(one_bench, one, *AZIMUTHS, 16)[0] == 0
    assert other.hearing.azimuths == device.hearing.azimuths
    assert other.settings["LED_COLOR"] == (0x123456,)
    assert other.hearing is not device.hearing


@pytest.mark.parametrize("options", [{"firmware": "2"}, {"firmware": "1.0.x"}, {"image": "usb"}, {"doa": "guess"}])
def test_wrong_options_are_refused(options: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="expected"):
        XVF3800(**options)  # type: ignore[arg-type]


def test_it_hears_from_its_start_on_only() -> None:
    bench = Bench()
    device = bench.add(XVF3800(image="master_48k", start_up="2s"))
    device.scene.say(Sound.noise("1s"), azimuth=120, level_db=-20)
    bench.run("3.5s")
    assert (device.speech, device.azimuth) == (False, 0.0)
    assert bench.now == 3.5 * SECOND
