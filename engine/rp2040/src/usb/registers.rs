//! Registers of the controller (RP2040 datasheet 4.1.4) and of its dual-port memory (4.1.2.4), and what is not modelled of them.

use engine_core::registers::{Group, Registers};

engine_core::registers! {
    /// The controller.
    pub Reg;
    ADDR_ENDP 0x00 = 0x0000_0000 { ENDPOINT 19:16 todo "host mode of the controller"; ADDRESS 6:0 rw; }
    ADDR_ENDP1 0x04 = 0x0000_0000 { INTEP_PREAMBLE 26 todo "host mode of the controller"; INTEP_DIR 25 todo "host mode of the controller";
        ENDPOINT 19:16 todo "host mode of the controller"; ADDRESS 6:0 todo "host mode of the controller"; }
    ADDR_ENDP2 0x08 = 0x0000_0000 { INTEP_PREAMBLE 26 todo "host mode of the controller"; INTEP_DIR 25 todo "host mode of the controller";
        ENDPOINT 19:16 todo "host mode of the controller"; ADDRESS 6:0 todo "host mode of the controller"; }
    ADDR_ENDP3 0x0C = 0x0000_0000 { INTEP_PREAMBLE 26 todo "host mode of the controller"; INTEP_DIR 25 todo "host mode of the controller";
        ENDPOINT 19:16 todo "host mode of the controller"; ADDRESS 6:0 todo "host mode of the controller"; }
    ADDR_ENDP4 0x10 = 0x0000_0000 { INTEP_PREAMBLE 26 todo "host mode of the controller"; INTEP_DIR 25 todo "host mode of the controller";
        ENDPOINT 19:16 todo "host mode of the controller"; ADDRESS 6:0 todo "host mode of the controller"; }
    ADDR_ENDP5 0x14 = 0x0000_0000 { INTEP_PREAMBLE 26 todo "host mode of the controller"; INTEP_DIR 25 todo "host mode of the controller";
        ENDPOINT 19:16 todo "host mode of the controller"; ADDRESS 6:0 todo "host mode of the controller"; }
    ADDR_ENDP6 0x18 = 0x0000_0000 { INTEP_PREAMBLE 26 todo "host mode of the controller"; INTEP_DIR 25 todo "host mode of the controller";
        ENDPOINT 19:16 todo "host mode of the controller"; ADDRESS 6:0 todo "host mode of the controller"; }
    ADDR_ENDP7 0x1C = 0x0000_0000 { INTEP_PREAMBLE 26 todo "host mode of the controller"; INTEP_DIR 25 todo "host mode of the controller";
        ENDPOINT 19:16 todo "host mode of the controller"; ADDRESS 6:0 todo "host mode of the controller"; }
    ADDR_ENDP8 0x20 = 0x0000_0000 { INTEP_PREAMBLE 26 todo "host mode of the controller"; INTEP_DIR 25 todo "host mode of the controller";
        ENDPOINT 19:16 todo "host mode of the controller"; ADDRESS 6:0 todo "host mode of the controller"; }
    ADDR_ENDP9 0x24 = 0x0000_0000 { INTEP_PREAMBLE 26 todo "host mode of the controller"; INTEP_DIR 25 todo "host mode of the controller";
        ENDPOINT 19:16 todo "host mode of the controller"; ADDRESS 6:0 todo "host mode of the controller"; }
    ADDR_ENDP10 0x28 = 0x0000_0000 { INTEP_PREAMBLE 26 todo "host mode of the controller"; INTEP_DIR 25 todo "host mode of the controller";
        ENDPOINT 19:16 todo "host mode of the controller"; ADDRESS 6:0 todo "host mode of the controller"; }
    ADDR_ENDP11 0x2C = 0x0000_0000 { INTEP_PREAMBLE 26 todo "host mode of the controller"; INTEP_DIR 25 todo "host mode of the controller";
        ENDPOINT 19:16 todo "host mode of the controller"; ADDRESS 6:0 todo "host mode of the controller"; }
    ADDR_ENDP12 0x30 = 0x0000_0000 { INTEP_PREAMBLE 26 todo "host mode of the controller"; INTEP_DIR 25 todo "host mode of the controller";
        ENDPOINT 19:16 todo "host mode of the controller"; ADDRESS 6:0 todo "host mode of the controller"; }
    ADDR_ENDP13 0x34 = 0x0000_0000 { INTEP_PREAMBLE 26 todo "host mode of the controller"; INTEP_DIR 25 todo "host mode of the controller";
        ENDPOINT 19:16 todo "host mode of the controller"; ADDRESS 6:0 todo "host mode of the controller"; }
    ADDR_ENDP14 0x38 = 0x0000_0000 { INTEP_PREAMBLE 26 todo "host mode of the controller"; INTEP_DIR 25 todo "host mode of the controller";
        ENDPOINT 19:16 todo "host mode of the controller"; ADDRESS 6:0 todo "host mode of the controller"; }
    ADDR_ENDP15 0x3C = 0x0000_0000 { INTEP_PREAMBLE 26 todo "host mode of the controller"; INTEP_DIR 25 todo "host mode of the controller";
        ENDPOINT 19:16 todo "host mode of the controller"; ADDRESS 6:0 todo "host mode of the controller"; }
    MAIN_CTRL 0x40 = 0x0000_0000 {
        SIM_TIMING 31 todo "shortened timings for simulation of the chip"; HOST_NDEVICE 1 todo "host mode of the controller"; CONTROLLER_EN 0 rw;
    }
    SOF_WR 0x44 = 0x0000_0000 { COUNT 10:0 todo "host mode of the controller"; }
    SOF_RD 0x48 = 0x0000_0000 { COUNT 10:0 ro; }
    SIE_CTRL 0x4C = 0x0000_0000 {
        EP0_INT_STALL 31 rw; EP0_DOUBLE_BUF 30 rw; EP0_INT_1BUF 29 rw; EP0_INT_2BUF 28 rw;
        EP0_INT_NAK 27 todo "tokens that are answered by NAK are not sent";
        DIRECT_EN 26 todo "the transceiver is not driven directly"; DIRECT_DP 25 todo "the transceiver is not driven directly";
        DIRECT_DM 24 todo "the transceiver is not driven directly"; TRANSCEIVER_PD 18 rw; RPU_OPT 17 rw; PULLUP_EN 16 rw;
        PULLDOWN_EN 15 todo "host mode of the controller"; RESET_BUS 13 todo "host mode of the controller"; RESUME 12 wo;
        VBUS_EN 11 todo "host mode of the controller"; KEEP_ALIVE_EN 10 todo "host mode of the controller";
        SOF_EN 9 todo "host mode of the controller"; SOF_SYNC 8 todo "host mode of the controller";
        PREAMBLE_EN 6 todo "host mode of the controller"; STOP_TRANS 4 todo "host mode of the controller";
        RECEIVE_DATA 3 todo "host mode of the controller"; SEND_DATA 2 todo "host mode of the controller";
        SEND_SETUP 1 todo "host mode of the controller"; START_TRANS 0 todo "host mode of the controller";
    }
    SIE_STATUS 0x50 = 0x0000_0000 {
        DATA_SEQ_ERROR 31 w1c; ACK_REC 30 w1c; STALL_REC 29 w1c; NAK_REC 28 w1c; RX_TIMEOUT 27 w1c; RX_OVERFLOW 26 w1c;
        BIT_STUFF_ERROR 25 w1c; CRC_ERROR 24 w1c; BUS_RESET 19 w1c; TRANS_COMPLETE 18 w1c; SETUP_REC 17 w1c;
        CONNECTED 16 ro; RESUME 11 w1c; VBUS_OVER_CURR 10 ro; SPEED 9:8 ro; SUSPENDED 4 ro; LINE_STATE 3:2 ro;
        VBUS_DETECTED 0 ro;
    }
    INT_EP_CTRL 0x54 = 0x0000_0000 { INT_EP_ACTIVE 15:1 todo "host mode of the controller"; }
    BUFF_STATUS 0x58 = 0x0000_0000 {
        EP15_OUT 31 w1c; EP15_IN 30 w1c; EP14_OUT 29 w1c; EP14_IN 28 w1c; EP13_OUT 27 w1c; EP13_IN 26 w1c; EP12_OUT 25 w1c; EP12_IN 24 w1c;
        EP11_OUT 23 w1c; EP11_IN 22 w1c; EP10_OUT 21 w1c; EP10_IN 20 w1c; EP9_OUT 19 w1c; EP9_IN 18 w1c; EP8_OUT 17 w1c; EP8_IN 16 w1c;
        EP7_OUT 15 w1c; EP7_IN 14 w1c; EP6_OUT 13 w1c; EP6_IN 12 w1c; EP5_OUT 11 w1c; EP5_IN 10 w1c; EP4_OUT 9 w1c; EP4_IN 8 w1c;
        EP3_OUT 7 w1c; EP3_IN 6 w1c; EP2_OUT 5 w1c; EP2_IN 4 w1c; EP1_OUT 3 w1c; EP1_IN 2 w1c; EP0_OUT 1 w1c; EP0_IN 0 w1c;
    }
    BUFF_CPU_SHOULD_HANDLE 0x5C = 0x0000_0000 {
        EP15_OUT 31 ro; EP15_IN 30 ro; EP14_OUT 29 ro; EP14_IN 28 ro; EP13_OUT 27 ro; EP13_IN 26 ro; EP12_OUT 25 ro; EP12_IN 24 ro;
        EP11_OUT 23 ro; EP11_IN 22 ro; EP10_OUT 21 ro; EP10_IN 20 ro; EP9_OUT 19 ro; EP9_IN 18 ro; EP8_OUT 17 ro; EP8_IN 16 ro;
        EP7_OUT 15 ro; EP7_IN 14 ro; EP6_OUT 13 ro; EP6_IN 12 ro; EP5_OUT 11 ro; EP5_IN 10 ro; EP4_OUT 9 ro; EP4_IN 8 ro;
        EP3_OUT 7 ro; EP3_IN 6 ro; EP2_OUT 5 ro; EP2_IN 4 ro; EP1_OUT 3 ro; EP1_IN 2 ro; EP0_OUT 1 ro; EP0_IN 0 ro;
    }
    EP_ABORT 0x60 = 0x0000_0000 {
        EP15_OUT 31 rw; EP15_IN 30 rw; EP14_OUT 29 rw; EP14_IN 28 rw; EP13_OUT 27 rw; EP13_IN 26 rw; EP12_OUT 25 rw; EP12_IN 24 rw;
        EP11_OUT 23 rw; EP11_IN 22 rw; EP10_OUT 21 rw; EP10_IN 20 rw; EP9_OUT 19 rw; EP9_IN 18 rw; EP8_OUT 17 rw; EP8_IN 16 rw;
        EP7_OUT 15 rw; EP7_IN 14 rw; EP6_OUT 13 rw; EP6_IN 12 rw; EP5_OUT 11 rw; EP5_IN 10 rw; EP4_OUT 9 rw; EP4_IN 8 rw;
        EP3_OUT 7 rw; EP3_IN 6 rw; EP2_OUT 5 rw; EP2_IN 4 rw; EP1_OUT 3 rw; EP1_IN 2 rw; EP0_OUT 1 rw; EP0_IN 0 rw;
    }
    EP_ABORT_DONE 0x64 = 0x0000_0000 {
        EP15_OUT 31 w1c; EP15_IN 30 w1c; EP14_OUT 29 w1c; EP14_IN 28 w1c; EP13_OUT 27 w1c; EP13_IN 26 w1c; EP12_OUT 25 w1c; EP12_IN 24 w1c;
        EP11_OUT 23 w1c; EP11_IN 22 w1c; EP10_OUT 21 w1c; EP10_IN 20 w1c; EP9_OUT 19 w1c; EP9_IN 18 w1c; EP8_OUT 17 w1c; EP8_IN 16 w1c;
        EP7_OUT 15 w1c; EP7_IN 14 w1c; EP6_OUT 13 w1c; EP6_IN 12 w1c; EP5_OUT 11 w1c; EP5_IN 10 w1c; EP4_OUT 9 w1c; EP4_IN 8 w1c;
        EP3_OUT 7 w1c; EP3_IN 6 w1c; EP2_OUT 5 w1c; EP2_IN 4 w1c; EP1_OUT 3 w1c; EP1_IN 2 w1c; EP0_OUT 1 w1c; EP0_IN 0 w1c;
    }
    EP_STALL_ARM 0x68 = 0x0000_0000 { EP0_OUT 1 rw; EP0_IN 0 rw; }
    NAK_POLL 0x6C = 0x0010_0010 { DELAY_FS 25:16 rw; DELAY_LS 9:0 rw; }
    EP_STATUS_STALL_NAK 0x70 = 0x0000_0000 {
        EP15_OUT 31 w1c; EP15_IN 30 w1c; EP14_OUT 29 w1c; EP14_IN 28 w1c; EP13_OUT 27 w1c; EP13_IN 26 w1c; EP12_OUT 25 w1c; EP12_IN 24 w1c;
        EP11_OUT 23 w1c; EP11_IN 22 w1c; EP10_OUT 21 w1c; EP10_IN 20 w1c; EP9_OUT 19 w1c; EP9_IN 18 w1c; EP8_OUT 17 w1c; EP8_IN 16 w1c;
        EP7_OUT 15 w1c; EP7_IN 14 w1c; EP6_OUT 13 w1c; EP6_IN 12 w1c; EP5_OUT 11 w1c; EP5_IN 10 w1c; EP4_OUT 9 w1c; EP4_IN 8 w1c;
        EP3_OUT 7 w1c; EP3_IN 6 w1c; EP2_OUT 5 w1c; EP2_IN 4 w1c; EP1_OUT 3 w1c; EP1_IN 2 w1c; EP0_OUT 1 w1c; EP0_IN 0 w1c;
    }
    USB_MUXING 0x74 = 0x0000_0000 {
        SOFTCON 3 rw; TO_DIGITAL_PAD 2 todo "USB on GPIO pins"; TO_EXTPHY 1 todo "an external transceiver"; TO_PHY 0 rw;
    }
    USB_PWR 0x78 = 0x0000_0000 {
        OVERCURR_DETECT_EN 5 rw; OVERCURR_DETECT 4 rw; VBUS_DETECT_OVERRIDE_EN 3 rw; VBUS_DETECT 2 rw;
        VBUS_EN_OVERRIDE_EN 1 rw; VBUS_EN 0 rw;
    }
    USBPHY_DIRECT 0x7C = 0x0000_0000 {
        DM_OVV 22 ro; DP_OVV 21 ro; DM_OVCN 20 ro; DP_OVCN 19 ro; RX_DM 18 ro; RX_DP 17 ro; RX_DD 16 ro;
        TX_DIFFMODE 15 rw; TX_FSSLEW 14 rw; TX_PD 13 rw; RX_PD 12 rw; TX_DM 11 rw; TX_DP 10 rw; TX_DM_OE 9 rw; TX_DP_OE 8 rw;
        DM_PULLDN_EN 6 rw; DM_PULLUP_EN 5 rw; DM_PULLUP_HISEL 4 rw; DP_PULLDN_EN 2 rw; DP_PULLUP_EN 1 rw;
        DP_PULLUP_HISEL 0 rw;
    }
    USBPHY_DIRECT_OVERRIDE 0x80 = 0x0000_0000 {
        TX_DIFFMODE_OVERRIDE_EN 15 todo "the transceiver is not driven directly";
        DM_PULLUP_OVERRIDE_EN 12 todo "the transceiver is not driven directly";
        TX_FSSLEW_OVERRIDE_EN 11 todo "the transceiver is not driven directly";
        TX_PD_OVERRIDE_EN 10 todo "the transceiver is not driven directly";
        RX_PD_OVERRIDE_EN 9 todo "the transceiver is not driven directly";
        TX_DM_OVERRIDE_EN 8 todo "the transceiver is not driven directly";
        TX_DP_OVERRIDE_EN 7 todo "the transceiver is not driven directly";
        TX_DM_OE_OVERRIDE_EN 6 todo "the transceiver is not driven directly";
        TX_DP_OE_OVERRIDE_EN 5 todo "the transceiver is not driven directly";
        DM_PULLDN_EN_OVERRIDE_EN 4 todo "the transceiver is not driven directly";
        DP_PULLDN_EN_OVERRIDE_EN 3 todo "the transceiver is not driven directly";
        DP_PULLUP_EN_OVERRIDE_EN 2 rw;
        DM_PULLUP_HISEL_OVERRIDE_EN 1 todo "the transceiver is not driven directly";
        DP_PULLUP_HISEL_OVERRIDE_EN 0 todo "the transceiver is not driven directly";
    }
    USBPHY_TRIM 0x84 = 0x0000_1F1F { DM_PULLDN_TRIM 12:8 rw; DP_PULLDN_TRIM 4:0 rw; }
    INTR 0x8C = 0x0000_0000 {
        EP_STALL_NAK 19 ro; ABORT_DONE 18 ro; DEV_SOF 17 ro; SETUP_REQ 16 ro; DEV_RESUME_FROM_HOST 15 ro;
        DEV_SUSPEND 14 ro; DEV_CONN_DIS 13 ro; BUS_RESET 12 ro; VBUS_DETECT 11 ro; STALL 10 ro;
        ERROR_CRC 9 ro; ERROR_BIT_STUFF 8 ro; ERROR_RX_OVERFLOW 7 ro; ERROR_RX_TIMEOUT 6 ro; ERROR_DATA_SEQ 5 ro;
        BUFF_STATUS 4 ro; TRANS_COMPLETE 3 ro; HOST_SOF 2 ro; HOST_RESUME 1 ro; HOST_CONN_DIS 0 ro;
    }
    INTE 0x90 = 0x0000_0000 {
        EP_STALL_NAK 19 rw; ABORT_DONE 18 rw; DEV_SOF 17 rw; SETUP_REQ 16 rw; DEV_RESUME_FROM_HOST 15 rw;
        DEV_SUSPEND 14 rw; DEV_CONN_DIS 13 rw; BUS_RESET 12 rw; VBUS_DETECT 11 rw; STALL 10 rw;
        ERROR_CRC 9 rw; ERROR_BIT_STUFF 8 rw; ERROR_RX_OVERFLOW 7 rw; ERROR_RX_TIMEOUT 6 rw; ERROR_DATA_SEQ 5 rw;
        BUFF_STATUS 4 rw; TRANS_COMPLETE 3 rw; HOST_SOF 2 rw; HOST_RESUME 1 rw; HOST_CONN_DIS 0 rw;
    }
    INTF 0x94 = 0x0000_0000 {
        EP_STALL_NAK 19 rw; ABORT_DONE 18 rw; DEV_SOF 17 rw; SETUP_REQ 16 rw; DEV_RESUME_FROM_HOST 15 rw;
        DEV_SUSPEND 14 rw; DEV_CONN_DIS 13 rw; BUS_RESET 12 rw; VBUS_DETECT 11 rw; STALL 10 rw;
        ERROR_CRC 9 rw; ERROR_BIT_STUFF 8 rw; ERROR_RX_OVERFLOW 7 rw; ERROR_RX_TIMEOUT 6 rw; ERROR_DATA_SEQ 5 rw;
        BUFF_STATUS 4 rw; TRANS_COMPLETE 3 rw; HOST_SOF 2 rw; HOST_RESUME 1 rw; HOST_CONN_DIS 0 rw;
    }
    INTS 0x98 = 0x0000_0000 {
        EP_STALL_NAK 19 ro; ABORT_DONE 18 ro; DEV_SOF 17 ro; SETUP_REQ 16 ro; DEV_RESUME_FROM_HOST 15 ro;
        DEV_SUSPEND 14 ro; DEV_CONN_DIS 13 ro; BUS_RESET 12 ro; VBUS_DETECT 11 ro; STALL 10 ro;
        ERROR_CRC 9 ro; ERROR_BIT_STUFF 8 ro; ERROR_RX_OVERFLOW 7 ro; ERROR_RX_TIMEOUT 6 ro; ERROR_DATA_SEQ 5 ro;
        BUFF_STATUS 4 ro; TRANS_COMPLETE 3 ro; HOST_SOF 2 ro; HOST_RESUME 1 ro; HOST_CONN_DIS 0 ro;
    }
}

