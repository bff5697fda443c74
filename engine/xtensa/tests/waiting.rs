//! Loops that wait are counted instead of executed: nothing but the number of loads may tell.
//!
//! Random loops poll a word that changes now and then. One processor runs them on a bus that promises when that will be, one
//! on a bus that promises nothing, so that it executes each turn. Stopped anywhere, they are alike.

use xtensa::{Beat, Bus, BusError, Cause, Code, Core, Exit, Fetch};

const RAM: usize = 0x4000;
const START: u32 = 0x1000;
/// Where the program keeps what it counts.
const COUNTS: u32 = 0x2000;
/// Reads as a number that changes every [`Polled::period`] cycles.
const STATUS: u32 = 0x6000_0000;
/// Reads as how often it was read before.
const READS: u32 = STATUS + 4;
/// Cycles for which a load from there stalls, and a miss of the instruction cache.
const STALL: u32 = 6;
const MISS: u32 = 40;

struct Polled {
    memory: Vec<u8>,
    period: u64,
    promises: bool,
    timed: bool,
    deadline: u64,
    unchanged_until: u64,
    loads: u64,
    reads: u32,
    /// The lines of a direct-mapped cache of four.
    lines: [u32; 4],
}

impl Polled {
    fn load(&mut self, addr: u32, bytes: usize, cycle: u64) -> Result<Beat, BusError> {
        self.loads += 1;
        match addr {
            STATUS => {
                let turn = cycle / self.period;
                self.unchanged_until = self.unchanged_until.min((turn + 1) * self.period);
                // Weyl's sequence, its upper bits.
                Ok(Beat { value: (turn as u32).wrapping_mul(0x9E37_79B9) >> 28, cycles: STALL })
            }
            READS => {
                self.unchanged_until = 0;
                self.reads += 1;
                Ok(Beat { value: self.reads - 1 & 15, cycles: STALL })
            }
            _ => self.at(addr, bytes).map(|at| Beat { value: self.word(at, bytes), cycles: 0 }),
        }
    }

    fn word(&self, at: usize, bytes: usize) -> u32 {
        self.memory[at..at + bytes].iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte))
    }

    fn at(&self, addr: u32, bytes: usize) -> Result<usize, BusError> {
        let at = addr as usize;
        if at + bytes <= RAM {
            Ok(at)
        } else {
            Err(BusError::Fault(Cause::LoadStoreError))
        }
    }

    fn store(&mut self, addr: u32, value: u32, bytes: usize) -> Result<u32, BusError> {
        let at = self.at(addr, bytes)?;
        self.memory[at..at + bytes].copy_from_slice(&value.to_le_bytes()[..bytes]);
        Ok(0)
    }
}

impl Bus for Polled {
    fn load32(&mut self, addr: u32, cycle: u64) -> Result<Beat, BusError> {
        self.load(addr, 4, cycle)
    }
    fn load16(&mut self, addr: u32, cycle: u64) -> Result<Beat, BusError> {
        self.load(addr, 2, cycle)
    }
    fn load8(&mut self, addr: u32, cycle: u64) -> Result<Beat, BusError> {
        self.load(addr, 1, cycle)
    }
    fn store32(&mut self, addr: u32, value: u32, _: u64) -> Result<u32, BusError> {
        self.store(addr, value, 4)
    }
    fn store16(&mut self, addr: u32, value: u32, _: u64) -> Result<u32, BusError> {
        self.store(addr, value, 2)
    }
    fn store8(&mut self, addr: u32, value: u32, _: u64) -> Result<u32, BusError> {
        self.store(addr, value, 1)
    }
    fn fetch(&mut self, addr: u32) -> Fetch {
        match self.at(addr, 4) {
            Ok(at) => Fetch::Word(self.word(at, 4)),
            Err(_) => Fetch::Nothing(Cause::InstructionFetchError),
        }
    }
    fn is_trap(&self, _: u32) -> bool {
        false
    }
    fn fetch_cycles(&mut self, addr: u32, _: u64) -> u32 {
        let line = addr >> 5;
        if std::mem::replace(&mut self.lines[line as usize % 4], line) == line {
            return 0;
        }
        self.unchanged_until = 0;
        MISS
    }
    fn has_fetch_timing(&self, _: u32) -> bool {
        self.timed
    }
    fn watch_code(&mut self, _: u32) {}
    fn deadline(&self) -> u64 {
        self.deadline
    }
    fn watch_loads(&mut self) {
        self.unchanged_until = u64::MAX;
    }
    fn unchanged_until(&self) -> u64 {
        if self.promises {
            self.unchanged_until
        } else {
            0
        }
    }
    fn read_ur(&mut self, _: u8, _: u64) -> Result<u32, BusError> {
        Ok(0)
    }
    fn write_ur(&mut self, _: u8, _: u32, _: u32, _: u64) -> Result<(), BusError> {
        Ok(())
    }
}

