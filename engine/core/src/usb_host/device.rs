//! The border between the host and a device controller, and the time that packets take at full speed.

use crate::time::{Ps, SECOND};

/// A full-speed frame. USB 2.0, 5.3.3.
pub const FRAME: Ps = SECOND / 1000;
/// From the start of a frame to the first token after its SOF: 3 bytes and SYNC, and the delay between packets.
pub const AFTER_SOF: Ps = bytes(5);
/// No transaction may end later than this before the next frame (USB 2.0, 11.3: EOF1 is 32 bits before it).
pub const BEFORE_SOF: Ps = bytes(4);
/// A token that is answered by NAK: 4 bytes of token, 2 of handshake, 2 bytes of delays.
pub const NAKED: Ps = bytes(8);

/// Packet identifier of a token towards the host. USB 2.0, table 8-1.
pub(super) const IN: u8 = 0x69;
/// Packet identifier of a token towards the device.
pub(super) const OUT: u8 = 0xE1;

/// What SYNC, PIDs, token, CRC and delays add to the data of a transaction. USB 2.0, table 5-9 (bulk, full speed).
const OVERHEAD: u64 = 13;

/// The time of bytes on the wire at 12 Mbit/s; stuffed bits are not counted, as in the tables of USB 2.0, chapter 5.
pub const fn bytes(n: u64) -> Ps {
    n * 8 * SECOND / 12_000_000
}

/// The time of a whole transaction with this much data.
pub const fn transaction(data: usize) -> Ps {
    bytes(data as u64 + OVERHEAD)
}

/// What a device answers to a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Data with DATA0 (false) or DATA1 (true), to an IN token.
    Data(bool, Vec<u8>),
    /// The data of SETUP or OUT was taken.
    Ack,
    /// Not now.
    Nak,
    /// Not at all.
    Stall,
    /// No answer within the time-out.
    Silence,
}

/// Would a token be answered otherwise than by NAK?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ready {
    /// It would be NAK.
    No,
    /// With so many bytes of data, or a handshake, or silence.
    Bytes(usize),
}

/// A device controller, as a host sees it over the cable. The host calls, the controller changes its state.
pub trait Device {
    /// Is the pull-up on D+ connected, so that a host sees a full-speed device?
    fn is_attached(&self) -> bool;
    /// The host pulls both lines low (true), or lets go.
    fn bus_reset(&mut self, on: bool);
    /// The host sends an SOF each millisecond from this moment on, with frame number 0 first; `None`: no more.
    fn frames_from(&mut self, start: Option<Ps>);
    /// The host signals resume.
    fn resume(&mut self);
    /// Software asked for a remote wake-up since the last call.
    fn take_wake_up(&mut self) -> bool;
    /// Would this endpoint answer an IN token?
    fn ready_in(&self, address: u8, endpoint: u8) -> Ready;
    /// Would this endpoint take an OUT packet?
    fn ready_out(&self, address: u8, endpoint: u8) -> Ready;
    /// A SETUP packet.
    fn setup(&mut self, address: u8, packet: [u8; 8]) -> Answer;
    /// An IN token, and the host's ACK to data.
    fn token_in(&mut self, address: u8, endpoint: u8) -> Answer;
    /// An OUT token with data, DATA0 (false) or DATA1 (true).
    fn token_out(&mut self, address: u8, endpoint: u8, data1: bool, data: &[u8]) -> Answer;
}
