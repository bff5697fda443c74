use super::*;
use crate::serial_bench::Bench;
use engine_core::ports::{Outside, PortId, SpiAnswer, SpiBatch};
use engine_core::spi::{Answers, SpiWire};
use std::sync::{Arc, Mutex};

impl Bench {
    fn put_spi(&mut self, n: usize, reg: Reg, value: u32) {
        let dev = &mut self.system.dev;
        dev.spi[n].write(Reg::TABLE[reg.index()].offset, Write::word(value), &mut dev.fabric);
    }

    fn get_spi(&mut self, n: usize, reg: Reg) -> u32 {
        let dev = &mut self.system.dev;
        dev.spi[n].read(Reg::TABLE[reg.index()].offset, &mut dev.fabric)
    }

    /// 125 MHz / (4 × 25) = 1.25 MHz: a bit in 800 ns.
    fn start_spi(&mut self, n: usize, format: u32, control: u32) {
        let dev = &mut self.system.dev;
        dev.spi[n].reset(&mut dev.fabric);
        self.put_spi(n, Reg::SSPCPSR, 4);
        self.put_spi(n, Reg::SSPCR0, 24 << 8 | format);
        self.put_spi(n, Reg::SSPCR1, SSPCR1::SSE.mask | control);
    }
}

const BIT: Ps = 800_000;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    Bytes(Vec<u8>, Vec<Ps>),
    Select(Ps, bool),
    Asked(u8),
}

/// A part that remembers, and answers with the complement.
struct Part(Arc<Mutex<Vec<Seen>>>);

impl Outside for Part {
    fn spi(&mut self, _: PortId, batch: SpiBatch) {
        self.0.lock().unwrap().push(Seen::Bytes(batch.data, batch.at));
    }
    fn spi_select(&mut self, _: PortId, at: Ps, selected: bool) {
        self.0.lock().unwrap().push(Seen::Select(at, selected));
    }
    fn spi_answer(&mut self, _: PortId, _: Ps, byte: u8, _: bool) -> Option<SpiAnswer> {
        self.0.lock().unwrap().push(Seen::Asked(byte));
        Some(SpiAnswer { dummy: 0, data: vec![!byte] })
    }
}

fn with_part(bench: &mut Bench, cs: Option<u8>, answers: Answers) -> Arc<Mutex<Vec<Seen>>> {
    let seen = Arc::new(Mutex::new(vec![]));
    let pins = &mut bench.system.dev.fabric.pins;
    pins.set_outside(Box::new(Part(seen.clone())));
    pins.attach_spi(SpiWire::new(18, 19, Some(16), cs, None, answers));
    seen
}

fn take(seen: &Arc<Mutex<Vec<Seen>>>) -> Vec<Seen> {
    std::mem::take(&mut *seen.lock().unwrap())
}

/// Datasheet 2.19.2, table 278, column F1.
#[test]
fn spi_pins_are_where_the_function_table_puts_them() {
    let pins = |list: &[u32]| list.iter().fold(0, |mask, pin| mask | 1 << pin);
    assert_eq!(spi_pins(0, RX), pins(&[0, 4, 16, 20]));
    assert_eq!(spi_pins(0, CSN), pins(&[1, 5, 17, 21]));
    assert_eq!(spi_pins(0, SCK), pins(&[2, 6, 18, 22]));
    assert_eq!(spi_pins(0, TX), pins(&[3, 7, 19, 23]));
    assert_eq!(spi_pins(1, RX), pins(&[8, 12, 24, 28]));
    assert_eq!(spi_pins(1, CSN), pins(&[9, 13, 25, 29]));
    assert_eq!(spi_pins(1, SCK), pins(&[10, 14, 26]));
    assert_eq!(spi_pins(1, TX), pins(&[11, 15, 27]));
}

/// 4.4.3.4: clk_peri / (CPSDVSR × (1 + SCR)); at 125 MHz the fastest is 62.5 MHz.
#[test]
fn the_bit_rate_follows_prescaler_and_scr() {
    let mut bench = Bench::new();
    bench.start_spi(0, 7, 0);
    bench.put_spi(0, Reg::SSPDR, 0);
    assert_eq!(bench.system.dev.spi[0].timing.bit, BIT);
    bench.start_spi(0, 7, 0);
    bench.put_spi(0, Reg::SSPCPSR, 2);
    bench.put_spi(0, Reg::SSPCR0, 7);
    bench.put_spi(0, Reg::SSPDR, 0);
    assert_eq!(bench.system.dev.spi[0].timing.bit, 16_000);
}

