//! Expected numbers: RP2040 datasheet 2.5; check values of "123456789" from the reveng CRC catalogue.

use super::*;
use crate::system::System;
use engine_core::time::Hertz;

const DMA: u32 = 0x5000_0000;
const SRAM: u32 = 0x2000_0000;
const RESETS_CLEAR: u32 = 0x4000_F000;

const READ_ADDR: u32 = 0x00;
const WRITE_ADDR: u32 = 0x04;
const TRANS_COUNT: u32 = 0x08;
const CTRL_TRIG: u32 = 0x0C;
const AL1_CTRL: u32 = 0x10;
const AL1_TRANS_COUNT_TRIG: u32 = 0x1C;
const AL2_CTRL: u32 = 0x20;
const AL2_WRITE_ADDR_TRIG: u32 = 0x2C;
const AL3_CTRL: u32 = 0x30;
const AL3_READ_ADDR_TRIG: u32 = 0x3C;
const INTR: u32 = 0x400;
const INTE0: u32 = 0x404;
const INTF0: u32 = 0x408;
const INTS0: u32 = 0x40C;
const INTE1: u32 = 0x414;
const INTS1: u32 = 0x41C;
const TIMER: u32 = 0x420;
const MULTI_CHAN_TRIGGER: u32 = 0x430;
const SNIFF_CTRL: u32 = 0x434;
const SNIFF_DATA: u32 = 0x438;
const CHAN_ABORT: u32 = 0x444;
const DBG_CTDREQ: u32 = 0x800;
const DBG_TCR: u32 = 0x804;

const BYTES: u32 = 0;
const HALVES: u32 = 1;
const WORDS: u32 = 2;

/// CTRL of a copying channel: enabled, unpaced, both addresses move on, no chain.
fn copy(channel: u32, size: u32) -> u32 {
    [
        (CTRL::EN, 1),
        (CTRL::DATA_SIZE, size),
        (CTRL::INCR_READ, 1),
        (CTRL::INCR_WRITE, 1),
        (CTRL::CHAIN_TO, channel),
        (CTRL::TREQ_SEL, PERMANENT),
    ]
    .iter()
    .fold(0, |ctrl, &(field, value)| field.put(ctrl, value))
}

struct Bench {
    system: System,
}

impl Bench {
    fn new() -> Self {
        let mut system = System::new(4096);
        system.dev.fabric.clock.set_rate(Hertz::new(125_000_000), 0);
        let mut bench = Self { system };
        bench.store(RESETS_CLEAR, 1 << 2);
        bench
    }

    fn store(&mut self, addr: u32, value: u32) {
        self.system.dma_store(addr, value, 4).unwrap();
    }

    fn load(&mut self, addr: u32) -> u32 {
        self.system.dma_load(addr, 4).unwrap()
    }

    fn set(&mut self, channel: u32, register: u32, value: u32) {
        self.store(DMA + channel * CHANNEL_STEP + register, value);
    }

    fn get(&mut self, channel: u32, register: u32) -> u32 {
        self.load(DMA + channel * CHANNEL_STEP + register)
    }

    /// Addresses, count and control, which starts it.
    fn start(&mut self, channel: u32, from: u32, to: u32, count: u32, ctrl: u32) {
        self.set(channel, READ_ADDR, from);
        self.set(channel, WRITE_ADDR, to);
        self.set(channel, TRANS_COUNT, count);
        self.set(channel, CTRL_TRIG, ctrl);
    }

    fn fill(&mut self, at: u32, bytes: &[u8]) {
        let _ = self.system.mem.sram.write((at - SRAM) as usize, bytes);
    }

    fn bytes(&self, at: u32, count: usize) -> &[u8] {
        let at = (at - SRAM) as usize;
        &self.system.mem.sram.bytes()[at..at + count]
    }

    fn is_busy(&mut self, channel: u32) -> bool {
        CTRL::BUSY.is_set(self.get(channel, AL1_CTRL))
    }

