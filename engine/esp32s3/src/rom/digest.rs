//! MD5 and SHA (esp_rom_md5.h, rom/sha.h; RFC 1321, FIPS 180-4).

use super::guest::{Call, Done};
use super::Function;

/// Functions by name.
#[rustfmt::skip]
pub(super) const LEAVES: &[(&str, Function)] = &[
    ("MD5Init", md5_init), ("MD5Update", md5_update), ("MD5Final", md5_final), ("md5_vector", md5_vector),
    ("ets_sha_enable", |c| sha_clock(c, true)), ("ets_sha_disable", |c| sha_clock(c, false)),
    ("ets_sha_init", sha_init), ("ets_sha_starts", sha_starts), ("ets_sha_process", sha_process),
    ("ets_sha_update", sha_update), ("ets_sha_finish", sha_finish), ("ets_sha_clone", sha_clone),
    ("ets_sha_get_state", |_| Ok(())),
];

// `md5_context_t`: four words of state, two of length in bits, 64 bytes of buffer.
const MD5_BITS: u32 = 16;
const MD5_BUFFER: u32 = 24;

/// RFC 1321, section 3.3.
const MD5_START: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];

/// RFC 1321, section 3.4: one block.
fn md5_block(state: &mut [u32; 4], block: &[u8]) {
    const SHIFTS: [[u32; 4]; 4] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];
    let word = |i: usize| u32::from_le_bytes([block[4 * i], block[4 * i + 1], block[4 * i + 2], block[4 * i + 3]]);
    let [mut a, mut b, mut c, mut d] = *state;
    for i in 0..64 {
        let (f, k) = match i / 16 {
            0 => (b & c | !b & d, i),
            1 => (d & b | !d & c, (5 * i + 1) % 16),
            2 => (b ^ c ^ d, (3 * i + 5) % 16),
            _ => (c ^ (b | !d), 7 * i % 16),
        };
        let constant = (((i + 1) as f64).sin().abs() * 4_294_967_296.0) as u32;
        let sum = a.wrapping_add(f).wrapping_add(constant).wrapping_add(word(k));
        (a, d, c) = (d, c, b);
        b = b.wrapping_add(sum.rotate_left(SHIFTS[i / 16][i % 4]));
    }
    for (word, add) in state.iter_mut().zip([a, b, c, d]) {
        *word = word.wrapping_add(add);
    }
}

fn md5_state(call: &mut Call<'_>, context: u32) -> Done<[u32; 4]> {
    Ok([
        call.load(context)?,
        call.load(context.wrapping_add(4))?,
        call.load(context.wrapping_add(8))?,
        call.load(context.wrapping_add(12))?,
    ])
}

fn md5_keep(call: &mut Call<'_>, context: u32, state: [u32; 4]) -> Done {
    for (i, word) in state.into_iter().enumerate() {
        call.store(context.wrapping_add(4 * i as u32), word)?;
    }
    Ok(())
}

fn md5_init(call: &mut Call<'_>) -> Done {
    let context = call.arg(0)?;
    md5_start(call, context)
}

fn md5_start(call: &mut Call<'_>, context: u32) -> Done {
    md5_keep(call, context, MD5_START)?;
    call.put(context.wrapping_add(MD5_BITS), &[0; 8])
}

fn md5_length(call: &mut Call<'_>, context: u32) -> Done<u64> {
    Ok(u64::from(call.load(context.wrapping_add(MD5_BITS))?)
        | u64::from(call.load(context.wrapping_add(MD5_BITS + 4))?) << 32)
}

fn md5_update(call: &mut Call<'_>) -> Done {
    let (context, at, len) = (call.arg(0)?, call.arg(1)?, call.arg(2)?);
    md5_add(call, context, at, len)
}

fn md5_add(call: &mut Call<'_>, context: u32, at: u32, len: u32) -> Done {
    let bits = md5_length(call, context)?;
    call.put(context.wrapping_add(MD5_BITS), &bits.wrapping_add(8 * u64::from(len)).to_le_bytes())?;
    let mut data = call.bytes(context.wrapping_add(MD5_BUFFER), (bits >> 3) as u32 & 63)?;
    data.extend(call.bytes(at, len)?);
    let mut state = md5_state(call, context)?;
    let blocks = data.chunks_exact(64);
    call.put(context.wrapping_add(MD5_BUFFER), blocks.remainder())?;
    blocks.for_each(|block| md5_block(&mut state, block));
    call.charge(12 * len);
    md5_keep(call, context, state)
}

