//! The core on a flat bus, with programs written as encodings (ISA RM chapter 6).

mod debugging;
mod exceptions;
mod loops;
pub mod machine;
mod windows;
