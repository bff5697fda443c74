//! The core as the host sees it over the cable: what it answers to tokens, with the RX and TX FIFOs or with memory behind it.

use super::core::Core;
use super::end::End;
use super::fifo::Status;
use super::registers::*;
use crate::memories::{Memories, Mmu};
use engine_core::time::Ps;
use engine_core::usb_host::device::{Answer, Device, Ready};

/// Words of the RX FIFO that stay free for SETUP packets: three packets of three words and a SETUP done.
const FOR_SETUP: usize = 10;

/// The core, with the memory that its DMA reaches.
pub(super) struct Wire<'a> {
    pub core: &'a mut Core,
    pub mem: &'a mut Memories,
    pub mmu: &'a Mmu,
    /// DMA met an address without memory.
    pub refused: Option<u32>,
    /// DMA wrote over decoded code.
    pub stale: bool,
}

impl Wire<'_> {
    fn fetch(&mut self, from: u32, count: usize) -> Vec<u8> {
        (from..from.wrapping_add(count as u32)).map(|addr| self.fetch_byte(addr)).collect()
    }

    fn fetch_byte(&mut self, addr: u32) -> u8 {
        match self.mem.place(self.mmu, addr) {
            Some(place) if self.mem.bring(place, addr, 1) => self.mem.load::<1>(place) as u8,
            _ => {
                self.refused = Some(addr);
                0
            }
        }
    }

    fn store(&mut self, to: u32, data: &[u8]) {
        for (addr, byte) in (to..).zip(data) {
            let place = self.mem.place(self.mmu, addr);
            let stored = place.and_then(|place| self.mem.store::<1>(place, u32::from(*byte)));
            if let Some(place) = place {
                self.mem.stored(place, addr, &[*byte]);
            }
            match stored {
                Some(stale) => self.stale |= stale,
                None => self.refused = Some(addr),
            }
        }
    }

    /// Is the endpoint there for this address?
    fn is_active(&self, address: u8, end: &End) -> bool {
        self.core.hears(address) && end.is(DIEPCTL::USBACTEP)
    }

    /// The size of the packet that an IN token would get.
    fn packet_in(&self, endpoint: usize) -> Option<usize> {
        let core = &self.core;
        let end = &core.ins[endpoint];
        if !end.is_open() || core.field(Reg::DCTL, DCTL::GNPINNAKSTS) {
            return None;
        }
        let waiting = if core.uses_dma() { 0 } else { core.tx[core.fifo_of(endpoint)].len() };
        let size = core.packet_size(end, endpoint).min(waiting + end.left() as usize);
        (core.uses_dma() || waiting >= size).then_some(size)
    }

    fn takes_out(&self, endpoint: usize) -> bool {
        let core = &self.core;
        let end = &core.outs[endpoint];
        let words = core.packet_size(end, endpoint).div_ceil(4) + 2;
        let room = core.uses_dma() || core.rx_room() >= words + FOR_SETUP;
        end.is_open() && !core.field(Reg::DCTL, DCTL::GOUTNAKSTS) && room
    }
}

