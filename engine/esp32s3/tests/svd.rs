//! The declared registers against the vendor's SVD file, which lies beside the checkout and is no part of the product.

use esp32s3::devices::all_groups;
use svdcheck::{Lists, Svd};

/// Here every endpoint is alike, and as wide as ESP-IDF `soc/usb_dwc_struct.h` has it.
const ENDPOINT: &str =
    "the SVD names the fields otherwise at each endpoint, and gives endpoints 1 to 6 the widths of 0";

const LISTS: Lists = Lists {
    open: &[],
    // The second of two blocks that are alike: the first is checked.
    elsewhere: &["I2C1", "I2S1", "INTERRUPT_CORE1", "MCPWM1", "SPI3", "TIMG1", "UART1", "UART2", "UHCI1"],
    undeclared: &[
        ("AES", "IV_MEM, which is memory, and those of GCM"),
        ("DS", "C_MEM, X_MEM and Z_MEM, which are memory"),
        ("HMAC", "WR_MESSAGE_MEM and RD_RESULT_MEM, which are memory"),
        ("RSA", "its memories"),
        ("SHA", "H_MEM and M_MEM, which are memory"),
    ],
    beyond: &[("I2C_ANA_MST", "ESP-IDF soc/regi2c_defs.h"), ("OPENETH", "OpenCores Ethernet IP Core Specification")],
    coarse_access: true,
    deviations: &[
        ("SPI0.MOSI_DLEN", "ESP-IDF soc/spi_mem_reg.h has it for both controllers"),
        ("SPI0.MISO_DLEN", "ESP-IDF soc/spi_mem_reg.h has it for both controllers"),
        ("RMT.CH3_TX_CONF0", "DMA_ACCESS_EN, ESP-IDF soc/rmt_struct.h"),
        ("RMT.CH7_RX_CONF0", "DMA_ACCESS_EN, ESP-IDF soc/rmt_struct.h"),
        ("XTS_AES.LINESIZE", "two bits: ESP-IDF hal/spi_flash_encrypted_ll.h writes 2 for a line of 64 bytes"),
        // The vendor's files swap the two for processor 1; neither is ever set here.
        ("ASSIST_DEBUG.CORE_1_AREA_SP", "named AREA_PC at processor 1"),
        ("ASSIST_DEBUG.CORE_1_AREA_PC", "named AREA_SP at processor 1"),
        ("SDHOST.CTRL", "USE_INTERNAL_DMAC and DMA_ENABLE, ESP-IDF soc/sdmmc_struct.h"),
        ("SDHOST.CMD", "VOLT_SWITCH and the bits of booting, ESP-IDF soc/sdmmc_struct.h"),
        ("SDHOST.PWREN", "ESP-IDF soc/sdmmc_reg.h"),
        ("SDHOST.GPIO", "ESP-IDF soc/sdmmc_reg.h"),
        ("USB0.HCCHAR*", "host mode is not modelled: one field"),
        ("USB0.HCINT*", "host mode is not modelled: one field"),
        ("USB0.HCINTMSK*", "host mode is not modelled: one field"),
        ("USB0.HCTSIZ*", "host mode is not modelled: one field"),
        ("USB0.HCDMA*", "host mode is not modelled: one field"),
        ("USB0.HCDMAB*", "host mode is not modelled: one field"),
        ("USB0.DIEPCTL*", ENDPOINT),
        ("USB0.DIEPINT*", ENDPOINT),
        ("USB0.DIEPTSIZ*", ENDPOINT),
        ("USB0.DIEPDMA*", ENDPOINT),
        ("USB0.DIEPDMAB*", ENDPOINT),
        ("USB0.DOEPCTL*", ENDPOINT),
        ("USB0.DOEPINT*", ENDPOINT),
        ("USB0.DOEPTSIZ*", ENDPOINT),
        ("USB0.DOEPDMA*", ENDPOINT),
        ("USB0.DOEPDMAB*", ENDPOINT),
        ("USB0.DTXFSTS*", ENDPOINT),
    ],
};

fn svd() -> Option<Svd> {
    Svd::beside_checkout(env!("CARGO_MANIFEST_DIR"), "esp32s3.svd")
}

#[test]
fn every_declared_register_is_as_the_svd_has_it() {
    let Some(svd) = svd() else { return };
    let wrong = svd.differences(&all_groups(), &LISTS);
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_block_declares_its_registers() {
    let Some(svd) = svd() else { return };
    let wrong = svd.undeclared_blocks(&all_groups(), &LISTS);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
