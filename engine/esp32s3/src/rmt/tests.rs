use crate::slots::Slot;
use crate::spi_mem::psram::Wiring;
use crate::system::System;
use engine_core::registers::Write;
use engine_core::time::Ps;

const BASE: u32 = 0x6001_6000;
const TX_CONF0: u32 = 0x20;
const RX_CONF0: u32 = 0x40;
const RX_CONF1: u32 = 0x44;
const INT_RAW: u32 = 0x70;
const INT_CLR: u32 = 0x7C;
const TX_LIM: u32 = 0xA0;
const SYS_CONF: u32 = 0xC0;
const CARRIER_DUTY: u32 = 0x80;
const MEMORY: u32 = 0x800;
/// Bits of TX_CONF0, TRM register 37.2.
const UPDATE: u32 = 1 << 24;
const IDLE_OUT_EN: u32 = 1 << 6;
const WRAP: u32 = 1 << 4;
const CONTINUOUS: u32 = 1 << 3;
const START: u32 = 1 << 0;
const ONE_BLOCK: u32 = 1 << 16;
/// TX_CONF0 of a channel that is set up as the tests like it: no carrier, DIV_CNT 1, low when idle.
const PLAIN: u32 = ONE_BLOCK | 1 << 8 | IDLE_OUT_EN;
/// A tick of 10 MHz.
const TICK: Ps = 100_000;
const PIN: u8 = 4;

/// RMT at 10 MHz (XTAL over 4), channel 0 on GPIO4; GPIO4 is also what receiver 6 listens to.
fn parts() -> System {
    let mut system = System::new(1 << 20, 0, Wiring::Quad);
    store(&mut system, SYS_CONF, 3 << 24 | 1 << 26 | 3 << 4 | 1);
    let fabric = &mut system.dev.fabric;
    let select = crate::io::OutSelect {
        signal: crate::signals::RMT_SIG_OUT0,
        invert: false,
        enable_by_gpio: false,
        invert_enable: false,
    };
    fabric.set_pad(PIN, crate::io::Pad { function: 1, ..Default::default() });
    fabric.select_output(PIN, select);
    fabric.pins.keep_log(true);
    system
}

fn store(system: &mut System, offset: u32, value: u32) {
    system.dev.write(BASE + offset, Write::word(value));
    system.settle();
}

fn load(system: &mut System, offset: u32) -> u32 {
    system.dev.read(BASE + offset).expect("RMT is there")
}

/// Carries out what is due until `until` (microseconds from the start); returns how many events there were.
fn run(system: &mut System, until: u64) -> usize {
    let (end, mut events) = (until * 1_000_000, 0);
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
            system.event(crate::slots::slot(slot));
            events += 1;
        }
    }
}

fn word(first: (u32, u32), second: (u32, u32)) -> u32 {
    first.0 << 15 | first.1 | second.0 << 31 | second.1 << 16
}

fn edges(system: &mut System) -> Vec<(Ps, bool)> {
    let levels = system.dev.fabric.pins.take_log();
    levels.into_iter().map(|(at, level)| (at, level >> PIN & 1 != 0)).collect()
}

/// TRM 37.3.2.1: an entry is a level and a period; the low half goes first; period 0 ends the transmission.
#[test]
fn edges_fall_on_the_ticks_of_the_entries_and_the_end_marker_ends() {
    let mut system = parts();
    store(&mut system, MEMORY, word((1, 4), (0, 8)));
    store(&mut system, MEMORY + 4, word((1, 7), (0, 0)));
    store(&mut system, TX_CONF0, PLAIN | UPDATE | START);
    run(&mut system, 1);
    assert_eq!(load(&mut system, INT_RAW), 0);
    run(&mut system, 10);
    assert_eq!(load(&mut system, INT_RAW), 1);
    assert_eq!(edges(&mut system), [(0, true), (4 * TICK, false), (12 * TICK, true), (19 * TICK, false)]);
    store(&mut system, INT_CLR, 1);
    assert_eq!(load(&mut system, INT_RAW), 0);
}

/// TRM 37.3.4.3: with wrapping, TX_LIM asks for the next words each time that many have been sent. 768 pixels of a WS2812
/// strip, 24 bits of 1.25 us each, take 23.04 ms and 36 864 edges; hardly an event is spent on them.
#[test]
fn a_strip_of_768_pixels_is_sent_in_batches() {
    let mut system = parts();
    const BITS: u32 = 768 * 24;
    let bit = word((1, 4), (0, 8));
    let mut filled = 0;
    let mut fill = |system: &mut System, count: u32| {
        for _ in 0..count {
            let value = if filled < BITS { bit } else { 0 };
            store(system, MEMORY + 4 * (filled % 48), value);
            filled += 1;
        }
    };
    fill(&mut system, 48);
    store(&mut system, TX_LIM, 24);
    store(&mut system, TX_CONF0, PLAIN | WRAP | UPDATE | START);
    let (mut events, mut us) = (0, 0);
    while load(&mut system, INT_RAW) & 1 == 0 {
        us += 5;
        events += run(&mut system, us);
        if load(&mut system, INT_RAW) & 1 << 8 != 0 {
            store(&mut system, INT_CLR, 1 << 8);
            fill(&mut system, 24);
        }
        assert!(us < 30_000);
    }
    let seen = edges(&mut system);
    assert_eq!(seen.len(), 36_864);
    assert_eq!(seen.last(), Some(&(u64::from(BITS - 1) * 12 * TICK + 4 * TICK, false)));
    assert!(events < 3 * 768, "{events} events");
}

