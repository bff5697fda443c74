//! A serial NOR flash chip (Winbond W25Q16JV data sheet, revision D): JEDEC commands, program and erase.

use serde::{Deserialize, Serialize};

/// The chip's own state; its cells are in [`crate::system::Memories`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FlashChip {
    size: usize,
}

impl FlashChip {
    /// A chip of `size` bytes.
    pub fn new(size: usize) -> Self {
        Self { size }
    }

    /// Its capacity in bytes.
    pub fn size(&self) -> usize {
        self.size
    }
}
