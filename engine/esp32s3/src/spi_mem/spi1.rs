//! SPI1, the controller by which software talks to flash and PSRAM. ESP32-S3 TRM chapter 30 names it, ESP-IDF
//! `soc/spi_mem_reg.h` and `hal/spimem_flash_ll.h` describe it.
//!
//! A transaction is command, address, dummy clocks, data out, data in, each of them on one, two, four or eight lines. CS0
//! selects the flash chip, CS1 the PSRAM.
//!
//! # Fidelity
//! - Flash transactions go over the chip's wires clock by clock. Their result is there when they start; CMD stays set until
//!   the last clock, at SPI_CLK as CLOCK divides it.
//! - Extra dummy clocks and sampling delays of the timing calibration (TIMING_CALI) take no part: data is always sampled right.
//! - WAITI_EN: CMD stays set until the chip is ready; what its status reads cost is the last one alone.
//! - Suspension by software (FLASH_PES, FLASH_PER), and by itself where the caches want a line of flash while the chip works
//!   (FLASH_PES_EN): the line comes after the instruction and the wait behind it, and the chip's work ends later by as much.
//!   The work goes on after the line (AUTO_PER, PES_PER_EN) or when software says so. Data that the caches have brought in
//!   since the work began does not suspend it again; what they had before is not known here.
//! - Without FLASH_PES_EN the line comes right as well, and is counted: on silicon the chip does not answer.
//! - The CRC of encrypted writes is missing.

