//! The loader against the real SPI1 and flash chip, with a UART whose FIFO is always empty.

use std::cell::RefCell;
use std::rc::Rc;

use super::*;
use crate::rom::testing::Flat;
use crate::slots::Slot;
use crate::spi_mem::psram::Wiring;
use crate::system::System;

const ENTRY: u32 = 0x403c_9908;

/// An image as esptool writes it: header of 24 bytes, segments, checksum (esp_app_format.h).
fn image(segments: &[(u32, &[u8])]) -> Vec<u8> {
    let mut image = vec![0xe9, segments.len() as u8, 2, 0x2f];
    image.extend(ENTRY.to_le_bytes());
    image.extend([0xee, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let mut sum = 0xef;
    for (addr, data) in segments {
        image.extend(addr.to_le_bytes());
        image.extend((data.len() as u32).to_le_bytes());
        image.extend(*data);
        sum = data.iter().fold(sum, |sum, byte| sum ^ byte);
    }
    image.resize(image.len() / 16 * 16 + 15, 0);
    image.push(sum);
    image
}

/// What the console shows until the entry is called or the loader hangs.
fn boot(flash: &[u8], reason: u32, strap: u32) -> (String, bool) {
    let mut system = System::new(4 << 20, 0, Wiring::Octal);
    let _stale = system.mem.flash.write(0, flash);
    let out = Rc::new(RefCell::new(String::new()));
    let sink = out.clone();
    let mut flat = Flat::default();
    flat.attach(Box::new(move |addr, write| {
        let fabric = &mut system.dev.fabric;
        fabric.cycle += fabric.clock.first_cycle_from(1_000_000) - fabric.clock.first_cycle_from(0);
        if fabric.events.due(Slot::Spi1 as usize) <= fabric.now() {
            fabric.cancel(Slot::Spi1);
            system.event(Slot::Spi1);
        }
        match (addr, write) {
            (0x6000_0000, Some(byte)) => sink.borrow_mut().push(byte as u8 as char),
            (0x6000_0000..0x6000_1000 | 0x6003_8000..0x6003_9000, _) => {}
            (GPIO_STRAP, _) => return strap,
            (RESET_STATE, _) => return reason,
            (SAVED_PC, _) => return if reason == 12 { 0x4037_5b3d } else { 0 },
            (_, Some(value)) => system.write_register(addr, value),
            (_, None) => return system.read_register(addr),
        }
        0
    }));
    let entered = Rc::new(RefCell::new(false));
    let flag = entered.clone();
    flat.functions.insert(
        ENTRY,
        Box::new(move |_, _| {
            *flag.borrow_mut() = true;
            0
        }),
    );
    let printed = out.clone();
    flat.run_main(0, move || {
        printed.borrow().contains("user code done")
            || printed.borrow().contains("329 \r\n")
            || printed.borrow().lines().count() > 20
    });
    let text = out.borrow().clone();
    let entered = *entered.borrow();
    (text, entered)
}

/// The text of a DevKitC's log after power-on.
#[test]
fn a_bootloader_is_loaded_and_entered() {
    let (text, entered) = boot(&image(&[(0x3fce_3810, &[1; 0x44]), (0x403c_9700, &[2; 0x104])]), 1, 8);
    let expected =
        "ESP-ROM:esp32s3-20210327\r\nBuild:Mar 27 2021\r\nrst:0x1 (POWERON),boot:0x8 (SPI_FAST_FLASH_BOOT)\r\n\
                    SPIWP:0xee\r\nmode:DIO, clock div:1\r\nload:0x3fce3810,len:0x44\r\nload:0x403c9700,len:0x104\r\n\
                    entry 0x403c9908\r\nuser code done\r\n";
    assert_eq!(text, expected);
    assert!(entered);
}

#[test]
fn a_software_reset_tells_where_the_core_was() {
    let (text, _) = boot(&image(&[]), 12, 0x2b);
    assert!(
        text.contains("rst:0xc (RTC_SW_CPU_RST),boot:0x2b (SPI_FAST_FLASH_BOOT)\r\nSaved PC:0x40375b3d\r\n"),
        "{text}"
    );
}

#[test]
fn erased_flash_is_an_invalid_header_again_and_again() {
    let (text, entered) = boot(&[0xff; 64], 1, 8);
    assert!(text.contains("invalid header: 0xffffffff\r\ninvalid header: 0xffffffff\r\n"), "{text}");
    assert!(!entered);
}

#[test]
fn a_wrong_checksum_and_a_wrong_chip_are_refused() {
    let mut bad = image(&[(0x3fce_3810, &[1; 0x44])]);
    let last = bad.len() - 1;
    bad[last] ^= 1;
    let (text, entered) = boot(&bad, 1, 8);
    assert!(text.contains("Checksum failure. Calculated 0xef stored 0xee\r\nets_main.c 329 \r\n"), "{text}");
    assert!(!entered);
    let mut bad = image(&[]);
    bad[12] = 5;
    let (text, _) = boot(&bad, 1, 8);
    assert!(text.contains("Invalid chip id. Expected 9 read 5. Bootloader for wrong chip?"), "{text}");
}
