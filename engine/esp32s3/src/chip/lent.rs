//! The chip lent to somebody else's processors and memories.
//!
//! Our processors stand still. Time goes on when the other side says so, and what it does to the blocks is what our own
//! processors would have done by the same accesses at the same times. What the window of flash and PSRAM shows is ours to
//! say: the other side has plain memory there, which gets the contents of a page when the MMU's table shows it.

use super::{Chip, Stop};
use crate::fabric::{Reason, Request};
use crate::memories::{Mmu, Place, MMU_ENTRIES, MMU_PAGE, ROM_D, ROM_I, WINDOW};
use engine_core::lent::{Border, Foreign, Keep, Lent, Notice, Peer, Told, Trapped};
use engine_core::memory::LINE;
use engine_core::time::Ps;
use xtensa::Bus;

/// Lines that a processor keeps for its own timers and software interrupts, TRM 9.3.3.1: 6, 7, 11, 15, 16 and 29.
const INTERNAL: u32 = 1 << 6 | 1 << 7 | 1 << 11 | 1 << 15 | 1 << 16 | 1 << 29;

/// What the other side knows.
#[derive(Debug)]
pub(super) struct Window {
    told: Told,
    /// The entries of the MMU's table as its pages show them.
    shown: Vec<u32>,
}

/// The place in flash or PSRAM that an entry shows.
fn page(entry: u32) -> usize {
    ((entry & 0x3FFF) * MMU_PAGE) as usize
}

impl Chip {
    /// Everything due up to `until` happens. `None`: that time has come, or a part wants the run to come back.
    fn advance_lent(&mut self, until: Ps) -> Option<Stop> {
        loop {
            self.schedule_stimuli();
            self.tell_receivers();
            if let Some(stop) = self.carry_out_requests() {
                return Some(stop);
            }
            let now = self.system.dev.fabric.now();
            if self.fire_events(now) {
                continue;
            }
            if let Some(stop) = self.seen() {
                return Some(stop);
            }
            let fabric = &mut self.system.dev.fabric;
            let until = until.min(fabric.pins.wake());
            if now >= until {
                return None;
            }
            fabric.cycle = fabric.clock.first_cycle_from(fabric.events.next().min(until)).max(fabric.cycle + 1);
        }
    }

    /// The processors must be told, if they are somebody else's.
    pub(super) fn tell(&mut self, notice: Notice) {
        if let Some(window) = &mut self.lent {
            window.told.tell(notice);
        }
    }

    /// An entry of the MMU's table shows another page.
    pub(super) fn show_page(&mut self, entry: usize) {
        let Some(window) = &mut self.lent else { return };
        let shows = self.system.dev.mmu.entry(entry);
        let before = std::mem::replace(&mut window.shown[entry], shows);
        let addr = WINDOW + entry as u32 * MMU_PAGE;
        let (mem, size) = (&mut self.system.mem, MMU_PAGE as usize);
        // What the processors stored there is PSRAM's from now on.
        if before & (Mmu::INVALID | Mmu::PSRAM) == Mmu::PSRAM && page(before) + size <= mem.psram.size() {
            mem.bring(Place::Psram(page(before)), addr, size);
        }
        if shows & Mmu::INVALID == 0 {
            self.put_page(shows, addr);
        }
    }

    /// A page of the window gets what an entry shows.
    fn put_page(&mut self, shows: u32, addr: u32) {
        let mem = &mut self.system.mem;
        let memory = if shows & Mmu::PSRAM == 0 { &mem.flash } else { &mem.psram };
        let bytes = memory.bytes().get(page(shows)..page(shows) + MMU_PAGE as usize);
        if let (Some(foreign), Some(bytes)) = (&mut mem.foreign, bytes) {
            foreign.stored(addr, bytes);
        }
    }

    /// The flash chip's cells changed: the pages that show them change.
    fn hand_over_flash(&mut self) {
        let (mem, mmu) = (&mut self.system.mem, &self.system.dev.mmu);
        let Some(foreign) = &mut mem.foreign else { return };
        for line in mem.flash.take_stale() {
            let offset = line as usize;
            for entry in mmu.entries_of(line / MMU_PAGE, false) {
                let addr = WINDOW + entry as u32 * MMU_PAGE + line % MMU_PAGE;
                foreign.stored(addr, &mem.flash.bytes()[offset..offset + LINE]);
            }
            mem.flash.watch_code(offset);
        }
    }

    fn kept(&self, core: usize) -> Keep {
        if self.held[core] {
            Keep::Held
        } else if self.stalled[core] || self.asleep {
            Keep::Still
        } else {
            Keep::Runs
        }
    }
}

