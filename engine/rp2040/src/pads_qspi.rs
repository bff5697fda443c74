//! PADS_QSPI: the electrical side of the six flash pins. RP2040 datasheet, section 2.19.6.4.
//!
//! # Fidelity
//! - Exact: OD, IE, PUE and PDE, both of which together keep the level; see [`crate::io_qspi`].
//! - Levels are digital: DRIVE, SLEWFAST, SCHMITT and VOLTAGE_SELECT are kept and read back.

use crate::block::{undeclared, Block};
use crate::fabric::Fabric;
use engine_core::registers::{Bank, Group, Registers, Write};
use serde::{Deserialize, Serialize};

engine_core::registers! {
    /// 2.19.6.4.
    pub Reg;
    VOLTAGE_SELECT 0x00 = 0x0000_0000 { VOLTAGE_SELECT 0 rw; }
    GPIO_QSPI_SCLK 0x04 = 0x0000_0056 { OD 7 rw; IE 6 rw; DRIVE 5:4 rw; PUE 3 rw; PDE 2 rw; SCHMITT 1 rw; SLEWFAST 0 rw; }
    GPIO_QSPI_SD0 0x08 = 0x0000_0052 { OD 7 rw; IE 6 rw; DRIVE 5:4 rw; PUE 3 rw; PDE 2 rw; SCHMITT 1 rw; SLEWFAST 0 rw; }
    GPIO_QSPI_SD1 0x0C = 0x0000_0052 { OD 7 rw; IE 6 rw; DRIVE 5:4 rw; PUE 3 rw; PDE 2 rw; SCHMITT 1 rw; SLEWFAST 0 rw; }
    GPIO_QSPI_SD2 0x10 = 0x0000_0052 { OD 7 rw; IE 6 rw; DRIVE 5:4 rw; PUE 3 rw; PDE 2 rw; SCHMITT 1 rw; SLEWFAST 0 rw; }
    GPIO_QSPI_SD3 0x14 = 0x0000_0052 { OD 7 rw; IE 6 rw; DRIVE 5:4 rw; PUE 3 rw; PDE 2 rw; SCHMITT 1 rw; SLEWFAST 0 rw; }
    GPIO_QSPI_SS 0x18 = 0x0000_005A { OD 7 rw; IE 6 rw; DRIVE 5:4 rw; PUE 3 rw; PDE 2 rw; SCHMITT 1 rw; SLEWFAST 0 rw; }
}

/// The pads in the order of IO_QSPI and of SIO's GPIO_HI registers: SCLK, SS, SD0 to SD3.
const ORDER: [Reg; 6] = [
    Reg::GPIO_QSPI_SCLK,
    Reg::GPIO_QSPI_SS,
    Reg::GPIO_QSPI_SD0,
    Reg::GPIO_QSPI_SD1,
    Reg::GPIO_QSPI_SD2,
    Reg::GPIO_QSPI_SD3,
];

/// What the pads do, a bit each in the order of SIO: SCLK, SS, SD0 to SD3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pulls {
    /// IE.
    pub input_enable: u32,
    /// OD.
    pub output_disable: u32,
    /// PUE.
    pub up: u32,
    /// PDE.
    pub down: u32,
}

/// The state of the block.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct PadsQspi {
    bank: Bank<Reg>,
}

impl PadsQspi {
    /// The block after reset.
    pub fn new() -> Self {
        Self::default()
    }

    /// What the pads do.
    pub fn pulls(&self) -> Pulls {
        use GPIO_QSPI_SS as PAD;
        let gather = |field: engine_core::registers::Field| {
            ORDER.iter().enumerate().fold(0, |mask, (pin, register)| mask | self.bank.field(*register, field) << pin)
        };
        Pulls {
            input_enable: gather(PAD::IE),
            output_disable: gather(PAD::OD),
            up: gather(PAD::PUE),
            down: gather(PAD::PDE),
        }
    }
}

impl Block for PadsQspi {
    const GROUPS: &'static [Group] = &[Group::one("PADS_QSPI", Reg::TABLE)];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        self.peek(offset, fabric)
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        match Reg::at(offset) {
            Some(register) => self.bank.load(register),
            None => undeclared("PADS_QSPI", offset, fabric),
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        match Reg::at(offset) {
            Some(register) => {
                self.bank.store(register, write, "PADS_QSPI", &mut fabric.gaps);
                fabric.set_qspi_pads(self.pulls());
            }
            None => drop(undeclared("PADS_QSPI", offset, fabric)),
        }
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        self.bank.reset();
        fabric.set_qspi_pads(self.pulls());
    }
}
