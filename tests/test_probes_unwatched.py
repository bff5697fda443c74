"""All probes again where nobody looks at a pin.

pytest's plugin keeps each twin's changes of pins for its report, and blocks hand out edges only where somebody looks:
what firmware sees must not depend on it. So this is a process of its own, without the plugin.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SCRIPT = """
import sys
from tests.{module} import PROBES, {check} as check
for name in PROBES:
    try:
        found = check(name)
    except AssertionError as error:
        found = [str(error)]
    print(*(f"{{name}}: {{line}}" for line in found or ()), sep="\\n", end="")
print("all looked at")
"""


@pytest.mark.parametrize(
    ("module", "check"),
    [("test_probes", "test_the_block_does_what_its_datasheet_says"), ("test_probes_esp32s3", "wrong")],
)
def test_firmware_sees_the_same_where_nobody_looks(module: str, check: str) -> None:
    command = [sys.executable, "-c", SCRIPT.format(module=module, check=check)]
    parts_of_tests = {**os.environ, "PYTHONPATH": str(ROOT / "tests")}
    ran = subprocess.run(
        command, cwd=ROOT, env=parts_of_tests, capture_output=True, text=True, timeout=300, check=False
    )
    assert ran.stdout == "all looked at\n", ran.stdout + ran.stderr
