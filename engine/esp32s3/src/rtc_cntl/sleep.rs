//! Light and deep sleep. TRM 10.4.

use super::registers::*;
use super::RtcCntl;
use crate::fabric::{Fabric, Reason, Request};
use crate::signals::{U0RXD, U1RXD};
use crate::slots::Slot;
use engine_core::time::Ps;
use serde::{Deserialize, Serialize};

/// The bits of WAKEUP_ENA, WAKEUP_CAUSE, SLEEP_REJECT_ENA and REJECT_CAUSE: TRM table 10-5, ESP-IDF `soc/rtc.h`.
#[allow(missing_docs)]
pub mod wake_source {
    pub const EXT0: u32 = 1 << 0;
    pub const EXT1: u32 = 1 << 1;
    pub const GPIO: u32 = 1 << 2;
    pub const TIMER: u32 = 1 << 3;
    pub const UART0: u32 = 1 << 6;
    pub const UART1: u32 = 1 << 7;
    pub const TOUCH: u32 = 1 << 8;
    pub const ULP: u32 = 1 << 9;
    pub const COCPU: u32 = 1 << 11;
    pub const XTAL32K_DEAD: u32 = 1 << 12;
    pub const USB: u32 = 1 << 14;
}
use wake_source::{EXT0, EXT1, GPIO, UART0, UART1};

/// The chip sleeps.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Sleep {
    deep: bool,
    since: Ps,
    /// What wakes it: it is on its way up if there is anything.
    cause: u32,
    /// The pins of the inputs of UART0 and UART1, and the edges seen there.
    uarts: [(Option<u8>, u16); 2],
}

impl RtcCntl {
    /// Does the chip sleep?
    pub fn is_asleep(&self) -> bool {
        self.sleep.is_some()
    }

    /// Is it deep sleep, and nothing has woken the chip yet?
    pub(crate) fn is_in_deep_sleep(&self) -> bool {
        self.sleep.as_ref().is_some_and(|sleep| sleep.deep)
    }

    pub(super) fn write_state(&mut self, raw: u32, fabric: &mut Fabric) {
        if STATE0::SLP_REJECT_CAUSE_CLR.is_set(raw) {
            self.regs.set(Reg::SLP_REJECT_CAUSE, 0);
        }
        if STATE0::SLEEP_EN.is_set(raw) && self.sleep.is_none() {
            self.go_to_sleep(fabric);
        }
    }

    fn go_to_sleep(&mut self, fabric: &mut Fabric) {
        let deep = DIG_PWC::DG_WRAP_PD_EN.is_set(self.regs.get(Reg::DIG_PWC));
        let config = self.regs.get(Reg::SLP_REJECT_CONF);
        let may_reject = [SLP_REJECT_CONF::LIGHT_SLP_REJECT_EN, SLP_REJECT_CONF::DEEP_SLP_REJECT_EN][usize::from(deep)];
        let rejected = self.levels_that_wake(fabric) & SLP_REJECT_CONF::SLEEP_REJECT_ENA.get(config);
        if may_reject.is_set(config) && rejected != 0 {
            self.regs.set(Reg::SLP_REJECT_CAUSE, rejected);
            self.regs.set_field(Reg::STATE0, STATE0::SLEEP_EN, 0);
            self.raise(INT_RAW_RTC::SLP_REJECT_INT_RAW.mask, fabric);
            return;
        }
        let uarts = [U0RXD, U1RXD].map(|signal| (fabric.io.source_of(signal), 0));
        self.sleep = Some(Sleep { deep, since: fabric.now(), cause: 0, uarts });
        self.regs.set(Reg::SLP_WAKEUP_CAUSE, 0);
        self.auto_hold(deep, fabric);
        self.latch_time(TIME_UPDATE::TIMER_XTL_OFF.is_set(self.regs.get(Reg::TIME_UPDATE)), fabric);
        fabric.sleep_pads(true);
        fabric.selection.asleep = true;
        fabric.selection.xtal_in_sleep = OPTIONS0::XTL_FORCE_PU.is_set(self.regs.get(Reg::OPTIONS0));
        fabric.settle_clocks();
        fabric.wake.watching = self.pins_that_wake(fabric);
        self.set_up_watchdog(fabric);
        fabric.request(Request::Sleep(deep));
        self.wake_by(self.levels_that_wake(fabric), fabric);
    }

    fn enabled(&self) -> u32 {
        WAKEUP_STATE::WAKEUP_ENA.get(self.regs.get(Reg::WAKEUP_STATE))
    }