    /// Lets time go by; returns when the last event was.
    fn run(&mut self, cycles: u64) -> u64 {
        let end = self.system.dev.fabric.cycle + cycles;
        let mut last = 0;
        loop {
            let fabric = &mut self.system.dev.fabric;
            let next = fabric.events.next();
            if next > fabric.clock.ps_at(end) {
                break;
            }
            fabric.cycle = fabric.cycle.max(fabric.clock.first_cycle_from(next));
            last = fabric.cycle;
            let slot = fabric.events.pop(fabric.now()).unwrap();
            self.system.event(crate::fabric::slot(slot));
        }
        self.system.dev.fabric.cycle = end;
        last
    }

    fn dma_lines(&self) -> (bool, bool) {
        let lines = self.system.dev.fabric.irq[0];
        (lines >> Irq::DMA_0 as u8 & 1 != 0, lines >> Irq::DMA_1 as u8 & 1 != 0)
    }
}

#[test]
fn an_unpaced_channel_moves_an_element_a_cycle_and_raises_its_interrupt_at_the_end() {
    let mut bench = Bench::new();
    let data: Vec<u8> = (0..400).map(|n| n as u8).collect();
    bench.fill(SRAM, &data);
    bench.set(0, INTE0, 1 << 3);
    bench.start(3, SRAM, SRAM + 0x1000, 100, copy(3, WORDS));
    bench.run(99);
    assert!(bench.is_busy(3));
    assert_eq!(bench.load(DMA + INTR), 0);
    assert_eq!(bench.run(10), 100);
    assert!(!bench.is_busy(3));
    assert_eq!(bench.bytes(SRAM + 0x1000, 401), [data, vec![0]].concat());
    assert_eq!(bench.dma_lines(), (true, false));
    assert_eq!(
        [READ_ADDR, WRITE_ADDR, TRANS_COUNT].map(|register| bench.get(3, register)),
        [SRAM + 400, SRAM + 0x1000 + 400, 0]
    );
    assert_eq!(bench.get(3, DBG_TCR), 100);
}

#[test]
fn interrupts_are_enabled_forced_and_cleared_for_both_lines() {
    let mut bench = Bench::new();
    for channel in [0, 11] {
        bench.start(channel, SRAM, SRAM + 0x100, 1, copy(channel, BYTES));
    }
    bench.run(10);
    assert_eq!(bench.load(DMA + INTR), 0x801);
    bench.set(0, INTE0, 0x800);
    bench.set(0, INTE1, 0x001);
    assert_eq!((bench.load(DMA + INTS0), bench.load(DMA + INTS1)), (0x800, 0x001));
    assert_eq!(bench.dma_lines(), (true, true));
    bench.set(0, INTS0, 0x800);
    assert_eq!((bench.load(DMA + INTR), bench.dma_lines()), (0x001, (false, true)));
    bench.set(0, INTR, 0x001);
    assert_eq!(bench.dma_lines(), (false, false));
    bench.set(0, INTF0, 0x020);
    assert_eq!((bench.load(DMA + INTS0), bench.load(DMA + INTR), bench.dma_lines()), (0x020, 0, (true, false)));
    bench.set(0, INTF0, 0);
    assert_eq!(bench.dma_lines(), (false, false));
}

