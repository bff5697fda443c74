//! A chip without processors on a bench, for the tests of UART, SPI and I2C: clk_sys and clk_peri at 125 MHz.

use crate::fabric::{slot, Slot};
use crate::pads::Func;
use crate::system::System;
use engine_core::time::{Clock, Hertz, Ps};

pub(crate) struct Bench {
    pub(crate) system: System,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let mut system = System::new(4096);
        let fabric = &mut system.dev.fabric;
        fabric.clock = Clock::new(Hertz::new(125_000_000));
        fabric.rates.peri = Hertz::new(125_000_000);
        fabric.io.pull_down = 0;
        fabric.io.pull_up = 0x3FFF_FFFF;
        fabric.pads_changed(0);
        Self { system }
    }

    /// Selects a function on pins.
    pub(crate) fn select(&mut self, func: Func, pins: &[u8]) {
        let now = self.now();
        for &pin in pins {
            self.system.dev.fabric.select_function(pin, Some(func as usize), now);
        }
    }

    pub(crate) fn now(&self) -> Ps {
        self.system.dev.fabric.now()
    }

    /// Goes on to `until`, event by event.
    pub(crate) fn run_to(&mut self, until: Ps) {
        loop {
            let fabric = &mut self.system.dev.fabric;
            let stimulus = fabric.pins.next_stimulus();
            fabric.at(Slot::Stimulus, stimulus);
            let next = fabric.events.next().min(until);
            fabric.cycle = fabric.clock.first_cycle_from(next).max(fabric.cycle);
            let now = fabric.now();
            let mut fired = false;
            while let Some(number) = self.system.dev.fabric.events.pop(now) {
                self.system.event(slot(number));
                fired = true;
            }
            if !fired && now >= until {
                return;
            }
        }
    }

    pub(crate) fn run(&mut self, time: Ps) {
        self.run_to(self.now() + time);
    }

    /// Is an interrupt line of processor 0 high?
    pub(crate) fn irq(&self, irq: crate::fabric::Irq) -> bool {
        self.system.dev.fabric.irq[0] >> irq as u8 & 1 != 0
    }

    /// Is a DMA request line high?
    pub(crate) fn dreq(&self, number: u8) -> bool {
        self.system.dev.fabric.dreq >> number & 1 != 0
    }
}
