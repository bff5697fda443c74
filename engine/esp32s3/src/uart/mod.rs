//! UART0 to UART2. ESP32-S3 TRM chapter 26 (UART Controller).
//!
//! Characters to a console go as bytes, timed as on the line; edges appear on the pin where somebody looks at it.
//!
//! # Fidelity
//! - Baud rate, frames, FIFO levels, receive timeout, parity and frame errors, breaks, loopback, RTS/CTS, AT_CMD characters: as
//!   the TRM says, to the bit time. Samples are taken in the middle of a bit, one of them, without the majority vote.
//! - FIFOs are as deep as MEM_CONF says, 128 bytes a block.
//! - Automatic baud rate detection: exact on a pin; what is typed at a console arrives at 115200 baud while it measures.
//! - RS485: driver enable on DTR, turnaround delays, echo, clashes and errors of the echo. Approximated: each character has its
//!   turnaround delays, also within a burst; a clash is a received character that is another than the one sent.
//! - IrDA: pulses of 3/16 of a bit, half duplex and duplex, inversions. The decoder takes a pulse of any length.
//! - A pin that nobody looks at shows no bits to software that polls it as a GPIO, but in IrDA mode: it stays idle.
//! - Flow control by XON and XOFF, and the glitch filter: as the TRM says.
//! - Missing, and counted: IRDA_WCTL and the delays of RS485's internal lines, which no document explains.

mod autobaud;
mod dma;
mod filter;
mod flow;
mod irda;
#[cfg(test)]
mod mode_tests;
mod patterns;
mod receive;
mod registers;
mod rs485;
#[cfg(test)]
mod tests;
mod transmit;

use crate::block::{undeclared, Block, InputEdge};
use crate::fabric::Fabric;
use crate::signals::{self, Signal};
use crate::slots::Slot;
use crate::sources::Source;
use autobaud::Measure;
use engine_core::registers::{Bank, Field, Group, Registers, Write};
use engine_core::time::Hertz;
use filter::Filter;
use flow::Flow;
use receive::Receiver;
pub use registers::*;
use rs485::Bus;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use transmit::Sending;

/// Where a controller is wired to.
struct Wiring {
    txd: Signal,
    rxd: Signal,
    cts: Signal,
    rts: Signal,
    dsr: Signal,
    dtr: Signal,
    tx_slot: Slot,
    rx_slot: Slot,
    source: Source,
}

const WIRING: [Wiring; 3] = [
    Wiring {
        txd: signals::U0TXD,
        rxd: signals::U0RXD,
        cts: signals::U0CTS,
        rts: signals::U0RTS,
        dsr: signals::U0DSR,
        dtr: signals::U0DTR,
        tx_slot: Slot::Uart0Tx,
        rx_slot: Slot::Uart0Rx,
        source: Source::UART0,
    },
    Wiring {
        txd: signals::U1TXD,
        rxd: signals::U1RXD,
        cts: signals::U1CTS,
        rts: signals::U1RTS,
        dsr: signals::U1DSR,
        dtr: signals::U1DTR,
        tx_slot: Slot::Uart1Tx,
        rx_slot: Slot::Uart1Rx,
        source: Source::UART1,
    },
    Wiring {
        txd: signals::U2TXD,
        rxd: signals::U2RXD,
        cts: signals::U2CTS,
        rts: signals::U2RTS,
        dsr: signals::U2DSR,
        dtr: signals::U2DTR,
        tx_slot: Slot::Uart2Tx,
        rx_slot: Slot::Uart2Rx,
        source: Source::UART2,
    },
];

/// Bytes of a block of the FIFO memory, TRM 26.4.2.
const BLOCK: usize = 128;

/// One controller.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Uart {
    index: usize,
    bank: Bank<Reg>,
    raw: u32,
    tx: VecDeque<u8>,
    sending: Option<Sending>,
    /// The level of TXD, before TXD_INV.
    line: bool,
    receiver: Receiver,
    measure: Measure,
    filter: Filter,
    flow: Flow,
    bus: Bus,
}

impl Uart {
    /// UART0, UART1 or UART2 after power-on.
    pub fn new(index: usize) -> Self {
        Self {
            index,
            bank: Bank::new(),
            raw: INT_RAW::TXFIFO_EMPTY_INT_RAW.mask,
            tx: VecDeque::new(),
            sending: None,
            line: true,
            receiver: Receiver::default(),
            measure: Measure::default(),
            filter: Filter::default(),
            flow: Flow::default(),
            bus: Bus::default(),
        }
    }

