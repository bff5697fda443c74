"""Input scripts: what a person does to a board and expects of it, as YAML.

A script is a list of steps that are carried out one after the other, or a mapping with that list under ``steps``::

    - expect: ready                      # waits for a text on any console, behind what an earlier expect found there
    - expect: {text: ready, console: uart0, within: 2s}
    - fail: panic                        # from here on, a console that shows this fails the script
    - wait: 200ms                        # lets time pass
    - at: 1.5s                           # waits for a moment since power-on
    - turn: {knob: 3}                    # by detents; {knob: {detents: -3, rpm: 60}}
    - press: knob                        # and lets go; press: {knob: 50ms}
    - hold: [up, start]                  # and release: [up, start]
    - touch: {panel: [120, 80]}          # then move: {panel: [130, 90]}, release: panel
    - touch: {panel: {x: 120, y: 80, for: 50ms}}
    - touch: {pad: 200ms}
    - say: {voice: {wav: hello.wav, azimuth: 62, level_db: -20}}
    - type: "help\\n"                     # on the console that spoke last; type: {usb: "help\\n"}
    - set: {pot: 0.7}                    # a position; {pot.position: 0.7}, {GPIO26: 1.2V}
    - frame: {lcd: shot.png}             # takes a picture
    - expect-frame: {lcd: {file: menu.png, within: 2s, tolerance: 4}}
    - expect-change: {lcd: 200ms}        # waits until it shows something else
    - expect-pin: {GPIO25: high}
    - reset
    - knob.turn: [3, 60]                 # any method of a part; a list gives several arguments

Pictures and sounds that a script compares or plays lie beside it; pictures that it takes go to the current folder.
Automation scenarios of Wokwi are scripts as well, see `twins.wokwi`.

`play` plays a script on a twin, ``twins run --input`` in the command; `Recorder` writes one of a session.
"""

from twins.scripts.language import load
from twins.scripts.player import Player, check, play, watch
from twins.scripts.recorder import Recorder
from twins.scripts.steps import Step, find_part

__all__ = ["Player", "Recorder", "Step", "check", "find_part", "load", "play", "watch"]
