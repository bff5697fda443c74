//! Sigma-delta modulators, GPIO_SD: eight outputs whose density of ones software sets. ESP32-S3 TRM 6.9.
//!
//! # Fidelity
//! - The clock (APB_CLK over SD_PRESCALE + 1) and the density ((SD_IN + 128) / 256) are exact.
//! - The order of the ones is that of a first-order modulator; the chip's is of second order, with the same mean.
//! - Edges are handed in once in a hundred microseconds, with their own times; one by one where somebody acts on the pin.
//! - SPI_SWAP is missing.

use crate::block::{undeclared, Block};
use crate::fabric::Fabric;
use crate::signals::{Signal, GPIO_SD0};
use crate::slots::Slot;
use crate::ticker::Ticker;
use engine_core::registers::{Bank, Group, Registers, Write};
use engine_core::time::{Hertz, Ps, MICROSECOND};
use serde::{Deserialize, Serialize};

/// The registers of a modulator.
pub mod channel {
    engine_core::registers! {
        /// A modulator; they lie 4 apart.
        pub Channel;
        SIGMADELTA 0x000 = 0x0000_FF00 { SD_PRESCALE 15:8 rw; SD_IN 7:0 rw; }
    }
}

engine_core::registers! {
    /// What the block has once.
    pub Reg;
    SIGMADELTA_CG 0x020 = 0x0000_0000 { CLK_EN 31 rw; }
    SIGMADELTA_MISC 0x024 = 0x0000_0000 { SPI_SWAP 31 todo "no document says what it swaps"; FUNCTION_CLK_EN 30 rw; }
    SIGMADELTA_VERSION 0x028 = 0x0180_2260 { GPIO_SD_DATE 27:0 rw; }
}

use channel::{Channel, SIGMADELTA};

const CHANNELS: usize = 8;
const BATCH: Ps = 100 * MICROSECOND;

/// A modulator beside its register.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Modulator {
    clock: Ticker,
    done: u64,
    sum: u32,
}

/// GPIO_SD.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sdm {
    channels: [Bank<Channel>; CHANNELS],
    regs: Bank<Reg>,
    modulators: [Modulator; CHANNELS],
}

fn signal(n: usize) -> Signal {
    GPIO_SD0 + n as Signal
}

impl Sdm {
    /// After power-on.
    pub fn new() -> Self {
        Self {
            channels: std::array::from_fn(|_| Bank::new()),
            regs: Bank::new(),
            modulators: std::array::from_fn(|_| Modulator { clock: Ticker::stopped(), done: 0, sum: 0 }),
        }
    }

    fn runs(&self) -> bool {
        self.regs.field(Reg::SIGMADELTA_MISC, SIGMADELTA_MISC::FUNCTION_CLK_EN) != 0
    }

    fn settle_clocks(&mut self, fabric: &Fabric) {
        for n in 0..CHANNELS {
            let prescale = u64::from(self.channels[n].field(Channel::SIGMADELTA, SIGMADELTA::SD_PRESCALE)) + 1;
            let rate = if self.runs() { fabric.rates.apb.scaled(1, prescale) } else { Hertz::STOPPED };
            self.modulators[n].clock.set_rate(rate, fabric.now());
        }
    }

    /// Each tick adds the density; a carry out of 8 bits is a one.
    pub(crate) fn catch_up(&mut self, fabric: &mut Fabric) {
        for n in 0..CHANNELS {
            let count = self.modulators[n].clock.count(fabric.now());
            if fabric.io.pins_of(signal(n)) == 0 {
                self.modulators[n].done = count;
                continue;
            }
            let density = self.density(n);
            while self.modulators[n].done < count {
                let modulator = &mut self.modulators[n];
                modulator.done += 1;
                modulator.sum = (modulator.sum & 0xFF) + density;
                let (level, at) = (modulator.sum > 0xFF, modulator.clock.when(modulator.done));
                if level != fabric.io.output(signal(n)) {
                    fabric.drive_at(signal(n), level, at.min(fabric.now()));
                }
            }
        }
    }

