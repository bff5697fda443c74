//! SPI0, the controller by which the cache reads flash and reads and writes PSRAM. ESP-IDF `soc/spi_mem_reg.h`.
//!
//! # Fidelity
//! - The cache reaches the cells directly: formats, clocks, delays and ECC set here are stored and change nothing, so a
//!   wrong set-up does not show as garbage.
//! - So does the length of addresses: a page above 16 MB of a flash chip of four lines is counted where they have three bytes,
//!   which silicon takes for another page, and comes right.
//! - CORE_CLK_SEL is the clock of both controllers. Clock, lanes, address and dummy bits also say how long a line takes.

use super::sampling::Timing;
use crate::block::{undeclared, Block};
use crate::fabric::Fabric;
use engine_core::registers::{Bank, Field, Group, Registers, Write};
use engine_core::time::{Hertz, Ps};
use serde::{Deserialize, Serialize};

engine_core::registers! {
    /// ESP-IDF `soc/spi_mem_reg.h`, as far as SPI0 has it.
    pub Reg;
    CTRL 0x008 = 0x002C_2000 { FREAD_QIO 24 rw; FREAD_DIO 23 rw; WP 21 rw; FREAD_QUAD 20 rw; D_POL 19 rw; Q_POL 18 rw; FREAD_DUAL 14 rw; FASTRD_MODE 13 rw; FCMD_OCT 9 rw; FCMD_QUAD 8 rw; FCMD_DUAL 7 rw; FADDR_OCT 6 rw; FDIN_OCT 5 rw; FDOUT_OCT 4 rw; FDUMMY_OUT 3 rw; }
    CTRL1 0x00C = 0x0000_0000 { RXFIFO_RST 30 rw; CLK_MODE 1:0 rw; }
    CTRL2 0x010 = 0x0000_2C21 { SYNC_RESET 31 rw; CS_HOLD_DELAY 30:25 rw; ECC_16TO18_BYTE_EN 14 rw; ECC_SKIP_PAGE_CORNER 13 rw; ECC_CS_HOLD_TIME 12:10 rw; CS_HOLD_TIME 9:5 rw; CS_SETUP_TIME 4:0 rw; }
    CLOCK 0x014 = 0x0003_0103 { CLK_EQU_SYSCLK 31 rw; CLKCNT_N 23:16 rw; CLKCNT_H 15:8 rw; CLKCNT_L 7:0 rw; }
    USER 0x018 = 0x0000_0000 { USR_DUMMY 29 rw; USR_DUMMY_IDLE 26 rw; CK_OUT_EDGE 9 rw; CS_SETUP 7 rw; CS_HOLD 6 rw; }
    USER1 0x01C = 0x5C00_0007 { USR_ADDR_BITLEN 31:26 rw; USR_DUMMY_CYCLELEN 5:0 rw; }
    USER2 0x020 = 0x7000_0000 { USR_COMMAND_BITLEN 31:28 rw; USR_COMMAND_VALUE 15:0 rw; }
    MOSI_DLEN 0x024 = 0x0000_0000 { USR_MOSI_DBITLEN 9:0 rw; }
    MISO_DLEN 0x028 = 0x0000_0000 { USR_MISO_DBITLEN 9:0 rw; }
    RD_STATUS 0x02C = 0x0000_0000 { WB_MODE 23:16 rw; }
    EXT_ADDR 0x030 = 0x0000_0000 { EXT_ADDR 31:0 rw; }
    MISC 0x034 = 0x0000_0000 { CS_KEEP_ACTIVE 10 rw; CK_IDLE_EDGE 9 rw; SSUB_PIN 8 rw; FSUB_PIN 7 rw; }
    CACHE_FCTRL 0x03C = 0x0000_0000 { FADDR_QUAD 8 rw; FDOUT_QUAD 7 rw; FDIN_QUAD 6 rw; FADDR_DUAL 5 rw; FDOUT_DUAL 4 rw; FDIN_DUAL 3 rw; CACHE_FLASH_USR_CMD 2 rw; CACHE_USR_CMD_4BYTE 1 rw; CACHE_REQ_EN 0 rw; }
    CACHE_SCTRL 0x040 = 0x0055_C070 { SRAM_WDUMMY_CYCLELEN 27:22 rw; SRAM_OCT 21 rw; CACHE_SRAM_USR_WCMD 20 rw; SRAM_ADDR_BITLEN 19:14 rw; SRAM_RDUMMY_CYCLELEN 11:6 rw; CACHE_SRAM_USR_RCMD 5 rw; USR_RD_SRAM_DUMMY 4 rw; USR_WR_SRAM_DUMMY 3 rw; USR_SRAM_QIO 2 rw; USR_SRAM_DIO 1 rw; CACHE_USR_SCMD_4BYTE 0 rw; }
    SRAM_CMD 0x044 = 0x0000_0000 { SDUMMY_OUT 22 rw; SCMD_OCT 21 rw; SADDR_OCT 20 rw; SDOUT_OCT 19 rw; SDIN_OCT 18 rw; SCMD_QUAD 17 rw; SADDR_QUAD 16 rw; SDOUT_QUAD 15 rw; SDIN_QUAD 14 rw; SCMD_DUAL 13 rw; SADDR_DUAL 12 rw; SDOUT_DUAL 11 rw; SDIN_DUAL 10 rw; SWB_MODE 9:2 rw; SCLK_MODE 1:0 rw; }
    SRAM_DRD_CMD 0x048 = 0x0000_0000 { CACHE_SRAM_USR_RD_CMD_BITLEN 31:28 rw; CACHE_SRAM_USR_RD_CMD_VALUE 15:0 rw; }
    SRAM_DWR_CMD 0x04C = 0x0000_0000 { CACHE_SRAM_USR_WR_CMD_BITLEN 31:28 rw; CACHE_SRAM_USR_WR_CMD_VALUE 15:0 rw; }
    SRAM_CLK 0x050 = 0x0003_0103 { SCLK_EQU_SYSCLK 31 rw; SCLKCNT_N 23:16 rw; SCLKCNT_H 15:8 rw; SCLKCNT_L 7:0 rw; }
    FSM 0x054 = 0x0000_0000 { ST 2:0 ro; }
    TIMING_CALI 0x0A8 = 0x0000_0000 { EXTRA_DUMMY_CYCLELEN 4:2 rw; TIMING_CALI 1 rw; TIMING_CLK_ENA 0 rw; }
    DIN_MODE 0x0AC = 0x0000_0000 { DINS_MODE 26:24 rw; DIN7_MODE 23:21 rw; DIN6_MODE 20:18 rw; DIN5_MODE 17:15 rw; DIN4_MODE 14:12 rw; DIN3_MODE 11:9 rw; DIN2_MODE 8:6 rw; DIN1_MODE 5:3 rw; DIN0_MODE 2:0 rw; }
    DIN_NUM 0x0B0 = 0x0000_0000 { DINS_NUM 17:16 rw; DIN7_NUM 15:14 rw; DIN6_NUM 13:12 rw; DIN5_NUM 11:10 rw; DIN4_NUM 9:8 rw; DIN3_NUM 7:6 rw; DIN2_NUM 5:4 rw; DIN1_NUM 3:2 rw; DIN0_NUM 1:0 rw; }
    DOUT_MODE 0x0B4 = 0x0000_0000 { DOUTS_MODE 8 rw; DOUT7_MODE 7 rw; DOUT6_MODE 6 rw; DOUT5_MODE 5 rw; DOUT4_MODE 4 rw; DOUT3_MODE 3 rw; DOUT2_MODE 2 rw; DOUT1_MODE 1 rw; DOUT0_MODE 0 rw; }
    SPI_SMEM_TIMING_CALI 0x0BC = 0x0000_0000 { SPI_SMEM_EXTRA_DUMMY_CYCLELEN 4:2 rw; SPI_SMEM_TIMING_CALI 1 rw; SPI_SMEM_TIMING_CLK_ENA 0 rw; }
    SPI_SMEM_DIN_MODE 0x0C0 = 0x0000_0000 { SPI_SMEM_DINS_MODE 26:24 rw; SPI_SMEM_DIN7_MODE 23:21 rw; SPI_SMEM_DIN6_MODE 20:18 rw; SPI_SMEM_DIN5_MODE 17:15 rw; SPI_SMEM_DIN4_MODE 14:12 rw; SPI_SMEM_DIN3_MODE 11:9 rw; SPI_SMEM_DIN2_MODE 8:6 rw; SPI_SMEM_DIN1_MODE 5:3 rw; SPI_SMEM_DIN0_MODE 2:0 rw; }
    SPI_SMEM_DIN_NUM 0x0C4 = 0x0000_0000 { SPI_SMEM_DINS_NUM 17:16 rw; SPI_SMEM_DIN7_NUM 15:14 rw; SPI_SMEM_DIN6_NUM 13:12 rw; SPI_SMEM_DIN5_NUM 11:10 rw; SPI_SMEM_DIN4_NUM 9:8 rw; SPI_SMEM_DIN3_NUM 7:6 rw; SPI_SMEM_DIN2_NUM 5:4 rw; SPI_SMEM_DIN1_NUM 3:2 rw; SPI_SMEM_DIN0_NUM 1:0 rw; }
    SPI_SMEM_DOUT_MODE 0x0C8 = 0x0000_0000 { SPI_SMEM_DOUTS_MODE 8 rw; SPI_SMEM_DOUT7_MODE 7 rw; SPI_SMEM_DOUT6_MODE 6 rw; SPI_SMEM_DOUT5_MODE 5 rw; SPI_SMEM_DOUT4_MODE 4 rw; SPI_SMEM_DOUT3_MODE 3 rw; SPI_SMEM_DOUT2_MODE 2 rw; SPI_SMEM_DOUT1_MODE 1 rw; SPI_SMEM_DOUT0_MODE 0 rw; }
    ECC_CTRL 0x0CC = 0x0000_000A { SPI_FMEM_ECC_ERR_INT_EN 8 rw; ECC_ERR_INT_NUM 7:0 rw; }
    ECC_ERR_ADDR 0x0D0 = 0x0000_0000 { ECC_ERR_ADDR 31:0 ro; }
    ECC_ERR_BIT 0x0D4 = 0x0000_0000 { ECC_ERR_CNT 24:17 ro; ECC_BYTE_ERR 16 ro; ECC_CHK_ERR_BIT 15:13 ro; ECC_DATA_ERR_BIT 12:6 ro; }
    SPI_SMEM_AC 0x0DC = 0x0000_B084 { SPI_SMEM_CS_HOLD_DELAY 30:25 rw; SPI_SMEM_ECC_ERR_INT_EN 24 rw; SPI_SMEM_ECC_16TO18_BYTE_EN 16 rw; SPI_SMEM_ECC_SKIP_PAGE_CORNER 15 rw; SPI_SMEM_ECC_CS_HOLD_TIME 14:12 rw; SPI_SMEM_CS_HOLD_TIME 11:7 rw; SPI_SMEM_CS_SETUP_TIME 6:2 rw; SPI_SMEM_CS_HOLD 1 rw; SPI_SMEM_CS_SETUP 0 rw; }
    DDR 0x0E0 = 0x0000_3020 { SPI_FMEM_HYPERBUS_CA 30 rw; SPI_FMEM_OCTA_RAM_ADDR 29 rw; SPI_FMEM_CLK_DIFF_INV 28 rw; SPI_FMEM_HYPERBUS_DUMMY_2X 27 rw; SPI_FMEM_DQS_CA_IN 26 rw; SPI_FMEM_HYPERBUS_MODE 25 rw; SPI_FMEM_CLK_DIFF_EN 24 rw; SPI_FMEM_DDR_DQS_LOOP_MODE 22 rw; SPI_FMEM_DDR_DQS_LOOP 21 rw; SPI_FMEM_USR_DDR_DQS_THD 20:14 rw; SPI_FMEM_RX_DDR_MSK_EN 13 rw; SPI_FMEM_TX_DDR_MSK_EN 12 rw; SPI_FMEM_OUTMINBYTELEN 11:5 rw; SPI_FMEM_DDR_CMD_DIS 4 rw; SPI_FMEM_DDR_WDAT_SWP 3 rw; SPI_FMEM_DDR_RDAT_SWP 2 rw; SPI_FMEM_VAR_DUMMY 1 rw; SPI_FMEM_DDR_EN 0 rw; }
    SPI_SMEM_DDR 0x0E4 = 0x0000_3020 { SPI_SMEM_HYPERBUS_CA 30 rw; SPI_SMEM_OCTA_RAM_ADDR 29 rw; SPI_SMEM_CLK_DIFF_INV 28 rw; SPI_SMEM_HYPERBUS_DUMMY_2X 27 rw; SPI_SMEM_DQS_CA_IN 26 rw; SPI_SMEM_HYPERBUS_MODE 25 rw; SPI_SMEM_CLK_DIFF_EN 24 rw; DQS_LOOP_MODE 22 rw; DQS_LOOP 21 rw; SPI_SMEM_USR_DDR_DQS_THD 20:14 rw; SPI_SMEM_RX_DDR_MSK_EN 13 rw; SPI_SMEM_TX_DDR_MSK_EN 12 rw; SPI_SMEM_OUTMINBYTELEN 11:5 rw; CMD_DIS 4 rw; WDAT_SWP 3 rw; RDAT_SWP 2 rw; SPI_SMEM_VAR_DUMMY 1 rw; EN 0 rw; }
    CLOCK_GATE 0x0E8 = 0x0000_0001 { CLK_EN 0 rw; }
    CORE_CLK_SEL 0x0EC = 0x0000_0000 { CORE_CLK_SEL 1:0 rw; }
    INT_ENA 0x0F0 = 0x0000_0000 { ECC_ERR_INT_ENA 4 rw; TOTAL_TRANS_END_INT_ENA 2 rw; }
    INT_CLR 0x0F4 = 0x0000_0000 { ECC_ERR_INT_CLR 4 wo; TOTAL_TRANS_END_INT_CLR 2 wo; }
    INT_RAW 0x0F8 = 0x0000_0000 { ECC_ERR_INT_RAW 4 rw; TOTAL_TRANS_END_INT_RAW 2 rw; }
    INT_ST 0x0FC = 0x0000_0000 { ECC_ERR_INT_ST 4 ro; TOTAL_TRANS_END_INT_ST 2 ro; }
    DATE 0x3FC = 0x0210_1040 { DATE 27:5 rw; SPI_SPICLK_PAD_DRV_CTL_EN 4 rw; SPI_FMEM_SPICLK_FUN_DRV 3:2 rw; SPI_SMEM_SPICLK_FUN_DRV 1:0 rw; }
}

