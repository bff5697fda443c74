"""A device under test with pytest-embedded's words, so that tests written for it run on a twin.

``expect`` and ``expect_exact`` return the match, over bytes; ``write`` ends a text with a newline; time-outs are
virtual. What is typed at any time waits until the firmware reads it: nothing is lost, right after the reset neither.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pexpect
from pexpect.expect import searcher_re, searcher_string
from pexpect.spawnbase import SpawnBase

from twins.console import Console, ExpectTimeout
from twins.errors import UsageError
from twins.files import whole_file
from twins.testing.unity import READY, SUMMARY, MenuCase, UnityCase, parse_menu, parse_results, without_colours
from twins.twin import Twin
from twins.units import Time

Pattern = str | bytes | re.Pattern[Any]


class BytesConsole(Console):
    """A console that is read as bytes."""

    def __init__(self, twin: Twin, name: str | None = None, timeout: float = 30) -> None:
        super().__init__(twin, name)
        SpawnBase.__init__(self, timeout=timeout, encoding=None)

    def expect_patterns(self, patterns: Sequence[Any], timeout: Time | None) -> int:
        """Runs the twin until one of these matches; its index."""
        encoded = [_compiled(pattern) for pattern in patterns]
        return self._expect(searcher_re(self.compile_pattern_list(encoded)), timeout, -1, list(patterns))

    def expect_texts(self, texts: Sequence[Any], timeout: Time | None) -> int:
        """Runs the twin until one of these texts comes; its index."""
        encoded = [text.encode() if isinstance(text, str) else text for text in texts]
        return self._expect(searcher_string(encoded), timeout, -1, list(texts))

    def _log(self, s: Any, direction: str) -> None:
        """The twin keeps what was shown."""


@dataclass(frozen=True)
class App:
    """The application that runs, as far as pytest-embedded's tests ask for it."""

    app_path: str
    binary_path: str
    elf_file: str | None
    target: str


class Serial:
    """What tests do to ``dut.serial``."""

    def __init__(self, dut: Dut) -> None:
        self._dut = dut

    def hard_reset(self) -> None:
        """Pulls the reset pin."""
        self._dut.hard_reset()

    def write(self, data: bytes) -> None:
        """Types bytes as they are."""
        self._dut.twin.type(self._dut.console.line, data)


