//! How data moves: through the lists of descriptors, and from memory to memory. TRM 3.4.2 and 3.4.5 to 3.4.8.

use super::link::{dw0, Bus, Refused};
use super::{CommonReg, EXTMEM_REJECT_ST, PAIRS};
use super::{Gdma, Reg, IN_CONF1_CH, IN_INT_RAW_CH, IN_LINK_CH, OUT_CONF0_CH, OUT_CONF1_CH, OUT_INT_RAW_CH};
use crate::fabric::Fabric;
use crate::memories::{Memories, Mmu};

/// Descriptors without data that are passed over in one go; more of them are a ring that never gives a byte.
const EMPTY_DESCRIPTORS: u32 = 4096;
/// Memory to memory: AHB clocks for a descriptor, and bytes that move in one clock.
const DESCRIPTOR_CLOCKS: u64 = 16;
const BYTES_PER_CLOCK: u64 = 2;

impl Gdma {
    /// Something went wrong with a channel's descriptor or buffer: it stops.
    fn fail(&mut self, n: usize, out: bool, addr: u32, why: Refused, fabric: &mut Fabric) {
        let pair = &mut self.pairs[n];
        pair.link(out).stop();
        pair.raise(out, if out { OUT_INT_RAW_CH::OUT_DSCR_ERR } else { IN_INT_RAW_CH::IN_DSCR_ERR });
        if why == Refused::External {
            use EXTMEM_REJECT_ST as St;
            let status = St::EXTMEM_REJECT_ATRR.put(0, if out { 1 } else { 2 });
            let status = St::EXTMEM_REJECT_CHANNEL_NUM.put(status, n as u32);
            let status = St::EXTMEM_REJECT_PERI_NUM.put(status, pair.peripheral(out));
            self.common.set(CommonReg::EXTMEM_REJECT_ADDR, addr);
            self.common.set(CommonReg::EXTMEM_REJECT_ST, status);
            self.common.set(CommonReg::EXTMEM_REJECT_INT_RAW, 1);
            self.settle_reject(fabric);
        }
        self.settle_interrupts(n, fabric);
    }

    /// Software's START and RESTART take effect: the first descriptor is fetched. False: it is in error.
    fn mount(&mut self, n: usize, out: bool, bus: &mut Bus, fabric: &mut Fabric) -> bool {
        let pair = &mut self.pairs[n];
        if std::mem::take(&mut pair.restarts[usize::from(out)]) {
            pair.link(out).restart(bus);
        }
        let check = if out {
            OUT_CONF1_CH::OUT_CHECK_OWNER.is_set(pair.bank.get(Reg::OUT_CONF1_CH))
        } else {
            IN_CONF1_CH::IN_CHECK_OWNER.is_set(pair.bank.get(Reg::IN_CONF1_CH))
        };
        match pair.link(out).mount(check, bus) {
            Ok(_) => true,
            Err(why) => {
                self.fail(n, out, 0, why, fabric);
                false
            }
        }
    }

    /// Reads memory for whoever is on the OUT channel, to the end of a packet at most.
    pub(super) fn take(
        &mut self,
        n: usize,
        into: &mut [u8],
        mem: &mut Memories,
        mmu: &Mmu,
        fabric: &mut Fabric,
    ) -> (usize, bool) {
        let mut bus = Bus { mem, mmu, stale: false };
        let mut count = 0;
        let mut empty = 0;
        let mut ended = false;
        while count < into.len() && !ended && empty < EMPTY_DESCRIPTORS && self.mount(n, true, &mut bus, fabric) {
            let pair = &mut self.pairs[n];
            let Some(descriptor) = pair.output.current else { break };
            let length = dw0::LENGTH.get(descriptor.dw0);
            let chunk = ((length - pair.output.done.min(length)) as usize).min(into.len() - count);
            let from = descriptor.buffer.wrapping_add(pair.output.done);
            if let Err(why) = bus.read(from, &mut into[count..count + chunk]) {
                self.fail(n, true, from, why, fabric);
                break;
            }
            empty = if chunk == 0 { empty + 1 } else { 0 };
            count += chunk;
            pair.output.done += chunk as u32;
            if pair.output.done >= length {
                ended = self.close_out(n, &mut bus);
            }
        }
        if empty == EMPTY_DESCRIPTORS {
            fabric.gaps.touch("DMA.OUT_LINK", "a ring of descriptors without data is passed over for ever on silicon");
        }
        self.settle_interrupts(n, fabric);
        (count, ended)
    }

