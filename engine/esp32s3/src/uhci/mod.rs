//! UHCI: a UART by DMA. ESP32-S3 TRM, chapter UART Controller, section GDMA Mode; ESP-IDF `soc/uhci_reg.h`,
//! `hal/uhci_ll.h`, `esp_driver_uart/src/uhci.c`.
//!
//! One of the three UARTs is attached. What GDMA has goes into its FIFO, what it receives to GDMA: raw, or in packets with
//! separators and escape sequences as in SLIP. The vendor's RX in names of registers is the way to the line, TX the way from
//! it.
//!
//! # Fidelity
//! - Raw data, separators, escape sequences, the ends of received packets (separator, length, idle line, break), interrupts
//!   at separators and by software, TX_HUNG (ticks of 8000 APB clocks, shifted by TXFIFO_TIMEOUT_SHIFT): as the SVD and
//!   ESP-IDF say.
//! - Short packets (QUICK_SENT): the two words of a REG_Q, eight bytes, with separators and escape sequences as other packets
//!   have; SINGLE_SEND_EN clears itself. ALWAYS_SEND_EN fills the line whenever GDMA has no packet.
//! - A start by software: a packet waits for SW_START where WAIT_SW_START is set; one SW_START lets one packet go.
//! - Packets with HCI headers, checksums and CRC are passed on as they are, and a gap says so.
//! - DMA is never late with data for the line: RX_HUNG stays 0. Encoder and decoder states read 0.
//! - UHCI1 is in the SVD, and ESP-IDF's list of blocks, but no channel of GDMA serves it: registers, and a gap.

mod frames;
mod registers;
#[cfg(test)]
mod tests;

use crate::block::{undeclared, Block};
use crate::fabric::Fabric;
use crate::gdma::{Peripheral, Port};
use crate::slots::Slot;
use crate::sources::Source;
use crate::uart::Uart;
use engine_core::registers::{Bank, Field, Group, Registers, Write};
use engine_core::time::Ps;
use frames::{Decoded, Decoder};
pub use registers::*;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

const PERIPHERAL: Peripheral = Peripheral::UHCI0;

/// Clocks of a tick of HUNG_CONF, ESP-IDF `soc/uhci_reg.h`.
const HUNG_CLOCKS: u64 = 8000;

/// The data of short packets.
const SHORT: [[Reg; 2]; 7] = [
    [Reg::REG_Q0_WORD0, Reg::REG_Q0_WORD1],
    [Reg::REG_Q1_WORD0, Reg::REG_Q1_WORD1],
    [Reg::REG_Q2_WORD0, Reg::REG_Q2_WORD1],
    [Reg::REG_Q3_WORD0, Reg::REG_Q3_WORD1],
    [Reg::REG_Q4_WORD0, Reg::REG_Q4_WORD1],
    [Reg::REG_Q5_WORD0, Reg::REG_Q5_WORD1],
    [Reg::REG_Q6_WORD0, Reg::REG_Q6_WORD1],
];

/// One controller.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Uhci {
    index: usize,
    bank: Bank<Reg>,
    raw: u32,
    /// Characters that wait for room in the UART's FIFO.
    line: VecDeque<u8>,
    /// A packet to the line has begun.
    sending: bool,
    /// SW_START was set, and no packet has begun since.
    started: bool,
    decoder: Decoder,
    /// Received data that GDMA had no room for.
    held: Vec<u8>,
    /// Since when the UART's characters wait for GDMA.
    stuck: Option<Ps>,
}

impl Uhci {
    /// UHCI0 or UHCI1 after power-on.
    pub fn new(index: usize) -> Self {
        Self {
            index,
            bank: Bank::new(),
            raw: 0,
            line: VecDeque::new(),
            sending: false,
            started: false,
            decoder: Decoder::default(),
            held: Vec::new(),
            stuck: None,
        }
    }

    fn conf0(&self, field: Field) -> bool {
        field.is_set(self.bank.get(Reg::CONF0))
    }

    /// The UART that is attached.
    fn attached(&self) -> Option<usize> {
        [CONF0::UART0_CE, CONF0::UART1_CE, CONF0::UART2_CE].into_iter().position(|enable| self.conf0(enable))
    }

    /// A UART sent or received something.
    pub fn uart_moved(&self, uart: usize, fabric: &mut Fabric) {
        if self.attached() == Some(uart) {
            fabric.soon(Slot::Uhci);
        }
    }

    fn interrupt(&self, fabric: &mut Fabric) {
        let source = [Source::UHCI0, Source::UHCI1][self.index];
        fabric.set_irq(source, self.raw & self.bank.get(Reg::INT_ENA) != 0);
    }

