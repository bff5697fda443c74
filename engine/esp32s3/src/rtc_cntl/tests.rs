use super::*;
use crate::io::Pad;
use crate::watchdog::KEY;
use engine_core::pins::Drive;
use engine_core::registers::Write;
use engine_core::time::{Hertz, MICROSECOND, SECOND};

const OPTIONS0: u32 = 0x000;
const SLP_TIMER0: u32 = 0x004;
const SLP_TIMER1: u32 = 0x008;
const TIME_UPDATE: u32 = 0x00C;
const TIME_LOW0: u32 = 0x010;
const STATE0: u32 = 0x018;
const TIMER1: u32 = 0x01C;
const TIMER5: u32 = 0x02C;
const RESET_STATE: u32 = 0x038;
const WAKEUP_STATE: u32 = 0x03C;
const INT_RAW: u32 = 0x044;
const INT_CLR: u32 = 0x04C;
const STORE4: u32 = 0x0C0;
const EXT_WAKEUP_CONF: u32 = 0x064;
const SLP_REJECT_CONF: u32 = 0x068;
const CLK_CONF: u32 = 0x074;
const DIG_PWC: u32 = 0x090;
const WDTCONFIG0: u32 = 0x098;
const WDTCONFIG1: u32 = 0x09C;
const WDTFEED: u32 = 0x0AC;
const WDTWPROTECT: u32 = 0x0B0;
const SWD_CONF: u32 = 0x0B4;
const SWD_WPROTECT: u32 = 0x0B8;
const SW_CPU_STALL: u32 = 0x0BC;
const EXT_WAKEUP1: u32 = 0x0E0;
const EXT_WAKEUP1_STATUS: u32 = 0x0E4;
const BROWN_OUT: u32 = 0x0E8;
const TIME_LOW1: u32 = 0x0EC;
const SLP_REJECT_CAUSE: u32 = 0x128;
const SLP_WAKEUP_CAUSE: u32 = 0x130;
const INT_ENA_W1TS: u32 = 0x138;
const INT_ENA_W1TC: u32 = 0x13C;

const SLEEP_EN: u32 = 1 << 31;
const SLP_WAKEUP: u32 = 1 << 0;
const SLP_REJECT: u32 = 1 << 1;

/// CPU_CLK at 40 MHz, RTC_SLOW_CLK from a crystal of 32 768 Hz: 2^15 counts a second.
fn parts() -> (RtcCntl, Fabric) {
    let (mut rtc, mut fabric) = (RtcCntl::new(), Fabric::new());
    fabric.selection.xtal32k_fitted = true;
    fabric.selection.pre_div = 0;
    rtc.reset(&mut fabric);
    rtc.restarted(Reason::PowerOn, &mut fabric);
    store(&mut rtc, &mut fabric, &[(0x060, 1 << 16), (CLK_CONF, 0x1158_321C | 1 << 30)]);
    rtc.clocks_changed(&mut fabric);
    store(&mut rtc, &mut fabric, &[(WDTCONFIG0, 0), (SWD_CONF, 1 << 30)]);
    fabric.requests.clear();
    (rtc, fabric)
}

fn at_us(fabric: &mut Fabric, us: u64) {
    fabric.cycle = 40 * us;
}

fn store(rtc: &mut RtcCntl, fabric: &mut Fabric, stores: &[(u32, u32)]) {
    for (offset, value) in stores {
        rtc.write(*offset, Write::word(*value), fabric);
    }
}

fn due(fabric: &Fabric, slot: Slot) -> Ps {
    fabric.events.due(slot as usize)
}

/// Outside drives a pin.
fn set_pin(rtc: &mut RtcCntl, fabric: &mut Fabric, pin: u8, high: bool) {
    let now = fabric.now();
    fabric.pins.drive_from_outside(Drive { pin, level: Some(high) }, now);
    fabric.levels_changed(now);
    for (_, pins, _, _) in fabric.take_input_changes() {
        rtc.pins_changed(pins, fabric);
    }
}