    /// Bytes until the descriptor in use is done.
    pub(super) fn left(&mut self, n: usize, out: bool, mem: &mut Memories, mmu: &Mmu, fabric: &mut Fabric) -> usize {
        if !self.mount(n, out, &mut Bus { mem, mmu, stale: false }, fabric) {
            return 0;
        }
        let link = self.pairs[n].link(out);
        let size = if out { dw0::LENGTH } else { dw0::SIZE };
        link.current.map_or(0, |descriptor| size.get(descriptor.dw0).saturating_sub(link.done) as usize)
    }

    /// The data of an OUT descriptor is gone. True: it ends a packet.
    fn close_out(&mut self, n: usize, bus: &mut Bus) -> bool {
        let pair = &mut self.pairs[n];
        let Some(descriptor) = pair.output.current else { return false };
        if OUT_CONF0_CH::OUT_AUTO_WRBACK.is_set(pair.bank.get(Reg::OUT_CONF0_CH)) {
            bus.write_back(descriptor.addr, dw0::OWNER.put(descriptor.dw0, 0));
        }
        pair.raise(true, OUT_INT_RAW_CH::OUT_DONE);
        let ends = dw0::SUC_EOF.is_set(descriptor.dw0);
        if ends {
            pair.bank.set(Reg::OUT_EOF_DES_ADDR_CH, descriptor.addr);
            pair.bank.set(Reg::OUT_EOF_BFR_DES_ADDR_CH, pair.output.history[1]);
            pair.raise(true, OUT_INT_RAW_CH::OUT_EOF);
        }
        if pair.output.advance() {
            pair.raise(true, OUT_INT_RAW_CH::OUT_TOTAL_EOF);
        }
        ends
    }

    /// Stores what whoever is on the IN channel gives.
    pub(super) fn put(
        &mut self,
        n: usize,
        data: &[u8],
        eof: bool,
        mem: &mut Memories,
        mmu: &Mmu,
        fabric: &mut Fabric,
    ) -> usize {
        let mut bus = Bus { mem, mmu, stale: false };
        let mut count = 0;
        let mut empty = 0;
        while count < data.len() && empty < EMPTY_DESCRIPTORS && self.mount(n, false, &mut bus, fabric) {
            let pair = &mut self.pairs[n];
            let Some(descriptor) = pair.input.current else {
                // The buffers were smaller than the data (TRM 3.4.8).
                pair.raise(false, IN_INT_RAW_CH::IN_DSCR_EMPTY);
                break;
            };
            let size = dw0::SIZE.get(descriptor.dw0);
            let chunk = ((size - pair.input.done.min(size)) as usize).min(data.len() - count);
            let to = descriptor.buffer.wrapping_add(pair.input.done);
            if let Err(why) = bus.write(to, &data[count..count + chunk]) {
                self.fail(n, false, to, why, fabric);
                break;
            }
            if Bus::is_external(to) {
                self.check_alignment(n, descriptor.buffer, size, fabric);
            }
            empty = if chunk == 0 { empty + 1 } else { 0 };
            count += chunk;
            let pair = &mut self.pairs[n];
            pair.input.done += chunk as u32;
            let last = eof && count == data.len();
            if pair.input.done >= size && !last {
                self.close_in(n, false, &mut bus);
            }
        }
        if eof && count == data.len() {
            self.close_in(n, true, &mut bus);
        }
        if empty == EMPTY_DESCRIPTORS {
            fabric.gaps.touch("DMA.IN_LINK", "a ring of descriptors without room is passed over for ever on silicon");
        }
        if bus.stale {
            fabric.attention();
        }
        self.settle_interrupts(n, fabric);
        count
    }

    /// TRM 3.4.9: buffers of an IN channel in PSRAM begin and end at blocks of 16, 32 or 64 bytes.
    fn check_alignment(&mut self, n: usize, buffer: u32, size: u32, fabric: &mut Fabric) {
        let block = 16 << self.pairs[n].bank.field(Reg::IN_CONF1_CH, IN_CONF1_CH::IN_EXT_MEM_BK_SIZE).min(2);
        if (buffer | size) % block != 0 {
            let why =
                "a receive buffer in PSRAM is not aligned to IN_EXT_MEM_BK_SIZE: silicon damages what lies beside it";
            fabric.gaps.touch("DMA.IN_CONF1.IN_EXT_MEM_BK_SIZE", why);
        }
    }

