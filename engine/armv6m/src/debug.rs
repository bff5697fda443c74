//! A debugger outside: watchpoints, and registers written while the core stands still. The M0+'s own
//! debug components (ARMv6-M ARM part C) are not used for it, so firmware sees nothing of it.

use crate::code::Watchpoint;
use crate::core::{Core, LR, PC, SP};
use crate::{Beat, Bus, BusError, Code, Exit};

/// CONTROL.nPRIV and CONTROL.SPSEL. ARM ARM B1.4.4.
const NPRIV: u32 = 1 << 0;
const SPSEL: u32 = 1 << 1;

impl Core {
    /// The next `run` executes the instruction at PC, uninterrupted and whatever stands on it, as behind a breakpoint that
    /// it has stopped at.
    pub fn step_next(&mut self) {
        self.stopped_at = Some(self.regs[PC]);
    }

    /// Runs with watchpoints set: what would meet one stops before its instruction.
    pub(crate) fn run_watched<B: Bus>(&mut self, bus: &mut B, code: &mut Code) -> Exit {
        loop {
            let mut watched = Watched { bus, watchpoints: code.watchpoints().to_vec(), met: None };
            let exit = self.run_to_deadline(&mut watched, code, false);
            match watched.met {
                Some(addr) if exit == Exit::Yield && !self.exception_is_due() => {
                    self.stopped_at = Some(self.regs[PC]);
                    return Exit::Watchpoint(addr);
                }
                // The frame of an exception is nobody's store: it is stacked without looking.
                Some(_) if exit == Exit::Yield => {
                    if let Some(exit) = self.step(bus, code) {
                        return exit;
                    }
                }
                _ => return exit,
            }
        }
    }

    /// A register by its name in lower case, as [`Core::set_register`] takes it. `None`: there is none.
    pub fn register(&self, name: &str) -> Option<u32> {
        Some(match name {
            "sp" => self.regs[SP],
            "lr" => self.regs[LR],
            "pc" => self.regs[PC],
            "xpsr" => self.xpsr(),
            "msp" => self.msp(),
            "psp" => self.psp(),
            "primask" => self.primask(),
            "control" => self.control(),
            _ => self.regs[general(name)?],
        })
    }

    /// Writes a register. Of xPSR only the flags change. False: there is none.
    pub fn set_register(&mut self, name: &str, value: u32) -> bool {
        match name {
            "sp" => self.regs[SP] = value & !3,
            "lr" => self.regs[LR] = value,
            "pc" => self.branch_exchange(value | 1),
            "xpsr" => self.set_apsr(value),
            "msp" => self.set_msp(value),
            "psp" => self.set_psp(value),
            "primask" => self.primask = value & 1 != 0,
            "control" => {
                self.unprivileged = value & NPRIV != 0;
                // In Handler mode the stack is the main one.
                if self.ipsr == 0 && (value & SPSEL != 0) != self.process_stack {
                    std::mem::swap(&mut self.regs[SP], &mut self.other_sp);
                    self.process_stack = !self.process_stack;
                }
            }
            _ => match general(name) {
                Some(number) => self.regs[number] = value,
                None => return false,
            },
        }
        true
    }
}

/// R0 to R12.
fn general(name: &str) -> Option<usize> {
    name.strip_prefix('r')?.parse().ok().filter(|number| *number <= 12)
}

/// A bus that does not carry out an access that meets a watchpoint, but yields.
struct Watched<'a, B: Bus> {
    bus: &'a mut B,
    watchpoints: Vec<Watchpoint>,
    /// It yielded at this address.
    met: Option<u32>,
}

impl<B: Bus> Watched<'_, B> {
    fn pass(&mut self, addr: u32, bytes: u32, store: bool) -> Result<(), BusError> {
        let meets = |watch: &Watchpoint| {
            let kind = if store { watch.stores } else { watch.loads };
            kind && (addr.wrapping_sub(watch.addr) < watch.bytes || watch.addr.wrapping_sub(addr) < bytes)
        };
        if self.watchpoints.iter().any(meets) {
            self.met = Some(addr);
            return Err(BusError::Yield);
        }
        Ok(())
    }
}

impl<B: Bus> Bus for Watched<'_, B> {
    fn read32(&mut self, addr: u32, cycle: u64) -> Result<Beat, BusError> {
        self.pass(addr, 4, false)?;
        self.bus.read32(addr, cycle)
    }
    fn read16(&mut self, addr: u32, cycle: u64) -> Result<Beat, BusError> {
        self.pass(addr, 2, false)?;
        self.bus.read16(addr, cycle)
    }
    fn read8(&mut self, addr: u32, cycle: u64) -> Result<Beat, BusError> {
        self.pass(addr, 1, false)?;
        self.bus.read8(addr, cycle)
    }
    fn write32(&mut self, addr: u32, value: u32, cycle: u64) -> Result<u32, BusError> {
        self.pass(addr, 4, true)?;
        self.bus.write32(addr, value, cycle)
    }
    fn write16(&mut self, addr: u32, value: u32, cycle: u64) -> Result<u32, BusError> {
        self.pass(addr, 2, true)?;
        self.bus.write16(addr, value, cycle)
    }
    fn write8(&mut self, addr: u32, value: u32, cycle: u64) -> Result<u32, BusError> {
        self.pass(addr, 1, true)?;
        self.bus.write8(addr, value, cycle)
    }
    crate::core::hand_through!();
    fn deadline(&self) -> u64 {
        self.bus.deadline()
    }
}