    /// When the output of a modulator changes next, where somebody acts on its pin.
    fn next_edge(&self, n: usize, fabric: &Fabric) -> Ps {
        if !fabric.needs_promptly(signal(n)) {
            return Ps::MAX;
        }
        let (modulator, density) = (&self.modulators[n], self.density(n));
        let level = fabric.io.output(signal(n));
        let mut sum = modulator.sum;
        // A density of n / 256 makes a change within 256 ticks, or none.
        for tick in 1..=256 {
            sum = (sum & 0xFF) + density;
            if (sum > 0xFF) != level {
                return modulator.clock.when(modulator.done + tick);
            }
        }
        Ps::MAX
    }

    fn density(&self, n: usize) -> u32 {
        (self.channels[n].field(Channel::SIGMADELTA, SIGMADELTA::SD_IN) + 128) & 0xFF
    }

    fn schedule(&self, fabric: &mut Fabric) {
        if self.runs() {
            let now = fabric.now();
            let due = (0..CHANNELS).map(|n| self.next_edge(n, fabric)).fold(now + BATCH, Ps::min);
            fabric.at(Slot::Sdm, due.max(now));
        } else {
            fabric.cancel(Slot::Sdm);
        }
    }
}

impl Default for Sdm {
    fn default() -> Self {
        Self::new()
    }
}

impl Block for Sdm {
    const GROUPS: &'static [Group] = &[
        Group { block: "GPIO_SD", prefix: "{}", base: 0, count: 8, step: 4, table: Channel::TABLE },
        Group::one("GPIO_SD", Reg::TABLE),
    ];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        self.peek(offset, fabric)
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        match (self.channels.get((offset / 4) as usize), Reg::at(offset)) {
            (Some(channel), _) => channel.load(Channel::SIGMADELTA),
            (None, Some(register)) => self.regs.load(register),
            (None, None) => undeclared("GPIO_SD", offset, fabric),
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        self.catch_up(fabric);
        match (self.channels.get_mut((offset / 4) as usize), Reg::at(offset)) {
            (Some(channel), _) => channel.store(Channel::SIGMADELTA, write, "GPIO_SD", &mut fabric.gaps),
            (None, Some(register)) => self.regs.store(register, write, "GPIO_SD", &mut fabric.gaps),
            (None, None) => {
                undeclared("GPIO_SD", offset, fabric);
            }
        }
        self.settle_clocks(fabric);
        self.schedule(fabric);
    }

    fn event(&mut self, _slot: Slot, fabric: &mut Fabric) {
        self.catch_up(fabric);
        self.schedule(fabric);
    }

    fn clocks_changed(&mut self, fabric: &mut Fabric) {
        self.catch_up(fabric);
        self.settle_clocks(fabric);
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        *self = Self::new();
        (0..CHANNELS).for_each(|n| fabric.drive(signal(n), false));
        fabric.cancel(Slot::Sdm);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::{OutSelect, Pad};

    /// TRM 6.9: the clock is APB_CLK / (SD_PRESCALE + 1), the density (SD_IN + 128) / 256.
    #[test]
    fn the_density_is_what_sd_in_says() {
        let (mut sdm, mut fabric) = (Sdm::new(), Fabric::new());
        fabric.set_pad(4, Pad { function: 1, ..Pad::default() });
        let select = OutSelect { signal: GPIO_SD0, invert: false, enable_by_gpio: false, invert_enable: false };
        fabric.select_output(4, select);
        fabric.pins.keep_log(true);
        sdm.write(0x24, Write::word(1 << 30), &mut fabric);
        // -64: a quarter; APB_CLK is 40 MHz: a tick is 1 us.
        sdm.write(0x00, Write::word(39 << 8 | 192), &mut fabric);
        fabric.cycle = 40 * 400;
        sdm.event(Slot::Sdm, &mut fabric);
        let log = fabric.pins.take_log();
        assert_eq!(log.iter().filter(|(_, level)| level >> 4 & 1 != 0).count(), 100);
        assert_eq!(log.iter().take(3).map(|entry| entry.0 / MICROSECOND).collect::<Vec<_>>(), [4, 5, 8]);
        assert_eq!(fabric.events.due(Slot::Sdm as usize), 500 * MICROSECOND);
    }
}
