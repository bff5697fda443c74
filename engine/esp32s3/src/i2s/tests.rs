use super::*;
use crate::io::{InSelect, OutSelect, Pad};
use crate::slots::slot;
use crate::spi_mem::psram::Wiring as PsramWiring;
use crate::system::System;
use engine_core::i2s::{I2sClock, I2sFormat, I2sWire};
use engine_core::ports::{I2sBatch, Outside, PortId};
use engine_core::time::{MICROSECOND, SECOND};
use std::sync::{Arc, Mutex};

mod pdm;
mod standard;
mod variants;
mod wires;

const I2S0_BASE: u32 = 0x6000_F000;
/// Offsets of ESP-IDF `soc/i2s_reg.h`.
const INT_RAW_: u32 = 0x0C;
const INT_ENA_: u32 = 0x14;
const INT_CLR_: u32 = 0x18;
const RX_CONF_: u32 = 0x20;
const TX_CONF_: u32 = 0x24;
const RX_CONF1_: u32 = 0x28;
const TX_CONF1_: u32 = 0x2C;
const RX_CLKM: u32 = 0x30;
const TX_CLKM: u32 = 0x34;
const RX_DIV: u32 = 0x38;
const TX_DIV: u32 = 0x3C;
const RX_TDM: u32 = 0x50;
const TX_TDM: u32 = 0x54;
const RX_EOF: u32 = 0x64;
const SINGLE: u32 = 0x68;
const HUNG: u32 = 0x60;
const STATE_: u32 = 0x6C;
/// From I2S0 to I2S1.
const I2S1: u32 = 0x6002_D000 - I2S0_BASE;

const START: u32 = 1 << 2;
const SLAVE: u32 = 1 << 3;
const UPDATE: u32 = 1 << 8;
const TDM_EN: u32 = 1 << 19;
const LEFT_ALIGN: u32 = 1 << 15;
const BYPASS: u32 = 1 << 12;
const STOP_EN: u32 = 1 << 13;
const LOOPBACK: u32 = 1 << 27;
const CLK_ACTIVE: u32 = 1 << 26;
/// CLK_SEL: PLL_F160M (`hal/i2s_ll.h`).
const F160M: u32 = 2 << 27;

const BCK: u8 = 8;
const WS: u8 = 7;
const DOUT: u8 = 16;
const DIN: u8 = 15;

/// DMA pair 0: lists and data.
const DMA: u32 = 0x6003_F000;
const OUT_LIST: u32 = 0x3FC9_0000;
const IN_LIST: u32 = 0x3FC9_1000;
const OUT_DATA: u32 = 0x3FCA_0000;
const IN_DATA: u32 = 0x3FCB_0000;
const OUT_EOF: u32 = 1 << 1;
const IN_SUC_EOF: u32 = 1 << 1;

/// What the parts heard, by port, and what they say: the number of the frame since 1 in the left slot, its complement in the others.
#[derive(Default)]
struct Heard {
    batches: Vec<(PortId, I2sBatch)>,
    asked: Vec<Ps>,
    slots: usize,
}

struct Part(Arc<Mutex<Heard>>);

impl Outside for Part {
    fn i2s_sent(&mut self, port: PortId, batch: I2sBatch) {
        self.0.lock().unwrap().batches.push((port, batch));
    }
    fn i2s_wanted(&mut self, _: PortId, at: &[Ps]) -> Vec<i32> {
        let mut heard = self.0.lock().unwrap();
        let before = heard.asked.len();
        heard.asked.extend(at);
        let said = |n: usize| ((before + n + 1) as i32) << 16;
        let slots = heard.slots.max(2);
        (0..at.len()).flat_map(|n| (0..slots).map(move |slot| if slot == 0 { said(n) } else { !said(n) })).collect()
    }
}

struct Bench {
    system: System,
    heard: Arc<Mutex<Heard>>,
}

/// What i2s_hal_std_set_tx_slot and _rx_slot write (ESP-IDF 5.3 `hal/i2s_hal.c`): Philips, stereo, slots as wide as samples.
fn conf1(data_bits: u32, slot_bits: u32, bck_div: u32) -> u32 {
    1 << 29
        | (slot_bits - 1) << 24
        | (slot_bits - 1) << 18
        | (data_bits - 1) << 13
        | (bck_div - 1) << 7
        | (slot_bits - 1)
}

