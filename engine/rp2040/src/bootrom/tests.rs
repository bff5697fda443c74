use super::boot::crc32;
use super::*;
use crate::chip::{Chip, Stop};
use crate::fabric::Reason;
use engine_core::time::{MICROSECOND, SECOND};

const SRAM: u32 = 0x2000_0000;

/// Looks a code up as firmware does (2.8.3): function at 0x18, tables at 0x14 and 0x16.
fn entry(table: u32, code: &[u8; 2]) -> u32 {
    let rom = Bootrom::new();
    let half = |at: usize| u32::from(u16::from_le_bytes([rom.bytes()[at], rom.bytes()[at + 1]]));
    let mut at = half(table as usize) as usize;
    while half(at) != 0 {
        if rom.bytes()[at..at + 2] == *code {
            return half(at + 2);
        }
        at += 4;
    }
    0
}

fn word(rom: &[u8], at: u32) -> u32 {
    let at = at as usize;
    u32::from_le_bytes(rom[at..at + 4].try_into().expect("four bytes"))
}

/// Stores half-words for the processors to execute.
fn load(chip: &mut Chip, at: u32, code: &[u16]) {
    for (n, half) in code.iter().enumerate() {
        for (byte, value) in half.to_le_bytes().into_iter().enumerate() {
            assert!(chip.system_mut().debug_write8(at + 2 * n as u32 + byte as u32, value));
        }
    }
    chip.memory_changed();
}

/// Core 0 calls a ROM function with these arguments. Returns R0 to R3 and the cycles of the call.
fn call(chip: &mut Chip, function: u32, arguments: [u32; 4]) -> ([u32; 4], u64) {
    load(chip, SRAM, &[0x47A0, 0xE7FE]); // blx r4; b .
    chip.code_mut().set_breakpoint(SRAM + 2);
    let core = &mut chip.cores_mut()[0];
    core.regs[..4].copy_from_slice(&arguments);
    core.regs[4] = function;
    let start = core.cycle;
    chip.start_at(SRAM);
    let until = chip.now() + 100 * SECOND;
    assert_eq!(chip.run(until), Stop::Breakpoint { core: 0, pc: SRAM + 2 });
    let core = &chip.cores()[0];
    (core.regs[..4].try_into().expect("four registers"), core.cycle - start)
}

/// The first page of flash: a second stage of these half-words, with the CRC that the ROM wants.
fn second_stage(code: &[u16]) -> Vec<u8> {
    let mut page: Vec<u8> = code.iter().flat_map(|half| half.to_le_bytes()).collect();
    page.resize(252, 0);
    let crc = crc32(&page, u32::MAX);
    page.extend_from_slice(&crc.to_le_bytes());
    page
}

fn chip_with_flash(image: &[u8]) -> Chip {
    let mut chip = Chip::new(2 << 20);
    assert!(!chip.system_mut().mem.flash.write(0, image));
    chip
}

#[test]
fn the_header_is_where_software_looks_for_it() {
    // Datasheet 2.8.3, table 165: magic 'M', 'u', 1, then the version; B2 chips have 3.
    let rom = Bootrom::new();
    assert_eq!(rom.bytes().len(), 16 * 1024);
    assert_eq!(&rom.bytes()[0x10..0x14], b"Mu\x01\x03");
    assert_eq!(word(rom.bytes(), 0), 0x2004_1F00);
    for code in [
        b"P3", b"R3", b"L3", b"T3", b"MS", b"S4", b"MC", b"C4", b"UB", b"DT", b"DE", b"WV", b"IF", b"EX", b"RE", b"RP",
        b"FC", b"CX",
    ] {
        assert_ne!(entry(0x14, code) & 1, 0, "{} is a Thumb function", String::from_utf8_lossy(code));
    }
    for code in [b"GR", b"CR", b"SF", b"SD", b"FZ", b"FS", b"FE"] {
        assert_ne!(entry(0x16, code), 0, "{}", String::from_utf8_lossy(code));
    }
    // 2.8.3.2: both tables have 32 entries.
    assert_eq!(rom.bytes()[entry(0x16, b"FZ") as usize], 32);
    // pico-sdk, float_init_rom: *((uint8_t *)rom_table - 2) * 4 >= SF_TABLE_V2_SIZE.
    assert_eq!(rom.bytes()[entry(0x16, b"SF") as usize - 2], 32);
}

