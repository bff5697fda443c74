//! Execute in place: flash in the address map, through the cache or around it. RP2040 datasheet, section 2.6.3.
//!
//! | window | cached | allocates |
//! |---|---|---|
//! | 0x1000_0000 | yes | yes |
//! | 0x1100_0000 | yes | no |
//! | 0x1200_0000 | no | yes |
//! | 0x1300_0000 | no | no |
//!
//! A hit takes one cycle. A miss waits for the SSI: instruction, address and mode bits, wait cycles and data, at
//! BAUDR cycles of clk_sys per clock; a miss that allocates reads a line of 64 bits, any other a word of 32. With
//! the usual second stage (EBh continued, BAUDR 4) that is (8 + 4 + 16) x 4 = 112 and (8 + 4 + 8) x 4 = 80 cycles.
//!
//! # Fidelity
//! - Exact: windows, hits and misses with the time of the SSI's own clocks, both counters, streaming, flush.
//! - Two processors that miss at once, or one and the stream, don't wait for each other.
//! - Flash that changes under a valid line is seen at once by loads; the load is counted as a firmware bug.

use crate::block::Block;
use crate::system::System;
use crate::xip_ctrl::Path;
use armv6m::Beat;

/// 24 bits of address (2.6.3.1): the chip itself wraps around at its size.
const WINDOW: u32 = 0x00FF_FFFF;

/// What a read gives when the flash chip doesn't answer: nobody drives the lines, their pull-ups do.
const NOTHING: u32 = u32::MAX;

/// XIP_CTRL.FLUSH: a read waits for the end of a flush.
const FLUSH: u32 = 0x04;

fn allocates(addr: u32) -> bool {
    addr >> 24 & 1 == 0
}

impl System {
    #[inline(always)]
    fn flash_offset(&self, addr: u32) -> usize {
        (addr & WINDOW) as usize & (self.mem.flash.size() - 1)
    }

    /// A load from one of the four windows at 0x1000_0000, 0x1100_0000, 0x1200_0000 and 0x1300_0000.
    #[inline(always)]
    pub(crate) fn load_xip(&mut self, addr: u32, size: u32) -> Option<Beat> {
        if !self.dev.xip_ctrl.hit(addr) {
            return Some(self.load_around_cache(addr, size));
        }
        Some(Beat { value: self.read_flash(addr, size), cycles: 1 })
    }

    #[inline(always)]
    fn read_flash(&self, addr: u32, size: u32) -> u32 {
        let offset = self.flash_offset(addr);
        match size {
            1 => self.mem.flash.read8(offset),
            2 => self.mem.flash.read16(offset),
            _ => self.mem.flash.read32(offset),
        }
    }

    #[cold]
    #[inline(never)]
    fn load_around_cache(&mut self, addr: u32, size: u32) -> Beat {
        match self.miss(addr) {
            Some(wait) => Beat { value: self.read_flash(addr, size), cycles: 1 + wait },
            None => {
                let why = "the SSI is not set up for XIP, or the flash chip is busy or in another mode: \
                           the load gave all ones";
                self.dev.fabric.gaps.touch("XIP load while the flash chip does not answer", why);
                Beat { value: NOTHING >> (32 - 8 * size), cycles: 1 }
            }
        }
    }

    /// An access that the cache doesn't answer. Cycles until the flash chip has; `None`: it will not.
    fn miss(&mut self, addr: u32) -> Option<u32> {
        let xip = &mut self.dev.xip_ctrl;
        xip.count_miss();
        let flush = xip.wait_for_flush(self.dev.fabric.cycle);
        if xip.take_stale(addr) && xip.enabled() {
            let why = "firmware bug: flash was programmed or erased and the cache not flushed; the real cache gives \
                       what the cells held before";
            self.dev.fabric.gaps.touch("XIP load of a stale cache line", why);
        }
        let (line, word) = self.xip_cycles()?;
        let xip = &mut self.dev.xip_ctrl;
        if xip.enabled() && allocates(addr) {
            xip.fill(addr);
            return Some(flush + line);
        }
        Some(flush + word)
    }

    fn xip_cycles(&mut self) -> Option<(u32, u32)> {
        if let Path::Works { line, word } = self.dev.xip_ctrl.path {
            return Some((line, word));
        }
        let (line, word) = self.try_xip_read()?;
        self.dev.xip_ctrl.path = Path::Works { line, word };
        Some((line, word))
    }

    /// A store into the windows: the caching, allocating one drops the line, the others fault or do nothing.
    pub(crate) fn store_xip(&mut self, addr: u32, _size: u32) -> Option<u32> {
        let xip = &mut self.dev.xip_ctrl;
        match addr >> 24 {
            0x10 => xip.drop_line(addr),
            _ if xip.faults_bad_writes() => return None,
            _ => {}
        }
        Some(1)
    }

    /// An instruction half-word for the decoder.
    #[inline]
    pub(crate) fn fetch_xip(&mut self, addr: u32) -> Option<u16> {
        (addr >> 26 == 4).then(|| self.mem.flash.read16(self.flash_offset(addr)) as u16)
    }

