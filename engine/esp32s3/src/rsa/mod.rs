//! The RSA accelerator. ESP32-S3 TRM, chapter RSA Accelerator; ESP-IDF `soc/hwcrypto_reg.h`, `hal/mpi_ll.h`.
//!
//! Numbers of MODE + 1 words, the lowest word first, lie in four memories:
//! - modular exponentiation, Z = X ^ Y mod M, and modular multiplication, Z = X * Y mod M: both need r = R * R mod M in Z_MEM,
//!   where R is 2 to the number of bits, and M' = -1 / M mod 2^32 in M_PRIME;
//! - multiplication, Z = X * Y: MODE + 1 is the length of the product, and Y lies in the upper half of Z_MEM's part of it.
//!
//! # Fidelity
//! - Results for numbers of 1 to 128 words: exact. Where r or M' do not belong to M silicon gives a number without meaning;
//!   here it is the right one, and a gap says so.
//! - Time is approximated: a Montgomery multiplication of n words takes 2.11 n² clocks of CRYPTO_CLK, from 108 µs measured
//!   at 160 MHz for the modular multiplication of 64 words, which is two of them (a customer on Espressif's forum, confirmed
//!   there by the vendor, October 2021). An exponentiation with CONSTANT_TIME takes two for each bit of Y; without it one for
//!   each bit behind the leading zeros, and one for each bit that is set (TRM, Acceleration Options: 65537 as Y of 3072 bits
//!   takes less than a hundredth of the time).
//! - After a reset the memories take 1.3 µs until they are clean (ESP-IDF `hal/mpi_hal.c`). That SYSTEM_RSA_PD_CTRL takes
//!   their supply is not modelled.

#[cfg(test)]
mod tests;

use crate::block::{undeclared, Block};
use crate::fabric::Fabric;
use crate::slots::Slot;
use crate::sources::Source;
use engine_core::registers::{Bank, Group, Registers, Write};
use engine_core::time::Ps;
use num_bigint::BigUint;
use serde::{Deserialize, Serialize};

engine_core::registers! {
    /// ESP-IDF `soc/hwcrypto_reg.h`.
    pub Reg;
    M_PRIME 0x800 = 0x0000_0000 { M_PRIME 31:0 rw; }
    MODE 0x804 = 0x0000_0000 { MODE 6:0 rw; }
    CLEAN 0x808 = 0x0000_0000 { CLEAN 0 ro; }
    MODEXP_START 0x80C = 0x0000_0000 { MODEXP_START 0 wo; }
    MODMULT_START 0x810 = 0x0000_0000 { MODMULT_START 0 wo; }
    MULT_START 0x814 = 0x0000_0000 { MULT_START 0 wo; }
    IDLE 0x818 = 0x0000_0000 { IDLE 0 ro; }
    CLEAR_INTERRUPT 0x81C = 0x0000_0000 { CLEAR_INTERRUPT 0 wo; }
    CONSTANT_TIME 0x820 = 0x0000_0001 { CONSTANT_TIME 0 rw; }
    SEARCH_ENABLE 0x824 = 0x0000_0000 { SEARCH_ENABLE 0 rw; }
    SEARCH_POS 0x828 = 0x0000_0000 { SEARCH_POS 11:0 rw; }
    INTERRUPT_ENA 0x82C = 0x0000_0000 { INTERRUPT_ENA 0 rw; }
    DATE 0x830 = 0x2019_1231 { DATE 29:0 rw; }
}

/// Bytes of a memory: 4096 bits.
const SIZE: usize = 512;
const M_MEM: usize = 0;
const Z_MEM: usize = SIZE;
const Y_MEM: usize = 2 * SIZE;
const X_MEM: usize = 3 * SIZE;
const END: usize = 4 * SIZE;

/// Until the memories are clean after a reset.
const CLEANING: Ps = 1_300_000;

/// Clocks of a Montgomery multiplication of so many words.
fn montgomery_clocks(words: usize) -> u64 {
    (words * words) as u64 * 135 / 64
}

