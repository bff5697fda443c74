//! Pads of the flash (rom/spi_flash.h; TRM table 5-2 "IO MUX functions").

use super::guest::{Call, Done};
use super::Function;

/// Functions by name.
pub(super) const LEAVES: &[(&str, Function)] = &[
    ("esp_rom_spiflash_select_qio_pins", select_qio_pins),
    ("SelectSpiFunction", select_function),
    ("SetSpiDrvs", set_drives),
];

// Pads of the flash (rom/spi_flash.h, TRM table 5-2): SPIHD, SPIWP, SPICS0, SPICLK, SPIQ, SPID.
const SPI_PADS: std::ops::RangeInclusive<u32> = 27..=32;
const IO_MUX: u32 = 0x6000_9004;
const MCU_SEL: u32 = 7 << 12;
const FUN_DRV: u32 = 3 << 10;

/// WP and HD become data lines.
fn select_qio_pins(call: &mut Call<'_>) -> Done {
    let config = call.arg(1)?;
    if config == 0 {
        for pad in [27, 28] {
            call.modify(IO_MUX + 4 * pad, MCU_SEL, 0)?;
        }
    }
    Ok(())
}

fn select_function(call: &mut Call<'_>) -> Done {
    let config = call.arg(0)?;
    if config == 0 {
        for pad in SPI_PADS {
            call.modify(IO_MUX + 4 * pad, MCU_SEL, 0)?;
        }
    }
    Ok(())
}

fn set_drives(call: &mut Call<'_>) -> Done {
    let (config, drives) = (call.arg(1)?, call.arg(2)?);
    if config == 0 {
        // Clock, then Q, D, HD, WP, then CS0: the image header has four bits for each pair.
        let packed = call.bytes(drives, 3)?;
        for (pad, drive) in [
            (30, packed[0] & 3),
            (31, packed[0] >> 4 & 3),
            (32, packed[1] & 3),
            (29, packed[1] >> 4 & 3),
            (27, packed[2] & 3),
            (28, packed[2] >> 4 & 3),
        ] {
            call.modify(IO_MUX + 4 * pad, FUN_DRV, u32::from(drive) << 10)?;
        }
    }
    Ok(())
}
