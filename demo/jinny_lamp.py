"""What `make demo` shows of the lamp: somebody speaks from 60 degrees, then walks on, and its pixel turns there."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

from twins import Twin
from twins.frames import Video, save_png
from twins.sound import Sound
from twins.units import SECOND, Duration, ms

ROOT = Path(__file__).resolve().parent.parent
OUT = Path("out/demo")
IMAGES = ROOT / "firmware" / "images"
SCALE = 6
COLUMNS = 16


def main() -> int:
    """Runs the demo; leaves pictures in ``out/demo``."""
    start = time.process_time()
    video, made = Video(), []
    with Twin("jinny_lamp", image=IMAGES / "jinny_lamp.bin", elf=IMAGES / "jinny_lamp.elf") as lamp:

        def watch(duration: Duration) -> None:
            end = lamp.now + int(duration)
            while lamp.now < end:
                lamp.run(ms(45))
                video.add(np.kron(lamp.matrix.frame, np.ones((SCALE, SCALE, 1), np.uint8)), lamp.now)

        lamp.run_until(lambda: lamp.matrix.frames > 1, timeout="5s")
        lamp.console.sendline("effect 7")
        watch(ms(1000))
        made.append(save_png(lamp.matrix.frame, OUT / "5-lamp.png", scale=SCALE))
        lamp.console.sendline("effect 100")
        lamp.run_until(lambda: lamp.voice.running, timeout="5s")
        watch(ms(500))
        lamp.voice.scene.say(Sound.speech("1500ms"), azimuth=60, level_db=-20)
        watch(ms(1500))
        made.append(save_png(lamp.matrix.frame, OUT / "6-somebody-at-60-degrees.png", scale=SCALE))
        lit = np.argwhere(lamp.matrix.frame.any(axis=2))
        lamp.voice.scene.say(Sound.speech("2500ms"), azimuth=[("0s", 60), ("2500ms", 200)], level_db=-20)
        watch(ms(3500))
        made.append(video.save_gif(OUT / "direction.gif"))
        virtual, gaps = lamp.now / SECOND, lamp.unimplemented
    cpu = time.process_time() - start
    columns = sorted({int(column) for _, column in lit})
    print(f"somebody spoke from 60 degrees: lit columns {columns} of {COLUMNS}, a column is {360 / COLUMNS:g} degrees")
    print("pictures:")
    print("".join(f"  {path}\n" for path in made), end="")
    print(f"touched and not modelled: {', '.join(gaps) or 'nothing'}")
    print(f"{virtual:.2f} s of virtual time in {cpu:.2f} s of CPU time: {virtual / cpu:.2f} times real time")
    return 0


if __name__ == "__main__":
    sys.exit(main())
