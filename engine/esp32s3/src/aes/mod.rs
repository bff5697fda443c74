//! The AES accelerator. ESP32-S3 TRM, chapter AES Accelerator; ESP-IDF `soc/hwcrypto_reg.h`, `hal/aes_ll.h`.
//!
//! Typical working: a block in TEXT_IN, TRIGGER, and the result in TEXT_OUT. DMA working: GDMA brings BLOCK_NUM blocks and
//! takes as many, in the cipher block mode that BLOCK_MODE says. Words of keys, vectors and texts hold bytes in their order.
//!
//! # Fidelity
//! - AES-128 and AES-256, typical working, DMA working in ECB, CBC, OFB, CTR (INC32, INC128), CFB8 and CFB128, the vector
//!   that is left in IV_MEM, the interrupt: exact.
//! - A block takes one clock of CRYPTO_CLK for each round and five more; by DMA 16 more for its way through GDMA
//!   (approximated: ESP-IDF's performance test asks for 43 MB/s with CBC, 59 clocks a block at most).
//! - DMA takes and gives all its blocks at once; STATE and the interrupt say so when the last is through.
//! - GCM is not in this chip's manual (BLOCK_MODE 6 is reserved), though its registers are in the SVD: they say so.

#[cfg(test)]
mod tests;

use crate::block::{undeclared, Block};
use crate::fabric::Fabric;
use crate::gdma::{Peripheral, Port};
use crate::slots::Slot;
use crate::sources::Source;
use ::aes::cipher::{BlockDecrypt, BlockEncrypt, KeyInit};
use ::aes::{Aes128, Aes256};
use engine_core::registers::{Bank, Group, Registers, Write};
use engine_core::time::Ps;
use serde::{Deserialize, Serialize};

engine_core::registers! {
    /// ESP-IDF `soc/hwcrypto_reg.h`.
    pub Reg;
    MODE 0x040 = 0x0000_0000 { MODE 2:0 rw; }
    TRIGGER 0x048 = 0x0000_0000 { TRIGGER 0 wo; }
    STATE 0x04C = 0x0000_0000 { STATE 1:0 ro; }
    DMA_ENABLE 0x090 = 0x0000_0000 { DMA_ENABLE 0 rw; }
    BLOCK_MODE 0x094 = 0x0000_0000 { BLOCK_MODE 2:0 rw; }
    BLOCK_NUM 0x098 = 0x0000_0000 { BLOCK_NUM 31:0 rw; }
    INC_SEL 0x09C = 0x0000_0000 { INC_SEL 0 rw; }
    AAD_BLOCK_NUM 0x0A0 = 0x0000_0000 { AAD_BLOCK_NUM 31:0 todo "this chip has no GCM"; }
    REMAINDER_BIT_NUM 0x0A4 = 0x0000_0000 { REMAINDER_BIT_NUM 6:0 todo "this chip has no GCM"; }
    CONTINUE 0x0A8 = 0x0000_0000 { CONTINUE 0 todo "this chip has no GCM"; }
    INT_CLR 0x0AC = 0x0000_0000 { INT_CLEAR 0 wo; }
    INT_ENA 0x0B0 = 0x0000_0000 { INT_ENA 0 rw; }
    DATE 0x0B4 = 0x2019_1210 { DATE 29:0 rw; }
    DMA_EXIT 0x0B8 = 0x0000_0000 { DMA_EXIT 0 wo; }
}

engine_core::registers! {
    /// Key and texts.
    pub Word;
    KEY 0x000 = 0x0000_0000 { KEY 31:0 rw; }
}

engine_core::registers! {
    /// The source of typical working.
    pub TextIn;
    TEXT_IN 0x000 = 0x0000_0000 { TEXT_IN 31:0 rw; }
}

engine_core::registers! {
    /// The result of typical working.
    pub TextOut;
    TEXT_OUT 0x000 = 0x0000_0000 { TEXT_OUT 31:0 rw; }
}

