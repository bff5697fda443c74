//! The processor core: registers, modes and the loop around the executor.
//! ARMv6-M ARM, chapter B1 (System Level Programmers' Model).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::exception::{Cause, FaultReport, LockupReport};
use crate::execute::{Stop, Yielded};
use crate::scs::{Mpu, Nvic, Scb};
use crate::systick::SysTick;
use crate::{Beat, Bus, BusError, Code, Exit};

pub(crate) const SP: usize = 13;
pub(crate) const LR: usize = 14;
pub(crate) const PC: usize = 15;

/// No instruction word has been fetched since the last branch.
pub(crate) const NOT_FETCHED: u32 = 1;

/// The condition flags, each in the form in which the instructions produce it.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Flags {
    /// N is bit 31.
    pub n: u32,
    /// Z is set when this is zero.
    pub z: u32,
    pub c: bool,
    /// V is bit 31.
    pub v: u32,
}

/// One Cortex-M0+.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Core {
    /// R0 to R12, the SP in use, LR, and the address of the next instruction.
    pub regs: [u32; 16],
    /// Processor clocks since the first reset. A chip may move it forward while the core sleeps.
    pub cycle: u64,
    /// Instructions executed.
    pub instructions: u64,
    /// WFI, WFE or sleep-on-exit stopped the clock of the core.
    pub sleeping: bool,
    /// UDF #n below this address is [`Exit::Trap`]; 0 for none.
    pub rom_trap_limit: u32,
    /// The last fault taken, if any: kept for reports.
    pub last_fault: Option<FaultReport>,

    id: u8,
    pub(crate) flags: Flags,
    /// The instruction word fetched last, or [`NOT_FETCHED`].
    pub(crate) fetched: u32,
    /// EPSR.T.
    pub(crate) thumb: bool,
    pub(crate) ipsr: u8,
    pub(crate) primask: bool,
    /// CONTROL.nPRIV.
    pub(crate) unprivileged: bool,
    /// CONTROL.SPSEL: SP is the process stack pointer. Always false in Handler mode.
    pub(crate) process_stack: bool,
    /// The SP that is not in use.
    pub(crate) other_sp: u32,
    /// The event register of WFE.
    pub(crate) event: bool,
    /// The core sleeps in WFE: an event wakes it too.
    pub(crate) waits_for_event: bool,
    pub(crate) reset_requested: bool,
    /// SysTick was written: the chip's deadline may be wrong.
    pub(crate) systick_written: bool,
    /// The breakpoint that stopped the last `run`.
    pub(crate) stopped_at: Option<u32>,
    pub(crate) lockup: Option<Box<LockupReport>>,
    pub(crate) nvic: Nvic,
    pub(crate) scb: Scb,
    pub(crate) systick: SysTick,
    pub(crate) mpu: Mpu,
    pub(crate) not_modelled: BTreeMap<String, u64>,
}

impl Core {
    /// A core as it is before reset. `id` is for reports.
    pub fn new(id: u8) -> Self {
        Core {
            regs: [0; 16],
            cycle: 0,
            instructions: 0,
            sleeping: false,
            rom_trap_limit: 0,
            last_fault: None,
            id,
            flags: Flags { z: 1, ..Flags::default() },
            fetched: NOT_FETCHED,
            thumb: true,
            ipsr: 0,
            primask: false,
            unprivileged: false,
            process_stack: false,
            other_sp: 0,
            event: false,
            waits_for_event: false,
            reset_requested: false,
            systick_written: false,
            stopped_at: None,
            lockup: None,
            nvic: Nvic::default(),
            scb: Scb::default(),
            systick: SysTick::default(),
            mpu: Mpu::default(),
            not_modelled: BTreeMap::new(),
        }
    }

    /// Locked up (B1.5.15): nothing but a reset or a debugger gets it going.
    pub fn is_locked_up(&self) -> bool {
        self.lockup.is_some()
    }

