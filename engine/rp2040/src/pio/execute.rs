//! What the nine instructions do, section 3.4, and how the shift registers are filled and emptied, section 3.5.4.

use super::instruction::{Kind, Op};
use super::machine::{Machine, PinWrite, Shared, Wait, FLAGS, RESERVED, UNUSUAL};

/// What an instruction leads to.
pub(super) enum Flow {
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

pub(super) fn shift_left(value: u32, bits: u8) -> u32 {
    ((u64::from(value)) << bits) as u32
}

pub(super) fn shift_right(value: u32, bits: u8) -> u32 {
    ((u64::from(value)) >> bits) as u32
}

pub(super) fn mask(bits: u8) -> u32 {
    u32::MAX >> (32 - bits)
}

impl Machine {
    /// Side-set happens in the first cycle of an instruction and in every cycle in which it stalls; it beats what
    /// the instruction itself writes to the same pins (3.5.1, 3.5.6).
    #[inline(always)]
    pub(super) fn side_set(&self, op: Op, shared: &mut Shared) {
        let pins = if self.config.side_pindir { &mut shared.oe } else { &mut shared.out };
        *pins = (*pins & !op.side_mask) | op.side_value;
    }

    /// The second half of a cycle with autopull (3.5.4): an OSR that is used up is refilled as soon as there is a word.
    #[inline(always)]
    pub(super) fn refill(&mut self, shared: &mut Shared) {
        if self.osr_count < self.config.autopull {
            return;
        }
        if let Some(word) = self.ahead.pop_front() {
            (self.osr, self.osr_count) = (word, 0);
        } else if !self.tx.is_empty() {
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
    pub(super) fn begin_wait(&mut self, wait: Wait, shared: &mut Shared) {
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
    pub(super) fn execute(&mut self, op: Op, cycle: u64, shared: &mut Shared) -> Flow {
        match op.kind {
            Kind::Nop => Flow::Go(op.next),
            Kind::OutPins => match self.take_bits(op.count, shared) {
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
    fn take_bits(&mut self, count: u8, shared: &mut Shared) -> Result<u32, Flow> {
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
        let data = match self.take_bits(op.count, shared) {
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
