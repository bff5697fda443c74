//! The ROM's variables in DRAM and its constants.
//!
//! The reserved areas are those that `ets_rom_layout_t` (ESP-IDF `rom/rom_layout.h`) reports on
//! silicon: UART 0x3fcef130, the ROM's own 0x3fcef66c..0x3fcef81c, pointers that applications read
//! or replace from 0x3fceffac up. What the linker scripts do not name has an order of our own.

use super::guest::{Call, Done};
use super::image::Image;
use super::names;
use super::ROM_BASE;

/// Before it: whether somebody reads the USB Serial/JTAG.
pub const UART_DATA: u32 = 0x3fce_f130;
/// `UartDevice` (rom/uart.h), which `GetUartDevice` answers.
pub const UART_DEVICE: u32 = 0x3fce_f134;

/// Cycles per microsecond, for `ets_delay_us`.
pub const TICKS_PER_US: u32 = 0x3fce_f66c;
/// First output function of `ets_printf`.
pub const PUTC1: u32 = 0x3fce_f670;
/// Second output function of `ets_printf`.
pub const PUTC2: u32 = 0x3fce_f674;
/// Channel of `uart_tx_one_char`, a byte that `uart_tx_switch` sets: see [`super::uart`].
pub const PRINT_CHANNEL: u32 = 0x3fce_f744;
/// Channel of `uart_tx_one_char2` and of all that receives, a byte: `buff_uart_no` of `UartDevice`, which ESP-IDF sets itself
/// (esp_rom_uart_switch_buffer).
pub const BUFFER_CHANNEL: u32 = UART_DEVICE + 24;
/// Lock and unlock functions of `ets_install_lock`.
pub const PRINTF_LOCK: u32 = 0x3fce_f7f0;
/// Lock and unlock functions of `ets_apb_backup_init_lock_func`.
pub const APB_BACKUP_LOCK: u32 = 0x3fce_f67c;
/// Lock functions of `opi_flash_set_lock_func`.
pub const OPI_LOCK: u32 = 0x3fce_f684;
/// Entry of `ets_set_user_start`.
pub const USER_START: u32 = 0x3fce_f68c;
/// The two mutexes of `esp_rom_newlib_init_common_mutexes`.
pub const NEWLIB_MUTEXES: u32 = 0x3fce_f690;
/// Bookkeeping of `Cache_Set_IDROM_MMU_Info` and `Cache_Set_IDROM_MMU_Size`: ten words.
pub const MMU_INFO: u32 = 0x3fce_f698;
/// What `rom_spiflash_legacy_data` points at: chip, dummy lengths (rom/spi_flash.h), 28 bytes.
pub const FLASH_DATA: u32 = 0x3fce_f6c0;
/// What `rom_spiflash_legacy_funcs` points at until a driver replaces it: 52 bytes.
pub const FLASH_FUNCS: u32 = 0x3fce_f6e0;
/// What `rom_cache_internal_table_ptr` points at: 22 functions.
pub const CACHE_TABLE: u32 = 0x3fce_f720;
/// `struct flash_variables` of firmware/rom/spi_flash.h: its first byte is the most that one read takes.
const FLASH_OWN: u32 = 0x3fce_f77c;
/// Its three counters, of three words each.
const FLASH_COUNTERS: u32 = 0x3fce_f7f8;
/// Functions attached to interrupts, in the memory reserved for them: firmware/rom/interrupt.c.
const ATTACHED: std::ops::Range<u32> = 0x3fce_fa20..0x3fce_fb20;
/// Functions attached to exceptions, by EXCCAUSE: firmware/rom/interrupt.c.
const EXCEPTIONS: u32 = 0x3fce_e068;
/// What begins in it: nobody, or for these causes a function that prints registers on silicon. None is ours: it traps.
const NOBODY: u32 = 0x4005_59a4;
const PRINTS_REGISTERS: u32 = 0x4005_0d50;
const PRINTED: [u32; 7] = [0, 2, 3, 8, 9, 28, 29];
/// Behind it: interrupts that are enabled, and those that the running priority lets through.
pub const INTERRUPTS_ENABLED: u32 = EXCEPTIONS + 4 * 64;
/// See [`INTERRUPTS_ENABLED`].
pub const INTERRUPTS_LET_THROUGH: u32 = INTERRUPTS_ENABLED + 4;
/// End of the ROM's own variables.
pub const END: u32 = 0x3fce_f81c;

