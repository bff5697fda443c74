//! Flow control by software. TRM 26.4.10.2 (characters, thresholds, what is forced); ESP-IDF `hal/uart_ll.h`
//! (uart_ll_set_sw_flow_ctrl, uart_ll_force_xoff).

use super::{Reg, Uart, FLOW_CONF, INT_RAW, SWFC_CONF0, SWFC_CONF1};
use crate::fabric::Fabric;
use engine_core::registers::Field;
use serde::{Deserialize, Serialize};

/// What has been agreed with the other side.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Flow {
    /// The last flow control character that came in was XOFF.
    stopped: bool,
    /// The last one that the receiver's level has asked for was XOFF.
    asked: bool,
}

impl Uart {
    fn flow(&self, field: Field) -> bool {
        self.field(Reg::FLOW_CONF, field) != 0
    }

    /// The transmitter must not send data.
    pub(super) fn is_held_off(&self) -> bool {
        self.flow(FLOW_CONF::SW_FLOW_CON_EN) && (self.flow(FLOW_CONF::FORCE_XOFF) || self.flow.stopped)
    }

    /// FLOW_CONF was written.
    pub(super) fn write_flow(&mut self, fabric: &mut Fabric) {
        if self.flow(FLOW_CONF::FORCE_XON) || !self.flow(FLOW_CONF::SW_FLOW_CON_EN) {
            self.flow.stopped = false;
        }
        if !self.flow(FLOW_CONF::SW_FLOW_CON_EN) {
            self.flow.asked = false;
        }
        fabric.soon(self.wiring().tx_slot);
    }

    /// The level of the receive FIFO asks for a flow control character.
    pub(super) fn settle_flow(&mut self, fabric: &mut Fabric) {
        if !self.flow(FLOW_CONF::SW_FLOW_CON_EN) {
            return;
        }
        let level = self.receiver.fifo.len() as u32;
        let ask = if !self.flow.asked && level > self.field(Reg::SWFC_CONF0, SWFC_CONF0::XOFF_THRESHOLD) {
            FLOW_CONF::SEND_XOFF
        } else if self.flow.asked && level < self.field(Reg::SWFC_CONF1, SWFC_CONF1::XON_THRESHOLD) {
            FLOW_CONF::SEND_XON
        } else {
            return;
        };
        self.flow.asked = !self.flow.asked;
        // Thresholds may be crossed: then a level asks for both in turn. What waits already is not asked for again.
        if !self.flow(ask) {
            self.bank.set_field(Reg::FLOW_CONF, ask, 1);
            fabric.soon(self.wiring().tx_slot);
        }
    }

    /// The flow control character that goes out before any data; its request is done with.
    pub(super) fn take_flow_character(&mut self) -> Option<u8> {
        let (request, character) = if self.flow(FLOW_CONF::SEND_XOFF) {
            (FLOW_CONF::SEND_XOFF, self.field(Reg::SWFC_CONF0, SWFC_CONF0::XOFF_CHAR))
        } else if self.flow(FLOW_CONF::SEND_XON) {
            (FLOW_CONF::SEND_XON, self.field(Reg::SWFC_CONF1, SWFC_CONF1::XON_CHAR))
        } else {
            return None;
        };
        self.bank.set_field(Reg::FLOW_CONF, request, 0);
        Some(character as u8)
    }

    pub(super) fn has_flow_character(&self) -> bool {
        self.flow(FLOW_CONF::SEND_XOFF) || self.flow(FLOW_CONF::SEND_XON)
    }

    /// A character came in. True: it was for the transmitter, and is removed from the data.
    pub(super) fn obey(&mut self, byte: u8) -> bool {
        if !self.flow(FLOW_CONF::SW_FLOW_CON_EN) {
            return false;
        }
        if u32::from(byte) == self.field(Reg::SWFC_CONF0, SWFC_CONF0::XOFF_CHAR) {
            self.flow.stopped = true;
            self.raw |= INT_RAW::SW_XOFF_INT_RAW.mask;
        } else if u32::from(byte) == self.field(Reg::SWFC_CONF1, SWFC_CONF1::XON_CHAR) {
            self.flow.stopped = false;
            self.raw |= INT_RAW::SW_XON_INT_RAW.mask;
        } else {
            return false;
        }
        self.flow(FLOW_CONF::XONOFF_DEL)
    }
}
