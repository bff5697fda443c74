//! The block's own DMA controller, IDMAC: rings and chains of descriptors. The layout is in ESP-IDF `soc/sdmmc_struct.h`;
//! the sequences are those of the same core in Intel's Stratix 10 HPS TRM (683222), 16.4.2.5 and 16.4.2.6.

use crate::memories::{Memories, Mmu, Place};
use engine_core::registers::Field;
use serde::{Deserialize, Serialize};

/// What IDMAC reaches: the chip's own memory, ESP-IDF `soc/soc.h` SOC_DMA_LOW and SOC_DMA_HIGH; not PSRAM
/// (SOC_SDMMC_PSRAM_DMA_CAPABLE is not set).
const REACHED: std::ops::Range<u32> = 0x3FC8_8000..0x3FD0_0000;

/// A descriptor's first two words.
mod des {
    use super::Field;
    /// No interrupt behind this descriptor.
    pub const DIC: Field = Field::new(1, 1);
    /// It holds the last of the data.
    pub const LD: Field = Field::new(2, 2);
    /// Its fourth word is the next descriptor's address, not a second buffer's.
    pub const CH: Field = Field::new(4, 4);
    /// The first descriptor follows.
    pub const ER: Field = Field::new(5, 5);
    /// IDMAC may use it; else it is the processor's.
    pub const OWN: Field = Field::new(31, 31);
    /// Bytes of the buffers.
    pub const BS1: Field = Field::new(12, 0);
    pub const BS2: Field = Field::new(25, 13);
}

/// Why IDMAC stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Halt {
    /// The descriptor is the processor's.
    Unavailable,
    /// Nothing that IDMAC reaches is at an address.
    Fatal,
}

/// What became of a piece of data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Moved {
    pub count: usize,
    /// A descriptor that wants an interrupt was finished.
    pub interrupt: bool,
    pub halt: Option<Halt>,
    /// Decoded code has become stale.
    pub stale: bool,
}

/// Where it is in its list.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Idmac {
    /// DBADDR.
    pub base: u32,
    /// The descriptor in use, or the next one.
    pub current: u32,
    /// The bytes of it that are done.
    done: u32,
    /// BUFADDR.
    pub buffer: u32,
    /// Waits for PLDMND.
    pub suspended: bool,
}

struct Descriptor {
    control: u32,
    sizes: u32,
    buffer: u32,
    other: u32,
}

impl Descriptor {
    fn is_chained(&self) -> bool {
        des::CH.is_set(self.control)
    }

    /// Bytes of both buffers.
    fn size(&self) -> u32 {
        des::BS1.get(self.sizes) + if self.is_chained() { 0 } else { des::BS2.get(self.sizes) }
    }

    /// The address of byte `done`, and how many follow in the same buffer.
    fn place(&self, done: u32) -> (u32, u32) {
        let first = des::BS1.get(self.sizes);
        if done < first {
            (self.buffer.wrapping_add(done), first - done)
        } else {
            (self.other.wrapping_add(done - first), self.size() - done)
        }
    }
}

/// The memory as IDMAC sees it.
pub(super) struct Memory<'a> {
    pub mem: &'a mut Memories,
    pub mmu: &'a Mmu,
}

impl Memory<'_> {
    fn offset(&self, addr: u32, count: usize) -> Option<usize> {
        let end = addr.checked_add(count as u32)?;
        match self.mem.place(self.mmu, addr) {
            Some(Place::Sram(offset)) if REACHED.contains(&addr) && end <= REACHED.end => Some(offset),
            _ => None,
        }
    }

    fn read(&mut self, addr: u32, count: usize) -> Option<&[u8]> {
        let offset = self.offset(addr, count)?;
        if !self.mem.bring(Place::Sram(offset), addr, count) {
            return None;
        }
        self.mem.sram.bytes().get(offset..offset + count)
    }

    /// True: decoded code has become stale.
    fn write(&mut self, addr: u32, data: &[u8]) -> Option<bool> {
        let offset = self.offset(addr, data.len())?;
        self.mem.stored(Place::Sram(offset), addr, data);
        Some(self.mem.sram.write(offset, data))
    }

    fn descriptor(&mut self, addr: u32) -> Option<Descriptor> {
        let bytes = self.read(addr, 16)?;
        let word = |n: usize| u32::from_le_bytes([bytes[4 * n], bytes[4 * n + 1], bytes[4 * n + 2], bytes[4 * n + 3]]);
        Some(Descriptor { control: word(0), sizes: word(1), buffer: word(2), other: word(3) })
    }
}

/// Which way data goes.
pub(super) enum Data<'a> {
    /// From the card into memory.
    In(&'a [u8]),
    /// From memory to the card: appended until there are so many.
    Out(&'a mut Vec<u8>, usize),
}

impl Data<'_> {
    fn left(&self, count: usize) -> usize {
        match self {
            Self::In(bytes) => bytes.len() - count,
            Self::Out(into, wanted) => wanted - into.len(),
        }
    }
}

impl Idmac {
    /// DBADDR is written: the list begins there.
    pub fn rebase(&mut self, base: u32) {
        *self = Self { base, current: base, ..Self::default() };
    }

    /// Moves data through the list until there is no more of it, or of the list. `ends`: no data follows this piece.
    pub fn carry(&mut self, mut data: Data, ends: bool, memory: &mut Memory) -> Moved {
        let mut moved = Moved::default();
        while data.left(moved.count) > 0 {
            let Some(descriptor) = memory.descriptor(self.current) else {
                return Moved { halt: Some(Halt::Fatal), ..moved };
            };
            if !des::OWN.is_set(descriptor.control) {
                self.suspended = true;
                return Moved { halt: Some(Halt::Unavailable), ..moved };
            }
            if self.done < descriptor.size() {
                let (addr, room) = descriptor.place(self.done);
                self.buffer = addr;
                let count = (room as usize).min(data.left(moved.count));
                let carried = match &mut data {
                    Data::In(bytes) => memory.write(addr, &bytes[moved.count..moved.count + count]),
                    Data::Out(into, _) => memory.read(addr, count).map(|bytes| {
                        into.extend_from_slice(bytes);
                        false
                    }),
                };
                let Some(stale) = carried else { return Moved { halt: Some(Halt::Fatal), ..moved } };
                moved.stale |= stale;
                moved.count += count;
                self.done += count as u32;
            }
            let over = ends && data.left(moved.count) == 0;
            if self.done >= descriptor.size() || over {
                moved.interrupt |= self.close(&descriptor, memory);
            }
        }
        moved
    }

    /// The descriptor goes back to the processor; the next one comes. True: it wants an interrupt.
    fn close(&mut self, descriptor: &Descriptor, memory: &mut Memory) -> bool {
        let control = des::OWN.put(descriptor.control, 0);
        memory.write(self.current, &control.to_le_bytes());
        self.done = 0;
        self.current = if des::ER.is_set(descriptor.control) {
            self.base
        } else if descriptor.is_chained() {
            descriptor.other
        } else {
            self.current.wrapping_add(16)
        };
        if des::LD.is_set(descriptor.control) {
            self.suspended = true;
        }
        !des::DIC.is_set(descriptor.control)
    }
}
