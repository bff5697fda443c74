//! The controller: the command list becomes START, bytes and STOP. ESP32-S3 TRM, chapter I2C Controller.

use super::wire::Times;
use super::{I2c, Reg, CTR, FIFO_CONF, INT_RAW, SCL_MAIN_ST_TIME_OUT, SCL_SP_CONF, SCL_ST_TIME_OUT};
use crate::fabric::Fabric;
use engine_core::ports::PortId;
use engine_core::time::Ps;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

const COMMANDS: [Reg; 8] =
    [Reg::COMD0, Reg::COMD1, Reg::COMD2, Reg::COMD3, Reg::COMD4, Reg::COMD5, Reg::COMD6, Reg::COMD7];
/// COMMAND_DONE.
const DONE: u32 = 1 << 31;

/// A command register (ESP-IDF `hal/i2c_ll.h`).
#[derive(Clone, Copy)]
struct Command(u32);

impl Command {
    const WRITE: u32 = 1;
    const STOP: u32 = 2;
    const READ: u32 = 3;
    const END: u32 = 4;
    const RSTART: u32 = 6;

    fn op_code(self) -> u32 {
        self.0 >> 11 & 7
    }

    fn ack_value(self) -> bool {
        self.0 >> 10 & 1 != 0
    }

    fn ack_expected(self) -> bool {
        self.0 >> 9 & 1 != 0
    }

    fn checks_ack(self) -> bool {
        self.0 >> 8 & 1 != 0
    }

    fn bytes(self) -> u32 {
        self.0 & 0xFF
    }
}

/// A step on the bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Step {
    Start,
    Write(u8),
    Read,
    Stop,
    /// SCL_RST_SLV_EN: this many clocks without data.
    Clocks(u32),
}

/// What a written byte is to the part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Phase {
    #[default]
    Data,
    Address,
    /// The lower byte of a 10-bit address; the two upper bits.
    SecondAddress(u16),
}

/// The state of the controller.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Controller {
    running: bool,
    command: usize,
    /// Bytes of the present command that are through.
    through: u32,
    pub(super) step: Option<Step>,
    pub(super) began: Ps,
    pub(super) due: Ps,
    /// What its parts last, as the clock was when it began.
    pub(super) times: Times,
    /// Between START and STOP.
    pub(super) owns: bool,
    /// Others take part: each edge is real. Else bytes go straight to the parts.
    pub(super) wire: bool,
    /// Where no edge is real: what SDA was last shown as.
    pub(super) shown_sda: bool,
    /// What is left of the step on the wire.
    pub(super) edges: VecDeque<super::wire::Edge>,
    /// Bits that were sampled in this step, the last one lowest.
    pub(super) bits: u16,
    /// The acknowledge bit that is sent for the byte that was read.
    pub(super) sent_ack: bool,
    /// It waits for a byte, or for somebody else, since then.
    pub(super) stuck: Option<Ps>,
    /// SCL went low then.
    pub(super) fell_at: Ps,
    /// The time after STOP is over then.
    pub(super) free_at: Ps,
    arbitration_lost: bool,
    /// TRANS_START came while the clocks of a bus clear were going out.
    starts_later: bool,
    phase: Phase,
    port: Option<PortId>,
    /// The 10-bit address that a repeated START with its first byte alone refers to.
    ten_bit: Option<u16>,
}

impl Controller {
    pub(super) fn is_busy(&self) -> bool {
        self.owns || self.step.is_some()
    }

    pub(super) fn has_lost(&self) -> bool {
        self.arbitration_lost
    }

    /// When the present step ends, or its next edge comes.
    pub(super) fn step_due(&self) -> Ps {
        if self.running && self.step.is_some() {
            self.due
        } else {
            Ps::MAX
        }
    }

    /// SCL_MAIN_STATE_LAST and SCL_STATE_LAST.
    pub(super) fn states(&self, now: Ps) -> (u32, u32) {
        let (low, bit) = (self.times.low, self.times.bit());
        let since = now.saturating_sub(self.began);
        let acknowledges = if self.wire { self.edges.len() <= 7 } else { since >= 8 * bit };
        let scl = if since % bit.max(1) < low { 3 } else { 5 };
        match self.step {
            None | Some(Step::Clocks(_)) if !self.owns => (0, 0),
            None | Some(Step::Clocks(_)) => (0, 3),
            Some(Step::Start) => (0, 1),
            Some(Step::Stop) => (0, 6),
            Some(Step::Read) => (if acknowledges { 5 } else { 3 }, scl),
            Some(Step::Write(_)) if self.phase == Phase::Data => (if acknowledges { 6 } else { 4 }, scl),
            Some(Step::Write(_)) => (if acknowledges { 2 } else { 1 }, scl),
        }
    }
}

