//! The ESP32-S3 in hard use. Addresses: TRM chapter 4.

use crate::target::{common, Target};
use crate::{outside, Dice, Kind};
use engine_core::console::{Consoles, Line};
use engine_core::pins::Pins;
use engine_core::time::Ps;
use esp32s3::chip::Chip;
use esp32s3::rom::names;
use esp32s3::spi_mem::psram::Wiring;
use std::sync::LazyLock;
use xtensa::Bus;

/// SRAM1 as the data bus sees it, and as the instruction bus does (TRM 4.3.2).
const DRAM: u32 = 0x3FC8_8000;
const IRAM: u32 = 0x4037_8000;
const SRAM_SIZE: u32 = 416 * 1024;
const FLASH_SIZE: usize = 256 << 10;
const PINS: u32 = 49;
const SYSTEM: u32 = 0x600C_0000;
const GPIO: u32 = 0x6000_4000;
const MMU_TABLE: u32 = 0x600C_5000;

/// TRM table 4-3.
const BLOCKS: [u32; 56] = [
    0x6000_0000,
    0x6000_2000,
    0x6000_3000,
    0x6000_4000,
    0x6000_4F00,
    0x6000_5000,
    0x6000_6000,
    0x6000_7000,
    0x6000_8000,
    0x6000_8400,
    0x6000_8800,
    0x6000_8C00,
    0x6000_9000,
    0x6000_C000,
    0x6000_E000,
    0x6000_F000,
    0x6001_0000,
    0x6001_1000,
    0x6001_3000,
    0x6001_4000,
    0x6001_6000,
    0x6001_6800,
    0x6001_7000,
    0x6001_9000,
    0x6001_C000,
    0x6001_E000,
    0x6001_F000,
    0x6002_0000,
    0x6002_3000,
    0x6002_4000,
    0x6002_5000,
    0x6002_6000,
    0x6002_7000,
    0x6002_8000,
    0x6002_A000,
    0x6002_C000,
    0x6002_B000,
    0x6002_D000,
    0x6002_E000,
    0x6003_1000,
    0x6003_8000,
    0x6003_9000,
    0x6003_A000,
    0x6003_B000,
    0x6003_C000,
    0x6003_D000,
    0x6003_E000,
    0x6003_F000,
    0x6004_0000,
    0x6004_1000,
    0x6008_0000,
    0x600C_2000,
    0x600C_4000,
    0x600C_C000,
    0x600C_D000,
    0x600C_E000,
];
/// Time, resets and memory protection.
const TIME: [u32; 6] = [0x6000_8000, 0x6000_E000, 0x6002_6000, 0x600C_0000, 0x600C_1000, 0x600D_0000];

/// Where descriptors are: in a table of this many, 16 bytes each.
const DESCRIPTORS: u32 = DRAM + 0x8000;
const COUNT: u32 = 64;

fn address(dice: &mut Dice) -> u32 {
    match dice.below(8) {
        0 => register(dice.pick(&BLOCKS), dice),
        1 => dice.pick(&[0x3C00_0000, 0x4200_0000]) + dice.below(0x8_0000),
        2 => DRAM + SRAM_SIZE - dice.below(64),
        3 => dice.pick(&[0, 0x4000_0000, 0x5000_0000, 0x5000_1FFC, 0x600F_E000, 0x3D00_0000, 0xFFFF_FFFC]),
        4 | 5 => DESCRIPTORS + 16 * dice.below(COUNT),
        _ => DRAM + (dice.below(SRAM_SIZE) & !3),
    }
}

/// Most registers stand at the start of their blocks; USB_OTG has 256 KB of them.
fn register(block: u32, dice: &mut Dice) -> u32 {
    let offset = match dice.below(8) {
        0 => dice.below(if block == 0x6008_0000 { 0x4_0000 } else { 0x1000 }),
        1 | 2 => dice.below(0x400),
        3 if block == 0x6008_0000 => 0x800 + dice.below(0x400),
        _ => dice.below(0x100),
    };
    block + (offset & !3)
}

/// Descriptors as GDMA wants them (TRM 3.4.2), most of them well-formed: size, length, suc_eof, owner; buffer; next.
fn descriptors(chip: &mut Chip, dice: &mut Dice) {
    for n in 0..COUNT {
        let [size, length] = [dice.below(4096), dice.below(4096)];
        let eof = u32::from(dice.once_in(3)) << 30;
        let owner = u32::from(!dice.once_in(8)) << 31;
        let control = if dice.once_in(8) { dice.word() } else { size | length << 12 | eof | owner };
        let buffer = address(dice);
        let next = if dice.once_in(4) { address(dice) } else { DESCRIPTORS + 16 * dice.below(COUNT) };
        for (word, value) in [control, buffer, next, dice.word()].into_iter().enumerate() {
            chip.store(DESCRIPTORS + 16 * n + 4 * word as u32, value);
        }
    }
}

