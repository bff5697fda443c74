//! SDHOST, the controller of SD and MMC cards. ESP32-S3 TRM chapter "SD/MMC Host Controller". It is Synopsys' DesignWare
//! Mobile Storage Host; what the TRM leaves open is from Intel's Stratix 10 HPS TRM (683222) chapter 16, which describes
//! the same core, and from ESP-IDF `hal/sdmmc_ll.h` and its driver.
//!
//! A command goes to the card when its last bit has been sent, and its answer is there when that has come in; the same
//! holds for each block of data. The controller is due at these moments, and stands still in between.
//!
//! # Fidelity
//! - Clock dividers, the command that updates them, commands and answers with their flags, timeouts, block counts,
//!   automatic stop, IDMAC with chains and rings, interrupts, card detect and write protect: as described.
//! - DEBNCE delays the interrupt CD; CDETECT itself shows its inputs as they are (approximated).
//! - An answer comes 8 clocks behind its command, a CRC status 2 clocks behind its block (approximated: cards are free
//!   between 2 and 64). Bytes of a block are in the FIFO, and leave it, at the block's end and start (approximated); the
//!   FIFO is deep enough for a block beyond what it shows, so the thresholds of CARDTHRCTL are always met.
//! - After an answer in error no data phase follows (approximated: silicon may wait for data until its timeout).
//! - What parts see are commands and blocks. Edges of CLK, CMD and DAT appear only where somebody looks at those pins, when a command,
//!   an answer or a block is over, with their times; CLK stands still in between, and DAT0 does not show that a card is busy.
//! - MMC alone (streams, eight lines, boot, interrupt mode), SDIO, CE-ATA, 1.8 V and double data rate are missing, and say
//!   so. Clock phases have no effect in a world without propagation times.

mod command;
mod data;
mod dma;
mod registers;
#[cfg(test)]
mod tests;
mod wires;

use crate::block::{undeclared, Block, InputEdge};
use crate::fabric::Fabric;
use crate::memories::{Memories, Mmu};
use crate::signals::{self, Signal};
use crate::slots::Slot;
use crate::sources::Source;
use command::Sending;
use data::Transfer;
use dma::{Idmac, Memory};
use engine_core::registers::{Bank, Field, Group, Registers, Write};
use engine_core::sdbus::SdLines;
use engine_core::time::{Hertz, Ps};
pub use registers::*;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Slots for cards.
pub const CARDS: usize = 2;
/// Words of the FIFO.
const FIFO_WORDS: usize = 32;

/// Where a slot is wired to.
struct Wiring {
    clk: Signal,
    cmd: Signal,
    dat: [Signal; 4],
    detect: Signal,
    protect: Signal,
    reset: Signal,
}

impl Wiring {
    /// Clock, command and data.
    fn all(&self) -> impl Iterator<Item = Signal> + '_ {
        [self.clk, self.cmd].into_iter().chain(self.dat)
    }
}

const WIRING: [Wiring; CARDS] = [
    Wiring {
        clk: signals::SDHOST_CCLK_OUT_1,
        cmd: signals::SDHOST_CCMD_OUT_1,
        dat: [
            signals::SDHOST_CDATA_OUT_10,
            signals::SDHOST_CDATA_OUT_11,
            signals::SDHOST_CDATA_OUT_12,
            signals::SDHOST_CDATA_OUT_13,
        ],
        detect: signals::SDHOST_CARD_DETECT_N_1,
        protect: signals::SDHOST_CARD_WRITE_PRT_1,
        reset: signals::SDHOST_RST_N_1,
    },
    Wiring {
        clk: signals::SDHOST_CCLK_OUT_2,
        cmd: signals::SDHOST_CCMD_OUT_2,
        dat: [
            signals::SDHOST_CDATA_OUT_20,
            signals::SDHOST_CDATA_OUT_21,
            signals::SDHOST_CDATA_OUT_22,
            signals::SDHOST_CDATA_OUT_23,
        ],
        detect: signals::SDHOST_CARD_DETECT_N_2,
        protect: signals::SDHOST_CARD_WRITE_PRT_2,
        reset: signals::SDHOST_RST_N_2,
    },
];

/// The inputs that the block watches.
pub const INPUTS: [Signal; CARDS] = [signals::SDHOST_CARD_DETECT_N_1, signals::SDHOST_CARD_DETECT_N_2];

