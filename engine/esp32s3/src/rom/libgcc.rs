//! libgcc: 64-bit arithmetic, bits, and IEEE 754 single and double precision in software
//! (GCC Internals, chapter "The GCC low-level runtime library").

use std::cmp::Ordering;

use super::guest::{Call, Done, Exit, Fault};
use super::softfloat::{
    add32, add64, complex_product, complex_quotient, divide32, divide64, multiply32, multiply64, Double, Single,
    DOUBLE, SINGLE,
};
use super::Function;

/// EXCCAUSE of a division by zero (Xtensa ISA RM table 4-64).
pub(super) const DIVIDE_BY_ZERO: u32 = 6;

/// Functions by name.
#[rustfmt::skip]
pub(super) const LEAVES: &[(&str, Function)] = &[
    // Double precision.
    ("__adddf3", |c| double(c, add64)), ("__subdf3", |c| double(c, |a, b| add64(a, b ^ DOUBLE.sign))),
    ("__muldf3", |c| double(c, multiply64)), ("__divdf3", |c| double(c, divide64)),
    ("__muldc3", |c| complex64(c, complex_product)), ("__divdc3", |c| complex64(c, complex_quotient)),
    ("__negdf2", |c| { let a = c.arg64(0)?; c.ret64(a ^ 1 << 63); Ok(()) }),
    ("__eqdf2", |c| order64(c, |o| o.is_some_and(Ordering::is_eq), 0, 1)),
    ("__nedf2", |c| order64(c, |o| o.is_some_and(Ordering::is_eq), 0, 1)),
    ("__ltdf2", |c| order64(c, |o| o.is_some_and(Ordering::is_lt), -1, 0)),
    ("__ledf2", |c| order64(c, |o| o.is_some_and(Ordering::is_le), 0, 1)),
    ("__gtdf2", |c| order64(c, |o| o.is_some_and(Ordering::is_gt), 1, 0)),
    ("__gedf2", |c| order64(c, |o| o.is_some_and(Ordering::is_ge), 0, -1)),
    ("__unorddf2", |c| { let (a, b) = doubles(c)?; c.ret(u32::from(a.is_nan() || b.is_nan())); Ok(()) }),
    ("__extendsfdf2", extend), ("__truncdfsf2", truncate),
    ("__fixdfsi", |c| { let a = f64_arg(c)?; c.ret(if a.is_nan() { i32::MAX } else { a as i32 } as u32); Ok(()) }),
    ("__fixdfdi", |c| { let a = f64_arg(c)?; c.ret64(signed64(a)); Ok(()) }),
    ("__fixunsdfsi", |c| { let a = f64_arg(c)?; c.ret(unsigned32(a)); Ok(()) }),
    ("__floatsidf", |c| { let a = c.arg(0)?; ret_f64(c, f64::from(a as i32)) }),
    ("__floatunsidf", |c| { let a = c.arg(0)?; ret_f64(c, f64::from(a)) }),
    ("__floatdidf", |c| { let a = c.arg64(0)?; ret_f64(c, a as i64 as f64) }),
    ("__floatundidf", |c| { let a = c.arg64(0)?; ret_f64(c, a as f64) }),
    ("__powidf2", |c| { let (a, n) = (f64_arg(c)?, c.arg(2)? as i32); ret_f64(c, power(a, n, |a, b| a * b, |a| 1.0 / a)) }),
    // Single precision.
    ("__addsf3", |c| single(c, add32)), ("__subsf3", |c| single(c, |a, b| add32(a, b ^ SINGLE.sign as u32))),
    ("__mulsf3", |c| single(c, multiply32)), ("__divsf3", |c| single(c, divide32)),
    ("__mulsc3", |c| complex32(c, complex_product)), ("__divsc3", |c| complex32(c, complex_quotient)),
    ("__negsf2", |c| { let a = c.arg(0)?; c.ret(a ^ 1 << 31); Ok(()) }),
    ("__eqsf2", |c| order32(c, |o| o.is_some_and(Ordering::is_eq), 0, 1)),
    ("__nesf2", |c| order32(c, |o| o.is_some_and(Ordering::is_eq), 0, 1)),
    ("__ltsf2", |c| order32(c, |o| o.is_some_and(Ordering::is_lt), -1, 0)),
    ("__lesf2", |c| order32(c, |o| o.is_some_and(Ordering::is_le), 0, 1)),
    ("__gtsf2", |c| order32(c, |o| o.is_some_and(Ordering::is_gt), 1, 0)),
    ("__gesf2", |c| order32(c, |o| o.is_some_and(Ordering::is_ge), 0, -1)),
    ("__unordsf2", |c| { let (a, b) = singles(c)?; c.ret(u32::from(a.is_nan() || b.is_nan())); Ok(()) }),
    ("__fixsfsi", |c| { let a = f32_arg(c)?; c.ret(if a.is_nan() { i32::MAX } else { a as i32 } as u32); Ok(()) }),
    ("__fixsfdi", |c| { let a = f32_arg(c)?; c.ret64(signed64(f64::from(a))); Ok(()) }),
    ("__fixunssfdi", |c| { let a = f32_arg(c)?; c.ret64(unsigned64(f64::from(a))); Ok(()) }),
    ("__fixunssfsi", |c| { let a = f32_arg(c)?; c.ret(unsigned32(f64::from(a))); Ok(()) }),
    ("__floatsisf", |c| { let a = c.arg(0)?; ret_f32(c, a as i32 as f32) }),
    ("__floatunsisf", |c| { let a = c.arg(0)?; ret_f32(c, a as f32) }),
    ("__floatdisf", |c| { let a = c.arg64(0)?; ret_f32(c, a as i64 as f32) }),
    ("__floatundisf", |c| { let a = c.arg64(0)?; ret_f32(c, a as f32) }),
    ("__powisf2", |c| { let (a, n) = (f32_arg(c)?, c.arg(1)? as i32); ret_f32(c, power(a, n, |a, b| a * b, |a| 1.0 / a)) }),
    // Integers of 64 bits.
    ("__muldi3", |c| { let (a, b) = (c.arg64(0)?, c.arg64(2)?); c.ret64(a.wrapping_mul(b)); Ok(()) }),
    ("__divdi3", |c| divide(c, |a, b| (a as i64).wrapping_div(b as i64) as u64)),
    ("__moddi3", |c| divide(c, |a, b| (a as i64).wrapping_rem(b as i64) as u64)),
    ("__udivdi3", |c| divide(c, |a, b| a / b)), ("__umoddi3", |c| divide(c, |a, b| a % b)),
    ("__udivmoddi4", divide_both),
    ("__ashldi3", |c| shift(c, |a, n| a.checked_shl(n).unwrap_or(0))),
    ("__lshrdi3", |c| shift(c, |a, n| a.checked_shr(n).unwrap_or(0))),
    ("__ashrdi3", |c| shift(c, |a, n| ((a as i64) >> n.min(63)) as u64)),
    ("__negdi2", |c| { let a = c.arg64(0)?; c.ret64(a.wrapping_neg()); Ok(()) }),
    ("__cmpdi2", |c| { let (a, b) = (c.arg64(0)?, c.arg64(2)?); three_way(c, (a as i64).cmp(&(b as i64))) }),
    ("__ucmpdi2", |c| { let (a, b) = (c.arg64(0)?, c.arg64(2)?); three_way(c, a.cmp(&b)) }),
    // Integers of 32 bits.
    ("__mulsi3", |c| { let (a, b) = (c.arg(0)?, c.arg(1)?); c.ret(a.wrapping_mul(b)); Ok(()) }),
    ("__divsi3", |c| quotient32(c, |a, b| (a as i32).wrapping_div(b as i32) as u32)),
    ("__modsi3", |c| quotient32(c, |a, b| (a as i32).wrapping_rem(b as i32) as u32)),
    ("__udivsi3", |c| quotient32(c, |a, b| a / b)), ("__umodsi3", |c| quotient32(c, |a, b| a % b)),
    // Bits.
    ("__bswapsi2", |c| bits32(c, u32::swap_bytes)), ("__bswapdi2", |c| { let a = c.arg64(0)?; c.ret64(a.swap_bytes()); Ok(()) }),
    ("__clzsi2", |c| bits32(c, u32::leading_zeros)), ("__clzdi2", |c| bits64(c, u64::leading_zeros)),
    ("__ctzsi2", |c| bits32(c, u32::trailing_zeros)), ("__ctzdi2", |c| bits64(c, u64::trailing_zeros)),
    ("__ffssi2", |c| bits32(c, |a| if a == 0 { 0 } else { a.trailing_zeros() + 1 })),
    ("__ffsdi2", |c| bits64(c, |a| if a == 0 { 0 } else { a.trailing_zeros() + 1 })),
    ("__popcountsi2", |c| bits32(c, u32::count_ones)), ("__popcountdi2", |c| bits64(c, u64::count_ones)),
    ("__paritysi2", |c| bits32(c, |a| a.count_ones() & 1)),
    ("__clrsbsi2", |c| bits32(c, |a| (a ^ ((a as i32) >> 31) as u32).leading_zeros() - 1)),
    ("__clrsbdi2", |c| bits64(c, |a| (a ^ ((a as i64) >> 63) as u64).leading_zeros() - 1)),
    // The trapping ones: abort() on overflow.
    ("__absvsi2", |c| trapping32(c, |a, _| a.checked_abs())), ("__negvsi2", |c| trapping32(c, |a, _| a.checked_neg())),
    ("__addvsi3", |c| trapping32(c, i32::checked_add)), ("__subvsi3", |c| trapping32(c, i32::checked_sub)),
    ("__mulvsi3", |c| trapping32(c, i32::checked_mul)),
    ("__absvdi2", |c| trapping64(c, |a, _| a.checked_abs())), ("__negvdi2", |c| trapping64(c, |a, _| a.checked_neg())),
    ("__addvdi3", |c| trapping64(c, i64::checked_add)), ("__subvdi3", |c| trapping64(c, i64::checked_sub)),
    ("__mulvdi3", |c| trapping64(c, i64::checked_mul)),
    ("__clear_cache", |_| Ok(())),
];

