use super::*;
use engine_core::time::MICROSECOND;

const CONFIG: u32 = 0x00;
const LO: u32 = 0x04;
const UPDATE: u32 = 0x0C;
const ALARMLO: u32 = 0x10;
const ALARMHI: u32 = 0x14;
const LOADLO: u32 = 0x18;
const LOAD: u32 = 0x20;
const WDTCONFIG0: u32 = 0x48;
const WDTCONFIG1: u32 = 0x4C;
const WDTCONFIG2: u32 = 0x50;
const WDTFEED: u32 = 0x60;
const WDTWPROTECT: u32 = 0x64;
const RTCCALICFG: u32 = 0x68;
const RTCCALICFG1: u32 = 0x6C;
const RTCCALICFG2: u32 = 0x80;
const INT_ENA: u32 = 0x70;
const INT_RAW: u32 = 0x74;
const INT_CLR: u32 = 0x7C;
const EN: u32 = 1 << 31;
const INCREASE: u32 = 1 << 30;
const AUTORELOAD: u32 = 1 << 29;
const ALARM_EN: u32 = 1 << 10;

/// Group 1 with CPU_CLK and APB_CLK at 40 MHz: a cycle is 25 ns.
fn parts() -> (Timg, Fabric) {
    let (mut timg, mut fabric) = (Timg::new(1), Fabric::new());
    timg.reset(&mut fabric);
    (timg, fabric)
}

fn at_us(fabric: &mut Fabric, us: u64) {
    fabric.cycle = 40 * us;
}

fn store(timg: &mut Timg, fabric: &mut Fabric, stores: &[(u32, u32)]) {
    for (offset, value) in stores {
        timg.write(*offset, Write::word(*value), fabric);
    }
}

fn counter(timg: &mut Timg, fabric: &mut Fabric) -> u64 {
    timg.write(UPDATE, Write::word(1 << 31), fabric);
    assert_eq!(timg.read(UPDATE, fabric), 0);
    u64::from(timg.read(LO + 4, fabric)) << 32 | u64::from(timg.read(LO, fabric))
}

/// TRM 12.2.2: the counter runs at the clock divided by DIVIDER; LO and HI show what UPDATE latched.
#[test]
fn the_divider_is_exact_and_the_counter_is_latched() {
    let (mut timg, mut fabric) = parts();
    store(&mut timg, &mut fabric, &[(CONFIG, EN | INCREASE | 40 << 13)]);
    at_us(&mut fabric, 1234);
    assert_eq!(counter(&mut timg, &mut fabric), 1234);
    at_us(&mut fabric, 2000);
    assert_eq!(timg.read(LO, &mut fabric), 1234);
    // Down from here.
    store(&mut timg, &mut fabric, &[(CONFIG, EN | 40 << 13)]);
    at_us(&mut fabric, 2100);
    assert_eq!(counter(&mut timg, &mut fabric), 1900);
}

/// TRM 12.2.4: the alarm sets its interrupt and clears ALARM_EN; with AUTORELOAD the counter starts anew from LOAD.
#[test]
fn an_alarm_reloads_and_disarms() {
    let (mut timg, mut fabric) = parts();
    let config = EN | INCREASE | AUTORELOAD | ALARM_EN | 40 << 13;
    store(&mut timg, &mut fabric, &[(LOADLO, 10), (LOAD, 1), (ALARMLO, 110), (INT_ENA, 1), (CONFIG, config)]);
    assert_eq!(fabric.events.due(Slot::Timg1T0 as usize), 100 * MICROSECOND);
    at_us(&mut fabric, 100);
    timg.event(Slot::Timg1T0, &mut fabric);
    assert_eq!(timg.read(INT_RAW, &mut fabric), 1);
    assert_eq!(fabric.sources() >> Source::TG1_T0 as u8 & 1, 1);
    assert_eq!(timg.read(CONFIG, &mut fabric) & ALARM_EN, 0);
    at_us(&mut fabric, 105);
    assert_eq!(counter(&mut timg, &mut fabric), 15);
    store(&mut timg, &mut fabric, &[(INT_CLR, 1), (CONFIG, config)]);
    assert_eq!(fabric.sources(), 0);
    assert_eq!(fabric.events.due(Slot::Timg1T0 as usize), 200 * MICROSECOND);
}

/// TRM 12.2.4.
#[test]
fn an_alarm_in_the_past_goes_off_at_once() {
    let (mut timg, mut fabric) = parts();
    store(&mut timg, &mut fabric, &[(CONFIG, EN | INCREASE | 40 << 13)]);
    at_us(&mut fabric, 500);
    store(&mut timg, &mut fabric, &[(ALARMLO, 499), (ALARMHI, 0), (CONFIG, EN | INCREASE | ALARM_EN | 40 << 13)]);
    assert_eq!(timg.read(INT_RAW, &mut fabric), 1);
}

