"""The errors of the package: one family, each a sentence that says what was expected, what came and what to do.

>>> from twins import Board
>>> try:
...     Board.load("picoo")
... except TwinError as error:
...     print(type(error).__name__, str(error).partition(":")[0])
BoardError there is no board 'picoo' (did you mean pico?)
"""

from __future__ import annotations


class TwinError(Exception):
    """Base of all errors that the package raises on purpose."""


class UsageError(TwinError):
    """An argument is not what the API takes."""


class CapabilityMissing(UsageError):  # noqa: N818  # it is the engine that misses it
    """The engine of a twin cannot do what was asked for, another one can."""


class EngineAbsent(UsageError):  # noqa: N818  # a fact about the machine
    """An engine is not on this machine."""


class EngineFailed(TwinError):  # noqa: N818  # the engine's failure, not the caller's
    """The process of an engine ended by itself, or does not answer."""


class ImageError(TwinError):
    """A firmware image cannot be loaded."""


class BoardError(TwinError):
    """A board file is wrong, or there is no such board or part."""


class ReplayError(TwinError):
    """A record cannot be replayed, or the twin went another way than recorded."""


class BridgeLost(TwinError):  # noqa: N818  # the other side is gone
    """The emulator at the other end of a bridge is gone, or does not keep to the protocol."""


class Timeout(TwinError):  # noqa: N818  # the word that users of pexpect and pytest-embedded look for
    """Virtual time ran out before something happened."""


class FirmwareCrashed(TwinError):  # noqa: N818  # it is the firmware's error, not the caller's
    """The firmware stopped for good: a lock-up, or USB boot without a valid image."""


class TimingError(TwinError, AssertionError):
    """A signal was not as a test expected it."""


class FrameMismatch(TwinError, AssertionError):  # noqa: N818  # what differs is the picture, not the test
    """A picture is not as a test expected it."""


class ScriptFailed(TwinError, AssertionError):  # noqa: N818  # what failed is the firmware, not the script
    """Something that an input script expects did not happen, or something that it forbids did."""