/// i2s_ll_tx_set_mclk (`hal/i2s_ll.h`): N + b/a as CLKM_DIV_NUM and CLKM_DIV_CONF.
fn divider(n: u32, b: u32, a: u32) -> (u32, u32) {
    if b == 0 {
        return (n, 0);
    }
    let yn1 = u32::from(2 * b > a);
    let z = if yn1 == 1 { a - b } else { b };
    (n, yn1 << 27 | (a / z - 1) << 18 | (a % z) << 9 | z)
}

impl Bench {
    /// I2S0 on its pins, with PLL running: 160 MHz on PLL_F160M.
    fn new() -> Self {
        let mut system = System::new(0x10_0000, 0, PsramWiring::Quad);
        system.dev.fabric.selection.soc_clk = 1;
        system.dev.fabric.selection.pll_on = true;
        system.dev.fabric.settle_clocks();
        system.carry_out_requests();
        let heard = Arc::new(Mutex::new(Heard::default()));
        system.dev.fabric.pins.set_outside(Box::new(Part(heard.clone())));
        Self { system, heard }
    }

    /// A pin carries an output signal.
    fn output(&mut self, pin: u8, signal: Signal) {
        let fabric = &mut self.system.dev.fabric;
        fabric.set_pad(pin, Pad { function: 1, input_enable: true, ..Pad::default() });
        fabric.select_output(pin, OutSelect { signal, invert: false, enable_by_gpio: false, invert_enable: false });
    }

    /// An input signal comes from a pin.
    fn source(&mut self, pin: u8, signal: Signal) {
        let fabric = &mut self.system.dev.fabric;
        fabric.set_pad(pin, Pad { function: 1, input_enable: true, ..Pad::default() });
        fabric.select_input(signal, InSelect { pin, invert: false, by_matrix: true });
    }

    fn tx_pins(&mut self) {
        self.output(BCK, signals::I2S0O_BCK);
        self.output(WS, signals::I2S0O_WS);
        self.output(DOUT, signals::I2S0O_SD);
    }

    fn rx_pins(&mut self) {
        self.output(BCK, signals::I2S0I_BCK);
        self.output(WS, signals::I2S0I_WS);
        self.source(DIN, signals::I2S0I_SD);
    }

    /// An amplifier on DOUT, and a microphone on DIN.
    fn attach(&mut self, format: I2sFormat) {
        self.heard.lock().unwrap().slots = format.slots.into();
        let wire = I2sWire::new(BCK, WS, Some(DOUT), Some(DIN), format);
        self.system.dev.fabric.pins.attach_i2s(wire);
    }

    fn set(&mut self, offset: u32, value: u32) {
        self.system.write_register(I2S0_BASE + offset, value);
        self.run(0);
    }

    fn get(&mut self, offset: u32) -> u32 {
        self.system.read_register(I2S0_BASE + offset)
    }

    fn now(&self) -> Ps {
        self.system.dev.fabric.now()
    }

    fn run(&mut self, duration: Ps) {
        let until = self.now() + duration;
        // As the chip does before it runs.
        let stimulus = self.system.dev.fabric.pins.next_stimulus();
        if stimulus != Ps::MAX {
            self.system.dev.fabric.at(Slot::Stimulus, stimulus);
        }
        while self.system.dev.fabric.events.next() <= until {
            let fabric = &mut self.system.dev.fabric;
            fabric.cycle = fabric.cycle.max(fabric.clock.first_cycle_from(fabric.events.next()));
            let now = fabric.now();
            while let Some(due) = self.system.dev.fabric.events.pop(now) {
                self.system.event(slot(due));
            }
        }
        let fabric = &mut self.system.dev.fabric;
        fabric.cycle = fabric.cycle.max(fabric.clock.first_cycle_from(until));
    }

    /// As the chip does at the end of a run.
    fn flush(&mut self) {
        self.system.catch_up();
        self.system.dev.fabric.pins.flush();
    }

    /// All samples heard so far, and when their frames began.
    fn heard(&mut self) -> (Vec<i32>, Vec<Ps>) {
        self.flush();
        let heard = self.heard.lock().unwrap();
        let samples = heard.batches.iter().flat_map(|(_, batch)| batch.samples.clone()).collect();
        (samples, heard.batches.iter().flat_map(|(_, batch)| batch.at.clone()).collect())
    }

    fn put(&mut self, addr: u32, bytes: &[u8]) {
        for (n, byte) in bytes.iter().enumerate() {
            assert!(self.system.debug_write8(addr + n as u32, *byte));
        }
    }

