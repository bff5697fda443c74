//! I2C0 and I2C1. ESP32-S3 TRM, chapter I2C Controller; ESP-IDF `hal/i2c_ll.h`, `soc/i2c_reg.h`.
//!
//! Software writes one set of registers; the state machines work with a copy of the settings, which CONF_UPGATE takes over.
//! Alone on its pins with parts, the controller hands bytes straight to them, and edges appear where somebody looks. Where
//! pins are joined, a line is held from outside, or another block looks at the pins, each edge is real.
//!
//! # Fidelity
//! - Command list, FIFOs and their RAM by address, acknowledge check, 7- and 10-bit addresses, general call, the four causes
//!   of stretching, arbitration, bus clear, the three time-outs and all interrupts: as the TRM says.
//! - SCL as ESP-IDF works it out and says to have measured: low for SCL_LOW_PERIOD + 1 cycles, high for SCL_HIGH_PERIOD +
//!   SCL_WAIT_HIGH_PERIOD; each other time is its register + 1. The controller does not wait for its own edges to come back
//!   through its filter, and does not shorten its high time to that of another controller.
//! - Pulls are not checked where bytes go straight to parts: without pull-ups a real bus would stay low.
//! - After a refused byte the bus is held until software sends STOP or resets the FSM. While END holds the bus no time-out
//!   counts: a real one may.
//! - A target that has nothing to send, and does not stretch, sends ones: a real one sends what is left in its RAM.
//! - Parts are asked at the end of each byte, and never stretch.

mod controller;
mod fifo;
mod lines;
mod registers;
mod target;
#[cfg(test)]
mod target_tests;
#[cfg(test)]
mod tests;
mod wire;

use crate::block::{undeclared, Block, InputEdge};
use crate::fabric::Fabric;
use crate::signals::{self, Signal};
use crate::slots::Slot;
use crate::sources::Source;
use controller::Controller;
use engine_core::registers::{Bank, Field, Group, Registers, Write};
use engine_core::time::{Hertz, Ps};
use fifo::Fifo;
use lines::Lines;
pub use registers::*;
use serde::{Deserialize, Serialize};
use target::Target;

/// Where a controller is wired to.
struct Wiring {
    base: u32,
    sda: Signal,
    scl: Signal,
    slot: Slot,
    source: Source,
}

const WIRING: [Wiring; 2] = [
    Wiring {
        base: 0x6001_3000,
        sda: signals::I2CEXT0_SDA,
        scl: signals::I2CEXT0_SCL,
        slot: Slot::I2c0,
        source: Source::I2C_EXT0,
    },
    Wiring {
        base: 0x6002_7000,
        sda: signals::I2CEXT1_SDA,
        scl: signals::I2CEXT1_SCL,
        slot: Slot::I2c1,
        source: Source::I2C_EXT1,
    },
];

/// The settings that count when CONF_UPGATE is set. Of CTR and FIFO_CONF only some fields do; the others act at once.
const SYNCHRONIZED: [Reg; 16] = [
    Reg::SCL_LOW_PERIOD,
    Reg::CTR,
    Reg::TO,
    Reg::SLAVE_ADDR,
    Reg::FIFO_CONF,
    Reg::SDA_HOLD,
    Reg::SDA_SAMPLE,
    Reg::SCL_HIGH_PERIOD,
    Reg::SCL_START_HOLD,
    Reg::SCL_RSTART_SETUP,
    Reg::SCL_STOP_HOLD,
    Reg::SCL_STOP_SETUP,
    Reg::FILTER_CFG,
    Reg::SCL_ST_TIME_OUT,
    Reg::SCL_MAIN_ST_TIME_OUT,
    Reg::SCL_STRETCH_CONF,
];

/// What an offset is: a register, or a byte of the RAM of one of the FIFOs.
enum Place {
    Register(Reg),
    Tx(usize),
    Rx(usize),
}

/// ESP-IDF `soc/i2c_struct.h`: 32 words for each FIFO, a byte each.
fn place(offset: u32) -> Option<Place> {
    match offset {
        0x100..=0x17F => Some(Place::Tx((offset - 0x100) as usize / 4)),
        0x180..=0x1FF => Some(Place::Rx((offset - 0x180) as usize / 4)),
        _ => Reg::at(offset).map(Place::Register),
    }
}

