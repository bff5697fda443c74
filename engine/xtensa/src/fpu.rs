//! Single-precision arithmetic of the FPU, on bit patterns. Each function is named as its
//! instruction, takes the rounding mode from FCR and leaves its flags in FSR.
//!
//! First form, round to nearest and without flags; the seeds of division and square root are exact
//! values instead of the table's.

use serde::{Deserialize, Serialize};

/// State of the floating-point coprocessor.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Fpu {
    /// f0 to f15.
    pub fr: [u32; 16],
    /// Rounding mode and exception enables.
    pub fcr: u32,
    /// Exception flags.
    pub fsr: u32,
}

fn f(bits: u32) -> f32 {
    f32::from_bits(bits)
}

/// `a + b`.
pub fn add_s(_: &mut Fpu, a: u32, b: u32) -> u32 {
    (f(a) + f(b)).to_bits()
}
/// `a - b`.
pub fn sub_s(_: &mut Fpu, a: u32, b: u32) -> u32 {
    (f(a) - f(b)).to_bits()
}
/// `a * b`.
pub fn mul_s(_: &mut Fpu, a: u32, b: u32) -> u32 {
    (f(a) * f(b)).to_bits()
}
/// `r + a * b`, rounded once.
pub fn madd_s(_: &mut Fpu, r: u32, a: u32, b: u32) -> u32 {
    f(a).mul_add(f(b), f(r)).to_bits()
}
/// `r - a * b`, rounded once.
pub fn msub_s(_: &mut Fpu, r: u32, a: u32, b: u32) -> u32 {
    (-f(a)).mul_add(f(b), f(r)).to_bits()
}
/// MADD, rounded to nearest whatever FCR says.
pub fn maddn_s(fpu: &mut Fpu, r: u32, a: u32, b: u32) -> u32 {
    madd_s(fpu, r, a, b)
}
/// The last step of a division.
pub fn divn_s(fpu: &mut Fpu, r: u32, a: u32, b: u32) -> u32 {
    madd_s(fpu, r, a, b)
}
fn scaled(a: u32, scale: u32) -> f64 {
    f64::from(f(a)) * f64::from(1u32 << scale)
}
/// To integer, nearest.
pub fn round_s(_: &mut Fpu, a: u32, scale: u32) -> u32 {
    scaled(a, scale).round_ties_even() as i32 as u32
}
/// To integer, towards zero.
pub fn trunc_s(_: &mut Fpu, a: u32, scale: u32) -> u32 {
    scaled(a, scale).trunc() as i32 as u32
}
/// To integer, down.
pub fn floor_s(_: &mut Fpu, a: u32, scale: u32) -> u32 {
    scaled(a, scale).floor() as i32 as u32
}
/// To integer, up.
pub fn ceil_s(_: &mut Fpu, a: u32, scale: u32) -> u32 {
    scaled(a, scale).ceil() as i32 as u32
}
/// To unsigned integer, towards zero.
pub fn utrunc_s(_: &mut Fpu, a: u32, scale: u32) -> u32 {
    scaled(a, scale).trunc() as u32
}
/// From integer.
pub fn float_s(_: &mut Fpu, a: u32, scale: u32) -> u32 {
    ((f64::from(a as i32) / f64::from(1u32 << scale)) as f32).to_bits()
}
/// From unsigned integer.
pub fn ufloat_s(_: &mut Fpu, a: u32, scale: u32) -> u32 {
    ((f64::from(a) / f64::from(1u32 << scale)) as f32).to_bits()
}
/// Sign cleared.
pub fn abs_s(a: u32) -> u32 {
    a & 0x7FFF_FFFF
}
/// Sign inverted.
pub fn neg_s(a: u32) -> u32 {
    a ^ 0x8000_0000
}
/// CONST.S: 0, 1, 2, 0.5.
pub fn const_s(n: u32) -> u32 {
    [0.0f32, 1.0, 2.0, 0.5].get(n as usize).copied().unwrap_or(0.0).to_bits()
}
/// Seed of 1/a for a division.
pub fn div0_s(_: &mut Fpu, a: u32) -> u32 {
    (1.0 / f(a)).to_bits()
}
/// Seed of 1/a.
pub fn recip0_s(_: &mut Fpu, a: u32) -> u32 {
    (1.0 / f(a)).to_bits()
}
/// Seed of 1/sqrt(a) for a square root.
pub fn sqrt0_s(_: &mut Fpu, a: u32) -> u32 {
    (1.0 / f(a).sqrt()).to_bits()
}
/// Seed of 1/sqrt(a).
pub fn rsqrt0_s(_: &mut Fpu, a: u32) -> u32 {
    (1.0 / f(a).sqrt()).to_bits()
}
/// Narrowed exponent.
pub fn nexp01_s(a: u32) -> u32 {
    a
}
/// Exponent adjustment of a square root.
pub fn mksadj_s(_: &mut Fpu, _a: u32) -> u32 {
    0
}
/// Exponent adjustment of a division.
pub fn mkdadj_s(_: &mut Fpu, _r: u32, _a: u32) -> u32 {
    0
}
/// Adds exponents.
pub fn addexp_s(r: u32, _a: u32) -> u32 {
    r
}
/// Adds exponents, other half.
pub fn addexpm_s(r: u32, _a: u32) -> u32 {
    r
}
/// Unordered.
pub fn un_s(_: &mut Fpu, a: u32, b: u32) -> bool {
    f(a).is_nan() || f(b).is_nan()
}
/// Equal.
pub fn oeq_s(_: &mut Fpu, a: u32, b: u32) -> bool {
    f(a) == f(b)
}
/// Unordered or equal.
pub fn ueq_s(fpu: &mut Fpu, a: u32, b: u32) -> bool {
    un_s(fpu, a, b) || f(a) == f(b)
}
/// Less.
pub fn olt_s(_: &mut Fpu, a: u32, b: u32) -> bool {
    f(a) < f(b)
}
/// Unordered or less.
pub fn ult_s(fpu: &mut Fpu, a: u32, b: u32) -> bool {
    un_s(fpu, a, b) || f(a) < f(b)
}
/// Less or equal.
pub fn ole_s(_: &mut Fpu, a: u32, b: u32) -> bool {
    f(a) <= f(b)
}
/// Unordered, less or equal.
pub fn ule_s(fpu: &mut Fpu, a: u32, b: u32) -> bool {
    un_s(fpu, a, b) || f(a) <= f(b)
}
