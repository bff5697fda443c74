//! Routing between blocks and pins: GPIO matrix, IO MUX, and what each pin's pad is set to. ESP32-S3 TRM chapter 6.
//!
//! This file holds the wires; the registers that set them are GPIO, IO_MUX and RTC_IO. A block drives an output
//! signal; the pins that selected it follow. An input signal shows the level of the pin selected for it.

mod pad;

use crate::signals::{Signal, CONSTANT_HIGH, CONSTANT_LOW, GPIO_OUT};
use engine_core::time::Ps;
pub use pad::{AsleepPad, Pad, RtcPad};
use serde::{Deserialize, Serialize};

/// GPIO0 to GPIO48; GPIO22 to GPIO25 have no pad.
pub const PINS: usize = 49;
/// Input and output signals of the matrix.
pub const SIGNALS: usize = 256;
/// Bits of pins that exist.
pub const ALL_PINS: u64 = ((1 << PINS) - 1) & !(0xF << 22);

/// What GPIO_FUNCn_OUT_SEL_CFG selects for a pin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutSelect {
    /// The signal, or [`GPIO_OUT`].
    pub signal: Signal,
    /// The level is inverted.
    pub invert: bool,
    /// Output enable comes from GPIO_ENABLE, not from the block.
    pub enable_by_gpio: bool,
    /// The output enable is inverted.
    pub invert_enable: bool,
}

/// The pads of the USB PHY.
pub(crate) const DM: u8 = 19;
pub(crate) const DP: u8 = 20;
const USB_PADS: u64 = 1 << DP | 1 << DM;

/// What GPIO_FUNCn_IN_SEL_CFG selects for an input signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InSelect {
    /// The pin, or a constant.
    pub pin: u8,
    /// The level is inverted.
    pub invert: bool,
    /// Through the matrix; else straight from the pin's IO MUX function.
    pub by_matrix: bool,
}

/// All routing, and the levels of all signals.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Io {
    out_levels: [u64; SIGNALS / 64],
    out_enables: [u64; SIGNALS / 64],
    gpio_out: u64,
    gpio_enable: u64,
    out_select: Vec<OutSelect>,
    in_select: Vec<InSelect>,
    /// The pads as they are set up.
    set_up: Vec<Pad>,
    /// The pads as they are: those that are held stay what they were.
    pads: Vec<Pad>,
    /// Pads that are held, TRM chapter 6.
    held: u64,
    /// The chip sleeps.
    asleep: bool,
    /// D+ and D- (GPIO20 and GPIO19) as software drives them by hand, past all routing; `None` for not driven.
    usb_pads: Option<Option<(bool, bool)>>,
    /// The pin whose direct function each input signal is.
    direct_sources: Vec<Option<u8>>,
    /// The output signal on each pin now.
    signal_on: Vec<Option<Signal>>,
    /// The pins of each output signal, [`GPIO_OUT`] included.
    pins_of: Vec<u64>,
    pin_out: u64,
    pin_enable: u64,
    /// Pins whose levels somebody inside the chip watches.
    watched_pins: u64,
    watched_signals: Vec<Signal>,
    seen: u64,
    changes: Vec<(Ps, u64, u64)>,
    /// Watched signals that come from elsewhere now, where the level is another.
    rerouted: Vec<(Ps, Signal, bool)>,
}

impl Default for Io {
    fn default() -> Self {
        let mut io = Self {
            out_levels: [0; SIGNALS / 64],
            out_enables: [u64::MAX; SIGNALS / 64],
            gpio_out: 0,
            gpio_enable: 0,
            out_select: vec![
                OutSelect { signal: GPIO_OUT, invert: false, enable_by_gpio: false, invert_enable: false };
                PINS
            ],
            in_select: vec![InSelect { pin: CONSTANT_LOW as u8, invert: false, by_matrix: false }; SIGNALS],
            set_up: vec![Pad::default(); PINS],
            pads: vec![Pad::default(); PINS],
            held: 0,
            asleep: false,
            usb_pads: None,
            direct_sources: vec![None; SIGNALS],
            signal_on: vec![None; PINS],
            pins_of: vec![0; SIGNALS + 1],
            pin_out: 0,
            pin_enable: 0,
            watched_pins: 0,
            watched_signals: Vec::new(),
            seen: 0,
            changes: Vec::new(),
            rerouted: Vec::new(),
        };
        for pin in 0..PINS as u8 {
            io.route(pin);
            io.find_direct_source(direct(pin, 0));
        }
        io
    }
}

