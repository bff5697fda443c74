//! The pins of a chip and everything that hangs on them.
//!
//! The chip says what it drives and pulls; parts drive from outside; the level of each pin follows. A
//! change of level goes, in this order, into the trace, to the decoders of the ports on that pin and into the log.

mod attached;
mod audio;
mod i2c_bytes;
mod log;
mod parallel_words;
mod sd_bits;
mod sd_commands;
mod spi_frames;
mod train;

use crate::i2c::I2cWire;
use crate::i2s::I2sWire;
use crate::parallel::ParallelWire;
use crate::pdm::PdmWire;
use crate::ports::{Edge, Outside, PortId};
use crate::sdbus::SdLines;
use crate::spi::SpiWire;
use crate::time::Ps;
use crate::trace::{Kind, Trace};
use crate::world::World;
use log::Log;
pub use parallel_words::ParallelLines;
pub use sd_bits::SdClock;
use serde::{Deserialize, Serialize};
pub use spi_frames::SpiLines;
use std::collections::BTreeMap;
pub use train::{Sent, Train};

/// A pin whose edges go outside: one by one and at once, or gathered.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Watch {
    pin: u8,
    gathered: Option<Vec<(Ps, bool)>>,
}

/// A change of what a part drives onto a pin; `None` lets go of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drive {
    /// The pin.
    pub pin: u8,
    /// High, low, or not driven.
    pub level: Option<bool>,
}

/// All pins of a chip, one bit each.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Pins {
    level: u64,
    out: u64,
    enable: u64,
    pull_up: u64,
    keep: u64,
    outside: u64,
    outside_enable: u64,
    watched: u64,
    /// Pins whose rising edges somebody must be told of; a clock edge that no decoder samples at is not among them.
    heeds_rise: u64,
    /// Pins whose falling edges somebody must be told of.
    heeds_fall: u64,
    /// Pins on which a part may act as soon as they change: whoever drives them must do so in time.
    prompt: u64,
    /// The clock of the only SPI target, where nobody else looks at it and the target has nothing to say: by far the most
    /// frequent edge on a board with a display. Else 0.
    sole_clock: u64,
    contention: u64,
    settled_at: Ps,
    told_as_bytes: u64,
    /// Pins whose changes may be found out late: the trace takes them apart from the others.
    told_apart: u64,
    /// As asked for; the answers of SPI targets on these clocks are told as little as the clocks.
    told_by_blocks: u64,
    nets: Vec<u64>,
    /// All pins of all nets.
    joined: u64,
    spi: Vec<(PortId, SpiWire)>,
    i2c: Vec<(PortId, I2cWire)>,
    sd: Vec<(PortId, SdLines)>,
    i2s: Vec<(PortId, I2sWire)>,
    pdm: Vec<(PortId, PdmWire)>,
    parallel: Vec<(PortId, ParallelWire)>,
    /// The chip sees parts that are the master of an I2S wire by their edges alone.
    masters_by_edges: bool,
    /// When the next of those edges is due.
    master_due: Option<Ps>,
    watches: Vec<(PortId, Watch)>,
    stimuli: BTreeMap<(Ps, u64), Drive>,
    stimulus_number: u64,
    next_port: PortId,
    log: Option<Log>,
    #[serde(skip)]
    posted: bool,
    #[serde(skip)]
    wake: Option<Ps>,
    /// What was seen from outside so far.
    pub trace: Trace,
    #[serde(skip)]
    world: World,
}

impl Pins {
    /// The level of every pin.
    #[inline(always)]
    pub fn level(&self) -> u64 {
        self.level
    }

    /// The level of one pin.
    pub fn is_high(&self, pin: u8) -> bool {
        self.level >> pin & 1 != 0
    }

    /// The pins that the chip drives now.
    pub fn driven(&self) -> u64 {
        self.enable
    }

    /// Pins that chip and parts have driven against each other at some time.
    pub fn contention(&self) -> u64 {
        self.contention
    }

