use super::*;
use crate::crypto_bench::{Bench, IN_DATA, PERIP_RST_EN1};

const BASE: u32 = 0x6003_A000;
const STATE: u32 = BASE + 0x4C;
const SOURCE: u128 = 1 << Source::AES as u128;

fn bytes(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|n| u8::from_str_radix(&text[2 * n..2 * n + 2], 16).unwrap()).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// As ESP-IDF's aes_hal_setkey.
fn set_key(bench: &mut Bench, key: &str, decrypt: bool) {
    let key = bytes(key);
    bench.set(BASE + 0x40, (key.len() as u32 / 8 - 2) | if decrypt { 4 } else { 0 });
    bench.put_words(BASE, &key);
}

/// As ESP-IDF's aes_hal_transform_block.
fn block(key: &str, decrypt: bool, text: &str) -> String {
    let mut bench = Bench::new();
    set_key(&mut bench, key, decrypt);
    bench.put_words(BASE + 0x20, &bytes(text));
    bench.set(BASE + 0x48, 1);
    assert_eq!(bench.get(STATE), BUSY);
    bench.run_while(STATE, |state| state != IDLE);
    hex(&bench.register_bytes(BASE + 0x30, 16))
}

/// FIPS 197 appendix C.1 and C.3.
#[test]
fn blocks_are_ciphered_as_in_the_standards_appendix() {
    let plain = "00112233445566778899aabbccddeeff";
    let short = "000102030405060708090a0b0c0d0e0f";
    let long = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    let (first, second) = ("69c4e0d86a7b0430d8cdb78070b4c55a", "8ea2b7ca516745bfeafc49904b496089");
    assert_eq!(block(short, false, plain), first);
    assert_eq!(block(short, true, first), plain);
    assert_eq!(block(long, false, plain), second);
    assert_eq!(block(long, true, second), plain);
}

/// As ESP-IDF's esp_aes_process_dma, with the interrupt. Returns the text and the vector that is left.
fn by_dma(mode: u32, key: &str, decrypt: bool, iv: &str, text: &str) -> (String, String) {
    let mut bench = Bench::new();
    let text = bytes(text);
    set_key(&mut bench, key, decrypt);
    bench.set(BASE + 0x94, mode);
    bench.set(BASE + 0x9C, 0);
    bench.put_words(BASE + 0x50, &bytes(iv));
    bench.set(BASE + 0xAC, 1);
    bench.set(BASE + 0xB0, 1);
    let (first, second) = text.split_at(20);
    bench.start_out(6, &[first, second]);
    bench.start_in(6, &[24, text.len() as u32 - 24]);
    bench.set(BASE + 0x90, 1);
    bench.set(BASE + 0x98, text.len() as u32 / 16);
    bench.set(BASE + 0x48, 1);
    bench.run_while(STATE, |state| state != DONE);
    assert_ne!(bench.sources() & SOURCE, 0);
    bench.set(BASE + 0xAC, 1);
    assert_eq!(bench.sources() & SOURCE, 0);
    // SUC_EOF, and back to the processor.
    assert_eq!(bench.in_descriptor(1) >> 30, 1);
    bench.set(BASE + 0xB8, 0);
    bench.set(BASE + 0x90, 0);
    assert_eq!(bench.get(STATE), IDLE);
    assert_eq!(bench.gaps(), [""; 0]);
    (hex(&bench.bytes(IN_DATA, text.len() as u32)), hex(&bench.register_bytes(BASE + 0x50, 16)))
}

/// NIST SP 800-38A appendix F: keys, vector and plain text of all its examples.
const SHORT: &str = "2b7e151628aed2a6abf7158809cf4f3c";
const LONG: &str = "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4";
const IV: &str = "000102030405060708090a0b0c0d0e0f";
const PLAIN: &str = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51\
                     30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710";

fn check(mode: u32, key: &str, iv: &str, cipher: &str) -> (String, String) {
    let (encrypted, after) = by_dma(mode, key, false, iv, PLAIN);
    assert_eq!(encrypted, cipher);
    let (decrypted, after_too) = by_dma(mode, key, true, iv, cipher);
    assert_eq!(decrypted, PLAIN);
    (after, after_too)
}

/// SP 800-38A F.1.1 and F.1.6.
#[test]
fn ecb() {
    let short = "3ad77bb40d7a3660a89ecaf32466ef97f5d3d58503b9699de785895a96fdbaaf\
                 43b1cd7f598ece23881b00e3ed0306887b0c785e27e8ad3f8223207104725dd4";
    let long = "f3eed1bdb5d2a03c064b5a7e3db181f8591ccb10d410ed26dc5ba74a31362870\
                b6ed21b99ca6f4f9f153e7b1beafed1d23304b7a39f9f3ff067d8d8f9e24ecc7";
    check(ECB, SHORT, IV, short);
    check(ECB, LONG, IV, long);
}

