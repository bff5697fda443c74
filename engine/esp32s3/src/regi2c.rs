//! The analog I2C master: the registers of the analog parts (PLL, bias, regulators, SAR ADC) behind an internal bus.
//! ESP-IDF `soc/regi2c_defs.h`, `soc/regi2c_bbpll.h`, `soc/regi2c_ulp.h`; the layout of a command as in `soc/i2c_ana_mst_reg.h`.
//!
//! # Fidelity
//! - Each part's registers are stored by block and register number. A command takes no time.
//! - Calibrations are done at once: BBPLL_CAL_DONE, the PLL's lock and the done flags of the o-code read as done. The
//!   PLL's rate follows SYSTEM_PLL_FREQ_SEL, not what is stored. The converters and the temperature sensor follow the initial
//!   codes, ENCAL_GND and TSENS_DAC of block 0x69 ([`crate::sar`], [`crate::sens`]); nothing depends on the others.
//! - What the PHY library writes from 0x04C on is storage; its calibrations read as done.

use crate::block::{undeclared, Block};
use crate::fabric::Fabric;
use engine_core::registers::{Bank, Group, Registers, Write};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

engine_core::registers! {
    /// Not in the SVD.
    pub Reg;
    I2C0_CTRL 0x000 = 0x0000_0000 { I2C0_BUSY 25 ro; I2C0_WRITE 24 rw; I2C0_DATA 23:16 rw; I2C0_ADDR 15:8 rw; I2C0_SLAVE 7:0 rw; }
    I2C1_CTRL 0x004 = 0x0000_0000 { I2C1_BUSY 25 ro; I2C1_WRITE 24 rw; I2C1_DATA 23:16 rw; I2C1_ADDR 15:8 rw; I2C1_SLAVE 7:0 rw; }
    I2C0_CONF 0x008 = 0x0000_0000 { I2C0_CONF 31:0 rw; }
    I2C1_CONF 0x00C = 0x0000_0000 { I2C1_CONF 31:0 rw; }
    I2C_BURST_CONF 0x010 = 0x0000_0000 { I2C_BURST_CTRL 31:0 todo "no document says what its bits start"; }
    I2C_BURST_STATUS 0x014 = 0x0000_0000 { I2C_BURST_STATUS 31:0 ro; }
    ANA_CONF0 0x040 = 0x0000_0000 { BBPLL_CAL_DONE 24 ro; ANA_CONF0 23:4 rw; BBPLL_STOP_FORCE_LOW 3 rw; BBPLL_STOP_FORCE_HIGH 2 rw; ANA_CONF0_LOW 1:0 rw; }
    ANA_CONFIG 0x044 = 0x0000_0000 { ANA_CONFIG 31:0 rw; }
    ANA_CONFIG2 0x048 = 0x0000_0000 { ANA_CONFIG2 31:0 rw; }
}

/// The words behind, which only the PHY library uses, to set up and calibrate the radio's synthesizers: nothing describes
/// them. They keep what is written.
const RADIO: std::ops::Range<u32> = 0x04C..0x200;
/// Bits that say that a calibration is done: the PHY library waits for bit 24 of the first, the mask ROM's PHY functions
/// for bits 26:24 of the second.
const CALIBRATED: [(u32, u32); 2] = [(0x04C, 1 << 24), (0x050, 7 << 24)];

const SYNTHESIZER: &str = "the firmware sets up the radio's synthesizers, which are not there: they read as calibrated";

/// The PLL, I2C_BBPLL.
pub const BBPLL: u8 = 0x66;
/// Bias, brown-out and o-code, I2C_ULP.
pub const ULP: u8 = 0x61;

/// What the parts read before anything is written: block, register, value.
const INITIAL: [(u8, u8, u8); 2] = [
    // OR_LOCK and OR_CAL_END.
    (BBPLL, 8, 0xC0),
    // O_DONE_FLAG and BG_O_DONE_FLAG.
    (ULP, 3, 0x09),
];

/// The block and the parts behind it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Regi2c {
    regs: Bank<Reg>,
    parts: BTreeMap<u16, u8>,
    radio: BTreeMap<u32, u32>,
}

