//! Transactions as target ("slave mode"). TRM 30.5.9: full duplex, and the half-duplex commands.

use super::plan::in_order;
use super::{GpSpi, Reg, CMD, CTRL, DMA_CONF, DMA_INT_RAW, MISC, Q, SLAVE, SLAVE1, USER, W};
use crate::block::InputEdge;
use crate::fabric::Fabric;
use crate::gdma::Port;
use engine_core::registers::Field;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Bytes that DMA has ready to go out.
const AHEAD: usize = 64;

/// Half-duplex commands, TRM table 30-17 (ESP-IDF `hal/spi_ll.h`, spi_ll_base_command_t).
mod command {
    pub const WR_BUF: u8 = 0x01;
    pub const RD_BUF: u8 = 0x02;
    pub const WR_DMA: u8 = 0x03;
    pub const RD_DMA: u8 = 0x04;
    pub const SEG_DONE: u8 = 0x05;
    pub const EN_QPI: u8 = 0x06;
    pub const CMD7: u8 = 0x07;
    pub const CMDA: u8 = 0x0A;
    pub const EX_QPI: u8 = 0xDD;
}
/// Clocks of the dummy phase.
const DUMMY: u32 = 8;

/// Lines of address and dummy, and of data, by the upper half of a command (ESP-IDF `hal/spi_ll.h`,
/// spi_ll_get_slave_hd_command).
fn lines_of(code: u8) -> Option<(u32, u32)> {
    match code & 0xF0 {
        0x00 => Some((1, 1)),
        0x10 => Some((1, 2)),
        0x20 => Some((1, 4)),
        0x50 => Some((2, 2)),
        0xA0 => Some((4, 4)),
        _ => None,
    }
}

/// Where a half-duplex transaction is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    #[default]
    Command,
    Address,
    Dummy,
    Data,
}

/// What is under way.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Target {
    selected: bool,
    stage: Stage,
    /// Bits that came in since it began; of a dummy phase, clocks.
    bits: u32,
    /// EN_QPI came: commands are on four lines, until EX_QPI.
    qpi: bool,
    /// Lines of address and data.
    lines: (u32, u32),
    /// The whole command.
    code: u8,
    shift: u8,
    /// The byte that goes out, and its bit.
    sending: u8,
    sent_bits: u32,
    /// Bytes of the buffer that went out and came in.
    given: usize,
    taken: usize,
    /// From DMA, and for DMA.
    ahead: VecDeque<u8>,
    received: Vec<u8>,
    /// What it is, without its lines.
    command: u8,
    addr: u8,
    /// CS went away: DMA gets the last bytes, and interrupts are raised.
    ended: bool,
}

impl Target {
    /// DMA_CONF: DMA_AFIFO_RST and RX_AFIFO_RST.
    pub(super) fn reset_fifos(&mut self, raw: u32) {
        if DMA_CONF::DMA_AFIFO_RST.is_set(raw) {
            self.ahead.clear();
        }
        if DMA_CONF::RX_AFIFO_RST.is_set(raw) {
            self.received.clear();
        }
    }
}

impl GpSpi {
    /// Clock and CS are looked at in target mode alone.
    pub(super) fn follow_target(&mut self, fabric: &mut Fabric) {
        let on = self.is_target();
        let wiring = self.wiring();
        fabric.watch_input(wiring.clk, on);
        fabric.watch_input(wiring.cs[0], on);
    }

    /// A target drives nothing but Q, and that while it is selected.
    pub(super) fn let_lines_go(&self, fabric: &mut Fabric) {
        let wiring = self.wiring();
        for signal in wiring.data.iter().chain(wiring.cs).chain([&wiring.clk]) {
            fabric.enable(*signal, false);
        }
    }

