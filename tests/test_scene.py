"""Acoustic scenes. Delays and levels: 343 m/s at 20 °C, and the inverse distance law."""

from __future__ import annotations

import copy
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from twins.errors import UsageError
from twins.room import Room
from twins.scene import SPEED_OF_SOUND, Scene
from twins.sound import Samples, Sound, level_db
from twins.units import Duration

RATE = 16000
ORIGIN = np.zeros((1, 3))
SQUARE = 0.033 * np.array([[1, 1, 0], [-1, 1, 0], [-1, -1, 0], [1, -1, 0]])


def phase(heard: Samples, hertz: float) -> complex:
    """Amplitude and phase of a tone in the middle of what was heard."""
    at = np.arange(1600, 14400) / RATE
    return complex(np.mean(heard[1600:14400] * np.exp(-2j * np.pi * hertz * at)) * 2)


@pytest.mark.parametrize("distance", [0.5, 1.0, 1.2345, 2.0, 3.7])
def test_delay_and_level_follow_the_distance(distance: float) -> None:
    """r / 343 m/s late, and 1/r of what it has at 1 m; both far finer than a sample."""
    scene = Scene()
    scene.say(Sound.tone(1000, "1s"), azimuth=33, distance=distance)
    heard = phase(scene.hear(ORIGIN, RATE, 0, RATE)[:, 0], 1000)
    expected = -1j / distance * np.exp(-2j * np.pi * 1000 * distance / SPEED_OF_SOUND)
    assert abs(heard - expected) * distance < 1e-3


@pytest.mark.parametrize("azimuth", range(0, 360, 45))
@pytest.mark.parametrize("hertz", [300, 1000, 3400, 7000])
def test_microphones_hear_it_in_the_order_of_the_wave(azimuth: int, hertz: int) -> None:
    scene = Scene()
    scene.say(Sound.tone(hertz, "1s"), azimuth=azimuth, distance=2.0)
    heard = scene.hear(SQUARE, RATE, 0, RATE)
    place = 2.0 * np.array([np.cos(np.radians(azimuth)), np.sin(np.radians(azimuth)), 0])
    ways = np.linalg.norm(SQUARE - place, axis=1)
    late = [np.angle(phase(heard[:, n], hertz) / phase(heard[:, 0], hertz)) for n in range(4)]
    expected = np.angle(np.exp(-2j * np.pi * hertz * (ways - ways[0]) / SPEED_OF_SOUND))
    assert np.abs(np.angle(np.exp(1j * (np.array(late) - expected)))).max() < 2e-3


@pytest.mark.parametrize("moving", [False, True])
@pytest.mark.parametrize("room", [False, True])
def test_any_block_size_hears_the_same(moving: bool, room: bool) -> None:
    if room:
        pytest.importorskip("pyroomacoustics", reason="extra audio is not installed: rooms are not tested")

    def scene() -> Scene:
        made = Scene(noise_db=-60, room=Room(order=3) if room else None, seed=7)
        made.say(Sound.noise("300ms"), azimuth=[("0s", 0), ("1s", 90)] if moving else 62, level_db=-20, at="51.23ms")
        made.say(Sound.tone(440, "200ms"), azimuth=200, level_db=-30, distance=1.5)
        return made

    whole = scene().hear(SQUARE, RATE, 0, 6000)
    for size in (1, 37, 512, 1024, 5000):
        other = scene()
        starts = range(0, 6000, size) if size > 1 else range(1000, 1200)
        parts = np.concatenate([other.hear(SQUARE, RATE, at, min(size, 6000 - at)) for at in starts])
        assert np.array_equal(parts, whole if size > 1 else whole[1000:1200])


