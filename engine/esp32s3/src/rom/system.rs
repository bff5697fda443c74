//! Resets, clocks, interrupts of the core, eFuse (rom/rtc.h, rom/ets_sys.h, rom/efuse.h, Xtensa HAL).

use super::guest::{Call, Done, Special};
use super::{vars, Function};

/// Functions by name.
#[rustfmt::skip]
pub(super) const LEAVES: &[(&str, Function)] = &[
    ("rtc_get_reset_reason", reset_reason), ("rtc_get_wakeup_cause", |c| { let w = c.load(RESET_STATE)? & 0x1_ffff; c.ret(w); Ok(()) }),
    ("software_reset", |c| c.modify(RTC_OPTIONS0, 1 << 31, 1 << 31)), ("software_reset_cpu", reset_cpu),
    ("ets_set_appcpu_boot_addr", |c| { let a = c.arg(0)?; c.store(CORE_1_CONTROL_1, a) }),
    ("ets_set_user_start", |c| { let a = c.arg(0)?; c.store(vars::USER_START, a) }),
    ("esp_rom_set_rtc_wake_addr", set_wake_address), ("esp_rom_get_rtc_wake_addr", |c| { let a = c.load(WAKE_ENTRY)?; c.ret(a); Ok(()) }),
    ("ets_is_print_boot", |c| { c.ret(1); Ok(()) }),
    ("ets_get_cpu_frequency", |c| { let f = c.load(vars::TICKS_PER_US)?; c.ret(f); Ok(()) }),
    ("ets_update_cpu_frequency", |c| { let f = c.arg(0)?; c.store(vars::TICKS_PER_US, f) }),
    ("ets_get_xtal_freq", |c| { let f = xtal(c)?; c.ret(f); Ok(()) }), ("ets_get_xtal_div", |c| { let d = xtal_divider(c)?; c.ret(d); Ok(()) }),
    ("ets_set_xtal_div", |c| { let d = c.arg(0)?; c.modify(SYSCLK_CONF, 0x3ff, d.wrapping_sub(1)) }),
    ("ets_get_apb_freq", apb_frequency),
    ("ets_apb_backup_init_lock_func", |c| { for k in 0..2 { let f = c.arg(k)?; c.store(vars::APB_BACKUP_LOCK + 4 * k, f)?; } Ok(()) }),
    ("esp_rom_newlib_init_common_mutexes", mutexes),
    // Watchdogs that start-up left armed.
    ("disable_default_watchdog", disable_watchdogs),
    ("xthal_get_ccount", |c| special(c, Special::Ccount)), ("xthal_get_interrupt", |c| special(c, Special::Interrupt)),
    ("xthal_get_ccompare", get_compare), ("xthal_set_ccompare", set_compare),
    ("xthal_set_intclear", |c| { let m = c.arg(0)?; c.guest.set_special(Special::Intclear, m); Ok(()) }),
    ("_xtos_set_intlevel", set_level), ("_xtos_restore_intlevel", restore_level),
    ("_xtos_ints_on", |c| interrupts(c, true)), ("_xtos_ints_off", |c| interrupts(c, false)),
    ("ets_isr_unmask", |c| interrupts(c, true)), ("ets_isr_mask", |c| interrupts(c, false)),
    // eFuse.
    ("ets_efuse_get_spiconfig", |c| { let (config, _) = spi_pads(c)?; c.ret(config.unwrap_or(0) & 0x3fff_ffff); Ok(()) }),
    ("ets_efuse_get_wp_pad", wp_pad), ("ets_efuse_get_mac", mac),
    ("ets_efuse_flash_octal_mode", |c| fuse(c, 3, 9, 1)), ("ets_efuse_ecc_en", |c| fuse(c, 3, 12, 1)),
    ("ets_efuse_secure_boot_enabled", |c| fuse(c, 2, 20, 1)),
    ("ets_efuse_get_read_register_address", |c| { let b = c.arg(0)?; let a = block(b); c.ret(a); Ok(()) }),
];

const RTC_OPTIONS0: u32 = 0x6000_8000;
/// RESET_CAUSE of both cores, six bits each.
const RESET_STATE: u32 = 0x6000_8038;
/// RTC_CNTL_STORE5..7: wake stub's entry, and its check.
const WAKE_LENGTH: u32 = 0x6000_80c4;
const WAKE_ENTRY: u32 = 0x6000_80c8;
const WAKE_CHECK: u32 = 0x6000_80cc;
const CORE_1_CONTROL_1: u32 = 0x600c_0004;
const SYSCLK_CONF: u32 = 0x600c_0060;

