//! The bank through its registers, with its pads and the pins behind them.

use super::registers::pin::{CTRL, STATUS};
use super::*;
use crate::fabric::Irq;
use crate::pads::Func;
use crate::pads_bank0::PadsBank0;
use engine_core::pins::Drive;
use engine_core::time::Hertz;

const INTR0: u32 = 0x0F0;
const PROC0_INTE0: u32 = 0x100;
const PROC0_INTF0: u32 = 0x110;
const PROC0_INTS0: u32 = 0x120;
const PROC1_INTE0: u32 = 0x130;
const PROC1_INTS0: u32 = 0x150;
const DORMANT_WAKE_INTE0: u32 = 0x160;

/// The four bits of a pin: SVD, INTR0.GPIO0_*.
const LEVEL_LOW: u32 = 1;
const LEVEL_HIGH: u32 = 2;
const EDGE_LOW: u32 = 4;
const EDGE_HIGH: u32 = 8;

struct Bench {
    io: IoBank0,
    pads: PadsBank0,
    fabric: Fabric,
}

impl Bench {
    fn new() -> Self {
        let mut bench =
            Self { io: IoBank0::new(), pads: PadsBank0::new(), fabric: Fabric::new(Hertz::new(125_000_000)) };
        bench.pads.reset(&mut bench.fabric);
        bench.io.reset(&mut bench.fabric);
        bench
    }

    fn write(&mut self, offset: u32, value: u32) {
        self.io.write(offset, Write::word(value), &mut self.fabric);
    }

    fn read(&mut self, offset: u32) -> u32 {
        self.io.read(offset, &mut self.fabric)
    }

    fn ctrl(&mut self, pin: u32, value: u32) {
        self.write(8 * pin + 4, value);
    }

    fn status(&mut self, pin: u32) -> u32 {
        self.read(8 * pin)
    }

    fn pad(&mut self, pin: u32, value: u32) {
        self.pads.write(4 + 4 * pin, Write::word(value), &mut self.fabric);
    }

    /// A part drives a pin.
    fn outside(&mut self, pin: u8, level: Option<bool>) {
        self.fabric.pins.drive_from_outside(Drive { pin, level }, 0);
        self.fabric.inputs_changed();
    }

    fn lines(&self) -> [bool; 2] {
        [0, 1].map(|core| self.fabric.irq[core] & 1 << Irq::IO_BANK0 as u8 != 0)
    }
}

#[test]
fn every_function_drives_the_pins_that_select_it_and_no_others() {
    // 2.19.2: F1 SPI, F2 UART, F3 I2C, F4 PWM, F5 SIO, F6 PIO0, F7 PIO1, F8 CLOCK, F9 USB; F31 NULL.
    let columns = [
        (1, Func::Spi),
        (2, Func::Uart),
        (3, Func::I2c),
        (4, Func::Pwm),
        (5, Func::Sio),
        (6, Func::Pio0),
        (7, Func::Pio1),
        (8, Func::Clock),
        (9, Func::Usb),
    ];
    for (number, func) in columns {
        let mut bench = Bench::new();
        bench.fabric.drive(func, u32::MAX, u32::MAX, 0);
        assert_eq!(bench.fabric.pins.driven(), 0, "after reset FUNCSEL is NULL");
        bench.ctrl(7, number);
        assert_eq!((bench.fabric.pins.driven(), bench.fabric.pins.level()), (1 << 7, 1 << 7), "F{number}");
        for other in (0..32).filter(|other| *other != number) {
            bench.ctrl(7, other);
            assert_eq!(bench.fabric.pins.driven(), 0, "F{other} while F{number} drives");
        }
    }
}

