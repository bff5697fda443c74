//! What a block of registers is to the bus.

use crate::fabric::Fabric;
use crate::slots::Slot;
use engine_core::registers::{Group, Write};

/// A block of registers behind the peripheral bus. Offsets are word offsets from the block's base address.
pub trait Block {
    /// Its declared registers.
    const GROUPS: &'static [Group];

    /// A load by software: may have side effects (a FIFO pops).
    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32;

    /// Does a load of this register do nothing, and give the same until software stores something, or an event or an
    /// input comes? Whoever polls it then need not look again before.
    fn stays(&self, _offset: u32) -> bool {
        false
    }

    /// The value of a register without side effects: for narrow stores, debuggers and traces.
    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32;

    /// A store by software.
    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric);

    /// Something of this block is due.
    fn event(&mut self, _slot: Slot, _fabric: &mut Fabric) {}

    /// A watched input signal of the GPIO matrix changed, see [`Fabric::watch_input`].
    fn input(&mut self, _edge: InputEdge, _fabric: &mut Fabric) {}

    /// The rates of the clock tree are others from now on.
    fn clocks_changed(&mut self, _fabric: &mut Fabric) {}

    /// Back to the state after reset.
    fn reset(&mut self, fabric: &mut Fabric);
}

/// A change of an input signal, after the matrix (inversion worked in).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InputEdge {
    /// The signal.
    pub signal: crate::signals::Signal,
    /// When.
    pub at: engine_core::time::Ps,
    /// The level from then on.
    pub high: bool,
}

/// An access to an offset where the block declares no register: reads 0 on the real bus, and is counted here.
#[cold]
pub fn undeclared(block: &str, offset: u32, fabric: &mut Fabric) -> u32 {
    fabric.gaps.touch(&format!("{block}+0x{offset:03X}"), "no register is declared at this offset");
    0
}
