//! What the start-up says, with a UART whose FIFO is always empty. What it loads: tests/realimages/test_esp32s3_boot.py.

use std::cell::RefCell;
use std::rc::Rc;

use super::*;
use crate::rom::testing::Flat;
use crate::slots::Slot;
use crate::spi_mem::psram::Wiring;
use crate::system::System;

/// What the console shows until the loader has come back with `result`; whether it was called.
fn boot(result: u32, reason: u32, strap: u32) -> (String, bool) {
    let mut system = System::new(4 << 20, 0, Wiring::Octal);
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
        BOOT,
        Box::new(move |_, _| {
            *flag.borrow_mut() = true;
            result
        }),
    );
    for tells_or_sets in [TELL_RESETS, USB_VARIABLES] {
        flat.functions.insert(tells_or_sets, Box::new(|_, _| 0));
    }
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
fn a_loader_that_comes_back_is_done() {
    let (text, entered) = boot(0, 1, 8);
    let expected = "ESP-ROM:esp32s3-20210327\r\nBuild:Mar 27 2021\r\n\
                    rst:0x1 (POWERON),boot:0x8 (SPI_FAST_FLASH_BOOT)\r\nuser code done\r\n";
    assert_eq!(text, expected);
    assert!(entered);
}

/// As the silicon's code ends.
#[test]
fn a_loader_that_finds_nothing_to_run_gives_up() {
    let (text, _) = boot(1, 1, 8);
    assert!(text.ends_with("(SPI_FAST_FLASH_BOOT)\r\nets_main.c 329 \r\n"), "{text}");
}

#[test]
fn a_software_reset_tells_where_the_core_was() {
    let (text, _) = boot(0, 12, 0x2b);
    assert!(
        text.contains("rst:0xc (RTC_SW_CPU_RST),boot:0x2b (SPI_FAST_FLASH_BOOT)\r\nSaved PC:0x40375b3d\r\n"),
        "{text}"
    );
}
