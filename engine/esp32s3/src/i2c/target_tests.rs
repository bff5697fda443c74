//! I2C0 as a controller on GPIO8 and 9, I2C1 as a target on GPIO10 and 11, wired to each other with pull-ups: real edges.

use super::*;
use crate::io::{InSelect, OutSelect, Pad};
use crate::spi_mem::psram::Wiring as PsramWiring;
use crate::system::System;
use engine_core::i2c::I2cWire;
use engine_core::pins::Drive;
use engine_core::ports::{Edge, Outside, PortId, Posted, SpiAnswer, SpiBatch};
use engine_core::time::MICROSECOND;
use std::sync::{Arc, Mutex};

/// ESP-IDF `hal/i2c_ll.h`: op_code 13:11, ack_val 10, ack_exp 9, ack_en 8, byte_num 7:0.
const RSTART: u32 = 6 << 11;
const WRITE: u32 = 1 << 11 | 1 << 8;
const READ: u32 = 3 << 11;
const NACK: u32 = 1 << 10;
const STOP: u32 = 2 << 11;
/// CTR as ESP-IDF leaves it: both lines open drain, and MS_MODE for a controller.
const MASTER: u32 = 1 << 4 | 3;
const TARGET: u32 = 3 | 1 << 12;
const UPDATE: u32 = 1 << 11;
const TRANS_START: u32 = 1 << 5;
const STRETCH_EN: u32 = 1 << 10;
const STRETCH_CLR: u32 = 1 << 11;

struct Bench {
    system: System,
}

impl Bench {
    fn new() -> Self {
        Self::with(true)
    }

    /// With the two wired to each other, or alone.
    fn with(joined: bool) -> Self {
        let mut system = System::new(4 << 20, 0, PsramWiring::Quad);
        let fabric = &mut system.dev.fabric;
        for wiring in &WIRING {
            // SYSTEM has given both their clocks.
            fabric.set_dark(wiring.base >> 12, false);
        }
        let routes = [
            (8, signals::I2CEXT0_SDA),
            (9, signals::I2CEXT0_SCL),
            (10, signals::I2CEXT1_SDA),
            (11, signals::I2CEXT1_SCL),
        ];
        for (pin, signal) in routes {
            fabric.set_pad(
                pin,
                Pad { function: 1, input_enable: true, pull_up: true, open_drain: true, ..Pad::default() },
            );
            let select = OutSelect { signal, invert: false, enable_by_gpio: false, invert_enable: false };
            fabric.select_output(pin, select);
            fabric.select_input(signal, InSelect { pin, invert: false, by_matrix: true });
        }
        if joined {
            fabric.pins.join(8, 10, 0);
            fabric.pins.join(9, 11, 0);
        }
        fabric.pins.keep_log(true);
        let mut bench = Self { system };
        for n in 0..2 {
            for (register, value) in TIMING_400K {
                bench.set(n, register, value);
            }
        }
        bench.set(0, Reg::CTR, MASTER | UPDATE);
        bench.set(1, Reg::SLAVE_ADDR, 0x28);
        bench.set(1, Reg::CTR, TARGET | UPDATE);
        bench
    }

    fn set(&mut self, n: usize, register: Reg, value: u32) {
        let dev = &mut self.system.dev;
        let i2c = if n == 0 { &mut dev.i2c0 } else { &mut dev.i2c1 };
        i2c.write(Reg::TABLE[register as usize].offset, Write::word(value), &mut dev.fabric);
        self.system.settle();
    }

    fn get(&mut self, n: usize, register: Reg) -> u32 {
        let dev = &mut self.system.dev;
        let i2c = if n == 0 { &mut dev.i2c0 } else { &mut dev.i2c1 };
        i2c.read(Reg::TABLE[register as usize].offset, &mut dev.fabric)
    }

    fn raw(&mut self, n: usize, field: Field) -> bool {
        field.is_set(self.get(n, Reg::INT_RAW))
    }

    fn now(&self) -> Ps {
        self.system.dev.fabric.now()
    }

