//! Clocks of the accelerators, eFuse (rom/aes.h, rom/bigint.h, rom/digital_signature.h, rom/hmac.h, rom/efuse.h).

use super::guest::{Call, Done};
use super::Function;

/// Functions that run in one go.
#[rustfmt::skip]
pub(super) const LEAVES: &[(&str, Function)] = &[
    ("ets_aes_enable", |c| enable(c, AES, AES | DS)), ("ets_aes_disable", |c| disable(c, AES, AES)),
    ("ets_bigint_enable", |c| enable(c, RSA, RSA | DS)), ("ets_bigint_disable", |c| disable(c, RSA, RSA)),
    ("ets_ds_enable", |c| enable(c, DS, AES | SHA | RSA | DS)),
    ("ets_ds_disable", |c| disable(c, DS, AES | SHA | RSA | DS)),
    ("ets_hmac_enable", |c| enable(c, SHA | HMAC, SHA | DS | HMAC)), ("ets_hmac_disable", |c| disable(c, HMAC, 0)),
    ("ets_hmac_invalidate_downstream", invalidate),
    ("ets_ds_is_busy", |c| { let busy = c.load(0x6003_de0c)?; c.ret(u32::from(busy != 0)); Ok(()) }),
    ("ets_efuse_clear_program_registers", clear_program_registers), ("ets_efuse_rs_calculate", reed_solomon),
    ("ets_efuse_get_uart_print_control", |c| fuse(c, 3, 6, 2)),
    ("ets_efuse_download_modes_disabled", |c| fuse(c, 3, 0, 1)),
    ("ets_efuse_legacy_spi_boot_mode_disabled", |c| fuse(c, 3, 1, 1)),
    ("ets_efuse_ecc_16to17_mode", |c| fuse(c, 3, 3, 1)), ("ets_efuse_ecc_flash_page_size", |c| fuse(c, 3, 10, 2)),
    ("ets_efuse_security_download_modes_enabled", |c| fuse(c, 3, 5, 1)),
    ("ets_efuse_flash_opi_5pads_power_sel_vddspi", |c| fuse(c, 3, 8, 1)),
    ("ets_efuse_force_send_resume", |c| fuse(c, 3, 13, 1)),
    ("ets_efuse_secure_boot_aggressive_revoke_enabled", |c| fuse(c, 2, 21, 1)),
];

// SYSTEM_PERIP_CLK_EN1 and SYSTEM_PERIP_RST_EN1 (soc/system_reg.h).
const CLOCKS: u32 = 0x600c_001c;
const RESETS: u32 = 0x600c_0024;
const AES: u32 = 1 << 1;
const SHA: u32 = 1 << 2;
const RSA: u32 = 1 << 3;
const DS: u32 = 1 << 4;
const HMAC: u32 = 1 << 5;

/// Also releases the resets of those that hold the accelerator in reset.
fn enable(call: &mut Call<'_>, clocks: u32, resets: u32) -> Done {
    call.modify(CLOCKS, clocks, clocks)?;
    call.modify(RESETS, resets, 0)
}

fn disable(call: &mut Call<'_>, clocks: u32, resets: u32) -> Done {
    call.modify(RESETS, resets, resets)?;
    call.modify(CLOCKS, clocks, 0)
}

/// What a downstream HMAC left for JTAG (purpose 6) or for the digital signature (7). 1: no such purpose.
fn invalidate(call: &mut Call<'_>) -> Done {
    const INVALIDATE_JTAG: u32 = 0x6003_e060;
    let purpose = call.arg(0)?;
    if let 6 | 7 = purpose {
        call.store(INVALIDATE_JTAG + 4 * (purpose - 6), 1)?;
    }
    call.ret(u32::from(!matches!(purpose, 6 | 7)));
    Ok(())
}

const EFUSE: u32 = 0x6000_7000;

/// A field of EFUSE_RD_REPEAT_DATAn.
fn fuse(call: &mut Call<'_>, n: u32, shift: u32, width: u32) -> Done {
    let word = call.load(EFUSE + 0x30 + 4 * n)?;
    call.ret(word >> shift & ((1 << width) - 1));
    Ok(())
}

/// EFUSE_PGM_DATA0 to 7 and EFUSE_PGM_CHECK_VALUE0 to 2.
fn clear_program_registers(call: &mut Call<'_>) -> Done {
    for n in 0..11 {
        call.store(EFUSE + 4 * n, 0)?;
    }
    Ok(())
}

/// RS(44, 32) over GF(256) with x^8 + x^4 + x^3 + x^2 + 1 and the roots a^0 to a^11 (ESP32-S3 TRM, chapter eFuse
/// Controller; which roots: compared with the silicon's code).
fn reed_solomon(call: &mut Call<'_>) -> Done {
    const CHECK: usize = 12;
    let (from, to) = (call.arg(0)?, call.arg(1)?);
    let data = call.bytes(from, 32)?;
    let mut generator = [0u8; CHECK + 1];
    generator[CHECK] = 1;
    let mut root = 1;
    for degree in 0..CHECK {
        for n in CHECK - 1 - degree..=CHECK {
            let next = if n < CHECK { generator[n + 1] } else { 0 };
            generator[n] = next ^ product(generator[n], root);
        }
        root = product(root, 2);
    }
    let mut rest = [0u8; CHECK];
    for byte in data {
        let factor = byte ^ rest[0];
        for n in 0..CHECK {
            let next = if n + 1 < CHECK { rest[n + 1] } else { 0 };
            rest[n] = next ^ product(generator[n + 1], factor);
        }
    }
    call.charge(4000);
    call.put(to, &rest)
}

/// In GF(256).
fn product(mut a: u8, mut b: u8) -> u8 {
    let mut sum = 0;
    while b != 0 {
        if b & 1 != 0 {
            sum ^= a;
        }
        a = a << 1 ^ if a & 0x80 != 0 { 0x1d } else { 0 };
        b >>= 1;
    }
    sum
}