    /// CS or the clock changed.
    pub(super) fn see_edge(&mut self, edge: InputEdge, fabric: &mut Fabric) {
        let wiring = self.wiring();
        if edge.signal == wiring.cs[0] {
            let selected = edge.high == self.is_set(Reg::MISC, MISC::SLAVE_CS_POL);
            if selected != self.target.selected {
                self.target.selected = selected;
                self.selected(selected, fabric);
            }
        } else if self.target.selected {
            let samples = edge.high != self.is_set(Reg::USER, USER::RSCK_I_EDGE);
            if samples {
                self.sample(fabric);
            }
            if samples == self.gives_early() {
                self.put_out(fabric);
            }
        }
    }

    /// RSCK_DATA_OUT: data goes out half a clock earlier, with the edge that samples.
    fn gives_early(&self) -> bool {
        self.is_set(Reg::SLAVE, SLAVE::RSCK_DATA_OUT)
    }

    /// Lines of the phase under way.
    fn target_lines(&self) -> u32 {
        let Target { stage, qpi, lines, .. } = self.target;
        match stage {
            _ if self.is_full_duplex() => 1,
            _ if qpi => 4,
            Stage::Command => 1,
            Stage::Address | Stage::Dummy => lines.0,
            Stage::Data => lines.1,
        }
    }

    fn selected(&mut self, selected: bool, fabric: &mut Fabric) {
        let wiring = self.wiring();
        if selected {
            let Target { ahead, received, qpi, .. } = std::mem::take(&mut self.target);
            self.target = Target { selected: true, ahead, received, qpi, lines: (1, 1), ..Target::default() };
            // Modes 0 and 2: the first bit is there before the first clock.
            if !self.is_set(Reg::SLAVE, SLAVE::CLK_MODE_13) || self.gives_early() {
                self.put_out(fabric);
            }
        } else {
            self.target.ended = true;
        }
        self.settle_outputs(fabric);
        fabric.soon(wiring.slot);
    }

    /// Where data has one line, Q is an output while the target is selected; several lines are outputs of whoever gives, from
    /// its first bit on.
    fn settle_outputs(&self, fabric: &mut Fabric) {
        let (selected, lines) = (self.target.selected, self.target_lines());
        let gives = self.gives();
        for (n, signal) in self.wiring().data[..4].iter().enumerate() {
            let on = if lines == 1 { n == Q && self.target.lines.1 == 1 } else { gives && n < lines as usize };
            fabric.enable(*signal, selected && on);
        }
    }

    /// Data goes out now.
    fn gives(&self) -> bool {
        self.is_full_duplex()
            || self.target.stage == Stage::Data && matches!(self.target.command, command::RD_BUF | command::RD_DMA)
    }

    /// Data bytes since the transaction began, as far as the command byte, the address and the dummy let them.
    fn data_bits(&self) -> u32 {
        match self.target.command {
            _ if self.is_full_duplex() => self.target.bits,
            _ if self.target.stage != Stage::Data => 0,
            _ => self.target.bits,
        }
    }

    /// The next bit of what goes out.
    fn put_out(&mut self, fabric: &mut Fabric) {
        if !self.gives() {
            return;
        }
        if self.target.sent_bits == 0 {
            self.settle_outputs(fabric);
        }
        if self.target.sent_bits % 8 == 0 {
            let byte = self.next_byte(fabric);
            self.target.sending = in_order(byte, self.sends_lsb_first());
        }
        let lines = self.target_lines();
        let bits = self.target.sending >> (8 - lines - self.target.sent_bits % 8);
        self.target.sent_bits += lines;
        if lines == 1 {
            return fabric.drive(self.wiring().data[Q], bits & 1 != 0);
        }
        for (n, signal) in self.wiring().data[..lines as usize].iter().enumerate() {
            fabric.drive(*signal, bits >> n & 1 != 0);
        }
    }

    fn next_byte(&mut self, fabric: &mut Fabric) -> u8 {
        let half_duplex = !self.is_full_duplex();
        let by_dma = if half_duplex {
            self.target.command == command::RD_DMA
        } else {
            self.is_set(Reg::DMA_CONF, DMA_CONF::DMA_TX_ENA)
        };
        if by_dma {
            let byte = self.target.ahead.pop_front();
            if byte.is_none() {
                self.raise(DMA_INT_RAW::DMA_OUTFIFO_EMPTY_ERR_INT_RAW, fabric);
            } else if self.target.ahead.len() < AHEAD / 2 {
                fabric.soon(self.wiring().slot);
            }
            return byte.unwrap_or(0);
        }
        let first = if half_duplex { usize::from(self.target.addr) } else { 0 };
        let byte = self.buffer(first + self.target.given);
        self.target.given += 1;
        byte
    }

