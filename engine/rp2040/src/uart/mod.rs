//! UART0 and UART1: Arm PrimeCell PL011, revision r1p5. RP2040 datasheet, section 4.2.
//!
//! # Fidelity
//! - A character takes its exact time in periods of clk_peri; its start is not aligned to the Baud16 grid,
//!   which costs up to a sixteenth of a bit on silicon.
//! - The levels on TX are only made where somebody looks at that pin: a port, the log, a wire to another pin,
//!   an edge interrupt, or loopback. Software that reads its own TX pin in GPIO_IN sees it high all the time.
//! - A character from a console arrives whole, at its time, and never with an error. A console waits for room in
//!   the FIFO, so it never overruns it. From a pin, each bit is sampled once, in its middle (4.2.3.2), counted from
//!   the edge of the start bit itself and not from the Baud16 grid.
//! - A start bit is a falling edge: a line that is low from the moment at which the receiver is enabled is no
//!   break until it has been high.
//! - IrDA SIR (SIREN, SIRLP, UARTILPR) is not modelled. DTR, OUT1, OUT2, DSR, DCD and RI exist in loopback alone, as
//!   the chip brings none of them out (4.2.1).

mod receive;
#[cfg(test)]
mod tests;
mod transmit;

use crate::block::{undeclared, Block};
use crate::fabric::{Fabric, Irq, Slot};
use crate::pads::Func;
use crate::serial_in::{uart_pins, Input};
use engine_core::registers::{Bank, Group, Registers, Write};
use engine_core::time::{Hertz, Ps};
use receive::Receiver;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use transmit::Sending;

engine_core::registers! {
    /// Datasheet 4.2.8.
    pub Reg;
    UARTDR 0x000 = 0x0000_0000 { OE 11 ro; BE 10 ro; PE 9 ro; FE 8 ro; DATA 7:0 rw; }
    UARTRSR 0x004 = 0x0000_0000 { OE 3 w1c; BE 2 w1c; PE 1 w1c; FE 0 w1c; }
    UARTFR 0x018 = 0x0000_0090 {
        RI 8 ro; TXFE 7 ro; RXFF 6 ro; TXFF 5 ro; RXFE 4 ro; BUSY 3 ro; DCD 2 ro; DSR 1 ro; CTS 0 ro;
    }
    UARTILPR 0x020 = 0x0000_0000 { ILPDVSR 7:0 todo "IrDA SIR is not modelled"; }
    UARTIBRD 0x024 = 0x0000_0000 { BAUD_DIVINT 15:0 rw; }
    UARTFBRD 0x028 = 0x0000_0000 { BAUD_DIVFRAC 5:0 rw; }
    UARTLCR_H 0x02C = 0x0000_0000 { SPS 7 rw; WLEN 6:5 rw; FEN 4 rw; STP2 3 rw; EPS 2 rw; PEN 1 rw; BRK 0 rw; }
    UARTCR 0x030 = 0x0000_0300 {
        CTSEN 15 rw; RTSEN 14 rw; OUT2 13 rw; OUT1 12 rw; RTS 11 rw; DTR 10 rw; RXE 9 rw; TXE 8 rw; LBE 7 rw;
        SIRLP 2 todo "IrDA SIR is not modelled"; SIREN 1 todo "IrDA SIR is not modelled"; UARTEN 0 rw;
    }
    UARTIFLS 0x034 = 0x0000_0012 { RXIFLSEL 5:3 rw; TXIFLSEL 2:0 rw; }
    UARTIMSC 0x038 = 0x0000_0000 {
        OEIM 10 rw; BEIM 9 rw; PEIM 8 rw; FEIM 7 rw; RTIM 6 rw; TXIM 5 rw; RXIM 4 rw; DSRMIM 3 rw; DCDMIM 2 rw;
        CTSMIM 1 rw; RIMIM 0 rw;
    }
    UARTRIS 0x03C = 0x0000_0000 {
        OERIS 10 ro; BERIS 9 ro; PERIS 8 ro; FERIS 7 ro; RTRIS 6 ro; TXRIS 5 ro; RXRIS 4 ro; DSRRMIS 3 ro;
        DCDRMIS 2 ro; CTSRMIS 1 ro; RIRMIS 0 ro;
    }
    UARTMIS 0x040 = 0x0000_0000 {
        OEMIS 10 ro; BEMIS 9 ro; PEMIS 8 ro; FEMIS 7 ro; RTMIS 6 ro; TXMIS 5 ro; RXMIS 4 ro; DSRMMIS 3 ro;
        DCDMMIS 2 ro; CTSMMIS 1 ro; RIMMIS 0 ro;
    }
    UARTICR 0x044 = 0x0000_0000 {
        OEIC 10 w1c; BEIC 9 w1c; PEIC 8 w1c; FEIC 7 w1c; RTIC 6 w1c; TXIC 5 w1c; RXIC 4 w1c; DSRMIC 3 w1c;
        DCDMIC 2 w1c; CTSMIC 1 w1c; RIMIC 0 w1c;
    }
    UARTDMACR 0x048 = 0x0000_0000 { DMAONERR 2 rw; TXDMAE 1 rw; RXDMAE 0 rw; }
    UARTPERIPHID0 0xFE0 = 0x0000_0011 { PARTNUMBER0 7:0 ro; }
    UARTPERIPHID1 0xFE4 = 0x0000_0010 { DESIGNER0 7:4 ro; PARTNUMBER1 3:0 ro; }
    UARTPERIPHID2 0xFE8 = 0x0000_0034 { REVISION 7:4 ro; DESIGNER1 3:0 ro; }
    UARTPERIPHID3 0xFEC = 0x0000_0000 { CONFIGURATION 7:0 ro; }
    UARTPCELLID0 0xFF0 = 0x0000_000D { UARTPCELLID0 7:0 ro; }
    UARTPCELLID1 0xFF4 = 0x0000_00F0 { UARTPCELLID1 7:0 ro; }
    UARTPCELLID2 0xFF8 = 0x0000_0005 { UARTPCELLID2 7:0 ro; }
    UARTPCELLID3 0xFFC = 0x0000_00B1 { UARTPCELLID3 7:0 ro; }
}

