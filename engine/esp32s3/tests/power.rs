//! Clocks, resets and sleep across the blocks, through the registers that firmware uses.

use engine_core::pins::Drive;
use engine_core::time::{Hertz, Ps, SECOND};
use esp32s3::fabric::{Reason, Request};
use esp32s3::slots::{slot, Slot};
use esp32s3::spi_mem::psram::Wiring;
use esp32s3::system::System;
use xtensa::Bus;

const RTC_CNTL: u32 = 0x6000_8000;
const SLP_TIMER0: u32 = RTC_CNTL + 0x04;
const SLP_TIMER1: u32 = RTC_CNTL + 0x08;
const STATE0: u32 = RTC_CNTL + 0x18;
const RESET_STATE: u32 = RTC_CNTL + 0x38;
const WAKEUP_STATE: u32 = RTC_CNTL + 0x3C;
const STORE0: u32 = RTC_CNTL + 0x50;
const DIG_PWC: u32 = RTC_CNTL + 0x90;
const SWD_CONF: u32 = RTC_CNTL + 0xB4;
const WDTCONFIG0: u32 = RTC_CNTL + 0x98;
const SLP_WAKEUP_CAUSE: u32 = RTC_CNTL + 0x130;
const TIMG0: u32 = 0x6001_F000;
const TIMG0_WDTCONFIG0: u32 = TIMG0 + 0x48;
const TIMG1: u32 = 0x6002_0000;
const SYSTIMER: u32 = 0x6002_3000;
const SYSTEM: u32 = 0x600C_0000;
const SRAM: u32 = 0x3FC9_0000;
const RTC_SLOW: u32 = 0x5000_0000;

const TIMER_WAKES: u32 = 1 << 3;

/// A chip whose watchdogs are off, as a bootloader leaves it.
fn system() -> System {
    let mut system = System::new(0x10_0000, 0, Wiring::Octal);
    for (register, value) in [(SWD_CONF, 1 << 30), (WDTCONFIG0, 0), (TIMG0_WDTCONFIG0, 0)] {
        system.write_register(register, value);
    }
    system.dev.fabric.requests.clear();
    system
}

/// Lets events happen until `until`.
fn run(system: &mut System, until: Ps) {
    while system.dev.fabric.events.next() <= until {
        let fabric = &mut system.dev.fabric;
        fabric.cycle = fabric.clock.first_cycle_from(fabric.events.next());
        let now = fabric.now();
        while let Some(due) = system.dev.fabric.events.pop(now) {
            system.event(slot(due));
        }
    }
    let fabric = &mut system.dev.fabric;
    fabric.cycle = fabric.clock.first_cycle_from(until);
}

fn sleep(system: &mut System, deep: bool) {
    let pwc = system.read_register(DIG_PWC);
    system.write_register(DIG_PWC, pwc | u32::from(deep) << 31);
    system.write_register(WAKEUP_STATE, TIMER_WAKES << 15);
    system.write_register(SLP_TIMER0, 136_000);
    system.write_register(SLP_TIMER1, 1 << 16);
    system.write_register(STATE0, 1 << 31);
    assert!(system.dev.fabric.requests.contains(&Request::Sleep(deep)));
    system.dev.fabric.requests.clear();
}

fn systimer(system: &mut System) -> u32 {
    system.write_register(SYSTIMER + 0x04, 1 << 30);
    system.read_register(SYSTIMER + 0x44)
}

/// TRM 8.1 and 10.4: deep sleep keeps the RTC domain and its memory and loses the rest; it ends with reset reason 5.
#[test]
fn deep_sleep_keeps_rtc_memory_only() {
    let mut system = system();
    system.store32(SRAM, 0x1111, 0).unwrap();
    system.store32(RTC_SLOW, 0x2222, 0).unwrap();
    system.write_register(STORE0, 0x3333);
    sleep(&mut system, true);
    run(&mut system, 2 * SECOND);
    assert_eq!(system.dev.fabric.requests, [Request::Restart(Reason::DeepSleep)]);
    system.restart_devices(Reason::DeepSleep);
    assert_eq!(system.load32(SRAM, u64::MAX - 1).unwrap().value, 0);
    assert_eq!(system.load32(RTC_SLOW, u64::MAX - 1).unwrap().value, 0x2222);
    assert_eq!(system.read_register(STORE0), 0x3333);
    assert_eq!(system.read_register(RESET_STATE) & 0x3F, 5);
    assert_eq!(system.read_register(SLP_WAKEUP_CAUSE), TIMER_WAKES);
}