#[test]
fn overrides_act_between_the_function_and_the_pad() {
    // SVD, GPIO0_CTRL: 0 normal, 1 inverted, 2 low (disabled), 3 high (enabled). 16 combinations of signal and override.
    for signal in [0, 1] {
        for (over, expected) in [signal, 1 - signal, 0, 1].into_iter().enumerate() {
            let mut bench = Bench::new();
            bench.fabric.drive(Func::Sio, signal << 3, 1 << 3, 0);
            bench.ctrl(3, (over as u32) << 8 | 5);
            let status = bench.status(3);
            assert_eq!((STATUS::OUTFROMPERI.get(status), STATUS::OUTTOPAD.get(status)), (signal, expected));
            assert_eq!(STATUS::INFROMPAD.get(status), expected);

            let mut bench = Bench::new();
            bench.fabric.drive(Func::Sio, 0, signal << 3, 0);
            bench.ctrl(3, (over as u32) << 12 | 5);
            let status = bench.status(3);
            assert_eq!((STATUS::OEFROMPERI.get(status), STATUS::OETOPAD.get(status)), (signal, expected));
            assert_eq!(bench.fabric.pins.driven() >> 3 & 1, u64::from(expected));

            let mut bench = Bench::new();
            bench.outside(3, Some(signal == 1));
            bench.ctrl(3, (over as u32) << 16 | 0x1F);
            let status = bench.status(3);
            assert_eq!((STATUS::INFROMPAD.get(status), STATUS::INTOPERI.get(status)), (signal, expected));
            assert_eq!(bench.fabric.io.input() >> 3 & 1, expected);
            assert_eq!(STATUS::IRQTOPROC.get(status), signal, "INOVER is not in the way of the interrupt");

            let mut bench = Bench::new();
            bench.outside(3, Some(signal == 1));
            bench.ctrl(3, (over as u32) << 28 | 0x1F);
            let status = bench.status(3);
            assert_eq!((STATUS::IRQFROMPAD.get(status), STATUS::IRQTOPROC.get(status)), (signal, expected));
            assert_eq!(STATUS::INTOPERI.get(status), signal, "IRQOVER is not in the way of the function");
            let level = if expected == 1 { LEVEL_HIGH } else { LEVEL_LOW };
            assert_eq!(bench.read(INTR0) >> 12 & 3, level, "2.19.3");
        }
    }
}

#[test]
fn the_pad_can_forbid_output_and_input() {
    // 2.19.6.3: OD has priority over the output enable of the function; IE 0 reads low. Reset 0x56: IE, 4 mA, PDE, Schmitt.
    let mut bench = Bench::new();
    bench.fabric.drive(Func::Sio, 1, 1, 0);
    bench.ctrl(0, 5);
    assert_eq!(bench.fabric.io.input() & 1, 1);
    bench.pad(0, 0x56 | 0x80);
    assert_eq!((bench.fabric.io.input() & 1, bench.fabric.pins.driven()), (0, 0));
    let status = bench.status(0);
    assert_eq!(STATUS::OETOPAD.get(status), 1, "OD is in the pad");
    bench.pad(0, 0x16);
    assert_eq!((bench.fabric.pins.level() & 1, bench.fabric.io.input() & 1), (1, 0));
}

#[test]
fn pulls_decide_where_nobody_drives_and_both_keep_the_level() {
    // 2.19.4: PUE is bit 3, PDE bit 2 of the pad.
    let mut bench = Bench::new();
    assert_eq!(bench.fabric.pins.level(), 0, "pulled down after reset");
    bench.pad(9, 0x48);
    assert_eq!(bench.fabric.io.input() >> 9 & 1, 1);
    for level in [true, false] {
        bench.pad(9, 0x4C);
        bench.outside(9, Some(level));
        bench.outside(9, None);
        assert_eq!(bench.fabric.pins.is_high(9), level);
    }
}

