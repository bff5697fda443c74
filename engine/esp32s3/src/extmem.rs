//! The cache controller. ESP32-S3 TRM chapter 4.3.3 and ESP-IDF `soc/extmem_reg.h`, `hal/cache_ll.h`,
//! `esp_system/port/soc/esp32s3/cache_err_int.c`.
//!
//! # Fidelity
//! - There are no cache lines: loads see the cells of flash and PSRAM at once, stores reach PSRAM at once. Operations
//!   (invalidate, write back, clean, lock, preload, autoload, occupy) are done as soon as they are asked for.
//! - A stale line of a cache that software forgot to invalidate is therefore never seen.
//! - A load from a page that the MMU does not map, or while the cache is off or its bus shut, gives 0 and raises the
//!   cache's interrupts with address and entry; so do stores to flash and by the instruction bus, which are lost. On
//!   silicon a store to flash is noticed when the line is written back, here at once, and what such a load gives is
//!   not described. Fetching from an unmapped page raises InstructionFetchError instead of the interrupt.
//! - The interrupts of finished preloads and syncs are raised. Missing: access counters and tags (they read 0), wrong
//!   parameters of an operation, worlds, and the stall of accesses to a frozen cache.

use crate::block::{undeclared, Block};
use crate::fabric::{Fabric, Request};
use crate::memories::{Mmu, Shut};
use crate::sources::Source;
use engine_core::registers::{Bank, Field, Group, Registers, Write};
use serde::{Deserialize, Serialize};

