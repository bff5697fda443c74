//! What CLKDIV, EXECCTRL, SHIFTCTRL and PINCTRL of a machine say, in the form in which it is used.

use super::instruction::bits_or_32;
use super::registers::{Sm, CLKDIV, EXECCTRL, PINCTRL, SHIFTCTRL};
use engine_core::registers::Bank;
use serde::{Deserialize, Serialize};

/// A threshold that no shift counter reaches: automatic push or pull is off.
pub const NEVER: u8 = 0xFF;

/// The configuration of one state machine.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Config {
    /// The clock divisor in 1/256 cycles of clk_sys (3.5.5).
    pub divisor: u64,
    /// SIDESET_COUNT, with the enable bit.
    pub side_count: u8,
    /// SIDE_EN.
    pub side_optional: bool,
    /// SIDE_PINDIR.
    pub side_pindir: bool,
    /// SIDESET_BASE.
    pub side_base: u32,
    /// All pins that side-set can write.
    pub side_mask: u32,
    /// JMP_PIN.
    pub jmp_pin: u8,
    /// INLINE_OUT_EN: the bit of OUT data that enables the write.
    pub inline_enable: Option<u8>,
    /// OUT_STICKY.
    pub sticky: bool,
    /// WRAP_TOP.
    pub wrap_top: u8,
    /// WRAP_BOTTOM.
    pub wrap_bottom: u8,
    /// STATUS_SEL: MOV STATUS looks at the RX FIFO.
    pub status_rx: bool,
    /// STATUS_N.
    pub status_level: u8,
    /// FJOIN_TX and FJOIN_RX.
    pub join: (bool, bool),
    /// PULL_THRESH.
    pub pull_threshold: u8,
    /// PUSH_THRESH.
    pub push_threshold: u8,
    /// PULL_THRESH where AUTOPULL is on.
    pub autopull: u8,
    /// PUSH_THRESH where AUTOPUSH is on.
    pub autopush: u8,
    /// OUT_SHIFTDIR: to the right.
    pub out_right: bool,
    /// IN_SHIFTDIR: to the right.
    pub in_right: bool,
    /// IN_BASE.
    pub in_base: u8,
    /// OUT_BASE.
    pub out_base: u32,
    /// The pins that OUT and MOV write.
    pub out_mask: u32,
    /// SET_BASE.
    pub set_base: u32,
    /// The pins that SET writes.
    pub set_mask: u32,
}

/// `count` pins from `base` on; after GPIO31 comes GPIO0 (3.5.6).
fn pins(count: u32, base: u32) -> u32 {
    (((1u64 << count.min(32)) - 1) as u32).rotate_left(base)
}

impl Config {
    /// What the registers say.
    pub fn of(bank: &Bank<Sm>) -> Self {
        let exec = |field| bank.field(Sm::EXECCTRL, field);
        let shift = |field| bank.field(Sm::SHIFTCTRL, field);
        let pin = |field| bank.field(Sm::PINCTRL, field);
        let (int, frac) = (bank.field(Sm::CLKDIV, CLKDIV::INT), bank.field(Sm::CLKDIV, CLKDIV::FRAC));
        let pull_threshold = bits_or_32(shift(SHIFTCTRL::PULL_THRESH) as u8);
        let push_threshold = bits_or_32(shift(SHIFTCTRL::PUSH_THRESH) as u8);
        let side_count = pin(PINCTRL::SIDESET_COUNT).min(5);
        let side_optional = exec(EXECCTRL::SIDE_EN) != 0;
        Self {
            divisor: u64::from(if int == 0 { 1 << 16 } else { int }) << 8 | u64::from(frac),
            side_count: side_count as u8,
            side_optional,
            side_pindir: exec(EXECCTRL::SIDE_PINDIR) != 0,
            side_base: pin(PINCTRL::SIDESET_BASE),
            side_mask: pins(side_count.saturating_sub(u32::from(side_optional)), pin(PINCTRL::SIDESET_BASE)),
            jmp_pin: exec(EXECCTRL::JMP_PIN) as u8,
            inline_enable: (exec(EXECCTRL::INLINE_OUT_EN) != 0).then(|| exec(EXECCTRL::OUT_EN_SEL) as u8),
            sticky: exec(EXECCTRL::OUT_STICKY) != 0,
            wrap_top: exec(EXECCTRL::WRAP_TOP) as u8,
            wrap_bottom: exec(EXECCTRL::WRAP_BOTTOM) as u8,
            status_rx: exec(EXECCTRL::STATUS_SEL) != 0,
            status_level: exec(EXECCTRL::STATUS_N) as u8,
            join: (shift(SHIFTCTRL::FJOIN_TX) != 0, shift(SHIFTCTRL::FJOIN_RX) != 0),
            pull_threshold,
            push_threshold,
            autopull: if shift(SHIFTCTRL::AUTOPULL) != 0 { pull_threshold } else { NEVER },
            autopush: if shift(SHIFTCTRL::AUTOPUSH) != 0 { push_threshold } else { NEVER },
            out_right: shift(SHIFTCTRL::OUT_SHIFTDIR) != 0,
            in_right: shift(SHIFTCTRL::IN_SHIFTDIR) != 0,
            in_base: pin(PINCTRL::IN_BASE) as u8,
            out_base: pin(PINCTRL::OUT_BASE),
            out_mask: pins(pin(PINCTRL::OUT_COUNT), pin(PINCTRL::OUT_BASE)),
            set_base: pin(PINCTRL::SET_BASE),
            set_mask: pins(pin(PINCTRL::SET_COUNT).min(5), pin(PINCTRL::SET_BASE)),
        }
    }

    /// All pins that the machine can write.
    pub fn writable(&self) -> u32 {
        self.out_mask | self.set_mask | self.side_mask
    }
}
