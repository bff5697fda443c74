//! Random programs for the lockstep test: every 16-bit and 32-bit instruction of ARMv6-M but BKPT,
//! in straight code, loops, calls and handlers that always end. R11 holds the RAM base and SP stays
//! in its region; everything else is random.

mod exceptions;

use super::thumb::*;
use super::RAM;

/// Where random loads and stores go: RAM up to here, and a little above.
const DATA_BYTES: u32 = 0x2000;
/// Stacks, well above the data.
const PROCESS_STACK: u32 = RAM + 0x2D00;
const MAIN_STACK: u32 = RAM + 0x3800;
/// Passes still to go.
const COUNTER: u32 = RAM + 0x3F00;

const BASE: u16 = 11;
const SP: u16 = 13;
const LR: u16 = 14;
const PC: u16 = 15;

const ICSR: u32 = 0xE000_ED04;
const PENDSVSET: u32 = 1 << 28;

/// SplitMix64.
pub struct Rng(pub u64);

impl Rng {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }
    pub fn below(&mut self, limit: u16) -> u16 {
        (self.next() % u64::from(limit)) as u16
    }
    fn pick(&mut self, choices: &[u16]) -> u16 {
        choices[usize::from(self.below(choices.len() as u16))]
    }
}

pub struct Program {
    pub image: Vec<u8>,
    at: u32,
    rng: Rng,
    /// Registers that must keep their value: a bit each.
    keep: u16,
    /// A return address lies above SP: no store there.
    framed: bool,
}

/// A program of `bytes` that runs `passes` times and then leaves QEMU by semihosting.
pub fn program(seed: u64, bytes: usize, passes: u16) -> Vec<u8> {
    let mut p = Program { image: vec![0; bytes], at: 0, rng: Rng(seed), keep: 1 << BASE | 1 << SP, framed: false };
    // What the code does not fill is random data for literal loads.
    for chunk in p.image.chunks_mut(8) {
        chunk.copy_from_slice(&p.rng.next().to_le_bytes()[..chunk.len()]);
    }
    p.at = 0x100;
    p.handlers();
    let start = p.at;
    p.set_word(4, start | 1);
    p.constant(0, COUNTER);
    p.constant(1, passes.into());
    p.emit(str_imm(1, 0, 0));
    p.align();
    let again = p.at;
    p.constant(0, RAM);
    p.emit(mov(BASE, 0));
    p.constant(0, MAIN_STACK);
    p.emit(mov(SP, 0));
    while p.at < bytes as u32 - 0x1000 {
        p.statement(3);
    }
    p.look_at_memory();
    p.next_pass(again);
    p.image
}

impl Program {
    fn set_word(&mut self, at: u32, word: u32) {
        self.image[at as usize..][..4].copy_from_slice(&word.to_le_bytes());
    }

    fn put(&mut self, at: u32, halfword: u16) {
        self.image[at as usize..][..2].copy_from_slice(&halfword.to_le_bytes());
    }

    fn emit(&mut self, halfword: u16) {
        self.put(self.at, halfword);
        self.at += 2;
    }

    fn emit_wide(&mut self, [first, second]: [u16; 2]) {
        self.emit(first);
        self.emit(second);
    }

    fn align(&mut self) {
        if self.at % 4 != 0 {
            self.emit(NOP);
        }
    }

    /// Loads a constant, byte by byte.
    fn constant(&mut self, rd: u16, value: u32) {
        let [a, b, c, d] = value.to_be_bytes();
        self.emit(movs_imm(rd, a.into()));
        for byte in [b, c, d] {
            self.emit(lsls_imm(rd, rd, 8));
            self.emit(adds_imm8(rd, byte.into()));
        }
    }

    /// A low register that may be written.
    fn low(&mut self) -> u16 {
        loop {
            let register = self.rng.below(8);
            if self.keep & 1 << register == 0 {
                return register;
            }
        }
    }

    /// A register other than SP and PC that may be written.
    fn any(&mut self) -> u16 {
        loop {
            let register = self.rng.below(15);
            if self.keep & 1 << register == 0 {
                return register;
            }
        }
    }

    fn chance(&mut self, one_in: u16) -> bool {
        self.rng.below(one_in) == 0
    }

    /// Keeps `register` while `inside` runs.
    fn keeping(&mut self, register: u16, inside: impl FnOnce(&mut Self)) {
        let before = self.keep;
        self.keep |= 1 << register;
        inside(self);
        self.keep = before;
    }