engine_core::registers! {
    /// ESP-IDF `soc/extmem_reg.h`.
    pub Reg;
    DCACHE_CTRL 0x000 = 0x0000_0000 { DCACHE_BLOCKSIZE_MODE 4:3 rw; DCACHE_SIZE_MODE 2 rw; DCACHE_ENABLE 0 rw; }
    DCACHE_CTRL1 0x004 = 0x0000_0003 { DCACHE_SHUT_CORE1_BUS 1 rw; DCACHE_SHUT_CORE0_BUS 0 rw; }
    DCACHE_TAG_POWER_CTRL 0x008 = 0x0000_0005 { DCACHE_TAG_MEM_FORCE_PU 2 rw; DCACHE_TAG_MEM_FORCE_PD 1 rw; DCACHE_TAG_MEM_FORCE_ON 0 rw; }
    DCACHE_PRELOCK_CTRL 0x00C = 0x0000_0000 { DCACHE_PRELOCK_SCT1_EN 1 rw; DCACHE_PRELOCK_SCT0_EN 0 rw; }
    DCACHE_PRELOCK_SCT0_ADDR 0x010 = 0x0000_0000 { DCACHE_PRELOCK_SCT0_ADDR 31:0 rw; }
    DCACHE_PRELOCK_SCT1_ADDR 0x014 = 0x0000_0000 { DCACHE_PRELOCK_SCT1_ADDR 31:0 rw; }
    DCACHE_PRELOCK_SCT_SIZE 0x018 = 0x0000_0000 { DCACHE_PRELOCK_SCT0_SIZE 31:16 rw; DCACHE_PRELOCK_SCT1_SIZE 15:0 rw; }
    DCACHE_LOCK_CTRL 0x01C = 0x0000_0004 { DCACHE_LOCK_DONE 2 ro; DCACHE_UNLOCK_ENA 1 rw; DCACHE_LOCK_ENA 0 rw; }
    DCACHE_LOCK_ADDR 0x020 = 0x0000_0000 { DCACHE_LOCK_ADDR 31:0 rw; }
    DCACHE_LOCK_SIZE 0x024 = 0x0000_0000 { DCACHE_LOCK_SIZE 15:0 rw; }
    DCACHE_SYNC_CTRL 0x028 = 0x0000_0001 { DCACHE_SYNC_DONE 3 ro; DCACHE_CLEAN_ENA 2 rw; DCACHE_WRITEBACK_ENA 1 rw; DCACHE_INVALIDATE_ENA 0 rw; }
    DCACHE_SYNC_ADDR 0x02C = 0x0000_0000 { DCACHE_SYNC_ADDR 31:0 rw; }
    DCACHE_SYNC_SIZE 0x030 = 0x0000_0000 { DCACHE_SYNC_SIZE 22:0 rw; }
    DCACHE_OCCUPY_CTRL 0x034 = 0x0000_0002 { DCACHE_OCCUPY_DONE 1 ro; DCACHE_OCCUPY_ENA 0 rw; }
    DCACHE_OCCUPY_ADDR 0x038 = 0x0000_0000 { DCACHE_OCCUPY_ADDR 31:0 rw; }
    DCACHE_OCCUPY_SIZE 0x03C = 0x0000_0000 { DCACHE_OCCUPY_SIZE 15:0 rw; }
    DCACHE_PRELOAD_CTRL 0x040 = 0x0000_0002 { DCACHE_PRELOAD_ORDER 2 rw; DCACHE_PRELOAD_DONE 1 ro; DCACHE_PRELOAD_ENA 0 rw; }
    DCACHE_PRELOAD_ADDR 0x044 = 0x0000_0000 { DCACHE_PRELOAD_ADDR 31:0 rw; }
    DCACHE_PRELOAD_SIZE 0x048 = 0x0000_0000 { DCACHE_PRELOAD_SIZE 15:0 rw; }
    DCACHE_AUTOLOAD_CTRL 0x04C = 0x0000_0008 { DCACHE_AUTOLOAD_BUFFER_CLEAR 9 rw; DCACHE_AUTOLOAD_SIZE 8:7 rw; DCACHE_AUTOLOAD_RQST 6:5 rw; DCACHE_AUTOLOAD_ORDER 4 rw; DCACHE_AUTOLOAD_DONE 3 ro; DCACHE_AUTOLOAD_ENA 2 rw; DCACHE_AUTOLOAD_SCT1_ENA 1 rw; DCACHE_AUTOLOAD_SCT0_ENA 0 rw; }
    DCACHE_AUTOLOAD_SCT0_ADDR 0x050 = 0x0000_0000 { DCACHE_AUTOLOAD_SCT0_ADDR 31:0 rw; }
    DCACHE_AUTOLOAD_SCT0_SIZE 0x054 = 0x0000_0000 { DCACHE_AUTOLOAD_SCT0_SIZE 26:0 rw; }
    DCACHE_AUTOLOAD_SCT1_ADDR 0x058 = 0x0000_0000 { DCACHE_AUTOLOAD_SCT1_ADDR 31:0 rw; }
    DCACHE_AUTOLOAD_SCT1_SIZE 0x05C = 0x0000_0000 { DCACHE_AUTOLOAD_SCT1_SIZE 26:0 rw; }
    ICACHE_CTRL 0x060 = 0x0000_0000 { ICACHE_BLOCKSIZE_MODE 3 rw; ICACHE_SIZE_MODE 2 rw; ICACHE_WAY_MODE 1 rw; ICACHE_ENABLE 0 rw; }
    ICACHE_CTRL1 0x064 = 0x0000_0003 { ICACHE_SHUT_CORE1_BUS 1 rw; ICACHE_SHUT_CORE0_BUS 0 rw; }
    ICACHE_TAG_POWER_CTRL 0x068 = 0x0000_0005 { ICACHE_TAG_MEM_FORCE_PU 2 rw; ICACHE_TAG_MEM_FORCE_PD 1 rw; ICACHE_TAG_MEM_FORCE_ON 0 rw; }
    ICACHE_PRELOCK_CTRL 0x06C = 0x0000_0000 { ICACHE_PRELOCK_SCT1_EN 1 rw; ICACHE_PRELOCK_SCT0_EN 0 rw; }
    ICACHE_PRELOCK_SCT0_ADDR 0x070 = 0x0000_0000 { ICACHE_PRELOCK_SCT0_ADDR 31:0 rw; }
    ICACHE_PRELOCK_SCT1_ADDR 0x074 = 0x0000_0000 { ICACHE_PRELOCK_SCT1_ADDR 31:0 rw; }
    ICACHE_PRELOCK_SCT_SIZE 0x078 = 0x0000_0000 { ICACHE_PRELOCK_SCT0_SIZE 31:16 rw; ICACHE_PRELOCK_SCT1_SIZE 15:0 rw; }
    ICACHE_LOCK_CTRL 0x07C = 0x0000_0004 { ICACHE_LOCK_DONE 2 ro; ICACHE_UNLOCK_ENA 1 rw; ICACHE_LOCK_ENA 0 rw; }
    ICACHE_LOCK_ADDR 0x080 = 0x0000_0000 { ICACHE_LOCK_ADDR 31:0 rw; }
    ICACHE_LOCK_SIZE 0x084 = 0x0000_0000 { ICACHE_LOCK_SIZE 15:0 rw; }
    ICACHE_SYNC_CTRL 0x088 = 0x0000_0001 { ICACHE_SYNC_DONE 1 ro; ICACHE_INVALIDATE_ENA 0 rw; }
    ICACHE_SYNC_ADDR 0x08C = 0x0000_0000 { ICACHE_SYNC_ADDR 31:0 rw; }
    ICACHE_SYNC_SIZE 0x090 = 0x0000_0000 { ICACHE_SYNC_SIZE 22:0 rw; }
    ICACHE_PRELOAD_CTRL 0x094 = 0x0000_0002 { ICACHE_PRELOAD_ORDER 2 rw; ICACHE_PRELOAD_DONE 1 ro; ICACHE_PRELOAD_ENA 0 rw; }
    ICACHE_PRELOAD_ADDR 0x098 = 0x0000_0000 { ICACHE_PRELOAD_ADDR 31:0 rw; }
    ICACHE_PRELOAD_SIZE 0x09C = 0x0000_0000 { ICACHE_PRELOAD_SIZE 15:0 rw; }
    ICACHE_AUTOLOAD_CTRL 0x0A0 = 0x0000_0008 { ICACHE_AUTOLOAD_BUFFER_CLEAR 9 rw; ICACHE_AUTOLOAD_SIZE 8:7 rw; ICACHE_AUTOLOAD_RQST 6:5 rw; ICACHE_AUTOLOAD_ORDER 4 rw; ICACHE_AUTOLOAD_DONE 3 ro; ICACHE_AUTOLOAD_ENA 2 rw; ICACHE_AUTOLOAD_SCT1_ENA 1 rw; ICACHE_AUTOLOAD_SCT0_ENA 0 rw; }
    ICACHE_AUTOLOAD_SCT0_ADDR 0x0A4 = 0x0000_0000 { ICACHE_AUTOLOAD_SCT0_ADDR 31:0 rw; }
    ICACHE_AUTOLOAD_SCT0_SIZE 0x0A8 = 0x0000_0000 { ICACHE_AUTOLOAD_SCT0_SIZE 26:0 rw; }
    ICACHE_AUTOLOAD_SCT1_ADDR 0x0AC = 0x0000_0000 { ICACHE_AUTOLOAD_SCT1_ADDR 31:0 rw; }
    ICACHE_AUTOLOAD_SCT1_SIZE 0x0B0 = 0x0000_0000 { ICACHE_AUTOLOAD_SCT1_SIZE 26:0 rw; }
    IBUS_TO_FLASH_START_VADDR 0x0B4 = 0x4400_0000 { IBUS_TO_FLASH_START_VADDR 31:0 rw; }
    IBUS_TO_FLASH_END_VADDR 0x0B8 = 0x47FF_FFFF { IBUS_TO_FLASH_END_VADDR 31:0 rw; }
    DBUS_TO_FLASH_START_VADDR 0x0BC = 0x0000_0000 { DBUS_TO_FLASH_START_VADDR 31:0 rw; }
    DBUS_TO_FLASH_END_VADDR 0x0C0 = 0x0000_0000 { DBUS_TO_FLASH_END_VADDR 31:0 rw; }
    CACHE_ACS_CNT_CLR 0x0C4 = 0x0000_0000 { ICACHE_ACS_CNT_CLR 1 wo; DCACHE_ACS_CNT_CLR 0 wo; }
    IBUS_ACS_MISS_CNT 0x0C8 = 0x0000_0000 { IBUS_ACS_MISS_CNT 31:0 ro; }
    IBUS_ACS_CNT 0x0CC = 0x0000_0000 { IBUS_ACS_CNT 31:0 ro; }
    DBUS_ACS_FLASH_MISS_CNT 0x0D0 = 0x0000_0000 { DBUS_ACS_FLASH_MISS_CNT 31:0 ro; }
    DBUS_ACS_SPIRAM_MISS_CNT 0x0D4 = 0x0000_0000 { DBUS_ACS_SPIRAM_MISS_CNT 31:0 ro; }
    DBUS_ACS_CNT 0x0D8 = 0x0000_0000 { DBUS_ACS_CNT 31:0 ro; }
    CACHE_ILG_INT_ENA 0x0DC = 0x0000_0000 { DBUS_CNT_OVF_INT_ENA 8 rw; IBUS_CNT_OVF_INT_ENA 7 rw; DCACHE_OCCUPY_EXC_INT_ENA 6 rw; MMU_ENTRY_FAULT_INT_ENA 5 rw; DCACHE_WRITE_FLASH_INT_ENA 4 rw; DCACHE_PRELOAD_OP_FAULT_INT_ENA 3 rw; DCACHE_SYNC_OP_FAULT_INT_ENA 2 rw; ICACHE_PRELOAD_OP_FAULT_INT_ENA 1 rw; ICACHE_SYNC_OP_FAULT_INT_ENA 0 rw; }
    CACHE_ILG_INT_CLR 0x0E0 = 0x0000_0000 { DBUS_CNT_OVF_INT_CLR 8 wo; IBUS_CNT_OVF_INT_CLR 7 wo; DCACHE_OCCUPY_EXC_INT_CLR 6 wo; MMU_ENTRY_FAULT_INT_CLR 5 wo; DCACHE_WRITE_FLASH_INT_CLR 4 wo; DCACHE_PRELOAD_OP_FAULT_INT_CLR 3 wo; DCACHE_SYNC_OP_FAULT_INT_CLR 2 wo; ICACHE_PRELOAD_OP_FAULT_INT_CLR 1 wo; ICACHE_SYNC_OP_FAULT_INT_CLR 0 wo; }
    CACHE_ILG_INT_ST 0x0E4 = 0x0000_0000 { DBUS_ACS_SPIRAM_MISS_CNT_OVF_ST 11 ro; DBUS_ACS_FLASH_MISS_CNT_OVF_ST 10 ro; DBUS_ACS_CNT_OVF_ST 9 ro; IBUS_ACS_MISS_CNT_OVF_ST 8 ro; IBUS_ACS_CNT_OVF_ST 7 ro; DCACHE_OCCUPY_EXC_ST 6 ro; MMU_ENTRY_FAULT_ST 5 ro; DCACHE_WRITE_FLASH_ST 4 ro; DCACHE_PRELOAD_OP_FAULT_ST 3 ro; DCACHE_SYNC_OP_FAULT_ST 2 ro; ICACHE_PRELOAD_OP_FAULT_ST 1 ro; ICACHE_SYNC_OP_FAULT_ST 0 ro; }
    CORE0_ACS_CACHE_INT_ENA 0x0E8 = 0x0000_0000 { CORE0_DBUS_REJECT_INT_ENA 4 rw; CORE0_DBUS_ACS_MSK_DC_INT_ENA 3 rw; CORE0_IBUS_REJECT_INT_ENA 2 rw; CORE0_IBUS_WR_IC_INT_ENA 1 rw; CORE0_IBUS_ACS_MSK_IC_INT_ENA 0 rw; }
    CORE0_ACS_CACHE_INT_CLR 0x0EC = 0x0000_0000 { CORE0_DBUS_REJECT_INT_CLR 4 wo; CORE0_DBUS_ACS_MSK_DC_INT_CLR 3 wo; CORE0_IBUS_REJECT_INT_CLR 2 wo; CORE0_IBUS_WR_IC_INT_CLR 1 wo; CORE0_IBUS_ACS_MSK_IC_INT_CLR 0 wo; }
    CORE0_ACS_CACHE_INT_ST 0x0F0 = 0x0000_0000 { CORE0_DBUS_REJECT_ST 4 ro; CORE0_DBUS_ACS_MSK_DCACHE_ST 3 ro; CORE0_IBUS_REJECT_ST 2 ro; CORE0_IBUS_WR_ICACHE_ST 1 ro; CORE0_IBUS_ACS_MSK_ICACHE_ST 0 ro; }
    CORE1_ACS_CACHE_INT_ENA 0x0F4 = 0x0000_0000 { CORE1_DBUS_REJECT_INT_ENA 4 rw; CORE1_DBUS_ACS_MSK_DC_INT_ENA 3 rw; CORE1_IBUS_REJECT_INT_ENA 2 rw; CORE1_IBUS_WR_IC_INT_ENA 1 rw; CORE1_IBUS_ACS_MSK_IC_INT_ENA 0 rw; }
    CORE1_ACS_CACHE_INT_CLR 0x0F8 = 0x0000_0000 { CORE1_DBUS_REJECT_INT_CLR 4 wo; CORE1_DBUS_ACS_MSK_DC_INT_CLR 3 wo; CORE1_IBUS_REJECT_INT_CLR 2 wo; CORE1_IBUS_WR_IC_INT_CLR 1 wo; CORE1_IBUS_ACS_MSK_IC_INT_CLR 0 wo; }
    CORE1_ACS_CACHE_INT_ST 0x0FC = 0x0000_0000 { CORE1_DBUS_REJECT_ST 4 ro; CORE1_DBUS_ACS_MSK_DCACHE_ST 3 ro; CORE1_IBUS_REJECT_ST 2 ro; CORE1_IBUS_WR_ICACHE_ST 1 ro; CORE1_IBUS_ACS_MSK_ICACHE_ST 0 ro; }
    CORE0_DBUS_REJECT_ST 0x100 = 0x0000_0000 { CORE0_DBUS_WORLD 6 ro; CORE0_DBUS_ATTR 5:3 ro; CORE0_DBUS_TAG_ATTR 2:0 ro; }
    CORE0_DBUS_REJECT_VADDR 0x104 = 0xFFFF_FFFF { CORE0_DBUS_VADDR 31:0 ro; }
    CORE0_IBUS_REJECT_ST 0x108 = 0x0000_0000 { CORE0_IBUS_WORLD 6 ro; CORE0_IBUS_ATTR 5:3 ro; CORE0_IBUS_TAG_ATTR 2:0 ro; }
    CORE0_IBUS_REJECT_VADDR 0x10C = 0xFFFF_FFFF { CORE0_IBUS_VADDR 31:0 ro; }
    CORE1_DBUS_REJECT_ST 0x110 = 0x0000_0000 { CORE1_DBUS_WORLD 6 ro; CORE1_DBUS_ATTR 5:3 ro; CORE1_DBUS_TAG_ATTR 2:0 ro; }
    CORE1_DBUS_REJECT_VADDR 0x114 = 0xFFFF_FFFF { CORE1_DBUS_VADDR 31:0 ro; }
    CORE1_IBUS_REJECT_ST 0x118 = 0x0000_0000 { CORE1_IBUS_WORLD 6 ro; CORE1_IBUS_ATTR 5:3 ro; CORE1_IBUS_TAG_ATTR 2:0 ro; }
    CORE1_IBUS_REJECT_VADDR 0x11C = 0xFFFF_FFFF { CORE1_IBUS_VADDR 31:0 ro; }
    CACHE_MMU_FAULT_CONTENT 0x120 = 0x0000_0000 { CACHE_MMU_FAULT_CODE 19:16 ro; CACHE_MMU_FAULT_CONTENT 15:0 ro; }
    CACHE_MMU_FAULT_VADDR 0x124 = 0x0000_0000 { CACHE_MMU_FAULT_VADDR 31:0 ro; }
    CACHE_WRAP_AROUND_CTRL 0x128 = 0x0000_0000 { CACHE_SRAM_RD_WRAP_AROUND 1 rw; CACHE_FLASH_WRAP_AROUND 0 rw; }
    CACHE_MMU_POWER_CTRL 0x12C = 0x0000_0005 { CACHE_MMU_MEM_FORCE_PU 2 rw; CACHE_MMU_MEM_FORCE_PD 1 rw; CACHE_MMU_MEM_FORCE_ON 0 rw; }
    CACHE_STATE 0x130 = 0x0000_0000 { DCACHE_STATE 23:12 ro; ICACHE_STATE 11:0 ro; }
    CACHE_ENCRYPT_DECRYPT_RECORD_DISABLE 0x134 = 0x0000_0000 { RECORD_DISABLE_G0CB_DECRYPT 1 rw; RECORD_DISABLE_DB_ENCRYPT 0 rw; }
    CACHE_ENCRYPT_DECRYPT_CLK_FORCE_ON 0x138 = 0x0000_0007 { CLK_FORCE_ON_CRYPT 2 rw; CLK_FORCE_ON_AUTO_CRYPT 1 rw; CLK_FORCE_ON_MANUAL_CRYPT 0 rw; }
    CACHE_BRIDGE_ARBITER_CTRL 0x13C = 0x0000_0000 { ALLOC_WB_HOLD_ARBITER 0 rw; }
    CACHE_PRELOAD_INT_CTRL 0x140 = 0x0000_0000 { DCACHE_PRELOAD_INT_CLR 5 wo; DCACHE_PRELOAD_INT_ENA 4 rw; DCACHE_PRELOAD_INT_ST 3 ro; ICACHE_PRELOAD_INT_CLR 2 wo; ICACHE_PRELOAD_INT_ENA 1 rw; ICACHE_PRELOAD_INT_ST 0 ro; }
    CACHE_SYNC_INT_CTRL 0x144 = 0x0000_0000 { DCACHE_SYNC_INT_CLR 5 wo; DCACHE_SYNC_INT_ENA 4 rw; DCACHE_SYNC_INT_ST 3 ro; ICACHE_SYNC_INT_CLR 2 wo; ICACHE_SYNC_INT_ENA 1 rw; ICACHE_SYNC_INT_ST 0 ro; }
    CACHE_MMU_OWNER 0x148 = 0x0000_0000 { CACHE_MMU_OWNER 23:0 rw; }
    CACHE_CONF_MISC 0x14C = 0x0000_0007 { CACHE_TRACE_ENA 2 rw; CACHE_IGNORE_SYNC_MMU_ENTRY_FAULT 1 rw; CACHE_IGNORE_PRELOAD_MMU_ENTRY_FAULT 0 rw; }
    DCACHE_FREEZE 0x150 = 0x0000_0004 { DONE 2 ro; MODE 1 rw; ENA 0 rw; }
    ICACHE_FREEZE 0x154 = 0x0000_0004 { DONE 2 ro; MODE 1 rw; ENA 0 rw; }
    ICACHE_ATOMIC_OPERATE_ENA 0x158 = 0x0000_0001 { ICACHE_ATOMIC_OPERATE_ENA 0 rw; }
    DCACHE_ATOMIC_OPERATE_ENA 0x15C = 0x0000_0001 { DCACHE_ATOMIC_OPERATE_ENA 0 rw; }
    CACHE_REQUEST 0x160 = 0x0000_0000 { BYPASS 0 rw; }
    CLOCK_GATE 0x164 = 0x0000_0001 { CLK_EN 0 rw; }
    CACHE_TAG_OBJECT_CTRL 0x180 = 0x0000_0000 { DCACHE_TAG_OBJECT 1 rw; ICACHE_TAG_OBJECT 0 rw; }
    CACHE_TAG_WAY_OBJECT 0x184 = 0x0000_0000 { CACHE_TAG_WAY_OBJECT 2:0 rw; }
    CACHE_VADDR 0x188 = 0x0000_0000 { CACHE_VADDR 31:0 rw; }
    CACHE_TAG_CONTENT 0x18C = 0x0000_0000 { CACHE_TAG_CONTENT 31:0 rw; }
    DATE 0x3FC = 0x0201_2310 { DATE 27:0 rw; }
}

