//! ASSIST_DEBUG: monitors of memory regions and stack pointers, and the record of each processor's program counter. ESP32-S3
//! TRM chapter 18.
//!
//! # Fidelity
//! - The record shows where a processor stood when it was last reset by a watchdog, if the run loop says so with
//!   [`AssistDebug::record`].
//! - Region monitors: loads and stores of DRAM0 (internal SRAM by its data addresses) and of the peripheral interface (from RTC
//!   SLOW memory on), both ends of a region among it, with PC and SP of the first one until its interrupt is cleared. Accesses of
//!   128 bits, and those of the mask ROM at function level, pass unseen.
//! - Stack monitors: SP below SP_MIN or above SP_MAX; SP_UNSTABLE is taken as cycles of CPU_CLK (no document names its unit). The
//!   interrupt comes once until it is cleared, and SP_PC is the instruction that moved SP there.
//! - The bus monitors tell of accesses that wait too long; here none waits for another, so they have nothing to tell.
//! - While a monitor of a processor is enabled, that processor runs slowly in the twin; else this costs nothing.
//! - The log of the bus is missing, and says so.

pub mod registers;

use crate::block::{undeclared, Block};
use crate::fabric::{Fabric, Request};
use crate::sources::Source;
use engine_core::registers::{Bank, Field, Group, Registers, Write};
use registers::{Core, Reg, INTR_RAW, MONTR_ENA, RCD_RECORDING, SP_UNSTABLE};
use serde::{Deserialize, Serialize};
use xtensa::{Area, Monitor, Seen, Stack};

/// Distance between the processors' registers.
const STEP: u32 = 0x90;
/// Offset of what both share.
const SHARED: u32 = 2 * STEP;

/// What region monitors look at, as the datasheet's address map has it: SRAM by the data bus, and all from RTC SLOW memory on.
const DRAM0: (u32, u32) = (0x3FC8_8000, 0x3FD0_0000 - 1);
const PIF: (u32, u32) = (0x5000_0000, 0x6010_0000 - 1);

/// A region: its bounds, what they lie in, and the bit of its loads; that of its stores follows.
struct Region {
    min: Core,
    max: Core,
    within: (u32, u32),
    loads: Field,
    stores: Field,
}

const REGIONS: [Region; 4] = [
    Region {
        min: Core::AREA_DRAM0_0_MIN,
        max: Core::AREA_DRAM0_0_MAX,
        within: DRAM0,
        loads: MONTR_ENA::AREA_DRAM0_0_RD_ENA,
        stores: MONTR_ENA::AREA_DRAM0_0_WR_ENA,
    },
    Region {
        min: Core::AREA_DRAM0_1_MIN,
        max: Core::AREA_DRAM0_1_MAX,
        within: DRAM0,
        loads: MONTR_ENA::AREA_DRAM0_1_RD_ENA,
        stores: MONTR_ENA::AREA_DRAM0_1_WR_ENA,
    },
    Region {
        min: Core::AREA_PIF_0_MIN,
        max: Core::AREA_PIF_0_MAX,
        within: PIF,
        loads: MONTR_ENA::AREA_PIF_0_RD_ENA,
        stores: MONTR_ENA::AREA_PIF_0_WR_ENA,
    },
    Region {
        min: Core::AREA_PIF_1_MIN,
        max: Core::AREA_PIF_1_MAX,
        within: PIF,
        loads: MONTR_ENA::AREA_PIF_1_RD_ENA,
        stores: MONTR_ENA::AREA_PIF_1_WR_ENA,
    },
];

