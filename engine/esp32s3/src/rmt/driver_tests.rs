//! The sequences of ESP-IDF's driver (`rmt_tx.c`, `rmt_rx.c`) by the steps of `hal/rmt_ll.h`.

use crate::io::{InSelect, OutSelect, Pad};
use crate::signals::*;
use crate::slots::slot;
use crate::spi_mem::psram::Wiring;
use crate::system::System;
use engine_core::pins::Drive;
use engine_core::time::{Ps, MICROSECOND};

const BASE: u32 = 0x6001_6000;
const SYS_CONF: u32 = 0xC0;
const TX_SIM: u32 = 0xC4;
const INT_RAW: u32 = 0x70;
const INT_CLR: u32 = 0x7C;
const MEMORY: u32 = 0x800;
const CARRIER_EN: u32 = 1 << 21;
const CARRIER_OUT_LV: u32 = 1 << 22;
/// RMT_LL_EVENT_… of channel 0 of a side.
const TX_DONE: u32 = 1;
const TX_THRES: u32 = 1 << 8;
const TX_LOOP_END: u32 = 1 << 12;
const RX_DONE: u32 = 1 << 16;
const RX_ERROR: u32 = 1 << 20;
const RX_THRES: u32 = 1 << 24;
/// GDMA pair 0, and the number of RMT there, ESP-IDF `soc/gdma_channel.h`.
const GDMA: u32 = 0x6003_F000;
const GDMA_RMT: u32 = 9;
const LIST: u32 = 0x3FC9_0000;
const DATA: u32 = 0x3FC9_1000;
const PINS: [u8; 4] = [4, 5, 6, 7];
const INPUT: u8 = 8;

struct Bench(System);

impl Bench {
    /// The group at 40 MHz from XTAL, memory as words; transmitters 0 to 3 on GPIO4 to GPIO7, receivers on GPIO8.
    fn new() -> Self {
        let mut bench = Self(System::new(1 << 20, 0, Wiring::Quad));
        bench.set(SYS_CONF, 3 << 24 | 1 << 26 | 1);
        let fabric = &mut bench.0.dev.fabric;
        for (pin, signal) in PINS.into_iter().zip(RMT_SIG_OUT0..) {
            fabric.set_pad(pin, Pad { function: 1, ..Pad::default() });
            let select = OutSelect { signal, invert: false, enable_by_gpio: false, invert_enable: false };
            fabric.select_output(pin, select);
        }
        fabric.set_pad(INPUT, Pad { function: 1, input_enable: true, ..Pad::default() });
        for signal in RMT_SIG_IN0..=RMT_SIG_IN3 {
            fabric.select_input(signal, InSelect { pin: INPUT, invert: false, by_matrix: true });
        }
        fabric.pins.keep_log(true);
        bench
    }

    fn set(&mut self, offset: u32, value: u32) {
        self.0.write_register(BASE + offset, value);
    }

    fn get(&mut self, offset: u32) -> u32 {
        self.0.read_register(BASE + offset)
    }

    /// A bit field, as C writes it.
    fn field(&mut self, offset: u32, high: u32, low: u32, value: u32) {
        let mask = (u32::MAX >> (31 - (high - low))) << low;
        let old = self.get(offset);
        self.set(offset, old & !mask | value << low & mask);
    }

    fn strobe(&mut self, offset: u32, bit: u32) {
        self.field(offset, bit, bit, 1);
        self.field(offset, bit, bit, 0);
    }

    /// `rmt_new_tx_channel`: clock divider and blocks of memory, threshold at half of it, wrapping, no carrier.
    fn new_tx(&mut self, n: u32, div: u32, blocks: u32) {
        let conf = 0x20 + 4 * n;
        self.field(conf, 15, 8, div & 0xFF);
        self.field(conf, 19, 16, blocks);
        self.field(conf, 4, 4, 1);
        self.field(0xA0 + 4 * n, 8, 0, 24 * blocks);
        self.field(conf, 21, 21, 0);
        self.field(conf, 20, 20, 1);
    }

    /// `rmt_tx_do_transaction` up to the start: pointers, loop, threshold.
    fn prepare(&mut self, n: u32, loops: i32) {
        let (conf, limit) = (0x20 + 4 * n, 0xA0 + 4 * n);
        self.strobe(conf, 1);
        self.strobe(conf, 2);
        self.field(conf, 3, 3, u32::from(loops != 0));
        self.field(limit, 21, 21, 1);
        self.strobe(limit, 20);
        self.field(limit, 19, 19, u32::from(loops > 0));
        if loops > 0 {
            self.field(limit, 18, 9, loops as u32);
        }
        self.set(INT_CLR, TX_THRES << n);
    }