/// CACHE_STATE of idle caches: bit 0 of each half, ESP-IDF ROM `Cache_Suspend_*` waits for it.
const IDLE: u32 = 1 | 1 << 12;

/// What a processor does that the caches refuse: the bits of COREn_ACS_CACHE_INT_ST.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Refused {
    /// It fetches or loads by the instruction bus, which is shut.
    InstructionsShut = 1 << 0,
    /// It stores by the instruction bus.
    InstructionStore = 1 << 1,
    /// It uses the data bus, which is shut.
    DataShut = 1 << 3,
    /// It stores to memory that APB_CTRL does not let it write.
    DataRejected = 1 << 4,
}

/// Status, enable and clear of a group of interrupts. ST bits of counters lie above the enables'.
struct Interrupts {
    enable: Reg,
    clear: Reg,
    status: Reg,
    source: Source,
}

const INTERRUPTS: [Interrupts; 3] = [
    Interrupts {
        enable: Reg::CACHE_ILG_INT_ENA,
        clear: Reg::CACHE_ILG_INT_CLR,
        status: Reg::CACHE_ILG_INT_ST,
        source: Source::CACHE_IA,
    },
    Interrupts {
        enable: Reg::CORE0_ACS_CACHE_INT_ENA,
        clear: Reg::CORE0_ACS_CACHE_INT_CLR,
        status: Reg::CORE0_ACS_CACHE_INT_ST,
        source: Source::CACHE_CORE0_ACS,
    },
    Interrupts {
        enable: Reg::CORE1_ACS_CACHE_INT_ENA,
        clear: Reg::CORE1_ACS_CACHE_INT_CLR,
        status: Reg::CORE1_ACS_CACHE_INT_ST,
        source: Source::CACHE_CORE1_ACS,
    },
];