    fn wiring(&self) -> &'static Wiring {
        &WIRING[self.index]
    }

    fn conf0(&self, field: Field) -> bool {
        field.is_set(self.bank.get(Reg::CONF0))
    }

    fn field(&self, register: Reg, field: Field) -> u32 {
        self.bank.field(register, field)
    }

    fn data_bits(&self) -> u32 {
        5 + self.field(Reg::CONF0, CONF0::BIT_NUM)
    }

    /// The parity bit of a character, where there is one.
    fn parity_bit(&self, data: u32) -> Option<u32> {
        self.conf0(CONF0::PARITY_EN).then(|| data.count_ones() & 1 ^ u32::from(self.conf0(CONF0::PARITY)))
    }

    /// Stop bits in halves, TRM: 1, 1.5 or 2.
    fn stop_halves(&self) -> u32 {
        self.field(Reg::CONF0, CONF0::STOP_BIT_NUM).max(1) + 1
    }

    fn tx_depth(&self) -> usize {
        BLOCK * self.field(Reg::MEM_CONF, MEM_CONF::TX_SIZE) as usize
    }

    fn rx_depth(&self) -> usize {
        BLOCK * self.field(Reg::MEM_CONF, MEM_CONF::RX_SIZE) as usize
    }

    /// The core's clock, TRM 26.4.3.1: UART_SCLK divided by the core's divider.
    fn core_clock(&self, fabric: &Fabric) -> Hertz {
        let clk = self.bank.get(Reg::CLK_CONF);
        let source = match CLK_CONF::SCLK_SEL.get(clk) {
            1 => fabric.rates.apb,
            2 => fabric.rates.rc_fast,
            3 => fabric.rates.xtal,
            _ => Hertz::STOPPED,
        };
        if !CLK_CONF::SCLK_EN.is_set(clk) {
            return Hertz::STOPPED;
        }
        let (a, b) = (CLK_CONF::SCLK_DIV_A.get(clk), CLK_CONF::SCLK_DIV_B.get(clk).max(1));
        let whole = CLK_CONF::SCLK_DIV_NUM.get(clk) + 1;
        source.scaled(u64::from(b), u64::from(whole * b + a))
    }

    /// The clock of one bit, TRM 26.4.3.1: the core's clock divided by CLKDIV + FRAG / 16.
    fn bit_rate(&self, fabric: &Fabric) -> Hertz {
        let divider = 16 * self.field(Reg::CLKDIV, CLKDIV::CLKDIV) + self.field(Reg::CLKDIV, CLKDIV::FRAG);
        self.core_clock(fabric).scaled(16, u64::from(divider))
    }

    /// Bits of a character, in halves.
    fn frame_halves(&self) -> u32 {
        2 * (1 + self.data_bits() + u32::from(self.conf0(CONF0::PARITY_EN))) + self.stop_halves()
    }

    /// Levels that hold raise their interrupts again: TX below its threshold, RX at its threshold.
    fn settle_interrupts(&mut self, fabric: &mut Fabric) {
        self.settle_flow(fabric);
        if self.tx.len() < (self.field(Reg::CONF1, CONF1::TXFIFO_EMPTY_THRHD) as usize).max(1) {
            self.raw |= INT_RAW::TXFIFO_EMPTY_INT_RAW.mask;
        }
        let full = self.field(Reg::CONF1, CONF1::RXFIFO_FULL_THRHD) as usize;
        if full != 0 && self.receiver.fifo.len() >= full {
            self.raw |= INT_RAW::RXFIFO_FULL_INT_RAW.mask;
        }
        fabric.set_irq(self.wiring().source, self.raw & self.bank.get(Reg::INT_ENA) != 0);
    }

    /// STATUS, TRM 26.8.
    fn status(&self, fabric: &Fabric) -> u32 {
        let wiring = self.wiring();
        let bit = |field: Field, on: bool| if on { field.mask } else { 0 };
        STATUS::TXFIFO_CNT.put(0, self.tx.len() as u32)
            | STATUS::RXFIFO_CNT.put(0, self.receiver.fifo.len() as u32)
            | bit(STATUS::TXD, self.line)
            | bit(STATUS::RXD, self.rx_level(fabric))
            | bit(STATUS::CTSN, fabric.input(wiring.cts) != self.conf0(CONF0::CTS_INV))
            | bit(STATUS::RTSN, !self.rts())
            | bit(STATUS::DTRN, self.dtr())
            | bit(STATUS::DSRN, fabric.input(wiring.dsr) != self.conf0(CONF0::DSR_INV))
    }

    /// Is RTS asserted? By software, or by the receiver's level where flow control is on.
    fn rts(&self) -> bool {
        if self.field(Reg::CONF1, CONF1::RX_FLOW_EN) != 0 {
            self.receiver.fifo.len() < self.field(Reg::MEM_CONF, MEM_CONF::RX_FLOW_THRHD) as usize
        } else {
            self.conf0(CONF0::SW_RTS)
        }
    }

    fn drive_modem_lines(&self, fabric: &mut Fabric) {
        let now = fabric.now();
        fabric.drive_at(self.wiring().rts, self.rts() == self.conf0(CONF0::RTS_INV), now);
        self.drive_dtr(now, fabric);
    }

    /// RTC_CNTL counts edges of the input while the chip sleeps: 3 more than the register says (ESP-IDF
    /// `hal/uart_ll.h`).
    fn tell_wake_edges(&self, fabric: &mut Fabric) {
        let threshold = self.bank.field(Reg::SLEEP_CONF, SLEEP_CONF::ACTIVE_THRESHOLD) as u16;
        if let Some(edges) = fabric.wake.uart_edges.get_mut(self.index) {
            *edges = threshold + 3;
        }
    }

    /// Settings of the line may have changed.
    fn configure(&mut self, fabric: &mut Fabric) {
        let wiring = self.wiring();
        fabric.watch_input(wiring.cts, true);
        fabric.watch_input(wiring.dsr, true);
        self.drive_modem_lines(fabric);
        fabric.soon(wiring.tx_slot);
        fabric.soon(wiring.rx_slot);
    }

    fn write_conf0(&mut self, fabric: &mut Fabric) {
        if self.conf0(CONF0::TXFIFO_RST) {
            self.tx.clear();
        }
        if self.conf0(CONF0::RXFIFO_RST) {
            self.receiver.fifo.clear();
        }
        self.configure(fabric);
    }

    /// Software reads FIFO.
    fn take_byte(&mut self, fabric: &mut Fabric) -> u32 {
        let byte = self.receiver.fifo.pop_front().unwrap_or(0);
        self.drive_modem_lines(fabric);
        self.tell_wake_edges(fabric);
        fabric.soon(self.wiring().rx_slot);
        u32::from(byte)
    }
}