    /// The end of it: the level when idle, `rmt_ll_tx_start`.
    fn start(&mut self, n: u32, idle: u32) {
        let conf = 0x20 + 4 * n;
        self.field(conf, 6, 6, 1);
        self.field(conf, 5, 5, idle);
        self.field(conf, 24, 24, 1);
        self.field(conf, 0, 0, 1);
    }

    fn fill(&mut self, n: u32, at: u32, words: &[u32]) {
        for (at, word) in (at..).zip(words) {
            self.set(MEMORY + 4 * (48 * n + at), *word);
        }
    }

    /// `rmt_new_rx_channel` and `rmt_receive`: receiver `n` is channel `n + 4`.
    fn receive(&mut self, n: u32, div: u32, filter: u32, idle: u32) {
        let (conf0, conf1) = (0x30 + 8 * n, 0x34 + 8 * n);
        self.field(conf0, 7, 0, div);
        self.field(conf0, 27, 24, 1);
        self.field(conf1, 3, 3, 1);
        self.field(0xB0 + 4 * n, 8, 0, 24);
        self.field(conf1, 13, 13, 1);
        self.strobe(conf1, 1);
        self.strobe(conf1, 2);
        self.field(conf1, 3, 3, 1);
        self.field(conf1, 12, 5, filter);
        self.field(conf1, 4, 4, u32::from(filter != 0));
        self.field(conf0, 22, 8, idle);
        self.field(conf1, 0, 0, 1);
        self.field(conf1, 15, 15, 1);
    }

    fn received(&mut self, n: u32) -> Vec<u32> {
        let offset = (self.get(0x60 + 4 * n) & 0x3FF) - 48 * (n + 4);
        (0..offset).map(|word| self.get(MEMORY + 4 * (48 * (n + 4) + word))).collect()
    }

    fn run(&mut self, until: Ps) {
        while self.0.dev.fabric.events.next() <= until {
            let fabric = &mut self.0.dev.fabric;
            fabric.cycle = fabric.cycle.max(fabric.clock.first_cycle_from(fabric.events.next()));
            let now = fabric.now();
            while let Some(due) = self.0.dev.fabric.events.pop(now) {
                self.0.event(slot(due));
            }
        }
        let fabric = &mut self.0.dev.fabric;
        fabric.cycle = fabric.clock.first_cycle_from(until);
    }

    /// Levels on the input pin, each for so many tenths of a microsecond from `from` on.
    fn drive(&mut self, from: Ps, levels: &[(bool, u64)]) -> Ps {
        let mut at = from;
        for (level, tenths) in levels {
            self.run(at);
            let fabric = &mut self.0.dev.fabric;
            fabric.pins.drive_from_outside(Drive { pin: INPUT, level: Some(*level) }, at);
            fabric.levels_changed(at);
            self.0.settle();
            at += tenths * 100_000;
        }
        at
    }

    fn edges(&mut self, pin: u8) -> Vec<(Ps, bool)> {
        self.get(INT_RAW);
        let mut last = false;
        let log = self.0.dev.fabric.pins.take_log().into_iter().map(|(at, level)| (at, level >> pin & 1 != 0));
        log.filter(|(_, level)| std::mem::replace(&mut last, *level) != *level).collect()
    }

    fn put(&mut self, addr: u32, words: &[u32]) {
        for (n, byte) in words.iter().flat_map(|word| word.to_le_bytes()).enumerate() {
            assert!(self.0.debug_write8(addr + n as u32, byte));
        }
    }

    fn word_at(&mut self, addr: u32) -> u32 {
        (0..4).fold(0, |word, n| word | u32::from(self.0.debug_read8(addr + n).unwrap()) << (8 * n))
    }
}

/// `rmt_symbol_word_t`.
fn symbol(level0: u32, duration0: u32, level1: u32, duration1: u32) -> u32 {
    level0 << 15 | duration0 | level1 << 31 | duration1 << 16
}