    /// Who is outside from now on.
    pub fn set_outside(&mut self, outside: Box<dyn Outside>) {
        self.world = World::of(outside);
    }

    /// The chip's outputs and output enables change at `at`.
    #[inline]
    pub fn drive(&mut self, out: u64, enable: u64, at: Ps) {
        self.out = out;
        self.enable = enable;
        self.settle(at);
    }

    /// The chip's pulls change. A pin with both keeps its last level when nobody drives it.
    pub fn pull(&mut self, up: u64, down: u64, at: Ps) {
        self.pull_up = up & !down;
        self.keep = up & down;
        self.settle(at);
    }

    /// Pins on which a part may act as soon as they change.
    #[inline]
    pub fn prompt(&self) -> u64 {
        self.prompt
    }

    /// Pins that are not the chip's alone: parts drive them, or they are joined.
    #[inline]
    pub fn entangled(&self) -> u64 {
        self.outside_enable | self.joined
    }

    /// The chip's outputs change on pins that it drives and nobody else does: their levels follow at once. False: a part
    /// did something meanwhile, see [`Pins::was_posted`], and other pins may have changed as well.
    #[inline(always)]
    #[must_use]
    pub fn toggle(&mut self, changed: u64, at: Ps) -> bool {
        self.out ^= changed;
        let level = self.level ^ changed;
        self.follow(level, changed, at);
        self.level == level && !self.posted
    }

    #[inline]
    fn settle(&mut self, at: Ps) {
        let idle = self.pull_up | (self.keep & self.level);
        let outside = (self.outside & self.outside_enable) | (idle & !self.outside_enable);
        let mut level = (self.out & self.enable) | (outside & !self.enable);
        self.contention |= (self.out ^ self.outside) & self.enable & self.outside_enable;
        if !self.nets.is_empty() {
            level = self.join_levels(level);
        }
        let changed = level ^ self.level;
        if changed != 0 {
            self.follow(level, changed, at);
        }
    }

    #[inline]
    fn follow(&mut self, level: u64, changed: u64, at: Ps) {
        self.level = level;
        self.settled_at = at;
        let apart = self.told_apart | self.told_as_bytes;
        if changed & !apart != 0 {
            self.trace.see(Kind::Pins, at, level & !apart);
        }
        if changed & self.told_apart != 0 {
            self.see_apart(level, changed, at);
        }
        let heeded = changed & (level & self.heeds_rise | !level & self.heeds_fall);
        if heeded == 0 {
            return;
        }
        if heeded == self.sole_clock {
            let (port, wire) = &mut self.spi[0];
            wire.sample(*port, level, at, &mut self.trace, &mut self.world);
            if self.world.called {
                self.take_posted(at);
            }
        } else {
            self.notify(changed, at);
        }
    }

    #[cold]
    fn see_apart(&mut self, level: u64, changed: u64, at: Ps) {
        let mut rest = changed & self.told_apart & !self.told_as_bytes;
        while rest != 0 {
            let pin = rest.trailing_zeros();
            rest &= rest - 1;
            self.trace.see_apart(Kind::Pins, at, u64::from(pin) << 1 | level >> pin & 1);
        }
    }

    /// On a wire between pins low wins over high, as on an open-drain bus; pulls count where nobody drives.
    fn join_levels(&mut self, level: u64) -> u64 {
        let mut joined = level;
        for &net in &self.nets {
            let driven = net & (self.enable | self.outside_enable);
            let (lows, highs) = (driven & !level, driven & level);
            if lows != 0 && highs != 0 {
                self.contention |= driven;
            }
            let high = if driven != 0 { lows == 0 } else { net & self.pull_up != 0 || level & net == net };
            joined = if high { joined | net } else { joined & !net };
        }
        joined
    }

    /// Puts a wire between two pins.
    pub fn join(&mut self, a: u8, b: u8, at: Ps) {
        let mut net = 1u64 << a | 1u64 << b;
        self.nets.retain(|other| {
            let apart = other & net == 0;
            if !apart {
                net |= other;
            }
            apart
        });
        self.nets.push(net);
        self.joined |= net;
        self.settle_masters();
        self.settle(at);
    }

