//! Frames as bits, and bits as frames: Bosch CAN Specification 2.0, parts A and B, sections 3.1 and 3.2.

use serde::{Deserialize, Serialize};

/// Bytes of the transmit buffer, and of a message in the receive FIFO at the most.
pub(super) const BUFFER: usize = 13;
/// Bits of the CRC sequence.
pub(super) const CRC_BITS: usize = 15;
/// x^15 + x^14 + x^10 + x^8 + x^7 + x^4 + x^3 + 1.
const POLYNOMIAL: u16 = 0x4599;

/// A data or remote frame.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Frame {
    pub(super) extended: bool,
    pub(super) remote: bool,
    /// 11 bits, or 29.
    pub(super) id: u32,
    /// As sent: 9 to 15 stand for eight bytes as well.
    pub(super) dlc: u8,
    pub(super) data: [u8; 8],
}

impl Frame {
    /// What the transmit buffer holds: frame information, identifier, data (ESP-IDF `hal/twai_ll.h`).
    pub(super) fn from_buffer(buffer: &[u8; BUFFER]) -> Self {
        let extended = buffer[0] & 0x80 != 0;
        let word = u32::from_be_bytes([buffer[1], buffer[2], buffer[3], buffer[4]]);
        let (id, first) = if extended { (word >> 3, 5) } else { (word >> 21, 3) };
        let mut data = [0; 8];
        data.copy_from_slice(&buffer[first..first + 8]);
        Self { extended, remote: buffer[0] & 0x40 != 0, id, dlc: buffer[0] & 0xF, data }
    }

    /// What the receive buffer shows: RTR stands behind the identifier once more.
    pub(super) fn to_buffer(&self) -> Vec<u8> {
        let mut buffer = vec![u8::from(self.extended) << 7 | u8::from(self.remote) << 6 | self.dlc];
        if self.extended {
            buffer.extend((self.id << 3 | u32::from(self.remote) << 2).to_be_bytes());
        } else {
            buffer.extend(((self.id << 5 | u32::from(self.remote) << 4) as u16).to_be_bytes());
        }
        buffer.extend(&self.data[..self.bytes()]);
        buffer
    }

    /// Bytes of data.
    pub(super) fn bytes(&self) -> usize {
        if self.remote {
            0
        } else {
            usize::from(self.dlc.min(8))
        }
    }

    /// From SOF to the end of the CRC sequence, without stuff bits; true is recessive.
    pub(super) fn bits(&self) -> Vec<bool> {
        let mut bits = vec![false];
        let mut put = |value: u32, count: u32| bits.extend((0..count).rev().map(|n| value >> n & 1 != 0));
        if self.extended {
            put(self.id >> 18, 11);
            // SRR and IDE, recessive.
            put(0b11, 2);
            put(self.id, 18);
            put(u32::from(self.remote) << 2, 3);
        } else {
            put(self.id, 11);
            // RTR, then IDE and r0, dominant.
            put(u32::from(self.remote) << 2, 3);
        }
        put(u32::from(self.dlc), 4);
        for &byte in &self.data[..self.bytes()] {
            put(u32::from(byte), 8);
        }
        let crc = u32::from(crc(&bits));
        bits.extend((0..CRC_BITS).rev().map(|n| crc >> n & 1 != 0));
        bits
    }
}

/// The CRC sequence, section 3.1.1.
pub(super) fn crc(bits: &[bool]) -> u16 {
    bits.iter().fold(0, |crc, &bit| {
        let turns = bit != (crc >> 14 & 1 != 0);
        (crc << 1 & 0x7FFF) ^ if turns { POLYNOMIAL } else { 0 }
    })
}

/// A bit of the other level follows five of one level, section 5.
pub(super) fn stuff(bits: &[bool]) -> Vec<bool> {
    let mut stuffed = Vec::with_capacity(bits.len() + bits.len() / 4);
    let (mut level, mut run) = (true, 0);
    for &bit in bits {
        run = if bit == level { run + 1 } else { 1 };
        level = bit;
        stuffed.push(bit);
        if run == 5 {
            (level, run) = (!bit, 1);
            stuffed.push(level);
        }
    }
    stuffed
}

/// What comes in, from SOF to the end of the CRC sequence.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Decoder {
    bits: Vec<bool>,
    level: bool,
    run: u8,
}

/// Six bits of one level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StuffError;

