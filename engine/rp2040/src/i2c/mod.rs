//! I2C0 and I2C1: Synopsys DW_apb_i2c, version 2.01a. RP2040 datasheet, section 4.3.
//!
//! # Fidelity
//! - On pins that no wire joins to other pins the controller exchanges whole bytes with the parts; a byte takes its
//!   exact time by the SCL counts. SDA and SCL are shown to ports and the log; other blocks see both high.
//! - On joined pins each edge is real: other controllers and targets of this chip and PIO take part, stretch the
//!   clock, and win arbitration.
//! - START, repeated START, STOP and the free time after it are made of the same SCL counts (4.3.14); the filter
//!   (IC_FS_SPKLEN) lengthens SCL high, but no spikes are filtered.
//! - A part that holds SDA or SCL low keeps the bus busy, stretches the clock, or wins arbitration at the end of the byte.
//! - Pulls are not checked: without pull-ups the fast path works where a real bus would stay low.
//! - Targets of parts are asked at the end of each byte. A read byte is in the FIFO after its acknowledge.
//! - High-speed mode does not exist on this chip; SPEED 3 runs as fast mode.

mod controller;
mod target;
#[cfg(test)]
mod tests;

use crate::block::{undeclared, Block};
use crate::fabric::{Fabric, Irq, Slot};
use crate::pads::Func;
use crate::serial_in::{i2c_pins, Input};
use controller::Controller;
use engine_core::registers::{Bank, Field, Group, Registers, Write};
use engine_core::time::Ps;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use target::Target;

