//! The registers of SIO, datasheet 2.3.1.7.

use engine_core::registers::{Access, Field, FieldDecl, Group, RegisterDecl, Registers};

/// CPUID, GPIO, the FIFOs, and the divider.
pub mod common {
    engine_core::registers! {
        /// Everything but spinlocks and interpolators.
        pub Reg;
        CPUID         0x00 = 0x0000_0000 { CPUID 31:0 ro; }
        GPIO_IN       0x04 = 0x0000_0000 { GPIO_IN 29:0 ro; }
        GPIO_HI_IN    0x08 = 0x0000_0000 { GPIO_HI_IN 5:0 ro; }
        GPIO_OUT      0x10 = 0x0000_0000 { GPIO_OUT 29:0 rw; }
        GPIO_OUT_SET  0x14 = 0x0000_0000 { GPIO_OUT_SET 29:0 wo; }
        GPIO_OUT_CLR  0x18 = 0x0000_0000 { GPIO_OUT_CLR 29:0 wo; }
        GPIO_OUT_XOR  0x1C = 0x0000_0000 { GPIO_OUT_XOR 29:0 wo; }
        GPIO_OE       0x20 = 0x0000_0000 { GPIO_OE 29:0 rw; }
        GPIO_OE_SET   0x24 = 0x0000_0000 { GPIO_OE_SET 29:0 wo; }
        GPIO_OE_CLR   0x28 = 0x0000_0000 { GPIO_OE_CLR 29:0 wo; }
        GPIO_OE_XOR   0x2C = 0x0000_0000 { GPIO_OE_XOR 29:0 wo; }
        GPIO_HI_OUT     0x30 = 0x0000_0000 { GPIO_HI_OUT 5:0 rw; }
        GPIO_HI_OUT_SET 0x34 = 0x0000_0000 { GPIO_HI_OUT_SET 5:0 wo; }
        GPIO_HI_OUT_CLR 0x38 = 0x0000_0000 { GPIO_HI_OUT_CLR 5:0 wo; }
        GPIO_HI_OUT_XOR 0x3C = 0x0000_0000 { GPIO_HI_OUT_XOR 5:0 wo; }
        GPIO_HI_OE      0x40 = 0x0000_0000 { GPIO_HI_OE 5:0 rw; }
        GPIO_HI_OE_SET  0x44 = 0x0000_0000 { GPIO_HI_OE_SET 5:0 wo; }
        GPIO_HI_OE_CLR  0x48 = 0x0000_0000 { GPIO_HI_OE_CLR 5:0 wo; }
        GPIO_HI_OE_XOR  0x4C = 0x0000_0000 { GPIO_HI_OE_XOR 5:0 wo; }
        FIFO_ST       0x50 = 0x0000_0002 { ROE 3 w1c; WOF 2 w1c; RDY 1 ro; VLD 0 ro; }
        FIFO_WR       0x54 = 0x0000_0000 { FIFO_WR 31:0 wo; }
        FIFO_RD       0x58 = 0x0000_0000 { FIFO_RD 31:0 ro; }
        SPINLOCK_ST   0x5C = 0x0000_0000 { SPINLOCK_ST 31:0 ro; }
        DIV_UDIVIDEND 0x60 = 0x0000_0000 { DIV_UDIVIDEND 31:0 rw; }
        DIV_UDIVISOR  0x64 = 0x0000_0000 { DIV_UDIVISOR 31:0 rw; }
        DIV_SDIVIDEND 0x68 = 0x0000_0000 { DIV_SDIVIDEND 31:0 rw; }
        DIV_SDIVISOR  0x6C = 0x0000_0000 { DIV_SDIVISOR 31:0 rw; }
        DIV_QUOTIENT  0x70 = 0x0000_0000 { DIV_QUOTIENT 31:0 rw; }
        DIV_REMAINDER 0x74 = 0x0000_0000 { DIV_REMAINDER 31:0 rw; }
        DIV_CSR       0x78 = 0x0000_0001 { DIRTY 1 ro; READY 0 ro; }
    }
}

