//! The pages of the radio: front end, baseband, Bluetooth and Wi-Fi MAC. The TRM does not describe them; ESP-IDF's start-up
//! and sleep code touches a few of them (`soc/fe_reg.h`, `soc/bb_reg.h`, `soc/nrx_reg.h`), its PHY library many.
//!
//! # Fidelity
//! - The power switches that start-up and sleep code use are declared storage.
//! - The clock of the Bluetooth LE link layer runs: half slots and half microseconds, as `r_rwip_time_get` in the mask
//!   ROM reads them.
//! - All else is missing: a word reads as it was written, nothing is sent or received, no interrupt comes, and but for the
//!   few bits that start-up code waits for ([`Page`]) none changes by itself. The first touch of a page says at which PC; all are counted.

use crate::block::Block;
use crate::fabric::{Fabric, Request};
use engine_core::gaps::Gaps;
use engine_core::registers::{Group, Registers, Write};
use engine_core::time::MICROSECOND;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a page of the radio is.
#[derive(Debug)]
pub struct Page {
    name: &'static str,
    /// What a firmware starts that touches it.
    what: &'static str,
    /// Offset of its power switches, which are known storage.
    power: Option<u32>,
    /// Offset and bits that read as 1: something is done. The mask ROM's PHY functions wait for them.
    done: &'static [(u32, u32)],
    /// Offset and bits that read as 0: requests that the hardware takes back when it has carried them out.
    taken: &'static [(u32, u32)],
}

const fn page(name: &'static str, what: &'static str, power: Option<u32>) -> Page {
    Page { name, what, power, done: &[], taken: &[] }
}

/// Front end 2, FE2_TX_INTERP_CTRL.
pub static FE2: Page = page("FE2", "the analog front end of the radio", Some(0xF0));
/// Front end, FE_GEN_CTRL.
pub static FE: Page = Page { done: &[(0x174, 1 << 16)], ..page("FE", "the analog front end of the radio", Some(0x90)) };
/// Before the receiver's page; ESP-IDF has no name for it.
pub static RX: Page = page("RADIO_6001C000", "the receiver of the radio", None);
/// Receiver, NRXPD_CTRL.
pub static NRX: Page = page("NRX", "the receiver of the radio", Some(0xD4));
/// Baseband, BBPD_CTRL.
pub static BB: Page = page("BB", "the baseband of the radio", Some(0x54));
/// Bluetooth.
pub static BT: Page = page("BT", "the Bluetooth controller", None);
/// Link layer of Bluetooth LE.
pub static BLE: Page = Page {
    // The version, which the controller asserts.
    done: &[(0x004, 0x0900_1B00)],
    // Resets, and the start of the cipher, of which nothing comes.
    taken: &[(0x000, 1 << 31), (0x0B0, 1)],
    ..page("BLE", "the link layer of the Bluetooth LE controller", None)
};
/// Wi-Fi MAC.
pub static WIFI: Page = Page { taken: &[(0x084, 1)], ..page("WIFI", "the Wi-Fi MAC", None) };

const PAGES: [&Page; 8] = [&FE2, &FE, &RX, &NRX, &BB, &BT, &BLE, &WIFI];

/// Says that the firmware has begun to use a page, and where.
pub(crate) fn say(page: u8, pc: u32, gaps: &mut Gaps) {
    let Page { name, what, .. } = PAGES[usize::from(page)];
    gaps.touch(
        name,
        &format!("the firmware starts {what} at 0x{pc:08x}; there is no radio here: registers keep what is written"),
    );
}

/// A page.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Radio {
    page: usize,
    /// Somebody was told that the firmware uses it.
    said: bool,
    words: BTreeMap<u32, u32>,
}

impl Radio {
    /// The page after reset.
    pub fn new(page: &'static Page) -> Self {
        let page = PAGES.iter().position(|known| std::ptr::eq(*known, page)).expect("a page of the list");
        Self { page, said: false, words: BTreeMap::new() }
    }

    fn touch(&mut self, offset: u32, fabric: &mut Fabric) {
        let page = PAGES[self.page];
        if page.power == Some(offset) {
            return;
        }
        if std::mem::replace(&mut self.said, true) {
            fabric.gaps.touch(page.name, page.what);
        } else {
            fabric.request(Request::RadioTouched(self.page as u8, fabric.core as u8));
        }
    }
}

