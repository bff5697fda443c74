"""A runner of a media controller that stands just behind its first picture, and its server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from twins import Twin
from twins.view.runner import Runner
from twins.view.server import Server

PORT = 8765
"""What the tests say in Host; nobody listens there."""


@pytest.fixture
def runner(media_controller: Twin) -> Iterator[Runner]:
    """It stands still; `power_cycle` takes it to where the fixture began."""
    with Runner(media_controller, pace=None, running=False) as runner:
        yield runner


@pytest.fixture
def server(runner: Runner) -> Server:
    """Its server, with a token of the test's own."""
    return Server(runner, PORT, token="a-token")