/// What both interpolators of a processor have.
pub mod interp {
    engine_core::registers! {
        /// An interpolator without its CTRL_LANE0.
        pub Reg;
        ACCUM0     0x00 = 0x0000_0000 { ACCUM0 31:0 rw; }
        ACCUM1     0x04 = 0x0000_0000 { ACCUM1 31:0 rw; }
        BASE0      0x08 = 0x0000_0000 { BASE0 31:0 rw; }
        BASE1      0x0C = 0x0000_0000 { BASE1 31:0 rw; }
        BASE2      0x10 = 0x0000_0000 { BASE2 31:0 rw; }
        POP_LANE0  0x14 = 0x0000_0000 { POP_LANE0 31:0 ro; }
        POP_LANE1  0x18 = 0x0000_0000 { POP_LANE1 31:0 ro; }
        POP_FULL   0x1C = 0x0000_0000 { POP_FULL 31:0 ro; }
        PEEK_LANE0 0x20 = 0x0000_0000 { PEEK_LANE0 31:0 ro; }
        PEEK_LANE1 0x24 = 0x0000_0000 { PEEK_LANE1 31:0 ro; }
        PEEK_FULL  0x28 = 0x0000_0000 { PEEK_FULL 31:0 ro; }
        CTRL_LANE1 0x30 = 0x0000_0000 {
            FORCE_MSB 20:19 rw; ADD_RAW 18 rw; CROSS_RESULT 17 rw; CROSS_INPUT 16 rw; SIGNED 15 rw;
            MASK_MSB 14:10 rw; MASK_LSB 9:5 rw; SHIFT 4:0 rw;
        }
        ACCUM0_ADD 0x34 = 0x0000_0000 { ACCUM0_ADD 23:0 rw; }
        ACCUM1_ADD 0x38 = 0x0000_0000 { ACCUM1_ADD 23:0 rw; }
        BASE_1AND0 0x3C = 0x0000_0000 { BASE_1AND0 31:0 wo; }
    }
}

/// What only INTERP0 has: BLEND.
pub mod interp0 {
    engine_core::registers! {
        /// CTRL_LANE0 of INTERP0.
        pub Reg;
        CTRL_LANE0 0x2C = 0x0000_0000 {
            OVERF 25 ro; OVERF1 24 ro; OVERF0 23 ro; BLEND 21 rw;
            FORCE_MSB 20:19 rw; ADD_RAW 18 rw; CROSS_RESULT 17 rw; CROSS_INPUT 16 rw; SIGNED 15 rw;
            MASK_MSB 14:10 rw; MASK_LSB 9:5 rw; SHIFT 4:0 rw;
        }
    }
}

/// What only INTERP1 has: CLAMP.
pub mod interp1 {
    engine_core::registers! {
        /// CTRL_LANE0 of INTERP1.
        pub Reg;
        CTRL_LANE0 0x2C = 0x0000_0000 {
            OVERF 25 ro; OVERF1 24 ro; OVERF0 23 ro; CLAMP 22 rw;
            FORCE_MSB 20:19 rw; ADD_RAW 18 rw; CROSS_RESULT 17 rw; CROSS_INPUT 16 rw; SIGNED 15 rw;
            MASK_MSB 14:10 rw; MASK_LSB 9:5 rw; SHIFT 4:0 rw;
        }
    }
}

/// SPINLOCK0 to SPINLOCK31: the whole name stands in the prefix of the group.
const SPINLOCK: &[RegisterDecl] = &[RegisterDecl {
    name: "",
    offset: 0,
    reset: 0,
    fields: &[FieldDecl { name: "", bits: Field::new(31, 0), access: Access::Rw }],
}];

/// Offset of INTERP0; INTERP1 follows 0x40 further on.
pub const INTERP: u32 = 0x80;
/// Bytes between the interpolators.
pub const INTERP_STEP: u32 = 0x40;
/// Offset of SPINLOCK0.
pub const SPINLOCK0: u32 = 0x100;

const fn interpolator(prefix: &'static str, base: u32, table: &'static [RegisterDecl]) -> Group {
    Group { block: "SIO", prefix, base, count: 1, step: 0, table }
}

/// All registers of SIO.
pub const GROUPS: &[Group] = &[
    Group::one("SIO", common::Reg::TABLE),
    interpolator("INTERP0_", INTERP, interp::Reg::TABLE),
    interpolator("INTERP0_", INTERP, interp0::Reg::TABLE),
    interpolator("INTERP1_", INTERP + INTERP_STEP, interp::Reg::TABLE),
    interpolator("INTERP1_", INTERP + INTERP_STEP, interp1::Reg::TABLE),
    Group { block: "SIO", prefix: "SPINLOCK{}", base: SPINLOCK0, count: 32, step: 4, table: SPINLOCK },
];