impl I2c {
    /// TRANS_START: the command list is carried out from its first command.
    pub(super) fn start(&mut self, fabric: &mut Fabric) {
        if !self.ctr(CTR::MS_MODE) {
            self.target.started = true;
            return;
        }
        if !self.core_clock(fabric).is_running() {
            fabric.gaps.touch("I2C.CLK_CONF", "a transfer was started while I2C_SCLK stands still");
            return;
        }
        let controller = &mut self.controller;
        if matches!(controller.step, Some(Step::Clocks(_))) {
            controller.starts_later = true;
            return;
        }
        controller.running = true;
        controller.arbitration_lost = false;
        controller.stuck = None;
        controller.command = 0;
        controller.through = 0;
        controller.due = fabric.now();
        self.advance(fabric);
    }

    /// SCL_RST_SLV_EN: clocks that make a target let go of SDA, while nothing else goes on.
    pub(super) fn send_clocks(&mut self, fabric: &mut Fabric) {
        let clocks = SCL_SP_CONF::SCL_RST_SLV_NUM.get(self.synced.get(Reg::SCL_SP_CONF));
        if self.controller.is_busy() || !self.core_clock(fabric).is_running() {
            return;
        }
        let now = fabric.now();
        self.controller.running = true;
        self.controller.wire = true;
        (self.controller.began, self.controller.due) = (now, now);
        self.controller.step = Some(Step::Clocks(clocks));
        self.controller.times = self.times(fabric);
        self.plan_edges(Step::Clocks(clocks));
        self.advance(fabric);
    }

    /// FSM_RST, or a time-out: the lines are let go of.
    pub(super) fn reset_fsm(&mut self, fabric: &mut Fabric) {
        let now = fabric.now();
        self.close(now, false, fabric);
        self.controller = Controller { free_at: self.controller.free_at, ..Controller::default() };
        self.clocks_sent();
        self.lines.forget_transfer();
        self.pull(false, false, now, fabric);
    }

    fn clocks_sent(&mut self) {
        self.bank.set_field(Reg::SCL_SP_CONF, SCL_SP_CONF::SCL_RST_SLV_EN, 0);
        self.synced.set_field(Reg::SCL_SP_CONF, SCL_SP_CONF::SCL_RST_SLV_EN, 0);
    }

    /// Does what is due, and begins what follows.
    pub(super) fn run(&mut self, fabric: &mut Fabric) {
        let now = fabric.now();
        while self.controller.running {
            match self.controller.step {
                Some(step) if self.controller.wire => {
                    if !self.run_edges(step, fabric) {
                        return;
                    }
                    self.finish(step, fabric);
                }
                Some(_) if self.controller.due > now => return,
                Some(step) => self.finish(step, fabric),
                None => {
                    if !self.begin(fabric) {
                        return;
                    }
                }
            }
        }
    }

    /// Between two steps of a transfer SCL is held low. Where bytes go straight to parts nobody has pulled it yet.
    pub(super) fn hold_clock(&mut self, fabric: &mut Fabric) {
        let controller = &self.controller;
        if controller.owns && controller.step.is_none() && !controller.wire && !self.pulls.1 {
            let at = controller.due.min(fabric.now());
            self.pull_scl(true, at, fabric);
        }
    }

    fn finish(&mut self, step: Step, fabric: &mut Fabric) {
        self.controller.step = None;
        self.complete(step, fabric);
    }

    /// When waiting has lasted too long, and what it is called then.
    fn time_outs(&self, since: Ps, fabric: &Fabric) -> [(Ps, u32); 3] {
        let clock = self.core_clock(fabric);
        let after = |exponent: u32| since.saturating_add(clock.duration(1 << exponent));
        let scl_fsm = SCL_ST_TIME_OUT::SCL_ST_TO_I2C.get(self.synced.get(Reg::SCL_ST_TIME_OUT));
        let main_fsm = SCL_MAIN_ST_TIME_OUT::SCL_MAIN_ST_TO_I2C.get(self.synced.get(Reg::SCL_MAIN_ST_TIME_OUT));
        [
            (self.controller.fell_at.saturating_add(self.scl_timeout(fabric)), INT_RAW::TIME_OUT_INT_RAW.mask),
            (after(scl_fsm), INT_RAW::SCL_ST_TO_INT_RAW.mask),
            (after(main_fsm), INT_RAW::SCL_MAIN_ST_TO_INT_RAW.mask),
        ]
    }

