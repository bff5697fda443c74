//! Tests of PIO: the bench. Expected numbers are those of the RP2040 datasheet's chapter 3, named by section.

mod encode;
mod instructions;
mod programs;
mod registers;
mod timing;
mod trains;

use super::{Pio, Reg, Sm};
use crate::block::Block;
use crate::fabric::Fabric;
use crate::pads::{Func, BANK0};
use encode::*;
use engine_core::pins::Drive;
use engine_core::registers::{Registers, Write};
use engine_core::time::Hertz;

/// PIO0 on all pins, at 1 GHz: a cycle takes 1000 ps.
#[derive(Clone)]
struct Bench {
    pio: Pio,
    fabric: Fabric,
    /// Cycles that one call of `run` covers.
    stride: u64,
}

/// The fields of a machine's registers that tests set.
#[derive(Clone, Copy)]
struct Setup {
    clkdiv: u32,
    execctrl: u32,
    shiftctrl: u32,
    pinctrl: u32,
}

impl Setup {
    /// The reset values, with the whole memory as program.
    fn new() -> Self {
        Self { clkdiv: 1 << 16, execctrl: 31 << 12, shiftctrl: 3 << 18, pinctrl: 0 }
    }
    fn wrap(mut self, bottom: u32, top: u32) -> Self {
        self.execctrl = self.execctrl & !(0x3FF << 7) | bottom << 7 | top << 12;
        self
    }
    fn divide(mut self, int: u32, frac: u32) -> Self {
        self.clkdiv = int << 16 | frac << 8;
        self
    }
    fn side(mut self, base: u32, count: u32) -> Self {
        self.pinctrl |= base << 10 | count << 29;
        self
    }
    fn side_opt(mut self) -> Self {
        self.execctrl |= 1 << 30;
        self
    }
    fn side_pindirs(mut self) -> Self {
        self.execctrl |= 1 << 29;
        self
    }
    fn out(mut self, base: u32, count: u32) -> Self {
        self.pinctrl |= base | count << 20;
        self
    }
    fn set(mut self, base: u32, count: u32) -> Self {
        self.pinctrl |= base << 5 | count << 26;
        self
    }
    fn input(mut self, base: u32) -> Self {
        self.pinctrl |= base << 15;
        self
    }
    fn jmp_pin(mut self, pin: u32) -> Self {
        self.execctrl |= pin << 24;
        self
    }
    fn autopull(mut self, threshold: u32) -> Self {
        self.shiftctrl |= 1 << 17 | (threshold & 31) << 25;
        self
    }
    fn autopush(mut self, threshold: u32) -> Self {
        self.shiftctrl |= 1 << 16 | (threshold & 31) << 20;
        self
    }
    /// Both shift registers to the left.
    fn left(mut self) -> Self {
        self.shiftctrl &= !(3 << 18);
        self
    }
    fn join_tx(mut self) -> Self {
        self.shiftctrl |= 1 << 30;
        self
    }
    fn join_rx(mut self) -> Self {
        self.shiftctrl |= 1 << 31;
        self
    }
}

impl Bench {
    fn new() -> Self {
        let mut fabric = Fabric::new(Hertz::new(1_000_000_000));
        for pin in 0..30 {
            fabric.select_function(pin, Some(Func::Pio0 as usize), 0);
        }
        Self { pio: Pio::new(0), fabric, stride: 1 }
    }

    /// With the synchronisers bypassed, as far as a test is not about them.
    fn bypassed() -> Self {
        let mut bench = Self::new();
        bench.write(Reg::INPUT_SYNC_BYPASS, u32::MAX);
        bench
    }

    /// One machine with a program at address 0, not yet enabled. All pins in `outputs` are outputs.
    fn with(program: &[u16], setup: Setup, outputs: u32) -> Self {
        let mut bench = Self::bypassed();
        bench.load(program);
        bench.outputs(outputs);
        bench.setup(0, setup);
        bench
    }

    fn load(&mut self, program: &[u16]) {
        for (address, &word) in program.iter().enumerate() {
            self.store(Reg::TABLE[Reg::INSTR_MEM0 as usize].offset + 4 * address as u32, u32::from(word));
        }
    }

    /// OUT PINDIRS of all 32 pins, from INSTR.
    fn outputs(&mut self, pins: u32) {
        self.setup(0, Setup::new().out(0, 32));
        self.write(Reg::TXF0, pins);
        for word in [pull(0, 1), out(PINDIRS, 32)] {
            self.store_sm(0, Sm::INSTR, u32::from(word));
            self.run(1);
        }
        self.write(Reg::CTRL, 0x10);
    }

    fn setup(&mut self, machine: u32, setup: Setup) {
        self.store_sm(machine, Sm::CLKDIV, setup.clkdiv);
        self.store_sm(machine, Sm::EXECCTRL, setup.execctrl);
        self.store_sm(machine, Sm::SHIFTCTRL, setup.shiftctrl);
        self.store_sm(machine, Sm::PINCTRL, setup.pinctrl);
    }

    fn store(&mut self, offset: u32, value: u32) {
        self.pio.run(self.fabric.cycle, &mut self.fabric);
        self.pio.write(offset, Write::word(value), &mut self.fabric);
    }
    fn store_sm(&mut self, machine: u32, register: Sm, value: u32) {
        self.store(0xC8 + 0x18 * machine + Sm::TABLE[register as usize].offset, value);
    }
    fn load_sm(&mut self, machine: u32, register: Sm) -> u32 {
        self.pio.read(0xC8 + 0x18 * machine + Sm::TABLE[register as usize].offset, &mut self.fabric)
    }
    fn write(&mut self, register: Reg, value: u32) {
        self.store(Reg::TABLE[register as usize].offset, value);
    }
    fn read(&mut self, register: Reg) -> u32 {
        self.pio.read(Reg::TABLE[register as usize].offset, &mut self.fabric)
    }

    /// Enables machines from this cycle on, their dividers from their first tick.
    fn start(&mut self, machines: u32) {
        self.write(Reg::CTRL, machines | machines << 8);
    }

    fn run(&mut self, cycles: u64) {
        let end = self.fabric.cycle + cycles;
        while self.fabric.cycle < end {
            self.fabric.cycle = (self.fabric.cycle + self.stride).min(end);
            while self.pio.cycle() < self.fabric.cycle {
                self.pio.run(self.fabric.cycle, &mut self.fabric);
            }
        }
    }

    /// The outside drives a pin from the present cycle on.
    fn drive(&mut self, pin: u8, level: bool) {
        self.pio.run(self.fabric.cycle, &mut self.fabric);
        let now = self.fabric.now();
        self.fabric.pins.drive_from_outside(Drive { pin, level: Some(level) }, now);
        self.fabric.inputs_changed();
    }

    fn pins(&self) -> u32 {
        self.fabric.pins.level() as u32 & BANK0
    }

    /// The level of a pin in each of the coming cycles, as `0` and `1`. The first cycle shows what was driven before it.
    fn wave(&mut self, pin: u32, cycles: u64) -> String {
        let mut wave = String::new();
        for _ in 0..cycles {
            wave.push(if self.pins() >> pin & 1 != 0 { '1' } else { '0' });
            self.run(1);
        }
        wave
    }

    /// The machine's PC, X, Y, ISR and OSR.
    fn machine(&self, number: usize) -> [u32; 5] {
        self.pio.machine_registers(number)
    }
}

/// `n` times the same level.
fn level(digit: &str, n: usize) -> String {
    digit.repeat(n)
}
