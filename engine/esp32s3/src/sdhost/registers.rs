//! The registers of SDHOST. ESP32-S3 TRM chapter "SD/MMC Host Controller"; ESP-IDF `soc/sdmmc_reg.h` and
//! `soc/sdmmc_struct.h`, which also have PWREN, GPIO and the bits of CTRL and CMD that the SVD lacks.

engine_core::registers! {
    /// The block.
    pub Reg;
    CTRL 0x000 = 0x0000_0000 { USE_INTERNAL_DMAC 25 rw; CEATA_DEVICE_INTERRUPT_STATUS 11 todo "CE-ATA is not modelled"; SEND_AUTO_STOP_CCSD 10 todo "CE-ATA is not modelled"; SEND_CCSD 9 todo "CE-ATA is not modelled"; ABORT_READ_DATA 8 wo; SEND_IRQ_RESPONSE 7 todo "the interrupt mode of MMC is not modelled"; READ_WAIT 6 todo "SDIO is not modelled"; DMA_ENABLE 5 rw; INT_ENABLE 4 rw; DMA_RESET 2 wo; FIFO_RESET 1 wo; CONTROLLER_RESET 0 wo; }
    PWREN 0x004 = 0x0000_0000 { POWER_ENABLE 1:0 rw; }
    CLKDIV 0x008 = 0x0000_0000 { CLK_DIVIDER3 31:24 rw; CLK_DIVIDER2 23:16 rw; CLK_DIVIDER1 15:8 rw; CLK_DIVIDER0 7:0 rw; }
    CLKSRC 0x00C = 0x0000_0000 { CLKSRC 3:0 rw; }
    CLKENA 0x010 = 0x0000_0000 { LP_ENABLE 17:16 rw; CCLK_ENABLE 1:0 rw; }
    TMOUT 0x014 = 0xFFFF_FF40 { DATA_TIMEOUT 31:8 rw; RESPONSE_TIMEOUT 7:0 rw; }
    CTYPE 0x018 = 0x0000_0000 { CARD_WIDTH8 17:16 todo "eight lines are not modelled"; CARD_WIDTH4 1:0 rw; }
    BLKSIZ 0x01C = 0x0000_0200 { BLOCK_SIZE 15:0 rw; }
    BYTCNT 0x020 = 0x0000_0200 { BYTE_COUNT 31:0 rw; }
    INTMASK 0x024 = 0x0000_0000 { SDIO_INT_MASK 17:16 todo "SDIO is not modelled"; INT_MASK 15:0 rw; }
    CMDARG 0x028 = 0x0000_0000 { CMDARG 31:0 rw; }
    CMD 0x02C = 0x2000_0000 { START_CMD 31 rw; USE_HOLE 29 rw; VOLT_SWITCH 28 todo "1.8 V signalling is not modelled"; BOOT_MODE 27 todo "booting from eMMC is not modelled"; DISABLE_BOOT 26 todo "booting from eMMC is not modelled"; EXPECT_BOOT_ACK 25 todo "booting from eMMC is not modelled"; ENABLE_BOOT 24 todo "booting from eMMC is not modelled"; CCS_EXPECTED 23 todo "CE-ATA is not modelled"; READ_CEATA_DEVICE 22 todo "CE-ATA is not modelled"; UPDATE_CLOCK_REGISTERS_ONLY 21 rw; CARD_NUMBER 20:16 rw; SEND_INITIALIZATION 15 rw; STOP_ABORT_CMD 14 rw; WAIT_PRVDATA_COMPLETE 13 rw; SEND_AUTO_STOP 12 rw; TRANSFER_MODE 11 todo "streams of MMC are not modelled"; READ_WRITE 10 rw; DATA_EXPECTED 9 rw; CHECK_RESPONSE_CRC 8 rw; RESPONSE_LENGTH 7 rw; RESPONSE_EXPECT 6 rw; INDEX 5:0 rw; }
    RESP0 0x030 = 0x0000_0000 { RESPONSE0 31:0 ro; }
    RESP1 0x034 = 0x0000_0000 { RESPONSE1 31:0 ro; }
    RESP2 0x038 = 0x0000_0000 { RESPONSE2 31:0 ro; }
    RESP3 0x03C = 0x0000_0000 { RESPONSE3 31:0 ro; }
    MINTSTS 0x040 = 0x0000_0000 { SDIO_INTERRUPT_MSK 17:16 ro; INT_STATUS_MSK 15:0 ro; }
    RINTSTS 0x044 = 0x0000_0000 { SDIO_INTERRUPT_RAW 17:16 w1c; INT_STATUS_RAW 15:0 w1c; }
    STATUS 0x048 = 0x0000_0716 { FIFO_COUNT 29:17 ro; RESPONSE_INDEX 16:11 ro; DATA_STATE_MC_BUSY 10 ro; DATA_BUSY 9 ro; DATA_3_STATUS 8 ro; COMMAND_FSM_STATES 7:4 ro; FIFO_FULL 3 ro; FIFO_EMPTY 2 ro; FIFO_TX_WATERMARK 1 ro; FIFO_RX_WATERMARK 0 ro; }
    FIFOTH 0x04C = 0x0000_0000 { DMA_MULTIPLE_TRANSACTION_SIZE 30:28 rw; RX_WMARK 26:16 rw; TX_WMARK 11:0 rw; }
    CDETECT 0x050 = 0x0000_0000 { CARD_DETECT_N 1:0 ro; }
    WRTPRT 0x054 = 0x0000_0000 { WRITE_PROTECT 1:0 ro; }
    GPIO 0x058 = 0x0000_0000 { GPO 23:8 rw; GPI 7:0 ro; }
    TCBCNT 0x05C = 0x0000_0000 { TCBCNT 31:0 ro; }
    TBBCNT 0x060 = 0x0000_0000 { TBBCNT 31:0 ro; }
    DEBNCE 0x064 = 0x0000_0000 { DEBOUNCE_COUNT 23:0 rw; }
    USRID 0x068 = 0x0000_0000 { USRID 31:0 rw; }
    VERID 0x06C = 0x5432_270A { VERSIONID 31:0 ro; }
    HCON 0x070 = 0x0344_4CC3 { NUM_CLK_DIV 25:24 ro; HOLD 22 ro; RAM_INDISE 21 ro; DMA_WIDTH 20:18 ro; ADDR_WIDTH 15:10 ro; DATA_WIDTH 9:7 ro; BUS_TYPE 6 ro; CARD_NUM 5:1 ro; CARD_TYPE 0 ro; }
    UHS 0x074 = 0x0000_0000 { DDR 17:16 todo "double data rate is not modelled"; }
    RST_N 0x078 = 0x0000_0001 { CARD_RESET 1:0 rw; }
    BMOD 0x080 = 0x0000_0000 { PBL 10:8 rw; DE 7 rw; FB 1 rw; SWR 0 wo; }
    PLDMND 0x084 = 0x0000_0000 { PD 31:0 wo; }
    DBADDR 0x088 = 0x0000_0000 { DBADDR 31:0 rw; }
    IDSTS 0x08C = 0x0000_0000 { FSM 16:13 ro; FBE_CODE 12:10 ro; AIS 9 w1c; NIS 8 w1c; CES 5 w1c; DU 4 w1c; FBE 2 w1c; RI 1 w1c; TI 0 w1c; }
    IDINTEN 0x090 = 0x0000_0000 { AI 9 rw; NI 8 rw; CES 5 rw; DU 4 rw; FBE 2 rw; RI 1 rw; TI 0 rw; }
    DSCADDR 0x094 = 0x0000_0000 { DSCADDR 31:0 ro; }
    BUFADDR 0x098 = 0x0000_0000 { BUFADDR 31:0 ro; }
    CARDTHRCTL 0x100 = 0x0000_0000 { CARDTHRESHOLD 31:16 rw; CARDWRTHREN 2 rw; CARDCLRINTEN 1 rw; CARDRDTHREN 0 rw; }
    EMMCDDR 0x10C = 0x0000_0000 { HS400_MODE 31 todo "HS400 is not modelled"; HALFSTARTBIT 1:0 todo "double data rate is not modelled"; }
    ENSHIFT 0x110 = 0x0000_0000 { ENABLE_SHIFT 3:0 rw; }
    BUFFIFO 0x200 = 0x0000_0000 { BUFFIFO 31:0 wo; }
    CLK_EDGE_SEL 0x800 = 0x0082_0200 { CCLK_EN 23 rw; ESD_MODE 22 todo "not described"; ESDIO_MODE 21 todo "not described"; CCLLKIN_EDGE_N 20:17 rw; CCLLKIN_EDGE_L 16:13 rw; CCLLKIN_EDGE_H 12:9 rw; CCLKIN_EDGE_SLF_SEL 8:6 rw; CCLKIN_EDGE_SAM_SEL 5:3 rw; CCLKIN_EDGE_DRV_SEL 2:0 rw; }
}

