//! APB_SARADC: the digital controllers of the SAR converters, with patterns, filters, monitors and DMA. ESP32-S3 TRM chapter 39;
//! ESP-IDF `soc/apb_saradc_reg.h`, `hal/adc_ll.h`.
//!
//! # Fidelity
//! - Timer, patterns, the three modes, filters, monitors, interrupts and the words for GDMA: exact. The converters are in
//!   [`crate::sar`]. Samples are there at the trigger; the waits of FSM_WAIT pass unseen.
//! - A conversion that software starts (START_FORCE, START) is done after 25 cycles of the divided clock.
//! - The arbiter of ADC2 heeds the forced grants. Turns are never contended: a conversion of the other controller that runs
//!   at the same time disturbs nothing, and the radio never asks.
//! - Missing: triggers and samples by way of I2S; powering the converters down changes nothing.

pub mod registers;

use crate::block::{undeclared, Block};
use crate::fabric::Fabric;
use crate::gdma::{Peripheral, Port};
use crate::regi2c::Regi2c;
use crate::sar::{Unit, FULL_SCALE};
use crate::sens::registers::{Reg as SensReg, SAR_MEAS1_MUX, SAR_MEAS2_MUX};
use crate::sens::Sens;
use crate::slots::Slot;
use crate::sources::Source;
use engine_core::registers::{Bank, Group, Registers, Write};
use engine_core::time::{Hertz, Ps};
use registers::*;
use serde::{Deserialize, Serialize};

/// What ADC2's arbiter says to a one-shot conversion: the flag above its data, ESP-IDF adc_ll_rtc_output_data_t.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    /// The data is valid.
    Granted = 0,
    /// The arbiter is forced to another controller.
    Unselected = 1,
}

/// Cycles of SAR_CLK that a conversion takes.
const CONVERSION_CYCLES: u64 = 25;
/// The channel that marks a word as invalid.
const NO_CHANNEL: u32 = 0xF;
/// Fractional bits of a filter's memory.
const FRACTION: u32 = 8;

/// The block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ApbSaradc {
    regs: Bank<Reg>,
    /// The next item of each converter's pattern.
    pointers: [u32; 2],
    /// When the timer triggers next, and its period.
    timer: Option<(Ps, Ps)>,
    /// When a conversion that software started is over.
    single: Option<Ps>,
    /// The next trigger of the alternate mode is ADC2's.
    second: bool,
    /// Triggers since the timer was started.
    triggers: u32,
    /// Samples in this packet of GDMA.
    samples: u32,
    /// What each filter remembers, with [`FRACTION`].
    filters: [Option<u32>; 2],
}

