//! The decoder between two symbols, and its run over what input and output there is. RFC 1951, 3.2.3 on.

use super::huffman::{distance_code, length_code, Huffman, Short};
use super::{DONE, FAILED, HAS_MORE_INPUT, HAS_MORE_OUTPUT, NEEDS_MORE_INPUT, NON_WRAPPING, PARSE_ZLIB_HEADER};
use crate::rom::guest::{Call, Done};

/// Cycles of a byte of output, estimated from the length of miniz' loops.
const CYCLES_PER_BYTE: u32 = 12;

/// Where the output goes.
pub(super) struct Output {
    pub(super) start: u32,
    pub(super) next: u32,
    pub(super) end: u32,
    /// The dictionary is a ring of this size less one.
    pub(super) mask: u32,
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
pub(super) struct Inflate {
    stage: Stage,
    is_last: u32,
    pub(super) adler: u32,
    distance: u32,
    /// What is left of a match or a block; at the end the Adler-32 that the stream claims.
    pub(super) count: u32,
    literals: u32,
    distances: u32,
    codes: u32,
    filled: u32,
    bits: u64,
    held: u32,
    lengths: [u8; CODES],
}

impl Inflate {
    pub(super) fn new() -> Self {
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

    pub(super) fn load(call: &mut Call<'_>, at: u32) -> Done<Self> {
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
        let [_, held, literals, distances, codes, _, filled, ..] = words;
        let is_ours = held <= 64 && literals <= 288 && distances <= 32 && lengths.iter().all(|&length| length < 16);
        let in_codes = filled < codes && codes <= 19;
        if !is_ours || filled > CODES as u32 || stage == Stage::LengthCodes && !in_codes {
            // Somebody else has written there.
            return Ok(Self { stage: Stage::Broken, ..Self::new() });
        }
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

    pub(super) fn store(&self, call: &mut Call<'_>, at: u32) -> Done {
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

/// One run of the decoder over what input and output there is.
pub(super) struct Run<'a> {
    pub(super) state: Inflate,
    pub(super) input: &'a [u8],
    pub(super) used: usize,
    pub(super) flags: u32,
    pub(super) codes: Option<(Huffman, Huffman)>,
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
    pub(super) fn run(&mut self, call: &mut Call<'_>, output: &mut Output) -> Done<i32> {
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
        self.state.bits &= !u64::MAX.checked_shl(self.state.held).unwrap_or(0);
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
