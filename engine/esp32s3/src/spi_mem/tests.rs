use super::octal_flash::OctalFlash;
use super::psram::{Psram, Wiring};
use super::sampling::Timing;
use super::spi1::{Chips, Spi1};
use crate::block::Block;
use crate::fabric::Fabric;
use crate::slots::Slot;
use engine_core::flash::FlashChip;
use engine_core::memory::Memory;
use engine_core::registers::Write;
use engine_core::time::{Hertz, MICROSECOND};

struct Bench {
    spi: Spi1,
    fabric: Fabric,
    flash: FlashChip,
    cells: Memory,
    octal: Option<OctalFlash>,
    psram: Psram,
    ram: Memory,
    timing: Timing,
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
            octal: None,
            psram: Psram::new(Wiring::Octal, 8 << 20),
            ram: Memory::new(8 << 20, 0),
            timing: Timing::plain(Hertz::new(80_000_000)),
        }
    }

    /// The controller, and what it is wired to.
    fn parts(&mut self) -> (&mut Spi1, Chips<'_>, &mut Fabric) {
        let chips = Chips {
            flash: &mut self.flash,
            cells: &mut self.cells,
            octal: self.octal.as_mut(),
            psram: &mut self.psram,
            ram: &mut self.ram,
            encrypted: None,
        };
        (&mut self.spi, chips, &mut self.fabric)
    }

    fn write(&mut self, offset: u32, value: u32) {
        self.spi.write(offset, Write::word(value), &mut self.fabric);
        if self.spi.has_started() {
            let timing = self.timing;
            let (spi, mut chips, fabric) = self.parts();
            spi.carry_out(&mut chips, timing, fabric);
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
        self.user_command()
    }

    /// CMD.USR, to its end; the first word that came.
    fn user_command(&mut self) -> u32 {
        self.write(CMD, 1 << 18);
        self.finish();
        self.read(W0)
    }

    /// A word read with address and data on the lines that a bit of CTRL says; USER1 has the bits of address and dummy.
    fn read_on_lines(&mut self, lines: u32, command: u32, user1: u32, addr: u32) -> u32 {
        self.write(CTRL, 1 << 13 | lines);
        self.write(USER2, 7 << 28 | command);
        self.write(USER1, user1);
        self.write(USER, 1 << 31 | 1 << 30 | 1 << 29 | 1 << 28);
        self.write(ADDR, addr);
        self.write(MISO_DLEN, 31);
        self.write(W0, 0);
        self.user_command()
    }
}

/// FREAD_DIO and FREAD_QIO of CTRL: ESP-IDF `soc/spi_mem_reg.h`.
const DIO: u32 = 1 << 23;
const QIO: u32 = 1 << 24;

/// W25Q64JV data sheet 8.1.1: EFh, 40h, 17h.
#[test]
fn rdid_gives_the_jedec_id() {
    let mut bench = Bench::new();
    bench.write(CMD, 1 << 28);
    assert_eq!(bench.read(CMD), 1 << 28, "busy until the last clock");
    bench.finish();
    assert_eq!(bench.read(W0) & 0xFF_FFFF, 0x17_40EF);
}

/// ESP-IDF spi_flash_chip_generic.c on a chip above 16 MB: 12h, 21h and ECh (CMD_PROGRAM_PAGE_4B, CMD_SECTOR_ERASE_4B,
/// CMD_FASTRD_QIO_4B) with addresses of 32 bits; W25Q257FV 8.2.21 for the two mode and four dummy clocks of the last.
#[test]
fn a_large_chip_is_reached_by_addresses_of_four_bytes() {
    let mut bench = Bench { flash: FlashChip::new(32 << 20), cells: Memory::new(32 << 20, 0xFF), ..Bench::new() };
    let at = 0x1FF_0000;
    bench.write(USER1, 31 << 26 | 5);
    for (command, user, time) in [(0x12, 1 << 27, 40_000_000), (0x21, 0, 20_000_000_000), (0x12, 1 << 27, 40_000_000)] {
        bench.write(CMD, 1 << 30);
        bench.finish();
        bench.write(USER2, 7 << 28 | command);
        bench.write(USER, 1 << 31 | 1 << 30 | user);
        bench.write(ADDR, at);
        bench.write(W0, 0x1234_5678);
        bench.write(MOSI_DLEN, 31);
        bench.write(CMD, 1 << 18);
        bench.finish();
        bench.fabric.cycle += time;
        assert_eq!(bench.cells.read32(at as usize), if command == 0x21 { u32::MAX } else { 0x1234_5678 });
    }
    assert_eq!(bench.read_on_lines(QIO, 0xEC, 31 << 26 | 5, at), 0x1234_5678);
}

