use super::*;
use crate::io::{InSelect, OutSelect, Pad};
use engine_core::console::Line;
use engine_core::time::{Ps, MICROSECOND};

const FIFO: u32 = 0x00;
const INT_RAW_: u32 = 0x04;
const INT_CLR_: u32 = 0x10;
const CLKDIV_: u32 = 0x14;
const STATUS_: u32 = 0x1C;
const CONF0_: u32 = 0x20;
const CONF1_: u32 = 0x24;

struct Bench {
    uart: Uart,
    fabric: Fabric,
    console: usize,
}

impl Bench {
    /// 115200 baud from the crystal: 40 MHz / 347.25 (ESP-IDF `hal/uart_ll.h`).
    fn new() -> Self {
        let mut fabric = Fabric::new();
        let console = fabric.consoles.attach("uart", Line::Pins { tx: 43, rx: Some(44) });
        fabric.set_pad(43, Pad { function: 0, ..Pad::default() });
        fabric.set_pad(44, Pad { function: 0, input_enable: true, pull_up: true, ..Pad::default() });
        let mut uart = Uart::new(0);
        uart.reset(&mut fabric);
        let mut bench = Self { uart, fabric, console };
        bench.write(0x78, 0x0370_0000);
        bench.write(CLKDIV_, 347 | 4 << 20);
        bench
    }

    fn write(&mut self, offset: u32, value: u32) {
        self.uart.write(offset, Write::word(value), &mut self.fabric);
    }

    fn read(&mut self, offset: u32) -> u32 {
        self.uart.read(offset, &mut self.fabric)
    }

    fn run(&mut self, until: Ps) {
        loop {
            for (_, _, _, edges) in self.fabric.take_input_changes() {
                for edge in edges {
                    self.uart.input(edge, &mut self.fabric);
                }
            }
            let next = self.fabric.events.next();
            if next > until {
                break;
            }
            self.fabric.cycle = self.fabric.clock.first_cycle_from(next);
            let now = self.fabric.now();
            while let Some(slot) = self.fabric.events.pop(now) {
                self.uart.event(crate::slots::slot(slot), &mut self.fabric);
            }
        }
        self.fabric.cycle = self.fabric.clock.first_cycle_from(until);
    }
}

#[test]
fn a_character_arrives_after_ten_bit_times() {
    let mut bench = Bench::new();
    bench.write(FIFO, u32::from(b'A'));
    bench.run(86 * MICROSECOND);
    assert!(bench.fabric.consoles.take_output(bench.console).is_empty());
    bench.run(87 * MICROSECOND);
    assert_eq!(bench.fabric.consoles.take_output(bench.console), b"A");
    assert_eq!(bench.read(INT_RAW_) >> 14 & 1, 1, "TX_DONE");
}

/// TRM 26.4.2: 128 bytes unless MEM_CONF says otherwise.
#[test]
fn the_tx_fifo_holds_128_bytes() {
    let mut bench = Bench::new();
    for n in 0..140 {
        bench.write(FIFO, n);
    }
    assert_eq!(bench.read(STATUS_) >> 16 & 0x3FF, 128);
    bench.run(20_000 * MICROSECOND);
    assert_eq!(bench.fabric.consoles.take_output(bench.console).len(), 129, "one was in the shift register");
}

#[test]
fn typed_characters_come_in_and_time_out() {
    let mut bench = Bench::new();
    bench.write(CONF1_, 1 << 23 | 120);
    bench.fabric.consoles.type_in(bench.console, b"hi");
    bench.fabric.soon(Slot::Uart0Rx);
    bench.run(180 * MICROSECOND);
    assert_eq!(bench.read(STATUS_) & 0x3FF, 2);
    assert_eq!(bench.read(INT_RAW_) >> 8 & 1, 0);
    bench.run(300 * MICROSECOND);
    assert_eq!(bench.read(INT_RAW_) >> 8 & 1, 1, "RXFIFO_TOUT after ten bit times");
    assert_eq!((bench.read(FIFO), bench.read(FIFO)), (u32::from(b'h'), u32::from(b'i')));
}

#[test]
fn loopback_goes_over_the_line() {
    let mut bench = Bench::new();
    let conf0 = bench.read(CONF0_);
    bench.write(CONF0_, conf0 | 1 << 14);
    for byte in b"\x00\xFFloop" {
        bench.write(FIFO, u32::from(*byte));
    }
    bench.run(1000 * MICROSECOND);
    let back: Vec<u8> = (0..6).map(|_| bench.read(FIFO) as u8).collect();
    assert_eq!(back, b"\x00\xFFloop");
}

#[test]
fn parity_is_checked() {
    let mut bench = Bench::new();
    let conf0 = bench.read(CONF0_);
    bench.write(CONF0_, conf0 | 1 << 14 | 1 << 1);
    bench.write(FIFO, 7);
    bench.run(200 * MICROSECOND);
    assert_eq!(bench.read(FIFO), 7);
    assert_eq!(bench.read(INT_RAW_) >> 2 & 1, 0);
}

