//! IO_QSPI: function selection, overrides and interrupts of the six flash pins. RP2040 datasheet, section 2.19.6.2.
//!
//! # Fidelity
//! - Exact: what software does to the pins: FUNCSEL 5 hands them to SIO's GPIO_HI registers, the overrides act, pulls, bus
//!   keeper and the BOOTSEL button decide what an undriven pin reads; levels and latched edges for both processors and
//!   dormant wake.
//! - The traffic between the SSI and the flash chip does not appear on these pins as levels: with function 0 (XIP) SCLK
//!   rests low and SS high, and SD0 to SD3 are not driven.
//! - IRQOVER as in [`crate::io_bank0`].

use crate::block::{undeclared, Block};
use crate::fabric::{Fabric, Irq};
use crate::pads::{set_override, Override};
use crate::pads_qspi::Pulls;
use engine_core::registers::{Bank, Group, Registers, Write};
use serde::{Deserialize, Serialize};

/// The pair of registers of each pin.
pub mod pin {
    engine_core::registers! {
        /// 2.19.6.2, GPIO_QSPI_*_STATUS and GPIO_QSPI_*_CTRL.
        pub Reg;
        STATUS 0x0 = 0x0000_0000 {
            IRQTOPROC 26 ro; IRQFROMPAD 24 ro; INTOPERI 19 ro; INFROMPAD 17 ro;
            OETOPAD 13 ro; OEFROMPERI 12 ro; OUTTOPAD 9 ro; OUTFROMPERI 8 ro;
        }
        CTRL 0x4 = 0x0000_001F { IRQOVER 29:28 rw; INOVER 17:16 rw; OEOVER 13:12 rw; OUTOVER 9:8 rw; FUNCSEL 4:0 rw; }
    }
}

/// Interrupt registers: four bits for each of the six pins.
macro_rules! interrupts {
    ($($name:ident $offset:literal $level:ident $edge:ident;)*) => {
        engine_core::registers! {
            /// 2.19.6.2, INTR to DORMANT_WAKE_INTS.
            pub Reg;
            $($name $offset = 0x0000_0000 {
                GPIO_QSPI_SD3_EDGE_HIGH 23 $edge; GPIO_QSPI_SD3_EDGE_LOW 22 $edge;
                GPIO_QSPI_SD3_LEVEL_HIGH 21 $level; GPIO_QSPI_SD3_LEVEL_LOW 20 $level;
                GPIO_QSPI_SD2_EDGE_HIGH 19 $edge; GPIO_QSPI_SD2_EDGE_LOW 18 $edge;
                GPIO_QSPI_SD2_LEVEL_HIGH 17 $level; GPIO_QSPI_SD2_LEVEL_LOW 16 $level;
                GPIO_QSPI_SD1_EDGE_HIGH 15 $edge; GPIO_QSPI_SD1_EDGE_LOW 14 $edge;
                GPIO_QSPI_SD1_LEVEL_HIGH 13 $level; GPIO_QSPI_SD1_LEVEL_LOW 12 $level;
                GPIO_QSPI_SD0_EDGE_HIGH 11 $edge; GPIO_QSPI_SD0_EDGE_LOW 10 $edge;
                GPIO_QSPI_SD0_LEVEL_HIGH 9 $level; GPIO_QSPI_SD0_LEVEL_LOW 8 $level;
                GPIO_QSPI_SS_EDGE_HIGH 7 $edge; GPIO_QSPI_SS_EDGE_LOW 6 $edge;
                GPIO_QSPI_SS_LEVEL_HIGH 5 $level; GPIO_QSPI_SS_LEVEL_LOW 4 $level;
                GPIO_QSPI_SCLK_EDGE_HIGH 3 $edge; GPIO_QSPI_SCLK_EDGE_LOW 2 $edge;
                GPIO_QSPI_SCLK_LEVEL_HIGH 1 $level; GPIO_QSPI_SCLK_LEVEL_LOW 0 $level;
            })*
        }
    };
}

