//! Random numbers from a seed: splitmix64 (Steele, Lea and Flood, OOPSLA 2014), which needs no state but a counter.

/// A source of numbers, the same for the same seed.
#[derive(Clone, Debug)]
pub struct Dice {
    counter: u64,
    /// What is thrown first, last byte first: somebody else's choices.
    script: Vec<u8>,
}

impl Dice {
    /// A source of its own for each seed.
    pub fn new(seed: u64) -> Self {
        Self { counter: seed.wrapping_mul(0x2545_F491_4F6C_DD1D), script: Vec::new() }
    }

    /// Throws what these bytes say as long as they last: a decision takes as few of them as it can.
    pub fn of(script: &[u8]) -> Self {
        Self { counter: 0, script: script.iter().rev().copied().collect() }
    }

    /// So many bytes of the script, if it has them.
    fn told(&mut self, bytes: usize) -> Option<u64> {
        let left = self.script.len().checked_sub(bytes)?;
        Some(self.script.drain(left..).fold(0, |number, byte| number << 8 | u64::from(byte)))
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.told(8).unwrap_or_else(|| self.next())
    }

    fn next(&mut self) -> u64 {
        self.counter = self.counter.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.counter;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    /// 32 random bits.
    pub fn word(&mut self) -> u32 {
        self.told(4).unwrap_or_else(|| self.next()) as u32
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u32) -> u32 {
        let bytes = match end {
            0..=0x100 => 1,
            0x101..=0x1_0000 => 2,
            _ => 4,
        };
        match self.told(bytes) {
            Some(number) => (number * u64::from(end) >> (8 * bytes)) as u32,
            None => (u64::from(self.word()) * u64::from(end) >> 32) as u32,
        }
    }

    /// True once in `times`.
    pub fn once_in(&mut self, times: u32) -> bool {
        self.below(times) == 0
    }

    /// One of these.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u32) as usize]
    }

    /// A value as a register gets it: the ends of its range, a single bit, a few bits, a small number, an address, anything.
    pub fn value(&mut self, address: impl Fn(&mut Self) -> u32) -> u32 {
        match self.below(10) {
            0 => self.pick(&[0, 1, u32::MAX, 0x8000_0000, 0x7FFF_FFFF]),
            1 | 2 => 1 << self.below(32),
            3 => self.word() & self.word() & self.word(),
            4 => self.below(256),
            5 => self.below(256) << self.below(32),
            6 | 7 => address(self),
            8 => !(1 << self.below(32)),
            _ => self.word(),
        }
    }

    /// Fills memory with random bytes, none of which the script tells.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let bits = self.next().to_le_bytes();
            chunk.copy_from_slice(&bits[..chunk.len()]);
        }
    }
}