    fn attach(&self, fabric: &mut Fabric) {
        let conf0 = self.bank.get(Reg::CONF0);
        let enables = CONF0::UART0_CE.mask | CONF0::UART1_CE.mask | CONF0::UART2_CE.mask;
        match ((conf0 & enables).count_ones(), self.index) {
            (0, _) => return,
            (_, 1) => return fabric.gaps.touch("UHCI1.CONF0", "no channel of GDMA serves UHCI1"),
            (1, _) => {}
            _ => fabric.gaps.touch("UHCI0.CONF0", "several UARTs are attached: only the first is served"),
        }
        fabric.soon(Slot::Uhci);
    }

    /// A UART, or GDMA, has something, or room, or the line has been idle long enough.
    pub fn due(&mut self, uarts: [&mut Uart; 3], port: &mut Port, fabric: &mut Fabric) {
        let Some(uart) = self.attached().and_then(|attached| uarts.into_iter().nth(attached)) else { return };
        self.send(uart, port, fabric);
        let next = self.receive(uart, port, fabric);
        self.interrupt(fabric);
        fabric.at(Slot::Uhci, next);
    }

    fn tell_of_headers(&self, crc: Field, fabric: &mut Fabric) {
        if self.conf0(CONF0::HEAD_EN) || self.conf0(crc) {
            fabric.gaps.touch("UHCI0.CONF0.HEAD_EN", "packets with headers or CRC are passed on as they are");
        }
    }

    /// A packet may begin.
    fn may_begin(&self) -> bool {
        self.started || !CONF1::WAIT_SW_START.is_set(self.bank.get(Reg::CONF1))
    }

    /// From memory to the line.
    fn send(&mut self, uart: &mut Uart, port: &mut Port, fabric: &mut Fabric) {
        loop {
            while uart.room() > 0 {
                let Some(byte) = self.line.pop_front() else { break };
                uart.give(byte, fabric);
            }
            if !self.line.is_empty() || uart.room() == 0 {
                return;
            }
            if !self.sending {
                if !self.may_begin() {
                    return;
                }
                if self.send_short(QUICK_SENT::SINGLE_SEND_EN) {
                    continue;
                }
            }
            let mut data = vec![0; uart.room()];
            let (count, ends) = port.pull_packet(PERIPHERAL, &mut data, fabric);
            if count == 0 && !ends {
                if self.sending || !self.send_short(QUICK_SENT::ALWAYS_SEND_EN) {
                    return;
                }
                continue;
            }
            if !self.sending {
                self.sending = true;
                self.started = false;
                self.tell_of_headers(CONF0::ENCODE_CRC_EN, fabric);
                self.put_separator();
            }
            data[..count].iter().for_each(|byte| self.encode(*byte));
            if ends {
                self.sending = false;
                self.put_separator();
            }
        }
    }

    /// Sends the short packet that this mode asks for. False: it asks for none.
    fn send_short(&mut self, mode: Field) -> bool {
        let quick = self.bank.get(Reg::QUICK_SENT);
        if !mode.is_set(quick) {
            return false;
        }
        let (number, done) = if mode == QUICK_SENT::SINGLE_SEND_EN {
            self.bank.set_field(Reg::QUICK_SENT, mode, 0);
            (QUICK_SENT::SINGLE_SEND_NUM, INT_RAW::SEND_S_REG_Q_INT_RAW)
        } else {
            (QUICK_SENT::ALWAYS_SEND_NUM, INT_RAW::SEND_A_REG_Q_INT_RAW)
        };
        // There are seven; an eighth number sends nothing.
        let Some(words) = SHORT.get(number.get(quick) as usize) else { return false };
        self.started = false;
        self.put_separator();
        for word in words {
            self.bank.get(*word).to_le_bytes().into_iter().for_each(|byte| self.encode(byte));
        }
        self.put_separator();
        self.raw |= done.mask;
        true
    }

    fn put_separator(&mut self) {
        if let Some(separator) = self.separator() {
            self.line.push_back(separator);
            self.raw |= INT_RAW::RX_START_INT_RAW.mask;
        }
    }

    /// From the line to memory. Returns when to look again.
    fn receive(&mut self, uart: &mut Uart, port: &mut Port, fabric: &mut Fabric) -> Ps {
        if !self.held.is_empty() && port.is_ready(PERIPHERAL, false) {
            let held = std::mem::take(&mut self.held);
            self.put(&held, port, fabric);
        }
        let broke = uart.take_break();
        while self.held.is_empty() && port.is_ready(PERIPHERAL, false) {
            let mut byte = [0];
            if uart.take_received(&mut byte, fabric) == 0 {
                break;
            }
            self.take_character(byte[0], port, fabric);
        }
        if uart.received() > 0 || !self.held.is_empty() {
            return self.hang(fabric);
        }
        self.stuck = None;
        if broke && self.conf0(CONF0::UART_RX_BRK_EOF_EN) {
            self.end_packet(port, fabric);
        }
        if self.decoder.length == 0 || !self.conf0(CONF0::UART_IDLE_EOF_EN) {
            return Ps::MAX;
        }
        match uart.idle_at(fabric) {
            Some(at) if at > fabric.now() => at,
            Some(_) => {
                self.end_packet(port, fabric);
                Ps::MAX
            }
            None => Ps::MAX,
        }
    }

