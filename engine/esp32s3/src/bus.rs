//! The buses and the address map. ESP32-S3 TRM chapter 4.
//!
//! Memories take the short way. Registers go through one door that keeps the order of the two processors.

use crate::dedic_gpio;
use crate::devices::Devices;
use crate::extmem::Refused;
use crate::fabric::{Fabric, Request};
use crate::memories::{Memories, Mmu, Place, MMU_ENTRIES};
use crate::system::System;
use engine_core::memory::Memory;
use engine_core::registers::Write;
use xtensa::{Beat, Bus, BusError, Cause, Fetch};

/// Extra cycles of an access, see docs/records/0005: internal memory answers within the pipeline; the peripheral bus runs at
/// APB speed behind a bridge.
const PERIPHERAL_READ_CYCLES: u32 = 6;
const PERIPHERAL_WRITE_CYCLES: u32 = 2;

/// The cache's MMU table, TRM 4.3.3.2 (ESP-IDF `soc/ext_mem_defs.h`, DR_REG_MMU_TABLE).
const MMU_TABLE: u32 = 0x600C_5000;
const MMU_TABLE_END: u32 = MMU_TABLE + 4 * MMU_ENTRIES as u32;
/// The cache controller, whose registers shut its buses.
const EXTMEM: u32 = 0x600C_4000;
/// All registers are between these, up to 0x600D_1000. Below and above is nothing, and an access there does nothing without a
/// fault: the mask ROM's `uart_rx_intr_handler` loads from 0x5FFD_0000 when the USB is the console, and its
/// `uart_tx_one_char` loads from 0x60FF_E01C and stores to 0x60FF_E000 on the second core of an application of ESP-IDF 5.0 or
/// 5.1 with that console: its start-up code chooses UART -1 (`esp_system/port/cpu_start.c`, CONFIG_ESP_CONSOLE_UART_NUM).
const PERIPHERALS: std::ops::Range<u32> = 0x5FF0_0000..0x6100_0000;
/// Where the chip has blocks, TRM 4.3.5.
const BLOCKS: std::ops::Range<u32> = 0x6000_0000..0x600D_1000;

impl System {
    /// An access that others can see: only in the order of time. Of two processors at the same cycle, 0 goes first.
    #[inline]
    fn take_turn(&mut self, cycle: u64) -> Result<(), BusError> {
        if cycle > self.other_cycle || (cycle == self.other_cycle && self.core == 1) {
            return Err(BusError::Yield);
        }
        self.dev.fabric.cycle = cycle;
        self.dev.fabric.core = self.core;
        self.unchanged_until = 0;
        Ok(())
    }

    #[inline(always)]
    fn load<const SIZE: u32>(&mut self, addr: u32, cycle: u64) -> Result<Beat, BusError> {
        match self.mem.place_by(&self.dev.mmu, addr, self.shut) {
            Some(place) => Ok(Beat { value: self.mem.load::<SIZE>(place), cycles: 0 }),
            None => self.load_register(addr, SIZE, cycle),
        }
    }

    #[inline(always)]
    fn store<const SIZE: u32>(&mut self, addr: u32, value: u32, cycle: u64) -> Result<u32, BusError> {
        let Some(place) = self.mem.place_by(&self.dev.mmu, addr, self.shut) else {
            return self.store_register(addr, value, SIZE, cycle);
        };
        if is_cached(addr) {
            return self.refuse_cached(addr, true, cycle).map(|_| 0);
        }
        match self.mem.store::<SIZE>(place, value) {
            Some(stale) => {
                if stale {
                    self.dev.fabric.attention();
                }
                Ok(0)
            }
            None => self.refuse_store(place, addr, cycle),
        }
    }

    /// Cycles until a line has come from its chip.
    #[cold]
    fn line_fill(&mut self, addr: u32) -> u32 {
        let psram = self.dev.mmu.entry_of(addr) & Mmu::PSRAM != 0;
        let mut time = self.dev.spi0.line_time(psram);
        if !psram {
            time += self.flash_in_the_way(addr, time);
        }
        self.dev.fabric.clock.rate().cycles_in(time) as u32
    }

