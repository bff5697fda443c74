//! Manual encryption of what is written to flash. ESP32-S3 TRM, chapter External Memory Encryption and Decryption; ESP-IDF
//! `soc/hwcrypto_reg.h`, `hal/spi_flash_encrypted_ll.h`.
//!
//! Software puts a line of 16, 32 or 64 bytes into PLAIN, at its place in a line of 64, and says for which address it is.
//! When the result is released SPI1 writes it in place of its own data.
//!
//! # Fidelity
//! - XTS-AES with keys of 256 and 512 bits from eFuse, states, what SPI1 writes: exact. The order of bytes is that of
//!   Espressif's espsecure tool: a data unit of 128 bytes goes through last byte first, and so does the key from eFuse.
//! - Time is approximated: 19 clocks of CRYPTO_CLK for each of the two ciphers of a block.
//! - The cache decrypts nothing that it reads: eFuse says so when flash encryption is on.

#[cfg(test)]
mod tests;

use crate::aes::{xor, Cipher, BLOCK};
use crate::block::{undeclared, Block};
use crate::efuse::Fuses;
use crate::fabric::Fabric;
use crate::slots::Slot;
use engine_core::registers::{Bank, Group, Registers, Write};
use serde::{Deserialize, Serialize};

engine_core::registers! {
    /// ESP-IDF `soc/hwcrypto_reg.h`.
    pub Reg;
    LINESIZE 0x040 = 0x0000_0000 { LINESIZE 1:0 rw; }
    DESTINATION 0x044 = 0x0000_0000 { DESTINATION 0 todo "only flash can be encrypted by hand, on silicon too"; }
    PHYSICAL_ADDRESS 0x048 = 0x0000_0000 { PHYSICAL_ADDRESS 29:0 rw; }
    TRIGGER 0x04C = 0x0000_0000 { TRIGGER 0 wo; }
    RELEASE 0x050 = 0x0000_0000 { RELEASE 0 wo; }
    DESTROY 0x054 = 0x0000_0000 { DESTROY 0 wo; }
    STATE 0x058 = 0x0000_0000 { STATE 1:0 ro; }
    DATE 0x05C = 0x2020_0111 { DATE 29:0 rw; }
}

engine_core::registers! {
    /// The line.
    pub Plain;
    PLAIN_ 0x000 = 0x0000_0000 { PLAIN 31:0 rw; }
}

/// The longest line.
const LINE: usize = 64;
/// A data unit: the address of its first byte is its number.
const UNIT: u32 = 128;

/// Purposes of keys, ESP-IDF `esp_efuse_purpose_t`.
const KEY_1_OF_512: u32 = 2;
const KEY_2_OF_512: u32 = 3;
const KEY_OF_256: u32 = 4;

/// STATE.
const IDLE: u32 = 0;
const BUSY: u32 = 1;
const DONE: u32 = 2;
const AVAILABLE: u32 = 3;

/// Clocks for a block: two ciphers.
const CLOCKS: u64 = 2 * 19;

/// The block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct XtsAes {
    bank: Bank<Reg>,
    plain: Vec<u8>,
    state: u32,
    result: Vec<u8>,
}

impl XtsAes {
    /// After power-on.
    pub fn new() -> Self {
        Self { bank: Bank::new(), plain: vec![0; LINE], state: IDLE, result: Vec::new() }
    }

    /// What SPI1 writes in place of its own data, and where.
    pub fn available(&self) -> Option<(u32, &[u8])> {
        let address = self.bank.get(Reg::PHYSICAL_ADDRESS);
        (self.state == AVAILABLE).then_some((address, self.result.as_slice()))
    }

    fn length(&self) -> usize {
        (16 << self.bank.field(Reg::LINESIZE, LINESIZE::LINESIZE)).min(LINE)
    }

    fn trigger(&mut self, fabric: &mut Fabric) {
        self.state = BUSY;
        fabric.after(Slot::XtsAes, fabric.rates.crypto.duration(CLOCKS * (self.length() / BLOCK) as u64));
    }

