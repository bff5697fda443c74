//! Encoders for the few Xtensa instructions that our stubs in the ROM are made of.
//! Formats: Xtensa ISA Reference Manual, chapter 6 and section 7.3.

/// Special register numbers (Xtensa ISA RM table 5-127).
pub mod sr {
    /// Cycle counter.
    pub const CCOUNT: u32 = 234;
    /// Interrupt vector base.
    pub const VECBASE: u32 = 231;
}

/// `ENTRY as, bytes`: frames are multiples of 8.
pub const fn entry(s: u32, bytes: u32) -> u32 {
    0x36 | s << 8 | bytes / 8 << 12
}

/// `RETW`.
pub const RETW: u32 = 0x00_0090;

/// `SYSCALL`.
pub const SYSCALL: u32 = 0x00_5000;

/// `OR ar, as, as`.
pub const fn mov(r: u32, s: u32) -> u32 {
    0x20_0000 | r << 12 | s << 8 | s << 4
}

/// `RFWO`: return from a window overflow.
pub const RFWO: u32 = 0x00_3400;

/// `RFWU`: return from a window underflow.
pub const RFWU: u32 = 0x00_3500;

/// `CALLX8 as`.
pub const fn callx8(s: u32) -> u32 {
    0x00_00e0 | s << 8
}

/// `JX as`.
pub const fn jx(s: u32) -> u32 {
    0x00_00a0 | s << 8
}

/// `J target`, placed at `pc`: 128 KB either way.
pub const fn j(pc: u32, target: u32) -> u32 {
    assert!(target.wrapping_sub(pc + 4).wrapping_add(1 << 17) >> 18 == 0);
    0x06 | (target.wrapping_sub(pc + 4) & 0x3_ffff) << 6
}

/// `L32R at, literal`, placed at `pc`; the literal lies below.
pub const fn l32r(t: u32, pc: u32, literal: u32) -> u32 {
    let base = (pc + 3) & !3;
    0x01 | t << 4 | (literal.wrapping_sub(base) >> 2 & 0xffff) << 8
}

/// `MOVI at, value` (-2048..=2047).
pub const fn movi(t: u32, value: i32) -> u32 {
    0x00_a002 | t << 4 | (value as u32 & 0xff) << 16 | (value as u32 >> 8 & 0xf) << 8
}

/// `L32I at, as, offset`.
pub const fn l32i(t: u32, s: u32, offset: u32) -> u32 {
    0x00_2002 | t << 4 | s << 8 | offset / 4 << 16
}

/// `S32I at, as, offset`.
pub const fn s32i(t: u32, s: u32, offset: u32) -> u32 {
    0x00_6002 | t << 4 | s << 8 | offset / 4 << 16
}

/// `L32E at, as, offset` (-64..=-4).
pub const fn l32e(t: u32, s: u32, offset: i32) -> u32 {
    0x09_0000 | t << 4 | s << 8 | (((offset + 64) / 4) as u32) << 12
}

/// `S32E at, as, offset` (-64..=-4).
pub const fn s32e(t: u32, s: u32, offset: i32) -> u32 {
    0x49_0000 | t << 4 | s << 8 | (((offset + 64) / 4) as u32) << 12
}

/// `RSR at, special`.
pub const fn rsr(t: u32, special: u32) -> u32 {
    0x03_0000 | t << 4 | special << 8
}

/// `SUB ar, as, at`.
pub const fn sub(r: u32, s: u32, t: u32) -> u32 {
    0xc0_0000 | r << 12 | s << 8 | t << 4
}

/// `MULL ar, as, at`.
pub const fn mull(r: u32, s: u32, t: u32) -> u32 {
    0x82_0000 | r << 12 | s << 8 | t << 4
}

/// `BLTU as, at, target`, placed at `pc`.
pub const fn bltu(s: u32, t: u32, pc: u32, target: u32) -> u32 {
    0x00_3007 | t << 4 | s << 8 | (target.wrapping_sub(pc + 4) & 0xff) << 16
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Encodings of the opcode tables of the Xtensa ISA RM, section 7.3.
    #[test]
    fn instructions_are_encoded_as_the_manual_prints_them() {
        assert_eq!(entry(1, 32), 0x00_4136);
        assert_eq!(callx8(8), 0x00_08e0);
        assert_eq!(j(0x400, 0x404), 0x00_0006);
        assert_eq!(j(0x404, 0x400), 0x06 | 0x3_fff8 << 6);
        assert_eq!(s32e(0, 5, -16), 0x49_c500);
        assert_eq!(l32e(4, 7, -32), 0x09_8740);
        assert_eq!(l32r(9, 0x57c, 0x578), 0xff_ff91);
        assert_eq!(rsr(4, sr::CCOUNT), 0x03_ea40);
        assert_eq!(movi(2, -1), 0xff_af22);
    }
}
