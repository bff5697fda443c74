//! The transmitters, TRM 37.3.4.

use super::{interrupt, of, tx_conf, Rmt, CH0CARRIER_DUTY, CH0_TX_CONF0, CH0_TX_LIM, CH3_TX_CONF0};
use super::{DMA_AHEAD, DMA_CHANNEL, OUT, TX_SLOTS};
use crate::fabric::Fabric;
use engine_core::time::{Hertz, Ps, MICROSECOND};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// How many entries a transmitter looks ahead at most: a loop that nobody looks at hands in its edges this often.
const LOOK_AHEAD: usize = 4096;
/// How often the edges of an idle channel's carrier are handed in.
const IDLE_BATCH: Ps = 100 * MICROSECOND;

/// An entry of the memory: half a word.
#[derive(Clone, Copy)]
struct Entry {
    level: bool,
    ticks: u64,
}

impl Entry {
    fn of(word: u32, half: usize) -> Self {
        let bits = word >> (16 * half) & 0xFFFF;
        Self { level: bits >> 15 != 0, ticks: u64::from(bits & 0x7FFF) }
    }
}

/// The carrier inside of a pulse.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Carrier {
    since: Ps,
    edges: u64,
    level: bool,
}

/// What a transmitter does.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Sender {
    active: bool,
    rate: Hertz,
    /// The next entry begins `ticks` after `base`.
    base: Ps,
    ticks: u64,
    /// The next entry in the channel's memory, in halves of words.
    entry: usize,
    /// Words sent since the last threshold.
    words: u32,
    carrier: Option<Carrier>,
    /// The level of the idle line, its carrier aside.
    idle: bool,
    /// Runs through the memory in continuous mode.
    pub loops: u32,
    /// The memory ended before the data did.
    pub ran_empty: bool,
    /// Words that DMA has fetched.
    pub ready: VecDeque<u32>,
}

impl Default for Sender {
    fn default() -> Self {
        Self {
            active: false,
            rate: Hertz::STOPPED,
            base: 0,
            ticks: 0,
            entry: 0,
            words: 0,
            carrier: None,
            idle: false,
            loops: 0,
            ran_empty: false,
            ready: VecDeque::new(),
        }
    }
}

impl Sender {
    pub fn is_active(&self) -> bool {
        self.active
    }

    /// The word that is read next.
    pub fn word(&self) -> usize {
        self.entry / 2
    }

    pub fn rewind(&mut self) {
        self.entry = 0;
        self.words = 0;
        self.ran_empty = false;
    }

    /// A new rate counts from the next entry on.
    pub fn set_rate(&mut self, rate: Hertz) {
        if rate != self.rate {
            if self.rate.is_running() {
                self.base = self.boundary();
                self.ticks = 0;
            }
            self.rate = rate;
        }
    }

    /// When the next entry begins.
    fn boundary(&self) -> Ps {
        if self.ticks == 0 {
            return self.base;
        }
        self.base.saturating_add(self.rate.duration(self.ticks))
    }
}

impl Rmt {
    pub(super) fn sends_by_dma(&self, n: usize) -> bool {
        n == DMA_CHANNEL && self.bank.field(tx_conf(n), CH3_TX_CONF0::DMA_ACCESS_EN) != 0
    }

    pub(super) fn start_sending(&mut self, n: usize, fabric: &mut Fabric) {
        if self.senders[n].active {
            return;
        }
        let rate = self.divided(self.bank.field(tx_conf(n), CH0_TX_CONF0::DIV_CNT), fabric);
        let sender = &mut self.senders[n];
        *sender = Sender {
            active: true,
            rate,
            base: fabric.now(),
            entry: sender.entry & !1,
            words: sender.words,
            loops: sender.loops,
            ..Sender::default()
        };
        if self.sends_by_dma(n) {
            // GDMA answers in the event.
            fabric.soon(TX_SLOTS[n]);
        } else {
            self.send_due(n, fabric);
            self.schedule(n, fabric);
        }
    }

    pub(super) fn stop_sending(&mut self, n: usize, fabric: &mut Fabric) {
        if self.senders[n].active {
            let (now, level) = (fabric.now(), fabric.io.output(OUT[n]));
            self.go_idle(n, level, now, fabric);
        }
    }

    /// TRM 37.3.4.1: IDLE_OUT_LV where IDLE_OUT_EN, else the level of the end marker.
    fn go_idle(&mut self, n: usize, marker: bool, at: Ps, fabric: &mut Fabric) {
        let conf = self.bank.get(tx_conf(n));
        let idle = CH0_TX_CONF0::IDLE_OUT_LV.is_set(conf);
        let level = if CH0_TX_CONF0::IDLE_OUT_EN.is_set(conf) { idle } else { marker };
        let sender = &mut self.senders[n];
        sender.active = false;
        sender.carrier = None;
        sender.ready.clear();
        sender.idle = level;
        fabric.drive_at(OUT[n], level, at);
        fabric.cancel(TX_SLOTS[n]);
        self.settle_idle_carrier(n, at, fabric);
    }

