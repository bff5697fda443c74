//! The controller against the host, with a little firmware that does what TinyUSB's driver does, register by register.
//!
//! Expected values: ESP-IDF `soc/usb_dwc_struct.h` (offsets, PKTSTS codes), USB 2.0, and TinyUSB's table of DWC2 cores
//! (GSNPSID and GHWCFG of the ESP32-S3).

use super::*;
use engine_core::console::Line;
use engine_core::time::{Ps, MICROSECOND};

const MS: Ps = 1000 * MICROSECOND;
const DEVICE: [u8; 18] = [18, 1, 0, 2, 0xFF, 0, 0, 64, 0x3A, 0x30, 1, 0, 0, 1, 0, 0, 0, 1];
/// A vendor interface with an interrupt IN endpoint 0x81 and an interrupt OUT endpoint 0x01.
const CONFIGURATION: [u8; 32] =
    [9, 2, 32, 0, 1, 1, 0, 0x80, 50, 9, 4, 0, 0, 2, 0xFF, 0, 0, 0, 7, 5, 0x81, 3, 64, 0, 1, 7, 5, 0x01, 3, 64, 0, 1];

const GAHBCFG: u32 = 0x008;
const GUSBCFG: u32 = 0x00C;
const GRSTCTL: u32 = 0x010;
const GINTSTS: u32 = 0x014;
const GINTMSK: u32 = 0x018;
const GRXSTSP: u32 = 0x020;
const DCFG: u32 = 0x800;
const DSTS: u32 = 0x808;
const DIEPCTL: u32 = 0x900;
const DIEPTSIZ: u32 = 0x910;
const DIEPDMA: u32 = 0x914;
const DTXFSTS: u32 = 0x918;
const DOEPCTL: u32 = 0xB00;
const DOEPINT: u32 = 0xB08;
const DOEPTSIZ: u32 = 0xB10;
const DOEPDMA: u32 = 0xB14;
const USBRST: u32 = 1 << 12;
const ENUMDONE: u32 = 1 << 13;
const RXFLVI: u32 = 1 << 4;
const OPEN: u32 = 1 << 31 | 1 << 26;
const BUFFER: u32 = 0x3FC9_0000;

struct Bench {
    usb: UsbOtg,
    fabric: Fabric,
    mem: Memories,
    mmu: Mmu,
    dma: bool,
    address: u8,
    /// Packets of endpoint 1, as they came.
    received: Vec<Vec<u8>>,
    /// What endpoint 0 has yet to send.
    reply: Vec<u8>,
}

impl Bench {
    /// A device that TinyUSB's driver has set up, with the internal PHY.
    fn new(dma: bool) -> Self {
        let mut fabric = Fabric::new();
        fabric.consoles.attach("usb", Line::Usb);
        fabric.set_usb_phy(UsbPhy { by_software: Some(true), wrapped: true, ..UsbPhy::default() });
        let (mem, mmu) = (Memories::new(1 << 16, 0), Mmu::new());
        let usb = UsbOtg::new();
        let mut bench = Self { usb, fabric, mem, mmu, dma, address: 0, received: vec![], reply: vec![] };
        bench.write(GUSBCFG, 1 << 30);
        // BVALIDOVEN and BVALIDOVVAL.
        bench.write(0, 3 << 6);
        bench.write(0x024, 0x40);
        bench.write(0x028, 16 << 16 | 0xF0);
        bench.write(0x104, 16 << 16 | 0xE0);
        bench.write(GAHBCFG, if dma { 0x21 } else { 1 });
        bench.write(GINTMSK, USBRST | ENUMDONE | RXFLVI | 1 << 18 | 1 << 19);
        bench.write(0x814, 0x9);
        bench.write(0x81C, 0x0003_0003);
        bench
    }

    fn write(&mut self, offset: u32, value: u32) {
        self.usb.write(offset, Write::word(value), &mut self.fabric);
    }

    fn read(&mut self, offset: u32) -> u32 {
        self.usb.read(offset, &mut self.fabric)
    }

    fn interrupt(&self) -> bool {
        self.fabric.sources() >> Source::USB as u8 & 1 != 0
    }

    /// Runs host and controller; the firmware answers what interrupts tell.
    fn run(&mut self, milliseconds: u64) {
        let until = self.fabric.now() + milliseconds * MS;
        while self.fabric.events.next() <= until {
            self.fabric.cycle = self.fabric.clock.first_cycle_from(self.fabric.events.next());
            let now = self.fabric.now();
            while let Some(number) = self.fabric.events.pop(now) {
                let slot = crate::slots::slot(number);
                if matches!(slot, Slot::UsbOtg | Slot::UsbHost) {
                    self.usb.serve(slot, &mut self.mem, &self.mmu, &mut self.fabric);
                }
            }
            if self.interrupt() {
                self.firmware();
            }
        }
        self.fabric.cycle = self.fabric.clock.first_cycle_from(until);
    }