/// Both FIFOs, 4.2.2.
const DEPTH: usize = 32;

/// FIFO levels that UARTIFLS selects: 1/8, 1/4, 1/2, 3/4, 7/8; the reserved values act as the last.
const LEVELS: [usize; 8] = [4, 8, 16, 24, 28, 28, 28, 28];

/// What differs between the two copies.
struct Wiring {
    name: &'static str,
    tx_pins: u32,
    rts_pins: u32,
    rx: Input,
    cts: Input,
    tx_slot: Slot,
    rx_slot: Slot,
    irq: Irq,
    tx_dreq: u8,
    rx_dreq: u8,
}

const WIRING: [Wiring; 2] = [
    Wiring {
        name: "UART0",
        tx_pins: uart_pins(0, 0),
        rts_pins: uart_pins(0, 3),
        rx: Input::Uart0Rx,
        cts: Input::Uart0Cts,
        tx_slot: Slot::Uart0Tx,
        rx_slot: Slot::Uart0Rx,
        irq: Irq::UART0,
        tx_dreq: 20,
        rx_dreq: 21,
    },
    Wiring {
        name: "UART1",
        tx_pins: uart_pins(1, 0),
        rts_pins: uart_pins(1, 3),
        rx: Input::Uart1Rx,
        cts: Input::Uart1Cts,
        tx_slot: Slot::Uart1Tx,
        rx_slot: Slot::Uart1Rx,
        irq: Irq::UART1,
        tx_dreq: 22,
        rx_dreq: 23,
    },
];

/// The bit rate, kept until the divider or clk_peri changes.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Baud {
    peri: Hertz,
    divider: u32,
    rate: Hertz,
}

/// The state of one UART.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Uart {
    index: usize,
    bank: Bank<Reg>,
    baud: Baud,
    raw: u32,
    modem: u32,
    tx: VecDeque<u8>,
    sending: Option<Sending>,
    line: bool,
    receiver: Receiver,
}

impl Uart {
    /// UART `index` after reset.
    pub fn new(index: usize) -> Self {
        Self {
            index,
            bank: Bank::new(),
            baud: Baud { peri: Hertz::STOPPED, divider: 0, rate: Hertz::STOPPED },
            raw: 0,
            modem: 0,
            tx: VecDeque::with_capacity(DEPTH),
            sending: None,
            line: true,
            receiver: Receiver::default(),
        }
    }

