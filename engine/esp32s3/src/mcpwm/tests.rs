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

/// ESP-IDF's test "mcpwm_generator_action_on_compare_event", asymmetric, single edge: 500 ticks, compare 350 and 200. Nobody acts on the
/// pins: one event a millisecond.
#[test]
fn counting_up_the_duty_is_the_compare_value() {
    let mut system = parts(499);
    for (offset, value) in [(CMPR_A, 350), (CMPR_B, 200), (GEN_A, HIGH_TO_A), (GEN_B, HIGH_TO_B)] {
        store(&mut system, offset, value);
    }
    store(&mut system, TIMER[0] + CFG1, UP | RUN);
    let events = run(&mut system, 10_000);
    assert!(events <= 12, "{events} events");
    let seen = both(&mut system);
    assert_eq!(seen[..4], [(0, true, true), (200, true, false), (350, false, false), (500, true, true)]);
    assert_eq!(seen.len(), 61);
}

/// The same test, symmetric: 1200 ticks up and down, low at the comparator going down, high going up; and counting down, where
/// `soc/mcpwm_struct.h` has the D actions.
#[test]
fn up_and_down_is_symmetric_and_down_has_its_own_actions() {
    let mut system = parts(600);
    store(&mut system, CMPR_A, 400);
    // UTEA high, DTEA low.
    store(&mut system, GEN_A, 2 << 4 | 1 << 16);
    store(&mut system, TIMER[0] + CFG1, UP_DOWN | RUN);
    run(&mut system, 3000);
    assert_eq!(edges(&mut system, PIN_A), [(400, true), (800, false), (1600, true), (2000, false), (2800, true)]);
    let mut system = parts(499);
    store(&mut system, CMPR_A, 100);
    // DTEP high, DTEA low.
    store(&mut system, GEN_A, 2 << 14 | 1 << 16);
    store(&mut system, TIMER[0] + CFG1, DOWN | RUN);
    run(&mut system, 1000);
    assert_eq!(edges(&mut system, PIN_A), [(1, true), (400, false), (501, true), (900, false)]);
}

/// `soc/mcpwm_struct.h`: PWM_clk is 160 MHz / (CLK_PRESCALE + 1), PT_clk that over TIMER_PRESCALE + 1.
#[test]
fn edges_are_exact_to_the_picosecond() {
    let mut system = parts(9);
    store(&mut system, 0, 2);
    store(&mut system, TIMER[0], 9 << 8 | 6);
    store(&mut system, CMPR_A, 3);
    store(&mut system, GEN_A, HIGH_TO_A);
    store(&mut system, TIMER[0] + CFG1, UP | RUN);
    run(&mut system, 3);
    // 21 cycles of 6.25 ns.
    let tick = 131_250;
    let seen = ps_edges(&mut system, PIN_A);
    assert_eq!(seen, [(0, true), (3 * tick, false), (10 * tick, true), (13 * tick, false), (20 * tick, true)]);
}

/// ESP-IDF's test "mcpwm_timer_start_stop", on silicon: up and down, 400 ticks; the once-commands stop at 0 going up and at the
/// peak going down, the plain stops where they say.
#[test]
fn timers_start_and_stop_where_they_are_told() {
    let mut system = parts(200);
    let cfg1 = TIMER[0] + CFG1;
    store(&mut system, cfg1, UP_DOWN);
    store(&mut system, cfg1, UP_DOWN | 3);
    run(&mut system, 399);
    assert_eq!(load(&mut system, INT_RAW) & 1, 0);
    run(&mut system, 10_000);
    assert_eq!((count(&mut system, 0, 200), load(&mut system, INT_RAW) & 1), ((0, false), 1));
    store(&mut system, INT_CLR, 1);
    store(&mut system, cfg1, UP_DOWN | 4);
    run(&mut system, 20_000);
    assert_eq!((count(&mut system, 0, 200), load(&mut system, INT_RAW) & 1), ((200, true), 1));
    store(&mut system, cfg1, UP_DOWN | RUN);
    run(&mut system, 20_050);
    assert_eq!(count(&mut system, 0, 200), (150, true));
    store(&mut system, cfg1, UP_DOWN | 1);
    run(&mut system, 30_000);
    assert_eq!(count(&mut system, 0, 200), (200, true));
    store(&mut system, cfg1, UP_DOWN | RUN);
    run(&mut system, 30_010);
    store(&mut system, cfg1, UP_DOWN);
    run(&mut system, 40_000);
    assert_eq!(count(&mut system, 0, 200), (0, false));
}

