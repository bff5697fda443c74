"""What several tests share."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from twins import Twin
from twins.testing.plugin import Boot

IMAGES = Path(__file__).parent.parent / "firmware" / "images"


@pytest.fixture(scope="session", autouse=True)
def ctrl_c_is_heard() -> None:
    """A shell starts what runs in the background with Ctrl-C ignored, and programs started from there inherit that."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def images() -> Path:
    """The folder of our own firmware images."""
    return IMAGES


@pytest.fixture
def media_controller(boot: Boot) -> Twin:
    """A media controller of the test's own that has drawn its first picture, on the engine of --twins-engine."""
    return boot("ready", board="media_controller", image=str(IMAGES / "media_controller.elf"), settle="100ms")
