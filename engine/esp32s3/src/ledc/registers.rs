//! The registers of LEDC, TRM 35.5.

engine_core::registers! {
    /// A channel; they lie 0x14 apart.
    pub Channel;
    CONF0 0x000 = 0x0000_0000 {
        OVF_CNT_RESET_ST 17 ro; OVF_CNT_RESET 16 wo; OVF_CNT_EN 15 rw; OVF_NUM 14:5 rw; PARA_UP 4 wo; IDLE_LV 3 rw;
        SIG_OUT_EN 2 rw; TIMER_SEL 1:0 rw;
    }
    HPOINT 0x004 = 0x0000_0000 { HPOINT 13:0 rw; }
    DUTY 0x008 = 0x0000_0000 { DUTY 18:0 rw; }
    CONF1 0x00C = 0x4000_0000 { DUTY_START 31 rw; DUTY_INC 30 rw; DUTY_NUM 29:20 rw; DUTY_CYCLE 19:10 rw; DUTY_SCALE 9:0 rw; }
    DUTY_R 0x010 = 0x0000_0000 { DUTY_R 18:0 ro; }
}

/// The registers of a timer.
pub mod timer {
    engine_core::registers! {
        /// A timer; they lie 8 apart.
        pub Timer;
        CONF 0x000 = 0x0080_0000 { PARA_UP 25 wo; TICK_SEL 24 rw; RST 23 rw; PAUSE 22 rw; CLK_DIV 21:4 rw; DUTY_RES 3:0 rw; }
        VALUE 0x004 = 0x0000_0000 { CNT 13:0 ro; }
    }
}

/// The registers that the block has once.
pub mod common {
    engine_core::registers! {
        /// What the block has once.
        pub Reg;
        INT_RAW 0x0C0 = 0x0000_0000 {
            OVF_CNT_CH7_INT_RAW 19 rw; OVF_CNT_CH6_INT_RAW 18 rw; OVF_CNT_CH5_INT_RAW 17 rw; OVF_CNT_CH4_INT_RAW 16 rw;
            OVF_CNT_CH3_INT_RAW 15 rw; OVF_CNT_CH2_INT_RAW 14 rw; OVF_CNT_CH1_INT_RAW 13 rw; OVF_CNT_CH0_INT_RAW 12 rw;
            DUTY_CHNG_END_CH7_INT_RAW 11 rw; DUTY_CHNG_END_CH6_INT_RAW 10 rw; DUTY_CHNG_END_CH5_INT_RAW 9 rw;
            DUTY_CHNG_END_CH4_INT_RAW 8 rw; DUTY_CHNG_END_CH3_INT_RAW 7 rw; DUTY_CHNG_END_CH2_INT_RAW 6 rw;
            DUTY_CHNG_END_CH1_INT_RAW 5 rw; DUTY_CHNG_END_CH0_INT_RAW 4 rw; TIMER3_OVF_INT_RAW 3 rw;
            TIMER2_OVF_INT_RAW 2 rw; TIMER1_OVF_INT_RAW 1 rw; TIMER0_OVF_INT_RAW 0 rw;
        }
        INT_ST 0x0C4 = 0x0000_0000 {
            OVF_CNT_CH7_INT_ST 19 ro; OVF_CNT_CH6_INT_ST 18 ro; OVF_CNT_CH5_INT_ST 17 ro; OVF_CNT_CH4_INT_ST 16 ro;
            OVF_CNT_CH3_INT_ST 15 ro; OVF_CNT_CH2_INT_ST 14 ro; OVF_CNT_CH1_INT_ST 13 ro; OVF_CNT_CH0_INT_ST 12 ro;
            DUTY_CHNG_END_CH7_INT_ST 11 ro; DUTY_CHNG_END_CH6_INT_ST 10 ro; DUTY_CHNG_END_CH5_INT_ST 9 ro;
            DUTY_CHNG_END_CH4_INT_ST 8 ro; DUTY_CHNG_END_CH3_INT_ST 7 ro; DUTY_CHNG_END_CH2_INT_ST 6 ro;
            DUTY_CHNG_END_CH1_INT_ST 5 ro; DUTY_CHNG_END_CH0_INT_ST 4 ro; TIMER3_OVF_INT_ST 3 ro; TIMER2_OVF_INT_ST 2 ro;
            TIMER1_OVF_INT_ST 1 ro; TIMER0_OVF_INT_ST 0 ro;
        }
        INT_ENA 0x0C8 = 0x0000_0000 {
            OVF_CNT_CH7_INT_ENA 19 rw; OVF_CNT_CH6_INT_ENA 18 rw; OVF_CNT_CH5_INT_ENA 17 rw; OVF_CNT_CH4_INT_ENA 16 rw;
            OVF_CNT_CH3_INT_ENA 15 rw; OVF_CNT_CH2_INT_ENA 14 rw; OVF_CNT_CH1_INT_ENA 13 rw; OVF_CNT_CH0_INT_ENA 12 rw;
            DUTY_CHNG_END_CH7_INT_ENA 11 rw; DUTY_CHNG_END_CH6_INT_ENA 10 rw; DUTY_CHNG_END_CH5_INT_ENA 9 rw;
            DUTY_CHNG_END_CH4_INT_ENA 8 rw; DUTY_CHNG_END_CH3_INT_ENA 7 rw; DUTY_CHNG_END_CH2_INT_ENA 6 rw;
            DUTY_CHNG_END_CH1_INT_ENA 5 rw; DUTY_CHNG_END_CH0_INT_ENA 4 rw; TIMER3_OVF_INT_ENA 3 rw;
            TIMER2_OVF_INT_ENA 2 rw; TIMER1_OVF_INT_ENA 1 rw; TIMER0_OVF_INT_ENA 0 rw;
        }
        INT_CLR 0x0CC = 0x0000_0000 {
            OVF_CNT_CH7_INT_CLR 19 wo; OVF_CNT_CH6_INT_CLR 18 wo; OVF_CNT_CH5_INT_CLR 17 wo; OVF_CNT_CH4_INT_CLR 16 wo;
            OVF_CNT_CH3_INT_CLR 15 wo; OVF_CNT_CH2_INT_CLR 14 wo; OVF_CNT_CH1_INT_CLR 13 wo; OVF_CNT_CH0_INT_CLR 12 wo;
            DUTY_CHNG_END_CH7_INT_CLR 11 wo; DUTY_CHNG_END_CH6_INT_CLR 10 wo; DUTY_CHNG_END_CH5_INT_CLR 9 wo;
            DUTY_CHNG_END_CH4_INT_CLR 8 wo; DUTY_CHNG_END_CH3_INT_CLR 7 wo; DUTY_CHNG_END_CH2_INT_CLR 6 wo;
            DUTY_CHNG_END_CH1_INT_CLR 5 wo; DUTY_CHNG_END_CH0_INT_CLR 4 wo; TIMER3_OVF_INT_CLR 3 wo;
            TIMER2_OVF_INT_CLR 2 wo; TIMER1_OVF_INT_CLR 1 wo; TIMER0_OVF_INT_CLR 0 wo;
        }
        CONF 0x0D0 = 0x0000_0000 { CLK_EN 31 rw; APB_CLK_SEL 1:0 rw; }
        DATE 0x0FC = 0x1904_0200 { DATE 31:0 rw; }
    }
}
