//! RS-485. TRM 26.4.6 (driver control, turnaround delay, bus snooping) and 26.4.10.1 (DTR falls after the delay); ESP-IDF
//! `hal/uart_ll.h` (uart_ll_set_mode_rs485_*) and its documentation of UART_MODE_RS485_*.
//!
//! DTR is the transceiver's driver enable: high from before the start bit until the transmitter has nothing more to send.
//! (ESP-IDF's driver uses RTS for that, by SW_RTS.)

use super::receive::Frame;
use super::{Reg, Uart, CONF0, INT_RAW, RS485_CONF};
use crate::fabric::Fabric;
use engine_core::registers::Field;
use engine_core::time::Ps;
use serde::{Deserialize, Serialize};

/// The transmitter's time on the bus.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Bus {
    /// From when to when it has it, or had it last.
    driven: Option<(Ps, Ps)>,
    /// The last character; `None`: a break.
    sent: Option<u8>,
}

impl Uart {
    fn rs485(&self, field: Field) -> bool {
        self.field(Reg::RS485_CONF, RS485_CONF::RS485_EN) != 0 && self.field(Reg::RS485_CONF, field) != 0
    }

    pub(super) fn is_rs485(&self) -> bool {
        self.rs485(RS485_CONF::RS485_EN)
    }

    /// Bits before the start bit and behind the stop bits: turnaround delays.
    pub(super) fn turnaround(&self) -> (u64, u64) {
        (u64::from(self.rs485(RS485_CONF::DL0_EN)), u64::from(self.rs485(RS485_CONF::DL1_EN)))
    }

    /// Nobody else has the bus, as far as the receiver can tell, or it does not matter.
    pub(super) fn is_bus_free(&self) -> bool {
        !self.is_rs485() || self.rs485(RS485_CONF::RS485RXBY_TX_EN) || !self.receiver.is_busy()
    }

    /// The receiver takes nothing in while the transmitter sends.
    pub(super) fn is_deaf(&self) -> bool {
        self.is_rs485() && !self.rs485(RS485_CONF::RS485TX_RX_EN)
    }

    /// The transmitter has the bus for one more character.
    pub(super) fn take_bus(&mut self, sent: Option<u8>, from: Ps, until: Ps, fabric: &mut Fabric) {
        self.bus.sent = sent;
        self.bus.driven = match self.bus.driven {
            Some((first, last)) if last >= from => Some((first, until)),
            _ => Some((from, until)),
        };
        if self.is_rs485() {
            self.drive_dtr(from, fabric);
        }
    }

    /// DTRn: by software, or as driver enable.
    pub(super) fn drive_dtr(&self, at: Ps, fabric: &mut Fabric) {
        fabric.drive_at(self.wiring().dtr, self.dtr() != self.conf0(CONF0::DTR_INV), at);
    }

    /// The level of DTRn before its inversion.
    pub(super) fn dtr(&self) -> bool {
        if self.is_rs485() {
            self.sending.is_some()
        } else {
            !self.conf0(CONF0::SW_DTR)
        }
    }

    /// A frame that came in while the transmitter had the bus is its own, or collided with it. True: it goes no further.
    pub(super) fn is_echo(&mut self, frame: &Frame) -> bool {
        let own = |driven: &(Ps, Ps)| frame.start < driven.1 && frame.end >= driven.0;
        if !self.is_rs485() || !self.bus.driven.as_ref().is_some_and(own) {
            return false;
        }
        if let Some(sent) = self.bus.sent {
            let sent = u32::from(sent) & ((1 << self.data_bits()) - 1);
            let found = [
                (INT_RAW::RS485_CLASH_INT_RAW, frame.data != sent),
                (INT_RAW::RS485_FRM_ERR_INT_RAW, !frame.stopped),
                (INT_RAW::RS485_PARITY_ERR_INT_RAW, frame.wrong_parity),
            ];
            self.raw |= found.into_iter().filter(|(_, is)| *is).fold(0, |raw, (field, _)| raw | field.mask);
        }
        self.is_deaf()
    }
}
