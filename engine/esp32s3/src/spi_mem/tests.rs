use super::psram::{Psram, Wiring};
use super::spi1::{Chips, Spi1};
use crate::block::Block;
use crate::fabric::Fabric;
use crate::slots::Slot;
use engine_core::flash::FlashChip;
use engine_core::memory::Memory;
use engine_core::registers::Write;
use engine_core::time::Hertz;

struct Bench {
    spi: Spi1,
    fabric: Fabric,
    flash: FlashChip,
    cells: Memory,
    psram: Psram,
    ram: Memory,
}

const CMD: u32 = 0x00;
const ADDR: u32 = 0x04;
const CTRL: u32 = 0x08;
const USER: u32 = 0x18;
const USER1: u32 = 0x1C;
const USER2: u32 = 0x20;
const MOSI_DLEN: u32 = 0x24;
const MISO_DLEN: u32 = 0x28;
const RD_STATUS: u32 = 0x2C;
const MISC: u32 = 0x34;
const W0: u32 = 0x58;

impl Bench {
    fn new() -> Self {
        Self {
            spi: Spi1::new(),
            fabric: Fabric::new(),
            flash: FlashChip::new(8 << 20),
            cells: Memory::new(8 << 20, 0xFF),
            psram: Psram::new(Wiring::Octal, 8 << 20),
            ram: Memory::new(8 << 20, 0),
        }
    }

    fn write(&mut self, offset: u32, value: u32) {
        self.spi.write(offset, Write::word(value), &mut self.fabric);
        if self.spi.has_started() {
            let mut chips = Chips {
                flash: &mut self.flash,
                cells: &mut self.cells,
                psram: &mut self.psram,
                ram: &mut self.ram,
                encrypted: None,
            };
            self.spi.carry_out(&mut chips, Hertz::new(80_000_000), &mut self.fabric);
        }
    }

    fn read(&mut self, offset: u32) -> u32 {
        self.spi.read(offset, &mut self.fabric)
    }

    /// Time passes until the controller is ready.
    fn finish(&mut self) {
        self.fabric.cycle = self.fabric.clock.first_cycle_from(self.fabric.events.due(Slot::Spi1 as usize));
        self.spi.event(Slot::Spi1, &mut self.fabric);
        assert_eq!(self.read(CMD), 0);
    }

    fn octal(&mut self, command: u32, address: u32, out: Option<u32>, bits_in: u32) -> u32 {
        self.write(MISC, 1);
        self.write(CTRL, 0x0000_0278);
        self.write(0xE0, 1);
        self.write(USER2, 15 << 28 | command);
        self.write(USER1, 31 << 26);
        self.write(ADDR, address);
        self.write(USER, 1 << 31 | 1 << 30 | u32::from(out.is_some()) << 27 | u32::from(bits_in != 0) << 28);
        if let Some(out) = out {
            self.write(W0, out);
            self.write(MOSI_DLEN, 31);
        }
        self.write(MISO_DLEN, bits_in.saturating_sub(1));
        self.write(CMD, 1 << 18);
        self.finish();
        self.read(W0)
    }
}

/// W25Q64JV data sheet 8.1.1: EFh, 40h, 17h.
#[test]
fn rdid_gives_the_jedec_id() {
    let mut bench = Bench::new();
    bench.write(CMD, 1 << 28);
    assert_eq!(bench.read(CMD), 1 << 28, "busy until the last clock");
    bench.finish();
    assert_eq!(bench.read(W0) & 0xFF_FFFF, 0x17_40EF);
}

