//! One state machine: its registers, and what it does in a cycle of its own clock (sections 3.2, 3.4 and 3.5).

use super::config::{Config, NEVER};
use super::execute::{mask, shift_left, shift_right, Flow};
use super::fifo::{Fifo, FIFO_DEPTH};
use super::inputs::Inputs;
use super::instruction::{Kind, Op};
use crate::pads::Lane;
use engine_core::pins::Train;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// An instruction that does not come from the instruction memory, kept until it is complete (3.5.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Latch {
    /// There is none.
    Empty,
    /// OUT EXEC or MOV EXEC put it there: it is executed in the next cycle, with its delay.
    Exec,
    /// It was written to INSTR and stalls. Its delay is ignored.
    Forced,
}

/// What a machine that does not go on waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Wait {
    /// It goes on.
    Nothing,
    /// A word in the TX FIFO, or room in the RX FIFO.
    Fifo,
    /// The level of a pin.
    Pin,
    /// An IRQ flag.
    Irq,
}

/// A write to pins that OUT_STICKY asserts in every cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PinWrite {
    pub(super) dirs: bool,
    pub(super) mask: u32,
    pub(super) value: u32,
}

/// Words whose bits may be sent later than they were pulled.
const AHEAD: usize = 64;

/// In [`Shared::touched`]: flags were raised or lowered.
pub const FLAGS: u8 = 0x10;
/// In [`Shared::touched`]: an instruction with a reserved encoding was executed.
pub const RESERVED: u8 = 0x20;
/// In [`Shared::touched`]: an instruction that was written to INSTR is complete at last.
pub const UNLATCHED: u8 = 0x40;

/// In [`Shared::touched`]: a machine begins to wait, pin directions were written, or a write to pins has become sticky.
pub const UNUSUAL: u8 = 0x80;

/// What the machines of a block share, and what they do to it in one cycle.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Shared {
    /// Output levels (DBG_PADOUT).
    pub out: u32,
    /// Output enables (DBG_PADOE).
    pub oe: u32,
    /// The eight IRQ flags as they are in this cycle.
    pub irq: u8,
    /// Flags raised in this cycle: they are seen in the next one.
    pub raised: u8,
    /// Flags lowered in this cycle.
    pub lowered: u8,
    /// FDEBUG.
    pub fdebug: u32,
    /// What changed in this cycle: the FIFO levels of a machine, a bit each; [`FLAGS`], [`RESERVED`], [`UNLATCHED`], [`UNUSUAL`].
    pub touched: u8,
    /// The input synchronisers.
    pub inputs: Inputs,
}

/// Decoded instructions, made again whenever memory or configuration change.
#[derive(Clone, Debug)]
struct Ops {
    table: [Op; 32],
    /// Addresses (a bit each) at which a loop sends a bit that the following instruction clocks: OUT of one bit to pins, then
    /// NOP, each with its side-set. It moves bits and nothing else until the OSR is used up.
    sends: u32,
    /// The addresses of those NOPs.
    clocks: u32,
}

impl Default for Ops {
    fn default() -> Self {
        Self { table: [Op::BLANK; 32], sends: 0, clocks: 0 }
    }
}

impl Ops {
    #[inline(always)]
    fn at(&self, address: u8) -> &Op {
        &self.table[usize::from(address & 31)]
    }

    fn find_bit_loops(&mut self) {
        (self.sends, self.clocks) = (0, 0);
        for (address, op) in self.table.iter().enumerate() {
            let clock = &self.table[usize::from(op.next)];
            let sends = op.kind == Kind::OutPins && op.count == 1;
            if sends && clock.kind == Kind::Nop && usize::from(clock.next) == address {
                self.sends |= 1 << address;
                self.clocks |= 1 << op.next;
            }
        }
    }
}

