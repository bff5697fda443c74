//! RTC_CNTL: resets, RTC timer, sleep, watchdogs, brown-out, clocks and power of the RTC domain. ESP32-S3 TRM chapters 8 (Reset
//! and Clock), 10 (Low-power Management) and 13 (Watchdog Timers).
//!
//! # Fidelity
//! - RTC timer, store registers, reset causes, stalls, interrupts, watchdog: exact.
//! - Sleep: by timer, EXT0, EXT1, GPIO, UART and touch, with rejection. Entry takes no time; waking takes XTL_BUF_WAIT
//!   cycles of RTC_SLOW_CLK where the crystal was off, which leaves out the power sequence's own waits (some 100 µs).
//! - Super watchdog: its time-out, which the TRM gives as under a second, is taken as one second.
//! - Power, bias and regulator registers are storage. Deep sleep clears SRAM and PSRAM, whatever else is set up; RTC memory
//!   is always kept. Light sleep keeps everything, so RETENTION has nothing to do.
//! - Pads are held at once, with all that is set up for them (TRM chapter 6). The touch sensor's control is here, its work in
//!   [`crate::sens`].
//! - The watchdog of the 32 kHz crystal counts at the nominal rate of RC_SLOW_CLK while the crystal stands still: its interrupt,
//!   its waking, and XTAL32K_AUTO_BACKUP with XTAL32K_CLK_FACTOR as ESP-IDF computes it. WDT_STATE stays 0.
//! - Missing: the ULP coprocessor, counted when it is enabled, and halting at reset for a debugger on JTAG.
//!   Brown-outs come only from [`RtcCntl::brown_out`].

mod crystal;
mod hold;
pub mod registers;
mod sleep;
mod watchdogs;

use crate::block::{undeclared, Block};
use crate::fabric::{Depth, Fabric, Reason, Request, Stall};
use crate::slots::Slot;
use crate::sources::Source;
use crate::ticker::Ticker;
use crate::usb_wrap::{test_levels, UsbPhy};
use crate::watchdog::Watchdog;
use engine_core::registers::{Bank, Field, Group, Registers, Write};
use engine_core::time::Ps;
use registers::*;
use serde::{Deserialize, Serialize};
use sleep::Sleep;

pub use sleep::wake_source;

const TIME_MASK: u64 = (1 << 48) - 1;

/// The block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RtcCntl {
    regs: Bank<Reg>,
    /// The RTC timer, 48 bits.
    time: Ticker,
    /// The count at which the main timer goes off.
    alarm: Option<u64>,
    watchdog: Watchdog,
    /// When the super watchdog was last fed.
    super_fed: Ps,
    sleep: Option<Sleep>,
    /// TOUCH_START_EN has risen, and the touch sensor has not looked yet.
    touch_started: bool,
    /// The watchdog of the 32 kHz crystal has found it dead.
    crystal_died: bool,
}