#[test]
fn the_last_register_of_each_alias_triggers() {
    for (ctrl, others, trigger, value) in [
        (AL1_CTRL, [0x14, 0x18], AL1_TRANS_COUNT_TRIG, 4),
        (AL2_CTRL, [0x24, 0x28], AL2_WRITE_ADDR_TRIG, SRAM + 0x80),
        (AL3_CTRL, [0x34, 0x38], AL3_READ_ADDR_TRIG, SRAM),
    ] {
        let mut bench = Bench::new();
        bench.fill(SRAM, b"test");
        bench.set(5, READ_ADDR, SRAM);
        bench.set(5, WRITE_ADDR, SRAM + 0x80);
        bench.set(5, TRANS_COUNT, 4);
        bench.set(5, ctrl, copy(5, BYTES));
        for register in others {
            let same = bench.get(5, register);
            bench.set(5, register, if same == 0 { 4 } else { same });
        }
        bench.run(20);
        assert_eq!(bench.bytes(SRAM + 0x80, 4), [0; 4], "nothing starts before the trigger");
        bench.set(5, trigger, value);
        bench.run(20);
        assert_eq!(bench.bytes(SRAM + 0x80, 4), b"test", "{trigger:#x}");
    }
}

#[test]
fn a_trigger_reloads_the_count_of_the_last_write() {
    let mut bench = Bench::new();
    bench.start(0, SRAM, SRAM + 0x1000, 40, copy(0, BYTES));
    bench.run(15);
    assert_eq!(bench.get(0, TRANS_COUNT), 24);
    bench.set(0, TRANS_COUNT, 7);
    assert_eq!((bench.get(0, TRANS_COUNT), bench.get(0, DBG_TCR)), (24, 7));
    bench.run(40);
    bench.set(0, MULTI_CHAN_TRIGGER, 1);
    bench.run(40);
    assert_eq!(bench.get(0, READ_ADDR), SRAM + 47);
}

#[test]
fn a_channel_that_is_not_enabled_ignores_triggers_and_pauses() {
    let mut bench = Bench::new();
    bench.start(2, SRAM, SRAM + 0x1000, 64, copy(2, BYTES) & !CTRL::EN.mask);
    bench.run(10);
    assert!(!bench.is_busy(2));
    bench.set(2, CTRL_TRIG, copy(2, BYTES));
    bench.run(20);
    bench.set(2, AL1_CTRL, copy(2, BYTES) & !CTRL::EN.mask);
    bench.run(200);
    assert!(bench.is_busy(2), "paused is still busy");
    assert_eq!(bench.get(2, TRANS_COUNT), 32);
    bench.set(2, AL1_CTRL, copy(2, BYTES));
    bench.run(200);
    assert_eq!((bench.is_busy(2), bench.get(2, TRANS_COUNT)), (false, 0));
}

#[test]
fn a_ring_of_eight_bytes_repeats_what_it_reads() {
    let mut bench = Bench::new();
    bench.fill(SRAM + 0x100, b"01234567");
    let ring = CTRL::RING_SIZE.put(copy(0, HALVES), 3);
    bench.start(0, SRAM + 0x104, SRAM + 0x200, 10, ring);
    bench.run(50);
    assert_eq!(bench.bytes(SRAM + 0x200, 20), b"45670123456701234567");
    // RING_SEL: the write address wraps instead.
    bench.fill(SRAM, b"0123456789AB");
    bench.start(0, SRAM, SRAM + 0x308, 6, CTRL::RING_SEL.put(ring, 1));
    bench.run(50);
    assert_eq!(bench.bytes(SRAM + 0x308, 10), b"89AB4567\0\0");
}

#[test]
fn bytes_are_swapped_within_an_element() {
    let mut bench = Bench::new();
    bench.fill(SRAM, &[1, 2, 3, 4, 5, 6, 7, 8]);
    for (size, count, expected) in [
        (BYTES, 8, [1, 2, 3, 4, 5, 6, 7, 8]),
        (HALVES, 4, [2, 1, 4, 3, 6, 5, 8, 7]),
        (WORDS, 2, [4, 3, 2, 1, 8, 7, 6, 5]),
    ] {
        bench.start(1, SRAM, SRAM + 0x40, count, CTRL::BSWAP.put(copy(1, size), 1));
        bench.run(20);
        assert_eq!(bench.bytes(SRAM + 0x40, 8), expected);
    }
}

