//! The controller against the host, with a little firmware that does what a USB stack does, register by register.
//!
//! Expected values: RP2040 datasheet 4.1, and USB 2.0 where it is named.

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

/// USB 2.0, 7.1.7.3 (100 ms of debouncing), 7.1.7.5 (10 ms of reset), and 4.1.2.6.1 for what the device sees.
#[test]
fn a_pull_up_leads_to_a_bus_reset() {
    let mut bench = Bench::new(cdc());
    bench.put(INTE, 0);
    bench.plug_in();
    bench.put(INTE, 0);
    bench.run(99 * MS);
    assert_eq!(bench.get(SIE_STATUS) & STATUS_BUS_RESET, 0);
    assert_eq!(bench.get(SIE_STATUS) >> 2 & 3, 0b01, "J: idle at full speed");
    bench.run(101 * MS);
    assert_ne!(bench.get(SIE_STATUS) & STATUS_BUS_RESET, 0);
    assert_eq!(bench.get(SIE_STATUS) >> 2 & 3, 0b00, "SE0: reset");
    assert_eq!(bench.get(INTR) & INT_BUS_RESET, INT_BUS_RESET);
    bench.put(SIE_STATUS, STATUS_BUS_RESET);
    bench.run(111 * MS);
    assert_eq!(bench.get(SIE_STATUS) & (STATUS_CONNECTED | STATUS_BUS_RESET), STATUS_CONNECTED);
    assert_eq!(bench.get(SIE_STATUS) >> 2 & 3, 0b01);
}

/// The order of requests and their fields: USB 2.0, 9.4; CDC PSTN 1.2, 6.3; SET_ADDRESS needs 2 ms (9.2.6.3).
#[test]
fn a_device_is_enumerated() {
    let mut bench = Bench::configured(cdc());
    let requests: Vec<[u8; 8]> = bench.setups.iter().map(|setup| setup.1).collect();
    assert_eq!(
        requests[..6],
        [
            [0x80, 6, 0, 1, 0, 0, 8, 0],
            [0x00, 5, 1, 0, 0, 0, 0, 0],
            [0x80, 6, 0, 1, 0, 0, 18, 0],
            [0x80, 6, 0, 2, 0, 0, 9, 0],
            [0x80, 6, 0, 2, 0, 0, 75, 0],
            [0x80, 6, 0, 3, 0, 0, 255, 0],
        ]
    );
    assert_eq!(requests[6][..6], [0x80, 6, 1, 3, 9, 4]);
    assert_eq!(
        requests[9..],
        [[0x00, 9, 1, 0, 0, 0, 0, 0], [0x21, 0x20, 0, 0, 0, 0, 7, 0], [0x21, 0x22, 3, 0, 0, 0, 0, 0],]
    );
    assert!(bench.setups[2].0 - bench.setups[1].0 >= 2 * MS);
    assert_eq!(bench.bytes(0x100, 7), [0x00, 0xC2, 0x01, 0x00, 0, 0, 8], "115200 8N1");
    let host = bench.usb.host();
    assert_eq!((host.vendor_id(), host.product_id()), (Some(0x2E8A), Some(0x000A)));
    assert_eq!((host.manufacturer(), host.product(), host.serial()), (Some("Maker"), Some("Thing"), Some("E661A4D1")));
    assert_eq!(host.device_descriptor(), DEVICE);
    assert_eq!(host.configuration_descriptor(), cdc());
    assert_eq!(host.endpoints().iter().map(|end| end.address).collect::<Vec<_>>(), [0x81, 0x02, 0x82]);
}

/// 4.1.2.6.1: STALL on endpoint 0 counts only while its bit in EP_STALL_ARM is set, and the next SETUP clears that bit.
#[test]
fn a_stalled_string_is_done_without() {
    let mut bench = Bench::new(cdc());
    bench.stalls = true;
    bench.plug_in();
    bench.run(200 * MS);
    assert!(bench.usb.host().is_configured());
    assert_eq!(bench.usb.host().serial(), None);
    assert_eq!(bench.get(EP_STALL_ARM), 0);
}

