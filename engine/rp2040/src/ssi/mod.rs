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

impl System {
    /// Brings the controller, and with it the flash chip, up to now.
    pub(crate) fn sync_ssi(&mut self) {
        let now = self.dev.fabric.cycle;
        self.read_chip_select();
        loop {
            let ssi = &mut self.dev.ssi;
            if ssi.step == Step::Idle {
                if !ssi.can_start() {
                    break;
                }
                ssi.start(now);
                self.drive_select(now);
            }
            let end = self.dev.ssi.end;
            if end > now {
                break;
            }
            let time = self.dev.fabric.clock.ps_at(end);
            let Devices { ssi, flash_chip, pads_qspi, fabric, .. } = &mut self.dev;
            let output_disabled = pads_qspi.peek(PAD_SD0, fabric) & OUTPUT_DISABLE != 0;
            ssi.finish(&mut Lines { chip: flash_chip, cells: &mut self.mem.flash, now: time, output_disabled });
            self.drive_select(end);
        }
        let Devices { ssi, fabric, .. } = &mut self.dev;
        ssi.update(fabric);
    }

    /// IO_QSPI can force chip select high or low: GPIO_QSPI_SS_CTRL.OUTOVER 2 and 3, or OEOVER 2, which leaves it to
    /// the pull-up.
    fn read_chip_select(&mut self) {
        let Devices { io_qspi, fabric, ssi, .. } = &mut self.dev;
        let control = io_qspi.peek(SS_CTRL, fabric);
        let forced = match (control >> 12 & 3, control >> 8 & 3) {
            (2, _) => Some(false),
            (_, 2) => Some(true),
            (_, 3) => Some(false),
            _ => None,
        };
        if ssi.forced != forced {
            ssi.forced = forced;
            self.drive_select(self.dev.fabric.cycle);
        }
    }

    /// A store to IO_QSPI may have moved chip select.
    pub(crate) fn chip_select_changed(&mut self) {
        self.read_chip_select();
    }

    fn drive_select(&mut self, cycle: u64) {
        let level = self.dev.ssi.select_level();
        self.select_flash(level, cycle);
    }

    /// Chip select as the flash chip sees it. What the chip has done is passed on.
    fn select_flash(&mut self, level: bool, cycle: u64) {
        let time = self.dev.fabric.clock.ps_at(cycle);
        let report = self.dev.flash_chip.select(level, &mut self.mem.flash, time);
        self.dev.xip_ctrl.forget_path();
        if let Some(report) = report {
            self.flash_reported(report);
        }
    }

    pub(crate) fn flash_reported(&mut self, report: Report) {
        match report {
            Report::Changed { from, count, stale } => {
                self.dev.xip_ctrl.cells_changed(from, count);
                if stale {
                    self.dev.fabric.attention();
                }
            }
            Report::Unknown(instruction) => {
                let name = format!("FLASH instruction 0x{instruction:02X}");
                self.dev.fabric.gaps.touch(&name, "the flash chip has no model of this instruction and ignores it");
            }
            Report::Refused(instruction) => {
                let name = format!("FLASH instruction 0x{instruction:02X} refused");
                let why = "firmware bug: no Write Enable came before it, or the block is protected";
                self.dev.fabric.gaps.touch(&name, why);
            }
        }
    }

    /// One whole instruction, as the ROM's functions send it with chip select forced: bytes out, bytes back. It begins
    /// `after` cycles from now and ends when its last bit is out, which is when the chip acts.
    pub(crate) fn flash_instruction(&mut self, out: &[u8], answer: usize, after: u64) -> Vec<u8> {
        let begin = self.dev.fabric.cycle + after;
        let end = begin + ((out.len() + answer) * 8) as u64 * u64::from(self.dev.ssi.baud());
        let now = self.dev.fabric.clock.ps_at(begin);
        self.select_flash(true, begin);
        let mut lines =
            Lines { chip: &mut self.dev.flash_chip, cells: &mut self.mem.flash, now, output_disabled: false };
        for &byte in out {
            lines.shift(byte.into(), 8, 1);
        }
        let back = (0..answer).map(|_| lines.shift(0, 8, 1) as u8).collect();
        self.select_flash(false, end);
        back
    }

    /// A read with an instruction, an address with mode bits, and one word that nobody wants.
    pub(crate) fn send_xip_command(&mut self, instruction: u32, address: u32) {
        let cycle = self.dev.fabric.cycle;
        let format = self.dev.ssi.format();
        self.select_flash(true, cycle);
        let now = self.dev.fabric.now();
        let mut lines =
            Lines { chip: &mut self.dev.flash_chip, cells: &mut self.mem.flash, now, output_disabled: false };
        lines.command(&format, instruction, address);
        lines.receive(32, format.lanes);
        self.select_flash(false, cycle);
    }

