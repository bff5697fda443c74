//! DMA. RP2040 datasheet, section 2.5.
//!
//! Twelve channels share a read and a write port to the bus, one transfer a cycle. Transfers are carried
//! out in bursts: the elements of the next few cycles at once, then nothing until those cycles are over; what a
//! channel's end brings about (BUSY, interrupt, chain) happens at its true cycle. The address and data FIFOs
//! between the ports are not modelled: no transfer is ever in flight.
//!
//! Erratum RP2040-E13 (an abort may still raise the interrupt of a channel whose last transfers are in flight)
//! cannot appear here for that reason, and an abort is over at once.
//!
//! # Fidelity
//! - Exact: channels, chaining, rings, byte swap, pacing by DREQ and by the timers, sniffer, interrupts, null triggers,
//!   bus errors, priorities within the controller.
//! - Time: one transfer a cycle, four to and three from APB; no cycle is lost to the processors, as there are no arbiters.
//!   Elements are moved up to 16 cycles before or after their own cycle, except those to and from peripherals that
//!   nothing paces.
//! - The address and data FIFOs are missing: FIFO_LEVELS is empty (counted), CHx_DBG_CTDREQ tells one request or none for
//!   a level, and an abort is over at once.

mod channel;
mod registers;
mod sniffer;
#[cfg(test)]
mod tests;
mod timers;
mod transfer;

use crate::block::{undeclared, Block};
use crate::fabric::{Fabric, Irq, Slot};
use channel::{Channel, Part, PERMANENT};
use engine_core::registers::{Bank, Group, Registers, Write};
use engine_core::time::Ps;
use registers::channel::CTRL_TRIG as CTRL;
use registers::{Reg, CHANNELS, CHANNEL_STEP, DEBUG};
use serde::{Deserialize, Serialize};
use sniffer::Sniffer;
use timers::Timer;

/// The DREQs that are pulses and not levels: PWM wraps, DREQ_PWM_WRAP0 to 7 (2.5.3.1).
const PULSES: u64 = 0xFF << 24;

/// A bit per channel.
type Mask = u16;

/// The state of the block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Dma {
    channels: [Channel; CHANNELS],
    bank: Bank<Reg>,
    timers: [Timer; 4],
    sniffer: Sniffer,
    /// INTR.
    raised: Mask,
    /// Channels that are busy, enabled, and have transfers left; `paced` of them wait for requests.
    active: Mask,
    paced: Mask,
    /// The paced ones that listen to a timer.
    timed: Mask,
    high_priority: Mask,
    /// Channels whose last transfer is done, and whose end is due when the burst is over.
    finishing: Mask,
    /// High-priority channels that had their turn in this round, and the low-priority one that had the last.
    served: Mask,
    last_low: usize,
    /// The first cycle at which the bus ports are free again.
    free_at: u64,
    /// The burst goes on at `free_at`.
    streaming: bool,
}

impl Fabric {
    /// A DREQ that is a pulse: one transfer, if a channel waits for it now; it is lost otherwise.
    pub fn pulse_dreq(&mut self, number: u8) {
        if self.dreq_awaited >> number & 1 != 0 {
            self.set_dreq(number, true);
        }
    }
}

