//! I2C0 and I2C1, as controllers. ESP32-S3 TRM chapter 27 (I2C Controller); ESP-IDF `hal/i2c_ll.h`.
//!
//! Bytes go straight to the part on the pins that SDA and SCL are routed to; edges appear where somebody looks.
//!
//! # Fidelity
//! - Command list, FIFOs, acknowledge check, 7- and 10-bit addresses, FSM reset and interrupts of the controller: as the TRM
//!   says. CONF_UPGATE is not waited for: timing registers count at once.
//! - Bits last as ESP-IDF works them out: SCL_LOW_PERIOD + 1, and SCL_HIGH_PERIOD + SCL_WAIT_HIGH_PERIOD cycles. The filters'
//!   delay, a few cycles a bit, is left out.
//! - After a refused byte the bus is held until software sends STOP or resets the FSM.
//! - Missing: target mode and access to the FIFO memory by address (both say so); stretching by parts, timeouts, lost
//!   arbitration, and lines joined to another controller's: parts are reached by bytes, and never stretch.

mod controller;
mod registers;
#[cfg(test)]
mod tests;

use crate::block::{undeclared, Block};
use crate::fabric::Fabric;
use crate::signals::{self, Signal};
use crate::slots::Slot;
use crate::sources::Source;
use controller::Controller;
use engine_core::registers::{Bank, Field, Group, Registers, Write};
use engine_core::time::{Hertz, Ps};
pub use registers::*;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Where a controller is wired to.
struct Wiring {
    sda: Signal,
    scl: Signal,
    slot: Slot,
    source: Source,
}

const WIRING: [Wiring; 2] = [
    Wiring { sda: signals::I2CEXT0_SDA, scl: signals::I2CEXT0_SCL, slot: Slot::I2c0, source: Source::I2C_EXT0 },
    Wiring { sda: signals::I2CEXT1_SDA, scl: signals::I2CEXT1_SCL, slot: Slot::I2c1, source: Source::I2C_EXT1 },
];

/// Bytes of each FIFO, TRM 27.2.
const DEPTH: usize = 32;

/// One controller.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct I2c {
    index: usize,
    bank: Bank<Reg>,
    raw: u32,
    tx: VecDeque<u8>,
    rx: VecDeque<u8>,
    controller: Controller,
    /// The clocks that free a stuck bus end here.
    recovered_at: Ps,
}

impl I2c {
    /// I2C0 or I2C1 after power-on.
    pub fn new(index: usize) -> Self {
        Self {
            index,
            bank: Bank::new(),
            raw: INT_RAW::TXFIFO_WM_INT_RAW.mask,
            tx: VecDeque::new(),
            rx: VecDeque::new(),
            controller: Controller::default(),
            recovered_at: 0,
        }
    }

    fn wiring(&self) -> &'static Wiring {
        &WIRING[self.index]
    }

    fn field(&self, register: Reg, field: Field) -> u32 {
        self.bank.field(register, field)
    }

    fn ctr(&self, field: Field) -> bool {
        field.is_set(self.bank.get(Reg::CTR))
    }

    /// I2C_SCLK, TRM 27.4.1: XTAL or RC_FAST through the divider with its fraction.
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
        if self.tx.len() < FIFO_CONF::TXFIFO_WM_THRHD.get(conf) as usize {
            self.raw |= INT_RAW::TXFIFO_WM_INT_RAW.mask;
        }
        if self.rx.len() > FIFO_CONF::RXFIFO_WM_THRHD.get(conf) as usize {
            self.raw |= INT_RAW::RXFIFO_WM_INT_RAW.mask;
        }
        fabric.set_irq(self.wiring().source, self.raw & self.bank.get(Reg::INT_ENA) != 0);
    }

    fn status(&self) -> u32 {
        let bit = |field: Field, on: bool| if on { field.mask } else { 0 };
        SR::TXFIFO_CNT.put(self.bank.get(Reg::SR), self.tx.len() as u32)
            | SR::RXFIFO_CNT.put(0, self.rx.len() as u32)
            | bit(SR::BUS_BUSY, self.controller.is_busy())
            | bit(SR::RESP_REC, self.controller.refused())
    }
}

impl Block for I2c {
    const GROUPS: &'static [Group] = &[Group::one("I2C0", Reg::TABLE)];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        if Reg::at(offset) != Some(Reg::DATA) {
            if Reg::at(offset).is_none() {
                return undeclared("I2C", offset, fabric);
            }
            return self.peek(offset, fabric);
        }
        let byte = self.rx.pop_front();
        self.raise(if byte.is_none() { INT_RAW::RXFIFO_UDF_INT_RAW.mask } else { 0 }, fabric);
        u32::from(byte.unwrap_or(0))
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        match Reg::at(offset) {
            Some(Reg::DATA) => u32::from(self.rx.front().copied().unwrap_or(0)),
            Some(Reg::SR) => self.status(),
            Some(Reg::INT_RAW) => self.raw,
            Some(Reg::INT_STATUS) => self.raw & self.bank.get(Reg::INT_ENA),
            Some(Reg::SCL_SP_CONF) => {
                let value = self.bank.load(Reg::SCL_SP_CONF);
                let over = fabric.now() >= self.recovered_at;
                if over {
                    value & !SCL_SP_CONF::SCL_RST_SLV_EN.mask
                } else {
                    value
                }
            }
            Some(register) => self.bank.load(register),
            None => 0,
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        let Some(register) = Reg::at(offset) else {
            undeclared("I2C", offset, fabric);
            return;
        };
        self.bank.store(register, write, "I2C", &mut fabric.gaps);
        let mut raised = 0;
        match register {
            Reg::DATA if self.tx.len() < DEPTH => {
                self.tx.push_back(write.value as u8);
                self.run(fabric);
            }
            Reg::DATA => raised = INT_RAW::TXFIFO_OVF_INT_RAW.mask,
            Reg::INT_CLR => self.raw &= !write.value,
            Reg::FIFO_CONF => {
                if FIFO_CONF::TX_FIFO_RST.is_set(write.value) {
                    self.tx.clear();
                }
                if FIFO_CONF::RX_FIFO_RST.is_set(write.value) {
                    self.rx.clear();
                }
            }
            Reg::SCL_SP_CONF if SCL_SP_CONF::SCL_RST_SLV_EN.is_set(write.value) => {
                let clocks = SCL_SP_CONF::SCL_RST_SLV_NUM.get(write.value);
                self.recovered_at = fabric.now() + u64::from(clocks) * self.times(fabric).bit();
            }
            Reg::CTR => {
                if CTR::FSM_RST.is_set(write.value) {
                    self.reset_fsm(fabric);
                }
                if CTR::TRANS_START.is_set(write.value) {
                    self.start(fabric);
                }
            }
            _ => {}
        }
        self.raise(raised, fabric);
    }

    fn event(&mut self, _slot: Slot, fabric: &mut Fabric) {
        self.run(fabric);
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        self.reset_fsm(fabric);
        *self = Self::new(self.index);
        let wiring = self.wiring();
        // Open drain: the lines are let go of.
        fabric.drive(wiring.sda, true);
        fabric.drive(wiring.scl, true);
        self.raise(0, fabric);
    }
}