    /// GDMA does not take what the UART has: TX_HUNG. Returns when it is due.
    fn hang(&mut self, fabric: &mut Fabric) -> Ps {
        let conf = self.bank.get(Reg::HUNG_CONF);
        let since = *self.stuck.get_or_insert(fabric.now());
        let ticks = u64::from(HUNG_CONF::TXFIFO_TIMEOUT.get(conf));
        let clocks = ticks * (HUNG_CLOCKS >> HUNG_CONF::TXFIFO_TIMEOUT_SHIFT.get(conf));
        let at = since.saturating_add(fabric.rates.apb.duration(clocks));
        if !HUNG_CONF::TXFIFO_TIMEOUT_ENA.is_set(conf) {
            return Ps::MAX;
        }
        if at > fabric.now() {
            return at;
        }
        self.raw |= INT_RAW::TX_HUNG_INT_RAW.mask;
        Ps::MAX
    }

    fn take_character(&mut self, byte: u8, port: &mut Port, fabric: &mut Fabric) {
        match self.decode(byte) {
            Decoded::Nothing => {}
            Decoded::Separator => {
                self.raw |= INT_RAW::TX_START_INT_RAW.mask;
                if !self.conf0(CONF0::LEN_EOF_EN) && self.decoder.length > 0 {
                    self.end_packet(port, fabric);
                }
            }
            Decoded::Data(data, count) => data[..count].iter().for_each(|byte| {
                if self.decoder.length == 0 {
                    self.tell_of_headers(CONF0::CRC_REC_EN, fabric);
                }
                self.decoder.length += 1;
                self.put(&[*byte], port, fabric);
                let longest = self.bank.field(Reg::PKT_THRES, PKT_THRES::PKT_THRS);
                if self.conf0(CONF0::LEN_EOF_EN) && self.decoder.length >= longest {
                    self.end_packet(port, fabric);
                }
            }),
        }
    }

    fn put(&mut self, data: &[u8], port: &mut Port, fabric: &mut Fabric) {
        let given = port.push(PERIPHERAL, data, false, fabric);
        self.held.extend(&data[given..]);
    }

    fn end_packet(&mut self, port: &mut Port, fabric: &mut Fabric) {
        self.decoder.length = 0;
        port.push(PERIPHERAL, &[], true, fabric);
    }

    fn write_conf0(&mut self, fabric: &mut Fabric) {
        if self.conf0(CONF0::TX_RST) {
            self.decoder = Decoder::default();
            self.held.clear();
        }
        if self.conf0(CONF0::RX_RST) {
            self.line.clear();
            self.sending = false;
        }
        self.attach(fabric);
    }
}

impl Block for Uhci {
    const GROUPS: &'static [Group] = &[Group::one("UHCI0", Reg::TABLE)];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        self.peek(offset, fabric)
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        match Reg::at(offset) {
            Some(Reg::INT_RAW) => self.raw,
            Some(Reg::INT_ST) => self.raw & self.bank.get(Reg::INT_ENA),
            Some(register) => self.bank.load(register),
            None => undeclared(["UHCI0", "UHCI1"][self.index], offset, fabric),
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        let block = ["UHCI0", "UHCI1"][self.index];
        let Some(register) = Reg::at(offset) else {
            undeclared(block, offset, fabric);
            return;
        };
        self.bank.store(register, write, block, &mut fabric.gaps);
        match register {
            Reg::CONF0 => self.write_conf0(fabric),
            Reg::CONF1 => {
                self.started |= self.bank.field(Reg::CONF1, CONF1::SW_START) != 0;
                self.attach(fabric);
            }
            Reg::QUICK_SENT => self.attach(fabric),
            Reg::INT_CLR => self.raw &= !write.raw,
            Reg::APP_INT_SET => {
                self.raw |= (write.raw & 3) << INT_RAW::APP_CTRL0_INT_RAW.shift;
            }
            _ => {}
        }
        self.interrupt(fabric);
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        *self = Self::new(self.index);
        if self.index == 0 {
            fabric.cancel(Slot::Uhci);
        }
        self.interrupt(fabric);
    }
}
