use super::*;
use crate::io::{InSelect, OutSelect, Pad};
use crate::slots::slot;
use crate::spi_mem::psram::Wiring as PsramWiring;
use crate::system::System;
use engine_core::pins::Drive;
use engine_core::ports::{Outside, PortId, SpiAnswer, SpiBatch};
use engine_core::spi::{Answers, SpiWire};
use engine_core::time::{Ps, MICROSECOND};
use std::sync::{Arc, Mutex};

mod lines;
mod target;

const SPI2_BASE: u32 = 0x6002_4000;
const SPI3_BASE: u32 = 0x6002_5000;
/// Offsets of ESP-IDF `soc/spi_reg.h`.
const CMD_: u32 = 0x00;
const ADDR_: u32 = 0x04;
const CTRL_: u32 = 0x08;
const CLOCK_: u32 = 0x0C;
const USER_: u32 = 0x10;
const USER1_: u32 = 0x14;
const USER2_: u32 = 0x18;
const DLEN: u32 = 0x1C;
const MISC_: u32 = 0x20;
const DMA_CONF_: u32 = 0x30;
const INT_ENA: u32 = 0x34;
const INT_CLR: u32 = 0x38;
const INT_RAW: u32 = 0x3C;
const W0: u32 = 0x98;
const SLAVE_: u32 = 0xE0;
const SLAVE1_: u32 = 0xE4;
const CLK_GATE_: u32 = 0xE8;

const USR: u32 = 1 << 24;
const UPDATE: u32 = 1 << 23;
const TRANS_DONE: u32 = 1 << 12;
const SEG_DONE: u32 = 1 << 13;
const COMMAND: u32 = 1 << 31;
const ADDRESS: u32 = 1 << 30;
const DUMMY: u32 = 1 << 29;
const MISO_EN: u32 = 1 << 28;
const MOSI_EN: u32 = 1 << 27;
const DOUTDIN: u32 = 1;

const SCK: u8 = 4;
const MOSI: u8 = 5;
const CS: u8 = 6;
const MISO: u8 = 8;
const DC: u8 = 15;
/// 80 MHz.
const BIT: Ps = 12_500;

/// DMA: pair 0, lists and data.
const DMA: u32 = 0x6003_F000;
const LIST: u32 = 0x3FC9_0000;
const DATA: u32 = 0x3FCA_0000;

#[derive(Default)]
struct Heard {
    bytes: Vec<u8>,
    dc: Vec<u8>,
    at: Vec<Ps>,
    selected: Vec<bool>,
    answer: Vec<u8>,
}

struct Part(Arc<Mutex<Heard>>);

impl Outside for Part {
    fn spi(&mut self, _: PortId, batch: SpiBatch) {
        let mut heard = self.0.lock().unwrap();
        heard.bytes.extend(batch.data);
        heard.dc.extend(batch.dc);
        heard.at.extend(batch.at);
    }
    fn spi_select(&mut self, _: PortId, _: Ps, selected: bool) {
        self.0.lock().unwrap().selected.push(selected);
    }
    fn spi_answer(&mut self, _: PortId, _: Ps, _: u8, _: bool) -> Option<SpiAnswer> {
        let answer = self.0.lock().unwrap().answer.clone();
        Some(SpiAnswer { dummy: 0, data: answer })
    }
}

struct Bench {
    system: System,
    heard: Arc<Mutex<Heard>>,
}

fn matrix_pad() -> Pad {
    Pad { function: 1, input_enable: true, ..Pad::default() }
}

fn out(signal: Signal) -> OutSelect {
    OutSelect { signal, invert: false, enable_by_gpio: false, invert_enable: false }
}