impl Decoder {
    /// Takes a bit.
    pub(super) fn push(&mut self, bit: bool) -> Result<(), StuffError> {
        let stuffing = self.run == 5;
        self.run = if !self.bits.is_empty() && bit == self.level { self.run + 1 } else { 1 };
        self.level = bit;
        if stuffing {
            return if self.run == 1 { Ok(()) } else { Err(StuffError) };
        }
        self.bits.push(bit);
        Ok(())
    }

    /// Is the next bit, or the last one after [`Decoder::push`], of the arbitration field?
    pub(super) fn arbitrates(&self) -> bool {
        let position = self.bits.len().saturating_sub(1);
        position <= if self.is_extended() { 32 } else { 13 }
    }

    /// The number of the last bit in the arbitration field, as ARB_LOST_CAP counts: 0 is ID.28.
    pub(super) fn arbitration_bit(&self) -> u32 {
        (self.bits.len() as u32).saturating_sub(2)
    }

    fn is_extended(&self) -> bool {
        self.bits.get(13).is_some_and(|&ide| ide)
    }

    fn number(&self, first: usize, count: usize) -> Option<u32> {
        let bits = self.bits.get(first..first + count)?;
        Some(bits.iter().fold(0, |number, &bit| number << 1 | u32::from(bit)))
    }

    /// Where the data field begins, and how many bits it has.
    fn data(&self) -> Option<(usize, usize)> {
        self.bits.get(13)?;
        let (first, rtr) = if self.is_extended() { (39, 32) } else { (19, 12) };
        let dlc = self.number(first - 4, 4)? as usize;
        Some((first, if self.bits[rtr] { 0 } else { 8 * dlc.min(8) }))
    }

    /// Are all bits in, with the stuff bit that may follow the last?
    pub(super) fn is_complete(&self) -> bool {
        self.run != 5 && self.data().is_some_and(|(first, bits)| self.bits.len() == first + bits + CRC_BITS)
    }

    /// The frame of a complete sequence, if its CRC is right.
    pub(super) fn frame(&self) -> Option<Frame> {
        let (first, bits) = self.data()?;
        if u32::from(crc(&self.bits[..first + bits])) != self.number(first + bits, CRC_BITS)? {
            return None;
        }
        let extended = self.is_extended();
        let id = if extended { self.number(1, 11)? << 18 | self.number(14, 18)? } else { self.number(1, 11)? };
        let mut data = [0; 8];
        for (n, byte) in data.iter_mut().enumerate().take(bits / 8) {
            *byte = self.number(first + 8 * n, 8)? as u8;
        }
        let remote = self.bits[if extended { 32 } else { 12 }];
        Some(Frame { extended, remote, id, dlc: self.number(first - 4, 4)? as u8, data })
    }

    /// The segment of the last bit, as ERR_CODE_CAP numbers them (ESP-IDF `hal/twai_ll.h`, twai_ll_err_seg_t).
    pub(super) fn segment(&self) -> u32 {
        let position = self.bits.len().saturating_sub(1);
        let data = self.data();
        match (position, self.is_extended()) {
            (0, _) => 3,
            (1..=8, _) => 2,
            (9..=11, _) => 6,
            (12, _) => 4,
            (13, _) => 5,
            (14..=18, true) => 7,
            (19..=26, true) => 15,
            (27..=31, true) => 14,
            (32, true) => 12,
            (33, true) => 13,
            (34, true) | (14, false) => 9,
            (35..=38, true) | (15..=18, false) => 11,
            _ if data.is_some_and(|(first, bits)| position < first + bits) => 10,
            _ => 8,
        }
    }
}

