"""What several tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from twins import Twin
from twins.testing.plugin import Boot

IMAGES = Path(__file__).parent.parent / "firmware" / "images"


@pytest.fixture(scope="session")
def images() -> Path:
    """The folder of our own firmware images."""
    return IMAGES


@pytest.fixture
def media_controller(boot: Boot) -> Twin:
    """A media controller of the test's own that has drawn its first picture, on the engine of --twins-engine."""
    return boot("ready", board="media_controller", image=str(IMAGES / "media_controller.elf"), settle="100ms")