impl RtcCntl {
    /// The block after power-on.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self {
            regs: Bank::new(),
            time: Ticker::stopped(),
            alarm: None,
            watchdog: Watchdog::new(),
            super_fed: 0,
            sleep: None,
            touch_started: false,
            crystal_died: false,
        }
    }

    /// The chip has restarted.
    pub fn restarted(&mut self, reason: Reason, fabric: &mut Fabric) {
        if reason.depth() == Depth::Chip {
            self.time.set_count(0, fabric.now());
        }
        for core in 0..2 {
            self.core_restarted(core, reason);
        }
        self.latch_time(TIME_UPDATE::TIMER_SYS_RST.is_set(self.regs.get(Reg::TIME_UPDATE)), fabric);
    }

    /// One processor has restarted.
    pub fn core_restarted(&mut self, core: usize, reason: Reason) {
        let cause = [RESET_STATE::RESET_CAUSE_PROCPU, RESET_STATE::RESET_CAUSE_APPCPU][core];
        self.regs.set_field(Reg::RESET_STATE, cause, reason as u32);
    }

    /// A register, for blocks that work with this one.
    pub fn register(&self, register: Reg) -> u32 {
        self.regs.get(register)
    }

    /// Has TOUCH_START_EN risen since the last look?
    pub(crate) fn take_touch_start(&mut self) -> bool {
        std::mem::take(&mut self.touch_started)
    }

    /// The supply has dropped: interrupt, and reset if software enabled it.
    pub fn brown_out(&mut self, fabric: &mut Fabric) {
        let config = self.regs.get(Reg::BROWN_OUT);
        if !BROWN_OUT::BROWN_OUT_ENA.is_set(config) {
            return;
        }
        self.raise(INT_RAW_RTC::BROWN_OUT_INT_RAW.mask, fabric);
        if BROWN_OUT::BROWN_OUT_RST_ENA.is_set(config) {
            fabric.request(Request::Restart(Reason::BrownOut));
        }
    }

    /// Sets interrupts, the bits of INT_RAW.
    pub fn raise(&mut self, bits: u32, fabric: &mut Fabric) {
        self.regs.set(Reg::INT_RAW_RTC, self.regs.get(Reg::INT_RAW_RTC) | bits);
        self.update_irq(fabric);
    }

    fn interrupts(&self) -> u32 {
        self.regs.get(Reg::INT_RAW_RTC) & self.regs.get(Reg::INT_ENA_RTC)
    }

    fn update_irq(&self, fabric: &mut Fabric) {
        fabric.set_irq(Source::RTC_CORE, self.interrupts() != 0);
    }

    /// The RTC timer's count, TRM 10.3.3.
    pub fn time(&self, now: Ps) -> u64 {
        self.time.count(now) & TIME_MASK
    }

    /// A trigger moves the latched time on: TIME0 is the newest, TIME1 the one before.
    fn latch_time(&mut self, trigger: bool, fabric: &Fabric) {
        if trigger {
            self.regs.set(Reg::TIME_LOW1, self.regs.get(Reg::TIME_LOW0));
            self.regs.set(Reg::TIME_HIGH1, self.regs.get(Reg::TIME_HIGH0));
            let time = self.time(fabric.now());
            self.regs.set(Reg::TIME_LOW0, time as u32);
            self.regs.set(Reg::TIME_HIGH0, (time >> 32) as u32);
        }
    }

    /// MAIN_TIMER_ALARM_EN takes over the value.
    fn arm_timer(&mut self, fabric: &mut Fabric) {
        let high = SLP_TIMER1::SLP_VAL_HI.get(self.regs.get(Reg::SLP_TIMER1));
        let target = u64::from(high) << 32 | u64::from(self.regs.get(Reg::SLP_TIMER0));
        let (count, time) = (self.time.count(fabric.now()), self.time(fabric.now()));
        self.alarm = Some(count + target.saturating_sub(time));
        self.settle_timer(fabric);
    }

    fn settle_timer(&mut self, fabric: &mut Fabric) {
        let due = self.alarm.map_or(Ps::MAX, |alarm| self.time.when(alarm));
        if due > fabric.now() {
            fabric.at(Slot::RtcTimer, due);
            return;
        }
        self.alarm = None;
        fabric.cancel(Slot::RtcTimer);
        self.raise(INT_RAW_RTC::MAIN_TIMER_INT_RAW.mask, fabric);
        self.wake_by(wake_source::TIMER, fabric);
    }

    fn select_clocks(&self, fabric: &mut Fabric) {
        let (clocks, options) = (self.regs.get(Reg::CLK_CONF), self.regs.get(Reg::OPTIONS0));
        let crystal = self.regs.get(Reg::EXT_XTL_CONF);
        let selection = &mut fabric.selection;
        selection.rtc_slow = CLK_CONF::ANA_CLK_RTC_SEL.get(clocks);
        selection.rtc_fast_is_rc = CLK_CONF::FAST_CLK_RTC_SEL.is_set(clocks);
        selection.rc_fast_on = CLK_CONF::CK8M_FORCE_PU.is_set(clocks) || !CLK_CONF::ENB_CK8M.is_set(clocks);
        selection.xtal32k_on =
            !EXT_XTL_CONF::XTAL32K_XPD_FORCE.is_set(crystal) || EXT_XTL_CONF::XPD_XTAL_32K.is_set(crystal);
        selection.pll_on = !OPTIONS0::BBPLL_FORCE_PD.is_set(options);
        fabric.settle_clocks();
    }

    /// TRM 10.3.4: a processor stands still while the two parts of its field make this number.
    fn stall_cores(&self, fabric: &mut Fabric) {
        const STALL: u32 = 0x86;
        let (low, high) = (self.regs.get(Reg::OPTIONS0), self.regs.get(Reg::SW_CPU_STALL));
        let pro = SW_CPU_STALL::SW_STALL_PROCPU_C1.get(high) << 2 | OPTIONS0::SW_STALL_PROCPU_C0.get(low);
        let app = SW_CPU_STALL::SW_STALL_APPCPU_C1.get(high) << 2 | OPTIONS0::SW_STALL_APPCPU_C0.get(low);
        fabric.stall(0, Stall::Rtc, pro == STALL);
        fabric.stall(1, Stall::Rtc, app == STALL);
    }

    fn write_options(&mut self, raw: u32, fabric: &mut Fabric) {
        self.select_clocks(fabric);
        self.stall_cores(fabric);
        if OPTIONS0::SW_SYS_RST.is_set(raw) {
            fabric.request(Request::Restart(Reason::CoreSoftware));
        }
        for (core, bit) in [OPTIONS0::SW_PROCPU_RST, OPTIONS0::SW_APPCPU_RST].into_iter().enumerate() {
            if bit.is_set(raw) {
                fabric.request(Request::RestartCore(core as u8, Reason::CpuSoftware));
            }
        }
    }

    fn write_reset_state(&mut self, raw: u32) {
        let clears = [
            (RESET_STATE::RESET_FLAG_PROCPU_CLR, RESET_STATE::RESET_FLAG_PROCPU),
            (RESET_STATE::RESET_FLAG_APPCPU_CLR, RESET_STATE::RESET_FLAG_APPCPU),
            (RESET_STATE::RESET_FLAG_JTAG_PROCPU_CLR, RESET_STATE::RESET_FLAG_JTAG_PROCPU),
            (RESET_STATE::RESET_FLAG_JTAG_APPCPU_CLR, RESET_STATE::RESET_FLAG_JTAG_APPCPU),
        ];
        for (_, flag) in clears.into_iter().filter(|(clear, _)| clear.is_set(raw)) {
            self.regs.set_field(Reg::RESET_STATE, flag, 0);
        }
    }

    /// SW_HW_USB_PHY_SEL lets SW_USB_PHY_SEL decide; else the fuse EFUSE_USB_PHY_SEL does. The pads can be overridden from here, too.
    fn select_usb_phy(&self, fabric: &mut Fabric) {
        let conf = self.regs.get(Reg::USB_CONF);
        let of = |by: Field, value: Field| by.is_set(conf).then_some(value.is_set(conf));
        fabric.set_usb_phy(UsbPhy {
            by_software: of(USB_CONF::SW_HW_USB_PHY_SEL, USB_CONF::SW_USB_PHY_SEL),
            pads: of(USB_CONF::USB_PAD_ENABLE_OVERRIDE, USB_CONF::USB_PAD_ENABLE),
            pulled_up: of(USB_CONF::USB_PAD_PULL_OVERRIDE, USB_CONF::USB_DP_PULLUP),
            ..fabric.usb_phy
        });
        let [by_hand, drive, dp, dm] =
            [USB_CONF::USB_TX_EN_OVERRIDE, USB_CONF::USB_TX_EN, USB_CONF::USB_TXP, USB_CONF::USB_TXM]
                .map(|field| field.is_set(conf));
        fabric.drive_usb_pads(test_levels(by_hand, drive, dp, dm));
    }

    /// Blocks that a core reset spares: USB_CONF says so of IO_MUX and of USB OTG with its wrapper, for a device that is to stay on
    /// the bus.
    pub(crate) fn spares(&self, base: u32) -> bool {
        let conf = self.regs.get(Reg::USB_CONF);
        match base {
            0x6000_9000 => USB_CONF::IO_MUX_RESET_DISABLE.is_set(conf),
            0x6003_9000 | 0x6008_0000 => USB_CONF::USB_RESET_DISABLE.is_set(conf),
            _ => false,
        }
    }

    fn write_interrupts(&mut self, register: Reg, raw: u32, fabric: &mut Fabric) {
        let (raised, enabled) = (self.regs.get(Reg::INT_RAW_RTC), self.regs.get(Reg::INT_ENA_RTC));
        match register {
            Reg::INT_CLR_RTC => self.regs.set(Reg::INT_RAW_RTC, raised & !raw),
            Reg::INT_ENA_RTC_W1TS => self.regs.set(Reg::INT_ENA_RTC, enabled | raw),
            Reg::INT_ENA_RTC_W1TC => self.regs.set(Reg::INT_ENA_RTC, enabled & !raw),
            _ => {}
        }
        self.update_irq(fabric);
    }
}

