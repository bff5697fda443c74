//! TIMG0 and TIMG1: two general-purpose timers, a watchdog and the calibration of slow clocks each. ESP32-S3 TRM chapters 12
//! and 13.
//!
//! # Fidelity
//! - Timers: exact, on APB_CLK or XTAL_CLK; a change of the divider or of the clock starts a new tick.
//! - Watchdog: exact stages; a reset takes no time, so the reset lengths have no effect.
//! - Calibration: exact, from the rates of the clock tree. A clock that stands still runs into the time-out.
//! - REGCLK is stored.

pub mod registers;
mod timer;

use crate::block::{undeclared, Block};
use crate::fabric::{Fabric, Reason, Request, RC_SLOW_HZ};
use crate::slots::Slot;
use crate::sources::Source;
use crate::watchdog::{Action, Watchdog, KEY};
use engine_core::registers::{Bank, Group, Registers, Write};
use engine_core::time::{Hertz, Ps};
use registers::{Reg, RTCCALICFG, RTCCALICFG1, RTCCALICFG2, WDTCONFIG0, WDTCONFIG1};
use serde::{Deserialize, Serialize};
use timer::GpTimer;

/// Distance between the timers' registers.
const TIMER_STEP: u32 = 0x24;
/// Offset of what follows the timers.
const GROUP: u32 = 0x48;
/// The interrupt bits: T0, T1, WDT.
const INTERRUPTS: u32 = 0b111;
const WDT_BIT: u32 = 1 << 2;

/// What is different in the two groups.
struct Wiring {
    timer_slots: [Slot; 2],
    wdt_slot: Slot,
    sources: [Source; 3],
    core_reset: Reason,
    cpu_reset: Reason,
}

const WIRING: [Wiring; 2] = [
    Wiring {
        timer_slots: [Slot::Timg0T0, Slot::Timg0T1],
        wdt_slot: Slot::Timg0Wdt,
        sources: [Source::TG0_T0, Source::TG0_T1, Source::TG0_WDT],
        core_reset: Reason::CoreMwdt0,
        cpu_reset: Reason::CpuMwdt0,
    },
    Wiring {
        timer_slots: [Slot::Timg1T0, Slot::Timg1T1],
        wdt_slot: Slot::Timg1Wdt,
        sources: [Source::TG1_T0, Source::TG1_T1, Source::TG1_WDT],
        core_reset: Reason::CoreMwdt1,
        cpu_reset: Reason::CpuMwdt1,
    },
];

/// A timer group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Timg {
    number: usize,
    regs: Bank<Reg>,
    timers: [GpTimer; 2],
    watchdog: Watchdog,
    /// When the calibration under way began.
    calibrating_since: Option<Ps>,
}

impl Timg {
    /// The group of this number after power-on.
    pub fn new(number: usize) -> Self {
        Self {
            number,
            regs: Bank::new(),
            timers: [GpTimer::new(), GpTimer::new()],
            watchdog: Watchdog::new(),
            calibrating_since: None,
        }
    }

