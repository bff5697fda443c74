//! The target, datasheet 4.3.10.1: addressed by a controller on the same pins, edge by edge.

use super::{I2c, Reg, IC_ACK_GENERAL_CALL, IC_CON, IC_DATA_CMD, IC_RAW_INTR_STAT, IC_SLV_DATA_NACK_ONLY};
use super::{IC_ENABLE_STATUS, IC_TX_ABRT_SOURCE};
use crate::fabric::Fabric;
use engine_core::time::Ps;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    /// Until the next START.
    #[default]
    Deaf,
    Address,
    /// The second byte of a 10-bit address.
    SecondAddress,
    Receive,
    Transmit,
}

/// Why SCL is held low.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Stretch {
    /// RD_REQ: software must write data.
    Data,
    /// The receive FIFO is full.
    Room,
    /// Data is on SDA, and has IC_SDA_SETUP to settle.
    Setup(Ps),
}

/// The state of the target.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Target {
    state: State,
    shift: u8,
    /// Rising edges of SCL since the byte began.
    clocks: u8,
    stretch: Option<Stretch>,
    /// Addressed since the last START, by its own address or by the general call.
    addressed: bool,
    general_call: bool,
    /// Addressed for writing by its 10-bit address since the last STOP.
    selected: bool,
    first: bool,
    received: bool,
    levels: (bool, bool),
}

impl Target {
    pub(super) fn is_addressed(&self) -> bool {
        self.addressed
    }

    /// The block is disabled: the bits of IC_ENABLE_STATUS that tell what was lost.
    pub(super) fn disable(&mut self) -> u32 {
        let busy = self.state != State::Deaf;
        let lost = self.addressed && self.received;
        *self = Self::default();
        IC_ENABLE_STATUS::SLV_DISABLED_WHILE_BUSY.put(0, u32::from(busy))
            | IC_ENABLE_STATUS::SLV_RX_DATA_LOST.put(0, u32::from(lost))
    }
}

impl I2c {
    /// Takes the edges of the bus, those of its own making too: SCL that is let go of may rise. Returns when to come back.
    pub(super) fn follow_bus(&mut self, fabric: &mut Fabric) -> Ps {
        let (sda, scl) = (self.wiring().sda, self.wiring().scl);
        if fabric.listen(sda, true) | fabric.listen(scl, true) {
            self.target.levels = (fabric.input_level(sda), fabric.input_level(scl));
        }
        let mut edges: Vec<(Ps, bool, bool)> = vec![];
        for (input, is_clock) in [(sda, false), (scl, true)] {
            edges.extend(fabric.io.serial.ear(input).edges.drain(..).map(|(at, level)| (at, is_clock, level)));
        }
        // At the same moment data is older than a rising clock, and younger than a falling one.
        edges.sort_by_key(|&(at, is_clock, level)| (at, is_clock && level, !is_clock));
        for (at, is_clock, level) in edges {
            let data = self.target.levels.0;
            match (is_clock, level) {
                (false, _) => {
                    self.target.levels.0 = level;
                    if self.target.levels.1 && data != level {
                        self.condition(level, at, fabric);
                    }
                }
                (true, true) => self.clock_rose(data),
                (true, false) => self.clock_fell(at, fabric),
            }
            if is_clock {
                self.target.levels.1 = level;
            }
        }
        self.end_stretch(fabric)
    }

    fn condition(&mut self, stop: bool, at: Ps, fabric: &mut Fabric) {
        let target = &mut self.target;
        let (addressed, general_call) = (target.addressed, target.general_call);
        target.clocks = 0;
        target.shift = 0;
        target.addressed = false;
        target.general_call = false;
        if stop {
            target.selected = false;
            target.state = State::Deaf;
            if !self.con(IC_CON::STOP_DET_IFADDRESSED) || (addressed && !general_call) {
                self.raise(IC_RAW_INTR_STAT::STOP_DET);
            }
        } else {
            target.state = State::Address;
            self.raise(IC_RAW_INTR_STAT::START_DET);
            self.raise(IC_RAW_INTR_STAT::ACTIVITY);
            if addressed {
                self.raise(IC_RAW_INTR_STAT::RESTART_DET);
            }
        }
        self.target.stretch = None;
        self.pull(false, false, at, fabric);
    }

    fn clock_rose(&mut self, data: bool) {
        let target = &mut self.target;
        target.clocks += 1;
        match target.state {
            State::Transmit if target.clocks == 9 && data => {
                target.state = State::Deaf;
                self.raise(IC_RAW_INTR_STAT::RX_DONE);
            }
            State::Address | State::SecondAddress | State::Receive if target.clocks <= 8 => {
                target.shift = target.shift << 1 | u8::from(data);
            }
            State::Transmit | State::Deaf | State::Address | State::SecondAddress | State::Receive => {}
        }
    }

