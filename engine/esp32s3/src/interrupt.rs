//! Interrupt matrix. ESP32-S3 TRM chapter 9: each of the 99 sources goes to one of the 32 lines of each processor.
//!
//! # Fidelity
//! - Routing and the status registers: exact. A source mapped to a line that the processor keeps for its own timers and
//!   software interrupts (6, 7, 11, 15, 16, 29) goes nowhere, as on silicon (TRM 9.3.3.1).
//! - CLOCK_GATE is stored; the matrix never stops.

use crate::block::{undeclared, Block};
use crate::fabric::Fabric;
use crate::sources::SOURCES;
use engine_core::registers::{Bank, Group, Registers, Write};
use serde::{Deserialize, Serialize};

engine_core::registers! {
    /// The registers for one processor, TRM 9.4.
    pub Reg;
    PRO_MAC_INTR_MAP 0x000 = 0x0000_0010 { MAC_INTR_MAP 4:0 rw; }
    MAC_NMI_MAP 0x004 = 0x0000_0010 { MAC_NMI_MAP 4:0 rw; }
    PWR_INTR_MAP 0x008 = 0x0000_0010 { PWR_INTR_MAP 4:0 rw; }
    BB_INT_MAP 0x00C = 0x0000_0010 { BB_INT_MAP 4:0 rw; }
    BT_MAC_INT_MAP 0x010 = 0x0000_0010 { BT_MAC_INT_MAP 4:0 rw; }
    BT_BB_INT_MAP 0x014 = 0x0000_0010 { BT_BB_INT_MAP 4:0 rw; }
    BT_BB_NMI_MAP 0x018 = 0x0000_0010 { BT_BB_NMI_MAP 4:0 rw; }
    RWBT_IRQ_MAP 0x01C = 0x0000_0010 { RWBT_IRQ_MAP 4:0 rw; }
    RWBLE_IRQ_MAP 0x020 = 0x0000_0010 { RWBLE_IRQ_MAP 4:0 rw; }
    RWBT_NMI_MAP 0x024 = 0x0000_0010 { RWBT_NMI_MAP 4:0 rw; }
    RWBLE_NMI_MAP 0x028 = 0x0000_0010 { RWBLE_NMI_MAP 4:0 rw; }
    I2C_MST_INT_MAP 0x02C = 0x0000_0010 { I2C_MST_INT_MAP 4:0 rw; }
    SLC0_INTR_MAP 0x030 = 0x0000_0010 { SLC0_INTR_MAP 4:0 rw; }
    SLC1_INTR_MAP 0x034 = 0x0000_0010 { SLC1_INTR_MAP 4:0 rw; }
    UHCI0_INTR_MAP 0x038 = 0x0000_0010 { UHCI0_INTR_MAP 4:0 rw; }
    UHCI1_INTR_MAP 0x03C = 0x0000_0010 { UHCI1_INTR_MAP 4:0 rw; }
    GPIO_INTERRUPT_PRO_MAP 0x040 = 0x0000_0010 { GPIO_INTERRUPT_PRO_MAP 4:0 rw; }
    GPIO_INTERRUPT_PRO_NMI_MAP 0x044 = 0x0000_0010 { GPIO_INTERRUPT_PRO_NMI_MAP 4:0 rw; }
    GPIO_INTERRUPT_APP_MAP 0x048 = 0x0000_0010 { GPIO_INTERRUPT_APP_MAP 4:0 rw; }
    GPIO_INTERRUPT_APP_NMI_MAP 0x04C = 0x0000_0010 { GPIO_INTERRUPT_APP_NMI_MAP 4:0 rw; }
    SPI_INTR_1_MAP 0x050 = 0x0000_0010 { SPI_INTR_1_MAP 4:0 rw; }
    SPI_INTR_2_MAP 0x054 = 0x0000_0010 { SPI_INTR_2_MAP 4:0 rw; }
    SPI_INTR_3_MAP 0x058 = 0x0000_0010 { SPI_INTR_3_MAP 4:0 rw; }
    SPI_INTR_4_MAP 0x05C = 0x0000_0010 { SPI_INTR_4_MAP 4:0 rw; }
    LCD_CAM_INT_MAP 0x060 = 0x0000_0010 { LCD_CAM_INT_MAP 4:0 rw; }
    I2S0_INT_MAP 0x064 = 0x0000_0010 { I2S0_INT_MAP 4:0 rw; }
    I2S1_INT_MAP 0x068 = 0x0000_0010 { I2S1_INT_MAP 4:0 rw; }
    UART_INTR_MAP 0x06C = 0x0000_0010 { UART_INTR_MAP 4:0 rw; }
    UART1_INTR_MAP 0x070 = 0x0000_0010 { UART1_INTR_MAP 4:0 rw; }
    UART2_INTR_MAP 0x074 = 0x0000_0010 { UART2_INTR_MAP 4:0 rw; }
    SDIO_HOST_INTERRUPT_MAP 0x078 = 0x0000_0010 { SDIO_HOST_INTERRUPT_MAP 4:0 rw; }
    PWM0_INTR_MAP 0x07C = 0x0000_0010 { PWM0_INTR_MAP 4:0 rw; }
    PWM1_INTR_MAP 0x080 = 0x0000_0010 { PWM1_INTR_MAP 4:0 rw; }
    PWM2_INTR_MAP 0x084 = 0x0000_0010 { PWM2_INTR_MAP 4:0 rw; }
    PWM3_INTR_MAP 0x088 = 0x0000_0010 { PWM3_INTR_MAP 4:0 rw; }
    LEDC_INT_MAP 0x08C = 0x0000_0010 { LEDC_INT_MAP 4:0 rw; }
    EFUSE_INT_MAP 0x090 = 0x0000_0010 { EFUSE_INT_MAP 4:0 rw; }
    CAN_INT_MAP 0x094 = 0x0000_0010 { CAN_INT_MAP 4:0 rw; }
    USB_INTR_MAP 0x098 = 0x0000_0010 { USB_INTR_MAP 4:0 rw; }
    RTC_CORE_INTR_MAP 0x09C = 0x0000_0010 { RTC_CORE_INTR_MAP 4:0 rw; }
    RMT_INTR_MAP 0x0A0 = 0x0000_0010 { RMT_INTR_MAP 4:0 rw; }
    PCNT_INTR_MAP 0x0A4 = 0x0000_0010 { PCNT_INTR_MAP 4:0 rw; }
    I2C_EXT0_INTR_MAP 0x0A8 = 0x0000_0010 { I2C_EXT0_INTR_MAP 4:0 rw; }
    I2C_EXT1_INTR_MAP 0x0AC = 0x0000_0010 { I2C_EXT1_INTR_MAP 4:0 rw; }
    SPI2_DMA_INT_MAP 0x0B0 = 0x0000_0010 { SPI2_DMA_INT_MAP 4:0 rw; }
    SPI3_DMA_INT_MAP 0x0B4 = 0x0000_0010 { SPI3_DMA_INT_MAP 4:0 rw; }
    SPI4_DMA_INT_MAP 0x0B8 = 0x0000_0010 { SPI4_DMA_INT_MAP 4:0 rw; }
    WDG_INT_MAP 0x0BC = 0x0000_0010 { WDG_INT_MAP 4:0 rw; }
    TIMER_INT1_MAP 0x0C0 = 0x0000_0010 { TIMER_INT1_MAP 4:0 rw; }
    TIMER_INT2_MAP 0x0C4 = 0x0000_0010 { TIMER_INT2_MAP 4:0 rw; }
    TG_T0_INT_MAP 0x0C8 = 0x0000_0010 { TG_T0_INT_MAP 4:0 rw; }
    TG_T1_INT_MAP 0x0CC = 0x0000_0010 { TG_T1_INT_MAP 4:0 rw; }
    TG_WDT_INT_MAP 0x0D0 = 0x0000_0010 { TG_WDT_INT_MAP 4:0 rw; }
    TG1_T0_INT_MAP 0x0D4 = 0x0000_0010 { TG1_T0_INT_MAP 4:0 rw; }
    TG1_T1_INT_MAP 0x0D8 = 0x0000_0010 { TG1_T1_INT_MAP 4:0 rw; }
    TG1_WDT_INT_MAP 0x0DC = 0x0000_0010 { TG1_WDT_INT_MAP 4:0 rw; }
    CACHE_IA_INT_MAP 0x0E0 = 0x0000_0010 { CACHE_IA_INT_MAP 4:0 rw; }
    SYSTIMER_TARGET0_INT_MAP 0x0E4 = 0x0000_0010 { SYSTIMER_TARGET0_INT_MAP 4:0 rw; }
    SYSTIMER_TARGET1_INT_MAP 0x0E8 = 0x0000_0010 { SYSTIMER_TARGET1_INT_MAP 4:0 rw; }
    SYSTIMER_TARGET2_INT_MAP 0x0EC = 0x0000_0010 { SYSTIMER_TARGET2_INT_MAP 4:0 rw; }
    SPI_MEM_REJECT_INTR_MAP 0x0F0 = 0x0000_0010 { SPI_MEM_REJECT_INTR_MAP 4:0 rw; }
    DCACHE_PRELOAD_INT_MAP 0x0F4 = 0x0000_0010 { DCACHE_PRELOAD_INT_MAP 4:0 rw; }
    ICACHE_PRELOAD_INT_MAP 0x0F8 = 0x0000_0010 { ICACHE_PRELOAD_INT_MAP 4:0 rw; }
    DCACHE_SYNC_INT_MAP 0x0FC = 0x0000_0010 { DCACHE_SYNC_INT_MAP 4:0 rw; }
    ICACHE_SYNC_INT_MAP 0x100 = 0x0000_0010 { ICACHE_SYNC_INT_MAP 4:0 rw; }
    APB_ADC_INT_MAP 0x104 = 0x0000_0010 { APB_ADC_INT_MAP 4:0 rw; }
    DMA_IN_CH0_INT_MAP 0x108 = 0x0000_0010 { DMA_IN_CH0_INT_MAP 4:0 rw; }
    DMA_IN_CH1_INT_MAP 0x10C = 0x0000_0010 { DMA_IN_CH1_INT_MAP 4:0 rw; }
    DMA_IN_CH2_INT_MAP 0x110 = 0x0000_0010 { DMA_IN_CH2_INT_MAP 4:0 rw; }
    DMA_IN_CH3_INT_MAP 0x114 = 0x0000_0010 { DMA_IN_CH3_INT_MAP 4:0 rw; }
    DMA_IN_CH4_INT_MAP 0x118 = 0x0000_0010 { DMA_IN_CH4_INT_MAP 4:0 rw; }
    DMA_OUT_CH0_INT_MAP 0x11C = 0x0000_0010 { DMA_OUT_CH0_INT_MAP 4:0 rw; }
    DMA_OUT_CH1_INT_MAP 0x120 = 0x0000_0010 { DMA_OUT_CH1_INT_MAP 4:0 rw; }
    DMA_OUT_CH2_INT_MAP 0x124 = 0x0000_0010 { DMA_OUT_CH2_INT_MAP 4:0 rw; }
    DMA_OUT_CH3_INT_MAP 0x128 = 0x0000_0010 { DMA_OUT_CH3_INT_MAP 4:0 rw; }
    DMA_OUT_CH4_INT_MAP 0x12C = 0x0000_0010 { DMA_OUT_CH4_INT_MAP 4:0 rw; }
    RSA_INT_MAP 0x130 = 0x0000_0010 { RSA_INT_MAP 4:0 rw; }
    AES_INT_MAP 0x134 = 0x0000_0010 { AES_INT_MAP 4:0 rw; }
    SHA_INT_MAP 0x138 = 0x0000_0010 { SHA_INT_MAP 4:0 rw; }
    CPU_INTR_FROM_CPU_0_MAP 0x13C = 0x0000_0010 { CPU_INTR_FROM_CPU_0_MAP 4:0 rw; }
    CPU_INTR_FROM_CPU_1_MAP 0x140 = 0x0000_0010 { CPU_INTR_FROM_CPU_1_MAP 4:0 rw; }
    CPU_INTR_FROM_CPU_2_MAP 0x144 = 0x0000_0010 { CPU_INTR_FROM_CPU_2_MAP 4:0 rw; }
    CPU_INTR_FROM_CPU_3_MAP 0x148 = 0x0000_0010 { CPU_INTR_FROM_CPU_3_MAP 4:0 rw; }
    ASSIST_DEBUG_INTR_MAP 0x14C = 0x0000_0010 { ASSIST_DEBUG_INTR_MAP 4:0 rw; }
    DMA_APBPERI_PMS_MONITOR_VIOLATE_INTR_MAP 0x150 = 0x0000_0010 { DMA_APBPERI_PMS_MONITOR_VIOLATE_INTR_MAP 4:0 rw; }
    CORE_0_IRAM0_PMS_MONITOR_VIOLATE_INTR_MAP 0x154 = 0x0000_0010 { CORE_0_IRAM0_PMS_MONITOR_VIOLATE_INTR_MAP 4:0 rw; }
    CORE_0_DRAM0_PMS_MONITOR_VIOLATE_INTR_MAP 0x158 = 0x0000_0010 { CORE_0_DRAM0_PMS_MONITOR_VIOLATE_INTR_MAP 4:0 rw; }
    CORE_0_PIF_PMS_MONITOR_VIOLATE_INTR_MAP 0x15C = 0x0000_0010 { CORE_0_PIF_PMS_MONITOR_VIOLATE_INTR_MAP 4:0 rw; }
    CORE_0_PIF_PMS_MONITOR_VIOLATE_SIZE_INTR_MAP 0x160 = 0x0000_0010 { CORE_0_PIF_PMS_MONITOR_VIOLATE_SIZE_INTR_MAP 4:0 rw; }
    CORE_1_IRAM0_PMS_MONITOR_VIOLATE_INTR_MAP 0x164 = 0x0000_0010 { CORE_1_IRAM0_PMS_MONITOR_VIOLATE_INTR_MAP 4:0 rw; }
    CORE_1_DRAM0_PMS_MONITOR_VIOLATE_INTR_MAP 0x168 = 0x0000_0010 { CORE_1_DRAM0_PMS_MONITOR_VIOLATE_INTR_MAP 4:0 rw; }
    CORE_1_PIF_PMS_MONITOR_VIOLATE_INTR_MAP 0x16C = 0x0000_0010 { CORE_1_PIF_PMS_MONITOR_VIOLATE_INTR_MAP 4:0 rw; }
    CORE_1_PIF_PMS_MONITOR_VIOLATE_SIZE_INTR_MAP 0x170 = 0x0000_0010 { CORE_1_PIF_PMS_MONITOR_VIOLATE_SIZE_INTR_MAP 4:0 rw; }
    BACKUP_PMS_VIOLATE_INTR_MAP 0x174 = 0x0000_0010 { BACKUP_PMS_VIOLATE_INTR_MAP 4:0 rw; }
    CACHE_CORE0_ACS_INT_MAP 0x178 = 0x0000_0010 { CACHE_CORE0_ACS_INT_MAP 4:0 rw; }
    CACHE_CORE1_ACS_INT_MAP 0x17C = 0x0000_0010 { CACHE_CORE1_ACS_INT_MAP 4:0 rw; }
    USB_DEVICE_INT_MAP 0x180 = 0x0000_0010 { USB_DEVICE_INT_MAP 4:0 rw; }
    PERI_BACKUP_INT_MAP 0x184 = 0x0000_0010 { PERI_BACKUP_INT_MAP 4:0 rw; }
    DMA_EXTMEM_REJECT_INT_MAP 0x188 = 0x0000_0010 { DMA_EXTMEM_REJECT_INT_MAP 4:0 rw; }
    PRO_INTR_STATUS_0 0x18C = 0x0000_0000 { INTR_STATUS_0 31:0 ro; }
    PRO_INTR_STATUS_1 0x190 = 0x0000_0000 { INTR_STATUS_1 31:0 ro; }
    PRO_INTR_STATUS_2 0x194 = 0x0000_0000 { INTR_STATUS_2 31:0 ro; }
    PRO_INTR_STATUS_3 0x198 = 0x0000_0000 { INTR_STATUS_3 31:0 ro; }
    CLOCK_GATE 0x19C = 0x0000_0001 { REG_CLK_EN 0 rw; }
    DATE 0x7FC = 0x0201_2300 { INTERRUPT_REG_DATE 27:0 rw; }
}

