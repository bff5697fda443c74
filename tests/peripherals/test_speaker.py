"""I2S amplifier. Sections are those of Maxim's MAX98357A/MAX98357B data sheet."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from peripherals import Speaker
from twins.bench import Bench
from twins.errors import UsageError
from twins.sound import Sound

LEFT = (0.5 * np.sin(2 * np.pi * 1000 * np.arange(4800) / 48_000) * 2**31).astype(np.int32)
RIGHT = np.full(4800, 2**30, np.int32)
STEREO = np.stack([LEFT, RIGHT], axis=1)


def on_bench(channel: str = "mix", *, sd_mode: bool = False) -> tuple[Bench, Speaker]:
    bench = Bench()
    return bench, bench.add(Speaker(channel), without=[] if sd_mode else ["sd_mode"])


def test_it_hears_frames_with_rate_and_width() -> None:
    bench, speaker = on_bench()
    bench.play(speaker.i2s, STEREO, rate=44_100, bits=16)
    assert (speaker.frames == STEREO).all()
    assert speaker.rate == pytest.approx(44_100, rel=1e-6)
    assert (speaker.bits, len(speaker.at), speaker.problem) == (16, 4800, None)


@pytest.mark.parametrize(("channel", "mean"), [("left", 0), ("right", 0.5), ("mix", 0.25)])
def test_sd_mode_selects_what_it_plays(channel: str, mean: float) -> None:
    """SD_MODE: left, right or (left/2 + right/2)."""
    bench, speaker = on_bench(channel)
    bench.play(speaker.i2s, STEREO, rate=48_000)
    assert speaker.samples.mean() == pytest.approx(mean, abs=1e-6)


def test_levels() -> None:
    """AES17: a sine of half of full scale is at -6 dBFS."""
    bench, speaker = on_bench("left")
    assert speaker.level_db == -np.inf
    bench.play(speaker.i2s, STEREO, rate=48_000)
    assert speaker.level_db == pytest.approx(-6.02, abs=0.01)


def test_sd_mode_low_shuts_it_down() -> None:
    bench, speaker = on_bench("right", sd_mode=True)
    bench.play(speaker.i2s, STEREO[:480], rate=48_000)
    bench.set(speaker.sd_mode, False)
    bench.play(speaker.i2s, STEREO[:480], rate=48_000)
    bench.set(speaker.sd_mode, True)
    bench.play(speaker.i2s, STEREO[:480], rate=48_000)
    played = speaker.samples.reshape(3, 480)
    assert [bool(part.any()) for part in played] == [True, False, True]
    assert (speaker.frames[480:960] == STEREO[:480]).all(), "it hears all the same"


@pytest.mark.parametrize(
    ("rate", "bits", "says"),
    [
        (22_050, 16, "LRCLK at 22050 Hz"),
        (11_025, 32, "LRCLK at"),
        (48_000, 20, "20 BCLK cycles"),
        (192_000, 32, "LRCLK"),
    ],
)
def test_clocks_that_it_refuses(rate: int, bits: int, says: str) -> None:
    """Table of LRCLK rates and BCLK ratios."""
    bench, speaker = on_bench("right")
    bench.play(speaker.i2s, STEREO[:480], rate=rate, bits=bits)
    assert says in (speaker.problem or "")
    assert not speaker.samples.any()


def test_it_is_saved_as_a_wav_file(tmp_path: Path) -> None:
    bench, speaker = on_bench("left")
    with pytest.raises(UsageError, match="heard nothing"):
        speaker.save(tmp_path / "none.wav")
    bench.play(speaker.i2s, STEREO, rate=16_000)
    speaker.save(tmp_path / "sound.wav", bits=24)
    sound = Sound.load(tmp_path / "sound.wav")
    assert sound.rate == 16_000
    assert sound.samples == pytest.approx(LEFT / 2**31, abs=2**-23)
    speaker.forget()
    assert len(speaker.frames) == 0


def test_a_restored_copy_goes_on_from_where_it_was() -> None:
    bench, speaker = on_bench("right")
    bench.play(speaker.i2s, STEREO[:480], rate=48_000)
    state = speaker.state()
    bench.play(speaker.i2s, STEREO[:480], rate=48_000)
    assert len(speaker.frames) == 960
    speaker.restore(state)
    assert len(speaker.frames) == 480


def test_a_channel_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UsageError, match="expected one of mix, left, right"):
        Speaker("both")
