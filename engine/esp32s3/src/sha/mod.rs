//! The SHA accelerator. ESP32-S3 TRM, chapter SHA Accelerator; ESP-IDF `soc/hwcrypto_reg.h`, `hal/sha_ll.h`.
//!
//! Software puts a block of the padded message into M_MEM, or GDMA brings as many blocks as DMA_BLOCK_NUM says. START hashes
//! from the standard's initial value, CONTINUE from H_MEM. Words of both memories hold bytes in the order of the message and
//! of the digest.
//!
//! # Fidelity
//! - SHA-1, SHA-224, SHA-256, SHA-384, SHA-512, SHA-512/224, SHA-512/256 and SHA-512/t, by software and by DMA: exact.
//! - A block takes one clock of CRYPTO_CLK for a round and one for a word of the message (approximated: ESP-IDF's
//!   performance test asks for 90 MB/s with SHA-256, 114 clocks a block at most).
//! - DMA takes all its blocks at once when it starts; BUSY and the interrupt come when the last is hashed.

#[cfg(test)]
mod tests;

use crate::block::{undeclared, Block};
use crate::fabric::Fabric;
use crate::gdma::{Peripheral, Port};
use crate::slots::Slot;
use crate::sources::Source;
use engine_core::registers::{Bank, Group, Registers, Write};
use engine_core::time::Ps;
use serde::{Deserialize, Serialize};

engine_core::registers! {
    /// ESP-IDF `soc/hwcrypto_reg.h`.
    pub Reg;
    MODE          0x000 = 0x0000_0000 { MODE 2:0 rw; }
    T_STRING      0x004 = 0x0000_0000 { T_STRING 31:0 rw; }
    T_LENGTH      0x008 = 0x0000_0000 { T_LENGTH 5:0 rw; }
    DMA_BLOCK_NUM 0x00C = 0x0000_0000 { DMA_BLOCK_NUM 5:0 rw; }
    START         0x010 = 0x0000_0000 { START 31:1 wo; }
    CONTINUE      0x014 = 0x0000_0000 { CONTINUE 31:1 wo; }
    BUSY          0x018 = 0x0000_0000 { STATE 0 ro; }
    DMA_START     0x01C = 0x0000_0000 { DMA_START 0 wo; }
    DMA_CONTINUE  0x020 = 0x0000_0000 { DMA_CONTINUE 0 wo; }
    CLEAR_IRQ     0x024 = 0x0000_0000 { CLEAR_INTERRUPT 0 wo; }
    IRQ_ENA       0x028 = 0x0000_0000 { INTERRUPT_ENA 0 rw; }
    DATE          0x02C = 0x2019_0402 { DATE 29:0 rw; }
}

const H_MEM: u32 = 0x040;
const H_BYTES: usize = 64;
const M_MEM: u32 = 0x080;
const M_BYTES: usize = 128;

/// Initial values, FIPS 180-4 chapter 5.3.
const SHA1: [u32; 5] = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0];
const SHA224: [u32; 8] =
    [0xC105_9ED8, 0x367C_D507, 0x3070_DD17, 0xF70E_5939, 0xFFC0_0B31, 0x6858_1511, 0x64F9_8FA7, 0xBEFA_4FA4];
const SHA256: [u32; 8] =
    [0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A, 0x510E_527F, 0x9B05_688C, 0x1F83_D9AB, 0x5BE0_CD19];
const SHA384: [u64; 8] = [
    0xCBBB_9D5D_C105_9ED8,
    0x629A_292A_367C_D507,
    0x9159_015A_3070_DD17,
    0x152F_ECD8_F70E_5939,
    0x6733_2667_FFC0_0B31,
    0x8EB4_4A87_6858_1511,
    0xDB0C_2E0D_64F9_8FA7,
    0x47B5_481D_BEFA_4FA4,
];
const SHA512: [u64; 8] = [
    0x6A09_E667_F3BC_C908,
    0xBB67_AE85_84CA_A73B,
    0x3C6E_F372_FE94_F82B,
    0xA54F_F53A_5F1D_36F1,
    0x510E_527F_ADE6_82D1,
    0x9B05_688C_2B3E_6C1F,
    0x1F83_D9AB_FB41_BD6B,
    0x5BE0_CD19_137E_2179,
];
const SHA512_224: [u64; 8] = [
    0x8C3D_37C8_1954_4DA2,
    0x73E1_9966_89DC_D4D6,
    0x1DFA_B7AE_32FF_9C82,
    0x679D_D514_582F_9FCF,
    0x0F6D_2B69_7BD4_4DA8,
    0x77E3_6F73_04C4_8942,
    0x3F9D_85A8_6A1D_36C8,
    0x1112_E6AD_91D6_92A1,
];
const SHA512_256: [u64; 8] = [
    0x2231_2194_FC2B_F72C,
    0x9F55_5FA3_C84C_64C2,
    0x2393_B86B_6F53_B151,
    0x9638_7719_5940_EABD,
    0x9628_3EE2_A88E_FFE3,
    0xBE5E_1E25_5386_3992,
    0x2B01_99FC_2C85_B8AA,
    0x0EB7_2DDC_81C5_2CA2,
];

