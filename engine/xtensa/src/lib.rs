//! Xtensa LX7 as configured in the ESP32-S3: what a chip and its processors say to each other.

use serde::{Deserialize, Serialize};

/// EXCCAUSE of a memory access, Xtensa ISA RM table 4-64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[repr(u8)]
pub enum Cause {
    /// The processor's internal fetch failed.
    InstructionFetchError = 2,
    /// An internal load or store failed.
    LoadStoreError = 3,
}

/// Why a bus access did not complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BusError {
    /// The other core is behind: the instruction is left unexecuted.
    Yield,
    /// The access faults.
    Fault(Cause),
}

/// A completed load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beat {
    /// What was read, zero-extended.
    pub value: u32,
    /// Extra cycles of the access.
    pub cycles: u32,
}

/// Instruction memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fetch {
    /// The aligned word.
    Word(u32),
    /// Nothing executable is there.
    Nothing(Cause),
}

/// What lies outside the core.
pub trait Bus {
    /// Loads a word.
    fn load32(&mut self, addr: u32, cycle: u64) -> Result<Beat, BusError>;
    /// Loads a half-word.
    fn load16(&mut self, addr: u32, cycle: u64) -> Result<Beat, BusError>;
    /// Loads a byte.
    fn load8(&mut self, addr: u32, cycle: u64) -> Result<Beat, BusError>;
    /// Stores a word.
    fn store32(&mut self, addr: u32, value: u32, cycle: u64) -> Result<u32, BusError>;
    /// Stores a half-word.
    fn store16(&mut self, addr: u32, value: u32, cycle: u64) -> Result<u32, BusError>;
    /// Stores a byte.
    fn store8(&mut self, addr: u32, value: u32, cycle: u64) -> Result<u32, BusError>;
    /// Instruction memory as the decoder sees it.
    fn fetch(&mut self, addr: u32) -> Fetch;
    /// Does the chip itself carry out what starts here?
    fn is_trap(&self, addr: u32) -> bool;
    /// Extra cycles to fetch the line of `addr`.
    fn fetch_cycles(&mut self, addr: u32, cycle: u64) -> u32;
    /// May fetches from the page of `addr` cost extra cycles?
    fn has_fetch_timing(&self, addr: u32) -> bool;
    /// Instructions at `addr` have been decoded.
    fn watch_code(&mut self, addr: u32);
    /// The cycle at which the core must return.
    fn deadline(&self) -> u64;
    /// A user register outside the core.
    fn read_ur(&mut self, number: u8) -> u32;
    /// A user register outside the core.
    fn write_ur(&mut self, number: u8, value: u32);
}