/// A chip whose memories, pins and processors are random.
fn chip(kind: Kind, dice: &mut Dice) -> Chip {
    let wiring = dice.pick(&[Wiring::Octal, Wiring::Quad]);
    let psram = dice.pick(&[0, 2 << 20]);
    let mut chip = Chip::new(FLASH_SIZE, psram, wiring);
    let mut bytes = vec![0; 64 << 10];
    if dice.once_in(2) {
        dice.fill(&mut bytes);
        let _ = chip.system_mut().mem.flash.write(0, &bytes);
    }
    dice.fill(&mut bytes);
    let _ = chip.system_mut().mem.sram.write(0x8000, &bytes);
    for word in 0..0x400 {
        // nop.n; nop.n
        let value = if kind == Kind::Code { instructions(dice) } else { 0xF03D_F03D };
        chip.store(DRAM + 4 * word, value);
    }
    // wsr.vecbase a2, so that exceptions have somewhere to go; most vectors return at once (rfe; rfi 2 to 5).
    chip.store(DRAM, 0x3D13_E720);
    chip.store(DRAM + 4, 0xF03D_F03D);
    if kind == Kind::Code {
        for (vector, back) in
            [(0x180, 0x3210), (0x1C0, 0x3310), (0x200, 0x3410), (0x240, 0x3510), (0x300, 0x3000), (0x340, 0x3000)]
        {
            if !dice.once_in(4) {
                chip.store(DRAM + 0x400 + vector, back);
            }
        }
    }
    descriptors(&mut chip, dice);
    // Peripherals run, and are out of reset (SYSTEM_PERIP_CLK_EN0/1, SYSTEM_PERIP_RST_EN0/1; TRM 17.4).
    if !dice.once_in(8) {
        for (offset, value) in [(0x18, u32::MAX), (0x1C, u32::MAX), (0x20, 0), (0x24, 0)] {
            chip.store(SYSTEM + offset, value);
        }
    }
    // The clock of SYSTEM_SYSCLK_CONF: the PLL, where it is on.
    if dice.once_in(2) {
        chip.store(SYSTEM + 0x60, 1 << 10);
    }
    for pin in 0..PINS {
        chip.store(GPIO + 0x554 + 4 * pin, dice.below(257));
    }
    for signal in 0..32 {
        let which = dice.below(256);
        chip.store(GPIO + 0x154 + 4 * which, 0x80 | (signal + dice.below(18)));
    }
    for entry in 0..8 {
        chip.store(MMU_TABLE + 4 * entry, dice.below(8) | dice.pick(&[0, 0, 1 << 15, 1 << 14]));
    }
    outside::settle(&mut chip.system_mut().dev.fabric.pins, PINS, dice);
    chip.memory_changed();
    for core in chip.cores_mut() {
        for register in 0..64 {
            core.set_physical_register(register, dice.value(address));
        }
        core.set_physical_register(2, IRAM + 0x400);
        core.set_ps(dice.pick(&[0, 0x4_0000, 0x4_0020]));
        core.pc = IRAM;
    }
    chip
}

/// Words of instructions: anything, often in the shapes of loads, stores, special registers and calls (Xtensa ISA 7.3).
fn instructions(dice: &mut Dice) -> u32 {
    let any = dice.word();
    match dice.below(8) {
        0 => any & 0xFFFF_FFF0 | 2,
        1 => any & 0xFFFF_FFF0 | dice.pick(&[8, 9, 0xA, 0xB, 0xC, 0xD]),
        2 => any & 0xFFF0_FFF0 | dice.pick(&[0x3_0000, 0x1_0000, 0x6_0000]),
        3 => any & 0xFFFF_FF00 | dice.pick(&[5, 0x15, 0x25, 0x35]),
        4 => any & 0xFF00_FFF0 | 0xF0_0000 >> 20 * dice.below(2),
        5 => any & 0xFFFF_FFF0 | dice.pick(&[0xE, 0xF, 4]),
        _ => any,
    }
}

/// What the ROM has at function level: all but the radios.
static ROM: LazyLock<Vec<u32>> = LazyLock::new(|| {
    names::functions().map(|(address, _)| address).filter(|&address| names::radio(address).is_none()).collect()
});

impl Target for Chip {
    common!(load8 load16 load32 store8 store16 store32);

    const BLOCKS: &'static [u32] = &BLOCKS;
    const TIME: &'static [u32] = &TIME;
    const DMA: Option<u32> = Some(0x6003_F000);
    const PINS: u32 = PINS;
    const SIZES: &'static [u32] = &[1, 2, 4, 4, 4, 4, 4, 4];

    fn line(_kind: Kind, dice: &mut Dice) -> Line {
        match dice.below(3) {
            0 => Line::Usb,
            1 => Line::UsbJtag,
            _ => Line::Pins { tx: dice.below(PINS) as u8, rx: Some(dice.below(PINS) as u8) },
        }
    }

    fn select(&mut self, core: usize) {
        let system = self.system_mut();
        system.select(core);
        system.other_cycle = u64::MAX;
    }

    fn run_on(&mut self, until: Ps, _dice: &mut Dice) {
        let _ = self.run(until);
    }

    fn enter_rom(&mut self, dice: &mut Dice) {
        for core in self.cores_mut() {
            // As CALL0 does it (Xtensa ISA 8.1.4).
            core.set_ps(0x4_0000);
            core.set_a(0, IRAM + 0x400);
            core.set_a(1, DRAM + 0x4_0000);
            for register in 2..8 {
                core.set_a(register, dice.value(address));
            }
            core.pc = dice.pick(&ROM);
        }
    }

    fn refresh(&mut self, dice: &mut Dice) {
        if dice.once_in(4) {
            descriptors(self, dice);
        }
    }

    fn is_alive(&self) -> bool {
        self.is_running(0) || self.is_running(1)
    }
}
