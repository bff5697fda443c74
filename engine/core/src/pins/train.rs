//! Trains of bits: a chip clocks bits out through pins that nobody but the trace and one SPI target looks at.
//!
//! The outcome is that of the same edges one by one through [`Pins::toggle`]: each of them is in the trace with its time
//! and the levels of all pins. But what stays the same from edge to edge is looked up once for all bits of a byte.

use super::Pins;
use crate::time::Ps;
use crate::trace::{Kind, Trace};

/// Bits on their way out in a regular rhythm: each is put on the data pin, and then it is clocked.
#[derive(Clone, Copy, Debug)]
pub struct Train {
    /// The pins that it moves.
    pub pins: u64,
    /// The data pin, one of them.
    pub data: u64,
    /// The levels of the others when a bit is put there.
    pub sent: u64,
    /// Their levels when it is clocked.
    pub clocked: u64,
    /// How long it takes until a bit that was put there is clocked, in units of the sender.
    pub send_ticks: u64,
    /// How long it takes until the next bit.
    pub clock_ticks: u64,
    /// Bit 32 is the one on the pin; above it are those before, below it those to come.
    pub bits: u64,
    /// How many bits are to be sent. The train ends when the last one has been put on its pin, and is not clocked yet.
    pub left: u32,
    /// The bit on the pin is to be clocked; else the next one is to be put there.
    pub clocking: bool,
    /// When that happens, in units of the sender.
    pub due: u64,
}

/// What became of a train.
#[derive(Clone, Copy, Debug)]
pub struct Sent {
    /// How many edges happened.
    pub edges: u64,
    /// A part did something upon one, which was the last.
    pub disturbed: bool,
}

/// When the SPI target samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Samples {
    Never,
    Sent,
    Clocked,
}

impl Train {
    /// How many edges come before `until`.
    #[inline(always)]
    fn edges_before(&self, until: u64) -> u64 {
        let edges = (2 * u64::from(self.left)).saturating_sub(u64::from(!self.clocking));
        let (both, span) = (self.send_ticks + self.clock_ticks, until.saturating_sub(self.due));
        if edges / 2 * both < span {
            return edges;
        }
        edges.min(span.div_ceil(both) + span.saturating_sub(self.ticks()).div_ceil(both))
    }

    /// From what is to happen next to what comes after that.
    #[inline(always)]
    fn ticks(&self) -> u64 {
        if self.clocking {
            self.clock_ticks
        } else {
            self.send_ticks
        }
    }

    #[inline(always)]
    fn bit(&self, number: u32) -> usize {
        (self.bits >> number) as usize & 1
    }

    /// One of the edges that happened, 0 is the last one: when it was, and the levels of the train's pins since then.
    #[inline(always)]
    pub fn edge_before(&self, back: u32) -> (u64, u64) {
        let clocking = u32::from(self.clocking);
        let (sends, clocks) = ((back + 1 + clocking) / 2, (back + 2 - clocking) / 2);
        let at = self.due - u64::from(sends) * self.send_ticks - u64::from(clocks) * self.clock_ticks;
        let others = if (back + clocking) % 2 != 0 { self.sent } else { self.clocked };
        (at, others | [0, self.data][self.bit(32 + (back + clocking) / 2)])
    }
}

impl Pins {
    /// Sends bits until the train ends, `until` comes, or a part does something. `at` tells the time of a moment of the
    /// sender. `None`: this is not one of the cases that can be made short.
    #[inline(always)]
    pub fn send(&mut self, train: &mut Train, until: u64, at: impl Fn(u64) -> Ps) -> Option<Sent> {
        let samples = self.takes(train)?;
        let digests = self.digests(train);
        let mut sent = Sent { edges: 0, disturbed: false };
        while !sent.disturbed {
            let mut edges = train.edges_before(until);
            let mut sampled = 0;
            // As far as the SPI target has room for bits of the present byte.
            let skipped = u64::from(train.clocking != (samples == Samples::Clocked));
            if samples != Samples::Never {
                let room = self.spi[0].1.room();
                sampled = ((edges + 1 - skipped) / 2).min(room);
                if sampled == room {
                    edges = edges.min(2 * room - 1 + skipped);
                }
            }
            if edges == 0 {
                break;
            }
            let before = *train;
            self.pass(train, edges, digests, &at);
            sent.edges += edges;
            if sampled != 0 {
                let first = at(before.due + skipped * before.ticks());
                let present = u64::from(before.clocking && skipped == 0);
                let bits = before.bits >> (32 + present - sampled);
                if let Some(byte) = self.spi[0].1.shift_in(bits as u8, sampled as u8, first) {
                    sent.disturbed = self.complete(byte);
                }
            }
        }
        Some(sent)
    }