/// The controller.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Spi0 {
    bank: Bank<Reg>,
}

impl Spi0 {
    /// After power-on.
    pub fn new() -> Self {
        Self { bank: Bank::new() }
    }

    /// The core clock of SPI0 and SPI1: 80, 120, 160 or 240 MHz (ESP-IDF `hal/mspi_ll.h`).
    pub fn core_clock(&self) -> Hertz {
        const MEGAHERTZ: [u64; 4] = [80, 120, 160, 240];
        let select = CORE_CLK_SEL::CORE_CLK_SEL.get(self.bank.get(Reg::CORE_CLK_SEL));
        Hertz::new(MEGAHERTZ[select as usize] * 1_000_000)
    }

    /// Do addresses of flash have four bytes (ESP-IDF `bootloader_flash_32bits_address_map_enable`)?
    pub fn has_four_address_bytes(&self) -> bool {
        self.bank.field(Reg::USER1, USER1::USR_ADDR_BITLEN) >= 31
    }

    /// What SPI1 shares of it.
    pub fn timing(&self) -> Timing {
        let mode = self.bank.field(Reg::DIN_MODE, DIN_MODE::DIN1_MODE);
        Timing { core_clock: self.core_clock(), mode, num: self.bank.field(Reg::DIN_NUM, DIN_NUM::DIN1_NUM) }
    }