/// ESP-IDF's example led_strip at 10 MHz: a 0 is 0.3 us high and 0.9 us low, a 1 the other way round, then 50 us low.
#[test]
fn a_ws2812_frame_has_its_edges_on_the_tick_and_ends_on_the_tick() {
    const TICK: Ps = 100_000;
    let mut bench = Bench::new();
    bench.new_tx(0, 4, 1);
    bench.prepare(0, 0);
    let frame = [0xFFu8, 0x00, 0xA5];
    let bits: Vec<bool> = frame.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 != 0)).collect();
    let of = |bit: &bool| if *bit { symbol(1, 9, 0, 3) } else { symbol(1, 3, 0, 9) };
    let symbols: Vec<u32> = bits.iter().map(of).chain([symbol(0, 250, 0, 250), 0]).collect();
    bench.fill(0, 0, &symbols);
    bench.start(0, 0);
    let end = 24 * 12 + 500;
    bench.run((end - 1) * TICK);
    assert_eq!(bench.get(INT_RAW) & TX_DONE, 0);
    bench.run(end * TICK);
    assert_eq!(bench.get(INT_RAW) & TX_DONE, TX_DONE);
    let want = bits.iter().enumerate().flat_map(|(n, bit)| {
        let start = 12 * n as u64;
        [(start * TICK, true), ((start + if *bit { 9 } else { 3 }) * TICK, false)]
    });
    assert_eq!(bench.edges(PINS[0]), want.collect::<Vec<_>>());
}

/// `rmt_isr_handle_tx_threshold`: with two blocks the threshold comes after 48 words, and the half that was sent is filled anew.
#[test]
fn a_long_frame_is_refilled_half_by_half() {
    let mut bench = Bench::new();
    bench.new_tx(0, 40, 2);
    bench.prepare(0, 0);
    const SYMBOLS: u32 = 48 * 5 + 7;
    let of = |n: u32| if n < SYMBOLS { symbol(1, 1 + n % 5, 0, 2) } else { 0 };
    let mut next = 0;
    let mut refill = |bench: &mut Bench, count: u32| {
        for _ in 0..count {
            bench.fill(0, next % 96, &[of(next)]);
            next += 1;
        }
    };
    refill(&mut bench, 96);
    bench.start(0, 0);
    let mut thresholds = 0;
    for us in 1..2000 {
        bench.run(us * MICROSECOND);
        if bench.get(INT_RAW) & TX_THRES != 0 {
            bench.set(INT_CLR, TX_THRES);
            thresholds += 1;
            refill(&mut bench, 48);
        }
        if bench.get(INT_RAW) & TX_DONE != 0 {
            break;
        }
    }
    assert_eq!(thresholds, 5);
    let seen = bench.edges(PINS[0]);
    assert_eq!(seen.len() as u32, 2 * SYMBOLS);
    let widths: Vec<u64> = seen.chunks(2).map(|pulse| (pulse[1].0 - pulse[0].0) / MICROSECOND).collect();
    assert!((0..SYMBOLS).all(|n| widths[n as usize] == u64::from(1 + n % 5)));
}

/// `rmt_isr_handle_tx_loop_end`: loops go in batches, and each ends with the loop interrupt alone; an endless one with `rmt_ll_tx_stop`.
#[test]
fn loops_go_in_batches_and_an_endless_one_is_stopped() {
    let mut bench = Bench::new();
    bench.new_tx(0, 40, 1);
    let mut starts = Vec::new();
    for batch in [1023, 2] {
        bench.prepare(0, batch);
        bench.fill(0, 0, &[symbol(1, 1, 0, 3), 0]);
        bench.start(0, 0);
        let from = bench.0.dev.fabric.now();
        bench.run(from + (batch as u64 * 4 + 1) * MICROSECOND);
        assert_eq!(bench.get(INT_RAW) & (TX_DONE | TX_LOOP_END), TX_LOOP_END);
        bench.set(INT_CLR, TX_LOOP_END);
        starts.push(bench.edges(PINS[0]).iter().filter(|edge| edge.1).count());
    }
    assert_eq!(starts, [1023, 2]);
    bench.prepare(0, -1);
    bench.fill(0, 0, &[symbol(1, 1, 0, 3), 0]);
    bench.start(0, 0);
    let from = bench.0.dev.fabric.now();
    bench.run(from + 401 * MICROSECOND);
    bench.field(0x20, 7, 7, 1);
    bench.field(0x20, 24, 24, 1);
    bench.run(from + 900 * MICROSECOND);
    let seen = bench.edges(PINS[0]);
    assert_eq!(seen.iter().filter(|edge| edge.1).count(), 101);
    assert!(!bench.0.dev.fabric.pins.is_high(PINS[0]));
}