    /// When does the SPI target sample these bits? `None`: somebody must be told of single edges, or the first of them
    /// does not go on with the rhythm.
    #[inline(always)]
    fn takes(&self, train: &Train) -> Option<Samples> {
        let &Train { pins, data, sent, clocked, clocking, .. } = train;
        let others = self.told_as_bytes | (self.heeds_rise | self.heeds_fall) & !self.sole_clock;
        let before = if clocking { sent } else { clocked };
        if sent == clocked || pins & others != 0 || (self.level ^ before) & pins & !data != 0 {
            return None;
        }
        let clock = pins & self.sole_clock;
        if clock == 0 {
            return Some(Samples::Never);
        }
        let wire = &self.spi[0].1;
        if clock & data != 0 || 1 << wire.mosi() != data {
            return None;
        }
        Some(if (sent ^ clocked) & clock == 0 || !wire.selected(self.level) {
            Samples::Never
        } else if wire.ignores(clocked & clock != 0) {
            Samples::Sent
        } else {
            Samples::Clocked
        })
    }

    /// What the trace is told, four levels in turn: when a bit is put on the data pin and when it is clocked, low and high.
    #[inline(always)]
    fn digests(&self, train: &Train) -> [[u64; 2]; 2] {
        let others = self.level & !train.pins;
        let digest = |levels| Trace::digest(Kind::Pins, (others | levels) & !self.told_as_bytes);
        [train.sent, train.clocked].map(|levels| [digest(levels), digest(levels | train.data)])
    }

    /// The next edges of a train, as far as pins and trace are concerned.
    #[inline(always)]
    fn pass(&mut self, train: &mut Train, edges: u64, digests: [[u64; 2]; 2], at: impl Fn(u64) -> Ps) {
        let others = self.level & !train.pins;
        let [sent, clocked] = digests;
        // Kept in registers from edge to edge.
        let (mut trace, mut next) = (self.trace.clone(), *train);
        let mut left = edges;
        if next.clocking {
            trace.fold(at(next.due), clocked[next.bit(32)]);
            next.due += next.clock_ticks;
            left -= 1;
        }
        for _ in 0..left / 2 {
            next.bits <<= 1;
            trace.fold(at(next.due), sent[next.bit(32)]);
            trace.fold(at(next.due + next.send_ticks), clocked[next.bit(32)]);
            next.due += next.send_ticks + next.clock_ticks;
        }
        if left % 2 != 0 {
            next.bits <<= 1;
            trace.fold(at(next.due), sent[next.bit(32)]);
            next.due += next.send_ticks;
        }
        next.left -= (left as u32).div_ceil(2);
        next.clocking = left % 2 != 0;
        *train = next;
        let (due, levels) = next.edge_before(0);
        self.out ^= (self.level ^ levels) & train.pins;
        (self.level, self.trace, self.settled_at) = (others | levels, trace, at(due));
    }

    /// The only SPI target has all bits of a byte. True: a part did something upon that.
    #[inline(always)]
    fn complete(&mut self, byte: u8) -> bool {
        let (level, now) = (self.level, self.settled_at);
        let (port, wire) = &mut self.spi[0];
        wire.take_byte(*port, byte, level, now, &mut self.trace, &mut self.world);
        if self.world.called {
            self.take_posted(now);
        }
        self.posted || self.level != level
    }
}
