//! The controller: the command list becomes START, bytes and STOP. TRM 27.4.4 to 27.4.10.

use super::{I2c, Reg, CTR, DEPTH, INT_RAW, SCL_HIGH_PERIOD, SCL_LOW_PERIOD};
use crate::fabric::Fabric;
use engine_core::ports::PortId;
use engine_core::time::Ps;
use serde::{Deserialize, Serialize};

const COMMANDS: [Reg; 8] =
    [Reg::COMD0, Reg::COMD1, Reg::COMD2, Reg::COMD3, Reg::COMD4, Reg::COMD5, Reg::COMD6, Reg::COMD7];
/// COMMAND_DONE.
const DONE: u32 = 1 << 31;

/// A command register, TRM 27.4.4 (ESP-IDF `hal/i2c_ll.h`).
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
enum Step {
    Start,
    Write(u8),
    Read,
    Stop,
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

/// How long the parts of a bit last.
pub(super) struct Times {
    low: Ps,
    high: Ps,
}

impl Times {
    /// A whole bit.
    pub(super) fn bit(&self) -> Ps {
        self.low + self.high
    }
}

/// The state of the controller.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Controller {
    running: bool,
    command: usize,
    /// Bytes of the present command that are through.
    through: u32,
    step: Option<Step>,
    began: Ps,
    due: Ps,
    /// Between START and STOP.
    owns: bool,
    phase: Phase,
    port: Option<PortId>,
    /// The 10-bit address that a repeated START with its first byte alone refers to.
    ten_bit: Option<u16>,
    refused: bool,
}

impl Controller {
    pub(super) fn is_busy(&self) -> bool {
        self.owns || self.step.is_some()
    }

    pub(super) fn refused(&self) -> bool {
        self.refused
    }
}

impl I2c {
    pub(super) fn times(&self, fabric: &Fabric) -> Times {
        let clock = self.core_clock(fabric);
        let high = self.bank.get(Reg::SCL_HIGH_PERIOD);
        let high = SCL_HIGH_PERIOD::SCL_HIGH_PERIOD.get(high) + SCL_HIGH_PERIOD::SCL_WAIT_HIGH_PERIOD.get(high);
        let low = self.field(Reg::SCL_LOW_PERIOD, SCL_LOW_PERIOD::SCL_LOW_PERIOD) + 1;
        Times { low: clock.duration(u64::from(low)), high: clock.duration(u64::from(high)) }
    }

    /// TRANS_START: the command list is carried out from its first command.
    pub(super) fn start(&mut self, fabric: &mut Fabric) {
        if !self.ctr(CTR::MS_MODE) {
            fabric.gaps.touch("I2C.CTR.TRANS_START", "target mode is not modelled");
            return;
        }
        if !self.core_clock(fabric).is_running() {
            fabric.gaps.touch("I2C.CLK_CONF", "a transfer was started while I2C_SCLK stands still");
            return;
        }
        self.controller.running = true;
        self.controller.command = 0;
        self.controller.through = 0;
        self.controller.due = fabric.now();
        self.run(fabric);
    }

    /// FSM_RST: the lines are let go of.
    pub(super) fn reset_fsm(&mut self, fabric: &mut Fabric) {
        let now = fabric.now();
        self.close(now, false, fabric);
        self.controller = Controller::default();
        fabric.cancel(self.wiring().slot);
    }