impl Regi2c {
    /// The block after reset.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        let parts = INITIAL.into_iter().map(|(block, register, value)| (key(block, register), value)).collect();
        Self { regs: Bank::new(), parts, radio: BTreeMap::new() }
    }

    /// A register of an analog part, as the ROM's functions read it.
    pub fn analog(&self, block: u8, register: u8) -> u8 {
        self.parts.get(&key(block, register)).copied().unwrap_or(0)
    }

    /// Software writes a register of an analog part; those that the hardware writes keep their value.
    pub fn set_analog(&mut self, block: u8, register: u8, value: u8) {
        if !INITIAL.iter().any(|known| (known.0, known.1) == (block, register)) {
            self.parts.insert(key(block, register), value);
        }
    }

    fn radio_word(&self, offset: u32) -> u32 {
        let done = CALIBRATED.iter().find(|(at, _)| *at == offset).map_or(0, |(_, done)| *done);
        self.radio.get(&offset).copied().unwrap_or(0) | done
    }

    fn command(&mut self, register: Reg) {
        use I2C0_CTRL::{I2C0_ADDR, I2C0_DATA, I2C0_SLAVE, I2C0_WRITE};
        let command = self.regs.get(register);
        let (block, address) = (I2C0_SLAVE.get(command) as u8, I2C0_ADDR.get(command) as u8);
        if I2C0_WRITE.is_set(command) {
            self.set_analog(block, address, I2C0_DATA.get(command) as u8);
        } else {
            let value = self.analog(block, address);
            self.regs.set_field(register, I2C0_DATA, value.into());
        }
    }
}

fn key(block: u8, register: u8) -> u16 {
    u16::from(block) << 8 | u16::from(register)
}

impl Block for Regi2c {
    const GROUPS: &'static [Group] = &[Group::one("I2C_ANA_MST", Reg::TABLE)];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        if RADIO.contains(&offset) {
            fabric.gaps.touch("I2C_ANA_MST of the radio", SYNTHESIZER);
        } else if Reg::at(offset).is_none() {
            undeclared("I2C_ANA_MST", offset, fabric);
        }
        self.peek(offset, fabric)
    }

    fn peek(&mut self, offset: u32, _fabric: &mut Fabric) -> u32 {
        match Reg::at(offset) {
            Some(Reg::ANA_CONF0) => self.regs.load(Reg::ANA_CONF0) | ANA_CONF0::BBPLL_CAL_DONE.mask,
            Some(register) => self.regs.load(register),
            None => self.radio_word(offset),
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        let Some(register) = Reg::at(offset) else {
            if RADIO.contains(&offset) {
                fabric.gaps.touch("I2C_ANA_MST of the radio", SYNTHESIZER);
                self.radio.insert(offset, write.value);
            } else {
                undeclared("I2C_ANA_MST", offset, fabric);
            }
            return;
        };
        self.regs.store(register, write, "I2C_ANA_MST", &mut fabric.gaps);
        if matches!(register, Reg::I2C0_CTRL | Reg::I2C1_CTRL) {
            self.command(register);
        }
    }

    fn reset(&mut self, _fabric: &mut Fabric) {
        *self = Self::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ESP-IDF `soc/i2c_ana_mst_reg.h`: block in 7:0, register in 15:8, data in 23:16, write in 24, busy in 25.
    #[test]
    fn a_part_keeps_what_a_command_writes() {
        let (mut master, mut fabric) = (Regi2c::new(), Fabric::new());
        master.write(4, Write::word(1 << 24 | 0x5B << 16 | 4 << 8 | 0x6D), &mut fabric);
        master.write(4, Write::word(4 << 8 | 0x6D), &mut fabric);
        assert_eq!(master.read(4, &mut fabric), 0x5B << 16 | 4 << 8 | 0x6D);
    }

    /// ESP-IDF `soc/regi2c_defs.h` and `soc/regi2c_bbpll.h`: I2C_MST_BBPLL_CAL_DONE is bit 24, OR_CAL_END and OR_LOCK are
    /// bits 6 and 7 of register 8.
    #[test]
    fn the_pll_is_calibrated_and_locked() {
        let (mut master, mut fabric) = (Regi2c::new(), Fabric::new());
        assert_eq!(master.read(0x40, &mut fabric) >> 24 & 1, 1);
        assert_eq!(master.analog(BBPLL, 8) >> 6, 3);
    }
}
