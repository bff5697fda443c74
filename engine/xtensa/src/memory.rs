//! Loads and stores of the core: region protection, alignment, then the bus.

use crate::core::Core;
use crate::exception::Cause;
use crate::{Beat, Bus, BusError};

/// How an access ended when it did not complete.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Miss {
    Yield,
    /// Cause, and the address for EXCVADDR.
    Fault(Cause, u32),
}

#[inline(always)]
pub(crate) fn miss(error: BusError, addr: u32) -> Miss {
    match error {
        BusError::Yield => Miss::Yield,
        BusError::Fault(cause) => Miss::Fault(cause, addr),
    }
}

#[inline(always)]
fn is_unaligned(addr: u32, bytes: u32) -> bool {
    addr & (bytes - 1) != 0
}

macro_rules! access {
    ($load:ident, $store:ident, $bytes:literal) => {
        #[inline(always)]
        pub(crate) fn $load<B: Bus>(&mut self, bus: &mut B, addr: u32, cycle: u64) -> Result<Beat, Miss> {
            if self.protection.no_load >> (addr >> 29) & 1 != 0 {
                return Err(Miss::Fault(Cause::LoadProhibited, addr));
            }
            if is_unaligned(addr, $bytes) {
                return self.load_unaligned(bus, addr, $bytes, cycle);
            }
            bus.$load(addr, cycle).map_err(|error| miss(error, addr))
        }

        #[inline(always)]
        pub(crate) fn $store<B: Bus>(&mut self, bus: &mut B, addr: u32, value: u32, cycle: u64) -> Result<u32, Miss> {
            if self.protection.no_store >> (addr >> 29) & 1 != 0 {
                return Err(Miss::Fault(Cause::StoreProhibited, addr));
            }
            if is_unaligned(addr, $bytes) {
                return self.store_unaligned(bus, addr, value, $bytes, cycle);
            }
            bus.$store(addr, value, cycle).map_err(|error| miss(error, addr))
        }
    };
}

impl Core {
    access!(load32, store32, 4);
    access!(load16, store16, 2);
    access!(load8, store8, 1);

    /// The hardware does unaligned accesses (core-isa.h, `XCHAL_UNALIGNED_LOAD_HW`), in two parts when
    /// they cross a boundary of its 16-byte data path.
    #[cold]
    fn load_unaligned<B: Bus>(&mut self, bus: &mut B, addr: u32, bytes: u32, cycle: u64) -> Result<Beat, Miss> {
        let mut whole = Beat { value: 0, cycles: crossing(addr, bytes) * u32::from(self.crossing_cost) };
        for index in 0..bytes {
            let beat = bus.load8(addr.wrapping_add(index), cycle).map_err(|error| miss(error, addr))?;
            whole.value |= beat.value << (8 * index);
            whole.cycles = whole.cycles.max(beat.cycles);
        }
        Ok(whole)
    }

    #[cold]
    fn store_unaligned<B: Bus>(
        &mut self,
        bus: &mut B,
        addr: u32,
        value: u32,
        bytes: u32,
        cycle: u64,
    ) -> Result<u32, Miss> {
        let mut cycles = crossing(addr, bytes) * u32::from(self.crossing_cost);
        for index in 0..bytes {
            let byte = value >> (8 * index) & 0xFF;
            let stalls = bus.store8(addr.wrapping_add(index), byte, cycle).map_err(|error| miss(error, addr))?;
            cycles = cycles.max(stalls);
        }
        Ok(cycles)
    }
}

fn crossing(addr: u32, bytes: u32) -> u32 {
    u32::from(addr % 16 + bytes > 16)
}