fn reset_reason(call: &mut Call<'_>) -> Done {
    let core = call.arg(0)?;
    let state = call.load(RESET_STATE)?;
    call.ret(if core == 0 { state } else { state >> 6 } & 0x3f);
    Ok(())
}

/// SW_PROCPU_RST or SW_APPCPU_RST.
fn reset_cpu(call: &mut Call<'_>) -> Done {
    let bit = if call.arg(0)? == 0 { 1 << 5 } else { 1 << 4 };
    call.modify(RTC_OPTIONS0, bit, bit)
}

/// Address 0 takes the stub away. The ROM checks length and CRC of the stub when it wakes.
fn set_wake_address(call: &mut Call<'_>) -> Done {
    let (entry, len) = (call.arg(0)?, call.arg(1)?);
    if entry == 0 || len == 0 || len > 0x2000 || len & 3 != 0 {
        for register in [WAKE_ENTRY, WAKE_LENGTH, WAKE_CHECK] {
            call.store(register, 0)?;
        }
        return Ok(());
    }
    call.store(WAKE_ENTRY, entry)?;
    call.store(WAKE_LENGTH, len)
}

/// CLK_XTAL_FREQ in MHz, which the hardware knows.
fn xtal(call: &mut Call<'_>) -> Done<u32> {
    Ok((call.load(SYSCLK_CONF)? >> 12 & 0x7f) * 1_000_000)
}

fn xtal_divider(call: &mut Call<'_>) -> Done<u32> {
    Ok((call.load(SYSCLK_CONF)? & 0x3ff) + 1)
}

/// SOC_CLK_SEL: crystal, PLL (80 MHz), RC.
fn apb_frequency(call: &mut Call<'_>) -> Done {
    let frequency = match call.load(SYSCLK_CONF)? >> 10 & 3 {
        0 => xtal(call)? / xtal_divider(call)?,
        2 => 8_000_000,
        _ => 16_000_000,
    };
    call.ret(frequency);
    Ok(())
}

/// The two locks that newlib's functions in ROM take (one recursive).
fn mutexes(call: &mut Call<'_>) -> Done {
    for k in 0..2 {
        let place = call.arg(k)?;
        let lock = call.load(place)?;
        call.store(vars::NEWLIB_MUTEXES + 4 * k, lock)?;
    }
    Ok(())
}

/// RTC watchdog and the main watchdog of timer group 0 (TRM chapter 13).
fn disable_watchdogs(call: &mut Call<'_>) -> Done {
    const KEY: u32 = 0x50d8_3aa1;
    for (config, protect) in [(0x6000_8098, 0x6000_80b0), (0x6001_f048, 0x6001_f064)] {
        call.store(protect, KEY)?;
        call.store(config, 0)?;
        call.store(protect, 0)?;
    }
    Ok(())
}

fn special(call: &mut Call<'_>, register: Special) -> Done {
    let value = call.guest.special(register);
    call.ret(value);
    Ok(())
}

/// The processor has three timers (XCHAL_NUM_TIMERS of its configuration); of others the HAL answers 0.
fn get_compare(call: &mut Call<'_>) -> Done {
    match call.arg(0)? {
        timer @ 0..=2 => special(call, Special::Ccompare(timer as u8)),
        _ => {
            call.ret(0);
            Ok(())
        }
    }
}

fn set_compare(call: &mut Call<'_>) -> Done {
    if let (timer @ 0..=2, value) = (call.arg(0)?, call.arg(1)?) {
        call.guest.set_special(Special::Ccompare(timer as u8), value);
    }
    Ok(())
}

/// PS.INTLEVEL; the answer is the old PS.
fn set_level(call: &mut Call<'_>) -> Done {
    let level = call.arg(0)?;
    let ps = call.guest.special(Special::Ps);
    call.guest.set_special(Special::Ps, ps & !0xf | level & 0xf);
    call.ret(ps);
    Ok(())
}

fn restore_level(call: &mut Call<'_>) -> Done {
    let old = call.arg(0)?;
    let ps = call.guest.special(Special::Ps);
    call.guest.set_special(Special::Ps, ps & !0xf | old & 0xf);
    Ok(())
}