/// `rmt_tx_modulate_carrier` with 38 kHz and a duty of a third: 347 and 705 cycles of the group's 40 MHz. The mark of NEC is 560 us.
fn nec_mark(bench: &mut Bench) {
    bench.new_tx(0, 40, 1);
    bench.set(0x80, 347 << 16 | 705);
    bench.field(0x20, 22, 22, 1);
    bench.field(0x20, 21, 21, 1);
    bench.prepare(0, 0);
    bench.fill(0, 0, &[symbol(1, 560, 0, 560), symbol(1, 560, 0, 1690), 0]);
    bench.start(0, 0);
}

#[test]
fn a_carrier_has_its_period_and_duty() {
    let mut bench = Bench::new();
    nec_mark(&mut bench);
    bench.run(4000 * MICROSECOND);
    let seen = bench.edges(PINS[0]);
    const CYCLE: Ps = 25_000;
    assert_eq!(seen[..3], [(0, true), (347 * CYCLE, false), (1052 * CYCLE, true)]);
    // 560 us are 21 whole periods and the beginning of a burst.
    assert_eq!(seen.len(), 2 * 2 * 22);
    assert_eq!(seen[43], (560 * MICROSECOND, false));
    assert_eq!(seen[44], (1120 * MICROSECOND, true));
    // `rmt_ll_tx_set_carrier_high_low_ticks`: 0 means 65 536.
    let mut bench = Bench::new();
    bench.new_tx(0, 40, 1);
    bench.set(0x80, 0);
    bench.field(0x20, 22, 21, (CARRIER_OUT_LV | CARRIER_EN) >> 21);
    bench.prepare(0, 0);
    bench.fill(0, 0, &[symbol(1, 4000, 0, 1), 0]);
    bench.start(0, 0);
    bench.run(5000 * MICROSECOND);
    let ticks: Vec<_> = bench.edges(PINS[0]).into_iter().map(|(at, _)| at / CYCLE).collect();
    assert_eq!(ticks, [0, 65_536, 131_072, 160_000]);
}

/// `rmt_rx_demodulate_carrier`: thresholds in ticks of the channel, here 1 MHz: 26 ticks a period, 8 high and 18 low.
#[test]
fn a_receiver_takes_the_carrier_off() {
    let mut bench = Bench::new();
    for signal in RMT_SIG_IN0..=RMT_SIG_IN3 {
        let fabric = &mut bench.0.dev.fabric;
        fabric.set_pad(PINS[0], Pad { function: 1, input_enable: true, ..Pad::default() });
        fabric.select_input(signal, InSelect { pin: PINS[0], invert: false, by_matrix: true });
    }
    bench.field(0x30, 29, 29, 1);
    bench.set(0x90, (8 - 1) << 16 | (18 - 1));
    bench.field(0x30, 28, 28, 1);
    bench.receive(0, 40, 0, 3000);
    nec_mark(&mut bench);
    bench.run(10_000 * MICROSECOND);
    assert_eq!(bench.get(INT_RAW) & (RX_DONE | RX_ERROR), RX_DONE);
    assert_eq!(bench.received(0), [symbol(1, 560, 0, 560), symbol(1, 560, 0, 0)]);
}

/// `rmt_receive`: pulses shorter than signal_range_min are not there, a level longer than signal_range_max ends the reception. The
/// filter counts cycles of the group, 1 us here; the threshold ticks of the channel.
#[test]
fn the_filter_drops_glitches_and_the_idle_threshold_ends() {
    let mut bench = Bench::new();
    bench.receive(1, 40, 40, 100);
    let glitch = [(true, 5), (false, 5)];
    let frame = [
        (false, 200),
        glitch[0],
        glitch[1],
        (false, 200),
        (true, 300),
        (false, 8),
        (true, 492),
        (false, 700),
        (true, 900),
    ];
    let end = bench.drive(0, &frame);
    bench.drive(end, &[(false, 0)]);
    bench.run(end + 99 * MICROSECOND);
    assert_eq!(bench.get(INT_RAW) & RX_DONE << 1, 0);
    bench.run(end + 102 * MICROSECOND);
    assert_eq!(bench.get(INT_RAW) & (RX_DONE | RX_ERROR) << 1, RX_DONE << 1);
    // The high of 30 us has a gap of 0.8 us, then goes on: 80 us in all.
    assert_eq!(bench.received(1), [symbol(1, 80, 0, 70), symbol(1, 90, 0, 0)]);
}

