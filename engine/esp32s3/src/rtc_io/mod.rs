//! RTC_IO: the pads that the RTC domain can take, GPIO0 to GPIO21. ESP32-S3 TRM chapter 6; ESP-IDF `soc/rtc_io_reg.h`,
//! `hal/rtc_io_ll.h`.
//!
//! # Fidelity
//! - Output, open drain, input, pulls, interrupt status, wake-up and the pad for EXT0: exact. A pad is seen by the side that
//!   MUX_SEL gives it to, and by no other.
//! - Drive strength is stored, and so is what charges a touch pad beforehand (XPD, TIE_OPT), and what is left of a DAC that the
//!   chip does not have.
//! - SLP_IE and SLP_OE count in light and deep sleep where SLP_SEL is set.
//! - A pad whose FUN_SEL is not RTC_GPIO is driven by nobody. Missing: the RTC I2C controller behind F3 of four pads (it says
//!   so), a pin that turns the crystal off, debug signals. Holding pads is in RTC_CNTL.

pub mod registers;

use crate::block::{undeclared, Block};
use crate::fabric::{Fabric, WakeLevels};
use crate::io::RtcPad;
use engine_core::registers::{Bank, Group, Registers, Write};
use registers::{pin, Reg, ENABLE_W1TC, EXT_WAKEUP0, RTC_GPIO_OUT, TOUCH_PAD0};
use serde::{Deserialize, Serialize};

/// GPIO0 to GPIO21.
pub const RTC_PINS: usize = 22;
/// RTC_GPIO_PIN0.
const PIN: u32 = 0x028;
/// RTC_IO_TOUCH_PAD0.
const PADS: u32 = 0x084;

/// Functions of pads, FUN_SEL: ESP32-S3 datasheet v2.2, table 2-6. The second is on GPIO0 to GPIO3; no pad has others.
const RTC_GPIO: u32 = 0;
const RTC_I2C: u32 = 3;
const RTC_I2C_PINS: usize = 4;

/// The block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RtcIo {
    regs: Bank<Reg>,
    pins: Vec<Bank<pin::Reg>>,
}

