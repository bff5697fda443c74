//! The FIFOs between the processors ("mailboxes"). Datasheet 2.3.1.4.

use super::registers::common::FIFO_ST;
use serde::{Deserialize, Serialize};

const DEPTH: usize = 8;

/// One direction: eight words, and the sticky flags of its two ends.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Fifo {
    words: [u32; DEPTH],
    first: usize,
    count: usize,
    written_full: bool,
    read_empty: bool,
}

/// Both directions.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Fifos {
    /// By the processor that reads.
    to: [Fifo; 2],
}

impl Fifos {
    /// FIFO_WR. False: it was full, and the word is lost.
    pub fn push(&mut self, core: usize, word: u32) -> bool {
        let fifo = &mut self.to[1 - core];
        if fifo.count == DEPTH {
            fifo.written_full = true;
            return false;
        }
        fifo.words[(fifo.first + fifo.count) % DEPTH] = word;
        fifo.count += 1;
        true
    }

    /// FIFO_RD. An empty one shows what stands at its read pointer.
    pub fn pop(&mut self, core: usize) -> u32 {
        let fifo = &mut self.to[core];
        let word = fifo.words[fifo.first];
        if fifo.count == 0 {
            fifo.read_empty = true;
        } else {
            fifo.first = (fifo.first + 1) % DEPTH;
            fifo.count -= 1;
        }
        word
    }

    /// The word that FIFO_RD would give.
    pub fn front(&self, core: usize) -> u32 {
        self.to[core].words[self.to[core].first]
    }

    /// FIFO_ST as a processor sees it: the reading end of one FIFO, the writing end of the other.
    pub fn status(&self, core: usize) -> u32 {
        let (rx, tx) = (&self.to[core], &self.to[1 - core]);
        FIFO_ST::VLD.put(0, (rx.count != 0).into())
            | FIFO_ST::RDY.put(0, (tx.count != DEPTH).into())
            | FIFO_ST::WOF.put(0, tx.written_full.into())
            | FIFO_ST::ROE.put(0, rx.read_empty.into())
    }

    /// Writing 1 to the sticky flags clears them.
    pub fn clear(&mut self, core: usize, bits: u32) {
        self.to[core].read_empty &= !FIFO_ST::ROE.is_set(bits);
        self.to[1 - core].written_full &= !FIFO_ST::WOF.is_set(bits);
    }

    /// The interrupt of a processor: VLD, WOF or ROE.
    pub fn irq(&self, core: usize) -> bool {
        self.status(core) & (FIFO_ST::VLD.mask | FIFO_ST::WOF.mask | FIFO_ST::ROE.mask) != 0
    }
}
