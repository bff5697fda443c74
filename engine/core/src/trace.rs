//! The trace: everything that can be seen from outside, in order, folded into one hash.
//!
//! Every pin level, console byte, bus transaction and reset passes here. Folding costs a multiplication an
//! event, so it is always on; two runs that show the world the same things at the same times have the same hash.

use crate::time::Ps;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What kind of thing was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Kind {
    /// The level of all pins; the value is a bit per pin.
    Pins = 1,
    /// A byte that a console port carried out of the chip.
    UartOut = 2,
    /// A byte that a console port carried into the chip.
    UartIn = 3,
    /// A byte shifted to an SPI target.
    Spi = 4,
    /// A step of an I2C transaction.
    I2c = 5,
    /// The chip was reset; the value is the reason.
    Reset = 6,
    /// A packet on USB.
    Usb = 7,
    /// A processor stopped for good.
    Crash = 8,
    /// A command or a byte for an SD card.
    Sd = 9,
    /// Frames of a hardware I2S controller; the value is their digest.
    I2s = 10,
}

/// The running hash.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Trace {
    state: u64,
    events: u64,
    /// What was seen apart: a sum, in which order does not count.
    apart: u64,
}

impl Trace {
    /// One thing was seen at `at`.
    #[inline(always)]
    pub fn see(&mut self, kind: Kind, at: Ps, value: u64) {
        self.fold(at, Self::digest(kind, value));
    }

    /// One thing was seen at `at`, and told when it suited: what else was seen meanwhile was told before it or after it.
    #[inline]
    pub fn see_apart(&mut self, kind: Kind, at: Ps, value: u64) {
        let seen = at.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(Self::digest(kind, value));
        let seen = (seen ^ seen >> 29).wrapping_mul(0xFF51_AFD7_ED55_8CCD);
        self.apart = self.apart.wrapping_add(seen ^ seen >> 32);
        self.events += 1;
    }

    /// What kind and value add to the hash: worth keeping where the same thing is seen again and again.
    #[inline(always)]
    pub(crate) fn digest(kind: Kind, value: u64) -> u64 {
        let value = (value ^ (kind as u64) << 56).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        value ^ value >> 32
    }

    /// A digest was seen at `at`.
    #[inline(always)]
    pub(crate) fn fold(&mut self, at: Ps, digest: u64) {
        // Only the second line waits for the event before: a multiplication and a rotation.
        let seen = at.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(digest);
        self.state = (self.state ^ seen).wrapping_mul(0xFF51_AFD7_ED55_8CCD).rotate_left(29);
        self.events += 1;
    }

    /// How many things were seen.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// The hash of all that was seen so far, as SHA-256 in hexadecimal.
    pub fn sha256(&self) -> String {
        let mut hasher = Sha256::new();
        hasher.update(self.state.to_le_bytes());
        hasher.update(self.events.to_le_bytes());
        if self.apart != 0 {
            hasher.update(self.apart.to_le_bytes());
        }
        hasher.finalize().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_value_kind_and_order_all_count() {
        let hash = |events: &[(Kind, Ps, u64)]| {
            let mut trace = Trace::default();
            for &(kind, at, value) in events {
                trace.see(kind, at, value);
            }
            trace.sha256()
        };
        let base = hash(&[(Kind::Pins, 10, 1), (Kind::Pins, 20, 2)]);
        assert_eq!(base, hash(&[(Kind::Pins, 10, 1), (Kind::Pins, 20, 2)]));
        assert_ne!(base, hash(&[(Kind::Pins, 20, 2), (Kind::Pins, 10, 1)]));
        assert_ne!(base, hash(&[(Kind::Pins, 10, 1), (Kind::Pins, 21, 2)]));
        assert_ne!(base, hash(&[(Kind::Pins, 10, 1), (Kind::Pins, 20, 3)]));
        assert_ne!(base, hash(&[(Kind::Pins, 10, 1), (Kind::UartOut, 20, 2)]));
        assert_ne!(base, hash(&[(Kind::Pins, 10, 1)]));
    }

    #[test]
    fn what_is_seen_apart_counts_in_any_order() {
        let hash = |apart: [(Ps, u64); 2]| {
            let mut trace = Trace::default();
            trace.see_apart(Kind::Pins, apart[0].0, apart[0].1);
            trace.see(Kind::Pins, 15, 1);
            trace.see_apart(Kind::Pins, apart[1].0, apart[1].1);
            trace.sha256()
        };
        assert_eq!(hash([(10, 1), (20, 2)]), hash([(20, 2), (10, 1)]));
        assert_ne!(hash([(10, 1), (20, 2)]), hash([(10, 2), (20, 1)]));
        assert_ne!(hash([(10, 1), (20, 2)]), hash([(10, 1), (21, 2)]));
    }
}
