"""A second opinion: the same image on several engines, and the first difference of what they show.

``twins compare BOARD IMAGE --engines native,renode`` is the command. Each run yields a `Recording`, which can be kept
in a file; `compare` puts two side by side.

>>> wishes = Wishes("pico", "firmware/images/probe_sio.elf", 50 * MS, memory=("probe_done",))
>>> native, other = (record(wishes, EngineSpec.parse(name)) for name in ("native", "native:slice=1"))
>>> found = compare(native, other)
>>> found.differences, [same.kind for same in found.same]
([], ['memory', 'end'])
"""

from twins.compare.differences import Comparison, Difference, Rules, Same, compare
from twins.compare.recording import Event, Recording
from twins.compare.runner import Wishes, record
from twins.engines import EngineSpec
from twins.units import MS

__all__ = [
    "MS",
    "Comparison",
    "Difference",
    "EngineSpec",
    "Event",
    "Recording",
    "Rules",
    "Same",
    "Wishes",
    "compare",
    "record",
]
