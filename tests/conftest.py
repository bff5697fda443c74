"""What several tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from twins import Twin

IMAGES = Path(__file__).parent.parent / "firmware" / "images"


@pytest.fixture(scope="session")
def images() -> Path:
    """The folder of our own firmware images."""
    return IMAGES


@pytest.fixture(scope="session")
def ready_media_controller() -> Twin:
    """A media controller that has drawn its first picture; fork it."""
    twin = Twin("media_controller", image=IMAGES / "media_controller.elf")
    twin.console.expect("ready", timeout="2s")
    twin.run("100ms")
    return twin


@pytest.fixture
def media_controller(ready_media_controller: Twin) -> Twin:
    """A media controller of the test's own."""
    return ready_media_controller.fork()
