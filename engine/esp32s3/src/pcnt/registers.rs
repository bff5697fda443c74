//! The registers of PCNT, TRM 38.5.

/// The registers of a unit's configuration; they lie 0xC apart.
pub mod unit {
    engine_core::registers! {
        /// The configuration of a unit.
        pub Unit;
        CONF0 0x000 = 0x0000_3C10 {
            CH1_LCTRL_MODE 31:30 rw; CH1_HCTRL_MODE 29:28 rw; CH1_POS_MODE 27:26 rw; CH1_NEG_MODE 25:24 rw;
            CH0_LCTRL_MODE 23:22 rw; CH0_HCTRL_MODE 21:20 rw; CH0_POS_MODE 19:18 rw; CH0_NEG_MODE 17:16 rw;
            THR_THRES1_EN 15 rw; THR_THRES0_EN 14 rw; THR_L_LIM_EN 13 rw; THR_H_LIM_EN 12 rw; THR_ZERO_EN 11 rw;
            FILTER_EN 10 rw; FILTER_THRES 9:0 rw;
        }
        CONF1 0x004 = 0x0000_0000 { CNT_THRES1 31:16 rw; CNT_THRES0 15:0 rw; }
        CONF2 0x008 = 0x0000_0000 { CNT_L_LIM 31:16 rw; CNT_H_LIM 15:0 rw; }
    }
}

engine_core::registers! {
    /// The other registers.
    pub Reg;
    U0_CNT 0x030 = 0x0000_0000 { CNT 15:0 ro; }
    U1_CNT 0x034 = 0x0000_0000 { CNT 15:0 ro; }
    U2_CNT 0x038 = 0x0000_0000 { CNT 15:0 ro; }
    U3_CNT 0x03C = 0x0000_0000 { CNT 15:0 ro; }
    INT_RAW 0x040 = 0x0000_0000 { CNT_THR_EVENT_U3 3 ro; CNT_THR_EVENT_U2 2 ro; CNT_THR_EVENT_U1 1 ro; CNT_THR_EVENT_U0 0 ro; }
    INT_ST 0x044 = 0x0000_0000 { CNT_THR_EVENT_U3 3 ro; CNT_THR_EVENT_U2 2 ro; CNT_THR_EVENT_U1 1 ro; CNT_THR_EVENT_U0 0 ro; }
    INT_ENA 0x048 = 0x0000_0000 { CNT_THR_EVENT_U3 3 rw; CNT_THR_EVENT_U2 2 rw; CNT_THR_EVENT_U1 1 rw; CNT_THR_EVENT_U0 0 rw; }
    INT_CLR 0x04C = 0x0000_0000 { CNT_THR_EVENT_U3 3 wo; CNT_THR_EVENT_U2 2 wo; CNT_THR_EVENT_U1 1 wo; CNT_THR_EVENT_U0 0 wo; }
    U0_STATUS 0x050 = 0x0000_0000 { ZERO 6 ro; H_LIM 5 ro; L_LIM 4 ro; THRES0 3 ro; THRES1 2 ro; ZERO_MODE 1:0 ro; }
    U1_STATUS 0x054 = 0x0000_0000 { ZERO 6 ro; H_LIM 5 ro; L_LIM 4 ro; THRES0 3 ro; THRES1 2 ro; ZERO_MODE 1:0 ro; }
    U2_STATUS 0x058 = 0x0000_0000 { ZERO 6 ro; H_LIM 5 ro; L_LIM 4 ro; THRES0 3 ro; THRES1 2 ro; ZERO_MODE 1:0 ro; }
    U3_STATUS 0x05C = 0x0000_0000 { ZERO 6 ro; H_LIM 5 ro; L_LIM 4 ro; THRES0 3 ro; THRES1 2 ro; ZERO_MODE 1:0 ro; }
    CTRL 0x060 = 0x0000_0001 {
        CLK_EN 16 rw; CNT_PAUSE_U3 7 rw; CNT_RST_U3 6 rw; CNT_PAUSE_U2 5 rw; CNT_RST_U2 4 rw; CNT_PAUSE_U1 3 rw;
        CNT_RST_U1 2 rw; CNT_PAUSE_U0 1 rw; CNT_RST_U0 0 rw;
    }
    DATE 0x0FC = 0x1907_2601 { DATE 31:0 rw; }
}