/// Initial stack of the PRO CPU (`SOC_ROM_STACK_START`, soc.h).
pub const STACK_PRO: u32 = 0x3fce_b710;
/// Initial stack of the APP CPU (`ets_rom_layout_t.stack_app`).
pub const STACK_APP: u32 = 0x3fce_d710;

/// Where the ROM's constants begin, on the data bus.
pub const CONSTANTS: u32 = 0x3ff1_8000;

/// What `esp_flash_api_funcs` points at: three functions of firmware/rom/flash_driver.c at addresses of their own.
const FLASH_API_AT: u32 = 0x3ff1_e078;
const FLASH_API: [u32; 3] = [0x4004_b03c, 0x4004_b064, 0x4004_b084];
/// What `spi_flash_chip_generic_config_data` points at: dummy clocks of DIO, QIO, QOUT, DOUT, fast and slow reads, then the
/// microseconds between two questions.
const FLASH_CONFIG_AT: u32 = 0x3ff1_e0e0;
const FLASH_CONFIG: [u8; 8] = [4, 6, 8, 8, 8, 0, 1, 0];

/// What `ets_ops_table_ptr` points at: its first function is `ets_delay_us`.
const OPS_AT: u32 = CONSTANTS + 0x100;
/// Version of the coexistence code, a text.
pub const COEX_VERSION: u32 = CONSTANTS + 0x110;

/// Members of `ets_rom_layout_t` in its order: reserved DRAM by owner.
const LAYOUT: [u32; 40] = [
    0x3fce_9704,
    0x3fce_ee34, // dram0_rtos_reserved_start
    0x3fce_9710,
    STACK_PRO,
    STACK_PRO,
    STACK_APP,
    0x3fce_f174, // Bluetooth
    0x3fce_f180,
    0x3fce_f180,
    0x3fce_f1a4,
    0x4005_7350,
    0x4005_7354,
    0x3fce_f958,
    0x3fce_fa14,
    0x3fce_fa14,
    0x3fce_ffac,
    0x3fce_f3d4, // PHY
    0x3fce_f66c,
    0x3fce_f1a4, // coexistence, net80211, pp
    0x3fce_f1a8,
    0x3fce_f1a8,
    0x3fce_f1ac,
    0x3fce_f1ac,
    0x3fce_f3d4,
    0x3fce_f820,
    0x3fce_f820,
    0x3fce_f820,
    0x3fce_f838,
    0x3fce_f838,
    0x3fce_f838,
    0x3fce_f838,
    0x3fce_f85c,
    0x3fce_f85c,
    0x3fce_f85c,
    0x3fce_f85c,
    0x3fce_f958,
    0x3fce_ee34, // USB OTG
    UART_DATA,
    UART_DATA, // UART
    0x3fce_f174,
];

/// Members of `cache_internal_stub_table` (rom/cache.h).
const CACHE: [&str; 22] = [
    "Cache_Get_ICache_Line_Size",
    "Cache_Get_DCache_Line_Size",
    "Cache_Address_Through_ICache",
    "Cache_Address_Through_DCache",
    "Cache_Invalidate_ICache_Items",
    "Cache_Invalidate_DCache_Items",
    "Cache_Clean_Items",
    "Cache_WriteBack_Items",
    "Cache_Lock_ICache_Items",
    "Cache_Lock_DCache_Items",
    "Cache_Unlock_ICache_Items",
    "Cache_Unlock_DCache_Items",
    "Cache_Occupy_Items",
    "Cache_Suspend_ICache_Autoload",
    "Cache_Resume_ICache_Autoload",
    "Cache_Suspend_DCache_Autoload",
    "Cache_Resume_DCache_Autoload",
    "rom_Cache_Freeze_ICache_Enable",
    "Cache_Freeze_ICache_Disable",
    "rom_Cache_Freeze_DCache_Enable",
    "Cache_Freeze_DCache_Disable",
    "Cache_Op_Addr",
];

/// What `ets_ecc_table_ptr` points at: the functions from `ets_ecc_flash_enable` on, which lie 12 bytes apart.
const ECC_AT: u32 = CONSTANTS + 0x120;
const ECC_FUNCTIONS: u32 = 20;