fn md5_final(call: &mut Call<'_>) -> Done {
    let (to, context) = (call.arg(0)?, call.arg(1)?);
    md5_finish(call, to, context)
}

fn md5_finish(call: &mut Call<'_>, to: u32, context: u32) -> Done {
    let bits = md5_length(call, context)?;
    let mut data = call.bytes(context.wrapping_add(MD5_BUFFER), (bits >> 3) as u32 & 63)?;
    data.push(0x80);
    data.resize((data.len() + 8).next_multiple_of(64) - 8, 0);
    data.extend(bits.to_le_bytes());
    let mut state = md5_state(call, context)?;
    data.chunks_exact(64).for_each(|block| md5_block(&mut state, block));
    let digest: Vec<u8> = state.into_iter().flat_map(u32::to_le_bytes).collect();
    call.put(to, &digest)?;
    // Nothing of the message stays behind.
    call.put(context, &[0; 88])
}

/// Several pieces: their number, addresses, lengths, and where the digest goes.
fn md5_vector(call: &mut Call<'_>) -> Done {
    let (count, places, lengths, to) = (call.arg(0)?, call.arg(1)?, call.arg(2)?, call.arg(3)?);
    let mut data = Vec::new();
    for i in 0..count {
        let (at, len) = (call.load(places.wrapping_add(4 * i))?, call.load(lengths.wrapping_add(4 * i))?);
        data.extend(call.bytes(at, len)?);
    }
    let bits = 8 * data.len() as u64;
    data.push(0x80);
    data.resize((data.len() + 8).next_multiple_of(64) - 8, 0);
    data.extend(bits.to_le_bytes());
    let mut state = MD5_START;
    data.chunks_exact(64).for_each(|block| md5_block(&mut state, block));
    let digest: Vec<u8> = state.into_iter().flat_map(u32::to_le_bytes).collect();
    call.put(to, &digest)?;
    call.ret(0);
    Ok(())
}

// `SHA_CTX`: two flags, the type, 16 words of state, 128 bytes of buffer, four words of length in
// bits. The words of a 64-bit state are stored high first, as the accelerator's registers have them.
const SHA_TYPE: u32 = 4;
const SHA_STATE: u32 = 8;
const SHA_BUFFER: u32 = 0x48;
const SHA_BITS: u32 = 0xc8;
const SHA_BYTES: u32 = 0xd8;

/// `ETS_FAILED` and `ETS_OK`.
const FAILED: u32 = 1;
const OK: u32 = 0;

/// Which algorithm: `SHA_TYPE`.
#[derive(Clone, Copy)]
struct Sha {
    kind: u32,
}

impl Sha {
    fn block(self) -> usize {
        if self.kind < 3 {
            64
        } else {
            128
        }
    }

    fn digest(self, bits: u32) -> usize {
        match self.kind {
            0 => 20,
            1 => 28,
            2 => 32,
            3 => 48,
            4 => 64,
            5 => 28,
            6 => 32,
            _ => bits.div_ceil(8) as usize,
        }
    }

    /// FIPS 180-4, section 5.3.
    fn start(self) -> Option<Vec<u32>> {
        let wide = |words: [u64; 8]| Some(words.iter().flat_map(|w| [(w >> 32) as u32, *w as u32]).collect());
        match self.kind {
            0 => Some(vec![0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0]),
            1 => Some(vec![
                0xc105_9ed8,
                0x367c_d507,
                0x3070_dd17,
                0xf70e_5939,
                0xffc0_0b31,
                0x6858_1511,
                0x64f9_8fa7,
                0xbefa_4fa4,
            ]),
            2 => Some(vec![
                0x6a09_e667,
                0xbb67_ae85,
                0x3c6e_f372,
                0xa54f_f53a,
                0x510e_527f,
                0x9b05_688c,
                0x1f83_d9ab,
                0x5be0_cd19,
            ]),
            3 => wide([
                0xcbbb_9d5d_c105_9ed8,
                0x629a_292a_367c_d507,
                0x9159_015a_3070_dd17,
                0x152f_ecd8_f70e_5939,
                0x6733_2667_ffc0_0b31,
                0x8eb4_4a87_6858_1511,
                0xdb0c_2e0d_64f9_8fa7,
                0x47b5_481d_befa_4fa4,
            ]),
            4 => wide([
                0x6a09_e667_f3bc_c908,
                0xbb67_ae85_84ca_a73b,
                0x3c6e_f372_fe94_f82b,
                0xa54f_f53a_5f1d_36f1,
                0x510e_527f_ade6_82d1,
                0x9b05_688c_2b3e_6c1f,
                0x1f83_d9ab_fb41_bd6b,
                0x5be0_cd19_137e_2179,
            ]),
            _ => None,
        }
    }

