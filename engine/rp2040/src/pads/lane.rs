//! The short way from a function's outputs to their pins.

use super::Func;
use crate::fabric::Fabric;
use engine_core::pins::Train;

/// Outputs of a function that go straight to their pins: selected, enabled, without overrides or interrupts, driven by
/// nobody else. Between two accesses by software they can be moved without a look at multiplexer and inputs, which learn
/// of it in [`Lane::close`].
pub struct Lane<'a> {
    fabric: &'a mut Fabric,
    func: Func,
    open: u32,
    /// The outputs that differ from those the multiplexer knows.
    toggled: u32,
    rose: u32,
    fell: u32,
    /// The cycles from which the last three changes were there, and what was toggled then: the last one first. Input
    /// synchronisers reach back no further.
    last: [(u64, u32); 3],
    disturbed: bool,
}

impl<'a> Lane<'a> {
    /// The lane of a function.
    #[inline(always)]
    pub fn new(func: Func, fabric: &'a mut Fabric) -> Self {
        let io = &fabric.io;
        let closed = fabric.pins.entangled() as u32 | io.special | io.interrupts.watched;
        let open = if fabric.tree.stopped { 0 } else { io.selected[func as usize] & io.mux_enable & !closed };
        Self { fabric, func, open, toggled: 0, rose: 0, fell: 0, last: [(0, 0); 3], disturbed: false }
    }

    /// The outputs that can be moved here.
    #[inline(always)]
    pub fn open(&self) -> u32 {
        self.open
    }

    /// The levels of the pins.
    #[inline(always)]
    pub fn level(&self) -> u32 {
        self.fabric.pins.level() as u32
    }

    /// A part did something meanwhile, so the lane must be closed.
    #[inline(always)]
    pub fn is_disturbed(&self) -> bool {
        self.disturbed
    }

    /// Open outputs toggle in the cycle before `cycle`.
    #[inline(always)]
    pub fn toggle(&mut self, changed: u32, cycle: u64) {
        let fabric = &mut *self.fabric;
        let level = fabric.pins.level() as u32 ^ changed;
        self.disturbed = !fabric.pins.toggle(u64::from(changed), fabric.clock.ps_at(cycle));
        self.rose |= changed & level;
        self.fell |= changed & !level;
        self.toggled ^= changed;
        self.last = [(cycle, self.toggled), self.last[0], self.last[1]];
    }

    /// A train of bits over open outputs, up to `until`; both in 1/256 cycles. The cycle from which its last edge was there.
    /// `None`: edges must be gone through one by one, because somebody is told of them, or has not seen any yet: INTR
    /// latches the first ones, and from then on keeps them.
    #[inline(always)]
    pub fn send(&mut self, train: &mut Train, until: u64) -> Option<u64> {
        let Fabric { pins, clock, io, .. } = &mut *self.fabric;
        let latched = io.interrupts.rose & io.interrupts.fell | !io.input_enable;
        if train.pins & !u64::from(latched) != 0 {
            return None;
        }
        let same = self.toggled ^ pins.level() as u32;
        let sent = pins.send(train, until, |due| clock.ps_at((due >> 8) + 1))?;
        let others = pins.level() & !train.pins;
        let edge = |back| {
            let (due, levels) = train.edge_before(back);
            ((due >> 8) + 1, same ^ (others | levels) as u32)
        };
        self.last = match sent.edges {
            1 => [edge(0), self.last[0], self.last[1]],
            2 => [edge(0), edge(1), self.last[0]],
            _ => [edge(0), edge(1), edge(2)],
        };
        self.toggled = self.last[0].1;
        self.disturbed = sent.disturbed;
        Some(self.last[0].0)
    }

    /// What was toggled is known to the multiplexer and the inputs. Returns the last changes of the inputs in order: the
    /// cycle and the levels from then on.
    #[inline(always)]
    pub fn close(self) -> impl Iterator<Item = (u64, u32)> {
        let io = &mut self.fabric.io;
        let (before, enabled) = (io.input, io.input_enable);
        io.out[self.func as usize] ^= self.toggled;
        io.mux_out ^= self.toggled;
        io.input ^= self.toggled & enabled;
        io.irq_input ^= self.toggled & enabled;
        io.interrupts.rose |= self.rose & enabled;
        io.interrupts.fell |= self.fell & enabled;
        if self.fabric.posted_attention() {
            self.fabric.inputs_changed();
        }
        self.last.into_iter().rev().map(move |(cycle, toggled)| (cycle, before ^ toggled & enabled))
    }
}
