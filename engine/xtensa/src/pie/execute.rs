//! What the instructions do. ESP32-S3 TRM 1.8, by the groups of TRM 1.6.

use super::lanes::{
    accumulator_width, build, lane, pair_left, pair_right, replace, saturate, saturate_as, signed, unsigned,
};
use super::table::{Operands, Role};
use super::{fft, operand, table, Refused};
use crate::core::Core;
use crate::memory::{miss, Miss};
use crate::{Bus, UR_GPIO_IN, UR_GPIO_OUT};

/// What is computed. Numbers are the width of a lane; a second one says whether it has a sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[rustfmt::skip]
pub(super) enum Operation {
    NoResult,
    // TRM 1.6.3, data exchange.
    Move, ZeroQ, ZeroQacc, ZeroAccx, LaneToA, LaneFromA, QaccFrom(u32, bool), Zip(u32), Unzip(u32),
    // TRM 1.6.4, arithmetic.
    Add(u32), Subtract(u32), Multiply(u32, bool), MultiplyComplex, Sum(u32, bool), Accumulate(u32, bool),
    AccumulateLane(u32), NarrowQacc(u32), NarrowAccx, Max(u32), Min(u32), Relu(u32), Prelu(u32),
    // TRM 1.6.5 to 1.6.7, comparison, logic, shifts.
    Equal(u32), Less(u32), Greater(u32), And, Or, Xor, Not,
    ShiftLeft, ShiftRight, Funnel, FunnelUp,
    PairLeft, PairRight, PairLeftByA, PairRightByA,
    // TRM 1.6.8 and 1.6.9, FFT, GPIO.
    Butterfly, BitReverse, Differences, Twiddle, Part(u32), PartLast, WriteGpio, SetGpio, ClearGpio, ReadGpio,
}

/// What is loaded or stored. Halves: 0 low, 1 high.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[rustfmt::skip]
pub(super) enum Access {
    NoMemory,
    Load, LoadUsar, LoadReversed, LoadAcross, LoadAt, LoadHalf(u32), Broadcast(u32), BroadcastPairs, LoadIndexed,
    LoadAccx, LoadUa, LoadQaccLow(u32), LoadQaccTop(u32), LoadQacc(u32, bool), LoadFloats(u32),
    Store, StoreAt, StoreHalf(u32), StoreFunnel, StoreIndexed, StoreReversed,
    StoreSums, StoreTwiddled, StoreParted,
    StoreAccx, StoreUa, StoreQaccLow(u32), StoreQaccTop(u32), StoreFloats(u32),
}

/// How the address register goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Stay,
    Imm,
    Register,
    By(i32),
}

/// The operands of one instruction, by role.
pub(super) struct Values([u32; Role::Upd as usize + 1]);

impl Values {
    fn new(bits: u32, operands: Operands) -> Self {
        let mut values = [0; Role::Upd as usize + 1];
        for &(role, parts) in operands {
            values[role as usize] = operand(bits, role, parts);
        }
        Values(values)
    }

    fn at(&self, role: Role) -> usize {
        self.0[role as usize] as usize
    }

    /// An immediate.
    pub(super) fn one(&self, role: Role) -> u32 {
        self.0[role as usize]
    }

    /// The one immediate there is.
    fn immediate(&self) -> u32 {
        [Role::Imm16, Role::Imm8, Role::Imm4, Role::Imm2, Role::Imm1].iter().map(|&role| self.0[role as usize]).sum()
    }
}

/// Executes the instruction `raw`, which was decoded to `index`. Returns its stall cycles.
pub(crate) fn execute<B: Bus>(core: &mut Core, bus: &mut B, raw: u32, index: u32, cycle: u64) -> Result<u32, Refused> {
    let (rows, bits) = table(raw);
    let (_, _, name, operation, access, step, qup, operands) = rows[index as usize];
    let values = Values::new(bits, operands);
    if !fft::is_documented(operation, access, &values) {
        core.count(name);
        return Err(Refused::NotImplemented(super::text(raw)));
    }
    let mut unit = Unit { core, bus, cycle, values, stalls: 0 };
    let loaded = unit.load(access)?;
    unit.store(access)?;
    let shifted = unit.funnel();
    unit.compute(operation)?;
    unit.step(step);
    unit.take(access, loaded);
    if qup {
        let s0 = unit.values.at(Role::S0);
        unit.core.pie.q[s0] = shifted;
    }
    Ok(unit.stalls)
}

