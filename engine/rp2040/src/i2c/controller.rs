//! The controller, datasheet 4.3.5 to 4.3.10.2: commands from the FIFO become START, bytes and STOP.

use super::{I2c, Reg, Times, IC_CON, IC_DATA_CMD, IC_ENABLE, IC_RAW_INTR_STAT, IC_TAR, IC_TX_ABRT_SOURCE};
use crate::fabric::Fabric;
use engine_core::ports::PortId;
use engine_core::registers::Field;
use engine_core::time::Ps;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// What an address byte is, and with it why nobody may have acknowledged it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Role {
    SevenBit,
    GeneralCall,
    TenBitFirst,
    TenBitSecond,
    /// The first byte of a 10-bit address again, after a repeated START, to read.
    TenBitRead,
    /// 0000 0001, for slow targets; nobody may acknowledge it (UM10204 3.1.15).
    StartByte,
}

/// A step on the bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Op {
    Start,
    Address(u8, Role),
    Write(u8),
    Read,
    Stop,
}

/// A step of a step, where each edge is real.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Edge {
    /// Until SDA and SCL are high.
    Free,
    Wait(Ps),
    Sda(bool),
    SclLow,
    /// Lets go of SCL and waits until it is high: targets may stretch.
    SclHigh,
    /// SDA is as it was sent, or somebody else has won.
    Check(bool),
    Sample,
    /// Eight bits are in; the acknowledge depends on the command that comes next.
    Decide,
}

/// The state of the controller.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Controller {
    ops: VecDeque<Op>,
    current: Option<Op>,
    /// Between START and STOP.
    owns: bool,
    reading: bool,
    /// A command has left the FIFO and is not done.
    command: bool,
    /// No data byte since the address.
    first: bool,
    /// The part that acknowledged, on the fast path.
    port: Option<PortId>,
    began: Ps,
    due: Ps,
    /// The bus is free again after a STOP.
    free_at: Ps,
    /// Disabled while the bus is held: STOP follows, unless it is enabled again.
    release_at: Option<Ps>,
    wire: bool,
    /// The step cannot begin before a part lets go of the bus.
    waits: bool,
    /// SDA as it was shown last on the fast path.
    sda: bool,
    edges: VecDeque<Edge>,
    bits: u16,
}

impl Controller {
    pub(super) fn is_active(&self) -> bool {
        self.owns || self.current.is_some() || !self.ops.is_empty()
    }

    pub(super) fn is_on_wire(&self) -> bool {
        self.wire && self.is_active()
    }

    /// Does it look at the levels of the bus?
    pub(super) fn looks(&self) -> bool {
        self.waits || self.is_on_wire()
    }

    pub(super) fn has_command(&self) -> bool {
        self.command
    }
}

impl I2c {
    /// Does what is due. Returns when to come back.
    pub(super) fn run(&mut self, fabric: &mut Fabric) -> Ps {
        let now = fabric.now();
        // A step that follows another begins where that one ended; after a pause it begins now.
        let mut from = now;
        loop {
            if let Some(op) = self.controller.current {
                let over = if self.controller.wire { self.run_edges(op, fabric) } else { self.is_over(op, fabric) };
                if !over {
                    return self.controller.due;
                }
                self.controller.current = None;
                from = self.controller.due;
                self.complete(op, fabric);
                if IC_ENABLE::ABORT.is_set(self.bank.get(Reg::IC_ENABLE)) {
                    self.abort_by_user(op);
                }
            } else if let Some(op) = self.controller.ops.pop_front() {
                self.begin(op, from, fabric);
            } else if !self.next_command(fabric) {
                return self.hold(fabric);
            }
        }
    }

    /// Nothing to do. A bus that is held while the block is disabled is let go.
    fn hold(&mut self, fabric: &Fabric) -> Ps {
        let controller = &mut self.controller;
        let enabled = IC_ENABLE::ENABLE.is_set(self.bank.get(Reg::IC_ENABLE));
        if enabled || !controller.owns {
            controller.release_at = None;
            return Ps::MAX;
        }
        let at = match controller.release_at {
            Some(at) => at,
            None => fabric.now() + self.times(fabric).low,
        };
        self.controller.release_at = Some(at);
        at
    }