#[test]
fn each_pad_keeps_what_has_no_digital_effect() {
    // 2.19.6.3: DRIVE, SCHMITT, SLEWFAST, VOLTAGE_SELECT, SWCLK 0xDA, SWD 0x5A.
    let mut bench = Bench::new();
    let Bench { pads, fabric, .. } = &mut bench;
    for (offset, reset) in [(0x00, 0), (0x04, 0x56), (0x78, 0x56), (0x7C, 0xDA), (0x80, 0x5A)] {
        assert_eq!(pads.read(offset, fabric), reset);
    }
    for (offset, kept) in [(0x00, 1), (0x04, 0xFF), (0x78, 0xFF), (0x7C, 0xFF), (0x80, 0xFF)] {
        pads.write(offset, Write::word(u32::MAX), fabric);
        assert_eq!(pads.read(offset, fabric), kept);
    }
    assert!(fabric.gaps.all().is_empty());
}

#[test]
fn edges_are_kept_until_they_are_cleared_and_levels_follow() {
    // 2.19.3.
    let mut bench = Bench::new();
    let nibble = |bench: &mut Bench| bench.read(INTR0 + 4) >> 28;
    assert_eq!(nibble(&mut bench), LEVEL_LOW);
    bench.outside(15, Some(true));
    assert_eq!(nibble(&mut bench), LEVEL_HIGH | EDGE_HIGH);
    bench.outside(15, Some(false));
    assert_eq!(nibble(&mut bench), LEVEL_LOW | EDGE_HIGH | EDGE_LOW);
    bench.write(INTR0 + 4, EDGE_HIGH << 28 | LEVEL_LOW << 28);
    assert_eq!(nibble(&mut bench), LEVEL_LOW | EDGE_LOW, "levels cannot be cleared");
    bench.write(INTR0 + 4, u32::MAX);
    assert_eq!(nibble(&mut bench), LEVEL_LOW);
}

#[test]
fn each_processor_has_its_own_enables() {
    // 2.19.3: one line of the bank for each processor.
    let mut bench = Bench::new();
    bench.write(PROC0_INTE0 + 12, EDGE_HIGH << 20);
    bench.write(PROC1_INTE0 + 12, LEVEL_HIGH << 20);
    bench.outside(29, Some(true));
    assert_eq!(bench.lines(), [true, true]);
    assert_eq!((bench.read(PROC0_INTS0 + 12), bench.read(PROC1_INTS0 + 12)), (EDGE_HIGH << 20, LEVEL_HIGH << 20));
    bench.outside(29, Some(false));
    assert_eq!(bench.lines(), [true, false], "the edge stays, the level does not");
    bench.write(INTR0 + 12, EDGE_HIGH << 20);
    assert_eq!(bench.lines(), [false, false]);
    assert_eq!(bench.fabric.irq, [0, 0], "no other line");
}

#[test]
fn a_force_raises_the_line_without_an_enable() {
    // SVD, PROC0_INTF0 and PROC0_INTS0: after masking and forcing.
    let mut bench = Bench::new();
    bench.write(PROC0_INTF0, EDGE_LOW << 4);
    assert_eq!(bench.lines(), [true, false]);
    assert_eq!(bench.read(PROC0_INTS0), EDGE_LOW << 4);
    assert_eq!(bench.read(INTR0) >> 4 & 15, LEVEL_LOW, "INTR is raw");
    bench.write(PROC0_INTF0, 0);
    assert_eq!(bench.lines(), [false, false]);
}

#[test]
fn the_last_word_holds_six_pins() {
    // SVD, PROC0_INTE3: GPIO24 to GPIO29, bits 23:0. Every word of INTE and INTF keeps what is written.
    let mut bench = Bench::new();
    for target in 0..3 {
        for word in 0..4 {
            for kind in [0x00, 0x10] {
                let offset = PROC0_INTE0 + 0x30 * target + kind + 4 * word;
                bench.write(offset, u32::MAX);
                assert_eq!(bench.read(offset), if word == 3 { 0x00FF_FFFF } else { u32::MAX });
            }
        }
    }
    assert_eq!(bench.read(INTR0 + 12), 0x0011_1111);
}

