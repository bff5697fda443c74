//! APB_CTRL (SYSCON): clock outputs, Wi-Fi clock and reset gates, the flash and PSRAM windows' permissions, memory power.
//! ESP32-S3 TRM chapters 7 and 15; ESP-IDF `soc/syscon_reg.h`.
//!
//! # Fidelity
//! - Storage: none of the clocks, permissions and power switches here has an effect, but for the permission of the cache to
//!   write to flash, of the secure world.

use crate::storage::{Storage, Stored};
use engine_core::registers::{Group, Registers};

/// The block.
pub type ApbCtrl = Storage<Reg>;

impl ApbCtrl {
    /// May the cache write to this place of the flash chip? FLASH_ACEn_ATTR bit 2: writes of the secure world (ESP-IDF
    /// `hal/mspi_ll.h`). Regions that overlap: the first counts.
    pub fn lets_write_flash(&self, place: u32) -> bool {
        const REGIONS: [(Reg, Reg, Reg); 4] = [
            (Reg::FLASH_ACE0_ATTR, Reg::FLASH_ACE0_ADDR, Reg::FLASH_ACE0_SIZE),
            (Reg::FLASH_ACE1_ATTR, Reg::FLASH_ACE1_ADDR, Reg::FLASH_ACE1_SIZE),
            (Reg::FLASH_ACE2_ATTR, Reg::FLASH_ACE2_ADDR, Reg::FLASH_ACE2_SIZE),
            (Reg::FLASH_ACE3_ATTR, Reg::FLASH_ACE3_ADDR, Reg::FLASH_ACE3_SIZE),
        ];
        const PAGE: u64 = 64 * 1024;
        let holds = |(_, start, pages): &&(Reg, Reg, Reg)| {
            let start = u64::from(self.get(*start));
            (start..start + u64::from(self.get(*pages)) * PAGE).contains(&u64::from(place))
        };
        REGIONS.iter().find(holds).is_none_or(|(attributes, ..)| self.get(*attributes) >> 2 & 1 != 0)
    }
}