    fn abort_by_user(&mut self, op: Op) {
        if op == Op::Stop {
            self.bank.set_field(Reg::IC_ENABLE, IC_ENABLE::ABORT, 0);
        } else if !IC_TX_ABRT_SOURCE::ABRT_USER_ABRT.is_set(self.bank.get(Reg::IC_TX_ABRT_SOURCE)) {
            self.abort(IC_TX_ABRT_SOURCE::ABRT_USER_ABRT);
        }
    }

    /// The transfer fails: FIFOs are flushed and STOP follows.
    fn abort(&mut self, reason: Field) {
        self.transmit_abort(reason);
        self.controller.command = false;
        self.controller.ops.clear();
        if self.controller.owns {
            self.controller.ops.push_back(Op::Stop);
        }
    }

    /// Another controller has won: this one lets go at once (4.3.9).
    fn lose(&mut self, at: Ps, fabric: &mut Fabric) {
        self.pull(false, false, at, fabric);
        self.controller.owns = false;
        self.controller.current = None;
        self.abort(IC_TX_ABRT_SOURCE::ARB_LOST);
    }

    /// The command at the head of the FIFO becomes steps. False: there is none that can go.
    fn next_command(&mut self, fabric: &Fabric) -> bool {
        if !self.is_enabled() && self.controller.owns && self.controller.release_at.is_some_and(|at| at <= fabric.now())
        {
            self.controller.release_at = None;
            self.controller.ops.push_back(Op::Stop);
            return true;
        }
        let blocked = IC_ENABLE::TX_CMD_BLOCK.is_set(self.bank.get(Reg::IC_ENABLE));
        if !self.is_enabled() || !self.is_controller() || blocked {
            return false;
        }
        let Some(&entry) = self.tx.front() else { return false };
        let entry = u32::from(entry);
        let read = IC_DATA_CMD::CMD.is_set(entry);
        if read && self.rx.len() >= super::DEPTH && self.holds_when_full() {
            return false;
        }
        let addresses = !self.controller.owns || IC_DATA_CMD::RESTART.is_set(entry) || read != self.controller.reading;
        if addresses {
            if let Err(reason) = self.queue_address(read) {
                self.abort(reason);
                return true;
            }
        }
        self.controller.ops.push_back(if read { Op::Read } else { Op::Write(entry as u8) });
        if IC_DATA_CMD::STOP.is_set(entry) {
            self.controller.ops.push_back(Op::Stop);
        }
        self.controller.reading = read;
        self.controller.command = true;
        self.tx.pop_front();
        true
    }

    /// START and the address that IC_TAR and IC_CON ask for, or why that can't be.
    fn queue_address(&mut self, read: bool) -> Result<(), Field> {
        let tar = self.bank.get(Reg::IC_TAR);
        let address = IC_TAR::IC_TAR.get(tar);
        let restart = self.con(IC_CON::IC_RESTART_EN);
        let special = IC_TAR::SPECIAL.is_set(tar);
        let start_byte = special && IC_TAR::GC_OR_START.is_set(tar);
        let general_call = special && !start_byte;
        let ten_bit = self.con(IC_CON::IC_10BITADDR_MASTER);
        if start_byte && !restart {
            return Err(IC_TX_ABRT_SOURCE::ABRT_SBYTE_NORSTRT);
        }
        if general_call && read {
            return Err(IC_TX_ABRT_SOURCE::ABRT_GCALL_READ);
        }
        if ten_bit && read && !restart && !general_call {
            return Err(IC_TX_ABRT_SOURCE::ABRT_10B_RD_NORSTRT);
        }
        let ops = &mut self.controller.ops;
        if self.controller.owns && !restart {
            ops.push_back(Op::Stop);
        }
        ops.push_back(Op::Start);
        if start_byte {
            ops.push_back(Op::Address(0x01, Role::StartByte));
            ops.push_back(Op::Start);
        }
        if general_call {
            ops.push_back(Op::Address(0x00, Role::GeneralCall));
        } else if ten_bit {
            let first = 0xF0 | (address >> 7 & 6) as u8;
            ops.push_back(Op::Address(first, Role::TenBitFirst));
            ops.push_back(Op::Address(address as u8, Role::TenBitSecond));
            if read {
                ops.push_back(Op::Start);
                ops.push_back(Op::Address(first | 1, Role::TenBitRead));
            }
        } else {
            ops.push_back(Op::Address((address << 1) as u8 | u8::from(read), Role::SevenBit));
        }
        Ok(())
    }

