use super::*;
use crate::serial_bench::Bench;
use engine_core::i2c::I2cWire;
use engine_core::pins::Drive;
use engine_core::ports::{Outside, PortId};
use engine_core::time::MICROSECOND;
use std::sync::{Arc, Mutex};

const READ: u32 = IC_DATA_CMD::CMD.mask;
const STOP: u32 = IC_DATA_CMD::STOP.mask;
const RESTART: u32 = IC_DATA_CMD::RESTART.mask;

/// Fast mode, restart on, TX_EMPTY_CTRL; controller.
const CONTROLLER: u32 = IC_CON::MASTER_MODE.mask | IC_CON::IC_SLAVE_DISABLE.mask | 2 << 1 | 1 << 5 | 1 << 8;
/// As a target, with the receive FIFO holding the bus (i2c_set_slave_mode of pico-sdk).
const TARGET: u32 = 2 << 1 | 1 << 5 | 1 << 8 | 1 << 9;

impl Bench {
    fn put_i2c(&mut self, n: usize, reg: Reg, value: u32) {
        let dev = &mut self.system.dev;
        dev.i2c[n].write(Reg::TABLE[reg.index()].offset, Write::word(value), &mut dev.fabric);
    }

    fn get_i2c(&mut self, n: usize, reg: Reg) -> u32 {
        let dev = &mut self.system.dev;
        dev.i2c[n].read(Reg::TABLE[reg.index()].offset, &mut dev.fabric)
    }

    /// 400 kHz as i2c_set_baudrate of pico-sdk sets it at 125 MHz: 313 periods, 187 of them low.
    fn start_i2c(&mut self, n: usize, con: u32, address: u32) {
        let dev = &mut self.system.dev;
        dev.i2c[n].reset(&mut dev.fabric);
        for (reg, value) in [
            (Reg::IC_CON, con),
            (Reg::IC_FS_SCL_LCNT, 187),
            (Reg::IC_FS_SCL_HCNT, 126),
            (Reg::IC_FS_SPKLEN, 11),
            (Reg::IC_SDA_HOLD, 38),
            (Reg::IC_TAR, address),
            (Reg::IC_SAR, address),
            (Reg::IC_ENABLE, 1),
        ] {
            self.put_i2c(n, reg, value);
        }
        self.run(MICROSECOND);
    }

    fn is_raised(&mut self, n: usize, interrupt: Field) -> bool {
        interrupt.is_set(self.get_i2c(n, Reg::IC_RAW_INTR_STAT))
    }
}

/// (187 + 1) + (126 + 11 + 7) periods of 8 ns.
const BIT: Ps = (188 + 144) * 8_000;
const HIGH: Ps = 144 * 8_000;
const LOW: Ps = 188 * 8_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Start(u16, bool),
    Write(u8),
    Read,
    Restart,
    Stop,
}

/// Answers everywhere; refuses 0xEE; reads count up from 0x10.
struct Part(Arc<Mutex<Vec<(Ps, Seen)>>>, u8);

impl Outside for Part {
    fn i2c_start(&mut self, _: PortId, at: Ps, address: u16, read: bool) -> bool {
        self.0.lock().unwrap().push((at, Seen::Start(address, read)));
        true
    }
    fn i2c_write(&mut self, _: PortId, at: Ps, byte: u8) -> bool {
        self.0.lock().unwrap().push((at, Seen::Write(byte)));
        byte != 0xEE
    }
    fn i2c_read(&mut self, _: PortId, at: Ps) -> u8 {
        self.0.lock().unwrap().push((at, Seen::Read));
        self.1 += 1;
        self.1 - 1
    }
    fn i2c_stop(&mut self, _: PortId, at: Ps, restarted: bool) {
        self.0.lock().unwrap().push((at, if restarted { Seen::Restart } else { Seen::Stop }));
    }
}

type Log = Arc<Mutex<Vec<(Ps, Seen)>>>;

/// I2C0 as a controller on GPIO4 and GPIO5, with a part that has these addresses.
fn with_part(addresses: &[u16], con: u32, tar: u32) -> (Bench, Log) {
    let mut bench = Bench::new();
    let seen = Arc::new(Mutex::new(vec![]));
    let pins = &mut bench.system.dev.fabric.pins;
    pins.set_outside(Box::new(Part(seen.clone(), 0x10)));
    pins.attach_i2c(I2cWire::new(4, 5, addresses.to_vec()));
    bench.select(Func::I2c, &[4, 5]);
    bench.start_i2c(0, con, tar);
    (bench, seen)
}

