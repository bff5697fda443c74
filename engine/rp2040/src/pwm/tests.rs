//! Slices through their registers, and their pins. Sections are those of the RP2040 datasheet, 4.5.

use super::*;
use engine_core::pins::Drive;
use engine_core::time::Hertz;

fn bench() -> (Pwm, Fabric) {
    (Pwm::new(), Fabric::new(Hertz::new(125_000_000)))
}

fn wraps_after(cycles: u64, csr: u32, div: u32, top: u32) -> u32 {
    let (mut pwm, mut fabric) = bench();
    pwm.write(0x04, Write::word(div), &mut fabric);
    pwm.write(0x10, Write::word(top), &mut fabric);
    pwm.write(0x00, Write::word(csr), &mut fabric);
    let mut wraps = 0;
    for cycle in 1..=cycles {
        fabric.cycle = cycle;
        wraps += pwm.peek(0xA4, &mut fabric) & 1;
        pwm.write(0xA4, Write::word(1), &mut fabric);
    }
    wraps
}

#[test]
fn the_period_is_that_of_the_formula() {
    // 4.5.2.6: (TOP + 1) x (PH_CORRECT + 1) x (INT + FRAC / 16).
    assert_eq!(wraps_after(1000, 1, 0x10, 9), 100);
    assert_eq!(wraps_after(1000, 3, 0x10, 9), 50);
    assert_eq!(wraps_after(1000, 1, 0x28, 9), 40);
}

#[test]
fn the_duty_is_cc_over_top_plus_one_in_both_modes() {
    // 4.5.2.2: 0 % at CC 0, 100 % at CC = TOP + 1.
    for csr in [1, 3] {
        for cc in 0..=10 {
            let (mut pwm, mut fabric) = bench();
            pwm.write(0x10, Write::word(9), &mut fabric);
            pwm.write(0x0C, Write::word(cc), &mut fabric);
            pwm.write(0x00, Write::word(csr), &mut fabric);
            let mut high = 0;
            for cycle in 0..20 {
                fabric.cycle = cycle;
                pwm.sync(&mut fabric);
                high += u32::from(pwm.slices[0].outputs()[0]);
            }
            assert_eq!(high, 2 * cc, "CSR {csr}, CC {cc}");
        }
    }
}

#[test]
fn a_new_level_waits_for_the_wrap() {
    // 4.5.2.3, double buffering.
    let (mut pwm, mut fabric) = bench();
    pwm.write(0x10, Write::word(99), &mut fabric);
    pwm.write(0x0C, Write::word(50), &mut fabric);
    pwm.write(0x00, Write::word(1), &mut fabric);
    fabric.cycle = 10;
    pwm.write(0x0C, Write::word(5), &mut fabric);
    assert!(pwm.slices[0].outputs()[0]);
    fabric.cycle = 104;
    pwm.sync(&mut fabric);
    assert!(pwm.slices[0].outputs()[0]);
    fabric.cycle = 105;
    pwm.sync(&mut fabric);
    assert!(!pwm.slices[0].outputs()[0]);
}

#[test]
fn watched_pins_change_at_the_right_cycles() {
    // 2.19.2: GPIO4 is PWM2 A. Period 10 cycles, high for 3.
    let (mut pwm, mut fabric) = bench();
    fabric.pins.attach_pulses(4);
    fabric.pins.keep_log(true);
    fabric.select_function(4, Some(Func::Pwm as usize), 0);
    pwm.write(0x28 + 0x10, Write::word(9), &mut fabric);
    pwm.write(0x28 + 0x0C, Write::word(3), &mut fabric);
    pwm.write(0x28, Write::word(1), &mut fabric);
    while fabric.events.next() <= 200_000 {
        let due = fabric.events.next();
        fabric.cycle = fabric.clock.first_cycle_from(due);
        fabric.events.pop(due);
        pwm.event(Slot::Pwm, &mut fabric);
    }
    let log: Vec<(u64, u64)> =
        fabric.pins.take_log().into_iter().map(|(at, level)| (at / 8000, level >> 4 & 1)).collect();
    assert_eq!(log, [(0, 1), (3, 0), (10, 1), (13, 0), (20, 1), (23, 0)]);
}

