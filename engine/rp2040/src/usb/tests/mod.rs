//! The controller against the host, with a little firmware that does what a USB stack does, register by register.
//!
//! Expected values: RP2040 datasheet 4.1, and USB 2.0 where it is named.

mod bus;
mod transfers;

use super::*;
use engine_core::console::Line;
use engine_core::time::{Hertz, Ps, MICROSECOND};

const MS: Ps = 1000 * MICROSECOND;
const ADDR_ENDP: u32 = 0x00;
const MAIN_CTRL: u32 = 0x40;
const SOF_RD: u32 = 0x48;
const SIE_CTRL: u32 = 0x4C;
const SIE_STATUS: u32 = 0x50;
const BUFF_STATUS: u32 = 0x58;
const BUFF_CPU_SHOULD_HANDLE: u32 = 0x5C;
const EP_ABORT: u32 = 0x60;
const EP_ABORT_DONE: u32 = 0x64;
const EP_STALL_ARM: u32 = 0x68;
const USB_MUXING: u32 = 0x74;
const USB_PWR: u32 = 0x78;
const INTR: u32 = 0x8C;
const INTE: u32 = 0x90;
const INTS: u32 = 0x98;

const EP0_INT_1BUF: u32 = 1 << 29;
const PULLUP_EN: u32 = 1 << 16;
const RESUME: u32 = 1 << 12;
const INT_DEV_SOF: u32 = 1 << 17;
const INT_SETUP_REQ: u32 = 1 << 16;
const INT_BUS_RESET: u32 = 1 << 12;
const INT_BUFF_STATUS: u32 = 1 << 4;
const STATUS_BUS_RESET: u32 = 1 << 19;
const STATUS_SETUP_REC: u32 = 1 << 17;
const STATUS_CONNECTED: u32 = 1 << 16;
const STATUS_RESUME: u32 = 1 << 11;
const STATUS_SUSPENDED: u32 = 1 << 4;

// Buffer control, 4.1.2.5.3.
const FULL: u32 = 1 << 15;
const LAST: u32 = 1 << 14;
const DATA1: u32 = 1 << 13;
const SEL: u32 = 1 << 12;
const STALL: u32 = 1 << 11;
const AVAILABLE: u32 = 1 << 10;

// Endpoint control, 4.1.2.5.2.
const ENABLE: u32 = 1 << 31;
const DOUBLE: u32 = 1 << 30;
const PER_BUFFER: u32 = 1 << 29;
const PER_DOUBLE: u32 = 1 << 28;
const BULK: u32 = 2 << 26;
const INTERRUPT: u32 = 3 << 26;

const DEVICE: [u8; 18] = [18, 1, 0, 2, 0xEF, 2, 1, 64, 0x8A, 0x2E, 0x0A, 0, 0, 1, 1, 2, 3, 1];

/// A communications function: notifications on 0x81, data on 0x02 and 0x82. Longer than a packet of endpoint 0.
fn cdc() -> Vec<u8> {
    [
        &[9, 2, 75, 0, 2, 1, 0, 0x80, 125][..],
        &[8, 11, 0, 2, 2, 2, 0, 0],
        &[9, 4, 0, 0, 1, 2, 2, 0, 0],
        &[5, 0x24, 0, 0x20, 1],
        &[5, 0x24, 1, 0, 1],
        &[4, 0x24, 2, 2],
        &[5, 0x24, 6, 0, 1],
        &[7, 5, 0x81, 3, 8, 0, 16],
        &[9, 4, 1, 0, 2, 10, 0, 0, 0],
        &[7, 5, 0x02, 2, 64, 0, 0],
        &[7, 5, 0x82, 2, 64, 0, 0],
    ]
    .concat()
}

/// A keyboard that is polled each 10 ms.
fn hid() -> Vec<u8> {
    [
        &[9, 2, 34, 0, 1, 1, 0, 0x80, 50][..],
        &[9, 4, 0, 0, 1, 3, 1, 1, 0],
        &[9, 0x21, 0x11, 1, 0, 1, 0x22, 63, 0],
        &[7, 5, 0x81, 3, 8, 0, 10],
    ]
    .concat()
}