    /// Extra cycles of an instruction fetch.
    #[inline(always)]
    pub(crate) fn fetch_xip_cycles(&mut self, addr: u32) -> u32 {
        if self.dev.xip_ctrl.hit(addr) {
            0
        } else {
            self.fetch_around_cache(addr)
        }
    }

    #[cold]
    #[inline(never)]
    fn fetch_around_cache(&mut self, addr: u32) -> u32 {
        self.miss(addr).unwrap_or_else(|| {
            let why = "the SSI is not set up for XIP, or the flash chip is busy or in another mode: the real chip \
                       executes garbage here, this one what the cells hold";
            self.dev.fabric.gaps.touch("XIP fetch while the flash chip does not answer", why);
            0
        })
    }

    /// Code was decoded from flash.
    pub(crate) fn watch_flash_code(&mut self, addr: u32) {
        let offset = self.flash_offset(addr);
        self.mem.flash.watch_code(offset);
    }

    /// A load from XIP_CTRL: the value, and the cycles that the bus waits.
    pub(crate) fn load_xip_ctrl(&mut self, offset: u32) -> (u32, u32) {
        self.sync_stream();
        let cycle = self.dev.fabric.cycle;
        let wait = if offset == FLUSH { self.dev.xip_ctrl.flush_wait(cycle) } else { 0 };
        let value = self.dev.xip_ctrl.read(offset, &mut self.dev.fabric);
        self.xip_ctrl_accessed();
        (value, wait)
    }

    /// The streaming FIFO at 0x5040_0000, where the DMA controller takes it without waiting for XIP (2.6.3.3).
    pub(crate) fn load_stream_fifo(&mut self) -> u32 {
        self.load_xip_ctrl(0x1C).0
    }

    /// XIP_CTRL was read or written: the stream goes on.
    pub(crate) fn xip_ctrl_accessed(&mut self) {
        self.sync_stream();
        self.schedule_ssi();
    }

    /// Brings the stream up to now: words arrive one after another while the FIFO has room for them.
    pub(crate) fn sync_stream(&mut self) {
        let now = self.dev.fabric.cycle;
        while let Some(addr) = self.dev.xip_ctrl.stream_wants() {
            let due = self.dev.xip_ctrl.stream_due();
            if due == u64::MAX {
                let word = self.xip_cycles().map_or(1, |(_, word)| word);
                self.dev.xip_ctrl.expect_stream(Some(now + u64::from(word)));
                break;
            }
            if due > now {
                break;
            }
            let path = self.xip_cycles();
            let word = if path.is_some() { self.read_flash(addr, 4) } else { NOTHING };
            if path.is_none() {
                let why = "the SSI is not set up for XIP, or the flash chip is busy: the stream gave all ones";
                self.dev.fabric.gaps.touch("XIP stream while the flash chip does not answer", why);
            }
            let next = due + u64::from(path.map_or(1, |(_, word)| word));
            self.dev.xip_ctrl.push_stream(word, &mut self.dev.fabric);
            let more = self.dev.xip_ctrl.stream_wants().is_some();
            self.dev.xip_ctrl.expect_stream(more.then_some(next));
        }
    }

    /// Puts bytes into the cells of the flash chip from outside, as a programmer does while the chip is off the board.
    pub fn load_flash(&mut self, offset: usize, bytes: &[u8]) -> Result<(), String> {
        let size = self.mem.flash.size();
        if bytes.len() > size || offset > size - bytes.len() {
            let end = offset + bytes.len();
            return Err(format!("the flash chip has {size} bytes; {offset} to {end} does not fit"));
        }
        if self.mem.flash.write(offset, bytes) {
            self.dev.fabric.attention();
        }
        for line in (offset & !7..offset + bytes.len()).step_by(8) {
            self.dev.xip_ctrl.drop_line(line as u32);
        }
        Ok(())
    }

    /// The cells of the flash chip, to write into a file.
    pub fn flash_cells(&self) -> &[u8] {
        self.mem.flash.bytes()
    }

    /// Leaves SSI and flash chip as the usual second stage does, with EBh continued at clk_sys / `divider`: for an
    /// image that is started without its second stage.
    pub fn enter_quad_xip(&mut self, divider: u32) {
        const SSIENR: u32 = 0x08;
        const QUAD_EEPROM_READ_32: u32 = 2 << 21 | 31 << 16 | 3 << 8;
        const QUAD_ADDRESS_32_WAIT_4: u32 = 4 << 11 | 8 << 2;
        for (register, value) in [
            (SSIENR, 0),
            (0x14, divider),
            (0x00, QUAD_EEPROM_READ_32),
            (0x04, 0),
            // The instruction on one line, to begin with.
            (0xF4, QUAD_ADDRESS_32_WAIT_4 | 2 << 8 | 1),
            (0x10, 1),
            (SSIENR, 1),
        ] {
            self.store_ssi(register, value);
        }
        const CONTINUE: u32 = 0xA0;
        self.send_xip_command(0xEB, CONTINUE);
        for (register, value) in [(SSIENR, 0), (0xF4, CONTINUE << 24 | QUAD_ADDRESS_32_WAIT_4 | 2), (SSIENR, 1)] {
            self.store_ssi(register, value);
        }
    }
}

#[cfg(test)]
mod tests;
