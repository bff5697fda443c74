"""The XVF3800's I2S side. Formats: the names of Seeed's images and JinnyLamp's audio_i2s (16 kHz, 32-bit slots,
``raw >> 8``); outputs: XMOS user guide, table "Audio manager mux options"."""

from __future__ import annotations

import numpy as np
import pytest
from xvf_host import read, started, write

from peripherals import XVF3800
from twins.bench import Bench
from twins.scene import Scene
from twins.sound import Samples, Sound, level_db

OP_L, OP_R = (35, 15), (35, 19)


def slave(scene: Scene | None = None) -> tuple[Bench, XVF3800]:
    bench, device = started(scene, image="slave_16k")
    bench.record(device.i2s, 160, 16000)
    return bench, device


def record(bench: Bench, device: XVF3800, seconds: float, batch: int = 512) -> Samples:
    rate = 48000 if device.image == "master_48k" else 16000
    frames = bench.record(device.i2s, round(seconds * rate), rate, batch=batch)
    assert not (frames & 0xFF).any()  # 24 valid bits, left-justified
    return frames / 2.0**31


def spectrum_peak(sound: Samples, rate: int) -> float:
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    return float(np.argmax(power)) * rate / len(sound)


@pytest.mark.parametrize("azimuth", [0, 77, 180, 300])
@pytest.mark.parametrize("image", ["slave_16k", "master_48k"])
def test_a_tone_arrives_with_its_frequency_and_level(image: str, azimuth: int) -> None:
    """1 kHz at -20 dBFS within 1 dB, left (processed) and right (ASR)."""
    bench, device = started(image=image)
    rate = 48000 if image == "master_48k" else 16000
    bench.record(device.i2s, 1600, rate)
    device.scene.say(Sound.tone(1000, "2s"), azimuth=azimuth, level_db=-20)
    sound = record(bench, device, 2.0)[rate:]
    for channel in range(2):
        assert spectrum_peak(sound[:, channel], rate) == pytest.approx(1000, abs=1.5)
        assert level_db(sound[:, channel]) == pytest.approx(-20, abs=1)


@pytest.mark.parametrize("image", ["slave_16k", "master_48k"])
def test_any_batch_gives_the_same_samples(image: str) -> None:
    sounds = []
    for batch in (1, 7, 64, 1000):
        bench, device = started(image=image)
        device.scene.say(Sound.noise("1s"), azimuth=62, level_db=-20, at="2.6s")
        sounds.append(record(bench, device, 0.25, batch))
    for sound in sounds[1:]:
        assert np.array_equal(sound, sounds[0])


def test_there_is_no_gap_and_no_step_in_thirty_seconds() -> None:
    """A sine between its samples bends by no more than its curvature."""
    bench, device = slave()
    device.scene.say(Sound.tone(250, "40s"), azimuth=62, level_db=-10)
    sound = record(bench, device, 30.0, 4096)[16000:, 0]
    bend = np.abs(np.diff(sound, 2))
    amplitude = 10 ** (-10 / 20)
    assert bend.max() < 1.2 * amplitude * (2 * np.pi * 250 / 16000) ** 2
    assert device._link.slips == 0


def test_a_host_whose_clock_is_off_loses_samples_now_and_then() -> None:
    """100 ppm are 1.6 samples a second; 160 of them are left out when they have come together."""
    bench, device = slave()
    bench.record(device.i2s, 16000 * 20, 16000 * 1.001, batch=8000)
    assert 1 <= device._link.slips <= 3


@pytest.mark.parametrize(
    ("category", "source", "decibels"),
    [
        (0, 0, None),
        (1, 2, -20 - 39.08),  # before the gain of 90, 39.08 dB
        (3, 1, -20),
        (11, 3, -20),
        (6, 0, -20),
        (6, 2, -20),
        (6, 3, -20),
        (7, 3, -20),
        (8, 1, -20),
        (9, 3, -20),
        (2, 0, None),
        (6, 7, None),
    ],
)
def test_outputs_are_what_the_host_selects(category: int, source: int, decibels: float | None) -> None:
    bench, device = slave()
    write(bench, device, *OP_R, bytes([category, source]))
    assert read(bench, device, *OP_R, "2B") == (category, source)
    device.scene.say(Sound.tone(1000, "2s"), azimuth=45, level_db=-20)
    right = record(bench, device, 1.0)[8000:, 1]
    if decibels is None:
        assert not right.any()
    else:
        assert level_db(right) == pytest.approx(decibels, abs=1)


def test_up_to_1_0_7_both_outputs_are_asr_beam_0() -> None:
    bench, device = started(firmware="1.0.7")
    assert read(bench, device, *OP_L, "2B") == (7, 0)
    assert read(bench, device, *OP_R, "2B") == (7, 0)


