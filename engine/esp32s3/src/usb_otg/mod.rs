//! USB On-The-Go controller. ESP32-S3 TRM chapter 32; the core is Synopsys DWC_otg 4.00a, full speed only (GSNPSID).
//!
//! In device mode, with a host on the other end of the cable ([`engine_core::usb_host`]). The internal PHY belongs to this
//! controller or to USB Serial/JTAG, as RTC_CNTL_USB_CONF and the fuses say ([`crate::usb_wrap::UsbPhy`]).
//!
//! # Fidelity
//! - FIFO mode and buffer DMA, control, bulk and interrupt endpoints, NAK and STALL, RX status words, TX FIFO space, bus
//!   reset, suspend, resume, SOF, VBUS and ID through the GPIO matrix: as the databook says.
//! - SETUP done stands in the RX FIFO right after the SETUP packet; the core waits for the next token. A flush and the
//!   soft reset take no time, though the host sees the device leave by the latter.
//! - A token that NAK would answer is not sent, so interrupts that tell of NAK never come.
//! - Missing and counted: host mode, HNP and SRP, descriptor DMA, isochronous transfers, thresholds, the external PHY.

mod core;
mod end;
mod fifo;
mod registers;
#[cfg(test)]
mod tests;
mod wire;

use self::core::{Core, Surroundings};
use crate::block::{undeclared, Block};
use crate::fabric::{Fabric, Request};
use crate::memories::{Memories, Mmu};
use crate::signals::{USB_OTG_AVALID, USB_OTG_IDDIG, USB_SRP_BVALID};
use crate::slots::Slot;
use crate::sources::Source;
use crate::usb_wrap::UsbPhy;
use engine_core::registers::{Group, Write};
use engine_core::usb_host::{Around, Host};
use serde::{Deserialize, Serialize};
use wire::Wire;

/// The base address.
pub const BASE: u32 = 0x6008_0000;
/// Behind the FIFO of the last endpoint.
const END: u32 = registers::FIFO * (registers::ENDPOINTS as u32 + 1);

/// What a test asks of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Ask {
    Suspend,
    WakeUp,
}

/// The controller, and the host on its cable.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UsbOtg {
    core: Core,
    host: Host,
    asked: Option<Ask>,
}

impl UsbOtg {
    /// After power-on, with a cable to a host.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self { core: Core::new(), host: Host::new(), asked: None }
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
        self.core.vbus
    }

    /// Plugs the cable in or out. Firmware sees VBUS only by a pin that it connects to USB_SRP_BVALID.
    pub fn set_vbus(&mut self, on: bool, fabric: &mut Fabric) {
        self.sense(fabric);
        self.core.set_vbus(on);
        self.settle(fabric);
        fabric.set_usb_phy(UsbPhy { unplugged: !on, ..fabric.usb_phy });
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
        fabric.set_usb_phy(UsbPhy { asleep: true, ..fabric.usb_phy });
        self.asked = Some(Ask::Suspend);
        fabric.soon(Slot::UsbHost);
    }

    /// The host wakes up.
    pub fn wake_up(&mut self, fabric: &mut Fabric) {
        fabric.set_usb_phy(UsbPhy { asleep: false, ..fabric.usb_phy });
        self.asked = Some(Ask::WakeUp);
        fabric.soon(Slot::UsbHost);
    }

    /// What comes from outside the block: time, and who drives the pads.
    fn sense(&mut self, fabric: &mut Fabric) {
        self.core.now = fabric.now();
        self.core.set_surroundings(Surroundings {
            has_phy: fabric.usb_phy.otg_drives() && !fabric.is_dark(BASE),
            pull_up: fabric.usb_phy.otg_pull_up(),
            id: fabric.input(USB_OTG_IDDIG),
            b_valid: fabric.input(USB_SRP_BVALID),
            a_valid: fabric.input(USB_OTG_AVALID),
        });
        self.core.catch_up();
    }

    /// What goes out: the interrupt, the next event, and word to the host.
    fn settle(&mut self, fabric: &mut Fabric) {
        if std::mem::take(&mut self.core.kick) {
            fabric.soon(Slot::UsbHost);
        }
        fabric.set_irq(Source::USB, self.core.interrupts());
        let due = self.core.due();
        if due != fabric.events.due(Slot::UsbOtg as usize) {
            fabric.at(Slot::UsbOtg, due);
        }
    }

    /// Something of the controller or of the host is due.
    pub fn serve(&mut self, slot: Slot, mem: &mut Memories, mmu: &Mmu, fabric: &mut Fabric) {
        self.sense(fabric);
        if slot == Slot::UsbHost {
            let now = fabric.now();
            let mut wire = Wire { core: &mut self.core, mem, mmu, refused: None, stale: false };
            match self.asked.take() {
                Some(Ask::Suspend) => self.host.suspend(&mut wire),
                Some(Ask::WakeUp) => self.host.wake_up(&mut wire, now),
                None => {}
            }
            let mut around =
                Around { consoles: &mut fabric.consoles, trace: &mut fabric.pins.trace, gaps: &mut fabric.gaps };
            let next = self.host.service(&mut wire, &mut around, now);
            wire.core.kick |= std::mem::take(&mut wire.core.dropped);
            if let Some(addr) = wire.refused {
                fabric.gaps.touch("USB0 DMA", &format!("no memory at 0x{addr:08X}"));
            }
            if wire.stale {
                fabric.request(Request::CodeChanged);
            }
            fabric.at(Slot::UsbHost, next);
            if fabric.consoles.is_seen() {
                fabric.attention();
            }
        }
        self.settle(fabric);
    }
}

impl Block for UsbOtg {
    const GROUPS: &'static [Group] = registers::GROUPS;

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        self.sense(fabric);
        let value = if offset < END { self.core.read(offset) } else { None };
        self.settle(fabric);
        value.unwrap_or_else(|| undeclared("USB0", offset, fabric))
    }

    fn peek(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        self.sense(fabric);
        self.core.load(offset).filter(|_| offset < END).unwrap_or(0)
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        self.sense(fabric);
        if offset >= END || !self.core.write(offset, write, &mut fabric.gaps) {
            undeclared("USB0", offset, fabric);
        }
        self.settle(fabric);
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        self.core.reset();
        self.sense(fabric);
        self.settle(fabric);
    }
}
