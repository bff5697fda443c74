//! Interrupts and timers. ISA RM 4.4.4 to 4.4.6; levels and types: core-isa.h.

use serde::{Deserialize, Serialize};

use crate::core::{Core, PS_EXCM, PS_INTLEVEL};
use crate::exception::Cause;
use crate::Code;

const LEVEL_MASKS: [u32; 8] = [0, 0x0006_37FF, 0x0038_0000, 0x28C0_8800, 0x5300_0000, 0x8401_0000, 0, 0x0000_4000];
const EXCM_LEVEL: u32 = 3;
const NMI_LEVEL: u32 = 7;
const SOFTWARE: u32 = 0x2000_0080;
const EDGE: u32 = 0x5040_0400;
const LEVEL: u32 = 0x8FBE_333F;
const NMI: u32 = 0x0000_4000;
const TIMERS: [u32; 3] = [6, 15, 16];
const TIMER_MASK: u32 = 0x0001_8040;
/// Vectors of levels 2 to 5 and 7 by level.
const VECTORS: [u32; 8] = [0, 0, 0x180, 0x1C0, 0x200, 0x240, 0x280, 0x2C0];

/// INTERRUPT, INTENABLE, and the timers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Interrupts {
    lines: u32,
    /// What has been latched: edges, software, timers, NMI.
    latched: u32,
    enable: u32,
    ccompare: [u32; 3],
    /// Cycle of the next match of each timer.
    due: [u64; 3],
    /// CCOUNT minus `cycle`.
    ccount_offset: u32,
    /// The earliest of `due`.
    next: u64,
}

impl Interrupts {
    pub fn lines(&self) -> u32 {
        self.lines
    }

    /// CCOUNT begins at 0.
    pub fn after_reset(lines: u32, cycle: u64) -> Self {
        let mut new = Interrupts {
            lines,
            latched: 0,
            enable: 0,
            ccompare: [0; 3],
            due: [0; 3],
            ccount_offset: (cycle as u32).wrapping_neg(),
            next: 0,
        };
        new.schedule(cycle);
        new
    }

    pub fn ccount(&self, cycle: u64) -> u32 {
        (cycle as u32).wrapping_add(self.ccount_offset)
    }

    fn schedule(&mut self, cycle: u64) {
        let ccount = self.ccount(cycle);
        for (due, ccompare) in self.due.iter_mut().zip(self.ccompare) {
            *due = cycle + u64::from(ccompare.wrapping_sub(ccount).wrapping_sub(1)) + 1;
        }
        self.next = self.due.into_iter().min().unwrap_or(u64::MAX);
    }

    fn pending(&self) -> u32 {
        self.latched | self.lines & LEVEL
    }
}

impl Core {
    /// Levels of the 32 interrupt inputs. Numbers that are not external inputs are ignored.
    pub fn set_interrupt_lines(&mut self, lines: u32) {
        let rising = lines & !self.interrupts.lines;
        self.interrupts.lines = lines;
        self.interrupts.latched |= rising & (EDGE | NMI);
    }

    /// INTERRUPT is this: for a core that goes on with the registers of another one.
    pub fn set_pending(&mut self, pending: u32) {
        self.interrupts.lines = pending & LEVEL;
        self.interrupts.latched = pending & !LEVEL;
    }

    /// The cycle at which a CCOMPARE next raises an interrupt that is enabled. The chip's deadline
    /// must not lie beyond it; `run` returns [`crate::Exit::Deadline`] when firmware changes it.
    pub fn next_timer_event(&self) -> Option<u64> {
        let enabled = |timer: &usize| self.interrupts.enable >> TIMERS[*timer] & 1 != 0;
        (0..3).filter(enabled).map(|timer| self.interrupts.due[timer]).min()
    }

    /// Whether a sleeping core would wake now.
    pub fn pending_wakeup(&self) -> bool {
        self.interrupt_is_due()
    }

