//! Decompression: `tinfl_decompress` and its kin (rom/miniz.h), as flasher stubs and updaters use them. RFC 1950, RFC 1951.
//!
//! `tinfl_decompressor` belongs to the ROM; applications see two words of it: the first, which they set to 0 to begin,
//! and the eighth, the Adler-32 so far. All state lies there, so that a call may be left in the middle and taken up again.

use super::guest::{Call, Done};
use super::Function;

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

/// Cycles of a byte of output, estimated from the length of miniz' loops.
const CYCLES_PER_BYTE: u32 = 12;

/// Where the decoder is.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
enum Stage {
    /// The application has set the first word to 0.
    Fresh,
    Start,
    Header,
    Stored,
    Counts,
    LengthCodes,
    Lengths,
    Symbols,
    Copy,
    CopyStored,
    Trailer,
    End,
    Broken,
}

const STAGES: [Stage; 13] = [
    Stage::Fresh,
    Stage::Start,
    Stage::Header,
    Stage::Stored,
    Stage::Counts,
    Stage::LengthCodes,
    Stage::Lengths,
    Stage::Symbols,
    Stage::Copy,
    Stage::CopyStored,
    Stage::Trailer,
    Stage::End,
    Stage::Broken,
];

/// Words of the guest's structure; the code lengths follow.
const WORDS: usize = 16;
/// Literal and distance codes.
const CODES: usize = 288 + 32;

/// The decoder between two symbols.
struct Inflate {
    stage: Stage,
    is_last: u32,
    adler: u32,
    distance: u32,
    count: u32,
    literals: u32,
    distances: u32,
    codes: u32,
    filled: u32,
    bits: u64,
    held: u32,
    lengths: [u8; CODES],
}

/// Not enough input for the next step.
struct Short;

impl Inflate {
    fn new() -> Self {
        Self {
            stage: Stage::Start,
            is_last: 0,
            adler: 1,
            distance: 0,
            count: 0,
            literals: 0,
            distances: 0,
            codes: 0,
            filled: 0,
            bits: 0,
            held: 0,
            lengths: [0; CODES],
        }
    }

    fn load(call: &mut Call<'_>, at: u32) -> Done<Self> {
        let mut words = [0; WORDS];
        for (n, word) in words.iter_mut().enumerate() {
            *word = call.load(at + 4 * n as u32)?;
        }
        let stage = STAGES.get(words[0] as usize).copied().unwrap_or(Stage::Broken);
        if stage == Stage::Fresh {
            return Ok(Self::new());
        }
        let mut lengths = [0; CODES];
        lengths.copy_from_slice(&call.bytes(at + 4 * WORDS as u32, CODES as u32)?);
        Ok(Self {
            stage,
            held: words[1],
            literals: words[2],
            distances: words[3],
            codes: words[4],
            is_last: words[5],
            filled: words[6],
            adler: words[7],
            distance: words[8],
            count: words[9],
            bits: u64::from(words[10]) | u64::from(words[11]) << 32,
            lengths,
        })
    }

    fn store(&self, call: &mut Call<'_>, at: u32) -> Done {
        let words = [
            self.stage as u32,
            self.held,
            self.literals,
            self.distances,
            self.codes,
            self.is_last,
            self.filled,
            self.adler,
            self.distance,
            self.count,
            self.bits as u32,
            (self.bits >> 32) as u32,
        ];
        for (n, word) in words.into_iter().enumerate() {
            call.store(at + 4 * n as u32, word)?;
        }
        call.put(at + 4 * WORDS as u32, &self.lengths)
    }

    /// Takes bits if so many are there.
    fn take(&mut self, count: u32) -> Result<u32, Short> {
        if self.held < count {
            return Err(Short);
        }
        let value = self.bits & ((1 << count) - 1);
        self.bits >>= count;
        self.held -= count;
        Ok(value as u32)
    }

    fn skip_to_byte(&mut self) {
        let rest = self.held % 8;
        self.bits >>= rest;
        self.held -= rest;
    }
}

/// A canonical Huffman code: how many symbols of each length, and the symbols in the order of their codes.
struct Huffman {
    counts: [u16; 16],
    symbols: Vec<u16>,
}

impl Huffman {
    /// `None`: more codes than there are.
    fn new(lengths: &[u8]) -> Option<Self> {
        let mut counts = [0u16; 16];
        for &length in lengths {
            counts[usize::from(length)] += 1;
        }
        counts[0] = 0;
        let mut left = 1i32;
        for &count in &counts[1..] {
            left = 2 * left - i32::from(count);
        }
        if left < 0 {
            return None;
        }
        let mut order: Vec<u16> = (0..lengths.len() as u16).filter(|&n| lengths[usize::from(n)] != 0).collect();
        order.sort_by_key(|&n| lengths[usize::from(n)]);
        Some(Self { counts, symbols: order })
    }