engine_core::registers! {
    /// Datasheet 4.3.17.
    pub Reg;
    IC_CON 0x000 = 0x0000_0065 {
        STOP_DET_IF_MASTER_ACTIVE 10 ro; RX_FIFO_FULL_HLD_CTRL 9 rw; TX_EMPTY_CTRL 8 rw; STOP_DET_IFADDRESSED 7 rw;
        IC_SLAVE_DISABLE 6 rw; IC_RESTART_EN 5 rw; IC_10BITADDR_MASTER 4 rw; IC_10BITADDR_SLAVE 3 rw; SPEED 2:1 rw;
        MASTER_MODE 0 rw;
    }
    IC_TAR 0x004 = 0x0000_0055 { SPECIAL 11 rw; GC_OR_START 10 rw; IC_TAR 9:0 rw; }
    IC_SAR 0x008 = 0x0000_0055 { IC_SAR 9:0 rw; }
    IC_DATA_CMD 0x010 = 0x0000_0000 { FIRST_DATA_BYTE 11 ro; RESTART 10 wo; STOP 9 wo; CMD 8 wo; DAT 7:0 rw; }
    IC_SS_SCL_HCNT 0x014 = 0x0000_0028 { IC_SS_SCL_HCNT 15:0 rw; }
    IC_SS_SCL_LCNT 0x018 = 0x0000_002F { IC_SS_SCL_LCNT 15:0 rw; }
    IC_FS_SCL_HCNT 0x01C = 0x0000_0006 { IC_FS_SCL_HCNT 15:0 rw; }
    IC_FS_SCL_LCNT 0x020 = 0x0000_000D { IC_FS_SCL_LCNT 15:0 rw; }
    IC_INTR_STAT 0x02C = 0x0000_0000 {
        R_RESTART_DET 12 ro; R_GEN_CALL 11 ro; R_START_DET 10 ro; R_STOP_DET 9 ro; R_ACTIVITY 8 ro; R_RX_DONE 7 ro;
        R_TX_ABRT 6 ro; R_RD_REQ 5 ro; R_TX_EMPTY 4 ro; R_TX_OVER 3 ro; R_RX_FULL 2 ro; R_RX_OVER 1 ro;
        R_RX_UNDER 0 ro;
    }
    IC_INTR_MASK 0x030 = 0x0000_08FF {
        M_RESTART_DET 12 rw; M_GEN_CALL 11 rw; M_START_DET 10 rw; M_STOP_DET 9 rw; M_ACTIVITY 8 rw; M_RX_DONE 7 rw;
        M_TX_ABRT 6 rw; M_RD_REQ 5 rw; M_TX_EMPTY 4 rw; M_TX_OVER 3 rw; M_RX_FULL 2 rw; M_RX_OVER 1 rw;
        M_RX_UNDER 0 rw;
    }
    IC_RAW_INTR_STAT 0x034 = 0x0000_0000 {
        RESTART_DET 12 ro; GEN_CALL 11 ro; START_DET 10 ro; STOP_DET 9 ro; ACTIVITY 8 ro; RX_DONE 7 ro;
        TX_ABRT 6 ro; RD_REQ 5 ro; TX_EMPTY 4 ro; TX_OVER 3 ro; RX_FULL 2 ro; RX_OVER 1 ro; RX_UNDER 0 ro;
    }
    IC_RX_TL 0x038 = 0x0000_0000 { RX_TL 7:0 rw; }
    IC_TX_TL 0x03C = 0x0000_0000 { TX_TL 7:0 rw; }
    IC_CLR_INTR 0x040 = 0x0000_0000 { CLR_INTR 0 ro; }
    IC_CLR_RX_UNDER 0x044 = 0x0000_0000 { CLR_RX_UNDER 0 ro; }
    IC_CLR_RX_OVER 0x048 = 0x0000_0000 { CLR_RX_OVER 0 ro; }
    IC_CLR_TX_OVER 0x04C = 0x0000_0000 { CLR_TX_OVER 0 ro; }
    IC_CLR_RD_REQ 0x050 = 0x0000_0000 { CLR_RD_REQ 0 ro; }
    IC_CLR_TX_ABRT 0x054 = 0x0000_0000 { CLR_TX_ABRT 0 ro; }
    IC_CLR_RX_DONE 0x058 = 0x0000_0000 { CLR_RX_DONE 0 ro; }
    IC_CLR_ACTIVITY 0x05C = 0x0000_0000 { CLR_ACTIVITY 0 ro; }
    IC_CLR_STOP_DET 0x060 = 0x0000_0000 { CLR_STOP_DET 0 ro; }
    IC_CLR_START_DET 0x064 = 0x0000_0000 { CLR_START_DET 0 ro; }
    IC_CLR_GEN_CALL 0x068 = 0x0000_0000 { CLR_GEN_CALL 0 ro; }
    IC_ENABLE 0x06C = 0x0000_0000 { TX_CMD_BLOCK 2 rw; ABORT 1 rw; ENABLE 0 rw; }
    IC_STATUS 0x070 = 0x0000_0006 {
        SLV_ACTIVITY 6 ro; MST_ACTIVITY 5 ro; RFF 4 ro; RFNE 3 ro; TFE 2 ro; TFNF 1 ro; ACTIVITY 0 ro;
    }
    IC_TXFLR 0x074 = 0x0000_0000 { TXFLR 4:0 ro; }
    IC_RXFLR 0x078 = 0x0000_0000 { RXFLR 4:0 ro; }
    IC_SDA_HOLD 0x07C = 0x0000_0001 { IC_SDA_RX_HOLD 23:16 todo "SDA is sampled when SCL rises"; IC_SDA_TX_HOLD 15:0 rw; }
    IC_TX_ABRT_SOURCE 0x080 = 0x0000_0000 {
        TX_FLUSH_CNT 31:23 ro; ABRT_USER_ABRT 16 ro; ABRT_SLVRD_INTX 15 ro; ABRT_SLV_ARBLOST 14 ro;
        ABRT_SLVFLUSH_TXFIFO 13 ro; ARB_LOST 12 ro; ABRT_MASTER_DIS 11 ro; ABRT_10B_RD_NORSTRT 10 ro;
        ABRT_SBYTE_NORSTRT 9 ro; ABRT_HS_NORSTRT 8 ro; ABRT_SBYTE_ACKDET 7 ro; ABRT_HS_ACKDET 6 ro;
        ABRT_GCALL_READ 5 ro; ABRT_GCALL_NOACK 4 ro; ABRT_TXDATA_NOACK 3 ro; ABRT_10ADDR2_NOACK 2 ro;
        ABRT_10ADDR1_NOACK 1 ro; ABRT_7B_ADDR_NOACK 0 ro;
    }
    IC_SLV_DATA_NACK_ONLY 0x084 = 0x0000_0000 { NACK 0 rw; }
    IC_DMA_CR 0x088 = 0x0000_0000 { TDMAE 1 rw; RDMAE 0 rw; }
    IC_DMA_TDLR 0x08C = 0x0000_0000 { DMATDL 3:0 rw; }
    IC_DMA_RDLR 0x090 = 0x0000_0000 { DMARDL 3:0 rw; }
    IC_SDA_SETUP 0x094 = 0x0000_0064 { SDA_SETUP 7:0 rw; }
    IC_ACK_GENERAL_CALL 0x098 = 0x0000_0001 { ACK_GEN_CALL 0 rw; }
    IC_ENABLE_STATUS 0x09C = 0x0000_0000 { SLV_RX_DATA_LOST 2 ro; SLV_DISABLED_WHILE_BUSY 1 ro; IC_EN 0 ro; }
    IC_FS_SPKLEN 0x0A0 = 0x0000_0007 { IC_FS_SPKLEN 7:0 rw; }
    IC_CLR_RESTART_DET 0x0A8 = 0x0000_0000 { CLR_RESTART_DET 0 ro; }
    IC_COMP_PARAM_1 0x0F4 = 0x0000_0000 {
        TX_BUFFER_DEPTH 23:16 ro; RX_BUFFER_DEPTH 15:8 ro; ADD_ENCODED_PARAMS 7 ro; HAS_DMA 6 ro; INTR_IO 5 ro;
        HC_COUNT_VALUES 4 ro; MAX_SPEED_MODE 3:2 ro; APB_DATA_WIDTH 1:0 ro;
    }
    IC_COMP_VERSION 0x0F8 = 0x3230_312A { IC_COMP_VERSION 31:0 ro; }
    IC_COMP_TYPE 0x0FC = 0x4457_0140 { IC_COMP_TYPE 31:0 ro; }
}

