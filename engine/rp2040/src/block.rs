//! What a block of registers is to the bus.

use crate::fabric::{Fabric, Slot};
use engine_core::registers::{Group, Write};

/// A block of registers behind the bus fabric. Offsets are word offsets without the alias bits.
///
/// The bus has already done what it does for every block: split off the atomic alias (datasheet 2.1.2),
/// widened narrow writes by replication (2.1.4), and refused blocks that are held in reset.
pub trait Block {
    /// Its declared registers.
    const GROUPS: &'static [Group];

    /// A load by software: may have side effects (a FIFO pops, a flag clears).
    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32;

    /// The value of a register without side effects: for atomic aliases, debuggers and traces.
    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32;

    /// A store by software.
    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric);

    /// Something of this block is due.
    fn event(&mut self, _slot: Slot, _fabric: &mut Fabric) {}

    /// Back to the state after reset.
    fn reset(&mut self, fabric: &mut Fabric);
}

/// An access to an offset where the block declares no register: reads 0 on the real bus, and is counted here.
#[cold]
pub fn undeclared(block: &str, offset: u32, fabric: &mut Fabric) -> u32 {
    fabric.gaps.touch(&format!("{block}+0x{offset:03X}"), "no register is declared at this offset");
    0
}
