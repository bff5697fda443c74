//! The digital signature: RSA with a private key that only this chip can decrypt. ESP32-S3 TRM, chapter Digital Signature;
//! ESP-IDF `soc/hwcrypto_reg.h`, `hal/ds_ll.h`, `esp_ds.c`.
//!
//! HMAC derives an AES-256 key from one in eFuse. C_MEM holds the private key's parameters as AES-256-CBC made them with this
//! key and IV: Y, M and r of 4096 bits each, a digest, M', the length and padding. Z = X ^ Y mod M is given out if the digest
//! is that of the parameters.
//!
//! # Fidelity
//! - The key from HMAC, decryption, the checks of digest and padding, the signature: exact.
//! - Time is approximated: what AES, SHA and RSA (with constant time) take for their parts, one after the other. The key
//!   is there at once.

#[cfg(test)]
mod tests;

use crate::aes::{self, Cipher};
use crate::block::{undeclared, Block};
use crate::fabric::Fabric;
use crate::hmac::Hmac;
use crate::rsa::{Effort, Modular};
use crate::slots::Slot;
use engine_core::registers::{Bank, Group, Registers, Write};
use num_bigint::BigUint;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

engine_core::registers! {
    /// ESP-IDF `soc/hwcrypto_reg.h`.
    pub Reg;
    SET_START 0xE00 = 0x0000_0000 { SET_START 0 wo; }
    SET_ME 0xE04 = 0x0000_0000 { SET_ME 0 wo; }
    SET_FINISH 0xE08 = 0x0000_0000 { SET_FINISH 0 wo; }
    QUERY_BUSY 0xE0C = 0x0000_0000 { QUERY_BUSY 0 ro; }
    QUERY_KEY_WRONG 0xE10 = 0x0000_0000 { QUERY_KEY_WRONG 3:0 ro; }
    QUERY_CHECK 0xE14 = 0x0000_0000 { PADDING_BAD 1 ro; MD_ERROR 0 ro; }
    DATE 0xE20 = 0x2019_1217 { DATE 29:0 rw; }
}

engine_core::registers! {
    /// The vector of the encryption.
    pub Iv;
    IV_ 0x000 = 0x0000_0000 { IV 31:0 rw; }
}

/// Bytes of a number of 4096 bits.
const NUMBER: usize = 512;
const Y: usize = 0;
const M: usize = NUMBER;
const R: usize = 2 * NUMBER;
const DIGEST: usize = 3 * NUMBER;
const M_PRIME: usize = DIGEST + 32;
const LENGTH: usize = M_PRIME + 4;
const PADDING: usize = LENGTH + 4;
const C_END: usize = PADDING + 8;

/// Offsets of the memories.
const IV: usize = 0x630;
const IV_END: usize = 0x640;
const X: usize = 0x800;
const Z: usize = 0xA00;
const Z_END: usize = 0xC00;

/// Clocks of CRYPTO_CLK for a block of AES-256 and of SHA-256.
const AES_CLOCKS: u64 = 19;
const SHA_CLOCKS: u64 = 80;

/// What the block is busy with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Work {
    /// It waits for the key.
    Key,
    /// It signs.
    Sign,
}

/// The block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ds {
    bank: Bank<Reg>,
    /// C_MEM, IV, X_MEM and Z_MEM at their offsets.
    memory: Vec<u8>,
    work: Option<Work>,
    key: Option<[u8; 32]>,
    check: u32,
}

impl Ds {
    /// After power-on.
    pub fn new() -> Self {
        Self { bank: Bank::new(), memory: vec![0; Z_END], work: None, key: None, check: 0 }
    }

    /// HMAC may have the key now, or the signature is done.
    pub fn due(&mut self, hmac: &Hmac) {
        match self.work {
            Some(Work::Key) => {
                self.key = hmac.key_for_ds();
                if self.key.is_some() {
                    self.work = None;
                }
            }
            Some(Work::Sign) => self.work = None,
            None => {}
        }
    }

    /// C, decrypted with the key and the vector: NIST SP 800-38A, CBC.
    fn decrypted(&self, key: &[u8; 32]) -> Vec<u8> {
        let cipher = Cipher::new(key);
        let mut vector: [u8; aes::BLOCK] = self.memory[IV..IV_END].try_into().expect("16 bytes");
        let mut text = Vec::with_capacity(C_END);
        for chunk in self.memory[..C_END].chunks(aes::BLOCK) {
            let given: [u8; aes::BLOCK] = chunk.try_into().expect("16 bytes");
            let mut block = given;
            cipher.decrypt(&mut block);
            aes::xor(&mut block, &vector);
            vector = given;
            text.extend(block);
        }
        text
    }

