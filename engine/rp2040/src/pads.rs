//! From function outputs to pins and back: the multiplexer of IO_BANK0 and the pads (datasheet 2.19.2 to 2.19.4).
//!
//! Every function (FUNCSEL column) keeps what it would drive on all 30 pins; the selected one, with its
//! overrides and the pad's own switches, reaches the pin. All of it is a bit per pin.

mod lane;

use crate::fabric::{Fabric, Irq};
use crate::io_bank0::Interrupts;
use crate::serial_in::Serial;
use engine_core::time::Ps;
pub use lane::Lane;
use serde::{Deserialize, Serialize};

/// The columns of the function table, datasheet 2.19.2 table 278.
#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Func {
    Xip = 0,
    Spi = 1,
    Uart = 2,
    I2c = 3,
    Pwm = 4,
    Sio = 5,
    Pio0 = 6,
    Pio1 = 7,
    Clock = 8,
    Usb = 9,
}

/// Number of function columns.
pub const FUNCS: usize = 10;

/// GPIO0 to GPIO29.
pub const BANK0: u32 = 0x3FFF_FFFF;

/// What an override field does to a signal (2.19.6.1: OUTOVER, OEOVER, INOVER).
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Override {
    /// Pins whose signal is inverted.
    pub invert: u32,
    /// Pins whose signal is forced, to the value in `high`.
    pub force: u32,
    /// The forced value.
    pub high: u32,
}

impl Override {
    /// The signal behind it.
    #[inline(always)]
    pub fn apply(&self, signal: u32) -> u32 {
        ((signal ^ self.invert) & !self.force) | (self.high & self.force)
    }

    /// The pins on which it does anything.
    fn pins(&self) -> u32 {
        self.invert | self.force
    }
}

/// An override field takes effect on a pin: 0 normal, 1 inverted, 2 low (or disabled), 3 high (or enabled).
pub fn set_override(all: &mut Override, bit: u32, value: u32) {
    let put = |mask: u32, on: bool| if on { mask | bit } else { mask & !bit };
    all.invert = put(all.invert, value == 1);
    all.force = put(all.force, value >= 2);
    all.high = put(all.high, value == 3);
}

/// B pins that PWM slices count: their edges wait here until the slices are brought up to now.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct CountedPins {
    listened: u32,
    edges: Vec<(u64, u32)>,
}

impl CountedPins {
    /// From now on the edges of these pins are kept.
    pub fn listen(&mut self, pins: u32) {
        self.listened = pins;
    }

    /// The edges: the cycle and all inputs.
    pub fn take(&mut self) -> Vec<(u64, u32)> {
        std::mem::take(&mut self.edges)
    }
}

/// The state of multiplexer and pads.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Io {
    out: [u32; FUNCS],
    enable: [u32; FUNCS],
    selected: [u32; FUNCS],
    mux_out: u32,
    mux_enable: u32,
    /// OUTOVER.
    pub out_override: Override,
    /// OEOVER.
    pub enable_override: Override,
    /// INOVER.
    pub in_override: Override,
    /// IRQOVER.
    pub irq_override: Override,
    /// Pads with OD set: the output driver is off, whatever the function says.
    pub output_disable: u32,
    /// Pads with IE set.
    pub input_enable: u32,
    /// Pads with PUE set.
    pub pull_up: u32,
    /// Pads with PDE set.
    pub pull_down: u32,
    /// Pins on which an override or output disable is in use: few, if any.
    special: u32,
    /// The inputs as the functions see them.
    input: u32,
    /// The inputs as the interrupt logic sees them: from the pad, behind IRQOVER.
    irq_input: u32,
    /// Interrupt state.
    pub interrupts: Interrupts,
    /// Inputs that serial controllers follow.
    pub serial: Serial,
    /// Inputs that PWM slices count.
    pub pwm: CountedPins,
    /// Pins that programs of PIO0 and PIO1 look at.
    pub pio_inputs: [u32; 2],
}

impl Default for Io {
    fn default() -> Self {
        Self {
            out: [0; FUNCS],
            enable: [0; FUNCS],
            selected: [0; FUNCS],
            mux_out: 0,
            mux_enable: 0,
            out_override: Override::default(),
            enable_override: Override::default(),
            in_override: Override::default(),
            irq_override: Override::default(),
            output_disable: 0,
            input_enable: BANK0,
            pull_up: 0,
            pull_down: BANK0,
            special: 0,
            input: 0,
            irq_input: 0,
            interrupts: Interrupts::default(),
            serial: Serial::default(),
            pwm: CountedPins::default(),
            pio_inputs: [0; 2],
        }
    }
}

