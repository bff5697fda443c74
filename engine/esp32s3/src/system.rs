//! Everything but the processors: memories, blocks, and how they are brought up to date with each other.

use crate::block::{Block, InputEdge};
use crate::devices::Devices;
use crate::fabric::{Reason, Request};
use crate::memories::{Memories, Mmu};
use crate::signals::Signal;
use crate::slots::Slot;
use crate::spi_mem::psram::{Kind, Psram};
use crate::spi_mem::spi1::Chips;
use engine_core::flash::FlashChip;

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
    pub fn new(flash: usize, psram: usize, kind: Kind) -> Self {
        let dev = Devices::new(FlashChip::new(flash), Psram::new(kind, psram));
        let mut system = Self { mem: Memories::new(flash, psram), dev, core: 0, other_cycle: u64::MAX };
        let Devices { fabric, interrupt, .. } = &mut system.dev;
        interrupt.reset(fabric);
        system
    }

    /// Carries out what is due in a slot.
    pub fn event(&mut self, slot: Slot) {
        let Devices { fabric, spi1, .. } = &mut self.dev;
        match slot {
            Slot::Stimulus => self.stimulus(),
            Slot::Spi1 => spi1.event(slot, fabric),
            _ => unreachable!("no block uses slot {slot:?} yet"),
        }
        self.settle();
    }

    /// What follows an access or an event: blocks see the inputs that changed, and requests are carried out.
    pub fn settle(&mut self) {
        if self.dev.spi1.has_started() {
            self.talk_to_flash();
        }
        self.tell_inputs();
        self.carry_out_requests();
    }

    /// SPI1 was told to start.
    fn talk_to_flash(&mut self) {
        let Devices { fabric, spi0, spi1, flash_chip, psram_chip, .. } = &mut self.dev;
        let Memories { flash, psram, .. } = &mut self.mem;
        let mut chips = Chips { flash: flash_chip, cells: flash, psram: psram_chip, ram: psram };
        if spi1.carry_out(&mut chips, spi0.core_clock(), fabric) {
            fabric.attention();
        }
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
            for (_at, _pins, _levels, edges) in changes {
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

    /// Blocks go back to their reset state as far as the reason reaches, TRM chapter 8: a core reset resets the digital
    /// side but not RTC, a system reset both.
    pub fn restart_devices(&mut self, _reason: Reason) {
        let Devices { fabric, interrupt, .. } = &mut self.dev;
        interrupt.reset(fabric);
        self.dev.mmu = Mmu::new();
        self.settle();
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
                other => self.dev.fabric.requests.push(other),
            }
        }
    }
}