#[test]
fn a_console_carries_bytes_both_ways() {
    let mut bench = Bench::configured(cdc());
    bench.send(0x82, b"Hello", false);
    bench.run_for(MS);
    assert_eq!(bench.output(), b"Hello");
    assert_eq!(bench.word(words_of(0x82)), LAST | 5, "AVAILABLE and FULL are cleared, 4.1.2.6.2");
    assert_eq!(bench.done.last().unwrap().1, 1 << 4);

    bench.fabric.consoles.type_in(0, b"print(1)\r");
    bench.fabric.soon(Slot::UsbHost);
    bench.run_for(5 * MS);
    assert!(bench.fabric.consoles.has_input(0), "no buffer is available: NAK");
    bench.receive(0x02, false);
    bench.run_for(MS);
    assert!(!bench.fabric.consoles.has_input(0));
    assert_eq!(bench.word(words_of(0x02)), FULL | 9, "FULL and the length, 4.1.2.6.3");
    assert_eq!(bench.bytes(buffer_of(0x02), 9), b"print(1)\r");
    assert_eq!(bench.done.last().unwrap().1, 1 << 5);
}

/// USB 2.0, table 5-9: 19 transactions of 64 bytes in a frame.
#[test]
fn bulk_transfers_fill_the_frame() {
    let mut bench = Bench::configured(cdc());
    let start = bench.fabric.now().next_multiple_of(MS);
    bench.run(start);
    let mut data1 = false;
    while bench.fabric.now() < start + 10 * MS {
        bench.send(0x82, &[b'x'; 64], data1);
        data1 = !data1;
        let count = bench.done.len();
        while bench.done.len() == count {
            bench.run(bench.fabric.events.next());
        }
    }
    let frames: Vec<usize> = (1..9)
        .map(|n| bench.done.iter().filter(|done| (start + n * MS..start + (n + 1) * MS).contains(&done.0)).count())
        .collect();
    assert_eq!(frames, [19; 8]);
}

/// A configured device with nothing to say costs nothing; SOF_RD still tells the frame (4.1.4).
#[test]
fn an_idle_device_costs_no_events() {
    let mut bench = Bench::configured(cdc());
    bench.events = 0;
    let before = bench.get(SOF_RD);
    bench.run_for(1000 * MS);
    assert_eq!(bench.events, 0);
    assert_eq!(bench.fabric.events.next(), Ps::MAX);
    assert_eq!(bench.get(SOF_RD), (before + 1000) & 0x7FF);
}

/// INTR.DEV_SOF is set by each SOF, and cleared by reading SOF_RD.
#[test]
fn start_of_frame_interrupts_each_millisecond() {
    let mut bench = Bench::configured(cdc());
    bench.get(SOF_RD);
    bench.put(INTE, INT_DEV_SOF | INT_BUFF_STATUS | INT_SETUP_REQ);
    bench.events = 0;
    bench.run_for(20 * MS);
    assert_eq!(bench.events, 20);
    bench.put(INTE, INT_BUFF_STATUS);
    bench.run_for(20 * MS);
    assert_eq!(bench.events, 20);
    assert_eq!(bench.get(INTR) & INT_DEV_SOF, INT_DEV_SOF);
    bench.get(SOF_RD);
    assert_eq!(bench.get(INTR) & INT_DEV_SOF, 0);
}

/// USB 2.0, 5.7.4: an interrupt endpoint is polled once in bInterval frames. HID 1.11, 7.2.4 and 7.1.1 for the requests.
#[test]
fn reports_are_polled_at_their_interval() {
    let mut bench = Bench::configured(hid());
    let class: Vec<_> = bench.setups.iter().rev().take(2).map(|setup| setup.1).collect();
    assert_eq!(class, [[0x81, 6, 0, 0x22, 0, 0, 63, 0], [0x21, 10, 0, 0, 0, 0, 0, 0]]);
    for n in 0..4u8 {
        bench.send(0x81, &[0, 0, n, 0, 0, 0, 0, 0], n % 2 == 1);
        bench.run_for(10 * MS);
    }
    let reports: Vec<_> = bench.usb.host().reports().of(0x81).cloned().collect();
    assert_eq!(reports.iter().map(|report| report.data[2]).collect::<Vec<_>>(), [0, 1, 2, 3]);
    for pair in reports.windows(2) {
        assert_eq!(pair[1].at - pair[0].at, 10 * MS);
    }
}