    fn compress(self, state: &mut [u32], blocks: &[u8]) {
        match self.kind {
            0 => {
                let mut words = [0; 5];
                words.copy_from_slice(&state[..5]);
                for block in blocks.chunks_exact(64) {
                    sha1::compress(&mut words, &[*sha1::digest::generic_array::GenericArray::from_slice(block)]);
                }
                state[..5].copy_from_slice(&words);
            }
            1 | 2 => {
                let mut words = [0; 8];
                words.copy_from_slice(&state[..8]);
                for block in blocks.chunks_exact(64) {
                    sha2::compress256(&mut words, &[*sha2::digest::generic_array::GenericArray::from_slice(block)]);
                }
                state[..8].copy_from_slice(&words);
            }
            _ => {
                let mut words = [0u64; 8];
                for (word, pair) in words.iter_mut().zip(state.chunks_exact(2)) {
                    *word = u64::from(pair[0]) << 32 | u64::from(pair[1]);
                }
                for block in blocks.chunks_exact(128) {
                    sha2::compress512(&mut words, &[*sha2::digest::generic_array::GenericArray::from_slice(block)]);
                }
                for (pair, word) in state.chunks_exact_mut(2).zip(words) {
                    pair[0] = (word >> 32) as u32;
                    pair[1] = word as u32;
                }
            }
        }
    }
}

/// SYSTEM_PERIP_CLK_EN1 and PERIP_RST_EN1: the SHA accelerator's clock, and the resets of SHA, HMAC
/// and DS that would hold it.
fn sha_clock(call: &mut Call<'_>, on: bool) -> Done {
    const PERIP_CLK_EN1: u32 = 0x600c_001c;
    const PERIP_RST_EN1: u32 = 0x600c_0024;
    const SHA: u32 = 1 << 2;
    const SHA_HMAC_DS: u32 = 0x34;
    if on {
        call.modify(PERIP_CLK_EN1, SHA, SHA)?;
        call.modify(PERIP_RST_EN1, SHA_HMAC_DS, 0)
    } else {
        call.modify(PERIP_RST_EN1, SHA, SHA)?;
        call.modify(PERIP_CLK_EN1, SHA, 0)
    }
}

fn sha_init(call: &mut Call<'_>) -> Done {
    let (context, kind) = (call.arg(0)?, call.arg(1)?);
    if context == 0 || kind >= 8 {
        call.ret(FAILED);
        return Ok(());
    }
    call.put(context, &[0; SHA_BYTES as usize])?;
    call.store(context.wrapping_add(SHA_TYPE), kind)?;
    call.ret(OK);
    Ok(())
}

fn sha_of(call: &mut Call<'_>, context: u32) -> Done<Sha> {
    Ok(Sha { kind: call.load(context.wrapping_add(SHA_TYPE))? })
}

/// The state, begun where this is the first block (`start` is not set).
fn sha_state(call: &mut Call<'_>, context: u32, sha: Sha) -> Done<Vec<u32>> {
    if call.guest.load8(context)? == 0 {
        call.guest.store8(context, 1)?;
        let mut state = sha
            .start()
            .ok_or_else(|| super::Exit::Stop("ets_sha with SHA-512/t is not modelled in the ROM's functions".into()))?;
        state.resize(16, 0);
        return Ok(state);
    }
    (0..16).map(|i| call.load(context.wrapping_add(SHA_STATE + 4 * i))).collect()
}

fn sha_keep(call: &mut Call<'_>, context: u32, state: &[u32]) -> Done {
    for (i, &word) in state.iter().enumerate() {
        call.store(context.wrapping_add(SHA_STATE + 4 * i as u32), word)?;
    }
    Ok(())
}

fn sha_starts(call: &mut Call<'_>) -> Done {
    let context = call.arg(0)?;
    if context != 0 {
        call.guest.store8(context, 0)?;
    }
    call.ret(if context == 0 { 0x102 } else { OK });
    Ok(())
}

fn sha_process(call: &mut Call<'_>) -> Done {
    let (context, at) = (call.arg(0)?, call.arg(1)?);
    let sha = sha_of(call, context)?;
    let block = call.bytes(at, sha.block() as u32)?;
    let mut state = sha_state(call, context, sha)?;
    sha.compress(&mut state, &block);
    sha_keep(call, context, &state)
}