/// Both FIFOs, 4.3.1.
const DEPTH: usize = 16;

/// What differs between the two copies.
struct Wiring {
    name: &'static str,
    sda: Input,
    scl: Input,
    sda_pins: u32,
    scl_pins: u32,
    slot: Slot,
    irq: Irq,
    tx_dreq: u8,
    rx_dreq: u8,
}

const WIRING: [Wiring; 2] = [
    Wiring {
        name: "I2C0",
        sda: Input::I2c0Sda,
        scl: Input::I2c0Scl,
        sda_pins: i2c_pins(0, 0),
        scl_pins: i2c_pins(0, 1),
        slot: Slot::I2c0,
        irq: Irq::I2C0,
        tx_dreq: 32,
        rx_dreq: 33,
    },
    Wiring {
        name: "I2C1",
        sda: Input::I2c1Sda,
        scl: Input::I2c1Scl,
        sda_pins: i2c_pins(1, 0),
        scl_pins: i2c_pins(1, 1),
        slot: Slot::I2c1,
        irq: Irq::I2C1,
        tx_dreq: 34,
        rx_dreq: 35,
    },
];

/// The SCL counts and the hold time as durations.
#[derive(Clone, Copy, Debug)]
struct Times {
    low: Ps,
    high: Ps,
    hold: Ps,
    setup: Ps,
}

/// The state of one I2C.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct I2c {
    index: usize,
    bank: Bank<Reg>,
    /// Interrupts that stay until they are cleared; the levels of FIFOs are worked out.
    latched: u32,
    /// Commands and data as written to IC_DATA_CMD.
    tx: VecDeque<u16>,
    rx: VecDeque<u16>,
    /// TX_ABRT holds the transmit FIFO empty until IC_CLR_TX_ABRT is read.
    flushed: bool,
    controller: Controller,
    target: Target,
    /// SDA and SCL are pulled low.
    pulls: (bool, bool),
}

