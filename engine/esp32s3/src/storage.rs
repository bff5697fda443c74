//! Blocks that only keep what is written to them.

use crate::block::{undeclared, Block};
use crate::fabric::Fabric;
use engine_core::registers::{Bank, Group, Registers, Write};
use serde::{Deserialize, Serialize};

/// A register set of which nothing depends on.
pub trait Stored: Registers + std::fmt::Debug {
    /// Its declared registers; the first group names the block.
    const GROUPS: &'static [Group];

    /// Does each field `..._LOCK` that is set keep the registers of its name as they are, and itself, until the next reset?
    const LOCKS: bool = false;
}

/// A block that keeps what is written, by the access of each field.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Storage<R: Stored> {
    regs: Bank<R>,
}

impl<R: Stored> Storage<R> {
    /// The block after reset.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self { regs: Bank::new() }
    }

    fn is_locked(&self, register: R) -> bool {
        let name = R::TABLE[register.index()].name;
        let guards = |field: &str| field.strip_suffix("_LOCK").is_some_and(|group| name.starts_with(group));
        let locks = R::TABLE.iter().filter(|lock| guards(lock.fields[0].name));
        R::LOCKS && locks.filter_map(|lock| R::at(lock.offset)).any(|lock| self.regs.get(lock) & 1 != 0)
    }

    /// What a register holds.
    pub fn get(&self, register: R) -> u32 {
        self.regs.get(register)
    }
}

impl<R: Stored> Block for Storage<R> {
    const GROUPS: &'static [Group] = R::GROUPS;

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        match R::at(offset) {
            Some(register) => self.regs.load(register),
            None => undeclared(R::GROUPS[0].block, offset, fabric),
        }
    }

    fn peek(&mut self, offset: u32, _fabric: &mut Fabric) -> u32 {
        R::at(offset).map_or(0, |register| self.regs.load(register))
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        match R::at(offset) {
            Some(register) if self.is_locked(register) => {}
            Some(register) => self.regs.store(register, write, R::GROUPS[0].block, &mut fabric.gaps),
            None => {
                undeclared(R::GROUPS[0].block, offset, fabric);
            }
        }
    }

    fn reset(&mut self, _fabric: &mut Fabric) {
        self.regs.reset();
    }
}
