//! Encoders of the Thumb instructions of ARMv6-M, written from ARMv6-M ARM chapter A6: each
//! function is the bit pattern of one encoding. Offsets are in bytes, relative to the PC value
//! (address + 4) where the manual says so.
#![allow(dead_code, reason = "each test file uses its own part")]

pub const EQ: u16 = 0;
pub const NE: u16 = 1;
pub const AL: u16 = 14;

fn low3(code: u16, rd: u16, rn: u16, rm: u16) -> u16 {
    assert!(rd < 8 && rn < 8 && rm < 8);
    code | rm << 6 | rn << 3 | rd
}

// A5.2.1 shift, add, subtract, move, compare
pub fn lsls_imm(rd: u16, rm: u16, imm: u16) -> u16 {
    low3(0x0000, rd, rm, 0) | (imm & 31) << 6
}
pub fn lsrs_imm(rd: u16, rm: u16, imm: u16) -> u16 {
    low3(0x0800, rd, rm, 0) | (imm & 31) << 6
}
pub fn asrs_imm(rd: u16, rm: u16, imm: u16) -> u16 {
    low3(0x1000, rd, rm, 0) | (imm & 31) << 6
}
pub fn adds_reg(rd: u16, rn: u16, rm: u16) -> u16 {
    low3(0x1800, rd, rn, rm)
}
pub fn subs_reg(rd: u16, rn: u16, rm: u16) -> u16 {
    low3(0x1A00, rd, rn, rm)
}
pub fn adds_imm3(rd: u16, rn: u16, imm: u16) -> u16 {
    low3(0x1C00, rd, rn, imm)
}
pub fn subs_imm3(rd: u16, rn: u16, imm: u16) -> u16 {
    low3(0x1E00, rd, rn, imm)
}
pub fn movs_imm(rd: u16, imm: u16) -> u16 {
    0x2000 | rd << 8 | imm
}
pub fn cmp_imm(rn: u16, imm: u16) -> u16 {
    0x2800 | rn << 8 | imm
}
pub fn adds_imm8(rd: u16, imm: u16) -> u16 {
    0x3000 | rd << 8 | imm
}
pub fn subs_imm8(rd: u16, imm: u16) -> u16 {
    0x3800 | rd << 8 | imm
}

// A5.2.2 data processing; `op` is bits 9:6
pub const ANDS: u16 = 0;
pub const EORS: u16 = 1;
pub const LSLS: u16 = 2;
pub const LSRS: u16 = 3;
pub const ASRS: u16 = 4;
pub const ADCS: u16 = 5;
pub const SBCS: u16 = 6;
pub const RORS: u16 = 7;
pub const TST: u16 = 8;
pub const RSBS: u16 = 9;
pub const CMP: u16 = 10;
pub const CMN: u16 = 11;
pub const ORRS: u16 = 12;
pub const MULS: u16 = 13;
pub const BICS: u16 = 14;
pub const MVNS: u16 = 15;
pub fn data(op: u16, rdn: u16, rm: u16) -> u16 {
    low3(0x4000, rdn, rm, 0) | op << 6
}

// A5.2.3 special data instructions, branch and exchange
fn high(code: u16, rd: u16, rm: u16) -> u16 {
    code | (rd & 8) << 4 | rm << 3 | rd & 7
}
pub fn add_high(rdn: u16, rm: u16) -> u16 {
    high(0x4400, rdn, rm)
}
pub fn cmp_high(rn: u16, rm: u16) -> u16 {
    high(0x4500, rn, rm)
}
pub fn mov(rd: u16, rm: u16) -> u16 {
    high(0x4600, rd, rm)
}
pub fn bx(rm: u16) -> u16 {
    0x4700 | rm << 3
}
pub fn blx(rm: u16) -> u16 {
    0x4780 | rm << 3
}

// A5.2.4 load and store
pub fn ldr_lit(rt: u16, offset: u16) -> u16 {
    0x4800 | rt << 8 | offset >> 2
}
pub fn str_reg(rt: u16, rn: u16, rm: u16) -> u16 {
    low3(0x5000, rt, rn, rm)
}
pub fn strh_reg(rt: u16, rn: u16, rm: u16) -> u16 {
    low3(0x5200, rt, rn, rm)
}
pub fn strb_reg(rt: u16, rn: u16, rm: u16) -> u16 {
    low3(0x5400, rt, rn, rm)
}
pub fn ldrsb_reg(rt: u16, rn: u16, rm: u16) -> u16 {
    low3(0x5600, rt, rn, rm)
}
pub fn ldr_reg(rt: u16, rn: u16, rm: u16) -> u16 {
    low3(0x5800, rt, rn, rm)
}
pub fn ldrh_reg(rt: u16, rn: u16, rm: u16) -> u16 {
    low3(0x5A00, rt, rn, rm)
}
pub fn ldrb_reg(rt: u16, rn: u16, rm: u16) -> u16 {
    low3(0x5C00, rt, rn, rm)
}
pub fn ldrsh_reg(rt: u16, rn: u16, rm: u16) -> u16 {
    low3(0x5E00, rt, rn, rm)
}
pub fn str_imm(rt: u16, rn: u16, offset: u16) -> u16 {
    low3(0x6000, rt, rn, 0) | offset >> 2 << 6
}
pub fn ldr_imm(rt: u16, rn: u16, offset: u16) -> u16 {
    low3(0x6800, rt, rn, 0) | offset >> 2 << 6
}
pub fn strb_imm(rt: u16, rn: u16, offset: u16) -> u16 {
    low3(0x7000, rt, rn, 0) | offset << 6
}
pub fn ldrb_imm(rt: u16, rn: u16, offset: u16) -> u16 {
    low3(0x7800, rt, rn, 0) | offset << 6
}
pub fn strh_imm(rt: u16, rn: u16, offset: u16) -> u16 {
    low3(0x8000, rt, rn, 0) | offset >> 1 << 6
}
pub fn ldrh_imm(rt: u16, rn: u16, offset: u16) -> u16 {
    low3(0x8800, rt, rn, 0) | offset >> 1 << 6
}
pub fn str_sp(rt: u16, offset: u16) -> u16 {
    0x9000 | rt << 8 | offset >> 2
}
pub fn ldr_sp(rt: u16, offset: u16) -> u16 {
    0x9800 | rt << 8 | offset >> 2
}
pub fn adr(rd: u16, offset: u16) -> u16 {
    0xA000 | rd << 8 | offset >> 2
}
pub fn add_rd_sp(rd: u16, offset: u16) -> u16 {
    0xA800 | rd << 8 | offset >> 2
}

