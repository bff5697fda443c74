//! Bit and memory functions. Datasheet 2.8.3.1.1 and 2.8.3.1.2.

use super::image::{Bits, Function, Memory, FAULT_LOAD, FAULT_STORE};
use super::Outcome;
use crate::system::System;
use armv6m::Core;

/// Average cycles of the bit functions over uniformly random operands, as the ROM's source states them.
fn bits(function: Bits, value: u32) -> (u32, u64) {
    match function {
        Bits::Popcount => (value.count_ones(), 18),
        Bits::Reverse => (value.reverse_bits(), 21),
        Bits::LeadingZeros => (value.leading_zeros(), 13),
        Bits::TrailingZeros => (value.trailing_zeros(), 12),
    }
}

/// An access that the bus refused: the code that makes it again and faults, and the registers that it wants.
struct Refused {
    at: u32,
    store: bool,
}

impl System {
    pub(super) fn call_memory(&mut self, function: Function, core: &mut Core) -> Outcome {
        let [to, second, count, ..] = core.regs;
        let result = match function {
            Function::Bits(function) => {
                let (result, cycles) = bits(function, to);
                core.regs[0] = result;
                core.cycle += cycles;
                return Outcome::Return;
            }
            Function::Memory(Memory::Set | Memory::Set4) => self.fill(to, second as u8, count),
            Function::Memory(Memory::Copy | Memory::Copy44) => self.copy(to, second, count),
            _ => unreachable!("{function:?} is no memory function"),
        };
        match result {
            Ok(cycles) => {
                core.cycle += cycles;
                Outcome::Return
            }
            Err(Refused { at, store: true }) => {
                core.regs[0] = at;
                Outcome::Jump(FAULT_STORE | 1)
            }
            Err(Refused { at, store: false }) => {
                core.regs[1] = at;
                Outcome::Jump(FAULT_LOAD | 1)
            }
        }
    }

    /// Stores whole words where the address allows it. A loop of 16 bytes takes 8 cycles, what is left of it 2 to 4
    /// each, getting there some 20; below 8 bytes the ROM stores bytes, 2 cycles each.
    fn fill(&mut self, to: u32, byte: u8, count: u32) -> Result<u64, Refused> {
        let word = u32::from(byte) * 0x0101_0101;
        let mut done = 0;
        while done < count {
            let at = to.wrapping_add(done);
            let size = piece(at, at, count - done);
            self.dma_store(at, word, size).ok_or(Refused { at, store: true })?;
            done += size;
        }
        Ok(if count < 8 { 10 + 2 * u64::from(count) } else { 22 + 8 * u64::from(count / 16) + ragged(count) })
    }

    /// Words where both addresses allow it, else bytes. A loop of 16 bytes takes 13 cycles, a byte of two addresses
    /// that cannot be aligned 7; flash adds what its cache misses cost.
    fn copy(&mut self, to: u32, from: u32, count: u32) -> Result<u64, Refused> {
        let mut done = 0;
        let mut waits = 0;
        while done < count {
            let (at, source) = (to.wrapping_add(done), from.wrapping_add(done));
            let size = piece(at, source, count - done);
            let refused = Refused { at: source, store: false };
            let value = if source >> 26 == 4 {
                let beat = self.load_xip(source, size).ok_or(refused)?;
                waits += u64::from(beat.cycles - 1);
                beat.value
            } else {
                self.dma_load(source, size).ok_or(refused)?
            };
            self.dma_store(at, value, size).ok_or(Refused { at, store: true })?;
            done += size;
        }
        let moving = if count < 8 {
            12 + 4 * u64::from(count)
        } else if (to ^ from) & 3 != 0 {
            10 + 7 * u64::from(count)
        } else {
            30 + 13 * u64::from(count / 16) + ragged(count)
        };
        Ok(moving + waits)
    }
}

/// What follows the last whole loop of 16 bytes.
fn ragged(count: u32) -> u64 {
    u64::from(count % 16 / 4 * 2 + count % 4)
}

/// The widest access that both addresses and what is left allow.
fn piece(at: u32, source: u32, left: u32) -> u32 {
    match (at | source) & 3 {
        0 if left >= 4 => 4,
        0 | 2 if left >= 2 => 2,
        _ => 1,
    }
}
