//! Registers are declared, not switched on.
//!
//! [`registers!`](crate::registers!) takes the table of a datasheet chapter: offset, reset value, named fields with
//! their access, and what is not modelled. Out of it come an enum to match on, a constant for each field,
//! the table that is checked against the vendor's SVD, and a [`Bank`] that stores values by the rules of
//! each field. A block matches only on the registers that *do* something.
//!
//! ```
//! use engine_core::registers::{Bank, Write};
//! use engine_core::gaps::Gaps;
//! engine_core::registers! {
//!     /// A made-up block.
//!     pub Reg;
//!     CTRL   0x00 = 0x0000_0003 { MODE 5:4 rw; ENABLE 0 rw; TURBO 8 todo "there is no turbo"; }
//!     STATUS 0x04 = 0x0000_0000 { OVERRUN 1 w1c; READY 0 ro; }
//! }
//! let mut bank = Bank::<Reg>::new();
//! let mut gaps = Gaps::default();
//! bank.store(Reg::CTRL, Write::word(0xFFFF_FFFF), "DEMO", &mut gaps);
//! assert_eq!(bank.load(Reg::CTRL), 0x131);
//! assert_eq!(CTRL::MODE.get(bank.get(Reg::CTRL)), 3);
//! assert_eq!(gaps.all()["DEMO.CTRL.TURBO"].count, 1);
//! bank.set(Reg::STATUS, 3);
//! bank.store(Reg::STATUS, Write::word(2), "DEMO", &mut gaps);
//! assert_eq!(bank.load(Reg::STATUS), 1);
//! ```

use crate::gaps::Gaps;
use serde::{Deserialize, Serialize};
use std::marker::PhantomData;

/// What software can do with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reads what was written.
    Rw,
    /// The hardware writes, software reads.
    Ro,
    /// A strobe or a port: written bits act and are not kept; reads 0 unless the block answers.
    Wo,
    /// Writing 1 clears.
    W1c,
    /// Kept like `Rw`, but nothing happens: the text says what is missing. Each write of a value other than the one kept is counted.
    Todo(&'static str),
}

/// A named run of bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// The lowest bit.
    pub shift: u32,
    /// The bits of the field, at their place.
    pub mask: u32,
}

impl Field {
    /// Bits `high` down to `low`.
    pub const fn new(high: u32, low: u32) -> Self {
        Self { shift: low, mask: (u32::MAX >> (31 - (high - low))) << low }
    }

    /// The value of the field in a register's value.
    #[inline(always)]
    pub const fn get(self, register: u32) -> u32 {
        (register & self.mask) >> self.shift
    }

    /// Is any bit of the field set?
    #[inline(always)]
    pub const fn is_set(self, register: u32) -> bool {
        register & self.mask != 0
    }

    /// The register's value with the field replaced.
    #[inline(always)]
    pub const fn put(self, register: u32, value: u32) -> u32 {
        (register & !self.mask) | ((value << self.shift) & self.mask)
    }
}

/// One field as declared.
#[derive(Clone, Copy, Debug)]
pub struct FieldDecl {
    /// The datasheet's name.
    pub name: &'static str,
    /// Its bits.
    pub bits: Field,
    /// What software can do with it.
    pub access: Access,
}

/// One register as declared.
#[derive(Clone, Copy, Debug)]
pub struct RegisterDecl {
    /// The datasheet's name.
    pub name: &'static str,
    /// Offset in the block, or in its group.
    pub offset: u32,
    /// Value after reset.
    pub reset: u32,
    /// Its fields.
    pub fields: &'static [FieldDecl],
}

impl RegisterDecl {
    /// The bits that keep what software writes.
    fn kept(&self) -> u32 {
        self.mask(|access| matches!(access, Access::Rw | Access::Todo(_)))
    }

    fn mask(&self, want: impl Fn(Access) -> bool) -> u32 {
        self.fields.iter().filter(|field| want(field.access)).fold(0, |mask, field| mask | field.bits.mask)
    }
}

/// A set of declared registers: what [`registers!`](crate::registers!) makes its enum implement.
pub trait Registers: Copy + 'static {
    /// The declarations, in the order of the enum.
    const TABLE: &'static [RegisterDecl];
    /// The register at a word offset.
    fn at(offset: u32) -> Option<Self>;
    /// Its place in the table.
    fn index(self) -> usize;
}

/// A register set as part of a chip, for the check against the SVD and for the fidelity ledger.
#[derive(Clone, Copy, Debug)]
pub struct Group {
    /// The block, as the SVD names it.
    pub block: &'static str,
    /// What stands before each register's name; `{}` is replaced by the number of the copy. A bare `{}` puts the number
    /// behind the name.
    pub prefix: &'static str,
    /// Offset of the first copy in the block.
    pub base: u32,
    /// How many copies.
    pub count: u32,
    /// Distance between copies.
    pub step: u32,
    /// The registers.
    pub table: &'static [RegisterDecl],
}

impl Group {
    /// A block with one set of registers.
    pub const fn one(block: &'static str, table: &'static [RegisterDecl]) -> Self {
        Self { block, prefix: "", base: 0, count: 1, step: 0, table }
    }

    /// The whole name of a register in one of the copies.
    pub fn name_of(&self, copy: u32, register: &RegisterDecl) -> String {
        match self.prefix {
            "{}" => format!("{}{copy}", register.name),
            prefix => format!("{}{}", prefix.replace("{}", &copy.to_string()), register.name),
        }
    }
}

