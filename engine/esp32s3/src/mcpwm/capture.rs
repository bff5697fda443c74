//! The capture timer and its three channels.

use super::registers::common::{Reg, CAP_CH0_CFG, CAP_TIMER_CFG};
use crate::ticker::Ticker;
use engine_core::registers::Bank;
use engine_core::time::{Hertz, Ps};
use serde::{Deserialize, Serialize};

const CONFIGS: [Reg; 3] = [Reg::CAP_CH0_CFG, Reg::CAP_CH1_CFG, Reg::CAP_CH2_CFG];
const VALUES: [Reg; 3] = [Reg::CAP_CH0, Reg::CAP_CH1, Reg::CAP_CH2];
/// CAPn_MODE.
const FALLING: u32 = 1;
const RISING: u32 = 2;

/// The prescaler of a channel.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Prescaler {
    rising: u32,
    /// The pulse that is going on is dropped.
    drops: bool,
}

/// The capture part of the block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Capture {
    timer: Ticker,
    prescalers: [Prescaler; 3],
}

/// The configuration of a channel; the fields of channel 0 stand for all.
pub fn config(regs: &Bank<Reg>, channel: usize) -> u32 {
    regs.get(CONFIGS[channel])
}

/// The channel that this register configures.
pub fn channel_of(register: Reg) -> Option<usize> {
    CONFIGS.iter().position(|config| *config == register)
}

impl Capture {
    pub(super) fn new() -> Self {
        Self { timer: Ticker::stopped(), prescalers: Default::default() }
    }

    /// The timer counts APB_CLK while CAP_TIMER_EN is set.
    pub(super) fn set_rate(&mut self, regs: &Bank<Reg>, apb: Hertz, now: Ps) {
        let on = regs.field(Reg::CAP_TIMER_CFG, CAP_TIMER_CFG::CAP_TIMER_EN) != 0;
        self.timer.set_rate(if on { apb } else { Hertz::STOPPED }, now);
    }

    /// A sync event sets the timer to CAP_PHASE, where CAP_SYNCI_EN is set.
    pub(super) fn sync(&mut self, regs: &Bank<Reg>, at: Ps) {
        if regs.field(Reg::CAP_TIMER_CFG, CAP_TIMER_CFG::CAP_SYNCI_EN) != 0 {
            self.timer.set_count(regs.get(Reg::CAP_TIMER_PHASE).into(), at);
        }
    }

    /// An edge of an input. True: it was captured.
    pub(super) fn edge(&mut self, regs: &mut Bank<Reg>, channel: usize, high: bool, at: Ps) -> bool {
        let cfg = config(regs, channel);
        let rising = high != CAP_CH0_CFG::CAP0_IN_INVERT.is_set(cfg);
        let prescaler = &mut self.prescalers[channel];
        if rising {
            prescaler.drops = prescaler.rising < CAP_CH0_CFG::CAP0_PRESCALE.get(cfg);
            prescaler.rising = if prescaler.drops { prescaler.rising + 1 } else { 0 };
        }
        let wanted = CAP_CH0_CFG::CAP0_MODE.get(cfg) & if rising { RISING } else { FALLING } != 0;
        let captured = wanted && !prescaler.drops && CAP_CH0_CFG::CAP0_EN.is_set(cfg);
        if captured {
            self.capture(regs, channel, !rising, at);
        }
        captured
    }

    /// The timer's value is captured, with the edge that did it: 1 is a falling one.
    pub(super) fn capture(&mut self, regs: &mut Bank<Reg>, channel: usize, falling: bool, at: Ps) {
        regs.set(VALUES[channel], self.timer.count(at) as u32);
        let status = regs.get(Reg::CAP_STATUS) & !(1 << channel);
        regs.set(Reg::CAP_STATUS, status | u32::from(falling) << channel);
    }
}
