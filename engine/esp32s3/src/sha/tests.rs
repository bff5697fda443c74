use super::*;
use crate::crypto_bench::Bench;

const BASE: u32 = 0x6003_B000;
const H: u32 = BASE + H_MEM;
const SOURCE: u128 = 1 << Source::SHA as u128;

/// FIPS 180-4 chapter 5.1: a message with its padding.
fn padded(message: &[u8], block: usize) -> Vec<u8> {
    let mut text = message.to_vec();
    text.push(0x80);
    let length = block / 8;
    text.resize((text.len() + length).next_multiple_of(block) - length, 0);
    text.extend(&(8 * message.len() as u128).to_be_bytes()[16 - length..]);
    text
}

fn digest(bench: &mut Bench, words: u32) -> String {
    (0..words).map(|n| format!("{:08x}", bench.get(H + 4 * n).swap_bytes())).collect()
}

fn wait(bench: &mut Bench) {
    bench.run_while(BASE + 0x18, |busy| busy != 0);
}

/// As ESP-IDF's sha_hal_hash_block: fill M_MEM, START or CONTINUE, poll BUSY.
fn by_software(mode: u32, message: &[u8], words: u32) -> String {
    let mut bench = Bench::new();
    let size = if mode < 3 { 64 } else { 128 };
    for (n, block) in padded(message, size).chunks(size).enumerate() {
        bench.set(BASE, mode);
        bench.put_words(BASE + M_MEM, block);
        bench.set(BASE + if n == 0 { 0x10 } else { 0x14 }, 1);
        assert_eq!(bench.get(BASE + 0x18), 1);
        wait(&mut bench);
    }
    assert_eq!(bench.sources() & SOURCE, 0);
    digest(&mut bench, words)
}

/// As ESP-IDF's esp_sha_dma: a list of descriptors, then DMA_START or DMA_CONTINUE.
fn by_dma(mode: u32, message: &[u8], words: u32) -> String {
    let mut bench = Bench::new();
    let size = if mode < 3 { 64 } else { 128 };
    let text = padded(message, size);
    bench.start_out(7, &[&text[..30], &text[30..]]);
    bench.set(BASE, mode);
    bench.set(BASE + 0x28, 1);
    bench.set(BASE + 0x0C, (text.len() / size) as u32);
    bench.set(BASE + 0x1C, 1);
    wait(&mut bench);
    assert_ne!(bench.sources() & SOURCE, 0);
    bench.set(BASE + 0x24, 1);
    assert_eq!(bench.sources() & SOURCE, 0);
    digest(&mut bench, words)
}

/// NIST CSRC examples for FIPS 180: one block "abc", and the messages of two blocks.
const TWO_BLOCKS_32: &str = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
const TWO_BLOCKS_64: &str =
    "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu";

fn check(hash: fn(u32, &[u8], u32) -> String) {
    assert_eq!(hash(0, b"abc", 5), "a9993e364706816aba3e25717850c26c9cd0d89d");
    assert_eq!(hash(0, TWO_BLOCKS_32.as_bytes(), 5), "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    assert_eq!(hash(1, b"abc", 7), "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7");
    assert_eq!(
        hash(2, TWO_BLOCKS_32.as_bytes(), 8),
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    );
    assert_eq!(
        hash(3, TWO_BLOCKS_64.as_bytes(), 12),
        "09330c33f71147e83d192fc782cd1b4753111b173b3b05d22fa08086e3b0f712fcc7c71a557e2db966c3e9fa91746039"
    );
    assert_eq!(
        hash(4, TWO_BLOCKS_64.as_bytes(), 16),
        "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018\
         501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909"
    );
    assert_eq!(hash(5, b"abc", 7), "4634270f707b6a54daae7530460842e20e37ed265ceee9a43e8924aa");
    assert_eq!(
        hash(6, TWO_BLOCKS_64.as_bytes(), 8),
        "3928e184fb8690f840da3988121d31be65cb9d3ef83ee6146feac861e19b563a"
    );
}

#[test]
fn messages_are_hashed_block_by_block() {
    check(by_software);
}

#[test]
fn messages_are_hashed_by_dma() {
    check(by_dma);
}

/// As ESP-IDF's mbedtls port goes on with a hash that another one interrupted: H_MEM is written, then DMA_CONTINUE.
#[test]
fn a_hash_is_taken_up_again() {
    let text = padded(TWO_BLOCKS_32.as_bytes(), 64);
    let mut bench = Bench::new();
    bench.set(BASE, 2);
    bench.set(BASE + 0x0C, 1);
    bench.start_out(7, &[&text[..64]]);
    bench.set(BASE + 0x1C, 1);
    wait(&mut bench);
    let state = bench.words(H, 8);
    bench.set(BASE, 0);
    bench.set(BASE + 0x10, 1);
    wait(&mut bench);
    for (n, word) in state.into_iter().enumerate() {
        bench.set(H + 4 * n as u32, word);
    }
    bench.set(BASE, 2);
    bench.set(BASE + 0x20, 1);
    assert_eq!(bench.get(BASE + 0x18), 1, "it waits for its data");
    bench.start_out(7, &[&text[64..]]);
    wait(&mut bench);
    assert_eq!(digest(&mut bench, 8), "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

/// ESP-IDF's esp_sha_512_t_init_hash for t = 256 and 224: the initial values of FIPS 180-4 sections 5.3.6.2 and 5.3.6.1.
#[test]
fn sha_512_t_derives_its_initial_value() {
    for (t, initial) in [(b"256", SHA512_256), (b"224", SHA512_224)] {
        let mut bench = Bench::new();
        bench.set(BASE, SHA_512_T);
        bench.set(BASE + 0x04, u32::from_be_bytes([t[0], t[1], t[2], 0x80]));
        bench.set(BASE + 0x08, 0x58);
        bench.set(BASE + 0x10, 1);
        wait(&mut bench);
        let wanted: String = initial.iter().map(|word| format!("{word:016x}")).collect();
        assert_eq!(digest(&mut bench, 16), wanted);
    }
}

/// At the 20 MHz after reset SHA-256 takes 80 clocks: 4 microseconds a block.
#[test]
fn hashing_takes_its_time() {
    let mut bench = Bench::new();
    bench.set(BASE, 2);
    bench.set(BASE + 0x10, 1);
    bench.run_for(3_900_000);
    assert_eq!(bench.get(BASE + 0x18), 1);
    bench.run_for(200_000);
    assert_eq!(bench.get(BASE + 0x18), 0);
}
