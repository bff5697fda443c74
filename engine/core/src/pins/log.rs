//! Every change of a level, for those who look at a run afterwards.

use super::Pins;
use crate::time::Ps;
use serde::{Deserialize, Serialize};

/// Level changes in the order in which they were found out; a frame of a hardware controller is found out at its end.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Log {
    /// The levels before the first change.
    before: u64,
    /// When, which pins, and their levels from then on.
    changes: Vec<(Ps, u64, u64)>,
}

impl Log {
    /// The levels of these pins changed.
    pub(super) fn note(&mut self, at: Ps, changed: u64, level: u64) {
        self.changes.push((at, changed, level));
    }

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

impl Pins {
    /// Keeps every level change from now on, for [`Pins::take_log`]; or stops doing so.
    pub fn keep_log(&mut self, on: bool) {
        self.watched = if on { u64::MAX } else { self.watched_by_ports() };
        self.log = on.then(|| Log { before: self.level, changes: Vec::new() });
        self.settle_heed();
    }

    /// The level changes since the last call.
    pub fn take_log(&mut self) -> Vec<(Ps, u64)> {
        self.log.as_mut().map(Log::take).unwrap_or_default()
    }
}
