"""For the site: examples in docstrings (``>>>``) become blocks of code, and ``::`` before a block an ordinary colon."""

from __future__ import annotations

from typing import Any

import griffe


def fenced(text: str) -> str:
    """The text with a fence around each example.

    >>> print(fenced("Adds.\\n\\n>>> 1 + 1\\n2\\n\\nIt does::\\n\\n    so").replace("`", "'"))
    Adds.
    <BLANKLINE>
    '''pycon
    >>> 1 + 1
    2
    '''
    <BLANKLINE>
    It does:
    <BLANKLINE>
        so
    """
    lines: list[str] = []
    inside = False
    for line in [*text.splitlines(), ""]:
        if not inside and line.startswith(">>>"):
            lines.append("```pycon")
            inside = True
        if inside and not line.strip():
            lines.append("```")
            inside = False
        lines.append(line[:-1] if not inside and line.endswith("::") else line)
    return "\n".join(lines).rstrip()


class Doctests(griffe.Extension):
    """Puts a fence around each example of each docstring."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        if obj.docstring is not None:
            obj.docstring.value = fenced(obj.docstring.value)