#[test]
fn an_unwatched_output_makes_no_events() {
    let (mut pwm, mut fabric) = bench();
    fabric.select_function(4, Some(Func::Pwm as usize), 0);
    pwm.write(0x28 + 0x0C, Write::word(0x8000), &mut fabric);
    pwm.write(0x28, Write::word(1), &mut fabric);
    assert_eq!(fabric.events.due(Slot::Pwm as usize), u64::MAX);
}

#[test]
fn a_wrap_interrupts_when_it_is_enabled() {
    let (mut pwm, mut fabric) = bench();
    pwm.write(0x10, Write::word(99), &mut fabric);
    pwm.write(0xA8, Write::word(1), &mut fabric);
    pwm.write(0x00, Write::word(1), &mut fabric);
    assert_eq!(fabric.events.due(Slot::Pwm as usize), 100 * 8000);
    fabric.cycle = 100;
    pwm.event(Slot::Pwm, &mut fabric);
    assert_ne!(fabric.irq[0] & 1 << Irq::PWM_WRAP as u8, 0);
    assert_eq!(pwm.peek(0xB0, &mut fabric), 1);
}

const CSR: u32 = 0x00;
const DIV: u32 = 0x04;
const CTR: u32 = 0x08;
const CC: u32 = 0x0C;
const TOP: u32 = 0x10;

/// A slice on a chip: PWM, clock and pins.
struct Bench {
    pwm: Pwm,
    fabric: Fabric,
}

impl Bench {
    fn new() -> Self {
        let (pwm, fabric) = bench();
        Self { pwm, fabric }
    }

    /// Slice 0 with these registers, CSR last.
    fn slice(csr: u32, div: u32, top: u32, cc: u32) -> Self {
        let mut bench = Self::new();
        for (offset, value) in [(DIV, div), (TOP, top), (CC, cc), (CSR, csr)] {
            bench.write(offset, value);
        }
        bench
    }

    fn write(&mut self, offset: u32, value: u32) {
        self.pwm.write(offset, Write::word(value), &mut self.fabric);
    }

    fn read(&mut self, offset: u32) -> u32 {
        self.pwm.read(offset, &mut self.fabric)
    }

    /// To a cycle, with everything that is due before.
    fn to(&mut self, cycle: u64) {
        let at = self.fabric.clock.ps_at(cycle);
        self.pwm.tend(&mut self.fabric);
        while self.fabric.events.next() <= at {
            let due = self.fabric.events.next();
            self.fabric.cycle = self.fabric.clock.first_cycle_from(due);
            self.fabric.events.pop(due);
            self.pwm.event(Slot::Pwm, &mut self.fabric);
        }
        self.fabric.cycle = cycle;
    }

    /// The counter in each of the next cycles.
    fn counts(&mut self, cycles: u64) -> Vec<u32> {
        let from = self.fabric.cycle;
        (from..from + cycles)
            .map(|cycle| {
                self.to(cycle);
                self.read(CTR)
            })
            .collect()
    }

    fn outside(&mut self, pin: u8, high: bool) {
        self.fabric.pins.drive_from_outside(Drive { pin, level: Some(high) }, self.fabric.now());
        self.fabric.inputs_changed();
        self.pwm.tend(&mut self.fabric);
    }

    /// The levels of a pin from each cycle on at which it changed.
    fn edges(&mut self, pin: u8) -> Vec<(u64, u64)> {
        let mut edges: Vec<(u64, u64)> = vec![];
        for (at, level) in self.fabric.pins.take_log() {
            let level = level >> pin & 1;
            if edges.last().map_or(0, |last| last.1) != level {
                edges.push((self.fabric.clock.cycle_at(at), level));
            }
        }
        edges
    }
}

#[test]
fn the_counter_stands_twice_on_both_ends_of_the_double_slope() {
    // 4.5.2.1 and 4.5.2.3: down after TOP, up again after the 0 to 0 step; 2 x (TOP + 1) counts.
    let mut bench = Bench::slice(3, 0x10, 3, 0);
    assert_eq!(bench.counts(18), [0, 1, 2, 3, 3, 2, 1, 0, 0, 1, 2, 3, 3, 2, 1, 0, 0, 1]);
    let mut bench = Bench::slice(1, 0x10, 3, 0);
    assert_eq!(bench.counts(9), [0, 1, 2, 3, 0, 1, 2, 3, 0]);
}

