//! Straight-line programs of random instructions, executed several times over.

use super::assembler::*;

const RRR: &[(&str, u32)] = &[
    ("add", 0x80_0000),
    ("addx2", 0x90_0000),
    ("addx4", 0xA0_0000),
    ("addx8", 0xB0_0000),
    ("sub", 0xC0_0000),
    ("subx2", 0xD0_0000),
    ("subx4", 0xE0_0000),
    ("subx8", 0xF0_0000),
    ("and", 0x10_0000),
    ("or", 0x20_0000),
    ("xor", 0x30_0000),
    ("src", 0x81_0000),
    ("mul16u", 0xC1_0000),
    ("mul16s", 0xD1_0000),
    ("saltu", 0x62_0000),
    ("salt", 0x72_0000),
    ("mull", 0x82_0000),
    ("min", 0x43_0000),
    ("max", 0x53_0000),
    ("minu", 0x63_0000),
    ("maxu", 0x73_0000),
    ("moveqz", 0x83_0000),
    ("movnez", 0x93_0000),
    ("movltz", 0xA3_0000),
    ("movgez", 0xB3_0000),
    ("movf", 0xC3_0000),
    ("movt", 0xD3_0000),
];
const DIVISIONS: &[(&str, u32)] = &[("quou", 0xC2_0000), ("quos", 0xD2_0000), ("remu", 0xE2_0000), ("rems", 0xF2_0000)];
const BRANCHES: &[&str] = &[
    "bnone", "beq", "blt", "bltu", "ball", "bbc", "bbci", "bbci", "bany", "bne", "bge", "bgeu", "bnall", "bbs", "bbsi",
    "bbsi",
];
const BRANCHES_IMMEDIATE: &[(&str, u32)] =
    &[("beqi", 0x26), ("bnei", 0x66), ("blti", 0xA6), ("bgei", 0xE6), ("bltui", 0xB6), ("bgeui", 0xF6)];
const BRANCHES_ZERO: &[(&str, u32)] = &[("beqz", 0x16), ("bnez", 0x56), ("bltz", 0x96), ("bgez", 0xD6)];
/// Registers that hold what is written.
const SPECIAL: &[u32] = &[3, 4, 12, 16, 17, 32, 33, 34, 35, 177, 178, 183, 192, 209, 210, 215, 238, 244, 245];
const EDGES: &[u32] = &[
    0,
    1,
    0xFFFF_FFFF,
    0x8000_0000,
    0x7FFF_FFFF,
    0x8000,
    0x7FFF,
    0xFFFF,
    0xFFFF_8000,
    2,
    31,
    32,
    33,
    0x5555_5555,
    0x7F80_0000,
    0xFF80_0000,
    0x7FC0_0000,
    0x7F80_0001,
    0x0080_0000,
    0x007F_FFFF,
    0x7F7F_FFFF,
    0x3F80_0000,
];
/// The passes left are counted here.
const PASSES_LEFT: u32 = DATA + 0x7FC;

