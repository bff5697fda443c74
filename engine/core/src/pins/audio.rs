//! Frames of a routed hardware I2S controller: whole, unless somebody acts on single edges.

use super::{Drive, Pins};
use crate::i2s::{I2sClock, I2sLayout, I2sLines, I2sWire};
use crate::pdm::PdmWire;
use crate::ports::PortId;
use crate::time::Ps;

impl Pins {
    /// Attaches a part on an I2S wire.
    pub fn attach_i2s(&mut self, wire: I2sWire) -> PortId {
        let port = self.new_port(wire.mask());
        self.i2s.push((port, wire));
        self.settle_masters();
        self.tell_as_bytes(self.told_by_blocks);
        self.settle_heed();
        port
    }

    /// A part that is the master of its wire changes its clock, or stops it.
    pub fn set_i2s_clock(&mut self, port: PortId, clock: Option<I2sClock>) {
        self.i2s.iter_mut().filter(|(other, _)| *other == port).for_each(|(_, wire)| wire.set_clock(clock));
        self.tell_as_bytes(self.told_by_blocks);
        self.settle_masters();
        self.posted = true;
    }

    /// The pins of a chip that has no controller for I2S: a part that is the master is seen by its edges.
    pub fn without_i2s() -> Self {
        Self { masters_by_edges: true, ..Self::default() }
    }

    /// Are the edges of a part's own clock there, because the chip or somebody else looks at them?
    fn is_shown(&self, wire: &I2sWire) -> bool {
        let pins = wire.mask() | wire.data_out();
        self.masters_by_edges || self.edges_wanted(pins) || self.i2s_needs_edges(pins)
    }

    pub(super) fn settle_masters(&mut self) {
        let shown = self.i2s.iter().filter(|(_, wire)| wire.clock().is_some() && self.is_shown(wire));
        self.master_due = shown.filter_map(|(_, wire)| wire.next_edge()).map(|edge| edge.at).min();
    }

    /// The edge of a part's clock that is due happens: the clock falls, and word select changes with it; or it rises. What
    /// was due while nobody looked did not happen.
    pub(super) fn master_edge(&mut self, now: Ps) {
        let due = |wire: &I2sWire| wire.next_edge().filter(|edge| Some(edge.at) == self.master_due);
        let Some(place) = self.i2s.iter().position(|(_, wire)| due(wire).is_some()) else { return };
        let edge = self.i2s[place].1.pass_edge(now);
        self.settle_masters();
        let Some(edge) = edge else { return };
        self.drive_from_outside(Drive { pin: edge.bck.0, level: Some(edge.bck.1) }, edge.at);
        self.drive_from_outside(Drive { pin: edge.ws.0, level: Some(edge.ws.1) }, edge.at);
    }

    /// Must a routed hardware controller make each edge on these pins in time, because somebody acts on it who does not
    /// listen to whole frames: a joined pin, a part that is told of edges at once?
    pub fn i2s_needs_edges(&self, mask: u64) -> bool {
        self.is_joined(mask)
            || self.watches.iter().any(|(_, watch)| watch.gathered.is_none() && mask >> watch.pin & 1 != 0)
            || self.spi.iter().any(|(_, wire)| wire.mask() & mask != 0)
            || self.i2c.iter().any(|(_, wire)| wire.mask() & mask != 0)
    }

    /// Does anybody look at the edges of these pins afterwards?
    pub fn i2s_shows_edges(&self, mask: u64) -> bool {
        self.edges_wanted(mask)
    }

    /// Does a part drive the data of these lines?
    pub fn i2s_speaks(&self, lines: &I2sLines) -> bool {
        self.i2s.iter().any(|(_, wire)| wire.is_on(lines) && wire.drives(lines.data))
    }

    /// The clock of a part that is the master of the wire on this pin. `None`: there is none, or its edges are there, because
    /// somebody looks at them.
    pub fn i2s_clock(&self, bck: u8) -> Option<I2sClock> {
        let on_pin = self.i2s.iter().filter(|(_, wire)| wire.bck() >> bck & 1 != 0);
        on_pin.filter(|(_, wire)| !self.is_shown(wire)).find_map(|(_, wire)| wire.clock())
    }

    /// The routed hardware controller on these lines sends frames, each of them from its time on.
    pub fn i2s_send(&mut self, lines: &I2sLines, layout: &I2sLayout, frames: &[u128], at: &[Ps]) {
        for (port, wire) in &mut self.i2s {
            if wire.is_on(lines) && wire.hears(lines.data) {
                wire.send(*port, layout, frames, at, &mut self.world);
            }
        }
        if let Some(&last) = at.last() {
            self.take_posted(last);
        }
    }