/// `soc/mcpwm_struct.h`: the prescale counts from the next start on; TIMER_MOD 0 freezes.
#[test]
fn a_prescale_waits_for_the_next_start_and_a_frozen_timer_stands() {
    let mut system = parts(999);
    let cfg1 = TIMER[0] + CFG1;
    store(&mut system, cfg1, UP | RUN);
    run(&mut system, 10);
    store(&mut system, TIMER[0], 999 << 8 | 19);
    run(&mut system, 100);
    assert_eq!(count(&mut system, 0, 999), (100, false));
    store(&mut system, cfg1, RUN);
    run(&mut system, 200);
    assert_eq!(load(&mut system, TIMER[0] + STATUS), 100);
    store(&mut system, cfg1, UP);
    run(&mut system, 1100);
    store(&mut system, cfg1, UP | RUN);
    run(&mut system, 1120);
    assert_eq!(count(&mut system, 0, 999), (10, false), "now at half the rate");
}

/// `soc/mcpwm_struct.h`: a new compare value counts from TEZ on where CMPR_A_UPMETHOD says so, a new period from TEZ on; SHDW_FULL is set
/// until then. A toggle of a force bit transfers at once.
#[test]
fn shadow_registers_wait_for_their_moment() {
    let mut system = parts(99);
    store(&mut system, CMPR_A, 30);
    store(&mut system, CMPR_CFG, 1);
    store(&mut system, GEN_A, HIGH_TO_A);
    store(&mut system, TIMER[0] + CFG1, UP | RUN);
    run(&mut system, 10);
    store(&mut system, CMPR_A, 60);
    store(&mut system, TIMER[0], 1 << 24 | 199 << 8 | 9);
    assert_eq!(load(&mut system, CMPR_CFG) >> 8, 1, "A_SHDW_FULL");
    run(&mut system, 150);
    assert_eq!(load(&mut system, CMPR_CFG) >> 8, 0);
    store(&mut system, CMPR_A, 70);
    toggle(&mut system, UPDATE_CFG, 3);
    run(&mut system, 305);
    // Without OP0_UP_EN nothing is transferred.
    store(&mut system, UPDATE_CFG, 0x51);
    store(&mut system, CMPR_A, 20);
    run(&mut system, 499);
    let seen = edges(&mut system, PIN_A);
    assert_eq!(seen, [(0, true), (30, false), (100, true), (170, false), (300, true), (370, false)]);
}

/// `soc/mcpwm_struct.h`, GEN_FORCE: the continuous force holds until it is taken off, the other one until the next event; ESP-IDF
/// `mcpwm_ll_gen_set_continue_force_level` makes it immediate first.
#[test]
fn software_forces_an_output() {
    let mut system = parts(99);
    store(&mut system, CMPR_A, 50);
    store(&mut system, GEN_A, HIGH_TO_A);
    store(&mut system, TIMER[0] + CFG1, UP | RUN);
    run(&mut system, 10);
    store(&mut system, FORCE, 0);
    store(&mut system, FORCE, 1 << 6);
    run(&mut system, 210);
    store(&mut system, FORCE, 2 << 6);
    run(&mut system, 380);
    store(&mut system, FORCE, 0);
    run(&mut system, 470);
    // Once, by a toggle: NCIFORCE_MODE high, then the trigger.
    store(&mut system, FORCE, 2 << 11);
    toggle(&mut system, FORCE, 10);
    run(&mut system, 560);
    let seen = edges(&mut system, PIN_A);
    assert_eq!(seen, [(0, true), (10, false), (210, true), (450, false), (470, true), (550, false)]);
}

/// ESP32-S3 TRM, priorities of events: TEB goes before TEA, and both before TEZ. A compare value of 0 makes a duty of none.
#[test]
fn of_events_at_one_moment_the_highest_counts() {
    let mut system = parts(99);
    store(&mut system, GEN_A, HIGH_TO_A);
    store(&mut system, CMPR_B, 20);
    store(&mut system, GEN_B, 2 | 1 << 4 | 2 << 6);
    store(&mut system, TIMER[0] + CFG1, UP | RUN);
    run(&mut system, 300);
    let seen = both(&mut system);
    assert_eq!(
        seen,
        [
            (20, false, true),
            (100, false, false),
            (120, false, true),
            (200, false, false),
            (220, false, true),
            (300, false, false)
        ]
    );
}