/// A program of `count` random pieces.
pub fn program(seed: u64, count: u32, passes: u32) -> Program {
    let mut p = Program::new(seed);
    for _ in 0..511 {
        let word = match p.random.below(10) {
            0..=3 => p.random.of(EDGES),
            4..=5 => p.random.next() & 0x81FF_FFFF | 0x3E00_0000,
            _ => p.random.next(),
        };
        p.data.extend(word.to_le_bytes());
    }
    p.data.extend(passes.to_le_bytes());
    // A division by zero is stepped over, and its cause noted.
    p.vector(
        0x340,
        &[
            wsr(0, EXCSAVE1),
            rsr(0, EXCCAUSE),
            wsr(0, MISC1),
            rsr(0, EPC1),
            addi(0, 0, 3),
            wsr(0, EPC1),
            rsr(0, EXCSAVE1),
            0x3000,
        ],
    );
    p.constant(0, VECTORS);
    p.emit_all(&[wsr(0, VECBASE), movi(0, 0x20), wsr(0, PS), RSYNC, movi(0, 255), wsr(0, CPENABLE), RSYNC]);
    let again = p.pc();
    p.constant(1, RECORD);
    p.constant(15, DATA);
    p.constant(14, DATA + 0x400);
    for n in 0..count {
        if n % 3 == 0 {
            let (t, offset) = (general(&mut p), 4 * p.random.below(256));
            p.emit(l32i(t, 15, offset));
        }
        piece(&mut p);
    }
    p.write_record();
    p.constant(0, PASSES_LEFT);
    p.emit_all(&[l32i(5, 0, 0), addi(5, 5, -1), s32i(5, 0, 0), 0x16 | 5 << 8 | 2 << 12]);
    let offset = again as i32 - p.pc() as i32 - 4;
    p.emit(jump(offset));
    p.end();
    p
}

fn general(p: &mut Program) -> u32 {
    2 + p.random.below(12)
}

fn piece(p: &mut Program) {
    let (r, s, t) = (general(p), general(p), general(p));
    match p.random.below(27) {
        0..=3 => {
            let (name, template) = p.random.of(RRR);
            if name.starts_with("movf") || name.starts_with("movt") {
                p.border();
            }
            p.emit(rst(template, r, s, t));
            p.record(r, format!("{name} a{r}, a{s}, a{t}"));
        }
        4 => {
            let (name, template) = p.random.of(DIVISIONS);
            p.emit_all(&[movi(0, 0), wsr(0, MISC1), rst(template, r, s, t), rsr(0, MISC1)]);
            p.record(0, format!("cause of {name}"));
            p.record(r, name);
        }
        5 => shift(p, r, s, t),
        6 => shift_amount(p, r, s, t),
        7 => {
            let template = p.random.of(&[0x40_E000, 0x40_F000]);
            p.emit(rst(template, 0, s, t));
            p.record(t, "nsa, nsau");
            let template = p.random.of(&[0x60_0000, 0x60_0100]);
            p.emit(rst(template, r, 0, t));
            p.record(r, "neg, abs");
        }
        8 => {
            let row = p.random.below(16);
            let name = BRANCHES[row as usize];
            let field = if name.ends_with('i') { p.random.below(16) } else { t };
            conditional(p, 7 | row << 12 | s << 8 | field << 4 | 2 << 16, name);
        }
        9 => {
            let (name, template) = p.random.of(BRANCHES_IMMEDIATE);
            let row = p.random.below(16);
            conditional(p, template | s << 8 | row << 12 | 2 << 16, name);
        }
        10 => {
            let (name, template) = p.random.of(BRANCHES_ZERO);
            conditional(p, template | s << 8 | 2 << 12, name);
            let template = p.random.of(&[0x8C, 0xCC]);
            p.emit(movi(0, 1));
            p.emit_narrow(template | s << 8 | 1 << 12);
            p.emit(movi(0, 0));
            p.record(0, "beqz.n, bnez.n");
        }
        11 => load(p, t),
        12 => store(p, t),
        13 => immediate(p, r, s, t),
        14 => boolean(p),
        15 | 16 => multiply_accumulate(p, s, t),
        17 => multiply_accumulate_load(p, t),
        18 => special(p, s, t),
        19 => repeat(p, s, t),
        20 => {
            let offset = p.random.below(64);
            p.emit_all(&[movi(0, 1), wsr(0, ATOMCTL), RSYNC]);
            if p.random.one_in(2) {
                p.emit_all(&[l32i(0, 14, 4 * offset), wsr(0, SCOMPARE1)]);
            } else {
                p.emit(wsr(s, SCOMPARE1));
            }
            p.emit_all(&[rst(0xE002, 0, 14, t) | offset << 16, l32i(0, 14, 4 * offset)]);
            p.record(t, "s32c1i");
            p.record(0, "memory of s32c1i");
        }
        21 => flow(p, r, t),
        22 | 23 => float_arithmetic(p, r, s, t),
        24 => float_conversion(p, r, s, t),
        25 => float_comparison(p, r, s, t),
        _ => float_division(p, s, t),
    }
}

