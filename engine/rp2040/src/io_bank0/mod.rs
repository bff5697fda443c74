//! IO_BANK0: function selection, overrides and interrupts of GPIO0 to GPIO29. RP2040 datasheet, section 2.19.6.1.
//!
//! # Fidelity
//! - Exact: every register field; the function table (each block knows its own pins, 2.19.2), reserved values of FUNCSEL
//!   select nothing; the four overrides; levels and latched edges for both processors and dormant wake.
//! - IRQOVER stands between the pad and the detection of levels and edges, so that IRQFROMPAD is the pad behind its input
//!   enable and IRQTOPROC the same behind IRQOVER: the datasheet names the signals, but does not draw the place.
//! - Inputs reach functions and interrupts in the cycle in which the pin changes: the two flip-flops of the synchroniser
//!   (2.3.1.2) are PIO's alone.
//! - Function 0 (JTAG test port, GPIO0 to GPIO3) drives nothing.

mod interrupts;
mod registers;

pub use interrupts::Interrupts;

use crate::block::{undeclared, Block};
use crate::fabric::Fabric;
use crate::pads::{set_override, FUNCS};
use engine_core::registers::{Bank, Group, Write};
use registers::{pin, Place, GROUPS, PINS};
use serde::{Deserialize, Serialize};

/// The state of the block. What acts on the pins is in [`crate::pads::Io`], beside the multiplexer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct IoBank0 {
    pins: Vec<Bank<pin::Reg>>,
}

impl IoBank0 {
    /// The block after reset.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self { pins: vec![Bank::new(); PINS] }
    }

    /// 2.19.6.1, GPIOn_STATUS.
    fn status(&self, pin: usize, fabric: &Fabric) -> u32 {
        use pin::STATUS;
        let io = &fabric.io;
        let bit = |mask: u32| mask >> pin & 1;
        let level = fabric.pins.level() as u32 & io.input_enable;
        // PADS_BANK0's OD comes behind these signals, in the pad itself.
        [
            (STATUS::OUTFROMPERI, bit(io.mux_output())),
            (STATUS::OUTTOPAD, bit(io.out_override.apply(io.mux_output()))),
            (STATUS::OEFROMPERI, bit(io.mux_enable())),
            (STATUS::OETOPAD, bit(io.enable_override.apply(io.mux_enable()))),
            (STATUS::INFROMPAD, bit(level)),
            (STATUS::INTOPERI, bit(io.input())),
            (STATUS::IRQFROMPAD, bit(level)),
            (STATUS::IRQTOPROC, bit(io.irq_input())),
        ]
        .iter()
        .fold(0, |status, (field, value)| field.put(status, *value))
    }

    /// FUNCSEL and the overrides of a pin take effect.
    fn apply(&self, pin: usize, fabric: &mut Fabric) {
        use pin::{Reg, CTRL};
        let ctrl = self.pins[pin].get(Reg::CTRL);
        let bit = 1u32 << pin;
        let io = &mut fabric.io;
        set_override(&mut io.out_override, bit, CTRL::OUTOVER.get(ctrl));
        set_override(&mut io.enable_override, bit, CTRL::OEOVER.get(ctrl));
        set_override(&mut io.in_override, bit, CTRL::INOVER.get(ctrl));
        set_override(&mut io.irq_override, bit, CTRL::IRQOVER.get(ctrl));
        let column = CTRL::FUNCSEL.get(ctrl) as usize;
        let now = fabric.now();
        fabric.select_function(pin as u8, (column < FUNCS).then_some(column), now);
    }
}

impl Block for IoBank0 {
    const GROUPS: &'static [Group] = GROUPS;

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        self.peek(offset, fabric)
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        let (interrupts, level) = (&fabric.io.interrupts, fabric.io.irq_input());
        match Place::at(offset) {
            Some(Place::Status(pin)) => self.status(pin, fabric),
            Some(Place::Ctrl(pin)) => self.pins[pin].load(pin::Reg::CTRL),
            Some(Place::Raw(word)) => interrupts.raw(word, level),
            Some(Place::Enable(target, word)) => interrupts.enabled(target, word),
            Some(Place::Force(target, word)) => interrupts.forced(target, word),
            Some(Place::State(target, word)) => interrupts.state(target, word, level),
            None => undeclared("IO_BANK0", offset, fabric),
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        let interrupts = &mut fabric.io.interrupts;
        match Place::at(offset) {
            Some(Place::Ctrl(pin)) => {
                self.pins[pin].store(pin::Reg::CTRL, write, "IO_BANK0", &mut fabric.gaps);
                self.apply(pin, fabric);
            }
            Some(Place::Raw(word)) => interrupts.clear(word, write.raw),
            Some(Place::Enable(target, word)) => interrupts.set_enabled(target, word, write.value),
            Some(Place::Force(target, word)) => interrupts.set_forced(target, word, write.value),
            Some(Place::Status(_) | Place::State(..)) => {}
            None => drop(undeclared("IO_BANK0", offset, fabric)),
        }
        fabric.update_bank0_irq();
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        *self = Self::new();
        fabric.io.interrupts.disable();
        for pin in 0..PINS {
            self.apply(pin, fabric);
        }
        // Outputs that let go of their pins made edges of their own.
        fabric.io.interrupts.forget_edges();
        fabric.update_bank0_irq();
    }
}

#[cfg(test)]
mod tests;