/// A status, an enable and a clear bit of a finished operation, each register with those of ICache (2:0) and DCache (5:3).
const FINISHED: [(Reg, u32, Source); 4] = [
    (Reg::CACHE_PRELOAD_INT_CTRL, 0, Source::ICACHE_PRELOAD0),
    (Reg::CACHE_PRELOAD_INT_CTRL, 3, Source::DCACHE_PRELOAD0),
    (Reg::CACHE_SYNC_INT_CTRL, 0, Source::ICACHE_SYNC0),
    (Reg::CACHE_SYNC_INT_CTRL, 3, Source::DCACHE_SYNC0),
];
const FINISHED_ST: u32 = 1 << 0;
const FINISHED_ENA: u32 = 1 << 1;
const FINISHED_CLR: u32 = 1 << 2;

/// CACHE_MMU_FAULT_CODE: a miss of a processor.
const CPU_MISS: u32 = 1;

/// An operation: the register, its request bits, its done bit, and whether code may have changed.
struct Operation {
    register: Reg,
    requests: u32,
    done: Field,
    drops_code: bool,
}

const fn operation(register: Reg, requests: u32, done: Field, drops_code: bool) -> Operation {
    Operation { register, requests, done, drops_code }
}

const OPERATIONS: &[Operation] = &[
    operation(Reg::DCACHE_LOCK_CTRL, 3, DCACHE_LOCK_CTRL::DCACHE_LOCK_DONE, false),
    operation(Reg::DCACHE_SYNC_CTRL, 7, DCACHE_SYNC_CTRL::DCACHE_SYNC_DONE, false),
    operation(Reg::DCACHE_OCCUPY_CTRL, 1, DCACHE_OCCUPY_CTRL::DCACHE_OCCUPY_DONE, false),
    operation(Reg::DCACHE_PRELOAD_CTRL, 1, DCACHE_PRELOAD_CTRL::DCACHE_PRELOAD_DONE, false),
    operation(Reg::ICACHE_LOCK_CTRL, 3, ICACHE_LOCK_CTRL::ICACHE_LOCK_DONE, false),
    operation(Reg::ICACHE_SYNC_CTRL, 1, ICACHE_SYNC_CTRL::ICACHE_SYNC_DONE, true),
    operation(Reg::ICACHE_PRELOAD_CTRL, 1, ICACHE_PRELOAD_CTRL::ICACHE_PRELOAD_DONE, false),
];