    /// Does a port, the log or another pin see the level of one of these pins?
    pub fn is_looked_at(&self, mask: u64) -> bool {
        mask & self.watched != 0 || self.is_joined(mask)
    }

    /// The controllers on these pins put their traffic into the trace byte by byte: the levels stay out of it, so
    /// that the trace does not depend on whether somebody looks at the wire. All other pins are traced by level.
    pub fn tell_as_bytes(&mut self, mask: u64) {
        self.told_by_blocks = mask;
        let clocked = self.spi.iter().filter(|(_, wire)| wire.clock() & mask != 0);
        let answers = clocked.fold(mask, |all, (_, wire)| all | wire.miso().map_or(0, |pin| 1u64 << pin));
        self.told_as_bytes = answers | self.audio_answers(mask);
    }

    /// Blocks hand in the changes of these pins when it suits them, with their times: the trace does not depend on when.
    pub fn tell_apart(&mut self, mask: u64) {
        self.told_apart = mask;
    }

    /// When the last change of any level happened.
    #[inline(always)]
    pub fn settled_at(&self) -> Ps {
        self.settled_at
    }

    fn notify(&mut self, changed: u64, at: Ps) {
        let level = self.level;
        let mut answer = None;
        // Several targets may let go of SDA at the same edge; a vector that stays empty costs nothing.
        let mut sdas = Vec::new();
        let mut says = Vec::new();
        for (port, wire) in &mut self.spi {
            if changed & wire.mask() != 0 {
                if let Some(miso) = wire.change(*port, changed, level, at, &mut self.trace, &mut self.world) {
                    answer = Some(miso);
                }
            }
        }
        for (port, wire) in &mut self.i2c {
            if changed & wire.mask() != 0 {
                if let Some(sda) = wire.change(*port, changed, level, at, &mut self.trace, &mut self.world) {
                    sdas.push(sda);
                }
            }
        }
        for (port, wire) in &mut self.i2s {
            if changed & wire.mask() != 0 {
                says.extend(wire.change(*port, changed, level, at, &mut self.world));
            }
        }
        for (port, wire) in &mut self.pdm {
            if changed & wire.clk() != 0 {
                says.extend(wire.change(*port, level, at, &mut self.world));
            }
        }
        for (port, wire) in &mut self.parallel {
            if changed & wire.mask() != 0 {
                wire.change(*port, changed, level, at, &mut self.world);
            }
        }
        for index in 0..self.watches.len() {
            let (port, watch) = &mut self.watches[index];
            let port = *port;
            if changed >> watch.pin & 1 == 0 {
                continue;
            }
            let high = level >> watch.pin & 1 != 0;
            if let Some(edges) = &mut watch.gathered {
                edges.push((at, high));
            } else {
                self.flush_spi();
                self.flush_i2s();
                self.world.edge(port, Edge { at, level: high });
            }
        }
        if let Some(log) = &mut self.log {
            log.note(at, changed, level);
        }
        if let Some(drive) = answer {
            self.drive_from_outside(drive, at);
        }
        for drive in sdas.into_iter().chain(says) {
            self.drive_from_outside(drive, at);
        }
        self.take_posted(at);
    }

    /// Parts answered a call with changes of their own: those that are due happen now, the others later.
    #[inline]
    fn take_posted(&mut self, now: Ps) {
        let Some(posted) = self.world.take_posted() else { return };
        self.posted = true;
        self.wake = self.wake.into_iter().chain(posted.wake).min();
        for (port, clock) in posted.clocks {
            self.set_i2s_clock(port, clock);
        }
        for (at, drive) in posted.drives {
            if at <= now {
                self.drive_from_outside(drive, now);
            } else {
                self.drive_later(drive, at);
            }
        }
    }

    /// Has a part posted something since the last call? The run loop must look at its horizon again.
    #[inline]
    pub fn was_posted(&mut self) -> bool {
        std::mem::take(&mut self.posted)
    }

