//! What instructions cost, in one table. Issue is one instruction per cycle; everything here comes
//! on top. Stalls of memory are the bus's.

use serde::{Deserialize, Serialize};

use crate::op::{Op, OpCode};

/// Cycles beyond the first. Where the defaults come from is named at each: *xtensa.md* is the pipeline
/// model in GCC's `gcc/config/xtensa/xtensa.md` (five stages, one issue per cycle, latencies by type of
/// instruction); *core-isa.h* a property of the S3's configuration; *estimate* means that no figure is
/// published and the reasoning is ours.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Costs {
    /// A taken branch, jump, call or return. Estimate: the target is known in the third of five
    /// stages, two instructions behind the branch are killed.
    pub taken: u8,
    /// An instruction that uses the result of the load just before it. xtensa.md: `load` and `fload` 2.
    pub load_use: u8,
    /// An instruction that uses the result of MULL, MULUH, MULSH, MUL16U, MUL16S just before it.
    /// xtensa.md: `mul16` and `mul32` 2.
    pub mul_use: u8,
    /// An instruction that uses the result of the RSR or RUR just before it. xtensa.md: `rsr` 2.
    pub rsr_use: u8,
    /// An FPU instruction that uses the result of ADD.S, SUB.S, MUL.S, MADD.S and their like just
    /// before it. xtensa.md: `fmadd` 4.
    pub fmadd_use: u8,
    /// An instruction that uses the result of a conversion just before it. xtensa.md: `fconv` 2.
    pub fconv_use: u8,
    /// QUOS, QUOU, REMS, REMU: fewest cycles beyond the first. Estimate: the divider is said to take 2
    /// to 13 cycles, by the size of the quotient.
    pub divide_least: u8,
    /// Most cycles beyond the first of a division. Estimate, as above.
    pub divide_most: u8,
    /// An exception or an interrupt taken, until its first instruction is issued. Estimate: five
    /// stages are filled again. What a window exception costs beyond that are its handler's
    /// instructions.
    pub exception: u8,
    /// ISYNC. Estimate: the pipeline is filled again.
    pub isync: u8,
    /// RSYNC, ESYNC, DSYNC, EXCW, MEMW, EXTW. Estimate: nothing to wait for, since a store's stalls are
    /// taken when it is executed.
    pub sync: u8,
    /// A load or store that crosses a boundary of the data path is two accesses. core-isa.h:
    /// `XCHAL_DATA_WIDTH` 16 bytes.
    pub crossing: u8,
    /// S32C1I. Estimate: a load, a comparison and a store.
    pub s32c1i: u8,
    /// LOOP, LOOPGTZ, LOOPNEZ that enters its loop; going round costs nothing. Estimate.
    pub loop_entry: u8,
}

impl Default for Costs {
    fn default() -> Self {
        Costs {
            taken: 2,
            load_use: 1,
            mul_use: 1,
            rsr_use: 1,
            fmadd_use: 3,
            fconv_use: 1,
            divide_least: 1,
            divide_most: 12,
            exception: 4,
            isync: 3,
            sync: 0,
            crossing: 1,
            s32c1i: 2,
            loop_entry: 0,
        }
    }
}

impl Costs {
    /// Cycles of a division beyond the first: the divider works off the bits of the quotient, three
    /// at a time between the two published bounds (estimate).
    #[inline]
    pub(crate) fn division(&self, dividend: u32, divisor: u32) -> u64 {
        let quotient_bits = (32 - dividend.leading_zeros()).saturating_sub(31 - divisor.leading_zeros());
        let steps = u64::from(quotient_bits.div_ceil(3));
        (u64::from(self.divide_least) + steps).min(self.divide_most.into())
    }
}