impl Block for RtcCntl {
    const GROUPS: &'static [Group] = &[Group::one("RTC_CNTL", Reg::TABLE)];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        if Reg::at(offset).is_none() {
            undeclared("RTC_CNTL", offset, fabric);
        }
        self.peek(offset, fabric)
    }

    fn stays(&self, offset: u32) -> bool {
        Reg::at(offset).is_some()
    }

    fn peek(&mut self, offset: u32, _fabric: &mut Fabric) -> u32 {
        match Reg::at(offset) {
            Some(Reg::INT_ST_RTC) => self.interrupts(),
            // The regulator of VDD_SPI is stable as soon as it is on.
            Some(Reg::SDIO_CONF) => {
                let on = SDIO_CONF::XPD_SDIO.is_set(self.regs.get(Reg::SDIO_CONF));
                SDIO_CONF::REG1P8_READY.put(self.regs.load(Reg::SDIO_CONF), on.into())
            }
            Some(Reg::LOW_POWER_ST) => LOW_POWER_ST::MAIN_STATE_IN_IDLE.mask,
            Some(register) => self.regs.load(register),
            None => 0,
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        let Some(register) = Reg::at(offset) else {
            undeclared("RTC_CNTL", offset, fabric);
            return;
        };
        if self.is_locked(register) {
            return;
        }
        let before = self.regs.get(register);
        self.regs.store(register, write, "RTC_CNTL", &mut fabric.gaps);
        match register {
            Reg::OPTIONS0 => self.write_options(write.raw, fabric),
            Reg::SW_CPU_STALL => self.stall_cores(fabric),
            Reg::SLP_TIMER1 if SLP_TIMER1::MAIN_TIMER_ALARM_EN.is_set(write.raw) => self.arm_timer(fabric),
            Reg::TIME_UPDATE => self.latch_time(TIME_UPDATE::TIME_UPDATE.is_set(write.raw), fabric),
            Reg::STATE0 => self.write_state(write.raw, fabric),
            Reg::RESET_STATE => self.write_reset_state(write.raw),
            Reg::INT_ENA_RTC | Reg::INT_RAW_RTC | Reg::INT_CLR_RTC | Reg::INT_ENA_RTC_W1TS | Reg::INT_ENA_RTC_W1TC => {
                self.write_interrupts(register, write.raw, fabric)
            }
            Reg::USB_CONF => self.select_usb_phy(fabric),
            Reg::OPTION1 => fabric.force_download = OPTION1::FORCE_DOWNLOAD_BOOT.is_set(self.regs.get(register)),
            Reg::EXT_XTL_CONF | Reg::CLK_CONF => {
                self.select_clocks(fabric);
                self.watch_crystal(fabric);
            }
            Reg::XTAL32K_CONF | Reg::XTAL32K_CLK_FACTOR => self.watch_crystal(fabric),
            // The next edge has come by the time software looks.
            Reg::SLOW_CLK_CONF => self.regs.set_field(register, SLOW_CLK_CONF::SLOW_CLK_NEXT_EDGE, 0),
            Reg::WDTCONFIG0 | Reg::WDTCONFIG1 | Reg::WDTCONFIG2 | Reg::WDTCONFIG3 | Reg::WDTCONFIG4 => {
                self.set_up_watchdog(fabric);
            }
            Reg::WDTFEED if WDTFEED::WDT_FEED.is_set(write.raw) => self.feed(fabric),
            Reg::SWD_CONF => self.write_super_watchdog(write.raw, fabric),
            Reg::EXT_WAKEUP1 if EXT_WAKEUP1::EXT_WAKEUP1_STATUS_CLR.is_set(write.raw) => {
                self.regs.set(Reg::EXT_WAKEUP1_STATUS, 0);
            }
            Reg::DIG_ISO => self.write_isolation(write.raw, fabric),
            Reg::PWC | Reg::PAD_HOLD | Reg::DIG_PAD_HOLD => self.hold_pads(fabric),
            Reg::TOUCH_CTRL2 => {
                let start = TOUCH_CTRL2::TOUCH_START_EN;
                self.touch_started |= start.is_set(write.value) && !start.is_set(before);
                fabric.soon(Slot::RtcTouch);
            }
            _ => {}
        }
    }

    fn event(&mut self, slot: Slot, fabric: &mut Fabric) {
        match slot {
            Slot::RtcTimer => self.settle_timer(fabric),
            Slot::RtcWatchdog => self.bite(fabric),
            Slot::SuperWatchdog => self.super_bite(fabric),
            Slot::CrystalWatchdog => self.crystal_is_dead(fabric),
            Slot::RtcSleep => self.wake(fabric),
            other => unreachable!("RTC_CNTL has no slot {other:?}"),
        }
    }

    fn clocks_changed(&mut self, fabric: &mut Fabric) {
        self.time.set_rate(fabric.rates.rtc_slow, fabric.now());
        self.settle_timer(fabric);
        self.set_up_watchdog(fabric);
        self.watch_crystal(fabric);
    }

    /// A system reset: the timer goes on, all else starts anew.
    fn reset(&mut self, fabric: &mut Fabric) {
        *self = Self { time: self.time, super_fed: fabric.now(), ..Self::new() };
        self.select_clocks(fabric);
        self.clocks_changed(fabric);
        self.stall_cores(fabric);
        self.write_super_watchdog(0, fabric);
        self.hold_pads(fabric);
        self.select_usb_phy(fabric);
        fabric.force_download = false;
        self.update_irq(fabric);
    }
}

#[cfg(test)]
mod hold_tests;
#[cfg(test)]
mod tests;
