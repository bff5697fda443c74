//! An I2C target's end of the wire (NXP UM10204): START, address, bytes with acknowledge, STOP.
//!
//! A routed hardware controller talks to the part byte by byte through [`crate::pins::Pins`]; bit-banged and
//! PIO controllers are decoded here from the levels of SDA and SCL.

use crate::pins::Drive;
use crate::ports::{Outside, PortId};
use crate::time::Ps;
use crate::trace::{Kind, Trace};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    Idle,
    Address,
    Write,
    Read,
    Deaf,
}

/// The pins and the address of a target.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct I2cWire {
    sda: u8,
    scl: u8,
    addresses: Vec<u16>,
    state: State,
    shift: u8,
    bits: u8,
    acknowledged: bool,
}

impl I2cWire {
    /// A target on these pins that answers to these 7-bit addresses.
    pub fn new(sda: u8, scl: u8, addresses: Vec<u16>) -> Self {
        Self { sda, scl, addresses, state: State::Idle, shift: 0, bits: 0, acknowledged: false }
    }

    /// The pins it looks at.
    pub fn mask(&self) -> u64 {
        1u64 << self.sda | 1u64 << self.scl
    }

    /// Is it on this bus?
    pub fn is_on(&self, sda: u8, scl: u8) -> bool {
        (self.sda, self.scl) == (sda, scl)
    }

    /// Is this one of its addresses?
    pub fn answers_to(&self, address: u16) -> bool {
        self.addresses.contains(&address)
    }

    /// A level changed. Returns what the target does to SDA from now on: pull it low or let go.
    pub fn change(
        &mut self,
        port: PortId,
        changed: u64,
        level: u64,
        at: Ps,
        trace: &mut Trace,
        outside: &mut dyn Outside,
    ) -> Option<Drive> {
        let (sda, scl) = (level >> self.sda & 1 != 0, level >> self.scl & 1 != 0);
        if changed >> self.scl & 1 == 0 {
            if scl {
                return self.condition(port, sda, at, outside);
            }
            return None;
        }
        if scl {
            self.clock_high(port, sda, at, trace, outside);
            None
        } else {
            self.clock_low(port, at, trace, outside)
        }
    }

    /// SDA moved while SCL was high: START when it fell, STOP when it rose (3.1.4).
    fn condition(&mut self, port: PortId, sda: bool, at: Ps, outside: &mut dyn Outside) -> Option<Drive> {
        if matches!(self.state, State::Write | State::Read) {
            outside.i2c_stop(port, at);
        }
        self.state = if sda { State::Idle } else { State::Address };
        self.bits = 0;
        self.acknowledged = false;
        Some(Drive { pin: self.sda, level: None })
    }

    /// SCL rose: a bit is valid.
    fn clock_high(&mut self, port: PortId, sda: bool, at: Ps, trace: &mut Trace, outside: &mut dyn Outside) {
        match self.state {
            State::Idle | State::Deaf => {}
            State::Read if self.bits == 8 => {
                if sda {
                    outside.i2c_stop(port, at);
                    self.state = State::Deaf;
                }
            }
            State::Address | State::Write if self.bits < 8 => {
                self.shift = self.shift << 1 | u8::from(sda);
                if self.bits == 7 {
                    trace.see(Kind::I2c, at, u64::from(port) << 32 | u64::from(self.shift));
                }
            }
            _ => {}
        }
    }

    /// SCL fell: the target may change SDA.
    fn clock_low(&mut self, port: PortId, at: Ps, trace: &mut Trace, outside: &mut dyn Outside) -> Option<Drive> {
        let release = Some(Drive { pin: self.sda, level: None });
        let pull = Some(Drive { pin: self.sda, level: Some(false) });
        match self.state {
            State::Idle | State::Deaf => None,
            // The SCL edge that ends the START condition itself.
            State::Address if !self.acknowledged && self.bits == 0 && self.shift == 0 => {
                self.acknowledged = true;
                None
            }
            State::Address | State::Write => {
                self.bits += 1;
                if self.bits == 8 {
                    return if self.take(port, at, outside) { pull } else { None };
                }
                if self.bits == 9 {
                    self.bits = 0;
                    return release;
                }
                None
            }
            State::Read => {
                self.bits += 1;
                if self.bits >= 9 {
                    self.bits = 0;
                    self.shift = outside.i2c_read(port, at);
                    trace.see(Kind::I2c, at, u64::from(port) << 32 | 0x100 | u64::from(self.shift));
                }
                if self.bits == 8 {
                    return release;
                }
                let bit = self.shift >> (7 - self.bits) & 1 != 0;
                if bit {
                    release
                } else {
                    pull
                }
            }
        }
    }

    /// Eight bits are in: an address or a byte. True: acknowledge.
    fn take(&mut self, port: PortId, at: Ps, outside: &mut dyn Outside) -> bool {
        let byte = self.shift;
        if self.state == State::Write {
            return outside.i2c_write(port, at, byte);
        }
        let (address, read) = (u16::from(byte >> 1), byte & 1 != 0);
        let acknowledged = self.answers_to(address) && outside.i2c_start(port, at, address, read);
        self.state = match (acknowledged, read) {
            (false, _) => State::Deaf,
            (true, true) => State::Read,
            (true, false) => State::Write,
        };
        acknowledged
    }
}
