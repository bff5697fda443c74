//! An Ethernet MAC for firmware that runs in an emulator. No ESP32-S3 has one: ESP-IDF has a driver for the OpenCores
//! Ethernet MAC (`esp_eth/src/openeth`), so that firmware reaches a network in Espressif's QEMU, at 0x600C_D000 and with the
//! interrupt of the Wi-Fi MAC. OpenCores Ethernet IP Core Specification, chapters Registers and Operation; its PHY
//! is a DP83848.
//!
//! # Fidelity
//! - Registers, buffer descriptors, address recognition, padding, checksums, length limits, loopback, interrupts, MII
//!   management: as the specification says.
//! - A frame is sent at once when its descriptor becomes ready: ESP-IDF's driver relies on that. Received frames come at
//!   100 Mbit/s; a frame that finds no empty descriptor, or a receiver that is off, is lost.
//! - Flow control: PAUSE frames are sent and obeyed; control frames go to memory with PASSALL. Collisions and half duplex are
//!   missing: nothing ever collides. Inter-frame gaps are storage.
//! - DLYCRCEN: frames on the cable have the usual checksum, so those that come in are in error then, and those that are sent
//!   get lost.

mod phy;
#[cfg(test)]
mod tests;

use crate::block::{undeclared, Block};
use crate::fabric::Fabric;
use crate::memories::{Memories, Mmu};
use crate::slots::Slot;
use crate::sources::Source;
use engine_core::registers::{Bank, Field, Group, Registers, Write};
use engine_core::time::Ps;
use phy::Phy;
use serde::{Deserialize, Serialize};

engine_core::registers! {
    /// OpenCores Ethernet IP Core Specification, chapter Registers.
    pub Reg;
    MODER 0x000 = 0x0000_A000 { RECSMALL 16 rw; PAD 15 rw; HUGEN 14 rw; CRCEN 13 rw; DLYCRCEN 12 rw; RST 11 rw; FULLD 10 rw; EXDFREN 9 rw; NOBCKOF 8 rw; LOOPBCK 7 rw; IFG 6 rw; PRO 5 rw; IAM 4 rw; BRO 3 rw; NOPRE 2 rw; TXEN 1 rw; RXEN 0 rw; }
    INT_SOURCE 0x004 = 0x0000_0000 { RXC 6 w1c; TXC 5 w1c; BUSY 4 w1c; RXE 3 w1c; RXB 2 w1c; TXE 1 w1c; TXB 0 w1c; }
    INT_MASK 0x008 = 0x0000_0000 { RXC_M 6 rw; TXC_M 5 rw; BUSY_M 4 rw; RXE_M 3 rw; RXB_M 2 rw; TXE_M 1 rw; TXB_M 0 rw; }
    IPGT 0x00C = 0x0000_0012 { IPGT 6:0 rw; }
    IPGR1 0x010 = 0x0000_000C { IPGR1 6:0 rw; }
    IPGR2 0x014 = 0x0000_0012 { IPGR2 6:0 rw; }
    PACKETLEN 0x018 = 0x0040_0600 { MINFL 31:16 rw; MAXFL 15:0 rw; }
    COLLCONF 0x01C = 0x000F_003F { MAXRET 19:16 rw; COLLVALID 5:0 rw; }
    TX_BD_NUM 0x020 = 0x0000_0040 { TX_BD_NUM 7:0 rw; }
    CTRLMODER 0x024 = 0x0000_0000 { TXFLOW 2 rw; RXFLOW 1 rw; PASSALL 0 rw; }
    MIIMODER 0x028 = 0x0000_0064 { MIINOPRE 8 rw; CLKDIV 7:0 rw; }
    MIICOMMAND 0x02C = 0x0000_0000 { WCTRLDATA 2 wo; RSTAT 1 wo; SCANSTAT 0 rw; }
    MIIADDRESS 0x030 = 0x0000_0000 { RGAD 12:8 rw; FIAD 4:0 rw; }
    MIITX_DATA 0x034 = 0x0000_0000 { CTRLDATA 15:0 rw; }
    MIIRX_DATA 0x038 = 0x0000_0000 { PRSD 15:0 ro; }
    MIISTATUS 0x03C = 0x0000_0000 { NVALID 2 ro; BUSY 1 ro; LINKFAIL 0 ro; }
    MAC_ADDR0 0x040 = 0x0000_0000 { BYTES_2_TO_5 31:0 rw; }
    MAC_ADDR1 0x044 = 0x0000_0000 { BYTES_0_TO_1 15:0 rw; }
    ETH_HASH0_ADR 0x048 = 0x0000_0000 { HASH0 31:0 rw; }
    ETH_HASH1_ADR 0x04C = 0x0000_0000 { HASH1 31:0 rw; }
    TXCTRL 0x050 = 0x0000_0000 { TXPAUSERQ 16 rw; TXPAUSETV 15:0 rw; }
}

