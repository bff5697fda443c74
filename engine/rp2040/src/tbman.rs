//! TBMAN: test bench manager. RP2040 datasheet, section 2.22.

use crate::block::{undeclared, Block};
use crate::fabric::Fabric;
use engine_core::registers::{Group, Registers, Write};
use serde::{Deserialize, Serialize};

engine_core::registers! {
    /// 2.22.1. Wired: software sees that it runs on silicon.
    pub Reg;
    PLATFORM 0x00 = 0x0000_0005 { FPGA 1 ro; ASIC 0 ro; }
}

/// The block has no state.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Tbman {}

impl Tbman {
    /// The block.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self {}
    }
}

impl Block for Tbman {
    const GROUPS: &'static [Group] = &[Group::one("TBMAN", Reg::TABLE)];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        match Reg::at(offset) {
            Some(_) => self.peek(offset, fabric),
            None => undeclared("TBMAN", offset, fabric),
        }
    }

    fn peek(&mut self, offset: u32, _fabric: &mut Fabric) -> u32 {
        Reg::at(offset).map_or(0, |register| Reg::TABLE[register.index()].reset)
    }

    fn write(&mut self, offset: u32, _write: Write, fabric: &mut Fabric) {
        if Reg::at(offset).is_none() {
            undeclared("TBMAN", offset, fabric);
        }
    }

    fn reset(&mut self, _fabric: &mut Fabric) {}
}
