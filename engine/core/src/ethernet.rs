//! An Ethernet cable: frames between the chip and whoever is at the other end.
//!
//! Frames are without preamble and checksum, from the destination's address on. What the chip sends goes to the part at the
//! other end, or is kept until it is taken; what is sent to the chip comes in one frame after the other at the speed of the
//! line.

use crate::ports::PortId;
use crate::time::Ps;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// A nibble on the 25 MHz of 100BASE-TX takes half of a byte's 80 ns (IEEE 802.3 clause 24).
const BYTE: Ps = 80_000;
/// Preamble and start delimiter, checksum, and the gap to the next frame: IEEE 802.3 clauses 3.1 and 4.4.2.
const AROUND: u64 = 8 + 4 + 12;
/// The shortest frame, without its checksum: IEEE 802.3 clause 4.4.2.
const SHORTEST: usize = 60;

/// A frame that the chip sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// When.
    pub at: Ps,
    /// Its bytes.
    pub data: Vec<u8>,
}

/// The cable. Nobody is at its other end at first.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Ethernet {
    sent: Vec<Frame>,
    coming: VecDeque<Vec<u8>>,
    /// Is somebody at the other end?
    pub connected: bool,
    /// The part that gets what the chip sends.
    pub port: Option<PortId>,
}

impl Ethernet {
    /// The chip sent a frame.
    pub fn put(&mut self, data: Vec<u8>, at: Ps) {
        if self.connected {
            self.sent.push(Frame { at, data });
        }
    }

    /// What the chip sent since the last call.
    pub fn take_sent(&mut self) -> Vec<Frame> {
        std::mem::take(&mut self.sent)
    }

    /// Somebody sends a frame to the chip; a short one is filled up with zeros.
    pub fn send(&mut self, data: &[u8]) {
        if self.connected {
            let mut frame = data.to_vec();
            frame.resize(data.len().max(SHORTEST), 0);
            self.coming.push_back(frame);
        }
    }

    /// How long the frame that comes next is on the line. `None`: nothing comes.
    pub fn next_takes(&self) -> Option<Ps> {
        self.coming.front().map(|frame| BYTE * (frame.len() as u64 + AROUND))
    }

    /// The frame that comes next is there.
    pub fn arrive(&mut self) -> Option<Vec<u8>> {
        self.coming.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// IEEE 802.3: the shortest frame, 60 bytes and its checksum, takes 6.72 microseconds at 100 Mbit/s.
    #[test]
    fn frames_come_at_the_speed_of_the_line() {
        let mut cable = Ethernet { connected: true, ..Ethernet::default() };
        cable.send(&[0; 42]);
        assert_eq!(cable.next_takes(), Some(6_720_000));
        assert_eq!(cable.arrive(), Some(vec![0; 60]));
        assert_eq!(cable.next_takes(), None);
    }

    #[test]
    fn without_a_cable_frames_are_lost() {
        let mut cable = Ethernet::default();
        cable.send(&[1]);
        cable.put(vec![2], 0);
        assert_eq!((cable.arrive(), cable.take_sent()), (None, vec![]));
    }
}