/// The first words of the dual-port memory, 4.1.2.4.
pub mod setup {
    engine_core::registers! {
        /// Where the controller puts SETUP packets.
        pub Reg;
        SETUP_PACKET_LOW 0x00 = 0x0000_0000 { WVALUE 31:16 rw; BREQUEST 15:8 rw; BMREQUESTTYPE 7:0 rw; }
        SETUP_PACKET_HIGH 0x04 = 0x0000_0000 { WLENGTH 31:16 rw; WINDEX 15:0 rw; }
    }
}

/// Control words of endpoints 1 to 15, 4.1.2.5.2.
pub mod endpoint {
    engine_core::registers! {
        /// One pair for each endpoint.
        pub Reg;
        IN_CONTROL 0x00 = 0x0000_0000 {
            ENABLE 31 rw; DOUBLE_BUFFERED 30 rw; INTERRUPT_PER_BUFF 29 rw; INTERRUPT_PER_DOUBLE_BUFF 28 rw;
            ENDPOINT_TYPE 27:26 rw; INTERRUPT_ON_STALL 17 rw;
            INTERRUPT_ON_NAK 16 todo "tokens that are answered by NAK are not sent"; BUFFER_ADDRESS 15:0 rw;
        }
        OUT_CONTROL 0x04 = 0x0000_0000 {
            ENABLE 31 rw; DOUBLE_BUFFERED 30 rw; INTERRUPT_PER_BUFF 29 rw; INTERRUPT_PER_DOUBLE_BUFF 28 rw;
            ENDPOINT_TYPE 27:26 rw; INTERRUPT_ON_STALL 17 rw;
            INTERRUPT_ON_NAK 16 todo "tokens that are answered by NAK are not sent"; BUFFER_ADDRESS 15:0 rw;
        }
    }
}

