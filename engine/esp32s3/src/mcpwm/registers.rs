//! The registers of MCPWM, as the SVD names them (ESP-IDF `soc/mcpwm_struct.h`). What is there once for each timer and each operator
//! has a table of its own.

/// A timer.
pub mod timer {
    engine_core::registers! {
        /// A timer; they lie 0x10 apart.
        pub Reg;
        CFG0 0x000 = 0x0000_FF00 { PERIOD_UPMETHOD 25:24 rw; PERIOD 23:8 rw; PRESCALE 7:0 rw; }
        CFG1 0x004 = 0x0000_0000 { MOD 4:3 rw; START 2:0 rw; }
        SYNC 0x008 = 0x0000_0000 { PHASE_DIRECTION 20 rw; PHASE 19:4 rw; SYNCO_SEL 3:2 rw; SW 1 rw; SYNCI_EN 0 rw; }
        STATUS 0x00C = 0x0000_0000 { DIRECTION 16 ro; VALUE 15:0 ro; }
    }
}

/// The comparators of an operator.
pub mod cmpr {
    engine_core::registers! {
        /// Comparators; operators lie 0x38 apart.
        pub Reg;
        CFG 0x000 = 0x0000_0000 { B_SHDW_FULL 9 ro; A_SHDW_FULL 8 ro; B_UPMETHOD 7:4 rw; A_UPMETHOD 3:0 rw; }
        VALUE0 0x004 = 0x0000_0000 { A 15:0 rw; }
        VALUE1 0x008 = 0x0000_0000 { B 15:0 rw; }
    }
}

/// The generators of an operator.
pub mod gen {
    engine_core::registers! {
        /// Generators; operators lie 0x38 apart.
        pub Reg;
        CFG0 0x000 = 0x0000_0000 { T1_SEL 9:7 rw; T0_SEL 6:4 rw; CFG_UPMETHOD 3:0 rw; }
        FORCE 0x004 = 0x0000_0020 {
            B_NCIFORCE_MODE 15:14 rw; B_NCIFORCE 13 rw; A_NCIFORCE_MODE 12:11 rw; A_NCIFORCE 10 rw;
            B_CNTUFORCE_MODE 9:8 rw; A_CNTUFORCE_MODE 7:6 rw; CNTUFORCE_UPMETHOD 5:0 rw;
        }
        A 0x008 = 0x0000_0000 {
            DT1 23:22 rw; DT0 21:20 rw; DTEB 19:18 rw; DTEA 17:16 rw; DTEP 15:14 rw; DTEZ 13:12 rw;
            UT1 11:10 rw; UT0 9:8 rw; UTEB 7:6 rw; UTEA 5:4 rw; UTEP 3:2 rw; UTEZ 1:0 rw;
        }
        B 0x00C = 0x0000_0000 {
            DT1 23:22 rw; DT0 21:20 rw; DTEB 19:18 rw; DTEA 17:16 rw; DTEP 15:14 rw; DTEZ 13:12 rw;
            UT1 11:10 rw; UT0 9:8 rw; UTEB 7:6 rw; UTEA 5:4 rw; UTEP 3:2 rw; UTEZ 1:0 rw;
        }
    }
}

/// The dead time of an operator.
pub mod db {
    engine_core::registers! {
        /// Dead time; operators lie 0x38 apart.
        pub Reg;
        CFG 0x000 = 0x0001_8000 {
            CLK_SEL 17 rw; B_OUTBYPASS 16 rw; A_OUTBYPASS 15 rw; FED_OUTINVERT 14 rw; RED_OUTINVERT 13 rw;
            FED_INSEL 12 rw; RED_INSEL 11 rw; B_OUTSWAP 10 rw; A_OUTSWAP 9 rw; DEB_MODE 8 rw; RED_UPMETHOD 7:4 rw;
            FED_UPMETHOD 3:0 rw;
        }
        FED_CFG 0x004 = 0x0000_0000 { FED 15:0 rw; }
        RED_CFG 0x008 = 0x0000_0000 { RED 15:0 rw; }
    }
}