fn shift(p: &mut Program, r: u32, s: u32, t: u32) {
    let four = p.random.below(16);
    let (name, word) = match p.random.below(8) {
        0 => ("slli", slli(r, s, 1 + p.random.below(31))),
        1 => ("srai", rst(0x21_0000 | p.random.below(2) << 20, r, four, t)),
        2 => ("srli", rst(0x41_0000, r, four, t)),
        3 => ("srl", rst(0x91_0000, r, 0, t)),
        4 => ("sll", rst(0xA1_0000, r, s, 0)),
        5 => ("sra", rst(0xB1_0000, r, 0, t)),
        6 => ("extui", rst(0x04_0000 | p.random.below(2) << 16 | p.random.below(16) << 20, r, four, t)),
        _ => ("sext, clamps", rst(p.random.of(&[0x23_0000, 0x33_0000]), r, s, four)),
    };
    p.emit(word);
    p.record(r, name);
}

fn shift_amount(p: &mut Program, r: u32, s: u32, t: u32) {
    let template = p.random.of(&[0x40_0000, 0x40_1000, 0x40_2000, 0x40_3000]);
    p.emit_all(&[rst(template, 0, s, 0), rsr(0, SAR)]);
    p.record(0, format!("ssr, ssl, ssa8l, ssa8b {template:x}"));
    if p.random.one_in(2) {
        let word = rst(0x40_4000, 0, p.random.below(16), p.random.below(2));
        p.emit_all(&[word, rsr(0, SAR)]);
        p.record(0, "ssai");
    }
    p.emit(rst(0x81_0000, r, s, t));
    p.record(r, "src");
    let template = p.random.of(&[0xA1_0000, 0xB1_0000, 0x91_0000]);
    p.border();
    p.emit(if template == 0xA1_0000 { rst(template, r, s, 0) } else { rst(template, r, 0, t) });
    p.record(r, "sll, sra, srl");
}

/// Records whether the branch was taken, over one instruction.
fn conditional(p: &mut Program, branch: u32, name: &str) {
    p.emit_all(&[movi(0, 1), branch, movi(0, 0)]);
    p.record(0, name);
}

fn load(p: &mut Program, t: u32) {
    let offset = p.random.below(256);
    match p.random.below(5) {
        0 => p.emit(rst(0x0002, 0, 15, t) | offset << 16),
        1 => p.emit(rst(0x1002, 0, 15, t) | offset << 16),
        2 => p.emit(rst(0x9002, 0, 15, t) | offset << 16),
        3 => p.emit(l32i(t, 15, 4 * offset)),
        _ => p.emit_narrow(rst(8, offset & 15, 14, t)),
    }
    p.record(t, "load");
}

fn store(p: &mut Program, t: u32) {
    let (kind, offset) = (p.random.below(4), p.random.below(64));
    let template = [0x4002, 0x5002, 0x6002, 0xF002][kind as usize];
    p.emit(rst(template, 0, 14, t) | offset << 16);
    let word = [offset, 2 * offset, 4 * offset, 4 * offset][kind as usize] & !3;
    p.emit(l32i(0, 14, word));
    p.record(0, "store");
    let row = p.random.below(16);
    p.emit_narrow(rst(9, row, 14, t));
}

fn immediate(p: &mut Program, r: u32, s: u32, t: u32) {
    let value = p.random.next();
    match p.random.below(6) {
        0 => p.emit(movi(t, value)),
        1 => p.emit(addi(t, s, value as i32)),
        2 => p.emit(addmi(t, s, value)),
        3 => p.emit_narrow(rst(0xB, t, s, value & 15)),
        4 => p.emit_narrow(rst(0xC, value & 15, t, value >> 4 & 7)),
        _ => {
            p.emit_narrow(rst(0xA, r, s, t));
            p.record(r, "add.n");
            p.emit_narrow(rst(0xD, 0, s, t));
        }
    }
    p.record(t, "movi, addi, addmi, mov");
}