impl Io {
    /// The level that a block drives onto an output signal.
    pub fn output(&self, signal: Signal) -> bool {
        self.out_levels[usize::from(signal) / 64] >> (signal % 64) & 1 != 0
    }

    /// GPIO_OUT and GPIO_ENABLE.
    pub fn gpio(&self) -> (u64, u64) {
        (self.gpio_out, self.gpio_enable)
    }

    /// The pins that an output signal is routed to.
    #[inline]
    pub fn pins_of(&self, signal: Signal) -> u64 {
        self.pins_of[usize::from(signal)]
    }

    /// The pins that show one of these output signals.
    pub(crate) fn pins_with(&self, wanted: impl Fn(Signal) -> bool) -> u64 {
        let shows = |(pin, signal): (usize, &Option<Signal>)| u64::from(signal.is_some_and(&wanted)) << pin;
        self.signal_on.iter().enumerate().map(shows).fold(0, |pins, pin| pins | pin)
    }

    /// The first pin that an output signal is routed to.
    pub fn pin_of(&self, signal: Signal) -> Option<u8> {
        let pins = self.pins_of(signal);
        (pins != 0).then(|| pins.trailing_zeros() as u8)
    }

    /// The pin that an input signal comes from, when its pad is an input; `None` for a constant.
    pub fn source_of(&self, signal: Signal) -> Option<u8> {
        let select = self.in_select[usize::from(signal)];
        let pin = if select.by_matrix { Some(select.pin) } else { self.direct_sources[usize::from(signal)] }?;
        let pad = self.pads.get(usize::from(pin))?;
        (pad.is_digital_input() && (1u64 << pin) & ALL_PINS != 0).then_some(pin)
    }

    /// Does the matrix invert the output of one of these pins?
    pub fn inverts_output(&self, pins: u64) -> bool {
        (0..PINS).any(|pin| pins >> pin & 1 != 0 && self.pads[pin].function == 1 && self.out_select[pin].invert)
    }

    /// Does the matrix invert an input signal?
    pub fn inverts_input(&self, signal: Signal) -> bool {
        let select = self.in_select[usize::from(signal)];
        select.by_matrix && select.invert
    }

    /// The level of an input signal, where `levels` are those of the pins.
    pub fn input(&self, signal: Signal, levels: u64) -> bool {
        let select = self.in_select[usize::from(signal)];
        let constant = select.by_matrix && u32::from(select.pin) == CONSTANT_HIGH;
        let level = self.source_of(signal).map_or(constant, |pin| levels >> pin & 1 != 0);
        level != (select.invert && select.by_matrix)
    }

    /// Input levels as GPIO_IN shows them: pads with their input enabled.
    pub fn gpio_in(&self, levels: u64) -> u64 {
        levels & self.mask_of(Pad::is_digital_input) & ALL_PINS
    }

    /// Input levels as RTC_GPIO_IN shows them: pads that RTC_IO has taken, with their input enabled.
    pub fn rtc_gpio_in(&self, levels: u64) -> u64 {
        levels & self.mask_of(|pad| pad.rtc && pad.by_rtc.input_enable)
    }

    /// Drive levels and enables for all pins.
    pub fn to_pads(&self) -> (u64, u64) {
        (self.pin_out, self.pin_enable)
    }

    /// Pulls for all pins: up and down.
    pub fn pulls(&self) -> (u64, u64) {
        (self.mask_of(|pad| pad.pulls().0), self.mask_of(|pad| pad.pulls().1))
    }

    /// The pad of a pin as it is set up.
    pub fn pad(&self, pin: u8) -> Pad {
        self.set_up[usize::from(pin)]
    }

    /// Is the input of one of these pads enabled?
    pub(crate) fn has_input_among(&self, pins: u64) -> bool {
        let mut rest = pins;
        while rest != 0 {
            if self.set_up[rest.trailing_zeros() as usize].input_enable {
                return true;
            }
            rest &= rest - 1;
        }
        false
    }

    pub(crate) fn set_pad(&mut self, pin: u8, pad: Pad) {
        self.set_up[usize::from(pin)] = pad;
        if self.held >> pin & 1 == 0 {
            let before = direct(pin, self.pads[usize::from(pin)].function);
            self.pads[usize::from(pin)] = if self.asleep { pad.in_sleep() } else { pad };
            self.route(pin);
            self.find_direct_source(before);
            self.find_direct_source(direct(pin, pad.function));
            self.rewatch();
        }
    }

    /// These pads are held, and no others.
    pub(crate) fn hold(&mut self, pins: u64) {
        let released = self.held & !pins;
        self.held = pins;
        for pin in (0..PINS as u8).filter(|pin| released >> pin & 1 != 0) {
            self.set_pad(pin, self.pad(pin));
        }
    }