use super::octal_flash::OctalFlash;
use super::psram::Psram;
use super::transfer::{Phase, Transfer};
use crate::block::{undeclared, Block};
use crate::fabric::Fabric;
use crate::slots::Slot;
use crate::sources::Source;
use engine_core::flash::{FlashChip, Report};
use engine_core::memory::Memory;
use engine_core::registers::{Bank, Group, Registers, Write};
use engine_core::time::{Hertz, Ps};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

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
    pub fn carry_out(&mut self, chips: &mut Chips<'_>, core_clock: Hertz, fabric: &mut Fabric) -> bool {
        if let Some(pause) = self.asked.take() {
            self.pause(pause, chips, core_clock, fabric);
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
            stale = flash_transfer(&transfer, chips, &mut data, fabric);
        }
        if !MISC::CS1_DIS.is_set(misc) && chips.ram.size() != 0 {
            chips.psram.transfer(&transfer, &mut data, chips.ram, fabric);
        }
        self.keep(started, &data);
        fabric.after(Slot::Spi1, self.duration(&transfer, core_clock));
        if changes {
            self.brought.clear();
            self.waits = FLASH_WAITI_CTRL::WAITI_EN.is_set(self.bank.get(Reg::FLASH_WAITI_CTRL));
            self.wait_for_chip(chips, core_clock, fabric);
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
    fn wait_for_chip(&self, chips: &mut Chips<'_>, core_clock: Hertz, fabric: &mut Fabric) {
        if let Some(end) = chips.flash.busy_until(fabric.now()).filter(|_| self.waits) {
            fabric.at(Slot::Spi1, end + self.bus_clock(core_clock).duration(STATUS_READ));
        }
    }

    /// Would the caches' reads of flash suspend what the chip does now?
    pub fn gives_way(&self) -> bool {
        self.waits && self.suspends_by_itself()
    }

    fn suspends_by_itself(&self) -> bool {
        FLASH_SUS_CTRL::FLASH_PES_EN.is_set(self.bank.get(Reg::FLASH_SUS_CTRL))
    }

    /// The caches want a line of flash, which takes `time`, while the chip works. The answer is how much later it comes.
    pub fn give_way(
        &mut self,
        line: u32,
        time: Ps,
        chips: &mut Chips<'_>,
        core_clock: Hertz,
        fabric: &mut Fabric,
    ) -> Ps {
        if !chips.flash.works(fabric.now()) {
            return 0;
        }
        if !self.suspends_by_itself() {
            let why = "it programs or erases, and FLASH_PES_EN is off: silicon does not get what it wants";
            fabric.gaps.touch("flash read by the caches while the chip works", why);
            return 0;
        }
        if !self.brought.insert(line) {
            return 0;
        }
        if self.pausing.is_some() {
            // The instruction that software has sent goes first.
            self.event(Slot::Spi1, fabric);
        }
        let (late, ready) = self.send_pause(Pause::Suspend, chips, core_clock, fabric);
        if !chips.flash.is_suspended() {
            fabric.gaps.touch("SPI1.FLASH_PES_COMMAND", "the flash chip does not know it as a suspension");
            return 0;
        }
        if late < ready {
            let why = "the wait behind a suspension is shorter than the chip takes (tSUS): silicon reads too early";
            fabric.gaps.touch("SPI1.CS_HOLD_DLY_RES", why);
        }
        let mut ends = INT_RAW::PES_END_INT_RAW.mask;
        if self.resumes_by_itself() {
            let per = self.bus_clock(core_clock).duration(INSTRUCTION);
            chips.flash.resume_at(fabric.now() + late + time + per);
            self.wait_for_chip(chips, core_clock, fabric);
            ends |= INT_RAW::PER_END_INT_RAW.mask;
        } else {
            fabric.cancel(Slot::Spi1);
            self.bank.set_field(Reg::SUS_STATUS, SUS_STATUS::FLASH_SUS, 1);
        }
        self.bank.set(Reg::INT_RAW, self.bank.get(Reg::INT_RAW) | ends);
        self.interrupt(fabric);
        late
    }

    fn resumes_by_itself(&self) -> bool {
        MISC::AUTO_PER.is_set(self.bank.get(Reg::MISC))
            || FLASH_SUS_CMD::PES_PER_EN.is_set(self.bank.get(Reg::FLASH_SUS_CMD))
    }

    fn pause(&mut self, pause: Pause, chips: &mut Chips<'_>, core_clock: Hertz, fabric: &mut Fabric) {
        let (time, _) = self.send_pause(pause, chips, core_clock, fabric);
        self.resumed_until = chips.flash.busy_until(fabric.now()).unwrap_or(0);
        self.pausing = Some(pause);
        fabric.after(Slot::Spi1, time);
    }

    /// The instruction that FLASH_SUS_CTRL has for it, and the wait behind it: a time that FLASH_SUS_CMD may ask for, and of a
    /// suspension until the chip is ready (WAITI_EN). The answers are how long that takes, and how long the chip does.
    fn send_pause(&mut self, pause: Pause, chips: &mut Chips<'_>, core_clock: Hertz, fabric: &mut Fabric) -> (Ps, Ps) {
        let (ctrl, cmd) = (self.bank.get(Reg::FLASH_SUS_CTRL), self.bank.get(Reg::FLASH_SUS_CMD));
        let status = self.bank.get(Reg::SUS_STATUS);
        let (instruction, waits, long) = match pause {
            Pause::Suspend => (
                FLASH_SUS_CTRL::FLASH_PES_COMMAND.get(ctrl),
                FLASH_SUS_CMD::FLASH_PES_WAIT_EN.is_set(cmd),
                SUS_STATUS::FLASH_PES_DLY_256.is_set(status),
            ),
            Pause::Resume => (
                FLASH_SUS_CTRL::FLASH_PER_COMMAND.get(ctrl),
                FLASH_SUS_CMD::FLASH_PER_WAIT_EN.is_set(cmd),
                SUS_STATUS::FLASH_PER_DLY_256.is_set(status),
            ),
        };
        let transfer = Transfer::command(instruction as u8);
        flash_transfer(&transfer, chips, &mut [], fabric);
        let wait = self.bank.field(Reg::CTRL1, CTRL1::CS_HOLD_DLY_RES) * if long { 256 } else { 4 };
        let clock = self.bus_clock(core_clock);
        let mut time = clock.duration(u64::from(transfer.clocks() + if waits { wait } else { 0 }));
        let now = fabric.now();
        let ready = chips.flash.busy_until(now).map_or(0, |end| end - now);
        if pause == Pause::Suspend && FLASH_WAITI_CTRL::WAITI_EN.is_set(self.bank.get(Reg::FLASH_WAITI_CTRL)) {
            time = time.max(ready + clock.duration(STATUS_READ));
        }
        (time, ready)
    }

    /// What the operation is on the wires, TRM table "SPI1 commands" (ESP-IDF `hal/spimem_flash_ll.h`).
    fn transfer(&self, started: u32) -> Option<Transfer> {
        let address = self.bank.get(Reg::ADDR);
        let at = |command| Transfer { address: Some(Phase::new(address, 24, 1)), ..Transfer::command(command) };
        Some(match started {
            bit if bit == CMD::USR.mask => self.user(),
            bit if bit == CMD::FLASH_WREN.mask => Transfer::command(0x06),
            bit if bit == CMD::FLASH_WRDI.mask => Transfer::command(0x04),
            bit if bit == CMD::FLASH_RDID.mask => Transfer { data_in: 3, ..Transfer::command(0x9F) },
            bit if bit == CMD::FLASH_RDSR.mask => Transfer { data_in: 1, ..Transfer::command(0x05) },
            bit if bit == CMD::FLASH_WRSR.mask => {
                let count = if CTRL::WRSR_2B.is_set(self.bank.get(Reg::CTRL)) { 2 } else { 1 };
                let status = RD_STATUS::STATUS.get(self.bank.get(Reg::RD_STATUS));
                Transfer { data_out: status.to_le_bytes()[..count].to_vec(), ..Transfer::command(0x01) }
            }
            bit if bit == CMD::FLASH_PP.mask => {
                // Bits 31 to 24 of ADDR are the number of bytes.
                let count = ((address >> 24) as usize).clamp(1, self.data.len());
                Transfer { data_out: self.data[..count].to_vec(), ..at(0x02) }
            }
            bit if bit == CMD::FLASH_SE.mask => at(0x20),
            bit if bit == CMD::FLASH_BE.mask => at(0xD8),
            bit if bit == CMD::FLASH_CE.mask => Transfer::command(0xC7),
            bit if bit == CMD::FLASH_DP.mask => Transfer::command(0xB9),
            bit if bit == CMD::FLASH_RES.mask => Transfer::command(0xAB),
            bit if bit == CMD::FLASH_READ.mask => Transfer { data_in: ((address >> 24) as usize).max(1), ..at(0x03) },
            _ => return None,
        })
    }

    /// A user-defined transaction: USER says which phases there are.
    fn user(&self) -> Transfer {
        let get = |register| self.bank.get(register);
        let (user, user1, user2, ctrl) = (get(Reg::USER), get(Reg::USER1), get(Reg::USER2), get(Reg::CTRL));
        let reads = USER::USR_MISO.is_set(user);
        let lanes = self.lanes(reads);
        let octal = CTRL::FCMD_OCT.is_set(ctrl);
        let command = USER::USR_COMMAND.is_set(user).then(|| {
            let bits = USER2::USR_COMMAND_BITLEN.get(user2) + 1;
            Phase::new(USER2::USR_COMMAND_VALUE.get(user2), bits, if octal { 8 } else { self.command_lanes() })
        });
        let address = USER::USR_ADDR
            .is_set(user)
            .then(|| Phase::new(get(Reg::ADDR), USER1::USR_ADDR_BITLEN.get(user1) + 1, lanes.0));
        let dummy = if USER::USR_DUMMY.is_set(user) { USER1::USR_DUMMY_CYCLELEN.get(user1) + 1 } else { 0 };
        let part = |high: bool| if high { HIGH_PART } else { 0 };
        let data_out = if USER::USR_MOSI.is_set(user) {
            let from = part(USER::USR_MOSI_HIGHPART.is_set(user));
            let count = (MOSI_DLEN::USR_MOSI_DBITLEN.get(get(Reg::MOSI_DLEN)) as usize + 8) / 8;
            self.data[from..].iter().copied().take(count).collect()
        } else {
            Vec::new()
        };
        let data_in = if reads { (MISO_DLEN::USR_MISO_DBITLEN.get(get(Reg::MISO_DLEN)) as usize + 8) / 8 } else { 0 };
        Transfer {
            command,
            address,
            dummy,
            data_out,
            data_in,
            data_lanes: lanes.1,
            ddr: DDR::SPI_FMEM_DDR_EN.is_set(get(Reg::DDR)),
            swaps_out: DDR::SPI_FMEM_DDR_WDAT_SWP.is_set(get(Reg::DDR)),
            swaps_in: DDR::SPI_FMEM_DDR_RDAT_SWP.is_set(get(Reg::DDR)),
        }
    }

    fn command_lanes(&self) -> u8 {
        let ctrl = self.bank.get(Reg::CTRL);
        match (CTRL::FCMD_QUAD.is_set(ctrl), CTRL::FCMD_DUAL.is_set(ctrl)) {
            (true, _) => 4,
            (_, true) => 2,
            _ => 1,
        }
    }

    /// Lines of address and data.
    fn lanes(&self, reads: bool) -> (u8, u8) {
        let (ctrl, user, cache) = (self.bank.get(Reg::CTRL), self.bank.get(Reg::USER), self.bank.get(Reg::CACHE_FCTRL));
        let pick = |oct: bool, quad: bool, dual: bool| match (oct, quad, dual) {
            (true, ..) => 8,
            (_, true, _) => 4,
            (_, _, true) => 2,
            _ => 1,
        };
        let fast = CTRL::FASTRD_MODE.is_set(ctrl);
        let (qio, dio, quad, dual) = if reads {
            let on = |field: engine_core::registers::Field| fast && field.is_set(ctrl);
            (on(CTRL::FREAD_QIO), on(CTRL::FREAD_DIO), on(CTRL::FREAD_QUAD), on(CTRL::FREAD_DUAL))
        } else {
            let on = |field: engine_core::registers::Field| field.is_set(user);
            (on(USER::FWRITE_QIO), on(USER::FWRITE_DIO), on(USER::FWRITE_QUAD), on(USER::FWRITE_DUAL))
        };
        let address = pick(
            CTRL::FADDR_OCT.is_set(ctrl),
            qio || CACHE_FCTRL::FADDR_QUAD.is_set(cache),
            dio || CACHE_FCTRL::FADDR_DUAL.is_set(cache),
        );
        let data = if reads {
            pick(
                CTRL::FDIN_OCT.is_set(ctrl),
                qio || quad || CACHE_FCTRL::FDIN_QUAD.is_set(cache),
                dio || dual || CACHE_FCTRL::FDIN_DUAL.is_set(cache),
            )
        } else {
            pick(
                CTRL::FDOUT_OCT.is_set(ctrl),
                qio || quad || CACHE_FCTRL::FDOUT_QUAD.is_set(cache),
                dio || dual || CACHE_FCTRL::FDOUT_DUAL.is_set(cache),
            )
        };
        (address, data)
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
    fn duration(&self, transfer: &Transfer, core_clock: Hertz) -> Ps {
        self.bus_clock(core_clock).duration(u64::from(transfer.clocks()))
    }

    fn bus_clock(&self, core_clock: Hertz) -> Hertz {
        let clock = self.bank.get(Reg::CLOCK);
        let divider = if CLOCK::CLK_EQU_SYSCLK.is_set(clock) { 1 } else { CLOCK::CLKCNT_N.get(clock) + 1 };
        core_clock.scaled(1, u64::from(divider))
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
fn flash_transfer(transfer: &Transfer, chips: &mut Chips<'_>, data: &mut [u8], fabric: &mut Fabric) -> bool {
    match &mut chips.octal {
        Some(octal) => octal.transfer(transfer, chips.flash, chips.cells, data, fabric),
        None if transfer.ddr || transfer.data_lanes == 8 => {
            fabric.gaps.touch(
                "SPI1 octal flash",
                "the board's flash chip has four lines: a board with flash = \"16MB octal\" has eight",
            );
            false
        }
        None => by_the_wires(transfer, chips.flash, chips.cells, data, fabric),
    }
}

/// A chip of up to four lines sees the transfer clock by clock. True: decoded code may be stale.
pub(super) fn by_the_wires(
    transfer: &Transfer,
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
    transfer.clock(|lines| chip.clock(lines, cells, now), data);
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