    /// Bits came in, one on each line.
    fn sample(&mut self, fabric: &mut Fabric) {
        let lines = if self.target.stage == Stage::Dummy { 1 } else { self.target_lines() };
        let data = &self.wiring().data[..lines as usize];
        let bits = data.iter().rev().fold(0, |bits, signal| bits << 1 | u8::from(fabric.input(*signal)));
        let target = &mut self.target;
        target.shift = target.shift << lines | bits;
        target.bits += lines;
        if target.stage == Stage::Dummy {
            if target.bits == DUMMY {
                (target.stage, target.bits) = (Stage::Data, 0);
            }
        } else if target.bits % 8 == 0 {
            let byte = in_order(target.shift, CTRL::RD_BIT_ORDER.is_set(self.bank.get(Reg::CTRL)));
            self.take_byte(byte, fabric);
        }
    }

    fn take_byte(&mut self, byte: u8, fabric: &mut Fabric) {
        if self.is_full_duplex() {
            return self.keep(byte, self.is_set(Reg::DMA_CONF, DMA_CONF::DMA_RX_ENA), 0, fabric);
        }
        let target = &mut self.target;
        match target.stage {
            Stage::Command => {
                let known = lines_of(byte);
                (target.stage, target.bits, target.code) = (Stage::Address, 0, byte);
                target.lines = known.unwrap_or((1, 1));
                target.command = if known.is_some() { byte & 0xF } else { byte };
                self.settle_outputs(fabric);
            }
            Stage::Address => (target.stage, target.bits, target.addr) = (Stage::Dummy, 0, byte),
            Stage::Dummy => {}
            Stage::Data => match target.command {
                command::WR_BUF => self.keep(byte, false, usize::from(self.target.addr), fabric),
                command::WR_DMA => self.keep(byte, true, 0, fabric),
                _ => {}
            },
        }
    }

    /// Data goes into the buffer, or to DMA.
    fn keep(&mut self, byte: u8, by_dma: bool, first: usize, fabric: &mut Fabric) {
        if by_dma {
            self.target.received.push(byte);
            if self.target.received.len() >= AHEAD / 2 {
                fabric.soon(self.wiring().slot);
            }
        } else {
            let index = first + self.target.taken;
            self.set_buffer(index, byte);
            self.target.taken += 1;
        }
    }

    /// DMA's turn, and the end of a transaction.
    pub(super) fn serve_target(&mut self, fabric: &mut Fabric, port: &mut Port) {
        let peripheral = self.wiring().peripheral;
        if std::mem::take(&mut self.target.ended) {
            self.end_transaction(fabric, port);
        } else if !self.target.received.is_empty() && self.target.selected {
            let received = std::mem::take(&mut self.target.received);
            self.push(&received, false, fabric, port);
        }
        if self.is_set(Reg::DMA_CONF, DMA_CONF::DMA_TX_ENA) {
            let mut bytes = vec![0; AHEAD.saturating_sub(self.target.ahead.len())];
            let count = port.pull(peripheral, &mut bytes, fabric);
            self.target.ahead.extend(&bytes[..count]);
        }
    }

    fn push(&mut self, bytes: &[u8], eof: bool, fabric: &mut Fabric, port: &mut Port) {
        if port.push(self.wiring().peripheral, bytes, eof, fabric) < bytes.len() {
            self.raise(DMA_INT_RAW::DMA_INFIFO_FULL_ERR_INT_RAW, fabric);
        }
    }