/// A state machine.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Machine {
    /// When its clock ticks next, in 1/256 cycles of clk_sys. While it idles for the delay of an instruction, or waits, see
    /// [`Machine::settle`].
    due: u64,
    /// The tick that a divisor has set which is no longer configured: the period that has begun is finished.
    outlived: u64,
    /// What the next period of the divider is too long by: the carry of a fraction takes effect one period later.
    phase: u64,
    #[serde(skip)]
    ops: Ops,
    /// The program counter.
    pub pc: u8,
    /// What it waits for. A machine that waits is not clocked until somebody wakes it.
    pub wait: Wait,
    /// Where the next instruction comes from, if not from memory.
    pub latch: Latch,
    /// Idle cycles that are still to come before the next instruction.
    delay: u8,
    pub(super) isr_count: u8,
    pub(super) osr_count: u8,
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) isr: u32,
    pub(super) osr: u32,
    /// The configuration.
    pub config: Config,
    /// The TX FIFO.
    pub tx: Fifo,
    /// The RX FIFO.
    pub rx: Fifo,
    /// Words that were taken out of the TX FIFO at their time, for pins that have not come so far yet: see
    /// [`Machine::take_ahead`]. None are left when the pins are up to date.
    #[serde(skip)]
    pub(super) ahead: VecDeque<u32>,
    latched: u16,
    pub(super) irq_waiting: bool,
    /// Stalls keep asserting side-set, and another machine writes the same pins: it must be clocked while it waits.
    pub contended: bool,
    pub(super) sticky: Option<PinWrite>,
    /// Its number in the block.
    pub number: u8,
}

impl Machine {
    /// A machine after reset.
    pub fn new(number: u8, config: Config) -> Self {
        Self {
            due: 0,
            outlived: 0,
            phase: 0,
            ops: Ops::default(),
            pc: 0,
            wait: Wait::Nothing,
            latch: Latch::Empty,
            delay: 0,
            isr_count: 0,
            osr_count: 32,
            x: 0,
            y: 0,
            isr: 0,
            osr: 0,
            config,
            tx: Fifo::new(),
            rx: Fifo::new(),
            ahead: VecDeque::new(),
            latched: 0,
            irq_waiting: false,
            contended: false,
            sticky: None,
            number,
        }
    }

    /// The scratch and shift registers X, Y, ISR and OSR, for debuggers and traces.
    pub fn registers(&self) -> [u32; 4] {
        [self.x, self.y, self.isr, self.osr]
    }

    /// Decodes the instruction memory.
    pub fn decode(&mut self, memory: &[u16; 32]) {
        for (address, op) in self.ops.table.iter_mut().enumerate() {
            *op = Op::decode(memory[address], address as u8, self.number, &self.config);
        }
        self.ops.find_bit_loops();
    }

    /// The cycle of clk_sys in which its clock ticks next.
    #[inline(always)]
    pub fn due(&self) -> u64 {
        self.due >> 8
    }

    /// CLKDIV_RESTART: the divider ticks at `cycle` and goes on from there with an empty fraction (3.5.5). The
    /// fraction of a period is added up while it runs and lengthens the one after it, so the first period has none.
    pub fn start_divider(&mut self, cycle: u64) {
        self.settle(cycle);
        self.due = cycle << 8;
        self.phase = self.config.divisor & 0xFF;
    }

    /// The divider runs freely (3.5.5), ticks or no ticks: brings `due` to its first tick at `cycle` or later, and `delay` to the
    /// idle cycles that remain from there.
    pub fn settle(&mut self, cycle: u64) {
        let (now, divisor) = (cycle << 8, self.config.divisor);
        if self.due < now {
            if self.phase != 0 {
                self.due += divisor - std::mem::take(&mut self.phase);
            }
            self.due += now.saturating_sub(self.due).div_ceil(divisor) * divisor;
        } else if self.phase == 0 && self.due != self.outlived {
            let idle = (self.due - now) / divisor;
            self.due -= idle * divisor;
            self.delay += idle as u8;
        }
    }

    /// It will be clocked again from `cycle` on.
    pub fn wake(&mut self, cycle: u64) {
        self.wait = Wait::Nothing;
        self.settle(cycle);
    }

