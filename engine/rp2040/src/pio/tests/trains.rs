//! Bits by the byte and bits one by one: the same world. Where a log is kept, each edge is told by itself, so the same
//! script goes once with a log, cycle by cycle, and once without, from access to access.

use super::*;
use engine_core::ports::{Outside, PortId, SpiAnswer, SpiBatch};
use engine_core::spi::{Answers, SpiWire};
use engine_core::time::Ps;
use std::sync::{Arc, Mutex};

const SCK: u8 = 16;
const MOSI: u8 = 17;
const DC: u8 = 19;
const CS: u8 = 20;

/// A display that keeps what it receives.
struct Display(Arc<Mutex<Vec<(SpiBatch, Ps)>>>);

impl Outside for Display {
    fn spi(&mut self, _: PortId, batch: SpiBatch) {
        self.0.lock().unwrap().push((batch, 0));
    }
    fn spi_select(&mut self, _: PortId, at: Ps, selected: bool) {
        self.0.lock().unwrap().push((SpiBatch::default(), at << 1 | u64::from(selected)));
    }
    fn spi_answer(&mut self, _: PortId, _: Ps, _: u8, _: bool) -> Option<SpiAnswer> {
        unreachable!("it never answers")
    }
    fn i2c_start(&mut self, _: PortId, _: Ps, _: u16, _: bool) -> bool {
        unreachable!("it is not on I2C")
    }
    fn i2c_write(&mut self, _: PortId, _: Ps, _: u8) -> bool {
        unreachable!("it is not on I2C")
    }
    fn i2c_read(&mut self, _: PortId, _: Ps) -> u8 {
        unreachable!("it is not on I2C")
    }
}

/// A repeatable sequence of numbers (Marsaglia's xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % limit
    }
}

/// How a display is connected and fed.
#[derive(Clone, Copy, Debug)]
struct Wiring {
    /// The divisor in 1/256.
    divisor: u32,
    delays: (u16, u16),
    right: bool,
    threshold: u32,
    falling: bool,
    selected: bool,
}

struct Desk {
    bench: Bench,
    singly: bool,
    sio: u32,
    seen: Arc<Mutex<Vec<(SpiBatch, Ps)>>>,
}

impl Desk {
    fn new(wiring: Wiring, singly: bool) -> Self {
        let idle = u16::from(wiring.falling);
        let program =
            [out(PINS, 1).side(1, idle).delay(wiring.delays.0), nop().side(1, 1 - idle).delay(wiring.delays.1)];
        let mut setup = Setup::new().wrap(0, 1).side(u32::from(SCK), 1).out(u32::from(MOSI), 1).join_tx();
        setup = setup.autopull(wiring.threshold).divide(wiring.divisor >> 8, wiring.divisor & 0xFF);
        if !wiring.right {
            setup = setup.left();
        }
        let bench = Bench::with(&program, setup, 1 << SCK | 1 << MOSI);
        let mut desk = Self { bench, singly, sio: 1 << CS | 1 << DC, seen: Arc::default() };
        for pin in [CS, DC] {
            desk.bench.fabric.select_function(pin, Some(Func::Sio as usize), 0);
        }
        desk.set(0, 0);
        let wire = SpiWire::new(SCK, MOSI, None, wiring.selected.then_some(CS), Some(DC), Answers::Never);
        desk.bench.fabric.pins.attach_spi(if wiring.falling { wire.sampling_falling() } else { wire });
        desk.meet_again();
        desk.bench.start(1);
        desk
    }

    /// The display is there (again), and the log is kept.
    fn meet_again(&mut self) {
        self.bench.fabric.pins.set_outside(Box::new(Display(self.seen.clone())));
        self.bench.fabric.pins.keep_log(self.singly);
    }

    /// Software drives CS and DC.
    fn set(&mut self, pins: u32, levels: u32) {
        let now = self.bench.fabric.now();
        self.sio = self.sio & !pins | levels;
        self.bench.fabric.drive(Func::Sio, self.sio, 1 << CS | 1 << DC, now);
    }

    /// Time goes on; PIO only where each cycle is looked at.
    fn wait(&mut self, cycles: u64) {
        if self.singly {
            self.bench.run(cycles);
        } else {
            self.bench.fabric.cycle += cycles;
        }
    }

    fn sync(&mut self) {
        let cycle = self.bench.fabric.cycle;
        while self.bench.pio.cycle() < cycle {
            self.bench.pio.run(cycle, &mut self.bench.fabric);
        }
    }

    fn sync_for(&mut self, register: Reg, write: bool) {
        let Bench { pio, fabric, .. } = &mut self.bench;
        assert!(write || pio.is_about_words(Reg::TABLE[register as usize].offset, write));
        if pio.is_about_words(Reg::TABLE[register as usize].offset, write) {
            pio.sync_words(fabric.cycle, fabric);
        } else {
            self.sync();
        }
    }

    fn send(&mut self, word: u32) -> u32 {
        self.sync_for(Reg::FSTAT, false);
        let status = self.bench.read(Reg::FSTAT);
        if status & 1 << 16 == 0 {
            self.sync_for(Reg::TXF0, true);
            self.bench.pio.write(0x10, Write::word(word), &mut self.bench.fabric);
        }
        status
    }

