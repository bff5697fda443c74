//! SENS: the one-shot controllers of the SAR converters in the RTC domain, the temperature sensor, and the readings of the touch
//! sensor. ESP32-S3 TRM chapter 39 (On-Chip Sensors and Analog Signal Processing); ESP-IDF `soc/sens_reg.h`, `hal/adc_ll.h`,
//! `hal/temperature_sensor_ll.h`.
//!
//! # Fidelity
//! - One-shot conversions, attenuation, inversion, the arbiter's verdict on ADC2, interrupts: exact. The converters are in
//!   [`crate::sar`]. A conversion takes 25 cycles of the divided clock, which stands for the silicon's waits and sampling.
//! - Temperature sensor: ESP-IDF's line in each of the five ranges that it knows; a conversion takes 8 cycles of the divided
//!   clock. It reads [`Fabric::millicelsius`].
//! - Touch: see [`touch`].
//! - Missing: the ULP coprocessor (also as the one who starts conversions), the RTC I2C controller, the power detector of the
//!   radio, the charge amplifier and whatever powers the parts down; the COCPU interrupts are kept for nobody.

pub mod registers;
mod temperature;
pub mod touch;

use crate::apb_saradc::Grant;
use crate::block::{undeclared, Block};
use crate::fabric::Fabric;
use crate::regi2c::Regi2c;
use crate::rtc_cntl::registers::INT_RAW_RTC;
use crate::rtc_cntl::RtcCntl;
use crate::sar::{Unit, FULL_SCALE};
use crate::slots::Slot;
use engine_core::registers::{Bank, Field, Group, Registers, Write};
use registers::*;
use serde::{Deserialize, Serialize};
use touch::Touch;

/// Cycles of SAR_CLK that a conversion takes.
const CONVERSION_CYCLES: u64 = 25;

/// The blocks that this one works with.
#[derive(Debug)]
pub struct Around<'a> {
    /// The analog registers.
    pub analog: &'a Regi2c,
    /// Where the interrupts are, and the touch sensor's control.
    pub rtc: &'a mut RtcCntl,
    /// What ADC2's arbiter says to this controller.
    pub grant: Grant,
}

/// An interrupt, in COCPU_INT and in RTC_CNTL_INT.
#[derive(Clone, Copy, Debug)]
struct Interrupt {
    cocpu: Field,
    rtc: Field,
}

const SARADC: [Interrupt; 2] = [
    Interrupt { cocpu: SAR_COCPU_INT_RAW::SAR_COCPU_SARADC1_INT_RAW, rtc: INT_RAW_RTC::SARADC1_INT_RAW },
    Interrupt { cocpu: SAR_COCPU_INT_RAW::SAR_COCPU_SARADC2_INT_RAW, rtc: INT_RAW_RTC::SARADC2_INT_RAW },
];
const TSENS: Interrupt =
    Interrupt { cocpu: SAR_COCPU_INT_RAW::SAR_COCPU_TSENS_INT_RAW, rtc: INT_RAW_RTC::TSENS_INT_RAW };

/// The block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sens {
    regs: Bank<Reg>,
    /// A conversion is under way in this converter.
    converting: [bool; 2],
    touch: Touch,
}

