//! Expected numbers: RP2040 datasheet 2.3.1 and the outputs that it prints for its worked examples
//! (`hello_interp`); division by zero as measured on silicon (vak.dreamwidth.org/1097369).

use super::registers::interp::CTRL_LANE1 as CTRL;
use super::registers::{common::FIFO_ST, interp0, interp1};
use super::*;
use crate::pads::Func;
use engine_core::registers::{Field, Registers};
use engine_core::time::Hertz;

const CTRL0: u32 = 0x2C;
const CTRL1: u32 = 0x30;
const ADD0: u32 = 0x34;
const ADD1: u32 = 0x38;
const BASE01: u32 = 0x3C;

struct Bench {
    sio: Sio,
    fabric: Fabric,
}

impl Bench {
    fn new() -> Self {
        Self { sio: Sio::new(), fabric: Fabric::new(Hertz::new(125_000_000)) }
    }

    fn read(&mut self, core: usize, offset: u32) -> u32 {
        self.sio.read(core, offset, &mut self.fabric)
    }

    fn write(&mut self, core: usize, offset: u32, value: u32) {
        self.sio.write(core, offset, value, &mut self.fabric);
    }

    /// Writes a register of INTERP0 on core 0.
    fn set(&mut self, offset: u32, value: u32) {
        self.write(0, INTERP + offset, value);
    }

    fn get(&mut self, offset: u32) -> u32 {
        self.read(0, INTERP + offset)
    }

    fn divide(&mut self, operands: u32, p: u32, q: u32) -> (u32, u32) {
        self.write(0, operands, p);
        self.write(0, operands + 4, q);
        self.fabric.cycle += 9;
        let remainder = self.read(0, 0x74);
        (self.read(0, 0x70), remainder)
    }
}

/// `interp_default_config` with some fields: all 32 bits pass the mask.
fn config(fields: &[(Field, u32)]) -> u32 {
    fields.iter().fold(CTRL::MASK_MSB.put(0, 31), |ctrl, &(field, value)| field.put(ctrl, value))
}

#[test]
fn each_processor_reads_its_own_number() {
    let mut bench = Bench::new();
    assert_eq!([bench.read(0, 0x00), bench.read(1, 0x00)], [0, 1]);
}

#[test]
fn gpio_outputs_are_set_cleared_and_toggled_without_reading_them_back() {
    let mut bench = Bench::new();
    for pin in 0..30 {
        bench.fabric.select_function(pin, Some(Func::Sio as usize), 0);
    }
    bench.write(0, 0x24, 0xFFFF_FFFF);
    assert_eq!(bench.read(1, 0x20), 0x3FFF_FFFF);
    bench.write(0, 0x10, 0xC000_0F0F);
    assert_eq!(bench.read(0, 0x04), 0x0F0F);
    bench.write(1, 0x14, 0x00F0);
    bench.write(0, 0x18, 0x000F);
    bench.write(0, 0x1C, 0x3000_0100);
    assert_eq!(bench.read(0, 0x10), 0x3000_0EF0);
    assert_eq!(bench.read(0, 0x04), 0x3000_0EF0);
    // What is not driven falls back to the pull-downs, which are on after reset (2.19.4.1).
    bench.write(0, 0x28, 0x00F0);
    assert_eq!(bench.read(0, 0x04), 0x3000_0E00);
    assert_eq!(bench.read(0, 0x14), 0);
}

#[test]
fn the_six_qspi_pins_have_registers_of_their_own() {
    let mut bench = Bench::new();
    bench.write(0, 0x30, 0xFF);
    bench.write(0, 0x3C, 0x01);
    bench.write(0, 0x44, 0x02);
    assert_eq!((bench.read(0, 0x30), bench.read(0, 0x40)), (0x3E, 0x02));
    assert_eq!(bench.fabric.qspi.driven(), (0x3E, 0x02));
    bench.fabric.press_bootsel(true);
    assert_eq!(bench.read(1, 0x08), 0, "SS is let go of, and the button pulls it low");
}

