//! Watchdogs by their HAL (ESP-IDF hal/wdt_hal.h; TRM chapter 13). The context is two words: which
//! watchdog (0 RTC, 1 and 2 the timer groups' main watchdogs), and its registers.

use super::guest::{Call, Done};
use super::Function;

/// Functions by name.
pub(super) const LEAVES: &[(&str, Function)] = &[
    ("wdt_hal_init", init),
    ("wdt_hal_deinit", deinit),
    ("wdt_hal_config_stage", config_stage),
    ("wdt_hal_write_protect_disable", |c| with(c, |c, w| c.store(w.protect(), KEY))),
    ("wdt_hal_write_protect_enable", |c| with(c, |c, w| c.store(w.protect(), 0))),
    ("wdt_hal_enable", |c| {
        with(c, |c, w| {
            w.feed(c)?;
            w.config(c, ENABLE, ENABLE)
        })
    }),
    ("wdt_hal_disable", |c| with(c, |c, w| w.config(c, ENABLE, 0))),
    ("wdt_hal_handle_intr", |c| {
        with(c, |c, w| {
            w.feed(c)?;
            w.clear(c)
        })
    }),
    ("wdt_hal_feed", |c| with(c, |c, w| w.feed(c))),
    ("wdt_hal_set_flashboot_en", set_flash_boot),
    ("wdt_hal_is_enabled", is_enabled),
];

/// Value that opens the registers.
const KEY: u32 = 0x50d8_3aa1;
/// WDT_EN of CONFIG0.
const ENABLE: u32 = 1 << 31;
/// `WDT_RWDT`.
const RTC: u32 = 0;

/// One of the three.
#[derive(Clone, Copy)]
struct Watchdog {
    rtc: bool,
    base: u32,
}

impl Watchdog {
    fn of(instance: u32) -> Self {
        let base = match instance {
            RTC => 0x6000_8000,
            1 => 0x6001_f000,
            _ => 0x6002_0000,
        };
        Self { rtc: instance == RTC, base }
    }

    /// WDTCONFIG0 of RTC_CNTL and of TIMG.
    fn config0(self) -> u32 {
        self.base + if self.rtc { 0x98 } else { 0x48 }
    }

    fn protect(self) -> u32 {
        self.base + if self.rtc { 0xb0 } else { 0x64 }
    }

    /// Where the time of stage 0 is; the others follow.
    fn hold(self) -> u32 {
        self.base + if self.rtc { 0x9c } else { 0x50 }
    }

    /// Lowest bit of a stage's action, and how many bits it has.
    fn stage(self, stage: u32) -> (u32, u32) {
        if self.rtc {
            (28 - 3 * stage, 7)
        } else {
            (29 - 2 * stage, 3)
        }
    }

    /// Changes CONFIG0; TIMG's takes effect with CONF_UPDATE_EN.
    fn config(self, call: &mut Call<'_>, mask: u32, value: u32) -> Done {
        const CONF_UPDATE_EN: u32 = 1 << 22;
        let update = if self.rtc { 0 } else { CONF_UPDATE_EN };
        call.modify(self.config0(), mask | update, value | update)
    }

    fn feed(self, call: &mut Call<'_>) -> Done {
        if self.rtc {
            call.modify(self.base + 0xac, 1 << 31, 1 << 31)
        } else {
            call.store(self.base + 0x60, 1)
        }
    }

    /// Interrupt of stage actions: enable and clear registers, and its bit.
    fn interrupt(self) -> (u32, u32, u32) {
        if self.rtc {
            (self.base + 0x40, self.base + 0x4c, 1 << 3)
        } else {
            (self.base + 0x70, self.base + 0x7c, 1 << 2)
        }
    }

    fn clear(self, call: &mut Call<'_>) -> Done {
        let (_, clear, bit) = self.interrupt();
        call.store(clear, bit)
    }

    fn enable_interrupt(self, call: &mut Call<'_>, on: bool) -> Done {
        let (enable, _, bit) = self.interrupt();
        call.modify(enable, bit, u32::from(on) * bit)
    }
}

/// The watchdog that the context in the first argument names.
fn with(call: &mut Call<'_>, action: impl Fn(&mut Call<'_>, Watchdog) -> Done) -> Done {
    let context = call.arg(0)?;
    let instance = call.load(context)?;
    action(call, Watchdog::of(instance))
}

