//! The drive RPI-RP2, and what the ROM makes of a UF2 file that is copied to it. Datasheet 2.8.4.
//!
//! 128 MB with one FAT16 partition behind the sector of the partition table. Nothing that is written is kept: a sector that
//! holds a block of a UF2 file is programmed, wherever it lies, and any other is passed over.

use super::task::{Source, Task, FLASH, PAGE, RAM, XIP_SRAM};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Bytes of a sector.
pub const SECTOR: usize = 512;
/// Sectors of the drive.
pub const SECTORS: u32 = 128 * 1024 * 1024 / SECTOR as u32;

const SECTORS_PER_CLUSTER: u32 = 8;
const FATS: u32 = 2;
const SECTORS_PER_FAT: u32 = 2 * (SECTORS / SECTORS_PER_CLUSTER).div_ceil(SECTOR as u32);
const ROOT_ENTRIES: u32 = 512;
const ROOT_SECTORS: u32 = ROOT_ENTRIES * 32 / SECTOR as u32;
const HARD_DISK: u8 = 0xF8;
const LABEL: &[u8; 11] = b"RPI-RP2    ";

/// Where things lie, from the first sector of the partition.
const FAT: u32 = 1;
const ROOT: u32 = FAT + FATS * SECTORS_PER_FAT;
const DATA: u32 = ROOT + ROOT_SECTORS;

const INDEX: &str =
    "<html><head><meta http-equiv=\"refresh\" content=\"0;URL='https://raspberrypi.com/device/RP2'\"/></head>\
                     </html>";
/// 2.8.4.1: what a program finds out about the board by.
const INFO: &str = "UF2 Bootloader v3.0\nModel: Raspberry Pi RP2\nBoard-ID: RPI-RP2\n";

/// Friday, 5 September 2008, 16:20:51, as FAT writes it.
const TIME: [u8; 4] = {
    let time: u16 = 16 << 11 | 20 << 5 | 51 >> 1;
    let date: u16 = 28 << 9 | 9 << 5 | 5;
    [time as u8, (time >> 8) as u8, date as u8, (date >> 8) as u8]
};

fn put(sector: &mut [u8], at: usize, bytes: &[u8]) {
    sector[at..at + bytes.len()].copy_from_slice(bytes);
}

fn partition_table(sector: &mut [u8]) {
    const FAT16_LBA: u8 = 0x0E;
    sector[0x1C2] = FAT16_LBA;
    put(sector, 0x1C6, &1u32.to_le_bytes());
    put(sector, 0x1CA, &(SECTORS - 1).to_le_bytes());
    put(sector, 0x1FE, &[0x55, 0xAA]);
}

fn boot_sector(sector: &mut [u8]) {
    put(sector, 0x00, &[0xEB, 0x3C, 0x90]);
    put(sector, 0x03, b"MSWIN4.1");
    put(sector, 0x0B, &(SECTOR as u16).to_le_bytes());
    sector[0x0D] = SECTORS_PER_CLUSTER as u8;
    put(sector, 0x0E, &(FAT as u16).to_le_bytes());
    sector[0x10] = FATS as u8;
    put(sector, 0x11, &(ROOT_ENTRIES as u16).to_le_bytes());
    sector[0x15] = HARD_DISK;
    put(sector, 0x16, &(SECTORS_PER_FAT as u16).to_le_bytes());
    put(sector, 0x18, &[1, 0, 1, 0]);
    put(sector, 0x1C, &1u32.to_le_bytes());
    put(sector, 0x20, &(SECTORS - 1).to_le_bytes());
    sector[0x26] = 0x29;
    put(sector, 0x2B, LABEL);
    put(sector, 0x36, b"FAT16   ");
    put(sector, 0x3E, &[0xEB, 0xFE]);
}

fn directory(sector: &mut [u8]) {
    const READ_ONLY: u8 = 1;
    const VOLUME_LABEL: u8 = 8;
    const ARCHIVE: u8 = 0x20;
    put(sector, 0, LABEL);
    sector[11] = VOLUME_LABEL | ARCHIVE;
    let files = [(b"INDEX   HTM", INDEX), (b"INFO_UF2TXT", INFO)];
    for (number, (name, text)) in files.into_iter().enumerate() {
        let entry = &mut sector[32 * (number + 1)..32 * (number + 2)];
        put(entry, 0, name);
        entry[11] = READ_ONLY | ARCHIVE;
        entry[13] = 100;
        put(entry, 14, &TIME);
        put(entry, 22, &TIME);
        put(entry, 26, &(number as u16 + 2).to_le_bytes());
        put(entry, 28, &(text.len() as u32).to_le_bytes());
    }
}