impl Dma {
    /// The block after reset.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self {
            channels: Default::default(),
            bank: Bank::new(),
            timers: Default::default(),
            sniffer: Sniffer::default(),
            raised: 0,
            active: 0,
            paced: 0,
            timed: 0,
            high_priority: 0,
            finishing: 0,
            served: 0,
            last_low: CHANNELS - 1,
            free_at: 0,
            streaming: false,
        }
    }

    fn load_channel(&self, offset: u32) -> Option<u32> {
        let channel = self.channels.get((offset / CHANNEL_STEP) as usize)?;
        Some(channel.get(channel::register(offset).0))
    }

    fn load_debug(&self, offset: u32, fabric: &Fabric) -> Option<u32> {
        let channel = self.channels.get((offset.checked_sub(DEBUG)? / CHANNEL_STEP) as usize)?;
        match offset % CHANNEL_STEP {
            // A level says that the peripheral has room for one at least; how many, only the peripheral knows.
            0 if channel.treq() < channel::TIMER0 => Some(u32::from(channel.is_requested(fabric.dreq))),
            0 => Some(channel.credit.into()),
            4 => Some(channel.reload),
            _ => None,
        }
    }

    fn load_shared(&self, register: Reg) -> u32 {
        match register {
            Reg::INTR | Reg::INTR1 => self.raised.into(),
            Reg::INTS0 => self.status(Reg::INTE0, Reg::INTF0),
            Reg::INTS1 => self.status(Reg::INTE1, Reg::INTF1),
            Reg::TIMER0 | Reg::TIMER1 | Reg::TIMER2 | Reg::TIMER3 => {
                self.timers[register.index() - Reg::TIMER0.index()].value
            }
            Reg::SNIFF_CTRL => self.sniffer.ctrl,
            Reg::SNIFF_DATA => self.sniffer.read(),
            _ => self.bank.load(register),
        }
    }

    fn store_channel(&mut self, n: usize, offset: u32, write: Write, fabric: &mut Fabric) {
        self.credit_timers(fabric.cycle);
        let (part, triggers) = channel::register(offset);
        let channel = &mut self.channels[n];
        let was_quiet = channel.is(CTRL::IRQ_QUIET);
        channel.set(part, write);
        if triggers && write.value != 0 {
            self.trigger(n, fabric);
        } else if triggers && was_quiet {
            // A null trigger ends a chain of control blocks (2.5.2.3).
            self.raised |= 1 << n;
            self.update_irq(fabric);
        }
        if part == Part::Ctrl || triggers {
            self.reconsider(fabric);
        }
    }

    fn store_shared(&mut self, register: Reg, write: Write, fabric: &mut Fabric) {
        self.bank.store(register, write, "DMA", &mut fabric.gaps);
        match register {
            Reg::INTR | Reg::INTR1 | Reg::INTS0 | Reg::INTS1 => self.raised &= !write.raw as Mask,
            Reg::TIMER0 | Reg::TIMER1 | Reg::TIMER2 | Reg::TIMER3 => {
                self.credit_timers(fabric.cycle);
                self.timers[register.index() - Reg::TIMER0.index()].set(write.value, fabric.cycle);
                self.reconsider(fabric);
            }
            Reg::MULTI_CHAN_TRIGGER => {
                self.credit_timers(fabric.cycle);
                bits(write.raw as Mask).for_each(|n| self.trigger(n, fabric));
                self.reconsider(fabric);
            }
            Reg::SNIFF_CTRL => self.sniffer.ctrl = self.bank.get(register),
            Reg::SNIFF_DATA => self.sniffer.data = write.value,
            Reg::CHAN_ABORT => self.abort(write.raw as Mask, fabric),
            _ => {}
        }
        self.update_irq(fabric);
    }

    /// Starts a channel, if it is enabled and not busy (2.5.2).
    fn trigger(&mut self, n: usize, fabric: &mut Fabric) {
        let Some(channel) = self.channels.get_mut(n) else { return };
        if !channel.is(CTRL::EN) || channel.is(CTRL::BUSY) {
            return;
        }
        if !channel.is_aligned() {
            let why = "an address is not a multiple of DATA_SIZE; its low bits are taken as 0";
            fabric.gaps.touch(&format!("DMA.CH{n}.ADDR"), why);
        }
        if CTRL::DATA_SIZE.get(channel.ctrl) == 3 {
            fabric.gaps.touch(&format!("DMA.CH{n}.DATA_SIZE"), "size 3 is reserved; it is taken as a word");
        }
        channel.ctrl |= CTRL::BUSY.mask;
        channel.count = channel.reload;
        channel.credit = 0;
        if channel.count == 0 {
            self.finishing |= 1 << n;
        }
    }

    /// CHAN_ABORT: the sequence is over, without its interrupt and without its chain (2.5.5.3).
    fn abort(&mut self, mask: Mask, fabric: &mut Fabric) {
        for n in bits(mask) {
            self.channels[n].count = 0;
            self.channels[n].ctrl &= !CTRL::BUSY.mask;
        }
        self.finishing &= !mask;
        self.reconsider(fabric);
    }

    /// Triggers, control and timers decide anew who can go on, and when.
    fn reconsider(&mut self, fabric: &mut Fabric) {
        (self.active, self.paced, self.timed, self.high_priority) = (0, 0, 0, 0);
        fabric.dreq_awaited = 0;
        for (n, channel) in self.channels.iter().enumerate() {
            let bit: Mask = 1 << n;
            let runs = channel.ctrl & (CTRL::EN.mask | CTRL::BUSY.mask) == CTRL::EN.mask | CTRL::BUSY.mask;
            if !runs || channel.count == 0 {
                continue;
            }
            self.active |= bit;
            if channel.is(CTRL::HIGH_PRIORITY) {
                self.high_priority |= bit;
            }
            if channel.treq() != PERMANENT {
                self.paced |= bit;
                if channel.timer().is_some() {
                    self.timed |= bit;
                } else {
                    fabric.dreq_awaited |= 1 << channel.treq();
                }
            }
        }
        fabric.dreq &= !PULSES | fabric.dreq_awaited;
        if self.timed == 0 {
            fabric.cancel(Slot::DmaTimer);
        }
        self.schedule(fabric);
    }

    /// The active channels that have a request.
    #[inline]
    fn ready(&self, dreq: u64) -> Mask {
        let mut ready = self.active & !self.paced;
        let mut paced = self.paced;
        while paced != 0 {
            let n = paced.trailing_zeros() as usize;
            ready |= Mask::from(self.channels[n].is_requested(dreq)) << n;
            paced &= paced - 1;
        }
        ready
    }

    /// The next burst, and the next request of the timers, become due.
    fn schedule(&mut self, fabric: &mut Fabric) {
        let was_streaming = self.streaming;
        self.streaming = self.finishing != 0 || self.ready(fabric.dreq) != 0;
        if self.streaming {
            if !was_streaming {
                self.free_at = self.free_at.max(fabric.cycle);
            }
            fabric.at(Slot::Dma, fabric.clock.ps_at(self.free_at));
        } else {
            fabric.cancel(Slot::Dma);
        }
        if self.timed != 0 {
            let next = (0..4).filter_map(|timer| self.timer_due(timer)).min();
            fabric.at(Slot::DmaTimer, next.map_or(Ps::MAX, |cycle| fabric.clock.ps_at(cycle)));
        }
    }

    /// The cycle at which a timer's requests are to be served. Fast ones are gathered for a burst.
    fn timer_due(&self, timer: usize) -> Option<u64> {
        let listeners = bits(self.timed).filter(|&n| self.channels[n].timer() == Some(timer));
        let left = listeners.map(|n| u64::from(self.channels[n].count)).min()?;
        let timer = &self.timers[timer];
        timer.due(timer.within(transfer::BURST).min(left))
    }

    /// Counts the timers' requests up to now for the channels that wait for them.
    fn credit_timers(&mut self, cycle: u64) {
        for (number, timer) in self.timers.iter_mut().enumerate() {
            let requests = timer.take(cycle);
            for n in bits(self.timed) {
                let channel = &mut self.channels[n];
                if channel.timer() == Some(number) {
                    channel.credit = requests.saturating_add(channel.credit.into()).min(0x3F) as u8;
                }
            }
        }
    }

    fn status(&self, enable: Reg, force: Reg) -> u32 {
        (u32::from(self.raised) & self.bank.get(enable)) | self.bank.get(force)
    }

    fn update_irq(&self, fabric: &mut Fabric) {
        fabric.set_irq(Irq::DMA_0, self.status(Reg::INTE0, Reg::INTF0) != 0);
        fabric.set_irq(Irq::DMA_1, self.status(Reg::INTE1, Reg::INTF1) != 0);
    }
}

