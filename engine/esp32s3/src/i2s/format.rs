//! How samples in memory become bits of a frame, and back.

use super::law::Law;
use super::{Reg, RX_CONF, RX_CONF1, RX_TDM_CTRL, TX_CONF, TX_CONF1, TX_TDM_CTRL};
use engine_core::i2s::I2sLayout;
use engine_core::registers::Bank;
use serde::{Deserialize, Serialize};

/// What UPDATE has taken over from the registers of a direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Format {
    /// Frames on the wire.
    pub layout: I2sLayout,
    /// Slots in a frame.
    pub slots: u32,
    /// Bits of a slot.
    pub slot_bits: u32,
    /// Bits of a sample in memory.
    pub data_bits: u32,
    /// What becomes of it on the way.
    law: Option<Law>,
    /// Slots that are in use, a bit each.
    pub enabled: u32,
    /// TDM_EN: standard and TDM mode.
    pub tdm: bool,
    /// PDM_EN.
    pub pdm: bool,
    /// SLAVE_MOD.
    pub slave: bool,
    /// MONO, which has an effect in PDM TX alone.
    pub mono: bool,
    /// PDM: samples of BITS_MOD that a frame takes in memory.
    pdm_samples: usize,
    lsb_first: bool,
    big_endian: bool,
    left_align: bool,
    /// TX: memory has samples for all slots, not only for those in use.
    skips: bool,
    /// TX: slots that are not in use repeat the one before.
    equal: bool,
}

/// 24_FILL_EN: samples of 24 bits take 32.
fn filled(bits: u32, fill: bool) -> u32 {
    if fill && bits == 24 {
        32
    } else {
        bits
    }
}

/// A sample of so many bits with its upper ones kept, or zeros behind it.
fn resized(sample: u32, from: u32, to: u32) -> u32 {
    if to > from {
        sample << (to - from)
    } else {
        sample >> (from - to)
    }
}

impl Format {
    /// From TX_CONF, TX_CONF1 and TX_TDM_CTRL.
    pub fn of_tx(bank: &Bank<Reg>) -> Self {
        let (conf, conf1, tdm) = (bank.get(Reg::TX_CONF), bank.get(Reg::TX_CONF1), bank.get(Reg::TX_TDM_CTRL));
        Self {
            layout: I2sLayout {
                bits: 2 * (TX_CONF1::TX_HALF_SAMPLE_BITS.get(conf1) + 1) as u8,
                ws_first: (TX_CONF1::TX_TDM_WS_WIDTH.get(conf1) + 1) as u8,
                ws_level: TX_CONF::TX_WS_IDLE_POL.is_set(conf),
                delay: TX_CONF1::TX_MSB_SHIFT.is_set(conf1),
            },
            slots: TX_TDM_CTRL::TX_TDM_TOT_CHAN_NUM.get(tdm) + 1,
            slot_bits: TX_CONF1::TX_TDM_CHAN_BITS.get(conf1) + 1,
            data_bits: filled(TX_CONF1::TX_BITS_MOD.get(conf1) + 1, TX_CONF::TX_24_FILL_EN.is_set(conf)),
            law: Law::new(TX_CONF::TX_PCM_BYPASS.is_set(conf), TX_CONF::TX_PCM_CONF.get(conf)),
            enabled: tdm & 0xFFFF,
            tdm: TX_CONF::TX_TDM_EN.is_set(conf),
            pdm: TX_CONF::TX_PDM_EN.is_set(conf),
            slave: TX_CONF::TX_SLAVE_MOD.is_set(conf),
            mono: TX_CONF::TX_MONO.is_set(conf),
            // Mono has 16 bits, stereo two samples in 32 (ESP-IDF i2s_hal_pdm_set_tx_slot).
            pdm_samples: 1,
            lsb_first: TX_CONF::TX_BIT_ORDER.is_set(conf),
            big_endian: TX_CONF::TX_BIG_ENDIAN.is_set(conf),
            left_align: TX_CONF::TX_LEFT_ALIGN.is_set(conf),
            skips: TX_TDM_CTRL::TX_TDM_SKIP_MSK_EN.is_set(tdm),
            equal: TX_CONF::TX_CHAN_EQUAL.is_set(conf),
        }
    }

    /// From RX_CONF, RX_CONF1 and RX_TDM_CTRL.
    pub fn of_rx(bank: &Bank<Reg>) -> Self {
        let (conf, conf1, tdm) = (bank.get(Reg::RX_CONF), bank.get(Reg::RX_CONF1), bank.get(Reg::RX_TDM_CTRL));
        Self {
            layout: I2sLayout {
                bits: 2 * (RX_CONF1::RX_HALF_SAMPLE_BITS.get(conf1) + 1) as u8,
                ws_first: (RX_CONF1::RX_TDM_WS_WIDTH.get(conf1) + 1) as u8,
                ws_level: RX_CONF::RX_WS_IDLE_POL.is_set(conf),
                delay: RX_CONF1::RX_MSB_SHIFT.is_set(conf1),
            },
            slots: RX_TDM_CTRL::RX_TDM_TOT_CHAN_NUM.get(tdm) + 1,
            slot_bits: RX_CONF1::RX_TDM_CHAN_BITS.get(conf1) + 1,
            data_bits: filled(RX_CONF1::RX_BITS_MOD.get(conf1) + 1, RX_CONF::RX_24_FILL_EN.is_set(conf)),
            law: Law::new(RX_CONF::RX_PCM_BYPASS.is_set(conf), RX_CONF::RX_PCM_CONF.get(conf)),
            enabled: tdm & 0xFFFF,
            tdm: RX_CONF::RX_TDM_EN.is_set(conf),
            pdm: RX_CONF::RX_PDM_EN.is_set(conf),
            slave: RX_CONF::RX_SLAVE_MOD.is_set(conf),
            mono: false,
            pdm_samples: (tdm & 0xFF).count_ones() as usize,
            lsb_first: RX_CONF::RX_BIT_ORDER.is_set(conf),
            big_endian: RX_CONF::RX_BIG_ENDIAN.is_set(conf),
            left_align: RX_CONF::RX_LEFT_ALIGN.is_set(conf),
            skips: false,
            equal: false,
        }
    }