    /// Does what is due, and begins what follows.
    pub(super) fn run(&mut self, fabric: &mut Fabric) {
        let now = fabric.now();
        while self.controller.running {
            match self.controller.step {
                Some(_) if self.controller.due > now => {
                    fabric.at(self.wiring().slot, self.controller.due);
                    return;
                }
                Some(step) => {
                    self.controller.step = None;
                    self.complete(step, fabric);
                }
                None => {
                    if !self.begin(fabric) {
                        return;
                    }
                }
            }
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

    /// The next step begins. False: it waits for a byte of software's.
    fn begin(&mut self, fabric: &mut Fabric) -> bool {
        if self.controller.command == COMMANDS.len() {
            self.controller.running = false;
            return true;
        }
        let command = self.command();
        let times = self.times(fabric);
        let (step, lasts) = match command.op_code() {
            Command::RSTART => (Step::Start, if self.controller.owns { times.bit() + times.high } else { times.high }),
            Command::WRITE | Command::READ if command.bytes() == 0 => {
                self.command_done();
                return true;
            }
            Command::WRITE => {
                let Some(byte) = self.tx.pop_front() else {
                    // SCL stays low until software writes a byte.
                    self.raise(INT_RAW::MST_TXFIFO_UDF_INT_RAW.mask, fabric);
                    return false;
                };
                let byte = if self.ctr(CTR::TX_LSB_FIRST) { byte.reverse_bits() } else { byte };
                (Step::Write(byte), 9 * times.bit())
            }
            Command::READ => (Step::Read, 9 * times.bit()),
            Command::STOP => (Step::Stop, times.bit()),
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
        self.controller.began = if self.tx_waited(fabric) { fabric.now() } else { self.controller.due };
        self.controller.due = self.controller.began + lasts;
        self.controller.step = Some(step);
        true
    }

    /// Did the byte come after the end of the step before?
    fn tx_waited(&self, fabric: &Fabric) -> bool {
        self.raw & INT_RAW::MST_TXFIFO_UDF_INT_RAW.mask != 0 && self.controller.due < fabric.now()
    }

    fn complete(&mut self, step: Step, fabric: &mut Fabric) {
        let at = self.controller.due;
        let command = self.command();
        match step {
            Step::Start => {
                self.show(&[], step, fabric);
                self.close(at, true, fabric);
                self.controller.owns = true;
                self.controller.phase = Phase::Address;
                self.command_done();
                self.raise(INT_RAW::TRANS_START_INT_RAW.mask, fabric);
            }
            Step::Write(byte) => {
                let refused = !self.send(byte, at, fabric);
                self.show(&[byte, u8::from(refused)], step, fabric);
                self.controller.refused = refused;
                self.byte_through(command);
                let mut raised = INT_RAW::BYTE_TRANS_DONE_INT_RAW.mask;
                if command.checks_ack() && refused != command.ack_expected() {
                    raised |= INT_RAW::NACK_INT_RAW.mask;
                    self.controller.running = false;
                }
                self.raise(raised, fabric);
            }
            Step::Read => {
                let byte = self.controller.port.map_or(0xFF, |port| fabric.pins.i2c_read(port, at));
                self.show(&[byte, u8::from(command.ack_value())], step, fabric);
                let mut raised = INT_RAW::BYTE_TRANS_DONE_INT_RAW.mask;
                if self.rx.len() < DEPTH {
                    self.rx.push_back(if self.ctr(CTR::RX_LSB_FIRST) { byte.reverse_bits() } else { byte });
                } else {
                    raised |= INT_RAW::RXFIFO_OVF_INT_RAW.mask;
                }
                self.byte_through(command);
                self.raise(raised, fabric);
            }
            Step::Stop => {
                self.show(&[], step, fabric);
                self.close(at, false, fabric);
                self.controller.owns = false;
                self.controller.ten_bit = None;
                self.controller.running = false;
                self.command_done();
                self.raise(INT_RAW::TRANS_COMPLETE_INT_RAW.mask, fabric);
            }
        }
    }

    fn byte_through(&mut self, command: Command) {
        self.controller.through += 1;
        if self.controller.through == command.bytes() {
            self.command_done();
        }
    }

    /// The pins of SDA and SCL, where both are routed out and in again.
    fn bus(&self, fabric: &Fabric) -> Option<(u8, u8)> {
        let pin = |signal| fabric.io.pin_of(signal).filter(|&pin| fabric.io.source_of(signal) == Some(pin));
        Some((pin(self.wiring().sda)?, pin(self.wiring().scl)?))
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
    fn close(&mut self, at: Ps, restarted: bool, fabric: &mut Fabric) {
        if let Some(port) = self.controller.port.take() {
            fabric.pins.i2c_stop(port, at, restarted);
        }
    }

    /// Shows a step to whoever looks at the pins; `bytes` are the data and the acknowledge bit.
    fn show(&self, bytes: &[u8], step: Step, fabric: &mut Fabric) {
        let Some((sda, scl)) = self.bus(fabric) else { return };
        let Times { low, high } = self.times(fabric);
        let began = self.controller.began;
        let mut levels = Vec::new();
        match step {
            Step::Start if self.controller.owns => levels.extend([
                (began, true, false),
                (began + low, true, true),
                (began + low + high, false, true),
                (began + low + 2 * high, false, false),
            ]),
            Step::Start => levels.extend([(began, false, true), (began + high, false, false)]),
            Step::Stop => {
                levels.extend([(began, false, false), (began + low, false, true), (began + low + high, true, true)]);
            }
            Step::Write(_) | Step::Read => {
                let bits = (0..8).map(|n| bytes[0] << n & 0x80 != 0).chain([bytes[1] != 0]);
                for (n, bit) in bits.enumerate() {
                    let from = began + n as Ps * (low + high);
                    levels.extend([(from, bit, false), (from + low, bit, true), (from + low + high, bit, false)]);
                }
            }
        }
        fabric.pins.i2c_show(sda, scl, levels.into_iter());
    }
}