impl Block for Radio {
    const GROUPS: &'static [Group] = &[];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        self.touch(offset, fabric);
        self.peek(offset, fabric)
    }

    fn peek(&mut self, offset: u32, _fabric: &mut Fabric) -> u32 {
        let page = PAGES[self.page];
        let bits = |list: &[(u32, u32)]| list.iter().find(|(at, _)| *at == offset).map_or(0, |(_, bits)| *bits);
        self.words.get(&offset).copied().unwrap_or(0) & !bits(page.taken) | bits(page.done)
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        self.touch(offset, fabric);
        self.words.insert(offset, write.value);
    }

    fn reset(&mut self, _fabric: &mut Fabric) {
        self.words.clear();
    }
}

engine_core::registers! {
    /// The one register of the baseband that the SVD has.
    pub BbReg;
    BBPD_CTRL 0x054 = 0x0000_0000 { FFT_FORCE_PU 3 rw; FFT_FORCE_PD 2 rw; DC_EST_FORCE_PU 1 rw; DC_EST_FORCE_PD 0 rw; }
}

/// The baseband: a page like the others, of which the SVD knows a register.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Bb {
    page: Radio,
}

impl Bb {
    /// The page after reset.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self { page: Radio::new(&BB) }
    }
}

impl Block for Bb {
    const GROUPS: &'static [Group] = &[Group::one("BB", BbReg::TABLE)];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        self.page.read(offset, fabric)
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        self.page.peek(offset, fabric)
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        self.page.write(offset, write, fabric);
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        self.page.reset(fabric);
    }
}

/// The link layer of Bluetooth LE: a page like the others, with a clock.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ble {
    page: Radio,
}

/// Half slots of 312.5 us in bits 27:0. Bit 31, written, samples both counters, and is 0 when that is done.
const CLOCK: u32 = 0x1C;
const SAMPLE: u32 = 1 << 31;
const HALF_SLOTS: u32 = 0x0FFF_FFFF;
/// Half microseconds that are left of the half slot, from 624 down.
const FINE: u32 = 0x20;
const HALF_SLOT: u64 = 625 * MICROSECOND / 2;

impl Ble {
    /// The page after reset.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self { page: Radio::new(&BLE) }
    }
}

impl Block for Ble {
    const GROUPS: &'static [Group] = &[];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        self.page.read(offset, fabric)
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        self.page.peek(offset, fabric)
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        self.page.write(offset, write, fabric);
        if offset == CLOCK && write.value & SAMPLE != 0 {
            let now = fabric.now();
            self.page.words.insert(CLOCK, (now / HALF_SLOT) as u32 & HALF_SLOTS);
            self.page.words.insert(FINE, 624 - (now % HALF_SLOT / (MICROSECOND / 2)) as u32);
        }
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        self.page.reset(fabric);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sleep_code_s_power_switches_are_no_gap_but_a_mac_register_is() {
        let (mut nrx, mut wifi, mut fabric) = (Radio::new(&NRX), Radio::new(&WIFI), Fabric::new());
        nrx.write(0xD4, Write::word(0xAA), &mut fabric);
        assert_eq!(nrx.read(0xD4, &mut fabric), 0xAA);
        assert!(fabric.gaps.all().is_empty());
        wifi.write(0x100, Write::word(1), &mut fabric);
        assert_eq!(fabric.requests, [Request::RadioTouched(7, 0)]);
        say(7, 0x4200_1234, &mut fabric.gaps);
        wifi.read(0x104, &mut fabric);
        assert_eq!(fabric.gaps.all()["WIFI"].count, 2);
        assert!(fabric.gaps.take_unsaid()[0].contains("starts the Wi-Fi MAC at 0x42001234"));
    }

    /// Bluetooth Core Specification, Vol 6 Part B: slots of 625 us. The mask ROM's `r_rwip_time_get` writes bit 31, waits
    /// for it to be 0, and takes 624 less the second word as half microseconds.
    #[test]
    fn the_link_layer_s_clock_counts_half_slots() {
        let (mut ble, mut fabric) = (Ble::new(), Fabric::new());
        fabric.cycle = fabric.clock.first_cycle_from(1_000_000_000 + 10 * MICROSECOND);
        ble.write(CLOCK, Write::word(SAMPLE), &mut fabric);
        assert_eq!(ble.read(CLOCK, &mut fabric), 3, "1010 us");
        assert_eq!(624 - ble.read(FINE, &mut fabric), 2 * 1010 - 3 * 625);
    }
}