impl RtcIo {
    /// After power-on.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self { regs: Bank::new(), pins: vec![Bank::new(); RTC_PINS] }
    }

    fn pin_at(offset: u32) -> Option<usize> {
        let n = offset.wrapping_sub(PIN) as usize / 4;
        (offset >= PIN && n < RTC_PINS).then_some(n)
    }

    fn pin_field(&self, pin: usize, field: engine_core::registers::Field) -> u32 {
        self.pins[pin].field(pin::Reg::PIN, field)
    }

    /// The registers of the pads follow each other in the order of the pins, and have the same fields at the same places.
    fn pad_register(&self, pin: usize) -> u32 {
        let offset = PADS + 4 * pin as u32;
        Reg::at(offset).map_or(0, |register| self.regs.get(register))
    }

    /// A pad is set up as the registers say.
    fn apply(&self, pin: usize, fabric: &mut Fabric) {
        let settings = self.pad_register(pin);
        let bit = |register| RTC_GPIO_OUT::DATA.get(self.regs.get(register)) >> pin & 1 != 0;
        let function = TOUCH_PAD0::FUN_SEL.get(settings);
        let mut pad = fabric.io.pad(pin as u8);
        pad.rtc = TOUCH_PAD0::MUX_SEL.is_set(settings);
        pad.by_rtc = RtcPad {
            out: bit(Reg::RTC_GPIO_OUT),
            enable: bit(Reg::RTC_GPIO_ENABLE) && function == RTC_GPIO,
            input_enable: TOUCH_PAD0::FUN_IE.is_set(settings),
            pull_up: TOUCH_PAD0::RUE.is_set(settings),
            pull_down: TOUCH_PAD0::RDE.is_set(settings),
            open_drain: self.pin_field(pin, pin::PIN::PAD_DRIVER) != 0,
            asleep: TOUCH_PAD0::SLP_SEL.is_set(settings).then(|| {
                (TOUCH_PAD0::SLP_IE.is_set(settings), TOUCH_PAD0::SLP_OE.is_set(settings) && function == RTC_GPIO)
            }),
        };
        if pad != fabric.io.pad(pin as u8) {
            fabric.set_pad(pin as u8, pad);
        }
    }

    /// Somebody wants a pad's other function.
    fn tell_function(&self, offset: u32, fabric: &mut Fabric) {
        let pin = offset.wrapping_sub(PADS) as usize / 4;
        if pin < RTC_I2C_PINS && TOUCH_PAD0::FUN_SEL.get(self.pad_register(pin)) == RTC_I2C {
            fabric.gaps.touch("RTC_IO.FUN_SEL", "the RTC I2C controller, which the pad is given to, is not modelled");
        }
    }

    fn apply_all(&self, fabric: &mut Fabric) {
        for pin in 0..RTC_PINS {
            self.apply(pin, fabric);
        }
    }

    /// Pins whose field is so, a bit each.
    fn pins_with(&self, wanted: impl Fn(usize) -> bool) -> u64 {
        (0..RTC_PINS).filter(|pin| wanted(*pin)).fold(0, |mask, pin| mask | 1 << pin)
    }

    /// What wakes the chip: WAKEUP_ENABLE with INT_TYPE high level (5) or low level (4).
    fn settle_wake(&self, fabric: &mut Fabric) {
        let kind = |pin| self.pin_field(pin, pin::PIN::INT_TYPE);
        let at = |level| self.pins_with(|pin| self.pin_field(pin, pin::PIN::WAKEUP_ENABLE) != 0 && kind(pin) == level);
        fabric.wake.rtc_io = WakeLevels { high: at(5), low: at(4) };
        fabric.wake.rtc_interrupting = self.pins_with(|pin| kind(pin) != 0);
        fabric.wake.ext0_pin = EXT_WAKEUP0::SEL.get(self.regs.get(Reg::EXT_WAKEUP0)) as u8;
    }

    /// Levels of pins changed, or must be looked at anew. Types as in GPIO, TRM 6.6.
    pub fn pins_changed(&mut self, changed: u64, levels: u64, fabric: &mut Fabric) {
        let levels = fabric.io.rtc_gpio_in(levels);
        let fires = self.pins_with(|pin| {
            let (moved, high) = (changed >> pin & 1 != 0, levels >> pin & 1 != 0);
            match self.pin_field(pin, pin::PIN::INT_TYPE) {
                1 => moved && high,
                2 => moved && !high,
                3 => moved,
                4 => !high,
                5 => high,
                _ => false,
            }
        });
        let status = self.regs.get(Reg::RTC_GPIO_STATUS);
        self.regs.set(Reg::RTC_GPIO_STATUS, status | (fires as u32) << RTC_GPIO_OUT::DATA.shift);
    }

    /// OUT, ENABLE and STATUS by their set and clear registers.
    fn write_bits(&mut self, register: Reg, raw: u32) {
        let raw = raw & ENABLE_W1TC::ENABLE_W1TC.mask;
        let (target, set) = match register {
            Reg::RTC_GPIO_OUT_W1TS => (Reg::RTC_GPIO_OUT, true),
            Reg::RTC_GPIO_OUT_W1TC => (Reg::RTC_GPIO_OUT, false),
            Reg::RTC_GPIO_ENABLE_W1TS => (Reg::RTC_GPIO_ENABLE, true),
            Reg::ENABLE_W1TC => (Reg::RTC_GPIO_ENABLE, false),
            Reg::RTC_GPIO_STATUS_W1TS => (Reg::RTC_GPIO_STATUS, true),
            Reg::RTC_GPIO_STATUS_W1TC => (Reg::RTC_GPIO_STATUS, false),
            _ => return,
        };
        let old = self.regs.get(target);
        self.regs.set(target, if set { old | raw } else { old & !raw });
    }
}

