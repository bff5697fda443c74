//! TWAI: a CAN 2.0 controller. ESP32-S3 TRM, chapter "Two-wire Automotive Interface"; ESP-IDF `hal/twai_ll.h`,
//! `soc/twai_struct.h`; Bosch CAN Specification 2.0 for what is on the bus.
//!
//! # Fidelity
//! - Frames, stuffing, CRC, acknowledge, arbitration, error and overload frames, fault confinement, bus-off and its recovery:
//!   bit by bit on TWAI_TX and TWAI_RX, as the CAN specification says. Bit times follow BUS_TIMING_0 and 1 exactly.
//! - Resynchronisation moves a bit by whole delays, not by whole quanta.
//! - With TIME_SAMP a bit is what two of three samples say: of the sample point and of the two quanta before it, as in other
//!   CAN controllers (Freescale MSCAN, CBTR1: SAMP); Espressif says that there are three, not where.
//! - A node that is idle begins to send at once; on silicon it waits for its next bit.
//! - A message that finds the FIFO full is counted, and shows as MISS_ST when its turn comes. How long silicon goes on
//!   counting then is not known; here to 64.
//! - CLKOUT is APB_CLK divided, with a duty of a half. Sleep does not exist on this chip.

mod clkout;
mod frame;
mod node;
mod registers;

use crate::block::{undeclared, Block, InputEdge};
use crate::clock_out::{ClockOut, Square};
use crate::fabric::Fabric;
use crate::signals::{TWAI_BUS_OFF_ON, TWAI_CLKOUT, TWAI_TX};
use crate::slots::Slot;
use crate::sources::Source;
use engine_core::registers::{Bank, Field, Group, Registers, Write};
use frame::{accepts, Frame, BUFFER};
use node::Node;
pub use registers::*;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Bytes of the receive FIFO.
const FIFO: usize = 64;
/// What RX_MESSAGE_CNT counts to.
const MESSAGES: usize = 64;

/// Interrupts by their bits in INT_RAW.
struct Interrupt;

impl Interrupt {
    const RX: Field = INT_RAW::RX_INT_ST;
    const TX: Field = INT_RAW::TX_INT_ST;
    const WARNING: Field = INT_RAW::ERR_WARN_INT_ST;
    const OVERRUN: Field = INT_RAW::OVERRUN_INT_ST;
    const PASSIVE: Field = INT_RAW::ERR_PASSIVE_INT_ST;
    const ARB_LOST: Field = INT_RAW::ARB_LOST_INT_ST;
    const BUS_ERR: Field = INT_RAW::BUS_ERR_INT_ST;
}

const DATA: [Reg; BUFFER] = [
    Reg::DATA_0,
    Reg::DATA_1,
    Reg::DATA_2,
    Reg::DATA_3,
    Reg::DATA_4,
    Reg::DATA_5,
    Reg::DATA_6,
    Reg::DATA_7,
    Reg::DATA_8,
    Reg::DATA_9,
    Reg::DATA_10,
    Reg::DATA_11,
    Reg::DATA_12,
];

/// The controller.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Twai {
    bank: Bank<Reg>,
    clkout: ClockOut<Square>,
    node: Node,
    /// All but the receive interrupt, which follows from the FIFO.
    latched: u32,
    /// ARB_LOST_CAP or ERR_CODE_CAP have not been read since they were written: these interrupts.
    captured: u32,
    transmit: [u8; BUFFER],
    /// Acceptance code and mask.
    filter: [u8; 8],
    /// Messages; `None` is one that there was no room for.
    messages: VecDeque<Option<Vec<u8>>>,
    overrun: bool,
    complete: bool,
    bus_off: bool,
    /// How often eleven recessive bits must still come.
    off_turns: u32,
    /// The next frame of ours comes after the suspended transmission.
    suspend_next: bool,
    /// ERR_ST, BUS_OFF_ST and "error passive", as they were told of last.
    told: (bool, bool, bool),
}

