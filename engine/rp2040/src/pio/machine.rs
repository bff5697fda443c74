//! One state machine: its registers, and what it does in a cycle of its own clock (sections 3.2, 3.4 and 3.5).

use super::config::Config;
use super::fifo::{Fifo, FIFO_DEPTH};
use super::inputs::Inputs;
use super::instruction::{Kind, Op};
use serde::{Deserialize, Serialize};

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
struct PinWrite {
    dirs: bool,
    mask: u32,
    value: u32,
}

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
pub struct Ops(pub [Op; 32]);

impl Default for Ops {
    fn default() -> Self {
        Self([Op::BLANK; 32])
    }
}

/// A state machine.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Machine {
    /// When its clock ticks next, in 1/256 cycles of clk_sys. While it idles for the delay of an instruction, or waits, see
    /// [`Machine::settle`].
    due: u64,
    /// What the next period of the divider is too long by: the carry of a fraction takes effect one period later.
    phase: u64,
    #[serde(skip)]
    ops: Ops,
    /// Addresses that are known not to lead to any other, and whether an instruction at one of them looks at pins.
    #[serde(skip)]
    surveyed: u32,
    sees_pins: bool,
    /// The program counter.
    pub pc: u8,
    /// What it waits for. A machine that waits is not clocked until somebody wakes it.
    pub wait: Wait,
    /// Where the next instruction comes from, if not from memory.
    pub latch: Latch,
    /// Idle cycles that are still to come before the next instruction.
    delay: u8,
    isr_count: u8,
    osr_count: u8,
    x: u32,
    y: u32,
    isr: u32,
    osr: u32,
    /// The configuration.
    pub config: Config,
    /// The TX FIFO.
    pub tx: Fifo,
    /// The RX FIFO.
    pub rx: Fifo,
    latched: u16,
    irq_waiting: bool,
    /// Stalls keep asserting side-set, and another machine writes the same pins: it must be clocked while it waits.
    pub contended: bool,
    sticky: Option<PinWrite>,
    /// Its number in the block.
    pub number: u8,
}

/// What an instruction leads to.
enum Flow {
    /// On to the instruction at this address.
    Go(u8),
    /// The instruction again in the next cycle, which can come out differently only when this changes.
    Stall(Wait),
    /// OUT EXEC and MOV EXEC: this instruction, without the delay of the present one.
    Exec(u16),
}

/// What an instruction that needs a call leads to.
enum Outcome {
    /// It is complete.
    Done,
    /// As [`Flow::Stall`].
    Stall(Wait),
    /// It is complete, and another address follows.
    Jump(u8),
    /// As [`Flow::Exec`].
    Exec(u16),
}

fn shift_left(value: u32, bits: u8) -> u32 {
    ((u64::from(value)) << bits) as u32
}

fn shift_right(value: u32, bits: u8) -> u32 {
    ((u64::from(value)) >> bits) as u32
}

fn mask(bits: u8) -> u32 {
    u32::MAX >> (32 - bits)
}