    pub(super) fn time_out_due(&self, fabric: &Fabric) -> Ps {
        let earliest = |since| self.time_outs(since, fabric).into_iter().map(|(at, _)| at).min();
        self.controller.stuck.and_then(earliest).unwrap_or(Ps::MAX)
    }

    /// Gives up what has waited too long: both state machines go back to idle.
    pub(super) fn check_time_outs(&mut self, fabric: &mut Fabric) {
        let Some(since) = self.controller.stuck else { return };
        let now = fabric.now();
        let over = self.time_outs(since, fabric).into_iter().filter(|&(at, _)| at <= now);
        let raised = over.fold(0, |raised, (_, interrupt)| raised | interrupt);
        if raised != 0 {
            self.reset_fsm(fabric);
            self.raise(raised, fabric);
        }
    }

    fn command(&self) -> Command {
        Command(COMMANDS.get(self.controller.command).map_or(0, |&register| self.bank.get(register)))
    }

    fn command_done(&mut self) {
        let register = COMMANDS[self.controller.command];
        self.bank.set(register, self.bank.get(register) | DONE);
        self.controller.command += 1;
        self.controller.through = 0;
    }

    /// The next step begins. False: it waits for a byte of software's, or for its clock.
    fn begin(&mut self, fabric: &mut Fabric) -> bool {
        if self.controller.command == COMMANDS.len() {
            self.controller.running = false;
            return true;
        }
        if !self.core_clock(fabric).is_running() {
            // Nothing moves until the clock is back.
            self.controller.stuck.get_or_insert(self.controller.due);
            return false;
        }
        let command = self.command();
        let times = self.times(fabric);
        let (step, lasts) = match command.op_code() {
            Command::RSTART if self.controller.owns => {
                (Step::Start, times.low + times.restart_setup + times.start_hold)
            }
            Command::RSTART => (Step::Start, times.start_hold),
            Command::WRITE | Command::READ if command.bytes() == 0 => {
                self.command_done();
                return true;
            }
            Command::WRITE => {
                let Some(byte) = self.next_tx() else {
                    // SCL stays low until software writes a byte.
                    if self.controller.stuck.is_none() {
                        self.controller.stuck = Some(self.controller.due);
                        self.raise(INT_RAW::MST_TXFIFO_UDF_INT_RAW.mask, fabric);
                    }
                    return false;
                };
                (Step::Write(self.outgoing(byte)), 9 * times.bit())
            }
            Command::READ => (Step::Read, 9 * times.bit()),
            Command::STOP => (Step::Stop, times.low + times.stop_setup),
            Command::END => {
                self.command_done();
                self.controller.running = false;
                self.raise(INT_RAW::END_DETECT_INT_RAW.mask, fabric);
                return true;
            }
            _ => {
                fabric.gaps.touch("I2C.COMD", "a command with a reserved op_code was started");
                self.controller.running = false;
                return true;
            }
        };
        // A step follows the one before it without a gap, unless software was late.
        let late = self.controller.stuck.take().is_some();
        self.controller.began = if late { fabric.now() } else { self.controller.due };
        if step == Step::Start && !self.controller.owns {
            self.controller.began = self.controller.began.max(self.controller.free_at);
            self.controller.wire = self.is_shared(fabric);
        }
        self.controller.step = Some(step);
        self.controller.times = times;
        if !self.controller.wire && self.pulls.1 {
            self.pull_scl(false, self.controller.began, fabric);
        }
        if self.controller.wire {
            self.controller.due = self.controller.began;
            self.plan_edges(step);
        } else {
            self.controller.due = self.controller.began + lasts;
        }
        true
    }

