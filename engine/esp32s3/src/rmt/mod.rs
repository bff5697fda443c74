//! RMT: four transmitters and four receivers of pulses with a memory of 384 words. ESP32-S3 TRM chapter 37 (Remote Control
//! Peripheral).
//!
//! Where nobody acts on the pin at once, a transmitter wakes up only for what software can notice (a threshold, the end) and
//! hands in the edges since then in one go, each with its own time.
//!
//! # Fidelity
//! - Exact: edges of transmitters to the tick of the channel's clock, carrier, loops, thresholds, wrapping, idle level,
//!   starting together; receivers measure to the tick, with filter and idle threshold.
//! - Approximated: registers count at once, not from CONF_UPDATE on (TX_STOP and the idle level do wait for it). A
//!   transmission begins with the store to TX_START, without the cycles of the clock domain crossing. The carrier begins
//!   anew with each pulse. Demodulation bridges gaps of the carrier and leaves the length of its bursts unchecked. The
//!   interrupt of a threshold comes when its last entry has been sent, not when it has been fetched. With DMA a
//!   transmitter fetches 48 words ahead whatever its memory size.
//! - STATE shows 0 or 1: the numbers of the state machine are not published.
//! - With CARRIER_EFF_EN off a channel that is idle at CARRIER_OUT_LV has the carrier as well.

#[cfg(test)]
mod driver_tests;
mod receive;
mod registers;
#[cfg(test)]
mod tests;
mod transmit;

use crate::block::{undeclared, Block, InputEdge};
use crate::fabric::Fabric;
use crate::gdma::{Peripheral, Port};
use crate::signals::{self, Signal};
use crate::slots::Slot;
use crate::sources::Source;
use engine_core::registers::{Bank, Group, Registers, Write};
use engine_core::time::Hertz;
use receive::Receiver;
pub use registers::*;
use serde::{Deserialize, Serialize};
use transmit::Sender;

/// Words of a block of memory; each channel has one of its own.
pub const BLOCK_WORDS: usize = 48;
/// Words of all blocks.
pub const WORDS: usize = 8 * BLOCK_WORDS;
/// Where the memory begins, behind the registers.
const MEMORY: u32 = 0x800;
/// The channel on each side that GDMA serves: channel 3 sends, channel 7 receives.
const DMA_CHANNEL: usize = 3;
/// Words that DMA keeps ready for the transmitter.
const DMA_AHEAD: usize = BLOCK_WORDS;

const OUT: [Signal; 4] = [signals::RMT_SIG_OUT0, signals::RMT_SIG_OUT1, signals::RMT_SIG_OUT2, signals::RMT_SIG_OUT3];
const IN: [Signal; 4] = [signals::RMT_SIG_IN0, signals::RMT_SIG_IN1, signals::RMT_SIG_IN2, signals::RMT_SIG_IN3];
const TX_SLOTS: [Slot; 4] = [Slot::RmtTx0, Slot::RmtTx1, Slot::RmtTx2, Slot::RmtTx3];
const RX_SLOTS: [Slot; 4] = [Slot::RmtRx0, Slot::RmtRx1, Slot::RmtRx2, Slot::RmtRx3];

/// Bits of the interrupt registers for the first channel of a side.
mod interrupt {
    pub const TX_END: u32 = 1 << 0;
    pub const TX_ERR: u32 = 1 << 4;
    pub const TX_THR_EVENT: u32 = 1 << 8;
    pub const TX_LOOP: u32 = 1 << 12;
    pub const RX_END: u32 = 1 << 16;
    pub const RX_ERR: u32 = 1 << 20;
    pub const RX_THR_EVENT: u32 = 1 << 24;
    pub const RX_DMA_FAIL: u32 = 1 << 29;
}

/// RMT.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Rmt {
    bank: Bank<Reg>,
    memory: Vec<u32>,
    senders: [Sender; 4],
    receivers: [Receiver; 4],
    /// Transmitters that wait for the others in TX_SIM, a bit each.
    armed: u32,
    /// Where CHnDATA stands in the channel's memory.
    fifo: [usize; 8],
}

