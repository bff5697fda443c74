//! The PICOBOOT interface. Datasheet 2.8.5.

use super::endpoints::Pair;
use super::task::{Source, Status, Task, PAGE};
use serde::{Deserialize, Serialize};

const MAGIC: u32 = 0x431F_D10B;
/// All commands have 32 bytes.
const COMMAND: usize = 32;

/// Where and when the chip starts again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reboot {
    /// Where; 0 for flash.
    pub pc: u32,
    /// The stack pointer there.
    pub sp: u32,
    /// After so many milliseconds.
    pub delay: u32,
}

/// Commands, 2.8.5.4, without the bit of the direction.
mod id {
    pub const EXCLUSIVE_ACCESS: u8 = 1;
    pub const REBOOT: u8 = 2;
    pub const FLASH_ERASE: u8 = 3;
    pub const READ: u8 = 4;
    pub const WRITE: u8 = 5;
    pub const EXIT_XIP: u8 = 6;
    pub const ENTER_CMD_XIP: u8 = 7;
    pub const EXEC: u8 = 8;
    pub const VECTORIZE_FLASH: u8 = 9;
}

/// A command under way.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Transfer {
    addr: u32,
    left: u32,
    /// Towards the host.
    read: bool,
    /// A chunk has been done.
    begun: bool,
}

/// The interface's state.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Picoboot {
    /// Its endpoints.
    pub pipes: Pair,
    token: u32,
    status: u8,
    command: u8,
    in_progress: bool,
    transfer: Option<Transfer>,
    /// The acknowledgement of a read is awaited: an empty packet from the host.
    awaits_ack: bool,
    chunk: Vec<u8>,
    /// A task is under way.
    busy: bool,
    /// How many commands there were.
    number: u32,
}

/// What a packet asks for.
#[derive(Clone, Debug)]
pub enum Asked {
    /// Nothing more.
    Nothing,
    /// Work for the processor.
    Task(Box<Task>),
    /// The chip starts again.
    Reboot(Reboot),
}

impl Picoboot {
    /// INTERFACE_RESET, 2.8.5.5.1, or a new configuration.
    pub fn reset(&mut self) {
        let mut pipes = std::mem::take(&mut self.pipes);
        pipes.soft_reset();
        *self = Self { pipes, number: self.number.wrapping_add(1), ..Self::default() };
    }

    /// GET_COMMAND_STATUS, 2.8.5.5.2.
    pub fn command_status(&self) -> Vec<u8> {
        let mut answer = self.token.to_le_bytes().to_vec();
        answer.extend([self.status, 0, 0, 0, self.command, self.in_progress.into(), 0, 0, 0, 0, 0, 0]);
        answer
    }

    /// Does it take a packet?
    pub fn is_open(&self) -> bool {
        let idle = self.transfer.is_none() && self.pipes.is_sent();
        !self.busy && (self.awaits_ack || idle || self.transfer.is_some_and(|transfer| !transfer.read))
    }

    fn refuse(&mut self, status: Status) -> Asked {
        self.status = status as u8;
        self.transfer = None;
        (self.pipes.in_halted, self.pipes.out_halted) = (true, true);
        Asked::Nothing
    }

