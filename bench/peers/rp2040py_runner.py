"""Runs one image on rp2040py: python rp2040py_runner.py PLAN.json INSTRUCTIONS.

Runs in rp2040py's own virtual environment. Loads the image's segments, starts at its entry point, and calls the
simulator's own loop until the image has counted enough turns. Prints the number of instructions.
"""

import json
import sys
from pathlib import Path

from rp2040py import Simulator
from rp2040py.execute_batch import execute_batch

RAM = 0x2000_0000
FLASH = 0x1000_0000

plan = json.loads(Path(sys.argv[1]).read_text())
turns = int(sys.argv[2]) / plan["instructions_per_turn"]

simulator = Simulator()
chip = simulator.rp2040
if not type(chip).__module__.startswith("rp2040py.native"):
    sys.exit("rp2040py came without its compiled core: its pure Python core is not what we compare with")
for segment in plan["segments"]:
    for offset, byte in enumerate(bytes.fromhex(segment["hex"])):
        address = segment["address"] + offset
        if address >= RAM:
            chip.write_uint8(address, byte)
        else:
            chip.flash[address - FLASH] = byte
chip.core.pc = plan["entry"]

simulator.stopped = False
while chip.read_uint32(plan["counter"]) < turns:
    execute_batch(simulator, 1)
print(chip.read_uint32(plan["counter"]) * plan["instructions_per_turn"])