#[test]
fn a_fifo_holds_eight_words_and_says_when_one_was_lost() {
    let mut bench = Bench::new();
    assert_eq!(bench.read(0, 0x50), FIFO_ST::RDY.mask);
    for word in 0..8 {
        assert_ne!(bench.read(0, 0x50) & FIFO_ST::RDY.mask, 0);
        bench.write(0, 0x54, word);
    }
    assert_eq!(bench.read(0, 0x50), 0);
    bench.write(0, 0x54, 8);
    assert_eq!(bench.read(0, 0x50), FIFO_ST::WOF.mask);
    assert_eq!(bench.read(1, 0x50), FIFO_ST::VLD.mask | FIFO_ST::RDY.mask);
    assert_eq!((0..8).map(|_| bench.read(1, 0x58)).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5, 6, 7]);
    bench.read(1, 0x58);
    assert_eq!(bench.read(1, 0x50), FIFO_ST::ROE.mask | FIFO_ST::RDY.mask);
    bench.write(1, 0x50, 0xFF);
    bench.write(0, 0x50, FIFO_ST::ROE.mask);
    assert_eq!(bench.read(1, 0x50), FIFO_ST::RDY.mask);
    assert_eq!(bench.read(0, 0x50), FIFO_ST::WOF.mask | FIFO_ST::RDY.mask);
}

#[test]
fn a_word_in_the_fifo_interrupts_and_wakes_the_other_processor() {
    let mut bench = Bench::new();
    bench.write(1, 0x54, 0x1234);
    assert_eq!((bench.sio.fifo_irq(0), bench.sio.fifo_irq(1)), (true, false));
    assert_eq!(bench.fabric.events_sent, 0b01);
    assert_eq!(bench.read(0, 0x58), 0x1234);
    assert!(!bench.sio.fifo_irq(0));
    // Reading an empty one interrupts the reader: ROE is a source too.
    bench.read(0, 0x58);
    assert!(bench.sio.fifo_irq(0));
}

#[test]
fn reading_a_spinlock_claims_it_for_whoever_was_first() {
    let mut bench = Bench::new();
    assert_eq!(bench.read(0, SPINLOCK0 + 4 * 31), 1 << 31);
    assert_eq!(bench.read(1, SPINLOCK0 + 4 * 31), 0);
    assert_eq!(bench.read(1, SPINLOCK0 + 4 * 5), 1 << 5);
    assert_eq!(bench.read(0, 0x5C), 1 << 31 | 1 << 5);
    bench.write(1, SPINLOCK0 + 4 * 31, 0);
    assert_eq!(bench.read(1, SPINLOCK0 + 4 * 31), 1 << 31);
}

#[test]
fn a_division_takes_eight_cycles_and_can_be_read_on_the_ninth() {
    let mut bench = Bench::new();
    assert_eq!(bench.read(0, 0x78), 0b01);
    bench.write(0, 0x60, 100);
    bench.write(0, 0x64, 7);
    bench.fabric.cycle += 8;
    assert_eq!(bench.read(0, 0x78), 0b10, "busy and dirty");
    bench.fabric.cycle += 1;
    assert_eq!(bench.read(0, 0x78), 0b11);
    assert_eq!((bench.read(0, 0x74), bench.read(0, 0x70)), (2, 14));
    assert_eq!(bench.read(0, 0x78), 0b01, "reading the quotient cleans");
    assert_eq!(bench.read(1, 0x70), 0, "the other processor has its own");
    assert!(bench.fabric.gaps.all().is_empty());
}

#[test]
fn a_result_that_is_read_too_early_is_counted() {
    let mut bench = Bench::new();
    bench.write(0, 0x60, 100);
    bench.read(0, 0x70);
    assert_eq!(bench.fabric.gaps.all()["SIO.DIV"].count, 1);
}

