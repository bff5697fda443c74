//! The FIFOs between the system and a state machine, sections 3.2.6 and 3.5.3.

use serde::{Deserialize, Serialize};

/// Words in a FIFO that is not joined.
pub const FIFO_DEPTH: u8 = 4;

/// One direction of one state machine.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Fifo {
    words: [u32; 2 * FIFO_DEPTH as usize],
    first: u8,
    level: u8,
    depth: u8,
}

impl Fifo {
    /// An empty FIFO of its own four words.
    pub fn new() -> Self {
        Self { words: [0; 2 * FIFO_DEPTH as usize], first: 0, level: 0, depth: FIFO_DEPTH }
    }

    /// Flushes it and gives it this many words: eight when it has its neighbour's storage, none when the neighbour has its.
    pub fn resize(&mut self, depth: u8) {
        *self = Self { depth, ..Self::new() };
    }

    /// Words in it.
    #[inline(always)]
    pub fn level(&self) -> u8 {
        self.level
    }

    /// Nothing can be taken. A FIFO without storage is both empty and full.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.level == 0
    }

    /// Nothing can be put in.
    #[inline(always)]
    pub fn is_full(&self) -> bool {
        self.level >= self.depth
    }

    /// The word that is taken next; the last one taken where there is none, which the datasheet leaves undefined.
    pub fn front(&self) -> u32 {
        self.words[usize::from(self.first) & 7]
    }

    /// Puts a word into a FIFO that is not full.
    #[inline(always)]
    pub fn push(&mut self, word: u32) {
        self.words[usize::from(self.first + self.level) & 7] = word;
        self.level += 1;
    }

    /// Takes a word out of a FIFO that is not empty.
    #[inline(always)]
    pub fn pop(&mut self) -> u32 {
        let word = self.words[usize::from(self.first) & 7];
        self.first = (self.first + 1) & 7;
        self.level -= 1;
        word
    }
}