impl Twai {
    /// After power-on.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self {
            bank: Bank::new(),
            clkout: ClockOut::new(TWAI_CLKOUT, Slot::TwaiClkout),
            node: Node::default(),
            latched: 0,
            captured: 0,
            transmit: [0; BUFFER],
            filter: [0; 8],
            messages: VecDeque::new(),
            overrun: false,
            complete: true,
            bus_off: false,
            off_turns: 0,
            suspend_next: false,
            told: (false, false, false),
        }
    }

    fn in_reset_mode(&self) -> bool {
        MODE::RESET_MODE.is_set(self.bank.get(Reg::MODE))
    }

    fn raise(&mut self, interrupt: Field) {
        self.latched |= interrupt.mask;
    }

    /// An interrupt with a capture register: until that is read nothing new is captured. True: capture now.
    fn raise_captured(&mut self, interrupt: Field) -> bool {
        let free = self.captured & interrupt.mask == 0;
        if free {
            self.captured |= interrupt.mask;
            self.raise(interrupt);
        }
        free
    }

    fn raw(&self) -> u32 {
        self.latched | if self.messages.is_empty() { 0 } else { Interrupt::RX.mask }
    }

    fn update_line(&self, fabric: &mut Fabric) {
        fabric.set_irq(Source::TWAI, self.raw() & self.bank.get(Reg::INT_ENA) != 0);
    }

    fn has_warning(&self) -> bool {
        let limit = self.bank.get(Reg::ERR_WARNING_LIMIT);
        self.node.tec >= limit || self.node.rec >= limit
    }

    fn status(&self) -> u32 {
        let bit = |field: Field, on: bool| if on { field.mask } else { 0 };
        bit(STATUS::RX_BUF_ST, !self.messages.is_empty())
            | bit(STATUS::OVERRUN_ST, self.overrun)
            | bit(STATUS::TX_BUF_ST, self.node.pending.is_none())
            | bit(STATUS::TX_COMPLETE, self.complete)
            | bit(STATUS::RX_ST, self.node.receives())
            | bit(STATUS::TX_ST, self.node.transmits())
            | bit(STATUS::ERR_ST, self.has_warning())
            | bit(STATUS::BUS_OFF_ST, self.bus_off)
            | bit(STATUS::MISS_ST, self.messages.front().is_some_and(Option::is_none))
    }

    /// The warning interrupt comes with each change of ERR_ST or BUS_OFF_ST, the passive one with each change between
    /// error active and error passive.
    fn tell_states(&mut self, fabric: &mut Fabric) {
        let states = (self.has_warning(), self.bus_off, self.node.is_passive());
        if (states.0, states.1) != (self.told.0, self.told.1) {
            self.raise(Interrupt::WARNING);
        }
        if states.2 != self.told.2 && !states.1 {
            self.raise(Interrupt::PASSIVE);
        }
        self.told = states;
        self.update_line(fabric);
    }

    /// A frame came in, if the filter lets it.
    fn receive(&mut self, frame: Option<Frame>, fabric: &mut Fabric) {
        let [code @ .., _, _, _, _] = self.filter;
        let [_, _, _, _, mask @ ..] = self.filter;
        let single = MODE::RX_FILTER_MODE.is_set(self.bank.get(Reg::MODE));
        let Some(frame) = frame.filter(|frame| accepts(code, mask, single, frame)) else { return };
        let message = frame.to_buffer();
        let used: usize = self.messages.iter().flatten().map(Vec::len).sum();
        if used + message.len() <= FIFO && !self.messages.iter().any(Option::is_none) {
            self.messages.push_back(Some(message));
        } else {
            if self.messages.len() < MESSAGES {
                self.messages.push_back(None);
            }
            self.overrun = true;
            self.raise(Interrupt::OVERRUN);
        }
        self.update_line(fabric);
    }

    /// The transmit buffer is free again.
    fn transmit_ended(&mut self, complete: bool, fabric: &mut Fabric) {
        self.complete = complete;
        self.raise(Interrupt::TX);
        self.update_line(fabric);
    }

    fn command(&mut self, command: u32, fabric: &mut Fabric) {
        if CMD::CLR_OVERRUN.is_set(command) {
            self.overrun = false;
        }
        if CMD::RELEASE_BUF.is_set(command) {
            self.messages.pop_front();
        }
        let (request, to_itself) = (CMD::TX_REQ.is_set(command), CMD::SELF_RX_REQ.is_set(command));
        let abort = CMD::ABORT_TX.is_set(command);
        let listens = MODE::LISTEN_ONLY_MODE.is_set(self.bank.get(Reg::MODE));
        if (request || to_itself) && self.node.pending.is_none() && !self.in_reset_mode() && !listens {
            self.node.pending = Some(Frame::from_buffer(&self.transmit));
            self.node.to_itself = to_itself;
            self.node.once = abort;
            self.complete = false;
            self.send_if_idle(fabric);
        } else if abort && self.node.pending.is_some() {
            if self.node.transmits() {
                self.node.once = true;
            } else {
                // A frame that has not begun goes away, and TX_COMPLETE is set all the same (ESP-IDF `hal/twai_ll.h`).
                self.node.pending = None;
                self.transmit_ended(true, fabric);
            }
        }
        self.update_line(fabric);
    }

    fn write_mode(&mut self, before: u32, fabric: &mut Fabric) {
        let was = MODE::RESET_MODE.is_set(before);
        match (was, self.in_reset_mode()) {
            (false, true) => {
                if self.node.pending.take().is_some() {
                    self.complete = true;
                }
                self.leave_bus(fabric);
                self.messages.clear();
                self.overrun = false;
            }
            (true, false) => self.join_bus(fabric),
            _ => {}
        }
    }

    /// DATA_n: acceptance filter, or buffers.
    fn data(&self, number: usize) -> u8 {
        if self.in_reset_mode() {
            return self.filter.get(number).copied().unwrap_or(0);
        }
        let first = self.messages.front().and_then(Option::as_ref);
        first.and_then(|message| message.get(number)).copied().unwrap_or(0)
    }
}

