//! The clock tree, datasheet 2.15: from the sources over the generators to the rates that everybody runs at.
//!
//! Oscillators, PLLs and the multiplexers each say here what they do; [`Fabric::settle_clocks`] is the one
//! place where rates are worked out.

use super::ticks::Ticks;
use crate::fabric::{Fabric, Irq, Request, Slot};
use engine_core::time::{Hertz, Ps};
use serde::{Deserialize, Serialize};

/// Where a generator or the frequency counter takes its clock from.
#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// A reserved or unused selection.
    Nothing,
    Rosc,
    /// The phase-shifted output of the ring oscillator.
    RoscPh,
    Xosc,
    PllSys,
    PllUsb,
    Gpin0,
    Gpin1,
    Ref,
    Sys,
    Peri,
    Usb,
    Adc,
    Rtc,
}

/// The generators in the order of their registers (2.15.3.1).
#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Generator {
    Gpout0,
    Gpout1,
    Gpout2,
    Gpout3,
    Ref,
    Sys,
    Peri,
    Usb,
    Adc,
    Rtc,
}

/// What one generator is set to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// What its multiplexers select.
    pub from: Source,
    /// Its divisor in 256ths.
    pub divisor: u64,
    /// ENABLE without KILL; always for clk_ref and clk_sys.
    pub on: bool,
}

/// The resuscitation of clk_sys (2.15.5): a stopped clk_sys falls back to clk_ref.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resus {
    /// CTRL.ENABLE.
    pub enabled: bool,
    /// CTRL.FRCE.
    pub forced: bool,
    /// CTRL.TIMEOUT, in cycles of clk_ref.
    pub timeout: u32,
    /// STATUS.RESUSSED: clk_sys runs from clk_ref until CTRL.CLEAR.
    pub resussed: bool,
    /// When a clk_sys that stands still is resuscitated.
    pub due: Option<Ps>,
}

/// The state of the tree.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Tree {
    /// The ring oscillator behind its divider.
    pub rosc: Hertz,
    /// Its phase-shifted output.
    pub rosc_ph: Hertz,
    /// The crystal oscillator; stopped until it is stable.
    pub xosc: Hertz,
    /// Since when the crystal oscillator runs as it does.
    pub xosc_since: Ps,
    /// PLL_SYS and PLL_USB as ratios to the crystal oscillator.
    pub pll: [(u64, u64); 2],
    /// Clocks fed in from outside on GPIN0 (GPIO20) and GPIN1 (GPIO22).
    pub gpin: [Hertz; 2],
    /// The generators.
    pub generators: [Setting; 10],
    /// Resuscitation.
    pub resus: Resus,
    /// clk_sys stands still, and the processors with it.
    pub stopped: bool,
    /// Cycles of clk_ref in a tick of the watchdog block; 0: no tick.
    pub tick_cycles: u32,
    /// Edges of clk_gpout0 to clk_gpout3 so far: two in a period.
    pub gpout_edges: [Ticks; 4],
    /// Of these, those that have been made on the pin; `None` while nobody looks at it.
    pub gpout_made: [Option<u64>; 4],
    /// Ticks of the watchdog block so far.
    pub ticks: Ticks,
    /// Cycles of clk_rtc so far.
    pub rtc_cycles: Ticks,
}

impl Tree {
    /// The tree after power-on: clk_ref and clk_sys run from the ring oscillator.
    pub fn new(rosc: Hertz) -> Self {
        let off = Setting { from: Source::Nothing, divisor: 256, on: false };
        let mut generators = [off; 10];
        generators[Generator::Ref as usize] = Setting { from: Source::RoscPh, divisor: 256, on: true };
        generators[Generator::Sys as usize] = Setting { from: Source::Ref, divisor: 256, on: true };
        Self {
            rosc,
            rosc_ph: rosc,
            xosc: Hertz::STOPPED,
            xosc_since: 0,
            pll: [(0, 1); 2],
            gpin: [Hertz::STOPPED; 2],
            generators,
            resus: Resus::default(),
            stopped: false,
            tick_cycles: 0,
            gpout_edges: Default::default(),
            gpout_made: [None; 4],
            ticks: Ticks::default(),
            rtc_cycles: Ticks::default(),
        }
    }
}

