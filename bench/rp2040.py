"""The RP2040's figures: issue 2, section 10."""

from __future__ import annotations

import json
import shutil
import sys
from functools import partial
from pathlib import Path

from elftools.elf.elffile import ELFFile

from bench.measure import (
    BUILD,
    HERE,
    Bench,
    Engine,
    Missing,
    Peer,
    Usage,
    first,
    image,
    ours,
    python,
    run,
    symbol,
    twins,
)

RP2040JS, RP2040PY = "1.4.1", "0.3.6"

NAMES = (
    "rp2040_tight_loop_mips",
    "rp2040_tight_loop_vs_rp2040js",
    "rp2040_tight_loop_vs_rp2040py",
    "media_controller_rtf",
    "media_controller_dual_rtf",
    "rp2040_idle_rtf",
    "fork_ms",
    "twin_rss_mb",
    "import_ms",
)
GOALS = {
    "rp2040_tight_loop_vs_rp2040js": ">= 5",
    "media_controller_rtf": ">= 1",
    "media_controller_dual_rtf": ">= 0.5",
    "rp2040_idle_rtf": ">= 20",
    "fork_ms": "<= 20",
    "twin_rss_mb": "<= 150",
    "import_ms": "<= 150",
}

# firmware/tight_loop: eight instructions each turn, and one turn more in this word
COUNTER, INSTRUCTIONS_PER_TURN = "tight_loop_counter", 8


def tight_loop(path: Path) -> Path:
    """The tight loop as a plan that a peer's runner can follow without an ELF reader of its own."""
    counter = symbol(path, COUNTER)
    with path.open("rb") as file:
        elf = ELFFile(file)
        plan = {
            "entry": elf["e_entry"] & ~1,
            "counter": counter,
            "instructions_per_turn": INSTRUCTIONS_PER_TURN,
            "segments": [
                {"address": segment["p_paddr"], "hex": segment.data().hex()}
                for segment in elf.iter_segments("PT_LOAD")
                if segment["p_filesz"]
            ],
        }
    place = BUILD / "tight_loop.json"
    place.write_text(json.dumps(plan))
    return place


def rp2040js(plan: Path) -> Engine:
    """rp2040js from npm."""
    if not shutil.which("node") or not shutil.which("npm"):
        raise Missing("rp2040js needs node and npm on PATH (Debian packages nodejs, npm)")
    home = BUILD / "rp2040js"
    manifest = home / "node_modules" / "rp2040js" / "package.json"
    if not manifest.exists() or json.loads(manifest.read_text())["version"] != RP2040JS:
        run("npm", "install", "--silent", "--no-save", "--prefix", home, f"rp2040js@{RP2040JS}")
    runner = home / "rp2040js.mjs"  # node looks for packages beside the script
    shutil.copy(HERE / "peers" / "rp2040js.mjs", runner)

    def work(instructions: float) -> tuple[float, Usage]:
        usage = run("node", runner, plan, str(int(instructions)))
        return float(usage.stdout), usage

    return Engine(f"rp2040js {RP2040JS}", (20e6, 120e6), work)


def rp2040py(plan: Path) -> Engine:
    """rp2040py from PyPI, with its compiled core."""
    peer = Peer("rp2040py", RP2040PY)

    def work(instructions: float) -> tuple[float, Usage]:
        usage = run(peer.python, HERE / "peers" / "rp2040py_runner.py", plan, str(int(instructions)))
        return float(usage.stdout), usage

    return Engine(f"rp2040py {RP2040PY}", (3e6, 15e6), work)


def measure(bench: Bench) -> None:
    """All of them."""
    with bench.trying("tight loop"):
        elf = image("tight_loop.elf")
        plan = tight_loop(elf)
        speed = bench.compare(
            "RP2040 tight loop",
            {
                "boardtwins": partial(ours, "pico", elf, (1, 11)),
                "rp2040js": partial(rp2040js, plan),
                "rp2040py": partial(rp2040py, plan),
            },
        )
        own = first(speed, "boardtwins")
        bench.figures["rp2040_tight_loop_mips"] = own
        for peer in ("rp2040js", "rp2040py"):
            other = first(speed, peer)
            if own and other:
                bench.figures[f"rp2040_tight_loop_vs_{peer}"] = own / other
    bench.real_time_factor("media_controller_rtf", "media_controller", "media_controller_bench.elf", 1, 5)
    bench.real_time_factor("media_controller_dual_rtf", "media_controller", "media_controller_dual_bench.elf", 1, 5)
    bench.real_time_factor("rp2040_idle_rtf", "pico", "idle.elf", 1, 1001)
    run(sys.executable, "-c", "import twins")  # byte-compiles
    probe = "import time; t = time.process_time(); import twins; print((time.process_time() - t) * 1e3)"
    bench.median("import_ms", lambda: float(python(probe).stdout))
    bench.median("twin_rss_mb", lambda: twins("media_controller", image("media_controller.uf2"), 1)[1].peak_rss_mb)
    bench.fork("fork_ms", "media_controller", image("media_controller.uf2"), "500ms")
