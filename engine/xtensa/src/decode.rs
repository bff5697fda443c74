//! From encoding to [`Op`]. ISA RM chapter 7 (Instruction Formats and Opcodes), tables 7-189 ff.
//!
//! Everything that can be known before execution is settled here: PC-relative values, targets,
//! shift distances, the quarter of the window that is used.

use crate::op::{Op, OpCode};
use crate::pie;
use OpCode as O;

/// Bytes of the instruction whose first byte this is. ESP-IDF tie.h, `XCHAL_OP0_FORMAT_LENGTHS`.
pub(crate) fn length(first: u8) -> u8 {
    match first & 15 {
        0..=7 => 3,
        8..=13 => 2,
        _ => 4,
    }
}

/// Constants of BEQI, BNEI, BLTI, BGEI. ISA RM table 3-17.
const B4CONST: [i32; 16] = [-1, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 32, 64, 128, 256];
/// Constants of BLTUI, BGEUI. ISA RM table 3-18.
const B4CONSTU: [u32; 16] = [32768, 65536, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 32, 64, 128, 256];

pub(crate) fn sign_extend(value: u32, bits: u32) -> u32 {
    ((value << (32 - bits)) as i32 >> (32 - bits)) as u32
}

/// The fields of a 24-bit or 16-bit instruction.
struct Fields {
    raw: u32,
    pc: u32,
    r: u8,
    s: u8,
    t: u8,
    op1: u32,
    op2: u32,
    imm8: u32,
}

impl Fields {
    fn op(&self, code: OpCode) -> Op {
        let Fields { r, s, t, .. } = *self;
        Op { code, r, s, t, len: length(self.raw as u8), window: 0, cycles: 1, imm: 0, imm2: self.raw }
    }

    /// An op whose AR operands are `registers`.
    fn with(&self, code: OpCode, imm: u32, registers: &[u8]) -> Op {
        let window = registers.iter().max().map_or(0, |highest| highest / 4);
        Op { imm, window, ..self.op(code) }
    }

    fn rst(&self, code: OpCode) -> Op {
        self.with(code, 0, &[self.r, self.s, self.t])
    }

    fn rs(&self, code: OpCode) -> Op {
        self.with(code, 0, &[self.r, self.s])
    }

    fn rt(&self, code: OpCode) -> Op {
        self.with(code, 0, &[self.r, self.t])
    }

    fn st(&self, code: OpCode, imm: u32) -> Op {
        self.with(code, imm, &[self.s, self.t])
    }

    fn only_s(&self, code: OpCode, imm: u32) -> Op {
        self.with(code, imm, &[self.s])
    }

    fn only_t(&self, code: OpCode, imm: u32) -> Op {
        self.with(code, imm, &[self.t])
    }

    fn only_r(&self, code: OpCode) -> Op {
        self.with(code, 0, &[self.r])
    }

    fn illegal(&self) -> Op {
        self.op(O::Illegal)
    }

    fn relative(&self, offset: u32) -> u32 {
        self.pc.wrapping_add(4).wrapping_add(offset)
    }

    fn branch8(&self) -> u32 {
        self.relative(sign_extend(self.imm8, 8))
    }
}

/// Decodes the instruction at `pc` from its bytes, little-endian; those beyond its length are
/// ignored.
pub(crate) fn decode(pc: u32, bytes: u32) -> Op {
    let len = length(bytes as u8);
    let raw = if len == 4 { bytes } else { bytes & ((1 << (8 * len)) - 1) };
    let field = |at: u32| (raw >> at & 15) as u8;
    let f = Fields {
        raw,
        pc,
        r: field(12),
        s: field(8),
        t: field(4),
        op1: raw >> 16 & 15,
        op2: raw >> 20 & 15,
        imm8: raw >> 16 & 0xFF,
    };
    let op = match raw & 15 {
        0 => qrst(&f),
        1 => {
            let offset = 0xFFFC_0000 | (raw >> 8) << 2;
            f.only_t(O::L32r, (pc.wrapping_add(3) & !3).wrapping_add(offset))
        }
        2 => lsai(&f),
        3 => lsci(&f),
        4 => mac16(&f),
        5 => calln(&f),
        6 => si(&f),
        7 => b(&f),
        8 => f.st(O::L32i, u32::from(f.r) << 2),
        9 => f.st(O::S32i, u32::from(f.r) << 2),
        10 => f.rst(O::Add),
        11 => {
            let imm = if f.t == 0 { u32::MAX } else { f.t.into() };
            f.with(O::Addi, imm, &[f.r, f.s])
        }
        12 => st2(&f),
        13 => st3(&f),
        _ => f.illegal(),
    };
    if op.code != O::Illegal {
        return op;
    }
    match pie::decode(raw) {
        Some(decoded) => {
            let imm2 = decoded.index << 1 | u32::from(decoded.coprocessor);
            Op { code: O::Pie, imm: raw, imm2, window: decoded.window, ..op }
        }
        None => op,
    }
}

