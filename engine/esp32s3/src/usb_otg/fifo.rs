//! The FIFOs: what a status word of the RX FIFO says, and the bytes that wait in a TX FIFO.

use super::registers::GRXSTSP;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// GRXSTSP.PKTSTS in device mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Status {
    GlobalNak = 1,
    OutData = 2,
    OutDone = 3,
    SetupDone = 4,
    SetupData = 6,
}

impl Status {
    pub fn of(word: u32) -> Option<Self> {
        let all = [Self::GlobalNak, Self::OutData, Self::OutDone, Self::SetupDone, Self::SetupData];
        all.into_iter().find(|status| *status as u32 == GRXSTSP::PKTSTS.get(word))
    }

    /// The status word; DPID is 0 for DATA0 and 2 for DATA1.
    pub fn word(self, endpoint: usize, bytes: usize, data1: bool) -> u32 {
        let word = GRXSTSP::PKTSTS.put(0, self as u32);
        let word = GRXSTSP::DPID.put(word, 2 * u32::from(data1));
        GRXSTSP::BCNT.put(GRXSTSP::CHNUM.put(word, endpoint as u32), bytes as u32)
    }
}

/// A TX FIFO.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct TxFifo {
    bytes: VecDeque<u8>,
}

impl TxFifo {
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
    }

    pub fn take(&mut self, count: usize) -> Vec<u8> {
        self.bytes.drain(..count.min(self.bytes.len())).collect()
    }

    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// The words that its packets of this size take: each begins with a new word.
    pub fn words(&self, packet: usize) -> usize {
        self.bytes.len() / packet * packet.div_ceil(4) + (self.bytes.len() % packet).div_ceil(4)
    }
}