/// Numbers from a seed (xorshift).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides) as u32
    }
}

// ISA RM chapter 6: the encodings, all of three bytes.
fn rrr(template: u32, r: u32, s: u32, t: u32) -> u32 {
    template | r << 12 | s << 8 | t << 4
}
fn addi(t: u32, s: u32, imm: i32) -> u32 {
    0xC002 | s << 8 | t << 4 | (imm as u32 & 0xFF) << 16
}
fn l32i(t: u32, s: u32, offset: u32) -> u32 {
    0x2002 | s << 8 | t << 4 | offset / 4 << 16
}
fn s32i(t: u32, s: u32, offset: u32) -> u32 {
    0x6002 | s << 8 | t << 4 | offset / 4 << 16
}
fn bri12(template: u32, s: u32, offset: i32) -> u32 {
    template | s << 8 | ((offset - 4) as u32) << 12 & 0xFF_F000
}
fn bri8(template: u32, s: u32, t: u32, offset: i32) -> u32 {
    template | s << 8 | t << 4 | ((offset - 4) as u32) << 16 & 0xFF_0000
}
fn jump(offset: i32) -> u32 {
    0x06 | ((offset - 4) as u32) << 6 & 0xFF_FFC0
}

/// a2 to a7 are computed with, a8 counts the loops that ended, a9 is [`STATUS`], a10 [`COUNTS`], a11 counts turns.
fn program(dice: &mut Dice) -> Vec<u32> {
    const RRR: [u32; 9] =
        [0x80_0000, 0xC0_0000, 0x10_0000, 0x20_0000, 0x30_0000, 0x43_0000, 0x73_0000, 0x83_0000, 0xB3_0000];
    // beq, bne, bltu, bany, bnone, bbc
    const PAIRS: [u32; 6] = [0x1007, 0x9007, 0x3007, 0x8007, 0x0007, 0x5007];
    let mut loops: Vec<u32> = vec![];
    for _ in 0..1 + dice.roll(3) {
        let begin = loops.len();
        for _ in 0..dice.roll(5) {
            let (r, s, t) = (2 + dice.roll(6), 2 + dice.roll(6), 2 + dice.roll(6));
            loops.push(match dice.roll(12) {
                0..=4 => rrr(RRR[dice.roll(9) as usize], r, s, t),
                5 | 6 => addi(t, s, dice.roll(7) as i32 - 3),
                7 => l32i(t, 10, 4 * dice.roll(4)),
                8 => 0x20C0, // memw
                9 => addi(11, 11, i32::from(dice.roll(8) == 0)),
                10 if dice.roll(10) == 0 => l32i(t, 9, 4),
                10 if dice.roll(10) == 0 => s32i(t, 10, 4 * dice.roll(4)),
                _ => bri8(PAIRS[dice.roll(6) as usize], s, t, 6), // over the next instruction
            });
        }
        loops.push(l32i(3 + dice.roll(2), 9, 0));
        if dice.roll(2) == 0 {
            loops.push(addi(4, 3, -7));
        }
        let back = -3 * (loops.len() - begin) as i32;
        loops.push(match dice.roll(4) {
            0 => bri12(0x16, 3, back),
            1 => bri12(0x56, 3, back),
            2 => bri12(0x96, 4, back),
            _ => bri8(PAIRS[dice.roll(6) as usize], 3, 2 + dice.roll(6), back),
        });
        loops.extend([addi(8, 8, 1), s32i(8, 10, 0)]);
    }
    let back = -3 * loops.len() as i32;
    loops.push(jump(back));
    loops
}

fn begin(seed: u64, promises: bool) -> (Core, Polled) {
    let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    (0..9).for_each(|_| _ = dice.roll(2));
    let at = START + 3 * dice.roll(40);
    let program = program(&mut dice);
    load(&program, at, dice, promises)
}