/// The flags of all regions.
const REGION_FLAGS: u32 = 0xFF;
/// The flags of the stack.
const STACK_FLAGS: u32 = INTR_RAW::SP_SPILL_MIN_RAW.mask | INTR_RAW::SP_SPILL_MAX_RAW.mask;

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

    /// What a processor's monitors look at, by its registers. `None`: all are off.
    pub fn monitor(&self, core: usize) -> Option<Monitor> {
        let bank = &self.cores[core];
        let enabled = bank.get(Core::MONTR_ENA);
        if enabled & (REGION_FLAGS | STACK_FLAGS) == 0 {
            return None;
        }
        let area = |region: &Region| Area {
            first: bank.get(region.min).max(region.within.0),
            last: bank.get(region.max).min(region.within.1),
            loads: region.loads.is_set(enabled),
            stores: region.stores.is_set(enabled),
        };
        let below = MONTR_ENA::SP_SPILL_MIN_ENA.is_set(enabled);
        let above = MONTR_ENA::SP_SPILL_MAX_ENA.is_set(enabled);
        let stack = (below || above).then(|| Stack {
            min: if below { bank.get(Core::SP_MIN) } else { 0 },
            max: if above { bank.get(Core::SP_MAX) } else { u32::MAX },
            unstable: SP_UNSTABLE::SP_UNSTABLE.get(bank.get(Core::SP_UNSTABLE)),
        });
        Some(Monitor { areas: REGIONS.iter().map(area).collect(), stack })
    }

    /// A processor's monitor has seen something.
    pub fn see(&mut self, core: usize, seen: Seen, fabric: &mut Fabric) {
        let bank = &mut self.cores[core];
        let raw = bank.get(Core::INTR_RAW);
        let flag = match seen {
            Seen::Access { area, store, pc, sp } => {
                if raw & REGION_FLAGS == 0 {
                    bank.set(Core::AREA_PC, pc);
                    bank.set(Core::AREA_SP, sp);
                }
                1 << (2 * area + usize::from(store))
            }
            Seen::Stack { below, pc } => {
                if raw & STACK_FLAGS == 0 {
                    bank.set(Core::SP_PC, pc);
                }
                if below {
                    INTR_RAW::SP_SPILL_MIN_RAW.mask
                } else {
                    INTR_RAW::SP_SPILL_MAX_RAW.mask
                }
            }
        };
        bank.set(Core::INTR_RAW, raw | flag);
        self.settle_interrupt(fabric);
    }

    fn settle_interrupt(&self, fabric: &mut Fabric) {
        let pending = self.cores.iter().any(|bank| bank.get(Core::INTR_RAW) & bank.get(Core::INTR_ENA) != 0);
        fabric.set_irq(Source::ASSIST_DEBUG, pending);
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
                let bank = &mut self.cores[core];
                if register == Core::INTR_CLR {
                    bank.set(Core::INTR_RAW, bank.get(Core::INTR_RAW) & !write.raw);
                } else {
                    bank.store(register, write, "ASSIST_DEBUG", &mut fabric.gaps);
                }
                if bank.get(Core::MONTR_ENA) != 0 || register == Core::MONTR_ENA {
                    fabric.request(Request::Monitors(core as u8));
                }
                self.settle_interrupt(fabric);
            }
            Some(Place::Shared(register)) => self.regs.store(register, write, "ASSIST_DEBUG", &mut fabric.gaps),
            None => {
                undeclared("ASSIST_DEBUG", offset, fabric);
            }
        }
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        *self = Self::new();
        for core in 0..2 {
            fabric.request(Request::Monitors(core));
        }
        self.settle_interrupt(fabric);
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

    /// ESP-IDF `soc/assist_debug_reg.h`: flags, and "the PC when first touch region monitor interrupt".
    #[test]
    fn the_first_access_to_a_region_is_kept() {
        let (mut assist, mut fabric) = (AssistDebug::new(), Fabric::new());
        assert_eq!(assist.monitor(0), None);
        for (offset, value) in [(0x18, 0x3FC9_0000), (0x1C, 0x3FC9_0003), (0x00, 1 << 3), (0x08, 1 << 3)] {
            assist.write(offset, Write::word(value), &mut fabric);
        }
        assert_eq!(fabric.requests, [Request::Monitors(0); 2]);
        let monitor = assist.monitor(0).unwrap();
        let area = Area { first: 0x3FC9_0000, last: 0x3FC9_0003, loads: false, stores: true };
        assert_eq!((monitor.areas[1], monitor.stack), (area, None));
        assist.see(0, Seen::Access { area: 1, store: true, pc: 0x4037_0010, sp: 0x3FCA_0000 }, &mut fabric);
        assist.see(0, Seen::Access { area: 1, store: true, pc: 0x4037_0020, sp: 0x3FCA_0010 }, &mut fabric);
        let mut get = |offset| assist.read(offset, &mut fabric);
        assert_eq!((get(0x04), get(0x34), get(0x30)), (1 << 3, 0x4037_0010, 0x3FCA_0000));
        let pending = |fabric: &Fabric| fabric.sources() >> (Source::ASSIST_DEBUG as u32) & 1;
        assert_eq!(pending(&fabric), 1);
        assist.write(0x0C, Write::word(1 << 3), &mut fabric);
        assert_eq!((pending(&fabric), assist.read(0x04, &mut fabric)), (0, 0));
    }
}