fn qrst(f: &Fields) -> Op {
    match f.op1 {
        0 => rst0(f),
        1 => rst1(f),
        2 => match f.op2 {
            0 => f.op(O::Andb),
            1 => f.op(O::Andbc),
            2 => f.op(O::Orb),
            3 => f.op(O::Orbc),
            4 => f.op(O::Xorb),
            6 => f.rst(O::Saltu),
            7 => f.rst(O::Salt),
            8 => f.rst(O::Mull),
            10 => f.rst(O::Muluh),
            11 => f.rst(O::Mulsh),
            12 => f.rst(O::Quou),
            13 => f.rst(O::Quos),
            14 => f.rst(O::Remu),
            15 => f.rst(O::Rems),
            _ => f.illegal(),
        },
        3 => rst3(f),
        4 | 5 => {
            let distance = u32::from(f.s) | (f.op1 & 1) << 4;
            Op { imm2: (2 << f.op2) - 1, ..f.with(O::Extui, distance, &[f.r, f.t]) }
        }
        8 => match f.op2 {
            0 => f.st(O::Lsx, 0),
            1 => f.st(O::Lsxp, 0),
            4 => f.st(O::Ssx, 0),
            5 => f.st(O::Ssxp, 0),
            _ => f.illegal(),
        },
        9 => {
            let offset = (u32::from(f.r) << 2).wrapping_sub(64);
            match f.op2 {
                0 => f.st(O::L32e, offset),
                4 => f.st(O::S32e, offset),
                _ => f.illegal(),
            }
        }
        10 => fp0(f),
        11 => fp1(f),
        _ => f.illegal(),
    }
}

fn rst0(f: &Fields) -> Op {
    match f.op2 {
        0 => st0(f),
        1 => f.rst(O::And),
        2 if f.s == f.t => f.rs(O::Mov),
        2 => f.rst(O::Or),
        3 => f.rst(O::Xor),
        4 => st1(f),
        5 => tlb(f),
        6 => match f.s {
            0 => f.rt(O::Neg),
            1 => f.rt(O::Abs),
            _ => f.illegal(),
        },
        8 => f.rst(O::Add),
        9 => f.rst(O::Addx2),
        10 => f.rst(O::Addx4),
        11 => f.rst(O::Addx8),
        12 => f.rst(O::Sub),
        13 => f.rst(O::Subx2),
        14 => f.rst(O::Subx4),
        15 => f.rst(O::Subx8),
        _ => f.illegal(),
    }
}

fn st0(f: &Fields) -> Op {
    match (f.r, f.t) {
        (0, 8) => f.op(O::Ret),
        (0, 9) => f.op(O::Retw),
        (0, 10) => f.only_s(O::Jx, 0),
        (0, 12) => f.only_s(O::Callx0, 0),
        (0, 13) => f.with(O::Callx4, 0, &[f.s, 4]),
        (0, 14) => f.with(O::Callx8, 0, &[f.s, 8]),
        (0, 15) => f.with(O::Callx12, 0, &[f.s, 12]),
        (1, _) => f.st(O::Movsp, 0),
        (2, _) if f.s != 0 => f.illegal(),
        (2, 0) => f.op(O::Isync),
        (2, 1..=3 | 8) => f.op(O::Sync),
        (2, 12 | 13) => f.op(O::Memw),
        (2, 15) => f.op(O::Nop),
        (3, 0) => match f.s {
            0 => f.op(O::Rfe),
            2 => f.op(O::Rfde),
            4 => f.op(O::Rfwo),
            5 => f.op(O::Rfwu),
            _ => f.illegal(),
        },
        (3, 1) if (2..=7).contains(&f.s) => f.op(O::Rfi),
        (4, _) => f.op(O::Break),
        (5, 0) if f.s == 0 => f.op(O::Syscall),
        (5, _) if f.s == 1 => f.op(O::Simcall),
        (6, _) => f.only_t(O::Rsil, f.s.into()),
        (7, 0) => f.op(O::Waiti),
        (8, _) => Op { s: f.s & 12, ..f.op(O::Any4) },
        (9, _) => Op { s: f.s & 12, ..f.op(O::All4) },
        (10, _) => Op { s: f.s & 8, ..f.op(O::Any8) },
        (11, _) => Op { s: f.s & 8, ..f.op(O::All8) },
        _ => f.illegal(),
    }
}

