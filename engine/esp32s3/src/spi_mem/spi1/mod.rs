//! SPI1, the controller by which software talks to flash and PSRAM. ESP32-S3 TRM chapter 30 names it, ESP-IDF
//! `soc/spi_mem_reg.h` and `hal/spimem_flash_ll.h` describe it.
//!
//! A transaction is command, address, dummy clocks, data out, data in, each of them on one, two, four or eight lines. CS0
//! selects the flash chip, CS1 the PSRAM.
//!
//! # Fidelity
//! - Flash transactions go over the chip's wires clock by clock. Their result is there when they start; CMD stays set until
//!   the last clock, at SPI_CLK as CLOCK divides it.
//! - The sampling delays of the timing calibration hold for a flash chip of up to four lines (`sampling`); the extra dummy
//!   clocks of TIMING_CALI, which are for eight lines, take no part.
//! - WAITI_EN: CMD stays set until the chip is ready; what its status reads cost is the last one alone.
//! - Suspension by software (FLASH_PES, FLASH_PER), and by itself where the caches want a line of flash while the chip works
//!   (FLASH_PES_EN): the line comes after the instruction and the wait behind it, and the chip's work ends later by as much.
//!   The work goes on after the line (AUTO_PER, PES_PER_EN) or when software says so. Data that the caches have brought in
//!   since the work began does not suspend it again; what they had before is not known here.
//! - Without FLASH_PES_EN the line comes right as well, and is counted: on silicon the chip does not answer.
//! - The CRC of encrypted writes is missing.

mod operations;
mod pause;

use super::octal_flash::OctalFlash;
use super::psram::Psram;
use super::sampling::Timing;
use super::transfer::Transfer;
use crate::block::{undeclared, Block};
use crate::fabric::Fabric;
use crate::slots::Slot;
use crate::sources::Source;
use engine_core::flash::{FlashChip, Report, RELEASED};
use engine_core::memory::Memory;
use engine_core::registers::{Bank, Group, Registers, Write};
use engine_core::time::{Hertz, Ps};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, VecDeque};

