//! PWM: eight slices of two channels. RP2040 datasheet, section 4.5.
//!
//! A slice is a line: where its counter stands follows from the cycle, so an unwatched output costs nothing. Events exist
//! only for wraps that somebody waits for and for edges of pins that somebody looks at; a pin that software reads is
//! brought up to date before. The B pin of a slice that counts it is followed edge by edge.
//!
//! # Fidelity
//! - Exact: counting in all modes with the fractional divider, both slopes, double buffering, edges of outputs to the
//!   cycle, interrupts and DMA requests of each wrap, the OR of two B pins, phase steps.
//! - The B pin is seen without the two cycles of its synchroniser. Outputs reach the pin without a register between.
//! - PIO, and other blocks that follow pins by themselves, see an output of PWM only where a port, the log, a wire to
//!   another pin or an edge interrupt looks at that pin too.
//! - Phase-correct: the interrupt comes with the 0 to 0 step, together with the latching of TOP and CC (4.5.2.3).
//! - A counter that stands beyond TOP wraps with its next count. DIV.INT 0 divides by 256. Of these the datasheet says
//!   nothing.

use crate::block::{undeclared, Block};
use crate::fabric::{Fabric, Irq, Slot};
use crate::pads::Func;
use engine_core::registers::{Bank, Group, Registers, Write};
use serde::{Deserialize, Serialize};

/// The registers of a slice.
pub mod slice {
    engine_core::registers! {
        /// 4.5.3, CHn_*.
        pub Reg;
        CSR 0x00 = 0x0000_0000 { PH_ADV 7 wo; PH_RET 6 wo; DIVMODE 5:4 rw; B_INV 3 rw; A_INV 2 rw; PH_CORRECT 1 rw; EN 0 rw; }
        DIV 0x04 = 0x0000_0010 { INT 11:4 rw; FRAC 3:0 rw; }
        CTR 0x08 = 0x0000_0000 { CTR 15:0 rw; }
        CC 0x0C = 0x0000_0000 { B 31:16 rw; A 15:0 rw; }
        TOP 0x10 = 0x0000_FFFF { TOP 15:0 rw; }
    }
}

engine_core::registers! {
    /// 4.5.3, the registers of the block.
    pub Reg;
    EN 0xA0 = 0x0000_0000 { CH7 7 rw; CH6 6 rw; CH5 5 rw; CH4 4 rw; CH3 3 rw; CH2 2 rw; CH1 1 rw; CH0 0 rw; }
    INTR 0xA4 = 0x0000_0000 { CH7 7 w1c; CH6 6 w1c; CH5 5 w1c; CH4 4 w1c; CH3 3 w1c; CH2 2 w1c; CH1 1 w1c; CH0 0 w1c; }
    INTE 0xA8 = 0x0000_0000 { CH7 7 rw; CH6 6 rw; CH5 5 rw; CH4 4 rw; CH3 3 rw; CH2 2 rw; CH1 1 rw; CH0 0 rw; }
    INTF 0xAC = 0x0000_0000 { CH7 7 rw; CH6 6 rw; CH5 5 rw; CH4 4 rw; CH3 3 rw; CH2 2 rw; CH1 1 rw; CH0 0 rw; }
    INTS 0xB0 = 0x0000_0000 { CH7 7 ro; CH6 6 ro; CH5 5 ro; CH4 4 ro; CH3 3 ro; CH2 2 ro; CH1 1 ro; CH0 0 ro; }
}

const SLICES: usize = 8;
const STEP: u32 = 0x14;
const DREQ_WRAP0: u8 = 24;

/// 4.5.2.5, CSR.DIVMODE.
const FREE_RUNNING: u32 = 0;
const GATED: u32 = 1;
const RISING: u32 = 2;

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Slice {
    bank: Bank<slice::Reg>,
    /// TOP and CC as the counter uses them: what software writes takes effect at the next wrap (4.5.2.3).
    top: u64,
    level: [u64; 2],
    /// Where the counter is in its period: in phase-correct mode it counts up in the first half and down in the second.
    position: u64,
    /// The cycle up to which it has counted, and 1/16 cycles of clk_sys since the last count.
    cycle: u64,
    rest: u64,
    /// The B pin was high.
    gate: bool,
    /// CSR.PH_ADV and PH_RET were written and have not acted yet.
    to_advance: bool,
    to_retard: bool,
}

impl Slice {
    fn new() -> Self {
        Self {
            bank: Bank::new(),
            top: 0xFFFF,
            level: [0; 2],
            position: 0,
            cycle: 0,
            rest: 0,
            gate: false,
            to_advance: false,
            to_retard: false,
        }
    }

