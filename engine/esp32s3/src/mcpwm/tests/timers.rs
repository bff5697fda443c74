//! Timers, their prescales and shadow registers, and the generators' actions.

use super::*;

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
