"""What is loaded when: a command or a test that needs little starts soon."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("numpy", "PIL", "pexpect", "yaml", "elftools", "vcd", "difflib", "twins.world", "twins.console", "peripherals")


def loaded(code: str) -> set[str]:
    """Which of the heavy modules an interpreter has loaded behind some code."""
    probe = f"{code}\nimport sys; print(*(name for name in {HEAVY} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_the_package_loads_nothing_that_is_heavy() -> None:
    assert loaded("import twins") == set()
    assert loaded("from twins import Twin, Board, Image, Symbols") == set()


def test_names_whose_modules_come_later_are_there() -> None:
    assert {"twins.world", "twins.console", "pexpect"} <= loaded("from twins import World, Console")
    assert {"twins.world", "twins.console"} <= loaded("from twins import *")


def test_a_part_is_loaded_when_it_is_asked_for() -> None:
    code = "import peripherals, sys; peripherals.Led; print('numpy' in sys.modules, 'peripherals.led' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


@pytest.mark.parametrize("package", ["twins", "peripherals"])
def test_a_name_that_there_is_not_is_refused(package: str) -> None:
    code = f"import {package}; {package}.Nothing"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert f"AttributeError: module '{package}' has no attribute 'Nothing'" in done.stderr