#[test]
fn a_channel_triggers_the_one_it_is_chained_to_when_it_completes() {
    let mut bench = Bench::new();
    bench.fill(SRAM, b"abcd");
    bench.set(7, READ_ADDR, SRAM + 0x100);
    bench.set(7, WRITE_ADDR, SRAM + 0x200);
    bench.set(7, TRANS_COUNT, 4);
    bench.set(7, AL1_CTRL, copy(7, BYTES));
    bench.start(2, SRAM, SRAM + 0x100, 4, CTRL::CHAIN_TO.put(copy(2, BYTES), 7));
    bench.run(4);
    assert_eq!((bench.is_busy(2), bench.is_busy(7)), (false, true));
    assert_eq!(bench.run(20), 8);
    assert_eq!(bench.bytes(SRAM + 0x200, 4), b"abcd", "in order: the second reads what the first wrote");
    assert_eq!(bench.load(DMA + INTR), 1 << 2 | 1 << 7);
}

#[test]
fn control_blocks_end_with_a_null_trigger_and_one_interrupt() {
    // 2.5.6.2: channel 0 writes (length, address) pairs into AL3_TRANS_COUNT and AL3_READ_ADDR_TRIG of
    // channel 1, which chains back to it; the writes wrap on 8 bytes.
    let mut bench = Bench::new();
    bench.fill(SRAM + 0x400, b"Transferring one word at a time");
    let blocks = [12, SRAM + 0x400, 1, SRAM + 0x40C, 3, SRAM + 0x40D, 0, 0];
    for (n, word) in blocks.into_iter().enumerate() {
        bench.store(SRAM + 0x800 + 4 * n as u32, word);
    }
    let data = CTRL::IRQ_QUIET.put(CTRL::CHAIN_TO.put(copy(1, BYTES), 0), 1);
    bench.set(1, WRITE_ADDR, SRAM + 0x600);
    bench.set(1, AL1_CTRL, data);
    let control = [(CTRL::RING_SIZE, 3), (CTRL::RING_SEL, 1), (CTRL::IRQ_QUIET, 1)]
        .iter()
        .fold(copy(0, WORDS), |ctrl, &(field, value)| field.put(ctrl, value));
    bench.start(0, SRAM + 0x800, DMA + CHANNEL_STEP + 0x38, 2, control);
    bench.run(2000);
    assert_eq!(bench.bytes(SRAM + 0x600, 17), b"Transferring one\0");
    assert_eq!(bench.load(DMA + INTR), 1 << 1, "from the null trigger alone");
    assert_eq!((bench.is_busy(0), bench.is_busy(1)), (false, false));
}

#[test]
fn without_irq_quiet_a_null_trigger_is_silent() {
    let mut bench = Bench::new();
    bench.set(4, TRANS_COUNT, 5);
    bench.set(4, AL1_CTRL, copy(4, BYTES));
    bench.set(4, AL3_READ_ADDR_TRIG, 0);
    bench.run(50);
    assert_eq!((bench.load(DMA + INTR), bench.get(4, TRANS_COUNT)), (0, 0));
}

#[test]
fn a_pacing_timer_makes_x_requests_in_y_cycles() {
    for (x, y, count) in [(1, 100, 10), (3, 1000, 30), (1, 4, 200), (2, 5, 100), (1, 1, 50)] {
        let mut bench = Bench::new();
        bench.set(0, TIMER + 4, x << 16 | y);
        let paced = CTRL::TREQ_SEL.put(copy(0, BYTES), channel::TIMER0 + 1);
        bench.start(0, SRAM, SRAM + 0x1000, count, paced);
        let expected = u64::from((count * y).div_ceil(x));
        // The last of them is requested here, and takes its own cycle.
        bench.run(expected - 1);
        assert!(bench.is_busy(0), "{x}/{y}");
        bench.run(17);
        assert!(!bench.is_busy(0), "{x}/{y}");
    }
}

