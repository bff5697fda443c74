//! From encoding to [`Op`]. ARMv6-M ARM, chapter A5 (The Thumb Instruction Set Encoding).
//!
//! Everything that can be known before execution is settled here: PC-relative values, branch
//! targets, shift distances, and the forms that differ only in an operand being SP or PC.

/// What an [`Op`] does. `a`, `b`, `c` are its register numbers, `imm` its immediate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum OpCode {
    /// Not decoded yet, or invalidated by a write.
    Undecoded,
    /// A breakpoint of the debugger stands here.
    Breakpoint,
    /// Nothing executable at this address.
    NoMemory,
    /// UNDEFINED in ARMv6-M.
    Undefined,
    /// UNPREDICTABLE in ARMv6-M: counted, then taken as UNDEFINED.
    Unpredictable,

    LslImm,
    LsrImm,
    AsrImm,
    /// MOVS rd, rm (LSLS #0): C unchanged.
    MovsReg,
    /// MOVS rd, #imm8.
    MovsImm,
    AddsReg,
    SubsReg,
    AddsImm,
    SubsImm,
    CmpImm,
    Ands,
    Eors,
    Lsls,
    Lsrs,
    Asrs,
    Adcs,
    Sbcs,
    Rors,
    Tst,
    Rsbs,
    CmpReg,
    Cmn,
    Orrs,
    Muls,
    Bics,
    Mvns,

    /// ADD a, b (high registers, flags untouched).
    AddReg,
    /// a = b + imm, flags untouched: ADD SP forms, ADD rd, PC.
    AddImm,
    /// ADD SP, b: bits 1:0 of SP are always zero.
    AddSp,
    /// MOV a, b (high registers, flags untouched).
    MovReg,
    /// MOV SP, b.
    MovSp,
    /// a = imm, flags untouched: ADR, MOV rd, PC.
    MovImm,
    /// MOV PC, b.
    MovPc,
    /// ADD PC, b; imm is the PC value.
    AddPc,

    Sxth,
    Sxtb,
    Uxth,
    Uxtb,
    Rev,
    Rev16,
    Revsh,

    LdrLit,
    StrReg,
    StrhReg,
    StrbReg,
    LdrsbReg,
    LdrReg,
    LdrhReg,
    LdrbReg,
    LdrshReg,
    StrImm,
    LdrImm,
    StrbImm,
    LdrbImm,
    StrhImm,
    LdrhImm,
    /// imm: list, bit 14 for LR.
    Push,
    /// imm: list without PC.
    Pop,
    /// imm: list, bit 15 set.
    PopPc,
    /// a: base, imm: list.
    Stm,
    Ldm,

    Beq,
    Bne,
    Bcs,
    Bcc,
    Bmi,
    Bpl,
    Bvs,
    Bvc,
    Bhi,
    Bls,
    Bge,
    Blt,
    Bgt,
    Ble,
    B,
    Bl,
    Bx,
    Blx,

    Nop,
    Sev,
    Wfe,
    Wfi,
    /// DMB, DSB, ISB.
    Barrier,
    /// CPSIE (imm 0), CPSID (imm 1).
    Cps,
    /// a: rd, imm: SYSm.
    Mrs,
    /// b: rn, imm: SYSm.
    Msr,
    Svc,
    Bkpt,
    Udf,
}

/// One decoded instruction. A 32-bit instruction is the op at its first halfword.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Op {
    pub code: OpCode,
    pub a: u8,
    pub b: u8,
    pub c: u8,
    pub imm: u32,
}

impl Op {
    pub const UNDECODED: Op = Op::new(OpCode::Undecoded, 0, 0, 0, 0);

    const fn new(code: OpCode, a: u32, b: u32, c: u32, imm: u32) -> Op {
        Op { code, a: a as u8, b: b as u8, c: c as u8, imm }
    }
}

const SP: u32 = 13;
const PC: u32 = 15;