fn st1(f: &Fields) -> Op {
    match f.r {
        0 if f.t == 0 => f.only_s(O::Ssr, 0),
        1 if f.t == 0 => f.only_s(O::Ssl, 0),
        2 if f.t == 0 => f.only_s(O::Ssa8l, 0),
        3 if f.t == 0 => f.only_s(O::Ssa8b, 0),
        4 if f.t <= 1 => Op { imm: u32::from(f.s) | u32::from(f.t) << 4, ..f.op(O::Ssai) },
        6 => f.st(O::Rer, 0),
        7 => f.st(O::Wer, 0),
        8 if f.s == 0 => Op { imm: sign_extend(f.t.into(), 4), ..f.op(O::Rotw) },
        14 => f.st(O::Nsa, 0),
        15 => f.st(O::Nsau, 0),
        _ => f.illegal(),
    }
}

fn tlb(f: &Fields) -> Op {
    let code = if f.r < 8 { O::Itlb } else { O::Dtlb };
    let action = match f.r & 7 {
        3 => 0,
        7 => 1,
        5 => 2,
        6 => 3,
        4 if f.t == 0 => 4,
        _ => return f.illegal(),
    };
    Op { r: action, ..f.st(code, 0) }
}

fn rst1(f: &Fields) -> Op {
    let high = (f.op2 & 1) << 4;
    match f.op2 {
        0 | 1 => f.with(O::Slli, (32 - (u32::from(f.t) | high)) & 31, &[f.r, f.s]),
        2 | 3 => f.with(O::Srai, u32::from(f.s) | high, &[f.r, f.t]),
        4 => f.with(O::Srli, f.s.into(), &[f.r, f.t]),
        6 => f.only_t(O::Xsr, f.raw >> 8 & 0xFF),
        8 => f.rst(O::Src),
        9 if f.s == 0 => f.rt(O::Srl),
        10 if f.t == 0 => f.rs(O::Sll),
        11 if f.s == 0 => f.rt(O::Sra),
        12 => f.rst(O::Mul16u),
        13 => f.rst(O::Mul16s),
        _ => f.illegal(),
    }
}

fn rst3(f: &Fields) -> Op {
    match f.op2 {
        0 => f.only_t(O::Rsr, f.raw >> 8 & 0xFF),
        1 => f.only_t(O::Wsr, f.raw >> 8 & 0xFF),
        2 => f.with(O::Sext, u32::from(f.t) + 7, &[f.r, f.s]),
        3 => f.with(O::Clamps, u32::from(f.t) + 7, &[f.r, f.s]),
        4 => f.rst(O::Min),
        5 => f.rst(O::Max),
        6 => f.rst(O::Minu),
        7 => f.rst(O::Maxu),
        8 => f.rst(O::Moveqz),
        9 => f.rst(O::Movnez),
        10 => f.rst(O::Movltz),
        11 => f.rst(O::Movgez),
        12 => f.rs(O::Movf),
        13 => f.rs(O::Movt),
        14 => f.with(O::Rur, f.raw >> 4 & 0xFF, &[f.r]),
        _ => f.only_t(O::Wur, f.raw >> 8 & 0xFF),
    }
}