#[test]
fn the_empty_interrupt_comes_back_while_the_fifo_is_below_its_threshold() {
    let mut bench = Bench::new();
    bench.write(CONF1_, 10 << 10 | 96);
    bench.write(INT_CLR_, 2);
    assert_eq!(bench.read(INT_RAW_) >> 1 & 1, 1);
    for _ in 0..20 {
        bench.write(FIFO, 0x55);
    }
    bench.write(INT_CLR_, 2);
    assert_eq!(bench.read(INT_RAW_) >> 1 & 1, 0);
}

/// TXD on GPIO4, RXD from GPIO4 through the matrix: the wire path.
#[test]
fn two_signals_meet_on_a_pin() {
    let mut bench = Bench::new();
    bench.fabric.set_pad(4, Pad { function: 1, input_enable: true, ..Pad::default() });
    let select = OutSelect { signal: signals::U0TXD, invert: false, enable_by_gpio: false, invert_enable: false };
    bench.fabric.select_output(4, select);
    bench.fabric.select_input(signals::U0RXD, InSelect { pin: 4, invert: false, by_matrix: true });
    bench.fabric.soon(Slot::Uart0Rx);
    bench.run(MICROSECOND);
    bench.write(FIFO, 0xA5);
    bench.run(200 * MICROSECOND);
    assert_eq!(bench.read(FIFO), 0xA5);
}

/// TRM 26.4.3.2: a bit has (LOWPULSE + HIGHPULSE + 2) / 2 cycles of the core's clock, and (POSPULSE + 1) / 2. A typed 55h has
/// ten edges, at the 115200 baud with which esptool begins: 40 MHz / 115200 = 347.2.
#[test]
fn the_shortest_pulses_tell_the_baud_rate() {
    let mut bench = Bench::new();
    let conf0 = bench.read(CONF0_);
    bench.write(CONF0_, conf0 | 1 << 27);
    assert_eq!((bench.read(0x28), bench.read(0x30)), (0xFFF, 0));
    let console = bench.console;
    bench.fabric.consoles.type_in(console, b"\x55");
    bench.fabric.soon(Slot::Uart0Rx);
    bench.run(200 * MICROSECOND);
    assert_eq!(bench.read(0x30), 10);
    assert_eq!((bench.read(0x28) + bench.read(0x2C) + 2) / 2, 347);
    assert_eq!(bench.read(0x70).div_ceil(2), 347);
    assert_eq!(bench.read(0x74).div_ceil(2), 347);
}

/// ESP-IDF's documentation of `uart_enable_pattern_det_baud_intr`: the gap between AT_CMD characters, and the silence behind
/// them; AT_CMD_CHAR is 3 times '+' from reset.
#[test]
fn commands_need_silence_around_them() {
    const FOUND: u32 = 1 << 18;
    let mut bench = Bench::new();
    let conf0 = bench.read(CONF0_);
    bench.write(CONF0_, conf0 | 1 << 14);
    bench.write(0x50, 0);
    bench.write(0x54, 20);
    let mut now = 0;
    let mut say = |bench: &mut Bench, text: &[u8], bits: u64| {
        text.iter().for_each(|byte| bench.write(FIFO, u32::from(*byte)));
        now += (10 * text.len() as u64 + bits) * 8_680_556;
        bench.run(now);
        bench.read(INT_RAW_) & FOUND
    };
    assert_eq!(say(&mut bench, b"++", 30), 0);
    assert_eq!(say(&mut bench, b"+", 30), 0, "the gap was more than 11 bits");
    assert_eq!(say(&mut bench, b"+++", 10), 0, "20 bits of silence have not passed");
    assert_eq!(say(&mut bench, b"", 15), FOUND);
    bench.write(INT_CLR_, FOUND);
    assert_eq!(say(&mut bench, b"+++a", 60), 0, "a character came too early");
}

/// TRM, RX_FLOW_THRHD: RTS rises as the FIFO fills, and falls as it is read.
#[test]
fn the_level_of_the_fifo_drives_rts() {
    let mut bench = Bench::new();
    bench.fabric.set_pad(4, Pad { function: 1, ..Pad::default() });
    let select = OutSelect { signal: signals::U0RTS, invert: false, enable_by_gpio: false, invert_enable: false };
    bench.fabric.select_output(4, select);
    let conf0 = bench.read(CONF0_);
    bench.write(CONF0_, conf0 | 1 << 14);
    bench.write(0x60, 10 << 17 | 2 << 7 | 1 << 4 | 1 << 1);
    let conf1 = bench.read(CONF1_);
    bench.write(CONF1_, conf1 | 1 << 22);
    for byte in b"ab" {
        bench.write(FIFO, u32::from(*byte));
    }
    bench.run(100 * MICROSECOND);
    assert!(!bench.fabric.pins.is_high(4));
    bench.run(200 * MICROSECOND);
    assert!(bench.fabric.pins.is_high(4));
    bench.read(FIFO);
    assert!(!bench.fabric.pins.is_high(4));
}
