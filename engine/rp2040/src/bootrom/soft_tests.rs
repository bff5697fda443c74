//! The soft float and soft double tables, datasheet 2.8.3.2, against exact integer arithmetic. The rules for zeros,
//! denormals, infinities and NaNs are those of the code of a B1 ROM, asked by hand.

use super::soft::{DOUBLE, SINGLE};
use super::*;

/// Calls an entry of a table without the processor's help.
fn call(double: bool, operation: u8, arguments: [u32; 4]) -> [u32; 4] {
    let mut core = Core::new(0);
    core.regs[..4].copy_from_slice(&arguments);
    if double {
        super::double::call(operation, &mut core);
    } else {
        super::float::call(operation, &mut core);
    }
    core.regs[..4].try_into().expect("four registers")
}

fn float(operation: u8, x: f32, y: f32) -> f32 {
    f32::from_bits(call(false, operation, [x.to_bits(), y.to_bits(), 0, 0])[0])
}

fn halves(x: f64) -> [u32; 2] {
    [x.to_bits() as u32, (x.to_bits() >> 32) as u32]
}

fn joined(low: u32, high: u32) -> u64 {
    u64::from(low) | u64::from(high) << 32
}

fn double(operation: u8, x: f64, y: f64) -> f64 {
    let ([a, b], [c, d]) = (halves(x), halves(y));
    let [low, high, ..] = call(true, operation, [a, b, c, d]);
    f64::from_bits(joined(low, high))
}

const ADD: u8 = 0;
const SUB: u8 = 1;
const MUL: u8 = 2;
const DIV: u8 = 3;
const SQRT: u8 = 6;
const COMPARE: u8 = 21;

/// Seeded: xorshift64*, Vigna, "An experimental exploration of Marsaglia's xorshift generators", 2016.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// Any sign, any fraction, exponents that meet often enough to cancel, overflow and underflow.
    fn single(&mut self) -> f32 {
        let bits = self.next();
        let near = [100 + bits % 60, bits % 256, 250 + bits % 5, 1 + bits % 5][(bits >> 60) as usize & 3];
        f32::from_bits((bits >> 8) as u32 & 0x807F_FFFF | (near as u32) << 23)
    }

    fn double(&mut self) -> f64 {
        let (bits, more) = (self.next(), self.next());
        let near = [1000 + more % 60, more % 2048, 2040 + more % 7, 1 + more % 5][(more >> 60) as usize & 3];
        f64::from_bits(bits & 0x800F_FFFF_FFFF_FFFF | near << 52)
    }
}

/// Denormals as zeros of their sign.
fn flushed(x: f64, smallest: f64) -> f64 {
    if x.abs() < smallest {
        0f64.copysign(x)
    } else {
        x
    }
}

#[test]
fn single_arithmetic_is_exactly_rounded() {
    // A double has more than twice the digits of a single and two, so rounding its result again is exact (Figueroa,
    // "When is double rounding innocuous?", 1995).
    let mut random = Random(1);
    let smallest = f64::from(f32::MIN_POSITIVE);
    for _ in 0..20_000 {
        let (x, y) = (random.single(), random.single());
        if x.is_nan() || y.is_nan() || x.is_infinite() || y.is_infinite() {
            continue;
        }
        let (a, b) = (flushed(x.into(), smallest), flushed(y.into(), smallest));
        for (operation, exact) in [(ADD, a + b), (SUB, a - b), (MUL, a * b), (DIV, a / b), (SQRT, a.sqrt())] {
            if exact.is_nan() {
                continue;
            }
            let rounded = exact as f32;
            let expected = flushed(rounded.into(), smallest) as f32;
            let found = float(operation, x, y);
            assert_eq!(found.to_bits(), expected.to_bits(), "{operation}: {x:e} {y:e} gives {found:e}");
        }
    }
}

/// A double's mantissa and exponent.
fn parts(x: f64) -> (u128, i64) {
    let bits = x.to_bits();
    let fraction = u128::from(bits & ((1 << 52) - 1));
    (fraction | 1 << 52, (bits >> 52 & 0x7FF) as i64 - 1075)
}

/// A long mantissa whose lowest bit is sticky, as a double.
fn packed(negative: bool, mantissa: u128, exponent: i64) -> f64 {
    let drop = 64u32.saturating_sub(mantissa.leading_zeros());
    let sticky = u64::from(mantissa & ((1u128 << drop) - 1) != 0);
    f64::from_bits(DOUBLE.pack(negative, (mantissa >> drop) as u64 | sticky, exponent + i64::from(drop)))
}