#[test]
fn the_fraction_spreads_over_the_counts() {
    // 4.5.2.4: a divisor of 2.5 is 2 and 3 in turn; 255 15/16 is the largest, 256 stands as 0.
    let mut bench = Bench::slice(1, 0x28, 0xFFFF, 0);
    assert_eq!(bench.counts(11), [0, 0, 0, 1, 1, 2, 2, 2, 3, 3, 4]);
    for (div, cycles) in [(0x11, 17 * 1000), (0xFFF, 4095 * 1000), (0x000, 4096 * 1000)] {
        let mut bench = Bench::slice(1, div, 0xFFFF, 0);
        bench.to(cycles - 1);
        assert_eq!(bench.read(CTR), 16_000 - 1);
        bench.to(cycles);
        assert_eq!(bench.read(CTR), 16_000);
    }
}

#[test]
fn top_and_levels_take_effect_at_the_wrap() {
    // 4.5.2.3: at the wrap, or at the 0 to 0 step; at once where the slice stands still (pwm_set_wrap in the SDK).
    let mut bench = Bench::slice(1, 0x10, 3, 0);
    bench.to(2);
    bench.write(TOP, 1);
    assert_eq!(bench.read(TOP), 1, "software reads its own copy");
    assert_eq!(bench.counts(8), [2, 3, 0, 1, 0, 1, 0, 1]);
    let mut bench = Bench::slice(3, 0x10, 3, 0);
    bench.to(2);
    bench.write(TOP, 1);
    assert_eq!(bench.counts(12), [2, 3, 3, 2, 1, 0, 0, 1, 1, 0, 0, 1]);
    bench.write(CSR, 0);
    bench.write(CTR, 0);
    bench.write(TOP, 4);
    bench.write(CSR, 1);
    assert_eq!(bench.counts(6), [0, 1, 2, 3, 4, 0]);
}

#[test]
fn no_glitch_comes_of_a_level_written_at_any_time() {
    // 4.5.2.3: each period has one pulse, of the old width or of the new one. GPIO0 is PWM0 A.
    for cycle in 20..30 {
        let mut bench = Bench::slice(1, 0x10, 9, 7);
        bench.fabric.pins.keep_log(true);
        bench.fabric.select_function(0, Some(Func::Pwm as usize), 0);
        bench.to(cycle);
        bench.write(CC, 2);
        bench.to(49);
        let edges = bench.edges(0);
        assert_eq!(edges, [(0, 1), (7, 0), (10, 1), (17, 0), (20, 1), (27, 0), (30, 1), (32, 0), (40, 1), (42, 0)]);
    }
}

#[test]
fn nothing_and_everything_are_free_of_edges() {
    // 4.5.2.2: CC 0 is always low, CC = TOP + 1 and above always high, in both modes. GPIO1 is PWM0 B.
    for csr in [1, 3] {
        for (cc, level) in [(0, 0), (10, 1), (0xFFFF, 1)] {
            let mut bench = Bench::slice(csr, 0x10, 9, cc << 16);
            bench.fabric.select_function(1, Some(Func::Pwm as usize), 0);
            bench.pwm.tend(&mut bench.fabric);
            bench.fabric.pins.keep_log(true);
            assert_eq!(bench.fabric.pins.level() >> 1 & 1, level);
            bench.to(100);
            assert_eq!(bench.edges(1), []);
        }
    }
}

#[test]
fn the_double_slope_centres_its_pulses() {
    // 4.5.2.1: the pulse is symmetric about the 0 to 0 step, whatever its width.
    let mut bench = Bench::slice(3, 0x10, 9, 3 << 16 | 6);
    bench.fabric.pins.keep_log(true);
    for pin in [0, 1] {
        bench.fabric.select_function(pin, Some(Func::Pwm as usize), 0);
    }
    bench.to(59);
    let log = bench.fabric.pins.take_log();
    let edges = |pin: u8, want: u64| {
        let mut last = 0;
        log.iter()
            .filter(|(_, level)| std::mem::replace(&mut last, level >> pin & 1) != level >> pin & 1)
            .map(|(at, level)| (at / 8000, level >> pin & 1))
            .filter(|(_, level)| *level == want)
            .map(|(cycle, _)| cycle)
            .collect::<Vec<_>>()
    };
    assert_eq!((edges(0, 0), edges(0, 1)), (vec![6, 26, 46], vec![0, 14, 34, 54]));
    assert_eq!((edges(1, 0), edges(1, 1)), (vec![3, 23, 43], vec![0, 17, 37, 57]));
}