fn boolean(p: &mut Program) {
    let template = p.random.of(&[0x02_0000, 0x12_0000, 0x22_0000, 0x32_0000, 0x42_0000]);
    let word = rst(template, p.random.below(16), p.random.below(16), p.random.below(16));
    p.border();
    p.emit(word);
    p.border();
    p.emit(rsr(0, BR));
    p.record(0, format!("andb, andbc, orb, orbc, xorb {template:x}"));
    let (template, step) = p.random.of(&[(0x8000, 4), (0x9000, 4), (0xA000, 8), (0xB000, 8)]);
    let word = rst(template, 0, p.random.below(16 / step) * step, p.random.below(16));
    p.emit(word);
    p.border();
    p.emit(rsr(0, BR));
    p.record(0, format!("any, all {template:x}"));
    let word = p.random.of(&[0x76, 0x1076]) | p.random.below(16) << 8 | 2 << 16;
    p.border();
    conditional(p, word, "bf, bt");
}

fn accumulator(p: &mut Program, name: &str) {
    p.emit(rsr(0, ACCLO));
    p.record(0, format!("ACCLO, {name}"));
    p.emit(rsr(0, ACCHI));
    p.record(0, format!("ACCHI, {name}"));
}

fn multiply_accumulate(p: &mut Program, s: u32, t: u32) {
    let op2 = p.random.of(&[2, 3, 6, 7]);
    let op1 = if op2 == 7 { p.random.below(16) } else { 4 + p.random.below(12) };
    let left = if op2 == 2 || op2 == 6 { p.random.below(2) << 14 } else { s << 8 };
    let right = if op2 == 2 || op2 == 3 { p.random.below(2) << 6 } else { t << 4 };
    p.border();
    p.emit(4 | op2 << 20 | op1 << 16 | left | right);
    accumulator(p, &format!("MAC16 {op2} {op1}"));
}

fn multiply_accumulate_load(p: &mut Program, t: u32) {
    let op2 = p.random.of(&[0, 1, 4, 5, 8, 9]);
    let op1 = if op2 >= 8 { 0 } else { 8 + p.random.below(4) };
    let pointer = general(p);
    let mut word = 4 | op2 << 20 | op1 << 16 | pointer << 8 | p.random.below(4) << 12;
    word |= match op2 {
        0 | 1 => p.random.below(2) << 14 | p.random.below(2) << 6,
        4 | 5 => p.random.below(2) << 14 | t << 4,
        _ => 0,
    };
    p.emit(mov(pointer, 14));
    p.border();
    p.emit(word);
    p.border();
    p.record(pointer, "pointer of a MAC16 with load");
    accumulator(p, "MAC16 with load");
    for m in 0..4 {
        p.emit(rsr(0, 32 + m));
        p.record(0, format!("m{m}"));
    }
}

fn special(p: &mut Program, s: u32, t: u32) {
    let number = p.random.of(SPECIAL);
    if number == BR {
        p.border();
    }
    if p.random.one_in(2) {
        p.emit_all(&[wsr(s, number), RSYNC]);
    } else {
        p.emit_all(&[xsr(s, number), RSYNC]);
        p.record(s, format!("xsr {number}"));
    }
    p.emit(rsr(t, number));
    p.record(t, format!("rsr {number}"));
}