/// Buffer descriptors: two words each, a status and an address.
const DESCRIPTORS: u32 = 0x400;
const DESCRIPTOR_WORDS: usize = 256;

/// Bits of the status of a descriptor for a frame to send.
mod tx {
    use super::Field;
    pub const LEN: Field = Field::new(31, 16);
    pub const RD: Field = Field::new(15, 15);
    pub const IRQ: Field = Field::new(14, 14);
    pub const WR: Field = Field::new(13, 13);
    pub const PAD: Field = Field::new(12, 12);
    pub const CRC: Field = Field::new(11, 11);
    /// Underrun, retries, limits, collisions, carrier: what happened.
    pub const STATUS: Field = Field::new(8, 0);
}

/// Bits of the status of a descriptor for a received frame.
mod rx {
    use super::Field;
    pub const LEN: Field = Field::new(31, 16);
    pub const E: Field = Field::new(15, 15);
    pub const IRQ: Field = Field::new(14, 14);
    pub const WR: Field = Field::new(13, 13);
    /// A control frame.
    pub const CF: Field = Field::new(8, 8);
    pub const M: Field = Field::new(7, 7);
    pub const TL: Field = Field::new(3, 3);
    pub const SF: Field = Field::new(2, 2);
    pub const CRC: Field = Field::new(1, 1);
    pub const STATUS: Field = Field::new(8, 0);
}

/// Bytes of the checksum.
const FCS: usize = 4;

/// IEEE 802.3 clause 3.2.9, before the last inversion: the lowest bit of a byte goes first.
fn crc(data: &[u8]) -> u32 {
    let shift = |crc: u32, _| crc >> 1 ^ if crc & 1 != 0 { 0xEDB8_8320 } else { 0 };
    data.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), shift))
}

/// MODER.DLYCRCEN: the checksum leaves out so many bytes.
const DELAYED: usize = 4;

/// IEEE 802.3 annex 31B: where PAUSE frames go, the type of control frames, and the operation code of PAUSE.
const PAUSE_ADDRESS: [u8; 6] = [0x01, 0x80, 0xC2, 0x00, 0x00, 0x01];
const CONTROL: [u8; 2] = [0x88, 0x08];
const PAUSE: [u8; 2] = [0, 1];
/// A quantum of pauses: 512 bit times, at 100 Mbit/s.
const QUANTUM: Ps = 5_120_000;

/// The block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ethernet {
    bank: Bank<Reg>,
    descriptors: Vec<u32>,
    /// The descriptors in use.
    sends: usize,
    receives: usize,
    phy: Phy,
    /// When the frame that is on the line has come in.
    arrives: Option<Ps>,
    /// The other end has asked to send nothing until then.
    paused_until: Ps,
}

impl Ethernet {
    /// After power-on.
    pub fn new() -> Self {
        Self {
            bank: Bank::new(),
            descriptors: vec![0; DESCRIPTOR_WORDS],
            sends: 0,
            receives: 0x40,
            phy: Phy::new(),
            arrives: None,
            paused_until: 0,
        }
    }

    fn mode(&self, field: Field) -> bool {
        field.is_set(self.bank.get(Reg::MODER))
    }

    fn raise(&mut self, field: Field, fabric: &mut Fabric) {
        self.bank.set(Reg::INT_SOURCE, self.bank.get(Reg::INT_SOURCE) | field.mask);
        self.interrupt(fabric);
    }

    fn interrupt(&self, fabric: &mut Fabric) {
        fabric.set_irq(Source::WIFI_MAC, self.bank.get(Reg::INT_SOURCE) & self.bank.get(Reg::INT_MASK) != 0);
    }