impl Bench {
    /// SPI2 on the pins of a display that never answers, or of a part that does; 80 MHz, mode 0.
    fn new(answers: Answers) -> Self {
        let mut system = System::new(0x10_0000, 0x10_0000, PsramWiring::Octal);
        system.dev.fabric.selection.soc_clk = 1;
        system.dev.fabric.selection.pll_on = true;
        system.dev.fabric.settle_clocks();
        system.carry_out_requests();
        let heard = Arc::new(Mutex::new(Heard::default()));
        let mut bench = Self { system, heard };
        let fabric = &mut bench.system.dev.fabric;
        fabric.pins.set_outside(Box::new(Part(bench.heard.clone())));
        for (pin, signal) in [(SCK, signals::FSPICLK), (MOSI, signals::FSPID), (CS, signals::FSPICS0)] {
            fabric.set_pad(pin, matrix_pad());
            fabric.select_output(pin, out(signal));
        }
        fabric.set_pad(MISO, matrix_pad());
        fabric.select_input(signals::FSPIQ, InSelect { pin: MISO, invert: false, by_matrix: true });
        fabric.pins.attach_spi(SpiWire::new(SCK, MOSI, Some(MISO), Some(CS), Some(DC), answers));
        bench.set(CLK_GATE_, 7);
        bench.set(CLOCK_, 1 << 31);
        bench.set(CTRL_, 0);
        bench.set(USER_, 0);
        bench
    }

    fn set(&mut self, offset: u32, value: u32) {
        self.system.write_register(SPI2_BASE + offset, value);
    }

    fn get(&mut self, offset: u32) -> u32 {
        self.system.read_register(SPI2_BASE + offset)
    }

    fn now(&self) -> Ps {
        self.system.dev.fabric.now()
    }

    fn run(&mut self, duration: Ps) {
        let until = self.now() + duration;
        while self.system.dev.fabric.events.next() <= until {
            let fabric = &mut self.system.dev.fabric;
            fabric.cycle = fabric.cycle.max(fabric.clock.first_cycle_from(fabric.events.next()));
            let now = fabric.now();
            while let Some(due) = self.system.dev.fabric.events.pop(now) {
                self.system.event(slot(due));
            }
        }
        let fabric = &mut self.system.dev.fabric;
        fabric.cycle = fabric.clock.first_cycle_from(until);
    }

    /// A transaction to its end; how long it took.
    fn go(&mut self) -> Ps {
        self.set(INT_CLR, !0);
        self.set(CMD_, UPDATE);
        assert_eq!(self.get(CMD_) & UPDATE, 0);
        let start = self.now();
        self.set(CMD_, USR);
        while self.get(CMD_) & USR != 0 {
            let next = self.system.dev.fabric.events.due(Slot::Spi2 as usize);
            assert!(next != Ps::MAX, "nothing is due");
            self.run(next.saturating_sub(self.now()));
        }
        self.now() - start
    }

    fn heard(&mut self) -> Vec<u8> {
        self.system.dev.fabric.pins.flush();
        std::mem::take(&mut self.heard.lock().unwrap().bytes)
    }

    fn put(&mut self, addr: u32, bytes: &[u8]) {
        for (n, byte) in bytes.iter().enumerate() {
            assert!(self.system.debug_write8(addr + n as u32, *byte));
        }
    }

    /// A list of descriptors over `bytes` at `DATA`; OUT or IN of pair 0 starts with it.
    fn start_dma(&mut self, list: u32, data: u32, mut length: u32, out: bool) {
        let (mut at, mut data) = (list, data);
        let link = if out { 1 << 21 } else { 1 << 22 } | list & 0xF_FFFF;
        while length > 0 {
            let chunk = length.min(4092);
            let next = if length > chunk { at + 12 } else { 0 };
            let last = if next == 0 && out { 1 << 30 } else { 0 };
            let word = 1 << 31 | last | chunk << 12 | chunk;
            self.put(at, &[word.to_le_bytes(), data.to_le_bytes(), next.to_le_bytes()].concat());
            (at, data, length) = (at + 12, data + chunk, length - chunk);
        }
        self.system.write_register(DMA + if out { 0xA8 } else { 0x48 }, 0);
        self.system.write_register(DMA + if out { 0x80 } else { 0x20 }, link);
    }
}

