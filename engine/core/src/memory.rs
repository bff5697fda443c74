//! Memory: flat while it runs, pages shared between snapshots while it rests.
//!
//! A running memory is one run of bytes, because every load and store goes through it. Each 4 KB page has
//! a byte of flags that a store looks at; it is zero for a page that was already written since the last
//! snapshot and holds no decoded code, so the usual store costs one look. A frozen memory is a list of
//! reference-counted pages: what was not written since the snapshot before is shared with it.

use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Bytes in a page.
pub const PAGE: usize = 4096;

const CLEAN: u8 = 1;
const CODE: u8 = 2;

/// Bytes in a line: decoded code is watched and reported by lines, so data beside code costs little.
pub const LINE: usize = PAGE / 64;

/// A page as snapshots hold it.
pub type Page = Arc<Vec<u8>>;

/// A memory at rest.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Frozen {
    pages: Vec<Page>,
}

impl Frozen {
    /// How many of the pages are shared with `other`.
    pub fn shared_with(&self, other: &Self) -> usize {
        self.pages.iter().zip(&other.pages).filter(|(a, b)| Arc::ptr_eq(a, b)).count()
    }

    /// How many pages there are.
    pub fn pages(&self) -> usize {
        self.pages.len()
    }
}

/// A running memory. Offsets count from its own start; its size is a whole number of pages.
#[derive(Debug)]
pub struct Memory {
    bytes: Vec<u8>,
    flags: Vec<u8>,
    code: Vec<u64>,
    base: Vec<Page>,
    stale: Vec<u32>,
}

impl Memory {
    /// A memory of `size` bytes, all `fill` (SRAM 0, erased flash 0xFF).
    pub fn new(size: usize, fill: u8) -> Self {
        let size = size.next_multiple_of(PAGE);
        let page: Page = Arc::new(vec![fill; PAGE]);
        let pages = size / PAGE;
        Self {
            bytes: vec![fill; size],
            flags: vec![CLEAN; pages],
            code: vec![0; pages],
            base: vec![page; pages],
            stale: Vec::new(),
        }
    }

    /// Its size in bytes.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// All of it, to look at.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The byte at `offset`. Panics outside, as all accesses do: the bus has decoded the address before.
    #[inline(always)]
    pub fn read8(&self, offset: usize) -> u32 {
        u32::from(self.bytes[offset])
    }

    /// The little-endian half-word at `offset`.
    #[inline(always)]
    pub fn read16(&self, offset: usize) -> u32 {
        let b = &self.bytes[offset..offset + 2];
        u32::from(u16::from_le_bytes([b[0], b[1]]))
    }

    /// The little-endian word at `offset`.
    #[inline(always)]
    pub fn read32(&self, offset: usize) -> u32 {
        let b = &self.bytes[offset..offset + 4];
        u32::from_le_bytes([b[0], b[1], b[2], b[3]])
    }

    /// Stores a byte. True: decoded code has become stale, see [`Memory::take_stale`].
    #[inline(always)]
    #[must_use]
    pub fn write8(&mut self, offset: usize, value: u32) -> bool {
        self.bytes[offset] = value as u8;
        self.flags[offset / PAGE] != 0 && self.watched_write(offset)
    }

    /// Stores a half-word.
    #[inline(always)]
    #[must_use]
    pub fn write16(&mut self, offset: usize, value: u32) -> bool {
        self.bytes[offset..offset + 2].copy_from_slice(&(value as u16).to_le_bytes());
        self.flags[offset / PAGE] != 0 && self.watched_write(offset)
    }

    /// Stores a word.
    #[inline(always)]
    #[must_use]
    pub fn write32(&mut self, offset: usize, value: u32) -> bool {
        self.bytes[offset..offset + 4].copy_from_slice(&value.to_le_bytes());
        self.flags[offset / PAGE] != 0 && self.watched_write(offset)
    }

    /// Stores many bytes (loaders, ROM functions, debuggers).
    #[must_use]
    pub fn write(&mut self, offset: usize, data: &[u8]) -> bool {
        self.bytes[offset..offset + data.len()].copy_from_slice(data);
        let mut stale = false;
        for line in offset / LINE..(offset + data.len()).div_ceil(LINE) {
            stale |= self.flags[line * LINE / PAGE] != 0 && self.watched_write(line * LINE);
        }
        stale
    }

    #[cold]
    fn watched_write(&mut self, offset: usize) -> bool {
        let (page, bit) = (offset / PAGE, 1u64 << (offset / LINE % 64));
        let code = self.code[page] & bit != 0;
        self.code[page] &= !bit;
        self.flags[page] = if self.code[page] == 0 { 0 } else { CODE };
        if code {
            self.stale.push((offset / LINE * LINE) as u32);
        }
        code
    }

    /// From now on stores to the line of `offset` are reported: code was decoded from it.
    pub fn watch_code(&mut self, offset: usize) {
        self.flags[offset / PAGE] |= CODE;
        self.code[offset / PAGE] |= 1 << (offset / LINE % 64);
    }

    /// Is the decoded code of any line stale?
    #[inline]
    pub fn has_stale(&self) -> bool {
        !self.stale.is_empty()
    }

    /// The offsets of lines whose decoded code is stale since the last call.
    pub fn take_stale(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.stale)
    }

    /// A picture of the memory; pages not written since the last one are shared with it.
    pub fn freeze(&mut self) -> Frozen {
        for (page, flags) in self.flags.iter_mut().enumerate() {
            if *flags & CLEAN == 0 {
                self.base[page] = Arc::new(self.bytes[page * PAGE..(page + 1) * PAGE].to_vec());
                *flags |= CLEAN;
            }
        }
        Frozen { pages: self.base.clone() }
    }

    /// A running memory with the contents of the picture. Decoded code of another memory is not of it.
    pub fn thaw(frozen: &Frozen) -> Self {
        let mut bytes = Vec::with_capacity(frozen.pages.len() * PAGE);
        for page in &frozen.pages {
            bytes.extend_from_slice(page);
        }
        Self {
            bytes,
            flags: vec![CLEAN; frozen.pages.len()],
            code: vec![0; frozen.pages.len()],

            base: frozen.pages.clone(),
            stale: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_shares_what_was_not_written() {
        let mut memory = Memory::new(16 * PAGE, 0);
        let first = memory.freeze();
        assert!(!memory.write32(5 * PAGE + 8, 0x1234_5678));
        let second = memory.freeze();
        assert_eq!(second.shared_with(&first), 15);
        assert!(!memory.write8(5 * PAGE + 8, 0xFF));
        let thawed = Memory::thaw(&second);
        assert_eq!(thawed.read32(5 * PAGE + 8), 0x1234_5678);
        assert_eq!(memory.read32(5 * PAGE + 8), 0x1234_56FF);
    }

    #[test]
    fn a_store_into_decoded_code_is_reported_until_it_is_decoded_again() {
        let mut memory = Memory::new(2 * PAGE, 0);
        memory.watch_code(PAGE + 100);
        memory.watch_code(PAGE + 200);
        assert!(!memory.write16(0, 1));
        assert!(!memory.write16(PAGE, 1));
        assert!(memory.write16(PAGE + 70, 1));
        assert!(!memory.write16(PAGE + 70, 2));
        assert!(memory.write(PAGE + 60, &[0; 200]));
        assert_eq!(memory.take_stale(), [PAGE as u32 + 64, PAGE as u32 + 192]);
    }
}
