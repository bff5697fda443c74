use super::*;
use crate::crypto_bench::Bench;

const BASE: u32 = 0x600C_C000;
const STATE: u32 = BASE + 0x58;
const SPI1: u32 = 0x6000_2000;
const MANUAL_ENCRYPT: u32 = 0x600C_004C;

fn bytes(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|n| u8::from_str_radix(&text[2 * n..2 * n + 2], 16).unwrap()).collect()
}

/// IEEE 1619 annex B, vectors 1 and 2.
#[test]
fn lines_are_encrypted_as_in_the_standards_annex() {
    let check = |first: u8, second: u8, unit: u64, plain: u8, cipher: &str| {
        let key = [[first; 16], [second; 16]].concat();
        let mut text = [plain; 32];
        encrypt(&key, unit, 0, &mut text);
        assert_eq!(text.to_vec(), bytes(cipher));
    };
    check(0, 0, 0, 0, "917cf69ebd68b2ec9b9fe9a3eadda692cd43d2f59598ed858c02c2652fbf922e");
    check(0x11, 0x22, 0x33_3333_3333, 0x44, "c454185e6a16936e39334038acef838bfb186fff7480adc4289382ecd6d394f0");
}

/// As ESP-IDF's flash_encryption_data_prepare and flash_encryption_done.
fn prepare(bench: &mut Bench, address: u32, plain: &[u8]) {
    bench.set(MANUAL_ENCRYPT, 0x9);
    bench.set(BASE + 0x44, 0);
    bench.set(BASE + 0x40, plain.len() as u32 >> 5);
    bench.set(BASE + 0x48, address);
    bench.put_words(BASE + address % 64, plain);
    bench.set(BASE + 0x4C, 1);
    assert_eq!(bench.get(STATE), BUSY);
    bench.run_while(STATE, |state| state == BUSY);
    assert_eq!(bench.get(STATE), DONE);
    bench.set(BASE + 0x50, 1);
    assert_eq!(bench.get(STATE), AVAILABLE);
}

/// As ESP-IDF's spimem_flash_ll_program_page with a user-defined transaction: write enable, then page program.
fn program(bench: &mut Bench, address: u32, data: &[u8]) {
    let start = |bench: &mut Bench, bit: u32| {
        bench.set(SPI1, bit);
        bench.run_while(SPI1, |command| command != 0);
    };
    start(bench, 1 << 30);
    bench.set(SPI1 + 0x04, address | (data.len() as u32) << 24);
    bench.put_words(SPI1 + 0x58, data);
    start(bench, 1 << 25);
    bench.run_for(10_000_000_000);
}

fn flash(bench: &Bench, address: usize, count: usize) -> Vec<u8> {
    bench.0.mem.flash.bytes()[address..address + count].to_vec()
}

fn burn(bench: &mut Bench, key: usize, purpose: u32, bytes: std::ops::Range<u8>) {
    // Espressif's espefuse burns the keys of XTS-AES last byte first.
    let bytes: Vec<u8> = bytes.rev().collect();
    bench.0.dev.efuse.fuses_mut().burn_key(key, purpose, &bytes.try_into().unwrap());
}

/// The bytes 1 to 128 at 0x120000, encrypted by Python's `cryptography` as espsecure arranges them; keys count up from 0.
const SHORT_KEY: &str = "34d1042434331d811a7b3d714686d93c67ca0cdc286e0609d93d5d19f948dd9e\
                         ff4905958604e659a2273dda91a7f45e20b4f3ab4bcc975a0308e2343f732656\
                         b4397dfddb174eaad6d80cd18fffae56e28550ec7cda186664d30391e967fb2d\
                         c868fba19e1c8034db6e557cdd69c8ca6f36ba64529ebcc352ab5fdee6ecc427";
const LONG_KEY: &str = "f276d0f7e4d404dec7ab34afcdacb6e2f74c1d697807d21bc3e903bbe147c382\
                        a427764916b351b6ffc36e84d258b01e7d3091f32afdba832bdd0d20fd3ef31c";