fn f64_arg(call: &mut Call<'_>) -> Done<f64> {
    Ok(f64::from_bits(call.arg64(0)?))
}

fn f32_arg(call: &mut Call<'_>) -> Done<f32> {
    Ok(f32::from_bits(call.arg(0)?))
}

fn doubles(call: &mut Call<'_>) -> Done<(f64, f64)> {
    Ok((f64::from_bits(call.arg64(0)?), f64::from_bits(call.arg64(2)?)))
}

fn singles(call: &mut Call<'_>) -> Done<(f32, f32)> {
    Ok((f32::from_bits(call.arg(0)?), f32::from_bits(call.arg(1)?)))
}

fn ret_f64(call: &mut Call<'_>, value: f64) -> Done {
    call.charge(40);
    call.ret64(value.to_bits());
    Ok(())
}

fn ret_f32(call: &mut Call<'_>, value: f32) -> Done {
    call.charge(30);
    call.ret(value.to_bits());
    Ok(())
}

fn double(call: &mut Call<'_>, operation: fn(u64, u64) -> u64) -> Done {
    let (a, b) = (call.arg64(0)?, call.arg64(2)?);
    call.charge(50);
    call.ret64(operation(a, b));
    Ok(())
}

fn single(call: &mut Call<'_>, operation: fn(u32, u32) -> u32) -> Done {
    let (a, b) = (call.arg(0)?, call.arg(1)?);
    call.charge(40);
    call.ret(operation(a, b));
    Ok(())
}

