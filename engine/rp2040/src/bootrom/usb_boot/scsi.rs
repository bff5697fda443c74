//! The Mass Storage Interface: SCSI commands over the Bulk-Only Transport. USB Mass Storage Class, Bulk-Only Transport 1.0.

use super::disk::{self, Download, SECTOR, SECTORS};
use super::endpoints::{Pair, PACKET};
use super::task::{Status, Task};
use serde::{Deserialize, Serialize};

/// SCSI operation codes, SPC-2 and SBC-2.
mod code {
    pub const TEST_UNIT_READY: u8 = 0x00;
    pub const REQUEST_SENSE: u8 = 0x03;
    pub const INQUIRY: u8 = 0x12;
    pub const MODE_SENSE_6: u8 = 0x1A;
    pub const START_STOP_UNIT: u8 = 0x1B;
    pub const PREVENT_ALLOW_MEDIUM_REMOVAL: u8 = 0x1E;
    pub const READ_FORMAT_CAPACITIES: u8 = 0x23;
    pub const READ_CAPACITY_10: u8 = 0x25;
    pub const READ_10: u8 = 0x28;
    pub const WRITE_10: u8 = 0x2A;
    pub const VERIFY: u8 = 0x2F;
    pub const SYNCHRONIZE_CACHE: u8 = 0x35;
}

/// Sense key, additional sense code, and its qualifier.
type Sense = [u8; 3];
const NO_SENSE: Sense = [0; 3];
const MEDIUM_NOT_PRESENT: Sense = [2, 0x3A, 0];
const INVALID_COMMAND: Sense = [5, 0x20, 0];
const ACCESS_DENIED: Sense = [7, 0x20, 2];

const COMMAND: &[u8; 4] = b"USBC";
const STATUS: &[u8; 4] = b"USBS";
const TO_HOST: u8 = 0x80;

/// bCSWStatus, 5.2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[repr(u8)]
enum Ended {
    #[default]
    Passed = 0,
    Failed = 1,
    PhaseError = 2,
}

/// What comes next on the pipes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Phase {
    /// A command.
    #[default]
    Command,
    /// Data of an answer goes to the host, then its status.
    Answer,
    /// Sectors go to the host.
    Read,
    /// Sectors come from the host.
    Write,
    /// A sector that came is being programmed.
    Program,
    /// The host must clear the halt of the endpoint first, then gets the status.
    Halted,
    /// The status is on its way.
    Status,
}

/// The interface's state.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct MassStorage {
    /// Its endpoints.
    pub pipes: Pair,
    phase: Phase,
    tag: [u8; 4],
    residue: u32,
    ended: Ended,
    sense: Sense,
    ejected: bool,
    /// The endpoint that is halted before the status: towards the host (true), or from it.
    halts: Option<bool>,
    lba: u32,
    /// Bytes of the data phase that are still to come.
    left: u32,
    sector: Vec<u8>,
    /// The number of the sector that was written last.
    token: u32,
    download: Download,
    /// Somebody else has the flash.
    shut: bool,
}

impl MassStorage {
    /// The device was configured, or the host sent Bulk-Only Mass Storage Reset.
    pub fn reset(&mut self) {
        let (download, shut, token) = (std::mem::take(&mut self.download), self.shut, self.token);
        let mut pipes = std::mem::take(&mut self.pipes);
        pipes.soft_reset();
        *self = Self { pipes, download, shut, token, ..Self::default() };
        self.download.forget();
    }

    /// Somebody has the flash for himself (1), and the medium is gone (2), or it is free (0).
    pub fn exclude(&mut self, how: u8) {
        self.shut = how != 0;
        self.ejected |= how == 2;
    }

    /// The interface was reset: nobody has the flash for himself. The datasheet has the medium come back then, too; the ROM
    /// leaves it out until the next configuration.
    pub fn readmit(&mut self) {
        self.shut = false;
    }

