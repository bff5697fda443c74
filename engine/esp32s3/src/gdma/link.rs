//! Linked lists of descriptors in memory. TRM 3.4.1 to 3.4.4; the layout of a descriptor is also in ESP-IDF
//! `hal/dma_types.h`.

use crate::memories::{Memories, Mmu, Place, MMU_PAGE};
use engine_core::registers::Field;
use serde::{Deserialize, Serialize};

/// What GDMA's bus master can reach of the chip's own memory, ESP-IDF `soc/soc.h` SOC_DMA_LOW and SOC_DMA_HIGH.
const INTERNAL: std::ops::Range<u32> = 0x3FC8_8000..0x3FD0_0000;
/// Flash and PSRAM on the data bus; only PSRAM can be reached.
const EXTERNAL: std::ops::Range<u32> = 0x3C00_0000..0x3E00_0000;
/// The upper bits of the address of a link's first descriptor, of which the LINK registers hold the lower 20.
const LINK_BASE: u32 = 0x3FC0_0000;

/// Fields of a descriptor's first word, TRM figure 3-3.
pub(super) mod dw0 {
    use super::Field;
    /// How big the buffer is.
    pub const SIZE: Field = Field::new(11, 0);
    /// How many bytes are in it.
    pub const LENGTH: Field = Field::new(23, 12);
    /// A peripheral's data had an error.
    pub const ERR_EOF: Field = Field::new(28, 28);
    /// The last descriptor of a packet.
    pub const SUC_EOF: Field = Field::new(30, 30);
    /// GDMA may use it; else it is the processor's.
    pub const OWNER: Field = Field::new(31, 31);
}

/// A descriptor as it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Descriptor {
    pub addr: u32,
    pub dw0: u32,
    pub buffer: u32,
    pub next: u32,
}

/// Why an access to memory is not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// Nothing that GDMA reaches is at the address.
    Address,
    /// The window of external memory shows no PSRAM there.
    External,
}

/// The memories as GDMA's bus master sees them.
pub(super) struct Bus<'a> {
    pub mem: &'a mut Memories,
    pub mmu: &'a Mmu,
    /// Decoded code has become stale by what was stored.
    pub stale: bool,
}

impl Bus<'_> {
    /// The place of an address, and how many bytes from there lie in one piece.
    fn place(&self, addr: u32) -> Result<(Place, usize), Refused> {
        if INTERNAL.contains(&addr) {
            let place = self.mem.place(self.mmu, addr).ok_or(Refused::Address)?;
            return Ok((place, (INTERNAL.end - addr) as usize));
        }
        if !EXTERNAL.contains(&addr) {
            return Err(Refused::Address);
        }
        match self.mem.place(self.mmu, addr) {
            Some(place @ Place::Psram(_)) => Ok((place, (MMU_PAGE - addr % MMU_PAGE) as usize)),
            _ => Err(Refused::External),
        }
    }

    /// Is it an address of external memory?
    pub fn is_external(addr: u32) -> bool {
        EXTERNAL.contains(&addr)
    }

    pub fn read(&mut self, mut addr: u32, mut into: &mut [u8]) -> Result<(), Refused> {
        while !into.is_empty() {
            let (place, run) = self.place(addr)?;
            let count = run.min(into.len());
            let (now, rest) = into.split_at_mut(count);
            if !self.mem.bring(place, addr, count) {
                return Err(Refused::Address);
            }
            let (bytes, offset) = match place {
                Place::Sram(offset) => (self.mem.sram.bytes(), offset),
                Place::Psram(offset) => (self.mem.psram.bytes(), offset),
                _ => return Err(Refused::Address),
            };
            now.copy_from_slice(bytes.get(offset..offset + count).ok_or(Refused::External)?);
            into = rest;
            addr += count as u32;
        }
        Ok(())
    }

    pub fn write(&mut self, mut addr: u32, mut data: &[u8]) -> Result<(), Refused> {
        while !data.is_empty() {
            let (place, run) = self.place(addr)?;
            let (now, rest) = data.split_at(run.min(data.len()));
            let (memory, offset) = match place {
                Place::Sram(offset) => (&mut self.mem.sram, offset),
                Place::Psram(offset) => (&mut self.mem.psram, offset),
                _ => return Err(Refused::Address),
            };
            if offset + now.len() > memory.size() {
                return Err(Refused::External);
            }
            self.stale |= memory.write(offset, now);
            self.mem.stored(place, addr, now);
            addr += now.len() as u32;
            data = rest;
        }
        Ok(())
    }

    /// Descriptors lie in internal memory alone, at word addresses (TRM 3.4.4).
    pub fn descriptor(&mut self, addr: u32) -> Result<Descriptor, Refused> {
        let mut bytes = [0; 12];
        if !INTERNAL.contains(&addr) || addr % 4 != 0 {
            return Err(Refused::Address);
        }
        self.read(addr, &mut bytes)?;
        let word = |n: usize| u32::from_le_bytes([bytes[n], bytes[n + 1], bytes[n + 2], bytes[n + 3]]);
        Ok(Descriptor { addr, dw0: word(0), buffer: word(4), next: word(8) })
    }

    /// GDMA changes a descriptor's first word.
    pub fn write_back(&mut self, addr: u32, dw0: u32) {
        // It was read from there: nothing can refuse it.
        let _ = self.write(addr, &dw0.to_le_bytes());
    }
}

