"""Versions of this package and of others, as they are installed."""

from __future__ import annotations

PACKAGE = "boardtwins"


def version_of(package: str = PACKAGE) -> str:
    """The version of a package, or that it is not installed.

    >>> version_of("no-such-package")
    'not installed'
    """
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
