//! CLOCKS. RP2040 datasheet, section 2.15.
//!
//! Ten generators select and divide what oscillators and PLLs deliver; the rates are worked out in [`tree`].
//! Switching takes no time here (a few cycles of both clocks on silicon). Clock gating (WAKE_EN, SLEEP_EN) is kept
//! and read back, but a gated clock does not stop its block.
//!
//! # Fidelity
//! - Exact: sources, glitchless and auxiliary multiplexers, dividers with their fractions, the rates that follow, outputs
//!   on GPIO, frequency counter (to its own step of 1/32 kHz), resuscitation of clk_sys.
//! - Switching takes no time. NUDGE and PHASE are kept, but edges of a generated clock have no phase.
//! - Gated clocks (WAKE_EN, SLEEP_EN) do not stop their blocks.

mod measure;
mod pins;
pub mod registers;
pub mod ticks;
pub mod tree;

use crate::block::{undeclared, Block};
use crate::fabric::{Fabric, Irq, Slot};
use engine_core::registers::{Bank, Group, Registers, Write};
use measure::Measurement;
pub use registers::Reg;
use registers::*;
use serde::{Deserialize, Serialize};
use tree::{Setting, Source};

/// The registers of one generator: CTRL, DIV, SELECTED.
const STEP: u32 = 12;
const GENERATORS: u32 = 10;
const REF: usize = 4;
const SYS: usize = 5;

/// AUXSRC of the GPOUT generators, of clk_ref and clk_sys, and of the others, as 2.15.7 lists them.
const AUX_GPOUT: [Source; 11] = {
    use Source::*;
    [PllSys, Gpin0, Gpin1, PllUsb, Rosc, Xosc, Sys, Usb, Adc, Rtc, Ref]
};
const AUX_REF: [Source; 3] = [Source::PllUsb, Source::Gpin0, Source::Gpin1];
const AUX_SYS: [Source; 6] = {
    use Source::*;
    [PllSys, PllUsb, Rosc, Xosc, Gpin0, Gpin1]
};
const AUX_PERI: [Source; 7] = {
    use Source::*;
    [Sys, PllSys, PllUsb, RoscPh, Xosc, Gpin0, Gpin1]
};
const AUX_OTHER: [Source; 6] = {
    use Source::*;
    [PllUsb, PllSys, RoscPh, Xosc, Gpin0, Gpin1]
};

/// The state of the block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Clocks {
    regs: Bank<Reg>,
    measurement: Measurement,
}