    /// An IN descriptor is full, or its packet ends: it goes back to the processor.
    fn close_in(&mut self, n: usize, eof: bool, bus: &mut Bus) {
        let pair = &mut self.pairs[n];
        let addr = match pair.input.current {
            Some(descriptor) => {
                let word = dw0::LENGTH.put(descriptor.dw0, pair.input.done);
                let word = dw0::SUC_EOF.put(dw0::ERR_EOF.put(word, 0), u32::from(eof));
                bus.write_back(descriptor.addr, dw0::OWNER.put(word, 0));
                pair.raise(false, IN_INT_RAW_CH::IN_DONE);
                pair.input.advance();
                descriptor.addr
            }
            // The packet ended where the last descriptor was full already.
            None => match bus.descriptor(pair.input.history[0]) {
                Ok(last) => {
                    bus.write_back(last.addr, dw0::SUC_EOF.put(last.dw0, 1));
                    last.addr
                }
                Err(_) => return,
            },
        };
        if eof {
            pair.bank.set(Reg::IN_SUC_EOF_DES_ADDR_CH, addr);
            pair.raise(false, IN_INT_RAW_CH::IN_SUC_EOF);
        }
    }

    /// The packet on an IN channel is in error. With INLINK_AUTO_RET its descriptor is used again.
    pub(super) fn put_error(&mut self, n: usize, mem: &mut Memories, mmu: &Mmu, fabric: &mut Fabric) {
        let mut bus = Bus { mem, mmu, stale: false };
        if !self.mount(n, false, &mut bus, fabric) {
            return;
        }
        let pair = &mut self.pairs[n];
        if let Some(descriptor) = pair.input.current {
            let word = dw0::LENGTH.put(descriptor.dw0, pair.input.done);
            bus.write_back(descriptor.addr, dw0::OWNER.put(dw0::ERR_EOF.put(word, 1), 0));
            pair.bank.set(Reg::IN_ERR_EOF_DES_ADDR_CH, descriptor.addr);
            pair.raise(false, IN_INT_RAW_CH::IN_ERR_EOF);
            if IN_LINK_CH::INLINK_AUTO_RET.is_set(pair.bank.get(Reg::IN_LINK_CH)) {
                pair.input.again(descriptor.addr);
            } else {
                pair.input.advance();
            }
        }
        self.settle_interrupts(n, fabric);
    }

    /// The controller's turn on the bus: started links fetch their first descriptor, memory to memory goes on.
    pub fn event(&mut self, mem: &mut Memories, mmu: &Mmu, fabric: &mut Fabric) {
        self.share_out(fabric);
        for n in 0..PAIRS {
            for out in [false, true] {
                let started = std::mem::take(&mut self.pairs[n].starts[usize::from(out)]);
                if started || self.pairs[n].restarts[usize::from(out)] {
                    self.mount(n, out, &mut Bus { mem, mmu, stale: false }, fabric);
                    self.tell(n, out, fabric);
                }
            }
            if self.pairs[n].copies() {
                self.copy(n, mem, mmu, fabric);
            } else {
                self.pairs[n].copy_left = None;
            }
        }
        self.await_copies(fabric);
    }

    /// Memory to memory: the data of one OUT descriptor after the other.
    fn copy(&mut self, n: usize, mem: &mut Memories, mmu: &Mmu, fabric: &mut Fabric) {
        if self.pairs[n].copy_left == Some(0) {
            self.pairs[n].copy_left = None;
            let mut data = vec![0; self.out_length(n).max(1) as usize];
            let (count, eof) = self.take(n, &mut data, mem, mmu, fabric);
            self.put(n, &data[..count], eof, mem, mmu, fabric);
        }
        let pair = &self.pairs[n];
        if pair.copy_left.is_none() && pair.output.runs && pair.input.runs {
            let mut bus = Bus { mem, mmu, stale: false };
            if self.mount(n, true, &mut bus, fabric) && self.pairs[n].output.runs {
                let clocks = DESCRIPTOR_CLOCKS + u64::from(self.out_length(n)).div_ceil(BYTES_PER_CLOCK);
                self.pairs[n].begin_copy(fabric.rates.apb.duration(clocks));
            }
        }
    }

    /// Bytes that the OUT descriptor in use still has.
    fn out_length(&self, n: usize) -> u32 {
        let link = &self.pairs[n].output;
        link.current.map_or(0, |descriptor| dw0::LENGTH.get(descriptor.dw0).saturating_sub(link.done))
    }
}
