//! An audio part's end of a PDM wire: a clock, and data for two channels on its two halves.
//!
//! What is before the clock rises is the left channel (a microphone whose select pin is low), what is before it falls the
//! right one (ESP-IDF `hal/i2s_types.h`, i2s_pdm_slot_mask_t). A part takes and gives samples; on single edges they become
//! a stream of bits by a first-order modulator, and come back by counting ones.

use crate::pins::Drive;
use crate::ports::{I2sBatch, Outside, PortId};
use crate::time::Ps;
use serde::{Deserialize, Serialize};

/// Clocks of a sample where single edges are all that is known.
const CLOCKS: u32 = 64;
/// A batch is handed out when it has grown to this many samples of each channel.
const BATCH: usize = 2048;

/// Makes bits out of samples: their mean is the sample.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Modulator(i64);

impl Modulator {
    /// The next bit while the sample is this one.
    pub fn next(&mut self, sample: i32) -> bool {
        self.0 += i64::from(sample);
        let bit = self.0 >= 0;
        self.0 -= if bit { 1 << 31 } else { -(1 << 31) };
        bit
    }
}

/// So many ones among so many bits, as a sample.
pub fn density(ones: u32, bits: u32) -> i32 {
    let sum = 2 * i64::from(ones) - i64::from(bits);
    ((sum << 31) / i64::from(bits.max(1))).min(i64::from(i32::MAX)) as i32
}

/// The pins and habits of a part.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PdmWire {
    clk: u8,
    data_in: Option<u8>,
    data_out: Option<u8>,
    /// Channels that it drives: left, right.
    drives: [bool; 2],
    modulators: [Modulator; 2],
    samples: [i32; 2],
    ones: [u32; 2],
    clocks: u32,
    began: Ps,
    batch: I2sBatch,
}

impl PdmWire {
    /// A part on these pins. `drives` says in which channels it speaks.
    pub fn new(clk: u8, data_in: Option<u8>, data_out: Option<u8>, drives: [bool; 2]) -> Self {
        Self {
            clk,
            data_in,
            data_out,
            drives,
            modulators: [Modulator::default(); 2],
            samples: [0; 2],
            ones: [0; 2],
            clocks: 0,
            began: 0,
            batch: I2sBatch { slots: 2, ..I2sBatch::default() },
        }
    }

    /// Its clock, as a bit.
    pub fn clk(&self) -> u64 {
        1 << self.clk
    }

    /// Does it act on edges?
    pub fn answers(&self) -> bool {
        self.data_out.is_some()
    }

    /// The pin that it drives, as a bit.
    pub fn data_out(&self) -> u64 {
        self.data_out.map_or(0, |pin| 1 << pin)
    }

    /// The pin that it hears, as a bit.
    pub fn data_in(&self) -> u64 {
        self.data_in.map_or(0, |pin| 1 << pin)
    }

    /// The clock changed. Returns what it drives onto its data output from now on.
    pub fn change(&mut self, port: PortId, level: u64, at: Ps, outside: &mut dyn Outside) -> Option<Drive> {
        let high = level >> self.clk & 1 != 0;
        if let Some(pin) = self.data_in {
            self.ones[usize::from(!high)] += (level >> pin) as u32 & 1;
        }
        if !high {
            self.clocks += 1;
            if self.clocks == CLOCKS {
                let samples = self.ones.map(|ones| density(ones, CLOCKS));
                let began = std::mem::replace(&mut self.began, at);
                self.clocks = 0;
                self.ones = [0; 2];
                if self.data_in.is_some() {
                    self.keep(port, samples, CLOCKS as u8, began, outside);
                }
            }
            if self.clocks == 0 && self.data_out.is_some() {
                let wanted = outside.i2s_wanted(port, &[at]);
                self.samples = [0, 1].map(|n| wanted.get(n).copied().unwrap_or(0));
            }
        }
        let channel = usize::from(high);
        let pin = self.data_out?;
        let level = self.drives[channel].then(|| self.modulators[channel].next(self.samples[channel]));
        Some(Drive { pin, level })
    }

    fn keep(&mut self, port: PortId, samples: [i32; 2], clocks: u8, at: Ps, outside: &mut dyn Outside) {
        self.batch.samples.extend(samples);
        self.batch.at.push(at);
        self.batch.bits = clocks;
        if self.batch.at.len() >= BATCH {
            self.flush(port, outside);
        }
    }

    /// A routed hardware controller sends samples, each of them from its time on.
    pub fn send(&mut self, port: PortId, samples: &[[i32; 2]], clocks: u8, at: &[Ps], outside: &mut dyn Outside) {
        for (samples, at) in samples.iter().zip(at) {
            self.keep(port, *samples, clocks, *at, outside);
        }
    }

    /// A routed hardware controller takes samples, each of them from its time on.
    pub fn receive(&mut self, port: PortId, at: &[Ps], outside: &mut dyn Outside) -> Vec<[i32; 2]> {
        let wanted = outside.i2s_wanted(port, at);
        let sample = |n: usize, channel: usize| {
            wanted.get(2 * n + channel).copied().filter(|_| self.drives[channel]).unwrap_or(0)
        };
        (0..at.len()).map(|n| [sample(n, 0), sample(n, 1)]).collect()
    }

    /// Hands out the samples gathered so far.
    pub fn flush(&mut self, port: PortId, outside: &mut dyn Outside) {
        if !self.batch.at.is_empty() {
            let empty = I2sBatch { slots: 2, bits: self.batch.bits, ..I2sBatch::default() };
            outside.i2s_sent(port, std::mem::replace(&mut self.batch, empty));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_of_the_bits_is_the_sample() {
        for sample in [0, 1 << 30, -(1 << 29), i32::MIN] {
            let mut modulator = Modulator::default();
            let ones = (0..6400).filter(|_| modulator.next(sample)).count() as u32;
            assert!(density(ones, 6400).abs_diff(sample) <= 2 * ((1u32 << 31) / 6400) + 1, "{sample}");
        }
        assert_eq!((density(0, 64), density(32, 64), density(64, 64)), (i32::MIN, 0, i32::MAX));
    }
}
