//! The PHY behind the MAC: DP83848C. TI SNLS266, chapter Register Block; ESP-IDF `esp_eth_phy_dp83848.c`. Its address is
//! 1, as its pins strap it where nothing is connected to them.

use crate::fabric::Fabric;
use serde::{Deserialize, Serialize};

const ADDRESS: u32 = 1;

const BMCR: u32 = 0x00;
const BMSR: u32 = 0x01;
const PHYIDR1: u32 = 0x02;
const PHYIDR2: u32 = 0x03;
const ANAR: u32 = 0x04;
const ANLPAR: u32 = 0x05;
const PHYSTS: u32 = 0x10;
const PHYCR: u32 = 0x19;

/// BMCR: bits that clear themselves, reset and restart of the negotiation.
const BMCR_RESET: u16 = 1 << 15;
const BMCR_RESTART: u16 = 1 << 9;
/// BMCR after reset: 100 Mbit/s, negotiation, full duplex.
const BMCR_DEFAULT: u16 = 0x3100;
/// BMSR: what it can do, and with a link that it is there and negotiated.
const BMSR_ABLE: u16 = 0x7849;
const BMSR_UP: u16 = 1 << 5 | 1 << 2;
/// ANAR after reset: all of 10 and 100 Mbit/s.
const ANAR_DEFAULT: u16 = 0x01E1;
/// The other end can do the same, and has acknowledged.
const PARTNER: u16 = 0x41E1;
/// PHYSTS with a link: negotiated, full duplex, 100 Mbit/s (bit 1 is 0), link.
const PHYSTS_UP: u16 = 1 << 4 | 1 << 2 | 1;
/// PHYCR after reset: automatic crossover, address 1.
const PHYCR_DEFAULT: u16 = 0x8021;

/// The PHY.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Phy {
    bmcr: u16,
    anar: u16,
    phycr: u16,
}

impl Phy {
    pub fn new() -> Self {
        Self { bmcr: BMCR_DEFAULT, anar: ANAR_DEFAULT, phycr: PHYCR_DEFAULT }
    }

    /// Nobody at the address: the line is pulled high.
    pub fn read(&self, address: u32, register: u32, fabric: &mut Fabric) -> u16 {
        if address != ADDRESS {
            return 0xFFFF;
        }
        let up = |value: u16| if fabric.ethernet.connected { value } else { 0 };
        match register {
            BMCR => self.bmcr,
            BMSR => BMSR_ABLE | up(BMSR_UP),
            PHYIDR1 => 0x2000,
            PHYIDR2 => 0x5C90,
            ANAR => self.anar,
            ANLPAR => up(PARTNER),
            PHYSTS => up(PHYSTS_UP),
            PHYCR => self.phycr,
            _ => {
                missing(register, fabric);
                0
            }
        }
    }

    pub fn write(&mut self, address: u32, register: u32, value: u16, fabric: &mut Fabric) {
        if address != ADDRESS {
            return;
        }
        match register {
            BMCR if value & BMCR_RESET != 0 => *self = Self::new(),
            BMCR => self.bmcr = value & !BMCR_RESTART,
            ANAR => self.anar = value,
            PHYCR => self.phycr = value,
            BMSR | PHYIDR1 | PHYIDR2 | ANLPAR | PHYSTS => {}
            _ => missing(register, fabric),
        }
    }
}

fn missing(register: u32, fabric: &mut Fabric) {
    fabric.gaps.touch(&format!("DP83848 register {register:02X}h"), "this register of the PHY is not modelled");
}