interrupts! {
    INTR 0x30 ro w1c;
    PROC0_INTE 0x34 rw rw;
    PROC0_INTF 0x38 rw rw;
    PROC0_INTS 0x3C ro ro;
    PROC1_INTE 0x40 rw rw;
    PROC1_INTF 0x44 rw rw;
    PROC1_INTS 0x48 ro ro;
    DORMANT_WAKE_INTE 0x4C rw rw;
    DORMANT_WAKE_INTF 0x50 rw rw;
    DORMANT_WAKE_INTS 0x54 ro ro;
}

const PINS: u32 = 6;
const ALL: u32 = 0x3F;
const SS: u32 = 1 << 1;
const XIP: u32 = 0;
const SIO: u32 = 5;
/// What the SSI drives at rest: SCLK low, SS high.
const XIP_OUT: u32 = SS;
const XIP_ENABLE: u32 = SS | 1;

/// The six pins, a bit each: SCLK, SS, SD0 to SD3.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct QspiGpio {
    sio: (u32, u32),
    selected_xip: u32,
    selected_sio: u32,
    out_override: Override,
    enable_override: Override,
    in_override: Override,
    irq_override: Override,
    pads: Pulls,
    pressed: bool,
    /// The levels of the wires, and what of them passes the input enables.
    wire: u32,
    level: u32,
    input: u32,
    irq_input: u32,
    rose: u32,
    fell: u32,
    /// INTE and INTF of processor 0, processor 1 and dormant wake.
    armed: [(u32, u32); 3],
}

impl Default for QspiGpio {
    fn default() -> Self {
        Self {
            sio: (0, 0),
            selected_xip: 0,
            selected_sio: 0,
            out_override: Override::default(),
            enable_override: Override::default(),
            in_override: Override::default(),
            irq_override: Override::default(),
            pads: Pulls { input_enable: ALL, output_disable: 0, up: SS, down: 1 },
            pressed: false,
            wire: SS,
            level: SS,
            input: SS,
            irq_input: SS,
            rose: 0,
            fell: 0,
            armed: [(0, 0); 3],
        }
    }
}

impl QspiGpio {
    /// What SIO would drive where it is selected: levels and enables.
    pub fn driven(&self) -> (u32, u32) {
        self.sio
    }

    /// The levels behind input enables and INOVER: what GPIO_HI_IN reads.
    pub fn input(&self) -> u32 {
        self.input
    }

    fn peripheral_outputs(&self) -> (u32, u32) {
        let out = (self.sio.0 & self.selected_sio) | (XIP_OUT & self.selected_xip);
        let enable = (self.sio.1 & self.selected_sio) | (XIP_ENABLE & self.selected_xip);
        (out, enable)
    }

    /// Behind the overrides.
    fn to_pads(&self) -> (u32, u32) {
        let (out, enable) = self.peripheral_outputs();
        (self.out_override.apply(out), self.enable_override.apply(enable))
    }

    fn settle(&mut self) {
        let (out, enable) = self.to_pads();
        let enable = enable & !self.pads.output_disable;
        // A pad with both pulls keeps its level (2.19.4).
        let Pulls { up, down, .. } = self.pads;
        let idle = (up & !down | up & down & self.wire) & if self.pressed { !SS } else { ALL };
        self.wire = (out & enable) | (idle & !enable);
        self.level = self.wire & self.pads.input_enable;
        self.input = self.in_override.apply(self.level) & ALL;
        let before = self.irq_input;
        self.irq_input = self.irq_override.apply(self.level) & ALL;
        self.rose |= self.irq_input & !before;
        self.fell |= before & !self.irq_input;
    }

    /// INTR.
    fn raw(&self) -> u32 {
        (0..PINS).fold(0, |raw, pin| {
            let bit = |mask: u32| mask >> pin & 1;
            let nibble = bit(!self.irq_input) | bit(self.irq_input) << 1 | bit(self.fell) << 2 | bit(self.rose) << 3;
            raw | nibble << (4 * pin)
        })
    }

    /// INTS of processor 0, processor 1 or dormant wake.
    fn state(&self, target: usize) -> u32 {
        let (enable, force) = self.armed[target];
        self.raw() & enable | force
    }

    /// Do the pins end dormant mode?
    pub fn wakes(&self) -> bool {
        self.state(2) != 0
    }
}