    /// The line is encrypted, if SYSTEM_EXTERNAL_DEVICE_ENCRYPT_DECRYPT_CONTROL allows it.
    pub fn due(&mut self, fuses: &Fuses, allowed: bool, fabric: &mut Fabric) {
        if !allowed {
            let why = "SYSTEM does not enable manual encryption: what silicon does then is not known";
            fabric.gaps.touch("XTS_AES.TRIGGER without ENABLE_SPI_MANUAL_ENCRYPT", why);
        }
        let (address, length) = (self.bank.get(Reg::PHYSICAL_ADDRESS), self.length());
        if address as usize % length != 0 {
            fabric.gaps.touch("XTS_AES.PHYSICAL_ADDRESS", "the address must be a multiple of the line's length");
        }
        // Of an address within a line, the line: so the buffer and the data unit hold all of it.
        let line = address / length as u32 * length as u32;
        let from = line as usize % LINE;
        self.result = encrypt_line(&key(fuses, fabric), line, &self.plain[from..from + length]);
        self.state = DONE;
    }
}

impl Default for XtsAes {
    fn default() -> Self {
        Self::new()
    }
}

/// The key from eFuse, TRM: of 512 bits where one of its halves is burnt, else of 256 bits; what is not burnt is 0.
fn key(fuses: &Fuses, fabric: &mut Fabric) -> Vec<u8> {
    let part = |purpose| {
        fuses.key_for(purpose).map(|mut bytes| {
            bytes.reverse();
            bytes
        })
    };
    match (part(KEY_1_OF_512), part(KEY_2_OF_512), part(KEY_OF_256)) {
        (None, None, Some(key)) => key.to_vec(),
        (None, None, None) => {
            fabric.gaps.touch("XTS_AES.TRIGGER", "no key in eFuse is for XTS-AES: the line is encrypted with zeros");
            vec![0; 32]
        }
        (first, second, _) => [first.unwrap_or_default(), second.unwrap_or_default()].concat(),
    }
}

/// IEEE 1619: the tweak of the next block, multiplied by alpha.
fn double(tweak: &mut [u8; BLOCK]) {
    let value = u128::from_le_bytes(*tweak);
    let carry = if value >> 127 != 0 { 0x87 } else { 0 };
    *tweak = (value << 1 ^ carry).to_le_bytes();
}

/// IEEE 1619, XTS-AES-Enc of whole blocks from block `first` of data unit `unit` on.
fn encrypt(key: &[u8], unit: u64, first: u32, text: &mut [u8]) {
    let (data_key, tweak_key) = key.split_at(key.len() / 2);
    let cipher = Cipher::new(data_key);
    let mut tweak = u128::from(unit).to_le_bytes();
    Cipher::new(tweak_key).encrypt(&mut tweak);
    (0..first).for_each(|_| double(&mut tweak));
    for chunk in text.chunks_mut(BLOCK) {
        let mut block: [u8; BLOCK] = (&*chunk).try_into().expect("a block");
        xor(&mut block, &tweak);
        cipher.encrypt(&mut block);
        xor(&mut block, &tweak);
        chunk.copy_from_slice(&block);
        double(&mut tweak);
    }
}

/// A line of flash: the hardware takes a data unit from its last byte to its first.
fn encrypt_line(key: &[u8], address: u32, plain: &[u8]) -> Vec<u8> {
    let mut text: Vec<u8> = plain.iter().rev().copied().collect();
    let behind = UNIT - address % UNIT - plain.len() as u32;
    encrypt(key, u64::from(address & !(UNIT - 1)), behind / BLOCK as u32, &mut text);
    text.reverse();
    text
}

impl Block for XtsAes {
    const GROUPS: &'static [Group] = &[
        Group { block: "XTS_AES", prefix: "{}", base: 0, count: 16, step: 4, table: Plain::TABLE },
        Group::one("XTS_AES", Reg::TABLE),
    ];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        self.peek(offset, fabric)
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        let place = offset as usize;
        if place < LINE {
            return u32::from_le_bytes(self.plain[place..place + 4].try_into().expect("4 bytes"));
        }
        match Reg::at(offset) {
            Some(Reg::STATE) => self.state,
            Some(register) => self.bank.load(register),
            None => undeclared("XTS_AES", offset, fabric),
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        let place = offset as usize;
        if place < LINE {
            return self.plain[place..place + 4].copy_from_slice(&write.value.to_le_bytes());
        }
        let Some(register) = Reg::at(offset) else {
            undeclared("XTS_AES", offset, fabric);
            return;
        };
        self.bank.store(register, write, "XTS_AES", &mut fabric.gaps);
        match (register, self.state) {
            (Reg::TRIGGER, IDLE) => self.trigger(fabric),
            (Reg::RELEASE, DONE) => self.state = AVAILABLE,
            (Reg::DESTROY, AVAILABLE) => {
                self.state = IDLE;
                self.result.clear();
            }
            _ => {}
        }
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        *self = Self::new();
        fabric.cancel(Slot::XtsAes);
    }
}
