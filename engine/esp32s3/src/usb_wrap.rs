//! The wrapper between the USB OTG controller and its PHY: pads, pulls and clocks. ESP32-S3 TRM chapter 32, ESP-IDF
//! `soc/usb_wrap_struct.h`.
//!
//! # Fidelity
//! USB_PAD_ENABLE, PHY_SEL, the pull-up of PAD_PULL_OVERRIDE and EXCHG_PINS decide what the host sees: on a cable that is wired as
//! usual, a device with its pins exchanged pulls D- up, and does not answer as the host expects. TEST_CONF drives the pads and shows
//! their levels. The rest is stored; an external PHY is missing and counted.

use crate::block::{undeclared, Block};
use crate::fabric::Fabric;
use crate::io::{DM, DP};
use engine_core::registers::{Bank, Group, Registers, Write};
use serde::{Deserialize, Serialize};

engine_core::registers! {
    /// The registers.
    pub Reg;
    OTG_CONF 0x000 = 0x001C_0000 {
        CLK_EN 31 rw; DFIFO_FORCE_PU 22 rw; PHY_TX_EDGE_SEL 21 rw; PHY_CLK_FORCE_ON 20 rw; AHB_CLK_FORCE_ON 19 rw;
        USB_PAD_ENABLE 18 rw; PULLUP_VALUE 17 rw; DM_PULLDOWN 16 rw; DM_PULLUP 15 rw; DP_PULLDOWN 14 rw;
        DP_PULLUP 13 rw; PAD_PULL_OVERRIDE 12 rw; VREF_OVERRIDE 11 rw; VREFL 10:9 rw; VREFH 8:7 rw;
        EXCHG_PINS 6 rw; EXCHG_PINS_OVERRIDE 5 rw;
        DBNCE_FLTR_BYPASS 4 rw; DFIFO_FORCE_PD 3 rw; PHY_SEL 2 todo "there is no external PHY";
        SRP_SESSEND_VALUE 1 rw; SRP_SESSEND_OVERRIDE 0 rw;
    }
    TEST_CONF 0x004 = 0x0000_0000 {
        TEST_RX_DM 6 ro; TEST_RX_DP 5 ro; TEST_RX_RCV 4 ro; TEST_TX_DM 3 rw; TEST_TX_DP 2 rw; TEST_USB_OE 1 rw;
        TEST_ENABLE 0 rw;
    }
    DATE 0x3FC = 0x0210_2010 { USB_WRAP_DATE 31:0 rw; }
}

/// The internal PHY, GPIO19 and GPIO20: who has it, and what the cable is plugged into. There is one pair of pins, so the host sees USB
/// Serial/JTAG or what USB OTG offers, never both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsbPhy {
    /// RTC_CNTL_SW_USB_PHY_SEL, where SW_HW_USB_PHY_SEL lets software select: the PHY is USB OTG's.
    pub by_software: Option<bool>,
    /// EFUSE_USB_PHY_SEL: without software, too, the PHY is USB OTG's.
    pub by_fuse: bool,
    /// EFUSE_DIS_USB and EFUSE_DIS_USB_DEVICE: there is no USB OTG, no USB Serial/JTAG.
    pub no_otg: bool,
    /// See [`UsbPhy::no_otg`].
    pub no_serial_jtag: bool,
    /// RTC_CNTL_USB_PAD_ENABLE, where USB_PAD_ENABLE_OVERRIDE says so: the pads are on, whoever has them.
    pub pads: Option<bool>,
    /// The same of RTC_CNTL's pull-up on D+.
    pub pulled_up: Option<bool>,
    /// USB_WRAP: its pads are on, and it selects the internal PHY.
    pub wrapped: bool,
    /// USB_WRAP_PAD_PULL_OVERRIDE: the pull-up on D+.
    pub wrapper_pull_up: Option<bool>,
    /// USB_WRAP_EXCHG_PINS: D+ and D- of USB OTG are exchanged.
    pub wrapper_exchanges: bool,
    /// The cable is pulled out.
    pub unplugged: bool,
    /// The host sleeps: the bus is idle.
    pub asleep: bool,
}

impl UsbPhy {
    /// Has USB OTG got the PHY? Else USB Serial/JTAG has it.
    pub fn is_otgs(self) -> bool {
        self.by_software.unwrap_or(self.by_fuse)
    }

    /// Does USB OTG drive the pads?
    pub fn otg_drives(self) -> bool {
        self.is_otgs() && self.pads.unwrap_or(self.wrapped) && !self.no_otg && !self.wrapper_exchanges
    }

