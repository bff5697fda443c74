"""The commands of the XVF3800's control server on the reSpeaker board.

Names, resources, numbers, counts, types and access as in Seeed's `python_control/xvf_host.py` (table PARAMETERS), the
XMOS XVF3800 user guide, appendix "Control commands", and the reSpeaker's `host_control/README.md`; defaults from its
section on tuning. The inputs (IO_CONFIG) are those of Seeed's wiki, "Controlling reSpeaker XVF3800 GPIO via XIAO
ESP32-S3". All numbers are little-endian.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

Version = tuple[int, int, int]
Value = float | int
Values = tuple[Value, ...]

FORMATS: Mapping[str, str] = {"u8": "B", "char": "B", "u16": "H", "u32": "I", "i32": "i", "f32": "f"}


@dataclass(frozen=True)
class Command:
    """A command: where it is, what its payload is, and who may do what with it.

    Attributes:
        access: ro, wo or rw.
        default: the values of a setting after a reset, as far as they are known; else 0.
        modelled: does it do something here? What is not modelled keeps what is written to it, and is counted.
    """

    name: str
    resource: int
    number: int
    count: int
    access: str
    kind: str
    default: Values = ()
    modelled: bool = True

    @property
    def format(self) -> str:
        """Its payload for `struct`."""
        return f"<{self.count}{FORMATS[self.kind]}"

    @property
    def size(self) -> int:
        """Bytes of its payload."""
        return struct.calcsize(self.format)

    @property
    def initial(self) -> Values:
        """What a setting is after a reset."""
        return self.default or (0,) * self.count

    @property
    def is_setting(self) -> bool:
        """Is it kept by the device, and by its flash when saved?"""
        return self.access == "rw"

    def pack(self, values: Sequence[Value]) -> bytes:
        """The payload for values; missing ones are 0."""
        whole = [*values, *(0,) * (self.count - len(values))]
        return struct.pack(self.format, *(float(v) if self.kind == "f32" else int(v) for v in whole))

    def unpack(self, payload: bytes) -> Values:
        """The values of a payload."""
        return struct.unpack(self.format, payload)


APPLICATION, GPO, PP, AEC, AUDIO_MGR, IO_CONFIG, DFU = 48, 20, 17, 33, 35, 36, 240
DOA_NUMBER, RING_NUMBER = 18, 19
SWAPPED_UNTIL: Version = (1, 0, 7)
"""Up to this version of the I2S firmware DOA_VALUE is 19 and LED_RING_COLOR is 18 (changelog of v1.0.8)."""
DOA_FROM: Version = (1, 0, 6)
RING_FROM: Version = (1, 0, 5)

# name, resource, number, count, access, type, default
_MODELLED = (
    ("VERSION", APPLICATION, 0, 3, "ro", "u8"),
    ("BLD_MSG", APPLICATION, 1, 50, "ro", "char"),
    ("BLD_HOST", APPLICATION, 2, 30, "ro", "char"),
    ("BLD_REPO_HASH", APPLICATION, 3, 40, "ro", "char"),
    ("BLD_MODIFIED", APPLICATION, 4, 6, "ro", "char"),
    ("BOOT_STATUS", APPLICATION, 5, 3, "ro", "char"),
    ("REBOOT", APPLICATION, 7, 1, "wo", "u8"),
    ("SAVE_CONFIGURATION", APPLICATION, 9, 1, "wo", "u8"),
    ("CLEAR_CONFIGURATION", APPLICATION, 10, 1, "wo", "u8"),
    ("GPO_READ_VALUES", GPO, 0, 5, "ro", "u8"),
    ("GPO_WRITE_VALUE", GPO, 1, 2, "wo", "u8"),
    ("LED_EFFECT", GPO, 12, 1, "rw", "u8", (4,)),
    ("LED_BRIGHTNESS", GPO, 13, 1, "rw", "u8", (255,)),
    ("LED_SPEED", GPO, 15, 1, "rw", "u8", (1,)),
    ("LED_COLOR", GPO, 16, 1, "rw", "u32", (0xFF8800,)),
    ("LED_DOA_COLOR", GPO, 17, 2, "rw", "u32", (0x000080, 0x00FF00)),
    ("DOA_VALUE", GPO, DOA_NUMBER, 2, "ro", "u16"),
    ("LED_RING_COLOR", GPO, RING_NUMBER, 12, "rw", "u32"),
    ("AEC_ASROUTONOFF", AEC, 35, 1, "rw", "i32", (1,)),
    ("AEC_ASROUTGAIN", AEC, 36, 1, "rw", "f32", (1.0,)),
    ("AEC_FIXEDBEAMSONOFF", AEC, 37, 1, "rw", "i32"),
    ("AEC_NUM_MICS", AEC, 71, 1, "ro", "i32"),
    ("AEC_NUM_FARENDS", AEC, 72, 1, "ro", "i32"),
    ("AEC_MIC_ARRAY_TYPE", AEC, 73, 1, "ro", "i32"),
    ("AEC_MIC_ARRAY_GEO", AEC, 74, 12, "ro", "f32"),
    ("AEC_AZIMUTH_VALUES", AEC, 75, 4, "ro", "f32"),
    ("AEC_SPENERGY_VALUES", AEC, 80, 4, "ro", "f32"),
    ("AEC_FIXEDBEAMSAZIMUTH_VALUES", AEC, 81, 2, "rw", "f32"),
    ("AUDIO_MGR_MIC_GAIN", AUDIO_MGR, 0, 1, "rw", "f32", (90.0,)),
    ("AUDIO_MGR_REF_GAIN", AUDIO_MGR, 1, 1, "rw", "f32", (8.0,)),
    ("AUDIO_MGR_SELECTED_AZIMUTHS", AUDIO_MGR, 11, 2, "ro", "f32"),
    ("AUDIO_MGR_OP_L", AUDIO_MGR, 15, 2, "rw", "u8", (8, 0)),
    ("AUDIO_MGR_OP_R", AUDIO_MGR, 19, 2, "rw", "u8", (7, 3)),
    ("I2S_INACTIVE", AUDIO_MGR, 24, 1, "ro", "u8"),
    ("AUDIO_MGR_SYS_DELAY", AUDIO_MGR, 26, 1, "rw", "i32", (12,)),
    ("GPI_READ_VALUES", IO_CONFIG, 0, 3, "ro", "u8"),
    ("GPI_VALUE_ALL", IO_CONFIG, 6, 1, "ro", "u32"),
    ("DFU_GETSTATUS", DFU, 3, 5, "ro", "u8"),
    ("DFU_GETSTATE", DFU, 5, 1, "ro", "u8"),
    ("DFU_GETVERSION", DFU, 88, 3, "ro", "u8"),
)

# Answered and kept, but without any effect here.
_KEPT = (
    ("TEST_CORE_BURN", APPLICATION, 6, 1, "rw", "u8"),
    ("USB_BIT_DEPTH", APPLICATION, 8, 2, "rw", "u8"),
    ("AIC3104_HP_LEVEL", APPLICATION, 11, 1, "rw", "u8"),
    ("AIC3104_LINEOUT_LEVEL", APPLICATION, 12, 1, "rw", "u8"),
    ("GPO_PORT_PIN_INDEX", GPO, 2, 2, "rw", "u32"),
    ("GPO_PIN_VAL", GPO, 3, 3, "wo", "u8"),
    ("GPO_PIN_ACTIVE_LEVEL", GPO, 4, 1, "rw", "u32"),
    ("GPO_PIN_PWM_DUTY", GPO, 5, 1, "rw", "u8"),
    ("GPO_PIN_FLASH_MASK", GPO, 6, 1, "rw", "u32"),
    ("LED_GAMMIFY", GPO, 14, 1, "rw", "u8"),
    ("AEC_AECPATHCHANGE", AEC, 0, 1, "ro", "i32"),
    ("AEC_HPFONOFF", AEC, 1, 1, "rw", "i32", (1,)),
    ("AEC_AECSILENCELEVEL", AEC, 2, 2, "rw", "f32", (1e-8, 1e-8)),
    ("AEC_AECCONVERGED", AEC, 3, 1, "ro", "i32"),
    ("AEC_AECEMPHASISONOFF", AEC, 4, 1, "rw", "i32"),
    ("AEC_FAR_EXTGAIN", AEC, 5, 1, "rw", "f32"),
    ("AEC_PCD_COUPLINGI", AEC, 6, 1, "rw", "f32"),
    ("AEC_PCD_MINTHR", AEC, 7, 1, "rw", "f32", (0.005,)),
    ("AEC_PCD_MAXTHR", AEC, 8, 1, "rw", "f32"),
    ("AEC_RT60", AEC, 9, 1, "ro", "f32"),
    ("AEC_FIXEDBEAMNOISETHR", AEC, 38, 2, "rw", "f32"),
    ("SHF_BYPASS", AEC, 70, 1, "rw", "u8"),
    ("TEST_AEC_DISABLE_CONTROL", AEC, 76, 1, "wo", "u32"),
    ("AEC_CURRENT_IDLE_TIME", AEC, 77, 1, "ro", "u32"),
    ("AEC_MIN_IDLE_TIME", AEC, 78, 1, "ro", "u32"),
    ("AEC_RESET_MIN_IDLE_TIME", AEC, 79, 1, "wo", "u32"),
    ("AEC_FIXEDBEAMSELEVATION_VALUES", AEC, 82, 2, "rw", "f32"),
    ("AEC_FIXEDBEAMSGATING", AEC, 83, 1, "rw", "u8"),
    ("AUDIO_MGR_CURRENT_IDLE_TIME", AUDIO_MGR, 2, 1, "ro", "i32"),
    ("AUDIO_MGR_MIN_IDLE_TIME", AUDIO_MGR, 3, 1, "ro", "i32"),
    ("AUDIO_MGR_RESET_MIN_IDLE_TIME", AUDIO_MGR, 4, 1, "wo", "i32"),
    ("MAX_CONTROL_TIME", AUDIO_MGR, 5, 1, "ro", "i32"),
    ("RESET_MAX_CONTROL_TIME", AUDIO_MGR, 6, 1, "wo", "i32"),
    ("I2S_CURRENT_IDLE_TIME", AUDIO_MGR, 7, 1, "ro", "i32"),
    ("I2S_MIN_IDLE_TIME", AUDIO_MGR, 8, 1, "ro", "i32"),
    ("I2S_RESET_MIN_IDLE_TIME", AUDIO_MGR, 9, 1, "wo", "i32"),
    ("I2S_INPUT_PACKED", AUDIO_MGR, 10, 1, "rw", "u8"),
    ("AUDIO_MGR_SELECTED_CHANNELS", AUDIO_MGR, 12, 2, "rw", "u8", (3, 3)),
    ("AUDIO_MGR_OP_PACKED", AUDIO_MGR, 13, 2, "rw", "u8"),
    ("AUDIO_MGR_OP_UPSAMPLE", AUDIO_MGR, 14, 2, "rw", "u8"),
    ("AUDIO_MGR_FAR_END_DSP_ENABLE", AUDIO_MGR, 25, 1, "rw", "u8"),
    ("I2S_DAC_DSP_ENABLE", AUDIO_MGR, 27, 1, "rw", "u8"),
    ("GPI_EVENT_PENDING_ALL", IO_CONFIG, 7, 1, "ro", "u32"),
    ("MUTE_FUNCTION_ENABLE", IO_CONFIG, 8, 1, "rw", "u8", (1,)),
    ("PP_AGCONOFF", PP, 10, 1, "rw", "i32", (1,)),
    ("PP_AGCMAXGAIN", PP, 11, 1, "rw", "f32", (64.0,)),
    ("PP_AGCDESIREDLEVEL", PP, 12, 1, "rw", "f32"),
    ("PP_AGCGAIN", PP, 13, 1, "rw", "f32", (2.0,)),
    ("PP_AGCTIME", PP, 14, 1, "rw", "f32"),
    ("PP_AGCFASTTIME", PP, 15, 1, "rw", "f32"),
    ("PP_LIMITONOFF", PP, 19, 1, "rw", "i32"),
    ("PP_LIMITPLIMIT", PP, 20, 1, "rw", "f32"),
    ("PP_MIN_NS", PP, 21, 1, "rw", "f32"),
    ("PP_MIN_NN", PP, 22, 1, "rw", "f32"),
    ("PP_ECHOONOFF", PP, 23, 1, "rw", "i32"),
    ("PP_FMIN_SPEINDEX", PP, 30, 1, "rw", "f32", (1300.0,)),
    ("PP_DTSENSITIVE", PP, 31, 1, "rw", "i32"),
    ("PP_ATTNS_MODE", PP, 32, 1, "rw", "i32"),
    ("DFU_DETACH", DFU, 0, 1, "wo", "u8"),
    ("DFU_DNLOAD", DFU, 1, 130, "wo", "u8"),
    ("DFU_SETALTERNATE", DFU, 64, 1, "wo", "u8"),
    ("DFU_TRANSFERBLOCK", DFU, 65, 2, "wo", "u8"),
    ("DFU_REBOOT", DFU, 89, 1, "wo", "u8"),
)


@lru_cache(maxsize=16)
def commands(firmware: Version) -> Mapping[tuple[int, int], Command]:
    """The commands of a version of the I2S firmware, by resource and number.

    >>> commands((1, 0, 8))[20, 18].name, commands((1, 0, 7))[20, 18].name
    ('DOA_VALUE', 'LED_RING_COLOR')
    """
    table = {}
    for row, modelled in _rows():
        name, resource, number, count, access, kind = row[:6]
        if (name == "DOA_VALUE" and firmware < DOA_FROM) or (name == "LED_RING_COLOR" and firmware < RING_FROM):
            continue
        if firmware <= SWAPPED_UNTIL and name in ("DOA_VALUE", "LED_RING_COLOR"):
            number = DOA_NUMBER + RING_NUMBER - number
        default = row[6] if len(row) > 6 else ()
        if firmware <= SWAPPED_UNTIL and name in ("AUDIO_MGR_OP_L", "AUDIO_MGR_OP_R"):
            default = (7, 0)
        table[resource, number] = Command(name, resource, number, count, access, kind, default, modelled)
    return table


def _rows() -> Iterable[tuple[tuple[Any, ...], bool]]:
    yield from ((row, True) for row in _MODELLED)
    yield from ((row, False) for row in _KEPT)