/// TRM 10.3.3: TIME_UPDATE latches the count of RTC_SLOW_CLK; the value before moves to the second pair.
#[test]
fn the_timer_counts_slow_cycles_and_is_latched() {
    let (mut rtc, mut fabric) = parts();
    at_us(&mut fabric, 2_000_000);
    store(&mut rtc, &mut fabric, &[(TIME_UPDATE, 1 << 31)]);
    assert_eq!(rtc.read(TIME_LOW0, &mut fabric), 65_536);
    at_us(&mut fabric, 3_000_000);
    assert_eq!(rtc.read(TIME_LOW0, &mut fabric), 65_536);
    store(&mut rtc, &mut fabric, &[(TIME_UPDATE, 1 << 31)]);
    assert_eq!((rtc.read(TIME_LOW0, &mut fabric), rtc.read(TIME_LOW1, &mut fabric)), (98_304, 65_536));
}

/// ESP-IDF `soc/rtc_cntl_reg.h`: MAIN_TIMER is interrupt 10.
#[test]
fn the_main_timer_interrupts_at_its_count() {
    let (mut rtc, mut fabric) = parts();
    store(&mut rtc, &mut fabric, &[(INT_ENA_W1TS, 1 << 10), (SLP_TIMER0, 32_768), (SLP_TIMER1, 1 << 16)]);
    assert_eq!(due(&fabric, Slot::RtcTimer), SECOND);
    at_us(&mut fabric, 1_000_000);
    rtc.event(Slot::RtcTimer, &mut fabric);
    assert_eq!(fabric.sources(), 1 << Source::RTC_CORE as u8);
    store(&mut rtc, &mut fabric, &[(INT_ENA_W1TC, 1 << 10)]);
    assert_eq!((fabric.sources(), rtc.read(INT_RAW, &mut fabric)), (0, 1 << 10));
    store(&mut rtc, &mut fabric, &[(INT_CLR, 1 << 10)]);
    assert_eq!(rtc.read(INT_RAW, &mut fabric), 0);
}

/// ESP-IDF `soc/reset_reasons.h`; RESET_CAUSE_PROCPU is 5:0, RESET_CAUSE_APPCPU 11:6.
#[test]
fn a_reset_leaves_its_reason_and_spares_the_store() {
    let (mut rtc, mut fabric) = parts();
    store(&mut rtc, &mut fabric, &[(STORE4, 0x0028_0028)]);
    assert_eq!(rtc.read(RESET_STATE, &mut fabric) & 0xFFF, 0x041);
    at_us(&mut fabric, 1_000_000);
    rtc.restarted(Reason::CoreSoftware, &mut fabric);
    rtc.core_restarted(1, Reason::CpuSoftware);
    assert_eq!(rtc.read(RESET_STATE, &mut fabric) & 0xFFF, 0x0C << 6 | 0x03);
    assert_eq!(rtc.read(STORE4, &mut fabric), 0x0028_0028);
    assert_eq!(rtc.time(fabric.now()), 32_768);
    rtc.restarted(Reason::PowerOn, &mut fabric);
    assert_eq!(rtc.time(fabric.now()), 0);
}

/// ESP-IDF `esp_cpu_stall`: 0x86 in two parts, 0x21 above and 2 below.
#[test]
fn a_processor_is_stalled_by_the_magic_number() {
    let (mut rtc, mut fabric) = parts();
    store(&mut rtc, &mut fabric, &[(OPTIONS0, 0x1C00_A000 | 2), (SW_CPU_STALL, 0x21 << 20)]);
    assert_eq!(fabric.requests, [Request::StallCore(1, true)]);
    fabric.requests.clear();
    store(&mut rtc, &mut fabric, &[(SW_CPU_STALL, 0)]);
    assert_eq!(fabric.requests, [Request::StallCore(1, false)]);
}

#[test]
fn software_resets_chip_and_processors() {
    let (mut rtc, mut fabric) = parts();
    store(&mut rtc, &mut fabric, &[(OPTIONS0, 0x1C00_A000 | 1 << 4), (OPTIONS0, 0x9C00_A000)]);
    let core_1 = Request::RestartCore(1, Reason::CpuSoftware);
    assert_eq!(fabric.requests, [core_1, Request::Restart(Reason::CoreSoftware)]);
}

