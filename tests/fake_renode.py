"""A scripted peer that stands in for Renode: it takes its command line and comes to the bridge, without a processor.

It reads $bridge and $token from the script that it is started with, says Hello for an RP2040, and then lets time pass
by Advance, a millisecond at a time; at 3 ms core 0 sets GPIO25 through SIO.

    python fake_renode.py MODE [argument of Renode ...]

MODE says how it misbehaves: "well", "old", "foreign", "mute", "ends" at its start, "stays" away from the bridge,
"fails" to load its script; at 5 ms it "dies", "stops" answering, "aborts" a processor, or "leaves" the bridge politely.
"""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path

from tests.bridge.bridge_client import Client

VERSIONS = {"old": "Renode, version 1.13.2 (1.13.2+20221220git)", "foreign": "Python 3", "mute": ""}
MS = 1_000_000_000
END = 5 * MS
GPIO_OE_SET, GPIO_OUT_SET, LED = 0xD0000024, 0xD0000014, 1 << 25
IO_BANK0_CTRL, FUNCTION_SIO = 0x400140CC, 5
RESETS_CLEAR, IO_BANK0_AND_PADS = 0x4000F000, 1 << 5 | 1 << 8


def main(mode: str, arguments: list[str]) -> None:
    """Plays it."""
    if "--version" in arguments:
        print(VERSIONS.get(mode, "Renode v1.15.3\n  build: 1.15.3+20250101git"))
        return
    if mode == "ends":
        sys.exit("mono: not found")
    script = Path(arguments[-1]).read_text()
    if mode == "fails":
        print("There was an error executing command 'include @pico.resc'\nCould not find file pico.resc", flush=True)
    if mode in ("fails", "stays"):
        sys.stdin.read()
        return
    address, token = (re.search(pattern, script) for pattern in (r'\$bridge="unix:(.*)"', r'\$token="(.*)"'))
    assert address is not None, script
    assert token is not None, script
    play(mode, Client(address[1], bytes.fromhex(token[1])))


def play(mode: str, client: Client) -> None:
    """Processors that do next to nothing."""
    client.hello()
    client.write(RESETS_CLEAR, IO_BANK0_AND_PADS)
    while True:
        client.advance(client.now + MS)
        if client.now == 3 * MS:
            client.write(IO_BANK0_CTRL, FUNCTION_SIO)
            client.write(GPIO_OE_SET, LED)
            client.write(GPIO_OUT_SET, LED)
        if client.now == END:
            if mode == "dies":
                sys.exit("Unhandled exception. System.Exception: out of luck")
            if mode == "leaves":
                client.bye()
                sys.stdin.read()
            if mode == "aborts":
                print("[18:25:43.9] [ERROR] cpu0: CPU abort [PC=0x403CD83A]: not yet supported.", flush=True)
            if mode in ("stops", "aborts"):
                time.sleep(60)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
