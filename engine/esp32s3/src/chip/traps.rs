//! Functions of the ROM, carried out for a processor of the other side.

use super::run::Called;
use super::{Chip, Stop};
use crate::rom::Port;
use engine_core::lent::{How, Trapped};
use engine_core::trace::Kind;

/// A0 to A15, and the four behind them that a CALL12 adds.
const WINDOW: usize = 20;
/// Numbers of the special registers behind PC and the window (ISA RM table 5-127): PS, WINDOWBASE, WINDOWSTART, VECBASE,
/// EXCCAUSE, EXCVADDR, EPC1, INTENABLE, CCOUNT, CCOMPARE0 to 2.
const SPECIAL: [u8; 12] = [230, 72, 73, 231, 232, 238, 177, 228, 234, 240, 241, 242];
/// Behind those comes INTERRUPT.
const INTERRUPT: u8 = 226;
const REGISTERS: usize = 1 + WINDOW + SPECIAL.len() + 1;

impl Chip {
    fn put_registers(&mut self, id: usize, registers: &[u32]) {
        let core = &mut self.cores[id];
        core.pc = registers[0];
        let (window, special) = registers[1..].split_at(WINDOW);
        for (number, value) in SPECIAL.into_iter().zip(special) {
            core.set_special(number, *value);
        }
        core.set_pending(special[SPECIAL.len()]);
        let base = 4 * core.windowbase() as usize;
        for (index, value) in window.iter().enumerate() {
            match index {
                0..=15 => core.set_a(index, *value),
                _ => core.set_physical_register((base + index) & 63, *value),
            }
        }
    }

    fn registers_of(&mut self, id: usize) -> Vec<u32> {
        let core = &mut self.cores[id];
        let base = 4 * core.windowbase() as usize;
        let physical = core.physical_registers();
        let window = (0..WINDOW).map(|index| if index < 16 { core.a(index) } else { physical[(base + index) & 63] });
        let mut registers: Vec<u32> = std::iter::once(core.pc).chain(window).collect();
        registers.extend(SPECIAL.into_iter().chain([INTERRUPT]).map(|number| core.special(number).unwrap_or(0)));
        registers
    }

    /// The function at `pc`, for a processor with these registers.
    pub(super) fn trapped(&mut self, id: usize, pc: u32, registers: &[u32]) -> Result<(Trapped, Option<Stop>), String> {
        if registers.len() != REGISTERS {
            return Err(format!(
                "the client sent a Trap with {} registers: the ESP32-S3 has {REGISTERS}",
                registers.len()
            ));
        }
        let rom = self.system.rom.clone();
        if !rom.is_trap(pc) {
            return Err(format!("the client sent a Trap at 0x{pc:08X}, where no function of the ROM is"));
        }
        self.put_registers(id, registers);
        self.cores[id].pc = pc;
        self.cores[id].cycle = self.system.dev.fabric.cycle;
        self.system.select(id);
        self.system.other_cycle = u64::MAX;
        let outcome = rom.call(&mut Port::new(&mut self.cores[id], &mut self.system));
        let stop = match self.come_back(id, outcome) {
            Called::Back => None,
            Called::WithoutRadio => {
                // It waits where interrupts are still taken.
                self.cores[id].pc = rom.resting_place();
                None
            }
            Called::Stopped(report) => Some(report),
        };
        let stop = stop.map(|report| {
            let fabric = &mut self.system.dev.fabric;
            let now = fabric.now();
            fabric.pins.trace.see(Kind::Crash, now, u64::from(pc));
            self.stopped[id] = true;
            Stop::Stopped { core: id, report }
        });
        let how = if stop.is_some() { How::Stopped } else { How::GoesOn };
        let time = self.system.dev.fabric.clock.ps_at(self.cores[id].cycle);
        Ok((Trapped { how, time, registers: self.registers_of(id) }, stop))
    }
}