impl Clocks {
    /// The block after reset.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self { regs: Bank::new(), measurement: Measurement::default() }
    }

    fn generator_register(&self, n: usize, offset: u32) -> u32 {
        Reg::at(n as u32 * STEP + offset).map_or(0, |register| self.regs.get(register))
    }

    /// What the multiplexers and the divider of a generator are set to.
    fn setting(&self, n: usize) -> Setting {
        let ctrl = self.generator_register(n, 0);
        let pick = |table: &[Source], field: u32| table.get(field as usize).copied().unwrap_or(Source::Nothing);
        let from = match n {
            0..=3 => match pick(&AUX_GPOUT, CLK_GPOUT0_CTRL::AUXSRC.get(ctrl)) {
                // GPOUT2 and GPOUT3 have the phase-shifted output of the ring oscillator in its place.
                Source::Rosc if n >= 2 => Source::RoscPh,
                source => source,
            },
            REF => match CLK_REF_CTRL::SRC.get(ctrl) {
                0 => Source::RoscPh,
                1 => pick(&AUX_REF, CLK_REF_CTRL::AUXSRC.get(ctrl)),
                2 => Source::Xosc,
                _ => Source::Nothing,
            },
            SYS => match CLK_SYS_CTRL::SRC.get(ctrl) {
                0 => Source::Ref,
                _ => pick(&AUX_SYS, CLK_SYS_CTRL::AUXSRC.get(ctrl)),
            },
            6 => pick(&AUX_PERI, CLK_PERI_CTRL::AUXSRC.get(ctrl)),
            _ => pick(&AUX_OTHER, CLK_USB_CTRL::AUXSRC.get(ctrl)),
        };
        let div = self.generator_register(n, 4);
        let divisor = match div >> 8 {
            0 => (1 << 24) | u64::from(div & 0xFF),
            _ => u64::from(div),
        };
        let on =
            matches!(n, REF | SYS) || (CLK_GPOUT0_CTRL::ENABLE.is_set(ctrl) && !CLK_GPOUT0_CTRL::KILL.is_set(ctrl));
        Setting { from, divisor, on }
    }

    fn settle(&mut self, fabric: &mut Fabric) {
        for n in 0..GENERATORS as usize {
            fabric.tree.generators[n] = self.setting(n);
        }
        fabric.settle_clocks();
    }

    /// SELECTED: a bit for each input of a glitchless multiplexer. A multiplexer that was sent to a clock that
    /// stands still waits for an edge of it, and shows none until then (2.15.3.2).
    fn selected(&self, n: usize, fabric: &Fabric) -> u32 {
        let src = match n {
            REF => self.regs.field(Reg::CLK_REF_CTRL, CLK_REF_CTRL::SRC),
            SYS => self.regs.field(Reg::CLK_SYS_CTRL, CLK_SYS_CTRL::SRC),
            _ => return 1,
        };
        if n == SYS && fabric.tree.resus.resussed {
            return 1;
        }
        let runs = fabric.rate_of(self.setting(n).from).is_running();
        u32::from(runs) << src
    }

    /// The resuscitation of clk_sys, 2.15.5.
    fn write_resus(&mut self, fabric: &mut Fabric) {
        let ctrl = self.regs.get(Reg::CLK_SYS_RESUS_CTRL);
        let resus = &mut fabric.tree.resus;
        resus.enabled = CLK_SYS_RESUS_CTRL::ENABLE.is_set(ctrl);
        resus.forced = CLK_SYS_RESUS_CTRL::FRCE.is_set(ctrl);
        resus.timeout = CLK_SYS_RESUS_CTRL::TIMEOUT.get(ctrl);
        if CLK_SYS_RESUS_CTRL::CLEAR.is_set(ctrl) {
            resus.resussed = false;
        }
        fabric.settle_clocks();
        self.update_irq(fabric);
    }

    fn interrupts(&self, fabric: &Fabric) -> u32 {
        let raw = u32::from(fabric.tree.resus.resussed);
        (raw & self.regs.get(Reg::INTE)) | self.regs.get(Reg::INTF)
    }

    fn update_irq(&self, fabric: &mut Fabric) {
        let level = self.interrupts(fabric) != 0;
        fabric.set_irq(Irq::CLOCKS, level);
    }

    fn schedule(&self, fabric: &mut Fabric) {
        let resus = fabric.tree.resus.due.unwrap_or(u64::MAX);
        fabric.at(Slot::Clocks, resus.min(self.measurement.due()));
    }
}

impl Block for Clocks {
    const GROUPS: &'static [Group] = &[Group::one("CLOCKS", Reg::TABLE)];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        match Reg::at(offset) {
            Some(_) => self.peek(offset, fabric),
            None => undeclared("CLOCKS", offset, fabric),
        }
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        let Some(register) = Reg::at(offset) else { return 0 };
        match register {
            _ if offset < GENERATORS * STEP && offset % STEP == 8 => self.selected((offset / STEP) as usize, fabric),
            Reg::CLK_SYS_RESUS_STATUS | Reg::INTR => u32::from(fabric.tree.resus.resussed),
            Reg::FC0_STATUS => self.measurement.status(fabric.now()),
            Reg::FC0_RESULT => self.measurement.result(fabric.now()),
            // A processor that reads is awake, so the WAKE_EN set is in force.
            Reg::ENABLED0 => self.regs.get(Reg::WAKE_EN0),
            Reg::ENABLED1 => self.regs.get(Reg::WAKE_EN1),
            Reg::INTS => self.interrupts(fabric),
            _ => self.regs.load(register),
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        let Some(register) = Reg::at(offset) else {
            undeclared("CLOCKS", offset, fabric);
            return;
        };
        self.regs.store(register, write, "CLOCKS", &mut fabric.gaps);
        match register {
            _ if offset < GENERATORS * STEP && offset % STEP != 8 => self.settle(fabric),
            Reg::CLK_SYS_RESUS_CTRL => self.write_resus(fabric),
            Reg::FC0_SRC => {
                self.measurement = Measurement::start(&self.regs, fabric);
                self.schedule(fabric);
            }
            Reg::INTE | Reg::INTF => self.update_irq(fabric),
            _ => {}
        }
    }

    fn event(&mut self, slot: Slot, fabric: &mut Fabric) {
        if slot == Slot::Gpout {
            return fabric.make_gpout_edges();
        }
        let now = fabric.now();
        if fabric.tree.resus.due.is_some_and(|due| due <= now) {
            fabric.tree.resus.resussed = true;
            fabric.settle_clocks();
            self.update_irq(fabric);
        }
        self.measurement.finish(now);
        self.schedule(fabric);
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        *self = Self::new();
        fabric.tree.resus = tree::Resus::default();
        fabric.cancel(Slot::Clocks);
        self.settle(fabric);
        self.write_resus(fabric);
    }
}