    /// When the run must come back because a part asked for it.
    pub fn wake(&self) -> Ps {
        self.wake.unwrap_or(Ps::MAX)
    }

    /// The run has come back.
    pub fn clear_wake(&mut self) {
        self.wake = None;
    }

    /// A part drives a pin, or lets go of it, at `at`, which is now.
    pub fn drive_from_outside(&mut self, drive: Drive, at: Ps) {
        let bit = 1u64 << drive.pin;
        self.outside_enable =
            if drive.level.is_some() { self.outside_enable | bit } else { self.outside_enable & !bit };
        self.outside = if drive.level == Some(true) { self.outside | bit } else { self.outside & !bit };
        self.settle(at);
    }

    /// A part will drive a pin at a later time. Same time: in the order in which they were asked for.
    pub fn drive_later(&mut self, drive: Drive, at: Ps) {
        self.stimuli.insert((at, self.stimulus_number), drive);
        self.stimulus_number += 1;
    }

    /// When the next change from outside is due.
    pub fn next_stimulus(&self) -> Ps {
        let stimulus = self.stimuli.keys().next().map_or(Ps::MAX, |key| key.0);
        self.master_due.map_or(stimulus, |due| due.min(stimulus))
    }

    /// Carries out the changes from outside that are due at `now`.
    pub fn apply_stimuli(&mut self, now: Ps) {
        while self.next_stimulus() <= now {
            if self.master_due == Some(self.next_stimulus()) {
                self.master_edge(now);
            } else if let Some(((at, _), drive)) = self.stimuli.pop_first() {
                self.drive_from_outside(drive, at);
            }
        }
    }

    /// The chip has sent an Ethernet frame to that part.
    pub fn send_frame(&mut self, port: PortId, at: Ps, data: &[u8]) {
        self.world.ethernet(port, at, data);
        self.take_posted(at);
    }

    /// Hands out everything that was gathered.
    pub fn flush(&mut self) {
        self.flush_spi();
        self.flush_i2s();
        for (port, watch) in &mut self.watches {
            if let Some(edges) = watch.gathered.as_mut().filter(|edges| !edges.is_empty()) {
                let edges = std::mem::take(edges).into_iter().map(|(at, level)| Edge { at, level }).collect();
                self.world.pulses(*port, edges);
            }
        }
    }

    fn flush_spi(&mut self) {
        for (port, wire) in &mut self.spi {
            wire.flush(*port, &mut self.world);
        }
        for (port, wire) in &mut self.parallel {
            wire.flush(*port, &mut self.world);
        }
    }

    /// Is one of these pins wired to another pin?
    pub fn is_joined(&self, mask: u64) -> bool {
        self.nets.iter().any(|net| net & mask != 0)
    }

    fn are_joined(&self, a: u8, b: u8) -> bool {
        self.nets.iter().any(|net| net >> a & net >> b & 1 != 0)
    }

    /// Does anybody look at the edges of these pins themselves, apart from the SPI decoders?
    fn edges_wanted(&self, mask: u64) -> bool {
        self.log.is_some() || self.watches.iter().any(|(_, watch)| mask >> watch.pin & 1 != 0)
    }

    /// Shows a level to edge watchers and the log alone. What happens and is undone at the same moment was not there.
    fn show(&mut self, level: u64, at: Ps) {
        let changed = level ^ self.level;
        if changed == 0 {
            return;
        }
        self.level = level;
        for (port, watch) in &mut self.watches {
            if changed >> watch.pin & 1 == 0 {
                continue;
            }
            let high = level >> watch.pin & 1 != 0;
            match &mut watch.gathered {
                Some(edges) if edges.last().is_some_and(|last| last.0 == at) => {
                    edges.pop();
                }
                Some(edges) => edges.push((at, high)),
                None => self.world.edge(*port, Edge { at, level: high }),
            }
        }
        if let Some(log) = &mut self.log {
            log.note(at, changed, level);
        }
    }
}

#[cfg(test)]
mod tests;
