//! Faults in words, for reports that people read.

use std::fmt::{self, Display, Formatter};

use crate::exception::{Cause, FaultReport, LockupReport, HARD_FAULT, NMI};

impl Display for Cause {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fetch => "nothing to execute",
            Self::BusRead => "load from an address where nothing answers",
            Self::BusWrite => "store to an address where nothing answers",
            Self::Unaligned => "unaligned access",
            Self::Undefined => "undefined instruction",
            Self::Unpredictable => "unpredictable instruction",
            Self::InvalidState => "branch or vector without the Thumb bit",
            Self::Bkpt => "BKPT without a debugger",
            Self::SvcMasked => "SVC where its priority does not allow it",
            Self::ExceptionReturn => "exception return that does not fit the state of the core",
            Self::Stacking => "exception entry could not push its frame",
            Self::Unstacking => "exception return could not pop its frame",
            Self::VectorRead => "vector table could not be read",
        })
    }
}

impl Display for FaultReport {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (address, pc) = (self.address, self.pc);
        match self.cause {
            Cause::BusRead => write!(f, "load from 0x{address:08x}, where nothing answers,")?,
            Cause::BusWrite => write!(f, "store to 0x{address:08x}, where nothing answers,")?,
            Cause::Unaligned => write!(f, "unaligned access to 0x{address:08x}")?,
            Cause::Stacking | Cause::Unstacking | Cause::VectorRead => write!(f, "{} (0x{address:08x})", self.cause)?,
            _ => write!(f, "{}", self.cause)?,
        }
        write!(f, " at 0x{pc:08x}")
    }
}

impl Display for LockupReport {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "locked up: {}", self.fault)?;
        match (self.xpsr & 0x3F) as u8 {
            HARD_FAULT => f.write_str(" inside HardFault")?,
            NMI => f.write_str(" inside NMI")?,
            _ => {}
        }
        match &self.original {
            Some(original) => write!(f, "; first fault: {original}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(cause: Cause, pc: u32, address: u32) -> FaultReport {
        FaultReport { cause, pc, address, cycle: 0 }
    }

    #[test]
    fn a_lock_up_names_the_fault_that_began_it() {
        let report = LockupReport {
            fault: fault(Cause::Bkpt, 0x1000_01C4, 0x1000_01C4),
            original: Some(fault(Cause::BusWrite, 0x2000_0134, 0)),
            regs: [0; 16],
            xpsr: 3,
        };
        assert_eq!(
            report.to_string(),
            "locked up: BKPT without a debugger at 0x100001c4 inside HardFault; \
             first fault: store to 0x00000000, where nothing answers, at 0x20000134"
        );
    }

    #[test]
    fn a_lock_up_outside_of_handlers_says_no_more_than_it_knows() {
        let report = LockupReport {
            fault: fault(Cause::VectorRead, 0xFFFF_FFFE, 0x3000_000C),
            original: None,
            regs: [0; 16],
            xpsr: 0,
        };
        assert_eq!(report.to_string(), "locked up: vector table could not be read (0x3000000c) at 0xfffffffe");
    }
}