    /// The first descriptor for received frames; those before it are for frames to send.
    fn first_receiving(&self) -> usize {
        (self.bank.get(Reg::TX_BD_NUM) as usize).min(DESCRIPTOR_WORDS / 2)
    }

    /// A descriptor became ready, or a frame is there.
    pub fn due(&mut self, mem: &mut Memories, mmu: &Mmu, fabric: &mut Fabric) {
        while self.mode(MODER::TXEN)
            && fabric.now() >= self.paused_until
            && self.sends < self.first_receiving()
            && tx::RD.is_set(self.descriptors[2 * self.sends])
        {
            self.send(mem, mmu, fabric);
        }
        if self.arrives.is_some_and(|at| at <= fabric.now()) {
            self.arrives = None;
            if let Some(frame) = fabric.ethernet.arrive() {
                self.take(&frame, !crc(&frame), mem, mmu, fabric);
            }
        }
        self.expect(fabric);
    }

    /// The next frame takes its time on the line.
    fn expect(&mut self, fabric: &mut Fabric) {
        if self.arrives.is_none() {
            self.arrives = fabric.ethernet.next_takes().map(|time| fabric.now().saturating_add(time));
        }
        let resumes = if fabric.now() < self.paused_until { self.paused_until } else { Ps::MAX };
        let due = self.arrives.unwrap_or(Ps::MAX).min(resumes);
        if due != Ps::MAX {
            fabric.at(Slot::Ethernet, due);
        }
    }

    /// The frame of the descriptor in use is sent.
    fn send(&mut self, mem: &mut Memories, mmu: &Mmu, fabric: &mut Fabric) {
        let (status, address) = (self.descriptors[2 * self.sends], self.descriptors[2 * self.sends + 1]);
        let mut frame: Vec<u8> =
            (0..tx::LEN.get(status)).map(|n| load(address.wrapping_add(n), mem, mmu, fabric)).collect();
        if self.mode(MODER::CRCEN) || tx::CRC.is_set(status) {
            if self.mode(MODER::PAD) || tx::PAD.is_set(status) {
                let shortest = self.bank.field(Reg::PACKETLEN, PACKETLEN::MINFL) as usize;
                frame.resize(frame.len().max(shortest.saturating_sub(FCS)), 0);
            }
        } else {
            // Software brings the checksum.
            frame.truncate(frame.len().saturating_sub(FCS));
        }
        self.descriptors[2 * self.sends] = status & !(tx::RD.mask | tx::STATUS.mask);
        self.sends = if tx::WR.is_set(status) { 0 } else { (self.sends + 1) % self.first_receiving().max(1) };
        if tx::IRQ.is_set(status) {
            self.raise(INT_SOURCE::TXB, fabric);
        }
        if self.mode(MODER::LOOPBCK) {
            let checksum = self.checksum(&frame);
            self.take(&frame, checksum, mem, mmu, fabric);
        } else if !self.mode(MODER::DLYCRCEN) {
            // The other end throws a frame with another checksum away.
            fabric.send_ethernet(frame);
        }
    }

    /// The checksum as this MAC makes it.
    fn checksum(&self, frame: &[u8]) -> u32 {
        let skipped = if self.mode(MODER::DLYCRCEN) { DELAYED.min(frame.len()) } else { 0 };
        !crc(&frame[skipped..])
    }

    fn own_address(&self) -> [u8; 6] {
        let [a, b, c, d] = self.bank.get(Reg::MAC_ADDR0).to_be_bytes();
        let [e, f] = (self.bank.get(Reg::MAC_ADDR1) as u16).to_be_bytes();
        [e, f, a, b, c, d]
    }

    /// TXPAUSERQ: a PAUSE frame goes out with the time of TXPAUSETV, where TXFLOW lets it.
    fn send_pause(&mut self, fabric: &mut Fabric) {
        self.bank.set_field(Reg::TXCTRL, TXCTRL::TXPAUSERQ, 0);
        if !CTRLMODER::TXFLOW.is_set(self.bank.get(Reg::CTRLMODER)) {
            return;
        }
        let time = (TXCTRL::TXPAUSETV.get(self.bank.get(Reg::TXCTRL)) as u16).to_be_bytes();
        let mut frame = [&PAUSE_ADDRESS[..], &self.own_address(), &CONTROL, &PAUSE, &time].concat();
        frame.resize(60, 0);
        fabric.send_ethernet(frame);
        self.raise(INT_SOURCE::TXC, fabric);
    }

