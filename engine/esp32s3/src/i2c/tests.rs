use super::*;
use crate::io::{InSelect, OutSelect, Pad};
use engine_core::i2c::I2cWire;
use engine_core::ports::{Outside, PortId};
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

/// CTR as i2c_hal_master_init of ESP-IDF leaves it: MS_MODE, both lines open drain.
const MASTER: u32 = 1 << 4 | 3;
const UPDATE: u32 = 1 << 11;
const TRANS_START: u32 = 1 << 5;

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
        for register in [Reg::SCL_RSTART_SETUP, Reg::SCL_STOP_SETUP, Reg::SCL_START_HOLD, Reg::SCL_STOP_HOLD] {
            bench.set(register, 199);
        }
        bench.set(Reg::CTR, MASTER | UPDATE);
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
        self.set(Reg::CTR, MASTER | UPDATE | TRANS_START);
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

    /// Goes on for so long, though nothing more may happen.
    fn run_for(&mut self, time: Ps) {
        let until = self.fabric.now() + time;
        while self.fabric.events.next() <= until {
            self.fabric.cycle = self.fabric.clock.first_cycle_from(self.fabric.events.next());
            let now = self.fabric.now();
            while let Some(slot) = self.fabric.events.pop(now) {
                self.i2c.event(crate::slots::slot(slot), &mut self.fabric);
            }
        }
        self.fabric.cycle = self.fabric.clock.first_cycle_from(until);
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

/// TRM, chapter I2C Controller: ack_check_en compares with ack_exp, and a difference is NACK_INT.
#[test]
fn nobody_at_an_address_and_a_refused_byte_are_nacks() {
    let mut bench = Bench::new();
    bench.go(&[0xA2], &[RSTART, WRITE | 1, STOP]);
    assert!(bench.raw(INT_RAW::NACK_INT_RAW) && !bench.raw(INT_RAW::TRANS_COMPLETE_INT_RAW));
    assert_eq!(bench.seen(), []);
    bench.set(Reg::CTR, MASTER | 1 << 10);
    bench.set(Reg::INT_CLR, !0);
    assert_eq!(bench.get(Reg::SR) >> 4 & 1, 0, "FSM_RST frees the bus");
    bench.go(&[0xA0, 0xEE], &[RSTART, WRITE | 2, STOP]);
    assert!(bench.raw(INT_RAW::NACK_INT_RAW));
    bench.go(&[], &[STOP]);
    assert_eq!(bench.seen(), [Seen::Start(0x50, false), Seen::Write(0xEE), Seen::Stop]);
}

/// TRM, chapter I2C Controller: END holds the bus until the list is started again.
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

/// ESP-IDF `soc/soc_caps.h`: SOC_I2C_FIFO_LEN is 32.
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

/// ESP-IDF `hal/i2c_ll.h`: settings wait for conf_upgate.
#[test]
fn settings_count_when_conf_upgate_is_set() {
    let mut bench = Bench::new();
    bench.set(Reg::SCL_LOW_PERIOD, 399);
    bench.set(Reg::COMD0, RSTART);
    bench.set(Reg::COMD1, WRITE | 1);
    bench.set(Reg::COMD2, STOP);
    bench.set(Reg::DATA, 0xA0);
    bench.set(Reg::CTR, MASTER | TRANS_START);
    bench.run();
    let short = bench.fabric.now();
    bench.go(&[0xA0], &[RSTART, WRITE | 1, STOP]);
    let long = bench.fabric.now() - short;
    // Nine bits and the STOP, each low for 200 cycles of 25 ns more.
    assert!(long - short >= 10 * 200 * 25_000, "{short} {long}");
}

/// The transfer goes on where it stood, whether software has cleared MST_TXFIFO_UDF_INT or not.
#[test]
fn a_dry_fifo_holds_the_bus_until_a_byte_comes() {
    let mut bench = Bench::new();
    bench.set(Reg::SCL_ST_TIME_OUT, 22);
    bench.set(Reg::SCL_MAIN_ST_TIME_OUT, 22);
    for register in [Reg::COMD0, Reg::COMD1, Reg::COMD2] {
        bench.set(register, [RSTART, WRITE | 3, STOP][register as usize - Reg::COMD0 as usize]);
    }
    bench.set(Reg::DATA, 0xA0);
    bench.set(Reg::CTR, MASTER | UPDATE | TRANS_START);
    for byte in [0x11, 0x22] {
        bench.run_for(1_000_000_000);
        assert!(bench.raw(INT_RAW::MST_TXFIFO_UDF_INT_RAW));
        bench.set(Reg::INT_CLR, INT_RAW::MST_TXFIFO_UDF_INT_RAW.mask);
        assert!(!bench.raw(INT_RAW::MST_TXFIFO_UDF_INT_RAW), "cleared while it waits");
        bench.set(Reg::DATA, byte);
    }
    bench.run();
    assert_eq!(bench.seen(), [Seen::Start(0x50, false), Seen::Write(0x11), Seen::Write(0x22), Seen::Stop]);
    assert!(bench.raw(INT_RAW::TRANS_COMPLETE_INT_RAW));
}

/// SVD: the FSMs may stay in a state for 2^n cycles of I2C_SCLK, 25 ns each; 2^16 after reset.
#[test]
fn a_wait_without_end_times_out_and_frees_the_bus() {
    let mut bench = Bench::new();
    bench.set(Reg::SCL_MAIN_ST_TIME_OUT, 17);
    bench.go(&[0xA0], &[RSTART, WRITE | 2, STOP]);
    let micros = bench.fabric.now() / 1_000_000;
    assert!(bench.raw(INT_RAW::SCL_ST_TO_INT_RAW) && !bench.raw(INT_RAW::SCL_MAIN_ST_TO_INT_RAW));
    // START and nine bits take 95 us.
    assert!((1733..=1736).contains(&micros), "95 us and 65536 * 25 ns: {micros}");
    assert_eq!(bench.get(Reg::SR) & SR::BUS_BUSY.mask, 0);
    assert_eq!(bench.seen(), [Seen::Start(0x50, false), Seen::Stop]);
}

/// SVD: FIFO_ST has the pointers; ESP-IDF `soc/i2c_struct.h`: txfifo_mem and rxfifo_mem show the bytes themselves.
#[test]
fn the_ram_of_the_fifos_is_reached_by_address() {
    let mut bench = Bench::new();
    bench.set(Reg::DATA, 0x12);
    bench.set(Reg::DATA, 0x34);
    assert_eq!(FIFO_ST::TXFIFO_WADDR.get(bench.get(Reg::FIFO_ST)), 2);
    assert_eq!(bench.i2c.read(0x104, &mut bench.fabric), 0x34);
    bench.set(Reg::FIFO_CONF, 0x408B | FIFO_CONF::NONFIFO_EN.mask | FIFO_CONF::TX_FIFO_RST.mask);
    bench.i2c.write(0x100, Write::word(0xA0), &mut bench.fabric);
    bench.i2c.write(0x104, Write::word(0x77), &mut bench.fabric);
    bench.go(&[], &[RSTART, WRITE | 2, STOP]);
    assert_eq!(bench.seen(), [Seen::Start(0x50, false), Seen::Write(0x77), Seen::Stop]);
}

/// SVD: XTAL or RC_FAST, divided by SCLK_DIV_NUM + 1 + SCLK_DIV_A / SCLK_DIV_B.
#[test]
fn the_divider_has_a_fraction() {
    let mut bench = Bench::new();
    bench.set(Reg::CLK_CONF, 1 << 21 | 2 << 14 | 1 << 8 | 1);
    assert_eq!(bench.i2c.core_clock(&bench.fabric), Hertz::new(16_000_000), "40 MHz by 2.5");
    bench.set(Reg::CLK_CONF, 1 << 21 | 1 << 20);
    assert_eq!(bench.i2c.core_clock(&bench.fabric), bench.fabric.rates.rc_fast);
    bench.set(Reg::CLK_CONF, 0);
    assert!(!bench.i2c.core_clock(&bench.fabric).is_running());
}

/// SVD: without FIFO_PRT_EN nothing is told of the FIFOs' levels; RX is above, TX below its threshold.
#[test]
fn watermarks_are_levels_that_a_clear_does_not_hide() {
    let mut bench = Bench::new();
    bench.set(Reg::FIFO_CONF, 1 << 14 | 2 << 5 | 1);
    bench.set(Reg::INT_CLR, !0);
    assert!(bench.raw(INT_RAW::TXFIFO_WM_INT_RAW), "0 bytes are less than 2");
    bench.go(&[0xA1], &[RSTART, WRITE | 1, READ | 1, READ | NACK | 1, STOP]);
    bench.set(Reg::INT_CLR, !0);
    assert!(bench.raw(INT_RAW::RXFIFO_WM_INT_RAW), "2 bytes are more than 1");
    bench.get(Reg::DATA);
    bench.set(Reg::INT_CLR, !0);
    assert!(!bench.raw(INT_RAW::RXFIFO_WM_INT_RAW));
    bench.set(Reg::FIFO_CONF, 2 << 5 | 1);
    bench.set(Reg::INT_CLR, !0);
    assert!(!bench.raw(INT_RAW::TXFIFO_WM_INT_RAW));
}

/// SVD: SCLK_ACTIVE is the switch of I2C_SCLK. SCL_MAIN_STATE_LAST is 4 while data is sent.
#[test]
fn a_transfer_waits_while_its_clock_stands_still() {
    let mut bench = Bench::new();
    for byte in [0xA0, 0x11] {
        bench.set(Reg::DATA, byte);
    }
    for (register, command) in [(Reg::COMD0, RSTART), (Reg::COMD1, WRITE | 2), (Reg::COMD2, STOP)] {
        bench.set(register, command);
    }
    bench.set(Reg::CTR, MASTER | UPDATE | TRANS_START);
    // A bit lasts 10 us: START, nine bits of address, and two of the data.
    bench.run_for(125_000_000);
    let state = |bench: &mut Bench| SR::SCL_MAIN_STATE_LAST.get(bench.get(Reg::SR));
    assert_eq!(state(&mut bench), 4);
    bench.set(Reg::CLK_CONF, 0);
    assert_eq!(state(&mut bench), 4);
    bench.run_for(1_000_000_000);
    assert_eq!(bench.seen(), [Seen::Start(0x50, false), Seen::Write(0x11)]);
    assert!(!bench.raw(INT_RAW::TRANS_COMPLETE_INT_RAW));
    let back = bench.fabric.now();
    bench.set(Reg::CLK_CONF, 1 << 21);
    bench.run();
    assert_eq!(bench.seen(), [Seen::Stop]);
    assert!(bench.raw(INT_RAW::TRANS_COMPLETE_INT_RAW));
    assert_eq!(bench.fabric.now() - back, 10_000_000, "200 cycles of 40 MHz each, low and setup");
}
