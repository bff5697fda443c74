//! Forces, dead time, carrier and faults.

use super::*;

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