fn load(program: &[u32], at: u32, mut dice: Dice, promises: bool) -> (Core, Polled) {
    let mut memory = vec![0; RAM];
    for (n, word) in program.iter().enumerate() {
        memory[at as usize + 3 * n..][..3].copy_from_slice(&word.to_le_bytes()[..3]);
    }
    let period = 50 + u64::from(dice.roll(3000));
    let timed = dice.roll(2) == 0;
    let bus =
        Polled { memory, period, promises, timed, deadline: 0, unchanged_until: 0, loads: 0, reads: 0, lines: [0; 4] };
    let mut core = Core::new(0, 0);
    core.pc = at;
    core.set_ps(0);
    (2..8).for_each(|n| core.set_a(n, dice.roll(16)));
    core.set_a(8, 0);
    core.set_a(9, STATUS);
    core.set_a(10, COUNTS);
    (core, bus)
}

/// What a loop has done: PC, cycle, instructions, registers, memory.
type State = (u32, u64, u64, Vec<u32>, Vec<u8>, u32, [u32; 4]);

/// The state at each of the deadlines, and the number of loads.
fn run(seed: u64, promises: bool, quanta: &[u64], copies: bool) -> (Vec<State>, u64) {
    let (mut core, mut bus) = begin(seed, promises);
    let mut code = Code::default();
    let mut states = vec![];
    for quantum in quanta {
        bus.deadline = core.cycle + quantum;
        assert_eq!(core.run(&mut bus, &mut code), Exit::Deadline, "seed {seed} at {:#x}", core.pc);
        let registers = (0..16).map(|n| core.a(n)).collect();
        let counts = bus.memory[COUNTS as usize..][..16].to_vec();
        states.push((core.pc, core.cycle, core.instructions, registers, counts, bus.reads, bus.lines));
        if copies {
            (core, code) = (core.clone(), Code::default());
        }
    }
    (states, bus.loads)
}

#[test]
fn who_counts_turns_is_where_he_would_be_if_he_executed_them() {
    let (mut executed, mut saved) = (0, 0);
    for seed in 1..=400 {
        let mut dice = Dice(seed + 1000);
        let quanta: Vec<u64> =
            (0..40).map(|_| 1 + u64::from(dice.roll([3, 40, 400, 20_000][seed as usize % 4]))).collect();
        let (counted, fewer) = run(seed, true, &quanta, seed % 3 == 0);
        let (plain, loads) = run(seed, false, &quanta, seed % 3 == 0);
        for (n, (counted, plain)) in counted.iter().zip(&plain).enumerate() {
            assert_eq!(counted, plain, "seed {seed}, quantum {n}");
        }
        executed += loads;
        saved += loads - fewer;
    }
    assert!(saved * 2 > executed, "{saved} of {executed} loads were not needed");
}

/// The same loop, cut in other places.
#[test]
fn where_it_is_stopped_makes_no_difference() {
    for seed in 1..=100 {
        let end = 30_000;
        let (whole, _) = run(seed, true, &[end], false);
        let (mut core, mut bus) = begin(seed, true);
        let (mut code, mut dice) = (Code::default(), Dice(seed));
        while core.cycle < end {
            bus.deadline = (core.cycle + 1 + u64::from(dice.roll(500))).min(end);
            assert_eq!(core.run(&mut bus, &mut code), Exit::Deadline);
        }
        assert_eq!((core.pc, core.cycle, core.instructions), (whole[0].0, whole[0].1, whole[0].2), "seed {seed}");
    }
}

/// ISA RM 4.3.2: an untaken branch at the end of a zero-overhead loop goes round as well, and LCOUNT counts.
#[test]
fn a_loop_that_counts_its_turns_does_not_wait() {
    let loop_around = |bytes: u32| 0x8076 | 2 << 8 | (bytes - 1) << 16;
    let movi = |t: u32, value: u32| 0xA002 | t << 4 | (value & 0xFF) << 16;
    // Memory is 0: the branch back to the first instruction of the loop is never taken.
    let program = [movi(2, 100), loop_around(6), l32i(3, 10, 0), bri12(0x56, 3, -3), addi(8, 8, 1), jump(-15)];
    let ends = [true, false].map(|promises| {
        let (mut core, mut bus) = load(&program, START, Dice(1), promises);
        let mut code = Code::default();
        (0..50)
            .map(|n| {
                bus.deadline = 1 + 211 * n;
                assert_eq!(core.run(&mut bus, &mut code), Exit::Deadline);
                (core.pc, core.cycle, core.instructions, core.a(8))
            })
            .collect::<Vec<_>>()
    });
    assert_eq!(ends[0], ends[1]);
    assert!(ends[0][49].3 > 10, "the loop ends, again and again");
}
