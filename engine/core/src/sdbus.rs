//! The SD bus between a host controller and a card: commands and their answers, and blocks of data, whole.
//!
//! The host says when a command or block begins on its lines; the card says what it answers. Bits on CMD and DAT do
//! not appear as edges on the pins.

use crate::time::Ps;
use serde::{Deserialize, Serialize};

/// The pins of a host controller, or of a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SdLines {
    /// CLK.
    pub clk: u8,
    /// CMD.
    pub cmd: u8,
    /// DAT0 to DAT3, where connected.
    pub dat: [Option<u8>; 4],
}

/// What a card answers on CMD.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SdAnswer {
    /// All bytes, 6 or 17.
    pub response: Vec<u8>,
    /// For how long the card then holds DAT0 low.
    pub busy: Ps,
}

/// A block of data from a card.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SdBlock {
    /// The data.
    pub data: Vec<u8>,
    /// After which time its start bit comes.
    pub delay: Ps,
}

/// What a card answers on DAT0 to a block of data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SdWritten {
    /// The CRC status: right, and the block is taken.
    pub accepted: bool,
    /// For how long the card then holds DAT0 low.
    pub busy: Ps,
}