/// The clock registers as the card's side of the controller took them over.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Clocks {
    dividers: u32,
    sources: u32,
    enabled: u32,
}

/// The block.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Sdhost {
    bank: Bank<Reg>,
    clocks: Clocks,
    /// A command that was written and waits for the one before, or for its data.
    held: Option<u32>,
    sending: Option<Sending>,
    transfer: Option<Transfer>,
    fifo: VecDeque<u8>,
    idmac: Idmac,
    response_index: u32,
    /// Until when each card holds DAT0 low.
    busy_until: [Ps; CARDS],
    /// When the card that was written to is no longer busy, for BCI.
    busy_clear_at: Option<Ps>,
    /// The card detect inputs as CD last told of them, and when they have been stable for the debounce time.
    detected: u32,
    detect_at: Option<Ps>,
    /// Bytes to or from the card, and between software and the FIFO.
    card_bytes: u32,
    host_bytes: u32,
}

impl Sdhost {
    /// After power-on.
    pub fn new() -> Self {
        Self::default()
    }

    fn is_set(&self, register: Reg, field: Field) -> bool {
        field.is_set(self.bank.get(register))
    }

    fn field(&self, register: Reg, field: Field) -> u32 {
        self.bank.field(register, field)
    }

    /// The clock of a card, ESP-IDF `hal/sdmmc_ll.h`: the source, divided by L + 1, and by twice the divider of its choice.
    fn card_clock(&self, card: usize, fabric: &Fabric) -> Hertz {
        let edges = self.bank.get(Reg::CLK_EDGE_SEL);
        let source = if CLK_EDGE_SEL::CCLK_EN.is_set(edges) { fabric.rates.pll_f160 } else { fabric.rates.xtal };
        let first = CLK_EDGE_SEL::CCLLKIN_EDGE_L.get(edges).max(CLK_EDGE_SEL::CCLLKIN_EDGE_N.get(edges)) + 1;
        let choice = self.clocks.sources >> (2 * card) & 3;
        let divider = self.clocks.dividers >> (8 * choice) & 0xFF;
        source.scaled(1, u64::from(first) * u64::from((2 * divider).max(1)))
    }

    /// The time of so many clocks of a card.
    fn clocks(&self, card: usize, count: u64, fabric: &Fabric) -> Ps {
        self.card_clock(card, fabric).duration(count)
    }

    /// CTYPE: lines of data.
    fn lines(&self, card: usize) -> u8 {
        if self.field(Reg::CTYPE, CTYPE::CARD_WIDTH4) >> card & 1 != 0 {
            4
        } else {
            1
        }
    }

    /// The pins of a slot, where clock and command are on pins and the clock runs.
    fn pins(&self, card: usize, fabric: &Fabric) -> Option<SdLines> {
        let wiring = &WIRING[card];
        let pin = |signal| fabric.io.pin_of(signal).filter(|pin| fabric.io.source_of(signal) == Some(*pin));
        let clk = fabric.io.pin_of(wiring.clk).filter(|_| self.clocks.enabled >> card & 1 != 0)?;
        Some(SdLines { clk, cmd: pin(wiring.cmd)?, dat: wiring.dat.map(pin) })
    }

    fn raise(&mut self, interrupts: u32, fabric: &mut Fabric) {
        self.bank.set(Reg::RINTSTS, self.bank.get(Reg::RINTSTS) | interrupts);
        let errors = int::EBE | int::RTO | int::RCRC | int::DTO | int::DCRC | int::RESP_ERR;
        if interrupts & errors != 0 {
            self.raise_dma(IDSTS::CES);
        }
        self.settle_interrupts(fabric);
    }

    /// A bit of IDSTS, and the summary that it counts to when its interrupt is enabled.
    fn raise_dma(&mut self, field: Field) {
        let (status, enabled) = (self.bank.get(Reg::IDSTS) | field.mask, self.bank.get(Reg::IDINTEN));
        let summary = if enabled & field.mask == 0 {
            0
        } else if field == IDSTS::TI || field == IDSTS::RI {
            IDSTS::NIS.mask
        } else {
            IDSTS::AIS.mask
        };
        self.bank.set(Reg::IDSTS, status | summary);
    }