    /// The configuration changed, at a moment to which the divider is settled. FIFOs are flushed where the way they are joined changes (SHIFTCTRL).
    pub fn configure(&mut self, config: Config) {
        if config.join != self.config.join {
            let (tx, rx) = config.join;
            self.tx.resize(FIFO_DEPTH * u8::from(!rx) + FIFO_DEPTH * u8::from(tx && !rx));
            self.rx.resize(FIFO_DEPTH * u8::from(!tx) + FIFO_DEPTH * u8::from(rx && !tx));
        }
        if !config.sticky {
            self.sticky = None;
        }
        if config.divisor != self.config.divisor {
            self.outlived = self.due;
        }
        self.config = config;
    }

    /// SM_RESTART (CTRL): shift counters, ISR, delay, waiting states and sticky writes go; PC, OSR, X and Y stay. The
    /// input shift counter is then 0 and the output shift counter 32: nothing left to shift out (3.5.4).
    pub fn restart(&mut self) {
        self.isr_count = 0;
        self.osr_count = 32;
        self.isr = 0;
        self.delay = 0;
        self.irq_waiting = false;
        self.latch = Latch::Empty;
        self.sticky = None;
    }

    /// Is a write to pins being asserted all the time?
    pub fn is_sticky(&self) -> bool {
        self.sticky.is_some()
    }

    /// A cycle of clk_sys without a tick of this machine's clock: OUT_STICKY goes on asserting.
    pub fn assert_sticky(&self, shared: &mut Shared) {
        if let Some(write) = self.sticky {
            write.carry_out(shared);
        }
    }

    /// An instruction written to INSTR (3.5.7): carried out now, whatever the divider, the delay and the program counter say.
    pub fn force(&mut self, word: u16, cycle: u64, shared: &mut Shared) {
        if self.latch == Latch::Forced {
            self.latch = Latch::Empty;
        }
        if self.due() == cycle && self.wait == Wait::Nothing {
            self.due += self.config.divisor - std::mem::take(&mut self.phase);
        }
        self.assert_sticky(shared);
        let op = self.decode_latched(word);
        let flow = self.execute(op, cycle, shared);
        self.side_set(op, shared);
        self.refill(shared);
        match flow {
            Flow::Go(address) => self.pc = address,
            Flow::Stall(_) => (self.latch, self.latched) = (Latch::Forced, word),
            Flow::Exec(word) => (self.latch, self.latched) = (Latch::Exec, word),
        }
    }

    /// A cycle of the machine's clock.
    #[inline(always)]
    pub fn tick(&mut self, cycle: u64, shared: &mut Shared) {
        if self.delay != 0 {
            return self.idle(shared);
        }
        if self.latch != Latch::Empty || self.sticky.is_some() {
            return self.tick_rare(cycle, shared);
        }
        let op = *self.ops.at(self.pc);
        let flow = self.execute(op, cycle, shared);
        self.side_set(op, shared);
        self.refill(shared);
        let mut periods = 1;
        match flow {
            Flow::Go(address) => {
                self.pc = address;
                periods += self.begin_delay(op.delay);
            }
            Flow::Stall(wait) => self.begin_wait(wait, shared),
            Flow::Exec(word) => {
                (self.latch, self.latched) = (Latch::Exec, word);
                self.pc = op.next;
            }
        }
        self.due += self.config.divisor * periods - self.phase;
        self.phase = 0;
    }

    /// Does each tick carry out the instruction at PC, which writes output levels at most?
    #[inline(always)]
    fn is_plain(&self) -> bool {
        let config = &self.config;
        let unusual = config.inline_enable.is_some() || config.sticky || config.side_pindir;
        !unusual && self.phase == 0 && self.delay == 0 && self.latch == Latch::Empty
    }

    /// Where PC is in a loop that sends bits and clocks them: its two instructions, and whether the clock comes next.
    #[inline(always)]
    fn bit_loop(&self) -> Option<(&Op, &Op, bool)> {
        let op = self.ops.at(self.pc);
        let other = self.ops.at(op.next);
        if self.ops.sends >> (self.pc & 31) & 1 != 0 {
            Some((op, other, false))
        } else if self.ops.clocks >> (self.pc & 31) & 1 != 0 && self.ops.sends >> (op.next & 31) & 1 != 0 {
            Some((other, op, true))
        } else {
            None
        }
    }

