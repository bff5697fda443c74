//! ESP32-S3: one module per chapter of its Technical Reference Manual.
//!
//! The processors are the crate `xtensa`; this crate is everything around them, and the run loop.

pub mod aes;
pub mod apb_ctrl;
pub mod apb_saradc;
pub mod assist_debug;
pub mod block;
pub mod bus;
pub mod chip;
pub mod clocks;
#[cfg(test)]
mod crypto_bench;
pub mod devices;
pub mod efuse;
pub mod extmem;
pub mod fabric;
pub mod gdma;
pub mod gpio;
pub mod gpspi;
pub mod interrupt;
pub mod io;
pub mod io_mux;
pub mod ledc;
pub mod mcpwm;
pub mod memories;
pub mod pcnt;
pub mod peri_backup;
pub mod radio;
pub mod regi2c;
pub mod rmt;
pub mod rng;
pub mod rom;
pub mod rsa;
pub mod rtc_cntl;
pub mod rtc_i2c;
pub mod rtc_io;
pub mod sar;
pub mod sdm;
pub mod sens;
pub mod sensitive;
pub mod sha;
pub mod signals;
pub mod slots;
pub mod sources;
pub mod spi_mem;
pub mod storage;
pub mod sysreg;
pub mod system;
pub mod systimer;
pub mod ticker;
pub mod timg;
pub mod uart;
pub mod usb_otg;
pub mod usb_serial_jtag;
pub mod usb_wrap;
pub mod watchdog;
pub mod wcl;
