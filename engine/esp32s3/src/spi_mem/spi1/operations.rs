//! What the operations of CMD are on the wires.

use super::{Reg, Spi1, CACHE_FCTRL, CMD, CTRL, DDR, HIGH_PART, MISO_DLEN, MOSI_DLEN, RD_STATUS, USER, USER1, USER2};
use crate::spi_mem::transfer::{Phase, Transfer};

impl Spi1 {
    /// What the operation is on the wires, TRM table "SPI1 commands" (ESP-IDF `hal/spimem_flash_ll.h`).
    pub(super) fn transfer(&self, started: u32) -> Option<Transfer> {
        let address = self.bank.get(Reg::ADDR);
        let at = |command| Transfer { address: Some(Phase::new(address, 24, 1)), ..Transfer::command(command) };
        Some(match started {
            bit if bit == CMD::USR.mask => self.user(),
            bit if bit == CMD::FLASH_WREN.mask => Transfer::command(0x06),
            bit if bit == CMD::FLASH_WRDI.mask => Transfer::command(0x04),
            bit if bit == CMD::FLASH_RDID.mask => Transfer { data_in: 3, ..Transfer::command(0x9F) },
            bit if bit == CMD::FLASH_RDSR.mask => Transfer { data_in: 1, ..Transfer::command(0x05) },
            bit if bit == CMD::FLASH_WRSR.mask => {
                let count = if CTRL::WRSR_2B.is_set(self.bank.get(Reg::CTRL)) { 2 } else { 1 };
                let status = RD_STATUS::STATUS.get(self.bank.get(Reg::RD_STATUS));
                Transfer { data_out: status.to_le_bytes()[..count].to_vec(), ..Transfer::command(0x01) }
            }
            bit if bit == CMD::FLASH_PP.mask => {
                // Bits 31 to 24 of ADDR are the number of bytes.
                let count = ((address >> 24) as usize).clamp(1, self.data.len());
                Transfer { data_out: self.data[..count].to_vec(), ..at(0x02) }
            }
            bit if bit == CMD::FLASH_SE.mask => at(0x20),
            bit if bit == CMD::FLASH_BE.mask => at(0xD8),
            bit if bit == CMD::FLASH_CE.mask => Transfer::command(0xC7),
            bit if bit == CMD::FLASH_DP.mask => Transfer::command(0xB9),
            bit if bit == CMD::FLASH_RES.mask => Transfer::command(0xAB),
            bit if bit == CMD::FLASH_READ.mask => Transfer { data_in: ((address >> 24) as usize).max(1), ..at(0x03) },
            _ => return None,
        })
    }

    /// A user-defined transaction: USER says which phases there are.
    fn user(&self) -> Transfer {
        let get = |register| self.bank.get(register);
        let (user, user1, user2, ctrl) = (get(Reg::USER), get(Reg::USER1), get(Reg::USER2), get(Reg::CTRL));
        let reads = USER::USR_MISO.is_set(user);
        let lanes = self.lanes(reads);
        let octal = CTRL::FCMD_OCT.is_set(ctrl);
        let command = USER::USR_COMMAND.is_set(user).then(|| {
            let bits = USER2::USR_COMMAND_BITLEN.get(user2) + 1;
            Phase::new(USER2::USR_COMMAND_VALUE.get(user2), bits, if octal { 8 } else { self.command_lanes() })
        });
        let address = USER::USR_ADDR
            .is_set(user)
            .then(|| Phase::new(get(Reg::ADDR), USER1::USR_ADDR_BITLEN.get(user1) + 1, lanes.0));
        let dummy = if USER::USR_DUMMY.is_set(user) { USER1::USR_DUMMY_CYCLELEN.get(user1) + 1 } else { 0 };
        let part = |high: bool| if high { HIGH_PART } else { 0 };
        let data_out = if USER::USR_MOSI.is_set(user) {
            let from = part(USER::USR_MOSI_HIGHPART.is_set(user));
            let count = (MOSI_DLEN::USR_MOSI_DBITLEN.get(get(Reg::MOSI_DLEN)) as usize + 8) / 8;
            self.data[from..].iter().copied().take(count).collect()
        } else {
            Vec::new()
        };
        let data_in = if reads { (MISO_DLEN::USR_MISO_DBITLEN.get(get(Reg::MISO_DLEN)) as usize + 8) / 8 } else { 0 };
        Transfer {
            command,
            address,
            dummy,
            data_out,
            data_in,
            data_lanes: lanes.1,
            ddr: DDR::SPI_FMEM_DDR_EN.is_set(get(Reg::DDR)),
            swaps_out: DDR::SPI_FMEM_DDR_WDAT_SWP.is_set(get(Reg::DDR)),
            swaps_in: DDR::SPI_FMEM_DDR_RDAT_SWP.is_set(get(Reg::DDR)),
        }
    }

    fn command_lanes(&self) -> u8 {
        let ctrl = self.bank.get(Reg::CTRL);
        match (CTRL::FCMD_QUAD.is_set(ctrl), CTRL::FCMD_DUAL.is_set(ctrl)) {
            (true, _) => 4,
            (_, true) => 2,
            _ => 1,
        }
    }

    /// Lines of address and data.
    fn lanes(&self, reads: bool) -> (u8, u8) {
        let (ctrl, user, cache) = (self.bank.get(Reg::CTRL), self.bank.get(Reg::USER), self.bank.get(Reg::CACHE_FCTRL));
        let pick = |oct: bool, quad: bool, dual: bool| match (oct, quad, dual) {
            (true, ..) => 8,
            (_, true, _) => 4,
            (_, _, true) => 2,
            _ => 1,
        };
        let fast = CTRL::FASTRD_MODE.is_set(ctrl);
        let (qio, dio, quad, dual) = if reads {
            let on = |field: engine_core::registers::Field| fast && field.is_set(ctrl);
            (on(CTRL::FREAD_QIO), on(CTRL::FREAD_DIO), on(CTRL::FREAD_QUAD), on(CTRL::FREAD_DUAL))
        } else {
            let on = |field: engine_core::registers::Field| field.is_set(user);
            (on(USER::FWRITE_QIO), on(USER::FWRITE_DIO), on(USER::FWRITE_QUAD), on(USER::FWRITE_DUAL))
        };
        let address = pick(
            CTRL::FADDR_OCT.is_set(ctrl),
            qio || CACHE_FCTRL::FADDR_QUAD.is_set(cache),
            dio || CACHE_FCTRL::FADDR_DUAL.is_set(cache),
        );
        let data = if reads {
            pick(
                CTRL::FDIN_OCT.is_set(ctrl),
                qio || quad || CACHE_FCTRL::FDIN_QUAD.is_set(cache),
                dio || dual || CACHE_FCTRL::FDIN_DUAL.is_set(cache),
            )
        } else {
            pick(
                CTRL::FDOUT_OCT.is_set(ctrl),
                qio || quad || CACHE_FCTRL::FDOUT_QUAD.is_set(cache),
                dio || dual || CACHE_FCTRL::FDOUT_DUAL.is_set(cache),
            )
        };
        (address, data)
    }
}