#[test]
fn each_output_can_be_inverted() {
    // 4.5.3, CSR.A_INV and B_INV.
    for (csr, levels) in [(0x1, 0b00), (0x5, 0b01), (0x9, 0b10), (0xD, 0b11)] {
        let mut bench = Bench::slice(csr, 0x10, 9, 0);
        for pin in [0, 1] {
            bench.fabric.select_function(pin, Some(Func::Pwm as usize), 0);
        }
        bench.pwm.tend(&mut bench.fabric);
        assert_eq!(bench.fabric.pins.level(), levels);
    }
}

#[test]
fn every_channel_comes_out_on_its_pins() {
    // 4.5.2 table: GPIO0 to 15 are 0A, 0B, 1A ... 7B; GPIO16 to 29 are 0A to 6B again.
    for channel in 0..16 {
        let mut bench = Bench::new();
        for pin in 0..30 {
            bench.fabric.select_function(pin, Some(Func::Pwm as usize), 0);
        }
        bench.write(0x14 * (channel / 2) + CC, if channel % 2 == 0 { 1 } else { 1 << 16 });
        bench.pwm.tend(&mut bench.fabric);
        let pins = (1u64 << channel | 1 << (channel + 16)) & 0x3FFF_FFFF;
        assert_eq!(bench.fabric.pins.level(), pins, "channel {channel}");
        assert_eq!(bench.fabric.pins.driven(), 0x3FFF_FFFF);
    }
}

#[test]
fn an_output_is_there_as_soon_as_its_pin_is_selected() {
    let mut bench = Bench::slice(1, 0x10, 9, 5);
    bench.to(7);
    bench.fabric.select_function(0, Some(Func::Pwm as usize), 0);
    bench.pwm.tend(&mut bench.fabric);
    assert_eq!(bench.fabric.pins.level() & 1, 0);
    bench.to(12);
    bench.pwm.sync(&mut bench.fabric);
    assert_eq!(bench.fabric.pins.level() & 1, 1);
}

#[test]
fn the_b_pin_gates_the_divider_or_is_counted() {
    // 4.5.2.5: DIVMODE 1 level, 2 rising, 3 falling. GPIO1 is high from cycle 10 to 35, and from 50 on.
    for (mode, div, count) in
        [(0, 0x10, 100), (1, 0x10, 25 + 50), (1, 0x20, 37), (2, 0x10, 2), (3, 0x10, 1), (2, 0x20, 1), (2, 0x30, 0)]
    {
        let mut bench = Bench::slice(mode << 4 | 1, div, 0xFFFF, 0);
        bench.fabric.select_function(1, Some(Func::Pwm as usize), 0);
        bench.pwm.tend(&mut bench.fabric);
        for (cycle, high) in [(10, true), (35, false), (50, true)] {
            bench.to(cycle);
            bench.outside(1, high);
        }
        bench.to(100);
        assert_eq!(bench.read(CTR), count, "mode {mode}, DIV {div:#x}");
        assert_eq!(bench.fabric.pins.driven() & 2 == 0, mode != 0, "B is an output in mode 0 alone");
    }
}

#[test]
fn two_b_pins_of_a_slice_are_ored() {
    // 4.5.2: selected on two GPIOs, the slice sees the logical OR.
    let mut bench = Bench::slice(2 << 4 | 1, 0x10, 0xFFFF, 0);
    for pin in [1, 17] {
        bench.fabric.select_function(pin, Some(Func::Pwm as usize), 0);
    }
    bench.pwm.tend(&mut bench.fabric);
    for (pin, high, count) in
        [(1, true, 1), (17, true, 1), (1, false, 1), (17, false, 1), (17, true, 2), (17, false, 2)]
    {
        bench.outside(pin, high);
        assert_eq!(bench.read(CTR), count);
    }
}

#[test]
fn a_b_pin_may_be_selected_after_its_slice_was_started() {
    let mut bench = Bench::slice(2 << 4 | 1, 0x10, 0xFFFF, 0);
    bench.fabric.select_function(17, Some(Func::Pwm as usize), 0);
    bench.pwm.tend(&mut bench.fabric);
    bench.outside(17, true);
    assert_eq!(bench.read(CTR), 1);
}