impl Io {
    /// The inputs as the functions see them: behind input enable and INOVER.
    #[inline(always)]
    pub fn input(&self) -> u32 {
        self.input
    }

    /// The pins on which a function is selected.
    pub fn selected(&self, func: Func) -> u32 {
        self.selected[func as usize]
    }

    /// Do the levels of these pins in the course of a frame matter to somebody in the chip: to an interrupt, a PIO program, a
    /// counter, a serial controller? Or does an override stand between them and their function?
    pub fn are_seen(&self, pins: u32) -> bool {
        pins & (self.interrupts.watched | self.pio_inputs[0] | self.pio_inputs[1] | self.special) != 0
    }

    /// These pins went to and fro, though nobody looked: their edges are latched all the same.
    pub fn latch_pulses(&mut self, pins: u32) {
        self.interrupts.rose |= pins & self.input_enable;
        self.interrupts.fell |= pins & self.input_enable;
    }

    /// The outputs that the multiplexer passes on, before the overrides.
    pub fn mux_output(&self) -> u32 {
        self.mux_out
    }

    /// The output enables that the multiplexer passes on, before the overrides.
    pub fn mux_enable(&self) -> u32 {
        self.mux_enable
    }

    fn remix(&mut self) {
        let mix = |values: &[u32; FUNCS], selected: &[u32; FUNCS]| {
            values.iter().zip(selected).fold(0, |all, (value, mask)| all | (value & mask))
        };
        self.mux_out = mix(&self.out, &self.selected);
        self.mux_enable = mix(&self.enable, &self.selected);
        let overrides = [&self.out_override, &self.enable_override, &self.in_override, &self.irq_override];
        self.special = overrides.iter().fold(self.output_disable, |pins, over| pins | over.pins());
    }

    /// What reaches the pads: outputs and output enables behind overrides and output disable.
    pub fn to_pads(&self) -> (u32, u32) {
        let enable = self.enable_override.apply(self.mux_enable) & !self.output_disable;
        (self.out_override.apply(self.mux_out), enable)
    }

    /// The inputs as the interrupt logic sees them: behind input enable and IRQOVER.
    #[inline(always)]
    pub fn irq_input(&self) -> u32 {
        self.irq_input
    }

    /// The levels of pins without overrides changed: so do the inputs, where enabled.
    #[inline]
    fn flip_inputs(&mut self, changed: u32) -> u32 {
        let seen = changed & self.input_enable;
        self.input ^= seen;
        self.irq_input ^= seen;
        self.interrupts.rose |= seen & self.irq_input;
        self.interrupts.fell |= seen & !self.irq_input;
        seen
    }

    #[inline]
    fn observe(&mut self, level: u32) -> u32 {
        let before = self.irq_input;
        let level = level & self.input_enable;
        let input_before = self.input;
        (self.input, self.irq_input) = if self.special == 0 {
            (level, level)
        } else {
            (self.in_override.apply(level), self.irq_override.apply(level))
        };
        let changed = before ^ self.irq_input;
        self.interrupts.rose |= changed & self.irq_input;
        self.interrupts.fell |= changed & before;
        changed | (input_before ^ self.input)
    }
}

impl Fabric {
    /// A function drives its outputs from `at` on; all pins at once, a bit each. True: an interrupt line of the bank changed.
    #[inline]
    pub fn drive(&mut self, func: Func, out: u32, enable: u32, at: Ps) -> bool {
        let io = &mut self.io;
        io.out[func as usize] = out;
        io.enable[func as usize] = enable;
        let mask = io.selected[func as usize];
        let mux_out = (io.mux_out & !mask) | (out & mask);
        let mux_enable = (io.mux_enable & !mask) | (enable & mask);
        let (changed, turned) = (mux_out ^ io.mux_out, mux_enable ^ io.mux_enable);
        if changed | turned == 0 {
            return false;
        }
        io.mux_out = mux_out;
        io.mux_enable = mux_enable;
        // The usual case by far: outputs that nothing stands in the way of change their level.
        let entangled = self.pins.entangled() as u32;
        if turned == 0 && changed & (!mux_enable | entangled | io.special) == 0 {
            if self.pins.toggle(u64::from(changed), at) && !self.tree.stopped {
                let seen = self.io.flip_inputs(changed);
                return seen & self.io.interrupts.watched != 0 && self.inputs_interrupt(seen);
            }
            let posted = self.posted_attention();
            return self.inputs_changed() | posted;
        }
        self.settle_pins(at)
    }

