//! The flash and PSRAM controllers SPI0 and SPI1, the octal flash chip and the PSRAM chip.

pub mod octal_flash;
pub mod psram;
pub mod sampling;
pub mod spi0;
pub mod spi1;
pub mod transfer;

#[cfg(test)]
mod tests;
