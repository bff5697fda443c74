//! A key of 1024 bits, a message and its signature, worked out with Python's integers and its `cryptography` package, laid
//! out as ESP-IDF's `gen_digital_signature_tests.py` does.

use super::*;
use crate::crypto_bench::Bench;

const BASE: u32 = 0x6003_D000;
const HMAC: u32 = 0x6003_E000;
const BUSY: u32 = BASE + 0xE0C;
const CHECK: u32 = BASE + 0xE14;

const M_OF_KEY: &str =
    "deea09d1f2963929e00a588f61450939ed31e5ca042e52232be947e5b5aadf606c85e7a09d2121426ee7d6430ccb2608\
     a8c2991d8c5759ae777cb25724a86791916f83efa3530dcbc494ba230f31140b64e39389f2f1b06a67738b97a9e5d5ff\
     7dac927a9ea1b5948a2763a73eeb6524c9e078cf54d326667789e29a69d9dcb1";
const Y_OF_KEY: &str =
    "6273b96c9998d19c760ffbb72fbdbeea6fa1571d1725a22f58888ab1a0bfdc32891bc7067fff8ee1f97bb97d199c6baa\
     ed662d1c08ccd7961fbdda4274b5502ffe2bc9d31484ed8f4deb6433f11fa4ecf454fdb3bcdb4fcb9fe46f754cdc3fa5\
     f7b6c63c979d12fc7bea7b4ca881e2904d24eec0c95a028e0898e50e43ff3f41";
const R_OF_KEY: &str =
    "73f6271e4c87a8b5250be0d94bbdc3141fa8aa702964fa711aaca1043f57ef0da5f8e70cb85a8d205e5493381c19a109\
     08eb0db3892ebd40d3feb056ed8316b0b516560152d6054d8f237c0be16612e4913240ac91bc053dee6aba8f1f25ab5c\
     737221314674bcee6445a7cbd630d353641a825d86d4e5ce1765712d620eeab0";
const M_PRIME_OF_KEY: u32 = 0x5C0113AF;
const MESSAGE: &str =
    "2aa03b5d422e27fddff056177a95693abf5d99046ad9dba34ab1673451f5f5705953d3cf85b7128012c6fc9555d9f3ec\
     78496fe4260bb71d32c668aff84f541c16a753f5ef4277fb151cf2b41d3e06ea06210e6f04f1fb333c8259ebfcb9a83c\
     c9093a1fb60a9effe68e908943dfccb52cae5c493adf4edf2c7029800101eb4d";
const SIGNATURE: &str =
    "720303e54d3aff1cc6b9de5c8778007f65179f6dc060e5eb40459fc0d25d1cf0132bffd3e8a2103a4b47fa67edd9772d\
     c62ab0baf5fba7c79636b1b184f0344c78f44b4db7ce4efa95a2cfd2d88b2f125fc2e09d07326642c15c6f8d4799108c\
     1fcf2f668297cca0c9acdddefb3cea91cb4c5b2f3241dbfff261d7fd29f5fbe8";
const DIGEST_OF_C: &str = "44c42e6a2f8679478d20e5fbc26d93a67141a0996880ef88be281f364e2add70";
/// HMAC-SHA-256 of 32 bytes of ones with the bytes 0x20 to 0x3F as the key.
const AES_KEY: &str = "aa539039d49f504e4ab22554ea4a183741e06f86949f65cc6193078fb03830d7";
const WORDS: u32 = 32;

