//! Xtensa LX7 as configured in the ESP32-S3: decoder, executor, register windows, exceptions,
//! interrupts, timers, debug. The crate knows no chip: memory and devices are a [`Bus`].
//!
//! Authorities: Xtensa Instruction Set Architecture Reference Manual ("ISA RM") for what
//! instructions and exceptions do; ESP-IDF `xtensa/config/core-isa.h`, `tie.h`, `specreg.h` of the
//! ESP32-S3 (LX7.0.12, XEA2) for the configuration. What instructions cost is in [`Costs`].
//!
//! # Time
//! [`Core::cycle`] counts processor clocks; CCOUNT follows it. Each bus access is told the cycle at
//! which its instruction began, and answers with the cycles it *stalls* the pipeline: internal
//! SRAM 0, an APB register many.
//!
//! # Two cores, one order
//! A device access of a core that runs ahead of the other is answered with [`BusError::Yield`].
//! The instruction is then left unexecuted and [`Core::run`] returns [`Exit::Yield`]; the next
//! `run` executes it again. *All accesses of one instruction carry the same cycle*: a bus that
//! decides by region and cycle yields on the first of them or on none.
//!
//! # Fidelity
//! - Unaligned loads and stores are done by the hardware (`XCHAL_UNALIGNED_LOAD_HW`): the core
//!   performs them as byte accesses. L32AI, S32RI and S32C1I raise LoadStoreAlignment.
//! - Region protection: WITLB and WDTLB set the attribute of a 512 MB region, and nothing else.
//! - Cache instructions: the core has no cache of its own (`XCHAL_ICACHE_SIZE` 0); the caches of
//!   the chip are outside and not connected to them. They do nothing and are counted.
//! - There is one ring (`XCHAL_MMU_RINGS` 1): nothing is privileged, and the cause never arises.
//! - S32C1I is always done in memory: ATOMCTL is storage. It would matter for memory outside of the
//!   data RAM port, which this configuration spans from 0x3C00_0000 to 0x3FFF_FFFF.
//! - DBREAK and the watchpoints of [`Code`] do not see the accesses of 128-bit instructions.
//! - Load-use and other result stalls are counted within a block of code, not across a taken branch.
//! - RER and WER reach a plain store (debug and trace units), counted; but that no debugger is attached is true, and so
//!   reading the debug control register (`xtensa/xdm-regs.h`, XDM_OCD_DCR_SET), which is 0 then, is not.
//! - Perf counters (and their interrupt 11), TRAX and the OCD instructions are absent; DDR is storage, counted, and so is
//!   MEMCTL. Its loop buffer (`XCHAL_LOOP_BUFFER_SIZE`) saves fetches, which cost nothing here; this bit is not counted.
//!
//! # Attention
//! Between two instructions the core looks at [`Bus::deadline`] and nothing else. A chip whose
//! device has just changed an interrupt line, or whose decoded memory was just written, pulls the
//! deadline to 0: `run` returns [`Exit::Deadline`] before the next instruction, the chip calls
//! [`Core::set_interrupt_lines`] or [`Code::invalidate_line`], and runs on.

pub mod call;
mod code;
mod core;
mod cycles;
mod debug;
mod decode;
pub mod disasm;
mod exception;
mod execute;
mod execute_fp;
mod execute_mac;
pub mod fpu;
mod interrupt;
mod memory;
mod monitor;
mod op;
pub mod pie;
mod place;
mod protection;
mod report;
mod special;
#[cfg(test)]
mod tests;
mod waiting;
mod watched;
mod windows;

pub use code::{Code, LINE_BYTES, PAGE_BYTES};
pub use core::Core;
pub use cycles::Costs;
pub use exception::{Cause, ExceptionReport, StopReason, StopReport};
pub use monitor::{Area, Monitor, Seen, Stack};

/// The user register of the dedicated GPIO outputs (`wur.gpio_out`, TIE `gpio_out`).
pub const UR_GPIO_OUT: u8 = 12;
/// The dedicated GPIO inputs, read by `ee.get_gpio_in`: not a register that RUR names, so it has a
/// number outside of those.
pub const UR_GPIO_IN: u8 = 255;

/// Why a bus access did not complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BusError {
    /// The access raises this exception; EXCVADDR becomes its address.
    Fault(Cause),
    /// The other core is behind. The instruction is left unexecuted and `run` returns
    /// [`Exit::Yield`]; it is executed again by the next `run`.
    Yield,
}

