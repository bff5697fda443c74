//! TWAI on a pin: bits as the CAN specification has them, and a second node that the test plays.

use engine_core::pins::Drive;
use engine_core::time::Ps;
use esp32s3::io::{InSelect, OutSelect, Pad};
use esp32s3::signals::{TWAI_RX, TWAI_TX};
use esp32s3::slots::slot;
use esp32s3::spi_mem::psram::Wiring;
use esp32s3::system::System;

const TWAI: u32 = 0x6002_B000;
const MODE: u32 = 0x00;
const CMD: u32 = 0x04;
const STATUS: u32 = 0x08;
const INT_RAW: u32 = 0x0C;
const ARB_LOST_CAP: u32 = 0x2C;
const ERR_CODE_CAP: u32 = 0x30;
const RX_ERR_CNT: u32 = 0x38;
const TX_ERR_CNT: u32 = 0x3C;
const DATA: u32 = 0x40;
const RX_MESSAGE_CNT: u32 = 0x74;
const PIN: u8 = 4;
/// As ESP-IDF's TWAI_TIMING_CONFIG_500KBITS: tseg_1 15, tseg_2 4: 20 quanta of 100 ns.
const BIT: Ps = 2_000_000;
const SELF_TEST: u32 = 4;
const SINGLE_FILTER: u32 = 8;

struct Bus {
    system: System,
}

impl Bus {
    /// A node at 500 kbit/s on a wire with a pull-up, where low is dominant; all messages pass the filter.
    fn new(mode: u32) -> Self {
        Self::timed(mode, 0)
    }

    /// With one sample a bit, or with three (BUS_TIMING_1, TIME_SAMP).
    fn timed(mode: u32, thrice: u32) -> Self {
        let mut system = System::new(0x1_0000, 0, Wiring::Quad);
        let fabric = &mut system.dev.fabric;
        fabric.set_pad(PIN, Pad { function: 1, input_enable: true, pull_up: true, open_drain: true, ..Pad::default() });
        fabric.select_output(
            PIN,
            OutSelect { signal: TWAI_TX, invert: false, enable_by_gpio: false, invert_enable: false },
        );
        fabric.select_input(TWAI_RX, InSelect { pin: PIN, invert: false, by_matrix: true });
        fabric.pins.keep_log(true);
        let mut bus = Self { system };
        // SYSTEM's clock and reset gates: PERIP_CLK_EN0 and PERIP_RST_EN0, bit 19.
        let enabled = bus.system.read_register(0x600C_0018);
        bus.system.write_register(0x600C_0018, enabled | 1 << 19);
        let held = bus.system.read_register(0x600C_0020);
        bus.system.write_register(0x600C_0020, held & !(1 << 19));
        // Before firmware starts the PLL, APB_CLK is half the crystal's 40 MHz: a quantum of 100 ns is 2 cycles.
        bus.write(0x18, 0);
        bus.write(0x1C, 14 | 3 << 4 | thrice << 7);
        bus.write(0x34, 96);
        for n in 4..8 {
            bus.write(DATA + 4 * n, 0xFF);
        }
        bus.write(MODE, mode | SINGLE_FILTER);
        bus.run(12 * BIT);
        bus
    }

    fn write(&mut self, register: u32, value: u32) {
        self.system.write_register(TWAI + register, value);
    }

    fn read(&mut self, register: u32) -> u32 {
        self.system.read_register(TWAI + register)
    }

    fn now(&self) -> Ps {
        self.system.dev.fabric.now()
    }

    fn run(&mut self, span: Ps) {
        let until = self.now() + span;
        loop {
            let fabric = &mut self.system.dev.fabric;
            let stimulus = fabric.pins.next_stimulus();
            fabric.at(esp32s3::slots::Slot::Stimulus, stimulus);
            let next = fabric.events.next();
            if next > until {
                break;
            }
            fabric.cycle = fabric.cycle.max(fabric.clock.first_cycle_from(next));
            let now = fabric.now();
            while let Some(due) = self.system.dev.fabric.events.pop(now) {
                self.system.event(slot(due));
            }
        }
        let fabric = &mut self.system.dev.fabric;
        fabric.cycle = fabric.clock.first_cycle_from(until);
    }