/// Context, instance, prescaler of TIMG's, interrupt enable. Off, all stages off.
fn init(call: &mut Call<'_>) -> Done {
    let (context, instance, prescaler, interrupt) = (call.arg(0)?, call.arg(1)?, call.arg(2)?, call.arg(3)? & 0xff);
    let watchdog = Watchdog::of(instance);
    call.store(context, instance)?;
    call.store(context.wrapping_add(4), watchdog.base)?;
    call.store(watchdog.protect(), KEY)?;
    let stages = (0..4).fold(0, |mask, stage| {
        let (shift, bits) = watchdog.stage(stage);
        mask | bits << shift
    });
    watchdog.config(call, ENABLE | stages, 0)?;
    watchdog.clear(call)?;
    watchdog.enable_interrupt(call, interrupt != 0)?;
    if watchdog.rtc {
        // Both reset lengths 3.2 us, both cores reset, paused in sleep, no chip reset.
        watchdog.config(call, 7 << 16 | 7 << 13 | 0xfff, 7 << 16 | 7 << 13 | 0xe00)?;
    } else {
        // Both reset lengths 3.2 us, clock APB.
        watchdog.config(call, 7 << 18 | 7 << 15 | 1 << 21, 7 << 18 | 7 << 15)?;
        call.store(watchdog.base + 0x4c, prescaler << 16)?;
        watchdog.config(call, 0, 0)?;
    }
    call.store(watchdog.protect(), 0)
}

fn deinit(call: &mut Call<'_>) -> Done {
    with(call, |call, watchdog| {
        call.store(watchdog.protect(), KEY)?;
        watchdog.feed(call)?;
        watchdog.config(call, ENABLE, 0)?;
        watchdog.clear(call)?;
        watchdog.enable_interrupt(call, false)?;
        call.store(watchdog.protect(), 0)
    })?;
    let context = call.arg(0)?;
    call.store(context.wrapping_add(4), 0)
}

/// Stage, ticks, action. The RTC watchdog's first stage lasts its number times two, or more by eFuse
/// (WDT_DELAY_SEL).
fn config_stage(call: &mut Call<'_>) -> Done {
    const RD_REPEAT_DATA1: u32 = 0x6000_7034;
    let (context, stage, ticks, action) = (call.arg(0)?, call.arg(1)? & 3, call.arg(2)?, call.arg(3)?);
    let watchdog = Watchdog::of(call.load(context)?);
    let (shift, bits) = watchdog.stage(stage);
    watchdog.config(call, bits << shift, (action & bits) << shift)?;
    let ticks = if watchdog.rtc && stage == 0 { ticks >> (1 + (call.load(RD_REPEAT_DATA1)? >> 16 & 3)) } else { ticks };
    call.store(watchdog.hold() + 4 * stage, ticks)?;
    watchdog.config(call, 0, 0)
}

fn set_flash_boot(call: &mut Call<'_>) -> Done {
    let on = call.arg(1)? & 0xff != 0;
    with(call, |call, watchdog| {
        let bit = if watchdog.rtc { 1 << 12 } else { 1 << 14 };
        watchdog.config(call, bit, u32::from(on) * bit)
    })
}

fn is_enabled(call: &mut Call<'_>) -> Done {
    let context = call.arg(0)?;
    let watchdog = Watchdog::of(call.load(context)?);
    let config = call.load(watchdog.config0())?;
    call.ret(config >> 31);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeMap;
    use std::rc::Rc;

    use crate::rom::testing::{Flat, DATA};

    /// TRM 13.4: RTC_CNTL_WDTCONFIG0_REG and TIMG_WDTCONFIG0_REG.
    #[test]
    fn both_kinds_are_configured_by_stage() {
        let registers = Rc::new(RefCell::new(BTreeMap::new()));
        let store = registers.clone();
        let mut flat = Flat::default();
        flat.attach(Box::new(move |addr, write| match write {
            Some(value) => store.borrow_mut().insert(addr, value).unwrap_or(0),
            None => store.borrow().get(&addr).copied().unwrap_or(0),
        }));
        flat.call("wdt_hal_init", &[DATA, 0, 0, 0]);
        flat.call("wdt_hal_write_protect_disable", &[DATA]);
        flat.call("wdt_hal_config_stage", &[DATA, 0, 1000, 4]);
        flat.call("wdt_hal_enable", &[DATA]);
        assert_eq!(registers.borrow()[&0x6000_8098] >> 28, 0b1100, "enabled, stage 0 resets the system");
        assert_eq!(registers.borrow()[&0x6000_809c], 500);
        assert_eq!(registers.borrow()[&0x6000_80b0], 0x50d8_3aa1);
        assert_eq!(flat.call("wdt_hal_is_enabled", &[DATA]), 1);
        flat.call("wdt_hal_init", &[DATA, 1, 500, 0]);
        flat.call("wdt_hal_config_stage", &[DATA, 1, 7000, 3]);
        assert_eq!(registers.borrow()[&0x6001_f048] >> 27 & 3, 3);
        assert_eq!(registers.borrow()[&0x6001_f054], 7000);
        assert_eq!(registers.borrow()[&0x6001_f04c], 500 << 16);
    }
}
