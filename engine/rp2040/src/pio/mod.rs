//! PIO0 and PIO1. RP2040 datasheet, chapter 3.
//!
//! Each block is exact for every cycle of clk_sys, but no cycle is gone through in which nothing happens: the block
//! steps from one tick of a machine's clock to the next, leaves out the idle cycles of delays, and does not clock a machine
//! that waits for something which cannot happen before somebody from outside comes along.
//!
//! What a machine does in cycle `n` is seen from cycle `n + 1` on: by pins, by interrupt lines, and by the other machines.
//!
//! # Fidelity
//! - Exact to the cycle: all nine instructions, side-set and delays, autopush and autopull, FIFO joins, fractional clock
//!   dividers, EXEC from every source, interrupt flags between machines, input synchronisers and their bypass, sticky
//!   outputs, status and debug registers.
//! - A reserved encoding runs as a NOP and is counted.
//! - Levels that PWM, UART, SPI and I2C make lazily (see there) are seen only on pins that a port, the log, a wire or an
//!   edge interrupt looks at as well.

mod config;
mod execute;
mod fifo;
mod inputs;
mod instruction;
mod machine;
pub mod pair;
mod registers;
#[cfg(test)]
mod tests;

use crate::fabric::{Fabric, Irq};
use crate::pads::{Func, Lane};
use config::Config;
use engine_core::registers::Bank;
use fifo::FIFO_DEPTH;
use machine::{Latch, Machine, Shared, Wait, FLAGS, RESERVED, UNLATCHED, UNUSUAL};
use registers::CTRL;
pub use registers::{Reg, Sm};
use serde::{Deserialize, Serialize};

/// State machines in a block.
pub const MACHINES: usize = 4;

/// The state of the block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Pio {
    index: usize,
    /// All cycles of clk_sys before this one are done.
    cycle: u64,
    /// Machines that are enabled, or carry out an instruction from INSTR, and do not wait; a bit each.
    awake: u8,
    /// Some machine waits for the level of a pin.
    pin_waiters: bool,
    /// Machines with an instruction that was written to INSTR and is carried out in the coming cycle.
    forced: u8,
    forced_word: [u16; MACHINES],
    /// Machines that assert a sticky write.
    sticky: u8,
    /// Machines do nothing but shift out bits before this cycle, see [`Pio::sync_words`]; 0 where that is not known.
    #[serde(skip)]
    shifts_until: u64,
    /// The cycle in which sticky writes win back what others wrote.
    assert_at: u64,
    /// Machines whose instructions must be decoded again.
    #[serde(skip, default = "all_machines")]
    undecoded: u8,
    machines: [Machine; MACHINES],
    shared: Shared,
    /// Output levels and enables as the pins have them.
    driven: (u32, u32),
    /// FSTAT.
    fstat: u32,
    /// Interrupt sources that any of both lines is enabled for or forced by.
    interrupts_used: bool,
    memory: [u16; 32],
    bank: Bank<Reg>,
    banks: [Bank<Sm>; MACHINES],
}

const fn all_machines() -> u8 {
    0xF
}

fn each(mask: u8) -> impl Iterator<Item = usize> {
    (0..MACHINES).filter(move |number| mask >> number & 1 != 0)
}

impl Pio {
    /// Block `index` after reset.
    pub fn new(index: usize) -> Self {
        let bank = Bank::<Sm>::new();
        Self {
            index,
            cycle: 0,
            awake: 0,
            pin_waiters: false,
            forced: 0,
            forced_word: [0; MACHINES],
            sticky: 0,
            shifts_until: 0,
            assert_at: u64::MAX,
            undecoded: all_machines(),
            machines: std::array::from_fn(|number| Machine::new(number as u8, Config::of(&bank))),
            shared: Shared::default(),
            driven: (0, 0),
            fstat: 0x0F00_0F00,
            interrupts_used: false,
            memory: [0; 32],
            bank: Bank::new(),
            banks: std::array::from_fn(|_| bank.clone()),
        }
    }

