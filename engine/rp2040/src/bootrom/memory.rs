//! Bit and memory functions. Datasheet 2.8.3.1.1 and 2.8.3.1.2.

use super::image::{Bits, Function, Memory, FAULT_LOAD, FAULT_STORE};
use super::Outcome;
use crate::system::System;
use armv6m::Core;

const SIO: u32 = 0xD000_0000;

/// Cycles as the code of a B1 ROM takes them on this engine, its return left out.
fn bits(function: Bits, value: u32) -> (u32, u64) {
    match function {
        Bits::Popcount => (value.count_ones(), 20),
        Bits::Reverse => (value.reverse_bits(), 22),
        Bits::LeadingZeros => (value.leading_zeros(), 10),
        Bits::TrailingZeros => (value.trailing_zeros(), 11),
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
        let shared = |addr: u32| matches!(addr >> 26, 5 | 6 | 0x10 | 0x14);
        if matches!(function, Function::Memory(_)) && (shared(to) || shared(second)) && !self.has_turn(core) {
            return Outcome::Again;
        }
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
        if let Err(Refused { at: SIO.., .. }) = result {
            let why = "the ROM's memory functions reach the bus fabric only; the copy ends here";
            self.dev.fabric.gaps.touch("ROM memory function on SIO or the processor's own registers", why);
        }
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

    /// Stores whole words where the address allows it: 8 cycles per 16 bytes, and below 8 bytes 2 per byte.
    fn fill(&mut self, to: u32, byte: u8, count: u32) -> Result<u64, Refused> {
        let word = u32::from(byte) * 0x0101_0101;
        let mut done = 0;
        while done < count {
            let at = to.wrapping_add(done);
            let size = piece(at, at, count - done);
            self.dma_store(at, word, size).ok_or(Refused { at, store: true })?;
            done += size;
        }
        Ok(match count {
            0..8 => 11 + 2 * u64::from(count),
            8..16 => 30 + rest(count, [2, 1, 4, 4]),
            _ => 37 + 8 * u64::from(count / 16) + rest(count, [2, 1, 4, 4]),
        })
    }

    /// Words where both addresses allow it, else bytes: 13 cycles per 16 bytes, or 7 per byte; flash adds what its
    /// cache misses cost.
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
            11 + 4 * u64::from(count)
        } else if (to ^ from) & 3 != 0 {
            7 + 7 * u64::from(count)
        } else {
            let head = if to & 3 != 0 { 9 } else { 0 };
            35 + head + 13 * u64::from(count / 16) + rest(count, [7, 3, 5, 6])
        };
        Ok(moving + waits)
    }
}

/// What follows the last 16 bytes: so many cycles for 8, 4, 2 and 1 more.
fn rest(count: u32, cycles: [u64; 4]) -> u64 {
    (0..4).filter(|bit| count << bit & 8 != 0).map(|bit| cycles[bit]).sum()
}

/// The widest access that both addresses and what is left allow.
fn piece(at: u32, source: u32, left: u32) -> u32 {
    match (at | source) & 3 {
        0 if left >= 4 => 4,
        0 | 2 if left >= 2 => 2,
        _ => 1,
    }
}