/// Stall cycles of `op` that are due to the instruction just before it.
pub(crate) fn stall(costs: &Costs, before: &Op, op: &Op) -> u8 {
    use OpCode as O;
    let ar = |register: u8, cycles| if sources(op) & 1 << register != 0 { cycles } else { 0 };
    match before.code {
        O::L8ui | O::L16ui | O::L16si | O::L32i | O::L32r | O::L32ai | O::L32e => ar(before.t, costs.load_use),
        O::Mull | O::Muluh | O::Mulsh | O::Mul16s | O::Mul16u => ar(before.r, costs.mul_use),
        O::AddS | O::SubS | O::MulS | O::MaddS | O::MsubS | O::MaddnS | O::DivnS if reads_fr(op, before.r) => {
            costs.fmadd_use
        }
        O::FloatS | O::UfloatS if reads_fr(op, before.r) => costs.fconv_use,
        O::RoundS | O::TruncS | O::FloorS | O::CeilS | O::UtruncS => ar(before.r, costs.fconv_use),
        O::Rsr | O::Xsr => ar(before.t, costs.rsr_use),
        O::Rur => ar(before.r, costs.rsr_use),
        O::Lsi | O::Lsip if reads_fr(op, before.t) => costs.load_use,
        O::Lsx | O::Lsxp if reads_fr(op, before.r) => costs.load_use,
        _ => 0,
    }
}

fn reads_fr(op: &Op, register: u8) -> bool {
    use OpCode as O;
    match op.code {
        O::AddS | O::SubS | O::MulS => op.s == register || op.t == register,
        O::UnS | O::OeqS | O::UeqS | O::OltS | O::UltS | O::OleS | O::UleS => op.s == register || op.t == register,
        O::MaddS | O::MsubS | O::MaddnS | O::DivnS => [op.r, op.s, op.t].contains(&register),
        O::AddexpS | O::AddexpmS | O::MkdadjS => op.s == register || op.r == register,
        O::RoundS | O::TruncS | O::FloorS | O::CeilS | O::UtruncS | O::Rfr => op.s == register,
        O::MovS | O::AbsS | O::NegS | O::Div0S | O::Recip0S | O::Sqrt0S | O::Rsqrt0S => op.s == register,
        O::Nexp01S | O::MksadjS | O::MoveqzS | O::MovnezS | O::MovltzS | O::MovgezS => op.s == register,
        O::MovfS | O::MovtS => op.s == register,
        O::Ssi | O::Ssip => op.t == register,
        O::Ssx | O::Ssxp => op.r == register,
        _ => false,
    }
}

/// AR registers that `op` reads, a bit each.
fn sources(op: &Op) -> u32 {
    use OpCode as O;
    let (s, t) = (1 << op.s, 1 << op.t);
    match op.code {
        O::Add | O::Addx2 | O::Addx4 | O::Addx8 | O::Sub | O::Subx2 | O::Subx4 | O::Subx8 => s | t,
        O::And | O::Or | O::Xor | O::Min | O::Max | O::Minu | O::Maxu | O::Salt | O::Saltu | O::Src => s | t,
        O::Mul16s | O::Mul16u | O::Mull | O::Muluh | O::Mulsh => s | t,
        O::Quos | O::Quou | O::Rems | O::Remu => s | t,
        O::Neg | O::Abs | O::Srai | O::Srli | O::Extui | O::Srl | O::Sra => t,
        O::Mov | O::Addi | O::Slli | O::Sll | O::Sext | O::Clamps | O::Nsa | O::Nsau | O::Movsp => s,
        O::Ssr | O::Ssl | O::Ssa8l | O::Ssa8b => s,
        O::Moveqz | O::Movnez | O::Movltz | O::Movgez => s | t,
        O::Movf | O::Movt => s,
        O::L8ui | O::L16ui | O::L16si | O::L32i | O::L32ai | O::L32e | O::Lsi | O::Lsip | O::Ssi | O::Ssip => s,
        O::S8i | O::S16i | O::S32i | O::S32ri | O::S32c1i | O::S32e | O::Lsx | O::Lsxp | O::Ssx | O::Ssxp => s | t,
        O::Beqz | O::Bnez | O::Bltz | O::Bgez | O::Beqi | O::Bnei | O::Blti | O::Bgei | O::Bltui | O::Bgeui => s,
        O::Bbci | O::Bbsi | O::Jx | O::Callx0 | O::Callx4 | O::Callx8 | O::Callx12 | O::Entry => s,
        O::Beq | O::Bne | O::Blt | O::Bge | O::Bltu | O::Bgeu | O::Bany | O::Bnone | O::Ball | O::Bnall => s | t,
        O::Bbc | O::Bbs => s | t,
        O::Ret | O::Retw => 1,
        O::Loop | O::Loopgtz | O::Loopnez | O::Wfr | O::FloatS | O::UfloatS => s,
        O::Wsr | O::Xsr | O::Wur => t,
        _ => 0,
    }
}