engine_core::registers! {
    /// ESP-IDF `soc/spi_mem_reg.h`.
    pub Reg;
    CMD 0x000 = 0x0000_0000 { FLASH_READ 31 rw; FLASH_WREN 30 rw; FLASH_WRDI 29 rw; FLASH_RDID 28 rw; FLASH_RDSR 27 rw; FLASH_WRSR 26 rw; FLASH_PP 25 rw; FLASH_SE 24 rw; FLASH_BE 23 rw; FLASH_CE 22 rw; FLASH_DP 21 rw; FLASH_RES 20 rw; FLASH_HPM 19 todo "the flash chip has no high performance mode"; USR 18 rw; FLASH_PE 17 rw; }
    ADDR 0x004 = 0x0000_0000 { USR_ADDR_VALUE 31:0 rw; }
    CTRL 0x008 = 0x002C_A000 { FREAD_QIO 24 rw; FREAD_DIO 23 rw; WRSR_2B 22 rw; WP 21 rw; FREAD_QUAD 20 rw; D_POL 19 rw; Q_POL 18 rw; RESANDRES 15 rw; FREAD_DUAL 14 rw; FASTRD_MODE 13 rw; TX_CRC_EN 11 todo "which CRC-32 of an encrypted write it is, is not described"; FCS_CRC_EN 10 todo "which CRC-32 of an encrypted write it is, is not described"; FCMD_OCT 9 rw; FCMD_QUAD 8 rw; FCMD_DUAL 7 rw; FADDR_OCT 6 rw; FDIN_OCT 5 rw; FDOUT_OCT 4 rw; FDUMMY_OUT 3 rw; }
    CTRL1 0x00C = 0x0000_0FFC { CS_HOLD_DLY_RES 11:2 rw; CLK_MODE 1:0 rw; }
    CTRL2 0x010 = 0x0000_0000 { SYNC_RESET 31 rw; }
    CLOCK 0x014 = 0x0003_0103 { CLK_EQU_SYSCLK 31 rw; CLKCNT_N 23:16 rw; CLKCNT_H 15:8 rw; CLKCNT_L 7:0 rw; }
    USER 0x018 = 0x8000_0000 { USR_COMMAND 31 rw; USR_ADDR 30 rw; USR_DUMMY 29 rw; USR_MISO 28 rw; USR_MOSI 27 rw; USR_DUMMY_IDLE 26 rw; USR_MOSI_HIGHPART 25 rw; USR_MISO_HIGHPART 24 rw; FWRITE_QIO 15 rw; FWRITE_DIO 14 rw; FWRITE_QUAD 13 rw; FWRITE_DUAL 12 rw; CK_OUT_EDGE 9 rw; }
    USER1 0x01C = 0x5C00_0007 { USR_ADDR_BITLEN 31:26 rw; USR_DUMMY_CYCLELEN 5:0 rw; }
    USER2 0x020 = 0x7000_0000 { USR_COMMAND_BITLEN 31:28 rw; USR_COMMAND_VALUE 15:0 rw; }
    MOSI_DLEN 0x024 = 0x0000_0000 { USR_MOSI_DBITLEN 9:0 rw; }
    MISO_DLEN 0x028 = 0x0000_0000 { USR_MISO_DBITLEN 9:0 rw; }
    RD_STATUS 0x02C = 0x0000_0000 { WB_MODE 23:16 rw; STATUS 15:0 rw; }
    EXT_ADDR 0x030 = 0x0000_0000 { EXT_ADDR 31:0 rw; }
    MISC 0x034 = 0x0000_0002 { AUTO_PER 11 rw; CS_KEEP_ACTIVE 10 rw; CK_IDLE_EDGE 9 rw; CS1_DIS 1 rw; CS0_DIS 0 rw; }
    TX_CRC 0x038 = 0xFFFF_FFFF { DATA 31:0 ro; }
    CACHE_FCTRL 0x03C = 0x0000_0000 { FADDR_QUAD 8 rw; FDOUT_QUAD 7 rw; FDIN_QUAD 6 rw; FADDR_DUAL 5 rw; FDOUT_DUAL 4 rw; FDIN_DUAL 3 rw; CACHE_USR_CMD_4BYTE 1 rw; }
    FSM 0x054 = 0x0000_0000 { ST 2:0 ro; }
    W0 0x058 = 0x0000_0000 { BUF0 31:0 rw; }
    W1 0x05C = 0x0000_0000 { BUF1 31:0 rw; }
    W2 0x060 = 0x0000_0000 { BUF2 31:0 rw; }
    W3 0x064 = 0x0000_0000 { BUF3 31:0 rw; }
    W4 0x068 = 0x0000_0000 { BUF4 31:0 rw; }
    W5 0x06C = 0x0000_0000 { BUF5 31:0 rw; }
    W6 0x070 = 0x0000_0000 { BUF6 31:0 rw; }
    W7 0x074 = 0x0000_0000 { BUF7 31:0 rw; }
    W8 0x078 = 0x0000_0000 { BUF8 31:0 rw; }
    W9 0x07C = 0x0000_0000 { BUF9 31:0 rw; }
    W10 0x080 = 0x0000_0000 { BUF10 31:0 rw; }
    W11 0x084 = 0x0000_0000 { BUF11 31:0 rw; }
    W12 0x088 = 0x0000_0000 { BUF12 31:0 rw; }
    W13 0x08C = 0x0000_0000 { BUF13 31:0 rw; }
    W14 0x090 = 0x0000_0000 { BUF14 31:0 rw; }
    W15 0x094 = 0x0000_0000 { BUF15 31:0 rw; }
    FLASH_WAITI_CTRL 0x098 = 0x0000_0014 { WAITI_DUMMY_CYCLELEN 15:10 rw; WAITI_CMD 9:2 rw; WAITI_DUMMY 1 rw; WAITI_EN 0 rw; }
    FLASH_SUS_CMD 0x09C = 0x0000_0000 { PESR_IDLE_EN 5 rw; PES_PER_EN 4 rw; FLASH_PES_WAIT_EN 3 rw; FLASH_PER_WAIT_EN 2 rw; FLASH_PES 1 rw; FLASH_PER 0 rw; }
    FLASH_SUS_CTRL 0x0A0 = 0x0000_EAF4 { FLASH_PES_COMMAND 16:9 rw; FLASH_PER_COMMAND 8:1 rw; FLASH_PES_EN 0 rw; }
    SUS_STATUS 0x0A4 = 0x0000_0000 { FLASH_PES_DLY_256 6 rw; FLASH_PER_DLY_256 5 rw; FLASH_DP_DLY_256 4 rw; FLASH_RES_DLY_256 3 rw; FLASH_HPM_DLY_256 2 rw; FLASH_SUS 0 rw; }
    TIMING_CALI 0x0A8 = 0x0000_0000 { EXTRA_DUMMY_CYCLELEN 4:2 rw; TIMING_CALI 1 rw; }
    DDR 0x0E0 = 0x0000_0020 { SPI_FMEM_HYPERBUS_CA 30 rw; SPI_FMEM_OCTA_RAM_ADDR 29 rw; SPI_FMEM_CLK_DIFF_INV 28 rw; SPI_FMEM_HYPERBUS_DUMMY_2X 27 rw; SPI_FMEM_DQS_CA_IN 26 rw; SPI_FMEM_HYPERBUS_MODE 25 rw; SPI_FMEM_CLK_DIFF_EN 24 rw; SPI_FMEM_DDR_DQS_LOOP_MODE 22 rw; SPI_FMEM_DDR_DQS_LOOP 21 rw; SPI_FMEM_USR_DDR_DQS_THD 20:14 rw; SPI_FMEM_OUTMINBYTELEN 11:5 rw; SPI_FMEM_DDR_CMD_DIS 4 rw; SPI_FMEM_DDR_WDAT_SWP 3 rw; SPI_FMEM_DDR_RDAT_SWP 2 rw; SPI_FMEM_VAR_DUMMY 1 rw; SPI_FMEM_DDR_EN 0 rw; }
    CLOCK_GATE 0x0E8 = 0x0000_0001 { CLK_EN 0 rw; }
    INT_ENA 0x0F0 = 0x0000_0000 { BROWN_OUT_INT_ENA 3 rw; TOTAL_TRANS_END_INT_ENA 2 rw; PES_END_INT_ENA 1 rw; PER_END_INT_ENA 0 rw; }
    INT_CLR 0x0F4 = 0x0000_0000 { BROWN_OUT_INT_CLR 3 wo; TOTAL_TRANS_END_INT_CLR 2 wo; PES_END_INT_CLR 1 wo; PER_END_INT_CLR 0 wo; }
    INT_RAW 0x0F8 = 0x0000_0000 { BROWN_OUT_INT_RAW 3 rw; TOTAL_TRANS_END_INT_RAW 2 rw; PES_END_INT_RAW 1 rw; PER_END_INT_RAW 0 rw; }
    INT_ST 0x0FC = 0x0000_0000 { BROWN_OUT_INT_ST 3 ro; TOTAL_TRANS_END_INT_ST 2 ro; PES_END_INT_ST 1 ro; PER_END_INT_ST 0 ro; }
    DATE 0x3FC = 0x0210_1040 { DATE 27:0 rw; }
}

