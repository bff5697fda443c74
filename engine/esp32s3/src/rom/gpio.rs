//! GPIO matrix, pads and interrupt matrix (esp_rom_gpio.h, rom/gpio.h; TRM chapters 6 and 9).

use super::guest::{Call, Done};
use super::Function;

/// Functions by name.
#[rustfmt::skip]
pub(super) const LEAVES: &[(&str, Function)] = &[
    ("rom_gpio_matrix_in", matrix_in), ("rom_gpio_matrix_out", matrix_out), ("rom_gpio_bypass_matrix_in", bypass),
    ("rom_gpio_output_enable", |c| output_enable(c, true)), ("rom_gpio_output_disable", |c| output_enable(c, false)),
    ("rom_gpio_output_set", output_set), ("rom_gpio_input_get", |c| { let v = c.load(GPIO + 0x3c)?; c.ret(v); Ok(()) }),
    ("rom_gpio_pad_select_gpio", |c| pad(c, MCU_SEL, 1 << 12)),
    ("rom_gpio_pad_set_drv", |c| { let drive = c.arg(1)?; pad(c, FUN_DRV, drive << 10) }),
    ("rom_gpio_pad_pullup", |c| pad(c, FUN_WPD | FUN_WPU, FUN_WPU)), ("rom_gpio_pad_pulldown", |c| pad(c, FUN_WPD | FUN_WPU, FUN_WPD)),
    ("rom_gpio_pad_input_enable", |c| pad(c, FUN_IE, FUN_IE)), ("rom_gpio_pad_input_disable", |c| pad(c, FUN_IE, 0)),
    ("rom_gpio_pad_hold", |c| hold(c, true)), ("rom_gpio_pad_unhold", |c| hold(c, false)),
    ("rom_gpio_pin_wakeup_enable", wakeup_enable), ("rom_gpio_pin_wakeup_disable", wakeup_disable),
    ("intr_matrix_set", route_interrupt),
];

const GPIO: u32 = 0x6000_4000;
const ENABLE: u32 = GPIO + 0x20;
const ENABLE_W1TS: u32 = GPIO + 0x24;
const ENABLE1: u32 = GPIO + 0x2c;
const ENABLE1_W1TS: u32 = GPIO + 0x30;
const PIN0: u32 = GPIO + 0x74;
const FUNC0_IN_SEL: u32 = GPIO + 0x154;
const FUNC0_OUT_SEL: u32 = GPIO + 0x554;
const IO_MUX_GPIO0: u32 = 0x6000_9004;

// IO_MUX.
const FUN_WPD: u32 = 1 << 7;
const FUN_WPU: u32 = 1 << 8;
const FUN_IE: u32 = 1 << 9;
const FUN_DRV: u32 = 3 << 10;
const MCU_SEL: u32 = 7 << 12;

/// The last number that the pads' functions take.
const LAST_PAD: u32 = 48;

/// Pin 3Ah leaves the matrix aside: the signal comes from its IO_MUX pad.
fn matrix_in(call: &mut Call<'_>) -> Done {
    const SIG_IN_SEL: u32 = 1 << 7;
    const INVERT: u32 = 1 << 6;
    const BYPASS: u32 = 0x3a;
    let (pin, signal, invert) = (call.arg(0)?, call.arg(1)?, call.arg(2)? & 0xff);
    let mut value = pin | u32::from(invert != 0) * INVERT;
    if pin != BYPASS {
        value |= SIG_IN_SEL;
    }
    call.store(FUNC0_IN_SEL.wrapping_add(signal.wrapping_mul(4)), value)
}

fn bypass(call: &mut Call<'_>) -> Done {
    let signal = call.arg(0)?;
    call.modify(FUNC0_IN_SEL.wrapping_add(signal.wrapping_mul(4)), 1 << 7, 0)
}

fn matrix_out(call: &mut Call<'_>) -> Done {
    const INVERT: u32 = 1 << 9;
    const INVERT_ENABLE: u32 = 1 << 11;
    let (pin, signal) = (call.arg(0)?, call.arg(1)?);
    let (invert, invert_enable) = (call.arg(2)? & 0xff, call.arg(3)? & 0xff);
    if pin > 53 {
        return Ok(());
    }
    let value = signal | u32::from(invert != 0) * INVERT | u32::from(invert_enable != 0) * INVERT_ENABLE;
    call.store(FUNC0_OUT_SEL.wrapping_add(pin.wrapping_mul(4)), value)?;
    call.store(if pin < 32 { ENABLE_W1TS } else { ENABLE1_W1TS }, 1 << (pin & 31))
}

fn output_enable(call: &mut Call<'_>, on: bool) -> Done {
    let pin = call.arg(0)?;
    if pin > 53 {
        return Ok(());
    }
    let bit = 1 << (pin & 31);
    call.modify(if pin < 32 { ENABLE } else { ENABLE1 }, bit, u32::from(on) * bit)
}