/// One answer where the relation holds, another where not; with a NaN none holds.
fn order64(call: &mut Call<'_>, holds: fn(Option<Ordering>) -> bool, yes: i32, no: i32) -> Done {
    let (a, b) = doubles(call)?;
    call.charge(16);
    call.ret(if holds(a.partial_cmp(&b)) { yes } else { no } as u32);
    Ok(())
}

fn order32(call: &mut Call<'_>, holds: fn(Option<Ordering>) -> bool, yes: i32, no: i32) -> Done {
    let (a, b) = singles(call)?;
    call.charge(12);
    call.ret(if holds(a.partial_cmp(&b)) { yes } else { no } as u32);
    Ok(())
}

/// A NaN keeps its sign alone.
fn extend(call: &mut Call<'_>) -> Done {
    let a = f32_arg(call)?;
    call.charge(16);
    if a.is_nan() {
        call.ret64(u64::from(a.to_bits() & 1 << 31) << 32 | DOUBLE.exponent | DOUBLE.quiet);
    } else {
        call.ret64(f64::from(a).to_bits());
    }
    Ok(())
}

fn truncate(call: &mut Call<'_>) -> Done {
    let a = f64_arg(call)?;
    call.charge(24);
    if a.is_nan() {
        call.ret((a.to_bits() >> 32) as u32 & 1 << 31 | (SINGLE.exponent | SINGLE.quiet) as u32);
    } else {
        call.ret((a as f32).to_bits());
    }
    Ok(())
}

/// Out of range is undefined in C. Xtensa's code negates what is below zero and saturates above.
fn unsigned32(a: f64) -> u32 {
    if a.is_nan() {
        u32::MAX
    } else if a < 0.0 {
        (a as i64).max(-0x8000_0000) as u32
    } else {
        a as u32
    }
}

