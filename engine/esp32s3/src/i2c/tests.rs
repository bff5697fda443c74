use super::*;
use crate::io::{InSelect, OutSelect, Pad};
use engine_core::i2c::I2cWire;
use engine_core::ports::{Edge, Outside, PortId, Posted, SpiAnswer, SpiBatch};
use std::sync::{Arc, Mutex};

/// What reached the part, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Start(u16, bool),
    Write(u8),
    Read,
    Restart,
    Stop,
}

/// A part that answers 0xA5, 0xA6, ... and refuses 0xEE.
struct Part(Arc<Mutex<Vec<Seen>>>, u8);

impl Outside for Part {
    fn spi(&mut self, _: PortId, _: SpiBatch) {}
    fn spi_select(&mut self, _: PortId, _: Ps, _: bool) {}
    fn spi_answer(&mut self, _: PortId, _: Ps, _: u8, _: bool) -> Option<SpiAnswer> {
        None
    }
    fn i2c_start(&mut self, _: PortId, _: Ps, address: u16, read: bool) -> bool {
        self.0.lock().unwrap().push(Seen::Start(address, read));
        true
    }
    fn i2c_write(&mut self, _: PortId, _: Ps, byte: u8) -> bool {
        self.0.lock().unwrap().push(Seen::Write(byte));
        byte != 0xEE
    }
    fn i2c_read(&mut self, _: PortId, _: Ps) -> u8 {
        self.0.lock().unwrap().push(Seen::Read);
        self.1 += 1;
        self.1 - 1
    }
    fn i2c_stop(&mut self, _: PortId, _: Ps, restarted: bool) {
        self.0.lock().unwrap().push(if restarted { Seen::Restart } else { Seen::Stop });
    }
    fn edge(&mut self, _: PortId, _: Edge) {}
    fn pulses(&mut self, _: PortId, _: Vec<Edge>) {}
    fn take_posted(&mut self) -> Option<Posted> {
        None
    }
}

const SDA: u8 = 8;
const SCL: u8 = 9;
/// ESP-IDF `hal/i2c_ll.h`: op_code 13:11, ack_val 10, ack_exp 9, ack_en 8, byte_num 7:0.
const RSTART: u32 = 6 << 11;
const WRITE: u32 = 1 << 11 | 1 << 8;
const READ: u32 = 3 << 11;
const NACK: u32 = 1 << 10;
const STOP: u32 = 2 << 11;
const END: u32 = 4 << 11;

struct Bench {
    i2c: I2c,
    fabric: Fabric,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Bench {
    /// 100 kHz as ESP-IDF's i2c_ll_master_cal_bus_clk works it out from 40 MHz: 2 * 200 cycles.
    fn new() -> Self {
        let mut fabric = Fabric::new();
        let seen = Arc::new(Mutex::new(vec![]));
        fabric.pins.set_outside(Box::new(Part(seen.clone(), 0xA5)));
        fabric.pins.attach_i2c(I2cWire::new(SDA, SCL, vec![0x50, 0x2A5]));
        for (pin, signal) in [(SDA, signals::I2CEXT0_SDA), (SCL, signals::I2CEXT0_SCL)] {
            fabric.set_pad(pin, Pad { function: 1, input_enable: true, pull_up: true, ..Pad::default() });
            fabric.select_output(pin, OutSelect { signal, invert: false, enable_by_gpio: false, invert_enable: false });
            fabric.select_input(signal, InSelect { pin, invert: false, by_matrix: true });
        }
        let mut i2c = I2c::new(0);
        i2c.reset(&mut fabric);
        let mut bench = Self { i2c, fabric, seen };
        bench.set(Reg::CLK_CONF, 1 << 21);
        bench.set(Reg::SCL_LOW_PERIOD, 199);
        bench.set(Reg::SCL_HIGH_PERIOD, 98 << 9 | 102);
        bench.set(Reg::CTR, 1 << 4);
        bench
    }

    fn set(&mut self, register: Reg, value: u32) {
        let offset = Reg::TABLE[register as usize].offset;
        self.i2c.write(offset, Write::word(value), &mut self.fabric);
    }

    fn get(&mut self, register: Reg) -> u32 {
        self.i2c.read(Reg::TABLE[register as usize].offset, &mut self.fabric)
    }

    fn go(&mut self, bytes: &[u8], commands: &[u32]) {
        for &byte in bytes {
            self.set(Reg::DATA, u32::from(byte));
        }
        let registers = [Reg::COMD0, Reg::COMD1, Reg::COMD2, Reg::COMD3, Reg::COMD4, Reg::COMD5];
        for (register, &command) in registers.into_iter().zip(commands) {
            self.set(register, command);
        }
        self.set(Reg::CTR, 1 << 4 | 1 << 5);
        self.run();
    }

    fn run(&mut self) {
        while self.fabric.events.next() != Ps::MAX {
            self.fabric.cycle = self.fabric.clock.first_cycle_from(self.fabric.events.next());
            let now = self.fabric.now();
            while let Some(slot) = self.fabric.events.pop(now) {
                self.i2c.event(crate::slots::slot(slot), &mut self.fabric);
            }
        }
    }

    fn raw(&mut self, field: Field) -> bool {
        field.is_set(self.get(Reg::INT_RAW))
    }

    fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.seen.lock().unwrap())
    }
}