/// The acceptance filter: four bytes of code and four of mask, in which 1 stands for "does not matter". TRM, section
/// "Acceptance Filter"; ESP-IDF documentation of the TWAI driver, "Acceptance Filter".
pub(super) fn accepts(code: [u8; 4], mask: [u8; 4], single: bool, frame: &Frame) -> bool {
    let buffer = frame.to_buffer();
    let same = |number: usize, byte: u8, bits: u8| (byte ^ code[number]) & !mask[number] & bits == 0;
    let byte = |number: usize| frame.data.get(number).copied().filter(|_| number < frame.bytes());
    match (single, frame.extended) {
        (true, true) => (0..3).all(|n| same(n, buffer[1 + n], 0xFF)) && same(3, buffer[4], 0xFC),
        (true, false) => {
            let data = (0..2).all(|n| byte(n).is_none_or(|byte| same(2 + n, byte, 0xFF)));
            same(0, buffer[1], 0xFF) && same(1, buffer[2], 0xF0) && data
        }
        (false, true) => [0, 2].into_iter().any(|n| same(n, buffer[1], 0xFF) && same(n + 1, buffer[2], 0xFF)),
        (false, false) => {
            // The first filter looks at the first byte of data as well: its nibbles are in code 1 and code 3.
            let data = byte(0).is_none_or(|byte| same(1, byte >> 4, 0x0F) && same(3, byte, 0x0F));
            let first = same(0, buffer[1], 0xFF) && same(1, buffer[2], 0xF0) && data;
            first || (same(2, buffer[1], 0xFF) && same(3, buffer[2], 0xF0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check value of CRC-15/CAN for "123456789" in the RevEng catalogue of parametrised CRC algorithms.
    #[test]
    fn the_crc_has_the_published_check_value() {
        let bits: Vec<bool> =
            b"123456789".iter().flat_map(|byte| (0..8).rev().map(move |n| byte >> n & 1 != 0)).collect();
        assert_eq!(crc(&bits), 0x059E);
    }

    /// CAN 2.0, section 5, also behind the last bit.
    #[test]
    fn five_bits_of_one_level_are_followed_by_one_of_the_other() {
        let text = |bits: Vec<bool>| bits.into_iter().map(|bit| if bit { '1' } else { '0' }).collect::<String>();
        let bits = |text: &str| text.chars().map(|bit| bit == '1').collect::<Vec<_>>();
        assert_eq!(text(stuff(&bits("0000011111"))), "000001111101");
        assert_eq!(text(stuff(&bits("00000000"))), "000001000");
    }

    #[test]
    fn what_is_encoded_is_decoded() {
        let frames = [
            Frame { extended: false, remote: false, id: 0x7FF, dlc: 8, data: [0; 8] },
            Frame { extended: false, remote: true, id: 0x123, dlc: 5, data: [0; 8] },
            Frame { extended: true, remote: false, id: 0x1555_AAAA, dlc: 3, data: [0xFF, 0, 0x0F, 0, 0, 0, 0, 0] },
            Frame { extended: true, remote: true, id: 1, dlc: 0, data: [0; 8] },
        ];
        for frame in frames {
            let mut decoder = Decoder::default();
            for bit in stuff(&frame.bits()) {
                assert!(!decoder.is_complete());
                assert_eq!(decoder.push(bit), Ok(()));
            }
            assert!(decoder.is_complete());
            assert_eq!(decoder.frame(), Some(frame));
        }
    }

    /// ESP-IDF, TWAI documentation, "Acceptance Filter": bits of a single and of two filters.
    #[test]
    fn filters_compare_the_bits_that_matter() {
        let standard = |id: u32, data: u8| Frame { id, dlc: 1, data: [data, 0, 0, 0, 0, 0, 0, 0], ..Frame::default() };
        let code = (0x5A5u32 << 21 | 0x3C << 8).to_be_bytes();
        let mask = (0x1F_FFFFu32 & !(0xFF << 8)).to_be_bytes();
        assert!(accepts(code, mask, true, &standard(0x5A5, 0x3C)));
        assert!(!accepts(code, mask, true, &standard(0x5A5, 0x99)));
        let exact = [0x5A5u32 << 21, 0x001F_FFFF].map(u32::to_be_bytes);
        assert!(accepts(exact[0], exact[1], true, &standard(0x5A5, 1)));
        assert!(!accepts(exact[0], exact[1], true, &standard(0x5A4, 1)));
        let (two, masks) = ((0x5A5u32 << 21 | 0x123 << 5).to_be_bytes(), 0x001F_001Fu32.to_be_bytes());
        assert!(accepts(two, masks, false, &standard(0x5A5, 1)) && accepts(two, masks, false, &standard(0x123, 1)));
        assert!(!accepts(two, masks, false, &standard(0x124, 1)));
        let extended = Frame { extended: true, id: 0x1ABC_DE01, ..Frame::default() };
        let (code, mask) = ((0x1ABC_DE01u32 << 3).to_be_bytes(), 0x7u32.to_be_bytes());
        assert!(accepts(code, mask, true, &extended));
        assert!(!accepts(code, mask, true, &Frame { id: 0x1ABC_DE00, ..extended }));
    }
}