    fn wiring(&self) -> &'static Wiring {
        &WIRING[self.number]
    }

    fn raise(&mut self, bits: u32, fabric: &mut Fabric) {
        self.regs.set(Reg::INT_RAW_TIMERS, self.regs.get(Reg::INT_RAW_TIMERS) | bits);
        self.update_irq(fabric);
    }

    fn interrupts(&self) -> u32 {
        self.regs.get(Reg::INT_RAW_TIMERS) & self.regs.get(Reg::INT_ENA_TIMERS) & INTERRUPTS
    }

    fn update_irq(&self, fabric: &mut Fabric) {
        let status = self.interrupts();
        for (n, source) in self.wiring().sources.into_iter().enumerate() {
            fabric.set_irq(source, status >> n & 1 != 0);
        }
    }

    fn settle_timer(&mut self, n: usize, fabric: &mut Fabric) {
        if self.timers[n].settle(fabric.now()) {
            self.raise(1 << n, fabric);
        }
        fabric.at(self.wiring().timer_slots[n], self.timers[n].due());
    }

    /// TRM 13.2.2.3: until software turns it off, group 0 guards the boot from flash with its stage 0.
    fn guards_boot(&self, fabric: &Fabric) -> bool {
        const SPI_BOOT: u32 = 1 << 3;
        self.number == 0
            && WDTCONFIG0::WDT_FLASHBOOT_MOD_EN.is_set(self.regs.get(Reg::WDTCONFIG0))
            && fabric.boot_straps() & SPI_BOOT != 0
    }

    fn set_up_watchdog(&mut self, fabric: &mut Fabric) {
        let config = self.regs.get(Reg::WDTCONFIG0);
        let guards = self.guards_boot(fabric);
        let hold = |register| u64::from(self.regs.get(register));
        let mut stages = [
            (Action::of(WDTCONFIG0::WDT_STG0.get(config)), hold(Reg::WDTCONFIG2)),
            (Action::of(WDTCONFIG0::WDT_STG1.get(config)), hold(Reg::WDTCONFIG3)),
            (Action::of(WDTCONFIG0::WDT_STG2.get(config)), hold(Reg::WDTCONFIG4)),
            (Action::of(WDTCONFIG0::WDT_STG3.get(config)), hold(Reg::WDTCONFIG5)),
        ];
        if guards {
            stages[0].0 = Action::ResetCore;
        }
        let prescale = self.regs.field(Reg::WDTCONFIG1, WDTCONFIG1::WDT_CLK_PRESCALE).max(1);
        let rate = fabric.rates.apb.scaled(1, prescale.into());
        let enabled = guards || WDTCONFIG0::WDT_EN.is_set(config);
        self.watchdog.set_up(enabled, rate, stages, fabric.now());
        fabric.at(self.wiring().wdt_slot, self.watchdog.due());
    }

    fn bite(&mut self, fabric: &mut Fabric) {
        let config = self.regs.get(Reg::WDTCONFIG0);
        while let Some(action) = self.watchdog.expire(fabric.now()) {
            match action {
                Action::None => {}
                Action::Interrupt => self.raise(WDT_BIT, fabric),
                Action::ResetCpu => {
                    let enabled = [WDTCONFIG0::WDT_PROCPU_RESET_EN, WDTCONFIG0::WDT_APPCPU_RESET_EN];
                    for core in (0..2).filter(|core| enabled[*core].is_set(config)) {
                        fabric.request(Request::RestartCore(core as u8, self.wiring().cpu_reset));
                    }
                }
                Action::ResetCore | Action::ResetSystem => fabric.request(Request::Restart(self.wiring().core_reset)),
            }
        }
        fabric.at(self.wiring().wdt_slot, self.watchdog.due());
    }

    /// The clock that is being calibrated, TRM 7.3.4 (ESP-IDF `soc/timer_group_reg.h`, RTC_CALI_CLK_SEL).
    fn calibrated_clock(&self, fabric: &Fabric) -> Hertz {
        match self.regs.field(Reg::RTCCALICFG, RTCCALICFG::RTC_CALI_CLK_SEL) {
            0 => Hertz::new(RC_SLOW_HZ),
            1 => fabric.selection.rc_fast_d256(),
            2 => fabric.selection.xtal32k(),
            _ => Hertz::STOPPED,
        }
    }

    /// Cycles of XTAL_CLK in RTC_CALI_MAX cycles of the slow clock, if they have passed by now.
    fn calibration(&self, fabric: &Fabric) -> Option<u32> {
        let since = self.calibrating_since?;
        let cycles = self.regs.field(Reg::RTCCALICFG, RTCCALICFG::RTC_CALI_MAX);
        let span = self.calibrated_clock(fabric).duration(cycles.into());
        (span <= fabric.now().saturating_sub(since)).then(|| fabric.rates.xtal.cycles_in(span) as u32)
    }

    fn is_calibration_late(&self, fabric: &Fabric) -> bool {
        let limit = self.regs.field(Reg::RTCCALICFG2, RTCCALICFG2::RTC_CALI_TIMEOUT_THRES);
        let waited = |since| fabric.rates.xtal.cycles_in(fabric.now().saturating_sub(since)) > u64::from(limit);
        self.calibration(fabric).is_none() && self.calibrating_since.is_some_and(waited)
    }

    fn start_calibration(&mut self, before: u32, fabric: &Fabric) {
        let config = self.regs.get(Reg::RTCCALICFG);
        let starts = RTCCALICFG::RTC_CALI_START.is_set(config & !before);
        if RTCCALICFG::RTC_CALI_START_CYCLING.is_set(config) || starts {
            self.calibrating_since = Some(fabric.now());
        } else if !RTCCALICFG::RTC_CALI_START.is_set(config) {
            self.calibrating_since = None;
        }
    }

    fn is_locked(&self, register: Reg) -> bool {
        let guarded = matches!(
            register,
            Reg::WDTCONFIG0
                | Reg::WDTCONFIG1
                | Reg::WDTCONFIG2
                | Reg::WDTCONFIG3
                | Reg::WDTCONFIG4
                | Reg::WDTCONFIG5
                | Reg::WDTFEED
        );
        guarded && self.regs.get(Reg::WDTWPROTECT) != KEY
    }

    fn timer_at(offset: u32) -> Option<(usize, u32)> {
        (offset < GROUP).then_some(((offset / TIMER_STEP) as usize, offset % TIMER_STEP))
    }
}