/// DB_CFG with these switches, ESP32-S3 TRM "Dead Time Generator", and what ESP-IDF `mcpwm_generator_set_dead_time` sets for its test
/// cases: a rising delay of 50 and a falling one of 100 ticks, written one less.
fn dead_time(cfg: u32) -> Vec<(u64, bool, bool)> {
    let mut system = parts(599);
    for (offset, value) in [
        (CMPR_A, 300),
        (CMPR_B, 400),
        (GEN_A, HIGH_TO_A),
        (GEN_B, HIGH_TO_B),
        (DB_RED, 49),
        (DB_FED, 99),
        (DB_CFG, 1 << 17 | cfg),
    ] {
        store(&mut system, offset, value);
    }
    both(&mut system);
    store(&mut system, TIMER[0] + CFG1, UP | RUN);
    run(&mut system, 599);
    both(&mut system)
}

#[test]
fn dead_time_makes_all_its_topologies() {
    const RED_INVERT: u32 = 1 << 13;
    const FED_INVERT: u32 = 1 << 14;
    const A_BYPASS: u32 = 1 << 15;
    const B_BYPASS: u32 = 1 << 16;
    // Active high complementary: A rises late, B is the inverse and rises late.
    assert_eq!(dead_time(FED_INVERT), [(0, false, false), (50, true, false), (300, false, false), (400, false, true)]);
    // Active low complementary.
    assert_eq!(dead_time(RED_INVERT), [(0, true, true), (50, false, true), (300, true, true), (400, true, false)]);
    // Active high and active low.
    assert_eq!(dead_time(0), [(0, false, true), (50, true, true), (300, false, true), (400, false, false)]);
    assert_eq!(
        dead_time(RED_INVERT | FED_INVERT),
        [(0, true, false), (50, false, false), (300, true, false), (400, true, true)]
    );
    // Bypassed on one path.
    assert_eq!(dead_time(A_BYPASS), [(0, true, true), (300, false, true), (400, false, false)]);
    assert_eq!(dead_time(B_BYPASS), [(0, false, true), (50, true, true), (300, false, true), (400, false, false)]);
    // ESP-IDF's test "redfedb_only": A bypassed, both edges of B delayed on the B path, which takes generator B.
    assert_eq!(
        dead_time(A_BYPASS | 1 << 8 | 1 << 11),
        [(0, true, false), (50, true, true), (300, false, true), (500, false, false)]
    );
    // Outputs swapped: A shows the B path.
    assert_eq!(
        dead_time(A_BYPASS | B_BYPASS | 1 << 9 | 1 << 10),
        [(0, true, true), (300, true, false), (400, false, false)]
    );
}

/// `soc/mcpwm_struct.h`, CLK_SEL 0: dead time counts PWM_clk, here 100 ns. A pulse shorter than the rising delay does not pass.
#[test]
fn dead_time_counts_pwm_clk_and_swallows_short_pulses() {
    let mut system = parts(99);
    for (offset, value) in [(CMPR_A, 4), (GEN_A, HIGH_TO_A), (DB_RED, 24), (DB_CFG, 1 << 16)] {
        store(&mut system, offset, value);
    }
    store(&mut system, TIMER[0] + CFG1, UP | RUN);
    run(&mut system, 120);
    store(&mut system, DB_RED, 39);
    run(&mut system, 399);
    let seen = ps_edges(&mut system, PIN_A);
    assert_eq!(seen, [(2_500_000, true), (4_000_000, false), (102_500_000, true), (104_000_000, false)]);
}

/// ESP-IDF `mcpwm_operator_apply_carrier` and its test: 1 MHz, half duty and a first pulse of 10 us from PWM_clk of 8 MHz, with a
/// continuous force as the signal and no timer at all.
#[test]
fn the_carrier_begins_with_a_long_pulse() {
    let mut system = parts(99);
    store(&mut system, 0, 19);
    store(&mut system, CHOPPER, 9 << 8 | 4 << 5 | 1);
    store(&mut system, FORCE, 0);
    store(&mut system, FORCE, 2 << 6);
    run(&mut system, 13);
    store(&mut system, FORCE, 1 << 6);
    run(&mut system, 20);
    let half = 500_000;
    let seen = ps_edges(&mut system, PIN_A);
    let want = [(0, true), (20, false), (21, true), (22, false), (23, true), (24, false), (25, true), (26, false)];
    assert_eq!(seen, want.map(|(halves, level)| (halves * half, level)));
    store(&mut system, CHOPPER, 0);
    store(&mut system, FORCE, 2 << 6);
    run(&mut system, 40);
    assert_eq!(edges(&mut system, PIN_A), [(20, true)]);
}

