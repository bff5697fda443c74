//! The memories and where they are in the address map. ESP32-S3 TRM chapter 4 (System and Memory).
//!
//! SRAM1 is one memory seen by two buses: the instruction bus shows it at 0x4037_8000, the data bus at 0x3FC8_8000. Flash and
//! PSRAM are seen through the cache's MMU, by the same table on both buses, in pages of 64 KB.

use crate::cache::Tags;
use engine_core::lent::Foreign;
use engine_core::memory::{Frozen, Memory};
use serde::{Deserialize, Serialize};

/// SRAM0 (32 KB), SRAM1 (416 KB) and SRAM2 (64 KB), one after the other.
pub const SRAM_SIZE: usize = 512 * 1024;
/// RTC FAST and RTC SLOW memory, each.
pub const RTC_SIZE: usize = 8 * 1024;
/// Mask ROM on the instruction bus.
pub const ROM_I: std::ops::Range<u32> = 0x4000_0000..0x4006_0000;
/// The part of the mask ROM that the data bus sees.
pub const ROM_D: std::ops::Range<u32> = 0x3FF0_0000..0x3FF2_0000;
/// A page of the cache MMU.
pub const MMU_PAGE: u32 = 64 * 1024;
/// Entries of the cache MMU.
pub const MMU_ENTRIES: usize = 512;

const SRAM_I: u32 = 0x4037_0000;
const SRAM_I_SIZE: u32 = 0x7_0000;
const SRAM_D: u32 = 0x3FC8_8000;
const SRAM_D_SIZE: u32 = 0x7_8000;
const RTC_FAST: u32 = 0x600F_E000;
const RTC_SLOW: u32 = 0x5000_0000;
/// Flash and PSRAM on the data bus.
pub const WINDOW: u32 = 0x3C00_0000;
/// SRAM0 is on the instruction bus alone.
const SRAM0_SIZE: u32 = 0x8000;

/// A place in a memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// SRAM0 to SRAM2.
    Sram(usize),
    /// RTC FAST memory.
    RtcFast(usize),
    /// RTC SLOW memory.
    RtcSlow(usize),
    /// Flash, by the MMU.
    Flash(usize),
    /// PSRAM, by the MMU.
    Psram(usize),
    /// Mask ROM: offset in the instruction bus' view.
    RomI(usize),
    /// Mask ROM: offset in the data bus' view.
    RomD(usize),
}

impl Place {
    /// Its first address in the map; flash and PSRAM have none, they are where `addr` is in the window of the data bus.
    fn home(self, addr: u32) -> u32 {
        match self {
            Self::Sram(offset) if offset >= SRAM0_SIZE as usize => SRAM_D + offset as u32 - SRAM0_SIZE,
            Self::Sram(offset) => SRAM_I + offset as u32,
            Self::RtcFast(offset) => RTC_FAST + offset as u32,
            Self::RtcSlow(offset) => RTC_SLOW + offset as u32,
            Self::RomI(offset) => ROM_I.start + offset as u32,
            Self::RomD(offset) => ROM_D.start + offset as u32,
            Self::Flash(_) | Self::Psram(_) => WINDOW | addr & 0x01FF_FFFF,
        }
    }
}

/// What an entry of the cache MMU says, TRM 4.3.3: bit 14 invalid, bit 15 PSRAM, a page number.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Mmu {
    entries: Vec<u32>,
    /// The tags of the instruction cache in front of it, as each processor sees them.
    pub caches: [Tags; 2],
}

impl Mmu {
    /// Set: the entry maps nothing.
    pub const INVALID: u32 = 1 << 14;
    /// Set: the page is one of PSRAM.
    pub const PSRAM: u32 = 1 << 15;
    const PAGE: u32 = 0x3FFF;

    /// A table in which nothing is mapped.
    pub fn new() -> Self {
        Self { entries: vec![Self::INVALID; MMU_ENTRIES], caches: [Tags::new(), Tags::new()] }
    }

    /// An entry as software reads it.
    pub fn entry(&self, index: usize) -> u32 {
        self.entries[index]
    }

    /// Software writes an entry. True: it changed.
    pub fn set_entry(&mut self, index: usize, value: u32) -> bool {
        let value = value & (Self::INVALID | Self::PSRAM | Self::PAGE);
        std::mem::replace(&mut self.entries[index], value) != value
    }