/// The answer is the mask before. INTENABLE gets what the running priority lets through of it (`_xtos_set_vpri`).
fn interrupts(call: &mut Call<'_>, on: bool) -> Done {
    let mask = call.arg(0)?;
    let old = call.load(vars::INTERRUPTS_ENABLED)?;
    let new = if on { old | mask } else { old & !mask };
    call.store(vars::INTERRUPTS_ENABLED, new)?;
    let let_through = call.load(vars::INTERRUPTS_LET_THROUGH)?;
    call.guest.set_special(Special::Intenable, new & let_through);
    call.ret(old);
    Ok(())
}

/// EFUSE_RD_REPEAT_DATA0.
const EFUSE_REPEAT: u32 = 0x6000_7030;
/// EFUSE_RD_MAC_SPI_SYS_0.
const EFUSE_MAC: u32 = 0x6000_7044;

/// A field of EFUSE_RD_REPEAT_DATAn.
fn fuse(call: &mut Call<'_>, word: u32, shift: u32, bits: u32) -> Done {
    let value = call.load(EFUSE_REPEAT + 4 * word)? >> shift & (u32::MAX >> (32 - bits));
    call.ret(value);
    Ok(())
}

/// Where the words of an eFuse block are read (TRM 5.5).
fn block(number: u32) -> u32 {
    match number {
        0 => 0x6000_702c,
        1 => EFUSE_MAC,
        n => 0x6000_705c + 0x20 * (n.min(10) - 2),
    }
}

/// SPI_PAD_CONFIG of eFuse: five pads of six bits, and WP. `None`: not set (all 0 or all 1).
fn spi_pads(call: &mut Call<'_>) -> Done<(Option<u32>, u32)> {
    let (low, high) = (call.load(EFUSE_MAC + 4)? >> 16, call.load(EFUSE_MAC + 8)?);
    let (config, last) = (high << 16 | low, high >> 16 & 0xf);
    let unset = config | last == 0 || config == u32::MAX && last == 0xf;
    Ok((if unset { None } else { Some(config) }, last << 2 | config >> 30))
}

fn wp_pad(call: &mut Call<'_>) -> Done {
    let (config, pad) = spi_pads(call)?;
    call.ret(if config.is_some() { pad } else { 0x3f });
    Ok(())
}

/// Six bytes, the first first.
fn mac(call: &mut Call<'_>) -> Done {
    let to = call.arg(0)?;
    let (low, high) = (call.load(EFUSE_MAC)?, call.load(EFUSE_MAC + 4)?);
    let [a, b, c, d] = low.to_be_bytes();
    call.put(to, &[(high >> 8) as u8, high as u8, a, b, c, d])
}

#[cfg(test)]
mod tests {
    use crate::rom::testing::{Flat, DATA};
    use crate::rom::{Guest, Special};

    /// Xtensa ISA RM, PS.INTLEVEL: bits 3:0.
    #[test]
    fn interrupt_levels_are_set_and_restored() {
        let mut flat = Flat::default();
        let old = flat.call("_xtos_set_intlevel", &[3]);
        assert_eq!(flat.special(Special::Ps) & 0xf, 3);
        flat.call("_xtos_restore_intlevel", &[old]);
        assert_eq!(flat.special(Special::Ps) & 0xf, 0);
        flat.call("xthal_set_intclear", &[0x80]);
        assert_eq!(flat.special(Special::Intclear), 0x80);
    }

    /// rom/efuse.h: MAC bytes in the order they are printed; a blank eFuse has no SPI pads.
    #[test]
    fn efuse_holds_mac_and_pads() {
        let mut flat = Flat::default();
        flat.attach(Box::new(|addr, _| match addr {
            0x6000_7044 => 0x5566_7788,
            0x6000_7048 => 0x3344,
            _ => 0,
        }));
        flat.call("ets_efuse_get_mac", &[DATA]);
        assert_eq!(flat.peek(DATA, 6), [0x33, 0x44, 0x55, 0x66, 0x77, 0x88]);
        assert_eq!(flat.call("ets_efuse_get_spiconfig", &[]), 0);
        assert_eq!(flat.call("ets_efuse_get_wp_pad", &[]), 0x3f);
    }

    /// The six bits of each core (RTC_CNTL_RESET_CAUSE_PROCPU and _APPCPU).
    #[test]
    fn each_core_has_its_reset_reason() {
        let mut flat = Flat::default();
        flat.attach(Box::new(|addr, _| if addr == 0x6000_8038 { 0x0c << 6 | 0x15 } else { 0 }));
        assert_eq!(flat.call("rtc_get_reset_reason", &[0]), 0x15);
        assert_eq!(flat.call("rtc_get_reset_reason", &[1]), 0x0c);
    }
}