/// LOOP, LOOPNEZ, LOOPGTZ, some with a branch out of them.
fn repeat(p: &mut Program, s: u32, t: u32) {
    let template = p.random.of(&[0x8076, 0x9076, 0xA076]);
    let count = match (template, p.random.below(6)) {
        (0x8076, 0) => 1,
        (0xA076, 1) => -3,
        (_, count) => count as i32,
    };
    let body: Vec<u32> = (0..1 + p.random.below(5))
        .map(|_| rst(p.random.of(&[0x80_0000, 0xC0_0000, 0x30_0000, 0x90_0000]), general(p), general(p), general(p)))
        .collect();
    let leaves = p.random.one_in(2);
    let bytes = 3 * (body.len() as u32 + u32::from(leaves));
    p.emit_all(&[movi(0, count as u32), template | (bytes - 1) << 16]);
    p.emit_all(&body);
    if leaves {
        p.emit_all(&[0x1007 | s << 8 | t << 4 | 2 << 16, addi(0, 0, 5)]);
    }
    for register in 2..14 {
        p.record(register, format!("a{register} after a loop"));
    }
    p.record(0, "a0 after a loop");
}

fn flow(p: &mut Program, r: u32, t: u32) {
    match p.random.below(3) {
        0 => {
            while p.pc() % 4 != 1 {
                if p.pc() % 2 == 0 || p.pc() % 4 == 3 {
                    p.emit(NOP);
                } else {
                    p.emit_narrow(0xF03D);
                }
            }
            p.emit(jump(3));
            let literal = p.pc();
            let value = p.random.next();
            p.code.extend(value.to_le_bytes());
            let offset = literal.wrapping_sub((p.pc() + 3) & !3) >> 2;
            p.emit(1 | t << 4 | (offset & 0xFFFF) << 8);
            p.record(t, "l32r");
        }
        1 => {
            p.align();
            p.emit(call(0, 8));
            let over = p.code.len();
            p.emit_all(&[0, 0, NOP]);
            p.emit_all(&[addi(r, r, 1), 0x80]);
            let offset = (p.code.len() - over) as i32 - 4;
            p.patch(over, jump(offset));
            p.record(r, "call0");
            p.record(0, "a0 of call0");
        }
        _ => {
            p.emit_all(&[0x40_8010, 0x40_80F0]);
            p.record(r, "rotw");
        }
    }
}

fn fp(op2: u32, r: u32, s: u32, t: u32) -> u32 {
    rst(0x0A_0000 | op2 << 20, r, s, t)
}
fn wfr(f: u32, s: u32) -> u32 {
    fp(15, f, s, 5)
}
fn rfr(r: u32, f: u32) -> u32 {
    fp(15, r, f, 4)
}

/// f1, f2, f3 from general registers, a random rounding mode, no flags. The mode is returned.
fn float_operands(p: &mut Program, r: u32, s: u32, t: u32) -> u32 {
    let mode = p.random.below(4);
    p.emit_all(&[wfr(1, s), wfr(2, t), wfr(3, r), movi(0, mode), wur(0, FCR), movi(0, 0), wur(0, FSR)]);
    mode
}

fn flags(p: &mut Program, name: &str) {
    p.emit(rur(0, FSR));
    p.record(0, format!("FSR after {name}"));
}

fn float_arithmetic(p: &mut Program, r: u32, s: u32, t: u32) {
    let mode = float_operands(p, r, s, t);
    let (name, op2) = p.random.of(&[("add.s", 0), ("sub.s", 1), ("mul.s", 2), ("madd.s", 4), ("msub.s", 5)]);
    p.emit_all(&[fp(op2, 3, 1, 2), rfr(0, 3)]);
    for operand in [r, s, t] {
        p.record(operand, format!("operand of {name}"));
    }
    let name = format!("{name} f{r}, f{s}, f{t} in mode {mode}");
    p.record(0, name.clone());
    p.emit(mov(r, 0));
    flags(p, &name);
}

