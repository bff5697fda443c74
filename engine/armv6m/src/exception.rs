//! Exceptions: priorities, entry, return, faults, lock-up. ARMv6-M ARM, B1.5.

use serde::{Deserialize, Serialize};

use crate::core::{Core, LR, NOT_FETCHED, PC, SP};
use crate::execute::Yielded;
use crate::{Bus, BusError};

pub(crate) const NMI: u8 = 2;
pub(crate) const HARD_FAULT: u8 = 3;
pub(crate) const SVCALL: u8 = 11;
pub(crate) const PENDSV: u8 = 14;
pub(crate) const SYSTICK: u8 = 15;
/// Exception number of external interrupt 0.
pub(crate) const IRQ0: u8 = 16;

/// From interrupt to the first instruction of its handler (Cortex-M0+ TRM 3.6.1: 15 cycles with
/// zero wait state memory). Wait states of the eight stack writes and the vector come on top.
const ENTRY_CYCLES: u64 = 15;
/// Eight reads that restore the frame. No Arm manual gives a figure for the return; the branch
/// into it has already paid for its own refill.
const RETURN_CYCLES: u64 = 8;
/// Tail-chaining saves the eight stack accesses of an entry. No Arm manual gives a figure.
const TAIL_CHAIN_CYCLES: u64 = ENTRY_CYCLES - 8;
/// Registers of the stack frame.
const FRAME_WORDS: u32 = 8;
/// xPSR bit 9 in a frame: SP was not 8-byte aligned and one word was skipped.
const FRAME_PADDED: u32 = 1 << 9;
/// Stacked xPSR bits that come back: NZCV, T, exception number.
const IPSR_MASK: u32 = 0x3F;

/// EXC_RETURN values (B1.5.8, table B1-9).
const RETURN_TO_HANDLER: u32 = 0xFFFF_FFF1;
const RETURN_TO_THREAD_MSP: u32 = 0xFFFF_FFF9;
const RETURN_TO_THREAD_PSP: u32 = 0xFFFF_FFFD;

/// Priority of Thread mode with nothing active: below the lowest configurable one.
const THREAD_PRIORITY: i8 = 4;
const HARD_FAULT_PRIORITY: i8 = -1;
const NMI_PRIORITY: i8 = -2;

/// What went wrong. Every one of them is a HardFault (B1.5.8), or lock-up where that cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    /// Nothing executable at the PC.
    Fetch,
    /// Nothing answered a read.
    BusRead,
    /// Nothing answered a write.
    BusWrite,
    /// Address not a multiple of the access size.
    Unaligned,
    /// UNDEFINED instruction, or UDF.
    Undefined,
    /// UNPREDICTABLE instruction; also counted in `unimplemented`.
    Unpredictable,
    /// Branch or vector with bit 0 clear: the Thumb bit is gone.
    InvalidState,
    /// BKPT without a debugger.
    Bkpt,
    /// SVC where its priority does not allow it.
    SvcMasked,
    /// EXC_RETURN, or the frame behind it, does not fit the state of the core.
    ExceptionReturn,
    /// Nothing answered while the frame was pushed: the stack pointer is off.
    Stacking,
    /// Nothing answered while the frame was popped.
    Unstacking,
    /// Nothing answered a read of the vector table.
    VectorRead,
}

/// A fault: what, where, when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultReport {
    /// What went wrong.
    pub cause: Cause,
    /// The instruction that faulted.
    pub pc: u32,
    /// The address that was accessed, or the PC where no data was.
    pub address: u32,
    /// Processor clock.
    pub cycle: u64,
}

/// Lock-up (B1.5.11): a fault inside HardFault or NMI.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockupReport {
    /// The fault that no handler could take.
    pub fault: FaultReport,
    /// The fault whose handler was running then, if one was: usually the one to look at.
    pub original: Option<FaultReport>,
    /// Registers at lock-up.
    pub regs: [u32; 16],
    /// xPSR at lock-up: the exception that was being handled.
    pub xpsr: u32,
}

impl Core {
    /// Priority of exception `number`; a smaller value is more urgent (B1.5.4).
    fn priority(&self, number: u8) -> i8 {
        match number {
            NMI => NMI_PRIORITY,
            HARD_FAULT => HARD_FAULT_PRIORITY,
            SVCALL => self.scb.svcall_priority as i8,
            PENDSV => self.scb.pendsv_priority as i8,
            SYSTICK => self.scb.systick_priority as i8,
            _ => self.nvic.priorities[usize::from(number - IRQ0) % 32] as i8,
        }
    }

