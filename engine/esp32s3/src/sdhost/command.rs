//! The command path: Stratix 10 HPS TRM 16.4.3.1; ESP-IDF `soc/sdmmc_struct.h` sdmmc_hw_cmd_t.

use super::data::Transfer;
use super::dma::Memory;
use super::wires::on_cmd;
use super::{int, Reg, Sdhost, BLKSIZ, BYTCNT, CARDS, CMD, CMDARG, TMOUT};
use crate::fabric::Fabric;
use engine_core::time::Ps;
use serde::{Deserialize, Serialize};

/// STOP_TRANSMISSION, which the controller sends by itself with SEND_AUTO_STOP.
const STOP: u32 = 12;
/// Clocks of a command.
const COMMAND_CLOCKS: u64 = 48;
/// Clocks of ones that SEND_INITIALIZATION puts before it.
const INITIALIZATION_CLOCKS: u64 = 80;
/// Clocks between a command and its answer, and between two commands.
const TURN_CLOCKS: u64 = 8;

/// A command on its way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Sending {
    /// CMD as it was written.
    command: u32,
    argument: u32,
    pub card: usize,
    /// The controller's own stop.
    automatic: bool,
    /// Its answer was in error, or did not come.
    failed: bool,
    phase: Phase,
    pub due: Ps,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum Phase {
    /// The bits of the command go out.
    Bits,
    /// An answer comes in.
    Answer(Vec<u8>),
    /// The time for an answer passes.
    Silence,
    /// The clocks behind a command without an answer, or without a good one.
    Pause,
}

impl Sending {
    /// COMMAND_FSM_STATES: send index and argument, receive data, wait for the answer, wait N_CC.
    pub fn state(&self) -> u32 {
        match self.phase {
            Phase::Bits => 4,
            Phase::Answer(_) => 11,
            Phase::Silence => 15,
            Phase::Pause => 14,
        }
    }
}

/// CRC7 of the SD specification, 4.5.
pub(super) fn crc7(data: &[u8]) -> u8 {
    let step = |crc: u8, bit: u8| (crc << 1 & 0x7F) ^ if crc >> 6 ^ bit != 0 { 0x09 } else { 0 };
    data.iter().fold(0, |crc, byte| (0..8).rev().fold(crc, |crc, bit| step(crc, byte >> bit & 1)))
}

impl Sdhost {
    /// The card's side takes the command that waits, when it may. True: it did.
    pub(super) fn take_held(&mut self, at: Ps, fabric: &mut Fabric) -> bool {
        let Some(command) = self.held else { return false };
        let waits = CMD::WAIT_PRVDATA_COMPLETE.is_set(command) && self.transfer.is_some();
        if self.sending.is_some() || waits {
            return false;
        }
        self.held = None;
        self.bank.set_field(Reg::CMD, CMD::START_CMD, 0);
        if CMD::UPDATE_CLOCK_REGISTERS_ONLY.is_set(command) {
            self.clocks.dividers = self.bank.get(Reg::CLKDIV);
            self.clocks.sources = self.bank.get(Reg::CLKSRC);
            self.clocks.enabled = self.bank.get(Reg::CLKENA);
            return true;
        }
        let argument = self.field(Reg::CMDARG, CMDARG::CMDARG);
        if CMD::DATA_EXPECTED.is_set(command) {
            self.card_bytes = 0;
            self.host_bytes = self.fifo.len() as u32;
            self.transfer = Some(Transfer::new(
                CMD::CARD_NUMBER.get(command) as usize % CARDS,
                CMD::READ_WRITE.is_set(command),
                self.field(Reg::BYTCNT, BYTCNT::BYTE_COUNT),
                self.field(Reg::BLKSIZ, BLKSIZ::BLOCK_SIZE),
                CMD::SEND_AUTO_STOP.is_set(command),
            ));
        }
        self.send(command, argument, false, at, fabric);
        true
    }

    fn send(&mut self, command: u32, argument: u32, automatic: bool, at: Ps, fabric: &Fabric) {
        let card = CMD::CARD_NUMBER.get(command) as usize % CARDS;
        let before = if CMD::SEND_INITIALIZATION.is_set(command) { INITIALIZATION_CLOCKS } else { 0 };
        let due = at.saturating_add(self.clocks(card, before + COMMAND_CLOCKS, fabric));
        self.sending = Some(Sending { command, argument, card, automatic, failed: false, phase: Phase::Bits, due });
    }

    /// SEND_AUTO_STOP: all data has been transferred.
    pub(super) fn send_stop(&mut self, card: usize, at: Ps, fabric: &Fabric) {
        let flags = CMD::RESPONSE_EXPECT.mask | CMD::CHECK_RESPONSE_CRC.mask | CMD::STOP_ABORT_CMD.mask;
        self.send(flags | CMD::CARD_NUMBER.put(STOP, card as u32), 0, true, at, fabric);
    }

