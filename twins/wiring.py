"""The wires between a twin's parts and the pins of its chip: the larger half of `twins.ports.Host`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from twins.board import Board
from twins.engines.engine import EngineApi, InboxApi
from twins.errors import BoardError, UsageError

if TYPE_CHECKING:
    from twins.audio import I2sLink, PdmLink
    from twins.buses import EthernetLink, ParallelTarget, SdTarget
    from twins.outside import PartsOutside
    from twins.ports import DigitalIn, I2cTarget, Levels, Part, PulseSink, SpiTarget, Times


class Wired:
    """What a twin does for the ports of its parts."""

    board: Board
    _engine: EngineApi
    _outside: PartsOutside
    _inbox: InboxApi
    _inside_at: int | None

    @property
    def now(self) -> int:
        """The present moment, in ps."""
        raise NotImplementedError

    def attach_spi(self, port: SpiTarget, part: Part) -> None:
        """A part's SPI target goes on its pins."""
        answers: list[int] | None = None
        if port.answers == "every byte":
            answers = []
        elif port.answers:
            answers = [int(byte) for byte in port.answers]
        pin = port.pins.get
        number = self._engine.attach_spi(
            port.pins["sck"], port.pins["mosi"], pin("miso"), pin("cs"), pin("dc"), answers, port.falling
        )
        self._outside.ports[number] = (part.label, port.name)

    def attach_i2c(self, port: I2cTarget, part: Part) -> None:
        """A part's I2C target goes on its pins."""
        addresses = [int(address) for address in part.addresses]  # type: ignore[attr-defined]
        number = self._engine.attach_i2c(port.pins["sda"], port.pins["scl"], addresses)
        self._outside.ports[number] = (part.label, port.name)

    def attach_parallel(self, port: ParallelTarget, part: Part) -> None:
        """A part's parallel target goes on its pins."""
        pin = port.pins.get
        number = self._engine.attach_parallel(port.data_pins, port.pins[port.clock], pin("cs"), pin("dc"), port.falling)
        self._outside.ports[number] = (part.label, port.name)

    def attach_sd(self, port: SdTarget, part: Part) -> None:
        """A part's SD card goes on its pins."""
        pin = port.pins.get
        lines = [port.pins["d0"], pin("d1"), pin("d2"), pin("d3")]
        number = self._engine.attach_sd(port.pins["clk"], port.pins["cmd"], lines)
        self._outside.ports[number] = (part.label, port.name)

    def attach_i2s(self, port: I2sLink, part: Part) -> None:
        """An audio part goes on its pins."""
        pin = port.pins.get
        number = self._engine.attach_i2s(
            port.pins["bclk"], port.pins["ws"], pin("din"), pin("dout"), port.slots, port.slot_bits, port.delay
        )
        self._outside.ports[number] = (part.label, port.name)

    def attach_pdm(self, port: PdmLink, part: Part) -> None:
        """An audio part goes on its pins."""
        pin = port.pins.get
        left, right = getattr(part, port.channels) if port.channels else (True, True)
        number = self._engine.attach_pdm(port.pins["clk"], pin("din"), pin("dout"), left, right)
        self._outside.ports[number] = (part.label, port.name)

    def i2s_clock(self, port: I2sLink, rate: int) -> None:
        """An audio part that is the master runs its clock, or stops it."""
        number = next(n for n, name in self._outside.ports.items() if name == (port.part.label, port.name))
        to = self._inbox if self._outside.busy else self._engine
        to.i2s_clock(number, rate, port.slots, port.slot_bits, port.delay, self.now)

    def attach_ethernet(self, port: EthernetLink, part: Part) -> None:
        """A part goes to the other end of the Ethernet cable."""
        try:
            number = self._engine.attach_ethernet()
        except ValueError as error:
            raise BoardError(f"{part.label}: {error}") from None
        self._outside.ports[number] = (part.label, port.name)

    def send_frame(self, frame: bytes) -> None:
        """An Ethernet frame for the chip."""
        self._engine.send_frame(frame)

    def plug_ethernet(self, on: bool) -> None:
        """The Ethernet cable is plugged in or out."""
        self._engine.plug_ethernet(on)

    def brown_out(self) -> None:
        """The supply drops for a moment: what the chip does is set up by the firmware in its brown-out detector."""
        if not self._engine.brown_out():
            raise UsageError(f"the {self.board.chip.name} has no model of its brown-out detector")

    def attach_edges(self, port: DigitalIn, part: Part) -> None:
        """A part looks at a pin."""
        self._outside.ports[self._engine.attach_edges(port.pin)] = (part.label, port.name)

    def attach_pulses(self, port: PulseSink, part: Part) -> None:
        """A part gathers the edges of a pin."""
        self._outside.ports[self._engine.attach_pulses(port.pin)] = (part.label, port.name)

    def drive(self, pin: int, level: bool | None, at: int) -> None:
        """A part drives a pin from a moment on; None lets go."""
        if self._inside_at is not None and self._outside.busy:
            self._inbox.drive(pin, level, at)
        else:
            self._engine.drive(pin, level, at)

    def drive_series(self, pin: int, at: Sequence[int] | Times, level: Sequence[bool] | Levels) -> None:
        """A part drives a pin with many edges."""
        if self._outside.busy:
            for moment, value in zip(at, level, strict=True):
                self._inbox.drive(pin, bool(value), int(moment))
        else:
            self._engine.drive_series(pin, [int(moment) for moment in at], [bool(value) for value in level])

    def level(self, pin: int) -> bool:
        """The level of a pin."""
        return bool(self._levels() >> pin & 1)

    def _levels(self) -> int:
        if self._outside.busy:
            raise UsageError("a part's handler was given the level: keep it instead of asking for pins meanwhile")
        return self._engine.pins

    def volts(self, pin: int, volts: float) -> None:
        """A voltage on an analog pin; 0 to 3.3 V."""
        channel = self.board.chip.adc.get(pin)
        if channel is None:
            raise UsageError(f"GPIO{pin} has no ADC input: {', '.join(f'GPIO{p}' for p in self.board.chip.adc)} have")
        self._engine.set_microvolts(channel, max(0, round(volts * 1e6)))

    def picofarads(self, pin: int, picofarads: float) -> None:
        """A capacitance to ground at a pad of the touch sensor."""
        pads = self.board.chip.touch
        if pin not in pads:
            known = f"GPIO{pads[0]} to GPIO{pads[-1]} are" if pads else f"the {self.board.chip.name} has none"
            raise UsageError(f"GPIO{pin} is no pad of a touch sensor: {known}")
        self._engine.set_femtofarads(pin, max(0, round(picofarads * 1e3)))
