//! The HMAC accelerator: HMAC-SHA-256 with a key from eFuse that software need not see. ESP32-S3 TRM, chapter HMAC
//! Accelerator; ESP-IDF `soc/hwcrypto_reg.h`, `hal/hmac_ll.h`, `esp_hmac.c`.
//!
//! Upstream, software hands over a message of blocks of 64 bytes, padded as SHA-256 wants it, and reads the result.
//! Downstream, the result for a fixed message goes to the digital signature or to JTAG, and software does not see it.
//!
//! # Fidelity
//! - Choice and purpose of the key, messages of one and of more blocks, padding by software and by hardware, the key for the
//!   digital signature: exact.
//! - Time is approximated: a block takes the 80 clocks that SHA takes for one.
//! - Enabling JTAG again is missing, and says so: no debugger is on these pins.

#[cfg(test)]
mod tests;

use crate::block::{undeclared, Block};
use crate::efuse::{Fuses, KEYS};
use crate::fabric::Fabric;
use crate::slots::Slot;
use engine_core::registers::{Bank, Group, Registers, Write};
use serde::{Deserialize, Serialize};

engine_core::registers! {
    /// ESP-IDF `soc/hwcrypto_reg.h`.
    pub Reg;
    SET_START 0x040 = 0x0000_0000 { SET_START 0 wo; }
    SET_PARA_PURPOSE 0x044 = 0x0000_0000 { PURPOSE_SET 3:0 wo; }
    SET_PARA_KEY 0x048 = 0x0000_0000 { KEY_SET 2:0 wo; }
    SET_PARA_FINISH 0x04C = 0x0000_0000 { SET_PARA_END 0 wo; }
    SET_MESSAGE_ONE 0x050 = 0x0000_0000 { SET_TEXT_ONE 0 wo; }
    SET_MESSAGE_ING 0x054 = 0x0000_0000 { SET_TEXT_ING 0 wo; }
    SET_MESSAGE_END 0x058 = 0x0000_0000 { SET_TEXT_END 0 wo; }
    SET_RESULT_FINISH 0x05C = 0x0000_0000 { SET_RESULT_END 0 wo; }
    SET_INVALIDATE_JTAG 0x060 = 0x0000_0000 { SET_INVALIDATE_JTAG 0 wo; }
    SET_INVALIDATE_DS 0x064 = 0x0000_0000 { SET_INVALIDATE_DS 0 wo; }
    QUERY_ERROR 0x068 = 0x0000_0000 { QUERY_CHECK 0 ro; }
    QUERY_BUSY 0x06C = 0x0000_0000 { BUSY_STATE 0 ro; }
    SET_MESSAGE_PAD 0x0F0 = 0x0000_0000 { SET_TEXT_PAD 0 wo; }
    ONE_BLOCK 0x0F4 = 0x0000_0000 { SET_ONE_BLOCK 0 wo; }
    SOFT_JTAG_CTRL 0x0F8 = 0x0000_0000 { SOFT_JTAG_CTRL 0 todo "there is no JTAG to enable"; }
    WR_JTAG 0x0FC = 0x0000_0000 { WR_JTAG 31:0 todo "there is no JTAG to enable"; }
    DATE 0x1FC = 0x0210_1070 { DATE 27:0 rw; }
}

const WR_MESSAGE: u32 = 0x80;
const RD_RESULT: u32 = 0xC0;
/// Bytes of a block, and of a result.
const BLOCK: usize = 64;
const RESULT: usize = 32;

/// Purposes of keys, ESP-IDF `esp_efuse_purpose_t`.
const DOWN_ALL: u32 = 5;
const DOWN_JTAG: u32 = 6;
const DOWN_DS: u32 = 7;
const UP: u32 = 8;

/// Clocks of a block.
const CLOCKS: u64 = 80;

/// FIPS 180-4, section 5.3.3.
const INITIAL: [u32; 8] =
    [0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A, 0x510E_527F, 0x9B05_688C, 0x1F83_D9AB, 0x5BE0_CD19];

/// A hash under way, whose first block was the key.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Hash {
    state: [u32; 8],
    blocks: u64,
}