impl Lent for Chip {
    type Stop = Stop;
    const CHIP: u8 = 2;
    const NAME: &'static str = "ESP32-S3";

    fn lend(&mut self, peer: Box<dyn Peer>) {
        self.lent = Some(Box::new(Window { told: Told::default(), shown: vec![Mmu::INVALID; MMU_ENTRIES] }));
        let mem = &mut self.system.mem;
        mem.foreign = Some(Box::new(Foreign::new(peer)));
        mem.flash.take_stale();
        (0..mem.flash.size()).step_by(LINE).for_each(|offset| mem.flash.watch_code(offset));
        (0..MMU_ENTRIES).for_each(|entry| self.show_page(entry));
    }

    fn contents(&self) -> Vec<(u32, &[u8])> {
        let mem = &self.system.mem;
        vec![(ROM_I.start, &mem.rom_i), (ROM_D.start, &mem.rom_d)]
    }

    fn traps(&self) -> Vec<u32> {
        self.system.rom.traps()
    }

    fn begin(&mut self) {
        let fabric = &mut self.system.dev.fabric;
        fabric.pins.clear_wake();
        fabric.look_at_watchers();
    }

    /// [`Lent::settle`] has done it: behind the answer the other side's memory is out of reach.
    fn end(&mut self) {}

    fn now(&self) -> Ps {
        Chip::now(self)
    }

    fn next_due(&self) -> Ps {
        let fabric = &self.system.dev.fabric;
        fabric.events.next().min(fabric.pins.next_stimulus())
    }

    fn advance(&mut self, until: Ps) -> Option<Stop> {
        self.advance_lent(until)
    }

    fn load(&mut self, core: u8, addr: u32, size: u8) -> Option<u32> {
        let system = &mut self.system;
        if let Some(place) = system.mem.place(&system.dev.mmu, addr) {
            return system.mem.bring(place, addr, usize::from(size)).then(|| match size {
                1 => system.mem.load::<1>(place),
                2 => system.mem.load::<2>(place),
                _ => system.mem.load::<4>(place),
            });
        }
        system.select(usize::from(core));
        system.other_cycle = u64::MAX;
        let cycle = system.dev.fabric.cycle;
        let beat = match size {
            1 => system.load8(addr, cycle),
            2 => system.load16(addr, cycle),
            _ => system.load32(addr, cycle),
        };
        beat.ok().map(|beat| beat.value)
    }

    fn store(&mut self, core: u8, addr: u32, value: u32, size: u8) -> bool {
        let system = &mut self.system;
        if let Some(place) = system.mem.place(&system.dev.mmu, addr) {
            let stored = match size {
                1 => system.mem.store::<1>(place, value),
                2 => system.mem.store::<2>(place, value),
                _ => system.mem.store::<4>(place, value),
            };
            if stored.is_some() {
                system.mem.stored(place, addr, &value.to_le_bytes()[..usize::from(size)]);
            }
            return stored.is_some();
        }
        system.select(usize::from(core));
        system.other_cycle = u64::MAX;
        let cycle = system.dev.fabric.cycle;
        let stored = match size {
            1 => system.store8(addr, value, cycle),
            2 => system.store16(addr, value, cycle),
            _ => system.store32(addr, value, cycle),
        };
        stored.is_ok()
    }

    fn trap(&mut self, core: u8, pc: u32, registers: &[u32]) -> Result<(Trapped, Option<Stop>), String> {
        self.trapped(usize::from(core), pc, registers)
    }

    fn restarted(&mut self, core: Option<u8>) -> Option<Stop> {
        let fabric = &mut self.system.dev.fabric;
        match core {
            Some(core) => fabric.request(Request::RestartCore(core, Reason::CpuSoftware)),
            None => fabric.request(Request::Restart(Reason::PowerOn)),
        }
        None
    }

    fn border(&mut self) -> Border<'_> {
        let fabric = &mut self.system.dev.fabric;
        Border { pins: &fabric.pins, consoles: &mut fabric.consoles, gaps: &mut fabric.gaps, clock: &fabric.clock }
    }

    fn text(key: u32, console: usize) -> Stop {
        Stop::Text { key, console }
    }

    fn settle(&mut self) -> Vec<Notice> {
        self.system.catch_up();
        self.hand_over_flash();
        let kept = [self.kept(0), self.kept(1)];
        let Some(window) = &mut self.lent else { return Vec::new() };
        if let Some(foreign) = &mut self.system.mem.foreign {
            foreign.release();
        }
        let fabric = &self.system.dev.fabric;
        window.told.clock(fabric.clock.rate().round());
        window.told.kept(kept);
        window.told.lines([0, 1].map(|core| fabric.lines(core, u64::MAX) & !INTERNAL));
        window.told.take()
    }
}