    /// In a loop that sends bits: the cycle in which the OSR is used up, so that it does more than to move pins.
    #[inline]
    pub fn shifts_until(&self) -> Option<u64> {
        let (send, clock, clocking) = self.bit_loop()?;
        let left = u64::from(self.config.autopull.saturating_sub(self.osr_count));
        if left == 0 || !self.is_plain() {
            return None;
        }
        if self.config.autopull == NEVER {
            return Some(u64::MAX);
        }
        let left = left + self.ahead.len() as u64 * u64::from(self.config.autopull);
        let (sent, clocked) = (1 + u64::from(send.delay), 1 + u64::from(clock.delay));
        let periods = (left - 1) * (sent + clocked) + if clocking { clocked } else { 0 };
        Some((self.due + periods * self.config.divisor) >> 8)
    }

    /// In a loop that sends bits, whose OSR is used up in a cycle that has come by now: the word that is pulled in that cycle
    /// leaves the FIFO, and its bits are sent when the pins come so far. False: there is none, or enough are under way.
    #[inline]
    pub fn take_ahead(&mut self) -> bool {
        let takes = !self.tx.is_empty() && self.ahead.len() < AHEAD;
        if takes {
            self.ahead.push_back(self.tx.pop());
        }
        takes
    }

    /// Programs that feed displays and LEDs spend most of their ticks shifting bits to pins. As many such ticks as come
    /// before `until` are gone through here in one go, with the same outcome as by [`Machine::tick`]: OUT to pins and NOP
    /// with their side-set, as long as only open pins change. It ends with the tick in which a word is pulled.
    /// Returns the cycle after the last of them.
    #[inline(always)]
    pub fn shift_out(&mut self, until: u64, shared: &mut Shared, lane: &mut Lane) -> Option<u64> {
        if !self.is_plain() {
            return None;
        }
        self.send_bits(until, shared, lane).or_else(|| self.shift_words(until, shared, lane))
    }

    /// The loop that sends a bit and clocks it: two instructions, whose writes to pins are known beforehand.
    #[inline(always)]
    fn send_bits(&mut self, until: u64, shared: &mut Shared, lane: &mut Lane) -> Option<u64> {
        let config = &self.config;
        let (send, clock, clocking) = self.bit_loop()?;
        let left = config.autopull.min(32).saturating_sub(self.osr_count);
        let (sides, pins) = (send.side_mask | clock.side_mask, config.out_mask | send.side_mask | clock.side_mask);
        let data = 1u32.rotate_left(config.out_base) & config.out_mask;
        if left == 0 || self.due >= until << 8 || data & sides | pins & !lane.open() != 0 {
            return None;
        }
        // What one instruction leaves alone keeps the level that the other one gave it.
        let sent = clock.side_value & !(config.out_mask | send.side_mask) | send.side_value;
        let clocked = sent & !clock.side_mask | clock.side_value;
        let present = shared.out & data != 0;
        let mut train = Train {
            pins: u64::from(pins),
            data: u64::from(data),
            sent: u64::from(sent),
            clocked: u64::from(clocked),
            send_ticks: config.divisor * (1 + u64::from(send.delay)),
            clock_ticks: config.divisor * (1 + u64::from(clock.delay)),
            bits: u64::from(present) << 32
                | u64::from(if config.out_right { self.osr.reverse_bits() } else { self.osr }),
            left: u32::from(left),
            clocking,
            due: self.due,
        };
        let (addresses, delay) = ((clock.next, send.next), send.delay);
        let cycle = lane.send(&mut train, until << 8)?;
        let sent = left - train.left as u8;
        self.pc = if train.clocking { addresses.1 } else { addresses.0 };
        self.osr = if self.config.out_right { shift_right(self.osr, sent) } else { shift_left(self.osr, sent) };
        self.osr_count += sent;
        self.due = train.due;
        shared.out = (shared.out & !pins) | (lane.level() & pins);
        // The train ends with the OUT that uses up the OSR, which refills it in the same cycle (3.5.4), or as soon as it can.
        self.refill(shared);
        if train.left == 0 && self.osr_count >= self.config.autopull {
            self.due -= self.config.divisor * u64::from(delay);
            self.delay = delay;
        }
        Some(cycle)
    }