impl Sens {
    /// The block after power-on.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self { regs: Bank::new(), converting: [false; 2], touch: Touch::new() }
    }

    /// A register, for blocks that work with this one.
    pub fn register(&self, register: Reg) -> u32 {
        self.regs.get(register)
    }

    fn raise(&mut self, interrupt: Interrupt, rtc: &mut RtcCntl, fabric: &mut Fabric) {
        self.regs.set(Reg::SAR_COCPU_INT_RAW, self.regs.get(Reg::SAR_COCPU_INT_RAW) | interrupt.cocpu.mask);
        rtc.raise(interrupt.rtc.mask, fabric);
    }

    /// Something is due: a conversion is over, or the touch sensor has something to do.
    pub fn due(&mut self, slot: Slot, around: Around<'_>, fabric: &mut Fabric) {
        match slot {
            Slot::Adc1 => self.finish(Unit::Adc1, around, fabric),
            Slot::Adc2 => self.finish(Unit::Adc2, around, fabric),
            Slot::Temperature => self.finish_temperature(around, fabric),
            Slot::RtcTouch => self.touch_due(around.rtc, fabric),
            other => unreachable!("SENS has no slot {other:?}"),
        }
    }

    /// MEASn_START_SAR rises, TRM chapter 39. Both controllers have their fields at the same places.
    fn start(&mut self, unit: Unit, before: u32, fabric: &mut Fabric) {
        use SAR_MEAS1_CTRL2::{MEAS1_DATA_SAR, MEAS1_DONE_SAR, MEAS1_START_FORCE, MEAS1_START_SAR};
        let (register, slot) = [(Reg::SAR_MEAS1_CTRL2, Slot::Adc1), (Reg::SAR_MEAS2_CTRL2, Slot::Adc2)][unit as usize];
        let control = self.regs.get(register);
        if !MEAS1_START_SAR.is_set(control) || MEAS1_START_SAR.is_set(before) {
            return;
        }
        if !MEAS1_START_FORCE.is_set(control) {
            fabric.gaps.touch("SENS.MEAS_START_FORCE", "conversions that the ULP coprocessor starts");
            return;
        }
        if unit == Unit::Adc1 && SAR_MEAS1_MUX::SAR1_DIG_FORCE.is_set(self.regs.get(Reg::SAR_MEAS1_MUX)) {
            fabric
                .gaps
                .touch("SENS.SAR1_DIG_FORCE", "the digital controller has ADC1: a one-shot conversion never ends");
            return;
        }
        self.regs.set(register, MEAS1_DONE_SAR.put(MEAS1_DATA_SAR.put(control, 0), 0));
        self.converting[unit as usize] = true;
        let divider = [
            self.regs.field(Reg::SAR_READER1_CTRL, SAR_READER1_CTRL::SAR_SAR1_CLK_DIV),
            self.regs.field(Reg::SAR_READER2_CTRL, SAR_READER2_CTRL::SAR_SAR2_CLK_DIV),
        ][unit as usize];
        let cycles = CONVERSION_CYCLES * u64::from(divider.max(1));
        fabric.after(slot, fabric.rates.rtc_fast.duration(cycles));
    }

    fn finish(&mut self, unit: Unit, around: Around<'_>, fabric: &mut Fabric) {
        use SAR_MEAS1_CTRL2::{MEAS1_DATA_SAR, MEAS1_DONE_SAR, SAR1_EN_PAD};
        let (control, attenuations, reader) = [
            (Reg::SAR_MEAS1_CTRL2, Reg::SAR_ATTEN1, Reg::SAR_READER1_CTRL),
            (Reg::SAR_MEAS2_CTRL2, Reg::SAR_ATTEN2, Reg::SAR_READER2_CTRL),
        ][unit as usize];
        let (inverted, interrupts) = [
            (SAR_READER1_CTRL::SAR_SAR1_DATA_INV, SAR_READER1_CTRL::SAR_SAR1_INT_EN),
            (SAR_READER2_CTRL::SAR_SAR2_DATA_INV, SAR_READER2_CTRL::SAR_SAR2_INT_EN),
        ][unit as usize];
        self.converting[unit as usize] = false;
        let pads = SAR1_EN_PAD.get(self.regs.get(control));
        if pads.count_ones() > 1 {
            fabric.gaps.touch("SENS.SAR_EN_PAD", "several pads at once on a converter: the first counts");
        }
        let channel = (pads != 0).then(|| pads.trailing_zeros());
        // With no pad the attenuation is channel 0's (ESP-IDF `adc_hal_common.c`).
        let attenuation = self.regs.get(attenuations) >> (2 * channel.unwrap_or(0)) & 3;
        let mut data = unit.convert(channel, attenuation, around.analog, fabric);
        if self.regs.field(reader, inverted) != 0 {
            data = FULL_SCALE - data;
        }
        if unit == Unit::Adc2 && !SAR_MEAS2_MUX::SAR2_RTC_FORCE.is_set(self.regs.get(Reg::SAR_MEAS2_MUX)) {
            data |= (around.grant as u32) << 14;
        }
        self.regs.set_field(control, MEAS1_DATA_SAR, data);
        self.regs.set_field(control, MEAS1_DONE_SAR, 1);
        if self.regs.field(reader, interrupts) != 0 {
            self.raise(SARADC[unit as usize], around.rtc, fabric);
        }
    }

    /// SAR_PERI_RESET_CONF: what is under way is dropped.
    fn reset_parts(&mut self, fabric: &mut Fabric) {
        let resets = self.regs.get(Reg::SAR_PERI_RESET_CONF);
        if SAR_PERI_RESET_CONF::SAR_SARADC_RESET.is_set(resets) {
            self.converting = [false; 2];
            fabric.cancel(Slot::Adc1);
            fabric.cancel(Slot::Adc2);
        }
        if SAR_PERI_RESET_CONF::SAR_TSENS_RESET.is_set(resets) {
            self.regs.set_field(Reg::SAR_TSENS_CTRL, SAR_TSENS_CTRL::SAR_TSENS_READY, 0);
            fabric.cancel(Slot::Temperature);
        }
    }

    fn write_interrupts(&mut self, register: Reg, raw: u32) {
        let (raised, enabled) = (self.regs.get(Reg::SAR_COCPU_INT_RAW), self.regs.get(Reg::SAR_COCPU_INT_ENA));
        match register {
            Reg::SAR_COCPU_INT_CLR => self.regs.set(Reg::SAR_COCPU_INT_RAW, raised & !raw),
            Reg::SAR_COCPU_INT_ENA_W1TS => self.regs.set(Reg::SAR_COCPU_INT_ENA, enabled | raw & 0xFFF),
            Reg::SAR_COCPU_INT_ENA_W1TC => self.regs.set(Reg::SAR_COCPU_INT_ENA, enabled & !raw),
            _ => {}
        }
    }
}