    fn csr(&self) -> u32 {
        self.bank.get(slice::Reg::CSR)
    }

    /// The phase bits read 1 until they have acted.
    fn csr_as_read(&self) -> u32 {
        let csr = slice::CSR::PH_ADV.put(self.bank.load(slice::Reg::CSR), u32::from(self.to_advance));
        slice::CSR::PH_RET.put(csr, u32::from(self.to_retard))
    }

    fn is_on(&self) -> bool {
        slice::CSR::EN.is_set(self.csr())
    }

    fn mode(&self) -> u32 {
        slice::CSR::DIVMODE.get(self.csr())
    }

    fn is_phase_correct(&self) -> bool {
        slice::CSR::PH_CORRECT.is_set(self.csr())
    }

    /// 4.5.2.6: TOP + 1 counts, twice that in phase-correct mode.
    fn period(&self) -> u64 {
        (self.top + 1) << u32::from(self.is_phase_correct())
    }

    /// In phase-correct mode it stands on TOP for two counts, and on 0 for two.
    fn counter(&self) -> u64 {
        if self.is_phase_correct() && self.position > self.top {
            (2 * self.top + 1).saturating_sub(self.position)
        } else {
            self.position
        }
    }

    /// Software writes the counter, which keeps its direction.
    fn set_counter(&mut self, counter: u64) {
        let falls = self.is_phase_correct() && self.position > self.top && counter <= self.top;
        self.position = if falls { 2 * self.top + 1 - counter } else { counter };
    }

    /// A count of the divided clock takes this many sixteenths of a cycle; INT 0 stands for 256.
    fn divisor(&self) -> u64 {
        let div = self.bank.get(slice::Reg::DIV);
        let int = match slice::DIV::INT.get(div) {
            0 => 256,
            int => int,
        };
        u64::from(int << 4 | slice::DIV::FRAC.get(div))
    }

    /// Does the divided clock run: freely, or while the B pin is high?
    fn runs(&self) -> bool {
        self.is_on()
            && match self.mode() {
                FREE_RUNNING => true,
                GATED => self.gate,
                _ => false,
            }
    }

    /// 4.5.2.8: PH_ADV puts one more count in between two others. At full speed there is no room, so it waits.
    fn take_advance(&mut self) -> u64 {
        let has_room = self.is_on() && !(self.runs() && self.divisor() == 16);
        if !self.to_advance || !has_room {
            return 0;
        }
        self.to_advance = false;
        self.advance(1)
    }

    /// Goes on by some counts, or one less where PH_RET takes one away (4.5.2.8); how often it wrapped.
    fn count(&mut self, counts: u64) -> u64 {
        if counts == 0 {
            return 0;
        }
        let taken = std::mem::take(&mut self.to_retard);
        self.advance(counts - u64::from(taken))
    }

    /// Goes on by some counts; how often it wrapped.
    fn advance(&mut self, counts: u64) -> u64 {
        let to_wrap = self.period().saturating_sub(self.position).max(1);
        if counts < to_wrap {
            self.position += counts;
            return 0;
        }
        // With the first wrap TOP and CC take what was written meanwhile.
        self.latch();
        let left = counts - to_wrap;
        self.position = left % self.period();
        1 + left / self.period()
    }

    fn latch(&mut self) {
        let cc = self.bank.get(slice::Reg::CC);
        self.top = u64::from(self.bank.get(slice::Reg::TOP));
        self.level = [u64::from(slice::CC::A.get(cc)), u64::from(slice::CC::B.get(cc))];
    }

    /// Time passes up to `cycle`; how often it wrapped.
    fn run_to(&mut self, cycle: u64) -> u64 {
        let cycles = cycle.saturating_sub(self.cycle);
        self.cycle = self.cycle.max(cycle);
        if !self.runs() {
            return 0;
        }
        let total = cycles * 16 + self.rest;
        self.rest = total % self.divisor();
        self.count(total / self.divisor())
    }

    /// An edge of the B pin: counted through the divider in the edge modes.
    fn edge(&mut self, high: bool) -> u64 {
        self.gate = high;
        let counts = match self.mode() {
            FREE_RUNNING | GATED => false,
            RISING => high,
            _ => !high,
        };
        if !self.is_on() || !counts {
            return 0;
        }
        let total = 16 + self.rest;
        self.rest = total % self.divisor();
        self.count(total / self.divisor())
    }

    fn outputs(&self) -> [bool; 2] {
        let csr = self.csr();
        let inverted = [slice::CSR::A_INV.is_set(csr), slice::CSR::B_INV.is_set(csr)];
        [0, 1].map(|n| (self.counter() < self.level[n]) != inverted[n])
    }