class Dut:
    """The device under test.

    Args:
        twin: what runs.
        timeout: of each expectation that names none, in virtual time.
        log_path: where the log is written when an expectation fails, and at `write_log`.

    >>> with Twin("media_controller", image="firmware/images/media_controller.uf2") as twin:
    ...     dut = Dut(twin)
    ...     dut.expect(r"rea(dy)", timeout=2).group(1)
    b'dy'
    """

    def __init__(
        self, twin: Twin, timeout: Time = 30, log_path: Path | None = None, test_case_name: str = "", app_path: str = ""
    ) -> None:
        self.twin = twin
        self.timeout = timeout
        self.console = BytesConsole(twin)
        self.pexpect_proc = self.console
        self.logfile = str(log_path or "")
        self.test_case_name = test_case_name
        image = twin.image
        self.app = App(app_path, str(image.path) if image else "", None, twin.board.chip.name)
        self.serial = Serial(self)
        self.cases: list[UnityCase] = []
        self._menu: list[MenuCase] | None = None

    @property
    def target(self) -> str:
        """The chip."""
        return self.twin.board.chip.name

    @property
    def logdir(self) -> str:
        """The folder of the log."""
        return str(Path(self.logfile).parent)

    def write(self, s: str | bytes) -> None:
        """Types: a text with a newline behind it, as pytest-embedded does for a serial port; bytes as they are."""
        data = s.encode() + b"\n" if isinstance(s, str) else s
        self.twin.type(self.console.line, data)

    def expect(self, pattern: Pattern | Sequence[Pattern], timeout: Time | None = None, **options: Any) -> Any:
        """Runs until a regular expression matches; returns the ``re.Match``, over bytes.

        Args:
            pattern: text, bytes, compiled, or a list of them, of which one must come.
            timeout: virtual time.
            expect_all: all of the list must come; a list of matches is returned.
            not_matching: what must not be in the text before the match. Raises ``ValueError``.
            return_what_before_match: return that text instead of the match.

        Raises `ExpectTimeout`, which is a ``pexpect.TIMEOUT``.
        """
        return self._wait(self.console.expect_patterns, pattern, timeout, **options)

    def expect_exact(
        self, pattern: str | bytes | Sequence[str | bytes], timeout: Time | None = None, **options: Any
    ) -> Any:
        """As `expect`, for literal text; the match has the text as its group 0."""
        return self._wait(self.console.expect_texts, pattern, timeout, **options)

    def _wait(
        self,
        find: Any,
        pattern: Any,
        timeout: Time | None,
        *,
        expect_all: bool = False,
        not_matching: Any = (),
        return_what_before_match: bool = False,
    ) -> Any:
        if return_what_before_match and expect_all:
            raise ValueError("return_what_before_match and expect_all cannot be True at the same time")
        patterns = list(pattern) if isinstance(pattern, (list, tuple)) else [pattern]
        found = []
        while patterns:
            try:
                index = find(patterns, self.timeout if timeout is None or timeout == -1 else timeout)
            except ExpectTimeout as error:
                raise ExpectTimeout(self._not_found(pattern, error)) from None
            match = self.console.match
            if match in (pexpect.TIMEOUT, pexpect.EOF):
                match = self._before.rstrip()
            elif isinstance(match, bytes):
                match = re.compile(re.escape(match)).match(match)
            found.append(match)
            for unwanted in not_matching if isinstance(not_matching, (list, tuple)) else [not_matching]:
                if re.search(_compiled(unwanted), self._before):
                    raise ValueError(f"{unwanted!r} should not have come, and did before {pattern!r}")
            patterns.pop(index)
            if not expect_all:
                break
        if return_what_before_match:
            return self._before
        return found[0] if len(found) == 1 else found

    @property
    def _before(self) -> bytes:
        """What came before the match."""
        return _raw(self.console.before)

    def _not_found(self, pattern: Any, error: Exception) -> str:
        seen = without_colours(_raw(self.console.buffer))[-500:]
        lines = [
            f'Not found "{pattern!s}"',
            f"Bytes in current buffer (color code eliminated): {seen.decode('utf-8', 'replace')}",
            str(error).partition(". Last printed")[0],
        ]
        if self.logfile:
            self.write_log()
            lines.append(f"Please check the full log here: {self.logfile}")
        return "\n".join(lines)

    def write_log(self) -> None:
        """Writes all that was shown to the log."""
        if self.logfile:
            with whole_file(self.logfile) as partial:
                partial.write_bytes(self.console.log)

    def hard_reset(self) -> None:
        """Pulls the reset pin: flash, parts and what was shown stay."""
        self.twin.reset()

    # Unity

    def expect_unity_test_output(
        self, remove_asci_escape_code: bool = True, timeout: Time = 60, extra_before: str | bytes | None = None
    ) -> None:
        """Runs until Unity's summary, keeps its cases in `cases`; raises ``AssertionError`` for those that failed."""
        self.expect(SUMMARY, timeout=timeout)
        before = extra_before.encode() if isinstance(extra_before, str) else extra_before or b""
        log = before + self._before
        cases = parse_results(without_colours(log) if remove_asci_escape_code else log)
        self.cases += cases
        self._assert_passed(cases)

    @staticmethod
    def _assert_passed(cases: Sequence[UnityCase]) -> None:
        failed = [case for case in cases if case.result == "FAIL"]
        if failed:
            raise AssertionError(
                f"{len(failed)} of {len(cases)} Unity test cases failed:\n" + "\n".join(str(case) for case in failed)
            )

    @property
    def test_menu(self) -> list[MenuCase]:
        """The menu of an ESP-IDF test application, asked for once."""
        if self._menu is None:
            self.expect_exact(READY[0])
            self.write("")
            shown = self.expect(r"Here's the test menu, pick your combo:(.+)Enter test for running\.", timeout=10)
            self._menu = list(parse_menu(shown.group(1).decode("utf-8", "replace")))
        return self._menu

    def run_all_single_board_cases(
        self,
        group: str | list[str] | None = None,
        reset: bool = False,
        timeout: Time = 30,
        run_ignore_cases: bool = False,
        name: str | list[str] | None = None,
        attributes: dict[str, Any] | None = None,
    ) -> None:
        """Runs the normal and multi-stage cases of an ESP-IDF test application one by one.

        Args:
            group: only cases of one of these groups.
            reset: reset the chip before each.
            name: only these cases.
            attributes: only cases with these.

        Raises ``AssertionError`` that names those that failed.
        """
        groups, names = _list(group), _list(name)
        results = []
        menu = self.test_menu
        for number, case in enumerate(menu):
            wanted = (
                (not groups or set(groups) & set(case.groups))
                and (not names or case.name in names)
                and all(case.attributes.get(key) == str(value) for key, value in (attributes or {}).items())
                and (run_ignore_cases or not case.is_ignored)
            )
            if wanted and case.type != "multi_device":
                results.append(self._run_case(case, reset and number > 0, timeout))
        if not results:
            raise UsageError(f"no case of the menu is wanted: it has {', '.join(case.name for case in menu) or 'none'}")
        self.cases += results
        self._assert_passed(results)

    def run_single_board_case(self, name: str, reset: bool = False, timeout: Time = 30) -> None:
        """Runs one case by its name."""
        self.run_all_single_board_cases(name=name, reset=reset, timeout=timeout, run_ignore_cases=True)

    def _run_case(self, case: MenuCase, reset: bool, timeout: Time) -> UnityCase:
        if reset:
            self.hard_reset()
            self.expect_exact(READY, timeout=timeout)
        self.write(str(case.index))
        self.expect_exact(f"Running {case.name}...", timeout=timeout)
        try:
            for stage, _ in case.subcases:
                if stage > 1:
                    self.expect_exact(READY, timeout=timeout)
                    self.write(str(case.index))
                    self.expect_exact(f"Running {case.name}...", timeout=timeout)
                self.write(str(stage))
            self.expect(SUMMARY, timeout=timeout)
        except ExpectTimeout as error:
            self.hard_reset()
            self.expect_exact(READY, timeout=timeout)
            return UnityCase(case.name, "FAIL", str(error).splitlines()[0])
        shown = parse_results(without_colours(self._before))
        return shown[-1] if shown else UnityCase(case.name, "FAIL", "it ended without a result")


def _list(value: str | list[str] | None) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())


def _raw(shown: Any) -> bytes:
    """What pexpect, which is not typed, keeps for a console of bytes."""
    return bytes(shown)


def _compiled(pattern: Any) -> Any:
    """A pattern over bytes, with the flags of pexpect."""
    if isinstance(pattern, str):
        return re.compile(pattern.encode(), re.DOTALL)
    if isinstance(pattern, re.Pattern) and isinstance(pattern.pattern, str):
        return re.compile(pattern.pattern.encode(), pattern.flags & ~re.UNICODE)
    if isinstance(pattern, bytes):
        return re.compile(pattern, re.DOTALL)
    return pattern


__all__ = ["App", "BytesConsole", "Dut", "Serial"]