    /// The pins on which SDA and SCL are selected.
    fn bus(&self, fabric: &Fabric) -> Option<(u8, u8)> {
        let (sda, scl) = (fabric.routed(self.wiring().sda), fabric.routed(self.wiring().scl));
        (sda != 0 && scl != 0).then(|| (sda.trailing_zeros() as u8, scl.trailing_zeros() as u8))
    }

    fn begin(&mut self, op: Op, from: Ps, fabric: &mut Fabric) {
        let times = self.times(fabric);
        let controller = &mut self.controller;
        controller.current = Some(op);
        controller.release_at = None;
        controller.began = from;
        if op == Op::Start && !controller.owns {
            controller.began = controller.began.max(controller.free_at);
            let joined = self.bus(fabric).is_some_and(|(sda, scl)| fabric.pins.is_joined(1u64 << sda | 1u64 << scl));
            self.controller.wire = joined;
        }
        self.raise(IC_RAW_INTR_STAT::ACTIVITY);
        if self.controller.wire {
            self.controller.due = self.controller.began;
            self.plan_edges(op, times);
            return;
        }
        self.plan_step(op, fabric);
    }

    /// The end of a step of the fast path. A bus that a part holds is waited for: all of it before START (4.3.8), and SCL
    /// within a transfer, where that is stretching (4.3.9).
    fn plan_step(&mut self, op: Op, fabric: &Fabric) {
        let times = self.times(fabric);
        let held = self.bus(fabric).is_some_and(|(sda, scl)| {
            let sda = if self.controller.owns { 0 } else { 1u64 << sda };
            fabric.pins.is_held_low(sda | 1u64 << scl)
        });
        self.controller.waits = held;
        if held {
            self.controller.due = Ps::MAX;
            return;
        }
        let bits = 9 * (times.low + times.high);
        self.controller.due = self.controller.began
            + match op {
                Op::Start if self.controller.owns => times.low + 2 * times.high,
                Op::Start => times.high,
                Op::Address(..) | Op::Write(_) | Op::Read => bits,
                Op::Stop => times.low + times.high,
            };
    }

    /// Is a step of the fast path over? One that waits begins when the part has let go; START after the time that the bus must
    /// be free.
    fn is_over(&mut self, op: Op, fabric: &Fabric) -> bool {
        let now = fabric.now();
        if self.controller.waits {
            let free = if self.controller.owns { 0 } else { self.times(fabric).low };
            self.controller.began = now + free;
            self.plan_step(op, fabric);
        }
        self.controller.due <= now
    }

    /// Does a part hold SDA low that this controller has let go of?
    fn is_sda_held(&self, fabric: &Fabric) -> bool {
        let fast = !self.controller.wire;
        fast && self.bus(fabric).is_some_and(|(sda, _)| fabric.pins.is_held_low(1u64 << sda))
    }

    /// A step is over: it has its effect, and the next one may begin.
    fn complete(&mut self, op: Op, fabric: &mut Fabric) {
        let at = self.controller.due;
        let held = self.is_sda_held(fabric);
        match op {
            // A 1 that reads as 0 is somebody else's (4.3.8).
            Op::Address(byte, _) | Op::Write(byte) if held && byte != 0 => {
                self.controller.port = None;
                self.lose(at, fabric);
            }
            Op::Start => {
                self.show(fabric, &[], op);
                self.controller.owns = true;
                self.raise(IC_RAW_INTR_STAT::START_DET);
                self.close(at, true, fabric);
            }
            Op::Address(byte, role) => {
                let acknowledged = self.address(byte, role, at, fabric);
                self.show(fabric, &[byte, u8::from(!acknowledged)], op);
                self.controller.first = true;
                if acknowledged == (role == Role::StartByte) {
                    self.abort(match role {
                        Role::SevenBit => IC_TX_ABRT_SOURCE::ABRT_7B_ADDR_NOACK,
                        Role::GeneralCall => IC_TX_ABRT_SOURCE::ABRT_GCALL_NOACK,
                        Role::TenBitFirst | Role::TenBitRead => IC_TX_ABRT_SOURCE::ABRT_10ADDR1_NOACK,
                        Role::TenBitSecond => IC_TX_ABRT_SOURCE::ABRT_10ADDR2_NOACK,
                        Role::StartByte => IC_TX_ABRT_SOURCE::ABRT_SBYTE_ACKDET,
                    });
                }
            }
            Op::Write(byte) => {
                let acknowledged = match (self.controller.wire, self.controller.port) {
                    (true, _) => self.controller.bits & 1 == 0,
                    (false, Some(port)) => fabric.pins.i2c_write(port, byte, at),
                    (false, None) => false,
                };
                self.show(fabric, &[byte, u8::from(!acknowledged)], op);
                self.controller.first = false;
                self.controller.command = false;
                if !acknowledged {
                    self.abort(IC_TX_ABRT_SOURCE::ABRT_TXDATA_NOACK);
                }
            }
            Op::Read => {
                if !self.controller.wire {
                    let byte = self.controller.port.map_or(0xFF, |port| fabric.pins.i2c_read(port, at));
                    let byte = if held { 0 } else { byte };
                    self.show(fabric, &[byte, u8::from(self.controller.ops.front() == Some(&Op::Stop))], op);
                    self.take_byte(byte);
                }
                self.controller.command = false;
            }
            Op::Stop => {
                self.show(fabric, &[], op);
                self.close(at, false, fabric);
                self.controller.owns = false;
                self.controller.free_at = at + self.times(fabric).low;
                self.raise(IC_RAW_INTR_STAT::STOP_DET);
            }
        }
    }

