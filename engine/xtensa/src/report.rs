//! Exceptions and stops in words, for reports that people read.

use std::fmt::{self, Display, Formatter};

use crate::exception::{Cause, ExceptionReport, StopReason, StopReport};

impl Display for Cause {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::IllegalInstruction => "IllegalInstruction",
            Self::Syscall => "Syscall",
            Self::InstructionFetchError => "InstructionFetchError",
            Self::LoadStoreError => "LoadStoreError",
            Self::Level1Interrupt => "Level1Interrupt",
            Self::Alloca => "Alloca",
            Self::IntegerDivideByZero => "IntegerDivideByZero",
            Self::Privileged => "Privileged",
            Self::LoadStoreAlignment => "LoadStoreAlignment",
            Self::InstrPifDataError => "InstrPIFDataError",
            Self::LoadStorePifDataError => "LoadStorePIFDataError",
            Self::InstrPifAddrError => "InstrPIFAddrError",
            Self::LoadStorePifAddrError => "LoadStorePIFAddrError",
            Self::InstFetchProhibited => "InstFetchProhibited",
            Self::LoadProhibited => "LoadProhibited",
            Self::StoreProhibited => "StoreProhibited",
            Self::Coprocessor0Disabled => "Coprocessor0Disabled",
            Self::Coprocessor3Disabled => "Coprocessor3Disabled",
        })
    }
}

impl Display for ExceptionReport {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} at 0x{:08x}", self.cause, self.pc)?;
        if self.cause.has_address() && self.address != self.pc {
            write!(f, " (address 0x{:08x})", self.address)?;
        }
        Ok(())
    }
}

impl Display for StopReport {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "core {} stopped at 0x{:08x}", self.core, self.pc)?;
        if let Some(instruction) = &self.instruction {
            write!(f, " ({instruction})")?;
        }
        match &self.reason {
            StopReason::DoubleException(cause) => {
                write!(f, ": {cause} in the first instruction of the double exception vector")?;
            }
            StopReason::NotImplemented(mnemonic) => write!(f, ": {mnemonic} is not implemented")?,
        }
        match &self.original {
            Some(original) => write!(f, "; last exception: {original}"),
            None => Ok(()),
        }
    }
}
