//! A chip that is lent to somebody else's processors.
//!
//! Another emulator runs the processors and holds the memories. The blocks reach those memories through [`Foreign`], and what
//! the processors must be told is kept as [`Notice`]s. How the two talk is not known here: see the crate `bridge`.

mod foreign;

pub use foreign::{Foreign, Peer, LINE};

use crate::console::Consoles;
use crate::gaps::Gaps;
use crate::pins::Pins;
use crate::time::{Clock, Ps};

/// How a processor is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Keep {
    /// It runs.
    Runs = 0,
    /// It is held in reset.
    Held = 1,
    /// It stands still, to go on where it stood.
    Still = 2,
}

/// What the other side must be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The levels of a processor's interrupt inputs.
    Lines(u8, u32),
    /// These processors (a bit each) start again, for this reason.
    Reset(u8, u8),
    /// A processor is kept otherwise from now on.
    Core(u8, Keep),
    /// A processor's event input.
    Event(u8),
    /// A processor's NMI.
    Nmi(u8),
    /// The processors' clock in Hz.
    Clock(u64),
}

/// How a function of the ROM ended that was carried out for a processor of the other side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trapped {
    /// What the processor does.
    pub how: How,
    /// When the function is over, or entered again.
    pub time: Ps,
    /// The processor's registers from now on.
    pub registers: Vec<u32>,
}

/// What a processor does after a function of the ROM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum How {
    /// It goes on.
    GoesOn = 0,
    /// It enters the function again.
    Again = 1,
    /// It enters the function again when an event or an interrupt comes.
    AtEvent = 2,
    /// It does not go on.
    Stopped = 3,
}

/// Where a run meets what is around the chip.
#[derive(Debug)]
pub struct Border<'a> {
    /// The pins.
    pub pins: &'a Pins,
    /// The consoles.
    pub consoles: &'a mut Consoles,
    /// What is not modelled.
    pub gaps: &'a mut Gaps,
    /// The clock of the processors.
    pub clock: &'a Clock,
}

/// A chip as the bridge needs it. All calls but `lend` are for a chip that is lent.
pub trait Lent {
    /// Why it stops.
    type Stop;
    /// Its number in the protocol.
    const CHIP: u8;
    /// Its name.
    const NAME: &'static str;

    /// From now on its processors and memories are the peer's.
    fn lend(&mut self, peer: Box<dyn Peer>);
    /// What must lie in the other side's memories from the start: addresses and bytes.
    fn contents(&self) -> Vec<(u32, &[u8])>;
    /// Addresses of instructions that stand for a function of the ROM.
    fn traps(&self) -> Vec<u32>;
    /// A run begins: parts may have come and gone, and nobody waits for the run's end yet.
    fn begin(&mut self);
    /// A run ends: what works in batches catches up.
    fn end(&mut self);
    /// The present moment.
    fn now(&self) -> Ps;
    /// When something is due next.
    fn next_due(&self) -> Ps;
    /// Goes on to the given time, or to where a part wants the run to come back. `Some`: something else ended it before.
    fn advance(&mut self, until: Ps) -> Option<Self::Stop>;
    /// A processor's load at the present moment. `None`: a bus error.
    fn load(&mut self, core: u8, addr: u32, size: u8) -> Option<u32>;
    /// A processor's store at the present moment. False: a bus error.
    fn store(&mut self, core: u8, addr: u32, value: u32, size: u8) -> bool;
    /// A function of the ROM is carried out for a processor. `Err`: what is wrong with the request.
    fn trap(&mut self, core: u8, pc: u32, registers: &[u32]) -> Result<(Trapped, Option<Self::Stop>), String>;
    /// A processor was reset by its own means, or the whole chip as at power-on. `Some`: a run that ends by it.
    fn restarted(&mut self, core: Option<u8>) -> Option<Self::Stop>;
    /// The other side's memories get what was stored; what its processors must be told.
    fn settle(&mut self) -> Vec<Notice>;
    /// The border of the chip.
    fn border(&mut self) -> Border<'_>;
    /// Why it stops when the text of this key was seen on the console of this number.
    fn text(key: u32, console: usize) -> Self::Stop;

    /// A text that somebody waits for was seen, and the run ends by it.
    fn seen(&mut self) -> Option<Self::Stop> {
        self.border().consoles.take_seen().map(|(key, console, _)| Self::text(key, console))
    }

    /// Where a part wants the run to come back.
    fn wake(&mut self) -> Ps {
        self.border().pins.wake()
    }

    /// A request came that was for a time so long before the present.
    fn came_late(&mut self, by: Ps) {
        let border = self.border();
        if by > border.clock.rate().duration(1) {
            let why =
                "a processor of the other side came with an access for a time that is over; it was carried out late";
            border.gaps.touch("bridge: access late", why);
        }
    }
}

/// What was told of the processors so far, and what is still to be told.
#[derive(Debug, Default)]
pub struct Told {
    lines: [u32; 2],
    kept: [Option<Keep>; 2],
    clock: u64,
    waiting: Vec<Notice>,
}

impl Told {
    /// Something is to be told.
    pub fn tell(&mut self, notice: Notice) {
        self.waiting.push(notice);
    }

    /// The levels of the interrupt inputs are these: told where they changed.
    pub fn lines(&mut self, lines: [u32; 2]) {
        for (core, level) in lines.into_iter().enumerate() {
            if std::mem::replace(&mut self.lines[core], level) != level {
                self.waiting.push(Notice::Lines(core as u8, level));
            }
        }
    }

    /// The processors are kept so: told where it changed.
    pub fn kept(&mut self, kept: [Keep; 2]) {
        for (core, keep) in kept.into_iter().enumerate() {
            if self.kept[core].replace(keep) != Some(keep) {
                self.waiting.push(Notice::Core(core as u8, keep));
            }
        }
    }

    /// The clock of the processors is this: told where it changed.
    pub fn clock(&mut self, hertz: u64) {
        if std::mem::replace(&mut self.clock, hertz) != hertz {
            self.waiting.push(Notice::Clock(hertz));
        }
    }

    /// What is still to be told, in order.
    pub fn take(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.waiting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_clock_are_told_when_they_change() {
        let mut told = Told::default();
        told.clock(12);
        told.lines([0, 5]);
        told.lines([0, 5]);
        told.clock(12);
        told.tell(Notice::Event(1));
        assert_eq!(told.take(), [Notice::Clock(12), Notice::Lines(1, 5), Notice::Event(1)]);
        told.lines([0, 0]);
        told.kept([Keep::Runs, Keep::Held]);
        told.kept([Keep::Runs, Keep::Runs]);
        let kept = |core, keep| Notice::Core(core, keep);
        let waiting = [Notice::Lines(1, 0), kept(0, Keep::Runs), kept(1, Keep::Held), kept(1, Keep::Runs)];
        assert_eq!(told.take(), waiting);
    }
}