/// A number modulo a product of primes other than 2, and how it is worked out.
#[derive(Clone, Debug)]
pub struct Modular {
    words: usize,
    modulus: BigUint,
    /// r and M', as software gives them.
    square: BigUint,
    prime: u32,
}

impl Modular {
    /// Modulus and r have the length of the operation, the lowest byte first.
    pub fn new(modulus: &[u8], square: &[u8], prime: u32) -> Self {
        Self {
            words: modulus.len() / 4,
            modulus: BigUint::from_bytes_le(modulus),
            square: BigUint::from_bytes_le(square),
            prime,
        }
    }

    /// Do r and M' belong to the modulus? Then the silicon's result is the right one.
    fn belongs(&self) -> bool {
        let low = self.modulus.iter_u32_digits().next().unwrap_or(0);
        if low & 1 == 0 {
            return false;
        }
        // Each round of Newton's method doubles the bits that are right, from three on.
        let inverse = (0..4).fold(low, |x, _| x.wrapping_mul(2u32.wrapping_sub(low.wrapping_mul(x))));
        self.prime == inverse.wrapping_neg() && self.square == (BigUint::from(1u8) << (64 * self.words)) % &self.modulus
    }

    fn check(&self, name: &str, fabric: &mut Fabric) -> bool {
        if !self.belongs() {
            fabric.gaps.touch(name, "r or M' do not belong to M: silicon gives a number without meaning");
        }
        self.modulus != BigUint::ZERO
    }

    fn padded(&self, number: &BigUint) -> Vec<u8> {
        let mut bytes = number.to_bytes_le();
        bytes.resize(4 * self.words, 0);
        bytes
    }

    /// X ^ Y, and the clocks that it takes; `name` says who asks.
    pub fn power(&self, x: &[u8], y: &BigUint, bits: u64, name: &str, fabric: &mut Fabric) -> (Vec<u8>, u64) {
        let result =
            if self.check(name, fabric) { BigUint::from_bytes_le(x).modpow(y, &self.modulus) } else { BigUint::ZERO };
        (self.padded(&result), (2 + bits) * montgomery_clocks(self.words))
    }

    /// X * Y, and the clocks that it takes.
    fn product(&self, x: &[u8], y: &[u8], fabric: &mut Fabric) -> (Vec<u8>, u64) {
        let result = if self.check("RSA.MODMULT_START", fabric) {
            BigUint::from_bytes_le(x) * BigUint::from_bytes_le(y) % &self.modulus
        } else {
            BigUint::ZERO
        };
        (self.padded(&result), 2 * montgomery_clocks(self.words))
    }
}

/// The block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Rsa {
    bank: Bank<Reg>,
    /// M_MEM, Z_MEM, Y_MEM, X_MEM.
    memory: Vec<u8>,
    /// From then on the memories are clean.
    clean: Ps,
    /// When the operation that is under way is over.
    ends: Option<Ps>,
    done: bool,
}

impl Rsa {
    /// After power-on.
    pub fn new() -> Self {
        Self { bank: Bank::new(), memory: vec![0; END], clean: 0, ends: None, done: false }
    }

    fn interrupt(&self, fabric: &mut Fabric) {
        fabric.set_irq(Source::RSA, self.done && self.bank.get(Reg::INTERRUPT_ENA) & 1 != 0);
    }

    fn number(&self, memory: usize, bytes: usize) -> &[u8] {
        &self.memory[memory..memory + bytes]
    }

