//! The event queue: one slot per thing that can be due, at most one due time per slot.
//!
//! A chip numbers its slots in an enum. Events due at the same picosecond fire in the order of their
//! numbers, so the order is written down once, in that enum, and never depends on who asked first.

use crate::time::Ps;
use serde::{Deserialize, Serialize};

/// Due times by slot.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Events {
    due: Vec<Ps>,
    /// The slots that are due at all, a bit each: most are not.
    waiting: u128,
    next: Ps,
    popped: Ps,
}

impl Events {
    /// A queue of `slots` slots, 128 at most, none of them due.
    pub fn new(slots: usize) -> Self {
        assert!(slots <= u128::BITS as usize);
        Self { due: vec![Ps::MAX; slots], waiting: 0, next: Ps::MAX, popped: 0 }
    }

    /// The slots that are due at all, in their order.
    #[inline(always)]
    fn waiting(&self) -> impl Iterator<Item = usize> {
        let mut rest = self.waiting;
        std::iter::from_fn(move || {
            let slot = rest.trailing_zeros() as usize;
            rest &= rest.wrapping_sub(1);
            (slot < u128::BITS as usize).then_some(slot)
        })
    }

    /// When the next event is due; `Ps::MAX` for never.
    #[inline]
    pub fn next(&self) -> Ps {
        self.next
    }

    /// When this slot is due; `Ps::MAX` for never.
    pub fn due(&self, slot: usize) -> Ps {
        self.due[slot]
    }

    /// Makes the slot due at `at`, instead of what it was due at before.
    pub fn at(&mut self, slot: usize, at: Ps) {
        let before = std::mem::replace(&mut self.due[slot], at);
        self.waiting = self.waiting & !(1 << slot) | u128::from(at != Ps::MAX) << slot;
        if at <= self.next {
            self.next = at;
        } else if before == self.next {
            self.next = self.waiting().map(|slot| self.due[slot]).min().unwrap_or(Ps::MAX);
        }
    }

    /// Makes the slot due never.
    pub fn cancel(&mut self, slot: usize) {
        self.at(slot, Ps::MAX);
    }

    /// When the event that fired last was due: it may be carried out a little later, after the instruction under way.
    pub fn popped(&self) -> Ps {
        self.popped
    }

    /// Takes the first slot that is due at `now` or earlier.
    pub fn pop(&mut self, now: Ps) -> Option<usize> {
        if self.next > now {
            return None;
        }
        let mut found = None;
        let mut after = Ps::MAX;
        for slot in self.waiting() {
            let due = self.due[slot];
            if due == self.next && found.is_none() {
                found = Some(slot);
            } else {
                after = after.min(due);
            }
        }
        let found = found?;
        self.due[found] = Ps::MAX;
        self.waiting &= !(1 << found);
        self.popped = std::mem::replace(&mut self.next, after);
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_fire_by_time_then_by_slot() {
        let mut events = Events::new(4);
        events.at(3, 10);
        events.at(1, 10);
        events.at(2, 5);
        events.at(0, 50);
        events.at(0, 60);
        assert_eq!(events.next(), 5);
        assert_eq!(events.pop(4), None);
        let mut order = vec![];
        while let Some(slot) = events.pop(100) {
            order.push(slot);
        }
        assert_eq!((order, events.popped()), (vec![2, 1, 3, 0], 60));
        assert_eq!(events.next(), Ps::MAX);
    }
}
