"""For tests: the pytest plugin, golden frames and a device under test in pytest-embedded's words.

>>> from twins.testing import Tolerance
>>> str(Tolerance(channel=2))
'2 of 255 in each channel'

Nothing here is imported by ``import twins``; `twins.testing.plugin` and `twins.testing.golden` need the extra ``test``.
"""

from twins.testing.builds import Build, find_build
from twins.testing.compare import Comparison, Tolerance, compare
from twins.testing.dut import Dut
from twins.testing.unity import UnityCase

__all__ = ["Build", "Comparison", "Dut", "Tolerance", "UnityCase", "compare", "find_build"]
