//! USB. RP2040 datasheet, section 4.1. Nothing of it is modelled yet.

use crate::block::{undeclared, Block};
use crate::fabric::Fabric;
use engine_core::registers::{Group, Write};
use serde::{Deserialize, Serialize};

/// The state of the block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Usb {}

impl Usb {
    /// The block after reset.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self {}
    }

    /// A word of the dual-port memory (4.1.2.4).
    pub fn load_dpram(&mut self, _offset: u32) -> Option<u32> {
        None
    }

    /// A store into the dual-port memory; `value` is already repeated over the lanes.
    pub fn store_dpram(&mut self, _offset: u32, _value: u32, _size: u32, _fabric: &mut Fabric) -> Option<()> {
        None
    }
}

impl Block for Usb {
    const GROUPS: &'static [Group] = &[];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        undeclared("USB", offset, fabric)
    }

    fn peek(&mut self, _offset: u32, _fabric: &mut Fabric) -> u32 {
        0
    }

    fn write(&mut self, offset: u32, _write: Write, fabric: &mut Fabric) {
        undeclared("USB", offset, fabric);
    }

    fn reset(&mut self, _fabric: &mut Fabric) {}
}
