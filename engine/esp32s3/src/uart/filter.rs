//! The glitch filter in front of the receiver, RX_FILT: pulses shorter than GLITCH_FILT cycles of the core's clock do not pass
//! (TRM, chapter UART Controller; ESP-IDF `hal/uart_ll.h`, uart_ll_set_glitch_filt_thrd). What passes comes so much later.

use super::{Reg, Uart, CONF0, RX_FILT};
use crate::fabric::Fabric;
use engine_core::time::Ps;
use serde::{Deserialize, Serialize};

/// The filter.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Filter {
    /// The last edge, whose level has not lasted long enough yet.
    pending: Option<(Ps, bool)>,
}

impl Uart {
    /// RXD changes, RXD_INV worked in.
    pub(super) fn hear(&mut self, at: Ps, high: bool, fabric: &Fabric) {
        if self.field(Reg::RX_FILT, RX_FILT::GLITCH_FILT_EN) == 0 {
            return self.pass(at, high, fabric);
        }
        let width = self.filter_width(fabric);
        match self.filter.pending.take() {
            // Neither of the glitch's edges passes.
            Some((from, _)) if at.saturating_sub(from) < width => {}
            earlier => {
                if let Some((from, level)) = earlier {
                    self.pass(from + width, level, fabric);
                }
                self.filter.pending = Some((at, high));
            }
        }
    }

    /// A level that has lasted long enough passes. Returns when the next one will have.
    pub(super) fn filter(&mut self, fabric: &Fabric) -> Ps {
        let Some((from, level)) = self.filter.pending else { return Ps::MAX };
        let passes = from + self.filter_width(fabric);
        if passes > fabric.now() {
            return passes;
        }
        self.filter.pending = None;
        self.pass(passes, level, fabric);
        Ps::MAX
    }

    fn filter_width(&self, fabric: &Fabric) -> Ps {
        let cycles = self.field(Reg::RX_FILT, RX_FILT::GLITCH_FILT);
        let clock = self.core_clock(fabric);
        if clock.is_running() {
            clock.duration(u64::from(cycles))
        } else {
            0
        }
    }

    /// The receiver's line changes.
    fn pass(&mut self, at: Ps, high: bool, fabric: &Fabric) {
        if self.conf0(CONF0::IRDA_EN) {
            self.see_light(at, high, fabric);
        } else {
            self.receiver.hear(at, high);
            self.measure(at, high, fabric);
        }
    }
}