def test_what_was_heard_does_not_change_when_somebody_speaks_later() -> None:
    scene = Scene(noise_db=-50)
    before = scene.hear(ORIGIN, RATE, 0, 1500)
    scene.now = 1500 * 10**12 // RATE
    scene.say(Sound.noise("1s"), azimuth=0, level_db=-10)
    assert np.array_equal(scene.hear(ORIGIN, RATE, 0, 1500), before)
    assert level_db(scene.hear(ORIGIN, RATE, 2000, 8000)[:, 0]) == pytest.approx(-10, abs=0.5)


def test_a_sound_begins_at_its_moment() -> None:
    scene = Scene()
    scene.say(Sound.tone(1000, "100ms"), azimuth=0, at="0.5s")
    heard = np.abs(scene.hear(ORIGIN, RATE, 0, RATE)[:, 0])
    first = np.flatnonzero(heard > 0.1)[0] / RATE
    assert first == pytest.approx(0.5 + 1 / SPEED_OF_SOUND, abs=2 / RATE)
    assert not heard[: RATE // 2].any()


def test_several_at_once_add_up() -> None:
    def one(azimuth: float, hertz: float) -> Scene:
        scene = Scene()
        scene.say(Sound.tone(hertz, "300ms"), azimuth=azimuth, level_db=-20)
        return scene

    both = one(0, 500)
    both.say(Sound.tone(800, "300ms"), azimuth=120, level_db=-20)
    apart = one(0, 500).hear(SQUARE, RATE, 0, 4000) + one(120, 800).hear(SQUARE, RATE, 0, 4000)
    assert np.allclose(both.hear(SQUARE, RATE, 0, 4000), apart, atol=1e-12)


def test_a_source_moves() -> None:
    """At 40 ms of its way it is where one that stands there is."""
    moving, still = Scene(), Scene()
    moving.say(Sound.tone(300, "2s"), azimuth=[("0s", 0), ("1s", 10)], distance=[("0s", 1.0), ("1s", 2.0)])
    still.say(Sound.tone(300, "2s"), azimuth=5, distance=1.5)
    at = 8000 + round(1.5 / SPEED_OF_SOUND * RATE)
    one, other = (scene.hear(SQUARE, RATE, at, 16) for scene in (moving, still))
    assert np.abs(one - other).max() < 0.02
    assert moving.azimuth(moving.sources[0], 500_000_000_000) == pytest.approx(5)


def test_who_comes_nearer_gets_louder() -> None:
    scene = Scene()
    scene.say(Sound.tone(500, "2s"), azimuth=0, level_db=-40, distance=[("0s", 4.0), ("2s", 1.0)])
    heard = scene.hear(ORIGIN, RATE, 0, 2 * RATE)[:, 0]
    assert level_db(heard[400:1200]) == pytest.approx(-40 - 12, abs=0.3)
    assert level_db(heard[-96:]) == pytest.approx(-40, abs=0.3)


def test_noise_has_its_level_and_its_seed() -> None:
    first, same, other = (Scene(noise_db=-50, seed=seed).hear(SQUARE, RATE, 0, RATE) for seed in (1, 1, 2))
    assert np.array_equal(first, same)
    assert not np.array_equal(first, other)
    for microphone in range(4):
        assert level_db(first[:, microphone]) == pytest.approx(-50, abs=0.2)
    assert abs(np.corrcoef(first[:, 0], first[:, 1])[0, 1]) < 0.03


def test_a_copy_hears_the_same_and_goes_its_own_way() -> None:
    scene = Scene(noise_db=-60)
    scene.say(Sound.noise("1s"), azimuth=10, level_db=-20)
    other = copy.deepcopy(scene)
    assert np.array_equal(other.hear(SQUARE, RATE, 0, 3000), scene.hear(SQUARE, RATE, 0, 3000))
    other.silence()
    assert len(scene.sources) == 1
    assert other.sources == []


def test_a_wav_file_is_said(tmp_path: Path) -> None:
    scene = Scene()
    scene.say(Sound.noise("500ms", seed=3).save(tmp_path / "hello.wav"), azimuth=62, level_db=-20)
    assert level_db(scene.hear(ORIGIN, RATE, 100, 7000)[:, 0]) == pytest.approx(-20, abs=0.3)


def test_another_rate_is_converted(tmp_path: Path) -> None:
    pytest.importorskip("scipy", reason="extra audio is not installed: rates are not converted")
    scene = Scene()
    scene.say(Sound.tone(1000, "1s", 44100).save(tmp_path / "hello.wav"), azimuth=0, level_db=-20)
    assert abs(phase(scene.hear(ORIGIN, RATE, 0, RATE)[:, 0], 1000)) == pytest.approx(1 / 10, rel=0.01)


def test_what_is_no_scene_is_refused(tmp_path: Path) -> None:
    scene = Scene()
    scene.now = 10**12
    tone = Sound.tone(1000, "10ms")
    with pytest.raises(UsageError, match="at 500ms: it is 1s already"):
        scene.say(tone, azimuth=0, at="500ms")
    with pytest.raises(UsageError, match="metres above 0"):
        scene.say(tone, azimuth=0, distance=0)
    with pytest.raises(UsageError, match="points in order"):
        scene.say(tone, azimuth=[("1s", 0), ("0s", 10)])
    with pytest.raises(UsageError, match="is silent"):
        scene.say(np.zeros(100), azimuth=0, level_db=-20, rate=RATE)
    with pytest.raises(UsageError, match="x, y and z for each microphone"):
        scene.hear([0, 0, 0], RATE, 0, 10)
    with wave.open(str(tmp_path / "stereo.wav"), "wb") as file:
        file.setparams((2, 2, RATE, 0, "NONE", ""))
        file.writeframes(bytes(400))
    with pytest.raises(UsageError, match="2 channels"):
        scene.say(tmp_path / "stereo.wav", azimuth=0)


# Rooms


def test_a_room_without_echoes_is_the_free_field() -> None:
    """Mirror sources of order 0: what is left is the way between source and microphone."""
    pytest.importorskip("pyroomacoustics", reason="extra audio is not installed: rooms are not tested")
    room, field = Scene(room=Room(absorption=1.0, order=0)), Scene()
    for scene in (room, field):
        scene.say(Sound.tone(1000, "1s"), azimuth=62, distance=1.1)
    for microphone in range(4):
        heard, free = (phase(scene.hear(SQUARE, RATE, 0, RATE)[:, microphone], 1000) for scene in (room, field))
        assert abs(heard - free) < 0.05 * abs(free)


def test_walls_make_it_louder_and_longer() -> None:
    pytest.importorskip("pyroomacoustics", reason="extra audio is not installed: rooms are not tested")
    room, field = Scene(room=Room(absorption=0.2)), Scene()
    for scene in (room, field):
        scene.say(Sound.noise("200ms"), azimuth=62, level_db=-20)
    inside, outside = (scene.hear(ORIGIN, RATE, 0, 8000)[:, 0] for scene in (room, field))
    assert level_db(inside[:3200]) > level_db(outside[:3200]) + 1
    assert level_db(inside[3400:4800]) > -45
    assert level_db(outside[3400:4800]) < -100


def test_a_source_behind_the_wall_is_refused() -> None:
    pytest.importorskip("pyroomacoustics", reason="extra audio is not installed: rooms are not tested")
    scene = Scene(room=Room())
    scene.say(Sound.tone(1000, "1s"), azimuth=90, distance=3.0)
    with pytest.raises(UsageError, match=r"is not within the room .* smaller distance"):
        scene.hear(ORIGIN, RATE, 0, 10)
    with pytest.raises(UsageError, match="within it"):
        Room(at=(6, 1, 1))
    with pytest.raises(UsageError, match="absorption 0"):
        Room(absorption=0)


def test_without_the_library_a_room_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyroomacoustics", None)
    with pytest.raises(UsageError, match=r"boardtwins\[audio\].*free field"):
        Room()


def test_durations_of_sounds() -> None:
    assert Sound.tone(1000, "250ms").length == Duration(250_000_000_000)