/// Bytes of a block.
pub const BLOCK: usize = 16;

const TEXT_IN: usize = 0x20;
const TEXT_OUT: usize = 0x30;
const IV_MEM: usize = 0x50;
/// From here to the next register are the memories of GCM: the hash subkey, J0 and T0.
const H_MEM: u32 = 0x60;
const GCM_END: u32 = 0x90;

/// STATE.
const IDLE: u32 = 0;
const BUSY: u32 = 1;
const DONE: u32 = 2;

/// MODE: AES-256 instead of AES-128, and decryption.
const LONG_KEY: u32 = 1 << 1;
const DECRYPT: u32 = 1 << 2;

/// BLOCK_MODE.
const ECB: u32 = 0;
const CBC: u32 = 1;
const OFB: u32 = 2;
const CTR: u32 = 3;
const CFB8: u32 = 4;
const CFB128: u32 = 5;

/// A key, ready to use.
pub enum Cipher {
    /// AES-128.
    Short(Box<Aes128>),
    /// AES-256.
    Long(Box<Aes256>),
}

impl Cipher {
    /// The cipher of a key of 16 or 32 bytes.
    pub fn new(key: &[u8]) -> Self {
        match key.len() {
            16 => Self::Short(Box::new(Aes128::new_from_slice(key).expect("16 bytes"))),
            _ => Self::Long(Box::new(Aes256::new_from_slice(key).expect("32 bytes"))),
        }
    }

    /// A block is encrypted.
    pub fn encrypt(&self, block: &mut [u8; BLOCK]) {
        match self {
            Self::Short(aes) => aes.encrypt_block(block.into()),
            Self::Long(aes) => aes.encrypt_block(block.into()),
        }
    }

    /// A block is decrypted.
    pub fn decrypt(&self, block: &mut [u8; BLOCK]) {
        match self {
            Self::Short(aes) => aes.decrypt_block(block.into()),
            Self::Long(aes) => aes.decrypt_block(block.into()),
        }
    }
}

/// Adds without carry.
pub fn xor(block: &mut [u8; BLOCK], other: &[u8; BLOCK]) {
    for (byte, other) in block.iter_mut().zip(other) {
        *byte ^= other;
    }
}

/// The block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Aes {
    bank: Bank<Reg>,
    /// KEY, TEXT_IN, TEXT_OUT, and from IV_MEM on the vector.
    memory: Vec<u8>,
    state: u32,
    /// Blocks that DMA has still to bring, and the part of one that is there.
    left: u32,
    part: Vec<u8>,
    /// What could not be given to GDMA yet.
    rest: Vec<u8>,
    /// When the operation that is under way is over.
    ends: Option<Ps>,
    done: bool,
}

impl Aes {
    /// After power-on.
    pub fn new() -> Self {
        Self {
            bank: Bank::new(),
            memory: vec![0; IV_MEM + BLOCK],
            state: IDLE,
            left: 0,
            part: Vec::new(),
            rest: Vec::new(),
            ends: None,
            done: false,
        }
    }

    fn mode(&self) -> u32 {
        self.bank.get(Reg::MODE)
    }

    fn decrypts(&self) -> bool {
        self.mode() & DECRYPT != 0
    }

    fn cipher(&self) -> Cipher {
        Cipher::new(&self.memory[..if self.mode() & LONG_KEY != 0 { 32 } else { 16 }])
    }

    fn block_at(&self, place: usize) -> [u8; BLOCK] {
        self.memory[place..place + BLOCK].try_into().expect("16 bytes")
    }

    fn keep(&mut self, place: usize, block: &[u8; BLOCK]) {
        self.memory[place..place + BLOCK].copy_from_slice(block);
    }

    /// 10 rounds or 14.
    fn clocks(&self) -> u64 {
        5 + if self.mode() & LONG_KEY != 0 { 14 } else { 10 }
    }

    fn interrupt(&self, fabric: &mut Fabric) {
        fabric.set_irq(Source::AES, self.done && self.bank.get(Reg::INT_ENA) & 1 != 0);
    }