    /// The most urgent of the active exceptions, without PRIMASK.
    fn active_priority(&self) -> i8 {
        let mut priority = THREAD_PRIORITY;
        let mut rest = self.nvic.active;
        while rest != 0 {
            priority = priority.min(self.priority(rest.trailing_zeros() as u8));
            rest &= rest - 1;
        }
        priority
    }

    /// The priority at which the core executes. B1.5.4: ExecutionPriority().
    fn execution_priority(&self) -> i8 {
        let active = self.active_priority();
        if self.primask {
            active.min(0)
        } else {
            active
        }
    }

    /// The most urgent pending exception; the lowest number among equals.
    fn most_urgent_pending(&self) -> Option<u8> {
        let mut rest = self.nvic.pending_and_enabled();
        let mut best: Option<(i8, u8)> = None;
        while rest != 0 {
            let number = rest.trailing_zeros() as u8;
            let candidate = (self.priority(number), number);
            if best.is_none_or(|best| candidate < best) {
                best = Some(candidate);
            }
            rest &= rest - 1;
        }
        best.map(|(_, number)| number)
    }

    /// What ICSR.VECTPENDING shows.
    pub(crate) fn vect_pending(&self) -> u8 {
        self.most_urgent_pending().unwrap_or(0)
    }

    /// What wakes a core from WFI, and from WFE besides an event (B1.5.17, B1.5.18): an exception
    /// that would preempt. WFI looks through PRIMASK, WFE does not.
    pub(crate) fn wakeup_exception_pending(&self) -> bool {
        let threshold = if self.waits_for_event { self.execution_priority() } else { self.active_priority() };
        self.most_urgent_pending().is_some_and(|number| self.priority(number) < threshold)
    }

    /// External interrupts become pending; with SEVONPEND each that does is an event.
    pub(crate) fn pend_irqs(&mut self, irqs: u32) {
        if irqs & !self.nvic.irq_pending != 0 && self.scb.sev_on_pend {
            self.event = true;
        }
        self.nvic.irq_pending |= irqs;
    }

    pub(crate) fn pend_systick(&mut self) {
        self.event |= self.scb.sev_on_pend && !self.nvic.systick_pending;
        self.nvic.systick_pending = true;
    }

    pub(crate) fn pend_pendsv(&mut self) {
        self.event |= self.scb.sev_on_pend && !self.nvic.pendsv_pending;
        self.nvic.pendsv_pending = true;
    }

    /// Enters the most urgent pending exception if it preempts what runs. Late arrival (B1.5.10)
    /// needs nothing more: entry is one step, and a more urgent exception that appears during it
    /// preempts before the first instruction of the handler.
    pub(crate) fn take_pending_exception<B: Bus>(&mut self, bus: &mut B) -> Result<bool, Yielded> {
        match self.exception_due() {
            Some(number) => {
                self.enter_exception(bus, number, self.regs[PC], None)?;
                Ok(true)
            }
            None => Ok(false),
        }
    }

    /// The exception that comes before the next instruction.
    fn exception_due(&self) -> Option<u8> {
        if self.nvic.pending_and_enabled() == 0 || self.returning() {
            return None;
        }
        self.most_urgent_pending().filter(|number| self.priority(*number) < self.execution_priority())
    }

    /// Does an exception come before the next instruction?
    pub(crate) fn exception_is_due(&self) -> bool {
        self.exception_due().is_some()
    }

    /// SVC (B1.5.6): the exception is taken at once, or it is a fault.
    pub(crate) fn supervisor_call<B: Bus>(&mut self, bus: &mut B) -> Result<(), Yielded> {
        if self.priority(SVCALL) >= self.execution_priority() {
            return self.hard_fault(bus, Cause::SvcMasked, self.regs[PC]);
        }
        self.enter_exception(bus, SVCALL, self.regs[PC].wrapping_add(2), None)?;
        self.instructions += 1;
        Ok(())
    }

    /// A fault of the instruction at PC.
    pub(crate) fn hard_fault<B: Bus>(&mut self, bus: &mut B, cause: Cause, address: u32) -> Result<(), Yielded> {
        let fault = self.report(cause, address);
        if self.active_priority() <= HARD_FAULT_PRIORITY {
            let in_hard_fault = self.nvic.active & 1 << HARD_FAULT != 0;
            self.lock_up(fault, self.last_fault.clone().filter(|_| in_hard_fault));
            return Ok(());
        }
        self.enter_exception(bus, HARD_FAULT, self.regs[PC], Some(fault))
    }

