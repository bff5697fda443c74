//! Decompression: `tinfl_decompress` and its kin (rom/miniz.h), as flasher stubs and updaters use them. RFC 1950, RFC 1951.
//!
//! `tinfl_decompressor` belongs to the ROM; applications see two words of it: the first, which they set to 0 to begin,
//! and the eighth, the Adler-32 so far. All state lies there, so that a call may be left in the middle and taken up again.

mod decoder;
mod huffman;
#[cfg(test)]
mod tests;

use super::guest::{Call, Done};
use super::Function;
use decoder::{Inflate, Output, Run};

/// Functions that run in one go.
///
/// The ROM's miniz was built without malloc (rom/miniz.h, MINIZ_NO_MALLOC): what would allocate finds no memory.
pub(super) const LEAVES: &[(&str, Function)] = &[
    ("tinfl_decompress", decompress),
    ("tinfl_decompress_mem_to_mem", to_memory),
    ("tinfl_decompress_mem_to_heap", |call| without_memory(call, Some(2))),
    ("tinfl_decompress_mem_to_callback", |call| {
        call.ret(FAILED as u32);
        Ok(())
    }),
    ("tdefl_compress_mem_to_heap", |call| without_memory(call, Some(2))),
    ("tdefl_compress_mem_to_mem", |call| without_memory(call, None)),
    ("tdefl_compress_mem_to_output", |call| without_memory(call, None)),
    ("tdefl_write_image_to_png_file_in_memory", |call| without_memory(call, Some(4))),
    ("tdefl_write_image_to_png_file_in_memory_ex", |call| without_memory(call, Some(4))),
    ("mz_free", |_| Ok(())),
];

/// Nothing, of size 0 where a size is asked for.
fn without_memory(call: &mut Call<'_>, size: Option<u32>) -> Done {
    if let Some(k) = size {
        let place = call.arg(k)?;
        call.store(place, 0)?;
    }
    call.ret(0);
    Ok(())
}

// `tinfl_status`.
const BAD_PARAM: i32 = -3;
const ADLER32_MISMATCH: i32 = -2;
const FAILED: i32 = -1;
const DONE: i32 = 0;
const NEEDS_MORE_INPUT: i32 = 1;
const HAS_MORE_OUTPUT: i32 = 2;

// Flags.
const PARSE_ZLIB_HEADER: u32 = 1;
const HAS_MORE_INPUT: u32 = 2;
const NON_WRAPPING: u32 = 4;
const COMPUTE_ADLER32: u32 = 8;

/// RFC 1950, 8.2.
fn adler32(before: u32, bytes: &[u8]) -> u32 {
    const BASE: u32 = 65521;
    let (mut low, mut high) = (before & 0xFFFF, before >> 16);
    for &byte in bytes {
        low = (low + u32::from(byte)) % BASE;
        high = (high + low) % BASE;
    }
    high << 16 | low
}

/// Decoder, input, its size, dictionary, output, its size, flags. The sizes are replaced by what was used.
fn decompress(call: &mut Call<'_>) -> Done {
    let (place, input, input_size) = (call.arg(0)?, call.arg(1)?, call.arg(2)?);
    let (start, next, output_size, flags) = (call.arg(3)?, call.arg(4)?, call.arg(5)?, call.arg(6)?);
    let (given, room) = (call.load(input_size)?, call.load(output_size)?);
    let ring = next.wrapping_sub(start).wrapping_add(room);
    let mask = if flags & NON_WRAPPING != 0 { u32::MAX } else { ring.wrapping_sub(1) };
    if mask.wrapping_add(1) & mask != 0 || next < start {
        call.store(input_size, 0)?;
        call.store(output_size, 0)?;
        call.ret(BAD_PARAM as u32);
        return Ok(());
    }
    let bytes = call.bytes(input, given)?;
    let mut run = Run { state: Inflate::load(call, place)?, input: &bytes, used: 0, flags, codes: None };
    let mut output = Output { start, next, end: next.wrapping_add(room), mask };
    let mut status = run.run(call, &mut output)?;
    let made = output.next.wrapping_sub(next);
    if flags & (PARSE_ZLIB_HEADER | COMPUTE_ADLER32) != 0 && status >= 0 {
        let bytes = call.bytes(next, made)?;
        run.state.adler = adler32(run.state.adler, &bytes);
        if status == DONE && flags & PARSE_ZLIB_HEADER != 0 && run.state.adler != run.state.count {
            status = ADLER32_MISMATCH;
        }
    }
    run.state.store(call, place)?;
    call.store(input_size, run.used as u32)?;
    call.store(output_size, made)?;
    call.ret(status as u32);
    Ok(())
}

/// Output, its size, input, its size, flags: all at once. The answer is the size, or -1.
fn to_memory(call: &mut Call<'_>) -> Done {
    let (next, room, input, given) = (call.arg(0)?, call.arg(1)?, call.arg(2)?, call.arg(3)?);
    let flags = call.arg(4)? & !HAS_MORE_INPUT | NON_WRAPPING;
    let bytes = call.bytes(input, given)?;
    let mut run = Run { state: Inflate::new(), input: &bytes, used: 0, flags, codes: None };
    let mut output = Output { start: next, next, end: next.wrapping_add(room), mask: u32::MAX };
    let status = run.run(call, &mut output)?;
    let made = output.next.wrapping_sub(next);
    let made_bytes = call.bytes(next, made)?;
    let good = flags & PARSE_ZLIB_HEADER == 0 || adler32(1, &made_bytes) == run.state.count;
    call.ret(if status == DONE && good { made } else { u32::MAX });
    Ok(())
}