/// MODE of SHA-512/t.
const SHA_512_T: u32 = 7;

/// Blocks that DMA has still to bring.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Run {
    total: u32,
    left: u32,
    first: bool,
    /// The part of a block that is there already.
    part: Vec<u8>,
}

/// The block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sha {
    bank: Bank<Reg>,
    h: Vec<u8>,
    m: Vec<u8>,
    run: Option<Run>,
    /// When the hashing that is under way is over, and whether its blocks came by DMA.
    ends: Option<(Ps, bool)>,
    done: bool,
}

impl Sha {
    /// After power-on.
    pub fn new() -> Self {
        Self { bank: Bank::new(), h: vec![0; H_BYTES], m: vec![0; M_BYTES], run: None, ends: None, done: false }
    }

    /// Bytes of a block of the message.
    fn block_size(&self) -> usize {
        if self.bank.get(Reg::MODE) < 3 {
            64
        } else {
            128
        }
    }

    /// Clocks for a block: the rounds of FIPS 180-4 chapter 6, and its words.
    fn clocks(&self) -> u64 {
        match self.bank.get(Reg::MODE) {
            0 => 80 + 16,
            1 | 2 => 64 + 16,
            _ => 80 + 32,
        }
    }

    fn is_busy(&self) -> bool {
        self.run.is_some() || self.ends.is_some()
    }

    fn interrupt(&self, fabric: &mut Fabric) {
        fabric.set_irq(Source::SHA, self.done && self.bank.get(Reg::IRQ_ENA) & 1 != 0);
    }

    /// START and CONTINUE: the block in M_MEM.
    fn start(&mut self, first: bool, fabric: &mut Fabric) {
        if self.is_busy() {
            return;
        }
        if first && self.bank.get(Reg::MODE) == SHA_512_T {
            self.derive_initial_value();
        } else {
            self.compress(first);
        }
        self.finish_after(1, false, fabric);
    }

    /// DMA_START and DMA_CONTINUE.
    fn start_dma(&mut self, first: bool, fabric: &mut Fabric) {
        if self.is_busy() {
            return;
        }
        let total = self.bank.field(Reg::DMA_BLOCK_NUM, DMA_BLOCK_NUM::DMA_BLOCK_NUM);
        if first && self.bank.get(Reg::MODE) == SHA_512_T {
            fabric
                .gaps
                .touch("SHA.DMA_START", "SHA-512/t begins with START: what DMA_START does in this mode is not known");
        }
        self.run = Some(Run { total, left: total, first, part: Vec::new() });
        fabric.soon(Slot::Sha);
    }

    fn finish_after(&mut self, blocks: u32, dma: bool, fabric: &mut Fabric) {
        let at = fabric.now().saturating_add(fabric.rates.crypto.duration(u64::from(blocks) * self.clocks()));
        self.ends = Some((at, dma));
        fabric.at(Slot::Sha, at);
    }

    /// GDMA has data, or the last block is hashed.
    pub fn due(&mut self, port: &mut Port, fabric: &mut Fabric) {
        if let Some(mut run) = self.run.take() {
            let size = self.block_size();
            while run.left > 0 {
                let have = run.part.len();
                run.part.resize(size, 0);
                let got = port.pull(Peripheral::SHA, &mut run.part[have..], fabric);
                run.part.truncate(have + got);
                if run.part.len() < size {
                    self.run = Some(run);
                    return;
                }
                self.m[..size].copy_from_slice(&run.part);
                run.part.clear();
                self.compress(run.first);
                run.first = false;
                run.left -= 1;
            }
            return self.finish_after(run.total, true, fabric);
        }
        match self.ends {
            Some((at, _)) if at > fabric.now() => fabric.at(Slot::Sha, at),
            Some((_, dma)) => {
                self.ends = None;
                self.done |= dma;
                self.interrupt(fabric);
            }
            None => {}
        }
    }