fn take(seen: &Log) -> Vec<Seen> {
    std::mem::take(&mut *seen.lock().unwrap()).into_iter().map(|event| event.1).collect()
}

/// I2C0 on GPIO4 and 5, I2C1 on GPIO6 and 7, SDA to SDA and SCL to SCL.
fn joined() -> Bench {
    let mut bench = Bench::new();
    bench.select(Func::I2c, &[4, 5, 6, 7]);
    let now = bench.now();
    let fabric = &mut bench.system.dev.fabric;
    fabric.pins.join(4, 6, now);
    fabric.pins.join(5, 7, now);
    fabric.inputs_changed();
    bench
}

/// 4.3.14: SCL is low for LCNT + 1 and high for HCNT + SPKLEN + 7 periods of ic_clk, nine times a byte.
#[test]
fn bytes_take_their_time_by_the_scl_counts() {
    let (mut bench, seen) = with_part(&[0x50], CONTROLLER, 0x50);
    let begin = bench.now();
    bench.put_i2c(0, Reg::IC_DATA_CMD, 0x12);
    bench.put_i2c(0, Reg::IC_DATA_CMD, 0x34 | STOP);
    bench.run(1000 * MICROSECOND);
    let seen: Vec<(Ps, Seen)> = seen.lock().unwrap().iter().map(|&(at, event)| (at - begin, event)).collect();
    assert_eq!(
        seen,
        [
            (HIGH + 9 * BIT, Seen::Start(0x50, false)),
            (HIGH + 18 * BIT, Seen::Write(0x12)),
            (HIGH + 27 * BIT, Seen::Write(0x34)),
            (HIGH + 28 * BIT, Seen::Stop),
        ]
    );
}

#[test]
fn a_register_read_with_repeated_start_works_as_pico_sdk_does_it() {
    let (mut bench, seen) = with_part(&[0x50], CONTROLLER, 0x50);
    // i2c_write_blocking(…, nostop): waits for TX_EMPTY, which TX_EMPTY_CTRL holds back until the byte is out.
    bench.put_i2c(0, Reg::IC_DATA_CMD, 0x07);
    bench.run(MICROSECOND);
    assert!(!bench.is_raised(0, IC_RAW_INTR_STAT::TX_EMPTY));
    bench.run(20 * BIT);
    assert!(bench.is_raised(0, IC_RAW_INTR_STAT::TX_EMPTY));
    assert!(!bench.is_raised(0, IC_RAW_INTR_STAT::STOP_DET));
    // i2c_read_blocking toggles ENABLE while the bus is held, and asks for a restart.
    bench.put_i2c(0, Reg::IC_ENABLE, 0);
    bench.put_i2c(0, Reg::IC_TAR, 0x50);
    bench.put_i2c(0, Reg::IC_ENABLE, 1);
    bench.put_i2c(0, Reg::IC_DATA_CMD, READ | RESTART);
    bench.run(40 * BIT);
    assert_eq!(bench.get_i2c(0, Reg::IC_RXFLR), 1);
    // FIRST_DATA_BYTE stands with the first byte after the address.
    assert_eq!(bench.get_i2c(0, Reg::IC_DATA_CMD), 0x10 | IC_DATA_CMD::FIRST_DATA_BYTE.mask);
    bench.put_i2c(0, Reg::IC_DATA_CMD, READ | STOP);
    bench.run(40 * BIT);
    assert_eq!(bench.get_i2c(0, Reg::IC_DATA_CMD), 0x11);
    assert!(bench.is_raised(0, IC_RAW_INTR_STAT::STOP_DET));
    assert_eq!(
        take(&seen),
        [
            Seen::Start(0x50, false),
            Seen::Write(0x07),
            Seen::Restart,
            Seen::Start(0x50, true),
            Seen::Read,
            Seen::Read,
            Seen::Stop
        ]
    );
}