#[test]
fn double_arithmetic_is_exactly_rounded() {
    let mut random = Random(2);
    let mut sums = 0;
    for _ in 0..20_000 {
        let (x, y) = (random.double(), random.double());
        if !x.is_normal() || !y.is_normal() {
            continue;
        }
        let ((m, e), (n, f)) = (parts(x), parts(y));
        let negative = x.is_sign_negative() != y.is_sign_negative();
        let quotient = (m << 64) / n << 1 | u128::from((m << 64) % n != 0);
        let mut cases = vec![(MUL, packed(negative, m * n, e + f)), (DIV, packed(negative, quotient, e - f - 65))];
        if (0..60).contains(&(e - f)) {
            let (a, b) = ((m as i128) << (e - f), n as i128);
            let total = if x.is_sign_negative() { -a } else { a } + if y.is_sign_negative() { -b } else { b };
            cases.push((ADD, packed(total < 0, total.unsigned_abs(), f)));
            sums += 1;
        }
        for (operation, expected) in cases {
            // The largest denormal rounds up to the smallest normal number; the packer of this test cuts before.
            let found = double(operation, x, y);
            let edge = found.abs() == f64::MIN_POSITIVE && expected == 0.0;
            assert!(found.to_bits() == expected.to_bits() || edge, "{operation}: {x:e} {y:e} gives {found:e}");
        }
        let root = double(SQRT, x.abs(), 0.0);
        // The root is within half a unit: (r - 1/2)^2 <= x <= (r + 1/2)^2.
        let (r, g) = parts(root);
        let target = m << (e - 2 * g + 2);
        let squares = [2 * r - 1, 2 * r + 1].map(|twice| twice * twice);
        assert!(squares[0] <= target && target <= squares[1], "sqrt {x:e} gives {root:e}");
    }
    assert!(sums > 1000);
}

#[test]
fn zeros_keep_their_sign_and_denormals_are_zeros() {
    for (operation, x, y, expected) in [
        (ADD, -0.0, -0.0, -0.0),
        (ADD, -0.0, 0.0, 0.0),
        (SUB, 1.5, 1.5, 0.0),
        (SUB, -0.0, 0.0, -0.0),
        (MUL, -0.0, 3.0, -0.0),
        (DIV, 0.0, -3.0, -0.0),
        (SQRT, -0.0, 0.0, -0.0),
        (ADD, 1e-40, 0.0, 0.0),
        (ADD, -1e-40, -1e-41, -0.0),
        (MUL, f32::MIN_POSITIVE, -0.5, -0.0),
        (DIV, 1.0, 1e-40, f32::INFINITY),
    ] {
        assert_eq!(float(operation, x, y).to_bits(), expected.to_bits(), "{operation}: {x:e} {y:e}");
    }
    assert_eq!(double(ADD, -5e-324, -0.0).to_bits(), (-0f64).to_bits());
    assert_eq!(double(MUL, f64::MIN_POSITIVE, -0.5).to_bits(), (-0f64).to_bits());
}

#[test]
fn nans_are_infinities_and_nothing_is_invalid() {
    let (inf, nan) = (f32::INFINITY, f32::NAN);
    for (operation, x, y, expected) in [
        (ADD, inf, -inf, inf),
        (ADD, -inf, inf, inf),
        (SUB, -inf, inf, -inf),
        (SUB, inf, inf, inf),
        (ADD, nan, 1.0, inf),
        (MUL, -0.0, inf, -inf),
        (MUL, 0.0, nan, inf),
        (DIV, 0.0, 0.0, inf),
        (DIV, -0.0, 0.0, -inf),
        (DIV, inf, -inf, -inf),
        (DIV, 1.0, -0.0, -inf),
        (SQRT, -1.0, 0.0, -inf),
        (SQRT, inf, 0.0, inf),
    ] {
        assert_eq!(float(operation, x, y), expected, "{operation}: {x:e} {y:e}");
        let found = double(operation, x.into(), y.into());
        assert_eq!(found, f64::from(expected), "double {operation}: {x:e} {y:e}");
    }
}

