"""Twins: time, snapshots, forks, determinism, and what happens when firmware stops."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from twins import ExpectTimeout, FirmwareCrashed, Timeout, Twin, UsageError


def turned(twin: Twin) -> str:
    """The trace hash after somebody turned the knob and 200 ms passed."""
    twin.knob.turn(+2)
    twin.run("200ms")
    return twin.trace.sha256


def test_the_same_image_and_inputs_give_the_same_trace(images: Path) -> None:
    hashes = set()
    for _ in range(2):
        twin = Twin("media_controller", image=images / "media_controller.uf2")
        twin.run("300ms")
        hashes.add(turned(twin))
    assert len(hashes) == 1


def test_another_seed_bounces_otherwise_and_gives_another_trace(images: Path) -> None:
    hashes = set()
    for seed in (1, 2):
        twin = Twin("media_controller", image=images / "media_controller.uf2", seed=seed)
        twin.run("300ms")
        hashes.add(turned(twin))
    assert len(hashes) == 2


def test_slices_do_not_change_what_is_seen(images: Path) -> None:
    hashes = set()
    for cycles in (8, 64, 4096):
        twin = Twin("media_controller", image=images / "media_controller.uf2")
        twin.set_slice(cycles)
        twin.run("150ms")
        hashes.add(turned(twin))
    assert len(hashes) == 1


def test_a_run_that_is_cut_into_pieces_is_the_same_run(images: Path) -> None:
    whole, pieces = (Twin("media_controller", image=images / "media_controller.uf2") for _ in range(2))
    whole.run("120ms")
    for _ in range(12):
        pieces.run("10ms")
    assert whole.trace.sha256 == pieces.trace.sha256


def test_a_fork_goes_on_exactly_like_its_parent(media_controller: Twin) -> None:
    fork = media_controller.fork()
    assert turned(fork) == turned(media_controller)
    assert np.array_equal(fork.lcd.frame, media_controller.lcd.frame)


def test_a_fork_does_not_touch_its_parent(media_controller: Twin) -> None:
    before, at = media_controller.trace.sha256, media_controller.now
    frame = media_controller.lcd.frame
    turned(media_controller.fork())
    assert media_controller.trace.sha256 == before
    assert media_controller.now == at
    assert np.array_equal(media_controller.lcd.frame, frame)


def test_a_snapshot_in_the_middle_of_a_redraw_changes_nothing(images: Path) -> None:
    twin = Twin("media_controller", image=images / "media_controller_bench.elf")
    twin.run("90ms")
    snapshot = twin.snapshot()
    twin.run("37ms")
    expected, frame = twin.trace.sha256, twin.lcd.frame
    twin.restore(snapshot)
    twin.run("37ms")
    assert twin.trace.sha256 == expected
    assert np.array_equal(twin.lcd.frame, frame)
    other = Twin.from_snapshot(snapshot)
    other.run("37ms")
    assert other.trace.sha256 == expected


def test_a_snapshot_keeps_a_turn_that_is_under_way(media_controller: Twin) -> None:
    media_controller.knob.turn(+5)
    media_controller.run("120ms")
    fork = media_controller.fork()
    media_controller.run("1s")
    fork.run("1s")
    assert fork.console.text == media_controller.console.text
    assert "volume" in fork.console.text.rsplit("ready", 1)[-1]


def test_a_text_that_does_not_come_is_a_timeout_in_virtual_time(media_controller: Twin) -> None:
    start = media_controller.now
    with pytest.raises(ExpectTimeout, match="did not see 'no such text' on uart0 within 50ms of virtual time"):
        media_controller.console.expect("no such text", timeout="50ms")
    assert media_controller.now - start == pytest.approx(50e9, abs=1e6)


def test_run_until_tells_how_long_it_took(media_controller: Twin) -> None:
    media_controller.knob.turn(+1)
    took = media_controller.run_until(lambda: "volume" in media_controller.console.text.rsplit("ready", 1)[-1])
    assert 0 < took.seconds < 0.3
    with pytest.raises(Timeout, match="did not hold within 20ms"):
        media_controller.run_until(lambda: False, timeout="20ms")


def test_blank_flash_ends_in_usb_boot_with_a_sentence() -> None:
    with pytest.raises(FirmwareCrashed, match="flash is empty: no image was loaded"):
        Twin("pico").run("1s")


def test_an_image_that_jumps_into_nothing_is_reported_with_registers(tmp_path: Path, images: Path) -> None:
    data = bytearray((images / "idle.uf2").read_bytes())
    # The block of the vector table: reset vector at offset 4 of flash page 1.
    block = 512 * 1 + 32
    data[block + 4 : block + 8] = (0x3000_0001).to_bytes(4, "little")
    path = tmp_path / "broken.uf2"
    path.write_bytes(bytes(data))
    with pytest.raises(FirmwareCrashed) as crash:
        Twin("pico", image=path).run("1s")
    assert "core 0" in str(crash.value)
    assert "pc 0x" in str(crash.value)


def test_memory_and_symbols(media_controller: Twin) -> None:
    main = media_controller.symbols["main"]
    assert media_controller.memory.read(main, 2) == media_controller.memory.read("main", 2)
    with pytest.raises(UsageError, match="did you mean main"):
        media_controller.memory.u32("mian")
    with pytest.raises(UsageError, match="there is no memory at 0x30000000"):
        media_controller.memory.u8(0x3000_0000)


def test_the_firmware_uses_nothing_that_is_not_modelled(media_controller: Twin) -> None:
    turned(media_controller)
    assert media_controller.unimplemented == {}


def test_a_handler_that_fails_raises_out_of_the_run(media_controller: Twin) -> None:
    def broken(_: object) -> None:
        raise RuntimeError("the part is broken")

    media_controller.lcd._received = broken
    media_controller.knob.turn(+1)
    with pytest.raises(RuntimeError, match="the part is broken"):
        media_controller.run("300ms")


def test_a_chip_without_a_touch_sensor_has_no_pads(images: Path) -> None:
    with (
        Twin("pico", image=images / "idle.elf") as twin,
        pytest.raises(UsageError, match="GPIO2 is no pad of a touch sensor: the rp2040 has none"),
    ):
        twin.pins["GPIO2"].picofarads = 12.0
