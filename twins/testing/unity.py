"""Results of the Unity test framework as the consoles show them, and the menu of ESP-IDF's test applications.

The forms are Unity's own (`unity.c`, ``UnityTestResultsBegin`` and ``UnityEnd``; `unity_fixture.c`) and those of
ESP-IDF's `unity_runner.c`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

SUMMARY = re.compile(rb"^-+\s*(\d+) Tests (\d+) Failures (\d+) Ignored\s*(?P<result>OK|FAIL)", re.MULTILINE)
READY = (
    b"Press ENTER to see the list of tests",
    b"Enter test for running",
    b"Enter next test, or 'enter' to see menu",
)
_COLOUR = re.compile(rb"\x1b\[[0-9;]*[A-Za-z]")
_PLAIN = re.compile(
    r"^(?P<file>[^\r\n:]+):(?P<line>\d+):(?P<name>[^\r\n]+?):(?P<result>PASS|FAIL|IGNORE)"
    r"(?::[ ]?(?P<message>[^\r\n]*))?",
    re.MULTILINE,
)
_FIXTURE = re.compile(
    r"TEST\((?P<group>[^\s,]+), (?P<name>[^\r\n)]+)\)(?P<between>[\s\S]*?)"
    r"(?:(?P<file>[^\r\n:]+):(?P<line>\d+)::)?(?P<result>PASS|FAIL|IGNORE)(?::[ ]?(?P<message>[^\r\n]*))?"
)
_CASE = re.compile(r"^\((?P<index>\d+)\)\s+\"(?P<name>.+)\"\s*(?P<tags>(?:\[[^\]]*\])*)")
_STAGE = re.compile(r"^\s+\((?P<index>\d+)\)\s+\"(?P<name>.+)\"")


@dataclass(frozen=True)
class UnityCase:
    """The result of one test case: PASS, FAIL or IGNORE.

    >>> print(UnityCase("divides", "FAIL", "Expected 2 Was 1", file="test_x.c", line=20))
    FAIL divides (test_x.c:20): Expected 2 Was 1
    """

    name: str
    result: str
    message: str = ""
    group: str = ""
    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        where = f" ({self.file}:{self.line})" if self.file else ""
        return f"{self.result} {self.name}{where}{': ' + self.message if self.message else ''}"


def without_colours(log: bytes) -> bytes:
    """The text without the sequences that colour it."""
    return _COLOUR.sub(b"", log)


def parse_results(log: bytes) -> list[UnityCase]:
    """The cases in what was shown, of either form.

    >>> shown = b"test_x.c:12:adds:PASS\\r\\ntest_x.c:20:divides:FAIL: Expected 2 Was 1\\r\\n"
    >>> [str(case) for case in parse_results(shown)]
    ['PASS adds (test_x.c:12)', 'FAIL divides (test_x.c:20): Expected 2 Was 1']
    >>> [str(case) for case in parse_results(b"TEST(math, adds) PASS\\r\\n")]
    ['PASS adds']
    """
    text = log.decode("utf-8", "replace")
    form = _FIXTURE if _FIXTURE.search(text) else _PLAIN
    return [
        UnityCase(
            found["name"],
            found["result"],
            (found["message"] or "").strip(),
            found.groupdict().get("group") or "",
            (found["file"] or "").strip(),
            int(found["line"] or 0),
        )
        for found in form.finditer(text)
    ]


@dataclass
class MenuCase:
    """A line of the menu of an ESP-IDF test application."""

    index: int
    name: str
    type: str = "normal"
    keywords: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    attributes: dict[str, str] = field(default_factory=dict)
    subcases: list[tuple[int, str]] = field(default_factory=list)

    @property
    def is_ignored(self) -> bool:
        """It is not run unless asked for."""
        return bool({"ignore", "disable"} & set(self.keywords))


def parse_menu(text: str) -> Iterator[MenuCase]:
    """The cases of a menu.

    >>> [(case.index, case.name, case.groups) for case in parse_menu('(1)\\t"adds two" [math][timeout=5]\\r\\n')]
    [(1, 'adds two', ['math'])]
    """
    case = None
    for line in text.splitlines():
        found = _CASE.match(line)
        if found is None:
            stage = _STAGE.match(line)
            if stage is not None and case is not None:
                case.subcases.append((int(stage["index"]), stage["name"]))
            continue
        if case is not None:
            yield case
        case = MenuCase(int(found["index"]), found["name"])
        for tag in re.findall(r"\[([^\]]*)\]", found["tags"]):
            if tag in ("multi_stage", "multi_device"):
                case.type = tag
            elif tag in ("ignore", "disable"):
                case.keywords.append(tag)
            elif "=" in tag:
                key, _, value = tag.partition("=")
                case.attributes[key] = value
            else:
                case.groups.append(tag)
    if case is not None:
        yield case