impl Block for Sens {
    const GROUPS: &'static [Group] = &[Group::one("SENS", Reg::TABLE)];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        if Reg::at(offset).is_none() {
            undeclared("SENS", offset, fabric);
        }
        self.peek(offset, fabric)
    }

    fn stays(&self, offset: u32) -> bool {
        Reg::at(offset).is_some()
    }

    fn peek(&mut self, offset: u32, _fabric: &mut Fabric) -> u32 {
        let Some(register) = Reg::at(offset) else { return 0 };
        match register {
            Reg::SAR_COCPU_INT_ST => self.regs.get(Reg::SAR_COCPU_INT_RAW) & self.regs.get(Reg::SAR_COCPU_INT_ENA),
            // Software waits for 0 before it starts ADC1.
            Reg::SAR_SLAVE_ADDR1 => {
                SAR_SLAVE_ADDR1::SAR_SARADC_MEAS_STATUS.put(self.regs.load(register), self.converting[0].into())
            }
            _ => self.peek_touch(register).unwrap_or_else(|| self.regs.load(register)),
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        let Some(register) = Reg::at(offset) else {
            undeclared("SENS", offset, fabric);
            return;
        };
        let before = self.regs.get(register);
        self.regs.store(register, write, "SENS", &mut fabric.gaps);
        match register {
            Reg::SAR_MEAS1_CTRL2 => self.start(Unit::Adc1, before, fabric),
            Reg::SAR_MEAS2_CTRL2 => self.start(Unit::Adc2, before, fabric),
            Reg::SAR_TSENS_CTRL => self.start_temperature(before, fabric),
            Reg::SAR_TOUCH_CONF if SAR_TOUCH_CONF::SAR_TOUCH_STATUS_CLR.is_set(write.raw) => self.touch.clear_active(),
            Reg::SAR_TOUCH_CHN_ST => {
                self.touch.clear_benchmarks(SAR_TOUCH_CHN_ST::SAR_TOUCH_CHANNEL_CLR.get(write.raw));
            }
            Reg::SAR_COCPU_INT_CLR | Reg::SAR_COCPU_INT_ENA_W1TS | Reg::SAR_COCPU_INT_ENA_W1TC => {
                self.write_interrupts(register, write.raw);
            }
            Reg::SAR_PERI_RESET_CONF => self.reset_parts(fabric),
            _ => {}
        }
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        *self = Self::new();
        for slot in [Slot::Adc1, Slot::Adc2, Slot::Temperature, Slot::RtcTouch] {
            fabric.cancel(slot);
        }
    }
}

#[cfg(test)]
mod tests;