    /// SET_ME.
    fn sign(&mut self, fabric: &mut Fabric) {
        let Some(key) = self.key else {
            fabric
                .gaps
                .touch("DS.SET_ME", "a signature without a key from HMAC: silicon gives a number without meaning");
            return;
        };
        let text = self.decrypted(&key);
        let word = |at: usize| u32::from_le_bytes(text[at..at + 4].try_into().expect("4 bytes"));
        let digest = Sha256::new()
            .chain_update(&text[..DIGEST])
            .chain_update(&text[M_PRIME..PADDING])
            .chain_update(&self.memory[IV..IV_END])
            .finalize();
        let wrong = digest[..] != text[DIGEST..M_PRIME];
        let padded_badly = text[PADDING..] != [8; 8];
        self.check = u32::from(padded_badly) << 1 | u32::from(wrong);
        self.memory[Z..Z_END].fill(0);
        let mut clocks = (C_END / aes::BLOCK) as u64 * AES_CLOCKS + (DIGEST as u64 / 64 + 1) * SHA_CLOCKS;
        if !wrong {
            let bytes = 4 * (word(LENGTH) as usize % 128 + 1);
            let modular = Modular::new(&text[M..M + bytes], &text[R..R + bytes], word(M_PRIME));
            let y = BigUint::from_bytes_le(&text[Y..Y + bytes]);
            let effort = Effort::constant(8 * bytes as u64);
            let (z, more) = modular.power(&self.memory[X..X + bytes], &y, effort, "DS.SET_ME", fabric);
            self.memory[Z..Z + bytes].copy_from_slice(&z);
            clocks += more;
        }
        self.work = Some(Work::Sign);
        fabric.after(Slot::Ds, fabric.rates.crypto.duration(clocks));
    }

    fn command(&mut self, register: Reg, fabric: &mut Fabric) {
        match register {
            Reg::SET_START => {
                self.work = Some(Work::Key);
                fabric.soon(Slot::Ds);
            }
            Reg::SET_ME if self.work.is_none() => self.sign(fabric),
            Reg::SET_FINISH => {
                // Nothing of the key, the parameters or the signature stays behind.
                *self = Self { bank: self.bank.clone(), ..Self::new() };
                fabric.cancel(Slot::Ds);
            }
            _ => {}
        }
    }
}

impl Default for Ds {
    fn default() -> Self {
        Self::new()
    }
}

/// Is there memory at this offset, and can software read it?
fn memory_at(offset: u32) -> Option<bool> {
    match offset as usize {
        0..IV => Some(false),
        IV..IV_END => Some(true),
        X..Z => Some(false),
        Z..Z_END => Some(true),
        _ => None,
    }
}

impl Block for Ds {
    const GROUPS: &'static [Group] = &[
        Group { block: "DS", prefix: "{}", base: IV as u32, count: 4, step: 4, table: Iv::TABLE },
        Group::one("DS", Reg::TABLE),
    ];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        self.peek(offset, fabric)
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        match memory_at(offset) {
            Some(true) => {
                let place = offset as usize;
                return u32::from_le_bytes(self.memory[place..place + 4].try_into().expect("4 bytes"));
            }
            Some(false) => return 0,
            None => {}
        }
        match Reg::at(offset) {
            Some(Reg::QUERY_BUSY) => u32::from(self.work.is_some()),
            Some(Reg::QUERY_CHECK) => self.check,
            Some(register) => self.bank.load(register),
            None => undeclared("DS", offset, fabric),
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        if memory_at(offset).is_some() {
            let place = offset as usize;
            self.memory[place..place + 4].copy_from_slice(&write.value.to_le_bytes());
            return;
        }
        let Some(register) = Reg::at(offset) else {
            undeclared("DS", offset, fabric);
            return;
        };
        self.bank.store(register, write, "DS", &mut fabric.gaps);
        if write.raw & 1 != 0 {
            self.command(register, fabric);
        }
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        *self = Self::new();
        fabric.cancel(Slot::Ds);
    }
}
