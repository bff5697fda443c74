//! The hardware's watchpoints at full speed: between accesses near them, nobody has to look at each instruction.

use crate::core::Core;
use crate::debug::{DBREAKC_LOAD, DBREAKC_MASK, DBREAKC_STORE};
use crate::{Beat, Bus, BusError, Code, Fetch};

/// The widest access: what begins this far below a watched byte may still reach it.
const WIDEST: u32 = 16;

/// A range of addresses at which an access may meet a watchpoint: start and length.
type Range = (u32, u32);

impl Core {
    /// The ranges around DBREAKA0 and 1, if they are the only reason to look at each instruction.
    pub(crate) fn watched_ranges(&self, code: &Code) -> Option<[Range; 2]> {
        let others = self.debug.ibreakenable != 0 || self.debug.icountlevel != 0 || !code.watchpoints().is_empty();
        if others || self.watching.is_some() {
            return None;
        }
        let mut ranges = [(0, 0); 2];
        for (n, range) in ranges.iter_mut().enumerate() {
            let (addr, control) = (self.debug.dbreaka[n], self.debug.dbreakc[n]);
            if control & (DBREAKC_LOAD | DBREAKC_STORE) == 0 {
                continue;
            }
            let bytes = ((!control & DBREAKC_MASK) + 1).next_power_of_two();
            let first = addr & !(bytes - 1);
            // Where region protection forbids the access as well, the order of the two causes is for who looks closely.
            if (self.protection.no_load | self.protection.no_store) >> (first >> 29) & 1 != 0 {
                return None;
            }
            *range = (first.wrapping_sub(WIDEST - 1), bytes + WIDEST - 1);
        }
        Some(ranges)
    }
}

/// A bus that does not carry out accesses near a watchpoint, but yields.
pub(crate) struct Watched<'a, B: Bus> {
    pub bus: &'a mut B,
    pub ranges: [Range; 2],
    /// It yielded.
    pub met: bool,
}

impl<B: Bus> Watched<'_, B> {
    #[inline(always)]
    fn pass(&mut self, addr: u32) -> Result<(), BusError> {
        let [one, other] = self.ranges;
        if addr.wrapping_sub(one.0) < one.1 || addr.wrapping_sub(other.0) < other.1 {
            self.met = true;
            return Err(BusError::Yield);
        }
        Ok(())
    }
}

impl<B: Bus> Bus for Watched<'_, B> {
    #[inline(always)]
    fn load32(&mut self, addr: u32, cycle: u64) -> Result<Beat, BusError> {
        self.pass(addr)?;
        self.bus.load32(addr, cycle)
    }
    #[inline(always)]
    fn load16(&mut self, addr: u32, cycle: u64) -> Result<Beat, BusError> {
        self.pass(addr)?;
        self.bus.load16(addr, cycle)
    }
    #[inline(always)]
    fn load8(&mut self, addr: u32, cycle: u64) -> Result<Beat, BusError> {
        self.pass(addr)?;
        self.bus.load8(addr, cycle)
    }
    #[inline(always)]
    fn store32(&mut self, addr: u32, value: u32, cycle: u64) -> Result<u32, BusError> {
        self.pass(addr)?;
        self.bus.store32(addr, value, cycle)
    }
    #[inline(always)]
    fn store16(&mut self, addr: u32, value: u32, cycle: u64) -> Result<u32, BusError> {
        self.pass(addr)?;
        self.bus.store16(addr, value, cycle)
    }
    #[inline(always)]
    fn store8(&mut self, addr: u32, value: u32, cycle: u64) -> Result<u32, BusError> {
        self.pass(addr)?;
        self.bus.store8(addr, value, cycle)
    }
    crate::core::hand_through!();
    #[inline(always)]
    fn deadline(&self) -> u64 {
        self.bus.deadline()
    }
}