/// As [`unsigned32`].
fn unsigned64(a: f64) -> u64 {
    if a.is_nan() {
        u64::MAX
    } else if a < 0.0 {
        (a as i64) as u64
    } else {
        a as u64
    }
}

/// A NaN of either sign is the greatest.
fn signed64(a: f64) -> u64 {
    if a.is_nan() {
        i64::MAX as u64
    } else {
        a as i64 as u64
    }
}

/// Powers by squaring, as libgcc multiplies.
fn power<T: Copy + From<u8>>(base: T, n: i32, times: fn(T, T) -> T, invert: fn(T) -> T) -> T {
    let mut n_left = n.unsigned_abs();
    let mut square = base;
    let mut result = if n_left & 1 == 1 { base } else { T::from(1) };
    n_left >>= 1;
    while n_left != 0 {
        square = times(square, square);
        if n_left & 1 == 1 {
            result = times(result, square);
        }
        n_left >>= 1;
    }
    if n < 0 {
        invert(result)
    } else {
        result
    }
}

fn complex64(call: &mut Call<'_>, operation: fn([Double; 4]) -> [Double; 2]) -> Done {
    let mut parts = [Double(0); 4];
    for (n, part) in parts.iter_mut().enumerate() {
        *part = Double(call.arg64(2 * n as u32)?);
    }
    call.charge(250);
    let [Double(real), Double(imaginary)] = operation(parts);
    call.ret64(real);
    call.ret64_at(2, imaginary);
    Ok(())
}

fn complex32(call: &mut Call<'_>, operation: fn([Single; 4]) -> [Single; 2]) -> Done {
    let mut parts = [Single(0); 4];
    for (n, part) in parts.iter_mut().enumerate() {
        *part = Single(call.arg(n as u32)?);
    }
    call.charge(200);
    let [Single(real), Single(imaginary)] = operation(parts);
    call.ret64(u64::from(real) | u64::from(imaginary) << 32);
    Ok(())
}

/// A division by zero with QUOU or one of its kin: an exception.
pub(super) fn by_zero() -> Exit {
    Exit::Fault(Fault { cause: DIVIDE_BY_ZERO, addr: 0 })
}

fn divide(call: &mut Call<'_>, operation: fn(u64, u64) -> u64) -> Done {
    let (a, b) = (call.arg64(0)?, call.arg64(2)?);
    if b == 0 {
        return Err(by_zero());
    }
    call.charge(if a >> 32 == 0 && b >> 32 == 0 { 30 } else { 120 });
    call.ret64(operation(a, b));
    Ok(())
}

fn divide_both(call: &mut Call<'_>) -> Done {
    let (a, b, place) = (call.arg64(0)?, call.arg64(2)?, call.arg(4)?);
    if b == 0 {
        return Err(by_zero());
    }
    call.charge(120);
    if place != 0 {
        call.put(place, &(a % b).to_le_bytes())?;
    }
    call.ret64(a / b);
    Ok(())
}

fn quotient32(call: &mut Call<'_>, operation: fn(u32, u32) -> u32) -> Done {
    let (a, b) = (call.arg(0)?, call.arg(1)?);
    if b == 0 {
        return Err(by_zero());
    }
    call.charge(12);
    call.ret(operation(a, b));
    Ok(())
}

fn shift(call: &mut Call<'_>, operation: fn(u64, u32) -> u64) -> Done {
    let (a, n) = (call.arg64(0)?, call.arg(2)?);
    call.ret64(operation(a, n));
    Ok(())
}

/// 0, 1 or 2 for less, equal, greater.
fn three_way(call: &mut Call<'_>, ordering: Ordering) -> Done {
    call.ret((ordering as i32 + 1) as u32);
    Ok(())
}

fn bits32(call: &mut Call<'_>, operation: fn(u32) -> u32) -> Done {
    let a = call.arg(0)?;
    call.ret(operation(a));
    Ok(())
}

fn bits64(call: &mut Call<'_>, operation: fn(u64) -> u32) -> Done {
    let a = call.arg64(0)?;
    call.ret(operation(a));
    Ok(())
}

fn overflow() -> Exit {
    Exit::Stop("integer overflow in one of libgcc's trapping functions (-ftrapv): the ROM calls abort()".into())
}

fn trapping32(call: &mut Call<'_>, operation: fn(i32, i32) -> Option<i32>) -> Done {
    let (a, b) = (call.arg(0)? as i32, call.arg(1)? as i32);
    call.ret(operation(a, b).ok_or_else(overflow)? as u32);
    Ok(())
}

