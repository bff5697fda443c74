//! Outputs that blocks hand in late, as somebody outside sees them.

use engine_core::time::{Ps, MICROSECOND};
use esp32s3::chip::Chip;
use esp32s3::spi_mem::psram::Wiring;

const CODE: u32 = 0x4037_8000;
const GPIO_OUT_W1TS: u32 = 0x6000_4008;
const GPIO_OUT_W1TC: u32 = 0x6000_400C;
const GPIO_ENABLE_W1TS: u32 = 0x6000_4024;
const OUT_SEL: u32 = 0x6000_4554;
const LEDC: u32 = 0x6001_9000;
/// GPIO_FUNCn_OUT_SEL: the first output of LEDC, and the pin's own level (ESP-IDF `soc/gpio_sig_map.h`).
const LEDC_OUT0: u32 = 73;
const GPIO_LEVEL: u32 = 256;
const PWM: u8 = 4;
const OTHER: u8 = 5;

/// A chip whose processor stands at `j .`, with LEDC on GPIO4: XTAL over 40, 8 bits, a period of 256 us of which 64 are high.
fn chip() -> Chip {
    let mut chip = Chip::new(1 << 20, 0, Wiring::Quad);
    let system = chip.system_mut();
    for (n, byte) in [0x06, 0xFF, 0xFF].into_iter().enumerate() {
        assert!(system.debug_write8(CODE + n as u32, byte));
    }
    let io_mux = |pin: u8| 0x6000_9004 + 4 * u32::from(pin);
    for (register, value) in [
        (io_mux(PWM), 1 << 12),
        (io_mux(OTHER), 1 << 12),
        (GPIO_ENABLE_W1TS, 1 << OTHER),
        (OUT_SEL + 4 * u32::from(PWM), LEDC_OUT0),
        (LEDC + 0xD0, 3),
        (LEDC + 0x08, 64 << 4),
        (LEDC + 0x0C, 1 << 31 | 1 << 30 | 1 << 20 | 1 << 10),
        (LEDC, 1 << 2 | 1 << 4),
        (LEDC + 0xA0, 1 << 25 | 40 << 12 | 8),
    ] {
        system.write_register(register, value);
    }
    system.dev.fabric.pins.keep_log(true);
    chip.cores_mut()[0].pc = CODE;
    chip
}

fn edges(chip: &mut Chip) -> Vec<(u64, bool)> {
    let log = chip.system_mut().dev.fabric.pins.take_log();
    log.into_iter().map(|(at, level)| (at / MICROSECOND, level >> PWM & 1 != 0)).collect()
}

/// Who looks at a pin after a run sees it as it is, whenever the block would have handed in its edges.
#[test]
fn pins_are_up_to_date_at_the_end_of_a_run() {
    let mut chip = chip();
    chip.run(300 * MICROSECOND);
    assert!(chip.system().dev.fabric.pins.is_high(PWM));
    assert_eq!(edges(&mut chip), [(256, true)]);
    chip.run(330 * MICROSECOND);
    assert!(!chip.system().dev.fabric.pins.is_high(PWM));
    assert_eq!(edges(&mut chip), [(320, false)]);
}

/// A part that begins to act on the pin between two runs is told of each edge in time from then on.
#[test]
fn who_begins_to_watch_sees_the_next_edge_in_time() {
    let mut chip = chip();
    chip.run(300 * MICROSECOND);
    let fabric = &mut chip.system_mut().dev.fabric;
    fabric.pins.attach_edges(PWM);
    chip.run(301 * MICROSECOND);
    let next = chip.system().dev.fabric.events.due(esp32s3::slots::Slot::Ledc as usize);
    assert_eq!(next, 320 * MICROSECOND);
}

/// A pin that is routed elsewhere shows what it showed until then.
#[test]
fn edges_before_a_new_routing_are_not_lost() {
    let mut chip = chip();
    chip.run(100 * MICROSECOND);
    let run_quietly = |chip: &mut Chip, until: Ps| {
        // As if in the middle of a run: nothing is brought up to date.
        let fabric = &mut chip.system_mut().dev.fabric;
        fabric.cycle = fabric.clock.first_cycle_from(until);
    };
    run_quietly(&mut chip, 290 * MICROSECOND);
    chip.system_mut().write_register(OUT_SEL + 4 * u32::from(PWM), GPIO_LEVEL);
    assert_eq!(edges(&mut chip), [(256, true), (290, false)]);
}

/// The trace says what was to be seen and when, not how a run was divided.
#[test]
fn the_trace_does_not_depend_on_how_the_run_is_divided() {
    let trace = |step: Ps, watched: bool| {
        let mut chip = chip();
        if watched {
            chip.system_mut().dev.fabric.pins.attach_edges(PWM);
        }
        for period in 1..=12 {
            let end = period * 400 * MICROSECOND;
            while chip.now() < end {
                let until = (chip.now() + step).min(end);
                chip.run(until);
            }
            let register = if period % 2 == 0 { GPIO_OUT_W1TC } else { GPIO_OUT_W1TS };
            chip.system_mut().write_register(register, 1 << OTHER);
        }
        chip.run(5000 * MICROSECOND);
        chip.system().dev.fabric.pins.trace.sha256()
    };
    let whole = trace(400 * MICROSECOND, false);
    assert_eq!(trace(70 * MICROSECOND, false), whole);
    assert_eq!(trace(400 * MICROSECOND, true), whole);
}