/// 4.4.2: FIFOs of eight frames; one is in the shift register until it is over.
#[test]
fn the_fifos_hold_eight_frames_and_say_so() {
    let mut bench = Bench::new();
    bench.start_spi(0, 7, SSPCR1::LBM.mask);
    assert_eq!(bench.get_spi(0, Reg::SSPSR), 3);
    for n in 0..8 {
        assert!(SSPSR::TNF.is_set(bench.get_spi(0, Reg::SSPSR)));
        bench.put_spi(0, Reg::SSPDR, n);
    }
    assert_eq!(bench.get_spi(0, Reg::SSPSR), SSPSR::BSY.mask);
    bench.run(100 * BIT);
    assert_eq!(bench.get_spi(0, Reg::SSPSR), SSPSR::RFF.mask | SSPSR::RNE.mask | SSPSR::TNF.mask | SSPSR::TFE.mask);
    bench.put_spi(0, Reg::SSPDR, 8);
    bench.run(20 * BIT);
    assert!(SSPRIS::RORRIS.is_set(bench.get_spi(0, Reg::SSPRIS)));
    for n in 0..8 {
        assert_eq!(bench.get_spi(0, Reg::SSPDR), n);
    }
    bench.put_spi(0, Reg::SSPICR, SSPICR::RORIC.mask);
    assert!(!SSPRIS::RORRIS.is_set(bench.get_spi(0, Reg::SSPRIS)));
}

/// SSPCR0.DSS: 4 to 16 bits a frame.
#[test]
fn frames_have_4_to_16_bits() {
    for dss in 3..16 {
        let mut bench = Bench::new();
        bench.start_spi(1, dss, SSPCR1::LBM.mask);
        bench.put_spi(1, Reg::SSPDR, 0xFFFF_A5C3);
        bench.run(30 * BIT);
        assert_eq!(bench.get_spi(1, Reg::SSPDR), 0xA5C3 & ((1 << (dss + 1)) - 1));
    }
}

/// 4.4.3.5: TX at four or fewer entries, RX at four or more, RT after 32 bit times of rest.
#[test]
fn interrupts_follow_the_fifos_and_the_rest_of_the_line() {
    let mut bench = Bench::new();
    bench.start_spi(0, 7, SSPCR1::LBM.mask);
    bench.put_spi(0, Reg::SSPIMSC, SSPIMSC::RXIM.mask);
    for n in 0..4 {
        bench.put_spi(0, Reg::SSPDR, n);
    }
    assert!(SSPRIS::TXRIS.is_set(bench.get_spi(0, Reg::SSPRIS)));
    bench.put_spi(0, Reg::SSPDR, 4);
    assert!(!SSPRIS::TXRIS.is_set(bench.get_spi(0, Reg::SSPRIS)));
    bench.run(3 * 10 * BIT);
    assert!(!bench.irq(Irq::SPI0));
    bench.run(10 * BIT);
    assert!(bench.irq(Irq::SPI0));
    bench.run(10 * BIT);
    bench.put_spi(0, Reg::SSPIMSC, SSPIMSC::RTIM.mask);
    assert!(!bench.irq(Irq::SPI0));
    bench.run(33 * BIT);
    assert!(bench.irq(Irq::SPI0));
    for _ in 0..5 {
        bench.get_spi(0, Reg::SSPDR);
    }
    assert!(!bench.irq(Irq::SPI0));
}

/// SPI0 TX is DREQ 16, RX 17 (2.5.3.1).
#[test]
fn dma_requests_follow_the_fifos() {
    let mut bench = Bench::new();
    bench.start_spi(0, 7, SSPCR1::LBM.mask);
    bench.put_spi(0, Reg::SSPDMACR, 3);
    assert!(bench.dreq(16) && !bench.dreq(17));
    for n in 0..8 {
        bench.put_spi(0, Reg::SSPDR, n);
    }
    assert!(!bench.dreq(16));
    bench.run(10 * BIT);
    assert!(bench.dreq(16) && bench.dreq(17));
}

#[test]
fn a_part_gets_the_frames_with_the_time_of_each_byte() {
    let mut bench = Bench::new();
    bench.select(Func::Spi, &[16, 18, 19]);
    bench.start_spi(0, 15 | SSPCR0::SPH.mask | SSPCR0::SPO.mask, 0);
    let seen = with_part(&mut bench, None, Answers::Never);
    let begin = bench.now();
    bench.put_spi(0, Reg::SSPDR, 0x1234);
    bench.put_spi(0, Reg::SSPDR, 0x5678);
    bench.run(50 * BIT);
    bench.system.dev.fabric.pins.flush();
    // 4.4.3.13: the first bit is captured one bit time after SSPFSSOUT; with SPH=1 frames follow without a gap.
    let at = |bit: u64| begin + bit * BIT;
    assert_eq!(take(&seen), [Seen::Bytes(vec![0x12, 0x34, 0x56, 0x78], vec![at(8), at(16), at(24), at(32)])]);
}

#[test]
fn answers_come_back_in_the_next_frame() {
    let mut bench = Bench::new();
    let seen = with_part(&mut bench, None, Answers::Always);
    bench.select(Func::Spi, &[16, 18, 19]);
    bench.start_spi(0, 7, 0);
    for byte in [0x9F, 0x00, 0x0F] {
        bench.put_spi(0, Reg::SSPDR, byte);
    }
    bench.run(50 * BIT);
    bench.get_spi(0, Reg::SSPDR);
    assert_eq!((bench.get_spi(0, Reg::SSPDR), bench.get_spi(0, Reg::SSPDR)), (0x60, 0xFF));
    assert_eq!(take(&seen), [Seen::Asked(0x9F), Seen::Asked(0x00), Seen::Asked(0x0F)]);
}