#[test]
fn the_lookup_function_finds_codes_and_gives_0_for_others() {
    let mut chip = Chip::new(1 << 20);
    let half = |at: usize| {
        let rom = Bootrom::new();
        u32::from(u16::from_le_bytes([rom.bytes()[at], rom.bytes()[at + 1]]))
    };
    let (lookup, table) = (half(0x18), half(0x14));
    let code = |text: &[u8; 2]| u32::from(u16::from_le_bytes(*text));
    assert_eq!(call(&mut chip, lookup, [table, code(b"MC"), 0, 0]).0[0], entry(0x14, b"MC"));
    assert_eq!(call(&mut chip, lookup, [table, code(b"CX"), 0, 0]).0[0], entry(0x14, b"CX"));
    // 'P8' went away with version 2 (2.8.3.3).
    assert_eq!(call(&mut chip, lookup, [table, code(b"P8"), 0, 0]).0[0], 0);
}

#[test]
fn bit_functions_count_and_reverse() {
    let mut chip = Chip::new(1 << 20);
    let mut of = |code: &[u8; 2], value| call(&mut chip, entry(0x14, code), [value, 0, 0, 0]).0[0];
    // Datasheet 2.8.3.1.1: clz and ctz of 0 are 32.
    assert_eq!(of(b"P3", 0xF0F0_0001), 9);
    assert_eq!(of(b"R3", 0x8000_0002), 0x4000_0001);
    assert_eq!(of(b"L3", 0x0001_0000), 15);
    assert_eq!(of(b"L3", 0), 32);
    assert_eq!(of(b"T3", 0x0001_0000), 16);
    assert_eq!(of(b"T3", 0), 32);
}

#[test]
fn memory_functions_move_and_fill_at_every_alignment() {
    let mut chip = Chip::new(1 << 20);
    let at = SRAM + 0x1000;
    for (to, from, count) in [(0, 0, 64), (1, 1, 37), (2, 1, 20), (3, 0, 5), (0, 0, 0), (4, 0, 8)] {
        let (to, from) = (at + 0x100 + to, at + from);
        for n in 0..count {
            chip.system_mut().debug_write8(from + n, n as u8 ^ 0x5A);
            chip.system_mut().debug_write8(to + n, 0);
        }
        chip.system_mut().debug_write8(to + count, 0xEE);
        // 2.8.3.1.2: both return their first argument.
        assert_eq!(call(&mut chip, entry(0x14, b"MC"), [to, from, count, 0]).0[0], to);
        for n in 0..count {
            assert_eq!(chip.system_mut().debug_read8(to + n), Some(n as u8 ^ 0x5A));
        }
        assert_eq!(chip.system_mut().debug_read8(to + count), Some(0xEE));
        assert_eq!(call(&mut chip, entry(0x14, b"MS"), [to, 0x1_77, count, 0]).0[0], to);
        for n in 0..count {
            assert_eq!(chip.system_mut().debug_read8(to + n), Some(0x77));
        }
        assert_eq!(chip.system_mut().debug_read8(to + count), Some(0xEE));
    }
}

#[test]
fn functions_take_about_the_time_of_the_real_code() {
    let mut chip = Chip::new(1 << 20);
    let mut cycles = |code: &[u8; 2], arguments| call(&mut chip, entry(0x14, code), arguments).1 - 2;
    // The code of a B1 ROM takes 22 cycles for popcount, 245 to copy 256 aligned bytes, 1801 if they cannot be
    // aligned, 167 to fill them; datasheet 2.8.3.2 gives 71 for an addition of singles.
    assert_eq!(cycles(b"P3", [0x1234_5678, 0, 0, 0]), 22);
    assert!(cycles(b"MC", [SRAM + 0x2000, SRAM + 0x1000, 256, 0]).abs_diff(245) <= 3);
    assert!(cycles(b"MC", [SRAM + 0x2002, SRAM + 0x1000, 256, 0]).abs_diff(1801) <= 3);
    assert!(cycles(b"MS", [SRAM + 0x2000, 0x5A, 256, 0]).abs_diff(167) <= 3);
    let rom = Bootrom::new();
    let add = word(rom.bytes(), entry(0x16, b"SF"));
    assert_eq!(call(&mut chip, add, [0x3F80_0000; 4]).1 - 2, 71);
}