    /// A load or a store by the data cache while the flash chip works and SPI1 would suspend that. `None`: what the cache
    /// refuses itself.
    #[cold]
    fn past_the_chips_work(&mut self, addr: u32) -> Option<(Place, u32)> {
        let place = self.mem.place_by(&self.dev.mmu, addr, self.dev.extmem.shut(self.core))?;
        if !matches!(place, Place::Flash(_)) {
            return Some((place, 0));
        }
        let time = self.dev.spi0.line_time(false);
        let late = self.flash_in_the_way(addr, time);
        Some((place, self.dev.fabric.clock.rate().cycles_in(late) as u32))
    }

    /// ROM is not written, and flash only in the cache.
    #[cold]
    fn refuse_store(&mut self, place: Place, addr: u32, cycle: u64) -> Result<u32, BusError> {
        match place {
            // A store to ROM is lost.
            Place::RomI(_) | Place::RomD(_) => Ok(0),
            _ => self.refuse_cached(addr, true, cycle).map(|_| 0),
        }
    }

    /// An access to the windows of flash and PSRAM that the caches do not carry out.
    #[cold]
    fn refuse_cached(&mut self, addr: u32, store: bool, cycle: u64) -> Result<Beat, BusError> {
        self.take_turn(cycle)?;
        let core = self.core;
        let Devices { extmem, mmu, apb_ctrl, fabric, .. } = &mut self.dev;
        let by_instructions = is_cached(addr);
        let shut = if by_instructions { self.shut.instructions } else { self.shut.data } != 0;
        let entry = mmu.entry_of(addr);
        let access = if store { "store to" } else { "access to" };
        let why = if shut { "its cache is off" } else { "its page of the MMU does not allow it" };
        fabric
            .gaps
            .touch("cached memory out of reach", &format!("{access} 0x{addr:08x} by core {core}: {why}; it gives 0"));
        if by_instructions && store {
            extmem.refuse(core, Refused::InstructionStore, addr, fabric);
        } else if shut {
            let what = if by_instructions { Refused::InstructionsShut } else { Refused::DataShut };
            extmem.refuse(core, what, addr, fabric);
        } else if entry & Mmu::INVALID != 0 {
            extmem.entry_fault(entry, addr, fabric);
        } else if !store {
            return Ok(Beat { value: self.beyond(addr, entry), cycles: 0 });
        } else if entry & Mmu::PSRAM != 0 {
            // A store beyond the end of the chip.
        } else if apb_ctrl.lets_write_flash(entry << 16 | addr & 0xFFFF) {
            extmem.write_to_flash(fabric);
        } else {
            extmem.refuse(core, Refused::DataRejected, addr, fabric);
        }
        Ok(Beat { value: 0, cycles: 0 })
    }

    /// A chip does not look at address bits beyond its size.
    fn beyond(&self, addr: u32, entry: u32) -> u32 {
        let memory = if entry & Mmu::PSRAM != 0 { &self.mem.psram } else { &self.mem.flash };
        let offset = ((entry & 0x3FFF) << 16 | addr & 0xFFFC) as usize;
        if memory.size() == 0 {
            return u32::MAX;
        }
        memory.read32(offset % memory.size()) >> (8 * (addr & 3))
    }

    #[cold]
    fn load_register(&mut self, addr: u32, size: u32, cycle: u64) -> Result<Beat, BusError> {
        if !PERIPHERALS.contains(&addr) {
            if is_external(addr) {
                if self.dev.spi1.gives_way() {
                    self.take_turn(cycle)?;
                    if let Some((place, cycles)) = self.past_the_chips_work(addr) {
                        let value = match size {
                            1 => self.mem.load::<1>(place),
                            2 => self.mem.load::<2>(place),
                            _ => self.mem.load::<4>(place),
                        };
                        return Ok(Beat { value, cycles });
                    }
                }
                return self.refuse_cached(addr, false, cycle);
            }
            return Err(BusError::Fault(Cause::LoadStoreError));
        }
        let unchanged_until = self.unchanged_until;
        self.take_turn(cycle)?;
        let word = self.read_register(addr & !3);
        if unchanged_until != 0 && self.dev.stays(addr) {
            // The other processor may change it as soon as it has caught up.
            self.unchanged_until = unchanged_until.min(self.other_cycle);
        }
        Ok(Beat { value: narrow(word, addr, size), cycles: PERIPHERAL_READ_CYCLES })
    }