    /// SHA-512/t, FIPS 180-4 section 5.3.6: the text "SHA-512/t" is hashed from a changed initial value. T_STRING is what
    /// follows its eighth letter, T_LENGTH the length of all of it, of which bit 6 is always set.
    fn derive_initial_value(&mut self) {
        let mut text = [0; M_BYTES];
        text[..8].copy_from_slice(b"SHA-512/");
        text[8..12].copy_from_slice(&self.bank.get(Reg::T_STRING).to_be_bytes());
        text[M_BYTES - 1] = 0x40 | self.bank.get(Reg::T_LENGTH) as u8;
        let mut state = SHA512.map(|word| word ^ 0xA5A5_A5A5_A5A5_A5A5);
        sha2::compress512(&mut state, &[text.into()]);
        self.keep64(&state);
    }

    fn compress(&mut self, first: bool) {
        match self.bank.get(Reg::MODE) {
            0 => {
                let mut state: [u32; 5] = if first { SHA1 } else { self.words32() };
                sha1::compress(&mut state, &[self.block().into()]);
                self.keep32(&state);
            }
            mode @ (1 | 2) => {
                let initial = if mode == 1 { SHA224 } else { SHA256 };
                let mut state: [u32; 8] = if first { initial } else { self.words32() };
                sha2::compress256(&mut state, &[self.block::<64>().into()]);
                self.keep32(&state);
            }
            mode => {
                let initial = match mode {
                    3 => SHA384,
                    5 => SHA512_224,
                    6 => SHA512_256,
                    _ => SHA512,
                };
                let mut state: [u64; 8] = if first { initial } else { self.words64() };
                sha2::compress512(&mut state, &[self.block::<128>().into()]);
                self.keep64(&state);
            }
        }
    }

    fn block<const N: usize>(&self) -> [u8; N] {
        self.m[..N].try_into().expect("M_MEM holds a block")
    }

    fn words32<const N: usize>(&self) -> [u32; N] {
        std::array::from_fn(|n| u32::from_be_bytes(self.h[4 * n..4 * n + 4].try_into().expect("four bytes")))
    }

    fn words64(&self) -> [u64; 8] {
        std::array::from_fn(|n| u64::from_be_bytes(self.h[8 * n..8 * n + 8].try_into().expect("eight bytes")))
    }

    fn keep32(&mut self, state: &[u32]) {
        for (place, word) in self.h.chunks_mut(4).zip(state) {
            place.copy_from_slice(&word.to_be_bytes());
        }
    }

    fn keep64(&mut self, state: &[u64; 8]) {
        for (place, word) in self.h.chunks_mut(8).zip(state) {
            place.copy_from_slice(&word.to_be_bytes());
        }
    }

    /// The memory behind an offset, and the place in it.
    fn memory(&mut self, offset: u32) -> Option<&mut [u8]> {
        let (h, m) = (offset.wrapping_sub(H_MEM) as usize, offset.wrapping_sub(M_MEM) as usize);
        if h < H_BYTES {
            Some(&mut self.h[h..h + 4])
        } else if m < M_BYTES {
            Some(&mut self.m[m..m + 4])
        } else {
            None
        }
    }
}

impl Default for Sha {
    fn default() -> Self {
        Self::new()
    }
}

impl Block for Sha {
    const GROUPS: &'static [Group] = &[Group::one("SHA", Reg::TABLE)];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        self.peek(offset, fabric)
    }

    fn stays(&self, offset: u32) -> bool {
        Reg::at(offset).is_some()
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        if let Some(word) = self.memory(offset) {
            return u32::from_le_bytes([word[0], word[1], word[2], word[3]]);
        }
        match Reg::at(offset) {
            Some(Reg::BUSY) => u32::from(self.is_busy()),
            Some(register) => self.bank.load(register),
            None => undeclared("SHA", offset, fabric),
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        if let Some(word) = self.memory(offset) {
            return word.copy_from_slice(&write.value.to_le_bytes());
        }
        let Some(register) = Reg::at(offset) else {
            undeclared("SHA", offset, fabric);
            return;
        };
        self.bank.store(register, write, "SHA", &mut fabric.gaps);
        match register {
            Reg::START => self.start(true, fabric),
            Reg::CONTINUE => self.start(false, fabric),
            Reg::DMA_START => self.start_dma(true, fabric),
            Reg::DMA_CONTINUE => self.start_dma(false, fabric),
            Reg::CLEAR_IRQ => self.done = false,
            _ => {}
        }
        self.interrupt(fabric);
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        *self = Self::new();
        fabric.cancel(Slot::Sha);
        self.interrupt(fabric);
    }
}