/// `rmt_isr_handle_rx_threshold`: a frame longer than the memory comes half by half; the end has the rest, also where that is nothing.
#[test]
fn a_long_reception_wraps_with_thresholds() {
    for pulses in [100u64, 96] {
        let mut bench = Bench::new();
        bench.receive(2, 4, 0, 1000);
        let (mut all, mut half, mut at) = (Vec::new(), 0, MICROSECOND);
        for n in 0..pulses {
            at = bench.drive(at, &[(true, 10 + n), (false, 20)]);
            if bench.get(INT_RAW) & RX_THRES << 2 != 0 {
                bench.set(INT_CLR, RX_THRES << 2);
                all.extend((0..24).map(|n| bench.get(MEMORY + 4 * (48 * 6 + half + n))));
                half = 24 - half;
            }
        }
        bench.run(at + 200 * MICROSECOND);
        assert_eq!(bench.get(INT_RAW) & (RX_DONE | RX_ERROR) << 2, RX_DONE << 2);
        if bench.get(INT_RAW) & RX_THRES << 2 != 0 {
            all.extend((0..24).map(|n| bench.get(MEMORY + 4 * (48 * 6 + half + n))));
            half = 24 - half;
        }
        let rest = bench.received(2);
        all.extend(&rest[half as usize..]);
        assert_eq!(all.len() as u64, pulses);
        let last = pulses as usize - 1;
        assert!((0..last).all(|n| all[n] == symbol(1, 10 + n as u32, 0, 20)), "{all:08X?}");
        assert_eq!(all[last], symbol(1, 10 + last as u32, 0, 0));
    }
}

/// `soc/rmt_struct.h`: MEM_OWNER 0 is software's, and without wrapping the memory is full after its last word: errors both.
#[test]
fn a_receiver_without_memory_reports_an_error() {
    let mut bench = Bench::new();
    bench.receive(0, 4, 0, 1000);
    bench.field(0x34, 3, 3, 0);
    bench.drive(MICROSECOND, &[(true, 10), (false, 10), (true, 10), (false, 10)]);
    assert_eq!(bench.get(INT_RAW) & RX_ERROR, RX_ERROR);
    assert_eq!(bench.get(0x60) >> 25 & 1, 1, "MEM_OWNER_ERR");
    let mut bench = Bench::new();
    bench.receive(0, 4, 0, 1000);
    bench.field(0x34, 13, 13, 0);
    let mut at = MICROSECOND;
    for _ in 0..49 {
        at = bench.drive(at, &[(true, 10), (false, 10)]);
    }
    assert_eq!(bench.get(INT_RAW) & RX_ERROR, 0);
    bench.drive(at, &[(true, 10), (false, 10)]);
    assert_eq!(bench.get(INT_RAW) & RX_ERROR, RX_ERROR);
    assert_eq!(bench.get(0x60) >> 26 & 1, 1, "MEM_FULL");
}

/// `rmt_new_sync_manager`: channels of the group wait until the last of them is started.
#[test]
fn transmitters_of_a_group_start_together() {
    let mut bench = Bench::new();
    bench.field(TX_SIM, 4, 4, 1);
    bench.field(TX_SIM, 3, 0, 0);
    bench.field(TX_SIM, 3, 0, 0b101);
    bench.set(0xC8, 0b101);
    for n in [0, 1, 2] {
        bench.new_tx(n, 40, 1);
        bench.prepare(n, 0);
        bench.fill(n, 0, &[symbol(1, 10 + n, 0, 5), 0]);
    }
    bench.start(0, 0);
    bench.run(20 * MICROSECOND);
    bench.start(1, 0);
    bench.run(50 * MICROSECOND);
    bench.start(2, 0);
    bench.run(100 * MICROSECOND);
    bench.get(INT_RAW);
    let log = bench.0.dev.fabric.pins.take_log();
    let seen: Vec<_> = log.into_iter().map(|(at, level)| (at / MICROSECOND, level >> PINS[0] & 7)).collect();
    assert_eq!(seen, [(20, 0b010), (31, 0), (50, 0b101), (60, 0b100), (62, 0)]);
    assert_eq!(bench.get(INT_RAW) & 7, 7);
}

