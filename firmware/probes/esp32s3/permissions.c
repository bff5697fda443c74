/* Permission control and the worlds, as far as a program sees them that is in the secure world and forbids itself nothing:
 * values from reset, storage, locks. ESP-IDF hal/memprot_ll.h, soc/sensitive_reg.h, soc/world_controller_reg.h. */
#include "probe.h"
#include "reg/system.h"

#define SENSITIVE(offset) REG(0x600c1000u + (offset))
#define CACHE_MMU_ACCESS_1 SENSITIVE(0x34)
#define EDMA_BOUNDARY_LOCK SENSITIVE(0x2a8)
#define EDMA_BOUNDARY_0 SENSITIVE(0x2ac)
#define EDMA_BOUNDARY_1 SENSITIVE(0x2b0)
#define EDMA_PMS_SPI2_LOCK SENSITIVE(0x2b8)
#define EDMA_PMS_SPI2 SENSITIVE(0x2bc)
#define EDMA_PMS_SPI3 SENSITIVE(0x2c4)
#define SENSITIVE_DATE SENSITIVE(0xffc)
#define WCL(core, offset) REG(0x600d0000u + 0x400u * (core) + (offset))
#define WCL_ENTRY_1(core) WCL(core, 0x00)
#define WCL_ENTRY_CHECK(core) WCL(core, 0x7c)
#define WCL_CURRENT(core) WCL(core, 0xfc)
#define WCL_WORLD_IRAM0(core) WCL(core, 0x150)
#define APB_CTRL_FLASH_ACE1_ADDR REG(0x6002603cu)
#define PERI_BACKUP_CONFIG REG(0x6002a000u)

static void probes(void) {
    probe(1, SENSITIVE_DATE);
    probe(2, CACHE_MMU_ACCESS_1);
    probe(3, EDMA_BOUNDARY_1);
    /* A group of registers, its lock, and that of its neighbour. */
    EDMA_BOUNDARY_0 = 0x123;
    probe(4, EDMA_BOUNDARY_0);
    EDMA_BOUNDARY_LOCK = 1;
    EDMA_BOUNDARY_0 = 0x456;
    EDMA_BOUNDARY_1 = 0x456;
    probe(5, EDMA_BOUNDARY_0);
    probe(6, EDMA_BOUNDARY_1);
    EDMA_BOUNDARY_LOCK = 0;
    probe(7, EDMA_BOUNDARY_LOCK);
    EDMA_PMS_SPI2_LOCK = 1;
    EDMA_PMS_SPI2 = 5;
    EDMA_PMS_SPI3 = 5;
    probe(8, EDMA_PMS_SPI2);
    probe(9, EDMA_PMS_SPI3);

    /* Each core has its world controller. */
    probe(10, WCL_ENTRY_CHECK(0));
    probe(11, WCL_CURRENT(0) | WCL_WORLD_IRAM0(0));
    WCL_ENTRY_1(0) = 0x40374000;
    probe(12, WCL_ENTRY_1(0));
    probe(13, WCL_ENTRY_1(1));
    probe(14, APB_CTRL_FLASH_ACE1_ADDR);
    set_bits(&SYSTEM_PERIP_CLK_EN1, SYSTEM_PERIP_CLK_EN1_PERI_BACKUP_CLK_EN);
    probe(15, PERI_BACKUP_CONFIG);
}