    /// Reset (B1.5.5): stack pointer and start address come from the vector table at `vtor`.
    /// The counters, and what has been counted as not modelled, go on.
    pub fn reset<B: Bus>(&mut self, bus: &mut B, vtor: u32) {
        let before = std::mem::replace(self, Core::new(self.id));
        self.cycle = before.cycle;
        self.instructions = before.instructions;
        self.rom_trap_limit = before.rom_trap_limit;
        self.not_modelled = before.not_modelled;
        self.nvic.irq_lines = before.nvic.irq_lines;
        self.nvic.irq_pending = before.nvic.irq_lines;
        self.systick.set_reference(before.systick.reference(), self.cycle);
        self.systick.calibration = before.systick.calibration;
        self.scb.vtor = vtor;
        self.regs[LR] = 0xFFFF_FFFF;

        let stack = bus.read32(vtor, self.cycle);
        let start = bus.read32(vtor.wrapping_add(4), self.cycle);
        match (stack, start) {
            (Ok(stack), Ok(start)) => {
                self.regs[SP] = stack.value & !3;
                self.branch_exchange(start.value);
            }
            _ => {
                let fault = FaultReport { cause: Cause::VectorRead, pc: vtor, address: vtor, cycle: self.cycle };
                self.lock_up(fault, None);
            }
        }
    }

    /// Executes until something needs the chip.
    pub fn run<B: Bus>(&mut self, bus: &mut B, code: &mut Code) -> Exit {
        if self.stopped_at == Some(self.regs[PC]) {
            // No interrupt comes between: behind it the same breakpoint would be reached again.
            if let Some(exit) = self.step_over(bus, code, true) {
                return exit;
            }
        }
        self.stopped_at = None;
        if !code.watchpoints().is_empty() {
            return self.run_watched(bus, code);
        }
        self.run_to_deadline(bus, code, false)
    }

    /// Executes one instruction, or enters one exception, whatever the deadline and a breakpoint
    /// on it say. `None`: done.
    pub fn step<B: Bus>(&mut self, bus: &mut B, code: &mut Code) -> Option<Exit> {
        self.step_over(bus, code, false)
    }

    fn step_over<B: Bus>(&mut self, bus: &mut B, code: &mut Code, uninterrupted: bool) -> Option<Exit> {
        let pc = self.regs[PC];
        code.lift_breakpoint(bus, pc);
        let mut one = OneStep { deadline: self.cycle + 1, bus };
        let exit = self.run_to_deadline(&mut one, code, uninterrupted);
        code.redecode(pc);
        (exit != Exit::Deadline).then_some(exit)
    }

    pub(crate) fn run_to_deadline<B: Bus>(&mut self, bus: &mut B, code: &mut Code, mut uninterrupted: bool) -> Exit {
        loop {
            if let Some(report) = &self.lockup {
                return Exit::Lockup(report.clone());
            }
            if std::mem::take(&mut self.reset_requested) {
                return Exit::SysResetReq;
            }
            self.advance_systick();
            if self.sleeping {
                if !self.pending_wakeup() {
                    return Exit::Sleep;
                }
                self.wake();
            }
            if self.cycle >= bus.deadline() || std::mem::take(&mut self.systick_written) {
                return Exit::Deadline;
            }
            let taken = match std::mem::take(&mut uninterrupted) {
                true => Ok(false),
                false => self.take_pending_exception(bus),
            };
            let stop = match taken {
                Ok(true) => continue,
                Ok(false) if !self.thumb => Stop::Fault(Cause::InvalidState, self.regs[PC]),
                Ok(false) => self.execute(bus, code),
                Err(Yielded) => return Exit::Yield,
            };
            let done = match stop {
                Stop::Deadline => return Exit::Deadline,
                Stop::Yield => return Exit::Yield,
                Stop::Breakpoint => {
                    self.stopped_at = Some(self.regs[PC]);
                    return Exit::Breakpoint(self.regs[PC]);
                }
                Stop::Attention => Ok(()),
                Stop::Fault(cause, address) => self.hard_fault(bus, cause, address),
                Stop::Special(op) => match self.special(bus, op) {
                    Ok(Some(exit)) => return exit,
                    Ok(None) => Ok(()),
                    Err(yielded) => Err(yielded),
                },
            };
            if done.is_err() {
                return Exit::Yield;
            }
        }
    }

