//! Memories of the other side, as blocks with a DMA see them.
//!
//! The chip's own memory serves as a copy. A line of it is fresh from when it was fetched until the answer to the request under
//! way: so long the processors of the other side do not run. What blocks store goes into the copy and into a list, which the
//! other side gets before it sends more, or before the answer.

use crate::memory::Memory;
use std::collections::BTreeSet;

/// Bytes that are fetched at once.
pub const LINE: usize = 1024;

/// The other side.
pub trait Peer: Send + Sync {
    /// Fills `into` from its memory. False: it has none there.
    fn read(&mut self, addr: u32, into: &mut [u8]) -> bool;
    /// Puts bytes into its memory.
    fn write(&mut self, addr: u32, data: &[u8]);
}

/// Memory of the other side, and what is known of it now.
pub struct Foreign {
    peer: Box<dyn Peer>,
    fresh: BTreeSet<u32>,
    stores: Vec<(u32, Vec<u8>)>,
}

impl std::fmt::Debug for Foreign {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Foreign").field("fresh", &self.fresh).field("stores", &self.stores).finish_non_exhaustive()
    }
}

impl Foreign {
    /// The memory of this side.
    pub fn new(peer: Box<dyn Peer>) -> Self {
        Self { peer, fresh: BTreeSet::new(), stores: Vec::new() }
    }

    /// Makes `count` bytes of the copy fresh, which lie at `offset` in it and at `addr` there. Both begin their lines at the
    /// same place. False: there is no memory.
    pub fn bring(&mut self, memory: &mut Memory, offset: usize, addr: u32, count: usize) -> bool {
        let skew = addr as usize % LINE;
        let start = offset - skew;
        (0..(skew + count).div_ceil(LINE))
            .all(|line| self.bring_line(memory, start + line * LINE, (addr as usize - skew + line * LINE) as u32))
    }

    fn bring_line(&mut self, memory: &mut Memory, offset: usize, addr: u32) -> bool {
        if self.fresh.contains(&addr) {
            return true;
        }
        self.hand_over();
        let mut line = [0; LINE];
        let known = self.peer.read(addr, &mut line);
        if known {
            // Nobody decodes code of the copy.
            let _stale = memory.write(offset, &line);
            self.fresh.insert(addr);
        }
        known
    }

    /// A block stored these bytes into the copy.
    pub fn stored(&mut self, addr: u32, data: &[u8]) {
        match self.stores.last_mut() {
            Some((at, bytes)) if at.wrapping_add(bytes.len() as u32) == addr => bytes.extend_from_slice(data),
            _ => self.stores.push((addr, data.to_vec())),
        }
    }

    /// The other side gets what was stored.
    pub fn hand_over(&mut self) {
        for (addr, data) in std::mem::take(&mut self.stores) {
            self.peer.write(addr, &data);
        }
    }

    /// The other side goes on: it gets what was stored, and what was fetched is not fresh any more.
    pub fn release(&mut self) {
        self.hand_over();
        self.fresh.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone)]
    struct Shared(Arc<Mutex<(Vec<u8>, usize)>>);

    impl Peer for Shared {
        fn read(&mut self, addr: u32, into: &mut [u8]) -> bool {
            let mut memory = self.0.lock().unwrap();
            memory.1 += 1;
            let Some(bytes) = memory.0.get(addr as usize..addr as usize + into.len()) else { return false };
            into.copy_from_slice(bytes);
            true
        }

        fn write(&mut self, addr: u32, data: &[u8]) {
            self.0.lock().unwrap().0[addr as usize..addr as usize + data.len()].copy_from_slice(data);
        }
    }

    #[test]
    fn what_is_there_is_fetched_once_a_request_and_what_is_stored_goes_there_in_order() {
        let there = Shared(Arc::new(Mutex::new((vec![7; 8 * LINE], 0))));
        let mut foreign = Foreign::new(Box::new(there.clone()));
        let mut copy = Memory::new(8 * LINE, 0);
        assert!(foreign.bring(&mut copy, LINE + 1000, LINE as u32 + 1000, 100));
        assert_eq!((copy.read8(LINE + 1000), copy.read8(2 * LINE + 75), copy.read8(4 * LINE)), (7, 7, 0));
        assert!(foreign.bring(&mut copy, LINE, LINE as u32, 2 * LINE));
        assert_eq!(there.0.lock().unwrap().1, 2);

        let _stale = copy.write(LINE, &[1, 2, 3]);
        foreign.stored(LINE as u32, &[1, 2]);
        foreign.stored(LINE as u32 + 2, &[3]);
        foreign.stored(5 * LINE as u32, &[9]);
        assert_eq!(there.0.lock().unwrap().0[LINE], 7);
        assert!(foreign.bring(&mut copy, 5 * LINE, 5 * LINE as u32, 1));
        assert_eq!((copy.read8(5 * LINE), copy.read8(5 * LINE + 1)), (9, 7), "fetched after what was stored");

        there.0.lock().unwrap().0[LINE + 8] = 42;
        foreign.release();
        assert_eq!(there.0.lock().unwrap().0[LINE..LINE + 4], [1, 2, 3, 7]);
        assert!(foreign.bring(&mut copy, LINE, LINE as u32, 16));
        assert_eq!(copy.read8(LINE + 8), 42);
        assert!(!foreign.bring(&mut copy, 7 * LINE, 0x1_0000, 1));
    }
}
