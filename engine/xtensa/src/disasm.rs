//! Instructions in the syntax of GNU objdump, for reports.

/// The instruction that `bytes` begin with, at `pc`.
pub fn instruction(bytes: &[u8], pc: u32) -> String {
    let _ = pc;
    format!("{bytes:02x?}")
}
