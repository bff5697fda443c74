//! The registers of I2S0 and I2S1. ESP-IDF `soc/i2s_reg.h`. I2S1 lacks what concerns PDM data.

engine_core::registers! {
    /// One controller.
    pub Reg;
    INT_RAW 0x00C = 0x0000_0000 { TX_HUNG_INT_RAW 3 ro; RX_HUNG_INT_RAW 2 ro; TX_DONE_INT_RAW 1 ro; RX_DONE_INT_RAW 0 ro; }
    INT_ST 0x010 = 0x0000_0000 { TX_HUNG_INT_ST 3 ro; RX_HUNG_INT_ST 2 ro; TX_DONE_INT_ST 1 ro; RX_DONE_INT_ST 0 ro; }
    INT_ENA 0x014 = 0x0000_0000 { TX_HUNG_INT_ENA 3 rw; RX_HUNG_INT_ENA 2 rw; TX_DONE_INT_ENA 1 rw; RX_DONE_INT_ENA 0 rw; }
    INT_CLR 0x018 = 0x0000_0000 { TX_HUNG_INT_CLR 3 wo; RX_HUNG_INT_CLR 2 wo; TX_DONE_INT_CLR 1 wo; RX_DONE_INT_CLR 0 wo; }
    RX_CONF 0x020 = 0x0000_9600 { RX_PDM_SINC_DSR_16_EN 22 rw; RX_PDM2PCM_EN 21 rw; RX_PDM_EN 20 rw; RX_TDM_EN 19 rw; RX_BIT_ORDER 18 rw; RX_WS_IDLE_POL 17 rw; RX_24_FILL_EN 16 todo "samples of 24 bits take 3 bytes of memory"; RX_LEFT_ALIGN 15 rw; RX_STOP_MODE 14:13 rw; RX_PCM_BYPASS 12 todo "A-law and u-law are not modelled"; RX_PCM_CONF 11:10 todo "A-law and u-law are not modelled"; RX_MONO_FST_VLD 9 rw; RX_UPDATE 8 rw; RX_BIG_ENDIAN 7 rw; RX_MONO 5 rw; RX_SLAVE_MOD 3 rw; RX_START 2 rw; RX_FIFO_RESET 1 wo; RX_RESET 0 wo; }
    TX_CONF 0x024 = 0x0000_B200 { SIG_LOOPBACK 27 rw; TX_CHAN_MOD 26:24 todo "the slots of PDM TX follow TX_MONO"; TX_PDM_EN 20 rw; TX_TDM_EN 19 rw; TX_BIT_ORDER 18 rw; TX_WS_IDLE_POL 17 rw; TX_24_FILL_EN 16 todo "samples of 24 bits take 3 bytes of memory"; TX_LEFT_ALIGN 15 rw; TX_STOP_EN 13 rw; TX_PCM_BYPASS 12 todo "A-law and u-law are not modelled"; TX_PCM_CONF 11:10 todo "A-law and u-law are not modelled"; TX_MONO_FST_VLD 9 rw; TX_UPDATE 8 rw; TX_BIG_ENDIAN 7 rw; TX_CHAN_EQUAL 6 rw; TX_MONO 5 rw; TX_SLAVE_MOD 3 rw; TX_START 2 rw; TX_FIFO_RESET 1 wo; TX_RESET 0 wo; }
    RX_CONF1 0x028 = 0x2F3D_E300 { RX_MSB_SHIFT 29 rw; RX_TDM_CHAN_BITS 28:24 rw; RX_HALF_SAMPLE_BITS 23:18 rw; RX_BITS_MOD 17:13 rw; RX_BCK_DIV_NUM 12:7 rw; RX_TDM_WS_WIDTH 6:0 rw; }
    TX_CONF1 0x02C = 0x6F3D_E300 { TX_BCK_NO_DLY 30 todo "the bit clock is not delayed"; TX_MSB_SHIFT 29 rw; TX_TDM_CHAN_BITS 28:24 rw; TX_HALF_SAMPLE_BITS 23:18 rw; TX_BITS_MOD 17:13 rw; TX_BCK_DIV_NUM 12:7 rw; TX_TDM_WS_WIDTH 6:0 rw; }
    RX_CLKM_CONF 0x030 = 0x0000_0002 { MCLK_SEL 29 rw; RX_CLK_SEL 28:27 rw; RX_CLK_ACTIVE 26 rw; RX_CLKM_DIV_NUM 7:0 rw; }
    TX_CLKM_CONF 0x034 = 0x0000_0002 { CLK_EN 29 rw; TX_CLK_SEL 28:27 rw; TX_CLK_ACTIVE 26 rw; TX_CLKM_DIV_NUM 7:0 rw; }
    RX_CLKM_DIV_CONF 0x038 = 0x0000_0200 { RX_CLKM_DIV_YN1 27 rw; RX_CLKM_DIV_X 26:18 rw; RX_CLKM_DIV_Y 17:9 rw; RX_CLKM_DIV_Z 8:0 rw; }
    TX_CLKM_DIV_CONF 0x03C = 0x0000_0200 { TX_CLKM_DIV_YN1 27 rw; TX_CLKM_DIV_X 26:18 rw; TX_CLKM_DIV_Y 17:9 rw; TX_CLKM_DIV_Z 8:0 rw; }
    TX_PCM2PDM_CONF 0x040 = 0x004A_A004 { PCM2PDM_CONV_EN 25 rw; TX_PDM_DAC_MODE_EN 24 rw; TX_PDM_DAC_2OUT_EN 23 rw; TX_PDM_SIGMADELTA_DITHER 22 todo "the modulator does not dither"; TX_PDM_SIGMADELTA_DITHER2 21 todo "the modulator does not dither"; TX_PDM_SIGMADELTA_IN_SHIFT 20:19 rw; TX_PDM_SINC_IN_SHIFT 18:17 rw; TX_PDM_LP_IN_SHIFT 16:15 rw; TX_PDM_HP_IN_SHIFT 14:13 rw; TX_PDM_PRESCALE 12:5 todo "PDM TX has no prescaler"; TX_PDM_SINC_OSR2 4:1 rw; TX_PDM_HP_BYPASS 0 todo "PDM TX has no high-pass filter"; }
    TX_PCM2PDM_CONF1 0x044 = 0x03F7_83C0 { TX_IIR_HP_MULT12_0 25:23 todo "PDM TX has no high-pass filter"; TX_IIR_HP_MULT12_5 22:20 todo "PDM TX has no high-pass filter"; TX_PDM_FS 19:10 rw; TX_PDM_FP 9:0 rw; }
    RX_TDM_CTRL 0x050 = 0x0000_FFFF { RX_TDM_TOT_CHAN_NUM 19:16 rw; RX_TDM_CHAN15_EN 15 rw; RX_TDM_CHAN14_EN 14 rw; RX_TDM_CHAN13_EN 13 rw; RX_TDM_CHAN12_EN 12 rw; RX_TDM_CHAN11_EN 11 rw; RX_TDM_CHAN10_EN 10 rw; RX_TDM_CHAN9_EN 9 rw; RX_TDM_CHAN8_EN 8 rw; RX_TDM_PDM_CHAN7_EN 7 rw; RX_TDM_PDM_CHAN6_EN 6 rw; RX_TDM_PDM_CHAN5_EN 5 rw; RX_TDM_PDM_CHAN4_EN 4 rw; RX_TDM_PDM_CHAN3_EN 3 rw; RX_TDM_PDM_CHAN2_EN 2 rw; RX_TDM_PDM_CHAN1_EN 1 rw; RX_TDM_PDM_CHAN0_EN 0 rw; }
    TX_TDM_CTRL 0x054 = 0x0000_FFFF { TX_TDM_SKIP_MSK_EN 20 rw; TX_TDM_TOT_CHAN_NUM 19:16 rw; TX_TDM_CHAN15_EN 15 rw; TX_TDM_CHAN14_EN 14 rw; TX_TDM_CHAN13_EN 13 rw; TX_TDM_CHAN12_EN 12 rw; TX_TDM_CHAN11_EN 11 rw; TX_TDM_CHAN10_EN 10 rw; TX_TDM_CHAN9_EN 9 rw; TX_TDM_CHAN8_EN 8 rw; TX_TDM_CHAN7_EN 7 rw; TX_TDM_CHAN6_EN 6 rw; TX_TDM_CHAN5_EN 5 rw; TX_TDM_CHAN4_EN 4 rw; TX_TDM_CHAN3_EN 3 rw; TX_TDM_CHAN2_EN 2 rw; TX_TDM_CHAN1_EN 1 rw; TX_TDM_CHAN0_EN 0 rw; }
    RX_TIMING 0x058 = 0x0000_0000 { RX_BCK_IN_DM 29:28 todo "lines are not delayed"; RX_WS_IN_DM 25:24 todo "lines are not delayed"; RX_BCK_OUT_DM 21:20 todo "lines are not delayed"; RX_WS_OUT_DM 17:16 todo "lines are not delayed"; RX_SD3_IN_DM 13:12 todo "lines are not delayed"; RX_SD2_IN_DM 9:8 todo "lines are not delayed"; RX_SD1_IN_DM 5:4 todo "lines are not delayed"; RX_SD_IN_DM 1:0 todo "lines are not delayed"; }
    TX_TIMING 0x05C = 0x0000_0000 { TX_BCK_IN_DM 29:28 todo "lines are not delayed"; TX_WS_IN_DM 25:24 todo "lines are not delayed"; TX_BCK_OUT_DM 21:20 todo "lines are not delayed"; TX_WS_OUT_DM 17:16 todo "lines are not delayed"; TX_SD1_OUT_DM 5:4 todo "lines are not delayed"; TX_SD_OUT_DM 1:0 todo "lines are not delayed"; }
    LC_HUNG_CONF 0x060 = 0x0000_0810 { LC_FIFO_TIMEOUT_ENA 11 rw; LC_FIFO_TIMEOUT_SHIFT 10:8 rw; LC_FIFO_TIMEOUT 7:0 rw; }
    RXEOF_NUM 0x064 = 0x0000_0040 { RX_EOF_NUM 11:0 rw; }
    CONF_SIGLE_DATA 0x068 = 0x0000_0000 { SINGLE_DATA 31:0 rw; }
    STATE 0x06C = 0x0000_0001 { TX_IDLE 0 ro; }
    DATE 0x080 = 0x0200_9070 { DATE 27:0 rw; }
}
