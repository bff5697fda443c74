//! Hard use of both chips: random guest code, random accesses to every block, random descriptors and programs.
//!
//! A guest must never crash or hang the host. A [`Case`] is a chip, a kind of hard use and a seed; the same case does the same
//! thing on every machine, so a case that fails is its own reproduction: `cargo run --release -p storm -- rp2040 mmio 4711`.

mod dice;
mod esp32s3;
mod outside;
mod rp2040;
mod target;

pub use dice::Dice;
use std::cell::RefCell;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::mpsc::{channel, RecvTimeoutError};
use std::time::Duration;

/// Which chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chip {
    /// RP2040.
    Rp2040,
    /// ESP32-S3.
    Esp32s3,
}

/// What is random.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Accesses to all blocks.
    Mmio,
    /// Accesses to one block, and to what brings it clocks, pins and memory.
    Block,
    /// The instructions that the processors run.
    Code,
    /// The functions of the ROM that the processors enter, and their arguments.
    Rom,
}

/// One run from power-on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case {
    /// Whose.
    pub chip: Chip,
    /// Of what.
    pub kind: Kind,
    /// Which one.
    pub seed: u64,
}

/// How a case ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// As it must: with this many inputs (accesses, or instructions) taken.
    Whole(u64),
    /// The engine panicked: where and with what words.
    Panic(String),
    /// The case took longer than the time it was given.
    Hang,
}

thread_local! {
    static LAST: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Panics of cases are remembered and not printed.
pub fn keep_panics_quiet() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map_or_else(String::new, |place| format!("{}:{}", place.file(), place.line()));
        let payload = info.payload();
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("a panic without words");
        LAST.with(|last| *last.borrow_mut() = format!("{place}: {text}"));
    }));
}

/// Hard use of a chip as these dice fall. Returns how many inputs it took; a panic of the engine unwinds.
pub fn run(chip: Chip, kind: Kind, dice: Dice) -> u64 {
    match chip {
        Chip::Rp2040 => target::run::<::rp2040::chip::Chip>(kind, dice),
        Chip::Esp32s3 => target::run::<::esp32s3::chip::Chip>(kind, dice),
    }
}

impl Case {
    /// Carries the case out on this thread. A panic of the engine unwinds.
    pub fn run(self) -> u64 {
        run(self.chip, self.kind, Dice::new(self.seed))
    }

    fn end(self) -> End {
        match catch_unwind(AssertUnwindSafe(|| self.run())) {
            Ok(inputs) => End::Whole(inputs),
            Err(_) => End::Panic(LAST.with(|last| last.borrow().clone())),
        }
    }
}

/// Carries cases out one after the other and tells how each ended. A case that takes longer than `limit` is a hang; it cannot
/// be stopped from outside, so it is the last one.
pub fn run_all(cases: Vec<Case>, limit: Duration, mut tell: impl FnMut(Case, End)) {
    let (sender, ends) = channel();
    let todo = cases.clone();
    std::thread::spawn(move || {
        for case in todo {
            if sender.send(case.end()).is_err() {
                return;
            }
        }
    });
    for case in cases {
        match ends.recv_timeout(limit) {
            Ok(end) => tell(case, end),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return tell(case, End::Hang),
        }
    }
}
