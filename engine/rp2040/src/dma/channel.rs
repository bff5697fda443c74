//! A channel: addresses, count and control, and how a transfer moves them on. Datasheet 2.5.1 and 2.5.2.

use super::registers::channel::CTRL_TRIG as CTRL;
use engine_core::registers::Write;
use serde::{Deserialize, Serialize};

/// TREQ_SEL of the four pacing timers and of the request that is always there.
pub const TIMER0: u32 = 0x3B;
/// TREQ_SEL: unpaced.
pub const PERMANENT: u32 = 0x3F;

/// The bits of CTRL that keep what is written.
const KEPT: u32 = 0x00FF_FFFF;
/// The sticky error flags, cleared by writing 1.
const ERRORS: u32 = CTRL::READ_ERROR.mask | CTRL::WRITE_ERROR.mask;

/// Which register of the four an alias has at a place. The last of each four triggers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// READ_ADDR.
    Read,
    /// WRITE_ADDR.
    Write,
    /// TRANS_COUNT.
    Count,
    /// CTRL.
    Ctrl,
}

/// The four orders of 2.5.2.1, word by word.
const LAYOUT: [Part; 16] = {
    use Part::{Count, Ctrl, Read, Write};
    [Read, Write, Count, Ctrl, Ctrl, Read, Write, Count, Ctrl, Count, Read, Write, Ctrl, Write, Count, Read]
};

/// The register at an offset in a channel, and whether a write to it triggers.
pub fn register(offset: u32) -> (Part, bool) {
    let word = offset >> 2 & 0xF;
    (LAYOUT[word as usize], word & 3 == 3)
}

/// A channel.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Channel {
    read: u32,
    write: u32,
    /// What TRANS_COUNT was written with last: the length of the next sequence.
    pub reload: u32,
    /// Transfers that remain.
    pub count: u32,
    /// CTRL with BUSY and the error flags.
    pub ctrl: u32,
    /// Requests of a pacing timer that were not served yet: six bits as in DBG_CTDREQ.
    pub credit: u8,
}

/// One transfer, ready to go to the bus.
#[derive(Clone, Copy, Debug)]
pub struct Transfer {
    /// Where it reads.
    pub read: u32,
    /// Where it writes.
    pub write: u32,
    /// 1, 2 or 4 bytes.
    pub size: u32,
    /// Bytes change places.
    pub swap: bool,
    /// The sniffer may look.
    pub sniff: bool,
}

impl Channel {
    /// A register as software reads it.
    pub fn get(&self, part: Part) -> u32 {
        match part {
            Part::Read => self.read,
            Part::Write => self.write,
            Part::Count => self.count,
            Part::Ctrl => self.ctrl,
        }
    }

    /// A store by software, without what it triggers.
    pub fn set(&mut self, part: Part, write: Write) {
        match part {
            Part::Read => self.read = write.value,
            Part::Write => self.write = write.value,
            Part::Count => self.reload = write.value,
            Part::Ctrl => {
                let kept = KEPT & !CTRL::BUSY.mask;
                let flags = self.ctrl & !kept & !(write.raw & ERRORS);
                self.ctrl = CTRL::AHB_ERROR.put(flags | (write.value & kept), (flags & ERRORS != 0).into());
            }
        }
    }

    /// A field of CTRL is set.
    pub fn is(&self, field: engine_core::registers::Field) -> bool {
        field.is_set(self.ctrl)
    }

    /// What paces it.
    pub fn treq(&self) -> u32 {
        CTRL::TREQ_SEL.get(self.ctrl)
    }

    /// The pacing timer that it listens to.
    pub fn timer(&self) -> Option<usize> {
        (TIMER0..PERMANENT).contains(&self.treq()).then(|| (self.treq() - TIMER0) as usize)
    }

    /// Bytes of a transfer. The fourth code is reserved; it moves words.
    pub fn size(&self) -> u32 {
        1 << CTRL::DATA_SIZE.get(self.ctrl).min(2)
    }

    /// Addresses must be multiples of the size (2.5.1).
    pub fn is_aligned(&self) -> bool {
        (self.read | self.write) & (self.size() - 1) == 0
    }

    /// Takes the next transfer: the addresses move on as it is issued, so what it writes to this channel's own registers stays.
    #[inline]
    pub fn issue(&mut self) -> Transfer {
        let ctrl = self.ctrl;
        let size = self.size();
        let transfer = Transfer {
            read: self.read & !(size - 1),
            write: self.write & !(size - 1),
            size,
            swap: CTRL::BSWAP.is_set(ctrl),
            sniff: CTRL::SNIFF_EN.is_set(ctrl),
        };
        // RING_SIZE n lets only the low n bits change; 0 does not wrap.
        let ring = match CTRL::RING_SIZE.get(ctrl) {
            0 => u32::MAX,
            n => (1 << n) - 1,
        };
        let (read_ring, write_ring) = if CTRL::RING_SEL.is_set(ctrl) { (u32::MAX, ring) } else { (ring, u32::MAX) };
        if CTRL::INCR_READ.is_set(ctrl) {
            self.read = wrapped(self.read, size, read_ring);
        }
        if CTRL::INCR_WRITE.is_set(ctrl) {
            self.write = wrapped(self.write, size, write_ring);
        }
        self.credit = self.credit.saturating_sub(1);
        transfer
    }
}

#[inline(always)]
fn wrapped(addr: u32, step: u32, ring: u32) -> u32 {
    (addr & !ring) | (addr.wrapping_add(step) & ring)
}