/// Two vendor endpoints.
fn vendor() -> Vec<u8> {
    [
        &[9, 2, 32, 0, 1, 1, 0, 0x80, 50][..],
        &[9, 4, 0, 0, 2, 0xFF, 0, 0, 0],
        &[7, 5, 0x82, 2, 64, 0, 0],
        &[7, 5, 0x02, 2, 64, 0, 0],
    ]
    .concat()
}

/// Where the bytes of an end's first buffer are, and its words.
fn buffer_of(address: u8) -> u32 {
    0x180 + 0x100 * u32::from(address & 0xF) + if address & 0x80 == 0 { 0x80 } else { 0 }
}

fn control_of(address: u8) -> u32 {
    8 * u32::from(address & 0xF) + if address & 0x80 == 0 { 4 } else { 0 }
}

fn words_of(address: u8) -> u32 {
    0x80 + control_of(address)
}

/// A chip's USB block with firmware on it.
struct Bench {
    usb: Usb,
    fabric: Fabric,
    configuration: Vec<u8>,
    setups: Vec<(Ps, [u8; 8])>,
    /// What is left of the data stage towards the host.
    to_send: Vec<u8>,
    ep0_data1: bool,
    new_address: Option<u8>,
    /// BUFF_STATUS bits of other endpoints, when they came.
    done: Vec<(Ps, u32)>,
    events: usize,
    stalls: bool,
}

impl Bench {
    fn new(configuration: Vec<u8>) -> Self {
        let mut fabric = Fabric::new(Hertz::new(125_000_000));
        fabric.rates.usb = Hertz::new(48_000_000);
        fabric.consoles.attach("usb", Line::Usb);
        Self {
            usb: Usb::new(),
            fabric,
            configuration,
            setups: vec![],
            to_send: vec![],
            ep0_data1: true,
            new_address: None,
            done: vec![],
            events: 0,
            stalls: false,
        }
    }

    fn put(&mut self, offset: u32, value: u32) {
        self.usb.write(offset, Write::word(value), &mut self.fabric);
    }

    fn get(&mut self, offset: u32) -> u32 {
        self.usb.read(offset, &mut self.fabric)
    }

    fn put_word(&mut self, offset: u32, value: u32) {
        self.usb.store_dpram(offset, value, 4, &mut self.fabric).unwrap();
    }

    fn word(&mut self, offset: u32) -> u32 {
        self.usb.load_dpram(offset).unwrap()
    }

    fn put_bytes(&mut self, offset: u32, data: &[u8]) {
        for (at, byte) in (offset..).zip(data) {
            self.usb.store_dpram(at, u32::from(*byte) * 0x0101_0101, 1, &mut self.fabric).unwrap();
        }
    }

    fn bytes(&mut self, offset: u32, count: u32) -> Vec<u8> {
        (offset..offset + count).map(|at| self.word(at & !3).to_le_bytes()[(at & 3) as usize]).collect()
    }

    /// As a stack does at start-up.
    fn plug_in(&mut self) {
        self.put(USB_MUXING, 0b1001);
        self.put(USB_PWR, 0b1100);
        self.put(MAIN_CTRL, 1);
        self.put(SIE_CTRL, EP0_INT_1BUF);
        self.put(INTE, INT_BUFF_STATUS | INT_BUS_RESET | INT_SETUP_REQ);
        self.put(SIE_CTRL, EP0_INT_1BUF | PULLUP_EN);
    }

    fn open(&mut self, address: u8, kind: u32) {
        self.put_word(control_of(address), ENABLE | kind | buffer_of(address));
    }

    fn send(&mut self, address: u8, data: &[u8], data1: bool) {
        self.put_bytes(buffer_of(address), data);
        let pid = if data1 { DATA1 } else { 0 };
        self.put_word(words_of(address), AVAILABLE | FULL | LAST | pid | data.len() as u32);
    }

    fn receive(&mut self, address: u8, data1: bool) {
        let pid = if data1 { DATA1 } else { 0 };
        self.put_word(words_of(address), AVAILABLE | pid | 64);
    }

    fn send_ep0(&mut self) {
        let count = self.to_send.len().min(64);
        let data: Vec<u8> = self.to_send.drain(..count).collect();
        self.put_bytes(0x100, &data);
        let pid = if self.ep0_data1 { DATA1 } else { 0 };
        self.ep0_data1 = !self.ep0_data1;
        self.put_word(0x80, AVAILABLE | FULL | pid | count as u32);
    }