/// ESP-IDF's test "mcpwm_operator_brake_on_gpio_fault": F0 trips cycle by cycle and lets go at the next TEZ after it is over.
#[test]
fn a_fault_trips_cycle_by_cycle() {
    let mut system = parts(99);
    listen(&mut system, PWM0_F0);
    // A is low by itself, and forced high by the trip while the timer counts up; TEZ lets go.
    for (offset, value) in [(GEN_A, 1), (TZ_CFG0, 1 << 3 | 2 << 10), (TZ_CFG1, 1 << 1), (FAULT_DETECT, 1 << 3 | 1)] {
        store(&mut system, offset, value);
    }
    store(&mut system, INT_ENA, 1 << 9 | 1 << 12 | 1 << 21);
    store(&mut system, TIMER[0] + CFG1, UP | RUN);
    drive(&mut system, 130, true);
    assert_eq!(load(&mut system, INT_ST), 1 << 9 | 1 << 21);
    assert_ne!(system.dev.fabric.sources() >> Source::PWM0 as u8 & 1, 0);
    assert_eq!((load(&mut system, TZ_STATUS), load(&mut system, FAULT_DETECT) >> 6), (1, 1));
    drive(&mut system, 250, false);
    assert_eq!(load(&mut system, INT_ST), 1 << 9 | 1 << 21 | 1 << 12);
    run(&mut system, 350);
    assert_eq!(load(&mut system, TZ_STATUS), 0);
    assert_eq!(edges(&mut system, PIN_A), [(130, true), (300, false)]);
}

/// The same test, one-shot: it lasts until a rising edge of CLR_OST, which does nothing while the fault goes on; and the same by software
/// ("mcpwm_operator_brake_on_soft_fault").
#[test]
fn a_one_shot_trip_waits_for_software() {
    let mut system = parts(99);
    listen(&mut system, PWM0_F1);
    for (offset, value) in [(GEN_B, 1), (TZ_CFG0, 1 << 6 | 1 << 4 | 2 << 22), (FAULT_DETECT, 1 << 4 | 1 << 1)] {
        store(&mut system, offset, value);
    }
    let clear = |system: &mut System| {
        store(system, TZ_CFG1, 0);
        store(system, TZ_CFG1, 1);
    };
    store(&mut system, TIMER[0] + CFG1, UP | RUN);
    drive(&mut system, 130, true);
    run(&mut system, 220);
    clear(&mut system);
    assert_eq!(load(&mut system, TZ_STATUS), 2);
    drive(&mut system, 250, false);
    run(&mut system, 440);
    clear(&mut system);
    assert_eq!(load(&mut system, TZ_STATUS), 0);
    run(&mut system, 500);
    toggle(&mut system, TZ_CFG1, 4);
    run(&mut system, 700);
    assert_eq!(load(&mut system, INT_RAW) >> 24 & 1, 1);
    assert_eq!(edges(&mut system, PIN_B), [(130, true), (440, false), (500, true)]);
}

/// ESP-IDF's test "mcpwm_gpio_sync_timer_phase_lock": a pin syncs timer 0, which passes it on to timer 1 and that to timer 2.
#[test]
fn a_pin_syncs_a_chain_of_timers() {
    let mut system = parts(499);
    listen(&mut system, PWM0_SYNC0);
    store(&mut system, SYNCI_CFG, 4 | 1 << 3 | 2 << 6);
    for timer in TIMER {
        store(&mut system, timer + CFG1, UP);
        store(&mut system, timer + SYNC, 100 << 4 | 1);
    }
    drive(&mut system, 10, true);
    drive(&mut system, 11, false);
    for timer in 0..3 {
        assert_eq!(count(&mut system, timer, 499), (100, false));
    }
}