    fn firmware(&mut self) {
        let status = self.read(GINTSTS);
        if status & USBRST != 0 {
            self.write(GINTSTS, USBRST);
            self.write(DCFG, 3);
            self.ready_for_setup();
        }
        if status & ENUMDONE != 0 {
            assert_eq!(self.read(DSTS) >> 1 & 3, 3, "full speed at 48 MHz");
            self.write(GINTSTS, ENUMDONE);
        }
        while !self.dma && self.read(GINTSTS) & RXFLVI != 0 {
            self.take_from_fifo();
        }
        for endpoint in 0..2 {
            let base = endpoint * 0x20;
            let (input, output) = (self.read(0x908 + base), self.read(DOEPINT + base));
            self.write(0x908 + base, input & !(1 << 7));
            self.write(DOEPINT + base, output);
            if self.dma && endpoint == 0 && output & 1 != 0 {
                self.ready_for_setup();
            }
            if self.dma && endpoint == 0 && output & 8 != 0 {
                let from = self.read(DOEPDMA) - 8;
                let packet = self.memory(from, 8);
                self.request(packet.try_into().expect("8 bytes"));
            }
            if endpoint == 0 && input & 1 != 0 && !self.reply.is_empty() {
                self.send_next();
            }
        }
    }

    fn ready_for_setup(&mut self) {
        self.write(DOEPTSIZ, 3 << 29 | 1 << 19 | 64);
        if self.dma {
            self.write(DOEPDMA, BUFFER);
            self.write(DOEPCTL, 1 << 31);
        }
    }

    fn memory(&self, from: u32, count: u32) -> Vec<u8> {
        let byte = |addr| self.mem.load::<1>(self.mem.place(&self.mmu, addr).expect("SRAM")) as u8;
        (from..from + count).map(byte).collect()
    }

    fn take_from_fifo(&mut self) {
        let status = self.read(GRXSTSP);
        let count = (status >> 4 & 0x7FF) as usize;
        let words: Vec<u32> = match status >> 17 & 0xF {
            2 | 6 => (0..count.div_ceil(4)).map(|_| self.read(0x1000)).collect(),
            _ => vec![],
        };
        let data: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).take(count).collect();
        match (status >> 17 & 0xF, status & 0xF) {
            (6, 0) => self.request(data.try_into().expect("8 bytes")),
            (2, 1) => self.received.push(data),
            _ => {}
        }
    }

    fn request(&mut self, packet: [u8; 8]) {
        let length = usize::from(u16::from_le_bytes([packet[6], packet[7]]));
        let all = match (packet[0], packet[1], packet[3]) {
            (0x80, 6, 1) => &DEVICE[..],
            (0x80, 6, 2) => &CONFIGURATION[..],
            (0x80, 6, _) => {
                self.ready_for_setup();
                self.write(DIEPCTL, 1 << 21 | 1 << 15);
                return;
            }
            (0, 5, _) => {
                self.address = packet[2];
                self.write(DCFG, 3 | u32::from(packet[2]) << 4);
                &[]
            }
            (0, 9, _) => {
                self.write(DIEPCTL + 0x20, 1 << 28 | 1 << 22 | 3 << 18 | 1 << 15 | 64);
                self.write(DOEPTSIZ + 0x20, 1 << 19 | 64);
                self.write(DOEPCTL + 0x20, OPEN | 1 << 28 | 3 << 18 | 1 << 15 | 64);
                &[]
            }
            _ => &[],
        };
        self.reply = all[..all.len().min(length)].to_vec();
        self.send_next();
        self.ready_for_setup();
        self.write(DOEPCTL, OPEN);
    }

    /// One packet of endpoint 0.
    fn send_next(&mut self) {
        let packet: Vec<u8> = self.reply.drain(..self.reply.len().min(64)).collect();
        self.send(0, &packet);
    }

    fn send(&mut self, endpoint: u32, packet: &[u8]) {
        let base = endpoint * 0x20;
        self.write(DIEPTSIZ + base, 1 << 19 | packet.len() as u32);
        if self.dma {
            let at = BUFFER + 0x100;
            for (addr, byte) in (at..).zip(packet) {
                let place = self.mem.place(&self.mmu, addr).expect("SRAM");
                self.mem.store::<1>(place, u32::from(*byte));
            }
            self.write(DIEPDMA + base, at);
        }
        let ctl = self.read(DIEPCTL + base);
        self.write(DIEPCTL + base, ctl | OPEN);
        if !self.dma {
            for four in packet.chunks(4) {
                let word = four.iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte));
                self.write(0x1000 * (endpoint + 1), word);
            }
        }
    }
}

