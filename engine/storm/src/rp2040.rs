//! The RP2040 in hard use. Addresses: datasheet 2.2.

use crate::target::{common, Target};
use crate::{outside, Dice, Kind};
use armv6m::{Bus, Core};
use engine_core::console::{Consoles, Line};
use engine_core::pins::Pins;
use engine_core::time::Ps;
use rp2040::chip::{Chip, Stop};

const SRAM: u32 = 0x2000_0000;
const SRAM_SIZE: u32 = 264 * 1024;
const CODE: u32 = SRAM + 0x1000;
const ROM_SIZE: u32 = 0x4000;
const FLASH: u32 = 0x1000_0000;
const FLASH_SIZE: usize = 64 << 10;
const RESETS_CLEAR: u32 = 0x4000_F000;
const IO_BANK0: u32 = 0x4001_4000;
const PINS: u32 = 30;

const BLOCKS: [u32; 39] = [
    0x1400_0000,
    0x1500_0000,
    0x1800_0000,
    0x4000_0000,
    0x4000_4000,
    0x4000_8000,
    0x4000_C000,
    0x4001_0000,
    0x4001_4000,
    0x4001_8000,
    0x4001_C000,
    0x4002_0000,
    0x4002_4000,
    0x4002_8000,
    0x4002_C000,
    0x4003_0000,
    0x4003_4000,
    0x4003_8000,
    0x4003_C000,
    0x4004_0000,
    0x4004_4000,
    0x4004_8000,
    0x4004_C000,
    0x4005_0000,
    0x4005_4000,
    0x4005_8000,
    0x4005_C000,
    0x4006_0000,
    0x4006_4000,
    0x4006_C000,
    0x5000_0000,
    0x5010_0000,
    0x5011_0000,
    0x5020_0000,
    0x5030_0000,
    0x5040_0000,
    0xD000_0000,
    0xE000_E000,
    0xE000_D000,
];
/// Clocks, resets, timers, the watchdog.
const TIME: [u32; 9] = [
    0x4000_8000,
    0x4000_C000,
    0x4001_0000,
    0x4002_4000,
    0x4002_8000,
    0x4002_C000,
    0x4005_8000,
    0x4006_0000,
    0x4006_4000,
];

fn address(dice: &mut Dice) -> u32 {
    match dice.below(8) {
        0 => register(dice.pick(&BLOCKS), dice),
        1 => FLASH + dice.below(2 * FLASH_SIZE as u32),
        2 => SRAM + SRAM_SIZE - dice.below(64),
        3 => dice.pick(&[0, 0x4000, 0x2100_0000, 0x3000_0000, 0x6000_0000, 0xFFFF_FFFC]),
        _ => SRAM + (dice.below(SRAM_SIZE) & !3),
    }
}

/// Most registers stand at the start of their blocks; bits 12 and 13 are the atomic aliases (2.1.2).
fn register(block: u32, dice: &mut Dice) -> u32 {
    let offset = match dice.below(4) {
        0 => dice.below(0x1000),
        1 => dice.below(0x400),
        _ => dice.below(0x100),
    };
    let alias = if block == 0xD000_0000 || dice.once_in(2) { 0 } else { dice.below(4) << 12 };
    block + alias + (offset & !3)
}