    fn take_byte(&mut self, byte: u8) {
        let first = std::mem::take(&mut self.controller.first);
        self.receive(byte, first);
    }

    /// The transaction with the part is over: STOP, or a repeated START.
    fn close(&mut self, at: Ps, restarted: bool, fabric: &mut Fabric) {
        if let Some(port) = self.controller.port.take() {
            fabric.pins.i2c_stop(port, at, restarted);
        }
    }

    /// Does anybody acknowledge this address byte?
    fn address(&mut self, byte: u8, role: Role, at: Ps, fabric: &mut Fabric) -> bool {
        if self.controller.wire {
            return self.controller.bits & 1 == 0;
        }
        let Some((sda, scl)) = self.bus(fabric) else { return false };
        let address = IC_TAR::IC_TAR.get(self.bank.get(Reg::IC_TAR)) as u16;
        let (address, read) = match role {
            Role::StartByte => return false,
            // Whoever has these upper bits acknowledges; who is meant is known with the second byte.
            Role::TenBitFirst => {
                let upper = address & 0x300;
                return fabric.pins.i2c_has(sda, scl, |wire| (0..256).any(|low| wire.answers_to(upper | low)));
            }
            Role::TenBitSecond => (address, false),
            Role::TenBitRead => (address, true),
            Role::SevenBit | Role::GeneralCall => (u16::from(byte >> 1), byte & 1 != 0),
        };
        self.controller.port = fabric.pins.i2c_start(sda, scl, address, read, at);
        self.controller.port.is_some()
    }

    /// Shows a step of the fast path to whoever looks at the pins; `bytes` are the data and the acknowledge bit.
    fn show(&mut self, fabric: &mut Fabric, bytes: &[u8], op: Op) {
        let Some((sda, scl)) = self.bus(fabric).filter(|_| !self.controller.wire) else { return };
        let Times { low, high, hold, .. } = self.times(fabric);
        let began = self.controller.began;
        let mut levels = vec![(began, self.controller.sda, !self.controller.owns)];
        match op {
            Op::Start if self.controller.owns => levels.extend([
                (began + hold, true, false),
                (began + low, true, true),
                (began + low + high, false, true),
                (began + low + 2 * high, false, false),
            ]),
            Op::Start => levels.extend([(began, false, true), (began + high, false, false)]),
            Op::Stop => {
                levels.extend([
                    (began + hold, false, false),
                    (began + low, false, true),
                    (began + low + high, true, true),
                ]);
            }
            Op::Address(..) | Op::Write(_) | Op::Read => {
                let word = u32::from(bytes[0]) << 1 | u32::from(bytes[1]);
                for n in 0..9 {
                    let at = began + n * (low + high);
                    let bit = word >> (8 - n) & 1 != 0;
                    levels.extend([(at + hold, bit, false), (at + low, bit, true), (at + low + high, bit, false)]);
                }
            }
        }
        self.controller.sda = levels.last().is_none_or(|last| last.1);
        fabric.pins.i2c_show(sda, scl, levels.into_iter());
    }

