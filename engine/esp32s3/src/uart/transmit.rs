//! The transmitter, TRM 26.4.4.

use super::irda::PULSE;
use super::{Reg, Uart, CONF0, INT_RAW, TXBRK_CONF};
use crate::fabric::Fabric;
use engine_core::time::{Ps, MICROSECOND};
use engine_core::trace::Kind;
use serde::{Deserialize, Serialize};

/// The character in the shift register.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Sending {
    /// `None`: a break.
    value: Option<u8>,
    /// Start bit, data, parity: lowest bit first; stop bits are high.
    frame: u32,
    bits: u32,
    /// When the start bit begins.
    start: Ps,
    end: Ps,
    /// Somebody looks at the levels; the next change to show, one for each bit, or three with IrDA.
    wire: Option<u32>,
}

impl Uart {
    /// Software writes FIFO. A full FIFO loses the character.
    pub(super) fn send(&mut self, value: u8, fabric: &mut Fabric) {
        if self.tx.len() >= self.tx_depth() {
            return;
        }
        self.tx.push_back(value);
        if self.sending.is_none() {
            let now = fabric.now();
            self.start_next(now, fabric);
        }
    }

    fn may_start(&self, fabric: &Fabric) -> bool {
        let cts = fabric.input(self.wiring().cts) != self.conf0(CONF0::CTS_INV);
        (!self.conf0(CONF0::TX_FLOW_EN) || !cts) && self.may_send_light() && self.is_bus_free()
    }

    fn start_next(&mut self, at: Ps, fabric: &mut Fabric) {
        let breaks = self.tx.is_empty() && self.conf0(CONF0::TXD_BRK);
        let data = !self.is_held_off() && (!self.tx.is_empty() || breaks);
        if !(data || self.has_flow_character()) || !self.may_start(fabric) {
            return;
        }
        let rate = self.bit_rate(fabric);
        if !rate.is_running() {
            // Without a clock the transmitter stands still; nobody tells when the clock comes back.
            return fabric.after(self.wiring().tx_slot, MICROSECOND);
        }
        let value = self.take_flow_character().or_else(|| self.tx.pop_front());
        let (frame, bits, halves) = match value {
            Some(value) => self.frame(value),
            None => {
                let bits = self.field(Reg::TXBRK_CONF, TXBRK_CONF::TX_BRK_NUM);
                (0, bits, 2 * bits)
            }
        };
        // Pulses of IrDA are no frame that a console could take: they are always there, for software that polls the pin, too.
        let on_wire = self.conf0(CONF0::LOOPBACK) || self.is_irda() || self.is_looked_at(fabric) || value.is_none();
        let wire = on_wire.then_some(0);
        let (before, after) = self.turnaround();
        let start = at.saturating_add(rate.duration(before));
        let end = start.saturating_add(rate.scaled(2, 1).duration(u64::from(halves) + 2 * after));
        self.sending = Some(Sending { value, frame, bits, start, end, wire });
        self.take_bus(value, at, end, fabric);
        fabric.at(self.wiring().tx_slot, if wire.is_some() { start } else { end });
    }

    fn is_looked_at(&self, fabric: &Fabric) -> bool {
        let pins = fabric.io.pins_of(self.wiring().txd);
        fabric.pins.is_looked_at(pins) || fabric.io.is_watched(pins) || fabric.interrupting_pins & pins != 0
    }

    /// A character as it goes over the line, its bits without the stop bits, and its length in half bits.
    fn frame(&self, value: u8) -> (u32, u32, u32) {
        let bits = self.data_bits();
        let data = u32::from(value) & ((1 << bits) - 1);
        let mut frame = data << 1;
        let mut length = 1 + bits;
        if let Some(parity) = self.parity_bit(data) {
            frame |= parity << length;
            length += 1;
        }
        (frame, length, self.frame_halves())
    }

    /// A bit, the end of a character, CTS, or a change of settings is due.
    pub(super) fn transmit(&mut self, fabric: &mut Fabric) {
        let now = fabric.now();
        let mut free = now;
        if let Some(mut sending) = self.sending.take() {
            let due = self.show_bits(&mut sending, fabric);
            if due > now {
                fabric.at(self.wiring().tx_slot, due);
                self.sending = Some(sending);
                return;
            }
            free = sending.end;
            self.drive_line(true, free, fabric);
            match sending.value {
                Some(value) => self.deliver(value, free, fabric),
                None => {
                    self.raw |= INT_RAW::TX_BRK_DONE_INT_RAW.mask;
                    self.bank.set_field(Reg::CONF0, CONF0::TXD_BRK, 0);
                }
            }
            if self.tx.is_empty() {
                self.raw |= INT_RAW::TX_DONE_INT_RAW.mask;
            }
        } else {
            self.drive_line(true, now, fabric);
        }
        self.start_next(free, fabric);
        if self.is_rs485() && self.sending.is_none() {
            self.drive_dtr(free, fabric);
        }
    }