/// The carrier of an operator.
pub mod chopper {
    engine_core::registers! {
        /// Carrier; operators lie 0x38 apart.
        pub Reg;
        CFG 0x000 = 0x0000_0000 { IN_INVERT 13 rw; OUT_INVERT 12 rw; OSHTWTH 11:8 rw; DUTY 7:5 rw; PRESCALE 4:1 rw; EN 0 rw; }
    }
}

/// What an operator does about faults.
pub mod tz {
    engine_core::registers! {
        /// Trip zone; operators lie 0x38 apart.
        pub Reg;
        CFG0 0x000 = 0x0000_0000 {
            B_OST_U 23:22 rw; B_OST_D 21:20 rw; B_CBC_U 19:18 rw; B_CBC_D 17:16 rw; A_OST_U 15:14 rw; A_OST_D 13:12 rw;
            A_CBC_U 11:10 rw; A_CBC_D 9:8 rw; F0_OST 7 rw; F1_OST 6 rw; F2_OST 5 rw; SW_OST 4 rw; F0_CBC 3 rw;
            F1_CBC 2 rw; F2_CBC 1 rw; SW_CBC 0 rw;
        }
        CFG1 0x004 = 0x0000_0000 { FORCE_OST 4 rw; FORCE_CBC 3 rw; CBCPULSE 2:1 rw; CLR_OST 0 rw; }
        STATUS 0x008 = 0x0000_0000 { OST_ON 1 ro; CBC_ON 0 ro; }
    }
}

