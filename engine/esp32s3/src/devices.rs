//! The blocks and their base addresses, ESP32-S3 TRM table 4-3 (ESP-IDF `soc/reg_base.h`): one line each.

use crate::block::Block;
use crate::fabric::Fabric;
use crate::memories::Mmu;
use crate::spi_mem::psram::Psram;
use engine_core::flash::FlashChip;
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
            pub flash_chip: FlashChip,
            pub psram_chip: Psram,
            $(pub $field: $kind),*
        }

        impl Devices {
            /// The blocks after power-on, with these chips on the flash bus.
            pub fn new(flash_chip: FlashChip, psram_chip: Psram) -> Self {
                Self { fabric: Fabric::new(), mmu: Mmu::new(), flash_chip, psram_chip, $($field: $new),* }
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
    0x6000_2000..=0x6000_2FFF spi1: crate::spi_mem::spi1::Spi1 = crate::spi_mem::spi1::Spi1::new();
    0x6000_3000..=0x6000_3FFF spi0: crate::spi_mem::spi0::Spi0 = crate::spi_mem::spi0::Spi0::new();
    0x600C_2000..=0x600C_2FFF interrupt: crate::interrupt::Interrupt = crate::interrupt::Interrupt::new();
    0x600C_4000..=0x600C_4FFF extmem: crate::extmem::Extmem = crate::extmem::Extmem::new();
}
