//! The target: addressed by a controller on the same pins, edge by edge. ESP32-S3 TRM, chapter I2C Controller.

use super::{fifo::DEPTH, I2c, Reg, CTR, FIFO_CONF, INT_RAW, SCL_STRETCH_CONF, SDA_HOLD, SLAVE_ADDR, TO};
use crate::fabric::Fabric;
use engine_core::registers::Field;
use engine_core::time::Ps;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    /// Until the next START.
    #[default]
    Deaf,
    Address,
    /// The second byte of a 10-bit address; the controller will read.
    SecondAddress(bool),
    Receive,
    Transmit,
}

/// STRETCH_CAUSE: why SCL is held low (ESP-IDF `hal/i2c_types.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[repr(u32)]
enum Cause {
    AddressMatch = 0,
    TxEmpty = 1,
    RxFull = 2,
    SendingAck = 3,
}

/// The state of the target.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Target {
    state: State,
    shift: u8,
    /// Rising edges of SCL since the byte began.
    clocks: u8,
    stretch: Option<Cause>,
    /// SCL is let go of then: what SDA shows has had STRETCH_PROTECT_NUM cycles to settle.
    release_at: Option<Ps>,
    /// What SDA does SDA_HOLD cycles after SCL has fallen.
    answer: Option<(Ps, bool)>,
    addressed: bool,
    reads: bool,
    /// Addressed for writing by its 10-bit address since the last STOP.
    selected: bool,
    /// The next byte is an offset into the RAM.
    takes_offset: bool,
    offset: u8,
    first: bool,
    /// TRANS_START was set since the last STOP.
    pub(super) started: bool,
    moved_at: Ps,
}

impl Target {
    pub(super) fn is_addressed(&self) -> bool {
        self.addressed
    }

    /// SLAVE_RW: the controller reads.
    pub(super) fn is_read(&self) -> bool {
        self.reads
    }

    /// STRETCH_CAUSE.
    pub(super) fn cause(&self) -> Option<u32> {
        self.stretch.map(|cause| cause as u32)
    }

    /// SLAVE_RW_POINT.
    pub(super) fn offset(&self) -> u32 {
        u32::from(self.offset)
    }

    /// SCL_MAIN_STATE_LAST.
    pub(super) fn main_state(&self) -> u32 {
        match (self.state, self.clocks) {
            (State::Deaf, _) => 0,
            (State::Address | State::SecondAddress(_), 0..=7) => 1,
            (State::Address | State::SecondAddress(_), _) => 2,
            (State::Receive, 0..=7) => 3,
            (State::Transmit, 0..=7) => 4,
            (State::Receive, _) => 5,
            (State::Transmit, _) => 6,
        }
    }

    pub(super) fn due(&self, timeout: Ps) -> Ps {
        let timeout = if self.state == State::Deaf { Ps::MAX } else { self.moved_at.saturating_add(timeout) };
        let answer = self.answer.map_or(Ps::MAX, |answer| answer.0);
        answer.min(self.release_at.unwrap_or(Ps::MAX)).min(timeout)
    }
}

impl I2c {
    fn is_target(&self) -> bool {
        !self.ctr(CTR::MS_MODE)
    }

    fn stretches(&self, field: Field) -> bool {
        field.is_set(self.synced.get(Reg::SCL_STRETCH_CONF))
    }

    /// How long SCL may stay where it is; for ever, unless TIME_OUT_EN.
    pub(super) fn scl_timeout(&self, fabric: &Fabric) -> Ps {
        let to = self.synced.get(Reg::TO);
        if TO::TIME_OUT_EN.is_set(to) {
            self.core_clock(fabric).duration(1 << TO::TIME_OUT_VALUE.get(to))
        } else {
            Ps::MAX
        }
    }

    /// START, or STOP.
    pub(super) fn condition(&mut self, stop: bool, at: Ps, fabric: &mut Fabric) {
        if !self.is_target() {
            return;
        }
        let target = &mut self.target;
        let kept = Target {
            state: if stop { State::Deaf } else { State::Address },
            selected: target.selected && !stop,
            started: target.started && !stop,
            offset: target.offset,
            reads: target.reads,
            moved_at: at,
            ..Target::default()
        };
        *target = kept;
        if self.pulls != (false, false) {
            self.pull(false, false, at, fabric);
        }
        if stop {
            self.raise(INT_RAW::TRANS_COMPLETE_INT_RAW.mask, fabric);
        }
    }

