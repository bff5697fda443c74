//! The temperature sensor, TRM chapter 39. ESP-IDF `hal/temperature_sensor_ll.h` and `temperature_sensor_periph.c`.

use super::registers::*;
use super::{Around, Sens, TSENS};
use crate::fabric::Fabric;
use crate::regi2c::Regi2c;
use crate::sar::SAR_ADC;
use crate::slots::Slot;

/// Cycles of the divided clock until the value is there.
const CONVERSION_CYCLES: u64 = 8;

/// I2C_SARADC_TSENS_DAC's settings, and the offset by which each moves the line.
const RANGES: [(u8, i64); 5] = [(5, -2), (7, -1), (15, 0), (11, 1), (10, 2)];

/// The sensor's code: the temperature is 0.4386 times the code, less 27.88 times the range's offset, less 20.52 °C.
fn code(millicelsius: i32, offset: i64) -> u32 {
    let ten_thousandths = i64::from(millicelsius) * 10 + 278_800 * offset + 205_200;
    (ten_thousandths + 4386 / 2).div_euclid(4386).clamp(0, 0xFF) as u32
}

impl Sens {
    /// SAR_TSENS_DUMP_OUT rises.
    pub(super) fn start_temperature(&mut self, before: u32, fabric: &mut Fabric) {
        use SAR_TSENS_CTRL::*;
        let control = self.regs.get(Reg::SAR_TSENS_CTRL);
        if !SAR_TSENS_DUMP_OUT.is_set(control) {
            self.regs.set_field(Reg::SAR_TSENS_CTRL, SAR_TSENS_READY, 0);
            fabric.cancel(Slot::Temperature);
        } else if !SAR_TSENS_DUMP_OUT.is_set(before) {
            if !(SAR_TSENS_POWER_UP_FORCE.is_set(control) && SAR_TSENS_POWER_UP.is_set(control)) {
                let why = "the temperature sensor is off, or left to the ULP coprocessor: no value comes";
                fabric.gaps.touch("SENS.SAR_TSENS_POWER_UP", why);
                return;
            }
            let cycles = CONVERSION_CYCLES * u64::from(SAR_TSENS_CLK_DIV.get(control).max(1));
            fabric.after(Slot::Temperature, fabric.rates.rtc_fast.duration(cycles));
        }
    }

    pub(super) fn finish_temperature(&mut self, around: Around<'_>, fabric: &mut Fabric) {
        use SAR_TSENS_CTRL::*;
        let control = self.regs.get(Reg::SAR_TSENS_CTRL);
        let mut out = code(fabric.millicelsius, offset(around.analog, fabric));
        if SAR_TSENS_IN_INV.is_set(control) {
            out = 0xFF - out;
        }
        self.regs.set(Reg::SAR_TSENS_CTRL, SAR_TSENS_READY.put(SAR_TSENS_OUT.put(control, out), 1));
        if SAR_TSENS_INT_EN.is_set(control) {
            self.raise(TSENS, around.rtc, fabric);
        }
    }
}

/// The offset of the range that I2C_SARADC_TSENS_DAC selects.
fn offset(analog: &Regi2c, fabric: &mut Fabric) -> i64 {
    let dac = analog.analog(SAR_ADC, 6) & 0xF;
    let range = RANGES.iter().find(|(setting, _)| *setting == dac);
    if range.is_none() {
        fabric.gaps.touch("SAR_ADC.TSENS_DAC", "a range that ESP-IDF does not know: taken as -10 to 80 °C");
    }
    range.map_or(0, |(_, offset)| *offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ESP-IDF `temperature_sensor.c`: 0.4386 * code - 27.88 * offset - 20.52, in each range of
    /// `temperature_sensor_periph.c`. One code is 0.44 °C.
    #[test]
    fn each_range_gives_the_temperature_back() {
        for (offset, low, high) in [(-2, 50, 125), (-1, 20, 100), (0, -10, 80), (1, -30, 50), (2, -40, 20)] {
            for celsius in low..=high {
                let code = f64::from(code(celsius * 1000, offset));
                let read = 0.4386 * code - 27.88 * offset as f64 - 20.52;
                assert!((read - f64::from(celsius)).abs() < 0.23, "{celsius} °C at {offset} reads {read}");
            }
        }
    }
}
