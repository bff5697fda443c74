//! A flat memory for the core, and random programs.

pub mod assembler;
pub mod random;
pub mod windows;

use xtensa::{Beat, Bus, BusError, Cause, Fetch};

/// RAM from 0.
pub struct Flat {
    pub memory: Vec<u8>,
}

impl Flat {
    fn load(&self, addr: u32, bytes: usize) -> Result<Beat, BusError> {
        let at = addr as usize;
        let slice = self.memory.get(at..at + bytes).ok_or(BusError::Fault(Cause::LoadStoreError))?;
        Ok(Beat { value: slice.iter().rev().fold(0, |value, &byte| value << 8 | u32::from(byte)), cycles: 0 })
    }
    fn store(&mut self, addr: u32, value: u32, bytes: usize) -> Result<u32, BusError> {
        let at = addr as usize;
        let slice = self.memory.get_mut(at..at + bytes).ok_or(BusError::Fault(Cause::LoadStoreError))?;
        slice.copy_from_slice(&value.to_le_bytes()[..bytes]);
        Ok(0)
    }
}

impl Bus for Flat {
    fn load32(&mut self, addr: u32, _: u64) -> Result<Beat, BusError> {
        self.load(addr, 4)
    }
    fn load16(&mut self, addr: u32, _: u64) -> Result<Beat, BusError> {
        self.load(addr, 2)
    }
    fn load8(&mut self, addr: u32, _: u64) -> Result<Beat, BusError> {
        self.load(addr, 1)
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
        match self.load(addr, 4) {
            Ok(beat) => Fetch::Word(beat.value),
            Err(_) => Fetch::Nothing(Cause::InstructionFetchError),
        }
    }
    fn is_trap(&self, _: u32) -> bool {
        false
    }
    fn fetch_cycles(&mut self, _: u32, _: u64) -> u32 {
        0
    }
    fn has_fetch_timing(&self, _: u32) -> bool {
        false
    }
    fn watch_code(&mut self, _: u32) {}
    fn deadline(&self) -> u64 {
        u64::MAX
    }
    fn read_ur(&mut self, _: u8, _: u64) -> Result<u32, BusError> {
        Ok(0)
    }
    fn write_ur(&mut self, _: u8, _: u32, _: u32, _: u64) -> Result<(), BusError> {
        Ok(())
    }
}