/// Bits of RINTSTS and INTMASK, ESP-IDF `hal/sdmmc_ll.h`.
pub mod int {
    /// Card detect.
    pub const CD: u32 = 1 << 0;
    /// Response error.
    pub const RESP_ERR: u32 = 1 << 1;
    /// Command done.
    pub const CMD_DONE: u32 = 1 << 2;
    /// Data transfer over.
    pub const DATA_OVER: u32 = 1 << 3;
    /// The FIFO wants data.
    pub const TXDR: u32 = 1 << 4;
    /// The FIFO has data.
    pub const RXDR: u32 = 1 << 5;
    /// Response CRC error.
    pub const RCRC: u32 = 1 << 6;
    /// Data CRC error.
    pub const DCRC: u32 = 1 << 7;
    /// Response timeout.
    pub const RTO: u32 = 1 << 8;
    /// Data read timeout.
    pub const DTO: u32 = 1 << 9;
    /// FIFO underrun or overrun.
    pub const FRUN: u32 = 1 << 11;
    /// A command was written while one still waited.
    pub const HLE: u32 = 1 << 12;
    /// The card is no longer busy.
    pub const BCI: u32 = 1 << 13;
    /// The automatic stop is done.
    pub const ACD: u32 = 1 << 14;
    /// End bit error; after a write, no CRC status.
    pub const EBE: u32 = 1 << 15;
}
