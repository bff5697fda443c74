//! How long PIO takes to send bytes to an SPI target, in nanoseconds of the host per PIO instruction.
//!
//! The program is the two-instruction one of the pico-examples' ST7789 display: OUT PINS, 1 with SCK low, NOP with SCK
//! high; autopull at 8 bits, a clock divisor of 1.25. `cargo run --release -p rp2040 --example pio_spi_speed`

use engine_core::registers::Write;
use engine_core::spi::{Answers, SpiWire};
use engine_core::time::Hertz;
use rp2040::block::Block;
use rp2040::fabric::Fabric;
use rp2040::pads::Func;
use rp2040::pio::Pio;
use std::time::Instant;

const BYTES: u64 = 1_000_000;

/// The program on PIO1, SCK on GPIO16, data on GPIO17, and a target that listens.
fn board() -> (Pio, Fabric) {
    let mut fabric = Fabric::new(Hertz::new(133_000_000));
    for pin in [16, 17] {
        fabric.select_function(pin, Some(Func::Pio1 as usize), 0);
    }
    fabric.pins.attach_spi(SpiWire::new(16, 17, None, None, None, Answers::Never));
    let mut pio = Pio::new(1);
    let registers = [
        (0x048, 0x6001),                // out pins, 1 side 0
        (0x04C, 0xB042),                // nop side 1
        (0x0C8, 0x0001_4000),           // SM0_CLKDIV 1.25
        (0x0CC, 1 << 12),               // SM0_EXECCTRL: WRAP_TOP 1
        (0x0D0, 0x5002_0000 | 8 << 25), // SM0_SHIFTCTRL: FJOIN_TX, PULL_THRESH 8, AUTOPULL, to the left
        (0x0DC, 2 << 26 | 16 << 5),     // SM0_PINCTRL: SET two pins from GPIO16 on
        (0x0D8, 0xE083),                // SM0_INSTR: set pindirs, 3
    ];
    for (offset, value) in registers {
        pio.write(offset, Write::word(value), &mut fabric);
        fabric.cycle += 4;
        pio.run(fabric.cycle, &mut fabric);
    }
    pio.write(0x0DC, Write::word(1 << 29 | 1 << 20 | 16 << 10 | 17), &mut fabric);
    pio.write(0x000, Write::word(1), &mut fabric);
    (pio, fabric)
}

/// Sends bytes by polling FSTAT every `step` cycles. Returns instructions and calls of `run`.
fn send(pio: &mut Pio, fabric: &mut Fabric, step: u64) -> (u64, u64) {
    let (mut sent, mut calls) = (0, 0);
    while sent < BYTES {
        fabric.cycle += step;
        pio.run(fabric.cycle, fabric);
        calls += 1;
        while pio.read(0x004, fabric) & 1 << 16 == 0 && sent < BYTES {
            pio.write(0x010, Write::word((sent as u32 * 0x35) << 24), fabric);
            sent += 1;
            if step < 32 {
                break;
            }
        }
    }
    (BYTES * 16, calls)
}

fn main() {
    for (name, step) in [("filled every 160 cycles", 160), ("polled every 3 cycles", 3)] {
        let mut best = f64::MAX;
        let (mut cycles, mut calls) = (0, 0);
        for _ in 0..5 {
            let (mut pio, mut fabric) = board();
            let before = fabric.cycle;
            let start = Instant::now();
            let (instructions, runs) = send(&mut pio, &mut fabric, step);
            best = best.min(start.elapsed().as_secs_f64() * 1e9 / instructions as f64);
            calls = runs;
            cycles = fabric.cycle - before;
        }
        println!(
            "{name}: {best:.2} ns per PIO instruction with all it causes ({:.2} calls of run per instruction); {BYTES} bytes in {cycles} cycles",
            calls as f64 / (BYTES * 16) as f64
        );
    }
}
