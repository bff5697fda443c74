"""The plugin under test, in a pytest of its own: `pytester` on the committed images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parent.parent.parent
IMAGES = ROOT / "firmware" / "images"


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project of a user, whose tests run on the media controller."""
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makeini(
        f"""
        [pytest]
        addopts = --strict-markers -p no:cacheprovider
        twin_board = media_controller
        twin_image = {IMAGES / "media_controller.uf2"}
        """
    )
    return pytester


@pytest.fixture
def run(project: pytest.Pytester, request: pytest.FixtureRequest) -> Callable[..., pytest.RunResult]:
    """Runs the project's tests in a process of their own; gives the result."""
    # Where the package is not installed its entry point is not there: the plugin is named.
    named = () if request.config.pluginmanager.hasplugin("twins") else ("-p", "twins.testing.plugin")

    def go(*arguments: str) -> pytest.RunResult:
        return project.runpytest_subprocess(*named, *arguments)

    return go
