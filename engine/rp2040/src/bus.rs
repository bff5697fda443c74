//! The bus fabric and the address map, datasheet 2.1 and 2.2.
//!
//! Loads and stores of SRAM and of cached flash take the short way. Everything else goes through one
//! door that keeps the order of the two processors, brings PIO up to now where pins are concerned, and does
//! what the fabric does for every block: atomic aliases, narrow accesses, blocks in reset.
//!
//! # Fidelity
//! - Time of an access: SRAM, ROM and AHB-Lite one cycle, APB three for a load and four for a store (2.1.4), SIO none beyond
//!   the instruction's own.
//! - There are no arbiters: two processors and DMA in one SRAM bank, or on one port, do not hold each other up, so code
//!   that silicon slows down by contention runs at full speed here.
//! - Of two accesses in one cycle, processor 0 comes first, then 1; DMA by its own cycle.

use crate::block::Block;
use crate::bootrom::ROM_SIZE;
use crate::fabric::Fabric;
use crate::sio::Sio;
use crate::system::{Devices, Memories, System, SRAM_SIZE};
use armv6m::{Beat, Bus, BusError};
use engine_core::memory::Memory;
use engine_core::registers::Write;

/// Width of an access in bytes.
type Size = u32;

/// Cycles of the access phase, datasheet 2.1.4: the APB bridge takes at least three clocks for a read
/// and four for a write; the AHB-Lite blocks and SRAM answer at once; SIO sits on the single-cycle IO port.
const SRAM_CYCLES: u32 = 1;
const AHB_CYCLES: u32 = 1;
const SIO_CYCLES: u32 = 0;
const APB_READ_CYCLES: u32 = 3;
const APB_WRITE_CYCLES: u32 = 4;

const SRAM: u32 = 0x2000_0000;
const SRAM_UNSTRIPED: u32 = 0x2100_0000;
const STRIPED: usize = 256 * 1024;

/// The place in SRAM behind an address in 0x2xxx_xxxx.
///
/// SRAM0 to SRAM3 are striped word by word at 0x2000_0000; at 0x2100_0000 they follow each other as four
/// blocks of 64 KB (2.6.2). We store the striped order.
fn sram_offset(addr: u32) -> Option<usize> {
    if addr < SRAM + SRAM_SIZE as u32 {
        return Some((addr - SRAM) as usize);
    }
    let flat = addr.wrapping_sub(SRAM_UNSTRIPED) as usize;
    (flat < STRIPED).then(|| {
        let (bank, word, byte) = (flat >> 16, (flat & 0xFFFF) >> 2, flat & 3);
        (word << 4) | (bank << 2) | byte
    })
}

/// The addresses at which an offset in SRAM can be executed: the striped one, and the unstriped words of its line.
pub fn sram_addresses(line: u32) -> impl Iterator<Item = u32> {
    let unstriped = (0..4)
        .filter(move |_| (line as usize) < STRIPED)
        .map(move |bank| SRAM_UNSTRIPED + (bank << 16) + (line >> 4 << 2));
    std::iter::once(SRAM + line).chain(unstriped)
}

/// A narrow store as peripherals see it: the bus repeats the byte or half-word over the word (2.1.4).
fn widen(value: u32, size: Size) -> u32 {
    match size {
        1 => (value & 0xFF) * 0x0101_0101,
        2 => (value & 0xFFFF) * 0x0001_0001,
        _ => value,
    }
}

/// A narrow load picks its lanes out of the word.
fn narrow(word: u32, addr: u32, size: Size) -> u32 {
    match size {
        1 => word >> (8 * (addr & 3)) & 0xFF,
        2 => word >> (8 * (addr & 2)) & 0xFFFF,
        _ => word,
    }
}

/// What an atomic alias makes of a store (2.1.2): plain, XOR, set, clear.
fn alias(addr: u32, old: impl FnOnce() -> u32, bits: u32) -> Write {
    let value = match addr >> 12 & 3 {
        0 => bits,
        1 => old() ^ bits,
        2 => old() | bits,
        _ => old() & !bits,
    };
    Write { value, raw: bits }
}