/// The block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Extmem {
    bank: Bank<Reg>,
}

impl Extmem {
    /// After power-on.
    pub fn new() -> Self {
        let mut bank = Bank::new();
        for operation in OPERATIONS {
            bank.set_field(operation.register, operation.done, 1);
        }
        bank.set(Reg::CACHE_STATE, IDLE);
        Self { bank }
    }

    /// What a processor cannot reach: a cache is off, or its bus shut.
    pub fn shut(&self, core: usize) -> Shut {
        let is_shut = |ctrl, shut| self.bank.get(ctrl) & 1 == 0 || self.bank.get(shut) >> core & 1 != 0;
        let invalid = |shut| if shut { Mmu::INVALID } else { 0 };
        Shut {
            data: invalid(is_shut(Reg::DCACHE_CTRL, Reg::DCACHE_CTRL1)),
            instructions: invalid(is_shut(Reg::ICACHE_CTRL, Reg::ICACHE_CTRL1)),
        }
    }

    /// A processor does what the caches refuse.
    pub fn refuse(&mut self, core: usize, what: Refused, addr: u32, fabric: &mut Fabric) {
        if what == Refused::DataRejected {
            self.bank.set([Reg::CORE0_DBUS_REJECT_VADDR, Reg::CORE1_DBUS_REJECT_VADDR][core], addr);
        }
        self.raise(1 + core, what as u32, fabric);
    }

