//! The pipes to the endpoints of a configured device, and what has come out of them.

use super::descriptors::Endpoint;
use super::device::{Answer, AFTER_SOF, FRAME};
use crate::time::Ps;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// Packets kept for an endpoint; older ones are dropped.
pub const KEPT: usize = 16_384;

/// Who is at the host's end of a pipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Use {
    /// The terminal of this serial port's console.
    Console(u8),
    /// Packets are kept as reports; what a test sends goes out.
    Reports,
}

/// A pipe.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Pipe {
    pub endpoint: Endpoint,
    pub used: Use,
    /// The toggle of the next packet.
    pub data1: bool,
    /// It answered STALL, or nothing: left alone until the next configuration.
    pub halted: bool,
    /// Tokens in a row without an answer.
    errors: u8,
    /// Packets on their way to the device.
    pub outgoing: VecDeque<Vec<u8>>,
    /// The next frame in which an interrupt endpoint is polled.
    pub next_frame: u64,
}

impl Pipe {
    pub fn new(endpoint: Endpoint, used: Use) -> Self {
        Self { endpoint, used, data1: false, halted: false, errors: 0, outgoing: VecDeque::new(), next_frame: 0 }
    }

    /// The device's endpoint is not halted any more, and begins with DATA0.
    pub fn unhalt(&mut self) {
        (self.halted, self.data1, self.errors) = (false, false, 0);
    }

    /// The number without the direction.
    pub fn number(&self) -> u8 {
        self.endpoint.address & 0xF
    }

    /// A token was not answered by data or ACK. The third silence in a row halts the pipe, as STALL does (USB 2.0, 10.2.6).
    pub fn refused(&mut self, answer: &Answer) {
        match answer {
            Answer::Silence => self.errors += 1,
            _ => self.errors = 0,
        }
        self.halted = self.errors == 3 || *answer == Answer::Stall;
    }

    fn interval(&self) -> u64 {
        u64::from(self.endpoint.interval.max(1))
    }

    /// The first moment from `from` on at which the host may address the endpoint. An interrupt endpoint has its turn at the
    /// beginning of every bInterval-th frame (USB 2.0, 5.7.4), one after the other: `running` while others have theirs.
    pub fn turn(&self, from: Ps, start: Ps, running: bool) -> Ps {
        let since = from.saturating_sub(start + AFTER_SOF);
        let earliest = if running { since / FRAME } else { since.div_ceil(FRAME) };
        let frame = earliest.max(self.next_frame).next_multiple_of(self.interval());
        from.max(start + frame * FRAME + AFTER_SOF)
    }

    /// It had its turn in the frame of `at`.
    pub fn served(&mut self, at: Ps, start: Ps) {
        self.next_frame = at.saturating_sub(start) / FRAME + 1;
    }
}

/// A packet that an endpoint sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// When its transaction ended.
    pub at: Ps,
    /// Its data.
    pub data: Vec<u8>,
}

/// Packets by endpoint address.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Reports {
    kept: BTreeMap<u8, VecDeque<Report>>,
    /// Packets that did not fit any more.
    pub dropped: u64,
}

impl Reports {
    pub(super) fn put(&mut self, endpoint: u8, report: Report) {
        let kept = self.kept.entry(endpoint).or_default();
        if kept.len() == KEPT {
            kept.pop_front();
            self.dropped += 1;
        }
        kept.push_back(report);
    }

    /// What an endpoint (with 0x80 for IN) sent, oldest first.
    pub fn of(&self, endpoint: u8) -> impl Iterator<Item = &Report> {
        self.kept.get(&endpoint).into_iter().flatten()
    }

    /// Takes what an endpoint sent.
    pub fn take(&mut self, endpoint: u8) -> Vec<Report> {
        self.kept.remove(&endpoint).unwrap_or_default().into()
    }
}