/// What the block has once.
pub mod common {
    engine_core::registers! {
        /// What the block has once.
        pub Reg;
        CLK_CFG 0x000 = 0x0000_0000 { CLK_PRESCALE 7:0 rw; }
        TIMER_SYNCI_CFG 0x034 = 0x0000_0000 {
            EXTERNAL_SYNCI2_INVERT 11 rw; EXTERNAL_SYNCI1_INVERT 10 rw; EXTERNAL_SYNCI0_INVERT 9 rw;
            TIMER2_SYNCISEL 8:6 rw; TIMER1_SYNCISEL 5:3 rw; TIMER0_SYNCISEL 2:0 rw;
        }
        OPERATOR_TIMERSEL 0x038 = 0x0000_0000 {
            OPERATOR2_TIMERSEL 5:4 rw; OPERATOR1_TIMERSEL 3:2 rw; OPERATOR0_TIMERSEL 1:0 rw;
        }
        FAULT_DETECT 0x0E4 = 0x0000_0000 {
            EVENT_F2 8 ro; EVENT_F1 7 ro; EVENT_F0 6 ro; F2_POLE 5 rw; F1_POLE 4 rw; F0_POLE 3 rw; F2_EN 2 rw; F1_EN 1 rw;
            F0_EN 0 rw;
        }
        CAP_TIMER_CFG 0x0E8 = 0x0000_0000 { CAP_SYNC_SW 5 wo; CAP_SYNCI_SEL 4:2 rw; CAP_SYNCI_EN 1 rw; CAP_TIMER_EN 0 rw; }
        CAP_TIMER_PHASE 0x0EC = 0x0000_0000 { CAP_PHASE 31:0 rw; }
        CAP_CH0_CFG 0x0F0 = 0x0000_0000 { CAP0_SW 12 wo; CAP0_IN_INVERT 11 rw; CAP0_PRESCALE 10:3 rw; CAP0_MODE 2:1 rw; CAP0_EN 0 rw; }
        CAP_CH1_CFG 0x0F4 = 0x0000_0000 { CAP1_SW 12 wo; CAP1_IN_INVERT 11 rw; CAP1_PRESCALE 10:3 rw; CAP1_MODE 2:1 rw; CAP1_EN 0 rw; }
        CAP_CH2_CFG 0x0F8 = 0x0000_0000 { CAP2_SW 12 wo; CAP2_IN_INVERT 11 rw; CAP2_PRESCALE 10:3 rw; CAP2_MODE 2:1 rw; CAP2_EN 0 rw; }
        CAP_CH0 0x0FC = 0x0000_0000 { CAP0_VALUE 31:0 ro; }
        CAP_CH1 0x100 = 0x0000_0000 { CAP1_VALUE 31:0 ro; }
        CAP_CH2 0x104 = 0x0000_0000 { CAP2_VALUE 31:0 ro; }
        CAP_STATUS 0x108 = 0x0000_0000 { CAP2_EDGE 2 ro; CAP1_EDGE 1 ro; CAP0_EDGE 0 ro; }
        UPDATE_CFG 0x10C = 0x0000_0055 {
            OP2_FORCE_UP 7 rw; OP2_UP_EN 6 rw; OP1_FORCE_UP 5 rw; OP1_UP_EN 4 rw; OP0_FORCE_UP 3 rw; OP0_UP_EN 2 rw;
            GLOBAL_FORCE_UP 1 rw; GLOBAL_UP_EN 0 rw;
        }
        INT_ENA 0x110 = 0x0000_0000 {
            CAP2_INT_ENA 29 rw; CAP1_INT_ENA 28 rw; CAP0_INT_ENA 27 rw; TZ2_OST_INT_ENA 26 rw; TZ1_OST_INT_ENA 25 rw;
            TZ0_OST_INT_ENA 24 rw; TZ2_CBC_INT_ENA 23 rw; TZ1_CBC_INT_ENA 22 rw; TZ0_CBC_INT_ENA 21 rw;
            CMPR2_TEB_INT_ENA 20 rw; CMPR1_TEB_INT_ENA 19 rw; CMPR0_TEB_INT_ENA 18 rw; CMPR2_TEA_INT_ENA 17 rw;
            CMPR1_TEA_INT_ENA 16 rw; CMPR0_TEA_INT_ENA 15 rw; FAULT2_CLR_INT_ENA 14 rw; FAULT1_CLR_INT_ENA 13 rw;
            FAULT0_CLR_INT_ENA 12 rw; FAULT2_INT_ENA 11 rw; FAULT1_INT_ENA 10 rw; FAULT0_INT_ENA 9 rw;
            TIMER2_TEP_INT_ENA 8 rw; TIMER1_TEP_INT_ENA 7 rw; TIMER0_TEP_INT_ENA 6 rw; TIMER2_TEZ_INT_ENA 5 rw;
            TIMER1_TEZ_INT_ENA 4 rw; TIMER0_TEZ_INT_ENA 3 rw; TIMER2_STOP_INT_ENA 2 rw; TIMER1_STOP_INT_ENA 1 rw;
            TIMER0_STOP_INT_ENA 0 rw;
        }
        INT_RAW 0x114 = 0x0000_0000 {
            CAP2_INT_RAW 29 ro; CAP1_INT_RAW 28 ro; CAP0_INT_RAW 27 ro; TZ2_OST_INT_RAW 26 ro; TZ1_OST_INT_RAW 25 ro;
            TZ0_OST_INT_RAW 24 ro; TZ2_CBC_INT_RAW 23 ro; TZ1_CBC_INT_RAW 22 ro; TZ0_CBC_INT_RAW 21 ro;
            CMPR2_TEB_INT_RAW 20 ro; CMPR1_TEB_INT_RAW 19 ro; CMPR0_TEB_INT_RAW 18 ro; CMPR2_TEA_INT_RAW 17 ro;
            CMPR1_TEA_INT_RAW 16 ro; CMPR0_TEA_INT_RAW 15 ro; FAULT2_CLR_INT_RAW 14 ro; FAULT1_CLR_INT_RAW 13 ro;
            FAULT0_CLR_INT_RAW 12 ro; FAULT2_INT_RAW 11 ro; FAULT1_INT_RAW 10 ro; FAULT0_INT_RAW 9 ro;
            TIMER2_TEP_INT_RAW 8 ro; TIMER1_TEP_INT_RAW 7 ro; TIMER0_TEP_INT_RAW 6 ro; TIMER2_TEZ_INT_RAW 5 ro;
            TIMER1_TEZ_INT_RAW 4 ro; TIMER0_TEZ_INT_RAW 3 ro; TIMER2_STOP_INT_RAW 2 ro; TIMER1_STOP_INT_RAW 1 ro;
            TIMER0_STOP_INT_RAW 0 ro;
        }
        INT_ST 0x118 = 0x0000_0000 {
            CAP2_INT_ST 29 ro; CAP1_INT_ST 28 ro; CAP0_INT_ST 27 ro; TZ2_OST_INT_ST 26 ro; TZ1_OST_INT_ST 25 ro;
            TZ0_OST_INT_ST 24 ro; TZ2_CBC_INT_ST 23 ro; TZ1_CBC_INT_ST 22 ro; TZ0_CBC_INT_ST 21 ro;
            CMPR2_TEB_INT_ST 20 ro; CMPR1_TEB_INT_ST 19 ro; CMPR0_TEB_INT_ST 18 ro; CMPR2_TEA_INT_ST 17 ro;
            CMPR1_TEA_INT_ST 16 ro; CMPR0_TEA_INT_ST 15 ro; FAULT2_CLR_INT_ST 14 ro; FAULT1_CLR_INT_ST 13 ro;
            FAULT0_CLR_INT_ST 12 ro; FAULT2_INT_ST 11 ro; FAULT1_INT_ST 10 ro; FAULT0_INT_ST 9 ro;
            TIMER2_TEP_INT_ST 8 ro; TIMER1_TEP_INT_ST 7 ro; TIMER0_TEP_INT_ST 6 ro; TIMER2_TEZ_INT_ST 5 ro;
            TIMER1_TEZ_INT_ST 4 ro; TIMER0_TEZ_INT_ST 3 ro; TIMER2_STOP_INT_ST 2 ro; TIMER1_STOP_INT_ST 1 ro;
            TIMER0_STOP_INT_ST 0 ro;
        }
        INT_CLR 0x11C = 0x0000_0000 {
            CAP2_INT_CLR 29 wo; CAP1_INT_CLR 28 wo; CAP0_INT_CLR 27 wo; TZ2_OST_INT_CLR 26 wo; TZ1_OST_INT_CLR 25 wo;
            TZ0_OST_INT_CLR 24 wo; TZ2_CBC_INT_CLR 23 wo; TZ1_CBC_INT_CLR 22 wo; TZ0_CBC_INT_CLR 21 wo;
            CMPR2_TEB_INT_CLR 20 wo; CMPR1_TEB_INT_CLR 19 wo; CMPR0_TEB_INT_CLR 18 wo; CMPR2_TEA_INT_CLR 17 wo;
            CMPR1_TEA_INT_CLR 16 wo; CMPR0_TEA_INT_CLR 15 wo; FAULT2_CLR_INT_CLR 14 wo; FAULT1_CLR_INT_CLR 13 wo;
            FAULT0_CLR_INT_CLR 12 wo; FAULT2_INT_CLR 11 wo; FAULT1_INT_CLR 10 wo; FAULT0_INT_CLR 9 wo;
            TIMER2_TEP_INT_CLR 8 wo; TIMER1_TEP_INT_CLR 7 wo; TIMER0_TEP_INT_CLR 6 wo; TIMER2_TEZ_INT_CLR 5 wo;
            TIMER1_TEZ_INT_CLR 4 wo; TIMER0_TEZ_INT_CLR 3 wo; TIMER2_STOP_INT_CLR 2 wo; TIMER1_STOP_INT_CLR 1 wo;
            TIMER0_STOP_INT_CLR 0 wo;
        }
        CLK 0x120 = 0x0000_0000 { EN 0 rw; }
        VERSION 0x124 = 0x0150_9110 { DATE 27:0 rw; }
    }
}