/// TRM 13.2: stage 0 is twice as long as its register says while EFUSE_WDT_DELAY_SEL is 0 (ESP-IDF `hal/rwdt_ll.h`).
#[test]
fn the_watchdog_resets_the_rtc_too() {
    let (mut rtc, mut fabric) = parts();
    const ENABLED: u32 = 1 << 31 | 4 << 28;
    store(&mut rtc, &mut fabric, &[(WDTCONFIG1, 16_384), (WDTCONFIG0, ENABLED), (WDTWPROTECT, 0), (WDTCONFIG0, 0)]);
    assert_eq!(rtc.read(WDTCONFIG0, &mut fabric), ENABLED);
    assert_eq!(due(&fabric, Slot::RtcWatchdog), SECOND);
    at_us(&mut fabric, 500_000);
    store(&mut rtc, &mut fabric, &[(WDTFEED, 1 << 31)]);
    assert_eq!(due(&fabric, Slot::RtcWatchdog), SECOND);
    store(&mut rtc, &mut fabric, &[(WDTWPROTECT, KEY), (WDTFEED, 1 << 31)]);
    assert_eq!(due(&fabric, Slot::RtcWatchdog), SECOND + SECOND / 2);
    at_us(&mut fabric, 1_500_000);
    rtc.event(Slot::RtcWatchdog, &mut fabric);
    assert_eq!(fabric.requests, [Request::Restart(Reason::SystemRtcWdt)]);
}

/// TRM 13.2.2.3: after power-on stage 0 guards the boot: 2 × 200 000 cycles of RC_SLOW_CLK.
#[test]
fn the_watchdog_guards_the_boot_from_flash() {
    let (mut rtc, mut fabric) = (RtcCntl::new(), Fabric::new());
    rtc.reset(&mut fabric);
    assert!(due(&fabric, Slot::RtcWatchdog).abs_diff(Hertz::new(136_000).duration(400_000)) <= 1);
}

/// TRM 13.3: fed by itself once AUTO_FEED_EN is set; SWD_CONF is behind a key of its own.
#[test]
fn the_super_watchdog_asks_for_food_and_then_resets() {
    let (mut rtc, mut fabric) = (RtcCntl::new(), Fabric::new());
    rtc.reset(&mut fabric);
    fabric.requests.clear();
    fabric.cycle = 20_000_000;
    rtc.event(Slot::SuperWatchdog, &mut fabric);
    assert_eq!(rtc.read(INT_RAW, &mut fabric), 1 << 15);
    fabric.cycle = 40_000_000;
    rtc.event(Slot::SuperWatchdog, &mut fabric);
    assert_eq!(fabric.requests, [Request::Restart(Reason::SystemSuperWdt)]);
    store(&mut rtc, &mut fabric, &[(SWD_WPROTECT, 0), (SWD_CONF, 1 << 31)]);
    assert_eq!(rtc.read(SWD_CONF, &mut fabric) >> 31, 0);
    store(&mut rtc, &mut fabric, &[(SWD_WPROTECT, 0x8F1D_312A), (SWD_CONF, 1 << 31)]);
    assert_eq!(due(&fabric, Slot::SuperWatchdog), Ps::MAX);
}

/// TRM 10.4: the chip wakes XTL_BUF_WAIT slow cycles after the alarm. APB_CLK stands still meanwhile.
#[test]
fn light_sleep_ends_with_the_timer() {
    let (mut rtc, mut fabric) = parts();
    let wake = wake_source::TIMER << 15;
    store(&mut rtc, &mut fabric, &[(OPTIONS0, 0), (TIMER1, 328 << 14), (WAKEUP_STATE, wake)]);
    store(&mut rtc, &mut fabric, &[(SLP_TIMER0, 32_768), (SLP_TIMER1, 1 << 16), (STATE0, SLEEP_EN)]);
    assert!(fabric.requests.contains(&Request::Sleep(false)));
    assert!(!fabric.rates.apb.is_running() && !fabric.rates.xtal.is_running());
    at_us(&mut fabric, 1_000_000);
    rtc.event(Slot::RtcTimer, &mut fabric);
    assert!(rtc.is_asleep());
    let up = due(&fabric, Slot::RtcSleep);
    assert_eq!(up, SECOND + Hertz::new(32_768).duration(328));
    fabric.requests.clear();
    fabric.cycle = fabric.clock.first_cycle_from(up);
    rtc.event(Slot::RtcSleep, &mut fabric);
    assert!(fabric.requests.contains(&Request::Wake) && fabric.rates.apb.is_running());
    assert_eq!(rtc.read(SLP_WAKEUP_CAUSE, &mut fabric), wake_source::TIMER);
    assert_eq!(rtc.read(INT_RAW, &mut fabric) & SLP_WAKEUP, SLP_WAKEUP);
    assert_eq!(rtc.read(STATE0, &mut fabric) & SLEEP_EN, 0);
}