    /// A control frame came in. With RXFLOW a PAUSE holds the transmitter back, from now on. True: it goes to memory as well.
    fn control(&mut self, frame: &[u8], fabric: &mut Fabric) -> bool {
        let mode = self.bank.get(Reg::CTRLMODER);
        let is_pause = frame.get(14..16) == Some(&PAUSE) && frame.len() >= 18;
        if CTRLMODER::RXFLOW.is_set(mode) && is_pause {
            let quanta = u16::from_be_bytes([frame[16], frame[17]]);
            self.paused_until = fabric.now() + QUANTUM * Ps::from(quanta);
            self.raise(INT_SOURCE::RXC, fabric);
        }
        CTRLMODER::PASSALL.is_set(mode)
    }

    /// Address recognition: is the frame for this MAC? `Some(true)`: only because it takes every frame.
    fn recognizes(&self, frame: &[u8]) -> Option<bool> {
        let destination = frame.get(..6)?;
        let own = self.own_address();
        let met = if destination == [0xFF; 6] {
            !self.mode(MODER::BRO)
        } else if destination[0] & 1 != 0 || self.mode(MODER::IAM) {
            let place = crc(destination).reverse_bits() >> 26;
            let table = [self.bank.get(Reg::ETH_HASH0_ADR), self.bank.get(Reg::ETH_HASH1_ADR)];
            table[place as usize / 32] >> (place % 32) & 1 != 0
        } else {
            destination == own
        };
        (met || self.mode(MODER::PRO)).then_some(!met)
    }

    /// A frame came in, with this checksum behind it.
    fn take(&mut self, frame: &[u8], checksum: u32, mem: &mut Memories, mmu: &Mmu, fabric: &mut Fabric) {
        let receives = self.mode(MODER::RXEN) && self.receives < DESCRIPTOR_WORDS / 2;
        let is_control = frame.get(12..14) == Some(&CONTROL)
            && (frame.starts_with(&PAUSE_ADDRESS) || frame.starts_with(&self.own_address()));
        let recognized = if is_control && self.mode(MODER::RXEN) {
            self.control(frame, fabric).then_some(false)
        } else {
            self.recognizes(frame)
        };
        let Some(missed) = recognized.filter(|_| receives) else { return };
        let limits = self.bank.get(Reg::PACKETLEN);
        let mut data = frame.to_vec();
        data.extend(checksum.to_le_bytes());
        let wrong = checksum != self.checksum(frame);
        let (short, long) =
            (data.len() < PACKETLEN::MINFL.get(limits) as usize, data.len() > PACKETLEN::MAXFL.get(limits) as usize);
        if short && !self.mode(MODER::RECSMALL) {
            return;
        }
        if !self.mode(MODER::HUGEN) {
            data.truncate(PACKETLEN::MAXFL.get(limits) as usize);
        }
        let (status, address) = (self.descriptors[2 * self.receives], self.descriptors[2 * self.receives + 1]);
        if !rx::E.is_set(status) {
            return self.raise(INT_SOURCE::BUSY, fabric);
        }
        for (n, byte) in data.iter().enumerate() {
            store(address.wrapping_add(n as u32), *byte, mem, mmu, fabric);
        }
        let mut status_after = rx::LEN.put(status & !(rx::E.mask | rx::STATUS.mask), data.len() as u32);
        status_after |=
            rx::M.put(0, u32::from(missed)) | rx::TL.put(0, u32::from(long)) | rx::SF.put(0, u32::from(short));
        status_after |= rx::CRC.put(0, u32::from(wrong)) | rx::CF.put(0, u32::from(is_control));
        self.descriptors[2 * self.receives] = status_after;
        let last = rx::WR.is_set(status) || self.receives + 1 == DESCRIPTOR_WORDS / 2;
        self.receives = if last { self.first_receiving() } else { self.receives + 1 };
        if rx::IRQ.is_set(status) {
            self.raise(if short || long || wrong { INT_SOURCE::RXE } else { INT_SOURCE::RXB }, fabric);
        }
    }