/// Runs the body with the block that is mapped at an address of the APB or AHB-Lite bus, its bit in
/// RESETS.RESET (none where RESETS does not reach), and the fabric.
macro_rules! with_block {
    ($dev:expr, $addr:expr, |$block:ident, $reset:ident, $fabric:ident| $body:expr) => {{
        let dev: &mut Devices = $dev;
        macro_rules! on {
            ($found:expr, $bit:expr) => {{
                let ($block, $fabric) = (&mut $found, &mut dev.fabric);
                let $reset: Option<u32> = $bit;
                Some($body)
            }};
        }
        match ($addr >> 28, $addr >> 14 & 0x3FFF) {
            (4, 0x00) => on!(dev.sysinfo, None),
            (4, 0x01) => on!(dev.syscfg, Some(18)),
            (4, 0x02) => on!(dev.clocks, None),
            (4, 0x03) => on!(dev.resets, None),
            (4, 0x04) => on!(dev.psm, None),
            (4, 0x05) => on!(dev.io_bank0, Some(5)),
            (4, 0x06) => on!(dev.io_qspi, Some(6)),
            (4, 0x07) => on!(dev.pads_bank0, Some(8)),
            (4, 0x08) => on!(dev.pads_qspi, Some(9)),
            (4, 0x09) => on!(dev.xosc, None),
            (4, 0x0A) => on!(dev.pll[0], Some(12)),
            (4, 0x0B) => on!(dev.pll[1], Some(13)),
            (4, 0x0C) => on!(dev.busctrl, Some(1)),
            (4, 0x0D) => on!(dev.uart[0], Some(22)),
            (4, 0x0E) => on!(dev.uart[1], Some(23)),
            (4, 0x0F) => on!(dev.spi[0], Some(16)),
            (4, 0x10) => on!(dev.spi[1], Some(17)),
            (4, 0x11) => on!(dev.i2c[0], Some(3)),
            (4, 0x12) => on!(dev.i2c[1], Some(4)),
            (4, 0x13) => on!(dev.adc, Some(0)),
            (4, 0x14) => on!(dev.pwm, Some(14)),
            (4, 0x15) => on!(dev.timer, Some(21)),
            (4, 0x16) => on!(dev.watchdog, None),
            (4, 0x17) => on!(dev.rtc, Some(15)),
            (4, 0x18) => on!(dev.rosc, None),
            (4, 0x19) => on!(dev.vreg, None),
            (4, 0x1B) => on!(dev.tbman, Some(20)),
            (5, 0x000) => on!(dev.dma, Some(2)),
            (5, 0x044) => on!(dev.usb, Some(24)),
            (5, 0x080) => on!(dev.pio[0], Some(10)),
            (5, 0x0C0) => on!(dev.pio[1], Some(11)),
            (1, 0x1000) => on!(dev.xip_ctrl, None),
            _ => None,
        }
    }};
}

const SSI: u32 = 0x1800_0000 >> 14;
const XIP_SRAM: u32 = 0x1500_0000 >> 14;
const XIP_CTRL: u32 = 0x1400_0000 >> 14;
const XIP_AUX: u32 = 0x5040_0000 >> 14;
const IO_QSPI: u32 = 0x4001_8000 >> 14;
const USB_DPRAM: u32 = 0x5010_0000 >> 14;
const IO_BANK0: u32 = 0x4001_4000 >> 14;
const PADS_BANK0: u32 = 0x4001_C000 >> 14;
const UART0: u32 = 0x4003_4000 >> 14;
const UART1: u32 = 0x4003_8000 >> 14;
const SPI0: u32 = 0x4003_C000 >> 14;
const SPI1: u32 = 0x4004_0000 >> 14;
const I2C0: u32 = 0x4004_4000 >> 14;
const I2C1: u32 = 0x4004_8000 >> 14;
const PWM: u32 = 0x4005_0000 >> 14;
const PIO0: u32 = 0x5020_0000 >> 14;
const PIO1: u32 = 0x5030_0000 >> 14;

impl System {
    /// PIO catches up before somebody looks at it or at the pins.
    #[inline(always)]
    fn catch_up_for(&mut self, addr: u32, write: bool) {
        match addr >> 14 {
            PIO0 => self.catch_up_pio(0, addr & 0xFFC, write),
            PIO1 => self.catch_up_pio(1, addr & 0xFFC, write),
            IO_BANK0 | PADS_BANK0 => self.catch_up_pins(),
            // A register of these may move a pin at once.
            UART0 | UART1 | SPI0 | SPI1 | I2C0 | I2C1 => self.sync_pio(self.dev.fabric.cycle),
            PWM => self.catch_up_pins(),
            IO_QSPI => self.sync_ssi(),
            _ => {}
        }
    }