/// Offset of the second processor's copy.
const APP: u32 = 0x800;
/// The first of the status registers.
const STATUS: u32 = 0x18C;

/// The block for both processors.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Interrupt {
    banks: [Bank<Reg>; 2],
}

impl Interrupt {
    /// After power-on all sources go to line 16, which the processor keeps for CCOMPARE2.
    pub fn new() -> Self {
        Self { banks: [Bank::new(), Bank::new()] }
    }

    fn split(offset: u32) -> (usize, Option<Reg>) {
        (usize::from(offset >= APP), Reg::at(offset % APP))
    }
}

impl Default for Interrupt {
    fn default() -> Self {
        Self::new()
    }
}

impl Block for Interrupt {
    const GROUPS: &'static [Group] = &[Group::one("INTERRUPT_CORE0", Reg::TABLE)];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        if Self::split(offset).1.is_none() {
            undeclared("INTERRUPT", offset, fabric);
        }
        self.peek(offset, fabric)
    }

    fn stays(&self, offset: u32) -> bool {
        Self::split(offset).1.is_some()
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        let (core, register) = Self::split(offset);
        match register {
            Some(Reg::PRO_INTR_STATUS_0 | Reg::PRO_INTR_STATUS_1 | Reg::PRO_INTR_STATUS_2 | Reg::PRO_INTR_STATUS_3) => {
                (fabric.sources() >> ((offset % APP - STATUS) * 8)) as u32
            }
            Some(register) => self.banks[core].load(register),
            None => 0,
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        let (core, Some(register)) = Self::split(offset) else {
            undeclared("INTERRUPT", offset, fabric);
            return;
        };
        self.banks[core].store(register, write, "INTERRUPT", &mut fabric.gaps);
        let source = (offset % APP / 4) as usize;
        if source < SOURCES {
            fabric.route_irq(core, source, (write.value & 0x1F) as usize);
        }
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        for core in 0..2 {
            self.banks[core].reset();
            for source in 0..SOURCES {
                fabric.route_irq(core, source, 16);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::Source;

    #[test]
    fn a_source_reaches_the_line_it_is_mapped_to() {
        let (mut matrix, mut fabric) = (Interrupt::new(), Fabric::new());
        matrix.reset(&mut fabric);
        matrix.write(4 * Source::UART0 as u32, Write::word(5), &mut fabric);
        matrix.write(APP + 4 * Source::UART0 as u32, Write::word(23), &mut fabric);
        fabric.set_irq(Source::UART0, true);
        assert_eq!((fabric.lines(0, u64::MAX), fabric.lines(1, u64::MAX)), (1 << 5, 1 << 23));
        assert_eq!(matrix.peek(STATUS, &mut fabric), 1 << 27);
        fabric.set_irq(Source::UART0, false);
        assert_eq!((fabric.lines(0, u64::MAX), fabric.lines(1, u64::MAX)), (0, 0));
    }

    /// ESP-IDF `soc/interrupts.h`: FROM_CPU_INTR0 is source 79, in the third status register.
    #[test]
    fn the_status_shows_sources_whatever_they_are_mapped_to() {
        let (mut matrix, mut fabric) = (Interrupt::new(), Fabric::new());
        fabric.set_irq(Source::FROM_CPU_0, true);
        assert_eq!(matrix.peek(APP + STATUS + 8, &mut fabric), 1 << (79 - 64));
    }
}
