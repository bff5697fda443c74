//! The 8080 bus: ESP-IDF `esp_lcd_panel_io_i80.c`, and LCD_USER and LCD_MISC in `soc/lcd_cam_struct.h`.

use super::colours::Stream;
use super::{Display, LcdCam, Reg, LCD_CMD_VAL, LCD_MISC, LCD_USER, LC_DMA_INT_RAW};
use crate::fabric::Fabric;
use crate::gdma::{Peripheral, Port};
use crate::signals::{LCD_CS, LCD_DC};
use crate::slots::Slot;
use engine_core::registers::Field;
use engine_core::time::Ps;
use serde::{Deserialize, Serialize};

/// Bytes of data that are fetched, and go out, in one part.
const PART: usize = 4096;
/// Bytes that are whole groups of pixels in every order of colours.
const GROUPS: usize = 24;

/// A transaction on its way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Transaction {
    phase: Phase,
    /// When the present phase, or part of its data, began, how many cycles it takes, and when it ends.
    from: Ps,
    cycles: u64,
    due: Ps,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum Phase {
    Setup,
    Command(Vec<u16>),
    Dummy,
    /// Data goes out: these words, and whether they are the last ones. How many words went before them.
    Data {
        words: Vec<u16>,
        last: bool,
        before: u64,
    },
    Hold,
}

impl LcdCam {
    /// A phase begins that takes so many cycles; without a clock it does not end.
    fn begin(&mut self, phase: Phase, from: Ps, cycles: u64, fabric: &mut Fabric) {
        let due = from.saturating_add(self.pixel_clock(fabric).duration(cycles));
        self.go_on(Transaction { phase, from, cycles, due }, fabric);
    }

    /// LCD_CD in a phase.
    fn show_phase(&self, differs: Option<Field>, at: Ps, fabric: &mut Fabric) {
        let misc = self.bank.get(Reg::LCD_MISC);
        let level = LCD_MISC::LCD_CD_IDLE_EDGE.is_set(misc) != differs.is_some_and(|field| field.is_set(misc));
        fabric.drive_at(LCD_DC, level, at);
    }

    /// LCD_START outside RGB mode: LCD_CS becomes active, and the setup phase begins.
    pub(super) fn start_bus(&mut self, fabric: &mut Fabric) {
        let now = fabric.now();
        self.colours = Stream::default();
        fabric.drive(LCD_CS, false);
        let cycles = if self.is_set(Reg::LCD_MISC, LCD_MISC::LCD_BK_EN) {
            u64::from(self.field(Reg::LCD_MISC, LCD_MISC::LCD_VFK_CYCLELEN)) + 1
        } else {
            0
        };
        self.begin(Phase::Setup, now, cycles, fabric);
    }

    fn go_on(&mut self, transaction: Transaction, fabric: &mut Fabric) {
        if transaction.due == Ps::MAX {
            fabric.cancel(Slot::Lcd);
        } else {
            fabric.at(Slot::Lcd, transaction.due);
        }
        self.display = Display::Bus(transaction);
    }

    /// The present phase is over; or software has started a link, or the clock is another.
    pub(super) fn step_bus(&mut self, transaction: Transaction, fabric: &mut Fabric, port: &mut Port) {
        let Transaction { phase, from, cycles, due } = transaction;
        if fabric.now() < due {
            return match due {
                Ps::MAX => self.begin(phase, fabric.now(), cycles, fabric),
                _ => self.go_on(Transaction { phase, from, cycles, due }, fabric),
            };
        }
        match phase {
            Phase::Setup => self.command_phase(due, fabric, port),
            Phase::Command(words) => {
                self.put_out(&words, from, fabric);
                self.dummy_phase(due, fabric, port);
            }
            Phase::Dummy => self.data_phase(due, fabric, port),
            Phase::Data { words, last, before } => {
                self.put_out(&words, from, fabric);
                if last {
                    self.hold_phase(due, fabric);
                } else {
                    self.next_part(due, before + words.len() as u64, fabric, port);
                }
            }
            Phase::Hold => {
                self.stop(fabric);
                self.raise(LC_DMA_INT_RAW::LCD_TRANS_DONE_INT_RAW, fabric);
            }
        }
    }

