//! The registers of TWAI. ESP32-S3 TRM, chapter "Two-wire Automotive Interface"; ESP-IDF `soc/twai_struct.h`.
//!
//! DATA_0 to DATA_12 are four things: in reset mode the acceptance code (0 to 3) and mask (4 to 7), else the transmit
//! buffer to stores and the first message of the receive FIFO to loads.

engine_core::registers! {
    /// The controller.
    pub Reg;
    MODE 0x000 = 0x0000_0001 { RX_FILTER_MODE 3 rw; SELF_TEST_MODE 2 rw; LISTEN_ONLY_MODE 1 rw; RESET_MODE 0 rw; }
    CMD 0x004 = 0x0000_0000 { SELF_RX_REQ 4 wo; CLR_OVERRUN 3 wo; RELEASE_BUF 2 wo; ABORT_TX 1 wo; TX_REQ 0 wo; }
    STATUS 0x008 = 0x0000_0000 {
        MISS_ST 8 ro; BUS_OFF_ST 7 ro; ERR_ST 6 ro; TX_ST 5 ro; RX_ST 4 ro; TX_COMPLETE 3 ro; TX_BUF_ST 2 ro;
        OVERRUN_ST 1 ro; RX_BUF_ST 0 ro;
    }
    INT_RAW 0x00C = 0x0000_0000 {
        BUS_ERR_INT_ST 7 ro; ARB_LOST_INT_ST 6 ro; ERR_PASSIVE_INT_ST 5 ro; OVERRUN_INT_ST 3 ro; ERR_WARN_INT_ST 2 ro;
        TX_INT_ST 1 ro; RX_INT_ST 0 ro;
    }
    INT_ENA 0x010 = 0x0000_0000 {
        BUS_ERR_INT_ENA 7 rw; ARB_LOST_INT_ENA 6 rw; ERR_PASSIVE_INT_ENA 5 rw; OVERRUN_INT_ENA 3 rw;
        ERR_WARN_INT_ENA 2 rw; TX_INT_ENA 1 rw; RX_INT_ENA 0 rw;
    }
    BUS_TIMING_0 0x018 = 0x0000_0000 { SYNC_JUMP_WIDTH 15:14 rw; BAUD_PRESC 13:0 rw; }
    BUS_TIMING_1 0x01C = 0x0000_0000 {
        TIME_SAMP 7 rw; TIME_SEG2 6:4 rw; TIME_SEG1 3:0 rw;
    }
    ARB_LOST_CAP 0x02C = 0x0000_0000 { ARB_LOST_CAP 4:0 ro; }
    ERR_CODE_CAP 0x030 = 0x0000_0000 { ECC_TYPE 7:6 ro; ECC_DIRECTION 5 ro; ECC_SEGMENT 4:0 ro; }
    ERR_WARNING_LIMIT 0x034 = 0x0000_0060 { ERR_WARNING_LIMIT 7:0 rw; }
    RX_ERR_CNT 0x038 = 0x0000_0000 { RX_ERR_CNT 7:0 rw; }
    TX_ERR_CNT 0x03C = 0x0000_0000 { TX_ERR_CNT 7:0 rw; }
    DATA_0 0x040 = 0x0000_0000 { TX_BYTE_0 7:0 rw; }
    DATA_1 0x044 = 0x0000_0000 { TX_BYTE_1 7:0 rw; }
    DATA_2 0x048 = 0x0000_0000 { TX_BYTE_2 7:0 rw; }
    DATA_3 0x04C = 0x0000_0000 { TX_BYTE_3 7:0 rw; }
    DATA_4 0x050 = 0x0000_0000 { TX_BYTE_4 7:0 rw; }
    DATA_5 0x054 = 0x0000_0000 { TX_BYTE_5 7:0 rw; }
    DATA_6 0x058 = 0x0000_0000 { TX_BYTE_6 7:0 rw; }
    DATA_7 0x05C = 0x0000_0000 { TX_BYTE_7 7:0 rw; }
    DATA_8 0x060 = 0x0000_0000 { TX_BYTE_8 7:0 rw; }
    DATA_9 0x064 = 0x0000_0000 { TX_BYTE_9 7:0 rw; }
    DATA_10 0x068 = 0x0000_0000 { TX_BYTE_10 7:0 rw; }
    DATA_11 0x06C = 0x0000_0000 { TX_BYTE_11 7:0 rw; }
    DATA_12 0x070 = 0x0000_0000 { TX_BYTE_12 7:0 rw; }
    RX_MESSAGE_CNT 0x074 = 0x0000_0000 { RX_MESSAGE_COUNTER 6:0 ro; }
    CLOCK_DIVIDER 0x07C = 0x0000_0000 {
        CLOCK_OFF 8 rw; CD 7:0 rw;
    }
}