    #[cold]
    fn store_register(&mut self, addr: u32, value: u32, size: u32, cycle: u64) -> Result<u32, BusError> {
        if !PERIPHERALS.contains(&addr) {
            if is_external(addr) {
                if self.dev.spi1.gives_way() {
                    self.take_turn(cycle)?;
                    if let Some((place @ Place::Psram(_), _)) = self.past_the_chips_work(addr) {
                        let stale = match size {
                            1 => self.mem.store::<1>(place, value),
                            2 => self.mem.store::<2>(place, value),
                            _ => self.mem.store::<4>(place, value),
                        };
                        if stale == Some(true) {
                            self.dev.fabric.attention();
                        }
                        return Ok(0);
                    }
                }
                return self.refuse_cached(addr, true, cycle).map(|_| 0);
            }
            return Err(BusError::Fault(Cause::LoadStoreError));
        }
        self.take_turn(cycle)?;
        let word = if size == 4 { value } else { self.widen(addr, value, size) };
        self.write_register(addr & !3, word);
        Ok(PERIPHERAL_WRITE_CYCLES)
    }

    /// The word that a narrow store makes of a register: the other bytes stay as they are.
    fn widen(&mut self, addr: u32, value: u32, size: u32) -> u32 {
        let shift = 8 * (addr & 3);
        let mask = (u32::MAX >> (32 - 8 * size)) << shift;
        let old = self.peek_register(addr & !3).unwrap_or(0);
        (old & !mask) | ((value << shift) & mask)
    }

    /// A load of a register, by a processor or by the ROM's functions.
    pub fn read_register(&mut self, addr: u32) -> u32 {
        let value = match addr {
            MMU_TABLE..MMU_TABLE_END => self.dev.mmu.entry((addr - MMU_TABLE) as usize / 4),
            _ => match self.dev.read(addr) {
                Some(value) => value,
                None => no_block(addr, &mut self.dev.fabric),
            },
        };
        self.settle();
        value
    }

    /// A store to a register, by a processor or by the ROM's functions.
    pub fn write_register(&mut self, addr: u32, value: u32) {
        match addr {
            MMU_TABLE..MMU_TABLE_END => self.remap((addr - MMU_TABLE) as usize / 4, value),
            _ => {
                if self.dev.write(addr, Write::word(value)).is_none() {
                    no_block(addr, &mut self.dev.fabric);
                }
                if addr & !0xFFF == EXTMEM {
                    self.select(self.core);
                    self.invalidate_lines(addr & 0xFFF, value);
                }
            }
        }
        self.settle();
    }

    /// An invalidation takes lines out of the instruction cache.
    fn invalidate_lines(&mut self, offset: u32, value: u32) {
        /// ICACHE_SYNC_CTRL; SYNC_ADDR and SYNC_SIZE follow. A size of 0 means all.
        const CONTROL: u32 = 0x088;
        const INVALIDATE_ENA: u32 = 1;
        if offset != CONTROL || value & INVALIDATE_ENA == 0 {
            return;
        }
        let [start, size] = [4, 8].map(|next| self.dev.peek(EXTMEM + offset + next).unwrap_or(0));
        for tags in &mut self.dev.mmu.caches {
            tags.forget(start, size);
        }
    }

    /// A register without side effects. `None`: there is none.
    pub fn peek_register(&mut self, addr: u32) -> Option<u32> {
        match addr {
            MMU_TABLE..MMU_TABLE_END => Some(self.dev.mmu.entry((addr - MMU_TABLE) as usize / 4)),
            _ => self.dev.peek(addr),
        }
    }

    fn remap(&mut self, index: usize, value: u32) {
        let Devices { mmu, fabric, spi0, octal_flash, .. } = &mut self.dev;
        if mmu.set_entry(index, value) {
            if mmu.is_above_three_bytes(index, self.mem.flash.size())
                && octal_flash.is_none()
                && !spi0.has_four_address_bytes()
            {
                let why = "its addresses of flash have three bytes: silicon gets a page of the first 16 MB";
                fabric.gaps.touch("SPI0.USER1.USR_ADDR_BITLEN", why);
            }
            fabric.request(Request::Remapped(index as u16));
        }
    }

    /// A byte of memory as a debugger sees it, without side effects. `None`: no memory.
    pub fn debug_read8(&mut self, addr: u32) -> Option<u8> {
        if let Some(place) = self.mem.place(&self.dev.mmu, addr) {
            return self.mem.bring(place, addr, 1).then(|| self.mem.load::<1>(place) as u8);
        }
        if !PERIPHERALS.contains(&addr) {
            return None;
        }
        self.peek_register(addr & !3).map(|word| narrow(word, addr, 1) as u8)
    }

