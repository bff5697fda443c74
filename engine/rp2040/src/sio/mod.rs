//! SIO: single-cycle IO. RP2040 datasheet, section 2.3.1.
//!
//! It hangs on the single-cycle IO port of each processor, not on the bus fabric, so there are no atomic
//! aliases; the GPIO registers bring SET, CLR and XOR of their own. Processors see their own divider,
//! interpolators and ends of the FIFOs at the same addresses.
//!
//! # Fidelity
//! - Exact: GPIO with SET, CLR and XOR, FIFOs with sticky flags and interrupts, 32 spinlocks, divider with its eight cycles,
//!   both interpolators.
//! - A result read before the division is over is the old one, and is counted; division by zero as measured on silicon.
//! - GPIO_IN shows the pin in the cycle of the load, without the two flip-flops of the synchroniser.
//! - Two processors that store to GPIO in the same cycle act one after the other, processor 0 first (2.3.1.2).

mod divider;
mod fifo;
mod interpolator;
mod registers;
#[cfg(test)]
mod tests;

use crate::block::undeclared;
use crate::fabric::Fabric;
use crate::pads::{Func, BANK0};
use divider::Divider;
use engine_core::registers::Group;
use fifo::Fifos;
use interpolator::Interpolator;
use registers::{INTERP, INTERP_STEP, SPINLOCK0};
use serde::{Deserialize, Serialize};

/// SCLK, SS, SD0 to SD3, in the order of the GPIO_HI registers.
const QSPI: u32 = 0x3F;

/// What only one processor sees.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Local {
    divider: Divider,
    interpolators: [Interpolator; 2],
}

/// The state of the block, both processors' views.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sio {
    out: u32,
    enable: u32,
    hi_out: u32,
    hi_enable: u32,
    fifos: Fifos,
    spinlocks: u32,
    local: [Local; 2],
}

impl Default for Sio {
    fn default() -> Self {
        Self::new()
    }
}

/// What a store at the base, SET, CLR or XOR address of a GPIO register makes of it.
#[inline(always)]
fn changed(offset: u32, old: u32, bits: u32) -> u32 {
    match offset & 0xC {
        0x0 => bits,
        0x4 => old | bits,
        0x8 => old & !bits,
        _ => old ^ bits,
    }
}

impl Sio {
    /// The declared registers.
    pub const GROUPS: &'static [Group] = registers::GROUPS;

    /// The block after reset.
    pub fn new() -> Self {
        let local =
            || Local { divider: Divider::default(), interpolators: [Interpolator::new(0), Interpolator::new(1)] };
        Self {
            out: 0,
            enable: 0,
            hi_out: 0,
            hi_enable: 0,
            fifos: Fifos::default(),
            spinlocks: 0,
            local: [local(), local()],
        }
    }

    /// Back to the state after reset.
    pub fn reset(&mut self, fabric: &mut Fabric) {
        *self = Self::new();
        fabric.drive(Func::Sio, 0, 0, fabric.now());
        fabric.drive_qspi(0, 0);
    }

    /// A load by a processor.
    #[inline]
    pub fn read(&mut self, core: usize, offset: u32, fabric: &mut Fabric) -> u32 {
        match offset {
            0x04 => fabric.io.input(),
            0x58 => self.fifos.pop(core),
            0x60..=0x78 => self.local[core].divider.read(offset - 0x60, fabric),
            0x80..=0xFC => self.interpolator(core, offset).read(offset & 0x3C),
            0x100..=0x17C => self.claim(offset),
            _ => self.peek(core, offset, fabric).unwrap_or_else(|| undeclared("SIO", offset, fabric)),
        }
    }

    /// The value of a register as a processor sees it, without side effects. `None`: there is none.
    pub fn peek(&self, core: usize, offset: u32, fabric: &Fabric) -> Option<u32> {
        Some(match offset {
            0x00 => core as u32,
            0x04 => fabric.io.input(),
            0x08 => fabric.qspi.input(),
            0x10 => self.out,
            0x20 => self.enable,
            0x30 => self.hi_out,
            0x40 => self.hi_enable,
            // Strobes read 0.
            0x14..=0x4C => 0,
            0x50 => self.fifos.status(core),
            0x54 => 0,
            0x58 => self.fifos.front(core),
            0x5C => self.spinlocks,
            0x60..=0x78 => self.local[core].divider.peek(offset - 0x60),
            0x80..=0xBC => self.local[core].interpolators[0].peek(offset & 0x3C),
            0xC0..=0xFC => self.local[core].interpolators[1].peek(offset & 0x3C),
            0x100..=0x17C => self.spinlocks & lock(offset),
            _ => return None,
        })
    }

    /// A store by a processor.
    #[inline]
    pub fn write(&mut self, core: usize, offset: u32, value: u32, fabric: &mut Fabric) {
        match offset {
            0x10..=0x1C => {
                self.out = changed(offset, self.out, value) & BANK0;
                fabric.drive(Func::Sio, self.out, self.enable, fabric.now());
            }
            0x20..=0x2C => {
                self.enable = changed(offset, self.enable, value) & BANK0;
                fabric.drive(Func::Sio, self.out, self.enable, fabric.now());
            }
            0x30..=0x3C => {
                self.hi_out = changed(offset, self.hi_out, value) & QSPI;
                fabric.drive_qspi(self.hi_out, self.hi_enable);
            }
            0x40..=0x4C => {
                self.hi_enable = changed(offset, self.hi_enable, value) & QSPI;
                fabric.drive_qspi(self.hi_out, self.hi_enable);
            }
            0x50 => self.fifos.clear(core, value),
            0x54 => {
                if self.fifos.push(core, value) {
                    fabric.events_sent |= 1 << (1 - core);
                    fabric.attention();
                }
            }
            0x60..=0x74 => self.local[core].divider.write(offset - 0x60, value, fabric),
            0x80..=0xFC => self.interpolator(core, offset).write(offset & 0x3C, value),
            // Any value frees the lock, whoever holds it.
            0x100..=0x17C => self.spinlocks &= !lock(offset),
            // CPUID, GPIO_IN, GPIO_HI_IN, FIFO_RD, SPINLOCK_ST and DIV_CSR are only there to be read.
            0x00 | 0x04 | 0x08 | 0x58 | 0x5C | 0x78 => {}
            _ => {
                undeclared("SIO", offset, fabric);
            }
        }
    }

    /// The level of a processor's FIFO interrupt (2.3.1.4).
    pub fn fifo_irq(&self, core: usize) -> bool {
        self.fifos.irq(core)
    }

    /// Does an access at this offset touch the FIFOs, and so perhaps their interrupts?
    #[inline(always)]
    pub fn is_fifo(offset: u32) -> bool {
        offset >> 4 == 5
    }

    /// Does a load at this offset do so? FIFO_RD; the others only tell.
    #[inline(always)]
    pub fn takes_word(offset: u32) -> bool {
        offset & 0xFFC == 0x58
    }

    fn interpolator(&mut self, core: usize, offset: u32) -> &mut Interpolator {
        &mut self.local[core].interpolators[((offset - INTERP) / INTERP_STEP) as usize]
    }

    /// Reading a spinlock claims it: its own bit, or 0 where it was taken (2.3.1.3).
    fn claim(&mut self, offset: u32) -> u32 {
        let free = !self.spinlocks & lock(offset);
        self.spinlocks |= free;
        free
    }
}

fn lock(offset: u32) -> u32 {
    1 << ((offset - SPINLOCK0) >> 2)
}