#[test]
fn a_memory_function_that_runs_into_nothing_faults() {
    let mut chip = Chip::new(1 << 20);
    load(&mut chip, SRAM, &[0x47A0, 0xE7FE]);
    let core = &mut chip.cores_mut()[0];
    core.regs[..5].copy_from_slice(&[0x2004_2000, SRAM, 4, 0, entry(0x14, b"MC")]);
    chip.start_at(SRAM);
    chip.run(100 * MICROSECOND);
    let fault = chip.cores()[0].last_fault.clone().expect("a fault was taken");
    assert_eq!(fault.address, 0x2004_2000);
}

#[test]
fn the_crc_is_the_one_of_the_catalogue() {
    // CRC-32/MPEG-2 in the catalogue of parametrised CRC algorithms: "123456789" gives 0x0376E6E7.
    assert_eq!(crc32(b"123456789", u32::MAX), 0x0376_E6E7);
}

#[test]
fn the_second_stage_is_loaded_to_the_end_of_sram_and_entered() {
    // ldr r1, [pc, #0]; bx r1; .word 0x2000_0001
    let mut chip = chip_with_flash(&second_stage(&[0x4900, 0x4708, 0x0001, 0x2000]));
    chip.code_mut().set_breakpoint(0x2004_1F00);
    assert_eq!(chip.run(SECOND), Stop::Breakpoint { core: 0, pc: 0x2004_1F00 });
    let core = &chip.cores()[0];
    // Datasheet 2.8.1.3: LR tells the second stage that the ROM calls it.
    assert_eq!(core.regs[14], 0);
    assert_eq!(core.regs[13], 0x2004_1F00);
    assert_eq!(chip.system_mut().debug_read8(0x2004_1F03), Some(0x47));
    // The ROM's source: an attempt takes about 4 ms with the boot clock of 6.5 MHz.
    let ms = chip.now() / (1000 * MICROSECOND);
    assert!((3..9).contains(&ms), "the second stage began after {ms} ms");
}

#[test]
fn empty_and_broken_flash_end_in_usb_boot_with_a_reason() {
    let Stop::UsbBoot(why) = Chip::new(2 << 20).run(2 * SECOND) else { panic!("empty flash must not boot") };
    assert!(why.contains("flash is empty"), "{why}");
    let mut page = second_stage(&[0xE7FE]);
    page[7] ^= 1;
    let Stop::UsbBoot(why) = chip_with_flash(&page).run(2 * SECOND) else { panic!("a bad CRC must not boot") };
    assert!(why.contains("CRC"), "{why}");
}

/// What the host finds: VID and PID of 2.8.5.1, and the classes of the interfaces.
fn found(chip: &Chip) -> (Option<u16>, Option<u16>, Vec<u8>) {
    let host = chip.system().dev.usb.host();
    (host.vendor_id(), host.product_id(), host.interfaces().iter().map(|interface| interface.class).collect())
}

#[test]
fn bootsel_held_at_reset_ends_in_usb_boot() {
    let mut chip = chip_with_flash(&second_stage(&[0xE7FE]));
    chip.system_mut().dev.fabric.press_bootsel(true);
    assert_eq!(chip.run(SECOND), Stop::Time);
    assert_eq!(found(&chip), (Some(0x2E8A), Some(3), vec![8, 0xFF]));
}

#[test]
fn an_empty_flash_ends_the_run_once_and_usb_boot_goes_on() {
    let mut chip = Chip::new(2 << 20);
    assert!(matches!(chip.run(2 * SECOND), Stop::UsbBoot(_)));
    assert_eq!(chip.run(2 * SECOND), Stop::Time);
    assert_eq!(found(&chip).1, Some(3));
}

#[test]
fn reset_to_usb_boot_goes_by_the_watchdog_and_leaves_interfaces_out() {
    // 2.8.3.1.5: bit 0 leaves out mass storage, bit 1 PICOBOOT.
    for (disabled, classes) in [(1, vec![0xFF]), (2, vec![8])] {
        let mut chip = Chip::new(1 << 20);
        // The ROM runs the watchdog from the crystal, which firmware has started by then.
        chip.system_mut().dma_store(0x4002_4000, 0x00FA_B000, 4).expect("XOSC is mapped");
        load(&mut chip, SRAM, &[0xE7FE, 0x47A0]);
        chip.start_at(SRAM);
        chip.run(SECOND / 100);
        chip.cores_mut()[0].regs[..5].copy_from_slice(&[1 << 25, disabled, 0, 0, entry(0x14, b"UB")]);
        chip.start_at(SRAM + 2);
        assert_eq!(chip.run(SECOND), Stop::Reset(Reason::WatchdogTimer));
        assert_eq!(chip.run(SECOND), Stop::Time);
        assert_eq!(found(&chip), (Some(0x2E8A), Some(3), classes));
        assert!(chip.system().dev.fabric.gaps.all().contains_key("ROM reset_to_usb_boot activity pins"));
    }
}

