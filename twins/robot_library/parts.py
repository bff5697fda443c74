"""Keywords about what a person does to a board and sees of it: knobs, keys, pads, pictures, scripts of all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from twins.errors import ScriptFailed, Timeout, UsageError
from twins.frames import frame_of, load_picture, save_png, sha256, size_of
from twins.robot_library.emulation import EmulationKeywords, local
from twins.units import seconds


class PartKeywords(EmulationKeywords):
    """Keywords that Renode has not, since its boards have no such parts. No time passes in those that act."""

    def turn_knob(self, knob: str, detents: int, machine: str = "") -> None:
        """Begins to turn a rotary encoder clockwise, or the other way for a negative number."""
        self._do(knob, "turn", machine)(detents)

    def press_button(self, button: str, duration: str = "100ms", machine: str = "") -> None:
        """Pushes a button (or the switch of an encoder), to be let go after a time."""
        self._do(button, "press", machine)(duration)

    def hold_button(self, button: str, machine: str = "") -> None:
        """Pushes a button and holds it."""
        self._do(button, "down", machine)()

    def release_button(self, button: str, machine: str = "") -> None:
        """Lets a button go."""
        self._do(button, "up", machine)()

    def touch_pad(self, pad: str, machine: str = "") -> None:
        """Puts a finger on a pad, where it stays."""
        self._do(pad, "touch", machine)()

    def release_pad(self, pad: str, machine: str = "") -> None:
        """Takes the finger away."""
        self._do(pad, "release", machine)()

    def set_position(self, part: str, position: float, machine: str = "") -> None:
        """Moves a potentiometer: 0 to 1."""
        self._part(part, machine, "position").position = position

    def play_script(self, script: str, timeout: str = "60s", machine: str = "") -> float:
        """Plays an input script, as ``twins run --input`` does, to its end; returns the virtual seconds that it took.

        | Play Script | ${CURDIR}/volume.yaml | timeout=5s |
        """
        from twins.scripts import play

        try:
            return play(self._twin(machine), script, timeout=timeout).seconds
        except (ScriptFailed, Timeout) as error:
            raise AssertionError(str(error)) from None

    def save_frame(self, display: str, path: str, machine: str = "") -> str:
        """Writes a PNG of what a display or LED matrix shows; returns its path."""
        return str(save_png(frame_of(self._part(display, machine)), path))

    def frame_should_be(self, display: str, path: str, machine: str = "") -> None:
        """A display shows the picture in a file, pixel by pixel; if not, ``*.actual.png`` beside it has the other."""
        golden = Path(path)
        frame = frame_of(self._part(display, machine))
        actual = golden.with_suffix(".actual.png")
        if not golden.is_file():
            save_png(frame, actual)
            raise AssertionError(f"there is no picture {path}: if {actual} is what you expect, rename it")
        expected = load_picture(golden)
        if expected.shape != frame.shape:
            raise AssertionError(f"{display} shows {size_of(frame)} pixels, {path} has {size_of(expected)}")
        differs = (expected != frame).any(axis=2)
        if differs.any():
            save_png(frame, actual)
            y, x = np.argwhere(differs)[0]
            count = int(differs.sum())
            raise AssertionError(f"{display} differs from {path} in {count} pixels, first at x={x} y={y}: see {actual}")

    def frame_hash(self, display: str, machine: str = "") -> str:
        """The SHA-256 of what a display shows."""
        return sha256(frame_of(self._part(display, machine)))

    def wait_for_frame_change(self, display: str, timeout: float = 1.0, machine: str = "") -> float:
        """Waits until a display shows something else; returns the virtual seconds that it took."""
        part, before = self._part(display, machine), self.frame_hash(display, machine)
        try:
            changed = self._twin(machine).run_until(lambda: sha256(frame_of(part)) != before, timeout=seconds(timeout))
        except Timeout:
            raise AssertionError(f"{display} did not change within {timeout:g} s") from None
        return changed.seconds

    def pixel_should_be(self, display: str, x: int, y: int, colour: str, machine: str = "") -> None:
        """One pixel: ``#rrggbb``."""
        frame = frame_of(self._part(display, machine))
        if not (0 <= y < frame.shape[0] and 0 <= x < frame.shape[1]):
            raise UsageError(f"x={x} y={y} is outside of {display}, which is {size_of(frame)}")
        shown = "#" + bytes(frame[y, x]).hex()
        if shown != colour.lower():
            raise AssertionError(f"{display} shows {shown} at x={x} y={y}, not {colour}")

    def _part(self, name: str, machine: str, needs: str = "") -> Any:
        parts = self._twin(machine).parts
        part = parts.get(local(name))
        if part is None or (needs and not hasattr(part, needs)):
            have = ", ".join(label for label, one in parts.items() if not needs or hasattr(one, needs)) or "none"
            what = f" with {needs!r}" if needs else ""
            raise UsageError(f"there is no part {name!r}{what}: this board has {have}")
        return part

    def _do(self, name: str, method: str, machine: str) -> Any:
        return getattr(self._part(name, machine, method), method)
