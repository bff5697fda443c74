//! The clocks of SPI1 and when it samples what the flash chip answers: the timing calibration of ESP-IDF
//! `hal/esp32s3/include/hal/mspi_ll.h`. SPI0's DIN_MODE and DIN_NUM hold for both controllers ("SPI0 and SPI1 share",
//! `esp_hw_support/mspi_timing_tuning`): they bring the data lines in later by up to some cycles of the core clock, for which
//! software adds dummy clocks to its reads. Too few of those and the first bits are of the time before, too many and they are
//! missed: that is how ESP-IDF finds out which settings work, where the flash runs at 120 MHz.
//!
//! # Fidelity
//! - The delays were measured on no silicon. They are such that of each of ESP-IDF's lists for a quad chip (soc
//!   `mspi_timing_tuning_configs.h`, STR) a run of neighbours works, among them the one that it falls back to.
//! - All lines have the delay of IO1, on which an answer on one line comes.
//! - A chip of eight lines and the PSRAM are sampled right whatever the settings: ESP-IDF takes that for a failure ("tuning
//!   fail") and goes on with the setting that works most often. The caches' own reads are sampled right as well.

use engine_core::time::Hertz;

/// What SPI1 has from SPI0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// The core clock of both controllers.
    pub core_clock: Hertz,
    /// DIN1_MODE.
    pub mode: u32,
    /// DIN1_NUM.
    pub num: u32,
}

impl Timing {
    /// Without calibration.
    pub const fn plain(core_clock: Hertz) -> Self {
        Self { core_clock, mode: 0, num: 0 }
    }

    /// How many whole clocks later than it is there a bit is sampled.
    pub fn late(&self, divider: u32) -> usize {
        self.quarters().div_ceil(4 * divider) as usize
    }

    /// The delay in quarters of a core clock cycle.
    fn quarters(&self) -> u32 {
        match self.mode {
            0 => 0,
            1 => 2 + 4 * self.num,
            2 => 5 + 4 * self.num / 3,
            _ => 7 + 4 * self.num,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// mode, number, additional dummy clocks.
    type Setting = (u32, u32, u32);

    /// The longest run of settings that work, as ESP-IDF looks for it: how long, and its last place.
    fn run(list: &[Setting], megahertz: u64, divider: u32) -> (usize, usize) {
        let core_clock = Hertz::new(megahertz * 1_000_000);
        let (mut best, mut length) = ((0, 0), 0);
        for (place, &(mode, num, dummy)) in list.iter().enumerate() {
            let works = Timing { core_clock, mode, num }.late(divider) == dummy as usize;
            length = if works { length + 1 } else { 0 };
            if length > best.0 {
                best = (length, place);
            }
        }
        best
    }

    /// ESP-IDF `mspi_timing_tuning_configs.h`, flash, STR: three or four neighbours are a success, and place 2 is the default.
    #[test]
    fn each_of_esp_idf_s_lists_has_a_run_of_settings_that_work() {
        let halves =
            [(1, 0, 0), (0, 0, 0), (1, 1, 1), (2, 3, 2), (1, 0, 1), (0, 0, 1), (1, 1, 2), (2, 3, 3), (1, 0, 2)];
        assert_eq!(run(&halves, 240, 2), (4, 4));
        let whole = [(2, 0, 1), (0, 0, 0), (2, 2, 2), (1, 0, 1), (2, 0, 2), (0, 0, 1), (2, 2, 3), (1, 0, 2), (2, 0, 3)];
        assert_eq!(run(&whole, 120, 1), (4, 4));
        let slow = [(1, 0, 0), (0, 0, 0), (2, 1, 1), (2, 0, 1), (2, 2, 2), (2, 1, 2), (1, 0, 1), (0, 0, 1)];
        assert_eq!(run(&slow, 160, 2), (3, 3));
    }

    #[test]
    fn without_calibration_nothing_is_late() {
        assert_eq!(Timing::plain(Hertz::new(80_000_000)).late(1), 0);
    }
}
