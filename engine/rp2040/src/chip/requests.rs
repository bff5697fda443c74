//! What blocks ask of processors and chip: resets, and clocks that stop.

use super::{Chip, Stop};
use crate::fabric::{Reason, Request};
use engine_core::lent::Notice;
use engine_core::trace::Kind;

impl Chip {
    /// What blocks asked of processors and chip. A reset is reported to the caller.
    pub(super) fn carry_out_requests(&mut self) -> Option<Stop> {
        let mut stop = None;
        for request in std::mem::take(&mut self.system.dev.fabric.requests) {
            match request {
                Request::HoldCore(core, hold) => {
                    let core = usize::from(core);
                    if self.held[core] && !hold {
                        self.reset_core(core);
                    }
                    self.held[core] = hold;
                }
                Request::Restart(reason) => {
                    if self.restart(reason) {
                        stop = Some(Stop::Reset(reason));
                    }
                }
                Request::ResetBlocks(_) | Request::SysClock(_) | Request::Wake => {
                    self.system.dev.fabric.requests.push(request);
                    self.system.carry_out_requests();
                }
            }
        }
        stop
    }

    pub(super) fn reset_core(&mut self, core: usize) {
        let cycle = self.system.dev.fabric.cycle.max(self.cores[core].cycle);
        self.system.core = core;
        self.system.other_cycle = u64::MAX;
        self.cores[core].reset(&mut self.system, 0);
        self.cores[core].cycle = cycle;
        self.cores[core].rom_trap_limit = self.system.dev.bootrom.trap_limit();
    }

    /// Parts of the chip, or all of it, start again; the processors among them from the ROM. Flash, SRAM, pins and consoles
    /// stay as they are, and time goes on. False: the watchdog fired, but PSM.WDSEL selects nothing.
    fn restart(&mut self, reason: Reason) -> bool {
        let stages = self.system.restart_devices(reason);
        if stages == 0 {
            return false;
        }
        self.see_reset(reason);
        if let Some(told) = &mut self.lent {
            let cores = crate::psm::DONE::PROC0.get(stages) | crate::psm::DONE::PROC1.get(stages) << 1;
            told.tell(Notice::Reset(cores as u8, reason as u8));
        }
        for core in 0..2u8 {
            let id = usize::from(core);
            self.held[id] = self.system.dev.psm.holds(core);
            if stages & crate::psm::DONE::PROC0.mask << core != 0 {
                self.reset_core(id);
            }
        }
        true
    }

    pub(super) fn see_reset(&mut self, reason: Reason) {
        self.system.sync_pio(self.system.dev.fabric.cycle);
        let fabric = &mut self.system.dev.fabric;
        let now = fabric.now();
        fabric.pins.trace.see(Kind::Reset, now, reason as u64);
    }
}