    fn settle_interrupts(&self, fabric: &mut Fabric) {
        let host = self.bank.get(Reg::RINTSTS) & self.bank.get(Reg::INTMASK);
        let summaries = IDSTS::NIS.mask | IDSTS::AIS.mask;
        let dma = self.bank.get(Reg::IDSTS) & self.bank.get(Reg::IDINTEN) & summaries;
        let enabled = self.is_set(Reg::CTRL, CTRL::INT_ENABLE);
        fabric.set_irq(Source::SDIO_HOST, enabled && host | dma != 0);
    }

    /// Something is due: the end of a command, an answer, a block; a command that waited; software moved data.
    pub fn serve(&mut self, mem: &mut Memories, mmu: &Mmu, fabric: &mut Fabric) {
        let mut memory = Memory { mem, mmu };
        let now = fabric.now();
        loop {
            let command = self.sending.as_ref().map_or(Ps::MAX, |sending| sending.due);
            let data = self.transfer.as_ref().map_or(Ps::MAX, Transfer::due);
            if command <= now && command <= data {
                self.step_command(command, &mut memory, fabric);
            } else if data <= now {
                self.step_data(data, &mut memory, fabric);
            } else if !self.take_held(now, fabric) && !self.go_on(now, &mut memory, fabric) {
                break;
            }
        }
        if self.detect_at.is_some_and(|at| at <= now) {
            self.detect_at = None;
            self.detect(fabric);
        }
        if self.busy_clear_at.is_some_and(|at| at <= now) {
            self.busy_clear_at = None;
            self.raise(int::BCI, fabric);
        }
        self.plan(fabric);
    }

    /// When the controller is due next.
    fn plan(&self, fabric: &mut Fabric) {
        let command = self.sending.as_ref().map(|sending| sending.due);
        let data = self.transfer.as_ref().map(Transfer::due);
        let next = [command, data, self.detect_at, self.busy_clear_at].into_iter().flatten().min();
        match next.filter(|at| *at != Ps::MAX) {
            Some(at) => fabric.at(Slot::Sdhost, at),
            None => fabric.cancel(Slot::Sdhost),
        }
    }

    /// CD tells of card detect inputs that changed and stayed so.
    fn detect(&mut self, fabric: &mut Fabric) {
        let levels = self.detect_inputs(fabric);
        if levels != std::mem::replace(&mut self.detected, levels) {
            self.raise(int::CD, fabric);
        }
    }

    fn detect_inputs(&self, fabric: &Fabric) -> u32 {
        (0..CARDS).fold(0, |all, card| all | u32::from(fabric.input(WIRING[card].detect)) << card)
    }

    /// CTRL resets: the card's side of the controller, the FIFO, IDMAC.
    fn strobe(&mut self, ctrl: u32) {
        if CTRL::CONTROLLER_RESET.is_set(ctrl) {
            self.held = None;
            self.sending = None;
            self.transfer = None;
            self.bank.set_field(Reg::CMD, CMD::START_CMD, 0);
        }
        if CTRL::FIFO_RESET.is_set(ctrl) {
            self.fifo.clear();
        }
        if CTRL::DMA_RESET.is_set(ctrl) {
            let base = self.idmac.base;
            self.idmac.rebase(base);
        }
        if CTRL::ABORT_READ_DATA.is_set(ctrl) && self.transfer.as_ref().is_some_and(|transfer| !transfer.write) {
            self.transfer = None;
        }
    }

    fn status(&self, fabric: &Fabric) -> u32 {
        let card = self.sending.as_ref().map_or(self.field(Reg::CMD, CMD::CARD_NUMBER) as usize, |it| it.card) % CARDS;
        let words = self.fifo.len().div_ceil(4).min(FIFO_WORDS);
        let flag = |field: Field, on: bool| field.put(0, u32::from(on));
        let dat3 = fabric.io.source_of(WIRING[card].dat[3]).is_none_or(|pin| fabric.pins.is_high(pin));
        STATUS::FIFO_COUNT.put(0, words as u32)
            | STATUS::RESPONSE_INDEX.put(0, self.response_index)
            | flag(STATUS::DATA_STATE_MC_BUSY, self.transfer.is_some())
            | flag(STATUS::DATA_BUSY, fabric.now() < self.busy_until[card])
            | flag(STATUS::DATA_3_STATUS, dat3)
            | STATUS::COMMAND_FSM_STATES.put(0, self.sending.as_ref().map_or(0, Sending::state))
            | flag(STATUS::FIFO_FULL, words == FIFO_WORDS)
            | flag(STATUS::FIFO_EMPTY, words == 0)
            | flag(STATUS::FIFO_TX_WATERMARK, words as u32 <= self.field(Reg::FIFOTH, FIFOTH::TX_WMARK))
            | flag(STATUS::FIFO_RX_WATERMARK, words as u32 > self.field(Reg::FIFOTH, FIFOTH::RX_WMARK))
    }

