//! Instructions in the syntax of GNU objdump, for reports. A second reading of the opcode maps (ISA RM
//! chapter 7), independent of `decode.rs`: patterns, in the order in which they are tried.

use crate::decode::{length, sign_extend};
use crate::pie;
use crate::special::{special_register_name, user_register_name};

/// Mask, value, mnemonic, operands. Operand letters are explained at [`operand`].
type Pattern = (u32, u32, &'static str, &'static str);

#[rustfmt::skip]
const PATTERNS: &[Pattern] = &[
    // 16 bits.
    (0x000F, 0x0008, "l32i.n", "t s n4"), (0x000F, 0x0009, "s32i.n", "t s n4"),
    (0x000F, 0x000A, "add.n", "r s t"), (0x000F, 0x000B, "addi.n", "r s ai"),
    (0x008F, 0x000C, "movi.n", "s mi"), (0x00CF, 0x008C, "beqz.n", "s j6"), (0x00CF, 0x00CC, "bnez.n", "s j6"),
    (0xF00F, 0x000D, "mov.n", "t s"), (0xF0FF, 0xF00D, "ret.n", ""), (0xF0FF, 0xF01D, "retw.n", ""),
    (0xF0FF, 0xF02D, "break.n", "us"), (0xFFFF, 0xF03D, "nop.n", ""), (0xFFFF, 0xF06D, "ill.n", ""),
    // RST0.
    (0xFFFFFF, 0x000000, "ill", ""), (0xFFF0FF, 0x000080, "ret", ""), (0xFFF0FF, 0x000090, "retw", ""),
    (0xFFF0FF, 0x0000A0, "jx", "s"), (0xFFF0FF, 0x0000C0, "callx0", "s"), (0xFFF0FF, 0x0000D0, "callx4", "s"),
    (0xFFF0FF, 0x0000E0, "callx8", "s"), (0xFFF0FF, 0x0000F0, "callx12", "s"), (0xFFF00F, 0x001000, "movsp", "t s"),
    (0xFFFFFF, 0x002000, "isync", ""), (0xFFFFFF, 0x002010, "rsync", ""), (0xFFFFFF, 0x002020, "esync", ""),
    (0xFFFFFF, 0x002030, "dsync", ""), (0xFFFFFF, 0x002080, "excw", ""), (0xFFFFFF, 0x0020C0, "memw", ""),
    (0xFFFFFF, 0x0020D0, "extw", ""), (0xFFFFFF, 0x0020F0, "nop", ""), (0xFFFFFF, 0x003000, "rfe", ""),
    (0xFFFFFF, 0x003200, "rfde", ""), (0xFFFFFF, 0x003400, "rfwo", ""), (0xFFFFFF, 0x003500, "rfwu", ""),
    (0xFFFEFF, 0x003210, "rfi", "us"), (0xFFFCFF, 0x003410, "rfi", "us"), (0xFFF00F, 0x004000, "break", "us ut"), (0xFFFFFF, 0x005000, "syscall", ""),
    (0xFFFF0F, 0x005100, "simcall", ""), (0xFFF00F, 0x006000, "rsil", "t us"), (0xFFF0FF, 0x007000, "waiti", "us"),
    (0xFFF00F, 0x008000, "any4", "bt bs"), (0xFFF00F, 0x009000, "all4", "bt bs"),
    (0xFFF00F, 0x00A000, "any8", "bt bs"), (0xFFF00F, 0x00B000, "all8", "bt bs"),
    (0xFF000F, 0x100000, "and", "r s t"), (0xFF000F, 0x200000, "or", "r s t"), (0xFF000F, 0x300000, "xor", "r s t"),
    (0xFFF0FF, 0x400000, "ssr", "s"), (0xFFF0FF, 0x401000, "ssl", "s"), (0xFFF0FF, 0x402000, "ssa8l", "s"),
    (0xFFF0FF, 0x403000, "ssa8b", "s"), (0xFFF0EF, 0x404000, "ssai", "sa"), (0xFFF00F, 0x406000, "rer", "t s"),
    (0xFFF00F, 0x407000, "wer", "t s"), (0xFFFF0F, 0x408000, "rotw", "st"), (0xFFF00F, 0x40E000, "nsa", "t s"),
    (0xFFF00F, 0x40F000, "nsau", "t s"),
    (0xFFF00F, 0x503000, "ritlb0", "t s"), (0xFFF0FF, 0x504000, "iitlb", "s"), (0xFFF00F, 0x505000, "pitlb", "t s"),
    (0xFFF00F, 0x506000, "witlb", "t s"), (0xFFF00F, 0x507000, "ritlb1", "t s"), (0xFFF00F, 0x50B000, "rdtlb0", "t s"),
    (0xFFF0FF, 0x50C000, "idtlb", "s"), (0xFFF00F, 0x50D000, "pdtlb", "t s"), (0xFFF00F, 0x50E000, "wdtlb", "t s"),
    (0xFFF00F, 0x50F000, "rdtlb1", "t s"), (0xFF0F0F, 0x600000, "neg", "r t"), (0xFF0F0F, 0x600100, "abs", "r t"),
    (0xFF000F, 0x800000, "add", "r s t"), (0xFF000F, 0x900000, "addx2", "r s t"),
    (0xFF000F, 0xA00000, "addx4", "r s t"), (0xFF000F, 0xB00000, "addx8", "r s t"),
    (0xFF000F, 0xC00000, "sub", "r s t"), (0xFF000F, 0xD00000, "subx2", "r s t"),
    (0xFF000F, 0xE00000, "subx4", "r s t"), (0xFF000F, 0xF00000, "subx8", "r s t"),
    // RST1.
    (0xEF000F, 0x010000, "slli", "r s slli"), (0xEF000F, 0x210000, "srai", "r t srai"),
    (0xFF000F, 0x410000, "srli", "r t us"), (0xFF000F, 0x610000, "xsr.", "t sr"), (0xFF000F, 0x810000, "src", "r s t"),
    (0xFF0F0F, 0x910000, "srl", "r t"), (0xFF00FF, 0xA10000, "sll", "r s"), (0xFF0F0F, 0xB10000, "sra", "r t"),
    (0xFF000F, 0xC10000, "mul16u", "r s t"), (0xFF000F, 0xD10000, "mul16s", "r s t"),
    // RST2.
    (0xFF000F, 0x020000, "andb", "br bs bt"), (0xFF000F, 0x120000, "andbc", "br bs bt"),
    (0xFF000F, 0x220000, "orb", "br bs bt"), (0xFF000F, 0x320000, "orbc", "br bs bt"),
    (0xFF000F, 0x420000, "xorb", "br bs bt"), (0xFF000F, 0x620000, "saltu", "r s t"),
    (0xFF000F, 0x720000, "salt", "r s t"), (0xFF000F, 0x820000, "mull", "r s t"), (0xFF000F, 0xA20000, "muluh", "r s t"),
    (0xFF000F, 0xB20000, "mulsh", "r s t"), (0xFF000F, 0xC20000, "quou", "r s t"), (0xFF000F, 0xD20000, "quos", "r s t"),
    (0xFF000F, 0xE20000, "remu", "r s t"), (0xFF000F, 0xF20000, "rems", "r s t"),
    // RST3.
    (0xFF000F, 0x030000, "rsr.", "t sr"), (0xFF000F, 0x130000, "wsr.", "t sr"), (0xFF000F, 0x230000, "sext", "r s t7"),
    (0xFF000F, 0x330000, "clamps", "r s t7"), (0xFF000F, 0x430000, "min", "r s t"), (0xFF000F, 0x530000, "max", "r s t"),
    (0xFF000F, 0x630000, "minu", "r s t"), (0xFF000F, 0x730000, "maxu", "r s t"),
    (0xFF000F, 0x830000, "moveqz", "r s t"), (0xFF000F, 0x930000, "movnez", "r s t"),
    (0xFF000F, 0xA30000, "movltz", "r s t"), (0xFF000F, 0xB30000, "movgez", "r s t"),
    (0xFF000F, 0xC30000, "movf", "r s bt"), (0xFF000F, 0xD30000, "movt", "r s bt"),
    (0xFF000F, 0xE30000, "rur.", "r urs"), (0xFF000F, 0xF30000, "wur.", "t urr"),
    (0x0E000F, 0x040000, "extui", "r t ext w"),
    // LSCX, LSC4.
    (0xFF000F, 0x080000, "lsx", "fr s t"), (0xFF000F, 0x180000, "lsxp", "fr s t"),
    (0xFF000F, 0x480000, "ssx", "fr s t"), (0xFF000F, 0x580000, "ssxp", "fr s t"),
    (0xFF000F, 0x090000, "l32e", "t s e"), (0xFF000F, 0x490000, "s32e", "t s e"),
    // FP0, FP1.
    (0xFF000F, 0x0A0000, "add.s", "fr fs ft"), (0xFF000F, 0x1A0000, "sub.s", "fr fs ft"),
    (0xFF000F, 0x2A0000, "mul.s", "fr fs ft"), (0xFF000F, 0x4A0000, "madd.s", "fr fs ft"),
    (0xFF000F, 0x5A0000, "msub.s", "fr fs ft"), (0xFF000F, 0x6A0000, "maddn.s", "fr fs ft"),
    (0xFF000F, 0x7A0000, "divn.s", "fr fs ft"), (0xFF000F, 0x8A0000, "round.s", "r fs ut"),
    (0xFF000F, 0x9A0000, "trunc.s", "r fs ut"), (0xFF000F, 0xAA0000, "floor.s", "r fs ut"),
    (0xFF000F, 0xBA0000, "ceil.s", "r fs ut"), (0xFF000F, 0xCA0000, "float.s", "fr s ut"),
    (0xFF000F, 0xDA0000, "ufloat.s", "fr s ut"), (0xFF000F, 0xEA0000, "utrunc.s", "r fs ut"),
    (0xFF00FF, 0xFA0000, "mov.s", "fr fs"), (0xFF00FF, 0xFA0010, "abs.s", "fr fs"),
    (0xFF00FF, 0xFA0030, "const.s", "fr us"), (0xFF00FF, 0xFA0040, "rfr", "r fs"), (0xFF00FF, 0xFA0050, "wfr", "fr s"),
    (0xFF00FF, 0xFA0060, "neg.s", "fr fs"), (0xFF00FF, 0xFA0070, "div0.s", "fr fs"),
    (0xFF00FF, 0xFA0080, "recip0.s", "fr fs"), (0xFF00FF, 0xFA0090, "sqrt0.s", "fr fs"),
    (0xFF00FF, 0xFA00A0, "rsqrt0.s", "fr fs"), (0xFF00FF, 0xFA00B0, "nexp01.s", "fr fs"),
    (0xFF00FF, 0xFA00C0, "mksadj.s", "fr fs"), (0xFF00FF, 0xFA00D0, "mkdadj.s", "fr fs"),
    (0xFF00FF, 0xFA00E0, "addexp.s", "fr fs"), (0xFF00FF, 0xFA00F0, "addexpm.s", "fr fs"),
    (0xFF000F, 0x1B0000, "un.s", "br fs ft"), (0xFF000F, 0x2B0000, "oeq.s", "br fs ft"),
    (0xFF000F, 0x3B0000, "ueq.s", "br fs ft"), (0xFF000F, 0x4B0000, "olt.s", "br fs ft"),
    (0xFF000F, 0x5B0000, "ult.s", "br fs ft"), (0xFF000F, 0x6B0000, "ole.s", "br fs ft"),
    (0xFF000F, 0x7B0000, "ule.s", "br fs ft"), (0xFF000F, 0x8B0000, "moveqz.s", "fr fs t"),
    (0xFF000F, 0x9B0000, "movnez.s", "fr fs t"), (0xFF000F, 0xAB0000, "movltz.s", "fr fs t"),
    (0xFF000F, 0xBB0000, "movgez.s", "fr fs t"), (0xFF000F, 0xCB0000, "movf.s", "fr fs bt"),
    (0xFF000F, 0xDB0000, "movt.s", "fr fs bt"),
    // L32R, LSAI, LSCI.
    (0x00000F, 0x000001, "l32r", "t l32r"),
    (0x00F00F, 0x000002, "l8ui", "t s i8"), (0x00F00F, 0x001002, "l16ui", "t s i8x2"),
    (0x00F00F, 0x002002, "l32i", "t s i8x4"), (0x00F00F, 0x004002, "s8i", "t s i8"),
    (0x00F00F, 0x005002, "s16i", "t s i8x2"), (0x00F00F, 0x006002, "s32i", "t s i8x4"),
    (0x00F0FF, 0x007002, "dpfr", "s i8x4"), (0x00F0FF, 0x007012, "dpfw", "s i8x4"),
    (0x00F0FF, 0x007022, "dpfro", "s i8x4"), (0x00F0FF, 0x007032, "dpfwo", "s i8x4"),
    (0x00F0FF, 0x007042, "dhwb", "s i8x4"), (0x00F0FF, 0x007052, "dhwbi", "s i8x4"),
    (0x00F0FF, 0x007062, "dhi", "s i8x4"), (0x00F0FF, 0x007072, "dii", "s i8x4"),
    (0x0FF0FF, 0x007082, "dpfl", "s i4"), (0x0FF0FF, 0x027082, "dhu", "s i4"), (0x0FF0FF, 0x037082, "diu", "s i4"),
    (0x0FF0FF, 0x047082, "diwb", "s i4"), (0x0FF0FF, 0x057082, "diwbi", "s i4"),
    (0x00F0FF, 0x0070C2, "ipf", "s i8x4"), (0x0FF0FF, 0x0070D2, "ipfl", "s i4"), (0x0FF0FF, 0x0270D2, "ihu", "s i4"),
    (0x0FF0FF, 0x0370D2, "iiu", "s i4"), (0x00F0FF, 0x0070E2, "ihi", "s i8x4"), (0x00F0FF, 0x0070F2, "iii", "s i8x4"),
    (0x00F00F, 0x009002, "l16si", "t s i8x2"), (0x00F00F, 0x00A002, "movi", "t i12"),
    (0x00F00F, 0x00B002, "l32ai", "t s i8x4"), (0x00F00F, 0x00C002, "addi", "t s i8s"),
    (0x00F00F, 0x00D002, "addmi", "t s i8m"), (0x00F00F, 0x00E002, "s32c1i", "t s i8x4"),
    (0x00F00F, 0x00F002, "s32ri", "t s i8x4"),
    (0x00F00F, 0x000003, "lsi", "ft s i8x4"), (0x00F00F, 0x004003, "ssi", "ft s i8x4"),
    (0x00F00F, 0x008003, "lsip", "ft s i8x4"), (0x00F00F, 0x00C003, "ssip", "ft s i8x4"),
    // CALLN, SI, B.
    (0x00003F, 0x000005, "call0", "c18"), (0x00003F, 0x000015, "call4", "c18"),
    (0x00003F, 0x000025, "call8", "c18"), (0x00003F, 0x000035, "call12", "c18"), (0x00003F, 0x000006, "j", "j18"),
    (0x0000FF, 0x000016, "beqz", "s j12"), (0x0000FF, 0x000056, "bnez", "s j12"),
    (0x0000FF, 0x000096, "bltz", "s j12"), (0x0000FF, 0x0000D6, "bgez", "s j12"),
    (0x0000FF, 0x000026, "beqi", "s b4 j8"), (0x0000FF, 0x000066, "bnei", "s b4 j8"),
    (0x0000FF, 0x0000A6, "blti", "s b4 j8"), (0x0000FF, 0x0000E6, "bgei", "s b4 j8"),
    (0x0000FF, 0x0000B6, "bltui", "s b4u j8"), (0x0000FF, 0x0000F6, "bgeui", "s b4u j8"),
    (0x000CFF, 0x000036, "entry", "s e12"), (0x00F0FF, 0x000076, "bf", "bs j8"), (0x00F0FF, 0x001076, "bt", "bs j8"),
    (0x00F0FF, 0x008076, "loop", "s l8"), (0x00F0FF, 0x009076, "loopnez", "s l8"),
    (0x00F0FF, 0x00A076, "loopgtz", "s l8"),
    (0x00F00F, 0x000007, "bnone", "s t j8"), (0x00F00F, 0x001007, "beq", "s t j8"), (0x00F00F, 0x002007, "blt", "s t j8"),
    (0x00F00F, 0x003007, "bltu", "s t j8"), (0x00F00F, 0x004007, "ball", "s t j8"), (0x00F00F, 0x005007, "bbc", "s t j8"),
    (0x00E00F, 0x006007, "bbci", "s bit j8"), (0x00F00F, 0x008007, "bany", "s t j8"),
    (0x00F00F, 0x009007, "bne", "s t j8"), (0x00F00F, 0x00A007, "bge", "s t j8"), (0x00F00F, 0x00B007, "bgeu", "s t j8"),
    (0x00F00F, 0x00C007, "bnall", "s t j8"), (0x00F00F, 0x00D007, "bbs", "s t j8"), (0x00E00F, 0x00E007, "bbsi", "s bit j8"),
];

