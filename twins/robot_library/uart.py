"""Keywords about consoles, as Renode's terminal tester has them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from twins.errors import UsageError
from twins.robot_library.emulation import EmulationKeywords, Testers, local
from twins.twin import Twin
from twins.units import MS, seconds


@dataclass
class UartResult:
    """What a keyword that waits returns: the line, when it was seen in virtual ms, and what groups matched."""

    line: str
    timestamp: float
    groups: list[str] = field(default_factory=list)


@dataclass
class TerminalTester:
    """Reads a console from the moment at which it was made. `read` bytes of it were matched or passed over."""

    machine: str | None
    uart: str
    timeout: float
    wait_for_echo: bool
    read: int = 0

    def unread(self, twin: Twin) -> str:
        """What was printed and not yet read."""
        # Latin-1 keeps a character a byte, so that a position in the text is one in the output.
        return twin.output(self.uart, self.read).decode("latin-1")


Match = Callable[[str], "re.Match[str] | None"]


class UartKeywords(EmulationKeywords):
    """Renode's UartKeywords."""

    def __init__(self) -> None:
        super().__init__()
        self._terminals = Testers("terminal", "Create Terminal Tester")
        self._terminals.timeout = 30.0

    def set_default_uart_timeout(self, timeout: float) -> None:
        """Virtual seconds that testers made from now on wait: 30 without this."""
        self._terminals.timeout = timeout

    def create_terminal_tester(
        self,
        uart: str,
        timeout: float | None = None,
        machine: str = "",
        endLineOption: str = "",
        defaultPauseEmulation: bool = False,
        defaultWaitForEcho: bool = True,
    ) -> int:
        """A tester for a console; returns its ID. Lines end with LF, and a CR before it is left out."""
        twin, name = self._twin(machine), local(uart)
        if name not in twin.console_names:
            raise UsageError(f"there is no UART {uart!r}: consoles are {', '.join(twin.console_names) or 'none'}")
        if endLineOption not in ("", "TreatLineFeedAsEndLine"):
            raise UsageError(f"endLineOption {endLineOption!r}: expected TreatLineFeedAsEndLine")
        limit = self._terminals.timeout if timeout is None else timeout
        tester = TerminalTester(machine, name, limit, defaultWaitForEcho, twin.output_length(name))
        return self._terminals.add(tester)

    def wait_for_line_on_uart(
        self,
        content: str,
        timeout: float | None = None,
        testerId: int | None = None,
        treatAsRegex: bool = False,
        includeUnfinishedLine: bool = False,
        pauseEmulation: bool = False,
        matchNextLine: bool = False,
    ) -> UartResult:
        """Waits for a line that contains a text, or in which a regular expression matches; passes over lines before it.

        | ${result} | Wait For Line On Uart | volume (\\d+) | treatAsRegex=true |
        """
        tester = self._terminals.get(testerId)
        return self._wait(
            tester, _finder(content, treatAsRegex), content, timeout, includeUnfinishedLine, matchNextLine
        )

    def wait_for_next_line_on_uart(
        self,
        timeout: float | None = None,
        testerId: int | None = None,
        pauseEmulation: bool = False,
    ) -> UartResult:
        """Waits for the next whole line."""
        tester = self._terminals.get(testerId)
        return self._wait(tester, re.compile("").search, "a line", timeout, False, True)

    def wait_for_prompt_on_uart(
        self,
        prompt: str,
        testerId: int | None = None,
        timeout: float | None = None,
        treatAsRegex: bool = False,
        pauseEmulation: bool = False,
    ) -> UartResult:
        """Waits for a text whether or not its line is complete. What stands behind it is still to be read."""
        tester = self._terminals.get(testerId)
        return self._wait(tester, _finder(prompt, treatAsRegex), prompt, timeout, True, False, cut=True)

    def should_not_be_on_uart(
        self,
        content: str,
        testerId: int | None = None,
        timeout: float | None = None,
        treatAsRegex: bool = False,
        includeUnfinishedLine: bool = False,
    ) -> None:
        """Fails if such a line comes within the time."""
        tester = self._terminals.get(testerId)
        kept = replace(tester)
        try:
            seen = self._wait(tester, _finder(content, treatAsRegex), content, timeout, includeUnfinishedLine, False)
        except AssertionError:
            tester.read = kept.read
            return
        raise AssertionError(f"unexpected line on {tester.uart} at {seen.timestamp} ms: {seen.line!r}")

    def write_to_uart(
        self,
        content: str,
        testerId: int | None = None,
        waitForEcho: bool | None = None,
    ) -> UartResult:
        """Types a text; by default the firmware is expected to echo it."""
        tester = self._terminals.get(testerId)
        twin = self._twin(tester.machine)
        twin.type(tester.uart, content.encode())
        if tester.wait_for_echo if waitForEcho is None else waitForEcho:
            return self._wait(tester, _finder(content.rstrip("\r\n"), False), content, None, True, False, cut=True)
        return UartResult(content, twin.now / MS)

    def write_line_to_uart(
        self,
        content: str = "",
        testerId: int | None = None,
        waitForEcho: bool | None = None,
        pauseEmulation: bool = False,
    ) -> UartResult:
        """Types a text and Enter (CR)."""
        return replace(self.write_to_uart(content + "\r", testerId, waitForEcho), line=content)

    def write_char_on_uart(self, character: str, testerId: int | None = None) -> None:
        """Types one character, and expects no echo."""
        self.write_to_uart(character, testerId, waitForEcho=False)

    def send_key_to_uart(self, key: str, testerId: int | None = None) -> None:
        """Types one byte by its code: ``0x3`` is Ctrl-C."""
        tester = self._terminals.get(testerId)
        self._twin(tester.machine).type(tester.uart, bytes([int(key, 0)]))

    def test_if_uart_is_idle(self, timeout: float, testerId: int | None = None) -> None:
        """Fails if anything is printed within this time."""
        tester = self._terminals.get(testerId)
        twin = self._twin(tester.machine)
        before = twin.output_length(tester.uart)
        twin.run(seconds(timeout))
        if twin.output_length(tester.uart) != before:
            raise AssertionError(f"{tester.uart} is not idle: it printed {twin.output(tester.uart, before)[:80]!r}")

    def _wait(
        self,
        tester: TerminalTester,
        find: Match,
        what: str,
        timeout: float | None,
        unfinished: bool,
        only_next: bool,
        cut: bool = False,
    ) -> UartResult:
        twin = self._twin(tester.machine)
        deadline = twin.now + seconds(tester.timeout if timeout is None else timeout)
        while True:
            unread = tester.unread(twin)
            position = 0
            for line in unread.splitlines(keepends=True):
                complete = line.endswith("\n")
                text = _decoded(line.rstrip("\r\n"))
                match = find(text) if complete or unfinished else None
                if match is not None:
                    end = len(text[: match.end()].encode()) if cut else len(line)
                    tester.read += position + end
                    return UartResult(text, twin.now / MS, [group or "" for group in match.groups()])
                if complete and only_next:
                    raise AssertionError(f"the next line on {tester.uart} is {text!r}, not {what!r}")
                position += len(line)
            if twin.now >= deadline:
                last = _decoded(unread[-300:])
                raise AssertionError(
                    f"did not see {what!r} on {tester.uart} by {twin.time} of virtual time; unread: {last!r}"
                )
            twin.run(min(seconds(0.001), deadline - twin.now))

    def _save_testers(self) -> dict[str, Any]:
        kept = {number: replace(tester) for number, tester in self._terminals.by_number.items()}
        return {**super()._save_testers(), "terminals": kept}

    def _restore_testers(self, testers: dict[str, Any]) -> None:
        super()._restore_testers(testers)
        kept = testers.get("terminals", {})
        self._terminals.by_number = {number: replace(tester) for number, tester in kept.items()}


def _finder(content: str, regex: bool) -> Match:
    try:
        return re.compile(content if regex else re.escape(content)).search
    except re.error as error:
        raise UsageError(f"{content!r} is no regular expression: {error}") from error


def _decoded(line: str) -> str:
    return line.encode("latin-1").decode("utf-8", "replace")
