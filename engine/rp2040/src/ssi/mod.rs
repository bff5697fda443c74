//! SSI: the DesignWare controller in front of the flash chip. RP2040 datasheet, section 4.10.
//!
//! Frames go to the flash chip clock by clock, at the cycle of clk_sys at which they end. Nothing ticks: the
//! controller is brought up to now when somebody looks at it, or by an event where DMA or an interrupt waits.
//! What it does for the XIP windows is in [`crate::xip`].
//!
//! # Fidelity
//! - Exact: frames in standard, dual and quad format with instruction, address, wait cycles and mode bits; FIFOs,
//!   thresholds, interrupts and DMA requests; SER, chip select by software and through IO_QSPI's overrides.
//! - A frame reaches the flash chip at its end. RX_SAMPLE_DLY is kept and shifts nothing, as the wires have no delay.
//! - Missing: Microwire, TI frames, target mode, the test loop, DDR, toggling of chip select between frames (SSTE).

mod access;
mod registers;
#[cfg(test)]
mod tests;

use crate::block::{undeclared, Block};
use crate::fabric::{Fabric, Irq, Slot};
use crate::system::{Devices, System};
use engine_core::flash::{FlashChip, Report, RELEASED};
use engine_core::memory::Memory;
use engine_core::registers::{Bank, Group, Registers, Write};
use engine_core::time::Ps;
use registers::{Reg, CTRLR0, DMACR, RISR, SPI_CTRLR0, SR};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Entries of each FIFO, 4.10.5.
const DEPTH: usize = 16;

const DREQ_TX: u8 = 38;
const DREQ_RX: u8 = 39;

/// Where the data register begins and ends: 36 addresses of one FIFO (4.10.13).
const DR_FIRST: u32 = 0x60;
const DR_LAST: u32 = 0xEC;

/// IO_QSPI.GPIO_QSPI_SS_CTRL: what becomes of chip select behind the controller (2.19.6.2).
const SS_CTRL: u32 = 0x0C;

/// PADS_QSPI.GPIO_QSPI_SD0.OD: the ROM sets it on all four data lines to let the pulls have them (2.19.6.4).
const PAD_SD0: u32 = 0x08;
const OUTPUT_DISABLE: u32 = 1 << 7;

/// CTRLR0.TMOD.
const TX_AND_RX: u32 = 0;
const TX_ONLY: u32 = 1;
const RX_ONLY: u32 = 2;
const EEPROM_READ: u32 = 3;

/// What the shifter does. Each step ends at a cycle, and only then do its clocks happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Step {
    Idle,
    /// A frame out of the TX FIFO.
    Send(u32),
    /// Instruction, address and wait cycles of a dual or quad transfer.
    Command {
        instruction: u32,
        address: u32,
    },
    /// A frame into the RX FIFO.
    Receive,
}

/// The state of the block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ssi {
    bank: Bank<Reg>,
    tx: VecDeque<u32>,
    rx: VecDeque<u32>,
    step: Step,
    /// The cycle at which the step ends.
    end: u64,
    /// Frames to receive.
    left: u32,
    /// The controller selects the chip.
    selected: bool,
    /// IO_QSPI overrides it.
    forced: Option<bool>,
    tx_overflow: bool,
    rx_overflow: bool,
    rx_underflow: bool,
}

impl Default for Ssi {
    fn default() -> Self {
        Self::new()
    }
}

/// How a transfer of instruction, address and data goes over the lines (SPI_CTRLR0, 4.10.13).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Format {
    pub instruction_bits: u8,
    pub instruction_lanes: u8,
    pub address_bits: u8,
    pub address_lanes: u8,
    pub wait: u8,
    pub lanes: u8,
    /// Cycles of clk_sys per clock.
    pub baud: u32,
}

impl Format {
    /// Cycles of clk_sys to read so many bits.
    pub fn cycles(&self, data_bits: u32) -> u32 {
        let command = u32::from(self.instruction_bits / self.instruction_lanes)
            + u32::from(self.address_bits / self.address_lanes)
            + u32::from(self.wait);
        (command + data_bits / u32::from(self.lanes)) * self.baud
    }
}

/// The flash chip on the lines.
struct Lines<'a> {
    chip: &'a mut FlashChip,
    cells: &'a mut Memory,
    now: Ps,
    /// PADS_QSPI keeps the controller from driving.
    output_disabled: bool,
}

