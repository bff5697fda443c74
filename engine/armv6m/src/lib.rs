//! Interface of the processor crate; the processor itself lands with its own branch.
#![allow(missing_docs)]

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Why a bus access did not complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BusError {
    /// Nothing answers at this address: HardFault.
    Fault,
    /// The other core is behind. The instruction is left unexecuted and `run` returns
    /// [`Exit::Yield`]; it is executed again by the next `run`.
    Yield,
}

/// A completed load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beat {
    /// What was read, zero-extended.
    pub value: u32,
    /// Cycles of the access phase: single-cycle IO 0, SRAM 1, a slow bridge more.
    pub cycles: u32,
}

/// What lies outside the core. Addresses are aligned to the access (the core has checked), and
/// never in the Private Peripheral Bus, which is inside the core.
pub trait Bus {
    /// Reads a word.
    fn read32(&mut self, addr: u32, cycle: u64) -> Result<Beat, BusError>;
    /// Reads a halfword.
    fn read16(&mut self, addr: u32, cycle: u64) -> Result<Beat, BusError>;
    /// Reads a byte.
    fn read8(&mut self, addr: u32, cycle: u64) -> Result<Beat, BusError>;
    /// Writes a word. Returns the cycles of the access phase.
    fn write32(&mut self, addr: u32, value: u32, cycle: u64) -> Result<u32, BusError>;
    /// Writes a halfword (the low half of `value`).
    fn write16(&mut self, addr: u32, value: u32, cycle: u64) -> Result<u32, BusError>;
    /// Writes a byte (the low byte of `value`).
    fn write8(&mut self, addr: u32, value: u32, cycle: u64) -> Result<u32, BusError>;
    /// Instruction memory as the decoder sees it: no timing, no side effect.
    /// `None`: nothing executable there.
    fn fetch16(&mut self, addr: u32) -> Option<u16>;
    /// Extra cycles to fetch the instruction word at `addr` (a flash cache miss). Called for each
    /// aligned word that execution enters, in pages for which [`Bus::has_fetch_timing`] said true.
    fn fetch_cycles(&mut self, addr: u32, cycle: u64) -> u32;
    /// Whether fetches from the page of `addr` may cost extra cycles. Asked once per page.
    fn has_fetch_timing(&self, addr: u32) -> bool;
    /// Instructions at `addr` have been decoded: writes to its line ([`LINE_BYTES`]) must from now
    /// on reach [`Code::invalidate_line`] before the next instruction. Called once per line, and
    /// again after that line was invalidated; a chip may watch the whole page instead.
    fn watch_code(&mut self, addr: u32);
    /// The cycle at which the core must return [`Exit::Deadline`]. Read before every instruction.
    fn deadline(&self) -> u64;
    /// SEV was executed on this core: wake the others ([`Core::wake_event`]).
    fn send_event(&mut self);
}

/// Why [`Core::run`] returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    /// `cycle` has reached the deadline.
    Deadline,
    /// A bus access answered [`BusError::Yield`].
    Yield,
    /// WFI, WFE or sleep-on-exit: nothing to do until [`Core::pending_wakeup`].
    Sleep,
    /// A breakpoint set in [`Code`] stands at this address, which has not been executed.
    /// The next `run` executes it.
    Breakpoint(u32),
    /// UDF #n stands below [`Core::rom_trap_limit`]: the chip performs that ROM function and
    /// sends the core on, usually with [`Core::branch_exchange`] to LR. The PC is that of the UDF.
    Trap(u8),
    /// A fault that no handler can take. The core stays here until it is reset.
    Lockup(Box<LockupReport>),
    /// AIRCR.SYSRESETREQ was written.
    SysResetReq,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockupReport {}

#[derive(Debug, Default)]
pub struct Code {}

impl Code {
    pub fn invalidate_line(&mut self, _addr: u32) {}
    pub fn invalidate_all(&mut self) {}
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Core {
    pub regs: [u32; 16],
    pub cycle: u64,
    pub instructions: u64,
    pub sleeping: bool,
    pub rom_trap_limit: u32,
    gaps: BTreeMap<String, u64>,
}

impl Core {
    pub fn new(_id: u8) -> Self {
        Self::default()
    }
    pub fn reset<B: Bus>(&mut self, _bus: &mut B, _vtor: u32) {}
    pub fn run<B: Bus>(&mut self, _bus: &mut B, _code: &mut Code) -> Exit {
        Exit::Deadline
    }
    pub fn branch_exchange(&mut self, _target: u32) {}
    pub fn set_msp(&mut self, _value: u32) {}
    pub fn set_vtor(&mut self, _vtor: u32) {}
    pub fn set_irq_lines(&mut self, _lines: u32) {}
    pub fn wake_event(&mut self) {}
    pub fn pending_wakeup(&self) -> bool {
        false
    }
    pub fn next_systick_event(&self) -> Option<u64> {
        None
    }
    pub fn catch_up(&mut self, _cycle: u64) {}
    pub fn wake(&mut self) {}
    pub fn sleep_for_event(&mut self) {}
}
