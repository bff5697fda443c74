//! The caches' MMU (rom/cache.h; TRM section 4.3.3.3).

use super::guest::{Call, Done};
use super::{vars, Function};

/// MMU table: 512 entries of 64 KB pages, shared by both buses.
pub(super) const MMU: u32 = 0x600c_5000;
const MMU_ENTRIES: u32 = 512;
/// An entry that maps nothing.
pub(super) const MMU_INVALID: u32 = 0x4000;

/// Functions that run in one go.
#[rustfmt::skip]
pub(super) const LEAVES: &[(&str, Function)] = &[
    ("Cache_MMU_Init", mmu_init), ("Cache_Ibus_MMU_Set", |c| mmu_set(c, 0x4200_0000)),
    ("Cache_Dbus_MMU_Set", |c| mmu_set(c, 0x3c00_0000)),
    ("Cache_Set_IDROM_MMU_Size", set_idrom_size), ("Cache_Set_IDROM_MMU_Info", set_idrom_info),
    ("Cache_Get_IROM_MMU_End", |c| { let i = c.load(IROM_SIZE)?; c.ret(i); Ok(()) }),
    ("Cache_Get_DROM_MMU_End", |c| { let (i, d) = (c.load(IROM_SIZE)?, c.load(DROM_SIZE)?); c.ret(i.wrapping_add(d)); Ok(()) }),
    ("flash2spiram_instruction_offset", |c| { let i = c.load(INFO + 16)?; c.ret(i); Ok(()) }),
    ("flash2spiram_rodata_offset", |c| { let i = c.load(INFO + 20)?; c.ret(i); Ok(()) }),
    ("flash_instr_rodata_start_page", |c| { let bus = c.arg(0)?; let p = c.load(if bus == 0 { IROM_PAGE } else { DROM_PAGE })?; c.ret(p); Ok(()) }),
    ("flash_instr_rodata_end_page", |c| { let bus = c.arg(0)?; let (first, pages) = if bus == 0 { (IROM_PAGE, INFO) } else { (DROM_PAGE, INFO + 4) }; let end = c.load(first)?.wrapping_add(c.load(pages)?); c.ret(end.wrapping_sub(1)); Ok(()) }),
    ("rom_Cache_Count_Flash_Pages", count_flash_pages), ("Cache_Flash_To_SPIRAM_Copy", copy_to_psram),
];

pub(super) fn mmu_init(call: &mut Call<'_>) -> Done {
    for entry in 0..MMU_ENTRIES {
        call.store(MMU + 4 * entry, MMU_INVALID)?;
    }
    call.charge(3 * MMU_ENTRIES);
    Ok(())
}

/// Maps pages: 2 for a bad alignment, 3 for a page size other than 64 KB, 4 for an address off the bus.
fn mmu_set(call: &mut Call<'_>, bus: u32) -> Done {
    let (target, vaddr, paddr, psize) = (call.arg(0)?, call.arg(1)?, call.arg(2)?, call.arg(3)?);
    let (mut left, fixed) = (call.arg(4)?, call.arg(5)?);
    const BUS_BYTES: u32 = 0x200_0000;
    let result = if (vaddr | paddr) & 0xffff != 0 {
        2
    } else if psize != 64 {
        3
    } else {
        let (mut vaddr, mut page) = (vaddr, paddr >> 16);
        loop {
            if left == 0 {
                break 0;
            }
            if vaddr.wrapping_sub(bus) >= BUS_BYTES {
                break 4;
            }
            call.store(MMU + 4 * (vaddr >> 16 & (MMU_ENTRIES - 1)), page | target)?;
            page = page.wrapping_add(u32::from(fixed == 0));
            vaddr = vaddr.wrapping_add(0x1_0000);
            left -= 1;
        }
    };
    call.ret(result);
    Ok(())
}

// Bookkeeping of which entries an application in flash uses.
const INFO: u32 = vars::MMU_INFO;
const IROM_SIZE: u32 = INFO + 24;
const DROM_SIZE: u32 = INFO + 28;
const IROM_PAGE: u32 = INFO + 32;
const DROM_PAGE: u32 = INFO + 36;