    /// A debugger writes a byte of RAM. False: no RAM.
    pub fn debug_write8(&mut self, addr: u32, value: u8) -> bool {
        let Some(place) = self.mem.place(&self.dev.mmu, addr) else { return false };
        let is_ram = self.mem.store::<1>(place, u32::from(value)).is_some();
        if is_ram {
            self.mem.stored(place, addr, &[value]);
        }
        is_ram
    }

    /// The addresses at which instructions of a line may have been decoded that has become stale.
    pub(crate) fn take_stale_code(&mut self) -> Vec<u32> {
        let mut lines = Vec::new();
        let Memories { sram, rtc_fast, rtc_slow, flash, psram, .. } = &self.mem;
        if ![sram, rtc_fast, rtc_slow, flash, psram].into_iter().any(Memory::has_stale) {
            return lines;
        }
        lines.extend(self.mem.sram.take_stale().into_iter().filter_map(Memories::sram_code_address));
        for line in self.mem.rtc_fast.take_stale() {
            lines.extend([0x600F_E000 + line, 0x3FF8_0000 + line]);
        }
        lines.extend(self.mem.rtc_slow.take_stale().into_iter().map(|line| 0x5000_0000 + line));
        for (stale, psram) in [(self.mem.flash.take_stale(), false), (self.mem.psram.take_stale(), true)] {
            for line in stale {
                for entry in self.dev.mmu.entries_of(line >> 16, psram) {
                    lines.push(0x4200_0000 | (entry as u32) << 16 | (line & 0xFFFF));
                }
            }
        }
        lines
    }
}

/// An access to an address at which we have no block, and the chip may have one: reads 0, and is counted. Where it has none,
/// a wild pointer may run through megabytes, so they are counted by pages of 4 KB.
#[cold]
fn no_block(addr: u32, fabric: &mut Fabric) -> u32 {
    if BLOCKS.contains(&addr) {
        fabric.gaps.touch(&format!("0x{addr:08X}"), "no block is modelled at this address");
    } else {
        fabric
            .gaps
            .touch(&format!("0x{:05X}xxx", addr >> 12), "the chip has nothing at such an address: a load gives 0");
    }
    0
}

/// Can instructions be fetched from here? Flash and PSRAM only by the instruction bus.
fn is_executable(addr: u32) -> bool {
    matches!(addr >> 24, 0x40 | 0x42 | 0x43 | 0x50 | 0x60)
}

/// Is the address in a window of flash and PSRAM?
#[inline(always)]
fn is_external(addr: u32) -> bool {
    matches!(addr >> 24, 0x3C | 0x3D | 0x42 | 0x43)
}

/// Is the address in the window of the instruction cache?
fn is_cached(addr: u32) -> bool {
    matches!(addr >> 24, 0x42 | 0x43)
}

/// A narrow load picks its lanes out of the word.
fn narrow(word: u32, addr: u32, size: u32) -> u32 {
    match size {
        1 => word >> (8 * (addr & 3)) & 0xFF,
        2 => word >> (8 * (addr & 2)) & 0xFFFF,
        _ => word,
    }
}

impl Bus for System {
    #[inline]
    fn load32(&mut self, addr: u32, cycle: u64) -> Result<Beat, BusError> {
        self.load::<4>(addr, cycle)
    }

    #[inline]
    fn load16(&mut self, addr: u32, cycle: u64) -> Result<Beat, BusError> {
        self.load::<2>(addr, cycle)
    }

    #[inline]
    fn load8(&mut self, addr: u32, cycle: u64) -> Result<Beat, BusError> {
        self.load::<1>(addr, cycle)
    }

    #[inline]
    fn store32(&mut self, addr: u32, value: u32, cycle: u64) -> Result<u32, BusError> {
        self.store::<4>(addr, value, cycle)
    }

    #[inline]
    fn store16(&mut self, addr: u32, value: u32, cycle: u64) -> Result<u32, BusError> {
        self.store::<2>(addr, value, cycle)
    }

    #[inline]
    fn store8(&mut self, addr: u32, value: u32, cycle: u64) -> Result<u32, BusError> {
        self.store::<1>(addr, value, cycle)
    }

    fn fetch(&mut self, addr: u32) -> Fetch {
        let place = if is_executable(addr) { self.mem.place(&self.dev.mmu, addr) } else { None };
        match place {
            Some(place) => Fetch::Word(self.mem.load::<4>(place)),
            None => Fetch::Nothing(Cause::InstructionFetchError),
        }
    }

