//! The two SAR converters themselves: what voltage becomes what code. ESP32-S3 TRM chapter 39 (SAR ADC), datasheet (ADC
//! characteristics); the analog settings are ESP-IDF `soc/regi2c_saradc.h`.
//!
//! Both controllers, SENS and APB_SARADC, convert through here.
//!
//! # Fidelity
//! - The curve is the one that ESP-IDF's `curve_fitting_coefficients.c` straightens, through the point at 850 mV that the fuses
//!   tell: `adc_cali_curve_fitting` gives the voltage back. No noise: the same voltage is always the same code.
//! - The offset follows the initial code, one for one, so that self-calibration against the internal ground finds the factory's
//!   code. Before anything is written to it (0) there is no offset; the silicon's value after reset is not documented.
//! - Sampling time, DREF and the reference as an input (ENCAL_REF) change nothing.

use crate::efuse::{INITIAL_CODES, RAW_AT_850_MV};
use crate::fabric::Fabric;
use crate::regi2c::Regi2c;
use serde::{Deserialize, Serialize};

/// I2C_SAR_ADC.
pub const SAR_ADC: u8 = 0x69;
/// The largest code.
pub const FULL_SCALE: u32 = 0xFFF;

/// One of the two converters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unit {
    /// SAR ADC1, GPIO1 to GPIO10.
    Adc1,
    /// SAR ADC2, GPIO11 to GPIO20.
    Adc2,
}

/// How the error of the straight line grows with the voltage: constant, then by powers of the millivolts.
type Curve = [f64; 5];

/// ESP-IDF `curve_fitting_coefficients.c`, by unit and attenuation.
const ERROR: [[Curve; 4]; 2] = [
    [
        [-2.785_653_141_953_834_4, -0.005_087_154_056_952_8, 9.798_249_589e-6, 0.0, 0.0],
        [-2.983_102_291_502_869_5, -0.004_939_318_586_880_6, 1.013_794_305_48e-5, 0.0, 0.0],
        [-2.328_554_574_629_641_7, -0.014_764_018_104_741_4, 2.083_855_253_14e-5, 0.0, 0.0],
        [-0.644_403_418_269_478, -0.064_433_488_864_753_6, 1.297_891_447_611e-4, -7.076_971_8e-8, 1.351_5e-11],
    ],
    [
        [-2.566_865_165_432_892_7, 1.353_548_869_615e-4, 3.661_526_518_9e-6, 0.0, 0.0],
        [-2.369_018_469_029_840_4, -0.006_631_989_422_618_5, 1.189_649_959_59e-5, 0.0, 0.0],
        [-0.945_249_939_702_061_7, -0.020_099_677_395_438_7, 2.590_114_679_56e-5, 0.0, 0.0],
        [1.224_771_976_433_692_4, -0.075_571_790_494_346_2, 1.478_791_187_119e-4, -7.967_252_8e-8, 1.503_8e-11],
    ],
];

impl Unit {
    /// The pin of a channel.
    pub fn pin(self, channel: u32) -> Option<usize> {
        (channel < 10).then_some(channel as usize + [1, 11][self as usize])
    }

    /// The initial code as the analog registers hold it, ADC_SARn_INITIAL_CODE.
    fn initial_code(self, analog: &Regi2c) -> u32 {
        let low = [0, 3][self as usize];
        let (low, high) = (analog.analog(SAR_ADC, low), analog.analog(SAR_ADC, low + 1));
        u32::from(high & 0xF) << 8 | u32::from(low)
    }

    /// ADC_SARn_ENCAL_GND: the input is the internal ground.
    fn is_grounded(self, analog: &Regi2c) -> bool {
        analog.analog(SAR_ADC, 7) >> [5, 7][self as usize] & 1 != 0
    }