    /// The chip goes to sleep, or wakes: pads with settings for sleep take them, or go back.
    pub(crate) fn sleep(&mut self, asleep: bool) {
        self.asleep = asleep;
        for pin in 0..PINS as u8 {
            let pad = self.pad(pin);
            if pad.asleep.is_some() || pad.by_rtc.asleep.is_some() {
                self.set_pad(pin, pad);
            }
        }
    }

    /// Software drives the pads of the USB PHY by hand, or stops doing so.
    pub(crate) fn drive_usb_pads(&mut self, levels: Option<Option<(bool, bool)>>) {
        self.usb_pads = levels;
        self.settle(USB_PADS);
    }

    pub(crate) fn select_output(&mut self, pin: u8, select: OutSelect) {
        self.out_select[usize::from(pin)] = select;
        self.route(pin);
    }

    pub(crate) fn select_input(&mut self, signal: Signal, select: InSelect) {
        self.in_select[usize::from(signal)] = select;
        self.rewatch();
    }

    /// True: a pin may have changed.
    pub(crate) fn set_output(&mut self, signal: Signal, level: bool) -> bool {
        set_bit(&mut self.out_levels, signal, level) && self.settle(self.pins_of(signal))
    }

    pub(crate) fn set_enable(&mut self, signal: Signal, on: bool) -> bool {
        set_bit(&mut self.out_enables, signal, on) && self.settle(self.pins_of(signal))
    }

    pub(crate) fn set_gpio(&mut self, out: u64, enable: u64) -> bool {
        let changed = (out ^ self.gpio_out) | (enable ^ self.gpio_enable);
        (self.gpio_out, self.gpio_enable) = (out, enable);
        changed != 0 && self.settle(changed)
    }

    /// The signal on a pin follows from MCU_SEL and the matrix.
    fn route(&mut self, pin: u8) {
        let index = usize::from(pin);
        if let Some(old) = self.signal_on[index].take() {
            self.pins_of[usize::from(old)] &= !(1 << pin);
        }
        let signal = match self.pads[index].function {
            1 => Some(self.out_select[index].signal),
            function => direct(pin, function).filter(|_| !is_input_alone(pin, function)),
        };
        self.signal_on[index] = signal.filter(|signal| usize::from(*signal) <= SIGNALS);
        if let Some(signal) = self.signal_on[index] {
            self.pins_of[usize::from(signal)] |= 1 << pin;
        }
        self.settle(1 << pin);
    }

    /// Output and enable of these pins follow from what is routed to them. True: something changed.
    fn settle(&mut self, pins: u64) -> bool {
        let (mut out, mut enable) = (self.pin_out, self.pin_enable);
        let mut rest = pins & ALL_PINS & !self.held;
        while rest != 0 {
            let pin = rest.trailing_zeros();
            rest &= rest - 1;
            let pad = self.pads[pin as usize];
            let (level, on, open_drain) = if pad.rtc {
                (pad.by_rtc.out, pad.by_rtc.enable, pad.by_rtc.open_drain)
            } else {
                let (level, on) = self.digital(pin as usize);
                (level, on, pad.open_drain)
            };
            let bit = 1u64 << pin;
            let on = on && !(open_drain && level);
            out = if level { out | bit } else { out & !bit };
            enable = if on { enable | bit } else { enable & !bit };
        }
        if let Some(driven) = self.usb_pads {
            let (dp, dm) = driven.unwrap_or_default();
            out = out & !USB_PADS | u64::from(dp) << DP | u64::from(dm) << DM;
            enable = enable & !USB_PADS | if driven.is_some() { USB_PADS } else { 0 };
        }
        let changed = (out, enable) != (self.pin_out, self.pin_enable);
        (self.pin_out, self.pin_enable) = (out, enable);
        changed
    }

    /// Level and enable that the digital side gives a pin.
    fn digital(&self, pin: usize) -> (bool, bool) {
        let Some(signal) = self.signal_on[pin] else { return (false, false) };
        let by_gpio = self.gpio_enable >> pin & 1 != 0;
        let through_matrix = self.pads[pin].function == 1;
        let select = self.out_select[pin];
        let (level, enable) = if signal == GPIO_OUT {
            (self.gpio_out >> pin & 1 != 0, by_gpio)
        } else {
            let enable = self.out_enables[usize::from(signal) / 64] >> (signal % 64) & 1 != 0;
            (self.output(signal), if through_matrix && select.enable_by_gpio { by_gpio } else { enable })
        };
        let (level, enable) =
            if through_matrix { (level != select.invert, enable != select.invert_enable) } else { (level, enable) };
        (level, self.pads[pin].output_enable.unwrap_or(enable))
    }

