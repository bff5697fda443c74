//! The numbers were worked out with Python's integers: primes of 256 bits, the exponents 65537 and its inverse.

use super::*;
use crate::crypto_bench::{Bench, PERIP_RST_EN1};
use engine_core::time::MICROSECOND;

const BASE: u32 = 0x6003_C000;
const IDLE: u32 = BASE + 0x818;
const SOURCE: u128 = 1 << Source::RSA as u128;
const WORDS: u32 = 16;

const M: &str = "7f713f86821ab01ce3bffc4512737f0635621e96d93e701d5645453ff6257e9a38a7f28d76151927ca6be5ea0963debb\
                 bcc1818d56209f16a7d214144cf38e61";
const X: &str = "3aac0ce489f5302aafc0cb32aeb7a344b87845e7b3ffbd58beec9592a39c09ed243228c88fae2ae1e724c159a0e7c95b\
                 e52810d3fd9d94fc53e45e0ae7a03287";
const D: &str = "6787a08bacf5f14c06d8d81f64b5dee3344ad97ec24d2ed726566fc35e3b6774c7000b21232e101073f4f0b70dc4835d\
                 ab9aeb825ab7cf9866789aa60464bfe1";
const X_TO_D: &str = "c204b204e935c7df72ad1ee1f65927987d77f4e27261b3b1db4ce8e0945f83a796775b959b9fe9a7227339a4f3003756\
                      009c8dfb9df2613c9b9b13b9caeaf08";
const Y: &str = "6806b43e4e9ab4a6b4617fa781f601688be877cc36c3d11f64070cae5ed6b1783081944c87712db809fb89b5a53548a2\
                 44a567f0bf1b87791f8c123ac0978c30";
const X_TIMES_Y: &str = "17d76e946626887ed9222fdca1d4cc58762b3218daed639d5ed57b1a5586dd71f6465cc854174bad5af7243be2d63ea4\
                         af9b232bdba4e962f1f9701ae36a8b77731306f243c1ff67424f69f43fbe9c567249bf1a50f240aa0052c9c1712b4f15\
                         57631531300ba7e7e70404d851d3c6288851bbeeadbde6b6fd134eb0174c4d50";
const X_TIMES_Y_MOD_M: &str =
    "12265cc823b4fd47f610ba5eba60b072eeb5552faae321111a534ceffca09495e62dbeb6230cb7bcba22d940ff9cee50\
     0a99a620ba68a3277b3baf16d591315a";
const R_SQUARED: &str =
    "30f09db788feaeaad3263f6fc9f649296d9538a88e0aac83b3aa26cb6653c68ceae116adca3b6c9f61d31fc1f61b437b\
                         88502195e83f7407ee6ad170b5530e7e";
const M_PRIME_OF_M: u32 = 0xF4EA_6A5F;

fn number(text: &str) -> BigUint {
    BigUint::parse_bytes(text.as_bytes(), 16).unwrap()
}

/// As ESP-IDF's mpi_ll_write_to_mem_block.
fn put(bench: &mut Bench, memory: u32, text: &str, words: u32) {
    let mut bytes = number(text).to_bytes_le();
    bytes.resize(4 * words as usize, 0);
    bench.put_words(BASE + memory, &bytes);
}

fn result(bench: &mut Bench, words: u32) -> BigUint {
    bench.run_while(IDLE, |idle| idle == 0);
    bench.set(BASE + 0x81C, 1);
    BigUint::from_bytes_le(&bench.register_bytes(BASE + 0x200, 4 * words))
}

/// As ESP-IDF's esp_mpi_enable_hardware_hw_op: the reset bit, and waiting for clean memories.
fn enabled() -> Bench {
    let mut bench = Bench::new();
    bench.set(PERIP_RST_EN1, 0x8);
    bench.set(PERIP_RST_EN1, 0);
    assert_eq!(bench.get(BASE + 0x808), 0);
    bench.run_for(2 * MICROSECOND);
    assert_eq!(bench.get(BASE + 0x808), 1);
    bench
}

/// As ESP-IDF's esp_mpi_exp_mpi_mod_hw_op; the interrupt beside it.
#[test]
fn a_number_is_raised_to_a_power() {
    let mut bench = enabled();
    bench.set(BASE + 0x804, WORDS - 1);
    for (memory, text) in [(0x600, X), (0x400, D), (0x000, M), (0x200, R_SQUARED)] {
        put(&mut bench, memory, text, WORDS);
    }
    bench.set(BASE + 0x800, M_PRIME_OF_M);
    bench.set(BASE + 0x820, 0);
    bench.set(BASE + 0x824, 1);
    bench.set(BASE + 0x828, 511 - 1);
    bench.set(BASE + 0x81C, 1);
    bench.set(BASE + 0x82C, 1);
    bench.set(BASE + 0x80C, 1);
    bench.set(BASE + 0x824, 0);
    assert_eq!(bench.get(IDLE), 0);
    assert_eq!(bench.sources() & SOURCE, 0);
    bench.run_while(IDLE, |idle| idle == 0);
    assert_ne!(bench.sources() & SOURCE, 0);
    assert_eq!(result(&mut bench, WORDS), number(X_TO_D));
    assert_eq!(bench.sources() & SOURCE, 0);
    assert_eq!(bench.gaps(), [""; 0]);
    // And back with the public exponent, whose 17 bits are all that is looked at.
    for (memory, text) in [(0x600, X_TO_D), (0x400, "ff010001"), (0x000, M), (0x200, R_SQUARED)] {
        put(&mut bench, memory, text, WORDS);
    }
    bench.set(BASE + 0x824, 1);
    bench.set(BASE + 0x828, 16);
    bench.set(BASE + 0x80C, 1);
    assert_eq!(result(&mut bench, WORDS), number(X));
}

