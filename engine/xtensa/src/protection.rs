//! Region protection: the "TLBs" of this configuration, eight entries of 512 MB each whose attribute
//! can be set. ISA RM 4.6.3 (Region Protection Option), core-matmap.h: identity map, attribute 2 after
//! reset.

use serde::{Deserialize, Serialize};

use crate::core::Core;

const REGIONS: usize = 8;
/// Attribute after reset: bypass, all rights (core-matmap.h, `XCHAL_ITLB_SET0_E0_CA_RESET`).
const RESET_ATTRIBUTE: u8 = 2;

const READ: u8 = 1;
const WRITE: u8 = 2;
const EXECUTE: u8 = 4;

/// ISA RM 4.6.3.3, table "Region Protection access modes": the attributes not listed give no right.
fn rights(attribute: u8) -> u8 {
    match attribute {
        0 | 14 => READ | WRITE,
        1 | 2 | 4 | 5 => READ | WRITE | EXECUTE,
        3 => EXECUTE,
        _ => 0,
    }
}

/// Attributes of the regions, and what follows from them as a bit per region.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Protection {
    instruction: [u8; REGIONS],
    data: [u8; REGIONS],
    pub no_fetch: u8,
    pub no_load: u8,
    pub no_store: u8,
}

impl Default for Protection {
    fn default() -> Self {
        let reset = [RESET_ATTRIBUTE; REGIONS];
        Protection { instruction: reset, data: reset, no_fetch: 0, no_load: 0, no_store: 0 }
    }
}

fn without(attributes: &[u8; REGIONS], right: u8) -> u8 {
    attributes
        .iter()
        .enumerate()
        .fold(0, |mask, (region, &attribute)| mask | u8::from(rights(attribute) & right == 0) << region)
}

impl Protection {
    fn set(&mut self, data: bool, region: usize, attribute: u8) {
        match data {
            true => self.data[region] = attribute,
            false => self.instruction[region] = attribute,
        }
        self.no_fetch = without(&self.instruction, EXECUTE);
        self.no_load = without(&self.data, READ);
        self.no_store = without(&self.data, WRITE);
    }
}

impl Core {
    /// Gives a region of 512 MB an attribute, as WITLB and WDTLB do.
    pub fn set_region(&mut self, region: usize, attribute: u8) {
        self.protection.set(false, region, attribute);
        self.protection.set(true, region, attribute);
    }

    /// The TLB instructions: `action` 0 RxTLB0, 1 RxTLB1, 2 PxTLB, 3 WxTLB, 4 IxTLB. `None`: nothing
    /// to write to AR.
    pub(crate) fn tlb(&mut self, data: bool, action: u8, s: u32, t: u32) -> Option<u32> {
        let region = (s >> 29) as usize;
        let attribute = if data { self.protection.data[region] } else { self.protection.instruction[region] };
        match action {
            // RxTLB0: the virtual page of the entry; RxTLB1: its physical page and attribute.
            0 => Some(s & 0xE000_0000),
            1 => Some(s & 0xE000_0000 | u32::from(attribute)),
            // PxTLB: the address of the entry that matches; all do. Bit 0 says so.
            2 => Some(s & 0xE000_0000 | 1),
            3 => {
                // WxTLB at, as: `at` carries the attribute, `as` the region.
                self.protection.set(data, region, (t & 15) as u8);
                None
            }
            // IxTLB: the entries of this option cannot be invalidated.
            _ => None,
        }
    }
}