/// The instruction that `bytes` begin with, at `pc`. What is not an instruction is written as bytes.
pub fn instruction(bytes: &[u8], pc: u32) -> String {
    let Some(&first) = bytes.first() else { return ".byte".to_owned() };
    let len = usize::from(length(first));
    let Some(bytes) = bytes.get(..len) else { return data(bytes) };
    let raw = bytes.iter().rev().fold(0, |raw, &byte| raw << 8 | u32::from(byte));
    let known = PATTERNS.iter().find(|(mask, value, ..)| raw & mask == *value);
    if let Some(&(_, _, mnemonic, operands)) = known {
        return pattern(raw, pc, mnemonic, operands);
    }
    if let Some(text) = mac16(raw) {
        return text;
    }
    match pie::decode(raw) {
        Some(_) => pie::text(raw),
        None => data(bytes),
    }
}

fn data(bytes: &[u8]) -> String {
    let bytes: Vec<String> = bytes.iter().map(|byte| format!("0x{byte:02x}")).collect();
    format!(".byte {}", bytes.join(", "))
}

fn pattern(raw: u32, pc: u32, mnemonic: &str, operands: &str) -> String {
    let mut mnemonic = mnemonic.to_owned();
    let mut texts = Vec::new();
    for letters in operands.split_whitespace() {
        match letters {
            "sr" => mnemonic += &special_register_name((raw >> 8) as u8),
            "urs" => mnemonic += &user_register_name((raw >> 4) as u8),
            "urr" => mnemonic += &user_register_name((raw >> 8) as u8),
            _ => texts.push(operand(raw, pc, letters)),
        }
    }
    if texts.is_empty() {
        mnemonic
    } else {
        format!("{mnemonic} {}", texts.join(", "))
    }
}