/// What a sector of the drive reads as.
pub fn read(sector: u32) -> [u8; SECTOR] {
    let mut bytes = [0; SECTOR];
    let text = |cluster: u32| DATA + cluster * SECTORS_PER_CLUSTER;
    match sector.checked_sub(1) {
        None => partition_table(&mut bytes),
        Some(0) => boot_sector(&mut bytes),
        Some(at) if at == FAT || at == FAT + SECTORS_PER_FAT => {
            // The media, and three chains of one cluster.
            bytes[..8].fill(0xFF);
            bytes[0] = HARD_DISK;
        }
        Some(ROOT) => directory(&mut bytes),
        Some(at) if at == text(0) => put(&mut bytes, 0, INDEX.as_bytes()),
        Some(at) if at == text(1) => put(&mut bytes, 0, INFO.as_bytes()),
        Some(_) => {}
    }
    bytes
}

/// The UF2 file that is being written. 2.8.4.2.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Download {
    /// How many blocks it has; 0: there is none.
    blocks: u32,
    ram: bool,
    seen: BTreeSet<u32>,
    erased: BTreeSet<u32>,
    lowest: u32,
    begun: bool,
}

/// Blocks that the ROM can keep account of: of an image for RAM, and for flash (with 16 KB of bits in the cache's SRAM, one for
/// each page and one for each sector).
const MOST_IN_RAM: u32 = 1280;
const MOST_IN_FLASH: u32 = 16_384 * 8 / 17 * 16 & !31;

/// Where a page may go, by its first address and the one behind its last.
pub fn is_within(area: &std::ops::RangeInclusive<u32>, addr: u32, count: u32) -> bool {
    area.contains(&addr) && addr.checked_add(count).is_some_and(|end| area.contains(&end))
}

impl Download {
    /// A sector was written to the drive. `Some`: a page goes to RAM or flash.
    pub fn write(&mut self, sector: &[u8], token: u32, shut: bool) -> Option<Task> {
        const MAGIC: [(usize, u32); 3] = [(0, 0x0A32_4655), (4, 0x9E5D_5157), (508, 0x0AB1_6F30)];
        const NOT_MAIN_FLASH: u32 = 1;
        const FAMILY_PRESENT: u32 = 0x2000;
        const RP2040: u32 = 0xE48B_FF56;
        let word = |at: usize| u32::from_le_bytes([sector[at], sector[at + 1], sector[at + 2], sector[at + 3]]);
        let [flags, addr, size, number, count, family] = [8, 12, 16, 20, 24, 28].map(word);
        let is_ours = flags & FAMILY_PRESENT != 0 && flags & NOT_MAIN_FLASH == 0 && family == RP2040 && size == PAGE;
        if MAGIC.iter().any(|(at, magic)| word(*at) != *magic) || !is_ours {
            return None;
        }
        let task = self.take(addr, number, count, token, shut)?;
        Some(Task { write: Some((addr, sector[32..32 + PAGE as usize].to_vec())), ..task })
    }

    fn take(&mut self, addr: u32, number: u32, count: u32, token: u32, shut: bool) -> Option<Task> {
        let ram = is_within(&RAM, addr, PAGE - 1) || is_within(&XIP_SRAM, addr, PAGE - 1);
        let flash = is_within(&FLASH, addr, PAGE - 1) && addr % PAGE == 0;
        let mut exit_xip = false;
        if count == 0 || !(ram || flash) || shut {
            self.blocks = 0;
            return None;
        }
        if self.blocks != count {
            *self = Self { ram, lowest: u32::MAX, ..Self::default() };
            if count > if ram { MOST_IN_RAM } else { MOST_IN_FLASH } {
                return None;
            }
            self.blocks = count;
            exit_xip = flash;
        }
        if ram != self.ram || number >= count {
            self.blocks = 0;
            return None;
        }
        if !self.seen.insert(number) {
            return None;
        }
        // The cache's SRAM lies below SRAM, and is entered only where the image has nothing else.
        if (!RAM.contains(&addr), addr) < (!RAM.contains(&self.lowest), self.lowest) {
            self.lowest = addr;
        }
        // The ROM counts sectors by the block's number, as if the image began with a sector.
        let sector = number * PAGE / super::task::SECTOR;
        let erase =
            (!ram && self.erased.insert(sector)).then_some((addr & !(super::task::SECTOR - 1), super::task::SECTOR));
        let same_source = std::mem::replace(&mut self.begun, true);
        Some(Task { token, exit_xip, erase, same_source, ..Task::of(Source::Drive) })
    }

    /// A page is where it belongs. `Some`: it was the last; where the chip goes on, 0 for flash.
    pub fn written(&mut self) -> Option<u32> {
        let is_whole = self.blocks != 0 && self.seen.len() == self.blocks as usize;
        is_whole.then_some(if self.ram { self.lowest } else { 0 })
    }

    /// Nothing is left of it.
    pub fn forget(&mut self) {
        self.blocks = 0;
    }
}
