"""The live view: issue 5, section 6. How much of its speed a twin keeps while a page looks at it, and what it is sent.

The twin, its server and a page's end of the web socket run as they do for people; the page is a process of its own, as
a browser is. The twin runs as fast as it goes, in turns with and without the page, so that a neighbour on the machine
disturbs both alike; its picture changes all the time.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import threading
import time
from multiprocessing.synchronize import Event
from statistics import median

from bench.measure import Bench, Missing, image

NAMES = ("view_speed_ratio", "view_pictures_per_s")
GOALS = {"view_speed_ratio": ">= 0.8", "view_pictures_per_s": ">= 25"}

TURNS = 6
SECONDS = 1.5
"""Of a turn, on the wall."""


def _page(address: str, look: Event, end: Event) -> None:
    """A page that takes what it is sent while it is told to look."""
    from websockets.sync.client import connect

    origin = address[: address.index("/", 7)]
    while not end.is_set():
        if not look.wait(0.05):
            continue
        with connect(f"{address.replace('http', 'ws', 1)}live", origin=origin, max_size=None, compression=None) as line:  # type: ignore[arg-type]
            while look.is_set() and not end.is_set():
                try:
                    line.recv(timeout=0.05)
                except TimeoutError:
                    continue


def measure_view(turns: int = TURNS, seconds: float = SECONDS) -> tuple[float, float]:
    """The speed with a page over the speed without one, and pictures a second."""
    import uvicorn

    from twins import Twin
    from twins.view.runner import Runner
    from twins.view.server import Server, config, listen

    twin = Twin("media_controller", image=image("media_controller_bench.uf2"))
    twin.run("300ms")
    runner = Runner(twin, pace=None)
    listener = listen(0)
    server = Server(runner, listener.getsockname()[1])
    serving = uvicorn.Server(config(server))
    thread = threading.Thread(target=lambda: asyncio.run(serving.serve(sockets=[listener])), daemon=True)
    context = multiprocessing.get_context("spawn")
    look, end = context.Event(), context.Event()
    address = f"http://127.0.0.1:{listener.getsockname()[1]}{server.path}"
    page = context.Process(target=_page, args=(address, look, end), daemon=True)
    page.start()
    thread.start()
    runner.start()
    ratios, rates = [], []
    try:
        _speed(runner, seconds)
        for _ in range(turns):
            alone = _speed(runner, seconds)
            look.set()
            deadline = time.monotonic() + 20
            while not server.pictures and time.monotonic() < deadline:
                time.sleep(0.05)
            before, began = server.pictures, time.monotonic()
            ratios.append(_speed(runner, seconds) / alone)
            rates.append((server.pictures - before) / (time.monotonic() - began))
            look.clear()
            time.sleep(0.3)
    finally:
        end.set()
        page.join()
        serving.should_exit = True
        thread.join()
        runner.close()
    if not any(rates):
        raise Missing("no picture was sent")
    return median(ratios), median(rates)


def _speed(runner: object, seconds: float) -> float:
    """Virtual time over time on the wall, for a while."""
    now = lambda: runner.do(lambda: (runner.twin.now, time.monotonic())).result()  # type: ignore[attr-defined]  # noqa: E731
    first = now()
    time.sleep(seconds)
    last = now()
    return float((last[0] - first[0]) / 1e12 / (last[1] - first[1]))


def measure(bench: Bench) -> None:
    """Both figures."""
    try:
        ratio, rate = measure_view()
    except (Missing, ImportError) as why:
        bench.missing.append(f"view: {why}")
        return
    bench.figures["view_speed_ratio"], bench.figures["view_pictures_per_s"] = ratio, rate


if __name__ == "__main__":
    print(measure_view())