fn trapping64(call: &mut Call<'_>, operation: fn(i64, i64) -> Option<i64>) -> Done {
    let (a, b) = (call.arg64(0)? as i64, call.arg64(2)? as i64);
    call.ret64(operation(a, b).ok_or_else(overflow)? as u64);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::rom::testing::Flat;

    fn words(value: u64) -> [u32; 2] {
        [value as u32, (value >> 32) as u32]
    }

    fn two(flat: &mut Flat, name: &str, a: u64, b: u64) -> u64 {
        let ([a0, a1], [b0, b1]) = (words(a), words(b));
        flat.call64(name, &[a0, a1, b0, b1])
    }

    /// IEEE 754-2008: 0.1 + 0.2 rounds to 0x3fd3333333333334; infinity - infinity is NaN.
    #[test]
    fn doubles_are_exact() {
        let mut flat = Flat::default();
        assert_eq!(two(&mut flat, "__adddf3", 0.1f64.to_bits(), 0.2f64.to_bits()), 0x3fd3_3333_3333_3334);
        let infinity = f64::INFINITY.to_bits();
        assert_eq!(two(&mut flat, "__subdf3", infinity, infinity), 0x7ff8_0000_0000_0000);
        assert_eq!(two(&mut flat, "__divdf3", 1f64.to_bits(), 3f64.to_bits()), 0x3fd5_5555_5555_5555);
        assert_eq!(two(&mut flat, "__muldf3", 1, 0.5f64.to_bits()), 0, "ties to even");
        assert_eq!(two(&mut flat, "__adddf3", 0x7ff0_0000_0000_0001, 0), 0x7ff8_0000_0000_0001, "made quiet");
    }

    /// GCC Internals, "Comparison functions": each answer's sign when an operand is NaN.
    #[test]
    fn comparisons_with_nan_are_false() {
        let mut flat = Flat::default();
        let (nan, one) = (f64::NAN.to_bits(), 1f64.to_bits());
        assert_ne!(two(&mut flat, "__eqdf2", nan, nan) as u32, 0);
        assert!((two(&mut flat, "__gedf2", nan, one) as i32) < 0);
        assert!((two(&mut flat, "__gtdf2", nan, one) as i32) <= 0);
        assert!((two(&mut flat, "__ledf2", nan, one) as i32) > 0);
        assert!((two(&mut flat, "__ltdf2", nan, one) as i32) >= 0);
        assert_eq!(two(&mut flat, "__eqdf2", 0, 1 << 63) as u32, 0, "the zeros are equal");
    }

    #[test]
    fn conversions_truncate_and_round() {
        let mut flat = Flat::default();
        let [low, high] = words((-1.9f64).to_bits());
        assert_eq!(flat.call("__fixdfsi", &[low, high]) as i32, -1);
        // 2^24 + 1 lies between two singles: ties to even.
        assert_eq!(flat.call("__floatunsisf", &[0x100_0001]), 16_777_216f32.to_bits());
        assert_eq!(flat.call64("__floatsidf", &[-5i32 as u32]), (-5f64).to_bits());
        assert_eq!(flat.call64("__extendsfdf2", &[0.1f32.to_bits()]), 0x3fb9_9999_a000_0000);
        let [low, high] = words(0.1f64.to_bits());
        assert_eq!(flat.call("__truncdfsf2", &[low, high]), 0x3dcc_cccd);
    }

    #[test]
    fn integers_of_64_bits() {
        let mut flat = Flat::default();
        assert_eq!(two(&mut flat, "__udivdi3", u64::MAX, 10), u64::MAX / 10);
        assert_eq!(two(&mut flat, "__umoddi3", u64::MAX, 10), 5);
        assert_eq!(two(&mut flat, "__divdi3", -7i64 as u64, 2) as i64, -3);
        assert_eq!(two(&mut flat, "__moddi3", -7i64 as u64, 2) as i64, -1);
        assert_eq!(flat.call64("__ashldi3", &[1, 0, 40]), 1 << 40);
        assert_eq!(flat.call64("__lshrdi3", &[0, 0x8000_0000, 63]), 1);
        assert_eq!(flat.call64("__bswapdi2", &[0x0403_0201, 0x0807_0605]), 0x0102_0304_0506_0708);
        assert_eq!(flat.call("__popcountsi2", &[0xf0f0]), 8);
        assert_eq!(flat.call("__clrsbsi2", &[u32::MAX]), 31);
        assert_eq!(flat.call("__ffssi2", &[0]), 0);
    }
}
