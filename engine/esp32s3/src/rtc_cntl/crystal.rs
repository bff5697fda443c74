//! The watchdog of the 32 kHz crystal. ESP-IDF `hal/xt_wdt_hal.h`, `hal/xt_wdt_ll.h`.

use super::registers::*;
use super::{wake_source, RtcCntl};
use crate::fabric::{Fabric, RC_SLOW_HZ};
use crate::slots::Slot;
use engine_core::time::Hertz;

impl RtcCntl {
    /// XTAL32K_CONF, XTAL32K_CLK_FACTOR or EXT_XTL_CONF was written, or clocks have changed: while the crystal stands still the
    /// watchdog counts XTAL32K_WDT_TIMEOUT cycles of RC_SLOW_CLK.
    pub(super) fn watch_crystal(&mut self, fabric: &mut Fabric) {
        let conf = self.regs.get(Reg::EXT_XTL_CONF);
        let runs = fabric.selection.xtal32k().is_running();
        let returns = runs && EXT_XTL_CONF::XTAL32K_AUTO_RETURN.is_set(conf);
        if EXT_XTL_CONF::XTAL32K_WDT_RESET.is_set(conf) || !EXT_XTL_CONF::XTAL32K_WDT_EN.is_set(conf) || returns {
            self.crystal_died = false;
            self.settle_backup(fabric);
        }
        if !EXT_XTL_CONF::XTAL32K_WDT_EN.is_set(conf) || runs || self.crystal_died {
            fabric.cancel(Slot::CrystalWatchdog);
        } else if fabric.events.due(Slot::CrystalWatchdog as usize) == engine_core::time::Ps::MAX {
            let cycles = XTAL32K_CONF::XTAL32K_WDT_TIMEOUT.get(self.regs.get(Reg::XTAL32K_CONF));
            fabric.after(Slot::CrystalWatchdog, Hertz::new(RC_SLOW_HZ).duration(cycles.into()));
        }
    }

    /// The crystal is dead.
    pub(super) fn crystal_is_dead(&mut self, fabric: &mut Fabric) {
        self.crystal_died = true;
        self.raise(INT_RAW_RTC::XTAL32K_DEAD_INT_RAW.mask, fabric);
        self.settle_backup(fabric);
        self.wake_by(wake_source::XTAL32K_DEAD, fabric);
    }

    /// XTAL32K_AUTO_BACKUP: RC_SLOW_CLK takes the crystal's place. The eight parts of XTAL32K_CLK_FACTOR are its cycles in eight
    /// halves of a period, so four periods take their sum.
    fn settle_backup(&self, fabric: &mut Fabric) {
        let backs_up = EXT_XTL_CONF::XTAL32K_AUTO_BACKUP.is_set(self.regs.get(Reg::EXT_XTL_CONF)) && self.crystal_died;
        let factor = self.regs.get(Reg::XTAL32K_CLK_FACTOR);
        let cycles: u64 = (0..8).map(|part| u64::from(factor >> (4 * part) & 0xF)).sum();
        let backup = (backs_up && cycles != 0).then(|| Hertz::new(RC_SLOW_HZ).scaled(4, cycles));
        if fabric.selection.xtal32k_backup != backup {
            fabric.selection.xtal32k_backup = backup;
            fabric.settle_clocks();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::Block;
    use engine_core::registers::Write;
    use engine_core::time::MICROSECOND;

    /// `xt_wdt_hal_init`, `xt_wdt_hal_enable_backup_clk` and `xt_wdt_hal_enable` at 136 kHz: the sum of the factor's parts is
    /// 136 * 4 / 32 = 17. XTAL32K_DEAD is bit 16 of the interrupts.
    #[test]
    fn a_crystal_that_dies_is_told_and_replaced() {
        let (mut rtc, mut fabric) = (RtcCntl::new(), Fabric::new());
        rtc.reset(&mut fabric);
        fabric.selection.xtal32k_fitted = true;
        let conf = 1 << 7 | 1 << 16;
        let mut set = |offset, value| rtc.write(offset, Write::word(value), &mut fabric);
        set(0x0F8, 200 << 20);
        set(0x0F4, 0x2222_2223);
        // ANA_CLK_RTC_SEL 1: the crystal.
        set(0x074, 1 << 30);
        set(0x060, conf | 1 << 4 | 1);
        assert_eq!(fabric.rates.rtc_slow, Hertz::new(32_768));
        assert_eq!(fabric.events.due(Slot::CrystalWatchdog as usize), engine_core::time::Ps::MAX);
        fabric.selection.xtal32k_fitted = false;
        fabric.settle_clocks();
        rtc.clocks_changed(&mut fabric);
        let due = fabric.events.due(Slot::CrystalWatchdog as usize);
        assert_eq!(due / MICROSECOND, 200_000 / 136, "200 cycles of 136 kHz");
        rtc.event(Slot::CrystalWatchdog, &mut fabric);
        assert_eq!(rtc.read(0x44, &mut fabric) >> 16 & 1, 1);
        assert_eq!(fabric.rates.rtc_slow, Hertz::new(32_000));
        rtc.write(0x060, Write::word(conf | 1 << 4 | 1 << 2), &mut fabric);
        assert!(!fabric.rates.rtc_slow.is_running(), "the watchdog's reset ends the backup");
    }
}
