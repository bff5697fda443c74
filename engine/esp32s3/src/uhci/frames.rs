//! What is on the line: separators and escape sequences.

use super::{Reg, Uhci, CONF0, ESCAPE_CONF, ESC_CONF0};
use engine_core::registers::Field;
use serde::{Deserialize, Serialize};

/// A character and the two that stand for it, where the direction enables it.
type Escape = (u8, [u8; 2]);

const TABLES: [Reg; 4] = [Reg::ESC_CONF0, Reg::ESC_CONF1, Reg::ESC_CONF2, Reg::ESC_CONF3];
/// From memory to the line: the vendor's names count from the other side.
const ENCODE: [Field; 4] =
    [ESCAPE_CONF::RX_C0_ESC_EN, ESCAPE_CONF::RX_DB_ESC_EN, ESCAPE_CONF::RX_11_ESC_EN, ESCAPE_CONF::RX_13_ESC_EN];
const DECODE: [Field; 4] =
    [ESCAPE_CONF::TX_C0_ESC_EN, ESCAPE_CONF::TX_DB_ESC_EN, ESCAPE_CONF::TX_11_ESC_EN, ESCAPE_CONF::TX_13_ESC_EN];

/// The decoder's state.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Decoder {
    /// The first character of an escape sequence.
    pub(super) escape: Option<u8>,
    /// Characters of the packet so far.
    pub(super) length: u32,
}

/// What a character from the line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decoded {
    /// Nothing yet.
    Nothing,
    /// A separator.
    Separator,
    /// Data; a sequence that means nothing is passed on as it is.
    Data([u8; 2], usize),
}

impl Uhci {
    fn escapes(&self, enables: [Field; 4]) -> impl Iterator<Item = Escape> + '_ {
        let enabled = self.bank.get(Reg::ESCAPE_CONF);
        TABLES.into_iter().zip(enables).filter(move |(_, enable)| enable.is_set(enabled)).map(|(table, _)| {
            let [character, first, second, _] = self.bank.get(table).to_le_bytes();
            (character, [first, second])
        })
    }

    /// The separator, if packets are separated.
    pub(super) fn separator(&self) -> Option<u8> {
        let separates = CONF0::SEPER_EN.is_set(self.bank.get(Reg::CONF0));
        separates.then(|| self.bank.field(Reg::ESC_CONF0, ESC_CONF0::SEPER_CHAR) as u8)
    }

    /// A byte of a packet goes onto the line.
    pub(super) fn encode(&mut self, byte: u8) {
        let escape = self.escapes(ENCODE).find(|(character, _)| *character == byte);
        match escape {
            Some((_, sequence)) => self.line.extend(sequence),
            None => self.line.push_back(byte),
        }
    }

    /// A character comes from the line.
    pub(super) fn decode(&mut self, byte: u8) -> Decoded {
        if let Some(first) = self.decoder.escape.take() {
            let meant = self.escapes(DECODE).find(|(_, sequence)| *sequence == [first, byte]);
            return match meant {
                Some((character, _)) => Decoded::Data([character, 0], 1),
                None => Decoded::Data([first, byte], 2),
            };
        }
        if self.separator() == Some(byte) {
            return Decoded::Separator;
        }
        let begins = self.escapes(DECODE).any(|(_, sequence)| sequence[0] == byte);
        if begins {
            self.decoder.escape = Some(byte);
            return Decoded::Nothing;
        }
        Decoded::Data([byte, 0], 1)
    }
}