#[test]
fn a_page_is_programmed_and_read_back_on_two_lines() {
    let mut bench = Bench::new();
    bench.write(CMD, 1 << 30);
    bench.finish();
    bench.write(CMD, 1 << 27);
    bench.finish();
    assert_eq!(bench.read(RD_STATUS) & 3, 2, "write enable latch, not busy");
    bench.write(W0, 0x1234_5678);
    bench.write(ADDR, 4 << 24 | 0x1000);
    bench.write(CMD, 1 << 25);
    bench.finish();
    assert_eq!(bench.cells.read32(0x1000), 0x1234_5678);
    // tPP of the data sheet is over.
    bench.fabric.cycle += 40_000_000;
    // DIO read BBh: 24 bits of address on two lines, four clocks of mode bits, data on two lines.
    bench.write(CTRL, 1 << 13 | 1 << 23);
    bench.write(USER2, 7 << 28 | 0xBB);
    bench.write(USER1, 23 << 26 | 3);
    bench.write(USER, 1 << 31 | 1 << 30 | 1 << 29 | 1 << 28);
    bench.write(ADDR, 0x1000);
    bench.write(MISO_DLEN, 31);
    bench.write(W0, 0);
    bench.write(CMD, 1 << 18);
    bench.finish();
    assert_eq!(bench.read(W0), 0x1234_5678);
}

/// Quad reads the same cells on four lines.
#[test]
fn a_quad_read_takes_mode_bits_and_four_dummy_clocks() {
    let mut bench = Bench::new();
    let _ = bench.cells.write(0x2_0000, &[1, 2, 3, 4]);
    bench.write(CTRL, 1 << 13 | 1 << 24);
    bench.write(USER2, 7 << 28 | 0xEB);
    bench.write(USER1, 23 << 26 | 5);
    bench.write(USER, 1 << 31 | 1 << 30 | 1 << 29 | 1 << 28);
    bench.write(ADDR, 0x2_0000);
    bench.write(MISO_DLEN, 31);
    bench.write(CMD, 1 << 18);
    bench.finish();
    assert_eq!(bench.read(W0), 0x0403_0201);
}

/// ESP-IDF `esp_psram_impl_octal.c`: vendor AP is 0Dh, density 3 is 64 Mbit, generation 3, good die.
#[test]
fn an_octal_psram_shows_its_mode_registers() {
    let mut bench = Bench::new();
    assert_eq!(bench.octal(0x4040, 0, None, 16) >> 8 & 0x1F, 0x0D);
    let mr2 = bench.octal(0x4040, 2, None, 16);
    assert_eq!((mr2 & 7, mr2 >> 3 & 3, mr2 >> 7 & 1), (3, 2, 1));
    bench.octal(0xC0C0, 0, Some(0x28), 0);
    assert_eq!(bench.octal(0x4040, 0, None, 16) & 0xFF, 0x28);
}

#[test]
fn an_octal_psram_keeps_what_is_written() {
    let mut bench = Bench::new();
    bench.octal(0x8080, 0x100, Some(0x5A6B_7C8D), 0);
    bench.write(W0, 0);
    assert_eq!(bench.octal(0x0000, 0x100, None, 32), 0x5A6B_7C8D);
    assert_eq!(bench.ram.read32(0x100), 0x5A6B_7C8D);
}

/// ESP-IDF `esp_psram_impl_quad.c`: KGD 5Dh, and EID bits 7 to 5 give the density, 2 for 64 Mbit.
#[test]
fn a_quad_psram_answers_its_id_and_enters_quad_mode() {
    let mut bench = Bench::new();
    bench.psram = Psram::new(Wiring::Quad, 8 << 20);
    bench.write(MISC, 1);
    bench.write(USER2, 7 << 28 | 0x9F);
    bench.write(USER1, 23 << 26);
    bench.write(USER, 1 << 31 | 1 << 30 | 1 << 28);
    bench.write(MISO_DLEN, 23);
    bench.write(CMD, 1 << 18);
    bench.finish();
    // EID[47:45] 2 is 64 Mbit; EID[41]: two cells are not one bit (ESP-IDF `esp_psram_impl_ap_quad.c`).
    assert_eq!(bench.read(W0) & 0xFF_FFFF, 0x42_5D0D);
}

#[test]
fn a_transaction_takes_its_clocks() {
    let transfer = super::transfer::Transfer::command(0x9F);
    assert_eq!(super::transfer::Transfer { data_in: 3, ..transfer }.clocks(), 32);
}