fn display() -> Bench {
    Bench::new(Answers::Never)
}

/// ESP-IDF spi_ll_set_command and spi_ll_set_address: the command's lower byte first, the address from bit 31; MSB first.
#[test]
fn command_address_dummy_and_data_follow_each_other() {
    let mut bench = display();
    bench.set(USER_, COMMAND | ADDRESS | DUMMY | MOSI_EN);
    bench.set(USER2_, 15 << 28 | 0x342A);
    bench.set(USER1_, 23 << 27 | 7);
    bench.set(ADDR_, 0x1122_33FF);
    bench.set(DLEN, 23);
    bench.set(W0, 0x00CC_BBAA);
    let time = bench.go();
    assert_eq!(bench.heard(), [0x2A, 0x34, 0x11, 0x22, 0x33, 0x00, 0xAA, 0xBB, 0xCC]);
    assert_eq!(time, 72 * BIT);
    assert_eq!(bench.get(INT_RAW), TRANS_DONE);
    assert_eq!(bench.heard.lock().unwrap().selected, [true, false]);
}

/// TRM 30.7: f = source / ((CLKDIV_PRE + 1) (CLKCNT_N + 1)), from APB or the crystal.
#[test]
fn the_clock_is_divided() {
    let mut bench = display();
    bench.set(USER_, MOSI_EN);
    bench.set(DLEN, 7);
    bench.set(CLOCK_, 1 << 18 | 3 << 12);
    assert_eq!(bench.go(), 8 * 8 * BIT);
    bench.set(CLK_GATE_, 3);
    assert_eq!(bench.go(), 8 * 8 * 2 * BIT);
    // CS setup of 3 and hold of 2 clocks.
    bench.set(USER_, MOSI_EN | 1 << 7 | 1 << 6);
    bench.set(USER1_, 2 << 22 | 2 << 17);
    assert_eq!(bench.go(), (8 + 3 + 2) * 8 * 2 * BIT);
}

/// Without MST_CLK_ACTIVE nothing moves until it is set.
#[test]
fn a_transaction_waits_for_its_clock() {
    let mut bench = display();
    bench.set(USER_, MOSI_EN);
    bench.set(DLEN, 7);
    bench.set(CLK_GATE_, 0);
    bench.set(CMD_, USR);
    bench.run(MICROSECOND);
    assert_eq!(bench.get(CMD_), USR);
    bench.set(CLK_GATE_, 7);
    bench.run(MICROSECOND);
    assert_eq!(bench.get(CMD_), 0);
}

#[test]
fn bits_go_least_significant_first_where_they_are_told_to() {
    let mut bench = display();
    bench.set(CTRL_, 1 << 25);
    bench.set(USER_, COMMAND | ADDRESS | MOSI_EN);
    bench.set(USER2_, 7 << 28 | 0x01);
    bench.set(USER1_, 7 << 27);
    bench.set(ADDR_, 0x0300_0000);
    bench.set(DLEN, 7);
    bench.set(W0, 0x0F);
    bench.go();
    assert_eq!(bench.heard(), [0x80, 0xC0, 0xF0]);
}

/// A part that answers to every byte: the answer to the first one comes with the second.
#[test]
fn full_duplex_takes_while_it_gives() {
    let mut bench = Bench::new(Answers::Always);
    bench.heard.lock().unwrap().answer = vec![0xA5];
    bench.set(USER_, MOSI_EN | MISO_EN | DOUTDIN);
    bench.set(DLEN, 15);
    bench.set(W0, 0x0000_119F);
    assert_eq!(bench.go(), 16 * BIT);
    assert_eq!(bench.get(W0) >> 8 & 0xFF, 0xA5);
}