/// As ESP-IDF's esp_mpi_mul_mpi_mod_hw_op.
#[test]
fn a_product_is_reduced() {
    let mut bench = enabled();
    bench.set(BASE + 0x804, WORDS - 1);
    for (memory, text) in [(0x000, M), (0x600, X), (0x400, Y), (0x200, R_SQUARED)] {
        put(&mut bench, memory, text, WORDS);
    }
    bench.set(BASE + 0x800, M_PRIME_OF_M);
    bench.set(BASE + 0x810, 1);
    assert_eq!(result(&mut bench, WORDS), number(X_TIMES_Y_MOD_M));
}

/// As ESP-IDF's esp_mpi_mul_mpi_hw_op: Y lies behind as many words as X has.
#[test]
fn a_product_is_twice_as_long() {
    let mut bench = enabled();
    put(&mut bench, 0x600, X, WORDS);
    put(&mut bench, 0x200 + 4 * WORDS, Y, WORDS);
    bench.set(BASE + 0x804, 2 * WORDS - 1);
    bench.set(BASE + 0x814, 1);
    assert_eq!(result(&mut bench, 2 * WORDS), number(X_TIMES_Y));
}

/// ESP-IDF's esp_mpi_mult_mpi_failover_mod_mult_hw_op: modulo 2^n - 1, where r and M' are 1.
#[test]
fn a_long_product_by_modular_multiplication() {
    let mut bench = enabled();
    let words = 2 * WORDS;
    put(&mut bench, 0x000, &"f".repeat(8 * words as usize), words);
    bench.set(BASE + 0x800, 1);
    bench.set(BASE + 0x804, words - 1);
    put(&mut bench, 0x600, X, words);
    put(&mut bench, 0x400, Y, words);
    put(&mut bench, 0x200, "1", words);
    bench.set(BASE + 0x810, 1);
    assert_eq!(result(&mut bench, words), number(X_TIMES_Y));
    assert_eq!(bench.gaps(), [""; 0]);
}

#[test]
fn wrong_helpers_are_told() {
    let mut bench = enabled();
    put(&mut bench, 0x000, M, WORDS);
    bench.set(BASE + 0x804, WORDS - 1);
    bench.set(BASE + 0x810, 1);
    assert_eq!(result(&mut bench, WORDS), BigUint::ZERO);
    assert_eq!(bench.gaps(), ["RSA.MODMULT_START"]);
}

/// TRM table 20.3-1, at 160 MHz: SEARCH, CONSTANT_TIME, milliseconds. After reset the clock is 20 MHz.
#[test]
fn an_exponentiation_takes_as_long_as_the_table_says() {
    for (search, constant_time, at_160) in [(0, 1, 752.81), (1, 1, 4.52), (0, 0, 2.406), (1, 0, 2.33)] {
        let mut bench = enabled();
        put(&mut bench, 0x000, "1", 96);
        put(&mut bench, 0x400, "10001", 96);
        bench.set(BASE + 0x804, 95);
        bench.set(BASE + 0x820, constant_time);
        bench.set(BASE + 0x824, search);
        bench.set(BASE + 0x828, 16);
        bench.set(BASE + 0x80C, 1);
        let microseconds = |factor: f64| (8000.0 * at_160 * factor) as u64 * MICROSECOND;
        bench.run_for(microseconds(0.997));
        assert_eq!(bench.get(IDLE), 0, "{at_160}");
        bench.run_for(microseconds(0.006));
        assert_eq!(bench.get(IDLE), 1, "{at_160}");
    }
}

/// Espressif's forum, October 2021: 108 µs for 64 words at 160 MHz, so 864 to 872 µs at the 20 MHz after reset.
#[test]
fn a_modular_multiplication_of_64_words_takes_as_long_as_measured() {
    let mut bench = enabled();
    put(&mut bench, 0x000, "1", 64);
    bench.set(BASE + 0x804, 63);
    bench.set(BASE + 0x810, 1);
    bench.run_for(863 * MICROSECOND);
    assert_eq!(bench.get(IDLE), 0);
    bench.run_for(9 * MICROSECOND);
    assert_eq!(bench.get(IDLE), 1);
}
