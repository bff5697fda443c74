//! The clock tree: what the registers of SYSTEM and RTC_CNTL select, and the rates that follow. ESP32-S3 TRM chapter 7.
//!
//! # Fidelity
//! - Rates: exact; RC_FAST and RC_SLOW run at their nominal rates, without drift.
//! - A new selection works at once: the switch of the CPU clock and the PLL's lock time take no time.

use crate::fabric::{Rates, RC_FAST_HZ, RC_SLOW_HZ, XTAL32K_HZ, XTAL_HZ};
use engine_core::time::Hertz;
use serde::{Deserialize, Serialize};

/// What is selected. SYSTEM and RTC_CNTL keep it up to date and call [`crate::fabric::Fabric::settle_clocks`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Selection {
    /// SYSTEM_SOC_CLK_SEL: 0 is XTAL_CLK, 1 is PLL_CLK, 2 is RC_FAST_CLK.
    pub soc_clk: u32,
    /// SYSTEM_PRE_DIV_CNT: one less than the divisor of XTAL_CLK and RC_FAST_CLK.
    pub pre_div: u32,
    /// SYSTEM_PLL_FREQ_SEL: 480 MHz, not 320 MHz.
    pub pll_480: bool,
    /// SYSTEM_CPUPERIOD_SEL: 0, 1, 2 are 80, 160, 240 MHz.
    pub cpu_period: u32,
    /// The PLL is not powered down.
    pub pll_on: bool,
    /// RC_FAST_CLK is not powered down.
    pub rc_fast_on: bool,
    /// A crystal of 32 768 Hz is on XTAL_32K_P and XTAL_32K_N.
    pub xtal32k_fitted: bool,
    /// What runs in its place while its watchdog has it for dead.
    pub xtal32k_backup: Option<Hertz>,
    /// XTAL32K_CLK is powered.
    pub xtal32k_on: bool,
    /// RTC_CNTL_ANA_CLK_RTC_SEL: 0 is RC_SLOW_CLK, 1 is XTAL32K_CLK, 2 is RC_FAST_DIV_CLK.
    pub rtc_slow: u32,
    /// RTC_CNTL_FAST_CLK_RTC_SEL: RC_FAST_CLK, not XTAL_DIV_CLK.
    pub rtc_fast_is_rc: bool,
    /// The chip sleeps: APB_CLK and PLL_CLK stand still.
    pub asleep: bool,
    /// The crystal runs on in sleep.
    pub xtal_in_sleep: bool,
}

impl Selection {
    /// After power-on: the crystal divided by 2.
    pub const fn new() -> Self {
        Self {
            soc_clk: 0,
            pre_div: 1,
            pll_480: true,
            cpu_period: 0,
            pll_on: true,
            rc_fast_on: true,
            xtal32k_fitted: false,
            xtal32k_backup: None,
            xtal32k_on: false,
            rtc_slow: 0,
            rtc_fast_is_rc: false,
            asleep: false,
            xtal_in_sleep: false,
        }
    }

    /// XTAL32K_CLK.
    pub fn xtal32k(&self) -> Hertz {
        running(self.xtal32k_fitted && self.xtal32k_on, Hertz::new(XTAL32K_HZ))
    }

    /// RC_FAST_DIV_CLK.
    pub fn rc_fast_d256(&self) -> Hertz {
        running(self.rc_fast_on, Hertz::new(RC_FAST_HZ).scaled(1, 256))
    }

    /// CPU_CLK, TRM table 7-2. It does not stop in sleep, because the processors' time is counted in it: they are held instead.
    pub fn cpu(&self) -> Hertz {
        let divisor = u64::from(self.pre_div) + 1;
        match self.soc_clk {
            1 => match self.cpu_period {
                0 => Hertz::new(80_000_000),
                2 if self.pll_480 => Hertz::new(240_000_000),
                _ => Hertz::new(160_000_000),
            },
            2 => Hertz::new(RC_FAST_HZ).scaled(1, divisor),
            _ => Hertz::new(XTAL_HZ).scaled(1, divisor),
        }
    }

    /// All other rates, TRM tables 7-3 to 7-6.
    pub fn rates(&self) -> Rates {
        let cpu = self.cpu();
        let from_pll = self.soc_clk == 1;
        let pll_runs = (self.pll_on || from_pll) && !self.asleep;
        let pll = running(pll_runs, Hertz::new(if self.pll_480 { 480_000_000 } else { 320_000_000 }));
        let rc_fast = running(self.rc_fast_on, Hertz::new(RC_FAST_HZ));
        let xtal = running(!self.asleep || self.xtal_in_sleep, Hertz::new(XTAL_HZ));
        Rates {
            apb: running(!self.asleep, if from_pll { Hertz::new(80_000_000) } else { cpu }),
            crypto: running(!self.asleep, if from_pll { Hertz::new(160_000_000) } else { cpu }),
            xtal,
            pll,
            pll_f160: running(pll_runs, Hertz::new(160_000_000)),
            pll_d2: pll.scaled(1, 2),
            rc_fast,
            rtc_slow: match self.rtc_slow {
                1 => self.xtal32k_backup.unwrap_or_else(|| self.xtal32k()),
                2 => self.rc_fast_d256(),
                _ => Hertz::new(RC_SLOW_HZ),
            },
            rtc_fast: if self.rtc_fast_is_rc { rc_fast } else { xtal.scaled(1, 2) },
        }
    }
}

impl Default for Selection {
    fn default() -> Self {
        Self::new()
    }
}

fn running(on: bool, rate: Hertz) -> Hertz {
    if on {
        rate
    } else {
        Hertz::STOPPED
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// TRM table 7-2: with SOC_CLK_SEL = 1, CPUPERIOD_SEL 0 to 2 are 80, 160 and 240 MHz; APB_CLK is 80 MHz, CRYPTO_CLK 160 MHz.
    #[test]
    fn the_pll_gives_80_160_and_240_mhz() {
        for (cpu_period, mhz) in [(0, 80), (1, 160), (2, 240)] {
            let selection = Selection { soc_clk: 1, cpu_period, ..Selection::new() };
            assert_eq!(selection.cpu(), Hertz::new(mhz * 1_000_000));
            let rates = selection.rates();
            assert_eq!((rates.apb.round(), rates.crypto.round()), (80_000_000, 160_000_000));
            assert_eq!(rates.pll_d2, Hertz::new(240_000_000));
        }
    }

    /// TRM 7.2.3: without the PLL, APB_CLK and CRYPTO_CLK are CPU_CLK.
    #[test]
    fn the_crystal_is_divided_by_one_more_than_pre_div_cnt() {
        let selection = Selection { pre_div: 3, ..Selection::new() };
        assert_eq!(selection.cpu(), Hertz::new(10_000_000));
        assert_eq!((selection.rates().apb, selection.rates().crypto), (selection.cpu(), selection.cpu()));
    }

    #[test]
    fn in_sleep_only_the_rtc_clocks_run() {
        let rates = Selection { soc_clk: 1, asleep: true, ..Selection::new() }.rates();
        assert!(!rates.apb.is_running() && !rates.pll.is_running() && !rates.xtal.is_running());
        assert_eq!(rates.rtc_slow, Hertz::new(RC_SLOW_HZ));
    }
}