#[test]
fn counted_edges_wrap_and_interrupt() {
    let mut bench = Bench::slice(2 << 4 | 1, 0x10, 1, 0);
    bench.write(0xA8, 1);
    bench.fabric.select_function(1, Some(Func::Pwm as usize), 0);
    bench.pwm.tend(&mut bench.fabric);
    for line in [false, true] {
        bench.outside(1, true);
        bench.outside(1, false);
        assert_eq!(bench.fabric.irq[1] & 1 << Irq::PWM_WRAP as u8 != 0, line);
    }
}

#[test]
fn the_phase_moves_by_single_counts() {
    // 4.5.3, CSR.PH_ADV and PH_RET: one count each, self-clearing; advancing needs a divisor above 1.
    let mut bench = Bench::slice(1, 0x40, 0xFFFF, 0);
    bench.to(41);
    bench.write(CSR, 0x81);
    assert_eq!(bench.read(CSR), 1);
    assert_eq!(bench.read(CTR), 11);
    bench.write(CSR, 0x41);
    assert_eq!(bench.read(CSR), 0x41, "the next count is to be left out");
    bench.to(44);
    assert_eq!((bench.read(CTR), bench.read(CSR)), (11, 1));
    bench.to(48);
    assert_eq!(bench.read(CTR), 12);
}

#[test]
fn at_full_speed_there_is_no_room_to_advance() {
    let mut bench = Bench::slice(1, 0x10, 0xFFFF, 0);
    bench.to(10);
    bench.write(CSR, 0x81);
    bench.to(20);
    assert_eq!((bench.read(CSR), bench.read(CTR)), (0x81, 20));
    bench.write(CSR, 0x41);
    bench.to(21);
    assert_eq!(bench.read(CTR), 20, "but to retard");
    bench.write(DIV, 0x20);
    assert_eq!((bench.read(CSR), bench.read(CTR)), (1, 21));
}

#[test]
fn a_phase_step_on_a_slice_that_stands_still_waits() {
    let mut bench = Bench::slice(0, 0x20, 99, 0);
    bench.write(CSR, 0xC0);
    bench.to(50);
    assert_eq!((bench.read(CSR), bench.read(CTR)), (0xC0, 0));
    bench.write(CSR, 1);
    assert_eq!((bench.read(CSR), bench.read(CTR)), (0x41, 1));
    // The wrap is due after 100 - 1 + 1 counts: a step to and fro cancel out.
    bench.write(0xA8, 1);
    assert_eq!(bench.fabric.events.due(Slot::Pwm as usize), (50 + 200) * 8000);
}

#[test]
fn the_wrap_does_not_come_twice_because_the_phase_was_retarded() {
    let mut bench = Bench::slice(1, 0x40, 9, 0);
    bench.to(40);
    assert_eq!(bench.read(0xA4), 1);
    bench.write(0xA4, 1);
    bench.write(CSR, 0x41);
    bench.to(83);
    assert_eq!(bench.read(0xA4), 0);
    bench.to(84);
    assert_eq!(bench.read(0xA4), 1, "40 cycles and one count of 4");
}

#[test]
fn en_starts_and_stops_all_slices_in_step() {
    // 4.5.3, EN: aliases of the CSR.EN bits.
    let mut bench = Bench::new();
    bench.to(5);
    bench.write(0xA0, 0b1000_0101);
    assert_eq!([0, 1, 2, 7].map(|n| bench.read(0x14 * n + CSR)), [1, 0, 1, 1]);
    bench.to(25);
    assert_eq!([0, 1, 2, 7].map(|n| bench.read(0x14 * n + CTR)), [20, 0, 20, 20]);
    bench.write(0x14 * 2 + CSR, 0);
    assert_eq!(bench.read(0xA0), 0b1000_0001);
    bench.to(30);
    assert_eq!([0, 2].map(|n| bench.read(0x14 * n + CTR)), [25, 20]);
}