/// One controller.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct I2c {
    index: usize,
    bank: Bank<Reg>,
    /// The settings that count.
    synced: Bank<Reg>,
    raw: u32,
    tx: Fifo,
    rx: Fifo,
    controller: Controller,
    target: Target,
    lines: Lines,
    /// SDA and SCL are pulled low.
    pulls: (bool, bool),
    /// The last acknowledge bit that was received.
    refused: bool,
}

impl I2c {
    /// I2C0 or I2C1 after power-on.
    pub fn new(index: usize) -> Self {
        Self {
            index,
            bank: Bank::new(),
            synced: Bank::new(),
            raw: INT_RAW::TXFIFO_WM_INT_RAW.mask,
            tx: Fifo::default(),
            rx: Fifo::default(),
            controller: Controller::default(),
            target: Target::default(),
            lines: Lines::default(),
            pulls: (false, false),
            refused: false,
        }
    }

    fn wiring(&self) -> &'static Wiring {
        &WIRING[self.index]
    }

    fn ctr(&self, field: Field) -> bool {
        field.is_set(self.synced.get(Reg::CTR))
    }

    /// NONFIFO_EN: software reaches the bytes by address, and nobody counts them.
    fn is_by_address(&self) -> bool {
        FIFO_CONF::NONFIFO_EN.is_set(self.bank.get(Reg::FIFO_CONF))
    }

    /// SDA_PD_EN or SCL_PD_EN.
    fn is_held_low(&self) -> bool {
        self.synced.get(Reg::SCL_SP_CONF) & (SCL_SP_CONF::SDA_PD_EN.mask | SCL_SP_CONF::SCL_PD_EN.mask) != 0
    }

    /// I2C_SCLK: XTAL or RC_FAST through the divider with its fraction.
    fn core_clock(&self, fabric: &Fabric) -> Hertz {
        let conf = self.bank.get(Reg::CLK_CONF);
        if !CLK_CONF::SCLK_ACTIVE.is_set(conf) {
            return Hertz::STOPPED;
        }
        let source = if CLK_CONF::SCLK_SEL.is_set(conf) { fabric.rates.rc_fast } else { fabric.rates.xtal };
        let (a, b) = (CLK_CONF::SCLK_DIV_A.get(conf), CLK_CONF::SCLK_DIV_B.get(conf).max(1));
        let whole = CLK_CONF::SCLK_DIV_NUM.get(conf) + 1;
        source.scaled(u64::from(b), u64::from(whole * b + a))
    }

    /// Raises interrupts, and those again whose FIFO level still holds.
    fn raise(&mut self, what: u32, fabric: &mut Fabric) {
        self.raw |= what;
        let conf = self.bank.get(Reg::FIFO_CONF);
        let counts = FIFO_CONF::FIFO_PRT_EN.is_set(conf);
        if counts && self.tx.len() < FIFO_CONF::TXFIFO_WM_THRHD.get(conf) as usize {
            self.raw |= INT_RAW::TXFIFO_WM_INT_RAW.mask;
        }
        if counts && self.rx.len() > FIFO_CONF::RXFIFO_WM_THRHD.get(conf) as usize {
            self.raw |= INT_RAW::RXFIFO_WM_INT_RAW.mask;
        }
        fabric.set_irq(self.wiring().source, self.raw & self.bank.get(Reg::INT_ENA) != 0);
    }

    /// FIFO_PRT_EN: the FIFOs tell when they run over or dry.
    fn fifo_error(&self, interrupt: Field) -> u32 {
        let tells = FIFO_CONF::FIFO_PRT_EN.is_set(self.bank.get(Reg::FIFO_CONF));
        if tells {
            interrupt.mask
        } else {
            0
        }
    }

    /// The next byte to send.
    fn next_tx(&mut self) -> Option<u8> {
        if self.is_by_address() {
            Some(self.tx.take_next())
        } else {
            self.tx.pop()
        }
    }

    /// A byte has come in.
    fn receive(&mut self, byte: u8, fabric: &mut Fabric) {
        if self.is_by_address() {
            self.rx.put_next(byte);
        } else if !self.rx.push(byte) {
            let raised = self.fifo_error(INT_RAW::RXFIFO_OVF_INT_RAW);
            self.raise(raised, fabric);
        }
        self.raise(0, fabric);
    }

    /// TX_LSB_FIRST.
    fn outgoing(&self, byte: u8) -> u8 {
        if self.ctr(CTR::TX_LSB_FIRST) {
            byte.reverse_bits()
        } else {
            byte
        }
    }

    /// RX_LSB_FIRST.
    fn incoming(&self, byte: u8) -> u8 {
        if self.ctr(CTR::RX_LSB_FIRST) {
            byte.reverse_bits()
        } else {
            byte
        }
    }

    fn status(&self, fabric: &Fabric) -> u32 {
        let bit = |field: Field, on: bool| if on { field.mask } else { 0 };
        let busy = self.controller.is_busy() || self.lines.is_busy();
        let (main, scl) =
            if self.ctr(CTR::MS_MODE) { self.controller.states(fabric.now()) } else { (self.target.main_state(), 0) };
        let idle = SR::STRETCH_CAUSE.get(self.bank.get(Reg::SR));
        SR::TXFIFO_CNT.put(0, self.tx.len() as u32)
            | SR::RXFIFO_CNT.put(0, self.rx.len() as u32)
            | SR::STRETCH_CAUSE.put(0, self.target.cause().unwrap_or(idle))
            | SR::SCL_MAIN_STATE_LAST.put(0, main)
            | SR::SCL_STATE_LAST.put(0, scl)
            | bit(SR::BUS_BUSY, busy)
            | bit(SR::ARB_LOST, self.controller.has_lost())
            | bit(SR::SLAVE_ADDRESSED, self.target.is_addressed())
            | bit(SR::SLAVE_RW, self.target.is_read())
            | bit(SR::RESP_REC, self.refused)
    }

    fn fifo_status(&self) -> u32 {
        let ((tx_write, tx_read), (rx_write, rx_read)) = (self.tx.pointers(), self.rx.pointers());
        FIFO_ST::TXFIFO_WADDR.put(0, tx_write)
            | FIFO_ST::TXFIFO_RADDR.put(0, tx_read)
            | FIFO_ST::RXFIFO_WADDR.put(0, rx_write)
            | FIFO_ST::RXFIFO_RADDR.put(0, rx_read)
            | FIFO_ST::SLAVE_RW_POINT.put(0, self.target.offset())
    }

    /// CONF_UPGATE: the settings count from now on.
    fn take_settings(&mut self, fabric: &mut Fabric) {
        for register in SYNCHRONIZED {
            self.synced.set(register, self.bank.get(register));
        }
        self.synced.set(Reg::SCL_SP_CONF, self.bank.get(Reg::SCL_SP_CONF));
        let (sda, scl) = self.pulls;
        let now = fabric.now();
        self.pull(sda, scl, now, fabric);
        if SCL_SP_CONF::SCL_RST_SLV_EN.is_set(self.synced.get(Reg::SCL_SP_CONF)) {
            self.send_clocks(fabric);
        }
    }

    /// Brings everything up to now, and says when to come back.
    fn advance(&mut self, fabric: &mut Fabric) {
        let now = fabric.now();
        self.take_levels(now, fabric);
        self.run_target(now, fabric);
        self.run(fabric);
        self.check_time_outs(fabric);
        self.hold_clock(fabric);
        let due = [
            self.lines.due(),
            self.target.due(self.scl_timeout(fabric)),
            self.controller.step_due(),
            self.time_out_due(fabric),
        ];
        let due = due.into_iter().min().unwrap_or(Ps::MAX);
        let slot = self.wiring().slot;
        if fabric.events.due(slot as usize) != due {
            fabric.at(slot, due);
        }
    }

    fn control(&mut self, value: u32, fabric: &mut Fabric) {
        if CTR::CONF_UPGATE.is_set(value) {
            self.take_settings(fabric);
        }
        if CTR::FSM_RST.is_set(value) {
            self.reset_fsm(fabric);
        }
        if CTR::TRANS_START.is_set(value) {
            self.start(fabric);
        }
    }

    fn write_register(&mut self, register: Reg, write: Write, fabric: &mut Fabric) {
        self.bank.store(register, write, "I2C", &mut fabric.gaps);
        let mut raised = 0;
        match register {
            Reg::DATA => {
                let room = self.tx.push(write.value as u8);
                raised = if room { 0 } else { self.fifo_error(INT_RAW::TXFIFO_OVF_INT_RAW) };
            }
            Reg::INT_CLR => self.raw &= !write.value,
            Reg::FIFO_CONF => {
                if FIFO_CONF::TX_FIFO_RST.is_set(write.value) {
                    self.tx.clear();
                }
                if FIFO_CONF::RX_FIFO_RST.is_set(write.value) {
                    self.rx.clear();
                }
            }
            Reg::SCL_STRETCH_CONF if SCL_STRETCH_CONF::SLAVE_SCL_STRETCH_CLR.is_set(write.value) => {
                self.clear_stretch(fabric);
            }
            Reg::CTR => self.control(write.value, fabric),
            _ => {}
        }
        self.raise(raised, fabric);
        self.advance(fabric);
    }
}