/// Bytes of the MMU table for instructions and for constants.
fn set_idrom_size(call: &mut Call<'_>) -> Done {
    let (irom, drom) = (call.arg(0)?, call.arg(1)?);
    if irom.wrapping_add(drom) > 0x400 {
        call.ret(1);
        return Ok(());
    }
    let odd = (irom | drom) & 3;
    if odd == 0 {
        call.store(IROM_SIZE, irom)?;
        call.store(DROM_SIZE, drom)?;
        let (first, second) = (call.load(MMU)?, call.load(MMU.wrapping_add(irom))?);
        call.store(IROM_PAGE, first)?;
        call.store(DROM_PAGE, second)?;
    }
    call.ret(odd);
    Ok(())
}

/// How many pages of instructions, of constants, where the constants begin and end, and the offsets of both when copied to
/// PSRAM.
fn set_idrom_info(call: &mut Call<'_>) -> Done {
    for k in 0..6 {
        let word = call.arg(k)?;
        call.store(INFO + 4 * k, word)?;
    }
    Ok(())
}

/// Pages of a bus that are mapped to flash; a page is counted once however often it is mapped.
/// The ROM counts page 0 one too many until it is told that page 0 is mapped
/// (ESP_ROM_HAS_FLASH_COUNT_PAGES_BUG).
fn count_flash_pages(call: &mut Call<'_>) -> Done {
    const CACHE_BUS_IBUS: u32 = 0;
    let (bus, page0) = (call.arg(0)?, call.arg(1)?);
    let (irom, drom) = (call.load(IROM_SIZE)?, call.load(DROM_SIZE)?);
    let (first, end) = if bus == CACHE_BUS_IBUS { (0, irom) } else { (irom, irom.wrapping_add(drom)) };
    let mut counted = 0u32;
    let mut page0_seen = call.load(page0)? != 0;
    for at in (first..end).step_by(4) {
        let entry = call.load(MMU.wrapping_add(at))?;
        if entry & (MMU_INVALID | 0x8000) != 0 {
            continue;
        }
        if entry & 0x3fff != 0 {
            counted += 1;
        } else if !page0_seen {
            page0_seen = true;
            call.store(page0, 1)?;
            counted += 1;
        }
    }
    if !page0_seen {
        counted += 1;
    }
    call.ret(counted);
    Ok(())
}

/// Bus, its first address, the first free page of PSRAM, and where the flash's page 0 went: every page of flash that the
/// bus maps is copied to PSRAM, by way of the last entry, and mapped there. The answer is the next free page.
fn copy_to_psram(call: &mut Call<'_>) -> Done {
    const CACHE_BUS_IBUS: u32 = 0;
    const PSRAM: u32 = 0x8000;
    const PAGE: u32 = 0x1_0000;
    const NOWHERE: u32 = 0xffff;
    const LAST: u32 = MMU + 4 * (MMU_ENTRIES - 1);
    const WINDOW: u32 = 0x3dff_0000;
    /// At about 30 MB/s, by 240 MHz.
    const COPY_CYCLES: u32 = 500_000;
    let (bus, start, mut free, page0) = (call.arg(0)?, call.arg(1)?, call.arg(2)?, call.arg(3)?);
    let (irom, drom) = (call.load(IROM_SIZE)?, call.load(DROM_SIZE)?);
    let (first, end) = if bus == CACHE_BUS_IBUS { (0, irom) } else { (irom, irom.wrapping_add(drom)) };
    let kept = call.load(LAST)?;
    for at in (first..end).step_by(4) {
        let entry = call.load(MMU.wrapping_add(at))?;
        if entry & (MMU_INVALID | PSRAM) != 0 {
            continue;
        }
        let is_page0 = entry & 0x3fff == 0;
        let copied = call.load(page0)?;
        if is_page0 && copied != NOWHERE {
            call.store(MMU.wrapping_add(at), copied | PSRAM)?;
            continue;
        }
        call.store(LAST, free | PSRAM)?;
        let data = call.bytes(start.wrapping_add((at >> 2).wrapping_mul(PAGE)), PAGE)?;
        call.put(WINDOW, &data)?;
        call.charge(COPY_CYCLES);
        call.store(MMU.wrapping_add(at), free | PSRAM)?;
        free = free.wrapping_add(1);
        if is_page0 {
            call.store(page0, free)?;
        }
    }
    call.store(LAST, kept)?;
    call.ret(free);
    Ok(())
}
