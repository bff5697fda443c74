"""What carries parts, as their ports see it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from twins.audio import I2sLink, PdmLink
    from twins.buses import EthernetLink, ParallelTarget, SdTarget
    from twins.ports import DigitalIn, I2cTarget, Levels, Part, PulseSink, SpiTarget, Times


class Host(Protocol):
    """What carries parts: a twin, or a `twins.bench.Bench` in a part's unit tests."""

    @property
    def now(self) -> int:
        """The present moment in ps."""

    def attach_spi(self, port: SpiTarget, part: Part) -> None:
        """Connects an SPI target to its pins."""

    def attach_i2c(self, port: I2cTarget, part: Part) -> None:
        """Connects an I2C target to its pins."""

    def attach_parallel(self, port: ParallelTarget, part: Part) -> None:
        """Connects a parallel target to its pins."""

    def attach_sd(self, port: SdTarget, part: Part) -> None:
        """Connects an SD card to its bus."""

    def attach_i2s(self, port: I2sLink, part: Part) -> None:
        """Connects an audio part to its pins."""

    def attach_pdm(self, port: PdmLink, part: Part) -> None:
        """Connects an audio part to its pins."""

    def i2s_clock(self, port: I2sLink, rate: int) -> None:
        """An audio part that is the master runs its clock at so many frames a second, from now on; 0 stops it."""

    def attach_ethernet(self, port: EthernetLink, part: Part) -> None:
        """Connects a part to the other end of the Ethernet cable."""

    def send_frame(self, frame: bytes) -> None:
        """That part sends a frame to the chip, now."""

    def plug_ethernet(self, on: bool) -> None:
        """The Ethernet cable is plugged in or out."""

    def attach_edges(self, port: DigitalIn, part: Part) -> None:
        """Connects an input whose edges are handled at once."""

    def attach_pulses(self, port: PulseSink, part: Part) -> None:
        """Connects an input whose edges are gathered."""

    def drive(self, pin: int, level: bool | None, at: int) -> None:
        """A part drives a pin of the chip from `at` on; None lets go of it."""

    def drive_series(self, pin: int, at: Sequence[int] | Times, level: Sequence[bool] | Levels) -> None:
        """A part drives a pin with many edges, all of them now or later."""

    def level(self, pin: int) -> bool:
        """The level of a pin of the chip."""

    def volts(self, pin: int, volts: float) -> None:
        """A part puts a voltage on an analog pin."""

    def picofarads(self, pin: int, picofarads: float) -> None:
        """What a part and the world around it are to the touch sensor at this pin: a capacitance to ground."""

    def call_at(self, at: int, part: Part, method: str, args: tuple[Any, ...]) -> None:
        """Calls a method of a part at a later time."""
