"""A host of the XVF3800 on a bench: what a driver sends, and how it decodes what comes back."""

from __future__ import annotations

import struct
from typing import Any

from peripherals import XVF3800
from twins.bench import Bench
from twins.scene import Scene

ADDRESS = 0x2C
SUCCESS, RETRY = 0, 64


def started(scene: Scene | None = None, seed: int = 0, **options: Any) -> tuple[Bench, XVF3800]:
    """A bench with a device that has started; as the master of I2S it needs no host for its audio."""
    bench = Bench(seed=seed)
    device = bench.add(XVF3800(**({"image": "master_48k"} | options)))
    if scene is not None:
        device.scene = scene
    bench.run("2.5s")
    return bench, device


def ask(bench: Bench, device: XVF3800, resource: int, number: int, size: int, *, stop: bool = True) -> bytes:
    """One read: status and payload."""
    acks = bench.i2c_write(device.bus, ADDRESS, [resource, number | 0x80, size + 1], stop=stop)
    assert all(acks)
    answer = bench.i2c_read(device.bus, ADDRESS, size + 1)
    assert answer is not None
    return answer


def read(bench: Bench, device: XVF3800, resource: int, number: int, form: str, tries: int = 8) -> tuple[Any, ...]:
    """A read as drivers do it: again while the answer is RETRY, every 500 µs."""
    size = struct.calcsize(f"<{form}")
    for _ in range(tries):
        answer = ask(bench, device, resource, number, size)
        if answer[0] == SUCCESS:
            return struct.unpack(f"<{form}", answer[1:])
        assert answer[0] == RETRY, f"status {answer[0]}"
        bench.run("500us")
    raise AssertionError("RETRY for ever")


def write(bench: Bench, device: XVF3800, resource: int, number: int, payload: bytes) -> None:
    """One write."""
    assert all(bench.i2c_write(device.bus, ADDRESS, [resource, number, len(payload), *payload]))