impl Block for RtcIo {
    const GROUPS: &'static [Group] = &[
        Group::one("RTC_IO", Reg::TABLE),
        Group { block: "RTC_IO", prefix: "{}", base: PIN, count: RTC_PINS as u32, step: 4, table: pin::Reg::TABLE },
    ];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        if Self::pin_at(offset).is_none() && Reg::at(offset).is_none() {
            undeclared("RTC_IO", offset, fabric);
        }
        self.peek(offset, fabric)
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        if let Some(n) = Self::pin_at(offset) {
            return self.pins[n].load(pin::Reg::PIN);
        }
        match Reg::at(offset) {
            Some(Reg::RTC_GPIO_IN) => (fabric.io.rtc_gpio_in(fabric.pins.level()) as u32) << RTC_GPIO_OUT::DATA.shift,
            Some(register) => self.regs.load(register),
            None => 0,
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        if let Some(n) = Self::pin_at(offset) {
            self.pins[n].store(pin::Reg::PIN, write, "RTC_IO", &mut fabric.gaps);
            self.apply(n, fabric);
        } else if let Some(register) = Reg::at(offset) {
            self.regs.store(register, write, "RTC_IO", &mut fabric.gaps);
            self.write_bits(register, write.raw);
            self.tell_function(offset, fabric);
            self.apply_all(fabric);
        } else {
            undeclared("RTC_IO", offset, fabric);
            return;
        }
        self.settle_wake(fabric);
        let levels = fabric.pins.level();
        self.pins_changed(0, levels, fabric);
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        *self = Self::new();
        self.apply_all(fabric);
        self.settle_wake(fabric);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bench() -> (RtcIo, Fabric) {
        let (mut io, mut fabric) = (RtcIo::new(), Fabric::new());
        io.reset(&mut fabric);
        (io, fabric)
    }

    /// ESP-IDF `soc/rtc_io_reg.h`: RTC_GPIO_OUT and ENABLE have GPIOn at bit 10 + n; MUX_SEL is bit 19 of TOUCH_PADn.
    #[test]
    fn a_pad_that_rtc_has_taken_shows_rtc_gpio_out() {
        let (mut io, mut fabric) = bench();
        io.write(0x04, Write::word(1 << 17), &mut fabric);
        io.write(0x10, Write::word(1 << 17), &mut fabric);
        assert_eq!(fabric.io.to_pads().1 >> 7 & 1, 0, "the digital side still has the pad");
        io.write(0x84 + 4 * 7, Write::word(1 << 19), &mut fabric);
        assert_eq!((fabric.io.to_pads().0 >> 7 & 1, fabric.io.to_pads().1 >> 7 & 1), (1, 1));
        io.write(0x08, Write::word(1 << 17), &mut fabric);
        assert!(!fabric.pins.is_high(7));
        io.write(0x28 + 4 * 7, Write::word(1 << 2), &mut fabric);
        io.write(0x04, Write::word(1 << 17), &mut fabric);
        assert_eq!(fabric.io.to_pads().1 >> 7 & 1, 0, "open drain lets go of a high level");
    }

    /// ESP32-S3 datasheet v2.2, table 2-6: F0 is RTC_GPIO7, F1 to F3 are nothing; F3 of GPIO1 is sar_i2c_sda_0.
    #[test]
    fn a_pad_with_another_function_is_not_driven() {
        let (mut io, mut fabric) = bench();
        for offset in [0x04, 0x10] {
            io.write(offset, Write::word(1 << 17), &mut fabric);
        }
        for function in 0..4 {
            io.write(0x84 + 4 * 7, Write::word(1 << 19 | function << 17), &mut fabric);
            assert_eq!(fabric.io.to_pads().1 >> 7 & 1, u64::from(function == 0));
        }
        assert!(fabric.gaps.all().is_empty());
        io.write(0x84 + 4, Write::word(1 << 19 | 3 << 17), &mut fabric);
        assert_eq!(fabric.gaps.all().keys().collect::<Vec<_>>(), ["RTC_IO.FUN_SEL"]);
    }

    /// ESP-IDF `soc/rtc_io_reg.h`: RUE is bit 27, RDE bit 28, FUN_IE bit 13; TRM chapter 6: the digital side no longer sees the pad.
    #[test]
    fn pulls_and_input_of_the_side_that_has_the_pad_count() {
        let (mut io, mut fabric) = bench();
        io.write(0x84 + 4 * 21, Write::word(1 << 27 | 1 << 19 | 1 << 13), &mut fabric);
        assert!(fabric.pins.is_high(21));
        assert_eq!(io.read(0x24, &mut fabric), 1 << 31);
        assert_eq!(fabric.io.gpio_in(fabric.pins.level()) >> 21 & 1, 0);
        io.write(0x84 + 4 * 21, Write::word(1 << 28 | 1 << 19 | 1 << 13), &mut fabric);
        assert_eq!(io.read(0x24, &mut fabric), 0);
        io.write(0x84 + 4 * 21, Write::word(1 << 27 | 1 << 13), &mut fabric);
        assert!(!fabric.pins.is_high(21), "the pull-up is RTC's, the pad is not");
    }

    /// ESP-IDF `hal/rtc_io_ll.h`: rtcio_ll_wakeup_enable with level types 4 and 5; EXT_WAKEUP0_SEL is bits 31:27.
    #[test]
    fn wake_up_sources_follow_the_registers() {
        let (mut io, mut fabric) = bench();
        io.write(0x28 + 4 * 3, Write::word(1 << 10 | 4 << 7), &mut fabric);
        io.write(0x28 + 4 * 4, Write::word(1 << 10 | 5 << 7), &mut fabric);
        io.write(0xDC, Write::word(9 << 27), &mut fabric);
        assert_eq!((fabric.wake.rtc_io.low, fabric.wake.rtc_io.high, fabric.wake.ext0_pin), (1 << 3, 1 << 4, 9));
    }

    /// TRM 6.6: type 1 is the rising edge; the status stays until W1TC.
    #[test]
    fn an_edge_is_latched_in_the_status() {
        let (mut io, mut fabric) = bench();
        io.write(0x84 + 4 * 5, Write::word(1 << 19 | 1 << 13), &mut fabric);
        io.write(0x28 + 4 * 5, Write::word(1 << 7), &mut fabric);
        io.pins_changed(1 << 5, 1 << 5, &mut fabric);
        assert_eq!(io.read(0x18, &mut fabric), 1 << 15);
        io.write(0x20, Write::word(1 << 15), &mut fabric);
        assert_eq!(io.read(0x18, &mut fabric), 0);
    }

    /// ESP-IDF `hal/rtc_io_ll.h`, rtcio_ll_enable_sleep_setting and rtcio_ll_disable_output_in_sleep: SLP_SEL is bit 16, SLP_OE bit 14.
    #[test]
    fn a_pad_has_settings_for_sleep() {
        let (mut io, mut fabric) = bench();
        io.write(0x04, Write::word(3 << 17), &mut fabric);
        io.write(0x10, Write::word(3 << 17), &mut fabric);
        io.write(0x84 + 4 * 7, Write::word(1 << 19 | 1 << 16), &mut fabric);
        io.write(0x84 + 4 * 8, Write::word(1 << 19 | 1 << 16 | 1 << 14), &mut fabric);
        fabric.sleep_pads(true);
        assert_eq!(fabric.io.to_pads().1 >> 7 & 3, 0b10);
        fabric.sleep_pads(false);
        assert_eq!(fabric.io.to_pads().1 >> 7 & 3, 0b11);
    }
}