/// Core 0 pushes words from SRAM + 0x100 (count in R1) and stores what comes back behind them.
const LAUNCH: [u16; 19] = [
    0x24D0, // movs r4, #0xD0
    0x0624, // lsls r4, r4, #24
    // next:
    0x6D22, // ldr  r2, [r4, #0x50]
    0x0892, // lsrs r2, r2, #2
    0xD3FC, // bcc  next
    0x6802, // ldr  r2, [r0]
    0x6562, // str  r2, [r4, #0x54]
    0xBF40, // sev
    // wait:
    0x6D22, // ldr  r2, [r4, #0x50]
    0x0852, // lsrs r2, r2, #1
    0xD201, // bcs  take
    0xBF20, // wfe
    0xE7FA, // b    wait
    // take:
    0x6DA2, // ldr  r2, [r4, #0x58]
    0x6402, // str  r2, [r0, #0x40]
    0x3004, // adds r0, #4
    0x3901, // subs r1, #1
    0xD1EF, // bne  next
    0xE7FE, // b    .
];

#[test]
fn core_1_waits_in_the_rom_and_starts_when_it_is_told_to() {
    // Datasheet 2.8.2: core 0 sends 0, 0, 1, vector table, stack, entry; each word comes back.
    let words = [0, 0, 1, SRAM + 0x800, SRAM + 0x4000, (SRAM + 0x400) | 1];
    let mut chip = Chip::new(1 << 20);
    load(&mut chip, SRAM, &LAUNCH);
    load(&mut chip, SRAM + 0x400, &[0xE7FE]);
    for (n, word) in words.iter().enumerate() {
        load(&mut chip, SRAM + 0x100 + 4 * n as u32, &[*word as u16, (*word >> 16) as u16]);
    }
    chip.cores_mut()[0].regs[0] = SRAM + 0x100;
    chip.cores_mut()[0].regs[1] = words.len() as u32;
    chip.start_at(SRAM);
    chip.code_mut().set_breakpoint(SRAM + 0x400);
    assert_eq!(chip.run(SECOND), Stop::Breakpoint { core: 1, pc: SRAM + 0x400 });
    let core = &chip.cores()[1];
    assert_eq!(core.regs[13], SRAM + 0x4000);
    assert_eq!(core.vtor(), SRAM + 0x800);
    assert!(!core.sleep_deep());
    chip.run(SECOND / 1000);
    for (n, word) in words.iter().enumerate() {
        let at = SRAM + 0x140 + 4 * n as u32;
        let echo = (0..4).rev().fold(0, |w, b| w << 8 | u32::from(chip.system_mut().debug_read8(at + b).unwrap()));
        assert_eq!(echo, *word, "echo {n}");
    }
}

#[test]
fn core_1_sleeps_in_the_rom() {
    let mut chip = Chip::new(1 << 20);
    load(&mut chip, SRAM, &[0xE7FE]);
    chip.start_at(SRAM);
    chip.run(100 * MICROSECOND);
    assert!(chip.cores()[1].sleeping && chip.cores()[1].sleep_deep());
}

#[test]
fn an_image_that_is_no_boot_rom_is_refused() {
    assert!(Bootrom::with_image(&[0; 100]).unwrap_err().contains("100"));
    assert!(Bootrom::with_image(&[0; 0x4000]).unwrap_err().contains("'M', 'u', 1"));
    let rom = Bootrom::with_image(Bootrom::new().bytes()).expect("it has the header");
    assert_eq!(rom.trap_limit(), 0);
}

/// Boots a second stage that stays in SRAM, so that XIP can be switched off under it, and returns the chip.
fn booted() -> Chip {
    let mut image = second_stage(&[0xE7FE]);
    image.resize(0x3000, 0x55);
    let mut chip = chip_with_flash(&image);
    chip.code_mut().set_breakpoint(0x2004_1F00);
    assert_eq!(chip.run(SECOND), Stop::Breakpoint { core: 0, pc: 0x2004_1F00 });
    chip
}

fn cells(chip: &Chip, from: usize, count: usize) -> &[u8] {
    &chip.system().mem.flash.bytes()[from..from + count]
}

