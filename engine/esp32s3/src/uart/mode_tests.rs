//! RS485, IrDA, flow control by software, and the glitch filter, set up by the registers that ESP-IDF `hal/uart_ll.h` writes.

use super::*;
use crate::io::{InSelect, OutSelect, Pad};
use engine_core::time::{Ps, MICROSECOND};

const FIFO: u32 = 0x00;
const RAW: u32 = 0x04;
const CLEAR: u32 = 0x10;
const CLKDIV_: u32 = 0x14;
const RX_FILT_: u32 = 0x18;
const STATUS_: u32 = 0x1C;
const CONF0_: u32 = 0x20;
const FLOW: u32 = 0x34;
const SWFC0: u32 = 0x3C;
const SWFC1: u32 = 0x40;
const RS485: u32 = 0x4C;
const FSM: u32 = 0x6C;

const EN: u32 = 1;
const DL0: u32 = 1 << 1;
const DL1: u32 = 1 << 2;
const TX_RX: u32 = 1 << 3;
const RXBY_TX: u32 = 1 << 4;
const CLASH: u32 = 1 << 17;

/// TXD, RXD and DTR are there.
const TX: u8 = 4;
const RX: u8 = 6;
const DTR: u8 = 5;

/// A bit at 115200 baud: 40 MHz / 347.25.
const BIT: Ps = 8_681_250;

struct Bench {
    uart: Uart,
    fabric: Fabric,
}

impl Bench {
    /// UART1: TXD on GPIO4, DTR on GPIO5, RXD from `heard`.
    fn new(heard: u8) -> Self {
        let mut fabric = Fabric::new();
        for pin in [TX, DTR, RX] {
            fabric.set_pad(pin, Pad { function: 1, input_enable: true, ..Pad::default() });
        }
        fabric.set_gpio(1 << RX, 1 << RX);
        for (pin, signal) in [(TX, signals::U1TXD), (DTR, signals::U1DTR)] {
            let select = OutSelect { signal, invert: false, enable_by_gpio: false, invert_enable: false };
            fabric.select_output(pin, select);
        }
        let mut uart = Uart::new(1);
        uart.reset(&mut fabric);
        fabric.select_input(signals::U1RXD, InSelect { pin: heard, invert: false, by_matrix: true });
        fabric.pins.attach_edges(TX);
        let mut bench = Self { uart, fabric };
        bench.write(0x78, 0x0370_0000);
        bench.write(CLKDIV_, 347 | 4 << 20);
        bench.write(CONF0_, 0x1000_001C);
        bench.run(MICROSECOND);
        bench.fabric.pins.keep_log(true);
        bench
    }

    fn write(&mut self, offset: u32, value: u32) {
        self.uart.write(offset, Write::word(value), &mut self.fabric);
    }

    fn set(&mut self, offset: u32, bits: u32) {
        let value = self.read(offset);
        self.write(offset, value | bits);
    }

    fn read(&mut self, offset: u32) -> u32 {
        self.uart.read(offset, &mut self.fabric)
    }

    fn received(&mut self) -> Vec<u8> {
        let count = self.read(STATUS_) & 0x3FF;
        (0..count).map(|_| self.read(FIFO) as u8).collect()
    }

    /// For so long.
    fn run(&mut self, time: Ps) {
        let until = self.fabric.now() + time;
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
            self.fabric.cycle = self.fabric.cycle.max(self.fabric.clock.first_cycle_from(next));
            let now = self.fabric.now();
            while let Some(slot) = self.fabric.events.pop(now) {
                self.uart.event(crate::slots::slot(slot), &mut self.fabric);
            }
        }
        self.fabric.cycle = self.fabric.clock.first_cycle_from(until);
    }

    /// GPIO6 shows these levels, a bit each.
    fn play(&mut self, levels: &[u8]) {
        for level in levels {
            self.fabric.set_gpio(u64::from(*level) << RX, 1 << RX);
            self.run(BIT);
        }
    }

    /// GPIO6 shows a character.
    fn play_byte(&mut self, byte: u8) {
        let bits: Vec<u8> = (0..8).map(|bit| byte >> bit & 1).collect();
        self.play(&[0]);
        self.play(&bits);
        self.play(&[1]);
    }

    /// Edges of a pin since the last call: when, and the level from then on.
    fn edges(&mut self, pin: u8) -> Vec<(Ps, bool)> {
        let mut before = None;
        let mut edges = Vec::new();
        for (at, levels) in self.fabric.pins.take_log() {
            let level = levels >> pin & 1 != 0;
            if before.is_some_and(|before| before != level) || before.is_none() {
                edges.push((at, level));
            }
            before = Some(level);
        }
        edges
    }
}