    fn load(&self, register: Reg, fabric: &Fabric) -> u32 {
        match register {
            Reg::MINTSTS => self.bank.get(Reg::RINTSTS) & self.bank.get(Reg::INTMASK),
            Reg::STATUS => self.status(fabric),
            Reg::CDETECT => self.detect_inputs(fabric),
            Reg::WRTPRT => (0..CARDS).fold(0, |all, card| all | u32::from(fabric.input(WIRING[card].protect)) << card),
            Reg::TCBCNT => self.card_bytes,
            Reg::TBBCNT => self.host_bytes,
            // FSM: 0 is idle, 1 suspended (Stratix 10 HPS TRM, idsts).
            Reg::IDSTS => IDSTS::FSM.put(self.bank.load(register), u32::from(self.idmac.suspended)),
            Reg::DSCADDR => self.idmac.current,
            Reg::BUFADDR => self.idmac.buffer,
            _ => self.bank.load(register),
        }
    }

    fn store(&mut self, register: Reg, write: Write, fabric: &mut Fabric) {
        match register {
            Reg::CMD if self.held.is_some() => return self.raise(int::HLE, fabric),
            Reg::BUFFIFO => return self.feed(write.raw, fabric),
            _ => self.bank.store(register, write, "SDHOST", &mut fabric.gaps),
        }
        match register {
            Reg::CTRL => self.strobe(write.raw),
            Reg::CMD if CMD::START_CMD.is_set(write.value) => {
                self.held = Some(write.value);
                self.take_held(fabric.now(), fabric);
            }
            Reg::BMOD if BMOD::SWR.is_set(write.raw) => self.idmac.rebase(0),
            Reg::DBADDR => self.idmac.rebase(write.value),
            Reg::PLDMND => self.idmac.suspended = false,
            Reg::RST_N => self.show_resets(fabric),
            _ => {}
        }
        self.settle_interrupts(fabric);
        fabric.soon(Slot::Sdhost);
    }

    fn show_resets(&self, fabric: &mut Fabric) {
        for (card, wiring) in WIRING.iter().enumerate() {
            fabric.enable(wiring.reset, true);
            fabric.drive(wiring.reset, self.field(Reg::RST_N, RST_N::CARD_RESET) >> card & 1 != 0);
        }
    }
}

impl Block for Sdhost {
    const GROUPS: &'static [Group] = &[Group::one("SDHOST", Reg::TABLE)];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        match Reg::at(offset) {
            Some(Reg::BUFFIFO) => self.take_word(fabric),
            Some(register) => self.load(register, fabric),
            None => undeclared("SDHOST", offset, fabric),
        }
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        match Reg::at(offset) {
            Some(Reg::BUFFIFO) => {
                (0..4).fold(0, |word, n| word | u32::from(self.fifo.get(n).copied().unwrap_or(0)) << (8 * n))
            }
            Some(register) => self.load(register, fabric),
            None => 0,
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        match Reg::at(offset) {
            Some(register) => self.store(register, write, fabric),
            None => _ = undeclared("SDHOST", offset, fabric),
        }
    }

    fn input(&mut self, edge: InputEdge, fabric: &mut Fabric) {
        let wait = fabric.rates.apb.duration(u64::from(self.field(Reg::DEBNCE, DEBNCE::DEBOUNCE_COUNT)));
        self.detect_at = Some(edge.at.saturating_add(wait));
        fabric.soon(Slot::Sdhost);
    }

    fn clocks_changed(&mut self, fabric: &mut Fabric) {
        fabric.soon(Slot::Sdhost);
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        *self = Self::new();
        fabric.cancel(Slot::Sdhost);
        for signal in INPUTS {
            fabric.watch_input(signal, true);
        }
        self.detected = self.detect_inputs(fabric);
        self.show_resets(fabric);
        self.settle_interrupts(fabric);
    }
}