/// SP 800-38A F.2.1 and F.2.5; what is left is the last block of the cipher text.
#[test]
fn cbc() {
    let short = "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2\
                 73bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7";
    let long = "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d\
                39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b";
    assert_eq!(check(CBC, SHORT, IV, short), (short[96..].to_owned(), short[96..].to_owned()));
    check(CBC, LONG, IV, long);
}

/// SP 800-38A F.4.1.
#[test]
fn ofb() {
    let cipher = "3b3fd92eb72dad20333449f8e83cfb4a7789508d16918f03f53c52dac54ed825\
                  9740051e9c5fecf64344f7a82260edcc304c6528f659c77866a510d9c1d6ae5e";
    let (after, after_too) = check(OFB, SHORT, IV, cipher);
    // Output block 4: cipher text and plain text 4 added.
    assert_eq!(after, "c6d3416d29165c6fcb8e51a227ba994e");
    assert_eq!(after, after_too);
}

/// SP 800-38A F.5.1 and F.5.5; the counter after the last block.
#[test]
fn ctr() {
    let counter = "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff";
    let short = "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff\
                 5ae4df3edbd5d35e5b4f09020db03eab1e031dda2fbe03d1792170a0f3009cee";
    let long = "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5\
                2b0930daa23de94ce87017ba2d84988ddfc9c58db67aada613c2dd08457941a6";
    let after = "f0f1f2f3f4f5f6f7f8f9fafbfcfdff03".to_owned();
    assert_eq!(check(CTR, SHORT, counter, short), (after.clone(), after));
    check(CTR, LONG, counter, long);
}

/// SP 800-38A F.3.13.
#[test]
fn cfb128() {
    let cipher = "3b3fd92eb72dad20333449f8e83cfb4ac8a64537a0b3a93fcde3cdad9f1ce58b\
                  26751f67a3cbb140b1808cf187a4f4dfc04b05357c5d1c0eeac4c66f9ff7f2e6";
    assert_eq!(check(CFB128, SHORT, IV, cipher), (cipher[96..].to_owned(), cipher[96..].to_owned()));
}

/// SP 800-38A F.3.7 gives 18 bytes; the rest is filled up.
#[test]
fn cfb8() {
    let plain = &PLAIN[..64];
    let (cipher, after) = by_dma(CFB8, SHORT, false, IV, plain);
    assert_eq!(&cipher[..36], "3b79424c9c0dd436bace9e0ed4586a4f32b9");
    assert_eq!(after, cipher[32..]);
    assert_eq!(by_dma(CFB8, SHORT, true, IV, &cipher), (plain.to_owned(), after));
}

/// TRM, description of INC_SEL: 32 bits wrap alone, 128 bits carry.
#[test]
fn the_counter_wraps_as_selected() {
    let mut aes = Aes::new();
    let mut iv = [0xFF; BLOCK];
    iv[0] = 0;
    let mut short = iv;
    aes.count(&mut short);
    assert_eq!(hex(&short), "00ffffffffffffffffffffff00000000");
    aes.bank.set(Reg::INC_SEL, 1);
    aes.count(&mut iv);
    assert_eq!(hex(&iv), "01000000000000000000000000000000");
}

/// A link that starts after TRIGGER is waited for, in both directions.
#[test]
fn dma_waits_for_its_links() {
    let mut bench = Bench::new();
    set_key(&mut bench, SHORT, false);
    bench.set(BASE + 0x90, 1);
    bench.set(BASE + 0x98, 1);
    bench.set(BASE + 0x48, 1);
    bench.run_for(1_000_000);
    assert_eq!(bench.get(STATE), BUSY);
    bench.start_out(6, &[&bytes(&PLAIN[..32])]);
    bench.run_for(1_000_000);
    assert_eq!(bench.get(STATE), BUSY);
    bench.start_in(6, &[16]);
    bench.run_while(STATE, |state| state != DONE);
    assert_eq!(hex(&bench.bytes(IN_DATA, 16)), "3ad77bb40d7a3660a89ecaf32466ef97");
}

/// A reset of SYSTEM takes the key away.
#[test]
fn a_reset_forgets_the_key() {
    let mut bench = Bench::new();
    set_key(&mut bench, SHORT, false);
    bench.set(PERIP_RST_EN1, 0x2);
    bench.set(PERIP_RST_EN1, 0);
    assert_eq!(bench.words(BASE, 4), [0; 4]);
}
