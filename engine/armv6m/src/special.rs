//! Instructions that act on the state of the core rather than on registers and memory.
//! ARMv6-M ARM, chapter A6, and B4.2 for MRS, MSR and CPS. Cycles: Cortex-M0+ TRM table 3-1.

use crate::core::{Core, PC, SP};
use crate::decode::{Op, OpCode};
use crate::exception::Cause;
use crate::execute::Yielded;
use crate::{Bus, Exit};

impl Core {
    /// Carries `op` out. `Some`: the run ends here.
    pub(crate) fn special<B: Bus>(&mut self, bus: &mut B, op: Op) -> Result<Option<Exit>, Yielded> {
        let pc = self.regs[PC];
        match op.code {
            OpCode::Wfi => {
                self.sleeping = true;
                self.done_waiting();
            }
            OpCode::Wfe => {
                if !std::mem::take(&mut self.event) {
                    self.sleeping = true;
                    self.waits_for_event = true;
                }
                self.done_waiting();
            }
            OpCode::Svc => self.supervisor_call(bus)?,
            OpCode::Bkpt => self.hard_fault(bus, Cause::Bkpt, pc)?,
            OpCode::Udf if pc < self.rom_trap_limit => return Ok(Some(Exit::Trap(op.imm as u8))),
            OpCode::NoMemory if self.returning() => self.exception_return(bus)?,
            OpCode::NoMemory => self.hard_fault(bus, Cause::Fetch, op.imm)?,
            OpCode::Unpredictable => {
                self.count(format!("UNPREDICTABLE instruction {:#06x}", op.imm));
                self.hard_fault(bus, Cause::Unpredictable, pc)?;
            }
            _ => self.hard_fault(bus, Cause::Undefined, pc)?,
        }
        Ok(None)
    }

    /// WFI and WFE end here, two cycles old, whenever they end.
    fn done_waiting(&mut self) {
        self.regs[PC] = self.regs[PC].wrapping_add(2);
        self.cycle += 2;
        self.instructions += 1;
    }

    /// CPSIE and CPSID, which do nothing without privilege (B4.2.1).
    pub(crate) fn change_primask(&mut self, set: bool) {
        if self.privileged() {
            self.primask = set;
        }
    }

    /// MRS (B4.2.2). Without privilege only the flags and CONTROL can be seen.
    #[inline(never)]
    pub(crate) fn read_special(&mut self, sysm: u32) -> u32 {
        match sysm {
            // Bit 0 adds IPSR, bit 2 leaves APSR out; EPSR reads as zero.
            0..=3 | 5..=7 => {
                let ipsr = if sysm & 1 != 0 && self.privileged() { self.ipsr } else { 0 };
                let apsr = if sysm & 4 == 0 { self.apsr() } else { 0 };
                apsr | u32::from(ipsr)
            }
            8 if self.privileged() => self.msp(),
            9 if self.privileged() => self.psp(),
            16 if self.privileged() => self.primask(),
            20 => self.control(),
            8 | 9 | 16 => 0,
            _ => {
                self.count(format!("MRS of special register {sysm}"));
                0
            }
        }
    }

    /// MSR (B4.2.3). Without privilege only the flags can be written.
    #[inline(never)]
    pub(crate) fn write_special(&mut self, sysm: u32, value: u32) {
        match sysm {
            0..=3 => self.set_apsr(value),
            5..=7 => {}
            8 | 9 | 16 | 20 if !self.privileged() => {}
            8 => self.set_msp(value),
            9 => self.set_psp(value),
            16 => self.primask = value & 1 != 0,
            20 => {
                self.unprivileged = value & 1 != 0;
                let process_stack = value & 2 != 0;
                if self.ipsr == 0 && process_stack != self.process_stack {
                    self.process_stack = process_stack;
                    std::mem::swap(&mut self.regs[SP], &mut self.other_sp);
                }
            }
            _ => self.count(format!("MSR of special register {sysm}")),
        }
    }
}