    #[inline(always)]
    fn catch_up_pio(&mut self, own: usize, offset: u32, write: bool) {
        if self.dev.pio[own].is_about_words(offset, write) {
            self.sync_pio_words(own);
        } else {
            self.catch_up_pins();
        }
    }

    fn catch_up_pins(&mut self) {
        self.sync_pio(self.dev.fabric.cycle);
        self.sync_pwm_pins();
    }

    /// A load from a block of registers. `None`: nothing is mapped there.
    fn load_block(&mut self, addr: u32, size: Size) -> Option<Beat> {
        self.catch_up_for(addr, false);
        self.dev.fabric.accesses.count(addr);
        let offset = addr & 0xFFC;
        let word = match addr >> 14 {
            SSI => Some(self.load_ssi(offset)),
            XIP_SRAM => self.dev.xip_ctrl.load_cache_sram(addr & 0x3FFC),
            XIP_AUX => Some(self.load_stream_fifo()),
            XIP_CTRL => {
                let (word, wait) = self.load_xip_ctrl(offset);
                return Some(Beat { value: narrow(word, addr, size), cycles: AHB_CYCLES + wait });
            }
            USB_DPRAM => self.dev.usb.load_dpram(addr & 0x3FFC),
            _ => {
                let held = self.dev.resets.held();
                with_block!(&mut self.dev, addr, |block, reset, fabric| {
                    if in_reset(held, reset, addr, fabric) {
                        0
                    } else {
                        block.read(offset, fabric)
                    }
                })
            }
        };
        self.carry_out_requests();
        let cycles = if addr >> 28 == 4 { APB_READ_CYCLES } else { AHB_CYCLES };
        word.map(|word| Beat { value: narrow(word, addr, size), cycles })
    }

    /// A store to a block of registers. `None`: nothing is mapped there.
    fn store_block(&mut self, addr: u32, value: u32, size: Size) -> Option<u32> {
        self.catch_up_for(addr, true);
        self.dev.fabric.accesses.count(addr);
        let offset = addr & 0xFFC;
        let bits = widen(value, size);
        match addr >> 14 {
            SSI => self.store_ssi(offset, bits),
            XIP_SRAM => self.dev.xip_ctrl.store_cache_sram(addr & 0x3FFF, bits, size)?,
            USB_DPRAM => self.dev.usb.store_dpram(addr & 0x3FFF, bits, size, &mut self.dev.fabric)?,
            _ => {
                let held = self.dev.resets.held();
                with_block!(&mut self.dev, addr, |block, reset, fabric| {
                    if !in_reset(held, reset, addr, fabric) {
                        let write = alias(addr, || block.peek(offset, fabric), bits);
                        block.write(offset, write, fabric);
                    }
                })?;
                self.flash_bus_touched(addr);
            }
        }
        self.carry_out_requests();
        Some(if addr >> 28 == 4 { APB_WRITE_CYCLES } else { AHB_CYCLES })
    }

    /// A store to a block may have moved the flash chip's select line, or started a stream from it.
    fn flash_bus_touched(&mut self, addr: u32) {
        match addr >> 14 {
            IO_QSPI => self.chip_select_changed(),
            XIP_CTRL => self.xip_ctrl_accessed(),
            _ => {}
        }
    }

    /// A load by the DMA controller: all of the map but the processors' own SIO and ROM tables.
    pub fn dma_load(&mut self, addr: u32, size: Size) -> Option<u32> {
        match addr >> 28 {
            2 => {
                let offset = sram_offset(addr)?;
                if self.mem.foreign.is_some() {
                    self.bring(offset)?;
                }
                Some(load_memory(&self.mem.sram, offset, size))
            }
            0 => self.load_rom(addr, size),
            1 if addr >> 26 == 4 => self.load_xip(addr, size).map(|beat| beat.value),
            1 | 4 | 5 => self.load_block(addr, size).map(|beat| beat.value),
            _ => None,
        }
    }