fn float_conversion(p: &mut Program, r: u32, s: u32, t: u32) {
    let mode = float_operands(p, r, s, t);
    let scale = p.random.below(16);
    let from = p.random.of(&[("float.s", 12), ("ufloat.s", 13)]);
    p.emit_all(&[fp(from.1, 3, s, scale), rfr(0, 3)]);
    p.record(0, format!("{} by {scale} in mode {mode}", from.0));
    flags(p, from.0);
    let to = p.random.of(&[("round.s", 8), ("trunc.s", 9), ("floor.s", 10), ("ceil.s", 11), ("utrunc.s", 14)]);
    p.emit_all(&[movi(0, 0), wur(0, FSR), fp(to.1, 0, 2, 0)]);
    p.record(t, format!("operand of {}", to.0));
    p.record(0, to.0);
    flags(p, to.0);
    // With a scale, what is not out of range of a float when scaled.
    p.emit_all(&[movi(0, 0), wur(0, FSR), fp(to.1, 0, 3, scale)]);
    p.record(0, format!("{} by {scale}", to.0));
    flags(p, to.0);
}

fn float_comparison(p: &mut Program, r: u32, s: u32, t: u32) {
    float_operands(p, r, s, t);
    let (op2, b) = (1 + p.random.below(7), p.random.below(16));
    p.emit_all(&[rst(0x0B_0000 | op2 << 20, b, 1, 2), rsr(0, BR)]);
    p.record(0, format!("comparison {op2}"));
    flags(p, "comparison");
    let op2 = 8 + p.random.below(6);
    p.emit_all(&[rst(0x0B_0000 | op2 << 20, 3, 1, t), rfr(0, 3)]);
    p.record(0, format!("conditional move {op2}"));
    let kind = p.random.of(&[0, 1, 6]);
    p.emit_all(&[fp(15, 4, 1, kind), rfr(0, 4)]);
    p.record(0, "mov.s, abs.s, neg.s");
    let constant = p.random.below(4);
    p.emit_all(&[fp(15, 4, constant, 3), rfr(0, 4)]);
    p.record(0, "const.s");
    // Loads and stores, with their address registers.
    let offset = p.random.below(32);
    p.emit_all(&[mov(0, 14), rst(0xC003, 0, 0, 1) | offset << 16]);
    p.record(0, "ssip");
    p.emit_all(&[mov(0, 14), rst(0x8003, 0, 0, 5) | offset << 16, rfr(0, 5)]);
    p.record(0, "lsip");
}

/// The sequence that compilers emit for f1 / f2, rounded to nearest.
fn float_division(p: &mut Program, s: u32, t: u32) {
    let mode = float_operands(p, s, s, t);
    let unary = |kind, r, s| fp(15, r, s, kind);
    let (neg, div0, nexp01, mkdadj, addexp, addexpm) = (6, 7, 11, 13, 14, 15);
    let constant = |r, n| fp(15, r, n, 3);
    let maddn = |r, s, t| fp(6, r, s, t);
    p.emit_all(&[
        unary(div0, 3, 2),
        unary(nexp01, 4, 2),
        constant(5, 1),
        maddn(5, 4, 3),
        unary(0, 6, 3),
        unary(0, 7, 2),
        unary(nexp01, 2, 1),
        maddn(6, 5, 6),
        constant(5, 1),
        constant(0, 0),
        unary(neg, 8, 2),
        maddn(5, 4, 6),
        maddn(0, 8, 3),
        unary(mkdadj, 7, 1),
        maddn(6, 5, 6),
        maddn(8, 4, 0),
        constant(3, 1),
        maddn(3, 4, 6),
        maddn(0, 8, 6),
        unary(neg, 2, 2),
        maddn(6, 3, 6),
        maddn(2, 4, 0),
        unary(addexpm, 0, 7),
        unary(addexp, 6, 7),
        fp(7, 0, 2, 6),
        rfr(0, 0),
    ]);
    p.record(s, "dividend");
    p.record(t, "divisor");
    p.record(0, format!("division in mode {mode}"));
    flags(p, "division");
}