/// The register of a channel: those of a kind lie `step` apart.
fn of(first: u32, step: u32, n: usize) -> Reg {
    Reg::at(first + step * n as u32).expect("the register of each channel is declared")
}

fn tx_conf(n: usize) -> Reg {
    of(0x20, 4, n)
}

fn rx_conf0(n: usize) -> Reg {
    of(0x30, 8, n)
}

fn rx_conf1(n: usize) -> Reg {
    of(0x34, 8, n)
}

impl Rmt {
    /// After power-on.
    pub fn new() -> Self {
        Self {
            bank: Bank::new(),
            memory: vec![0; WORDS],
            senders: std::array::from_fn(|_| Sender::default()),
            receivers: std::array::from_fn(|_| Receiver::default()),
            armed: 0,
            fifo: [0; 8],
        }
    }

    /// rmt_sclk, TRM 37.3.3: the selected clock over SCLK_DIV_NUM + 1 + SCLK_DIV_A / SCLK_DIV_B.
    fn sclk(&self, fabric: &Fabric) -> Hertz {
        let conf = self.bank.get(Reg::SYS_CONF);
        let source = match SYS_CONF::SCLK_SEL.get(conf) {
            1 => fabric.rates.apb,
            2 => fabric.rates.rc_fast,
            3 => fabric.rates.xtal,
            _ => Hertz::STOPPED,
        };
        if !SYS_CONF::SCLK_ACTIVE.is_set(conf) {
            return Hertz::STOPPED;
        }
        let whole = u64::from(SYS_CONF::SCLK_DIV_NUM.get(conf)) + 1;
        let (a, b) = (u64::from(SYS_CONF::SCLK_DIV_A.get(conf)), u64::from(SYS_CONF::SCLK_DIV_B.get(conf)));
        if b == 0 {
            source.scaled(1, whole)
        } else {
            source.scaled(b, whole * b + a)
        }
    }

    /// The clock of a channel: rmt_sclk over DIV_CNT, where 0 means 256.
    fn divided(&self, div_cnt: u32, fabric: &Fabric) -> Hertz {
        self.sclk(fabric).scaled(1, if div_cnt == 0 { 256 } else { div_cnt.into() })
    }

    fn raise(&mut self, bits: u32, fabric: &mut Fabric) {
        self.bank.set(Reg::INT_RAW, self.bank.get(Reg::INT_RAW) | bits);
        self.update_irq(fabric);
    }

    fn interrupts(&self) -> u32 {
        self.bank.get(Reg::INT_RAW) & self.bank.get(Reg::INT_ENA)
    }

    fn update_irq(&self, fabric: &mut Fabric) {
        fabric.set_irq(Source::RMT, self.interrupts() != 0);
    }

    /// Where a channel's memory begins, and how many words it has: MEM_SIZE blocks from its own on.
    fn window(&self, channel: usize) -> (usize, usize) {
        let blocks = if channel < 4 {
            self.bank.field(tx_conf(channel), CH0_TX_CONF0::MEM_SIZE)
        } else {
            self.bank.field(rx_conf0(channel - 4), CH4_RX_CONF0::MEM_SIZE)
        };
        let start = channel * BLOCK_WORDS;
        (start, (blocks as usize * BLOCK_WORDS).clamp(BLOCK_WORDS, WORDS - start))
    }

    /// Brings everything up to the present before software looks or changes something.
    pub(crate) fn catch_up(&mut self, fabric: &mut Fabric) {
        for n in 0..4 {
            self.send_due(n, fabric);
        }
    }

    /// Channel 3 or 7 moves data, or something else is due.
    pub fn event(&mut self, slot: Slot, fabric: &mut Fabric, port: &mut Port) {
        if let Some(n) = TX_SLOTS.iter().position(|&of| of == slot) {
            if n == DMA_CHANNEL {
                self.fetch(fabric, port);
            }
            self.send_due(n, fabric);
            if n == DMA_CHANNEL {
                self.fetch(fabric, port);
            }
            self.schedule(n, fabric);
        }
        if let Some(n) = RX_SLOTS.iter().position(|&of| of == slot) {
            self.receiver_due(n, fabric);
            if n == DMA_CHANNEL {
                self.hand_over(fabric, port);
            }
        }
    }

