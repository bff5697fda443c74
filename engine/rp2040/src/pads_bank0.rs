//! PADS_BANK0: the electrical side of GPIO0 to GPIO29, SWCLK and SWD. RP2040 datasheet, section 2.19.6.3.
//!
//! # Fidelity
//! - Exact: OD, IE, PUE and PDE, both of which together keep the level.
//! - Levels are digital: DRIVE, SLEWFAST, SCHMITT and VOLTAGE_SELECT are kept and read back. A pull is as good as a wire:
//!   whoever drives wins, and there is no time constant.
//! - There is no debugger on SWCLK and SWD: their pads are kept and read back.

use crate::block::{undeclared, Block};
use crate::fabric::Fabric;
use engine_core::registers::{Bank, Group, Registers, Write};
use serde::{Deserialize, Serialize};

/// The register of each GPIO pad.
pub mod pad {
    engine_core::registers! {
        /// 2.19.6.3, GPIOn.
        pub Pad;
        GPIO 0x0 = 0x0000_0056 {
            OD 7 rw; IE 6 rw; DRIVE 5:4 rw; PUE 3 rw; PDE 2 rw; SCHMITT 1 rw; SLEWFAST 0 rw;
        }
    }
}

/// The registers that stand alone.
pub mod single {
    engine_core::registers! {
        /// 2.19.6.3.
        pub Reg;
        VOLTAGE_SELECT 0x00 = 0x0000_0000 { VOLTAGE_SELECT 0 rw; }
        SWCLK 0x7C = 0x0000_00DA { OD 7 rw; IE 6 rw; DRIVE 5:4 rw; PUE 3 rw; PDE 2 rw; SCHMITT 1 rw; SLEWFAST 0 rw; }
        SWD 0x80 = 0x0000_005A { OD 7 rw; IE 6 rw; DRIVE 5:4 rw; PUE 3 rw; PDE 2 rw; SCHMITT 1 rw; SLEWFAST 0 rw; }
    }
}

const PADS: usize = 30;

/// The state of the block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PadsBank0 {
    pads: Vec<Bank<pad::Pad>>,
    single: Bank<single::Reg>,
}

impl PadsBank0 {
    /// The block after reset.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self { pads: vec![Bank::new(); PADS], single: Bank::new() }
    }

    fn pad(offset: u32) -> Option<usize> {
        (4..4 + 4 * PADS as u32).contains(&offset).then(|| offset as usize / 4 - 1)
    }

    fn apply(&self, fabric: &mut Fabric) {
        use pad::{Pad, GPIO};
        let gather = |field: engine_core::registers::Field| {
            self.pads.iter().enumerate().fold(0, |mask, (pin, pad)| mask | pad.field(Pad::GPIO, field) << pin)
        };
        fabric.io.output_disable = gather(GPIO::OD);
        fabric.io.input_enable = gather(GPIO::IE);
        fabric.io.pull_up = gather(GPIO::PUE);
        fabric.io.pull_down = gather(GPIO::PDE);
        let now = fabric.now();
        fabric.pads_changed(now);
    }
}

impl Block for PadsBank0 {
    const GROUPS: &'static [Group] = &[
        Group { block: "PADS_BANK0", prefix: "", base: 0, count: 1, step: 0, table: single::Reg::TABLE },
        Group { block: "PADS_BANK0", prefix: "{}", base: 4, count: PADS as u32, step: 4, table: pad::Pad::TABLE },
    ];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        self.peek(offset, fabric)
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        if let Some(pin) = Self::pad(offset) {
            return self.pads[pin].load(pad::Pad::GPIO);
        }
        match single::Reg::at(offset) {
            Some(register) => self.single.load(register),
            None => undeclared("PADS_BANK0", offset, fabric),
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        if let Some(pin) = Self::pad(offset) {
            self.pads[pin].store(pad::Pad::GPIO, write, "PADS_BANK0", &mut fabric.gaps);
            self.apply(fabric);
            return;
        }
        match single::Reg::at(offset) {
            Some(register) => self.single.store(register, write, "PADS_BANK0", &mut fabric.gaps),
            None => {
                undeclared("PADS_BANK0", offset, fabric);
            }
        }
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        *self = Self::new();
        self.apply(fabric);
    }
}