fn sha_length(call: &mut Call<'_>, context: u32) -> Done<u128> {
    let bytes = call.bytes(context.wrapping_add(SHA_BITS), 16)?;
    Ok(bytes.iter().rev().fold(0, |value, &byte| value << 8 | u128::from(byte)))
}

fn sha_update(call: &mut Call<'_>) -> Done {
    let (context, at, len) = (call.arg(0)?, call.arg(1)?, call.arg(2)?);
    let sha = sha_of(call, context)?;
    let bits = sha_length(call, context)?;
    call.put(context.wrapping_add(SHA_BITS), &(bits + 8 * u128::from(len)).to_le_bytes())?;
    let filled = (bits >> 3) as u32 & (sha.block() as u32 - 1);
    let mut data = call.bytes(context.wrapping_add(SHA_BUFFER), filled)?;
    data.extend(call.bytes(at, len)?);
    let whole = data.len() / sha.block() * sha.block();
    if whole > 0 {
        let mut state = sha_state(call, context, sha)?;
        sha.compress(&mut state, &data[..whole]);
        sha_keep(call, context, &state)?;
    }
    call.put(context.wrapping_add(SHA_BUFFER), &data[whole..])?;
    // Copying 16 words into the accelerator, and its 60 cycles for a block (TRM section 20.4).
    call.charge((whole / sha.block()) as u32 * 180 + len / 4);
    Ok(())
}

fn sha_finish(call: &mut Call<'_>) -> Done {
    let (context, to) = (call.arg(0)?, call.arg(1)?);
    let sha = sha_of(call, context)?;
    let bits = sha_length(call, context)?;
    let filled = (bits >> 3) as u32 & (sha.block() as u32 - 1);
    let mut data = call.bytes(context.wrapping_add(SHA_BUFFER), filled)?;
    let length = if sha.block() == 64 { 8 } else { 16 };
    data.push(0x80);
    data.resize((data.len() + length).next_multiple_of(sha.block()) - length, 0);
    data.extend(&bits.to_be_bytes()[16 - length..]);
    let mut state = sha_state(call, context, sha)?;
    sha.compress(&mut state, &data);
    sha_keep(call, context, &state)?;
    let digest: Vec<u8> = state.into_iter().flat_map(u32::to_be_bytes).take(sha.digest(0)).collect();
    call.put(to, &digest)?;
    call.ret(OK);
    Ok(())
}

fn sha_clone(call: &mut Call<'_>) -> Done {
    let (to, from) = (call.arg(0)?, call.arg(1)?);
    let context = call.bytes(from, SHA_BYTES)?;
    call.put(to, &context)?;
    call.ret(OK);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::rom::testing::{Flat, DATA};

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn md5(pieces: &[&str]) -> String {
        let mut flat = Flat::default();
        flat.call("MD5Init", &[DATA]);
        for piece in pieces {
            flat.poke(DATA + 0x100, piece.as_bytes());
            flat.call("MD5Update", &[DATA, DATA + 0x100, piece.len() as u32]);
        }
        flat.call("MD5Final", &[DATA + 0x200, DATA]);
        hex(&flat.peek(DATA + 0x200, 16))
    }

    /// RFC 1321, appendix A.5.
    #[test]
    fn md5_test_suite() {
        assert_eq!(md5(&[]), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(md5(&["abc"]), "900150983cd24fb0d6963f7d28e17f72");
        let digits = "1234567890".repeat(8);
        assert_eq!(md5(&[&digits]), "57edf4a22be3c955ac49da2e2107b67a");
        assert_eq!(md5(&[&digits[..63], &digits[63..]]), "57edf4a22be3c955ac49da2e2107b67a");
    }

    fn sha(kind: u32, pieces: &[&str], bytes: usize) -> String {
        let mut flat = Flat::default();
        assert_eq!(flat.call("ets_sha_init", &[DATA, kind]), 0);
        for piece in pieces {
            flat.poke(DATA + 0x200, piece.as_bytes());
            flat.call("ets_sha_update", &[DATA, DATA + 0x200, piece.len() as u32, 1]);
        }
        flat.call("ets_sha_finish", &[DATA, DATA + 0x400]);
        hex(&flat.peek(DATA + 0x400, bytes))
    }

    /// FIPS 180-4 examples ("abc", and the message of two blocks).
    #[test]
    fn sha_examples() {
        assert_eq!(sha(0, &["abc"], 20), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert_eq!(sha(2, &["a", "bc"], 32), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        let two = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
        assert_eq!(sha(2, &[two], 32), "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
        assert_eq!(sha(1, &["abc"], 28), "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7");
        assert_eq!(
            sha(4, &["abc"], 64),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
             2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
        );
    }
}
