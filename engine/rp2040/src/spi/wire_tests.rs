//! Frames that go edge by edge, and the target that they reach.

use super::*;
use crate::serial_bench::Bench;
use engine_core::ports::{Outside, PortId, SpiAnswer, SpiBatch};
use engine_core::spi::{Answers, SpiWire};
use std::sync::{Arc, Mutex};

impl Bench {
    fn set(&mut self, n: usize, reg: Reg, value: u32) {
        let dev = &mut self.system.dev;
        dev.spi[n].write(Reg::TABLE[reg.index()].offset, Write::word(value), &mut dev.fabric);
    }

    fn get(&mut self, n: usize, reg: Reg) -> u32 {
        let dev = &mut self.system.dev;
        dev.spi[n].read(Reg::TABLE[reg.index()].offset, &mut dev.fabric)
    }

    /// 125 MHz / (2 × `divisor` / 2): enabled as a controller, or with `control` as something else.
    fn begin(&mut self, n: usize, divisor: u32, format: u32, control: u32) {
        let dev = &mut self.system.dev;
        dev.spi[n].reset(&mut dev.fabric);
        self.set(n, Reg::SSPCPSR, 2);
        self.set(n, Reg::SSPCR0, (divisor / 2 - 1) << 8 | format);
        self.set(n, Reg::SSPCR1, control);
        self.set(n, Reg::SSPCR1, SSPCR1::SSE.mask | control);
    }

    fn received(&mut self, n: usize) -> Vec<u32> {
        let mut frames = vec![];
        while SSPSR::RNE.is_set(self.get(n, Reg::SSPSR)) {
            frames.push(self.get(n, Reg::SSPDR));
        }
        frames
    }

    /// Somebody in the chip looks at these pins: core 1 has enabled their edge interrupts, and does not take them.
    fn look_at(&mut self, pins: &[u8]) {
        for &pin in pins {
            let interrupts = &mut self.system.dev.fabric.io.interrupts;
            let word = usize::from(pin) / 8;
            interrupts.set_enabled(1, word, interrupts.enabled(1, word) | 0xC << (4 * (pin % 8)));
        }
        self.system.dev.fabric.update_bank0_irq();
    }
}

/// clk_peri / 32: 256 ns a bit.
const BIT: Ps = 256_000;

/// SPI0 on GPIO16 to 19 and SPI1 on GPIO8 to 11 of one chip, TX to RX, SCK to SCK, CSn to CSn: the wires of brio's hardware test.
fn wired() -> Bench {
    let mut bench = Bench::new();
    bench.select(Func::Spi, &[16, 17, 18, 19, 8, 9, 10, 11]);
    let fabric = &mut bench.system.dev.fabric;
    for (a, b) in [(19, 8), (11, 16), (18, 10), (17, 9)] {
        fabric.pins.join(a, b, 0);
    }
    fabric.inputs_changed();
    bench
}

fn mode(number: u32) -> u32 {
    (number >> 1) << 6 | (number & 1) << 7
}

/// All four modes, 4 to 16 bits, both directions (4.4.3.10 to 4.4.3.13); SPI0's own CSn pulses where SPH=0 needs it.
#[test]
fn controller_and_target_exchange_frames_in_all_modes_and_sizes() {
    for number in 0..4 {
        for bits in [4, 8, 13, 16] {
            let mut bench = wired();
            let ones = (1 << bits) - 1;
            bench.begin(0, 32, bits - 1 | mode(number), 0);
            bench.begin(1, 32, bits - 1 | mode(number), SSPCR1::MS.mask);
            let there: Vec<u32> = (0..6).map(|n| (0xA5C3 ^ n * 0x1357) & ones).collect();
            let back: Vec<u32> = (0..6).map(|n| (0x3B96 ^ n * 0x2468) & ones).collect();
            for n in 0..6 {
                bench.set(1, Reg::SSPDR, back[n]);
                bench.set(0, Reg::SSPDR, there[n]);
            }
            bench.run(150 * BIT);
            assert_eq!((bench.received(1), bench.received(0)), (there, back), "mode {number}, {bits} bits");
            assert!(bench.system.dev.fabric.gaps.all().is_empty());
        }
    }
}