    fn run(&mut self, micros: u64) {
        let until = self.now() + micros * MICROSECOND;
        loop {
            let fabric = &mut self.system.dev.fabric;
            let stimulus = fabric.pins.next_stimulus();
            fabric.at(Slot::Stimulus, stimulus);
            let next = fabric.events.next();
            if next > until {
                break;
            }
            fabric.cycle = fabric.clock.first_cycle_from(next).max(fabric.cycle);
            let now = fabric.now();
            while let Some(slot) = self.system.dev.fabric.events.pop(now) {
                self.system.event(crate::slots::slot(slot));
            }
        }
        let fabric = &mut self.system.dev.fabric;
        fabric.cycle = fabric.clock.first_cycle_from(until);
    }

    fn go(&mut self, bytes: &[u8], commands: &[u32]) {
        for &byte in bytes {
            self.set(0, Reg::DATA, u32::from(byte));
        }
        for (n, &command) in commands.iter().enumerate() {
            let register = [Reg::COMD0, Reg::COMD1, Reg::COMD2, Reg::COMD3, Reg::COMD4, Reg::COMD5][n];
            self.set(0, register, command);
        }
        self.set(0, Reg::CTR, MASTER | UPDATE | TRANS_START);
        self.run(400);
    }

    fn received(&mut self, n: usize) -> Vec<u8> {
        (0..SR::RXFIFO_CNT.get(self.get(n, Reg::SR))).map(|_| self.get(n, Reg::DATA) as u8).collect()
    }

    fn hold(&mut self, pin: u8, level: Option<bool>) {
        let now = self.now();
        self.system.dev.fabric.pins.drive_from_outside(Drive { pin, level }, now);
        self.system.dev.fabric.levels_changed(now);
        self.system.settle();
    }

    /// Edges of SCL: when, and the level from then on.
    fn clock(&mut self) -> Vec<(Ps, bool)> {
        let log = self.system.dev.fabric.pins.take_log();
        let mut edges: Vec<(Ps, bool)> = log.into_iter().map(|(at, level)| (at, level >> 9 & 1 != 0)).collect();
        edges.dedup_by_key(|edge| edge.1);
        edges
    }

    /// Rising edges of SCL: when.
    fn rises(&mut self) -> Vec<Ps> {
        self.clock().windows(2).filter(|pair| pair[1].1).map(|pair| pair[1].0).collect()
    }
}

/// i2c_ll_master_cal_bus_clk of ESP-IDF for 400 kHz from 40 MHz: half a bit is 50 cycles; wait_high 23, sda_hold 12,
/// sda_sample 25; the filter of the drivers is 7 cycles.
const TIMING_400K: [(Reg, u32); 9] = [
    (Reg::SCL_LOW_PERIOD, 49),
    (Reg::SCL_HIGH_PERIOD, 23 << 9 | 27),
    (Reg::SDA_HOLD, 11),
    (Reg::SDA_SAMPLE, 24),
    (Reg::SCL_RSTART_SETUP, 49),
    (Reg::SCL_STOP_SETUP, 49),
    (Reg::SCL_START_HOLD, 49),
    (Reg::SCL_STOP_HOLD, 49),
    (Reg::FILTER_CFG, 0x377),
];
const BIT: Ps = 100 * 25_000;

#[test]
fn what_the_controller_writes_reaches_the_target_at_400_khz() {
    let mut bench = Bench::new();
    bench.go(&[0x50, 0x12, 0xA5], &[RSTART, WRITE | 3, STOP]);
    assert_eq!(bench.received(1), [0x12, 0xA5]);
    assert!(!bench.raw(0, INT_RAW::NACK_INT_RAW) && bench.raw(0, INT_RAW::TRANS_COMPLETE_INT_RAW));
    assert!(bench.raw(1, INT_RAW::TRANS_COMPLETE_INT_RAW) && bench.raw(1, INT_RAW::DET_START_INT_RAW));
    assert_eq!(bench.get(1, Reg::SR) & (SR::BUS_BUSY.mask | SR::SLAVE_ADDRESSED.mask | SR::SLAVE_RW.mask), 0);
    let rises = bench.rises();
    assert_eq!(rises.len(), 27 + 1, "27 bits, and the rise before STOP");
    for pair in rises[..27].windows(2) {
        assert_eq!(pair[1] - pair[0], BIT);
    }
}

