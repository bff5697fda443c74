//! The blocks and their base addresses, ESP32-S3 TRM table 4-3 (ESP-IDF `soc/reg_base.h`): one line each.

use crate::block::Block;
use crate::fabric::Fabric;
use crate::memories::Mmu;
use engine_core::registers::{Group, Write};
use serde::{Deserialize, Serialize};

macro_rules! devices {
    ($($base:literal ..= $last:literal $field:ident: $kind:ty = $new:expr;)*) => {
        /// The blocks and what they share: all that a snapshot copies.
        #[allow(missing_docs)]
        #[derive(Clone, Debug, Serialize, Deserialize)]
        pub struct Devices {
            pub fabric: Fabric,
            pub mmu: Mmu,
            $(pub $field: $kind),*
        }

        impl Devices {
            /// The blocks after power-on.
            pub fn new() -> Self {
                Self { fabric: Fabric::new(), mmu: Mmu::new(), $($field: $new),* }
            }

            /// A load from a block of registers. `None`: no block is there.
            pub fn read(&mut self, addr: u32) -> Option<u32> {
                match addr {
                    $($base..=$last => Some(self.$field.read((addr - $base) & !3, &mut self.fabric)),)*
                    _ => None,
                }
            }

            /// The value of a register without side effects.
            pub fn peek(&mut self, addr: u32) -> Option<u32> {
                match addr {
                    $($base..=$last => Some(self.$field.peek((addr - $base) & !3, &mut self.fabric)),)*
                    _ => None,
                }
            }

            /// A store to a block of registers. `None`: no block is there.
            pub fn write(&mut self, addr: u32, write: Write) -> Option<()> {
                match addr {
                    $($base..=$last => self.$field.write((addr - $base) & !3, write, &mut self.fabric),)*
                    _ => return None,
                }
                Some(())
            }
        }

        /// The register groups of every block, in the order of the address map.
        pub fn all_groups() -> Vec<Group> {
            [$(<$kind as Block>::GROUPS),*].concat()
        }
    };
}

devices! {
    0x600C_2000..=0x600C_2FFF interrupt: crate::interrupt::Interrupt = crate::interrupt::Interrupt::new();
}

impl Default for Devices {
    fn default() -> Self {
        Self::new()
    }
}
