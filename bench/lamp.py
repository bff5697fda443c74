"""The lamp: issue 4, section 6. Its parts in CPU time of this process, the whole lamp in a process of its own."""

from __future__ import annotations

import time

import numpy as np

from bench.measure import Bench, Usage, image, python
from peripherals import XVF3800, LedMatrix
from twins.bench import Bench as Table
from twins.scene import Scene
from twins.sound import Sound

NAMES = ("lamp_rtf", "lamp_idle_rtf", "lamp_rss_mb", "ws2812_decode_768_ms", "doa_cpu_percent")
GOALS = {
    "lamp_rtf": ">= 1",
    "lamp_idle_rtf": ">= 20",
    "lamp_rss_mb": "<= 300",
    "ws2812_decode_768_ms": "<= 1",
    "doa_cpu_percent": "<= 5",
}

LAMP = """
import sys, time
from twins import Twin
from twins.scene import Scene
from twins.sound import Sound
with Twin("jinny_lamp", image=sys.argv[1], elf=sys.argv[2]) as lamp:
    lamp.run_until(lambda: lamp.matrix.frames > 1)
    for line in sys.argv[3].split(","):
        lamp.console.sendline(line)
        lamp.console.expect_exact("console: ok", timeout="500ms")
    if len(sys.argv) > 4:
        lamp.voice.scene = Scene(noise_db=-50)
        for second in range(6):
            at = f"{lamp.now / 1e12 + second}s"
            lamp.voice.scene.say(Sound.noise("700ms"), azimuth=40 * second, level_db=-20, at=at)
    lamp.run("1s")
    frames, spent = lamp.matrix.frames, time.process_time()
    lamp.run("5s")
    spent = time.process_time() - spent
    assert lamp.matrix.frames - frames in ((0,) if "power 0" in sys.argv[3] else (109, 110, 111)), lamp.matrix.frames
    print(5 / spent)
"""
"""FIRE at 22 frames a second, somebody who talks, and the direction of it; or soft off in silence."""

FRAMES = 50
SECONDS = 10


def decode() -> float:
    """Milliseconds that a frame of 768 random colours takes from its edges to the picture."""
    table = Table()
    matrix = table.add(LedMatrix(rows=16, columns=16, panels=(3, 1), serpentine=True))
    edges = matrix.encode(np.random.default_rng(0).integers(0, 256, (768, 3)))
    at = np.array([moment for moment, _ in edges], np.uint64)
    level = np.array([level for _, level in edges], np.bool_)
    spent = 0.0
    for _ in range(FRAMES):
        start = time.process_time()
        matrix.data.handle("received", at + np.uint64(table.now), level)
        table.run("40ms")
        spent += time.process_time() - start
    assert matrix.frames == FRAMES
    return spent / FRAMES * 1000


def hear() -> float:
    """Percent of a core, in real time, for who talks 0.7 s of every second: scene, estimate, beams, I2S at 16 kHz."""
    table = Table()
    voice = table.add(XVF3800())
    voice.scene = Scene(noise_db=-50)
    table.run("2.1s")
    table.record(voice.i2s, 1600, 16000)
    said = Sound.noise("700ms")
    start = time.process_time()
    for second in range(SECONDS):
        azimuth = 60 + 20 * second
        voice.scene.say(said, azimuth=azimuth, level_db=-20)
        for _ in range(10):
            table.record(voice.i2s, 1600, 16000, batch=160)
            heard = voice.azimuth
        assert abs(heard - azimuth) < 5
    return (time.process_time() - start) / SECONDS * 100


def lamp(commands: str, *talking: str) -> Usage:
    """Runs a lamp, and prints how much faster than real time."""
    return python(LAMP, image("jinny_lamp.bin"), image("jinny_lamp.elf"), commands, *talking)


def measure(bench: Bench) -> None:
    """All of them."""
    with bench.trying("the lamp"):
        bench.median("lamp_rtf", lambda: float(lamp("effect 7", "talking").stdout))
        bench.median("lamp_rss_mb", lambda: lamp("effect 7", "talking").peak_rss_mb)
        bench.median("lamp_idle_rtf", lambda: float(lamp("power 0").stdout))
    bench.median("ws2812_decode_768_ms", decode)
    bench.median("doa_cpu_percent", hear)
