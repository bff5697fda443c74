//! What blocks ask of processors and chip: resets, clocks that stop, code that changed.

use super::{Chip, Stop};
use crate::block::Block;
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
                Request::StallCore(core, stall) => self.stalled[usize::from(core)] = stall,
                Request::RestartCore(core, reason) => {
                    self.see_reset(reason);
                    self.tell(Notice::Reset(1 << core, reason as u8));
                    self.record_core(usize::from(core));
                    self.system.dev.rtc_cntl.core_restarted(usize::from(core), reason);
                    self.reset_core(usize::from(core));
                    if core == 0 {
                        self.system.dev.sensitive.reset(&mut self.system.dev.fabric);
                    }
                    stop = Some(Stop::Reset(reason));
                }
                Request::Restart(reason) => {
                    self.restart(reason);
                    stop = Some(Stop::Reset(reason));
                }
                Request::Sleep(_) => self.asleep = true,
                Request::Wake => {
                    self.sleep_cores_until(self.system.dev.fabric.cycle);
                    self.asleep = false;
                }
                Request::Remapped(entry) => {
                    self.forget_page(u32::from(entry));
                    self.show_page(usize::from(entry));
                }
                Request::Monitors(core) => self.set_monitor(usize::from(core)),
                Request::CodeChanged => self.code.invalidate_all(),
                Request::RadioTouched(page, core) => {
                    let pc = self.cores[usize::from(core)].pc;
                    crate::radio::say(page, pc, &mut self.system.dev.fabric.gaps);
                }
                Request::CpuClock(_)
                | Request::Rates
                | Request::ResetBlock(_)
                | Request::RtcMemoryCrc(..)
                | Request::CopyRegisters => {
                    self.system.dev.fabric.requests.push(request);
                    self.system.carry_out_requests();
                }
            }
        }
        stop
    }

    /// An entry of the MMU changed: code of its 64 KB page is another one now.
    fn forget_page(&mut self, entry: u32) {
        self.code.invalidate_range(0x4200_0000 | entry << 16, crate::memories::MMU_PAGE);
    }

    pub(super) fn reset_core(&mut self, core: usize) {
        let cycle = self.system.dev.fabric.cycle.max(self.cores[core].cycle);
        // CCOUNT starts at 0 from here.
        self.cores[core].cycle = cycle;
        self.cores[core].reset();
        self.stopped[core] = false;
    }

    /// ASSIST_DEBUG keeps where a processor stood, for the program that comes after the reset.
    fn record_core(&mut self, core: usize) {
        const SP: usize = 1;
        let (pc, sp) = (self.cores[core].pc, self.cores[core].a(SP));
        self.system.dev.assist_debug.record(core, pc, sp);
    }

    /// The chip starts again, from the ROM. Flash, PSRAM, pins and consoles stay as they are, and time goes on.
    fn restart(&mut self, reason: Reason) {
        self.see_reset(reason);
        self.tell(Notice::Reset(0b11, reason as u8));
        self.record_core(0);
        self.record_core(1);
        self.system.restart_devices(reason);
        self.asleep = false;
        self.reset_core(0);
        self.reset_core(1);
        self.held = [false, true];
        self.code.invalidate_all();
    }

    fn see_reset(&mut self, reason: Reason) {
        let fabric = &mut self.system.dev.fabric;
        let now = fabric.now();
        fabric.pins.trace.see(Kind::Reset, now, reason as u64);
    }

    /// The chip sleeps: without a clock CCOUNT stands still, too.
    pub(super) fn sleep_cores_until(&mut self, cycle: u64) {
        for core in &mut self.cores {
            let count = core.ccount();
            core.sleep_until(cycle);
            core.set_ccount(count);
        }
    }
}
