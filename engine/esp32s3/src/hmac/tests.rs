use crate::crypto_bench::Bench;

const BASE: u32 = 0x6003_E000;
const BUSY: u32 = BASE + 0x6C;

/// A chip with a key for upstream use in block 2.
fn with_key(key: &[u8]) -> Bench {
    let mut bench = Bench::new();
    let mut bytes = [0; 32];
    bytes[..key.len()].copy_from_slice(key);
    bench.0.dev.efuse.fuses_mut().burn_key(2, super::UP, &bytes);
    bench
}

/// As ESP-IDF's hmac_hal_start and hmac_hal_configure. True: the configuration is refused.
fn configure(bench: &mut Bench, purpose: u32, key: u32) -> bool {
    bench.set(BASE + 0x40, 1);
    bench.set(BASE + 0x44, purpose);
    bench.set(BASE + 0x48, key);
    bench.set(BASE + 0x4C, 1);
    assert_eq!(bench.get(BUSY), 1);
    idle(bench);
    bench.get(BASE + 0x68) != 0
}

fn idle(bench: &mut Bench) {
    bench.run_while(BUSY, |busy| busy != 0);
}

fn block(bench: &mut Bench, block: &[u8]) {
    idle(bench);
    bench.put_words(BASE + 0x80, block);
    bench.set(BASE + 0x50, 1);
    idle(bench);
}

fn result(bench: &mut Bench) -> String {
    idle(bench);
    let bytes = bench.register_bytes(BASE + 0xC0, 32);
    bench.set(BASE + 0x5C, 2);
    assert_eq!(bench.register_bytes(BASE + 0xC0, 32), [0; 32]);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// As ESP-IDF's esp_hmac_calculate: the message with SHA-256's padding, whose length counts the key's block.
fn calculate(key: &[u8], message: &[u8]) -> String {
    let mut bench = with_key(key);
    assert!(!configure(&mut bench, 8, 2));
    let mut text = message.to_vec();
    text.push(0x80);
    text.resize((text.len() + 8).next_multiple_of(64) - 8, 0);
    text.extend((8 * message.len() as u64 + 512).to_be_bytes());
    let (rest, last) = text.split_at(text.len() - 64);
    if rest.is_empty() {
        block(&mut bench, last);
        bench.set(BASE + 0xF4, 1);
    } else {
        for (n, part) in rest.chunks(64).enumerate() {
            if n > 0 {
                bench.set(BASE + 0x54, 1);
            }
            block(&mut bench, part);
        }
        bench.set(BASE + 0xF0, 1);
        block(&mut bench, last);
    }
    assert_eq!(bench.gaps(), [""; 0]);
    result(&mut bench)
}

/// RFC 4231 sections 4.2 to 4.5. HMAC fills keys up with zeros, as the block of 32 bytes does.
#[test]
fn the_cases_of_the_rfc() {
    assert_eq!(calculate(&[0x0B; 20], b"Hi There"), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    assert_eq!(
        calculate(b"Jefe", b"what do ya want for nothing?"),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    );
    assert_eq!(calculate(&[0xAA; 20], &[0xDD; 50]), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
    let key: Vec<u8> = (1..=25).collect();
    assert_eq!(calculate(&key, &[0xCD; 50]), "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
}

/// Worked out with Python's hmac: keys of 32 bytes 0 to 31, messages of so many bytes counting up.
#[test]
fn messages_of_more_blocks() {
    let key: Vec<u8> = (0..32).collect();
    let message: Vec<u8> = (0..200).collect();
    assert_eq!(calculate(&key, &message), MESSAGE_200);
    assert_eq!(calculate(&key, &message[..60]), MESSAGE_60);
    assert_eq!(calculate(&key, &message[..128]), MESSAGE_128);
}

/// TRM: after a message of whole blocks SET_MESSAGE_END lets the hardware pad.
#[test]
fn the_hardware_pads_whole_blocks() {
    let key: Vec<u8> = (0..32).collect();
    let message: Vec<u8> = (0..128).collect();
    let mut bench = with_key(&key);
    assert!(!configure(&mut bench, 8, 2));
    block(&mut bench, &message[..64]);
    bench.set(BASE + 0x54, 1);
    block(&mut bench, &message[64..]);
    bench.set(BASE + 0x58, 1);
    assert_eq!(result(&mut bench), MESSAGE_128);
}

/// TRM: the purpose must be the one that is burnt for the key.
#[test]
fn a_key_serves_its_purpose_alone() {
    let mut bench = with_key(&[1; 32]);
    assert!(configure(&mut bench, 7, 2));
    assert!(configure(&mut bench, 8, 1));
    assert!(!configure(&mut bench, 8, 2));
}

/// ESP-IDF rom/hmac.h: a key that is burnt for all downstream purposes (5) serves JTAG (6) and the digital signature (7).
#[test]
fn a_key_for_all_downstream_purposes_serves_both() {
    let mut bench = Bench::new();
    bench.0.dev.efuse.fuses_mut().burn_key(1, super::DOWN_ALL, &[7; 32]);
    assert_eq!([5, 6, 7, 8].map(|purpose| configure(&mut bench, purpose, 1)), [false, false, false, true]);
}

/// RD_DIS hides a key from software; the accelerator still has it.
#[test]
fn a_hidden_key_works() {
    let mut bench = with_key(b"Jefe");
    bench.0.dev.efuse.fuses_mut().burn(0, &[0, 1 << 2]);
    bench.set(0x6000_71CC, 0x5AA5);
    bench.set(0x6000_71D4, 1);
    assert_eq!(bench.get(0x6000_70DC), 0);
    assert!(!configure(&mut bench, 8, 2));
}

const MESSAGE_60: &str = "a22f0d177b998708f38a69a7b948f82f3bc8439549e1aebfdeff96017a983fee";
const MESSAGE_128: &str = "554663090ed09c789d3a10680ac0602215088ef4482d9149dd86d5e5d6dbf52a";
const MESSAGE_200: &str = "c4d78316aa3de9ce6bd0b2e61c4f4dd6bdf0ec95aab84ab87fc2a11903991ad3";