    /// A processor uses a page that this entry of the MMU does not map.
    pub fn entry_fault(&mut self, entry: u32, addr: u32, fabric: &mut Fabric) {
        self.bank.set(Reg::CACHE_MMU_FAULT_CONTENT, CPU_MISS << 16 | entry & 0xFFFF);
        self.bank.set(Reg::CACHE_MMU_FAULT_VADDR, addr);
        self.raise(0, CACHE_ILG_INT_ST::MMU_ENTRY_FAULT_ST.mask, fabric);
    }

    /// A line with what a store left there would be written back to flash.
    pub fn write_to_flash(&mut self, fabric: &mut Fabric) {
        self.raise(0, CACHE_ILG_INT_ST::DCACHE_WRITE_FLASH_ST.mask, fabric);
    }

    fn raise(&mut self, group: usize, bits: u32, fabric: &mut Fabric) {
        let status = INTERRUPTS[group].status;
        let raised = self.bank.get(status) | bits;
        self.bank.set(status, raised);
        self.settle(fabric);
    }

    fn settle(&self, fabric: &mut Fabric) {
        for Interrupts { enable, status, source, .. } in &INTERRUPTS {
            fabric.set_irq(*source, self.bank.get(*enable) & self.bank.get(*status) != 0);
        }
        for (register, shift, source) in FINISHED {
            let bits = self.bank.get(register) >> shift;
            fabric.set_irq(source, bits & FINISHED_ST != 0 && bits & FINISHED_ENA != 0);
        }
    }