/// The first of the sixteen data words.
const W0: u32 = 0x58;
const WORDS: usize = 16;
/// Half of the words, where USR_MOSI_HIGHPART and USR_MISO_HIGHPART begin.
const HIGH_PART: usize = 32;

/// Clocks of an instruction on one line, and of a status read.
const INSTRUCTION: u64 = 8;
const STATUS_READ: u64 = 16;
/// FSM.ST while something is under way.
const STATE_WAIT: u32 = 6;

/// CMD bits that start something.
const START: u32 = 0xFFF8_0000 | CMD::USR.mask;

/// What is behind the controller.
pub struct Chips<'a> {
    /// The flash chip, on CS0.
    pub flash: &'a mut FlashChip,
    /// Its cells.
    pub cells: &'a mut Memory,
    /// What it is beyond that where it has eight lines.
    pub octal: Option<&'a mut OctalFlash>,
    /// The PSRAM chip, on CS1.
    pub psram: &'a mut Psram,
    /// Its cells.
    pub ram: &'a mut Memory,
    /// What XTS_AES has encrypted, and for where: it is written in place of SPI1's own data and address.
    pub encrypted: Option<(u32, &'a [u8])>,
}

/// What FLASH_SUS_CMD asks the flash chip for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Pause {
    Suspend,
    Resume,
}

