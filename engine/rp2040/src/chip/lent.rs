//! The chip lent to somebody else's processors and SRAM.
//!
//! Our processors stand still. Time goes on when the other side says so, and what it does to the blocks is what our own
//! processors would have done by the same accesses at the same times.

use super::{Chip, Stop};
use crate::bootrom::RomExit;
use crate::fabric::{Reason, Request};
use armv6m::{Bus, BusError};
use engine_core::lent::{Border, Foreign, How, Keep, Lent, Notice, Peer, Trapped};
use engine_core::memory::LINE;
use engine_core::time::{Ps, MICROSECOND};

/// Flash as the processors see it, 2.2.
const XIP: u32 = 0x1000_0000;
/// SRAM is the other side's.
const SRAM: u32 = 2;

/// How long a function of the ROM waits before it is entered again.
const PAUSE: Ps = 1000 * MICROSECOND;

/// The registers of a Trap behind R0 to R15.
const SPECIAL: [&str; 5] = ["xpsr", "msp", "psp", "primask", "control"];
/// Behind those comes VTOR.
const REGISTERS: usize = 16 + SPECIAL.len() + 1;

impl Chip {
    /// Everything due up to `until` happens. `None`: that time has come, or a part wants the run to come back.
    fn advance_lent(&mut self, until: Ps) -> Option<Stop> {
        loop {
            self.schedule_stimuli();
            self.tell_receivers();
            self.system.tend_pwm();
            if let Some(stop) = self.carry_out_requests() {
                return Some(stop);
            }
            let fabric = &self.system.dev.fabric;
            let (cycle, now) = (fabric.cycle, fabric.now());
            if self.fire_events(now) {
                continue;
            }
            if let Some(stop) = self.seen() {
                return Some(stop);
            }
            let fabric = &self.system.dev.fabric;
            let until = until.min(fabric.pins.wake());
            if now >= until {
                return None;
            }
            let horizon = fabric.clock.first_cycle_from(fabric.events.next().min(until)).max(cycle + 1);
            self.sleep_until(horizon);
        }
    }

    /// The flash chip's cells changed: the other side maps them as memory.
    fn hand_over_flash(&mut self) {
        let (flash, foreign) = (&mut self.system.mem.flash, &mut self.system.mem.foreign);
        let Some(foreign) = foreign else { return };
        for line in flash.take_stale() {
            let offset = line as usize;
            foreign.stored(XIP + line, &flash.bytes()[offset..offset + LINE]);
            flash.watch_code(offset);
        }
    }

    fn put_registers(&mut self, id: usize, registers: &[u32]) {
        let core = &mut self.cores[id];
        core.set_vtor(registers[REGISTERS - 1]);
        // CONTROL first: it says which stack R13 is.
        for (name, value) in SPECIAL.iter().zip(&registers[16..]).rev() {
            core.set_register(name, *value);
        }
        core.regs.copy_from_slice(&registers[..16]);
    }

    fn registers_of(&self, id: usize) -> Vec<u32> {
        let core = &self.cores[id];
        let special = SPECIAL.iter().map(|name| core.register(name).unwrap_or(0));
        core.regs.iter().copied().chain(special).chain([core.vtor()]).collect()
    }
}

impl Lent for Chip {
    type Stop = Stop;
    const CHIP: u8 = 1;
    const NAME: &'static str = "RP2040";

    fn lend(&mut self, peer: Box<dyn Peer>) {
        self.lent = Some(Box::default());
        let mem = &mut self.system.mem;
        mem.foreign = Some(Box::new(Foreign::new(peer)));
        mem.flash.take_stale();
        (0..mem.flash.size()).step_by(LINE).for_each(|offset| mem.flash.watch_code(offset));
    }

    fn contents(&self) -> Vec<(u32, &[u8])> {
        vec![(0, self.system.dev.bootrom.bytes()), (XIP, self.system.mem.flash.bytes())]
    }

    fn traps(&self) -> Vec<u32> {
        self.system.dev.bootrom.traps()
    }

    fn begin(&mut self) {
        let fabric = &mut self.system.dev.fabric;
        fabric.pins.clear_wake();
        fabric.look_at_gpout();
    }

    fn end(&mut self) {
        let cycle = self.system.dev.fabric.cycle;
        self.system.sync_pio(cycle);
    }

    fn now(&self) -> Ps {
        Chip::now(self)
    }

    fn next_due(&self) -> Ps {
        let fabric = &self.system.dev.fabric;
        let quiet = self.system.pio_quiet_until();
        let pio = if quiet == u64::MAX { Ps::MAX } else { fabric.clock.ps_at(quiet.max(fabric.cycle + 1)) };
        fabric.events.next().min(fabric.pins.next_stimulus()).min(pio)
    }

