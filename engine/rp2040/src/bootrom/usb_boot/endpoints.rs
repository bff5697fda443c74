//! The two bulk endpoints of an interface.

use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// The largest packet.
pub const PACKET: usize = 64;

/// A pair of bulk endpoints, as the interface's software sees them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Pair {
    /// Packets on their way to the host.
    to_host: VecDeque<Vec<u8>>,
    in_data1: bool,
    out_data1: bool,
    /// The endpoint towards the host answers STALL.
    pub in_halted: bool,
    /// The endpoint from the host answers STALL.
    pub out_halted: bool,
}

impl Pair {
    /// Sends bytes, in as many packets as they take; no bytes are an empty packet.
    pub fn send(&mut self, data: &[u8]) {
        if data.is_empty() {
            self.to_host.push_back(Vec::new());
        }
        self.to_host.extend(data.chunks(PACKET).map(<[u8]>::to_vec));
    }

    /// Has the host taken all of it?
    pub fn is_sent(&self) -> bool {
        self.to_host.is_empty()
    }

    /// How long the next packet to the host is.
    pub fn next(&self) -> Option<usize> {
        self.to_host.front().map(Vec::len)
    }

    /// The host takes a packet: its toggle and its data.
    pub fn take(&mut self) -> Option<(bool, Vec<u8>)> {
        let packet = self.to_host.pop_front()?;
        let toggle = self.in_data1;
        self.in_data1 = !toggle;
        Some((toggle, packet))
    }

    /// The host sent a packet. False: it is a repetition (USB 2.0, 8.6.4).
    pub fn accept(&mut self, data1: bool) -> bool {
        let is_new = data1 == self.out_data1;
        self.out_data1 ^= is_new;
        is_new
    }

    /// CLEAR_FEATURE(ENDPOINT_HALT), which also sets the toggle back (USB 2.0, 9.4.5).
    pub fn clear_halt(&mut self, towards_host: bool) {
        if towards_host {
            (self.in_halted, self.in_data1) = (false, false);
        } else {
            (self.out_halted, self.out_data1) = (false, false);
        }
    }

    /// What was under way is forgotten; toggles stay.
    pub fn soft_reset(&mut self) {
        self.to_host.clear();
        (self.in_halted, self.out_halted) = (false, false);
    }
}
