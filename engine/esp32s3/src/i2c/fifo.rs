//! The RAM of a FIFO: 32 bytes with a pointer on each side. Software may also reach the bytes by address.

use serde::{Deserialize, Serialize};

/// Bytes of each FIFO (ESP-IDF `soc/soc_caps.h`: SOC_I2C_FIFO_LEN).
pub(super) const DEPTH: usize = 32;

/// One FIFO.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Fifo {
    bytes: [u8; DEPTH],
    write_at: usize,
    read_at: usize,
    count: usize,
}

impl Fifo {
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// Where the next byte goes to, and where it comes from.
    pub(super) fn pointers(&self) -> (u32, u32) {
        (self.write_at as u32, self.read_at as u32)
    }

    /// FIFO_RST: the pointers go back, the bytes stay.
    pub(super) fn clear(&mut self) {
        (self.write_at, self.read_at, self.count) = (0, 0, 0);
    }

    /// False: there was no room.
    pub(super) fn push(&mut self, byte: u8) -> bool {
        let room = self.count < DEPTH;
        if room {
            self.put_next(byte);
            self.count += 1;
        }
        room
    }

    pub(super) fn pop(&mut self) -> Option<u8> {
        (self.count > 0).then(|| {
            self.count -= 1;
            self.take_next()
        })
    }

    pub(super) fn front(&self) -> Option<u8> {
        (self.count > 0).then(|| self.bytes[self.read_at])
    }

    /// The controller writes where its pointer is, whatever software has read.
    pub(super) fn put_next(&mut self, byte: u8) {
        self.bytes[self.write_at] = byte;
        self.write_at = (self.write_at + 1) % DEPTH;
    }

    /// The controller reads where its pointer is, whatever software has written.
    pub(super) fn take_next(&mut self) -> u8 {
        let byte = self.bytes[self.read_at];
        self.read_at = (self.read_at + 1) % DEPTH;
        byte
    }

    pub(super) fn byte(&self, index: usize) -> u8 {
        self.bytes[index % DEPTH]
    }

    pub(super) fn set_byte(&mut self, index: usize, byte: u8) {
        self.bytes[index % DEPTH] = byte;
    }
}
