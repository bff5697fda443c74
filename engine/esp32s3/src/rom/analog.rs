//! Registers of the analog parts behind their internal I2C bus (esp_rom_regi2c.h, soc/i2c_ana_mst_reg.h).

use super::guest::Done;
use super::stubs::{Frame, Step, StepFn};

/// Functions that wait for the bus.
pub(super) const STUBS: &[(&str, StepFn)] = &[
    ("rom_i2c_readReg", |f| transfer(f, Kind::Read)),
    ("rom_i2c_readReg_Mask", |f| transfer(f, Kind::ReadMask)),
    ("rom_i2c_writeReg", |f| transfer(f, Kind::Write)),
    ("rom_i2c_writeReg_Mask", |f| transfer(f, Kind::WriteMask)),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Read,
    ReadMask,
    Write,
    WriteMask,
}

/// I2C0_CTRL; the second master's register follows.
const CTRL: u32 = 0x6000_e000;
const BUSY: u32 = 1 << 25;
const WRITE: u32 = 1 << 24;

const STATE: u32 = 0;

/// Block, master, register, then top and lowest bit of a field, then the value.
fn transfer(frame: &mut Frame<'_>, kind: Kind) -> Done<Step> {
    let block = frame.call.arg(0)? & 0xff;
    let ctrl = CTRL + 4 * (frame.call.arg(1)? & 1);
    let register = frame.call.arg(2)? & 0xff;
    let command = block | register << 8;
    let status = frame.call.load(ctrl)?;
    if status & BUSY != 0 {
        return Ok(Step::Wait);
    }
    let state = frame.local(STATE)?;
    frame.set_local(STATE, state + 1)?;
    let read = status >> 16 & 0xff;
    match (kind, state) {
        (Kind::Write, 0) => {
            let value = frame.call.arg(3)? & 0xff;
            frame.call.store(ctrl, command | value << 16 | WRITE)?;
            Ok(Step::Again)
        }
        (_, 0) => {
            frame.call.store(ctrl, command)?;
            Ok(Step::Again)
        }
        (Kind::Write, _) | (Kind::WriteMask, 2) => Ok(Step::Return),
        (Kind::Read, _) => {
            frame.call.ret(read);
            Ok(Step::Return)
        }
        (Kind::ReadMask, _) => {
            let (high, low) = (frame.call.arg(3)? & 7, frame.call.arg(4)? & 7);
            frame.call.ret(read >> low & field(high, low));
            Ok(Step::Return)
        }
        (Kind::WriteMask, _) => {
            let (high, low, value) = (frame.call.arg(3)? & 7, frame.call.arg(4)? & 7, frame.call.arg(5)?);
            let mask = field(high, low);
            let new = read & !(mask << low) | (value & mask) << low;
            frame.call.store(ctrl, command | new << 16 | WRITE)?;
            Ok(Step::Again)
        }
    }
}

/// As many ones as the field from bit `low` to bit `high` has bits.
fn field(high: u32, low: u32) -> u32 {
    (2 << high.saturating_sub(low)) - 1
}

#[cfg(test)]
mod tests {
    use crate::regi2c::BBPLL;
    use crate::rom::testing::Flat;
    use crate::spi_mem::psram::Wiring;
    use crate::system::System;

    /// soc/regi2c_bbpll.h: fields of the PLL's registers are written one by one.
    #[test]
    fn fields_of_analog_registers_are_written_and_read() {
        let mut system = System::new(1 << 20, 0, Wiring::Quad);
        let mut flat = Flat::default();
        flat.attach(Box::new(move |addr, write| match write {
            Some(value) => {
                system.write_register(addr, value);
                0
            }
            None => system.read_register(addr),
        }));
        let block = u32::from(BBPLL);
        flat.call("rom_i2c_writeReg", &[block, 1, 3, 0x5a]);
        flat.call("rom_i2c_writeReg_Mask", &[block, 1, 3, 6, 4, 2]);
        assert_eq!(flat.call("rom_i2c_readReg", &[block, 1, 3]), 0x2a);
        assert_eq!(flat.call("rom_i2c_readReg_Mask", &[block, 1, 3, 6, 4]), 2);
    }
}