    fn finish_after(&mut self, clocks: u64, fabric: &mut Fabric) {
        let at = fabric.now().saturating_add(fabric.rates.crypto.duration(clocks));
        self.ends = Some(at);
        fabric.at(Slot::Aes, at);
    }

    fn trigger(&mut self, fabric: &mut Fabric) {
        if self.state != IDLE {
            return;
        }
        if self.mode() & 1 != 0 {
            fabric.gaps.touch("AES.MODE", "this chip has no AES-192: what it makes of the key is not known");
        }
        self.state = BUSY;
        if self.bank.get(Reg::DMA_ENABLE) & 1 == 0 {
            let mut block = self.block_at(TEXT_IN);
            if self.decrypts() {
                self.cipher().decrypt(&mut block);
            } else {
                self.cipher().encrypt(&mut block);
            }
            self.keep(TEXT_OUT, &block);
            self.finish_after(self.clocks(), fabric);
            return;
        }
        if self.bank.get(Reg::BLOCK_MODE) > CFB128 {
            fabric.gaps.touch("AES.BLOCK_MODE", "values 6 and 7 are reserved: nothing is ciphered");
        }
        self.left = self.bank.get(Reg::BLOCK_NUM);
        self.part.clear();
        fabric.soon(Slot::Aes);
    }

    /// GDMA has data or room, or the operation is over.
    pub fn due(&mut self, port: &mut Port, fabric: &mut Fabric) {
        match self.ends {
            Some(at) if at > fabric.now() => fabric.at(Slot::Aes, at),
            Some(_) => {
                self.ends = None;
                let by_dma = self.bank.get(Reg::DMA_ENABLE) & 1 != 0;
                self.state = if by_dma { DONE } else { IDLE };
                self.done |= by_dma;
                self.interrupt(fabric);
            }
            None if self.state == BUSY => self.move_blocks(port, fabric),
            None => {}
        }
    }

    /// As many blocks as GDMA has, and has room for.
    fn move_blocks(&mut self, port: &mut Port, fabric: &mut Fabric) {
        let cipher = self.cipher();
        let mut iv = self.block_at(IV_MEM);
        while self.left > 0 {
            let have = self.part.len();
            self.part.resize(BLOCK, 0);
            let got = port.pull(Peripheral::AES, &mut self.part[have..], fabric);
            self.part.truncate(have + got);
            let Ok(mut block) = <[u8; BLOCK]>::try_from(self.part.as_slice()) else { break };
            self.part.clear();
            self.cipher_block(&cipher, &mut iv, &mut block);
            self.rest.extend(block);
            self.left -= 1;
        }
        self.keep(IV_MEM, &iv);
        if !self.rest.is_empty() && port.is_ready(Peripheral::AES, false) {
            let given = port.push(Peripheral::AES, &self.rest, self.left == 0, fabric);
            self.rest.drain(..given);
        }
        if self.left == 0 && self.rest.is_empty() {
            let blocks = u64::from(self.bank.get(Reg::BLOCK_NUM));
            self.finish_after(blocks * (self.clocks() + BLOCK as u64), fabric);
        }
    }

    /// One block in the cipher block mode, NIST SP 800-38A. In OFB, CTR and CFB the cipher itself always encrypts.
    fn cipher_block(&self, cipher: &Cipher, iv: &mut [u8; BLOCK], block: &mut [u8; BLOCK]) {
        let given = *block;
        match (self.bank.get(Reg::BLOCK_MODE), self.decrypts()) {
            (ECB, false) => cipher.encrypt(block),
            (ECB, true) => cipher.decrypt(block),
            (CBC, false) => {
                xor(block, iv);
                cipher.encrypt(block);
                *iv = *block;
            }
            (CBC, true) => {
                cipher.decrypt(block);
                xor(block, iv);
                *iv = given;
            }
            (OFB, _) => {
                cipher.encrypt(iv);
                xor(block, iv);
            }
            (CTR, _) => {
                let mut stream = *iv;
                cipher.encrypt(&mut stream);
                xor(block, &stream);
                self.count(iv);
            }
            (CFB8, decrypts) => {
                for byte in block {
                    let mut stream = *iv;
                    cipher.encrypt(&mut stream);
                    let given = *byte;
                    *byte ^= stream[0];
                    iv.rotate_left(1);
                    iv[BLOCK - 1] = if decrypts { given } else { *byte };
                }
            }
            (CFB128, decrypts) => {
                cipher.encrypt(iv);
                xor(block, iv);
                *iv = if decrypts { given } else { *block };
            }
            _ => {}
        }
    }