// The tables do not reach into one another.
const _: () = assert!(CACHE_TABLE + 4 * CACHE.len() as u32 <= PRINTF_LOCK);
const _: () = assert!(FLASH_FUNCS + 52 <= CACHE_TABLE);
const _: () = assert!(CACHE_TABLE + 4 * CACHE.len() as u32 <= FLASH_OWN);
const _: () = assert!(PRINTF_LOCK + 8 <= FLASH_COUNTERS && FLASH_COUNTERS + 36 <= END);

fn address(name: &str) -> u32 {
    names::address(name).unwrap_or(0)
}

/// Constants into the image.
pub(super) fn constants(image: &mut Image) {
    const LAYOUT_AT: u32 = CONSTANTS;
    for (i, &word) in LAYOUT.iter().enumerate() {
        image.put_word(LAYOUT_AT + 4 * i as u32, word);
    }
    image.put_word(address("ets_rom_layout_p"), LAYOUT_AT);
    image.put_word(OPS_AT, address("ets_delay_us"));
    for (i, &word) in FLASH_API.iter().enumerate() {
        image.put_word(FLASH_API_AT + 4 * i as u32, word);
    }
    image.put(FLASH_CONFIG_AT, &FLASH_CONFIG);
    for n in 0..ECC_FUNCTIONS {
        image.put_word(ECC_AT + 4 * n, address("ets_ecc_flash_enable") + 12 * n);
    }
    image.put(COEX_VERSION, b"e7ae62f");
    // _rom_chip_id and _rom_eco_version (esp32s3.rom.version.ld).
    image.put_word(ROM_BASE + 0x570, 9);
    image.put_word(ROM_BASE + 0x574, 0);
    // What esptool tells the chip by, where the chip refuses to say its id (CHIP_DETECT_MAGIC_REG of its documentation).
    image.put_word(ROM_BASE + 0x1000, 9);
}

/// What the ROM's start-up writes into its variables, after each reset.
pub(super) fn initialise(call: &mut Call<'_>) -> Done {
    call.put(UART_DATA, &[0; 0x44])?;
    for addr in (TICKS_PER_US..END).chain(ATTACHED).step_by(4) {
        call.store(addr, 0)?;
    }
    for cause in 0..64 {
        let handler = if PRINTED.contains(&cause) { PRINTS_REGISTERS } else { NOBODY };
        call.store(EXCEPTIONS + 4 * cause, handler)?;
    }
    call.store(INTERRUPTS_ENABLED, 0)?;
    call.store(INTERRUPTS_LET_THROUGH, u32::MAX)?;
    // The pointers from g_usb_print up; those of the radios below belong to its libraries.
    for addr in (address("g_usb_print")..=address("ets_ops_table_ptr")).step_by(4) {
        call.store(addr, 0)?;
    }
    call.store(address("rom_spiflash_legacy_data"), FLASH_DATA)?;
    // g_rom_flashchip until the loader knows better: 2 MB, 64 KB blocks, 4 KB sectors, 256 B pages.
    for (i, word) in [0x15_40ef, 0x20_0000, 0x1_0000, 0x1000, 0x100, 0xffff].into_iter().enumerate() {
        call.store(FLASH_DATA + 4 * i as u32, word)?;
    }
    call.store(address("rom_spiflash_legacy_funcs"), FLASH_FUNCS)?;
    // Address bits of program, sector erase, block erase and read, then the slices. No functions:
    // the ROM's own are used.
    call.store(FLASH_FUNCS, 0x1818_1818)?;
    call.store(FLASH_FUNCS + 4, 16)?;
    call.store(FLASH_FUNCS + 8, 32)?;
    call.store(address("esp_flash_api_funcs"), FLASH_API_AT)?;
    call.store(address("spi_flash_chip_generic_config_data"), FLASH_CONFIG_AT)?;
    call.store(FLASH_OWN, 64)?;
    // Half of the MMU's entries for each bus.
    call.store(MMU_INFO + 24, 0x200)?;
    call.store(MMU_INFO + 28, 0x200)?;
    call.store(address("ets_ops_table_ptr"), OPS_AT)?;
    call.store(address("ets_ecc_table_ptr"), ECC_AT)?;
    call.store(address("rom_cache_internal_table_ptr"), CACHE_TABLE)?;
    for (i, name) in CACHE.iter().enumerate() {
        call.store(CACHE_TABLE + 4 * i as u32, address(name))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_in_a_table_of_the_rom_has_an_address() {
        for name in CACHE {
            assert_ne!(address(name), 0, "{name}");
        }
    }
}