    fn wiring(&self) -> &'static Wiring {
        &WIRING[self.index]
    }

    fn control(&self, field: engine_core::registers::Field) -> bool {
        field.is_set(self.bank.get(Reg::UARTCR))
    }

    fn depth(&self) -> usize {
        if UARTLCR_H::FEN.is_set(self.bank.get(Reg::UARTLCR_H)) {
            DEPTH
        } else {
            1
        }
    }

    /// 4.2.7.1: the divider is 16 × 64 periods of clk_peri fine; a write of UARTLCR_H makes it valid.
    fn latch_divider(&mut self) {
        let (whole, fraction) = (self.bank.get(Reg::UARTIBRD), self.bank.get(Reg::UARTFBRD));
        // "IBRD = 0 is invalid and FBRD is ignored when this is the case", likewise for 65535.
        let fraction = if whole == 0 || whole == 0xFFFF { 0 } else { fraction };
        self.baud = Baud { peri: Hertz::STOPPED, divider: whole << 6 | fraction, rate: Hertz::STOPPED };
    }

    /// The bit rate; stopped without clk_peri or divider.
    fn bit_rate(&mut self, fabric: &Fabric) -> Hertz {
        let peri = fabric.rates.peri;
        if self.baud.peri != peri {
            self.baud.peri = peri;
            self.baud.rate = peri.scaled(4, u64::from(self.baud.divider));
        }
        self.baud.rate
    }

    fn data_bits(&self) -> u32 {
        5 + self.bank.field(Reg::UARTLCR_H, UARTLCR_H::WLEN)
    }

    /// The parity bit of a character, if it has one (UARTLCR_H in 4.2.8).
    fn parity_bit(&self, value: u32) -> Option<u32> {
        let line = self.bank.get(Reg::UARTLCR_H);
        let even = UARTLCR_H::EPS.get(line);
        UARTLCR_H::PEN.is_set(line).then(|| {
            if UARTLCR_H::SPS.is_set(line) {
                even ^ 1
            } else {
                (value.count_ones() & 1) ^ even ^ 1
            }
        })
    }

    fn flags(&self, fabric: &Fabric) -> u32 {
        let bit = |field: engine_core::registers::Field, on: bool| field.put(0, u32::from(on));
        bit(UARTFR::TXFE, self.tx.is_empty())
            | bit(UARTFR::TXFF, self.tx.len() >= self.depth())
            | bit(UARTFR::RXFE, self.receiver.fifo.is_empty())
            | bit(UARTFR::RXFF, self.receiver.fifo.len() >= self.depth())
            | bit(UARTFR::BUSY, self.sending.is_some() || !self.tx.is_empty())
            | self.modem_inputs(fabric)
    }

    /// CTS comes from its pin; in loopback RTS, DTR, OUT1 and OUT2 come back as CTS, DSR, DCD and RI (UARTCR.LBE).
    fn modem_inputs(&self, fabric: &Fabric) -> u32 {
        let cr = self.bank.get(Reg::UARTCR);
        if UARTCR::LBE.is_set(cr) {
            return UARTFR::CTS.put(0, UARTCR::RTS.get(cr))
                | UARTFR::DSR.put(0, UARTCR::DTR.get(cr))
                | UARTFR::DCD.put(0, UARTCR::OUT1.get(cr))
                | UARTFR::RI.put(0, UARTCR::OUT2.get(cr));
        }
        UARTFR::CTS.put(0, u32::from(!fabric.input_level(self.wiring().cts)))
    }

    /// A change of a modem status input is an interrupt of its own.
    fn follow_modem_inputs(&mut self, fabric: &mut Fabric) {
        let now = self.modem_inputs(fabric);
        let changed = std::mem::replace(&mut self.modem, now) ^ now;
        for (input, raw) in [
            (UARTFR::CTS, UARTRIS::CTSRMIS),
            (UARTFR::DSR, UARTRIS::DSRRMIS),
            (UARTFR::DCD, UARTRIS::DCDRMIS),
            (UARTFR::RI, UARTRIS::RIRMIS),
        ] {
            if input.is_set(changed) {
                self.raw |= raw.mask;
            }
        }
    }

    /// nUARTRTS: by hand, or low while the receive FIFO is below its trigger level (4.2.4.1).
    fn drive_rts(&self, fabric: &mut Fabric) {
        let wiring = self.wiring();
        let ready = if self.control(UARTCR::RTSEN) {
            self.receiver.fifo.len() < self.receive_level()
        } else {
            self.control(UARTCR::RTS)
        };
        let now = fabric.now();
        fabric.drive_some(Func::Uart, wiring.rts_pins, if ready { 0 } else { u32::MAX }, u32::MAX, now);
    }

    /// Interrupt, DMA requests and RTS follow from the rest.
    fn update_lines(&mut self, fabric: &mut Fabric) {
        let wiring = self.wiring();
        let masked = self.raw & self.bank.get(Reg::UARTIMSC);
        fabric.set_irq(wiring.irq, masked != 0);
        let dma = self.bank.get(Reg::UARTDMACR);
        let errors = UARTRIS::OERIS.mask | UARTRIS::BERIS.mask | UARTRIS::PERIS.mask | UARTRIS::FERIS.mask;
        let held = UARTDMACR::DMAONERR.is_set(dma) && masked & errors != 0;
        let (can_send, can_fetch) = (self.tx.len() < self.depth(), !self.receiver.fifo.is_empty());
        fabric.set_dreq(wiring.tx_dreq, UARTDMACR::TXDMAE.is_set(dma) && can_send);
        fabric.set_dreq(wiring.rx_dreq, UARTDMACR::RXDMAE.is_set(dma) && can_fetch && !held);
        self.drive_rts(fabric);
    }

    fn load(&mut self, reg: Reg, fabric: &mut Fabric) -> u32 {
        match reg {
            Reg::UARTDR => self.receiver.fifo.front().map_or(0, |&entry| u32::from(entry)),
            Reg::UARTFR => self.flags(fabric),
            Reg::UARTRIS => self.raw,
            Reg::UARTMIS => self.raw & self.bank.get(Reg::UARTIMSC),
            Reg::UARTICR => 0,
            _ => self.bank.load(reg),
        }
    }

    /// UARTLCR_H: the divider becomes valid, and without FEN a FIFO is one character deep and empty.
    fn write_line_control(&mut self, before: u32, fabric: &mut Fabric) {
        self.latch_divider();
        let after = self.bank.get(Reg::UARTLCR_H);
        if UARTLCR_H::FEN.is_set(before ^ after) {
            self.tx.clear();
            self.receiver.fifo.clear();
            self.raw &= !(UARTRIS::RXRIS.mask | UARTRIS::RTRIS.mask);
        }
        if UARTLCR_H::BRK.is_set(before ^ after) {
            fabric.soon(self.wiring().tx_slot);
        }
    }
}