impl Block for Uart {
    const GROUPS: &'static [Group] = &[Group::one("UART0", Reg::TABLE)];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        if Reg::at(offset) == Some(Reg::FIFO) {
            let byte = self.take_byte(fabric);
            self.settle_interrupts(fabric);
            return byte;
        }
        self.peek(offset, fabric)
    }

    fn stays(&self, offset: u32) -> bool {
        Reg::at(offset).is_some_and(|register| !matches!(register, Reg::FIFO | Reg::FSM_STATUS))
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        match Reg::at(offset) {
            Some(Reg::FIFO) => self.receiver.fifo.front().copied().map_or(0, u32::from),
            Some(Reg::INT_RAW) => self.raw,
            Some(Reg::INT_ST) => self.raw & self.bank.get(Reg::INT_ENA),
            Some(Reg::STATUS) => self.status(fabric),
            Some(Reg::FSM_STATUS) => {
                let out = FSM_STATUS::ST_UTX_OUT.put(0, self.transmitter_state(fabric));
                FSM_STATUS::ST_URX_OUT.put(out, u32::from(self.receiver.is_busy()))
            }
            Some(register) => self.bank.load(register),
            None => undeclared(["UART0", "UART1", "UART2"][self.index], offset, fabric),
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        let block = ["UART0", "UART1", "UART2"][self.index];
        let Some(register) = Reg::at(offset) else {
            undeclared(block, offset, fabric);
            return;
        };
        match register {
            Reg::FIFO => self.send(write.value as u8, fabric),
            Reg::INT_CLR => self.raw &= !write.value,
            _ => {
                let measured = self.conf0(CONF0::AUTOBAUD_EN);
                self.bank.store(register, write, block, &mut fabric.gaps);
                if !measured && self.conf0(CONF0::AUTOBAUD_EN) {
                    self.begin_measuring();
                }
                match register {
                    Reg::CONF0 => self.write_conf0(fabric),
                    Reg::SLEEP_CONF => self.tell_wake_edges(fabric),
                    Reg::FLOW_CONF => self.write_flow(fabric),
                    // The settings are taken over at once.
                    Reg::ID => self.bank.set_field(Reg::ID, ID::REG_UPDATE, 0),
                    Reg::CONF1 | Reg::CLKDIV | Reg::CLK_CONF | Reg::MEM_CONF | Reg::RS485_CONF => {
                        self.configure(fabric)
                    }
                    _ => {}
                }
            }
        }
        self.settle_interrupts(fabric);
    }

    fn clocks_changed(&mut self, fabric: &mut Fabric) {
        if fabric.rates.apb.is_running() {
            self.configure(fabric);
        }
    }

    fn event(&mut self, slot: Slot, fabric: &mut Fabric) {
        if slot == self.wiring().tx_slot {
            self.transmit(fabric);
        } else {
            self.receive(fabric);
            if self.field(Reg::CONF1, CONF1::RX_FLOW_EN) != 0 {
                self.drive_modem_lines(fabric);
            }
        }
        self.settle_interrupts(fabric);
    }

    fn input(&mut self, edge: InputEdge, fabric: &mut Fabric) {
        if edge.signal == self.wiring().rxd {
            self.hear(edge.at, edge.high != self.conf0(CONF0::RXD_INV), fabric);
            fabric.soon(self.wiring().rx_slot);
        } else if edge.signal == self.wiring().dsr {
            self.raw |= INT_RAW::DSR_CHG_INT_RAW.mask;
            self.settle_interrupts(fabric);
        } else {
            self.raw |= INT_RAW::CTS_CHG_INT_RAW.mask;
            fabric.soon(self.wiring().tx_slot);
            self.settle_interrupts(fabric);
        }
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        *self = Self::new(self.index);
        let wiring = self.wiring();
        fabric.cancel(wiring.tx_slot);
        fabric.drive(wiring.txd, true);
        self.drive_modem_lines(fabric);
        self.tell_wake_edges(fabric);
        fabric.soon(wiring.rx_slot);
        self.settle_interrupts(fabric);
    }
}