/// ESP-IDF's tests "mcpwm_timer_sync_timer_phase_lock" and "mcpwm_soft_sync_timer_phase_lock": TEP of timer 0 sets the others to a phase
/// and direction; software does so by a toggle.
#[test]
fn timers_sync_each_other_and_software_does() {
    let mut system = parts(250);
    store(&mut system, SYNCI_CFG, 1 << 3 | 1 << 6);
    store(&mut system, TIMER[0] + SYNC, 2 << 2);
    for timer in &TIMER[1..] {
        store(&mut system, timer + CFG1, UP_DOWN);
        store(&mut system, timer + SYNC, 1 << 20 | 50 << 4 | 1);
    }
    store(&mut system, TIMER[0] + CFG1, UP_DOWN | 4);
    run(&mut system, 10_000);
    assert_eq!((count(&mut system, 1, 250), count(&mut system, 2, 250)), ((50, true), (50, true)));
    store(&mut system, TIMER[1] + SYNC, 77 << 4 | 1);
    toggle(&mut system, TIMER[1] + SYNC, 1);
    assert_eq!(count(&mut system, 1, 250), (77, false));
}

/// Two running timers, the second a quarter of a period behind the first: it is set to its phase at each TEZ of the first.
/// SYNC: SYNCI_EN, SYNCO_SEL, PHASE (SVD). The sync of timer 0's TEZ takes it to where it is, or round through timer 1.
#[test]
fn a_ring_of_syncs_does_not_stop_time() {
    for (first, second, selections) in [(1 | 1 << 2, 0, 1), (1 | 1 << 2, 1 | 2 << 2 | 9 << 4, 2 | 1 << 3)] {
        let mut system = parts(9);
        store(&mut system, TIMER[0] + SYNC, first);
        store(&mut system, TIMER[1] + SYNC, second);
        store(&mut system, SYNCI_CFG, selections);
        store(&mut system, INT_ENA, 1 << 3);
        store(&mut system, TIMER[1] + CFG1, UP | RUN);
        store(&mut system, TIMER[0] + CFG1, UP | RUN);
        run(&mut system, 25);
        assert_eq!(count(&mut system, 0, 9), (5, false));
    }
}

#[test]
fn a_phase_shift_shows_on_the_pins() {
    let mut system = parts(399);
    store(&mut system, SYNCI_CFG, 1 << 3);
    store(&mut system, TIMER[0] + SYNC, 1 << 2);
    store(&mut system, TIMER[1] + SYNC, 300 << 4 | 1);
    // Operator 1, on GPIO5, follows timer 1.
    store(&mut system, 0x38, 1 << 2);
    let select = OutSelect { signal: PWM0_OUT1A, invert: false, enable_by_gpio: false, invert_enable: false };
    system.dev.fabric.select_output(PIN_B, select);
    for operator in [0, 0x38] {
        store(&mut system, CMPR_A + operator, 200);
        store(&mut system, GEN_A + operator, HIGH_TO_A);
    }
    store(&mut system, TIMER[1] + CFG1, UP | RUN);
    store(&mut system, TIMER[0] + CFG1, UP | RUN);
    run(&mut system, 700);
    let seen = both(&mut system);
    // Both go high when they start; timer 1 then goes on from 300 and is at 0 at 100.
    assert_eq!(
        seen,
        [
            (0, true, true),
            (200, false, true),
            (300, false, false),
            (400, true, false),
            (500, true, true),
            (600, false, true),
            (700, false, false)
        ]
    );
}

/// `soc/mcpwm_struct.h`, GEN0_CFG0: T0 from fault 2 toggles, T1 from a sync event sets low.
#[test]
fn triggers_come_from_faults_and_syncs() {
    let mut system = parts(999);
    listen(&mut system, PWM0_F2);
    store(&mut system, FAULT_DETECT, 1 << 5 | 1 << 2);
    store(&mut system, GEN_CFG0, 3 << 7 | 2 << 4);
    store(&mut system, GEN_A, 3 << 8 | 1 << 10);
    store(&mut system, TIMER[0] + SYNC, 500 << 4 | 1);
    store(&mut system, TIMER[0] + CFG1, UP | RUN);
    for (tick, level) in [(10, true), (20, false), (30, true), (40, false), (50, true)] {
        drive(&mut system, tick, level);
    }
    run(&mut system, 60);
    toggle(&mut system, TIMER[0] + SYNC, 1);
    assert_eq!(edges(&mut system, PIN_A), [(10, true), (30, false), (50, true), (60, false)]);
}

