"""The live view: issue 5, section 6. How much of its speed a twin keeps while a page looks at it, and what it is sent.

The twin, its server and a page's end of the web socket run as they do for people; the page is a process of its own, as
a browser is. The twin runs as fast as it goes, in turns with and without the page, so that a neighbour on the machine
disturbs both alike. Beside the display that the firmware draws on as fast as it can there is one of the same size
whose every pixel is new at every look: the most that 320 by 240 can ask of the view.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import tempfile
import threading
import time
from pathlib import Path
from statistics import median
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from bench.measure import ROOT, Bench, Missing, image
from twins.controls import Control, Picture
from twins.ports import DigitalOut, Part

NAMES = ("view_speed_ratio", "view_pictures_per_s")
GOALS = {"view_speed_ratio": ">= 0.8", "view_pictures_per_s": ">= 25"}

TURNS = 6
SECONDS = 1.5
"""Of a turn, on the wall."""
PATIENCE = 20.0


class Flicker(Part):
    """A display of 320 by 240 that is another one at every look."""

    controls: ClassVar[tuple[Control, ...]] = (Picture(),)
    pin = DigitalOut()

    def __init__(self) -> None:
        super().__init__()
        self.looks = 0

    @property
    def frame(self) -> npt.NDArray[np.uint8]:
        """Each time all pixels are brighter than before, or dark again."""
        self.looks += 1
        return np.full((240, 320, 3), self.looks % 256, np.uint8)


def _page(address: str, number: int, look: Any, end: Any, pictures: Any) -> None:
    """A page that takes what it is sent while it is told to look, and counts the pictures of one part."""
    from websockets.sync.client import connect

    origin: Any = address[: address.index("/", 7)]
    while not end.is_set():
        if not look.wait(0.05):
            continue
        address_of_line = address.replace("http", "ws", 1) + "live"
        with connect(address_of_line, origin=origin, max_size=None, compression=None) as line:
            while look.is_set() and not end.is_set():
                try:
                    data = line.recv(timeout=0.05)
                except TimeoutError:
                    continue
                if isinstance(data, bytes) and data[:2] == bytes([1, number]):
                    pictures.value += 1


def measure_view(turns: int = TURNS, seconds: float = SECONDS) -> tuple[float, float]:
    """The speed with a page over the speed without one, and whole pictures that came to the page in a second."""
    import uvicorn

    from twins import Twin
    from twins.servers import listen
    from twins.view.runner import Runner
    from twins.view.server import Server, config

    with tempfile.TemporaryDirectory() as folder:
        board = Path(folder) / "bench.toml"
        plain = (ROOT / "platforms" / "boards" / "media_controller.toml").read_text(encoding="utf-8")
        board.write_text(plain + '\n[parts.flicker]\ntype = "bench.view:Flicker"\npin = "GPIO2"\n', encoding="utf-8")
        twin = Twin(board, image=image("media_controller_bench.uf2"))
    twin.run("300ms")
    runner = Runner(twin, pace=None)
    listener = listen(0, "the page")
    port: int = listener.getsockname()[1]
    server = Server(runner, port)
    serving = uvicorn.Server(config(server))
    thread = threading.Thread(target=lambda: asyncio.run(serving.serve(sockets=[listener])), daemon=True)
    context = multiprocessing.get_context("spawn")
    look, end, pictures = context.Event(), context.Event(), context.Value("L")
    number = list(twin.parts).index("flicker")
    arguments = (f"http://127.0.0.1:{port}{server.path}", number, look, end, pictures)
    page = context.Process(target=_page, args=arguments, daemon=True)
    page.start()
    thread.start()
    runner.start()
    ratios, rates = [], []
    try:
        for _ in range(turns):
            alone = _speed(runner, seconds)
            look.set()
            _until_it_looks(pictures)
            before, began = pictures.value, time.monotonic()
            ratios.append(_speed(runner, seconds) / alone)
            rates.append((pictures.value - before) / (time.monotonic() - began))
            look.clear()
            time.sleep(0.3)
    finally:
        end.set()
        page.join(PATIENCE)
        serving.should_exit = True
        thread.join(PATIENCE)
        runner.close()
    return median(ratios), median(rates)


def _until_it_looks(pictures: Any) -> None:
    before, deadline = pictures.value, time.monotonic() + PATIENCE
    while pictures.value == before:
        if time.monotonic() > deadline:
            raise Missing("no picture came to the page")
        time.sleep(0.02)


def _speed(runner: Any, seconds: float) -> float:
    """Virtual time over time on the wall, for a while."""

    def now() -> tuple[int, float]:
        found: tuple[int, float] = runner.do(lambda: (runner.twin.now, time.monotonic())).result()
        return found

    first = now()
    time.sleep(seconds)
    last = now()
    return (last[0] - first[0]) / 1e12 / (last[1] - first[1])


def measure(bench: Bench) -> None:
    """Both figures."""
    try:
        ratio, rate = measure_view()
    except (Missing, ImportError) as why:
        bench.missing.append(f"view: {why}")
        return
    bench.figures["view_speed_ratio"], bench.figures["view_pictures_per_s"] = ratio, rate
