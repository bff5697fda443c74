//! The pins of a chip and everything that hangs on them.
//!
//! The chip says what it drives and pulls; parts drive from outside; the level of each pin follows. A
//! change of level goes, in this order, into the trace, to the decoders of the ports on that pin and into the log.

mod audio;
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

/// Level changes in the order in which they were found out; a frame of a hardware controller is found out at its end.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Log {
    /// The levels before the first change.
    before: u64,
    /// When, which pins, and their levels from then on.
    changes: Vec<(Ps, u64, u64)>,
}

impl Log {
    /// All levels by time, one entry for each moment at which something changed.
    fn take(&mut self) -> Vec<(Ps, u64)> {
        let mut changes = std::mem::take(&mut self.changes);
        changes.sort_by_key(|change| change.0);
        let mut levels: Vec<(Ps, u64)> = Vec::with_capacity(changes.len());
        let mut level = self.before;
        for (at, mask, new) in changes {
            level = (level & !mask) | (new & mask);
            match levels.last_mut() {
                Some(last) if last.0 == at => last.1 = level,
                _ => levels.push((at, level)),
            }
        }
        self.before = level;
        levels
    }
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
            log.changes.push((at, changed, level));
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

    fn new_port(&mut self, mask: u64) -> PortId {
        self.watched |= mask;
        self.next_port += 1;
        self.next_port
    }

    /// Attaches an SPI target.
    pub fn attach_spi(&mut self, wire: SpiWire) -> PortId {
        let port = self.new_port(wire.mask());
        self.spi.push((port, wire));
        self.tell_as_bytes(self.told_by_blocks);
        self.settle_heed();
        port
    }

    /// Attaches an I2C target.
    pub fn attach_i2c(&mut self, wire: I2cWire) -> PortId {
        let port = self.new_port(wire.mask());
        self.i2c.push((port, wire));
        self.settle_heed();
        port
    }

    /// Tells a part about each edge of a pin at once.
    pub fn attach_edges(&mut self, pin: u8) -> PortId {
        let port = self.new_port(1 << pin);
        self.watches.push((port, Watch { pin, gathered: None }));
        self.settle_heed();
        port
    }

    /// A part at the other end of the Ethernet cable, which has no pins.
    pub fn attach_cable(&mut self) -> PortId {
        self.new_port(0)
    }

    /// The chip has sent an Ethernet frame to that part.
    pub fn send_frame(&mut self, port: PortId, at: Ps, data: &[u8]) {
        self.world.ethernet(port, at, data);
        self.take_posted(at);
    }