#[test]
fn dormant_wake_has_no_line_but_starts_the_oscillators() {
    // 2.11.5.2.
    let mut bench = Bench::new();
    bench.write(DORMANT_WAKE_INTE0, EDGE_HIGH << 8);
    bench.fabric.tree.stopped = true;
    bench.fabric.requests.clear();
    bench.outside(1, Some(true));
    assert!(bench.fabric.requests.is_empty());
    bench.outside(2, Some(true));
    assert_eq!(bench.fabric.requests, [crate::fabric::Request::Wake]);
    assert_eq!(bench.lines(), [false, false]);
}

#[test]
fn reset_forgets_everything_even_the_edges_that_it_makes() {
    // RESETS.IO_BANK0, 2.14: all registers at their reset values. The pin falls when its output lets go of it.
    let mut bench = Bench::new();
    bench.fabric.drive(Func::Sio, 1 << 5, 1 << 5, 0);
    bench.ctrl(5, 5);
    bench.write(PROC0_INTE0, EDGE_LOW << 20);
    bench.write(PROC0_INTF0, EDGE_LOW);
    bench.io.reset(&mut bench.fabric);
    assert_eq!(bench.read(8 * 5 + 4), CTRL::FUNCSEL.mask);
    assert_eq!((bench.read(PROC0_INTE0), bench.read(PROC0_INTF0)), (0, 0));
    assert_eq!(bench.read(INTR0), 0x1111_1111);
    assert_eq!(bench.lines(), [false, false]);
}

/// Where in the function table of 2.19.2 the blocks themselves say that they are: a name of the SVD, FUNCSEL, pins.
fn claimed() -> Vec<(String, u32, u32)> {
    use crate::serial_in::{i2c_pins, uart_pins};
    let mut claims = Vec::new();
    for n in 0..2 {
        for (role, name) in ["tx", "rx", "cts", "rts"].into_iter().enumerate() {
            claims.push((format!("uart{n}_{name}"), Func::Uart as u32, uart_pins(n, role as u32)));
        }
        for (role, name) in ["sda", "scl"].into_iter().enumerate() {
            claims.push((format!("i2c{n}_{name}"), Func::I2c as u32, i2c_pins(n, role as u32)));
        }
    }
    for slice in 0..8 {
        for (channel, name) in ["a", "b"].into_iter().enumerate() {
            claims.push((format!("pwm_{name}_{slice}"), Func::Pwm as u32, crate::pwm::pins_of(slice, channel)));
        }
    }
    claims
}

#[test]
fn the_blocks_are_on_the_pins_of_the_function_table() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/svd/rp2040.svd");
    let Ok(text) = std::fs::read_to_string(path) else {
        eprintln!("SKIPPED: the function table is not checked, because there is no shared/svd/rp2040.svd here");
        return;
    };
    let between = |text: &str, from: &str, to: &str| {
        text.split_once(from).and_then(|(_, rest)| rest.split_once(to)).map(|(found, _)| found.to_owned())
    };
    let mut table = std::collections::BTreeMap::<(String, u32), u32>::new();
    for pin in 0..30 {
        let register = between(&text, &format!("<name>GPIO{pin}_CTRL</name>"), "</register>").expect("GPIOn_CTRL");
        let field = between(&register, "<name>FUNCSEL</name>", "</field>").expect("FUNCSEL");
        for value in field.split("<enumeratedValue>").skip(1) {
            let name = between(value, "<name>", "</name>").expect("a name");
            let number = between(value, "<value>", "</value>").and_then(|number| number.parse().ok()).expect("a value");
            *table.entry((name, number)).or_default() |= 1 << pin;
        }
    }
    for (name, number, pins) in claimed() {
        assert_eq!(table.get(&(name.clone(), number)), Some(&pins), "{name} is F{number}");
    }
    assert!(!table.keys().any(|(_, number)| (10..31).contains(number)), "F10 to F30 are reserved");
}