/// ESP-IDF `spi_flash_hal_common.inc`: COMPUTE_DUMMY_CYCLELEN adds what the calibration found to whatever is read.
#[test]
fn sampled_late_an_answer_wants_as_many_dummy_clocks() {
    let mut bench = Bench::new();
    bench.timing = Timing { core_clock: Hertz::new(240_000_000), mode: 2, num: 3 };
    bench.write(0x14, 1 << 16 | 1);
    let mut id = |dummy: Option<u32>| {
        bench.write(USER, 1 << 31 | 1 << 28 | u32::from(dummy.is_some()) << 29);
        bench.write(USER1, dummy.map_or(0, |clocks| clocks - 1));
        bench.write(USER2, 7 << 28 | 0x9F);
        bench.write(MISO_DLEN, 23);
        bench.user_command() & 0xFF_FFFF
    };
    assert_eq!(id(Some(2)), 0x17_40EF);
    assert_eq!(id(Some(1)) & 0xFF, 0xF7, "one bit of before the answer, then EFh");
    assert_eq!(id(None) & 0xFF, 0xFB);
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
    assert_eq!(bench.read_on_lines(DIO, 0xBB, 23 << 26 | 3, 0x1000), 0x1234_5678);
}

/// Quad reads the same cells on four lines.
#[test]
fn a_quad_read_takes_mode_bits_and_four_dummy_clocks() {
    let mut bench = Bench::new();
    let _ = bench.cells.write(0x2_0000, &[1, 2, 3, 4]);
    assert_eq!(bench.read_on_lines(QIO, 0xEB, 23 << 26 | 5, 0x2_0000), 0x0403_0201);
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

const FSM: u32 = 0x54;
const WAITI_CTRL: u32 = 0x98;
const SUS_CMD: u32 = 0x9C;
const SUS_CTRL: u32 = 0xA0;
const SUS_STATUS: u32 = 0xA4;
const INT_RAW: u32 = 0xF8;

impl Bench {
    /// A sector is erased, as ESP-IDF's spimem_flash_ll_erase_sector does it.
    fn erase(&mut self) {
        self.write(CMD, 1 << 30);
        self.finish();
        self.write(ADDR, 0x1_0000);
        self.write(CMD, 1 << 24 | 1 << 17);
    }

    /// The caches want a line that takes a microsecond.
    fn want(&mut self, line: u32) -> u64 {
        let timing = self.timing;
        let (spi, mut chips, fabric) = self.parts();
        spi.give_way(line, MICROSECOND, &mut chips, timing, fabric)
    }

    /// ESP-IDF 5.3 spi_flash_hal_setup_auto_suspend_mode, with spimem_flash_ll_set_sus_delay for tSUS of the chip: 20 us are
    /// 400 clocks at 20 MHz, so two times 256.
    fn suspends_by_itself(&mut self) {
        self.write(WAITI_CTRL, 0x05 << 2 | 1);
        self.write(SUS_CMD, 1 << 3 | 1 << 4);
        self.write(SUS_CTRL, 0x75 << 9 | 0x7A << 1 | 1);
        self.write(0x0C, 2 << 2);
        self.write(SUS_STATUS, 1 << 6 | 1 << 5);
    }

    fn due(&self) -> u64 {
        self.fabric.events.due(Slot::Spi1 as usize)
    }
}

/// SVD, FLASH_WAITI_CTRL.WAITI_EN; W25Q64JV data sheet 9.6: a sector is erased in 45 ms.
#[test]
fn cmd_stays_set_until_the_chip_is_ready() {
    let mut bench = Bench::new();
    bench.write(WAITI_CTRL, 0x05 << 2 | 1);
    bench.erase();
    assert!(bench.due() > bench.fabric.now() + 45_000 * MICROSECOND);
    assert_ne!(bench.read(FSM) & 7, 0, "ESP-IDF's spimem_flash_ll_host_idle wants 0 of an idle one");
    bench.finish();
    assert_eq!((bench.flash.busy_until(bench.fabric.now()), bench.read(FSM) & 7), (None, 0));
    // Without it, the clocks of the instruction and the address are all.
    bench.write(WAITI_CTRL, 0x05 << 2);
    bench.erase();
    assert!(bench.due() < bench.fabric.now() + 10 * MICROSECOND);
}

/// SVD: FLASH_SUS_CTRL.FLASH_PES_EN, FLASH_SUS_CMD.PES_PER_EN, SUS_STATUS.FLASH_PES_DLY_256, INT_RAW.PES_END and PER_END.
#[test]
fn a_line_for_the_caches_suspends_an_erase_and_the_erase_ends_later() {
    let mut bench = Bench::new();
    bench.suspends_by_itself();
    bench.erase();
    let end = bench.due();
    let late = bench.want(7);
    // 8 clocks and 512 more at 20 MHz.
    assert_eq!(late, 26 * MICROSECOND);
    assert_eq!(bench.read(INT_RAW) & 3, 3, "suspended and resumed");
    assert_eq!(bench.read(SUS_STATUS) & 1, 0);
    let instruction = 400_000;
    assert_eq!(bench.due(), end + late + MICROSECOND + instruction);
    assert_eq!(bench.want(7), 0, "the caches have this line now");
    assert_eq!(bench.want(8), late);
    bench.finish();
    assert_eq!(bench.read(INT_RAW) & 4, 4);
    assert_eq!(bench.cells.read32(0x1_0000), u32::MAX);
    assert_eq!(bench.want(9), 0, "the chip is ready");
    assert_eq!(bench.fabric.gaps.all().len(), 0);
}

/// SVD, FLASH_SUS_CMD.PES_PER_EN and MISC.AUTO_PER: without them the application resumes.
#[test]
fn what_does_not_resume_by_itself_waits_for_software() {
    let mut bench = Bench::new();
    bench.suspends_by_itself();
    bench.write(SUS_CMD, 1 << 3);
    bench.erase();
    bench.want(7);
    assert_eq!((bench.read(SUS_STATUS) & 1, bench.read(INT_RAW) & 3), (1, 2));
    assert_ne!(bench.read(CMD), 0);
    bench.fabric.cycle += 240 * 100_000;
    assert_eq!(bench.flash.status(bench.fabric.now())[1] >> 7, 1, "SUS of the chip");
    bench.write(SUS_CMD, 1 << 3 | 1);
    let resumed = bench.fabric.now();
    let step = bench.due();
    bench.fabric.cycle = bench.fabric.clock.first_cycle_from(step);
    bench.spi.event(Slot::Spi1, &mut bench.fabric);
    assert_eq!((bench.read(SUS_STATUS) & 1, bench.read(SUS_CMD) & 1), (0, 0));
    assert!(bench.due() > resumed + 44_000 * MICROSECOND);
    bench.finish();
}

#[test]
fn a_read_by_the_caches_of_a_chip_that_works_is_told() {
    let mut bench = Bench::new();
    bench.erase();
    assert_eq!(bench.want(7), 0);
    assert_eq!(bench.fabric.gaps.all().len(), 1);
}

/// SVD, CTRL2.SYNC_RESET.
#[test]
fn a_reset_of_the_state_machine_ends_what_it_waits_for() {
    let mut bench = Bench::new();
    bench.write(WAITI_CTRL, 0x05 << 2 | 1);
    bench.erase();
    bench.write(0x10, 1 << 31);
    assert_eq!((bench.read(CMD), bench.read(FSM)), (0, 0));
}

/// Macronix MX25UM25645G data sheet: B0h suspends and 30h resumes, 80h 39h are its type and density; 21h and 12h take
/// addresses of 32 bits.
#[test]
fn an_octal_chip_of_32_mb_is_suspended_and_has_its_upper_half() {
    let mut bench = Bench::new();
    bench.flash = FlashChip::new(32 << 20);
    bench.cells = Memory::new(32 << 20, 0xFF);
    bench.octal = Some(OctalFlash::new());
    let spi = |bench: &mut Bench, code: u32, address: Option<u32>, out: Option<u32>, bits_in: u32| {
        bench.write(USER2, 7 << 28 | code);
        bench.write(USER1, 31 << 26);
        bench.write(ADDR, address.unwrap_or(0));
        let phases =
            u32::from(address.is_some()) << 30 | u32::from(out.is_some()) << 27 | u32::from(bits_in != 0) << 28;
        bench.write(USER, 1 << 31 | phases);
        bench.write(W0, out.unwrap_or(0));
        bench.write(MOSI_DLEN, 31);
        bench.write(MISO_DLEN, bits_in.saturating_sub(1));
        bench.write(CMD, 1 << 18);
        bench.finish();
        bench.read(W0)
    };
    assert_eq!(spi(&mut bench, 0x9F, None, None, 24), 0x39_80C2);
    spi(&mut bench, 0x06, None, None, 0);
    spi(&mut bench, 0x12, Some(0x180_0000), Some(0x1234_5678), 0);
    bench.fabric.cycle += 240 * 1000;
    assert_eq!(spi(&mut bench, 0x13, Some(0x180_0000), None, 32), 0x1234_5678);
    assert_eq!((bench.cells.read32(0x180_0000), bench.cells.read32(0x80_0000)), (0x1234_5678, u32::MAX));
    spi(&mut bench, 0x06, None, None, 0);
    spi(&mut bench, 0x21, Some(0x180_0000), None, 0);
    assert!(bench.flash.works(bench.fabric.now()));
    spi(&mut bench, 0xB0, None, None, 0);
    assert!(bench.flash.is_suspended());
    bench.fabric.cycle += 240 * 30;
    spi(&mut bench, 0x30, None, None, 0);
    assert!(bench.flash.works(bench.fabric.now()) && !bench.flash.is_suspended());
    assert_eq!(bench.cells.read32(0x180_0000), u32::MAX);
    assert_eq!(bench.fabric.gaps.all().len(), 0);
}