    /// When the character under way is out.
    pub(super) fn busy_until(&self) -> Option<Ps> {
        self.sending.as_ref().map(|sending| sending.end)
    }

    /// ST_UTX_OUT: idle, start bit, data bits from 2 on, parity 10, stop bits 11 and 12, turnaround delays 13 and 14, 15 where
    /// data wait for XON (ESP-IDF `hal/uart_ll.h`, UART_LL_FSM_TX_WAIT_SEND; the others as the ESP32's TRM lists them).
    pub(super) fn transmitter_state(&self, fabric: &Fabric) -> u32 {
        let Some(sending) = &self.sending else {
            return if self.is_held_off() && !self.tx.is_empty() { 15 } else { 0 };
        };
        let now = fabric.now();
        if now < sending.start {
            return 13;
        }
        let bit = self.bit_rate(fabric).cycles_in(now - sending.start) as u32;
        match bit {
            _ if bit <= self.data_bits() => 1 + bit,
            _ if bit < sending.bits => 10,
            _ if bit == sending.bits => 11,
            _ if 2 * bit < self.frame_halves() => 12,
            _ => 14,
        }
    }

    /// Puts the bits that are due onto the line. Returns when the next change is due.
    fn show_bits(&mut self, sending: &mut Sending, fabric: &mut Fabric) -> Ps {
        let Some(mut bit) = sending.wire else { return sending.end };
        if self.is_irda() {
            return self.show_pulses(sending, bit, fabric);
        }
        let (rate, now) = (self.bit_rate(fabric), fabric.now());
        while bit <= sending.bits {
            let due = sending.start.saturating_add(rate.duration(u64::from(bit)));
            if due > now {
                sending.wire = Some(bit);
                return due.min(sending.end);
            }
            // A break is up to 255 bits long, and all of them are low.
            let high = sending.frame.checked_shr(bit).is_some_and(|rest| rest & 1 != 0);
            self.drive_line(bit == sending.bits || high, due, fabric);
            bit += 1;
        }
        sending.wire = Some(bit);
        sending.end
    }

    /// Likewise as pulses: for each bit the line within the controller, a pulse's beginning, and its end.
    fn show_pulses(&mut self, sending: &mut Sending, mut step: u32, fabric: &mut Fabric) -> Ps {
        let (sixteenths, now) = (self.bit_rate(fabric).scaled(16, 1), fabric.now());
        while step <= 3 * sending.bits {
            let (bit, part) = (step / 3, step as usize % 3);
            let into = part.checked_sub(1).map_or(0, |edge| PULSE[edge]);
            let due = sending.start.saturating_add(sixteenths.duration(16 * u64::from(bit) + into));
            if due > now {
                sending.wire = Some(step);
                return due.min(sending.end);
            }
            let high = bit == sending.bits || sending.frame.checked_shr(bit).is_some_and(|rest| rest & 1 != 0);
            if part == 0 {
                self.drive_line(high, due, fabric);
            } else {
                self.shine(part == 1 && !high, due, fabric);
            }
            step += 1;
        }
        sending.wire = Some(step);
        sending.end
    }

    /// TXD changes.
    pub(super) fn drive_line(&mut self, level: bool, at: Ps, fabric: &mut Fabric) {
        let wiring = self.wiring();
        if self.is_irda() {
            self.shine(false, at, fabric);
        } else {
            fabric.drive_at(wiring.txd, level != self.conf0(CONF0::TXD_INV), at);
        }
        if self.line != level {
            self.line = level;
            if self.conf0(CONF0::LOOPBACK) {
                self.receiver.hear(at, level);
                fabric.soon(wiring.rx_slot);
            }
        }
    }

    /// The character is out: consoles and the trace get it from every pin to which TXD is routed.
    fn deliver(&self, value: u8, at: Ps, fabric: &mut Fabric) {
        if self.is_irda() {
            // No terminal reads light.
            return;
        }
        let mut pins = fabric.io.pins_of(self.wiring().txd);
        while pins != 0 {
            let pin = pins.trailing_zeros() as u8;
            pins &= pins - 1;
            fabric.pins.trace.see(Kind::UartOut, at, u64::from(pin) << 8 | u64::from(value));
            if let Some(console) = fabric.consoles.sent_on(pin) {
                fabric.consoles.put(console, value, at);
                if fabric.consoles.is_seen() {
                    fabric.attention();
                }
            }
        }
    }
}
