//! PIO0. RP2040 datasheet, section 3. Nothing of it is modelled yet.

use crate::block::{undeclared, Block};
use crate::fabric::Fabric;
use engine_core::registers::{Group, Write};
use serde::{Deserialize, Serialize};

/// The state of the block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Pio {
    index: usize,
}

impl Pio {
    /// Copy `index` of the block after reset.
    #[allow(clippy::new_without_default)]
    pub fn new(index: usize) -> Self {
        Self { index }
    }

    fn name(&self) -> &'static str {
        ["PIO0", "PIO1"][self.index]
    }

    /// The cycle of clk_sys up to which this block has run.
    pub fn cycle(&self) -> u64 {
        u64::MAX
    }

    /// Runs all state machines up to `until`, or to the first change of an interrupt line or of an awaited DREQ.
    pub fn run(&mut self, _until: u64, _fabric: &mut Fabric) {}

    /// The first cycle at which something may change that others see without reading a register of this block.
    pub fn quiet_until(&self, _fabric: &Fabric) -> u64 {
        u64::MAX
    }
}

impl Block for Pio {
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