/// Whether `first` opens a 32-bit instruction (A5.1).
pub(crate) fn is_wide(first: u16) -> bool {
    first >= 0xE800
}

/// Sign-extends the low `bits` of `value`.
fn sign_extend(value: u32, bits: u32) -> u32 {
    ((value << (32 - bits)) as i32 >> (32 - bits)) as u32
}

/// Decodes the instruction at `addr`; `second` is looked at for 32-bit instructions only.
pub(crate) fn decode(addr: u32, first: u16, second: Option<u16>) -> Op {
    use OpCode::*;
    if is_wide(first) {
        return match second {
            Some(second) => decode_wide(addr, first.into(), second.into()),
            None => Op::new(NoMemory, 0, 0, 0, addr.wrapping_add(2)),
        };
    }
    let hw = u32::from(first);
    let pc = addr.wrapping_add(4);
    let (r0, r3, r6, r8) = (hw & 7, hw >> 3 & 7, hw >> 6 & 7, hw >> 8 & 7);
    let imm5 = hw >> 6 & 31;
    let imm8 = hw & 0xFF;
    match hw >> 11 {
        // A5.2.1 Shift (immediate), add, subtract, move, and compare
        0b00000 if imm5 == 0 => Op::new(MovsReg, r0, r3, 0, 0),
        0b00000 => Op::new(LslImm, r0, r3, 0, imm5),
        0b00001 => Op::new(LsrImm, r0, r3, 0, if imm5 == 0 { 32 } else { imm5 }),
        0b00010 => Op::new(AsrImm, r0, r3, 0, if imm5 == 0 { 32 } else { imm5 }),
        0b00011 => match hw >> 9 & 3 {
            0 => Op::new(AddsReg, r0, r3, r6, 0),
            1 => Op::new(SubsReg, r0, r3, r6, 0),
            2 => Op::new(AddsImm, r0, r3, 0, r6),
            _ => Op::new(SubsImm, r0, r3, 0, r6),
        },
        0b00100 => Op::new(MovsImm, r8, 0, 0, imm8),
        0b00101 => Op::new(CmpImm, 0, r8, 0, imm8),
        0b00110 => Op::new(AddsImm, r8, r8, 0, imm8),
        0b00111 => Op::new(SubsImm, r8, r8, 0, imm8),
        0b01000 if hw & 0x400 == 0 => data_processing(hw),
        0b01000 => special_data(hw, pc),
        0b01001 => Op::new(LdrLit, r8, 0, 0, (pc & !3).wrapping_add(imm8 << 2)),
        // A5.2.4 Load/store single data item
        0b01010 | 0b01011 => {
            let code = [StrReg, StrhReg, StrbReg, LdrsbReg, LdrReg, LdrhReg, LdrbReg, LdrshReg];
            Op::new(code[(hw >> 9 & 7) as usize], r0, r3, r6, 0)
        }
        0b01100 => Op::new(StrImm, r0, r3, 0, imm5 << 2),
        0b01101 => Op::new(LdrImm, r0, r3, 0, imm5 << 2),
        0b01110 => Op::new(StrbImm, r0, r3, 0, imm5),
        0b01111 => Op::new(LdrbImm, r0, r3, 0, imm5),
        0b10000 => Op::new(StrhImm, r0, r3, 0, imm5 << 1),
        0b10001 => Op::new(LdrhImm, r0, r3, 0, imm5 << 1),
        0b10010 => Op::new(StrImm, r8, SP, 0, imm8 << 2),
        0b10011 => Op::new(LdrImm, r8, SP, 0, imm8 << 2),
        0b10100 => Op::new(MovImm, r8, 0, 0, (pc & !3).wrapping_add(imm8 << 2)),
        0b10101 => Op::new(AddImm, r8, SP, 0, imm8 << 2),
        0b10110 | 0b10111 => miscellaneous(hw),
        0b11000 | 0b11001 if imm8 == 0 => Op::new(Unpredictable, 0, 0, 0, hw),
        0b11000 => Op::new(Stm, r8, 0, 0, imm8),
        0b11001 => Op::new(Ldm, r8, 0, 0, imm8),
        // A5.2.6 Conditional branch, and Supervisor Call
        0b11010 | 0b11011 => {
            let code = [Beq, Bne, Bcs, Bcc, Bmi, Bpl, Bvs, Bvc, Bhi, Bls, Bge, Blt, Bgt, Ble, Udf, Svc]
                [(hw >> 8 & 15) as usize];
            match code {
                Udf | Svc => Op::new(code, 0, 0, 0, imm8),
                _ => Op::new(code, 0, 0, 0, pc.wrapping_add(sign_extend(imm8 << 1, 9))),
            }
        }
        _ => Op::new(B, 0, 0, 0, pc.wrapping_add(sign_extend((hw & 0x7FF) << 1, 12))),
    }
}

