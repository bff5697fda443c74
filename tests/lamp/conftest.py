"""The lamp with its own firmware."""

from __future__ import annotations

from pathlib import Path

import pytest
from control import ready

from twins import Twin

IMAGES = Path(__file__).parent.parent.parent / "firmware" / "images"


def new_lamp() -> Twin:
    """A lamp at its power-on."""
    return Twin("jinny_lamp", image=IMAGES / "jinny_lamp.bin", elf=IMAGES / "jinny_lamp.elf")


@pytest.fixture(scope="session")
def ready_lamp() -> Twin:
    """A lamp that shows light; fork it."""
    return ready(new_lamp())


@pytest.fixture
def lamp(ready_lamp: Twin) -> Twin:
    """A lamp of the test's own that shows light."""
    return ready_lamp.fork()


@pytest.fixture
def cold_lamp() -> Twin:
    """A lamp at its power-on."""
    return new_lamp()