    /// Puts bytes into the transmit buffer.
    fn fill(&mut self, bytes: &[u8]) {
        for (n, &byte) in bytes.iter().enumerate() {
            self.write(DATA + 4 * n as u32, u32::from(byte));
        }
    }

    /// Another node pulls the wire low, or lets go.
    fn pull(&mut self, low: bool, at: Ps) {
        self.system.dev.fabric.pins.drive_later(Drive { pin: PIN, level: low.then_some(false) }, at);
    }

    /// Another node sends these bits from a moment on.
    fn play(&mut self, bits: &str, from: Ps) {
        for (n, bit) in bits.chars().enumerate() {
            self.pull(bit == '0', from + n as Ps * BIT);
        }
        self.pull(false, from + bits.len() as Ps * BIT);
    }

    /// The wire in the middle of each bit from a moment on.
    fn bits(&mut self, from: Ps, count: usize) -> String {
        let log = self.system.dev.fabric.pins.take_log();
        (0..count as Ps)
            .map(|n| {
                let at = from + n * BIT + BIT / 2;
                let level = log.iter().rfind(|&&(when, _)| when <= at).is_none_or(|&(_, level)| level >> PIN & 1 != 0);
                if level {
                    '1'
                } else {
                    '0'
                }
            })
            .collect()
    }
}

/// CRC and stuffing once more, by text and long division: the polynomial is that of CAN 2.0, section 3.1.1.
fn on_the_wire(fields: &str) -> String {
    let mut rest: Vec<u8> = fields.bytes().map(|bit| bit - b'0').chain([0; 15]).collect();
    let divisor: Vec<u8> = "1100010110011001".bytes().map(|bit| bit - b'0').collect();
    for n in 0..fields.len() {
        if rest[n] == 1 {
            for (bit, &by) in rest[n..].iter_mut().zip(&divisor) {
                *bit ^= by;
            }
        }
    }
    let crc: String = rest[fields.len()..].iter().map(|bit| char::from(b'0' + bit)).collect();
    let mut stuffed = String::new();
    for bit in (fields.to_owned() + &crc).chars() {
        stuffed.push(bit);
        for (five, other) in [("00000", '1'), ("11111", '0')] {
            if stuffed.ends_with(five) {
                stuffed.push(other);
            }
        }
    }
    stuffed
}

/// SOF, identifier 0x14, RTR, IDE, r0, DLC 1, data 0x01.
const FIELDS: &str = concat!("0", "00000010100", "000", "0001", "00000001");
/// The same in the transmit buffer, ESP-IDF `hal/twai_ll.h`, twai_ll_frame_buffer_t.
const BUFFER: [u8; 4] = [0x01, 0x02, 0x80, 0x01];

#[test]
fn a_frame_to_itself_is_on_the_wire_bit_by_bit_and_in_the_fifo() {
    let mut bus = Bus::new(SELF_TEST);
    let from = bus.now();
    bus.fill(&BUFFER);
    bus.write(CMD, 1 << 4);
    assert_eq!(bus.read(STATUS) & 0x2C, 0x20, "it transmits, the buffer is taken and nothing complete");
    bus.run(100 * BIT);
    let frame = on_the_wire(FIELDS);
    // CRC delimiter, no acknowledge, ACK delimiter, end of frame.
    let expected = frame.clone() + "1" + "1" + "1" + "1111111";
    assert_eq!(bus.bits(from, expected.len()), expected);
    assert_eq!(bus.read(STATUS) & 0x2D, 0x0D, "complete, the buffer is free, a message is there");
    assert_eq!(bus.read(RX_MESSAGE_CNT), 1);
    let message: Vec<u32> = (0..4).map(|n| bus.read(DATA + 4 * n)).collect();
    assert_eq!(message, [0x01, 0x02, 0x80, 0x01]);
    assert_eq!(bus.read(INT_RAW), 0b11, "transmitted and received");
    assert_eq!(bus.read(INT_RAW), 0b01, "a load clears all but the receive interrupt");
    bus.write(CMD, 1 << 2);
    assert_eq!((bus.read(INT_RAW), bus.read(RX_MESSAGE_CNT)), (0, 0));
}

