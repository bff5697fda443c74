"""The I2S side: what goes out to the host by AUDIO_MGR_OP_L and AUDIO_MGR_OP_R, and the reference that comes in.

XMOS XVF3800 user guide, table "Audio manager mux options", and reSpeaker `host_control/README.md`, "Output Selection":

========  =============================================  ====================================
category  what                                           sources
========  =============================================  ====================================
0         silence
1         microphones before amplification               0 to 3
2         unpacked microphones                           undefined without packed input
3         amplified microphones with system delay        0 to 3
4         far end                                        0
5         far end with system delay                      0
6         processed beams                                0, 1 focused; 2 free; 3 auto-select
7         AEC residual, or ASR beams                     0 to 3
8         user chosen channels                           0, 1: copies of the auto-select beam
9         behind the user's DSP                          0 to 3, here as 6
10        far end at native rate                         0
11        amplified microphones before system delay      0 to 3
12        amplified far end with system delay            0
========  =============================================  ====================================

The levels of a scene are those of the amplified microphones at the default gain of 90.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from peripherals.xvf3800.commands import Values
from peripherals.xvf3800.hearing import LATENCY, RATE, Hearing
from twins.scene import Scene
from twins.units import SECOND

if TYPE_CHECKING:
    from twins.ports import I2sBatch, Times

Array = npt.NDArray[np.float64]

DEFAULT_GAIN = 90.0
SLIP = RATE // 100
"""Samples by which the host's clock may have drifted before some are left out or said twice."""
FAR_KEPT = 8192
TAPS = 24
"""Samples at 16 kHz from which one at 48 kHz is made."""


def _interpolator() -> Array:
    """Weights for the three samples at 48 kHz that belong to one at 16 kHz: a sinc under a Kaiser window."""
    offsets = np.arange(3)[:, None] / 3 - np.arange(1 - TAPS // 2, TAPS // 2 + 1)
    return np.asarray(np.sinc(offsets) * np.i0(7 * np.sqrt(np.maximum(0, 1 - (offsets * 2 / TAPS) ** 2))) / np.i0(7.0))


_UP = _interpolator()


class Link:
    """Both directions of the wire at 16 or 48 kHz.

    Attributes:
        last: when the last frame began, in ps.
        slips: how often the host's clock had drifted too far.
    """

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.last: int | None = None
        self.slips = 0
        self._position: int | None = None
        self._far = np.zeros(FAR_KEPT)
        self._far_end = 0
        self._rest = np.zeros(0)

    @property
    def _ratio(self) -> int:
        return self.rate // RATE

    def tick(self, at: Times) -> None:
        """Frames have begun."""
        self.last = max(self.last or 0, int(at[-1]))

    # Out

    def span(self, at: Times) -> tuple[int, int]:
        """The first of these frames, numbered since power-on, and the sample that the pipeline must have heard."""
        nominal = round(int(at[0]) * self.rate / SECOND)
        if self._position is None or abs(self._position - nominal) > SLIP * self._ratio:
            self.slips += self._position is not None
            self._position = nominal
        first = self._position
        self._position += len(at)
        return first, -(-self._position // self._ratio)

    def beams(self, settings: Mapping[str, Values]) -> set[int]:
        """The beams that the outputs need."""
        found = set()
        for category, source in (settings["AUDIO_MGR_OP_L"], settings["AUDIO_MGR_OP_R"]):
            if category == 8:
                found.add(3)
            elif category in (6, 7, 9) and source < 4:
                found.add(int(source))
        return found

    def say(
        self, at: Times, first: int, settings: Mapping[str, Values], hearing: Hearing, scene: Scene, muted: bool
    ) -> npt.NDArray[np.int32]:
        """The frames that begin at these times: 24 bits, left-justified in 32."""
        count = len(at)
        frames = np.arange(first, first + count)
        low = first // self._ratio - LATENCY
        samples = -(-(first + count) // self._ratio) - first // self._ratio
        out = np.zeros((count, 2), np.int32)
        for slot, name in enumerate(("AUDIO_MGR_OP_L", "AUDIO_MGR_OP_R")):
            category, source = (int(value) for value in settings[name])
            if self._ratio == 1:
                sound = self._output(category, source, low, samples, settings, hearing, scene, muted)
            else:
                before = low - TAPS
                many = self._output(category, source, before, samples + TAPS + 1, settings, hearing, scene, muted)
                places = (frames // self._ratio - LATENCY - before)[:, None] - np.arange(TAPS)[::-1]
                sound = (many[places] * _UP[frames % self._ratio]).sum(axis=1)
            whole = np.clip(np.rint(sound * 2.0**23), -(2.0**23), 2.0**23 - 1).astype(np.int32)
            out[:, slot] = whole << 8
        return out

    def _output(
        self,
        category: int,
        source: int,
        first: int,
        count: int,
        settings: Mapping[str, Values],
        hearing: Hearing,
        scene: Scene,
        muted: bool,
    ) -> Array:
        """Samples of an output at 16 kHz. A source that does not exist is silent."""
        if category == 7 and not settings["AEC_ASROUTONOFF"][0]:
            category = 3
        if category in (1, 3, 11) and source < len(hearing.positions):
            if muted:
                return np.zeros(count)
            start = max(first, 0)
            heard = np.zeros(count)
            heard[start - first :] = scene.hear(hearing.positions, RATE, start, count + first - start)[:, source]
            gain = 1.0 if category == 1 else float(settings["AUDIO_MGR_MIC_GAIN"][0])
            return heard * gain / DEFAULT_GAIN
        if category in (6, 9) and source < 4:
            return hearing.beam(source, first, count)
        if category == 7 and source < 4:
            return hearing.beam(source, first, count) * float(settings["AEC_ASROUTGAIN"][0])
        if category == 8 and source < 2:
            return hearing.beam(3, first, count)
        if category in (4, 5, 10, 12) and source == 0:
            delay = max(0, int(settings["AUDIO_MGR_SYS_DELAY"][0])) if category in (5, 12) else 0
            gain = float(settings["AUDIO_MGR_REF_GAIN"][0]) if category == 12 else 1.0
            return self._far_samples(first - delay, count) * gain
        return np.zeros(count)

    # In

    def hear(self, batch: I2sBatch) -> Array:
        """What the host plays: its left channel, 24 bits. At 48 kHz three frames are one sample of the far end."""
        left = (batch.samples[:, 0] >> 8) / 2.0**23
        at_end = round(int(batch.at[-1]) * self.rate / SECOND) // self._ratio + 1
        self._rest = np.concatenate([self._rest, left])
        whole = len(self._rest) // self._ratio
        far = self._rest[: whole * self._ratio].reshape(whole, self._ratio).mean(axis=1)
        self._rest = self._rest[whole * self._ratio :]
        if abs(at_end - (self._far_end + whole)) > SLIP:
            self._far_end = at_end - whole
        self._far = np.concatenate([self._far, far])[-FAR_KEPT:]
        self._far_end += whole
        return np.asarray(left)

    def _far_samples(self, first: int, count: int) -> Array:
        start = self._far_end - len(self._far)
        low, high = max(first, start), min(first + count, self._far_end)
        sound = np.zeros(count)
        if low < high:
            sound[low - first : high - first] = self._far[low - start : high - start]
        return sound
