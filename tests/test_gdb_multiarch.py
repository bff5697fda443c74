"""Debian's gdb-multiarch at a twin: what a person types, and what gdb says."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from twins import Twin
from twins.gdb import GdbServer

GDB = shutil.which("gdb-multiarch")
pytestmark = pytest.mark.skipif(GDB is None, reason="no gdb-multiarch: apt-get install gdb-multiarch")


def type_in(twin: Twin, elf: Path, *commands: str) -> str:
    """What gdb prints for these commands."""
    server = GdbServer(twin, wait=True)
    arguments = [GDB or "", "-q", "-nx", "-batch", str(elf), "-ex", f"target remote :{server.address[1]}"]
    for command in commands:
        arguments += ["-ex", command]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as gdb:
        end = time.monotonic() + 60
        while gdb.poll() is None and time.monotonic() < end:
            twin.run("5ms")
        gdb.kill()  # it waits for what does not come
        assert gdb.stdout is not None
        said = gdb.stdout.read()
    twin.live.remove(server)
    return said


@pytest.fixture
def elf(images: Path) -> Path:
    return images / "media_controller.elf"


def test_break_continue_backtrace_and_step(elf: Path) -> None:
    with Twin("media_controller", image=elf) as twin:
        commands = ["break clocks_init", "continue", "backtrace", "info threads", "stepi", "print/x $pc", "finish"]
        said = type_in(twin, elf, *commands, "print/x $pc", "kill")
        start = twin.symbols["clocks_init"].address & ~1
    assert 'Thread 1 "core0" hit Breakpoint 1' in said
    assert re.search(r"#1 .* in main \(\)", said)
    assert '2    Thread 2 "core1"' in said
    after_step, after_finish = (int(value, 16) for value in re.findall(r"\$\d = (0x\w+)", said))
    assert start < after_step <= start + 8
    # Where main goes on behind its call.
    assert twin.symbols.name(after_finish).startswith("main+")


def test_memory_and_registers_are_written_and_detach_lets_go(elf: Path) -> None:
    with Twin("media_controller", image=elf) as twin:
        commands = ["break main", "continue", "set *(unsigned *)0x20001000 = 7", "print *(unsigned *)0x20001000"]
        said = type_in(twin, elf, *commands, "info registers msp psp primask control", "detach")
    assert "$1 = 7" in said
    assert re.search(r"primask +0x0", said)
    assert "detached" in said.lower()


def test_watch_stops_at_the_store_with_both_values() -> None:
    # movs r1, #5; str r1, [r0]; movs r1, #9; str r1, [r0]; b . (ARMv6-M ARM A6.7)
    code = bytes.fromhex("0521 0160 0921 0160 fee7")
    with Twin("pico") as twin:
        twin.memory.write(0x2000_0000, code)
        twin.engine.start_at(0x2000_0000)
        commands = ["set $r0 = 0x20000100", "watch *(unsigned *)0x20000100", "continue", "continue", "print/x $pc"]
        said = type_in(twin, Path("/dev/null"), "set architecture armv6s-m", *commands)
    assert re.findall(r"(Old|New) value = (\d+)", said) == [("Old", "0"), ("New", "5"), ("Old", "5"), ("New", "9")]


def test_monitor_and_refused_loads(elf: Path) -> None:
    with Twin("media_controller", image=elf) as twin:
        said = type_in(twin, elf, "break main", "continue", "monitor reset", "print/x $pc", "monitor info", "load")
        reset = twin.memory.u32(4) & ~1
    assert f"= {reset:#x}" in said
    assert "media_controller at" in said
    assert "oad failed" in said or "image" in said or "rror" in said
