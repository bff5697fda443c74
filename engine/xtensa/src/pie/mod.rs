//! The 128-bit instructions `ee.*`, coprocessor 3. ESP32-S3 TRM chapter "Processor Instruction
//! Extensions".
//!
//! # Fidelity
//! All mnemonics are decoded. Executed are loads and stores of 128 and 64 bits (VLD, VST), ZERO, MOVI,
//! the logic of registers, VADDS, VSUBS, VMAX, VMIN, VCMP, and the dedicated GPIO. The others stop
//! the core with their mnemonic, and are counted.

mod table;

use serde::{Deserialize, Serialize};

use crate::core::Core;
use crate::memory::Miss;
use crate::{Bus, UR_GPIO_IN, UR_GPIO_OUT};
use table::{Row, TABLE};

/// State of the 128-bit unit.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Pie {
    /// q0 to q7.
    pub q: [u128; 8],
    /// 40-bit accumulator.
    pub accx: u64,
    /// High 160 bits of QACC, 32 at a time.
    pub qacc_h: [u32; 5],
    /// Low 160 bits of QACC.
    pub qacc_l: [u32; 5],
    /// SAR_BYTE, 4 bits.
    pub sar_byte: u32,
    /// FFT_BIT_WIDTH, 4 bits.
    pub fft_bit_width: u32,
    /// UA_STATE.
    pub ua_state: u128,
}

impl Pie {
    /// RUR of a register of this unit (tie.h: 0 to 11, 13 to 18).
    pub(crate) fn user_register(&self, number: u8) -> Option<u32> {
        let n = usize::from(number);
        Some(match number {
            0 => self.accx as u32,
            1 => (self.accx >> 32) as u32 & 0xFF,
            2..=6 => self.qacc_h[n - 2],
            7..=11 => self.qacc_l[n - 7],
            13 => self.sar_byte,
            14 => self.fft_bit_width,
            15..=18 => (self.ua_state >> (32 * (n - 15))) as u32,
            _ => return None,
        })
    }

    /// WUR of a register of this unit.
    pub(crate) fn set_user_register(&mut self, number: u8, value: u32) {
        let n = usize::from(number);
        match number {
            0 => self.accx = self.accx & !0xFFFF_FFFF | u64::from(value),
            1 => self.accx = self.accx & 0xFFFF_FFFF | u64::from(value & 0xFF) << 32,
            2..=6 => self.qacc_h[n - 2] = value,
            7..=11 => self.qacc_l[n - 7] = value,
            13 => self.sar_byte = value & 15,
            14 => self.fft_bit_width = value & 15,
            15..=18 => {
                let shift = 32 * (n - 15);
                self.ua_state = self.ua_state & !(0xFFFF_FFFF << shift) | u128::from(value) << shift;
            }
            _ => {}
        }
    }
}

/// What the decoder has to know of an instruction of this unit.
pub(crate) struct Decoded {
    /// The highest quarter of the window that its AR operands are in.
    pub window: u8,
    /// It needs coprocessor 3 (those that only move dedicated GPIO do not).
    pub coprocessor: bool,
}

/// Why an instruction was not executed.
pub(crate) enum Refused {
    /// An access did not complete.
    Miss(Miss),
    /// The mnemonic.
    NotImplemented(String),
}

impl From<Miss> for Refused {
    fn from(miss: Miss) -> Self {
        Refused::Miss(miss)
    }
}

/// What an operand is: a register of the AR, Q or FR file, or an immediate.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ar,
    Q,
    Fr,
    Immediate,
}

/// The instruction and its operands, in the order of the assembler.
struct Instruction {
    mnemonic: &'static str,
    operands: Vec<(Kind, u32)>,
}

/// The bits of `raw` that `mask` names, put together.
fn gathered(raw: u32, mask: u32) -> u32 {
    (0..32).rev().filter(|bit| mask >> bit & 1 != 0).fold(0, |value, bit| value << 1 | raw >> bit & 1)
}

/// The table has the 29 free bits of a 32-bit instruction in the order of its fields.
fn slot(raw: u32) -> u32 {
    raw >> 4 & 0xFF
        | (raw >> 20 & 15) << 8
        | raw & 0xF000
        | (raw & 1) << 16
        | (raw >> 16 & 15) << 17
        | (raw >> 24) << 21
}

fn row(raw: u32) -> Option<(&'static Row, u32)> {
    let long = raw & 15 >= 14;
    let raw = if long { slot(raw) } else { raw };
    let found = TABLE.iter().find(|(_, mask, value, _)| (mask >> 24 != 0) == long && raw & mask == *value)?;
    Some((found, raw))
}

fn instruction(raw: u32) -> Option<Instruction> {
    let ((mnemonic, _, _, operands), raw) = row(raw)?;
    let operands = operands.iter().map(|&(kind, mask)| (kind, gathered(raw, mask))).collect();
    Some(Instruction { mnemonic, operands })
}

