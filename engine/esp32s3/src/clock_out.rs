//! A clock that a block puts out on a pin: a square wave, by far the most frequent edge on a board that has one.
//!
//! Nobody asks for it most of the time. Where somebody does, its edges are handed in with their times, once in a millisecond and
//! at the end of a run; one by one where somebody acts on the pin. Elsewhere the pin has the right level whenever software or a
//! part looks at it, and nothing in between. The trace leaves such pins out, as it does other clocks.

use crate::fabric::Fabric;
use crate::signals::Signal;
use crate::ticker::Ticker;
use engine_core::time::{Hertz, Ps, SECOND};
use serde::{Deserialize, Serialize};

/// How long edges are kept back where nobody acts on them.
const BATCH: Ps = SECOND / 1000;

/// A clock on its way to an output signal. It begins low.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ClockOut {
    signal: Signal,
    /// Half periods.
    halves: Ticker,
    /// Those that the signal shows.
    shown: u64,
}

impl ClockOut {
    /// A clock that stands still.
    pub fn new(signal: Signal) -> Self {
        Self { signal, halves: Ticker::stopped(), shown: 0 }
    }

    /// The rate from now on.
    pub fn set_rate(&mut self, rate: Hertz, fabric: &mut Fabric) {
        self.catch_up(fabric);
        let halves = if rate.is_running() { rate.scaled(2, 1) } else { rate };
        self.halves.set_rate(halves, fabric.now());
    }

    /// Edges up to now are handed in.
    pub fn catch_up(&mut self, fabric: &mut Fabric) {
        let count = self.halves.count(fabric.now());
        if !self.is_looked_at(fabric) && count > self.shown + 1 {
            self.shown = count - 1;
        }
        while self.shown < count {
            self.shown += 1;
            let at = self.halves.when(self.shown).min(fabric.now());
            fabric.drive_at(self.signal, self.shown & 1 != 0, at);
        }
    }

    /// When the block must call [`ClockOut::catch_up`] next.
    pub fn due(&self, fabric: &Fabric) -> Ps {
        if !self.halves.rate().is_running() || fabric.io.pins_of(self.signal) == 0 {
            Ps::MAX
        } else if fabric.is_acted_on(self.signal) {
            self.halves.when(self.shown + 1)
        } else {
            fabric.now() + BATCH
        }
    }

    fn is_looked_at(&self, fabric: &Fabric) -> bool {
        fabric.pins.is_looked_at(fabric.io.pins_of(self.signal)) || fabric.is_acted_on(self.signal)
    }
}