    /// DMA keeps words ready for channel 3.
    fn fetch(&mut self, fabric: &mut Fabric, port: &mut Port) {
        if !self.sends_by_dma(DMA_CHANNEL) {
            return;
        }
        let sender = &mut self.senders[DMA_CHANNEL];
        while sender.is_active() && sender.ready.len() < DMA_AHEAD {
            let mut bytes = [0; 4];
            if port.pull(Peripheral::RMT, &mut bytes, fabric) < bytes.len() {
                break;
            }
            sender.ready.push_back(u32::from_le_bytes(bytes));
        }
    }

    /// DMA takes the words that channel 7 has received.
    fn hand_over(&mut self, fabric: &mut Fabric, port: &mut Port) {
        let (words, ended) = self.receivers[DMA_CHANNEL].take_for_dma();
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        if !bytes.is_empty() && port.push(Peripheral::RMT, &bytes, ended, fabric) < bytes.len() {
            self.raise(interrupt::RX_DMA_FAIL | interrupt::RX_ERR << DMA_CHANNEL, fabric);
        }
    }

    /// CHnDATA, TRM 37.3.2.1: the channel's memory word by word.
    fn fifo_word(&mut self, channel: usize) -> &mut u32 {
        let (start, size) = self.window(channel);
        let at = start + self.fifo[channel] % size;
        self.fifo[channel] += 1;
        &mut self.memory[at]
    }

    fn uses_fifo(&self) -> bool {
        self.bank.field(Reg::SYS_CONF, SYS_CONF::APB_FIFO_MASK) == 0
    }

    fn status(&self, register: Reg) -> u32 {
        match register as usize {
            status if (Reg::CH0_TX_STATUS as usize..=Reg::CH3_TX_STATUS as usize).contains(&status) => {
                let n = status - Reg::CH0_TX_STATUS as usize;
                let (start, size) = self.window(n);
                let value = CH0_TX_STATUS::MEM_RADDR_EX.put(0, (start + self.senders[n].word()) as u32);
                let value = CH0_TX_STATUS::STATE.put(value, self.senders[n].is_active().into());
                let value = CH0_TX_STATUS::APB_MEM_WADDR.put(value, (start + self.fifo[n] % size) as u32);
                CH0_TX_STATUS::MEM_EMPTY.put(value, self.senders[n].ran_empty.into())
            }
            status if (Reg::CH0_RX_STATUS as usize..=Reg::CH3_RX_STATUS as usize).contains(&status) => {
                let n = status - Reg::CH0_RX_STATUS as usize;
                let (start, size) = self.window(n + 4);
                let receiver = &self.receivers[n];
                let value = CH0_RX_STATUS::MEM_WADDR_EX.put(0, (start + receiver.word()) as u32);
                let value = CH0_RX_STATUS::APB_MEM_RADDR.put(value, (start + self.fifo[n + 4] % size) as u32);
                let value = CH0_RX_STATUS::STATE.put(value, receiver.is_running().into());
                let value = CH0_RX_STATUS::MEM_FULL.put(value, receiver.full.into());
                CH0_RX_STATUS::MEM_OWNER_ERR.put(value, receiver.owner_error.into())
            }
            _ => self.bank.load(register),
        }
    }

    fn memory_word(offset: u32) -> Option<usize> {
        let word = (offset.checked_sub(MEMORY)? / 4) as usize;
        (word < WORDS).then_some(word)
    }