// A5.2.5 miscellaneous
pub fn add_sp(offset: u16) -> u16 {
    0xB000 | offset >> 2
}
pub fn sub_sp(offset: u16) -> u16 {
    0xB080 | offset >> 2
}
pub fn sxth(rd: u16, rm: u16) -> u16 {
    low3(0xB200, rd, rm, 0)
}
pub fn sxtb(rd: u16, rm: u16) -> u16 {
    low3(0xB240, rd, rm, 0)
}
pub fn uxth(rd: u16, rm: u16) -> u16 {
    low3(0xB280, rd, rm, 0)
}
pub fn uxtb(rd: u16, rm: u16) -> u16 {
    low3(0xB2C0, rd, rm, 0)
}
/// `list`: bits 0 to 7 the low registers, bit 8 LR.
pub fn push(list: u16) -> u16 {
    0xB400 | list
}
pub const CPSIE: u16 = 0xB662;
pub const CPSID: u16 = 0xB672;
pub fn rev(rd: u16, rm: u16) -> u16 {
    low3(0xBA00, rd, rm, 0)
}
pub fn rev16(rd: u16, rm: u16) -> u16 {
    low3(0xBA40, rd, rm, 0)
}
pub fn revsh(rd: u16, rm: u16) -> u16 {
    low3(0xBAC0, rd, rm, 0)
}
/// `list`: bits 0 to 7 the low registers, bit 8 PC.
pub fn pop(list: u16) -> u16 {
    0xBC00 | list
}
pub fn bkpt(imm: u16) -> u16 {
    0xBE00 | imm
}
pub const NOP: u16 = 0xBF00;
pub const YIELD: u16 = 0xBF10;
pub const WFE: u16 = 0xBF20;
pub const WFI: u16 = 0xBF30;
pub const SEV: u16 = 0xBF40;
pub fn stm(rn: u16, list: u16) -> u16 {
    0xC000 | rn << 8 | list
}
pub fn ldm(rn: u16, list: u16) -> u16 {
    0xC800 | rn << 8 | list
}

// A5.2.6 and branches
pub fn b_cond(cond: u16, offset: i32) -> u16 {
    assert!((-256..=254).contains(&offset));
    0xD000 | cond << 8 | (offset >> 1) as u16 & 0xFF
}
pub fn udf(imm: u16) -> u16 {
    0xDE00 | imm
}
pub fn svc(imm: u16) -> u16 {
    0xDF00 | imm
}
pub fn b(offset: i32) -> u16 {
    assert!((-2048..=2046).contains(&offset));
    0xE000 | (offset >> 1) as u16 & 0x7FF
}
pub fn bl(offset: i32) -> [u16; 2] {
    let offset = offset as u32;
    let s = offset >> 24 & 1;
    let j1 = !(offset >> 23 ^ s) & 1;
    let j2 = !(offset >> 22 ^ s) & 1;
    [(0xF000 | s << 10 | offset >> 12 & 0x3FF) as u16, (0xD000 | j1 << 13 | j2 << 11 | offset >> 1 & 0x7FF) as u16]
}

// A5.3 32-bit instructions
pub const APSR: u16 = 0;
pub const XPSR: u16 = 3;
pub const IPSR: u16 = 5;
pub const MSP: u16 = 8;
pub const PSP: u16 = 9;
pub const PRIMASK: u16 = 16;
pub const CONTROL: u16 = 20;
pub fn mrs(rd: u16, sysm: u16) -> [u16; 2] {
    [0xF3EF, 0x8000 | rd << 8 | sysm]
}
pub fn msr(sysm: u16, rn: u16) -> [u16; 2] {
    [0xF380 | rn, 0x8800 | sysm]
}
pub const DSB: [u16; 2] = [0xF3BF, 0x8F4F];
pub const DMB: [u16; 2] = [0xF3BF, 0x8F5F];
pub const ISB: [u16; 2] = [0xF3BF, 0x8F6F];