/// 4.4.3.8 (figures 88 and 89): a pulse of SSPFSS before each frame, together with the last bit of the one before it.
#[test]
fn texas_instruments_frames_reach_the_target() {
    let mut bench = wired();
    bench.begin(0, 32, 11 | 1 << 4, 0);
    bench.begin(1, 32, 11 | 1 << 4, SSPCR1::MS.mask);
    bench.system.dev.fabric.pins.keep_log(true);
    for (there, back) in [(0xABC, 0x123), (0x801, 0xFFE), (0x7FF, 0x555)] {
        bench.set(1, Reg::SSPDR, back);
        bench.set(0, Reg::SSPDR, there);
    }
    bench.run(60 * BIT);
    assert_eq!(bench.received(1), [0xABC, 0x801, 0x7FF]);
    assert_eq!(bench.received(0), [0x123, 0xFFE, 0x555]);
    let log = bench.system.dev.fabric.pins.take_log();
    let rises = |pin: u8| {
        let mut high = false;
        let mut count = 0;
        for (_, level) in &log {
            count += u32::from(!high && level >> pin & 1 != 0);
            high = level >> pin & 1 != 0;
        }
        count
    };
    // One clock for the first pulse; the pulses of the others come with last bits.
    assert_eq!((rises(18), rises(17)), (1 + 3 * 12, 3));
}

/// 4.4.3.14: eight bits of control there, a clock to think, 4 to 16 bits back.
#[test]
fn microwire_frames_are_half_duplex() {
    let mut bench = wired();
    bench.begin(0, 32, 11 | 2 << 4, 0);
    bench.begin(1, 32, 11 | 2 << 4, SSPCR1::MS.mask);
    for (control, back) in [(0x9F, 0xABC), (0x61, 0x543)] {
        bench.set(1, Reg::SSPDR, back);
        bench.set(0, Reg::SSPDR, control);
    }
    bench.run(80 * BIT);
    assert_eq!(bench.received(1), [0x9F, 0x61]);
    assert_eq!(bench.received(0), [0xABC, 0x543]);
}

/// 4.4.3.10: with SPH=0 SSPFSSIN must be pulsed between frames; sixteen frames under one select were heard as one by the
/// silicon (uliano/brio, RP2040 SPI, bench findings), and as sixteen in modes 1 and 3.
#[test]
fn with_sph_0_a_target_takes_one_frame_per_selection() {
    for number in 0..4 {
        let mut bench = wired();
        // The select is a GPIO of software, as usual.
        bench.select(Func::Sio, &[17]);
        bench.begin(0, 32, 7 | mode(number), 0);
        bench.begin(1, 32, 7 | mode(number), SSPCR1::MS.mask);
        bench.set(1, Reg::SSPDR, 0x55);
        let select = |bench: &mut Bench, high: bool| {
            let now = bench.now();
            bench.system.dev.fabric.drive(Func::Sio, u32::from(high) << 17, 1 << 17, now);
        };
        select(&mut bench, true);
        bench.run(BIT);
        select(&mut bench, false);
        bench.run(BIT);
        for n in 1..4 {
            bench.set(0, Reg::SSPDR, n);
        }
        bench.run(60 * BIT);
        select(&mut bench, true);
        bench.run(BIT);
        assert_eq!(bench.received(1).len(), if number % 2 == 0 { 1 } else { 3 }, "mode {number}");
    }
}

/// A target without entries sends what was written eight entries ago, or 0 (SLAU723A 23.3.2: the FIFO of this PrimeCell).
#[test]
fn an_empty_fifo_sends_its_bottom_cell() {
    let mut bench = wired();
    bench.begin(0, 32, 7 | mode(1), 0);
    bench.begin(1, 32, 7 | mode(1), SSPCR1::MS.mask);
    let exchange = |bench: &mut Bench| {
        bench.set(0, Reg::SSPDR, 0);
        bench.run(20 * BIT);
        bench.get(1, Reg::SSPDR);
        bench.get(0, Reg::SSPDR)
    };
    assert_eq!(exchange(&mut bench), 0);
    for n in 0..8 {
        bench.set(1, Reg::SSPDR, 0xA0 | n);
    }
    for n in 0..8 {
        assert_eq!(exchange(&mut bench), 0xA0 | n);
    }
    assert_eq!((exchange(&mut bench), exchange(&mut bench)), (0xA0, 0xA0));
}