/// IC_TX_ABRT_SOURCE.ABRT_7B_ADDR_NOACK; the FIFO is held empty until IC_CLR_TX_ABRT is read; STOP follows.
#[test]
fn an_address_that_nobody_answers_aborts_and_flushes() {
    let (mut bench, seen) = with_part(&[0x50], CONTROLLER, 0x51);
    for byte in 0..3 {
        bench.put_i2c(0, Reg::IC_DATA_CMD, byte);
    }
    bench.run(15 * BIT);
    assert!(bench.is_raised(0, IC_RAW_INTR_STAT::TX_ABRT) && bench.is_raised(0, IC_RAW_INTR_STAT::STOP_DET));
    // Two were left behind the one that was being sent.
    let source = bench.get_i2c(0, Reg::IC_TX_ABRT_SOURCE);
    assert_eq!(source, IC_TX_ABRT_SOURCE::ABRT_7B_ADDR_NOACK.mask | 2 << 23);
    bench.put_i2c(0, Reg::IC_DATA_CMD, 0x99);
    assert_eq!(bench.get_i2c(0, Reg::IC_TXFLR), 0);
    // pico-sdk, i2c_write_blocking: what IC_CLR_TX_ABRT reads says whether there was an abort.
    assert_eq!(bench.get_i2c(0, Reg::IC_CLR_TX_ABRT), 1);
    assert_eq!(bench.get_i2c(0, Reg::IC_TX_ABRT_SOURCE), 0);
    bench.put_i2c(0, Reg::IC_DATA_CMD, 0x99);
    assert_eq!(bench.get_i2c(0, Reg::IC_TXFLR), 1);
    assert_eq!(take(&seen), []);
}

#[test]
fn a_byte_that_is_refused_aborts_with_txdata_noack() {
    let (mut bench, seen) = with_part(&[0x50], CONTROLLER, 0x50);
    bench.put_i2c(0, Reg::IC_DATA_CMD, 0xEE);
    bench.put_i2c(0, Reg::IC_DATA_CMD, 0x01 | STOP);
    bench.run(40 * BIT);
    let source = bench.get_i2c(0, Reg::IC_TX_ABRT_SOURCE);
    assert_eq!(source & 0x1FFFF, IC_TX_ABRT_SOURCE::ABRT_TXDATA_NOACK.mask);
    assert_eq!(take(&seen), [Seen::Start(0x50, false), Seen::Write(0xEE), Seen::Stop]);
}

/// 4.3.8: 10-bit addresses; both NACKs have reasons of their own, and reading needs RESTART.
#[test]
fn ten_bit_addresses_read_and_write() {
    let con = CONTROLLER | IC_CON::IC_10BITADDR_MASTER.mask;
    let (mut bench, seen) = with_part(&[0x2A5], con, 0x2A5);
    bench.put_i2c(0, Reg::IC_DATA_CMD, 0x77 | STOP);
    bench.put_i2c(0, Reg::IC_DATA_CMD, READ | STOP);
    bench.run(100 * BIT);
    assert_eq!(bench.get_i2c(0, Reg::IC_DATA_CMD) as u8, 0x10);
    let seen = take(&seen);
    assert_eq!(seen[..3], [Seen::Start(0x2A5, false), Seen::Write(0x77), Seen::Stop]);
    assert_eq!(seen[3..], [Seen::Start(0x2A5, false), Seen::Restart, Seen::Start(0x2A5, true), Seen::Read, Seen::Stop]);
    for (tar, reason) in
        [(0x2A6, IC_TX_ABRT_SOURCE::ABRT_10ADDR2_NOACK), (0x1A5, IC_TX_ABRT_SOURCE::ABRT_10ADDR1_NOACK)]
    {
        bench.put_i2c(0, Reg::IC_TAR, tar);
        bench.put_i2c(0, Reg::IC_DATA_CMD, 0x77 | STOP);
        bench.run(100 * BIT);
        assert_eq!(bench.get_i2c(0, Reg::IC_TX_ABRT_SOURCE) & 0x1FFFF, reason.mask);
        bench.get_i2c(0, Reg::IC_CLR_TX_ABRT);
    }
}