impl Lines<'_> {
    /// Clocks so many bits out, most significant first, on so many lines, and the same number in.
    fn shift(&mut self, value: u32, bits: u8, lanes: u8) -> u32 {
        let mask = (1u8 << lanes) - 1;
        let mut back = 0u32;
        let mut left = bits;
        while left > 0 {
            let step = lanes.min(left);
            left -= step;
            let out = value.checked_shr(left.into()).unwrap_or(0) as u8 & mask;
            let driven = if self.output_disabled { RELEASED } else { RELEASED & !mask | out };
            let seen = self.chip.clock(driven, self.cells, self.now);
            back = back << step | u32::from(if lanes == 1 { seen >> 1 & 1 } else { seen & mask });
        }
        back
    }

    /// Clocks bits in while the controller drives nothing but, on one line, 0.
    fn receive(&mut self, bits: u8, lanes: u8) -> u32 {
        let idle = if lanes == 1 { 0 } else { u32::MAX };
        self.shift(idle, bits, lanes)
    }

    fn command(&mut self, format: &Format, instruction: u32, address: u32) {
        self.shift(instruction, format.instruction_bits, format.instruction_lanes);
        self.shift(address, format.address_bits, format.address_lanes);
        for _ in 0..format.wait {
            self.chip.clock(RELEASED, self.cells, self.now);
        }
    }
}

impl Ssi {
    /// The declared registers.
    pub const GROUPS: &'static [Group] = registers::GROUPS;

    /// The block after reset.
    pub fn new() -> Self {
        Self {
            bank: Bank::new(),
            tx: VecDeque::new(),
            rx: VecDeque::new(),
            step: Step::Idle,
            end: 0,
            left: 0,
            selected: false,
            forced: None,
            tx_overflow: false,
            rx_overflow: false,
            rx_underflow: false,
        }
    }

    fn enabled(&self) -> bool {
        self.bank.get(Reg::SSIENR) != 0
    }

    fn baud(&self) -> u32 {
        self.bank.get(Reg::BAUDR)
    }

    fn frame_bits(&self) -> u8 {
        self.bank.field(Reg::CTRLR0, CTRLR0::DFS_32) as u8 + 1
    }

    fn mode(&self) -> u32 {
        self.bank.field(Reg::CTRLR0, CTRLR0::TMOD)
    }

    /// Data lines: CTRLR0.SPI_FRF. Frames on one line have no instruction and address of their own.
    fn lanes(&self) -> u8 {
        [1, 2, 4, 1][self.bank.field(Reg::CTRLR0, CTRLR0::SPI_FRF) as usize]
    }

    pub(crate) fn format(&self) -> Format {
        let spi = self.bank.get(Reg::SPI_CTRLR0);
        let lanes = self.lanes();
        // TRANS_TYPE: 0 both on one line, 1 the address as the data, 2 both as the data.
        let kind = SPI_CTRLR0::TRANS_TYPE.get(spi);
        Format {
            instruction_bits: [0, 4, 8, 16][SPI_CTRLR0::INST_L.get(spi) as usize],
            instruction_lanes: if kind == 2 { lanes } else { 1 },
            address_bits: SPI_CTRLR0::ADDR_L.get(spi) as u8 * 4,
            address_lanes: if kind == 0 { 1 } else { lanes },
            wait: SPI_CTRLR0::WAIT_CYCLES.get(spi) as u8,
            lanes,
            baud: self.baud(),
        }
    }

    /// The read that an access to an XIP window makes (4.10.3): instruction and address as they are pushed into the
    /// FIFO. `None`: the controller is not set up for XIP.
    pub(crate) fn xip_read(&self, address: u32) -> Option<(Format, u32, u32)> {
        let format = self.format();
        let command = SPI_CTRLR0::XIP_CMD.get(self.bank.get(Reg::SPI_CTRLR0));
        let ready = self.enabled()
            && self.step == Step::Idle
            && self.tx.is_empty()
            && self.forced.is_none()
            && self.baud() != 0
            && matches!(self.mode(), RX_ONLY | EEPROM_READ);
        // Without an instruction the XIP command stands behind the address, as its mode bits.
        let address = if format.instruction_bits == 0 { address << 8 | command } else { address };
        ready.then_some((format, command, address))
    }

    fn can_start(&self) -> bool {
        let entries = if self.lanes() == 1 {
            1
        } else {
            let format = self.format();
            usize::from(format.instruction_bits != 0) + usize::from(format.address_bits != 0)
        };
        self.enabled() && self.bank.get(Reg::SER) != 0 && self.baud() != 0 && self.tx.len() >= entries.max(1)
    }

    /// Is it set up for frames of bytes on one line, both directions?
    pub(crate) fn is_serial(&self) -> bool {
        let select = self.bank.get(Reg::SER) != 0 && self.baud() != 0;
        self.enabled() && select && self.lanes() == 1 && self.mode() == TX_AND_RX && self.frame_bits() == 8
    }

    /// The level of chip select: true selects.
    fn select_level(&self) -> bool {
        self.forced.unwrap_or(self.selected)
    }