    pub(super) fn clock_rose(&mut self, at: Ps, fabric: &mut Fabric) {
        if !self.is_target() {
            return;
        }
        let data = self.lines.sda();
        let target = &mut self.target;
        target.moved_at = at;
        target.clocks += 1;
        match target.state {
            State::Transmit if target.clocks == 9 => {
                self.refused = data;
                let mut raised = INT_RAW::BYTE_TRANS_DONE_INT_RAW.mask;
                if data {
                    // The controller has had enough, and sends STOP or START next.
                    target.state = State::Deaf;
                    raised |= INT_RAW::NACK_INT_RAW.mask;
                }
                self.raise(raised, fabric);
            }
            State::Address | State::SecondAddress(_) | State::Receive if target.clocks <= 8 => {
                target.shift = target.shift << 1 | u8::from(data);
            }
            State::Receive if target.clocks == 9 => self.raise(INT_RAW::BYTE_TRANS_DONE_INT_RAW.mask, fabric),
            State::Deaf | State::Transmit | State::Address | State::SecondAddress(_) | State::Receive => {}
        }
    }

    pub(super) fn clock_fell(&mut self, at: Ps, fabric: &mut Fabric) {
        if !self.is_target() {
            return;
        }
        self.target.moved_at = at;
        if self.target.clocks >= 9 {
            self.target.clocks = 0;
        }
        match (self.target.state, self.target.clocks) {
            (State::Transmit, 0) if std::mem::take(&mut self.target.first) && self.may_stretch() => {
                self.stretch(Cause::AddressMatch, at, fabric);
            }
            (State::Transmit, 0) => self.next_byte(at, fabric),
            (State::Transmit, sent @ 1..=7) => self.answer(self.target.shift << sent & 0x80 == 0, at, fabric),
            (State::Receive, 8) if self.may_stretch() && self.is_full() => self.stretch(Cause::RxFull, at, fabric),
            (State::Receive, 8) if self.stretches(SCL_STRETCH_CONF::SLAVE_BYTE_ACK_CTL_EN) => {
                self.stretch(Cause::SendingAck, at, fabric);
            }
            (State::Address | State::SecondAddress(_) | State::Receive, 8) => {
                let acknowledged = self.take_byte(fabric);
                self.answer(acknowledged, at, fabric);
            }
            _ => self.answer(false, at, fabric),
        }
    }

    fn may_stretch(&self) -> bool {
        self.stretches(SCL_STRETCH_CONF::SLAVE_SCL_STRETCH_EN)
    }

    /// No room for another byte. By address there always is.
    fn is_full(&self) -> bool {
        self.rx.len() == DEPTH && !self.is_by_address()
    }

    /// SDA does this when SDA_HOLD is over.
    fn answer(&mut self, low: bool, at: Ps, fabric: &Fabric) {
        let hold = self.synced.get(Reg::SDA_HOLD);
        let hold = self.core_clock(fabric).duration(u64::from(SDA_HOLD::TIME.get(hold)) + 1);
        // Without a clock it never comes.
        self.target.answer = Some((at.saturating_add(hold), low));
    }

    fn stretch(&mut self, cause: Cause, at: Ps, fabric: &mut Fabric) {
        self.target.stretch = Some(cause);
        self.pull(false, true, at, fabric);
        self.raise(INT_RAW::SLAVE_STRETCH_INT_RAW.mask, fabric);
    }

    /// SLAVE_SCL_STRETCH_CLR.
    pub(super) fn clear_stretch(&mut self, fabric: &mut Fabric) {
        let Some(cause) = self.target.stretch.take() else { return };
        let now = fabric.now();
        let low = match cause {
            Cause::AddressMatch if self.has_nothing_to_send() => return self.stretch(Cause::TxEmpty, now, fabric),
            Cause::AddressMatch | Cause::TxEmpty => {
                self.load_shift();
                self.target.shift & 0x80 == 0
            }
            Cause::RxFull => self.take_byte(fabric),
            Cause::SendingAck => {
                let refuses = self.stretches(SCL_STRETCH_CONF::SLAVE_BYTE_ACK_LVL);
                self.take_byte(fabric) && !refuses
            }
        };
        self.pull(low, true, now, fabric);
        let protect = SCL_STRETCH_CONF::STRETCH_PROTECT_NUM.get(self.synced.get(Reg::SCL_STRETCH_CONF));
        self.target.release_at = Some(now.saturating_add(self.core_clock(fabric).duration(u64::from(protect))));
    }

