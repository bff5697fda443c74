//! Words of a routed hardware controller with parallel data lines.

use super::Pins;
use crate::parallel::ParallelWire;
use crate::ports::PortId;
use crate::time::{Hertz, Ps};
use crate::trace::Kind;

/// Which pins a hardware controller with parallel data lines is routed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParallelLines {
    /// The clock (WR, PCLK).
    pub wr: u8,
    /// The pin of each data line, where routed.
    pub data: Vec<Option<u8>>,
    /// The clock is high in the first half of a cycle, and falls in the middle; else it rises there.
    pub high_first: bool,
}

impl Pins {
    /// Attaches a parallel target.
    pub fn attach_parallel(&mut self, wire: ParallelWire) -> PortId {
        let port = self.new_port(wire.mask());
        self.parallel.push((port, wire));
        self.settle_heed();
        port
    }

    /// A routed hardware controller puts out a word with each cycle of its clock, the first of which begins at `at`. No
    /// edge appears unless somebody looks at the pins. Chip select and D/CX keep their levels meanwhile.
    pub fn parallel_write(&mut self, lines: &ParallelLines, words: &[u16], at: Ps, clock: Hertz) {
        let half = clock.duration(1) / 2;
        let all = lines.data.iter().flatten().fold(1u64 << lines.wr, |mask, pin| mask | 1u64 << pin);
        if self.edges_wanted(all) {
            self.parallel_edges(lines, words, at, clock);
        }
        for (n, word) in words.iter().enumerate() {
            let value = 1 << 48 | u64::from(lines.wr) << 32 | u64::from(*word);
            self.trace.see(Kind::Pins, at + clock.duration(n as u64), value);
        }
        for (port, wire) in &mut self.parallel {
            if wire.wr() != lines.wr || !wire.is_selected(self.level) {
                continue;
            }
            let edge = if wire.is_falling() == lines.high_first { half } else { 0 };
            let same = wire.data().iter().enumerate().all(|(n, pin)| lines.data.get(n) == Some(&Some(*pin)));
            let mask = u16::MAX >> (16 - wire.data().len().clamp(1, 16));
            for (n, word) in words.iter().enumerate() {
                let seen = if same { word & mask } else { rewired(wire, lines, *word, self.level) };
                wire.take(*port, seen, self.level, at + clock.duration(n as u64) + edge, &mut self.world);
            }
        }
        self.take_posted(at);
    }

    /// The edges of words that took the fast path, for those who look at the wires. Afterwards all is as before.
    fn parallel_edges(&mut self, lines: &ParallelLines, words: &[u16], at: Ps, clock: Hertz) {
        let before = self.level;
        let wr = 1u64 << lines.wr;
        for (n, word) in words.iter().enumerate() {
            let (start, end) = (at + clock.duration(n as u64), at + clock.duration(n as u64 + 1));
            let mut level = if lines.high_first { self.level | wr } else { self.level & !wr };
            for (bit, pin) in lines.data.iter().enumerate() {
                let Some(pin) = pin else { continue };
                level = (level & !(1u64 << pin)) | u64::from(word >> bit & 1) << pin;
            }
            self.show(level, start);
            self.show(level ^ wr, start + (end - start) / 2);
        }
        self.show(before, at + clock.duration(words.len() as u64));
    }
}

/// What a target sees whose lines are wired otherwise than in order: each of its pins by the controller's line on it, or by
/// its level.
fn rewired(wire: &ParallelWire, lines: &ParallelLines, word: u16, level: u64) -> u16 {
    wire.data().iter().enumerate().fold(0, |seen, (n, pin)| {
        let line = lines.data.iter().position(|other| *other == Some(*pin));
        let bit = line.map_or((level >> pin & 1) as u16, |line| word >> line & 1);
        seen | bit << n
    })
}