impl Fabric {
    /// SIO: what GPIO_HI_OUT and GPIO_HI_OE would drive.
    pub fn drive_qspi(&mut self, out: u32, enable: u32) {
        self.qspi.sio = (out, enable);
        self.qspi_changed();
    }

    /// PADS_QSPI changed.
    pub fn set_qspi_pads(&mut self, pads: Pulls) {
        self.qspi.pads = pads;
        self.qspi_changed();
    }

    /// The BOOTSEL button pulls SS low through a resistor: only an SS that nobody drives notices.
    pub fn press_bootsel(&mut self, pressed: bool) {
        self.qspi.pressed = pressed;
        self.qspi_changed();
    }

    /// Levels, edges and the interrupt lines follow.
    fn qspi_changed(&mut self) {
        self.qspi.settle();
        for core in 0..2 {
            self.set_irq_of(core, Irq::IO_QSPI, self.qspi.state(core) != 0);
        }
        self.sense_wake();
    }
}

/// The state of the block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct IoQspi {
    pins: Vec<Bank<pin::Reg>>,
    interrupts: Bank<Reg>,
}

impl IoQspi {
    /// The block after reset.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self { pins: vec![Bank::new(); PINS as usize], interrupts: Bank::new() }
    }

    fn status(&self, pin: usize, fabric: &Fabric) -> u32 {
        use pin::STATUS;
        let qspi = &fabric.qspi;
        let bit = |mask: u32| mask >> pin & 1;
        let ((out, enable), (pad_out, pad_enable)) = (qspi.peripheral_outputs(), qspi.to_pads());
        [
            (STATUS::OUTFROMPERI, bit(out)),
            (STATUS::OUTTOPAD, bit(pad_out)),
            (STATUS::OEFROMPERI, bit(enable)),
            (STATUS::OETOPAD, bit(pad_enable)),
            (STATUS::INFROMPAD, bit(qspi.level)),
            (STATUS::INTOPERI, bit(qspi.input)),
            (STATUS::IRQFROMPAD, bit(qspi.level)),
            (STATUS::IRQTOPROC, bit(qspi.irq_input)),
        ]
        .iter()
        .fold(0, |status, (field, value)| field.put(status, *value))
    }

    fn apply(&self, fabric: &mut Fabric) {
        use pin::{Reg as PinReg, CTRL};
        let qspi = &mut fabric.qspi;
        (qspi.selected_xip, qspi.selected_sio) = (0, 0);
        for (number, bank) in self.pins.iter().enumerate() {
            let (ctrl, bit) = (bank.get(PinReg::CTRL), 1u32 << number);
            set_override(&mut qspi.out_override, bit, CTRL::OUTOVER.get(ctrl));
            set_override(&mut qspi.enable_override, bit, CTRL::OEOVER.get(ctrl));
            set_override(&mut qspi.in_override, bit, CTRL::INOVER.get(ctrl));
            set_override(&mut qspi.irq_override, bit, CTRL::IRQOVER.get(ctrl));
            match CTRL::FUNCSEL.get(ctrl) {
                XIP => qspi.selected_xip |= bit,
                SIO => qspi.selected_sio |= bit,
                _ => {}
            }
        }
        qspi.armed = [
            (Reg::PROC0_INTE, Reg::PROC0_INTF),
            (Reg::PROC1_INTE, Reg::PROC1_INTF),
            (Reg::DORMANT_WAKE_INTE, Reg::DORMANT_WAKE_INTF),
        ]
        .map(|(enable, force)| (self.interrupts.get(enable), self.interrupts.get(force)));
        fabric.qspi_changed();
    }
}

/// The copies of the pin registers in the order of their offsets.
macro_rules! pin_groups {
    ($($prefix:literal $base:literal),*) => {
        &[
            $(Group { block: "IO_QSPI", prefix: $prefix, base: $base, count: 1, step: 0, table: pin::Reg::TABLE },)*
            Group::one("IO_QSPI", Reg::TABLE),
        ]
    };
}