/// `rmt_ll_tx_enable_dma`: channel 3 takes its words from a list, past the size of its memory.
#[test]
fn channel_3_sends_by_dma() {
    let mut bench = Bench::new();
    const SYMBOLS: u32 = 300;
    let words: Vec<u32> = (0..SYMBOLS).map(|n| symbol(1, 1 + n % 3, 0, 1)).chain([0]).collect();
    bench.put(DATA, &words);
    let first = 200 * 4;
    let rest = 4 * (SYMBOLS + 1) - first;
    bench.put(LIST, &[1 << 31 | first << 12 | first, DATA, LIST + 16]);
    bench.put(LIST + 16, &[1 << 31 | 1 << 30 | rest << 12 | rest, DATA + first, 0]);
    bench.new_tx(3, 40, 1);
    bench.field(0x2C, 25, 25, 1);
    bench.prepare(3, 0);
    bench.0.write_register(GDMA + 0xA8, GDMA_RMT);
    bench.0.write_register(GDMA + 0x80, LIST & 0xF_FFFF | 1 << 21);
    bench.start(3, 0);
    bench.run(2000 * MICROSECOND);
    assert_eq!(bench.get(INT_RAW) & 0x1011 << 3, TX_DONE << 3);
    let seen = bench.edges(PINS[3]);
    let widths: Vec<u64> = seen.chunks(2).map(|pulse| (pulse[1].0 - pulse[0].0) / MICROSECOND).collect();
    assert_eq!(widths.len() as u32, SYMBOLS);
    assert!((0..SYMBOLS).all(|n| widths[n as usize] == u64::from(1 + n % 3)));
}

/// `rmt_ll_rx_enable_dma`: channel 7 puts its words into memory; the end of the reception is the end of the packet.
#[test]
fn channel_7_receives_by_dma() {
    let mut bench = Bench::new();
    bench.put(LIST, &[1 << 31 | 4000, DATA, 0]);
    bench.field(0x48, 23, 23, 1);
    bench.0.write_register(GDMA + 0x48, GDMA_RMT);
    bench.0.write_register(GDMA + 0x20, LIST & 0xF_FFFF | 1 << 22);
    bench.receive(3, 4, 0, 1000);
    let mut at = MICROSECOND;
    for n in 0..70 {
        at = bench.drive(at, &[(true, 10 + n), (false, 20)]);
    }
    bench.run(at + 200 * MICROSECOND);
    assert_eq!(bench.get(INT_RAW) & (RX_DONE | RX_ERROR) << 3, RX_DONE << 3);
    // Length, suc_eof and the owner bit given back.
    let head = bench.word_at(LIST);
    assert_eq!((head >> 12 & 0xFFF, head >> 30), (70 * 4, 1));
    assert!((0..69).all(|n| bench.word_at(DATA + 4 * n) == symbol(1, 10 + n, 0, 20)));
    assert_eq!(bench.word_at(DATA + 4 * 69), symbol(1, 79, 0, 0));
}

/// `rmt_ll_set_group_clock_src`: source / (1 + div_num + div_a / div_b); `rmt_ll_tx_set_channel_clock_div`: 0 is 256.
#[test]
fn clocks_are_divided_as_the_formula_says() {
    // (SYS_CONF, channel divider, picoseconds of a tick)
    let of = |select: u32, num: u32, a: u32, b: u32| select << 24 | 1 << 26 | b << 18 | a << 12 | num << 4 | 1;
    for (conf, div, tick) in [
        (of(3, 1, 1, 2), 4, 250_000),
        (of(3, 0, 0, 0), 0, 6_400_000),
        // APB_CLK is 20 MHz before software changes the clocks; RC_FAST_CLK 17.5 MHz.
        (of(1, 0, 0, 0), 2, 100_000),
        (of(2, 6, 0, 0), 1, 400_000),
    ] {
        let mut bench = Bench::new();
        bench.set(SYS_CONF, conf);
        bench.new_tx(0, div, 1);
        bench.prepare(0, 0);
        bench.fill(0, 0, &[symbol(1, 100, 0, 5), 0]);
        bench.start(0, 0);
        bench.run(1000 * MICROSECOND);
        assert_eq!(bench.edges(PINS[0]), [(0, true), (100 * tick, false)]);
    }
}
