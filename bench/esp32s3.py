"""The ESP32-S3's figures: issue 3, section 7."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

from bench.measure import HERE, Bench, Engine, Peer, Usage, first, image, ours, python, run, symbol, twins

LABWIRED = "0.25.0"
BOARD = "esp32s3_devkitc"  # 8 MB of flash, 8 MB of octal PSRAM

NAMES = (
    "s3_tight_loop_mips",
    "s3_tight_loop_vs_labwired",
    "s3_mix_mips",
    "s3_dual_busy_mips",
    "s3_boot_first_text_s",
    "s3_idle_rtf",
    "s3_frame_320x170_ms",
    "s3_twin_rss_mb",
    "s3_fork_ms",
)
GOALS = {
    "s3_tight_loop_mips": ">= 100",
    "s3_tight_loop_vs_labwired": ">= 80",
    "s3_dual_busy_mips": ">= 80",
    "s3_boot_first_text_s": "<= 1",
    "s3_idle_rtf": ">= 20",
    "s3_frame_320x170_ms": "<= 10",
    "s3_twin_rss_mb": "<= 250",
    "s3_fork_ms": "<= 20",
}

# firmware/bench/esp32s3/tight_loop.c: eight instructions each turn, and one turn more in this word
COUNTER, INSTRUCTIONS_PER_TURN = "tight_loop_counter", 8
# firmware/bench/esp32s3/frame.c: frames that have gone out
FRAMES = "frames"

FIRST_TEXT = """
import sys
from twins import Image, Twin
with Twin(sys.argv[1], image=Image.load(sys.argv[2], "esp32s3")) as twin:
    twin.consoles["uart0"].expect("main_task: Calling app_main()", timeout="5s")
"""

MXDBG_FILES = """
import json
from tests.realimages import corpus
print(json.dumps({offset: str(path) for offset, path in corpus.esp32s3("mxdbg").items()}))
"""

FRAME_COST = """
import sys, time
from twins import Board, Image, Twin
pins = dict(sck="GPIO12", mosi="GPIO11", cs="GPIO10", dc="GPIO9")
lcd = dict(type="ST7789", width=170, height=320, offset=[35, 0], rotation=90, **pins)
board = Board.from_data(dict(name="display", chip="esp32s3", flash="8MB", parts=dict(lcd=lcd)))
with Twin(board, image=Image.load(sys.argv[1], "esp32s3")) as twin:
    frames = lambda: twin.memory.u32(int(sys.argv[2]))
    twin.run("200ms")
    count, spent = frames(), time.process_time()
    twin.run("1s")
    print((time.process_time() - spent) * 1e3 / (frames() - count))
    assert twin.lcd.frame.any() and not twin.lcd.unknown
"""


def labwired(elf: Path) -> Engine:
    """labwired from PyPI."""
    peer = Peer("labwired", LABWIRED)
    counter = symbol(elf, COUNTER)

    def work(virtual_ms: float) -> tuple[float, Usage]:
        usage = run(peer.python, HERE / "peers" / "labwired_runner.py", elf, str(counter), str(int(virtual_ms)))
        return float(usage.stdout) * INSTRUCTIONS_PER_TURN, usage

    return Engine(f"labwired {LABWIRED}", (5, 25), work)


def mxdbg() -> str:
    """Where mxdbg 0.3.2's files go in flash; they are those of its wheel on PyPI."""
    files = json.loads(python(MXDBG_FILES).stdout)
    return ",".join(f"{int(offset):#x}={path}" for offset, path in files.items())


def measure(bench: Bench) -> None:
    """All of them."""
    with bench.trying("S3 tight loop"):
        elf = image("s3_tight_loop.elf")
        speed = bench.compare(
            "ESP32-S3 tight loop",
            {"boardtwins": partial(ours, BOARD, elf, (1, 6)), "labwired": partial(labwired, elf)},
        )
        own, other = first(speed, "boardtwins"), first(speed, "labwired")
        bench.figures["s3_tight_loop_mips"] = own
        if own and other:
            bench.figures["s3_tight_loop_vs_labwired"] = own / other
    for name, file in (("s3_mix_mips", "s3_mix.elf"), ("s3_dual_busy_mips", "s3_dual_busy.elf")):
        with bench.trying(name):
            bench.median(name, ours(BOARD, image(file), (1, 5)).mips)
    with bench.trying("s3_boot_first_text_s"):
        files = mxdbg()
        bench.median("s3_boot_first_text_s", lambda: python(FIRST_TEXT, BOARD, files).wall_s)
        bench.fork("s3_fork_ms", BOARD, files, "500ms")
        bench.median("s3_twin_rss_mb", lambda: twins(BOARD, Path(files), 1)[1].peak_rss_mb)
    bench.real_time_factor("s3_idle_rtf", BOARD, "s3_idle.elf", 1, 301)
    with bench.trying("s3_frame_320x170_ms"):
        elf = image("s3_frame.elf")
        frames = symbol(elf, FRAMES)
        bench.median("s3_frame_320x170_ms", lambda: float(python(FRAME_COST, elf, str(frames)).stdout))
