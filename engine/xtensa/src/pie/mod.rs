//! The 128-bit instructions `ee.*`, coprocessor 3. ESP32-S3 TRM chapter "Processor Instruction
//! Extensions".

use serde::{Deserialize, Serialize};

use crate::core::Core;
use crate::memory::Miss;
use crate::Bus;

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

/// Decodes an instruction of 24 or 32 bits. `None`: not one of this unit.
pub(crate) fn decode(raw: u32) -> Option<Decoded> {
    // All 32-bit encodings are this unit's; which there are is not decoded yet.
    (raw & 15 >= 14).then_some(Decoded { window: 0, coprocessor: true })
}

/// Executes the instruction `raw`. Returns its stall cycles.
pub(crate) fn execute<B: Bus>(core: &mut Core, _bus: &mut B, raw: u32, _cycle: u64) -> Result<u32, Refused> {
    core.count("128-bit instruction");
    Err(Refused::NotImplemented(text(raw)))
}

/// The instruction in words, as objdump writes it.
pub(crate) fn text(raw: u32) -> String {
    format!("ee.? 0x{raw:08x}")
}