    pub(crate) fn watch(&mut self, signal: Signal, on: bool) {
        self.watched_signals.retain(|other| *other != signal);
        if on {
            self.watched_signals.push(signal);
            self.watched_signals.sort_unstable();
        }
        self.rewatch();
    }

    /// Does a block watch an input signal that comes from one of these pins?
    pub fn is_watched(&self, pins: u64) -> bool {
        self.watched_pins & pins != 0
    }

    fn rewatch(&mut self) {
        let sources = self.watched_signals.iter().filter_map(|signal| self.source_of(*signal));
        self.watched_pins = sources.fold(0, |mask, pin| mask | 1 << pin);
    }

    /// The pins' levels changed. True: somebody inside the chip must be told.
    pub(crate) fn levels_are(&mut self, levels: u64, at: Ps, interrupting: u64) -> bool {
        let changed = (levels ^ self.seen) & (self.watched_pins | interrupting);
        self.seen = levels;
        if changed != 0 {
            self.changes.push((at, changed, levels));
        }
        changed != 0
    }

    /// Are there changes of levels to tell?
    #[inline]
    pub(crate) fn has_changes(&self) -> bool {
        !self.changes.is_empty() || !self.rerouted.is_empty()
    }

    /// The watched signals and their levels, where `levels` are those of the pins.
    pub(crate) fn watched_levels(&self, levels: u64) -> Vec<(Signal, bool)> {
        self.watched_signals.iter().map(|signal| (*signal, self.input(*signal, levels))).collect()
    }

    /// The routing of inputs or their pads changed: watched signals whose level was another `before` have an edge.
    pub(crate) fn look_where_routed(&mut self, before: &[(Signal, bool)], levels: u64, at: Ps) {
        for (signal, was) in before {
            let high = self.input(*signal, levels);
            if high != *was {
                self.rerouted.push((at, *signal, high));
            }
        }
    }

    /// Edges of watched signals because they come from elsewhere.
    pub(crate) fn take_rerouted(&mut self) -> Vec<(Ps, Signal, bool)> {
        std::mem::take(&mut self.rerouted)
    }

    /// Changes of levels to tell: when, which pins, and all levels.
    pub(crate) fn take_changes(&mut self) -> Vec<(Ps, u64, u64)> {
        std::mem::take(&mut self.changes)
    }

    /// Watched signals that come from one of these pins, in order of their numbers.
    pub(crate) fn watched_from(&self, pins: u64) -> Vec<Signal> {
        let fed = |signal: &Signal| self.source_of(*signal).is_some_and(|pin| pins >> pin & 1 != 0);
        self.watched_signals.iter().copied().filter(fed).collect()
    }

    fn mask_of(&self, wanted: impl Fn(&Pad) -> bool) -> u64 {
        (0..PINS).filter(|pin| wanted(&self.pads[*pin])).fold(0, |mask, pin| mask | 1 << pin)
    }

    /// Looks anew where an input signal comes from that is a direct function of a pin.
    fn find_direct_source(&mut self, signal: Option<Signal>) {
        if let Some(signal) = signal.filter(|signal| usize::from(*signal) < SIGNALS) {
            self.direct_sources[usize::from(signal)] = self.direct_source(signal);
        }
    }

    /// The first pin whose direct IO MUX function is this input signal.
    fn direct_source(&self, signal: Signal) -> Option<u8> {
        let comes_from = |pin: &u8| {
            let function = self.pads[usize::from(*pin)].function;
            direct(*pin, function) == Some(signal) && !is_output_alone(*pin, function)
        };
        (0..PINS as u8).find(comes_from)
    }
}

fn set_bit(words: &mut [u64; SIGNALS / 64], signal: Signal, on: bool) -> bool {
    let (word, bit) = (&mut words[usize::from(signal) / 64], 1u64 << (signal % 64));
    let old = *word;
    *word = if on { old | bit } else { old & !bit };
    *word != old
}

/// U0RXD, U1RXD, CTS: their numbers mean TXD and RTS as outputs.
fn is_input_alone(pin: u8, function: u8) -> bool {
    matches!((pin, function), (44, 0) | (18, 2) | (16, 2) | (20, 2))
}

/// U0TXD, U1TXD, RTS.
fn is_output_alone(pin: u8, function: u8) -> bool {
    matches!((pin, function), (43, 0) | (17, 2) | (15, 2) | (19, 2))
}

