//! The PSRAM chip on CS1: AP Memory APS6404L (quad) or APS6408L and its family (octal), as ESP32-S3 modules carry them.
//! APS6404L-3SQR and APS6408L-3OBMx data sheets; the commands are those that ESP-IDF `esp_psram` sends.
//!
//! # Fidelity
//! - Commands reach the chip as a whole, not clock by clock; latencies are not checked.
//! - The cache reads and writes the cells whatever mode the chip is in.

use super::transfer::Transfer;
use crate::fabric::Fabric;
use engine_core::memory::Memory;
use serde::{Deserialize, Serialize};

/// How the chip is wired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Wiring {
    /// Four lines: APS1604, APS3204, APS6404.
    Quad,
    /// Eight lines, double data rate: APS3208, APS6408, APS12808, APS25608.
    Octal,
}

/// Mode registers of an octal chip after power-on, by number; MR2 holds the density, which depends on the size.
const MODE: [u8; 9] = [0x29, 0x8D, 0x90, 0x60, 0x40, 0, 0, 0, 0x05];

/// The chip's own state; its cells are in the memories of the chip.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Psram {
    wiring: Wiring,
    mode: [u8; 9],
    /// The quad chip takes instructions on four lines (35h).
    quad_mode: bool,
    reset_armed: bool,
}

impl Psram {
    /// A chip of `size` bytes.
    pub fn new(wiring: Wiring, size: usize) -> Self {
        let mut mode = MODE;
        mode[2] |= density(wiring, size);
        Self { wiring, mode, quad_mode: false, reset_armed: false }
    }

    /// A transaction with the chip selected.
    pub fn transfer(&mut self, transfer: &Transfer, data: &mut [u8], cells: &mut Memory, fabric: &mut Fabric) {
        match self.wiring {
            Wiring::Quad => self.quad(transfer, data, cells, fabric),
            Wiring::Octal => self.octal(transfer, data, cells, fabric),
        }
    }

    /// APS6404L, table of commands.
    fn quad(&mut self, transfer: &Transfer, data: &mut [u8], cells: &mut Memory, fabric: &mut Fabric) {
        let four = transfer.command.is_some_and(|phase| phase.lanes == 4);
        if four != self.quad_mode {
            return;
        }
        let armed = std::mem::replace(&mut self.reset_armed, transfer.instruction() == 0x66);
        let address = transfer.address.map_or(0, |phase| phase.value as usize);
        match transfer.instruction() {
            // MF ID, KGD (known good die), EID with the density in its bits 47 to 45; bit 41 says that two cells are
            // not one bit (ESP-IDF `esp_psram_impl_ap_quad.c`, which takes a chip for half as large without it).
            0x9F => {
                let id = [0x0D, 0x5D, density(Wiring::Quad, cells.size()) << 5 | 1 << 1];
                for (place, byte) in data.iter_mut().zip(id.into_iter().cycle()) {
                    *place = byte;
                }
            }
            0x66 => {}
            0x99 if armed => self.quad_mode = false,
            0x35 => self.quad_mode = true,
            0xF5 => self.quad_mode = false,
            0x03 | 0x0B | 0xEB => load(cells, address, data),
            0x02 | 0x38 => store(cells, address, &transfer.data_out, fabric),
            command => unknown(command, fabric),
        }
    }

    /// APS6408L: instructions come doubled, on eight lines.
    fn octal(&mut self, transfer: &Transfer, data: &mut [u8], cells: &mut Memory, fabric: &mut Fabric) {
        if transfer.command.is_none_or(|phase| phase.lanes != 8) {
            return;
        }
        let address = transfer.address.map_or(0, |phase| phase.value as usize);
        match transfer.instruction() {
            0x0000 | 0x2020 => load(cells, address, data),
            0x8080 | 0xA0A0 => store(cells, address, &transfer.data_out, fabric),
            0x4040 => {
                for (n, place) in data.iter_mut().enumerate() {
                    *place = self.mode.get(address + n).copied().unwrap_or(0);
                }
            }
            0xC0C0 => {
                // MR1 to MR3 are read-only.
                if let (0 | 4 | 6 | 8, Some(byte)) = (address, transfer.data_out.first()) {
                    self.mode[address] = *byte;
                }
            }
            0xFFFF => self.mode[0] = MODE[0],
            command => unknown(command, fabric),
        }
    }
}

/// The density field: EID bits of a quad chip, MR2 of an octal one.
fn density(wiring: Wiring, size: usize) -> u8 {
    let megabytes = size >> 20;
    match wiring {
        Wiring::Quad => match megabytes {
            0..=2 => 0,
            3..=4 => 1,
            _ => 2,
        },
        Wiring::Octal => match megabytes {
            0..=4 => 1,
            5..=8 => 3,
            9..=16 => 5,
            _ => 7,
        },
    }
}

fn load(cells: &Memory, address: usize, data: &mut [u8]) {
    for (n, place) in data.iter_mut().enumerate() {
        *place = cells.read8((address + n) % cells.size()) as u8;
    }
}

fn store(cells: &mut Memory, address: usize, data: &[u8], fabric: &mut Fabric) {
    for (n, byte) in data.iter().enumerate() {
        if cells.write8((address + n) % cells.size(), u32::from(*byte)) {
            fabric.attention();
        }
    }
}

#[cold]
fn unknown(command: u32, fabric: &mut Fabric) {
    fabric.gaps.touch(&format!("PSRAM instruction {command:X}h"), "the PSRAM chip does not know it");
}
