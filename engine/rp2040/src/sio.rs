//! SIO: single-cycle IO. RP2040 datasheet, section 2.3.1. Nothing of it is modelled yet.

use crate::block::undeclared;
use crate::fabric::Fabric;
use serde::{Deserialize, Serialize};

/// The state of the block, both processors' views.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Sio {}

impl Sio {
    /// The block after reset.
    pub fn new() -> Self {
        Self::default()
    }

    /// A load by a processor.
    pub fn read(&mut self, _core: usize, offset: u32, fabric: &mut Fabric) -> u32 {
        undeclared("SIO", offset, fabric)
    }

    /// A store by a processor.
    pub fn write(&mut self, _core: usize, offset: u32, _value: u32, fabric: &mut Fabric) {
        undeclared("SIO", offset, fabric);
    }

    /// The level of a processor's FIFO interrupt (2.3.1.4).
    pub fn fifo_irq(&self, _core: usize) -> bool {
        false
    }
}
