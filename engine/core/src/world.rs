//! The outside of a chip's pins: whoever is attached, and whether they were called.

use crate::parallel::ParallelBatch;
use crate::ports::{Edge, I2sBatch, Nobody, Outside, PortId, Posted, SpiAnswer, SpiBatch};
use crate::sdbus::{SdAnswer, SdBlock, SdWritten};
use crate::time::Ps;

/// The outside world, put back by whoever owns the twin after a snapshot is restored. It remembers whether it was
/// called: only then can parts have posted something, and most edges call nobody.
pub(crate) struct World {
    outside: Box<dyn Outside>,
    /// Was anybody called since the last look?
    pub(crate) called: bool,
}

impl Default for World {
    fn default() -> Self {
        Self { outside: Box::new(Nobody), called: false }
    }
}

impl Clone for World {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl World {
    /// This is outside from now on.
    pub(crate) fn of(outside: Box<dyn Outside>) -> Self {
        Self { outside, called: false }
    }

    fn call(&mut self) -> &mut dyn Outside {
        self.called = true;
        &mut *self.outside
    }
}

impl Outside for World {
    fn spi(&mut self, port: PortId, batch: SpiBatch) {
        self.call().spi(port, batch);
    }
    fn spi_select(&mut self, port: PortId, at: Ps, selected: bool) {
        self.call().spi_select(port, at, selected);
    }
    fn spi_answer(&mut self, port: PortId, at: Ps, byte: u8, dc: bool) -> Option<SpiAnswer> {
        self.call().spi_answer(port, at, byte, dc)
    }
    fn i2c_start(&mut self, port: PortId, at: Ps, address: u16, read: bool) -> bool {
        self.call().i2c_start(port, at, address, read)
    }
    fn i2c_write(&mut self, port: PortId, at: Ps, byte: u8) -> bool {
        self.call().i2c_write(port, at, byte)
    }
    fn i2c_read(&mut self, port: PortId, at: Ps) -> u8 {
        self.call().i2c_read(port, at)
    }
    fn i2c_stop(&mut self, port: PortId, at: Ps, restarted: bool) {
        self.call().i2c_stop(port, at, restarted);
    }
    fn parallel(&mut self, port: PortId, batch: ParallelBatch) {
        self.call().parallel(port, batch);
    }
    fn sd_command(&mut self, port: PortId, at: Ps, index: u8, argument: u32) -> Option<SdAnswer> {
        self.call().sd_command(port, at, index, argument)
    }
    fn sd_read(&mut self, port: PortId, at: Ps, lines: u8) -> Option<SdBlock> {
        self.call().sd_read(port, at, lines)
    }
    fn sd_write(&mut self, port: PortId, at: Ps, lines: u8, data: Vec<u8>) -> Option<SdWritten> {
        self.call().sd_write(port, at, lines, data)
    }
    fn i2s_sent(&mut self, port: PortId, batch: I2sBatch) {
        self.call().i2s_sent(port, batch);
    }
    fn i2s_wanted(&mut self, port: PortId, at: &[Ps]) -> Vec<i32> {
        self.call().i2s_wanted(port, at)
    }
    fn ethernet(&mut self, port: PortId, at: Ps, frame: &[u8]) {
        self.call().ethernet(port, at, frame);
    }
    fn edge(&mut self, port: PortId, edge: Edge) {
        self.call().edge(port, edge);
    }
    fn pulses(&mut self, port: PortId, edges: Vec<Edge>) {
        self.call().pulses(port, edges);
    }
    fn take_posted(&mut self) -> Option<Posted> {
        if std::mem::take(&mut self.called) {
            self.outside.take_posted()
        } else {
            None
        }
    }
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("World")
    }
}
