"""Hard use that takes long, run once by hand: ``python -m bench.endurance repeats|hour|killed``.

``repeats [N]``
    each run below N times (1000), each in a new twin and in portions of its own: one hash
``hour [BOARD ...]``
    an hour of virtual time of each board, one after another: memory at its start, every tenth part of it, and its end
``killed [N]``
    ``twins run --flash-out`` is killed at N moments (100): the file is the old one or the new one

Results are in `docs/security.md`.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from twins import Twin
from twins.units import MS, SECOND, Duration

IMAGES = Path(__file__).parent.parent / "firmware" / "images"
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE


def said(text: str) -> None:
    """A line of progress."""
    print(text, flush=True)


# One run, one hash


def turn_and_push(twin: Twin, portion: Callable[[], int]) -> None:
    """Three turns of the knob and a push, over half a second."""
    for at, act in ((150, lambda: twin.knob.turn(3)), (250, lambda: twin.knob.press("50ms")), (500, lambda: None)):
        run_to(twin, at * MS, portion)
        act()


def look_on(twin: Twin, portion: Callable[[], int]) -> None:
    """A quarter of a second."""
    run_to(twin, 250 * MS, portion)


def run_to(twin: Twin, until: int, portion: Callable[[], int]) -> None:
    """Runs to a moment in portions of any length."""
    while twin.now < until:
        twin.advance(min(until, twin.now + portion()))


RUNS = {
    "media_controller": ("media_controller.uf2", turn_and_push),
    "esp32s3_devkitc": ("s3_mix.bin", look_on),
}


def repeats(count: int) -> int:
    """Runs each of `RUNS` so often; 1 where two differ."""
    different = 0
    for board, (image, play) in RUNS.items():
        hashes: Counter[str] = Counter()
        began = time.monotonic()
        for number in range(count):
            dice = random.Random(number)
            longest = dice.choice((MS // 50, MS, 20 * MS, 500 * MS))
            with Twin(board, image=IMAGES / image) as twin:
                play(twin, lambda dice=dice, longest=longest: dice.randint(1 + longest // 2, longest))  # type: ignore[misc]
                hashes[twin.trace.sha256] += 1
        said(f"{board} {image}: {count} runs, {len(hashes)} hash: {dict(hashes)}, {time.monotonic() - began:.0f} s")
        different |= len(hashes) != 1
    return different


# An hour


@dataclass(frozen=True)
class Long:
    """What runs for an hour on a board, and what somebody does to it now and then."""

    image: str
    begin: Callable[[Twin], object] = lambda _: None
    act: Callable[[Twin], object] = lambda _: None
    every: int = 10 * MINUTE


def switch_off(twin: Twin) -> None:
    """Somebody switches the lamp off, once its light is there."""
    twin.run_until(lambda: twin.matrix.frames > 1, timeout="5s")
    twin.console.sendline("power 0")
    twin.run("500ms")


HOURS = {
    "pico": Long("idle.uf2"),
    "media_controller": Long("media_controller.uf2", act=lambda twin: twin.knob.turn(1), every=MINUTE // 6),
    "esp32s3_devkitc": Long("s3_idle.bin"),
    "xiao_esp32s3": Long("s3_idle.bin"),
    "badge": Long("s3_idle.bin"),
    "jinny_lamp": Long("jinny_lamp.bin", begin=switch_off),
}


def resident() -> int:
    """Bytes of this process that are in memory now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def hour(boards: list[str], length: int = HOUR) -> int:
    """Runs boards so long, and says what they take."""
    for board in boards:
        long = HOURS[board]
        began = time.monotonic()
        with Twin(board, image=IMAGES / long.image) as twin:
            long.begin(twin)
            end, looks = twin.now + length, []
            looks_at = twin.now + length // 60
            while twin.now < end:
                goal = min(end, twin.now + long.every, looks_at)
                twin.advance(goal)
                if twin.now >= looks_at:
                    looks.append(resident() >> 10)
                    looks_at += length // 10
                else:
                    long.act(twin)
            looks.append(resident() >> 10)
            wall = time.monotonic() - began
            mib = ", ".join(f"{look / 1024:.1f}" for look in looks)
            said(f"{board} {long.image}: {Duration(length)} in {wall:.0f} s, MiB resident: {mib}")
    return 0


# Killed


def killed(count: int) -> int:
    """Kills the command while it runs and writes; 1 where a file is neither the old nor the new one."""
    dice, found = random.Random(5), Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "flash.bin"
        command = [sys.executable, "-m", "twins", "run", "badge", str(IMAGES / "s3_probe_flash.bin")]
        command += ["--for", "100ms", "--flash-out", str(path)]

        def whole() -> tuple[str, float]:
            began = time.monotonic()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            return hashlib.sha256(path.read_bytes()).hexdigest(), time.monotonic() - began

        new, took = whole()
        took = max(took, whole()[1])
        before = bytes(dice.randbytes(16 << 20))
        old = hashlib.sha256(before).hexdigest()
        for _ in range(count):
            path.write_bytes(before)
            run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            if dice.random() < 0.5:
                with suppress(subprocess.TimeoutExpired):
                    run.wait(dice.uniform(0, took))
            else:
                while run.poll() is None and len(list(path.parent.iterdir())) == 1:
                    pass  # until it begins to write
                time.sleep(dice.uniform(0, 0.02))
            run.send_signal(signal.SIGKILL)
            done = run.wait() == 0
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            name = {old: "old", new: "new"}.get(digest, "neither")
            for left in set(path.parent.iterdir()) - {path}:
                left.unlink()
                found["left a part of a file beside it"] += 1
            found[f"{name}, {'over' if done else 'killed'}"] += 1
    said(f"killed at {count} moments of {took:.2f} s: {dict(found)}")
    return int(any(name.startswith("neither") or name == "old, over" for name in found))


def main() -> int:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("repeats", "hour", "killed"))
    parser.add_argument("rest", nargs="*")
    options = parser.parse_args()
    if options.what == "hour":
        return hour(options.rest or list(HOURS))
    count = int(options.rest[0]) if options.rest else None
    return repeats(count or 1000) if options.what == "repeats" else killed(count or 100)


if __name__ == "__main__":
    sys.exit(main())
