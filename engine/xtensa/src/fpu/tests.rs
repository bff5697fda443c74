//! Against the arithmetic of the host in its rounding mode (IEEE 754 round to nearest even), and the
//! sequences of libgcc's `ieee754-sf.S` (XCHAL_HAVE_FP_DIV, FP_SQRT, FP_RECIP, FP_RSQRT).

use super::*;

/// xorshift64*, so that a failure comes again.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32) as u32
    }

    /// A bit pattern, one in four of a special kind.
    fn float(&mut self) -> u32 {
        let a = self.next();
        match self.next() % 16 {
            0 => a & (SIGN | FRACTION),
            1 => a & (SIGN | 0x3FF),
            2 => [0, SIGN, INFINITY, SIGN | INFINITY, DEFAULT_NAN, LARGEST, 0x0080_0000, 1][a as usize % 8],
            3 => a & (SIGN | 0xFFFF) | 127 << 23,
            _ => a,
        }
    }
}

const FRACTION: u32 = 0x7F_FFFF;
const COUNT: u32 = 1_000_000;

fn f(a: u32) -> f32 {
    f32::from_bits(a)
}

fn same(ours: u32, theirs: f32) -> bool {
    ours == theirs.to_bits() || is_nan(ours) && theirs.is_nan()
}

/// `__divsf3`.
fn divide(fpu: &mut Fpu, a: u32, b: u32) -> u32 {
    let y = div0_s(fpu, b);
    let minus_b = nexp01_s(b);
    let error = maddn_s(fpu, const_s(1), minus_b, y);
    let mut recip = y;
    let minus_a = nexp01_s(a);
    recip = maddn_s(fpu, recip, error, recip);
    let error = maddn_s(fpu, const_s(1), minus_b, recip);
    let mut rest = neg_s(minus_a);
    let mut quotient = maddn_s(fpu, const_s(0), rest, y);
    let adjust = mkdadj_s(fpu, b, a);
    recip = maddn_s(fpu, recip, error, recip);
    rest = maddn_s(fpu, rest, minus_b, quotient);
    let error = maddn_s(fpu, const_s(1), minus_b, recip);
    quotient = maddn_s(fpu, quotient, rest, recip);
    recip = maddn_s(fpu, recip, error, recip);
    let rest = neg_s(minus_a);
    let rest = maddn_s(fpu, rest, minus_b, quotient);
    let quotient = addexpm_s(quotient, adjust);
    let recip = addexp_s(recip, adjust);
    divn_s(fpu, quotient, rest, recip)
}

/// `__ieee754_sqrtf`.
fn root(fpu: &mut Fpu, a: u32) -> u32 {
    let mut f2 = sqrt0_s(fpu, a);
    let mut f3 = maddn_s(fpu, const_s(0), f2, f2);
    let mut f4 = addexp_s(nexp01_s(a), const_s(3));
    let mut f0 = maddn_s(fpu, const_s(3), f3, f4);
    f3 = nexp01_s(a);
    let f5 = neg_s(f3);
    f2 = maddn_s(fpu, f2, f0, f2);
    f0 = maddn_s(fpu, const_s(0), f5, f2);
    let f6 = maddn_s(fpu, const_s(0), f2, f4);
    f4 = const_s(3);
    let mut f7 = maddn_s(fpu, const_s(0), f4, f2);
    f3 = maddn_s(fpu, f3, f0, f0);
    f4 = maddn_s(fpu, f4, f6, f2);
    f2 = neg_s(f7);
    f0 = maddn_s(fpu, f0, f3, f2);
    f7 = maddn_s(fpu, f7, f4, f7);
    f2 = mksadj_s(fpu, a);
    let f1 = maddn_s(fpu, nexp01_s(a), f0, f0);
    f3 = neg_s(f7);
    divn_s(fpu, addexpm_s(f0, f2), f1, addexp_s(f3, f2))
}

#[test]
fn sums_products_and_fused_ones_are_the_hosts() {
    let mut random = Random(1);
    let mut fpu = Fpu::default();
    for _ in 0..COUNT {
        let (a, b, c) = (random.float(), random.float(), random.float());
        assert!(same(add_s(&mut fpu, a, b), f(a) + f(b)), "{a:08x} + {b:08x}");
        assert!(same(sub_s(&mut fpu, a, b), f(a) - f(b)), "{a:08x} - {b:08x}");
        assert!(same(mul_s(&mut fpu, a, b), f(a) * f(b)), "{a:08x} * {b:08x}");
        assert!(same(madd_s(&mut fpu, c, a, b), f(a).mul_add(f(b), f(c))), "{c:08x} + {a:08x} * {b:08x}");
        assert!(same(msub_s(&mut fpu, c, a, b), (-f(a)).mul_add(f(b), f(c))), "{c:08x} - {a:08x} * {b:08x}");
    }
}

