//! The receivers, TRM 37.3.5.

use super::{interrupt, of, rx_conf0, rx_conf1, Rmt, CH0_RX_CARRIER_RM, CH4_RX_CONF0, CH4_RX_CONF1};
use super::{CH7_RX_CONF0, DMA_CHANNEL, IN, RX_SLOTS};
use crate::fabric::Fabric;
use engine_core::time::{Hertz, Ps};
use serde::{Deserialize, Serialize};

/// What a receiver does.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Receiver {
    enabled: bool,
    /// The first edge has come.
    running: bool,
    rate: Hertz,
    /// The first edge: ticks count from here.
    since: Ps,
    /// The last edge that counts, in ticks; and the level from then on.
    last: u64,
    level: bool,
    /// An edge that the filter may still take back, and the level from then on.
    pending: Option<(Ps, bool)>,
    /// The first half of a word.
    half: Option<u32>,
    written: usize,
    /// Words since the last threshold.
    words: u32,
    for_dma: Vec<u32>,
    ended: bool,
    pub full: bool,
    pub owner_error: bool,
}

impl Default for Receiver {
    fn default() -> Self {
        Self {
            enabled: false,
            running: false,
            rate: Hertz::STOPPED,
            since: 0,
            last: 0,
            level: false,
            pending: None,
            half: None,
            written: 0,
            words: 0,
            for_dma: Vec::new(),
            ended: false,
            full: false,
            owner_error: false,
        }
    }
}

impl Receiver {
    pub fn is_running(&self) -> bool {
        self.running
    }

    /// The word that is written next.
    pub fn word(&self) -> usize {
        self.written
    }

    /// The words for DMA, and whether the reception ended behind them.
    pub fn take_for_dma(&mut self) -> (Vec<u32>, bool) {
        (std::mem::take(&mut self.for_dma), std::mem::take(&mut self.ended))
    }

    fn ticks(&self, at: Ps) -> u64 {
        // An edge that falls on a tick belongs to it, although moments are rounded to picoseconds.
        self.rate.cycles_in(at.saturating_sub(self.since) + 1)
    }
}

impl Rmt {
    fn receives_by_dma(&self, n: usize) -> bool {
        n == DMA_CHANNEL && self.bank.field(rx_conf0(n), CH7_RX_CONF0::DMA_ACCESS_EN) != 0
    }

    pub(super) fn set_receiver_rate(&mut self, n: usize, fabric: &mut Fabric) {
        let rate = self.divided(self.bank.field(rx_conf0(n), CH4_RX_CONF0::DIV_CNT), fabric);
        self.receivers[n].rate = rate;
        self.schedule_idle(n, fabric);
    }

    pub(super) fn write_rx_conf1(&mut self, n: usize, raw: u32, fabric: &mut Fabric) {
        use CH4_RX_CONF1 as F;
        let receiver = &mut self.receivers[n];
        if F::MEM_WR_RST.is_set(raw) {
            (receiver.written, receiver.words) = (0, 0);
            (receiver.full, receiver.owner_error) = (false, false);
        }
        if F::APB_MEM_RST.is_set(raw) {
            self.fifo[n + 4] = 0;
        }
        let enabled = self.bank.field(rx_conf1(n), F::RX_EN) != 0;
        let receiver = &mut self.receivers[n];
        if enabled != receiver.enabled {
            receiver.enabled = enabled;
            receiver.running = false;
            receiver.pending = None;
            receiver.half = None;
            receiver.level = fabric.input(IN[n]);
            fabric.watch_input(IN[n], enabled);
            fabric.cancel(RX_SLOTS[n]);
            self.set_receiver_rate(n, fabric);
        }
    }

    /// How long a level must last to count, TRM 37.3.5.1 and 37.3.5.2: RX_FILTER_THRES of rmt_sclk for both, and with
    /// demodulation CARRIER_LOW_THRES + 1 of the channel's clock for the gaps of the carrier.
    fn shortest(&self, n: usize, level: bool, fabric: &Fabric) -> Ps {
        let (conf0, conf1) = (self.bank.get(rx_conf0(n)), self.bank.get(rx_conf1(n)));
        let thres = u64::from(CH4_RX_CONF1::RX_FILTER_THRES.get(conf1));
        let filter = if CH4_RX_CONF1::RX_FILTER_EN.is_set(conf1) { self.sclk(fabric).duration(thres) } else { 0 };
        let carried = CH4_RX_CONF0::CARRIER_OUT_LV.is_set(conf0);
        if !CH4_RX_CONF0::CARRIER_EN.is_set(conf0) || carried == level {
            return filter;
        }
        let remove = self.bank.get(of(0x90, 4, n));
        let field = if carried { CH0_RX_CARRIER_RM::CARRIER_LOW_THRES } else { CH0_RX_CARRIER_RM::CARRIER_HIGH_THRES };
        filter.max(self.receivers[n].rate.duration(u64::from(field.get(remove)) + 1))
    }