fn near(a: Ps, b: Ps) -> bool {
    a.abs_diff(b) <= 50_000
}

/// TRM 26.4.6: "DE is connected to dtrn_out", turnaround delays of one bit before the start bit and behind the stop bit.
#[test]
fn dtr_enables_the_driver_from_the_turnaround_before_the_start_bit_to_that_behind_the_stop_bit() {
    let mut bench = Bench::new(RX);
    bench.write(RS485, EN | DL0 | DL1 | RXBY_TX);
    bench.run(MICROSECOND);
    assert!(!bench.fabric.pins.is_high(DTR));
    bench.edges(DTR);
    let began = bench.fabric.now();
    bench.write(FIFO, 0xFF);
    bench.run(5 * BIT);
    assert!(bench.fabric.pins.is_high(DTR));
    bench.run(20 * BIT);
    let log = bench.fabric.pins.take_log();
    let fall = |pin: u8| {
        let mut high = true;
        log.iter().find(|(_, levels)| {
            let was = std::mem::replace(&mut high, levels >> pin & 1 != 0);
            was && !high
        })
    };
    let (start, end) = (fall(TX).unwrap().0, fall(DTR).unwrap().0);
    assert!(near(start, began + BIT), "DL0: start bit at {start}, written at {began}");
    assert!(near(end, began + 12 * BIT), "ten bits and two turnarounds: {end}");
}

/// ESP-IDF, UART_MODE_RS485_HALF_DUPLEX: "automatically remove echo"; UART_MODE_RS485_COLLISION_DETECT sets RS485TX_RX_EN, and
/// the receiver has what the transmitter sends.
#[test]
fn the_receiver_hears_its_own_transmitter_only_if_told() {
    for (mode, heard) in [(EN | RXBY_TX, &b""[..]), (EN | RXBY_TX | TX_RX, b"own")] {
        let mut bench = Bench::new(TX);
        bench.write(RS485, mode);
        for byte in b"own" {
            bench.write(FIFO, u32::from(*byte));
        }
        bench.run(40 * BIT);
        assert_eq!(bench.received(), heard);
        assert_eq!(bench.read(RAW) & (CLASH | 3 << 15), 0);
    }
}

/// ESP-IDF: a collision is that "a transmitted datagram is not equal to the one received".
#[test]
fn another_driver_on_the_bus_is_a_clash() {
    let mut bench = Bench::new(RX);
    bench.write(RS485, EN | RXBY_TX);
    bench.write(FIFO, 0x55);
    bench.play_byte(0x54);
    bench.run(3 * BIT);
    assert_eq!(bench.read(RAW) & (CLASH | 3 << 15), CLASH);
    assert_eq!(bench.received(), b"");
    bench.write(CLEAR, CLASH);
    bench.write(FIFO, 0x55);
    bench.play(&[0, 1, 0, 1, 0, 1, 0, 1, 0, 0, 1]);
    bench.run(3 * BIT);
    assert_eq!(bench.read(RAW) & (CLASH | 3 << 15), 1 << 16, "no stop bit: RS485_FRM_ERR");
    bench.run(20 * BIT);
    bench.play_byte(b'r');
    bench.run(3 * BIT);
    assert_eq!(bench.received(), b"r", "an answer is no clash");
}

/// ESP-IDF `soc/uart_struct.h`, RS485RXBY_TX_EN: "enable rs485 transmitter to send data when rs485 receiver line is busy".
#[test]
fn the_transmitter_waits_for_the_bus_unless_told_not_to() {
    for (mode, clash) in [(EN, 0), (EN | RXBY_TX, CLASH)] {
        let mut bench = Bench::new(RX);
        bench.write(RS485, mode);
        bench.play(&[0, 0, 0]);
        bench.write(FIFO, 0xA5);
        bench.play(&[1, 1, 1, 1, 1, 1, 1]);
        assert_eq!(bench.received(), if clash == 0 { &b"\xFC"[..] } else { b"" });
        assert_eq!(bench.read(RAW) & CLASH, clash);
        bench.run(12 * BIT);
        assert_eq!(bench.read(RAW) >> 14 & 1, 1, "TX_DONE");
    }
}

