//! A processor and the bus behind it, as a ROM function's [`Guest`].

use super::guest::{Fault, Guest, Special};
use crate::system::System;
use xtensa::{Bus, BusError, Core};

/// One processor of the chip, during a ROM function.
pub struct Port<'a> {
    core: &'a mut Core,
    system: &'a mut System,
    /// When the function was entered: when all its accesses happen.
    cycle: u64,
}

/// EXCCAUSE of a load or store that cannot be made.
const LOAD_STORE_ERROR: u32 = 3;

fn number(register: Special) -> u8 {
    match register {
        Special::WindowBase => 72,
        Special::WindowStart => 73,
        Special::Epc(level) => 176 + level,
        Special::Interrupt | Special::Intset => 226,
        Special::Intclear => 227,
        Special::Intenable => 228,
        Special::Ps => 230,
        Special::Vecbase => 231,
        Special::Exccause => 232,
        Special::Ccount => 234,
        Special::Excvaddr => 238,
        Special::Ccompare(n) => 240 + n,
    }
}

fn fault(addr: u32) -> impl Fn(BusError) -> Fault {
    move |error| match error {
        BusError::Fault(cause) => Fault { cause: cause as u32, addr },
        // The chip calls ROM functions only when no other processor is behind.
        BusError::Yield => Fault { cause: LOAD_STORE_ERROR, addr },
    }
}

impl<'a> Port<'a> {
    /// The chip must have made sure that no other processor is behind `core`.
    pub fn new(core: &'a mut Core, system: &'a mut System) -> Self {
        let cycle = core.cycle;
        Self { core, system, cycle }
    }

    /// The memory is the other side's if the chip is lent: what is read comes from there.
    fn bring(&mut self, addr: u32, count: usize) -> Result<(), Fault> {
        let System { mem, dev, .. } = &mut *self.system;
        if mem.foreign.is_some() {
            if let Some(place) = mem.place(&dev.mmu, addr) {
                if !mem.bring(place, addr, count) {
                    return Err(Fault { cause: LOAD_STORE_ERROR, addr });
                }
            }
        }
        Ok(())
    }

    /// What is stored goes there.
    fn stored(&mut self, addr: u32, data: &[u8]) {
        let System { mem, dev, .. } = &mut *self.system;
        if mem.foreign.is_some() {
            if let Some(place) = mem.place(&dev.mmu, addr) {
                mem.stored(place, addr, data);
            }
        }
    }

    fn physical(&self, index: u32) -> usize {
        ((4 * self.core.windowbase() + index) & 63) as usize
    }
}

impl Guest for Port<'_> {
    fn reg(&self, index: u32) -> u32 {
        match index {
            0..=15 => self.core.a(index as usize),
            _ => self.core.physical_registers()[self.physical(index)],
        }
    }

    fn set_reg(&mut self, index: u32, value: u32) {
        match index {
            0..=15 => self.core.set_a(index as usize, value),
            _ => self.core.set_physical_register(self.physical(index), value),
        }
    }

    fn special(&mut self, register: Special) -> u32 {
        self.core.special(number(register)).unwrap_or(0)
    }

    fn set_special(&mut self, register: Special, value: u32) {
        let known = self.core.set_special(number(register), value);
        debug_assert!(known, "{register:?} is a special register of the core");
    }

    fn set_region(&mut self, region: usize, attribute: u8) {
        self.core.set_region(region, attribute);
    }

    fn pc(&self) -> u32 {
        self.core.pc
    }

    fn core(&self) -> u32 {
        u32::from(self.core.id())
    }

    fn load32(&mut self, addr: u32) -> Result<u32, Fault> {
        self.bring(addr & !3, 4)?;
        let beat = self.system.load32(addr & !3, self.cycle).map_err(fault(addr))?;
        if addr & 3 == 0 {
            return Ok(beat.value);
        }
        let mut bytes = [0; 4];
        self.read(addr, &mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn load8(&mut self, addr: u32) -> Result<u8, Fault> {
        self.bring(addr, 1)?;
        Ok(self.system.load8(addr, self.cycle).map_err(fault(addr))?.value as u8)
    }

    fn store32(&mut self, addr: u32, value: u32) -> Result<(), Fault> {
        if addr & 3 != 0 {
            return self.write(addr, &value.to_le_bytes());
        }
        self.system.store32(addr, value, self.cycle).map_err(fault(addr))?;
        self.stored(addr, &value.to_le_bytes());
        Ok(())
    }

    fn store8(&mut self, addr: u32, value: u8) -> Result<(), Fault> {
        self.system.store8(addr, u32::from(value), self.cycle).map_err(fault(addr))?;
        self.stored(addr, &[value]);
        Ok(())
    }

    fn charge(&mut self, cycles: u32) {
        self.core.cycle += u64::from(cycles);
    }

    /// Words where they are whole, as the ROM's copies do.
    fn read(&mut self, addr: u32, bytes: &mut [u8]) -> Result<(), Fault> {
        let mut done = 0;
        while done < bytes.len() {
            let at = addr.wrapping_add(done as u32);
            if at & 3 == 0 && bytes.len() - done >= 4 {
                bytes[done..done + 4].copy_from_slice(&self.load32(at)?.to_le_bytes());
                done += 4;
            } else {
                bytes[done] = self.load8(at)?;
                done += 1;
            }
        }
        Ok(())
    }

    fn write(&mut self, addr: u32, bytes: &[u8]) -> Result<(), Fault> {
        let mut done = 0;
        while done < bytes.len() {
            let at = addr.wrapping_add(done as u32);
            if at & 3 == 0 && bytes.len() - done >= 4 {
                let word = [bytes[done], bytes[done + 1], bytes[done + 2], bytes[done + 3]];
                self.store32(at, u32::from_le_bytes(word))?;
                done += 4;
            } else {
                self.store8(at, bytes[done])?;
                done += 1;
            }
        }
        Ok(())
    }
}