#[test]
fn the_divider_divides_as_silicon_was_measured_to() {
    const U: u32 = 0x60;
    const S: u32 = 0x68;
    let minus = |n: u32| n.wrapping_neg();
    let mut bench = Bench::new();
    for (operands, p, q, quotient, remainder) in [
        (S, 100, 9, 11, 1),
        (S, minus(100), 9, minus(11), minus(1)),
        (S, 100, minus(9), minus(11), 1),
        (S, minus(100), minus(9), 11, minus(1)),
        (S, 100, 0, minus(1), 100),
        (S, minus(100), 0, 1, minus(100)),
        (S, 0, 0, minus(1), 0),
        (S, 0x8000_0000, minus(1), 0x8000_0000, 0),
        (S, 2147483647, 3, 715827882, 1),
        (U, 100, 0, 4294967295, 100),
        (U, 0, 0, 4294967295, 0),
        (U, 4294967295, 3, 1431655765, 0),
    ] {
        assert_eq!(bench.divide(operands, p, q), (quotient, remainder), "{p:#x} / {q:#x}");
    }
}

#[test]
fn the_dividers_state_can_be_saved_and_put_back_during_a_calculation() {
    let mut bench = Bench::new();
    bench.write(0, 0x68, 1000);
    bench.write(0, 0x6C, 7);
    bench.write(0, 0x74, 55);
    bench.write(0, 0x70, 66);
    assert_eq!(bench.read(0, 0x78), 0b11);
    bench.fabric.cycle += 100;
    assert_eq!((bench.read(0, 0x60), bench.read(0, 0x64)), (1000, 7));
    assert_eq!((bench.read(0, 0x74), bench.read(0, 0x70)), (55, 66));
}

#[test]
fn the_interpolator_recites_the_nine_times_table() {
    let mut bench = Bench::new();
    bench.set(CTRL0, config(&[]));
    bench.set(0x08, 9);
    let table: Vec<u32> = (0..10).map(|_| bench.get(0x14)).collect();
    assert_eq!(table, [9, 18, 27, 36, 45, 54, 63, 72, 81, 90]);
}

#[test]
fn the_mask_passes_one_nibble_with_and_without_sign() {
    let mut bench = Bench::new();
    bench.set(0x00, 0x1234_ABCD);
    let mut nibbles = |signed: u32| -> Vec<u32> {
        let mut nibble = |i: u32| {
            bench.set(CTRL0, config(&[(CTRL::MASK_LSB, 4 * i), (CTRL::MASK_MSB, 4 * i + 3), (CTRL::SIGNED, signed)]));
            bench.get(ADD0)
        };
        (0..8).map(&mut nibble).collect()
    };
    let plain = [0xD, 0xC0, 0xB00, 0xA000, 0x4_0000, 0x30_0000, 0x200_0000, 0x1000_0000];
    assert_eq!(nibbles(0), plain);
    let signed = [0xFFFF_FFFD, 0xFFFF_FFC0, 0xFFFF_FB00, 0xFFFF_A000, 0x4_0000, 0x30_0000, 0x200_0000, 0x1000_0000];
    assert_eq!(nibbles(1), signed);
}

#[test]
fn lane_results_cross_over_on_pop() {
    let mut bench = Bench::new();
    bench.set(CTRL0, config(&[(CTRL::CROSS_RESULT, 1)]));
    bench.set(CTRL1, config(&[(CTRL::CROSS_RESULT, 1)]));
    for (offset, value) in [(0x00, 123), (0x04, 456), (0x08, 1), (0x0C, 0)] {
        bench.set(offset, value);
    }
    let pairs: Vec<_> = (0..10).map(|_| (bench.get(0x20), bench.get(0x18))).collect();
    let printed = [
        (124, 456),
        (457, 124),
        (125, 457),
        (458, 125),
        (126, 458),
        (459, 126),
        (127, 459),
        (460, 127),
        (128, 460),
        (461, 128),
    ];
    assert_eq!(pairs, printed);
}

