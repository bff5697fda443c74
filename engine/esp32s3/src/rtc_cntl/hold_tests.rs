//! Holding pads.

use super::*;
use crate::io::Pad;
use engine_core::registers::Write;

fn bench() -> (RtcCntl, Fabric) {
    let (mut rtc, mut fabric) = (RtcCntl::new(), Fabric::new());
    rtc.reset(&mut fabric);
    (rtc, fabric)
}

/// ESP-IDF rtcio_ll_force_hold_enable and `soc/gpio_periph.c`: PAD_HOLD has GPIO0 to 21 at their bits, DIG_PAD_HOLD GPIO26 at bit 5.
/// TRM chapter 6: level, pulls and settings stay, whatever the registers say, until the pad is let go.
#[test]
fn a_held_pad_keeps_its_level() {
    let (mut rtc, mut fabric) = bench();
    for (pin, register, bit) in [(4u8, 0x0D8, 4), (26, 0x0DC, 5), (48, 0x0DC, 27)] {
        let pad = Pad { function: 1, pull_up: true, ..fabric.io.pad(pin) };
        fabric.set_pad(pin, pad);
        fabric.set_gpio(1 << pin, 1 << pin);
        rtc.write(register, Write::word(1 << bit), &mut fabric);
        fabric.set_gpio(0, 1 << pin);
        assert!(fabric.pins.is_high(pin), "GPIO{pin} is held");
        fabric.set_gpio(0, 0);
        fabric.set_pad(pin, Pad { pull_up: false, pull_down: true, ..pad });
        assert!(fabric.pins.is_high(pin), "GPIO{pin} is still driven");
        rtc.write(register, Write::word(0), &mut fabric);
        assert!(!fabric.pins.is_high(pin), "GPIO{pin} is let go");
    }
}

/// ESP-IDF gpio_ll_deep_sleep_hold_en and gpio_ll_force_unhold_all: DG_PAD_AUTOHOLD_EN (bit 11) without DG_PAD_FORCE_UNHOLD (14)
/// holds the digital pads from deep sleep on; DG_PAD_AUTOHOLD (9) tells so, CLR_DG_PAD_AUTOHOLD (10) ends it.
#[test]
fn digital_pads_are_held_in_deep_sleep_when_asked_to() {
    let (mut rtc, mut fabric) = bench();
    fabric.set_pad(33, Pad { function: 1, ..fabric.io.pad(33) });
    fabric.set_gpio(1 << 33, 1 << 33);
    rtc.write(0x094, Write::word(1 << 11), &mut fabric);
    fabric.set_gpio(0, 1 << 33);
    assert!(!fabric.pins.is_high(33), "not yet");
    fabric.set_gpio(1 << 33, 1 << 33);
    rtc.write(0x090, Write::word(1 << 31), &mut fabric);
    rtc.write(0x018, Write::word(1 << 31), &mut fabric);
    fabric.set_gpio(0, 0);
    assert!(fabric.pins.is_high(33));
    assert_eq!(rtc.read(0x094, &mut fabric) >> 9 & 1, 1);
    rtc.write(0x094, Write::word(1 << 14 | 1 << 10), &mut fabric);
    assert!(!fabric.pins.is_high(33));
    assert_eq!(rtc.read(0x094, &mut fabric) >> 9 & 1, 0);
}
