//! A clock that a block puts out on a pin: by far the most frequent edge on a board that has one.
//!
//! Nobody asks for it most of the time. Where somebody does, its edges are handed in with their times, a batch at a time and
//! at the end of a run; one by one where somebody acts on the pin. Elsewhere the pin has the right level whenever software or a
//! part looks at it, and nothing in between. The trace leaves such pins out, as it does other clocks.

use crate::fabric::Fabric;
use crate::signals::Signal;
use crate::slots::Slot;
use engine_core::time::{Hertz, Ps, MICROSECOND};
use serde::{Deserialize, Serialize};

/// How long edges are kept back where nobody acts on them.
const BATCH: Ps = 100 * MICROSECOND;

/// Where the edges of a clock are in time. The first one, number 0, rises.
pub trait Edges {
    /// When an edge is.
    fn when(&self, edge: u64) -> Ps;
    /// How many there were up to now.
    fn count(&self, now: Ps) -> u64;
    /// The same clock, whenever it began?
    fn is_like(&self, other: &Self) -> bool;
}

/// A clock of one rate that is high for half of the time. It begins low.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Square {
    from: Ps,
    halves: Hertz,
}

impl Square {
    /// From now on; `None` where it stands still.
    pub fn of(rate: Hertz, now: Ps) -> Option<Self> {
        rate.is_running().then(|| Self { from: now, halves: rate.scaled(2, 1) })
    }
}

impl Edges for Square {
    fn when(&self, edge: u64) -> Ps {
        self.from.saturating_add(self.halves.duration(edge + 1))
    }

    fn count(&self, now: Ps) -> u64 {
        self.halves.cycles_in(now.saturating_sub(self.from))
    }

    fn is_like(&self, other: &Self) -> bool {
        self.halves == other.halves
    }
}

/// A clock on its way to an output signal.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ClockOut<E> {
    signal: Signal,
    slot: Slot,
    edges: Option<E>,
    /// Those that the signal shows.
    shown: u64,
}

impl<E: Edges> ClockOut<E> {
    /// A clock that stands still. The block hands events of `slot` to [`ClockOut::serve`].
    pub fn new(signal: Signal, slot: Slot) -> Self {
        Self { signal, slot, edges: None, shown: 0 }
    }

    /// The clock from now on: goes on where it is like the one before. A clock that stands still is low.
    pub fn set(&mut self, edges: Option<E>, fabric: &mut Fabric) {
        let same = match (&self.edges, &edges) {
            (Some(old), Some(new)) => old.is_like(new),
            (old, new) => old.is_none() && new.is_none(),
        };
        if !same {
            self.catch_up(fabric);
            self.edges = edges;
            self.shown = 0;
            fabric.drive(self.signal, false);
        }
        self.plan(fabric);
    }

    /// Edges up to now are handed in.
    pub fn catch_up(&mut self, fabric: &mut Fabric) {
        let (Some(edges), pins) = (&self.edges, fabric.io.pins_of(self.signal)) else { return };
        if pins == 0 {
            return;
        }
        let now = fabric.now();
        if !fabric.pins.is_looked_at(pins) && !fabric.is_acted_on(self.signal) {
            // Only the level now can be seen.
            self.shown = self.shown.max(edges.count(now).saturating_sub(1));
        }
        while edges.when(self.shown) <= now {
            fabric.drive_at(self.signal, self.shown % 2 == 0, edges.when(self.shown));
            self.shown += 1;
        }
    }

    /// Edges are due, or somebody looks at the pin from now on.
    pub fn serve(&mut self, fabric: &mut Fabric) {
        self.catch_up(fabric);
        self.plan(fabric);
    }

    fn plan(&self, fabric: &mut Fabric) {
        let due = match &self.edges {
            Some(edges) if fabric.is_acted_on(self.signal) => edges.when(self.shown),
            Some(_) if fabric.pins.is_looked_at(fabric.io.pins_of(self.signal)) => fabric.now() + BATCH,
            _ => Ps::MAX,
        };
        fabric.at(self.slot, due);
    }
}