/// ESP-IDF's spi_flash_chip_generic_write_encrypted: the plain text is given to SPI1, and the cipher text is written.
#[test]
fn flash_is_written_encrypted() {
    let mut bench = Bench::new();
    burn(&mut bench, 1, KEY_OF_256, 0..32);
    let plain: Vec<u8> = (1..=128).collect();
    let address = 0x2_0000;
    // The tweak is the address: what the test vector has is at 0x12_0000, beyond this flash.
    let lines = [(0, 64), (64, 32), (96, 16), (112, 16)];
    for (from, length) in lines {
        let line = &plain[from..from + length];
        prepare(&mut bench, address + from as u32, line);
        program(&mut bench, address + from as u32, line);
        bench.set(BASE + 0x54, 1);
        assert_eq!(bench.get(STATE), IDLE);
    }
    assert_eq!(flash(&bench, address as usize, 128), bytes(AT_2_0000));
    // Without a result SPI1 writes what it was given.
    program(&mut bench, 0x3_0000, &plain[..16]);
    assert_eq!(flash(&bench, 0x3_0000, 16), plain[..16]);
    assert_eq!(bench.gaps(), [""; 0]);
}

#[test]
fn keys_have_256_or_512_bits() {
    let plain: Vec<u8> = (1..=128).collect();
    let lines = |bench: &mut Bench, text: &str| {
        for (n, wanted) in bytes(text).chunks(64).enumerate() {
            prepare(bench, 0x12_0000 + 64 * n as u32, &plain[64 * n..64 * n + 64]);
            assert_eq!(bench.0.dev.xts_aes.available(), Some((0x12_0000 + 64 * n as u32, wanted)));
            bench.set(BASE + 0x54, 1);
        }
    };
    let mut bench = Bench::new();
    burn(&mut bench, 0, KEY_OF_256, 0..32);
    lines(&mut bench, SHORT_KEY);
    let mut bench = Bench::new();
    burn(&mut bench, 3, KEY_1_OF_512, 0..32);
    burn(&mut bench, 2, KEY_2_OF_512, 32..64);
    lines(&mut bench, LONG_KEY);
    assert_eq!(bench.gaps(), [""; 0]);
}

/// An address within a line is a mistake, and counted; what comes out is that line (IEEE 1619: a tweak for each block of it).
#[test]
fn a_line_begins_at_a_multiple_of_its_length() {
    let plain: Vec<u8> = (65..=128).collect();
    let mut bench = Bench::new();
    burn(&mut bench, 0, KEY_OF_256, 0..32);
    bench.set(MANUAL_ENCRYPT, 0x9);
    bench.set(BASE + 0x40, 2);
    bench.put_words(BASE, &plain);
    bench.set(BASE + 0x48, 0x12_0060);
    bench.set(BASE + 0x4C, 1);
    bench.run_while(STATE, |state| state == BUSY);
    bench.set(BASE + 0x50, 1);
    assert_eq!(bench.0.dev.xts_aes.available(), Some((0x12_0060, &bytes(SHORT_KEY)[64..])));
    assert_eq!(bench.gaps(), ["XTS_AES.PHYSICAL_ADDRESS"]);
}

#[test]
fn without_a_key_a_gap_says_so() {
    let mut bench = Bench::new();
    prepare(&mut bench, 0, &[0; 16]);
    assert_eq!(bench.gaps(), ["XTS_AES.TRIGGER"]);
    bench.set(BASE + 0x54, 1);
    bench.set(MANUAL_ENCRYPT, 0);
    bench.set(BASE + 0x4C, 1);
    bench.run_while(STATE, |state| state == BUSY);
    assert_eq!(bench.gaps(), ["XTS_AES.TRIGGER", "XTS_AES.TRIGGER without ENABLE_SPI_MANUAL_ENCRYPT"]);
}

const AT_2_0000: &str = "832a2419d51aecda15ea343fb9b8e5a202c6d935a465ae6693974967403bc5d5\
                         ad68abd2694e3eb03edf2cbff862742871c77cf98c73d3c46dbe4d4fd6695673\
                         ca963712c1a2eefa1e370bfa2df52edfb8d70a6a4163eef4996afd0834476f3a\
                         70579aa5d883697488c4a043809b1d5ce3b1087071003297aba0bd3d25da35fd";