/// Masks of pins to set, clear, enable and disable.
fn output_set(call: &mut Call<'_>) -> Done {
    for (k, register) in [GPIO + 0x08, GPIO + 0x0c, ENABLE_W1TS, GPIO + 0x28].into_iter().enumerate() {
        let mask = call.arg(k as u32)?;
        call.store(register, mask)?;
    }
    Ok(())
}

fn pad(call: &mut Call<'_>, mask: u32, value: u32) -> Done {
    let pin = call.arg(0)?;
    if pin > LAST_PAD {
        return Ok(());
    }
    call.modify(IO_MUX_GPIO0.wrapping_add(pin.wrapping_mul(4)), mask, value)
}

/// Pads 0..=21 are held by RTC_CNTL_PAD_HOLD, the others by RTC_CNTL_DIG_PAD_HOLD.
fn hold(call: &mut Call<'_>, on: bool) -> Done {
    const PAD_HOLD: u32 = 0x6000_80d8;
    const DIG_PAD_HOLD: u32 = 0x6000_80dc;
    let pin = call.arg(0)?;
    let (register, bit) = match pin {
        0..=21 => (PAD_HOLD, 1 << pin),
        22..=LAST_PAD => (DIG_PAD_HOLD, 1 << (pin - 21)),
        _ => return Ok(()),
    };
    call.modify(register, bit, u32::from(on) * bit)
}

const WAKEUP_ENABLE: u32 = 1 << 10;
const INT_TYPE: u32 = 7 << 7;

/// A level type, 4 low or 5 high, of the pin's interrupt also wakes.
fn wakeup_enable(call: &mut Call<'_>) -> Done {
    let (pin, kind) = (call.arg(0)?, call.arg(1)?);
    if matches!(kind, 4 | 5) {
        call.modify(PIN0.wrapping_add(pin.wrapping_mul(4)), INT_TYPE | WAKEUP_ENABLE, kind << 7 | WAKEUP_ENABLE)?;
    }
    Ok(())
}

fn wakeup_disable(call: &mut Call<'_>) -> Done {
    let pin = call.arg(0)?;
    call.modify(PIN0.wrapping_add(pin.wrapping_mul(4)), WAKEUP_ENABLE, 0)
}

/// Core, source, interrupt of the core.
fn route_interrupt(call: &mut Call<'_>) -> Done {
    let (core, source, interrupt) = (call.arg(0)?, call.arg(1)?, call.arg(2)?);
    let base: u32 = if core == 0 { 0x600c_2000 } else { 0x600c_2800 };
    call.store(base.wrapping_add(source.wrapping_mul(4)), interrupt)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeMap;
    use std::rc::Rc;

    use crate::rom::testing::Flat;

    /// Registers of TRM chapter 6 that only store.
    fn chip() -> (Flat, Rc<RefCell<BTreeMap<u32, u32>>>) {
        let registers = Rc::new(RefCell::new(BTreeMap::new()));
        let store = registers.clone();
        let mut flat = Flat::default();
        flat.attach(Box::new(move |addr, write| match write {
            Some(value) => store.borrow_mut().insert(addr, value).unwrap_or(0),
            None => store.borrow().get(&addr).copied().unwrap_or(0),
        }));
        (flat, registers)
    }

    /// TRM 6.16: GPIO_FUNCn_IN_SEL_CFG, GPIO_FUNCn_OUT_SEL_CFG, GPIO_ENABLE1_W1TS.
    #[test]
    fn signals_are_routed_through_the_matrix() {
        let (mut flat, registers) = chip();
        flat.call("rom_gpio_matrix_out", &[33, 101, 1, 0]);
        assert_eq!(registers.borrow()[&(0x6000_4554 + 4 * 33)], 101 | 1 << 9);
        assert_eq!(registers.borrow()[&0x6000_4030], 2);
        flat.call("rom_gpio_matrix_in", &[5, 89, 0]);
        assert_eq!(registers.borrow()[&(0x6000_4154 + 4 * 89)], 5 | 1 << 7);
        flat.call("rom_gpio_matrix_in", &[0x38, 12, 1]);
        assert_eq!(registers.borrow()[&(0x6000_4154 + 4 * 12)], 0x38 | 1 << 6 | 1 << 7);
    }

    #[test]
    fn pads_and_interrupts() {
        let (mut flat, registers) = chip();
        flat.call("rom_gpio_pad_select_gpio", &[4]);
        flat.call("rom_gpio_pad_pullup", &[4]);
        flat.call("rom_gpio_pad_set_drv", &[4, 3]);
        assert_eq!(registers.borrow()[&(0x6000_9004 + 16)], 1 << 12 | 1 << 8 | 3 << 10);
        flat.call("intr_matrix_set", &[1, 57, 9]);
        assert_eq!(registers.borrow()[&(0x600c_2800 + 57 * 4)], 9);
        flat.call("rom_gpio_pad_hold", &[21]);
        assert_eq!(registers.borrow()[&0x6000_80d8], 1 << 21);
    }
}
