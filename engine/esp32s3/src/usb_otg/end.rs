//! An endpoint's registers for one direction, as DIEPCTL, DIEPINT, DIEPTSIZ and DIEPDMA (or DOEP…) show them.

use super::registers::*;
use engine_core::registers::Field;
use serde::{Deserialize, Serialize};

/// One direction of an endpoint.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct End {
    pub ctl: u32,
    pub int: u32,
    pub size: u32,
    pub dma: u32,
}

impl End {
    pub fn new() -> Self {
        Self { ctl: DIEPCTL::USBACTEP.mask, int: 0, size: 0, dma: 0 }
    }

    // Bits are at the same places in both directions.

    pub fn is(&self, field: Field) -> bool {
        field.is_set(self.ctl)
    }

    pub fn set(&mut self, field: Field, on: bool) {
        self.ctl = field.put(self.ctl, u32::from(on));
    }

    /// Enabled, and not answering NAK.
    pub fn is_open(&self) -> bool {
        self.is(DIEPCTL::EPENA) && !self.is(DIEPCTL::NAKSTS) && self.packets() > 0
    }

    pub fn packets(&self) -> u32 {
        DIEPTSIZ::PKTCNT.get(self.size)
    }

    pub fn left(&self) -> u32 {
        DIEPTSIZ::XFERSIZE.get(self.size)
    }

    pub fn set_left(&mut self, bytes: u32) {
        self.size = DIEPTSIZ::XFERSIZE.put(self.size, bytes);
    }

    /// A packet has gone. True: it was the last.
    pub fn count_packet(&mut self) -> bool {
        let packets = self.packets().saturating_sub(1);
        self.size = DIEPTSIZ::PKTCNT.put(self.size, packets);
        self.set(DIEPCTL::DPID, !self.is(DIEPCTL::DPID));
        packets == 0
    }

    pub fn complete(&mut self) {
        self.set(DIEPCTL::EPENA, false);
        self.int |= DIEPINT::XFERCOMPL.mask;
    }
}

/// A store to DIEPCTL or DOEPCTL: strobes change states, EPENA can only be set, the rest is kept.
pub(super) fn control(end: &mut End, endpoint: usize, raw: u32) {
    let mut kept = DIEPCTL::STALL.mask | DIEPCTL::MPS.mask | DIEPCTL::TXFNUM.mask | DOEPCTL::SNP.mask;
    if endpoint == 0 {
        // Only a SETUP packet ends a stall of endpoint 0, which is always active and of type control.
        kept &= !(DIEPCTL::MPS.mask & !3);
        end.ctl = end.ctl & !kept | raw & kept | end.ctl & DIEPCTL::STALL.mask;
    } else {
        kept |= DIEPCTL::EPTYPE.mask | DIEPCTL::USBACTEP.mask;
        end.ctl = end.ctl & !kept | raw & kept;
        for (strobe, odd) in [(DIEPCTL::SETD0PID, false), (DIEPCTL::SETD1PID, true)] {
            if strobe.is_set(raw) {
                end.set(DIEPCTL::DPID, odd);
            }
        }
    }
    for (strobe, on) in [(DIEPCTL::CNAK, false), (DIEPCTL::SNAK, true)] {
        if strobe.is_set(raw) {
            end.set(DIEPCTL::NAKSTS, on);
        }
    }
    if DIEPCTL::EPDIS.is_set(raw) && end.is(DIEPCTL::EPENA) {
        end.set(DIEPCTL::EPENA, false);
        end.int |= DIEPINT::EPDISBLD.mask;
    } else if DIEPCTL::EPENA.is_set(raw) {
        end.set(DIEPCTL::EPENA, true);
    }
}