/// ESP-IDF `soc/reset_reasons.h`: waking from deep sleep is reset reason 5. EXT1 tells which pin it was.
#[test]
fn deep_sleep_ends_with_a_pin_and_a_reset() {
    let (mut rtc, mut fabric) = parts();
    const DG_WRAP_PD_EN: u32 = 1 << 31;
    const EXT1_HIGH: u32 = 1 << 31;
    store(&mut rtc, &mut fabric, &[(DIG_PWC, DG_WRAP_PD_EN), (EXT_WAKEUP_CONF, EXT1_HIGH), (EXT_WAKEUP1, 1 << 7)]);
    store(&mut rtc, &mut fabric, &[(OPTIONS0, 1 << 13), (TIMER5, 0), (WAKEUP_STATE, wake_source::EXT1 << 15)]);
    store(&mut rtc, &mut fabric, &[(STATE0, SLEEP_EN)]);
    assert!(fabric.requests.contains(&Request::Sleep(true)));
    at_us(&mut fabric, 77);
    set_pin(&mut rtc, &mut fabric, 6, true);
    assert_eq!(due(&fabric, Slot::RtcSleep), Ps::MAX);
    set_pin(&mut rtc, &mut fabric, 7, true);
    assert_eq!(due(&fabric, Slot::RtcSleep), 77 * MICROSECOND);
    fabric.requests.clear();
    rtc.event(Slot::RtcSleep, &mut fabric);
    assert!(fabric.requests.contains(&Request::Restart(Reason::DeepSleep)));
    assert_eq!(rtc.read(SLP_WAKEUP_CAUSE, &mut fabric), wake_source::EXT1);
    assert_eq!(rtc.read(EXT_WAKEUP1_STATUS, &mut fabric), 1 << 7);
    store(&mut rtc, &mut fabric, &[(EXT_WAKEUP1, 1 << 22 | 1 << 7)]);
    assert_eq!(rtc.read(EXT_WAKEUP1_STATUS, &mut fabric), 0);
}

/// TRM 10.4.4: a source that is active rejects sleep where it may.
#[test]
fn an_active_source_rejects_sleep() {
    let (mut rtc, mut fabric) = parts();
    const LIGHT_REJECT: u32 = 1 << 30;
    fabric.wake.rtc_io.low = 1 << 5;
    store(&mut rtc, &mut fabric, &[(SLP_REJECT_CONF, LIGHT_REJECT | wake_source::GPIO << 12), (STATE0, SLEEP_EN)]);
    assert!(!rtc.is_asleep());
    assert_eq!(rtc.read(SLP_REJECT_CAUSE, &mut fabric), wake_source::GPIO);
    assert_eq!(rtc.read(INT_RAW, &mut fabric), SLP_REJECT);
}

/// GPIO wakes by level; a UART after the edges it was told.
#[test]
fn gpio_and_uart_wake_from_light_sleep() {
    for (source, edges) in [(wake_source::GPIO, 1), (wake_source::UART0, 3)] {
        let (mut rtc, mut fabric) = parts();
        fabric.wake.gpio.high = 1 << 40;
        fabric.wake.uart_edges[0] = 3;
        let pad = fabric.io.pad(44);
        fabric.set_pad(44, Pad { input_enable: true, ..pad });
        store(&mut rtc, &mut fabric, &[(WAKEUP_STATE, source << 15), (STATE0, SLEEP_EN)]);
        for n in 0..edges {
            assert_eq!(due(&fabric, Slot::RtcSleep), Ps::MAX);
            let pin = if source == wake_source::GPIO { 40 } else { 44 };
            set_pin(&mut rtc, &mut fabric, pin, n % 2 == 0);
        }
        assert_ne!(due(&fabric, Slot::RtcSleep), Ps::MAX);
    }
}

/// The reset value of BROWN_OUT enables the detector and not its reset.
#[test]
fn a_brown_out_interrupts_and_may_reset() {
    let (mut rtc, mut fabric) = parts();
    rtc.brown_out(&mut fabric);
    assert_eq!(rtc.read(INT_RAW, &mut fabric), 1 << 9);
    assert!(fabric.requests.is_empty());
    store(&mut rtc, &mut fabric, &[(BROWN_OUT, 1 << 30 | 1 << 26)]);
    rtc.brown_out(&mut fabric);
    assert_eq!(fabric.requests, [Request::Restart(Reason::BrownOut)]);
}