    /// Stops the core for good and remembers why.
    pub(crate) fn lock_up(&mut self, fault: FaultReport, original: Option<FaultReport>) {
        self.lockup = Some(Box::new(LockupReport { fault, original, regs: self.regs, xpsr: self.xpsr() }));
    }

    fn report(&self, cause: Cause, address: u32) -> FaultReport {
        FaultReport { cause, pc: self.regs[PC], address, cycle: self.cycle }
    }

    /// B1.5.6: ExceptionEntry(). Pushes the frame and goes to the handler; `taken` is the fault
    /// that HardFault is entered for. Nothing of the core changes before the last access is done.
    fn enter_exception<B: Bus>(
        &mut self,
        bus: &mut B,
        number: u8,
        return_address: u32,
        taken: Option<FaultReport>,
    ) -> Result<(), Yielded> {
        let frame = self.regs[SP].wrapping_sub(4 * FRAME_WORDS) & !7;
        let padded = if self.regs[SP] & 4 != 0 { FRAME_PADDED } else { 0 };
        let r = &self.regs;
        let words = [r[0], r[1], r[2], r[3], r[12], r[LR], return_address, self.xpsr() | padded];
        let mut wait_states = 0;
        let mut stacking = None;
        for (index, word) in (0..).zip(words) {
            let addr = frame.wrapping_add(4 * index);
            match bus.write32(addr, word, self.cycle) {
                Ok(cycles) => wait_states += u64::from(cycles.max(1) - 1),
                Err(BusError::Yield) => return Err(Yielded),
                Err(BusError::Fault) => stacking = stacking.or(Some(self.report(Cause::Stacking, addr))),
            }
        }
        let handler = self.find_handler(bus, number, stacking)?;

        self.regs[LR] = match (self.ipsr, self.process_stack) {
            (0, false) => RETURN_TO_THREAD_MSP,
            (0, true) => RETURN_TO_THREAD_PSP,
            _ => RETURN_TO_HANDLER,
        };
        self.regs[SP] = frame;
        if self.process_stack {
            std::mem::swap(&mut self.regs[SP], &mut self.other_sp);
        }
        self.cycle += ENTRY_CYCLES + wait_states;
        self.go_to(handler, taken);
        Ok(())
    }

    /// Reads the vector of `number`. A fault on the way there, `derived` or that of the vector
    /// itself, is taken as HardFault instead, and nothing is left if that was on the way already.
    fn find_handler<B: Bus>(
        &mut self,
        bus: &mut B,
        mut number: u8,
        mut derived: Option<FaultReport>,
    ) -> Result<Handler, Yielded> {
        if derived.is_some() && number != HARD_FAULT && number != NMI {
            number = HARD_FAULT;
        } else if let Some(fault) = derived {
            return Ok(Handler::None(fault));
        }
        loop {
            let addr = self.scb.vtor.wrapping_add(4 * u32::from(number));
            match bus.read32(addr, self.cycle) {
                Ok(vector) => return Ok(Handler::At { number, vector: vector.value, derived }),
                Err(BusError::Yield) => return Err(Yielded),
                Err(BusError::Fault) if number == HARD_FAULT || number == NMI => {
                    return Ok(Handler::None(self.report(Cause::VectorRead, addr)));
                }
                Err(BusError::Fault) => {
                    derived = Some(self.report(Cause::VectorRead, addr));
                    number = HARD_FAULT;
                }
            }
        }
    }

    /// B1.5.7: ExceptionTaken(). `taken` is the fault that led here.
    fn go_to(&mut self, handler: Handler, taken: Option<FaultReport>) {
        match handler {
            Handler::None(fault) => self.lock_up(fault, taken),
            Handler::At { number, vector, derived } => {
                self.last_fault = derived.or(taken).or(self.last_fault.take());
                self.ipsr = number;
                self.process_stack = false;
                self.nvic.activate(number);
                self.event = true;
                self.branch_exchange(vector);
            }
        }
    }

    /// Whether PC holds an EXC_RETURN: BX or POP has brought it there in Handler mode.
    pub(crate) fn returning(&self) -> bool {
        self.regs[PC] >> 28 == 0xF && self.ipsr != 0
    }

