//! AT_CMD characters: so many of one kind in a row, with silence around them. ESP-IDF's documentation of
//! `uart_enable_pattern_det_baud_intr`; times are silent bits.

use super::{Reg, Uart, AT_CMD_CHAR, AT_CMD_GAPTOUT, AT_CMD_POSTCNT, AT_CMD_PRECNT, INT_RAW};
use engine_core::time::{Hertz, Ps};
use serde::{Deserialize, Serialize};

/// What has come in of a row.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Row {
    count: u32,
    /// All are there, and this is the end of the silence behind them.
    pub(super) due: Option<Ps>,
}

impl Uart {
    /// The silence behind a row lasted long enough.
    pub(super) fn end_row(&mut self, now: Ps) {
        if self.receiver.row.due.is_some_and(|at| at <= now) {
            self.receiver.row.due = None;
            self.raw |= INT_RAW::AT_CMD_CHAR_DET_INT_RAW.mask;
        }
    }

    /// A character came in at `at`; the one before it was in at `receiver.last`.
    pub(super) fn watch_row(&mut self, byte: u8, at: Ps, rate: Hertz) {
        let began = at.saturating_sub(rate.scaled(2, 1).duration(u64::from(self.frame_halves())));
        self.end_row(began);
        self.receiver.row.due = None;
        if u32::from(byte) != self.field(Reg::AT_CMD_CHAR, AT_CMD_CHAR::AT_CMD_CHAR) {
            self.receiver.row.count = 0;
            return;
        }
        let bits = |bits: u32| rate.duration(u64::from(bits));
        let silence = began.saturating_sub(self.receiver.last);
        if silence > bits(self.field(Reg::AT_CMD_GAPTOUT, AT_CMD_GAPTOUT::RX_GAP_TOUT)) {
            self.receiver.row.count = 0;
        }
        let before = bits(self.field(Reg::AT_CMD_PRECNT, AT_CMD_PRECNT::PRE_IDLE_NUM));
        if self.receiver.row.count == 0 && silence < before {
            return;
        }
        self.receiver.row.count += 1;
        if self.receiver.row.count == self.field(Reg::AT_CMD_CHAR, AT_CMD_CHAR::CHAR_NUM) {
            self.receiver.row.count = 0;
            let silence = bits(self.field(Reg::AT_CMD_POSTCNT, AT_CMD_POSTCNT::POST_IDLE_NUM));
            self.receiver.row.due = Some(at.saturating_add(silence));
            self.end_row(at);
        }
    }
}
