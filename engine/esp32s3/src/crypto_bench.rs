//! A chip's blocks for the tests of those that use GDMA: registers, memory, lists of descriptors, and time.

use crate::slots::slot;
use crate::spi_mem::psram::Wiring;
use crate::system::System;
use engine_core::time::{Ps, SECOND};

const GDMA: u32 = 0x6003_F000;
/// Offsets of ESP-IDF `soc/gdma_reg.h`, pair 0.
const IN_CONF0: u32 = GDMA;
const IN_LINK: u32 = GDMA + 0x20;
const IN_PERI_SEL: u32 = GDMA + 0x48;
const OUT_CONF0: u32 = GDMA + 0x60;
const OUT_LINK: u32 = GDMA + 0x80;
const OUT_PERI_SEL: u32 = GDMA + 0xA8;
const OUT_START: u32 = 1 << 21;
const IN_START: u32 = 1 << 22;

/// ESP-IDF `soc/system_reg.h`.
const PERIP_CLK_EN1: u32 = 0x600C_001C;
pub const PERIP_RST_EN1: u32 = 0x600C_0024;
/// AES, SHA, RSA, DS, HMAC and DMA.
const CRYPTO: u32 = 0x7E;

const OUT_LIST: u32 = 0x3FC9_0000;
const IN_LIST: u32 = 0x3FC9_0800;
const OUT_DATA: u32 = 0x3FC9_1000;
const OWNER: u32 = 1 << 31;
const SUC_EOF: u32 = 1 << 30;

/// Where [`Bench::start_in`] lets data go.
pub const IN_DATA: u32 = 0x3FCA_0000;

/// The blocks.
pub struct Bench(pub System);

impl Bench {
    /// The clocks of the cryptographic blocks and of GDMA are on, and their resets off.
    pub fn new() -> Self {
        let mut bench = Self(System::new(0x10_0000, 0x10_0000, Wiring::Octal));
        bench.set(PERIP_CLK_EN1, CRYPTO);
        bench.set(PERIP_RST_EN1, 0);
        bench
    }

    pub fn set(&mut self, addr: u32, value: u32) {
        self.0.write_register(addr, value);
    }

    pub fn get(&mut self, addr: u32) -> u32 {
        self.0.read_register(addr)
    }

    pub fn sources(&self) -> u128 {
        self.0.dev.fabric.sources()
    }

    pub fn gaps(&self) -> Vec<String> {
        self.0.dev.fabric.gaps.all().keys().cloned().collect()
    }

    /// Stores bytes to registers, four in a word.
    pub fn put_words(&mut self, addr: u32, bytes: &[u8]) {
        for (n, word) in bytes.chunks(4).enumerate() {
            self.set(addr + 4 * n as u32, u32::from_le_bytes(word.try_into().unwrap()));
        }
    }

    pub fn words(&mut self, addr: u32, count: u32) -> Vec<u32> {
        (0..count).map(|n| self.get(addr + 4 * n)).collect()
    }

    /// The bytes of registers.
    pub fn register_bytes(&mut self, addr: u32, count: u32) -> Vec<u8> {
        self.words(addr, count / 4).into_iter().flat_map(u32::to_le_bytes).collect()
    }

    pub fn put(&mut self, addr: u32, bytes: &[u8]) {
        for (n, byte) in bytes.iter().enumerate() {
            assert!(self.0.debug_write8(addr + n as u32, *byte));
        }
    }

    pub fn bytes(&mut self, addr: u32, count: u32) -> Vec<u8> {
        (0..count).map(|n| self.0.debug_read8(addr + n).unwrap()).collect()
    }

    fn list(&mut self, list: u32, buffers: &[(u32, u32)]) {
        for (n, (dw0, buffer)) in buffers.iter().enumerate() {
            let at = list + 12 * n as u32;
            let next = if n + 1 == buffers.len() { 0 } else { at + 12 };
            self.put(at, &[dw0.to_le_bytes(), buffer.to_le_bytes(), next.to_le_bytes()].concat());
        }
    }

    /// A list with these buffers for a peripheral; its link starts. As ESP-IDF's esp_crypto_shared_gdma_start.
    pub fn start_out(&mut self, peripheral: u32, parts: &[&[u8]]) {
        let mut at = OUT_DATA;
        let mut buffers = Vec::new();
        for (n, part) in parts.iter().enumerate() {
            let length = part.len() as u32;
            let eof = if n + 1 == parts.len() { SUC_EOF } else { 0 };
            self.put(at, part);
            buffers.push((OWNER | eof | length << 12 | length, at));
            at += length;
        }
        self.list(OUT_LIST, &buffers);
        self.set(OUT_CONF0, 1);
        self.set(OUT_CONF0, 0);
        self.set(OUT_PERI_SEL, peripheral);
        self.set(OUT_LINK, OUT_LIST & 0xF_FFFF | OUT_START);
    }

    /// Room for a peripheral in buffers of these sizes, one behind the other from [`IN_DATA`] on; the link starts.
    pub fn start_in(&mut self, peripheral: u32, sizes: &[u32]) {
        let mut at = IN_DATA;
        let mut buffers = Vec::new();
        for size in sizes {
            buffers.push((OWNER | size, at));
            at += size;
        }
        self.list(IN_LIST, &buffers);
        self.set(IN_CONF0, 1);
        self.set(IN_CONF0, 0);
        self.set(IN_PERI_SEL, peripheral);
        self.set(IN_LINK, IN_LIST & 0xF_FFFF | IN_START);
    }

    /// The first word of a descriptor of the list of [`Bench::start_in`].
    pub fn in_descriptor(&mut self, n: u32) -> u32 {
        u32::from_le_bytes(self.bytes(IN_LIST + 12 * n, 4).try_into().unwrap())
    }

    /// Carries out what is due up to a moment.
    pub fn run_until(&mut self, until: Ps) {
        while self.0.dev.fabric.events.next() <= until {
            let fabric = &mut self.0.dev.fabric;
            fabric.cycle = fabric.cycle.max(fabric.clock.first_cycle_from(fabric.events.next()));
            let now = fabric.now();
            while let Some(due) = self.0.dev.fabric.events.pop(now) {
                self.0.event(slot(due));
            }
        }
        let fabric = &mut self.0.dev.fabric;
        fabric.cycle = fabric.cycle.max(fabric.clock.first_cycle_from(until));
    }

    pub fn run_for(&mut self, time: Ps) {
        let until = self.0.dev.fabric.now() + time;
        self.run_until(until);
    }

    /// Lets time pass as long as a register says so; at most ten seconds.
    pub fn run_while(&mut self, addr: u32, so: impl Fn(u32) -> bool) {
        let end = self.0.dev.fabric.now() + 10 * SECOND;
        while so(self.get(addr)) {
            let next = self.0.dev.fabric.events.next();
            assert!(next <= end, "0x{addr:08X} does not change");
            self.run_until(next);
        }
    }
}
