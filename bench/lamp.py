"""The lamp's parts: issue 4, section 6. CPU time of this process; the parts have no engine of their own."""

from __future__ import annotations

import time

import numpy as np

from bench.measure import Bench
from peripherals import XVF3800, LedMatrix
from twins.bench import Bench as Table
from twins.scene import Scene
from twins.sound import Sound

NAMES = ("ws2812_decode_768_ms", "doa_cpu_percent")
GOALS = {"ws2812_decode_768_ms": "<= 1", "doa_cpu_percent": "<= 5"}

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


def measure(bench: Bench) -> None:
    """Both figures."""
    bench.median("ws2812_decode_768_ms", decode)
    bench.median("doa_cpu_percent", hear)