    /// Which core this is.
    pub fn id(&self) -> u8 {
        self.id
    }

    /// The main stack pointer.
    pub fn msp(&self) -> u32 {
        if self.process_stack {
            self.other_sp
        } else {
            self.regs[SP]
        }
    }

    /// The process stack pointer.
    pub fn psp(&self) -> u32 {
        if self.process_stack {
            self.regs[SP]
        } else {
            self.other_sp
        }
    }

    /// xPSR: flags, Thumb bit and exception number.
    pub fn xpsr(&self) -> u32 {
        self.apsr() | u32::from(self.thumb) << 24 | u32::from(self.ipsr)
    }

    /// PRIMASK, bit 0.
    pub fn primask(&self) -> u32 {
        self.primask.into()
    }

    /// CONTROL: nPRIV bit 0, SPSEL bit 1.
    pub fn control(&self) -> u32 {
        u32::from(self.unprivileged) | u32::from(self.process_stack) << 1
    }

    /// The exception being handled, 0 in Thread mode.
    pub fn exception(&self) -> u8 {
        self.ipsr
    }

    /// Vector table address.
    pub fn vtor(&self) -> u32 {
        self.scb.vtor
    }

    /// Moves the vector table, as a boot ROM does for the program it starts.
    pub fn set_vtor(&mut self, vtor: u32) {
        self.scb.vtor = vtor & 0xFFFF_FF00;
    }

    /// Writes the main stack pointer.
    pub fn set_msp(&mut self, value: u32) {
        match self.process_stack {
            true => self.other_sp = value & !3,
            false => self.regs[SP] = value & !3,
        }
    }

    /// Writes the process stack pointer.
    pub fn set_psp(&mut self, value: u32) {
        match self.process_stack {
            true => self.regs[SP] = value & !3,
            false => self.other_sp = value & !3,
        }
    }

    /// Goes on at `target`, whose bit 0 is the Thumb bit: how a ROM function returns to LR.
    pub fn branch_exchange(&mut self, target: u32) {
        self.regs[PC] = target & !1;
        self.thumb = target & 1 != 0;
        self.fetched = NOT_FETCHED;
    }

    /// What firmware touched and this crate does not model: name and number of times.
    pub fn unimplemented(&self) -> &BTreeMap<String, u64> {
        &self.not_modelled
    }

    /// Levels of the 32 external interrupt lines. A line that is high and not being handled
    /// becomes pending, and stays so when it falls (B3.4.1).
    pub fn set_irq_lines(&mut self, lines: u32) {
        let rising = lines & !self.nvic.irq_lines;
        self.nvic.irq_lines = lines;
        self.pend_irqs(rising | lines & !self.nvic.active_irqs());
    }

    /// A rising edge on the NMI input.
    pub fn pend_nmi(&mut self) {
        self.nvic.nmi_pending = true;
    }

    /// The event input: SEV of the other core.
    pub fn wake_event(&mut self) {
        self.event = true;
    }

    /// Whether a sleeping core would wake now. PRIMASK does not keep an interrupt from ending WFI.
    pub fn pending_wakeup(&self) -> bool {
        self.waits_for_event && self.event || self.wakeup_exception_pending()
    }

    /// The cycle at which SysTick next asks for its exception. The chip's deadline must not lie
    /// beyond it; `run` returns [`Exit::Deadline`] when firmware changes it.
    pub fn next_systick_event(&self) -> Option<u64> {
        self.systick.next_event()
    }

    /// The SysTick reference clock: one tick is `cycles / ticks` processor clocks. `None`: no
    /// reference clock runs. The chip calls this whenever one of the two clocks changes.
    pub fn set_systick_reference(&mut self, ratio: Option<(u32, u32)>) {
        self.advance_systick();
        self.systick.set_reference(ratio, self.cycle);
    }

