"""Keywords about LEDs, as Renode's LED tester has them. An LED is a part `Led` of the board."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from peripherals.led import Led
from twins.errors import Timeout, UsageError
from twins.robot_library.emulation import EmulationKeywords, Testers, local
from twins.units import Duration, seconds


@dataclass
class LedTester:
    """Looks at one LED."""

    machine: str | None
    led: str
    timeout: float


class LedKeywords(EmulationKeywords):
    """Renode's LedKeywords."""

    def __init__(self) -> None:
        super().__init__()
        self._leds = Testers("LED", "Create Led Tester")

    def set_default_led_timeout(self, timeout: float) -> None:
        """Virtual seconds that testers made from now on wait: none without this."""
        self._leds.timeout = timeout

    def create_led_tester(self, led: str, defaultTimeout: float | None = None, machine: str = "") -> int:
        """A tester for an LED; returns its ID."""
        name = local(led)
        parts = self._twin(machine).parts
        if not isinstance(parts.get(name), Led):
            have = ", ".join(label for label, part in parts.items() if isinstance(part, Led)) or "none"
            raise UsageError(f"there is no LED {led!r}: this board has {have}")
        return self._leds.add(
            LedTester(machine, name, self._leds.timeout if defaultTimeout is None else defaultTimeout)
        )

    def assert_led_state(
        self,
        state: bool,
        timeout: float | None = None,
        testerId: int | None = None,
        pauseEmulation: bool = False,
    ) -> None:
        """The LED is lit (true) or dark (false), or becomes so within the time."""
        tester, led = self._tester(testerId)
        limit = seconds(tester.timeout if timeout is None else timeout)
        self._until(tester, lambda: led.on == state, limit, f"{tester.led} was not {_word(state)} within {limit}")

    def assert_and_hold_led_state(
        self,
        initialState: bool,
        timeoutAssert: float,
        timeoutHold: float,
        testerId: int | None = None,
        pauseEmulation: bool = False,
    ) -> None:
        """The LED comes to this state within the first time, and keeps it for the second."""
        self.assert_led_state(initialState, timeoutAssert, testerId)
        tester, led = self._tester(testerId)
        twin = self._twin(tester.machine)
        before = len(led.changes)
        twin.run(seconds(timeoutHold))
        if len(led.changes) != before:
            at = Duration(led.changes[before][0])
            raise AssertionError(f"{tester.led} did not stay {_word(initialState)}: it changed at {at}")

    def assert_led_duty_cycle(
        self,
        testDuration: float,
        expectedDutyCycle: float,
        tolerance: float = 0.05,
        testerId: int | None = None,
        pauseEmulation: bool = False,
    ) -> None:
        """The share of the time during which the LED is lit, 0 to 1."""
        tester, led = self._tester(testerId)
        self._twin(tester.machine).run(seconds(testDuration))
        share = led.brightness(seconds(testDuration))
        if abs(share - expectedDutyCycle) > tolerance:
            raise AssertionError(
                f"{tester.led} was lit for {share:.1%} of {testDuration:g} s, not {expectedDutyCycle:.1%}"
            )

    def assert_led_is_blinking(
        self,
        testDuration: float,
        onDuration: float,
        offDuration: float,
        tolerance: float = 0.05,
        testerId: int | None = None,
        pauseEmulation: bool = False,
    ) -> None:
        """Each time that the LED is lit, or dark, is as long as expected; the tolerance is a share of that."""
        tester, led = self._tester(testerId)
        start = len(led.changes)
        self._twin(tester.machine).run(seconds(testDuration))
        changes = led.changes[start:]
        if len(changes) < 2:
            raise AssertionError(f"{tester.led} is not blinking: {len(changes)} changes within {testDuration:g} s")
        for (begin, lit), (end, _) in pairwise(changes):
            took, expected = Duration(end - begin), onDuration if lit else offDuration
            if abs(took.seconds - expected) > tolerance * expected:
                word = _word(lit)
                raise AssertionError(f"{tester.led} was {word} for {took} at {Duration(begin)}, not {expected:g} s")

    def _tester(self, number: int | None) -> tuple[LedTester, Led]:
        tester = self._leds.get(number)
        led = self._twin(tester.machine).parts[tester.led]
        assert isinstance(led, Led)
        return tester, led

    def _until(self, tester: LedTester, condition: Callable[[], bool], limit: Duration, message: str) -> None:
        try:
            self._twin(tester.machine).run_until(condition, timeout=limit)
        except Timeout:
            raise AssertionError(message) from None

    def _save_testers(self) -> dict[str, Any]:
        kept = {number: replace(tester) for number, tester in self._leds.by_number.items()}
        return {**super()._save_testers(), "leds": kept}

    def _restore_testers(self, testers: dict[str, Any]) -> None:
        super()._restore_testers(testers)
        self._leds.by_number = dict(testers.get("leds", {}))


def _word(lit: bool) -> str:
    return "lit" if lit else "dark"