    /// CS went away.
    fn end_transaction(&mut self, fabric: &mut Fabric, port: &mut Port) {
        let left = self.target.bits % 8;
        let full_duplex = self.is_full_duplex();
        if left != 0 && full_duplex {
            // The bits of an unfinished byte stand where its first ones would.
            let byte = in_order(self.target.shift << (8 - left), self.is_set(Reg::CTRL, CTRL::RD_BIT_ORDER));
            self.keep(byte, self.is_set(Reg::DMA_CONF, DMA_CONF::DMA_RX_ENA), 0, fabric);
        }
        let segments = self.is_set(Reg::DMA_CONF, DMA_CONF::DMA_SLV_SEG_TRANS_EN);
        let writes = full_duplex && self.is_set(Reg::DMA_CONF, DMA_CONF::DMA_RX_ENA)
            || !full_duplex && self.target.command == command::WR_DMA;
        let ends_segment = segments && self.target.command == command::SEG_DONE && !full_duplex;
        if writes || ends_segment {
            let received = std::mem::take(&mut self.target.received);
            self.push(&received, !segments || ends_segment, fabric, port);
        }
        self.note_transaction(fabric);
        self.bank.set_field(Reg::CMD, CMD::USR, 0);
        self.raise(DMA_INT_RAW::TRANS_DONE_INT_RAW, fabric);
    }

    /// SLAVE1 and the interrupt of a half-duplex command.
    fn note_transaction(&mut self, fabric: &mut Fabric) {
        let bits = self.data_bits();
        if self.is_full_duplex() {
            return self.bank.set_field(Reg::SLAVE1, SLAVE1::SLV_DATA_BITLEN, bits);
        }
        if self.target.stage == Stage::Command {
            return;
        }
        let (code, addr) = (self.target.command, u32::from(self.target.addr));
        self.bank.set_field(Reg::SLAVE1, SLAVE1::SLV_LAST_COMMAND, u32::from(self.target.code));
        match code {
            command::EN_QPI => self.target.qpi = true,
            command::EX_QPI => self.target.qpi = false,
            _ => {}
        }
        let done: (Field, Option<Field>) = match code {
            command::WR_BUF => (DMA_INT_RAW::SLV_WR_BUF_DONE_INT_RAW, Some(SLAVE::SLV_WRBUF_BITLEN_EN)),
            command::RD_BUF => (DMA_INT_RAW::SLV_RD_BUF_DONE_INT_RAW, Some(SLAVE::SLV_RDBUF_BITLEN_EN)),
            command::WR_DMA => (DMA_INT_RAW::SLV_WR_DMA_DONE_INT_RAW, Some(SLAVE::SLV_WRDMA_BITLEN_EN)),
            command::RD_DMA => (DMA_INT_RAW::SLV_RD_DMA_DONE_INT_RAW, Some(SLAVE::SLV_RDDMA_BITLEN_EN)),
            command::SEG_DONE => (DMA_INT_RAW::DMA_SEG_TRANS_DONE_INT_RAW, None),
            command::EN_QPI => (DMA_INT_RAW::SLV_EN_QPI_INT_RAW, None),
            command::EX_QPI => (DMA_INT_RAW::SLV_EX_QPI_INT_RAW, None),
            command::CMD7..=command::CMDA => {
                let first = DMA_INT_RAW::SLV_CMD7_INT_RAW.shift + u32::from(code - command::CMD7);
                (Field::new(first, first), None)
            }
            _ => (DMA_INT_RAW::SLV_CMD_ERR_INT_RAW, None),
        };
        if done.1.is_some_and(|enable| self.is_set(Reg::SLAVE, enable)) {
            self.bank.set_field(Reg::SLAVE1, SLAVE1::SLV_DATA_BITLEN, bits);
        }
        if matches!(code, command::WR_BUF | command::RD_BUF) {
            self.bank.set_field(Reg::SLAVE1, SLAVE1::SLV_LAST_ADDR, addr);
            if addr as usize + bits as usize / 8 > 4 * W.len() {
                self.raise(DMA_INT_RAW::SLV_BUF_ADDR_ERR_INT_RAW, fabric);
            }
        }
        self.raise(done.0, fabric);
    }
}