#[test]
fn the_controller_reads_what_the_target_has_in_its_fifo() {
    let mut bench = Bench::new();
    for byte in [0x3C, 0xFF, 0x00] {
        bench.set(1, Reg::DATA, byte);
    }
    bench.go(&[0x51], &[RSTART, WRITE | 1, READ | 2, READ | NACK | 1, STOP]);
    assert_eq!(bench.received(0), [0x3C, 0xFF, 0x00]);
    assert!(SR::SLAVE_RW.is_set(bench.get(1, Reg::SR)));
    assert!(bench.raw(1, INT_RAW::NACK_INT_RAW), "the last byte was refused");
    assert!(!bench.raw(0, INT_RAW::NACK_INT_RAW));
}

#[test]
fn another_address_is_not_acknowledged() {
    let mut bench = Bench::new();
    bench.go(&[0x52], &[RSTART, WRITE | 1, STOP]);
    assert!(bench.raw(0, INT_RAW::NACK_INT_RAW));
    assert!(!bench.raw(0, INT_RAW::TRANS_COMPLETE_INT_RAW));
    bench.go(&[], &[STOP]);
    assert!(bench.raw(0, INT_RAW::TRANS_COMPLETE_INT_RAW));
    assert_eq!(bench.get(0, Reg::SR) & SR::BUS_BUSY.mask, 0);
}

/// What reached a part. It answers 0x5A.
struct Part(Arc<Mutex<Vec<String>>>);

impl Part {
    fn note(&self, what: String) {
        self.0.lock().unwrap().push(what);
    }
}

impl Outside for Part {
    fn spi(&mut self, _: PortId, _: SpiBatch) {}
    fn spi_select(&mut self, _: PortId, _: Ps, _: bool) {}
    fn spi_answer(&mut self, _: PortId, _: Ps, _: u8, _: bool) -> Option<SpiAnswer> {
        None
    }
    fn i2c_start(&mut self, _: PortId, _: Ps, address: u16, read: bool) -> bool {
        self.note(format!("start {address:x} {read}"));
        true
    }
    fn i2c_write(&mut self, _: PortId, _: Ps, byte: u8) -> bool {
        self.note(format!("write {byte:x}"));
        byte != 0xEE
    }
    fn i2c_read(&mut self, _: PortId, _: Ps) -> u8 {
        self.note("read".to_string());
        0x5A
    }
    fn i2c_stop(&mut self, _: PortId, _: Ps, restarted: bool) {
        self.note(format!("stop {restarted}"));
    }
    fn edge(&mut self, _: PortId, _: Edge) {}
    fn pulses(&mut self, _: PortId, _: Vec<Edge>) {}
    fn take_posted(&mut self) -> Option<Posted> {
        None
    }
}

#[test]
fn bytes_that_go_straight_to_a_part_and_edges_are_the_same() {
    let transfers: [(&[u8], &[u32]); 3] = [
        (&[0xA0, 0x01, 0xA1], &[RSTART, WRITE | 2, RSTART, WRITE | 1, READ | 2, READ | NACK | 1]),
        (&[], &[STOP]),
        (&[0xA0, 0xEE], &[RSTART, WRITE | 2, STOP]),
    ];
    let outcomes = [false, true].map(|joined| {
        let mut bench = Bench::with(joined);
        let seen = Arc::new(Mutex::new(vec![]));
        let pins = &mut bench.system.dev.fabric.pins;
        pins.set_outside(Box::new(Part(seen.clone())));
        pins.attach_i2c(I2cWire::new(8, 9, vec![0x50]));
        bench.clock();
        for (bytes, commands) in transfers {
            bench.go(bytes, commands);
        }
        let status = (bench.get(0, Reg::SR), bench.get(0, Reg::INT_RAW), bench.get(0, Reg::COMD5));
        let seen = seen.lock().unwrap().clone();
        (bench.clock(), bench.received(0), status, seen)
    });
    assert_eq!(outcomes[0].1, [0x5A, 0x5A, 0x5A]);
    assert_eq!(outcomes[0].3.len(), 10);
    assert_eq!(outcomes[0], outcomes[1]);
}

