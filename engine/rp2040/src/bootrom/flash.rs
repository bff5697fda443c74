//! Flash functions. Datasheet 2.8.3.1.3.
//!
//! They leave SSI, IO_QSPI, PADS_QSPI and the flash chip as the ROM's code does. Erase and program hold all their
//! state in their argument registers and are entered again and again while the chip is busy, so that interrupts and the
//! other processor get their turn as with code that polls.

use super::image::{Flash, FAULT_LOAD};
use super::Outcome;
use crate::system::System;
use armv6m::Core;

const PAGE_PROGRAM: u8 = 0x02;
pub(super) const READ_DATA: u8 = 0x03;
const WRITE_ENABLE: u8 = 0x06;
const SECTOR_ERASE: u8 = 0x20;

const SECTOR: u32 = 4096;
const PAGE: u32 = 256;

const IO_QSPI: u32 = 0x4001_8000;
const SS_CTRL: u32 = IO_QSPI + 0x0C;
const PADS_QSPI_SD0: u32 = 0x4002_0008;
const PADS_QSPI_SD2: u32 = 0x4002_0010;
const PADS_QSPI_SD3: u32 = 0x4002_0014;
const PULL_UP: u32 = 1 << 3;
const PULL_DOWN: u32 = 1 << 2;
const RESET_IO_QSPI: u32 = 1 << 6;
const RESET_PADS_QSPI: u32 = 1 << 9;

const XIP_CTRL: u32 = 0x1400_0000;
const XIP_FLUSH: u32 = 0x1400_0004;
const SET: u32 = 0x2000;

const SSI_CTRLR0: u32 = 0x00;
const SSI_SSIENR: u32 = 0x08;
const SSI_SER: u32 = 0x10;
const SSI_BAUDR: u32 = 0x14;
const SSI_SR: u32 = 0x28;
const SSI_ICR: u32 = 0x48;
const SSI_SPI_CTRLR0: u32 = 0xF4;

/// clk_sys / 6, slow enough for any chip.
const BAUD: u32 = 6;
/// Frames of 8 bits on one line, both directions.
const SERIAL_8: u32 = 7 << 16;
/// Frames of 32 bits on one line, EEPROM read: 03h, 24 address bits.
const SERIAL_XIP: u32 = 31 << 16 | 3 << 8;
const READ_24: u32 = (READ_DATA as u32) << 24 | 2 << 8 | 6 << 2;

/// Cycles of a call that writes some registers.
const REGISTERS: u64 = 60;
/// The exit sequence waits twice 2048 times three cycles for the pulls, and clocks ten bytes.
const EXIT_XIP: u64 = 2 * 2048 * 3 + 10 * 8 * BAUD as u64 + REGISTERS;
/// Cycles of the loop that polls the status register, two bytes and what is around them.
const POLL: u64 = 2 * 8 * BAUD as u64 + 60;

impl System {
    pub(super) fn call_flash(&mut self, function: Flash, core: &mut Core) -> Outcome {
        if !self.has_turn(core) {
            return Outcome::Again;
        }
        match function {
            Flash::Connect => core.cycle += self.connect_internal_flash(),
            Flash::ExitXip => core.cycle += self.flash_exit_xip(),
            Flash::FlushCache => core.cycle += self.flash_flush_cache(),
            Flash::EnterCmdXip => core.cycle += self.flash_enter_cmd_xip(),
            Flash::RangeErase => return self.flash_range_erase(core),
            Flash::RangeProgram => return self.flash_range_program(core),
        }
        Outcome::Return
    }

    /// Pads and IO of the QSPI bank to their reset state, all six pins to XIP.
    pub(super) fn connect_internal_flash(&mut self) -> u64 {
        self.reset_and_unreset(RESET_IO_QSPI | RESET_PADS_QSPI);
        for pin in 0..6 {
            self.rom_write(IO_QSPI + 8 * pin + 4, 0);
        }
        REGISTERS
    }

    /// SSI to serial frames of 8 bits, with this clock polarity and phase.
    pub(super) fn set_serial_mode(&mut self, polarity_phase: u32) {
        self.store_ssi(SSI_SSIENR, 0);
        self.store_ssi(SSI_CTRLR0, SERIAL_8 | polarity_phase << 6);
        self.store_ssi(SSI_SSIENR, 1);
    }

    /// SSI to serial mode; the flash chip leaves a read that continues; pull-ups on IO2 and IO3, which a chip without
    /// quad mode has as /WP and /HOLD.
    pub(super) fn flash_exit_xip(&mut self) -> u64 {
        self.store_ssi(SSI_SSIENR, 0);
        self.load_ssi(SSI_SR);
        self.load_ssi(SSI_ICR);
        self.store_ssi(SSI_BAUDR, BAUD);
        self.store_ssi(SSI_SER, 1);
        self.set_serial_mode(0);
        self.dev.flash_chip.end_continuous();
        let pad = self.rom_read(PADS_QSPI_SD0) & !PULL_DOWN | PULL_UP;
        self.rom_write(PADS_QSPI_SD2, pad);
        self.rom_write(PADS_QSPI_SD3, pad);
        self.rom_write(SS_CTRL, 0);
        EXIT_XIP
    }