/// The controller.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Spi1 {
    bank: Bank<Reg>,
    data: Vec<u8>,
    started: u32,
    asked: Option<Pause>,
    pausing: Option<Pause>,
    /// CMD stays set until the chip is ready.
    waits: bool,
    /// When the work that software resumes is done.
    resumed_until: Ps,
    /// The lines that the caches have brought in since the chip's work began.
    brought: BTreeSet<u32>,
}

impl Spi1 {
    /// After power-on.
    pub fn new() -> Self {
        Self {
            bank: Bank::new(),
            data: vec![0; 4 * WORDS],
            started: 0,
            asked: None,
            pausing: None,
            waits: false,
            resumed_until: 0,
            brought: BTreeSet::new(),
        }
    }

    /// Has CMD or FLASH_SUS_CMD started something that is not carried out yet?
    pub fn has_started(&self) -> bool {
        self.started != 0 || self.asked.is_some()
    }

    /// Carries out what was started. Returns true where decoded code may be stale.
    pub fn carry_out(&mut self, chips: &mut Chips<'_>, timing: Timing, fabric: &mut Fabric) -> bool {
        if let Some(pause) = self.asked.take() {
            self.pause(pause, chips, timing, fabric);
            return false;
        }
        let started = std::mem::take(&mut self.started);
        let Some(mut transfer) = self.transfer(started) else {
            let name = format!("SPI1.CMD 0x{started:08X}");
            fabric.gaps.touch(&name, "this operation of the flash controller is not modelled");
            self.bank.set(Reg::CMD, 0);
            return false;
        };
        let changes = self.changes_flash(started);
        if let Some((address, encrypted)) = chips.encrypted.filter(|_| transfer.address.is_some()) {
            put_encrypted(&mut transfer, changes.then_some(address), encrypted, fabric);
        }
        let misc = self.bank.get(Reg::MISC);
        let mut stale = false;
        let mut data = vec![0xFF; transfer.data_in];
        if !MISC::CS0_DIS.is_set(misc) {
            stale = flash_transfer(&transfer, timing.late(self.divider()), chips, &mut data, fabric);
        }
        if !MISC::CS1_DIS.is_set(misc) && chips.ram.size() != 0 {
            chips.psram.transfer(&transfer, &mut data, chips.ram, fabric);
        }
        self.keep(started, &data);
        fabric.after(Slot::Spi1, self.duration(&transfer, timing));
        if changes {
            self.brought.clear();
            self.waits = FLASH_WAITI_CTRL::WAITI_EN.is_set(self.bank.get(Reg::FLASH_WAITI_CTRL));
            self.wait_for_chip(chips, timing, fabric);
        }
        stale
    }

    /// Does it program or erase the flash chip, or write its status?
    fn changes_flash(&self, started: u32) -> bool {
        const CHANGES: u32 =
            CMD::FLASH_PP.mask | CMD::FLASH_SE.mask | CMD::FLASH_BE.mask | CMD::FLASH_CE.mask | CMD::FLASH_WRSR.mask;
        let by_user = started == CMD::USR.mask && CMD::FLASH_PE.is_set(self.bank.get(Reg::CMD));
        started & CHANGES != 0 || by_user
    }

    /// The transaction ends when the status (WAITI_CMD) says that the chip is ready.
    fn wait_for_chip(&self, chips: &mut Chips<'_>, timing: Timing, fabric: &mut Fabric) {
        if let Some(end) = chips.flash.busy_until(fabric.now()).filter(|_| self.waits) {
            fabric.at(Slot::Spi1, end + self.bus_clock(timing).duration(STATUS_READ));
        }
    }

