//! Pads that keep their state, TRM chapter 6; ESP-IDF `hal/gpio_ll.h`, `hal/rtc_io_ll.h`, `soc/gpio_periph.c`.

use super::registers::*;
use super::RtcCntl;
use crate::fabric::Fabric;
use crate::io::ALL_PINS;

/// GPIO0 to GPIO21: the pads of RTC_IO.
const RTC_PADS: u64 = 0x3F_FFFF;
/// Bit n of DIG_PAD_HOLD is GPIO21+n; GPIO21 itself is held by PAD_HOLD.
const FIRST_DIGITAL: u32 = 21;

impl RtcCntl {
    /// DIG_ISO is written.
    pub(super) fn write_isolation(&mut self, raw: u32, fabric: &mut Fabric) {
        if DIG_ISO::CLR_DG_PAD_AUTOHOLD.is_set(raw) {
            self.regs.set_field(Reg::DIG_ISO, DIG_ISO::DG_PAD_AUTOHOLD, 0);
        }
        self.hold_pads(fabric);
    }

    /// DG_PAD_AUTOHOLD_EN: the digital pads are held from the entry into deep sleep until software clears it.
    pub(super) fn auto_hold(&mut self, deep: bool, fabric: &mut Fabric) {
        if deep && DIG_ISO::DG_PAD_AUTOHOLD_EN.is_set(self.regs.get(Reg::DIG_ISO)) {
            self.regs.set_field(Reg::DIG_ISO, DIG_ISO::DG_PAD_AUTOHOLD, 1);
            self.hold_pads(fabric);
        }
    }

    /// The pads that are to be held.
    pub(super) fn hold_pads(&self, fabric: &mut Fabric) {
        let digital = ALL_PINS & !RTC_PADS;
        let isolation = self.regs.get(Reg::DIG_ISO);
        let mut held = u64::from(self.regs.get(Reg::PAD_HOLD)) & RTC_PADS;
        if PWC::PAD_FORCE_HOLD.is_set(self.regs.get(Reg::PWC)) {
            held |= RTC_PADS;
        }
        held |= u64::from(self.regs.get(Reg::DIG_PAD_HOLD)) << FIRST_DIGITAL & digital;
        let all = DIG_ISO::DG_PAD_FORCE_HOLD.is_set(isolation) || DIG_ISO::DG_PAD_AUTOHOLD.is_set(isolation);
        if all && !DIG_ISO::DG_PAD_FORCE_UNHOLD.is_set(isolation) {
            held |= digital;
        }
        fabric.hold_pads(held);
    }
}
