//! USB controller. RP2040 datasheet, section 4.1.
//!
//! In device mode, with a host on the other end of the cable ([`engine_core::usb_host`]). Host mode of the controller, the direct
//! drive of the transceiver, and USB on GPIO pins are declared and not modelled.
//!
//! Erratum RP2040-E5 (the device does not leave reset on a busy bus) is fixed in B2, the revision of this chip; SDK code that works
//! around it looks at the revision and does nothing here. Erratum RP2040-E2 (EP_ABORT) is fixed in B2 as well.
//!
//! # Fidelity
//! - Device mode: exact registers, buffers and interrupts of the controller; transactions at full speed in bus time.
//!   A token that would be answered by NAK is not sent, so INTERRUPT_ON_NAK (counted) never interrupts.
//! - The host is ours: one device, no hubs, no isochronous transfers, no errors on the wire. Suspend comes of 3 ms without
//!   SOF. clk_usb must be 48 MHz, else the host finds nobody (counted).
//! - Missing: host mode, the direct drive of the transceiver, USB on GPIO pins.

mod controller;
mod registers;
#[cfg(test)]
mod tests;

pub use registers::{buffer, endpoint, setup, Reg};

use crate::block::{undeclared, Block};
use crate::bootrom::UsbBoot;
use crate::fabric::{Fabric, Irq, Slot};
use crate::pads::Func;
use controller::{Controller, DPRAM};
use engine_core::registers::{Group, Registers, Write};
use engine_core::usb_host::{Around, Host};
use serde::{Deserialize, Serialize};

/// Pins with the function USB VBUS DET: GPIO1 and every third from there, 2.19.2 table 278.
const VBUS_DETECT_PINS: u32 = 0x1249_2492;
/// The rate of clk_usb, 4.1.1, and how far off a full-speed device may be: 0.25 % (USB 2.0, 7.1.11).
const CLK_USB: u64 = 48_000_000;
const TOLERANCE: u64 = CLK_USB / 400;

/// There is no register between USBPHY_TRIM and INTR.
const HOLE: u32 = 0x88;

/// The state of the block, and of the host on its cable.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Usb {
    controller: Controller,
    host: Host,
    /// The ROM's own device, while it has the controller.
    pub boot: Option<Box<UsbBoot>>,
}