/// A5.2.2 Data processing.
fn data_processing(hw: u32) -> Op {
    use OpCode::*;
    let (rd, rm) = (hw & 7, hw >> 3 & 7);
    let code = [Ands, Eors, Lsls, Lsrs, Asrs, Adcs, Sbcs, Rors, Tst, Rsbs, CmpReg, Cmn, Orrs, Muls, Bics, Mvns]
        [(hw >> 6 & 15) as usize];
    // a = b op c: the left operand of these is the destination, but for RSBS and MVNS.
    match code {
        Rsbs | Mvns => Op::new(code, rd, rm, 0, 0),
        _ => Op::new(code, rd, rd, rm, 0),
    }
}

/// A5.2.3 Special data instructions and branch and exchange.
fn special_data(hw: u32, pc: u32) -> Op {
    use OpCode::*;
    let rd = hw & 7 | hw >> 4 & 8;
    let rm = hw >> 3 & 15;
    let unpredictable = Op::new(Unpredictable, 0, 0, 0, hw);
    match (hw >> 8 & 3, rd, rm) {
        (0, PC, PC) => unpredictable,
        (0, PC, _) => Op::new(AddPc, 0, rm, 0, pc),
        (0, SP, PC) => Op::new(AddImm, SP, SP, 0, pc & !3),
        (0, SP, _) => Op::new(AddSp, 0, rm, 0, 0),
        (0, _, PC) => Op::new(AddImm, rd, rd, 0, pc),
        (0, _, _) => Op::new(AddReg, rd, rm, 0, 0),
        (1, PC, _) | (1, _, PC) | (1, 0..=7, 0..=7) => unpredictable,
        (1, _, _) => Op::new(CmpReg, 0, rd, rm, 0),
        (2, PC, PC) => Op::new(B, 0, 0, 0, pc),
        (2, PC, _) => Op::new(MovPc, 0, rm, 0, 0),
        (2, SP, PC) => Op::new(MovImm, SP, 0, 0, pc & !3),
        (2, SP, _) => Op::new(MovSp, 0, rm, 0, 0),
        (2, _, PC) => Op::new(MovImm, rd, 0, 0, pc),
        (2, _, _) => Op::new(MovReg, rd, rm, 0, 0),
        // BX and BLX: bits 2:0 should be zero. BX PC would clear the T bit.
        (_, _, PC) => unpredictable,
        _ if hw & 7 != 0 => unpredictable,
        _ if hw & 0x80 == 0 => Op::new(Bx, 0, rm, 0, 0),
        _ => Op::new(Blx, 0, rm, 0, 0),
    }
}