    fn start(&mut self, operation: Reg, fabric: &mut Fabric) {
        if self.ends.is_some() {
            return;
        }
        let bytes = 4 * (self.bank.get(Reg::MODE) as usize + 1);
        let (result, clocks) = match operation {
            Reg::MULT_START => self.multiply(bytes),
            _ => {
                let prime = self.bank.get(Reg::M_PRIME);
                let modular = Modular::new(self.number(M_MEM, bytes), self.number(Z_MEM, bytes), prime);
                let x = self.number(X_MEM, bytes);
                if operation == Reg::MODMULT_START {
                    modular.product(x, self.number(Y_MEM, bytes), fabric)
                } else {
                    let (y, bits) = self.exponent(bytes);
                    modular.power(x, &y, bits, "RSA.MODEXP_START", fabric)
                }
            }
        };
        self.memory[Z_MEM..Z_MEM + result.len()].copy_from_slice(&result);
        let at = fabric.now().saturating_add(fabric.rates.crypto.duration(clocks));
        self.ends = Some(at);
        fabric.at(Slot::Rsa, at);
    }

    /// The whole product, of so many bytes, and its clocks.
    fn multiply(&self, bytes: usize) -> (Vec<u8>, u64) {
        let half = bytes / 2;
        let x = BigUint::from_bytes_le(self.number(X_MEM, half));
        let y = BigUint::from_bytes_le(self.number(Z_MEM + half, half));
        let mut product = (x * y).to_bytes_le();
        product.resize(2 * half, 0);
        (product, montgomery_clocks(half / 4))
    }

    /// Y, and how many multiplications its bits take. With SEARCH_ENABLE the bits above SEARCH_POS are not looked at.
    fn exponent(&self, bytes: usize) -> (BigUint, u64) {
        let mut y = BigUint::from_bytes_le(self.number(Y_MEM, bytes));
        let mut bits = 8 * bytes as u64;
        if self.bank.get(Reg::SEARCH_ENABLE) & 1 != 0 {
            bits = bits.min(u64::from(self.bank.get(Reg::SEARCH_POS)) + 1);
            y &= (BigUint::from(1u8) << bits) - 1u8;
        }
        let constant = self.bank.get(Reg::CONSTANT_TIME) & 1 != 0;
        let multiplications = if constant { 2 * bits } else { y.bits() + y.count_ones() };
        (y, multiplications)
    }
}

impl Default for Rsa {
    fn default() -> Self {
        Self::new()
    }
}

impl Block for Rsa {
    const GROUPS: &'static [Group] = &[Group::one("RSA", Reg::TABLE)];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        self.peek(offset, fabric)
    }

    fn stays(&self, offset: u32) -> bool {
        // IDLE falls by an event; CLEAN, and IDLE before the first work, change by time alone.
        match Reg::at(offset) {
            Some(Reg::IDLE) => self.ends.is_some(),
            register => register.is_some_and(|register| register != Reg::CLEAN),
        }
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        if (offset as usize) < END {
            let word = self.number(offset as usize, 4);
            return u32::from_le_bytes([word[0], word[1], word[2], word[3]]);
        }
        match Reg::at(offset) {
            Some(Reg::CLEAN) => u32::from(fabric.now() >= self.clean),
            Some(Reg::IDLE) => u32::from(self.ends.is_none() && fabric.now() >= self.clean),
            Some(register) => self.bank.load(register),
            None => undeclared("RSA", offset, fabric),
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        let place = offset as usize;
        if place < END {
            return self.memory[place..place + 4].copy_from_slice(&write.value.to_le_bytes());
        }
        let Some(register) = Reg::at(offset) else {
            undeclared("RSA", offset, fabric);
            return;
        };
        self.bank.store(register, write, "RSA", &mut fabric.gaps);
        match register {
            Reg::MODEXP_START | Reg::MODMULT_START | Reg::MULT_START if write.raw & 1 != 0 => {
                self.start(register, fabric);
            }
            Reg::CLEAR_INTERRUPT if write.raw & 1 != 0 => self.done = false,
            _ => {}
        }
        self.interrupt(fabric);
    }

    fn event(&mut self, _slot: Slot, fabric: &mut Fabric) {
        self.ends = None;
        self.done = true;
        self.interrupt(fabric);
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        *self = Self { clean: fabric.now().saturating_add(CLEANING), ..Self::new() };
        fabric.cancel(Slot::Rsa);
        self.interrupt(fabric);
    }
}
