//! What a routed hardware I2C controller does, byte by byte.

use super::Pins;
use crate::i2c::I2cWire;
use crate::ports::{Outside, PortId};
use crate::time::Ps;
use crate::trace::Kind;

impl Pins {
    /// What a routed hardware controller does to SDA and SCL on the fast path: a step, with the time of each level.
    pub fn i2c_show(&mut self, sda: u8, scl: u8, levels: impl Iterator<Item = (Ps, bool, bool)>) {
        let (sda, scl) = (1u64 << sda, 1u64 << scl);
        if !self.edges_wanted(sda | scl) {
            return;
        }
        let before = self.level;
        let mut last = 0;
        for (at, sda_high, scl_high) in levels {
            last = at;
            let level = if sda_high { sda } else { 0 } | if scl_high { scl } else { 0 };
            self.show((self.level & !(sda | scl)) | level, at);
        }
        self.show(before, last);
    }

    /// Does a part at this address hang on the bus?
    pub fn i2c_has(&self, sda: u8, scl: u8, wanted: impl Fn(&I2cWire) -> bool) -> bool {
        self.i2c.iter().any(|(_, wire)| wire.is_on(sda, scl) && wanted(wire))
    }

    /// A routed hardware controller on these lines sends START and an address. The port that acknowledges, if any.
    pub fn i2c_start(&mut self, sda: u8, scl: u8, address: u16, read: bool, at: Ps) -> Option<PortId> {
        self.trace.see(Kind::I2c, at, u64::from(address) << 8 | u64::from(read));
        let world = &mut self.world;
        let port = self
            .i2c
            .iter()
            .filter(|(_, wire)| wire.is_on(sda, scl) && wire.answers_to(address))
            .find(|(port, _)| world.i2c_start(*port, at, address, read))
            .map(|(port, _)| *port);
        self.take_posted(at);
        port
    }

    /// The controller writes a byte to the target that acknowledged.
    pub fn i2c_write(&mut self, port: PortId, byte: u8, at: Ps) -> bool {
        self.trace.see(Kind::I2c, at, 0x1_0000 | u64::from(byte));
        let acknowledged = self.world.i2c_write(port, at, byte);
        self.take_posted(at);
        acknowledged
    }

    /// The controller reads a byte from the target that acknowledged.
    pub fn i2c_read(&mut self, port: PortId, at: Ps) -> u8 {
        let byte = self.world.i2c_read(port, at);
        self.trace.see(Kind::I2c, at, 0x2_0000 | u64::from(byte));
        self.take_posted(at);
        byte
    }

    /// The controller sends STOP, or a repeated START that ends the transaction with this target.
    pub fn i2c_stop(&mut self, port: PortId, at: Ps, restarted: bool) {
        self.trace.see(Kind::I2c, at, 0x3_0000);
        self.world.i2c_stop(port, at, restarted);
        self.take_posted(at);
    }
}
