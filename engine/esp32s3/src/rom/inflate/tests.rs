use crate::rom::testing::{Flat, DATA};
use crate::rom::Guest;

const PLACE: u32 = DATA + 0x8000;
const SIZES: u32 = DATA + 0x7000;
const INPUT: u32 = DATA;
const OUTPUT: u32 = DATA + 0x1_0000;

/// `zlib.compress(text, 9)` of Python 3.11 with this text.
const TEXT: &str = "badge badge badge lamp lamp Kraken badge lamp";
const ZLIB: [u8; 30] = [
    0x78, 0xDA, 0x4B, 0x4A, 0x4C, 0x49, 0x4F, 0x55, 0x48, 0x42, 0x22, 0x73, 0x12, 0x73, 0x0B, 0x20, 0x84, 0x77, 0x51,
    0x62, 0x76, 0x6A, 0x1E, 0x92, 0x30, 0x00, 0x6E, 0x5F, 0x10, 0x07,
];
/// The same, raw and stored: `zlib.compressobj(0, zlib.DEFLATED, -15)`.
const STORED: [u8; 5] = [0x01, 0x2D, 0x00, 0xD2, 0xFF];

/// Feeds a stream in pieces, takes the output in pieces of a ring; the last status and the text.
fn inflate(stream: &[u8], piece: usize, ring: u32, flags: u32) -> (i32, Vec<u8>) {
    let mut flat = Flat::default();
    flat.poke(INPUT, stream);
    flat.store32(PLACE, 0).unwrap();
    let (mut at, mut next, mut text) = (0, 0, Vec::new());
    loop {
        let given = piece.min(stream.len() - at);
        flat.store32(SIZES, given as u32).unwrap();
        flat.store32(SIZES + 4, ring - next).unwrap();
        let more = if at + given < stream.len() { 2 } else { 0 };
        let args = [PLACE, INPUT + at as u32, SIZES, OUTPUT, OUTPUT + next, SIZES + 4, flags | more];
        let status = flat.call("tinfl_decompress", &args) as i32;
        let (used, made) = (flat.load32(SIZES).unwrap(), flat.load32(SIZES + 4).unwrap());
        text.extend(flat.peek(OUTPUT + next, made as usize));
        at += used as usize;
        next = (next + made) % ring;
        match status {
            1 => assert_eq!(used as usize, given, "all input is taken before more is asked for"),
            2 => assert_eq!(next, 0, "the ring is full"),
            _ => return (status, text),
        }
    }
}

#[test]
fn a_stream_comes_out_whole_however_it_is_cut() {
    for piece in [1, 2, 7, 100] {
        assert_eq!(inflate(&ZLIB, piece, 0x8000, 1), (0, TEXT.as_bytes().to_vec()), "pieces of {piece}");
    }
    let stored = [&STORED[..], TEXT.as_bytes()].concat();
    assert_eq!(inflate(&stored, 3, 32, 0), (0, TEXT.as_bytes().to_vec()));
}

/// The decoder's state is the application's memory; TINFL_STATUS_FAILED is -1 (rom/miniz.h).
#[test]
fn a_state_that_the_decoder_has_not_written_is_refused() {
    let resume = |stage: u32, word: u32, value: u32| {
        let mut flat = Flat::default();
        flat.poke(INPUT, &ZLIB);
        for n in 0..96 {
            flat.store32(PLACE + 4 * n, 0).unwrap();
        }
        for (at, value) in [(PLACE, stage), (PLACE + 4 * word, value), (SIZES, 30), (SIZES + 4, 64)] {
            flat.store32(at, value).unwrap();
        }
        flat.call("tinfl_decompress", &[PLACE, INPUT, SIZES, OUTPUT, OUTPUT, SIZES + 4, 1]) as i32
    };
    for stage in 1..12 {
        // Bits in hand, codes of both kinds, lengths that are filled in, a length of 16 bits.
        for (word, value) in [(1, 65), (2, 289), (3, 33), (6, 321), (16, 0x1000)] {
            assert_eq!(resume(stage, word, value), -1, "stage {stage}, word {word}");
        }
    }
    let length_codes = 5;
    assert_eq!(resume(length_codes, 4, 20), -1, "one more than there are");
}

#[test]
fn a_wrong_check_sum_a_cut_stream_and_a_wrong_code_are_told_apart() {
    let mut wrong = ZLIB;
    wrong[ZLIB.len() - 1] ^= 1;
    assert_eq!(inflate(&wrong, 100, 0x8000, 1).0, -2);
    assert_eq!(inflate(&ZLIB[..20], 100, 0x8000, 1).0, -2, "zeros are read behind the end, and the sum is wrong");
    assert_eq!(inflate(&[0x07], 1, 0x8000, 0).0, -1, "a block of type 3");
}

#[test]
fn memory_to_memory_answers_the_size() {
    let mut flat = Flat::default();
    flat.poke(INPUT, &ZLIB);
    let size = flat.call("tinfl_decompress_mem_to_mem", &[OUTPUT, 0x100, INPUT, ZLIB.len() as u32, 1]);
    assert_eq!(flat.peek(OUTPUT, size as usize), TEXT.as_bytes());
    assert_eq!(flat.call("tinfl_decompress_mem_to_mem", &[OUTPUT, 8, INPUT, ZLIB.len() as u32, 1]), u32::MAX);
}