#[test]
fn a_timer_does_not_save_up_requests_while_nobody_listens() {
    let mut bench = Bench::new();
    bench.set(0, TIMER, 1 << 16 | 1000);
    bench.run(10_500);
    let paced = CTRL::TREQ_SEL.put(copy(0, BYTES), channel::TIMER0);
    bench.start(0, SRAM, SRAM + 0x1000, 5, paced);
    bench.run(499);
    assert_eq!(bench.get(0, TRANS_COUNT), 5);
    bench.run(2);
    assert_eq!(bench.get(0, TRANS_COUNT), 4);
}

#[test]
fn a_level_dreq_lets_transfers_through_while_it_is_high() {
    let mut bench = Bench::new();
    let paced = CTRL::TREQ_SEL.put(copy(0, BYTES), 16);
    bench.start(0, SRAM, SRAM + 0x1000, 30, paced);
    bench.run(1000);
    assert_eq!(bench.get(0, TRANS_COUNT), 30);
    assert_eq!(bench.system.dev.fabric.dreq_awaited, 1 << 16);
    assert_eq!(bench.get(0, DBG_CTDREQ), 0);
    assert!(bench.system.dev.fabric.set_dreq(16, true));
    assert_eq!(bench.get(0, DBG_CTDREQ), 1);
    bench.run(12);
    bench.system.dev.fabric.set_dreq(16, false);
    bench.run(1000);
    let left = bench.get(0, TRANS_COUNT);
    assert!((30 - 12 - 16..30 - 12 + 1).contains(&left), "a cycle each, in bursts of 16: {left}");
    bench.system.dev.fabric.set_dreq(16, true);
    bench.run(100);
    assert!(!bench.is_busy(0));
    assert_eq!(bench.system.dev.fabric.dreq_awaited, 0);
}

#[test]
fn a_pwm_wrap_is_one_transfer_and_is_lost_when_nobody_waits() {
    let mut bench = Bench::new();
    bench.system.dev.fabric.pulse_dreq(24);
    let paced = CTRL::TREQ_SEL.put(copy(0, BYTES), 24);
    bench.start(0, SRAM, SRAM + 0x1000, 3, paced);
    bench.run(100);
    assert_eq!(bench.get(0, TRANS_COUNT), 3);
    for left in [2, 1, 0] {
        bench.system.dev.fabric.pulse_dreq(24);
        bench.run(100);
        assert_eq!(bench.get(0, TRANS_COUNT), left);
    }
    assert!(!bench.is_busy(0));
}

#[test]
fn channels_take_turns_and_high_priority_goes_first() {
    let mut bench = Bench::new();
    for channel in [1, 4, 9] {
        bench.start(channel, SRAM, SRAM + 0x1000 * channel, 100, copy(channel, BYTES));
    }
    bench.run(60);
    let left = [1, 4, 9].map(|channel| bench.get(channel, TRANS_COUNT));
    assert!(left.iter().max().unwrap() - left.iter().min().unwrap() <= 1, "{left:?}");
    // In each round all of high priority, then one of low priority: 1 in 2 for channel 4, 1 in 4 for the others.
    bench.set(4, AL1_CTRL, CTRL::HIGH_PRIORITY.put(copy(4, BYTES), 1));
    bench.run(64);
    let now = [1, 4, 9].map(|channel| bench.get(channel, TRANS_COUNT));
    assert_eq!([left[0] - now[0], left[1] - now[1], left[2] - now[2]], [16, 32, 16]);
}

