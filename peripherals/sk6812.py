"""SK6812: LEDs on the wire protocol of the WS2812 with other times, also with a white one (SK6812W, RGBW).

Opsco (Dongguan Normand) SK6812 specification, "The data transmission time" and "24 bit data structure"; the RGBW type
has 32 bits in the order G, R, B, W.

========  =========  =========  ==========  =========  ======
variant   T0H ns     T1H ns     T0L ns      T1L ns     reset
========  =========  =========  ==========  =========  ======
SK6812    150 - 450  450 - 750  750 - 1050  450 - 750   80 µs
SK6812W   150 - 450  450 - 750  750 - 1050  450 - 750   80 µs
========  =========  =========  ==========  =========  ======
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from peripherals.ws2812 import WS2812, Timing, timing

_SK6812 = timing((150, 450), (450, 750), (750, 1050), (450, 750), reset=80, threshold=450)


class SK6812(WS2812):
    """A chain, or a matrix, of SK6812 LEDs; ``variant="SK6812W"`` has red, green, blue and white.

    Arguments and attributes are those of `WS2812`.

    >>> from twins.bench import Bench
    >>> bench = Bench(); strip = bench.add(SK6812(1, variant="SK6812W"))
    >>> bench.pulses(strip.data, strip.encode([(1, 2, 3, 4)])); bench.run("200us")
    >>> strip.colors.tolist(), strip.frame.tolist()
    ([[1, 2, 3, 4]], [[[5, 6, 7]]])
    """

    TIMINGS: ClassVar[Mapping[str, Timing]] = {"SK6812": _SK6812, "SK6812W": _SK6812}
    ORDERS: ClassVar[Mapping[str, str]] = {"SK6812W": "GRBW"}

    def __init__(
        self,
        count: int | None = None,
        variant: str = "SK6812",
        order: str | None = None,
        rows: int | None = None,
        columns: int | None = None,
        serpentine: bool = False,
        strict: bool = False,
    ) -> None:
        super().__init__(count, variant, order, rows, columns, serpentine, strict)
