"""Robot Framework library: Renode's keywords for boards of ours, and keywords for what Renode's boards lack.

``Library  twins.robot_library`` in a suite. Keywords that Renode has too are called as there, with arguments of the
same names in the same order and the same meaning; times are virtual seconds. Three things differ:

* Virtual time stands still between keywords, so a suite always goes the same way; ``pauseEmulation`` changes nothing.
* ``Create Twin`` takes the place of Renode's monitor commands, of which there are none.
* A UART is a console of the board (``uart0``, ``usb``); a leading ``sysbus.`` is left out.

==================  ===================================================================================================
room                keywords
==================  ===================================================================================================
`emulation`         Create Twin, Start Emulation, Reset Emulation, Provides, Requires, Run For, Set Pin, ...
`uart`              Create Terminal Tester, Wait For Line On Uart, Wait For Prompt On Uart, Write Line To Uart
`led`               Create Led Tester, Assert Led State, Assert Led Is Blinking, Assert Led Duty Cycle
`parts`             Turn Knob, Press Button, Touch Pad, Frame Should Be, Wait For Frame Change, Play Script, ...
`sound`             Say, Say Tone, Hear, Sound Should Be, Sound Should Be Silent, Save Sound
==================  ===================================================================================================
"""

from __future__ import annotations

from twins.robot_library.led import LedKeywords
from twins.robot_library.sound import SoundKeywords
from twins.robot_library.uart import UartKeywords


class TwinsLibrary(UartKeywords, LedKeywords, SoundKeywords):
    """All keywords.

    >>> robot = TwinsLibrary()
    >>> _ = robot.create_twin("media_controller", "firmware/images/media_controller.uf2")
    >>> _ = robot.create_terminal_tester("uart0")
    >>> robot.wait_for_line_on_uart("ready", timeout=1).line
    'ready'
    >>> robot.turn_knob("knob", 3); robot.wait_for_line_on_uart(r"volume (\\d+)", treatAsRegex=True).groups
    ['41']
    >>> robot.reset_emulation()
    """

    ROBOT_LIBRARY_SCOPE = "SUITE"
    ROBOT_LIBRARY_DOC_FORMAT = "TEXT"


robot_library = TwinsLibrary
"""Robot Framework takes the class that is named like the module."""

__all__ = ["TwinsLibrary", "robot_library"]
