//! What every chip is built of, and that knows no chip: virtual time, the event queue, memory whose
//! pages are shared between snapshots, declared registers, pins and the ports on them, the trace.

pub mod console;
pub mod ethernet;
pub mod events;
pub mod flash;
pub mod gaps;
pub mod i2c;
pub mod i2s;
pub mod lent;
pub mod memory;
pub mod parallel;
pub mod pdm;
pub mod pins;
pub mod ports;
pub mod registers;
pub mod sdbus;
pub mod spi;
pub mod time;
pub mod trace;
pub mod usb_host;
mod world;