#[test]
fn general_calls_reach_address_0_and_cannot_read() {
    let (mut bench, seen) = with_part(&[0x00], CONTROLLER, IC_TAR::SPECIAL.mask);
    bench.put_i2c(0, Reg::IC_DATA_CMD, 0x06 | STOP);
    bench.run(40 * BIT);
    assert_eq!(take(&seen), [Seen::Start(0, false), Seen::Write(0x06), Seen::Stop]);
    bench.put_i2c(0, Reg::IC_DATA_CMD, READ | STOP);
    bench.run(40 * BIT);
    assert_eq!(bench.get_i2c(0, Reg::IC_TX_ABRT_SOURCE) & 0x1FFFF, IC_TX_ABRT_SOURCE::ABRT_GCALL_READ.mask);
}

#[test]
fn an_abort_by_software_ends_with_stop_and_clears_itself() {
    let (mut bench, seen) = with_part(&[0x50], CONTROLLER, 0x50);
    for byte in 0..8 {
        bench.put_i2c(0, Reg::IC_DATA_CMD, byte);
    }
    bench.run(12 * BIT);
    bench.put_i2c(0, Reg::IC_ENABLE, 3);
    assert_eq!(bench.get_i2c(0, Reg::IC_ENABLE), 3);
    bench.run(20 * BIT);
    assert_eq!(bench.get_i2c(0, Reg::IC_ENABLE), 1);
    assert_eq!(bench.get_i2c(0, Reg::IC_TX_ABRT_SOURCE) & 0x1FFFF, IC_TX_ABRT_SOURCE::ABRT_USER_ABRT.mask);
    assert_eq!(take(&seen), [Seen::Start(0x50, false), Seen::Write(0), Seen::Stop]);
}

/// 4.3.10.3: a block that is disabled in a transfer lets go of the bus with a STOP, and says when it is off.
#[test]
fn disabling_lets_go_of_a_held_bus() {
    let (mut bench, seen) = with_part(&[0x50], CONTROLLER, 0x50);
    bench.put_i2c(0, Reg::IC_DATA_CMD, 0x01);
    bench.run(30 * BIT);
    assert_eq!(bench.get_i2c(0, Reg::IC_STATUS) & 0x21, 0x21);
    bench.put_i2c(0, Reg::IC_ENABLE, 0);
    assert_eq!(bench.get_i2c(0, Reg::IC_ENABLE_STATUS), 1);
    bench.run(10 * BIT);
    assert_eq!(bench.get_i2c(0, Reg::IC_ENABLE_STATUS), 0);
    assert_eq!(take(&seen), [Seen::Start(0x50, false), Seen::Write(0x01), Seen::Stop]);
}

/// IC_DMA_TDLR and IC_DMA_RDLR; I2C0 TX is DREQ 32, RX 33 (2.5.3.1).
#[test]
fn dma_requests_follow_the_levels() {
    let (mut bench, _) = with_part(&[0x50], CONTROLLER, 0x50);
    bench.put_i2c(0, Reg::IC_DMA_TDLR, 1);
    bench.put_i2c(0, Reg::IC_DMA_CR, 3);
    assert!(bench.dreq(32) && !bench.dreq(33));
    for _ in 0..3 {
        bench.put_i2c(0, Reg::IC_DATA_CMD, READ);
    }
    assert!(!bench.dreq(32));
    bench.run(20 * BIT);
    assert!(bench.dreq(32) && bench.dreq(33));
}

#[test]
fn overruns_of_the_fifos_are_told_and_cleared_by_reading() {
    let (mut bench, _) = with_part(&[0x50], CONTROLLER, 0x50);
    bench.put_i2c(0, Reg::IC_INTR_MASK, IC_INTR_MASK::M_TX_OVER.mask);
    for byte in 0..17 {
        bench.put_i2c(0, Reg::IC_DATA_CMD, byte);
    }
    assert!(bench.irq(Irq::I2C0));
    bench.get_i2c(0, Reg::IC_CLR_TX_OVER);
    assert!(!bench.irq(Irq::I2C0));
    bench.get_i2c(0, Reg::IC_DATA_CMD);
    assert!(bench.is_raised(0, IC_RAW_INTR_STAT::RX_UNDER));
    bench.get_i2c(0, Reg::IC_CLR_INTR);
    assert!(!bench.is_raised(0, IC_RAW_INTR_STAT::RX_UNDER));
}