impl I2c {
    /// I2C `index` after reset.
    pub fn new(index: usize) -> Self {
        Self {
            index,
            bank: Bank::new(),
            latched: 0,
            tx: VecDeque::with_capacity(DEPTH),
            rx: VecDeque::with_capacity(DEPTH),
            flushed: false,
            controller: Controller::default(),
            target: Target::default(),
            pulls: (false, false),
        }
    }

    fn wiring(&self) -> &'static Wiring {
        &WIRING[self.index]
    }

    fn con(&self, field: Field) -> bool {
        field.is_set(self.bank.get(Reg::IC_CON))
    }

    fn is_enabled(&self) -> bool {
        IC_ENABLE::ENABLE.is_set(self.bank.get(Reg::IC_ENABLE))
    }

    /// 4.3.10.1.2 and 4.3.10.2.1: one of the two, not both.
    fn is_controller(&self) -> bool {
        self.con(IC_CON::MASTER_MODE)
    }

    fn is_target(&self) -> bool {
        self.is_enabled() && !self.con(IC_CON::MASTER_MODE) && !self.con(IC_CON::IC_SLAVE_DISABLE)
    }

    fn is_active(&self) -> bool {
        self.controller.is_active() || self.target.is_addressed()
    }

    /// 4.3.14: ic_clk is clk_sys; SCL is high for HCNT + SPKLEN + 7 periods, and low for LCNT + 1.
    fn times(&self, fabric: &Fabric) -> Times {
        let standard = self.bank.field(Reg::IC_CON, IC_CON::SPEED) == 1;
        let (high, low) = if standard {
            (self.bank.get(Reg::IC_SS_SCL_HCNT), self.bank.get(Reg::IC_SS_SCL_LCNT))
        } else {
            (self.bank.get(Reg::IC_FS_SCL_HCNT), self.bank.get(Reg::IC_FS_SCL_LCNT))
        };
        let cycles = |n: u32| fabric.clock.rate().duration(u64::from(n));
        let low = cycles(low + 1);
        Times {
            low,
            high: cycles(high + self.bank.get(Reg::IC_FS_SPKLEN) + 7),
            hold: cycles(self.bank.field(Reg::IC_SDA_HOLD, IC_SDA_HOLD::IC_SDA_TX_HOLD)).min(low / 2),
            setup: cycles(self.bank.get(Reg::IC_SDA_SETUP)),
        }
    }

    /// Pulls SDA or SCL low, or lets go.
    fn pull(&mut self, sda: bool, scl: bool, at: Ps, fabric: &mut Fabric) {
        if self.pulls == (sda, scl) {
            return;
        }
        self.pulls = (sda, scl);
        let wiring = self.wiring();
        let enable = if sda { wiring.sda_pins } else { 0 } | if scl { wiring.scl_pins } else { 0 };
        fabric.drive_some(Func::I2c, wiring.sda_pins | wiring.scl_pins, 0, enable, at);
    }

    fn raise(&mut self, interrupt: Field) {
        self.latched |= interrupt.mask;
    }

    /// TX_ABRT: the reason, both FIFOs flushed, and the transmit FIFO held empty.
    fn transmit_abort(&mut self, reason: Field) {
        let source = self.bank.get(Reg::IC_TX_ABRT_SOURCE) | reason.mask;
        let source = IC_TX_ABRT_SOURCE::TX_FLUSH_CNT.put(source, self.tx.len() as u32);
        self.bank.set(Reg::IC_TX_ABRT_SOURCE, source);
        self.tx.clear();
        self.rx.clear();
        self.flushed = true;
        self.raise(IC_RAW_INTR_STAT::TX_ABRT);
    }

    /// A byte has come in.
    fn receive(&mut self, byte: u8, first: bool) {
        if self.rx.len() < DEPTH {
            self.rx.push_back(IC_DATA_CMD::FIRST_DATA_BYTE.put(u32::from(byte), u32::from(first)) as u16);
        } else {
            self.raise(IC_RAW_INTR_STAT::RX_OVER);
        }
    }

    fn holds_when_full(&self) -> bool {
        self.con(IC_CON::RX_FIFO_FULL_HLD_CTRL)
    }

    fn raw(&self) -> u32 {
        let bit = |field: Field, on: bool| if on { field.mask } else { 0 };
        let below = self.tx.len() as u32 <= self.bank.get(Reg::IC_TX_TL).min(DEPTH as u32);
        let resting = !self.con(IC_CON::TX_EMPTY_CTRL) || !self.controller.has_command();
        let on = self.is_enabled() || self.is_active();
        self.latched
            | bit(IC_RAW_INTR_STAT::TX_EMPTY, on && below && resting)
            | bit(IC_RAW_INTR_STAT::RX_FULL, self.rx.len() as u32 > self.bank.get(Reg::IC_RX_TL).min(DEPTH as u32 - 1))
    }

    fn status(&self) -> u32 {
        let bit = |field: Field, on: bool| if on { field.mask } else { 0 };
        bit(IC_STATUS::SLV_ACTIVITY, self.target.is_addressed())
            | bit(IC_STATUS::MST_ACTIVITY, self.controller.is_active())
            | bit(IC_STATUS::RFF, self.rx.len() == DEPTH)
            | bit(IC_STATUS::RFNE, !self.rx.is_empty())
            | bit(IC_STATUS::TFE, self.tx.is_empty())
            | bit(IC_STATUS::TFNF, self.tx.len() < DEPTH)
            | bit(IC_STATUS::ACTIVITY, self.is_active())
    }

    fn enable_status(&self) -> u32 {
        let on = self.is_enabled() || self.is_active();
        let lost = if on { 0 } else { self.bank.get(Reg::IC_ENABLE_STATUS) & !IC_ENABLE_STATUS::IC_EN.mask };
        lost | IC_ENABLE_STATUS::IC_EN.put(0, u32::from(on))
    }

    fn load(&self, reg: Reg) -> u32 {
        // What a read clears is what it shows: older SDKs take IC_CLR_TX_ABRT alone for the answer.
        if let Some(interrupts) = Self::cleared_by(reg) {
            return u32::from(self.latched & interrupts.mask != 0);
        }
        match reg {
            Reg::IC_DATA_CMD => self.rx.front().map_or(0, |&entry| u32::from(entry)),
            Reg::IC_INTR_STAT => self.raw() & self.bank.get(Reg::IC_INTR_MASK),
            Reg::IC_RAW_INTR_STAT => self.raw(),
            Reg::IC_STATUS => self.status(),
            Reg::IC_TXFLR => self.tx.len() as u32,
            Reg::IC_RXFLR => self.rx.len() as u32,
            Reg::IC_ENABLE_STATUS => self.enable_status(),
            _ => self.bank.load(reg),
        }
    }

    /// The interrupt that a read of this register clears.
    fn cleared_by(reg: Reg) -> Option<Field> {
        Some(match reg {
            Reg::IC_CLR_RX_UNDER => IC_RAW_INTR_STAT::RX_UNDER,
            Reg::IC_CLR_RX_OVER => IC_RAW_INTR_STAT::RX_OVER,
            Reg::IC_CLR_TX_OVER => IC_RAW_INTR_STAT::TX_OVER,
            Reg::IC_CLR_RD_REQ => IC_RAW_INTR_STAT::RD_REQ,
            Reg::IC_CLR_TX_ABRT => IC_RAW_INTR_STAT::TX_ABRT,
            Reg::IC_CLR_RX_DONE => IC_RAW_INTR_STAT::RX_DONE,
            Reg::IC_CLR_ACTIVITY => IC_RAW_INTR_STAT::ACTIVITY,
            Reg::IC_CLR_STOP_DET => IC_RAW_INTR_STAT::STOP_DET,
            Reg::IC_CLR_START_DET => IC_RAW_INTR_STAT::START_DET,
            Reg::IC_CLR_GEN_CALL => IC_RAW_INTR_STAT::GEN_CALL,
            Reg::IC_CLR_RESTART_DET => IC_RAW_INTR_STAT::RESTART_DET,
            // IC_CLR_INTR: all that software can clear.
            Reg::IC_CLR_INTR => Field::new(12, 0),
            _ => return None,
        })
    }

    fn clear(&mut self, interrupts: Field) {
        let activity = if self.is_active() { self.latched & IC_RAW_INTR_STAT::ACTIVITY.mask } else { 0 };
        self.latched = (self.latched & !interrupts.mask) | activity;
        if IC_RAW_INTR_STAT::TX_ABRT.is_set(interrupts.mask) {
            self.flushed = false;
            self.bank.set(Reg::IC_TX_ABRT_SOURCE, 0);
        }
    }

    /// Software or DMA reads IC_DATA_CMD.
    fn fetch(&mut self, fabric: &mut Fabric) -> u32 {
        let Some(entry) = self.rx.pop_front() else {
            self.raise(IC_RAW_INTR_STAT::RX_UNDER);
            return 0;
        };
        // Somebody may hold the bus until there is room.
        fabric.soon(self.wiring().slot);
        u32::from(entry)
    }

    /// Software or DMA writes IC_DATA_CMD.
    fn command(&mut self, value: u32, fabric: &mut Fabric) {
        if !self.is_enabled() || self.flushed {
            return;
        }
        if self.tx.len() >= DEPTH {
            self.raise(IC_RAW_INTR_STAT::TX_OVER);
            return;
        }
        if !self.is_controller() && self.con(IC_CON::IC_SLAVE_DISABLE) {
            self.transmit_abort(IC_TX_ABRT_SOURCE::ABRT_MASTER_DIS);
            return;
        }
        self.tx.push_back(value as u16 & 0x7FF);
        fabric.soon(self.wiring().slot);
    }

    /// IC_ENABLE: FIFOs are held empty while disabled; what is on the bus comes to its end (4.3.10.3).
    fn write_enable(&mut self, before: u32, fabric: &mut Fabric) {
        let after = self.bank.get(Reg::IC_ENABLE);
        if IC_ENABLE::ENABLE.is_set(before) && !IC_ENABLE::ENABLE.is_set(after) {
            self.tx.clear();
            self.rx.clear();
            self.flushed = false;
            let lost = self.target.disable();
            self.bank.set(Reg::IC_ENABLE_STATUS, lost);
            self.latched &= !(IC_RAW_INTR_STAT::ACTIVITY.mask | IC_RAW_INTR_STAT::GEN_CALL.mask);
            if !self.is_active() {
                self.fall_silent();
            }
        }
        if IC_ENABLE::ABORT.is_set(after) && (!IC_ENABLE::ENABLE.is_set(after) || !self.controller.is_active()) {
            self.bank.set_field(Reg::IC_ENABLE, IC_ENABLE::ABORT, 0);
        }
        fabric.soon(self.wiring().slot);
    }

    /// ic_en went to 0.
    fn fall_silent(&mut self) {
        let over = IC_RAW_INTR_STAT::TX_OVER.mask | IC_RAW_INTR_STAT::RX_OVER.mask | IC_RAW_INTR_STAT::RX_UNDER.mask;
        self.latched &= !over;
    }

    /// Interrupt and DMA requests follow from the rest.
    fn update_lines(&mut self, fabric: &mut Fabric) {
        let wiring = self.wiring();
        fabric.set_irq(wiring.irq, self.raw() & self.bank.get(Reg::IC_INTR_MASK) != 0);
        let dma = self.bank.get(Reg::IC_DMA_CR);
        let room = self.is_enabled() && !self.flushed && self.tx.len() as u32 <= self.bank.get(Reg::IC_DMA_TDLR);
        let data = self.rx.len() as u32 > self.bank.get(Reg::IC_DMA_RDLR);
        fabric.set_dreq(wiring.tx_dreq, IC_DMA_CR::TDMAE.is_set(dma) && room);
        fabric.set_dreq(wiring.rx_dreq, IC_DMA_CR::RDMAE.is_set(dma) && data);
    }
}