impl ApbSaradc {
    /// The block after reset.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self {
            regs: Bank::new(),
            pointers: [0; 2],
            timer: None,
            single: None,
            second: false,
            triggers: 0,
            samples: 0,
            filters: [None; 2],
        }
    }

    /// What the arbiter says to the RTC controller, TRM chapter 39.
    pub fn grant(&self) -> Grant {
        let arbiter = self.regs.get(Reg::ARB_CTRL);
        let forced = ARB_CTRL::ADC_ARB_GRANT_FORCE.is_set(arbiter);
        if forced && !ARB_CTRL::ADC_ARB_RTC_FORCE.is_set(arbiter) {
            Grant::Unselected
        } else {
            Grant::Granted
        }
    }

    /// The controller's clock: APB_CLK or PLL_D2_CLK over CLKM_DIV_NUM + 1 + B / A.
    fn clock(&self, fabric: &Fabric) -> Hertz {
        let config = self.regs.get(Reg::CLKM_CONF);
        let source = match CLKM_CONF::CLK_SEL.get(config) {
            1 => fabric.rates.pll_d2,
            2 => fabric.rates.apb,
            _ => Hertz::STOPPED,
        };
        if !CTRL::SARADC_SAR_CLK_GATED.is_set(self.regs.get(Reg::CTRL)) {
            return Hertz::STOPPED;
        }
        let (a, b) = (CLKM_CONF::CLKM_DIV_A.get(config).max(1), CLKM_CONF::CLKM_DIV_B.get(config));
        let b = if CLKM_CONF::CLKM_DIV_A.get(config) == 0 { 0 } else { b };
        source.scaled(a.into(), u64::from((CLKM_CONF::CLKM_DIV_NUM.get(config) + 1) * a + b))
    }

    /// The timer follows its settings: it triggers every 2 * TIMER_TARGET cycles.
    fn set_up_timer(&mut self, fabric: &mut Fabric) {
        let control = self.regs.get(Reg::CTRL2);
        let enabled = CTRL2::SARADC_TIMER_EN.is_set(control);
        if enabled && !CTRL2::SARADC_TIMER_SEL.is_set(control) {
            fabric.gaps.touch("APB_SARADC.CTRL2.SARADC_TIMER_SEL", "conversions that I2S triggers");
        }
        let clock = self.clock(fabric);
        let period = clock.duration(2 * u64::from(CTRL2::SARADC_TIMER_TARGET.get(control).max(1)));
        let runs = enabled && CTRL2::SARADC_TIMER_SEL.is_set(control) && clock.is_running();
        if !enabled {
            self.triggers = 0;
        }
        self.timer = match self.timer {
            _ if !runs => None,
            Some((due, same)) if same == period => Some((due, period)),
            _ => Some((fabric.now().saturating_add(period), period)),
        };
        self.arm(fabric);
    }

    fn arm(&self, fabric: &mut Fabric) {
        let timer = self.timer.map_or(Ps::MAX, |(due, _)| due);
        fabric.at(Slot::AdcDigital, timer.min(self.single.unwrap_or(Ps::MAX)));
    }

    /// START rises.
    fn start(&mut self, before: u32, fabric: &mut Fabric) {
        let control = self.regs.get(Reg::CTRL);
        let rises = CTRL::SARADC_START.is_set(control) && !CTRL::SARADC_START.is_set(before);
        if rises && CTRL::SARADC_START_FORCE.is_set(control) {
            let cycles = CONVERSION_CYCLES * u64::from(CTRL::SARADC_SAR_CLK_DIV.get(control).max(1));
            self.single = Some(fabric.now().saturating_add(self.clock(fabric).duration(cycles)));
        }
    }

    /// A trigger may be due.
    pub fn due(&mut self, analog: &Regi2c, sens: &Sens, port: &mut Port<'_>, fabric: &mut Fabric) {
        let now = fabric.now();
        if self.single.is_some_and(|due| due <= now) {
            self.single = None;
            self.trigger(analog, sens, port, fabric);
        }
        if let Some((due, period)) = self.timer.filter(|(due, _)| *due <= now) {
            self.timer = Some((due + period, period));
            let control = self.regs.get(Reg::CTRL2);
            let limited = CTRL2::SARADC_MEAS_NUM_LIMIT.is_set(control);
            if !limited || self.triggers < CTRL2::SARADC_MAX_MEAS_NUM.get(control) {
                self.triggers += 1;
                self.trigger(analog, sens, port, fabric);
            }
        }
        self.arm(fabric);
    }

    /// One measurement in the mode of WORK_MODE: one converter, both, or one after the other.
    fn trigger(&mut self, analog: &Regi2c, sens: &Sens, port: &mut Port<'_>, fabric: &mut Fabric) {
        let control = self.regs.get(Reg::CTRL);
        let units: &[Unit] = match CTRL::SARADC_WORK_MODE.get(control) {
            0 if CTRL::SARADC_SAR_SEL.is_set(control) => &[Unit::Adc2],
            0 => &[Unit::Adc1],
            1 => &[Unit::Adc1, Unit::Adc2],
            _ if self.second => &[Unit::Adc2],
            _ => &[Unit::Adc1],
        };
        self.second = units == [Unit::Adc1];
        for unit in units {
            self.measure(*unit, analog, sens, port, fabric);
        }
        self.update_irq(fabric);
    }

    /// The next item of a pattern: channel and attenuation. Four items of six bits to a register, the first at the top.
    fn next_item(&mut self, unit: Unit) -> (u32, u32) {
        let tables = [
            [Reg::SAR1_PATT_TAB1, Reg::SAR1_PATT_TAB2, Reg::SAR1_PATT_TAB3, Reg::SAR1_PATT_TAB4],
            [Reg::SAR2_PATT_TAB1, Reg::SAR2_PATT_TAB2, Reg::SAR2_PATT_TAB3, Reg::SAR2_PATT_TAB4],
        ][unit as usize];
        let length = [CTRL::SARADC_SAR1_PATT_LEN, CTRL::SARADC_SAR2_PATT_LEN][unit as usize];
        let pointer = &mut self.pointers[unit as usize];
        let place = *pointer;
        *pointer = if place >= length.get(self.regs.get(Reg::CTRL)) { 0 } else { place + 1 };
        let item = self.regs.get(tables[place as usize / 4]) >> (18 - 6 * (place % 4)) & 0x3F;
        (item >> 2, item & 3)
    }

    /// Does this controller have the converter?
    fn has(&self, unit: Unit, sens: &Sens, fabric: &mut Fabric) -> bool {
        let arbiter = self.regs.get(Reg::ARB_CTRL);
        let forced = ARB_CTRL::ADC_ARB_GRANT_FORCE.is_set(arbiter) && !ARB_CTRL::ADC_ARB_APB_FORCE.is_set(arbiter);
        match unit {
            Unit::Adc1 if !SAR_MEAS1_MUX::SAR1_DIG_FORCE.is_set(sens.register(SensReg::SAR_MEAS1_MUX)) => {
                let why = "the digital controller is triggered while the RTC controller has ADC1";
                fabric.gaps.touch("SENS.SAR1_DIG_FORCE", why);
                false
            }
            Unit::Adc1 => true,
            Unit::Adc2 => !forced && !SAR_MEAS2_MUX::SAR2_RTC_FORCE.is_set(sens.register(SensReg::SAR_MEAS2_MUX)),
        }
    }

    fn measure(&mut self, unit: Unit, analog: &Regi2c, sens: &Sens, port: &mut Port<'_>, fabric: &mut Fabric) {
        let (channel, attenuation) = self.next_item(unit);
        let mut shown = NO_CHANNEL;
        let mut data = 0;
        if self.has(unit, sens, fabric) {
            shown = channel;
            data = unit.convert(Some(channel), attenuation, analog, fabric);
            let inverted = [CTRL2::SARADC_SAR1_INV, CTRL2::SARADC_SAR2_INV][unit as usize];
            if inverted.is_set(self.regs.get(Reg::CTRL2)) {
                data = FULL_SCALE - data;
            }
            data = self.filter(unit, channel, data);
            self.monitor(unit, channel, data);
        } else if unit == Unit::Adc1 {
            return;
        }
        let word = data | shown << 13;
        let (register, done) = [
            (Reg::APB_SARADC1_DATA_STATUS, INT_RAW::APB_SARADC1_DONE_INT_RAW),
            (Reg::APB_SARADC2_DATA_STATUS, INT_RAW::APB_SARADC2_DONE_INT_RAW),
        ][unit as usize];
        self.regs.set(register, word);
        self.raise(done.mask);
        let config = self.regs.get(Reg::DMA_CONF);
        if DMA_CONF::APB_ADC_TRANS.is_set(config) {
            self.samples += 1;
            let eof = self.samples >= DMA_CONF::APB_ADC_EOF_NUM.get(config);
            if eof {
                self.samples = 0;
            }
            let bytes = (word | (unit as u32) << 17).to_le_bytes();
            port.push(Peripheral::ADC_DAC, &bytes, eof, fabric);
        }
    }

    /// A filter takes one part in 2^FILTER_FACTOR of each sample of its channel: (unit + 1) * 8 + channel.
    fn filter(&mut self, unit: Unit, channel: u32, data: u32) -> u32 {
        let (factors, channels) = (self.regs.get(Reg::FILTER_CTRL1), self.regs.get(Reg::FILTER_CTRL0));
        let settings = [
            (FILTER_CTRL1::FILTER_FACTOR0.get(factors), FILTER_CTRL0::FILTER_CHANNEL0.get(channels)),
            (FILTER_CTRL1::FILTER_FACTOR1.get(factors), FILTER_CTRL0::FILTER_CHANNEL1.get(channels)),
        ];
        let own = (unit as u32 + 1) << 3 | channel & 7;
        let mut filtered = data;
        for (memory, (factor, wanted)) in self.filters.iter_mut().zip(settings) {
            if factor != 0 && wanted == own {
                let last = i64::from(memory.unwrap_or(data << FRACTION));
                let new = last + ((i64::from(data) << FRACTION) - last) / (1 << factor);
                *memory = Some(new as u32);
                filtered = new as u32 >> FRACTION;
            }
        }
        filtered
    }

    /// A monitor compares the samples of its channel, unit * 16 + channel, with two thresholds; THRES_ALL_EN lets the first one
    /// compare those of all.
    fn monitor(&mut self, unit: Unit, channel: u32, data: u32) {
        let enables = self.regs.get(Reg::THRES_CTRL);
        let monitors = [
            (
                THRES_CTRL::THRES0_EN,
                Reg::THRES0_CTRL,
                INT_RAW::THRES0_HIGH_INT_RAW.mask,
                INT_RAW::THRES0_LOW_INT_RAW.mask,
            ),
            (
                THRES_CTRL::THRES1_EN,
                Reg::THRES1_CTRL,
                INT_RAW::THRES1_HIGH_INT_RAW.mask,
                INT_RAW::THRES1_LOW_INT_RAW.mask,
            ),
        ];
        for (enable, register, high, low) in monitors {
            let control = self.regs.get(register);
            let all = register == Reg::THRES0_CTRL && THRES_CTRL::THRES_ALL_EN.is_set(enables);
            let own = all || THRES0_CTRL::THRES0_CHANNEL.get(control) == (unit as u32) << 4 | channel;
            if enable.is_set(enables) && own {
                if data > THRES0_CTRL::THRES0_HIGH.get(control) {
                    self.raise(high);
                }
                if data < THRES0_CTRL::THRES0_LOW.get(control) {
                    self.raise(low);
                }
            }
        }
    }

    fn raise(&mut self, bits: u32) {
        self.regs.set(Reg::INT_RAW, self.regs.get(Reg::INT_RAW) | bits);
    }

    fn interrupts(&self) -> u32 {
        self.regs.get(Reg::INT_RAW) & self.regs.get(Reg::INT_ENA)
    }

    fn update_irq(&self, fabric: &mut Fabric) {
        fabric.set_irq(Source::APB_ADC, self.interrupts() != 0);
    }

    /// CTRL is written.
    fn write_control(&mut self, before: u32, fabric: &mut Fabric) {
        let control = self.regs.get(Reg::CTRL);
        for (n, clear) in [CTRL::SARADC_SAR1_PATT_P_CLEAR, CTRL::SARADC_SAR2_PATT_P_CLEAR].into_iter().enumerate() {
            if clear.is_set(control) {
                self.pointers[n] = 0;
            }
        }
        self.start(before, fabric);
        self.set_up_timer(fabric);
    }
}

