//! The register table. RP2040 datasheet, section 4.10.13.

use engine_core::registers::{Group, Registers};

engine_core::registers! {
    /// SSI.
    pub Reg;
    CTRLR0 0x00 = 0x0000_0000 {
        SSTE 24 todo "chip select does not toggle between frames";
        SPI_FRF 22:21 rw; DFS_32 20:16 rw;
        CFS 15:12 todo "Microwire frames are not modelled";
        SRL 11 todo "the test loop is not modelled";
        SLV_OE 10 todo "this SSI cannot be a target";
        TMOD 9:8 rw; SCPOL 7 rw; SCPH 6 rw;
        FRF 5:4 todo "only Motorola SPI frames are modelled";
        DFS 3:0 rw;
    }
    CTRLR1 0x04 = 0x0000_0000 { NDF 15:0 rw; }
    SSIENR 0x08 = 0x0000_0000 { SSI_EN 0 rw; }
    MWCR 0x0C = 0x0000_0000 {
        MHS 2 todo "Microwire is not modelled";
        MDD 1 todo "Microwire is not modelled";
        MWMOD 0 todo "Microwire is not modelled";
    }
    SER 0x10 = 0x0000_0000 { SER 0 rw; }
    BAUDR 0x14 = 0x0000_0000 { SCKDV 15:0 rw; }
    TXFTLR 0x18 = 0x0000_0000 { TFT 7:0 rw; }
    RXFTLR 0x1C = 0x0000_0000 { RFT 7:0 rw; }
    TXFLR 0x20 = 0x0000_0000 { TFTFL 7:0 ro; }
    RXFLR 0x24 = 0x0000_0000 { RXTFL 7:0 ro; }
    SR 0x28 = 0x0000_0000 { DCOL 6 ro; TXE 5 ro; RFF 4 ro; RFNE 3 ro; TFE 2 ro; TFNF 1 ro; BUSY 0 ro; }
    IMR 0x2C = 0x0000_0000 { MSTIM 5 rw; RXFIM 4 rw; RXOIM 3 rw; RXUIM 2 rw; TXOIM 1 rw; TXEIM 0 rw; }
    ISR 0x30 = 0x0000_0000 { MSTIS 5 ro; RXFIS 4 ro; RXOIS 3 ro; RXUIS 2 ro; TXOIS 1 ro; TXEIS 0 ro; }
    RISR 0x34 = 0x0000_0000 { MSTIR 5 ro; RXFIR 4 ro; RXOIR 3 ro; RXUIR 2 ro; TXOIR 1 ro; TXEIR 0 ro; }
    TXOICR 0x38 = 0x0000_0000 { TXOICR 0 ro; }
    RXOICR 0x3C = 0x0000_0000 { RXOICR 0 ro; }
    RXUICR 0x40 = 0x0000_0000 { RXUICR 0 ro; }
    MSTICR 0x44 = 0x0000_0000 { MSTICR 0 ro; }
    ICR 0x48 = 0x0000_0000 { ICR 0 ro; }
    DMACR 0x4C = 0x0000_0000 { TDMAE 1 rw; RDMAE 0 rw; }
    DMATDLR 0x50 = 0x0000_0000 { DMATDL 7:0 rw; }
    DMARDLR 0x54 = 0x0000_0000 { DMARDL 7:0 rw; }
    IDR 0x58 = 0x5153_5049 { IDCODE 31:0 ro; }
    SSI_VERSION_ID 0x5C = 0x3430_312A { SSI_COMP_VERSION 31:0 ro; }
    DR0 0x60 = 0x0000_0000 { DR 31:0 rw; }
    RX_SAMPLE_DLY 0xF0 = 0x0000_0000 { RSD 7:0 rw; }
    SPI_CTRLR0 0xF4 = 0x0300_0000 {
        XIP_CMD 31:24 rw;
        SPI_RXDS_EN 18 todo "no chip with a read data strobe is modelled";
        INST_DDR_EN 17 todo "double data rate is not modelled";
        SPI_DDR_EN 16 todo "double data rate is not modelled";
        WAIT_CYCLES 15:11 rw; INST_L 9:8 rw; ADDR_L 5:2 rw; TRANS_TYPE 1:0 rw;
    }
    TXD_DRIVE_EDGE 0xF8 = 0x0000_0000 { TDE 7:0 rw; }
}

/// As the SVD has it: the 36 addresses of the data register are one FIFO, and only the first has a name.
pub(super) const GROUPS: &[Group] = &[Group::one("SSI", Reg::TABLE)];