#[test]
fn comparisons_give_minus_one_zero_and_one() {
    let values = [f32::NEG_INFINITY, -2.0, -1e-40, -0.0, 0.0, 1e-40, 2.0, f32::INFINITY];
    let rank = [0, 1, 2, 2, 2, 2, 3, 4];
    for (n, x) in values.into_iter().enumerate() {
        for (m, y) in values.into_iter().enumerate() {
            let expected = rank[n].cmp(&rank[m]) as i32 as u32;
            assert_eq!(call(false, COMPARE, [x.to_bits(), y.to_bits(), 0, 0])[0], expected, "{x} {y}");
            let ([a, b], [c, d]) = (halves(x.into()), halves(y.into()));
            let expected = if x.abs() == 1e-40 || y.abs() == 1e-40 {
                // Normal as doubles.
                x.partial_cmp(&y).expect("no NaN") as i32 as u32
            } else {
                expected
            };
            assert_eq!(call(true, COMPARE, [a, b, c, d])[0], expected, "double {x} {y}");
        }
    }
}

#[test]
fn the_comparison_for_the_aeabi_leaves_flags() {
    // The stub runs: cmp_fast_flags ends with N and Z of its result.
    use crate::chip::{Chip, Stop};
    let mut chip = Chip::new(1 << 20);
    let rom = chip.system().dev.bootrom.bytes().to_vec();
    let half = |at: usize| usize::from(u16::from_le_bytes([rom[at], rom[at + 1]]));
    let mut at = half(0x16);
    while &rom[at..at + 2] != b"SF" {
        at += 4;
    }
    let entry = half(half(at + 2) + 0x14) as u32;
    // blx r4; b .
    for (n, byte) in [0xA0, 0x47, 0xFE, 0xE7].into_iter().enumerate() {
        assert!(chip.system_mut().debug_write8(0x2000_0000 + n as u32, byte));
    }
    chip.code_mut().set_breakpoint(0x2000_0002);
    for (x, y, flags) in [(1f32, 2f32, 0b10), (2.0, 2.0, 0b01), (3.0, 2.0, 0b00)] {
        let core = &mut chip.cores_mut()[0];
        (core.regs[0], core.regs[1], core.regs[4]) = (x.to_bits(), y.to_bits(), entry);
        chip.start_at(0x2000_0000);
        let until = chip.now() + engine_core::time::SECOND;
        assert_eq!(chip.run(until), Stop::Breakpoint { core: 0, pc: 0x2000_0002 });
        assert_eq!(chip.cores()[0].xpsr() >> 30, flags, "{x} {y}");
    }
}

#[test]
fn conversions_to_integers_round_down_and_hold() {
    // Datasheet 2.8.3.2: rounds towards minus infinity, clamps.
    let to = |operation: u8, x: f32, places: i32| call(false, operation, [x.to_bits(), places as u32, 0, 0]);
    assert_eq!(to(7, 1.75, 0)[0], 1);
    assert_eq!(to(7, -1.25, 0)[0] as i32, -2);
    assert_eq!(to(7, 3e9, 0)[0], 0x7FFF_FFFF);
    assert_eq!(to(7, -3e9, 0)[0], 0x8000_0000);
    assert_eq!(to(8, 0.5, 16)[0], 0x8000);
    assert_eq!(to(8, -1e-40, 16)[0], 0);
    assert_eq!(to(9, -1.0, 0)[0], 0);
    assert_eq!(to(9, 3e9, 0)[0], 3_000_000_000);
    assert_eq!(to(9, 5e9, 0)[0], u32::MAX);
    assert_eq!(to(10, 0.5, 16)[0], 0x8000);
    assert_eq!(to(27, -1.5, 0)[..2], [-2i32 as u32, u32::MAX]);
    assert_eq!(to(28, 1.5, 40)[..2], [0, 0x180]);
    assert_eq!(to(29, f32::INFINITY, 0)[..2], [u32::MAX; 2]);
    assert_eq!(to(30, 2.0, -1)[..2], [1, 0]);
    let [a, b] = halves(-2.5);
    assert_eq!(call(true, 7, [a, b, 0, 0])[0] as i32, -3);
    assert_eq!(call(true, 8, [a, b, 4, 0])[0] as i32, -40);
    assert_eq!(call(true, 27, [a, b, 0, 0])[..2], [-3i32 as u32, u32::MAX]);
    assert_eq!(call(true, 10, [a, b, 4, 0])[0], 0);
}

