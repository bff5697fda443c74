//! IO_BANK0: function selection, overrides and interrupts of GPIO0 to GPIO29. RP2040 datasheet, section 2.19.6.1.

use crate::block::{undeclared, Block};
use crate::fabric::Fabric;
use crate::pads::{set_override, FUNCS};
use engine_core::registers::{Bank, Group, Registers, Write};
use serde::{Deserialize, Serialize};

/// The pair of registers that each pin has.
pub mod pin {
    engine_core::registers! {
        /// 2.19.6.1, GPIOn_STATUS and GPIOn_CTRL.
        pub Reg;
        STATUS 0x0 = 0x0000_0000 {
            IRQTOPROC 26 ro; IRQFROMPAD 24 ro; INTOPERI 19 ro; INFROMPAD 17 ro;
            OETOPAD 13 ro; OEFROMPERI 12 ro; OUTTOPAD 9 ro; OUTFROMPERI 8 ro;
        }
        CTRL 0x4 = 0x0000_001F { IRQOVER 29:28 rw; INOVER 17:16 rw; OEOVER 13:12 rw; OUTOVER 9:8 rw; FUNCSEL 4:0 rw; }
    }
}

const PINS: usize = 30;
const INTR: u32 = 0x0F0;
const PROC0_INTE: u32 = 0x100;
const WORDS_PER_TARGET: u32 = 0x30;
const END: u32 = 0x190;
/// The bits of a pin that are latched edges, repeated over the eight pins of a word.
const EDGES: u32 = 0xCCCC_CCCC;

/// The state of the block. What acts on the pins is in [`crate::pads::Io`], beside the multiplexer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct IoBank0 {
    pins: Vec<Bank<pin::Reg>>,
}

/// What a register offset stands for.
enum Place {
    Status(usize),
    Ctrl(usize),
    Raw(usize),
    Enable(usize, usize),
    Force(usize, usize),
    State(usize, usize),
}

fn place(offset: u32) -> Option<Place> {
    let word = (offset as usize / 4) % 4;
    match offset {
        0..=0xEF if offset & 4 == 0 => Some(Place::Status(offset as usize / 8)),
        0..=0xEF => Some(Place::Ctrl(offset as usize / 8)),
        INTR..=0xFF => Some(Place::Raw(word)),
        PROC0_INTE..END => {
            let target = ((offset - PROC0_INTE) / WORDS_PER_TARGET) as usize;
            match (offset - PROC0_INTE) % WORDS_PER_TARGET / 0x10 {
                0 => Some(Place::Enable(target, word)),
                1 => Some(Place::Force(target, word)),
                _ => Some(Place::State(target, word)),
            }
        }
        _ => None,
    }
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
        let nibble = io.raw_interrupts(pin / 8) >> (4 * (pin % 8)) & 0xF;
        let targets = &io.interrupts;
        let to_processors = (0..2).any(|core| {
            let shift = 4 * (pin % 8);
            let (enable, force) = (targets.enable[core][pin / 8] >> shift, targets.force[core][pin / 8] >> shift);
            (nibble & enable | force) & 0xF != 0
        });
        let (out, enable) = io.to_pads();
        [
            (STATUS::OUTFROMPERI, bit(io.mux_output())),
            (STATUS::OUTTOPAD, bit(out)),
            (STATUS::OEFROMPERI, bit(io.mux_enable())),
            (STATUS::OETOPAD, bit(enable)),
            (STATUS::INFROMPAD, bit(level)),
            (STATUS::INTOPERI, bit(io.input())),
            (STATUS::IRQFROMPAD, bit(level)),
            (STATUS::IRQTOPROC, u32::from(to_processors)),
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
        fabric.update_bank0_irq();
    }
}

impl Block for IoBank0 {
    const GROUPS: &'static [Group] =
        &[Group { block: "IO_BANK0", prefix: "GPIO{}_", base: 0, count: PINS as u32, step: 8, table: pin::Reg::TABLE }];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        self.peek(offset, fabric)
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        let interrupts = &fabric.io.interrupts;
        match place(offset) {
            Some(Place::Status(pin)) => self.status(pin, fabric),
            Some(Place::Ctrl(pin)) => self.pins[pin].load(pin::Reg::CTRL),
            Some(Place::Raw(word)) => fabric.io.raw_interrupts(word),
            Some(Place::Enable(target, word)) => interrupts.enable[target][word],
            Some(Place::Force(target, word)) => interrupts.force[target][word],
            Some(Place::State(target, word)) => {
                fabric.io.raw_interrupts(word) & interrupts.enable[target][word] | interrupts.force[target][word]
            }
            None => undeclared("IO_BANK0", offset, fabric),
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        // The last word holds six pins.
        let pins_of = |word: usize| if word == 3 { 0x00FF_FFFF } else { u32::MAX };
        match place(offset) {
            Some(Place::Ctrl(pin)) => {
                self.pins[pin].store(pin::Reg::CTRL, write, "IO_BANK0", &mut fabric.gaps);
                self.apply(pin, fabric);
            }
            Some(Place::Raw(word)) => {
                fabric.io.clear_edges(word, write.raw & EDGES);
                fabric.update_bank0_irq();
            }
            Some(Place::Enable(target, word)) => {
                fabric.io.interrupts.enable[target][word] = write.value & pins_of(word);
                fabric.update_bank0_irq();
            }
            Some(Place::Force(target, word)) => {
                fabric.io.interrupts.force[target][word] = write.value & pins_of(word);
                fabric.update_bank0_irq();
            }
            Some(Place::Status(_) | Place::State(..)) => {}
            None => {
                undeclared("IO_BANK0", offset, fabric);
            }
        }
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        *self = Self::new();
        fabric.io.interrupts.enable = Default::default();
        fabric.io.interrupts.force = Default::default();
        for word in 0..4 {
            fabric.io.clear_edges(word, EDGES);
        }
        for pin in 0..PINS {
            self.apply(pin, fabric);
        }
    }
}