    /// The routed hardware controller on these lines takes frames, each of them from its time on: what parts put on the
    /// wire together. `None`: no part drives its data.
    pub fn i2s_receive(&mut self, lines: &I2sLines, layout: &I2sLayout, at: &[Ps]) -> Option<Vec<u128>> {
        let mut frames: Option<Vec<u128>> = None;
        for (port, wire) in &mut self.i2s {
            if wire.is_on(lines) && wire.drives(lines.data) {
                let more = wire.receive(*port, layout, at, &mut self.world);
                match &mut frames {
                    // Of two microphones on one line each is silent in the other's slot.
                    Some(frames) => frames.iter_mut().zip(more).for_each(|(frame, more)| *frame |= more),
                    None => frames = Some(more),
                }
            }
        }
        if let Some(&last) = at.last() {
            self.take_posted(last);
        }
        frames
    }

    /// Attaches a part on a PDM wire.
    pub fn attach_pdm(&mut self, wire: PdmWire) -> PortId {
        let port = self.new_port(wire.clk());
        self.pdm.push((port, wire));
        self.tell_as_bytes(self.told_by_blocks);
        self.settle_heed();
        port
    }

    /// The routed hardware controller with its clock on the pins of `lines.ws` sends samples, left and right, each of them
    /// from its time on and for so many clocks.
    pub fn pdm_send(&mut self, lines: &I2sLines, samples: &[[i32; 2]], clocks: u8, at: &[Ps]) {
        for (port, wire) in &mut self.pdm {
            if wire.clk() & lines.ws != 0 && wire.data_in() & lines.data != 0 {
                wire.send(*port, samples, clocks, at, &mut self.world);
            }
        }
        if let Some(&last) = at.last() {
            self.take_posted(last);
        }
    }

    /// Does a part drive the data of these PDM lines?
    pub fn pdm_speaks(&self, lines: &I2sLines) -> bool {
        self.pdm.iter().any(|(_, wire)| wire.clk() & lines.ws != 0 && wire.data_out() & lines.data != 0)
    }

    /// The routed hardware controller with its clock on the pins of `lines.ws` takes samples, left and right, each of them
    /// from its time on. `None`: no part drives its data.
    pub fn pdm_receive(&mut self, lines: &I2sLines, at: &[Ps]) -> Option<Vec<[i32; 2]>> {
        let mut all: Option<Vec<[i32; 2]>> = None;
        for (port, wire) in &mut self.pdm {
            if wire.clk() & lines.ws != 0 && wire.data_out() & lines.data != 0 {
                let more = wire.receive(*port, at, &mut self.world);
                match &mut all {
                    Some(all) => all.iter_mut().zip(more).for_each(|(both, [left, right])| {
                        *both = [both[0] | left, both[1] | right];
                    }),
                    None => all = Some(more),
                }
            }
        }
        if let Some(&last) = at.last() {
            self.take_posted(last);
        }
        all
    }

    /// Clocks and word selects of audio parts: of those that answer, or also of those that only listen.
    pub(super) fn audio_clocks(&self, wanted: impl Fn(bool) -> bool) -> u64 {
        let i2s = self.i2s.iter().filter(|(_, wire)| wanted(wire.answers())).map(|(_, wire)| wire.mask());
        let pdm = self.pdm.iter().filter(|(_, wire)| wanted(wire.answers())).map(|(_, wire)| wire.clk());
        i2s.chain(pdm).fold(0, |a, b| a | b)
    }

    /// What audio parts drive whose clock is one of these pins.
    pub(super) fn audio_answers(&self, clocks: u64) -> u64 {
        let i2s = self.i2s.iter().filter(|(_, wire)| wire.bck() & clocks != 0).map(|(_, wire)| wire.data_out());
        let pdm = self.pdm.iter().filter(|(_, wire)| wire.clk() & clocks != 0).map(|(_, wire)| wire.data_out());
        // A part's own clock is there or not, as somebody looks at it or not.
        let masters = self.i2s.iter().filter(|(_, wire)| wire.clock().is_some() && !self.masters_by_edges);
        let own = masters.map(|(_, wire)| wire.mask() | wire.data_out());
        i2s.chain(pdm).chain(own).fold(0, |a, b| a | b)
    }

    pub(super) fn flush_i2s(&mut self) {
        for (port, wire) in &mut self.i2s {
            wire.flush(*port, &mut self.world);
        }
        for (port, wire) in &mut self.pdm {
            wire.flush(*port, &mut self.world);
        }
    }
}
