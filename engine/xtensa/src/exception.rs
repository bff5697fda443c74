//! Exceptions. ISA RM 4.4.1 (Exception Option), 4.4.3, 4.4.5 (Debug); vector offsets: core-isa.h.

use serde::{Deserialize, Serialize};

use crate::core::{Core, PS_EXCM, PS_INTLEVEL, PS_UM};

pub(crate) const KERNEL_VECTOR: u32 = 0x300;
pub(crate) const USER_VECTOR: u32 = 0x340;
pub(crate) const DOUBLE_VECTOR: u32 = 0x3C0;
const DEBUG_VECTOR: u32 = 0x280;
pub(crate) const DEBUG_LEVEL: u32 = 6;

/// EXCCAUSE. ISA RM table 4-64; coprocessors: ISA RM 4.3.10.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Cause {
    IllegalInstruction = 0,
    Syscall = 1,
    /// The bus did not answer an instruction fetch.
    InstructionFetchError = 2,
    /// The bus did not answer a load or store, or its memory cannot do that access.
    LoadStoreError = 3,
    Level1Interrupt = 4,
    Alloca = 5,
    IntegerDivideByZero = 6,
    Privileged = 8,
    LoadStoreAlignment = 9,
    InstrPifDataError = 12,
    LoadStorePifDataError = 13,
    InstrPifAddrError = 14,
    LoadStorePifAddrError = 15,
    InstFetchProhibited = 20,
    LoadProhibited = 28,
    StoreProhibited = 29,
    Coprocessor0Disabled = 32,
    Coprocessor3Disabled = 35,
}

/// An exception that was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExceptionReport {
    /// EXCCAUSE.
    pub cause: Cause,
    /// The instruction that raised it.
    pub pc: u32,
    /// EXCVADDR, for the causes that have one.
    pub address: u32,
    /// When.
    pub cycle: u64,
}

/// Why the core cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StopReason {
    /// The first instruction of the double exception vector raises an exception.
    DoubleException(Cause),
    /// A 128-bit instruction that this crate decodes and does not execute.
    NotImplemented(String),
}

/// What is known about a core that stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopReport {
    /// Which core.
    pub core: u8,
    /// Why.
    pub reason: StopReason,
    /// Where.
    pub pc: u32,
    /// The instruction there, in words.
    pub instruction: Option<String>,
    /// The last exception before.
    pub original: Option<ExceptionReport>,
    /// a0 to a15.
    pub registers: [u32; 16],
    /// PS.
    pub ps: u32,
    /// When.
    pub cycle: u64,
}

/// DEBUGCAUSE. ISA RM table 4-73.
pub(crate) mod debug_cause {
    pub const ICOUNT: u32 = 1 << 0;
    pub const IBREAK: u32 = 1 << 1;
    pub const DBREAK: u32 = 1 << 2;
    pub const BREAK: u32 = 1 << 3;
    pub const BREAK_N: u32 = 1 << 4;
    /// DBNUM.
    pub const DBREAK_NUMBER_SHIFT: u32 = 8;
}

impl Cause {
    /// The cause with this EXCCAUSE.
    pub fn from_code(code: u32) -> Option<Cause> {
        use Cause as C;
        Some(match code {
            0 => C::IllegalInstruction,
            1 => C::Syscall,
            2 => C::InstructionFetchError,
            3 => C::LoadStoreError,
            4 => C::Level1Interrupt,
            5 => C::Alloca,
            6 => C::IntegerDivideByZero,
            8 => C::Privileged,
            9 => C::LoadStoreAlignment,
            12 => C::InstrPifDataError,
            13 => C::LoadStorePifDataError,
            14 => C::InstrPifAddrError,
            15 => C::LoadStorePifAddrError,
            20 => C::InstFetchProhibited,
            28 => C::LoadProhibited,
            29 => C::StoreProhibited,
            32 => C::Coprocessor0Disabled,
            35 => C::Coprocessor3Disabled,
            _ => return None,
        })
    }

    /// Causes that write EXCVADDR. ISA RM table 4-64.
    pub(crate) fn has_address(self) -> bool {
        matches!(self as u8, 2 | 3 | 9 | 12..=15 | 20 | 28 | 29)
    }
}

impl Core {
    /// A general exception at `pc`. Returns its vector, or `Err` when it is raised by the double
    /// exception vector itself.
    pub(crate) fn exception(&mut self, pc: u32, cause: Cause, address: u32) -> Result<u32, StopReason> {
        let double_vector = self.vecbase.wrapping_add(DOUBLE_VECTOR);
        if self.ps & PS_EXCM != 0 && pc == double_vector {
            return Err(StopReason::DoubleException(cause));
        }
        if cause.has_address() {
            self.excvaddr = address;
        }
        if !matches!(cause, Cause::Syscall | Cause::Level1Interrupt | Cause::Alloca) {
            self.last_exception = Some(ExceptionReport { cause, pc, address, cycle: self.cycle });
        }
        self.exccause = cause as u32;
        let vector = if self.ps & PS_EXCM != 0 {
            self.depc = pc;
            DOUBLE_VECTOR
        } else {
            self.epc[1] = pc;
            if self.ps & PS_UM != 0 {
                USER_VECTOR
            } else {
                KERNEL_VECTOR
            }
        };
        self.ps |= PS_EXCM;
        Ok(self.vecbase.wrapping_add(vector))
    }

    /// A debug exception at `pc`, if the current level lets it through.
    pub(crate) fn debug_exception(&mut self, pc: u32, cause: u32) {
        self.debug.cause = cause;
        self.epc[DEBUG_LEVEL as usize] = pc;
        self.eps[DEBUG_LEVEL as usize] = self.ps;
        self.ps = self.ps & !PS_INTLEVEL | DEBUG_LEVEL | PS_EXCM;
        self.pc = self.vecbase.wrapping_add(DEBUG_VECTOR);
    }
}
