//! ASSIST_DEBUG: monitors of memory regions and stack pointers, and the record of each processor's program counter. ESP32-S3
//! TRM chapter 18.
//!
//! # Fidelity
//! - The record shows where a processor stood when it was last reset by a watchdog, if the run loop says so with
//!   [`AssistDebug::record`].
//! - The region, stack and access monitors are missing: enabling one is counted as a gap. The log of the bus is storage.

pub mod registers;

use crate::block::{undeclared, Block};
use crate::fabric::Fabric;
use engine_core::registers::{Bank, Group, Registers, Write};
use registers::{Core, Reg, RCD_RECORDING};
use serde::{Deserialize, Serialize};

/// Distance between the processors' registers.
const STEP: u32 = 0x90;
/// Offset of what both share.
const SHARED: u32 = 2 * STEP;

/// The block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AssistDebug {
    cores: [Bank<Core>; 2],
    regs: Bank<Reg>,
}

/// Which register an offset means.
enum Place {
    Core(usize, Core),
    Shared(Reg),
}

fn place(offset: u32) -> Option<Place> {
    if offset < SHARED {
        Core::at(offset % STEP).map(|register| Place::Core((offset / STEP) as usize, register))
    } else {
        Reg::at(offset).map(Place::Shared)
    }
}

impl AssistDebug {
    /// The block after reset.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self { cores: [Bank::new(), Bank::new()], regs: Bank::new() }
    }

    /// Where a processor stands: kept if software asked for the record.
    pub fn record(&mut self, core: usize, pc: u32, sp: u32) {
        let bank = &mut self.cores[core];
        if RCD_RECORDING::RCD_RECORDING.is_set(bank.get(Core::RCD_RECORDING)) {
            bank.set(Core::RCD_PDEBUGPC, pc);
            bank.set(Core::RCD_SP, sp);
        }
    }
}

impl Block for AssistDebug {
    const GROUPS: &'static [Group] = &[
        Group { block: "ASSIST_DEBUG", prefix: "CORE_{}_", base: 0, count: 2, step: STEP, table: Core::TABLE },
        Group::one("ASSIST_DEBUG", Reg::TABLE),
    ];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        if place(offset).is_none() {
            undeclared("ASSIST_DEBUG", offset, fabric);
        }
        self.peek(offset, fabric)
    }

    fn peek(&mut self, offset: u32, _fabric: &mut Fabric) -> u32 {
        match place(offset) {
            Some(Place::Core(core, register)) => self.cores[core].load(register),
            Some(Place::Shared(register)) => self.regs.load(register),
            None => 0,
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        match place(offset) {
            Some(Place::Core(core, register)) => {
                self.cores[core].store(register, write, "ASSIST_DEBUG", &mut fabric.gaps);
            }
            Some(Place::Shared(register)) => self.regs.store(register, write, "ASSIST_DEBUG", &mut fabric.gaps),
            None => {
                undeclared("ASSIST_DEBUG", offset, fabric);
            }
        }
    }

    fn reset(&mut self, _fabric: &mut Fabric) {
        *self = Self::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ESP-IDF `soc/assist_debug_reg.h`: CORE_1_RCD_RECORDING is at 0xDC, CORE_1_RCD_PDEBUGPC at 0xEC.
    #[test]
    fn the_record_is_kept_when_it_is_asked_for() {
        let (mut assist, mut fabric) = (AssistDebug::new(), Fabric::new());
        assist.record(1, 0x4037_0000, 0x3FC9_0000);
        assert_eq!(assist.read(0xEC, &mut fabric), 0);
        assist.write(0xDC, Write::word(1), &mut fabric);
        assist.record(1, 0x4037_0000, 0x3FC9_0000);
        assert_eq!(assist.read(0xEC, &mut fabric), 0x4037_0000);
    }

    #[test]
    fn a_monitor_that_does_not_watch_is_a_gap() {
        let (mut assist, mut fabric) = (AssistDebug::new(), Fabric::new());
        assist.write(0, Write::word(1 << 9), &mut fabric);
        assert!(fabric.gaps.all().contains_key("ASSIST_DEBUG.MONTR_ENA.SP_SPILL_MAX_ENA"));
    }
}
