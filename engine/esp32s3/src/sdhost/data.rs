//! The data path: Stratix 10 HPS TRM 16.4.3.2; SD specification 4.3.3 and 4.3.4.

use super::dma::{Data, Halt, Memory};
use super::wires::{on_dat, with_status};
use super::{int, Reg, Sdhost, BMOD, CARDTHRCTL, CTRL, FIFOTH, FIFO_WORDS, IDSTS, TMOUT};
use crate::fabric::Fabric;
use crate::slots::Slot;
use engine_core::time::Ps;
use serde::{Deserialize, Serialize};

/// Start bit, CRC16 and end bit of a block on each line.
const FRAME_CLOCKS: u64 = 1 + 16 + 1;
/// Two clocks, and start bit, three bits and end bit of the CRC status.
const STATUS_CLOCKS: u64 = 2 + 5;

/// Data of a command.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Transfer {
    card: usize,
    pub write: bool,
    /// Bytes that are still to come; none with BYTCNT 0, where software stops the card.
    left: Option<u32>,
    block: u32,
    auto_stop: bool,
    phase: Phase,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum Phase {
    /// The command goes first, or the automatic stop is on its way.
    Waits,
    /// The next block needs room in the FIFO, or data from there.
    Starved,
    /// A block is on the lines until this moment.
    Block(Vec<u8>, Ps),
    /// No block comes: the timeout ends at this moment.
    Silence(Ps),
    /// The card is busy until this moment, before the next block.
    Busy(Ps),
    /// All of it has come; the FIFO is emptied into memory.
    Draining,
}

impl Transfer {
    pub fn new(card: usize, write: bool, bytes: u32, block: u32, auto_stop: bool) -> Self {
        let left = (bytes != 0).then_some(bytes);
        Self { card, write, left, block, auto_stop, phase: Phase::Waits }
    }

    pub fn due(&self) -> Ps {
        match self.phase {
            Phase::Block(_, at) | Phase::Silence(at) | Phase::Busy(at) => at,
            Phase::Waits | Phase::Starved | Phase::Draining => Ps::MAX,
        }
    }

    /// Bytes of the next block.
    fn next(&self) -> usize {
        self.left.map_or(self.block, |left| left.min(self.block)) as usize
    }
}

impl Sdhost {
    fn uses_dma(&self) -> bool {
        self.is_set(Reg::CTRL, CTRL::USE_INTERNAL_DMAC) && self.is_set(Reg::BMOD, BMOD::DE)
    }

    fn show_phase(&mut self, phase: Phase) {
        if let Some(transfer) = &mut self.transfer {
            transfer.phase = phase;
        }
    }

    /// The command is done: data follows.
    pub(super) fn start_data(&mut self, at: Ps, memory: &mut Memory, fabric: &mut Fabric) {
        self.show_phase(Phase::Starved);
        self.next_block(at, memory, fabric);
    }

    /// A transfer that stood still may go on: software has moved data, or IDMAC has descriptors. True: it does.
    pub(super) fn go_on(&mut self, at: Ps, memory: &mut Memory, fabric: &mut Fabric) -> bool {
        match self.transfer.as_ref().map(|transfer| &transfer.phase) {
            Some(Phase::Starved) => self.next_block(at, memory, fabric),
            Some(Phase::Draining) => {
                self.drain(true, memory, fabric);
                self.fifo.is_empty() && {
                    self.finish(at, fabric);
                    true
                }
            }
            _ => false,
        }
    }

    /// Begins the next block, if FIFO and card let it. True: it begins, or the transfer ends in error.
    fn next_block(&mut self, at: Ps, memory: &mut Memory, fabric: &mut Fabric) -> bool {
        let Some(transfer) = &self.transfer else { return false };
        let (card, write, bytes) = (transfer.card, transfer.write, transfer.next());
        let lines = self.lines(card);
        let clocks = FRAME_CLOCKS + (8 * bytes as u64).div_ceil(u64::from(lines));
        if write {
            self.fill(bytes, memory, fabric);
            if self.fifo.len() < bytes {
                return false;
            }
            let data: Vec<u8> = self.fifo.drain(..bytes).collect();
            let start = at.max(self.busy_until[card]);
            let end = start.saturating_add(self.clocks(card, clocks + STATUS_CLOCKS, fabric));
            self.show_phase(Phase::Block(data, end));
            self.request_data(fabric);
            return true;
        }
        self.drain(false, memory, fabric);
        if self.fifo.len() > 4 * FIFO_WORDS {
            return false;
        }
        let block = self.pins(card, fabric).and_then(|pins| fabric.pins.sd_read(&pins, lines, at));
        let timeout = u64::from(self.field(Reg::TMOUT, TMOUT::DATA_TIMEOUT));
        let timeout = self.clocks(card, timeout, fabric);
        let phase = match block {
            Some(block) if block.delay <= timeout => {
                let start = at.saturating_add(block.delay);
                Phase::Block(block.data, start.saturating_add(self.clocks(card, clocks, fabric)))
            }
            _ => Phase::Silence(at.saturating_add(timeout)),
        };
        self.show_phase(phase);
        true
    }