#[test]
fn blending_stops_a_256th_short_of_the_second_base() {
    let mut bench = Bench::new();
    bench.set(CTRL0, config(&[(interp0::CTRL_LANE0::BLEND, 1)]));
    bench.set(CTRL1, config(&[]));
    bench.set(0x08, 500);
    bench.set(0x0C, 1000);
    let mut blend = |i: u32| {
        bench.set(0x04, 255 * i / 6);
        bench.get(0x24)
    };
    assert_eq!((0..=6).map(&mut blend).collect::<Vec<_>>(), [500, 582, 666, 748, 832, 914, 998]);
    assert_eq!(bench.get(0x20), 255, "lane 0 shows alpha");
}

#[test]
fn lane_1_says_whether_the_bases_of_a_blend_are_signed() {
    let mut bench = Bench::new();
    bench.set(CTRL0, config(&[(interp0::CTRL_LANE0::BLEND, 1)]));
    bench.set(0x08, 1000u32.wrapping_neg());
    bench.set(0x0C, 1000);
    let mut blends = |signed: u32| -> Vec<u32> {
        bench.set(CTRL1, config(&[(CTRL::SIGNED, signed)]));
        let mut blend = |i: u32| {
            bench.set(0x04, 255 * i / 6);
            bench.get(0x24)
        };
        (0..=6).map(&mut blend).collect()
    };
    assert_eq!(blends(1).iter().map(|&n| n as i32).collect::<Vec<_>>(), [-1000, -672, -336, -8, 328, 656, 992]);
    let unsigned = [0xFFFF_FC18, 0xD5FF_FD60, 0xAAFF_FEB0, 0x80FF_FFF8, 0x5600_0148, 0x2C00_0290, 0x0100_03E0];
    assert_eq!(blends(0), unsigned);
}

#[test]
fn one_store_sets_both_bases() {
    let mut bench = Bench::new();
    bench.set(CTRL0, config(&[(interp0::CTRL_LANE0::BLEND, 1)]));
    bench.set(CTRL1, config(&[]));
    bench.set(0x04, 128);
    let mut middle = |bases: u32, signed: u32| {
        bench.set(CTRL1, config(&[(CTRL::SIGNED, signed)]));
        bench.set(BASE01, bases);
        bench.get(0x24)
    };
    assert_eq!(middle(0x3000_5000, 0), 0x4000);
    assert_eq!(middle(0xE000_F000, 0), 0xE800);
    assert_eq!(middle(0xE000_F000, 1), 0xFFFF_E800);
    // Without BLEND each lane says it for itself.
    bench.set(CTRL0, config(&[(CTRL::SIGNED, 1)]));
    bench.set(CTRL1, config(&[]));
    bench.set(BASE01, 0xE000_F000);
    assert_eq!((bench.get(0x08), bench.get(0x0C)), (0xFFFF_F000, 0xE000));
}

#[test]
fn interp1_clamps_between_its_bases() {
    let mut bench = Bench::new();
    let one = INTERP_STEP;
    let fields = [(interp1::CTRL_LANE0::CLAMP, 1), (CTRL::SHIFT, 2), (CTRL::MASK_MSB, 29), (CTRL::SIGNED, 1)];
    bench.set(one + CTRL0, config(&fields));
    bench.set(one + 0x08, 0);
    bench.set(one + 0x0C, 255);
    let mut clamp = |i: i32| {
        bench.set(one, (256 * i) as u32);
        bench.get(one + 0x20)
    };
    assert_eq!((-4..=4).map(&mut clamp).collect::<Vec<_>>(), [0, 0, 0, 0, 0, 64, 128, 192, 255]);
}