#[test]
fn flash_is_erased_and_programmed_through_the_rom() {
    // As flash_range_erase and flash_range_program of the SDK call them.
    let mut chip = booted();
    for code in [b"IF", b"EX"] {
        call(&mut chip, entry(0x14, code), [0; 4]);
    }
    let before = chip.now();
    call(&mut chip, entry(0x14, b"RE"), [0x1000, 0x1000, 0x1_0000, 0xD8]);
    // W25Q16JV, 9.6: tSE is 45 ms.
    let took = (chip.now() - before) / MICROSECOND;
    assert!((45_000..45_200).contains(&took), "{took} us");
    assert!(cells(&chip, 0x1000, 0x1000).iter().all(|&cell| cell == 0xFF));
    assert_eq!((cells(&chip, 0xFFF, 1), cells(&chip, 0x2000, 1)), (&[0x55][..], &[0x55][..]));
    for n in 0..512 {
        chip.system_mut().debug_write8(SRAM + 0x1000 + n, n as u8 ^ (n >> 8) as u8);
    }
    let before = chip.now();
    call(&mut chip, entry(0x14, b"RP"), [0x1000, SRAM + 0x1000, 512, 0]);
    // tPP is 0.4 ms; a page of 260 bytes at 6.5 MHz / 6 takes 1.9 ms.
    let took = (chip.now() - before) / MICROSECOND;
    assert!((4_600..4_900).contains(&took), "{took} us");
    let expected: Vec<u8> = (0..512u32).map(|n| n as u8 ^ (n >> 8) as u8).collect();
    assert_eq!(cells(&chip, 0x1000, 512), expected);
    assert_eq!(chip.system_mut().dma_load(0x1000_1000, 4), Some(u32::MAX), "XIP is off");
    call(&mut chip, entry(0x14, b"FC"), [0; 4]);
    call(&mut chip, entry(0x14, b"CX"), [0; 4]);
    assert_eq!(chip.system_mut().dma_load(0x1000_1000, 4), Some(0x0302_0100));
}

#[test]
fn whole_blocks_are_erased_by_the_block_command() {
    let mut chip = booted();
    for code in [b"IF", b"EX"] {
        call(&mut chip, entry(0x14, code), [0; 4]);
    }
    let before = chip.now();
    call(&mut chip, entry(0x14, b"RE"), [0xF000, 0x1_2000, 0x1_0000, 0xD8]);
    // Sector, block of 64 KB, sector: 45 + 150 + 45 ms.
    let took = (chip.now() - before) / MICROSECOND;
    assert!((240_000..240_600).contains(&took), "{took} us");
}

#[test]
fn flash_functions_without_serial_mode_are_told() {
    let mut chip = Chip::new(1 << 20);
    call(&mut chip, entry(0x14, b"RE"), [0, 0x1000, 0x1_0000, 0xD8]);
    let gaps = chip.system().dev.fabric.gaps.all();
    assert!(gaps.contains_key("ROM flash function while the SSI is not in serial mode"));
}

#[test]
fn a_program_in_the_watchdogs_scratch_registers_is_started() {
    // 2.8.1.1: magic, entry ^ -magic, stack, entry in scratch 4 to 7.
    let (magic, entry): (u32, u32) = (0xB007_C0D3, 0x2000_0201);
    let mut chip = Chip::new(1 << 20);
    load(&mut chip, 0x2000_0200, &[0xE7FE]);
    let scratch = [magic, entry ^ magic.wrapping_neg(), 0x2000_1000, entry];
    for (n, word) in scratch.into_iter().enumerate() {
        chip.system_mut().dma_store(0x4005_801C + 4 * n as u32, word, 4).expect("WATCHDOG is mapped");
    }
    chip.code_mut().set_breakpoint(0x2000_0200);
    assert_eq!(chip.run(SECOND), Stop::Breakpoint { core: 0, pc: 0x2000_0200 });
    assert_eq!(chip.cores()[0].regs[13], 0x2000_1000);
    assert_eq!(chip.system_mut().dma_load(0x4005_801C, 4), Some(0));
}

#[test]
fn the_adc_pads_lose_their_input_enable() {
    // 2.8.1.1: GPIO26 to 29; PADS_BANK0 keeps IE (bit 6) elsewhere.
    let mut chip = booted();
    let mut pad = |gpio: u32| chip.system_mut().dma_load(0x4001_C004 + 4 * gpio, 4).expect("PADS_BANK0") >> 6 & 1;
    assert_eq!([25, 26, 27, 28, 29].map(&mut pad), [1, 0, 0, 0, 0]);
}