impl Device for Wire<'_> {
    fn is_attached(&self) -> bool {
        self.core.is_attached()
    }

    fn bus_reset(&mut self, on: bool) {
        self.core.bus_reset(on);
    }

    fn frames_from(&mut self, start: Option<Ps>) {
        self.core.frames_from(start);
    }

    fn resume(&mut self) {
        self.core.resume();
    }

    fn take_wake_up(&mut self) -> bool {
        std::mem::take(&mut self.core.wake_up)
    }

    fn ready_in(&self, address: u8, endpoint: u8) -> Ready {
        let number = usize::from(endpoint);
        match self.core.ins.get(number) {
            Some(end) if self.is_active(address, end) && !end.is(DIEPCTL::STALL) => {
                self.packet_in(number).map_or(Ready::No, Ready::Bytes)
            }
            _ => Ready::Bytes(0),
        }
    }

    fn ready_out(&self, address: u8, endpoint: u8) -> Ready {
        let number = usize::from(endpoint);
        match self.core.outs.get(number) {
            Some(end) if self.is_active(address, end) && !end.is(DOEPCTL::STALL) && !self.takes_out(number) => {
                Ready::No
            }
            _ => Ready::Bytes(0),
        }
    }

    fn setup(&mut self, address: u8, packet: [u8; 8]) -> Answer {
        if !self.core.hears(address) {
            return Answer::Silence;
        }
        let dma = self.core.uses_dma();
        // Without a buffer the packet finds no place, and the host repeats it.
        if dma && !self.core.outs[0].is(DOEPCTL::EPENA) {
            return Answer::Silence;
        }
        // A SETUP packet ends stalls, starts with DATA1 again, and both directions answer NAK until software has seen it.
        let core = &mut *self.core;
        core.control_stage(true);
        for end in [&mut core.ins[0], &mut core.outs[0]] {
            end.set(DIEPCTL::STALL, false);
            end.set(DIEPCTL::NAKSTS, true);
            end.set(DIEPCTL::DPID, true);
        }
        let end = &mut core.outs[0];
        let more = DOEPTSIZ::SUPCNT.get(end.size).saturating_sub(1);
        end.size = DOEPTSIZ::SUPCNT.put(end.size, more);
        if dma {
            let to = end.dma;
            end.dma = to.wrapping_add(8);
            end.set(DOEPCTL::EPENA, false);
            end.int |= DOEPINT::SETUP.mask | DOEPINT::STUPPKTRCVD.mask;
            self.store(to, &packet);
        } else {
            let (low, high) = packet.split_at(4);
            let word = |half: &[u8]| half.iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte));
            core.rx.extend([Status::SetupData.word(0, 8, false), word(low), word(high)]);
            core.rx.push_back(Status::SetupDone.word(0, 0, false));
        }
        Answer::Ack
    }

    fn token_in(&mut self, address: u8, endpoint: u8) -> Answer {
        let number = usize::from(endpoint);
        match self.core.ins.get(number) {
            Some(end) if self.is_active(address, end) => {
                if end.is(DIEPCTL::STALL) {
                    return Answer::Stall;
                }
            }
            _ => return Answer::Silence,
        }
        let Some(size) = self.packet_in(number) else { return Answer::Nak };
        let data = if self.core.uses_dma() {
            let from = self.core.ins[number].dma;
            self.fetch(from, size)
        } else {
            let fifo = self.core.fifo_of(number);
            self.core.tx[fifo].take(size)
        };
        let dma = self.core.uses_dma();
        let end = &mut self.core.ins[number];
        let data1 = end.is(DIEPCTL::DPID);
        if dma {
            end.dma = end.dma.wrapping_add(size as u32);
            end.set_left(end.left() - size as u32);
        }
        if end.count_packet() {
            end.complete();
        }
        if number == 0 {
            self.core.control_stage(false);
        }
        Answer::Data(data1, data)
    }

    fn token_out(&mut self, address: u8, endpoint: u8, data1: bool, data: &[u8]) -> Answer {
        let number = usize::from(endpoint);
        match self.core.outs.get(number) {
            Some(end) if self.is_active(address, end) => {
                if end.is(DOEPCTL::STALL) {
                    return Answer::Stall;
                }
            }
            _ => return Answer::Silence,
        }
        if !self.takes_out(number) {
            return Answer::Nak;
        }
        let dma = self.core.uses_dma();
        let size = self.core.packet_size(&self.core.outs[number], number);
        let end = &mut self.core.outs[number];
        // A repeated packet is acknowledged and dropped (USB 2.0, 8.6.4).
        if end.is(DOEPCTL::DPID) != data1 {
            return Answer::Ack;
        }
        let last = end.count_packet() || data.len() < size;
        if dma {
            let to = end.dma;
            end.dma = to.wrapping_add(data.len() as u32);
            end.set_left(end.left().saturating_sub(data.len() as u32));
            if last {
                end.complete();
            }
            self.store(to, data);
        } else {
            if last {
                end.set(DOEPCTL::EPENA, false);
            }
            let rx = &mut self.core.rx;
            rx.push_back(Status::OutData.word(number, data.len(), data1));
            rx.extend(data.chunks(4).map(|four| four.iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte))));
            if last {
                rx.push_back(Status::OutDone.word(number, 0, data1));
            }
        }
        Answer::Ack
    }
}