#[test]
fn samples_are_interpolated_between_table_entries() {
    let samples: [i16; 5] = [0, 10, -20, -1000, 500];
    let mut bench = Bench::new();
    let fields = [(CTRL::SHIFT, 11), (CTRL::MASK_LSB, 1), (CTRL::MASK_MSB, 20), (interp0::CTRL_LANE0::BLEND, 1)];
    bench.set(CTRL0, config(&fields));
    bench.set(CTRL1, config(&[(CTRL::SHIFT, 4), (CTRL::SIGNED, 1), (CTRL::CROSS_INPUT, 1)]));
    bench.set(0x10, 0x2000_0000);
    let mut next = || {
        let pair = (bench.get(0x28) - 0x2000_0000) as usize / 2;
        bench.set(0x08, samples[pair] as u32);
        bench.set(0x0C, samples[pair + 1] as u32);
        let value = bench.get(0x24) as i32;
        let alpha = bench.get(ADD1) & 0xFF;
        bench.set(ADD0, 1024);
        (value, alpha)
    };
    let printed: Vec<_> = (0..16).map(|_| next()).collect();
    let values: Vec<_> = printed.iter().map(|&(value, _)| value).collect();
    assert_eq!(values, [0, 2, 5, 7, 10, 2, -5, -13, -20, -265, -510, -755, -1000, -625, -250, 125]);
    assert_eq!(printed[1].1 * 100 / 255, 25);
}

#[test]
fn full_results_are_addresses_of_texels() {
    let texel = |address: u32| (address & 3) | (address >> 2 & 3) << 4;
    let mut bench = Bench::new();
    bench.set(CTRL0, config(&[(CTRL::ADD_RAW, 1), (CTRL::SHIFT, 16), (CTRL::MASK_MSB, 1)]));
    let fields = [(CTRL::ADD_RAW, 1), (CTRL::SHIFT, 14), (CTRL::MASK_LSB, 2), (CTRL::MASK_MSB, 3)];
    bench.set(CTRL1, config(&fields));
    bench.set(0x08, 65536 / 2);
    bench.set(0x0C, 65536 / 3);
    let texels: Vec<u32> = (0..12).map(|_| texel(bench.get(0x1C))).collect();
    assert_eq!(texels, [0x00, 0x00, 0x01, 0x01, 0x12, 0x12, 0x13, 0x23, 0x20, 0x20, 0x31, 0x31]);
}

#[test]
fn forced_bits_are_seen_on_the_bus_only() {
    let mut bench = Bench::new();
    bench.set(CTRL0, config(&[(CTRL::FORCE_MSB, 2)]));
    bench.set(0x08, 4);
    assert_eq!(bench.get(0x14), 0x2000_0004);
    assert_eq!((bench.get(0x00), bench.get(0x28)), (4, 4));
}

#[test]
fn overflow_flags_tell_of_bits_above_the_mask() {
    let mut bench = Bench::new();
    bench.set(CTRL0, CTRL::MASK_MSB.put(0, 7));
    bench.set(0x00, 0xFF);
    assert_eq!(bench.get(CTRL0) >> 23, 0);
    bench.set(0x00, 0x100);
    assert_eq!(bench.get(CTRL0) >> 23, 0b101);
    bench.set(CTRL1, CTRL::MASK_MSB.put(0, 3));
    bench.set(0x04, 0x10);
    assert_eq!(bench.get(CTRL0) >> 23, 0b111);
    // Each interpolator keeps only the mode that it has.
    bench.set(CTRL0, u32::MAX);
    bench.set(INTERP_STEP + CTRL0, u32::MAX);
    assert_eq!(bench.get(CTRL0) & 0x0060_0000, 0x0020_0000);
    assert_eq!(bench.get(INTERP_STEP + CTRL0) & 0x0060_0000, 0x0040_0000);
}

#[test]
fn every_declared_register_answers() {
    let mut bench = Bench::new();
    for group in Sio::GROUPS {
        for copy in 0..group.count {
            for register in group.table {
                let offset = group.base + copy * group.step + register.offset;
                assert!(bench.sio.peek(0, offset, &bench.fabric).is_some(), "{}{}", group.prefix, register.name);
                bench.write(0, offset, 0);
            }
        }
    }
    assert!(bench.fabric.gaps.all().is_empty());
    assert_eq!(registers::common::Reg::at(0x7C), None);
    bench.read(0, 0x7C);
    assert_eq!(bench.fabric.gaps.all().len(), 1);
}
