//! Syncs, triggers, capture and interrupts.

use super::*;

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