/// A chip whose memories, pins and processors are random.
fn chip(kind: Kind, dice: &mut Dice) -> Chip {
    let mut chip = Chip::new(FLASH_SIZE);
    let mut bytes = vec![0; FLASH_SIZE];
    if dice.once_in(2) {
        dice.fill(&mut bytes);
        let _ = chip.system_mut().mem.flash.write(0, &bytes);
    }
    dice.fill(&mut bytes);
    for at in 0..dice.pick(&[1, 4]) {
        let _ = chip.system_mut().mem.sram.write(at * FLASH_SIZE, &bytes);
    }
    for at in 0..0x200 {
        let half = if kind == Kind::Code { instruction(dice) } else { 0xBF00 };
        let _ = chip.system_mut().mem.sram.write16(0x1000 + 2 * at, half);
    }
    // b .-0x3E0, to what was just written.
    let _ = chip.system_mut().mem.sram.write16(0x1400, 0xE600);
    // Handlers of exceptions run the same code.
    for vector in 0..48 {
        let handler = CODE + dice.below(0x400) | 1;
        let _ = chip.system_mut().mem.sram.write32(4 * vector, handler);
    }
    if !dice.once_in(8) {
        chip.store(RESETS_CLEAR, u32::MAX);
    }
    for pin in 0..PINS {
        let function = dice.below(10);
        chip.store(IO_BANK0 + 4 + 8 * pin, function);
    }
    outside::settle(&mut chip.system_mut().dev.fabric.pins, PINS, dice);
    chip.memory_changed();
    start(&mut chip, dice);
    chip
}

/// Both processors stand at random places in the code.
fn start(chip: &mut Chip, dice: &mut Dice) {
    for core in chip.cores_mut() {
        let (cycle, instructions, rom_trap_limit) = (core.cycle, core.instructions, core.rom_trap_limit);
        *core = Core::new(core.id());
        (core.cycle, core.instructions, core.rom_trap_limit) = (cycle, instructions, rom_trap_limit);
        for register in &mut core.regs[..13] {
            *register = dice.value(address);
        }
        core.set_msp(SRAM + 0x4_0000);
        core.set_vtor(SRAM);
        core.branch_exchange(CODE + dice.below(0x200) | 1);
    }
}

/// Where the ROM's functions begin: each is a trap, `UDF #n`, and a return.
fn rom_functions(chip: &mut Chip) -> Vec<u32> {
    let system = chip.system_mut();
    let cycle = system.dev.fabric.cycle;
    let is_trap = |&at: &u32| system.read16(at, cycle).is_ok_and(|beat| beat.value >> 8 == 0xDE);
    (0..ROM_SIZE).step_by(2).filter(is_trap).collect()
}

/// Halfwords of the shapes that do most; the rest is anything (ARMv6-M ARM A5.2).
fn instruction(dice: &mut Dice) -> u32 {
    let any = dice.word() & 0xFFFF;
    match dice.below(10) {
        0 => 0x6000 | any & 0x1FFF,
        1 => 0x5000 | any & 0x0FFF,
        2 => 0x4000 | any & 0x07FF,
        3 => dice.pick(&[0xBF20, 0xBF30, 0xBF40, 0xB662, 0xB672, 0xDF00, 0xBE00, 0x4770, 0x4780]),
        4 => 0xD000 | any & 0x0F1F,
        5 => 0xB400 | any & 0x0BFF,
        6 => any & 0x3FFF,
        _ => any,
    }
}

impl Target for Chip {
    common!(read8 read16 read32 write8 write16 write32);

    const BLOCKS: &'static [u32] = &BLOCKS;
    const TIME: &'static [u32] = &TIME;
    const DMA: Option<u32> = None;
    const PINS: u32 = PINS;
    const SIZES: &'static [u32] = &[1, 2, 4, 4, 4, 4];

    fn line(kind: Kind, dice: &mut Dice) -> Line {
        if kind == Kind::Code || dice.once_in(2) {
            Line::Usb
        } else {
            Line::Pins { tx: dice.below(PINS) as u8, rx: Some(dice.below(PINS) as u8) }
        }
    }

    fn select(&mut self, core: usize) {
        let system = self.system_mut();
        system.core = core;
        system.other_cycle = u64::MAX;
    }

    fn enter_rom(&mut self, dice: &mut Dice) {
        let functions = rom_functions(self);
        for core in self.cores_mut() {
            for register in &mut core.regs[..4] {
                *register = dice.value(address);
            }
            core.regs[14] = CODE | 1;
            core.branch_exchange(dice.pick(&functions) | 1);
        }
    }

    fn run_on(&mut self, until: Ps, dice: &mut Dice) {
        if let Stop::Lockup { .. } = self.run(until) {
            start(self, dice);
        }
    }
}