    /// One instruction that neither branches nor moves SP.
    fn simple(&mut self) {
        let (rd, low, imm5, imm8) = (self.low(), self.rng.below(8), self.rng.below(32), self.rng.below(256));
        let rm = self.rng.below(8);
        let halfword = match self.rng.below(24) {
            0 => lsls_imm(rd, low, imm5),
            1 => lsrs_imm(rd, low, imm5),
            2 => asrs_imm(rd, low, imm5),
            3 => adds_reg(rd, low, rm),
            4 => subs_reg(rd, low, rm),
            5 => adds_imm3(rd, low, imm5 & 7),
            6 => subs_imm3(rd, low, imm5 & 7),
            7 => movs_imm(rd, imm8),
            8 => cmp_imm(low, imm8),
            9 => adds_imm8(rd, imm8),
            10 => subs_imm8(rd, imm8),
            11..=14 => data(self.rng.below(16), rd, low),
            15 => {
                let (rd, rm) = (self.any(), self.rng.below(16));
                add_high(rd, rm)
            }
            16 => {
                let (rd, rm) = (self.any(), self.rng.below(16));
                mov(rd, rm)
            }
            17 => match (8 + self.rng.below(7), self.rng.below(15)) {
                (high, other) if self.chance(2) || other < 8 => cmp_high(other, high),
                (high, other) => cmp_high(high, other),
            },
            18 => self.rng.pick(&[sxth(rd, low), sxtb(rd, low), uxth(rd, low), uxtb(rd, low)]),
            19 => self.rng.pick(&[rev(rd, low), rev16(rd, low), revsh(rd, low)]),
            20 => self.rng.pick(&[adr(rd, imm8 << 2), add_rd_sp(rd, imm8 << 2)]),
            21 | 22 if self.framed => ldr_sp(rd, imm8 << 2),
            21 | 22 => self.rng.pick(&[ldr_lit(rd, imm8 << 2), ldr_sp(rd, imm8 << 2), str_sp(low, imm8 << 2)]),
            _ => self.rng.pick(&[NOP, YIELD, SEV]),
        };
        self.emit(halfword);
    }

    fn simples(&mut self, limit: u16) {
        for _ in 0..self.rng.below(limit) {
            self.simple();
        }
    }

    /// Something that leaves SP where it was; `depth` bounds the nesting.
    fn statement(&mut self, depth: u16) {
        match self.rng.below(if depth == 0 { 14 } else { 32 }) {
            0..=4 => self.simples(6),
            5..=9 => self.memory(),
            10 | 11 => self.multiple(),
            12 => self.status(),
            13 => self.skip_on_condition(),
            14..=17 => self.stack(depth - 1),
            18 | 19 => self.short_loop(depth - 1),
            20 | 21 => self.call(depth - 1),
            22 | 23 => self.call_back(),
            24 => self.branch_there_and_back(),
            25..=27 => self.computed_branch(),
            28 | 29 => self.exception(),
            30 => self.fault(),
            _ => self.process_stack(),
        }
    }

    /// An address in the data region, aligned to `1 << shift`.
    fn address(&mut self, rd: u16, shift: u16) {
        let bits = DATA_BYTES.trailing_zeros() as u16 - shift;
        self.emit(lsrs_imm(rd, self.rng.0 as u16 & 7, 32 - bits));
        self.emit(lsls_imm(rd, rd, shift));
        self.emit(add_high(rd, BASE));
    }

    fn memory(&mut self) {
        let (base, offset) = (self.low(), self.rng.below(256));
        let kind = self.rng.below(14);
        let shift = match kind {
            0 | 1 | 6 | 7 => 2,
            2 | 3 | 8..=10 => 1,
            _ => 0,
        };
        self.address(base, shift);
        let aligned = offset >> shift << shift;
        let small = aligned & 31 << shift;
        let mut index = base;
        if kind >= 6 {
            while index == base {
                index = self.low();
            }
            self.emit(movs_imm(index, aligned));
        }
        let data = self.rng.below(8);
        let into = self.low();
        let halfword = match kind {
            0 => str_imm(data, base, small),
            1 => ldr_imm(into, base, small),
            2 => strh_imm(data, base, small),
            3 => ldrh_imm(into, base, small),
            4 => strb_imm(data, base, small),
            5 => ldrb_imm(into, base, small),
            6 => str_reg(data, base, index),
            7 => ldr_reg(into, base, index),
            8 => strh_reg(data, base, index),
            9 => ldrh_reg(into, base, index),
            10 => ldrsh_reg(into, base, index),
            11 => strb_reg(data, base, index),
            12 => ldrb_reg(into, base, index),
            _ => ldrsb_reg(into, base, index),
        };
        self.emit(halfword);
    }

