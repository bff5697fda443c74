//! The flash controllers as the ROM's functions drive them (ESP-IDF soc/spi_mem_reg.h).

use super::guest::{Call, Done};

/// SPI1 serves software, SPI0 the caches.
pub(super) const SPI1: u32 = 0x6000_2000;
/// See [`SPI1`].
pub(super) const SPI0: u32 = 0x6000_3000;

/// Base of controller `n`.
pub(super) fn base(n: u32) -> u32 {
    SPI0.wrapping_sub(n << 12)
}

pub(super) const CMD: u32 = 0x00;
pub(super) const ADDR: u32 = 0x04;
pub(super) const CTRL: u32 = 0x08;
pub(super) const CTRL2: u32 = 0x10;
pub(super) const CLOCK: u32 = 0x14;
pub(super) const USER: u32 = 0x18;
pub(super) const USER1: u32 = 0x1c;
pub(super) const USER2: u32 = 0x20;
pub(super) const MOSI_DLEN: u32 = 0x24;
pub(super) const MISO_DLEN: u32 = 0x28;
pub(super) const RD_STATUS: u32 = 0x2c;
pub(super) const MISC: u32 = 0x34;
pub(super) const CACHE_FCTRL: u32 = 0x3c;
pub(super) const W0: u32 = 0x58;
pub(super) const WAITI_CTRL: u32 = 0x98;
pub(super) const DDR: u32 = 0xe0;

// CMD.
pub(super) const CMD_PE: u32 = 1 << 17;
pub(super) const CMD_USR: u32 = 1 << 18;
pub(super) const CMD_CE: u32 = 1 << 22;
pub(super) const CMD_BE: u32 = 1 << 23;
pub(super) const CMD_SE: u32 = 1 << 24;
pub(super) const CMD_PP: u32 = 1 << 25;
pub(super) const CMD_WRSR: u32 = 1 << 26;
pub(super) const CMD_RDSR: u32 = 1 << 27;
pub(super) const CMD_RDID: u32 = 1 << 28;
pub(super) const CMD_WRDI: u32 = 1 << 29;
pub(super) const CMD_WREN: u32 = 1 << 30;

// CTRL.
pub(super) const FASTRD_MODE: u32 = 1 << 13;
pub(super) const FREAD_DUAL: u32 = 1 << 14;
pub(super) const FREAD_QUAD: u32 = 1 << 20;
pub(super) const WRSR_2B: u32 = 1 << 22;
pub(super) const FREAD_DIO: u32 = 1 << 23;
pub(super) const FREAD_QIO: u32 = 1 << 24;
/// Every bit of CTRL that chooses lanes: quad, dual and octal.
pub(super) const MODE_MASK: u32 = 0x0190_63f0;

// USER.
pub(super) const USR_COMMAND: u32 = 1 << 31;
pub(super) const USR_ADDR: u32 = 1 << 30;
pub(super) const USR_DUMMY: u32 = 1 << 29;
pub(super) const USR_MISO: u32 = 1 << 28;
pub(super) const USR_MOSI: u32 = 1 << 27;
/// FWRITE_QIO, FWRITE_DIO, FWRITE_QUAD, FWRITE_DUAL.
pub(super) const WRITE_LANES: u32 = 0xf << 12;

/// Bits of CTRL for each `esp_rom_spiflash_read_mode_t`.
pub(super) const READ_MODES: [u32; 6] = [
    FREAD_QIO | FASTRD_MODE,
    FREAD_QUAD | FASTRD_MODE,
    FREAD_DIO | FASTRD_MODE,
    FREAD_DUAL | FASTRD_MODE,
    FASTRD_MODE,
    0,
];

/// How a read goes: command, dummy cycles less one (0x3f: none).
pub(super) struct Read {
    pub command: u32,
    pub dummy: Option<u32>,
}

/// The read command that the lanes in CTRL ask for, with `more` dummy cycles for the clock
/// (SPI1_R_*_DUMMY_CYCLELEN of rom/spi_flash.h).
pub(super) fn read_of(ctrl: u32, more: u32) -> Read {
    let (command, dummy) = if ctrl & FASTRD_MODE == 0 {
        return Read { command: 0x03, dummy: more.checked_sub(1) };
    } else if ctrl & FREAD_QIO != 0 {
        (0xeb, 5)
    } else if ctrl & FREAD_DIO != 0 {
        (0xbb, 3)
    } else if ctrl & FREAD_QUAD != 0 {
        (0x6b, 7)
    } else if ctrl & FREAD_DUAL != 0 {
        (0x3b, 7)
    } else {
        (0x0b, 7)
    };
    Read { command, dummy: Some(dummy + more) }
}

/// Sets a controller's user phases for a read with 24 address bits.
pub(super) fn prepare_read(call: &mut Call<'_>, base: u32, read: &Read) -> Done {
    let dummy = if read.dummy.is_some() { USR_DUMMY } else { 0 };
    call.modify(
        base + USER,
        USR_COMMAND | USR_ADDR | USR_DUMMY | USR_MISO | USR_MOSI,
        USR_COMMAND | USR_ADDR | USR_MISO | dummy,
    )?;
    call.modify(base + USER1, 0x3f << 26, 23 << 26)?;
    if let Some(dummy) = read.dummy {
        call.modify(base + USER1, 0x3f, dummy & 0x3f)?;
    }
    call.store(base + USER2, 7 << 28 | read.command)
}

/// Whether SPI1 is at rest.
pub(super) fn is_idle(call: &mut Call<'_>) -> Done<bool> {
    Ok(call.load(SPI1 + CMD)? == 0)
}

/// Divider of the SPI clock: 1 is the core's own.
pub(super) fn set_divider(call: &mut Call<'_>, base: u32, divider: u32) -> Done {
    let value = match divider {
        0 | 1 => 1 << 31,
        n => (n - 1) << 16 | (n / 2 - 1) << 8 | (n - 1),
    };
    call.store(base + CLOCK, value)
}