#[test]
fn one_i2c_writes_to_the_other_over_wires() {
    let mut bench = joined();
    bench.start_i2c(1, TARGET, 0x17);
    bench.start_i2c(0, CONTROLLER, 0x17);
    for byte in [0x00, 0xFF, 0xA5 | STOP] {
        bench.put_i2c(0, Reg::IC_DATA_CMD, byte);
    }
    bench.run(60 * BIT);
    assert_eq!(bench.get_i2c(0, Reg::IC_TX_ABRT_SOURCE), 0);
    assert_eq!(bench.get_i2c(1, Reg::IC_DATA_CMD), IC_DATA_CMD::FIRST_DATA_BYTE.mask);
    assert_eq!(bench.get_i2c(1, Reg::IC_DATA_CMD), 0xFF);
    assert_eq!(bench.get_i2c(1, Reg::IC_DATA_CMD), 0xA5);
    for n in 0..2 {
        assert!(bench.is_raised(n, IC_RAW_INTR_STAT::START_DET) && bench.is_raised(n, IC_RAW_INTR_STAT::STOP_DET));
    }
    assert_eq!(bench.system.dev.fabric.pins.level() >> 4 & 0xF, 0xF);
    bench.put_i2c(0, Reg::IC_TAR, 0x18);
    bench.put_i2c(0, Reg::IC_DATA_CMD, STOP);
    bench.run(60 * BIT);
    assert_eq!(bench.get_i2c(0, Reg::IC_TX_ABRT_SOURCE) & 0x1FFFF, 1);
}

/// 4.3.10.1.2: the target holds SCL low from RD_REQ until software has written data; the last byte is not acknowledged.
#[test]
fn the_target_stretches_the_clock_until_data_is_written() {
    let mut bench = joined();
    bench.start_i2c(1, TARGET, 0x17);
    bench.start_i2c(0, CONTROLLER, 0x17);
    bench.put_i2c(0, Reg::IC_DATA_CMD, 0x05);
    bench.put_i2c(0, Reg::IC_DATA_CMD, READ | RESTART);
    bench.put_i2c(0, Reg::IC_DATA_CMD, READ | STOP);
    bench.run(100 * BIT);
    assert_eq!(bench.get_i2c(1, Reg::IC_DATA_CMD) as u8, 0x05);
    assert!(bench.is_raised(1, IC_RAW_INTR_STAT::RD_REQ) && bench.is_raised(1, IC_RAW_INTR_STAT::RESTART_DET));
    assert!(!bench.system.dev.fabric.pins.is_high(5), "SCL is stretched");
    bench.get_i2c(1, Reg::IC_CLR_RD_REQ);
    bench.put_i2c(1, Reg::IC_DATA_CMD, 0x3C);
    bench.run(30 * BIT);
    assert_eq!(bench.get_i2c(0, Reg::IC_DATA_CMD) as u8, 0x3C);
    assert!(bench.is_raised(1, IC_RAW_INTR_STAT::RD_REQ) && !bench.is_raised(1, IC_RAW_INTR_STAT::RX_DONE));
    bench.get_i2c(1, Reg::IC_CLR_RD_REQ);
    bench.put_i2c(1, Reg::IC_DATA_CMD, 0xC3);
    bench.run(30 * BIT);
    assert_eq!(bench.get_i2c(0, Reg::IC_DATA_CMD), 0xC3);
    assert!(bench.is_raised(1, IC_RAW_INTR_STAT::RX_DONE) && bench.is_raised(0, IC_RAW_INTR_STAT::STOP_DET));
    assert_eq!(bench.system.dev.fabric.pins.level() >> 4 & 0xF, 0xF);
}

/// IC_TX_ABRT_SOURCE.ABRT_SLVFLUSH_TXFIFO: data that was there before the request is not sent.
#[test]
fn stale_data_of_the_target_is_flushed() {
    let mut bench = joined();
    bench.start_i2c(1, TARGET, 0x17);
    bench.start_i2c(0, CONTROLLER, 0x17);
    bench.put_i2c(1, Reg::IC_DATA_CMD, 0x11);
    bench.put_i2c(0, Reg::IC_DATA_CMD, READ | STOP);
    bench.run(60 * BIT);
    assert_eq!(bench.get_i2c(1, Reg::IC_TX_ABRT_SOURCE) & 0x1FFFF, IC_TX_ABRT_SOURCE::ABRT_SLVFLUSH_TXFIFO.mask);
    bench.get_i2c(1, Reg::IC_CLR_TX_ABRT);
    bench.put_i2c(1, Reg::IC_DATA_CMD, 0x22);
    bench.run(60 * BIT);
    assert_eq!(bench.get_i2c(0, Reg::IC_DATA_CMD) as u8, 0x22);
}