#[test]
fn slices_that_en_starts_run_in_lockstep_whatever_they_did_before() {
    // 4.5.1. Slice 0 was stopped in the middle of a count.
    let mut bench = Bench::new();
    for n in [0, 1] {
        bench.write(0x14 * n + DIV, 0xFF0);
    }
    bench.write(CSR, 1);
    bench.to(200);
    bench.write(CSR, 0);
    bench.write(0xA0, 3);
    for cycle in (200..2000).step_by(50) {
        bench.to(cycle);
        assert_eq!(bench.read(CTR), bench.read(0x14 + CTR));
    }
}

#[test]
fn interrupts_are_latched_masked_forced_and_cleared_by_slice() {
    // 4.5.3, INTR, INTE, INTF, INTS.
    let mut bench = Bench::new();
    for n in [3, 5] {
        bench.write(0x14 * n + TOP, 9);
        bench.write(0x14 * n + CSR, 1);
    }
    bench.write(0xA8, 1 << 5);
    bench.to(10);
    assert_eq!([0xA4, 0xB0].map(|offset| bench.read(offset)), [0b10_1000, 0b10_0000]);
    let line = |bench: &Bench| bench.fabric.irq[0] >> Irq::PWM_WRAP as u8 & 1;
    assert_eq!(line(&bench), 1);
    bench.write(0xA4, 1 << 5);
    assert_eq!(([0xA4, 0xB0].map(|offset| bench.read(offset)), line(&bench)), ([0b1000, 0], 0));
    bench.write(0xAC, 1 << 7);
    assert_eq!(([0xA4, 0xB0].map(|offset| bench.read(offset)), line(&bench)), ([0b1000, 1 << 7], 1));
}

#[test]
fn a_wrap_asks_the_dma_controller_that_waits_for_it() {
    // 2.5.3.1: DREQ 24 to 31 are the wraps of slices 0 to 7.
    let mut bench = Bench::new();
    bench.write(0x14 * 6 + TOP, 9);
    bench.write(0x14 * 6 + CSR, 1);
    bench.fabric.dreq_awaited = 1 << 30;
    bench.to(9);
    assert_eq!(bench.fabric.dreq, 0);
    bench.to(10);
    bench.pwm.sync(&mut bench.fabric);
    assert_eq!(bench.fabric.dreq, 1 << 30);
}

#[test]
fn the_counter_can_be_written_and_goes_on_from_there() {
    let mut bench = Bench::slice(1, 0x10, 9, 0);
    bench.write(CTR, 7);
    assert_eq!(bench.counts(5), [7, 8, 9, 0, 1]);
    let mut bench = Bench::slice(3, 0x10, 9, 0);
    bench.to(12);
    assert_eq!(bench.read(CTR), 7, "on its way down");
    bench.write(CTR, 2);
    assert_eq!(bench.counts(5), [2, 1, 0, 0, 1]);
}

#[test]
fn a_counter_beyond_top_reads_as_written_and_comes_back() {
    let mut bench = Bench::slice(0, 0x10, 99, 0);
    bench.write(CTR, 5000);
    bench.write(0xA8, 1);
    bench.write(CSR, 1);
    assert_eq!(bench.fabric.events.due(Slot::Pwm as usize), 8000);
    assert_eq!(bench.counts(3), [5000, 0, 1]);
}

#[test]
fn a_faster_divider_makes_no_burst_of_counts() {
    // 4.5.2.4: at most one count a cycle.
    let mut bench = Bench::slice(1, 0xFF0, 0xFFFF, 0);
    bench.to(250);
    bench.write(DIV, 0x10);
    bench.write(0xA8, 1);
    assert_eq!(bench.counts(4), [0, 1, 2, 3]);
}

#[test]
fn reset_brings_every_slice_back() {
    // SVD: DIV 0x10, TOP 0xFFFF, all else 0.
    let mut bench = Bench::slice(0xF3, 0x55, 9, 0x1_0001);
    bench.write(0xA8, 0xFF);
    bench.to(100);
    bench.pwm.reset(&mut bench.fabric);
    assert_eq!([CSR, DIV, CTR, CC, TOP].map(|offset| bench.read(offset)), [0, 0x10, 0, 0, 0xFFFF]);
    assert_eq!([0xA0, 0xA4, 0xA8, 0xAC, 0xB0].map(|offset| bench.read(offset)), [0; 5]);
    assert_eq!(bench.fabric.irq, [0; 2]);
    assert_eq!(bench.fabric.events.due(Slot::Pwm as usize), u64::MAX);
}
