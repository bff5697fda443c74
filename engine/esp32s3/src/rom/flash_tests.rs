//! The functions against the real parts: SPI1 and the flash chip of a [`System`].

use super::*;
use crate::rom::testing::{Flat, DATA};
use crate::rom::{Exit, Guest};
use crate::slots::Slot;
use crate::spi_mem::psram::Wiring;
use crate::system::System;

/// A chip with 4 MB of flash behind the function's registers. A look at a register takes 1 us.
pub(in crate::rom) fn flat() -> Flat {
    let mut system = System::new(4 << 20, 0, Wiring::Octal);
    let pattern: Vec<u8> = (0..0x200).map(|i| (i * 7) as u8).collect();
    let _stale = system.mem.flash.write(0, &pattern);
    let mut flat = Flat::default();
    flat.attach(Box::new(move |addr, write| {
        pass(&mut system);
        match write {
            Some(value) => {
                system.write_register(addr, value);
                0
            }
            None => system.read_register(addr),
        }
    }));
    start(&mut Call::framed(&mut flat, 0), 2).unwrap();
    flat
}

/// A microsecond passes.
fn pass(system: &mut System) {
    let fabric = &mut system.dev.fabric;
    fabric.cycle += fabric.clock.first_cycle_from(1_000_000) - fabric.clock.first_cycle_from(0);
    if fabric.events.due(Slot::Spi1 as usize) <= fabric.now() {
        fabric.cancel(Slot::Spi1);
        system.event(Slot::Spi1);
    }
}

#[test]
fn reads_come_from_the_chip_in_every_mode() {
    let mut flat = flat();
    for mode in [5, 4, 3, 2, 1, 0] {
        assert_eq!(flat.call("esp_rom_spiflash_config_readmode", &[mode, 0]), 0);
        flat.poke(DATA, &[0; 0x100]);
        assert_eq!(flat.call("esp_rom_spiflash_read", &[0x10, DATA, 0xa3]), 0);
        assert_eq!(flat.call("esp_rom_spiflash_read", &[0x20_0000 - 8, DATA, 16]), 1, "past the end of 2 MB");
        let expected: Vec<u8> = (0x10..0x10 + 0xa3).map(|i| (i * 7) as u8).collect();
        assert_eq!(flat.peek(DATA, 0xa3), expected, "mode {mode}");
        assert_eq!(flat.peek(DATA + 0xa3, 2), [(0xb3u32 * 7) as u8, 0], "whole words are read");
    }
}

/// A sector erases to FFh, programming across a page boundary goes on in the next page.
#[test]
fn sectors_are_erased_and_pages_programmed() {
    let mut flat = flat();
    assert_eq!(flat.call("esp_rom_spiflash_unlock", &[]), 0);
    assert_eq!(flat.call("esp_rom_spiflash_erase_sector", &[0]), 0);
    flat.call("esp_rom_spiflash_read", &[0, DATA, 64]);
    assert_eq!(flat.peek(DATA, 64), [0xff; 64]);
    let text: Vec<u8> = (0..100).collect();
    flat.poke(DATA, &text);
    assert_eq!(flat.call("esp_rom_spiflash_write", &[0xe0, DATA, 100]), 0);
    flat.call("esp_rom_spiflash_read", &[0xe0, DATA + 0x100, 100]);
    assert_eq!(flat.peek(DATA + 0x100, 100), text);
    assert_eq!(flat.call("esp_rom_spiflash_erase_sector", &[512]), 1, "past the end of 2 MB");
}

#[test]
fn the_status_has_two_bytes() {
    let mut flat = flat();
    flat.call("esp_rom_spiflash_config_readmode", &[0, 0]);
    flat.call("esp_rom_spiflash_read_statushigh", &[0, DATA]);
    assert_eq!(flat.load32(DATA).unwrap(), QE, "quad read needs quad enable");
    flat.call("esp_rom_spiflash_read_user_cmd", &[DATA, 0x05]);
    assert_eq!(flat.load32(DATA).unwrap(), 0);
}

/// Applications may write `esp_rom_spiflash_chip_t`; QUOU and REMU by 0 are exceptions (Xtensa ISA, EXCCAUSE 6).
#[test]
fn a_chip_with_sectors_of_no_bytes_is_an_exception() {
    let mut flat = flat();
    let place = flat.load32(super::super::required("rom_spiflash_legacy_data")).unwrap();
    flat.store32(place + 12, 0).unwrap();
    let Err(Exit::Fault(fault)) = geometry(&mut Call::framed(&mut flat, 0)) else { panic!("no exception") };
    assert_eq!(fault.cause, 6);
}
