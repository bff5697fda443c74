//! CLKOUT: APB_CLK divided, on a pin. ESP-IDF `hal/twai_ll.h`, twai_ll_set_clkout: by 2 (CD + 1), by 1 where CD is 255.

use super::{Reg, Twai, CLOCK_DIVIDER};
use crate::clock_out::Square;
use crate::fabric::Fabric;
use engine_core::time::Hertz;

/// CD for a divider of 1.
const UNDIVIDED: u32 = 255;

impl Twai {
    /// The divider or its clock may be another.
    pub(super) fn settle_clkout(&mut self, fabric: &mut Fabric) {
        let divider = self.bank.get(Reg::CLOCK_DIVIDER);
        let rate = match CLOCK_DIVIDER::CD.get(divider) {
            _ if CLOCK_DIVIDER::CLOCK_OFF.is_set(divider) => Hertz::STOPPED,
            UNDIVIDED => fabric.rates.apb,
            cd => fabric.rates.apb.scaled(1, 2 * (u64::from(cd) + 1)),
        };
        self.clkout.set(Square::of(rate, fabric.now()), fabric);
    }

    /// The edges up to now.
    pub(crate) fn catch_up_clock(&mut self, fabric: &mut Fabric) {
        self.clkout.catch_up(fabric);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::Block;
    use crate::io::{OutSelect, Pad};
    use crate::signals::TWAI_CLKOUT;
    use crate::slots::Slot;
    use engine_core::registers::Write;

    /// ESP-IDF `hal/twai_ll.h`: a divider of 8 is CD = 3, of 1 CD = 255; CLOCK_OFF stops it. APB_CLK is 40 MHz here.
    #[test]
    fn the_bus_clock_divided_is_on_a_pin() {
        let (mut twai, mut fabric) = (Twai::new(), Fabric::new());
        fabric.set_pad(4, Pad { function: 1, ..Pad::default() });
        let select = OutSelect { signal: TWAI_CLKOUT, invert: false, enable_by_gpio: false, invert_enable: false };
        fabric.select_output(4, select);
        twai.reset(&mut fabric);
        fabric.pins.keep_log(true);
        for (divider, edges) in [(3, 2_000), (255, 16_000), (0, 8_000), (1 << 8, 0)] {
            twai.write(0x7C, Write::word(divider), &mut fabric);
            fabric.cycle += 40;
            twai.event(Slot::TwaiClkout, &mut fabric);
            fabric.pins.take_log();
            fabric.cycle += 40 * 200;
            twai.event(Slot::TwaiClkout, &mut fabric);
            let log = fabric.pins.take_log();
            assert!((log.len() as u64).abs_diff(edges) <= 1, "{divider:#x}: {}", log.len());
        }
        assert!(fabric.gaps.all().is_empty());
    }
}
