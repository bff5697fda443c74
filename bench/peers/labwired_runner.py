"""Runs one image on labwired: python labwired_runner.py IMAGE.elf COUNTER MILLISECONDS.

Runs in labwired's own virtual environment. Prints how many turns of its loop the image has counted.
"""

import sys

from labwired import Sim

elf, counter, milliseconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
with Sim(elf, chip="esp32s3") as sim:
    sim.run_for(f"{milliseconds}ms")
    print(sim.read_u32(counter))