    /// Gathers the edges of a pin.
    pub fn attach_pulses(&mut self, pin: u8) -> PortId {
        let port = self.new_port(1 << pin);
        self.watches.push((port, Watch { pin, gathered: Some(Vec::new()) }));
        self.settle_heed();
        port
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
            log.changes.push((at, changed, level));
        }
    }

    /// What a routed hardware controller does to SDA and SCL on the fast path: a step, with the time of each level.
    pub fn i2c_show(&mut self, sda: u8, scl: u8, levels: impl Iterator<Item = (Ps, bool, bool)>) {
        let (sda, scl) = (1u64 << sda, 1u64 << scl);
        if !self.edges_wanted(sda | scl) {
            return;
        }
        let before = self.level;
        let mut last = 0;
        for (at, sda_high, scl_high) in levels {
            last = at;
            let level = if sda_high { sda } else { 0 } | if scl_high { scl } else { 0 };
            self.show((self.level & !(sda | scl)) | level, at);
        }
        self.show(before, last);
    }

    /// Does a part at this address hang on the bus?
    pub fn i2c_has(&self, sda: u8, scl: u8, wanted: impl Fn(&I2cWire) -> bool) -> bool {
        self.i2c.iter().any(|(_, wire)| wire.is_on(sda, scl) && wanted(wire))
    }

    /// A routed hardware controller on these lines sends START and an address. The port that acknowledges, if any.
    pub fn i2c_start(&mut self, sda: u8, scl: u8, address: u16, read: bool, at: Ps) -> Option<PortId> {
        self.trace.see(Kind::I2c, at, u64::from(address) << 8 | u64::from(read));
        let world = &mut self.world;
        let port = self
            .i2c
            .iter()
            .filter(|(_, wire)| wire.is_on(sda, scl) && wire.answers_to(address))
            .find(|(port, _)| world.i2c_start(*port, at, address, read))
            .map(|(port, _)| *port);
        self.take_posted(at);
        port
    }

    /// The controller writes a byte to the target that acknowledged.
    pub fn i2c_write(&mut self, port: PortId, byte: u8, at: Ps) -> bool {
        self.trace.see(Kind::I2c, at, 0x1_0000 | u64::from(byte));
        let acknowledged = self.world.i2c_write(port, at, byte);
        self.take_posted(at);
        acknowledged
    }

    /// The controller reads a byte from the target that acknowledged.
    pub fn i2c_read(&mut self, port: PortId, at: Ps) -> u8 {
        let byte = self.world.i2c_read(port, at);
        self.trace.see(Kind::I2c, at, 0x2_0000 | u64::from(byte));
        self.take_posted(at);
        byte
    }

    /// The controller sends STOP, or a repeated START that ends the transaction with this target.
    pub fn i2c_stop(&mut self, port: PortId, at: Ps, restarted: bool) {
        self.trace.see(Kind::I2c, at, 0x3_0000);
        self.world.i2c_stop(port, at, restarted);
        self.take_posted(at);
    }

    /// Keeps every level change from now on, for [`Pins::take_log`]; or stops doing so.
    pub fn keep_log(&mut self, on: bool) {
        self.watched = if on { u64::MAX } else { self.watched_by_ports() };
        self.log = on.then(|| Log { before: self.level, changes: Vec::new() });
        self.settle_heed();
    }

    /// Which edges must be told, from what is attached.
    fn settle_heed(&mut self) {
        let audio = self.audio_clocks(|_| true);
        let needed = |rising: bool| {
            let spi = self.spi.iter().filter(|(_, wire)| !wire.ignores(rising)).map(|(_, wire)| wire.mask());
            let cs = self.spi.iter().map(|(_, wire)| wire.mask() & !wire.clock());
            let i2c = self.i2c.iter().map(|(_, wire)| wire.mask());
            let edges = self.watches.iter().map(|(_, watch)| 1u64 << watch.pin);
            let parallel = self.parallel.iter().map(|(_, wire)| wire.mask());
            spi.chain(cs).chain(i2c).chain(parallel).chain(edges).fold(audio, |a, b| a | b)
        };
        let all = if self.log.is_some() { u64::MAX } else { 0 };
        self.heeds_rise = all | needed(true);
        self.heeds_fall = all | needed(false);
        let watched = self.watches.iter().map(|(_, watch)| 1 << watch.pin);
        let parallel = self.parallel.iter().map(|(_, wire)| wire.mask());
        let others = self.i2c.iter().map(|(_, wire)| wire.mask()).chain(parallel).chain(watched);
        let others = others.fold(all | audio, |a, b| a | b);
        let edges =
            self.watches.iter().filter(|(_, watch)| watch.gathered.is_none()).map(|(_, watch)| 1u64 << watch.pin);
        let spi = self.spi.iter().filter(|(_, wire)| wire.miso().is_some()).map(|(_, wire)| wire.mask());
        let i2c = self.i2c.iter().map(|(_, wire)| wire.mask());
        self.prompt = edges.chain(spi).chain(i2c).fold(self.audio_clocks(|answers| answers), |a, b| a | b);
        self.sole_clock = match &self.spi[..] {
            [(_, wire)] if wire.miso().is_none() && others & wire.clock() == 0 => wire.clock(),
            _ => 0,
        };
        self.settle_masters();
    }

    fn watched_by_ports(&self) -> u64 {
        let spi = self.spi.iter().map(|(_, wire)| wire.mask());
        let i2c = self.i2c.iter().map(|(_, wire)| wire.mask());
        let edges = self.watches.iter().map(|(_, watch)| 1u64 << watch.pin);
        let parallel = self.parallel.iter().map(|(_, wire)| wire.mask());
        spi.chain(i2c).chain(parallel).chain(edges).fold(self.audio_clocks(|_| true), |a, b| a | b)
    }

    /// The level changes since the last call.
    pub fn take_log(&mut self) -> Vec<(Ps, u64)> {
        self.log.as_mut().map(Log::take).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