/// Half duplex: data in comes after data out. Bits that do not fill a byte stand at its top (ESP-IDF, SPI master).
#[test]
fn half_duplex_takes_after_it_gave_and_bits_need_not_fill_a_byte() {
    let mut bench = Bench::new(Answers::Commands(vec![0x9F]));
    bench.heard.lock().unwrap().answer = vec![0xC3, 0x5A];
    bench.set(USER_, COMMAND | MISO_EN);
    bench.set(USER2_, 7 << 28 | 0x9F);
    bench.set(DLEN, 11);
    for (order, byte) in [(0, 0x50C3), (1, 0x0AC3)] {
        // The display's answer is data: D/CX rises behind the command.
        let dc = |bench: &mut Bench, high| {
            let now = bench.now();
            bench.system.dev.fabric.pins.drive_from_outside(Drive { pin: DC, level: Some(high) }, now);
        };
        bench.set(CTRL_, order << 23);
        dc(&mut bench, false);
        bench.set(CMD_, USR);
        bench.run(9 * BIT);
        dc(&mut bench, true);
        bench.run(11 * BIT);
        assert_eq!(bench.get(INT_RAW), TRANS_DONE);
        // 0xC3 with its bits turned round is 0xC3.
        assert_eq!(bench.get(W0) & 0xFFFF, byte);
    }
}

/// USR_MOSI_HIGHPART sends W8 to W15; more than 64 bytes begin again.
#[test]
fn the_buffer_is_64_bytes_or_its_upper_half() {
    let mut bench = display();
    bench.set(W0, 0x0403_0201);
    bench.set(W0 + 32, 0x1413_1211);
    bench.set(USER_, MOSI_EN | 1 << 25);
    bench.set(DLEN, 31);
    bench.go();
    assert_eq!(bench.heard(), [0x11, 0x12, 0x13, 0x14]);
    bench.set(USER_, MOSI_EN);
    bench.set(DLEN, 66 * 8 - 1);
    bench.go();
    assert_eq!(bench.heard()[64..], [0x01, 0x02]);
}

/// A frame of 320 x 170 pixels, 80 MHz: 108 800 bytes take 10.88 ms on the line.
#[test]
fn a_frame_goes_by_dma_and_costs_the_host_little() {
    let mut bench = display();
    let frame: Vec<u8> = (0..32_640u32).map(|n| (n * 7) as u8).collect();
    bench.put(DATA, &frame);
    bench.set(DMA_CONF_, 1 << 28);
    bench.set(USER_, MOSI_EN);
    bench.set(DLEN, 8 * 32_640 - 1);
    bench.start_dma(LIST, DATA, 32_640, true);
    assert_eq!(bench.go(), 8 * 32_640 * BIT);
    assert_eq!(bench.heard(), frame);
    let heard = bench.heard.lock().unwrap();
    assert_eq!(heard.at[32_639] - heard.at[0], 8 * 32_639 * BIT);
    drop(heard);
    assert_eq!(bench.get(INT_RAW), TRANS_DONE);
    // OUT_DONE, OUT_EOF and OUT_TOTAL_EOF of the channel.
    assert_eq!(bench.system.read_register(DMA + 0x68), 0b1011);
}

#[test]
fn dma_takes_what_comes_in() {
    let mut bench = Bench::new(Answers::Always);
    bench.heard.lock().unwrap().answer = vec![0x77];
    bench.set(DMA_CONF_, 1 << 28 | 1 << 27);
    bench.set(USER_, MOSI_EN | MISO_EN | DOUTDIN);
    bench.set(DLEN, 8 * 40 - 1);
    bench.start_dma(LIST, DATA, 40, true);
    bench.start_dma(LIST + 64, DATA + 0x100, 40, false);
    bench.go();
    let received: Vec<u8> = (1..40).map(|n| bench.system.debug_read8(DATA + 0x100 + n).unwrap()).collect();
    assert_eq!(received, [0x77; 39]);
    // IN_DONE and IN_SUC_EOF.
    assert_eq!(bench.system.read_register(DMA + 0x08), 0b11);
}

