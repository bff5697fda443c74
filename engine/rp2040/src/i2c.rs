//! I2C0. RP2040 datasheet, section 4.3. Nothing of it is modelled yet.

use crate::block::{undeclared, Block};
use crate::fabric::Fabric;
use engine_core::registers::{Group, Write};
use serde::{Deserialize, Serialize};

/// The state of the block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct I2c {
    index: usize,
}

impl I2c {
    /// Copy `index` of the block after reset.
    #[allow(clippy::new_without_default)]
    pub fn new(index: usize) -> Self {
        Self { index }
    }

    fn name(&self) -> &'static str {
        ["I2C0", "I2C1"][self.index]
    }
}

impl Block for I2c {
    const GROUPS: &'static [Group] = &[];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        undeclared(self.name(), offset, fabric)
    }

    fn peek(&mut self, _offset: u32, _fabric: &mut Fabric) -> u32 {
        0
    }

    fn write(&mut self, offset: u32, _write: Write, fabric: &mut Fabric) {
        undeclared(self.name(), offset, fabric);
    }

    fn reset(&mut self, _fabric: &mut Fabric) {}
}