    /// The present part of the command is over.
    pub(super) fn step_command(&mut self, at: Ps, memory: &mut Memory, fabric: &mut Fabric) {
        let Some(mut sending) = self.sending.take() else { return };
        match std::mem::replace(&mut sending.phase, Phase::Pause) {
            Phase::Bits => {
                let (phase, clocks) = self.reach_card(&sending, at, fabric);
                sending.phase = phase;
                sending.due = at.saturating_add(self.clocks(sending.card, clocks, fabric));
                self.sending = Some(sending);
            }
            Phase::Answer(answer) => {
                self.show(sending.card, at, || on_cmd(&answer), fabric);
                let errors = self.receive(&sending, &answer);
                if errors == 0 {
                    self.complete(&sending, at, memory, fabric);
                } else {
                    self.fail(sending, errors, at, fabric);
                }
            }
            Phase::Silence => self.fail(sending, int::RTO, at, fabric),
            Phase::Pause => self.complete(&sending, at, memory, fabric),
        }
    }

    /// An error is told at once; that the command is done follows as an interrupt of its own, for which the driver of
    /// ESP-IDF up to 4.4 (`sdmmc_transaction.c`) waits.
    fn fail(&mut self, mut sending: Sending, errors: u32, at: Ps, fabric: &mut Fabric) {
        self.raise(errors, fabric);
        sending.failed = true;
        sending.due = at.saturating_add(self.clocks(sending.card, TURN_CLOCKS, fabric));
        self.sending = Some(sending);
    }

    /// The last bit of a command is out: what follows, and for how many clocks.
    fn reach_card(&mut self, sending: &Sending, at: Ps, fabric: &mut Fabric) -> (Phase, u64) {
        let index = CMD::INDEX.get(sending.command) as u8;
        let frame = || {
            let [a, b, c, d] = sending.argument.to_be_bytes();
            let head = [0x40 | index, a, b, c, d];
            on_cmd(&[head[0], a, b, c, d, crc7(&head) << 1 | 1])
        };
        self.show(sending.card, at, frame, fabric);
        let pins = self.pins(sending.card, fabric);
        let answer = pins.and_then(|pins| fabric.pins.sd_command(&pins, index, sending.argument, at));
        if !CMD::RESPONSE_EXPECT.is_set(sending.command) {
            return (Phase::Pause, TURN_CLOCKS);
        }
        let Some(answer) = answer else {
            return (Phase::Silence, u64::from(self.field(Reg::TMOUT, TMOUT::RESPONSE_TIMEOUT)));
        };
        let clocks = TURN_CLOCKS + 8 * answer.response.len() as u64;
        if answer.busy > 0 {
            let end = at.saturating_add(self.clocks(sending.card, clocks, fabric));
            self.busy_until[sending.card] = end.saturating_add(answer.busy);
        }
        (Phase::Answer(answer.response), clocks)
    }

    /// An answer is in: its place in RESP, and what is wrong with it.
    fn receive(&mut self, sending: &Sending, answer: &[u8]) -> u32 {
        let long = CMD::RESPONSE_LENGTH.is_set(sending.command);
        let expected = if long { 17 } else { 6 };
        if answer.len() != expected {
            return int::RESP_ERR;
        }
        let word = |from: usize| answer[from..from + 4].iter().fold(0, |word, byte| word << 8 | u32::from(*byte));
        if long {
            for (register, from) in [(Reg::RESP3, 1), (Reg::RESP2, 5), (Reg::RESP1, 9), (Reg::RESP0, 13)] {
                self.bank.set(register, word(from));
            }
        } else {
            self.bank.set(if sending.automatic { Reg::RESP1 } else { Reg::RESP0 }, word(1));
            self.response_index = u32::from(answer[0] & 0x3F);
        }
        if !CMD::CHECK_RESPONSE_CRC.is_set(sending.command) {
            return 0;
        }
        // The CRC of CID and CSD is their own, without the byte before them.
        let guarded = &answer[if long { 1 } else { 0 }..expected - 1];
        let wrong_crc = answer[expected - 1] != crc7(guarded) << 1 | 1;
        let wrong_index = !long && u32::from(answer[0]) != CMD::INDEX.get(sending.command);
        (if wrong_crc { int::RCRC } else { 0 }) | if wrong_index { int::RESP_ERR } else { 0 }
    }

    /// A command is done, well or with errors: its data follows.
    fn complete(&mut self, sending: &Sending, at: Ps, memory: &mut Memory, fabric: &mut Fabric) {
        self.raise(if sending.automatic { int::ACD } else { int::CMD_DONE }, fabric);
        if sending.automatic {
            self.end_transfer(fabric);
        } else if CMD::STOP_ABORT_CMD.is_set(sending.command) {
            if self.transfer.is_some() {
                self.end_transfer(fabric);
            }
        } else if CMD::DATA_EXPECTED.is_set(sending.command) {
            if sending.failed {
                self.transfer = None;
            } else {
                self.start_data(at, memory, fabric);
            }
        }
    }
}