impl Channel {
    /// Is there a request for it now?
    #[inline(always)]
    fn is_requested(&self, dreq: u64) -> bool {
        match self.treq() {
            PERMANENT => true,
            channel::TIMER0.. => self.credit != 0,
            treq => dreq >> treq & 1 != 0,
        }
    }
}

/// The channels of a mask, lowest first.
fn bits(mask: Mask) -> impl Iterator<Item = usize> {
    let mut left = mask & ((1 << CHANNELS) - 1);
    std::iter::from_fn(move || {
        let n = left.trailing_zeros() as usize;
        left &= left.checked_sub(1)?;
        Some(n)
    })
}

impl Block for Dma {
    const GROUPS: &'static [Group] = registers::GROUPS;

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        if Reg::at(offset) == Some(Reg::FIFO_LEVELS) {
            fabric.gaps.touch("DMA.FIFO_LEVELS", "the FIFOs between the bus ports are not modelled: always empty");
        }
        let value = if offset < 0x400 { self.load_channel(offset) } else { self.load_debug(offset, fabric) };
        value
            .or_else(|| Reg::at(offset).map(|register| self.load_shared(register)))
            .unwrap_or_else(|| undeclared("DMA", offset, fabric))
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        let value = if offset < 0x400 { self.load_channel(offset) } else { self.load_debug(offset, fabric) };
        value.or_else(|| Reg::at(offset).map(|register| self.load_shared(register))).unwrap_or(0)
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        let n = (offset / CHANNEL_STEP) as usize;
        if n < CHANNELS {
            return self.store_channel(n, offset, write, fabric);
        }
        if let Some(register) = Reg::at(offset) {
            return self.store_shared(register, write, fabric);
        }
        let n = (offset.wrapping_sub(DEBUG) / CHANNEL_STEP) as usize;
        match (self.channels.get_mut(n), offset % CHANNEL_STEP) {
            // Any value clears the counter, and the handshake starts anew.
            (Some(channel), 0) => {
                channel.credit = 0;
                fabric.dreq &= !(PULSES & 1 << channel.treq());
            }
            (Some(_), 4) => {}
            _ => {
                undeclared("DMA", offset, fabric);
            }
        }
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        *self = Self::new();
        self.reconsider(fabric);
        self.update_irq(fabric);
    }
}
