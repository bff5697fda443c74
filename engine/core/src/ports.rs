//! Ports: the only border between a chip and what is around it.
//!
//! The engine side of a port sits on pins and decodes what they carry. Data leaves in batches with time
//! stamps; the other side is asked at once only where the chip needs an answer.

use crate::i2s::I2sClock;
use crate::parallel::ParallelBatch;
use crate::pins::Drive;
use crate::sdbus::{SdAnswer, SdBlock, SdWritten};
use crate::time::Ps;
use serde::{Deserialize, Serialize};

/// The number of a port, given out when it is attached.
pub type PortId = u32;

/// Bytes that an SPI target received, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpiBatch {
    /// The bytes.
    pub data: Vec<u8>,
    /// For each byte the level of D/CX at its last bit; 1 where the port has no such pin.
    pub dc: Vec<u8>,
    /// For each byte the time of its last bit's sampling edge.
    pub at: Vec<Ps>,
    /// For each byte the time from its first to its last sampling edge: seven bit times.
    pub span: Vec<u32>,
}

impl SpiBatch {
    /// How many bytes.
    pub fn len(&self) -> usize {
        self.data.len()
    }

    /// None?
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }
}

/// What an SPI target shifts out next: `dummy` clocks without data, then the bytes, most significant bit first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpiAnswer {
    /// Clocks before the first bit of data.
    pub dummy: u8,
    /// The data.
    pub data: Vec<u8>,
}

/// Frames that an audio part heard on an I2S wire, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct I2sBatch {
    /// Slots in a frame.
    pub slots: u8,
    /// Bit clocks of a slot, as they were on the wire.
    pub bits: u8,
    /// The samples, `slots` of them a frame, left-justified in 32 bits.
    pub samples: Vec<i32>,
    /// For each frame the time at which WS began it.
    pub at: Vec<Ps>,
}

/// One level change on one pin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// When.
    pub at: Ps,
    /// The level from then on.
    pub level: bool,
}

/// What parts did while they handled something: to be carried out as soon as the handler has returned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Posted {
    /// What they drive from which moment on.
    pub drives: Vec<(Ps, Drive)>,
    /// The run must come back at this moment at the latest.
    pub wake: Option<Ps>,
    /// I2S parts that are the master of their wire change their clock, or stop it.
    pub clocks: Vec<(PortId, Option<I2sClock>)>,
}

/// The other side of all ports. The language binding implements all of it; tests of the engine what they look at. What
/// is not implemented is what the chip sees where nobody is: nothing answers, and an open bus reads as ones.
pub trait Outside: Send + Sync {
    /// An SPI target received bytes while it was selected. Batches end at each change of the chip select.
    fn spi(&mut self, _port: PortId, _batch: SpiBatch) {}
    /// The chip select of an SPI target changed.
    fn spi_select(&mut self, _port: PortId, _at: Ps, _selected: bool) {}
    /// An SPI target that answers received this byte (it is not part of a batch): what does it shift out from the next clock on?
    fn spi_answer(&mut self, _port: PortId, _at: Ps, _byte: u8, _dc: bool) -> Option<SpiAnswer> {
        None
    }
    /// An I2C controller sent START and an address: does the target acknowledge?
    fn i2c_start(&mut self, _port: PortId, _at: Ps, _address: u16, _read: bool) -> bool {
        false
    }
    /// A byte for an addressed I2C target: does it acknowledge?
    fn i2c_write(&mut self, _port: PortId, _at: Ps, _byte: u8) -> bool {
        false
    }
    /// The next byte of an addressed I2C target.
    fn i2c_read(&mut self, _port: PortId, _at: Ps) -> u8 {
        0xFF
    }
    /// The transaction with this I2C target ended: by STOP, or by a repeated START.
    fn i2c_stop(&mut self, _port: PortId, _at: Ps, _restarted: bool) {}
    /// A parallel target took words over while it was selected. Batches end at each change of the chip select, of which
    /// `spi_select` tells.
    fn parallel(&mut self, _port: PortId, _batch: ParallelBatch) {}
    /// A command came on an SD card's bus.
    fn sd_command(&mut self, _port: PortId, _at: Ps, _index: u8, _argument: u32) -> Option<SdAnswer> {
        None
    }
    /// The next block of data of an SD card, on 1 or 4 lines.
    fn sd_read(&mut self, _port: PortId, _at: Ps, _lines: u8) -> Option<SdBlock> {
        None
    }
    /// A block of data came on 1 or 4 lines of an SD card's bus.
    fn sd_write(&mut self, _port: PortId, _at: Ps, _lines: u8, _data: Vec<u8>) -> Option<SdWritten> {
        None
    }
    /// An audio part heard frames.
    fn i2s_sent(&mut self, _port: PortId, _batch: I2sBatch) {}
    /// The samples of an audio part in the frames that began at these times, left-justified in 32 bits, slot by slot. Where
    /// some are missing it is silent.
    fn i2s_wanted(&mut self, _port: PortId, _at: &[Ps]) -> Vec<i32> {
        Vec::new()
    }
    /// The chip sent an Ethernet frame, from the destination's address on, without its checksum.
    fn ethernet(&mut self, _port: PortId, _at: Ps, _frame: &[u8]) {}
    /// A pin that a part watches changed.
    fn edge(&mut self, _port: PortId, _edge: Edge) {}
    /// The pulses of a pin whose edges are gathered.
    fn pulses(&mut self, _port: PortId, _edges: Vec<Edge>) {}
    /// What was posted since the last call; asked after each of the calls above.
    fn take_posted(&mut self) -> Option<Posted> {
        None
    }
}

/// Nobody is there: nothing answers.
#[derive(Debug, Default)]
pub struct Nobody;

impl Outside for Nobody {}
