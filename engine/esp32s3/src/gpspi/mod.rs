//! GP-SPI2 and GP-SPI3, the general-purpose SPI controllers. ESP32-S3 TRM chapter 30 (SPI Controller).
//!
//! A transaction is a list of phases (command, address, dummy, data), each on one or more lines. Parts take whole bytes as
//! the clock brings them; edges appear on the pins where somebody acts on them.
//!
//! # Fidelity
//! - Phases, bit lengths, bit orders, CPU buffer and DMA, full and half duplex, 3-wire, 1, 2, 4 and 8 lines, modes 0 to 3,
//!   clock divider and source, CS setup, hold, polarity and keep-active, configurable segmented transfers, interrupts: as
//!   the TRM says.
//! - Registers count as they stand when CMD.USR is set: what CMD.UPDATE synchronizes is not kept apart. The clock's duty
//!   cycle is a half. CS becomes active as CMD.USR is set; silicon takes some APB clocks (approximated).
//! - DMA data is fetched and stored in parts of 1024 bytes (approximated): silicon's FIFO holds less.
//! - Target mode: full duplex, and the half-duplex commands on one, two and four lines and in QPI mode; samples are taken at
//!   the edge. The dummy phase has eight clocks on any number of lines.
//! - DTR: data changes a quarter of a clock before each edge, and counts at the edge (approximated: silicon's shift is set by
//!   DOUT_MODE). A dummy phase is never in DTR. QUAD_DIN_PIN_SWAP counts in phases of four lines.
//! - The DQS line and delays of single lines are missing, and say so (delays have no effect in a world without propagation
//!   times).

mod controller;
mod plan;
mod registers;
mod route;
mod target;
#[cfg(test)]
mod tests;

use crate::block::{undeclared, Block, InputEdge};
use crate::fabric::Fabric;
use crate::gdma::{Peripheral, Port};
use crate::signals::{self, Signal};
use crate::slots::Slot;
use crate::sources::Source;
use controller::Controller;
use engine_core::registers::{Bank, Field, Group, Registers, Write};
use engine_core::time::Hertz;
pub use registers::*;
use serde::{Deserialize, Serialize};
use target::Target;

/// Where a controller is wired to.
struct Wiring {
    name: &'static str,
    clk: Signal,
    /// Data lines from bit 0: D, Q, WP, HD, IO4 to IO7.
    data: &'static [Signal],
    cs: &'static [Signal],
    slot: Slot,
    source: Source,
    peripheral: Peripheral,
}

const WIRING: [Wiring; 2] = [
    Wiring {
        name: "SPI2",
        clk: signals::FSPICLK,
        data: &[
            signals::FSPID,
            signals::FSPIQ,
            signals::FSPIWP,
            signals::FSPIHD,
            signals::FSPIIO4,
            signals::FSPIIO5,
            signals::FSPIIO6,
            signals::FSPIIO7,
        ],
        cs: &[
            signals::FSPICS0,
            signals::FSPICS1,
            signals::FSPICS2,
            signals::FSPICS3,
            signals::FSPICS4,
            signals::FSPICS5,
        ],
        slot: Slot::Spi2,
        source: Source::SPI2,
        peripheral: Peripheral::SPI2,
    },
    Wiring {
        name: "SPI3",
        clk: signals::SPI3_CLK,
        data: &[signals::SPI3_D, signals::SPI3_Q, signals::SPI3_WP, signals::SPI3_HD],
        cs: &[signals::SPI3_CS0, signals::SPI3_CS1, signals::SPI3_CS2],
        slot: Slot::Spi3,
        source: Source::SPI3,
        peripheral: Peripheral::SPI3,
    },
];

/// D and Q in [`Wiring::data`].
const D: usize = 0;
const Q: usize = 1;

/// One controller.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GpSpi {
    index: usize,
    bank: Bank<Reg>,
    controller: Controller,
    target: Target,
}

impl GpSpi {
    /// GP-SPI2 or GP-SPI3 after power-on.
    pub fn new(number: usize) -> Self {
        Self { index: number - 2, bank: Bank::new(), controller: Controller::default(), target: Target::default() }
    }