/// TX is driven whoever is selected (raspberrypi/pico-feedback issue 227). With SOD the silicon sent the first of eight waiting
/// answers in every frame and kept all eight (uliano/brio, RP2040 SPI, bench findings).
#[test]
fn sod_keeps_the_fifo_and_not_the_pad() {
    let mut bench = wired();
    bench.begin(0, 32, 7 | mode(1), 0);
    bench.begin(1, 32, 7 | mode(1), SSPCR1::MS.mask | SSPCR1::SOD.mask);
    let driven = bench.system.dev.fabric.pins.driven();
    assert_eq!(driven >> 8 & 0xF, 0b1000, "TX alone: SCK and CSn are inputs of a target (nSSPCTLOE)");
    for n in 0..8 {
        bench.set(1, Reg::SSPDR, 0x80 + 5 * n);
        bench.set(0, Reg::SSPDR, n);
    }
    bench.run(100 * BIT);
    assert_eq!(bench.received(0), [0x80; 8]);
    assert_eq!(bench.received(1), [0, 1, 2, 3, 4, 5, 6, 7]);
    assert!(!SSPSR::TNF.is_set(bench.get(1, Reg::SSPSR)));
}

/// 4.4.3.5.3: a frame that finds the FIFO full is lost, and told. 4.4.3.5.4: what waits for 32 bit times interrupts.
#[test]
fn a_target_overruns_and_times_out() {
    let mut bench = wired();
    bench.begin(0, 32, 7 | mode(3), 0);
    bench.begin(1, 32, 7 | mode(3), SSPCR1::MS.mask);
    bench.set(1, Reg::SSPIMSC, SSPIMSC::RTIM.mask | SSPIMSC::RORIM.mask);
    bench.set(0, Reg::SSPDR, 0x42);
    bench.run(36 * BIT);
    assert!(!bench.irq(Irq::SPI1));
    bench.run(8 * BIT);
    assert!(bench.irq(Irq::SPI1));
    assert_eq!(bench.get(1, Reg::SSPMIS), SSPMIS::RTMIS.mask);
    for n in 0..8 {
        bench.set(0, Reg::SSPDR, n);
    }
    bench.run(80 * BIT);
    assert!(SSPMIS::RORMIS.is_set(bench.get(1, Reg::SSPMIS)));
    assert_eq!(bench.received(1), [0x42, 0, 1, 2, 3, 4, 5, 6]);
}

