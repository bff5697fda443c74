"""What is heard of a board, and what it hears of the page: controls of its microphones and loudspeakers."""

from __future__ import annotations

import numpy as np
import pytest

from peripherals import XVF3800, Microphone, Speaker
from twins import UsageError
from twins.bench import Bench
from twins.sound import NAMED, Sound


def test_who_speaks_from_the_dial_is_heard_as_speech_from_there() -> None:
    bench = Bench()
    voice = bench.add(XVF3800(image="master_48k"))
    bench.run("3s")
    assert not voice.speech
    voice.speak("speech", "1s", 135)
    bench.run("700ms")
    assert voice.speech
    assert voice.azimuth == pytest.approx(135, abs=10)


@pytest.mark.parametrize("name", NAMED)
def test_a_microphone_hears_each_of_the_sounds_that_have_names(name: str) -> None:
    bench = Bench()
    mic = bench.add(Microphone("ICS-43434"))
    mic.speak(name, "100ms")
    heard = bench.record(mic.i2s, 4_800, rate=48_000)
    # -26 dBFS at 94 dB SPL (DS-000069), so -46 dBFS at 74 dB SPL.
    level = 10 * np.log10(2 * np.mean((heard[:, 0] / 2**31) ** 2))
    # Noise loses its treble where its 16 kHz become 48 kHz on straight lines.
    assert level == pytest.approx(-46, abs=2 if name == "noise" else 0.5)


def test_an_unknown_sound_is_said_with_those_there_are() -> None:
    with pytest.raises(UsageError, match="a sound 'cough': expected one of speech, tone, noise"):
        Sound.named("cough", "1s")


def test_what_a_speaker_plays_is_taken_piece_by_piece_and_nothing_twice() -> None:
    bench = Bench()
    speaker = bench.add(Speaker(channel="left"))
    said = (np.arange(960) << 16).astype(np.int32)
    pieces, mark = [], 0
    for start in range(0, 960, 240):
        left = said[start : start + 240]
        bench.play(speaker.i2s, np.stack([left, 0 * left], axis=1), rate=48_000)
        mark, rate, samples = speaker.heard_since(mark)
        assert rate == 48_000
        pieces.append(samples)
    assert np.array_equal(np.concatenate(pieces), speaker.samples)
    assert len(speaker.heard_since(mark)[2]) == 0
    speaker.forget()
    assert len(speaker.heard_since(mark)[2]) == 0