/// A completed load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beat {
    /// What was read, zero-extended.
    pub value: u32,
    /// Cycles for which the pipeline stalls beyond a load that hits: internal SRAM 0.
    pub cycles: u32,
}

/// Instruction memory as the decoder sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fetch {
    /// Four bytes, little-endian.
    Word(u32),
    /// The chip performs whatever stands here: [`Exit::Trap`].
    Trap,
    /// Nothing can be executed here: the exception it raises.
    Nothing(Cause),
}

/// What lies outside the core. Addresses are aligned to the access (the core has checked).
pub trait Bus {
    /// Loads a word.
    fn load32(&mut self, addr: u32, cycle: u64) -> Result<Beat, BusError>;
    /// Loads a halfword.
    fn load16(&mut self, addr: u32, cycle: u64) -> Result<Beat, BusError>;
    /// Loads a byte.
    fn load8(&mut self, addr: u32, cycle: u64) -> Result<Beat, BusError>;
    /// Stores a word. Returns the stall cycles.
    fn store32(&mut self, addr: u32, value: u32, cycle: u64) -> Result<u32, BusError>;
    /// Stores a halfword (the low half of `value`).
    fn store16(&mut self, addr: u32, value: u32, cycle: u64) -> Result<u32, BusError>;
    /// Stores a byte (the low byte of `value`).
    fn store8(&mut self, addr: u32, value: u32, cycle: u64) -> Result<u32, BusError>;
    /// The instruction word at `addr`, a multiple of 4: no timing, no side effect.
    fn fetch(&mut self, addr: u32) -> Fetch;
    /// Whether a function that the chip performs starts exactly here: [`Exit::Trap`].
    fn is_trap(&self, addr: u32) -> bool;
    /// Extra cycles to fetch from the 32-byte line at `addr` (a cache miss). Called when execution
    /// enters a line, in pages for which [`Bus::has_fetch_timing`] said true.
    fn fetch_cycles(&mut self, addr: u32, cycle: u64) -> u32;
    /// Whether fetches from the page of `addr` may cost extra cycles. Asked when it is decoded.
    fn has_fetch_timing(&self, addr: u32) -> bool;
    /// Instructions at `addr` have been decoded: writes to its line ([`LINE_BYTES`]) must from now
    /// on reach [`Code::invalidate_line`] before the next instruction. Called once per line, and
    /// again after that line was invalidated.
    fn watch_code(&mut self, addr: u32);
    /// The cycle at which the core must return [`Exit::Deadline`]. Read before every instruction.
    fn deadline(&self) -> u64;
    /// From now on the bus takes notice of what is loaded, for [`Bus::unchanged_until`].
    fn watch_loads(&mut self) {}
    /// Until this cycle or the deadline, each load made since [`Bus::watch_loads`] would give the same again in the same time,
    /// and would do nothing else.
    fn unchanged_until(&self) -> u64 {
        0
    }
    /// Reads a user register that lies outside the core: [`UR_GPIO_OUT`], [`UR_GPIO_IN`].
    fn read_ur(&mut self, number: u8, cycle: u64) -> Result<u32, BusError>;
    /// Writes a user register that lies outside the core. Only the bits of `mask` change.
    fn write_ur(&mut self, number: u8, value: u32, mask: u32, cycle: u64) -> Result<(), BusError>;
}

/// Why [`Core::run`] returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    /// `cycle` has reached the deadline, or a timer that the deadline depends on was written.
    Deadline,
    /// A bus access answered [`BusError::Yield`].
    Yield,
    /// WAITI: nothing to do until [`Core::pending_wakeup`].
    Sleep,
    /// A breakpoint set in [`Code`] stands at this address, which has not been executed.
    /// The next `run` executes it.
    Breakpoint(u32),
    /// The instruction at PC, not executed yet, accesses this address, on which [`Code`] has a
    /// watchpoint. The next `run` executes it.
    Watchpoint(u32),
    /// The chip performs the function at this address and sends the core on, usually with
    /// [`Core::return_from_trap`].
    Trap(u32),
    /// SIMCALL was executed; its arguments are in a2 and up. On silicon it does nothing.
    Simcall,
    /// Something that neither firmware nor this crate can handle. The core stays here until reset.
    Stopped(Box<StopReport>),
}