/// A write as a block sees it.
#[derive(Clone, Copy, Debug)]
pub struct Write {
    /// The whole new value of the register: an atomic alias and a narrow write are already worked in.
    pub value: u32,
    /// The bits as they stood on the bus; write-1-to-clear fields and strobes look at these.
    pub raw: u32,
}

impl Write {
    /// A plain word.
    pub const fn word(value: u32) -> Self {
        Self { value, raw: value }
    }
}

/// The stored values of a register set.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Bank<R: Registers> {
    values: Vec<u32>,
    kept: Vec<u32>,
    readable: Vec<u32>,
    #[serde(skip)]
    set: PhantomData<fn() -> R>,
}

impl<R: Registers> Default for Bank<R> {
    fn default() -> Self {
        Self::new()
    }
}

impl<R: Registers> Bank<R> {
    /// All registers at their reset values.
    pub fn new() -> Self {
        Self {
            values: R::TABLE.iter().map(|register| register.reset).collect(),
            kept: R::TABLE.iter().map(RegisterDecl::kept).collect(),
            readable: R::TABLE.iter().map(|register| register.mask(|access| access != Access::Wo)).collect(),
            set: PhantomData,
        }
    }

    /// Back to the reset values.
    pub fn reset(&mut self) {
        for (value, register) in self.values.iter_mut().zip(R::TABLE) {
            *value = register.reset;
        }
    }

    /// The value that the hardware sees.
    #[inline(always)]
    pub fn get(&self, register: R) -> u32 {
        self.values[register.index()]
    }

    /// The hardware changes the value.
    #[inline(always)]
    pub fn set(&mut self, register: R, value: u32) {
        self.values[register.index()] = value;
    }

    /// One field of a register.
    #[inline(always)]
    pub fn field(&self, register: R, field: Field) -> u32 {
        field.get(self.get(register))
    }

    /// The hardware changes one field.
    pub fn set_field(&mut self, register: R, field: Field, value: u32) {
        self.set(register, field.put(self.get(register), value));
    }

    /// What a load from the bus returns.
    #[inline(always)]
    pub fn load(&self, register: R) -> u32 {
        self.values[register.index()] & self.readable[register.index()]
    }

    /// A store from the bus: each field takes it by its access. Fields that are not modelled are counted
    /// under `BLOCK.REGISTER.FIELD` when the store changes them.
    pub fn store(&mut self, register: R, write: Write, block: &str, gaps: &mut Gaps) {
        let index = register.index();
        let old = self.values[index];
        let mut new = (old & !self.kept[index]) | (write.value & self.kept[index]);
        for field in R::TABLE[index].fields {
            match field.access {
                Access::W1c => new &= !(write.raw & field.bits.mask),
                Access::Todo(why) if (old ^ new) & field.bits.mask != 0 => {
                    gaps.touch(&format!("{block}.{}.{}", R::TABLE[index].name, field.name), why);
                }
                _ => {}
            }
        }
        self.values[index] = new;
    }
}

/// Declares the registers of a block, see the [module](crate::registers).
///
/// A line is `NAME offset = reset { FIELD high:low access; FIELD bit access; … }` with an access of
/// `rw`, `ro`, `wo`, `w1c` or `todo "what is missing"`.
#[macro_export]
macro_rules! registers {
    (
        $(#[$meta:meta])*
        pub $set:ident;
        $( $(#[$note:meta])* $reg:ident $offset:literal = $reset:literal {
            $( $field:ident $high:literal $(: $low:literal)? $access:ident $($why:literal)? ; )*
        } )*
    ) => {
        $(#[$meta])*
        #[allow(non_camel_case_types, clippy::upper_case_acronyms, missing_docs)]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum $set { $($reg),* }

        impl $crate::registers::Registers for $set {
            const TABLE: &'static [$crate::registers::RegisterDecl] = &[ $(
                $crate::registers::RegisterDecl {
                    name: stringify!($reg),
                    offset: $offset,
                    reset: $reset,
                    fields: &[ $( $crate::registers::FieldDecl {
                        name: stringify!($field),
                        bits: $crate::__bits!($high $(: $low)?),
                        access: $crate::__access!($access $($why)?),
                    } ),* ],
                }
            ),* ];

            #[inline]
            fn at(offset: u32) -> Option<Self> {
                match offset {
                    $( $offset => Some(Self::$reg), )*
                    _ => None,
                }
            }

            #[inline(always)]
            fn index(self) -> usize {
                self as usize
            }
        }

        $(
            $(#[$note])*
            #[allow(non_snake_case, missing_docs, unused_imports, dead_code)]
            pub mod $reg {
                use $crate::registers::Field;
                $( pub const $field: Field = $crate::__bits!($high $(: $low)?); )*
            }
        )*
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __bits {
    ($high:literal : $low:literal) => {
        $crate::registers::Field::new($high, $low)
    };
    ($bit:literal) => {
        $crate::registers::Field::new($bit, $bit)
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __access {
    (rw) => {
        $crate::registers::Access::Rw
    };
    (ro) => {
        $crate::registers::Access::Ro
    };
    (wo) => {
        $crate::registers::Access::Wo
    };
    (w1c) => {
        $crate::registers::Access::W1c
    };
    (todo $why:literal) => {
        $crate::registers::Access::Todo($why)
    };
}
