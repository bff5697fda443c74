//! The 128-bit instructions `ee.*`, coprocessor 3. ESP32-S3 TRM chapter "Processor Instruction
//! Extensions".
//!
//! # Fidelity
//! - All 220 instructions are executed as the operations of TRM 1.8 say. Values of sel8 and upd4 that it does not
//!   list for `ee.fft.cmul.s16.*` stop the core with the mnemonic.
//! - Compared with the unit of Espressif's QEMU (`translate_tie_esp32s3.c`, as a fork of 9.2 has it): 209 instructions by
//!   4080 runs on both with operands from a seed; the seven that end it there (`ee.fft.ams.*`, `ee.fft.cmul.s16.st.xp`,
//!   `ee.slcxxp.2q`, `ee.srcxxp.2q`) and the four of dedicated GPIO by reading. They agree but where it is at odds with the
//!   TRM: it limits sums to -(2^(n-1) - 1), adds -4 to the addresses of `ee.ldxq.32` and `ee.stxq.32`, reads operands that
//!   the same instruction has written, keeps no sign of ACCX and no limit of unsigned QACC, leaves `ee.srs.accx` unlimited,
//!   takes more of ax than a lane in `ee.vrelu.*`, and shifts whole words in `ee.fft.vst.r32.decp`.
//! - Sums and differences of the FFT wrap to 16 bits when they are written; what is multiplied or shifted is not cut
//!   before. TRM does not say.
//! - Saturation is to -2^(n-1) and 2^(n-1) - 1, sums of unsigned products to 2^n - 1.
//! - Of an instruction that loads and computes, all operands are read before any is written (TRM table
//!   1.7-2); where two results have one register, that of the load stays, then that of the shift.
//! - The third operand of `ee.srcmb.*.qacc` and `ee.srs.accx` is in no manual and is ignored.
//! - `ee.ldf.*` and `ee.stf.*` reach the registers of the FPU without asking for coprocessor 0.
//! - Lanes of `ee.vsl.32` and `ee.vsr.32` shifted by 32 or more: zeros, signs. Not documented.
//! - FFT_BIT_WIDTH is the number of bits that `ee.bitrev` reverses, as its operation section says (TRM
//!   1.5.1.2 says three fewer).
//! - No stalls of their own (TRM 1.7): each takes one cycle, and what memory takes.

use serde::{Deserialize, Serialize};

use crate::decode::sign_extend;
use crate::memory::Miss;
use execute::Operation;
use table::{Role, Row, LONG, SHORT};

pub(crate) use execute::execute;

mod execute;
mod fft;
mod lanes;
mod table;
#[cfg(test)]
mod tests;

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
    /// Its place in the table of its length, for [`execute`].
    pub index: u32,
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

/// The bits of a 32-bit instruction in the order in which its fields are contiguous: bits 4 to 11,
/// 20 to 23, 12 to 15, 0, 16 to 19, 24 to 31.
pub(crate) fn slot(raw: u32) -> u32 {
    let part = |from: u32, bits: u32, to: u32| (raw >> from & ((1 << bits) - 1)) << to;
    part(4, 8, 0) | part(20, 4, 8) | part(12, 4, 12) | part(0, 1, 16) | part(16, 4, 17) | part(24, 8, 21)
}

/// The table that `raw` is looked up in, and its bits in the order of that table.
fn table(raw: u32) -> (&'static [Row], u32) {
    match raw & 15 {
        14 | 15 => (LONG, slot(raw)),
        _ => (SHORT, raw & 0xFF_FFFF),
    }
}

fn find(raw: u32) -> Option<usize> {
    let (table, bits) = table(raw);
    table.iter().position(|(mask, value, ..)| bits & mask == *value)
}

/// A field put together from its parts, the high one first.
fn field(bits: u32, parts: &[(u8, u8)]) -> u32 {
    parts.iter().fold(0, |value, &(low, width)| value << width | bits >> low & ((1 << width) - 1))
}

/// The value of an operand, immediates scaled.
fn operand(bits: u32, role: Role, parts: &[(u8, u8)]) -> u32 {
    let value = field(bits, parts);
    let width: u8 = parts.iter().map(|(_, width)| width).sum();
    let signed = sign_extend(value, width.into());
    match role {
        Role::Imm16 => signed << 4,
        Role::Imm8 => signed << 3,
        Role::Imm4 => signed << 2,
        Role::Imm2 => value << 1,
        _ => value,
    }
}

fn is_ar(role: Role) -> bool {
    use Role::{Ad, As, As0, Au, Ax, Ay, Mask, Value};
    matches!(role, As | Ad | As0 | Ax | Ay | Au | Value | Mask)
}

/// Decodes an instruction of 24 or 32 bits. `None`: not one of this unit.
pub(crate) fn decode(raw: u32) -> Option<Decoded> {
    let index = find(raw)?;
    let (table, bits) = table(raw);
    let row = &table[index];
    let highest = row.7.iter().filter(|(role, _)| is_ar(*role)).map(|(_, parts)| field(bits, parts)).max();
    let gpio = matches!(row.3, Operation::WriteGpio | Operation::SetGpio | Operation::ClearGpio | Operation::ReadGpio);
    Some(Decoded { window: highest.unwrap_or(0) as u8 / 4, coprocessor: !gpio, index: index as u32 })
}

/// The instruction in words, as objdump writes it.
pub(crate) fn text(raw: u32) -> String {
    let Some(index) = find(raw) else { return format!("ee.? 0x{raw:08x}") };
    let (table, bits) = table(raw);
    let row = &table[index];
    let mut text = row.2.to_owned();
    for (index, &(role, parts)) in row.7.iter().enumerate() {
        let value = operand(bits, role, parts);
        let operand = match role {
            role if is_ar(role) => format!("a{value}"),
            Role::F0 | Role::F1 | Role::F2 | Role::F3 => format!("f{value}"),
            Role::Imm16 | Role::Imm8 | Role::Imm4 => format!("{}", value as i32),
            Role::Imm2 | Role::Imm1 | Role::Sel | Role::Lane | Role::Sar | Role::Upd => value.to_string(),
            _ => format!("q{value}"),
        };
        text += if index == 0 { "\t" } else { ", " };
        text += &operand;
    }
    text
}
