//! The pacing timers: X requests in Y cycles of clk_sys. Datasheet 2.5.5.1.

use serde::{Deserialize, Serialize};

/// A timer. It adds X each cycle and requests a transfer whenever the sum passes Y.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Timer {
    /// The register: X in the upper half, Y in the lower one.
    pub value: u32,
    /// The cycle at which the register was written.
    since: u64,
    /// Requests that were seen by the channels.
    seen: u64,
}

impl Timer {
    /// A new fraction, from this cycle on.
    pub fn set(&mut self, value: u32, cycle: u64) {
        *self = Self { value, since: cycle, seen: 0 };
    }

    /// X and Y. There is no more than one request a cycle, whatever is written.
    fn fraction(&self) -> (u64, u64) {
        let (x, y) = (u64::from(self.value >> 16), u64::from(self.value & 0xFFFF));
        (x.min(y.max(1)), y.max(1))
    }

    /// Requests since the last call.
    pub fn take(&mut self, cycle: u64) -> u64 {
        let (x, y) = self.fraction();
        if x == 0 {
            return 0;
        }
        let all = (u128::from(cycle.saturating_sub(self.since)) * u128::from(x) / u128::from(y)) as u64;
        all - std::mem::replace(&mut self.seen, all)
    }

    /// The cycle at which `requests` more will have been made.
    pub fn due(&self, requests: u64) -> Option<u64> {
        let (x, y) = self.fraction();
        let all = u128::from(self.seen + requests);
        (x != 0).then(|| self.since + (all * u128::from(y)).div_ceil(u128::from(x)) as u64)
    }

    /// How many requests fall into this many cycles, at least one.
    pub fn within(&self, cycles: u64) -> u64 {
        let (x, y) = self.fraction();
        (cycles * x / y).max(1)
    }
}
