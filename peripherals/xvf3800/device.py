"""XVF3800: a voice processor with four microphones, on Seeed's reSpeaker board with a XIAO.

XMOS XVF3800 user guide XM-014888-PC, "Using the host application" (control interface, beams, output selection) and
appendix "Control commands"; reSpeaker `host_control/README.md` (pins, LED ring, configuration, defaults) and
`python_control/xvf_host.py` (commands); host_xvf_control `control_ret_str_map.h` (status bytes).

=============================  ==============================================================
control server, I2C 0x2C       bytes
=============================  ==============================================================
write                          resource, command, length, payload
read, first                    resource, command | 0x80, length of payload + 1
read, then                     status, payload; after STOP or a repeated START
=============================  ==============================================================

The commands are in `commands`. A servicer that has not got its data yet answers SERVICER_COMMAND_RETRY and no data: the
first time always, and those of the audio pipeline for ever while I2S stands still.

======  ===================================  ======  =========================================
output  of the board                         input   of the board
======  ===================================  ======  =========================================
X0D11   free                                 X1D09   mute button, high when released
X0D30   high: muted, red LED                 X1D13   free
X0D31   low: amplifier on                    X1D34   free
X0D33   high: LED ring has its supply
X0D39   free
======  ===================================  ======  =========================================

==============  ========================  ========================
I2S             image slave_16k           image master_48k
==============  ========================  ========================
clocks          from the host             from the XVF3800
frames          16 kHz                    48 kHz
slots           2 of 32 bits, Philips, 24 valid bits left-justified
==============  ========================  ========================
"""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from peripherals.xvf3800 import leds
from peripherals.xvf3800.commands import (
    AEC,
    APPLICATION,
    AUDIO_MGR,
    DFU,
    GPO,
    IO_CONFIG,
    PP,
    RING_FROM,
    Command,
    Values,
    Version,
    commands,
)
from peripherals.xvf3800.hearing import RATE, Hearing, Truth
from peripherals.xvf3800.link import Link
from twins.controls import Control, Picture, Push, Reading, Say, Sounds
from twins.errors import UsageError
from twins.ports import DigitalIn, DigitalOut, I2cTarget, I2sBatch, I2sLink, Part
from twins.scene import Scene
from twins.sound import Recording, Samples, Sound
from twins.units import SECOND, Duration, Time, ms, ps, seconds

if TYPE_CHECKING:
    from twins.ports import Times

log = logging.getLogger("twins")

SUCCESS, BAD_RESOURCE, MALFORMED_PACKET = 0, 5, 6
RETRY, WRONG_COMMAND_ID, WRONG_COMMAND_LEN, WRONG_PAYLOAD = 64, 65, 66, 67
STATUS = {
    BAD_RESOURCE: "BAD_RESOURCE",
    MALFORMED_PACKET: "MALFORMED_PACKET",
    RETRY: "SERVICER_COMMAND_RETRY",
    WRONG_COMMAND_ID: "SERVICER_WRONG_COMMAND_ID",
    WRONG_COMMAND_LEN: "SERVICER_WRONG_COMMAND_LEN",
    WRONG_PAYLOAD: "SERVICER_WRONG_PAYLOAD",
}
RESOURCES = (APPLICATION, GPO, PP, AEC, AUDIO_MGR, IO_CONFIG, DFU)
IMAGES = {"slave_16k": 16_000, "master_48k": 48_000}
OUTPUTS = {11: False, 30: False, 31: False, 33: True, 39: False}
"""Levels after a start, as the sample in the README reads them; X0D31 is said to be the other way round in its text."""