engine_core::registers! {
    /// Base address 0x6002_6000.
    pub Reg;
    SYSCLK_CONF 0x000 = 0x0000_0001 { RST_TICK_CNT 12 rw; CLK_EN 11 rw; CLK_320M_EN 10 rw; PRE_DIV_CNT 9:0 rw; }
    TICK_CONF 0x004 = 0x0001_0727 { TICK_ENABLE 16 rw; CK8M_TICK_NUM 15:8 rw; XTAL_TICK_NUM 7:0 rw; }
    CLK_OUT_EN 0x008 = 0x0000_07FF {
        CLK_XTAL_OEN 10 rw; CLK40X_BB_OEN 9 rw; CLK_DAC_CPU_OEN 8 rw; CLK_ADC_INF_OEN 7 rw; CLK_320M_OEN 6 rw;
        CLK160_OEN 5 rw; CLK80_OEN 4 rw; CLK_BB_OEN 3 rw; CLK44_OEN 2 rw; CLK22_OEN 1 rw; CLK20_OEN 0 rw;
    }
    WIFI_BB_CFG 0x00C = 0x0000_0000 { WIFI_BB_CFG 31:0 rw; }
    WIFI_BB_CFG_2 0x010 = 0x0000_0000 { WIFI_BB_CFG_2 31:0 rw; }
    WIFI_CLK_EN 0x014 = 0xFFFC_E030 { WIFI_CLK_EN 31:0 rw; }
    WIFI_RST_EN 0x018 = 0x0000_0000 { WIFI_RST 31:0 rw; }
    HOST_INF_SEL 0x01C = 0x0000_0000 { PERI_IO_SWAP 7:0 rw; }
    EXT_MEM_PMS_LOCK 0x020 = 0x0000_0000 { EXT_MEM_PMS_LOCK 0 rw; }
    EXT_MEM_WRITEBACK_BYPASS 0x024 = 0x0000_0000 { WRITEBACK_BYPASS 0 rw; }
    FLASH_ACE0_ATTR 0x028 = 0x0000_00FF { FLASH_ACE0_ATTR 8:0 rw; }
    FLASH_ACE1_ATTR 0x02C = 0x0000_00FF { FLASH_ACE1_ATTR 8:0 rw; }
    FLASH_ACE2_ATTR 0x030 = 0x0000_00FF { FLASH_ACE2_ATTR 8:0 rw; }
    FLASH_ACE3_ATTR 0x034 = 0x0000_00FF { FLASH_ACE3_ATTR 8:0 rw; }
    FLASH_ACE0_ADDR 0x038 = 0x0000_0000 { S 31:0 rw; }
    FLASH_ACE1_ADDR 0x03C = 0x1000_0000 { S 31:0 rw; }
    FLASH_ACE2_ADDR 0x040 = 0x2000_0000 { S 31:0 rw; }
    FLASH_ACE3_ADDR 0x044 = 0x3000_0000 { S 31:0 rw; }
    FLASH_ACE0_SIZE 0x048 = 0x0000_1000 { FLASH_ACE0_SIZE 15:0 rw; }
    FLASH_ACE1_SIZE 0x04C = 0x0000_1000 { FLASH_ACE1_SIZE 15:0 rw; }
    FLASH_ACE2_SIZE 0x050 = 0x0000_1000 { FLASH_ACE2_SIZE 15:0 rw; }
    FLASH_ACE3_SIZE 0x054 = 0x0000_1000 { FLASH_ACE3_SIZE 15:0 rw; }
    SRAM_ACE0_ATTR 0x058 = 0x0000_00FF { SRAM_ACE0_ATTR 8:0 rw; }
    SRAM_ACE1_ATTR 0x05C = 0x0000_00FF { SRAM_ACE1_ATTR 8:0 rw; }
    SRAM_ACE2_ATTR 0x060 = 0x0000_00FF { SRAM_ACE2_ATTR 8:0 rw; }
    SRAM_ACE3_ATTR 0x064 = 0x0000_00FF { SRAM_ACE3_ATTR 8:0 rw; }
    SRAM_ACE0_ADDR 0x068 = 0x0000_0000 { S 31:0 rw; }
    SRAM_ACE1_ADDR 0x06C = 0x1000_0000 { S 31:0 rw; }
    SRAM_ACE2_ADDR 0x070 = 0x2000_0000 { S 31:0 rw; }
    SRAM_ACE3_ADDR 0x074 = 0x3000_0000 { S 31:0 rw; }
    SRAM_ACE0_SIZE 0x078 = 0x0000_1000 { SRAM_ACE0_SIZE 15:0 rw; }
    SRAM_ACE1_SIZE 0x07C = 0x0000_1000 { SRAM_ACE1_SIZE 15:0 rw; }
    SRAM_ACE2_SIZE 0x080 = 0x0000_1000 { SRAM_ACE2_SIZE 15:0 rw; }
    SRAM_ACE3_SIZE 0x084 = 0x0000_1000 { SRAM_ACE3_SIZE 15:0 rw; }
    SPI_MEM_PMS_CTRL 0x088 = 0x0000_0000 {
        SPI_MEM_REJECT_CDE 6:2 ro; SPI_MEM_REJECT_CLR 1 wo; SPI_MEM_REJECT_INT 0 ro;
    }
    SPI_MEM_REJECT_ADDR 0x08C = 0x0000_0000 { SPI_MEM_REJECT_ADDR 31:0 ro; }
    SDIO_CTRL 0x090 = 0x0000_0000 { SDIO_WIN_ACCESS_EN 0 rw; }
    REDCY_SIG0 0x094 = 0x0000_0000 { REDCY_ANDOR 31 ro; REDCY_SIG0 30:0 rw; }
    REDCY_SIG1 0x098 = 0x0000_0000 { REDCY_NANDOR 31 ro; REDCY_SIG1 30:0 rw; }
    FRONT_END_MEM_PD 0x09C = 0x0000_0055 {
        FREQ_MEM_FORCE_PD 7 rw; FREQ_MEM_FORCE_PU 6 rw; DC_MEM_FORCE_PD 5 rw; DC_MEM_FORCE_PU 4 rw;
        PBUS_MEM_FORCE_PD 3 rw; PBUS_MEM_FORCE_PU 2 rw; AGC_MEM_FORCE_PD 1 rw; AGC_MEM_FORCE_PU 0 rw;
    }
    SPI_MEM_ECC_CTRL 0x0A0 = 0x0020_0000 { SRAM_PAGE_SIZE 21:20 rw; FLASH_PAGE_SIZE 19:18 rw; }
    CLKGATE_FORCE_ON 0x0A8 = 0x0000_3FFF { SRAM_CLKGATE_FORCE_ON 13:3 rw; ROM_CLKGATE_FORCE_ON 2:0 rw; }
    MEM_POWER_DOWN 0x0AC = 0x0000_0000 { SRAM_POWER_DOWN 13:3 rw; ROM_POWER_DOWN 2:0 rw; }
    MEM_POWER_UP 0x0B0 = 0x0000_3FFF { SRAM_POWER_UP 13:3 rw; ROM_POWER_UP 2:0 rw; }
    RETENTION_CTRL 0x0B4 = 0x0000_0000 { NOBYPASS_CPU_ISO_RST 27 rw; RETENTION_CPU_LINK_ADDR 26:0 rw; }
    RETENTION_CTRL1 0x0B8 = 0x0000_0000 { RETENTION_TAG_LINK_ADDR 26:0 rw; }
    RETENTION_CTRL2 0x0BC = 0x001F_EFF0 {
        RET_ICACHE_ENABLE 31 rw; RET_ICACHE_START_POINT 29:22 rw; RET_ICACHE_VLD_SIZE 20:13 rw; RET_ICACHE_SIZE 11:4 rw;
    }
    RETENTION_CTRL3 0x0C0 = 0x003F_FFF0 {
        RET_DCACHE_ENABLE 31 rw; RET_DCACHE_START_POINT 30:22 rw; RET_DCACHE_VLD_SIZE 21:13 rw; RET_DCACHE_SIZE 12:4 rw;
    }
    RETENTION_CTRL4 0x0C4 = 0xFFFF_FFFF { RETENTION_INV_CFG 31:0 rw; }
    RETENTION_CTRL5 0x0C8 = 0x0000_0000 { RETENTION_DISABLE 0 rw; }
    DATE 0x3FC = 0x0210_1150 { DATE 31:0 rw; }
}

impl Stored for Reg {
    const GROUPS: &'static [Group] = &[Group::one("APB_CTRL", Reg::TABLE)];
}