    /// Bytes of a sample in memory.
    pub fn sample_bytes(&self) -> usize {
        self.data_bits.div_ceil(8) as usize
    }

    fn is_enabled(&self, slot: u32) -> bool {
        self.enabled >> slot & 1 != 0
    }

    /// Bytes of memory that a frame takes.
    pub fn frame_bytes(&self) -> usize {
        if self.pdm {
            return self.pdm_samples * self.sample_bytes();
        }
        let slots =
            if self.skips { self.slots } else { (0..self.slots).filter(|slot| self.is_enabled(*slot)).count() as u32 };
        slots as usize * self.sample_bytes()
    }

    /// Do the slots fill the frame?
    pub fn fits(&self) -> bool {
        self.slots * self.slot_bits == u32::from(self.layout.bits)
    }

    /// A sample as it stands in memory.
    pub fn load(&self, bytes: &[u8]) -> u32 {
        let add = |value: u32, byte: &u8| value << 8 | u32::from(*byte);
        if self.big_endian {
            bytes.iter().fold(0, add)
        } else {
            bytes.iter().rev().fold(0, add)
        }
    }

    fn store(&self, sample: u32, into: &mut Vec<u8>) {
        let bytes = &sample.to_le_bytes()[..self.sample_bytes()];
        if self.big_endian {
            into.extend(bytes.iter().rev());
        } else {
            into.extend(bytes);
        }
    }

    /// Bits of a sample on the wire. Characters of a law in memory are linear there.
    fn line_bits(&self) -> u32 {
        if self.law.is_some() && self.data_bits == 8 {
            16
        } else {
            self.data_bits
        }
    }

    /// A sample goes through the compressor or decompressor, from one side of it to the other: characters are its lower 8
    /// bits, linear samples its upper 16.
    fn convert(&self, sample: u32, from: u32, to: u32) -> u32 {
        match self.law {
            None => sample,
            Some(law) if law.compresses() => law.apply(resized(sample, from, 16)),
            Some(law) => resized(law.apply(sample), 16, to),
        }
    }

    /// The order of bits of a sample on the wire, and back.
    fn turn(&self, sample: u32) -> u32 {
        if self.lsb_first {
            sample.reverse_bits() >> (32 - self.line_bits())
        } else {
            sample & (u32::MAX >> (32 - self.line_bits()))
        }
    }

    /// The bits of a slot: the sample at its beginning, or with TX_LEFT_ALIGN off at its end.
    fn slot(&self, sample: u32) -> u128 {
        let bits = u128::from(self.turn(self.convert(sample, self.data_bits, self.line_bits())));
        match self.slot_bits.checked_sub(self.line_bits()) {
            Some(spare) if self.left_align => bits << spare,
            Some(_) => bits,
            None => bits >> (self.line_bits() - self.slot_bits),
        }
    }

    /// A frame of samples from memory; `single` is what slots send that are not in use.
    pub fn pack(&self, bytes: &[u8], single: u32) -> u128 {
        if self.pdm {
            return self.load(bytes).into();
        }
        let mut samples = bytes.chunks(self.sample_bytes()).map(|sample| self.load(sample));
        let bits = u32::from(self.layout.bits);
        let (mut last, mut frame, mut used) = (single, 0, 0);
        for slot in 0..self.slots {
            let enabled = self.is_enabled(slot);
            let sample = if enabled || self.skips { samples.next().unwrap_or(0) } else { 0 };
            if enabled {
                last = sample;
            }
            let sent = if enabled || self.equal { last } else { single };
            if used + self.slot_bits <= bits {
                frame = frame << self.slot_bits | self.slot(sent);
                used += self.slot_bits;
            }
        }
        // Where no slot is, the data line is low.
        if used == 0 {
            0
        } else {
            frame << (bits - used)
        }
    }

    /// The samples of a frame of this many bits, for memory: those of slots in use.
    pub fn unpack(&self, frame: u128, bits: u32, into: &mut Vec<u8>) {
        for slot in (0..self.slots).filter(|slot| self.is_enabled(*slot)) {
            let end = (slot + 1) * self.slot_bits;
            let place = if end <= bits { frame >> (bits - end) } else { 0 };
            let value = (place & (u128::MAX >> (128 - self.slot_bits))) as u32;
            let sample = match self.slot_bits.checked_sub(self.line_bits()) {
                Some(spare) if self.left_align => value >> spare,
                Some(_) => value,
                None => value << (self.line_bits() - self.slot_bits),
            };
            self.store(self.convert(self.turn(sample), self.line_bits(), self.data_bits), into);
        }
    }

    /// A left-justified sample, for memory: what the decimator of PDM RX gives.
    pub fn store_justified(&self, sample: i32, into: &mut Vec<u8>) {
        self.store((sample >> (32 - self.data_bits)) as u32, into);
    }
}