class XVF3800(Part):
    """A voice processor with four microphones.

    Pins: `sda`, `scl`; `bclk`, `ws`, `din` (it plays) and `dout` (it says); `x0d11` to `x0d39`, `x1d09` to `x1d34`.

    Args:
        firmware: version of the I2S firmware; up to 1.0.7 the commands 18 and 19 of the GPO servicer are swapped.
        image: ``"slave_16k"`` or ``"master_48k"``.
        start_up: from power-on or REBOOT until it acknowledges its address.
        retries: how often a servicer answers RETRY before its data.
        side: metres between neighbouring microphones, which stand in a square (XK-VOICE-SQ66: 66 mm).
        doa: ``"estimate"`` from the microphone signals, or ``"truth"`` from the scene, with `doa_error` degrees of
            error (standard deviation, from the seed).

    Attributes:
        settings: the values of all settings by name, as the host has written them.
        saved: what SAVE_CONFIGURATION has put into its flash.
        refused: how often it has answered which status other than success; for writes, would have.
        unmodelled: how often commands were used that do nothing here.
        nack: it does not acknowledge its address, as if it were not there.
        played: what came out of the loudspeaker, a `twins.sound.Recording`.

    >>> from twins.bench import Bench
    >>> from twins.sound import Sound
    >>> bench = Bench(); voice = bench.add(XVF3800(image="master_48k")); bench.run("3s")
    >>> voice.scene.say(Sound.noise("1s"), azimuth=62, level_db=-20); bench.run("500ms")
    >>> round(voice.azimuth), voice.speech
    (62, True)
    >>> for _ in range(2):  # the first answer is RETRY
    ...     _ = bench.i2c_write(voice.bus, 0x2C, [20, 18 | 0x80, 5]); answer = bench.i2c_read(voice.bus, 0x2C, 5)
    >>> answer
    b'\\x00>\\x00\\x01\\x00'
    """

    controls: ClassVar[tuple[Control, ...]] = (
        Picture(look="ring"),
        Say(directed=True, azimuth="azimuth", heard="speech"),
        Push("press_mute", label="mute"),
        Reading("muted"),
        Sounds(),
    )

    bus = I2cTarget()
    i2s = I2sLink(hears=True, says=True, optional=True)
    x0d11 = DigitalOut(optional=True)
    x0d30 = DigitalOut(optional=True)
    x0d31 = DigitalOut(optional=True)
    x0d33 = DigitalOut(optional=True)
    x0d39 = DigitalOut(optional=True)
    x1d09 = DigitalIn(optional=True)
    x1d13 = DigitalIn(optional=True, floating=False)
    x1d34 = DigitalIn(optional=True, floating=False)

    addresses = (0x2C,)
    RAINBOW_TIME = seconds(2)
    """How long the ring shows the rainbow after a start."""
    STANDSTILL = ms(10)
    """Without a frame for this long I2S is inactive."""

    def __init__(
        self,
        firmware: str = "1.0.8",
        image: str = "slave_16k",
        start_up: Time = seconds(2),
        retries: int = 1,
        side: float = 0.066,
        doa: str = "estimate",
        doa_error: float = 0.0,
    ) -> None:
        super().__init__()
        self.version = _version(firmware)
        if image not in IMAGES:
            raise UsageError(f"image {image!r}: expected one of {', '.join(IMAGES)}")
        if doa not in ("estimate", "truth"):
            raise UsageError(f"doa {doa!r}: expected 'estimate' or 'truth'")
        self.image = image
        self.start_up = Duration(ps(start_up))
        self.retries = retries
        half = side / 2
        self.positions = ((half, half, 0.0), (-half, half, 0.0), (-half, -half, 0.0), (half, -half, 0.0))
        self.doa, self.doa_error = doa, doa_error
        self.saved: dict[str, Values] = {}
        self.refused: Counter[str] = Counter()
        self.unmodelled: Counter[str] = Counter()
        self.nack = False
        self.inputs = {9: True, 13: False, 34: False}
        self._presses = 0
        self.played = Recording(IMAGES[image])
        self._scene = Scene()
        self._starts = 0
        self._reset()

    @property
    def commands(self) -> Mapping[tuple[int, int], Command]:
        """The commands of its firmware, by resource and number."""
        return commands(self.version)

    def _reset(self) -> None:
        """What a start does: settings are those of the flash, everything else is lost."""
        self.running = False
        self._started = 0
        self.settings = {command.name: command.initial for command in self.commands.values() if command.is_setting}
        self.settings.update(self.saved)
        self.outputs = dict(OUTPUTS)
        self._written = b""
        self._pending: tuple[int, int, int] | None = None
        self._asked: dict[int, tuple[int, int]] = {}
        self._answer = b""
        self.hearing = Hearing(self.positions)
        self._link = Link(IMAGES[self.image])

    # Start

    def power_on(self) -> None:
        self.inputs = {9: self.x1d09.level, 13: self.x1d13.level, 34: self.x1d34.level}
        self._start()

    def _start(self) -> None:
        self._starts += 1
        self._reset()
        for pin in OUTPUTS:
            self._pin(pin).set(None)
        if self.image == "master_48k":
            self.i2s.run_clock(0)
        self.after(self.start_up, self._run, self._starts)

    def _run(self, start: int) -> None:
        if start != self._starts:
            return
        self.running = True
        self._started = self.now
        for pin, level in self.outputs.items():
            self._pin(pin).set(level)
        if self.image == "master_48k":
            self.i2s.run_clock(IMAGES[self.image])
        truth = Truth(self.doa_error, self.random.getrandbits(32)) if self.doa == "truth" else None
        self.hearing = Hearing(self.positions, truth)
        self.hearing.skip(self._sample(self.now))
        self._follow_settings()

    def _pin(self, number: int) -> DigitalOut:
        pin: DigitalOut = getattr(self, f"x0d{number}")
        return pin

    # Control server: the bus

    @bus.start
    def _bus_start(self, at: int, address: int, read: bool) -> bool:
        if not self.running or self.nack:
            return False
        self._written = b""
        if read:
            self._answer = self._ask(at)
        return True

    @bus.write
    def _bus_write(self, at: int, byte: int) -> bool:
        self._written += bytes([byte])
        return True

    @bus.read
    def _bus_read(self, at: int) -> int:
        byte, self._answer = (self._answer or b"\0")[0], self._answer[1:]
        return byte

    @bus.stop
    def _bus_stop(self, at: int) -> None:
        self._take(at)

    @bus.restart
    def _bus_restart(self, at: int) -> None:
        self._take(at)

    def _take(self, at: int) -> None:
        """What was written: a command, or the first half of a read, which waits for the other one."""
        packet, self._written = self._written, b""
        if not packet:
            return
        if len(packet) < 3 or (packet[1] & 0x80 and len(packet) != 3):
            self._refuse(MALFORMED_PACKET)
            return
        resource, number, length = packet[:3]
        if number & 0x80:
            self._pending = (resource, number & 0x7F, length)
            return
        self._pending = None
        command = self.commands.get((resource, number))
        status = self._check(resource, command, "ro", length)
        if command is not None and status == SUCCESS and len(packet) - 3 != command.size:
            status = WRONG_COMMAND_LEN
        if command is None or status != SUCCESS:
            self._refuse(status)
            return
        self._count(command)
        self._listen(at)
        self._write(at, command, command.unpack(packet[3:]))

    def _check(self, resource: int, command: Command | None, refused_access: str, length: int) -> int:
        if resource not in RESOURCES:
            return BAD_RESOURCE
        if command is None or command.access == refused_access:
            return WRONG_COMMAND_ID
        return SUCCESS if length == command.size + (refused_access == "wo") else WRONG_COMMAND_LEN

    def _refuse(self, status: int) -> None:
        self.refused[STATUS[status]] += 1

    def _count(self, command: Command) -> None:
        if not command.modelled:
            if not self.unmodelled[command.name]:
                log.warning("%s: %s: its command %s has no effect here", self.label, Duration(self.now), command.name)
            self.unmodelled[command.name] += 1

    def _ask(self, at: int) -> bytes:
        """The second half of a read: status and payload. Without the first half it is a probe for its presence."""
        if self._pending is None:
            return bytes([SUCCESS])
        resource, number, length = self._pending
        command = self.commands.get((resource, number))
        status = self._check(resource, command, "wo", length)
        if status == SUCCESS:
            status = self._serve(at, resource, number)
        if command is None or status != SUCCESS:
            self._refuse(status)
            if status != RETRY:
                self._pending = None
            return bytes([status]) + bytes(max(0, length - 1))
        self._pending = None
        self._count(command)
        self._listen(at)
        return bytes([SUCCESS]) + command.pack(self._read(at, command))

    def _serve(self, at: int, resource: int, number: int) -> int:
        """A servicer hands the command on and has its answer for one of the next questions."""
        if resource in (AEC, PP) and not self.is_clocked(at):
            return RETRY
        if resource == DFU:
            return SUCCESS
        before, times = self._asked.get(resource, (number, 0))
        times = times + 1 if before == number else 1
        if times <= self.retries:
            self._asked[resource] = (number, times)
            return RETRY
        self._asked.pop(resource, None)
        return SUCCESS

    # Control server: the commands

    def _read(self, at: int, command: Command) -> Values | bytes:
        if command.name in self.settings:
            return self.settings[command.name]
        hearing = self.hearing
        match command.name:
            case "VERSION" | "DFU_GETVERSION":
                return self.version
            case "BLD_MSG":
                return f"twin of the {self.image} image".encode()
            case "GPO_READ_VALUES":
                return tuple(int(level) for level in self.outputs.values())
            case "GPI_READ_VALUES":
                return tuple(int(level) for level in self.inputs.values())
            case "GPI_VALUE_ALL":
                return (sum(level << bit for bit, level in enumerate(self.inputs.values())),)
            case "DOA_VALUE":
                return (round(self.azimuth) % 360, int(hearing.speech))
            case "AEC_NUM_MICS":
                return (len(self.positions),)
            case "AEC_NUM_FARENDS":
                return (1,)
            case "AEC_MIC_ARRAY_TYPE":
                return (2,)
            case "AEC_MIC_ARRAY_GEO":
                return tuple(x for place in self.positions for x in place)
            case "AEC_AZIMUTH_VALUES":
                return tuple(math.radians(azimuth) for azimuth in hearing.azimuths)
            case "AEC_SPENERGY_VALUES":
                return hearing.energies
            case "AUDIO_MGR_SELECTED_AZIMUTHS":
                selected = math.radians(hearing.azimuths[3])
                return (selected if hearing.speech else math.nan, selected)
            case "I2S_INACTIVE":
                return (int(not self.is_clocked(at)),)
            case "DFU_GETSTATUS":
                return (0, 0, 0, 0, 2)  # no error, no wait, dfuIDLE (USB DFU 1.1, 6.1.2)
            case "DFU_GETSTATE":
                return (2,)
        return ()

    def _write(self, at: int, command: Command, values: Values) -> None:
        match command.name:
            case "REBOOT":
                self._start()
            case "SAVE_CONFIGURATION":
                self.saved = dict(self.settings)
            case "CLEAR_CONFIGURATION":
                self.saved = {}
            case "GPO_WRITE_VALUE":
                if values[0] in OUTPUTS:
                    self.set_output(int(values[0]), bool(values[1]))
                else:
                    self._refuse(WRONG_PAYLOAD)
            case "LED_EFFECT" if values[0] > (leds.RING if self.version >= RING_FROM else leds.DOA):
                self._refuse(WRONG_PAYLOAD)
            case name if command.is_setting:
                self.settings[name] = values
                self._follow_settings()

    def _follow_settings(self) -> None:
        first, second = self.settings["AEC_FIXEDBEAMSAZIMUTH_VALUES"]
        on = self.settings["AEC_FIXEDBEAMSONOFF"][0]
        self.hearing.fixed = (math.degrees(first) % 360, math.degrees(second) % 360) if on else None

    # Pins

    def set_output(self, number: int, level: bool) -> None:
        """Drives one of its outputs: 11, 30, 31, 33 or 39."""
        self._listen(self.now)
        self.outputs[number] = level
        self._pin(number).set(level)

    @property
    def muted(self) -> bool:
        """Are the microphones off?"""
        return self.outputs[30]

    @property
    def amplifier_on(self) -> bool:
        """Does the loudspeaker play?"""
        return self.running and not self.outputs[31]

    @x1d09.changed
    def _x1d09_changed(self, at: int, level: bool) -> None:
        """The mute button: each press mutes, or not any more."""
        self.inputs[9] = level
        if not level and self.running:
            self.set_output(30, not self.muted)

    @x1d13.changed
    def _x1d13_changed(self, at: int, level: bool) -> None:
        self.inputs[13] = level

    @x1d34.changed
    def _x1d34_changed(self, at: int, level: bool) -> None:
        self.inputs[34] = level

    def press_mute(self, duration: Time = ms(200)) -> None:
        """Somebody presses the mute button for a time."""
        self._presses += 1
        self._x1d09_changed(self.now, False)
        self.after(duration, self._release_mute, self._presses)

    def _release_mute(self, press: int) -> None:
        if press == self._presses:
            self._x1d09_changed(self.now, True)

    def hold_bus(self, duration: Time) -> None:
        """It hangs, and holds SDA low for a time."""
        sda = self.bus.pins["sda"]
        self.host.drive(sda, False, self.now)
        self.after(duration, self._let_go, sda)

    def _let_go(self, sda: int) -> None:
        self.host.drive(sda, None, self.now)

    # LED ring

    @property
    def leds(self) -> leds.Colors:
        """The colours of the twelve LEDs, (12, 3) uint8; LED 0 is at azimuth 0, LED 3 at 90 degrees."""
        if not (self.running and self.outputs[33]):
            return np.zeros((leds.COUNT, 3), np.uint8)
        self._listen(self.now)
        effect = int(self.settings["LED_EFFECT"][0])
        since = self.now - self._started
        return leds.ring(
            leds.RAINBOW if since < self.RAINBOW_TIME else effect,
            since / SECOND,
            self.settings["LED_COLOR"][0],
            int(self.settings["LED_BRIGHTNESS"][0]),
            int(self.settings["LED_SPEED"][0]),
            self.settings["LED_DOA_COLOR"],
            self.settings.get("LED_RING_COLOR", ()),
            self.hearing.azimuths[3],
        )

    @property
    def frame(self) -> npt.NDArray[np.uint8]:
        """The ring as a picture of one row."""
        return self.leds[None]

    # Microphones

    @property
    def scene(self) -> Scene:
        """What its microphones hear; what is said there begins now."""
        if self.mounted:
            self._listen(self.now)
            self._scene.now = self.now
        return self._scene

    @scene.setter
    def scene(self, scene: Scene) -> None:
        if self.mounted:
            self._listen(self.now)
        self._scene = scene

    def speak(self, sound: str = "speech", duration: Time = "1s", azimuth: float = 0.0) -> None:
        """Somebody a metre away makes one of `twins.sound.NAMED`, from now on."""
        self.scene.say(Sound.named(sound, duration), azimuth, level_db=-20)

    def heard_since(self, mark: int) -> tuple[int, int, Samples]:
        """The next mark, the rate, and what it played since a mark; 0 is the first one."""
        return self.played.total, self.played.rate, self.played.since(mark)

    @property
    def azimuth(self) -> float:
        """Where the auto-select beam points, in degrees."""
        self._listen(self.now)
        return self.hearing.azimuths[3]

    @property
    def speech(self) -> bool:
        """Does it hear speech now?"""
        self._listen(self.now)
        return self.hearing.speech

    def is_clocked(self, at: int) -> bool:
        """Does I2S run? Without it the audio pipeline stands still."""
        if self.image == "master_48k":
            return self.running
        last = self._link.last
        return self.running and last is not None and at - last < self.STANDSTILL

    def _sample(self, at: int) -> int:
        return at * RATE // SECOND

    def _listen(self, at: int) -> None:
        """Brings the pipeline up to a moment, or to where its clock stopped."""
        if not self.running:
            return
        if self.image == "slave_16k":
            if self._link.last is None:
                self.hearing.skip(self._sample(at))
                return
            until = min(at, self._link.last)
        else:
            until = at
        self._hear_to(self._sample(until))
        if not self.is_clocked(at):
            self.hearing.skip(self._sample(at))

    def _hear_to(self, sample: int) -> None:
        beams = self._link.beams(self.settings) if self.i2s.connected else ()
        self.hearing.listen(self._scene, sample, self.muted, beams)

    # I2S

    @i2s.wanted
    def _wanted(self, at: Times) -> npt.NDArray[np.int32]:
        if not self.running:
            return np.zeros((len(at), 2), np.int32)
        self._clock(at)
        first, last = self._link.span(at)
        self._hear_to(last)
        return self._link.say(at, first, self.settings, self.hearing, self._scene, self.muted)

    @i2s.received
    def _received(self, batch: I2sBatch) -> None:
        if not self.running:
            return
        self._clock(batch.at)
        heard = self._link.hear(batch)
        self.played.add(heard if self.amplifier_on else np.zeros_like(heard))

    def _clock(self, at: Times) -> None:
        """Frames run. After a standstill the pipeline goes on with what is to be heard from now on."""
        if not self.is_clocked(int(at[0])):
            self._listen(int(at[0]))
            self.hearing.skip(self._sample(int(at[0])))
        self._link.tick(at)


def _version(text: str) -> Version:
    numbers = text.split(".")
    if len(numbers) != 3 or not all(number.isdigit() and int(number) < 256 for number in numbers):
        raise UsageError(f"firmware {text!r}: expected a version as '1.0.8'")
    major, minor, patch = map(int, numbers)
    return major, minor, patch
