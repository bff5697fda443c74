//! The registers of IO_BANK0, 2.19.6.1: a pair for each pin, then four interrupt bits for each pin, eight pins a word.

use engine_core::registers::{Access, Field, FieldDecl, Group, RegisterDecl, Registers};

/// The pair of registers that each pin has.
pub mod pin {
    engine_core::registers! {
        /// 2.19.6.1, GPIOn_STATUS and GPIOn_CTRL.
        pub Reg;
        STATUS 0x0 = 0x0000_0000 {
            IRQTOPROC 26 ro; IRQFROMPAD 24 ro; INTOPERI 19 ro; INFROMPAD 17 ro;
            OETOPAD 13 ro; OEFROMPERI 12 ro; OUTTOPAD 9 ro; OUTFROMPERI 8 ro;
        }
        CTRL 0x4 = 0x0000_001F { IRQOVER 29:28 rw; INOVER 17:16 rw; OEOVER 13:12 rw; OUTOVER 9:8 rw; FUNCSEL 4:0 rw; }
    }
}

/// GPIO0 to GPIO29.
pub const PINS: usize = 30;

/// The four bits of each pin at its place in the word.
macro_rules! pins {
    ($level:ident $edge:ident: $($place:literal $pin:literal),*) => {
        &[$(
            field(concat!("GPIO", $pin, "_LEVEL_LOW"), 4 * $place, Access::$level),
            field(concat!("GPIO", $pin, "_LEVEL_HIGH"), 4 * $place + 1, Access::$level),
            field(concat!("GPIO", $pin, "_EDGE_LOW"), 4 * $place + 2, Access::$edge),
            field(concat!("GPIO", $pin, "_EDGE_HIGH"), 4 * $place + 3, Access::$edge),
        )*]
    };
}

/// The four words of each kind of interrupt register.
macro_rules! words {
    ($($name:literal $offset:literal $level:ident $edge:ident;)*) => {
        &[$(
            word(concat!($name, "0"), $offset, pins!($level $edge: 0 0, 1 1, 2 2, 3 3, 4 4, 5 5, 6 6, 7 7)),
            word(concat!($name, "1"), $offset + 4, pins!($level $edge: 0 8, 1 9, 2 10, 3 11, 4 12, 5 13, 6 14, 7 15)),
            word(concat!($name, "2"), $offset + 8, pins!($level $edge: 0 16, 1 17, 2 18, 3 19, 4 20, 5 21, 6 22, 7 23)),
            word(concat!($name, "3"), $offset + 12, pins!($level $edge: 0 24, 1 25, 2 26, 3 27, 4 28, 5 29)),
        )*]
    };
}

const INTERRUPTS: &[RegisterDecl] = words! {
    "INTR" 0x0F0 Ro W1c;
    "PROC0_INTE" 0x100 Rw Rw;
    "PROC0_INTF" 0x110 Rw Rw;
    "PROC0_INTS" 0x120 Ro Ro;
    "PROC1_INTE" 0x130 Rw Rw;
    "PROC1_INTF" 0x140 Rw Rw;
    "PROC1_INTS" 0x150 Ro Ro;
    "DORMANT_WAKE_INTE" 0x160 Rw Rw;
    "DORMANT_WAKE_INTF" 0x170 Rw Rw;
    "DORMANT_WAKE_INTS" 0x180 Ro Ro;
};

const fn field(name: &'static str, bit: u32, access: Access) -> FieldDecl {
    FieldDecl { name, bits: Field::new(bit, bit), access }
}

const fn word(name: &'static str, offset: u32, fields: &'static [FieldDecl]) -> RegisterDecl {
    RegisterDecl { name, offset, reset: 0, fields }
}

/// All of them.
pub const GROUPS: &[Group] = &[
    Group { block: "IO_BANK0", prefix: "GPIO{}_", base: 0, count: PINS as u32, step: 8, table: pin::Reg::TABLE },
    Group::one("IO_BANK0", INTERRUPTS),
];

/// What a register offset stands for. Interrupt registers come for processor 0, processor 1 and dormant wake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// GPIOn_STATUS.
    Status(usize),
    /// GPIOn_CTRL.
    Ctrl(usize),
    /// INTRn.
    Raw(usize),
    /// INTEn of a target.
    Enable(usize, usize),
    /// INTFn of a target.
    Force(usize, usize),
    /// INTSn of a target.
    State(usize, usize),
}

impl Place {
    /// The register at an offset.
    pub fn at(offset: u32) -> Option<Self> {
        const PER_TARGET: u32 = 0x30;
        let word = (offset as usize / 4) % 4;
        match offset {
            0x000..=0x0EF if offset & 4 == 0 => Some(Self::Status(offset as usize / 8)),
            0x000..=0x0EF => Some(Self::Ctrl(offset as usize / 8)),
            0x0F0..=0x0FF => Some(Self::Raw(word)),
            0x100..=0x18F => {
                let (target, kind) = ((offset - 0x100) / PER_TARGET, (offset - 0x100) % PER_TARGET / 0x10);
                Some([Self::Enable, Self::Force, Self::State][kind as usize](target as usize, word))
            }
            _ => None,
        }
    }
}