impl Usb {
    /// The block after reset, with a cable to a host.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self { controller: Controller::new(), host: Host::new(), boot: None }
    }

    /// The host, and what it knows of the device.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The host, to take its reports.
    pub fn host_mut(&mut self) -> &mut Host {
        &mut self.host
    }

    /// Is the cable plugged in?
    pub fn vbus(&self) -> bool {
        self.controller.vbus
    }

    /// Plugs the cable in or out. Firmware that looks at VBUS by a pin sees what the board drives on that pin.
    pub fn set_vbus(&mut self, on: bool, fabric: &mut Fabric) {
        self.sense(fabric);
        self.controller.set_vbus(on);
        if let Some(boot) = &mut self.boot {
            boot.set_vbus(on);
            fabric.soon(Slot::UsbHost);
        }
        self.settle(fabric);
    }

    /// The host sends a packet to an OUT endpoint that is no console's. False: there is none.
    pub fn send(&mut self, endpoint: u8, data: &[u8], fabric: &mut Fabric) -> bool {
        let is_there = self.host.send(endpoint, data);
        if is_there {
            fabric.soon(Slot::UsbHost);
        }
        is_there
    }

    /// The host makes a request on the default pipe, with the data that goes to the device. False: no device is configured.
    pub fn ask(&mut self, setup: [u8; 8], data: &[u8], fabric: &mut Fabric) -> bool {
        let is_there = self.host.ask(setup, data.to_vec());
        if is_there {
            fabric.soon(Slot::UsbHost);
        }
        is_there
    }

    /// The host goes to sleep.
    pub fn suspend(&mut self, fabric: &mut Fabric) {
        self.sense(fabric);
        match &mut self.boot {
            Some(boot) => self.host.suspend(boot.as_mut()),
            None => self.host.suspend(&mut self.controller),
        }
        self.settle(fabric);
        fabric.soon(Slot::UsbHost);
    }

    /// The host wakes up.
    pub fn wake_up(&mut self, fabric: &mut Fabric) {
        self.sense(fabric);
        match &mut self.boot {
            Some(boot) => self.host.wake_up(boot.as_mut(), fabric.now()),
            None => self.host.wake_up(&mut self.controller, fabric.now()),
        }
        self.settle(fabric);
        fabric.soon(Slot::UsbHost);
    }

    /// A word of the dual-port memory (4.1.2.4).
    pub fn load_dpram(&mut self, offset: u32) -> Option<u32> {
        (offset < DPRAM as u32).then(|| self.controller.word(offset as usize))
    }

    /// A store into the dual-port memory; `value` is already repeated over the lanes.
    pub fn store_dpram(&mut self, offset: u32, value: u32, size: u32, fabric: &mut Fabric) -> Option<()> {
        if offset >= DPRAM as u32 {
            return None;
        }
        self.controller.store(offset as usize, value, size as usize, &mut fabric.gaps);
        if self.controller.take_kick() {
            fabric.soon(Slot::UsbHost);
        }
        Some(())
    }

    /// What comes from outside the block: time, clock, and the VBUS pin.
    fn sense(&mut self, fabric: &mut Fabric) {
        let controller = &mut self.controller;
        controller.now = fabric.now();
        controller.clocked = fabric.rates.usb.round().abs_diff(CLK_USB) <= TOLERANCE;
        controller.vbus_pin = fabric.io.input() & fabric.io.selected(Func::Usb) & VBUS_DETECT_PINS != 0;
        controller.catch_up();
    }

    /// What goes out: the interrupt line, the next event, and word to the host.
    fn settle(&mut self, fabric: &mut Fabric) {
        if self.controller.take_kick() {
            fabric.soon(Slot::UsbHost);
        }
        fabric.set_irq(Irq::USBCTRL, self.controller.interrupts() != 0);
        let due = self.controller.due();
        if due != fabric.events.due(Slot::Usb as usize) {
            fabric.at(Slot::Usb, due);
        }
    }

    fn serve_host(&mut self, fabric: &mut Fabric) {
        let now = fabric.now();
        let mut around =
            Around { consoles: &mut fabric.consoles, trace: &mut fabric.pins.trace, gaps: &mut fabric.gaps };
        let next = match &mut self.boot {
            Some(boot) => self.host.service(boot.as_mut(), &mut around, now),
            None => self.host.service(&mut self.controller, &mut around, now),
        };
        fabric.at(Slot::UsbHost, next);
        if self.boot.as_ref().is_some_and(|boot| boot.has_work()) {
            // The ROM's interrupt handler wakes its loop on core 0.
            fabric.events_sent |= 1;
            fabric.attention();
        }
        if self.host.is_attached() && !self.controller.clocked {
            let rate = fabric.rates.usb.round();
            let why = format!("clk_usb runs at {rate} Hz; the controller answers at 48 MHz only");
            fabric.gaps.touch("USB at another clk_usb", &why);
        }
    }
}

impl Block for Usb {
    const GROUPS: &'static [Group] = registers::GROUPS;

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        let value = self.peek(offset, fabric);
        match Reg::at(offset) {
            Some(Reg::SOF_RD) => {
                self.controller.saw_sof();
                self.settle(fabric);
            }
            Some(_) => {}
            None => return undeclared("USB", offset, fabric),
        }
        value
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        self.sense(fabric);
        let controller = &self.controller;
        match Reg::at(offset) {
            Some(Reg::SIE_STATUS) => controller.sie_status(),
            Some(Reg::SOF_RD) => controller.frame_number(),
            Some(Reg::INTR) => controller.raw_interrupts(),
            Some(Reg::INTS) => controller.interrupts(),
            Some(register) => controller.regs.load(register),
            None => 0,
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        let Some(register) = Reg::at(offset) else {
            // Stacks clear the whole block with memset, its hole included.
            if offset != HOLE || write.value != 0 {
                undeclared("USB", offset, fabric);
            }
            return;
        };
        self.sense(fabric);
        let aborted = self.controller.regs.get(Reg::EP_ABORT);
        self.controller.regs.store(register, write, "USB", &mut fabric.gaps);
        self.controller.abort(aborted);
        self.controller.wrote(register, write);
        self.settle(fabric);
    }

    fn event(&mut self, slot: Slot, fabric: &mut Fabric) {
        self.sense(fabric);
        if slot == Slot::UsbHost {
            self.serve_host(fabric);
        }
        self.settle(fabric);
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        self.controller.reset();
        if self.boot.take().is_some() {
            fabric.soon(Slot::UsbHost);
        }
        self.sense(fabric);
        self.settle(fabric);
    }
}