    /// The cycle in which it reaches a position, later than now.
    fn cycle_of(&self, position: u64) -> u64 {
        let from = self.position.min(self.period() - 1);
        let counts = (position + self.period() - from - 1) % self.period() + 1 + u64::from(self.to_retard);
        self.cycle + (counts * self.divisor() - self.rest).div_ceil(16)
    }

    /// The next cycle in which an output changes or, if `wraps`, the counter wraps.
    fn next_change(&self, edges: bool, wraps: bool) -> u64 {
        if !self.runs() {
            return u64::MAX;
        }
        let mut next = if edges || wraps { self.cycle_of(0) } else { u64::MAX };
        if edges {
            for level in self.level.into_iter().filter(|level| *level <= self.top) {
                next = next.min(self.cycle_of(level));
                if self.is_phase_correct() {
                    next = next.min(self.cycle_of(2 * self.top + 2 - level));
                }
            }
        }
        next
    }
}

/// The state of the block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Pwm {
    slices: Vec<Slice>,
    bank: Bank<Reg>,
    /// The pins that selected PWM when it last looked.
    selected: u32,
}

/// GPIO n is on slice n / 2 mod 8, channel n mod 2 (2.19.2): each channel has two pins, but for GPIO30 and 31.
pub(crate) fn pins_of(slice: usize, channel: usize) -> u32 {
    (0x0001_0001 << (2 * slice + channel)) & crate::pads::BANK0
}

impl Pwm {
    /// The block after reset.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self { slices: vec![Slice::new(); SLICES], bank: Bank::new(), selected: 0 }
    }

    /// Everything up to now has happened: counters, wraps, pins.
    pub fn sync(&mut self, fabric: &mut Fabric) {
        let cycle = fabric.cycle;
        for number in 0..SLICES {
            let wraps = self.slices[number].run_to(cycle);
            self.wrapped(number, wraps, fabric);
        }
        self.drive(fabric);
    }

    fn wrapped(&mut self, number: usize, wraps: u64, fabric: &mut Fabric) {
        if wraps == 0 {
            return;
        }
        self.bank.set(Reg::INTR, self.bank.get(Reg::INTR) | 1 << number);
        fabric.pulse_dreq(DREQ_WRAP0 + number as u8);
    }

    /// Pins, interrupt line and the next event follow from the slices.
    fn settle(&mut self, fabric: &mut Fabric) {
        self.drive(fabric);
        let ints = self.ints();
        fabric.set_irq(Irq::PWM_WRAP, ints != 0);
        fabric.io.pwm.listen(self.counted_pins() & fabric.io.selected(Func::Pwm));
        fabric.update_bank0_irq();
        self.schedule(fabric);
    }

    fn counted_pins(&self) -> u32 {
        let counting = self.slices.iter().enumerate().filter(|(_, slice)| slice.mode() != FREE_RUNNING);
        counting.fold(0, |pins, (number, _)| pins | pins_of(number, 1))
    }

    fn drive(&self, fabric: &mut Fabric) {
        if fabric.io.selected(Func::Pwm) == 0 {
            return;
        }
        let (mut out, mut enable) = (0, 0);
        for (number, slice) in self.slices.iter().enumerate() {
            for (channel, high) in slice.outputs().into_iter().enumerate() {
                let pins = pins_of(number, channel);
                out |= if high { pins } else { 0 };
                // The B pin is an input where the slice counts it (4.5.2.5).
                enable |= if channel == 1 && slice.mode() != FREE_RUNNING { 0 } else { pins };
            }
        }
        let now = fabric.now();
        fabric.drive(Func::Pwm, out, enable, now);
    }

    fn ints(&self) -> u32 {
        self.bank.get(Reg::INTR) & self.bank.get(Reg::INTE) | self.bank.get(Reg::INTF)
    }

    /// The next event: the first wrap or edge that somebody waits for.
    pub fn schedule(&self, fabric: &mut Fabric) {
        let selected = fabric.io.selected(Func::Pwm);
        let mut next = u64::MAX;
        for (number, slice) in self.slices.iter().enumerate() {
            let pins = selected & (pins_of(number, 0) | pins_of(number, 1));
            let edges = pins != 0 && fabric.is_seen(pins);
            let wraps = self.bank.get(Reg::INTE) >> number & 1 != 0
                || fabric.dreq_awaited >> (DREQ_WRAP0 + number as u8) & 1 != 0;
            next = next.min(slice.next_change(edges, wraps));
        }
        let at = if next == u64::MAX { u64::MAX } else { fabric.clock.ps_at(next) };
        if at != fabric.events.due(Slot::Pwm as usize) {
            fabric.at(Slot::Pwm, at);
        }
    }

    /// Between two slices of the run loop: edges of B pins came in, or pins were selected or are looked at since.
    pub fn tend(&mut self, fabric: &mut Fabric) {
        let selected = fabric.io.selected(Func::Pwm);
        let edges = fabric.io.pwm.take();
        if !edges.is_empty() || selected != self.selected {
            for (cycle, input) in edges {
                self.follow(cycle, input & selected, fabric);
            }
            self.sync(fabric);
            self.follow(fabric.cycle, fabric.io.input() & selected, fabric);
            self.selected = selected;
            self.settle(fabric);
        } else if selected != 0 {
            self.schedule(fabric);
        }
    }

    /// The B pins have these levels from a cycle on. A slice with two of them sees their OR (4.5.2).
    fn follow(&mut self, cycle: u64, input: u32, fabric: &mut Fabric) {
        for number in 0..SLICES {
            let high = input & pins_of(number, 1) != 0;
            let slice = &mut self.slices[number];
            if slice.mode() != FREE_RUNNING && high != slice.gate {
                let wraps = slice.run_to(cycle) + slice.edge(high);
                self.wrapped(number, wraps, fabric);
            }
        }
    }

    fn slice_register(offset: u32) -> Option<(usize, slice::Reg)> {
        let number = (offset / STEP) as usize;
        (number < SLICES).then(|| slice::Reg::at(offset % STEP).map(|register| (number, register)))?
    }

    fn write_slice(&mut self, number: usize, register: slice::Reg, write: Write, fabric: &mut Fabric) {
        use slice::CSR;
        let slice = &mut self.slices[number];
        slice.bank.store(register, write, "PWM", &mut fabric.gaps);
        match register {
            slice::Reg::CSR => {
                slice.to_advance |= CSR::PH_ADV.is_set(write.value);
                slice.to_retard |= CSR::PH_RET.is_set(write.value);
                slice.gate = fabric.io.input() & pins_of(number, 1) & fabric.io.selected(Func::Pwm) != 0;
            }
            slice::Reg::DIV => slice.rest = slice.rest.min(slice.divisor() - 1),
            slice::Reg::CTR => slice.set_counter(u64::from(slice.bank.get(register))),
            slice::Reg::CC | slice::Reg::TOP => {}
        }
        self.bank.set(Reg::EN, self.enables());
    }

    /// What follows from any write: slices that stand still take TOP and CC at once and begin anew to divide, so that those
    /// that EN starts together run in lockstep (4.5.1); counts are put in.
    fn written(&mut self, fabric: &mut Fabric) {
        for number in 0..SLICES {
            let slice = &mut self.slices[number];
            if !slice.is_on() {
                slice.latch();
                slice.rest = 0;
            }
            let wraps = slice.take_advance();
            self.wrapped(number, wraps, fabric);
        }
    }

    fn enables(&self) -> u32 {
        self.slices.iter().enumerate().fold(0, |mask, (number, slice)| mask | u32::from(slice.is_on()) << number)
    }
}