/// ESP-IDF `soc/mcpwm_struct.h`, CAP_CHn_CFG: edges of a pin are captured on APB_CLK (here XTAL / 2, 20 MHz), with the edge that did it;
/// the prescaler counts rising edges.
#[test]
fn pulses_of_a_pin_are_captured() {
    let mut system = parts(99);
    listen(&mut system, PWM0_CAP0);
    store(&mut system, INT_ENA, 1 << 27);
    store(&mut system, CAP_TIMER_CFG, 1);
    store(&mut system, CAP_CH0_CFG, 3 << 1 | 1);
    drive(&mut system, 100, true);
    assert_eq!((load(&mut system, CAP_CH0), load(&mut system, CAP_STATUS)), (2000, 0));
    assert_eq!(load(&mut system, INT_ST), 1 << 27);
    store(&mut system, INT_CLR, 1 << 27);
    drive(&mut system, 137, false);
    assert_eq!((load(&mut system, CAP_CH0), load(&mut system, CAP_STATUS)), (2740, 1));
    // Every third rising edge, inverted: falling edges of the pin.
    store(&mut system, CAP_CH0_CFG, 1 << 11 | 2 << 3 | 2 << 1 | 1);
    store(&mut system, INT_CLR, 1 << 27);
    let mut captured = Vec::new();
    for tick in 0..12 {
        drive(&mut system, 200 + tick, tick % 2 == 0);
        if load(&mut system, INT_RAW) >> 27 & 1 != 0 {
            store(&mut system, INT_CLR, 1 << 27);
            captured.push(load(&mut system, CAP_CH0) / 20);
        }
    }
    assert_eq!(captured, [205, 211]);
    // Software captures, and a sync sets the timer to its phase.
    store(&mut system, CAP_PHASE, 1_000_000);
    store(&mut system, CAP_TIMER_CFG, 1 << 5 | 1 << 1 | 1);
    run(&mut system, 301);
    store(&mut system, CAP_CH0_CFG, 1 << 12 | 1);
    assert_eq!(load(&mut system, CAP_CH0), 1_000_000 + 90 * 20);
    assert_eq!(load(&mut system, CAP_CH0_CFG), 1, "the strobe is not kept");
}

/// An interrupt at a comparator comes with its tick, ESP-IDF `MCPWM_LL_EVENT_CMP_EQUAL`; what nobody waits for costs nothing.
#[test]
fn a_comparator_interrupts_on_its_tick() {
    let mut system = parts(9999);
    store(&mut system, CMPR_A, 5000);
    store(&mut system, INT_ENA, 1 << 15);
    store(&mut system, TIMER[0] + CFG1, UP | RUN);
    let due = |system: &System| system.dev.fabric.sources() >> Source::PWM0 as u8 & 1 != 0;
    run(&mut system, 4999);
    assert!(!due(&system));
    run(&mut system, 5000);
    assert!(due(&system));
    store(&mut system, INT_ENA, 0);
    assert!(!due(&system));
    let mut idle = parts(9);
    idle.dev.fabric.set_pad(PIN_A, Pad::default());
    idle.dev.fabric.set_pad(PIN_B, Pad::default());
    store(&mut idle, TIMER[0] + CFG1, UP | RUN);
    assert_eq!(run(&mut idle, 100_000), 0);
    assert_eq!(load(&mut idle, INT_RAW) & 0x1FF, 1 << 3 | 1 << 6);
}

/// Both units are there, each with its own signals (ESP-IDF `soc/mcpwm_periph.c`) and interrupt.
#[test]
fn the_second_unit_has_its_own_pins() {
    let mut system = parts(99);
    let select = OutSelect { signal: PWM1_OUT2B, invert: false, enable_by_gpio: false, invert_enable: false };
    system.dev.fabric.select_output(PIN_A, select);
    const UNIT: u32 = 0x6002_C000 - BASE;
    // Operator 2, continuous force of B.
    store(&mut system, UNIT + FORCE + 2 * 0x38, 0);
    store(&mut system, UNIT + FORCE + 2 * 0x38, 2 << 8);
    store(&mut system, UNIT + INT_ENA, 1 << 24);
    assert!(system.dev.fabric.pins.is_high(PIN_A));
    store(&mut system, UNIT + TZ_CFG0, 1 << 4);
    store(&mut system, UNIT + TZ_CFG1, 1 << 4);
    assert_ne!(system.dev.fabric.sources() >> Source::PWM1 as u8 & 1, 0);
}