    /// MODER changes from `before`. RST leaves the descriptors, which ESP-IDF's driver has set up already.
    fn write_mode(&mut self, before: u32, fabric: &mut Fabric) {
        let now = self.bank.get(Reg::MODER);
        let rises = |field: Field| field.is_set(now & !before);
        if rises(MODER::RST) {
            self.bank.reset();
            self.bank.set(Reg::MODER, Reg::TABLE[Reg::MODER.index()].reset | MODER::RST.mask);
            self.sends = 0;
            self.receives = self.first_receiving();
            self.paused_until = 0;
            self.phy = Phy::new();
            return;
        }
        if rises(MODER::RXEN) {
            self.receives = self.first_receiving();
            fabric.soon(Slot::Ethernet);
        }
        if rises(MODER::TXEN) {
            self.sends = 0;
            fabric.soon(Slot::Ethernet);
        }
    }

    /// MIICOMMAND: what is read and written is there at once.
    fn manage(&mut self, raw: u32, fabric: &mut Fabric) {
        let address = self.bank.get(Reg::MIIADDRESS);
        let (phy, register) = (MIIADDRESS::FIAD.get(address), MIIADDRESS::RGAD.get(address));
        if MIICOMMAND::WCTRLDATA.is_set(raw) {
            self.phy.write(phy, register, self.bank.get(Reg::MIITX_DATA) as u16, fabric);
        }
        if (MIICOMMAND::RSTAT.mask | MIICOMMAND::SCANSTAT.mask) & raw != 0 {
            let value = self.phy.read(phy, register, fabric);
            self.bank.set(Reg::MIIRX_DATA, u32::from(value));
        }
    }
}

impl Default for Ethernet {
    fn default() -> Self {
        Self::new()
    }
}

fn unreachable_memory(fabric: &mut Fabric) {
    fabric.gaps.touch("OPENETH buffer", "a buffer is not in memory");
}

fn load(address: u32, mem: &mut Memories, mmu: &Mmu, fabric: &mut Fabric) -> u8 {
    match mem.place(mmu, address) {
        Some(place) if mem.bring(place, address, 1) => mem.load::<1>(place) as u8,
        _ => {
            unreachable_memory(fabric);
            0
        }
    }
}

fn store(address: u32, byte: u8, mem: &mut Memories, mmu: &Mmu, fabric: &mut Fabric) {
    let place = mem.place(mmu, address);
    if let Some(place) = place {
        mem.stored(place, address, &[byte]);
    }
    match place.and_then(|place| mem.store::<1>(place, u32::from(byte))) {
        Some(true) => fabric.attention(),
        Some(false) => {}
        None => unreachable_memory(fabric),
    }
}

impl Block for Ethernet {
    const GROUPS: &'static [Group] = &[Group::one("OPENETH", Reg::TABLE)];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        self.peek(offset, fabric)
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        if let Some(word) = self.descriptors.get(offset.wrapping_sub(DESCRIPTORS) as usize / 4) {
            return *word;
        }
        match Reg::at(offset) {
            Some(Reg::MIISTATUS) => u32::from(!fabric.ethernet.connected),
            Some(register) => self.bank.load(register),
            None => undeclared("OPENETH", offset, fabric),
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        if let Some(word) = self.descriptors.get_mut(offset.wrapping_sub(DESCRIPTORS) as usize / 4) {
            *word = write.value;
            return fabric.soon(Slot::Ethernet);
        }
        let Some(register) = Reg::at(offset) else {
            undeclared("OPENETH", offset, fabric);
            return;
        };
        let before = self.bank.get(register);
        self.bank.store(register, write, "OPENETH", &mut fabric.gaps);
        match register {
            Reg::MODER => self.write_mode(before, fabric),
            Reg::TX_BD_NUM => self.receives = self.first_receiving(),
            Reg::MIICOMMAND => self.manage(write.raw, fabric),
            Reg::TXCTRL if TXCTRL::TXPAUSERQ.is_set(write.value) => self.send_pause(fabric),
            _ => {}
        }
        self.interrupt(fabric);
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        *self = Self::new();
        fabric.cancel(Slot::Ethernet);
        self.interrupt(fabric);
        self.expect(fabric);
    }
}