    /// B1.5.8: ExceptionReturn(). PC holds the EXC_RETURN.
    pub(crate) fn exception_return<B: Bus>(&mut self, bus: &mut B) -> Result<(), Yielded> {
        let exc_return = self.regs[PC] | 1;
        let others_active = self.nvic.active & !(1 << self.ipsr) != 0;
        let to_handler = match exc_return {
            RETURN_TO_HANDLER if others_active => true,
            RETURN_TO_THREAD_MSP | RETURN_TO_THREAD_PSP if !others_active => false,
            _ => return self.hard_fault(bus, Cause::ExceptionReturn, exc_return),
        };
        let before = self.nvic.clone();
        self.nvic.deactivate(self.ipsr);
        let returned = self.unstack_or_chain(bus, exc_return, to_handler);
        if returned.is_err() {
            self.nvic = before;
        }
        returned
    }

    fn unstack_or_chain<B: Bus>(&mut self, bus: &mut B, exc_return: u32, to_handler: bool) -> Result<(), Yielded> {
        if let Some(number) = self.most_urgent_pending() {
            if self.priority(number) < self.execution_priority() {
                return self.tail_chain(bus, number, exc_return, None);
            }
        }
        let from_psp = exc_return == RETURN_TO_THREAD_PSP;
        let frame = if from_psp { self.other_sp } else { self.regs[SP] };
        let mut words = [0; FRAME_WORDS as usize];
        let mut wait_states = 0;
        for (index, word) in (0..).zip(&mut words) {
            let addr = frame.wrapping_add(4 * index);
            match bus.read32(addr, self.cycle) {
                Ok(beat) => {
                    *word = beat.value;
                    wait_states += u64::from(beat.cycles.max(1) - 1);
                }
                Err(BusError::Yield) => return Err(Yielded),
                Err(BusError::Fault) => {
                    let fault = self.report(Cause::Unstacking, addr);
                    return self.fault_on_return(bus, exc_return, fault);
                }
            }
        }
        let [r0, r1, r2, r3, r12, lr, return_address, xpsr] = words;
        let ipsr = (xpsr & IPSR_MASK) as u8;
        if to_handler != (ipsr != 0) {
            let fault = self.report(Cause::ExceptionReturn, frame);
            return self.fault_on_return(bus, exc_return, fault);
        }

        let stack = frame.wrapping_add(4 * FRAME_WORDS) | (xpsr & FRAME_PADDED) >> 7;
        if from_psp {
            self.other_sp = self.regs[SP];
        }
        self.process_stack = from_psp;
        self.regs[..4].copy_from_slice(&[r0, r1, r2, r3]);
        self.regs[12] = r12;
        self.regs[SP] = stack;
        self.regs[LR] = lr;
        self.regs[PC] = return_address & !1;
        self.fetched = NOT_FETCHED;
        self.set_apsr(xpsr);
        self.thumb = xpsr & 1 << 24 != 0;
        self.ipsr = ipsr;
        self.event = true;
        self.cycle += RETURN_CYCLES + wait_states;
        if !to_handler && self.scb.sleep_on_exit {
            self.sleeping = true;
        }
        Ok(())
    }

    /// B1.5.10: another handler follows and takes the frame over.
    fn tail_chain<B: Bus>(
        &mut self,
        bus: &mut B,
        number: u8,
        exc_return: u32,
        fault: Option<FaultReport>,
    ) -> Result<(), Yielded> {
        let handler = self.find_handler(bus, number, None)?;
        self.regs[LR] = exc_return;
        self.cycle += TAIL_CHAIN_CYCLES;
        self.go_to(handler, fault);
        Ok(())
    }

    /// A fault during unstacking: HardFault follows like any other, unless one is still active.
    fn fault_on_return<B: Bus>(&mut self, bus: &mut B, exc_return: u32, fault: FaultReport) -> Result<(), Yielded> {
        if self.active_priority() <= HARD_FAULT_PRIORITY {
            self.lock_up(fault, self.last_fault.clone());
            return Ok(());
        }
        self.tail_chain(bus, HARD_FAULT, exc_return, Some(fault))
    }
}

/// Where an exception goes.
enum Handler {
    At {
        number: u8,
        vector: u32,
        /// The fault on the way that made it a HardFault.
        derived: Option<FaultReport>,
    },
    /// Nowhere: lock-up.
    None(FaultReport),
}