/// Decodes an instruction of 24 or 32 bits. `None`: not one of this unit.
pub(crate) fn decode(raw: u32) -> Option<Decoded> {
    let found = instruction(raw)?;
    let registers = found.operands.iter().filter(|(kind, _)| *kind == Kind::Ar);
    let window = registers.map(|&(_, number)| number as u8 / 4).max().unwrap_or(0);
    Some(Decoded { window, coprocessor: !found.mnemonic.contains("gpio") })
}

/// The instruction in words, as objdump writes it. Immediates are their fields.
pub(crate) fn text(raw: u32) -> String {
    let Some(found) = instruction(raw) else { return format!("ee.? 0x{raw:08x}") };
    let operands: Vec<String> = found
        .operands
        .iter()
        .map(|(kind, number)| match kind {
            Kind::Ar => format!("a{number}"),
            Kind::Q => format!("q{number}"),
            Kind::Fr => format!("f{number}"),
            Kind::Immediate => number.to_string(),
        })
        .collect();
    format!("{} {}", found.mnemonic, operands.join(", ")).trim_end().to_owned()
}

/// An immediate of 8 bits, signed, in units.
fn offset(field: u32, unit: u32) -> u32 {
    (field as u8 as i8 as u32).wrapping_mul(unit)
}

/// Lane by lane, signed, results cut to the lane by `apply`.
fn lanes(bits: u32, x: u128, y: u128, apply: impl Fn(i64, i64) -> i64) -> u128 {
    let mask = (1u128 << bits) - 1;
    let lane = |q: u128, at: u32| {
        let value = (q >> at & mask) as i64;
        value << (64 - bits) >> (64 - bits)
    };
    (0..128).step_by(bits as usize).fold(0, |q, at| q | (apply(lane(x, at), lane(y, at)) as u128 & mask) << at)
}

fn saturated(bits: u32, value: i64) -> i64 {
    let limit = 1i64 << (bits - 1);
    value.clamp(-limit, limit - 1)
}

/// An operation on lanes of two registers: `None` when it is not one of those executed.
fn vector(mnemonic: &str, x: u128, y: u128) -> Option<u128> {
    let (name, bits) = mnemonic.rsplit_once(".s")?;
    let bits = bits.parse().ok()?;
    let truth = |value: bool| -i64::from(value);
    Some(match name {
        "ee.vadds" => lanes(bits, x, y, |a, b| saturated(bits, a + b)),
        "ee.vsubs" => lanes(bits, x, y, |a, b| saturated(bits, a - b)),
        "ee.vmax" => lanes(bits, x, y, i64::max),
        "ee.vmin" => lanes(bits, x, y, i64::min),
        "ee.vcmp.eq" => lanes(bits, x, y, |a, b| truth(a == b)),
        "ee.vcmp.lt" => lanes(bits, x, y, |a, b| truth(a < b)),
        "ee.vcmp.gt" => lanes(bits, x, y, |a, b| truth(a > b)),
        _ => return None,
    })
}

/// The address of an access of 16 bytes or 8: the low bits do not count.
fn load<B: Bus>(core: &mut Core, bus: &mut B, addr: u32, bytes: u32, cycle: u64) -> Result<(u128, u32), Miss> {
    let addr = addr & !(bytes - 1);
    let (mut value, mut stalls) = (0, 0);
    for at in (0..bytes).step_by(4) {
        let beat = core.load32(bus, addr.wrapping_add(at), cycle)?;
        value |= u128::from(beat.value) << (8 * at);
        stalls = stalls.max(beat.cycles);
    }
    Ok((value, stalls))
}

fn store<B: Bus>(core: &mut Core, bus: &mut B, addr: u32, value: u128, bytes: u32, cycle: u64) -> Result<u32, Miss> {
    let addr = addr & !(bytes - 1);
    let mut stalls = 0;
    for at in (0..bytes).step_by(4) {
        stalls = stalls.max(core.store32(bus, addr.wrapping_add(at), (value >> (8 * at)) as u32, cycle)?);
    }
    Ok(stalls)
}

const LOW_HALF: u128 = u64::MAX as u128;

