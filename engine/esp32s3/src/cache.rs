//! What a miss of the instruction cache costs. ESP32-S3 TRM chapter 4.3.3; the geometry by ESP-IDF's Kconfig defaults: 16 KB,
//! 8 ways, lines of 32 bytes.
//!
//! # Fidelity
//! - Only time: contents come from the chips at once ([`crate::extmem`]). A miss stalls for the time that SPI0 takes for
//!   a line with the lanes and the clock it is set to ([`crate::spi_mem::spi0::Spi0::line_time`]).
//! - Each processor has tags of its own, where silicon's share the cache: who of the two brings a line in first does not
//!   depend on how their slices lie. Lines used longest ago are replaced; which ones silicon replaces is not described.
//! - The geometry is the default whatever is set. Missing: preload, autoload and locked lines.
//! - The data cache: loads and stores of flash and PSRAM cost nothing beyond those of internal memory. Tags for it cost
//!   a tenth of the emulator's speed.

use serde::{Deserialize, Serialize};

/// Bytes of a line, as a power of two.
const LINE: u32 = 5;
const WAYS: usize = 8;
const SETS: usize = (16 << 10 >> LINE) / WAYS;

/// The tags as one processor sees them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Tags {
    /// The line of each set that was used last. 0: none, as no line of the window has this number.
    last: Vec<u32>,
    /// The other lines of each set, those used last in front.
    others: Vec<[u32; WAYS - 1]>,
}

impl Tags {
    /// An empty cache.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self { last: vec![0; SETS], others: vec![[0; WAYS - 1]; SETS] }
    }

    /// The lines of a range are not in it any more; of size 0, nothing is.
    pub fn forget(&mut self, start: u32, size: u32) {
        let (first, count) = (start >> LINE, (u64::from(start & 31) + u64::from(size)).div_ceil(32) as usize);
        if size == 0 || count >= SETS * WAYS {
            *self = Self::new();
            return;
        }
        for line in (first..).take(count) {
            let set = line as usize % SETS;
            let ways = self.others[set].iter_mut().chain([&mut self.last[set]]);
            ways.filter(|way| **way == line).for_each(|way| *way = 0);
        }
    }

    /// A processor fetches from an address. True: the line must come from a chip.
    #[inline(always)]
    pub fn misses(&mut self, addr: u32) -> bool {
        let line = addr >> LINE;
        let last = &mut self.last[line as usize % SETS];
        if *last == line {
            return false;
        }
        let before = std::mem::replace(last, line);
        self.misses_others(line, before)
    }

    /// The line that was used last before goes to the front of the others.
    #[inline(never)]
    fn misses_others(&mut self, line: u32, before: u32) -> bool {
        let others = &mut self.others[line as usize % SETS];
        let found = others.iter().position(|way| *way == line);
        others[..=found.unwrap_or(WAYS - 2)].rotate_right(1);
        others[0] = before;
        found.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 16 KB in 8 ways of 32 bytes: addresses 2 KB apart share a set.
    #[test]
    fn the_ninth_line_of_a_set_takes_the_place_of_the_one_used_longest_ago() {
        let mut tags = Tags::new();
        let at = |n: u32| 0x4200_0000 + n * 0x800;
        assert!((0..8).all(|n| tags.misses(at(n))));
        assert!((0..8).all(|n| !tags.misses(at(n) + 31)));
        assert!(!tags.misses(at(0)));
        assert!(tags.misses(at(8)));
        assert!(!tags.misses(at(0)));
        assert!(tags.misses(at(1)), "the one used longest ago");
        tags.forget(at(0) + 4, 8);
        assert!(tags.misses(at(0)) && !tags.misses(at(8)));
        tags.forget(0, 0);
        assert!(tags.misses(at(8)));
    }
}
