//! RTC_I2C: the I2C controller of the ULP coprocessor. ESP32-S3 TRM chapter 1 (ULP Coprocessor); ESP-IDF `soc/rtc_i2c_reg.h`.
//!
//! # Fidelity
//! - Registers are storage. Missing: everything else; what would start or enable it is counted.

use crate::block::{undeclared, Block};
use crate::fabric::Fabric;
use engine_core::registers::{Bank, Group, Registers, Write};
use serde::{Deserialize, Serialize};

engine_core::registers! {
    /// Base address 0x6000_8C00.
    pub Reg;
    SCL_LOW 0x000 = 0x0000_0100 { PERIOD 19:0 rw; }
    CTRL 0x004 = 0x0000_0000 {
        I2CCLK_EN 31 todo "the RTC I2C controller"; I2C_RESET 30 todo "the RTC I2C controller";
        I2C_CTRL_CLK_GATE_EN 29 todo "the RTC I2C controller"; RX_LSB_FIRST 5 todo "the RTC I2C controller";
        TX_LSB_FIRST 4 todo "the RTC I2C controller"; TRANS_START 3 todo "the RTC I2C controller";
        MS_MODE 2 todo "the RTC I2C controller"; SCL_FORCE_OUT 1 todo "the RTC I2C controller";
        SDA_FORCE_OUT 0 todo "the RTC I2C controller";
    }
    STATUS 0x008 = 0x0000_0000 {
        SCL_STATE_LAST 30:28 ro; SCL_MAIN_STATE_LAST 26:24 ro; SHIFT 23:16 ro; OP_CNT 7:6 ro; BYTE_TRANS 5 ro;
        SLAVE_ADDRESSED 4 ro; BUS_BUSY 3 ro; ARB_LOST 2 ro; SLAVE_RW 1 ro; ACK_REC 0 ro;
    }
    TO 0x00C = 0x0001_0000 { TIME_OUT 19:0 rw; }
    SLAVE_ADDR 0x010 = 0x0000_0000 {
        ADDR_10BIT_EN 31 todo "the RTC I2C controller"; SLAVE_ADDR 14:0 todo "the RTC I2C controller";
    }
    SCL_HIGH 0x014 = 0x0000_0100 { PERIOD 19:0 rw; }
    SDA_DUTY 0x018 = 0x0000_0010 { NUM 19:0 rw; }
    SCL_START_PERIOD 0x01C = 0x0000_0008 { SCL_START_PERIOD 19:0 rw; }
    SCL_STOP_PERIOD 0x020 = 0x0000_0008 { SCL_STOP_PERIOD 19:0 rw; }
    INT_CLR 0x024 = 0x0000_0000 {
        DETECT_START_INT_CLR 8 wo; TX_DATA_INT_CLR 7 wo; RX_DATA_INT_CLR 6 wo; ACK_ERR_INT_CLR 5 wo;
        TIME_OUT_INT_CLR 4 wo; TRANS_COMPLETE_INT_CLR 3 wo; MASTER_TRAN_COMP_INT_CLR 2 wo;
        ARBITRATION_LOST_INT_CLR 1 wo; SLAVE_TRAN_COMP_INT_CLR 0 wo;
    }
    INT_RAW 0x028 = 0x0000_0000 {
        DETECT_START_INT_RAW 8 ro; TX_DATA_INT_RAW 7 ro; RX_DATA_INT_RAW 6 ro; ACK_ERR_INT_RAW 5 ro;
        TIME_OUT_INT_RAW 4 ro; TRANS_COMPLETE_INT_RAW 3 ro; MASTER_TRAN_COMP_INT_RAW 2 ro;
        ARBITRATION_LOST_INT_RAW 1 ro; SLAVE_TRAN_COMP_INT_RAW 0 ro;
    }
    INT_ST 0x02C = 0x0000_0000 {
        DETECT_START_INT_ST 8 ro; TX_DATA_INT_ST 7 ro; RX_DATA_INT_ST 6 ro; ACK_ERR_INT_ST 5 ro; TIME_OUT_INT_ST 4 ro;
        TRANS_COMPLETE_INT_ST 3 ro; MASTER_TRAN_COMP_INT_ST 2 ro; ARBITRATION_LOST_INT_ST 1 ro;
        SLAVE_TRAN_COMP_INT_ST 0 ro;
    }
    INT_ENA 0x030 = 0x0000_0000 {
        DETECT_START_INT_ENA 8 todo "the RTC I2C controller"; TX_DATA_INT_ENA 7 todo "the RTC I2C controller";
        RX_DATA_INT_ENA 6 todo "the RTC I2C controller"; ACK_ERR_INT_ENA 5 todo "the RTC I2C controller";
        TIME_OUT_INT_ENA 4 todo "the RTC I2C controller"; TRANS_COMPLETE_INT_ENA 3 todo "the RTC I2C controller";
        MASTER_TRAN_COMP_INT_ENA 2 todo "the RTC I2C controller";
        ARBITRATION_LOST_INT_ENA 1 todo "the RTC I2C controller";
        SLAVE_TRAN_COMP_INT_ENA 0 todo "the RTC I2C controller";
    }
    DATA 0x034 = 0x0000_0000 { I2C_DONE 31 ro; SLAVE_TX_DATA 15:8 todo "the RTC I2C controller"; I2C_RDATA 7:0 ro; }
    CMD0 0x038 = 0x0000_0903 { COMMAND0_DONE 31 ro; COMMAND0 13:0 rw; }
    CMD1 0x03C = 0x0000_1901 { COMMAND1_DONE 31 ro; COMMAND1 13:0 rw; }
    CMD2 0x040 = 0x0000_0902 { COMMAND2_DONE 31 ro; COMMAND2 13:0 rw; }
    CMD3 0x044 = 0x0000_0101 { COMMAND3_DONE 31 ro; COMMAND3 13:0 rw; }
    CMD4 0x048 = 0x0000_0901 { COMMAND4_DONE 31 ro; COMMAND4 13:0 rw; }
    CMD5 0x04C = 0x0000_1701 { COMMAND5_DONE 31 ro; COMMAND5 13:0 rw; }
    CMD6 0x050 = 0x0000_1901 { COMMAND6_DONE 31 ro; COMMAND6 13:0 rw; }
    CMD7 0x054 = 0x0000_0904 { COMMAND7_DONE 31 ro; COMMAND7 13:0 rw; }
    CMD8 0x058 = 0x0000_1901 { COMMAND8_DONE 31 ro; COMMAND8 13:0 rw; }
    CMD9 0x05C = 0x0000_0903 { COMMAND9_DONE 31 ro; COMMAND9 13:0 rw; }
    CMD10 0x060 = 0x0000_0101 { COMMAND10_DONE 31 ro; COMMAND10 13:0 rw; }
    CMD11 0x064 = 0x0000_0901 { COMMAND11_DONE 31 ro; COMMAND11 13:0 rw; }
    CMD12 0x068 = 0x0000_1701 { COMMAND12_DONE 31 ro; COMMAND12 13:0 rw; }
    CMD13 0x06C = 0x0000_1901 { COMMAND13_DONE 31 ro; COMMAND13 13:0 rw; }
    CMD14 0x070 = 0x0000_0000 { COMMAND14_DONE 31 ro; COMMAND14 13:0 rw; }
    CMD15 0x074 = 0x0000_0000 { COMMAND15_DONE 31 ro; COMMAND15 13:0 rw; }
    DATE 0x0FC = 0x0190_5310 { I2C_DATE 27:0 rw; }
}