    fn write_tx_conf(&mut self, n: usize, raw: u32, fabric: &mut Fabric) {
        use CH0_TX_CONF0 as F;
        if F::MEM_RD_RST.is_set(raw) {
            self.senders[n].rewind();
        }
        if F::APB_MEM_RST.is_set(raw) {
            self.fifo[n] = 0;
        }
        let conf = self.bank.get(tx_conf(n));
        if F::CONF_UPDATE.is_set(raw) {
            if F::TX_STOP.is_set(conf) {
                self.bank.set_field(tx_conf(n), F::TX_STOP, 0);
                self.armed &= !(1 << n);
                self.stop_sending(n, fabric);
            }
            if !self.senders[n].is_active() && F::IDLE_OUT_EN.is_set(conf) {
                self.show_idle(n, F::IDLE_OUT_LV.is_set(conf), fabric);
            }
        }
        self.settle_idle_carrier(n, fabric.now(), fabric);
        if F::TX_START.is_set(raw) {
            let together = self.bank.get(Reg::TX_SIM);
            let group = if TX_SIM::EN.is_set(together) { together & 0xF } else { 0 };
            if group >> n & 1 == 0 {
                self.start_sending(n, fabric);
            } else {
                self.armed |= 1 << n;
                if self.armed & group == group {
                    self.armed = 0;
                    (0..4).filter(|n| group >> n & 1 != 0).for_each(|n| self.start_sending(n, fabric));
                }
            }
        }
        self.senders[n].set_rate(self.divided(F::DIV_CNT.get(conf), fabric));
        self.schedule(n, fabric);
    }

    fn clocks_or_divider_changed(&mut self, fabric: &mut Fabric) {
        for n in 0..4 {
            let rate = self.divided(self.bank.field(tx_conf(n), CH0_TX_CONF0::DIV_CNT), fabric);
            self.senders[n].set_rate(rate);
            self.schedule(n, fabric);
            self.set_receiver_rate(n, fabric);
        }
    }
}

impl Default for Rmt {
    fn default() -> Self {
        Self::new()
    }
}

impl Block for Rmt {
    const GROUPS: &'static [Group] = &[Group::one("RMT", Reg::TABLE)];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        self.catch_up(fabric);
        if offset <= 0x1C && self.uses_fifo() {
            return *self.fifo_word((offset / 4) as usize);
        }
        self.peek(offset, fabric)
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        if let Some(word) = Self::memory_word(offset) {
            return self.memory[word];
        }
        match Reg::at(offset) {
            Some(Reg::INT_ST) => self.interrupts(),
            Some(register) => self.status(register),
            None => undeclared("RMT", offset, fabric),
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        self.catch_up(fabric);
        if let Some(word) = Self::memory_word(offset) {
            self.memory[word] = write.value;
            return;
        }
        let Some(register) = Reg::at(offset) else {
            undeclared("RMT", offset, fabric);
            return;
        };
        match register {
            Reg::INT_RAW => return,
            Reg::INT_CLR => self.bank.set(Reg::INT_RAW, self.bank.get(Reg::INT_RAW) & !write.raw),
            _ => self.bank.store(register, write, "RMT", &mut fabric.gaps),
        }
        match offset {
            0x00..=0x1C if self.uses_fifo() => *self.fifo_word((offset / 4) as usize) = write.raw,
            0x20..=0x2C => self.write_tx_conf(((offset - 0x20) / 4) as usize, write.raw, fabric),
            0x30..=0x4C if offset % 8 == 0 => self.set_receiver_rate(((offset - 0x30) / 8) as usize, fabric),
            0x34..=0x4C => self.write_rx_conf1(((offset - 0x34) / 8) as usize, write.raw, fabric),
            0x78 | 0x7C => self.update_irq(fabric),
            0xA0..=0xAC => {
                let n = ((offset - 0xA0) / 4) as usize;
                if CH0_TX_LIM::LOOP_COUNT_RESET.is_set(write.raw) {
                    self.senders[n].loops = 0;
                }
                self.schedule(n, fabric);
            }
            0xC0 => self.clocks_or_divider_changed(fabric),
            _ => {}
        }
    }

    fn input(&mut self, edge: InputEdge, fabric: &mut Fabric) {
        if let Some(n) = IN.iter().position(|&signal| signal == edge.signal) {
            self.edge_came(n, edge.high, edge.at, fabric);
        }
    }

    fn clocks_changed(&mut self, fabric: &mut Fabric) {
        self.catch_up(fabric);
        self.clocks_or_divider_changed(fabric);
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        let memory = std::mem::take(&mut self.memory);
        *self = Self { memory, ..Self::new() };
        for n in 0..4 {
            fabric.cancel(TX_SLOTS[n]);
            fabric.cancel(RX_SLOTS[n]);
            fabric.drive(OUT[n], false);
            fabric.watch_input(IN[n], false);
        }
        self.update_irq(fabric);
    }
}