    /// The present part of the transfer is over.
    pub(super) fn step_data(&mut self, at: Ps, memory: &mut Memory, fabric: &mut Fabric) {
        let Some(transfer) = &mut self.transfer else { return };
        let write = transfer.write;
        match std::mem::replace(&mut transfer.phase, Phase::Starved) {
            Phase::Block(data, _) if write => self.block_sent(data, at, fabric),
            Phase::Block(data, _) => self.block_came(data, at, memory, fabric),
            Phase::Silence(_) => {
                self.raise(int::DTO, fabric);
                self.end_transfer(fabric);
            }
            Phase::Busy(_) | Phase::Waits | Phase::Starved | Phase::Draining => {}
        }
    }

    fn count(&mut self, bytes: usize) {
        self.card_bytes = self.card_bytes.wrapping_add(bytes as u32);
        if let Some(left) = self.transfer.as_mut().and_then(|transfer| transfer.left.as_mut()) {
            *left = left.saturating_sub(bytes as u32);
        }
    }

    fn is_over(&self) -> bool {
        self.transfer.as_ref().is_some_and(|transfer| transfer.left == Some(0))
    }

    /// A block from the card. Of another length than BLKSIZ its CRC is not where the controller looks for it.
    fn block_came(&mut self, mut data: Vec<u8>, at: Ps, memory: &mut Memory, fabric: &mut Fabric) {
        if let Some(card) = self.transfer.as_ref().map(|transfer| transfer.card) {
            self.show(card, at, || on_dat(&data, self.lines(card)), fabric);
        }
        let expected = self.transfer.as_ref().map_or(0, Transfer::next);
        if data.len() != expected {
            data.resize(expected, 0xFF);
            self.raise(int::DCRC, fabric);
        }
        self.count(data.len());
        self.fifo.extend(data);
        if !self.is_over() {
            self.request_data(fabric);
            return;
        }
        self.drain(true, memory, fabric);
        if self.uses_dma() && !self.fifo.is_empty() {
            self.show_phase(Phase::Draining);
        } else {
            self.finish(at, fabric);
        }
        self.request_data(fabric);
    }

    /// A block is out, and the card has answered on DAT0, or not.
    fn block_sent(&mut self, data: Vec<u8>, at: Ps, fabric: &mut Fabric) {
        let Some(card) = self.transfer.as_ref().map(|transfer| transfer.card) else { return };
        let (bytes, lines) = (data.len(), self.lines(card));
        let wire = self.is_seen(card, fabric).then(|| on_dat(&data, lines));
        let written = self.pins(card, fabric).and_then(|pins| fabric.pins.sd_write(&pins, lines, data, at));
        if let Some(wire) = wire {
            let wire = match written {
                Some(written) => with_status(wire, written.accepted),
                None => wire,
            };
            self.show(card, at, || wire, fabric);
        }
        let error = match written {
            None => int::EBE,
            Some(written) if !written.accepted => int::DCRC,
            Some(written) => {
                self.busy_until[card] = at.saturating_add(written.busy);
                self.count(bytes);
                if !self.is_over() {
                    self.show_phase(Phase::Busy(self.busy_until[card]));
                    return;
                }
                if self.is_set(Reg::CARDTHRCTL, CARDTHRCTL::CARDCLRINTEN) {
                    self.busy_clear_at = Some(self.busy_until[card]);
                }
                return self.finish(at, fabric);
            }
        };
        self.raise(error, fabric);
        self.end_transfer(fabric);
    }

    /// All data has been transferred: the automatic stop, where it is wanted.
    fn finish(&mut self, at: Ps, fabric: &mut Fabric) {
        let Some(transfer) = &mut self.transfer else { return };
        transfer.phase = Phase::Waits;
        if transfer.auto_stop {
            let card = transfer.card;
            self.send_stop(card, at, fabric);
        } else {
            self.end_transfer(fabric);
        }
    }