/// The silicon was exact both ways at clk_peri/8 and wrong at clk_peri/4 (uliano/brio, RP2040 SPI, the ladder, mode 1); the
/// datasheet promises clk_peri/12 (4.4.3.4), above which the target says so.
#[test]
fn a_target_keeps_up_as_far_as_the_silicon_does() {
    for (divisor, exact, told) in [(12, true, false), (8, true, true), (4, false, true)] {
        let mut bench = wired();
        bench.begin(0, divisor, 7 | mode(1), 0);
        bench.begin(1, divisor, 7 | mode(1), SSPCR1::MS.mask);
        for n in 0..8 {
            bench.set(1, Reg::SSPDR, 0x31 + 5 * n);
            bench.set(0, Reg::SSPDR, 0x96 + 7 * n);
        }
        bench.run(100 * BIT);
        let there: Vec<u32> = (0..8).map(|n| 0x96 + 7 * n).collect();
        let back: Vec<u32> = (0..8).map(|n| 0x31 + 5 * n).collect();
        assert_eq!((bench.received(1) == there && bench.received(0) == back), exact, "clk_peri / {divisor}");
        assert_eq!(bench.system.dev.fabric.gaps.all().contains_key("SPI1.SSPCLKIN"), told);
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    Bytes(Vec<u8>, Vec<Ps>),
    Select(Ps, bool),
    Asked(Ps, u8),
}

/// A part that remembers, and answers with the complement, or two bytes to 0x9F.
struct Part(Arc<Mutex<Vec<Seen>>>);

impl Outside for Part {
    fn spi(&mut self, _: PortId, batch: SpiBatch) {
        self.0.lock().unwrap().push(Seen::Bytes(batch.data, batch.at));
    }
    fn spi_select(&mut self, _: PortId, at: Ps, selected: bool) {
        self.0.lock().unwrap().push(Seen::Select(at, selected));
    }
    fn spi_answer(&mut self, _: PortId, at: Ps, byte: u8, _: bool) -> Option<SpiAnswer> {
        self.0.lock().unwrap().push(Seen::Asked(at, byte));
        Some(SpiAnswer { dummy: 0, data: vec![!byte] })
    }
}

/// What a run showed: to the part, to the trace, and to the firmware.
type Shown = (Vec<Seen>, String, u64, Vec<u32>);

/// A part on GPIO16 to 19 with the hardware select, another one on the same bus with its select tied to GPIO20, and a second
/// SPI without a part; software toggles GPIO2 in the middle of frames.
fn run_with_parts(number: u32, answers: &Answers, looks: &[u8]) -> Shown {
    let mut bench = Bench::new();
    let seen = Arc::new(Mutex::new(vec![]));
    let pins = &mut bench.system.dev.fabric.pins;
    pins.set_outside(Box::new(Part(seen.clone())));
    for cs in [17, 20] {
        let wire = SpiWire::new(18, 19, Some(16), Some(cs), None, answers.clone());
        pins.attach_spi(if number == 1 || number == 2 { wire.sampling_falling() } else { wire });
    }
    bench.select(Func::Spi, &[16, 17, 18, 19, 10, 11]);
    bench.select(Func::Sio, &[2]);
    bench.look_at(looks);
    bench.begin(0, 32, 15 | mode(number), 0);
    bench.begin(1, 6, 6, 0);
    for (n, frame) in [0x9F00, 0x1234, 0xFFFF, 0x00A5, 0x8001].into_iter().enumerate() {
        bench.set(0, Reg::SSPDR, frame);
        bench.set(1, Reg::SSPDR, frame);
        bench.run(BIT * 13 / 2);
        let now = bench.now();
        bench.system.dev.fabric.drive(Func::Sio, (n as u32 & 1) << 2, 1 << 2, now);
    }
    bench.run(100 * BIT);
    let fabric = &mut bench.system.dev.fabric;
    fabric.pins.flush();
    let (hash, events) = (fabric.pins.trace.sha256(), fabric.pins.trace.events());
    let received = bench.received(0);
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    (seen, hash, events, received)
}

/// Record 0002: which path is taken shows in speed alone.
#[test]
fn both_paths_show_everybody_the_same() {
    for number in 0..4 {
        for answers in [Answers::Never, Answers::Always] {
            let whole = run_with_parts(number, &answers, &[]);
            for looks in [&[18][..], &[19], &[16], &[18, 19, 10]] {
                assert_eq!(run_with_parts(number, &answers, looks), whole, "mode {number}, {answers:?}, {looks:?}");
            }
            assert!(whole.0.len() >= 3 && whole.3.len() == 5, "{whole:?}");
        }
    }
}

/// The edges themselves, as recordings show them, are those of the byte path to half a bit.
#[test]
fn recordings_do_not_tell_the_paths_apart() {
    for number in 0..4 {
        let record = |looks: &[u8]| {
            let mut bench = Bench::new();
            bench.select(Func::Spi, &[16, 17, 18, 19]);
            bench.look_at(looks);
            bench.begin(0, 32, 7 | mode(number), 0);
            bench.system.dev.fabric.pins.keep_log(true);
            for frame in [0xD2, 0x1F, 0x80] {
                bench.set(0, Reg::SSPDR, frame);
            }
            bench.run(60 * BIT);
            let clock = |level: u64| level >> 17 & 3;
            let mut log: Vec<(Ps, u64)> =
                bench.system.dev.fabric.pins.take_log().iter().map(|&(at, level)| (at, clock(level))).collect();
            log.dedup_by_key(|entry| entry.1);
            log
        };
        assert_eq!(record(&[18]), record(&[]), "mode {number}");
    }
}

/// GPIO edge interrupts of SCK: two for each bit, at their times.
#[test]
fn interrupts_see_every_edge_of_the_clock() {
    let mut bench = Bench::new();
    bench.select(Func::Spi, &[18, 19]);
    bench.look_at(&[18]);
    bench.begin(0, 32, 7, 0);
    bench.system.dev.fabric.io.interrupts.clear(2, u32::MAX);
    bench.system.dev.fabric.update_bank0_irq();
    bench.set(0, Reg::SSPDR, 0x5A);
    let begin = bench.now();
    let mut edges = vec![];
    for half in 1..20 {
        bench.run_to(begin + half * BIT / 2 + BIT / 4);
        if bench.system.dev.fabric.irq[1] >> Irq::IO_BANK0 as u8 & 1 != 0 {
            edges.push(half);
            let fabric = &mut bench.system.dev.fabric;
            fabric.io.interrupts.clear(2, u32::MAX);
            fabric.update_bank0_irq();
        }
    }
    // 4.4.3.10: the first rising edge one bit after the start, the last falling one half a bit after the last capture.
    assert_eq!(edges, (2..18).collect::<Vec<u64>>());
}

/// A word of INTR.
fn raw(bench: &Bench, word: usize) -> u32 {
    let io = &bench.system.dev.fabric.io;
    io.interrupts.raw(word, io.input())
}

/// 2.19.3: INTR latches edges whether their interrupt is enabled or not.
#[test]
fn edges_that_nobody_awaits_are_latched() {
    let mut bench = Bench::new();
    bench.select(Func::Spi, &[18, 19]);
    bench.begin(0, 32, 7, 0);
    bench.system.dev.fabric.io.interrupts.clear(2, u32::MAX);
    bench.set(0, Reg::SSPDR, 0);
    bench.run(20 * BIT);
    assert_eq!(raw(&bench, 2) >> 8 & 0xCC, 0x0C);
    bench.set(0, Reg::SSPDR, 1);
    bench.run(20 * BIT);
    assert_eq!(raw(&bench, 2) >> 8 & 0xCC, 0xCC);
}

/// An override stands between the block and its pin: OUTOVER inverts SCK, so that a part for mode 2 gets the bytes of mode 0.
#[test]
fn an_inverted_clock_reaches_the_part_inverted() {
    let mut bench = Bench::new();
    let seen = Arc::new(Mutex::new(vec![]));
    bench.select(Func::Spi, &[18, 19]);
    bench.begin(0, 32, 7, 0);
    let fabric = &mut bench.system.dev.fabric;
    crate::pads::set_override(&mut fabric.io.out_override, 1 << 18, 1);
    fabric.pads_changed(0);
    fabric.pins.set_outside(Box::new(Part(seen.clone())));
    fabric.pins.attach_spi(SpiWire::new(18, 19, None, None, None, Answers::Never).sampling_falling());
    bench.set(0, Reg::SSPDR, 0xC5);
    bench.run(20 * BIT);
    bench.system.dev.fabric.pins.flush();
    assert!(matches!(&seen.lock().unwrap()[..], [Seen::Bytes(data, _)] if data == &[0xC5]));
}

/// 3.5.6.3 and 3.5.5: a PIO program that samples GPIO4 at each rising edge of GPIO5, joined to SPI0 at clk_sys/6 as in the
/// clocked_input example of pico-examples. The bits are right however long the processor's instructions take meanwhile.
#[test]
fn pio_sees_every_edge_at_its_cycle() {
    use crate::block::Block as _;
    for pace in [1, 7, 60] {
        let mut bench = Bench::new();
        bench.select(Func::Spi, &[2, 3]);
        let dev = &mut bench.system.dev;
        dev.fabric.pins.join(2, 5, 0);
        dev.fabric.pins.join(3, 4, 0);
        dev.fabric.inputs_changed();
        // wait 0 pin 1; wait 1 pin 1; in pins, 1 - with IN_BASE 4, shift to the left, autopush at 32 bits.
        for (address, word) in [0x2021, 0x20A1, 0x4001].into_iter().enumerate() {
            dev.pio[0].write(0x048 + 4 * address as u32, Write::word(word), &mut dev.fabric);
        }
        for (offset, value) in [(0x0CC, 2 << 12), (0x0D0, 1 << 16), (0x0DC, 4 << 15), (0x000, 1)] {
            dev.pio[0].write(offset, Write::word(value), &mut dev.fabric);
        }
        bench.begin(0, 6, 7, 0);
        for byte in [0xD2, 0x1F, 0x80, 0x3C] {
            bench.set(0, Reg::SSPDR, byte);
        }
        for _ in 0..600 / pace {
            bench.system.dev.fabric.cycle += pace;
            let now = bench.now();
            while let Some(slot) = bench.system.dev.fabric.events.pop(now) {
                bench.system.event(crate::fabric::slot(slot));
            }
            let cycle = bench.system.dev.fabric.cycle;
            bench.system.sync_pio(cycle);
        }
        let dev = &mut bench.system.dev;
        assert_eq!(dev.pio[0].read(0x020, &mut dev.fabric), 0xD21F_803C, "{pace} cycles at a time");
    }
}
