//! The block against the words of ESP-IDF's own tests and headers: a bench, and the tests by what they look at.

mod inputs;
mod outputs;
mod timers;

use crate::io::{InSelect, OutSelect, Pad};
use crate::signals::*;
use crate::slots::Slot;
use crate::sources::Source;
use crate::spi_mem::psram::Wiring;
use crate::system::System;
use engine_core::pins::Drive;
use engine_core::registers::Write;
use engine_core::time::Ps;

const BASE: u32 = 0x6001_E000;
const TIMER: [u32; 3] = [0x04, 0x14, 0x24];
const CFG1: u32 = 0x4;
const SYNC: u32 = 0x8;
const STATUS: u32 = 0xC;
const SYNCI_CFG: u32 = 0x34;
const CMPR_CFG: u32 = 0x3C;
const CMPR_A: u32 = 0x40;
const CMPR_B: u32 = 0x44;
const GEN_CFG0: u32 = 0x48;
const FORCE: u32 = 0x4C;
const GEN_A: u32 = 0x50;
const GEN_B: u32 = 0x54;
const DB_CFG: u32 = 0x58;
const DB_FED: u32 = 0x5C;
const DB_RED: u32 = 0x60;
const CHOPPER: u32 = 0x64;
const TZ_CFG0: u32 = 0x68;
const TZ_CFG1: u32 = 0x6C;
const TZ_STATUS: u32 = 0x70;
const FAULT_DETECT: u32 = 0xE4;
const CAP_TIMER_CFG: u32 = 0xE8;
const CAP_PHASE: u32 = 0xEC;
const CAP_CH0_CFG: u32 = 0xF0;
const CAP_CH0: u32 = 0xFC;
const CAP_STATUS: u32 = 0x108;
const UPDATE_CFG: u32 = 0x10C;
const INT_ENA: u32 = 0x110;
const INT_RAW: u32 = 0x114;
const INT_ST: u32 = 0x118;
const INT_CLR: u32 = 0x11C;
/// TIMER_MOD and TIMER_START, ESP-IDF `hal/mcpwm_ll.h`.
const UP: u32 = 1 << 3;
const DOWN: u32 = 2 << 3;
const UP_DOWN: u32 = 3 << 3;
const RUN: u32 = 2;
/// A tick of 1 MHz, the resolution of ESP-IDF's tests: 160 MHz / 16 / 10 (`soc/mcpwm_struct.h`: both prescales are one less).
const TICK: Ps = 1_000_000;
const PIN_A: u8 = 4;
const PIN_B: u8 = 5;
const INPUT: u8 = 6;
/// GEN_A: UTEZ high and UTEA low, the plain PWM of ESP-IDF's examples; and the same for B with its own comparator.
const HIGH_TO_A: u32 = 2 | 1 << 4;
const HIGH_TO_B: u32 = 2 | 1 << 6;

/// MCPWM0 at 1 MHz with a timer of this period, operator 0 on GPIO4 and GPIO5; GPIO6 is an input.
fn parts(period: u32) -> System {
    let mut system = System::new(1 << 20, 0, Wiring::Quad);
    store(&mut system, 0, 15);
    for timer in TIMER {
        store(&mut system, timer, period << 8 | 9);
    }
    let fabric = &mut system.dev.fabric;
    for (pin, signal) in [(PIN_A, PWM0_OUT0A), (PIN_B, PWM0_OUT0B)] {
        fabric.set_pad(pin, Pad { function: 1, ..Pad::default() });
        let select = OutSelect { signal, invert: false, enable_by_gpio: false, invert_enable: false };
        fabric.select_output(pin, select);
    }
    fabric.set_pad(INPUT, Pad { function: 1, input_enable: true, ..Pad::default() });
    fabric.pins.keep_log(true);
    system
}

fn listen(system: &mut System, signal: Signal) {
    let select = InSelect { pin: INPUT, invert: false, by_matrix: true };
    system.dev.fabric.select_input(signal, select);
}

fn store(system: &mut System, offset: u32, value: u32) {
    system.dev.write(BASE + offset, Write::word(value));
    system.settle();
}

fn load(system: &mut System, offset: u32) -> u32 {
    system.dev.read(BASE + offset).expect("MCPWM0 is there")
}

/// Puts a level onto the input pin after so many ticks from the start.
fn drive(system: &mut System, tick: u64, level: bool) {
    run(system, tick);
    let fabric = &mut system.dev.fabric;
    let now = fabric.now();
    fabric.pins.drive_from_outside(Drive { pin: INPUT, level: Some(level) }, now);
    fabric.levels_changed(now);
    system.settle();
}

/// Carries out what is due until so many ticks from the start; returns how many events of MCPWM0 there were.
fn run(system: &mut System, tick: u64) -> usize {
    let (end, mut events) = (tick * TICK, 0);
    loop {
        let fabric = &mut system.dev.fabric;
        let next = fabric.events.next();
        if next > end {
            fabric.cycle = fabric.clock.first_cycle_from(end);
            return events;
        }
        fabric.cycle = fabric.clock.first_cycle_from(next).max(fabric.cycle);
        let now = fabric.now();
        while let Some(slot) = system.dev.fabric.events.pop(now) {
            events += usize::from(slot == Slot::Mcpwm0 as usize);
            system.event(crate::slots::slot(slot));
        }
    }
}

/// Edges of a pin in ticks; all of them fall on whole ones unless a test asks for picoseconds.
fn edges(system: &mut System, pin: u8) -> Vec<(u64, bool)> {
    ps_edges(system, pin).into_iter().map(|(at, level)| (at / TICK, level)).collect()
}

fn ps_edges(system: &mut System, pin: u8) -> Vec<(Ps, bool)> {
    load(system, STATUS);
    let mut seen = false;
    let levels = system.dev.fabric.pins.take_log().into_iter().map(|(at, level)| (at, level >> pin & 1 != 0));
    levels.filter(|(_, level)| std::mem::replace(&mut seen, *level) != *level).collect()
}

/// Edges of both pins from one log.
fn both(system: &mut System) -> Vec<(u64, bool, bool)> {
    load(system, STATUS);
    let log = system.dev.fabric.pins.take_log();
    log.into_iter().map(|(at, level)| (at / TICK, level >> PIN_A & 1 != 0, level >> PIN_B & 1 != 0)).collect()
}

/// ESP-IDF `mcpwm_ll_timer_get_count_value`: the register holds the next count.
fn count(system: &mut System, timer: usize, period: u32) -> (u32, bool) {
    let status = load(system, TIMER[timer] + STATUS);
    let (value, down) = (status & 0xFFFF, status >> 16 & 1 != 0);
    ((value + if down { 1 } else { period }) % (period + 1), down)
}

fn toggle(system: &mut System, offset: u32, bit: u32) {
    let value = load(system, offset);
    store(system, offset, value ^ 1 << bit);
}
