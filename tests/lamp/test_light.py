"""The lamp's light: pictures, times and pulses on the wire, and who shows.

WS2812B data sheet, "Data transfer time" (T0H 250-550 ns, T1H 650-950, T0L 700-1000, T1L 300-600); WS2812B-V5, reset
more than 280 us; issue 4, section 5: 45.45 ms a frame, 22.4 ms a show.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from control import command, counters, state

from twins import Twin
from twins.sound import Sound
from twins.testing.golden import FrameSnapshot
from twins.units import MS, NS, US

EFFECTS = {
    1: "warm",
    2: "breath",
    3: "rainbow",
    4: "plasma",
    5: "aurora",
    6: "waves",
    7: "fire",
    8: "rain",
    9: "stars",
    10: "confetti",
    11: "comets",
}
FRAMES = (3, 12, 33)
"""Of an effect: 0.14 s, 0.55 s and 1.5 s after its beginning at 22 frames a second."""
LED_DATA = 1 << 3
BITS = 768 * 24
DARKER = 64


def run_to_frame(lamp: Twin, number: int) -> None:
    """Until that frame of the effect is on the LEDs: the next one is drawn then."""
    field = lamp.symbols["effect_time"].address + 8
    lamp.run_until(lambda: lamp.memory.u32(field) > number, timeout="10s")


def begin(lamp: Twin, effect: int, brightness: int) -> None:
    """From the first frame of an effect."""
    command(lamp, f"brightness {brightness}")
    command(lamp, f"effect {effect if effect != 1 else 2}")
    lamp.run("100ms")
    if effect == 1:
        command(lamp, "effect 1")
        lamp.run("100ms")


def pictures(lamp: Twin, effect: int) -> npt.NDArray[np.uint8]:
    """An effect at three times, at full brightness and at a quarter, side by side."""
    shown = []
    for brightness in (255, DARKER):
        with lamp.fork() as twin:
            begin(twin, effect, brightness)
            for number in FRAMES:
                run_to_frame(twin, number)
                shown.append(twin.matrix.frame)
    return np.concatenate(shown, axis=1)


def pulses(lamp: Twin, duration: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """When the data line rises and falls meanwhile, in ps."""
    lamp.trace.record_pins()
    lamp.trace.take_pins()
    lamp.run(duration)
    at, levels = lamp.trace.take_pins()
    high = (levels & np.uint64(LED_DATA)) != 0
    changes = np.flatnonzero(np.diff(high)) + 1
    times = at.astype(np.int64)
    return times[changes[high[changes]]], times[changes[~high[changes]]]


@pytest.mark.parametrize("effect", EFFECTS)
def test_an_effect_looks_as_it_did(lamp: Twin, effect: int, frame_snapshot: FrameSnapshot) -> None:
    shown = pictures(lamp, effect)
    bright, dark = shown[:, : 16 * len(FRAMES)].astype(int), shown[:, 16 * len(FRAMES) :]
    assert (dark == bright * (DARKER + 1) >> 8).all(), "less brightness is the same picture, darker"
    frame_snapshot(shown, EFFECTS[effect])


def test_the_pixel_of_the_direction_looks_as_it_did(lamp: Twin, frame_snapshot: FrameSnapshot) -> None:
    """While somebody speaks at 60 degrees, while the direction holds (1.5 s), while it fades (1 s): column 3 of 16."""
    shown = []
    for brightness in (255, DARKER):
        with lamp.fork() as twin:
            begin(twin, 100, brightness)
            twin.voice.scene.say(Sound.noise("700ms"), azimuth=60, level_db=-20)
            for wait in ("650ms", "1s", "1s"):
                twin.run(wait)
                shown.append(twin.matrix.frame)
            twin.run("1500ms")
            assert not twin.matrix.frame.any(), "dark after that"
    for frame in shown:
        assert np.argwhere(frame.any(axis=2))[:, 1].tolist() == [3]
    speaks, holds, fades = (int(frame.max()) for frame in shown[:3])
    assert speaks == holds == 255 > fades
    frame_snapshot(np.concatenate(shown, axis=1), "doa_debug")


def test_the_console_lists_the_effects(lamp: Twin) -> None:
    lamp.console.sendline("effects")
    lamp.console.expect_exact("console: ok", timeout="500ms")
    names = [line.split(maxsplit=2)[2] for line in lamp.console.before.splitlines() if line.startswith("effect:")]
    assert names == [name.upper() for name in EFFECTS.values()] + ["DOA DEBUG"]


def between_frames(lamp: Twin) -> None:
    """Runs to where the line is low."""
    lamp.run_until(lambda: lamp.matrix.now - lamp.matrix.latched_at[-1] < 5 * MS, every="1ms")


def test_fire_keeps_the_period_for_ten_seconds(lamp: Twin) -> None:
    """The heaviest effect, with sound and direction of arrival, and settings that go to flash meanwhile."""
    command(lamp, "effect 7")
    lamp.run("100ms")
    start = len(lamp.matrix.latched_at)
    lamp.run("10s")
    latched = np.array(lamp.matrix.latched_at[start:])
    assert 219 <= len(latched) <= 221
    period = np.diff(latched)
    assert abs(period - 45.45 * MS).max() < 0.01 * 45.45 * MS
    assert period.mean() == pytest.approx(1000 / 22 * MS, rel=1e-4)
    assert lamp.memory.u32("settings_writes") == 1


def test_every_pulse_of_fire_is_within_the_data_sheet(lamp: Twin) -> None:
    command(lamp, "effect 7")
    lamp.run("200ms")
    between_frames(lamp)
    rises, falls = pulses(lamp, "1s")
    assert len(rises) // BITS >= 21
    whole = len(rises) // BITS
    rises, falls = rises[: whole * BITS].reshape(whole, BITS), falls[: whole * BITS].reshape(whole, BITS)
    high, low = falls - rises, rises[:, 1:] - falls[:, :-1]
    ones = high > 525 * NS
    assert ones.any()
    assert not ones.all()
    for lengths, window in (
        (high[~ones], (250, 550)),
        (high[ones], (650, 950)),
        (low[~ones[:, :-1]], (700, 1000)),
        (low[ones[:, :-1]], (300, 600)),
    ):
        assert window[0] * NS <= lengths.min()
        assert lengths.max() <= window[1] * NS
    assert (rises[1:, 0] - falls[:-1, -1]).min() >= 280 * US
    shows = falls[:, -1] - rises[:, 0] + 280 * US
    assert abs(shows - 22.4 * MS).max() < 0.01 * 22.4 * MS
    assert lamp.matrix.unpowered_edges == 0


def test_a_show_takes_22_4_ms(lamp: Twin) -> None:
    """As the firmware measures it, reset included."""
    lamp.run("1s")
    stats = counters(lamp, "matrix_anim_stats", "frames", "late", "render_us", "show_us")
    assert stats["show_us"] == pytest.approx(22_400, rel=0.01)
    assert stats["late"] == 0


def test_speed_and_pause(lamp: Twin) -> None:
    phase = lamp.symbols["effect_time"].address + 4

    def turned() -> int:
        before = lamp.memory.u32(phase)
        lamp.run("2s")
        return lamp.memory.u32(phase) - before

    command(lamp, "effect 3")
    lamp.run("100ms")
    usual = turned()
    assert usual == pytest.approx(44 * 768, abs=768)
    command(lamp, "speed 300")
    assert turned() == pytest.approx(3 * usual, abs=3 * 768)
    command(lamp, "speed 10")
    lamp.run("100ms")
    assert turned() == pytest.approx(usual / 10, abs=80)
    command(lamp, "pause 1")
    lamp.run("100ms")
    before = lamp.matrix.frame
    assert turned() == 0
    assert (lamp.matrix.frame == before).all()
    command(lamp, "brightness 255")
    lamp.run("100ms")
    assert lamp.matrix.frame.sum() > before.sum(), "brightness follows while paused"


@pytest.mark.parametrize("line", ["effect 99", "effect", "speed 9", "speed 301", "brightness 256", "pause 2", "dance"])
def test_what_is_out_of_range_changes_nothing(lamp: Twin, line: str) -> None:
    before = state(lamp)
    command(lamp, line, "console: error")
    assert state(lamp) == before


def test_nobody_but_matrix_anim_shows(lamp: Twin) -> None:
    """Who has called whenever the core is in the function that starts a picture on the wire."""
    show = lamp.symbols["matrix_ws2812_show"]

    def callers_of_show() -> list[str]:
        """From the innermost outwards, once the core is in it or in what it calls."""
        registers = lamp.registers(0)
        pc = registers["pc"]
        # A return address has the size of the call in its upper two bits (Xtensa ISA RM, "Windowed Register Option").
        returns = [registers["a0"], *(address for address, _ in lamp.callers(0))]
        addresses = [pc, *(address & 0x3FFF_FFFF | pc & 0xC000_0000 for address in returns)]
        inside = [n for n, address in enumerate(addresses) if show.address <= address < show.address + show.size]
        return [lamp.symbols.name(address) for address in addresses[inside[-1] + 1 :]] if inside else []

    for effect in (1, 7, 100):
        command(lamp, f"effect {effect}")
        for _ in range(3):
            between_frames(lamp)
            lamp.run("10ms")
            assert not lamp.pins["GPIO3"].level
            lamp.run_until(callers_of_show, timeout="20ms", every="1us")
            assert callers_of_show()[0].startswith("anim+")
            lamp.run("1ms")
            frames = lamp.matrix.frames
            lamp.run("30ms")
            assert lamp.matrix.frames == frames + 1
    sources = (Path(__file__).parents[2] / "firmware" / "jinny_lamp").glob("*.c")
    callers = [source.name for source in sources if "matrix_ws2812_show(" in source.read_text()]
    assert sorted(callers) == ["matrix_anim.c", "matrix_ws2812.c"]