/// `r s t`: AR of that field; with `f` before, FR; with `b`, a boolean; with `u`, the number itself.
/// `i`: immediates of eight and more bits, with their scale; `j c l`: targets.
fn operand(raw: u32, pc: u32, letters: &str) -> String {
    let (r, s, t) = (raw >> 12 & 15, raw >> 8 & 15, raw >> 4 & 15);
    let imm8 = raw >> 16 & 0xFF;
    let target = |offset: u32| format!("0x{:x}", pc.wrapping_add(4).wrapping_add(offset));
    let signed = |value: u32, bits: u32| sign_extend(value, bits) as i32;
    match letters {
        "r" => format!("a{r}"),
        "s" => format!("a{s}"),
        "t" => format!("a{t}"),
        "fr" => format!("f{r}"),
        "fs" => format!("f{s}"),
        "ft" => format!("f{t}"),
        "br" => format!("b{r}"),
        "bs" => format!("b{s}"),
        "bt" => format!("b{t}"),
        "us" => s.to_string(),
        "ut" => t.to_string(),
        "st" => signed(t, 4).to_string(),
        "t7" => (t + 7).to_string(),
        "sa" => (s | (t & 1) << 4).to_string(),
        "srai" => (s | (raw >> 20 & 1) << 4).to_string(),
        "slli" => (32 - (t | (raw >> 20 & 1) << 4)).to_string(),
        "ext" => (s | (raw >> 16 & 1) << 4).to_string(),
        "w" => ((raw >> 20) + 1).to_string(),
        "e" => ((r << 2) as i32 - 64).to_string(),
        "n4" => (r << 2).to_string(),
        "ai" => if t == 0 { -1 } else { t as i32 }.to_string(),
        "mi" => {
            let imm = ((t & 7) << 4 | r) as i32;
            if imm >= 96 { imm - 128 } else { imm }.to_string()
        }
        "bit" => (t | (r & 1) << 4).to_string(),
        "b4" => [-1, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 32, 64, 128, 256][r as usize].to_string(),
        "b4u" => [32768, 65536, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 32, 64, 128, 256][r as usize].to_string(),
        "i4" => (raw >> 20 << 4).to_string(),
        "i8" => imm8.to_string(),
        "i8x2" => (imm8 << 1).to_string(),
        "i8x4" => (imm8 << 2).to_string(),
        "i8s" => signed(imm8, 8).to_string(),
        "i8m" => (signed(imm8, 8) << 8).to_string(),
        "i12" => signed(s << 8 | imm8, 12).to_string(),
        "e12" => (raw >> 12 << 3).to_string(),
        "j6" => target((t & 3) << 4 | r),
        "j8" => target(sign_extend(imm8, 8)),
        "l8" => target(imm8),
        "j12" => target(sign_extend(raw >> 12, 12)),
        "j18" => target(sign_extend(raw >> 6, 18)),
        "c18" => format!("0x{:x}", (pc & !3).wrapping_add(4).wrapping_add(sign_extend(raw >> 6, 18) << 2)),
        _ => format!("0x{:x}", (pc.wrapping_add(3) & !3).wrapping_add(0xFFFC_0000 | raw >> 8 << 2)),
    }
}

