//! Resets, dormant mode and NMI with a processor that runs. Sections are those of the RP2040 datasheet.

use armv6m::{Bus, Core};
use engine_core::pins::Drive;
use engine_core::time::{Ps, MICROSECOND};
use rp2040::chip::{Chip, Stop};
use rp2040::fabric::Reason;

const MS: Ps = 1000 * MICROSECOND;
const SRAM: u32 = 0x2000_0000;
const SYSCFG: u32 = 0x4000_4000;
const RESETS: u32 = 0x4000_C000;
const PSM: u32 = 0x4001_0000;
const IO_BANK0: u32 = 0x4001_4000;
const TIMER: u32 = 0x4005_4000;
const WATCHDOG: u32 = 0x4005_8000;
const ROSC: u32 = 0x4006_0000;
const AIRCR: u32 = 0xE000_ED0C;
const SET: u32 = 0x2000;
const CLEAR: u32 = 0x3000;

fn write(chip: &mut Chip, addr: u32, value: u32) {
    let system = chip.system_mut();
    let cycle = system.dev.fabric.cycle;
    system.write32(addr, value, cycle).expect("something answers");
}

fn read(chip: &mut Chip, addr: u32) -> u32 {
    let system = chip.system_mut();
    let cycle = system.dev.fabric.cycle;
    system.read32(addr, cycle).expect("something answers").value
}

/// A chip whose core 0 stores one word and then counts in r2, while PSM holds core 1.
fn chip_that_stores(addr: u32, value: u32) -> Chip {
    let mut chip = Chip::new(4096);
    // ldr r0, [pc, #8]; ldr r1, [pc, #12]; str r1, [r0]; adds r2, #1; b .-2; nop; the two literals.
    for (n, half) in [0x4802, 0x4903, 0x6001, 0x3201, 0xE7FD, 0xBF00].into_iter().enumerate() {
        chip.system_mut().write16(SRAM + 2 * n as u32, half, 0).expect("SRAM answers");
    }
    write(&mut chip, SRAM + 0xC, addr);
    write(&mut chip, SRAM + 0x10, value);
    write(&mut chip, PSM + 4, 1 << 16);
    chip.memory_changed();
    let core = &mut chip.cores_mut()[0];
    *core = Core::new(0);
    core.set_msp(SRAM + 0x4_0000);
    core.branch_exchange(SRAM | 1);
    chip
}

/// 2.4.2.9: SYSRESETREQ resets the processor that sets it and nothing else.
#[test]
fn a_processor_resets_itself_alone() {
    let mut chip = chip_that_stores(AIRCR, 0x05FA_0004);
    write(&mut chip, RESETS + CLEAR, 1 << 21);
    write(&mut chip, ROSC + 0x10, 0xAA0 + 8);
    assert_eq!(chip.run(MS), Stop::Reset(Reason::SysResetReq));
    assert_eq!(read(&mut chip, RESETS), 0x01FF_FFFF & !(1 << 21));
    assert_eq!(chip.system().dev.fabric.clock.rate().round(), 13_000_000);
    assert!(chip.cores()[0].regs[15] < 0x4000, "in the boot ROM");
}

/// 2.13.4: what PSM.WDSEL selects starts again; here everything behind the oscillators.
#[test]
fn the_watchdog_resets_both_processors() {
    let mut chip = chip_that_stores(WATCHDOG + SET, 1 << 31);
    write(&mut chip, RESETS + CLEAR, 1 << 21);
    write(&mut chip, PSM + 8, 0x1FFFC);
    write(&mut chip, SRAM + 0x100, 0xCAFE_F00D);
    assert_eq!(chip.run(MS), Stop::Reset(Reason::WatchdogForce));
    assert!(chip.now() < 10 * MICROSECOND);
    assert_eq!((read(&mut chip, RESETS), read(&mut chip, WATCHDOG + 8)), (0x01FF_FFFF, 2));
    assert_eq!(read(&mut chip, SRAM + 0x100), 0xCAFE_F00D);
    assert!(chip.cores()[0].regs[15] < 0x4000, "in the boot ROM");
}

/// 2.13.4: nothing selected, nothing reset.
#[test]
fn a_watchdog_without_a_selection_only_leaves_its_reason() {
    let mut chip = chip_that_stores(WATCHDOG + SET, 1 << 31);
    assert_eq!(chip.run(MS), Stop::Time);
    assert_eq!(read(&mut chip, WATCHDOG + 8), 2);
    assert!(chip.cores()[0].regs[2] > 0);
}

/// 2.11.5, 2.17.6: "coma" in DORMANT stops the ring and the processor with it; an edge on a pin that is enabled in
/// DORMANT_WAKE_INTE0 (GPIO5: bits 23 to 20) starts it again.
#[test]
fn a_dormant_chip_is_woken_by_a_pin() {
    let mut chip = chip_that_stores(ROSC + 0xC, 0x636F_6D61);
    write(&mut chip, RESETS + CLEAR, 1 << 5 | 1 << 8);
    write(&mut chip, IO_BANK0 + 0x160, 1 << 23);
    assert_eq!(chip.run(5 * MS), Stop::Time);
    assert_eq!((chip.now() / MICROSECOND, chip.cores()[0].regs[2]), (5000, 0));
    let pins = &mut chip.system_mut().dev.fabric.pins;
    pins.drive_later(Drive { pin: 5, level: Some(true) }, 7 * MS);
    assert_eq!(chip.run(8 * MS), Stop::Time);
    // 1 ms at 6.5 MHz, three cycles a turn.
    assert!((2160..=2170).contains(&chip.cores()[0].regs[2]), "{} turns", chip.cores()[0].regs[2]);
}

/// 2.21.2: an interrupt that PROC0_NMI_MASK selects is exception 2.
#[test]
fn syscfg_routes_an_interrupt_to_the_nmi() {
    let mut chip = chip_that_stores(TIMER + 0x3C, 1);
    write(&mut chip, RESETS + CLEAR, 1 << 21 | 1 << 18);
    write(&mut chip, SYSCFG, 1);
    // The vector table at SRAM + 0x100: the NMI handler is "b ." at SRAM + 0x40.
    write(&mut chip, SRAM + 0x108, SRAM + 0x41);
    write(&mut chip, SRAM + 0x40, 0xBF00_E7FE);
    chip.cores_mut()[0].set_vtor(SRAM + 0x100);
    assert_eq!(chip.run(MS), Stop::Time);
    assert_eq!(chip.cores()[0].exception(), 2);
}