    /// A store by the DMA controller.
    pub fn dma_store(&mut self, addr: u32, value: u32, size: Size) -> Option<()> {
        match addr >> 28 {
            0 if addr < ROM_SIZE => Some(()),
            2 => {
                let offset = sram_offset(addr)?;
                self.store_sram(offset, value, size);
                if let Some(foreign) = &mut self.mem.foreign {
                    foreign.stored(SRAM + offset as u32, &value.to_le_bytes()[..size as usize]);
                }
                Some(())
            }
            1 if addr >> 26 == 4 => self.store_xip(addr, size).map(|_| ()),
            1 | 4 | 5 => self.store_block(addr, value, size).map(|_| ()),
            _ => None,
        }
    }

    /// The DMA controller is about to look at SRAM of the other side. `None`: there is none.
    #[cold]
    fn bring(&mut self, offset: usize) -> Option<()> {
        let Memories { sram, foreign, .. } = &mut self.mem;
        foreign.as_mut()?.bring(sram, offset, SRAM + offset as u32, 1).then_some(())
    }

    /// A byte of memory, or of a block's register, as a debugger sees it, without side effects. `None`: nothing is there.
    pub fn debug_read8(&mut self, addr: u32) -> Option<u8> {
        if self.mem.foreign.is_some() && addr >> 28 == 2 {
            return self.dma_load(addr, 1).map(|byte| byte as u8);
        }
        if let Some(half) = self.fetch16(addr & !1) {
            return Some(half.to_le_bytes()[(addr & 1) as usize]);
        }
        let offset = addr & 0xFFC;
        let word = with_block!(&mut self.dev, addr, |block, _reset, fabric| block.peek(offset, fabric))?;
        Some(word.to_le_bytes()[(addr & 3) as usize])
    }

    /// A debugger writes a byte of SRAM. False: no SRAM.
    pub fn debug_write8(&mut self, addr: u32, value: u8) -> bool {
        addr >> 28 == 2 && self.dma_store(addr, u32::from(value), 1).is_some()
    }

    #[inline(always)]
    fn store_sram(&mut self, offset: usize, value: u32, size: Size) {
        let sram = &mut self.mem.sram;
        let stale = match size {
            1 => sram.write8(offset, value),
            2 => sram.write16(offset, value),
            _ => sram.write32(offset, value),
        };
        if stale {
            self.dev.fabric.attention();
        }
    }

    /// An access that others can see: only in the order of time. Of two processors at the same cycle, 0 goes first.
    #[inline]
    fn take_turn(&mut self, cycle: u64) -> Result<(), BusError> {
        if cycle > self.other_cycle || (cycle == self.other_cycle && self.core == 1) {
            return Err(BusError::Yield);
        }
        self.dev.fabric.cycle = cycle;
        Ok(())
    }

    fn load(&mut self, addr: u32, size: Size, cycle: u64) -> Result<Beat, BusError> {
        if addr >> 28 == 2 {
            let offset = sram_offset(addr).ok_or(BusError::Fault)?;
            return Ok(Beat { value: load_memory(&self.mem.sram, offset, size), cycles: SRAM_CYCLES });
        }
        if addr >> 28 == 0 {
            let value = self.load_rom(addr, size).ok_or(BusError::Fault)?;
            return Ok(Beat { value, cycles: SRAM_CYCLES });
        }
        // Flash is only read here: the order of the processors matters to the cache's timing alone.
        if addr >> 26 == 4 {
            return self.load_xip(addr, size).ok_or(BusError::Fault);
        }
        self.take_turn(cycle)?;
        let beat = match addr >> 28 {
            1 | 4 | 5 => self.load_block(addr, size),
            0xD => Some(Beat { value: narrow(self.load_sio(addr), addr, size), cycles: SIO_CYCLES }),
            _ => None,
        };
        beat.ok_or(BusError::Fault)
    }

    fn store(&mut self, addr: u32, value: u32, size: Size, cycle: u64) -> Result<u32, BusError> {
        if addr >> 28 == 2 {
            let offset = sram_offset(addr).ok_or(BusError::Fault)?;
            self.store_sram(offset, value, size);
            return Ok(SRAM_CYCLES);
        }
        self.take_turn(cycle)?;
        let cycles = match addr >> 28 {
            // 2.6.1: a store to the ROM has no effect, and is no fault. TinyUSB's dcd_rp2040 makes one for endpoint 0.
            0 if addr < ROM_SIZE => Some(SRAM_CYCLES),
            1 if addr >> 26 == 4 => self.store_xip(addr, size),
            1 | 4 | 5 => self.store_block(addr, value, size),
            0xD => {
                self.store_sio(addr, widen(value, size));
                Some(SIO_CYCLES)
            }
            _ => None,
        };
        cycles.ok_or(BusError::Fault)
    }

