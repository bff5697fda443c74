//! The wrapper between the USB OTG controller and its PHY: pads, pulls and clocks. ESP32-S3 TRM chapter 32, ESP-IDF
//! `soc/usb_wrap_struct.h`.
//!
//! # Fidelity
//! USB_PAD_ENABLE, PHY_SEL and the pull-up of PAD_PULL_OVERRIDE decide what the host sees. The rest is stored; test mode, and
//! exchanged pins, are missing and counted.

use crate::block::{undeclared, Block};
use crate::fabric::Fabric;
use crate::slots::Slot;
use engine_core::registers::{Bank, Group, Registers, Write};
use serde::{Deserialize, Serialize};

engine_core::registers! {
    /// The registers.
    pub Reg;
    OTG_CONF 0x000 = 0x001C_0000 {
        CLK_EN 31 rw; DFIFO_FORCE_PU 22 rw; PHY_TX_EDGE_SEL 21 rw; PHY_CLK_FORCE_ON 20 rw; AHB_CLK_FORCE_ON 19 rw;
        USB_PAD_ENABLE 18 rw; PULLUP_VALUE 17 rw; DM_PULLDOWN 16 rw; DM_PULLUP 15 rw; DP_PULLDOWN 14 rw;
        DP_PULLUP 13 rw; PAD_PULL_OVERRIDE 12 rw; VREF_OVERRIDE 11 rw; VREFL 10:9 rw; VREFH 8:7 rw;
        EXCHG_PINS 6 todo "D+ and D- are not exchanged"; EXCHG_PINS_OVERRIDE 5 todo "D+ and D- are not exchanged";
        DBNCE_FLTR_BYPASS 4 rw; DFIFO_FORCE_PD 3 rw; PHY_SEL 2 todo "there is no external PHY";
        SRP_SESSEND_VALUE 1 rw; SRP_SESSEND_OVERRIDE 0 rw;
    }
    TEST_CONF 0x004 = 0x0000_0000 {
        TEST_RX_DM 6 ro; TEST_RX_DP 5 ro; TEST_RX_RCV 4 ro; TEST_TX_DM 3 rw; TEST_TX_DP 2 rw; TEST_USB_OE 1 rw;
        TEST_ENABLE 0 todo "the pads cannot be driven by hand";
    }
    DATE 0x3FC = 0x0210_2010 { USB_WRAP_DATE 31:0 rw; }
}

/// What the PHY of the OTG controller gets from RTC_CNTL and from the wrapper.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtgPhy {
    /// RTC_CNTL_USB_CONF, or the fuse, gives the internal PHY to USB OTG; else USB Serial/JTAG has it.
    pub owned: bool,
    /// The pads are on, and the wrapper selects the internal PHY.
    pub enabled: bool,
    /// PAD_PULL_OVERRIDE: the pull-up on D+.
    pub pull_up: Option<bool>,
}

impl OtgPhy {
    /// Does the OTG controller drive the pads?
    pub fn is_ours(self) -> bool {
        self.owned && self.enabled
    }
}

/// The wrapper.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UsbWrap {
    bank: Bank<Reg>,
}

impl UsbWrap {
    /// After reset.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self { bank: Bank::new() }
    }

    fn tell(&self, fabric: &mut Fabric) {
        let conf = self.bank.get(Reg::OTG_CONF);
        fabric.otg_phy.enabled = OTG_CONF::USB_PAD_ENABLE.is_set(conf) && !OTG_CONF::PHY_SEL.is_set(conf);
        let pull_up = OTG_CONF::DP_PULLUP.is_set(conf);
        fabric.otg_phy.pull_up = OTG_CONF::PAD_PULL_OVERRIDE.is_set(conf).then_some(pull_up);
        fabric.soon(Slot::UsbOtg);
    }
}

impl Block for UsbWrap {
    const GROUPS: &'static [Group] = &[Group::one("USB_WRAP", Reg::TABLE)];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        if Reg::at(offset).is_none() {
            undeclared("USB_WRAP", offset, fabric);
        }
        self.peek(offset, fabric)
    }

    fn peek(&mut self, offset: u32, _fabric: &mut Fabric) -> u32 {
        Reg::at(offset).map_or(0, |register| self.bank.load(register))
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        let Some(register) = Reg::at(offset) else {
            undeclared("USB_WRAP", offset, fabric);
            return;
        };
        self.bank.store(register, write, "USB_WRAP", &mut fabric.gaps);
        self.tell(fabric);
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        self.bank.reset();
        self.tell(fabric);
    }
}