    fn bytes(&mut self, addr: u32, count: u32) -> Vec<u8> {
        (0..count).map(|n| self.system.debug_read8(addr + n).unwrap()).collect()
    }

    /// A ring of descriptors of `size` bytes each, as i2s_alloc_dma_desc makes it (`esp_driver_i2s/i2s_common.c`), or a list
    /// that ends; pair 0 starts with it.
    fn start_dma(&mut self, out: bool, count: u32, size: u32, ring: bool) {
        let (list, data) = if out { (OUT_LIST, OUT_DATA) } else { (IN_LIST, IN_DATA) };
        for n in 0..count {
            let next = match n + 1 {
                after if after < count => list + 12 * after,
                _ if ring => list,
                _ => 0,
            };
            self.describe(list + 12 * n, data + n * size, size, next);
        }
        self.start_link(0, out, 3, list);
    }

    /// A descriptor that follows itself, for a peripheral on a pair.
    fn list(&mut self, pair: u32, out: bool, peripheral: u32, list: u32, data: u32, size: u32) {
        self.describe(list, data, size, list);
        self.start_link(pair, out, peripheral, list);
    }

    fn describe(&mut self, at: u32, data: u32, size: u32, next: u32) {
        let word = 1 << 31 | 1 << 30 | size << 12 | size;
        self.put(at, &[u32::to_le_bytes(word), data.to_le_bytes(), next.to_le_bytes()].concat());
    }

    /// PERI_SEL (I2S0 is 3, I2S1 is 4: TRM table 3-1), then LINK with START.
    fn start_link(&mut self, pair: u32, out: bool, peripheral: u32, list: u32) {
        let (select, link, start) = if out { (0xA8, 0x80, 1 << 21) } else { (0x48, 0x20, 1 << 22) };
        let base = DMA + 0xC0 * pair;
        self.system.write_register(base + select, peripheral);
        self.system.write_register(base + link, start | list & 0xF_FFFF);
        self.run(0);
    }

    /// OUT_INT_RAW or IN_INT_RAW of pair 0, which are then cleared.
    fn dma_raw(&mut self, out: bool) -> u32 {
        let base = DMA + if out { 0x68 } else { 0x08 };
        let raw = self.system.read_register(base);
        self.system.write_register(base + 0xC, !0);
        raw
    }

    /// The next moment at which a DMA interrupt of this kind is there.
    fn next_dma(&mut self, out: bool, mask: u32) -> Ps {
        loop {
            let next = self.system.dev.fabric.events.next();
            assert!(next != Ps::MAX, "nothing is due");
            let now = self.now();
            self.run(next.saturating_sub(now));
            if self.dma_raw(out) & mask != 0 {
                return self.now();
            }
        }
    }

    /// i2s_tx_channel_start: resets, then UPDATE, then START.
    fn start_tx(&mut self, conf: u32) {
        for bits in [1, 0, 2, 0, UPDATE] {
            self.set(TX_CONF_, conf | BYPASS | bits);
        }
        assert_eq!(self.get(TX_CONF_) & UPDATE, 0);
        self.set(TX_CONF_, conf | BYPASS | START);
    }

    fn start_rx(&mut self, conf: u32) {
        for bits in [1, 0, 2, 0, UPDATE] {
            self.set(RX_CONF_, conf | BYPASS | bits);
        }
        self.set(RX_CONF_, conf | BYPASS | START);
    }
}

const STEREO: I2sFormat = I2sFormat { slots: 2, slot_bits: 0, delay: true };
/// i2s_ll_tx_enable_std: TDM_EN; LEFT_ALIGN as the slot configurations set it.
const STANDARD: u32 = BYPASS | TDM_EN | LEFT_ALIGN;

/// 48 kHz, stereo: MCLK = 256 x 48 kHz = 160 MHz / (13 + 1/48) (i2s_std_calculate_clock).
fn at_48k(bench: &mut Bench, data: u32, slot: u32) {
    let (n, div) = divider(13, 1, 48);
    bench.set(TX_CLKM, 1 << 29 | CLK_ACTIVE | F160M | n);
    bench.set(TX_DIV, div);
    bench.set(RX_CLKM, CLK_ACTIVE | F160M | n);
    bench.set(RX_DIV, div);
    let bck_div = 256 / (2 * slot);
    bench.set(TX_CONF1_, conf1(data, slot, bck_div));
    bench.set(RX_CONF1_, conf1(data, slot, bck_div));
    bench.set(TX_TDM, 1 << 16 | 3);
    bench.set(RX_TDM, 1 << 16 | 3);
}
