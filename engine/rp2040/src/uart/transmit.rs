//! The transmitter, datasheet 4.2.3.2 and 4.2.4.

use super::{Reg, Uart, LEVELS, UARTCR, UARTLCR_H, UARTRIS};
use crate::fabric::Fabric;
use crate::pads::Func;
use engine_core::time::{Ps, MICROSECOND};
use engine_core::trace::Kind;
use serde::{Deserialize, Serialize};

/// The character in the shift register.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Sending {
    value: u8,
    /// Start bit, data, parity, stop bits: lowest bit first.
    frame: u32,
    length: u64,
    start: Ps,
    /// Somebody looks at the levels.
    wire: bool,
    /// The next bit to show.
    bit: u64,
    due: Ps,
}

impl Uart {
    /// Software or DMA writes UARTDR. A full FIFO loses the character.
    pub(super) fn send(&mut self, value: u8, fabric: &mut Fabric) {
        if self.tx.len() >= self.depth() {
            return;
        }
        self.tx.push_back(value);
        if self.tx.len() > self.transmit_level() {
            self.raw &= !UARTRIS::TXRIS.mask;
        }
        if self.sending.is_none() {
            let now = fabric.now();
            self.start_next(now, fabric);
        }
    }

    fn transmit_level(&self) -> usize {
        let select = super::UARTIFLS::TXIFLSEL.get(self.bank.get(Reg::UARTIFLS));
        if self.depth() == 1 {
            0
        } else {
            LEVELS[select as usize]
        }
    }

    fn may_start(&self, fabric: &Fabric) -> bool {
        let enabled = self.control(UARTCR::UARTEN) && self.control(UARTCR::TXE);
        let held = UARTLCR_H::BRK.is_set(self.bank.get(Reg::UARTLCR_H));
        let cleared = !self.control(UARTCR::CTSEN) || super::UARTFR::CTS.is_set(self.modem_inputs(fabric));
        enabled && !held && cleared
    }

    /// The next character goes into the shift register at `at`.
    fn start_next(&mut self, at: Ps, fabric: &mut Fabric) {
        if self.tx.is_empty() || !self.may_start(fabric) {
            return;
        }
        let rate = self.bit_rate(fabric);
        if !rate.is_running() {
            // Without clk_peri the transmitter stands still; nobody tells when the clock comes back.
            fabric.after(self.wiring().tx_slot, MICROSECOND);
            return;
        }
        let Some(value) = self.tx.pop_front() else { return };
        // The interrupt is a transition through the level, 4.2.6.3.
        if self.tx.len() == self.transmit_level() {
            self.raw |= UARTRIS::TXRIS.mask;
        }
        let (frame, length) = self.frame(value);
        let wire = self.control(UARTCR::LBE) || self.is_looked_at(fabric);
        let due = if wire { at } else { at.saturating_add(rate.duration(length)) };
        self.sending = Some(Sending { value, frame, length, start: at, wire, bit: 0, due });
        fabric.at(self.wiring().tx_slot, due);
    }

    fn is_looked_at(&self, fabric: &Fabric) -> bool {
        let pins = fabric.io.selected(Func::Uart) & self.wiring().tx_pins;
        fabric.is_seen(pins)
    }

    /// A character as it goes over the line, and its length in bits.
    fn frame(&self, value: u8) -> (u32, u64) {
        let bits = self.data_bits();
        let data = u32::from(value) & ((1 << bits) - 1);
        let mut frame = data << 1;
        let mut length = 1 + bits;
        if let Some(parity) = self.parity_bit(data) {
            frame |= parity << length;
            length += 1;
        }
        let stops = 1 + self.bank.field(Reg::UARTLCR_H, UARTLCR_H::STP2);
        frame |= ((1 << stops) - 1) << length;
        (frame, u64::from(length + stops))
    }

    /// Something of the transmitter is due: a bit, the end of a character, CTS, or a change of control.
    pub(super) fn transmit(&mut self, fabric: &mut Fabric) {
        let wiring = self.wiring();
        fabric.listen(wiring.cts, self.control(UARTCR::UARTEN) && !self.control(UARTCR::LBE));
        fabric.io.serial.ear(wiring.cts).edges.clear();
        self.follow_modem_inputs(fabric);
        let now = fabric.now();
        let mut free = now;
        if let Some(mut sending) = self.sending.take() {
            if sending.due <= now && sending.wire {
                self.show_bits(&mut sending, fabric);
            }
            if sending.due > now {
                fabric.at(wiring.tx_slot, sending.due);
                self.sending = Some(sending);
                return;
            }
            free = sending.due;
            self.deliver(sending.value, free, fabric);
        }
        let brk = UARTLCR_H::BRK.is_set(self.bank.get(Reg::UARTLCR_H));
        self.drive_line(!brk, free, fabric);
        self.start_next(free, fabric);
    }

    /// Puts the bits that are due onto the line, and finds out when the level changes next.
    fn show_bits(&mut self, sending: &mut Sending, fabric: &mut Fabric) {
        let rate = self.bit_rate(fabric);
        let now = fabric.now();
        while sending.bit < sending.length && sending.due <= now {
            let level = sending.frame >> sending.bit & 1;
            self.drive_line(level != 0, sending.due, fabric);
            while sending.bit < sending.length && sending.frame >> sending.bit & 1 == level {
                sending.bit += 1;
            }
            sending.due = sending.start.saturating_add(rate.duration(sending.bit));
        }
    }

    /// UARTTXD changes.
    pub(super) fn drive_line(&mut self, level: bool, at: Ps, fabric: &mut Fabric) {
        let pins = self.wiring().tx_pins;
        fabric.drive_some(Func::Uart, pins, if level { u32::MAX } else { 0 }, u32::MAX, at);
        if self.line != level {
            self.line = level;
            if self.control(UARTCR::LBE) {
                self.receiver.edges.push((at, level));
                fabric.soon(self.wiring().rx_slot);
            }
        }
    }

    /// The character is out: consoles and the trace get it from every pin on which UARTTXD is selected.
    fn deliver(&self, value: u8, at: Ps, fabric: &mut Fabric) {
        let mut pins = fabric.io.selected(Func::Uart) & self.wiring().tx_pins;
        while pins != 0 {
            let pin = pins.trailing_zeros() as u8;
            pins &= pins - 1;
            fabric.pins.trace.see(Kind::UartOut, at, u64::from(pin) << 8 | u64::from(value));
            if let Some(console) = fabric.consoles.sent_on(pin) {
                fabric.consoles.put(console, value, at);
            }
        }
    }
}