    /// What software and the outside know at this moment.
    fn account(&mut self) -> (String, Vec<(SpiBatch, Ps)>, Vec<u32>) {
        self.sync();
        let Bench { pio, fabric, .. } = &mut self.bench;
        fabric.pins.flush();
        let interrupts = &fabric.io.interrupts;
        let mut state = vec![interrupts.rose, interrupts.fell, fabric.io.input(), fabric.pins.level() as u32];
        let inputs = &pio.shared.inputs;
        state.extend([0, 1, 2].map(|later| inputs.view(pio.cycle() + later)));
        state.extend(pio.machine_registers(0));
        state.extend([Reg::FSTAT, Reg::FLEVEL, Reg::FDEBUG, Reg::DBG_PADOUT].map(|register| self.bench.read(register)));
        (self.bench.fabric.pins.trace.sha256(), std::mem::take(&mut *self.seen.lock().unwrap()), state)
    }
}

/// What software does with the two, at random: bytes, bursts, pauses, CS and DC at any moment, looks at everything, and
/// going on from a snapshot. Returns how many bytes arrived.
fn compare(wiring: Wiring, seed: u64) -> usize {
    let mut desks = [Desk::new(wiring, true), Desk::new(wiring, false)];
    let mut numbers = Numbers(seed);
    let mut arrived = 0;
    for step in 0..400 {
        let what = numbers.below(16);
        let (word, cycles) = (numbers.below(1 << 32) as u32, numbers.below(if what == 7 { 400 } else { 60 }));
        let outcome = desks.each_mut().map(|desk| {
            let mut told = 0;
            match what {
                0 => {
                    desk.sync();
                    desk.set(1 << DC, word & 1 << DC);
                }
                1 => {
                    desk.sync();
                    desk.set(1 << CS, word & word >> 1 & 1 << CS);
                }
                2 => {
                    desk.sync();
                    desk.bench.fabric.io.interrupts.clear(usize::from(SCK) / 8, word);
                }
                3 => {
                    desk.sync();
                    desk.bench.pio = desk.bench.pio.clone();
                    desk.bench.fabric = desk.bench.fabric.clone();
                    desk.meet_again();
                }
                4..=6 => desk.sync(),
                7 => {}
                8 => {
                    for n in 0..6 {
                        told = told << 1 ^ desk.send(word.rotate_left(5 * n));
                        desk.wait(7);
                    }
                }
                _ => told = desk.send(if what == 9 { 0 } else { word }),
            }
            desk.wait(cycles);
            told
        });
        assert_eq!(outcome[0], outcome[1], "step {step} of {seed}, {wiring:?}");
        if what < 4 || step % 50 == 49 {
            let [singly, trains] = desks.each_mut().map(Desk::account);
            assert_eq!(singly, trains, "step {step} of {seed}, {wiring:?}");
            arrived += trains.1.iter().map(|(batch, _)| batch.len()).sum::<usize>();
        }
    }
    arrived
}

#[test]
fn bits_sent_by_the_byte_look_like_bits_sent_one_by_one() {
    let mut arrived = 0;
    for seed in 1..=240u64 {
        let mut numbers = Numbers(seed << 32 | 0x9E37_79B9);
        let wiring = Wiring {
            divisor: [0x100, 0x140, 0x200, 0x2AB][numbers.below(4) as usize],
            delays: [(0, 0), (0, 0), (1, 0), (2, 3)][numbers.below(4) as usize],
            right: numbers.below(2) != 0,
            threshold: [8, 8, 32, 5, 0][numbers.below(5) as usize],
            falling: numbers.below(4) == 0,
            selected: numbers.below(4) != 0,
        };
        arrived += compare(wiring, seed * 7919);
    }
    assert!(arrived > 20_000, "{arrived} bytes");
}

#[test]
fn a_polled_word_does_not_stop_the_machine_in_the_middle() {
    let wiring = Wiring { divisor: 0x140, delays: (0, 0), right: false, threshold: 8, falling: false, selected: false };
    let mut desk = Desk::new(wiring, false);
    for word in [0x5A00_0000, 0xA500_0000, 0x0F00_0000] {
        desk.send(word);
    }
    desk.wait(50);
    desk.sync();
    let before = desk.bench.pio.cycle();
    desk.wait(3);
    desk.sync_for(Reg::FSTAT, false);
    assert_eq!(desk.bench.pio.cycle(), before, "nothing is to be seen in FSTAT: it may stay behind");
    assert_eq!(desk.bench.read(Reg::FLEVEL) & 0xF, 0);
}

/// Software that looks for room again and again, and at nothing else: words leave the FIFO at their time, and their bits come
/// in one go, also where more words are pulled than may be under way.
#[test]
fn words_that_are_pulled_before_their_bits_are_sent_look_the_same() {
    for threshold in [8, 32, 5] {
        let wiring = Wiring { divisor: 0x140, delays: (1, 0), right: true, threshold, falling: false, selected: true };
        let mut desks = [Desk::new(wiring, true), Desk::new(wiring, false)];
        let statuses = desks.each_mut().map(|desk| {
            let mut statuses = vec![];
            for n in 0..4000u32 {
                statuses.push(desk.send(n.wrapping_mul(0x9E37_79B9)));
                // Every thousandth time the FIFO runs dry.
                desk.wait(if n % 1000 == 999 { 20_000 } else { 13 });
            }
            statuses
        });
        assert_eq!(statuses[0], statuses[1], "{wiring:?}");
        let behind = desks[1].bench.fabric.cycle - desks[1].bench.pio.cycle();
        assert!(behind > 1000, "{behind} cycles behind");
        let [singly, trains] = desks.each_mut().map(Desk::account);
        assert_eq!(singly, trains, "{wiring:?}");
    }
}
