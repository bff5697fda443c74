"""Parts around the probes: what moves while a probe waits."""

from __future__ import annotations

from itertools import groupby

from twins.ports import DigitalIn, DigitalOut, Part, TouchElectrode


class SquareWave(Part):
    """Its output is low and high in turn, 20 ms each; every 60 ms somebody touches its sheet of metal for 30 ms."""

    out = DigitalOut(initial=False)
    sheet = TouchElectrode()

    def power_on(self) -> None:
        self.level = False
        self.after("20ms", self._toggle)
        self._touch()

    def _toggle(self) -> None:
        self.level = not self.level
        self.out.set(self.level)
        self.after("20ms", self._toggle)

    def _touch(self) -> None:
        self.sheet.set(15.0)
        self.after("30ms", self._let_go)

    def _let_go(self) -> None:
        self.sheet.set(10.0)
        self.after("30ms", self._touch)


def stuffed(bits: str) -> str:
    """After five equal bits comes one of the other kind (ISO 11898-1)."""
    out = run = ""
    for bit in bits:
        run = run + bit if run.endswith(bit) else bit
        out += bit
        if len(run) == 5:
            run = "10"[int(bit)]
            out += run
    return out


def can_frame(
    identifier: int, data: bytes = b"", extended: bool = False, remote: int | None = None, flip: int = 0
) -> str:
    """The bits of a frame up to its CRC, stuffed; `remote` is the length that it asks for, `flip` changes the CRC."""
    length = f"{len(data) if remote is None else remote:04b}"
    rtr = "01"[remote is not None]
    head = f"{identifier >> 18:011b}11{identifier & 0x3FFFF:018b}{rtr}00" if extended else f"{identifier:011b}{rtr}00"
    bits = "0" + head + length + "".join(f"{byte:08b}" for byte in data)
    crc = 0
    for bit in bits:
        crc = crc << 1 ^ (0x4599 if crc >> 14 ^ int(bit) else 0)
        crc &= 0x7FFF
    return stuffed(bits + f"{crc ^ flip:015b}")


END = "1" + "1" + "1" + "1111111"
"""Delimiter of the CRC, acknowledge slot, its delimiter, end of frame."""


class CanNode(Part):
    """Another node of a CAN bus of 500 kbit/s. Each rising edge of `cue` is the next of its doings."""

    bus = DigitalOut()
    heard = DigitalIn()
    cue = DigitalIn()
    BIT = 2_000_000  # ps
    SENT = can_frame(0x5A5, b"abc")  # what the probe sends
    DOINGS = (
        ("answer", len(SENT) + 1, "0"),
        ("send", 0, can_frame(0x12345678, bytes(range(0x11, 0x99, 0x11)), extended=True) + END),
        ("send", 0, can_frame(0x321, remote=2) + END),
        *(("send", 0, can_frame(identifier, b"f") + END) for identifier in (0x111, 0x222, 0x333)),
        # It begins with the probe's frame, and is lower.
        ("compete", 1, can_frame(0x5A0, b"w")[1:] + END),
        # 'a' is 0110 0001: its second bit, the twenty-first of the frame, is overwritten.
        ("answer", 21, "0"),
        ("answer", len(SENT) + 1, "0"),
        ("answer", 21, "0"),
        ("send", 0, can_frame(0x123, b"crc", flip=1) + END),
        ("send", 0, can_frame(0x123, b"stuff")[:40] + "111111111"),
        ("send", 0, can_frame(0x123, b"form") + END[:5] + "011111111"),
        ("send", 0, can_frame(0x456, b"only") + END),
        *(("send", 0, can_frame(0x200 + n, b"overrun!", extended=True) + END) for n in range(5)),
        ("jam", 21, "0"),
        ("rest", 0, ""),
    )

    def power_on(self) -> None:
        self.done = 0
        self.doing: tuple[str, int, str] = ("rest", 0, "")
        self.quiet_since = 0
        self.bus.set(None)

    @cue.changed
    def _cued(self, at: int, level: bool) -> None:
        if level:
            self.doing = self.DOINGS[self.done]
            self.done += 1
            if self.doing[0] == "send":
                self._play(4 * self.BIT)

    @heard.changed
    def _heard(self, at: int, level: bool) -> None:
        if level:
            self.quiet_since = at
        elif at - self.quiet_since > 10 * self.BIT:  # a frame begins
            kind, delay, _ = self.doing
            if kind in ("answer", "compete", "jam"):
                self._play(delay * self.BIT)
            if kind == "compete":  # the probe's own frame follows
                self.doing = self.DOINGS[0]
            elif kind == "answer":
                self.doing = ("rest", 0, "")

    def _play(self, delay: int) -> None:
        """Its bits, dominant ones driven."""
        for bit, same in groupby(self.doing[2]):
            if bit == "0":
                self.bus.set(False, f"{delay}ps")
            length = self.BIT * len(list(same))
            if bit == "0":
                self.bus.set(None, f"{delay + length}ps")
            delay += length
