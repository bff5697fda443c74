//! Arm Cortex-M0+ r0p1: decoder, executor, exceptions, NVIC, SysTick, System Control Space.
//!
//! Authorities: ARMv6-M Architecture Reference Manual (Arm DDI 0419) for what instructions and
//! exceptions do, Cortex-M0+ Technical Reference Manual (Arm DDI 0484C) for what they cost.
//! The crate knows no chip: memory and devices are a [`Bus`], written by the chip.
//!
//! # Time
//! [`Core::cycle`] counts processor clocks. Each bus access is told the cycle at which its
//! instruction began, and answers with the cycles of its own access phase, so that zero wait
//! state memory gives the figures of TRM table 3-1.
//!
//! # Two cores, one order
//! A device access of a core that runs ahead of the other is answered with [`BusError::Yield`].
//! The instruction is then left unexecuted and [`Core::run`] returns [`Exit::Yield`]; the next
//! `run` executes it again. *All accesses of one instruction (LDM, STM, PUSH, POP, exception
//! entry and return) carry the same cycle*: a bus that decides by region and cycle yields on the
//! first of them or on none, and no device sees an access twice.
//!
//! # Fidelity
//! - Instructions: exact, proven in lockstep with QEMU's Cortex-M0 (`tests/lockstep.rs`).
//! - Cycles: TRM table 3-1, with the single-cycle multiplier and single-cycle IO (`tests/cycles.rs`).
//! - Exception entry: 15 cycles (TRM 3.6.1). Return and tail-chaining: Arm gives no figure, ours
//!   follow from the stack accesses made or saved.
//! - Late arrival: an exception that appears during entry preempts before the first instruction of
//!   the handler, where silicon would change the vector. LDM and STM are not abandoned for it.
//! - UNPREDICTABLE encodings, and PPB accesses that are not words: counted, then a HardFault.
//! - MPU: registers are stored, nothing is protected; enabling it is counted. Debug components
//!   (DHCSR, BPU, DWT, ROM table): read as zero, counted.
//!
//! # Attention
//! Between two instructions the core looks at [`Bus::deadline`] and nothing else. A chip whose
//! device has just changed an interrupt line, or whose decoded memory was just written, pulls the
//! deadline to 0: `run` returns [`Exit::Deadline`] before the next instruction, the chip calls
//! [`Core::set_irq_lines`] or [`Code::invalidate_line`], and runs on.

pub mod call;
mod code;
mod core;
mod debug;
mod decode;
pub mod disasm;
mod exception;
mod execute;
mod report;
mod scs;
mod special;
mod systick;

pub use code::{Code, LINE_BYTES, PAGE_BYTES};
pub use core::Core;
pub use exception::{Cause, FaultReport, LockupReport};

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
    /// again after that line was invalidated. A chip that watches whole pages instead invalidates
    /// whole pages ([`Code::invalidate`]).
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
    /// The instruction at the PC, which has not been executed, would access this address, which is watched by a
    /// debugger. The next `run` executes it.
    Watchpoint(u32),
    /// UDF #n stands below [`Core::rom_trap_limit`]: the chip performs that ROM function and
    /// sends the core on, usually with [`Core::branch_exchange`] to LR. The PC is that of the UDF.
    Trap(u8),
    /// A fault that no handler can take. The core stays here until it is reset.
    Lockup(Box<LockupReport>),
    /// AIRCR.SYSRESETREQ was written.
    SysResetReq,
}
