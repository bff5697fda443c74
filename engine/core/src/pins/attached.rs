//! What hangs on the pins, and which edges it must be told of.

use super::{Pins, Watch};
use crate::i2c::I2cWire;
use crate::ports::PortId;
use crate::spi::SpiWire;

impl Pins {
    pub(super) fn new_port(&mut self, mask: u64) -> PortId {
        self.watched |= mask;
        self.next_port += 1;
        self.next_port
    }

    /// Attaches an SPI target.
    pub fn attach_spi(&mut self, wire: SpiWire) -> PortId {
        let port = self.new_port(wire.mask());
        self.spi.push((port, wire));
        self.tell_as_bytes(self.told_by_blocks);
        self.settle_heed();
        port
    }

    /// Attaches an I2C target.
    pub fn attach_i2c(&mut self, wire: I2cWire) -> PortId {
        let port = self.new_port(wire.mask());
        self.i2c.push((port, wire));
        self.settle_heed();
        port
    }

    /// Tells a part about each edge of a pin at once.
    pub fn attach_edges(&mut self, pin: u8) -> PortId {
        let port = self.new_port(1 << pin);
        self.watches.push((port, Watch { pin, gathered: None }));
        self.settle_heed();
        port
    }

    /// Gathers the edges of a pin.
    pub fn attach_pulses(&mut self, pin: u8) -> PortId {
        let port = self.new_port(1 << pin);
        self.watches.push((port, Watch { pin, gathered: Some(Vec::new()) }));
        self.settle_heed();
        port
    }

    /// A part at the other end of the Ethernet cable, which has no pins.
    pub fn attach_cable(&mut self) -> PortId {
        self.new_port(0)
    }

    /// Which edges must be told, from what is attached.
    pub(super) fn settle_heed(&mut self) {
        let audio = self.audio_clocks(|_| true);
        let needed = |rising: bool| {
            let spi = self.spi.iter().filter(|(_, wire)| !wire.ignores(rising)).map(|(_, wire)| wire.mask());
            let cs = self.spi.iter().map(|(_, wire)| wire.mask() & !wire.clock());
            let i2c = self.i2c.iter().map(|(_, wire)| wire.mask());
            let edges = self.watches.iter().map(|(_, watch)| 1u64 << watch.pin);
            let parallel = self.parallel.iter().map(|(_, wire)| wire.mask());
            spi.chain(cs).chain(i2c).chain(parallel).chain(edges).fold(audio, |a, b| a | b)
        };
        let all = if self.log.is_some() { u64::MAX } else { 0 };
        self.heeds_rise = all | needed(true);
        self.heeds_fall = all | needed(false);
        let watched = self.watches.iter().map(|(_, watch)| 1 << watch.pin);
        let parallel = self.parallel.iter().map(|(_, wire)| wire.mask());
        let others = self.i2c.iter().map(|(_, wire)| wire.mask()).chain(parallel).chain(watched);
        let others = others.fold(all | audio, |a, b| a | b);
        let edges =
            self.watches.iter().filter(|(_, watch)| watch.gathered.is_none()).map(|(_, watch)| 1u64 << watch.pin);
        let spi = self.spi.iter().filter(|(_, wire)| wire.miso().is_some()).map(|(_, wire)| wire.mask());
        let i2c = self.i2c.iter().map(|(_, wire)| wire.mask());
        self.prompt = edges.chain(spi).chain(i2c).fold(self.audio_clocks(|answers| answers), |a, b| a | b);
        self.sole_clock = match &self.spi[..] {
            [(_, wire)] if wire.miso().is_none() && others & wire.clock() == 0 => wire.clock(),
            _ => 0,
        };
        self.settle_masters();
    }

    pub(super) fn watched_by_ports(&self) -> u64 {
        let spi = self.spi.iter().map(|(_, wire)| wire.mask());
        let i2c = self.i2c.iter().map(|(_, wire)| wire.mask());
        let edges = self.watches.iter().map(|(_, watch)| 1u64 << watch.pin);
        let parallel = self.parallel.iter().map(|(_, wire)| wire.mask());
        spi.chain(i2c).chain(parallel).chain(edges).fold(self.audio_clocks(|_| true), |a, b| a | b)
    }
}