    fn clock_fell(&mut self, at: Ps, fabric: &mut Fabric) {
        if self.target.clocks >= 9 {
            self.target.clocks = 0;
        }
        match (self.target.state, self.target.clocks) {
            (State::Deaf, _) | (State::Transmit, 8) => self.pull(false, false, at, fabric),
            (State::Transmit, 0) => self.next_byte(at, fabric),
            (State::Transmit, sent) => {
                let low = self.target.shift << sent & 0x80 == 0;
                self.pull(low, false, at, fabric);
            }
            (State::Receive, 8) if self.rx.len() >= super::DEPTH && self.holds_when_full() => {
                self.target.stretch = Some(Stretch::Room);
                self.pull(false, true, at, fabric);
            }
            (_, 8) => {
                let acknowledged = self.take();
                self.pull(acknowledged, false, at, fabric);
            }
            _ => self.pull(false, false, at, fabric),
        }
    }

    /// Eight bits are in. True: acknowledge.
    fn take(&mut self) -> bool {
        let byte = self.target.shift;
        let own = self.bank.get(Reg::IC_SAR);
        let ten_bit = self.con(IC_CON::IC_10BITADDR_SLAVE);
        let (upper, lower) = (0xF0 | (own >> 7 & 6) as u8, own as u8);
        let acknowledged = match self.target.state {
            State::Receive => return self.take_data(byte),
            State::SecondAddress => {
                self.target.selected = byte == lower;
                byte == lower && self.begin_target(false)
            }
            _ if byte == 0 => {
                let answers = IC_ACK_GENERAL_CALL::ACK_GEN_CALL.is_set(self.bank.get(Reg::IC_ACK_GENERAL_CALL));
                if answers {
                    self.raise(IC_RAW_INTR_STAT::GEN_CALL);
                    self.target.general_call = true;
                }
                answers && self.begin_target(false)
            }
            _ if ten_bit && byte == upper => {
                self.target.state = State::SecondAddress;
                return true;
            }
            _ if ten_bit => byte == upper | 1 && self.target.selected && self.begin_target(true),
            _ => u32::from(byte >> 1) == own & 0x7F && self.begin_target(byte & 1 != 0),
        };
        if !acknowledged {
            self.target.state = State::Deaf;
        }
        acknowledged
    }

    fn begin_target(&mut self, transmits: bool) -> bool {
        self.target.addressed = true;
        self.target.first = true;
        self.target.received = false;
        self.target.state = if transmits { State::Transmit } else { State::Receive };
        if transmits && !self.tx.is_empty() {
            // 4.3.10.1.3: what is left of an earlier request is not sent.
            self.transmit_abort(IC_TX_ABRT_SOURCE::ABRT_SLVFLUSH_TXFIFO);
        }
        true
    }

    fn take_data(&mut self, byte: u8) -> bool {
        if IC_SLV_DATA_NACK_ONLY::NACK.is_set(self.bank.get(Reg::IC_SLV_DATA_NACK_ONLY)) {
            self.target.state = State::Deaf;
            return false;
        }
        let first = std::mem::take(&mut self.target.first);
        self.target.received = true;
        self.receive(byte, first);
        true
    }

    /// The controller wants a byte: from the FIFO, or software is asked and SCL held low.
    fn next_byte(&mut self, at: Ps, fabric: &mut Fabric) {
        if let Some(entry) = self.tx.pop_front() {
            self.transmit(entry);
            self.pull(self.target.shift & 0x80 == 0, false, at, fabric);
        } else {
            self.raise(IC_RAW_INTR_STAT::RD_REQ);
            self.target.stretch = Some(Stretch::Data);
            self.pull(false, true, at, fabric);
        }
    }

    fn transmit(&mut self, entry: u16) {
        self.target.shift = entry as u8;
        if IC_DATA_CMD::CMD.is_set(u32::from(entry)) {
            // A read command makes no sense in a target; the controller reads ones.
            self.target.shift = 0xFF;
            self.transmit_abort(IC_TX_ABRT_SOURCE::ABRT_SLVRD_INTX);
        }
    }

    /// Lets go of SCL when what it was held for has come. Returns when to come back.
    fn end_stretch(&mut self, fabric: &mut Fabric) -> Ps {
        let now = fabric.now();
        match self.target.stretch {
            Some(Stretch::Data) => {
                let Some(entry) = self.tx.pop_front() else { return Ps::MAX };
                self.transmit(entry);
                self.pull(self.target.shift & 0x80 == 0, true, now, fabric);
                let at = now + self.times(fabric).setup;
                self.target.stretch = Some(Stretch::Setup(at));
                at
            }
            Some(Stretch::Setup(at)) if at > now => at,
            Some(Stretch::Setup(_)) => {
                self.target.stretch = None;
                self.pull(self.pulls.0, false, now, fabric);
                Ps::MAX
            }
            Some(Stretch::Room) if self.rx.len() < super::DEPTH => {
                self.target.stretch = None;
                let acknowledged = self.take();
                self.pull(acknowledged, false, now, fabric);
                Ps::MAX
            }
            Some(Stretch::Room) | None => Ps::MAX,
        }
    }
}