#[test]
fn the_core_says_what_it_is() {
    let mut bench = Bench::new(false);
    assert_eq!(bench.read(0x040), 0x4F54_400A);
    assert_eq!(bench.read(0x048), 0x224D_D930);
    assert_eq!(bench.read(0x050), 0xD3F0_A030);
}

#[test]
fn a_device_enumerates_through_its_fifos() {
    let mut bench = Bench::new(false);
    bench.run(500);
    assert!(bench.usb.host().is_configured(), "{:?}", bench.usb.host().problem());
    assert_eq!(bench.address, 1);
    assert_eq!(bench.usb.host().endpoints().len(), 2);
}

#[test]
fn a_device_enumerates_through_dma() {
    let mut bench = Bench::new(true);
    bench.run(500);
    assert!(bench.usb.host().is_configured(), "{:?}", bench.usb.host().problem());
    assert_eq!(bench.usb.host().endpoints().len(), 2);
}

#[test]
fn reports_reach_the_host_and_packets_reach_the_firmware() {
    let mut bench = Bench::new(false);
    bench.run(500);
    bench.send(1, &[1, 2, 3, 4, 5]);
    assert!(bench.usb.send(0x01, b"hello", &mut bench.fabric));
    bench.run(5);
    let reports = bench.usb.host_mut().reports_mut().take(0x81);
    assert_eq!(reports.iter().map(|report| &report.data[..]).collect::<Vec<_>>(), [[1, 2, 3, 4, 5]]);
    assert_eq!(bench.received, [b"hello".to_vec()]);
    // The transfer is over: the endpoint answers NAK until it is enabled again.
    assert_eq!(bench.read(DIEPCTL + 0x20) >> 31, 0);
    assert_eq!(bench.read(DOEPCTL + 0x20) >> 31, 0);
}

#[test]
fn dtxfsts_counts_free_words_and_a_flush_frees_them() {
    let mut bench = Bench::new(false);
    assert_eq!(bench.read(DTXFSTS), 16);
    bench.send(0, &[0; 9]);
    assert_eq!(bench.read(DTXFSTS), 13);
    // TXFFLSH with TXFNUM 0x10: all TX FIFOs. It clears itself, and AHBIDLE stands.
    bench.write(GRSTCTL, 0x10 << 6 | 1 << 5);
    assert_eq!(bench.read(DTXFSTS), 16);
    assert_eq!(bench.read(GRSTCTL) & (1 << 31 | 1 << 5), 1 << 31);
}

#[test]
fn the_host_sees_nothing_while_the_other_controller_has_the_phy_or_software_disconnects() {
    let mut bench = Bench::new(false);
    let ours = bench.fabric.usb_phy;
    bench.fabric.set_usb_phy(UsbPhy { by_software: None, ..ours });
    bench.run(300);
    assert!(!bench.usb.host().is_attached());
    bench.fabric.set_usb_phy(ours);
    bench.run(300);
    assert!(bench.usb.host().is_configured());
    // DCTL.SFTDISCON.
    bench.write(0x804, 2);
    bench.run(1);
    assert!(!bench.usb.host().is_attached());
}

/// USB 2.0, 7.1.7.6: a bus without traffic for 3 ms is suspended.
#[test]
fn a_quiet_bus_is_suspended_after_3_ms() {
    let mut bench = Bench::new(false);
    bench.run(500);
    bench.usb.suspend(&mut bench.fabric);
    bench.run(2);
    assert_eq!(bench.read(DSTS) & 1, 0);
    bench.run(2);
    assert_eq!(bench.read(DSTS) & 1, 1);
    assert_ne!(bench.read(GINTSTS) & 1 << 11, 0);
    bench.usb.wake_up(&mut bench.fabric);
    bench.run(30);
    assert_eq!(bench.read(DSTS) & 1, 0);
    assert_ne!(bench.read(GINTSTS) & 1 << 31, 0);
}

/// The mask ROM's DETACH ends in a soft reset behind which it enables no endpoint's interrupt again, and dfu-util goes on with what has
/// come back (Espressif's forum, August 2021, "Does ESP32-S2 DFU support automatic detach / reset?").
#[test]
fn the_soft_reset_leaves_the_endpoints_interrupts_enabled_and_the_bus() {
    let mut bench = Bench::new(false);
    bench.run(400);
    assert!(bench.usb.host().is_configured());
    bench.write(GRSTCTL, 1);
    assert_eq!((bench.read(0x81C), bench.read(GINTMSK)), (0x0003_0003, 0));
    bench.run(1);
    assert!(!bench.usb.host().is_configured());
}
