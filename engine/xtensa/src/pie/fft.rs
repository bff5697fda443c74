//! The instructions of the FFT that compute and reach memory at once: ESP32-S3 TRM 1.8.7 to 1.8.12 and 1.8.14.
//!
//! A complex number is a pair of 16-bit lanes, the real part low. What is stored is computed from the registers as they were.

use super::execute::{Access, Operation, Unit, Values};
use super::lanes::{build, replace, signed};
use super::table::Role;
use crate::Bus;

/// The pair that `ee.fft.cmul.s16.st.xp` multiplies; `ee.fft.cmul.s16.ld.xp` does the ones below.
const LAST_PAIR: u32 = 3;

/// Does the TRM say what these operands do? For sel8 it lists 0 to 5 with a load, 6 and 7 with a store; for upd4 0 to 2.
pub(super) fn is_documented(operation: Operation, access: Access, values: &Values) -> bool {
    let pair = values.one(Role::Sel) / 2;
    match (operation, access) {
        (Operation::Twiddle, _) => pair < LAST_PAIR,
        (_, Access::StoreTwiddled) => pair == LAST_PAIR && values.one(Role::Upd) < 3,
        _ => true,
    }
}

/// Two lanes one above the other.
fn joined([low, high]: [i64; 2]) -> u32 {
    (low as u32 & 0xFFFF) | (high as u32) << 16
}

impl<B: Bus> Unit<'_, B> {
    fn complex(&self, role: Role, pair: u32) -> [i64; 2] {
        [0, 1].map(|part| signed(self.q(role), 16, 2 * pair + part))
    }

    /// `ee.fft.cmul.s16`: x times y, where sel8 is even times the conjugate of y.
    fn twiddled(&self) -> [i64; 2] {
        let (pair, sign) = (self.one(Role::Sel) / 2, if self.one(Role::Sel) % 2 == 0 { 1 } else { -1 });
        let ([x, ix], [y, iy]) = (self.complex(Role::X, pair), self.complex(Role::Y, pair));
        [x * y + sign * ix * iy, ix * y - sign * x * iy].map(|part| part >> self.distance())
    }

    /// The product goes to its pair of qz.
    pub(super) fn twiddle(&mut self) {
        let (pair, product) = (self.one(Role::Sel) / 2, self.twiddled());
        self.put_complex(Role::Z, pair, product);
    }

    /// What `ee.fft.cmul.s16.st.xp` stores: the product on top of qv, or of what the last two stages of a radix-2 FFT leave.
    pub(super) fn under_product(&self) -> u128 {
        let (x, v, distance) = (self.q(Role::X), self.q(Role::V), self.one(Role::Sar));
        let shifted = |n: u32| signed(x, 16, n) >> distance;
        let below = build(16, |n| match (self.one(Role::Upd), n) {
            (1, 0..=3) | (2, 0..=1) => shifted(n),
            (2, 2..=3) => signed(v, 16, n + 2),
            (2, 4..=5) => shifted(n - 2),
            _ => signed(v, 16, n),
        });
        replace(below, 32, LAST_PAIR, joined(self.twiddled()).into())
    }

    /// `ee.fft.ams.s16`: the sum of x and the conjugate of y, and their difference turned by m: both added, and subtracted with
    /// the imaginary part the other way round.
    fn parted(&self, pair: u32) -> [[i64; 2]; 2] {
        let [[x, ix], [y, iy], [m, im]] = [Role::X, Role::Y, Role::M].map(|role| self.complex(role, pair));
        let (even, odd) = ([x + y, ix - iy], [x - y, ix + iy]);
        let turned = match self.one(Role::Sel) {
            0 => [odd[0] * m - odd[1] * im, odd[0] * im + odd[1] * m],
            _ => [odd[1] * im + odd[0] * m, odd[1] * m - odd[0] * im],
        };
        let turned = turned.map(|part| part >> self.distance());
        [[even[0] + turned[0], even[1] + turned[1]], [even[0] - turned[0], turned[1] - even[1]]]
    }

    /// Both results go to the pair of qz and of qz1.
    pub(super) fn part(&mut self, pair: u32) {
        let [one, other] = self.parted(pair);
        self.put_complex(Role::Z, pair, one);
        self.put_complex(Role::Z1, pair, other);
    }

    /// The first result goes to as0, the second to the last pair of qz1.
    pub(super) fn part_last(&mut self) {
        let [one, other] = self.parted(LAST_PAIR);
        self.set_a(Role::As0, joined(one));
        self.put_complex(Role::Z1, LAST_PAIR, other);
    }

    /// What `ee.fft.ams.s16.st.incp` stores: qv one pair further up and as0 below, halved where sel2 is 0.
    pub(super) fn above_as0(&self) -> u128 {
        let all = self.q(Role::V) << 32 | u128::from(self.a(Role::As0));
        build(16, |n| signed(all, 16, n) >> (1 - self.one(Role::Sel)))
    }

    /// `ee.fft.r2bf.s16.st.incp`: the differences of all lanes.
    pub(super) fn differences(&mut self) {
        let (x, y) = (self.q(Role::X), self.q(Role::Y));
        self.set_q(Role::Z, build(16, |n| signed(x, 16, n) - signed(y, 16, n)));
    }

    /// And what it stores: the sums, shifted.
    pub(super) fn sums(&self) -> u128 {
        let (x, y) = (self.q(Role::X), self.q(Role::Y));
        build(16, |n| (signed(x, 16, n) + signed(y, 16, n)) >> self.one(Role::Sar))
    }

    fn distance(&self) -> u32 {
        self.core.sar & 63
    }

    fn put_complex(&mut self, role: Role, pair: u32, value: [i64; 2]) {
        let q = replace(self.q(role), 32, pair, joined(value).into());
        self.set_q(role, q);
    }
}