    /// The next symbol and its bits, of those that are there. `None` in it: no code begins so.
    fn peek(&self, bits: u64, held: u32) -> Result<Option<(u16, u32)>, Short> {
        let (mut code, mut first, mut index) = (0i32, 0i32, 0i32);
        for length in 1..16u32 {
            if length > held {
                return Err(Short);
            }
            code |= (bits >> (length - 1) & 1) as i32;
            let count = i32::from(self.counts[length as usize]);
            if code - count < first {
                return Ok(Some((self.symbols[(index + code - first) as usize], length)));
            }
            index += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        Ok(None)
    }
}

/// Base and extra bits of length code 257 + n (RFC 1951, 3.2.5).
fn length_code(n: u32) -> Option<(u32, u32)> {
    Some(match n {
        0..=7 => (3 + n, 0),
        8..=27 => {
            let extra = (n - 4) / 4;
            (3 + ((4 + n % 4) << extra), extra)
        }
        28 => (258, 0),
        _ => return None,
    })
}

/// Base and extra bits of a distance code.
fn distance_code(n: u32) -> Option<(u32, u32)> {
    Some(match n {
        0..=3 => (1 + n, 0),
        4..=29 => {
            let extra = (n - 2) / 2;
            (1 + ((2 + n % 2) << extra), extra)
        }
        _ => return None,
    })
}

/// Where the output goes.
struct Output {
    start: u32,
    next: u32,
    end: u32,
    /// The dictionary is a ring of this size less one.
    mask: u32,
}

impl Output {
    fn has_room(&self) -> bool {
        self.next != self.end
    }

    fn put(&mut self, call: &mut Call<'_>, byte: u8) -> Done {
        call.guest.store8(self.next, byte)?;
        call.charge(CYCLES_PER_BYTE);
        self.next = self.next.wrapping_add(1);
        Ok(())
    }

    /// The byte so far back; `None` where there is none.
    fn back(&self, call: &mut Call<'_>, distance: u32) -> Done<Option<u8>> {
        let at = self.next.wrapping_sub(self.start);
        if self.mask == u32::MAX && distance > at {
            return Ok(None);
        }
        let from = self.start.wrapping_add(at.wrapping_sub(distance) & self.mask);
        Ok(Some(call.guest.load8(from)?))
    }
}

/// One run of the decoder over what input and output there is.
struct Run<'a> {
    state: Inflate,
    input: &'a [u8],
    used: usize,
    flags: u32,
    codes: Option<(Huffman, Huffman)>,
}