fn number(text: &str, bytes: usize) -> Vec<u8> {
    let mut number = BigUint::parse_bytes(text.as_bytes(), 16).unwrap().to_bytes_le();
    number.resize(bytes, 0);
    number
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn iv() -> [u8; 16] {
    std::array::from_fn(|n| 0x10 + n as u8)
}

/// What ESP-IDF's esp_ds_encrypt_params makes of the key's parameters.
fn encrypted_parameters(padding: u8) -> Vec<u8> {
    let mut text = [number(Y_OF_KEY, NUMBER), number(M_OF_KEY, NUMBER), number(R_OF_KEY, NUMBER)].concat();
    let lengths = [M_PRIME_OF_KEY.to_le_bytes(), (WORDS - 1).to_le_bytes()].concat();
    let digest = Sha256::new().chain_update(&text).chain_update(&lengths).chain_update(iv()).finalize();
    text.extend(digest);
    text.extend(lengths);
    text.extend([padding; 8]);
    let key: Vec<u8> = number(AES_KEY, 32).into_iter().rev().collect();
    let cipher = Cipher::new(&key);
    let mut vector = iv();
    for chunk in text.chunks_mut(16) {
        let mut block: [u8; 16] = (&*chunk).try_into().unwrap();
        aes::xor(&mut block, &vector);
        cipher.encrypt(&mut block);
        vector = block;
        chunk.copy_from_slice(&block);
    }
    text
}

/// As ESP-IDF's esp_ds_start_sign: HMAC derives the key, START, and the key is there.
fn with_key() -> Bench {
    let mut bench = Bench::new();
    let key: [u8; 32] = std::array::from_fn(|n| 0x20 + n as u8);
    bench.0.dev.efuse.fuses_mut().burn_key(4, 7, &key);
    for (offset, value) in [(0x40, 1), (0x44, 7), (0x48, 4), (0x4C, 1)] {
        bench.set(HMAC + offset, value);
    }
    bench.run_while(HMAC + 0x6C, |busy| busy != 0);
    assert_eq!(bench.get(HMAC + 0x68), 0);
    bench.set(BASE + 0xE00, 1);
    bench.run_while(BUSY, |busy| busy != 0);
    bench
}

/// As the rest of it, and esp_ds_finish_sign. Returns QUERY_CHECK and the signature.
fn sign(bench: &mut Bench, parameters: &[u8]) -> (u32, Vec<u8>) {
    bench.put_words(BASE, parameters);
    bench.put_words(BASE + 0x630, &iv());
    bench.put_words(BASE + 0x800, &number(MESSAGE, 128));
    bench.set(BASE + 0xE04, 1);
    assert_eq!(bench.get(BUSY), 1);
    bench.run_while(BUSY, |busy| busy != 0);
    let result = (bench.get(CHECK), bench.register_bytes(BASE + 0xA00, 4 * WORDS));
    bench.set(BASE + 0xE08, 1);
    assert_eq!(bench.get(BUSY), 0);
    assert_eq!(bench.register_bytes(BASE + 0xA00, 4 * WORDS), [0; 128], "nothing stays behind");
    result
}

#[test]
fn the_test_encrypts_as_the_vendors_generator() {
    assert_eq!(hex(&Sha256::digest(encrypted_parameters(8))), DIGEST_OF_C);
}

#[test]
fn a_message_is_signed() {
    let mut bench = with_key();
    let signed = sign(&mut bench, &encrypted_parameters(8));
    assert_eq!(signed, (0, number(SIGNATURE, 128)));
    assert_eq!(bench.gaps(), [""; 0]);
}

/// ESP-IDF `hal/ds_ll.h`: bit 0 the digest, bit 1 the padding; with bad padding alone there is a signature.
#[test]
fn what_is_wrong_is_told() {
    let mut bench = with_key();
    assert_eq!(sign(&mut bench, &encrypted_parameters(7)), (2, number(SIGNATURE, 128)));
    let mut bench = with_key();
    let mut parameters = encrypted_parameters(8);
    parameters[0] ^= 1;
    assert_eq!(sign(&mut bench, &parameters), (1, vec![0; 128]));
}

/// ESP-IDF's esp_ds_start_sign gives up when DS stays busy: HMAC did not derive a key, or it was invalidated.
#[test]
fn without_a_key_it_stays_busy() {
    let mut bench = with_key();
    bench.set(BASE + 0xE08, 1);
    bench.set(HMAC + 0x64, 1);
    bench.set(BASE + 0xE00, 1);
    bench.run_for(2_000_000_000);
    assert_eq!((bench.get(BUSY), bench.get(BASE + 0xE10)), (1, 0));
    bench.set(BASE + 0xE08, 1);
    assert_eq!(bench.get(BUSY), 0);
}