/// MAC16: the mnemonic is made of the fields.
fn mac16(raw: u32) -> Option<String> {
    if raw & 15 != 4 {
        return None;
    }
    let (op1, op2) = (raw >> 16 & 15, raw >> 20 & 15);
    let operation = ["umul", "mul", "mula", "muls"][(op1 >> 2) as usize];
    let halves = ["ll", "hl", "lh", "hh"][(op1 & 3) as usize];
    let (w, x, y) = (raw >> 12 & 3, raw >> 14 & 1, 2 + (raw >> 6 & 1));
    let (s, t) = (raw >> 8 & 15, raw >> 4 & 15);
    // The fields in which other instructions differ from these.
    let other = match op2 {
        0 | 1 => raw & 0x80B0,
        2 => raw & 0xBFB0,
        3 => raw & 0xF0B0,
        4 | 5 => raw & 0x8000,
        6 => raw & 0xBF00,
        7 => raw & 0xF000,
        _ => raw & 0xC0F0,
    };
    if other != 0 {
        return None;
    }
    Some(match (op2, op1) {
        (8, 0) => format!("ldinc m{w}, a{s}"),
        (9, 0) => format!("lddec m{w}, a{s}"),
        (0, 8..=11) => format!("mula.dd.{halves}.ldinc m{w}, a{s}, m{x}, m{y}"),
        (1, 8..=11) => format!("mula.dd.{halves}.lddec m{w}, a{s}, m{x}, m{y}"),
        (4, 8..=11) => format!("mula.da.{halves}.ldinc m{w}, a{s}, m{x}, a{t}"),
        (5, 8..=11) => format!("mula.da.{halves}.lddec m{w}, a{s}, m{x}, a{t}"),
        (2, 4..) => format!("{operation}.dd.{halves} m{x}, m{y}"),
        (3, 4..) => format!("{operation}.ad.{halves} a{s}, m{y}"),
        (6, 4..) => format!("{operation}.da.{halves} m{x}, a{t}"),
        (7, _) => format!("{operation}.aa.{halves} a{s}, a{t}"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::decode;
    use crate::op::OpCode;

    #[test]
    fn both_readings_of_the_opcode_maps_agree_on_what_is_an_instruction() {
        // Every value of the fields that select an operation, with a few register numbers.
        for high in 0..=0xFFu32 {
            for rst in 0..=0xFFFu32 {
                for op0 in 0..14 {
                    let raw = high << 16 | rst << 4 | op0;
                    let code = decode(0x4037_0000, raw).code;
                    let raw = if op0 >= 8 { raw & 0xFFFF } else { raw };
                    let known = PATTERNS.iter().find(|(mask, value, ..)| raw & mask == *value);
                    let is_ill = known.is_some_and(|pattern| pattern.2.starts_with("ill"));
                    let is_one = known.is_some() && !is_ill || mac16(raw).is_some() || pie::decode(raw).is_some();
                    assert_eq!(code != OpCode::Illegal, is_one, "{raw:06x}: {code:?}");
                }
            }
        }
    }

    #[test]
    fn the_start_up_code_of_a_function_reads_as_objdump_writes_it() {
        // Encodings of ISA RM chapter 6.
        let text = |raw: u32| instruction(&raw.to_le_bytes(), 0x4037_0000);
        assert_eq!(text(0x00_4136), "entry a1, 32");
        assert_eq!(text(0x0A_22D2), "l32i a13, a2, 40");
        assert_eq!(text(0x03_E620), "rsr.ps a2");
        assert_eq!(text(0x13_4990), "wsr.windowstart a9");
        assert_eq!(text(0xE3_4E70), "rur.threadptr a4");
        assert_eq!(text(0xFF_FF21), "l32r a2, 0x4036fffc");
        assert_eq!(text(0x11_3340), "slli a3, a3, 12");
        assert_eq!(text(0x31_2220), "srai a2, a2, 18");
        assert_eq!(text(0xF01D), "retw.n");
    }
}