impl Block for IoQspi {
    const GROUPS: &'static [Group] = pin_groups!(
        "GPIO_QSPI_SCLK_" 0x00,
        "GPIO_QSPI_SS_" 0x08,
        "GPIO_QSPI_SD0_" 0x10,
        "GPIO_QSPI_SD1_" 0x18,
        "GPIO_QSPI_SD2_" 0x20,
        "GPIO_QSPI_SD3_" 0x28
    );

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        self.peek(offset, fabric)
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        if let Some(pin) = self.pins.get(offset as usize / 8) {
            return if offset & 4 == 0 { self.status(offset as usize / 8, fabric) } else { pin.load(pin::Reg::CTRL) };
        }
        match Reg::at(offset) {
            Some(Reg::INTR) => fabric.qspi.raw(),
            Some(Reg::PROC0_INTS) => fabric.qspi.state(0),
            Some(Reg::PROC1_INTS) => fabric.qspi.state(1),
            Some(Reg::DORMANT_WAKE_INTS) => fabric.qspi.state(2),
            Some(register) => self.interrupts.load(register),
            None => undeclared("IO_QSPI", offset, fabric),
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        if let Some(pin) = self.pins.get_mut(offset as usize / 8) {
            if offset & 4 != 0 {
                pin.store(pin::Reg::CTRL, write, "IO_QSPI", &mut fabric.gaps);
                self.apply(fabric);
            }
            return;
        }
        match Reg::at(offset) {
            Some(Reg::INTR) => {
                for pin in 0..PINS {
                    fabric.qspi.fell &= !((write.raw >> (4 * pin + 2) & 1) << pin);
                    fabric.qspi.rose &= !((write.raw >> (4 * pin + 3) & 1) << pin);
                }
            }
            Some(register) => self.interrupts.store(register, write, "IO_QSPI", &mut fabric.gaps),
            None => drop(undeclared("IO_QSPI", offset, fabric)),
        }
        self.apply(fabric);
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        *self = Self::new();
        self.apply(fabric);
        // Outputs that let go of their pins made edges of their own.
        (fabric.qspi.rose, fabric.qspi.fell) = (0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine_core::time::Hertz;

    fn bench() -> (IoQspi, Fabric) {
        let (mut block, mut fabric) = (IoQspi::new(), Fabric::new(Hertz::new(125_000_000)));
        block.reset(&mut fabric);
        (block, fabric)
    }

    const SS_STATUS: u32 = 0x08;
    const SS_CTRL: u32 = 0x0C;

    #[test]
    fn the_bootsel_button_is_read_as_the_sdk_does_it() {
        // pico-examples, picoboard/button: OEOVER 2 (disable) lets go of SS, then GPIO_HI_IN bit 1 is read.
        let (mut block, mut fabric) = bench();
        block.write(SS_CTRL, Write::word(0), &mut fabric);
        fabric.press_bootsel(true);
        assert_eq!(fabric.qspi.input() & SS, SS, "the SSI drives SS high against the button's resistor");
        block.write(SS_CTRL, Write::word(2 << 12), &mut fabric);
        assert_eq!(fabric.qspi.input() & SS, 0);
        fabric.press_bootsel(false);
        assert_eq!(fabric.qspi.input() & SS, SS, "the pull-up of PADS_QSPI, reset value 0x5A");
    }

    #[test]
    fn sio_drives_the_pins_that_select_it() {
        // 2.19.2, table of functions: F5 is SIO.
        let (mut block, mut fabric) = bench();
        fabric.drive_qspi(0b10_0000, 0b11_0000);
        assert_eq!(fabric.qspi.input() & 0b11_0000, 0);
        block.write(0x2C, Write::word(5), &mut fabric);
        assert_eq!(fabric.qspi.input() & 0b11_0000, 0b10_0000);
    }

    #[test]
    fn overrides_show_in_the_status() {
        // 2.19.6.2: OUTOVER 2 drives low, OEOVER 3 enables.
        let (mut block, mut fabric) = bench();
        block.write(SS_CTRL, Write::word(2 << 8), &mut fabric);
        let status = block.peek(SS_STATUS, &mut fabric);
        assert_eq!((pin::STATUS::OUTFROMPERI.get(status), pin::STATUS::OUTTOPAD.get(status)), (1, 0));
        assert_eq!(pin::STATUS::OETOPAD.get(status), 1);
        block.write(SS_CTRL, Write::word(3 << 12 | 3 << 8 | 0x1F), &mut fabric);
        let status = block.peek(SS_STATUS, &mut fabric);
        assert_eq!((pin::STATUS::OEFROMPERI.get(status), pin::STATUS::OETOPAD.get(status)), (0, 1));
    }

    #[test]
    fn an_edge_interrupts_the_processor_that_asked_for_it_until_it_is_cleared() {
        let (mut block, mut fabric) = bench();
        block.write(SS_CTRL, Write::word(5), &mut fabric);
        block.write(0x30, Write::word(u32::MAX), &mut fabric);
        block.write(0x40, Write::word(GPIO_SS_EDGE_LOW), &mut fabric);
        let line = 1 << Irq::IO_QSPI as u8;
        fabric.drive_qspi(0, SS);
        assert_eq!((fabric.irq[0] & line, fabric.irq[1] & line), (0, line));
        assert_eq!(block.peek(0x48, &mut fabric), GPIO_SS_EDGE_LOW);
        block.write(0x30, Write::word(GPIO_SS_EDGE_LOW), &mut fabric);
        assert_eq!(fabric.irq[1] & line, 0);
    }

    #[test]
    fn a_level_interrupts_as_long_as_it_lasts() {
        // 2.19.3: levels are not latched. The BOOTSEL button makes one without any access to the block.
        let (mut block, mut fabric) = bench();
        block.write(0x34, Write::word(INTR::GPIO_QSPI_SS_LEVEL_LOW.mask), &mut fabric);
        let line = 1 << Irq::IO_QSPI as u8;
        assert_eq!(fabric.irq[0] & line, 0);
        fabric.press_bootsel(true);
        assert_eq!((fabric.irq[0] & line, fabric.irq[1] & line), (line, 0));
        fabric.press_bootsel(false);
        assert_eq!(fabric.irq[0] & line, 0);
        block.write(0x44, Write::word(INTR::GPIO_QSPI_SD3_EDGE_HIGH.mask), &mut fabric);
        assert_eq!(fabric.irq[1] & line, line, "PROC1_INTF");
    }

    #[test]
    fn a_pad_with_both_pulls_keeps_its_level_and_one_without_input_enable_reads_low() {
        // 2.19.4 and PADS_QSPI: PUE 3, PDE 2, IE 6; SD3 is bit 5 of GPIO_HI.
        let (mut block, mut fabric) = bench();
        let mut pads = crate::pads_qspi::PadsQspi::new();
        block.write(0x2C, Write::word(5), &mut fabric);
        for high in [0, 1 << 5] {
            fabric.drive_qspi(high, 1 << 5);
            pads.write(0x14, Write::word(0b100_1100), &mut fabric);
            fabric.drive_qspi(0, 0);
            assert_eq!(fabric.qspi.input() & 1 << 5, high);
        }
        pads.write(0x14, Write::word(0b000_1100), &mut fabric);
        assert_eq!(fabric.qspi.input() & 1 << 5, 0);
        pads.write(0x14, Write::word(0b100_0100), &mut fabric);
        assert_eq!(fabric.qspi.input() & 1 << 5, 0, "PDE alone");
    }

    #[test]
    fn the_interrupt_override_acts_before_levels_and_edges() {
        // SVD, GPIO_QSPI_SS_CTRL.IRQOVER: 1 inverts; IRQFROMPAD is before it, IRQTOPROC behind it.
        let (mut block, mut fabric) = bench();
        block.write(SS_CTRL, Write::word(1 << 28), &mut fabric);
        let status = block.peek(SS_STATUS, &mut fabric);
        assert_eq!((pin::STATUS::IRQFROMPAD.get(status), pin::STATUS::IRQTOPROC.get(status)), (1, 0));
        assert_eq!(block.peek(0x30, &mut fabric) >> 4 & 3, 1, "INTR: LEVEL_LOW");
    }

    const GPIO_SS_EDGE_LOW: u32 = INTR::GPIO_QSPI_SS_EDGE_LOW.mask;
}
