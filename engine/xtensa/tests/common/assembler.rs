//! Just enough of an assembler to write random programs. Encodings: ISA RM chapter 7.

/// Where code, vectors, data and the record of results are. `-M sim` has RAM from 0.
pub const VECTORS: u32 = 0x2000;
pub const CODE: u32 = 0x1_0000;
pub const DATA: u32 = 0x80_0000;
pub const RECORD: u32 = 0x90_0000;
pub const STACK: u32 = 0x100_0000;
pub const RAM_BYTES: usize = 0x200_0000;

pub const NOP: u32 = 0x20F0;
pub const RSYNC: u32 = 0x2010;
pub const SIMCALL: u32 = 0x5100;
/// Special registers.
pub const SAR: u32 = 3;
pub const BR: u32 = 4;
pub const SCOMPARE1: u32 = 12;
pub const ACCLO: u32 = 16;
pub const ACCHI: u32 = 17;
pub const WINDOWSTART: u32 = 73;
pub const ATOMCTL: u32 = 99;
pub const EPC1: u32 = 177;
pub const EXCSAVE1: u32 = 209;
pub const CPENABLE: u32 = 224;
pub const PS: u32 = 230;
pub const VECBASE: u32 = 231;
pub const EXCCAUSE: u32 = 232;
pub const MISC1: u32 = 245;
/// User registers.
pub const FCR: u32 = 232;
pub const FSR: u32 = 233;

pub fn rst(template: u32, r: u32, s: u32, t: u32) -> u32 {
    template | r << 12 | s << 8 | t << 4
}
pub fn movi(t: u32, value: u32) -> u32 {
    rst(0xA002, 0, value >> 8 & 15, t) | (value & 255) << 16
}
pub fn addi(t: u32, s: u32, value: i32) -> u32 {
    rst(0xC002, 0, s, t) | (value as u32 & 255) << 16
}
pub fn addmi(t: u32, s: u32, value: u32) -> u32 {
    rst(0xD002, 0, s, t) | (value & 255) << 16
}
pub fn mov(r: u32, s: u32) -> u32 {
    rst(0x20_0000, r, s, s)
}
pub fn slli(r: u32, s: u32, distance: u32) -> u32 {
    let field = 32 - distance;
    rst(0x01_0000 | (field >> 4) << 20, r, s, field & 15)
}
pub fn l32i(t: u32, s: u32, offset: u32) -> u32 {
    rst(0x2002, 0, s, t) | offset / 4 << 16
}
pub fn s32i(t: u32, s: u32, offset: u32) -> u32 {
    rst(0x6002, 0, s, t) | offset / 4 << 16
}
pub fn l32e(t: u32, s: u32, offset: i32) -> u32 {
    rst(0x09_0000, (offset + 64) as u32 / 4, s, t)
}
pub fn s32e(t: u32, s: u32, offset: i32) -> u32 {
    rst(0x49_0000, (offset + 64) as u32 / 4, s, t)
}
pub fn rsr(t: u32, number: u32) -> u32 {
    0x03_0000 | number << 8 | t << 4
}
pub fn wsr(t: u32, number: u32) -> u32 {
    0x13_0000 | number << 8 | t << 4
}
pub fn xsr(t: u32, number: u32) -> u32 {
    0x61_0000 | number << 8 | t << 4
}
pub fn rur(r: u32, number: u32) -> u32 {
    0xE3_0000 | r << 12 | number << 4
}
pub fn wur(t: u32, number: u32) -> u32 {
    0xF3_0000 | number << 8 | t << 4
}
/// Calls and jumps, `offset` in bytes from the address the instruction counts from.
pub fn call(increment: u32, offset: i32) -> u32 {
    5 | increment << 4 | (offset as u32 >> 2 & 0x3_FFFF) << 6
}
pub fn jump(offset: i32) -> u32 {
    6 | (offset as u32 & 0x3_FFFF) << 6
}

/// xorshift64*, so that a failure comes again.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32) as u32
    }
    pub fn below(&mut self, limit: u32) -> u32 {
        (u64::from(self.next()) * u64::from(limit) >> 32) as u32
    }
    pub fn one_in(&mut self, of: u32) -> bool {
        self.below(of) == 0
    }
    pub fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u32) as usize]
    }
}

