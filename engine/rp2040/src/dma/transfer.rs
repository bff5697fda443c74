//! How transfers are scheduled and carried out. Datasheet 2.5.1 and 2.5.3.

use super::channel::Transfer;
use super::registers::channel::CTRL_TRIG as CTRL;
use super::{bits, Dma, Mask, PULSES};
use crate::fabric::{Fabric, Slot};
use crate::system::System;
use engine_core::registers::Field;

/// Cycles whose transfers are carried out at once.
pub(super) const BURST: u64 = 16;

/// Cycles of an access: the APB bridge takes three for a read and four for a write, all else one (2.1.4).
fn cycles(transfer: &Transfer) -> u64 {
    match (transfer.read >> 28, transfer.write >> 28) {
        (_, 4) => 4,
        (4, _) => 3,
        _ => 1,
    }
}

/// Reading or writing this is more than moving bytes: what it does depends on when it happens.
fn is_peripheral(addr: u32) -> bool {
    addr >> 28 > 2
}

/// Byte order changes within a transfer.
fn swapped(value: u32, size: u32) -> u32 {
    value.swap_bytes() >> (32 - 8 * size)
}

impl Dma {
    /// The channel whose turn it is: in each round first every high-priority channel that is ready, then one
    /// of the others (CTRL.HIGH_PRIORITY), in a circle.
    #[inline]
    fn pick(&mut self, dreq: u64) -> Option<usize> {
        let ready = self.ready(dreq);
        if ready == 0 {
            return None;
        }
        let high = ready & self.high_priority;
        let waiting = high & !self.served;
        if waiting != 0 {
            let n = waiting.trailing_zeros() as usize;
            self.served |= 1 << n;
            return Some(n);
        }
        self.served = 0;
        let low = ready & !self.high_priority;
        if low == 0 {
            return self.pick(dreq);
        }
        let above = low & !(Mask::MAX >> (15 - self.last_low));
        let n = if above != 0 { above } else { low }.trailing_zeros() as usize;
        self.last_low = n;
        Some(n)
    }

    /// Sequences whose last transfer was done come to their end: interrupt and chain (2.5.2.2).
    fn finish(&mut self, fabric: &mut Fabric) {
        if self.finishing == 0 {
            return;
        }
        self.credit_timers(fabric.cycle);
        for n in bits(std::mem::take(&mut self.finishing)) {
            let channel = &mut self.channels[n];
            channel.ctrl &= !CTRL::BUSY.mask;
            if !channel.is(CTRL::IRQ_QUIET) {
                self.raised |= 1 << n;
            }
            let next = CTRL::CHAIN_TO.get(channel.ctrl) as usize;
            if next != n {
                self.trigger(next, fabric);
            }
        }
        self.reconsider(fabric);
        self.update_irq(fabric);
    }

    /// A bus error halts the channel and always raises its interrupt.
    fn fault(&mut self, n: usize, error: Field, fabric: &mut Fabric) {
        let channel = &mut self.channels[n];
        channel.ctrl = (channel.ctrl | error.mask | CTRL::AHB_ERROR.mask) & !CTRL::BUSY.mask;
        self.raised |= 1 << n;
        self.reconsider(fabric);
        self.update_irq(fabric);
    }
}

impl System {
    /// The DMA controller does what it can at this moment.
    pub(crate) fn run_dma(&mut self, slot: Slot) {
        let (dma, fabric) = (&mut self.dev.dma, &mut self.dev.fabric);
        let now = fabric.cycle;
        if slot == Slot::DmaTimer {
            dma.credit_timers(now);
        }
        if now < dma.free_at {
            return dma.schedule(fabric);
        }
        let start = if dma.streaming { dma.free_at.max(now.saturating_sub(BURST)) } else { now };
        dma.finish(fabric);
        let mut taken = 0;
        while taken < BURST {
            let Some(n) = self.dev.dma.pick(self.dev.fabric.dreq) else { break };
            let (cycles, goes_on) = self.transfer(n);
            taken += cycles;
            if !goes_on {
                break;
            }
        }
        let Self { dev, .. } = self;
        // Empty sequences that chain to each other take a cycle each: without it time would not go on.
        dev.dma.free_at = start + taken.max(u64::from(dev.dma.finishing != 0));
        dev.dma.schedule(&mut dev.fabric);
    }

    /// One transfer of a channel. Returns its cycles, and whether the burst may go on.
    #[inline]
    fn transfer(&mut self, n: usize) -> (u64, bool) {
        let (dma, fabric) = (&mut self.dev.dma, &mut self.dev.fabric);
        let channel = &mut dma.channels[n];
        let treq = channel.treq();
        fabric.dreq &= !(PULSES & 1 << treq);
        let transfer = channel.issue();
        let cycles = cycles(&transfer);
        let Some(value) = self.dma_load(transfer.read, transfer.size) else {
            self.dev.dma.fault(n, CTRL::READ_ERROR, &mut self.dev.fabric);
            return (cycles, false);
        };
        let value = if transfer.swap { swapped(value, transfer.size) } else { value };
        let dma = &mut self.dev.dma;
        if transfer.sniff && dma.sniffer.watches(n) && !dma.sniffer.see(value, transfer.size) {
            self.dev.fabric.gaps.touch("DMA.SNIFF_CTRL.CALC", "a reserved value calculates nothing");
        }
        if self.dma_store(transfer.write, value, transfer.size).is_none() {
            self.dev.dma.fault(n, CTRL::WRITE_ERROR, &mut self.dev.fabric);
            return (cycles, false);
        }
        let goes_on = self.dev.dma.retire(n, &mut self.dev.fabric);
        let in_step =
            self.dev.dma.paced >> n & 1 == 0 && (is_peripheral(transfer.read) || is_peripheral(transfer.write));
        (cycles, goes_on && !in_step)
    }
}

impl Dma {
    /// A transfer is done. False: it was the last one.
    #[inline(always)]
    fn retire(&mut self, n: usize, fabric: &mut Fabric) -> bool {
        let channel = &mut self.channels[n];
        // An abort or a reset by this very transfer left nothing to count.
        if channel.count == 0 {
            return true;
        }
        channel.count -= 1;
        if channel.count == 0 {
            self.finishing |= 1 << n;
            self.reconsider(fabric);
            return false;
        }
        true
    }
}