impl Block for ApbSaradc {
    const GROUPS: &'static [Group] = &[Group::one("APB_SARADC", Reg::TABLE)];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        if Reg::at(offset).is_none() {
            undeclared("APB_SARADC", offset, fabric);
        }
        self.peek(offset, fabric)
    }

    fn stays(&self, offset: u32) -> bool {
        Reg::at(offset).is_some()
    }

    fn peek(&mut self, offset: u32, _fabric: &mut Fabric) -> u32 {
        match Reg::at(offset) {
            Some(Reg::INT_ST) => self.interrupts(),
            Some(register) => self.regs.load(register),
            None => 0,
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        let Some(register) = Reg::at(offset) else {
            undeclared("APB_SARADC", offset, fabric);
            return;
        };
        let before = self.regs.get(register);
        self.regs.store(register, write, "APB_SARADC", &mut fabric.gaps);
        match register {
            Reg::CTRL => self.write_control(before, fabric),
            Reg::CTRL2 | Reg::CLKM_CONF => self.set_up_timer(fabric),
            Reg::FILTER_CTRL0 if FILTER_CTRL0::FILTER_RESET.is_set(write.value) => self.filters = [None; 2],
            Reg::INT_ENA => self.update_irq(fabric),
            Reg::INT_CLR => {
                self.regs.set(Reg::INT_RAW, self.regs.get(Reg::INT_RAW) & !write.raw);
                self.update_irq(fabric);
            }
            Reg::DMA_CONF if DMA_CONF::APB_ADC_RESET_FSM.is_set(write.value) => {
                (self.pointers, self.samples, self.second) = ([0; 2], 0, false);
            }
            _ => {}
        }
    }

    fn clocks_changed(&mut self, fabric: &mut Fabric) {
        self.set_up_timer(fabric);
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        *self = Self::new();
        fabric.cancel(Slot::AdcDigital);
        self.update_irq(fabric);
    }
}

#[cfg(test)]
mod tests;