    /// What came back goes into the data words; RDSR into RD_STATUS.
    fn keep(&mut self, started: u32, data: &[u8]) {
        if started == CMD::FLASH_RDSR.mask {
            self.bank.set_field(Reg::RD_STATUS, RD_STATUS::STATUS, u32::from(data[0]));
            return;
        }
        let high = started == CMD::USR.mask && USER::USR_MISO_HIGHPART.is_set(self.bank.get(Reg::USER));
        let from = if high { HIGH_PART } else { 0 };
        for (place, byte) in self.data[from..].iter_mut().zip(data) {
            *place = *byte;
        }
    }

    /// All clocks at the rate that CLOCK makes of the controller's core clock.
    fn duration(&self, transfer: &Transfer, timing: Timing) -> Ps {
        self.bus_clock(timing).duration(u64::from(transfer.clocks()))
    }

    fn bus_clock(&self, timing: Timing) -> Hertz {
        timing.core_clock.scaled(1, u64::from(self.divider()))
    }

    fn divider(&self) -> u32 {
        let clock = self.bank.get(Reg::CLOCK);
        if CLOCK::CLK_EQU_SYSCLK.is_set(clock) {
            1
        } else {
            CLOCK::CLKCNT_N.get(clock) + 1
        }
    }

    fn word(&self, offset: u32) -> Option<usize> {
        let place = offset.wrapping_sub(W0) as usize;
        (place < 4 * WORDS).then_some(place)
    }

    fn interrupt(&self, fabric: &mut Fabric) {
        fabric.set_irq(Source::SPI1, self.bank.get(Reg::INT_RAW) & self.bank.get(Reg::INT_ENA) != 0);
    }
}

impl Default for Spi1 {
    fn default() -> Self {
        Self::new()
    }
}

/// Manual encryption: the chip gets the cipher text of XTS_AES's line, where that belongs. ESP-IDF's
/// spi_flash_chip_generic_write_encrypted gives SPI1 the same address and length; the mask ROM's
/// esp_rom_spiflash_write_encrypted_dest gives it neither. Without an address from there it is a transaction of the user's own
/// (no FLASH_PE), whose address and length count.
fn put_encrypted(transfer: &mut Transfer, address: Option<u32>, encrypted: &[u8], fabric: &mut Fabric) {
    if transfer.data_out.len() > encrypted.len() {
        fabric.gaps.touch("SPI1 encrypted write", "more is to be written than XTS_AES has encrypted: the rest is not");
    }
    match (address, &mut transfer.address) {
        (Some(address), Some(phase)) => {
            phase.value = address;
            transfer.data_out = encrypted.to_vec();
        }
        _ => transfer.data_out.iter_mut().zip(encrypted).for_each(|(byte, encrypted)| *byte = *encrypted),
    }
}

/// The flash chip sees the transfer. True: decoded code may be stale.
fn flash_transfer(
    transfer: &Transfer,
    late: usize,
    chips: &mut Chips<'_>,
    data: &mut [u8],
    fabric: &mut Fabric,
) -> bool {
    match &mut chips.octal {
        Some(octal) => octal.transfer(transfer, chips.flash, chips.cells, data, fabric),
        None if transfer.ddr || transfer.data_lanes == 8 => {
            fabric.gaps.touch(
                "SPI1 octal flash",
                "the board's flash chip has four lines: a board with flash = \"16MB octal\" has eight",
            );
            false
        }
        None => by_the_wires(transfer, late, chips.flash, chips.cells, data, fabric),
    }
}

/// A chip of up to four lines sees the transfer clock by clock; what it answers comes in some clocks late. True: decoded code
/// may be stale.
pub(super) fn by_the_wires(
    transfer: &Transfer,
    late: usize,
    chip: &mut FlashChip,
    cells: &mut Memory,
    data: &mut [u8],
    fabric: &mut Fabric,
) -> bool {
    let now = fabric.now();
    let mut tell = |report: Option<Report>| match report {
        Some(Report::Changed { stale, .. }) => stale,
        Some(Report::Unknown(command)) => {
            let name = format!("flash instruction {command:02X}h");
            fabric.gaps.touch(&name, "the flash chip does not know it");
            false
        }
        Some(Report::Refused(_)) | None => false,
    };
    let mut stale = tell(chip.select(true, cells, now));
    let mut under_way = VecDeque::from(vec![RELEASED; late]);
    let clock = |lines| {
        under_way.push_back(chip.clock(lines, cells, now));
        under_way.pop_front().unwrap_or(RELEASED)
    };
    transfer.clock(clock, data);
    stale |= tell(chip.select(false, cells, now));
    stale
}