    /// Does the flash chip give its cells to the read that XIP makes? It is tried out, so the chip is left as any
    /// such read leaves it. Cycles of a read of 64 and of 32 bits.
    pub(crate) fn try_xip_read(&mut self) -> Option<(u32, u32)> {
        self.sync_ssi();
        let (format, instruction, address) = self.dev.ssi.xip_read(0)?;
        let now = self.dev.fabric.now();
        let Devices { flash_chip, .. } = &mut self.dev;
        if flash_chip.select(true, &mut self.mem.flash, now).is_some() {
            return None;
        }
        let mut lines = Lines { chip: flash_chip, cells: &mut self.mem.flash, now, output_disabled: false };
        lines.command(&format, instruction, address);
        let works = lines.chip.reads() == Some((0, format.lanes));
        lines.receive(32, format.lanes);
        let report = self.dev.flash_chip.select(false, &mut self.mem.flash, now);
        if let Some(report) = report {
            self.flash_reported(report);
        }
        works.then(|| (format.cycles(64), format.cycles(32)))
    }

    /// A load from an SSI register.
    pub(crate) fn load_ssi(&mut self, offset: u32) -> u32 {
        self.sync_ssi();
        let Devices { ssi, fabric, .. } = &mut self.dev;
        let register = if (DR_FIRST..=DR_LAST).contains(&offset) { Some(Reg::DR0) } else { Reg::at(offset) };
        let Some(register) = register else {
            return undeclared("SSI", offset, fabric);
        };
        let value = match register {
            Reg::DR0 => ssi.rx.pop_front().unwrap_or_else(|| {
                ssi.rx_underflow = true;
                0
            }),
            Reg::TXOICR => u32::from(std::mem::take(&mut ssi.tx_overflow)),
            Reg::RXOICR => u32::from(std::mem::take(&mut ssi.rx_overflow)),
            Reg::RXUICR => u32::from(std::mem::take(&mut ssi.rx_underflow)),
            Reg::ICR => {
                let any = ssi.tx_overflow | ssi.rx_overflow | ssi.rx_underflow;
                (ssi.tx_overflow, ssi.rx_overflow, ssi.rx_underflow) = (false, false, false);
                any.into()
            }
            register => ssi.peek(register),
        };
        self.ssi_accessed();
        value
    }

    /// A store to an SSI register.
    pub(crate) fn store_ssi(&mut self, offset: u32, value: u32) {
        self.sync_ssi();
        let Devices { ssi, fabric, xip_ctrl, .. } = &mut self.dev;
        let register = if (DR_FIRST..=DR_LAST).contains(&offset) { Some(Reg::DR0) } else { Reg::at(offset) };
        let Some(register) = register else {
            undeclared("SSI", offset, fabric);
            return;
        };
        match register {
            Reg::DR0 if !ssi.enabled() => {
                let why = "firmware bug: the SSI ignores data while SSIENR is 0";
                fabric.gaps.touch("SSI.DR0 while disabled", why);
            }
            Reg::DR0 if ssi.tx.len() == DEPTH => ssi.tx_overflow = true,
            Reg::DR0 => ssi.tx.push_back(value),
            // These can only be written while the controller is disabled (4.10.13).
            Reg::CTRLR0 | Reg::CTRLR1 | Reg::BAUDR | Reg::SPI_CTRLR0 | Reg::RX_SAMPLE_DLY if ssi.enabled() => {
                let name = format!("SSI.{} while enabled", Reg::TABLE[register.index()].name);
                fabric.gaps.touch(&name, "firmware bug: the SSI ignores this store while SSIENR is 1");
            }
            register => {
                // The divider is even: its lowest bit reads 0.
                let value = if register == Reg::BAUDR { value & !1 } else { value };
                ssi.bank.store(register, Write::word(value), "SSI", &mut fabric.gaps);
            }
        }
        xip_ctrl.forget_path();
        if register == Reg::SSIENR && !ssi.enabled() {
            // Disabling ends a transfer and empties the FIFOs.
            (ssi.step, ssi.selected) = (Step::Idle, false);
            ssi.tx.clear();
            ssi.rx.clear();
            let cycle = fabric.cycle;
            self.drive_select(cycle);
        }
        self.ssi_accessed();
    }

    fn ssi_accessed(&mut self) {
        self.sync_ssi();
        self.schedule_ssi();
    }

    /// Slot::Ssi is due when a watched transfer goes on, or a word of the XIP stream arrives.
    pub(crate) fn schedule_ssi(&mut self) {
        let frame = if self.dev.ssi.watched() { self.dev.ssi.end } else { u64::MAX };
        let next = frame.min(self.dev.xip_ctrl.stream_due());
        let fabric = &mut self.dev.fabric;
        let at = if next == u64::MAX { Ps::MAX } else { fabric.clock.ps_at(next) };
        if fabric.events.due(Slot::Ssi as usize) != at {
            fabric.at(Slot::Ssi, at);
        }
    }

    /// Slot::Ssi is due.
    pub(crate) fn ssi_event(&mut self) {
        self.sync_ssi();
        self.sync_stream();
        self.schedule_ssi();
        self.carry_out_requests();
    }
}