fn lsai(f: &Fields) -> Op {
    let imm8 = f.imm8;
    match f.r {
        0 => f.st(O::L8ui, imm8),
        1 => f.st(O::L16ui, imm8 << 1),
        2 => f.st(O::L32i, imm8 << 2),
        4 => f.st(O::S8i, imm8),
        5 => f.st(O::S16i, imm8 << 1),
        6 => f.st(O::S32i, imm8 << 2),
        7 => cache(f),
        9 => f.st(O::L16si, imm8 << 1),
        10 => Op { r: f.t, ..f.only_t(O::Movi, sign_extend(u32::from(f.s) << 8 | imm8, 12)) },
        11 => f.st(O::L32ai, imm8 << 2),
        12 => Op { r: f.t, ..f.st(O::Addi, sign_extend(imm8, 8)) },
        13 => Op { r: f.t, ..f.st(O::Addi, sign_extend(imm8, 8) << 8) },
        14 => f.st(O::S32c1i, imm8 << 2),
        15 => f.st(O::S32ri, imm8 << 2),
        _ => f.illegal(),
    }
}

fn cache(f: &Fields) -> Op {
    let known = match f.t {
        0..=7 | 12 | 14 | 15 => true,
        8 => matches!(f.op1, 0 | 2..=5),
        13 => matches!(f.op1, 0 | 2 | 3),
        _ => false,
    };
    if known {
        f.only_s(O::Cache, f.imm8 << 2)
    } else {
        f.illegal()
    }
}

fn lsci(f: &Fields) -> Op {
    let code = match f.r {
        0 => O::Lsi,
        4 => O::Ssi,
        8 => O::Lsip,
        12 => O::Ssip,
        _ => return f.illegal(),
    };
    f.only_s(code, f.imm8 << 2)
}

/// op2 says where the operands come from, op1 the operation and the halves. Fields that are not used
/// are zero: the 128-bit instructions are in between.
fn mac16(f: &Fields) -> Op {
    let raw = f.raw;
    let unused = match f.op2 {
        0 | 1 => 0x80B0,
        2 => 0xBFB0,
        3 => 0xF0B0,
        4 | 5 => 0x8000,
        6 => 0xBF00,
        7 => 0xF000,
        _ => 0xC0F0,
    };
    if raw & unused != 0 {
        return f.illegal();
    }
    match (f.op2, f.op1) {
        (2, 4..=15) => Op { imm: raw, ..f.op(O::Mac16) },
        (3, 4..=15) => f.only_s(O::Mac16, raw),
        (6, 4..=15) => f.only_t(O::Mac16, raw),
        (7, _) => f.st(O::Mac16, raw),
        (0 | 1, 8..=11) | (8 | 9, 0) => f.only_s(O::Mac16Load, raw),
        (4 | 5, 8..=11) => f.st(O::Mac16Load, raw),
        _ => f.illegal(),
    }
}

fn calln(f: &Fields) -> Op {
    let target = (f.pc & !3).wrapping_add(4).wrapping_add(sign_extend(f.raw >> 6, 18) << 2);
    match f.t & 3 {
        0 => f.with(O::Call0, target, &[]),
        1 => f.with(O::Call4, target, &[4]),
        2 => f.with(O::Call8, target, &[8]),
        _ => f.with(O::Call12, target, &[12]),
    }
}

fn si(f: &Fields) -> Op {
    let imm12 = f.raw >> 12;
    let branch12 = f.relative(sign_extend(imm12, 12));
    let equal = |code| Op { imm2: B4CONST[usize::from(f.r)] as u32, ..f.only_s(code, f.branch8()) };
    let unsigned = |code| Op { imm2: B4CONSTU[usize::from(f.r)], ..f.only_s(code, f.branch8()) };
    match f.t {
        0 | 4 | 8 | 12 => Op { imm: f.relative(sign_extend(f.raw >> 6, 18)), ..f.op(O::J) },
        1 => f.only_s(O::Beqz, branch12),
        5 => f.only_s(O::Bnez, branch12),
        9 => f.only_s(O::Bltz, branch12),
        13 => f.only_s(O::Bgez, branch12),
        2 => equal(O::Beqi),
        6 => equal(O::Bnei),
        10 => equal(O::Blti),
        14 => equal(O::Bgei),
        // The stack pointer has to be one of a0 to a3.
        3 if f.s <= 3 => Op { imm: imm12 << 3, ..f.op(O::Entry) },
        3 => f.illegal(),
        7 => match f.r {
            0 => Op { imm: f.branch8(), ..f.op(O::Bf) },
            1 => Op { imm: f.branch8(), ..f.op(O::Bt) },
            8 => f.only_s(O::Loop, f.relative(f.imm8)),
            9 => f.only_s(O::Loopnez, f.relative(f.imm8)),
            10 => f.only_s(O::Loopgtz, f.relative(f.imm8)),
            _ => f.illegal(),
        },
        11 => unsigned(O::Bltui),
        _ => unsigned(O::Bgeui),
    }
}