    pub(super) fn edge_came(&mut self, n: usize, high: bool, at: Ps, fabric: &mut Fabric) {
        if !self.receivers[n].enabled || !self.receivers[n].rate.is_running() {
            return;
        }
        match self.receivers[n].pending {
            Some((before, level)) if at - before < self.shortest(n, level, fabric) => {
                self.receivers[n].pending = None;
            }
            _ => {
                self.settle_pending(n, fabric);
                self.receivers[n].pending = Some((at, high));
            }
        }
        if self.receivers[n].pending.is_some_and(|(_, level)| self.shortest(n, level, fabric) == 0) {
            self.settle_pending(n, fabric);
        }
        self.schedule_idle(n, fabric);
    }

    /// The edge that the filter held back counts.
    fn settle_pending(&mut self, n: usize, fabric: &mut Fabric) {
        let receiver = &mut self.receivers[n];
        let Some((at, level)) = receiver.pending.take() else { return };
        if level == receiver.level {
            return;
        }
        let ended = receiver.level;
        receiver.level = level;
        if !receiver.running {
            (receiver.running, receiver.since, receiver.last) = (true, at, 0);
            return;
        }
        let ticks = receiver.ticks(at);
        let period = (ticks - receiver.last).clamp(1, 0x7FFF) as u32;
        receiver.last = ticks;
        self.store_entry(n, u32::from(ended) << 15 | period, fabric);
    }

    fn store_entry(&mut self, n: usize, entry: u32, fabric: &mut Fabric) {
        match self.receivers[n].half.take() {
            None => self.receivers[n].half = Some(entry),
            Some(low) => self.store_word(n, entry << 16 | low, fabric),
        }
    }

    fn store_word(&mut self, n: usize, word: u32, fabric: &mut Fabric) {
        if self.receives_by_dma(n) {
            self.receivers[n].for_dma.push(word);
            return fabric.soon(RX_SLOTS[n]);
        }
        let conf = self.bank.get(rx_conf1(n));
        let (start, size) = self.window(n + 4);
        let receiver = &mut self.receivers[n];
        if !CH4_RX_CONF1::MEM_OWNER.is_set(conf) {
            receiver.owner_error = true;
            return self.raise(interrupt::RX_ERR << n, fabric);
        }
        if receiver.written >= size {
            receiver.full = true;
            return self.raise(interrupt::RX_ERR << n, fabric);
        }
        self.memory[start + receiver.written] = word;
        receiver.written += 1;
        if receiver.written == size && CH4_RX_CONF1::MEM_RX_WRAP_EN.is_set(conf) {
            receiver.written = 0;
        }
        receiver.words += 1;
        let limit = self.bank.field(of(0xB0, 4, n), super::CH0_RX_LIM::RX_LIM);
        if limit != 0 && receiver.words >= limit {
            receiver.words = 0;
            self.raise(interrupt::RX_THR_EVENT << n, fabric);
        }
    }

    /// When the input will have kept its level for longer than IDLE_THRES.
    fn idle_at(&self, n: usize) -> Ps {
        let receiver = &self.receivers[n];
        let idle = u64::from(self.bank.field(rx_conf0(n), CH4_RX_CONF0::IDLE_THRES)) + 1;
        match receiver.pending {
            Some((at, _)) => at.saturating_add(receiver.rate.duration(idle)),
            None if receiver.running => receiver.since.saturating_add(receiver.rate.duration(receiver.last + idle)),
            None => Ps::MAX,
        }
    }

    fn schedule_idle(&mut self, n: usize, fabric: &mut Fabric) {
        let due = self.idle_at(n);
        if due == Ps::MAX {
            return;
        }
        let pushes = !self.receivers[n].for_dma.is_empty();
        fabric.at(RX_SLOTS[n], if pushes { fabric.now() } else { due });
    }

    /// TRM 37.3.5.1: an input that keeps its level ends the reception with an entry of period 0.
    pub(super) fn receiver_due(&mut self, n: usize, fabric: &mut Fabric) {
        let due = self.idle_at(n);
        if due > fabric.now() {
            if due != Ps::MAX {
                fabric.at(RX_SLOTS[n], due);
            }
            return;
        }
        self.settle_pending(n, fabric);
        let marker = u32::from(self.receivers[n].level) << 15;
        let word = self.receivers[n].half.take().map_or(marker, |low| marker << 16 | low);
        self.store_word(n, word, fabric);
        let receiver = &mut self.receivers[n];
        receiver.running = false;
        receiver.ended = true;
        self.raise(interrupt::RX_END << n, fabric);
    }
}
