//! The decoded form: plain data, contiguous within a block, fit for a translator.

/// One decoded instruction, or a synthetic step of the block it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Op {
    pub code: OpCode,
    /// Registers, by the fields they come from: `r` destination, `s` and `t` as in the ISA RM.
    pub r: u8,
    pub s: u8,
    pub t: u8,
    /// Bytes of the instruction: 2, 3 or 4; 0 for a synthetic step.
    pub len: u8,
    /// The highest quarter of the window (0 to 3) that its AR operands are in.
    pub window: u8,
    /// Issue cycle and the stalls known from the instruction before it.
    pub cycles: u8,
    /// Offset, target, or immediate.
    pub imm: u32,
    /// A second immediate: compare constant, mask, or the raw encoding.
    pub imm2: u32,
}

impl Op {
    /// Is it a step on the way to the next instruction of its block?
    pub fn is_step(&self) -> bool {
        matches!(self.code, OpCode::FetchLine | OpCode::LoopEnd | OpCode::Turn)
    }

    /// A step that is not an instruction.
    pub fn synthetic(code: OpCode, imm: u32) -> Op {
        Op { code, r: 0, s: 0, t: 0, len: 0, window: 0, cycles: 0, imm, imm2: 0 }
    }
}

/// What an [`Op`] does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
#[rustfmt::skip]
pub(crate) enum OpCode {
    // Synthetic steps.
    /// The block goes on at the next address.
    Continue,
    /// LEND may be here: the zero-overhead loop.
    LoopEnd,
    /// Execution enters the fetch line `imm`.
    FetchLine,
    /// The branch behind it closes a turn of `imm` instructions that may only wait.
    Turn,
    /// A breakpoint of the debugger stands here.
    Breakpoint,
    /// The chip performs this.
    Trap,
    /// Nothing executable here; imm is the EXCCAUSE.
    NoMemory,
    /// Not an instruction of this processor.
    Illegal,

    // Arithmetic and logic.
    Add, Addx2, Addx4, Addx8, Sub, Subx2, Subx4, Subx8, And, Or, Xor, Neg, Abs, Mov,
    /// r = s + imm.
    Addi,
    /// r = imm.
    Movi,
    Slli, Srli, Srai, Extui, Src, Srl, Sll, Sra, Ssr, Ssl, Ssa8l, Ssa8b, Ssai,
    Moveqz, Movnez, Movltz, Movgez, Movf, Movt,
    Min, Max, Minu, Maxu, Sext, Clamps, Nsa, Nsau, Salt, Saltu,
    Mul16s, Mul16u, Mull, Muluh, Mulsh, Quos, Quou, Rems, Remu,

    // Loads and stores.
    L8ui, L16ui, L16si, L32i, L32r, S8i, S16i, S32i, L32ai, S32ri, S32c1i, L32e, S32e,
    Lsi, Lsip, Lsx, Lsxp, Ssi, Ssip, Ssx, Ssxp,

    // Branches.
    Beqz, Bnez, Bltz, Bgez, Beqi, Bnei, Blti, Bgei, Bltui, Bgeui,
    Beq, Bne, Blt, Bge, Bltu, Bgeu, Bany, Bnone, Ball, Bnall, Bbc, Bbs, Bbci, Bbsi, Bf, Bt,
    J, Jx, Call0, Callx0, Call4, Call8, Call12, Callx4, Callx8, Callx12, Ret, Retw, Entry,
    Loop, Loopgtz, Loopnez,

    // Windows.
    Movsp, Rotw, Rfwo, Rfwu,

    // Booleans.
    Andb, Andbc, Orb, Orbc, Xorb, Any4, All4, Any8, All8,

    // System.
    Nop, Memw, Sync, Isync, Cache, Rsr, Wsr, Xsr, Rur, Wur, Rsil, Waiti, Rfe, Rfde, Rfi,
    Syscall, Simcall, Break, BreakN, Rer, Wer,
    /// Instruction TLB: r = 0 RITLB0, 1 RITLB1, 2 PITLB, 3 WITLB, 4 IITLB.
    Itlb,
    /// Data TLB, likewise.
    Dtlb,

    /// MAC16: imm is the encoding.
    Mac16,
    /// MAC16 with a load, and LDINC, LDDEC.
    Mac16Load,

    // FPU, coprocessor 0.
    AddS, SubS, MulS, MaddS, MsubS, MaddnS, DivnS, RoundS, TruncS, FloorS, CeilS, FloatS, UfloatS, UtruncS,
    MovS, AbsS, NegS, ConstS, Rfr, Wfr, Div0S, Recip0S, Sqrt0S, Rsqrt0S, Nexp01S, MksadjS, MkdadjS, AddexpS, AddexpmS,
    UnS, OeqS, UeqS, OltS, UltS, OleS, UleS, MoveqzS, MovnezS, MovltzS, MovgezS, MovfS, MovtS,

    /// 128-bit instructions: imm is the encoding, imm2 twice the place in their table, and one if it
    /// needs coprocessor 3.
    Pie,
}

/// Whether nothing is executed behind this without a look-up.
pub(crate) fn ends_block(code: OpCode) -> bool {
    use OpCode as O;
    let jumps = matches!(code, O::J | O::Jx | O::Call0 | O::Callx0 | O::Call4 | O::Call8 | O::Call12);
    let windowed = matches!(code, O::Callx4 | O::Callx8 | O::Callx12 | O::Retw | O::Rfwo | O::Rfwu);
    let returns = matches!(code, O::Ret | O::Rfe | O::Rfde | O::Rfi);
    let stops = matches!(code, O::Syscall | O::Simcall | O::Break | O::BreakN | O::Waiti | O::Illegal);
    jumps || windowed || returns || stops || matches!(code, O::Breakpoint | O::Trap | O::NoMemory)
}