    pub(crate) fn advance_timers(&mut self) {
        if self.cycle < self.interrupts.next {
            return;
        }
        for (due, timer) in self.interrupts.due.iter_mut().zip(TIMERS) {
            // Each match is 2^32 cycles behind the one before.
            while *due <= self.cycle {
                *due += 1 << 32;
                self.interrupts.latched |= 1 << timer;
            }
        }
        self.interrupts.next = self.interrupts.due.into_iter().min().unwrap_or(u64::MAX);
    }

    /// CINTLEVEL: levels up to this one wait.
    #[inline(always)]
    pub(crate) fn current_level(&self) -> u32 {
        let level = self.ps & PS_INTLEVEL;
        if self.ps & PS_EXCM != 0 {
            level.max(EXCM_LEVEL)
        } else {
            level
        }
    }

    /// The level of the interrupt to be taken now; 0: none. The NMI cannot be masked.
    #[inline(always)]
    fn due_level(&self) -> u32 {
        let pending = self.interrupts.pending() & (self.interrupts.enable | NMI);
        if pending == 0 {
            return 0;
        }
        self.level_of(pending)
    }

    #[cold]
    fn level_of(&self, pending: u32) -> u32 {
        let level = (1..=7).rev().find(|&level| pending & LEVEL_MASKS[level as usize] != 0).unwrap_or(0);
        match level > self.current_level() || level == NMI_LEVEL {
            true => level,
            false => 0,
        }
    }

    #[inline(always)]
    pub(crate) fn interrupt_is_due(&self) -> bool {
        self.due_level() != 0
    }

    /// Enters the handler of the interrupt that is due, if any.
    pub(crate) fn take_interrupt(&mut self, code: &Code) {
        let level = self.due_level();
        if level == 0 {
            return;
        }
        self.cycle += u64::from(code.costs().exception);
        if level == 1 {
            // EXCM keeps level 1 away, so this cannot be a double exception.
            self.raise(Cause::Level1Interrupt, 0);
            return;
        }
        self.epc[level as usize] = self.pc;
        self.eps[level as usize] = self.ps;
        self.ps = self.ps & !PS_INTLEVEL | level | PS_EXCM;
        self.pc = self.vecbase.wrapping_add(VECTORS[level as usize]);
        if level == NMI_LEVEL {
            self.interrupts.latched &= !NMI;
        }
    }

    pub(crate) fn read_interrupt(&mut self) -> u32 {
        self.advance_timers();
        self.interrupts.pending()
    }

    pub(crate) fn intset(&mut self, value: u32) {
        self.interrupts.latched |= value & SOFTWARE;
    }

    pub(crate) fn intclear(&mut self, value: u32) {
        self.interrupts.latched &= !(value & (SOFTWARE | EDGE));
    }

    pub(crate) fn intenable(&self) -> u32 {
        self.interrupts.enable
    }

    pub(crate) fn set_intenable(&mut self, value: u32) {
        self.look_again |= (self.interrupts.enable ^ value) & TIMER_MASK != 0;
        self.interrupts.enable = value;
    }

    /// Special register CCOUNT now.
    pub fn ccount(&self) -> u32 {
        self.interrupts.ccount(self.cycle)
    }

    /// Writes CCOUNT. Cycle counts on.
    pub fn set_ccount(&mut self, value: u32) {
        self.advance_timers();
        self.interrupts.ccount_offset = value.wrapping_sub(self.cycle as u32);
        self.interrupts.schedule(self.cycle);
        self.look_again = true;
    }

    pub(crate) fn ccompare(&self, timer: usize) -> u32 {
        self.interrupts.ccompare[timer]
    }

    /// Writing CCOMPARE clears the interrupt of that timer.
    pub(crate) fn set_ccompare(&mut self, timer: usize, value: u32) {
        self.advance_timers();
        self.interrupts.ccompare[timer] = value;
        self.interrupts.latched &= !(1 << TIMERS[timer]);
        self.interrupts.schedule(self.cycle);
        self.look_again = true;
    }
}