fn b(f: &Fields) -> Op {
    let target = f.branch8();
    let bit = u32::from(f.t) | u32::from(f.r & 1) << 4;
    let code = match f.r {
        0 => O::Bnone,
        1 => O::Beq,
        2 => O::Blt,
        3 => O::Bltu,
        4 => O::Ball,
        5 => O::Bbc,
        8 => O::Bany,
        9 => O::Bne,
        10 => O::Bge,
        11 => O::Bgeu,
        12 => O::Bnall,
        13 => O::Bbs,
        6 | 7 => return Op { imm2: 1 << bit, ..f.only_s(O::Bbci, target) },
        _ => return Op { imm2: 1 << bit, ..f.only_s(O::Bbsi, target) },
    };
    f.st(code, target)
}

fn st2(f: &Fields) -> Op {
    let high = u32::from(f.t & 7) << 4 | u32::from(f.r);
    match f.t >> 2 {
        0 | 1 => {
            // MOVI.N: -32 to 95.
            let imm = if high >= 96 { high.wrapping_sub(128) } else { high };
            Op { r: f.s, ..f.only_s(O::Movi, imm) }
        }
        2 => f.only_s(O::Beqz, f.relative(high & 0x3F)),
        _ => f.only_s(O::Bnez, f.relative(high & 0x3F)),
    }
}

fn st3(f: &Fields) -> Op {
    match (f.r, f.t) {
        (0, _) => Op { r: f.t, ..f.st(O::Mov, 0) },
        (15, 0) => f.op(O::Ret),
        (15, 1) => f.op(O::Retw),
        (15, 2) => f.op(O::BreakN),
        (15, 3) if f.s == 0 => f.op(O::Nop),
        _ => f.illegal(),
    }
}

fn fp0(f: &Fields) -> Op {
    // The AR operand of a conversion, and its scale.
    let to_ar = |code| Op { imm: f.t.into(), ..f.only_r(code) };
    let from_ar = |code| f.only_s(code, f.t.into());
    match f.op2 {
        0 => f.op(O::AddS),
        1 => f.op(O::SubS),
        2 => f.op(O::MulS),
        4 => f.op(O::MaddS),
        5 => f.op(O::MsubS),
        6 => f.op(O::MaddnS),
        7 => f.op(O::DivnS),
        8 => to_ar(O::RoundS),
        9 => to_ar(O::TruncS),
        10 => to_ar(O::FloorS),
        11 => to_ar(O::CeilS),
        12 => from_ar(O::FloatS),
        13 => from_ar(O::UfloatS),
        14 => to_ar(O::UtruncS),
        15 => match f.t {
            0 => f.op(O::MovS),
            1 => f.op(O::AbsS),
            3 => f.op(O::ConstS),
            4 => f.only_r(O::Rfr),
            5 => f.only_s(O::Wfr, 0),
            6 => f.op(O::NegS),
            7 => f.op(O::Div0S),
            8 => f.op(O::Recip0S),
            9 => f.op(O::Sqrt0S),
            10 => f.op(O::Rsqrt0S),
            11 => f.op(O::Nexp01S),
            12 => f.op(O::MksadjS),
            13 => f.op(O::MkdadjS),
            14 => f.op(O::AddexpS),
            15 => f.op(O::AddexpmS),
            _ => f.illegal(),
        },
        _ => f.illegal(),
    }
}

fn fp1(f: &Fields) -> Op {
    match f.op2 {
        1 => f.op(O::UnS),
        2 => f.op(O::OeqS),
        3 => f.op(O::UeqS),
        4 => f.op(O::OltS),
        5 => f.op(O::UltS),
        6 => f.op(O::OleS),
        7 => f.op(O::UleS),
        8 => f.only_t(O::MoveqzS, 0),
        9 => f.only_t(O::MovnezS, 0),
        10 => f.only_t(O::MovltzS, 0),
        11 => f.only_t(O::MovgezS, 0),
        12 => f.op(O::MovfS),
        13 => f.op(O::MovtS),
        _ => f.illegal(),
    }
}