    /// Data transfer over.
    pub(super) fn end_transfer(&mut self, fabric: &mut Fabric) {
        self.transfer = None;
        self.raise(int::DATA_OVER, fabric);
    }

    /// What IDMAC did.
    fn note(&mut self, moved: super::dma::Moved, write: bool, fabric: &mut Fabric) {
        self.host_bytes = self.host_bytes.wrapping_add(moved.count as u32);
        if moved.interrupt {
            self.raise_dma(if write { IDSTS::TI } else { IDSTS::RI });
        }
        match moved.halt {
            Some(Halt::Unavailable) => self.raise_dma(IDSTS::DU),
            Some(Halt::Fatal) => {
                self.idmac.suspended = true;
                self.raise_dma(IDSTS::FBE);
                let code = if write { 2 } else { 1 };
                self.bank.set_field(Reg::IDSTS, IDSTS::FBE_CODE, code);
            }
            None => {}
        }
        if moved.stale {
            fabric.attention();
        }
        self.settle_interrupts(fabric);
    }

    /// IDMAC stores what the FIFO holds. `ends`: no more comes.
    fn drain(&mut self, ends: bool, memory: &mut Memory, fabric: &mut Fabric) {
        if !self.uses_dma() || self.fifo.is_empty() || self.idmac.suspended {
            return;
        }
        let moved = self.idmac.carry(Data::In(self.fifo.make_contiguous()), ends, memory);
        self.fifo.drain(..moved.count);
        self.note(moved, false, fabric);
    }

    /// IDMAC fetches what a block needs.
    fn fill(&mut self, bytes: usize, memory: &mut Memory, fabric: &mut Fabric) {
        if !self.uses_dma() || self.fifo.len() >= bytes || self.idmac.suspended {
            return;
        }
        let ends = self.transfer.as_ref().and_then(|transfer| transfer.left).is_some_and(|left| left as usize <= bytes);
        let mut fetched = Vec::new();
        let wanted = bytes - self.fifo.len();
        let mut moved = self.idmac.carry(Data::Out(&mut fetched, wanted), ends, memory);
        moved.count = fetched.len();
        self.fifo.extend(fetched);
        self.note(moved, true, fabric);
    }

    /// TXDR and RXDR: software moves the data, and the FIFO is on the side of its watermark that asks for it.
    fn request_data(&mut self, fabric: &mut Fabric) {
        let Some(write) = self.transfer.as_ref().map(|transfer| transfer.write) else {
            return self.request_rest(fabric);
        };
        let words = self.fifo.len().div_ceil(4) as u32;
        let wanted = if write {
            words <= self.field(Reg::FIFOTH, FIFOTH::TX_WMARK)
        } else {
            words > self.field(Reg::FIFOTH, FIFOTH::RX_WMARK)
        };
        if wanted && !self.uses_dma() {
            self.raise(if write { int::TXDR } else { int::RXDR }, fabric);
        }
    }

    /// Behind the end of a read RXDR comes as long as more words are there than the watermark.
    fn request_rest(&mut self, fabric: &mut Fabric) {
        let words = self.fifo.len().div_ceil(4) as u32;
        if words > self.field(Reg::FIFOTH, FIFOTH::RX_WMARK) && !self.uses_dma() {
            self.raise(int::RXDR, fabric);
        }
    }

    /// Software reads BUFFIFO.
    pub(super) fn take_word(&mut self, fabric: &mut Fabric) -> u32 {
        if self.fifo.is_empty() {
            self.raise(int::FRUN, fabric);
            return 0;
        }
        let count = self.fifo.len().min(4);
        self.host_bytes = self.host_bytes.wrapping_add(count as u32);
        let word = self.fifo.drain(..count).enumerate().fold(0, |word, (n, byte)| word | u32::from(byte) << (8 * n));
        self.request_data(fabric);
        fabric.soon(Slot::Sdhost);
        word
    }

    /// Software writes BUFFIFO.
    pub(super) fn feed(&mut self, word: u32, fabric: &mut Fabric) {
        let block = self.transfer.as_ref().map_or(0, Transfer::next);
        if self.fifo.len() >= block + 4 * FIFO_WORDS {
            return self.raise(int::FRUN, fabric);
        }
        self.fifo.extend(word.to_le_bytes());
        self.host_bytes = self.host_bytes.wrapping_add(4);
        fabric.soon(Slot::Sdhost);
    }
}