impl Hash {
    /// RFC 2104: the key, filled up to a block, plus ipad or opad.
    fn of_key(key: &[u8; 32], pad: u8) -> Self {
        let mut block = [pad; BLOCK];
        for (byte, key) in block.iter_mut().zip(key) {
            *byte ^= key;
        }
        let mut hash = Self { state: INITIAL, blocks: 0 };
        hash.add(&block);
        hash
    }

    fn add(&mut self, block: &[u8; BLOCK]) {
        sha2::compress256(&mut self.state, &[(*block).into()]);
        self.blocks += 1;
    }

    /// The last block: so many bytes of text, and the padding of FIPS 180-4 section 5.1.1.
    fn add_padded(&mut self, text: &[u8]) {
        let mut block = [0; BLOCK];
        block[..text.len()].copy_from_slice(text);
        block[text.len()] = 0x80;
        let bits = 8 * (self.blocks * BLOCK as u64 + text.len() as u64);
        block[BLOCK - 8..].copy_from_slice(&bits.to_be_bytes());
        self.add(&block);
    }

    fn digest(&self) -> [u8; RESULT] {
        let bytes: Vec<u8> = self.state.iter().flat_map(|word| word.to_be_bytes()).collect();
        bytes.try_into().expect("8 words")
    }
}

/// What the accelerator is busy with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Work {
    /// The key is fetched and checked.
    Configure,
    /// A block of the message, or the result.
    Hash,
}

/// The block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Hmac {
    bank: Bank<Reg>,
    message: Vec<u8>,
    result: [u8; RESULT],
    purpose: u32,
    key: usize,
    /// The key that was chosen, and the inner hash.
    running: Option<([u8; 32], Hash)>,
    /// Software padded the block that comes next.
    last: bool,
    wrong: bool,
    work: Option<Work>,
    /// The key for the digital signature.
    for_ds: Option<[u8; RESULT]>,
}

impl Hmac {
    /// After power-on.
    pub fn new() -> Self {
        Self {
            bank: Bank::new(),
            message: vec![0; BLOCK],
            result: [0; RESULT],
            purpose: 0,
            key: 0,
            running: None,
            last: false,
            wrong: false,
            work: None,
            for_ds: None,
        }
    }

    /// The key that the digital signature may use.
    pub fn key_for_ds(&self) -> Option<[u8; RESULT]> {
        self.for_ds.filter(|_| self.work.is_none())
    }

    fn start(&mut self, work: Work, blocks: u64, fabric: &mut Fabric) {
        self.work = Some(work);
        fabric.after(Slot::Hmac, fabric.rates.crypto.duration(blocks * CLOCKS));
    }

    /// What the accelerator was busy with is over.
    pub fn due(&mut self, fuses: &Fuses, fabric: &mut Fabric) {
        if self.work.take() == Some(Work::Configure) {
            self.configure(fuses, fabric);
        }
    }

    /// The key must be burnt for the very purpose that software names, or for both of those that are downstream (ESP-IDF
    /// rom/hmac.h, `ets_hmac_calculate_downstream`).
    fn configure(&mut self, fuses: &Fuses, fabric: &mut Fabric) {
        self.wrong = self.key >= KEYS || {
            let burnt = fuses.key_purpose(self.key);
            burnt != self.purpose && !(burnt == DOWN_ALL && matches!(self.purpose, DOWN_JTAG | DOWN_DS))
        };
        if self.wrong {
            return;
        }
        let key = fuses.key(self.key);
        match self.purpose {
            UP => self.running = Some((key, Hash::of_key(&key, 0x36))),
            DOWN_ALL | DOWN_JTAG | DOWN_DS => {
                // ESP-IDF's test generator: the message is 32 bytes of ones.
                let mut inner = Hash::of_key(&key, 0x36);
                inner.add_padded(&[0xFF; 32]);
                let result = outer(&key, &inner);
                if self.purpose != DOWN_JTAG {
                    self.for_ds = Some(result);
                    fabric.soon(Slot::Ds);
                }
                if self.purpose != DOWN_DS {
                    fabric.gaps.touch("HMAC.SET_PARA_PURPOSE", "there is no JTAG to enable");
                }
            }
            _ => self.wrong = true,
        }
    }