    /// The next counter block: INC_SEL says whether 32 or all 128 bits count.
    fn count(&self, iv: &mut [u8; BLOCK]) {
        let value = u128::from_be_bytes(*iv);
        let next = if self.bank.get(Reg::INC_SEL) & 1 != 0 {
            value.wrapping_add(1)
        } else {
            value & !0xFFFF_FFFF | u128::from((value as u32).wrapping_add(1))
        };
        *iv = next.to_be_bytes();
    }

    /// DMA_EXIT.
    fn exit(&mut self, fabric: &mut Fabric) {
        if self.ends.is_none() {
            fabric.cancel(Slot::Aes);
            self.state = IDLE;
            self.left = 0;
            self.rest.clear();
        }
    }

    /// The word of the key, the texts or the vector at an offset.
    fn word(&mut self, offset: u32) -> Option<&mut [u8]> {
        let offset = offset as usize;
        let there = offset < TEXT_OUT + BLOCK || (IV_MEM..IV_MEM + BLOCK).contains(&offset);
        there.then(|| &mut self.memory[offset..offset + 4])
    }
}

impl Default for Aes {
    fn default() -> Self {
        Self::new()
    }
}

/// The memories that only GCM uses.
fn is_gcm(offset: u32, fabric: &mut Fabric) -> bool {
    let is = (H_MEM..GCM_END).contains(&offset);
    if is {
        fabric.gaps.touch("AES.H_MEM", "this chip has no GCM");
    }
    is
}

impl Block for Aes {
    const GROUPS: &'static [Group] = &[
        Group { block: "AES", prefix: "{}", base: 0, count: 8, step: 4, table: Word::TABLE },
        Group { block: "AES", prefix: "{}", base: 0x20, count: 4, step: 4, table: TextIn::TABLE },
        Group { block: "AES", prefix: "{}", base: 0x30, count: 4, step: 4, table: TextOut::TABLE },
        Group::one("AES", Reg::TABLE),
    ];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        self.peek(offset, fabric)
    }

    fn stays(&self, offset: u32) -> bool {
        Reg::at(offset).is_some()
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        if let Some(word) = self.word(offset) {
            return u32::from_le_bytes([word[0], word[1], word[2], word[3]]);
        }
        match Reg::at(offset) {
            Some(Reg::STATE) => self.state,
            Some(register) => self.bank.load(register),
            None if is_gcm(offset, fabric) => 0,
            None => undeclared("AES", offset, fabric),
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        if let Some(word) = self.word(offset) {
            return word.copy_from_slice(&write.value.to_le_bytes());
        }
        let Some(register) = Reg::at(offset) else {
            if !is_gcm(offset, fabric) {
                undeclared("AES", offset, fabric);
            }
            return;
        };
        self.bank.store(register, write, "AES", &mut fabric.gaps);
        match register {
            Reg::TRIGGER if write.raw & 1 != 0 => self.trigger(fabric),
            // Any write does: ESP-IDF's `hal/aes_ll.h` writes 0.
            Reg::DMA_EXIT => self.exit(fabric),
            Reg::INT_CLR if write.raw & 1 != 0 => self.done = false,
            _ => {}
        }
        self.interrupt(fabric);
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        *self = Self::new();
        fabric.cancel(Slot::Aes);
        self.interrupt(fabric);
    }
}