    fn ext1_pins(&self) -> u64 {
        u64::from(EXT_WAKEUP1::EXT_WAKEUP1_SEL.get(self.regs.get(Reg::EXT_WAKEUP1)))
    }

    /// Pins of EXT1 that stand at the level that wakes: any of them is enough (ESP-IDF `esp_sleep.h`, ANY_LOW and ANY_HIGH).
    fn ext1_active(&self, levels: u64) -> u64 {
        let high = EXT_WAKEUP_CONF::EXT_WAKEUP1_LV.is_set(self.regs.get(Reg::EXT_WAKEUP_CONF));
        self.ext1_pins() & if high { levels } else { !levels }
    }

    /// The sources among the pins that are at the level that wakes.
    fn levels_that_wake(&self, fabric: &Fabric) -> u32 {
        let levels = fabric.pins.level();
        let config = self.regs.get(Reg::EXT_WAKEUP_CONF);
        let mut sources = 0;
        let ext0 = levels >> fabric.wake.ext0_pin & 1 != 0;
        if ext0 == EXT_WAKEUP_CONF::EXT_WAKEUP0_LV.is_set(config) {
            sources |= EXT0;
        }
        if self.ext1_active(levels) != 0 {
            sources |= EXT1;
        }
        let light = !DIG_PWC::DG_WRAP_PD_EN.is_set(self.regs.get(Reg::DIG_PWC));
        if fabric.wake.rtc_io.are_met(levels) || (light && fabric.wake.gpio.are_met(levels)) {
            sources |= GPIO;
        }
        sources
    }

    fn pins_that_wake(&self, fabric: &Fabric) -> u64 {
        let wake = &fabric.wake;
        let uarts = self.sleep.iter().flat_map(|sleep| sleep.uarts).filter_map(|(pin, _)| pin);
        let uarts = uarts.fold(0, |pins, pin| pins | 1 << pin);
        1 << wake.ext0_pin | self.ext1_pins() | wake.gpio.pins() | wake.rtc_io.pins() | uarts
    }

    /// Levels of pins have changed.
    pub fn pins_changed(&mut self, changed: u64, fabric: &mut Fabric) {
        let Some(sleep) = &mut self.sleep else { return };
        let mut sources = 0;
        for (n, source) in [UART0, UART1].into_iter().enumerate() {
            let (Some(pin), edges) = &mut sleep.uarts[n] else { continue };
            if changed >> *pin & 1 != 0 && !sleep.deep {
                *edges += 1;
                if *edges >= fabric.wake.uart_edges[n] {
                    sources |= source;
                }
            }
        }
        sources |= self.levels_that_wake(fabric);
        self.wake_by(sources, fabric);
    }

    /// Sources are active: the first that is enabled wakes the chip.
    pub fn wake_by(&mut self, sources: u32, fabric: &mut Fabric) {
        let enabled = self.enabled();
        let shortest = fabric.rates.rtc_slow.duration(TIMER5::MIN_SLP_VAL.get(self.regs.get(Reg::TIMER5)).into());
        let crystal = TIMER1::XTL_BUF_WAIT.get(self.regs.get(Reg::TIMER1));
        let start = fabric.rates.rtc_slow.duration(crystal.into());
        let Some(sleep) = &mut self.sleep else { return };
        if sleep.cause != 0 || sources & enabled == 0 {
            return;
        }
        sleep.cause = sources & enabled;
        let from = fabric.now().max(sleep.since.saturating_add(shortest));
        let wait = if fabric.selection.xtal_in_sleep { 0 } else { start };
        fabric.at(Slot::RtcSleep, from.saturating_add(wait));
    }

    /// The chip is up again.
    pub(super) fn wake(&mut self, fabric: &mut Fabric) {
        let Some(sleep) = self.sleep.take() else { return };
        self.regs.set(Reg::SLP_WAKEUP_CAUSE, sleep.cause);
        if sleep.cause & EXT1 != 0 {
            let pins = self.ext1_active(fabric.pins.level());
            self.regs.set(Reg::EXT_WAKEUP1_STATUS, pins as u32);
        }
        self.regs.set_field(Reg::STATE0, STATE0::SLEEP_EN, 0);
        fabric.wake.watching = 0;
        fabric.sleep_pads(false);
        fabric.selection.asleep = false;
        fabric.settle_clocks();
        self.set_up_watchdog(fabric);
        if sleep.deep {
            fabric.request(Request::Restart(Reason::DeepSleep));
        } else {
            self.raise(INT_RAW_RTC::SLP_WAKEUP_INT_RAW.mask, fabric);
            fabric.request(Request::Wake);
        }
    }
}