    /// Carries out the operation that a write to its control register asks for.
    fn operate(&mut self, register: Reg, written: u32, fabric: &mut Fabric) {
        let Some(operation) = OPERATIONS.iter().find(|operation| operation.register == register) else { return };
        let value = self.bank.get(register) & !operation.requests;
        self.bank.set(register, operation.done.put(value, 1));
        if written & operation.requests == 0 {
            return;
        }
        if operation.drops_code {
            fabric.request(Request::CodeChanged);
        }
        self.finished(register);
    }

    /// A sync or preload is done.
    fn finished(&mut self, register: Reg) {
        let (register, shift) = match register {
            Reg::ICACHE_PRELOAD_CTRL => (Reg::CACHE_PRELOAD_INT_CTRL, 0),
            Reg::DCACHE_PRELOAD_CTRL => (Reg::CACHE_PRELOAD_INT_CTRL, 3),
            Reg::ICACHE_SYNC_CTRL => (Reg::CACHE_SYNC_INT_CTRL, 0),
            Reg::DCACHE_SYNC_CTRL => (Reg::CACHE_SYNC_INT_CTRL, 3),
            _ => return,
        };
        let value = self.bank.get(register) | FINISHED_ST << shift;
        self.bank.set(register, value);
    }
}

impl Default for Extmem {
    fn default() -> Self {
        Self::new()
    }
}

