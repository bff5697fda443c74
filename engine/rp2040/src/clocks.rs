//! CLOCKS. RP2040 datasheet, section 2.15. Nothing of it is modelled yet.

use crate::block::{undeclared, Block};
use crate::fabric::Fabric;
use engine_core::registers::{Group, Write};
use serde::{Deserialize, Serialize};

/// The state of the block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Clocks {}

impl Clocks {
    /// The block after reset.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self {}
    }
}

impl Block for Clocks {
    const GROUPS: &'static [Group] = &[];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        undeclared("CLOCKS", offset, fabric)
    }

    fn peek(&mut self, _offset: u32, _fabric: &mut Fabric) -> u32 {
        0
    }

    fn write(&mut self, offset: u32, _write: Write, fabric: &mut Fabric) {
        undeclared("CLOCKS", offset, fabric);
    }

    fn reset(&mut self, _fabric: &mut Fabric) {}
}