/// The signal of a direct function of a pin, TRM table 6-3 (ESP-IDF `soc/io_mux_reg.h`). Function 0 of most pins is the
/// GPIO itself.
fn direct(pin: u8, function: u8) -> Option<Signal> {
    use crate::signals::*;
    let signal = match (pin, function) {
        (8, 3) => SUBSPICS1,
        (9, 4) => FSPIHD,
        (9, 3) => SUBSPIHD,
        (10, 4) => FSPICS0,
        (10, 3) => SUBSPICS0,
        (10, 2) => FSPIIO4,
        (11, 4) => FSPID,
        (11, 3) => SUBSPID,
        (11, 2) => FSPIIO5,
        (12, 4) => FSPICLK,
        (12, 3) => SUBSPICLK,
        (12, 2) => FSPIIO6,
        (13, 4) => FSPIQ,
        (13, 3) => SUBSPIQ,
        (13, 2) => FSPIIO7,
        (14, 4) => FSPIWP,
        (14, 3) => SUBSPIWP,
        (14, 2) => FSPIDQS,
        (15, 2) => U0RTS,
        (16, 2) => U0CTS,
        (17, 2) => U1TXD,
        (18, 2) => U1RXD,
        (19, 2) => U1RTS,
        (20, 2) => U1CTS,
        (26, 0) => SPICS1,
        (27, 0) => SPIHD,
        (28, 0) => SPIWP,
        (29, 0) => SPICS0,
        (30, 0) => SPICLK,
        (31, 0) => SPIQ,
        (32, 0) => SPID,
        (33, 4) => SPID4,
        (33, 3) => SUBSPIHD,
        (33, 2) => FSPIHD,
        (34, 4) => SPID5,
        (34, 3) => SUBSPICS0,
        (34, 2) => FSPICS0,
        (35, 4) => SPID6,
        (35, 3) => SUBSPID,
        (35, 2) => FSPID,
        (36, 4) => SPID7,
        (36, 3) => SUBSPICLK,
        (36, 2) => FSPICLK,
        (37, 4) => SPIDQS,
        (37, 3) => SUBSPIQ,
        (37, 2) => FSPIQ,
        (38, 3) => SUBSPIWP,
        (38, 2) => FSPIWP,
        (39, 3) => SUBSPICS1,
        (43, 0) => U0TXD,
        (44, 0) => U0RXD,
        (0..=21 | 33..=38 | 45..=46, 0) => GPIO_OUT,
        _ => return None,
    };
    Some(signal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signals::{FSPICLK, FSPIQ, U0TXD};

    fn matrix_pad() -> Pad {
        Pad { function: 1, input_enable: true, ..Pad::default() }
    }

    #[test]
    fn a_signal_reaches_the_pins_that_selected_it() {
        let mut io = Io::default();
        io.set_pad(4, matrix_pad());
        let select = OutSelect { signal: FSPICLK, invert: false, enable_by_gpio: false, invert_enable: false };
        io.select_output(4, select);
        assert_eq!(io.pin_of(FSPICLK), Some(4));
        assert!(io.set_output(FSPICLK, true));
        assert_eq!(io.to_pads().0 >> 4 & 1, 1);
        io.select_output(4, OutSelect { invert: true, ..select });
        assert_eq!(io.to_pads().0 >> 4 & 1, 0);
        io.set_pad(4, Pad { function: 0, ..matrix_pad() });
        assert_eq!(io.pin_of(FSPICLK), None);
    }

    #[test]
    fn a_direct_function_goes_past_the_matrix() {
        let mut io = Io::default();
        io.set_pad(12, Pad { function: 4, ..matrix_pad() });
        io.set_pad(13, Pad { function: 4, ..matrix_pad() });
        assert_eq!(io.pin_of(FSPICLK), Some(12));
        assert_eq!(io.source_of(FSPIQ), Some(13));
        assert!(io.input(FSPIQ, 1 << 13));
        io.set_pad(43, Pad::default());
        assert_eq!(io.pin_of(U0TXD), Some(43));
    }

    #[test]
    fn an_input_may_be_a_constant_or_inverted() {
        let mut io = Io::default();
        io.select_input(FSPIQ, InSelect { pin: CONSTANT_HIGH as u8, invert: false, by_matrix: true });
        assert!(io.input(FSPIQ, 0));
        io.select_input(FSPIQ, InSelect { pin: CONSTANT_LOW as u8, invert: true, by_matrix: true });
        assert!(io.input(FSPIQ, 0));
        io.select_input(FSPIQ, InSelect { pin: 5, invert: true, by_matrix: true });
        io.set_pad(5, matrix_pad());
        assert!(!io.input(FSPIQ, 1 << 5));
    }
}