/// A program being written. What it computes is recorded through a1 as it runs, and what was
/// recorded is named here.
pub struct Program {
    pub random: Random,
    pub code: Vec<u8>,
    pub vectors: Vec<u8>,
    pub data: Vec<u8>,
    pub names: Vec<String>,
}

impl Program {
    pub fn new(seed: u64) -> Self {
        let random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        Program { random, code: vec![], vectors: vec![0; 0x400], data: vec![], names: vec![] }
    }

    pub fn pc(&self) -> u32 {
        CODE + self.code.len() as u32
    }
    pub fn emit(&mut self, word: u32) {
        self.code.extend(&word.to_le_bytes()[..3]);
    }
    pub fn emit_all(&mut self, words: &[u32]) {
        words.iter().for_each(|&word| self.emit(word));
    }
    pub fn emit_narrow(&mut self, word: u32) {
        self.code.extend(&word.to_le_bytes()[..2]);
    }
    pub fn patch(&mut self, at: usize, word: u32) {
        self.code[at..at + 3].copy_from_slice(&word.to_le_bytes()[..3]);
    }
    /// Any constant, without a literal.
    pub fn constant(&mut self, t: u32, value: u32) {
        self.emit(movi(t, 0));
        for shift in [24, 16, 8, 0] {
            if shift != 24 {
                self.emit(slli(t, t, 8));
            }
            let mut byte = (value >> shift & 255) as i32;
            while byte > 0 {
                self.emit(addi(t, t, byte.min(127)));
                byte -= byte.min(127);
            }
        }
    }
    pub fn record(&mut self, t: u32, name: impl Into<String>) {
        self.emit_all(&[s32i(t, 1, 0), addi(1, 1, 4)]);
        self.names.push(name.into());
    }
    /// A jump to the next instruction. QEMU (tried: 7.2.22) gets some results wrong
    /// within one of its blocks (ALL8, MAC16, shifts by SAR); across the border of two it does not.
    pub fn border(&mut self) {
        self.emit(jump(-1));
    }
    pub fn align(&mut self) {
        while self.pc() % 4 != 0 {
            if self.pc() % 4 == 2 {
                self.emit_narrow(0xF03D);
            } else {
                self.emit(NOP);
            }
        }
    }
    pub fn vector(&mut self, offset: usize, words: &[u32]) {
        for (n, word) in words.iter().enumerate() {
            self.vectors[offset + 3 * n..][..3].copy_from_slice(&word.to_le_bytes()[..3]);
        }
    }
    /// Writes the record to the standard output of the simulator. a2 to a5 are lost.
    pub fn write_record(&mut self) {
        self.constant(4, RECORD);
        self.emit_all(&[rst(0xC0_0000, 5, 1, 4), movi(3, 1), movi(2, 4), SIMCALL, movi(2, 77), movi(3, 78)]);
    }
    /// Ends the simulation.
    pub fn end(&mut self) {
        self.emit_all(&[movi(3, 0), movi(2, 1), SIMCALL, NOP]);
    }

    /// An executable: the reset vector of the simulator jumps to the code.
    pub fn elf(&self) -> Vec<u8> {
        let mut boot = vec![];
        for word in [movi(0, 1), slli(0, 0, 16), 0xA0] {
            boot.extend(&word.to_le_bytes()[..3]);
        }
        let segments: [(u32, &[u8]); 4] =
            [(0xFE00_0000, &boot), (VECTORS, &self.vectors), (CODE, &self.code), (DATA, &self.data)];
        let mut elf = b"\x7FELF\x01\x01\x01".to_vec();
        elf.resize(16, 0);
        for half in [2u16, 94] {
            elf.extend(half.to_le_bytes());
        }
        for word in [1, CODE, 52, 0, 0x300] {
            elf.extend(word.to_le_bytes());
        }
        for half in [52u16, 32, segments.len() as u16, 40, 0, 0] {
            elf.extend(half.to_le_bytes());
        }
        let mut offset = (52 + 32 * segments.len()) as u32;
        for (addr, bytes) in segments {
            let size = bytes.len() as u32;
            for word in [1, offset, addr, addr, size, size, 7, 4] {
                elf.extend(word.to_le_bytes());
            }
            offset += size;
        }
        segments.iter().for_each(|(_, bytes)| elf.extend(*bytes));
        elf
    }
}