    fn plan_edges(&mut self, op: Op, times: Times) {
        let Times { low, high, hold, .. } = times;
        let owns = self.controller.owns;
        self.controller.bits = 0;
        let edges = &mut self.controller.edges;
        edges.clear();
        let mut bit = |sda: bool, then: Edge| {
            let rest = Edge::Wait(low - hold);
            edges.extend([Edge::Wait(hold), Edge::Sda(sda), rest, Edge::SclHigh, then, Edge::Wait(high), Edge::SclLow]);
        };
        match op {
            Op::Start if owns => edges.extend([
                Edge::Wait(hold),
                Edge::Sda(true),
                Edge::Wait(low - hold),
                Edge::SclHigh,
                Edge::Wait(high),
                Edge::Sda(false),
                Edge::Wait(high),
                Edge::SclLow,
            ]),
            Op::Start => edges.extend([Edge::Free, Edge::Sda(false), Edge::Wait(high), Edge::SclLow]),
            Op::Address(byte, _) | Op::Write(byte) => {
                for n in (0..8).rev() {
                    let level = byte >> n & 1 != 0;
                    bit(level, Edge::Check(level));
                }
                bit(true, Edge::Sample);
            }
            Op::Read => {
                for _ in 0..8 {
                    bit(true, Edge::Sample);
                }
                edges.push_back(Edge::Decide);
            }
            Op::Stop => edges.extend([
                Edge::Wait(hold),
                Edge::Sda(false),
                Edge::Wait(low - hold),
                Edge::SclHigh,
                Edge::Wait(high),
                Edge::Sda(true),
            ]),
        }
    }

    /// Carries out the edges that are due. True: the step is over.
    fn run_edges(&mut self, op: Op, fabric: &mut Fabric) -> bool {
        let now = fabric.now();
        let (sda, scl) = (self.wiring().sda, self.wiring().scl);
        fabric.listen(sda, true);
        fabric.listen(scl, true);
        while let Some(&edge) = self.controller.edges.front() {
            // A wait for somebody else has no end of its own.
            if self.controller.due == Ps::MAX {
                self.controller.due = now;
            }
            if self.controller.due > now {
                return false;
            }
            let at = self.controller.due;
            match edge {
                Edge::Wait(time) => self.controller.due += time,
                Edge::Sda(high) => self.pull(!high, self.pulls.1, at, fabric),
                Edge::SclLow => self.pull(self.pulls.0, true, at, fabric),
                Edge::Free if !(fabric.input_level(sda) && fabric.input_level(scl)) => {
                    self.controller.due = Ps::MAX;
                    return false;
                }
                Edge::Free => {}
                Edge::SclHigh => {
                    self.pull(self.pulls.0, false, at, fabric);
                    if !fabric.input_level(scl) {
                        self.controller.due = Ps::MAX;
                        return false;
                    }
                }
                Edge::Check(sent) => {
                    if sent && !fabric.input_level(sda) {
                        self.controller.edges.clear();
                        self.lose(at, fabric);
                        return false;
                    }
                }
                Edge::Sample => {
                    self.controller.bits = self.controller.bits << 1 | u16::from(fabric.input_level(sda));
                }
                Edge::Decide => {
                    if !self.decide(op, fabric) {
                        self.controller.due = Ps::MAX;
                        return false;
                    }
                    continue;
                }
            }
            self.controller.edges.pop_front();
        }
        self.controller.due <= now
    }

    /// A byte has been read: acknowledge if another one follows. False: nobody knows yet.
    fn decide(&mut self, op: Op, fabric: &Fabric) -> bool {
        debug_assert_eq!(op, Op::Read);
        if self.controller.command {
            self.controller.command = false;
            self.take_byte(self.controller.bits as u8);
        }
        let stops = self.controller.ops.front() == Some(&Op::Stop);
        let next = self.tx.front().map(|&entry| u32::from(entry));
        let turns = |entry: u32| IC_DATA_CMD::RESTART.is_set(entry) || !IC_DATA_CMD::CMD.is_set(entry);
        let acknowledge = match next {
            _ if stops || !self.is_enabled() => false,
            Some(entry) => !turns(entry),
            None => return false,
        };
        let Times { low, high, hold, .. } = self.times(fabric);
        self.controller.edges = VecDeque::from([
            Edge::Wait(hold),
            Edge::Sda(!acknowledge),
            Edge::Wait(low - hold),
            Edge::SclHigh,
            Edge::Wait(high),
            Edge::SclLow,
        ]);
        true
    }
}
