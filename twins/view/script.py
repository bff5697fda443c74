"""What a person did at the page, as an input script: ``twins run BOARD IMAGE --input FILE`` does the same again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from twins.units import MS


@dataclass
class Script:
    """Steps with their moments since power-on, in ps.

    >>> script = Script()
    >>> script.add(1_500_000_000, "knob.turn", [3])
    >>> script.add(2_000_000_000, "type", "help\\n")
    >>> print(script.yaml("2ms of it"), end="")
    # 2ms of it
    - wait: 1.5ms
    - knob.turn: 3
    - wait: 0.5ms
    - type: "help\\n"
    """

    steps: list[tuple[int, str, Any]] = field(default_factory=list)

    def add(self, at: int, action: str, value: Any) -> None:
        """Something was done; `value` is a text, or a list of arguments."""
        self.steps.append((at, action, value))

    def copy(self) -> Script:
        """Another one that goes on from here."""
        return Script(list(self.steps))

    def yaml(self, about: str, until: int | None = None) -> str:
        """The script; `until` adds a wait to that moment."""
        import json

        lines, before = [f"# {about}"], 0
        for at, action, value in self.steps:
            if at > before:
                lines.append(f"- wait: {_ms(at - before)}")
            before = at
            if isinstance(value, list) and len(value) < 2:
                value = value[0] if value else None
            # JSON is YAML: texts and lists need no other quoting.
            lines.append(f"- {action}: {json.dumps(value, ensure_ascii=False) if value is not None else ''}".rstrip())
        if until is not None and until > before:
            lines.append(f"- wait: {_ms(until - before)}")
        return "\n".join(lines) + "\n"


def _ms(ps: int) -> str:
    """A time to the picosecond, so that the same happens again at the same moment."""
    whole, rest = divmod(ps, MS)
    return f"{whole}.{rest:09d}".rstrip("0").rstrip(".") + "ms"