    /// Does an entry map a page of flash that lies above the 16 MB that three bytes address?
    pub fn is_above_three_bytes(&self, index: usize, flash: usize) -> bool {
        let entry = self.entries[index];
        let at = ((entry & Self::PAGE) as usize) << 16;
        entry & (Self::INVALID | Self::PSRAM) == 0 && at % flash.max(1) >= 16 << 20
    }

    /// The entry of an address of the 32 MB window of either bus.
    pub fn entry_of(&self, addr: u32) -> u32 {
        self.entries[(addr >> 16) as usize & (MMU_ENTRIES - 1)]
    }

    /// The place behind an address of the 32 MB window of either bus.
    #[inline(always)]
    fn translate(&self, addr: u32, shut: u32) -> Option<Place> {
        let entry = self.entry_of(addr) | shut;
        let offset = ((entry & Self::PAGE) << 16 | (addr & 0xFFFF)) as usize;
        match entry & (Self::INVALID | Self::PSRAM) {
            0 => Some(Place::Flash(offset)),
            Self::PSRAM => Some(Place::Psram(offset)),
            _ => None,
        }
    }

    /// Entries that map the 64 KB page of a place in flash or PSRAM.
    pub fn entries_of(&self, page: u32, psram: bool) -> impl Iterator<Item = usize> + '_ {
        let wanted = page | if psram { Self::PSRAM } else { 0 };
        (0..MMU_ENTRIES).filter(move |index| self.entries[*index] == wanted)
    }
}

impl Default for Mmu {
    fn default() -> Self {
        Self::new()
    }
}

/// The windows of flash and PSRAM that a processor cannot use now: 0, or [`Mmu::INVALID`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shut {
    /// The data bus', 0x3C00_0000.
    pub data: u32,
    /// The instruction bus', 0x4200_0000.
    pub instructions: u32,
}

/// The memories, which snapshots share by pages.
#[derive(Debug)]
pub struct Memories {
    /// SRAM0 to SRAM2.
    pub sram: Memory,
    /// RTC FAST memory.
    pub rtc_fast: Memory,
    /// RTC SLOW memory.
    pub rtc_slow: Memory,
    /// The cells of the flash chip.
    pub flash: Memory,
    /// The cells of the PSRAM chip; of size 0 where none is fitted.
    pub psram: Memory,
    /// Mask ROM as the instruction bus sees it: the user's image, or our entry points.
    pub rom_i: Vec<u8>,
    /// Mask ROM as the data bus sees it.
    pub rom_d: Vec<u8>,
    /// SRAM, RTC memory and PSRAM are somebody else's: these here are copies for what has a DMA.
    pub foreign: Option<Box<Foreign>>,
}

/// Memories at rest.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FrozenMemories {
    sram: Frozen,
    rtc_fast: Frozen,
    rtc_slow: Frozen,
    flash: Frozen,
    psram: Frozen,
    rom_i: Vec<u8>,
    rom_d: Vec<u8>,
}

impl Memories {
    /// Erased flash and zeroed RAM of these sizes.
    pub fn new(flash: usize, psram: usize) -> Self {
        Self {
            sram: Memory::new(SRAM_SIZE, 0),
            rtc_fast: Memory::new(RTC_SIZE, 0),
            rtc_slow: Memory::new(RTC_SIZE, 0),
            flash: Memory::new(flash, 0xFF),
            psram: Memory::new(psram, 0),
            rom_i: vec![0; ROM_I.len()],
            rom_d: vec![0; ROM_D.len()],
            foreign: None,
        }
    }

    /// Deep sleep took the supply of all but RTC memory and flash: the rest is as after power-on.
    pub fn lose_digital(&mut self) {
        self.sram = Memory::new(self.sram.size(), 0);
        self.psram = Memory::new(self.psram.size(), 0);
    }

    /// A picture of all of them.
    pub fn freeze(&mut self) -> FrozenMemories {
        FrozenMemories {
            sram: self.sram.freeze(),
            rtc_fast: self.rtc_fast.freeze(),
            rtc_slow: self.rtc_slow.freeze(),
            flash: self.flash.freeze(),
            psram: self.psram.freeze(),
            rom_i: self.rom_i.clone(),
            rom_d: self.rom_d.clone(),
        }
    }