/// The double quotient of two singles, rounded to single, is the rounded quotient: 53 >= 2 * 24 + 2.
/// Not so for subnormal results, where the host's own single division is asked.
#[test]
fn the_division_sequence_is_correctly_rounded() {
    let mut random = Random(2);
    for _ in 0..COUNT {
        let (a, b) = (random.float(), random.float());
        let mut fpu = Fpu::default();
        let ours = divide(&mut fpu, a, b);
        assert!(same(ours, f(a) / f(b)), "{a:08x} / {b:08x} = {ours:08x}, not {:08x}", (f(a) / f(b)).to_bits());
        let by_zero = is_zero(b) && !is_zero(a) && !is_nan(a) && !is_infinite(a);
        assert_eq!(fpu.fsr & DIVIDE_BY_ZERO != 0, by_zero, "{a:08x} / {b:08x}");
        if !is_nan(ours) && !is_infinite(ours) && !by_zero && !is_infinite(b) {
            let exact = f64::from(f(ours)) * f64::from(f(b)) == f64::from(f(a));
            assert_eq!(fpu.fsr & INEXACT == 0, exact, "{a:08x} / {b:08x}");
        }
    }
}

/// The other modes: the result is on the right side of the exact quotient, and the next single is not.
#[test]
fn the_division_sequence_honours_the_rounding_mode() {
    let mut random = Random(3);
    for _ in 0..COUNT {
        let (a, b) = (random.float() & !SIGN, random.float() & !SIGN);
        if is_nan(a) || is_nan(b) || is_infinite(a) || is_infinite(b) || is_zero(b) {
            continue;
        }
        let quotient = f64::from(f(a)) / f64::from(f(b));
        let down = divide(&mut Fpu { fcr: 3, ..Fpu::default() }, a, b);
        let zero = divide(&mut Fpu { fcr: 1, ..Fpu::default() }, a, b);
        let up = divide(&mut Fpu { fcr: 2, ..Fpu::default() }, a, b);
        assert_eq!(down, zero, "{a:08x} / {b:08x}");
        assert!(f64::from(f(down)) <= quotient && quotient <= f64::from(f(up)), "{a:08x} / {b:08x}");
        assert!(up - down <= 1, "{a:08x} / {b:08x}: {down:08x} {up:08x}");
    }
}

#[test]
fn the_square_root_sequence_is_correctly_rounded() {
    let mut random = Random(4);
    for _ in 0..COUNT {
        let a = random.float();
        let mut fpu = Fpu::default();
        let ours = root(&mut fpu, a);
        assert!(same(ours, f(a).sqrt()), "sqrt {a:08x} = {ours:08x}, not {:08x}", f(a).sqrt().to_bits());
        assert_eq!(fpu.fsr & INVALID != 0, is_negative(a) && !is_zero(a) && !is_nan(a) || is_signalling(a), "{a:08x}");
    }
}

/// `__recipsf2` and `__rsqrtsf2` are for fast arithmetic: within an ulp or two.
#[test]
fn the_reciprocal_sequences_are_close() {
    let mut random = Random(5);
    for _ in 0..COUNT {
        let a = random.next() & !SIGN;
        if !(0x0100_0000..0x7E00_0000).contains(&a) {
            continue;
        }
        let mut fpu = Fpu::default();
        let mut y = recip0_s(&mut fpu, a);
        for _ in 0..2 {
            let error = msub_s(&mut fpu, const_s(1), a, y);
            y = maddn_s(&mut fpu, y, y, error);
        }
        assert!(y.abs_diff((1.0 / f(a)).to_bits()) <= 1, "1 / {a:08x} = {y:08x}");
        let mut y = rsqrt0_s(&mut fpu, a);
        for _ in 0..2 {
            let product = mul_s(&mut fpu, a, y);
            let half = mul_s(&mut fpu, const_s(3), y);
            let error = msub_s(&mut fpu, const_s(1), product, y);
            y = maddn_s(&mut fpu, y, half, error);
        }
        let expected = (1.0 / f64::from(f(a)).sqrt()) as f32;
        assert!(y.abs_diff(expected.to_bits()) <= 2, "1 / sqrt {a:08x} = {y:08x}");
    }
}

/// ISA RM, the pages of TRUNC.S and UTRUNC.S: the values out of range.
#[test]
fn conversions_saturate() {
    let fpu = &mut Fpu::default();
    assert_eq!(trunc_s(fpu, DEFAULT_NAN, 0), 0x7FFF_FFFF);
    assert_eq!(trunc_s(fpu, SIGN | INFINITY, 0), 0x8000_0000);
    assert_eq!(utrunc_s(fpu, INFINITY, 0), 0xFFFF_FFFF);
    assert_eq!(utrunc_s(fpu, SIGN | INFINITY, 0), 0x8000_0000);
    assert_eq!(fpu.fsr, INVALID);
    assert_eq!(trunc_s(fpu, 1.75f32.to_bits(), 2), 7);
    assert_eq!(fpu.fsr, INVALID);
    assert_eq!(round_s(fpu, 2.5f32.to_bits(), 0), 2);
    assert_eq!(ceil_s(fpu, 1e-40f32.to_bits(), 0), 1);
    assert_eq!(floor_s(fpu, (-1e-40f32).to_bits(), 0), u32::MAX);
    assert_eq!(fpu.fsr, INVALID | INEXACT);
    assert_eq!(float_s(fpu, -3i32 as u32, 1), (-1.5f32).to_bits());
    assert_eq!(ufloat_s(fpu, u32::MAX, 0), 4_294_967_296f32.to_bits());
}