    fn name(&self) -> &'static str {
        ["PIO0", "PIO1"][self.index]
    }

    #[inline(always)]
    fn func(&self) -> Func {
        if self.index == 0 {
            Func::Pio0
        } else {
            Func::Pio1
        }
    }

    /// The cycle of clk_sys up to which this block has run.
    #[inline(always)]
    pub fn cycle(&self) -> u64 {
        self.cycle
    }

    /// PC, X, Y, ISR and OSR of a machine, for debuggers and traces.
    pub fn machine_registers(&self, number: usize) -> [u32; 5] {
        let [x, y, isr, osr] = self.machines[number].registers();
        [u32::from(self.machines[number].pc), x, y, isr, osr]
    }

    /// Runs all state machines up to `until`, or to the first change of an interrupt line or of an awaited DREQ, or by a
    /// part outside. True: there was one.
    #[inline]
    pub fn run(&mut self, until: u64, fabric: &mut Fabric) -> bool {
        self.sample(fabric);
        self.run_on(until, fabric)
    }

    /// As [`Pio::run`], where the levels of the pins are known.
    #[inline]
    fn run_on(&mut self, until: u64, fabric: &mut Fabric) -> bool {
        if self.undecoded != 0 {
            self.decode();
        }
        while self.cycle < until {
            let plain = self.forced == 0 && self.sticky == 0;
            let stop = if plain && self.awake == 0 {
                self.cycle = until;
                return false;
            } else if plain && self.awake.is_power_of_two() {
                self.run_one(self.awake.trailing_zeros() as usize, until, fabric)
            } else {
                self.step(until, fabric)
            };
            if stop {
                return true;
            }
        }
        false
    }

    /// The first cycle at which something may change that others see without reading a register of this block.
    #[inline(always)]
    pub fn quiet_until(&self, fabric: &Fabric) -> u64 {
        let dreqs = fabric.dreq_awaited & 0xFF << (8 * self.index) != 0;
        let pins = fabric.io.interrupts.watched | fabric.pins.prompt() as u32;
        let watched = pins & fabric.io.selected(self.func()) != 0;
        if watched || self.interrupts_used || dreqs {
            self.quiet_at_most_until(watched, fabric)
        } else {
            u64::MAX
        }
    }

    /// Somebody waits for FIFOs or flags, or for pins as well.
    fn quiet_at_most_until(&self, pins: bool, fabric: &Fabric) -> u64 {
        let shifts_until = if pins { None } else { self.find_shifts_until() };
        shifts_until.unwrap_or_else(|| self.next_tick(fabric)).saturating_add(1)
    }

    /// The pins that enabled machines may look at, as far as the instruction memory tells: all where a machine executes data.
    fn inputs_used(&self) -> u32 {
        let mut used = 0;
        for number in each(self.enabled()) {
            let config = &self.machines[number].config;
            for (address, &word) in self.memory.iter().enumerate() {
                used |= instruction::Op::decode(word, address as u8, number as u8, config).inputs(config);
            }
        }
        used
    }

    /// The first cycle in which any machine does anything; `u64::MAX` when all are disabled or wait for something
    /// that only others can bring about.
    pub fn next_tick(&self, fabric: &Fabric) -> u64 {
        if self.forced != 0 || (self.pin_waiters && fabric.io.input() != self.shared.inputs.latest()) {
            return self.cycle;
        }
        self.next_due().min(self.assert_at)
    }

    fn next_due(&self) -> u64 {
        let mut due = u64::MAX;
        for (number, machine) in self.machines.iter().enumerate() {
            if self.awake >> number & 1 != 0 {
                due = due.min(machine.due());
            }
        }
        due
    }

    /// One machine is awake: from tick to tick, until it is not alone any more.
    fn run_one(&mut self, number: usize, until: u64, fabric: &mut Fabric) -> bool {
        let func = self.func();
        loop {
            let disturbed = self.shift_out(number, until, fabric);
            if self.shared.touched != 0 {
                return self.after_tick(false, fabric) | disturbed;
            }
            if disturbed {
                return true;
            }
            let machine = &mut self.machines[number];
            let cycle = machine.due();
            if cycle >= until {
                self.cycle = until;
                return false;
            }
            machine.tick(cycle, &mut self.shared);
            let (mut stop, mut input_changed) = (false, false);
            let pins = (self.shared.out, self.shared.oe);
            if pins != self.driven {
                self.driven = pins;
                stop = fabric.drive(func, pins.0, pins.1, fabric.clock.ps_at(cycle + 1));
                let input = fabric.io.input();
                if input != self.shared.inputs.latest() {
                    self.shared.inputs.change(cycle + 1, input);
                    input_changed = true;
                }
            }
            if stop | (input_changed & self.pin_waiters) | (self.shared.touched != 0) {
                self.cycle = cycle + 1;
                stop |= self.after_tick(input_changed, fabric);
                if stop || self.awake != 1 << number || self.sticky != 0 {
                    return stop;
                }
            }
        }
    }

    /// Ticks of a machine that only shifts bits to pins, see [`Machine::shift_out`]. True: a part did something meanwhile.
    #[inline(always)]
    fn shift_out(&mut self, number: usize, until: u64, fabric: &mut Fabric) -> bool {
        if self.pin_waiters {
            return false;
        }
        let mut lane = Lane::new(self.func(), fabric);
        let machine = &mut self.machines[number];
        let Some(cycle) = machine.shift_out(until, &mut self.shared, &mut lane) else { return false };
        self.cycle = cycle;
        // Words that were taken ahead follow one another.
        while self.shared.touched == 0 && !lane.is_disturbed() {
            let Some(cycle) = machine.shift_out(until, &mut self.shared, &mut lane) else { break };
            self.cycle = cycle;
        }
        self.driven.0 = self.shared.out;
        let disturbed = lane.is_disturbed();
        for (cycle, input) in lane.close() {
            if input != self.shared.inputs.latest() {
                self.shared.inputs.change(cycle, input);
            }
        }
        disturbed
    }

    /// What a machine did was more than to move pins.
    #[inline(never)]
    fn after_tick(&mut self, input_changed: bool, fabric: &mut Fabric) -> bool {
        let stop = self.shared.touched != 0 && self.publish_state(fabric);
        // The machine that has just begun to wait for a pin may have moved that pin itself.
        if input_changed && self.pin_waiters {
            self.wake(Wait::Pin);
        }
        stop
    }

    /// Several machines are awake, or something unusual is under way: the next cycle in which anything happens.
    fn step(&mut self, until: u64, fabric: &mut Fabric) -> bool {
        let cycle = if self.forced != 0 { self.cycle } else { self.next_due().min(self.assert_at) };
        if cycle >= until {
            self.cycle = until;
            return false;
        }
        let forced = std::mem::take(&mut self.forced);
        let before = (self.shared.out, self.shared.oe);
        for (number, machine) in self.machines.iter_mut().enumerate() {
            let bit = 1 << number;
            // Machines write pins in the order of their numbers, so the highest one wins (3.5.6).
            if forced & bit != 0 {
                machine.force(self.forced_word[number], cycle, &mut self.shared);
            } else if self.awake & bit != 0 && machine.due() == cycle {
                machine.tick(cycle, &mut self.shared);
            } else {
                machine.assert_sticky(&mut self.shared);
            }
        }
        self.update_sticky();
        let changed = before != (self.shared.out, self.shared.oe);
        self.assert_at = if changed && self.sticky != 0 { cycle + 1 } else { u64::MAX };
        self.cycle = cycle + 1;
        self.update_awake();
        self.publish(cycle, fabric)
    }

    /// What the machines did in `cycle` is seen by everybody. True: somebody outside must look at once.
    fn publish(&mut self, cycle: u64, fabric: &mut Fabric) -> bool {
        let mut stop = self.shared.touched != 0 && self.publish_state(fabric);
        let pins = (self.shared.out, self.shared.oe);
        if pins != self.driven {
            self.driven = pins;
            stop |= fabric.drive(self.func(), pins.0, pins.1, fabric.clock.ps_at(cycle + 1));
            self.sample(fabric);
        }
        stop
    }

    /// From the present cycle on the pins are as they are now.
    #[inline(always)]
    fn sample(&mut self, fabric: &Fabric) {
        let input = fabric.io.input();
        if input != self.shared.inputs.latest() {
            self.shared.inputs.change(self.cycle, input);
            if self.pin_waiters {
                self.wake(Wait::Pin);
            }
        }
    }

    /// FIFO levels or flags changed.
    #[inline(never)]
    fn publish_state(&mut self, fabric: &mut Fabric) -> bool {
        let touched = std::mem::take(&mut self.shared.touched);
        let mut stop = false;
        for number in each(touched) {
            stop |= self.publish_levels(number, fabric);
        }
        if touched >= FLAGS {
            self.publish_rare(touched, fabric);
        }
        stop | (self.interrupts_used && self.publish_interrupts(fabric))
    }

    fn publish_rare(&mut self, touched: u8, fabric: &mut Fabric) {
        if touched & RESERVED != 0 {
            let name = format!("{}.INSTR_MEM", self.name());
            fabric.gaps.touch(&name, "an instruction with a reserved encoding was executed as a NOP");
        }
        if touched & (UNLATCHED | UNUSUAL) != 0 {
            self.update_sticky();
            self.update_awake();
        }
        // Where one machine raises a flag that another one lowers in the same cycle, it stays up.
        let shared = &mut self.shared;
        let irq = (shared.irq & !std::mem::take(&mut shared.lowered)) | std::mem::take(&mut shared.raised);
        if std::mem::replace(&mut shared.irq, irq) != irq {
            self.wake(Wait::Irq);
        }
    }

    /// FSTAT and the DREQs follow the FIFO levels: a DREQ is up while one more word can be moved. True: a DMA
    /// channel waited for that.
    #[inline]
    fn publish_levels(&mut self, number: usize, fabric: &mut Fabric) -> bool {
        let machine = &self.machines[number];
        let bits = u32::from(machine.tx.is_empty()) << 24
            | u32::from(machine.tx.is_full()) << 16
            | u32::from(machine.rx.is_empty()) << 8
            | u32::from(machine.rx.is_full());
        let fstat = (self.fstat & !(0x0101_0101 << number)) | bits << number;
        self.fstat = fstat;
        // Table 125: PIOn_TX0 to 3, then PIOn_RX0 to 3.
        let tx = (8 * self.index + number) as u8;
        let up = u64::from(!(fstat >> (16 + number)) & 1 | (!(fstat >> (8 + number)) & 1) << 4) << tx;
        let changed = (fabric.dreq ^ up) & 0x11 << tx;
        if changed == 0 {
            return false;
        }
        fabric.set_dreq(tx, up >> tx & 1 != 0) | fabric.set_dreq(tx + 4, up >> tx & 0x10 != 0)
    }

    /// INTR, table 389.
    fn intr(&self) -> u32 {
        (u32::from(self.shared.irq) & 0xF) << 8 | (!(self.fstat >> 16) & 0xF) << 4 | (!(self.fstat >> 8) & 0xF)
    }

    fn ints(&self, enable: Reg, force: Reg) -> u32 {
        (self.intr() & self.bank.get(enable)) | self.bank.get(force)
    }

    /// The two interrupt lines follow INTS. True: one of them changed.
    fn publish_interrupts(&self, fabric: &mut Fabric) -> bool {
        let lines = [[Irq::PIO0_0, Irq::PIO0_1], [Irq::PIO1_0, Irq::PIO1_1]][self.index];
        let first = fabric.set_irq(lines[0], self.ints(Reg::IRQ0_INTE, Reg::IRQ0_INTF) != 0);
        let second = fabric.set_irq(lines[1], self.ints(Reg::IRQ1_INTE, Reg::IRQ1_INTF) != 0);
        first | second
    }

    /// Interrupt enables or forces may have been written.
    fn cover_interrupts(&mut self, fabric: &mut Fabric) {
        let used = [Reg::IRQ0_INTE, Reg::IRQ0_INTF, Reg::IRQ1_INTE, Reg::IRQ1_INTF];
        self.interrupts_used = used.iter().any(|&register| self.bank.get(register) != 0);
        self.publish_interrupts(fabric);
    }

    fn decode(&mut self) {
        for number in each(std::mem::take(&mut self.undecoded)) {
            self.machines[number].decode(&self.memory);
        }
    }

    /// Machines that wait for this are clocked again.
    fn wake(&mut self, cause: Wait) {
        let cycle = self.cycle;
        self.shifts_until = 0;
        for machine in self.machines.iter_mut().filter(|machine| machine.wait == cause) {
            machine.wake(cycle);
        }
        self.update_awake();
    }

    /// Somebody wrote a register that a waiting machine may look at: its next tick shows.
    fn wake_all(&mut self) {
        for cause in [Wait::Fifo, Wait::Pin, Wait::Irq] {
            self.wake(cause);
        }
    }

    fn enabled(&self) -> u8 {
        self.bank.field(Reg::CTRL, CTRL::SM_ENABLE) as u8
    }

    /// A disabled machine still completes what was written to INSTR (CTRL.SM_ENABLE).
    fn update_awake(&mut self) {
        let enabled = self.enabled();
        self.awake = 0;
        self.pin_waiters = false;
        for (number, machine) in self.machines.iter().enumerate() {
            let clocked = enabled >> number & 1 != 0 || machine.latch == Latch::Forced;
            self.awake |= u8::from(clocked && machine.wait == Wait::Nothing) << number;
            self.pin_waiters |= machine.wait == Wait::Pin;
        }
    }

    fn flevel(&self) -> u32 {
        self.machines
            .iter()
            .rev()
            .fold(0, |levels, machine| levels << 8 | u32::from(machine.rx.level()) << 4 | u32::from(machine.tx.level()))
    }

    /// CTRL: restarts, then enables, all in one cycle.
    fn write_ctrl(&mut self, value: u32) {
        let cycle = self.cycle;
        self.wake_all();
        for machine in &mut self.machines {
            machine.settle(cycle);
        }
        for number in each(CTRL::SM_RESTART.get(value) as u8) {
            self.machines[number].restart();
            self.forced &= !(1 << number);
        }
        for number in each(CTRL::CLKDIV_RESTART.get(value) as u8) {
            self.machines[number].start_divider(cycle);
        }
        self.bank.set_field(Reg::CTRL, CTRL::SM_ENABLE, CTRL::SM_ENABLE.get(value));
        self.find_contention();
        self.update_sticky();
        self.update_awake();
    }

    /// A register of a machine was written.
    fn configure(&mut self, number: usize) {
        let cycle = self.cycle;
        let machine = &mut self.machines[number];
        machine.wake(cycle);
        machine.configure(Config::of(&self.banks[number]));
        self.undecoded |= 1 << number;
        self.wake_all();
        self.find_contention();
        self.update_sticky();
        self.update_awake();
    }

    /// Enables, programs or their set-up changed: blocks that make edges only where somebody looks must know where PIO does.
    fn tell_looks(&self, fabric: &mut Fabric) {
        let looks = self.inputs_used();
        if looks != fabric.io.pio_inputs[self.index] {
            fabric.io.pio_inputs[self.index] = looks;
            fabric.look_at_gpout();
        }
    }

    fn update_sticky(&mut self) {
        self.sticky = 0;
        for (number, machine) in self.machines.iter().enumerate() {
            self.sticky |= u8::from(machine.is_sticky()) << number;
        }
    }

    /// A machine that stalls goes on asserting its side-set: that shows where another one writes the same pins.
    fn find_contention(&mut self) {
        let enabled = self.enabled();
        for number in 0..MACHINES {
            let others = each(enabled & !(1 << number)).fold(0, |pins, n| pins | self.machines[n].config.writable());
            self.machines[number].contended = others & self.machines[number].config.side_mask != 0;
        }
    }

    fn write_instruction(&mut self, address: usize, word: u16) {
        self.memory[address] = word;
        self.undecoded = all_machines();
        self.wake_all();
    }

    /// INSTR: carried out in the coming cycle. What was written in the same cycle before comes first.
    fn force(&mut self, number: usize, word: u16) {
        if self.forced >> number & 1 != 0 {
            self.machines[number].force(self.forced_word[number], self.cycle, &mut self.shared);
            self.shared.touched |= FLAGS;
        }
        self.forced |= 1 << number;
        self.forced_word[number] = word;
        self.wake_all();
    }

    /// TXF0 to TXF3. A word for which there is no room is dropped, and TXOVER tells so.
    fn write_txf(&mut self, number: usize, word: u32, fabric: &mut Fabric) {
        let machine = &mut self.machines[number];
        if machine.tx.is_full() {
            self.shared.fdebug |= 1 << (16 + number);
            return;
        }
        machine.tx.push(word);
        self.levels_changed(number, fabric);
    }

    /// RXF0 to RXF3. A read that finds nothing returns what the datasheet leaves undefined, and RXUNDER tells so.
    fn read_rxf(&mut self, number: usize, fabric: &mut Fabric) -> u32 {
        let machine = &mut self.machines[number];
        if machine.rx.is_empty() {
            self.shared.fdebug |= 1 << (8 + number);
            return machine.rx.front();
        }
        let word = machine.rx.pop();
        self.levels_changed(number, fabric);
        word
    }

    /// The system moved a word.
    #[inline]
    fn levels_changed(&mut self, number: usize, fabric: &mut Fabric) {
        let machine = &mut self.machines[number];
        // With autopull a machine takes the word whatever it waits for.
        if machine.wait != Wait::Nothing {
            machine.wake(self.cycle);
            self.shifts_until = 0;
            self.update_awake();
        }
        self.publish_levels(number, fabric);
        if self.interrupts_used {
            self.publish_interrupts(fabric);
        }
    }

    /// IRQ and IRQ_FORCE.
    fn set_flags(&mut self, irq: u8, fabric: &mut Fabric) {
        if irq != self.shared.irq {
            self.shared.irq = irq;
            self.wake(Wait::Irq);
            self.publish_interrupts(fabric);
        }
    }
}
