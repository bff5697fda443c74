use super::*;
use crate::time::MICROSECOND;

const MS: Ps = 1000 * MICROSECOND;

struct Bench {
    chip: FlashChip,
    cells: Memory,
    now: Ps,
}

impl Bench {
    fn new() -> Self {
        Self::of(2 << 20)
    }

    fn of(size: usize) -> Self {
        Self { chip: FlashChip::new(size), cells: Memory::new(size, 0xFF), now: 0 }
    }

    fn byte(&mut self, byte: u8, lanes: u8) -> u8 {
        let mut back = 0u32;
        for clock in 0..8 / lanes {
            let bits = byte >> (8 - lanes * (clock + 1)) & ((1 << lanes) - 1);
            let lines = RELEASED & !((1 << lanes) - 1) | bits;
            let seen = self.chip.clock(lines, &self.cells, self.now);
            let data = if lanes == 1 { seen >> 1 & 1 } else { seen & ((1 << lanes) - 1) };
            back = back << lanes | u32::from(data);
        }
        back as u8
    }

    fn dummy(&mut self, clocks: u32) {
        for _ in 0..clocks {
            self.chip.clock(RELEASED, &self.cells, self.now);
        }
    }

    fn select(&mut self, on: bool) -> Option<Report> {
        self.chip.select(on, &mut self.cells, self.now)
    }

    /// A whole instruction on one line. Returns what came back after `skip` bytes.
    fn spi(&mut self, bytes: &[u8], answer: usize) -> Vec<u8> {
        self.select(true);
        for &byte in bytes {
            self.byte(byte, 1);
        }
        let back = (0..answer).map(|_| self.byte(0, 1)).collect();
        self.select(false);
        back
    }

    fn status(&mut self) -> u8 {
        self.spi(&[0x05], 1)[0]
    }

    fn wait(&mut self, time: Ps) {
        self.now += time;
    }
}

