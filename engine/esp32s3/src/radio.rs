//! The pages of the radio: front end, baseband, Bluetooth and Wi-Fi MAC. The TRM does not describe them; ESP-IDF's start-up
//! and sleep code touches a few of them (`soc/fe_reg.h`, `soc/bb_reg.h`, `soc/nrx_reg.h`), its PHY library many.
//!
//! # Fidelity
//! - The power switches that start-up and sleep code use are declared storage.
//! - All else is missing: a word reads as it was written, and is counted once for each page.

use crate::block::Block;
use crate::fabric::Fabric;
use engine_core::registers::{Group, Registers, Write};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a page of the radio is.
#[derive(Debug)]
pub struct Page {
    name: &'static str,
    why: &'static str,
    /// Offset of its power switches, which are known storage.
    power: Option<u32>,
}

const PHY: &str = "the analog front end and baseband of the radio";
/// Front end 2, FE2_TX_INTERP_CTRL.
pub static FE2: Page = Page { name: "FE2", why: PHY, power: Some(0xF0) };
/// Front end, FE_GEN_CTRL.
pub static FE: Page = Page { name: "FE", why: PHY, power: Some(0x90) };
/// Receiver, NRXPD_CTRL.
pub static NRX: Page = Page { name: "NRX", why: PHY, power: Some(0xD4) };
/// Baseband, BBPD_CTRL.
pub static BB: Page = Page { name: "BB", why: PHY, power: Some(0x54) };
/// Bluetooth.
pub static BT: Page =
    Page { name: "BT", why: "the firmware starts a radio: there is no Bluetooth hardware here", power: None };
/// Link layer of Bluetooth LE.
pub static BLE: Page =
    Page { name: "BLE", why: "the firmware starts a radio: there is no Bluetooth hardware here", power: None };
/// Wi-Fi MAC.
pub static WIFI: Page =
    Page { name: "WIFI", why: "the firmware starts a radio: there is no Wi-Fi hardware here", power: None };

const PAGES: [&Page; 7] = [&FE2, &FE, &NRX, &BB, &BT, &BLE, &WIFI];

/// A page.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Radio {
    page: usize,
    words: BTreeMap<u32, u32>,
}

impl Radio {
    /// The page after reset.
    pub fn new(page: &'static Page) -> Self {
        let page = PAGES.iter().position(|known| std::ptr::eq(*known, page)).expect("a page of the list");
        Self { page, words: BTreeMap::new() }
    }

    fn touch(&self, offset: u32, fabric: &mut Fabric) {
        let page = PAGES[self.page];
        if page.power != Some(offset) {
            fabric.gaps.touch(page.name, page.why);
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
        self.words.get(&offset).copied().unwrap_or(0)
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
        wifi.read(0x104, &mut fabric);
        assert_eq!(fabric.gaps.all()["WIFI"].count, 2);
        assert!(fabric.gaps.take_unsaid()[0].contains("starts a radio"));
    }
}
