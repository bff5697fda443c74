//! The registers of the DMA controller, datasheet 2.5.7.

use engine_core::registers::{Group, Registers};

/// The registers of a channel: four times the same four, in an order of their own and with another one
/// last. A write to the last one of the four triggers the channel (2.5.2.1).
pub mod channel {
    engine_core::registers! {
        /// A channel.
        pub Reg;
        READ_ADDR   0x00 = 0x0000_0000 { READ_ADDR 31:0 rw; }
        WRITE_ADDR  0x04 = 0x0000_0000 { WRITE_ADDR 31:0 rw; }
        TRANS_COUNT 0x08 = 0x0000_0000 { TRANS_COUNT 31:0 rw; }
        CTRL_TRIG   0x0C = 0x0000_0000 {
            AHB_ERROR 31 ro; READ_ERROR 30 w1c; WRITE_ERROR 29 w1c; BUSY 24 ro;
            SNIFF_EN 23 rw; BSWAP 22 rw; IRQ_QUIET 21 rw; TREQ_SEL 20:15 rw; CHAIN_TO 14:11 rw;
            RING_SEL 10 rw; RING_SIZE 9:6 rw; INCR_WRITE 5 rw; INCR_READ 4 rw; DATA_SIZE 3:2 rw;
            HIGH_PRIORITY 1 rw; EN 0 rw;
        }
        AL1_CTRL             0x10 = 0x0000_0000 { AL1_CTRL 31:0 rw; }
        AL1_READ_ADDR        0x14 = 0x0000_0000 { AL1_READ_ADDR 31:0 rw; }
        AL1_WRITE_ADDR       0x18 = 0x0000_0000 { AL1_WRITE_ADDR 31:0 rw; }
        AL1_TRANS_COUNT_TRIG 0x1C = 0x0000_0000 { AL1_TRANS_COUNT_TRIG 31:0 rw; }
        AL2_CTRL             0x20 = 0x0000_0000 { AL2_CTRL 31:0 rw; }
        AL2_TRANS_COUNT      0x24 = 0x0000_0000 { AL2_TRANS_COUNT 31:0 rw; }
        AL2_READ_ADDR        0x28 = 0x0000_0000 { AL2_READ_ADDR 31:0 rw; }
        AL2_WRITE_ADDR_TRIG  0x2C = 0x0000_0000 { AL2_WRITE_ADDR_TRIG 31:0 rw; }
        AL3_CTRL             0x30 = 0x0000_0000 { AL3_CTRL 31:0 rw; }
        AL3_WRITE_ADDR       0x34 = 0x0000_0000 { AL3_WRITE_ADDR 31:0 rw; }
        AL3_TRANS_COUNT      0x38 = 0x0000_0000 { AL3_TRANS_COUNT 31:0 rw; }
        AL3_READ_ADDR_TRIG   0x3C = 0x0000_0000 { AL3_READ_ADDR_TRIG 31:0 rw; }
    }
}

/// The debug registers of a channel.
pub mod debug {
    engine_core::registers! {
        /// What a channel shows for debugging.
        pub Reg;
        DBG_CTDREQ 0x00 = 0x0000_0000 { DBG_CTDREQ 5:0 w1c; }
        DBG_TCR    0x04 = 0x0000_0000 { DBG_TCR 31:0 ro; }
    }
}

engine_core::registers! {
    /// What the channels share.
    pub Reg;
    INTR  0x400 = 0x0000_0000 { INTR 15:0 w1c; }
    INTE0 0x404 = 0x0000_0000 { INTE0 15:0 rw; }
    INTF0 0x408 = 0x0000_0000 { INTF0 15:0 rw; }
    INTS0 0x40C = 0x0000_0000 { INTS0 15:0 w1c; }
    INTR1 0x410 = 0x0000_0000 { INTR1 15:0 w1c; }
    INTE1 0x414 = 0x0000_0000 { INTE1 15:0 rw; }
    INTF1 0x418 = 0x0000_0000 { INTF1 15:0 rw; }
    INTS1 0x41C = 0x0000_0000 { INTS1 15:0 w1c; }
    TIMER0 0x420 = 0x0000_0000 { X 31:16 rw; Y 15:0 rw; }
    TIMER1 0x424 = 0x0000_0000 { X 31:16 rw; Y 15:0 rw; }
    TIMER2 0x428 = 0x0000_0000 { X 31:16 rw; Y 15:0 rw; }
    TIMER3 0x42C = 0x0000_0000 { X 31:16 rw; Y 15:0 rw; }
    MULTI_CHAN_TRIGGER 0x430 = 0x0000_0000 { MULTI_CHAN_TRIGGER 15:0 wo; }
    SNIFF_CTRL 0x434 = 0x0000_0000 { OUT_INV 11 rw; OUT_REV 10 rw; BSWAP 9 rw; CALC 8:5 rw; DMACH 4:1 rw; EN 0 rw; }
    SNIFF_DATA 0x438 = 0x0000_0000 { SNIFF_DATA 31:0 rw; }
    FIFO_LEVELS 0x440 = 0x0000_0000 { RAF_LVL 23:16 ro; WAF_LVL 15:8 ro; TDF_LVL 7:0 ro; }
    CHAN_ABORT 0x444 = 0x0000_0000 { CHAN_ABORT 15:0 w1c; }
    N_CHANNELS 0x448 = 0x0000_000C { N_CHANNELS 4:0 ro; }
}

/// Channels on this chip.
pub const CHANNELS: usize = 12;
/// Bytes between channels.
pub const CHANNEL_STEP: u32 = 0x40;
/// Offset of the debug registers of channel 0.
pub const DEBUG: u32 = 0x800;

/// All registers of the block.
pub const GROUPS: &[Group] = &[
    Group {
        block: "DMA",
        prefix: "CH{}_",
        base: 0,
        count: CHANNELS as u32,
        step: CHANNEL_STEP,
        table: channel::Reg::TABLE,
    },
    Group::one("DMA", Reg::TABLE),
    Group {
        block: "DMA",
        prefix: "CH{}_",
        base: DEBUG,
        count: CHANNELS as u32,
        step: CHANNEL_STEP,
        table: debug::Reg::TABLE,
    },
];