    fn advance(&mut self, until: Ps) -> Option<Stop> {
        self.advance_lent(until)
    }

    fn load(&mut self, core: u8, addr: u32, size: u8) -> Option<u32> {
        let system = &mut self.system;
        if addr >> 28 == SRAM {
            return system.dma_load(addr, u32::from(size));
        }
        system.core = usize::from(core);
        system.other_cycle = u64::MAX;
        let cycle = system.dev.fabric.cycle;
        let beat: Result<_, BusError> = match size {
            1 => system.read8(addr, cycle),
            2 => system.read16(addr, cycle),
            _ => system.read32(addr, cycle),
        };
        beat.ok().map(|beat| beat.value)
    }

    fn store(&mut self, core: u8, addr: u32, value: u32, size: u8) -> bool {
        let system = &mut self.system;
        if addr >> 28 == SRAM {
            return system.dma_store(addr, value, u32::from(size)).is_some();
        }
        system.core = usize::from(core);
        system.other_cycle = u64::MAX;
        let cycle = system.dev.fabric.cycle;
        let stored = match size {
            1 => system.write8(addr, value, cycle),
            2 => system.write16(addr, value, cycle),
            _ => system.write32(addr, value, cycle),
        };
        stored.is_ok()
    }

    fn trap(&mut self, core: u8, pc: u32, registers: &[u32]) -> Result<(Trapped, Option<Stop>), String> {
        if registers.len() != REGISTERS {
            return Err(format!(
                "the client sent a Trap with {} registers: the RP2040 has {REGISTERS}",
                registers.len()
            ));
        }
        let Some(function) = self.system.dev.bootrom.trap_at(pc) else {
            return Err(format!("the client sent a Trap at 0x{pc:08X}, where no function of the ROM is"));
        };
        let id = usize::from(core);
        self.put_registers(id, registers);
        self.cores[id].regs[15] = pc;
        self.cores[id].cycle = self.system.dev.fabric.cycle;
        self.system.core = id;
        self.system.other_cycle = u64::MAX;
        // A function that waits looks how long it may.
        let fabric = &mut self.system.dev.fabric;
        let pause = fabric.events.next().min(fabric.now() + PAUSE);
        fabric.deadline = fabric.clock.first_cycle_from(pause);
        let exit = self.system.call_rom(function, &mut self.cores[id]);
        let time = self.system.dev.fabric.clock.ps_at(self.cores[id].cycle);
        let waits = self.cores[id].regs[15] == pc;
        let (how, stop) = match exit {
            RomExit::Done if waits => (How::Again, None),
            RomExit::Done => (How::GoesOn, None),
            RomExit::Wait => (How::AtEvent, None),
            RomExit::UsbBoot(why) => (How::Stopped, Some(Stop::UsbBoot(why))),
        };
        Ok((Trapped { how, time, registers: self.registers_of(id) }, stop))
    }

    fn restarted(&mut self, core: Option<u8>) -> Option<Stop> {
        if core.is_none() {
            self.system.dev.fabric.request(Request::Restart(Reason::PowerOn));
            return None;
        }
        // 2.4.2.9: the request resets the processor that made it, and nothing else.
        self.see_reset(Reason::SysResetReq);
        Some(Stop::Reset(Reason::SysResetReq))
    }

    fn border(&mut self) -> Border<'_> {
        let fabric = &mut self.system.dev.fabric;
        Border { pins: &fabric.pins, consoles: &mut fabric.consoles, gaps: &mut fabric.gaps, clock: &fabric.clock }
    }

    fn text(key: u32, console: usize) -> Stop {
        Stop::Text { key, console }
    }

    fn settle(&mut self) -> Vec<Notice> {
        self.hand_over_flash();
        let Some(told) = &mut self.lent else { return Vec::new() };
        let fabric = &mut self.system.dev.fabric;
        if let Some(foreign) = &mut self.system.mem.foreign {
            foreign.release();
        }
        told.clock(fabric.clock.rate().round());
        told.kept(self.held.map(|held| if held { Keep::Held } else { Keep::Runs }));
        told.lines(fabric.irq);
        let (events, nmi) = (std::mem::take(&mut fabric.events_sent), fabric.take_nmi());
        for core in 0..2 {
            if nmi >> core & 1 != 0 {
                told.tell(Notice::Nmi(core));
            }
            if events >> core & 1 != 0 {
                told.tell(Notice::Event(core));
            }
        }
        told.take()
    }
}