    /// A list of low registers that may be written.
    fn list(&mut self) -> u16 {
        loop {
            let list = self.rng.below(256) & !self.keep;
            if list != 0 {
                return list;
            }
        }
    }

    fn multiple(&mut self) {
        let base = self.low();
        self.address(base, 2);
        if self.chance(2) {
            let list = self.list();
            self.emit(ldm(base, list));
        } else {
            // A base that is in the list but not its lowest register stores an UNKNOWN value.
            let list = match self.rng.below(255) + 1 {
                list if list & ((1 << base) - 1) == 0 => list,
                list => list & !(1 << base),
            };
            self.emit(stm(base, list));
        }
    }

    fn status(&mut self) {
        let register = self.any();
        match self.rng.below(4) {
            // Flags only: QEMU keeps APSR.Q, which ARMv6-M has not.
            0 => {
                let (low, high) = (self.low(), self.any());
                self.emit(lsrs_imm(low, low, 28));
                self.emit(lsls_imm(low, low, 28));
                self.emit(mov(high, low));
                self.emit_wide(msr(APSR, high));
            }
            1 => {
                let special = self.rng.pick(&[APSR, XPSR, IPSR, 1, 2, 6, 7, MSP, PSP, PRIMASK, CONTROL]);
                self.emit_wide(mrs(register, special));
            }
            2 => {
                let barrier = [DSB, DMB, ISB][usize::from(self.rng.below(3))];
                self.emit_wide(barrier);
            }
            _ => {
                self.emit(SEV);
                self.emit(WFE);
            }
        }
    }

    fn skip_on_condition(&mut self) {
        let condition = self.rng.below(14);
        let skipped = self.rng.below(8);
        self.emit(b_cond(condition, i32::from(skipped) * 2 - 2));
        for _ in 0..skipped {
            self.simple();
        }
    }

    /// Something is pushed, or SP is moved, and comes back.
    fn stack(&mut self, depth: u16) {
        match self.rng.below(3) {
            0 => {
                let pushed = self.rng.below(511) + 1;
                self.emit(push(pushed));
                self.statement(depth);
                let popped = self.list();
                // As many words as were pushed: POP what is allowed, then move SP.
                let surplus = pushed.count_ones() as i32 - popped.count_ones() as i32;
                if surplus < 0 {
                    self.emit(sub_sp(-surplus as u16 * 4));
                }
                self.emit(pop(popped));
                if surplus > 0 {
                    self.emit(add_sp(surplus as u16 * 4));
                }
            }
            1 => {
                let bytes = self.rng.below(32) * 4;
                self.emit(sub_sp(bytes));
                self.statement(depth);
                self.emit(add_sp(bytes));
            }
            _ => {
                // SP through a register, whose low bits SP does not keep.
                let saved = self.low();
                self.emit(mov(saved, SP));
                self.keeping(saved, |p| {
                    p.simples(4);
                    p.emit(adds_imm8(saved, 3));
                    p.emit(mov(SP, saved));
                    p.statement(0);
                    let offset = p.rng.below(16) * 4 + 2;
                    p.emit(movs_imm(saved, offset));
                    p.emit(add_high(SP, saved));
                    p.emit(sub_sp(offset & !3));
                });
            }
        }
    }

    fn short_loop(&mut self, depth: u16) {
        if self.keep & 0xFF != 0 {
            return self.simples(4);
        }
        let counter = self.low();
        let rounds = self.rng.below(5) + 1;
        self.emit(movs_imm(counter, rounds));
        let head = self.at;
        self.keeping(counter, |p| {
            p.simples(5);
            p.statement(depth.min(1));
            p.emit(subs_imm8(counter, 1));
        });
        let offset = head as i32 - (self.at as i32 + 4);
        if offset >= -256 {
            self.emit(b_cond(NE, offset));
        }
    }