#[test]
fn the_sniffer_gives_the_catalogues_check_values() {
    const REVERSE: u32 = 1 << 10;
    const INVERT: u32 = 1 << 11;
    let calc = |number: u32| number << 5;
    for (name, ctrl, seed, expected) in [
        ("CRC-32/ISO-HDLC", calc(1) | REVERSE | INVERT, u32::MAX, 0xCBF4_3926),
        ("CRC-32/JAMCRC", calc(1) | REVERSE, u32::MAX, 0x340B_C6D9),
        ("CRC-32/BZIP2", calc(0) | INVERT, u32::MAX, 0xFC89_1918),
        ("CRC-32/MPEG-2", calc(0), u32::MAX, 0x0376_E6E7),
        ("CRC-16/IBM-3740 (CCITT-FALSE)", calc(2), 0xFFFF, 0x29B1),
        ("CRC-16/XMODEM", calc(2), 0, 0x31C3),
        ("CRC-16/KERMIT", calc(3) | REVERSE, 0, 0x2189 << 16),
        ("CRC-16/MCRF4XX", calc(3) | REVERSE, 0xFFFF, 0x6F91 << 16),
        ("sum of the bytes", calc(15), 0, 0x31 + 0x32 + 0x33 + 0x34 + 0x35 + 0x36 + 0x37 + 0x38 + 0x39),
        // 3+3+4+3+4+4+5+3+4 ones.
        ("parity", calc(14), 0, 1),
    ] {
        let mut bench = Bench::new();
        bench.fill(SRAM, b"123456789");
        bench.set(0, SNIFF_DATA, seed);
        bench.set(0, SNIFF_CTRL, ctrl | 6 << 1 | 1);
        bench.start(6, SRAM, SRAM + 0x100, 9, CTRL::SNIFF_EN.put(copy(6, BYTES), 1));
        bench.run(50);
        assert_eq!(bench.load(DMA + SNIFF_DATA), expected, "{name}");
    }
}

#[test]
fn the_sniffer_takes_words_in_the_order_of_their_bits() {
    // LSB first, a little-endian word is its bytes in the order of memory; MSB first, it is so once BSWAP turned it.
    const REVERSED_CRC32: u32 = 1 << 5;
    const BSWAP: u32 = 1 << 9;
    for (for_bytes, for_words) in [(REVERSED_CRC32, REVERSED_CRC32), (0, BSWAP)] {
        let results =
            [(BYTES, 8, for_bytes), (WORDS, 2, for_words), (HALVES, 4, for_words)].map(|(size, count, ctrl)| {
                let mut bench = Bench::new();
                bench.fill(SRAM, b"12345678");
                bench.set(0, SNIFF_DATA, u32::MAX);
                bench.set(0, SNIFF_CTRL, ctrl | 1);
                bench.start(0, SRAM, SRAM + 0x100, count, CTRL::SNIFF_EN.put(copy(0, size), 1));
                bench.run(50);
                bench.load(DMA + SNIFF_DATA)
            });
        assert_eq!([results[1], results[2]], [results[0]; 2]);
    }
}

#[test]
fn an_abort_ends_a_sequence_without_interrupt_or_chain() {
    let mut bench = Bench::new();
    bench.start(8, SRAM, SRAM + 0x1000, 1000, CTRL::CHAIN_TO.put(copy(8, BYTES), 9));
    bench.run(32);
    bench.set(0, CHAN_ABORT, 1 << 8);
    assert_eq!(bench.load(DMA + CHAN_ABORT), 0);
    assert_eq!((bench.is_busy(8), bench.get(8, TRANS_COUNT)), (false, 0));
    bench.run(2000);
    assert_eq!((bench.load(DMA + INTR), bench.is_busy(9)), (0, false));
    assert_eq!(bench.bytes(SRAM, 1), [0]);
}

#[test]
fn a_bus_error_halts_the_channel_and_says_on_which_side() {
    for (from, to, flag) in [(0x3000_0000, SRAM, CTRL::READ_ERROR), (SRAM, 0xD000_0010, CTRL::WRITE_ERROR)] {
        let mut bench = Bench::new();
        bench.start(0, from, to, 10, CTRL::IRQ_QUIET.put(copy(0, WORDS), 1));
        bench.run(100);
        let ctrl = bench.get(0, AL1_CTRL);
        assert_eq!(ctrl >> 24, (flag.mask | CTRL::AHB_ERROR.mask) >> 24, "{to:#x}");
        assert_eq!(bench.load(DMA + INTR), 1, "even if quiet");
        bench.set(0, AL1_CTRL, ctrl);
        assert_eq!(bench.get(0, AL1_CTRL) >> 24, 0);
    }
}