    /// Does it take a packet?
    pub fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Command | Phase::Write)
    }

    /// A packet came. `Some`: a page is to be programmed.
    pub fn packet(&mut self, data: &[u8]) -> Option<Task> {
        if self.phase == Phase::Write {
            return self.take_data(data);
        }
        let is_command = data.len() == 31 && data.starts_with(COMMAND) && data[13] == 0;
        if !is_command || data[12] & !TO_HOST != 0 || !(1..=16).contains(&data[14]) {
            (self.pipes.in_halted, self.pipes.out_halted) = (true, true);
            return None;
        }
        self.tag.copy_from_slice(&data[4..8]);
        let length = u32::from_le_bytes([data[8], data[9], data[10], data[11]]);
        self.residue = length;
        self.ended = Ended::Passed;
        self.halts = None;
        let direction = (length != 0).then_some(data[12] & TO_HOST != 0);
        self.command(&data[15..], length, direction);
        None
    }

    fn command(&mut self, command: &[u8], length: u32, direction: Option<bool>) {
        let sense = std::mem::replace(&mut self.sense, NO_SENSE);
        let word = |at: usize| u32::from_be_bytes([command[at], command[at + 1], command[at + 2], command[at + 3]]);
        match command[0] {
            code::TEST_UNIT_READY if self.ejected => self.fail(MEDIUM_NOT_PRESENT, direction),
            code::START_STOP_UNIT => {
                // LOEJ without START.
                self.ejected |= command[4] & 3 == 2;
                self.nothing(direction);
            }
            code::TEST_UNIT_READY | code::PREVENT_ALLOW_MEDIUM_REMOVAL | code::VERIFY | code::SYNCHRONIZE_CACHE => {
                self.nothing(direction)
            }
            code::REQUEST_SENSE => {
                let [key, code, qualifier] = sense;
                let mut answer = [0; 18];
                (answer[0], answer[2], answer[7], answer[12], answer[13]) = (0x70, key, 0x0A, code, qualifier);
                self.answer(&answer, length, direction);
            }
            code::INQUIRY => {
                let mut answer = [0, 0x80, 2, 2, 32, 0, 0, 0].to_vec();
                answer.extend(b"RPI     RP2             3   ");
                self.answer(&answer, length, direction);
            }
            code::MODE_SENSE_6 => self.answer(&[3, 0, 0, 0], length, direction),
            code::READ_FORMAT_CAPACITIES => {
                let mut answer = [0; 12];
                answer[4..8].copy_from_slice(&(SECTORS - 1).to_be_bytes());
                answer[8..].copy_from_slice(&(SECTOR as u32).to_be_bytes());
                // Formatted.
                answer[8] = 2;
                self.answer(&answer, length, direction);
            }
            code::READ_CAPACITY_10 => {
                let answer = [(SECTORS - 1).to_be_bytes(), (SECTOR as u32).to_be_bytes()].concat();
                self.answer(&answer, length, direction);
            }
            code @ (code::READ_10 | code::WRITE_10) => {
                let sectors = u32::from(command[7]) << 8 | u32::from(command[8]);
                self.lba = word(2);
                self.sectors(code == code::READ_10, sectors * SECTOR as u32, length, direction);
            }
            _ => self.fail(INVALID_COMMAND, direction),
        }
    }

    /// A command without data: what the host expected of it nevertheless is refused.
    fn nothing(&mut self, direction: Option<bool>) {
        self.halts = direction;
        self.end_data();
    }

    fn fail(&mut self, sense: Sense, direction: Option<bool>) {
        self.sense = sense;
        self.ended = Ended::Failed;
        self.nothing(direction);
    }

    /// What the host expects against what there is, 6.7. False: no data at all.
    fn agree(&mut self, is: u32, length: u32, towards_host: bool, direction: Option<bool>) -> bool {
        if direction != Some(towards_host) && length != 0 {
            self.halts = direction;
            self.ended = Ended::PhaseError;
            self.left = 0;
        } else {
            self.halts = (is != length).then_some(towards_host);
            if is > length {
                self.ended = Ended::PhaseError;
            }
            self.left = is.min(length);
        }
        if self.left == 0 {
            self.end_data();
        }
        self.left != 0
    }

    fn answer(&mut self, data: &[u8], length: u32, direction: Option<bool>) {
        let most = (data.len() as u32).min(length);
        if self.agree(most, length, true, direction) {
            self.residue -= self.left;
            self.pipes.send(&data[..self.left as usize]);
            self.phase = Phase::Answer;
        }
    }

    fn sectors(&mut self, read: bool, bytes: u32, length: u32, direction: Option<bool>) {
        if !self.agree(bytes, length, read, direction) {
            return;
        }
        self.left -= self.left % PACKET as u32;
        self.sector.clear();
        if self.left == 0 {
            self.end_data();
        } else if read {
            self.phase = Phase::Read;
            self.next_sector();
        } else {
            self.phase = Phase::Write;
        }
    }

    fn next_sector(&mut self) {
        let sector = disk::read(self.lba);
        let count = self.left.min(SECTOR as u32);
        self.pipes.send(&sector[..count as usize]);
        self.lba = self.lba.wrapping_add(1);
        self.left -= count;
        self.residue -= count;
    }

    fn take_data(&mut self, data: &[u8]) -> Option<Task> {
        self.sector.extend_from_slice(data);
        let count = (data.len() as u32).min(self.left);
        self.left -= count;
        self.residue -= count;
        if self.sector.len() < SECTOR && self.left != 0 {
            return None;
        }
        self.token = self.token.wrapping_add(1);
        self.sector.resize(SECTOR, 0);
        let task = self.download.write(&self.sector, self.token, self.shut);
        self.sector.clear();
        if task.is_some() {
            self.phase = Phase::Program;
        } else if self.left == 0 {
            self.end_data();
        }
        task
    }

    /// A page is programmed, or not. `Some`: the file is whole, and the chip goes on there.
    pub fn programmed(&mut self, token: u32, status: Status) -> Option<u32> {
        let target = if status == Status::Ok { self.download.written() } else { None };
        if token != self.token || self.phase != Phase::Program {
            return target;
        }
        self.phase = Phase::Write;
        if status != Status::Ok {
            self.sense = ACCESS_DENIED;
            self.ended = Ended::Failed;
            self.halts = Some(false);
            self.end_data();
        } else if self.left == 0 {
            self.end_data();
        }
        target
    }

    /// The host has taken a packet.
    pub fn sent(&mut self) {
        if !self.pipes.is_sent() {
            return;
        }
        match self.phase {
            Phase::Read if self.left != 0 => self.next_sector(),
            Phase::Read | Phase::Answer => self.end_data(),
            Phase::Status => self.phase = Phase::Command,
            Phase::Command | Phase::Write | Phase::Program | Phase::Halted => {}
        }
    }

    fn end_data(&mut self) {
        match self.halts.take() {
            Some(true) => {
                self.pipes.in_halted = true;
                self.phase = Phase::Halted;
            }
            Some(false) => {
                self.pipes.out_halted = true;
                self.send_status();
            }
            None => self.send_status(),
        }
    }

    fn send_status(&mut self) {
        let status = [&STATUS[..], &self.tag, &self.residue.to_le_bytes(), &[self.ended as u8]].concat();
        self.pipes.send(&status);
        self.phase = Phase::Status;
    }

    /// The host cleared the halt of the endpoint towards it.
    pub fn unhalted(&mut self) {
        if self.phase == Phase::Halted {
            self.send_status();
        }
    }
}