/// IrDA SIR: 3/16 of a bit, 1.63 us at 115200 baud; TRM 26.4.7: in the 9th to 11th sixteenth; no pulse for a 1.
#[test]
fn a_zero_is_a_pulse_of_light() {
    let mut bench = Bench::new(RX);
    bench.set(CONF0_, 1 << 16);
    bench.run(MICROSECOND);
    assert!(!bench.fabric.pins.is_high(TX), "dark when idle");
    bench.edges(TX);
    bench.write(FIFO, 0xFE);
    bench.run(20 * BIT);
    assert_eq!(bench.fabric.pins.take_log(), vec![], "half duplex: IRDA_TX_EN is not set");
    let began = bench.fabric.now();
    bench.set(CONF0_, 1 << 10);
    bench.run(20 * BIT);
    let edges = bench.edges(TX);
    // Start bit and bit 0.
    assert_eq!(edges.iter().map(|edge| edge.1).collect::<Vec<_>>(), [true, false, true, false]);
    let sixteenth = BIT / 16;
    for (edge, sixteenths) in edges.iter().zip([8, 11, 16 + 8, 16 + 11]) {
        assert!(near(edge.0, began + sixteenths * sixteenth), "{edge:?}");
    }
}

/// TRM 26.4.7: "the encoder's output polarity is the opposite of the decoder's input polarity"; IRDA_DPLX lets both work at once.
#[test]
fn light_comes_back_as_characters() {
    const IRDA: u32 = 1 << 16;
    const TX_EN: u32 = 1 << 10;
    const DPLX: u32 = 1 << 9;
    const TX_INV: u32 = 1 << 12;
    const RX_INV: u32 = 1 << 13;
    for (mode, heard) in [
        (IRDA | TX_EN | DPLX | TX_INV, &b"\x00\x55\xFFir"[..]),
        (IRDA | TX_EN | DPLX | RX_INV, b"\x00\x55\xFFir"),
        (IRDA | TX_EN | RX_INV, b""),
    ] {
        let mut bench = Bench::new(TX);
        bench.set(CONF0_, mode);
        bench.run(20 * BIT);
        bench.set(CONF0_, 1 << 17);
        bench.write(CONF0_, 0x1000_001C | mode);
        for byte in b"\x00\x55\xFFir" {
            bench.write(FIFO, u32::from(*byte));
        }
        bench.run(60 * BIT);
        assert_eq!(bench.received(), heard, "{mode:#x}");
    }
}

/// TRM 26.4.10.2: XOFF lets the present byte out and stops the transmitter; XONOFF_DEL removes both characters.
#[test]
fn xoff_stops_the_transmitter_and_xon_lets_it_go_on() {
    const XON: u8 = 0x11;
    const XOFF: u8 = 0x13;
    let mut bench = Bench::new(RX);
    bench.write(FLOW, 1 | 1 << 1);
    bench.play_byte(XOFF);
    assert_eq!(bench.read(RAW) >> 9 & 3, 2, "SW_XOFF");
    bench.write(FIFO, u32::from(b'x'));
    bench.run(20 * BIT);
    assert_eq!(bench.read(RAW) >> 14 & 1, 0, "nothing went out");
    assert_eq!(bench.read(FSM) >> 4 & 15, 15, "UART_LL_FSM_TX_WAIT_SEND");
    bench.play_byte(XON);
    assert_eq!(bench.read(RAW) >> 9 & 3, 3);
    bench.run(12 * BIT);
    assert_eq!((bench.read(RAW) >> 14 & 1, bench.read(FSM) >> 4 & 15), (1, 0));
    assert_eq!(bench.received(), b"");
    bench.write(FLOW, 1);
    bench.play_byte(XOFF);
    assert_eq!(bench.received(), [XOFF], "without XONOFF_DEL it is data as well");
    // uart_ll_force_xoff and uart_ll_force_xon.
    bench.write(FLOW, 1 | 1 << 3);
    bench.write(FIFO, u32::from(b'y'));
    bench.run(12 * BIT);
    assert_eq!(bench.read(FSM) >> 4 & 15, 15);
    bench.write(FLOW, 1);
    bench.write(FLOW, 1 | 1 << 2);
    bench.write(FLOW, 0);
    bench.run(MICROSECOND);
    assert_ne!(bench.read(FSM) >> 4 & 15, 15);
}