pub(super) struct Unit<'a, B: Bus> {
    pub(super) core: &'a mut Core,
    bus: &'a mut B,
    cycle: u64,
    values: Values,
    stalls: u32,
}

impl<B: Bus> Unit<'_, B> {
    pub(super) fn q(&self, role: Role) -> u128 {
        self.core.pie.q[self.values.at(role)]
    }

    pub(super) fn set_q(&mut self, role: Role, value: u128) {
        self.core.pie.q[self.values.at(role)] = value;
    }

    pub(super) fn a(&self, role: Role) -> u32 {
        self.core.r[self.values.at(role) & 15]
    }

    pub(super) fn set_a(&mut self, role: Role, value: u32) {
        self.core.r[self.values.at(role) & 15] = value;
    }

    pub(super) fn one(&self, role: Role) -> u32 {
        self.values.one(role)
    }

    fn selected(&self) -> u32 {
        self.one(Role::Sel)
    }

    /// `words` words from `addr`, whose low bits are ignored: TRM 1.5.3.
    fn read(&mut self, addr: u32, words: u32) -> Result<u128, Miss> {
        let addr = addr & !(4 * words - 1);
        let mut value = 0;
        for index in 0..words {
            let beat = self.core.load32(self.bus, addr + 4 * index, self.cycle)?;
            value |= u128::from(beat.value) << (32 * index);
            self.stalls = self.stalls.max(beat.cycles);
        }
        Ok(value)
    }

    fn write(&mut self, addr: u32, words: u32, value: u128) -> Result<(), Miss> {
        let addr = addr & !(4 * words - 1);
        for index in 0..words {
            let word = (value >> (32 * index)) as u32;
            let stalls = self.core.store32(self.bus, addr + 4 * index, word, self.cycle)?;
            self.stalls = self.stalls.max(stalls);
        }
        Ok(())
    }

    /// as + 4 * the selected 16-bit lane of qs.
    fn indexed(&self) -> u32 {
        let index = unsigned(self.q(Role::S), 16, self.selected()) as u32;
        self.a(Role::As).wrapping_add(index << 2)
    }

    fn load(&mut self, access: Access) -> Result<u128, Miss> {
        use Access as A;
        let addr = self.a(Role::As);
        match access {
            A::Load | A::LoadReversed | A::LoadAcross | A::BroadcastPairs | A::LoadUa => self.read(addr, 4),
            A::LoadUsar => {
                let data = self.read(addr, 4)?;
                self.core.pie.sar_byte = addr & 15;
                Ok(data)
            }
            A::LoadQaccLow(_) | A::LoadQacc(..) => self.read(addr, 4),
            A::LoadAt => self.read((addr & !15).wrapping_add(self.values.immediate()), 4),
            A::LoadHalf(_) | A::LoadAccx => self.read(addr, 2),
            A::LoadQaccTop(_) => self.read(addr, 1),
            A::LoadFloats(count) => self.read(addr, count),
            A::LoadIndexed => self.read(self.indexed(), 1),
            A::Broadcast(width) => {
                let beat = match width {
                    8 => self.core.load8(self.bus, addr, self.cycle),
                    16 => self.core.load16(self.bus, addr & !1, self.cycle),
                    _ => self.core.load32(self.bus, addr & !3, self.cycle),
                }?;
                self.stalls = beat.cycles;
                Ok(build(width, |_| beat.value.into()))
            }
            _ => Ok(0),
        }
    }

    /// Puts what was loaded where it belongs.
    fn take(&mut self, access: Access, data: u128) {
        use Access as A;
        let words = || [0, 1, 2, 3].map(|index| (data >> (32 * index)) as u32);
        match access {
            A::Load | A::LoadUsar | A::LoadAt | A::Broadcast(_) => self.set_q(Role::U, data),
            A::LoadReversed => self.set_q(Role::U, build(32, |n| signed(data, 32, 3 - n))),
            // What was loaded lies above what was loaded before.
            A::LoadAcross => {
                let q = self.core.pie.funnel(self.core.pie.ua_state, data);
                self.set_q(Role::U, q);
                self.core.pie.ua_state = data;
            }
            A::LoadHalf(half) => {
                let q = replace_half(self.q(Role::U), half, data);
                self.set_q(Role::U, q);
            }
            A::BroadcastPairs => {
                self.set_q(Role::U, build(16, |index| signed(data, 16, index / 2)));
                self.set_q(Role::U1, build(16, |index| signed(data, 16, 4 + index / 2)));
            }
            A::LoadIndexed => {
                let q = replace(self.q(Role::U), 32, self.one(Role::Lane), data as u64);
                self.set_q(Role::U, q);
            }
            A::LoadAccx => self.core.pie.set_accx(data as i64),
            A::LoadUa => self.core.pie.ua_state = data,
            A::LoadQaccLow(half) => self.half(half)[..4].copy_from_slice(&words()),
            A::LoadQaccTop(half) => self.half(half)[4] = data as u32,
            A::LoadQacc(width, with_sign) => self.fill_qacc(data, width, with_sign),
            A::LoadFloats(count) => {
                for (index, word) in words().into_iter().enumerate().take(count as usize) {
                    let register = self.values.at(FLOATS[index]);
                    self.core.fpu.fr[register & 15] = word;
                }
            }
            _ => {}
        }
    }

    fn store(&mut self, access: Access) -> Result<(), Miss> {
        use Access as A;
        let addr = self.a(Role::As);
        match access {
            A::Store => self.write(addr, 4, self.q(Role::V)),
            A::StoreAt => self.write((addr & !15).wrapping_add(self.values.immediate()), 4, self.q(Role::V)),
            A::StoreHalf(half) => self.write(addr, 2, self.q(Role::V) >> (64 * half)),
            A::StoreFunnel => self.write(addr, 4, self.funnel()),
            A::StoreIndexed => {
                let word = self.q(Role::V) >> (32 * self.one(Role::Lane));
                self.write(self.indexed(), 1, word)
            }
            A::StoreReversed => {
                // The last word first; TRM 1.8.15 lists them from the highest bits on.
                let (q, distance) = (self.q(Role::V), self.one(Role::Sar));
                self.write(addr, 4, build(16, |index| signed(q, 16, index ^ 6) >> distance))
            }
            A::StoreSums => self.write(addr, 4, self.sums()),
            A::StoreTwiddled => self.write(addr, 4, self.under_product()),
            A::StoreParted => self.write(addr, 4, self.above_as0()),
            A::StoreAccx => self.write(addr, 2, self.core.pie.accx.into()),
            A::StoreUa => self.write(addr, 4, self.core.pie.ua_state),
            A::StoreQaccLow(half) => {
                let words = *self.half(half);
                self.write(addr, 4, (0..4).fold(0, |data, index| data | u128::from(words[index]) << (32 * index)))
            }
            A::StoreQaccTop(half) => {
                let word = self.half(half)[4];
                self.write(addr, 1, word.into())
            }
            A::StoreFloats(count) => {
                let word = |index: u32| self.core.fpu.fr[self.values.at(FLOATS[index as usize]) & 15];
                let data = (0..count).fold(0, |data, index| data | u128::from(word(index)) << (32 * index));
                self.write(addr, count, data)
            }
            _ => Ok(()),
        }
    }

    fn step(&mut self, step: Step) {
        let by = match step {
            Step::Stay => return,
            Step::Imm => self.values.immediate(),
            Step::Register => self.a(Role::Ad),
            Step::By(bytes) => bytes as u32,
        };
        let next = self.a(Role::As).wrapping_add(by);
        self.set_a(Role::As, next);
    }

    fn half(&mut self, half: u32) -> &mut [u32; 5] {
        match half {
            0 => &mut self.core.pie.qacc_l,
            _ => &mut self.core.pie.qacc_h,
        }
    }

    /// Lanes of a register, extended, to those of QACC.
    fn fill_qacc(&mut self, q: u128, width: u32, with_sign: bool) {
        for index in 0..128 / width {
            self.core.pie.set_qacc(accumulator_width(width), index, lane(q, width, index, with_sign));
        }
    }

    fn funnel(&self) -> u128 {
        self.core.pie.funnel(self.q(Role::S0), self.q(Role::S1))
    }

    fn compute(&mut self, operation: Operation) -> Result<(), Miss> {
        use Operation as O;
        let (x, y) = (self.q(Role::X), self.q(Role::Y));
        let sar = self.core.sar & 63;
        let each = |width, f: fn(i64, i64) -> i64| build(width, |n| f(signed(x, width, n), signed(y, width, n)));
        let truth =
            |width, f: fn(i64, i64) -> bool| build(width, |n| -i64::from(f(signed(x, width, n), signed(y, width, n))));
        let result = match operation {
            O::Add(width) => build(width, |n| saturate(signed(x, width, n) + signed(y, width, n), width)),
            O::Subtract(width) => build(width, |n| saturate(signed(x, width, n) - signed(y, width, n), width)),
            O::Max(width) => each(width, i64::max),
            O::Min(width) => each(width, i64::min),
            O::Equal(width) => truth(width, |x, y| x == y),
            O::Less(width) => truth(width, |x, y| x < y),
            O::Greater(width) => truth(width, |x, y| x > y),
            O::And => x & y,
            O::Or => x | y,
            O::Xor => x ^ y,
            O::Not => !x,
            O::Move => self.q(Role::S),
            O::ZeroQ => 0,
            O::Multiply(width, with_sign) => {
                build(width, |n| (lane(x, width, n, with_sign) * lane(y, width, n, with_sign)) >> sar)
            }
            O::MultiplyComplex => self.multiply_complex(x, y),
            O::Prelu(width) => {
                let distance = self.a(Role::Ay) & 63;
                build(width, |n| relu(signed(x, width, n), signed(y, width, n), distance))
            }
            O::ShiftLeft => build(32, |n| signed(self.q(Role::S), 32, n) << sar.min(32)),
            O::ShiftRight => build(32, |n| signed(self.q(Role::S), 32, n) >> sar),
            O::Funnel | O::FunnelUp => self.funnel(),
            _ => return self.compute_elsewhere(operation),
        };
        let above = self.q(Role::S1);
        if operation == O::FunnelUp {
            self.set_q(Role::S0, above);
        }
        self.set_q(Role::Z, result);
        Ok(())
    }

    /// Operations whose result is not in qa or qz alone.
    fn compute_elsewhere(&mut self, operation: Operation) -> Result<(), Miss> {
        use Operation as O;
        let (x, y, s) = (self.q(Role::X), self.q(Role::Y), self.q(Role::S));
        let (low, high) = (self.q(Role::S0), self.q(Role::S1));
        match operation {
            O::ZeroQacc => (self.core.pie.qacc_h, self.core.pie.qacc_l) = ([0; 5], [0; 5]),
            O::ZeroAccx => self.core.pie.accx = 0,
            O::LaneToA => self.set_a(Role::Au, unsigned(s, 32, self.selected()) as u32),
            O::LaneFromA => {
                let q = replace(self.q(Role::U), 32, self.selected(), self.a(Role::As).into());
                self.set_q(Role::U, q);
            }
            O::QaccFrom(width, with_sign) => self.fill_qacc(s, width, with_sign),
            O::Sum(width, with_sign) => {
                let product = |n| lane(x, width, n, with_sign) * lane(y, width, n, with_sign);
                let sum = self.core.pie.accx(with_sign) + (0..128 / width).map(product).sum::<i64>();
                self.core.pie.set_accx(saturate_as(sum, 40, with_sign));
            }
            O::Accumulate(width, with_sign) => {
                self.accumulate(width, with_sign, |n| lane(x, width, n, with_sign) * lane(y, width, n, with_sign));
            }
            O::AccumulateLane(width) => {
                let factor = signed(y, width, self.selected());
                self.accumulate(width, true, |n| signed(x, width, n) * factor);
            }
            O::NarrowQacc(width) => {
                let wide = accumulator_width(width);
                let distance = self.a(Role::As) & if width == 8 { 31 } else { 63 };
                for n in 0..128 / width {
                    let value = self.core.pie.qacc(wide, n, true) >> distance;
                    self.core.pie.set_qacc(wide, n, value);
                }
                let narrow = build(width, |n| saturate(self.core.pie.qacc(wide, n, true), width));
                self.set_q(Role::U, narrow);
            }
            O::NarrowAccx => {
                let value = self.core.pie.accx(true) >> (self.a(Role::As) & 63);
                self.core.pie.set_accx(value);
                self.set_a(Role::Au, saturate(value, 32) as u32);
            }
            O::Relu(width) => {
                let factor = signed(self.a(Role::Ax).into(), width, 0);
                let distance = self.a(Role::Ay) & 63;
                self.set_q(Role::S, build(width, |n| relu(signed(s, width, n), factor, distance)));
            }
            O::PairLeft | O::PairRight | O::PairLeftByA | O::PairRightByA => {
                let distance = match operation {
                    O::PairLeft | O::PairRight => self.one(Role::Sar),
                    _ => self.a(Role::As) & 15,
                };
                let (low, high) = match operation {
                    O::PairLeft | O::PairLeftByA => pair_left(low, high, distance + 1),
                    _ => pair_right(low, high, distance + 1),
                };
                self.set_q(Role::S0, low);
                self.set_q(Role::S1, high);
            }
            O::Zip(width) => {
                let pick = |n: u32| signed(if n % 2 == 0 { low } else { high }, width, n / 2);
                self.set_q(Role::S0, build(width, pick));
                self.set_q(Role::S1, build(width, |n| pick(n + 128 / width)));
            }
            O::Unzip(width) => {
                let half = 64 / width;
                let pick = |n: u32, odd| signed(if n < half { low } else { high }, width, n % half * 2 + odd);
                self.set_q(Role::S0, build(width, |n| pick(n, 0)));
                self.set_q(Role::S1, build(width, |n| pick(n, 1)));
            }
            O::Butterfly => {
                // sel2 0: halves of 64 bits are paired; 1: neighbouring pairs of 16 bits.
                let apart = if self.selected() == 0 { 4 } else { 2 };
                for (role, q) in [(Role::Z, x), (Role::Z1, y)] {
                    let value = |n: u32| {
                        let n4 = n % 4;
                        let at = if apart == 4 { n4 } else { n4 % 2 + n4 / 2 * 4 };
                        let (a, b) = (signed(q, 16, at), signed(q, 16, at + apart));
                        if n < 4 {
                            a + b
                        } else {
                            a - b
                        }
                    };
                    self.set_q(role, build(16, value));
                }
            }
            O::Differences => self.differences(),
            O::Twiddle => self.twiddle(),
            O::Part(pair) => self.part(pair),
            O::PartLast => self.part_last(),
            O::BitReverse => {
                let first = self.a(Role::Ax);
                let bits = self.core.pie.fft_bit_width;
                let reversed = |value: u32| (u64::from(value.reverse_bits()) >> (32 - bits)) as u32;
                let larger = |n: u32| {
                    let value = first.wrapping_add(n) & 0xFFFF;
                    i64::from(value.max(reversed(value & ((1 << bits) - 1))))
                };
                self.set_q(Role::Z, build(16, larger));
                self.set_a(Role::Ax, first.wrapping_add(8));
            }
            O::WriteGpio => self.write_gpio(self.a(Role::Value), self.a(Role::Mask))?,
            O::SetGpio => self.write_gpio(u32::MAX, self.values.immediate())?,
            O::ClearGpio => self.write_gpio(0, self.values.immediate())?,
            O::ReadGpio => {
                let value = self.bus.read_ur(UR_GPIO_IN, self.cycle).map_err(|error| miss(error, 0))?;
                self.set_a(Role::Au, value & 0xFF);
            }
            _ => {}
        }
        Ok(())
    }

    /// GPIO_OUT has eight bits.
    fn write_gpio(&mut self, value: u32, mask: u32) -> Result<(), Miss> {
        self.bus.write_ur(UR_GPIO_OUT, value & 0xFF, mask & 0xFF, self.cycle).map_err(|error| miss(error, 0))
    }

    fn accumulate(&mut self, width: u32, with_sign: bool, product: impl Fn(u32) -> i64) {
        let wide = accumulator_width(width);
        for n in 0..128 / width {
            let sum = self.core.pie.qacc(wide, n, with_sign) + product(n);
            self.core.pie.set_qacc(wide, n, saturate_as(sum, wide, with_sign));
        }
    }

    /// `ee.cmul.s16`: two complex numbers of 16 bits, the real part low. sel4 bit 0: the high half of
    /// the registers; bit 1: with the conjugate of x.
    fn multiply_complex(&self, x: u128, y: u128) -> u128 {
        let (first, sign) = (self.selected() % 2 * 4, if self.selected() < 2 { -1 } else { 1 });
        let sar = self.core.sar & 63;
        let mut q = self.q(Role::Z);
        for at in [first, first + 2] {
            let part = |q, odd| signed(q, 16, at + odd);
            let real = part(x, 0) * part(y, 0) + sign * part(x, 1) * part(y, 1);
            let imaginary = part(x, 0) * part(y, 1) - sign * part(x, 1) * part(y, 0);
            q = replace(q, 16, at, (real >> sar) as u64);
            q = replace(q, 16, at + 1, (imaginary >> sar) as u64);
        }
        q
    }
}

/// Lowest word first.
const FLOATS: [Role; 4] = [Role::F0, Role::F1, Role::F2, Role::F3];

fn relu(value: i64, factor: i64, distance: u32) -> i64 {
    if value > 0 {
        value
    } else {
        value * factor >> distance
    }
}

fn replace_half(q: u128, half: u32, data: u128) -> u128 {
    let at = 64 * half;
    q & !(u128::from(u64::MAX) << at) | data << at
}