    fn is_trap(&self, addr: u32) -> bool {
        self.rom.is_trap(addr)
    }

    fn fetch_cycles(&mut self, addr: u32, cycle: u64) -> u32 {
        if self.shut.instructions != 0 {
            // Of two processors at the same time the other's access may come first: the interrupt is what matters.
            let _ = self.refuse_cached(addr, false, cycle);
        }
        if self.dev.mmu.caches[self.core].misses(addr) {
            self.unchanged_until = 0;
            self.line_fill(addr)
        } else {
            0
        }
    }

    fn has_fetch_timing(&self, addr: u32) -> bool {
        is_cached(addr)
    }

    fn watch_code(&mut self, addr: u32) {
        if let Some(place) = self.mem.place(&self.dev.mmu, addr) {
            self.mem.watch_code(place);
        }
    }

    #[inline(always)]
    fn deadline(&self) -> u64 {
        self.dev.fabric.deadline
    }

    fn watch_loads(&mut self) {
        self.unchanged_until = u64::MAX;
    }

    fn unchanged_until(&self) -> u64 {
        self.unchanged_until
    }

    fn read_ur(&mut self, number: u8, cycle: u64) -> Result<u32, BusError> {
        self.take_turn(cycle)?;
        Ok(dedic_gpio::read(self.core, number, &mut self.dev.fabric))
    }