    /// Any other run of OUT to pins and NOP, while the OSR holds enough bits that nothing is pulled.
    #[inline(always)]
    fn shift_words(&mut self, until: u64, shared: &mut Shared, lane: &mut Lane) -> Option<u64> {
        let config = &self.config;
        let (limit, enough) = (until << 8, config.autopull.min(33));
        let (mut due, mut pc, mut osr, mut count, mut out) = (self.due, self.pc, self.osr, self.osr_count, shared.out);
        let mut last = None;
        while due < limit && count < enough && !lane.is_disturbed() {
            let op = self.ops.at(pc);
            let (mut osr_after, mut count_after, mut after) = (osr, count, out);
            match op.kind {
                Kind::Nop => {}
                Kind::OutPins => {
                    count_after += op.count;
                    let right = config.out_right;
                    let data = if right { osr & mask(op.count) } else { osr >> (32 - op.count) };
                    osr_after = if right { shift_right(osr, op.count) } else { shift_left(osr, op.count) };
                    after = (out & !config.out_mask) | (data.rotate_left(config.out_base) & config.out_mask);
                }
                _ => break,
            }
            after = (after & !op.side_mask) | op.side_value;
            let changed = after ^ out;
            if count_after >= enough || changed & !lane.open() != 0 {
                break;
            }
            let cycle = (due >> 8) + 1;
            (pc, osr, count, out) = (op.next, osr_after, count_after, after);
            due += config.divisor * (1 + u64::from(op.delay));
            last = Some(cycle);
            if changed != 0 {
                lane.toggle(changed, cycle);
            }
        }
        (self.due, self.pc, self.osr, self.osr_count, shared.out) = (due, pc, osr, count, out);
        last
    }

    /// A cycle in which a latched instruction is executed, or a sticky write is asserted.
    #[inline(never)]
    fn tick_rare(&mut self, cycle: u64, shared: &mut Shared) {
        self.assert_sticky(shared);
        let latch = self.latch;
        let op = if latch == Latch::Empty { *self.ops.at(self.pc) } else { self.decode_latched(self.latched) };
        let flow = self.execute(op, cycle, shared);
        self.side_set(op, shared);
        self.refill(shared);
        let delay = if latch == Latch::Forced { 0 } else { op.delay };
        let mut periods = 1;
        match flow {
            Flow::Go(address) => {
                self.latch = Latch::Empty;
                self.pc = address;
                periods += self.begin_delay(delay);
            }
            Flow::Stall(wait) => self.begin_wait(wait, shared),
            Flow::Exec(word) => {
                (self.latch, self.latched) = (Latch::Exec, word);
                self.pc = op.next;
            }
        }
        if latch == Latch::Forced && self.latch != latch {
            shared.touched |= UNLATCHED;
        }
        self.due += self.config.divisor * periods - std::mem::take(&mut self.phase);
    }

    /// The program counter stays where it is, unless the instruction itself is a jump.
    fn decode_latched(&self, word: u16) -> Op {
        Op { next: self.pc, ..Op::decode(word, self.pc, self.number, &self.config) }
    }

    /// Idle cycles are skipped, unless the OSR is to be refilled in one of them as soon as a word arrives.
    #[inline(always)]
    fn begin_delay(&mut self, delay: u8) -> u64 {
        if self.osr_count >= self.config.autopull {
            self.delay = delay;
            return 0;
        }
        u64::from(delay)
    }

    /// An idle cycle that has to be gone through.
    #[inline(never)]
    fn idle(&mut self, shared: &mut Shared) {
        self.assert_sticky(shared);
        self.refill(shared);
        let delay = self.delay - 1;
        self.delay = 0;
        self.due += self.config.divisor * (1 + self.begin_delay(delay)) - std::mem::take(&mut self.phase);
    }
}

impl PinWrite {
    #[inline(always)]
    pub(super) fn carry_out(self, shared: &mut Shared) {
        if self.dirs {
            shared.oe = (shared.oe & !self.mask) | (self.value & self.mask);
            shared.touched |= UNUSUAL;
        } else {
            shared.out = (shared.out & !self.mask) | (self.value & self.mask);
        }
    }
}