    /// SIO, 2.3.1. The GPIO registers see pins that PIO may drive; FIFO and SEV wake the other processor.
    fn load_sio(&mut self, addr: u32) -> u32 {
        let offset = addr & 0xFFF;
        if offset < 0x50 {
            self.sync_pio(self.dev.fabric.cycle);
            self.sync_pwm_pins();
        }
        let Devices { sio, fabric, .. } = &mut self.dev;
        let value = sio.read(self.core, offset & 0xFFC, fabric);
        if Sio::is_fifo(offset) {
            self.update_sio_irq();
        }
        value
    }

    fn store_sio(&mut self, addr: u32, value: u32) {
        let offset = addr & 0xFFF;
        if offset < 0x50 {
            self.sync_pio(self.dev.fabric.cycle);
        }
        let Devices { sio, fabric, .. } = &mut self.dev;
        sio.write(self.core, offset & 0xFFC, value, fabric);
        if Sio::is_fifo(offset) {
            self.update_sio_irq();
        }
    }
}

/// A block held in reset does not answer: loads give 0, stores are lost. Firmware that does so has a bug, so it is counted.
#[inline(always)]
fn in_reset(held: u32, bit: Option<u32>, addr: u32, fabric: &mut Fabric) -> bool {
    let is_held = bit.is_some_and(|bit| held >> bit & 1 != 0);
    if is_held {
        count_access_in_reset(addr, fabric);
    }
    is_held
}

#[cold]
fn count_access_in_reset(addr: u32, fabric: &mut Fabric) {
    let name = format!("0x{addr:08X} in reset");
    fabric.gaps.touch(&name, "firmware accessed a block that RESETS.RESET holds in reset");
}

#[inline(always)]
fn load_memory(memory: &Memory, offset: usize, size: Size) -> u32 {
    match size {
        1 => memory.read8(offset),
        2 => memory.read16(offset),
        _ => memory.read32(offset),
    }
}

impl Bus for System {
    #[inline]
    fn read32(&mut self, addr: u32, cycle: u64) -> Result<Beat, BusError> {
        self.load(addr, 4, cycle)
    }

    #[inline]
    fn read16(&mut self, addr: u32, cycle: u64) -> Result<Beat, BusError> {
        self.load(addr, 2, cycle)
    }

    #[inline]
    fn read8(&mut self, addr: u32, cycle: u64) -> Result<Beat, BusError> {
        self.load(addr, 1, cycle)
    }

    #[inline]
    fn write32(&mut self, addr: u32, value: u32, cycle: u64) -> Result<u32, BusError> {
        self.store(addr, value, 4, cycle)
    }

    #[inline]
    fn write16(&mut self, addr: u32, value: u32, cycle: u64) -> Result<u32, BusError> {
        self.store(addr, value, 2, cycle)
    }

    #[inline]
    fn write8(&mut self, addr: u32, value: u32, cycle: u64) -> Result<u32, BusError> {
        self.store(addr, value, 1, cycle)
    }

    fn fetch16(&mut self, addr: u32) -> Option<u16> {
        match addr >> 28 {
            0 => self.load_rom(addr, 2).map(|half| half as u16),
            1 => self.fetch_xip(addr),
            2 => sram_offset(addr).map(|offset| self.mem.sram.read16(offset) as u16),
            _ => None,
        }
    }

    fn fetch_cycles(&mut self, addr: u32, _cycle: u64) -> u32 {
        self.fetch_xip_cycles(addr)
    }

    fn has_fetch_timing(&self, addr: u32) -> bool {
        addr >> 28 == 1
    }

    fn watch_code(&mut self, addr: u32) {
        match addr >> 28 {
            1 => self.watch_flash_code(addr),
            2 => {
                if let Some(offset) = sram_offset(addr) {
                    self.mem.sram.watch_code(offset);
                }
            }
            _ => {}
        }
    }

    #[inline(always)]
    fn deadline(&self) -> u64 {
        self.dev.fabric.deadline
    }

    fn send_event(&mut self) {
        self.dev.fabric.events_sent |= 1 << (1 - self.core);
        self.dev.fabric.attention();
    }
}