    /// Flushes and enables the cache, and gives chip select back to the SSI.
    pub(super) fn flash_flush_cache(&mut self) -> u64 {
        self.rom_write(XIP_FLUSH, 1);
        let (_, wait) = self.load_xip_ctrl(XIP_FLUSH - XIP_CTRL);
        self.rom_write(XIP_CTRL + SET, 1);
        self.rom_write(SS_CTRL, 0);
        REGISTERS + u64::from(wait)
    }

    /// XIP by 03h reads, which any chip understands.
    fn flash_enter_cmd_xip(&mut self) -> u64 {
        self.store_ssi(SSI_SSIENR, 0);
        self.store_ssi(SSI_CTRLR0, SERIAL_XIP);
        self.store_ssi(SSI_SPI_CTRLR0, READ_24);
        self.store_ssi(SSI_SSIENR, 1);
        REGISTERS
    }

    /// Cycles of so many bytes.
    pub(super) fn bytes_take(&self, bytes: u64) -> u64 {
        bytes * 8 * u64::from(self.dev.ssi.format().baud)
    }

    /// Write Enable, and an instruction that needs it.
    fn write_enabled_instruction(&mut self, bytes: &[u8], core: &mut Core) {
        let enable = self.bytes_take(1) + REGISTERS;
        self.flash_instruction(&[WRITE_ENABLE], 0, 0);
        self.flash_instruction(bytes, 0, enable);
        core.cycle += enable + self.bytes_take(bytes.len() as u64);
    }

    /// Time passes while the chip is busy, up to what the processor may run. False: the chip is ready.
    fn wait_for_flash(&mut self, core: &mut Core) -> bool {
        let now = self.dev.fabric.now();
        let Some(end) = self.dev.flash_chip.busy_until(now) else {
            return false;
        };
        let fabric = &self.dev.fabric;
        let pause = fabric.deadline.max(core.cycle + POLL);
        core.cycle = fabric.clock.first_cycle_from(end).min(pause).max(core.cycle + 1);
        true
    }

    /// The ROM's code talks to the chip frame by frame; set up otherwise, it would wait for ever.
    fn serial_mode_missing(&mut self) -> bool {
        let missing = !self.dev.ssi.is_serial();
        if missing {
            let why = "firmware bug: call connect_internal_flash and flash_exit_xip first; the real ROM hangs or does \
                       nothing sensible, here nothing is done";
            self.dev.fabric.gaps.touch("ROM flash function while the SSI is not in serial mode", why);
        }
        missing
    }

    /// `flash_range_erase(address, count, block size, block command)`.
    fn flash_range_erase(&mut self, core: &mut Core) -> Outcome {
        if self.wait_for_flash(core) {
            return Outcome::Again;
        }
        let [address, left, block, command, ..] = core.regs;
        if left == 0 || self.serial_mode_missing() {
            return Outcome::Return;
        }
        let whole_block = address & block.wrapping_sub(1) == 0 && left >= block;
        let (size, command) = if whole_block { (block, command as u8) } else { (SECTOR, SECTOR_ERASE) };
        let [_, a, b, c] = address.to_be_bytes();
        self.write_enabled_instruction(&[command, a, b, c], core);
        core.regs[0] = address.wrapping_add(size);
        core.regs[1] = left.saturating_sub(size.max(1));
        Outcome::Again
    }

    /// `flash_range_program(address, data, count)`.
    fn flash_range_program(&mut self, core: &mut Core) -> Outcome {
        if self.wait_for_flash(core) {
            return Outcome::Again;
        }
        let [address, data, left, ..] = core.regs;
        if left == 0 || self.serial_mode_missing() {
            return Outcome::Return;
        }
        let [_, a, b, c] = address.to_be_bytes();
        let mut page = vec![PAGE_PROGRAM, a, b, c];
        for at in data..data.saturating_add(PAGE) {
            let Some(byte) = self.dma_load(at, 1) else {
                core.regs[1] = at;
                return Outcome::Jump(FAULT_LOAD | 1);
            };
            page.push(byte as u8);
        }
        self.write_enabled_instruction(&page, core);
        core.regs[0] = address.wrapping_add(PAGE);
        core.regs[1] = data.wrapping_add(PAGE);
        core.regs[2] = left.saturating_sub(PAGE);
        Outcome::Again
    }
}
