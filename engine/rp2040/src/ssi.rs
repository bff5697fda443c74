//! SSI: the DesignWare controller in front of the flash chip. RP2040 datasheet, section 4.10. Nothing of it is modelled yet.

use crate::block::undeclared;
use crate::fabric::{Fabric, Slot};
use crate::system::System;
use serde::{Deserialize, Serialize};

/// The state of the block.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Ssi {}

impl Ssi {
    /// The block after reset.
    pub fn new() -> Self {
        Self::default()
    }

    /// Something of this block is due.
    pub fn event(&mut self, _slot: Slot, _fabric: &mut Fabric) {}
}

impl System {
    /// A load from an SSI register: it may shift on the flash bus, so it needs the whole system.
    pub(crate) fn load_ssi(&mut self, offset: u32) -> u32 {
        undeclared("SSI", offset, &mut self.dev.fabric)
    }

    /// A store to an SSI register.
    pub(crate) fn store_ssi(&mut self, offset: u32, _value: u32) {
        undeclared("SSI", offset, &mut self.dev.fabric);
    }
}