    /// SET_MESSAGE_ONE: the block in WR_MESSAGE_MEM.
    fn take_block(&mut self, fabric: &mut Fabric) {
        let Some((_, hash)) = &mut self.running else { return };
        hash.add(self.message.as_slice().try_into().expect("a block"));
        if self.last {
            self.finish(fabric);
        } else {
            self.start(Work::Hash, 1, fabric);
        }
    }

    /// SET_MESSAGE_END: the message ended with a whole block, and the hardware pads it.
    fn pad(&mut self, fabric: &mut Fabric) {
        if let Some((_, hash)) = &mut self.running {
            hash.add_padded(&[]);
            self.finish(fabric);
        }
    }

    fn finish(&mut self, fabric: &mut Fabric) {
        if let Some((key, hash)) = self.running.take() {
            self.result = outer(&key, &hash);
            self.start(Work::Hash, 3, fabric);
        }
    }

    fn command(&mut self, register: Reg, raw: u32, fabric: &mut Fabric) {
        match register {
            Reg::SET_START => {
                self.running = None;
                self.last = false;
                self.wrong = false;
            }
            Reg::SET_PARA_PURPOSE => self.purpose = SET_PARA_PURPOSE::PURPOSE_SET.get(raw),
            Reg::SET_PARA_KEY => self.key = SET_PARA_KEY::KEY_SET.get(raw) as usize,
            Reg::SET_PARA_FINISH => self.start(Work::Configure, if self.purpose == UP { 1 } else { 4 }, fabric),
            Reg::SET_MESSAGE_ONE => self.take_block(fabric),
            Reg::SET_MESSAGE_END => self.pad(fabric),
            Reg::SET_MESSAGE_PAD => self.last = true,
            Reg::ONE_BLOCK => self.finish(fabric),
            Reg::SET_RESULT_FINISH => {
                self.running = None;
                self.result = [0; RESULT];
            }
            Reg::SET_INVALIDATE_DS => self.for_ds = None,
            // SET_MESSAGE_ING only says that more blocks follow; JTAG was never enabled.
            _ => {}
        }
    }
}

impl Default for Hmac {
    fn default() -> Self {
        Self::new()
    }
}

/// RFC 2104: the outer hash.
fn outer(key: &[u8; 32], inner: &Hash) -> [u8; RESULT] {
    let mut hash = Hash::of_key(key, 0x5C);
    hash.add_padded(&inner.digest());
    hash.digest()
}

impl Block for Hmac {
    const GROUPS: &'static [Group] = &[Group::one("HMAC", Reg::TABLE)];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        self.peek(offset, fabric)
    }

    fn stays(&self, offset: u32) -> bool {
        Reg::at(offset).is_some()
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        let result = offset.wrapping_sub(RD_RESULT) as usize;
        if result < RESULT {
            return u32::from_le_bytes(self.result[result..result + 4].try_into().expect("4 bytes"));
        }
        if (WR_MESSAGE..RD_RESULT).contains(&offset) {
            // Software cannot read it back.
            return 0;
        }
        match Reg::at(offset) {
            Some(Reg::QUERY_ERROR) => u32::from(self.wrong),
            Some(Reg::QUERY_BUSY) => u32::from(self.work.is_some()),
            Some(register) => self.bank.load(register),
            None => undeclared("HMAC", offset, fabric),
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        let message = offset.wrapping_sub(WR_MESSAGE) as usize;
        if message < BLOCK {
            return self.message[message..message + 4].copy_from_slice(&write.value.to_le_bytes());
        }
        let Some(register) = Reg::at(offset) else {
            if offset.wrapping_sub(RD_RESULT) as usize >= RESULT {
                undeclared("HMAC", offset, fabric);
            }
            return;
        };
        self.bank.store(register, write, "HMAC", &mut fabric.gaps);
        // Commands heed any value: ESP-IDF writes 2 to SET_RESULT_FINISH.
        if self.work.is_none() {
            self.command(register, write.raw, fabric);
        }
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        *self = Self::new();
        fabric.cancel(Slot::Hmac);
    }
}