    /// The voltage in millivolts at which this code comes out.
    fn millivolts(self, attenuation: usize, code: u32) -> f64 {
        let straight = f64::from(code) * 850.0 / f64::from(RAW_AT_850_MV[attenuation]);
        let [c0, c1, c2, c3, c4] = ERROR[self as usize][attenuation];
        straight - ((((c4 * straight + c3) * straight + c2) * straight + c1) * straight + c0)
    }

    /// The code nearest to a voltage. The curve rises everywhere.
    pub fn code(self, attenuation: usize, microvolts: u32) -> u32 {
        let wanted = f64::from(microvolts) / 1000.0;
        let (mut low, mut high) = (0, FULL_SCALE);
        while low < high {
            let middle = (low + high) / 2;
            let border = (self.millivolts(attenuation, middle) + self.millivolts(attenuation, middle + 1)) / 2.0;
            if wanted < border {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        low
    }

    /// One conversion of a channel (`None`: no pad is connected).
    pub fn convert(self, channel: Option<u32>, attenuation: u32, analog: &Regi2c, fabric: &Fabric) -> u32 {
        let attenuation = attenuation as usize & 3;
        let pin = channel.and_then(|channel| self.pin(channel)).filter(|_| !self.is_grounded(analog));
        let ideal = pin.map_or(0, |pin| self.code(attenuation, fabric.microvolts[pin]));
        let offset = match self.initial_code(analog) {
            0 => 0,
            code => INITIAL_CODES[self as usize][attenuation] as i32 - code as i32,
        };
        (ideal as i32 + offset).clamp(0, FULL_SCALE as i32) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What ESP-IDF's `adc_cali_curve_fitting.c` makes of a code: the gradient as an integer of 65536ths, then the error, each
    /// term cut to whole millivolts.
    fn as_firmware_reads(unit: Unit, attenuation: usize, code: u32) -> i64 {
        let gradient = 65_536 * 850 / u64::from(RAW_AT_850_MV[attenuation]);
        let first = u64::from(code) * gradient / 65_536;
        let mut power = 1.0;
        let mut error = 0;
        for coefficient in ERROR[unit as usize][attenuation] {
            error += (coefficient * power) as i64;
            power *= first as f64;
        }
        first as i64 - if first == 0 { 0 } else { error }
    }

    /// ESP-IDF `adc_cali_curve_fitting.c` gives the voltage back within 1 % or, at the low end, the 2 mV by which its whole
    /// numbers are coarse. Ranges: ESP32-S3 datasheet, ADC calibration results (0 to 850, 1100, 1600, 2900 mV).
    #[test]
    fn the_calibration_of_the_driver_gives_the_voltage_back() {
        for unit in [Unit::Adc1, Unit::Adc2] {
            for (attenuation, top) in [(0, 850), (1, 1100), (2, 1600), (3, 2900)] {
                for millivolts in (20..=top).step_by(10) {
                    let code = unit.code(attenuation, millivolts * 1000);
                    let read = as_firmware_reads(unit, attenuation, code);
                    let off = (read - i64::from(millivolts)).abs();
                    assert!(
                        off * 100 <= i64::from(millivolts).max(200),
                        "{unit:?} {attenuation}: {millivolts} reads {read}"
                    );
                }
            }
        }
    }

    /// TRM chapter 39, ESP-IDF `soc/adc_channel.h`: channel 0 of ADC1 is GPIO1, channel 9 of ADC2 is GPIO20.
    #[test]
    fn channels_are_consecutive_pins() {
        assert_eq!(
            [Unit::Adc1.pin(0), Unit::Adc1.pin(9), Unit::Adc2.pin(0), Unit::Adc2.pin(9)].map(Option::unwrap),
            [1, 10, 11, 20]
        );
        assert_eq!(Unit::Adc1.pin(10), None);
    }

    /// The datasheet's full scale: beyond it the code stays at 4095.
    #[test]
    fn codes_end_at_12_bits() {
        for attenuation in 0..4 {
            assert_eq!(Unit::Adc1.code(attenuation, 3_400_000), 4095);
            assert_eq!(Unit::Adc1.code(attenuation, 0), 0);
        }
    }
}
