"""What a test looks at in a twin: outputs, memory, registers, flash, the trace, and what is not modelled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twins.board import Board
from twins.door import Door
from twins.engines import EngineApi
from twins.flash import Flash
from twins.fuses import Fuses
from twins.image import Image
from twins.memory import TwinMemory
from twins.symbols import Symbols

if TYPE_CHECKING:
    from twins.trace import PinLog, Trace
    from twins.usb import UsbHost


@dataclass(frozen=True)
class Gap:
    """Something the firmware touched that is not modelled: how often, and why it is not.

    >>> from twins import Twin
    >>> with Twin("pico", image="firmware/images/idle.uf2") as pico:
    ...     pico.run("5ms"); pico.unimplemented
    {}
    """

    count: int
    why: str


class Seen:
    """What a twin shows of itself beside its pins, parts and consoles."""

    board: Board
    image: Image | None
    pin_log: PinLog
    door: Door
    _engine: EngineApi
    _outputs: dict[str, bytearray]
    _speakers: list[str]

    def advance(self, until: int) -> object:
        """Runs to a moment in ps."""
        raise NotImplementedError

    @property
    def console_names(self) -> tuple[str, ...]:
        """The board's consoles, and those of further serial ports that its device has shown over USB."""
        return tuple(self._outputs)

    @property
    def spoken_consoles(self) -> Sequence[str]:
        """The consoles that have shown something, the latest one last."""
        return self._speakers

    def output(self, console: str, start: int = 0) -> bytes:
        """What a console showed so far, from a position on."""
        return bytes(self._outputs[console][start:])

    def output_length(self, console: str) -> int:
        """How many bytes a console showed so far."""
        return len(self._outputs[console])

    @property
    def memory(self) -> TwinMemory:
        """The memory of the chip, by address or symbol."""
        return TwinMemory(self._engine, self.symbols)

    @property
    def symbols(self) -> Symbols:
        """The symbols of the image."""
        return self.image.symbols if self.image is not None else Symbols()

    @property
    def usb(self) -> UsbHost:
        """The USB host at the other end of the board's cable."""
        from twins.usb import UsbHost

        return UsbHost(self._engine, self.door, self.advance)

    def callers(self, core: int = 0) -> list[tuple[int, int]]:
        """Return address and stack pointer of each caller whose frame a windowed processor still holds in registers."""
        return self._engine.callers(core)

    def registers(self, core: int = 0) -> dict[str, int]:
        """The registers of a core by name."""
        return self._engine.registers(core)

    @property
    def instructions(self) -> list[int]:
        """Instructions executed so far, per core."""
        return self._engine.instructions

    @property
    def unimplemented(self) -> dict[str, Gap]:
        """What the firmware touched that is not modelled, by name; empty when all of it is."""
        return {name: Gap(*gap) for name, gap in sorted(self._engine.unimplemented().items())}

    @property
    def trace(self) -> Trace:
        """What was seen from outside: ``trace.sha256``, and pin by pin where recorded."""
        from twins.trace import Trace

        return Trace(self._engine, self.pin_log)

    @property
    def flash(self) -> Flash:
        """The flash chip: its contents and its serial number."""
        return Flash(self._engine)

    @property
    def fuses(self) -> Fuses:
        """The chip's fuses, which stay burnt."""
        return Fuses(self._engine, self.board.chip.name)