/// Registers that only reset mode lets write, as `twai_ll.h` says of each.
fn only_in_reset_mode(register: Reg) -> bool {
    matches!(
        register,
        Reg::BUS_TIMING_0 | Reg::BUS_TIMING_1 | Reg::ERR_WARNING_LIMIT | Reg::RX_ERR_CNT | Reg::TX_ERR_CNT
    )
}

impl Block for Twai {
    const GROUPS: &'static [Group] = &[Group::one("TWAI0", Reg::TABLE)];

    /// Loads of INT_RAW, ARB_LOST_CAP and ERR_CODE_CAP have effects.
    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        if Reg::at(offset).is_none() {
            return undeclared("TWAI", offset, fabric);
        }
        let value = self.peek(offset, fabric);
        match Reg::at(offset) {
            Some(Reg::INT_RAW) => self.latched = 0,
            Some(Reg::ARB_LOST_CAP) => self.captured &= !Interrupt::ARB_LOST.mask,
            Some(Reg::ERR_CODE_CAP) => self.captured &= !Interrupt::BUS_ERR.mask,
            _ => {}
        }
        self.update_line(fabric);
        value
    }

    fn peek(&mut self, offset: u32, _fabric: &mut Fabric) -> u32 {
        let Some(register) = Reg::at(offset) else { return 0 };
        match register {
            Reg::STATUS => self.status(),
            Reg::INT_RAW => self.raw(),
            Reg::RX_ERR_CNT => self.node.rec,
            Reg::TX_ERR_CNT => self.node.tec.min(255),
            Reg::RX_MESSAGE_CNT => self.messages.len() as u32,
            register => match DATA.iter().position(|&data| data == register) {
                Some(number) => u32::from(self.data(number)),
                None => self.bank.load(register),
            },
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        let Some(register) = Reg::at(offset) else {
            undeclared("TWAI", offset, fabric);
            return;
        };
        if only_in_reset_mode(register) && !self.in_reset_mode() {
            fabric.gaps.touch("TWAI in operation mode", "a register that only reset mode lets write was written");
            return;
        }
        let before = self.bank.get(register);
        self.bank.store(register, write, "TWAI", &mut fabric.gaps);
        if register == Reg::MODE && !MODE::RESET_MODE.is_set(before) {
            // Philips SJA1000, 6.4.3: the modes can be set in reset mode alone.
            let modes = MODE::RX_FILTER_MODE.mask | MODE::SELF_TEST_MODE.mask | MODE::LISTEN_ONLY_MODE.mask;
            self.bank.set(Reg::MODE, (self.bank.get(Reg::MODE) & !modes) | (before & modes));
        }
        match register {
            Reg::MODE => self.write_mode(before, fabric),
            Reg::CLOCK_DIVIDER => self.settle_clkout(fabric),
            Reg::CMD => self.command(write.value, fabric),
            Reg::RX_ERR_CNT => self.node.rec = write.value & 0xFF,
            Reg::TX_ERR_CNT => self.node.tec = write.value & 0xFF,
            register => {
                if let Some(number) = DATA.iter().position(|&data| data == register) {
                    if !self.in_reset_mode() {
                        self.transmit[number] = write.value as u8;
                    } else if let Some(byte) = self.filter.get_mut(number) {
                        *byte = write.value as u8;
                    }
                }
            }
        }
        self.tell_states(fabric);
    }

    fn event(&mut self, slot: Slot, fabric: &mut Fabric) {
        if slot == Slot::TwaiClkout {
            self.clkout.serve(fabric);
        } else {
            self.run(fabric);
        }
    }

    fn input(&mut self, edge: InputEdge, fabric: &mut Fabric) {
        self.note(edge.at, edge.high);
        if !edge.high {
            self.fell(edge.at, fabric);
        }
    }

    fn clocks_changed(&mut self, fabric: &mut Fabric) {
        self.settle_clkout(fabric);
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        self.leave_bus(fabric);
        *self = Self::new();
        self.settle_clkout(fabric);
        fabric.drive(TWAI_TX, true);
        fabric.drive(TWAI_BUS_OFF_ON, false);
        self.update_line(fabric);
    }
}