/// 4.4.3.10 and 4.4.3.13: SSPFSSOUT pulses between frames with SPH=0 and stays low with SPH=1.
#[test]
fn the_hardware_chip_select_pulses_between_frames_with_sph_0_only() {
    let selects = |format: u32| {
        let mut bench = Bench::new();
        let seen = with_part(&mut bench, Some(17), Answers::Never);
        bench.select(Func::Spi, &[16, 17, 18, 19]);
        bench.start_spi(0, format, 0);
        let begin = bench.now();
        take(&seen);
        bench.put_spi(0, Reg::SSPDR, 0xAA);
        bench.put_spi(0, Reg::SSPDR, 0x55);
        bench.run(50 * BIT);
        let mut bytes = vec![];
        let mut selects = vec![];
        for event in take(&seen) {
            match event {
                Seen::Bytes(data, _) => bytes.extend(data),
                Seen::Select(at, on) => selects.push(((at - begin) * 2 / BIT, on)),
                Seen::Asked(_) => {}
            }
        }
        assert_eq!(bytes, [0xAA, 0x55]);
        selects
    };
    // In half bit times: low for nine bit times, high for half of one.
    assert_eq!(selects(7), [(0, true), (18, false), (19, true), (37, false)]);
    assert_eq!(selects(7 | SSPCR0::SPH.mask | SSPCR0::SPO.mask), [(0, true), (34, false)]);
}

/// The idle level of SCK is SPO.
#[test]
fn the_clock_rests_at_spo() {
    let mut bench = Bench::new();
    bench.select(Func::Spi, &[18]);
    bench.start_spi(0, 7, 0);
    assert!(!bench.system.dev.fabric.pins.is_high(18));
    bench.start_spi(0, 7 | SSPCR0::SPO.mask, 0);
    assert!(bench.system.dev.fabric.pins.is_high(18));
}

/// In all four modes the part sees the same bits on the wire as on the fast path, and the trace is the same.
#[test]
fn the_edges_shown_are_those_of_the_mode() {
    for mode in 0..4u32 {
        let format = 7 | (mode >> 1) << 6 | (mode & 1) << 7;
        let run = |look: bool| {
            let mut bench = Bench::new();
            bench.select(Func::Spi, &[18, 19]);
            bench.start_spi(0, format, 0);
            bench.system.dev.fabric.pins.keep_log(look);
            bench.put_spi(0, Reg::SSPDR, 0xD2);
            bench.put_spi(0, Reg::SSPDR, 0x1F);
            bench.run(50 * BIT);
            let fabric = &mut bench.system.dev.fabric;
            (fabric.pins.trace.sha256(), fabric.pins.take_log(), fabric.pins.level())
        };
        let (quiet, looked) = (run(false), run(true));
        assert_eq!((&quiet.0, quiet.2), (&looked.0, looked.2));
        let rising = mode == 0 || mode == 3;
        let mut clock = mode >= 2;
        let mut bits = 0u32;
        for (_, level) in looked.1 {
            let high = level >> 18 & 1 != 0;
            if high != clock && high == rising {
                bits = bits << 1 | (level >> 19) as u32 & 1;
            }
            clock = high;
        }
        assert_eq!(bits, 0xD21F, "mode {mode}");
    }
}

/// A jumper from TX to RX, as in the spi_dma example of pico-examples.
#[test]
fn a_wire_from_tx_to_rx_returns_what_is_sent() {
    let mut bench = Bench::new();
    bench.select(Func::Spi, &[16, 18, 19]);
    bench.start_spi(0, 7, 0);
    let now = bench.now();
    bench.system.dev.fabric.pins.join(16, 19, now);
    bench.put_spi(0, Reg::SSPDR, 0xC5);
    bench.run(20 * BIT);
    assert_eq!(bench.get_spi(0, Reg::SSPDR), 0xC5);
}

/// What a frame costs the host. Not a test of anything; run with `--ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn cost_of_a_frame() {
    let mut bench = Bench::new();
    with_part(&mut bench, None, Answers::Never);
    bench.select(Func::Spi, &[18, 19]);
    bench.start_spi(0, 15, 0);
    bench.put_spi(0, Reg::SSPCPSR, 2);
    bench.put_spi(0, Reg::SSPCR0, 15);
    let started = std::time::Instant::now();
    let frames = 153_600 * 10;
    let mut sent = 0;
    while sent < frames {
        while bench.system.dev.spi[0].tx.len() < DEPTH {
            bench.put_spi(0, Reg::SSPDR, sent);
            sent += 1;
        }
        let fabric = &mut bench.system.dev.fabric;
        fabric.cycle = fabric.clock.first_cycle_from(fabric.events.next());
        let now = fabric.now();
        while let Some(slot) = bench.system.dev.fabric.events.pop(now) {
            bench.system.event(crate::fabric::slot(slot));
        }
    }
    println!("{} ns a frame", started.elapsed().as_nanos() / u128::from(frames));
}