/// 2.6.1: writing to the ROM has no effect, and no bus fault is generated.
#[test]
fn a_store_to_the_rom_is_no_error() {
    let mut bench = Bench::new();
    bench.start(0, SRAM, 0, 10, copy(0, WORDS));
    bench.run(100);
    assert_eq!((bench.is_busy(0), bench.get(0, AL1_CTRL) >> 29), (false, 0));
}

#[test]
fn narrow_elements_fill_the_whole_register_of_a_peripheral() {
    // 2.1.4: a byte written to a peripheral's register is repeated in all four lanes.
    let mut bench = Bench::new();
    bench.fill(SRAM, &[0x5A]);
    bench.start(0, SRAM, DMA + INTE0, 1, copy(0, BYTES));
    bench.run(20);
    assert_eq!(bench.load(DMA + INTE0), 0x5A5A);
}

#[test]
fn every_declared_register_answers() {
    let mut bench = Bench::new();
    for group in Dma::GROUPS {
        for copy in 0..group.count {
            for register in group.table {
                let offset = group.base + copy * group.step + register.offset;
                assert_eq!(bench.load(DMA + offset), register.reset, "{}{}", group.prefix, register.name);
                bench.store(DMA + offset, 0);
            }
        }
    }
    let gaps = bench.system.dev.fabric.gaps.all();
    assert_eq!(gaps.keys().filter(|name| name.starts_with("DMA")).collect::<Vec<_>>(), ["DMA.FIFO_LEVELS"]);
}

#[test]
fn two_channels_keep_spi_in_step_through_its_fifos() {
    // 4.4.2: DREQ 16 and 17, FIFOs of eight frames. Faster than the wire, the sender may never be more than
    // eight frames ahead of the receiver, or the receive FIFO overruns.
    const SPI0: u32 = 0x4003_C000;
    const SSPDR: u32 = SPI0 + 0x08;
    const SSPRIS: u32 = SPI0 + 0x18;
    let mut bench = crate::serial_bench::Bench::new();
    let data: Vec<u8> = (0..200).map(|n| (n * 7) as u8).collect();
    let _ = bench.system.mem.sram.write(0, &data);
    let channel = |n: u32, from: u32, to: u32, ctrl: u32| {
        let at = DMA + n * CHANNEL_STEP;
        [(at + READ_ADDR, from), (at + WRITE_ADDR, to), (at + TRANS_COUNT, 200), (at + CTRL_TRIG, ctrl)]
    };
    let receive = CTRL::TREQ_SEL.put(copy(1, BYTES), 17) & !CTRL::INCR_READ.mask;
    let send = CTRL::TREQ_SEL.put(copy(0, BYTES), 16) & !CTRL::INCR_WRITE.mask;
    let spi = [(RESETS_CLEAR, 1 << 2 | 1 << 16), (SPI0 + 0x10, 2), (SPI0, 7), (SPI0 + 0x24, 3), (SPI0 + 4, 0b11)];
    let stores = [&spi[..], &channel(1, SSPDR, SRAM + 0x1000, receive), &channel(0, SRAM, SSPDR, send)].concat();
    for (addr, value) in stores {
        bench.system.dma_store(addr, value, 4).unwrap();
    }
    // 200 frames of 8 bits at 62.5 MHz, and what the PL022 leaves between frames.
    bench.run(200 * 10 * 16_000);
    assert_eq!(&bench.system.mem.sram.bytes()[0x1000..0x10C8], data);
    assert_eq!(bench.system.dma_load(SSPRIS, 4).unwrap() & 1, 0, "no overrun");
    assert_eq!(bench.system.dma_load(DMA + INTR, 4), Some(0b11));
}