impl Block for I2c {
    const GROUPS: &'static [Group] = &[Group::one("I2C0", Reg::TABLE)];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        match place(offset) {
            None => undeclared("I2C", offset, fabric),
            Some(Place::Register(Reg::DATA)) => {
                let byte = self.rx.pop();
                let raised = if byte.is_none() { self.fifo_error(INT_RAW::RXFIFO_UDF_INT_RAW) } else { 0 };
                self.raise(raised, fabric);
                u32::from(byte.unwrap_or(0))
            }
            Some(_) => self.peek(offset, fabric),
        }
    }

    fn stays(&self, offset: u32) -> bool {
        Reg::at(offset).is_some_and(|register| !matches!(register, Reg::DATA | Reg::SR))
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        match place(offset) {
            None => 0,
            Some(Place::Tx(index)) => u32::from(self.tx.byte(index)),
            Some(Place::Rx(index)) => u32::from(self.rx.byte(index)),
            Some(Place::Register(Reg::DATA)) => u32::from(self.rx.front().unwrap_or(0)),
            Some(Place::Register(Reg::SR)) => self.status(fabric),
            Some(Place::Register(Reg::FIFO_ST)) => self.fifo_status(),
            Some(Place::Register(Reg::INT_RAW)) => self.raw,
            Some(Place::Register(Reg::INT_STATUS)) => self.raw & self.bank.get(Reg::INT_ENA),
            Some(Place::Register(register)) => self.bank.load(register),
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        if fabric.is_dark(self.wiring().base) {
            // ESP-IDF 4.4 asks for a bus clear while SYSTEM holds the block without clock and in reset; nothing comes of it.
            return;
        }
        match place(offset) {
            None => {
                undeclared("I2C", offset, fabric);
            }
            Some(Place::Tx(index)) => self.tx.set_byte(index, write.value as u8),
            Some(Place::Rx(index)) => self.rx.set_byte(index, write.value as u8),
            Some(Place::Register(register)) => self.write_register(register, write, fabric),
        }
    }

    fn event(&mut self, _slot: Slot, fabric: &mut Fabric) {
        self.advance(fabric);
    }

    fn input(&mut self, edge: InputEdge, fabric: &mut Fabric) {
        self.line_moved(edge, fabric);
    }

    fn clocks_changed(&mut self, fabric: &mut Fabric) {
        self.advance(fabric);
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        self.reset_fsm(fabric);
        *self = Self::new(self.index);
        let wiring = self.wiring();
        fabric.cancel(wiring.slot);
        fabric.watch_input(wiring.sda, true);
        fabric.watch_input(wiring.scl, true);
        self.look_at_lines(fabric);
        let now = fabric.now();
        self.pull(false, false, now, fabric);
        self.raise(0, fabric);
    }
}