/// A5.2.5 Miscellaneous 16-bit instructions.
fn miscellaneous(hw: u32) -> Op {
    use OpCode::*;
    let (r0, r3) = (hw & 7, hw >> 3 & 7);
    let imm8 = hw & 0xFF;
    let sp_offset = (hw & 0x7F) << 2;
    match hw >> 5 & 0x7F {
        0b0000000..=0b0000011 => Op::new(AddImm, SP, SP, 0, sp_offset),
        0b0000100..=0b0000111 => Op::new(AddImm, SP, SP, 0, sp_offset.wrapping_neg()),
        0b0010000..=0b0010111 => {
            let code = [Sxth, Sxtb, Uxth, Uxtb][(hw >> 6 & 3) as usize];
            Op::new(code, r0, r3, 0, 0)
        }
        0b0100000..=0b0101111 => match imm8 | (hw & 0x100) << 6 {
            0 => Op::new(Unpredictable, 0, 0, 0, hw),
            list => Op::new(Push, 0, 0, 0, list),
        },
        0b0110011 if hw & 0b1111 == 0b0010 => Op::new(Cps, 0, 0, 0, hw >> 4 & 1),
        0b1010000 | 0b1010001 => Op::new(Rev, r0, r3, 0, 0),
        0b1010010 | 0b1010011 => Op::new(Rev16, r0, r3, 0, 0),
        0b1010110 | 0b1010111 => Op::new(Revsh, r0, r3, 0, 0),
        0b1100000..=0b1101111 => match imm8 | (hw & 0x100) << 7 {
            0 => Op::new(Unpredictable, 0, 0, 0, hw),
            list if list >> PC != 0 => Op::new(PopPc, 0, 0, 0, list),
            list => Op::new(Pop, 0, 0, 0, list),
        },
        0b1110000..=0b1110111 => Op::new(Bkpt, 0, 0, 0, imm8),
        0b1111000..=0b1111111 => match (hw >> 4 & 15, hw & 15) {
            // A low nibble other than zero is IT, which ARMv6-M has not.
            (_, 1..=15) => Op::new(Undefined, 0, 0, 0, hw),
            (2, _) => Op::new(Wfe, 0, 0, 0, 0),
            (3, _) => Op::new(Wfi, 0, 0, 0, 0),
            (4, _) => Op::new(Sev, 0, 0, 0, 0),
            // NOP, YIELD, and the hints not allocated, which execute as NOP.
            _ => Op::new(Nop, 0, 0, 0, 0),
        },
        _ => Op::new(Undefined, 0, 0, 0, hw),
    }
}

/// A5.3 32-bit Thumb instructions: BL, MSR, MRS, the barriers, UDF.W.
fn decode_wide(addr: u32, first: u32, second: u32) -> Op {
    use OpCode::*;
    let word = first << 16 | second;
    let rd = second >> 8 & 15;
    let rn = first & 15;
    let sysm = second & 0xFF;
    match (first, second) {
        (0xF000..=0xF7FF, _) if second & 0xD000 == 0xD000 => {
            let s = first >> 10 & 1;
            let i1 = !(second >> 13 ^ s) & 1;
            let i2 = !(second >> 11 ^ s) & 1;
            let offset = s << 24 | i1 << 23 | i2 << 22 | (first & 0x3FF) << 12 | (second & 0x7FF) << 1;
            let target = addr.wrapping_add(4).wrapping_add(sign_extend(offset, 25));
            Op::new(Bl, 0, 0, 0, target)
        }
        (0xF380..=0xF38F, _) if second & 0xD000 == 0x8000 => match rn {
            SP | PC => Op::new(Unpredictable, 0, 0, 0, word),
            _ => Op::new(Msr, 0, rn, 0, sysm),
        },
        (0xF3E0..=0xF3EF, _) if second & 0xD000 == 0x8000 => match rd {
            SP | PC => Op::new(Unpredictable, 0, 0, 0, word),
            _ => Op::new(Mrs, rd, 0, 0, sysm),
        },
        (0xF3B0..=0xF3BF, 0x8F40..=0x8F6F) => Op::new(Barrier, 0, 0, 0, 0),
        _ => Op::new(Undefined, 0, 0, 0, word),
    }
}