/// TRM 12.2.2: on APB_CLK a timer slows down with the clock tree; on XTAL_CLK it does not.
#[test]
fn a_timer_follows_its_clock() {
    let (mut timg, mut fabric) = parts();
    const USE_XTAL: u32 = 1 << 9;
    store(&mut timg, &mut fabric, &[(CONFIG, EN | INCREASE | 40 << 13)]);
    store(&mut timg, &mut fabric, &[(TIMER_STEP, EN | INCREASE | USE_XTAL | 40 << 13)]);
    at_us(&mut fabric, 100);
    fabric.rates.apb = Hertz::new(80_000_000);
    timg.clocks_changed(&mut fabric);
    at_us(&mut fabric, 200);
    assert_eq!(counter(&mut timg, &mut fabric), 300);
    timg.write(TIMER_STEP + UPDATE, Write::word(1), &mut fabric);
    assert_eq!(timg.read(TIMER_STEP + LO, &mut fabric), 200);
}

/// TRM 13.2.2: the key opens the registers; stage 0 interrupts, feeding starts anew.
#[test]
fn the_watchdog_is_locked_fed_and_bites() {
    let (mut timg, mut fabric) = parts();
    const INTERRUPT_THEN_RESET: u32 = 1 << 31 | 1 << 29 | 3 << 27;
    store(&mut timg, &mut fabric, &[(WDTWPROTECT, 0), (WDTCONFIG0, INTERRUPT_THEN_RESET)]);
    assert_eq!(timg.read(WDTCONFIG0, &mut fabric), 0x0004_C000);
    let stages = [(WDTWPROTECT, KEY), (WDTCONFIG1, 40 << 16), (WDTCONFIG2, 1000), (WDTCONFIG2 + 4, 500)];
    store(&mut timg, &mut fabric, &stages);
    store(&mut timg, &mut fabric, &[(INT_ENA, WDT_BIT), (WDTCONFIG0, INTERRUPT_THEN_RESET)]);
    at_us(&mut fabric, 900);
    store(&mut timg, &mut fabric, &[(WDTFEED, 1)]);
    assert_eq!(fabric.events.due(Slot::Timg1Wdt as usize), 1900 * MICROSECOND);
    at_us(&mut fabric, 1900);
    timg.event(Slot::Timg1Wdt, &mut fabric);
    assert_eq!(fabric.sources(), 1 << Source::TG1_WDT as u8);
    assert!(fabric.requests.is_empty());
    at_us(&mut fabric, 2400);
    timg.event(Slot::Timg1Wdt, &mut fabric);
    assert_eq!(fabric.requests, [Request::Restart(Reason::CoreMwdt1)]);
}

/// TRM 13.2.2.3 and the reset values of WDTCONFIG0 and WDTCONFIG2: 26 000 000 cycles of APB_CLK guard the boot.
#[test]
fn group_0_guards_the_boot_from_flash() {
    let (mut timg, mut fabric) = (Timg::new(0), Fabric::new());
    timg.reset(&mut fabric);
    assert_eq!(fabric.events.due(Slot::Timg0Wdt as usize), 650_000 * MICROSECOND);
    fabric.straps = 0;
    timg.reset(&mut fabric);
    assert_eq!(fabric.events.due(Slot::Timg0Wdt as usize), Ps::MAX);
}

/// ESP-IDF `rtc_clk_cal`: 1024 cycles of RC_SLOW at 136 kHz are 301 176 cycles of the 40 MHz crystal.
#[test]
fn a_slow_clock_is_calibrated_against_the_crystal() {
    let (mut timg, mut fabric) = parts();
    store(&mut timg, &mut fabric, &[(RTCCALICFG, 1024 << 16)]);
    store(&mut timg, &mut fabric, &[(RTCCALICFG, 1 << 31 | 1024 << 16)]);
    at_us(&mut fabric, 7529);
    assert_eq!(timg.read(RTCCALICFG, &mut fabric) >> 15 & 1, 0);
    at_us(&mut fabric, 7530);
    assert_eq!(timg.read(RTCCALICFG, &mut fabric) >> 15 & 1, 1);
    assert_eq!(timg.read(RTCCALICFG1, &mut fabric) >> 7, 301_176);
    assert_eq!(timg.read(RTCCALICFG2, &mut fabric) & 1, 0);
}

/// Without a crystal on its pins XTAL32K_CLK never comes: ESP-IDF then falls back to RC_SLOW.
#[test]
fn a_clock_that_is_not_there_runs_into_the_time_out() {
    let (mut timg, mut fabric) = parts();
    store(&mut timg, &mut fabric, &[(RTCCALICFG2, 40_000 << 7), (RTCCALICFG, 2 << 13 | 100 << 16)]);
    store(&mut timg, &mut fabric, &[(RTCCALICFG, 1 << 31 | 2 << 13 | 100 << 16)]);
    at_us(&mut fabric, 999);
    assert_eq!(timg.read(RTCCALICFG2, &mut fabric) & 1, 0);
    at_us(&mut fabric, 1001);
    assert_eq!(timg.read(RTCCALICFG2, &mut fabric) & 1, 1);
    assert_eq!(timg.read(RTCCALICFG, &mut fabric) >> 15 & 1, 0);
}