/// The second slave driver of ESP-IDF (i2c_slave_v2.c): the request is a stretch with cause 0, answered by filling the FIFO
/// and clearing the stretch; a FIFO that runs dry is cause 1.
#[test]
fn the_target_stretches_until_software_has_the_answer() {
    let mut bench = Bench::new();
    bench.set(1, Reg::SCL_STRETCH_CONF, STRETCH_EN | 0x3FF);
    bench.set(1, Reg::CTR, 3 | UPDATE);
    bench.go(&[0x51], &[RSTART, WRITE | 1, READ | 1, READ | NACK | 1, STOP]);
    assert!(bench.raw(1, INT_RAW::SLAVE_STRETCH_INT_RAW));
    assert_eq!(SR::STRETCH_CAUSE.get(bench.get(1, Reg::SR)), 0);
    assert_eq!(bench.system.dev.fabric.pins.level() >> 9 & 1, 0, "SCL is held");
    bench.set(1, Reg::INT_CLR, !0);
    bench.rises();
    bench.set(1, Reg::DATA, 0x81);
    let cleared = bench.now();
    bench.set(1, Reg::SCL_STRETCH_CONF, STRETCH_EN | STRETCH_CLR | 0x3FF);
    bench.run(400);
    assert!(bench.rises()[0] - cleared >= 1023 * 25_000, "STRETCH_PROTECT_NUM");
    assert_eq!(SR::STRETCH_CAUSE.get(bench.get(1, Reg::SR)), 1, "nothing more to send");
    assert!(bench.raw(1, INT_RAW::SLAVE_STRETCH_INT_RAW));
    bench.set(1, Reg::DATA, 0x18);
    bench.set(1, Reg::SCL_STRETCH_CONF, STRETCH_EN | STRETCH_CLR | 0x3FF);
    bench.run(400);
    assert_eq!(bench.received(0), [0x81, 0x18]);
    assert!(bench.raw(0, INT_RAW::TRANS_COMPLETE_INT_RAW) && bench.raw(1, INT_RAW::TRANS_COMPLETE_INT_RAW));
}

#[test]
fn a_full_fifo_stretches_or_loses_the_byte() {
    let bytes: Vec<u8> = (0..32).collect();
    for stretches in [true, false] {
        let mut bench = Bench::new();
        bench.set(1, Reg::SCL_STRETCH_CONF, if stretches { STRETCH_EN } else { 0 });
        bench.set(1, Reg::CTR, TARGET | UPDATE);
        bench.set(0, Reg::DATA, 0x50);
        bench.go(&bytes[..31], &[RSTART, WRITE | 34, STOP]);
        bench.run(600);
        bench.set(0, Reg::DATA, 31);
        bench.set(0, Reg::DATA, 32);
        bench.run(200);
        let status = bench.get(1, Reg::SR);
        assert_eq!(SR::RXFIFO_CNT.get(status), 32);
        assert_eq!(bench.raw(1, INT_RAW::RXFIFO_OVF_INT_RAW), !stretches);
        if stretches {
            assert_eq!(SR::STRETCH_CAUSE.get(status), 2);
            assert_eq!(bench.received(1), bytes);
            bench.set(1, Reg::SCL_STRETCH_CONF, STRETCH_EN | STRETCH_CLR);
            bench.run(200);
            assert_eq!(bench.received(1), [32]);
        } else {
            assert_eq!(bench.received(1), bytes);
        }
        assert!(bench.raw(0, INT_RAW::TRANS_COMPLETE_INT_RAW) || !stretches);
    }
}

/// SVD: SLAVE_BYTE_ACK_CTL_EN lets software say the level of each acknowledge bit.
#[test]
fn software_may_refuse_a_byte() {
    let mut bench = Bench::new();
    bench.set(1, Reg::SCL_STRETCH_CONF, 1 << 12 | 1 << 13);
    bench.set(1, Reg::CTR, TARGET | UPDATE);
    bench.go(&[0x50, 0x66], &[RSTART, WRITE | 2, STOP]);
    assert_eq!(SR::STRETCH_CAUSE.get(bench.get(1, Reg::SR)), 3);
    bench.set(1, Reg::SCL_STRETCH_CONF, 1 << 11 | 1 << 12 | 1 << 13);
    bench.run(100);
    assert!(bench.raw(0, INT_RAW::NACK_INT_RAW));
    assert_eq!(bench.received(1), [0x66]);
}