impl Block for Extmem {
    const GROUPS: &'static [Group] = &[Group::one("EXTMEM", Reg::TABLE)];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        self.peek(offset, fabric)
    }

    fn stays(&self, offset: u32) -> bool {
        Reg::at(offset).is_some()
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        match Reg::at(offset) {
            Some(register) => self.bank.load(register),
            None => undeclared("EXTMEM", offset, fabric),
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        let Some(register) = Reg::at(offset) else {
            undeclared("EXTMEM", offset, fabric);
            return;
        };
        let before = self.bank.get(register);
        self.bank.store(register, write, "EXTMEM", &mut fabric.gaps);
        match register {
            // DONE follows ENA: a frozen cache tells so.
            Reg::DCACHE_FREEZE => self.bank.set_field(register, DCACHE_FREEZE::DONE, write.value & 1),
            Reg::ICACHE_FREEZE => self.bank.set_field(register, ICACHE_FREEZE::DONE, write.value & 1),
            Reg::CACHE_PRELOAD_INT_CTRL | Reg::CACHE_SYNC_INT_CTRL => {
                let enables = FINISHED_ENA | FINISHED_ENA << 3;
                let cleared = (write.value / FINISHED_CLR) & (FINISHED_ST | FINISHED_ST << 3);
                self.bank.set(register, before & !enables & !cleared | write.value & enables);
            }
            _ => {
                if let Some(group) = INTERRUPTS.iter().find(|group| group.clear == register) {
                    // A counter's enable and clear bit stands for all its counters; their status lies above.
                    let status = self.bank.get(group.status) & !(write.value & 0x7F);
                    self.bank.set(group.status, status);
                }
                self.operate(register, write.value, fabric);
            }
        }
        self.settle(fabric);
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        *self = Self::new();
        self.settle(fabric);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ESP-IDF `hal/cache_ll.h`: software sets INVALIDATE_ENA and polls SYNC_DONE.
    #[test]
    fn an_operation_is_done_when_it_is_asked_for() {
        let (mut cache, mut fabric) = (Extmem::new(), Fabric::new());
        cache.write(0x88, Write::word(1), &mut fabric);
        assert_eq!(cache.read(0x88, &mut fabric), 2);
        assert_eq!(fabric.requests, [Request::CodeChanged]);
        cache.write(0x154, Write::word(1), &mut fabric);
        assert_eq!(cache.read(0x154, &mut fabric) >> 2, 1, "frozen");
        cache.write(0x154, Write::word(0), &mut fabric);
        assert_eq!(cache.read(0x154, &mut fabric) >> 2, 0);
    }

    /// ESP-IDF `esp_system/port/soc/esp32s3/cache_err_int.c`: clear, enable, and what the panic handler reads; bits as in
    /// `hal/cache_ll.h`.
    #[test]
    fn what_the_caches_refuse_is_an_interrupt_of_the_processor_that_did_it() {
        let (mut cache, mut fabric) = (Extmem::new(), Fabric::new());
        cache.write(0xF8, Write::word(0x1F), &mut fabric);
        cache.write(0xF4, Write::word(0x1F), &mut fabric);
        cache.refuse(1, Refused::DataRejected, 0x3C00_1234, &mut fabric);
        assert_eq!(cache.read(0xFC, &mut fabric), 1 << 4);
        assert_eq!(cache.read(0x114, &mut fabric), 0x3C00_1234);
        assert_eq!(fabric.sources(), 1 << Source::CACHE_CORE1_ACS as u8);
        cache.write(0xF8, Write::word(1 << 4), &mut fabric);
        assert_eq!(fabric.sources(), 0);
        cache.entry_fault(1 << 14, 0x3C10_0000, &mut fabric);
        assert_eq!(fabric.sources(), 0, "not enabled");
        cache.write(0xDC, Write::word(0x3F), &mut fabric);
        assert_eq!(fabric.sources(), 1 << Source::CACHE_IA as u8);
        assert_eq!(cache.read(0xE4, &mut fabric), 1 << 5);
        assert_eq!(cache.read(0x124, &mut fabric), 0x3C10_0000);
        assert_eq!(cache.read(0x120, &mut fabric), 1 << 16 | 1 << 14);
    }

    /// ESP-IDF `soc/extmem_reg.h`: status, enable and clear of the ICache are bits 0 to 2, of the DCache 3 to 5.
    #[test]
    fn a_finished_sync_is_an_interrupt_where_it_is_enabled() {
        let (mut cache, mut fabric) = (Extmem::new(), Fabric::new());
        cache.write(0x144, Write::word(1 << 4), &mut fabric);
        cache.write(0x28, Write::word(1), &mut fabric);
        assert_eq!(fabric.sources(), 1 << Source::DCACHE_SYNC0 as u8);
        assert_eq!(cache.read(0x144, &mut fabric), 1 << 4 | 1 << 3);
        cache.write(0x144, Write::word(1 << 4 | 1 << 5), &mut fabric);
        assert_eq!((cache.read(0x144, &mut fabric), fabric.sources()), (1 << 4, 0));
    }

    #[test]
    fn a_cache_that_is_off_or_a_bus_that_is_shut_is_out_of_reach() {
        let (mut cache, mut fabric) = (Extmem::new(), Fabric::new());
        let both = Shut { data: Mmu::INVALID, instructions: Mmu::INVALID };
        assert_eq!(cache.shut(0), both, "after reset");
        for (offset, value) in [(0x00, 1), (0x60, 1), (0x04, 2), (0x64, 0)] {
            cache.write(offset, Write::word(value), &mut fabric);
        }
        assert_eq!(cache.shut(0), Shut::default());
        assert_eq!(cache.shut(1), Shut { data: Mmu::INVALID, instructions: 0 });
    }
}