impl Block for Timg {
    const GROUPS: &'static [Group] = &[
        Group { block: "TIMG0", prefix: "T{}", base: 0, count: 2, step: TIMER_STEP, table: registers::Timer::TABLE },
        Group::one("TIMG0", Reg::TABLE),
    ];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        if Self::timer_at(offset).is_none() && Reg::at(offset).is_none() {
            undeclared("TIMG", offset, fabric);
        }
        self.peek(offset, fabric)
    }

    fn stays(&self, offset: u32) -> bool {
        let calibrates = matches!(Reg::at(offset), Some(Reg::RTCCALICFG | Reg::RTCCALICFG1 | Reg::RTCCALICFG2));
        !calibrates && (Self::timer_at(offset).is_some() || Reg::at(offset).is_some())
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        if let Some((n, offset)) = Self::timer_at(offset) {
            return self.timers[n].load(offset);
        }
        match Reg::at(offset) {
            Some(Reg::INT_ST_TIMERS) => self.interrupts(),
            Some(Reg::RTCCALICFG) => {
                let ready = self.calibration(fabric).is_some();
                RTCCALICFG::RTC_CALI_RDY.put(self.regs.load(Reg::RTCCALICFG), ready.into())
            }
            Some(Reg::RTCCALICFG1) => match self.calibration(fabric) {
                Some(value) => RTCCALICFG1::RTC_CALI_VALUE.put(RTCCALICFG1::RTC_CALI_CYCLING_DATA_VLD.mask, value),
                None => 0,
            },
            Some(Reg::RTCCALICFG2) => {
                let late = self.is_calibration_late(fabric);
                RTCCALICFG2::RTC_CALI_TIMEOUT.put(self.regs.load(Reg::RTCCALICFG2), late.into())
            }
            Some(register) => self.regs.load(register),
            None => 0,
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        if let Some((n, offset)) = Self::timer_at(offset) {
            self.timers[n].store(offset, write, fabric);
            self.settle_timer(n, fabric);
            return;
        }
        let Some(register) = Reg::at(offset) else {
            undeclared("TIMG", offset, fabric);
            return;
        };
        if self.is_locked(register) {
            return;
        }
        let before = self.regs.get(register);
        self.regs.store(register, write, "TIMG", &mut fabric.gaps);
        match register {
            Reg::WDTFEED => {
                self.watchdog.feed(fabric.now());
                fabric.at(self.wiring().wdt_slot, self.watchdog.due());
            }
            Reg::WDTCONFIG0
            | Reg::WDTCONFIG1
            | Reg::WDTCONFIG2
            | Reg::WDTCONFIG3
            | Reg::WDTCONFIG4
            | Reg::WDTCONFIG5 => self.set_up_watchdog(fabric),
            Reg::RTCCALICFG => self.start_calibration(before, fabric),
            Reg::INT_CLR_TIMERS => {
                self.regs.set(Reg::INT_RAW_TIMERS, self.regs.get(Reg::INT_RAW_TIMERS) & !write.raw);
                self.update_irq(fabric);
            }
            Reg::INT_ENA_TIMERS | Reg::INT_RAW_TIMERS => self.update_irq(fabric),
            _ => {}
        }
    }

    fn event(&mut self, slot: Slot, fabric: &mut Fabric) {
        match self.wiring().timer_slots.iter().position(|timer| *timer == slot) {
            Some(n) => self.settle_timer(n, fabric),
            None => self.bite(fabric),
        }
    }

    fn clocks_changed(&mut self, fabric: &mut Fabric) {
        for n in 0..2 {
            self.timers[n].clocks_changed(fabric);
            self.settle_timer(n, fabric);
        }
        self.set_up_watchdog(fabric);
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        *self = Self::new(self.number);
        self.calibrating_since = Some(fabric.now());
        self.clocks_changed(fabric);
        self.update_irq(fabric);
    }
}

#[cfg(test)]
mod tests;