    /// What SYST_CALIB reads, a property of the chip.
    pub fn set_systick_calibration(&mut self, value: u32) {
        self.systick.calibration = value;
    }

    /// SCR.SLEEPDEEP: what the chip switches off during the next sleep.
    pub fn sleep_deep(&self) -> bool {
        self.scb.sleep_deep
    }

    /// Time passes for a sleeping core: its clock stood still, SysTick went on.
    pub fn sleep_until(&mut self, cycle: u64) {
        self.cycle = self.cycle.max(cycle);
        self.advance_systick();
    }

    /// What WFE does, for code that is emulated at function level: sleeps unless an event came before.
    pub fn wait_for_event(&mut self) {
        if !std::mem::take(&mut self.event) {
            self.sleeping = true;
            self.waits_for_event = true;
        }
    }

    pub(crate) fn privileged(&self) -> bool {
        self.ipsr != 0 || !self.unprivileged
    }

    pub(crate) fn apsr(&self) -> u32 {
        let Flags { n, z, c, v } = self.flags;
        n & 1 << 31 | u32::from(z == 0) << 30 | u32::from(c) << 29 | v >> 31 << 28
    }

    pub(crate) fn set_apsr(&mut self, value: u32) {
        self.flags = Flags { n: value, z: !value & 1 << 30, c: value & 1 << 29 != 0, v: value << 3 };
    }

    pub(crate) fn count(&mut self, name: impl Into<String>) {
        *self.not_modelled.entry(name.into()).or_default() += 1;
    }

    pub(crate) fn advance_systick(&mut self) {
        if self.systick.advance(self.cycle) {
            self.pend_systick();
        }
    }

    fn wake(&mut self) {
        self.sleeping = false;
        if std::mem::take(&mut self.waits_for_event) {
            self.event = false;
        }
    }
}

/// What a bus that stands before another one, its `bus`, hands through: all but loads, stores and the deadline.
macro_rules! hand_through {
    () => {
        fn fetch16(&mut self, addr: u32) -> Option<u16> {
            self.bus.fetch16(addr)
        }
        fn fetch_cycles(&mut self, addr: u32, cycle: u64) -> u32 {
            self.bus.fetch_cycles(addr, cycle)
        }
        fn has_fetch_timing(&self, addr: u32) -> bool {
            self.bus.has_fetch_timing(addr)
        }
        fn watch_code(&mut self, addr: u32) {
            self.bus.watch_code(addr);
        }
        fn send_event(&mut self) {
            self.bus.send_event();
        }
    };
}
pub(crate) use hand_through;

/// The bus of [`Core::step`]: the deadline is the next cycle.
struct OneStep<'a, B: Bus> {
    bus: &'a mut B,
    deadline: u64,
}

impl<B: Bus> Bus for OneStep<'_, B> {
    fn read32(&mut self, addr: u32, cycle: u64) -> Result<Beat, BusError> {
        self.bus.read32(addr, cycle)
    }
    fn read16(&mut self, addr: u32, cycle: u64) -> Result<Beat, BusError> {
        self.bus.read16(addr, cycle)
    }
    fn read8(&mut self, addr: u32, cycle: u64) -> Result<Beat, BusError> {
        self.bus.read8(addr, cycle)
    }
    fn write32(&mut self, addr: u32, value: u32, cycle: u64) -> Result<u32, BusError> {
        self.bus.write32(addr, value, cycle)
    }
    fn write16(&mut self, addr: u32, value: u32, cycle: u64) -> Result<u32, BusError> {
        self.bus.write16(addr, value, cycle)
    }
    fn write8(&mut self, addr: u32, value: u32, cycle: u64) -> Result<u32, BusError> {
        self.bus.write8(addr, value, cycle)
    }
    crate::core::hand_through!();
    fn deadline(&self) -> u64 {
        self.deadline
    }
}