    fn on_setup(&mut self) {
        let packet: [u8; 8] = self.bytes(0, 8).try_into().unwrap();
        let now = self.fabric.now();
        self.setups.push((now, packet));
        self.ep0_data1 = true;
        let length = usize::from(u16::from_le_bytes([packet[6], packet[7]]));
        let text = |text: &str| {
            let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            [&[units.len() as u8 + 2, 3][..], &units].concat()
        };
        if packet[0] & 0x80 == 0 {
            match packet[1] {
                5 => self.new_address = Some(packet[2]),
                9 => {
                    self.open(0x81, INTERRUPT | PER_BUFFER);
                    self.open(0x82, BULK | PER_BUFFER);
                    self.open(0x02, BULK | PER_BUFFER);
                }
                _ => {}
            }
            if length > 0 {
                self.put_word(0x84, AVAILABLE | DATA1 | 64);
            } else {
                self.send_ep0();
            }
            return;
        }
        self.to_send = match (packet[3], packet[2]) {
            (1, _) => DEVICE.to_vec(),
            (2, _) => self.configuration.clone(),
            (3, 0) => vec![4, 3, 9, 4],
            (3, 1) => text("Maker"),
            (3, 2) => text("Thing"),
            (3, 3) if !self.stalls => text("E661A4D1"),
            _ => {
                self.put(EP_STALL_ARM, 1);
                self.put_word(0x80, STALL);
                return;
            }
        };
        self.to_send.truncate(length);
        self.send_ep0();
    }

    fn interrupt(&mut self) {
        let status = self.get(INTS);
        if status & INT_BUS_RESET != 0 {
            self.put(SIE_STATUS, STATUS_BUS_RESET);
            self.put(ADDR_ENDP, 0);
        }
        if status & INT_DEV_SOF != 0 {
            self.get(SOF_RD);
        }
        if status & INT_BUFF_STATUS != 0 {
            let done = self.get(BUFF_STATUS);
            self.put(BUFF_STATUS, done);
            if done & 1 != 0 {
                if let Some(address) = self.new_address.take() {
                    self.put(ADDR_ENDP, u32::from(address));
                } else if !self.to_send.is_empty() {
                    self.send_ep0();
                } else if self.setups.last().is_some_and(|setup| setup.1[0] & 0x80 != 0) {
                    self.put_word(0x84, AVAILABLE | DATA1);
                }
            }
            // The data stage of a request towards the device: the status stage follows.
            if done & 2 != 0 && self.setups.last().is_some_and(|setup| setup.1[0] & 0x80 == 0) {
                self.send_ep0();
            }
            let now = self.fabric.now();
            self.done.push((now, done & !3));
        }
        if status & INT_SETUP_REQ != 0 {
            self.put(SIE_STATUS, STATUS_SETUP_REC);
            self.on_setup();
        }
    }

    /// Runs events until `until`, with the firmware as fast as light.
    fn run(&mut self, until: Ps) {
        while self.fabric.events.next() <= until {
            let due = self.fabric.events.next();
            self.fabric.cycle = self.fabric.cycle.max(self.fabric.clock.first_cycle_from(due));
            let now = self.fabric.now();
            while let Some(slot) = self.fabric.events.pop(now) {
                self.usb.event(crate::fabric::slot(slot), &mut self.fabric);
                self.events += 1;
            }
            if self.fabric.irq[0] >> Irq::USBCTRL as u32 & 1 != 0 {
                self.interrupt();
            }
        }
        self.fabric.cycle = self.fabric.cycle.max(self.fabric.clock.first_cycle_from(until));
    }

    fn run_for(&mut self, time: Ps) {
        self.run(self.fabric.now() + time);
    }

    /// A device that the host has configured.
    fn configured(configuration: Vec<u8>) -> Self {
        let mut bench = Self::new(configuration);
        bench.plug_in();
        bench.run(200 * MS);
        assert!(bench.usb.host().is_configured(), "{:?}", bench.usb.host().problem());
        bench.done.clear();
        bench
    }

    fn output(&mut self) -> Vec<u8> {
        self.fabric.consoles.take_output(0)
    }
}
