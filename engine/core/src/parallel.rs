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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pins::{ParallelLines, Pins};

    use crate::time::Hertz;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Debug, PartialEq, Eq)]
    enum Seen {
        Words(ParallelBatch),
        Select(bool),
    }

    struct Part(Arc<Mutex<Vec<Seen>>>);

    impl Outside for Part {
        fn spi_select(&mut self, _: PortId, _: Ps, selected: bool) {
            self.0.lock().unwrap().push(Seen::Select(selected));
        }
        fn parallel(&mut self, _: PortId, batch: ParallelBatch) {
            self.0.lock().unwrap().push(Seen::Words(batch));
        }
    }

    const WR: u8 = 8;
    const CS: u8 = 9;
    const DC: u8 = 10;
    const CYCLE: Ps = 100_000;

    struct Bus {
        pins: Pins,
        out: u64,
        at: Ps,
        seen: Arc<Mutex<Vec<Seen>>>,
    }

    impl Bus {
        /// Eight lines on pins 0 to 7; the clock idles high.
        fn new(falling: bool) -> Self {
            let seen = Arc::new(Mutex::new(vec![]));
            let mut pins = Pins::default();
            pins.set_outside(Box::new(Part(seen.clone())));
            let mut bus = Self { pins, out: 1 << CS | 1 << DC | 1 << WR, at: 0, seen };
            bus.set(CS, true);
            bus.pins.attach_parallel(ParallelWire::new((0..8).collect(), WR, Some(CS), Some(DC), falling));
            bus
        }

        fn set(&mut self, pin: u8, high: bool) {
            self.out = if high { self.out | 1 << pin } else { self.out & !(1 << pin) };
            self.pins.drive(self.out, 0x7FF, self.at);
        }

        /// Edge by edge: the clock is low in the first half of a cycle.
        fn bang(&mut self, words: &[u16]) {
            for word in words {
                self.out = (self.out & !0xFF) | u64::from(*word);
                self.set(WR, false);
                self.at += CYCLE / 2;
                self.set(WR, true);
                self.at += CYCLE / 2;
            }
        }

        /// The same by a routed controller.
        fn write(&mut self, words: &[u16]) {
            let lines = ParallelLines { wr: WR, data: (0..8).map(Some).collect(), high_first: false };
            self.pins.parallel_write(&lines, words, self.at, Hertz::new(10_000_000));
            self.at += CYCLE * words.len() as u64;
        }

        fn seen(&mut self) -> Vec<Seen> {
            self.pins.flush();
            std::mem::take(&mut *self.seen.lock().unwrap())
        }
    }

    fn script(bus: &mut Bus, send: fn(&mut Bus, &[u16])) -> Vec<Seen> {
        send(bus, &[0xEE]);
        bus.set(CS, false);
        bus.set(DC, false);
        send(bus, &[0x2C]);
        bus.set(DC, true);
        send(bus, &[0x12, 0x34]);
        bus.set(CS, true);
        send(bus, &[0xFF]);
        bus.seen()
    }

    #[test]
    fn both_paths_give_the_same_words_times_and_dc() {
        for falling in [false, true] {
            let edges = script(&mut Bus::new(falling), Bus::bang);
            assert_eq!(edges, script(&mut Bus::new(falling), Bus::write));
            let [Seen::Select(true), Seen::Words(batch), Seen::Select(false)] = &edges[..] else { panic!("{edges:?}") };
            assert_eq!((&batch.data[..], &batch.dc[..]), (&[0x2C, 0x12, 0x34][..], &[0, 1, 1][..]));
            assert_eq!(batch.at[0], CYCLE + if falling { 0 } else { CYCLE / 2 });
        }
    }
}