#[test]
fn conversions_from_integers_round_to_nearest() {
    let mut random = Random(3);
    for _ in 0..5000 {
        let value = random.next() >> (random.next() & 63);
        let (low, high) = (value as u32, (value >> 32) as u32);
        assert_eq!(call(false, 25, [low, high, 0, 0])[0], (value as f32).to_bits());
        assert_eq!(call(false, 23, [low, high, 0, 0])[0], (value as i64 as f32).to_bits());
        assert_eq!(call(false, 11, [low, 0, 0, 0])[0], (low as i32 as f32).to_bits());
        assert_eq!(call(false, 13, [low, 0, 0, 0])[0], (low as f32).to_bits());
        assert_eq!(call(false, 12, [low, 7, 0, 0])[0], (low as i32 as f32 / 128.0).to_bits());
        let pair = |[low, high, ..]: [u32; 4]| joined(low, high);
        assert_eq!(pair(call(true, 25, [low, high, 0, 0])), (value as f64).to_bits());
        assert_eq!(pair(call(true, 23, [low, high, 0, 0])), (value as i64 as f64).to_bits());
        assert_eq!(pair(call(true, 26, [low, high, 7, 0])), (value as f64 / 128.0).to_bits());
        assert_eq!(pair(call(true, 11, [low, 0, 0, 0])), f64::from(low as i32).to_bits());
    }
    // fix2float(1, -3) is 8; out of range it is infinity and zero.
    assert_eq!(SINGLE.pack(false, 1, 3), u64::from(8f32.to_bits()));
    assert_eq!(SINGLE.pack(true, 1, 500), u64::from(f32::NEG_INFINITY.to_bits()));
    assert_eq!(SINGLE.pack(true, 1, -500), u64::from((-0f32).to_bits()));
}

#[test]
fn singles_and_doubles_convert_into_each_other() {
    let pair = call(false, 31, [1.1f32.to_bits(), 0, 0, 0]);
    assert_eq!(joined(pair[0], pair[1]), f64::from(1.1f32).to_bits());
    let narrow = |x: f64| f32::from_bits(call(true, 31, [halves(x)[0], halves(x)[1], 0, 0])[0]);
    assert_eq!(narrow(1.1), 1.1f32);
    assert_eq!(narrow(1e300), f32::INFINITY);
    assert_eq!(narrow(-1e-300).to_bits(), (-0f32).to_bits());
    assert_eq!(narrow(f64::NAN), f32::INFINITY);
}

#[test]
fn scientific_functions_have_their_known_values_and_limits() {
    let (pi, e) = (std::f64::consts::PI, std::f64::consts::E);
    let one = |operation, x: f32| float(operation, x, 0.0);
    assert!((one(16, 0.5) - 0.479_425_55).abs() < 1e-7);
    assert!((one(15, 0.5) - 0.877_582_55).abs() < 1e-7);
    assert!((one(17, 1.0) - 1.557_407_7).abs() < 1e-6);
    assert_eq!(one(19, 0.0), 1.0);
    assert_eq!(one(19, 1.0), e as f32);
    assert_eq!(one(19, 100.0), f32::INFINITY);
    assert_eq!(one(19, -150.0), 0.0);
    assert_eq!(one(20, 1.0), 0.0);
    assert_eq!(one(20, 0.0), f32::NEG_INFINITY);
    assert_eq!(one(20, -1.0), f32::NEG_INFINITY);
    assert_eq!(one(20, f32::INFINITY), f32::INFINITY);
    assert!((float(22, 1.0, -1.0) - 2.356_194_5).abs() < 1e-6);
    assert_eq!(float(22, 0.0, 1.0), 0.0);
    let both = call(false, 18, [0.5f32.to_bits(), 0, 0, 0]);
    assert_eq!(both[..2], [one(16, 0.5).to_bits(), one(15, 0.5).to_bits()]);
    assert_eq!(double(19, 1.0, 0.0), e);
    assert_eq!(double(19, 710.0, 0.0), f64::INFINITY);
    assert_eq!(double(20, e, 0.0), 1.0);
    assert_eq!(double(22, 1.0, 0.0), pi / 2.0);
    assert_eq!(double(22, 0.0, -1.0), pi);
    assert_eq!(double(22, f64::INFINITY, f64::NEG_INFINITY), 3.0 * pi / 4.0);
    let [a, b] = halves(0.5);
    let both = call(true, 18, [a, b, 0, 0]);
    assert_eq!(f64::from_bits(joined(both[0], both[1])), double(16, 0.5, 0.0));
    assert_eq!(f64::from_bits(joined(both[2], both[3])), double(15, 0.5, 0.0));
}