/// Buffer control words of all endpoints, 4.1.2.5.3. The halves 31:16 and 15:0 belong to buffers 1 and 0.
pub mod buffer {
    engine_core::registers! {
        /// One pair for each endpoint.
        pub Reg;
        IN_BUFFER_CONTROL 0x00 = 0x0000_0000 {
            FULL_1 31 rw; LAST_1 30 rw; PID_1 29 rw; DOUBLE_BUFFER_ISO_OFFSET 28:27 rw; AVAILABLE_1 26 rw; LENGTH_1 25:16 rw;
            FULL_0 15 rw; LAST_0 14 rw; PID_0 13 rw; RESET 12 rw; STALL 11 rw; AVAILABLE_0 10 rw; LENGTH_0 9:0 rw;
        }
        OUT_BUFFER_CONTROL 0x04 = 0x0000_0000 {
            FULL_1 31 rw; LAST_1 30 rw; PID_1 29 rw; DOUBLE_BUFFER_ISO_OFFSET 28:27 rw; AVAILABLE_1 26 rw; LENGTH_1 25:16 rw;
            FULL_0 15 rw; LAST_0 14 rw; PID_0 13 rw; RESET 12 rw; STALL 11 rw; AVAILABLE_0 10 rw; LENGTH_0 9:0 rw;
        }
    }
}

/// Endpoints count from 1 here.
const fn endpoint(prefix: &'static str, number: u32) -> Group {
    Group { block: "USB_DPRAM", prefix, base: 8 * number, count: 1, step: 0, table: endpoint::Reg::TABLE }
}

/// All of it.
pub(super) const GROUPS: &[Group] = &[
    Group::one("USB", Reg::TABLE),
    Group::one("USB_DPRAM", setup::Reg::TABLE),
    endpoint("EP1_", 1),
    endpoint("EP2_", 2),
    endpoint("EP3_", 3),
    endpoint("EP4_", 4),
    endpoint("EP5_", 5),
    endpoint("EP6_", 6),
    endpoint("EP7_", 7),
    endpoint("EP8_", 8),
    endpoint("EP9_", 9),
    endpoint("EP10_", 10),
    endpoint("EP11_", 11),
    endpoint("EP12_", 12),
    endpoint("EP13_", 13),
    endpoint("EP14_", 14),
    endpoint("EP15_", 15),
    Group { block: "USB_DPRAM", prefix: "EP{}_", base: 0x80, count: 16, step: 8, table: buffer::Reg::TABLE },
];
