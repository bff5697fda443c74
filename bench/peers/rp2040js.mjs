// Runs one image on rp2040js: node rp2040js.mjs PLAN.json INSTRUCTIONS
// Loads the image's segments, starts at its entry point, and calls the simulator's own loop until the image has counted
// enough turns. Prints the number of instructions.
import { readFileSync } from 'node:fs';
import { Simulator } from 'rp2040js';

const FLASH = 0x10000000;
const RAM = 0x20000000;

const plan = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const turns = Number(process.argv[3]) / plan.instructions_per_turn;

const simulator = new Simulator();
const chip = simulator.rp2040;
for (const { address, hex } of plan.segments) {
  const [memory, base] = address >= RAM ? [chip.sram, RAM] : [chip.flash, FLASH];
  memory.set(Buffer.from(hex, 'hex'), address - base);
}
chip.core.PC = plan.entry;

const counted = () => chip.sramView.getUint32(plan.counter - RAM, true);
while (counted() < turns) {
  simulator.execute(); // a million instructions, then it asks to be called again
  simulator.stop();
}
console.log(counted() * plan.instructions_per_turn);