    /// How long a line of 32 bytes takes from flash or PSRAM: command, address, dummy cycles and data on their lanes.
    pub fn line_time(&self, psram: bool) -> Ps {
        let bits = if psram { self.psram_clocks() } else { self.flash_clocks() };
        let clock = self.bank.get(if psram { Reg::SRAM_CLK } else { Reg::CLOCK });
        let divider = if CLOCK::CLK_EQU_SYSCLK.is_set(clock) { 1 } else { CLOCK::CLKCNT_N.get(clock) + 1 };
        self.core_clock().scaled(1, u64::from(divider)).duration(u64::from(bits))
    }

    fn flash_clocks(&self) -> u32 {
        let ctrl = self.bank.get(Reg::CTRL);
        let set = |field: Field| field.is_set(ctrl);
        let (address, data) = match () {
            () if set(CTRL::FDIN_OCT) => (8, 8),
            () if set(CTRL::FREAD_QIO) => (4, 4),
            () if set(CTRL::FREAD_DIO) => (2, 2),
            () if set(CTRL::FREAD_QUAD) => (1, 4),
            () if set(CTRL::FREAD_DUAL) => (1, 2),
            () => (1, 1),
        };
        let user = self.bank.get(Reg::USER1);
        let dummy =
            if self.bank.field(Reg::USER, USER::USR_DUMMY) != 0 { USER1::USR_DUMMY_CYCLELEN.get(user) + 1 } else { 0 };
        let command = 8 / if set(CTRL::FCMD_OCT) { 8 } else { 1 };
        let moved = (USER1::USR_ADDR_BITLEN.get(user) + 1) / address + LINE_BITS / data;
        command + dummy + moved / (1 + self.bank.field(Reg::DDR, DDR::SPI_FMEM_DDR_EN))
    }

