//! Everything but the processors: memories, blocks, and how they are brought up to date with each other.

use crate::block::{Block, InputEdge};
use crate::devices::Devices;
use crate::fabric::{Reason, Request};
use crate::memories::Memories;
use crate::signals::Signal;
use crate::slots::Slot;

/// The chip without its processors, as a processor's bus sees it.
#[derive(Debug)]
pub struct System {
    /// The memories.
    pub mem: Memories,
    /// The blocks.
    pub dev: Devices,
    /// The processor whose access is under way.
    pub core: usize,
    /// The cycle that the other processor has reached; `u64::MAX` while it sleeps.
    pub other_cycle: u64,
}

impl System {
    /// A chip with this much flash and PSRAM, in bytes.
    pub fn new(flash: usize, psram: usize) -> Self {
        let mut system = Self { mem: Memories::new(flash, psram), dev: Devices::new(), core: 0, other_cycle: u64::MAX };
        system.dev.restart(Reason::PowerOn);
        system.settle();
        system
    }

    /// Carries out what is due in a slot.
    pub fn event(&mut self, slot: Slot) {
        let Devices { fabric, rtc_cntl, systimer, timg0, timg1, .. } = &mut self.dev;
        match slot {
            Slot::Stimulus => self.stimulus(),
            Slot::RtcTimer | Slot::RtcWatchdog | Slot::SuperWatchdog | Slot::RtcSleep => rtc_cntl.event(slot, fabric),
            Slot::Systimer0 | Slot::Systimer1 | Slot::Systimer2 => systimer.event(slot, fabric),
            Slot::Timg0T0 | Slot::Timg0T1 | Slot::Timg0Wdt => timg0.event(slot, fabric),
            Slot::Timg1T0 | Slot::Timg1T1 | Slot::Timg1Wdt => timg1.event(slot, fabric),
            _ => unreachable!("no block uses slot {slot:?} yet"),
        }
        self.settle();
    }

    /// What follows an access or an event: blocks see the inputs that changed, and requests are carried out.
    pub fn settle(&mut self) {
        self.tell_inputs();
        self.carry_out_requests();
    }

    /// Changes from outside are due.
    fn stimulus(&mut self) {
        let fabric = &mut self.dev.fabric;
        let now = fabric.now();
        fabric.pins.apply_stimuli(now);
        fabric.levels_changed(now);
        let next = fabric.pins.next_stimulus();
        fabric.at(Slot::Stimulus, next);
    }

    /// Blocks that watch inputs are told what changed, in the order of time; what they drive in answer is told as well.
    fn tell_inputs(&mut self) {
        loop {
            let changes = self.dev.fabric.take_input_changes();
            if changes.is_empty() {
                return;
            }
            for (_at, pins, levels, edges) in changes {
                self.dev.rtc_cntl.pins_changed(pins, levels, &mut self.dev.fabric);
                for edge in edges {
                    self.tell_input(edge);
                }
            }
        }
    }

    fn tell_input(&mut self, edge: InputEdge) {
        const LAST: Signal = 255;
        match edge.signal {
            0..=LAST => {}
            signal => unreachable!("signal {signal} is no input"),
        }
    }

    /// Carries out what blocks asked of the chip, as far as it concerns the blocks themselves.
    pub fn carry_out_requests(&mut self) {
        if self.dev.fabric.requests.is_empty() {
            return;
        }
        for request in std::mem::take(&mut self.dev.fabric.requests) {
            match request {
                Request::CpuClock(rate) => {
                    let fabric = &mut self.dev.fabric;
                    fabric.clock.set_rate(rate, fabric.cycle);
                }
                Request::Rates => self.dev.clocks_changed(),
                Request::ResetBlock(base) => self.dev.reset_block(base),
                other => self.dev.fabric.requests.push(other),
            }
        }
    }
}
