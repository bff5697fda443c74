//! Checksums (rom/crc.h, miniz). The CRC functions complement their first and last value, so that a
//! run can be continued with what came out.

use super::guest::{Call, Done};
use super::Function;

/// Functions by name.
pub(super) const LEAVES: &[(&str, Function)] = &[
    ("crc32_le", |c| checksum(c, 32, |crc, b| reflected(crc, b, 0xedb8_8320))),
    ("crc32_be", |c| checksum(c, 32, |crc, b| normal(crc, b, 32, 0x04c1_1db7))),
    ("crc16_le", |c| checksum(c, 16, |crc, b| reflected(crc, b, 0x8408))),
    ("crc16_be", |c| checksum(c, 16, |crc, b| normal(crc, b, 16, 0x1021))),
    ("crc8_le", |c| checksum(c, 8, |crc, b| reflected(crc, b, 0xe0))),
    ("crc8_be", |c| checksum(c, 8, |crc, b| normal(crc, b, 8, 0x07))),
    ("esp_crc8", mac_crc8),
    ("mz_crc32", mz_crc32),
    ("mz_adler32", mz_adler32),
];

fn reflected(crc: u32, byte: u8, polynomial: u32) -> u32 {
    (0..8).fold(crc ^ u32::from(byte), |crc, _| crc >> 1 ^ (crc & 1) * polynomial)
}

fn normal(crc: u32, byte: u8, bits: u32, polynomial: u32) -> u32 {
    (0..8).fold(crc ^ u32::from(byte) << (bits - 8), |crc, _| crc << 1 ^ (crc >> (bits - 1) & 1) * polynomial)
}

fn run(call: &mut Call<'_>, start: u32, at: u32, len: u32, step: fn(u32, u8) -> u32) -> Done<u32> {
    let mut crc = start;
    let mut done = 0;
    while done < len {
        let n = (len - done).min(0x1000);
        for byte in call.bytes(at.wrapping_add(done), n)? {
            crc = step(crc, byte);
        }
        done += n;
    }
    // A table look-up for each byte.
    call.charge(6 * len);
    Ok(crc)
}

fn checksum(call: &mut Call<'_>, bits: u32, step: fn(u32, u8) -> u32) -> Done {
    let mask = u32::MAX >> (32 - bits);
    let (crc, at, len) = (call.arg(0)?, call.arg(1)?, call.arg(2)?);
    let crc = run(call, !crc & mask, at, len, step)?;
    call.ret(!crc & mask);
    Ok(())
}

/// CRC of a MAC address in eFuse: Dallas' polynomial 31h reflected, from 0.
fn mac_crc8(call: &mut Call<'_>) -> Done {
    let (at, len) = (call.arg(0)?, call.arg(1)?);
    let crc = run(call, 0, at, len, |crc, b| reflected(crc, b, 0x8c))?;
    call.ret(crc & 0xff);
    Ok(())
}

/// No data asks for the first value.
fn mz_crc32(call: &mut Call<'_>) -> Done {
    let (crc, at, len) = (call.arg(0)?, call.arg(1)?, call.arg(2)?);
    let crc = if at == 0 { 0 } else { !run(call, !crc, at, len, |crc, b| reflected(crc, b, 0xedb8_8320))? };
    call.ret(crc);
    Ok(())
}

fn mz_adler32(call: &mut Call<'_>) -> Done {
    let (adler, at, len) = (call.arg(0)?, call.arg(1)?, call.arg(2)?);
    let adler = if at == 0 { 1 } else { run(call, adler, at, len, adler_step)? };
    call.ret(adler);
    Ok(())
}

/// RFC 1950, section 8.2.
fn adler_step(adler: u32, byte: u8) -> u32 {
    const BASE: u32 = 65_521;
    let s1 = ((adler & 0xffff) + u32::from(byte)) % BASE;
    let s2 = ((adler >> 16) + s1) % BASE;
    s2 << 16 | s1
}

#[cfg(test)]
mod tests {
    use crate::rom::testing::{Flat, DATA};

    /// Check values of the "Catalogue of parametrised CRC algorithms" for "123456789":
    /// CRC-32/ISO-HDLC, CRC-32/BZIP2, CRC-16/IBM-SDLC, CRC-16/GENIBUS, CRC-8/ROHC complemented,
    /// CRC-8/MAXIM-DOW; Adler-32 of RFC 1950's procedure.
    #[test]
    fn check_values_of_the_catalogue() {
        let mut flat = Flat::default();
        flat.poke(DATA, b"123456789");
        for (name, start, expected) in [
            ("crc32_le", 0, 0xcbf4_3926),
            ("crc32_be", 0, 0xfc89_1918),
            ("crc16_le", 0, 0x906e),
            ("crc16_be", 0, 0xd64e),
            ("crc8_le", 0, 0xff ^ 0xd0),
            ("mz_crc32", 0, 0xcbf4_3926),
            ("mz_adler32", 1, 0x091e_01de),
        ] {
            assert_eq!(flat.call(name, &[start, DATA, 9]), expected, "{name}");
        }
        assert_eq!(flat.call("esp_crc8", &[DATA, 9]), 0xa1);
        assert_eq!(flat.call("mz_adler32", &[0, 0, 0]), 1);
    }

    #[test]
    fn a_run_is_continued_with_what_came_out() {
        let mut flat = Flat::default();
        flat.poke(DATA, b"123456789");
        let half = flat.call("crc32_le", &[0, DATA, 4]);
        assert_eq!(flat.call("crc32_le", &[half, DATA + 4, 5]), 0xcbf4_3926);
    }
}
