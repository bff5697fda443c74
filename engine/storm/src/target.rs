//! What both chips have in common: accesses, and the course of a case.

use crate::{outside, Dice, Kind};
use engine_core::console::{ConsoleId, Consoles, Line};
use engine_core::pins::Pins;
use engine_core::time::{Ps, MICROSECOND};

/// A chip in hard use.
pub trait Target: Sized {
    /// All that has registers.
    const BLOCKS: &'static [u32];
    /// Those that move time itself: rarely touched, or most cases would stand still.
    const TIME: &'static [u32];
    /// One that most others need, and is touched more often.
    const DMA: Option<u32>;
    const PINS: u32;
    /// Bytes of an access, the likely ones often.
    const SIZES: &'static [u32];

    /// A chip whose memories, pins and processors are random.
    fn random(kind: Kind, dice: &mut Dice) -> Self;

    /// A console.
    fn line(kind: Kind, dice: &mut Dice) -> Line;

    /// An address that means something.
    fn address(dice: &mut Dice) -> u32;

    /// A register of a block.
    fn register(block: u32, dice: &mut Dice) -> u32;

    /// The processor that accesses what follows.
    fn select(&mut self, core: usize);

    /// An access of the selected processor: a load, or a store of this value. A bus fault is an answer too.
    fn reach(&mut self, addr: u32, size: u32, store: Option<u32>);

    fn pins(&mut self) -> &mut Pins;

    fn consoles(&mut self) -> &mut Consoles;

    fn time(&self) -> Ps;

    /// Instructions of all processors.
    fn executed(&self) -> u64;

    /// Runs to a moment. Whatever it stops for, it can go on.
    fn run_on(&mut self, until: Ps, dice: &mut Dice);

    /// The same chip from its snapshot.
    fn reopened(&mut self) -> Self;

    /// The processors enter functions of the ROM at function level, with anything as arguments.
    fn enter_rom(&mut self, dice: &mut Dice);

    /// Something new in memory for those that work by themselves.
    fn refresh(&mut self, _dice: &mut Dice) {}

    /// Do the processors still run?
    fn is_alive(&self) -> bool {
        true
    }

    /// A store of a word.
    fn store(&mut self, addr: u32, value: u32) {
        self.reach(addr, 4, Some(value));
    }
}

/// What is the same text for both chips, whose types differ, with the names that their buses have for the accesses.
macro_rules! common {
    ($load8:ident $load16:ident $load32:ident $store8:ident $store16:ident $store32:ident) => {
        fn random(kind: Kind, dice: &mut Dice) -> Self {
            chip(kind, dice)
        }

        fn address(dice: &mut Dice) -> u32 {
            address(dice)
        }

        fn register(block: u32, dice: &mut Dice) -> u32 {
            register(block, dice)
        }

        fn reach(&mut self, addr: u32, size: u32, store: Option<u32>) {
            let system = self.system_mut();
            let cycle = system.dev.fabric.cycle;
            let _ = match (store, size) {
                (None, 1) => system.$load8(addr, cycle).map(|beat| beat.cycles),
                (None, 2) => system.$load16(addr, cycle).map(|beat| beat.cycles),
                (None, _) => system.$load32(addr, cycle).map(|beat| beat.cycles),
                (Some(value), 1) => system.$store8(addr, value, cycle),
                (Some(value), 2) => system.$store16(addr, value, cycle),
                (Some(value), _) => system.$store32(addr, value, cycle),
            };
        }

        fn pins(&mut self) -> &mut Pins {
            &mut self.system_mut().dev.fabric.pins
        }

        fn consoles(&mut self) -> &mut Consoles {
            &mut self.system_mut().dev.fabric.consoles
        }

        fn time(&self) -> Ps {
            self.now()
        }

        fn executed(&self) -> u64 {
            self.cores().iter().map(|core| core.instructions).sum()
        }

        fn reopened(&mut self) -> Self {
            Self::restore(&self.snapshot())
        }
    };
}
pub(crate) use common;

fn access<T: Target>(chip: &mut T, addr: u32, dice: &mut Dice) {
    let value = dice.value(T::address);
    let (read, size) = (dice.once_in(4), dice.pick(T::SIZES));
    chip.select(dice.below(2) as usize);
    chip.reach(addr & !(size - 1), size, (!read).then_some(value));
}

/// A case. Returns how many inputs the chip took.
pub fn run<T: Target>(kind: Kind, mut dice: Dice) -> u64 {
    let dice = &mut dice;
    let mut chip = T::random(kind, dice);
    let line = T::line(kind, dice);
    let console: ConsoleId = chip.consoles().attach("console", line);
    let block = dice.pick(T::BLOCKS);
    let mut inputs = 0;
    for _ in 0..dice.pick(&[4, 16, 48]) {
        if matches!(kind, Kind::Mmio | Kind::Block) {
            for _ in 0..dice.below(40) {
                let place = match (dice.below(16), T::DMA) {
                    (0, _) => dice.pick(T::TIME),
                    (1..=7, _) if kind == Kind::Block => block,
                    (8, Some(dma)) => dma,
                    _ => dice.pick(T::BLOCKS),
                };
                if !T::TIME.contains(&place) || dice.once_in(4) {
                    access(&mut chip, T::register(place, dice), dice);
                    inputs += 1;
                }
            }
            chip.refresh(dice);
        }
        if dice.once_in(4) {
            chip.consoles().type_in(console, b"text\r\n");
        }
        if kind == Kind::Code && !chip.is_alive() {
            break;
        }
        let now = chip.time();
        outside::gust(chip.pins(), T::PINS, now, dice);
        let until = now + Ps::from(dice.pick(&[1u32, 5, 20, 100, 400])) * MICROSECOND;
        for _ in 0..8 {
            if kind == Kind::Rom {
                chip.enter_rom(dice);
            }
            chip.run_on(until, dice);
        }
        if dice.once_in(40) {
            chip = chip.reopened();
        }
    }
    inputs + chip.executed()
}