    /// Does anybody look at the levels of these pins all the time? Blocks whose outputs follow from the time alone make
    /// edges only then.
    pub fn is_seen(&self, pins: u32) -> bool {
        let [pio0, pio1] = self.io.pio_inputs;
        (self.io.interrupts.watched | pio0 | pio1) & pins != 0 || self.pins.is_looked_at(u64::from(pins))
    }

    /// A part has done something while it was told of an edge: the run loop looks at its horizon again.
    #[inline]
    pub(crate) fn posted_attention(&mut self) -> bool {
        let posted = self.pins.was_posted();
        if posted {
            self.attention();
        }
        posted
    }

    /// As [`Fabric::drive`], for some pins of a column that several blocks share (SPI0 and SPI1, say).
    pub fn drive_some(&mut self, func: Func, pins: u32, out: u32, enable: u32, at: Ps) {
        let (old_out, old_enable) = (self.io.out[func as usize], self.io.enable[func as usize]);
        self.drive(func, (old_out & !pins) | (out & pins), (old_enable & !pins) | (enable & pins), at);
    }

    /// FUNCSEL of a pin: a column, or none (NULL and the reserved values).
    pub fn select_function(&mut self, pin: u8, func: Option<usize>, at: Ps) {
        let bit = 1u32 << pin;
        for (column, selected) in self.io.selected.iter_mut().enumerate() {
            *selected = if func == Some(column) { *selected | bit } else { *selected & !bit };
        }
        self.route_serial();
        self.pads_changed(at);
        self.clock_pins_changed(bit);
        // Who looks at this pin, and whose edges are followed, is found out between two slices of the run loop.
        self.attention();
    }

    /// Overrides, pulls or pad switches changed.
    pub fn pads_changed(&mut self, at: Ps) {
        self.io.remix();
        let (up, down) = (u64::from(self.io.pull_up), u64::from(self.io.pull_down));
        self.pins.pull(up, down, at);
        self.settle_pins(at);
        self.inputs_changed();
    }

    #[inline]
    fn settle_pins(&mut self, at: Ps) -> bool {
        let io = &self.io;
        let (out, enable) = if io.special == 0 { (io.mux_out, io.mux_enable) } else { io.to_pads() };
        self.pins.drive(u64::from(out), u64::from(enable), at);
        let posted = self.posted_attention();
        self.inputs_changed() | posted
    }

    /// The levels of the pins may have changed, by the chip or from outside: edges are latched and interrupts follow.
    /// True: an interrupt line of the bank changed, or a serial controller saw an edge.
    #[inline]
    pub fn inputs_changed(&mut self) -> bool {
        let changed = self.io.observe(self.pins.level() as u32 & BANK0);
        if changed != 0 {
            self.sense_wake();
        }
        changed & self.io.interrupts.watched != 0 && self.inputs_interrupt(changed)
    }

    /// Inputs changed that interrupts or serial controllers watch.
    fn inputs_interrupt(&mut self, changed: u32) -> bool {
        let line_changed = self.update_bank0_irq();
        self.serial_inputs_changed(changed);
        if changed & self.io.pwm.listened != 0 {
            self.io.pwm.edges.push((self.cycle, self.io.input));
            self.attention();
        }
        line_changed || changed & (self.io.serial.listened() | self.io.pwm.listened) != 0
    }

    /// IO_IRQ_BANK0 of both processors follows from raw interrupts, enables and forces. True: one of them changed.
    pub fn update_bank0_irq(&mut self) -> bool {
        let io = &mut self.io;
        let level = [0, 1].map(|core| io.interrupts.is_up(core, io.irq_input));
        io.interrupts.watched = io.interrupts.armed_pins() | io.serial.listened() | io.pwm.listened;
        self.set_irq_of(0, Irq::IO_BANK0, level[0]) | self.set_irq_of(1, Irq::IO_BANK0, level[1])
    }
}
