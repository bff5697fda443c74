//! FPU instructions that touch no memory. ISA RM 4.3.11 (Floating-Point Coprocessor Option). The
//! arithmetic is in `fpu.rs`.

use crate::core::Core;
use crate::fpu;
use crate::op::{Op, OpCode};

impl Core {
    /// CPENABLE has been checked.
    pub(crate) fn execute_fp(&mut self, op: &Op) {
        use OpCode as O;
        let (r, s, t) = (usize::from(op.r & 15), usize::from(op.s & 15), usize::from(op.t & 15));
        let f = &mut self.fpu;
        let (fr, fs, ft) = (f.fr[r], f.fr[s], f.fr[t]);
        let scale = op.imm;
        let boolean = match op.code {
            O::UnS => fpu::un_s(f, fs, ft),
            O::OeqS => fpu::oeq_s(f, fs, ft),
            O::UeqS => fpu::ueq_s(f, fs, ft),
            O::OltS => fpu::olt_s(f, fs, ft),
            O::UltS => fpu::ult_s(f, fs, ft),
            O::OleS => fpu::ole_s(f, fs, ft),
            O::UleS => fpu::ule_s(f, fs, ft),
            _ => return self.compute(op.code, r, s, t, scale, [fr, fs, ft]),
        };
        self.br = self.br & !(1 << r) | u32::from(boolean) << r;
    }

    fn compute(&mut self, code: OpCode, r: usize, s: usize, t: usize, scale: u32, [fr, fs, ft]: [u32; 3]) {
        use OpCode as O;
        let f = &mut self.fpu;
        let condition = match code {
            O::MoveqzS => self.r[t] == 0,
            O::MovnezS => self.r[t] != 0,
            O::MovltzS => (self.r[t] as i32) < 0,
            O::MovgezS => self.r[t] as i32 >= 0,
            O::MovfS => self.br >> t & 1 == 0,
            O::MovtS => self.br >> t & 1 != 0,
            _ => true,
        };
        match code {
            O::RoundS => self.r[r] = fpu::round_s(f, fs, scale),
            O::TruncS => self.r[r] = fpu::trunc_s(f, fs, scale),
            O::FloorS => self.r[r] = fpu::floor_s(f, fs, scale),
            O::CeilS => self.r[r] = fpu::ceil_s(f, fs, scale),
            O::UtruncS => self.r[r] = fpu::utrunc_s(f, fs, scale),
            O::Rfr => self.r[r] = fs,
            O::MoveqzS | O::MovnezS | O::MovltzS | O::MovgezS | O::MovfS | O::MovtS if !condition => {}
            _ => {
                f.fr[r] = match code {
                    O::AddS => fpu::add_s(f, fs, ft),
                    O::SubS => fpu::sub_s(f, fs, ft),
                    O::MulS => fpu::mul_s(f, fs, ft),
                    O::MaddS => fpu::madd_s(f, fr, fs, ft),
                    O::MsubS => fpu::msub_s(f, fr, fs, ft),
                    O::MaddnS => fpu::maddn_s(f, fr, fs, ft),
                    O::DivnS => fpu::divn_s(f, fr, fs, ft),
                    O::FloatS => fpu::float_s(f, self.r[s], scale),
                    O::UfloatS => fpu::ufloat_s(f, self.r[s], scale),
                    O::Wfr => self.r[s],
                    O::AbsS => fpu::abs_s(fs),
                    O::NegS => fpu::neg_s(fs),
                    O::ConstS => fpu::const_s(s as u32),
                    O::Div0S => fpu::div0_s(f, fs),
                    O::Recip0S => fpu::recip0_s(f, fs),
                    O::Sqrt0S => fpu::sqrt0_s(f, fs),
                    O::Rsqrt0S => fpu::rsqrt0_s(f, fs),
                    O::Nexp01S => fpu::nexp01_s(fs),
                    O::MksadjS => fpu::mksadj_s(f, fs),
                    O::MkdadjS => fpu::mkdadj_s(f, fr, fs),
                    O::AddexpS => fpu::addexp_s(fr, fs),
                    O::AddexpmS => fpu::addexpm_s(fr, fs),
                    // MOV.S and the conditional moves.
                    _ => fs,
                };
            }
        }
    }
}