impl Block for Uart {
    const GROUPS: &'static [Group] = &[Group::one("UART0", Reg::TABLE), Group::one("UART1", Reg::TABLE)];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        match Reg::at(offset) {
            Some(Reg::UARTDR) => self.fetch(fabric),
            Some(reg) => self.load(reg, fabric),
            None => undeclared(self.wiring().name, offset, fabric),
        }
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        Reg::at(offset).map_or(0, |reg| self.load(reg, fabric))
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        let name = self.wiring().name;
        let Some(reg) = Reg::at(offset) else {
            undeclared(name, offset, fabric);
            return;
        };
        let before = self.bank.get(reg);
        self.bank.store(reg, write, name, &mut fabric.gaps);
        match reg {
            Reg::UARTDR => self.send(write.value as u8, fabric),
            // UARTECR: a write of any value clears the errors.
            Reg::UARTRSR => self.bank.set(Reg::UARTRSR, 0),
            Reg::UARTLCR_H => self.write_line_control(before, fabric),
            Reg::UARTCR => {
                self.follow_modem_inputs(fabric);
                fabric.soon(self.wiring().tx_slot);
                fabric.soon(self.wiring().rx_slot);
            }
            Reg::UARTICR => self.raw &= !write.raw,
            _ => {}
        }
        self.update_lines(fabric);
    }

    fn event(&mut self, slot: Slot, fabric: &mut Fabric) {
        if slot == self.wiring().tx_slot {
            self.transmit(fabric);
        } else {
            self.receive(fabric);
        }
        self.update_lines(fabric);
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        *self = Self::new(self.index);
        let wiring = self.wiring();
        fabric.cancel(wiring.tx_slot);
        fabric.cancel(wiring.rx_slot);
        fabric.listen(wiring.rx, false);
        fabric.listen(wiring.cts, false);
        self.drive_line(true, fabric.now(), fabric);
        self.modem = self.modem_inputs(fabric);
        self.update_lines(fabric);
    }
}

/// The duration of this many half bits.
fn half_bits(rate: Hertz, halves: u64) -> Ps {
    rate.duration(halves) / 2
}