impl Run<'_> {
    fn refill(&mut self) {
        while self.state.held <= 56 && self.used < self.input.len() {
            self.state.bits |= u64::from(self.input[self.used]) << self.state.held;
            self.state.held += 8;
            self.used += 1;
        }
    }

    /// Runs until input or output is used up, or all is decoded.
    fn run(&mut self, call: &mut Call<'_>, output: &mut Output) -> Done<i32> {
        loop {
            self.refill();
            match self.step(call, output)? {
                Ok(None) => {}
                Ok(Some(status)) => return Ok(status),
                Err(Short) if self.used < self.input.len() => {}
                Err(Short) if self.flags & HAS_MORE_INPUT != 0 => return Ok(NEEDS_MORE_INPUT),
                Err(Short) if self.state.stage == Stage::CopyStored => return Ok(self.broken()),
                // Behind the end of the last input miniz reads zeros.
                Err(Short) => self.state.held += 8,
            }
        }
    }

    fn broken(&mut self) -> i32 {
        self.state.stage = Stage::Broken;
        FAILED
    }

    /// One step. Some: the run ends so.
    fn step(&mut self, call: &mut Call<'_>, output: &mut Output) -> Done<Result<Option<i32>, Short>> {
        let state = &mut self.state;
        Ok(match state.stage {
            Stage::Fresh | Stage::Start => self.start(output),
            Stage::Header => self.header(),
            Stage::Stored => self.stored(),
            Stage::Counts => self.counts(),
            Stage::LengthCodes => self.length_codes(),
            Stage::Lengths => self.code_lengths(),
            Stage::Symbols => return self.symbol(call, output),
            Stage::Copy | Stage::CopyStored => return self.copy(call, output),
            Stage::Trailer => self.trailer(),
            Stage::End => Ok(Some(DONE)),
            Stage::Broken => Ok(Some(FAILED)),
        })
    }

    fn start(&mut self, output: &Output) -> Result<Option<i32>, Short> {
        if self.flags & PARSE_ZLIB_HEADER != 0 {
            let header = self.state.take(16)?;
            let (method, flags) = (header & 0xFF, header >> 8);
            let window = 1u64 << (8 + (method >> 4));
            let fits = self.flags & NON_WRAPPING != 0 || (window <= 32768 && window <= u64::from(output.mask) + 1);
            if (method << 8 | flags) % 31 != 0 || flags & 0x20 != 0 || method & 15 != 8 || !fits {
                return Ok(Some(self.broken()));
            }
        }
        self.state.stage = Stage::Header;
        Ok(None)
    }

    fn header(&mut self) -> Result<Option<i32>, Short> {
        let header = self.state.take(3)?;
        self.state.is_last = header & 1;
        self.codes = None;
        match header >> 1 {
            0 => {
                self.state.skip_to_byte();
                self.state.stage = Stage::Stored;
            }
            1 => {
                self.state.lengths = [8; CODES];
                self.state.lengths[144..256].fill(9);
                self.state.lengths[256..280].fill(7);
                self.state.lengths[288..].fill(5);
                (self.state.literals, self.state.distances) = (288, 32);
                self.state.stage = Stage::Symbols;
            }
            2 => self.state.stage = Stage::Counts,
            _ => return Ok(Some(self.broken())),
        }
        Ok(None)
    }

    fn stored(&mut self) -> Result<Option<i32>, Short> {
        let sizes = self.state.take(32)?;
        if sizes & 0xFFFF != !(sizes >> 16) & 0xFFFF {
            return Ok(Some(self.broken()));
        }
        self.state.count = sizes & 0xFFFF;
        self.state.stage = Stage::CopyStored;
        Ok(None)
    }

    fn counts(&mut self) -> Result<Option<i32>, Short> {
        let counts = self.state.take(14)?;
        self.state.literals = 257 + (counts & 31);
        self.state.distances = 1 + (counts >> 5 & 31);
        self.state.codes = 4 + (counts >> 10);
        self.state.filled = 0;
        self.state.lengths = [0; CODES];
        self.state.stage = Stage::LengthCodes;
        if self.state.literals > 286 {
            return Ok(Some(self.broken()));
        }
        Ok(None)
    }

    /// The lengths of the code in which the code lengths are written.
    fn length_codes(&mut self) -> Result<Option<i32>, Short> {
        const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
        let length = self.state.take(3)?;
        // They are kept behind the others, which need 286 and 32 at most until then.
        self.state.lengths[CODES - 19 + ORDER[self.state.filled as usize]] = length as u8;
        self.state.filled += 1;
        if self.state.filled == self.state.codes {
            let mut packed = 0u64;
            for n in 0..19 {
                packed |= u64::from(self.state.lengths[CODES - 19 + n]) << (3 * n);
            }
            self.state.lengths = [0; CODES];
            (self.state.distance, self.state.count) = (packed as u32, (packed >> 32) as u32);
            self.state.filled = 0;
            self.state.stage = Stage::Lengths;
        }
        Ok(None)
    }

    fn code_lengths(&mut self) -> Result<Option<i32>, Short> {
        let packed = u64::from(self.state.distance) | u64::from(self.state.count) << 32;
        let lengths: Vec<u8> = (0..19).map(|n| (packed >> (3 * n) & 7) as u8).collect();
        let Some(code) = Huffman::new(&lengths) else { return Ok(Some(self.broken())) };
        let total = self.state.literals + self.state.distances;
        while self.state.filled < total {
            self.refill();
            let Some((symbol, bits)) = code.peek(self.state.bits, self.state.held)? else {
                return Ok(Some(self.broken()));
            };
            let at = self.state.filled as usize;
            let (extra, base) = match symbol {
                16 => (2, 3),
                17 => (3, 3),
                18 => (7, 11),
                _ => (0, 1),
            };
            if self.state.held < bits + extra {
                return Err(Short);
            }
            let _code = self.state.take(bits)?;
            let repeat = base + self.state.take(extra)?;
            let length = match symbol {
                16 if at == 0 => return Ok(Some(self.broken())),
                16 => self.state.lengths[at - 1],
                17 | 18 => 0,
                length => length as u8,
            };
            if self.state.filled + repeat > total {
                return Ok(Some(self.broken()));
            }
            self.state.lengths[at..at + repeat as usize].fill(length);
            self.state.filled += repeat;
        }
        // The distances go where they are with the fixed codes.
        let (literals, distances) = (self.state.literals as usize, self.state.distances as usize);
        let moved: Vec<u8> = self.state.lengths[literals..literals + distances].to_vec();
        self.state.lengths[literals..].fill(0);
        self.state.lengths[288..288 + distances].copy_from_slice(&moved);
        self.state.stage = Stage::Symbols;
        Ok(None)
    }

    fn symbol(&mut self, call: &mut Call<'_>, output: &mut Output) -> Done<Result<Option<i32>, Short>> {
        if self.codes.is_none() {
            let both = (Huffman::new(&self.state.lengths[..288]), Huffman::new(&self.state.lengths[288..]));
            let (Some(literals), Some(distances)) = both else { return Ok(Ok(Some(self.broken()))) };
            self.codes = Some((literals, distances));
        }
        loop {
            self.refill();
            let before = (self.state.bits, self.state.held);
            let found = self.one_symbol();
            if matches!(found, Err(Short)) || matches!(found, Ok(Found::Literal(_)) if !output.has_room()) {
                (self.state.bits, self.state.held) = before;
            }
            match found {
                Err(Short) => return Ok(Err(Short)),
                Ok(Found::Broken) => return Ok(Ok(Some(self.broken()))),
                Ok(Found::Literal(_)) if !output.has_room() => return Ok(Ok(Some(HAS_MORE_OUTPUT))),
                Ok(Found::Literal(byte)) => output.put(call, byte)?,
                Ok(Found::End) => {
                    self.end_of_block();
                    return Ok(Ok(None));
                }
                Ok(Found::Match) => {
                    self.state.stage = Stage::Copy;
                    return Ok(Ok(None));
                }
            }
        }
    }

    fn one_symbol(&mut self) -> Result<Found, Short> {
        let Some((literals, distances)) = &self.codes else { return Ok(Found::Broken) };
        let state = &mut self.state;
        let Some((symbol, bits)) = literals.peek(state.bits, state.held)? else { return Ok(Found::Broken) };
        let _code = state.take(bits)?;
        match symbol {
            0..=255 => return Ok(Found::Literal(symbol as u8)),
            256 => return Ok(Found::End),
            _ => {}
        }
        let Some((base, extra)) = length_code(u32::from(symbol) - 257) else { return Ok(Found::Broken) };
        let length = base + state.take(extra)?;
        let Some((symbol, bits)) = distances.peek(state.bits, state.held)? else { return Ok(Found::Broken) };
        let _code = state.take(bits)?;
        let Some((base, extra)) = distance_code(u32::from(symbol)) else { return Ok(Found::Broken) };
        state.distance = base + state.take(extra)?;
        state.count = length;
        Ok(Found::Match)
    }

    fn end_of_block(&mut self) {
        self.state.stage = if self.state.is_last != 0 { Stage::Trailer } else { Stage::Header };
    }

    /// The rest of a match or of a stored block.
    fn copy(&mut self, call: &mut Call<'_>, output: &mut Output) -> Done<Result<Option<i32>, Short>> {
        while self.state.count != 0 {
            if !output.has_room() {
                return Ok(Ok(Some(HAS_MORE_OUTPUT)));
            }
            let byte = if self.state.stage == Stage::Copy {
                match output.back(call, self.state.distance)? {
                    Some(byte) => byte,
                    None => return Ok(Ok(Some(self.broken()))),
                }
            } else {
                self.refill();
                match self.state.take(8) {
                    Ok(byte) => byte as u8,
                    Err(short) => return Ok(Err(short)),
                }
            };
            output.put(call, byte)?;
            self.state.count -= 1;
        }
        if self.state.stage == Stage::Copy {
            self.state.stage = Stage::Symbols;
        } else {
            self.end_of_block();
        }
        Ok(Ok(None))
    }

    /// The Adler-32 of a zlib stream. What was read ahead beyond the end is given back.
    fn trailer(&mut self) -> Result<Option<i32>, Short> {
        self.state.skip_to_byte();
        if self.flags & PARSE_ZLIB_HEADER != 0 {
            self.state.count = self.state.take(32)?.swap_bytes();
        }
        let ahead = (self.state.held / 8) as usize;
        let back = ahead.min(self.used);
        self.used -= back;
        self.state.held -= 8 * back as u32;
        self.state.bits &= (1u64 << self.state.held) - 1;
        self.state.stage = Stage::End;
        Ok(None)
    }
}

/// What the next codes say.
enum Found {
    Literal(u8),
    Match,
    End,
    Broken,
}

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

#[cfg(test)]
#[path = "inflate_tests.rs"]
mod tests;
