//! SPI0. RP2040 datasheet, section 4.4. Nothing of it is modelled yet.

use crate::block::{undeclared, Block};
use crate::fabric::Fabric;
use engine_core::registers::{Group, Write};
use serde::{Deserialize, Serialize};

/// The state of the block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Spi {
    index: usize,
}

impl Spi {
    /// Copy `index` of the block after reset.
    #[allow(clippy::new_without_default)]
    pub fn new(index: usize) -> Self {
        Self { index }
    }

    fn name(&self) -> &'static str {
        ["SPI0", "SPI1"][self.index]
    }
}

impl Block for Spi {
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