    /// The pull-up that overrides that of USB OTG.
    pub fn otg_pull_up(self) -> Option<bool> {
        self.pulled_up.or(self.wrapper_pull_up)
    }

    /// Does the host see USB Serial/JTAG, whose own registers turn pads and pull-up on or off like this?
    pub fn shows_serial_jtag(self, pads: bool, pull_up: bool) -> bool {
        let on = self.pads.unwrap_or(pads) && self.pulled_up.unwrap_or(pull_up);
        on && !self.is_otgs() && !self.no_serial_jtag && !self.unplugged
    }
}

/// What a test register of the PHY says: drive the pads, and how. `None`: it leaves them alone.
pub(crate) fn test_levels(enable: bool, drive: bool, dp: bool, dm: bool) -> Option<Option<(bool, bool)>> {
    enable.then(|| drive.then_some((dp, dm)))
}

/// The levels at D+ and D-.
pub(crate) fn pad_levels(fabric: &Fabric) -> (bool, bool) {
    (fabric.pins.is_high(DP), fabric.pins.is_high(DM))
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
        let pull_up = OTG_CONF::DP_PULLUP.is_set(conf);
        fabric.set_usb_phy(UsbPhy {
            wrapped: OTG_CONF::USB_PAD_ENABLE.is_set(conf) && !OTG_CONF::PHY_SEL.is_set(conf),
            wrapper_exchanges: OTG_CONF::EXCHG_PINS_OVERRIDE.is_set(conf) && OTG_CONF::EXCHG_PINS.is_set(conf),
            wrapper_pull_up: OTG_CONF::PAD_PULL_OVERRIDE.is_set(conf).then_some(pull_up),
            ..fabric.usb_phy
        });
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

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        let stored = Reg::at(offset).map_or(0, |register| self.bank.load(register));
        if Reg::at(offset) != Some(Reg::TEST_CONF) {
            return stored;
        }
        let (dp, dm) = pad_levels(fabric);
        let value = TEST_CONF::TEST_RX_DP.put(TEST_CONF::TEST_RX_DM.put(stored, dm.into()), dp.into());
        TEST_CONF::TEST_RX_RCV.put(value, (dp && !dm).into())
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        let Some(register) = Reg::at(offset) else {
            undeclared("USB_WRAP", offset, fabric);
            return;
        };
        self.bank.store(register, write, "USB_WRAP", &mut fabric.gaps);
        if register == Reg::TEST_CONF {
            use TEST_CONF as T;
            let [enable, drive, dp, dm] = [T::TEST_ENABLE, T::TEST_USB_OE, T::TEST_TX_DP, T::TEST_TX_DM]
                .map(|field| field.is_set(self.bank.get(Reg::TEST_CONF)));
            fabric.drive_usb_pads(test_levels(enable, drive, dp, dm));
        }
        self.tell(fabric);
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        self.bank.reset();
        self.tell(fabric);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ESP-IDF `soc/usb_wrap_struct.h`: TEST_ENABLE bit 0, USB_OE 1, TX_DP 2, TX_DM 3, RX_RCV 4, RX_DP 5, RX_DM 6; EXCHG_PINS_OVERRIDE
    /// and EXCHG_PINS are bits 5 and 6 of OTG_CONF.
    #[test]
    fn the_pads_are_driven_by_hand_and_exchanged() {
        let (mut wrap, mut fabric) = (UsbWrap::new(), Fabric::new());
        wrap.write(4, Write::word(1 | 1 << 1 | 1 << 2), &mut fabric);
        assert_eq!((fabric.pins.is_high(20), fabric.pins.is_high(19)), (true, false));
        assert_eq!(wrap.read(4, &mut fabric) >> 4, 0b011);
        wrap.write(4, Write::word(1 | 1 << 1 | 1 << 3), &mut fabric);
        assert_eq!(wrap.read(4, &mut fabric) >> 4, 0b100);
        wrap.write(4, Write::word(0), &mut fabric);
        assert_eq!(fabric.io.to_pads().1 >> 19 & 3, 0);
        fabric.usb_phy.by_software = Some(true);
        wrap.write(0, Write::word(1 << 18), &mut fabric);
        assert!(fabric.usb_phy.otg_drives());
        wrap.write(0, Write::word(1 << 18 | 1 << 6 | 1 << 5), &mut fabric);
        assert!(!fabric.usb_phy.otg_drives());
    }
}