    /// Running memories with the contents of a picture.
    pub fn thaw(frozen: &FrozenMemories) -> Self {
        Self {
            sram: Memory::thaw(&frozen.sram),
            rtc_fast: Memory::thaw(&frozen.rtc_fast),
            rtc_slow: Memory::thaw(&frozen.rtc_slow),
            flash: Memory::thaw(&frozen.flash),
            psram: Memory::thaw(&frozen.psram),
            rom_i: frozen.rom_i.clone(),
            rom_d: frozen.rom_d.clone(),
            foreign: None,
        }
    }

    /// What has a DMA is about to look at bytes of a place, which it knows by `addr`. False: the other side has no memory there.
    #[inline]
    pub fn bring(&mut self, place: Place, addr: u32, count: usize) -> bool {
        self.foreign.is_none() || self.bring_foreign(place, addr, count)
    }

    #[cold]
    fn bring_foreign(&mut self, place: Place, addr: u32, count: usize) -> bool {
        let Some(foreign) = &mut self.foreign else { return true };
        let addr = place.home(addr);
        let (memory, offset) = match place {
            Place::Sram(offset) => (&mut self.sram, offset),
            Place::Psram(offset) => (&mut self.psram, offset),
            Place::RtcFast(offset) => (&mut self.rtc_fast, offset),
            Place::RtcSlow(offset) => (&mut self.rtc_slow, offset),
            Place::Flash(_) | Place::RomI(_) | Place::RomD(_) => return true,
        };
        foreign.bring(memory, offset, addr, count)
    }

    /// What has a DMA stored bytes into a place, which it knows by `addr`.
    #[inline]
    pub fn stored(&mut self, place: Place, addr: u32, data: &[u8]) {
        if let Some(foreign) = &mut self.foreign {
            foreign.stored(place.home(addr), data);
        }
    }

    /// The memory behind an address, whoever looks.
    #[inline(always)]
    pub fn place(&self, mmu: &Mmu, addr: u32) -> Option<Place> {
        self.place_by(mmu, addr, Shut::default())
    }

    /// The memory behind an address that a processor's loads may use.
    #[inline(always)]
    pub fn place_by(&self, mmu: &Mmu, addr: u32, shut: Shut) -> Option<Place> {
        let sram = addr.wrapping_sub(SRAM_D);
        if sram < SRAM_D_SIZE {
            return Some(Place::Sram((sram + SRAM0_SIZE) as usize));
        }
        let place = match addr >> 24 {
            0x3C..=0x3D => mmu.translate(addr, shut.data)?,
            0x40 if addr.wrapping_sub(SRAM_I) < SRAM_I_SIZE => Place::Sram((addr - SRAM_I) as usize),
            0x40 if ROM_I.contains(&addr) => Place::RomI((addr - ROM_I.start) as usize),
            0x42..=0x43 => mmu.translate(addr, shut.instructions)?,
            0x3F if ROM_D.contains(&addr) => Place::RomD((addr - ROM_D.start) as usize),
            0x3F if addr.wrapping_sub(0x3FF8_0000) < RTC_SIZE as u32 => Place::RtcFast((addr - 0x3FF8_0000) as usize),
            0x50 if addr.wrapping_sub(RTC_SLOW) < RTC_SIZE as u32 => Place::RtcSlow((addr - RTC_SLOW) as usize),
            0x60 if addr.wrapping_sub(RTC_FAST) < RTC_SIZE as u32 => Place::RtcFast((addr - RTC_FAST) as usize),
            0x60 if addr.wrapping_sub(0x6002_1000) < RTC_SIZE as u32 => Place::RtcSlow((addr - 0x6002_1000) as usize),
            _ => return None,
        };
        let end = match place {
            Place::Flash(offset) => (offset, self.flash.size()),
            Place::Psram(offset) => (offset, self.psram.size()),
            _ => return Some(place),
        };
        (end.0 < end.1).then_some(place)
    }

    /// The instruction-bus addresses at which a place of SRAM can be executed.
    pub fn sram_code_address(offset: u32) -> Option<u32> {
        (offset < SRAM_I_SIZE).then_some(SRAM_I + offset)
    }