/// TRM 37.3.4.1: without wrapping, data that is longer than the memory is an error.
#[test]
fn the_end_of_the_memory_without_wrapping_is_an_error() {
    let mut system = parts();
    for n in 0..48 {
        store(&mut system, MEMORY + 4 * n, word((1, 1), (0, 1)));
    }
    store(&mut system, TX_CONF0, PLAIN | UPDATE | START);
    run(&mut system, 100);
    assert_eq!(load(&mut system, INT_RAW) & 0x11, 0x10);
    assert_eq!(load(&mut system, 0x50) >> 25 & 1, 1, "MEM_EMPTY");
}

/// TRM 37.3.4.4: TX_LOOP_NUM runs, then TX_LOOP, and with LOOP_STOP_EN the transmitter stops.
#[test]
fn a_loop_is_counted_and_stops() {
    let mut system = parts();
    store(&mut system, MEMORY, word((1, 3), (0, 2)));
    store(&mut system, MEMORY + 4, 0);
    store(&mut system, TX_LIM, 1 << 21 | 1 << 19 | 3 << 9 | 0x80);
    store(&mut system, TX_CONF0, PLAIN | CONTINUOUS | UPDATE | START);
    run(&mut system, 100);
    assert_eq!(load(&mut system, INT_RAW), 1 << 12);
    let rising = [0, 5, 10].map(|tick| (tick * TICK, true));
    let seen: Vec<_> = edges(&mut system).into_iter().filter(|edge| edge.1).collect();
    assert_eq!(seen, rising);
}

/// ESP-IDF `soc/rmt_reg.h`, CARRIER_EFF_EN: 0 adds the carrier in all states, where the level is CARRIER_OUT_LV; the driver's
/// always_on (`rmt_ll_tx_enable_carrier_always_on`).
#[test]
fn a_carrier_may_go_on_while_the_channel_is_idle() {
    const CARRIER_EN: u32 = 1 << 21;
    const EFF_EN: u32 = 1 << 20;
    let edges = |conf: u32, idle: u32| {
        let mut system = parts();
        store(&mut system, CARRIER_DUTY, 20 << 16 | 20);
        store(&mut system, TX_CONF0, PLAIN | UPDATE | conf | idle << 5);
        run(&mut system, 1);
        system.dev.fabric.pins.take_log();
        run(&mut system, 1001);
        system.dev.bring_pins_up_to_date();
        system.dev.fabric.pins.take_log().len()
    };
    // A period of 40 cycles of 10 MHz: 250 of them in a millisecond.
    assert!(edges(CARRIER_EN, 0).abs_diff(500) <= 1);
    assert!(edges(CARRIER_EN | 1 << 22, 1).abs_diff(500) <= 1);
    assert_eq!(edges(CARRIER_EN | 1 << 22, 0), 0);
    assert_eq!(edges(CARRIER_EN | EFF_EN, 0), 0);
}

/// TRM 37.3.4.2: the carrier is made of CARRIER_HIGH and CARRIER_LOW cycles of rmt_sclk.
#[test]
fn a_carrier_fills_the_high_level() {
    let mut system = parts();
    store(&mut system, MEMORY, word((1, 10), (0, 5)));
    store(&mut system, MEMORY + 4, 0);
    store(&mut system, CARRIER_DUTY, 2 << 16 | 3);
    store(&mut system, TX_CONF0, PLAIN | 1 << 20 | 1 << 21 | 1 << 22 | UPDATE | START);
    run(&mut system, 100);
    let ticks: Vec<_> = edges(&mut system).into_iter().map(|(at, level)| (at / TICK, level)).collect();
    assert_eq!(ticks, [(0, true), (2, false), (5, true), (7, false)]);
}

/// TRM 37.3.5.1: a receiver stores level and length of each pulse, and ends when a level lasts longer than IDLE_THRES.
#[test]
fn a_receiver_measures_what_a_transmitter_sends() {
    let mut system = parts();
    let pad = crate::io::Pad { function: 1, input_enable: true, ..Default::default() };
    system.dev.fabric.set_pad(PIN, pad);
    let select = crate::io::InSelect { by_matrix: true, pin: PIN, invert: false };
    system.dev.fabric.select_input(crate::signals::RMT_SIG_IN2, select);
    // Channel 6: DIV_CNT 1, one block, idle after 20 ticks; the memory is the receiver's.
    store(&mut system, RX_CONF0, 1 << 24 | 20 << 8 | 1);
    store(&mut system, RX_CONF1, 1 << 15 | 1 << 3 | 1);
    store(&mut system, MEMORY, word((1, 4), (0, 8)));
    store(&mut system, MEMORY + 4, word((1, 7), (0, 0)));
    store(&mut system, TX_CONF0, PLAIN | UPDATE | START);
    run(&mut system, 3);
    assert_eq!(load(&mut system, INT_RAW) & 1 << 18, 0);
    run(&mut system, 10);
    assert_eq!(load(&mut system, INT_RAW) & 0x00FF_0000, 1 << 18);
    let first = MEMORY + 6 * 48 * 4;
    assert_eq!(load(&mut system, first), word((1, 4), (0, 8)));
    assert_eq!(load(&mut system, first + 4), word((1, 7), (0, 0)));
    // MEM_WADDR_EX counts over all blocks: 6 * 48 + 2 words.
    assert_eq!(load(&mut system, 0x68) & 0x3FF, 290);
    assert!(system.dev.fabric.events.due(Slot::RmtRx2 as usize) == Ps::MAX);
}