    /// The channel does not send, and its line has this level.
    pub(super) fn show_idle(&mut self, n: usize, level: bool, fabric: &mut Fabric) {
        self.senders[n].idle = level;
        if self.senders[n].carrier.is_none() {
            fabric.drive(OUT[n], level);
        }
    }

    /// CARRIER_EFF_EN off: the carrier is there in all states (ESP-IDF `soc/rmt_reg.h`), as long as the level is the carrier's.
    pub(super) fn settle_idle_carrier(&mut self, n: usize, at: Ps, fabric: &mut Fabric) {
        use CH0_TX_CONF0 as F;
        let conf = self.bank.get(tx_conf(n));
        let sender = &mut self.senders[n];
        if sender.active {
            return;
        }
        let level = sender.idle;
        let wanted =
            F::CARRIER_EN.is_set(conf) && !F::CARRIER_EFF_EN.is_set(conf) && F::CARRIER_OUT_LV.is_set(conf) == level;
        match (wanted, sender.carrier.is_some()) {
            (true, false) => {
                sender.carrier = Some(Carrier { since: at, edges: 0, level });
                fabric.drive_at(OUT[n], level, at);
                fabric.soon(TX_SLOTS[n]);
            }
            (false, true) => {
                sender.carrier = None;
                fabric.drive_at(OUT[n], level, at);
            }
            _ => {}
        }
    }

    /// The edges of an idle channel's carrier up to now.
    fn carry_idle(&mut self, n: usize, fabric: &mut Fabric) {
        while !self.senders[n].active {
            let edge = self.carrier_edge(n, fabric);
            let Some(carrier) = self.senders[n].carrier.as_mut().filter(|_| edge <= fabric.now()) else { return };
            carrier.edges += 1;
            carrier.level = !carrier.level;
            fabric.drive_at(OUT[n], carrier.level, edge);
        }
    }

    fn wraps(&self, n: usize) -> bool {
        self.bank.field(tx_conf(n), CH0_TX_CONF0::MEM_TX_WRAP_EN) != 0
    }

    /// The entry of the memory at this half word, or of what DMA fetched; `None` beyond its end.
    fn entry_at(&self, n: usize, entry: usize) -> Option<Entry> {
        if self.sends_by_dma(n) {
            let ahead = entry / 2 - self.senders[n].word();
            return self.senders[n].ready.get(ahead).map(|word| Entry::of(*word, entry % 2));
        }
        let (start, size) = self.window(n);
        let word = entry / 2;
        let word = if word < size { word } else { (self.wraps(n)).then_some(word % size)? };
        Some(Entry::of(self.memory[start + word], entry % 2))
    }

    /// Sends all that is due up to now.
    pub(super) fn send_due(&mut self, n: usize, fabric: &mut Fabric) {
        self.carry_idle(n, fabric);
        let now = fabric.now();
        while self.senders[n].active && self.senders[n].rate.is_running() {
            let boundary = self.senders[n].boundary();
            let edge = self.carrier_edge(n, fabric);
            if edge < boundary {
                if edge > now {
                    return;
                }
                if let Some(carrier) = &mut self.senders[n].carrier {
                    carrier.edges += 1;
                    carrier.level = !carrier.level;
                    fabric.drive_at(OUT[n], carrier.level, edge);
                }
            } else if boundary > now || !self.send_entry(n, boundary, fabric) {
                return;
            }
        }
    }

    /// When the carrier changes next inside of the present pulse.
    fn carrier_edge(&self, n: usize, fabric: &Fabric) -> Ps {
        let Some(carrier) = self.senders[n].carrier else { return Ps::MAX };
        let duty = self.bank.get(of(0x80, 4, n));
        // ESP-IDF `rmt_ll_tx_set_carrier_high_low_ticks`: 0 means 65 536.
        let cycles = |field: u32| if field == 0 { 65_536 } else { u64::from(field) };
        let high = cycles(CH0CARRIER_DUTY::CARRIER_HIGH.get(duty));
        let low = cycles(CH0CARRIER_DUTY::CARRIER_LOW.get(duty));
        let edge = carrier.edges + 1;
        let ticks = edge / 2 * (high + low) + edge % 2 * high;
        carrier.since.saturating_add(self.sclk(fabric).duration(ticks))
    }

