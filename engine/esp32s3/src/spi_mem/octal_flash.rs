//! A flash chip that understands eight lines: Macronix MX25UM12845G and its family, as ESP32-S3-WROOM-2 modules carry it.
//! Data sheet, chapters "Command Set" and "Configuration Register 2"; the commands are those of ESP-IDF's
//! `spi_flash_oct_flash_init.c` and `opi_flash_cmd_format_mxic.h`.
//!
//! Cells, status, write enable and times are those of the chip that [`FlashChip`] is; this is its other instruction set.
//!
//! # Fidelity
//! - On one line, and on eight with one transfer a clock or two: identification, read, page program, erase of 4 KB, 64 KB and all,
//!   status, both configuration registers, SFDP's answer about the order of bytes, reset.
//! - Of configuration register 2 the mode at address 0 alone has an effect; the rest is kept. Latencies are not checked.
//! - Suspension by B0h and 30h takes and leaves the time of [`FlashChip`]'s 75h and 7Ah.
//! - Up to 32 MB (MX25UM25645G): on eight lines with addresses of 32 bits; on one line with 24, and those of four bytes by
//!   instructions of their own (12h, 13h, 0Ch, 21h, DCh).

use super::spi1::by_the_wires;
use super::transfer::{Phase, Transfer};
use crate::fabric::Fabric;
use engine_core::flash::FlashChip;
use engine_core::memory::Memory;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const MACRONIX: u8 = 0xC2;
const OCTAL: u8 = 0x80;
/// Where SFDP says that the basic flash parameters are, and of these the byte whose bit 7 says that the two bytes of a clock come
/// in the other order in 8D-8D-8D mode (JESD216, 18th DWORD).
const SFDP_POINTER: u32 = 0x0C;
const SFDP_BASIC: u8 = 0x30;
const SFDP_ORDER: u32 = SFDP_BASIC as u32 + 0x47;
const SWAPS: u8 = 0x80;

/// How the chip listens: configuration register 2 at address 0, bits 1 and 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Mode {
    /// One line.
    Spi,
    /// Eight lines, one transfer a clock.
    Single,
    /// Eight lines, two transfers a clock.
    Double,
}

/// What the chip has beyond [`FlashChip`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OctalFlash {
    mode: Mode,
    configuration: u8,
    configuration_2: BTreeMap<u32, u8>,
    reset_armed: bool,
}

impl OctalFlash {
    /// After power-on it listens on one line.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self { mode: Mode::Spi, configuration: 7, configuration_2: BTreeMap::new(), reset_armed: false }
    }

    /// A transaction with the chip selected. True: decoded code may be stale.
    pub fn transfer(
        &mut self,
        transfer: &Transfer,
        chip: &mut FlashChip,
        cells: &mut Memory,
        data: &mut [u8],
        fabric: &mut Fabric,
    ) -> bool {
        let Some(command) = transfer.command else { return false };
        let eight = command.lanes == 8;
        let heard = match self.mode {
            Mode::Spi => command.lanes == 1 && !transfer.ddr,
            Mode::Single => eight && !transfer.ddr,
            Mode::Double => eight && transfer.ddr,
        };
        // On eight lines the second byte of an instruction is the first one inverted.
        let [code, inverse, ..] = command.value.to_le_bytes();
        if !heard || (eight && inverse != !code) {
            return false;
        }
        let mut talk = Talk { transfer, chip, cells, data, fabric, doubled: self.mode == Mode::Double };
        let armed = std::mem::replace(&mut self.reset_armed, code == 0x66);
        let address = transfer.address.map_or(0, |phase| phase.value);
        match (code, self.mode) {
            (0x9F, _) => {
                let size = talk.chip.size().trailing_zeros() as u8 + 0x20;
                talk.answer(&[MACRONIX, OCTAL, size]);
            }
            (0x15, _) => talk.answer(&[self.configuration]),
            (0x5A, _) if address == SFDP_POINTER => talk.answer(&[SFDP_BASIC]),
            (0x5A, _) if address == SFDP_ORDER => talk.answer(&[SWAPS]),
            (0x71, _) => talk.answer(&[self.configuration_2.get(&address).copied().unwrap_or(0)]),
            (0x72, _) => {
                if let (true, Some(value)) = (talk.takes_write_enable(), transfer.data_out.first()) {
                    self.write_configuration_2(address, *value);
                }
            }
            (0x01, _) => {
                if let (true, Some(value)) = (talk.is_write_enabled(), transfer.data_out.get(1)) {
                    self.configuration = *value;
                }
                let status = transfer.data_out.iter().take(1).copied().collect();
                return talk.pass(0x01, None, status);
            }
            (0x66, _) => {}
            (0x99, _) if armed => {
                self.mode = Mode::Spi;
                return talk.pass(0x66, None, Vec::new()) | talk.pass(0x99, None, Vec::new());
            }
            (0xB0, _) => return talk.pass(0x75, None, Vec::new()),
            (0x30, _) => return talk.pass(0x7A, None, Vec::new()),
            (0x12 | 0x21 | 0xDC | 0x13 | 0x0C, Mode::Spi) => return talk.pass_four_bytes(code, address),
            (_, Mode::Spi) => return talk.pass_on(),
            (0x05, _) => {
                let status = talk.status();
                talk.answer(&[status]);
            }
            (0x06 | 0x04 | 0xC7 | 0x60, _) => return talk.pass(code, None, Vec::new()),
            (0x21, _) => return talk.pass(0x20, Some(address), Vec::new()),
            (0xDC, _) => return talk.pass(0xD8, Some(address), Vec::new()),
            (0x12, _) => {
                let mut bytes = transfer.data_out.clone();
                if talk.doubled && !transfer.swaps_out {
                    swap(&mut bytes);
                }
                return talk.pass(0x02, Some(address), bytes);
            }
            (0xEC, Mode::Single) | (0xEE, Mode::Double) => talk.read(address),
            _ => {
                talk.fabric
                    .gaps
                    .touch(&format!("octal flash instruction {code:02X}h"), "the flash chip does not know it");
            }
        }
        false
    }

    fn write_configuration_2(&mut self, address: u32, value: u8) {
        self.configuration_2.insert(address, value);
        if address == 0 {
            self.mode = match value & 3 {
                1 => Mode::Single,
                2 => Mode::Double,
                _ => Mode::Spi,
            };
        }
    }
}

