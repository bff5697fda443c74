"""Sounds, WAV files, recordings, and the computer's own devices."""

from __future__ import annotations

import math
import sys
import wave
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from twins.errors import UsageError
from twins.live_audio import LiveAudio
from twins.scene import Scene
from twins.sound import Recording, Sound, level_db
from twins.units import Duration


def write(path: Path, channels: int = 1, width: int = 2, rate: int = 16000, frames: int = 100) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, width, rate, 0, "NONE", ""))
        file.writeframes(bytes(channels * width * frames))
    return path


@pytest.mark.parametrize("bits", [16, 24, 32])
def test_a_sound_goes_through_a_wav_file(tmp_path: Path, bits: int) -> None:
    sound = Sound.tone(1000, "50ms")
    again = Sound.load(sound.save(tmp_path / "a.wav", bits))
    assert again.rate == 16000
    assert np.abs(again.samples - sound.samples).max() <= 2.0 ** (1 - bits)


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"channels": 2}, "it has 2 channels: expected a WAV file of one channel"),
        ({"width": 1}, "it has 8 bits: expected"),
        ({"rate": 4000}, "it has 4000 Hz: expected.* 8000 to 192000 Hz"),
        ({"rate": 384000}, "it has 384000 Hz"),
        ({"frames": 0}, "it is truncated: 0 of 0 frames"),
    ],
)
def test_a_wav_file_that_is_not_accepted_says_what_is(tmp_path: Path, form: dict[str, int], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Sound.load(write(tmp_path / "a.wav", **form))


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav")
    whole = path.read_bytes()
    path.write_bytes(whole[:-60])
    with pytest.raises(UsageError, match="it is truncated: 70 of 100 frames"):
        Sound.load(path)
    path.write_bytes(whole[:20])
    with pytest.raises(UsageError, match="it ends within its head"):
        Sound.load(path)
    path.write_bytes(b"OggS" + whole)
    with pytest.raises(UsageError, match="does not start with RIFF"):
        Sound.load(path)
    with pytest.raises(UsageError, match="No such file"):
        Sound.load(tmp_path / "none.wav")


def test_floating_point_files_are_refused(tmp_path: Path) -> None:
    """WAVE_FORMAT_IEEE_FLOAT is 3 (RFC 2361)."""
    path = write(tmp_path / "a.wav", width=4)
    data = bytearray(path.read_bytes())
    data[20] = 3
    path.write_bytes(data)
    with pytest.raises(UsageError, match="expected a WAV file of one channel, PCM"):
        Sound.load(path)


@pytest.mark.parametrize("samples", [np.zeros((2, 2)), np.zeros(0), np.array([math.nan])])
def test_arrays_that_are_no_sound_are_refused(samples: Any) -> None:
    with pytest.raises(UsageError, match="one channel of finite numbers"):
        Sound.of(samples, 16000)


def test_an_array_needs_its_rate() -> None:
    with pytest.raises(UsageError, match="as in rate=16000"):
        Sound.of([0.0, 1.0])


def test_levels_are_those_of_aes17() -> None:
    """AES17: a sine that just fits has 0 dBFS, a square wave that does 3.01 dBFS (10 lg 2)."""
    assert Sound.tone(1000, "1s").level_db == pytest.approx(0, abs=1e-3)
    assert level_db(np.array([1.0, -1.0])) == pytest.approx(3.0103, abs=1e-3)


def test_a_recording_forgets_what_is_old() -> None:
    played = Recording(16000, keep="100ms")
    for number in range(10):
        played.add(np.full(800, float(number)))
    assert (played.total, len(played.samples)) == (8000, 1600)
    assert played.since(7900).tolist() == [9.0] * 100
    assert played.since(0)[0] == 8.0


@pytest.mark.parametrize("rate", [8000, 44100, 48000])
def test_rates_are_converted(rate: int) -> None:
    pytest.importorskip("scipy", reason="extra audio is not installed: rates are not converted")
    converted = Sound.tone(1000, "200ms", rate).at_rate(16000)
    middle = slice(800, 2400)
    assert len(converted.samples) == 3200
    assert np.abs(converted.samples[middle] - Sound.tone(1000, "200ms").samples[middle]).max() < 0.01


def test_without_scipy_another_rate_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.signal", None)
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(UsageError, match=r"boardtwins\[audio\]"):
        Sound.tone(1000, "100ms", 8000).at_rate(16000)


def test_a_recording_has_level_samples_and_file(tmp_path: Path) -> None:
    played = Recording(16000)
    assert played.level_db() == -math.inf
    for start in range(0, 16000, 160):
        played.add(Sound.tone(500, "1s").samples[start : start + 160] * 0.1)
    assert played.length == Duration(10**12)
    assert played.level_db() == pytest.approx(-20, abs=0.01)
    assert Sound.load(played.save(tmp_path / "out.wav", 24)).level_db == pytest.approx(-20, abs=0.01)


# The computer's devices


class Part:
    """Hears and plays."""

    def __init__(self) -> None:
        self.scene = Scene()
        self.played = Recording(16000)


class Devices:
    """Stands for sounddevice where no device is: a boundary to hardware."""

    PortAudioError = OSError

    def __init__(self) -> None:
        self.streams: list[Any] = []

    def _open(self, **options: Any) -> Any:
        stream = SimpleNamespace(start=lambda: None, close=lambda: None, **options)
        self.streams.append(stream)
        return stream

    InputStream = OutputStream = _open


def test_the_microphone_is_heard_and_the_loudspeaker_plays() -> None:
    part, devices = Part(), Devices()
    live = LiveAudio(part, azimuth=90, audio=devices)
    live.start(None)  # type: ignore[arg-type]
    microphone, loudspeaker = devices.streams
    tone = Sound.tone(1000, "100ms").samples
    for start in range(0, 1600, 400):
        microphone.callback(tone[start : start + 400, None], 400, None, None)
    live.poll()
    heard = part.scene.hear([[0, 0, 0]], 16000, 0, 1600)
    assert level_db(heard[200:, 0]) == pytest.approx(0, abs=0.1)
    part.played.add(tone)
    live.poll()
    out = np.ones((1000, 1))
    loudspeaker.callback(out, 1000, None, None)
    assert np.array_equal(out[:, 0], tone[:1000])
    loudspeaker.callback(out, 1000, None, None)
    assert np.array_equal(out[:600, 0], tone[1000:])
    assert not out[600:].any()


def test_no_device_is_one_clear_sentence() -> None:
    devices = Devices()
    devices.InputStream = lambda **_: (_ for _ in ()).throw(OSError("no default input"))  # type: ignore[method-assign]
    with pytest.raises(UsageError, match=r"no microphone and loudspeaker .*no default input.*system's default"):
        LiveAudio(Part(), audio=devices).start(None)  # type: ignore[arg-type]


def test_no_library_is_one_clear_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(UsageError, match=r"pip install 'boardtwins\[live\]'"):
        LiveAudio(Part())


def test_no_portaudio_is_one_clear_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleType | None:
            if name == "sounddevice":
                raise OSError("PortAudio library not found")
            return None

    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    with pytest.raises(UsageError, match="apt install libportaudio2"):
        LiveAudio(Part())
