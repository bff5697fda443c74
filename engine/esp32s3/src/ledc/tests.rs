use super::*;
use crate::io::{OutSelect, Pad};

const PIN: u8 = 4;
const CONF0: u32 = 0x00;
const HPOINT: u32 = 0x04;
const DUTY: u32 = 0x08;
const CONF1: u32 = 0x0C;
const DUTY_R: u32 = 0x10;
const TIMER0: u32 = 0xA0;
const INT_RAW: u32 = 0xC0;
const INT_ENA: u32 = 0xC8;
const CONF: u32 = 0xD0;
/// SIG_OUT_EN and PARA_UP on timer 0.
const ON: u32 = 1 << 2 | 1 << 4;
/// DUTY_START, one step of nothing.
const UPDATE: u32 = 1 << 31 | 1 << 30 | 1 << 20 | 1 << 10;

/// Channel 0 on GPIO4, timer 0 of 8 bits from XTAL (40 MHz) over 4: a tick is 100 ns, a period 25.6 us.
fn parts(duty: u32) -> (Ledc, Fabric) {
    let (mut ledc, mut fabric) = (Ledc::new(), Fabric::new());
    fabric.set_pad(PIN, Pad { function: 1, ..Pad::default() });
    let select = OutSelect { signal: LEDC_LS_SIG_OUT0, invert: false, enable_by_gpio: false, invert_enable: false };
    fabric.select_output(PIN, select);
    fabric.pins.keep_log(true);
    let stores = [(CONF, 3), (HPOINT, 16), (DUTY, duty), (CONF1, UPDATE), (CONF0, ON), (TIMER0, 1 << 25 | 4 << 12 | 8)];
    for (offset, value) in stores {
        ledc.write(offset, Write::word(value), &mut fabric);
    }
    (ledc, fabric)
}

/// Carries out the events up to this tick of 100 ns.
fn run(ledc: &mut Ledc, fabric: &mut Fabric, tick: u64) -> usize {
    let mut events = 0;
    while fabric.events.next() <= tick * 100_000 {
        fabric.cycle = fabric.clock.first_cycle_from(fabric.events.next());
        while let Some(slot) = fabric.events.pop(fabric.now()) {
            if slot == Slot::Ledc as usize {
                ledc.event(Slot::Ledc, fabric);
                events += 1;
            }
        }
    }
    fabric.cycle = 4 * tick;
    events
}

fn edges(fabric: &mut Fabric) -> Vec<(u64, bool)> {
    fabric.pins.take_log().into_iter().map(|(at, level)| (at / 100_000, level >> PIN & 1 != 0)).collect()
}

/// TRM 35.3.3: high from hpoint on, for as many ticks as the duty says; a duty counts from the next period on. Nobody acts on
/// the pin: one event a millisecond.
#[test]
fn the_output_is_high_from_hpoint_for_the_duty() {
    let (mut ledc, mut fabric) = parts(64 << 4);
    let events = run(&mut ledc, &mut fabric, 30_000);
    assert!(events <= 3, "{events} events");
    let seen = edges(&mut fabric);
    assert_eq!(seen[..4], [(272, true), (336, false), (528, true), (592, false)]);
    assert!(seen.len() > 200);
}

/// TRM 35.3.3: with a fraction of n sixteenths, n of 16 periods are a tick longer.
#[test]
fn the_fraction_of_a_duty_dithers() {
    let (mut ledc, mut fabric) = parts(10 << 4 | 5);
    run(&mut ledc, &mut fabric, 256 * 33);
    ledc.read(DUTY_R, &mut fabric);
    let seen = edges(&mut fabric);
    let high: u64 = seen[..64].chunks(2).map(|pulse| pulse[1].0 - pulse[0].0).sum();
    assert_eq!(high, 32 * 10 + 2 * 5);
}

/// TRM 35.3.5: DUTY_NUM steps of DUTY_SCALE, one in DUTY_CYCLE periods, then DUTY_CHNG_END, to the tick of the overflow.
#[test]
fn a_fade_ends_with_its_interrupt() {
    let (mut ledc, mut fabric) = parts(0);
    ledc.write(INT_ENA, Write::word(1 << 4), &mut fabric);
    ledc.write(CONF1, Write::word(1 << 31 | 1 << 30 | 5 << 20 | 2 << 10 | 3), &mut fabric);
    // It starts with the first overflow and takes 5 * 2 periods.
    run(&mut ledc, &mut fabric, 256 * 11 - 1);
    assert_eq!(ledc.read(INT_RAW, &mut fabric) & 1 << 4, 0);
    assert_eq!(ledc.read(DUTY_R, &mut fabric), 12 << 4);
    run(&mut ledc, &mut fabric, 256 * 11);
    assert_ne!(fabric.sources() >> Source::LEDC as u8 & 1, 0);
    assert_eq!(ledc.read(DUTY_R, &mut fabric), 15 << 4);
    assert_eq!(ledc.read(CONF1, &mut fabric) >> 31, 0);
}

/// TRM 35.3.2.4 and 35.3.4: pause holds the counter, reset clears it; OVF_NUM + 1 overflows raise OVF_CNT.
#[test]
fn timers_pause_and_reset_and_overflows_are_counted() {
    let (mut ledc, mut fabric) = parts(0);
    ledc.write(CONF0, Write::word(ON | 1 << 15 | 2 << 5), &mut fabric);
    run(&mut ledc, &mut fabric, 3 * 256 - 1);
    assert_eq!(ledc.read(INT_RAW, &mut fabric) >> 12 & 1, 0);
    run(&mut ledc, &mut fabric, 3 * 256 + 10);
    assert_eq!(ledc.read(INT_RAW, &mut fabric) >> 12 & 1, 1);
    ledc.write(TIMER0, Write::word(1 << 22 | 4 << 12 | 8), &mut fabric);
    run(&mut ledc, &mut fabric, 5 * 256);
    assert_eq!(ledc.read(TIMER0 + 4, &mut fabric), 10);
    ledc.write(TIMER0, Write::word(1 << 23 | 4 << 12 | 8), &mut fabric);
    assert_eq!(ledc.read(TIMER0 + 4, &mut fabric), 0);
}

/// ESP-IDF `ledc_ll_ls_timer_update` and `ledc_ll_ls_channel_update`: new settings and a new hpoint wait for PARA_UP, and then for the
/// overflow.
#[test]
fn new_settings_wait_for_their_update_and_for_the_overflow() {
    let (mut ledc, mut fabric) = parts(64 << 4);
    run(&mut ledc, &mut fabric, 300);
    // Half the rate and 128 ticks, not released yet.
    ledc.write(TIMER0, Write::word(8 << 12 | 7), &mut fabric);
    ledc.write(HPOINT, Write::word(32), &mut fabric);
    run(&mut ledc, &mut fabric, 600);
    ledc.write(TIMER0, Write::word(1 << 25 | 8 << 12 | 7), &mut fabric);
    ledc.write(CONF0, Write::word(ON), &mut fabric);
    run(&mut ledc, &mut fabric, 1200);
    ledc.read(DUTY_R, &mut fabric);
    let seen = edges(&mut fabric);
    // From the third overflow, at 768, on: a tick is 200 ns, hpoint 32.
    let want = [272, 336, 528, 592, 768 + 2 * 32, 768 + 2 * 96, 768 + 256 + 2 * 32];
    let want: Vec<_> = want.into_iter().enumerate().map(|(n, tick)| (tick, n % 2 == 0)).collect();
    assert_eq!(seen, want);
}