/// IC_CON.RX_FIFO_FULL_HLD_CTRL: a full target holds the bus, and no byte is lost.
#[test]
fn a_full_target_holds_the_bus() {
    let mut bench = joined();
    bench.start_i2c(1, TARGET, 0x17);
    bench.start_i2c(0, CONTROLLER, 0x17);
    let mut sent = 0;
    let mut received = vec![];
    while sent < 20 {
        while sent < 20 && bench.get_i2c(0, Reg::IC_TXFLR) < 16 {
            bench.put_i2c(0, Reg::IC_DATA_CMD, sent | if sent == 19 { STOP } else { 0 });
            sent += 1;
        }
        bench.run(20 * BIT);
    }
    bench.run(300 * BIT);
    assert_eq!(bench.get_i2c(1, Reg::IC_RXFLR), 16);
    while received.len() < 20 {
        received.push(bench.get_i2c(1, Reg::IC_DATA_CMD) as u8);
        bench.run(20 * BIT);
    }
    assert_eq!(received, (0..20).collect::<Vec<u8>>());
    assert!(!bench.is_raised(1, IC_RAW_INTR_STAT::RX_OVER));
}

/// 4.3.10.1: 10-bit target address, and the general call with its interrupt.
#[test]
fn the_target_answers_to_ten_bits_and_to_the_general_call() {
    let mut bench = joined();
    bench.start_i2c(1, TARGET | IC_CON::IC_10BITADDR_SLAVE.mask, 0x2A5);
    bench.start_i2c(0, CONTROLLER | IC_CON::IC_10BITADDR_MASTER.mask, 0x2A5);
    bench.put_i2c(0, Reg::IC_DATA_CMD, 0x61);
    bench.put_i2c(0, Reg::IC_DATA_CMD, READ | STOP);
    bench.run(100 * BIT);
    assert_eq!(bench.get_i2c(1, Reg::IC_DATA_CMD) as u8, 0x61);
    bench.put_i2c(1, Reg::IC_DATA_CMD, 0x62);
    bench.run(100 * BIT);
    assert_eq!(bench.get_i2c(0, Reg::IC_DATA_CMD) as u8, 0x62);
    bench.put_i2c(0, Reg::IC_TAR, IC_TAR::SPECIAL.mask);
    bench.put_i2c(0, Reg::IC_DATA_CMD, 0x06 | STOP);
    bench.run(100 * BIT);
    assert!(bench.is_raised(1, IC_RAW_INTR_STAT::GEN_CALL));
    assert_eq!(bench.get_i2c(1, Reg::IC_DATA_CMD) as u8, 0x06);
}

/// Two controllers start at once; the one that sends the 1 where the other sends a 0 gives way (UM10204 3.1.8).
#[test]
fn arbitration_is_lost_to_the_lower_address() {
    let mut bench = joined();
    bench.start_i2c(0, CONTROLLER, 0x17);
    bench.start_i2c(1, CONTROLLER, 0x57);
    bench.put_i2c(0, Reg::IC_DATA_CMD, STOP);
    bench.put_i2c(1, Reg::IC_DATA_CMD, STOP);
    bench.run(60 * BIT);
    assert_eq!(bench.get_i2c(1, Reg::IC_TX_ABRT_SOURCE) & 0x1FFFF, IC_TX_ABRT_SOURCE::ARB_LOST.mask);
    assert_eq!(bench.get_i2c(0, Reg::IC_TX_ABRT_SOURCE) & 0x1FFFF, IC_TX_ABRT_SOURCE::ABRT_7B_ADDR_NOACK.mask);
}

/// A part drives a pin from the bench's present on, or lets go of it.
fn hold(bench: &mut Bench, pin: u8, level: Option<bool>) {
    let now = bench.now();
    let fabric = &mut bench.system.dev.fabric;
    fabric.pins.drive_from_outside(Drive { pin, level }, now);
    fabric.inputs_changed();
}