#[test]
fn a_frame_of_another_node_is_acknowledged_and_kept() {
    let mut bus = Bus::new(0);
    let from = bus.now() + 5 * BIT;
    let frame = on_the_wire(FIELDS);
    bus.play(&frame, from);
    bus.run(120 * BIT);
    let bits = bus.bits(from, frame.len() + 3);
    assert_eq!(bits, frame + "1" + "0" + "1", "delimiter, acknowledge, delimiter");
    assert_eq!(bus.read(RX_MESSAGE_CNT), 1);
    assert_eq!(bus.read(DATA + 12), 0x01);
    assert_eq!((bus.read(TX_ERR_CNT), bus.read(RX_ERR_CNT)), (0, 0));
}

/// The sample point is behind 16 of 20 quanta. In recessive bits that follow a dominant one (section 9: no edge sets the clock
/// there) the bus is disturbed for a moment around the sample point, or for so long that two of three samples see it.
#[test]
fn one_disturbed_sample_of_three_does_not_count() {
    let quantum = BIT / 20;
    let frame = on_the_wire(FIELDS);
    for (thrice, early, taken) in [(0, quantum / 4, 0), (1, quantum / 4, 1), (1, 2 * quantum, 0)] {
        let mut bus = Bus::timed(0, thrice);
        let from = bus.now() + 5 * BIT;
        let mut before = '1';
        for (n, bit) in frame.chars().enumerate() {
            let at = from + n as Ps * BIT;
            bus.pull(bit == '0', at);
            if before == '0' && bit == '1' {
                let sample = at + 16 * quantum;
                bus.pull(true, sample - early);
                bus.pull(false, sample + quantum / 4);
            }
            before = bit;
        }
        bus.pull(false, from + frame.len() as Ps * BIT);
        bus.run(120 * BIT);
        assert_eq!(bus.read(RX_MESSAGE_CNT), taken, "{thrice} {early}");
        assert_eq!(bus.read(RX_ERR_CNT) == 0, taken == 1);
    }
}

/// CAN 2.0, section 6.2 and 8, rule 1: a wrong CRC is not acknowledged; the error flag comes behind the ACK delimiter.
#[test]
fn a_wrong_crc_is_an_error() {
    let mut bus = Bus::new(0);
    let from = bus.now() + 5 * BIT;
    let mut frame = on_the_wire(FIELDS);
    let last = if frame.ends_with('1') { "0" } else { "1" };
    frame.replace_range(frame.len() - 1.., last);
    bus.play(&frame, from);
    bus.run(120 * BIT);
    let bits = bus.bits(from, frame.len() + 10);
    assert_eq!(bits[frame.len()..], *"1110000001", "delimiter, nobody, delimiter, six dominant bits");
    assert_eq!((bus.read(RX_MESSAGE_CNT), bus.read(RX_ERR_CNT)), (0, 1));
}

/// Section 8, rules 3 and 8; ESP-IDF documentation, "Error States and Counters": nobody acknowledges, 8 a try, and no more
/// once the node is passive.
#[test]
fn a_node_alone_becomes_passive_and_not_more() {
    let mut bus = Bus::new(0);
    bus.fill(&BUFFER);
    bus.write(CMD, 1);
    bus.run(120 * BIT);
    assert_eq!(bus.read(ERR_CODE_CAP), 3 << 6 | 25, "other, transmitting, ACK slot");
    assert!(bus.read(TX_ERR_CNT) >= 8);
    bus.run(4000 * BIT);
    assert_eq!(bus.read(TX_ERR_CNT), 128);
    assert_ne!(bus.read(INT_RAW) & (1 << 5 | 1 << 2 | 1 << 7), 0);
    assert_eq!(bus.read(STATUS) >> 6 & 3, 1, "a warning, not off");
    bus.write(CMD, 1 << 1);
    bus.run(200 * BIT);
    assert_eq!(bus.read(STATUS) & 0x24, 4, "given up, the buffer is free");
}

