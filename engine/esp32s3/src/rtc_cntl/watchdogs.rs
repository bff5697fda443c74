//! The RTC watchdog and the super watchdog. TRM 13.2 and 13.3.

use super::registers::*;
use super::RtcCntl;
use crate::fabric::{Fabric, Reason, Request};
use crate::slots::Slot;
use crate::watchdog::{Action, KEY};
use engine_core::time::{Hertz, Ps, SECOND};

/// The key that opens SWD_CONF: the reset value of SWD_WPROTECT.
const SUPER_KEY: u32 = 0x8F1D_312A;
const SUPER_TIMEOUT: Ps = SECOND;
/// GPIO_STRAP: the chip starts from flash.
const SPI_BOOT: u32 = 1 << 3;

impl RtcCntl {
    /// Registers that a key guards keep their value without it.
    pub(super) fn is_locked(&self, register: Reg) -> bool {
        match register {
            Reg::WDTCONFIG0 | Reg::WDTCONFIG1 | Reg::WDTCONFIG2 | Reg::WDTCONFIG3 | Reg::WDTCONFIG4 | Reg::WDTFEED => {
                self.regs.get(Reg::WDTWPROTECT) != KEY
            }
            Reg::SWD_CONF => self.regs.get(Reg::SWD_WPROTECT) != SUPER_KEY,
            _ => false,
        }
    }

    pub(super) fn set_up_watchdog(&mut self, fabric: &mut Fabric) {
        let config = self.regs.get(Reg::WDTCONFIG0);
        let guards = WDTCONFIG0::WDT_FLASHBOOT_MOD_EN.is_set(config) && fabric.boot_straps() & SPI_BOOT != 0;
        let hold = |register| u64::from(self.regs.get(register));
        let mut stages = [
            // EFUSE_WDT_DELAY_SEL: at least twice as long as the register says (ESP-IDF `hal/rwdt_ll.h`).
            (Action::of(WDTCONFIG0::WDT_STG0.get(config)), hold(Reg::WDTCONFIG1) << (1 + fabric.wdt_delay_sel)),
            (Action::of(WDTCONFIG0::WDT_STG1.get(config)), hold(Reg::WDTCONFIG2)),
            (Action::of(WDTCONFIG0::WDT_STG2.get(config)), hold(Reg::WDTCONFIG3)),
            (Action::of(WDTCONFIG0::WDT_STG3.get(config)), hold(Reg::WDTCONFIG4)),
        ];
        if guards {
            stages[0].0 = Action::ResetSystem;
        }
        let paused = self.sleep.is_some() && WDTCONFIG0::WDT_PAUSE_IN_SLP.is_set(config);
        let rate = if paused { Hertz::STOPPED } else { fabric.rates.rtc_slow };
        self.watchdog.set_up(guards || WDTCONFIG0::WDT_EN.is_set(config), rate, stages, fabric.now());
        fabric.at(Slot::RtcWatchdog, self.watchdog.due());
    }

    pub(super) fn feed(&mut self, fabric: &mut Fabric) {
        self.watchdog.feed(fabric.now());
        fabric.at(Slot::RtcWatchdog, self.watchdog.due());
    }

    pub(super) fn bite(&mut self, fabric: &mut Fabric) {
        let config = self.regs.get(Reg::WDTCONFIG0);
        while let Some(action) = self.watchdog.expire(fabric.now()) {
            match action {
                Action::None => {}
                Action::Interrupt => self.raise(INT_RAW_RTC::WDT_INT_RAW.mask, fabric),
                Action::ResetCpu => {
                    let enabled = [WDTCONFIG0::WDT_PROCPU_RESET_EN, WDTCONFIG0::WDT_APPCPU_RESET_EN];
                    for core in (0..2).filter(|core| enabled[*core].is_set(config)) {
                        fabric.request(Request::RestartCore(core as u8, Reason::CpuRtcWdt));
                    }
                }
                Action::ResetCore => fabric.request(Request::Restart(Reason::CoreRtcWdt)),
                Action::ResetSystem => fabric.request(Request::Restart(Reason::SystemRtcWdt)),
            }
        }
        fabric.at(Slot::RtcWatchdog, self.watchdog.due());
    }

    pub(super) fn write_super_watchdog(&mut self, raw: u32, fabric: &mut Fabric) {
        let config = self.regs.get(Reg::SWD_CONF);
        if SWD_CONF::SWD_FEED.is_set(raw) {
            self.super_fed = fabric.now();
            self.regs.set_field(Reg::SWD_CONF, SWD_CONF::SWD_FEED_INT, 0);
        }
        if SWD_CONF::SWD_RST_FLAG_CLR.is_set(raw) {
            self.regs.set_field(Reg::SWD_CONF, SWD_CONF::SWD_RESET_FLAG, 0);
        }
        // The mask ROM's download mode never feeds it, and waits for esptool without end.
        let downloads = fabric.boot_straps() & SPI_BOOT == 0;
        if downloads || SWD_CONF::SWD_DISABLE.is_set(config) || SWD_CONF::SWD_AUTO_FEED_EN.is_set(config) {
            self.super_fed = fabric.now();
            fabric.cancel(Slot::SuperWatchdog);
        } else {
            // The interrupt comes half-way, to ask for food.
            let asked = SWD_CONF::SWD_FEED_INT.is_set(self.regs.get(Reg::SWD_CONF));
            let wait = if asked { SUPER_TIMEOUT } else { SUPER_TIMEOUT / 2 };
            fabric.at(Slot::SuperWatchdog, self.super_fed.saturating_add(wait));
        }
    }

    pub(super) fn super_bite(&mut self, fabric: &mut Fabric) {
        if fabric.now() < self.super_fed.saturating_add(SUPER_TIMEOUT) {
            self.regs.set_field(Reg::SWD_CONF, SWD_CONF::SWD_FEED_INT, 1);
            self.raise(INT_RAW_RTC::SWD_INT_RAW.mask, fabric);
            self.write_super_watchdog(0, fabric);
        } else {
            fabric.request(Request::Restart(Reason::SystemSuperWdt));
        }
    }
}