    /// One cycle with the lower half of LCD_CMD_VAL, or two.
    fn command_phase(&mut self, at: Ps, fabric: &mut Fabric, port: &mut Port) {
        let user = self.bank.get(Reg::LCD_USER);
        if !LCD_USER::LCD_CMD.is_set(user) {
            return self.dummy_phase(at, fabric, port);
        }
        self.show_phase(Some(LCD_MISC::LCD_CD_CMD_SET), at, fabric);
        let value = self.field(Reg::LCD_CMD_VAL, LCD_CMD_VAL::LCD_CMD_VALUE);
        let mask = if self.width() == 2 { 0xFFFF } else { 0xFF };
        let mut words = vec![value as u16 & mask, (value >> 16) as u16 & mask];
        words.truncate(1 + usize::from(LCD_USER::LCD_CMD_2_CYCLE_EN.is_set(user)));
        let cycles = words.len() as u64;
        self.begin(Phase::Command(words), at, cycles, fabric);
    }

    fn dummy_phase(&mut self, at: Ps, fabric: &mut Fabric, port: &mut Port) {
        let user = self.bank.get(Reg::LCD_USER);
        if !LCD_USER::LCD_DUMMY.is_set(user) {
            return self.data_phase(at, fabric, port);
        }
        self.show_phase(Some(LCD_MISC::LCD_CD_DUMMY_SET), at, fabric);
        let cycles = u64::from(LCD_USER::LCD_DUMMY_CYCLELEN.get(user)) + 1;
        self.begin(Phase::Dummy, at, cycles, fabric);
    }

    fn data_phase(&mut self, at: Ps, fabric: &mut Fabric, port: &mut Port) {
        if !self.is_set(Reg::LCD_USER, LCD_USER::LCD_DOUT) {
            return self.hold_phase(at, fabric);
        }
        self.show_phase(Some(LCD_MISC::LCD_CD_DATA_SET), at, fabric);
        self.next_part(at, 0, fabric, port);
    }

    /// The next part of the data: to the end of DMA's packet, or with LCD_ALWAYS_OUT_EN off of LCD_DOUT_CYCLELEN. Nobody
    /// waits for DMA: where it has nothing, the data is over.
    fn next_part(&mut self, at: Ps, before: u64, fabric: &mut Fabric, port: &mut Port) {
        let user = self.bank.get(Reg::LCD_USER);
        let endless = LCD_USER::LCD_ALWAYS_OUT_EN.is_set(user);
        let all = u64::from(LCD_USER::LCD_DOUT_CYCLELEN.get(user)) + 1;
        let converter = self.display_converter();
        let part = match (self.needs_edges(fabric), converter) {
            (true, None) => self.width(),
            (true, Some(_)) => GROUPS,
            (false, _) => PART,
        };
        let left = if endless { part } else { (all.saturating_sub(before) as usize).saturating_mul(self.width()) };
        let wanted = left.min(part);
        let mut bytes = vec![0; converter.map_or(wanted, |converter| converter.bytes_in(wanted))];
        let mut count = 0;
        let mut ended = false;
        while count < bytes.len() && !ended {
            let (more, packet_ends) = port.pull_packet(Peripheral::LCD_CAM, &mut bytes[count..], fabric);
            ended = packet_ends;
            count += more;
            if more == 0 {
                break;
            }
        }
        if count == 0 {
            return self.hold_phase(at, fabric);
        }
        bytes.truncate(count);
        let words = match converter {
            Some(converter) => {
                let converted = converter.convert(&bytes, &mut self.colours);
                self.words(&converted)
            }
            None => self.words(&bytes),
        };
        let cycles = words.len() as u64;
        let last = ended || (!endless && before + cycles >= all);
        self.begin(Phase::Data { words, last, before }, at, cycles, fabric);
    }

    fn hold_phase(&mut self, at: Ps, fabric: &mut Fabric) {
        self.show_phase(None, at, fabric);
        let cycles = if self.is_set(Reg::LCD_MISC, LCD_MISC::LCD_BK_EN) {
            u64::from(self.field(Reg::LCD_MISC, LCD_MISC::LCD_VBK_CYCLELEN)) + 1
        } else {
            0
        };
        self.begin(Phase::Hold, at, cycles, fabric);
    }
}