/// Bytes of a clock in the other order.
fn swap(bytes: &mut [u8]) {
    bytes.chunks_exact_mut(2).for_each(|pair| pair.swap(0, 1));
}

/// A transaction and what it reaches.
struct Talk<'a> {
    transfer: &'a Transfer,
    chip: &'a mut FlashChip,
    cells: &'a mut Memory,
    data: &'a mut [u8],
    fabric: &'a mut Fabric,
    /// Two transfers a clock: registers come twice.
    doubled: bool,
}

impl Talk<'_> {
    fn answer(&mut self, bytes: &[u8]) {
        let times = if self.doubled { 2 } else { 1 };
        let all = bytes.iter().flat_map(|byte| std::iter::repeat_n(*byte, times)).cycle();
        self.data.iter_mut().zip(all).for_each(|(place, byte)| *place = byte);
    }

    fn pass(&mut self, code: u8, address: Option<u32>, data_out: Vec<u8>) -> bool {
        self.chip.set_bank(address.unwrap_or(0));
        let address = address.map(|address| Phase::new(address & 0xFF_FFFF, 24, 1));
        let transfer = Transfer { address, data_out, ..Transfer::command(code) };
        by_the_wires(&transfer, 0, self.chip, self.cells, &mut [], self.fabric)
    }

    /// On one line, an instruction with an address of four bytes.
    fn pass_four_bytes(&mut self, code: u8, address: u32) -> bool {
        match code {
            0x12 => self.pass(0x02, Some(address), self.transfer.data_out.clone()),
            0x21 => self.pass(0x20, Some(address), Vec::new()),
            0xDC => self.pass(0xD8, Some(address), Vec::new()),
            _ => {
                self.read(address);
                false
            }
        }
    }

    /// The transaction as it is.
    fn pass_on(&mut self) -> bool {
        self.chip.set_bank(0);
        by_the_wires(self.transfer, 0, self.chip, self.cells, self.data, self.fabric)
    }

    fn read(&mut self, address: u32) {
        // Two transfers a clock begin at an even address.
        let first = if self.doubled { address & !1 } else { address };
        self.chip.set_bank(first);
        let address = Some(Phase::new(first & 0xFF_FFFF, 24, 1));
        let transfer = Transfer { address, data_in: self.data.len(), ..Transfer::command(0x03) };
        by_the_wires(&transfer, 0, self.chip, self.cells, self.data, self.fabric);
        if self.doubled && !self.transfer.swaps_in {
            swap(self.data);
        }
    }

    fn status(&mut self) -> u8 {
        self.chip.status(self.fabric.now())[0]
    }

    fn is_write_enabled(&mut self) -> bool {
        self.status() & 2 != 0
    }

    /// The write enable latch is used up.
    fn takes_write_enable(&mut self) -> bool {
        let enabled = self.is_write_enabled();
        self.pass(0x04, None, Vec::new());
        enabled
    }
}
