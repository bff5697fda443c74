//! Interrupts of the bank, RP2040 datasheet 2.19.3: levels, latched edges, and the enables of both processors and of
//! dormant wake.

use crate::pads::BANK0;
use serde::{Deserialize, Serialize};

/// Processor 0, processor 1, and what wakes a dormant chip.
const TARGETS: usize = 3;
/// The target that ends dormant mode.
const DORMANT_WAKE: usize = 2;
/// Eight pins a word.
const WORDS: usize = 4;

/// The enables of a target turned around: a bit per pin for each kind, so that a change of a pin costs a few operations.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Armed {
    low: u32,
    high: u32,
    fall: u32,
    rise: u32,
    forced: bool,
}

/// The interrupt state of all pins.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Interrupts {
    /// Latched falling edges.
    pub fell: u32,
    /// Latched rising edges.
    pub rose: u32,
    /// Four bits a pin: level low, level high, edge low, edge high.
    enable: [[u32; WORDS]; TARGETS],
    force: [[u32; WORDS]; TARGETS],
    armed: [Armed; TARGETS],
    /// Pins whose interrupt is enabled for a processor, or whose edges a block follows.
    pub watched: u32,
}

/// Takes every fourth bit of four words: bit `kind` of each pin.
fn gather(words: &[u32; WORDS], kind: usize) -> u32 {
    (0..30).fold(0, |pins, pin| pins | (words[pin / 8] >> (4 * (pin % 8) + kind) & 1) << pin)
}

/// Puts a bit per pin at every fourth bit of the word of eight pins.
fn spread(pins: u32, word: usize, kind: usize) -> u32 {
    (0..8).fold(0, |bits, n| {
        bits | ((pins & BANK0).checked_shr((8 * word + n) as u32).unwrap_or(0) & 1) << (4 * n + kind)
    })
}

impl Interrupts {
    /// INTE of a target.
    pub fn enabled(&self, target: usize, word: usize) -> u32 {
        self.enable[target][word]
    }

    /// INTF of a target.
    pub fn forced(&self, target: usize, word: usize) -> u32 {
        self.force[target][word]
    }

    /// Software writes INTE of a target. The last word holds six pins.
    pub fn set_enabled(&mut self, target: usize, word: usize, bits: u32) {
        self.enable[target][word] = bits & Self::implemented(word);
        self.arm(target);
    }

    /// Software writes INTF of a target.
    pub fn set_forced(&mut self, target: usize, word: usize, bits: u32) {
        self.force[target][word] = bits & Self::implemented(word);
        self.arm(target);
    }

    fn implemented(word: usize) -> u32 {
        (0..4).fold(0, |bits, kind| bits | spread(BANK0, word, kind))
    }

    fn arm(&mut self, target: usize) {
        let [low, high, fall, rise] = [0, 1, 2, 3].map(|kind| gather(&self.enable[target], kind));
        self.armed[target] = Armed { low, high, fall, rise, forced: self.force[target] != [0; WORDS] };
    }

    /// Back to the state after reset. Edges are forgotten with [`Interrupts::forget_edges`], when the pins have settled.
    pub fn disable(&mut self) {
        (self.enable, self.force, self.armed) = Default::default();
    }

    /// No edge is latched any more.
    pub fn forget_edges(&mut self) {
        (self.fell, self.rose) = (0, 0);
    }

    /// INTR of these levels.
    pub fn raw(&self, word: usize, level: u32) -> u32 {
        [!level, level, self.fell, self.rose]
            .into_iter()
            .enumerate()
            .fold(0, |bits, (kind, pins)| bits | spread(pins, word, kind))
    }

    /// INTS of a target.
    pub fn state(&self, target: usize, word: usize, level: u32) -> u32 {
        self.raw(word, level) & self.enable[target][word] | self.force[target][word]
    }

    /// Software writes INTR: edges whose bit is 1 are forgotten. Levels are not latched.
    pub fn clear(&mut self, word: usize, bits: u32) {
        for pin in (8 * word..8 * word + 8).filter(|pin| *pin < 30) {
            let bits = bits >> (4 * (pin % 8));
            self.fell &= !((bits >> 2 & 1) << pin);
            self.rose &= !((bits >> 3 & 1) << pin);
        }
    }

    /// Is the line of a target up, at these levels?
    #[inline]
    pub fn is_up(&self, target: usize, level: u32) -> bool {
        let armed = &self.armed[target];
        armed.forced || armed.low & !level | armed.high & level | armed.fall & self.fell | armed.rise & self.rose != 0
    }

    /// Do the pins end dormant mode, at these levels?
    pub fn wakes(&self, level: u32) -> bool {
        self.is_up(DORMANT_WAKE, level)
    }

    /// The pins whose interrupt is enabled for a processor.
    #[inline]
    pub fn armed_pins(&self) -> u32 {
        let [first, second, _] = &self.armed;
        [first, second].iter().fold(0, |pins, armed| pins | armed.low | armed.high | armed.fall | armed.rise)
    }
}