    fn has_nothing_to_send(&self) -> bool {
        !self.is_by_address() && self.tx.len() == 0
    }

    /// The controller wants a byte.
    fn next_byte(&mut self, at: Ps, fabric: &mut Fabric) {
        if self.may_stretch() && self.has_nothing_to_send() {
            return self.stretch(Cause::TxEmpty, at, fabric);
        }
        self.load_shift();
        self.answer(self.target.shift & 0x80 == 0, at, fabric);
    }

    /// The byte that goes out; ones, where there is none.
    fn load_shift(&mut self) {
        let starts = self.ctr(CTR::SLV_TX_AUTO_START_EN) || self.may_stretch() || self.target.started;
        let byte = if !starts {
            None
        } else if self.takes_offsets() {
            self.target.offset = self.target.offset.wrapping_add(1);
            Some(self.tx.byte(usize::from(self.target.offset.wrapping_sub(1))))
        } else {
            self.next_tx()
        };
        self.target.shift = self.outgoing(byte.unwrap_or(0xFF));
    }

    /// FIFO_ADDR_CFG_EN: the byte behind the address is an offset into the RAM.
    fn takes_offsets(&self) -> bool {
        FIFO_CONF::FIFO_ADDR_CFG_EN.is_set(self.synced.get(Reg::FIFO_CONF))
    }

    /// Eight bits are in. True: acknowledge.
    fn take_byte(&mut self, fabric: &mut Fabric) -> bool {
        let byte = self.target.shift;
        let own = self.synced.get(Reg::SLAVE_ADDR);
        let ten_bit = SLAVE_ADDR::ADDR_10BIT_EN.is_set(own);
        let own = SLAVE_ADDR::SLAVE_ADDR.get(own);
        let reads = byte & 1 != 0;
        let acknowledged = match self.target.state {
            State::Receive => {
                self.take_data(byte, fabric);
                return true;
            }
            State::SecondAddress(reads) => {
                let meant = u32::from(byte) == own >> 7;
                self.target.selected = meant;
                meant && self.begin_transfer(reads)
            }
            _ if byte == 0 && self.ctr(CTR::ADDR_BROADCASTING_EN) => {
                self.raise(INT_RAW::GENERAL_CALL_INT_RAW.mask, fabric);
                self.begin_transfer(false)
            }
            _ if u32::from(byte >> 1) != own & 0x7F => false,
            _ if !ten_bit => self.begin_transfer(reads),
            // UM10204 3.1.11: to read, a repeated START sends the first byte alone to whom the last one selected.
            _ if reads && self.target.selected => self.begin_transfer(true),
            _ if reads && self.ctr(CTR::ADDR_10BIT_RW_CHECK_EN) => false,
            _ => {
                self.target.state = State::SecondAddress(reads);
                return true;
            }
        };
        if !acknowledged {
            self.target.state = State::Deaf;
        }
        acknowledged
    }

    fn begin_transfer(&mut self, reads: bool) -> bool {
        self.target.addressed = true;
        self.target.reads = reads;
        self.target.first = true;
        self.target.takes_offset = !reads && self.takes_offsets();
        self.target.state = if reads { State::Transmit } else { State::Receive };
        true
    }

    fn take_data(&mut self, byte: u8, fabric: &mut Fabric) {
        let byte = self.incoming(byte);
        if std::mem::take(&mut self.target.takes_offset) {
            self.target.offset = byte;
        } else if self.takes_offsets() {
            self.rx.set_byte(usize::from(self.target.offset), byte);
            self.target.offset = self.target.offset.wrapping_add(1);
        } else {
            self.receive(byte, fabric);
        }
    }

    /// What the target does by now.
    pub(super) fn run_target(&mut self, now: Ps, fabric: &mut Fabric) {
        if let Some((at, low)) = self.target.answer.filter(|answer| answer.0 <= now) {
            self.target.answer = None;
            self.pull_sda(low, at, fabric);
        }
        if let Some(at) = self.target.release_at.filter(|&at| at <= now) {
            self.target.release_at = None;
            self.pull_scl(false, at, fabric);
        }
        let deaf = self.target.state == State::Deaf;
        if !deaf && self.target.moved_at.saturating_add(self.scl_timeout(fabric)) <= now {
            self.target = Target { offset: self.target.offset, ..Target::default() };
            self.pull(false, false, now, fabric);
            self.raise(INT_RAW::TIME_OUT_INT_RAW.mask, fabric);
        }
    }
}