    fn wiring(&self) -> &'static Wiring {
        &WIRING[self.index]
    }

    fn field(&self, register: Reg, field: Field) -> u32 {
        self.bank.field(register, field)
    }

    fn is_set(&self, register: Reg, field: Field) -> bool {
        field.is_set(self.bank.get(register))
    }

    /// SLAVE.MODE.
    fn is_target(&self) -> bool {
        self.is_set(Reg::SLAVE, SLAVE::MODE)
    }

    /// USER.DOUTDIN: data goes both ways at once.
    fn is_full_duplex(&self) -> bool {
        self.is_set(Reg::USER, USER::DOUTDIN)
    }

    /// The clock on the line, TRM 30.7: clk_spi_mst, divided.
    fn bit_rate(&self, fabric: &Fabric) -> Hertz {
        let (gate, clock) = (self.bank.get(Reg::CLK_GATE), self.bank.get(Reg::CLOCK));
        if !CLK_GATE::MST_CLK_ACTIVE.is_set(gate) {
            return Hertz::STOPPED;
        }
        let source = if CLK_GATE::MST_CLK_SEL.is_set(gate) { fabric.rates.apb } else { fabric.rates.xtal };
        if CLOCK::CLK_EQU_SYSCLK.is_set(clock) {
            return source;
        }
        source.scaled(1, u64::from(CLOCK::CLKDIV_PRE.get(clock) + 1) * u64::from(CLOCK::CLKCNT_N.get(clock) + 1))
    }

    /// A byte of W0 to W15; behind the last one comes the first.
    fn buffer(&self, index: usize) -> u8 {
        (self.bank.get(W[index / 4 % W.len()]) >> (8 * (index % 4))) as u8
    }

    fn set_buffer(&mut self, index: usize, byte: u8) {
        let (register, shift) = (W[index / 4 % W.len()], 8 * (index % 4));
        let word = self.bank.get(register) & !(0xFF << shift) | u32::from(byte) << shift;
        self.bank.set(register, word);
    }

    fn raise(&mut self, field: Field, fabric: &mut Fabric) {
        self.bank.set(Reg::DMA_INT_RAW, self.bank.get(Reg::DMA_INT_RAW) | field.mask);
        self.settle_interrupts(fabric);
    }

    fn settle_interrupts(&self, fabric: &mut Fabric) {
        let pending = self.bank.get(Reg::DMA_INT_RAW) & self.bank.get(Reg::DMA_INT_ENA);
        fabric.set_irq(self.wiring().source, pending != 0);
    }

    /// Something is due: a phase of the controller ends, DMA has or takes data for the target.
    pub fn event(&mut self, _slot: Slot, fabric: &mut Fabric, port: &mut Port) {
        if self.is_target() {
            self.serve_target(fabric, port);
        } else {
            self.step(fabric, port);
        }
    }

    /// SLAVE.SOFT_RESET: the state machines, not the registers.
    fn soft_reset(&mut self, fabric: &mut Fabric) {
        self.abort(fabric);
        self.target = Target::default();
        self.follow_target(fabric);
    }

    /// Levels while nothing is under way: clock, data, chip selects.
    fn show_idle(&self, fabric: &mut Fabric) {
        if self.is_target() {
            return self.let_lines_go(fabric);
        }
        let wiring = self.wiring();
        let (ctrl, misc) = (self.bank.get(Reg::CTRL), self.bank.get(Reg::MISC));
        let polarity = [CTRL::D_POL, CTRL::Q_POL, CTRL::WP_POL, CTRL::HOLD_POL];
        fabric.enable(wiring.clk, true);
        fabric.drive(wiring.clk, MISC::CK_IDLE_EDGE.is_set(misc));
        for (line, polarity) in wiring.data.iter().zip(polarity) {
            fabric.drive(*line, polarity.is_set(ctrl));
        }
        self.direct(1, false, fabric.now(), fabric);
        if !self.controller.keeps_cs() {
            self.select(false, fabric);
        }
    }

    /// Chip selects that are enabled become active; all others are not.
    fn select(&self, active: bool, fabric: &mut Fabric) {
        let misc = self.bank.get(Reg::MISC);
        for (n, signal) in self.wiring().cs.iter().enumerate() {
            let on = active && misc >> n & 1 == 0;
            let inverted = MISC::MASTER_CS_POL.get(misc) >> n & 1 != 0;
            fabric.enable(*signal, true);
            fabric.drive(*signal, on == inverted);
        }
    }

    fn load(&self, register: Reg) -> u32 {
        match register {
            Reg::DMA_INT_ST => self.bank.get(Reg::DMA_INT_RAW) & self.bank.get(Reg::DMA_INT_ENA),
            _ => self.bank.load(register),
        }
    }

    fn store(&mut self, register: Reg, write: Write, fabric: &mut Fabric) {
        let name = self.wiring().name;
        match register {
            Reg::CMD => self.command(write, fabric),
            Reg::DMA_INT_RAW | Reg::SLAVE1 => {}
            Reg::DMA_INT_CLR => self.bank.set(Reg::DMA_INT_RAW, self.bank.get(Reg::DMA_INT_RAW) & !write.raw),
            Reg::DMA_INT_SET => {
                let all = DMA_INT_SET::APP1_INT_SET.mask * 2 - 1;
                self.bank.set(Reg::DMA_INT_RAW, self.bank.get(Reg::DMA_INT_RAW) | write.raw & all);
            }
            Reg::DMA_CONF => {
                self.bank.store(register, write, name, &mut fabric.gaps);
                self.target.reset_fifos(write.raw);
                fabric.soon(self.wiring().slot);
            }
            Reg::SLAVE => {
                let was_target = self.is_target();
                self.bank.store(register, write, name, &mut fabric.gaps);
                if SLAVE::SOFT_RESET.is_set(write.raw) {
                    self.soft_reset(fabric);
                }
                if self.is_target() != was_target {
                    self.abort(fabric);
                    self.follow_target(fabric);
                    self.show_idle(fabric);
                }
            }
            Reg::MISC => {
                self.bank.store(register, write, name, &mut fabric.gaps);
                if !MISC::CS_KEEP_ACTIVE.is_set(write.value) && self.controller.drop_cs() {
                    self.select(false, fabric);
                }
            }
            Reg::CLK_GATE | Reg::CLOCK => {
                self.bank.store(register, write, name, &mut fabric.gaps);
                self.clocks_changed(fabric);
            }
            _ => self.bank.store(register, write, name, &mut fabric.gaps),
        }
        self.settle_interrupts(fabric);
    }

    /// CMD: UPDATE synchronizes at once, USR starts a transaction.
    fn command(&mut self, write: Write, fabric: &mut Fabric) {
        let running = self.is_set(Reg::CMD, CMD::USR);
        let kept = CMD::CONF_BITLEN.put(self.bank.get(Reg::CMD), CMD::CONF_BITLEN.get(write.value));
        self.bank.set(Reg::CMD, kept);
        if CMD::UPDATE.is_set(write.raw) && !running {
            self.show_idle(fabric);
        }
        if CMD::USR.is_set(write.raw) && !running {
            self.bank.set(Reg::CMD, kept | CMD::USR.mask);
            if self.is_target() {
                fabric.soon(self.wiring().slot);
            } else {
                self.start(fabric);
            }
        }
    }
}

impl Block for GpSpi {
    const GROUPS: &'static [Group] = &[Group::one("SPI2", Reg::TABLE)];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        match Reg::at(offset) {
            Some(register) => self.load(register),
            None => undeclared(self.wiring().name, offset, fabric),
        }
    }

    fn stays(&self, offset: u32) -> bool {
        Reg::at(offset).is_some()
    }

    fn peek(&mut self, offset: u32, _: &mut Fabric) -> u32 {
        Reg::at(offset).map_or(0, |register| self.load(register))
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        match Reg::at(offset) {
            Some(register) => self.store(register, write, fabric),
            None => _ = undeclared(self.wiring().name, offset, fabric),
        }
    }

    fn input(&mut self, edge: InputEdge, fabric: &mut Fabric) {
        self.see_edge(edge, fabric);
    }

    fn clocks_changed(&mut self, fabric: &mut Fabric) {
        if self.controller.waits_for_clock() {
            fabric.soon(self.wiring().slot);
        }
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        *self = Self::new(self.index + 2);
        fabric.cancel(self.wiring().slot);
        self.follow_target(fabric);
        self.show_idle(fabric);
        self.settle_interrupts(fabric);
    }
}