/// Section 3.1.1 and 5: who sends recessive and sees dominant in the identifier falls silent, and tries again.
#[test]
fn the_lower_identifier_wins() {
    let mut bus = Bus::new(SELF_TEST);
    let from = bus.now();
    bus.fill(&[0x01, 0x02, 0x80, 0x01]);
    bus.write(CMD, 1 << 4);
    // Identifier 0x10: the eighth bit of the identifier is the first to differ, ID.2.
    let other = on_the_wire(concat!("0", "00000010000", "000", "0001", "00000010"));
    bus.play(&other[1..], from + BIT);
    bus.run(70 * BIT);
    assert_eq!(bus.read(ARB_LOST_CAP), 8, "ID.28 is 0, ID.20 is 8");
    assert_ne!(bus.read(INT_RAW) & 1 << 6, 0);
    bus.run(100 * BIT);
    assert_eq!(bus.read(RX_MESSAGE_CNT), 2, "the other's frame, and then the own one");
    let first: Vec<u32> = (0..4).map(|n| bus.read(DATA + 4 * n)).collect();
    assert_eq!(first, [0x01, 0x02, 0x00, 0x02]);
}

/// Section 8, rules 11 and 12; ESP-IDF `twai_hal`: off sets reset mode and the counter to 127, and 128 times eleven
/// recessive bits bring the node back.
#[test]
fn a_node_goes_off_and_recovers() {
    let mut bus = Bus::new(0);
    bus.write(MODE, 1 | SINGLE_FILTER);
    bus.write(TX_ERR_CNT, 250);
    bus.write(MODE, SINGLE_FILTER);
    bus.run(12 * BIT);
    bus.fill(&BUFFER);
    let from = bus.now();
    bus.write(CMD, 1);
    // The data bit that is recessive is pulled low.
    let position = on_the_wire(FIELDS).len() - 14;
    bus.pull(true, from + position as Ps * BIT);
    bus.pull(false, from + (position as Ps + 8) * BIT);
    bus.run(120 * BIT);
    assert_eq!((bus.read(MODE) & 1, bus.read(TX_ERR_CNT), bus.read(STATUS) >> 7 & 1), (1, 127, 1));
    bus.write(MODE, SINGLE_FILTER);
    bus.run(127 * 11 * BIT);
    assert_eq!(bus.read(STATUS) >> 7 & 1, 1);
    bus.run(12 * BIT);
    assert_eq!((bus.read(STATUS) >> 7 & 1, bus.read(TX_ERR_CNT)), (0, 0));
}

/// TRM, "Receive FIFO": 64 bytes hold four messages of 13 bytes; the fifth is missed, and shows so in its turn.
#[test]
fn a_full_fifo_misses_messages() {
    let mut bus = Bus::new(SELF_TEST);
    for _ in 0..6 {
        bus.fill(&[0x88, 0, 0, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8]);
        bus.write(CMD, 1 << 4);
        bus.run(200 * BIT);
    }
    assert_eq!(bus.read(RX_MESSAGE_CNT), 6);
    assert_eq!(bus.read(STATUS) & 2, 2, "OVERRUN_ST");
    for _ in 0..4 {
        assert_eq!(bus.read(STATUS) >> 8 & 1, 0);
        assert_eq!(bus.read(DATA + 4 * 12), 8);
        bus.write(CMD, 1 << 2);
    }
    assert_eq!(bus.read(STATUS) >> 8 & 1, 1, "MISS_ST");
}

/// CAN 2.0, section 8, rule 4: who cannot even send its own error flag counts as a transmitter until it is off.
#[test]
fn a_transmitter_that_does_not_hear_itself_goes_off() {
    let mut bus = Bus::new(0);
    // Input 0x38 of the GPIO matrix is a constant 1.
    let nowhere = InSelect { pin: 0x38, invert: false, by_matrix: true };
    bus.system.dev.fabric.select_input(TWAI_RX, nowhere);
    bus.fill(&BUFFER);
    bus.write(CMD, 1);
    bus.run(500 * BIT);
    assert_eq!((bus.read(STATUS) >> 7 & 1, bus.read(TX_ERR_CNT), bus.read(RX_ERR_CNT)), (1, 127, 0));
}

/// Philips SJA1000 data sheet, 6.4.3: listen-only, self-test and filter mode are set in reset mode alone.
#[test]
fn modes_are_set_in_reset_mode() {
    let mut bus = Bus::new(0);
    bus.write(MODE, SELF_TEST | 2);
    assert_eq!(bus.read(MODE), SINGLE_FILTER);
    bus.write(MODE, 1);
    bus.write(MODE, 1 | SELF_TEST);
    assert_eq!(bus.read(MODE), 1 | SELF_TEST);
}
