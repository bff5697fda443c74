//! XIP_CTRL. RP2040 datasheet, section 2.6.3. Nothing of it is modelled yet.

use crate::block::{undeclared, Block};
use crate::fabric::Fabric;
use engine_core::registers::{Group, Write};
use serde::{Deserialize, Serialize};

/// The state of the block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct XipCtrl {}

impl XipCtrl {
    /// The block after reset.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self {}
    }

    /// The cache's data memory while the cache is off (2.6.3.4).
    pub fn load_cache_sram(&mut self, _offset: u32) -> u32 {
        0
    }

    /// A store into the cache's data memory.
    pub fn store_cache_sram(&mut self, _offset: u32, _value: u32, _size: u32) {}
}

impl Block for XipCtrl {
    const GROUPS: &'static [Group] = &[];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        undeclared("XIP_CTRL", offset, fabric)
    }

    fn peek(&mut self, _offset: u32, _fabric: &mut Fabric) -> u32 {
        0
    }

    fn write(&mut self, offset: u32, _write: Write, fabric: &mut Fabric) {
        undeclared("XIP_CTRL", offset, fabric);
    }

    fn reset(&mut self, _fabric: &mut Fabric) {}
}