/// Where a channel is in its list.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Link {
    /// Software started it, and it has not come to its end.
    pub runs: bool,
    /// The descriptor that is to be read next.
    ahead: u32,
    /// The one in use.
    pub current: Option<Descriptor>,
    /// Bytes of its buffer that are done.
    pub done: u32,
    /// The addresses of the last three descriptors read, the newest first: DSCR, DSCR_BF0 and DSCR_BF1.
    pub history: [u32; 3],
}

impl Link {
    /// LINK_START: from the descriptor at these 20 bits.
    pub fn start(&mut self, addr: u32) {
        *self = Self { runs: true, ahead: LINK_BASE | addr, ..Self::default() };
    }

    /// LINK_STOP.
    pub fn stop(&mut self) {
        self.runs = false;
        self.current = None;
    }

    /// LINK_RESTART: the list has grown behind the last descriptor, whose pointer is read again.
    pub fn restart(&mut self, bus: &mut Bus) {
        let Ok(last) = bus.descriptor(self.history[0]) else { return };
        match &mut self.current {
            Some(current) => current.next = last.next,
            None if !self.runs => {
                self.ahead = last.next;
                self.runs = last.next != 0;
            }
            None => {}
        }
    }

    /// Goes back to the descriptor in use, so that its buffer is filled anew (INLINK_AUTO_RET).
    pub fn again(&mut self, addr: u32) {
        self.ahead = addr;
        self.current = None;
        self.done = 0;
        self.runs = true;
    }

    /// The descriptor in use; reads the next one where there is none. `Ok(None)`: the list is at its end.
    pub fn mount(&mut self, check_owner: bool, bus: &mut Bus) -> Result<Option<Descriptor>, Refused> {
        if !self.runs || self.current.is_some() {
            return Ok(self.current);
        }
        let descriptor = bus.descriptor(self.ahead)?;
        self.history = [descriptor.addr, self.history[0], self.history[1]];
        if check_owner && !dw0::OWNER.is_set(descriptor.dw0) {
            return Err(Refused::Address);
        }
        self.done = 0;
        self.current = Some(descriptor);
        Ok(self.current)
    }

    /// The descriptor in use is done. True: it was the last of the list.
    pub fn advance(&mut self) -> bool {
        let next = self.current.take().map_or(0, |descriptor| descriptor.next);
        self.done = 0;
        self.ahead = next;
        self.runs = next != 0;
        next == 0
    }
}
