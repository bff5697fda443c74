//! A parallel target's end of the wires: 8 or 16 lines of data that it takes over at an edge of a clock (WR of an 8080 bus,
//! PCLK of an RGB panel), with a chip select, and D/CX or DE, where it has them.
//!
//! As with SPI the same port is fed from pin edges (PIO, bit-banging) and word by word from a routed hardware controller.

use crate::ports::{Outside, PortId};
use crate::time::Ps;
use serde::{Deserialize, Serialize};

/// Words that a parallel target took over, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParallelBatch {
    /// The words, bit 0 from the first data line.
    pub data: Vec<u16>,
    /// For each word the level of D/CX; 1 where the port has no such pin.
    pub dc: Vec<u8>,
    /// For each word the time of its clock edge.
    pub at: Vec<Ps>,
}

/// The pins of a target, and what it has taken over so far.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ParallelWire {
    data: Vec<u8>,
    wr: u8,
    cs: Option<u8>,
    dc: Option<u8>,
    falling: bool,
    words: Vec<u16>,
    dcs: Vec<u8>,
    at: Vec<Ps>,
}

/// A batch is handed out when it has grown to this many words.
const BATCH: usize = 1 << 16;

impl ParallelWire {
    /// A target on these pins, that takes data over at rising edges, or at falling ones; without `cs` it is always selected.
    pub fn new(data: Vec<u8>, wr: u8, cs: Option<u8>, dc: Option<u8>, falling: bool) -> Self {
        Self { data, wr, cs, dc, falling, words: Vec::new(), dcs: Vec::new(), at: Vec::new() }
    }

    /// The pins whose edges it looks at.
    pub fn mask(&self) -> u64 {
        1u64 << self.wr | self.cs.map_or(0, |pin| 1u64 << pin)
    }

    /// Its clock.
    pub fn wr(&self) -> u8 {
        self.wr
    }

    /// Does it take data over at falling edges?
    pub fn is_falling(&self) -> bool {
        self.falling
    }

    /// Its data lines.
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    pub(crate) fn is_selected(&self, level: u64) -> bool {
        self.cs.is_none_or(|pin| level >> pin & 1 == 0)
    }

    /// Pins changed.
    pub fn change(&mut self, port: PortId, changed: u64, level: u64, at: Ps, outside: &mut dyn Outside) {
        if let Some(cs) = self.cs.filter(|cs| changed >> cs & 1 != 0) {
            self.flush(port, outside);
            outside.spi_select(port, at, level >> cs & 1 == 0);
        }
        let clocked = changed >> self.wr & 1 != 0 && (level >> self.wr & 1 == 0) == self.falling;
        if clocked && self.is_selected(level) {
            let word = self.data.iter().rev().fold(0, |word, pin| word << 1 | (level >> pin & 1) as u16);
            self.take(port, word, level, at, outside);
        }
    }

    /// A word at its clock edge, when the other pins had these levels.
    pub(crate) fn take(&mut self, port: PortId, word: u16, level: u64, at: Ps, outside: &mut dyn Outside) {
        self.words.push(word);
        self.dcs.push(self.dc.map_or(1, |pin| (level >> pin & 1) as u8));
        self.at.push(at);
        if self.words.len() >= BATCH {
            self.flush(port, outside);
        }
    }

    /// Hands out the words gathered so far.
    pub fn flush(&mut self, port: PortId, outside: &mut dyn Outside) {
        if !self.words.is_empty() {
            let batch = ParallelBatch {
                data: std::mem::take(&mut self.words),
                dc: std::mem::take(&mut self.dcs),
                at: std::mem::take(&mut self.at),
            };
            outside.parallel(port, batch);
        }
    }
}