    fn complete(&mut self, step: Step, fabric: &mut Fabric) {
        let at = self.controller.due;
        let command = self.command();
        let wire = self.controller.wire;
        match step {
            Step::Start => {
                self.show(&[], step, fabric);
                self.close(at, true, fabric);
                self.controller.owns = true;
                self.controller.phase = Phase::Address;
                self.command_done();
                let detected = if wire { 0 } else { INT_RAW::DET_START_INT_RAW.mask };
                self.raise(INT_RAW::TRANS_START_INT_RAW.mask | detected, fabric);
            }
            Step::Write(byte) => {
                let refused = if wire { self.controller.bits & 1 != 0 } else { !self.send(byte, at, fabric) };
                if wire {
                    self.controller.phase = Phase::Data;
                }
                self.show(&[byte, u8::from(refused)], step, fabric);
                self.refused = refused;
                self.byte_through(command);
                let mut raised = INT_RAW::BYTE_TRANS_DONE_INT_RAW.mask;
                if command.checks_ack() && refused != command.ack_expected() {
                    raised |= INT_RAW::NACK_INT_RAW.mask;
                    self.controller.running = false;
                }
                self.raise(raised, fabric);
            }
            Step::Read => {
                let (byte, refuse) = if wire {
                    ((self.controller.bits >> 1) as u8, self.controller.sent_ack)
                } else {
                    let byte = self.controller.port.map_or(0xFF, |port| fabric.pins.i2c_read(port, at));
                    (byte, self.ack_to_send())
                };
                self.show(&[byte, u8::from(refuse)], step, fabric);
                let byte = self.incoming(byte);
                self.receive(byte, fabric);
                self.byte_through(command);
                self.raise(INT_RAW::BYTE_TRANS_DONE_INT_RAW.mask, fabric);
            }
            Step::Stop => {
                self.show(&[], step, fabric);
                self.close(at, false, fabric);
                self.controller.owns = false;
                self.controller.free_at = at + self.controller.times.stop_hold;
                self.controller.ten_bit = None;
                self.controller.running = false;
                self.command_done();
                self.raise(INT_RAW::TRANS_COMPLETE_INT_RAW.mask, fabric);
            }
            Step::Clocks(_) => {
                self.clocks_sent();
                self.controller.wire = false;
                self.controller.running = std::mem::take(&mut self.controller.starts_later);
                (self.controller.command, self.controller.through) = (0, 0);
            }
        }
    }

    /// The acknowledge bit for the byte that is being read: the command's, or that of RX_FULL_ACK_LEVEL when this byte
    /// brings the FIFO to its threshold.
    pub(super) fn ack_to_send(&self) -> bool {
        let threshold = FIFO_CONF::RXFIFO_WM_THRHD.get(self.bank.get(Reg::FIFO_CONF)) as usize;
        self.command().ack_value() || self.ctr(CTR::RX_FULL_ACK_LEVEL) && self.rx.len() + 1 >= threshold.max(1)
    }

    fn byte_through(&mut self, command: Command) {
        self.controller.through += 1;
        if self.controller.through == command.bytes() {
            self.command_done();
        }
    }

    /// Another controller has won: this one lets go at once.
    pub(super) fn lose(&mut self, at: Ps, fabric: &mut Fabric) {
        self.pull(false, false, at, fabric);
        self.controller =
            Controller { arbitration_lost: true, free_at: self.controller.free_at, ..Controller::default() };
        self.raise(INT_RAW::ARBITRATION_LOST_INT_RAW.mask, fabric);
    }

    /// A byte goes out: an address after START, else data. True: somebody acknowledges.
    fn send(&mut self, byte: u8, at: Ps, fabric: &mut Fabric) -> bool {
        let Some((sda, scl)) = self.bus(fabric) else { return false };
        let phase = std::mem::take(&mut self.controller.phase);
        let read = byte & 1 != 0;
        let address = match phase {
            Phase::Data => return self.controller.port.is_some_and(|port| fabric.pins.i2c_write(port, byte, at)),
            // UM10204 3.1.11: 1111 0 and two bits begin a 10-bit address; to read, a repeated START sends them alone.
            Phase::Address if byte & 0xF8 == 0xF0 && !read => {
                let upper = u16::from(byte >> 1 & 3) << 8;
                self.controller.phase = Phase::SecondAddress(upper);
                return fabric.pins.i2c_has(sda, scl, |wire| (0..256).any(|low| wire.answers_to(upper | low)));
            }
            Phase::Address if byte & 0xF8 == 0xF0 => match self.controller.ten_bit {
                Some(address) => address,
                None => return false,
            },
            Phase::Address => u16::from(byte >> 1),
            Phase::SecondAddress(upper) => {
                let address = upper | u16::from(byte);
                self.controller.ten_bit = Some(address);
                address
            }
        };
        let read = read && phase == Phase::Address;
        self.controller.port = fabric.pins.i2c_start(sda, scl, address, read, at);
        self.controller.port.is_some()
    }

    /// The transaction with the part is over: STOP, or a repeated START.
    pub(super) fn close(&mut self, at: Ps, restarted: bool, fabric: &mut Fabric) {
        if let Some(port) = self.controller.port.take() {
            fabric.pins.i2c_stop(port, at, restarted);
        }
    }
}