    /// A function at the current address.
    fn function(&mut self, depth: u16) {
        if self.chance(3) {
            self.keeping(LR, |p| p.simples(5));
            self.emit(bx(LR));
        } else {
            let (pushed, list) = (self.rng.below(256), self.list());
            self.emit(push(0x100 | pushed));
            let framed = std::mem::replace(&mut self.framed, true);
            self.statement(depth);
            self.framed = framed;
            let surplus = pushed.count_ones() as i32 - list.count_ones() as i32;
            match surplus {
                1.. => self.emit(add_sp(surplus as u16 * 4)),
                // Too little to pop: PC alone.
                ..=-1 => {
                    self.emit(add_sp(pushed.count_ones() as u16 * 4));
                    return self.emit(pop(0x100));
                }
                0 => {}
            }
            self.emit(pop(0x100 | list));
        }
    }

    /// BL or BLX to a function that follows; it is skipped afterwards.
    fn call(&mut self, depth: u16) {
        if self.chance(2) {
            self.emit_wide(bl(2));
        } else {
            let target = self.low();
            if self.at % 4 != 0 {
                self.simple();
            }
            // adr (at), adds (2), blx (4), b (6), function (8)
            self.emit(adr(target, 4));
            self.emit(adds_imm8(target, 1));
            self.emit(blx(target));
        }
        let skip = self.at;
        self.emit(NOP);
        self.function(depth);
        let over = self.at as i32 - (skip as i32 + 4);
        self.put(skip, b(over));
    }

    /// The function comes first, and BL goes back.
    fn call_back(&mut self) {
        let skip = self.at;
        self.emit(NOP);
        let function = self.at as i32;
        self.function(0);
        let over = self.at as i32 - (skip as i32 + 4);
        self.put(skip, b(over));
        let offset = function - (self.at as i32 + 4);
        self.emit_wide(bl(offset));
    }

    fn branch_there_and_back(&mut self) {
        let there = self.at;
        self.emit(NOP);
        let middle = self.at as i32;
        self.simples(6);
        let out = self.at;
        self.emit(NOP);
        self.put(there, b(self.at as i32 - (there as i32 + 4)));
        self.simples(6);
        let back = middle - (self.at as i32 + 4);
        self.emit(b(back));
        self.put(out, b(self.at as i32 - (out as i32 + 4)));
    }

    /// BX, MOV PC, ADD PC and POP {PC} over a few halfwords of data.
    fn computed_branch(&mut self) {
        let rd = self.low();
        let skipped = u32::from(self.rng.below(6));
        let kind = self.rng.below(4);
        if kind == 3 {
            // Bit 0 does not count.
            let offset = skipped as u16 * 2 + self.rng.below(2);
            self.emit(movs_imm(rd, offset));
            self.emit(add_high(PC, rd));
            self.at += 2 + 2 * skipped;
            return;
        }
        self.align();
        let start = self.at;
        self.emit(NOP);
        self.emit(adds_imm8(rd, 1));
        match kind {
            0 => self.emit(bx(rd)),
            1 => self.emit(mov(PC, rd)),
            _ => {
                self.emit(push(1 << rd));
                self.emit(pop(0x100));
            }
        }
        self.at += 2 * skipped;
        if self.at % 4 != 0 {
            self.at += 2;
        }
        self.put(start, adr(rd, (self.at - start - 4) as u16));
    }

    /// Reads all of RAM that the program may have written into registers.
    fn look_at_memory(&mut self) {
        self.constant(0, RAM);
        self.constant(1, MAIN_STACK);
        let head = self.at;
        self.emit(ldm(0, 0b0011_1100));
        self.emit(cmp_high(0, 8));
        self.emit(data(CMP, 0, 1));
        let offset = head as i32 - (self.at as i32 + 4);
        self.emit(b_cond(3, offset));
    }

    /// Back to `again`, or SYS_EXIT with ADP_Stopped_ApplicationExit (Arm semihosting 6.?).
    fn next_pass(&mut self, again: u32) {
        self.constant(0, COUNTER);
        self.emit(ldr_imm(1, 0, 0));
        self.emit(subs_imm8(1, 1));
        self.emit(str_imm(1, 0, 0));
        self.emit(b_cond(EQ, 14));
        self.constant(0, again | 1);
        // constant() is seven instructions; the branch above skips them and this one.
        self.emit(NOP);
        let skip = self.at;
        self.put(skip - 2, bx(0));
        self.constant(1, 0x20026);
        self.emit(movs_imm(0, 0x18));
        self.emit(bkpt(0xAB));
    }
}