/// TRM 10.4: in light sleep the crystal is off unless it is forced on, so SYSTIMER does not count; all else is kept.
#[test]
fn light_sleep_stops_the_crystal_s_timers() {
    let mut system = system();
    system.write_register(RTC_CNTL, 0);
    system.store32(SRAM, 0x1111, 0).unwrap();
    let before = systimer(&mut system);
    sleep(&mut system, false);
    run(&mut system, 2 * SECOND);
    assert_eq!(system.dev.fabric.requests, [Request::Wake]);
    assert_eq!(system.load32(SRAM, u64::MAX - 1).unwrap().value, 0x1111);
    // One second of the two was sleep, and the crystal took 80 slow cycles to come back (XTL_BUF_WAIT after reset).
    let slept = Hertz::new(136_000).duration(136_000 + 80);
    let expected = Hertz::new(16_000_000).cycles_in(2 * SECOND - slept) as u32;
    assert!((systimer(&mut system) - before).abs_diff(expected) <= 2);
}

/// ESP-IDF's way to 240 MHz: a timer on APB_CLK counts on at 80 MHz, one on the crystal as before.
#[test]
fn timers_follow_the_clock_tree() {
    const RUN: u32 = 1 << 31 | 1 << 30 | 2 << 13;
    let mut system = system();
    system.write_register(TIMG1, RUN);
    system.write_register(TIMG1 + 0x24, RUN | 1 << 9);
    // CPUPERIOD_SEL = 2, SOC_CLK_SEL = 1.
    system.write_register(SYSTEM + 0x10, 0xC | 2);
    system.write_register(SYSTEM + 0x60, 1 << 10);
    assert_eq!(system.dev.fabric.clock.rate(), Hertz::new(240_000_000));
    run(&mut system, SECOND / 1000);
    for (timer, expected) in [(TIMG1, 40_000), (TIMG1 + 0x24, 20_000)] {
        system.write_register(timer + 0x0C, 1 << 31);
        assert_eq!(system.read_register(timer + 0x04), expected);
    }
}

/// TRM 17.3.5.2: TIMERGROUP1_RST is bit 15 of PERIP_RST_EN0.
#[test]
fn system_resets_a_block() {
    let mut system = system();
    system.write_register(TIMG1 + 0x18, 77);
    system.write_register(SYSTEM + 0x20, 1 << 15);
    system.write_register(SYSTEM + 0x20, 0);
    assert_eq!(system.read_register(TIMG1 + 0x18), 0);
}

/// A pin that outside drives wakes the chip: EXT1 on GPIO7, high.
#[test]
fn a_pin_ends_deep_sleep() {
    let mut system = system();
    for (register, value) in [(RTC_CNTL + 0x64, 1 << 31), (RTC_CNTL + 0xE0, 1 << 7), (DIG_PWC, 1 << 31)] {
        system.write_register(register, value);
    }
    let low = Drive { pin: 7, level: Some(false) };
    system.dev.fabric.pins.drive_from_outside(low, 0);
    system.dev.fabric.levels_changed(0);
    system.write_register(WAKEUP_STATE, 1 << 1 << 15);
    system.write_register(STATE0, 1 << 31);
    run(&mut system, SECOND);
    assert!(system.dev.rtc_cntl.is_asleep());
    system.dev.fabric.requests.clear();
    let high = Drive { pin: 7, level: Some(true) };
    system.dev.fabric.pins.drive_later(high, SECOND + 5);
    system.dev.fabric.at(Slot::Stimulus, SECOND + 5);
    run(&mut system, 2 * SECOND);
    assert_eq!(system.dev.fabric.requests, [Request::Restart(Reason::DeepSleep)]);
    assert_eq!(system.read_register(RTC_CNTL + 0xE4), 1 << 7);
}

/// The state of all blocks goes through a snapshot and back, asleep too.
#[test]
fn a_sleeping_chip_is_copied() {
    let mut system = system();
    sleep(&mut system, false);
    let mut copy = system.dev.clone();
    std::mem::swap(&mut system.dev, &mut copy);
    run(&mut system, 2 * SECOND);
    assert_eq!(system.dev.fabric.requests, [Request::Wake]);
    assert!(copy.rtc_cntl.is_asleep());
}