/// ESP-IDF `soc/uart_struct.h`: above XOFF_THRESHOLD an XOFF goes out, below XON_THRESHOLD an XON; SEND_XON and SEND_XOFF
/// clear themselves.
#[test]
fn the_level_of_the_fifo_asks_for_xoff_and_xon() {
    let mut bench = Bench::new(TX);
    bench.write(SWFC0, 0x13 << 10 | 2);
    bench.write(SWFC1, 0x11 << 10 | 1);
    bench.write(FLOW, 1);
    // What comes in again is heard, and XOFF stops the transmitter until XON.
    for byte in b"abcd" {
        bench.write(FIFO, u32::from(*byte));
    }
    bench.run(80 * BIT);
    // As "c" comes in with its stop bit half over, "d" has not begun: XOFF goes first.
    assert_eq!(bench.received(), b"abc\x13");
    bench.run(80 * BIT);
    assert_eq!(bench.received(), b"\x11d");
    bench.write(FLOW, 1 | 1 << 5);
    assert_eq!(bench.read(FLOW), 1 | 1 << 5);
    bench.run(12 * BIT);
    assert_eq!((bench.read(FLOW), bench.received()), (1, vec![0x13]));
}

/// ESP-IDF `hal/uart_ll.h`: pulses shorter than GLITCH_FILT cycles of the core's clock, 25 ns here, are ignored.
#[test]
fn short_pulses_do_not_pass_the_glitch_filter() {
    const GLITCH: u32 = 1 << 11;
    let mut bench = Bench::new(RX);
    let pulse = |bench: &mut Bench, time: Ps| {
        bench.fabric.set_gpio(0, 1 << RX);
        bench.run(time);
        bench.fabric.set_gpio(1 << RX, 1 << RX);
        bench.run(20 * BIT);
        let raw = bench.read(RAW) & GLITCH;
        bench.write(CLEAR, GLITCH);
        raw
    };
    assert_eq!(pulse(&mut bench, MICROSECOND), GLITCH, "a start bit that is over in its middle");
    bench.write(RX_FILT_, 1 << 8 | 80);
    assert_eq!(pulse(&mut bench, MICROSECOND), 0);
    assert_eq!(pulse(&mut bench, 3 * MICROSECOND), GLITCH);
    assert_eq!(bench.received(), b"");
    bench.play(&[0, 1, 0, 0, 0]);
    bench.fabric.set_gpio(1 << RX, 1 << RX);
    bench.run(MICROSECOND);
    bench.fabric.set_gpio(0, 1 << RX);
    bench.play(&[0, 1, 0, 0, 0, 1]);
    bench.run(2 * BIT);
    assert_eq!(bench.received(), [0x21]);
}

/// The level of an input can change because it comes from elsewhere, TRM chapter 6: that is an edge like any other.
#[test]
fn an_input_that_is_led_elsewhere_has_an_edge() {
    let mut bench = Bench::new(RX);
    bench.fabric.select_input(signals::U1CTS, InSelect { pin: RX, invert: false, by_matrix: true });
    bench.run(MICROSECOND);
    bench.write(CLEAR, 1 << 6);
    bench.fabric.select_input(signals::U1CTS, InSelect { pin: RX, invert: true, by_matrix: true });
    bench.run(MICROSECOND);
    assert_eq!(bench.read(RAW) >> 6 & 1, 1, "CTS_CHG");
    bench.write(CLEAR, 1 << 6);
    bench.fabric.select_input(signals::U1CTS, InSelect { pin: RX, invert: true, by_matrix: true });
    bench.run(MICROSECOND);
    assert_eq!(bench.read(RAW) >> 6 & 1, 0, "the level is the same");
    bench.fabric.set_pad(RX, Pad { function: 1, input_enable: false, ..Pad::default() });
    bench.run(MICROSECOND);
    assert_eq!(bench.read(RAW) >> 6 & 1, 1, "the pad's input is off");
}