impl Block for Pwm {
    const GROUPS: &'static [Group] = &[
        Group { block: "PWM", prefix: "CH{}_", base: 0, count: SLICES as u32, step: STEP, table: slice::Reg::TABLE },
        Group::one("PWM", Reg::TABLE),
    ];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        self.peek(offset, fabric)
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        self.sync(fabric);
        if let Some((number, register)) = Self::slice_register(offset) {
            return match register {
                slice::Reg::CTR => self.slices[number].counter() as u32,
                slice::Reg::CSR => self.slices[number].csr_as_read(),
                _ => self.slices[number].bank.load(register),
            };
        }
        match Reg::at(offset) {
            Some(Reg::INTS) => self.ints(),
            Some(register) => self.bank.load(register),
            None => undeclared("PWM", offset, fabric),
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        self.sync(fabric);
        if let Some((number, register)) = Self::slice_register(offset) {
            self.write_slice(number, register, write, fabric);
        } else if let Some(register) = Reg::at(offset) {
            self.bank.store(register, write, "PWM", &mut fabric.gaps);
            if register == Reg::EN {
                for (number, slice) in self.slices.iter_mut().enumerate() {
                    slice.bank.set_field(slice::Reg::CSR, slice::CSR::EN, write.value >> number & 1);
                }
            }
        } else {
            undeclared("PWM", offset, fabric);
        }
        self.written(fabric);
        self.settle(fabric);
    }

    fn event(&mut self, _slot: Slot, fabric: &mut Fabric) {
        self.sync(fabric);
        self.settle(fabric);
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        let cycle = fabric.cycle;
        *self = Self::new();
        for slice in &mut self.slices {
            slice.cycle = cycle;
        }
        self.settle(fabric);
    }
}

#[cfg(test)]
mod tests;