    fn psram_clocks(&self) -> u32 {
        let (control, command) = (self.bank.get(Reg::CACHE_SCTRL), self.bank.get(Reg::SRAM_CMD));
        let lanes = match () {
            () if SRAM_CMD::SDIN_OCT.is_set(command) => 8,
            () if CACHE_SCTRL::USR_SRAM_QIO.is_set(control) => 4,
            () if CACHE_SCTRL::USR_SRAM_DIO.is_set(control) => 2,
            () => 1,
        };
        let dummy = if CACHE_SCTRL::USR_RD_SRAM_DUMMY.is_set(control) {
            CACHE_SCTRL::SRAM_RDUMMY_CYCLELEN.get(control) + 1
        } else {
            0
        };
        let code = self.bank.field(Reg::SRAM_DRD_CMD, SRAM_DRD_CMD::CACHE_SRAM_USR_RD_CMD_BITLEN) + 1;
        let moved = (code + CACHE_SCTRL::SRAM_ADDR_BITLEN.get(control) + 1 + LINE_BITS) / lanes;
        dummy + moved / (1 + self.bank.field(Reg::SPI_SMEM_DDR, SPI_SMEM_DDR::EN))
    }
}

/// A line of the caches.
const LINE_BITS: u32 = 8 * 32;

impl Default for Spi0 {
    fn default() -> Self {
        Self::new()
    }
}

impl Block for Spi0 {
    const GROUPS: &'static [Group] = &[Group::one("SPI0", Reg::TABLE)];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        self.peek(offset, fabric)
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        match Reg::at(offset) {
            Some(register) => self.bank.load(register),
            None => undeclared("SPI0", offset, fabric),
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        match Reg::at(offset) {
            Some(register) => self.bank.store(register, write, "SPI0", &mut fabric.gaps),
            None => {
                undeclared("SPI0", offset, fabric);
            }
        }
    }

    fn reset(&mut self, _fabric: &mut Fabric) {
        self.bank.reset();
    }
}