/// The block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RtcI2c {
    regs: Bank<Reg>,
}

impl RtcI2c {
    /// After power-on.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self { regs: Bank::new() }
    }
}

impl Block for RtcI2c {
    const GROUPS: &'static [Group] = &[Group::one("RTC_I2C", Reg::TABLE)];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        if Reg::at(offset).is_none() {
            undeclared("RTC_I2C", offset, fabric);
        }
        self.peek(offset, fabric)
    }

    fn peek(&mut self, offset: u32, _fabric: &mut Fabric) -> u32 {
        Reg::at(offset).map_or(0, |register| self.regs.load(register))
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        match Reg::at(offset) {
            Some(register) => self.regs.store(register, write, "RTC_I2C", &mut fabric.gaps),
            None => {
                undeclared("RTC_I2C", offset, fabric);
            }
        }
    }

    fn reset(&mut self, _fabric: &mut Fabric) {
        *self = Self::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ESP-IDF `soc/rtc_i2c_reg.h`: RTC_I2C_TRANS_START is bit 3 of CTRL.
    #[test]
    fn a_transfer_that_nobody_carries_out_is_counted() {
        let (mut i2c, mut fabric) = (RtcI2c::new(), Fabric::new());
        i2c.write(0x04, Write::word(1 << 3), &mut fabric);
        assert_eq!(fabric.gaps.all()["RTC_I2C.CTRL.TRANS_START"].count, 1);
    }
}