/// 4.1.2.5.3: the halves of the word for two buffers, in turn; INTERRUPT_PER_DOUBLE_BUFF comes after the second.
#[test]
fn two_buffers_are_sent_in_turn() {
    let mut bench = Bench::configured(vendor());
    bench.open(0x82, BULK | DOUBLE | PER_DOUBLE);
    bench.put_bytes(buffer_of(0x82), &[1; 64]);
    bench.put_bytes(buffer_of(0x82) + 64, &[2; 10]);
    let second = (AVAILABLE | FULL | LAST | DATA1 | 10) << 16;
    bench.put_word(words_of(0x82), second | AVAILABLE | FULL | SEL | 64);
    bench.run_for(MS);
    assert_eq!(bench.done.iter().map(|done| done.1).collect::<Vec<_>>(), [1 << 4]);
    assert_eq!(bench.word(words_of(0x82)), (LAST | DATA1 | 10) << 16 | 64);
    let sent: Vec<_> = bench.usb.host().reports().of(0x82).map(|report| report.data.clone()).collect();
    assert_eq!(sent, [vec![1; 64], vec![2; 10]]);
}

/// 4.1.4, BUFF_STATUS: with an interrupt per buffer, clearing the bit sets it again when both buffers are done;
/// BUFF_CPU_SHOULD_HANDLE says which of them it is for.
#[test]
fn the_second_buffer_shows_when_the_first_is_cleared() {
    let mut bench = Bench::configured(vendor());
    bench.put(INTE, 0);
    bench.open(0x82, BULK | DOUBLE | PER_BUFFER);
    bench.put_word(words_of(0x82), (AVAILABLE | FULL | DATA1 | 1) << 16 | AVAILABLE | FULL | SEL | 1);
    bench.run_for(MS);
    assert_eq!((bench.get(BUFF_STATUS), bench.get(BUFF_CPU_SHOULD_HANDLE)), (1 << 4, 0));
    bench.put(BUFF_STATUS, 1 << 4);
    assert_eq!((bench.get(BUFF_STATUS), bench.get(BUFF_CPU_SHOULD_HANDLE)), (1 << 4, 1 << 4));
    bench.put(BUFF_STATUS, 1 << 4);
    assert_eq!(bench.get(BUFF_STATUS), 0);
}

/// 4.1.4, EP_ABORT: the endpoint answers NAK until the bit is cleared; EP_ABORT_DONE says that its word may be changed.
#[test]
fn an_aborted_buffer_is_not_sent() {
    let mut bench = Bench::configured(vendor());
    bench.put(EP_ABORT, 1 << 4);
    assert_eq!(bench.get(EP_ABORT_DONE), 1 << 4);
    bench.send(0x82, b"late", false);
    bench.run_for(5 * MS);
    assert_eq!(bench.usb.host().reports().of(0x82).count(), 0);
    bench.put(EP_ABORT_DONE, 1 << 4);
    bench.put(EP_ABORT, 0);
    bench.run_for(MS);
    assert_eq!((bench.usb.host().reports().of(0x82).count(), bench.get(EP_ABORT_DONE)), (1, 0));
}

#[test]
fn a_test_sends_packets_to_vendor_endpoints() {
    let mut bench = Bench::configured(vendor());
    assert!(bench.usb.send(0x02, b"ping", &mut bench.fabric));
    assert!(!bench.usb.send(0x05, b"ping", &mut bench.fabric));
    bench.receive(0x02, false);
    bench.run_for(MS);
    assert_eq!(bench.bytes(buffer_of(0x02), 4), b"ping");
    // SIE_STATUS.DATA_SEQ_ERROR: the buffer expects DATA0, the host's next packet is DATA1.
    bench.usb.send(0x02, b"pong", &mut bench.fabric);
    bench.receive(0x02, false);
    bench.run_for(MS);
    assert_eq!(bench.get(SIE_STATUS) >> 31, 1);
    assert_eq!(bench.word(words_of(0x02)) & (AVAILABLE | FULL), AVAILABLE);
}

/// USB 2.0, 8.6.4: a packet with the toggle of the one before is acknowledged and dropped.
#[test]
fn a_wrong_toggle_is_dropped_and_counted() {
    let mut bench = Bench::configured(vendor());
    bench.send(0x82, b"no", true);
    bench.run_for(MS);
    assert_eq!(bench.usb.host().reports().of(0x82).count(), 0);
    assert_eq!(bench.fabric.gaps.all()["USB endpoint 0x82 toggle"].count, 1);
}