def test_a_beam_hears_its_talker_better_than_one_microphone() -> None:
    """Four microphones whose own noises have nothing to do with each other: 10 lg 4 = 6 dB less of it."""
    bench, device = slave(Scene(noise_db=-40))
    write(bench, device, *OP_R, bytes([3, 0]))
    sound = record(bench, device, 2.0)[8000:]
    assert level_db(sound[:, 1]) == pytest.approx(-40, abs=0.3)
    assert level_db(sound[:, 0]) == pytest.approx(-46, abs=0.5)


def test_muted_microphones_are_silent() -> None:
    bench, device = slave(Scene(noise_db=-40))
    write(bench, device, 20, 1, bytes([30, 1]))
    sound = record(bench, device, 0.5)
    assert not sound[1000:].any()


def test_what_is_too_loud_is_cut_at_full_scale() -> None:
    bench, device = slave()
    write(bench, device, *OP_R, bytes([3, 0]))
    device.scene.say(Sound.tone(300, "1s"), azimuth=0, level_db=6)
    right = record(bench, device, 0.5)[2000:, 1]
    assert right.max() == (2**23 - 1) / 2**23
    assert right.min() == -1


def tone24(hertz: float, seconds: float, rate: int, amplitude: float) -> np.ndarray:
    left = np.rint(amplitude * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate) * (2**23 - 1))
    return np.stack([left.astype(np.int32) << 8, np.zeros(len(left), np.int32)], axis=1)


@pytest.mark.parametrize("image", ["slave_16k", "master_48k"])
def test_what_the_host_plays_comes_out_of_the_loudspeaker(image: str) -> None:
    bench, device = started(image=image)
    rate = 48000 if image == "master_48k" else 16000
    bench.play(device.i2s, tone24(440, 1.0, rate, 0.1), rate)
    assert device.played.rate == rate
    assert device.played.level_db() == pytest.approx(-20, abs=0.01)
    assert spectrum_peak(device.played.samples, rate) == pytest.approx(440, abs=1)


def test_without_the_amplifier_nobody_hears_it() -> None:
    """X0D31 low is on."""
    bench, device = started(image="slave_16k")
    write(bench, device, 20, 1, bytes([31, 1]))
    bench.play(device.i2s, tone24(440, 0.5, 16000, 0.1), 16000)
    assert not device.played.samples.any()
    write(bench, device, 20, 1, bytes([31, 0]))
    bench.play(device.i2s, tone24(440, 0.5, 16000, 0.1), 16000)
    assert device.played.level_db("500ms") == pytest.approx(-20, abs=0.1)


@pytest.mark.parametrize(("category", "gain"), [(4, 0.0), (5, 0.0), (10, 0.0), (12, 18.06)])
@pytest.mark.parametrize("image", ["slave_16k", "master_48k"])
def test_the_reference_goes_back_to_the_host(image: str, category: int, gain: float) -> None:
    """AUDIO_MGR_REF_GAIN 8.0 is 18.06 dB."""
    bench, device = started(image=image)
    rate = 48000 if image == "master_48k" else 16000
    write(bench, device, *OP_R, bytes([category, 0]))
    frames = tone24(440, 1.0, rate, 0.05)
    said = []
    for start in range(0, len(frames), 480):
        at = np.uint64(bench.now) + np.arange(480, dtype=np.uint64) * np.uint64(10**12 // rate)
        bench.play(device.i2s, frames[start : start + 480], rate)
        said.append(device.i2s.handle("wanted", at)[:, 1] / 2.0**31)
    sound = np.concatenate(said)[rate // 2 :]
    assert level_db(sound) == pytest.approx(-26.02 + gain, abs=0.3)


def test_the_master_gives_the_clock_when_it_has_started() -> None:
    bench = Bench()
    device = bench.add(XVF3800(image="master_48k"))
    assert bench.clocks == {("xvf3800", "i2s"): 0}
    bench.run("3s")
    assert bench.clocks == {("xvf3800", "i2s"): 48000}
    write(bench, device, 48, 7, b"\1")  # REBOOT
    assert bench.clocks == {("xvf3800", "i2s"): 0}


def test_the_slave_leaves_the_clock_to_the_host() -> None:
    bench, device = started(image="slave_16k")
    assert bench.clocks == {}
    assert device.played.rate == 16000


def test_after_a_standstill_it_hears_from_now_on() -> None:
    bench, device = slave()
    bench.run("5s")
    device.scene.say(Sound.tone(1000, "2s"), azimuth=45, level_db=-20)
    sound = record(bench, device, 1.0)[8000:, 0]
    assert level_db(sound) == pytest.approx(-20, abs=1)