/// DMA_OUTFIFO_EMPTY_ERR and MST_TX_AFIFO_REMPTY_ERR.
#[test]
fn a_transaction_without_data_says_so() {
    let mut bench = display();
    bench.set(DMA_CONF_, 1 << 28);
    bench.set(USER_, MOSI_EN);
    bench.set(DLEN, 7);
    bench.go();
    assert_eq!(bench.get(INT_RAW), TRANS_DONE | 1 << 1 | 1 << 18);
}

#[test]
fn chip_select_stays_active_when_told_and_its_polarity_counts() {
    let mut bench = display();
    bench.set(USER_, MOSI_EN);
    bench.set(DLEN, 7);
    bench.set(MISC_, 0x3E | 1 << 30);
    bench.go();
    assert!(!bench.system.dev.fabric.pins.is_high(CS));
    bench.set(MISC_, 0x3E);
    assert!(bench.system.dev.fabric.pins.is_high(CS));
    bench.set(MISC_, 0x3E | 1 << 7);
    bench.set(CMD_, UPDATE);
    assert!(!bench.system.dev.fabric.pins.is_high(CS));
}

#[test]
fn interrupts_are_levels_of_raw_and_enable() {
    let mut bench = display();
    bench.set(INT_ENA, TRANS_DONE);
    bench.set(USER_, MOSI_EN);
    bench.go();
    assert_eq!(bench.system.dev.fabric.sources(), 1 << Source::SPI2 as u128);
    bench.set(INT_CLR, TRANS_DONE);
    assert_eq!(bench.system.dev.fabric.sources(), 0);
    bench.set(0x44, TRANS_DONE);
    assert_eq!(bench.get(0x40), TRANS_DONE);
}

/// A part that samples at the other edge, and one on the same edge: bytes and times are the same on both paths. Modes as in
/// ESP-IDF spi_ll_master_set_mode.
#[test]
fn all_modes_reach_a_part_that_samples_at_their_edge() {
    for (mode, idle_high, out_edge) in [(0, false, false), (1, false, true), (2, true, true), (3, true, false)] {
        for watched in [false, true] {
            let mut bench = display();
            let fabric = &mut bench.system.dev.fabric;
            fabric.pins = Default::default();
            fabric.pins.set_outside(Box::new(Part(bench.heard.clone())));
            let wire = SpiWire::new(SCK, MOSI, None, Some(CS), None, Answers::Never);
            fabric.pins.attach_spi(if out_edge { wire.sampling_falling() } else { wire });
            if watched {
                fabric.interrupting_pins = 1 << SCK;
            }
            bench.set(MISC_, 0x3E | u32::from(idle_high) << 29);
            bench.set(USER_, MOSI_EN | u32::from(out_edge) << 9);
            bench.set(CMD_, UPDATE);
            bench.set(DLEN, 15);
            bench.set(W0, 0x5AC3);
            let start = bench.now();
            bench.go();
            bench.run(MICROSECOND);
            assert_eq!(bench.heard(), [0xC3, 0x5A], "mode {mode}, watched {watched}");
            assert_eq!(bench.heard.lock().unwrap().at[0] - start, 7 * BIT + BIT / 2, "mode {mode}, watched {watched}");
            assert_eq!(bench.system.dev.fabric.pins.is_high(SCK), idle_high);
        }
    }
}