/// 4.1.2.6.4 and USB 2.0, 7.1.7.6: no SOF for 3 ms is suspend, also before the host's first SOF.
#[test]
fn a_silent_bus_is_suspended_and_resumed() {
    let mut bench = Bench::new(vendor());
    bench.plug_in();
    bench.run(2 * MS);
    assert_eq!(bench.get(SIE_STATUS) & STATUS_SUSPENDED, 0);
    bench.run(4 * MS);
    assert_ne!(bench.get(SIE_STATUS) & STATUS_SUSPENDED, 0);

    let mut bench = Bench::configured(vendor());
    bench.put(SIE_STATUS, STATUS_SUSPENDED);
    assert_eq!(bench.get(INTR) >> 14 & 1, 0, "DEV_SUSPEND is cleared by writing to SUSPENDED");
    bench.usb.suspend(&mut bench.fabric);
    bench.run_for(4 * MS);
    assert_ne!(bench.get(SIE_STATUS) & STATUS_SUSPENDED, 0);
    assert_eq!(bench.get(INTR) >> 14 & 1, 1);
    bench.usb.wake_up(&mut bench.fabric);
    assert_eq!(bench.get(SIE_STATUS) & (STATUS_SUSPENDED | STATUS_RESUME), STATUS_RESUME);
    bench.run_for(30 * MS);
    bench.send(0x82, b"awake", false);
    bench.run_for(MS);
    assert_eq!(bench.usb.host().reports().of(0x82).count(), 1);

    bench.usb.suspend(&mut bench.fabric);
    bench.run_for(10 * MS);
    bench.put(SIE_CTRL, EP0_INT_1BUF | PULLUP_EN | RESUME);
    bench.run_for(30 * MS);
    assert!(!bench.usb.host().is_suspended());
}

#[test]
fn an_unplugged_cable_ends_it_and_a_new_one_starts_again() {
    let mut bench = Bench::configured(vendor());
    bench.usb.set_vbus(false, &mut bench.fabric);
    bench.run_for(MS);
    assert!(!bench.usb.host().is_attached() && !bench.usb.host().is_configured());
    assert_eq!(bench.get(SIE_STATUS) & STATUS_CONNECTED, 0);
    bench.usb.set_vbus(true, &mut bench.fabric);
    bench.run_for(200 * MS);
    assert!(bench.usb.host().is_configured());
    bench.usb.reset(&mut bench.fabric);
    bench.run_for(MS);
    assert!(!bench.usb.host().is_attached());
}

/// USB 2.0, 9.2.6.4: 500 ms for each packet; then the host resets the port and tries again, as Linux does four times in all.
#[test]
fn a_device_that_does_not_answer_is_reset_and_then_left_alone() {
    let mut bench = Bench::new(vendor());
    bench.plug_in();
    bench.put(INTE, 0);
    let mut resets = vec![];
    while bench.fabric.now() < 4000 * MS {
        bench.run_for(MS);
        if bench.get(SIE_STATUS) & STATUS_BUS_RESET != 0 {
            bench.put(SIE_STATUS, STATUS_BUS_RESET);
            resets.push(bench.fabric.now() / MS);
        }
    }
    let apart: Vec<u64> = resets.windows(2).map(|pair| pair[1] - pair[0]).collect();
    // 10 ms of reset, 10 ms of recovery, 500 ms of patience, looked at each millisecond.
    assert!(apart.len() == 3 && apart.iter().all(|&gap| gap == 520 || gap == 521), "{apart:?}");
    assert!(bench.usb.host().problem().unwrap().contains("the first 8 bytes of the device descriptor"));
}

/// 4.1.1: clk_usb must be 48 MHz.
#[test]
fn without_its_clock_the_controller_is_silent_and_says_so() {
    let mut bench = Bench::new(vendor());
    bench.fabric.rates.usb = Hertz::new(12_000_000);
    bench.plug_in();
    bench.run(1000 * MS);
    assert!(!bench.usb.host().is_configured());
    assert!(bench.usb.host().problem().unwrap().contains("8 bytes of the device descriptor"));
    assert!(bench.fabric.gaps.all().contains_key("USB at another clk_usb"));
}

#[test]
fn narrow_stores_write_their_lanes() {
    let mut bench = Bench::new(vendor());
    bench.put_word(0x200, 0x1122_3344);
    bench.usb.store_dpram(0x201, 0xAAAA_AAAA, 1, &mut bench.fabric);
    assert_eq!(bench.word(0x200), 0x1122_AA44);
    bench.usb.store_dpram(0x202, 0xBEEF_BEEF, 2, &mut bench.fabric);
    assert_eq!(bench.word(0x200), 0xBEEF_AA44);
    assert_eq!(bench.usb.load_dpram(0x1000), None);
}

#[test]
fn the_same_inputs_give_the_same_trace() {
    let hash = || {
        let mut bench = Bench::configured(cdc());
        bench.send(0x82, b"abc", false);
        bench.run_for(MS);
        bench.fabric.pins.trace.sha256()
    };
    assert_eq!(hash(), hash());
}
