//! RNG: the random number generator. ESP32-S3 TRM chapter 25; ESP-IDF `soc/wdev_reg.h` (WDEV_RND_REG).
//!
//! # Fidelity
//! - Every load gives a new word of a seeded generator: the same twin with the same seed reads the same numbers. How much
//!   entropy the noise sources give is not modelled.

use crate::block::Block;
use crate::fabric::Fabric;
use engine_core::registers::{Group, Registers, Write};
use serde::{Deserialize, Serialize};

engine_core::registers! {
    /// At 0x6003_507C.
    pub Reg;
    DATA 0x000 = 0x0000_0000 { }
}

/// The generator: SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Rng {
    state: u64,
}

impl Rng {
    /// The generator of a twin that nobody gave a seed.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self { state: 0 }
    }

    /// Starts anew from a seed.
    pub fn seed(&mut self, seed: u64) {
        self.state = seed;
    }

    fn next(&mut self) -> u32 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.state;
        word = (word ^ word >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ word >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        (word ^ word >> 31) as u32
    }
}

impl Block for Rng {
    /// The SVD puts the block where no other register is and this one at its offset 0x110.
    const GROUPS: &'static [Group] =
        &[Group { block: "RNG", prefix: "", base: 0x110, count: 1, step: 0, table: Reg::TABLE }];

    fn read(&mut self, _offset: u32, _fabric: &mut Fabric) -> u32 {
        self.next()
    }

    fn peek(&mut self, _offset: u32, _fabric: &mut Fabric) -> u32 {
        self.clone().next()
    }

    fn write(&mut self, _offset: u32, _write: Write, _fabric: &mut Fabric) {}

    /// A reset does not start the sequence anew: a chip that restarts reads other numbers.
    fn reset(&mut self, _fabric: &mut Fabric) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SplitMix64 with seed 1234567: the first outputs as published with the algorithm's reference code
    /// (6457827717110365317, 3203168211198807973).
    #[test]
    fn the_sequence_is_that_of_the_published_generator() {
        let (mut rng, mut fabric) = (Rng::new(), Fabric::new());
        rng.seed(1_234_567);
        for expected in [6_457_827_717_110_365_317_u64, 3_203_168_211_198_807_973] {
            assert_eq!(rng.peek(0, &mut fabric), expected as u32);
            assert_eq!(rng.read(0, &mut fabric), expected as u32);
        }
    }
}
