//! The transmit FIFO, 4.4.2: eight cells and the place of the bottom entry.

use serde::{Deserialize, Serialize};

/// Both FIFOs, 4.4.2.
pub(super) const DEPTH: usize = 8;

/// Cells keep what was written to them: a target whose controller asks for more than there is sends the bottom cell, which is
/// what was written eight entries ago. Texas Instruments tells so of its SSI, which has the same FIFO (SLAU723A 23.3.2).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct TxFifo {
    cells: [u16; DEPTH],
    bottom: usize,
    len: usize,
}

impl TxFifo {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// There must be room.
    pub(super) fn push(&mut self, frame: u16) {
        self.cells[(self.bottom + self.len) % DEPTH] = frame;
        self.len += 1;
    }

    /// The bottom cell, whether it holds an entry or not.
    pub(super) fn bottom(&self) -> u16 {
        self.cells[self.bottom]
    }

    /// Takes the bottom entry away, if there is one.
    pub(super) fn pop(&mut self) -> Option<u16> {
        let frame = (self.len > 0).then_some(self.bottom())?;
        self.bottom = (self.bottom + 1) % DEPTH;
        self.len -= 1;
        Some(frame)
    }
}
