"""I2S microphones. Figures are those of InvenSense DS-INMP441-00 and of the ICS-43432 and ICS-43434 data sheets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from peripherals import Microphone
from twins.bench import Bench
from twins.errors import UsageError
from twins.sound import Sound, level_db

TONE = np.sin(2 * np.pi * 1000 * np.arange(48_000) / 48_000)


def on_bench(model: str = "ICS-43434", *, right: bool = False) -> tuple[Bench, Microphone]:
    bench = Bench()
    return bench, bench.add(Microphone(model, right=right), without=["lr"])


def test_a_pascal_gives_the_sensitivity() -> None:
    """Understanding Sensitivity: a pure tone of 1 Pa RMS results in a signal whose peak amplitude is 420 426."""
    bench, mic = on_bench()
    mic.play(TONE, rate=48_000, spl=94)
    heard = bench.record(mic.i2s, 4800, rate=48_000)
    assert heard[:, 0].max() >> 8 == 420_426
    assert level_db(heard[:, 0] / 2**31) == pytest.approx(-26, abs=0.01)
    assert not (heard & 0xFF).any(), "24 bits, in the upper bits of the slot"


def test_l_r_chooses_the_channel() -> None:
    """Table 6: low is the left channel, high the right one; the other is not driven."""
    for right in (False, True):
        bench, mic = on_bench(right=right)
        mic.play(TONE, rate=48_000)
        heard = bench.record(mic.i2s, 48, rate=48_000)
        assert heard[:, int(right)].any()
        assert not heard[:, int(not right)].any()
    bench = Bench()
    mic = bench.add(Microphone("ICS-43434"))
    mic.play(TONE, rate=48_000)
    bench.set(mic.lr, True)
    assert bench.record(mic.i2s, 48, rate=48_000)[:, 1].any()


def test_a_sound_begins_and_ends_at_its_time() -> None:
    bench, mic = on_bench()
    mic.play(np.full(480, 0.5), rate=48_000, after="5ms")
    heard = bench.record(mic.i2s, 960, rate=48_000)[:, 0]
    assert np.flatnonzero(heard).tolist() == list(range(240, 720))
    assert set(heard[240:720] >> 8) == {round(0.5 * (2**23 - 1))}


def test_sounds_add_up_and_full_scale_is_the_limit() -> None:
    bench, mic = on_bench()
    for _ in range(3):
        mic.play(np.full(480, -0.5), rate=48_000)
    assert set(bench.record(mic.i2s, 100, rate=48_000)[:, 0]) == {-(2**31)}
    mic.silence()
    assert not bench.record(mic.i2s, 100, rate=48_000).any()


def test_a_sound_of_another_rate_keeps_its_pitch() -> None:
    bench, mic = on_bench()
    mic.play(np.sin(2 * np.pi * 500 * np.arange(8000) / 8000), rate=8000, level_db=-6, loop=True)
    heard = bench.record(mic.i2s, 16_000, rate=16_000)[:, 0] / 2**31
    assert int(np.argmax(np.abs(np.fft.rfft(heard)))) == 500
    assert level_db(heard) == pytest.approx(-6, abs=0.3)


def test_the_inmp441_is_silent_after_power_up() -> None:
    """Normal operation begins 2^18 clock cycles after power-up; there are 64 in a frame."""
    bench, mic = on_bench("INMP441")
    mic.play(np.full(48_000, 0.25), rate=48_000)
    heard = bench.record(mic.i2s, 5000, rate=48_000)[:, 0]
    assert np.flatnonzero(heard)[0] == 2**18 // 64


def test_the_ics_43432_unmutes_softly() -> None:
    """Non-zero data 4462 clocks after power-up (1.5 ms at 48 kHz), full output over another 256 frames."""
    bench, mic = on_bench("ICS-43432")
    mic.play(np.full(48_000, 0.25), rate=48_000)
    heard = bench.record(mic.i2s, 400, rate=48_000)[:, 0]
    first = int(np.flatnonzero(heard)[0])
    assert first == -(-4462 // 64)
    assert (np.diff(heard[first : first + 255]) > 0).all()
    assert len(set(heard[first + 256 :])) == 1


@pytest.mark.parametrize(
    ("model", "rate", "good"),
    [
        ("INMP441", 16_000, True),
        ("INMP441", 6_000, False),
        ("INMP441", 96_000, False),
        ("ICS-43434", 20_000, False),
        ("ICS-43434", 16_000, True),
    ],
)
def test_rates_that_it_refuses(model: str, rate: int, *, good: bool) -> None:
    """f_WS of each data sheet; the ICS-43434 has two bands."""
    bench, mic = on_bench(model)
    mic.play(np.full(48_000, 0.5), rate=48_000)
    heard = bench.record(mic.i2s, 6000, rate=rate)
    assert (mic.problem is None) is good
    assert heard.any() == good


def test_wav_files(tmp_path: Path) -> None:
    for bits in (16, 24, 32):
        path = Sound.of(TONE / 2, 48_000).save(tmp_path / f"{bits}.wav", bits)
        bench, mic = on_bench()
        mic.play(path)
        heard = bench.record(mic.i2s, 480, rate=48_000)[:, 0] / 2**31
        assert heard == pytest.approx(TONE[:480] / 2, abs=2**-15)


def test_what_is_no_sound_is_refused_with_a_sentence(tmp_path: Path) -> None:
    _, mic = on_bench()
    (tmp_path / "bad.wav").write_bytes(b"RIFFnothing")
    with pytest.raises(UsageError, match="WAV file"):
        mic.play(tmp_path / "bad.wav")
    with pytest.raises(UsageError, match="WAV file"):
        mic.play(tmp_path / "absent.wav")
    with pytest.raises(UsageError, match="needs one"):
        mic.play([0.5])
    with pytest.raises(UsageError, match="finite numbers"):
        mic.play([float("nan")], rate=8000)
    with pytest.raises(UsageError, match="not both"):
        mic.play([0.5], rate=8000, level_db=-6, spl=94)
    with pytest.raises(UsageError, match="expected one of INMP441"):
        Microphone("SPH0645")