    fn write_ur(&mut self, number: u8, value: u32, mask: u32, cycle: u64) -> Result<(), BusError> {
        self.take_turn(cycle)?;
        dedic_gpio::write(self.core, number, value, mask, &mut self.dev.fabric);
        self.settle();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spi_mem::psram::Wiring;

    #[test]
    fn a_narrow_access_picks_its_lanes() {
        let mut system = System::new(0x1_0000, 0, Wiring::Quad);
        system.write_register(0x600C_2000, 0x12);
        assert_eq!(system.load8(0x600C_2000, 0), Ok(Beat { value: 0x12, cycles: PERIPHERAL_READ_CYCLES }));
        assert_eq!(system.load8(0x600C_2001, 0).unwrap().value, 0);
        assert!(system.store8(0x600C_2000, 0x05, 0).is_ok());
        assert_eq!(system.read_register(0x600C_2000), 5);
    }

    #[test]
    fn the_processor_that_is_ahead_waits_at_registers_but_not_at_memory() {
        let mut system = System::new(0x1_0000, 0, Wiring::Quad);
        system.other_cycle = 10;
        assert_eq!(system.load32(0x600C_2000, 11), Err(BusError::Yield));
        assert!(system.load32(0x600C_2000, 9).is_ok());
        assert!(system.load32(0x3FC8_8000, 11).is_ok());
    }

    /// ESP-IDF `soc/uart_reg.h`, `soc/spi_reg.h`; `soc/system_reg.h`: bit 6 of PERIP_RST_EN0 holds SPI2 in reset.
    #[test]
    fn what_is_polled_stays_as_it_is_unless_its_read_does_something() {
        const INT_RAW: u32 = 0x6000_0004;
        const FIFO: u32 = 0x6000_0000;
        const SPI_CMD: u32 = 0x6002_4000;
        const PERIP_RST_EN0: u32 = 0x600C_0020;
        let mut system = System::new(0x1_0000, 0, Wiring::Quad);
        system.other_cycle = 1000;
        let until = |system: &mut System, addrs: &[u32]| {
            system.watch_loads();
            for addr in addrs {
                system.load32(*addr, 5).unwrap();
            }
            system.unchanged_until()
        };
        assert_eq!(until(&mut system, &[0x3FC8_8000]), u64::MAX, "memory, until the deadline");
        assert_eq!(until(&mut system, &[INT_RAW, 0x3FC8_8000]), 1000, "until the other processor may write it");
        assert_eq!(until(&mut system, &[FIFO]), 0, "it takes a byte");
        assert_eq!(until(&mut system, &[FIFO, INT_RAW]), 0);
        assert_eq!(until(&mut system, &[INT_RAW, FIFO]), 0);
        assert_eq!(until(&mut system, &[SPI_CMD]), 1000);
        system.write_register(PERIP_RST_EN0, 1 << 6);
        assert_eq!(until(&mut system, &[SPI_CMD]), 0, "in reset, where each access is a gap");
    }

    #[test]
    fn nothing_answers_outside_the_map_and_flash_refuses_stores() {
        let mut system = System::new(0x10_0000, 0, Wiring::Quad);
        let fault = Err(BusError::Fault(Cause::LoadStoreError));
        assert_eq!(system.load32(0x7000_0000, 0), fault);
        assert_eq!(system.load32(0x6100_0000, 0), fault);
        // ESP-IDF 5.1 esp_system/port/cpu_start.c, call_start_cpu1: the console of UART -1.
        assert_eq!(system.load32(0x60FF_E01C, 0).unwrap().value, 0);
        assert!(system.store32(0x60FF_E000, 0x1B, 0).is_ok());
        let _stale = system.mem.flash.write(0, &[1, 2, 3, 4]);
        system.write_register(MMU_TABLE, 0);
        for (offset, value) in [(0x00, 1), (0x04, 0), (0x60, 1), (0x64, 0)] {
            system.write_register(EXTMEM + offset, value);
        }
        assert_eq!(system.load32(0x3C00_0000, 0).unwrap().value, 0x0403_0201);
        assert_eq!(system.store32(0x3C00_0000, 0, 0), Ok(0));
        assert_eq!(system.load32(0x3C00_0000, 0).unwrap().value, 0x0403_0201);
        assert_eq!(system.read_register(EXTMEM + 0xE4), 1 << 4, "DCACHE_WRITE_FLASH_ST");
        // ESP-IDF esp_system/port/soc/esp32s3/cache_err_int.c: no writes by the cache to the first gigabyte.
        system.write_register(0x6002_6028, 0b1101_1011);
        system.store8(0x3C00_0002, 0, 0).unwrap();
        assert_eq!(system.read_register(EXTMEM + 0xF0), 1 << 4, "CORE0_DBUS_REJECT_ST");
        assert_eq!(system.read_register(EXTMEM + 0x104), 0x3C00_0002);
        system.store32(0x4200_0000, 0, 0).unwrap();
        assert_eq!(system.read_register(EXTMEM + 0xF0) & 2, 2, "CORE0_IBUS_WR_ICACHE_ST");
    }

    #[test]
    fn a_page_that_is_not_mapped_and_a_cache_that_is_off_tell_the_cache_controller() {
        let mut system = System::new(0x10_0000, 0, Wiring::Quad);
        system.write_register(MMU_TABLE, 0);
        assert_eq!(system.load32(0x3C00_0000, 0).unwrap().value, 0);
        assert_eq!(system.read_register(EXTMEM + 0xF0), 1 << 3, "CORE0_DBUS_ACS_MSK_DCACHE_ST");
        for (offset, value) in [(0x00, 1), (0x04, 0)] {
            system.write_register(EXTMEM + offset, value);
        }
        let _stale = system.mem.flash.write(0x10, &[0x5A]);
        assert_eq!(system.load8(0x3C00_0010, 0).unwrap().value, 0x5A);
        system.load8(0x3C01_0010, 0).unwrap();
        assert_eq!(system.read_register(EXTMEM + 0xE4), 1 << 5, "MMU_ENTRY_FAULT_ST");
        assert_eq!(system.read_register(EXTMEM + 0x124), 0x3C01_0010);
        // 1 MB of flash: the seventeenth page is the first again.
        system.write_register(MMU_TABLE + 4, 16);
        assert_eq!(system.load8(0x3C01_0010, 0).unwrap().value & 0xFF, 0x5A);
    }

    /// ESP-IDF bootloader_flash.c: with CONFIG_BOOTLOADER_CACHE_32BIT_ADDR_QUAD_FLASH the addresses have 32 bits.
    #[test]
    fn a_page_above_16_mb_wants_addresses_of_four_bytes() {
        let mut system = System::new(32 << 20, 0, Wiring::Quad);
        let _stale = system.mem.flash.write(0x1FF_0010, &[0x5A]);
        for (register, value) in [(EXTMEM, 1), (EXTMEM + 4, 0)] {
            system.write_register(register, value);
        }
        for (bits, count) in [(24, 1), (32, 0)] {
            system.dev.fabric.gaps = Default::default();
            system.write_register(0x6000_301C, (bits - 1) << 26);
            system.write_register(MMU_TABLE, Mmu::INVALID);
            system.write_register(MMU_TABLE, 0x1FF);
            assert_eq!(system.load8(0x3C00_0010, 0).unwrap().value, 0x5A);
            assert_eq!(system.dev.fabric.gaps.all().len(), count, "{bits}");
        }
    }
}