/// ESP-IDF: 100 kHz is 400 cycles of 40 MHz a bit; two bytes are 18 bits.
#[test]
fn a_write_takes_nine_bits_a_byte_at_the_rate_of_esp_idf() {
    let mut bench = Bench::new();
    bench.go(&[0xA0, 0x42], &[RSTART, WRITE | 2, STOP]);
    assert_eq!(bench.seen(), [Seen::Start(0x50, false), Seen::Write(0x42), Seen::Stop]);
    assert!(bench.raw(INT_RAW::TRANS_COMPLETE_INT_RAW) && !bench.raw(INT_RAW::NACK_INT_RAW));
    let micros = bench.fabric.now() / 1_000_000;
    assert!((190..=200).contains(&micros), "START, 18 bits and STOP at 10 us: {micros} us");
    assert_eq!(bench.get(Reg::COMD2) >> 31, 1, "COMMAND_DONE");
    assert_eq!(bench.get(Reg::SR) >> 4 & 1, 0, "BUS_BUSY");
}

#[test]
fn a_repeated_start_reads() {
    let mut bench = Bench::new();
    bench.go(&[0xA0, 0x01, 0xA1], &[RSTART, WRITE | 2, RSTART, WRITE | 1, READ | 1, READ | NACK | 1]);
    bench.go(&[], &[STOP]);
    assert_eq!(
        bench.seen(),
        [
            Seen::Start(0x50, false),
            Seen::Write(1),
            Seen::Restart,
            Seen::Start(0x50, true),
            Seen::Read,
            Seen::Read,
            Seen::Stop
        ]
    );
    assert_eq!(bench.get(Reg::SR) >> 8 & 0x3F, 2, "RXFIFO_CNT");
    assert_eq!([bench.get(Reg::DATA), bench.get(Reg::DATA)], [0xA5, 0xA6]);
}

/// TRM 27.4.4: ack_check_en compares with ack_exp, and a difference is NACK_INT.
#[test]
fn nobody_at_an_address_and_a_refused_byte_are_nacks() {
    let mut bench = Bench::new();
    bench.go(&[0xA2], &[RSTART, WRITE | 1, STOP]);
    assert!(bench.raw(INT_RAW::NACK_INT_RAW) && !bench.raw(INT_RAW::TRANS_COMPLETE_INT_RAW));
    assert_eq!(bench.seen(), []);
    bench.set(Reg::CTR, 1 << 4 | 1 << 10);
    bench.set(Reg::INT_CLR, !0);
    assert_eq!(bench.get(Reg::SR) >> 4 & 1, 0, "FSM_RST frees the bus");
    bench.go(&[0xA0, 0xEE], &[RSTART, WRITE | 2, STOP]);
    assert!(bench.raw(INT_RAW::NACK_INT_RAW));
    bench.go(&[], &[STOP]);
    assert_eq!(bench.seen(), [Seen::Start(0x50, false), Seen::Write(0xEE), Seen::Stop]);
}

/// TRM 27.4.4: END holds the bus until the list is started again.
#[test]
fn end_holds_the_bus_and_the_transfer_goes_on() {
    let mut bench = Bench::new();
    bench.go(&[0xA0], &[RSTART, WRITE | 1, END]);
    assert!(bench.raw(INT_RAW::END_DETECT_INT_RAW));
    assert_eq!(bench.get(Reg::SR) >> 4 & 1, 1, "BUS_BUSY");
    bench.go(&[0x11], &[WRITE | 1, STOP]);
    assert_eq!(bench.seen(), [Seen::Start(0x50, false), Seen::Write(0x11), Seen::Stop]);
}

#[test]
fn ten_bit_addresses_reach_their_part() {
    let mut bench = Bench::new();
    bench.go(&[0xF4, 0xA5, 0x77, 0xF5], &[RSTART, WRITE | 3, RSTART, WRITE | 1, READ | NACK | 1, STOP]);
    assert_eq!(
        bench.seen(),
        [Seen::Start(0x2A5, false), Seen::Write(0x77), Seen::Restart, Seen::Start(0x2A5, true), Seen::Read, Seen::Stop]
    );
}

/// TRM 27.2: the FIFOs hold 32 bytes.
#[test]
fn the_tx_fifo_holds_32_bytes() {
    let mut bench = Bench::new();
    for n in 0..32 {
        bench.set(Reg::DATA, n);
    }
    assert!(!bench.raw(INT_RAW::TXFIFO_OVF_INT_RAW));
    bench.set(Reg::DATA, 32);
    assert!(bench.raw(INT_RAW::TXFIFO_OVF_INT_RAW));
    assert_eq!(bench.get(Reg::SR) >> 18 & 0x3F, 32);
}
