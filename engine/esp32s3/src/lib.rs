//! ESP32-S3: one module per chapter of its Technical Reference Manual.
//!
//! The processors are the crate `xtensa`; this crate is everything around them, and the run loop.

pub mod block;
pub mod bus;
//CHIP
pub mod devices;
pub mod extmem;
pub mod fabric;
pub mod interrupt;
pub mod io;
pub mod memories;
pub mod rom;
pub mod signals;
pub mod slots;
pub mod sources;
pub mod spi_mem;
pub mod system;
