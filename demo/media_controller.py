"""What `make demo` shows: the media controller boots, somebody turns its knob, and the picture follows."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from twins import Twin
from twins.frames import Video, save_png
from twins.units import SECOND, Duration, ms

ROOT = Path(__file__).resolve().parent.parent
OUT = Path("out/demo")
IMAGE = ROOT / "firmware" / "images" / "media_controller.uf2"


def main() -> int:
    """Runs the demo; leaves pictures in ``out/demo``."""
    start = time.process_time()
    video = Video()
    made = []
    with Twin("media_controller", image=IMAGE) as pico:

        def watch(duration: Duration) -> None:
            end = pico.now + int(duration)
            while pico.now < end:
                pico.run(ms(25))
                video.add(pico.lcd.frame, pico.now)

        watch(ms(200))
        pico.console.expect("ready", timeout="1s")
        watch(ms(300))
        made.append(save_png(pico.lcd.frame, OUT / "1-ready.png", scale=2))
        for detents, name in ((+8, "2-louder"), (-14, "3-quieter")):
            watch(Duration(pico.knob.turn(detents) + ms(200)))
            made.append(save_png(pico.lcd.frame, OUT / f"{name}.png", scale=2))
        pico.knob.press("120ms")
        watch(ms(500))
        made.append(save_png(pico.lcd.frame, OUT / "4-playing.png", scale=2))
        made.append(video.save_gif(OUT / "volume.gif"))
        virtual, instructions, log = pico.now / SECOND, sum(pico.instructions), pico.console.text
        gaps = pico.unimplemented
    cpu = time.process_time() - start
    print("the firmware said:")
    print("".join(f"  {line}\n" for line in log.splitlines()), end="")
    print("pictures:")
    print("".join(f"  {path}\n" for path in made), end="")
    print(f"touched and not modelled: {', '.join(gaps) or 'nothing'}")
    print(
        f"{virtual:.2f} s of virtual time in {cpu:.2f} s of CPU time: {virtual / cpu:.2f} times real time, "
        f"{instructions / cpu / 1e6:.0f} MIPS, pictures and start-up included"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