/// Registers that can only be written while the block is disabled, as their descriptions say.
fn is_locked_while_enabled(reg: Reg) -> bool {
    matches!(
        reg,
        Reg::IC_CON
            | Reg::IC_SAR
            | Reg::IC_SS_SCL_HCNT
            | Reg::IC_SS_SCL_LCNT
            | Reg::IC_FS_SCL_HCNT
            | Reg::IC_FS_SCL_LCNT
            | Reg::IC_SDA_HOLD
            | Reg::IC_SDA_SETUP
            | Reg::IC_FS_SPKLEN
            | Reg::IC_SLV_DATA_NACK_ONLY
    )
}

impl Block for I2c {
    const GROUPS: &'static [Group] = &[Group::one("I2C0", Reg::TABLE), Group::one("I2C1", Reg::TABLE)];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        let Some(reg) = Reg::at(offset) else {
            return undeclared(self.wiring().name, offset, fabric);
        };
        let value = if reg == Reg::IC_DATA_CMD { self.fetch(fabric) } else { self.load(reg) };
        if let Some(interrupts) = Self::cleared_by(reg) {
            self.clear(interrupts);
            fabric.soon(self.wiring().slot);
        }
        self.update_lines(fabric);
        value
    }

    fn peek(&mut self, offset: u32, _fabric: &mut Fabric) -> u32 {
        Reg::at(offset).map_or(0, |reg| self.load(reg))
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        let name = self.wiring().name;
        let Some(reg) = Reg::at(offset) else {
            undeclared(name, offset, fabric);
            return;
        };
        if self.is_enabled() && is_locked_while_enabled(reg) {
            return;
        }
        let before = self.bank.get(reg);
        self.bank.store(reg, write, name, &mut fabric.gaps);
        match reg {
            Reg::IC_DATA_CMD => self.command(write.value, fabric),
            Reg::IC_ENABLE => {
                // "The software cannot clear the ABORT bit once set."
                let abort = before & IC_ENABLE::ABORT.mask;
                self.bank.set(Reg::IC_ENABLE, self.bank.get(Reg::IC_ENABLE) | abort);
                self.write_enable(before, fabric);
            }
            // The shortest period that the block keeps: 8 low, 6 high, and a filter of 1 (their descriptions).
            Reg::IC_SS_SCL_HCNT | Reg::IC_FS_SCL_HCNT => self.bank.set(reg, self.bank.get(reg).max(6)),
            Reg::IC_SS_SCL_LCNT | Reg::IC_FS_SCL_LCNT => self.bank.set(reg, self.bank.get(reg).max(8)),
            Reg::IC_FS_SPKLEN => self.bank.set(reg, self.bank.get(reg).max(1)),
            _ => {}
        }
        self.update_lines(fabric);
    }

    fn event(&mut self, _slot: Slot, fabric: &mut Fabric) {
        let wiring = self.wiring();
        let mut due = if self.is_target() { self.follow_bus(fabric) } else { self.run(fabric) };
        if !self.is_target() && !self.controller.is_on_wire() {
            let now = fabric.now();
            self.pull(false, false, now, fabric);
        }
        for input in [wiring.sda, wiring.scl] {
            fabric.listen(input, self.is_target() || self.controller.looks());
            let edges = &mut fabric.io.serial.ear(input).edges;
            if !self.is_target() {
                // The controller looks at levels, when it wants to.
                edges.clear();
            } else if !edges.is_empty() {
                due = fabric.now();
            }
        }
        if !self.is_enabled() && !self.is_active() {
            self.fall_silent();
        }
        self.update_lines(fabric);
        fabric.at(wiring.slot, due);
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        let now = fabric.now();
        self.pull(false, false, now, fabric);
        *self = Self::new(self.index);
        let wiring = self.wiring();
        fabric.cancel(wiring.slot);
        fabric.listen(wiring.sda, false);
        fabric.listen(wiring.scl, false);
        self.update_lines(fabric);
    }
}