    /// The next entry begins at `at`. False: it is not there yet.
    fn send_entry(&mut self, n: usize, at: Ps, fabric: &mut Fabric) -> bool {
        self.senders[n].carrier = None;
        let limit = self.bank.field(of(0xA0, 4, n), CH0_TX_LIM::TX_LIM);
        if limit != 0 && self.senders[n].words >= limit {
            self.senders[n].words = 0;
            self.raise(interrupt::TX_THR_EVENT << n, fabric);
        }
        let Some(entry) = self.entry_at(n, self.senders[n].entry) else {
            if self.sends_by_dma(n) {
                // The line keeps its level until DMA has more.
                let sender = &mut self.senders[n];
                (sender.base, sender.ticks) = (fabric.now(), 0);
                return false;
            }
            self.senders[n].ran_empty = true;
            self.raise(interrupt::TX_ERR << n, fabric);
            self.go_idle(n, fabric.io.output(OUT[n]), at, fabric);
            return true;
        };
        if entry.ticks == 0 {
            self.end_marker(n, entry.level, at, fabric);
            return true;
        }
        let conf = self.bank.get(tx_conf(n));
        let carried = CH0_TX_CONF0::CARRIER_EN.is_set(conf);
        if carried && CH0_TX_CONF0::CARRIER_OUT_LV.is_set(conf) == entry.level {
            self.senders[n].carrier = Some(Carrier { since: at, edges: 0, level: entry.level });
        }
        fabric.drive_at(OUT[n], entry.level, at);
        let size = self.window(n).1;
        let (by_dma, wraps) = (self.sends_by_dma(n), self.wraps(n));
        let sender = &mut self.senders[n];
        sender.ticks += entry.ticks;
        sender.entry += 1;
        if sender.entry % 2 == 0 {
            sender.words += 1;
            if by_dma {
                sender.ready.pop_front();
            } else if wraps && sender.word() >= size {
                sender.entry = 0;
            }
        }
        true
    }

    /// TRM 37.3.4.1 and 37.3.4.4: the end, or the beginning of the next run.
    fn end_marker(&mut self, n: usize, level: bool, at: Ps, fabric: &mut Fabric) {
        let conf = self.bank.get(tx_conf(n));
        let ran = self.senders[n].entry != 0;
        if !CH0_TX_CONF0::TX_CONTI_MODE.is_set(conf) || !ran || self.sends_by_dma(n) {
            self.go_idle(n, level, at, fabric);
            return self.raise(interrupt::TX_END << n, fabric);
        }
        let limit = self.bank.get(of(0xA0, 4, n));
        let sender = &mut self.senders[n];
        sender.entry = 0;
        if !CH0_TX_LIM::TX_LOOP_CNT_EN.is_set(limit) {
            return;
        }
        sender.loops += 1;
        if sender.loops >= CH0_TX_LIM::TX_LOOP_NUM.get(limit) {
            sender.loops = 0;
            if CH0_TX_LIM::LOOP_STOP_EN.is_set(limit) {
                self.go_idle(n, level, at, fabric);
            }
            self.raise(interrupt::TX_LOOP << n, fabric);
        }
    }

    /// When the transmitter has to look again: with the next edge where somebody acts on the pin, else with the next thing that
    /// software can notice.
    pub(super) fn schedule(&mut self, n: usize, fabric: &mut Fabric) {
        let sender = &self.senders[n];
        if !sender.active && sender.carrier.is_some() {
            let edge = self.carrier_edge(n, fabric);
            let due = if fabric.needs_promptly(OUT[n]) { edge } else { edge.max(fabric.now() + IDLE_BATCH) };
            return fabric.at(TX_SLOTS[n], due);
        }
        if !sender.active || !sender.rate.is_running() {
            return fabric.cancel(TX_SLOTS[n]);
        }
        let boundary = sender.boundary();
        if self.sends_by_dma(n) && sender.ready.is_empty() {
            // GDMA wakes it up when there is a link.
            return fabric.at(TX_SLOTS[n], boundary.max(fabric.now() + sender.rate.duration(DMA_AHEAD as u64)));
        }
        let due =
            if fabric.needs_promptly(OUT[n]) { boundary.min(self.carrier_edge(n, fabric)) } else { self.notable(n) };
        fabric.at(TX_SLOTS[n], due);
    }

    /// When the entry begins behind which software can notice something.
    fn notable(&self, n: usize) -> Ps {
        let sender = &self.senders[n];
        let limit = self.bank.field(of(0xA0, 4, n), CH0_TX_LIM::TX_LIM);
        let to_limit = if limit == 0 { u32::MAX } else { limit.saturating_sub(sender.words) } as usize;
        let to_refill = if self.sends_by_dma(n) { sender.ready.len().div_ceil(2) } else { usize::MAX };
        let last = 2 * to_limit.min(to_refill).min(LOOK_AHEAD / 2);
        let ends = (sender.entry & !1).saturating_add(last);
        let mut ticks = sender.ticks;
        for entry in sender.entry..ends {
            match self.entry_at(n, entry) {
                Some(Entry { ticks: more, .. }) if more != 0 => ticks += more,
                _ => break,
            }
        }
        sender.base.saturating_add(sender.rate.duration(ticks))
    }
}