impl Machine {
    /// A machine after reset.
    pub fn new(number: u8, config: Config) -> Self {
        Self {
            due: 0,
            phase: 0,
            ops: Ops::default(),
            surveyed: 0,
            sees_pins: false,
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
        for (address, op) in self.ops.0.iter_mut().enumerate() {
            *op = Op::decode(memory[address], address as u8, self.number, &self.config);
        }
        self.surveyed = 0;
    }

    /// From where it is now, can it ever look at a pin, or go to where that cannot be told?
    pub fn looks_at_pins(&mut self) -> bool {
        if self.latch != Latch::Empty {
            return true;
        }
        if self.surveyed >> self.pc & 1 == 0 {
            self.survey();
        }
        self.sees_pins
    }

    /// Follows the program from the program counter on: every address that it can come to.
    fn survey(&mut self) {
        self.surveyed = 0;
        self.sees_pins = false;
        let mut open = 1u32 << self.pc;
        while open != 0 {
            let address = open.trailing_zeros();
            self.surveyed |= 1 << address;
            let op = self.ops.0[address as usize];
            self.sees_pins |= op.looks_at_pins();
            open |= 1 << op.next;
            if op.is_jump() {
                open |= 1 << op.arg;
            }
            open &= !self.surveyed;
        }
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
        } else if self.phase == 0 {
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

    /// The configuration changed. FIFOs are flushed where the way they are joined changes (SHIFTCTRL).
    pub fn configure(&mut self, config: Config) {
        if config.join != self.config.join {
            let (tx, rx) = config.join;
            self.tx.resize(FIFO_DEPTH * u8::from(!rx) + FIFO_DEPTH * u8::from(tx && !rx));
            self.rx.resize(FIFO_DEPTH * u8::from(!tx) + FIFO_DEPTH * u8::from(rx && !tx));
        }
        if !config.sticky {
            self.sticky = None;
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
        let op = self.ops.0[usize::from(self.pc & 31)];
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

    /// A cycle in which a latched instruction is executed, or a sticky write is asserted.
    #[inline(never)]
    fn tick_rare(&mut self, cycle: u64, shared: &mut Shared) {
        self.assert_sticky(shared);
        let latch = self.latch;
        let op = if latch == Latch::Empty {
            self.ops.0[usize::from(self.pc & 31)]
        } else {
            self.decode_latched(self.latched)
        };
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

    /// Side-set happens in the first cycle of an instruction and in every cycle in which it stalls; it beats what
    /// the instruction itself writes to the same pins (3.5.1, 3.5.6).
    #[inline(always)]
    fn side_set(&self, op: Op, shared: &mut Shared) {
        let pins = if self.config.side_pindir { &mut shared.oe } else { &mut shared.out };
        *pins = (*pins & !op.side_mask) | op.side_value;
    }

    /// The second half of a cycle with autopull (3.5.4): an OSR that is used up is refilled as soon as there is a word.
    #[inline(always)]
    fn refill(&mut self, shared: &mut Shared) {
        if self.osr_count >= self.config.autopull && !self.tx.is_empty() {
            self.pull(shared);
        }
    }

    #[inline(always)]
    fn pull(&mut self, shared: &mut Shared) {
        self.osr = self.tx.pop();
        self.osr_count = 0;
        shared.touched |= 1 << self.number;
    }

    fn push(&mut self, word: u32, shared: &mut Shared) {
        self.rx.push(word);
        self.isr = 0;
        self.isr_count = 0;
        shared.touched |= 1 << self.number;
    }

    #[inline(always)]
    fn begin_wait(&mut self, wait: Wait, shared: &mut Shared) {
        self.wait = wait;
        if wait != Wait::Nothing {
            shared.touched |= UNUSUAL;
        }
    }

    /// What a stalled machine waits for, unless it has to be clocked all the same.
    fn stall(&self, wait: Wait) -> Wait {
        if self.contended {
            Wait::Nothing
        } else {
            wait
        }
    }

    fn stall_on_tx(&self, shared: &mut Shared) -> Wait {
        shared.fdebug |= 1 << (24 + self.number);
        self.stall(Wait::Fifo)
    }

    fn stall_on_rx(&self, shared: &mut Shared) -> Wait {
        shared.fdebug |= 1 << self.number;
        self.stall(Wait::Fifo)
    }

    #[inline(always)]
    fn execute(&mut self, op: Op, cycle: u64, shared: &mut Shared) -> Flow {
        match op.kind {
            Kind::Nop => Flow::Go(op.next),
            Kind::OutPins => match self.shift_out(op.count, shared) {
                Ok(data) => {
                    self.out_pins(data, false, shared);
                    Flow::Go(op.next)
                }
                Err(stall) => stall,
            },
            Kind::OutX | Kind::OutY | Kind::OutNull | Kind::OutPindirs | Kind::OutPc | Kind::OutIsr | Kind::OutExec => {
                self.out(op, shared)
            }
            Kind::Jmp => Flow::Go(op.arg),
            Kind::JmpXDec => {
                let taken = self.x != 0;
                self.x = self.x.wrapping_sub(1);
                jump(taken, op)
            }
            Kind::JmpYDec => {
                let taken = self.y != 0;
                self.y = self.y.wrapping_sub(1);
                jump(taken, op)
            }
            Kind::JmpXZero => jump(self.x == 0, op),
            Kind::JmpYZero => jump(self.y == 0, op),
            Kind::JmpXNotY => jump(self.x != self.y, op),
            Kind::JmpPin => jump(shared.inputs.view(cycle) >> self.config.jmp_pin & 1 != 0, op),
            Kind::JmpNotOsrEmpty => jump(self.osr_count < self.config.pull_threshold, op),
            _ => self.execute_long(op, cycle, shared),
        }
    }

    /// Instructions that need a call.
    #[inline(always)]
    fn execute_long(&mut self, op: Op, cycle: u64, shared: &mut Shared) -> Flow {
        // The operands go one by one, so that no instruction has to be put together in memory.
        match self.carry_out(op.kind, op.arg, op.count, op.flag, cycle, shared) {
            Outcome::Done => Flow::Go(op.next),
            Outcome::Stall(wait) => Flow::Stall(wait),
            Outcome::Jump(target) => Flow::Go(target),
            Outcome::Exec(word) => Flow::Exec(word),
        }
    }

    #[inline(never)]
    fn carry_out(&mut self, kind: Kind, arg: u8, count: u8, flag: bool, cycle: u64, shared: &mut Shared) -> Outcome {
        match kind {
            Kind::WaitPin => self.wait_pin(arg, flag, cycle, shared),
            Kind::WaitIrq => self.wait_irq(arg, flag, shared),
            Kind::In => self.shift_in(arg, count, cycle, shared),
            Kind::Push => self.push_instruction(arg != 0, flag, shared),
            Kind::Pull => self.pull_instruction(arg != 0, flag, shared),
            Kind::MovPins | Kind::MovX | Kind::MovY | Kind::MovExec | Kind::MovPc | Kind::MovIsr | Kind::MovOsr => {
                self.mov(kind, arg, count, cycle, shared)
            }
            Kind::IrqSet => {
                shared.raised |= 1 << arg;
                shared.touched |= FLAGS;
                Outcome::Done
            }
            Kind::IrqWait => self.irq_wait(arg, shared),
            Kind::IrqClear => {
                shared.lowered |= 1 << arg;
                shared.touched |= FLAGS;
                Outcome::Done
            }
            Kind::SetPins | Kind::SetPindirs => {
                let value = u32::from(arg).rotate_left(self.config.set_base);
                let dirs = kind == Kind::SetPindirs;
                self.write_pins(PinWrite { dirs, mask: self.config.set_mask, value }, shared);
                Outcome::Done
            }
            Kind::SetX => {
                self.x = u32::from(arg);
                Outcome::Done
            }
            Kind::SetY => {
                self.y = u32::from(arg);
                Outcome::Done
            }
            _ => {
                shared.touched |= RESERVED;
                Outcome::Done
            }
        }
    }

    /// WAIT GPIO and WAIT PIN, 3.4.3.
    fn wait_pin(&self, gpio: u8, level: bool, cycle: u64, shared: &Shared) -> Outcome {
        if (shared.inputs.view(cycle) >> gpio & 1 != 0) == level {
            Outcome::Done
        } else if shared.inputs.is_settled(cycle) {
            Outcome::Stall(self.stall(Wait::Pin))
        } else {
            Outcome::Stall(Wait::Nothing)
        }
    }

    /// OUT, 3.4.5. It never shifts out of an OSR that is used up: it stalls while the OSR is refilled (3.5.4).
    #[inline(always)]
    fn shift_out(&mut self, count: u8, shared: &mut Shared) -> Result<u32, Flow> {
        if self.osr_count >= self.config.autopull {
            return Err(Flow::Stall(self.refill_and_stall(shared)));
        }
        let data = if self.config.out_right {
            let data = self.osr & mask(count);
            self.osr = shift_right(self.osr, count);
            data
        } else {
            let data = self.osr >> (32 - count);
            self.osr = shift_left(self.osr, count);
            data
        };
        self.osr_count = (self.osr_count + count).min(32);
        Ok(data)
    }

    #[inline(never)]
    fn refill_and_stall(&mut self, shared: &mut Shared) -> Wait {
        if self.tx.is_empty() {
            return self.stall_on_tx(shared);
        }
        self.pull(shared);
        Wait::Nothing
    }

    /// OUT to other destinations than pins.
    fn out(&mut self, op: Op, shared: &mut Shared) -> Flow {
        let data = match self.shift_out(op.count, shared) {
            Ok(data) => data,
            Err(stall) => return stall,
        };
        match op.kind {
            Kind::OutPindirs => self.out_pins(data, true, shared),
            Kind::OutX => self.x = data,
            Kind::OutY => self.y = data,
            Kind::OutIsr => (self.isr, self.isr_count) = (data, op.count),
            Kind::OutPc => return Flow::Go((data & 31) as u8),
            Kind::OutExec => return Flow::Exec(data as u16),
            _ => {}
        }
        Flow::Go(op.next)
    }

    /// OUT and MOV to pins share a mapping. With INLINE_OUT_EN a bit of the data says whether the pins are written at all.
    #[inline(always)]
    fn out_pins(&mut self, data: u32, dirs: bool, shared: &mut Shared) {
        let mask = self.config.out_mask;
        let value = data.rotate_left(self.config.out_base);
        if self.config.inline_enable.is_some_and(|bit| data >> bit & 1 == 0) {
            self.sticky = None;
            return;
        }
        self.write_pins(PinWrite { dirs, mask, value }, shared);
    }

    #[inline(always)]
    fn write_pins(&mut self, write: PinWrite, shared: &mut Shared) {
        write.carry_out(shared);
        if self.config.sticky {
            self.sticky = Some(write);
            shared.touched |= UNUSUAL;
        }
    }

    /// WAIT IRQ, 3.4.3: waiting for a 1 also clears the flag.
    fn wait_irq(&mut self, index: u8, level: bool, shared: &mut Shared) -> Outcome {
        if (shared.irq >> index & 1 != 0) != level {
            return Outcome::Stall(self.stall(Wait::Irq));
        }
        if level {
            shared.lowered |= 1 << index;
            shared.touched |= FLAGS;
        }
        Outcome::Done
    }

    /// IRQ WAIT, 3.4.9: raises the flag, and is complete when it finds it lowered again.
    fn irq_wait(&mut self, index: u8, shared: &mut Shared) -> Outcome {
        if self.irq_waiting {
            if shared.irq >> index & 1 != 0 {
                return Outcome::Stall(self.stall(Wait::Irq));
            }
            self.irq_waiting = false;
            return Outcome::Done;
        }
        self.irq_waiting = true;
        shared.raised |= 1 << index;
        shared.touched |= FLAGS;
        Outcome::Stall(Wait::Nothing)
    }

    /// IN, 3.4.4, with autopush, 3.5.4: shift and push are one step, so where the RX FIFO is full neither happens.
    fn shift_in(&mut self, source: u8, bits: u8, cycle: u64, shared: &mut Shared) -> Outcome {
        let source = match source {
            0 => shared.inputs.view(cycle).rotate_right(u32::from(self.config.in_base)),
            1 => self.x,
            2 => self.y,
            3 => 0,
            6 => self.isr,
            _ => self.osr,
        };
        let data = source & mask(bits);
        let isr = if self.config.in_right {
            shift_right(self.isr, bits) | data << (32 - bits)
        } else {
            shift_left(self.isr, bits) | data
        };
        let count = (self.isr_count + bits).min(32);
        if count < self.config.autopush {
            (self.isr, self.isr_count) = (isr, count);
            return Outcome::Done;
        }
        if self.rx.is_full() {
            return Outcome::Stall(self.stall_on_rx(shared));
        }
        self.push(isr, shared);
        Outcome::Done
    }

    /// PUSH, 3.4.6. Without Block, a word for which there is no room is lost, and RXSTALL tells so (FDEBUG).
    fn push_instruction(&mut self, if_full: bool, block: bool, shared: &mut Shared) -> Outcome {
        if if_full && self.isr_count < self.config.push_threshold {
            return Outcome::Done;
        }
        if !self.rx.is_full() {
            self.push(self.isr, shared);
            return Outcome::Done;
        }
        if block {
            return Outcome::Stall(self.stall_on_rx(shared));
        }
        shared.fdebug |= 1 << self.number;
        self.isr = 0;
        self.isr_count = 0;
        Outcome::Done
    }

    /// PULL, 3.4.7. With autopull it does nothing while the OSR is full (3.5.4).
    fn pull_instruction(&mut self, if_empty: bool, block: bool, shared: &mut Shared) -> Outcome {
        let automatic = self.config.autopull <= 32;
        if (if_empty && self.osr_count < self.config.pull_threshold) || (automatic && self.osr_count == 0) {
            return Outcome::Done;
        }
        if !self.tx.is_empty() {
            self.pull(shared);
            return Outcome::Done;
        }
        if block {
            return Outcome::Stall(self.stall_on_tx(shared));
        }
        self.osr = self.x;
        self.osr_count = 0;
        Outcome::Done
    }

    /// MOV, 3.4.8.
    fn mov(&mut self, kind: Kind, source: u8, operation: u8, cycle: u64, shared: &mut Shared) -> Outcome {
        let source = match source {
            0 => shared.inputs.view(cycle).rotate_right(u32::from(self.config.in_base)),
            1 => self.x,
            2 => self.y,
            3 => 0,
            5 => self.status(),
            6 => self.isr,
            _ => self.osr,
        };
        let value = match operation {
            0 => source,
            1 => !source,
            _ => source.reverse_bits(),
        };
        match kind {
            Kind::MovPins => self.out_pins(value, false, shared),
            Kind::MovX => self.x = value,
            Kind::MovY => self.y = value,
            Kind::MovIsr => (self.isr, self.isr_count) = (value, 0),
            Kind::MovOsr => (self.osr, self.osr_count) = (value, 0),
            Kind::MovPc => return Outcome::Jump((value & 31) as u8),
            _ => return Outcome::Exec(value as u16),
        }
        Outcome::Done
    }

    /// MOV STATUS: all ones while the FIFO holds fewer words than STATUS_N (EXECCTRL).
    fn status(&self) -> u32 {
        let level = if self.config.status_rx { self.rx.level() } else { self.tx.level() };
        if level < self.config.status_level {
            u32::MAX
        } else {
            0
        }
    }
}

/// JMP, 3.4.2.
#[inline(always)]
fn jump(taken: bool, op: Op) -> Flow {
    Flow::Go(if taken { op.arg } else { op.next })
}

impl PinWrite {
    #[inline(always)]
    fn carry_out(self, shared: &mut Shared) {
        if self.dirs {
            shared.oe = (shared.oe & !self.mask) | (self.value & self.mask);
            shared.touched |= UNUSUAL;
        } else {
            shared.out = (shared.out & !self.mask) | (self.value & self.mask);
        }
    }
}