/// ESP-IDF i2c_ll_set_slave_addr: bits 14:7 are the second byte, bits 6:0 are 0x78 and the two upper bits.
#[test]
fn a_target_with_ten_address_bits_is_written_and_read() {
    let mut bench = Bench::new();
    bench.set(1, Reg::SLAVE_ADDR, 1 << 31 | 0xA5 << 7 | 0x7A);
    bench.set(1, Reg::CTR, TARGET | 1 << 13 | UPDATE);
    bench.set(1, Reg::DATA, 0x99);
    bench.go(&[0xF4, 0xA5, 0x42, 0xF5], &[RSTART, WRITE | 3, RSTART, WRITE | 1, READ | NACK | 1, STOP]);
    assert_eq!(bench.received(1), [0x42]);
    assert_eq!(bench.received(0), [0x99]);
    // With ADDR_10BIT_RW_CHECK_EN nobody answers a read that nothing selected.
    bench.go(&[0xF5], &[RSTART, WRITE | 1, STOP]);
    assert!(bench.raw(0, INT_RAW::NACK_INT_RAW));
}

#[test]
fn a_general_call_reaches_the_target_where_it_is_allowed() {
    let mut bench = Bench::new();
    bench.go(&[0x00, 0x06], &[RSTART, WRITE | 2, STOP]);
    assert!(bench.raw(0, INT_RAW::NACK_INT_RAW));
    bench.go(&[], &[STOP]);
    bench.set(0, Reg::FIFO_CONF, 0x408B | 1 << 13);
    bench.set(1, Reg::CTR, TARGET | 1 << 14 | UPDATE);
    bench.go(&[0x00, 0x06], &[RSTART, WRITE | 2, STOP]);
    assert!(bench.raw(1, INT_RAW::GENERAL_CALL_INT_RAW));
    assert_eq!(bench.received(1), [0x06]);
}

/// SVD: with FIFO_ADDR_CFG_EN the byte behind the address is an offset into the RAM (i2c_slave_read_ram of ESP-IDF).
#[test]
fn the_ram_of_the_target_is_written_and_read_by_offset() {
    let mut bench = Bench::new();
    bench.set(1, Reg::FIFO_CONF, 0x408B | FIFO_CONF::NONFIFO_EN.mask | FIFO_CONF::FIFO_ADDR_CFG_EN.mask);
    bench.set(1, Reg::CTR, TARGET | UPDATE);
    let dev = &mut bench.system.dev;
    dev.i2c1.write(0x100 + 4 * 5, Write::word(0xC3), &mut dev.fabric);
    bench.go(&[0x50, 5, 0x77, 0x88], &[RSTART, WRITE | 4, STOP]);
    let dev = &mut bench.system.dev;
    assert_eq!(dev.i2c1.read(0x180 + 4 * 5, &mut dev.fabric), 0x77);
    assert_eq!(dev.i2c1.read(0x180 + 4 * 6, &mut dev.fabric), 0x88);
    assert_eq!(FIFO_ST::SLAVE_RW_POINT.get(bench.get(1, Reg::FIFO_ST)), 7);
    bench.go(&[0x50, 5, 0x51], &[RSTART, WRITE | 2, RSTART, WRITE | 1, READ | NACK | 1, STOP]);
    assert_eq!(bench.received(0), [0xC3]);
}

/// UM10204 3.1.8: who sends a one and sees a zero has lost.
#[test]
fn the_controller_that_sends_a_one_against_a_zero_loses() {
    let mut bench = Bench::new();
    bench.set(1, Reg::CTR, MASTER | 1 << 9 | UPDATE);
    bench.set(0, Reg::CTR, MASTER | 1 << 9 | UPDATE);
    for (n, address) in [(0, 0xA2), (1, 0xA0)] {
        bench.set(n, Reg::DATA, address);
        bench.set(n, Reg::COMD0, RSTART);
        bench.set(n, Reg::COMD1, WRITE | 1);
    }
    let dev = &mut bench.system.dev;
    dev.i2c0.write(0x004, Write::word(MASTER | 1 << 9 | TRANS_START), &mut dev.fabric);
    dev.i2c1.write(0x004, Write::word(MASTER | 1 << 9 | TRANS_START), &mut dev.fabric);
    bench.run(100);
    assert!(bench.raw(0, INT_RAW::ARBITRATION_LOST_INT_RAW) && !bench.raw(1, INT_RAW::ARBITRATION_LOST_INT_RAW));
    assert!(SR::ARB_LOST.is_set(bench.get(0, Reg::SR)));
    assert!(bench.raw(1, INT_RAW::NACK_INT_RAW), "nobody is at 0x50");
    assert!(SR::BUS_BUSY.is_set(bench.get(0, Reg::SR)), "until the winner's STOP");
}