    /// The shifter is idle and there is something to do: the next step begins at cycle `at`.
    fn start(&mut self, at: u64) {
        let lanes = self.lanes();
        let first = self.tx.pop_front().unwrap_or(0);
        self.selected = true;
        if lanes > 1 {
            let format = self.format();
            let (instruction, address) = match (format.instruction_bits, format.address_bits) {
                (0, _) => (0, first),
                (_, 0) => (first, 0),
                _ => (first, self.tx.pop_front().unwrap_or(0)),
            };
            self.left = self.frames();
            self.begin(Step::Command { instruction, address }, at);
        } else if self.mode() == RX_ONLY {
            self.left = self.frames();
            self.begin(Step::Receive, at);
        } else {
            self.begin(Step::Send(first), at);
        }
    }

    fn frames(&self) -> u32 {
        self.bank.get(Reg::CTRLR1) + 1
    }

    fn begin(&mut self, step: Step, at: u64) {
        let data = u32::from(self.frame_bits().div_ceil(self.lanes()));
        let cycles = match step {
            Step::Command { .. } => self.format().cycles(0),
            _ => data * self.baud(),
        };
        self.step = step;
        self.end = at + u64::from(cycles);
    }

    /// The step is over: its clocks happen, and the next one follows without a pause, or chip select rises.
    fn finish(&mut self, lines: &mut Lines<'_>) {
        let (bits, lanes, mode) = (self.frame_bits(), self.lanes(), self.mode());
        match self.step {
            Step::Idle => {}
            Step::Send(value) => {
                let back = lines.shift(value, bits, lanes);
                if mode == TX_AND_RX {
                    self.push_received(back);
                }
                if let Some(next) = self.tx.pop_front() {
                    return self.begin(Step::Send(next), self.end);
                }
                if mode == EEPROM_READ {
                    self.left = self.frames();
                    return self.begin(Step::Receive, self.end);
                }
            }
            Step::Command { instruction, address } => {
                lines.command(&self.format(), instruction, address);
                if mode != TX_ONLY {
                    return self.begin(Step::Receive, self.end);
                }
                if let Some(next) = self.tx.pop_front() {
                    return self.begin(Step::Send(next), self.end);
                }
            }
            Step::Receive => {
                let value = lines.receive(bits, lanes);
                self.push_received(value);
                self.left -= 1;
                if self.left > 0 {
                    return self.begin(Step::Receive, self.end);
                }
            }
        }
        self.step = Step::Idle;
        self.selected = false;
    }

    fn push_received(&mut self, value: u32) {
        if self.rx.len() == DEPTH {
            self.rx_overflow = true;
        } else {
            self.rx.push_back(value);
        }
    }

    fn status(&self) -> u32 {
        let busy = self.step != Step::Idle;
        SR::BUSY.put(0, busy.into())
            | SR::TFNF.put(0, (self.tx.len() < DEPTH).into())
            | SR::TFE.put(0, self.tx.is_empty().into())
            | SR::RFNE.put(0, (!self.rx.is_empty()).into())
            | SR::RFF.put(0, (self.rx.len() == DEPTH).into())
    }

    fn raw_interrupts(&self) -> u32 {
        let thresholds = (self.bank.get(Reg::TXFTLR) as usize, self.bank.get(Reg::RXFTLR) as usize);
        RISR::TXEIR.put(0, (self.enabled() && self.tx.len() <= thresholds.0).into())
            | RISR::RXFIR.put(0, (self.rx.len() > thresholds.1).into())
            | RISR::TXOIR.put(0, self.tx_overflow.into())
            | RISR::RXOIR.put(0, self.rx_overflow.into())
            | RISR::RXUIR.put(0, self.rx_underflow.into())
    }

    fn peek(&self, register: Reg) -> u32 {
        match register {
            Reg::TXFLR => self.tx.len() as u32,
            Reg::RXFLR => self.rx.len() as u32,
            Reg::SR => self.status(),
            Reg::RISR => self.raw_interrupts(),
            Reg::ISR => self.raw_interrupts() & self.bank.get(Reg::IMR),
            Reg::DR0 => self.rx.front().copied().unwrap_or(0),
            register => self.bank.load(register),
        }
    }

    /// Interrupt and DMA request lines follow the FIFOs; an event is due where they can change by themselves.
    fn update(&mut self, fabric: &mut Fabric) {
        let dma = self.bank.get(Reg::DMACR);
        let imr = self.bank.get(Reg::IMR);
        let room = self.enabled() && self.tx.len() <= self.bank.get(Reg::DMATDLR) as usize && self.tx.len() < DEPTH;
        let data = self.rx.len() > self.bank.get(Reg::DMARDLR) as usize;
        fabric.set_dreq(DREQ_TX, DMACR::TDMAE.is_set(dma) && room);
        fabric.set_dreq(DREQ_RX, DMACR::RDMAE.is_set(dma) && data);
        fabric.set_irq(Irq::XIP, self.raw_interrupts() & imr != 0);
    }

    fn watched(&self) -> bool {
        self.step != Step::Idle && (self.bank.get(Reg::DMACR) | self.bank.get(Reg::IMR)) != 0
    }
}