impl Fabric {
    /// The rate of a source or of another generator's output.
    pub fn rate_of(&self, source: Source) -> Hertz {
        let tree = &self.tree;
        match source {
            Source::Nothing => Hertz::STOPPED,
            Source::Rosc => tree.rosc,
            Source::RoscPh => tree.rosc_ph,
            Source::Xosc => tree.xosc,
            Source::PllSys => tree.xosc.scaled(tree.pll[0].0, tree.pll[0].1),
            Source::PllUsb => tree.xosc.scaled(tree.pll[1].0, tree.pll[1].1),
            Source::Gpin0 => self.gpin(0),
            Source::Gpin1 => self.gpin(1),
            Source::Ref => self.rates.reference,
            Source::Sys => self.rates.sys,
            Source::Peri => self.rates.peri,
            Source::Usb => self.rates.usb,
            Source::Adc => self.rates.adc,
            Source::Rtc => self.rates.rtc,
        }
    }

    fn generated(&self, generator: Generator) -> Hertz {
        let Setting { from, divisor, on } = self.tree.generators[generator as usize];
        if on {
            self.rate_of(from).scaled(256, divisor)
        } else {
            Hertz::STOPPED
        }
    }

    /// Something in the clock tree changed: all rates follow, and those who wait for edges of a clock count again.
    pub fn settle_clocks(&mut self) {
        let now = self.now();
        self.rates.reference = self.generated(Generator::Ref);
        let sys = if self.tree.resus.resussed { self.rates.reference } else { self.generated(Generator::Sys) };
        self.settle_sys(sys, now);
        self.rates.peri = self.generated(Generator::Peri);
        self.rates.usb = self.generated(Generator::Usb);
        self.rates.adc = self.generated(Generator::Adc);
        self.rates.rtc = self.generated(Generator::Rtc);
        for (n, generator) in
            [Generator::Gpout0, Generator::Gpout1, Generator::Gpout2, Generator::Gpout3].into_iter().enumerate()
        {
            let rate = self.generated(generator);
            if rate != self.rates.gpout[n] {
                self.rates.gpout[n] = rate;
                self.tree.gpout_edges[n].set_rate(rate.scaled(2, 1), now);
                self.look_at_gpout();
            }
        }
        self.rates.tick = self.rates.reference.scaled(1, u64::from(self.tree.tick_cycles));
        if self.tree.ticks.rate() != self.rates.tick {
            self.tree.ticks.set_rate(self.rates.tick, now);
            for slot in [Slot::Timer0, Slot::Timer1, Slot::Timer2, Slot::Timer3, Slot::Watchdog] {
                self.at(slot, now);
            }
        }
        if self.tree.rtc_cycles.rate() != self.rates.rtc {
            self.tree.rtc_cycles.set_rate(self.rates.rtc, now);
            self.at(Slot::Rtc, now);
        }
    }

    /// clk_sys takes its new rate. One that stands still takes the processors with it, until it is resuscitated
    /// after TIMEOUT cycles of clk_ref (2.15.5).
    fn settle_sys(&mut self, sys: Hertz, now: Ps) {
        let was_stopped = self.tree.stopped;
        self.tree.stopped = !sys.is_running();
        if sys.is_running() && (sys != self.rates.sys || was_stopped) {
            self.request(Request::SysClock(sys));
        }
        self.rates.sys = sys;
        let resus = self.tree.resus;
        if !resus.enabled || resus.resussed || !(self.tree.stopped || resus.forced) {
            self.tree.resus.due = None;
        } else if resus.due.is_none() {
            let due = now.saturating_add(self.rates.reference.duration(u64::from(resus.timeout)));
            self.tree.resus.due = Some(due);
            let next = due.min(self.events.due(Slot::Clocks as usize));
            self.at(Slot::Clocks, next);
        }
        if self.tree.stopped && !was_stopped {
            self.gaps.touch(
                "CLOCKS.clk_sys stopped",
                "the processors stand still as they should, but blocks that run from clk_sys go on at its last rate",
            );
            self.attention();
            self.sense_wake();
        }
    }

    /// 2.11.5: while the oscillators are dormant, an interrupt of the pins that is enabled for dormant wake, or that of the
    /// RTC, starts them again.
    #[inline]
    pub fn sense_wake(&mut self) {
        if !self.tree.stopped {
            return;
        }
        let pins = self.io.interrupts.wakes(self.io.irq_input()) || self.qspi.wakes();
        if pins || self.irq[0] >> Irq::RTC as u8 & 1 != 0 {
            self.request(Request::Wake);
        }
    }
}