/// SVD: TIME_OUT_VALUE; ESP-IDF i2c_ll_calculate_timeout_us_to_reg_val: 2 to its power, in cycles of 25 ns.
#[test]
fn a_clock_that_is_held_low_times_out() {
    let mut bench = Bench::new();
    bench.set(0, Reg::TO, 1 << 5 | 12);
    bench.hold(9, Some(false));
    bench.go(&[0x50], &[RSTART, WRITE | 1, STOP]);
    assert!(bench.raw(0, INT_RAW::TIME_OUT_INT_RAW), "4096 cycles are 102 us");
    assert!(!bench.raw(0, INT_RAW::SCL_ST_TO_INT_RAW));
    assert_eq!(bench.get(0, Reg::SR) & SR::BUS_BUSY.mask, 0);
    bench.hold(9, None);
    bench.run(10);
    bench.set(0, Reg::FIFO_CONF, 0x408B | 1 << 13);
    bench.go(&[0x50, 0x01], &[RSTART, WRITE | 2, STOP]);
    assert_eq!(bench.received(1), [0x01], "the bus works again");
}

/// ESP-IDF i2c_ll_master_clr_bus: nine clocks, after which SCL_RST_SLV_EN reads 0.
#[test]
fn the_bus_clear_sends_clocks() {
    let mut bench = Bench::new();
    bench.set(0, Reg::SCL_SP_CONF, 9 << 1 | 1);
    bench.set(0, Reg::CTR, MASTER | UPDATE);
    assert_eq!(bench.get(0, Reg::SCL_SP_CONF) & 1, 1);
    bench.run(100);
    assert_eq!(bench.rises().len(), 9);
    assert_eq!(bench.get(0, Reg::SCL_SP_CONF), 9 << 1);
}

/// i2c_master_clear_bus of ESP-IDF 5.3 does not wait for the end: the next transfer does.
#[test]
fn a_transfer_waits_for_the_end_of_the_bus_clear() {
    let mut bench = Bench::new();
    bench.set(0, Reg::SCL_SP_CONF, 9 << 1 | 1);
    bench.set(0, Reg::CTR, MASTER | UPDATE);
    bench.go(&[0x50, 0x77], &[RSTART, WRITE | 2, STOP]);
    assert_eq!(bench.received(1), [0x77]);
    assert_eq!(bench.rises().len(), 9 + 18 + 1);
}

/// i2c_hw_fsm_reset of ESP-IDF 4.4: the block is without clock, and in reset, when the bus clear is asked for.
#[test]
fn without_its_clock_the_block_takes_nothing() {
    let mut bench = Bench::new();
    bench.system.dev.fabric.set_dark(0x6001_3000 >> 12, true);
    bench.set(0, Reg::SCL_SP_CONF, 9 << 1 | 1);
    bench.system.dev.fabric.set_dark(0x6001_3000 >> 12, false);
    assert_eq!(bench.get(0, Reg::SCL_SP_CONF), 0);
}

/// SVD: a pulse that is narrower than the threshold is ignored; 7 cycles are 175 ns.
#[test]
fn spikes_do_not_get_through_the_filter() {
    for (width, seen) in [(150_000, false), (250_000, true)] {
        let mut bench = Bench::new();
        let now = bench.now();
        let pins = &mut bench.system.dev.fabric.pins;
        pins.drive_later(Drive { pin: 8, level: Some(false) }, now + MICROSECOND);
        pins.drive_later(Drive { pin: 8, level: None }, now + MICROSECOND + width);
        bench.run(10);
        assert_eq!(bench.raw(1, INT_RAW::DET_START_INT_RAW), seen, "SDA was low for {width} ps while SCL was high");
        assert_eq!(bench.raw(1, INT_RAW::TRANS_COMPLETE_INT_RAW), seen);
    }
}

/// SVD: SCL_FORCE_OUT and SCL_PD_EN together hold SCL low.
#[test]
fn power_down_holds_a_line_low() {
    let mut bench = Bench::new();
    bench.set(0, Reg::SCL_SP_CONF, 1 << 6);
    bench.set(0, Reg::CTR, MASTER | UPDATE);
    assert_eq!(bench.system.dev.fabric.pins.level() >> 8 & 3, 1);
    bench.set(0, Reg::SCL_SP_CONF, 0);
    bench.set(0, Reg::CTR, MASTER | UPDATE);
    assert_eq!(bench.system.dev.fabric.pins.level() >> 8 & 3, 3);
}