    /// Loads `1 << shift` bytes, zero-extended.
    #[inline(always)]
    pub fn load<const SIZE: u32>(&self, place: Place) -> u32 {
        match place {
            Place::Sram(offset) => load_memory::<SIZE>(&self.sram, offset),
            Place::Flash(offset) => load_memory::<SIZE>(&self.flash, offset),
            Place::Psram(offset) => load_memory::<SIZE>(&self.psram, offset),
            Place::RtcFast(offset) => load_memory::<SIZE>(&self.rtc_fast, offset),
            Place::RtcSlow(offset) => load_memory::<SIZE>(&self.rtc_slow, offset),
            Place::RomI(offset) => load_bytes(&self.rom_i, offset, SIZE),
            Place::RomD(offset) => load_bytes(&self.rom_d, offset, SIZE),
        }
    }

    /// Stores `SIZE` bytes. `None`: the place cannot be written. True: decoded code has become stale.
    #[inline(always)]
    pub fn store<const SIZE: u32>(&mut self, place: Place, value: u32) -> Option<bool> {
        let (memory, offset) = match place {
            Place::Sram(offset) => (&mut self.sram, offset),
            Place::Psram(offset) => (&mut self.psram, offset),
            Place::RtcFast(offset) => (&mut self.rtc_fast, offset),
            Place::RtcSlow(offset) => (&mut self.rtc_slow, offset),
            Place::Flash(_) | Place::RomI(_) | Place::RomD(_) => return None,
        };
        Some(match SIZE {
            1 => memory.write8(offset, value),
            2 => memory.write16(offset, value),
            _ => memory.write32(offset, value),
        })
    }

    /// Code was decoded from a place: stores to its line are reported from now on.
    pub fn watch_code(&mut self, place: Place) {
        match place {
            Place::Sram(offset) => self.sram.watch_code(offset),
            Place::Flash(offset) => self.flash.watch_code(offset),
            Place::Psram(offset) => self.psram.watch_code(offset),
            Place::RtcFast(offset) => self.rtc_fast.watch_code(offset),
            Place::RtcSlow(offset) => self.rtc_slow.watch_code(offset),
            Place::RomI(_) | Place::RomD(_) => {}
        }
    }
}

#[inline(always)]
fn load_memory<const SIZE: u32>(memory: &Memory, offset: usize) -> u32 {
    match SIZE {
        1 => memory.read8(offset),
        2 => memory.read16(offset),
        _ => memory.read32(offset),
    }
}

fn load_bytes(bytes: &[u8], offset: usize, size: u32) -> u32 {
    (0..size as usize).fold(0, |value, n| value | u32::from(bytes.get(offset + n).copied().unwrap_or(0)) << (8 * n))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ESP-IDF `soc/soc.h`: SOC_DIRAM_IRAM_LOW 0x40378000, SOC_DIRAM_DRAM_LOW 0x3FC88000.
    #[test]
    fn sram1_is_seen_by_both_buses() {
        let mut memories = Memories::new(0x10000, 0);
        let mmu = Mmu::new();
        let data = memories.place(&mmu, 0x3FC8_8000).unwrap();
        assert_eq!(memories.place(&mmu, 0x4037_8000), Some(data));
        assert_eq!(memories.store::<4>(data, 0x1234_5678), Some(false));
        assert_eq!(memories.load::<4>(memories.place(&mmu, 0x4037_8000).unwrap()), 0x1234_5678);
        assert_eq!(memories.place(&mmu, 0x3FC8_7FFC), None);
        assert_eq!(memories.place(&mmu, 0x3FCF_FFFC), Some(Place::Sram(SRAM_SIZE - 4)));
    }

    #[test]
    fn one_table_maps_flash_on_both_buses() {
        let memories = Memories::new(0x100000, 0x100000);
        let mut mmu = Mmu::new();
        assert_eq!(memories.place(&mmu, 0x3C01_0000), None);
        assert!(mmu.set_entry(1, 2));
        assert_eq!(memories.place(&mmu, 0x3C01_0020), Some(Place::Flash(0x2_0020)));
        assert_eq!(memories.place(&mmu, 0x4201_0020), Some(Place::Flash(0x2_0020)));
        mmu.set_entry(1, Mmu::PSRAM | 3);
        assert_eq!(memories.place(&mmu, 0x3C01_0020), Some(Place::Psram(0x3_0020)));
        mmu.set_entry(1, 0x3000);
        assert_eq!(memories.place(&mmu, 0x3C01_0020), None, "beyond the end of the chip");
    }
}