impl Block for Spi1 {
    const GROUPS: &'static [Group] = &[Group::one("SPI1", Reg::TABLE)];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        self.peek(offset, fabric)
    }

    fn stays(&self, offset: u32) -> bool {
        Reg::at(offset).is_some()
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        if let Some(place) = self.word(offset) {
            return u32::from_le_bytes(self.data[place..place + 4].try_into().expect("four bytes"));
        }
        match Reg::at(offset) {
            Some(Reg::FSM) if self.bank.get(Reg::CMD) != 0 || self.pausing.is_some() => STATE_WAIT,
            Some(Reg::INT_ST) => self.bank.get(Reg::INT_RAW) & self.bank.get(Reg::INT_ENA),
            Some(register) => self.bank.load(register),
            None => undeclared("SPI1", offset, fabric),
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        if let Some(place) = self.word(offset) {
            self.data[place..place + 4].copy_from_slice(&write.value.to_le_bytes());
            return;
        }
        let Some(register) = Reg::at(offset) else {
            undeclared("SPI1", offset, fabric);
            return;
        };
        self.bank.store(register, write, "SPI1", &mut fabric.gaps);
        match register {
            Reg::CMD => self.started = write.value & START,
            Reg::CTRL2 if CTRL2::SYNC_RESET.is_set(write.value) => {
                (self.started, self.asked, self.pausing, self.waits) = (0, None, None, false);
                self.bank.set(Reg::CMD, 0);
                fabric.cancel(Slot::Spi1);
            }
            Reg::FLASH_SUS_CMD if self.pausing.is_none() => {
                self.asked = match write.value {
                    value if FLASH_SUS_CMD::FLASH_PES.is_set(value) => Some(Pause::Suspend),
                    value if FLASH_SUS_CMD::FLASH_PER.is_set(value) => Some(Pause::Resume),
                    _ => None,
                };
            }
            Reg::INT_CLR => {
                let raw = self.bank.get(Reg::INT_RAW) & !write.value;
                self.bank.set(Reg::INT_RAW, raw);
                self.interrupt(fabric);
            }
            Reg::INT_ENA => self.interrupt(fabric),
            _ => {}
        }
    }

    /// The last clock is over, and the wait behind it.
    fn event(&mut self, _slot: Slot, fabric: &mut Fabric) {
        let end = match self.pausing.take() {
            None => {
                self.bank.set(Reg::CMD, 0);
                self.waits = false;
                INT_RAW::TOTAL_TRANS_END_INT_RAW
            }
            Some(Pause::Suspend) => {
                self.bank.set_field(Reg::FLASH_SUS_CMD, FLASH_SUS_CMD::FLASH_PES, 0);
                self.bank.set_field(Reg::SUS_STATUS, SUS_STATUS::FLASH_SUS, 1);
                INT_RAW::PES_END_INT_RAW
            }
            Some(Pause::Resume) => {
                self.bank.set_field(Reg::FLASH_SUS_CMD, FLASH_SUS_CMD::FLASH_PER, 0);
                self.bank.set_field(Reg::SUS_STATUS, SUS_STATUS::FLASH_SUS, 0);
                if self.waits {
                    fabric.at(Slot::Spi1, self.resumed_until.max(fabric.now()));
                }
                INT_RAW::PER_END_INT_RAW
            }
        };
        self.bank.set_field(Reg::INT_RAW, end, 1);
        self.interrupt(fabric);
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        *self = Self::new();
        fabric.cancel(Slot::Spi1);
        self.interrupt(fabric);
    }
}
