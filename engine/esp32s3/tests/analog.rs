//! Converters, touch sensor and RTC pads across the blocks, through the registers that firmware uses.

use engine_core::time::{Ps, MICROSECOND};
use esp32s3::fabric::Reason;
use esp32s3::slots::slot;
use esp32s3::spi_mem::psram::Wiring;
use esp32s3::system::System;
use xtensa::Bus;

const RTC_CNTL: u32 = 0x6000_8000;
const RTC_IO: u32 = 0x6000_8400;
const SENS: u32 = 0x6000_8800;
const REGI2C: u32 = 0x6000_E000;
const GDMA: u32 = 0x6003_F000;
const APB_SARADC: u32 = 0x6004_0000;
const SYSTEM: u32 = 0x600C_0000;
const SRAM: u32 = 0x3FC9_0000;

fn system() -> System {
    let mut system = System::new(0x10_0000, 0, Wiring::Octal);
    system.dev.fabric.requests.clear();
    system
}

/// Lets events happen for so long.
fn run(system: &mut System, microseconds: u64) {
    let until: Ps = system.dev.fabric.now() + microseconds * MICROSECOND;
    while system.dev.fabric.events.next() <= until {
        let fabric = &mut system.dev.fabric;
        fabric.cycle = fabric.cycle.max(fabric.clock.first_cycle_from(fabric.events.next()));
        let now = fabric.now();
        while let Some(due) = system.dev.fabric.events.pop(now) {
            system.event(slot(due));
        }
    }
    let fabric = &mut system.dev.fabric;
    fabric.cycle = fabric.clock.first_cycle_from(until);
}

fn write(system: &mut System, register: u32, value: u32) {
    system.write_register(register, value);
    system.settle();
    run(system, 0);
}

/// ESP-IDF `hal/adc_ll.h` and `soc/regi2c_saradc.h`: the initial code is written over the analog I2C master (host 1), block 0x69,
/// registers 0 and 1; the conversion's interrupt is SARADC1_INT of RTC_CNTL, bit 11.
#[test]
fn a_one_shot_conversion_goes_through_the_chip() {
    let mut system = system();
    system.dev.fabric.microvolts[4] = 850_000;
    write(&mut system, SENS + 0x14, 0);
    let setup = 1 << 31 | 1 << (19 + 3) | 1 << 18;
    let mut codes = Vec::new();
    for initial_code in [1950, 1940] {
        for (register, byte) in [(0, initial_code & 0xFF), (1, initial_code >> 8)] {
            write(&mut system, REGI2C + 4, 1 << 24 | byte << 16 | register << 8 | 0x69);
        }
        write(&mut system, SENS + 0x0C, setup);
        write(&mut system, SENS + 0x0C, setup | 1 << 17);
        run(&mut system, 20);
        codes.push(system.read_register(SENS + 0x0C) & 0xFFF);
        assert_eq!(system.read_register(RTC_CNTL + 0x44) >> 11 & 1, 1);
        write(&mut system, RTC_CNTL + 0x4C, 1 << 11);
    }
    assert!(codes[0].abs_diff(3664) < 60);
    assert_eq!(codes[1], codes[0] + 10, "the offset follows the initial code");
}

/// ESP-IDF `adc_continuous.c`: samples of a pattern go to memory by GDMA; peripheral 8 of TRM table 3-1, type2 words.
#[test]
fn continuous_conversions_fill_a_buffer() {
    let mut system = system();
    system.dev.fabric.microvolts[2] = 300_000;
    let clocks = system.read_register(SYSTEM + 0x18);
    write(&mut system, SYSTEM + 0x18, clocks | 1 << 28);
    for (n, word) in [1 << 31 | 64, SRAM + 16, 0].into_iter().enumerate() {
        assert!(system.store32(SRAM + 4 * n as u32, word, 0).is_ok());
    }
    write(&mut system, SYSTEM + 0x1C, 1 << 6);
    write(&mut system, SYSTEM + 0x24, 0);
    write(&mut system, SYSTEM + 0x20, 0);
    write(&mut system, GDMA + 0x48, 8);
    write(&mut system, GDMA + 0x20, SRAM & 0xF_FFFF | 1 << 22);
    write(&mut system, SENS + 0x10, 1 << 31);
    write(&mut system, APB_SARADC, 1 << 7 | 1 << 6);
    write(&mut system, APB_SARADC + 0x18, (1 << 2) << 18);
    write(&mut system, APB_SARADC + 0x6C, 1 << 31 | 8);
    write(&mut system, APB_SARADC + 0x70, 2 << 21 | 1);
    write(&mut system, APB_SARADC + 0x04, 1 << 24 | 1 << 11 | 100 << 12);
    run(&mut system, 2000);
    let first = system.load32(SRAM + 16, 0).map(|beat| beat.value);
    assert_eq!(first.as_ref().map(|word| word >> 13), Ok(1), "channel 1 of ADC1");
    assert!(first.is_ok_and(|word| (1100..1500).contains(&(word & 0xFFF))), "300 mV of 950");
    assert_eq!(system.read_register(GDMA + 0x08) >> 1 & 1, 1, "IN_SUC_EOF");
}

/// TRM chapter 6: RTC_IO and RTC_CNTL keep a pad's level through deep sleep, when it is held.
#[test]
fn a_held_rtc_pad_outlives_deep_sleep() {
    let mut system = system();
    write(&mut system, RTC_IO + 0x84 + 4 * 6, 1 << 19);
    write(&mut system, RTC_IO + 0x04, 1 << 16);
    write(&mut system, RTC_IO + 0x10, 1 << 16);
    write(&mut system, RTC_CNTL + 0xD8, 1 << 6);
    system.restart_devices(Reason::DeepSleep);
    assert!(system.dev.fabric.pins.is_high(6));
    write(&mut system, RTC_IO + 0x08, 1 << 16);
    assert!(system.dev.fabric.pins.is_high(6), "held");
    write(&mut system, RTC_CNTL + 0xD8, 0);
    assert!(!system.dev.fabric.pins.is_high(6));
}

/// ESP-IDF `hal/touch_sensor_ll.h`: the timer of RTC_CNTL_TOUCH_CTRL2 scans, readings are in SENS, GPIO9 is channel 9.
#[test]
fn the_touch_sensor_scans_by_its_timer() {
    let mut system = system();
    system.dev.fabric.femtofarads[9] = 11_000;
    write(&mut system, RTC_CNTL + 0x108, 500 << 16 | 15);
    write(&mut system, RTC_CNTL + 0x110, 1 << (10 + 9));
    write(&mut system, RTC_CNTL + 0x14C, 7 << 2);
    write(&mut system, RTC_CNTL + 0x10C, 0x0008_40CC | 1 << 13);
    run(&mut system, 5000);
    assert_eq!(system.read_register(SENS + 0xA0 + 4 * 9), 27_500);
    assert_eq!(system.read_register(RTC_CNTL + 0x44) & 0x50, 0x50, "DONE and SCAN_DONE");
}
