//! The registers of LCD_CAM. ESP32-S3 TRM chapter "LCD and Camera Controller"; ESP-IDF `soc/lcd_cam_struct.h`.

engine_core::registers! {
    /// The block.
    pub Reg;
    LCD_CLOCK 0x000 = 0x0000_0000 { CLK_EN 31 rw; LCD_CLK_SEL 30:29 rw; LCD_CLKM_DIV_A 28:23 rw; LCD_CLKM_DIV_B 22:17 rw; LCD_CLKM_DIV_NUM 16:9 rw; LCD_CK_OUT_EDGE 8 rw; LCD_CK_IDLE_EDGE 7 rw; LCD_CLK_EQU_SYSCLK 6 rw; LCD_CLKCNT_N 5:0 rw; }
    CAM_CTRL 0x004 = 0x0000_0000 { CAM_CLK_SEL 30:29 todo "CAM_CLK is not put out"; CAM_CLKM_DIV_A 28:23 rw; CAM_CLKM_DIV_B 22:17 rw; CAM_CLKM_DIV_NUM 16:9 rw; CAM_VS_EOF_EN 8 rw; CAM_LINE_INT_EN 7 rw; CAM_BIT_ORDER 6 rw; CAM_BYTE_ORDER 5 rw; CAM_UPDATE 4 wo; CAM_VSYNC_FILTER_THRES 3:1 rw; CAM_STOP_EN 0 rw; }
    CAM_CTRL1 0x008 = 0x0000_0000 { CAM_AFIFO_RESET 31 wo; CAM_RESET 30 wo; CAM_START 29 rw; CAM_VH_DE_MODE_EN 28 rw; CAM_VSYNC_INV 27 rw; CAM_HSYNC_INV 26 rw; CAM_DE_INV 25 rw; CAM_2BYTE_EN 24 rw; CAM_VSYNC_FILTER_EN 23 rw; CAM_CLK_INV 22 rw; CAM_LINE_INT_NUM 21:16 rw; CAM_REC_DATA_BYTELEN 15:0 rw; }
    CAM_RGB_YUV 0x00C = 0x0000_0000 { CAM_CONV_BYPASS 31 todo "conversion of colours is not modelled"; CAM_CONV_TRANS_MODE 30 todo "conversion of colours is not modelled"; CAM_CONV_MODE_8BITS_ON 29 todo "conversion of colours is not modelled"; CAM_CONV_DATA_IN_MODE 28 todo "conversion of colours is not modelled"; CAM_CONV_DATA_OUT_MODE 27 todo "conversion of colours is not modelled"; CAM_CONV_PROTOCOL_MODE 26 todo "conversion of colours is not modelled"; CAM_CONV_YUV_MODE 25:24 todo "conversion of colours is not modelled"; CAM_CONV_YUV2YUV_MODE 23:22 todo "conversion of colours is not modelled"; CAM_CONV_8BITS_DATA_INV 21 todo "conversion of colours is not modelled"; }
    LCD_RGB_YUV 0x010 = 0x0000_0000 { LCD_CONV_BYPASS 31 todo "conversion of colours is not modelled"; LCD_CONV_TRANS_MODE 30 todo "conversion of colours is not modelled"; LCD_CONV_MODE_8BITS_ON 29 todo "conversion of colours is not modelled"; LCD_CONV_DATA_IN_MODE 28 todo "conversion of colours is not modelled"; LCD_CONV_DATA_OUT_MODE 27 todo "conversion of colours is not modelled"; LCD_CONV_PROTOCOL_MODE 26 todo "conversion of colours is not modelled"; LCD_CONV_YUV_MODE 25:24 todo "conversion of colours is not modelled"; LCD_CONV_YUV2YUV_MODE 23:22 todo "conversion of colours is not modelled"; LCD_CONV_8BITS_DATA_INV 20 todo "conversion of colours is not modelled"; }
    LCD_USER 0x014 = 0x0000_0000 { LCD_CMD_2_CYCLE_EN 31 rw; LCD_DUMMY_CYCLELEN 30:29 rw; LCD_RESET 28 wo; LCD_START 27 rw; LCD_CMD 26 rw; LCD_DUMMY 25 rw; LCD_DOUT 24 rw; LCD_2BYTE_EN 23 rw; LCD_BYTE_ORDER 22 rw; LCD_BIT_ORDER 21 rw; LCD_UPDATE 20 wo; LCD_8BITS_ORDER 19 rw; LCD_ALWAYS_OUT_EN 13 rw; LCD_DOUT_CYCLELEN 12:0 rw; }
    LCD_MISC 0x018 = 0x0000_0022 { LCD_CD_IDLE_EDGE 31 rw; LCD_CD_CMD_SET 30 rw; LCD_CD_DUMMY_SET 29 rw; LCD_CD_DATA_SET 28 rw; LCD_AFIFO_RESET 27 wo; LCD_BK_EN 26 rw; LCD_NEXT_FRAME_EN 25 rw; LCD_VBK_CYCLELEN 24:12 rw; LCD_VFK_CYCLELEN 11:6 rw; LCD_AFIFO_THRESHOLD_NUM 5:1 rw; }
    LCD_CTRL 0x01C = 0x0000_0000 { LCD_RGB_MODE_EN 31 rw; LCD_VT_HEIGHT 30:21 rw; LCD_VA_HEIGHT 20:11 rw; LCD_HB_FRONT 10:0 rw; }
    LCD_CTRL1 0x020 = 0x0000_0000 { LCD_HT_WIDTH 31:20 rw; LCD_HA_WIDTH 19:8 rw; LCD_VB_FRONT 7:0 rw; }
    LCD_CTRL2 0x024 = 0x0000_0000 { LCD_HSYNC_POSITION 31:24 rw; LCD_HSYNC_IDLE_POL 23 rw; LCD_HSYNC_WIDTH 22:16 rw; LCD_HS_BLANK_EN 9 rw; LCD_DE_IDLE_POL 8 rw; LCD_VSYNC_IDLE_POL 7 rw; LCD_VSYNC_WIDTH 6:0 rw; }
    LCD_CMD_VAL 0x028 = 0x0000_0000 { LCD_CMD_VALUE 31:0 rw; }
    LCD_DLY_MODE 0x030 = 0x0000_0000 { LCD_VSYNC_MODE 7:6 rw; LCD_HSYNC_MODE 5:4 rw; LCD_DE_MODE 3:2 rw; LCD_CD_MODE 1:0 rw; }
    LCD_DATA_DOUT_MODE 0x038 = 0x0000_0000 { DOUT15_MODE 31:30 rw; DOUT14_MODE 29:28 rw; DOUT13_MODE 27:26 rw; DOUT12_MODE 25:24 rw; DOUT11_MODE 23:22 rw; DOUT10_MODE 21:20 rw; DOUT9_MODE 19:18 rw; DOUT8_MODE 17:16 rw; DOUT7_MODE 15:14 rw; DOUT6_MODE 13:12 rw; DOUT5_MODE 11:10 rw; DOUT4_MODE 9:8 rw; DOUT3_MODE 7:6 rw; DOUT2_MODE 5:4 rw; DOUT1_MODE 3:2 rw; DOUT0_MODE 1:0 rw; }
    LC_DMA_INT_ENA 0x064 = 0x0000_0000 { CAM_HS_INT_ENA 3 rw; CAM_VSYNC_INT_ENA 2 rw; LCD_TRANS_DONE_INT_ENA 1 rw; LCD_VSYNC_INT_ENA 0 rw; }
    LC_DMA_INT_RAW 0x068 = 0x0000_0000 { CAM_HS_INT_RAW 3 ro; CAM_VSYNC_INT_RAW 2 ro; LCD_TRANS_DONE_INT_RAW 1 ro; LCD_VSYNC_INT_RAW 0 ro; }
    LC_DMA_INT_ST 0x06C = 0x0000_0000 { CAM_HS_INT_ST 3 ro; CAM_VSYNC_INT_ST 2 ro; LCD_TRANS_DONE_INT_ST 1 ro; LCD_VSYNC_INT_ST 0 ro; }
    LC_DMA_INT_CLR 0x070 = 0x0000_0000 { CAM_HS_INT_CLR 3 wo; CAM_VSYNC_INT_CLR 2 wo; LCD_TRANS_DONE_INT_CLR 1 wo; LCD_VSYNC_INT_CLR 0 wo; }
    LC_REG_DATE 0x0FC = 0x0200_3020 { LC_DATE 27:0 rw; }
}