#[test]
fn the_ids_are_those_of_the_data_sheet() {
    // W25Q16JV, 8.1.1: manufacturer EFh, device 14h, JEDEC 4015h.
    let mut bench = Bench::new();
    assert_eq!(bench.spi(&[0x9F], 3), [0xEF, 0x40, 0x15]);
    assert_eq!(bench.spi(&[0x90, 0, 0, 0], 4), [0xEF, 0x14, 0xEF, 0x14]);
    assert_eq!(bench.spi(&[0x90, 0, 0, 1], 2), [0x14, 0xEF]);
    assert_eq!(bench.spi(&[0xAB, 0, 0, 0], 2), [0x14, 0x14]);
    bench.chip.set_unique_id([1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(bench.spi(&[0x4B, 0, 0, 0, 0], 8), [1, 2, 3, 4, 5, 6, 7, 8]);
    // JESD216: signature, and density in bits less one in the second word of the table that byte 12 points at.
    let header = bench.spi(&[0x5A, 0, 0, 0, 0], 16);
    assert_eq!(&header[..4], b"SFDP");
    let table = bench.spi(&[0x5A, 0, 0, header[12], 0], 8);
    assert_eq!(u32::from_le_bytes(table[4..].try_into().unwrap()), 16 * 1024 * 1024 - 1);
}

#[test]
fn program_clears_bits_and_wraps_inside_the_page() {
    let mut bench = Bench::new();
    bench.spi(&[0x06], 0);
    assert_eq!(bench.status(), 2);
    bench.spi(&[0x02, 0, 0x12, 0xFE, 0x0F, 0xF0, 0x33], 0);
    assert_eq!(bench.status(), 3, "busy, and the latch still set");
    bench.wait(MS / 2);
    assert_eq!(bench.status(), 0, "tPP is 0.4 ms, 9.6");
    assert_eq!(bench.spi(&[0x03, 0, 0x12, 0xFE], 3), [0x0F, 0xF0, 0xFF]);
    assert_eq!(bench.spi(&[0x03, 0, 0x12, 0x00], 2), [0x33, 0xFF]);
    bench.spi(&[0x06], 0);
    bench.spi(&[0x02, 0, 0x12, 0xFE, 0x3C], 0);
    bench.wait(MS);
    assert_eq!(bench.spi(&[0x03, 0, 0x12, 0xFE], 1), [0x0C]);
}

#[test]
fn more_than_a_page_keeps_the_last_256_bytes() {
    // 8.2.15: previous bytes are overwritten when more than 256 are sent.
    let mut bench = Bench::new();
    bench.spi(&[0x06], 0);
    let mut bytes = vec![0x02, 0, 0, 0];
    bytes.extend((0..300).map(|n: u32| n as u8));
    bench.spi(&bytes, 0);
    bench.wait(MS);
    assert_eq!(bench.spi(&[0x03, 0, 0, 0], 2), [0, 1]);
    assert_eq!(bench.spi(&[0x03, 0, 0, 50], 1), [50]);
    assert_eq!(bench.spi(&[0x03, 0, 0, 43], 2), [43, 44]);
}

#[test]
fn writes_need_the_latch_each_time() {
    let mut bench = Bench::new();
    bench.select(true);
    for byte in [0x02, 0, 0, 0, 0x00] {
        bench.byte(byte, 1);
    }
    assert_eq!(bench.select(false), Some(Report::Refused(0x02)));
    assert_eq!(bench.spi(&[0x03, 0, 0, 0], 1), [0xFF]);
    bench.spi(&[0x06], 0);
    bench.spi(&[0x04], 0);
    assert_eq!(bench.status(), 0);
    bench.spi(&[0x20, 0, 0, 0], 0);
    assert_eq!(bench.status(), 0);
}

#[test]
fn erases_take_their_blocks_and_their_time() {
    // 9.6: tSE 45 ms, tBE1 120 ms, tBE2 150 ms, tCE 5 s for 16 Mbit.
    for (instruction, from, count, time) in
        [(0x20, 0x1_3000, 0x1000, 45), (0x52, 0x1_0000, 0x8000, 120), (0xD8, 0x1_0000, 0x1_0000, 150)]
    {
        let mut bench = Bench::new();
        assert!(!bench.cells.write(0, &[0; 0x4_0000]));
        bench.spi(&[0x06], 0);
        bench.spi(&[instruction, 1, 0x34, 0x56], 0);
        bench.wait(time * MS - 1);
        assert_eq!(bench.status(), 3);
        bench.wait(1);
        assert_eq!(bench.status(), 0);
        let erased = bench.cells.bytes().iter().take(0x4_0000).filter(|&&cell| cell == 0xFF).count();
        assert_eq!(erased, count);
        assert!(bench.cells.bytes()[from..from + count].iter().all(|&cell| cell == 0xFF));
    }
    let mut bench = Bench::new();
    assert!(!bench.cells.write(0, &[0; 0x4_0000]));
    bench.spi(&[0x06], 0);
    bench.spi(&[0xC7], 0);
    bench.wait(4999 * MS);
    assert_eq!(bench.status(), 3);
    bench.wait(MS);
    assert_eq!(bench.status(), 0);
    assert!(bench.cells.bytes().iter().all(|&cell| cell == 0xFF));
}

#[test]
fn a_busy_chip_answers_only_its_status() {
    let mut bench = Bench::new();
    assert!(!bench.cells.write(0x5000, &[0x11]));
    bench.spi(&[0x06], 0);
    bench.spi(&[0x20, 0, 0, 0], 0);
    assert_eq!(bench.spi(&[0x03, 0, 0x50, 0], 1), [0xFF]);
    bench.wait(10 * MS);
    // 8.2.19: suspended after tSUS = 20 us, SUS is bit 7 of register 2.
    bench.spi(&[0x75], 0);
    bench.wait(20 * MICROSECOND);
    assert_eq!(bench.spi(&[0x35], 1), [0x82]);
    assert_eq!(bench.spi(&[0x03, 0, 0x50, 0], 1), [0x11]);
    bench.spi(&[0x7A], 0);
    assert_eq!(bench.status() & 1, 1);
    bench.wait(36 * MS);
    assert_eq!(bench.status(), 0);
}

#[test]
fn fast_reads_have_their_lines_and_dummy_clocks() {
    let mut bench = Bench::new();
    assert!(!bench.cells.write(0x1234, &[0xA5, 0x5A, 0xC3]));
    assert_eq!(bench.spi(&[0x0B, 0, 0x12, 0x34, 0], 3), [0xA5, 0x5A, 0xC3]);
    for (instruction, lanes) in [(0x3B, 2), (0x6B, 4)] {
        bench.select(true);
        for byte in [instruction, 0, 0x12, 0x34] {
            bench.byte(byte, 1);
        }
        bench.dummy(8);
        assert_eq!(bench.chip.reads(), Some((0x1234, lanes)));
        assert_eq!([bench.byte(0xFF, lanes), bench.byte(0xFF, lanes)], [0xA5, 0x5A]);
        bench.select(false);
    }
}

#[test]
fn a_read_continues_while_the_mode_bits_say_so() {
    // 8.2.13 and 8.2.14: M5-4 = 10 leaves out the next instruction.
    for (instruction, lanes, dummy) in [(0xBB, 2, 0), (0xEB, 4, 4)] {
        let mut bench = Bench::new();
        assert!(!bench.cells.write(0x1234, &[0xA5, 0x5A, 0xC3]));
        bench.select(true);
        bench.byte(instruction, 1);
        for (round, mode) in [(0, 0xA0), (1, 0xA0), (2, 0xFF)] {
            if round > 0 {
                bench.select(true);
            }
            for byte in [0, 0x12, 0x34, mode] {
                bench.byte(byte, lanes);
            }
            bench.dummy(dummy);
            assert_eq!([bench.byte(0xFF, lanes), bench.byte(0xFF, lanes)], [0xA5, 0x5A], "round {round}");
            bench.select(false);
        }
        assert_eq!(bench.spi(&[0x9F], 1), [0xEF]);
    }
}

#[test]
fn quad_instructions_need_quad_enable() {
    let mut bench = Bench::new();
    bench.spi(&[0x06], 0);
    bench.spi(&[0x31, 0x00], 0);
    bench.wait(10 * MS);
    assert_eq!(bench.spi(&[0x35], 1), [0]);
    bench.select(true);
    bench.byte(0xEB, 1);
    for byte in [0, 0, 0, 0xA0] {
        bench.byte(byte, 4);
    }
    bench.dummy(4);
    assert_eq!(bench.chip.reads(), None);
    bench.select(false);
    assert!(!bench.chip.is_continuous());
    // The two-byte form of 01h, as second stages use it.
    bench.spi(&[0x06], 0);
    bench.spi(&[0x01, 0x00, 0x02], 0);
    bench.wait(10 * MS);
    assert_eq!(bench.spi(&[0x35], 1), [2]);
}

#[test]
fn protected_blocks_keep_their_cells() {
    // Table 7.1.14: BP2-0 = 001 with TB = 0 protects the upper 1/32.
    let mut bench = Bench::new();
    bench.spi(&[0x06], 0);
    bench.spi(&[0x01, 0x04], 0);
    bench.wait(10 * MS);
    bench.spi(&[0x06], 0);
    bench.select(true);
    for byte in [0x02, 0x1F, 0, 0, 0] {
        bench.byte(byte, 1);
    }
    assert_eq!(bench.select(false), Some(Report::Refused(0x02)));
    bench.spi(&[0x02, 0x1E, 0xFF, 0, 0], 0);
    bench.wait(MS);
    assert_eq!(bench.spi(&[0x03, 0x1E, 0xFF, 0], 1), [0]);
}

#[test]
fn power_down_and_reset_go_by_the_book() {
    let mut bench = Bench::new();
    bench.spi(&[0xB9], 0);
    assert_eq!(bench.spi(&[0x9F], 3), [0xFF; 3]);
    bench.spi(&[0xAB], 0);
    assert_eq!(bench.spi(&[0x9F], 3), [0xEF, 0x40, 0x15]);
    bench.spi(&[0x06], 0);
    bench.spi(&[0x99], 0);
    assert_eq!(bench.status(), 2, "99h alone does nothing");
    bench.spi(&[0x66], 0);
    bench.spi(&[0x99], 0);
    bench.wait(30 * MICROSECOND);
    assert_eq!(bench.status(), 0);
}

/// W25Q64JV data sheet, 8.2 (Enable Reset and Reset Device): the chip loses what was written by 50h.
#[test]
fn a_reset_takes_back_volatile_status_bits() {
    let mut bench = Bench::new();
    for (enable, written) in [(0x50, 0x00), (0x06, 0x02), (0x50, 0x00)] {
        bench.spi(&[enable], 0);
        bench.spi(&[0x31, written], 0);
        bench.wait(20 * MS);
        assert_eq!(bench.spi(&[0x35], 1), [written]);
    }
    bench.spi(&[0x66], 0);
    bench.spi(&[0x99], 0);
    bench.wait(MS);
    assert_eq!(bench.spi(&[0x35], 1), [0x02]);
}

#[test]
fn an_instruction_that_is_not_modelled_is_told() {
    let mut bench = Bench::new();
    bench.select(true);
    bench.byte(0x42, 1);
    assert_eq!(bench.select(false), Some(Report::Unknown(0x42)));
}

/// Winbond W25Q data sheets, "Set Burst with Wrap (77h)": 24 dummy bits and W7-0 on four lines; W4 = 0 turns wrapping on,
/// W6-5 = 01 is 16 bytes; it concerns Fast Read Quad I/O only, and Reset Device ends it.
#[test]
fn quad_reads_wrap_in_the_section_that_was_set() {
    let mut bench = Bench::new();
    let cells: Vec<u8> = (0..64).collect();
    let _ = bench.cells.write(0, &cells);
    bench.spi(&[0x50], 0);
    bench.spi(&[0x31, 0x02], 0);
    bench.wait(20 * MS);
    let quad = |bench: &mut Bench| {
        bench.select(true);
        bench.byte(0xEB, 1);
        for byte in [0, 0, 0x1D, 0xFF] {
            bench.byte(byte, 4);
        }
        bench.dummy(4);
        let back: Vec<u8> = (0..5).map(|_| bench.byte(0xFF, 4)).collect();
        bench.select(false);
        back
    };
    let wrap = |bench: &mut Bench, bits| {
        bench.select(true);
        bench.byte(0x77, 1);
        bench.dummy(6);
        bench.byte(bits, 4);
        assert_eq!(bench.select(false), None);
    };
    assert_eq!(quad(&mut bench), [0x1D, 0x1E, 0x1F, 0x20, 0x21]);
    wrap(&mut bench, 0x20);
    assert_eq!(quad(&mut bench), [0x1D, 0x1E, 0x1F, 0x10, 0x11]);
    assert_eq!(bench.spi(&[0x03, 0, 0, 0x1F], 2), [0x1F, 0x20]);
    wrap(&mut bench, 0x10);
    assert_eq!(quad(&mut bench), [0x1D, 0x1E, 0x1F, 0x20, 0x21]);
    wrap(&mut bench, 0x20);
    bench.spi(&[0x66], 0);
    bench.spi(&[0x99], 0);
    bench.wait(MS);
    assert_eq!(quad(&mut bench), [0x1D, 0x1E, 0x1F, 0x20, 0x21]);
}

/// W25Q257FV 8.1.1 and tables 8.1.2 to 8.1.4, W25Q256JV: the instructions with four bytes always.
#[test]
fn a_chip_above_16_mb_has_instructions_with_addresses_of_four_bytes() {
    let mut bench = Bench::of(32 << 20);
    assert_eq!(bench.spi(&[0x9F], 3), [0xEF, 0x40, 0x19]);
    assert_eq!(bench.spi(&[0x90, 0, 0, 0], 2), [0xEF, 0x18]);
    bench.spi(&[0x06], 0);
    bench.spi(&[0x12, 0x01, 0x23, 0x45, 0x60, 0xA5, 0x5A], 0);
    bench.wait(MS);
    assert_eq!(bench.spi(&[0x13, 0x01, 0x23, 0x45, 0x60], 2), [0xA5, 0x5A]);
    assert_eq!(bench.spi(&[0x0C, 0x01, 0x23, 0x45, 0x60, 0], 2), [0xA5, 0x5A]);
    assert_eq!(bench.cells.read8(0x123_4560), 0xA5);
    bench.spi(&[0x06], 0);
    bench.spi(&[0x21, 0x01, 0x23, 0x45, 0x60], 0);
    bench.wait(100 * MS);
    assert_eq!(bench.spi(&[0x13, 0x01, 0x23, 0x45, 0x60], 1), [0xFF]);
    for (instruction, dummy, lanes) in [(0x3C, 8, 2), (0x6C, 8, 4)] {
        bench.cells.write(0x1FF_FFFE, &[0x12, 0x34]);
        bench.select(true);
        for byte in [instruction, 0x01, 0xFF, 0xFF, 0xFE] {
            bench.byte(byte, 1);
        }
        bench.dummy(dummy);
        assert_eq!([bench.byte(0xFF, lanes), bench.byte(0xFF, lanes)], [0x12, 0x34]);
        bench.select(false);
    }
    // W25Q512JV, 8.1.1.
    assert_eq!(Bench::of(64 << 20).spi(&[0x9F], 3), [0xEF, 0x40, 0x20]);
    // 128 Mbit have none of them.
    let mut small = Bench::of(16 << 20);
    small.select(true);
    small.byte(0x13, 1);
    assert_eq!(small.select(false), Some(Report::Unknown(0x13)));
}

/// W25Q257FV 7.2 and 8.2.6 to 8.2.9: the extended address register counts with three bytes, and takes over a fourth.
#[test]
fn the_fourth_byte_comes_from_the_mode_or_from_a_register() {
    let mut bench = Bench::of(32 << 20);
    bench.cells.write(0x40, &[0x11]);
    bench.cells.write(0x100_0040, &[0x22]);
    assert_eq!(bench.spi(&[0x03, 0, 0, 0x40], 1), [0x11]);
    bench.spi(&[0x06], 0);
    bench.spi(&[0xC5, 1], 0);
    assert_eq!((bench.spi(&[0xC8], 1), bench.spi(&[0x03, 0, 0, 0x40], 1)), (vec![1], vec![0x22]));
    // Status register 3, ADS.
    bench.spi(&[0xB7], 0);
    assert_eq!(bench.spi(&[0x15], 1)[0] & 1, 1);
    assert_eq!(bench.spi(&[0x03, 0, 0, 0, 0x40], 1), [0x11]);
    assert_eq!(bench.spi(&[0x4B, 0, 0, 0, 0, 0], 1), [0xE6]);
    bench.spi(&[0xE9], 0);
    assert_eq!((bench.spi(&[0xC8], 1), bench.spi(&[0x03, 0, 0, 0x40], 1)), (vec![0], vec![0x11]));
    // ADP, which is not volatile: from a reset on.
    bench.spi(&[0x06], 0);
    bench.spi(&[0x11, 0x62], 0);
    bench.wait(20 * MS);
    bench.spi(&[0x66], 0);
    bench.spi(&[0x99], 0);
    bench.wait(MS);
    assert_eq!(bench.spi(&[0x15], 1)[0] & 3, 3);
}

/// W25Q257FV tables 7.1.16 and 7.1.17.
#[test]
fn a_large_chip_protects_by_four_bits() {
    for (one, two, protected, free) in [
        (0x04, 0x02, 0x1FF_0000, 0x1FE_0000),
        (0x24, 0x02, 0x100_0000, 0x0FF_0000),
        (0x44, 0x02, 0x000_0000, 0x001_0000),
        (0x04, 0x42, 0x1FE_0000, 0x1FF_0000),
    ] {
        let mut bench = Bench::of(32 << 20);
        bench.spi(&[0x50], 0);
        bench.spi(&[0x01, one, two], 0);
        for (address, refused) in [(protected, true), (free, false)] {
            bench.spi(&[0x06], 0);
            bench.select(true);
            for byte in [0x21].into_iter().chain(u32::to_be_bytes(address)) {
                bench.byte(byte, 1);
            }
            let report = bench.select(false);
            assert_eq!(report == Some(Report::Refused(0x21)), refused, "{one:#x} {two:#x} {address:#x}");
            bench.wait(1000 * MS);
        }
    }
}