/// Executes the instruction `raw`. Returns its stall cycles.
pub(crate) fn execute<B: Bus>(core: &mut Core, bus: &mut B, raw: u32, cycle: u64) -> Result<u32, Refused> {
    let refused = || Refused::NotImplemented(text(raw));
    let found = instruction(raw).ok_or_else(refused)?;
    let operand = |n: usize| found.operands.get(n).map_or(0, |&(_, value)| value);
    let (first, second, third) = (operand(0) as usize, operand(1) as usize, operand(2) as usize);
    // The second operand as a base register, and how far it moves.
    let moves = |core: &Core, unit| match found.operands.get(2) {
        Some(&(Kind::Ar, register)) => core.r[register as usize & 15],
        _ => offset(operand(2), unit),
    };
    let user = |error| Refused::Miss(crate::memory::miss(error, 0));
    let mut stalls = 0;
    match found.mnemonic {
        "ee.vld.128.ip" | "ee.vld.128.xp" => {
            let base = core.r[second];
            (core.pie.q[first], stalls) = load(core, bus, base, 16, cycle)?;
            core.r[second] = base.wrapping_add(moves(core, 16));
        }
        "ee.vld.l.64.ip" | "ee.vld.l.64.xp" | "ee.vld.h.64.ip" | "ee.vld.h.64.xp" => {
            let base = core.r[second];
            let (value, waited) = load(core, bus, base, 8, cycle)?;
            let q = &mut core.pie.q[first];
            let high = found.mnemonic.starts_with("ee.vld.h");
            *q = if high { *q & LOW_HALF | value << 64 } else { *q & !LOW_HALF | value };
            stalls = waited;
            core.r[second] = base.wrapping_add(moves(core, 8));
        }
        "ee.vst.128.ip" | "ee.vst.128.xp" => {
            let (base, value) = (core.r[second], core.pie.q[first]);
            stalls = store(core, bus, base, value, 16, cycle)?;
            core.r[second] = base.wrapping_add(moves(core, 16));
        }
        "ee.vst.l.64.ip" | "ee.vst.l.64.xp" | "ee.vst.h.64.ip" | "ee.vst.h.64.xp" => {
            let (base, q) = (core.r[second], core.pie.q[first]);
            let value = if found.mnemonic.starts_with("ee.vst.h") { q >> 64 } else { q & LOW_HALF };
            stalls = store(core, bus, base, value, 8, cycle)?;
            core.r[second] = base.wrapping_add(moves(core, 8));
        }
        "ee.zero.q" => core.pie.q[first] = 0,
        "ee.zero.accx" => core.pie.accx = 0,
        "ee.zero.qacc" => (core.pie.qacc_h, core.pie.qacc_l) = ([0; 5], [0; 5]),
        "ee.movi.32.a" => core.r[second] = (core.pie.q[first] >> (32 * third)) as u32,
        "ee.movi.32.q" => {
            let (shift, value) = (32 * third, core.r[second]);
            let q = &mut core.pie.q[first];
            *q = *q & !(0xFFFF_FFFF << shift) | u128::from(value) << shift;
        }
        "ee.andq" => core.pie.q[first] = core.pie.q[second] & core.pie.q[third],
        "ee.orq" => core.pie.q[first] = core.pie.q[second] | core.pie.q[third],
        "ee.xorq" => core.pie.q[first] = core.pie.q[second] ^ core.pie.q[third],
        "ee.notq" => core.pie.q[first] = !core.pie.q[second],
        "ee.wr_mask_gpio_out" => {
            let (value, mask) = (core.r[first], core.r[second]);
            bus.write_ur(UR_GPIO_OUT, value, mask & 0xFF, cycle).map_err(user)?;
        }
        "ee.set_bit_gpio_out" => bus.write_ur(UR_GPIO_OUT, 0xFF, operand(0), cycle).map_err(user)?,
        "ee.clr_bit_gpio_out" => bus.write_ur(UR_GPIO_OUT, 0, operand(0), cycle).map_err(user)?,
        "ee.get_gpio_in" => core.r[first] = bus.read_ur(UR_GPIO_IN, cycle).map_err(user)?,
        mnemonic => match vector(mnemonic, core.pie.q[second & 7], core.pie.q[third & 7]) {
            Some(result) => core.pie.q[first] = result,
            None => {
                core.count(mnemonic);
                return Err(refused());
            }
        },
    }
    Ok(stalls)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of the TRM's instruction pages: saturation of VADDS, all ones for a true VCMP.
    #[test]
    fn lanes_saturate_and_compare() {
        let (x, y) = (0x7FFF_8000_0001_FFFFu128, 0x0001_FFFF_0001_0001u128);
        assert_eq!(vector("ee.vadds.s16", x, y), Some(0x7FFF_8000_0002_0000));
        assert_eq!(vector("ee.vsubs.s16", y, x), Some(0x8002_7FFF_0000_0002));
        assert_eq!(vector("ee.vcmp.gt.s16", x, y).map(|q| q as u64), Some(0xFFFF_0000_0000_0000));
        assert_eq!(vector("ee.vmax.s32", x, y), Some(0x7FFF_8000_0001_FFFF));
        assert_eq!(vector("ee.vmul.s16", x, y), None);
    }

    /// No encoding is two instructions.
    #[test]
    fn encodings_are_distinct() {
        for (n, a) in TABLE.iter().enumerate() {
            for b in &TABLE[n + 1..] {
                let same_length = (a.1 >> 24 != 0) == (b.1 >> 24 != 0);
                assert!(!same_length || (a.2 ^ b.2) & a.1 & b.1 != 0, "{} and {}", a.0, b.0);
            }
        }
    }

    /// No 24-bit encoding is taken by an instruction of the base processor.
    #[test]
    fn the_decoder_finds_them() {
        for (mnemonic, mask, value, _) in TABLE.iter().filter(|row| row.1 >> 24 == 0) {
            for raw in [*value, value | !mask & 0xFF_FFFF] {
                let op = crate::decode::decode(0, raw);
                assert_eq!(op.code, crate::op::OpCode::Pie, "{mnemonic} {raw:06x}");
                assert!(text(raw).starts_with(mnemonic), "{} {mnemonic}", text(raw));
            }
        }
    }
}
