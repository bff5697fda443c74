"""The lamp's sound: from the microphones into audio_stream, and from audio_i2s to the loudspeaker.

Issue 4, section 5: right frequency and level within 1 dB, no gap in 30 s, whole frames dropped and counted.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from control import POWER_OFF, POWER_ON, POWER_SLEEPS, command, counters, power
from hearing import FRAME, FRAMES, I2S_STATS, RATE, STREAM_STATS, Stream

from twins import Twin
from twins.intercept import Call, Intercept
from twins.sound import Sound, level_db

ESP_ERR_TIMEOUT = 0x107


@pytest.fixture(scope="module")
def clocked_lamp(ready_lamp: Twin) -> Twin:
    """A lamp whose voice processor runs."""
    lamp = ready_lamp.fork()
    lamp.run_until(lambda: lamp.voice.running, timeout="5s")
    lamp.run("200ms")
    return lamp


@pytest.fixture
def lamp(clocked_lamp: Twin) -> Twin:
    return clocked_lamp.fork()


def frequency(samples: npt.NDArray[np.float64]) -> float:
    """Where most of the power is, in Hz."""
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(power)) * RATE / len(samples)


def bends(samples: npt.NDArray[np.float64], hertz: float) -> npt.NDArray[np.float64]:
    """What a sine of one frequency leaves where each sample is foretold from the two before it: nothing but noise."""
    return np.asarray(np.abs(samples[2:] - 2 * np.cos(2 * np.pi * hertz / RATE) * samples[1:-1] + samples[:-2]))


def stall(lamp: Twin) -> Intercept:
    """The consumer comes to nothing: each of its reads takes 20 ms and times out."""

    def wait(call: Call) -> object:
        return call.guest("vTaskDelay", 20, then=lambda call, result: ESP_ERR_TIMEOUT)

    return lamp.intercept("audio_stream_read_mono_s16", wait)


@pytest.mark.parametrize("azimuth", [20, 200])
@pytest.mark.parametrize("level", [-10, -40])
def test_a_tone_arrives_with_its_frequency_and_level(lamp: Twin, azimuth: int, level: int) -> None:
    lamp.voice.scene.say(Sound.tone(1000, "3s"), azimuth=azimuth, level_db=level)
    lamp.run("500ms")
    heard = Stream(lamp).hear("2s")
    assert len(heard) == pytest.approx(2 * RATE, abs=FRAME)
    assert frequency(heard) == pytest.approx(1000, abs=1)
    assert level_db(heard) == pytest.approx(level, abs=1)


def test_a_spoken_file_arrives_as_it_was_spoken(lamp: Twin, tmp_path: Path) -> None:
    said = Sound.speech("2s", seed=7)
    lamp.voice.scene.say(said.save(tmp_path / "said.wav"), azimuth=60, level_db=-20)
    stream = Stream(lamp)
    heard = stream.hear("2500ms")
    # Its way takes no whole number of samples.
    size, finer = 1 << 16, 8
    match = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(said.samples, size)), size * finer)
    delay = int(np.argmax(match)) / finer
    assert 0 < delay < RATE / 5
    turns = np.exp(2j * np.pi * np.fft.rfftfreq(size) * delay)
    back = np.fft.irfft(np.fft.rfft(heard, size) * turns, size)
    # The beam is sent to the talker within the first half second.
    part = slice(RATE // 2, len(said.samples))
    assert np.corrcoef(said.samples[part], back[part])[0, 1] > 0.98
    assert level_db(back[part]) - level_db(said.samples[part]) == pytest.approx(-20 - said.level_db, abs=1)


@pytest.mark.slow
def test_there_is_no_gap_in_thirty_seconds(lamp: Twin) -> None:
    """With FIRE at 22 frames a second beside it."""
    command(lamp, "effect 7")
    lamp.voice.scene.say(Sound.tone(1000, "32s"), azimuth=62, level_db=-10)
    lamp.run("1s")
    before = counters(lamp, "audio_stream_stats", *STREAM_STATS)
    heard = Stream(lamp).hear("30s")
    after = counters(lamp, "audio_stream_stats", *STREAM_STATS)
    assert len(heard) == pytest.approx(30 * RATE, abs=FRAME)
    assert after["frames"] - before["frames"] == len(heard) // FRAME
    assert (after["drop_frames"], after["read_errors"]) == (before["drop_frames"], before["read_errors"])
    assert counters(lamp, "audio_i2s_stats", *I2S_STATS)["overruns"] == 0
    assert bends(heard, 1000).max() < 0.001
    assert level_db(heard) == pytest.approx(-10, abs=1)


def test_a_stalled_consumer_drops_whole_frames_and_counts_them(lamp: Twin) -> None:
    lamp.voice.scene.say(Sound.tone(1000, "5s"), azimuth=62, level_db=-10)
    lamp.run("1s")
    before = counters(lamp, "audio_stream_stats", *STREAM_STATS)
    stalled = stall(lamp)
    lamp.run("2s")
    after = counters(lamp, "audio_stream_stats", *STREAM_STATS)
    made, dropped = after["frames"] - before["frames"], after["drop_frames"] - before["drop_frames"]
    assert made == pytest.approx(2 * RATE / FRAME, abs=1)
    # The ring holds eight; the consumer finishes the frame that it waits for.
    assert made - dropped in (FRAMES, FRAMES + 1)
    assert lamp.memory.u32("audio_written") % FRAME == 0
    assert lamp.memory.u32("asr_debug_errors") > 50
    assert b"asr: nothing is heard" in lamp.console.log
    assert lamp.resets == []
    stream = Stream(lamp)
    stalled.remove()
    lamp.run("100ms")
    more = counters(lamp, "audio_stream_stats", *STREAM_STATS)["drop_frames"]
    heard = stream.hear("1s")
    assert counters(lamp, "audio_stream_stats", *STREAM_STATS)["drop_frames"] == more
    assert len(heard) == pytest.approx(1.1 * RATE, abs=2 * FRAME)
    assert bends(heard, 1000).max() < 0.001


def test_what_was_dropped_is_missing_in_whole_frames(lamp: Twin) -> None:
    """What a consumer reads around a stall: jumps only between frames."""
    lamp.voice.scene.say(Sound.tone(1003, "5s"), azimuth=62, level_db=-10)
    lamp.run("1s")
    stream = Stream(lamp)
    start = lamp.memory.u32("audio_written")
    stalled = stall(lamp)
    first = stream.hear("600ms")
    stalled.remove()
    heard = np.concatenate([first, stream.hear("300ms")])
    jumps = start + 1 + np.flatnonzero(bends(heard, 1003) > 0.01)
    assert len(jumps)
    assert all(jump % FRAME in (FRAME - 1, 0, 1) for jump in jumps)


def test_the_log_tells_level_and_noise(lamp: Twin) -> None:
    lamp.console.expect_exact("asr: level", timeout="6s")
    lamp.voice.scene.say(Sound.tone(500, "6s"), azimuth=62, level_db=-30)
    lamp.console.expect(r"asr: level (-\d+) dB, noise (-\d+) dB, dropped 0, errors 0", timeout="6s")
    assert int(lamp.console.match.group(1)) == pytest.approx(-30, abs=1)


@pytest.mark.parametrize(("volume", "level"), [(100, -12.04), (50, -18.06), (10, -32.04)])
def test_the_chime_says_how_loud_the_lamp_is(lamp: Twin, volume: int, level: float) -> None:
    """A quarter of full scale, 1 kHz, 96 ms; percent are of the amplitude."""
    total = lamp.voice.played.total
    command(lamp, f"volume {volume}")
    lamp.run("400ms")
    samples = lamp.voice.played.since(total)
    sounding = np.flatnonzero(samples)
    assert sounding[-1] - sounding[0] + 2 == pytest.approx(1536, abs=2)
    heard = samples[sounding[0] : sounding[-1] + 1]
    assert frequency(heard[: 16 * 90]) == pytest.approx(1000, abs=12)
    assert level_db(heard) == pytest.approx(level, abs=0.2)
    assert bends(heard, 1000).max() < 0.001
    assert counters(lamp, "audio_i2s_stats", *I2S_STATS)["underruns"] == 0


def test_without_anything_to_say_the_lamp_is_silent_and_no_volume_is_silence(lamp: Twin) -> None:
    total = lamp.voice.played.total
    command(lamp, "volume 0")
    lamp.run("400ms")
    samples = lamp.voice.played.since(total)
    assert len(samples) > 0.3 * RATE
    assert not samples.any()


def test_the_clock_of_both_directions_is_sixteen_thousand(lamp: Twin) -> None:
    before = counters(lamp, "audio_i2s_stats", *I2S_STATS)
    total = lamp.voice.played.total
    lamp.run("2s")
    after = counters(lamp, "audio_i2s_stats", *I2S_STATS)
    for name in ("blocks_in", "blocks_out"):
        assert after[name] - before[name] == pytest.approx(125, abs=1)  # of 256 samples
    assert lamp.voice.played.total - total == pytest.approx(2 * RATE, abs=600)


def chime_level(lamp: Twin) -> float:
    """What the loudspeaker plays when the volume is set to 100, and is it a clean 1 kHz."""
    total = lamp.voice.played.total
    command(lamp, "volume 100")
    lamp.run("400ms")
    samples = lamp.voice.played.since(total)
    sounding = np.flatnonzero(samples)
    assert sounding[-1] - sounding[0] + 2 == pytest.approx(1536, abs=2)
    heard = samples[sounding[0] : sounding[-1] + 1]
    assert frequency(heard[: 16 * 90]) == pytest.approx(1000, abs=12)
    assert bends(heard, 1000).max() < 0.001
    return level_db(heard)


def speaks_and_hears(lamp: Twin) -> None:
    """The chime sounds, a tone arrives at its level without a gap, and nothing is lost either way."""
    assert chime_level(lamp) == pytest.approx(-12.04, abs=0.2)
    lamp.voice.scene.say(Sound.tone(1000, "1500ms"), azimuth=62, level_db=-10)
    lamp.run("500ms")
    before = counters(lamp, "audio_stream_stats", *STREAM_STATS)
    heard = Stream(lamp).hear("1s")
    after = counters(lamp, "audio_stream_stats", *STREAM_STATS)
    assert len(heard) == pytest.approx(RATE, abs=FRAME)
    assert frequency(heard) == pytest.approx(1000, abs=1)
    assert level_db(heard) == pytest.approx(-10, abs=1)
    assert bends(heard, 1000).max() < 0.001
    assert (after["drop_frames"], after["read_errors"]) == (before["drop_frames"], before["read_errors"])
    stats = counters(lamp, "audio_i2s_stats", *I2S_STATS)
    assert (stats["overruns"], stats["underruns"]) == (0, 0)


def sleeps(lamp: Twin) -> None:
    """A long touch, and the finger goes."""
    lamp.pad.touch("4s")
    lamp.run_until(lambda: power(lamp) == POWER_SLEEPS, timeout="5s")
    lamp.run("2s")


def wakes(lamp: Twin) -> None:
    """A touch starts the chip again; its voice processor has run on."""
    lamp.pad.touch("400ms")
    lamp.console.expect_exact("Jinny Lamp, reset 5", timeout="1s")
    lamp.run_until(lambda: power(lamp) == POWER_ON, timeout="3s")
    lamp.run("500ms")


def test_it_speaks_and_hears_after_the_second_deep_sleep(lamp: Twin) -> None:
    for _ in range(2):
        sleeps(lamp)
        total = lamp.voice.played.total
        lamp.run("3s")
        assert lamp.voice.played.total == total, "asleep there is no clock"
        assert not lamp.voice.is_clocked(lamp.now)
        wakes(lamp)
        assert lamp.voice.is_clocked(lamp.now)
    speaks_and_hears(lamp)


def test_it_speaks_and_hears_after_a_sleep_in_the_middle_of_a_sound(lamp: Twin) -> None:
    """The chime is cut off by the sleep, and what was said in the meantime is not heard afterwards."""
    lamp.voice.scene.say(Sound.tone(2000, "4s"), azimuth=62, level_db=-10)
    lamp.pad.touch("4s")
    lamp.run("2900ms")
    command(lamp, "volume 100")
    lamp.run_until(lambda: power(lamp) == POWER_SLEEPS, timeout="2s")
    lamp.run("5s")
    wakes(lamp)
    speaks_and_hears(lamp)


def test_it_speaks_and_hears_in_and_after_soft_off(lamp: Twin) -> None:
    """Off is the light; the console still answers and the chime still sounds."""
    command(lamp, "power 0")
    lamp.run_until(lambda: power(lamp) == POWER_OFF)
    lamp.run("1s")
    speaks_and_hears(lamp)
    command(lamp, "power 1")
    lamp.run_until(lambda: power(lamp) == POWER_ON)
    speaks_and_hears(lamp)


def test_it_speaks_and_hears_after_the_voice_processor_restarted(lamp: Twin) -> None:
    lamp.voice._start()
    lamp.run_until(lambda: lamp.voice.running, timeout="5s")
    lamp.run("2s")
    speaks_and_hears(lamp)