/// ST7789V 8.4.2 samples on the rising edge; in mode 2 that is the edge that ends a bit. The badge's display is driven so.
#[test]
fn a_display_understands_mode_2_without_edges_being_made() {
    let mut times = Vec::new();
    for watched in [false, true] {
        let mut bench = display();
        let fabric = &mut bench.system.dev.fabric;
        fabric.pins = Default::default();
        fabric.pins.set_outside(Box::new(Part(bench.heard.clone())));
        fabric.pins.attach_spi(SpiWire::new(SCK, MOSI, None, Some(CS), None, Answers::Never));
        if watched {
            fabric.interrupting_pins = 1 << SCK;
        }
        bench.set(MISC_, 0x3E | 1 << 29);
        bench.set(USER_, MOSI_EN | 1 << 9);
        bench.set(CMD_, UPDATE);
        bench.set(DLEN, 63);
        bench.set(W0, 0x5AC3_0FF0);
        bench.set(W0 + 4, 0x0102_0304);
        let start = bench.now();
        bench.go();
        bench.run(MICROSECOND);
        assert_eq!(bench.heard(), [0xF0, 0x0F, 0xC3, 0x5A, 4, 3, 2, 1], "watched {watched}");
        times.push(bench.heard.lock().unwrap().at.iter().map(|at| at - start).collect::<Vec<_>>());
    }
    assert_eq!(times[0], times[1]);
    assert_eq!(times[0][0], 8 * BIT);
}

/// TRM 30.5.8.4: CONF, transaction, CONF, transaction; magic 2 in the upper bits of the bitmap (ESP-IDF
/// SPI_LL_SCT_MAGIC_NUMBER).
#[test]
fn segments_configure_themselves() {
    let mut bench = display();
    let user = 3;
    let dlen = 6;
    let words = |bitmap: u32, values: [u32; 2]| {
        let bitmap = 2 << 28 | bitmap;
        [bitmap.to_le_bytes(), values[0].to_le_bytes(), values[1].to_le_bytes()].concat()
    };
    let mut data = words(1 << user | 1 << dlen, [MOSI_EN | 1 << 15, 15]);
    data.extend([0x11, 0x22]);
    data.extend(words(1 << user | 1 << dlen, [MOSI_EN, 7]));
    data.extend([0x33]);
    bench.put(DATA, &data);
    bench.start_dma(LIST, DATA, data.len() as u32, true);
    bench.set(DMA_CONF_, 1 << 28);
    bench.set(SLAVE_, 1 << 28 | 2 << 22);
    bench.go();
    assert_eq!(bench.heard(), [0x11, 0x22, 0x33]);
    assert_eq!(bench.get(INT_RAW), SEG_DONE);
    // Another magic number.
    bench.start_dma(LIST, DATA, data.len() as u32, true);
    bench.set(SLAVE_, 1 << 28 | 3 << 22);
    bench.go();
    assert_eq!(bench.get(INT_RAW), 1 << 14);
}

/// Four lines: bit 3 of a nibble on HD, bit 0 on D. Data comes back from the same pins one clock at a time.
#[test]
fn four_lines_carry_a_nibble_a_clock() {
    let mut bench = display();
    let fabric = &mut bench.system.dev.fabric;
    for (pin, signal) in [(MISO, signals::FSPIQ), (9, signals::FSPIWP), (10, signals::FSPIHD)] {
        fabric.set_pad(pin, matrix_pad());
        fabric.select_output(pin, out(signal));
    }
    bench.set(CLOCK_, 7 << 12);
    bench.set(USER_, MOSI_EN | 1 << 13);
    bench.set(DLEN, 15);
    bench.set(W0, 0x96E1);
    bench.set(CMD_, USR);
    let mut nibbles = Vec::new();
    for clock in 0..4 {
        bench.run(if clock == 0 { 4 * BIT + BIT } else { 8 * BIT });
        let pins = &bench.system.dev.fabric.pins;
        let nibble =
            [MOSI, MISO, 9, 10].iter().enumerate().fold(0, |bits, (n, pin)| bits | u8::from(pins.is_high(*pin)) << n);
        nibbles.push(nibble);
    }
    assert_eq!(nibbles, [0xE, 0x1, 0x9, 0x6]);
    bench.run(MICROSECOND);
    assert_eq!(bench.get(INT_RAW), TRANS_DONE);
}