/// 4.3.8: a controller waits for a bus that is free. 4.3.9: SCL that is held low stretches the clock.
#[test]
fn a_bus_that_a_part_holds_is_waited_for() {
    for pin in [4, 5] {
        let (mut bench, seen) = with_part(&[0x50], CONTROLLER, 0x50);
        hold(&mut bench, pin, Some(false));
        bench.put_i2c(0, Reg::IC_DATA_CMD, 0x12 | STOP);
        bench.run(100 * BIT);
        assert_eq!(take(&seen), []);
        assert_eq!(bench.get_i2c(0, Reg::IC_TX_ABRT_SOURCE), 0);
        assert!(!bench.is_raised(0, IC_RAW_INTR_STAT::START_DET));
        let freed = bench.now();
        hold(&mut bench, pin, None);
        bench.run(100 * BIT);
        let first = seen.lock().unwrap()[0];
        assert_eq!(first, (freed + LOW + HIGH + 9 * BIT, Seen::Start(0x50, false)));
        assert_eq!(take(&seen)[1..], [Seen::Write(0x12), Seen::Stop]);
    }
    let (mut bench, seen) = with_part(&[0x50], CONTROLLER, 0x50);
    bench.put_i2c(0, Reg::IC_DATA_CMD, 0x12);
    bench.run(HIGH + 4 * BIT);
    hold(&mut bench, 5, Some(false));
    bench.run(100 * BIT);
    assert_eq!(take(&seen), [Seen::Start(0x50, false)]);
    hold(&mut bench, 5, None);
    bench.run(20 * BIT);
    assert_eq!(take(&seen), [Seen::Write(0x12)]);
}

/// 4.3.8, IC_TX_ABRT_SOURCE.ARB_LOST: a 1 that was sent reads as 0.
#[test]
fn sda_that_a_part_holds_within_a_byte_is_arbitration_lost() {
    let (mut bench, seen) = with_part(&[0x50], CONTROLLER, 0x50);
    bench.put_i2c(0, Reg::IC_DATA_CMD, 0x12 | STOP);
    bench.run(HIGH + 12 * BIT);
    hold(&mut bench, 4, Some(false));
    bench.run(20 * BIT);
    assert_eq!(bench.get_i2c(0, Reg::IC_TX_ABRT_SOURCE) & 0x1FFFF, IC_TX_ABRT_SOURCE::ARB_LOST.mask);
    assert_eq!(take(&seen), [Seen::Start(0x50, false)]);
    assert!(!bench.is_raised(0, IC_RAW_INTR_STAT::STOP_DET));
}

/// What is shown to the log is what a target on the wire would decode, and the trace does not depend on it.
#[test]
fn the_levels_shown_are_those_of_the_transfer() {
    let run = |look: bool| {
        let (mut bench, seen) = with_part(&[0x50], CONTROLLER, 0x50);
        bench.system.dev.fabric.pins.keep_log(look);
        for word in [0x12, READ | RESTART, READ | STOP] {
            bench.put_i2c(0, Reg::IC_DATA_CMD, word);
        }
        bench.run(100 * BIT);
        let fabric = &mut bench.system.dev.fabric;
        (fabric.pins.trace.sha256(), fabric.pins.take_log(), take(&seen))
    };
    let (quiet, looked) = (run(false), run(true));
    assert_eq!((&quiet.0, &quiet.2), (&looked.0, &looked.2));
    // Played back edge by edge to a part of the same kind that only listens, the log gives the same bytes.
    let mut bits = vec![];
    let (mut sda, mut scl) = (true, true);
    for (_, level) in looked.1 {
        let (new_sda, new_scl) = (level >> 4 & 1 != 0, level >> 5 & 1 != 0);
        if new_scl && !scl {
            bits.push(u8::from(new_sda));
        } else if new_scl && scl && new_sda != sda {
            bits.push(if new_sda { b'P' } else { b'S' });
        }
        (sda, scl) = (new_sda, new_scl);
    }
    let byte = |value: u8, nack: u8| (0..8).rev().map(move |n| value >> n & 1).chain([nack]);
    let mut wanted = vec![b'S'];
    wanted.extend(byte(0xA0, 0).chain(byte(0x12, 0)));
    wanted.extend([1, b'S']);
    wanted.extend(byte(0xA1, 0).chain(byte(0x10, 0)).chain(byte(0x11, 1)));
    wanted.extend([0, b'P']);
    assert_eq!(bits, wanted);
    assert_eq!(LOW + HIGH, BIT);
}