    /// A packet came.
    pub fn packet(&mut self, data: &[u8]) -> Asked {
        if std::mem::take(&mut self.awaits_ack) {
            return Asked::Nothing;
        }
        if self.transfer.is_some() {
            self.chunk.extend_from_slice(data);
            return self.next_chunk();
        }
        let word = |at: usize| u32::from_le_bytes([data[at], data[at + 1], data[at + 2], data[at + 3]]);
        if data.len() != COMMAND || word(0) != MAGIC {
            (self.pipes.in_halted, self.pipes.out_halted) = (true, true);
            return Asked::Nothing;
        }
        self.number = self.number.wrapping_add(1);
        (self.token, self.command, self.in_progress) = (word(4), data[8], false);
        let (size, length, first, second, third) = (data[9], word(12), word(16), word(20), word(24));
        let (expected, transfers) = match data[8] & 0x7F {
            id::EXCLUSIVE_ACCESS => (1, 0),
            id::REBOOT => (12, 0),
            id::FLASH_ERASE => (8, 0),
            id::READ | id::WRITE => (8, second),
            id::EXIT_XIP | id::ENTER_CMD_XIP => (0, 0),
            id::EXEC | id::VECTORIZE_FLASH => (4, 0),
            _ => return self.refuse(Status::UnknownCmd),
        };
        if size != expected {
            return self.refuse(Status::InvalidCmdLength);
        }
        self.status = Status::Ok as u8;
        // The ROM looks at the whole identifier here, and does it before it looks at the length.
        if data[8] == id::REBOOT {
            self.acknowledge();
            return Asked::Reboot(Reboot { pc: first, sp: second, delay: third });
        }
        if length != transfers || data[8] & 0x7F == id::REBOOT {
            return self.refuse(Status::InvalidTransferLength);
        }
        self.in_progress = true;
        let mut task = Task { token: self.number, ..Task::of(Source::Picoboot) };
        match data[8] & 0x7F {
            id::EXCLUSIVE_ACCESS => task.exclusive = Some(first as u8),
            id::FLASH_ERASE => task.erase = Some((first, second)),
            id::EXIT_XIP => task.exit_xip = true,
            id::EXEC => task.exec = Some(first),
            id::VECTORIZE_FLASH => task.vectorize = Some(first),
            read_or_write @ (id::READ | id::WRITE) if length != 0 => {
                let read = read_or_write == id::READ;
                self.transfer = Some(Transfer { addr: first, left: length, read, begun: false });
                self.chunk.clear();
                return if read { self.next_chunk() } else { Asked::Nothing };
            }
            id::READ => task.read = Some((first, 0)),
            id::WRITE => task.write = Some((first, Vec::new())),
            // ENTER_CMD_XIP: this ROM looks for it behind a read or a write only, so the command does nothing.
            _ => {}
        }
        self.busy = true;
        Asked::Task(Box::new(task))
    }

    /// The next page of a transfer, when all of it has come, or is to be sent.
    fn next_chunk(&mut self) -> Asked {
        let Some(transfer) = self.transfer else { return Asked::Nothing };
        let count = transfer.left.min(PAGE);
        if !transfer.read && self.chunk.len() < count as usize {
            return Asked::Nothing;
        }
        let mut task = Task { token: self.number, same_source: transfer.begun, ..Task::of(Source::Picoboot) };
        if transfer.read {
            task.read = Some((transfer.addr, count));
        } else {
            task.write = Some((transfer.addr, self.chunk.drain(..count as usize).collect()));
        }
        self.busy = true;
        Asked::Task(Box::new(task))
    }

    /// A task has ended, with what was read.
    pub fn done(&mut self, token: u32, status: Status, data: &[u8]) -> Asked {
        if token != self.number {
            return Asked::Nothing;
        }
        self.busy = false;
        self.status = status as u8;
        let Some(transfer) = &mut self.transfer else {
            // The ROM acknowledges a command without data however it went: its status says how.
            self.acknowledge();
            return Asked::Nothing;
        };
        if status != Status::Ok {
            let read = transfer.read;
            self.transfer = None;
            self.in_progress = false;
            (self.pipes.in_halted, self.pipes.out_halted) = (read, !read);
            return Asked::Nothing;
        }
        let count = transfer.left.min(PAGE);
        transfer.addr = transfer.addr.wrapping_add(count);
        transfer.left -= count;
        transfer.begun = true;
        let (read, left) = (transfer.read, transfer.left);
        if read {
            self.pipes.send(data);
        } else if left == 0 {
            self.transfer = None;
            self.acknowledge();
        }
        Asked::Nothing
    }

    /// The host has taken a packet.
    pub fn sent(&mut self) -> Asked {
        match self.transfer {
            Some(transfer) if transfer.read && self.pipes.is_sent() && !self.busy => {
                if transfer.left != 0 {
                    return self.next_chunk();
                }
                self.transfer = None;
                self.acknowledge();
                Asked::Nothing
            }
            _ => Asked::Nothing,
        }
    }

    /// An empty packet against the direction of the data.
    fn acknowledge(&mut self) {
        self.in_progress = false;
        if self.command & 0x80 != 0 {
            self.awaits_ack = true;
        } else {
            self.pipes.send(&[]);
        }
    }
}
